//! What the programs cost and how soon they act, for `make bench`: prints, judges nothing.

pub mod app;
pub mod blame;
pub mod helper;
pub mod overlay;
pub mod rollback;
pub mod steer;
mod usage;
