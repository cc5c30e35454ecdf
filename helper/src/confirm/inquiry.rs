//! What is being asked at the moment, and whether a write of ours meanwhile is reason to begin anew.
//! Pure: the asking itself is [`confirm`](super::confirm)'s.

use super::Question;

/// See the module.
#[derive(Debug, Default)]
pub struct Inquiry {
    /// What is being asked; `None` when nothing is.
    open: Option<Vec<Question>>,
    /// What was written meanwhile is to be asked about, too.
    again: bool,
}

impl Inquiry {
    /// Something was written, and these are the questions about it. True if they are to be asked now,
    /// instead of what is open. False if what is open asks the same peers from the same addresses: its
    /// probes take the routes of the moment, and beginning anew at every change of the leader, or of a
    /// pin, would put off the way back for as long as something changes.
    #[must_use]
    pub fn wrote(&mut self, questions: &[Question]) -> bool {
        let same = |open: &Vec<Question>| {
            let mut pairs = open.iter().zip(questions);
            open.len() == questions.len() && pairs.all(|(one, other)| one.asks_as(other))
        };
        self.again = self.open.as_ref().is_some_and(same);
        if !self.again {
            self.open = Some(questions.to_vec());
        }
        !self.again
    }

    /// What was open is answered, or not of interest any more. True if it is to be asked again,
    /// because of what was written meanwhile.
    pub fn ends(&mut self) -> bool {
        self.open = None;
        std::mem::take(&mut self.again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(ifindex: u32, is_target: bool) -> Question {
        Question {
            ifindex,
            name: format!("if{ifindex}"),
            source: format!("10.{ifindex}.0.2").parse().unwrap(),
            gateway: format!("10.{ifindex}.0.1").parse().unwrap(),
            anchor: "203.0.113.1".parse().unwrap(),
            answered_before: is_target,
            is_target,
        }
    }

    #[test]
    fn a_change_of_the_leader_does_not_put_off_the_answer_but_is_asked_about_after_it() {
        let mut inquiry = Inquiry::default();
        assert!(inquiry.wrote(&[question(2, true), question(3, false)]));
        assert!(!inquiry.wrote(&[question(2, false), question(3, true)]));
        assert!(!inquiry.wrote(&[question(2, false), question(3, true)]));
        assert!(inquiry.ends());
        assert!(inquiry.wrote(&[question(2, false), question(3, true)]));
        assert!(!inquiry.ends());
    }

    #[test]
    fn other_uplinks_are_another_question() {
        let mut inquiry = Inquiry::default();
        assert!(inquiry.wrote(&[question(2, true), question(3, false)]));
        assert!(inquiry.wrote(&[question(2, true)]));
        assert!(inquiry.wrote(&[question(2, true), question(3, false)]));
        let mut readdressed = question(3, false);
        readdressed.source = "10.3.0.9".parse().unwrap();
        assert!(inquiry.wrote(&[question(2, true), readdressed]));
        assert!(!inquiry.ends());
    }
}
