//! The inside of a virtual machine: what is tried there, by topic, and who tries it. Process 1 only
//! sets the machine up ([`init`]); a child of it does the work, so that orphans find a parent.

pub mod bench;
pub mod doctor;
pub mod init;
pub mod lowpower;
pub mod original;
pub mod ours;
pub mod power;
pub mod reach;
pub mod settings;
pub mod stock;
pub mod watched;
pub mod wire;

use std::time::Instant;

use crate::error::LabError;

use super::report::{MARK, Point, UP};
use bench::{Bench, Outcome};

/// One thing that must hold.
type Try = fn(&mut Bench) -> Outcome;

/// Things that are tried together, in order.
#[derive(Debug)]
struct Topic {
    name: &'static str,
    points: &'static [(&'static str, Try)],
}

const TOPICS: &[Topic] = &[
    Topic {
        name: "stock",
        points: lowpower::STOCK,
    },
    Topic {
        name: "sysctls",
        points: settings::POINTS,
    },
    Topic {
        name: "helper",
        points: lowpower::POINTS,
    },
    Topic {
        name: "stock-paths",
        points: stock::POINTS,
    },
    Topic {
        name: "original-v1-paths",
        points: original::FIRST,
    },
    Topic {
        name: "original-v2-paths",
        points: original::SECOND,
    },
    Topic {
        name: "our-paths",
        points: ours::POINTS,
    },
    Topic {
        name: "reach",
        points: reach::POINTS,
    },
    Topic {
        name: "danger",
        points: reach::DANGER,
    },
    Topic {
        name: "doctor-stock",
        points: doctor::STOCK,
    },
    Topic {
        name: "doctor-stub",
        points: doctor::STUB,
    },
    Topic {
        name: "doctor-ours",
        points: doctor::OURS,
    },
    Topic {
        name: "doctor-original-v1",
        points: doctor::FIRST,
    },
    Topic {
        name: "doctor-original-v2",
        points: doctor::SECOND,
    },
    Topic {
        name: "before-the-power-cut",
        points: power::BEFORE,
    },
    Topic {
        name: "after-the-power-cut",
        points: power::AFTER,
    },
    Topic {
        name: "watched",
        points: watched::BEFORE,
    },
    Topic {
        name: "still-watched",
        points: watched::AFTER,
    },
];

fn topic(name: &str) -> Result<&'static Topic, LabError> {
    let found = TOPICS.iter().find(|topic| topic.name == name);
    found.ok_or_else(|| LabError::Invalid(format!("no topic is called `{name}`")))
}

/// The points of these topics as a report names them.
///
/// # Errors
/// When there is no such topic.
pub fn points(topics: &[&str]) -> Result<Vec<String>, LabError> {
    let mut names = Vec::new();
    for name in topics {
        let points = topic(name)?.points.iter();
        names.extend(points.map(|(point, _)| format!("{name}/{point}")));
    }
    Ok(names)
}

/// Is the first process of the machine, or with `work` tries the topics.
///
/// # Errors
/// What kept the machine from being set up; process 1 does not return otherwise.
pub fn run(topics: &[String], work: bool, say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    if !work {
        return init::run(topics, say);
    }
    say(&format!("{MARK} {UP}"));
    let mut bench = Bench::default();
    for name in topics {
        let topic = topic(name)?;
        for (point, attempt) in topic.points {
            let started = Instant::now();
            let outcome = attempt(&mut bench);
            for line in bench.take_said() {
                say(&line);
            }
            if outcome.is_err() {
                // What is left of it must not spoil the next one.
                bench.clear();
            }
            let point = Point {
                name: format!("{name}/{point}"),
                took: started.elapsed(),
                failure: outcome.err().map(|error| error.to_string()),
            };
            say(&point.line());
        }
    }
    Ok(())
}
