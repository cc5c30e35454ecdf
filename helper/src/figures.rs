//! Each uplink's load and its variability on a patched kernel: the kernel's own figures where it
//! tells them, else an estimate from what the interface sent. For showing only; nothing is decided
//! by it. It is followed once a second while somebody listens, and costs nothing otherwise.

use std::collections::BTreeMap;

use evenkeel_core::ema::Factor;
use evenkeel_core::metrics::LinkEstimate;
use evenkeel_dbus::{Figures as Source, UplinkInfo};

use crate::kernel::lowpower::Lowpower;
use crate::kernel::paths::{self, PathFigures, PathsError};
use crate::kernel::survey::Survey;
use crate::kernel::{Roots, sysfs};

/// What was seen of one interface's counter, and what follows from it.
#[derive(Debug, Clone, Copy)]
struct Followed {
    tx_bytes: u64,
    estimate: LinkEstimate,
}

/// The figures of now.
#[derive(Debug, Default)]
pub struct Figures {
    /// Set while the kernel tells its own.
    told: Option<BTreeMap<u32, PathFigures>>,
    followed: BTreeMap<u32, Followed>,
    /// That the kernel's file is of no use was said once.
    complained: bool,
}

impl Figures {
    /// A second has passed and somebody listens.
    pub fn second(&mut self, roots: &Roots, survey: &Survey) {
        let Lowpower::Present { ema_factor, .. } = survey.lowpower else {
            self.stop();
            return;
        };
        match paths::read(&roots.proc_net) {
            Ok(rows) => {
                self.followed.clear();
                self.told = Some(paths::by_interface(&rows, paths::ticks_a_second()));
                return;
            }
            Err(PathsError::Absent) => {}
            Err(error) if self.complained => log::debug!("{error}"),
            Err(error) => {
                log::warn!("figures are estimated: {error}");
                self.complained = true;
            }
        }
        self.told = None;
        let factor = Factor::new(i64::from(ema_factor)).unwrap_or(Factor::HALF);
        let counted = survey.uplinks.iter().filter_map(|uplink| {
            let tx_bytes = sysfs::tx_bytes(&roots.sys_class_net, &uplink.name)?;
            Some((uplink.ifindex, tx_bytes))
        });
        self.followed = counted
            .map(|(ifindex, tx_bytes)| {
                let before = self.followed.get(&ifindex).copied();
                (ifindex, follow(before, tx_bytes, factor))
            })
            .collect();
    }

    /// Nobody listens any more.
    pub fn stop(&mut self) {
        *self = Self::default();
    }

    /// Fills in what is known of an uplink.
    pub fn show(&self, info: &mut UplinkInfo) {
        let (figures, source) = match (&self.told, self.followed.get(&info.ifindex)) {
            (Some(told), _) => {
                let figures = told.get(&info.ifindex).copied().unwrap_or_default();
                (figures, Source::Kernel)
            }
            (None, Some(followed)) => {
                let LinkEstimate {
                    load_bytes_s,
                    variability_bytes_s,
                } = followed.estimate;
                let figures = PathFigures {
                    load_bytes_s,
                    variability_bytes_s,
                };
                (figures, Source::Estimated)
            }
            (None, None) => return,
        };
        info.load_bytes_s = figures.load_bytes_s;
        info.variability_bytes_s = figures.variability_bytes_s;
        info.figures = source.to_wire();
    }
}

/// One more reading of a counter; the first, and one that went back, only begin.
fn follow(before: Option<Followed>, tx_bytes: u64, factor: Factor) -> Followed {
    let Some(mut followed) = before else {
        let estimate = LinkEstimate::default();
        return Followed { tx_bytes, estimate };
    };
    if let Some(sent) = tx_bytes.checked_sub(followed.tx_bytes) {
        followed.estimate.second(factor, sent);
    }
    followed.tx_bytes = tx_bytes;
    followed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_goes_back_is_no_load() {
        let mut followed = follow(None, 1_000_000, Factor::HALF);
        assert_eq!(followed.estimate, LinkEstimate::default());
        followed = follow(Some(followed), 1_001_000, Factor::HALF);
        assert_eq!(followed.estimate.load_bytes_s, 500);
        followed = follow(Some(followed), 10, Factor::HALF);
        assert_eq!(followed.estimate.load_bytes_s, 500);
        followed = follow(Some(followed), 1_010, Factor::HALF);
        assert_eq!(followed.estimate.load_bytes_s, 750);
    }

    #[test]
    fn what_the_kernel_tells_goes_before_an_estimate_and_says_so() {
        let mut figures = Figures::default();
        let info = |figures: &Figures| {
            let mut info = UplinkInfo {
                ifindex: 2,
                ..UplinkInfo::default()
            };
            figures.show(&mut info);
            (info.load_bytes_s, Source::from_wire(info.figures))
        };
        assert_eq!(info(&figures), (0, Source::None));
        let followed = follow(Some(follow(None, 0, Factor::HALF)), 1000, Factor::HALF);
        figures.followed.insert(2, followed);
        assert_eq!(info(&figures), (500, Source::Estimated));
        let told = PathFigures {
            load_bytes_s: 7,
            variability_bytes_s: 1,
        };
        figures.told = Some(BTreeMap::from([(2, told)]));
        assert_eq!(info(&figures), (7, Source::Kernel));
        figures.told = Some(BTreeMap::new());
        assert_eq!(
            info(&figures),
            (0, Source::Kernel),
            "a path without packets has none"
        );
    }
}
