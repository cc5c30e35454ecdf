//! The table everybody asks for: figures of several series side by side, as aligned text, Markdown
//! and HTML, in the user's language. Nothing is measured or judged.

use std::fmt::Write;

use evenkeel_core::ratio::{Ratio, p99_ratio, p99_ratio_of_pairs};
use unicode_width::UnicodeWidthStr;

use super::{Figures, escaped, is_turning, say, tell};
use crate::logs::Series;
use crate::words::{Key, Words};

/// Series side by side at the most; more stand below each other.
const SIDE_BY_SIDE: usize = 5;
/// What stands where nothing is known.
const UNKNOWN: &str = "–";

/// One series in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What the series is called.
    pub name: String,
    /// Its figures; `over` goes with the table's thresholds.
    pub figures: Figures,
}

/// The table. Times are shown in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The series.
    pub columns: Vec<Column>,
    /// What `over` was counted over, in nanoseconds.
    pub thresholds_ns: Vec<u64>,
}

impl Table {
    /// The figures of these series.
    pub fn of<'a>(series: impl IntoIterator<Item = &'a Series>, thresholds_ns: &[u64]) -> Self {
        let column = |series: &Series| Column {
            name: series.name.clone(),
            figures: Figures::of_series(series, thresholds_ns),
        };
        Self {
            columns: series.into_iter().map(column).collect(),
            thresholds_ns: thresholds_ns.to_vec(),
        }
    }

    /// As aligned text, lines ended.
    pub fn text(&self, words: &Words) -> String {
        text(&self.cells(words).for_a_page())
    }

    /// As a Markdown table, lines ended.
    pub fn markdown(&self, words: &Words) -> String {
        markdown(&self.cells(words).for_a_page())
    }

    /// As an HTML table, without styles.
    pub fn html(&self, words: &Words) -> String {
        html(&self.cells(words))
    }

    /// Its texts line by line, the names first, for whoever lays them out otherwise.
    pub fn lines(&self, words: &Words) -> Vec<Vec<String>> {
        let cells = self.cells(words);
        std::iter::once(cells.head).chain(cells.rows).collect()
    }

    fn cells(&self, words: &Words) -> Cells {
        type Of = fn(&Figures) -> Option<u64>;
        let times: [(Key, Of); 7] = [
            (Key::TableMin, |figures| figures.min_ns),
            (Key::TableMean, |figures| figures.mean_ns),
            (Key::TableMedian, |figures| figures.median_ns),
            (Key::TableP95, |figures| figures.p95_ns),
            (Key::TableP99, |figures| figures.p99_ns),
            (Key::TableMax, |figures| figures.max_ns),
            (Key::TableStdev, |figures| figures.stdev_ns),
        ];
        let row = |label: String, cell: &dyn Fn(&Figures) -> String| {
            let cells = self.columns.iter().map(|column| cell(&column.figures));
            std::iter::once(label).chain(cells).collect::<Vec<String>>()
        };
        let decimals = self.decimals();
        let count = |count: u64| words.number(count as f64, 0);
        let mut rows = vec![
            row(say(words, Key::TableSent), &|figures| count(figures.sent)),
            row(say(words, Key::TableLost), &|figures| {
                part(figures.lost, figures.sent, words)
            }),
        ];
        for (key, of) in times {
            rows.push(row(say(words, key), &|figures| {
                let ms = |ns: u64| words.number(ns as f64 / 1e6, decimals);
                of(figures).map_or_else(|| UNKNOWN.to_owned(), ms)
            }));
        }
        for (place, threshold_ns) in self.thresholds_ns.iter().enumerate() {
            let value = threshold(*threshold_ns, words);
            let label = tell(words, Key::TableOver, [("value", value.into())]);
            rows.push(row(label, &|figures| {
                let over = figures.over.get(place).copied().flatten();
                over.map_or_else(
                    || UNKNOWN.to_owned(),
                    |over| part(over, figures.sent, words),
                )
            }));
        }
        let names = self.columns.iter().map(|column| column.name.clone());
        Cells {
            head: std::iter::once(say(words, Key::TableUnit))
                .chain(names)
                .collect(),
            rows,
        }
    }

    /// As many decimals as the fastest series needs, so that a column of times lines up.
    fn decimals(&self) -> usize {
        let usual = self.columns.iter().filter_map(|column| {
            let figures = &column.figures;
            figures.median_ns.or(figures.mean_ns)
        });
        match usual.min().unwrap_or(0) {
            0..10_000_000 => 3,
            10_000_000..100_000_000 => 2,
            _ => 1,
        }
    }
}

/// A threshold in milliseconds without needless zeros, with its unit.
fn threshold(ns: u64, words: &Words) -> String {
    let decimals = (0..3).find(|decimals| ns.is_multiple_of(10_u64.pow(6 - decimals)));
    let value = words.number(ns as f64 / 1e6, decimals.unwrap_or(3) as usize);
    tell(words, Key::UnitMilliseconds, [("value", value.into())])
}

/// A count with its share: `12 (1.2%)`; a share that would round to nothing is told as less.
fn part(count: u64, of: u64, words: &Words) -> String {
    let number = words.number(count as f64, 0);
    if count == 0 || of == 0 {
        return number;
    }
    let permille = (u128::from(count) * 1000 + u128::from(of) / 2) / u128::from(of);
    let share = match permille as u32 {
        0 => format!("<{}", words.percent(1)),
        permille => words.percent(permille),
    };
    format!("{number} ({share})").replace('\u{2060}', "")
}

/// How two series' 99th percentiles compare: pair by pair where both are the arms of a measurement.
pub fn ratio_of(before: &Series, after: &Series) -> Option<Ratio> {
    let both = [before, after];
    if both.iter().all(|one| one.blocks.len() == one.probes.len()) {
        let [a, b] = both.map(|one| {
            let answers = one.blocks.iter().zip(one.outcomes());
            let answers = answers.filter_map(|(block, rtt_ns)| Some((block / 2, rtt_ns?)));
            answers.collect::<Vec<_>>()
        });
        return p99_ratio_of_pairs(&a, &b);
    }
    let [before, after] = both.map(|one| one.outcomes().flatten().collect::<Vec<_>>());
    p99_ratio(&before, &after)
}

/// How two series' 99th percentiles compare: a description, in a sentence.
pub fn ratio_sentence(before: &str, after: &str, ratio: &Ratio, words: &Words) -> String {
    let number = |value: f64| words.number(value, 2).into();
    let values = [
        ("before", before.into()),
        ("after", after.into()),
        ("ratio", number(ratio.value)),
        ("low", number(ratio.low)),
        ("high", number(ratio.high)),
    ];
    tell(words, Key::TableRatio, values)
}

/// Texts in rows; the first column says what a row is.
struct Cells {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Cells {
    /// Turned on its side when it would be too wide.
    fn for_a_page(self) -> Self {
        if self.head.len() <= SIDE_BY_SIDE + 1 {
            return self;
        }
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let names = self.head.iter().enumerate().skip(1);
        let rows = names.map(|(column, name)| {
            let cells = self.rows.iter().map(|row| cell(row, column));
            std::iter::once(name.clone()).chain(cells).collect()
        });
        let rows = rows.collect();
        let labels = self.rows.iter().map(|row| cell(row, 0));
        Self {
            head: self.head.iter().take(1).cloned().chain(labels).collect(),
            rows,
        }
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.head).chain(&self.rows)
    }

    /// The width of each column in cells of a terminal.
    fn widths(&self, shown: impl Fn(&str) -> String) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.lines().filter_map(|line| line.get(column));
            cells.map(|cell| shown(cell).width()).max().unwrap_or(0)
        };
        (0..self.head.len()).map(width).collect()
    }
}

/// The cell with blanks up to a width, before it or after it.
fn padded(cell: &str, width: usize, flush_right: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(cell.width()));
    if flush_right {
        format!("{blanks}{cell}")
    } else {
        format!("{cell}{blanks}")
    }
}

fn text(cells: &Cells) -> String {
    // What would move a terminal's cursor or turn the line around.
    let unsafe_to_show = |c: char| c.is_control() || is_turning(c);
    let shown = |cell: &str| cell.replace(unsafe_to_show, "\u{fffd}");
    let widths = cells.widths(shown);
    let mut out = String::new();
    for line in cells.lines() {
        let line = line.iter().zip(&widths).enumerate();
        let line = line.map(|(column, (cell, width))| padded(&shown(cell), *width, column > 0));
        let line = line.collect::<Vec<_>>().join("  ");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn markdown(cells: &Cells) -> String {
    // What would end a cell or become markup elsewhere.
    let shown = |cell: &str| {
        let mut out = String::new();
        for c in escaped(cell).replace(['\n', '\t'], " ").chars() {
            if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~') {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    let widths: Vec<usize> = cells
        .widths(shown)
        .into_iter()
        .map(|width| width.max(3))
        .collect();
    let mut out = String::new();
    for (number, line) in cells.lines().enumerate() {
        out.push('|');
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(out, " {} |", padded(&shown(cell), *width, column > 0));
        }
        out.push('\n');
        if number == 0 {
            out.push('|');
            for (column, width) in widths.iter().enumerate() {
                let (line, end) = ("-".repeat(*width), if column > 0 { ":" } else { "-" });
                let _ = write!(out, "-{line}{end}|");
            }
            out.push('\n');
        }
    }
    out
}

fn html(cells: &Cells) -> String {
    let mut out = String::from("<table>\n<thead><tr>");
    for cell in &cells.head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &cells.rows {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _ = if column == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(out, "<td>{cell}</td>")
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn table(names: &[&str]) -> Table {
        let outcomes = || (1..=200).map(|n| (n % 50 != 0).then_some(n * 1_000_000));
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            figures: Figures::of(outcomes(), &[100_000_000, 150_500_000]),
        };
        Table {
            columns: names.iter().map(column).collect(),
            thresholds_ns: vec![100_000_000, 150_500_000],
        }
    }

    #[test]
    fn the_text_lines_up_in_both_languages() {
        for language in Language::ALL {
            let words = Words::new(language);
            let text = table(&["a", "회선"]).text(&words);
            let widths: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
            assert_eq!(text.lines().count(), 12, "{text}");
            assert!(
                text.contains("150.5 ms") && text.contains("49 (24.5%)"),
                "{text}"
            );
        }
    }

    #[test]
    fn many_series_stand_below_each_other() {
        let words = Words::new(Language::English);
        let text = table(&["a", "b", "c", "d", "e", "f"]).text(&words);
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(text.lines().nth(6).unwrap().starts_with("f "), "{text}");
        assert_eq!(
            table(&["a", "b", "c", "d", "e"])
                .text(&words)
                .lines()
                .count(),
            12
        );
    }

    #[test]
    fn a_name_cannot_break_the_table() {
        let words = Words::new(Language::English);
        let hostile = table(&["a|b`<b>\u{202e}*"]);
        let markdown = hostile.markdown(&words);
        assert!(
            markdown.contains("a\\|b\\`&lt;b&gt;\u{fffd}\\*"),
            "{markdown}"
        );
        let html = hostile.html(&words);
        assert!(html.contains("a|b`&lt;b&gt;\u{fffd}*"), "{html}");
        assert!(hostile.text(&words).contains("<b>\u{fffd}*"));
    }

    #[test]
    fn small_shares_are_not_rounded_to_nothing() {
        let words = Words::new(Language::English);
        assert_eq!(part(1, 100_000, &words), "1 (<0.1%)");
        assert_eq!(part(0, 100_000, &words), "0");
        assert_eq!(part(3, 1_000, &words), "3 (0.3%)");
        assert_eq!(
            part(u64::MAX, u64::MAX, &words).split(' ').nth(1),
            Some("(100%)")
        );
    }

    #[test]
    fn a_table_of_nothing_is_dashes() {
        let words = Words::new(Language::English);
        let series = [Series::named("silent")];
        let text = Table::of(&series, &[1_000_000]).text(&words);
        assert!(
            text.contains("max") && text.matches(UNKNOWN).count() == 7,
            "{text}"
        );
    }
}
