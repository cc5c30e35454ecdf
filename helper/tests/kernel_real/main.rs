//! The kernel side of the helper against the real kernel, in namespaces made for each test.
//!
//! Needs root, `ip` (iproute2) and `/proc/sys`; a test without them fails.
#![cfg(test)]

mod found;
mod journal;
mod lab;
mod merged;
mod objects;
mod plan;
mod routes;
mod sockets;
mod sysctls;
mod trouble;
mod watch;
