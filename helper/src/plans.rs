//! Both families' plans, and what the bus calls the reasons why there is none. Pure.

use evenkeel_core::plan::{self, Abilities, Family, Found, Plan, Refusal};
use evenkeel_dbus::Reason;

use crate::kernel::survey::Survey;

/// One plan, or why there is none, for each family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans {
    /// IPv4.
    pub v4: Result<Plan, Refusal>,
    /// IPv6.
    pub v6: Result<Plan, Refusal>,
}

impl Plans {
    /// The plans for what was found.
    pub fn of(survey: &Survey, abilities: Abilities) -> Self {
        Self {
            v4: plan::plan(&survey.v4, abilities),
            v6: plan::plan(&survey.v6, abilities),
        }
    }

    /// The plan of one family.
    pub fn get(&self, family: Family) -> &Result<Plan, Refusal> {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    /// True when one of the families can be steered by routes of ours.
    pub fn any(&self) -> bool {
        self.v4.is_ok() || self.v6.is_ok()
    }

    /// Why neither can: IPv4's reason, unless IPv4 has no way out at all.
    pub fn why_none(&self) -> Reason {
        let reasons = [&self.v4, &self.v6].map(|plan| plan.as_ref().err().map(reason));
        let telling = reasons
            .into_iter()
            .flatten()
            .find(|reason| *reason != Reason::NoDefault);
        telling.unwrap_or(Reason::NoDefault)
    }
}

/// What there is in one family.
pub fn found(survey: &Survey, family: Family) -> &Found {
    match family {
        Family::V4 => &survey.v4,
        Family::V6 => &survey.v6,
    }
}

/// What the bus calls a refusal.
pub fn reason(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::NoDefault | Refusal::DefaultNowhere => Reason::NoDefault,
        Refusal::AlreadyMultipath => Reason::NoMultipathRoute,
        Refusal::ForeignDefault { .. } => Reason::ForeignDefault,
        Refusal::ForeignRules { .. } => Reason::ForeignRules,
        Refusal::NumbersTaken { .. } => Reason::NumbersTaken,
        Refusal::OneUplink { .. } => Reason::OneUplink,
        Refusal::ManyUplinks { .. } | Refusal::ManyAddresses { .. } => Reason::TooManyRoutes,
        Refusal::NoAddress { .. } => Reason::NoUplink,
        Refusal::SameSubnet { .. } => Reason::SameSubnet,
        Refusal::MetricTooSmall { .. } => Reason::MetricTooSmall,
    }
}
