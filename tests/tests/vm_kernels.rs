//! The whole list on kernels built from source: stock, with our patch, with patches that behave like
//! the original's two generations, and ours watched by KASAN. `make test-kernel` runs it: a kernel takes
//! minutes to build, once.

use std::time::Duration;

use evenkeel_lab::LabError;
use evenkeel_lab::vm::{Machine, kernels};

type Outcome = Result<(), LabError>;

/// Emulated, on a busy host.
const TIMEOUT: Duration = Duration::from_mins(15);
/// KASAN looks at every access to memory.
const WATCHED_TIMEOUT: Duration = Duration::from_mins(40);

fn all_must_hold(kernel: &str, topics: &[&str], timeout: Duration) -> Outcome {
    let kernel = kernels::built(kernel)?;
    Machine::new(&kernel, topics, timeout)
        .all_must_hold()
        .map(drop)
}

/// A power cut and the next start.
fn nothing_survives(kernel: &str, timeout: Duration) -> Outcome {
    let kernel = kernels::built(kernel)?;
    let first = Machine::new(&kernel, &["before-the-power-cut"], timeout);
    let report = first.all_must_hold()?;
    let mut next = Machine::new(&kernel, &["after-the-power-cut"], timeout);
    next.carried = report.carried;
    next.all_must_hold().map(drop)
}

mod stock {
    use super::*;

    #[test]
    fn it_hashes_and_is_told_as_stock() -> Outcome {
        let topics = ["stock-paths", "stock", "doctor-stock"];
        all_must_hold("stock", &topics, TIMEOUT)
    }
}

mod ours {
    use super::*;

    #[test]
    fn the_steadier_path_wins_and_all_stays_reachable() -> Outcome {
        all_must_hold("ours", &["our-paths", "reach"], TIMEOUT)
    }

    #[test]
    fn the_helper_keeps_its_promises() -> Outcome {
        all_must_hold("ours", &["sysctls", "helper", "doctor-ours"], TIMEOUT)
    }

    #[test]
    fn a_power_cut_leaves_nothing() -> Outcome {
        nothing_survives("ours", TIMEOUT)
    }
}

mod original_v1 {
    use super::*;

    #[test]
    fn it_picks_as_the_core_models_it_and_all_stays_reachable_in_our_range() -> Outcome {
        let topics = ["original-v1-paths", "reach", "danger"];
        all_must_hold("original-v1", &topics, TIMEOUT)
    }

    #[test]
    fn the_helper_keeps_its_promises() -> Outcome {
        let topics = ["sysctls", "helper", "doctor-original-v1"];
        all_must_hold("original-v1", &topics, TIMEOUT)
    }

    #[test]
    fn a_power_cut_leaves_nothing() -> Outcome {
        nothing_survives("original-v1", TIMEOUT)
    }
}

mod original_v2 {
    use super::*;

    #[test]
    fn it_picks_as_the_core_models_it_and_all_stays_reachable_in_our_range() -> Outcome {
        let topics = ["original-v2-paths", "reach", "danger"];
        all_must_hold("original-v2", &topics, TIMEOUT)
    }

    #[test]
    fn the_helper_keeps_its_promises() -> Outcome {
        let topics = ["sysctls", "helper", "doctor-original-v2"];
        all_must_hold("original-v2", &topics, TIMEOUT)
    }

    #[test]
    fn a_power_cut_leaves_nothing() -> Outcome {
        nothing_survives("original-v2", TIMEOUT)
    }
}

mod ours_kasan {
    use super::*;

    #[test]
    fn nothing_is_complained_of_under_load() -> Outcome {
        let topics = ["watched", "our-paths", "reach", "still-watched"];
        all_must_hold("ours-kasan", &topics, WATCHED_TIMEOUT)
    }

    #[test]
    fn nothing_is_complained_of_with_the_helper() -> Outcome {
        let topics = [
            "watched",
            "sysctls",
            "helper",
            "doctor-ours",
            "still-watched",
        ];
        all_must_hold("ours-kasan", &topics, WATCHED_TIMEOUT)
    }

    #[test]
    fn a_power_cut_leaves_nothing() -> Outcome {
        nothing_survives("ours-kasan", WATCHED_TIMEOUT)
    }
}
