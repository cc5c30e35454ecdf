//! The helper on real sysctls, in a virtual machine with the distribution's kernel and a module that
//! registers what the original patch registers. One machine for all points, for starting one costs
//! more than most of them; each point has a line of its own.
#![allow(clippy::print_stdout, reason = "a line for each point")]

use std::time::Duration;

use evenkeel_lab::LabError;
use evenkeel_lab::vm::{self, Kernel, Machine, Report};

type Outcome = Result<(), LabError>;

/// Emulated, on a busy host.
const TIMEOUT: Duration = Duration::from_mins(5);

fn machine(kernel: &Kernel, topics: &[&str]) -> Machine {
    Machine {
        kernel: kernel.clone(),
        topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        carried: Vec::new(),
        timeout: TIMEOUT,
    }
}

/// Runs a machine, prints a line for each point, and fails unless all of them hold.
fn all_must_hold(machine: &Machine) -> Result<Report, LabError> {
    let report = vm::run(machine)?;
    let topics: Vec<&str> = machine.topics.iter().map(String::as_str).collect();
    for line in report.lines() {
        println!("{line}");
    }
    let wrong = report.wrong(&vm::inside::points(&topics)?);
    assert!(
        wrong.is_empty(),
        "\n{}\n{}",
        wrong.join("\n"),
        report.notes.join("\n")
    );
    Ok(report)
}

#[test]
fn the_helper_keeps_its_promises_on_a_kernel_with_the_sysctls() -> Outcome {
    let kernel = vm::kernels::distribution()?;
    all_must_hold(&machine(&kernel, &["stock", "sysctls", "helper"]))?;
    Ok(())
}

#[test]
fn a_power_cut_leaves_nothing_that_the_next_start_follows() -> Outcome {
    let kernel = vm::kernels::distribution()?;
    let report = all_must_hold(&machine(&kernel, &["before-the-power-cut"]))?;
    let next = Machine {
        carried: report.carried,
        ..machine(&kernel, &["after-the-power-cut"])
    };
    all_must_hold(&next)?;
    Ok(())
}
