//! The patched kernel's backend: what of it is there.
//!
//! It is not for writing: the door does that. What a write reaches, as measured:
//!
//! - The values are copied when a route cache entry is made. After a write the door flushes the
//!   IPv4 route cache; the next packet of each flow makes its entry anew with the new values. The
//!   flush also restarts every entry's averages at 0, so an unchanged value is not written again.
//! - IPv6 entries take a new value only when their route is replaced; no flush reaches them. After
//!   a write the door replaces the multipath IPv6 routes of our own making by themselves. Nobody
//!   else's is touched: until its owner replaces it, it keeps the old values.
//! - A cost outside 0..=10000 is dangerous (see [`Knob::max`]). One that somebody else set is
//!   shown and left alone: it isn't captured, for restoring it would mean writing it.
//! - Each network namespace has its own pair, starting at 512 and 100.
//! - That the values are in force says nothing about a gain: measure.

use evenkeel_dbus as contract;

use super::sysctl::{Knob, SysctlError, SysctlTree};

/// What was found of the patched kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lowpower {
    /// A stock kernel: neither sysctl is there.
    Absent,
    /// Only one of the two sysctls is there.
    Partial {
        /// The one that is missing.
        missing: Knob,
    },
    /// A sysctl is there but can't be read, or holds no number of its documented type.
    Unreadable {
        /// The sysctl.
        knob: Knob,
        /// What the system said.
        why: String,
    },
    /// Both are there and readable.
    Present {
        /// The averages' factor, 0..=1024.
        ema_factor: u32,
        /// The power cost weight, any 32-bit integer; someone may have set it outside our range.
        power_cost: i32,
        /// Which way the third sysctl points, which only our own patch has: true when the busy
        /// path wins. `None` with the original, or one like it.
        prefers_busy: Option<bool>,
    },
}

impl Lowpower {
    /// Look at the two sysctls.
    pub fn read(tree: &SysctlTree) -> Self {
        let pair = (tree.read(Knob::EmaFactor), tree.read(Knob::PowerCost));
        Self::of(pair.0, pair.1, tree.prefers_busy())
    }

    /// The meaning of the two reads.
    fn of(
        ema_factor: Result<i64, SysctlError>,
        power_cost: Result<i64, SysctlError>,
        prefers_busy: Option<bool>,
    ) -> Self {
        let absent =
            |read: &Result<i64, SysctlError>| matches!(read, Err(SysctlError::Absent { .. }));
        match (absent(&ema_factor), absent(&power_cost)) {
            (true, true) => return Self::Absent,
            (true, false) => {
                return Self::Partial {
                    missing: Knob::EmaFactor,
                };
            }
            (false, true) => {
                return Self::Partial {
                    missing: Knob::PowerCost,
                };
            }
            (false, false) => {}
        }
        let ema_factor = match fitting::<u32>(Knob::EmaFactor, ema_factor) {
            Ok(value) => value,
            Err(unreadable) => return unreadable,
        };
        match fitting::<i32>(Knob::PowerCost, power_cost) {
            Ok(power_cost) => Self::Present {
                ema_factor,
                power_cost,
                prefers_busy,
            },
            Err(unreadable) => unreadable,
        }
    }

    /// Whose patch it is, as far as that can be told.
    pub fn kind(&self) -> contract::PatchKind {
        match self {
            Self::Present { prefers_busy, .. } => match prefers_busy {
                None => contract::PatchKind::Original,
                Some(false) => contract::PatchKind::Steady,
                Some(true) => contract::PatchKind::Busy,
            },
            _ => contract::PatchKind::None,
        }
    }

    /// The contract's word for it.
    pub fn to_contract(&self) -> contract::Lowpower {
        match self {
            Self::Absent => contract::Lowpower::Absent,
            Self::Partial { .. } => contract::Lowpower::Partial,
            Self::Unreadable { .. } => contract::Lowpower::Unreadable,
            Self::Present { .. } => contract::Lowpower::Present,
        }
    }
}

fn fitting<T: TryFrom<i64>>(knob: Knob, read: Result<i64, SysctlError>) -> Result<T, Lowpower> {
    let why = match read {
        Err(error) => error.to_string(),
        Ok(value) => match T::try_from(value) {
            Ok(value) => return Ok(value),
            Err(_) => format!("{} holds {value}, which it can't", knob.path()),
        },
    };
    Err(Lowpower::Unreadable { knob, why })
}
