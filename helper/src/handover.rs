//! What one helper leaves for the next when it is restarted in good order: who holds what. Pure: values
//! to bytes and back; where the bytes lie is the door's business.
//!
//! Everything is put back before a helper ends, so the next one begins from the system's own state and
//! takes up the holds anew. A helper that crashed leaves nothing: what it held may be what ended it.

use serde::{Deserialize, Serialize};

use crate::lease::Leases;

/// The format written here; no other is read.
const VERSION: u32 = 1;
/// A restart takes seconds. What is older was left by a run that another kind of helper followed.
const MAX_AGE_NS: u64 = 120_000_000_000;

/// Where and when something is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The kernel's word for this boot.
    pub boot_id: String,
    /// The bus daemon's word for its own run: the names of clients mean nothing on another one.
    pub bus_id: String,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub at_ns: u64,
}

/// Why nothing is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another version's, or no hand-over at all.
    #[error("it is not of this version's making")]
    Unknown,
    /// The machine was started anew meanwhile.
    #[error("it is of an earlier boot")]
    OtherBoot,
    /// More than two minutes.
    #[error("it is too old")]
    Old,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    version: u32,
    moment: Moment,
    leases: Leases,
}

/// What is left for the next helper; `None` when nobody but a measurement holds anything.
pub fn word(leases: &Leases, moment: Moment) -> Option<Vec<u8>> {
    let mut leases = leases.clone();
    leases.end_measurement();
    let held = !leases.is_empty();
    let word = Word {
        version: VERSION,
        moment,
        leases,
    };
    // Numbers, texts and maps of them always become JSON.
    held.then(|| serde_json::to_vec(&word).ok()).flatten()
}

/// Who holds what, by the word that was left. Clients are among them only if this is still their bus;
/// whether they are still on it is to be asked.
///
/// # Errors
/// Why the word does not count.
pub fn leases_of(word: &[u8], now: &Moment) -> Result<Leases, Refusal> {
    let word: Word = serde_json::from_slice(word).map_err(|_| Refusal::Unknown)?;
    if word.version != VERSION || !word.leases.is_sane() {
        return Err(Refusal::Unknown);
    }
    if word.moment.boot_id != now.boot_id || now.boot_id.is_empty() {
        return Err(Refusal::OtherBoot);
    }
    match now.at_ns.checked_sub(word.moment.at_ns) {
        None => return Err(Refusal::OtherBoot),
        Some(age_ns) if age_ns > MAX_AGE_NS => return Err(Refusal::Old),
        Some(_) => {}
    }
    let mut leases = word.leases;
    if word.moment.bus_id != now.bus_id {
        for name in leases.client_names() {
            leases.client_gone(&name);
        }
    }
    Ok(leases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::{Caller, Change};

    fn now() -> Moment {
        Moment {
            boot_id: "b".into(),
            bus_id: "d".into(),
            at_ns: 5_000_000_000,
        }
    }

    fn later(seconds: u64) -> Moment {
        Moment {
            at_ns: now().at_ns + seconds * 1_000_000_000,
            ..now()
        }
    }

    fn held() -> Leases {
        let player = Caller {
            name: ":1.7".into(),
            uid: 1000,
        };
        let mut leases = Leases::default();
        for (kept, change) in [
            (true, Change::GameMode),
            (true, Change::EmaFactor(700)),
            (false, Change::PowerCost(300)),
            (
                false,
                Change::UplinkCost {
                    ifindex: 3,
                    cost: 200,
                },
            ),
        ] {
            leases.hold(&player, kept, change).unwrap();
        }
        leases
    }

    #[test]
    fn what_is_held_survives_a_restart_of_the_same_boot_and_bus_whole() {
        let word = word(&held(), now()).unwrap();
        assert_eq!(leases_of(&word, &later(3)), Ok(held()));
    }

    #[test]
    fn a_measurement_ends_with_the_helper_that_measures() {
        let mut leases = Leases::default();
        leases.measure(1000, &[Change::GameMode]);
        assert!(word(&leases, now()).is_none());
        let mut leases = held();
        leases.measure(1000, &[Change::EmaFactor(3)]);
        let left = leases_of(&word(&leases, now()).unwrap(), &later(3)).unwrap();
        assert_eq!(left.wanted(), held().wanted());
    }

    #[test]
    fn on_another_bus_only_what_is_kept_survives() {
        let word = word(&held(), now()).unwrap();
        let elsewhere = Moment {
            bus_id: "e".into(),
            ..later(3)
        };
        let left = leases_of(&word, &elsewhere).unwrap();
        assert!(left.client_names().is_empty());
        assert!(left.wanted().game_mode && left.wanted().power_cost.is_none());
    }

    #[test]
    fn an_earlier_boot_an_old_word_and_another_format_count_for_nothing() {
        let word = word(&held(), now()).unwrap();
        let booted = Moment {
            boot_id: "c".into(),
            ..later(3)
        };
        assert_eq!(leases_of(&word, &booted), Err(Refusal::OtherBoot));
        let earlier = Moment { at_ns: 1, ..now() };
        assert_eq!(leases_of(&word, &earlier), Err(Refusal::OtherBoot));
        let unknown = Moment {
            boot_id: String::new(),
            ..later(3)
        };
        assert_eq!(leases_of(&word, &unknown), Err(Refusal::OtherBoot));
        assert_eq!(leases_of(&word, &later(121)), Err(Refusal::Old));
        let text = String::from_utf8(word).unwrap();
        for broken in [
            text.replace("\"version\":1", "\"version\":2"),
            text.replace("700", "70000"),
            text.replace(":1.7", ""),
            text[..text.len() - 2].to_owned(),
            "{}".into(),
        ] {
            let taken = leases_of(broken.as_bytes(), &later(3));
            assert_eq!(taken, Err(Refusal::Unknown), "{broken}");
        }
    }

    #[test]
    fn where_nobody_holds_anything_nothing_is_left() {
        assert_eq!(word(&Leases::default(), now()), None);
    }
}
