//! `evenkeeld`, the only privileged part of Evenkeel: small, boring, bounded.
//!
//! One actor ([`actor`]) owns all state. D-Bus methods ([`interface`]) validate, ask polkit
//! ([`desk`], [`authority`]) and send it a request; it decides by [`lease`] what is wanted, changes the
//! kernel through the one door in [`kernel`], steers by what [`sampler`] hears from the probes,
//! and tells the world through [`public`] (properties) and [`feed`] (samples). What [`measure`]
//! compares it switches back and forth like anything else that is held.

pub mod actor;
pub mod authority;
pub mod clients;
pub mod config;
pub mod confirm;
pub mod desk;
pub mod feed;
pub mod figures;
pub mod handover;
pub mod host;
pub mod idle;
pub mod interface;
pub mod keeper;
pub mod kernel;
pub mod lease;
pub mod measure;
pub mod plans;
pub mod public;
pub mod request;
pub mod sampler;
pub mod service;
pub mod session;
pub mod spikes;
pub mod view;
pub mod watchdog;
