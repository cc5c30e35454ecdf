//! Plants the causes of ping spikes, one at a time, and sees whom the helper blames for them. What is
//! right and how often it must be so is for the tests and the benchmark.

use std::collections::BTreeMap;
use std::fmt;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::error::{Context as _, LabError};
use crate::process::Proc;
use crate::scene::Scene;
use crate::steered::separate;
use crate::topology::ANCHOR_V4;

/// Where the causes are planted, and the uplink beside it that nothing happens to.
const UPLINK: &str = "wifi0";
/// The links in quiet times: 10 ms to the gateway and back, 20 ms to the anchor.
const CALM: &str = "both delay_us=5000 jitter_us=0 wan_delay_us=5000 wan_jitter_us=0 rate_kbit=0";
/// How long a cause lasts: several probes, and far less than a path's memory.
const LASTS: Duration = Duration::from_millis(1500);
/// So long a hog leaves the machine to nobody else.
const HOG_MS: &str = "400";
/// A spike is told two seconds after it; on a busy machine later.
const PATIENCE: Duration = Duration::from_secs(12);
/// Between two causes: the paths are calm again, and no loss is usual by then.
const REST: Duration = Duration::from_secs(2);
/// Probes until a path's usual round trip is known, and some.
const WARM: Duration = Duration::from_secs(8);
const POLL: Duration = Duration::from_millis(100);
/// What an upload sends: a full frame every millisecond and a half, 6.4 Mbit/s.
const UPLOAD_BYTES: usize = 1200;
const UPLOAD_PAUSE: Duration = Duration::from_micros(1500);

/// Something that makes a ping spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Something of high priority keeps all processors to itself.
    CpuHog,
    /// The way to the gateway, and so to everywhere, takes now longer and now shorter.
    GatewayJitter,
    /// Only the way beyond the gateway does.
    WanJitter,
    /// The link loses its carrier and gets it back.
    LinkFlap,
    /// An upload fills the queue of a slow line at its far end.
    LineQueue,
    /// An upload fills the queue of this machine's own interface.
    OwnQueue,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::CpuHog,
        Self::GatewayJitter,
        Self::WanJitter,
        Self::LinkFlap,
        Self::LineQueue,
        Self::OwnQueue,
    ];

    /// Who is to be blamed for it, in the words of `evenkeel spikes --json`.
    pub fn culprit(self) -> &'static str {
        match self {
            Self::CpuHog | Self::OwnQueue => "device",
            Self::GatewayJitter | Self::LinkFlap | Self::LineQueue => "line",
            Self::WanJitter => "internet",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CpuHog => "CPU hog",
            Self::GatewayJitter => "gateway jitter",
            Self::WanJitter => "WAN-only jitter",
            Self::LinkFlap => "link flap",
            Self::LineQueue => "queue on the line",
            Self::OwnQueue => "queue of its own",
        })
    }
}

/// Whom the helper blamed, and by which rule: its words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// `none` when no spike was told at all.
    pub culprit: String,
    /// The rule.
    pub rule: String,
}

/// A lab with somebody who listens to spikes.
#[derive(Debug)]
pub struct Bench {
    scene: Scene,
    listener: Proc,
}

impl Bench {
    /// Builds it, and waits until the paths are known.
    ///
    /// # Errors
    /// When the lab or one of its programs fails.
    pub fn start() -> Result<Self, LabError> {
        let scene = Scene::start(&separate(2))?;
        for uplink in scene.lab.uplinks() {
            scene.lab.link(uplink.name)?.set(CALM)?;
        }
        let listener = scene.evenkeel("player", &["spikes", "--json"])?.spawn()?;
        std::thread::sleep(WARM);
        Ok(Self { scene, listener })
    }

    /// Where it happens.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Lets one cause happen, and waits for whom the helper blames.
    ///
    /// # Errors
    /// When the cause can't be planted, or the listener has ended.
    pub fn trial(&mut self, cause: Cause) -> Result<Verdict, LabError> {
        std::thread::sleep(REST);
        let from_ns = monotonic_ns();
        self.plant(cause)?;
        let until_ns = monotonic_ns();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !self.listener.is_running() {
                let said = self.listener.stderr_text();
                return Err(LabError::Invalid(format!("the listener has ended: {said}")));
            }
            if let Some(verdict) = self.verdict(cause, from_ns, until_ns) {
                return Ok(verdict);
            }
            if Instant::now() > deadline {
                return Ok(Verdict {
                    culprit: "none".into(),
                    rule: "none".into(),
                });
            }
            std::thread::sleep(POLL);
        }
    }

    /// What was told of the uplink that the cause was planted on, or for a hog of anything.
    fn verdict(&self, cause: Cause, from_ns: u64, until_ns: u64) -> Option<Verdict> {
        let text = self.listener.stdout_text();
        let spikes = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let during = |spike: &Value| {
            let at = |field: &str| spike[field].as_u64().unwrap_or(0);
            at("from_monotonic_ns") <= until_ns && from_ns <= at("until_monotonic_ns")
        };
        let told: Vec<Value> = spikes.filter(during).collect();
        let here = |spike: &&Value| cause == Cause::CpuHog || spike["uplink"] == UPLINK;
        let spike = told.iter().find(here)?;
        let word = |field: &str| spike[field].as_str().unwrap_or_default().to_owned();
        Some(Verdict {
            culprit: word("culprit"),
            rule: word("rule"),
        })
    }

    /// What the listener heard, for a look at what went wrong.
    pub fn heard(&self) -> String {
        self.listener.stdout_text()
    }

    fn plant(&self, cause: Cause) -> Result<(), LabError> {
        let lab = &self.scene.lab;
        let link = lab.link(UPLINK)?;
        match cause {
            Cause::CpuHog => self.hog(),
            Cause::GatewayJitter => {
                link.set("both jitter_us=80000")?;
                std::thread::sleep(LASTS);
                link.set(CALM)
            }
            Cause::WanJitter => {
                link.set("both wan_jitter_us=80000")?;
                std::thread::sleep(LASTS);
                link.set(CALM)
            }
            Cause::LinkFlap => {
                lab.set_carrier(UPLINK, false)?;
                std::thread::sleep(LASTS / 2);
                lab.set_carrier(UPLINK, true)
            }
            Cause::LineQueue => {
                link.set("both rate_kbit=4000 queue_us=300000")?;
                self.upload()?;
                link.set(CALM)
            }
            Cause::OwnQueue => {
                self.shape(
                    &["replace", "dev", UPLINK, "root", "tbf"],
                    &["rate", "4mbit", "burst", "8k", "limit", "120k"],
                )?;
                let sent = self.upload();
                self.shape(&["del", "dev", UPLINK, "root"], &[])?;
                sent
            }
        }
    }

    fn shape(&self, what: &[&str], how: &[&str]) -> Result<(), LabError> {
        let line = [&["tc", "qdisc"], what, how].concat();
        self.scene.lab.command("pc", line).text().map(drop)
    }

    /// On all processors, above everything but the emulators.
    fn hog(&self) -> Result<(), LabError> {
        let line = ["chrt", "--fifo", "10", "evenkeel-lab", "spin", HOG_MS];
        self.scene.lab.command("pc", line).text().map(drop)
    }

    /// Sends more than the line takes, from the uplink's own address.
    fn upload(&self) -> Result<(), LabError> {
        let source = self.scene.lab.uplink(UPLINK)?.host_v4();
        self.scene.lab.inside("pc", || {
            let what = || "uploading".to_owned();
            let socket = UdpSocket::bind((source, 0)).context(what)?;
            // Nobody listens there; the answers that say so must not stop us.
            let target = (ANCHOR_V4, 9);
            let end = Instant::now() + LASTS;
            let mut due = Instant::now();
            while Instant::now() < end {
                let _ = socket.send_to(&[0; UPLOAD_BYTES], target);
                due += UPLOAD_PAUSE;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            Ok(())
        })
    }
}

/// How often whom was blamed for what.
#[derive(Debug, Clone, Default)]
pub struct Confusion(BTreeMap<Cause, BTreeMap<Verdict, usize>>);

impl Confusion {
    /// Counts one verdict.
    pub fn add(&mut self, cause: Cause, verdict: Verdict) {
        *self.0.entry(cause).or_default().entry(verdict).or_default() += 1;
    }

    /// How often a cause was blamed right, of how many trials.
    pub fn right(&self, cause: Cause) -> (usize, usize) {
        let verdicts = self.0.get(&cause).into_iter().flatten();
        verdicts.fold((0, 0), |(right, all), (verdict, count)| {
            let is_right = verdict.culprit == cause.culprit();
            (right + if is_right { *count } else { 0 }, all + count)
        })
    }

    /// A line for each cause: how often it was blamed right, and whom else the rest was put on.
    pub fn lines(&self) -> Vec<String> {
        let line = |cause: &Cause, verdicts: &BTreeMap<Verdict, usize>| {
            let (right, all) = self.right(*cause);
            let each: Vec<String> = verdicts
                .iter()
                .map(|(verdict, count)| format!("{} by {} {count}", verdict.culprit, verdict.rule))
                .collect();
            format!(
                "{cause:<17} {right} of {all} blamed on {}: {}",
                cause.culprit(),
                each.join(", ")
            )
        };
        self.0
            .iter()
            .map(|(cause, verdicts)| line(cause, verdicts))
            .collect()
    }
}

pub(crate) fn monotonic_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| {
        now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusion_counts_the_right_and_names_the_wrong() {
        let mut confusion = Confusion::default();
        let verdict = |culprit: &str, rule: &str| Verdict {
            culprit: culprit.into(),
            rule: rule.into(),
        };
        for _ in 0..9 {
            confusion.add(Cause::WanJitter, verdict("internet", "beyond"));
        }
        confusion.add(Cause::WanJitter, verdict("line", "near"));
        assert_eq!(confusion.right(Cause::WanJitter), (9, 10));
        assert_eq!(confusion.right(Cause::CpuHog), (0, 0));
        assert_eq!(
            confusion.lines(),
            ["WAN-only jitter   9 of 10 blamed on internet: internet by beyond 9, line by near 1"]
        );
    }
}
