//! The unit opens the files below `/proc/sys` that the helper writes, each by name, and no others.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeeld::kernel::sysctl::Knob;

#[test]
fn the_unit_opens_exactly_the_sysctls_that_the_helper_writes() {
    let unit =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd/evenkeeld.service.in");
    let unit = std::fs::read_to_string(unit).unwrap();
    let opened: BTreeSet<&str> = unit
        .lines()
        .filter_map(|line| line.strip_prefix("ReadWritePaths="))
        .flat_map(str::split_whitespace)
        .collect();
    // A path without the dash would keep the unit from starting on a kernel that lacks it.
    let knobs = Knob::ALL.map(|knob| format!("-/proc/sys/{}", knob.path()));
    let mut written: BTreeSet<&str> = knobs.iter().map(String::as_str).collect();
    written.insert("-/proc/sys/net/ipv4/route/flush");
    assert_eq!(opened, written);
}
