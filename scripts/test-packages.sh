#!/usr/bin/env bash
# Installs, uses, upgrades and removes every package under a real systemd, in namespaces: what `make
# test-packages` runs. CONTRIBUTING says how long it takes.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh build lab package
command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
cargo build --workspace --bins --locked
# Namespaces and packages take root; only the tests get it.
if [ "$(id -u)" -ne 0 ]; then
  triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
  export "CARGO_TARGET_${triple}_RUNNER=sudo -E"
fi
cargo nextest run -p evenkeel-lab --locked --no-fail-fast --ignore-default-filter -E 'binary(/^package_/)'
