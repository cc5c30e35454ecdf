//! What this kernel really does with two nexthops, tried out without a privilege: a child of this very
//! program makes a user and a network namespace, two paths in it and a few thousand small packets, and
//! counts where they went. Nothing outside is changed, and nothing leaves the machine.
//!
//! Not for judging: [`evenkeel_core::behaviour`] does. [`inside`] is the child's part.

pub mod forbidden;
mod inside;
pub mod kept;
mod lab;
mod traffic;

use std::process::Stdio;
use std::time::Duration;

use evenkeel_core::behaviour;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

pub use inside::step;

/// What this program is called as the child; nobody types it.
const STEP: &str = "evenkeel: trying the kernel";
/// This very program, also where its file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";
/// How long a trial may take; an emulated machine takes its time.
const PATIENCE: Duration = Duration::from_mins(3);
/// The longest answer read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;
/// Raised only when a field changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// [`behaviour::Verdict`] as it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Stock: a hash spreads new connections.
    StockHashing,
    /// The sysctls are there and without effect.
    NoEffect,
    /// The first nexthop takes everything.
    FirstOnly,
    /// The busy path wins.
    BusyWins,
    /// The steadier, less loaded path wins.
    SteadyWins,
    /// It could not be told.
    Unclear,
}

impl From<behaviour::Verdict> for Verdict {
    fn from(verdict: behaviour::Verdict) -> Self {
        match verdict {
            behaviour::Verdict::StockHashing => Self::StockHashing,
            behaviour::Verdict::NoEffect => Self::NoEffect,
            behaviour::Verdict::FirstOnly => Self::FirstOnly,
            behaviour::Verdict::BusyWins => Self::BusyWins,
            behaviour::Verdict::SteadyWins => Self::SteadyWins,
            behaviour::Verdict::Unclear => Self::Unclear,
        }
    }
}

/// Flows by the first and by the second nexthop, under three conditions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Nothing else was sent.
    pub idle: [u32; 2],
    /// The first path was busy.
    pub first_loaded: [u32; 2],
    /// The second path was busy.
    pub second_loaded: [u32; 2],
}

impl Counts {
    fn trial(self) -> behaviour::Trial {
        let split = |[first, second]: [u32; 2]| behaviour::Split { first, second };
        behaviour::Trial {
            idle: split(self.idle),
            first_loaded: split(self.first_loaded),
            second_loaded: split(self.second_loaded),
        }
    }
}

/// What was found on one kind of device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// What it comes to.
    pub verdict: Verdict,
    /// Flows that leave the choice of their source address to the kernel.
    pub unbound: Counts,
    /// Flows from an address of this machine that belongs to neither path.
    pub foreign: Counts,
}

impl Device {
    fn of(unbound: Counts, foreign: Counts, sysctls: bool) -> Self {
        let seen = behaviour::behaviour(&[unbound.trial(), foreign.trial()]);
        Self {
            verdict: behaviour::verdict(seen, sysctls).into(),
            unbound,
            foreign,
        }
    }
}

/// The lowpower sysctls as they were in force, and so in the trial, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sysctls {
    /// `lowpower_ema_k_factor`.
    pub ema_k_factor: i64,
    /// `lowpower_power_cost_weight`. One outside 0..=10000 was not taken into the trial.
    pub power_cost_weight: i64,
    /// `lowpower_prefer_busy`, which only Evenkeel's own patch has.
    pub prefer_busy: Option<i64>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The kernel that was tried.
    pub kernel_release: String,
    /// The lowpower sysctls; `None` on a stock kernel.
    pub sysctls: Option<Sysctls>,
    /// On an ordinary network card, whose packets lose their route before they are sent.
    pub ordinary: Device,
    /// On a device whose packets keep it: one of the paths is the loopback device.
    pub keeping: Device,
}

impl Report {
    /// What the second kind of device shows beyond the first: a winner, where the first has none.
    pub fn says_more(&self) -> Option<Verdict> {
        let winner = |verdict| matches!(verdict, Verdict::BusyWins | Verdict::SteadyWins);
        let keeping = self.keeping.verdict;
        (winner(keeping) && !winner(self.ordinary.verdict)).then_some(keeping)
    }
}

/// Why nothing came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failed {
    /// This system does not let its users try it.
    Forbidden(forbidden::Why),
    /// Anything else, in the system's words.
    Broken(String),
}

/// Tries it. Takes some seconds; to be called inside a tokio runtime. Dropping it ends the trial.
///
/// # Errors
/// [`Failed`].
pub async fn check() -> Result<Report, Failed> {
    let broken = |error: std::io::Error| Failed::Broken(error.to_string());
    let mut child = Command::new(OURSELVES)
        .arg0(STEP)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(broken)?;
    let stdout = child.stdout.take();
    let answer = async {
        let mut answer = Vec::new();
        if let Some(stdout) = stdout {
            let mut bounded = stdout.take(MAX_ANSWER_BYTES);
            let _ = bounded.read_to_end(&mut answer).await?;
        }
        let _ = child.wait().await?;
        Ok(answer)
    };
    let late = |_| {
        let seconds = PATIENCE.as_secs();
        Failed::Broken(format!("it took more than {seconds} s"))
    };
    let answer = timeout(PATIENCE, answer).await.map_err(late)?;
    let answer = answer.map_err(broken)?;
    serde_json::from_slice(&answer)
        .unwrap_or_else(|_| Err(Failed::Broken("the trial broke off".to_owned())))
}
