//! `evenkeel doctor --kernel` on the kernel that this runs on: what it says must be what the kernel
//! does, for root and for a user without any right, and nothing outside may change by it.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use evenkeel_lab::tools::project_binary;
use nix::unistd::geteuid;
use serde_json::Value;

/// Where any user may run it from, gone with this.
struct Program(PathBuf);

impl Program {
    fn new(name: &str) -> Self {
        assert!(geteuid().is_root(), "this runs programs as other users");
        let directory = std::env::temp_dir().join(format!("evk-{name}-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let program = directory.join("evenkeel");
        fs::copy(project_binary("evenkeel").unwrap(), &program).unwrap();
        Self(program)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// As a user without any right.
const AS_NOBODY: [&str; 5] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--",
];

fn run(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), said)
}

/// What can be seen of the network that the test is in: devices, addresses, routes, settings.
fn network() -> String {
    let sysctls = fs::read_dir("/proc/sys/net/ipv4").unwrap();
    let mut lowpower: Vec<String> = sysctls
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("lowpower"))
        .map(|path| format!("{} {}", path.display(), fs::read_to_string(&path).unwrap()))
        .collect();
    lowpower.sort();
    let ip = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        run(&[&["ip"], words.as_slice()].concat()).1
    };
    let routes = ip("-4 route show table all") + &ip("-6 route show table all");
    [ip("-o link"), ip("-o addr"), routes, lowpower.join("\n")].join("--\n")
}

fn is_patched() -> bool {
    Path::new("/proc/sys/net/ipv4/lowpower_ema_k_factor").exists()
}

#[test]
fn a_stock_kernel_is_found_to_hash_by_root_and_by_nobody_and_nothing_outside_changes() {
    let program = Program::new("check");
    let before = network();
    for who in [&[][..], &AS_NOBODY[..]] {
        let words = [who, &[program.path(), "doctor", "--kernel", "--json"]].concat();
        let (code, said) = run(&words);
        assert_eq!(code, Some(0), "{said}");
        let said: Value = serde_json::from_str(&said).unwrap();
        let report = &said["report"];
        let counts = ["idle", "first_loaded", "second_loaded"];
        for device in ["ordinary", "keeping"] {
            for flows in ["unbound", "foreign"] {
                for count in counts {
                    let split = &report[device][flows][count];
                    let sum = split[0].as_u64().unwrap() + split[1].as_u64().unwrap();
                    // Every packet is found again, and no other.
                    assert_eq!(sum, 400, "{device} {flows} {count}: {said}");
                }
            }
        }
        if is_patched() {
            continue; // what a patched kernel must do is the virtual machines' to say
        }
        assert_eq!(said["verdict"], "stock-hashing", "{said}");
        assert_eq!(report["keeping"]["verdict"], "stock-hashing", "{said}");
        assert_eq!(report["sysctls"], Value::Null, "{said}");
        // The same flows go the same ways, whatever else is sent.
        for device in ["ordinary", "keeping"] {
            let of = &report[device]["unbound"];
            assert_eq!(of["idle"], of["first_loaded"], "{said}");
            assert_eq!(of["idle"], of["second_loaded"], "{said}");
        }
    }
    assert_eq!(network(), before);
}

#[test]
fn where_user_namespaces_are_forbidden_a_sentence_says_so_and_what_to_do() {
    let program = Program::new("forbid");
    // A user namespace in which none other may be made, with more than one user in it. Its root has
    // root's rights only in a program that it starts as such.
    let forbid = "echo 0 >/proc/sys/user/max_user_namespaces; exec \"$@\"";
    let script = format!("echo ready; read mapped; exec sh -c '{forbid}' sh \"$@\"");
    let mut inside = Command::new("unshare")
        .args(["--user", "sh", "-c", &script, "sh"])
        .args(AS_NOBODY)
        .args([program.path(), "doctor", "--kernel"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(inside.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    for map in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{}/{map}", inside.id()), "0 0 70000").unwrap();
    }
    inside.stdin.take().unwrap().write_all(b"\n").unwrap();
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    assert_eq!(inside.wait().unwrap().code(), Some(5), "{text}");
    assert!(text.contains("user.max_user_namespaces"), "{text}");
    assert!(text.contains("sudo evenkeel doctor --kernel"), "{text}");
}
