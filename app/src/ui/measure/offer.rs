//! What can be compared on this machine, why the rest cannot, and what was chosen of it. Pure: the
//! helper's state goes in. The helper checks again; this only spares a player a refusal.

use evenkeel_core::ab::Plan;
use evenkeel_dbus::measurement::MeasurementPlan;
use evenkeel_dbus::{Backend, Reason, Way};

use crate::measure::Choice;
pub use crate::measure::after::{Setting, standing};
use crate::state::HelperState;

/// Positions of the sensitivity that are offered.
pub const FACTORS: [u32; 9] = [0, 128, 256, 384, 512, 640, 768, 896, 1024];
/// Costs in percent that are offered.
pub const COSTS: [u32; 8] = [25, 50, 75, 125, 150, 200, 300, 500];
/// Weights of the patched kernel that are offered.
pub const POWERS: [u32; 6] = [0, 25, 50, 200, 500, 1000];

/// What the arms may differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Game mode off and on.
    GameMode,
    /// Two positions of the sensitivity.
    Sensitivity,
    /// Two uplinks.
    Uplinks,
    /// One setting off and on.
    Setting,
}

impl What {
    /// As they are offered; the first that is possible is what one press begins.
    pub const ALL: [Self; 4] = [
        Self::GameMode,
        Self::Sensitivity,
        Self::Uplinks,
        Self::Setting,
    ];
}

/// How long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Length {
    /// A few pairs, which show only a coarse difference.
    Short,
    /// As the terminal does by default.
    #[default]
    Usual,
    /// As many pairs as there may be.
    Long,
}

impl Length {
    /// As they are offered.
    pub const ALL: [Self; 3] = [Self::Short, Self::Usual, Self::Long];

    /// The plan of that length: two looks, the first after two thirds of the pairs.
    pub fn plan(self) -> Plan {
        let usual = Plan::default();
        let of = |pairs: u32| {
            let (block, settle) = (usual.block_ms(), usual.settle_ms());
            Plan::new(pairs, Some(pairs * 2 / 3), block, settle, usual.period_ms())
                .unwrap_or_default()
        };
        match self {
            Self::Short => of(12),
            Self::Usual => usual,
            Self::Long => of(60),
        }
    }
}

/// Why something cannot be compared here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// The helper only watches, for this reason.
    Watching(Reason),
    /// Game mode is on, so it cannot be measured against off.
    GameModeOn,
    /// The patched kernel chooses by itself; game mode and costs change nothing there.
    KernelChooses,
    /// There are not two uplinks.
    OneUplink,
}

/// Why not; `None` where it is possible.
pub fn why_not(what: What, state: &HelperState) -> Option<WhyNot> {
    match (what, state.backend) {
        (What::Uplinks, _) => (state.uplinks.len() < 2).then_some(WhyNot::OneUplink),
        (_, Backend::Observe) => Some(WhyNot::Watching(state.reason)),
        (What::GameMode, Backend::Lowpower) => Some(WhyNot::KernelChooses),
        (What::GameMode, Backend::Ecmp) => state.game_mode.then_some(WhyNot::GameModeOn),
        (What::Sensitivity | What::Setting, _) => None,
    }
}

/// True when anything can be compared.
pub fn is_any_possible(state: &HelperState) -> bool {
    let mut all = What::ALL.into_iter();
    all.any(|what| why_not(what, state).is_none())
}

/// True when switching game mode may move running connections: a route of the user's own does.
pub fn moves_running(state: &HelperState) -> bool {
    let mut ways = state.families.iter().map(|it| Way::from_wire(it.way));
    ways.any(|way| way == Way::UserRoute)
}

/// The settings that can be off and on here.
pub fn settings(state: &HelperState) -> Vec<Setting> {
    match state.backend {
        Backend::Observe => Vec::new(),
        Backend::Lowpower => vec![Setting::Ema, Setting::Power],
        Backend::Ecmp => {
            let costs = state.uplinks.iter().map(|it| Setting::Cost(it.ifindex));
            costs.chain([Setting::Ema]).collect()
        }
    }
}

/// What was chosen; what was not is what suggests itself here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Draft {
    /// What to compare.
    pub what: Option<What>,
    /// The two positions.
    pub factors: [Option<u32>; 2],
    /// The two uplinks, by ifindex.
    pub uplinks: [Option<u32>; 2],
    /// The setting.
    pub setting: Option<Setting>,
    /// Its value.
    pub value: Option<u32>,
    /// How long.
    pub length: Length,
}

impl Draft {
    /// What is to be compared: what was chosen, else the first thing that is possible. Game mode
    /// that only has to be switched off before is.
    pub fn what(&self, state: &HelperState) -> What {
        let possible = || {
            let mut all = What::ALL.into_iter();
            all.find(|what| matches!(why_not(*what, state), None | Some(WhyNot::GameModeOn)))
        };
        self.what.or_else(possible).unwrap_or(What::GameMode)
    }

    /// The two positions; never the same.
    pub fn factors(&self, state: &HelperState) -> [u32; 2] {
        let a = self.factors[0].unwrap_or(state.ema_factor);
        let suggested = if a < 700 { 768 } else { 256 };
        let b = self.factors[1].unwrap_or(suggested);
        [a, if a == b { suggested } else { b }]
    }

    /// The two uplinks, by ifindex; `None` where there are not two.
    pub fn uplinks(&self, state: &HelperState) -> Option<[u32; 2]> {
        let there = |wanted: &u32| state.uplinks.iter().any(|it| it.ifindex == *wanted);
        let mut all = state.uplinks.iter().map(|it| it.ifindex);
        let a = self.uplinks[0].filter(there).or_else(|| all.next())?;
        let chosen = self.uplinks[1].filter(there).filter(|b| *b != a);
        let other = || {
            let mut all = state.uplinks.iter().map(|it| it.ifindex);
            all.find(|it| *it != a)
        };
        Some([a, chosen.or_else(other)?])
    }

    /// The setting; `None` where there is none.
    pub fn setting(&self, state: &HelperState) -> Option<Setting> {
        let all = settings(state);
        let chosen = self.setting.filter(|it| all.contains(it));
        let in_use = || {
            let mut all = all.iter().copied();
            all.find(|it| standing(*it, state).1.is_some())
        };
        chosen.or_else(in_use).or_else(|| all.first().copied())
    }

    /// The setting's value in arm B: the one chosen, else the one set now, else one that is worth a try.
    pub fn value(&self, setting: Setting, state: &HelperState) -> u32 {
        let (off, now) = standing(setting, state);
        let try_it = match setting {
            Setting::Cost(_) => 150,
            Setting::Power => 0,
            Setting::Ema => 768,
        };
        let spare = match setting {
            Setting::Cost(_) | Setting::Power => 200,
            Setting::Ema => 256,
        };
        let chosen = self.value.filter(|value| *value != off);
        let suggested = if try_it == off { spare } else { try_it };
        chosen.or(now).unwrap_or(suggested)
    }

    /// What it becomes.
    ///
    /// # Errors
    /// Why it is not possible here.
    pub fn choice(&self, state: &HelperState) -> Result<Choice, WhyNot> {
        let what = self.what(state);
        if let Some(why) = why_not(what, state) {
            return Err(why);
        }
        Ok(match what {
            What::GameMode => Choice::GameMode,
            What::Sensitivity => {
                let [a, b] = self.factors(state);
                Choice::Ema(a, b)
            }
            What::Uplinks => {
                let [a, b] = self.uplinks(state).ok_or(WhyNot::OneUplink)?;
                Choice::Uplinks(a.to_string(), b.to_string())
            }
            What::Setting => {
                let setting = self.setting(state).ok_or(WhyNot::Watching(state.reason))?;
                let value = self.value(setting, state);
                let id = match setting {
                    Setting::Cost(ifindex) => format!("uplink-cost:{ifindex}"),
                    Setting::Power => "power-cost".to_owned(),
                    Setting::Ema => "ema-factor".to_owned(),
                };
                // What is set now is compared with what there is without it.
                let is_set = standing(setting, state).1 == Some(value);
                Choice::Tunable(id, (!is_set).then_some(value))
            }
        })
    }

    /// The numbers for the helper; `None` while it is not possible.
    pub fn plan(&self, state: &HelperState) -> Option<MeasurementPlan> {
        let choice = self.choice(state).ok()?;
        choice.plan(state, &self.length.plan()).ok()
    }
}

#[cfg(test)]
mod tests;
