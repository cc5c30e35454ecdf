#!/usr/bin/env bash
# Lays down the crates of Cargo.lock for a build without a network.
#
#   packaging/flatpak/vendor.sh DIRECTORY    makes it anew
#
# A crate that no Linux build of the program or the helper compiles keeps its manifest, which cargo
# needs to follow Cargo.lock, and nothing else: the libraries of other systems are most of the bytes.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
out=$(realpath -m "${1:?usage: vendor.sh DIRECTORY}")
cd "$top"

rm -rf "$out"
mkdir -p "$(dirname "$out")"
cargo vendor --quiet --locked --versioned-dirs "$out" >/dev/null

compiled=$(for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu; do
  cargo tree --locked --offline --quiet --package evenkeel --package evenkeeld --target "$target" \
    --edges normal,build --prefix none --format '{p}'
done | sed -n 's/^\([^ ]*\) v\([^ ]*\).*/\1-\2/p' | sort -u)

for crate in "$out"/*/; do
  crate=${crate%/}
  grep -qxF "$(basename "$crate")" <<<"$compiled" && continue
  # Without its programs and tests, for a manifest that names files which are not there is refused.
  awk '/^\[/ { skip = $0 ~ /^\[\[(bin|test|bench|example)\]/ } !skip && !/^(build|links) = /' \
    "$crate/Cargo.toml" >"$out/manifest"
  sum=$(sed -n 's/.*"package":"\([0-9a-f]*\)".*/\1/p' "$crate/.cargo-checksum.json")
  lib=$(sed -n '/^\[lib\]/,/^\[/ s/^path = "\(.*\)"/\1/p' "$out/manifest")
  lib=${lib:-src/lib.rs} # where it is if the manifest does not say
  rm -rf "$crate"
  mkdir -p "$(dirname "$crate/$lib")"
  mv "$out/manifest" "$crate/Cargo.toml"
  : >"$crate/$lib"
  printf '{"files":{},"package":"%s"}\n' "$sum" >"$crate/.cargo-checksum.json"
done
