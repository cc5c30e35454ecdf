//! The parts of `evenkeeld`, Evenkeel's privileged helper, as a library for its tests.
//!
//! It is for the helper alone: the application never links it and speaks D-Bus instead.

pub mod kernel;
