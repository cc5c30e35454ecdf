//! Numbers and units as each language writes them. The signs between digits stand here, the units
//! stand in the translations.

use fluent_bundle::FluentValue;

use super::{Key, Language, Words};

/// No number of ours has more digits after the point.
const MOST_DECIMALS: usize = 3;

/// The signs inside a number.
struct Signs {
    /// Between units and tenths.
    point: char,
    /// Between thousands.
    group: char,
}

const fn signs(language: Language) -> Signs {
    match language {
        Language::English | Language::Korean => Signs {
            point: '.',
            group: ',',
        },
    }
}

impl Words {
    /// A number with so many decimals (at most three), rounded.
    pub fn number(&self, value: f64, decimals: usize) -> String {
        number(self.language, value, decimals)
    }

    /// Thousandths as a percentage with its sign, with a decimal only where it says something.
    pub fn percent(&self, permille: u32) -> String {
        let decimals = usize::from(!permille.is_multiple_of(10));
        let value = self.number(f64::from(permille) / 10.0, decimals);
        self.tell(Key::UnitPercent, [("value", value.into())])
    }

    /// A time in nanoseconds as milliseconds with the unit: one decimal below ten.
    pub fn milliseconds(&self, ns: u64) -> String {
        let value = self.bare_milliseconds(ns);
        self.tell(Key::UnitMilliseconds, [("value", value.into())])
    }

    /// The same without the unit.
    pub fn bare_milliseconds(&self, ns: u64) -> String {
        let ms = ns as f64 / 1_000_000.0;
        self.number(ms, usize::from(ms < 9.95))
    }
}

/// How numbers inside sentences are written; all else is left to fluent.
pub(super) fn of_value(language: Language, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(found) = value else {
        return None;
    };
    let most = found.options.maximum_fraction_digits;
    let least = found.options.minimum_fraction_digits.unwrap_or(0);
    let needed = (0..MOST_DECIMALS).find(|decimals| {
        let scaled = found.value * 10_f64.powi(*decimals as i32);
        (scaled - scaled.round()).abs() < 1e-6
    });
    let decimals = needed.unwrap_or(MOST_DECIMALS).max(least);
    let decimals = most.map_or(decimals, |most| decimals.min(most));
    Some(number(language, found.value, decimals))
}

fn number(language: Language, value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let signs = signs(language);
    let plain = format!("{:.*}", decimals.min(MOST_DECIMALS), value.abs());
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::new();
    if value < 0.0 && plain.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        text.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(signs.group);
        }
        text.push(digit);
    }
    if !part.is_empty() {
        text.push(signs.point);
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_rounded_and_never_a_negative_nothing() {
        for language in Language::ALL {
            let words = Words::new(language);
            assert_eq!(words.number(1_234_567.25, 1), "1,234,567.2");
            assert_eq!(words.number(999.0, 0), "999");
            assert_eq!(words.number(1_000.0, 0), "1,000");
            assert_eq!(words.number(-1_234.5, 2), "−1,234.50");
            assert_eq!(words.number(-0.04, 1), "0.0");
            assert_eq!(words.number(0.5, 99), "0.500");
            for extreme in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(words.number(extreme, 1), "–");
            }
        }
    }

    #[test]
    fn units_stand_as_each_language_writes_them() {
        let english = Words::new(Language::English);
        assert_eq!(english.percent(1000), "100%");
        assert_eq!(english.percent(3), "0.3%");
        assert_eq!(english.milliseconds(9_940_000), "9.9 ms");
        assert_eq!(english.milliseconds(9_960_000), "10 ms");
        assert_eq!(english.milliseconds(1_234_000_000), "1,234 ms");
        let korean = Words::new(Language::Korean);
        assert_eq!(korean.percent(42), "4.2%");
        assert_eq!(korean.milliseconds(20_000_000), "20 ms");
        let _ = korean.milliseconds(u64::MAX);
    }

    #[test]
    fn numbers_inside_sentences_are_written_the_same_way() {
        for language in Language::ALL {
            let words = Words::new(language);
            let text = words.tell(Key::TuneInForce, [("value", 10_000_u32.into())]);
            assert!(text.ends_with("10,000"), "{text}");
            let text = words.tell(Key::TuneInForce, [("value", 0.25.into())]);
            assert!(text.ends_with("0.25"), "{text}");
        }
    }
}
