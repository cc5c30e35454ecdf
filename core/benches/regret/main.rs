//! How well the steering chooses: `cargo bench -p evenkeel-core --bench regret`. Prints the regret
//! (0: perfect in hindsight, 1: plain ECMP) of the steering and of what it stands beside, over the
//! series in `$EVENKEEL_TRACES`. The measure is [`evenkeel_core::regret`].
//!
//! A family is the first word of a series' `family`; those that start with S are generated. The
//! mean over series lets families with many series count more, the mean over families does not.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and may stop"
)]

mod corpus;
mod policies;
mod reaction;
mod recommended;

use corpus::Recording;
use evenkeel_core::Factor;
use evenkeel_core::regret::{Flows, Grid};
use policies::{Subject, Timeline, best_single, current, oracle};
use reaction::{Trouble, median, reactions};
use recommended::Recommended;

/// The period the steering was tuned at, where a series' step allows it.
const PERIOD_MS: u32 = 200;
/// Slider positions whose figures are printed.
const SLIDERS: [i64; 5] = [0, 256, 512, 768, 1024];
/// The columns of the first table.
const POLICIES: [&str; 7] = [
    "1:1", "single", "oracle", "earlier", "steering", "best ms", "1:1 ms",
];
/// The columns of the second: regret and leader changes an hour at each slider position.
const POSITIONS: [&str; 10] = [
    "R 0", "R 256", "R 512", "R 768", "R 1024", "chg 0", "chg 256", "chg 512", "chg 768",
    "chg 1024",
];

/// Figures of one series, in the order of a table's columns.
struct Row<'a, const N: usize> {
    recording: &'a Recording,
    figures: [f64; N],
}

fn main() {
    let grid = Grid::default();
    let recordings = corpus::read(&corpus::directory(), PERIOD_MS);
    let flows: Vec<Flows> = recordings
        .iter()
        .map(|recording| Flows::over(&recording.series, grid))
        .collect();
    println!(
        "{} series, {} flows ({} lives x {} starts each, less those cut short), probed every \
         {PERIOD_MS} ms or at their own step",
        recordings.len(),
        flows.iter().map(Flows::count).sum::<usize>(),
        grid.lives,
        grid.starts,
    );
    let over = || recordings.iter().zip(&flows);
    let policies = over().map(|(recording, flows)| Row {
        recording,
        figures: compare(recording, flows),
    });
    println!(
        "\nRegret of plain ECMP (1:1), the best single uplink in hindsight, the oracle that knows \
         the next 60 s, the earlier steering and this one, both at 512; mean cost of a flow at its \
         best and by plain ECMP"
    );
    print(&POLICIES, &policies.collect::<Vec<_>>());
    println!("\nRegret, and leader changes an hour, by slider position: the earlier steering");
    print(
        &POSITIONS,
        &slide_all(&recordings, &flows, Recommended::new),
    );
    println!("\nRegret, and leader changes an hour, by slider position: this steering");
    print(&POSITIONS, &slide_all(&recordings, &flows, current));
    println!(
        "\nSeconds until the leader is left, median, when it gets 20 ms of jitter, loses a fifth, \
         gets 200 ms slower, falls silent"
    );
    for slider in SLIDERS {
        print_reactions("earlier", slider, &recordings, Recommended::new);
        print_reactions("this", slider, &recordings, current);
    }
}

fn compare(recording: &Recording, flows: &Flows) -> [f64; POLICIES.len()] {
    assert!(flows.count() > 0, "{} is too short", recording.name);
    let even = vec![1; recording.series.path_count()];
    let at = Factor::HALF;
    let [ecmp, single, oracle, earlier, steering] = [
        flows.regret(|_| &even),
        best_single(recording, flows),
        oracle(recording, flows),
        Timeline::of(recording, Recommended::new(recording, at)).regret(flows),
        Timeline::of(recording, current(recording, at)).regret(flows),
    ]
    .map(or_indifferent);
    let (best_ms, even_ms) = (flows.best_us() / 1e3, flows.even_us() / 1e3);
    [ecmp, single, oracle, earlier, steering, best_ms, even_ms]
}

fn slide_all<'a, S: Subject>(
    recordings: &'a [Recording],
    flows: &[Flows],
    start: impl Fn(&Recording, Factor) -> S,
) -> Vec<Row<'a, { POSITIONS.len() }>> {
    let rows = recordings.iter().zip(flows).map(|(recording, flows)| {
        let mut figures = [0.0; POSITIONS.len()];
        let (regrets, changes) = figures.split_at_mut(SLIDERS.len());
        for ((slider, regret), changes) in SLIDERS.into_iter().zip(regrets).zip(changes) {
            let subject = start(recording, Factor::new(slider).unwrap());
            let timeline = Timeline::of(recording, subject);
            *regret = or_indifferent(timeline.regret(flows));
            *changes = timeline.leader_changes_an_hour();
        }
        Row { recording, figures }
    });
    rows.collect()
}

fn print_reactions<S: Subject>(
    which: &str,
    slider: i64,
    recordings: &[Recording],
    start: impl Fn(&Recording, Factor) -> S,
) {
    let slider = Factor::new(slider).unwrap();
    print!("{:<43}", format!("{which} at {}", slider.get()));
    for trouble in Trouble::ALL {
        let times: Vec<Option<f64>> = recordings
            .iter()
            .flat_map(|one| reactions(one, start(one, slider), trouble))
            .collect();
        print!(" {:>8.1}", median(times));
    }
    println!();
}

/// Where the paths don't differ, every choice is as good as any.
fn or_indifferent(regret: Option<f64>) -> f64 {
    regret.unwrap_or(0.0)
}

/// Each series, then the means of its kind: of its series, and of its families' means.
fn print<const N: usize>(columns: &[&str; N], rows: &[Row<'_, N>]) {
    print!("{:<43}", "family, series");
    for column in columns {
        print!(" {column:>8}");
    }
    println!();
    for row in rows {
        let what = format!("{:<4} {}", row.recording.family, row.recording.name);
        print_line(&what, &row.figures);
    }
    for (kind, real) in [("real", true), ("generated", false)] {
        let rows: Vec<_> = rows.iter().filter(|r| r.recording.real == real).collect();
        if rows.is_empty() {
            continue;
        }
        let mut families: Vec<Vec<[f64; N]>> = Vec::new();
        let chunks = rows.chunk_by(|a, b| a.recording.family == b.recording.family);
        for chunk in chunks {
            families.push(chunk.iter().map(|row| row.figures).collect());
        }
        let of_families: Vec<[f64; N]> = families.iter().map(|family| means(family)).collect();
        let (series, count) = (families.concat(), of_families.len());
        print_line(
            &format!("= {kind}, mean of {} series", series.len()),
            &means(&series),
        );
        print_line(
            &format!("= {kind}, mean of {count} families"),
            &means(&of_families),
        );
    }
}

fn print_line(what: &str, figures: &[f64]) {
    print!("{what:<43}");
    for figure in figures {
        print!(" {figure:>8.2}");
    }
    println!();
}

fn means<const N: usize>(rows: &[[f64; N]]) -> [f64; N] {
    std::array::from_fn(|column| {
        rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64
    })
}
