//! The helper on real sysctls, in a virtual machine with the distribution's kernel and a module that
//! registers what the original patch registers. One machine for all points, for starting one costs
//! more than most of them; each point has a line of its own.

use std::time::Duration;

use evenkeel_lab::LabError;
use evenkeel_lab::vm::{Machine, kernels};

type Outcome = Result<(), LabError>;

/// Emulated, on a busy host.
const TIMEOUT: Duration = Duration::from_mins(8);

#[test]
fn the_helper_keeps_its_promises_on_a_kernel_with_the_sysctls() -> Outcome {
    let kernel = kernels::distribution()?;
    let topics = [
        "stock",
        "stock-paths",
        "doctor-stock",
        "sysctls",
        "helper",
        "doctor-stub",
    ];
    Machine::new(&kernel, &topics, TIMEOUT).all_must_hold()?;
    Ok(())
}

#[test]
fn a_power_cut_leaves_nothing_that_the_next_start_follows() -> Outcome {
    let kernel = kernels::distribution()?;
    let first = Machine::new(&kernel, &["before-the-power-cut"], TIMEOUT);
    let report = first.all_must_hold()?;
    let mut next = Machine::new(&kernel, &["after-the-power-cut"], TIMEOUT);
    next.carried = report.carried;
    next.all_must_hold()?;
    Ok(())
}
