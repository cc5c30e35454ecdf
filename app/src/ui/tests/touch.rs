//! Measures what a finger can press: every widget that takes the focus on every screen, and every part
//! of it that does something else than the rest, like the two sides of a stepper.

use std::cell::Cell;
use std::collections::BTreeMap;

use iced::Point;

use super::person::{Person, Place};
use super::walk::{SMALL, everywhere};
use crate::ui::theme::TARGET;

/// A widget is looked at in so many columns and rows to find its parts.
const COLUMNS: usize = 24;
const ROWS: usize = 8;
/// A widget that sends more than this many different things is one rail with many values.
const RAIL: usize = 3;
/// So far to the side a rail has another value.
const SWAY: f32 = 40.0;
/// What a graph sends, with the moment that was meant.
const GRAPH: &str = "[Live(PickAt(";
/// What is sent where nothing is pressed.
const NOTHING: &str = "[]";

/// Points all over a widget, in the middle of their cells.
fn points(place: &Place) -> Vec<Point> {
    let bounds = place.bounds;
    let middle = |cell: usize, cells: usize, from: f32, length: f32| {
        from + length * (cell as f32 + 0.5) / cells as f32
    };
    let cells = (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (row, column)));
    cells
        .map(|(row, column)| {
            let x = middle(column, COLUMNS, bounds.x, bounds.width);
            Point::new(x, middle(row, ROWS, bounds.y, bounds.height))
        })
        .collect()
}

/// How far it goes on from `from` in steps of a pixel while a tap does what `same` says. Every other
/// tap up or down is `sway` aside: a rail says nothing of a value that it has.
fn reach(
    person: &mut Person,
    from: Point,
    (x, y): (f32, f32),
    sway: f32,
    same: impl Fn(&str) -> bool,
) -> f32 {
    // Twice the target is large enough, whatever comes then.
    let steps = 2 * TARGET as usize;
    let line: Vec<_> = (1..=steps)
        .map(|step| {
            let aside = sway * y.abs() * (step % 2) as f32;
            Point::new(from.x + x * step as f32 + aside, from.y + y * step as f32)
        })
        .collect();
    let sent = person.would_send(&line);
    let count = sent.iter().take_while(|sent| same(sent)).count();
    count as f32
}

/// Width and height of each part of a widget, by what it sends.
fn parts(person: &mut Person, place: &Place) -> BTreeMap<String, (f32, f32)> {
    let points = points(place);
    let sent = person.would_send(&points);
    let mut by_message: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for (point, sent) in points.into_iter().zip(sent) {
        if sent != NOTHING {
            by_message.entry(sent).or_default().push(point);
        }
    }
    let many = by_message.len() > RAIL;
    if many || by_message.keys().any(|sent| sent.starts_with(GRAPH)) {
        let all = std::mem::take(&mut by_message).into_values().flatten();
        let _ = by_message.insert("a rail".to_owned(), all.collect());
    }
    let rail = by_message.contains_key("a rail");
    by_message
        .into_iter()
        .map(|(message, mut points)| {
            points.sort_by(|a, b| (a.y, a.x).partial_cmp(&(b.y, b.x)).unwrap());
            let middle = points[points.len() / 2];
            let same = |sent: &str| sent != NOTHING && (rail || sent == message);
            let sway = if rail { SWAY } else { 0.0 };
            let mut length = |way: (f32, f32)| {
                let back = reach(person, middle, (-way.0, -way.1), sway, same);
                back + 1.0 + reach(person, middle, way, sway, same)
            };
            let size = (length((1.0, 0.0)), length((0.0, 1.0)));
            (message, size)
        })
        .collect()
}

#[test]
fn a_finger_finds_every_part_of_every_widget_large_enough() {
    let (measured, steppers, rails) = (Cell::new(0), Cell::new(0), Cell::new(0));
    everywhere(|name, person| {
        // There the page scrolls under a finger that goes on upwards or down. What can be pressed is as
        // large as in the large window; that it takes the focus at its size is measured in both.
        if person.size == SMALL {
            return;
        }
        for id in person.places().into_iter().map(|place| place.id) {
            person.focus(&id);
            let place = person.places().into_iter().find(|place| place.id == id);
            let Some(place) = place else { continue };
            let parts = parts(person, &place);
            for (message, (width, height)) in &parts {
                assert!(
                    *width >= TARGET && *height >= TARGET,
                    "{name}: {id:?} is {width} by {height} where it sends {message}"
                );
                measured.set(measured.get() + 1);
            }
            rails.set(rails.get() + usize::from(parts.contains_key("a rail")));
            steppers.set(steppers.get() + usize::from(parts.len() == 2));
        }
    });
    // It must have seen what it was made for.
    assert!(measured.get() > 150, "{measured:?}");
    assert!(
        steppers.get() > 4 && rails.get() > 4,
        "{steppers:?} {rails:?}"
    );
}
