#!/usr/bin/env bash
# What a release is made of: `make dist`. Builds the programs anew unless BUILD_DIR names a directory
# that has them.
#   scripts/dist.sh [OUT_DIR [PART ...]]      (target/dist, and all of: source bundle deb plugin flatpak)
#
# source   evenkeel-VERSION.tar.gz
# bundle   evenkeel-VERSION-ARCH.tar.gz, for SteamOS and other systems with a read-only /usr
# deb      evenkeel_VERSION_ARCH.deb
# plugin   evenkeel-decky-VERSION.zip, for the Decky Loader
# flatpak  io.github.evenkeel.Evenkeel.flatpak
# and SHA256SUMS of all of them. The same source, toolchain and time (SOURCE_DATE_EPOCH, else the last
# commit's) give the same bytes, of each; the Flatpak wants the same SDK for that.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
out=$(realpath -m "${1:-$target/dist}")
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- source bundle deb plugin flatpak
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

for part in "$@"; do
  case $part in
    source) ;;
    bundle) programs=needed ;;
    deb) programs=needed; scripts/packages.sh package ;;
    plugin) scripts/packages.sh decky ;;
    flatpak) scripts/packages.sh flatpak ;;
    *) echo "dist.sh: no such part: $part" >&2; exit 2 ;;
  esac
done
if [ -n "${programs:-}" ] && { [ -z "${BUILD_DIR:-}" ] || [ ! -x "$BUILD_DIR/evenkeel" ]; }; then
  # Paths of the machine that builds are no business of the program.
  RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=/evenkeel --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
    cargo build --locked --release -p evenkeel -p evenkeeld
  export BUILD_DIR=$target/release
fi
rm -rf "$out"
mkdir -p "$out"
for part in "$@"; do
  case $part in
    plugin) packaging/decky/build.sh "$out/evenkeel-decky-$version.zip" ;;
    flatpak)
      packaging/flatpak/build.sh "$target/flatpak"
      cp "$target/flatpak/io.github.evenkeel.Evenkeel.flatpak" "$out/"
      ;;
    *) scripts/package.sh "$part" "$out" ;;
  esac
done
cd "$out"
sha256sum -- * >SHA256SUMS
echo "$out/SHA256SUMS"
