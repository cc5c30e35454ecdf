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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::{journal::Contents, sysctl::Knob};

    /// What may happen to a sysctl and its journal. Each is one step after which a kill can come.
    #[derive(Debug, Clone)]
    enum Event {
        /// The intent to write a value goes into the journal.
        Intend(i64),
        /// The value last intended is written.
        Write,
        /// The helper dies and a new one restores.
        KillAndRestore,
        /// Somebody else writes a value that we never would.
        Stranger(i64),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (0..=1024_i64).prop_map(Event::Intend),
            4 => Just(Event::Write),
            2 => Just(Event::KillAndRestore),
            1 => (-9..0_i64).prop_map(Event::Stranger),
        ]
    }

    /// What is in force after a restore.
    fn restored(contents: &mut Contents, current: i64) -> i64 {
        let entry = contents.sysctl(Knob::EmaFactor).cloned();
        contents.forget_sysctl(Knob::EmaFactor);
        match entry {
            Some(e) if claim(&current, &e.original, &e.ours) == Claim::Ours => e.original,
            _ => current,
        }
    }

    proptest! {
        #[test]
        fn wherever_a_kill_comes_the_restore_finds_the_last_value_that_was_not_ours(
            start in 0..=1024_i64, events in prop::collection::vec(event(), 0..40),
        ) {
            let mut contents = Contents::new();
            // The value in force, the last one somebody else put there, and our pending write.
            let (mut current, mut theirs, mut pending) = (start, start, None);
            for event in events {
                match event {
                    Event::Intend(value) => {
                        let entry = contents.sysctl(Knob::EmaFactor);
                        let is_foreign = entry.is_some_and(|e| {
                            claim(&current, &e.original, &e.ours) == Claim::Foreign
                        });
                        if is_foreign {
                            contents.forget_sysctl(Knob::EmaFactor);
                        }
                        contents.intend_sysctl(Knob::EmaFactor, current, value);
                        pending = Some(value);
                    }
                    Event::Write => current = pending.take().unwrap_or(current),
                    Event::Stranger(value) => {
                        // A stranger between our intent and our write is overwritten by it; the
                        // door reads and writes without a pause, so that isn't modelled here.
                        (current, theirs, pending) = (value, value, None);
                    }
                    Event::KillAndRestore => {
                        current = restored(&mut contents, current);
                        pending = None;
                        prop_assert_eq!(current, theirs);
                    }
                }
            }
            prop_assert_eq!(restored(&mut contents, current), theirs);
        }
    }
}
