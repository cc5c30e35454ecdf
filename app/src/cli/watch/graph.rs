//! The graph of one uplink as rows of characters: a bar per slice of time as high as its worst RTT,
//! and a mark where a probe was lost. Not colours, not the figures beside it.

use super::model::Sample;

/// What a terminal can draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Block elements: eight steps in each cell.
    Blocks,
    /// For terminals that are not UTF-8.
    Ascii,
}

impl Charset {
    /// The charset for a locale such as `ko_KR.UTF-8`.
    pub fn of_locale(locale: &str) -> Self {
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Self::Blocks
        } else {
            Self::Ascii
        }
    }

    /// From nothing to a full cell.
    fn steps(self) -> &'static [char] {
        match self {
            Self::Blocks => &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &[' ', '.', ':', '|'],
        }
    }

    /// A lost probe.
    pub fn lost(self) -> char {
        match self {
            Self::Blocks => '×',
            Self::Ascii => 'X',
        }
    }
}

/// What happened in one slice of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slice {
    /// The longest RTT, if a probe was answered.
    pub worst_ns: Option<u64>,
    /// True when a probe was lost.
    pub lost: bool,
}

/// The samples of the last `span_ns` in `count` slices, the newest last. Slices lie fast in time, so
/// that a bar keeps its height while it moves to the left.
pub fn slices<'a>(
    samples: impl IntoIterator<Item = &'a Sample>,
    now_ns: u64,
    span_ns: u64,
    count: usize,
) -> Vec<Slice> {
    let mut slices = vec![Slice::default(); count];
    let slice_ns = (span_ns / (count as u64).max(1)).max(1);
    let newest = now_ns / slice_ns;
    for (at_ns, rtt_ns) in samples {
        let age = newest.checked_sub(at_ns / slice_ns);
        let index = age.and_then(|age| (count as u64).checked_sub(age + 1));
        let Some(slice) = index.and_then(|index| slices.get_mut(index as usize)) else {
            continue;
        };
        match rtt_ns {
            Some(rtt_ns) => slice.worst_ns = slice.worst_ns.max(Some(*rtt_ns)),
            None => slice.lost = true,
        }
    }
    slices
}

/// A round number of nanoseconds (1, 2 or 5 times a power of ten, 1 ms at least) that is not below
/// `ns`: the top of the graph.
pub fn round_up(ns: u64) -> u64 {
    let mut decade = 1_000_000_u64;
    loop {
        for step in [1, 2, 5] {
            if decade.saturating_mul(step) >= ns {
                return decade.saturating_mul(step);
            }
        }
        decade = decade.saturating_mul(10);
    }
}

/// The graph, `height` rows from the top down, one character per slice. What is higher than `top_ns`
/// is cut off; a lost probe is marked in the top row.
pub fn rows(slices: &[Slice], top_ns: u64, height: usize, charset: Charset) -> Vec<String> {
    let steps = charset.steps();
    let per_cell = steps.len() - 1;
    let most = (height * per_cell) as u64;
    let level = |slice: &Slice| {
        let level =
            |ns: u64| (u128::from(ns) * u128::from(most)).div_ceil(u128::from(top_ns.max(1)));
        // An answer is never invisible, however quick.
        slice
            .worst_ns
            .map_or(0, |ns| level(ns).clamp(1, u128::from(most.max(1))) as usize)
    };
    let cell = |row: usize, slice: &Slice| {
        if row == 0 && slice.lost {
            return charset.lost();
        }
        let below = (height - 1 - row) * per_cell;
        steps[level(slice).saturating_sub(below).min(per_cell)]
    };
    (0..height)
        .map(|row| slices.iter().map(|slice| cell(row, slice)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    fn answered(ms: u64) -> Slice {
        Slice {
            worst_ns: Some(ms * MS),
            lost: false,
        }
    }

    #[test]
    fn bars_are_as_high_as_the_worst_of_their_slice() {
        let samples = [
            (0, Some(1)),
            (9, Some(5)),
            (11, Some(3)),
            (35, None),
            (39, Some(2)),
        ];
        let slices = slices(&samples, 39, 40, 4);
        let worst: Vec<_> = slices.iter().map(|slice| slice.worst_ns).collect();
        assert_eq!(worst, [Some(5), Some(3), None, Some(2)]);
        assert_eq!(
            slices.iter().map(|slice| slice.lost).collect::<Vec<_>>(),
            [false, false, false, true]
        );
    }

    #[test]
    fn the_graph_of_a_ramp_looks_like_a_ramp() {
        let slices: Vec<Slice> = (0..=16).map(answered).collect();
        assert_eq!(
            rows(&slices, 16 * MS, 2, Charset::Blocks),
            ["         ▁▂▃▄▅▆▇█", "▁▁▂▃▄▅▆▇█████████"]
        );
    }

    #[test]
    fn a_loss_is_marked_at_the_top_and_ascii_will_do() {
        let lost = Slice {
            worst_ns: None,
            lost: true,
        };
        assert_eq!(
            rows(
                &[answered(3), lost, Slice::default()],
                3 * MS,
                2,
                Charset::Ascii
            ),
            ["|X ", "|  "]
        );
    }

    #[test]
    fn the_top_is_a_round_number() {
        assert_eq!(round_up(0), MS);
        assert_eq!(round_up(MS + 1), 2 * MS);
        assert_eq!(round_up(23 * MS), 50 * MS);
        assert_eq!(round_up(200 * MS), 200 * MS);
    }

    #[test]
    fn the_locale_decides_about_the_characters() {
        assert_eq!(Charset::of_locale("ko_KR.UTF-8"), Charset::Blocks);
        assert_eq!(Charset::of_locale("C.utf8"), Charset::Blocks);
        assert_eq!(Charset::of_locale("POSIX"), Charset::Ascii);
    }

    proptest! {
        #[test]
        fn any_samples_fit_any_screen(
            samples in prop::collection::vec(any::<Sample>(), 0..50),
            now_ns: u64, span_ns: u64, count in 0_usize..200, height in 0_usize..20, top_ns: u64,
        ) {
            let slices = slices(&samples, now_ns, span_ns, count);
            prop_assert_eq!(slices.len(), count);
            let rows = rows(&slices, top_ns, height, Charset::Blocks);
            prop_assert_eq!(rows.len(), height);
            prop_assert!(rows.iter().all(|row| row.chars().count() == count));
        }

        #[test]
        fn the_top_is_never_below(ns in 0_u64..1_000_000_000_000) {
            prop_assert!(round_up(ns) >= ns);
            prop_assert!(round_up(ns) <= (ns * 5 / 2).max(MS));
        }
    }
}
