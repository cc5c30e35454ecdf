#!/usr/bin/env bash
# `make demo`: installs what is missing, builds, and brings up a small network of its own with a
# real bus, a real polkit, the real helper and two emulated uplinks; then opens the window on it.
# `scripts/demo.sh --routes separate` has a default route for each uplink instead of a multipath one.
# With no display it shows `evenkeel watch` and saves a screenshot; with no terminal it plays the
# story once and exits 0 only if everything in it happened.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh build lab
# On a terminal cargo shows how far it is: the first time takes some minutes.
quiet=--quiet
[ -t 2 ] && quiet=
cargo build --locked $quiet -p evenkeeld -p evenkeel -p evenkeel-lab

target="${CARGO_TARGET_DIR:-target}"
lab="$target/debug/evenkeel-lab"
set -- demo --picture "$target/demo.png" "$@"
if [ "$(id -u)" -eq 0 ]; then
  exec "$lab" "$@"
fi
echo "The demo makes network and mount namespaces of its own, which takes sudo."
exec sudo --preserve-env=DISPLAY,WAYLAND_DISPLAY,XDG_RUNTIME_DIR,XAUTHORITY,LANG,LC_ALL "$lab" "$@"
