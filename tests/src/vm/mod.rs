//! A virtual machine with a kernel of our choice, and in it the whole lab: real helper, bus, polkit and
//! command line on real sysctls. The host's side collects the machine's files ([`root`]), starts it
//! ([`start`]) and reads what it reported ([`report`]); what is tried is the inside's business
//! ([`inside`]). Nothing of the host is changed, and the machine has no network but its own.
//!
//! The machine's root is in its memory, so every start is the start of a machine that was switched off.

pub mod archive;
pub mod inside;
pub mod kernels;
pub mod report;
pub mod root;
pub mod start;

pub use report::{Point, Report};
pub use root::Kernel;
pub use start::{Machine, run};
