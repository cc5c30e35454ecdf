//! What to do about a verdict: whether what was measured for nothing is in force, and the call that
//! switches it off. Pure; nothing is called here.

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{ARM_OFF, Subject};

use super::offer::{Setting, standing};
use crate::measure::Snapshot;
use crate::state::HelperState;
use crate::ui::bus::Call;

/// What follows from a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing to be done.
    Nothing,
    /// B does not help, and is not in force either.
    IsOff,
    /// B does not help; this switches it off.
    SwitchOff(Call),
    /// B helps; game mode is off, and this switches it on.
    SwitchOn(Call),
}

/// What follows from this measurement where this is in force now.
pub fn after(snapshot: &Snapshot, state: &HelperState) -> After {
    let Some(outcome) = snapshot.outcome else {
        return After::Nothing;
    };
    let helps = outcome.verdict == Verdict::Better;
    let plan = snapshot.plan;
    if snapshot.subject() == Subject::GameMode {
        return match (helps, state.game_mode) {
            _ if plan.b != 1 => After::Nothing,
            (true, true) => After::Nothing,
            (true, false) => After::SwitchOn(Call::EnterGameMode),
            (false, true) => After::SwitchOff(Call::LeaveGameMode),
            (false, false) => After::IsOff,
        };
    }
    let Some(setting) = setting(snapshot) else {
        return After::Nothing;
    };
    let (off, now) = standing(setting, state);
    let is_off_arm = plan.a == ARM_OFF || plan.a == off;
    match now {
        _ if helps || !is_off_arm => After::Nothing,
        Some(now) if now == plan.b => After::SwitchOff(match setting {
            Setting::Ema => Call::SetEma(off),
            Setting::Power => Call::SetPower(off),
            Setting::Cost(ifindex) => Call::SetCost(ifindex, off),
        }),
        _ => After::IsOff,
    }
}

fn setting(snapshot: &Snapshot) -> Option<Setting> {
    match snapshot.subject() {
        Subject::EmaFactor => Some(Setting::Ema),
        Subject::PowerCost => Some(Setting::Power),
        Subject::UplinkCost => Some(Setting::Cost(snapshot.plan.ifindex)),
        Subject::GameMode | Subject::Uplinks | Subject::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::measure::tests::judged;
    use evenkeel_dbus::CostReason;

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
            assert_eq!(found, After::SwitchOff(Call::LeaveGameMode));
            state.game_mode = false;
            assert_eq!(after(&judged(verdict), &state), After::IsOff);
        }
        let found = after(&judged(Verdict::Better), &state);
        assert_eq!(found, After::SwitchOn(Call::EnterGameMode));
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
            After::SwitchOff(Call::SetEma(512))
        );
        assert_eq!(
            after(&worse(512), &state),
            After::SwitchOff(Call::SetEma(512))
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
            After::SwitchOff(Call::SetCost(4, 100))
        );
        let better = of(Subject::UplinkCost, 4, ARM_OFF, 300, Verdict::Better);
        assert_eq!(after(&better, &state), After::Nothing);
        let uplinks = of(Subject::Uplinks, 0, 3, 4, Verdict::Worse);
        assert_eq!(after(&uplinks, &state), After::Nothing);
    }
}
