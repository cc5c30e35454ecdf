//! How often a measurement raises a false alarm, and how often it finds what is there:
//! `cargo bench -p evenkeel-core --bench ab`. Runs are put together from pieces of the series in
//! `$EVENKEEL_TRACES`, so that round-trip times follow each other as they really do.
//!
//! In an A/A run nothing differs between the arms: every alarm is false. In an A/B run what exceeds
//! a block's median is halved in B's blocks. The plain tests see the same A/A packets, the first half
//! as "before", the second as "after".
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and may stop"
)]

#[path = "../regret/corpus.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod corpus;
mod plain;

use corpus::Recording;
use evenkeel_core::ab::draw::Draws;
use evenkeel_core::ab::plan::order;
use evenkeel_core::ab::verdict::differences;
use evenkeel_core::ab::{Arm, Block, Plan, Verdict, judge};
use evenkeel_core::trace::Series;

/// Runs over each series.
const RUNS: u64 = 1_000;
/// The environment variable that asks for more of them.
const MORE: &str = "EVENKEEL_RUNS";
/// Seconds of the pieces that runs are put together from.
const PIECE_S: usize = 120;
/// Milliseconds between probes, where a series' step allows it.
const PERIOD_MS: u32 = 100;
/// A series of seconds has this many rows in a block, as many as one probed every 200 ms.
const BLOCK_ROWS_OF_SECONDS: usize = 50;

/// Shares of runs, in the order of the columns.
const COLUMNS: [&str; 8] = [
    "A/A 20",
    "A/A 20,30",
    "F test",
    "Mann-W.",
    "A/B 20",
    "A/B 20,30",
    "-10% 20",
    "pairs",
];

type Outcomes = [Option<u32>];

fn main() {
    let recordings = corpus::read(&corpus::directory(), 200);
    let more = std::env::var(MORE).ok().and_then(|runs| runs.parse().ok());
    let runs = more.unwrap_or(RUNS).max(RUNS);
    println!(
        "{} series, {runs} A/A and A/B runs over each, put together from pieces of {PIECE_S} s; 10 s \
         blocks, the first 2 s dropped, nominal level 5 %\n",
        recordings.len()
    );
    println!(
        "False alarms of one look at 20 pairs, of looks at 20 and 30, of plain before/after tests \
         (F test on the variance, Mann-Whitney); halved excess found at 20 pairs, at 20 or 30; a \
         tenth less excess found; pairs that an A/B run with two looks took\n"
    );
    print!("{:<43}", "family, series");
    for column in COLUMNS {
        print!(" {column:>9}");
    }
    println!();
    let mut all = Vec::new();
    for (number, recording) in (0..).zip(&recordings) {
        let shares = runs_over(recording, number, runs);
        print_line(
            &format!("{:<4} {}", recording.family, recording.name),
            &shares,
        );
        all.push(shares);
    }
    let mean_of = |rows: &[[f64; COLUMNS.len()]]| {
        std::array::from_fn(|column| {
            rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64
        })
    };
    let mean: [f64; COLUMNS.len()] = mean_of(&all);
    let real: Vec<_> = std::iter::zip(&recordings, &all)
        .filter_map(|(recording, shares)| recording.real.then_some(*shares))
        .collect();
    let worst = std::array::from_fn(|column| {
        let found = (4..7).contains(&column);
        let of_column = all.iter().map(|row| row[column]);
        if found {
            of_column.fold(f64::INFINITY, f64::min)
        } else {
            of_column.fold(0.0, f64::max)
        }
    });
    print_line("= mean", &mean);
    if !real.is_empty() {
        print_line("= mean of the real ones", &mean_of(&real));
    }
    print_line("= worst series", &worst);
    println!();
    goal(
        "A/A runs alarm at most 5.5 % of the time, one look",
        mean[0] <= 5.5,
    );
    goal(
        "A/A runs alarm at most 5.5 % of the time, two looks",
        mean[1] <= 5.5,
    );
    goal(
        "halved excess is found at least 60 % of the time with 20 pairs",
        mean[4] >= 60.0,
    );
}

fn goal(what: &str, is_met: bool) {
    println!("{what}: {}", if is_met { "met" } else { "NOT MET" });
}

/// How a series is cut into probes and blocks.
struct Cut {
    stride: usize,
    block: usize,
    settle: usize,
    piece: usize,
}

impl Cut {
    fn of(series: &Series) -> Self {
        let step = series.step_ms();
        let stride = (PERIOD_MS / step).max(1);
        let period = step * stride;
        let block = if period >= 1000 {
            BLOCK_ROWS_OF_SECONDS
        } else {
            (10_000 / period) as usize
        };
        Self {
            stride: stride as usize,
            block,
            settle: block / 5,
            piece: (PIECE_S * 1000 / period as usize).max(block),
        }
    }
}

/// Percentages of runs over one series.
fn runs_over(recording: &Recording, number: u64, runs: u64) -> [f64; COLUMNS.len()] {
    let cut = Cut::of(&recording.series);
    let paths: Vec<Vec<Option<u32>>> = (0..recording.series.path_count())
        .map(|path| probes(&recording.series, path, cut.stride))
        .collect();
    let two_looks = Plan::default();
    let one_look = Plan::new(20, None, 10_000, 2_000, 100).unwrap();
    let mut draws = Draws::new(number);
    let mut counts = [0_u32; COLUMNS.len()];
    for _ in 0..runs {
        let path = &paths[draws.below(paths.len())];
        let seed = draws.next_u64();
        let run = put_together(
            path,
            two_looks.blocks() as usize * cut.block,
            cut.piece,
            &mut draws,
        );
        let same = |_: Arm, block: &Outcomes| block.to_vec();
        let halved = |arm, block: &Outcomes| less_excess(arm, block, 2, 1);
        let tenth = |arm, block: &Outcomes| less_excess(arm, block, 10, 9);
        let aa = pairs_of(&run, &cut, seed, same);
        let ab = pairs_of(&run, &cut, seed, halved);
        let slight = pairs_of(&run, &cut, seed, tenth);
        let before_after = &run[..one_look.blocks() as usize * cut.block];
        let (before, after) = before_after.split_at(before_after.len() / 2);
        let (ab_ends, ab_at_last) = outcome(&two_looks, &ab, seed);
        let hits = [
            outcome(&one_look, &aa, seed).0 != Verdict::NoDifference,
            outcome(&two_looks, &aa, seed).0 != Verdict::NoDifference,
            plain::variances_differ(before, after),
            plain::ranks_differ(before, after),
            outcome(&one_look, &ab, seed).0 == Verdict::Better,
            ab_ends == Verdict::Better,
            outcome(&one_look, &slight, seed).0 == Verdict::Better,
        ];
        for (count, hit) in counts.iter_mut().zip(hits) {
            *count += u32::from(hit);
        }
        counts[7] += ab_at_last;
    }
    let mut shares = counts.map(|count| 100.0 * f64::from(count) / runs as f64);
    shares[7] /= 100.0;
    shares
}

/// The verdict that a measurement ends with, and the pairs it took.
fn outcome(plan: &Plan, differences: &[f64], seed: u64) -> (Verdict, u32) {
    let looks = [plan.first_look(), Some(plan.pairs())]
        .into_iter()
        .flatten();
    let mut judged = looks.map(|pairs| judge(plan, &differences[..pairs as usize], seed).unwrap());
    let last = judged.find(evenkeel_core::ab::Judged::is_final).unwrap();
    (last.verdict, last.pairs)
}

/// One path of a series, as it is probed.
fn probes(series: &Series, path: usize, stride: usize) -> Vec<Option<u32>> {
    let rows = (0..series.row_count()).step_by(stride);
    rows.map(|row| series.row(row).unwrap()[path]).collect()
}

/// A run of so many probes, from pieces drawn with replacement.
fn put_together(
    probes: &[Option<u32>],
    length: usize,
    piece: usize,
    draws: &mut Draws,
) -> Vec<Option<u32>> {
    let piece = piece.min(probes.len());
    let mut run = Vec::with_capacity(length + piece);
    while run.len() < length {
        let from = draws.below(probes.len() - piece + 1);
        run.extend_from_slice(&probes[from..from + piece]);
    }
    run.truncate(length);
    run
}

/// The differences of a run's pairs, each block as `treat` leaves it.
fn pairs_of(
    run: &Outcomes,
    cut: &Cut,
    seed: u64,
    treat: impl Fn(Arm, &Outcomes) -> Vec<Option<u32>>,
) -> Vec<f64> {
    let pairs = run.chunks_exact(2 * cut.block);
    let blocks: Vec<[Block; 2]> = (0..)
        .zip(pairs)
        .map(|(number, pair)| {
            let arms = order(seed, number);
            let (first, second) = pair.split_at(cut.block);
            let of = |arm, block: &Outcomes| Block::of(&treat(arm, &block[cut.settle..])).unwrap();
            let blocks = [of(arms[0], first), of(arms[1], second)];
            if arms[0] == Arm::A {
                blocks
            } else {
                [blocks[1], blocks[0]]
            }
        })
        .collect();
    differences(blocks.iter().map(|[a, b]| (a, b)))
}

/// In B's blocks `keep / of` of what answers exceed the median by; losses stay.
fn less_excess(arm: Arm, block: &Outcomes, of: u32, keep: u32) -> Vec<Option<u32>> {
    if arm == Arm::A {
        return block.to_vec();
    }
    let mut answers: Vec<u32> = block.iter().copied().flatten().collect();
    answers.sort_unstable();
    let median = answers.get(answers.len() / 2).copied().unwrap_or(0);
    let less = |rtt: u32| rtt.min(median) + rtt.saturating_sub(median) / of * keep;
    block.iter().map(|one| one.map(less)).collect()
}

fn print_line(what: &str, shares: &[f64; COLUMNS.len()]) {
    print!("{what:<43}");
    for share in shares {
        print!(" {share:>9.1}");
    }
    println!();
}
