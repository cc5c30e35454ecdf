//! What points stand on: the lab's scene, made when first asked for and again after a failure, the
//! machine's lowpower sysctls, and ways to say what was found instead of what must be.

use std::fmt::Debug;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::scene::Scene;
use crate::tools::LAB_PATH;
use crate::vm::report::{MARK, carry_line};
use crate::vm::root::{PACKAGING, STUB};
use crate::{LabSpec, Routes};

/// How a point ends.
pub type Outcome = Result<(), LabError>;

/// Emulation on a busy host: what matters is that it happens.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// One of the sysctls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// `lowpower_ema_k_factor`
    Ema,
    /// `lowpower_power_cost_weight`
    Cost,
    /// `lowpower_prefer_busy`, which only our patch has.
    Busy,
}

impl Knob {
    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Ema => "/proc/sys/net/ipv4/lowpower_ema_k_factor",
            Self::Cost => "/proc/sys/net/ipv4/lowpower_power_cost_weight",
            Self::Busy => "/proc/sys/net/ipv4/lowpower_prefer_busy",
        }
    }

    /// The value in force in the caller's network namespace; `None` when there is none.
    pub fn value(self) -> Option<String> {
        let text = fs::read_to_string(self.path()).ok()?;
        Some(text.trim().to_owned())
    }

    /// One write of a text in the caller's network namespace: the bytes taken.
    ///
    /// # Errors
    /// The kernel's.
    pub fn write(self, text: &str) -> io::Result<usize> {
        OpenOptions::new()
            .write(true)
            .open(self.path())?
            .write(text.as_bytes())
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Bench {
    scene: Option<Scene>,
    said: Vec<String>,
}

impl Bench {
    /// The lab with everything running, at the sysctls' defaults and with nothing held.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn scene(&mut self) -> Result<&mut Scene, LabError> {
        if self.scene.is_none() {
            self.scene = Some(Scene::start(&spec())?);
        }
        let scene = self.scene.as_mut();
        scene.ok_or_else(|| LabError::Invalid("there is no scene".into()))
    }

    /// Ends the lab.
    pub fn clear(&mut self) {
        self.scene = None;
    }

    /// Says something to a person who reads the report.
    pub fn note(&mut self, words: &str) {
        self.said.push(format!("{MARK} note {words}"));
    }

    /// Brings a file to the next machine.
    pub fn carry(&mut self, name: &str, bytes: &[u8]) {
        self.said.push(carry_line(name, bytes));
    }

    /// The lines that were said since the last time.
    pub fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

/// The lab of a virtual machine.
fn spec() -> LabSpec {
    LabSpec {
        routes: Routes::Multipath,
        packaging: Some(PathBuf::from(PACKAGING)),
        ..LabSpec::default()
    }
}

/// Both sysctls of a network namespace of the lab.
///
/// # Errors
/// When the namespace can't be entered.
pub fn pair(scene: &Scene, namespace: &str) -> Result<(String, String), LabError> {
    scene.lab.inside(namespace, || {
        let value = |knob: Knob| knob.value().unwrap_or_else(|| "absent".into());
        Ok((value(Knob::Ema), value(Knob::Cost)))
    })
}

/// Somebody else, with every right, sets a sysctl in the lab's `pc`.
///
/// # Errors
/// The kernel's.
pub fn set_behind(scene: &Scene, knob: Knob, value: &str) -> Outcome {
    scene.lab.inside("pc", || {
        let text = format!("{value}\n");
        let taken = knob.write(&text);
        taken.context(|| format!("writing {value} to {}", knob.path()))?;
        Ok(())
    })
}

/// Loads the module that stands in for the patch, where there is one and it is not loaded. A lab that
/// runs is ended first: its helper has seen another kernel.
///
/// # Errors
/// When it can't be loaded, or the sysctls are still not there.
pub fn register(bench: &mut Bench) -> Outcome {
    if Knob::Ema.value().is_none() && fs::exists(STUB).unwrap_or(false) {
        bench.clear();
        let output = Command::new("insmod")
            .arg(STUB)
            .env("PATH", LAB_PATH)
            .output()
            .context(|| "starting insmod".into())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        must(output.status.success(), || format!("insmod: {said}"))?;
    }
    must(
        Knob::Ema.value().is_some() && Knob::Cost.value().is_some(),
        || "this kernel has no lowpower sysctls".into(),
    )
}

/// Fails with what was found when it does not hold.
///
/// # Errors
/// When it does not hold.
pub fn must(holds: bool, found: impl FnOnce() -> String) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(LabError::Invalid(found()))
    }
}

/// Fails when two values differ.
///
/// # Errors
/// When they do.
#[allow(
    clippy::needless_pass_by_value,
    reason = "points compare what they just made"
)]
pub fn equal<A: PartialEq<B> + Debug, B: Debug>(what: &str, found: A, wanted: B) -> Outcome {
    must(found == wanted, || {
        format!("{what} is {found:?}, not {wanted:?}")
    })
}

/// Waits until both sysctls of `pc` are these.
///
/// # Errors
/// When they do not become so; they are told.
pub fn wait_for_pair(scene: &Scene, ema: &str, cost: &str) -> Outcome {
    let wanted = (ema.to_owned(), cost.to_owned());
    let _ = wait_until("the values", PATIENCE, || Ok(pair(scene, "pc")? == wanted));
    equal("the pair of values", pair(scene, "pc")?, wanted)
}
