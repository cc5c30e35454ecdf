//! Whose value is it? The decision behind every restore, as a pure function.

/// Whose value is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// The captured original: nothing of ours is left.
    Original,
    /// One that we may have written.
    Ours,
    /// Neither: somebody else's, to be left alone.
    Foreign,
}

/// Whose value `current` is, given the original and the values that we may have written.
pub(super) fn claim<T: PartialEq>(current: &T, original: &T, ours: &[T]) -> Claim {
    if current == original {
        Claim::Original
    } else if ours.contains(current) {
        Claim::Ours
    } else {
        Claim::Foreign
    }
}
