//! Values the user is choosing but the helper has not confirmed: shown at once, sent when the hand
//! rests, dropped when the helper says what is in force. Pure: the waiting is done elsewhere.

use std::time::Duration;

/// A value is sent when it has not changed for this long.
pub const REST: Duration = Duration::from_millis(150);

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Choosing,
    Sent,
    Accepted,
}

#[derive(Debug, Clone, Copy)]
struct Draft {
    control: Control,
    value: u32,
    number: u64,
    stage: Stage,
}

/// The values under way, at most one for each control.
#[derive(Debug, Default)]
pub struct Drafts {
    drafts: Vec<Draft>,
    last: u64,
}

impl Drafts {
    /// The user chose a value. The ticket is to be presented to [`Drafts::rested`] after [`REST`].
    pub fn choose(&mut self, control: Control, value: u32) -> Ticket {
        self.last += 1;
        self.drafts.retain(|draft| draft.control != control);
        self.drafts.push(Draft {
            control,
            value,
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
        let draft = self.find(ticket)?;
        (draft.stage == Stage::Choosing).then(|| {
            draft.stage = Stage::Sent;
            draft.value
        })
    }

    /// The helper accepted the value: it shows until the helper's state is heard.
    pub fn accepted(&mut self, control: Control) {
        let sent = |d: &&mut Draft| d.control == control && d.stage == Stage::Sent;
        if let Some(draft) = self.drafts.iter_mut().find(sent) {
            draft.stage = Stage::Accepted;
        }
    }

    /// The helper refused: what is in force shows again.
    pub fn refused(&mut self, control: Control) {
        self.drafts
            .retain(|draft| draft.control != control || draft.stage == Stage::Choosing);
    }

    /// The helper said what is in force.
    pub fn heard(&mut self, in_force: impl Fn(Control) -> Option<u32>) {
        self.drafts.retain(|draft| match draft.stage {
            Stage::Choosing => true,
            Stage::Sent => in_force(draft.control) != Some(draft.value),
            Stage::Accepted => false,
        });
    }

    /// Nothing is under way any more.
    pub fn clear(&mut self) {
        self.drafts.clear();
    }

    /// The value under way.
    pub fn value(&self, control: Control) -> Option<u32> {
        let draft = self.drafts.iter().find(|draft| draft.control == control)?;
        Some(draft.value)
    }

    fn find(&mut self, ticket: Ticket) -> Option<&mut Draft> {
        self.drafts
            .iter_mut()
            .find(|draft| draft.control == ticket.control && draft.number == ticket.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_of_many_changes_is_sent_and_only_once() {
        let mut drafts = Drafts::default();
        let first = drafts.choose(Control::Ema, 100);
        let last = drafts.choose(Control::Ema, 101);
        assert_eq!(drafts.rested(first), None);
        assert_eq!(drafts.rested(last), Some(101));
        assert_eq!(drafts.rested(last), None);
    }

    #[test]
    fn controls_do_not_disturb_each_other() {
        let mut drafts = Drafts::default();
        let ema = drafts.choose(Control::Ema, 100);
        let cost = drafts.choose(Control::Cost(3), 150);
        assert_eq!(drafts.rested(ema), Some(100));
        assert_eq!(drafts.rested(cost), Some(150));
    }

    #[test]
    fn the_chosen_value_shows_until_the_helper_has_spoken() {
        let mut drafts = Drafts::default();
        let ticket = drafts.choose(Control::Ema, 100);
        drafts.heard(|_| Some(512));
        assert_eq!(drafts.value(Control::Ema), Some(100));
        let _ = drafts.rested(ticket);
        drafts.heard(|_| Some(512));
        assert_eq!(drafts.value(Control::Ema), Some(100));
        drafts.accepted(Control::Ema);
        drafts.heard(|_| Some(100));
        assert_eq!(drafts.value(Control::Ema), None);
    }

    #[test]
    fn a_refusal_shows_what_is_in_force_but_not_over_a_newer_choice() {
        let mut drafts = Drafts::default();
        let ticket = drafts.choose(Control::Ema, 100);
        let _ = drafts.rested(ticket);
        drafts.refused(Control::Ema);
        assert_eq!(drafts.value(Control::Ema), None);
        let _ = drafts.choose(Control::Ema, 200);
        drafts.refused(Control::Ema);
        assert_eq!(drafts.value(Control::Ema), Some(200));
    }
}
