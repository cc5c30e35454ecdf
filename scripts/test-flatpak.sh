#!/usr/bin/env bash
# Builds the Flatpak against a runtime made of Debian's packages and runs it in the lab: what
# `make test-flatpak` does.
#   scripts/test-flatpak.sh [fast]
# `fast` builds nothing: it checks the manifest, the archives that a build without a network gets, and
# what software centres will read. What CI runs on every commit. That no permission was added is held by
# tests/tests/flatpak, which `make test` runs with the other tests.
set -euo pipefail
cd "$(dirname "$0")/.."
fast=""
case "${1:-}" in
  "") ;;
  fast) fast=1 ;;
  *) echo "usage: test-flatpak.sh [fast]" >&2; exit 2 ;;
esac
out=$(realpath -m "${CARGO_TARGET_DIR:-target}")/flatpak
id=io.github.evenkeel.Evenkeel

step() { printf '\n== %s\n' "$*"; }

work=$out/fast
check() {
  scripts/packages.sh build lint flatpak
  rm -rf "$work"
  trap 'rm -rf "$work"' EXIT

  step "the archives"
  packaging/flatpak/build.sh --sources "$work"

  step "the manifest: no key that flatpak-builder does not know"
  local said
  said=$(flatpak-builder --show-manifest "$work/sources/$id.yml" 2>&1 >"$work/manifest.json")
  [ -z "$said" ] || { echo "$said" >&2; exit 1; }

  step "the crates: all that a build without a network asks for"
  mkdir -p "$work/build/cargo"
  tar -C "$work/build" --strip-components=1 -xf "$work/sources/evenkeel.tar"
  tar -C "$work/build/cargo" -xf "$work/sources/vendor.tar"
  python3 - "$work/sources/sources.json" >"$work/build/cargo/config.toml" <<'PYTHON'
import json, sys
print(next(source["contents"] for source in json.load(open(sys.argv[1])) if source["type"] == "inline"))
PYTHON
  (cd "$work/build" && CARGO_HOME=$work/build/cargo cargo metadata --locked --offline --format-version 1 >/dev/null)

  step "what is installed: metainfo, desktop file, icons"
  cargo build --locked --quiet -p evenkeel
  DESTDIR=$work/tree PREFIX=/app BUILD_DIR=$(realpath "$out/..")/debug scripts/install.sh install flatpak
  ln -s app "$work/tree/usr"
  appstreamcli validate-tree --no-net "$work/tree"
  desktop-file-validate "$work/tree/app/share/applications/$id.desktop"
  for icon in scalable/apps/$id.svg symbolic/apps/$id-symbolic.svg {128x128,256x256}/apps/$id.png; do
    [ -s "$work/tree/app/share/icons/hicolor/$icon" ] || { echo "no icon $icon" >&2; exit 1; }
  done
}

# Real portals, unpacked and not installed: the session buses of all other tests would start them.
unpack_portals() {
  local portals=$out/portals archives=$out/portal-packages
  [ ! -e "$portals/usr/libexec/xdg-desktop-portal" ] || return 0
  rm -rf "$portals" "$archives"
  mkdir -p "$portals" "$archives"
  (cd "$archives" && apt-get -qq -o APT::Sandbox::User=root download \
    xdg-desktop-portal xdg-desktop-portal-gtk libpipewire-0.3-0)
  for deb in "$archives"/*.deb; do dpkg-deb -x "$deb" "$portals"; done
  cp -P "$portals"/usr/lib/*-linux-gnu*/libpipewire-* "$portals/usr/lib/"
  rm -rf "$archives"
  chmod -R go+rX "$portals"
}

if [ -n "$fast" ]; then
  check
  exit 0
fi

scripts/packages.sh build lab flatpak
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
unpack_portals

cargo build --locked --quiet -p evenkeeld -p evenkeel -p evenkeel-lab
if [ "$(id -u)" -ne 0 ]; then
  triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
  export "CARGO_TARGET_${triple}_RUNNER=sudo -E"
fi
EVENKEEL_FLATPAK=$out cargo nextest run --locked -p evenkeel-lab --test flatpak --ignore-default-filter --no-fail-fast
