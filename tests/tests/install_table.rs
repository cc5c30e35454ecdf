//! `packaging/install.table`: nothing that is meant to be installed is missing from it, everybody
//! who installs by it gets the same, and the parts name each other by the paths they end up at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use evenkeel_lab::install::{Installer, PACKAGES, source_tree, table};
use evenkeel_lab::tools;
use evenkeel_lab::tree::{Scratch, Tree};

const PREFIXES: [(&str, &str); 6] = [
    ("make", "/usr/local"),
    ("deb", "/usr"),
    ("arch", "/usr"),
    ("rpm", "/usr"),
    ("steamos", "/opt/evenkeel"),
    ("flatpak", "/app"),
];

fn tree(directory: &Path) -> Tree {
    Tree::of(directory, &[]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_row_is_sound_and_no_two_write_the_same_file() {
    let mut seen = BTreeMap::new();
    for row in table().unwrap() {
        let mode = if ["program", "script"].contains(&row.kind.as_str()) {
            0o755
        } else {
            0o644
        };
        assert_eq!((row.mode, row.owner.as_str()), (mode, "root"), "{row:?}");
        if ["file", "script", "template"].contains(&row.kind.as_str()) {
            assert!(source_tree().join(&row.source).is_file(), "{row:?}");
        }
        for package in &row.packages {
            let known =
                PACKAGES.contains(&package.as_str()) || ["host", "all"].contains(&package.as_str());
            assert!(known, "{row:?}");
        }
        assert_eq!(seen.insert(row.destination.clone(), row), None);
    }
}

#[test]
fn whatever_is_meant_to_be_installed_is_in_the_table() {
    let rows = table().unwrap();
    let top = source_tree();
    // The directories of one package's making belong to that package's tests.
    for directory in ["dbus", "polkit", "systemd", "sysusers", "preset", "steamos"] {
        for name in tree(&top.join("packaging").join(directory))
            .file_modes()
            .into_keys()
        {
            let source = format!("packaging/{directory}{name}");
            assert!(
                rows.iter().any(|row| row.source == source),
                "{source} is not in the table"
            );
        }
    }
    let assets = fs::read_dir(top.join("assets")).unwrap();
    for entry in assets
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_file())
    {
        let name = entry.file_name().into_string().unwrap();
        let source = format!("assets/{name}");
        // The screenshots are for the README and the software centres, which fetch them.
        let meant = !name.starts_with("screenshot");
        assert!(
            !meant || rows.iter().any(|row| row.source == source),
            "{source} is not in the table"
        );
    }
    for program in ["evenkeel", "evenkeeld"] {
        assert!(
            rows.iter()
                .any(|row| row.kind == "program" && row.source == program)
        );
    }
}

#[test]
fn the_tables_manual_pages_are_those_that_evenkeel_prints() {
    let scratch = Scratch::new("pages").unwrap();
    let evenkeel = tools::project_binary("evenkeel").unwrap();
    let status = Command::new(evenkeel)
        .arg("man")
        .arg("--dir")
        .arg(scratch.path())
        .status()
        .unwrap();
    assert!(status.success());
    let printed: Vec<String> = tree(scratch.path())
        .0
        .into_keys()
        .map(|path| path[1..].to_owned())
        .collect();
    let mut listed: Vec<String> = table()
        .unwrap()
        .into_iter()
        .filter(|row| row.kind == "page")
        .map(|row| row.source)
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, printed, "left: the table, right: `evenkeel man`");
}

#[test]
fn install_makes_what_list_says_twice_the_same_and_uninstall_leaves_nothing() {
    for (package, prefix) in PREFIXES {
        let scratch = Scratch::new(package).unwrap();
        let installer = Installer::new(package, prefix, scratch.path());
        installer.run("install").unwrap();
        let made = tree(scratch.path());
        let listed = installer.list().unwrap();
        let record = format!("{prefix}/share/evenkeel/directories-made");
        let mut expected = listed.clone();
        if package == "make" {
            expected.insert(record, 0o644);
        }
        assert_eq!(made.file_modes(), expected, "{package}");
        for (path, entry) in &made.0 {
            assert_eq!((entry.uid, entry.gid), (0, 0), "{path} is root's");
        }
        installer.run("install").unwrap();
        assert_eq!(tree(scratch.path()), made, "{package}: installed again");
        installer.run("uninstall").unwrap();
        assert_eq!(
            tree(scratch.path()).file_modes(),
            BTreeMap::new(),
            "{package}"
        );
    }
}

#[test]
fn make_uninstall_removes_the_directories_it_made_and_no_others() {
    let scratch = Scratch::new("directories").unwrap();
    for already in ["usr/local/share/man", "usr/local/bin", "etc"] {
        fs::create_dir_all(scratch.path().join(already)).unwrap();
    }
    fs::write(scratch.path().join("etc/hosts"), "x").unwrap();
    let before = tree(scratch.path());
    let installer = Installer::new("make", "/usr/local", scratch.path());
    installer.run("install").unwrap();
    installer.run("install").unwrap();
    installer.run("uninstall").unwrap();
    assert_eq!(tree(scratch.path()), before);
}

#[test]
fn the_unit_names_the_helper_where_each_package_puts_it() {
    for (package, prefix) in PREFIXES
        .into_iter()
        .filter(|(package, _)| *package != "flatpak")
    {
        let scratch = Scratch::new(&format!("unit-{package}")).unwrap();
        let mut installer = Installer::new(package, prefix, scratch.path());
        if package == "arch" {
            installer
                .variables
                .push(("LIBEXECDIR".into(), "/usr/lib/evenkeel".into()));
        }
        installer.run("install").unwrap();
        let listed = installer.list().unwrap();
        let unit = listed
            .keys()
            .find(|path| path.ends_with("/evenkeeld.service"))
            .unwrap();
        let text = fs::read_to_string(scratch.path().join(&unit[1..])).unwrap();
        let mut named = 0;
        for line in text.lines().filter(|line| line.starts_with("Exec")) {
            let program = line.split_once('=').unwrap().1.split(' ').next().unwrap();
            assert_eq!(listed.get(program), Some(&0o755), "{package}: {line}");
            named += 1;
        }
        assert_eq!(named, 2, "{package}: ExecStart and ExecStopPost");
    }
}

#[test]
fn the_files_agree_on_the_units_the_users_and_the_buss_names() {
    let read = |path: &str| fs::read_to_string(source_tree().join(path)).unwrap();
    let setting = |text: &str, key: &str| -> String {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{key}=")));
        line.unwrap_or_else(|| panic!("no {key}= in:\n{text}"))
            .split_once('=')
            .unwrap()
            .1
            .to_owned()
    };
    let unit = read("packaging/systemd/evenkeeld.service.in");
    let activation = read("packaging/dbus/io.github.evenkeel.Helper1.service");
    assert_eq!(setting(&activation, "SystemdService"), "evenkeeld.service");
    assert_eq!(setting(&activation, "Name"), setting(&unit, "BusName"));
    let user = setting(&unit, "User");
    assert!(read("packaging/sysusers/evenkeel.conf").contains(&format!("\nu {user} ")));
    assert!(
        read("packaging/dbus/io.github.evenkeel.Helper1.conf")
            .contains(&format!("<policy user=\"{user}\">"))
    );
    let policy = read("packaging/polkit/io.github.evenkeel.helper1.policy");
    let actions = policy.matches("<action id=").count();
    assert_eq!(
        policy
            .matches(&format!(">unix-user:{user}</annotate>"))
            .count(),
        actions
    );
    assert_eq!(
        policy.matches("<description xml:lang=\"ko\">").count(),
        actions
    );
    assert_eq!(policy.matches("<message xml:lang=\"ko\">").count(), actions);
    assert!(read("packaging/preset/80-evenkeel.preset").contains("\ndisable evenkeeld.service"));
}
