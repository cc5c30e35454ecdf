//! How many times as large one series' 99th percentile is as another's, with an interval. It
//! describes two recordings; whether one setting is better than another is not told by it: made one
//! after the other, such intervals excluded 1 in 41 of 100 comparisons of equals.

use crate::ab::draw::Draws;

/// Answers that each series needs at least.
pub const ENOUGH: usize = 500;
/// Answers of one stretch that is drawn as a whole, because neighbours resemble each other: 10 s
/// at five a second.
const STRETCH: usize = 50;
/// Stretches of a series at the most; longer series have longer ones.
const MOST_STRETCHES: usize = 200;
/// How often the series are drawn anew.
const DRAWS: usize = 1_000;
/// Draws left out at each end of the interval: 2.5 of 100.
const TAIL: usize = DRAWS / 40;

/// The second series' 99th percentile divided by the first's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Of the series as they are.
    pub value: f64,
    /// 95 of 100 drawn ones are not below this,
    pub low: f64,
    /// nor above this.
    pub high: f64,
}

/// The ratio of the 99th percentiles of `after` and `before`, answers in the order they were sent;
/// `None` with fewer than [`ENOUGH`] of either, or when the first percentile is 0.
///
/// The interval is a bootstrap of whole stretches (Carlstein 1986): each series is cut into
/// stretches of at least 50 answers, as many are drawn with replacement, and the percentiles taken
/// by nearest rank. The same series always give the same interval. Takes a time like sorting does.
pub fn p99_ratio(before: &[u64], after: &[u64]) -> Option<Ratio> {
    let (mut before, mut after) = (Drawn::of(before)?, Drawn::of(after)?);
    let value = ratio(before.whole(), after.whole())?;
    let mut draws = Draws::new(0x5eed);
    let drawn = (0..DRAWS).map(|_| ratio(before.draw(&mut draws), after.draw(&mut draws)));
    let mut drawn: Vec<f64> = drawn.collect::<Option<_>>()?;
    drawn.sort_unstable_by(f64::total_cmp);
    Some(Ratio {
        value,
        low: drawn[TAIL],
        high: drawn[DRAWS - 1 - TAIL],
    })
}

fn ratio(before: u64, after: u64) -> Option<f64> {
    (before > 0).then(|| after as f64 / before as f64)
}

/// A series that can be drawn anew quickly: largest answers first, each with its stretch.
struct Drawn {
    falling: Vec<(u64, u32)>,
    sizes: Vec<u64>,
    times: Vec<u64>,
}

impl Drawn {
    fn of(answers: &[u64]) -> Option<Self> {
        if answers.len() < ENOUGH {
            return None;
        }
        let stretches = (answers.len() / STRETCH).min(MOST_STRETCHES);
        let stretch =
            |place: usize| (place as u64 * stretches as u64 / answers.len() as u64) as u32;
        let mut sizes = vec![0; stretches];
        let mut falling = Vec::with_capacity(answers.len());
        for (place, answer) in answers.iter().enumerate() {
            sizes[stretch(place) as usize] += 1;
            falling.push((*answer, stretch(place)));
        }
        falling.sort_unstable_by(|one, other| other.cmp(one));
        Some(Self {
            falling,
            times: vec![1; sizes.len()],
            sizes,
        })
    }

    fn whole(&mut self) -> u64 {
        self.times.fill(1);
        self.p99()
    }

    fn draw(&mut self, draws: &mut Draws) -> u64 {
        self.times.fill(0);
        for _ in 0..self.times.len() {
            let chosen = draws.next_u64() % self.times.len() as u64;
            self.times[chosen as usize] += 1;
        }
        self.p99()
    }

    /// The largest answer that no more than 1 of 100 are above.
    fn p99(&self) -> u64 {
        let counts = self.sizes.iter().zip(&self.times);
        let above = counts.map(|(size, times)| size * times).sum::<u64>() / 100;
        let mut seen = 0;
        for (answer, stretch) in &self.falling {
            seen += self.times[*stretch as usize];
            if seen > above {
                return *answer;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize, seed: u64, spread: u64) -> Vec<u64> {
        let mut draws = Draws::new(seed);
        (0..count)
            .map(|_| 1_000_000 + draws.next_u64() % spread)
            .collect()
    }

    #[test]
    fn the_interval_holds_the_value_and_is_the_same_every_time() {
        let (one, other) = (noise(2_000, 1, 100_000), noise(3_000, 2, 100_000));
        let found = p99_ratio(&one, &other).unwrap();
        assert!(
            found.low <= found.value && found.value <= found.high,
            "{found:?}"
        );
        assert!(found.low < 1.0 && found.high > 1.0, "{found:?}");
        assert_eq!(p99_ratio(&one, &other), Some(found));
    }

    #[test]
    fn a_tail_twice_as_long_is_told_as_about_twice() {
        let one = noise(2_000, 1, 100_000);
        let twice: Vec<u64> = noise(2_000, 2, 100_000).iter().map(|ns| ns * 2).collect();
        let found = p99_ratio(&one, &twice).unwrap();
        assert!(found.low > 1.9 && found.high < 2.1, "{found:?}");
    }

    #[test]
    fn spikes_in_one_stretch_only_make_the_interval_wide() {
        let calm = noise(1_000, 1, 100);
        let mut burst = noise(1_000, 2, 100);
        burst[500..550].fill(9_000_000);
        let found = p99_ratio(&calm, &burst).unwrap();
        assert!(found.value > 8.0 && found.low < 1.1, "{found:?}");
    }

    #[test]
    fn too_few_answers_and_a_percentile_of_nothing_give_no_ratio() {
        let enough = noise(ENOUGH, 1, 100);
        assert!(p99_ratio(&enough, &enough).is_some());
        assert_eq!(p99_ratio(&enough[1..], &enough), None);
        assert_eq!(p99_ratio(&enough, &[]), None);
        assert_eq!(p99_ratio(&[0; ENOUGH], &enough), None);
    }
}
