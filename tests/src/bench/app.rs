//! What the window costs: memory, processor time and wake-ups with the graph moving, with a slow one
//! on the screen, with none, and hidden; how long a start takes until something is drawn, and a key
//! until something changes.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::usage::{cost, row};
use crate::error::LabError;
use crate::eye::Eye;
use crate::scene::Scene;
use crate::screen::Screen;
use crate::{LabSpec, Proc};

/// Starts that are timed, after one that only warms the page cache.
const STARTS: usize = 9;
/// Keys that are timed.
const KEYS: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);

/// Prints the window's cost over `seconds` each, then the time to its first pixels.
///
/// # Errors
/// When the lab or one of its programs fails.
pub fn run(seconds: u32, say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let mut scene = Scene::start(&LabSpec::default())?;
    let screen = Screen::start(&scene.lab, "player")?;
    let eye = Eye::open(&scene.lab, &screen)?;
    first_pixels(&scene, &screen, &eye, say)?;

    let long = Duration::from_secs(u64::from(seconds));
    let window = open(&scene, &screen)?;
    screen.focus(&scene.lab)?;
    std::thread::sleep(Duration::from_secs(10));
    say(&row(
        "window, Live at 10 Hz, two uplinks",
        cost(&[&window], long)?,
    ));
    let viewer = scene
        .evenkeel("player", &["watch", "--plain"])?
        .spawn()
        .and_then(|viewer| {
            std::thread::sleep(Duration::from_secs(2));
            cost(&[&viewer], long)
        })?;
    say(&row("`evenkeel watch --plain`, the same feed", viewer));
    keys(&eye, say)?;
    screen.press(&scene.lab, "2")?;
    std::thread::sleep(Duration::from_secs(2));
    say(&row(
        "window, Tune, its preview at 1 Hz",
        cost(&[&window], long)?,
    ));
    screen.press(&scene.lab, "5")?;
    std::thread::sleep(Duration::from_secs(2));
    say(&row("window, Settings, untouched", cost(&[&window], long)?));
    screen.press(&scene.lab, "1")?;
    std::thread::sleep(Duration::from_secs(2));
    eye.minimize()?;
    std::thread::sleep(Duration::from_secs(4));
    say(&row("window, minimized", cost(&[&window], long)?));
    say(&row(
        "helper beside the minimized window",
        cost(&[scene.helper()?], long)?,
    ));
    eye.restore()?;
    screen.focus(&scene.lab)?;
    scene.end_helper(Signal::SIGTERM)?;
    std::thread::sleep(Duration::from_secs(10));
    say(&row(
        "window without a helper, measuring two uplinks itself",
        cost(&[&window], long)?,
    ));
    eye.minimize()?;
    std::thread::sleep(Duration::from_secs(4));
    say(&row(
        "window without a helper, minimized",
        cost(&[&window], long)?,
    ));
    Ok(())
}

/// Goes to and fro between two places.
fn keys(eye: &Eye, say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let mut times = Vec::new();
    for digit in ['2', '1'].into_iter().cycle().take(KEYS) {
        times.push(eye.react(digit, PATIENCE)?);
        std::thread::sleep(Duration::from_millis(230));
    }
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    say(&format!(
        "a key changes the screen after {:.0} ms (median of {KEYS}, {:.0} to {:.0})",
        ms(times[KEYS / 2]),
        ms(times[0]),
        ms(times[KEYS - 1]),
    ));
    Ok(())
}

fn open(scene: &Scene, screen: &Screen) -> Result<Proc, LabError> {
    scene.window(screen)?.spawn()
}

fn first_pixels(
    scene: &Scene,
    screen: &Screen,
    eye: &Eye,
    say: &mut dyn FnMut(&str),
) -> Result<(), LabError> {
    let bare = || {
        let begun = Instant::now();
        let _ = scene.evenkeel("player", &["--version"])?.output()?;
        Ok::<_, LabError>(begun.elapsed())
    };
    let timed = || {
        let begun = Instant::now();
        let mut window = open(scene, screen)?;
        let drawn = eye.wait_for_pixels(PATIENCE)?;
        let _ = window.kill()?;
        eye.wait_for_darkness(PATIENCE)?;
        Ok::<_, LabError>(drawn - begun)
    };
    let _ = timed()?;
    let mut starts = (0..STARTS)
        .map(|_| timed())
        .collect::<Result<Vec<_>, _>>()?;
    let mut bares = (0..STARTS).map(|_| bare()).collect::<Result<Vec<_>, _>>()?;
    starts.sort_unstable();
    bares.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (middle, bare) = (ms(starts[STARTS / 2]), ms(bares[STARTS / 2]));
    say(&format!(
        "first pixels after {middle:.0} ms (median of {STARTS}, {:.0} to {:.0}), of which {bare:.0} ms \
         go into entering the lab and starting a process (`evenkeel --version`)",
        ms(starts[0]),
        ms(starts[STARTS - 1]),
    ));
    Ok(())
}
