//! The unit file under a real systemd: how the helper starts, as whom, with what, and what it can
//! reach.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use evenkeel_lab::install::Installer;
use evenkeel_lab::machine::{Machine, UNIT};
use evenkeel_lab::tree::Scratch;

/// `CAP_NET_ADMIN` and `CAP_NET_RAW`.
const CAPABILITIES: u64 = 1 << 12 | 1 << 13;
/// Prints every file below the directories that can be opened for writing, without writing to it.
const WRITABLE: &str = r#"
sub look {
    my ($dir) = @_;
    opendir(my $d, $dir) or return;
    for (sort readdir $d) {
        next if /^\.\.?$/;
        my $p = "$dir/$_";
        if (-d $p && !-l $p) { look($p) } elsif (-f $p && !-l $p && open(my $f, ">>", $p)) { print "$p\n" }
    }
}
look($_) for @ARGV;
"#;

/// What the unit's sandbox lets its user write, asked from inside it; the unit
/// says `instead` of a word another.
fn writable(machine: &Machine, directories: &[&str], instead: &[(&str, &str)]) -> BTreeSet<String> {
    let unit =
        fs::read_to_string(machine.path("/usr/lib/systemd/system/evenkeeld.service")).unwrap();
    let other = ["Type=", "BusName=", "ExecS", "Restart", "NotifyAccess="];
    let kept: Vec<&str> = unit
        .lines()
        .filter(|line| !other.iter().any(|start| line.starts_with(start)))
        .collect();
    let mut text = kept.join("\n");
    for (word, other) in instead {
        text = text.replace(word, other);
    }
    let run = format!("perl /opt/writable.pl {}", directories.join(" "));
    text = text.replace(
        "[Service]\n",
        &format!("[Service]\nType=oneshot\nExecStart={run}\nStandardOutput=truncate:/opt/said\n"),
    );
    fs::write(machine.path("/opt/writable.pl"), WRITABLE).unwrap();
    fs::write(machine.path("/run/systemd/system/trial.service"), text).unwrap();
    machine
        .shell("systemctl daemon-reload; systemctl start trial.service")
        .unwrap();
    let said = fs::read_to_string(machine.path("/opt/said")).unwrap();
    said.lines().map(str::to_owned).collect()
}

fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[test]
fn a_call_starts_the_helper_as_its_own_user_with_its_capabilities_and_no_more() {
    let (_lab, machine) = Machine::installed().unwrap();
    assert_eq!(machine.unit("ActiveState").unwrap(), "inactive");
    assert_eq!(machine.unit("UnitFileState").unwrap(), "disabled");
    let status = machine
        .command_as("player", ["evenkeel", "status"])
        .unwrap();
    let status = status.text().unwrap();
    assert!(status.contains("wifi0"), "{status}");
    assert_eq!(machine.unit("ActiveState").unwrap(), "active");

    let user = machine.user("evenkeel").unwrap();
    let pid = machine.helper().unwrap();
    let said = machine.shell(&format!("cat /proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let line = said
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")));
        line.unwrap_or_else(|| panic!("no {name} in {said}"))
            .split_whitespace()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(field("Uid"), vec![user.uid.to_string(); 4]);
    assert_eq!(field("Gid"), vec![user.gid.to_string(); 4]);
    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(
            u64::from_str_radix(&field(name)[0], 16).unwrap(),
            CAPABILITIES,
            "{name}"
        );
    }
    assert_eq!(field("NoNewPrivs"), ["1"]);
    assert_eq!(field("Seccomp"), ["2"]);
    let directory = machine.shell("stat -c '%U %a' /run/evenkeel").unwrap();
    assert_eq!(directory.trim(), "evenkeel 700");
}

#[test]
fn the_helper_can_write_its_sysctls_and_its_directory_and_nothing_else() {
    let (_lab, machine) = Machine::installed().unwrap();
    let outside = [
        "/proc/sys",
        "/sys",
        "/etc",
        "/usr",
        "/boot",
        "/home",
        "/root",
        "/var",
        "/opt",
        "/run",
    ];
    assert_eq!(
        writable(&machine, &outside, &[]),
        set(&["/proc/sys/net/ipv4/route/flush"])
    );
    // On a stock kernel, two other names stand in for those of the patch.
    let patched = [
        ("lowpower_ema_k_factor", "ip_default_ttl"),
        ("lowpower_power_cost_weight", "ip_no_pmtu_disc"),
    ];
    assert_eq!(
        writable(&machine, &["/proc/sys"], &patched),
        set(&[
            "/proc/sys/net/ipv4/ip_default_ttl",
            "/proc/sys/net/ipv4/ip_no_pmtu_disc",
            "/proc/sys/net/ipv4/route/flush",
        ])
    );
}

#[test]
fn the_unit_is_sound_and_its_exposure_at_most_two() {
    let scratch = Scratch::new("exposure").unwrap();
    Installer::new("deb", "/usr", scratch.path())
        .run("install")
        .unwrap();
    let unit = scratch.path().join("usr/lib/systemd/system").join(UNIT);
    // systemd looks for the programs that a unit names.
    let text = fs::read_to_string(&unit).unwrap();
    let real = scratch.path().join("usr/libexec/evenkeeld");
    fs::write(
        &unit,
        text.replace("/usr/libexec/evenkeeld", &real.to_string_lossy()),
    )
    .unwrap();
    let run = |verb: &[&str]| {
        let output = Command::new("systemd-analyze")
            .args(verb)
            .arg(&unit)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let (sound, said) = run(&["verify", "--man=no"]);
    let about_it: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("evenkeeld"))
        .collect();
    assert!(sound && about_it.is_empty(), "{said}");
    let (low, said) = run(&["security", "--no-pager", "--offline=true", "--threshold=20"]);
    assert!(low, "{said}");
    println!("{}", said.lines().last().unwrap_or_default());
}
