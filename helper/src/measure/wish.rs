//! What a client wants measured: checked numbers, and what each arm means for the machine. Pure; it
//! knows no uplinks and no kernel.

use evenkeel_core::ab::{Arm, Plan};
use evenkeel_core::plan::{Family, Plan as RoutePlan};
use evenkeel_dbus::limits::{EMA_FACTOR, POWER_COST, UPLINK_COST};
use evenkeel_dbus::measurement::{ARM_OFF, MeasurementPlan, Subject};
use evenkeel_dbus::{Backend, HelperError, action};

use crate::lease::Change;

/// A plan whose numbers are in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    asked: MeasurementPlan,
    subject: Subject,
    plan: Plan,
}

impl Wish {
    /// Checks the numbers of a call.
    ///
    /// # Errors
    /// [`HelperError::OutOfRange`] for the first that is out of its documented range.
    pub fn new(asked: MeasurementPlan) -> Result<Self, HelperError> {
        let refuse = |why: &str| {
            Err(HelperError::OutOfRange(format!(
                "{why}; nothing was changed"
            )))
        };
        let subject = Subject::from_wire(asked.subject);
        let (a, b) = (asked.a, asked.b);
        let in_range = |value: u32| match subject {
            Subject::GameMode => value <= 1,
            Subject::EmaFactor => value == ARM_OFF || EMA_FACTOR.contains(&value),
            Subject::PowerCost => value == ARM_OFF || POWER_COST.contains(&value),
            Subject::UplinkCost => value == ARM_OFF || UPLINK_COST.contains(&value),
            Subject::Uplinks => value != 0,
            Subject::Unknown => false,
        };
        if subject == Subject::Unknown {
            return refuse(&format!("subject is {}, but must be 0 to 4", asked.subject));
        }
        for (name, value) in [("a", a), ("b", b)] {
            if !in_range(value) {
                return refuse(&format!(
                    "arm {name} is {value}, which subject {} has not",
                    asked.subject
                ));
            }
        }
        if a == b {
            return refuse("both arms are the same, so there is nothing to compare");
        }
        if (asked.ifindex != 0) != (subject == Subject::UplinkCost) {
            return refuse("ifindex names the uplink whose cost is compared, and is 0 otherwise");
        }
        let first_look = (asked.first_look != 0).then_some(asked.first_look);
        let plan = Plan::new(
            asked.pairs,
            first_look,
            asked.block_ms,
            asked.settle_ms,
            asked.period_ms,
        )
        .map_err(|error| HelperError::OutOfRange(error.to_string()))?;
        Ok(Self {
            asked,
            subject,
            plan,
        })
    }

    /// The numbers as they came.
    pub fn asked(&self) -> MeasurementPlan {
        self.asked
    }

    /// What the arms differ in.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// How it goes.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// What polkit is asked.
    pub fn action(&self) -> &'static str {
        match self.subject {
            Subject::GameMode => action::GAME_MODE,
            _ => action::TUNE,
        }
    }

    /// The uplinks that must be there.
    pub fn named_uplinks(&self) -> Vec<u32> {
        match self.subject {
            Subject::UplinkCost => vec![self.asked.ifindex],
            Subject::Uplinks => vec![self.asked.a, self.asked.b],
            _ => Vec::new(),
        }
    }

    /// The uplink that an arm's probes are bound to; `None` where they go as a new flow would.
    pub fn bound_to(&self, arm: Arm) -> Option<u32> {
        (self.subject == Subject::Uplinks).then_some(self.value(arm))
    }

    /// What an arm changes. Sensitivity and costs mean nothing without game mode, except to a
    /// patched kernel.
    pub fn changes(&self, arm: Arm, backend: Backend) -> Vec<Change> {
        let value = self.value(arm);
        let set = value != ARM_OFF;
        let change = match self.subject {
            Subject::GameMode => return vec![Change::GameMode; usize::from(value == 1)],
            Subject::Uplinks | Subject::Unknown => return Vec::new(),
            Subject::EmaFactor => Change::EmaFactor(value),
            Subject::PowerCost => Change::PowerCost(value),
            Subject::UplinkCost => Change::UplinkCost {
                ifindex: self.asked.ifindex,
                cost: value,
            },
        };
        let game_mode = (backend == Backend::Ecmp).then_some(Change::GameMode);
        game_mode.into_iter().chain(set.then_some(change)).collect()
    }

    /// Whether each arm has a steering of its own: then both think all the time, and only who acts
    /// takes turns. A block is far too short for a steering to get used to it.
    pub fn has_two_steerings(&self, backend: Backend) -> bool {
        let steers = matches!(self.subject, Subject::EmaFactor | Subject::UplinkCost);
        steers && backend == Backend::Ecmp
    }

    fn value(&self, arm: Arm) -> u32 {
        match arm {
            Arm::A => self.asked.a,
            Arm::B => self.asked.b,
        }
    }

    /// Why this machine can't do it, as far as the backend tells; `holders` are those who hold game
    /// mode.
    ///
    /// # Errors
    /// [`HelperError::NotSupported`] or [`HelperError::Busy`].
    pub fn check(
        &self,
        (backend, why): (Backend, &str),
        routes: [(Family, Option<&RoutePlan>); 2],
        holders: usize,
    ) -> Result<(), HelperError> {
        let unsupported = |why: &str| {
            let text = format!("{why}; nothing was changed");
            Err(HelperError::NotSupported(text))
        };
        let staged = routes
            .iter()
            .any(|(_, plan)| plan.is_some_and(|plan| plan.resilient));
        match (self.subject, backend) {
            (Subject::Uplinks, _)
            | (Subject::EmaFactor | Subject::PowerCost, Backend::Lowpower) => Ok(()),
            (Subject::PowerCost, _) => unsupported(
                "this kernel has no power cost weight; the cost of an uplink can be measured instead",
            ),
            (_, Backend::Observe) => unsupported(&format!("there is nothing to steer: {why}")),
            (_, Backend::Lowpower) => unsupported(
                "on this kernel game mode and costs of uplinks change nothing by themselves; measure \
                 the sensitivity (subject 1) instead",
            ),
            (_, Backend::Ecmp) if staged => unsupported(
                "with resilient-groups in evenkeeld.toml new flows follow only after seconds, too \
                 late for short blocks",
            ),
            (Subject::GameMode, _) if holders > 0 => Err(HelperError::Busy(format!(
                "game mode is on ({holders} hold it), so it cannot be measured against off; nothing \
                 was changed, end game mode and try again"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Subject::{EmaFactor, GameMode, PowerCost, UplinkCost, Uplinks};

    fn game_mode() -> MeasurementPlan {
        MeasurementPlan {
            subject: 0,
            ifindex: 0,
            a: 0,
            b: 1,
            pairs: 30,
            first_look: 20,
            block_ms: 10_000,
            settle_ms: 2_000,
            period_ms: 100,
        }
    }

    fn of(subject: Subject, ifindex: u32, a: u32, b: u32) -> Result<Wish, HelperError> {
        Wish::new(MeasurementPlan {
            subject: subject.to_wire(),
            ifindex,
            a,
            b,
            ..game_mode()
        })
    }

    #[test]
    fn every_number_out_of_range_is_refused() {
        assert!(Wish::new(game_mode()).is_ok());
        for (subject, ifindex, a, b) in [
            (GameMode, 0, 0, 2),
            (GameMode, 0, 1, 1),
            (GameMode, 0, 0, ARM_OFF),
            (GameMode, 3, 0, 1),
            (EmaFactor, 0, 0, 1025),
            (EmaFactor, 0, ARM_OFF, ARM_OFF),
            (PowerCost, 0, 0, 10_001),
            (UplinkCost, 0, 100, 200),
            (UplinkCost, 3, 0, 200),
            (UplinkCost, 3, 100, 10_001),
            (Uplinks, 0, 0, 3),
            (Uplinks, 0, 3, 3),
        ] {
            let refused = of(subject, ifindex, a, b);
            let Err(HelperError::OutOfRange(text)) = refused else {
                panic!("{subject:?} {ifindex} {a} {b}: {refused:?}");
            };
            assert!(text.ends_with("nothing was changed"), "{text}");
        }
        let plan = |change: fn(&mut MeasurementPlan)| {
            let mut plan = game_mode();
            change(&mut plan);
            Wish::new(plan).is_err()
        };
        assert!(plan(|plan| plan.subject = 5));
        assert!(plan(|plan| plan.subject = u32::MAX));
        assert!(plan(|plan| plan.pairs = 5));
        assert!(plan(|plan| plan.first_look = 30));
        assert!(plan(|plan| plan.block_ms = 100));
        assert!(plan(|plan| plan.settle_ms = 9_000));
        assert!(plan(|plan| plan.period_ms = 10));
    }

    #[test]
    fn an_arm_holds_what_it_needs_and_an_arm_that_is_off_does_not_set_it() {
        let wish = of(Subject::EmaFactor, 0, ARM_OFF, 700).unwrap();
        assert_eq!(wish.changes(Arm::A, Backend::Ecmp), [Change::GameMode]);
        assert_eq!(
            wish.changes(Arm::B, Backend::Ecmp),
            [Change::GameMode, Change::EmaFactor(700)]
        );
        assert_eq!(wish.changes(Arm::A, Backend::Lowpower), []);
        assert_eq!(
            wish.changes(Arm::B, Backend::Lowpower),
            [Change::EmaFactor(700)]
        );
        let wish = Wish::new(game_mode()).unwrap();
        assert_eq!(wish.changes(Arm::A, Backend::Ecmp), []);
        assert_eq!(wish.changes(Arm::B, Backend::Ecmp), [Change::GameMode]);
        let wish = of(Subject::Uplinks, 0, 3, 4).unwrap();
        assert_eq!(wish.changes(Arm::B, Backend::Ecmp), []);
        assert_eq!(wish.bound_to(Arm::B), Some(4));
    }

    #[test]
    fn what_the_machine_cannot_do_is_said_before_anything_is_done() {
        let none = [(Family::V4, None), (Family::V6, None)];
        let check = |wish: &Wish, backend, holders| wish.check((backend, "why"), none, holders);
        let wish = Wish::new(game_mode()).unwrap();
        assert_eq!(check(&wish, Backend::Ecmp, 0), Ok(()));
        assert!(matches!(
            check(&wish, Backend::Ecmp, 1),
            Err(HelperError::Busy(_))
        ));
        for backend in [Backend::Observe, Backend::Lowpower] {
            let refused = check(&wish, backend, 0);
            assert!(
                matches!(refused, Err(HelperError::NotSupported(_))),
                "{refused:?}"
            );
        }
        let ema = of(Subject::EmaFactor, 0, 100, 900).unwrap();
        assert_eq!(check(&ema, Backend::Ecmp, 1), Ok(()));
        assert_eq!(check(&ema, Backend::Lowpower, 0), Ok(()));
        assert!(check(&ema, Backend::Observe, 0).is_err());
        let power = of(Subject::PowerCost, 0, 100, 0).unwrap();
        assert!(check(&power, Backend::Ecmp, 0).is_err());
        assert_eq!(check(&power, Backend::Lowpower, 0), Ok(()));
        let uplinks = of(Subject::Uplinks, 0, 3, 4).unwrap();
        assert_eq!(check(&uplinks, Backend::Observe, 3), Ok(()));
    }
}
