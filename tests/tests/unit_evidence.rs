//! The helper as its unit starts it, with all that is closed to it: it still sees what lies beside its
//! probes.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::fs;
use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::machine::Machine;
use evenkeel_lab::topology::ANCHOR_V4;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn inside_its_sandbox_the_helper_reads_counters_and_hears_of_links() {
    let (lab, machine) = Machine::installed().unwrap();
    let directory = machine.path("/etc/evenkeel");
    fs::create_dir_all(&directory).unwrap();
    let anchor = format!("anchor-v4 = \"{ANCHOR_V4}\"\n");
    fs::write(directory.join("evenkeeld.toml"), anchor).unwrap();
    let link = lab.link("wifi0").unwrap();
    link.set("both delay_us=5000 jitter_us=0").unwrap();
    let listener = machine
        .command_as("player", ["evenkeel", "spikes", "--json"])
        .unwrap()
        .spawn()
        .unwrap();
    let spikes = || -> Vec<Value> {
        let text = listener.stdout_text();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|spike: &Value| spike["uplink"] == "wifi0")
            .collect()
    };
    // What is usual is known after ten answers, and what was usual of traffic a little later.
    std::thread::sleep(Duration::from_secs(8));
    link.set("both jitter_us=80000").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    link.set("both jitter_us=0").unwrap();
    wait_until("a spike", PATIENCE, || Ok(!spikes().is_empty())).unwrap();
    let spike = &spikes()[0];
    for word in [
        "gateway-share-permille",
        "cpu-stall-permille",
        "io-stall-permille",
        "memory-stall-permille",
        "softnet-squeezed",
        "rx-errors",
        "tx-usual-bytes-per-s",
        "backlog-bytes",
    ] {
        assert!(spike["evidence"][word].is_u64(), "{word} in {spike}");
    }

    lab.set_carrier("wifi0", false).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    lab.set_carrier("wifi0", true).unwrap();
    let flapped = || {
        let spikes = spikes();
        let seen = |spike: &Value| spike["evidence"]["carrier-lost"] == 1;
        Ok(spikes.iter().any(seen))
    };
    wait_until("the lost carrier", PATIENCE, flapped).unwrap();
}
