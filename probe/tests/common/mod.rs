//! Two network namespaces joined by a veth pair, for one test each, removed when dropped.
//! Needs root, `ip`, `nft` and `sysctl`; a test without them fails.

use std::fs::File;
use std::future::Future;
use std::num::NonZeroU32;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

pub const NEAR_V4: &str = "10.77.0.1";
pub const FAR_V4: &str = "10.77.0.2";
pub const FAR_V6: &str = "fd77::2";
/// The interface's name at both ends.
pub const LINK: &str = "up0";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The namespace that probes and the one that answers.
pub struct Pair {
    pub near: String,
    pub far: String,
}

impl Pair {
    pub fn new() -> Self {
        let id = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let pair = Self {
            near: format!("ekp-n{id}"),
            far: format!("ekp-f{id}"),
        };
        for ns in [&pair.near, &pair.far] {
            run("ip", &["netns", "add", ns]);
        }
        run(
            "ip",
            &[
                "link", "add", LINK, "netns", &pair.near, "type", "veth", "peer", "name", LINK,
                "netns", &pair.far,
            ],
        );
        for (ns, host) in [(&pair.near, 1), (&pair.far, 2)] {
            let (v4, v6) = (format!("10.77.0.{host}/24"), format!("fd77::{host}/64"));
            run("ip", &["-n", ns, "addr", "add", &v4, "dev", LINK]);
            run("ip", &["-n", ns, "addr", "add", &v6, "dev", LINK, "nodad"]);
            run("ip", &["-n", ns, "link", "set", "lo", "up"]);
            run("ip", &["-n", ns, "link", "set", LINK, "up"]);
        }
        pair.near_sysctl("net.ipv4.ping_group_range=0 2147483647");
        pair.wait_until_up();
        pair
    }

    /// A fresh link takes a moment to carry packets, and neighbours must be found first.
    fn wait_until_up(&self) {
        for target in [FAR_V4, FAR_V6] {
            let ping = [
                "netns", "exec", &self.near, "ping", "-c", "1", "-W", "1", target,
            ];
            let up = || {
                Command::new("ip")
                    .args(ping)
                    .output()
                    .unwrap()
                    .status
                    .success()
            };
            assert!((0..20).any(|_| up()), "{target} never answered");
        }
    }

    pub fn near_sysctl(&self, setting: &str) {
        run(
            "ip",
            &["netns", "exec", &self.near, "sysctl", "-qw", setting],
        );
    }

    /// Makes the far end drop what `rule` matches (nft syntax) from now on.
    pub fn far_drop(&self, rule: &str) {
        let table = "add table inet t; add chain inet t in { type filter hook input priority 0; }";
        run("ip", &["netns", "exec", &self.far, "nft", table]);
        run(
            "ip",
            &[
                "netns",
                "exec",
                &self.far,
                "nft",
                &format!("add rule inet t in {rule} drop"),
            ],
        );
    }

    /// Makes the far end accept everything again.
    pub fn far_accept(&self) {
        run(
            "ip",
            &["netns", "exec", &self.far, "nft", "delete table inet t"],
        );
    }

    /// Runs `test` inside the near namespace on a runtime like the helper's; ends after 60 s at the latest.
    pub fn probe<F: Future<Output = ()>>(&self, test: impl FnOnce(NonZeroU32) -> F + Send) {
        Self::within(&self.near, || {
            let index = NonZeroU32::new(nix::net::if_::if_nametoindex(LINK).unwrap()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                tokio::time::timeout(Duration::from_mins(1), test(index))
                    .await
                    .unwrap();
            });
        });
    }

    /// Runs `f` in a thread of its own inside the far namespace and returns what it returns.
    pub fn far<T: Send>(&self, f: impl FnOnce() -> T + Send) -> T {
        Self::within(&self.far, f)
    }

    fn within<T: Send>(ns: &str, f: impl FnOnce() -> T + Send) -> T {
        let file = File::open(format!("/run/netns/{ns}")).unwrap();
        let body = move || {
            setns(file, CloneFlags::CLONE_NEWNET).unwrap();
            f()
        };
        std::thread::scope(|scope| match scope.spawn(body).join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for ns in [&self.near, &self.far] {
            let _ = Command::new("ip").args(["netns", "del", ns]).output();
        }
    }
}

/// Runs a command that must succeed.
pub fn run(program: &str, args: &[&str]) -> Output {
    let output = Command::new(program)
        .args(args)
        .output()
        .unwrap_or_else(|e| panic!("cannot run {program}: {e}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {args:?} (these tests need root): {error}"
    );
    output
}
