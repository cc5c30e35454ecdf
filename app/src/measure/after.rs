//! What to do about a verdict: whether what was measured for nothing is in force, and what switches it
//! off. Pure; nothing is done here: the window makes a call of it, the terminal a command.

use std::collections::BTreeMap;

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::limits::{EMA_FACTOR_DEFAULT, UPLINK_COST_DEFAULT};
use evenkeel_dbus::measurement::{ARM_OFF, Subject};
use evenkeel_dbus::{CostReason, UplinkInfo};

use super::Snapshot;
use crate::state::HelperState;

/// A setting that can be off and on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The cost of the uplink with this ifindex.
    Cost(u32),
    /// The patched kernel's power cost weight.
    Power,
    /// The sensitivity.
    Ema,
}

/// What switches something off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// Leaving game mode.
    GameMode,
    /// This value of this setting.
    Set(Setting, u32),
}

/// What follows from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing to be done.
    Nothing,
    /// B does not help, and is not in force either.
    IsOff,
    /// B does not help; this switches it off.
    SwitchOff(Off),
    /// B helps; game mode is off, and may be switched on.
    SwitchOn,
}

/// What follows from this measurement where this is in force now; `then` are its uplinks' names when
/// it was made, where they may have other numbers now.
pub fn after(snapshot: &Snapshot, then: &BTreeMap<u32, String>, state: &HelperState) -> After {
    let Some(outcome) = snapshot.outcome else {
        return After::Nothing;
    };
    let helps = outcome.verdict == Verdict::Better;
    let plan = snapshot.plan;
    if snapshot.subject() == Subject::GameMode {
        return match (helps, state.game_mode) {
            _ if plan.b != 1 => After::Nothing,
            (true, true) => After::Nothing,
            (true, false) => After::SwitchOn,
            (false, true) => After::SwitchOff(Off::GameMode),
            (false, false) => After::IsOff,
        };
    }
    let Some(setting) = setting(snapshot, then, state) else {
        return After::Nothing;
    };
    let (off, now) = standing(setting, state);
    let is_off_arm = plan.a == ARM_OFF || plan.a == off;
    match now {
        _ if helps || !is_off_arm => After::Nothing,
        Some(now) if now == plan.b => After::SwitchOff(Off::Set(setting, off)),
        _ => After::IsOff,
    }
}

fn setting(
    snapshot: &Snapshot,
    then: &BTreeMap<u32, String>,
    state: &HelperState,
) -> Option<Setting> {
    match snapshot.subject() {
        Subject::EmaFactor => Some(Setting::Ema),
        Subject::PowerCost => Some(Setting::Power),
        Subject::UplinkCost => {
            let ifindex = snapshot.plan.ifindex;
            let is_it = |uplink: &&UplinkInfo| match then.get(&ifindex) {
                Some(name) => uplink.name == *name,
                None => uplink.ifindex == ifindex,
            };
            let uplink = state.uplinks.iter().find(is_it)?;
            Some(Setting::Cost(uplink.ifindex))
        }
        Subject::GameMode | Subject::Uplinks | Subject::Unknown => None,
    }
}

/// What a setting is without Evenkeel, and what is set now where these differ.
pub fn standing(setting: Setting, state: &HelperState) -> (u32, Option<u32>) {
    let held = |id: &str| state.tunables.iter().find(|it| it.id == id);
    let number = |text: &str| text.parse::<u32>().ok();
    let (off, on) = match setting {
        Setting::Cost(ifindex) => {
            let set = |it: &&UplinkInfo| {
                it.ifindex == ifindex && CostReason::from_wire(it.cost_reason) == CostReason::Set
            };
            let set = state.uplinks.iter().find(set).map(|it| it.cost);
            (UPLINK_COST_DEFAULT, set)
        }
        Setting::Ema => {
            let original = held("ema-factor").and_then(|it| number(&it.original));
            let off = original.unwrap_or(EMA_FACTOR_DEFAULT);
            (off, Some(state.ema_factor))
        }
        Setting::Power => {
            let now = u32::try_from(state.power_cost_weight).ok();
            let original = held("power-cost").and_then(|it| number(&it.original));
            (original.or(now).unwrap_or_default(), now)
        }
    };
    (off, on.filter(|on| *on != off))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::measure::tests::judged;

    fn after(snapshot: &Snapshot, state: &HelperState) -> After {
        super::after(snapshot, &BTreeMap::new(), state)
    }

    fn of(subject: Subject, ifindex: u32, a: u32, b: u32, verdict: Verdict) -> Snapshot {
        let mut snapshot = judged(verdict);
        snapshot.plan.subject = subject.to_wire();
        (snapshot.plan.ifindex, snapshot.plan.a, snapshot.plan.b) = (ifindex, a, b);
        snapshot
    }

    #[test]
    fn game_mode_that_does_not_help_is_switched_off_where_it_is_on() {
        let mut state = sample::steering();
        for verdict in [Verdict::Worse, Verdict::NoDifference] {
            state.game_mode = true;
            let found = after(&judged(verdict), &state);
            assert_eq!(found, After::SwitchOff(Off::GameMode));
            state.game_mode = false;
            assert_eq!(after(&judged(verdict), &state), After::IsOff);
        }
        let found = after(&judged(Verdict::Better), &state);
        assert_eq!(found, After::SwitchOn);
        let mut none = judged(Verdict::Worse);
        none.outcome = None;
        assert_eq!(after(&none, &state), After::Nothing);
    }

    #[test]
    fn a_setting_that_does_not_help_gets_the_value_it_has_without_us() {
        let mut state = sample::steering();
        state.ema_factor = 900;
        let worse = |a| of(Subject::EmaFactor, 0, a, 900, Verdict::Worse);
        assert_eq!(
            after(&worse(ARM_OFF), &state),
            After::SwitchOff(Off::Set(Setting::Ema, 512))
        );
        assert_eq!(
            after(&worse(512), &state),
            After::SwitchOff(Off::Set(Setting::Ema, 512))
        );
        assert_eq!(
            after(&worse(700), &state),
            After::Nothing,
            "two values: neither is off"
        );
        state.ema_factor = 512;
        assert_eq!(after(&worse(ARM_OFF), &state), After::IsOff);

        let cost = of(Subject::UplinkCost, 4, ARM_OFF, 300, Verdict::NoDifference);
        assert_eq!(after(&cost, &state), After::IsOff);
        state.uplinks[1].cost = 300;
        state.uplinks[1].cost_reason = CostReason::Set.to_wire();
        assert_eq!(
            after(&cost, &state),
            After::SwitchOff(Off::Set(Setting::Cost(4), 100))
        );
        let better = of(Subject::UplinkCost, 4, ARM_OFF, 300, Verdict::Better);
        assert_eq!(after(&better, &state), After::Nothing);
        let uplinks = of(Subject::Uplinks, 0, 3, 4, Verdict::Worse);
        assert_eq!(after(&uplinks, &state), After::Nothing);
    }
    #[test]
    fn a_cost_is_taken_off_the_uplink_of_that_name_whatever_its_number_is_now() {
        let mut state = sample::steering();
        state.uplinks[1].cost = 300;
        state.uplinks[1].cost_reason = CostReason::Set.to_wire();
        let (ifindex, name) = (state.uplinks[1].ifindex, state.uplinks[1].name.clone());
        let worse = of(Subject::UplinkCost, 77, ARM_OFF, 300, Verdict::Worse);
        let then = BTreeMap::from([(77, name)]);
        assert_eq!(
            super::after(&worse, &then, &state),
            After::SwitchOff(Off::Set(Setting::Cost(ifindex), 100))
        );
        // Its number of then is another uplink's now.
        let then = BTreeMap::from([(ifindex, "gone0".to_owned())]);
        let worse = of(Subject::UplinkCost, ifindex, ARM_OFF, 300, Verdict::Worse);
        assert_eq!(super::after(&worse, &then, &state), After::Nothing);
    }
}
