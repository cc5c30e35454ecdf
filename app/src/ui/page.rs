//! What a report says about the helper's state, in the window's own words. It draws nothing.

use evenkeel_core::blame::Spike;
use evenkeel_dbus::feed::Frame;
use evenkeel_dbus::{Backend, CostReason, UplinkState};

use super::model::{Link, Model, Track};
use super::{blame, live, speech};
use crate::state::HelperState;
use crate::words::{Key, Words};

/// Sentences about one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What is in force, and what else there is to say about it.
    pub in_force: Vec<String>,
    /// Whether the network is the problem, once something was heard.
    pub verdict: Option<String>,
    /// The helper: whether it runs.
    pub helper: String,
    /// What it can do here.
    pub ability: String,
    /// A line for each uplink.
    pub uplinks: Vec<String>,
    /// What is changed: its name, what it was, what it is now.
    pub changed: Vec<(String, String, String)>,
    /// The last spikes, the newest first: what happened, whose fault it was, and what was seen.
    pub spikes: Vec<String>,
}

/// Spikes on a page at the most.
const MOST_SPIKES: usize = 12;

/// The sentences about a state, if there is a helper, after what its feed told.
pub fn page(state: Option<HelperState>, frames: &[Frame], words: &Words) -> Page {
    let mut model = Model::default();
    match state {
        Some(state) => model.take_state(state),
        None => model.lose_helper(Link::NoHelper),
    }
    model.begin_feed();
    for frame in frames {
        let _ = model.take_frame(frame);
    }
    let heard = !frames.is_empty();
    model.refresh(None);
    let mut in_force = vec![model.in_force(words)];
    in_force.extend(model.notes(words));
    let helper = match &model.state {
        Some(state) => {
            let version = state.version.clone();
            words.tell(Key::FactHelperRuns, [("version", version.into())])
        }
        None => words.say(Key::FactHelperAbsent),
    };
    let page = Page {
        in_force,
        verdict: heard.then(|| verdict(&model, words)),
        helper,
        ability: words.say(ability(model.state.as_ref())),
        uplinks: model
            .tracks
            .iter()
            .map(|track| uplink(&model, track, words))
            .collect(),
        changed: changed(model.state.as_ref(), words),
        spikes: model
            .spikes
            .newest_first()
            .iter()
            .take(MOST_SPIKES)
            .map(|one| spike(&model, one, words))
            .collect(),
    };
    page.plain()
}

impl Page {
    /// Without the marks that hold Korean words together in the window.
    fn plain(mut self) -> Self {
        let plain = |text: &mut String| *text = text.replace('\u{2060}', "");
        self.in_force.iter_mut().for_each(plain);
        self.verdict.iter_mut().for_each(plain);
        [&mut self.helper, &mut self.ability]
            .into_iter()
            .for_each(plain);
        self.uplinks.iter_mut().for_each(plain);
        self.spikes.iter_mut().for_each(plain);
        self.changed.iter_mut().for_each(|(name, ..)| plain(name));
        self
    }
}

/// The line above the cards, with the figures that stand beside it.
fn verdict(model: &Model, words: &Words) -> String {
    match live::said(model, words) {
        (headline, Some(figures)) => format!("{headline} {figures}"),
        (headline, None) => headline,
    }
}

fn ability(state: Option<&HelperState>) -> Key {
    match state.map(|state| state.backend) {
        None => Key::AbilityAlone,
        Some(Backend::Ecmp) => Key::AbilityEcmp,
        Some(Backend::Lowpower) => Key::AbilityLowpower,
        Some(Backend::Observe) => Key::AbilityObserve,
    }
}

/// "Wi-Fi: 92 ms, usually 20 ms. Router or line: ... What was seen."
fn spike(model: &Model, spike: &Spike, words: &Words) -> String {
    let place = blame::where_(spike, model, words);
    let (bad, who) = (
        blame::how_bad(spike, words),
        blame::brief(spike.blame, words),
    );
    let mut said = vec![format!("{place} · {bad} · {who}")];
    said.extend(blame::facts::facts(spike, words));
    said.join(" · ")
}

/// "Wi-Fi (wlan0): 20 ms · jitter 0.4 ms · 99.6% of new connections · steadiest".
fn uplink(model: &Model, track: &Track, words: &Words) -> String {
    let info = &track.info;
    let (name, interface) = (model.name(track, words), &info.name);
    let mut said = if name == *interface {
        name
    } else {
        format!("{name} ({interface})")
    };
    let mut parts = Vec::new();
    let state = if info.carrier {
        speech::state_key(track.state())
    } else {
        Some(Key::CardNoLink)
    };
    parts.extend(state.map(|key| words.say(key)));
    if track.state() == UplinkState::Alive && info.carrier {
        parts.push(words.milliseconds(info.rtt_ns));
        let jitter = words.milliseconds(info.jitter_ns);
        parts.push(format!("{} {jitter}", words.say(Key::CardJitter)));
    }
    if info.share_permille > 0 && model.game_mode() {
        let percent = words.percent(info.share_permille);
        parts.push(words.tell(Key::CardShare, [("percent", percent.into())]));
    }
    if info.leader {
        parts.push(words.say(Key::CardSteadiest));
    }
    if CostReason::from_wire(info.cost_reason) == CostReason::Metered {
        parts.push(words.say(Key::CardMeteredShort));
    }
    if !parts.is_empty() {
        said = format!("{said}: {}", parts.join(" · "));
    }
    said
}

/// Settings that differ from what was found.
fn changed(state: Option<&HelperState>, words: &Words) -> Vec<(String, String, String)> {
    let tunables = state.into_iter().flat_map(|state| &state.tunables);
    let changed = tunables.filter(|tunable| tunable.current != tunable.original);
    changed
        .map(|tunable| {
            let name = speech::tunable_name(&tunable.id, words);
            (name, tunable.original.clone(), tunable.current.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::words::Language;
    use evenkeel_dbus::feed::Record;

    #[test]
    fn a_state_is_told_as_in_the_window() {
        for language in Language::ALL {
            let words = Words::new(language);
            let page = page(Some(sample::steering()), &[], &words);
            assert_eq!(page.verdict, None);
            assert_eq!(page.uplinks.len(), 2);
            assert!(page.uplinks[0].contains("(wifi0)") && page.uplinks[0].contains("20 ms"));
            assert_eq!(page.changed.len(), 1);
            let all = format!("{page:?}");
            assert!(!all.contains('\u{2060}'), "{all}");
        }
    }

    #[test]
    fn what_the_feed_told_is_judged() {
        let words = Words::new(Language::English);
        let record = |n: u64| Record::Sample {
            ifindex: 3,
            at_ns: 1_000_000_000 + n * 200_000_000,
            rtt_ns: Some(20_000_000),
            user_clock: false,
        };
        let frames: Vec<Frame> = (0..50)
            .map(|n| Frame {
                number: n,
                dropped: 0,
                records: vec![record(u64::from(n))],
            })
            .collect();
        let page = page(Some(sample::steering()), &frames, &words);
        assert!(page.verdict.is_some_and(|verdict| verdict.contains("alm")));
    }

    #[test]
    fn without_a_helper_that_is_said() {
        let words = Words::new(Language::English);
        let page = page(None, &[], &words);
        assert_eq!(page.in_force, [words.say(Key::InForceNoHelper)]);
        assert_eq!(page.helper, words.say(Key::FactHelperAbsent));
        assert!(page.uplinks.is_empty());
    }
}
