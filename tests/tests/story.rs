//! The demo's story, with the real window on a screen of its own, is true.

use evenkeel_lab::demo::{Mode, show};
use evenkeel_lab::{LabError, Routes};

#[test]
fn the_demos_story_happens_from_the_first_line_to_the_last() -> Result<(), LabError> {
    let picture = std::env::temp_dir().join(format!("evenkeel-story-{}.png", std::process::id()));
    let mut lines = Vec::new();
    let outcome = show(Mode::Story, Routes::Multipath, &picture, &mut |line| {
        lines.push(line.to_owned());
    });
    let bytes = std::fs::metadata(&picture).map_or(0, |meta| meta.len());
    let _ = std::fs::remove_file(&picture);
    outcome.map_err(|error| LabError::Invalid(format!("after {lines:#?}: {error}")))?;
    assert!(bytes > 10_000, "the picture shows a window: {bytes} bytes");
    Ok(())
}
