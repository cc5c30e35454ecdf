//! Each thing that can be wrong is named, and what to do about it is the thing that helps.

use super::super::known::{About, Immutable, Unit};
use super::*;
use crate::installation::System;

fn healthy() -> Facts {
    Facts {
        version: "0.1.0".into(),
        flatpak: false,
        bus: Ok(()),
        helper: Helper::Answers(About {
            version: "0.1.0".into(),
            lowpower: Lowpower::Absent,
            uplinks: vec!["wifi0".into(), "usb0".into()],
            reason: "ready".into(),
            last_error: None,
        }),
        activatable: Some(true),
        files: Some(Files(Part::ALL.to_vec())),
        immutable: None,
        decky: None,
        actions: Ok(ACTIONS.map(str::to_owned).to_vec()),
        unit: Some(Unit {
            active: "active".into(),
            file: "disabled".into(),
        }),
        found: Found {
            system: System::Apt,
            ..Found::default()
        },
        ping_groups: Some((1, 0)),
    }
}

const NOTHING: Files = Files(Vec::new());

fn silent() -> Helper {
    Helper::Silent("no such name".into())
}

/// The worst finding's id and what to do about it.
fn worst(facts: &Facts) -> (&'static str, String) {
    let findings = judge(facts);
    let level = findings.iter().map(|finding| finding.level).max();
    let worst = findings
        .into_iter()
        .find(|finding| Some(finding.level) == level);
    worst
        .map(|finding| (finding.id, finding.todo.unwrap_or_default()))
        .unwrap()
}

#[test]
fn a_healthy_installation_has_nothing_to_do() {
    for finding in judge(&healthy()) {
        assert_eq!(
            (finding.level, finding.todo),
            (Level::Fine, None),
            "{}",
            finding.what
        );
    }
}

#[test]
fn whatever_is_not_fine_says_what_to_do() {
    let bare = Facts {
        helper: silent(),
        activatable: Some(false),
        files: Some(NOTHING),
        actions: Err("gone".into()),
        unit: None,
        immutable: Some(Immutable { keeps: false }),
        ping_groups: None,
        ..healthy()
    };
    let findings = judge(&bare);
    assert!(
        findings
            .iter()
            .filter(|finding| finding.level == Level::Problem)
            .count()
            >= 3
    );
    for finding in findings {
        assert_eq!(
            finding.todo.is_none(),
            finding.level == Level::Fine,
            "{}",
            finding.what
        );
    }
}

#[test]
fn without_a_bus_nothing_else_is_judged() {
    let facts = Facts {
        bus: Err("no socket".into()),
        ..healthy()
    };
    assert_eq!(judge(&facts).len(), 1);
    assert_eq!(worst(&facts).0, "bus");
}

#[test]
fn a_silent_helper_is_told_by_its_cause() {
    let silent = Facts {
        helper: silent(),
        ..healthy()
    };
    let with = |change: &dyn Fn(&mut Facts)| {
        let mut facts = silent.clone();
        change(&mut facts);
        let (id, _) = worst(&facts);
        assert!(["helper", "unit", "updates"].contains(&id), "{id}");
        let helper = judge(&facts)
            .into_iter()
            .find(|finding| finding.id == "helper")
            .unwrap();
        assert_eq!(helper.level, Level::Problem);
        helper.todo.unwrap()
    };
    assert!(with(&|_| ()).contains("journalctl -u evenkeeld"));
    let missing = with(&|facts| {
        facts.files = Some(NOTHING);
        facts.activatable = Some(false);
        facts.unit = None;
    });
    assert!(
        missing.contains("sudo apt install ./evenkeel_*.deb"),
        "{missing}"
    );
    let unread = with(&|facts| facts.activatable = Some(false));
    assert!(unread.contains("reload dbus"), "{unread}");
    let masked = with(&|facts| facts.unit.as_mut().unwrap().file = "masked".into());
    assert!(masked.contains("unmask"), "{masked}");
    let deck = with(&|facts| {
        facts.immutable = Some(Immutable { keeps: true });
        facts.activatable = Some(false);
    });
    assert!(deck.contains("enable --now"), "{deck}");
    let updated = with(&|facts| {
        facts.immutable = Some(Immutable { keeps: false });
        facts.activatable = Some(false);
        facts.files = Some(NOTHING);
        facts.unit = None;
    });
    assert!(updated.contains("--mend"), "{updated}");
    let sandbox = with(&|facts| {
        facts.flatpak = true;
        facts.files = None;
        facts.activatable = Some(false);
        facts.unit = None;
    });
    assert!(sandbox.contains("on the system itself"), "{sandbox}");
}

#[test]
fn what_is_not_installed_is_said_once_and_kindly() {
    let nothing = Facts {
        helper: Helper::Silent("org.freedesktop.DBus.Error.ServiceUnknown".into()),
        activatable: Some(false),
        files: Some(NOTHING),
        unit: None,
        actions: Ok(Vec::new()),
        ..healthy()
    };
    let wrong = |facts: &Facts| {
        let all = judge(facts).into_iter();
        let wrong: Vec<_> = all
            .filter(|finding| finding.level == Level::Problem)
            .collect();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        wrong.into_iter().next().unwrap()
    };
    let finding = wrong(&nothing);
    assert!(finding.what.contains("is not installed"), "{finding:?}");
    assert!(!finding.what.contains("org.freedesktop"), "{finding:?}");
    let sandbox = Facts {
        flatpak: true,
        files: None,
        ..nothing
    };
    assert!(wrong(&sandbox).what.contains("is not installed"));
}

#[test]
fn files_that_an_update_took_away_come_first_with_the_command_that_brings_them_back() {
    let updated = Facts {
        helper: silent(),
        activatable: Some(false),
        files: Some(Files(vec![Part::Unit])),
        actions: Ok(Vec::new()),
        immutable: Some(Immutable { keeps: false }),
        ..healthy()
    };
    let (id, todo) = worst(&updated);
    assert_eq!((id, todo.as_str()), ("updates", MEND));
    let failed = Facts {
        files: Some(Files(Part::ALL.to_vec())),
        immutable: Some(Immutable { keeps: true }),
        unit: Some(Unit {
            active: "failed".into(),
            file: "enabled".into(),
        }),
        ..updated
    };
    assert!(worst(&failed).1.contains("--mend"));
}

#[test]
fn the_plugins_rule_is_asked_for_only_where_decky_is_and_it_is_known_to_be_missing() {
    let with = |rule: Option<bool>| {
        let facts = Facts {
            decky: Some(Decky {
                rule,
                source: Some("/usr/share/x.rules".into()),
            }),
            ..healthy()
        };
        let mut found = judge(&facts).into_iter();
        found.find(|finding| finding.id == "plugin").unwrap()
    };
    assert_eq!(with(Some(true)).level, Level::Fine);
    assert_eq!(with(None).level, Level::Fine);
    let missing = with(Some(false));
    assert_eq!(
        missing.todo.as_deref(),
        Some("sudo install -m 644 /usr/share/x.rules /etc/polkit-1/rules.d/")
    );
    assert!(
        judge(&healthy())
            .iter()
            .all(|finding| finding.id != "plugin")
    );
}

#[test]
fn a_refused_call_is_the_buss_policy() {
    let refused = Facts {
        helper: Helper::Refused("not allowed".into()),
        ..healthy()
    };
    assert!(worst(&refused).1.contains("reload dbus"));
    let missing = Facts {
        files: Some(Files(vec![Part::Activation, Part::Actions, Part::Unit])),
        ..refused
    };
    assert!(worst(&missing).1.contains("bus policy is missing"));
}

#[test]
fn an_action_that_polkit_lacks_is_named() {
    let facts = Facts {
        actions: Ok(vec![action::OBSERVE.into()]),
        ..healthy()
    };
    let findings = judge(&facts);
    let polkit = findings
        .iter()
        .find(|finding| finding.id == "polkit")
        .unwrap();
    assert!(polkit.what.contains(action::TUNE) && !polkit.what.contains(action::OBSERVE));
    assert!(polkit.todo.as_ref().unwrap().contains("126"));
    let gone = Facts {
        actions: Err("no polkit".into()),
        ..healthy()
    };
    assert_eq!(worst(&gone).0, "polkit");
}

#[test]
fn other_versions_single_uplinks_and_errors_are_notes() {
    let mut facts = healthy();
    facts.version = "0.2.0".into();
    assert_eq!(worst(&facts).0, "version");
    let mut facts = healthy();
    if let Helper::Answers(about) = &mut facts.helper {
        about.uplinks.pop();
    }
    assert_eq!(worst(&facts).0, "uplinks");
    let mut facts = healthy();
    if let Helper::Answers(about) = &mut facts.helper {
        about.last_error = Some("it broke".into());
    }
    assert_eq!(worst(&facts).0, "last-error");
    assert!(
        judge(&facts)
            .iter()
            .all(|finding| finding.level < Level::Problem)
    );
}

#[test]
fn a_failed_unit_and_a_missing_keep_list_are_problems() {
    let mut facts = healthy();
    facts.unit.as_mut().unwrap().active = "failed".into();
    assert_eq!(worst(&facts).0, "unit");
    let mut facts = healthy();
    facts.immutable = Some(Immutable { keeps: false });
    assert_eq!(worst(&facts), ("updates", MEND.to_owned()));
}
