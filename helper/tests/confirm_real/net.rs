//! Two uplinks with a router each, and an anchor behind both, for one test; gone with it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{self, Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use nix::sched::{CloneFlags, setns};

pub const ANCHOR_V4: &str = "203.0.113.1";
pub const ANCHOR_V6: &str = "2001:db8:6::1";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The namespace that asks, and the one with both routers and the anchor.
pub struct Net {
    near: String,
    far: String,
}

impl Net {
    /// Uplinks with an address of each family and a default each: what a desktop has.
    pub fn new() -> Self {
        let id = format!(
            "{}-{}",
            process::id(),
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let net = Self {
            near: format!("evkc-n{id}"),
            far: format!("evkc-f{id}"),
        };
        for ns in [&net.near, &net.far] {
            ip(&format!("netns add {ns}"));
            ip(&format!("-n {ns} link set lo up"));
        }
        net.far_ip(&format!("addr add {ANCHOR_V4}/32 dev lo"));
        net.far_ip(&format!("-6 addr add {ANCHOR_V6}/128 dev lo nodad"));
        net.sysctl("net.ipv4.ping_group_range=0 2147483647");
        for (number, name) in [(1, "wifi0"), (2, "usb0")] {
            let (near, far) = (&net.near, &net.far);
            ip(&format!(
                "link add {name} netns {near} type veth peer name {name} netns {far}"
            ));
            for ns in [near, far] {
                ip(&format!("-n {ns} link set {name} addrgenmode none"));
                ip(&format!("-n {ns} link set {name} up"));
            }
            net.ip(&format!("addr add 10.{number}.0.2/24 dev {name}"));
            net.ip(&format!("-6 addr add fd0{number}::2/64 dev {name} nodad"));
            net.ip(&format!("-6 addr add fe80::2{number}/64 dev {name} nodad"));
            net.far_ip(&format!("addr add 10.{number}.0.1/24 dev {name}"));
            net.far_ip(&format!("-6 addr add fd0{number}::1/64 dev {name} nodad"));
            net.far_ip(&format!("-6 addr add fe80::{number}/64 dev {name} nodad"));
        }
        for (number, name) in [(1, "wifi0"), (2, "usb0")] {
            let metric = 700 - number * 100;
            net.ip(&format!(
                "route add default via 10.{number}.0.1 dev {name} metric {metric}"
            ));
            net.ip(&format!(
                "-6 route add default via fd0{number}::1 dev {name} metric {metric}"
            ));
            net.wait_for(&format!("10.{number}.0.1"));
            net.wait_for(&format!("fd0{number}::1"));
        }
        net
    }

    /// What the helper would make of it: source rules with their tables, and a best default over
    /// the first uplink.
    pub fn apply(&self) {
        for (number, name) in [(1, "wifi0"), (2, "usb0")] {
            for (family, source, gateway) in [
                ("-4", format!("10.{number}.0.2"), format!("10.{number}.0.1")),
                ("-6", format!("fd0{number}::2"), format!("fd0{number}::1")),
            ] {
                self.ip(&format!(
                    "{family} rule add pref 32762 from {source} lookup 770{number}"
                ));
                self.ip(&format!(
                    "{family} route add default via {gateway} dev {name} table 770{number}"
                ));
            }
        }
        self.ip("-4 route add default via 10.1.0.1 dev wifi0 metric 50");
        self.ip("-6 route add default via fd01::1 dev wifi0 metric 50");
    }

    /// A fresh link takes a moment to carry packets.
    fn wait_for(&self, address: &str) {
        let ping = ["netns", "exec", &self.near, "ping", "-c1", "-W1", address];
        let answers = || {
            Command::new("ip")
                .args(ping)
                .output()
                .unwrap()
                .status
                .success()
        };
        assert!((0..20).any(|_| answers()), "{address} never answered");
    }

    /// `ip` with these words where the asking is done.
    pub fn ip(&self, words: &str) -> String {
        ip(&format!("-n {} {words}", self.near))
    }

    fn far_ip(&self, words: &str) {
        ip(&format!("-n {} {words}", self.far));
    }

    /// Sets a sysctl where the asking is done.
    pub fn sysctl(&self, setting: &str) {
        run(
            "ip",
            &["netns", "exec", &self.near, "sysctl", "-qw", setting],
        );
    }

    /// Makes the far end drop what `rule` matches (nft syntax).
    pub fn far_drops(&self, rule: &str) {
        let chain = "add table inet t; add chain inet t in { type filter hook input priority 0; }";
        let rule = format!("add rule inet t in {rule} drop");
        for words in [chain, &rule] {
            run("ip", &["netns", "exec", &self.far, "nft", words]);
        }
    }

    pub fn ifindex(&self, name: &str) -> u32 {
        let link = self.ip(&format!("-o link show {name}"));
        link.split(':').next().unwrap().trim().parse().unwrap()
    }

    /// Runs a piece where the asking is done, on a thread and a runtime like the helper's.
    pub fn near<T: Send>(&self, piece: impl AsyncFnOnce() -> T + Send) -> T {
        within(&self.near, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(piece())
        })
    }

    /// Runs a piece where the routers and the anchor are.
    pub fn far<T: Send>(&self, piece: impl FnOnce() -> T + Send) -> T {
        within(&self.far, piece)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for ns in [&self.near, &self.far] {
            let _ = Command::new("ip").args(["netns", "del", ns]).output();
        }
    }
}

/// How many ICMP and connecting TCP sockets there are in the calling thread's namespace.
pub fn open_sockets() -> usize {
    let lines = |table| {
        let path = Path::new("/proc/thread-self/net").join(table);
        fs::read_to_string(path).unwrap().lines().count() - 1
    };
    ["icmp", "icmp6", "raw", "raw6", "tcp", "tcp6"]
        .map(lines)
        .iter()
        .sum()
}

fn within<T: Send>(ns: &str, piece: impl FnOnce() -> T + Send) -> T {
    let namespace = File::open(Path::new("/run/netns").join(ns)).unwrap();
    let inside = move || {
        setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
        piece()
    };
    thread::scope(|scope| match scope.spawn(inside).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn ip(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    String::from_utf8(run("ip", &words).stdout).unwrap()
}

fn run(program: &str, words: &[&str]) -> Output {
    let output = Command::new(program)
        .args(words)
        .output()
        .unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {words:?} (these tests need root): {problem}"
    );
    output
}
