//! The steering against vectors of an independent reference (`reference/steering.py`), bit for bit:
//! every weight, level and jitter average after every round, by the recorded call and by the live
//! ones.
#![allow(
    clippy::unwrap_used,
    reason = "a vector that can't be read fails the test"
)]

mod support;

use evenkeel_core::Factor;
use evenkeel_core::steer::{Params, Period, PowerCost, Sample, Steering};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use support::{under_tests, unpack};

/// Number of vector files; a lost file must not pass unnoticed.
const FILES: usize = 37;

struct Vector {
    params: Params,
    costs: Vec<PowerCost>,
    rounds: Vec<Expected>,
}

struct Expected {
    rtts: Vec<Option<u64>>,
    weights: Vec<u16>,
    /// Level, fast, slow.
    paths: Vec<[u64; 3]>,
}

#[test]
fn every_vector_is_matched_by_recorded_rounds() {
    for file in files() {
        let vector = read(&file);
        let mut steering = Steering::new(vector.params, &vector.costs).unwrap();
        for (round, expected) in vector.rounds.iter().enumerate() {
            let before = steering.weights().to_vec();
            let change = steering.round(&expected.rtts).unwrap();
            compare(&steering, expected, &file, round);
            assert_eq!(
                change.weights_changed,
                before != expected.weights,
                "{file:?} {round}"
            );
        }
    }
}

#[test]
fn every_vector_is_matched_by_samples_that_arrive_one_by_one() {
    for file in files() {
        let vector = read(&file);
        let per_epoch = vector.params.period.rounds_per_epoch() as usize;
        let mut steering = Steering::new(vector.params, &vector.costs).unwrap();
        for (round, expected) in vector.rounds.iter().enumerate() {
            // In any order, the last path first here.
            for (path, rtt) in expected.rtts.iter().enumerate().rev() {
                steering.sample(path, Sample::from(*rtt)).unwrap();
            }
            let _change = if (round + 1) % per_epoch == 0 {
                steering.end_epoch()
            } else {
                steering.settle()
            };
            compare(&steering, expected, &file, round);
        }
    }
}

fn compare(steering: &Steering, expected: &Expected, file: &Path, round: usize) {
    let at = || format!("{}, round {round}", file.display());
    assert_eq!(steering.weights(), expected.weights, "weights in {}", at());
    for (path, view) in steering.views().enumerate() {
        let got = [
            view.level_ns.unwrap_or(0),
            view.fast_jitter_ns,
            view.slow_jitter_ns,
        ];
        assert_eq!(
            got,
            expected.paths[path],
            "L, Df, Ds of path {path} in {}",
            at()
        );
    }
}

fn files() -> Vec<PathBuf> {
    let directory = under_tests("golden");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), FILES, "vector files");
    files
}

fn read(file: &Path) -> Vector {
    let text = unpack(file);
    let mut lines = text.lines();
    let header: HashMap<&str, &str> = lines
        .next()
        .and_then(|line| line.strip_prefix("# "))
        .unwrap()
        .split(' ')
        .map(|pair| pair.split_once('=').unwrap())
        .collect();
    let params = Params {
        period: Period::from_ms(header["period_ms"].parse().unwrap()).unwrap(),
        slider: Factor::new(header["slider"].parse().unwrap()).unwrap(),
    };
    let costs: Vec<PowerCost> = header["power_cost"]
        .split(',')
        .map(|cost| PowerCost::new(cost.parse().unwrap()).unwrap())
        .collect();
    assert_eq!(header["paths"], costs.len().to_string());
    let rounds: Vec<Expected> = lines
        .filter(|line| !line.starts_with('#'))
        .map(expected)
        .collect();
    assert!(rounds.len() > 300, "{} is cut short", file.display());
    Vector {
        params,
        costs,
        rounds,
    }
}

fn expected(line: &str) -> Expected {
    let [rtts, weights, paths] = line.split(';').collect::<Vec<_>>()[..] else {
        panic!("three fields in {line}")
    };
    Expected {
        rtts: rtts.split(' ').map(|rtt| rtt.parse::<u64>().ok()).collect(),
        weights: weights
            .split(' ')
            .map(|weight| weight.parse().unwrap())
            .collect(),
        paths: paths.split(' ').map(three).collect(),
    }
}

fn three(path: &str) -> [u64; 3] {
    let numbers: Vec<u64> = path
        .split(',')
        .map(|number| number.parse().unwrap())
        .collect();
    numbers.try_into().unwrap()
}
