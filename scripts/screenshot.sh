#!/usr/bin/env bash
# Takes the README's picture anew: the window on the lab, right after a leader change.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh build lab
cargo build --locked --quiet -p evenkeeld -p evenkeel -p evenkeel-lab
lab="${CARGO_TARGET_DIR:-target}/debug/evenkeel-lab"
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"
$sudo "$lab" demo --story --picture assets/screenshot.png
