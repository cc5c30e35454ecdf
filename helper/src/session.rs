//! The steering, keyed by interface instead of by position. Pure; the actor feeds it and acts.

use std::collections::BTreeMap;

use evenkeel_core::ema::Factor;
use evenkeel_core::steer::{
    Change, MAX_PATHS, Params, PathState, PathView, Period, PowerCost, Sample, Steering,
};
use evenkeel_dbus::UplinkState;
use evenkeel_dbus::limits::MAX_UPLINKS;

const _: () = assert!(
    MAX_UPLINKS <= MAX_PATHS,
    "every uplink is a path of the steering"
);

/// What the probes of every uplink amount to.
#[derive(Debug, Clone)]
pub struct Session {
    steering: Steering,
    ifindexes: Vec<u32>,
}

impl Session {
    /// A session that knows nothing yet.
    pub fn new(period: Period, slider: Factor) -> Self {
        let params = Params { period, slider };
        let steering = Steering::new(params, &[]).unwrap_or_else(|_| unreachable!("no paths"));
        Self {
            steering,
            ifindexes: Vec::new(),
        }
    }

    /// Forgets every estimate; the slider and the period stay.
    pub fn reset(&mut self) {
        let params = self.steering.params();
        *self = Self::new(params.period, params.slider);
    }

    /// Compares these uplinks from now on, at these costs; what is known of those that stay, stays.
    pub fn set_uplinks(&mut self, ifindexes: &[u32], costs: &BTreeMap<u32, u32>) -> Change {
        let mut wanted: Vec<u32> = ifindexes.to_vec();
        wanted.truncate(MAX_UPLINKS);
        let from: Vec<Option<usize>> = wanted.iter().map(|ifindex| self.path(*ifindex)).collect();
        let same = wanted == self.ifindexes;
        let change = if same {
            Change::default()
        } else {
            self.rearrange(wanted, &from)
        };
        for (path, ifindex) in self.ifindexes.iter().enumerate() {
            let cost = costs.get(ifindex).map(|cost| i64::from(*cost));
            let cost = cost
                .and_then(|cost| PowerCost::new(cost).ok())
                .unwrap_or_default();
            // The path exists: it was just arranged.
            let _ = self.steering.set_cost(path, cost);
        }
        change
    }

    fn rearrange(&mut self, wanted: Vec<u32>, from: &[Option<usize>]) -> Change {
        match self.steering.rearrange(from) {
            Ok(change) => {
                self.ifindexes = wanted;
                change
            }
            Err(error) => {
                log::error!("the steering keeps its old uplinks: {error}");
                Change::default()
            }
        }
    }

    /// Moves the slider.
    pub fn set_slider(&mut self, slider: Factor) {
        self.steering.set_slider(slider);
    }

    /// Takes one probe's outcome; one of an uplink that is no longer compared is dropped.
    pub fn sample(&mut self, ifindex: u32, sample: Sample) {
        if let Some(path) = self.path(ifindex) {
            let _ = self.steering.sample(path, sample);
        }
    }

    /// Decides, if an uplink died or came back.
    pub fn settle(&mut self) -> Change {
        self.steering.settle()
    }

    /// Ends an epoch and decides.
    pub fn end_epoch(&mut self) -> Change {
        self.steering.end_epoch()
    }

    /// Judges one uplink anew. `None` when it is not compared.
    pub fn forget(&mut self, ifindex: u32) -> Option<Change> {
        let path = self.path(ifindex)?;
        self.steering.forget(path).ok()
    }

    /// The uplink that new flows should take.
    pub fn leader(&self) -> Option<u32> {
        self.steering
            .leader()
            .and_then(|path| self.ifindexes.get(path).copied())
    }

    /// The weight of every uplink, 0..=255.
    pub fn weights(&self) -> BTreeMap<u32, u16> {
        self.ifindexes
            .iter()
            .copied()
            .zip(self.steering.weights().iter().copied())
            .collect()
    }

    /// What is known of one uplink.
    pub fn view(&self, ifindex: u32) -> Option<PathView> {
        self.steering.view(self.path(ifindex)?).ok()
    }

    fn path(&self, ifindex: u32) -> Option<usize> {
        self.ifindexes.iter().position(|known| *known == ifindex)
    }
}

/// The contract's word for a path's state.
pub fn uplink_state(state: PathState) -> UplinkState {
    match state {
        PathState::Warming => UplinkState::Warming,
        PathState::Alive => UplinkState::Alive,
        PathState::Dead => UplinkState::Dead,
        PathState::Gone => UplinkState::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warmed(ifindexes: &[u32]) -> Session {
        let mut session = Session::new(Period::default(), Factor::HALF);
        let _ = session.set_uplinks(ifindexes, &BTreeMap::new());
        for _ in 0..5 {
            for probe in 0..5 {
                for ifindex in ifindexes {
                    let wobble = if probe % 2 == 0 {
                        u64::from(*ifindex) * 3_000_000
                    } else {
                        0
                    };
                    session.sample(*ifindex, Sample::Rtt(20_000_000 + wobble));
                }
            }
            let _ = session.end_epoch();
        }
        session
    }

    #[test]
    fn the_steadier_interface_leads_whatever_its_position() {
        assert_eq!(warmed(&[2, 7]).leader(), Some(2));
        assert_eq!(warmed(&[7, 2]).leader(), Some(2));
        assert_eq!(
            warmed(&[7, 2]).weights(),
            BTreeMap::from([(2, 255), (7, 1)])
        );
    }

    #[test]
    fn estimates_survive_when_another_uplink_comes_or_goes() {
        let mut session = warmed(&[2, 7]);
        let before = session.view(7);
        let change = session.set_uplinks(&[7], &BTreeMap::new());
        assert!(change.leader_changed);
        assert_eq!(session.leader(), Some(7));
        let _ = session.set_uplinks(&[9, 7], &BTreeMap::new());
        let after = session.view(7);
        assert_eq!(
            before.and_then(|v| v.level_ns),
            after.and_then(|v| v.level_ns)
        );
        assert_eq!(session.view(2), None);
        session.sample(2, Sample::Lost);
    }

    #[test]
    fn a_cost_counts_and_goes_back_to_neutral_when_it_is_no_longer_held() {
        let mut session = warmed(&[2, 7]);
        let _ = session.set_uplinks(&[2, 7], &BTreeMap::from([(2, 900)]));
        for _ in 0..6 {
            let _ = session.end_epoch();
        }
        assert_eq!(session.leader(), Some(7));
        let _ = session.set_uplinks(&[2, 7], &BTreeMap::new());
        assert_eq!(
            session.view(2).map(|view| view.cost),
            Some(PowerCost::NEUTRAL)
        );
    }
}
