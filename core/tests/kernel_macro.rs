//! Our EMA and path metrics against C: the macro, compiled here and now, asked through a pipe.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "no C compiler, no comparison: fail"
)]

use evenkeel_core::ema::{Factor, ema_update};
use evenkeel_core::metrics::{KernelCost, PathMetrics};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The compiled program, answering until it is dropped.
struct C {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl C {
    fn compile(name: &str) -> Self {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let status = Command::new("cc")
            .args(["-std=c11", "-O2", "-Wall", "-Werror", "-o"])
            .arg(&program)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel_macro.c"))
            .status()
            .expect("this test needs a C compiler named cc: install gcc or clang");
        assert!(status.success(), "cc could not compile kernel_macro.c");
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            questions,
            answers,
        }
    }

    fn ask(&mut self, question: &str) -> Vec<u64> {
        writeln!(self.questions, "{question}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "C had no answer to {question}");
        answer
            .split_whitespace()
            .map(|number| number.parse().unwrap())
            .collect()
    }

    fn ema(&mut self, k: Factor, old: u64, new: u64) -> u64 {
        self.ask(&format!("e {} {old} {new}", k.get()))[0]
    }
}

impl Drop for C {
    fn drop(&mut self) {
        // Ours, and it holds nothing worth a flush.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    mut test: impl FnMut(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let test = std::cell::RefCell::new(&mut test);
    TestRunner::new(config)
        .run(&strategy, |value| (test.borrow_mut())(value))
        .unwrap_or_else(|error| panic!("{error}"));
}

fn factor() -> impl Strategy<Value = Factor> {
    (0_i64..=1024).prop_map(|k| Factor::new(k).unwrap())
}

/// Numbers of every size, the largest as likely as the smallest.
fn any_size() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift)
}

#[test]
fn the_average_is_cs_for_every_factor_and_any_numbers() {
    let mut c = C::compile("ema");
    for k in (0..=1024).map(|k| Factor::new(k).unwrap()) {
        for (old, new) in [
            (0, 1),
            (1, 0),
            (u64::MAX, u64::MAX),
            (0, u64::MAX),
            (1 << 54, 1 << 63),
        ] {
            assert_eq!(
                ema_update(k, old, new),
                c.ema(k, old, new),
                "{k:?} {old} {new}"
            );
        }
    }
    check(
        20_000,
        (factor(), any_size(), any_size()),
        |(k, old, new)| {
            prop_assert_eq!(ema_update(k, old, new), c.ema(k, old, new));
            Ok(())
        },
    );
}

#[test]
fn the_metrics_are_cs_after_every_packet_of_any_flow() {
    let mut c = C::compile("metrics");
    // Gaps of 0 are common, huge ones and a wrapping clock possible.
    let gap = prop_oneof![4 => 0_u64..3, 4 => 0_u64..2000, 1 => any_size()];
    let bytes = prop_oneof![4 => 0_u32..2000, 1 => any::<u32>()];
    let packets = prop::collection::vec((gap, bytes), 1..40);
    let cost = prop_oneof![2 => 0_i32..=10_000, 1 => any::<i32>()];
    let start = prop_oneof![Just([0, 0, 0]), [any_size(), any_size(), any_size()]];
    check(
        1_500,
        (factor(), cost, start, packets),
        |(k, cost, start, packets)| {
            let mut ours = PathMetrics::new(k, KernelCost::from_sysctl(cost));
            [ours.load, ours.deviation, ours.last_update] = start;
            let mut jiffies = ours.last_update;
            for (gap, bytes) in packets {
                jiffies = jiffies.wrapping_add(gap);
                let PathMetrics {
                    load,
                    deviation,
                    last_update,
                    ..
                } = ours;
                let theirs = c.ask(&format!(
                    "m {} {cost} {load} {deviation} {last_update} {jiffies} {bytes}",
                    k.get()
                ));
                prop_assert_eq!(ours.transmit(jiffies, bytes), gap != 0);
                let kept = [ours.load, ours.deviation, ours.last_update, ours.weight()];
                prop_assert_eq!(kept.to_vec(), theirs);
            }
            Ok(())
        },
    );
}
