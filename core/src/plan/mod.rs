//! What to put into the kernel so that new flows take the leader and no running one moves: decided
//! from plain values, carried out elsewhere.
//!
//! Each family is planned by itself:
//!
//! | preference | rule | what for |
//! |---|---|---|
//! | 32761 | `lookup main suppress_prefixlength 0` | networks on the link and all routes but defaults go as ever |
//! | 32762 | `iif lo from <address or network> lookup <its table>` | a bound or connected socket keeps its uplink |
//! | 32763 | `iif lo ipproto udp sport <port> lookup <table>` | a pin: so does a UDP socket without an address |
//! | 32764 | `not iif lo lookup <table of the system's uplink>` | what only passes through is left where it was |
//!
//! Where the system's own default is spread over several uplinks, merged from their routers'
//! advertisements, a further table has a copy of it. Pins of before game mode and what passes through
//! are led there: the kernel spreads them over the copy just as over the original.
//!
//! Each uplink has a table with one default. What is left for our default in the main table are new
//! flows of this machine. It stands just before the system's, and loses to a better one as any
//! would. A socket with an address of no uplink has no source rule by itself; when the leader changes
//! it gets one of its own, like a pin, to where it was.
//!
//! # Use
//! Read the kernel, [`plan`] and aim, apply the [`steps`], in order, one by one; after a failed one
//! read again. The aims are [`Plan::towards`] an uplink and, when game mode ends, [`remains`] until
//! that is empty. `steps(&found.ours, &BTreeSet::new())` ends it at once. Nothing has to be
//! remembered: after a crash the same calls go on from what the kernel has.
//!
//! ```
//! use evenkeel_core::plan::{
//!     Abilities, Family, Found, Sockets, SystemDefault, Uplink, plan, remains, steps,
//! };
//! # use std::collections::BTreeSet;
//! let uplink = |ifindex: u32, gateway: &str, address: &str| Uplink {
//!     ifindex,
//!     gateway: gateway.parse().unwrap(),
//!     preferred_source: None,
//!     addresses: vec![(address.parse().unwrap(), 24)],
//! };
//! let mut found = Found {
//!     family: Family::V4,
//!     uplinks: vec![uplink(2, "10.1.0.1", "10.1.0.2"), uplink(3, "10.2.0.1", "10.2.0.2")],
//!     system_default: Some(SystemDefault { metric: 100, ifindexes: vec![2], merged: Vec::new() }),
//!     foreign_rules: Vec::new(),
//!     taken: Vec::new(),
//!     ours: BTreeSet::new(),
//! };
//! let sockets = Sockets {
//!     sources: BTreeSet::new(),
//!     wildcard_udp_ports: BTreeSet::from([27_005]),
//! };
//! let plan = plan(&found, Abilities { resilient_groups: true })?;
//! let aim = plan.towards(3, &found, &sockets);
//! for step in steps(&found.ours, &aim.objects) {
//!     println!("{}", step.words(&|ifindex| format!("if{ifindex}")));
//! }
//! found.ours = aim.objects; // what a new look into the kernel finds
//! assert!(steps(&found.ours, &plan.towards(3, &found, &sockets).objects).is_empty());
//! assert!(remains(&found, &sockets).objects.is_empty(), "that port is where the system puts it");
//! # Ok::<(), evenkeel_core::plan::Refusal>(())
//! ```

mod aims;
mod decide;
mod model;
pub mod numbers;
mod pins;
mod prefix;
mod refusal;
mod slots;
mod steps;
mod words;

pub use aims::{Aim, remains};
pub use decide::{Plan, Planned, plan};
pub use model::{
    AS_THE_SYSTEM, Abilities, Action, Family, Found, Group, Hop, Nexthop, Object, Prefix, Route,
    Rule, Selector, Sockets, SystemDefault, Uplink, Via,
};
pub use pins::{Pins, pins_for, pins_in, target_in};
pub use refusal::Refusal;
pub use steps::{Step, steps};
