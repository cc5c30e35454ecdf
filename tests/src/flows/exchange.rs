//! One exchange on each of many flows: ask, wait, ask again. It is paced, so that the lab's links
//! and not our bursts decide what arrives. It judges nothing.

use std::time::{Duration, Instant};

use super::flow::{Asked, Flow};

/// How often a flow is asked before it counts as silent.
pub const TRIES: u32 = 3;
/// How long each try waits for its answer.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// Questions per [`TICK`]: 8,000 a second.
const BURST: usize = 16;
const TICK: Duration = Duration::from_millis(2);

/// Asks every flow until it has answered, [`TRIES`] times at most. Those that have keep their pace
/// meanwhile.
pub(super) fn run(flows: &mut [Flow]) {
    for flow in flows.iter_mut() {
        flow.begin();
    }
    for _ in 0..TRIES {
        let mut unsent: Vec<usize> = (0..flows.len()).filter(|&i| flows[i].pending()).collect();
        if unsent.is_empty() {
            return;
        }
        unsent.reverse();
        let mut deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && flows.iter().any(Flow::pending) {
            let begun = unsent.len();
            let mut later = Vec::new();
            for _ in 0..BURST {
                let Some(index) = unsent.pop() else { break };
                if flows[index].ask() == Asked::NotNow {
                    later.push(index);
                }
            }
            // As long as questions leave, the time of the last one counts.
            if begun > unsent.len() + later.len() {
                deadline = Instant::now() + PATIENCE;
            }
            unsent.splice(0..0, later);
            std::thread::sleep(TICK);
            let now = Instant::now();
            for flow in flows.iter_mut() {
                if flow.pending() {
                    flow.listen();
                } else {
                    flow.tend(now);
                }
            }
        }
    }
}
