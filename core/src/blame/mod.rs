//! Whose fault a spike was: what counts as one, what was seen around it, and by which rule it is
//! blamed. Plain values in, plain values out; nothing here reads a counter or sends a probe.
//!
//! The definitions, the rules and their precedence are told in `docs/BLAME.md`.
//!
//! | part | what it is |
//! |---|---|
//! | [`Baseline`] | a path's own usual round trip, and how far a probe must be off to stand out |
//! | [`Evidence`] | what was seen around a spike: a number for each [`Measure`] that could be read |
//! | [`judge`] | the rules, first match wins: a [`Blame`] |
//! | [`Observer`] | gathers outcomes, readings and events, and hands out finished [`Spike`]s |

mod baseline;
mod evidence;
mod journal;
mod observer;
mod rules;
mod series;
mod spike;

pub use baseline::{Baseline, FLOOR_NS, LOSS_EXCESS_NS, MIN_ANSWERS, Usual};
pub use evidence::{Evidence, Measure};
pub use journal::{Event, Happening, LinkReading, RADIO_SENT_ENOUGH, Radio, Reading};
pub use observer::{MAX_LENGTH_NS, Observer, QUIET_NS, STALL_NS, Watched};
pub use rules::{Blame, Culprit, Rule, judge};
pub use spike::Spike;
