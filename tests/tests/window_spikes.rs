//! The real window's list of spikes on the lab: a cause is planted, and whoever the helper blames for it
//! stands on the Spikes screen, also when it happened before the window was opened.

use std::path::PathBuf;
use std::time::Duration;

use evenkeel_lab::LabError;
use evenkeel_lab::causes::{Bench, Cause};
use evenkeel_lab::desk::{Desk, share_of};
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::screen::Screen;

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_secs(45);
/// In the dark theme, the first page was seen.
const SETTINGS: &str = r#"{"welcomed": true, "theme": "dark"}"#;
/// The drawings at the left of the first lines of the list, in a window of 1280x800. While all are of one
/// kind there is no filter above, and the list begins higher.
const DRAWINGS: &str = "56x608+116+180";
/// The colours of those who are blamed, which nothing else there has.
const INTERNET: &str = "#c27a9d";
const LINE: &str = "#3a93eb";
/// Of the area of [`DRAWINGS`] one drawing is a fiftieth, and its lines are a tenth of that.
const SEEN: f64 = 0.0005;
/// Another program may take the processors away just then.
const TRIES: usize = 3;

fn picture(name: &str) -> PathBuf {
    let folder = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join("evenkeel-window").join(name)
}

/// Plants a cause until whoever is behind it is blamed.
fn blame(bench: &mut Bench, cause: Cause) -> Outcome {
    let mut verdicts = Vec::new();
    for _ in 0..TRIES {
        let verdict = bench.trial(cause)?;
        if verdict.culprit == cause.culprit() {
            return Ok(());
        }
        verdicts.push(verdict);
    }
    let said = format!("{cause}: {verdicts:?}\n{}", bench.heard());
    Err(LabError::Invalid(said))
}

#[test]
fn whoever_is_blamed_stands_in_the_list_before_and_after_the_window_is_opened() -> Outcome {
    let mut bench = Bench::start()?;
    blame(&mut bench, Cause::WanJitter)?;
    let lab = &bench.scene().lab;
    let desk = Desk::start(lab, SETTINGS)?;
    let screen = Screen::start(lab, "player")?;
    let window = desk.seat(bench.scene().evenkeel("player", &[])?);
    let mut window = window.env("DISPLAY", screen.display()).spawn()?;
    screen.focus_of(lab, &mut window)?;
    screen.press(lab, "4")?;
    let shows = |bench: &Bench, name: &str, colour: &str| -> Result<bool, LabError> {
        let lab = &bench.scene().lab;
        let shot = picture(name);
        screen.shoot(lab, &shot)?;
        Ok(share_of(lab, &shot, colour, DRAWINGS)? > SEEN)
    };
    wait_until("what the helper remembers", PATIENCE, || {
        shows(&bench, "spikes-remembered.png", INTERNET)
    })?;
    assert!(
        !shows(&bench, "spikes-remembered.png", LINE)?,
        "nobody blamed the line yet: {}",
        bench.heard()
    );
    blame(&mut bench, Cause::LinkFlap)?;
    wait_until("a spike that came while the list shows", PATIENCE, || {
        shows(&bench, "spikes-live.png", LINE)
    })
}
