//! The real window among a desktop's other programs, on the lab under X11: second starts, the strip,
//! notifications, and the address it asks by itself.

use std::time::{Duration, Instant};

use evenkeel_dbus::UplinkState;
use evenkeel_lab::anchor::Anchor;
use evenkeel_lab::desk::Desk;
use evenkeel_lab::eye::Eye;
use evenkeel_lab::herald::{Herald, Note};
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::{Cmd, LabError, LabSpec};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(1);
/// The name a window has, on the session bus too.
const APPLICATION: &str = "io.github.evenkeel.Evenkeel";
/// The first page was seen.
const SETTINGS: &str = r#"{"welcomed": true}"#;
/// The same, and notifications were asked for.
const NOTIFY: &str = r#"{"welcomed": true, "notify": true}"#;
/// The sizes of the window and of the strip as they open for the first time.
const WHOLE: (u16, u16) = (1280, 800);
const STRIP: (u16, u16) = (480, 96);

/// A player's window with what is around it.
struct Place {
    scene: Scene,
    desk: Desk,
    screen: Screen,
}

impl Place {
    fn new(settings: &str) -> Result<Self, LabError> {
        let scene = Scene::start(&LabSpec::default())?;
        for (uplink, state) in [
            ("wifi0", "both delay_us=5000"),
            ("usb0", "both delay_us=25000"),
        ] {
            scene.lab.link(uplink)?.set(state)?;
        }
        let desk = Desk::start(&scene.lab, settings)?;
        let screen = Screen::start(&scene.lab, "player")?;
        Ok(Self {
            scene,
            desk,
            screen,
        })
    }

    fn start(&self, arguments: &[&str]) -> Result<Cmd, LabError> {
        let command = self.scene.evenkeel("player", arguments)?;
        Ok(self
            .desk
            .seat(command)
            .env("DISPLAY", self.screen.display()))
    }

    /// Another start, which must end well by itself.
    fn start_again(&self, arguments: &[&str]) -> Outcome {
        let mut second = self.start(arguments)?.spawn()?;
        assert!(second.wait(PATIENCE)?.success(), "{}", second.stderr_text());
        Ok(())
    }

    fn wait_for_state(&self, uplink: &str, wanted: UplinkState) -> Outcome {
        wait_until(&format!("{uplink} to be {wanted:?}"), PATIENCE, || {
            let view = self.scene.view()?;
            Ok(view.uplink(uplink)?.state == wanted.to_wire())
        })
    }

    /// Nothing comes back over an uplink, or everything does.
    fn cut(&self, uplink: &str, cut: bool) -> Outcome {
        let order = format!("both blackhole={}", u8::from(cut));
        self.scene.lab.link(uplink)?.set(&order)?;
        let wanted = if cut {
            UplinkState::Dead
        } else {
            UplinkState::Alive
        };
        self.wait_for_state(uplink, wanted)
    }
}

fn wait_for_size(eye: &Eye, wanted: (u16, u16)) -> Outcome {
    wait_until(&format!("a window of {wanted:?}"), PATIENCE, || {
        Ok(eye.size()? == wanted)
    })
}

#[test]
fn a_start_as_a_strip_makes_the_open_window_one_and_a_plain_start_makes_it_whole_again() -> Outcome
{
    let place = Place::new(SETTINGS)?;
    let mut first = place.start(&[])?.spawn()?;
    place.screen.focus(&place.scene.lab)?;
    let eye = Eye::open(&place.scene.lab, &place.screen)?;
    place.desk.wait_for_owner(&place.scene.lab, APPLICATION)?;
    wait_for_size(&eye, WHOLE)?;
    for (arguments, size) in [
        (&["--strip"][..], STRIP),
        (&["--strip"], STRIP),
        (&[], WHOLE),
    ] {
        place.start_again(arguments)?;
        wait_for_size(&eye, size)?;
        assert!(first.is_running(), "{}", first.stderr_text());
    }
    Ok(())
}

#[test]
fn a_window_that_began_as_a_strip_is_made_whole_by_a_plain_start() -> Outcome {
    let place = Place::new(SETTINGS)?;
    let mut first = place.start(&["--strip"])?.spawn()?;
    place.screen.focus(&place.scene.lab)?;
    let eye = Eye::open(&place.scene.lab, &place.screen)?;
    place.desk.wait_for_owner(&place.scene.lab, APPLICATION)?;
    wait_for_size(&eye, STRIP)?;
    place.start_again(&[])?;
    wait_for_size(&eye, WHOLE)?;
    assert!(first.is_running());
    Ok(())
}

/// The window has shown that it heard of an uplink's loss by this time.
const TOLD_BY: Duration = Duration::from_secs(3);

#[test]
fn nobody_is_notified_who_did_not_ask_for_it() -> Outcome {
    let place = Place::new(SETTINGS)?;
    let herald = Herald::start(&place.scene.lab, &place.desk)?;
    let _window = place.start(&[])?.spawn()?;
    place.screen.focus(&place.scene.lab)?;
    place.wait_for_state("wifi0", UplinkState::Alive)?;
    Eye::open(&place.scene.lab, &place.screen)?.unfocus()?;
    place.cut("wifi0", true)?;
    place.cut("wifi0", false)?;
    std::thread::sleep(TOLD_BY);
    assert_eq!(herald.shown()?, []);
    Ok(())
}

fn wait_for_note(herald: &Herald, summary: &str, from: usize) -> Result<Note, LabError> {
    let mut found = None;
    wait_until(summary, PATIENCE, || {
        let notes = herald.shown()?;
        found = notes
            .into_iter()
            .skip(from)
            .find(|note| note.summary == summary);
        Ok(found.is_some())
    })?;
    found.ok_or_else(|| LabError::Invalid("it was seen".into()))
}

#[test]
fn who_asked_for_it_is_told_of_losses_and_of_the_leader_while_looking_elsewhere() -> Outcome {
    let place = Place::new(NOTIFY)?;
    let herald = Herald::start(&place.scene.lab, &place.desk)?;
    let _window = place.start(&[])?.spawn()?;
    place.screen.focus(&place.scene.lab)?;
    for uplink in ["wifi0", "usb0"] {
        place.wait_for_state(uplink, UplinkState::Alive)?;
    }
    place.screen.press(&place.scene.lab, "g")?;
    wait_until("a leader", PATIENCE, || {
        let view = place.scene.view()?;
        Ok(view.game_mode && view.leader != 0)
    })?;
    let leads = |name: &str| -> Result<bool, LabError> {
        let view = place.scene.view()?;
        Ok(view.leader == view.uplink(name)?.ifindex)
    };
    let (led, other) = if leads("wifi0")? {
        ("wifi0", "usb0")
    } else {
        ("usb0", "wifi0")
    };
    // Who looks at the window needs nothing else.
    place.cut(other, true)?;
    place.cut(other, false)?;
    std::thread::sleep(TOLD_BY);
    assert_eq!(herald.shown()?, []);

    Eye::open(&place.scene.lab, &place.screen)?.unfocus()?;
    place.cut(led, true)?;
    let lost = wait_for_note(&herald, &format!("{led} stopped answering"), 0)?;
    let summary = format!("{other} is the steadiest uplink now");
    let new = wait_for_note(&herald, &summary, 0)?;
    assert_eq!((lost.replaces, new.replaces), (0, 0));
    assert_eq!(new.body, "New connections go there.");
    assert_eq!(
        (lost.name.as_str(), lost.application.as_str()),
        ("Evenkeel", APPLICATION)
    );
    assert_eq!(lost.icon, APPLICATION);
    place.cut(led, false)?;
    let back = wait_for_note(&herald, &format!("{led} answers again"), 0)?;
    assert_eq!(back.replaces, lost.id, "it takes the older one's place");
    Ok(())
}

/// So many come one upon the other, and then one in this time, in seconds.
const BURST: u64 = 4;
const REFILL: u64 = 30;

#[test]
fn an_uplink_that_comes_and_goes_never_brings_more_than_the_limit() -> Outcome {
    let place = Place::new(NOTIFY)?;
    let herald = Herald::start(&place.scene.lab, &place.desk)?;
    let started = Instant::now();
    let _window = place.start(&[])?.spawn()?;
    place.screen.focus(&place.scene.lab)?;
    place.wait_for_state("wifi0", UplinkState::Alive)?;
    Eye::open(&place.scene.lab, &place.screen)?.unfocus()?;
    for _ in 0..6 {
        place.cut("wifi0", true)?;
        place.cut("wifi0", false)?;
    }
    std::thread::sleep(TOLD_BY);
    let shown = herald.shown()?.len() as u64;
    let allowed = BURST + started.elapsed().as_secs() / REFILL;
    assert!(shown >= BURST, "{shown} came");
    assert!(shown <= allowed, "{shown} came, {allowed} are allowed");
    assert!(
        allowed < 12,
        "too slow a machine: the limit was never in the way"
    );
    Ok(())
}

#[test]
fn without_a_helper_the_window_asks_the_address_that_the_player_chose() -> Outcome {
    let mut place = Place::new(r#"{"welcomed": true, "target": "9.9.9.9"}"#)?;
    place.scene.end_helper(Signal::SIGTERM)?;
    let anchor = Anchor::put_up_at(&place.scene.lab, "9.9.9.9")?;
    let _window = place.start(&[])?.spawn()?;
    place.screen.focus(&place.scene.lab)?;
    anchor.wait_for_probes()
}
