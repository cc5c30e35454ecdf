//! The helper's numbers as sentences. Every word a screen shows about the state comes from here.

use evenkeel_dbus::{Backend, CostReason, Reason, TunableState, UplinkKind, UplinkState};

use super::model::{Link, Model, Track};
use super::told;
use crate::config::Trouble;
use crate::state::HelperState;
use crate::steering::{self, Families, family_name};
use crate::words::{Key, Words};

impl Model {
    /// What an uplink is called: by its kind where that is enough, else by its interface.
    pub fn name(&self, track: &Track, words: &Words) -> String {
        let alone = self
            .tracks
            .iter()
            .filter(|t| t.kind() == track.kind())
            .count()
            == 1;
        match kind_key(track.kind()) {
            Some(key) if alone => words.say(key),
            _ => track.info.name.clone(),
        }
    }

    /// The one sentence about what is in force.
    pub fn in_force(&self, words: &Words) -> String {
        let state = match (self.link, &self.state) {
            (Link::Present, Some(state)) => state,
            (Link::Searching | Link::Present, _) => return words.say(Key::InForceSearching),
            (Link::NoBus | Link::NoHelper, _) => return words.say(Key::InForceNoHelper),
        };
        let kernel = kernel(state, words);
        if state.game_mode && stepped_back(state) {
            return words.tell(Key::InForceSteppedBack, [("kernel", kernel.into())]);
        }
        let uplinks = state.uplinks.len();
        let key = match (state.backend, state.game_mode) {
            (Backend::Observe, _) => {
                return words.tell(Key::InForceObserve, [("kernel", kernel.into())]);
            }
            (Backend::Lowpower, true) => {
                let factor = state.ema_factor.into();
                let values = [("kernel", kernel.into()), ("factor", factor)];
                return words.tell(Key::InForceLowpowerOn, values);
            }
            (Backend::Lowpower, false) => {
                return words.tell(Key::InForceLowpowerOff, [("kernel", kernel.into())]);
            }
            (Backend::Ecmp, false) => Key::InForceEcmpOff,
            (Backend::Ecmp, true) if state.leader.is_none() => Key::InForceEcmpWarming,
            (Backend::Ecmp, true) if steering::steered(state).is_empty() => {
                return words.tell(Key::InForceEcmpHeld, [("kernel", kernel.into())]);
            }
            (Backend::Ecmp, true) => {
                let steered = families(steering::steered(state), words);
                let values = [
                    ("kernel", kernel.into()),
                    ("families", steered.into()),
                    ("uplinks", uplinks.into()),
                ];
                return words.tell(Key::InForceEcmpOn, values);
            }
        };
        words.tell(
            key,
            [("kernel", kernel.into()), ("uplinks", uplinks.into())],
        )
    }

    /// What else there is to say beside [`Model::in_force`]: the IP version that is not steered,
    /// what becomes of running connections, what still drains, the particulars of a refusal.
    pub fn notes(&self, words: &Words) -> Vec<String> {
        let (Link::Present, Some(state)) = (self.link, &self.state) else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        if state.game_mode {
            let alone = steering::left_alone(state).map(|family| {
                let reason = steering::refusal(family).map(reason_key);
                let reason = reason.map_or_else(String::new, |key| words.say(key));
                let name = family_name(family.family);
                let values = [("family", name.into()), ("reason", reason.into())];
                words.tell(Key::FamilyAlone, values).trim_end().to_owned()
            });
            notes.extend(alone);
            if !steering::steered(state).is_empty() {
                notes.extend(running(state, words));
            }
        }
        if let Some((rules, minutes)) = steering::draining(state.draining) {
            let values = [("rules", rules.into()), ("minutes", minutes.into())];
            notes.push(words.tell(Key::Draining, values));
        }
        if state.backend == Backend::Observe {
            let told = state.families.iter().find(|family| {
                steering::refusal(family) == Some(state.reason) && !family.detail.is_empty()
            });
            let told = told.map(|family| told::particulars(family, state, words));
            notes.extend(told.filter(|said| !said.is_empty()));
        }
        notes
    }

    /// The line under "Game mode". `ours` when this window holds it.
    pub fn game_mode_line(&self, ours: bool, busy: bool, words: &Words) -> String {
        let key = match &self.state {
            _ if matches!(self.link, Link::NoBus | Link::NoHelper) => Key::GameNoHelper,
            None => Key::InForceSearching,
            _ if busy => Key::GameBusy,
            Some(state) if state.game_mode && ours => Key::GameOnHere,
            Some(state) if state.game_mode && state.holders.iter().any(|h| h.kept) => {
                Key::GameOnKept
            }
            Some(state) if state.game_mode => Key::GameOnOther,
            Some(state) if !self.can_steer() => reason_key(state.reason),
            Some(state) if state.backend == Backend::Lowpower => Key::GameOffKernel,
            Some(_) => Key::GameOff,
        };
        words.say(key)
    }
}

/// What becomes of running connections, a sentence for each thing that may move.
fn running(state: &HelperState, words: &Words) -> Vec<String> {
    let running = steering::running(state);
    if running.stays() {
        return vec![words.say(Key::RunningStay)];
    }
    let mut said = Vec::new();
    for (set, key) in [
        (running.unbound_udp, Key::RunningUnbound),
        (running.any, Key::RunningAny),
    ] {
        if !set.is_empty() {
            said.push(words.tell(key, [("families", families(set, words).into())]));
        }
    }
    if running.unpinned > 0 {
        let key = if said.is_empty() {
            Key::RunningUnpinnedOnly
        } else {
            Key::RunningUnpinned
        };
        said.push(words.tell(key, [("count", running.unpinned.into())]));
    }
    said
}

fn families(set: Families, words: &Words) -> String {
    match (set.v4, set.v6) {
        (true, true) => words.say(Key::FamiliesBoth),
        (_, v6) => family_name(if v6 { 6 } else { 4 }).to_owned(),
    }
}

fn kernel(state: &HelperState, words: &Words) -> String {
    let release = state.kernel_release.split('-').next().unwrap_or_default();
    let key = match state.backend {
        Backend::Lowpower => Key::KernelPatched,
        Backend::Ecmp | Backend::Observe => Key::KernelStock,
    };
    words.tell(key, [("release", release.to_owned().into())])
}

fn stepped_back(state: &HelperState) -> bool {
    state.tunables.iter().any(|tunable| {
        matches!(
            TunableState::from_wire(tunable.state),
            TunableState::StoodBack | TunableState::Failed
        )
    })
}

fn kind_key(kind: UplinkKind) -> Option<Key> {
    match kind {
        UplinkKind::Other => None,
        UplinkKind::Ethernet => Some(Key::KindEthernet),
        UplinkKind::WiFi => Some(Key::KindWifi),
        UplinkKind::Wwan => Some(Key::KindCellular),
        UplinkKind::Tether => Some(Key::KindTether),
    }
}

/// Why the helper can or cannot steer.
pub fn reason_key(reason: Reason) -> Key {
    match reason {
        Reason::Ready => Key::ReasonReady,
        Reason::NoUplink => Key::ReasonNoUplink,
        Reason::OneUplink => Key::ReasonOneUplink,
        Reason::NoMultipathRoute => Key::ReasonNoMultipath,
        Reason::NexthopObjects => Key::ReasonNexthopObjects,
        Reason::TooManyRoutes => Key::ReasonTooManyRoutes,
        Reason::ForeignNexthop => Key::ReasonForeignNexthop,
        Reason::LowpowerPartial => Key::ReasonLowpowerPartial,
        Reason::LowpowerUnreadable => Key::ReasonLowpowerUnreadable,
        Reason::KernelUnreadable => Key::ReasonKernelUnreadable,
        Reason::NoDefault => Key::ReasonNoDefault,
        Reason::ForeignDefault => Key::ReasonForeignDefault,
        Reason::ForeignRules => Key::ReasonForeignRules,
        Reason::NumbersTaken => Key::ReasonNumbersTaken,
        Reason::SameSubnet => Key::ReasonSameSubnet,
        Reason::MetricTooSmall => Key::ReasonMetricTooSmall,
        Reason::Undone => Key::ReasonUndone,
        Reason::NotConfirmed => Key::ReasonNotConfirmed,
        Reason::Unknown => Key::ReasonUnknown,
    }
}

/// A word for a state that is not simply "alive".
pub fn state_key(state: UplinkState) -> Option<Key> {
    match state {
        UplinkState::Alive => None,
        UplinkState::Idle => Some(Key::StateIdle),
        UplinkState::Warming => Some(Key::StateWarming),
        UplinkState::Dead => Some(Key::StateDead),
        UplinkState::Gone => Some(Key::StateGone),
    }
}

/// A word for where a tunable stands.
pub fn tunable_key(state: TunableState) -> Key {
    match state {
        TunableState::Idle => Key::TunableIdle,
        TunableState::Held => Key::TunableHeld,
        TunableState::StoodBack => Key::TunableSteppedBack,
        TunableState::Failed => Key::TunableFailed,
        TunableState::Vanished => Key::TunableVanished,
    }
}

/// A tunable's name.
pub fn tunable_name(id: &str, words: &Words) -> String {
    match id {
        "ema-factor" => words.say(Key::TunableEma),
        "power-cost" => words.say(Key::TunablePower),
        _ => {
            if let Some(family) = id.strip_prefix("own:") {
                return words.tell(Key::TunableOwn, [("family", family.to_owned().into())]);
            }
            let route = id.strip_prefix("route:").unwrap_or(id).to_owned();
            words.tell(Key::TunableRoute, [("route", route.into())])
        }
    }
}

/// What a tunable does.
pub fn tunable_does_key(id: &str) -> Key {
    match id {
        "ema-factor" => Key::TunableDoesEma,
        "power-cost" => Key::TunableDoesPower,
        id if id.starts_with("own:") => Key::TunableDoesOwn,
        _ => Key::TunableDoesRoute,
    }
}

/// A word for a cost in percent.
pub fn cost_key(cost: u32) -> Key {
    match cost {
        0..100 => Key::CostPreferred,
        100 => Key::CostNeutral,
        101..200 => Key::CostMild,
        200..300 => Key::CostStrong,
        _ => Key::CostLast,
    }
}

/// Why an uplink has its cost, where that is worth a word.
pub fn cost_reason_key(reason: CostReason) -> Option<Key> {
    match reason {
        CostReason::Neutral => None,
        CostReason::Metered => Some(Key::CostMetered),
        CostReason::Set => Some(Key::CostSet),
    }
}

/// What was wrong with the settings file.
pub fn trouble(trouble: &Trouble, words: &Words) -> String {
    match trouble {
        Trouble::NotReadable { line, column } => {
            let values = [("line", (*line).into()), ("column", (*column).into())];
            words.tell(Key::ConfigUnreadable, values)
        }
        Trouble::TooLarge => words.say(Key::ConfigTooLarge),
        Trouble::NotOpened(said) => {
            words.tell(Key::ConfigUnopened, [("said", said.as_str().into())])
        }
        Trouble::Values(names) => {
            words.tell(Key::ConfigValues, [("names", names.join(", ").into())])
        }
    }
}

/// How long ago something was.
pub fn ago(ago_ns: u64, words: &Words) -> String {
    match ago_ns / 1_000_000_000 {
        0 => words.say(Key::ReadoutNow),
        seconds @ 1..60 => words.tell(Key::ReadoutSeconds, [("seconds", seconds.into())]),
        seconds @ 60..3600 => words.tell(
            Key::ReadoutMinutes,
            [
                ("minutes", (seconds / 60).into()),
                ("seconds", (seconds % 60).into()),
            ],
        ),
        seconds => words.tell(
            Key::ReadoutHours,
            [
                ("hours", (seconds / 3600).into()),
                ("minutes", (seconds / 60 % 60).into()),
            ],
        ),
    }
}

/// A time in seconds, in minutes from two minutes on.
pub fn duration(seconds: u32, words: &Words) -> String {
    if seconds < 120 {
        words.tell(Key::Seconds, [("seconds", seconds.into())])
    } else {
        let minutes = (seconds + 30) / 60;
        words.tell(Key::Minutes, [("minutes", minutes.into())])
    }
}
