//! What the programs cost, for `make bench`: prints, judges nothing.

pub mod app;
pub mod helper;
mod usage;
