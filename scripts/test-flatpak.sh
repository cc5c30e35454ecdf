#!/usr/bin/env bash
# Builds the Flatpak against a runtime made of Debian's packages and runs it in the lab: what
# `make test-flatpak` does.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh build lab flatpak
out=$(realpath -m "${CARGO_TARGET_DIR:-target}")/flatpak
id=io.github.evenkeel.Evenkeel

packaging/flatpak/build.sh --local-runtime "$out"

# A Flatpak that is too old for the package refuses it, and is right: it would leave the gamepad out.
# For the tests only that one line is taken from a copy of the metadata.
export FLATPAK_USER_DIR=$out/runtime/installation
sed '/^required-flatpak=/d' "$out/app/metadata" >"$out/metadata"
rm -rf "$out/trial"
ostree init --repo="$out/trial" --mode=bare-user-only
flatpak build-export --metadata="../metadata" "$out/trial" "$out/app" stable >/dev/null
flatpak --user remote-add --no-gpg-verify --if-not-exists trial "file://$out/trial"
flatpak --user uninstall --assumeyes --noninteractive "$id" 2>/dev/null || true
flatpak --user install --assumeyes --noninteractive --no-related trial "$id//stable"
# A person's own installation is closed to others; in the lab it is the system's.
chmod -R go+rX "$FLATPAK_USER_DIR"

cargo build --locked --quiet -p evenkeeld -p evenkeel -p evenkeel-lab
if [ "$(id -u)" -ne 0 ]; then
  triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
  export "CARGO_TARGET_${triple}_RUNNER=sudo -E"
fi
EVENKEEL_FLATPAK=$out cargo nextest run --locked -p evenkeel-lab --test flatpak --ignore-default-filter --no-fail-fast
