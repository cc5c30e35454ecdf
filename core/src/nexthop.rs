//! Which nexthop a patched kernel picks, modelled for both generations of the patch. It explains
//! and predicts; it steers nothing. Both generations let the LARGEST weight win, so traffic gathers
//! on the busy path, whatever their author's text promises.
//!
//! Sources: the author's published notes (`net/ipv4/fib_semantics.c` of both generations, the start
//! value and type `long max = -1`), Linux's own selection since 6.16 for the rest, and transcripts
//! of both generations run in virtual machines; each test names the transcript it pins.
//!
//! Not modelled: nexthop objects, which bypass the patch; that metrics differ between CPUs; that on
//! an ordinary network card no packet is ever measured, so that all weights stay 0.

/// One usable nexthop of a multipath route. Leave out those that are dead, without carrier, or
/// whose neighbour is known to be gone: the kernel skips them before it compares anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nexthop {
    /// The largest flow hash that belongs to it: see [`upper_bounds`].
    pub upper_bound: u32,
    /// [`PathMetrics::weight`](crate::metrics::PathMetrics::weight) of its route cache entry.
    pub weight: u64,
}

/// Where a flow comes from, as the selection sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// No source address yet, or a forwarded packet, whose source doesn't count.
    Unbound,
    /// A local flow bound to the address of the nexthop with this index.
    Of(usize),
    /// A local flow bound to an address that no nexthop has.
    Foreign,
}

/// The largest flow hash of each nexthop, from the route weights (1..=256 each, in `ip route`'s
/// numbers).
///
/// Formula: Linux, `fib_rebalance`: the cumulated weight times 2^31 over the total, rounded to the
/// nearest, minus 1. Flow hashes are 31 bits wide.
pub fn upper_bounds(route_weights: &[u16]) -> Vec<u32> {
    let total: u64 = route_weights.iter().copied().map(u64::from).sum();
    let mut cumulated = 0_u64;
    route_weights
        .iter()
        .map(|weight| {
            cumulated += u64::from(*weight);
            let share = ((cumulated << 31) + total / 2)
                .checked_div(total)
                .unwrap_or(0);
            share.saturating_sub(1) as u32
        })
        .collect()
}

/// First generation, IPv4: the largest weight wins, the first among equals. Neither hash nor source
/// nor route weight counts any more. `None` when there is no nexthop.
///
/// The comparison is of signed 64-bit numbers from -1 up, so a weight of 2^63 and more never wins.
pub fn pick_v1(nexthops: &[Nexthop]) -> Option<usize> {
    let mut best = None;
    let mut largest = -1;
    for (at, nexthop) in nexthops.iter().enumerate() {
        let weight = nexthop.weight.cast_signed();
        if weight > largest {
            largest = weight;
            best = Some(at);
        }
    }
    best
}

/// Second generation, IPv4: a nexthop of the flow's source address scores 2, one whose upper bound
/// the flow's hash (31 bits) doesn't exceed 1; the highest score wins, the weight breaks ties, the
/// first among equals. The search ends at a score of 3, and for an unbound flow at the first hash
/// match: that is stock behaviour. `None` when there is no nexthop.
///
/// So the weight decides only for a local flow whose source no nexthop has. While
/// nexthops are skipped an unbound flow can match none; the weight decides for it too.
pub fn pick_v2(nexthops: &[Nexthop], source: Source, hash: u32) -> Option<usize> {
    let mut best = None;
    let mut highest = (-1, -1);
    for (at, nexthop) in nexthops.iter().enumerate() {
        let affinity = if source == Source::Of(at) { 2 } else { 0 };
        let score = affinity + i32::from(hash <= nexthop.upper_bound);
        let weight = nexthop.weight.cast_signed();
        if score > highest.0 || (score == highest.0 && weight > highest.1) {
            highest = (score, weight);
            best = Some(at);
            if score == 3 || (source == Source::Unbound && score == 1) {
                break;
            }
        }
    }
    best
}

/// Both generations, IPv6: the weight is added to the route's score, a C `int`, where it loses its
/// upper half and can turn the sum negative. A route with a negative score is not used: addresses
/// become unreachable, `::1` first of all, which is why Evenkeel writes no cost above 10000. That
/// is safe for packets up to 64 KiB; with larger ones (BIG TCP, up to 512 KiB) about 2000 is.
pub const fn ipv6_route_score(score: i32, weight: u64) -> i32 {
    score.wrapping_add(weight as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ema::Factor;
    use crate::metrics::{KernelCost, PathMetrics};

    const HASHES: u32 = 1 << 31;

    fn route(route_weights: &[u16], weights: &[u64]) -> Vec<Nexthop> {
        upper_bounds(route_weights)
            .into_iter()
            .zip(weights)
            .map(|(upper_bound, weight)| Nexthop {
                upper_bound,
                weight: *weight,
            })
            .collect()
    }

    /// How many of 400 flows, their hashes spread evenly, take each nexthop.
    fn of_400(nexthops: &[Nexthop], pick: impl Fn(&[Nexthop], u32) -> Option<usize>) -> Vec<u32> {
        let mut counts = vec![0; nexthops.len()];
        for flow in 0..400_u64 {
            let hash = (flow * u64::from(HASHES) / 400 + 1000) as u32;
            counts[pick(nexthops, hash).unwrap()] += 1;
        }
        counts
    }

    fn v1(nexthops: &[Nexthop]) -> Vec<u32> {
        of_400(nexthops, |nexthops, _hash| pick_v1(nexthops))
    }

    fn v2(nexthops: &[Nexthop], source: Source) -> Vec<u32> {
        of_400(nexthops, |nexthops, hash| pick_v2(nexthops, source, hash))
    }

    fn busy(cost: i32, packet_bytes: u32) -> u64 {
        let mut metrics = PathMetrics::new(Factor::HALF, KernelCost::from_sysctl(cost));
        for jiffies in 1..1000 {
            let _counted = metrics.transmit(jiffies, packet_bytes);
        }
        metrics.weight()
    }

    #[test]
    fn upper_bounds_share_the_hashes_by_route_weight() {
        assert_eq!(upper_bounds(&[1, 1]), [HASHES / 2 - 1, HASHES - 1]);
        assert_eq!(upper_bounds(&[1, 3]), [HASHES / 4 - 1, HASHES - 1]);
        assert_eq!(
            upper_bounds(&[1, 1, 1]),
            [715_827_882, 1_431_655_764, HASHES - 1]
        );
        assert_eq!(upper_bounds(&[255, 1])[1], HASHES - 1);
        assert_eq!(upper_bounds(&[0, 0]), [0, 0]);
        assert_eq!(upper_bounds(&[]), []);
    }

    #[test]
    fn v1_without_metrics_sends_everything_to_the_first() {
        // Measured: 400 of 400, at weights 1:3 too, bound or not, and when forwarding.
        assert_eq!(v1(&route(&[1, 1], &[0, 0])), [400, 0]);
        assert_eq!(v1(&route(&[1, 3], &[0, 0])), [400, 0]);
    }

    #[test]
    fn v1_with_metrics_sends_everything_to_the_busiest() {
        // Measured: second path busy, 0 of 50 on the first.
        assert_eq!(v1(&route(&[1, 1], &[0, busy(100, 1442)])), [0, 400]);
        assert_eq!(v1(&route(&[1, 1, 1], &[7, 9, 9])), [0, 400, 0]);
    }

    #[test]
    fn v2_hashes_unbound_and_forwarded_flows_whatever_the_weights() {
        // Measured: 209 / 191 forwarded.
        assert_eq!(v2(&route(&[1, 1], &[0, 0]), Source::Unbound), [200, 200]);
        assert_eq!(
            v2(&route(&[1, 1], &[0, 9_999]), Source::Unbound),
            [200, 200]
        );
        assert_eq!(
            v2(&route(&[1, 3], &[9_999, 0]), Source::Unbound),
            [100, 300]
        );
    }

    #[test]
    fn v2_keeps_a_bound_flow_on_its_own_link_whatever_the_weights() {
        let nexthops = route(&[1, 1], &[busy(100, 1442), 0]);
        assert_eq!(v2(&nexthops, Source::Of(0)), [400, 0]);
        assert_eq!(v2(&nexthops, Source::Of(1)), [0, 400]);
    }

    #[test]
    fn v2_lets_the_weight_decide_for_a_foreign_source_only() {
        // Measured: foreign source, second path busy, 1 / 399 (the first packet found no metrics).
        assert_eq!(
            v2(&route(&[1, 1], &[0, busy(100, 1442)]), Source::Foreign),
            [0, 400]
        );
        // Follows from the rules, not measured: the hash still counts one, and the bounds cumulate,
        // so a busy FIRST path gets its own half only.
        assert_eq!(
            v2(&route(&[1, 1], &[busy(100, 1442), 0]), Source::Foreign),
            [200, 200]
        );
    }

    #[test]
    fn cost_0_takes_the_first_in_v1_and_hashes_in_v2() {
        let nexthops = route(&[1, 1], &[busy(0, 60), busy(0, 1442)]);
        assert_eq!(v1(&nexthops), [400, 0]);
        assert_eq!(v2(&nexthops, Source::Foreign), [200, 200]);
    }

    #[test]
    fn the_busier_wins_even_when_it_is_steadier() {
        // Measured: bursty against steady at a higher mean rate; variability did not decide.
        let (mut bursty, mut steady) = (
            PathMetrics::new(Factor::HALF, KernelCost::default()),
            PathMetrics::new(Factor::HALF, KernelCost::default()),
        );
        for jiffies in 1..1000 {
            let _counted = steady.transmit(jiffies, 1442);
            if jiffies % 10 == 0 {
                let _counted = bursty.transmit(jiffies, 1442);
            }
        }
        assert!(bursty.load < steady.load);
        assert_eq!(
            v1(&route(&[1, 1], &[bursty.weight(), steady.weight()])),
            [0, 400]
        );
    }

    #[test]
    fn with_k_1024_only_the_last_packet_counts() {
        let last = |bytes| {
            let mut metrics = PathMetrics::new(Factor::NEWEST, KernelCost::default());
            for jiffies in 1..1000 {
                let _counted = metrics.transmit(jiffies, 1442);
            }
            assert!(metrics.transmit(1000, bytes));
            metrics.weight()
        };
        assert_eq!(last(60), 6_000);
        assert_eq!(v1(&route(&[1, 1], &[last(60), last(61)])), [0, 400]);
    }

    #[test]
    fn all_cost_equal_changes_nothing_but_zero_does() {
        // Measured: cost scales every IPv4 path alike.
        for cost in [1, 100, 10_000, 1_000_000] {
            assert_eq!(
                v1(&route(&[1, 1], &[busy(cost, 500), busy(cost, 501)])),
                [0, 400]
            );
        }
    }

    #[test]
    fn a_weight_too_large_for_a_signed_number_never_wins() {
        assert_eq!(pick_v1(&route(&[1, 1], &[0, u64::MAX])), Some(0));
        assert_eq!(pick_v1(&route(&[1], &[u64::MAX])), None);
    }

    #[test]
    fn no_nexthop_no_pick() {
        assert_eq!(pick_v1(&[]), None);
        assert_eq!(pick_v2(&[], Source::Unbound, 0), None);
    }

    #[test]
    fn ipv6_breaks_at_the_costs_that_were_measured_to_break_it() {
        // Measured with 60000-byte packets: 36000 fails, 32000 and 10000 pass.
        assert!(ipv6_route_score(0, busy(36_000, 60_000)) < 0);
        assert!(ipv6_route_score(0, busy(32_000, 60_000)) > 0);
        assert!(ipv6_route_score(0, busy(10_000, 60_000)) > 0);
        // Measured with small traffic: -1 and 3000000 fail.
        assert!(ipv6_route_score(0, busy(-1, 100)) < 0);
        assert!(ipv6_route_score(0, busy(3_000_000, 1000)) < 0);
    }

    #[test]
    fn the_costs_we_write_are_safe_for_any_packet_up_to_64_kib() {
        // Load and deviation are averages of values no larger than the largest packet.
        assert!(ipv6_route_score(100, (65_535 + 65_535) * 10_000) > 0);
        let big_tcp = 512 * 1024;
        assert!(ipv6_route_score(100, (big_tcp + big_tcp) * 2_000) > 0);
        assert!(ipv6_route_score(0, big_tcp * 5_000) < 0);
    }
}
