//! The parameters of one direction of a link, and their text form `key=value ...`.

use serde::{Deserialize, Serialize};

/// Longest delay, jitter and queue: 10 s, in microseconds.
const MAX_US: u64 = 10_000_000;
/// Fastest rate limit: 100 Gbit/s, in kbit/s.
const MAX_RATE_KBIT: u64 = 100_000_000;

/// What one direction of a link does to packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkParams {
    /// Fixed delay, 0..=10 s.
    pub delay_us: u64,
    /// Extra delay, uniform in `0..jitter_us` (0..=10 s); for numbered packets only.
    pub jitter_us: u64,
    /// Share of numbered packets to lose, 0..=1 000 000 parts per million.
    pub loss_ppm: u64,
    /// Lose everything, neighbour discovery included.
    pub blackhole: bool,
    /// Rate limit in kbit/s; 0 means none.
    pub rate_kbit: u64,
    /// With a rate limit: packets that would wait longer than this are lost.
    pub queue_us: u64,
    /// Let no packet overtake an earlier one.
    pub in_order: bool,
    /// More fixed delay, 0..=10 s, for packets that go beyond this link's network: what lies behind
    /// the router. They overtake none of their own, and hold up none that stay.
    pub wan_delay_us: u64,
    /// More jitter for the same packets, uniform in `0..wan_jitter_us`.
    pub wan_jitter_us: u64,
}

impl Default for LinkParams {
    fn default() -> Self {
        Self {
            delay_us: 0,
            jitter_us: 0,
            loss_ppm: 0,
            blackhole: false,
            rate_kbit: 0,
            queue_us: 100_000,
            in_order: true,
            wan_delay_us: 0,
            wan_jitter_us: 0,
        }
    }
}

/// A text that is no valid change of [`LinkParams`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// Not of the form `key=value`.
    #[error("`{0}` is not of the form key=value; nothing was changed")]
    Form(String),
    /// No such parameter.
    #[error(
        "there is no parameter `{0}`; there are delay_us, jitter_us, loss_ppm, blackhole, \
         rate_kbit, queue_us, in_order, wan_delay_us and wan_jitter_us; nothing was changed"
    )]
    Key(String),
    /// Not a number, or out of range.
    #[error("{key} must be a whole number in 0..={max}, not `{value}`; nothing was changed")]
    Value {
        /// The parameter.
        key: String,
        /// What was given.
        value: String,
        /// Its largest value.
        max: u64,
    },
}

impl LinkParams {
    /// The parameters after `changes`, a text like `delay_us=10000 loss_ppm=0`. Booleans are 0 or 1.
    ///
    /// # Errors
    /// [`ParamError`] for the first word that is wrong.
    pub fn changed(mut self, changes: &str) -> Result<Self, ParamError> {
        for word in changes.split_whitespace() {
            let (key, value) = word
                .split_once('=')
                .ok_or_else(|| ParamError::Form(word.to_owned()))?;
            let number = |max: u64| {
                value
                    .parse()
                    .ok()
                    .filter(|n| *n <= max)
                    .ok_or_else(|| ParamError::Value {
                        key: key.to_owned(),
                        value: value.to_owned(),
                        max,
                    })
            };
            match key {
                "delay_us" => self.delay_us = number(MAX_US)?,
                "jitter_us" => self.jitter_us = number(MAX_US)?,
                "loss_ppm" => self.loss_ppm = number(1_000_000)?,
                "blackhole" => self.blackhole = number(1)? == 1,
                "rate_kbit" => self.rate_kbit = number(MAX_RATE_KBIT)?,
                "queue_us" => self.queue_us = number(MAX_US)?,
                "in_order" => self.in_order = number(1)? == 1,
                "wan_delay_us" => self.wan_delay_us = number(MAX_US)?,
                "wan_jitter_us" => self.wan_jitter_us = number(MAX_US)?,
                _ => return Err(ParamError::Key(key.to_owned())),
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_parameters_change() {
        let before = LinkParams {
            delay_us: 5,
            loss_ppm: 9,
            ..LinkParams::default()
        };
        let after = before.changed("jitter_us=20000 blackhole=1").unwrap();
        assert_eq!(
            after,
            LinkParams {
                jitter_us: 20_000,
                blackhole: true,
                ..before
            }
        );
    }

    #[test]
    fn a_bad_word_gets_an_error_that_names_it() {
        let p = LinkParams::default();
        for (text, part) in [
            ("delay_us", "key=value"),
            ("delay=1", "no parameter `delay`"),
            ("delay_us=-1", "not `-1`"),
            ("loss_ppm=1000001", "0..=1000000"),
            ("delay_us=1 blackhole=2", "0..=1"),
            ("jitter_us=10000001", "jitter_us"),
        ] {
            let error = p.changed(text).unwrap_err().to_string();
            assert!(
                error.contains(part) && error.contains("nothing was changed"),
                "{error}"
            );
        }
    }
}
