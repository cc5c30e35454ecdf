//! Which backend fits what the survey found, and why.
//!
//! It is not for looking or acting: a survey goes in, a choice with its reason comes out.

use evenkeel_dbus::{Backend, Reason};

use super::{ecmp::SkipReason, lowpower::Lowpower, survey::Survey};
use crate::plans::Plans;

/// The backend for what was found and what could be built on it.
///
/// A lowpower kernel that is only half there stays visible in the reason, whatever is chosen
/// instead. When the reason would name both the kernel and the routes, the kernel's wins.
pub fn choose_backend(found: &Survey, plans: &Plans) -> (Backend, Reason) {
    let half_there = match found.lowpower {
        Lowpower::Present { .. } => return (Backend::Lowpower, Reason::Ready),
        Lowpower::Absent => None,
        Lowpower::Partial { .. } => Some(Reason::LowpowerPartial),
        Lowpower::Unreadable { .. } => Some(Reason::LowpowerUnreadable),
    };
    let (backend, reason) = match found.uplinks.len() {
        0 => (Backend::Observe, Reason::NoUplink),
        1 => (Backend::Observe, Reason::OneUplink),
        _ if found.routes.is_empty() && plans.any() => (Backend::Ecmp, Reason::Ready),
        _ if found.routes.is_empty() => (Backend::Observe, why_no_route(found, plans)),
        _ if skipped_for(found, SkipReason::TooManyRoutes) => {
            (Backend::Ecmp, Reason::TooManyRoutes)
        }
        _ => (Backend::Ecmp, Reason::Ready),
    };
    (backend, half_there.unwrap_or(reason))
}

fn why_no_route(found: &Survey, plans: &Plans) -> Reason {
    let foreign = |(_, why): &(_, SkipReason)| matches!(why, SkipReason::NotAnUplink { .. });
    if skipped_for(found, SkipReason::NexthopObjects) {
        Reason::NexthopObjects
    } else if found.skipped.iter().any(foreign) {
        Reason::ForeignNexthop
    } else {
        plans.why_none()
    }
}

fn skipped_for(found: &Survey, why: SkipReason) -> bool {
    found.skipped.iter().any(|(_, reason)| *reason == why)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use evenkeel_core::plan::{Abilities, Family, Found};
    use evenkeel_dbus::UplinkKind;

    use super::*;
    use crate::kernel::{
        ecmp::tests::multipath,
        route::RouteKey,
        survey::{Metered, Uplink},
        sysctl::Knob,
    };

    fn nothing(family: Family) -> Found {
        Found {
            family,
            uplinks: Vec::new(),
            system_default: None,
            foreign_rules: Vec::new(),
            taken: Vec::new(),
            ours: BTreeSet::new(),
        }
    }

    fn chosen(found: &Survey) -> (Backend, Reason) {
        let abilities = Abilities {
            resilient_groups: false,
        };
        choose_backend(found, &Plans::of(found, abilities))
    }

    fn found(uplinks: u32, routes: usize, skipped: &[SkipReason]) -> Survey {
        let uplink = |ifindex| Uplink {
            ifindex,
            name: format!("if{ifindex}"),
            kind: UplinkKind::Other,
            up: true,
            carrier: true,
            addresses_v4: Vec::new(),
            addresses_v6: Vec::new(),
            gateway_v4: None,
            gateway_v6: None,
            metered: Metered::Unknown,
        };
        let route = multipath(&[(1, 1), (2, 1)]);
        let key = RouteKey {
            metric: 7,
            ..route.key.clone()
        };
        Survey {
            kernel_release: String::new(),
            lowpower: Lowpower::Absent,
            uplinks: (0..uplinks).map(uplink).collect(),
            uplinks_left_out: 0,
            routes: vec![route; routes],
            skipped: skipped.iter().map(|why| (key.clone(), *why)).collect(),
            v4: nothing(Family::V4),
            v6: nothing(Family::V6),
        }
    }

    #[test]
    fn two_uplinks_and_a_route_are_steered_and_less_is_observed_with_the_reason() {
        use SkipReason::{Ambiguous, NexthopObjects, NotAnUplink, TooManyRoutes};
        let foreign = NotAnUplink { ifindex: 9 };
        for (found, expected) in [
            (found(0, 0, &[]), (Backend::Observe, Reason::NoUplink)),
            (found(1, 0, &[]), (Backend::Observe, Reason::OneUplink)),
            (found(2, 0, &[]), (Backend::Observe, Reason::NoDefault)),
            (
                found(2, 0, &[Ambiguous]),
                (Backend::Observe, Reason::NoDefault),
            ),
            (
                found(2, 0, &[NexthopObjects]),
                (Backend::Observe, Reason::NexthopObjects),
            ),
            (
                found(2, 0, &[foreign]),
                (Backend::Observe, Reason::ForeignNexthop),
            ),
            (
                found(2, 0, &[foreign, NexthopObjects]),
                (Backend::Observe, Reason::NexthopObjects),
            ),
            (found(2, 1, &[]), (Backend::Ecmp, Reason::Ready)),
            (found(2, 1, &[foreign]), (Backend::Ecmp, Reason::Ready)),
            (
                found(2, 16, &[TooManyRoutes]),
                (Backend::Ecmp, Reason::TooManyRoutes),
            ),
        ] {
            assert_eq!(chosen(&found), expected, "{found:?}");
        }
    }

    #[test]
    fn a_lowpower_kernel_that_is_half_there_stays_visible() {
        let unreadable = Lowpower::Unreadable {
            knob: Knob::PowerCost,
            why: String::new(),
        };
        let partial = Lowpower::Partial {
            missing: Knob::PowerCost,
        };
        for (lowpower, reason) in [
            (unreadable, Reason::LowpowerUnreadable),
            (partial, Reason::LowpowerPartial),
        ] {
            for (uplinks, routes, backend) in [(2, 1, Backend::Ecmp), (1, 0, Backend::Observe)] {
                let found = Survey {
                    lowpower: lowpower.clone(),
                    ..found(uplinks, routes, &[])
                };
                assert_eq!(chosen(&found), (backend, reason));
            }
        }
    }

    #[test]
    fn a_lowpower_kernel_needs_no_uplink_to_be_one() {
        let lowpower = Lowpower::Present {
            ema_factor: 512,
            power_cost: 100,
            prefers_busy: None,
        };
        for uplinks in 0..3 {
            let found = Survey {
                lowpower: lowpower.clone(),
                ..found(uplinks, 0, &[])
            };
            assert_eq!(chosen(&found), (Backend::Lowpower, Reason::Ready));
        }
    }
}
