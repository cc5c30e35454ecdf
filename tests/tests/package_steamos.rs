//! The installer for systems with a read-only `/usr`, on a tree that imitates `SteamOS`: what it
//! installs, that it comes through a system update, and that it leaves nothing. Heavy: `make
//! test-packages`.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use evenkeel_lab::command::Output;
use evenkeel_lab::install::source_tree;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::machine::{Machine, MachineSpec};
use evenkeel_lab::tools;
use evenkeel_lab::tree::{Scratch, Tree};
use evenkeel_lab::{Lab, LabSpec, Routes};

const PATIENCE: Duration = Duration::from_secs(30);
const KEEP: &str = "/etc/atomic-update.conf.d/evenkeel.conf";

struct Deck {
    lab: Lab,
    machine: Machine,
    _scratch: Scratch,
}

impl Deck {
    /// A machine with the bundle unpacked in the player's home.
    fn start() -> Self {
        let scratch = Scratch::new("steamos").unwrap();
        let built = tools::project_binary("evenkeel").unwrap();
        let made = Command::new(source_tree().join("scripts/package.sh"))
            .arg("bundle")
            .arg(scratch.path())
            .env("BUILD_DIR", built.parent().unwrap())
            .env("SOURCE_DATE_EPOCH", "1767225600")
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let bundle = String::from_utf8(made.stdout).unwrap();
        let spec = LabSpec {
            routes: Routes::Separate,
            ..LabSpec::default()
        };
        let lab = Lab::start(&spec).unwrap();
        let immutable = MachineSpec {
            immutable: true,
            ..MachineSpec::default()
        };
        let machine = Machine::boot(&lab, &immutable).unwrap();
        fs::copy(bundle.trim(), machine.path("/run/bundle.tar.gz")).unwrap();
        machine
            .shell(
                "mkdir -p /home/player; cd /home/player; tar xzf /run/bundle.tar.gz --strip-components=1
                 chown -R player:player /home/player; mkdir -p /etc/atomic-update.conf.d",
            )
            .unwrap();
        Self {
            lab,
            machine,
            _scratch: scratch,
        }
    }

    fn installer(&self, path: &str, option: &str, language: &str) -> Output {
        let argv = [path, option].into_iter().filter(|word| !word.is_empty());
        let run = self.machine.command(argv).env("LANG", language);
        run.timeout(Duration::from_mins(2)).output().unwrap()
    }

    fn bundle(&self, option: &str) -> Output {
        self.installer("/home/player/install.sh", option, "C.UTF-8")
    }

    fn installed(&self, option: &str) -> Output {
        self.installer("/opt/evenkeel/libexec/install.sh", option, "C.UTF-8")
    }

    /// What is in `/etc`, `/opt` and the homes.
    fn files(&self) -> Vec<Tree> {
        let books = ["/passwd-", "/group-", "/shadow-", "/gshadow-", "/.pwd.lock"];
        let of = |path: &str, except: &[&str]| Tree::of(&self.machine.path(path), except).unwrap();
        vec![of("/etc", &books), of("/opt", &[]), of("/home", &[])]
    }

    fn serves(&self) {
        let evenkeel = ["/opt/evenkeel/bin/evenkeel", "status"];
        let status = self
            .machine
            .command_as("player", evenkeel)
            .unwrap()
            .text()
            .unwrap();
        assert!(status.contains("wifi0"), "{status}");
        assert_eq!(
            self.machine.call("player", "EnterGameMode", &[1]).unwrap(),
            "ok"
        );
    }
}

fn same(before: &[Tree], after: &[Tree]) {
    for (one, other) in before.iter().zip(after) {
        one.must_equal(other).unwrap();
    }
}

#[test]
fn it_installs_twice_the_same_serves_and_leaves_nothing() {
    let deck = Deck::start();
    let (files, kernel) = (deck.files(), deck.lab.snapshot().unwrap());
    assert!(
        deck.machine.shell("touch /usr/x").is_err(),
        "/usr is read-only"
    );

    let dry = deck.bundle("--dry-run").ok().unwrap();
    assert!(
        dry.stdout
            .contains("would add /opt/evenkeel/libexec/evenkeeld"),
        "{}",
        dry.stdout
    );
    same(&files, &deck.files());

    deck.bundle("").ok().unwrap();
    let once = deck.files();
    deck.serves();
    let changed = kernel.must_equal(&deck.lab.snapshot().unwrap());
    assert!(changed.is_err(), "game mode changed nothing");
    // Anew, as an upgrade does, with game mode on: it goes on.
    let first = deck.machine.helper().unwrap();
    deck.bundle("").ok().unwrap();
    same(&once, &deck.files());
    assert_ne!(deck.machine.helper().unwrap(), first, "the new one runs");
    wait_until("game mode again", PATIENCE, || {
        Ok(kernel.must_equal(&deck.lab.snapshot()?).is_err())
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", deck.machine.journal()));
    assert_eq!(deck.machine.call("player", "Revert", &[]).unwrap(), "ok");
    kernel.must_equal(&deck.lab.snapshot().unwrap()).unwrap();
    assert!(deck.installed("--check").success());

    // With Decky the installer says how its plugin is let in; that is kept, and goes with the rest.
    let rule = "/etc/polkit-1/rules.d/49-evenkeel-decky.rules";
    let loader = deck
        .machine
        .path("/etc/systemd/system/plugin_loader.service");
    fs::write(&loader, "[Service]\nExecStart=/bin/true\n").unwrap();
    let said = deck.installed("--check").ok().unwrap().stdout;
    let command = said
        .lines()
        .find_map(|line| Some(line.split_once(": sudo ")?.1));
    let command = command.unwrap_or_else(|| panic!("no command in:\n{said}"));
    deck.machine.shell(command).unwrap();
    assert!(deck.machine.path(rule).is_file(), "{command}");
    let said = deck.installed("--check").ok().unwrap().stdout;
    assert_eq!(said.trim(), "Everything is in place.");
    fs::remove_file(&loader).unwrap();

    // Each file below /etc is on the list of those that updates keep.
    let keep = fs::read_to_string(deck.machine.path(KEEP)).unwrap();
    let new = files[0].difference(&deck.files()[0]);
    assert!(new.contains("49-evenkeel-decky.rules"), "{new}");
    let user_database = ["/passwd", "/group", "/shadow", "/gshadow"];
    for line in new
        .lines()
        .filter(|line| !user_database.iter().any(|name| line[2..].starts_with(name)))
    {
        let path = format!("/etc{}", &line[2..]);
        let is_directory = deck.machine.path(&path).is_dir();
        assert!(
            is_directory || keep.lines().any(|kept| kept == path),
            "{path} is not kept:\n{keep}"
        );
    }
    // Nothing that root runs is in a place that somebody else can write.
    let open = deck
        .machine
        .shell("find /opt/evenkeel ! -user root -o -perm /022 ! -type l")
        .unwrap();
    assert_eq!(open, "");
    let homes = deck.machine.shell(
        "grep -rl /home/ /etc/systemd/system/evenkeel* /opt/evenkeel/libexec/install.sh || true",
    );
    assert_eq!(homes.unwrap(), "");

    deck.serves();
    deck.installed("--uninstall").ok().unwrap();
    kernel.must_equal(&deck.lab.snapshot().unwrap()).unwrap();
    same(&files, &deck.files());
}

#[test]
fn what_an_update_takes_away_is_named_and_put_back_at_the_next_boot() {
    let deck = Deck::start();
    deck.bundle("").ok().unwrap();
    let whole = deck.files();
    deck.machine.shell("systemctl stop evenkeeld").unwrap();
    // An update that keeps the units only, and no user but its own.
    deck.machine
        .shell(
            "rm -r /etc/dbus-1/system.d/io.github.evenkeel* /etc/polkit-1/actions/io.github.evenkeel* \
               /etc/sysusers.d/evenkeel.conf /etc/atomic-update.conf.d/evenkeel.conf /etc/profile.d/evenkeel.sh
             cp /etc/passwd /run/before; userdel evenkeel",
        )
        .unwrap();
    let check = deck.installed("--check");
    assert_eq!(check.status.code(), Some(1));
    for wanted in [
        "missing: /etc/dbus-1/system.d/io.github.evenkeel.Helper1.conf",
        "missing: /etc/polkit-1/actions/io.github.evenkeel.helper1.policy",
        "missing or changed: /etc/atomic-update.conf.d/evenkeel.conf",
        "missing: the user evenkeel",
    ] {
        assert!(
            check.stdout.contains(wanted),
            "no `{wanted}` in:\n{}",
            check.stdout
        );
    }
    assert!(
        check
            .stderr
            .contains("sudo /opt/evenkeel/libexec/install.sh --mend"),
        "{}",
        check.stderr
    );
    let korean = deck.installer("/opt/evenkeel/libexec/install.sh", "--check", "ko_KR.UTF-8");
    assert!(
        korean.stdout.contains("없음: 사용자 evenkeel"),
        "{}",
        korean.stdout
    );

    // What a boot does.
    deck.machine
        .shell("systemctl start evenkeel-mend.service evenkeeld.service")
        .unwrap();
    wait_until("the helper", PATIENCE, || {
        Ok(deck.machine.unit("ActiveState")? == "active")
    })
    .unwrap();
    assert!(deck.installed("--check").success());
    same(&whole[1..], &deck.files()[1..]);
    deck.serves();
}

#[test]
fn a_bundle_that_was_tampered_with_changes_nothing() {
    let deck = Deck::start();
    let files = deck.files();
    let home = deck.machine.path("/home/player");
    let helper = home.join("root/opt/evenkeel/libexec/evenkeeld");
    let genuine = fs::read(&helper).unwrap();
    let refuses = |what: &str, word: &str| {
        for option in ["", "--dry-run"] {
            let said = deck.bundle(option);
            assert_eq!(said.status.code(), Some(1), "{what}: {}", said.stdout);
            assert!(said.stderr.contains(word), "{what}: {}", said.stderr);
            let now = deck.files();
            same(&files[..2], &now[..2]);
        }
    };
    fs::write(&helper, b"#!/bin/sh\nid >/tmp/owned\n").unwrap();
    refuses(
        "another program",
        "is not the file that belongs to this bundle",
    );
    fs::remove_file(&helper).unwrap();
    symlink("/usr/bin/id", &helper).unwrap();
    refuses("a link", "is not the file that belongs to this bundle");
    fs::remove_file(&helper).unwrap();
    fs::write(&helper, genuine).unwrap();
    let list = home.join("files");
    let lines = fs::read_to_string(&list).unwrap();
    fs::write(
        &list,
        lines.replace("/etc/profile.d/evenkeel.sh", "/etc/../usr/bin/evil"),
    )
    .unwrap();
    refuses("a path out of place", "none of ours");
    fs::write(&list, &lines).unwrap();
    // A player without root, and a polkit that reads nothing below /etc.
    let argv = ["/home/player/install.sh"];
    let said = deck
        .machine
        .command_as("player", argv)
        .unwrap()
        .output()
        .unwrap();
    assert!(said.stderr.contains("needs root"), "{}", said.stderr);
    deck.machine
        .shell("printf '#!/bin/sh\\necho pkaction version 125\\n' >/run/pkaction; chmod 755 /run/pkaction; mount --bind /run/pkaction /usr/local/bin/pkaction")
        .unwrap();
    refuses("an old polkit", "too old");
    assert!(Path::new(&home).is_dir());
}
