//! How much better a choice of uplinks was than none, over a recorded series: the regret of the
//! steering's measure. It judges choices and makes none; the steering never reads it.
//!
//! A flow stays on the path it starts on. What it costs there is
//! `mean of min(|RTT - median|, 250 ms), a lost packet counting 250 ms, + median / 20`, the median
//! being its own. A choice's regret is `(its mean cost - best) / (even - best)`: `best` takes each
//! flow's cheapest path, known only afterwards, `even` is the mean over its paths (plain ECMP, all
//! weights 1). So 0 is perfect, 1 is plain ECMP, and above 1 is worse than not choosing.
//!
//! Nothing is drawn at random: lives and starts are spread evenly, and weights count as
//! probabilities, so the same series always gives the same number.

use crate::stats::{Quantile, quantile};
use crate::trace::Series;

/// A deviation above this counts as this, and so does a lost packet. In microseconds.
const WORST_US: u64 = 250_000;
/// This share of the median counts: a slower path is a little worse, however steady.
const MEDIAN_SHARE: f64 = 0.05;
/// Lives of flows where a series doesn't say: 10 s to 30 min.
const USUAL_LIFE_S: (u32, u32) = (10, 1800);
/// How far each life's starts are shifted against the last one's, in steps between starts: the
/// golden ratio's fraction never falls into step.
const SHIFT: f64 = 0.618_033_988_749_895;

/// How many flows are laid over a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Different lives, evenly spread over the logarithm between the series' shortest and longest.
    pub lives: u32,
    /// Starts for each life, evenly spread over the series.
    pub starts: u32,
}

impl Default for Grid {
    /// 40 lives of 100 starts.
    fn default() -> Self {
        Self {
            lives: 40,
            starts: 100,
        }
    }
}

/// Where a flow lies in its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Its first row.
    pub first_row: usize,
    /// How many rows it lives, at least 1.
    pub rows: usize,
}

/// Flows laid over a series, and what each would cost on each path.
#[derive(Debug, Clone, PartialEq)]
pub struct Flows {
    at: Vec<Flow>,
    /// One row of `paths` costs per flow, in microseconds.
    costs_us: Vec<f64>,
    paths: usize,
    best_us: f64,
    even_us: f64,
}

impl Flows {
    /// Lays a grid of flows over a series. A flow that outlives the series is cut at its end, and
    /// left out when what remains is shorter than the shortest life. Lives come from the series
    /// (10 s to 30 min where it doesn't say).
    pub fn over(series: &Series, grid: Grid) -> Self {
        let flows = lay(
            series.row_count(),
            series.step_ms(),
            series.flow_life_s().unwrap_or(USUAL_LIFE_S),
            grid,
        );
        let paths = series.path_count();
        let costs_us: Vec<f64> = flows
            .iter()
            .flat_map(|flow| (0..paths).map(|path| cost_on(series, path, *flow)))
            .collect();
        let count = flows.len().max(1) as f64;
        let sum = |of: fn(&[f64]) -> f64| costs_us.chunks(paths).map(of).sum::<f64>() / count;
        Self {
            best_us: sum(|costs| costs.iter().copied().fold(f64::INFINITY, f64::min)),
            even_us: sum(|costs| costs.iter().sum::<f64>() / costs.len() as f64),
            at: flows,
            costs_us,
            paths,
        }
    }

    /// Number of flows.
    pub fn count(&self) -> usize {
        self.at.len()
    }

    /// Mean cost when each flow takes its cheapest path, in microseconds.
    pub fn best_us(&self) -> f64 {
        self.best_us
    }

    /// Mean cost when each flow takes any path with the same probability, in microseconds.
    pub fn even_us(&self) -> f64 {
        self.even_us
    }

    /// Mean cost when each flow draws its path by the weights `weigh` returns for it, in
    /// microseconds. Weights that are all 0 count as all the same; missing ones as 0.
    pub fn mean_us<W: AsRef<[u16]>>(&self, mut weigh: impl FnMut(Flow) -> W) -> f64 {
        let expected = |(flow, costs): (&Flow, &[f64])| {
            let weights = weigh(*flow);
            let weights = weights.as_ref();
            let total: f64 = weights
                .iter()
                .take(self.paths)
                .copied()
                .map(f64::from)
                .sum();
            if total > 0.0 {
                let shares = weights.iter().map(|weight| f64::from(*weight) / total);
                costs
                    .iter()
                    .zip(shares)
                    .map(|(cost, share)| cost * share)
                    .sum()
            } else {
                costs.iter().sum::<f64>() / costs.len() as f64
            }
        };
        let flows = self.at.iter().zip(self.costs_us.chunks(self.paths));
        flows.map(expected).sum::<f64>() / self.at.len().max(1) as f64
    }

    /// The regret of a choice of weights, or `None` where no choice makes a difference.
    pub fn regret<W: AsRef<[u16]>>(&self, weigh: impl FnMut(Flow) -> W) -> Option<f64> {
        let room = self.even_us - self.best_us;
        (room > 0.0).then(|| (self.mean_us(weigh) - self.best_us) / room)
    }
}

/// What a flow on `path` costs, in microseconds. Rows past the series' end don't count.
pub fn cost_on(series: &Series, path: usize, flow: Flow) -> f64 {
    let rows = flow.first_row..flow.first_row.saturating_add(flow.rows);
    let rtts = rows.map_while(|row| series.row(row)?.get(path).copied());
    cost_us(rtts)
}

/// What a flow costs that met these round-trip times, in microseconds as they are (`None`: lost).
/// One that never got an answer has no median and costs 250 ms; one without packets costs 0.
pub fn cost_us(rtts_us: impl Iterator<Item = Option<u32>>) -> f64 {
    let mut lost = 0_u64;
    let mut answered: Vec<u64> = Vec::new();
    for rtt in rtts_us {
        match rtt {
            Some(us) => answered.push(us.into()),
            None => lost += 1,
        }
    }
    let sent = answered.len() as u64 + lost;
    if sent == 0 {
        return 0.0;
    }
    let median = quantile(&mut answered, Quantile::MEDIAN).unwrap_or(0);
    let deviations: u64 = answered
        .iter()
        .map(|rtt| rtt.abs_diff(median).min(WORST_US))
        .sum();
    (deviations + lost * WORST_US) as f64 / sent as f64 + MEDIAN_SHARE * median as f64
}

fn lay(rows: usize, step_ms: u32, (shortest_s, longest_s): (u32, u32), grid: Grid) -> Vec<Flow> {
    let in_rows = |seconds: f64| (seconds * 1000.0 / f64::from(step_ms)).round() as usize;
    let shortest = f64::from(shortest_s.max(1));
    let span = f64::from(longest_s.max(shortest_s).max(1)) / shortest;
    let at_least = in_rows(shortest).max(1);
    let mut flows = Vec::new();
    for life in 0..grid.lives {
        let share = (f64::from(life) + 0.5) / f64::from(grid.lives);
        let life_rows = in_rows(shortest * span.powf(share)).max(1);
        let shift = (f64::from(life) * SHIFT).fract();
        for start in 0..grid.starts {
            let share = (f64::from(start) + shift) / f64::from(grid.starts);
            let first_row = (share * rows as f64) as usize;
            let flow = Flow {
                first_row,
                rows: life_rows.min(rows.saturating_sub(first_row)),
            };
            if flow.rows >= at_least {
                flows.push(flow);
            }
        }
    }
    flows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-6, "{left} is not {right}");
    }

    fn series(rows: &str) -> Series {
        Series::parse(&format!("# dt_ms=1000 flow_life_s=2,2\n{rows}")).unwrap()
    }

    #[test]
    fn a_flow_costs_its_mean_deviation_plus_a_twentieth_of_its_median() {
        // Median 20 ms; deviations 10, 0 and 20 ms.
        let rtts = [10_000, 20_000, 40_000].map(Some);
        near(cost_us(rtts.into_iter()), 10_000.0 + 1_000.0);
        // Median 15 ms, between the two.
        let rtts = [10_000, 20_000].map(Some);
        near(cost_us(rtts.into_iter()), 5_000.0 + 750.0);
    }

    #[test]
    fn a_lost_packet_costs_a_quarter_second_and_does_not_move_the_median() {
        let rtts = [Some(20_000), None, Some(20_000), Some(20_000)];
        near(cost_us(rtts.into_iter()), 250_000.0 / 4.0 + 1_000.0);
        near(cost_us([None, None].into_iter()), 250_000.0);
    }

    #[test]
    fn a_deviation_counts_a_quarter_second_at_most() {
        let rtts = [Some(20_000), Some(20_000), Some(9_000_000)];
        near(cost_us(rtts.into_iter()), 250_000.0 / 3.0 + 1_000.0);
    }

    #[test]
    fn a_flow_that_met_nothing_costs_nothing() {
        near(cost_us(std::iter::empty()), 0.0);
    }

    /// Two rows a flow, three starts: rows 0-1, 1-2 and 2-3. Path 0 is steady at 20 ms (1000 us
    /// each); path 1 costs 1000, 5000 + 1250 and 1500.
    fn three_flows() -> Flows {
        let series = series("20000 20000\n20000 20000\n20000 30000\n20000 30000\n");
        let grid = Grid {
            lives: 1,
            starts: 4,
        };
        Flows::over(&series, grid)
    }

    #[test]
    fn flows_that_would_be_cut_below_the_shortest_life_are_left_out() {
        let flows = three_flows();
        let expected = [0, 1, 2].map(|first_row| Flow { first_row, rows: 2 });
        assert_eq!(flows.at, expected);
        assert_eq!(flows.count(), 3);
    }

    #[test]
    fn the_ends_of_the_scale_are_the_cheapest_path_and_an_even_draw() {
        let flows = three_flows();
        near(flows.best_us(), 1000.0);
        near(flows.even_us(), (1000.0 + 3625.0 + 1250.0) / 3.0);
        near(flows.regret(|_| [1, 0]).unwrap(), 0.0);
        near(flows.regret(|_| [1, 1]).unwrap(), 1.0);
        near(flows.regret(|_| [0, 1]).unwrap(), 2.0);
        near(flows.regret(|_| [0, 0]).unwrap(), 1.0);
    }

    #[test]
    fn weights_are_probabilities_and_may_differ_from_flow_to_flow() {
        let flows = three_flows();
        near(
            flows.mean_us(|_| [3, 1]),
            1000.0 + (5250.0 + 500.0) / 3.0 / 4.0,
        );
        let only_the_first = |flow: Flow| if flow.first_row == 0 { [0, 1] } else { [1, 0] };
        near(flows.regret(only_the_first).unwrap(), 0.0);
    }

    #[test]
    fn where_no_choice_matters_there_is_no_regret() {
        let flows = Flows::over(&series("20000\n30000\n20000\n"), Grid::default());
        assert!(flows.count() > 0);
        assert_eq!(flows.regret(|_| [1]), None);
        let nothing = Grid {
            lives: 0,
            starts: 0,
        };
        let flows = Flows::over(&series("20000 1\n20000 2\n"), nothing);
        assert_eq!((flows.count(), flows.regret(|_| [1, 1])), (0, None));
    }

    #[test]
    fn lives_are_spread_over_their_logarithm_and_cut_at_the_end() {
        // Shares 1/4 and 3/4 of the way from 1 to 16 s: 2 and 8 s.
        let grid = Grid {
            lives: 2,
            starts: 2,
        };
        let flows = lay(10, 1000, (1, 16), grid);
        let expected = [(0, 2), (5, 2), (3, 7), (8, 2)];
        assert_eq!(
            flows,
            expected.map(|(first_row, rows)| Flow { first_row, rows })
        );
    }
}
