//! What every command writes with: text made safe for a terminal, milliseconds people can compare,
//! JSON. Not the layout of any one command.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use super::exit::{Exit, Failure};

/// `text` with every character that could move the cursor, change colours or reorder the line
/// written out as an escape. The helper cleans names already; a terminal deserves the second look.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Control characters, line and paragraph separators, and what changes the direction of writing.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Nanoseconds as milliseconds with three digits that matter: `0.42`, `20.1`, `512`. Without unit.
pub fn millis(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    // The limits are where rounding would add a digit.
    if ms < 9.995 {
        format!("{ms:.2}")
    } else if ms < 99.95 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

/// [`millis`] with its unit, or a dash when there is nothing to say.
pub fn millis_or_dash(ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".to_owned(), |ns| format!("{} ms", millis(ns)))
}

/// Thousandths as percent: `99.6 %`.
pub fn percent(permille: u32) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// A report as JSON for people and scripts alike: indented, without a line end.
///
/// # Errors
/// When it has no form in JSON, which no report of ours is without.
pub fn json(report: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(report).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the answer cannot be written as JSON: {error}"),
        )
    })
}

/// The same in one line.
///
/// # Errors
/// Likewise.
pub fn json_line(report: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(report).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the answer cannot be written as JSON: {error}"),
        )
    })
}

/// Rows of text in columns two blanks apart, as wide as their widest cell; the columns named in
/// `right` are set flush right. No blanks at the end of a line.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            // Writing to a String cannot fail.
            let _ = if right.contains(&column) {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn milliseconds_keep_three_digits() {
        for (ns, text) in [
            (0, "0.00"),
            (420_000, "0.42"),
            (9_994_000, "9.99"),
            (9_999_999, "10.0"),
            (20_149_000, "20.1"),
            (99_960_000, "100"),
            (512_300_000, "512"),
        ] {
            assert_eq!(millis(ns), text);
        }
        assert_eq!(millis_or_dash(None), "-");
        assert_eq!(percent(996), "99.6 %");
        assert_eq!(percent(4), "0.4 %");
    }

    #[test]
    fn a_table_lines_up_and_has_no_trailing_blanks() {
        let rows = [
            vec!["a".into(), "10".into()],
            vec!["long".into(), "7".into(), String::new()],
        ];
        assert_eq!(table(&rows, &[1]), "a     10\nlong   7\n");
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(escaped("eth0"), "eth0");
        assert_eq!(escaped("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(escaped("한글"), "한글");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_survives_and_safe_text_is_left_alone(text in any::<String>()) {
            let safe = escaped(&text);
            prop_assert!(!safe.chars().any(is_unsafe));
            if !text.chars().any(is_unsafe) {
                prop_assert_eq!(safe, text.as_str());
            }
        }

        #[test]
        fn milliseconds_are_never_wider_than_needed(ns in 0_u64..100_000_000_000) {
            prop_assert!(millis(ns).len() <= 6);
        }
    }
}
