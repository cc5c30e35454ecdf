//! Each package under a real systemd: installed, used, upgraded while game mode is on, removed and
//! purged; files and the kernel are then as they were. Heavy: `make test-packages`.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, iter};

use evenkeel_lab::install::{Installer, source_tree};
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::machine::{Machine, MachineSpec};
use evenkeel_lab::tools;
use evenkeel_lab::tree::{Scratch, Tree};
use evenkeel_lab::{Lab, LabSpec, Routes};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);
const OLD: &str = "0.0.9";
const NEW: &str = "0.1.0";

/// How one kind of package is handled.
struct Kind {
    name: &'static str,
    /// Where it puts the helper.
    helper: &'static str,
    /// Shell words; `$1` is the package.
    prepare: &'static str,
    install: &'static str,
    remove: &'static str,
    purge: &'static str,
    /// Prints the version that is installed.
    version: &'static str,
}

const DEB: Kind = Kind {
    name: "deb",
    helper: "/usr/libexec/evenkeeld",
    prepare: "",
    install: "dpkg -i $1",
    remove: "dpkg -r evenkeel",
    purge: "dpkg -P evenkeel",
    version: "dpkg-query -W -f '${Version}' evenkeel",
};

const RPM: Kind = Kind {
    name: "rpm",
    helper: "/usr/libexec/evenkeeld",
    // A system with rpm has these as part of its file system package.
    prepare: "mkdir -p /usr/share/licenses /usr/share/zsh/site-functions",
    install: "rpm -U --nodeps --force-debian $1",
    remove: "rpm -e --nodeps --force-debian evenkeel",
    purge: "userdel evenkeel",
    version: "rpm -q --qf '%{VERSION}' evenkeel",
};

const ARCH: Kind = Kind {
    name: "arch",
    helper: "/usr/lib/evenkeel/evenkeeld",
    // There a package of icons owns these; a directory that is empty and nobody's, pacman takes away.
    prepare: "cd /usr/share/icons/hicolor; mkdir -p symbolic/apps; touch symbolic/apps/of-another-package",
    install: "pacman -Udd --noconfirm $1",
    remove: "pacman -Rdd --noconfirm evenkeel",
    purge: "userdel evenkeel",
    version: "pacman -Q evenkeel | sed 's/.* //; s/-.*//'",
};

/// Builds packages of what is built, under another version's name if need be.
fn build<const N: usize>(kinds: [&Kind; N], version: &str, out: &Path) -> [PathBuf; N] {
    let built = tools::project_binary("evenkeel").unwrap();
    tools::project_binary("evenkeeld").unwrap();
    let made = Command::new(source_tree().join("scripts/package.sh"))
        .args(kinds.map(|kind| kind.name))
        .arg(out)
        .env("BUILD_DIR", built.parent().unwrap())
        .env("EVENKEEL_VERSION", version)
        .env("COMPRESSION", "1")
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stdout);
    assert!(
        made.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let paths: Vec<PathBuf> = said.lines().map(PathBuf::from).collect();
    paths.try_into().unwrap()
}

fn run(machine: &Machine, words: &str, package: &str) -> String {
    let argv = ["sh", "-euc", words, "sh", package];
    let run = machine
        .command(argv)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run.timeout(Duration::from_mins(2)).text().unwrap()
}

fn lives_and_dies(kind: &Kind) {
    let scratch = Scratch::new(&format!("package-{}", kind.name)).unwrap();
    let packages = [OLD, NEW].map(|version| {
        let [package] = build([kind], version, scratch.path());
        package
    });
    let spec = LabSpec {
        routes: Routes::Separate,
        ..LabSpec::default()
    };
    let lab = Lab::start(&spec).unwrap();
    let machine = Machine::boot(&lab, &MachineSpec::default()).unwrap();
    fs::create_dir(machine.path("/run/packages")).unwrap();
    for package in &packages {
        let name = package.file_name().unwrap();
        fs::copy(package, machine.path("/run/packages").join(name)).unwrap();
    }
    let inside =
        packages.map(|package| format!("/run/packages/{}", package.file_name().unwrap().display()));
    run(&machine, kind.prepare, "");
    let (files, kernel) = (machine.files().unwrap(), lab.snapshot().unwrap());
    let is_restored = || {
        wait_until("the old state", PATIENCE, || {
            Ok(kernel.must_equal(&lab.snapshot()?).is_ok())
        })
        .or_else(|_| kernel.must_equal(&lab.snapshot()?))
        .unwrap_or_else(|error| panic!("{error}\n{}", machine.journal()));
    };
    let uses = || {
        let status = machine
            .command_as("player", ["/usr/bin/evenkeel", "status"])
            .unwrap();
        assert!(status.text().unwrap().contains("wifi0"));
        assert_eq!(machine.call("player", "EnterGameMode", &[1]).unwrap(), "ok");
        let changed = kernel.must_equal(&lab.snapshot().unwrap());
        assert!(changed.is_err(), "game mode changed nothing");
        let exe = fs::read_link(format!(
            "/proc/{}/root/proc/{}/exe",
            machine.pid(),
            machine.helper().unwrap()
        ));
        exe.unwrap().to_string_lossy().into_owned()
    };

    run(&machine, kind.install, &inside[0]);
    assert_eq!(run(&machine, kind.version, "").trim(), OLD);
    // Nothing but what the table says, and the package manager's papers about it.
    let mut installer = Installer::new(kind.name, "/usr", scratch.path());
    if kind.name == "arch" {
        let variable = ("LIBEXECDIR".to_owned(), "/usr/lib/evenkeel".to_owned());
        installer.variables.push(variable);
    }
    let there = machine.files().unwrap();
    for (path, mode) in installer.list().unwrap() {
        let entry = there
            .0
            .get(&path)
            .unwrap_or_else(|| panic!("{path} was not installed"));
        assert_eq!((entry.mode, entry.uid, entry.gid), (mode, 0, 0), "{path}");
    }
    assert_eq!(
        machine.unit("ActiveState").unwrap(),
        "inactive",
        "nothing runs unasked"
    );
    assert_eq!(uses(), kind.helper);

    run(&machine, kind.install, &inside[1]);
    assert_eq!(run(&machine, kind.version, "").trim(), NEW);
    // The new helper was started by the upgrade itself, and takes up what the old one held.
    assert_eq!(
        machine.unit("ActiveState").unwrap(),
        "active",
        "{}",
        machine.journal()
    );
    wait_until("game mode after the upgrade", PATIENCE, || {
        Ok(kernel.must_equal(&lab.snapshot()?).is_err())
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", machine.journal()));
    let status = machine
        .command_as("player", ["evenkeel", "status", "--json"])
        .unwrap();
    let status: Value = serde_json::from_str(&status.text().unwrap()).unwrap();
    assert_eq!(status["game_mode"], true, "{}", machine.journal());
    assert_eq!(machine.call("player", "Revert", &[]).unwrap(), "ok");
    is_restored();
    assert_eq!(uses(), kind.helper, "the new one, not a deleted file");
    // What a player who uses the Decky plugin did.
    run(
        &machine,
        "install -D -m 644 /usr/share/evenkeel/49-evenkeel-decky.rules /etc/polkit-1/rules.d/49-evenkeel-decky.rules",
        "",
    );

    run(&machine, kind.remove, "");
    is_restored();
    let gone = machine
        .command_as("player", ["evenkeel-lab", "call", "Revert"])
        .unwrap();
    assert!(
        gone.text().unwrap().contains("ServiceUnknown"),
        "nothing starts it any more"
    );
    run(&machine, kind.purge, "");
    files.must_equal(&machine.files().unwrap()).unwrap();
    assert!(!machine.path("/run/evenkeel").exists());
}

#[test]
fn the_deb_leaves_nothing_behind() {
    lives_and_dies(&DEB);
}

#[test]
fn the_rpm_leaves_nothing_behind() {
    lives_and_dies(&RPM);
}

#[test]
fn the_arch_package_leaves_nothing_behind() {
    lives_and_dies(&ARCH);
}

/// A release's parts that need nothing but the programs, and the packages that distributions make.
fn everything(out: &Path, temporary: &Path) -> Tree {
    fs::create_dir_all(temporary).unwrap();
    let built = tools::project_binary("evenkeel").unwrap();
    let run = |script: &str, arguments: &[&OsStr]| {
        let made = Command::new(source_tree().join(script))
            .args(arguments)
            .env("BUILD_DIR", built.parent().unwrap())
            .env("COMPRESSION", "1")
            .env("SOURCE_DATE_EPOCH", "1767225600")
            .env("TMPDIR", temporary)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "{said}");
    };
    let dist = ["source", "bundle", "deb"].map(OsStr::new);
    let arguments = iter::once(out.as_os_str()).chain(dist);
    run("scripts/dist.sh", &arguments.collect::<Vec<_>>());
    let others = ["rpm", "arch"].map(OsStr::new).into_iter();
    let arguments = others.chain(iter::once(out.as_os_str()));
    run("scripts/package.sh", &arguments.collect::<Vec<_>>());
    Tree::of(out, &[]).unwrap()
}

#[test]
fn a_release_made_in_two_places_is_the_same_bytes_and_lintian_finds_no_error_in_it() {
    let scratch = Scratch::new("package-twice").unwrap();
    let [one, other] = ["one", "other-place"].map(|place| {
        let place = scratch.path().join(place);
        everything(&place.join("out"), &place.join("tmp"))
    });
    one.must_equal(&other).unwrap();
    let names: Vec<&String> = one.0.keys().collect();
    assert_eq!(names.len(), 6, "{names:?}");
    let out = scratch.path().join("one/out");
    let sums = Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(&out)
        .status()
        .unwrap();
    assert!(sums.success());
    let deb = names.iter().find(|name| name.contains(".deb")).unwrap();
    let lintian = Command::new("lintian")
        .args(["--fail-on", "error", "--allow-root"])
        .arg(out.join(&deb[1..]))
        .output()
        .unwrap_or_else(|error| panic!("lintian (Debian package lintian): {error}"));
    let said = String::from_utf8_lossy(&lintian.stdout);
    println!("{said}");
    assert!(lintian.status.success(), "{said}");
}
