//! What counted flows say of a kernel, against the models of the kernels that were measured.

use evenkeel_core::behaviour::{Behaviour, MIN_FLOWS, Split, Trial, Verdict, behaviour, verdict};
use evenkeel_core::nexthop::{Nexthop, Source, pick_v1, pick_v2, upper_bounds};
use proptest::prelude::*;

/// What a loaded path weighs, and one that only the counted flows use.
const LOADED: u64 = 200_000;
const QUIET: u64 = 700;

/// The flows' hashes, as they come from a hash function: no pattern, the same under each condition.
fn hashes(seed: u64, flows: u32) -> Vec<u32> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as u32 >> 1
    };
    (0..flows).map(|_| next()).collect()
}

/// What a kernel does with the flows, whose weights are `[idle, first loaded, second loaded]`.
fn trial(
    hashes: &[u32],
    weights: [[u64; 2]; 3],
    pick: impl Fn(&[Nexthop], u32) -> Option<usize>,
) -> Trial {
    let split = |weights: [u64; 2]| {
        let bounds = upper_bounds(&[1, 1]);
        let nexthops: Vec<Nexthop> = bounds
            .into_iter()
            .zip(weights)
            .map(|(upper_bound, weight)| Nexthop {
                upper_bound,
                weight,
            })
            .collect();
        let first = hashes
            .iter()
            .filter(|hash| pick(&nexthops, **hash) == Some(0));
        let first = first.count() as u32;
        Split {
            first,
            second: hashes.len() as u32 - first,
        }
    };
    let [idle, one, two] = weights.map(split);
    Trial {
        idle,
        first_loaded: one,
        second_loaded: two,
    }
}

/// On a device whose packets are measured, and on one whose packets are not.
const ALIVE: [[u64; 2]; 3] = [[QUIET, QUIET], [LOADED, QUIET], [QUIET, LOADED]];
const DEAD: [[u64; 2]; 3] = [[0, 0]; 3];

fn v1(hashes: &[u32], weights: [[u64; 2]; 3]) -> [Trial; 2] {
    [(); 2].map(|()| trial(hashes, weights, |nexthops, _hash| pick_v1(nexthops)))
}

fn v2(hashes: &[u32], weights: [[u64; 2]; 3]) -> [Trial; 2] {
    [Source::Unbound, Source::Foreign].map(|source| {
        trial(hashes, weights, |nexthops, hash| {
            pick_v2(nexthops, source, hash)
        })
    })
}

/// As the second generation, but the smaller weight wins.
fn steady(hashes: &[u32], weights: [[u64; 2]; 3]) -> [Trial; 2] {
    let turned = weights.map(|pair| pair.map(|weight| LOADED - weight));
    v2(hashes, turned)
}

proptest! {
    #[test]
    fn a_hash_is_never_taken_for_anything_else(
        seed in any::<u64>(), other in any::<u64>(), third in any::<u64>(), flows in 300_u32..1000,
    ) {
        let stock = v2(&hashes(seed, flows), DEAD);
        prop_assert_eq!(behaviour(&stock), Behaviour::Hashing);
        // Also where each condition has flows of its own, which our lab does not do.
        let of = |seed| v2(&hashes(seed, flows), DEAD)[0].idle;
        let apart = Trial { idle: of(seed), first_loaded: of(other), second_loaded: of(third) };
        prop_assert_eq!(behaviour(&[apart, stock[1]]), Behaviour::Hashing);
    }

    #[test]
    fn each_generation_is_told_from_every_seed(seed in any::<u64>(), flows in 300_u32..1000) {
        let hashes = hashes(seed, flows);
        prop_assert_eq!(behaviour(&v1(&hashes, DEAD)), Behaviour::FirstOnly);
        prop_assert_eq!(behaviour(&v1(&hashes, ALIVE)), Behaviour::BusyWins);
        prop_assert_eq!(behaviour(&v2(&hashes, DEAD)), Behaviour::Hashing);
        prop_assert_eq!(behaviour(&v2(&hashes, ALIVE)), Behaviour::BusyWins);
        prop_assert_eq!(behaviour(&steady(&hashes, ALIVE)), Behaviour::SteadyWins);
    }

    #[test]
    fn some_stray_packets_change_nothing(seed in any::<u64>(), stray in 0_u32..=4) {
        let hashes = hashes(seed, 400);
        let stray = |mut trial: Trial| {
            trial.idle.second += stray;
            trial.first_loaded.first += stray;
            trial.second_loaded.first += stray;
            trial
        };
        prop_assert_eq!(behaviour(&v1(&hashes, DEAD).map(stray)), Behaviour::FirstOnly);
        prop_assert_eq!(behaviour(&v2(&hashes, DEAD).map(stray)), Behaviour::Hashing);
        prop_assert_eq!(behaviour(&v2(&hashes, ALIVE).map(stray)), Behaviour::BusyWins);
    }

    #[test]
    fn turning_the_paths_around_changes_hashing_and_winners_in_nothing(
        splits in prop::collection::vec((0_u32..500, 0_u32..500), 3),
    ) {
        let split = |at: usize| Split { first: splits[at].0, second: splits[at].1 };
        let turned = |at: usize| Split { first: splits[at].1, second: splits[at].0 };
        let one = Trial { idle: split(0), first_loaded: split(1), second_loaded: split(2) };
        let two = Trial { idle: turned(0), first_loaded: turned(2), second_loaded: turned(1) };
        let (one, two) = (behaviour(&[one]), behaviour(&[two]));
        let sided = |seen| seen == Behaviour::FirstOnly;
        if !sided(one) && !sided(two) {
            prop_assert_eq!(one, two);
        }
    }
}

#[test]
fn what_was_measured_on_the_originals_reads_as_it_was() {
    let split = |first, second| Split { first, second };
    // v1 on ordinary cards: 400 of 400. v2, foreign source, second path busy: 1 / 399.
    let v1 = Trial {
        idle: split(400, 0),
        first_loaded: split(400, 0),
        second_loaded: split(400, 0),
    };
    assert_eq!(behaviour(&[v1, v1]), Behaviour::FirstOnly);
    let v2 = Trial {
        idle: split(209, 191),
        first_loaded: split(209, 191),
        second_loaded: split(1, 399),
    };
    let unbound = Trial {
        second_loaded: split(209, 191),
        ..v2
    };
    assert_eq!(behaviour(&[unbound, v2]), Behaviour::BusyWins);
    assert_eq!(behaviour(&[unbound]), Behaviour::Hashing);
}

#[test]
fn too_few_flows_a_contradiction_and_a_lopsided_hash_are_not_judged() {
    let split = |first, second| Split { first, second };
    let few = Trial {
        idle: split(MIN_FLOWS / 2, MIN_FLOWS / 2),
        first_loaded: split(MIN_FLOWS, 0),
        second_loaded: split(0, MIN_FLOWS - 1),
    };
    assert_eq!(behaviour(&[few]), Behaviour::Unclear);
    assert_eq!(behaviour(&[]), Behaviour::Unclear);
    let busy = Trial {
        second_loaded: split(0, MIN_FLOWS),
        ..few
    };
    assert_eq!(behaviour(&[busy]), Behaviour::BusyWins);
    let steady = Trial {
        first_loaded: busy.second_loaded,
        second_loaded: busy.first_loaded,
        ..busy
    };
    assert_eq!(behaviour(&[steady]), Behaviour::SteadyWins);
    assert_eq!(behaviour(&[busy, steady]), Behaviour::Unclear);
    let lopsided = split(100, 300);
    let lopsided = Trial {
        idle: lopsided,
        first_loaded: lopsided,
        second_loaded: lopsided,
    };
    assert_eq!(behaviour(&[lopsided]), Behaviour::Unclear);
    let second_only = split(0, 400);
    let second_only = Trial {
        idle: second_only,
        first_loaded: second_only,
        second_loaded: second_only,
    };
    assert_eq!(behaviour(&[second_only]), Behaviour::Unclear);
}

#[test]
fn hashing_with_sysctls_is_no_stock_kernel_but_sysctls_without_effect() {
    assert_eq!(verdict(Behaviour::Hashing, false), Verdict::StockHashing);
    assert_eq!(verdict(Behaviour::Hashing, true), Verdict::NoEffect);
    for sysctls in [false, true] {
        assert_eq!(verdict(Behaviour::FirstOnly, sysctls), Verdict::FirstOnly);
        assert_eq!(verdict(Behaviour::BusyWins, sysctls), Verdict::BusyWins);
        assert_eq!(verdict(Behaviour::SteadyWins, sysctls), Verdict::SteadyWins);
        assert_eq!(verdict(Behaviour::Unclear, sysctls), Verdict::Unclear);
    }
}
