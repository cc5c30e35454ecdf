//! Thins what was measured or computed to the columns of a picture. No pixels yet.

use evenkeel_core::stats::{Quantile, quantile};

/// Columns of a picture: about a pixel each on a large window.
const COLUMNS: u64 = 720;
/// The heights of a picture, in microseconds.
const TOPS_US: [u32; 12] = [
    2_000, 4_000, 8_000, 12_000, 20_000, 40_000, 60_000, 100_000, 200_000, 400_000, 1_000_000,
    2_000_000,
];

/// The extremes in one column of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// When the column ends.
    pub at_ns: u64,
    /// The smallest value in it, in microseconds.
    pub min_us: u32,
    /// The largest one.
    pub max_us: u32,
    /// True when the line must not be joined to the column before it.
    pub after_gap: bool,
}

/// Which columns there are.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    from_ns: u64,
    column_ns: u64,
}

impl Grid {
    /// For a picture of `span_ns` that ends at `to_ns`.
    pub fn new(to_ns: u64, span_ns: u64) -> Self {
        Self {
            from_ns: to_ns.saturating_sub(span_ns),
            column_ns: (span_ns / COLUMNS).max(1),
        }
    }

    /// The columns that have values; `values` are times and values in nanoseconds, oldest first.
    pub fn columns(self, values: impl IntoIterator<Item = (u64, u64)>) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        let mut before_ns: Option<u64> = None;
        for (at_ns, value_ns) in values {
            let Some(since_ns) = at_ns.checked_sub(self.from_ns) else {
                continue;
            };
            let end_ns = self
                .column_ns
                .saturating_mul(since_ns / self.column_ns + 1)
                .saturating_add(self.from_ns);
            let value_us = u32::try_from(value_ns / 1000).unwrap_or(u32::MAX);
            let pause_ns = evenkeel_core::preview::PAUSE_NS;
            let after_gap = before_ns.is_none_or(|before| at_ns.saturating_sub(before) > pause_ns);
            before_ns = Some(at_ns);
            match columns.last_mut() {
                Some(last) if last.at_ns == end_ns => {
                    last.min_us = last.min_us.min(value_us);
                    last.max_us = last.max_us.max(value_us);
                }
                _ => columns.push(Column {
                    at_ns: end_ns,
                    min_us: value_us,
                    max_us: value_us,
                    after_gap,
                }),
            }
        }
        columns
    }
}

/// A height for what was measured, so that a few spikes don't press everything else flat.
pub fn telling(measured: &[Vec<Column>]) -> u32 {
    let all = measured.iter().flatten();
    let mut tops: Vec<u64> = all.map(|column| u64::from(column.max_us)).collect();
    let wanted = quantile(&mut tops, Quantile::P95).unwrap_or(0);
    let fitting = TOPS_US.iter().find(|top| u64::from(**top) > wanted);
    fitting.copied().unwrap_or(TOPS_US[TOPS_US.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    #[test]
    fn no_extreme_is_lost_and_the_columns_are_bounded() {
        let grid = Grid::new(1800 * SECOND_NS, 1800 * SECOND_NS);
        let values = (0..9000).map(|n| {
            (
                n * SECOND_NS / 5,
                if n == 4321 { 900 } else { 20 } * 1_000_000,
            )
        });
        let columns = grid.columns(values);
        assert!(columns.len() as u64 <= COLUMNS + 1);
        assert_eq!(columns.iter().map(|c| c.max_us).max(), Some(900_000));
        assert!(columns[1..].iter().all(|column| !column.after_gap));
    }

    #[test]
    fn what_is_older_than_the_picture_is_left_out_and_a_pause_is_a_gap() {
        let grid = Grid::new(100 * SECOND_NS, 60 * SECOND_NS);
        let seconds = [10, 39, 50, 51, 70];
        let columns = grid.columns(seconds.map(|second| (second * SECOND_NS, 1_000_000)));
        let gaps: Vec<bool> = columns.iter().map(|column| column.after_gap).collect();
        assert_eq!(gaps, [true, false, true]);
    }

    #[test]
    fn the_height_leaves_rare_spikes_out_and_nothing_is_too_high() {
        let columns = |values: Vec<u64>| {
            let values = (0..)
                .zip(values)
                .map(|(n, ms)| (n * SECOND_NS, ms * 1_000_000));
            vec![Grid::new(720 * SECOND_NS, 720 * SECOND_NS).columns(values)]
        };
        assert_eq!(telling(&[]), 2_000);
        let mut spiky = vec![5; 500];
        spiky[9] = 500;
        assert_eq!(telling(&columns(spiky)), 8_000);
        assert_eq!(telling(&columns(vec![u64::MAX / 1_000_000; 9])), 2_000_000);
    }
}
