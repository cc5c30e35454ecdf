//! Values the user is choosing but the helper has not confirmed: shown at once, sent when the hand
//! rests, dropped when the helper says what is in force; and the last of them, to be undone. Pure:
//! the waiting is done elsewhere.

use std::collections::VecDeque;
use std::time::Duration;

/// A value is sent when it has not changed for this long.
pub const REST: Duration = Duration::from_millis(150);
/// Changes that can be undone.
pub const MAX_STEPS: usize = 20;

/// Something with a value to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The sensitivity.
    Ema,
    /// The kernel's power cost weight.
    Power,
    /// The cost of the uplink with this ifindex.
    Cost(u32),
}

/// Names one change of one control; a later change makes it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// What was changed.
    pub control: Control,
    number: u64,
}

/// How far a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The hand may still move.
    Choosing,
    /// The helper was asked.
    Sent,
    /// The helper agreed, and has not yet said what is in force.
    Accepted,
}

#[derive(Debug, Clone, Copy)]
struct Draft {
    control: Control,
    value: u32,
    /// What stood before, and stands again if the helper refuses.
    from: u32,
    /// True when it takes a change back.
    undoes: bool,
    number: u64,
    stage: Stage,
}

/// A change that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    control: Control,
    from: u32,
    to: u32,
}

/// The values under way, at most one for each control, and the changes that can be undone.
#[derive(Debug, Default)]
pub struct Drafts {
    under_way: Vec<Draft>,
    steps: VecDeque<Step>,
    last: u64,
}

impl Drafts {
    /// The user chose a value where `standing` is in force. The ticket is to be presented to
    /// [`Drafts::rested`] after [`REST`].
    pub fn choose(&mut self, control: Control, value: u32, standing: u32) -> Ticket {
        self.draft(control, value, standing, false)
    }

    /// Takes the last change back: one that was not sent is dropped, of one that was the old value
    /// is chosen. `standing` says what is in force.
    pub fn undo(&mut self, standing: impl Fn(Control) -> Option<u32>) -> Option<Ticket> {
        let unsent = |d: &Draft| d.stage == Stage::Choosing && !d.undoes;
        if let Some(index) = self.under_way.iter().rposition(unsent) {
            let _ = self.under_way.remove(index);
            return None;
        }
        let step = self.steps.pop_back()?;
        let standing = standing(step.control).unwrap_or(step.to);
        Some(self.draft(step.control, step.from, standing, true))
    }

    /// What [`Drafts::undo`] would bring back.
    pub fn undoable(&self) -> Option<(Control, u32)> {
        let unsent = |d: &&Draft| d.stage == Stage::Choosing && !d.undoes;
        let unsent = self.under_way.iter().rfind(unsent);
        let unsent = unsent.map(|draft| (draft.control, draft.from));
        unsent.or_else(|| self.steps.back().map(|step| (step.control, step.from)))
    }

    fn draft(&mut self, control: Control, value: u32, standing: u32, undoes: bool) -> Ticket {
        self.last += 1;
        let known = self.under_way.iter().find(|draft| draft.control == control);
        let from = known.map_or(standing, |known| match known.stage {
            Stage::Choosing => known.from,
            Stage::Sent | Stage::Accepted => known.value,
        });
        self.under_way.retain(|draft| draft.control != control);
        self.under_way.push(Draft {
            control,
            value,
            from,
            undoes,
            number: self.last,
            stage: Stage::Choosing,
        });
        Ticket {
            control,
            number: self.last,
        }
    }

    /// The value to send now, or `None` when it changed again since the ticket was written.
    pub fn rested(&mut self, ticket: Ticket) -> Option<u32> {
        let Ticket { control, number } = ticket;
        let named = |d: &&mut Draft| d.control == control && d.number == number;
        let draft = self.under_way.iter_mut().find(named)?;
        if draft.stage != Stage::Choosing {
            return None;
        }
        draft.stage = Stage::Sent;
        let Draft { value, from, .. } = *draft;
        if !draft.undoes && from != value {
            self.remember(Step {
                control,
                from,
                to: value,
            });
        }
        Some(value)
    }

    fn remember(&mut self, step: Step) {
        if self.steps.len() == MAX_STEPS {
            let _ = self.steps.pop_front();
        }
        self.steps.push_back(step);
    }

    /// The helper accepted the value: it shows until the helper's state is heard.
    pub fn accepted(&mut self, control: Control, value: u32) {
        let sent = |d: &&mut Draft| is_sent(d, control, value);
        if let Some(draft) = self.under_way.iter_mut().find(sent) {
            draft.stage = Stage::Accepted;
        }
    }

    /// The helper refused the value: what is in force shows again, except over a newer choice.
    pub fn refused(&mut self, control: Control, value: u32) {
        let draft = self.under_way.iter().find(|d| is_sent(d, control, value));
        if let Some(draft) = draft.copied() {
            self.under_way.retain(|d| d.control != control);
            if draft.undoes {
                self.remember(Step {
                    control,
                    from: value,
                    to: draft.from,
                });
                return;
            }
        }
        let made = |step: &Step| step.control == control && step.to == value;
        let step = self.steps.iter().rposition(made);
        if let Some(step) = step.and_then(|index| self.steps.remove(index)) {
            let newer = self.under_way.iter_mut().filter(|d| d.control == control);
            for draft in newer.filter(|draft| draft.from == value) {
                draft.from = step.from;
            }
        }
    }

    /// The helper said what is in force.
    pub fn heard(&mut self, in_force: impl Fn(Control) -> Option<u32>) {
        self.under_way.retain(|draft| match draft.stage {
            Stage::Choosing => true,
            Stage::Sent => in_force(draft.control) != Some(draft.value),
            Stage::Accepted => false,
        });
    }

    /// Nothing is under way any more, and nothing can be undone.
    pub fn clear(&mut self) {
        self.under_way.clear();
        self.steps.clear();
    }

    /// The value under way.
    pub fn value(&self, control: Control) -> Option<u32> {
        let draft = self
            .under_way
            .iter()
            .find(|draft| draft.control == control)?;
        Some(draft.value)
    }

    /// How far the value under way is.
    pub fn stage(&self, control: Control) -> Option<Stage> {
        let draft = self
            .under_way
            .iter()
            .find(|draft| draft.control == control)?;
        Some(draft.stage)
    }
}

fn is_sent(draft: &Draft, control: Control, value: u32) -> bool {
    draft.control == control && draft.value == value && draft.stage == Stage::Sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sent and agreed to.
    fn set(drafts: &mut Drafts, control: Control, value: u32, standing: u32) {
        let ticket = drafts.choose(control, value, standing);
        assert_eq!(drafts.rested(ticket), Some(value));
        drafts.accepted(control, value);
        drafts.heard(|_| Some(value));
    }

    /// What an undo sends, agreed to.
    fn undo(drafts: &mut Drafts, standing: u32) -> Option<(Control, u32)> {
        let ticket = drafts.undo(|_| Some(standing))?;
        let value = drafts.rested(ticket).unwrap();
        drafts.accepted(ticket.control, value);
        drafts.heard(|_| Some(value));
        Some((ticket.control, value))
    }

    #[test]
    fn only_the_last_of_many_changes_is_sent_and_only_once() {
        let mut drafts = Drafts::default();
        let first = drafts.choose(Control::Ema, 100, 512);
        let last = drafts.choose(Control::Ema, 101, 512);
        assert_eq!(drafts.rested(first), None);
        assert_eq!(drafts.rested(last), Some(101));
        assert_eq!(drafts.rested(last), None);
    }

    #[test]
    fn controls_do_not_disturb_each_other() {
        let mut drafts = Drafts::default();
        let ema = drafts.choose(Control::Ema, 100, 512);
        let cost = drafts.choose(Control::Cost(3), 150, 100);
        assert_eq!(drafts.rested(ema), Some(100));
        assert_eq!(drafts.rested(cost), Some(150));
    }

    #[test]
    fn the_chosen_value_shows_until_the_helper_has_spoken() {
        let mut drafts = Drafts::default();
        let ticket = drafts.choose(Control::Ema, 100, 512);
        drafts.heard(|_| Some(512));
        assert_eq!(drafts.value(Control::Ema), Some(100));
        let _ = drafts.rested(ticket);
        drafts.heard(|_| Some(512));
        assert_eq!(drafts.stage(Control::Ema), Some(Stage::Sent));
        drafts.accepted(Control::Ema, 100);
        drafts.heard(|_| Some(100));
        assert_eq!(drafts.value(Control::Ema), None);
    }

    #[test]
    fn a_refusal_shows_what_is_in_force_but_not_over_a_newer_choice() {
        let mut drafts = Drafts::default();
        let ticket = drafts.choose(Control::Ema, 100, 512);
        let _ = drafts.rested(ticket);
        drafts.refused(Control::Ema, 100);
        assert_eq!(drafts.value(Control::Ema), None);
        assert_eq!(drafts.undoable(), None);
        let _ = drafts.choose(Control::Ema, 200, 512);
        drafts.refused(Control::Ema, 100);
        assert_eq!(drafts.value(Control::Ema), Some(200));
    }

    #[test]
    fn changes_are_undone_one_by_one_whatever_they_changed() {
        let mut drafts = Drafts::default();
        set(&mut drafts, Control::Ema, 300, 512);
        set(&mut drafts, Control::Cost(3), 150, 100);
        // A reset is a change like any other.
        set(&mut drafts, Control::Ema, 512, 300);
        assert_eq!(drafts.undoable(), Some((Control::Ema, 300)));
        assert_eq!(undo(&mut drafts, 512), Some((Control::Ema, 300)));
        assert_eq!(undo(&mut drafts, 150), Some((Control::Cost(3), 100)));
        assert_eq!(undo(&mut drafts, 300), Some((Control::Ema, 512)));
        assert_eq!(undo(&mut drafts, 512), None);
        assert_eq!(drafts.undoable(), None);
    }

    #[test]
    fn quick_undos_send_the_oldest_value_only_and_a_refusal_brings_them_back() {
        let mut drafts = Drafts::default();
        set(&mut drafts, Control::Ema, 300, 512);
        set(&mut drafts, Control::Ema, 700, 300);
        let first = drafts.undo(|_| Some(700)).unwrap();
        let second = drafts.undo(|_| Some(700)).unwrap();
        assert_eq!(drafts.rested(first), None);
        assert_eq!(drafts.rested(second), Some(512));
        drafts.refused(Control::Ema, 512);
        assert_eq!(drafts.value(Control::Ema), None);
        assert_eq!(drafts.undoable(), Some((Control::Ema, 512)));
    }

    #[test]
    fn an_undo_before_the_hand_rests_sends_nothing() {
        let mut drafts = Drafts::default();
        set(&mut drafts, Control::Ema, 300, 512);
        let ticket = drafts.choose(Control::Ema, 900, 300);
        assert_eq!(drafts.undoable(), Some((Control::Ema, 300)));
        assert_eq!(drafts.undo(|_| Some(300)), None);
        assert_eq!(drafts.rested(ticket), None);
        assert_eq!(drafts.undoable(), Some((Control::Ema, 512)));
    }

    #[test]
    fn a_refusal_that_comes_late_leaves_no_value_behind_that_never_was() {
        let mut drafts = Drafts::default();
        let refused = drafts.choose(Control::Ema, 900, 512);
        let _ = drafts.rested(refused);
        let newer = drafts.choose(Control::Ema, 100, 512);
        drafts.refused(Control::Ema, 900);
        assert_eq!(drafts.rested(newer), Some(100));
        assert_eq!(drafts.undoable(), Some((Control::Ema, 512)));
    }

    proptest! {
        #[test]
        fn as_many_undos_as_were_kept_lead_back(values in prop::collection::vec(0_u32..1025, 1..60)) {
            let mut drafts = Drafts::default();
            let mut stood = vec![512];
            for value in values {
                set(&mut drafts, Control::Ema, value, stood[stood.len() - 1]);
                if stood[stood.len() - 1] != value {
                    stood.push(value);
                }
            }
            let mut undone = 0;
            while let Some((_, value)) = undo(&mut drafts, stood[stood.len() - 1]) {
                let _ = stood.pop();
                prop_assert_eq!(value, stood[stood.len() - 1]);
                undone += 1;
            }
            prop_assert!(undone <= MAX_STEPS);
            prop_assert!(undone == MAX_STEPS || stood == [512]);
        }
    }
}
