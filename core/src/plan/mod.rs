//! What to put into the kernel so that new flows take the leader and no running one moves: decided
//! from plain values, carried out elsewhere.

mod model;
pub mod numbers;

pub use model::{
    Abilities, Action, Family, Found, Group, Hop, Nexthop, Object, Prefix, Route, Rule, Selector,
    Sockets, SystemDefault, Uplink, Via,
};
