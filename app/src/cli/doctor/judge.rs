//! What the facts about an installation mean, and what to do about each. Pure: facts in, findings out;
//! nothing here looks at the machine.

use evenkeel_dbus::{Lowpower, action};
use serde::Serialize;

use super::known::{Decky, Facts, Files, Helper, Part};
use crate::installation::{self, Found, remedy};

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
            why.clone(),
            "start dbus; inside a container or sandbox, let the system bus in",
        ));
        return findings;
    }
    findings.push(fine("bus", "the system bus answers"));
    findings.extend(immutable(facts));
    if is_absent(facts) {
        // Everything else that is missing follows from it.
        findings.push(absent(facts));
        return findings;
    }
    findings.push(helper(facts));
    findings.extend(activation(facts));
    findings.extend(unit(facts));
    findings.push(polkit(facts));
    findings.extend(plugin(facts));
    findings.extend(version(facts));
    findings.extend(kernel(facts));
    findings.extend(ping(facts));
    findings
}

/// Nothing of the helper is on this system, as far as can be seen.
fn is_absent(facts: &Facts) -> bool {
    let unknown = facts.unit.is_none() && facts.activatable != Some(true);
    matches!(facts.helper, Helper::Silent(_))
        && facts.immutable.is_none()
        && match &facts.files {
            Some(files) => files.missing().len() == Part::ALL.len(),
            None => unknown,
        }
}

fn absent(facts: &Facts) -> Finding {
    let what = if facts.flatpak {
        "the helper is not installed: without it Evenkeel measures, and changes nothing"
    } else {
        "the helper is not installed on this system: Evenkeel measures, and changes nothing"
    };
    problem("helper", what, install_todo(facts))
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
        _ if failed && facts.immutable.is_some() => {
            format!("{MEND}; if it still does not come up, see why: journalctl -u evenkeeld")
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
    let keeps = facts.immutable?.keeps;
    let missing = facts.files.iter().flat_map(Files::missing);
    let missing: Vec<_> = missing.map(Part::words).collect();
    Some(if !missing.is_empty() {
        let what = format!(
            "a system update took files of Evenkeel's away: {}",
            missing.join(", ")
        );
        problem(id, what, MEND)
    } else if keeps {
        fine(id, "system updates keep Evenkeel's files")
    } else {
        problem(
            id,
            "the next system update would take Evenkeel's files away",
            MEND,
        )
    })
}

/// The Decky plugin has no session, so polkit lets it in by a rule that the player copies.
fn plugin(facts: &Facts) -> Option<Finding> {
    let id = "plugin";
    let Decky { rule, source } = facts.decky.as_ref()?;
    let copy = source
        .as_ref()
        .map(|source| format!("sudo install -m 644 {source} /etc/polkit-1/rules.d/"));
    Some(match (rule, copy) {
        (Some(true), _) => fine(id, "Decky is here, and its plugin is let in"),
        (Some(false), Some(copy)) => note(id, "Decky is here, its plugin is not let in", copy),
        (Some(false), None) => note(
            id,
            "Decky is here, its plugin is not let in",
            install_todo(facts),
        ),
        (None, _) => fine(
            id,
            "Decky is here; whether its plugin is let in only root can see: sudo evenkeel doctor",
        ),
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
