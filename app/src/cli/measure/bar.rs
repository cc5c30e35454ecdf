//! The measurement's progress on standard error: a line of blocks that fill, drawn anew in place on a
//! terminal, a line now and then elsewhere. Not the result.

use std::io::{self, Write};

use evenkeel_dbus::measurement::MeasurementState;

use super::told::{self, Names};
use crate::measure::Snapshot;
use crate::words::{Key, Words};

/// Cells of the bar.
const WIDTH: u32 = 30;
/// Elsewhere than on a terminal a line comes each time so many hundredths more are done.
const STEP_PERCENT: u32 = 10;

/// See the module.
pub struct Bar {
    is_terminal: bool,
    is_quiet: bool,
    /// The line on the screen, or the last one printed.
    shown: String,
    percent: Option<u32>,
}

impl Bar {
    /// A bar that is not shown yet; a quiet one never is, unless on a terminal.
    pub fn new(is_terminal: bool, is_quiet: bool) -> Self {
        Self {
            is_terminal,
            is_quiet,
            shown: String::new(),
            percent: None,
        }
    }

    /// True where it is worth drawing anew while nothing happens.
    pub fn moves(&self) -> bool {
        self.is_terminal
    }

    /// Shows how far it is. There is nobody to tell when standard error is gone.
    pub fn show(&mut self, snapshot: &Snapshot, names: &Names, words: &Words) {
        let line = line(snapshot, names, words);
        if self.is_terminal {
            if line != self.shown {
                // Back to the beginning of the line, and clear what remains of the longer one.
                let _ = write!(io::stderr(), "\r{line}\x1b[K");
            }
        } else if !self.is_quiet {
            let percent = percent(snapshot) / STEP_PERCENT;
            if self.percent != Some(percent) || snapshot.state == MeasurementState::Paused {
                if line != self.shown {
                    let _ = writeln!(io::stderr(), "{line}");
                }
                self.percent = Some(percent);
            }
        }
        self.shown = line;
    }

    /// Leaves the line.
    pub fn end(&mut self) {
        if self.is_terminal && !self.shown.is_empty() {
            let _ = writeln!(io::stderr());
            self.shown.clear();
        }
    }
}

fn percent(snapshot: &Snapshot) -> u32 {
    let progress = snapshot.progress;
    progress.blocks_done * 100 / progress.blocks.max(1)
}

fn line(snapshot: &Snapshot, names: &Names, words: &Words) -> String {
    let progress = snapshot.progress;
    let (done, all) = (progress.blocks_done, progress.blocks.max(1));
    let full = (done * WIDTH / all) as usize;
    let cells = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH as usize - full));
    let now = match (snapshot.state, progress.arm) {
        (MeasurementState::Warming, _) => words.say(Key::MeasureBadgeWarming),
        (MeasurementState::Paused, _) => {
            let badge = words.say(Key::MeasureBadgePaused);
            format!("{badge}: {}", told::reason(snapshot.reason, words))
        }
        (_, arm @ (0 | 1)) => {
            let [a, b] = names.arms(snapshot, words);
            if arm == 0 { a } else { b }
        }
        _ => words.say(Key::MeasureBadgeRuns),
    };
    let left = snapshot.left_ms().div_ceil(1000);
    let (minutes, seconds) = (left / 60, left % 60);
    let at_most = words.say(Key::MeasureLeft);
    format!("{cells} {done}/{all} · {now} · {minutes}:{seconds:02} {at_most}")
        .replace('\u{2060}', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::measure::tests::judged;
    use crate::words::Language;
    use evenkeel_core::ab::Verdict;
    use evenkeel_dbus::measurement::MeasurementReason;

    #[test]
    fn the_line_says_what_is_in_force_and_how_long_it_takes() {
        let names = Names::of(&sample::steering());
        let words = Words::new(Language::English);
        let mut snapshot = judged(Verdict::Better);
        snapshot.state = MeasurementState::Running;
        snapshot.progress.arm = 1;
        assert_eq!(
            line(&snapshot, &names, &words),
            "████████████████████░░░░░░░░░░ 40/60 · game mode on · 3:20 left at most"
        );
        snapshot.state = MeasurementState::Paused;
        snapshot.reason = MeasurementReason::GameModeHeld;
        assert!(line(&snapshot, &names, &words).contains("paused: Somebody holds game mode"));
    }
}
