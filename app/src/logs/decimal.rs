//! Numbers as programs print them, without going through floating point. No units.

/// A plain decimal such as `12.345` times ten to the power of `digits`, further digits cut off.
/// `None` for anything else: signs, exponents, blanks, or what does not fit.
pub fn scaled(text: &str, digits: u32) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digit = |byte: u8| byte.is_ascii_digit();
    if whole.is_empty() || !whole.bytes().all(digit) || !part.bytes().all(digit) {
        return None;
    }
    let mut value: u64 = whole.parse().ok()?;
    let mut part = part.bytes();
    for _ in 0..digits {
        let next = part.next().map_or(0, |byte| u64::from(byte - b'0'));
        value = value.checked_mul(10)?.checked_add(next)?;
    }
    Some(value)
}

/// Milliseconds as nanoseconds, further digits cut off; `None` for what is no plain decimal.
pub fn ms(text: &str) -> Option<u64> {
    scaled(text, 6)
}

/// Seconds as nanoseconds.
pub fn seconds(text: &str) -> Option<u64> {
    scaled(text, 9)
}

/// Milliseconds from a floating-point number, as nanoseconds. `None` below 0, above a century, or
/// for no number.
pub fn ms_of(value: f64) -> Option<u64> {
    (0.0..=3.2e12)
        .contains(&value)
        .then(|| (value * 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_nothing_else_is_taken() {
        assert_eq!(ms("0.031"), Some(31_000));
        assert_eq!(ms("12"), Some(12_000_000));
        assert_eq!(ms("1.23456789"), Some(1_234_567));
        assert_eq!(ms("5."), Some(5_000_000));
        assert_eq!(
            seconds("1700000000.123456"),
            Some(1_700_000_000_123_456_000)
        );
        for no in [
            "",
            ".",
            ".5",
            "-1",
            "+1",
            "1e3",
            " 1",
            "1,5",
            "NaN",
            "99999999999999999999",
        ] {
            assert_eq!(ms(no), None, "{no}");
        }
        assert_eq!(ms("18446744073709"), Some(18_446_744_073_709_000_000));
        assert_eq!(ms("18446744073710"), None);
    }

    #[test]
    fn floating_point_is_taken_where_it_is_a_time() {
        assert_eq!(ms_of(0.031_25), Some(31_250));
        for no in [-0.1, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(ms_of(no), None);
        }
    }
}
