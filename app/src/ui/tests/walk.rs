//! Walks through every screen with every kind of hand: whatever can be pressed is large enough for
//! a thumb and reached by Tab, by the arrow keys and by a gamepad, and it shows when it is.

use std::collections::BTreeSet;

use evenkeel_dbus::{Backend, HelperError, Reason};
use iced::advanced::subscription::into_recipes;
use iced::advanced::widget::Id;
use iced::keyboard::Modifiers;
use iced::keyboard::key::Named;
use iced::{Point, Rectangle, Size, mouse, window};

use super::person::{Person, Place, TAB, letter};
use super::{Scene, measured, spiked};
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::{Call, Event};
use crate::ui::gamepad::Action;
use crate::ui::spatial::Direction;
use crate::ui::theme::TARGET;
use crate::ui::{alone, spikes};
use crate::words::{Language, Words};

pub const LARGE: Size = Size::new(1280.0, 800.0);
pub const SMALL: Size = Size::new(800.0, 500.0);

/// The strip as it opens for the first time.
const STRIP: Size = Size::new(480.0, 96.0);

/// Looked at every so many pixels for something to press.
const GRID: usize = 12;

/// Every screen in every kind of state that has other controls, with a name.
fn screens(language: Language, size: Size) -> Vec<(String, App)> {
    let mut all = Vec::new();
    for screen in Screen::ALL {
        let numbers: &[usize] = match screen {
            Screen::Live | Screen::Tune => &[1, 2, 4],
            _ => &[2],
        };
        for uplinks in numbers.iter().copied() {
            let mut scene = Scene::ecmp(uplinks, language, size);
            scene.play("5g2_urban", 10, 5);
            let mut app = scene.app;
            let _ = app.update(Message::Show(screen));
            all.push((format!("{screen:?} with {uplinks} uplinks"), app));
        }
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 10, 5);
        let mut app = scene.app;
        let refused = HelperError::ConflictingRoutes("somebody replaced the route".to_owned());
        let _ = app.update(Message::Answered(Call::EnterGameMode, Err(refused)));
        let _ = app.update(Message::Pad(Action::Scroll(0)));
        let _ = app.update(Message::Show(screen));
        all.push((format!("{screen:?} with a notice and a gamepad"), app));
    }
    for (name, app) in measured::states(language, size) {
        all.push((format!("Measure {name}"), app));
    }
    all.push(("the question".to_owned(), asked(language, size)));
    for screen in Screen::ALL {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 10, 5);
        let _ = scene.app.update(Message::Bus(Event::NoHelper));
        let _ = scene.app.update(Message::Show(screen));
        all.push((format!("{screen:?} after the helper left"), scene.app));
        let mut app = App::new(Words::new(language), size);
        let _ = app.update(Message::Bus(Event::NoHelper));
        let found = alone::Event::Uplinks(super::uplinks(2));
        let _ = app.update(Message::Alone(found));
        let _ = app.update(Message::Show(screen));
        all.push((format!("{screen:?} without a helper"), app));
    }
    let seen = spiked::evening();
    let mut app = spiked::with(&seen[3..6], language, size).app;
    all.push(("Spikes with three".to_owned(), app));
    app = spiked::with(&seen, language, size).app;
    let open = spikes::Message::Open(spikes::Id::of(&seen[4]));
    let _ = app.update(Message::Spikes(open));
    all.push(("Spikes with one opened".to_owned(), app));
    let mut scene = spiked::with(&seen, language, size);
    spiked::game::plays(&mut scene);
    let _ = scene.app.update(Message::Show(Screen::Live));
    all.push(("Live with spikes and a game".to_owned(), scene.app));
    let mut first = Scene::ecmp(2, language, size).app;
    first.settings.welcomed = false;
    all.push(("the first page".to_owned(), first));
    all
}

/// A window that holds game mode and is being closed.
pub fn asked(language: Language, size: Size) -> App {
    let mut scene = Scene::ecmp(2, language, size);
    scene.play("5g2_urban", 10, 5);
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Ok(())));
    let _ = scene.app.update(Message::CloseAsked);
    scene.app
}

/// Calls `look` with a person at every screen, in both languages and at two sizes.
pub fn everywhere(look: impl Fn(&str, &mut Person)) {
    for (size, language) in [(LARGE, Language::English), (SMALL, Language::Korean)] {
        for (name, app) in screens(language, size) {
            let name = format!("{name}, {}x{}", size.width, size.height);
            look(&name, &mut Person::at(app, size));
        }
    }
    let mut scene = Scene::ecmp(2, Language::English, STRIP);
    scene.play("5g2_urban", 10, 5);
    scene.app.settings.strip = true;
    look("the strip", &mut Person::at(scene.app, STRIP));
}

fn names(places: &[Place]) -> BTreeSet<String> {
    places
        .iter()
        .map(|place| format!("{:?}", place.id))
        .collect()
}

#[test]
fn tab_visits_everything_once_forwards_and_backwards() {
    everywhere(|name, person| {
        let places = person.places();
        assert_eq!(
            names(&places).len(),
            places.len(),
            "{name}: two of one name"
        );
        for modifiers in [Modifiers::default(), Modifiers::SHIFT] {
            let mut visited = Vec::new();
            for _ in 0..places.len() {
                person.chord(TAB, modifiers);
                let at = person
                    .focused()
                    .unwrap_or_else(|| panic!("{name}: lost the focus"));
                assert!(at.ring, "{name}: {:?} shows no ring", at.id);
                visited.push(at);
            }
            assert_eq!(names(&visited), names(&places), "{name}");
        }
    });
}

#[test]
fn arrows_and_a_gamepad_get_from_everything_to_everything() {
    everywhere(|name, person| {
        let places = person.places();
        let number = |id: &Id| places.iter().position(|place| place.id == *id);
        let mut ways = vec![Vec::new(); places.len()];
        for (from, place) in places.iter().enumerate() {
            for direction in Direction::ALL {
                person.focus(&place.id);
                person.pad(Action::Move(direction));
                let by_pad = person.focused().and_then(|to| number(&to.id)).unwrap();
                ways[from].push(by_pad);
                // Both are one step of the same search; once is enough to see it.
                if person.size == SMALL {
                    continue;
                }
                person.focus(&place.id);
                person.key(arrow(direction));
                let by_key = person.focused().and_then(|to| number(&to.id)).unwrap();
                assert_eq!(by_key, by_pad, "{name}: {direction:?} from {:?}", place.id);
            }
        }
        for start in 0..places.len() {
            let mut seen = BTreeSet::from([start]);
            let mut open = vec![start];
            while let Some(at) = open.pop() {
                open.extend(ways[at].iter().filter(|to| seen.insert(**to)));
            }
            let missed: Vec<_> = (0..places.len())
                .filter(|one| !seen.contains(one))
                .map(|one| (&places[one].id, places[one].bounds))
                .collect();
            assert!(
                missed.is_empty(),
                "{name}: no way from {:?} at {:?} to {missed:?}",
                places[start].id,
                places[start].bounds,
            );
        }
    });
}

fn arrow(direction: Direction) -> Named {
    match direction {
        Direction::Up => Named::ArrowUp,
        Direction::Down => Named::ArrowDown,
        Direction::Left => Named::ArrowLeft,
        Direction::Right => Named::ArrowRight,
    }
}

#[test]
fn the_first_arrow_focuses_something_even_when_nothing_had_the_focus() {
    everywhere(|name, person| {
        person.pad(Action::Move(Direction::Down));
        assert!(person.focused().is_some_and(|place| place.ring), "{name}");
    });
}

/// Points where the pointer can press or drag something, every [`GRID`] pixels.
fn pressables(person: &mut Person) -> Vec<Point> {
    let columns = person.size.width as usize / GRID;
    let rows = person.size.height as usize / GRID;
    let middle = |cell: usize| (cell * GRID) as f32 + GRID as f32 / 2.0;
    let points: Vec<_> = (0..rows * columns)
        .map(|cell| Point::new(middle(cell % columns), middle(cell / columns)))
        .collect();
    let looks = person.pointer(&points);
    let dead = [
        mouse::Interaction::None,
        mouse::Interaction::Idle,
        mouse::Interaction::NotAllowed,
    ];
    let live = points.into_iter().zip(looks);
    live.filter(|(_, look)| !dead.contains(look))
        .map(|(point, _)| point)
        .collect()
}

#[test]
fn whatever_can_be_pressed_is_large_enough_for_a_thumb_and_in_reach_without_a_pointer() {
    everywhere(|name, person| {
        let places = person.places();
        for place in &places {
            let smaller = place.bounds.width.min(place.bounds.height);
            assert!(smaller >= TARGET, "{name}: {place:?}");
        }
        for point in pressables(person) {
            let reached = places.iter().any(|place| place.bounds.contains(point));
            assert!(reached, "{name}: what is at {point} takes only a pointer");
        }
    });
}

#[test]
fn the_focus_can_be_seen_wherever_it_is() {
    let mut scene = Scene::ecmp(2, Language::English, LARGE);
    scene.play("5g2_urban", 10, 5);
    let mut person = Person::at(scene.app, LARGE);
    for screen in Screen::ALL {
        person.tell(Message::Show(screen));
        for _ in 0..person.places().len() {
            person.key(TAB);
            let at = person.focused().unwrap();
            let with = person.see();
            person.click(Point::new(4.0, person.size.height - 4.0));
            assert!(person.places().iter().all(|place| !place.ring));
            let without = person.see();
            let changed = changed_outside(&with, &without, at.bounds, person.size);
            assert!(changed > 100, "{screen:?}: {:?}: {changed} pixels", at.id);
            person.focus(&at.id);
        }
    }
}

/// Pixels that differ just outside of `bounds`, where the ring is.
fn changed_outside(a: &[u8], b: &[u8], bounds: Rectangle, size: Size) -> usize {
    let around = bounds.expand(3.0);
    let inside = bounds.shrink(1.0);
    let pixels = a
        .chunks_exact(4)
        .zip(b.chunks_exact(4))
        .enumerate()
        .filter(|(_, (a, b))| a != b);
    let width = size.width as usize;
    pixels
        .map(|(index, _)| Point::new((index % width) as f32 + 0.5, (index / width) as f32 + 0.5))
        .filter(|point| around.contains(*point) && !inside.contains(*point))
        .count()
}

/// The name of a kind of hand, and how it presses.
type Act<'a> = (&'a str, &'a dyn Fn(&mut Person));

/// The same thing done by every kind of hand must send the same.
pub fn by_every_hand(prepare: impl Fn() -> Person, id: &'static str, expected: &str) {
    let hands: [Act<'_>; 5] = [
        ("pointer", &|person| {
            let at = person.place(id).bounds.center();
            person.click(at);
        }),
        ("touch", &|person| {
            let at = person.place(id).bounds.center();
            person.tap(at);
        }),
        ("Enter", &|person| {
            tab_to(person, id);
            person.key(Named::Enter);
        }),
        ("Space", &|person| {
            tab_to(person, id);
            person.key(Named::Space);
        }),
        ("gamepad", &|person| {
            walk_to(person, id);
            person.pad(Action::Press);
        }),
    ];
    for (hand, act) in hands {
        let mut person = prepare();
        act(&mut person);
        let sent = person.sent();
        let hits = sent.iter().filter(|one| one.contains(expected)).count();
        assert_eq!(hits, 1, "{hand} on {id}: {sent:?}");
    }
}

fn tab_to(person: &mut Person, id: &'static str) {
    for _ in 0..=person.places().len() {
        person.key(TAB);
        if person
            .focused()
            .is_some_and(|place| place.id == Id::new(id))
        {
            return;
        }
    }
    panic!("Tab does not get to {id}");
}

/// Finds the way with the D-pad as a player does: towards it, step by step.
fn walk_to(person: &mut Person, id: &'static str) {
    let goal = person.place(id).id;
    let mut before: Vec<(Id, Vec<Direction>)> = Vec::new();
    person.pad(Action::Move(Direction::Down));
    let mut open = vec![(person.focused().unwrap().id, Vec::new())];
    while !open.is_empty() {
        let (at, way) = open.remove(0);
        if at == goal {
            person.focus(&before.first().map_or(at, |(first, _)| first.clone()));
            for direction in way {
                person.pad(Action::Move(direction));
            }
            assert!(person.focused().is_some_and(|place| place.id == goal));
            return;
        }
        before.push((at.clone(), way.clone()));
        for direction in Direction::ALL {
            person.focus(&at);
            person.pad(Action::Move(direction));
            let to = person.focused().unwrap().id;
            let known = before
                .iter()
                .chain(&open)
                .any(|(one, _): &(Id, Vec<Direction>)| *one == to);
            if !known {
                let mut way = way.clone();
                way.push(direction);
                open.push((to, way));
            }
        }
    }
    panic!("a gamepad does not get to {id}");
}

#[test]
fn the_main_journeys_end_alike_by_pointer_touch_keyboard_and_gamepad() {
    let at = |screen| {
        move || {
            let mut scene = Scene::ecmp(2, Language::English, LARGE);
            scene.play("5g2_urban", 10, 5);
            let _ = scene.app.update(Message::Show(screen));
            Person::at(scene.app, LARGE)
        }
    };
    for (screen, id, expected) in [
        (Screen::Live, "game-mode", "ToggleGameMode"),
        (Screen::Live, "place-tune", "Show(Tune)"),
        (Screen::Live, "pause", "TogglePause"),
        (Screen::Live, "span-5", "Show(Five)"),
        (Screen::Live, "forget-10", "Forget(10)"),
        (Screen::Tune, "place-live", "Show(Live)"),
    ] {
        by_every_hand(at(screen), id, expected);
    }
}

#[test]
fn a_measurement_is_begun_held_up_ended_and_left_alike_by_every_hand() {
    for (state, id, expected) in [
        ("to be chosen", "measure-start", "Measure(Start)"),
        ("to be chosen", "measure-what-2", "Take(Uplinks)"),
        ("to be chosen", "measure-length-2", "Length(Long)"),
        ("under way", "measure-pause", "Touch(Pause)"),
        ("under way", "measure-cancel", "Touch(Cancel)"),
        ("judged", "measure-switch", "SwitchOff(LeaveGameMode)"),
        ("judged", "measure-leave", "Measure(Leave)"),
        ("judged", "measure-graph-2", "Graph(Tail)"),
        ("judged", "measure-png", "Save(Png)"),
    ] {
        let prepare = || {
            let mut all = measured::states(Language::English, LARGE).into_iter();
            let app = all.find(|(name, _)| *name == state).unwrap().1;
            Person::at(app, LARGE)
        };
        by_every_hand(prepare, id, expected);
    }
}

#[test]
fn the_slider_moves_by_arrows_and_by_the_gamepad_alike() {
    let prepare = || {
        let mut scene = Scene::ecmp(2, Language::English, LARGE);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        Person::at(scene.app, LARGE)
    };
    for by_pad in [false, true] {
        let mut person = prepare();
        walk_to(&mut person, "ema");
        person.sent();
        if by_pad {
            person.pad(Action::Move(Direction::Right));
        } else {
            person.key(Named::ArrowRight);
        }
        let sent = person.sent().join(" ");
        assert!(sent.contains("Choose(Ema, 54"), "{sent}");
        assert_eq!(person.focused().unwrap().id, Id::new("ema"));
    }
}

#[test]
fn a_gamepads_own_buttons_do_what_their_hints_say() {
    let mut scene = Scene::ecmp(2, Language::English, LARGE);
    scene.play("5g2_urban", 10, 10);
    let mut person = Person::at(scene.app, LARGE);
    for (action, expected) in [
        (Action::Pick(-1), "Live(Pick(-1))"),
        (Action::Pause, "Live(TogglePause)"),
        (Action::Place(1), "Show(Tune)"),
        (Action::Place(-1), "Show(Live)"),
        (Action::GameMode, "ToggleGameMode"),
    ] {
        person.sent();
        person.pad(action);
        let sent = person.sent().join(" ");
        assert!(sent.contains(expected), "{action:?}: {sent}");
    }
}

/// What runs beside the window.
fn running(app: &App) -> usize {
    into_recipes(app.subscription()).len()
}

#[test]
fn a_gamepad_is_read_only_while_the_window_has_the_focus() {
    let mut app = Scene::ecmp(2, Language::English, LARGE).app;
    let focused = running(&app);
    let _ = app.update(Message::Window(window::Event::Unfocused));
    assert_eq!(running(&app), focused - 1);
    let _ = app.update(Message::Window(window::Event::Focused));
    assert_eq!(running(&app), focused);
    // While one is in use, other input is watched too, for its hints to go away.
    let _ = app.update(Message::Pad(Action::Scroll(1)));
    assert_eq!(running(&app), focused + 1);
    let _ = app.update(Message::PutPadAway);
    assert_eq!(running(&app), focused);
}

#[test]
fn the_window_probes_by_itself_only_without_a_helper_and_while_a_graph_shows() {
    let mut app = App::new(Words::new(Language::English), LARGE);
    let searching = running(&app);
    let _ = app.update(Message::Bus(Event::NoHelper));
    assert_eq!(running(&app), searching + 1);
    // On Live the running game is looked for, too.
    let _ = app.update(Message::Show(Screen::Settings));
    assert_eq!(running(&app), searching - 1);
    let _ = app.update(Message::Show(Screen::Tune));
    assert_eq!(running(&app), searching);
    let _ = app.update(Message::Show(Screen::Live));
    let _ = app.update(Message::Window(window::Event::Unfocused));
    let beside = running(&app);
    let _ = app.update(Message::Minimized(true));
    assert_eq!(running(&app), beside - 2);
    let _ = app.update(Message::Window(window::Event::Focused));
    let state = super::state(Backend::Ecmp, Reason::Ready, super::uplinks(2));
    let _ = app.update(Message::Bus(Event::State(Box::new(state))));
    assert_eq!(running(&app), searching);
    let late = alone::Event::Uplinks(super::uplinks(4));
    let _ = app.update(Message::Alone(late));
    assert_eq!(app.model.tracks.len(), 2, "what came too late is dropped");
}

#[test]
fn places_are_reached_by_their_numbers_with_and_without_control() {
    let mut scene = Scene::ecmp(2, Language::English, LARGE);
    scene.play("5g2_urban", 10, 10);
    let mut person = Person::at(scene.app, LARGE);
    for modifiers in [Modifiers::default(), Modifiers::CTRL] {
        for (number, screen) in Screen::ALL.iter().enumerate().rev() {
            person.chord(letter(&(number + 1).to_string()), modifiers);
            let sent = person.sent().join(" ");
            assert!(sent.contains(&format!("Show({screen:?})")), "{sent}");
        }
    }
}
