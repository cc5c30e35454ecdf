//! A network namespace, a runtime directory and a sysctl tree of one test's own, gone with it.

use std::{
    fs::{self, DirBuilder, File},
    io::{BufRead, BufReader, Lines},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{self, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use evenkeel_core::plan::Abilities;
use evenkeel_dbus::{Backend, Reason};
use evenkeeld::kernel::{Roots, backend::choose_backend, survey::Survey};
use evenkeeld::plans::Plans;
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, setns, unshare},
};

/// The two uplinks' names and the far ends of their cables.
pub const UPLINKS: [(&str, &str); 2] = [("wifi0", "far0"), ("usb0", "far1")];

/// The sysctl tree's files.
pub const EMA_FACTOR: &str = "net/ipv4/lowpower_ema_k_factor";
pub const POWER_COST: &str = "net/ipv4/lowpower_power_cost_weight";
pub const PREFER_BUSY: &str = "net/ipv4/lowpower_prefer_busy";
pub const FLUSH: &str = "net/ipv4/route/flush";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// One test's surroundings.
pub struct Lab {
    name: String,
    dir: PathBuf,
    /// Kernel files to see at places of the sysctl tree: `(below /proc/sys, below the tree)`.
    binds: Vec<(&'static str, &'static str)>,
}

impl Lab {
    /// An empty namespace, an empty runtime directory, an empty tree.
    pub fn empty() -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "these tests make namespaces: run them as root"
        );
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("evkk{}-{number}", process::id());
        let dir = std::env::temp_dir().join(&name);
        let lab = Self {
            name,
            dir,
            binds: Vec::new(),
        };
        DirBuilder::new().mode(0o700).create(&lab.dir).unwrap();
        DirBuilder::new()
            .mode(0o700)
            .create(lab.dir.join("run"))
            .unwrap();
        fs::create_dir_all(lab.dir.join("sys/net/ipv4/route")).unwrap();
        run(Command::new("ip").args(["netns", "add", &lab.name]));
        lab.ip("link set lo up");
        lab
    }

    /// Two uplinks with an address of each family, a default route each, and nothing else.
    pub fn with_uplinks() -> Self {
        let lab = Self::empty();
        for (number, (near, far)) in UPLINKS.iter().enumerate() {
            let net = number + 1;
            lab.ip(&format!("link add {near} type veth peer name {far}"));
            // No link-local addresses, which would appear only after a second.
            lab.ip(&format!("link set {near} addrgenmode none"));
            lab.ip(&format!("link set {far} addrgenmode none"));
            lab.ip(&format!("link set {near} up"));
            lab.ip(&format!("link set {far} up"));
            lab.ip(&format!("addr add 10.{net}.0.2/24 dev {near}"));
            lab.ip(&format!("-6 addr add fd0{net}::2/64 dev {near} nodad"));
        }
        lab
    }

    /// [`Self::with_uplinks`] and a multipath default route 1:1 in both families.
    pub fn with_multipath() -> Self {
        let lab = Self::with_uplinks();
        lab.ip("route add default metric 100 nexthop via 10.1.0.1 dev wifi0 weight 1 nexthop via 10.2.0.1 dev usb0 weight 1");
        lab.ip("-6 route add default metric 100 nexthop via fd01::1 dev wifi0 weight 1 nexthop via fd02::1 dev usb0 weight 1");
        lab
    }

    /// Let a place of the sysctl tree be a real sysctl of the test's namespace, or another file of
    /// the kernel by its full path.
    pub fn bind(mut self, real: &'static str, place: &'static str) -> Self {
        self.write_tree(place, "");
        self.binds.push((real, place));
        self
    }

    /// Both lowpower sysctls at their defaults, with the real kernel's parser behind them: the
    /// factor is a sysctl that takes 1 to 1000000, the cost one that takes any integer.
    pub fn with_lowpower(self) -> Self {
        let lab = self
            .bind("net/ipv4/tcp_pacing_ss_ratio", EMA_FACTOR)
            .bind("net/ipv4/igmp_max_memberships", POWER_COST)
            .bind("net/ipv4/route/flush", FLUSH);
        lab.run(async |roots| {
            fs::write(roots.proc_sys.join(EMA_FACTOR), "512").unwrap();
            fs::write(roots.proc_sys.join(POWER_COST), "100").unwrap();
        });
        lab
    }

    /// Write a plain file of the sysctl tree.
    pub fn write_tree(&self, place: &str, text: &str) {
        fs::write(self.dir.join("sys").join(place), text).unwrap();
    }

    /// Where the code under test looks.
    pub fn roots(&self) -> Roots {
        Roots {
            proc_sys: self.dir.join("sys"),
            proc_net: self.dir.join("net"),
            sys_class_net: PathBuf::from("/sys/class/net"),
            runtime_dir: self.dir.join("run"),
        }
    }

    /// The journal's file.
    pub fn journal(&self) -> PathBuf {
        self.dir.join("run/originals.json")
    }

    /// Run an asynchronous piece in the namespace, on a thread and a runtime of its own.
    pub fn run<T: Send>(&self, piece: impl AsyncFnOnce(Roots) -> T + Send) -> T {
        let inside = || {
            let namespace = File::open(Path::new("/run/netns").join(&self.name)).unwrap();
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            self.mount_tree();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(piece(self.roots()))
        };
        thread::scope(|scope| scope.spawn(inside).join().unwrap())
    }

    /// Bind the real sysctls over the tree's places, for this thread only.
    fn mount_tree(&self) {
        if self.binds.is_empty() {
            return;
        }
        let none = None::<&str>;
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        mount(none, "/", none, MsFlags::MS_PRIVATE | MsFlags::MS_REC, none).unwrap();
        for (real, place) in &self.binds {
            let real = Path::new("/proc/thread-self/root/proc/sys").join(real);
            let place = self.dir.join("sys").join(place);
            mount(Some(&real), &place, none, MsFlags::MS_BIND, none).unwrap();
        }
    }

    /// `ip` with these words, in the namespace. It must succeed.
    pub fn ip(&self, words: &str) -> String {
        run(Command::new("ip")
            .args(["-n", &self.name])
            .args(words.split_whitespace()))
    }

    /// Take an uplink's carrier away by its far end, and wait until the kernel has drawn the
    /// consequences, which it does a moment later.
    pub fn unplug(&self, near: &str, far: &str) {
        self.ip(&format!("link set {far} down"));
        let routes = format!("-4 route show table all dev {near}");
        for _ in 0..1000 {
            if self.ip(&routes).contains("linkdown") {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{near} keeps its carrier");
    }

    /// Start `ip` with these words in the namespace, and don't wait for its end.
    pub fn start_ip(&self, words: &str) -> process::Child {
        let mut command = Command::new("ip");
        command
            .args(["-n", &self.name])
            .args(words.split_whitespace());
        command.spawn().unwrap()
    }

    /// What the kernel tells of its routes from now on.
    pub fn overhear_routes(&self, family: &str) -> Overheard {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-o", family, "monitor", "route"]);
        let mut listener = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(listener.stdout.take().unwrap()).lines();
        let mut overheard = Overheard { listener, lines };
        // It may take a while until it listens.
        self.ip(&format!("{family} route add unreachable fd76::/64"));
        let (ready, stop) = (Arc::new(AtomicBool::new(false)), Duration::from_millis(50));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ready.load(Ordering::Relaxed) {
                    self.ip(&format!(
                        "{family} route replace unreachable fd76::/64 metric 7"
                    ));
                    thread::sleep(stop);
                }
            });
            overheard.until("fd76::/64");
            ready.store(true, Ordering::Relaxed);
        });
        self.ip(&format!("{family} route flush root fd76::/64"));
        overheard
    }

    /// Set a sysctl of the namespace that the calling thread is in.
    pub fn set_sysctl(name: &str, value: &str) {
        let file = Path::new("/proc/thread-self/root/proc/sys").join(name.replace('.', "/"));
        fs::write(file, value).unwrap();
    }

    /// Everything there is about routing, as text.
    pub fn routing(&self) -> String {
        let all = "route show table all";
        [
            "-4 rule",
            "-6 rule",
            &format!("-d -4 {all}"),
            &format!("-d -6 {all}"),
            "nexthop",
        ]
        .map(|words| self.ip(words))
        .join("--\n")
    }

    /// The interface's index.
    pub fn ifindex(&self, name: &str) -> u32 {
        let link = self.ip(&format!("-o link show {name}"));
        link.split(':').next().unwrap().trim().parse().unwrap()
    }

    /// The lines of `ip -4` or `-6 route show` that start a default route or are its nexthops.
    pub fn default_route(&self, family: &str) -> String {
        self.ip(&format!("{family} route show default"))
    }
}

/// The kernel's news, line by line.
pub struct Overheard {
    listener: process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Overheard {
    /// All lines up to the one that has this in it.
    pub fn until(&mut self, word: &str) -> Vec<String> {
        let lines = self.lines.by_ref().map(Result::unwrap);
        lines.take_while(|line| !line.contains(word)).collect()
    }
}

impl Drop for Overheard {
    fn drop(&mut self) {
        let _ = self.listener.kill();
        let _ = self.listener.wait();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let quietly = Stdio::null;
        let deleted = Command::new("ip")
            .args(["netns", "del", &self.name])
            .stderr(quietly())
            .status();
        let removed = fs::remove_dir_all(&self.dir);
        if !thread::panicking() {
            assert!(
                deleted.unwrap().success(),
                "namespace {} stays behind",
                self.name
            );
            removed.unwrap();
        }
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {problem}");
    String::from_utf8(output.stdout).unwrap()
}

/// The backend for what was found, on a kernel without groups.
pub fn backend_of(found: &Survey) -> (Backend, Reason) {
    let abilities = Abilities {
        resilient_groups: false,
    };
    choose_backend(found, &Plans::of(found, abilities))
}
