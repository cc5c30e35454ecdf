//! A Steam Deck's controller and the real window, by way of the real gilrs: a file system stands in for
//! the device (see `evenkeel_lab::pad`), and everything behind it is as it is on a Deck, the list of
//! controllers by SDL included. What is not proven here is how udev finds a device: gilrs looks into
//! `/dev/input` instead, as it does in a Flatpak.

use std::path::PathBuf;
use std::time::Duration;

use evenkeel_lab::desk::Desk;
use evenkeel_lab::eye::Eye;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::pad::Pad;
use evenkeel_lab::pad::deck::{FULL, axis, key};
use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::{LabError, LabSpec, Proc};

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(1);
const SETTINGS: &str = r#"{"welcomed": true}"#;
/// What was done by then has come to the helper; for what must not happen.
const BY_THEN: Duration = Duration::from_secs(2);
/// The middle of the Tune screen's slider in a window of 1280x800, while game mode is off.
const SLIDER: (u32, u32) = (482, 216);
/// One step of it.
const STEP: u64 = 32;

struct Play {
    scene: Scene,
    _desk: Desk,
    screen: Screen,
    pad: Pad,
    window: Proc,
}

impl Play {
    /// The window in front, its gamepad plugged in and used once.
    fn start() -> Result<Self, LabError> {
        let scene = Scene::start(&LabSpec::default())?;
        let desk = Desk::start(&scene.lab, SETTINGS)?;
        let screen = Screen::start(&scene.lab, "player")?;
        let mut pad = Pad::prepare(&scene.lab)?;
        let window = desk
            .seat(scene.evenkeel("player", &[])?)
            .env("DISPLAY", screen.display())
            .env("GILRS_DISABLE_UDEV", "1")
            .spawn()?;
        screen.focus(&scene.lab)?;
        pad.plug(&scene.lab)?;
        pad.wait_for_reader(1)?;
        wait_until("the uplinks to be measured", PATIENCE, || {
            let uplinks = scene.view()?.uplinks;
            Ok(uplinks.iter().filter(|uplink| uplink.rtt_ns > 0).count() == 2)
        })?;
        // What was pressed before the window listens is for nobody.
        std::thread::sleep(BY_THEN);
        Ok(Self {
            scene,
            _desk: desk,
            screen,
            pad,
            window,
        })
    }

    /// An error with what the window said; how it looked is left beside the other pictures.
    fn told(&self, error: &LabError) -> LabError {
        let said = self.window.stderr_text();
        let folder =
            option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let picture = folder.join("evenkeel-window/gamepad-failed.png");
        let shot = self.screen.shoot(&self.scene.lab, &picture);
        LabError::Invalid(format!(
            "{error}; the window said: {said}; {} {shot:?}",
            picture.display()
        ))
    }

    fn wait_for_game_mode(&self, on: bool) -> Outcome {
        wait_until(&format!("game mode to be {on}"), PATIENCE, || {
            Ok(self.scene.view()?.game_mode == on)
        })
        .map_err(|error| self.told(&error))?;
        // The window hears of it a moment later, and takes no press of the switch before.
        std::thread::sleep(BY_THEN);
        Ok(())
    }

    fn ema(&self) -> Result<u64, LabError> {
        let status = self.scene.status()?;
        let factor = status["ema_factor"].as_u64();
        factor.ok_or_else(|| LabError::Invalid(format!("no factor in {status}")))
    }

    fn wait_for_ema(&self, what: &str, is_it: impl Fn(u64) -> bool) -> Outcome {
        wait_until(what, PATIENCE, || Ok(is_it(self.ema()?))).map_err(|error| self.told(&error))
    }

    /// One button after the other, as fast as a hand.
    fn press(&mut self, keys: &[u16]) -> Outcome {
        for key in keys {
            self.pad.press(*key)?;
            std::thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    /// Goes to the Tune screen's slider and moves it by a step; its value then. Which way a D-pad takes
    /// through the screens is tested elsewhere: a click gets to the slider.
    fn go_to_the_slider(&mut self) -> Result<u64, LabError> {
        self.press(&[key::R1])?;
        std::thread::sleep(BY_THEN);
        self.screen.click(&self.scene.lab, SLIDER.0, SLIDER.1)?;
        std::thread::sleep(BY_THEN);
        let moved = self.ema()? + STEP;
        self.press(&[key::RIGHT])?;
        self.wait_for_ema("the slider's next value", |ema| ema == moved)?;
        Ok(moved)
    }
}

#[test]
fn a_decks_buttons_do_in_the_window_what_their_names_say() -> Outcome {
    let mut play = Play::start()?;
    // Y lies where SDL's list says, not where the kernel's names would put it.
    play.pad.press(key::Y)?;
    play.wait_for_game_mode(true)?;
    play.pad.press(key::Y)?;
    play.wait_for_game_mode(false)?;
    let moved = play.go_to_the_slider()?;
    play.press(&[key::LEFT])?;
    play.wait_for_ema("the slider's value before", |ema| ema == moved - STEP)
}

#[test]
fn a_stick_moves_once_per_push_beyond_its_dead_zone_and_repeats_while_it_is_held() -> Outcome {
    let mut play = Play::start()?;
    let moved = play.go_to_the_slider()?;
    // Trembling around the middle, and up to half way.
    for value in [1200, -900, FULL / 2, -FULL / 2, 300] {
        play.pad.stick(axis::X, value)?;
    }
    std::thread::sleep(BY_THEN);
    assert_eq!(play.ema()?, moved);
    play.pad.stick(axis::X, FULL)?;
    play.wait_for_ema("the slider to go on", |ema| ema >= moved + 5 * STEP)?;
    play.pad.stick(axis::X, 0)?;
    std::thread::sleep(BY_THEN);
    let rests = play.ema()?;
    std::thread::sleep(BY_THEN);
    assert_eq!(play.ema()?, rests, "let go");
    // Away from the slider: the y axis of the kernel grows downwards.
    play.pad.stick(axis::X, -FULL)?;
    play.wait_for_ema("the slider to go back", |ema| ema < rests)
}

#[test]
fn what_a_gamepad_held_is_let_go_when_it_is_pulled_out_and_another_is_taken() -> Outcome {
    let mut play = Play::start()?;
    let moved = play.go_to_the_slider()?;
    play.pad.button(key::RIGHT, true)?;
    play.wait_for_ema("the slider to go on", |ema| ema >= moved + 3 * STEP)?;
    play.pad.pull(&play.scene.lab, 1)?;
    std::thread::sleep(BY_THEN);
    // Away from the end that it may have come to by now, where holding on would not show.
    let rests = play.ema()?;
    let back = rests - 3 * STEP;
    for next in [rests - STEP, rests - 2 * STEP, back] {
        play.screen.press(&play.scene.lab, "Left")?;
        play.wait_for_ema("the slider to go back", |ema| ema == next)?;
    }
    std::thread::sleep(BY_THEN);
    assert_eq!(play.ema()?, back, "nobody holds it any more");
    play.pad.plug(&play.scene.lab)?;
    play.pad.wait_for_reader(2)?;
    std::thread::sleep(BY_THEN);
    play.pad.press(key::Y)?;
    play.wait_for_game_mode(true)
}

#[test]
fn what_is_pressed_in_another_window_does_nothing_here() -> Outcome {
    let mut play = Play::start()?;
    play.pad.press(key::Y)?;
    play.wait_for_game_mode(true)?;
    let eye = Eye::open(&play.scene.lab, &play.screen)?;
    eye.unfocus()?;
    // The window hears of it a moment later than the other one.
    std::thread::sleep(BY_THEN);
    for button in [key::Y, key::A, key::R1, key::Y, key::Y] {
        play.pad.press(button)?;
    }
    std::thread::sleep(BY_THEN);
    assert!(play.scene.view()?.game_mode, "it was pressed in a game");
    play.screen.focus(&play.scene.lab)?;
    std::thread::sleep(BY_THEN);
    assert!(play.scene.view()?.game_mode, "and is not caught up with");
    play.pad.press(key::Y)?;
    play.wait_for_game_mode(false)
}
