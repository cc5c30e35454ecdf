//! A page made of planted secrets, with and without them.

use super::*;
use crate::cli::sample;
use crate::measure::tests::judged;
use evenkeel_core::ab::Verdict;
use evenkeel_core::blame::{Evidence, Measure, Spike, judge};
use evenkeel_dbus::measurement::{MeasuredBlock, MeasuredSample, Subject};
use evenkeel_dbus::spikes::records;

/// Planted in everything that a page can hold; all of them can be the name of an uplink.
const SECRETS: [&str; 4] = ["KT_GiGA_7A3F", "192.168.7.9", "enxaabbcc001122", "minho"];

fn page(open: bool) -> String {
    let words = Words::new(Language::English);
    let mut state = sample::steering();
    let names = |at: usize| SECRETS[at % SECRETS.len()].to_owned();
    state
        .uplinks
        .extend((0..2).map(|at| evenkeel_dbus::UplinkInfo {
            ifindex: 5 + at as u32,
            name: names(at),
            ..sample::wifi()
        }));
    // Every measure there is, on an uplink with a name that tells something.
    let evidence: Evidence = Measure::ALL.iter().map(|one| (*one, 900)).collect();
    let spike = |ifindex| Spike {
        uplink: Some(ifindex),
        from_ns: 1_000_000_000 * u64::from(ifindex),
        until_ns: 2_000_000_000 * u64::from(ifindex),
        usual_ns: Some(20_000_000),
        worst_ns: Some(92_000_000),
        sent: 5,
        stood_out: 3,
        lost: 0,
        blame: judge(Some(72_000_000), &evidence),
        evidence,
    };
    let frame = Frame {
        records: [5, 6]
            .into_iter()
            .flat_map(|at| records(&spike(at)))
            .collect(),
        number: 0,
        dropped: 0,
    };
    let mut snapshot = judged(Verdict::NoDifference);
    snapshot.plan.subject = Subject::Uplinks.to_wire();
    (snapshot.plan.a, snapshot.plan.b) = (7, 8);
    let block = |arm| MeasuredBlock {
        arm,
        ifindex: 7 + arm,
        ..MeasuredBlock::default()
    };
    let samples: Vec<MeasuredSample> = (0..200)
        .map(|n| MeasuredSample {
            block: n % 2,
            at_ms: n * 50,
            rtt_us: 20_000 + n,
        })
        .collect();
    let found = Found::of(vec![block(0), block(1)], &samples);
    let kept = Kept {
        id: crate::measure::history::Id::of(&snapshot),
        snapshot,
        uplinks: [(7, names(2)), (8, names(3))].into(),
        blocks: found.blocks.clone(),
    };
    let heard = Heard {
        state: Some(state),
        frames: vec![frame],
    };
    let report = compose(
        heard,
        super::kept((kept, found), &words),
        Vec::new(),
        &words,
    );
    let own = Own {
        computers: Vec::new(),
        users: vec!["minho".to_owned()],
        networks: vec!["KT_GiGA_7A3F".to_owned()],
    };
    let mut private = Private::new(&[], &own, &words);
    if open {
        Report { open, ..report }.page(&words)
    } else {
        report.hidden(|text| private.hide(text)).page(&words)
    }
}

#[test]
fn of_a_measurement_and_of_spikes_nothing_tells_who_and_where_unless_asked() {
    let open = page(true);
    for part in [
        "No difference shown between",
        "Four of five",
        "<table",
        "<svg",
    ] {
        assert!(open.contains(part), "no {part} in {open}");
    }
    for secret in SECRETS {
        assert!(open.contains(secret), "{secret} was not planted: {open}");
    }
    let hidden = page(false);
    for secret in SECRETS {
        assert!(!hidden.contains(secret), "{secret} in {hidden}");
    }
    for instead in [
        "[Wi-Fi network]",
        "[address ",
        "enx[hardware address]",
        "[user]",
    ] {
        assert!(hidden.contains(instead), "no {instead} in {hidden}");
    }
    // What was seen stays, and who is to blame.
    assert!(
        hidden.contains("<h2>Spikes</h2>") && hidden.contains("92 ms"),
        "{hidden}"
    );
}
