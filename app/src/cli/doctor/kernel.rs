//! `evenkeel doctor --kernel`: says what this kernel really does with two paths. The trying out is
//! in [`crate::kernel_check`], the judging in core; this puts it into words.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::out::{escaped, json};
use crate::kernel_check::{self, Counts, Device, Failed, Report, SCHEMA, Verdict};

/// Tries the kernel, shows what came out and returns the exit code.
///
/// # Errors
/// When the output cannot be written.
pub async fn run(as_json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let outcome = kernel_check::check().await;
    let exit = exit(&outcome);
    if as_json {
        writeln!(out, "{}", json(&Shown::of(&outcome))?)?;
    } else {
        out.write_all(text(&outcome).as_bytes())?;
    }
    out.flush()?;
    Ok(exit.code())
}

fn exit(outcome: &Result<Report, Failed>) -> Exit {
    match outcome {
        Ok(report) if report.ordinary.verdict != Verdict::Unclear => Exit::Ok,
        Ok(_) | Err(Failed::Broken(_)) => Exit::Failed,
        Err(Failed::Forbidden(_)) => Exit::NotSupported,
    }
}

/// The outcome as JSON.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    schema: u32,
    /// On ordinary network cards; null when it could not be tried.
    verdict: Option<Verdict>,
    sentence: String,
    /// What can be done, where something can.
    todo: Option<&'static str>,
    /// Why it could not be tried.
    failed: Option<&'a Failed>,
    report: Option<&'a Report>,
}

impl<'a> Shown<'a> {
    fn of(outcome: &'a Result<Report, Failed>) -> Self {
        let (sentence, todo) = match outcome {
            Ok(report) => (sentence(report), None),
            Err(failed) => why(failed),
        };
        Self {
            schema: SCHEMA,
            verdict: outcome.as_ref().ok().map(|report| report.ordinary.verdict),
            sentence,
            todo,
            failed: outcome.as_ref().err(),
            report: outcome.as_ref().ok(),
        }
    }
}

/// The outcome for people, lines ended.
fn text(outcome: &Result<Report, Failed>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    match outcome {
        Err(failed) => {
            let (said, todo) = why(failed);
            let _ = writeln!(out, "{}", escaped(&said));
            if let Some(todo) = todo {
                let _ = writeln!(out, "       -> {todo}");
            }
        }
        Ok(report) => {
            let _ = writeln!(
                out,
                "Linux {}, {}",
                escaped(&report.kernel_release),
                patch(report)
            );
            let _ = writeln!(out, "{}\n", sentence(report));
            let _ = writeln!(
                out,
                "Flows by the first / second of two equal paths, tried in namespaces of its own:\n\n\
                 {:34}{:>11}{:>14}{:>15}",
                "", "idle", "first busy", "second busy"
            );
            for (name, device) in [
                ("network card", &report.ordinary),
                ("device that keeps the route", &report.keeping),
            ] {
                rows(&mut out, name, device);
            }
            out.push_str("\nNothing outside those namespaces was changed.\n");
        }
    }
    out
}

fn rows(out: &mut String, name: &str, device: &Device) {
    let both = [
        (name, "", &device.unbound),
        ("", "other source", &device.foreign),
    ];
    for (name, beside, counts) in both {
        let Counts {
            idle,
            first_loaded,
            second_loaded,
        } = counts;
        let cell = |[first, second]: &[u32; 2]| format!("{first} / {second}");
        let label = if beside.is_empty() {
            name.to_owned()
        } else {
            format!("  {beside}")
        };
        let _ = writeln!(
            out,
            "{label:34}{:>11}{:>14}{:>15}",
            cell(idle),
            cell(first_loaded),
            cell(second_loaded)
        );
    }
}

fn patch(report: &Report) -> &'static str {
    match report.sysctls.map(|sysctls| sysctls.prefer_busy) {
        None => "without the lowpower sysctls",
        Some(None) => "with the original's lowpower sysctls",
        Some(Some(0)) => "with Evenkeel's lowpower patch",
        Some(Some(_)) => "with Evenkeel's lowpower patch, set to prefer the busy path",
    }
}

/// What is said of it, in one or two sentences.
fn sentence(report: &Report) -> String {
    let ordinary = report.ordinary.verdict;
    let mut said = match ordinary {
        Verdict::StockHashing => {
            "This kernel spreads new connections over the paths by a hash, whatever their load, as \
             every stock kernel does."
        }
        Verdict::NoEffect => {
            "On ordinary network cards the lowpower sysctls, as they are set, are without effect: a hash \
             spreads new connections, as on a stock kernel."
        }
        Verdict::FirstOnly => {
            "On ordinary network cards this kernel sends every new connection over the route's first \
             path, whatever the load."
        }
        Verdict::BusyWins => {
            "On ordinary network cards this kernel sends new connections to the busy path."
        }
        Verdict::SteadyWins => {
            "On ordinary network cards this kernel sends new connections to the steadier, less loaded \
             path."
        }
        Verdict::Unclear => "What this kernel does on ordinary network cards could not be told.",
    }
    .to_owned();
    match report.says_more() {
        Some(Verdict::BusyWins) => said.push_str(
            " On devices that keep a packet's route (loopback, some tunnels) the busy path wins.",
        ),
        Some(Verdict::SteadyWins) => said.push_str(
            " On devices that keep a packet's route (loopback, some tunnels) the steadier, less \
             loaded path wins.",
        ),
        _ => {}
    }
    said
}

/// Why there is no outcome, and what can be done.
fn why(failed: &Failed) -> (String, Option<&'static str>) {
    match failed {
        Failed::Forbidden(why) => {
            let (said, todo) = why.words();
            (
                format!("The kernel could not be tried: {said}."),
                Some(todo),
            )
        }
        Failed::Broken(said) => (format!("The kernel could not be tried: {said}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel_check::Sysctls;
    use crate::kernel_check::forbidden::Why;

    const ALL: [Verdict; 6] = [
        Verdict::StockHashing,
        Verdict::NoEffect,
        Verdict::FirstOnly,
        Verdict::BusyWins,
        Verdict::SteadyWins,
        Verdict::Unclear,
    ];

    fn report(ordinary: Verdict, keeping: Verdict) -> Report {
        let device = |verdict| Device {
            verdict,
            unbound: Counts {
                idle: [203, 197],
                ..Counts::default()
            },
            foreign: Counts::default(),
        };
        Report {
            schema: SCHEMA,
            kernel_release: "6.12.57".into(),
            sysctls: Some(Sysctls {
                ema_k_factor: 512,
                power_cost_weight: 100,
                prefer_busy: None,
            }),
            ordinary: device(ordinary),
            keeping: device(keeping),
        }
    }

    #[test]
    fn every_pair_of_verdicts_has_words_of_its_own() {
        let mut said = std::collections::BTreeSet::new();
        for ordinary in ALL {
            for keeping in ALL {
                said.insert(sentence(&report(ordinary, keeping)));
            }
        }
        // The second kind of device adds a winner where the first has none.
        assert_eq!(said.len(), 6 + 4 * 2);
        assert!(said.iter().all(|said| said.ends_with('.')));
    }

    #[test]
    fn the_exit_code_tells_found_from_unclear_from_forbidden() {
        let found = Ok(report(Verdict::FirstOnly, Verdict::BusyWins));
        assert_eq!(exit(&found), Exit::Ok);
        assert!(text(&found).contains("203 / 197"), "{}", text(&found));
        assert_eq!(
            exit(&Ok(report(Verdict::Unclear, Verdict::BusyWins))),
            Exit::Failed
        );
        assert_eq!(exit(&Err(Failed::Broken("no".into()))), Exit::Failed);
        let forbidden = Err(Failed::Forbidden(Why::CloneSysctl));
        assert_eq!(exit(&forbidden), Exit::NotSupported);
        let said = text(&forbidden);
        assert!(said.contains("unprivileged_userns_clone is 0"), "{said}");
        assert!(
            said.contains("-> root may: sudo evenkeel doctor --kernel"),
            "{said}"
        );
    }
}
