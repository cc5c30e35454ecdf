//! The window without a screen: what a click, a key, a frame does, and pictures of every state.
//! What is shown was recorded: core's golden files hold samples, weights and estimates by round.

mod closing;
mod desktop;
mod golden;
mod graph_pictures;
mod helpless;
mod journeys;
mod kernel;
mod looking_back;
mod measured;
mod measured_pictures;
mod person;
mod pictures;
mod portal;
mod session;
mod shell;
mod spiked;
mod states;
mod steered;
mod touch;
mod tuned;
mod walk;

use std::io::Read;
use std::sync::{Arc, Mutex, Once};

use evenkeel_dbus::feed::{Frame, Record};
use evenkeel_dbus::{
    Backend, CostReason, Draining, FamilyInfo, Holder, Lowpower, Metered, PatchKind, ProbeMethod,
    Reason, TunableInfo, TunableState, UplinkInfo, UplinkKind, UplinkState, Way,
};
use iced::advanced::graphics::text::font_system;
use iced::{Element, Settings, Size};
use iced_test::Simulator;

use super::app::{App, Message};
use super::bus::{Event, FeedEvent};
use super::preview::{self, Setting};
use super::{theme, tune};
use crate::installation::Remedy;
use crate::state::HelperState;
use crate::words::{Language, Words};

const ROUND_NS: u64 = 200_000_000;
pub(super) const FIRST: u32 = 10;

/// One round of a recorded file.
struct Round {
    rtts_ns: Vec<Option<u64>>,
    weights: Vec<u32>,
    estimates: Vec<[u64; 3]>,
}

/// A recorded file, read once.
fn recorded(name: &str) -> Arc<Vec<Round>> {
    static READ: Mutex<Vec<(String, Arc<Vec<Round>>)>> = Mutex::new(Vec::new());
    let mut read = READ.lock().unwrap();
    if let Some((_, rounds)) = read.iter().find(|(known, _)| known == name) {
        return Arc::clone(rounds);
    }
    let rounds = Arc::new(read_recorded(name));
    read.push((name.to_owned(), Arc::clone(&rounds)));
    rounds
}

fn read_recorded(name: &str) -> Vec<Round> {
    let path = format!(
        "{}/../core/tests/golden/{name}_t200_s512.csv.gz",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut text = String::new();
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let _ = flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(round).collect()
}

fn round(line: &str) -> Round {
    let mut parts = line.split(';');
    let mut words = || parts.next().unwrap().split(' ');
    Round {
        rtts_ns: words().map(|word| word.parse().ok()).collect(),
        weights: words().map(|word| word.parse().unwrap()).collect(),
        estimates: words()
            .map(|word| {
                let mut values = word.split(',').map(|value| value.parse().unwrap());
                std::array::from_fn(|_| values.next().unwrap())
            })
            .collect(),
    }
}

const KINDS: [(UplinkKind, &str); 4] = [
    (UplinkKind::Ethernet, "enp0s13f0"),
    (UplinkKind::WiFi, "wlan0"),
    (UplinkKind::Wwan, "wwan0"),
    (UplinkKind::Tether, "usb0"),
];

pub(super) fn uplinks(count: usize) -> Vec<UplinkInfo> {
    let uplink = |(number, (kind, name)): (usize, &(UplinkKind, &str))| UplinkInfo {
        ifindex: FIRST + number as u32,
        name: (*name).to_owned(),
        kind: kind.to_wire(),
        state: UplinkState::Warming.to_wire(),
        method: ProbeMethod::IcmpDatagram.to_wire(),
        share_permille: 1000 / count as u32,
        cost: 100,
        carrier: true,
        ..UplinkInfo::default()
    };
    KINDS.iter().take(count).enumerate().map(uplink).collect()
}

/// An IP version that could be steered this way.
fn family(family: u32, way: Way) -> FamilyInfo {
    FamilyInfo {
        family,
        way: way.to_wire(),
        ..FamilyInfo::default()
    }
}

/// IPv6 that cannot be steered.
fn same_subnet(family: u32) -> FamilyInfo {
    FamilyInfo {
        family,
        reason: Reason::SameSubnet.to_wire(),
        detail: "enp0s13f0 and wlan0 are in the same network, 192.168.1.0/24.".to_owned(),
        ..FamilyInfo::default()
    }
}

/// A metered uplink, as the helper charges it.
fn charge(uplink: &mut UplinkInfo) {
    uplink.metered = Metered::Yes.to_wire();
    uplink.cost = 200;
    uplink.cost_reason = CostReason::Metered.to_wire();
}

pub fn state(backend: Backend, reason: Reason, uplinks: Vec<UplinkInfo>) -> HelperState {
    HelperState {
        version: "0.1.0".to_owned(),
        kernel_release: "6.18.1-arch1-1".to_owned(),
        patch: match backend {
            Backend::Lowpower => PatchKind::Original,
            _ => PatchKind::None,
        },
        lowpower: match backend {
            Backend::Lowpower => Lowpower::Present,
            _ => Lowpower::Absent,
        },
        backend,
        reason,
        families: match backend {
            Backend::Ecmp => vec![family(4, Way::Group), family(6, Way::Single)],
            _ => Vec::new(),
        },
        plan: Vec::new(),
        draining: Draining::default(),
        uplinks,
        leader: None,
        ema_factor: 512,
        power_cost_weight: 100,
        game_mode: false,
        holders: Vec::new(),
        sampling: true,
        probe_period_ms: 200,
        measurements: Vec::new(),
        tunables: Vec::new(),
        last_error: None,
    }
}

/// There is no helper, and this would bring one.
fn lacks_helper(app: &mut App, remedy: Remedy) {
    let _ = app.update(Message::Bus(Event::Remedy(remedy)));
    let _ = app.update(Message::Bus(Event::NoHelper));
}

/// A window that has played a recorded series.
struct Scene {
    app: App,
    state: HelperState,
    size: Size,
}

impl Scene {
    fn new(state: HelperState, language: Language, size: Size) -> Self {
        let mut app = App::new(Words::new(language), size);
        let _ = app.update(Message::Bus(Event::State(Box::new(state.clone()))));
        let _ = app.update(Message::Feed(FeedEvent::Opened));
        Self { app, state, size }
    }

    fn ecmp(uplinks_count: usize, language: Language, size: Size) -> Self {
        let state = state(Backend::Ecmp, Reason::Ready, uplinks(uplinks_count));
        Self::new(state, language, size)
    }

    fn tell(&mut self, change: impl FnOnce(&mut HelperState)) -> &mut Self {
        change(&mut self.state);
        let state = Box::new(self.state.clone());
        let _ = self.app.update(Message::Bus(Event::State(state)));
        self
    }

    /// Plays `rounds` of a recorded file; from `steered` on game mode is on.
    fn play(&mut self, name: &str, rounds: usize, steered: usize) -> &mut Self {
        let mut announced = None;
        let recorded = recorded(name);
        for (number, round) in recorded.iter().enumerate().take(rounds) {
            let at_ns = (number as u64 + 1) * ROUND_NS;
            let on = number >= steered;
            let lead = round.weights.iter().position(|weight| *weight == 255);
            let leader = lead.filter(|_| on).map(|index| FIRST + index as u32);
            let mut records = frame(round, at_ns, on);
            if announced != Some((leader, on)) {
                announced = Some((leader, on));
                records.push(Record::Leader {
                    ifindex: leader,
                    at_ns,
                    game_mode: on,
                });
                self.tell(|state| lead_with(state, leader, on));
            }
            self.send(records);
        }
        self
    }

    /// Draws up the preview, as it happens beside the window: with `factor` chosen where it is not
    /// in force.
    fn foresee(&mut self, factor: u32) -> &mut Self {
        let setting = |factor| Setting {
            factor,
            costs: (self.state.uplinks.iter().map(|u| (u.ifindex, u.cost))).collect(),
        };
        let in_force = setting(self.state.ema_factor);
        let key = preview::Key::of(&self.app.model, setting(factor), in_force).unwrap();
        let picture = preview::compute(&key.record(&self.app.model)).map(Arc::new);
        let message = tune::Message::Pictured(picture);
        let _ = self.app.update(Message::Tune(message));
        self
    }

    /// Plays rounds of a recorded file as they are, with nothing announced.
    fn play_on(&mut self, name: &str, from: usize, to: usize) -> &mut Self {
        for (number, round) in recorded(name).iter().enumerate().take(to).skip(from) {
            let at_ns = (number as u64 + 1) * ROUND_NS;
            self.send(frame(round, at_ns, self.app.model.game_mode()));
        }
        self
    }

    fn send(&mut self, records: Vec<Record>) {
        let frame = Frame {
            number: 0,
            dropped: 0,
            records,
        };
        let _ = self.app.update(Message::Feed(FeedEvent::Frame(frame)));
    }

    fn ui(&self) -> Simulator<'_, Message> {
        simulate(self.app.view(), self.size)
    }
}

fn frame(round: &Round, at_ns: u64, on: bool) -> Vec<Record> {
    let total: u32 = round.weights.iter().sum::<u32>().max(1);
    let count = round.weights.len();
    let mut records = Vec::new();
    for index in 0..count {
        let ifindex = FIRST + index as u32;
        records.push(Record::Sample {
            ifindex,
            at_ns,
            rtt_ns: round.rtts_ns[index],
            user_clock: false,
        });
        let [rtt_ns, jitter_ns, slow_jitter_ns] = round.estimates[index];
        let share = if on {
            round.weights[index] * 1000 / total
        } else {
            1000 / count as u32
        };
        records.push(Record::Estimate {
            ifindex,
            at_ns,
            state: if round.rtts_ns[index].is_some() || share > 0 {
                UplinkState::Alive
            } else {
                UplinkState::Dead
            },
            share_permille: share as u16,
            rtt_ns,
            jitter_ns,
            slow_jitter_ns,
        });
    }
    records
}

fn lead_with(state: &mut HelperState, leader: Option<u32>, on: bool) {
    state.game_mode = on;
    state.leader = leader;
    state.holders = vec![
        Holder {
            uid: 1000,
            kept: false
        };
        usize::from(on)
    ];
    state.tunables = tunables(state, on);
    for family in &mut state.families {
        family.in_force = on && Way::from_wire(family.way) != Way::None;
    }
    for uplink in &mut state.uplinks {
        uplink.leader = Some(uplink.ifindex) == leader;
        uplink.state = UplinkState::Alive.to_wire();
    }
}

/// What there is to change: the weights of routes of the user's own, or routes of Evenkeel's.
fn tunables(state: &HelperState, on: bool) -> Vec<TunableInfo> {
    let standing = if on {
        TunableState::Held
    } else {
        TunableState::Idle
    };
    let tunable = |family: &FamilyInfo| {
        let (id, current, original) = match (Way::from_wire(family.way), on) {
            (Way::UserRoute, true) => ("route:default metric 100".to_owned(), "255:1", "1:1"),
            (Way::UserRoute, false) => ("route:default metric 100".to_owned(), "1:1", ""),
            (Way::Group | Way::Single, true) => {
                let id = format!("own:IPv{}", family.family);
                (id, "default dev wlan0, 6 rules", "")
            }
            _ => return None,
        };
        Some(TunableInfo {
            id,
            current: current.to_owned(),
            original: original.to_owned(),
            state: standing.to_wire(),
            ..TunableInfo::default()
        })
    };
    state.families.iter().filter_map(tunable).collect()
}

fn simulate(view: Element<'_, Message>, size: Size) -> Simulator<'_, Message> {
    fonts();
    let settings = Settings {
        default_font: theme::FONT,
        default_text_size: theme::BODY.into(),
        ..Settings::default()
    };
    Simulator::with_size(settings, size, view)
}

/// The bundled font, and nothing of the machine's own, so that every machine lays out and draws the
/// same.
fn fonts() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        let mut system = font_system().write().unwrap();
        let database = system.raw().db_mut();
        let kept = |family: &str| family == "Iced-Icons";
        let foreign: Vec<_> = database
            .faces()
            .filter(|face| !face.families.iter().any(|(name, _)| kept(name)))
            .map(|face| face.id)
            .collect();
        for face in foreign {
            database.remove_face(face);
        }
        for font in super::FONTS {
            system.load_font(font.into());
        }
    });
}
