#!/usr/bin/env bash
# Builds the Decky plugin twice and tests what was packed: its parts, its panel in a browser, its
# backend against the real helper. What `make test-decky` runs.
#   scripts/test-decky.sh [fast]
# `fast` leaves out the backend against the helper, which takes a build of the helper and the lab: what
# CI runs on every commit.
set -euo pipefail
cd "$(dirname "$0")/.."
fast=""
case "${1:-}" in
  "") ;;
  fast) fast=1 ;;
  *) echo "usage: test-decky.sh [fast]" >&2; exit 2 ;;
esac

step() { printf '\n== %s\n' "$*"; }

step "packages"
if [ -n "$fast" ]; then scripts/packages.sh decky; else scripts/packages.sh build lab decky; fi

step "the plugin, twice: the same bytes"
out=${CARGO_TARGET_DIR:-target}/decky
packaging/decky/build.sh "$out/evenkeel-decky.zip"
packaging/decky/build.sh "$out/again.zip"
cmp "$out/evenkeel-decky.zip" "$out/again.zip"

step "types, the backend's parts, the polkit rule"
cd packaging/decky
npx --no-install tsc --noEmit -p tests/browser
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=py_modules \
  /usr/bin/python3 -W error -m unittest discover --quiet --start-directory tests/python
node --test --test-reporter=dot tests/rules.test.mjs

step "the panel in a browser"
node --test --test-reporter=spec tests/browser/panel.test.mjs
cd ../..
[ -z "$fast" ] || exit 0

step "the backend against the helper"
cargo build --locked -p evenkeeld -p evenkeel -p evenkeel-lab --bins
if [ "$(id -u)" -ne 0 ]; then
  triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
  export "CARGO_TARGET_${triple}_RUNNER=sudo -E"
fi
EVENKEEL_DECKY_ZIP=$(realpath "$out/evenkeel-decky.zip") \
  cargo nextest run --locked -p evenkeel-lab --ignore-default-filter -E 'binary(decky)' --no-fail-fast
