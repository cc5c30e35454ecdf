//! What a lab should look like: plain values that cross from the test to the holder as JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::LabError;

/// The default routes of the `pc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Routes {
    /// One multipath default over all uplinks, weights equal, per family, as a user would make it.
    Multipath,
    /// One default per uplink with metrics 100, 200, ...: what a desktop has.
    Separate,
    /// No default route at all.
    None,
    /// The uplinks are down and bare: a network manager gives them addresses and routes.
    Managed,
}

/// A description of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabSpec {
    /// Number of uplinks, 1..=4.
    pub uplinks: u8,
    /// The default routes. With a single uplink `Multipath` and `Separate` are the same.
    pub routes: Routes,
    /// May everybody in `pc` open ICMP datagram sockets?
    pub ping_group: bool,
    /// Seed of the emulators' draws; equal seeds give equal draws to equal traffic.
    pub seed: u64,
    /// The project's directory with `polkit/`, `dbus/`; `None` takes this repository's `packaging`.
    pub packaging: Option<PathBuf>,
    /// A uid of the host that must stay as it is inside the lab (the person running the demo).
    pub keep_uid: Option<u32>,
    /// Binaries made available in the lab's `PATH`, whatever the permissions of their directory.
    pub binaries: Vec<PathBuf>,
}

impl Default for LabSpec {
    fn default() -> Self {
        Self {
            uplinks: 2,
            routes: Routes::Multipath,
            ping_group: true,
            seed: 1,
            packaging: None,
            keep_uid: None,
            binaries: Vec::new(),
        }
    }
}

impl LabSpec {
    /// A lab with `uplinks` uplinks and everything else as by default.
    pub fn with_uplinks(uplinks: u8) -> Self {
        Self {
            uplinks,
            ..Self::default()
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`LabError::Invalid`] when `uplinks` is not in 1..=4.
    pub fn validate(&self) -> Result<(), LabError> {
        if (1..=4).contains(&self.uplinks) {
            Ok(())
        } else {
            Err(LabError::Invalid(format!(
                "a lab has 1 to 4 uplinks, not {}; nothing was started",
                self.uplinks
            )))
        }
    }

    /// The directory with the project's bus and polkit files.
    pub fn packaging_dir(&self) -> PathBuf {
        self.packaging
            .clone()
            .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging")))
    }
}
