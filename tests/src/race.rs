//! Calls to the helper that come just when it is about to leave because nobody calls: a program of its
//! own, for the tests of the idle exit. Prints what came of them.

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel_dbus::{BUS_NAME, Helper1Proxy, Hold, INTERFACE, OBJECT_PATH};
use serde::{Deserialize, Serialize};
use zbus::proxy::CacheProperties;
use zbus::zvariant::DynamicType;
use zbus::{Connection, Message, connection};

/// Longer than any start of the helper takes.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Read a property.
    Read,
    /// End everything the caller holds, which is nothing.
    End,
    /// Hold a setting, which must be in force afterwards; then end that.
    Hold,
}

/// How many calls ended how.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Answered.
    pub answered: u32,
    /// Everything else, by its words.
    pub lost: BTreeMap<String, u32>,
    /// Holds that were granted and not in force afterwards.
    pub forgotten: u32,
    /// Distinct helpers that answered, as the bus names them.
    pub helpers: u32,
    /// Volleys whose first and last answer came from different helpers.
    pub split: u32,
}

/// How many calls are made at a time, and how far apart.
pub const VOLLEY: u32 = 4;
const APART: Duration = Duration::from_millis(1);

/// Makes `volleys` times [`VOLLEY`] calls, `around` after the last answer, a little earlier or later.
///
/// # Errors
/// When the bus can't be reached.
pub async fn race(volleys: u32, around: Duration, what: What) -> Result<Outcome, String> {
    let bus = connection::Builder::system()
        .method_timeout(ANSWER_TIMEOUT)
        .build()
        .await
        .map_err(|error| error.to_string())?;
    let helper = Helper1Proxy::builder(&bus)
        .cache_properties(CacheProperties::No)
        .build()
        .await
        .map_err(|error| error.to_string())?;
    let mut outcome = Outcome::default();
    let mut last = String::new();
    for round in 0..volleys {
        // From a tenth earlier to a fifth later, in an order that has no pattern.
        let permille = 900 + u64::from(round.wrapping_mul(7919) % 300);
        tokio::time::sleep(around * permille as u32 / 1000).await;
        let factor = 600 + round % 100;
        let answers = tokio::join!(
            call(&bus, what, factor, Duration::ZERO),
            call(&bus, what, factor, APART),
            call(&bus, what, factor, APART * 2),
            call(&bus, what, factor, APART * 3),
        );
        let mut answered = Vec::new();
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            match answer {
                Ok(helper) => {
                    outcome.answered += 1;
                    outcome.helpers += u32::from(helper != last);
                    last.clone_from(&helper);
                    answered.push(helper);
                }
                Err(error) => *outcome.lost.entry(error.to_string()).or_default() += 1,
            }
        }
        outcome.split += u32::from(answered.first() != answered.last());
        if what == What::Hold {
            let in_force = helper.ema_factor().await;
            outcome.forgotten += u32::from(in_force.is_ok_and(|now| now != factor));
            if let Err(error) = helper.revert().await {
                *outcome.lost.entry(error.message()).or_default() += 1;
            }
        }
    }
    Ok(outcome)
}

/// Returns who answered.
async fn call(bus: &Connection, what: What, factor: u32, after: Duration) -> zbus::Result<String> {
    tokio::time::sleep(after).await;
    let answer = match what {
        What::Read => {
            let name = Some(BUS_NAME);
            let properties = Some("org.freedesktop.DBus.Properties");
            let which = (INTERFACE, "Version");
            bus.call_method(name, OBJECT_PATH, properties, "Get", &which)
                .await?
        }
        What::End => ask(bus, "Revert", &()).await?,
        What::Hold => {
            let hold = (factor, Hold::Client.to_wire());
            ask(bus, "SetEmaFactor", &hold).await?
        }
    };
    let header = answer.header();
    Ok(header.sender().map(ToString::to_string).unwrap_or_default())
}

async fn ask<T>(bus: &Connection, method: &str, with: &T) -> zbus::Result<Message>
where
    T: Serialize + DynamicType + Sync,
{
    bus.call_method(Some(BUS_NAME), OBJECT_PATH, Some(INTERFACE), method, with)
        .await
}
