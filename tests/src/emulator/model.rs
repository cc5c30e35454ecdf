//! What happens to a packet, as plain values: no clock, no sockets. One [`Model`] per direction.

use std::collections::HashMap;

use super::packet::Flow;
use super::params::LinkParams;

/// Flows with a counter of their own; packets of further ones share a counter.
const MAX_FLOWS: usize = 4096;

/// Sets the draws for what lies beyond the link apart from those for the link.
const BEYOND: u64 = 0x6265_796f_6e64;

/// The fate of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// To be sent at this time (nanoseconds on the clock of its arrival).
    DepartAt(i64),
    /// Lost by a draw.
    Lost,
    /// Lost in the black hole.
    Swallowed,
    /// Lost because the rate limiter's queue was full.
    Overflow,
}

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Model {
    seed: u64,
    counters: HashMap<Flow, u64>,
    shared_counter: u64,
    line_free_at_ns: i64,
    last_departure_ns: i64,
    /// The same of packets that go beyond the link's network.
    last_beyond_ns: i64,
}

impl Model {
    /// A fresh link; equal seeds give equal draws to the n-th packet of equal flows.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            counters: HashMap::new(),
            shared_counter: 0,
            line_free_at_ns: i64::MIN,
            last_departure_ns: i64::MIN,
            last_beyond_ns: i64::MIN,
        }
    }

    /// Decides about a packet of `bytes` that arrived at `arrival_ns`. Packets without a flow only
    /// get the fixed delay, the rate limit and the black hole.
    pub fn admit(
        &mut self,
        params: &LinkParams,
        flow: Option<Flow>,
        bytes: usize,
        arrival_ns: i64,
    ) -> Fate {
        // Drawn first and always, so that parameters don't shift the later draws.
        let beyond = flow.as_ref().is_some_and(Flow::leads_beyond);
        let draw = flow.map(|flow| self.draw(flow));
        if params.blackhole {
            return Fate::Swallowed;
        }
        if draw.is_some_and(|draw| draw % 1_000_000 < params.loss_ppm) {
            return Fate::Lost;
        }
        let start_ns = self.line_free_at_ns.max(arrival_ns);
        if params.rate_kbit > 0 && start_ns - arrival_ns > (params.queue_us * 1000) as i64 {
            return Fate::Overflow;
        }
        let serialised_ns = (bytes as u64 * 8_000_000)
            .checked_div(params.rate_kbit)
            .unwrap_or(0) as i64;
        self.line_free_at_ns = start_ns + serialised_ns;
        let jitter_ns = draw.map_or(0, |draw| below(mix(draw), params.jitter_us * 1000));
        let fixed_ns = (params.delay_us * 1000) as i64;
        let mut departure = self.line_free_at_ns + fixed_ns + jitter_ns as i64;
        if params.in_order {
            departure = departure.max(self.last_departure_ns.saturating_add(1));
        }
        self.last_departure_ns = self.last_departure_ns.max(departure);
        if beyond {
            departure += (params.wan_delay_us * 1000) as i64;
            let draw = draw.map_or(0, |draw| mix(draw ^ BEYOND));
            departure += below(mix(draw), params.wan_jitter_us * 1000) as i64;
            if params.in_order {
                departure = departure.max(self.last_beyond_ns.saturating_add(1));
            }
            self.last_beyond_ns = self.last_beyond_ns.max(departure);
        }
        Fate::DepartAt(departure)
    }

    /// Depends on the seed, the flow's protocol and addresses, and the packet's number in its flow.
    fn draw(&mut self, flow: Flow) -> u64 {
        let mut state = mix(self.seed ^ u64::from(flow.protocol));
        for chunk in flow.addresses.chunks(8) {
            let word = chunk.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
            state = mix(state ^ word);
        }
        let room = self.counters.len() < MAX_FLOWS;
        let counter = match self.counters.get_mut(&flow) {
            Some(counter) => counter,
            None if room => self.counters.entry(flow).or_default(),
            None => &mut self.shared_counter,
        };
        *counter += 1;
        mix(state ^ *counter)
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// OOPSLA 2014): a bijection that looks random.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A uniform number below `limit` from a uniform 64-bit one (0 when `limit` is 0).
fn below(draw: u64, limit: u64) -> u64 {
    ((u128::from(draw) * u128::from(limit)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(ports: u32) -> Flow {
        Flow {
            protocol: 17,
            addresses: vec![10, 0, 0, 1, 10, 0, 0, 2],
            ports,
        }
    }

    fn fates(seed: u64, ports: u32, params: &LinkParams) -> Vec<Fate> {
        let mut model = Model::new(seed);
        (0..2000)
            .map(|i| model.admit(params, Some(flow(ports)), 100, i * 100_000_000))
            .collect()
    }

    fn params(text: &str) -> LinkParams {
        LinkParams::default().changed(text).unwrap()
    }

    #[test]
    fn equal_seeds_give_equal_fates_whatever_the_ports() {
        let p = params("delay_us=1000 jitter_us=20000 loss_ppm=100000");
        assert_eq!(fates(7, 1, &p), fates(7, 2, &p));
        assert_ne!(fates(7, 1, &p), fates(8, 1, &p));
    }

    #[test]
    fn packets_without_a_flow_do_not_shift_the_draws() {
        let p = params("jitter_us=20000");
        let mut plain = Model::new(3);
        let mut noisy = Model::new(3);
        for i in 0..100 {
            let at = i * 1_000_000_000;
            noisy.admit(&p, None, 42, at - 500_000_000);
            assert_eq!(
                plain.admit(&p, Some(flow(1)), 9, at),
                noisy.admit(&p, Some(flow(1)), 9, at)
            );
        }
    }

    #[test]
    fn jitter_is_uniform_and_bounded() {
        let p = params("delay_us=5000 jitter_us=20000");
        let extra: Vec<i64> = fates(1, 1, &p)
            .iter()
            .enumerate()
            .map(|(i, fate)| match fate {
                Fate::DepartAt(at) => at - i as i64 * 100_000_000 - 5_000_000,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(extra.iter().all(|e| (0..20_000_000).contains(e)));
        let mean = extra.iter().sum::<i64>() / extra.len() as i64;
        assert!((9_500_000..10_500_000).contains(&mean), "{mean}");
    }

    #[test]
    fn loss_takes_its_share_and_only_of_numbered_packets() {
        let p = params("loss_ppm=200000");
        let lost = fates(1, 1, &p)
            .iter()
            .filter(|fate| **fate == Fate::Lost)
            .count();
        assert!((340..460).contains(&lost), "{lost} of 2000 at 20 %");
        let all = params("loss_ppm=1000000");
        assert_eq!(Model::new(1).admit(&all, Some(flow(1)), 9, 0), Fate::Lost);
        assert_eq!(Model::new(1).admit(&all, None, 9, 0), Fate::DepartAt(0));
    }

    #[test]
    fn the_black_hole_swallows_everything() {
        let p = params("blackhole=1");
        assert_eq!(
            Model::new(1).admit(&p, Some(flow(1)), 9, 0),
            Fate::Swallowed
        );
        assert_eq!(Model::new(1).admit(&p, None, 9, 0), Fate::Swallowed);
    }

    #[test]
    fn packets_keep_their_order_unless_told_otherwise() {
        for (in_order, text) in [
            (true, "jitter_us=50000"),
            (false, "jitter_us=50000 in_order=0"),
        ] {
            let mut model = Model::new(5);
            let departures: Vec<Fate> = (0..100)
                .map(|i| model.admit(&params(text), Some(flow(1)), 9, i * 1_000_000))
                .collect();
            let sorted = departures.windows(2).all(|pair| match pair {
                [Fate::DepartAt(a), Fate::DepartAt(b)] => a < b,
                _ => false,
            });
            assert_eq!(sorted, in_order);
        }
    }

    #[test]
    fn what_lies_beyond_the_router_holds_up_only_what_goes_there() {
        let to = |last: [u8; 4]| Flow {
            protocol: 1,
            addresses: [[10, 1, 0, 2], last].concat(),
            ports: 0,
        };
        let p = params("delay_us=1000 wan_delay_us=5000 wan_jitter_us=40000");
        let mut model = Model::new(3);
        let mut beyond = Vec::new();
        for i in 0..200 {
            let at = i * 1_000_000;
            let Fate::DepartAt(far) = model.admit(&p, Some(to([203, 0, 113, 1])), 98, at) else {
                panic!()
            };
            beyond.push(far - at);
            let near = model.admit(&p, Some(to([10, 1, 0, 1])), 98, at);
            assert_eq!(near, Fate::DepartAt(at + 1_000_000 + 1));
        }
        assert!(beyond.iter().all(|delay| *delay >= 6_000_000));
        assert!(beyond.iter().any(|delay| *delay >= 30_000_000));
    }

    #[test]
    fn a_rate_limit_spaces_packets_and_its_queue_overflows() {
        // 1000 bytes at 8 Mbit/s take 1 ms.
        let p = params("rate_kbit=8000 queue_us=2000");
        let mut model = Model::new(1);
        let fates: Vec<Fate> = (0..5)
            .map(|_| model.admit(&p, Some(flow(1)), 1000, 0))
            .collect();
        let ms = |n: i64| Fate::DepartAt(n * 1_000_000);
        assert_eq!(fates, [ms(1), ms(2), ms(3), Fate::Overflow, Fate::Overflow]);
    }

    #[test]
    fn the_table_of_flows_is_bounded() {
        let mut model = Model::new(1);
        for ports in 0..2 * MAX_FLOWS as u32 {
            model.admit(&LinkParams::default(), Some(flow(ports)), 9, 0);
        }
        assert_eq!(model.counters.len(), MAX_FLOWS);
    }
}
