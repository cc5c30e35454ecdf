//! The window without a helper and without a screen, fed with made-up measurements: for the
//! benchmark of the graph, which draws it into memory. Nothing in the program itself uses it.

use evenkeel_dbus::feed::{Frame, Record};
use evenkeel_dbus::{
    Backend, Draining, Lowpower, PatchKind, ProbeMethod, Reason, UplinkInfo, UplinkKind,
    UplinkState,
};
use iced::{Element, Size, Theme};

use super::app::{App, Message};
use super::bus::{Event, FeedEvent};
use super::live::{self, Span};
use crate::state::HelperState;
use crate::words::{Language, Words};

/// Between two probes of an uplink.
const PERIOD_NS: u64 = 200_000_000;
/// Between two frames of the feed.
const FRAME_NS: u64 = 100_000_000;
const FIRST: u32 = 2;

/// See the module.
#[derive(Debug)]
pub struct OffScreen {
    app: App,
    uplinks: u32,
    probed: bool,
    now_ns: u64,
    dice: u64,
}

impl OffScreen {
    /// A window of `size` on the Live screen that has heard `samples` probes of each of `uplinks`
    /// uplinks, and shows as many minutes of them as it can, up to 30.
    pub fn new(size: Size, uplinks: u32, samples: u32) -> Self {
        let mut window = Self::unprobed(size, uplinks);
        window.probed = true;
        for _ in 0..samples {
            window.tick();
            window.tick();
        }
        let span = match samples {
            0..=300 => Span::One,
            301..=1500 => Span::Five,
            _ => Span::Thirty,
        };
        let _ = window.app.update(Message::Live(live::Message::Show(span)));
        window
    }

    /// The same window without a single probe: all of it but the graph.
    pub fn unprobed(size: Size, uplinks: u32) -> Self {
        let mut app = App::new(Words::new(Language::English), size);
        let state = Box::new(state(uplinks));
        let _ = app.update(Message::Bus(Event::State(state)));
        let _ = app.update(Message::Feed(FeedEvent::Opened));
        Self {
            app,
            uplinks,
            probed: false,
            now_ns: 0,
            dice: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// A tenth of a second later: the feed's next frame.
    pub fn tick(&mut self) {
        self.now_ns += FRAME_NS;
        let at_ns = self.now_ns;
        let mut records = Vec::new();
        if self.probed && at_ns.is_multiple_of(PERIOD_NS) {
            for uplink in 0..self.uplinks {
                records.push(self.sample(uplink, at_ns));
            }
        }
        if at_ns.is_multiple_of(1_000_000_000) {
            let estimate = |uplink| Record::Estimate {
                ifindex: FIRST + uplink,
                at_ns,
                state: UplinkState::Alive,
                share_permille: (1000 / self.uplinks) as u16,
                rtt_ns: 20_000_000,
                jitter_ns: 1_000_000,
                slow_jitter_ns: 1_000_000,
            };
            records.extend((0..self.uplinks).map(estimate));
        }
        let frame = Frame {
            number: 0,
            dropped: 0,
            records,
        };
        let _ = self.app.update(Message::Feed(FeedEvent::Frame(frame)));
    }

    /// The round trips that the window keeps of one uplink: seconds since the start, milliseconds.
    pub fn kept(&self, uplink: u32) -> Vec<(f64, f64)> {
        let track = self.app.model.track(FIRST + uplink);
        let samples = track.map(|track| track.history.between(0, u64::MAX));
        let known = samples.into_iter().flatten();
        let point = |at_ns: u64, us: u32| (at_ns as f64 / 1e9, f64::from(us) / 1e3);
        known
            .filter_map(|sample| Some(point(sample.at_ns, sample.rtt_us?)))
            .collect()
    }

    /// How much time its graph shows.
    pub fn shown_seconds(&self) -> f64 {
        self.app.live.shown_ns() as f64 / 1e9
    }

    /// The window; what would be pressed in it is of no interest.
    pub fn view(&self) -> Element<'_, ()> {
        self.app.view().map(|_message| ())
    }

    /// Nothing but its graph.
    pub fn graph(&self) -> Element<'_, ()> {
        let (live, model, words) = (&self.app.live, &self.app.model, &self.app.words);
        live::graph::drawing(live, model, words).map(|_message| ())
    }

    /// Its theme.
    pub fn theme(&self) -> Theme {
        self.app.theme()
    }

    /// About 20 ms with some noise, a spike in fifty, a loss in two hundred.
    fn sample(&mut self, uplink: u32, at_ns: u64) -> Record {
        let roll = self.roll();
        let rtt_us = 20_000 + u64::from(uplink) * 9_000 + roll % 4_000;
        let spike_us = if (roll >> 16).is_multiple_of(50) {
            40_000
        } else {
            0
        };
        let rtt_ns = (rtt_us + spike_us) * 1_000;
        Record::Sample {
            ifindex: FIRST + uplink,
            at_ns,
            rtt_ns: (!(roll >> 32).is_multiple_of(200)).then_some(rtt_ns),
            user_clock: false,
        }
    }

    /// Marsaglia's xorshift: the same every time.
    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }
}

fn state(uplinks: u32) -> HelperState {
    let kinds = [
        UplinkKind::Ethernet,
        UplinkKind::WiFi,
        UplinkKind::Wwan,
        UplinkKind::Tether,
    ];
    let uplink = |number: u32| UplinkInfo {
        ifindex: FIRST + number,
        name: format!("up{number}"),
        kind: kinds[number as usize % kinds.len()].to_wire(),
        state: UplinkState::Alive.to_wire(),
        method: ProbeMethod::IcmpDatagram.to_wire(),
        share_permille: 1000 / uplinks,
        cost: 100,
        carrier: true,
        leader: number == 0,
        ..UplinkInfo::default()
    };
    HelperState {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel_release: "6.18.1".to_owned(),
        lowpower: Lowpower::Absent,
        patch: PatchKind::None,
        backend: Backend::Ecmp,
        reason: Reason::Ready,
        families: Vec::new(),
        plan: Vec::new(),
        draining: Draining::default(),
        uplinks: (0..uplinks).map(uplink).collect(),
        leader: Some(FIRST),
        ema_factor: 512,
        power_cost_weight: 100,
        game_mode: true,
        holders: Vec::new(),
        sampling: true,
        probe_period_ms: 200,
        measurements: Vec::new(),
        tunables: Vec::new(),
        last_error: None,
    }
}
