//! What the families, the draining and the uplinks of a state mean: which IP versions are steered,
//! and what becomes of connections that run already. Values only; the words stand elsewhere.

use evenkeel_dbus::{Backend, CostReason, Draining, FamilyInfo, Metered, Reason, UplinkInfo, Way};

use crate::state::HelperState;

/// The first kernel that keeps bound and connected sockets on the uplink of their address when the
/// weights of an IPv4 route change.
const KEEPS_SOURCES: (u32, u32) = (6, 16);

/// What may happen to connections that run already, while the weights change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Running {
    /// UDP sockets bound to no address may move on these IP versions.
    pub unbound_udp: Families,
    /// Any running connection may move on these IP versions, unless each uplink has a source rule.
    pub any: Families,
    /// Open UDP ports that may move because there are more than can be pinned.
    pub unpinned: u32,
}

/// A set of IP versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Families {
    /// IPv4 is in it.
    pub v4: bool,
    /// IPv6 is in it.
    pub v6: bool,
}

impl Families {
    /// Adds one by its number.
    fn add(&mut self, family: u32) {
        match family {
            6 => self.v6 = true,
            _ => self.v4 = true,
        }
    }

    /// True when there is none.
    pub fn is_empty(self) -> bool {
        !self.v4 && !self.v6
    }
}

impl Running {
    /// True when every running connection stays where it is.
    pub fn stays(self) -> bool {
        self == Self::default()
    }
}

/// The name of an IP version.
pub fn family_name(family: u32) -> &'static str {
    match family {
        4 => "IPv4",
        6 => "IPv6",
        _ => "IP",
    }
}

/// The IP versions that are steered now. Only a stock kernel steers by IP version.
pub fn steered(state: &HelperState) -> Families {
    let mut steered = Families::default();
    if state.backend == Backend::Ecmp {
        for family in state.families.iter().filter(|family| family.in_force) {
            steered.add(family.family);
        }
    }
    steered
}

/// The IP versions that are not steered though game mode steers the other one, or for a reason.
pub fn left_alone(state: &HelperState) -> impl Iterator<Item = &FamilyInfo> {
    let stock = state.backend == Backend::Ecmp;
    let other = !steered(state).is_empty();
    let alone = move |family: &&FamilyInfo| {
        stock && !family.in_force && (other || refusal(family).is_some())
    };
    state.families.iter().filter(alone)
}

/// What may happen to running connections under what is in force.
pub fn running(state: &HelperState) -> Running {
    let mut running = Running::default();
    for family in state.families.iter().filter(|family| family.in_force) {
        let keeps = family.family == 4 && keeps_sources(&state.kernel_release);
        match Way::from_wire(family.way) {
            Way::UserRoute if keeps => running.unbound_udp.add(family.family),
            Way::UserRoute => running.any.add(family.family),
            Way::None | Way::Group | Way::Single => {}
        }
        running.unpinned = running.unpinned.saturating_add(family.unpinned);
    }
    running
}

/// Whether a kernel of this release is known to keep bound sockets where they are; one whose
/// release cannot be read is not.
fn keeps_sources(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= KEEPS_SOURCES,
        _ => false,
    }
}

/// Why an IP version is not steered; `None` where nothing speaks against it.
pub fn refusal(family: &FamilyInfo) -> Option<Reason> {
    let reason = Reason::from_wire(family.reason);
    (reason != Reason::Ready).then_some(reason)
}

/// The rules that still keep running connections, and for how many minutes at most.
pub fn draining(draining: Draining) -> Option<(u32, u32)> {
    let minutes = draining.seconds_left.div_ceil(60).max(1);
    (draining.rules > 0).then_some((draining.rules, minutes))
}

/// Whether an uplink costs more because it is metered, not because somebody set it.
pub fn is_charged_as_metered(uplink: &UplinkInfo) -> bool {
    CostReason::from_wire(uplink.cost_reason) == CostReason::Metered
}

/// Whether traffic over it is known, or guessed, to cost money.
pub fn is_metered(uplink: &UplinkInfo) -> bool {
    Metered::from_wire(uplink.metered) == Metered::Yes || is_charged_as_metered(uplink)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(family: u32, way: Way, in_force: bool) -> FamilyInfo {
        FamilyInfo {
            family,
            way: way.to_wire(),
            in_force,
            ..FamilyInfo::default()
        }
    }

    fn state(families: Vec<FamilyInfo>) -> HelperState {
        HelperState {
            kernel_release: "6.18.1-arch1-1".into(),
            families,
            ..crate::cli::sample::steering()
        }
    }

    #[test]
    fn what_is_in_force_is_steered_and_the_other_is_left_alone() {
        let group = family(4, Way::Group, true);
        let single = family(6, Way::Single, true);
        let off = family(6, Way::None, false);
        let only = |v4, v6| Families { v4, v6 };
        let alone =
            |state: &HelperState| -> Vec<u32> { left_alone(state).map(|f| f.family).collect() };
        assert_eq!(steered(&state(vec![])), only(false, false));
        assert!(alone(&state(vec![off.clone()])).is_empty());
        let both = state(vec![group.clone(), single]);
        assert_eq!(steered(&both), only(true, true));
        assert!(alone(&both).is_empty());
        let one = state(vec![group, off.clone()]);
        assert_eq!(steered(&one), only(true, false));
        assert_eq!(alone(&one), [6]);
        let refused = FamilyInfo {
            reason: Reason::SameSubnet.to_wire(),
            ..off
        };
        assert_eq!(alone(&state(vec![refused])), [6]);
        let lowpower = HelperState {
            backend: Backend::Lowpower,
            ..one
        };
        assert!(steered(&lowpower).is_empty() && alone(&lowpower).is_empty());
    }

    #[test]
    fn nothing_moves_with_a_route_of_ours_unless_ports_are_beyond_the_limit() {
        let mut ours = vec![family(4, Way::Group, true), family(6, Way::Single, true)];
        assert!(running(&state(ours.clone())).stays());
        ours[0].unpinned = 3;
        ours[1].unpinned = 4;
        let running = running(&state(ours));
        assert_eq!(running.unpinned, 7);
        assert!(!running.stays() && running.any.is_empty());
    }

    #[test]
    fn the_users_own_route_lets_more_move_on_ipv6_and_on_older_kernels() {
        let own = || {
            vec![
                family(4, Way::UserRoute, true),
                family(6, Way::UserRoute, true),
            ]
        };
        let only = |v4, v6| Families { v4, v6 };
        let new = running(&state(own()));
        assert_eq!(new.unbound_udp, only(true, false));
        assert_eq!(new.any, only(false, true));
        for release in ["6.15.9", "5.19", "", "x6.18"] {
            let old = HelperState {
                kernel_release: release.into(),
                ..state(own())
            };
            assert_eq!(running(&old).any, only(true, true), "{release}");
        }
        let off = vec![family(4, Way::UserRoute, false)];
        assert!(running(&state(off)).stays());
    }

    #[test]
    fn the_minutes_left_are_rounded_up_and_nothing_kept_is_nothing_to_say() {
        let kept = |rules, seconds_left| {
            draining(Draining {
                rules,
                seconds_left,
            })
        };
        assert_eq!(kept(0, 0), None);
        assert_eq!(kept(5, 0), Some((5, 1)));
        assert_eq!(kept(5, 60), Some((5, 1)));
        assert_eq!(kept(5, 61), Some((5, 2)));
    }

    #[test]
    fn a_cost_that_somebody_set_is_not_the_meters() {
        let mut uplink = UplinkInfo {
            metered: Metered::Yes.to_wire(),
            cost_reason: CostReason::Set.to_wire(),
            ..UplinkInfo::default()
        };
        assert!(is_metered(&uplink) && !is_charged_as_metered(&uplink));
        uplink.cost_reason = CostReason::Metered.to_wire();
        assert!(is_charged_as_metered(&uplink));
    }
}
