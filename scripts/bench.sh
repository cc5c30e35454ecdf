#!/usr/bin/env bash
# Prints the figures of docs/FIGURES.md as ratios within one run, where there is something to
# compare with: the core against plain floating point, the moving graph against a plotting crate, the
# probe against ping and fping.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh build lab bench
printf '\n== core\n'
cargo bench --locked --quiet -p evenkeel-core --bench cost
printf '\n== steering: regret over recorded series\n'
cargo bench --locked --quiet -p evenkeel-core --bench regret
printf '\n== measurements: false alarms, and what they find\n'
cargo bench --locked --quiet -p evenkeel-core --bench ab
printf '\n== the moving graph, drawn off the screen\n'
cargo bench --locked --quiet -p evenkeel --bench graph
printf '\n== the kernel beside the probes\n'
cargo bench --locked --quiet -p evenkeel-evidence --bench reading
printf '\n== helper and window\n'
cargo build --locked --quiet --release -p evenkeeld -p evenkeel -p evenkeel-lab
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo --preserve-env=EVENKEEL_PING,EVENKEEL_LAB,EVENKEEL_LINK"
$sudo "${CARGO_TARGET_DIR:-target}/release/evenkeel-lab" bench
printf '\n== probe, between two namespaces\n'
cargo build --locked --quiet --release -p evenkeel-probe --example evenkeel-ping
ping="${CARGO_TARGET_DIR:-target}/release/examples/evenkeel-ping"
export EVENKEEL_PING="$ping" EVENKEEL_LAB="${CARGO_TARGET_DIR:-target}/release/evenkeel-lab"
$sudo scripts/bench-probe.sh
# Below a millisecond ping prints three decimals; above ten it would round its own jitter away.
printf '\n== probe, over an emulated link of 0.4 ms each way\n'
export EVENKEEL_LINK="delay_us=400"
$sudo scripts/bench-probe.sh
