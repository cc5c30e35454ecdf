//! Who holds which change, and what follows from it. Pure: names in, wanted values out; nothing
//! here touches the bus or the kernel.
//!
//! A change is held by a client's bus name, or kept by the helper for a user. When several hold
//! different values of one setting, the newest is wanted. Nobody but its holder can end a hold.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use evenkeel_dbus::Holder;
use evenkeel_dbus::limits::{EMA_FACTOR, MAX_LEASES, MAX_UPLINKS, POWER_COST, UPLINK_COST};
use serde::{Deserialize, Serialize};

/// Who asks: a unique bus name and the user the bus vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// The unique bus name, such as `:1.42`.
    pub name: String,
    /// The user id, as the bus daemon reports it.
    pub uid: u32,
}

/// The owner of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Owner {
    Client(Caller),
    Kept { uid: u32 },
    Measurement { uid: u32 },
}

impl Owner {
    fn uid(&self) -> u32 {
        match self {
            Self::Client(caller) => caller.uid,
            Self::Kept { uid } | Self::Measurement { uid } => *uid,
        }
    }

    fn is_kept(&self) -> bool {
        matches!(self, Self::Kept { .. })
    }
}

/// One bounded, reversible change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Game mode on.
    GameMode,
    /// The sensitivity of the EMAs, 0..=1024.
    EmaFactor(u32),
    /// The patched kernel's power cost weight, 0..=10000.
    PowerCost(u32),
    /// The cost of one uplink in percent.
    UplinkCost {
        /// The uplink.
        ifindex: u32,
        /// Percent, 100 is neutral.
        cost: u32,
    },
}

/// A value with the moment it was asked for, so that the newest can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked<T> {
    order: u64,
    value: T,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lease {
    owner: Owner,
    game_mode: bool,
    ema_factor: Option<Asked<u32>>,
    power_cost: Option<Asked<u32>>,
    uplink_costs: BTreeMap<u32, Asked<u32>>,
}

impl Lease {
    fn new(owner: Owner) -> Self {
        Self {
            owner,
            game_mode: false,
            ema_factor: None,
            power_cost: None,
            uplink_costs: BTreeMap::new(),
        }
    }

    fn add(&mut self, change: Change, order: u64) -> Result<(), LeaseError> {
        match change {
            Change::GameMode => self.game_mode = true,
            Change::EmaFactor(value) => self.ema_factor = Some(Asked { order, value }),
            Change::PowerCost(value) => self.power_cost = Some(Asked { order, value }),
            Change::UplinkCost { ifindex, cost } => {
                let room = self.uplink_costs.len() < MAX_UPLINKS;
                if !room && !self.uplink_costs.contains_key(&ifindex) {
                    return Err(LeaseError::UplinkCosts);
                }
                let asked = Asked { order, value: cost };
                let _ = self.uplink_costs.insert(ifindex, asked);
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        !self.game_mode
            && self.ema_factor.is_none()
            && self.power_cost.is_none()
            && self.uplink_costs.is_empty()
    }
}

/// What all holders together want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// True when anybody holds game mode.
    pub game_mode: bool,
    /// Who.
    pub holders: Vec<Holder>,
    /// The newest sensitivity asked for.
    pub ema_factor: Option<u32>,
    /// The newest power cost weight asked for.
    pub power_cost: Option<u32>,
    /// The newest cost of each uplink.
    pub uplink_costs: BTreeMap<u32, u32>,
}

/// One more holder, or one more uplink cost, than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// [`MAX_LEASES`] holders are there already.
    #[error(
        "{MAX_LEASES} programs hold settings already; nothing was changed, close one of them and try again"
    )]
    Holders,
    /// [`MAX_UPLINKS`] costs are held already by this one.
    #[error(
        "costs of {MAX_UPLINKS} uplinks are set already; nothing was changed, revert them first"
    )]
    UplinkCosts,
}

/// Every lease. A clone is a way back: change the clone, apply it, keep it only if that worked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leases {
    holders: Vec<Lease>,
    /// What a measurement holds, beside the limit of holders; it may hold nothing for a while. It ends
    /// with the helper that measures.
    #[serde(skip)]
    measurement: Option<Lease>,
    next_order: u64,
}

impl Leases {
    /// Adds a change to what `caller` holds, or to what is kept for its user.
    ///
    /// # Errors
    /// [`LeaseError`] at a limit; the leases are then as before.
    pub fn hold(&mut self, caller: &Caller, kept: bool, change: Change) -> Result<(), LeaseError> {
        let owner = if kept {
            Owner::Kept { uid: caller.uid }
        } else {
            Owner::Client(caller.clone())
        };
        let at = match self.holders.iter().position(|lease| lease.owner == owner) {
            Some(at) => at,
            None if self.holders.len() >= MAX_LEASES => return Err(LeaseError::Holders),
            None => {
                self.holders.push(Lease::new(owner));
                self.holders.len() - 1
            }
        };
        let order = self.next_order;
        self.holders[at].add(change, order)?;
        self.next_order += 1;
        Ok(())
    }

    /// Lets the measurement of this user hold exactly these changes, and be the newest to ask.
    pub fn measure(&mut self, uid: u32, changes: &[Change]) {
        let mut lease = Lease::new(Owner::Measurement { uid });
        for change in changes {
            // One cost at the most: there is room.
            let _ = lease.add(*change, self.next_order);
        }
        self.next_order += 1;
        self.measurement = Some(lease);
    }

    /// Ends what a measurement holds.
    pub fn end_measurement(&mut self) {
        self.measurement = None;
    }

    /// Ends game mode for `caller` and for what is kept for its user.
    pub fn leave_game_mode(&mut self, caller: &Caller) {
        for lease in &mut self.holders {
            if is_of(lease, caller) {
                lease.game_mode = false;
            }
        }
        self.holders.retain(|lease| !lease.is_empty());
    }

    /// Ends everything `caller` holds and everything kept for its user.
    pub fn revert(&mut self, caller: &Caller) {
        self.holders.retain(|lease| !is_of(lease, caller));
    }

    /// Ends everything held by a bus name that has left the bus.
    pub fn client_gone(&mut self, name: &str) {
        self.holders
            .retain(|lease| !matches!(&lease.owner, Owner::Client(caller) if caller.name == name));
    }

    /// True when nobody holds anything.
    pub fn is_empty(&self) -> bool {
        self.holders.is_empty() && self.measurement.is_none()
    }

    /// The bus names that hold something.
    pub fn client_names(&self) -> Vec<String> {
        let owners = self.holders.iter().map(|lease| &lease.owner);
        let names = owners.filter_map(|owner| match owner {
            Owner::Client(caller) => Some(caller.name.clone()),
            Owner::Kept { .. } | Owner::Measurement { .. } => None,
        });
        names.collect()
    }

    /// Whether [`Leases::hold`] could have made this, of values that the contract allows.
    pub fn is_sane(&self) -> bool {
        let value_fits = |asked: &Asked<u32>, range: &RangeInclusive<u32>| {
            asked.order < self.next_order && range.contains(&asked.value)
        };
        let fits = |asked: Option<&Asked<u32>>, range: &RangeInclusive<u32>| {
            asked.is_none_or(|asked| value_fits(asked, range))
        };
        let owner_fits = |owner: &Owner| match owner {
            Owner::Client(caller) => caller.name.starts_with(':'),
            Owner::Kept { .. } => true,
            Owner::Measurement { .. } => false,
        };
        let lease_fits = |lease: &Lease| {
            let same = self.holders.iter().filter(|one| one.owner == lease.owner);
            let costs = &lease.uplink_costs;
            !lease.is_empty()
                && owner_fits(&lease.owner)
                && same.count() == 1
                && fits(lease.ema_factor.as_ref(), &EMA_FACTOR)
                && fits(lease.power_cost.as_ref(), &POWER_COST)
                && costs.len() <= MAX_UPLINKS
                && costs.values().all(|cost| value_fits(cost, &UPLINK_COST))
        };
        self.holders.len() <= MAX_LEASES && self.holders.iter().all(lease_fits)
    }

    /// True while `name` holds anything.
    pub fn is_held_by(&self, name: &str) -> bool {
        self.holders
            .iter()
            .any(|lease| matches!(&lease.owner, Owner::Client(caller) if caller.name == name))
    }

    /// What all holders together want.
    pub fn wanted(&self) -> Wanted {
        Self::wanted_of(self.holders.iter().chain(&self.measurement))
    }

    /// What all but a measurement want.
    pub fn wanted_by_others(&self) -> Wanted {
        Self::wanted_of(self.holders.iter())
    }

    fn wanted_of<'a>(leases: impl Iterator<Item = &'a Lease> + Clone) -> Wanted {
        let mut uplink_costs: BTreeMap<u32, Asked<u32>> = BTreeMap::new();
        for (ifindex, asked) in leases.clone().flat_map(|lease| &lease.uplink_costs) {
            let newest = uplink_costs.entry(*ifindex).or_insert(*asked);
            if asked.order > newest.order {
                *newest = *asked;
            }
        }
        let holders: Vec<Holder> = leases
            .clone()
            .filter(|lease| lease.game_mode)
            .map(|lease| Holder {
                uid: lease.owner.uid(),
                kept: lease.owner.is_kept(),
            })
            .collect();
        Wanted {
            game_mode: !holders.is_empty(),
            holders,
            ema_factor: newest(leases.clone().filter_map(|lease| lease.ema_factor)),
            power_cost: newest(leases.filter_map(|lease| lease.power_cost)),
            uplink_costs: uplink_costs
                .into_iter()
                .map(|(k, asked)| (k, asked.value))
                .collect(),
        }
    }
}

fn is_of(lease: &Lease, caller: &Caller) -> bool {
    match &lease.owner {
        Owner::Client(owner) => owner.name == caller.name,
        Owner::Kept { uid } => *uid == caller.uid,
        // Not among these leases; ended by its own means.
        Owner::Measurement { .. } => false,
    }
}

fn newest(asked: impl Iterator<Item = Asked<u32>>) -> Option<u32> {
    asked
        .max_by_key(|asked| asked.order)
        .map(|asked| asked.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn caller(name: &str, uid: u32) -> Caller {
        Caller {
            name: name.into(),
            uid,
        }
    }

    #[test]
    fn the_newest_value_is_wanted_and_the_older_one_comes_back_when_it_ends() {
        let (a, b) = (caller(":1.1", 1000), caller(":1.2", 1000));
        let mut leases = Leases::default();
        leases.hold(&a, false, Change::EmaFactor(100)).unwrap();
        leases.hold(&b, false, Change::EmaFactor(900)).unwrap();
        assert_eq!(leases.wanted().ema_factor, Some(900));
        leases.client_gone(":1.2");
        assert_eq!(leases.wanted().ema_factor, Some(100));
        leases.client_gone(":1.1");
        assert_eq!(
            leases,
            Leases {
                next_order: 2,
                ..Leases::default()
            }
        );
    }

    #[test]
    fn one_of_two_holders_leaves_and_game_mode_stays() {
        let (a, b) = (caller(":1.1", 1000), caller(":1.2", 1001));
        let mut leases = Leases::default();
        leases.hold(&a, false, Change::GameMode).unwrap();
        leases.hold(&b, true, Change::GameMode).unwrap();
        leases.leave_game_mode(&a);
        assert_eq!(
            leases.wanted().holders,
            vec![Holder {
                uid: 1001,
                kept: true
            }]
        );
        leases.client_gone(":1.2");
        assert!(
            leases.wanted().game_mode,
            "what is kept outlives the client"
        );
        leases.leave_game_mode(&b);
        assert!(!leases.wanted().game_mode);
    }

    #[test]
    fn nobody_ends_what_another_user_keeps() {
        let mut leases = Leases::default();
        leases
            .hold(&caller(":1.1", 1000), true, Change::GameMode)
            .unwrap();
        leases.revert(&caller(":1.2", 1001));
        leases.leave_game_mode(&caller(":1.3", 0));
        assert!(leases.wanted().game_mode);
    }

    #[test]
    fn the_seventeenth_holder_is_refused_and_changes_nothing() {
        let mut leases = Leases::default();
        for n in 0..MAX_LEASES {
            leases
                .hold(&caller(&format!(":1.{n}"), 1000), false, Change::GameMode)
                .unwrap();
        }
        let before = leases.clone();
        let refused = leases.hold(&caller(":1.99", 1000), false, Change::EmaFactor(1));
        assert_eq!(refused, Err(LeaseError::Holders));
        assert_eq!(leases, before);
        leases
            .hold(&caller(":1.3", 1000), false, Change::EmaFactor(1))
            .unwrap();
    }

    #[test]
    fn one_cost_more_than_there_can_be_uplinks_is_refused() {
        let mut leases = Leases::default();
        let a = caller(":1.1", 1000);
        for ifindex in 1..=MAX_UPLINKS as u32 {
            leases
                .hold(&a, false, Change::UplinkCost { ifindex, cost: 200 })
                .unwrap();
        }
        let one_more = Change::UplinkCost {
            ifindex: 99,
            cost: 200,
        };
        assert_eq!(
            leases.hold(&a, false, one_more),
            Err(LeaseError::UplinkCosts)
        );
        leases
            .hold(
                &a,
                false,
                Change::UplinkCost {
                    ifindex: 3,
                    cost: 150,
                },
            )
            .unwrap();
        assert_eq!(leases.wanted().uplink_costs.get(&3), Some(&150));
    }

    #[test]
    fn a_measurement_holds_beside_the_others_and_only_what_its_arm_wants() {
        let mut leases = Leases::default();
        for n in 0..MAX_LEASES {
            let change = Change::EmaFactor(100 + n as u32);
            leases
                .hold(&caller(&format!(":1.{n}"), 1000), false, change)
                .unwrap();
        }
        let before = leases.wanted();
        leases.measure(1001, &[Change::GameMode, Change::EmaFactor(900)]);
        let wanted = leases.wanted();
        assert_eq!((wanted.game_mode, wanted.ema_factor), (true, Some(900)));
        let holder = Holder {
            uid: 1001,
            kept: false,
        };
        assert_eq!(wanted.holders, [holder]);
        assert_eq!(leases.wanted_by_others(), before);
        leases.measure(1001, &[]);
        assert_eq!(leases.wanted(), before);
        for n in 0..MAX_LEASES {
            leases.client_gone(&format!(":1.{n}"));
        }
        leases.revert(&caller(":1.99", 1001));
        assert!(!leases.is_empty(), "it is there while it holds nothing");
        leases.end_measurement();
        assert!(leases.is_empty());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Hold(u8, bool, u8),
        Leave(u8),
        Revert(u8),
        Gone(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u8..24, any::<bool>(), 0u8..4).prop_map(|(c, kept, what)| Step::Hold(c, kept, what)),
            (0u8..24).prop_map(Step::Leave),
            (0u8..24).prop_map(Step::Revert),
            (0u8..24).prop_map(Step::Gone),
        ]
    }

    proptest! {
        #[test]
        fn leases_stay_bounded_and_end_with_their_holders(
            steps in proptest::collection::vec(step(), 0..200),
        ) {
            let who = |c: u8| caller(&format!(":1.{c}"), 1000 + u32::from(c % 3));
            let mut leases = Leases::default();
            for step in steps {
                match step {
                    Step::Hold(c, kept, what) => {
                        let change = match what {
                            0 => Change::GameMode,
                            1 => Change::EmaFactor(u32::from(c)),
                            2 => Change::PowerCost(u32::from(c)),
                            _ => Change::UplinkCost { ifindex: u32::from(c), cost: 100 },
                        };
                        let before = leases.clone();
                        if leases.hold(&who(c), kept, change).is_err() {
                            prop_assert_eq!(&leases, &before);
                        }
                    }
                    Step::Leave(c) => leases.leave_game_mode(&who(c)),
                    Step::Revert(c) => leases.revert(&who(c)),
                    Step::Gone(c) => {
                        leases.client_gone(&who(c).name);
                        prop_assert!(!leases.is_held_by(&who(c).name));
                    }
                }
                prop_assert!(leases.holders.len() <= MAX_LEASES);
                prop_assert!(leases.holders.iter().all(|lease| !lease.is_empty()));
            }
            for c in 0..24 {
                leases.revert(&who(c));
                leases.client_gone(&who(c).name);
            }
            prop_assert_eq!(leases.wanted(), Wanted::default());
        }
    }
}
