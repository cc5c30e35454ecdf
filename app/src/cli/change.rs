//! `set`, `game-mode`, `forget` and `revert`: one call each, and what the helper keeps for a user
//! after the command has ended. Not `run`, whose hold ends with it.

use std::io::Write;

use evenkeel_dbus::{Draining, Helper1Proxy, Hold, TunableInfo, TunableState, UplinkInfo};
use nix::unistd::Uid;

use super::args::{OnOff, Setting};
use super::exit::{Exit, Failure};
use super::out::escaped;
use super::{helper, user_name, words};
use crate::state::HelperState;

/// Sets one setting and keeps it.
///
/// # Errors
/// When there is no such uplink, the helper refuses, or it cannot be reached.
pub async fn set(what: &Setting, out: &mut dyn Write) -> Result<(), Failure> {
    let helper = helper::connect().await?;
    let hold = Hold::Kept.to_wire();
    let done = match what {
        Setting::Ema { factor } => {
            helper.set_ema_factor(*factor, hold).await?;
            format!("EMA factor {factor}")
        }
        Setting::PowerCost { weight } => {
            helper.set_power_cost_weight(*weight, hold).await?;
            format!("Power cost weight {weight}")
        }
        Setting::UplinkCost { uplink, cost } => {
            let uplinks = helper.uplinks().await?;
            let found = find_uplink(&uplinks, uplink)?;
            helper.set_uplink_cost(found.ifindex, *cost, hold).await?;
            format!("Cost of {} {cost} %", escaped(&found.name))
        }
    };
    writeln!(out, "{done}, kept until `evenkeel revert` or a restart.")?;
    Ok(out.flush()?)
}

/// The uplink with this name, or else with this ifindex.
fn find_uplink<'a>(uplinks: &'a [UplinkInfo], wanted: &str) -> Result<&'a UplinkInfo, Failure> {
    let by_index = || {
        let ifindex: u32 = wanted.parse().ok()?;
        uplinks.iter().find(|uplink| uplink.ifindex == ifindex)
    };
    let found = uplinks
        .iter()
        .find(|uplink| uplink.name == wanted)
        .or_else(by_index);
    found.ok_or_else(|| {
        let names: Vec<_> = uplinks.iter().map(|uplink| escaped(&uplink.name)).collect();
        let known = match names.as_slice() {
            [] => "there are none now".to_owned(),
            names => format!("there are: {}", names.join(", ")),
        };
        let wanted = escaped(wanted);
        Failure::new(
            Exit::Usage,
            format!("no uplink `{wanted}`; {known}. Nothing was changed"),
        )
    })
}

/// Keeps game mode on for this user, or ends that.
///
/// # Errors
/// When the helper refuses or cannot be reached.
pub async fn game_mode(state: OnOff, out: &mut dyn Write) -> Result<(), Failure> {
    let helper = helper::connect().await?;
    match state {
        OnOff::On => {
            helper.enter_game_mode(Hold::Kept.to_wire()).await?;
            super::overlay::wake();
            writeln!(
                out,
                "Game mode is on, kept until `evenkeel game-mode off` or a restart."
            )?;
        }
        OnOff::Off => {
            helper.leave_game_mode().await?;
            writeln!(out, "{}", after_leaving(&read(&helper).await?))?;
        }
    }
    Ok(out.flush()?)
}

/// Makes the steering judge one uplink anew.
///
/// # Errors
/// When there is no such uplink, the helper refuses, or it cannot be reached.
pub async fn forget(uplink: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let helper = helper::connect().await?;
    let uplinks = helper.uplinks().await?;
    let found = find_uplink(&uplinks, uplink)?;
    helper.forget(found.ifindex).await?;
    let name = escaped(&found.name);
    writeln!(out, "{name} is judged anew, as if it had just appeared.")?;
    Ok(out.flush()?)
}

/// Ends everything that is kept for this user.
///
/// # Errors
/// When the helper refuses or cannot be reached.
pub async fn revert(out: &mut dyn Write) -> Result<(), Failure> {
    let helper = helper::connect().await?;
    let drained = helper.draining().await?;
    helper.revert().await?;
    writeln!(out, "{}", after_reverting(drained, &read(&helper).await?))?;
    Ok(out.flush()?)
}

/// What is true after `revert`, when `before` was still kept for running connections.
fn after_reverting(before: Draining, state: &HelperState) -> String {
    let mut said = String::from("Nothing is kept for you any more. ");
    if before.rules > 0 && state.draining.rules == 0 {
        said.push_str("The rules that kept running connections on their uplink are gone too. ");
    }
    said.push_str(&words::in_force(state));
    if let Some(aside) = words::aside(state) {
        said.push(' ');
        said.push_str(&aside);
    }
    said
}

async fn read(helper: &Helper1Proxy<'_>) -> Result<HelperState, Failure> {
    Ok(HelperState::read(helper).await?)
}

/// What is true after `game-mode off`.
fn after_leaving(state: &HelperState) -> String {
    if !state.game_mode {
        let untouched = |tunable: &TunableInfo| tunable.state == TunableState::Idle.to_wire();
        return if let Some(kept) = words::draining(state.draining) {
            format!("Game mode is off. {kept}")
        } else if state.tunables.iter().all(untouched) {
            "Game mode is off; everything is as it was before.".to_owned()
        } else {
            "Game mode is off; `evenkeel status` shows the settings that are still held.".to_owned()
        };
    }
    let own = Uid::current().as_raw();
    let hint = if state.holders.iter().any(|holder| holder.uid == own) {
        " Close your window, `watch` or `run` to end yours."
    } else {
        ""
    };
    format!(
        "Nothing is kept for you any more, but game mode stays on: {}.{hint}",
        words::holders(&state.holders, user_name)
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use evenkeel_dbus::Holder;

    #[test]
    fn an_uplink_is_found_by_name_first_and_then_by_ifindex() {
        let odd = UplinkInfo {
            ifindex: 9,
            name: "3".into(),
            ..UplinkInfo::default()
        };
        let uplinks = [sample::wifi(), sample::modem(), odd];
        assert_eq!(find_uplink(&uplinks, "wwan0").unwrap().ifindex, 4);
        assert_eq!(find_uplink(&uplinks, "4").unwrap().ifindex, 4);
        assert_eq!(find_uplink(&uplinks, "3").unwrap().ifindex, 9);
    }

    #[test]
    fn an_unknown_uplink_is_bad_input_and_the_known_ones_are_named() {
        let Failure::Said(exit, text) = find_uplink(&[sample::wifi()], "eth7\u{1b}").unwrap_err()
        else {
            panic!()
        };
        assert_eq!(exit, Exit::Usage);
        assert_eq!(
            text,
            "no uplink `eth7\\u{1b}`; there are: wifi0. Nothing was changed"
        );
    }

    #[test]
    fn leaving_says_who_else_holds_it() {
        let uid = Uid::current().as_raw();
        let mut state = sample::steering();
        state.holders = vec![Holder { uid, kept: false }];
        assert!(after_leaving(&state).contains("a running program of"));
        assert!(after_leaving(&state).contains("Close your window"));
        state.holders = vec![Holder {
            uid: uid + 1,
            kept: true,
        }];
        assert!(!after_leaving(&state).contains("Close your window"));
        state.game_mode = false;
        assert!(after_leaving(&state).contains("still held"));
        state.tunables[0].state = TunableState::Idle.to_wire();
        assert!(after_leaving(&state).contains("as it was before"));
        state.draining = sample::draining();
        assert_eq!(
            after_leaving(&state),
            "Game mode is off. 5 rules still keep running connections on their uplink, 28 min at \
             most; `evenkeel revert` ends that at once."
        );
    }

    #[test]
    fn revert_says_that_it_ended_the_draining_only_when_it_did() {
        let mut state = sample::steering();
        state.game_mode = false;
        let gone = "are gone too";
        assert!(after_reverting(sample::draining(), &state).contains(gone));
        assert!(!after_reverting(Draining::default(), &state).contains(gone));
        state.draining = sample::draining();
        let said = after_reverting(sample::draining(), &state);
        assert!(
            !said.contains(gone) && said.contains("5 rules still keep"),
            "{said}"
        );
    }
}
