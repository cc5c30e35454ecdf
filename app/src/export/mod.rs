//! Recordings for other eyes: the table of figures as text, Markdown and HTML, graphs as SVG and PNG,
//! the samples as CSV and JSON, and a report in one page. All of it is pure: values in, text or bytes
//! out. Opening files and measuring are the command line's and the window's business.

pub mod figures;
pub mod graph;
pub mod picture;
mod png;
pub mod privacy;
pub mod report;
pub mod samples;
mod style;
mod svg;
pub mod table;

pub use figures::{Figures, thresholds_for};
pub use graph::{Curve, Kind, Look};
pub use picture::Picture;
pub use table::{Column, Table};

use crate::words::{Key, Value, Words};

/// A sentence for files and terminals, where lines break as the reader's program likes: without the
/// marks that hold Korean words together in the window.
fn tell<const N: usize>(words: &Words, key: Key, values: [(&'static str, Value<'_>); N]) -> String {
    words.tell(key, values).replace('\u{2060}', "")
}

/// The same without values.
fn say(words: &Words, key: Key) -> String {
    tell(words, key, [])
}

/// Text inside of XML and HTML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML knows no other control characters, and these turn text around.
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_turning(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Characters that change the direction of the text around them, or end a line of it.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_can_become_markup() {
        let hostile = "<script>&\"'\u{1b}\u{202e}";
        assert_eq!(
            escaped(hostile),
            "&lt;script&gt;&amp;&quot;&#39;\u{fffd}\u{fffd}"
        );
        assert_eq!(escaped("한글 a"), "한글 a");
    }
}
