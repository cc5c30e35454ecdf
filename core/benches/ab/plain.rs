//! What one does without thinking: measure, change something, measure again, and test as if packets
//! were independent. Both tests are the textbook's, by their normal approximations; with hundreds of
//! packets on either side these are as good as exact.

use evenkeel_core::ab::block::LOST_US;

/// Two-sided 5 % point of the normal distribution.
const CRITICAL: f64 = 1.959_964;

fn late(outcomes: &[Option<u32>]) -> Vec<f64> {
    let late = |one: &Option<u32>| f64::from(one.unwrap_or(LOST_US));
    outcomes.iter().map(late).collect()
}

/// The F test: the logarithm of a variance's estimate has variance `2 / (n - 1)`.
pub fn variances_differ(before: &[Option<u32>], after: &[Option<u32>]) -> bool {
    let [one, other] = [before, after].map(|outcomes| {
        let values = late(outcomes);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (variance.max(1.0).ln(), 2.0 / (n - 1.0))
    });
    ((one.0 - other.0) / (one.1 + other.1).sqrt()).abs() > CRITICAL
}

/// The Mann-Whitney test with the correction for ties.
pub fn ranks_differ(before: &[Option<u32>], after: &[Option<u32>]) -> bool {
    let mut all: Vec<(f64, bool)> = late(before).into_iter().map(|v| (v, true)).collect();
    all.extend(late(after).into_iter().map(|v| (v, false)));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (n1, n2) = (before.len() as f64, after.len() as f64);
    let n = n1 + n2;
    let (mut rank_sum, mut ties, mut below) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let size = group.len() as f64;
        let rank = below + f64::midpoint(size, 1.0);
        rank_sum += rank * group.iter().filter(|(_, is_before)| *is_before).count() as f64;
        ties += size.powi(3) - size;
        below += size;
    }
    let u = rank_sum - n1 * (n1 + 1.0) / 2.0;
    let variance = n1 * n2 / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    variance > 0.0 && ((u - n1 * n2 / 2.0) / variance.sqrt()).abs() > CRITICAL
}
