//! What the helper asks of the kernel and changes in it: netlink, sysctls, the journal, the door.
//!
//! It is not for deciding anything: which weights and values to want is the steering's and the
//! actor's business. Nothing here speaks D-Bus or keeps time.
//!
//! Reading goes through [`survey()`](survey::survey) and [`watch::Watch`]; every change goes
//! through [`door::Door`]: captured, journaled, applied, read back, or undone.

use std::path::PathBuf;

pub mod abilities;
pub mod backend;
pub mod door;
pub mod ecmp;
pub mod error;
pub mod found;
pub mod journal;
pub mod lowpower;
pub mod netlink;
pub mod objects;
pub mod paths;
pub mod route;
pub mod sockets;
pub mod survey;
pub mod sysctl;
pub mod sysfs;
pub mod undoer;
pub mod watch;

/// Where the helper finds the kernel's files and keeps its own.
///
/// The default is the running system; tests point the paths at recorded trees.
#[derive(Debug, Clone)]
pub struct Roots {
    /// The sysctl tree: `/proc/sys`.
    pub proc_sys: PathBuf,
    /// The kernel's network files: `/proc/net`.
    pub proc_net: PathBuf,
    /// The interfaces' directory: `/sys/class/net`.
    pub sys_class_net: PathBuf,
    /// The runtime directory, 0700 and ours: `/run/evenkeel`. It holds the journal.
    pub runtime_dir: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            proc_sys: PathBuf::from("/proc/sys"),
            proc_net: PathBuf::from("/proc/net"),
            sys_class_net: PathBuf::from("/sys/class/net"),
            runtime_dir: PathBuf::from("/run/evenkeel"),
        }
    }
}
