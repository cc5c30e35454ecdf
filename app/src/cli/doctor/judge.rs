//! What the facts about an installation mean, and what to do about each. Pure: facts in, findings out;
//! nothing here looks at the machine.

use evenkeel_dbus::{Lowpower, action};
use serde::Serialize;

use crate::installation::{self, Found, remedy};

/// How the helper answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Helper {
    /// It does; what it says of itself.
    Answers(About),
    /// Nobody answered, in the bus's words.
    Silent(String),
    /// The bus or the helper said no.
    Refused(String),
}

/// What a helper that answers says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: String,
    /// What it found of the patched kernel.
    pub lowpower: Lowpower,
    /// The names of the uplinks.
    pub uplinks: Vec<String>,
    /// Why it steers or does not, in words.
    pub reason: String,
    /// The last thing that went wrong on its own.
    pub last_error: Option<String>,
}

/// A file of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// With this the bus starts the helper.
    Activation,
    /// With this the bus lets calls through.
    Policy,
    /// With this polkit knows the actions.
    Actions,
    /// The helper's unit.
    Unit,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Activation, Self::Policy, Self::Actions, Self::Unit];
}

/// The parts that are there; not to be seen from inside a Flatpak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(pub Vec<Part>);

impl Files {
    fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}

/// Where Evenkeel was installed by the installer for read-only systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Immutable {
    /// The list of files that system updates keep is there.
    pub keeps: bool,
}

/// The unit, as far as systemd tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// `active`, `inactive`, `failed`, ...
    pub active: String,
    /// `enabled`, `disabled`, `masked`, ...
    pub file: String,
}

/// All that was found out. `None` is what could not be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// This program's version.
    pub version: String,
    /// True inside a Flatpak.
    pub flatpak: bool,
    /// The system bus, or why it cannot be reached.
    pub bus: Result<(), String>,
    /// The helper.
    pub helper: Helper,
    /// The bus can start the helper.
    pub activatable: Option<bool>,
    /// Files of the installation.
    pub files: Option<Files>,
    /// Set where the installer for read-only systems was used.
    pub immutable: Option<Immutable>,
    /// polkit's actions that are ours, or why it did not say.
    pub actions: Result<Vec<String>, String>,
    /// The unit.
    pub unit: Option<Unit>,
    /// How software comes into this system.
    pub found: Found,
    /// The group ids that may open ICMP sockets.
    pub ping_groups: Option<(u32, u32)>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Fine,
    /// Worth knowing; nothing is broken.
    Note,
    /// Evenkeel does not work because of it.
    Problem,
}

/// One line of the diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at; stable, for scripts.
    pub id: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub todo: Option<String>,
}

const RELOAD: &str = "sudo systemctl daemon-reload && sudo systemctl reload dbus";
const MEND: &str = "sudo /opt/evenkeel/libexec/install.sh --mend";
const ACTIONS: [&str; 3] = [action::OBSERVE, action::GAME_MODE, action::TUNE];

/// What the facts mean, from the bus to the kernel.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(why) = &facts.bus {
        findings.push(problem(
            "bus",
            format!("the system bus cannot be reached: {why}"),
            "start dbus; inside a container or sandbox, let the system bus in",
        ));
        return findings;
    }
    findings.push(fine("bus", "the system bus answers"));
    findings.push(helper(facts));
    findings.extend(activation(facts));
    findings.extend(unit(facts));
    findings.push(polkit(facts));
    findings.extend(version(facts));
    findings.extend(immutable(facts));
    findings.extend(kernel(facts));
    findings.extend(ping(facts));
    findings
}

fn helper(facts: &Facts) -> Finding {
    let id = "helper";
    match &facts.helper {
        Helper::Answers(about) => {
            fine(id, format!("the helper answers, version {}", about.version))
        }
        Helper::Refused(why) => {
            let what = format!("the helper may not be called: {why}");
            problem(id, what, policy_todo(facts))
        }
        Helper::Silent(why) => {
            let what = format!("the helper cannot be reached: {why}");
            problem(id, what, silent_todo(facts))
        }
    }
}

fn policy_todo(facts: &Facts) -> String {
    if facts
        .files
        .as_ref()
        .is_some_and(|files| !files.has(Part::Policy))
    {
        return format!("the bus policy is missing: {}", install_todo(facts));
    }
    format!("have the bus read its policies again: {RELOAD}")
}

fn silent_todo(facts: &Facts) -> String {
    let masked = facts
        .unit
        .as_ref()
        .is_some_and(|unit| unit.file == "masked");
    let failed = facts
        .unit
        .as_ref()
        .is_some_and(|unit| unit.active == "failed");
    match &facts.files {
        _ if masked => "its unit is masked: sudo systemctl unmask evenkeeld".into(),
        Some(files) if !files.has(Part::Unit) && !files.has(Part::Activation) => {
            install_todo(facts)
        }
        _ if failed || facts.activatable == Some(true) => {
            "it was started and did not come up; the reason stands in: journalctl -u evenkeeld"
                .into()
        }
        Some(files) if files.has(Part::Activation) && facts.immutable.is_none() => {
            format!("it is installed, but the bus does not know it yet: {RELOAD}")
        }
        Some(_) if facts.immutable.is_some() => {
            "start it now and at boot: sudo systemctl enable --now evenkeeld".into()
        }
        _ => install_todo(facts),
    }
}

/// How to install the helper, also over one that is not whole.
fn install_todo(facts: &Facts) -> String {
    if facts.immutable.is_some() {
        return MEND.into();
    }
    let nothing = Found {
        activatable: false,
        files: installation::Files::None,
        ..facts.found
    };
    let remedy = remedy(&nothing);
    if facts.flatpak {
        let command = remedy.command();
        format!("install the helper on the system itself, for a Flatpak cannot hold it: {command}")
    } else {
        format!(
            "install it (again) {}: {}",
            remedy.place(),
            remedy.command()
        )
    }
}

fn activation(facts: &Facts) -> Option<Finding> {
    let id = "activation";
    let enabled = facts
        .unit
        .as_ref()
        .is_some_and(|unit| unit.file == "enabled");
    match (facts.activatable?, enabled) {
        (true, _) => Some(fine(id, "the bus starts the helper when it is needed")),
        (false, true) => Some(fine(id, "the helper runs from boot on")),
        // Said already by what to do about a silent helper.
        (false, false) if matches!(facts.helper, Helper::Silent(_)) => None,
        (false, false) => Some(note(
            id,
            "the helper runs now, but neither the bus nor a boot starts it",
            "sudo systemctl enable evenkeeld",
        )),
    }
}

fn unit(facts: &Facts) -> Option<Finding> {
    let unit = facts.unit.as_ref()?;
    let what = format!(
        "the unit evenkeeld.service is {}, {}",
        unit.active, unit.file
    );
    Some(match (unit.active.as_str(), unit.file.as_str()) {
        ("failed", _) => problem(
            "unit",
            what,
            "see why: journalctl -u evenkeeld; then: sudo systemctl restart evenkeeld",
        ),
        (_, "masked") => problem("unit", what, "sudo systemctl unmask evenkeeld"),
        _ => fine("unit", what),
    })
}

fn polkit(facts: &Facts) -> Finding {
    let id = "polkit";
    let known = match &facts.actions {
        Err(why) => {
            return problem(
                id,
                format!("polkit does not answer, so nothing may be changed: {why}"),
                "install or start polkit",
            );
        }
        Ok(known) => known,
    };
    let missing: Vec<&str> = ACTIONS
        .into_iter()
        .filter(|action| !known.iter().any(|known| known == action))
        .collect();
    if missing.is_empty() {
        return fine(id, "polkit knows Evenkeel's actions");
    }
    let todo = match &facts.files {
        Some(files) if files.has(Part::Actions) => {
            "its file is there, but polkit did not read it: sudo systemctl restart polkit; a polkit \
             before 126 reads nothing below /etc"
                .into()
        }
        _ => install_todo(facts),
    };
    problem(
        id,
        format!("polkit does not know {}", missing.join(", ")),
        todo,
    )
}

fn version(facts: &Facts) -> Option<Finding> {
    let Helper::Answers(about) = &facts.helper else {
        return None;
    };
    let id = "version";
    if about.version == facts.version {
        return Some(fine(id, "this program and the helper are of one version"));
    }
    let what = format!(
        "this program is {}, the helper {}",
        facts.version, about.version
    );
    let todo = if facts.flatpak {
        "update the Flatpak, or the helper on the system"
    } else {
        "after an update, start the new helper: sudo systemctl restart evenkeeld"
    };
    Some(note(id, what, todo))
}

fn immutable(facts: &Facts) -> Option<Finding> {
    let id = "updates";
    Some(if facts.immutable?.keeps {
        fine(id, "system updates keep Evenkeel's files")
    } else {
        problem(
            id,
            "the next system update would take Evenkeel's files away",
            MEND,
        )
    })
}

fn kernel(facts: &Facts) -> Vec<Finding> {
    let Helper::Answers(about) = &facts.helper else {
        return Vec::new();
    };
    let mut findings = vec![match about.lowpower {
        Lowpower::Absent => fine("kernel", "a stock kernel, which is all that is needed"),
        Lowpower::Present => fine("kernel", "a kernel with the lowpower patch"),
        Lowpower::Partial | Lowpower::Unreadable => note(
            "kernel",
            "a kernel with the lowpower patch, whose two settings cannot both be read",
            "see: ls -l /proc/sys/net/ipv4/lowpower_*",
        ),
    }];
    findings.push(match about.uplinks.as_slice() {
        [] => note(
            "uplinks",
            "no interface has a default gateway",
            "connect to a network",
        ),
        [one] => note(
            "uplinks",
            format!("{one} is the only uplink, so there is nothing to choose from"),
            "Evenkeel measures it; for game mode, connect a second one",
        ),
        several => fine(
            "uplinks",
            format!("uplinks: {}; {}", several.join(", "), about.reason),
        ),
    });
    if let Some(error) = &about.last_error {
        let what = format!("the last thing that went wrong: {error}");
        findings.push(note(
            "last-error",
            what,
            "evenkeel status shows what is in force",
        ));
    }
    findings
}

/// Closed is no fault: the helper has a capability for that case.
fn ping(facts: &Facts) -> Option<Finding> {
    let (low, high) = facts.ping_groups?;
    Some(if low > high {
        fine(
            "ping-groups",
            "ICMP sockets are closed to everybody; the helper uses raw ones",
        )
    } else {
        fine(
            "ping-groups",
            format!("groups {low} to {high} may open ICMP sockets"),
        )
    })
}

fn fine(id: &'static str, what: impl Into<String>) -> Finding {
    Finding {
        id,
        level: Level::Fine,
        what: what.into(),
        todo: None,
    }
}

fn note(id: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding {
        level: Level::Note,
        todo: Some(todo.into()),
        ..fine(id, what)
    }
}

fn problem(id: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding {
        level: Level::Problem,
        ..note(id, what, todo)
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
