//! What can be measured on this machine, in a player's terms, and the numbers it becomes. Pure: the
//! helper's state goes in.

use std::fmt;

use evenkeel_core::ab::Plan;
use evenkeel_dbus::limits::{EMA_FACTOR_DEFAULT, UPLINK_COST_DEFAULT};
use evenkeel_dbus::measurement::{ARM_OFF, MeasurementPlan, Subject};
use evenkeel_dbus::{CostReason, TunableInfo, UplinkInfo};

use crate::state::HelperState;

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Game mode off and on.
    GameMode,
    /// Two positions of the sensitivity.
    Ema(u32, u32),
    /// Two uplinks, by name or ifindex.
    Uplinks(String, String),
    /// A setting off and on: its id, and its value when it isn't the one that is set now.
    /// Ids are `ema-factor`, `power-cost` and `uplink-cost:NAME`.
    Tunable(String, Option<u32>),
}

/// Why a choice becomes no measurement. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChoiceError {
    /// No uplink has this name.
    NoUplink(String),
    /// No setting has this id.
    NoTunable(String),
    /// The setting is what it is without Evenkeel, so there is no value to measure.
    NotSet(String),
}

impl fmt::Display for ChoiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUplink(name) => write!(
                f,
                "no uplink `{name}`; `evenkeel status` lists them. Nothing was changed"
            ),
            Self::NoTunable(id) => write!(
                f,
                "no setting `{id}`; there are ema-factor, power-cost and uplink-cost:NAME. Nothing \
                 was changed"
            ),
            Self::NotSet(id) => write!(
                f,
                "{id} is not set now, so say which value to measure: {id}=VALUE. Nothing was changed"
            ),
        }
    }
}

impl Choice {
    /// Reads `ID` or `ID=VALUE`.
    pub fn tunable(text: &str) -> Option<Self> {
        match text.split_once('=') {
            Some((id, value)) => Some(Self::Tunable(id.to_owned(), Some(value.parse().ok()?))),
            None => Some(Self::Tunable(text.to_owned(), None)),
        }
    }

    /// The numbers for the helper, with blocks and looks as `plan` has them.
    ///
    /// # Errors
    /// [`ChoiceError`] when the state has no such uplink, setting or value.
    pub fn plan(&self, state: &HelperState, plan: &Plan) -> Result<MeasurementPlan, ChoiceError> {
        let of = |subject: Subject, ifindex, a, b| MeasurementPlan {
            subject: subject.to_wire(),
            ifindex,
            a,
            b,
            pairs: plan.pairs(),
            first_look: plan.first_look().unwrap_or(0),
            block_ms: plan.block_ms(),
            settle_ms: plan.settle_ms(),
            period_ms: plan.period_ms(),
        };
        match self {
            Self::GameMode => Ok(of(Subject::GameMode, 0, 0, 1)),
            Self::Ema(a, b) => Ok(of(Subject::EmaFactor, 0, *a, *b)),
            Self::Uplinks(a, b) => {
                let [a, b] = [find(state, a)?, find(state, b)?];
                Ok(of(Subject::Uplinks, 0, a.ifindex, b.ifindex))
            }
            Self::Tunable(id, Some(value)) => {
                let (subject, uplink) = subject(state, id)?;
                let ifindex = uplink.map_or(0, |uplink| uplink.ifindex);
                Ok(of(subject, ifindex, ARM_OFF, *value))
            }
            Self::Tunable(id, None) => {
                let (subject, uplink) = subject(state, id)?;
                let ifindex = uplink.map_or(0, |uplink| uplink.ifindex);
                let (off, on) = set_now(state, id, subject, uplink)
                    .ok_or_else(|| ChoiceError::NotSet(id.clone()))?;
                Ok(of(subject, ifindex, off, on))
            }
        }
    }
}

fn subject<'a>(
    state: &'a HelperState,
    id: &str,
) -> Result<(Subject, Option<&'a UplinkInfo>), ChoiceError> {
    match (id, id.strip_prefix("uplink-cost:")) {
        ("ema-factor", _) => Ok((Subject::EmaFactor, None)),
        ("power-cost", _) => Ok((Subject::PowerCost, None)),
        (_, Some(name)) => Ok((Subject::UplinkCost, Some(find(state, name)?))),
        _ => Err(ChoiceError::NoTunable(id.to_owned())),
    }
}

/// The uplink with this name, or else with this ifindex.
fn find<'a>(state: &'a HelperState, wanted: &str) -> Result<&'a UplinkInfo, ChoiceError> {
    let by_name = state.uplinks.iter().find(|uplink| uplink.name == wanted);
    let by_index = || {
        let ifindex: u32 = wanted.parse().ok()?;
        state
            .uplinks
            .iter()
            .find(|uplink| uplink.ifindex == ifindex)
    };
    by_name
        .or_else(by_index)
        .ok_or_else(|| ChoiceError::NoUplink(wanted.to_owned()))
}

/// What a setting is without us, and what it is set to, where these differ. Somebody holds that
/// value already, so "off" must be a value, too.
fn set_now(
    state: &HelperState,
    id: &str,
    subject: Subject,
    uplink: Option<&UplinkInfo>,
) -> Option<(u32, u32)> {
    let held = state.tunables.iter().find(|tunable| tunable.id == id);
    let value = |text: fn(&TunableInfo) -> &str| held.and_then(|it| text(it).parse().ok());
    let (off, on) = match subject {
        Subject::UplinkCost => {
            let uplink = uplink?;
            let is_set = CostReason::from_wire(uplink.cost_reason) == CostReason::Set;
            (UPLINK_COST_DEFAULT, is_set.then_some(uplink.cost)?)
        }
        Subject::EmaFactor => (
            value(|tunable| &tunable.original).unwrap_or(EMA_FACTOR_DEFAULT),
            state.ema_factor,
        ),
        Subject::PowerCost => (
            value(|tunable| &tunable.original)?,
            value(|tunable| &tunable.current)?,
        ),
        _ => return None,
    };
    (off != on).then_some((off, on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;

    fn numbers(choice: &Choice, state: &HelperState) -> Result<(u32, u32, u32, u32), ChoiceError> {
        let plan = choice.plan(state, &Plan::default())?;
        assert_eq!(
            (plan.pairs, plan.first_look, plan.block_ms),
            (30, 20, 10_000)
        );
        Ok((plan.subject, plan.ifindex, plan.a, plan.b))
    }

    #[test]
    fn every_choice_becomes_its_numbers() {
        let mut state = sample::steering();
        assert_eq!(numbers(&Choice::GameMode, &state), Ok((0, 0, 0, 1)));
        assert_eq!(
            numbers(&Choice::Ema(256, 768), &state),
            Ok((1, 0, 256, 768))
        );
        let uplinks = Choice::Uplinks("wifi0".into(), "4".into());
        assert_eq!(numbers(&uplinks, &state), Ok((4, 0, 3, 4)));
        let of = |text: &str| Choice::tunable(text).unwrap();
        assert_eq!(
            numbers(&of("ema-factor=700"), &state),
            Ok((1, 0, ARM_OFF, 700))
        );
        assert_eq!(
            numbers(&of("uplink-cost:wwan0=150"), &state),
            Ok((3, 4, ARM_OFF, 150))
        );
        state.ema_factor = 900;
        assert_eq!(numbers(&of("ema-factor"), &state), Ok((1, 0, 512, 900)));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let state = sample::steering();
        let of = |text: &str| numbers(&Choice::tunable(text).unwrap(), &state).unwrap_err();
        assert_eq!(of("colour"), ChoiceError::NoTunable("colour".into()));
        assert_eq!(
            of("uplink-cost:eth7=9"),
            ChoiceError::NoUplink("eth7".into())
        );
        assert_eq!(of("ema-factor"), ChoiceError::NotSet("ema-factor".into()));
        assert_eq!(
            of("uplink-cost:wwan0"),
            ChoiceError::NotSet("uplink-cost:wwan0".into())
        );
        assert_eq!(of("power-cost"), ChoiceError::NotSet("power-cost".into()));
        assert_eq!(Choice::tunable("ema-factor=x"), None);
        for error in [of("colour"), of("ema-factor"), of("uplink-cost:eth7=9")] {
            assert!(error.to_string().ends_with("Nothing was changed"));
        }
    }
}
