//! Which backend fits what the survey found, and why.
//!
//! It is not for looking or acting: a survey goes in, a choice with its reason comes out.

use evenkeel_dbus::{Backend, Reason};

use super::{ecmp::SkipReason, lowpower::Lowpower, survey::Survey};

/// The backend for what was found.
///
/// A lowpower kernel that is only half there stays visible in the reason, whatever is chosen
/// instead. When the reason would name both the kernel and the routes, the kernel's wins.
pub fn choose_backend(found: &Survey) -> (Backend, Reason) {
    let half_there = match found.lowpower {
        Lowpower::Present { .. } => return (Backend::Lowpower, Reason::Ready),
        Lowpower::Absent => None,
        Lowpower::Partial { .. } => Some(Reason::LowpowerPartial),
        Lowpower::Unreadable { .. } => Some(Reason::LowpowerUnreadable),
    };
    let (backend, reason) = match found.uplinks.len() {
        0 => (Backend::Observe, Reason::NoUplink),
        1 => (Backend::Observe, Reason::OneUplink),
        _ if found.routes.is_empty() => (Backend::Observe, why_no_route(found)),
        _ if skipped_for(found, SkipReason::TooManyRoutes) => {
            (Backend::Ecmp, Reason::TooManyRoutes)
        }
        _ => (Backend::Ecmp, Reason::Ready),
    };
    (backend, half_there.unwrap_or(reason))
}

fn why_no_route(found: &Survey) -> Reason {
    let foreign = |(_, why): &(_, SkipReason)| matches!(why, SkipReason::NotAnUplink { .. });
    if skipped_for(found, SkipReason::NexthopObjects) {
        Reason::NexthopObjects
    } else if found.skipped.iter().any(foreign) {
        Reason::ForeignNexthop
    } else {
        Reason::NoMultipathRoute
    }
}

fn skipped_for(found: &Survey, why: SkipReason) -> bool {
    found.skipped.iter().any(|(_, reason)| *reason == why)
}
