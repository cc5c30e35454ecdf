//! What was seen around a spike, in plain words: the facts that a rule stands on. Which numbers are
//! worth telling is decided in the core.

use evenkeel_core::blame::{Evidence, Measure as M, Spike};

use crate::words::{Key, Words};

/// Facts that are told of one spike, the place included.
pub const MOST: usize = 6;
/// Up to here the gateway counts as calm: the rules' own limit.
const CALM_PERMILLE: u64 = 250;

/// The facts of a spike, the most telling first, where it happened last.
pub fn facts(spike: &Spike, words: &Words) -> Vec<String> {
    let evidence = &spike.evidence;
    let mut told: Vec<String> = evidence
        .notable()
        .into_iter()
        .filter_map(|(measure, value)| fact(measure, value, evidence, words))
        .collect();
    let mut near: Vec<String> = others(evidence, words).into_iter().collect();
    near.extend(spike.uplink.map(|_| place(evidence, words)));
    told.truncate(MOST.saturating_sub(near.len()));
    told.append(&mut near);
    told
}

/// One measure in a sentence; `None` for what [`place`] and [`others`] tell.
fn fact(measure: M, value: u64, evidence: &Evidence, words: &Words) -> Option<String> {
    let say = |key| words.say(key);
    let time = |key| words.tell(key, [("time", words.milliseconds(value).into())]);
    let count = |key| words.tell(key, [("count", value.into())]);
    let share = |key| words.tell(key, [("percent", percent(value, words).into())]);
    let usual = |told: String, usual: M, unit: &dyn Fn(u64) -> String| {
        let Some(usual) = evidence.get(usual) else {
            return told;
        };
        let values = [("fact", told.into()), ("usual", unit(usual).into())];
        words.tell(Key::SeenUsually, values)
    };
    Some(match measure {
        M::SwitchedOff => say(Key::SeenSwitchedOff),
        M::CarrierLost => say(Key::SeenCarrierLost),
        M::Disconnects => say(Key::SeenDisconnects),
        M::Roams => say(Key::SeenRoams),
        M::ChannelSwitches => say(Key::SeenChannelSwitches),
        M::Scans => say(Key::SeenScans),
        M::BeaconLosses => say(Key::SeenBeaconLosses),
        M::LateNs => time(Key::SeenLate),
        M::SoftnetDropped => count(Key::SeenSoftnetDropped),
        M::OwnQueueNs => time(Key::SeenOwnQueue),
        M::BacklogBytes => {
            let size = words.number(value as f64 / 1000.0, usize::from(value < 9_950));
            words.tell(Key::SeenBacklog, [("size", size.into())])
        }
        M::QueueDrops => count(Key::SeenQueueDrops),
        M::RxErrors => count(Key::SeenRxErrors),
        M::TxErrors => count(Key::SeenTxErrors),
        M::TxDropped => count(Key::SeenTxDropped),
        M::RadioFailed => count(Key::SeenRadioFailed),
        M::RetriesPermille => usual(share(Key::SeenRetries), M::RetriesUsualPermille, &|value| {
            percent(value, words)
        }),
        M::SignalBelowZeroDbm => {
            let told = words.tell(Key::SeenSignal, [("signal", dbm(value, words).into())]);
            usual(told, M::SignalUsualBelowZeroDbm, &|value| dbm(value, words))
        }
        M::CpuStallPermille => share(Key::SeenCpuStall),
        M::IoStallPermille => share(Key::SeenIoStall),
        M::MemoryStallPermille => share(Key::SeenMemoryStall),
        M::Throttles => say(Key::SeenThrottles),
        M::SoftnetSqueezed => say(Key::SeenSoftnetSqueezed),
        M::RouteChanges => say(Key::SeenRouteChanges),
        M::AddressChanges => say(Key::SeenAddressChanges),
        M::TxBytesPerS => {
            let told = words.tell(Key::SeenSent, [("rate", rate(value, words).into())]);
            usual(told, M::TxUsualBytesPerS, &|value| rate(value, words))
        }
        M::RxBytesPerS => {
            let told = words.tell(Key::SeenReceived, [("rate", rate(value, words).into())]);
            usual(told, M::RxUsualBytesPerS, &|value| rate(value, words))
        }
        M::GatewayLost => {
            let sent = evidence.count(M::GatewaySent).max(value);
            let values = [("count", value.into()), ("sent", sent.into())];
            words.tell(Key::SeenGatewayLost, values)
        }
        // Told by the place and by the other uplinks; or no news by themselves.
        M::Wireless
        | M::RxDropped
        | M::GatewaySent
        | M::GatewayUsualNs
        | M::GatewayWorstNs
        | M::GatewaySharePermille
        | M::OtherUplinks
        | M::OtherUplinksHit
        | M::CpuLimitPermille
        | M::RxUsualBytesPerS
        | M::TxUsualBytesPerS
        | M::SignalUsualBelowZeroDbm
        | M::RetriesUsualPermille => return None,
    })
}

/// What the other uplinks did meanwhile.
fn others(evidence: &Evidence, words: &Words) -> Option<String> {
    let all = evidence.get(M::OtherUplinks).filter(|all| *all > 0)?;
    let hit = evidence.count(M::OtherUplinksHit).min(all);
    if hit == 0 {
        return Some(words.tell(Key::SeenOthersCalm, [("all", all.into())]));
    }
    let values = [("count", hit.into()), ("all", all.into())];
    Some(words.tell(Key::SeenOthersHit, values))
}

/// On which side of the gateway it happened, as far as that can be told.
fn place(evidence: &Evidence, words: &Words) -> String {
    let Some(share) = evidence.get(M::GatewaySharePermille) else {
        return words.say(Key::SeenGatewaySilent);
    };
    if share <= CALM_PERMILLE {
        return words.say(Key::SeenGatewayCalm);
    }
    let share = percent(share.min(1000), words);
    words.tell(Key::SeenGatewayShare, [("percent", share.into())])
}

/// Without decimals: nobody needs them here.
fn percent(permille: u64, words: &Words) -> String {
    let rounded = (permille.min(100_000) + 5) / 10 * 10;
    words.percent(rounded as u32)
}

fn rate(bytes_per_s: u64, words: &Words) -> String {
    let mbit = bytes_per_s as f64 * 8.0 / 1e6;
    let value = words.number(mbit, usize::from(mbit < 9.95));
    words.tell(Key::UnitMbit, [("value", value.into())])
}

fn dbm(below_zero: u64, words: &Words) -> String {
    let value = words.number(-(below_zero as f64), 0);
    words.tell(Key::UnitDbm, [("value", value.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use evenkeel_core::blame::judge;

    fn spike(seen: &[(M, u64)]) -> Spike {
        let evidence: Evidence = seen.iter().copied().collect();
        Spike {
            uplink: Some(3),
            from_ns: 0,
            until_ns: 0,
            usual_ns: Some(20_000_000),
            worst_ns: Some(92_000_000),
            sent: 9,
            stood_out: 5,
            lost: 0,
            blame: judge(Some(72_000_000), &evidence),
            evidence,
        }
    }

    fn told(seen: &[(M, u64)]) -> Vec<String> {
        facts(&spike(seen), &Words::new(Language::English))
    }

    #[test]
    fn numbers_stand_beside_what_is_usual_and_in_units_that_people_read() {
        let seen = [
            (M::SignalBelowZeroDbm, 81),
            (M::SignalUsualBelowZeroDbm, 60),
            (M::RetriesPermille, 454),
            (M::TxBytesPerS, 1_500_000),
            (M::TxUsualBytesPerS, 25_000),
            (M::GatewaySharePermille, 1_300),
        ];
        assert_eq!(
            told(&seen),
            [
                "45% of the Wi-Fi frames had to be sent again",
                "Wi-Fi signal −81 dBm (usually −60 dBm)",
                "This machine sent 12 Mbit/s (usually 0.2 Mbit/s)",
                "The router was already slow: it showed 100% of the delay",
            ]
        );
    }

    #[test]
    fn the_place_is_always_told_and_so_is_that_it_cannot_be() {
        let calm = told(&[(M::GatewaySharePermille, 250)]);
        assert_eq!(calm, ["The router answered as usual"]);
        let silent = told(&[]);
        assert_eq!(silent.len(), 1);
        assert!(silent[0].contains("does not answer"), "{silent:?}");
        let machine = Spike {
            uplink: None,
            ..spike(&[(M::LateNs, 120_000_000)])
        };
        let words = Words::new(Language::English);
        assert_eq!(
            facts(&machine, &words),
            ["Programs were woken up 120 ms late"]
        );
    }

    #[test]
    fn the_other_uplinks_say_whether_it_hit_them_too() {
        let all = told(&[(M::OtherUplinks, 2), (M::OtherUplinksHit, 1)]);
        assert_eq!(all[0], "1 of 2 other uplinks had a spike, too");
        let calm = told(&[(M::OtherUplinks, 1), (M::OtherUplinksHit, 0)]);
        assert_eq!(calm[0], "The other uplink was calm meanwhile");
    }

    #[test]
    fn whatever_is_notable_is_told_in_both_languages_and_never_too_much_of_it() {
        let all: Vec<(M, u64)> = M::ALL.iter().map(|measure| (*measure, 1_000_000)).collect();
        let full = spike(&all);
        for language in Language::ALL {
            let words = Words::new(language);
            assert_eq!(facts(&full, &words).len(), MOST);
            let silent: Vec<M> = full
                .evidence
                .notable()
                .into_iter()
                .filter(|(measure, value)| fact(*measure, *value, &full.evidence, &words).is_none())
                .map(|(measure, _)| measure)
                .collect();
            assert_eq!(silent, [M::OtherUplinksHit, M::GatewaySharePermille]);
        }
    }
}
