//! What a kernel really does with a route over two nexthops, judged from counted flows. No I/O: who
//! makes the devices and sends the packets stands elsewhere.
//!
//! One trial counts the same flows three times: with nothing else going on, with the first path
//! loaded, and with the second loaded. Stock Linux spreads them by a hash whatever the load, so that
//! only a kernel that looks at the load makes the two loaded counts differ.

/// How many flows took each of the two paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Split {
    /// By the route's first nexthop.
    pub first: u32,
    /// By its second.
    pub second: u32,
}

impl Split {
    /// All of them.
    pub const fn flows(self) -> u32 {
        self.first.saturating_add(self.second)
    }

    /// Share of the first path, 0..=1; one half when there is no flow.
    pub fn first_share(self) -> f64 {
        match self.flows() {
            0 => 0.5,
            flows => f64::from(self.first) / f64::from(flows),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            first: self.first.saturating_add(other.first),
            second: self.second.saturating_add(other.second),
        }
    }
}

/// One trial: the same flows under three conditions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trial {
    /// Nothing else is sent.
    pub idle: Split,
    /// The first path is busy.
    pub first_loaded: Split,
    /// The second path is busy.
    pub second_loaded: Split,
}

/// What the kernel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// Flows are spread by a hash, whatever the load.
    Hashing,
    /// The route's first nexthop takes everything, whatever the load.
    FirstOnly,
    /// The loaded path gets more.
    BusyWins,
    /// The loaded path gets less.
    SteadyWins,
    /// Too few flows, or a picture that fits nothing.
    Unclear,
}

/// Fewer flows than this under any condition are not judged.
pub const MIN_FLOWS: u32 = 100;
/// A difference of the loaded shares below this is none, however certain: no policy makes so little.
const MIN_DIFFERENCE: f64 = 0.15;
/// Standard errors that a difference must exceed: by chance about once in 1.7 million trials (both
/// tails of the normal distribution).
const CERTAIN: f64 = 5.0;
/// The share from which on one path has taken everything but stray packets.
const ALL: f64 = 0.98;
/// How far from one half the pooled share of a hash over equal weights may be.
const HALF_WITHIN: f64 = 0.15;

/// The behaviour that the trials on one kind of device show. Trials differ in how the flows choose
/// their source address; one that shows an effect decides, two that contradict decide nothing.
pub fn behaviour(trials: &[Trial]) -> Behaviour {
    let counted = |trial: &Trial| {
        let splits = [trial.idle, trial.first_loaded, trial.second_loaded];
        splits.iter().all(|split| split.flows() >= MIN_FLOWS)
    };
    if trials.is_empty() || !trials.iter().all(counted) {
        return Behaviour::Unclear;
    }
    let mut effects = trials.iter().filter_map(effect);
    if let Some(effect) = effects.next() {
        return if effects.all(|other| other == effect) {
            effect
        } else {
            Behaviour::Unclear
        };
    }
    let pooled = trials.iter().fold(Split::default(), |sum, trial| {
        sum.and(trial.idle)
            .and(trial.first_loaded)
            .and(trial.second_loaded)
    });
    let share = pooled.first_share();
    if share >= ALL {
        Behaviour::FirstOnly
    } else if (share - 0.5).abs() <= HALF_WITHIN {
        Behaviour::Hashing
    } else {
        Behaviour::Unclear
    }
}

/// Where load moves flows to, if it does.
///
/// Formula: the two-proportion z-test with pooled variance, on the first path's share while the first
/// path was loaded against that while the second was.
fn effect(trial: &Trial) -> Option<Behaviour> {
    let (one, two) = (trial.first_loaded, trial.second_loaded);
    let difference = one.first_share() - two.first_share();
    let pooled = one.and(two).first_share();
    let (n_one, n_two) = (f64::from(one.flows()), f64::from(two.flows()));
    let error = (pooled * (1.0 - pooled) * (1.0 / n_one + 1.0 / n_two)).sqrt();
    if difference.abs() < MIN_DIFFERENCE || difference.abs() <= CERTAIN * error {
        return None;
    }
    Some(if difference > 0.0 {
        Behaviour::BusyWins
    } else {
        Behaviour::SteadyWins
    })
}

/// What is to be said of one kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Stock: a hash spreads the flows, and there are no sysctls.
    StockHashing,
    /// The sysctls are there and without effect: a hash spreads the flows all the same.
    NoEffect,
    /// The first nexthop takes everything.
    FirstOnly,
    /// The busy path wins.
    BusyWins,
    /// The steadier, less loaded path wins.
    SteadyWins,
    /// It can't be told.
    Unclear,
}

/// The verdict on one kind of device; `sysctls` says whether the kernel has the lowpower ones.
pub fn verdict(behaviour: Behaviour, sysctls: bool) -> Verdict {
    match (behaviour, sysctls) {
        (Behaviour::Hashing, false) => Verdict::StockHashing,
        (Behaviour::Hashing, true) => Verdict::NoEffect,
        (Behaviour::FirstOnly, _) => Verdict::FirstOnly,
        (Behaviour::BusyWins, _) => Verdict::BusyWins,
        (Behaviour::SteadyWins, _) => Verdict::SteadyWins,
        (Behaviour::Unclear, _) => Verdict::Unclear,
    }
}
