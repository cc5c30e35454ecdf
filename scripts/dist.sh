#!/usr/bin/env bash
# What a release is made of: `make dist`. Builds the programs anew unless BUILD_DIR names a directory
# that has them.
#   scripts/dist.sh [OUT_DIR]          (target/dist)
# The same source, toolchain and time (SOURCE_DATE_EPOCH, else the last commit's) give the same bytes,
# with every file listed in SHA256SUMS.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-${CARGO_TARGET_DIR:-target}/dist}

if [ -z "${BUILD_DIR:-}" ] || [ ! -x "$BUILD_DIR/evenkeel" ]; then
  # Paths of the machine that builds are no business of the program.
  export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=/evenkeel --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
  cargo build --locked --release -p evenkeel -p evenkeeld
  export BUILD_DIR=${CARGO_TARGET_DIR:-target}/release
fi
rm -rf "$out"
scripts/package.sh source bundle deb "$out"
cd "$out"
sha256sum -- * >SHA256SUMS
echo "$out/SHA256SUMS"
