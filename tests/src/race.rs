//! Calls to the helper that come just when it is about to leave because nobody calls: a program of its
//! own, for the tests of the idle exit. Prints what came of them.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel_dbus::{BUS_NAME, INTERFACE, OBJECT_PATH};
use serde::{Deserialize, Serialize};
use zbus::{Connection, connection};

/// Longer than any start of the helper takes.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
/// The helper's word for "not now, nothing was changed".
const BUSY: &str = "io.github.evenkeel.Error.Busy";

/// How many calls ended how.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Answered.
    pub answered: u32,
    /// Refused with `Busy`.
    pub busy: u32,
    /// Everything else, by its words.
    pub lost: BTreeMap<String, u32>,
    /// Distinct helpers that answered, as the bus names them.
    pub helpers: u32,
}

/// How many calls are made at a time, and how far apart.
pub const VOLLEY: u32 = 4;
const APART: Duration = Duration::from_millis(1);

/// Makes `volleys` times [`VOLLEY`] calls, `around` after the last answer, a little earlier or later:
/// reads a property, or with `changing` ends everything the caller holds, which is nothing.
///
/// # Errors
/// When the bus can't be reached.
pub async fn race(volleys: u32, around: Duration, changing: bool) -> Result<Outcome, String> {
    let bus = connection::Builder::system()
        .method_timeout(ANSWER_TIMEOUT)
        .build()
        .await
        .map_err(|error| error.to_string())?;
    let mut outcome = Outcome::default();
    let mut last = String::new();
    for round in 0..volleys {
        // From a tenth earlier to a fifth later, in an order that has no pattern.
        let permille = 900 + u64::from(round.wrapping_mul(7919) % 300);
        tokio::time::sleep(around * permille as u32 / 1000).await;
        let answers = tokio::join!(
            call(&bus, changing, Duration::ZERO),
            call(&bus, changing, APART),
            call(&bus, changing, APART * 2),
            call(&bus, changing, APART * 3),
        );
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            match answer {
                Ok(helper) => {
                    outcome.answered += 1;
                    outcome.helpers += u32::from(helper != last);
                    last = helper;
                }
                Err(zbus::Error::MethodError(name, ..)) if name.as_str() == BUSY => {
                    outcome.busy += 1;
                }
                Err(error) => *outcome.lost.entry(error.to_string()).or_default() += 1,
            }
        }
    }
    Ok(outcome)
}

/// Returns who answered.
async fn call(bus: &Connection, changing: bool, after: Duration) -> zbus::Result<String> {
    tokio::time::sleep(after).await;
    let name = Some(BUS_NAME);
    let answer = if changing {
        bus.call_method(name, OBJECT_PATH, Some(INTERFACE), "Revert", &())
            .await?
    } else {
        let properties = Some("org.freedesktop.DBus.Properties");
        let which = (INTERFACE, "Version");
        bus.call_method(name, OBJECT_PATH, properties, "Get", &which)
            .await?
    };
    let header = answer.header();
    Ok(header.sender().map(ToString::to_string).unwrap_or_default())
}
