//! Where a line of Korean may end: at spaces only. Unicode lets a line end after any syllable, which
//! tears words apart that Korean keeps together.

/// Unicode's word joiner: no line ends beside it, and nothing is drawn for it.
const JOINER: char = '\u{2060}';

/// The same text, whose lines end at spaces only.
pub(super) fn keep_words(text: &str) -> String {
    let mut kept = String::with_capacity(text.len() * 2);
    let mut before: Option<char> = None;
    for c in text.chars() {
        if let Some(before) = before
            && (is_hangul(before) || is_hangul(c))
            && !before.is_whitespace()
            && !c.is_whitespace()
        {
            kept.push(JOINER);
        }
        kept.push(c);
        before = Some(c);
    }
    kept
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_of_a_word_stay_together_and_nothing_else_changes() {
        let kept = keep_words("회선 2개: IPv4는 go on");
        assert_eq!(
            kept,
            "회\u{2060}선 2\u{2060}개\u{2060}: IPv4\u{2060}는 go on"
        );
        assert_eq!(kept.replace(JOINER, ""), "회선 2개: IPv4는 go on");
        assert_eq!(keep_words("go on."), "go on.");
        assert_eq!(keep_words(""), "");
    }
}
