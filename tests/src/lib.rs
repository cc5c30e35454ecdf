//! The lab: a private network with emulated uplinks, a private system bus with a real polkit, and
//! snapshots of the kernel's routing state. Integration tests, the demo and the benchmarks all
//! stand on it. It is not for production use, and nothing here touches the host's network, bus,
//! users, `/run` or `/tmp`.
//!
//! ```text
//!            em1 {near, far}
//!   wifi0 ───────●──────── r1 {lan, wan: masquerade, foreign sources dropped and counted} ── w1
//! pc                                                                                        srv
//!   usb0  ───────●──────── r2 {lan, wan: masquerade, foreign sources dropped and counted} ── w2
//!            em2 {near, far}
//! ```
//!
//! # Why nothing can be left behind
//!
//! A lab is one process, the *holder*, that is process 1 of a pid namespace of its own and that
//! also owns a mount, network, IPC, UTS and cgroup namespace. The other network namespaces are
//! bind-mounted under `/run/netns` inside the holder's *private* mount namespace, so they have
//! names for `ip netns exec` but exist only as long as that mount namespace does. Everything else
//! (emulators, servers, `dbus-daemon`, polkitd, the helper, clients) runs in the holder's pid
//! namespace. The holder ends when its standard input closes, which the kernel does for us however
//! the process that made the lab dies; and when process 1 of a pid namespace ends, the kernel kills
//! every process in it and with the last process go the namespaces and their mounts. So there is no
//! clean-up code that could be skipped: not on Drop, not on Ctrl-C, not on `kill -9`.
//!
//! One thing is not a process's: polkit tells sessions by control groups, and an empty control group
//! stays. The lab's outermost process, the guard, removes it, and if even that is killed the next lab
//! does.
//!
//! # Use
//!
//! ```no_run
//! use evenkeel_lab::{Lab, LabSpec, Link};
//!
//! # fn main() -> Result<(), evenkeel_lab::LabError> {
//! let lab = Lab::start(&LabSpec::default())?;
//! lab.link("wifi0")?.set("both delay_us=10000 jitter_us=0")?;
//! let out = lab.command("pc", ["ping", "-c3", "-I", "wifi0", "203.0.113.1"]).output()?;
//! println!("{}", out.stdout);
//! # Ok(()) }
//! ```

pub mod accuracy;
pub mod anchor;
pub mod bench;
pub mod blast;
pub mod call;
pub mod causes;
pub mod command;
pub mod contract;
pub mod demo;
pub mod desk;
pub mod echo;
pub mod emulator;
pub mod endings;
pub mod error;
pub mod eye;
pub mod flows;
pub mod guard;
pub mod herald;
pub mod hold;
pub mod install;
pub mod lab;
pub mod link;
pub mod loader;
pub mod machine;
pub mod managers;
pub mod measured;
pub mod ours;
pub mod pad;
pub mod portals;
pub mod process;
pub mod race;
pub mod rig;
pub mod sandbox;
pub mod scene;
pub mod screen;
pub mod snapshot;
pub mod spec;
pub mod steered;
pub mod tools;
pub mod topology;
pub mod tree;
pub mod turnaround;
pub mod users;
pub mod view;
pub mod vm;
pub mod wayland;

pub use command::{Cmd, Output};
pub use error::LabError;
pub use lab::Lab;
pub use link::Link;
pub use managers::{Event, Kind, Manager, Metered};
pub use process::Proc;
pub use rig::{HelperOptions, SessionState};
pub use snapshot::Snapshot;
pub use spec::{LabSpec, Routes};
