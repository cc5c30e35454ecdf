//! The one error for a number outside its documented range. Not for parse errors.

use std::error::Error;
use std::fmt;

/// A number was outside the range its type allows; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange {
    /// What the number was meant to be, in words ("EMA factor").
    pub what: &'static str,
    /// The number that was refused.
    pub value: i64,
    /// Smallest accepted number.
    pub min: i64,
    /// Largest accepted number.
    pub max: i64,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            value,
            min,
            max,
        } = self;
        write!(
            f,
            "{what} {value} is outside {min}..={max}; nothing was changed"
        )
    }
}

impl Error for OutOfRange {}

/// `value` when it lies in `min..=max`.
///
/// # Errors
/// [`OutOfRange`], naming `what`, otherwise.
pub(crate) fn checked(
    what: &'static str,
    value: i64,
    min: i64,
    max: i64,
) -> Result<i64, OutOfRange> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(OutOfRange {
            what,
            value,
            min,
            max,
        })
    }
}
