#!/usr/bin/env bash
# Builds the Flatpak from this tree, with the network off.
#
#   packaging/flatpak/build.sh [--local-runtime | --sources] DIRECTORY
#
# makes in DIRECTORY: sources/ (the manifest, sources.json, and archives of the tree and of the vendored
# crates), app/ (the built tree), repo/ and io.github.evenkeel.Evenkeel.flatpak. It is built against the
# store's SDK if that is installed, else, or with --local-runtime, against what runtime.sh makes in
# DIRECTORY/runtime. With --sources it stops after sources/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
id=io.github.evenkeel.Evenkeel

local_runtime="" sources_only=""
case "${1:-}" in
  --local-runtime) local_runtime=1; shift ;;
  --sources) sources_only=1; shift ;;
esac
out=$(realpath -m "${1:?usage: build.sh [--local-runtime | --sources] DIRECTORY}")
if [ -z "$local_runtime$sources_only" ] && ! flatpak info org.freedesktop.Sdk.Extension.rust-stable >/dev/null 2>&1; then
  echo "The store's SDK is not installed: building against one made of Debian's packages."
  local_runtime=1
fi
if [ -n "$local_runtime" ]; then
  "$here/runtime.sh" "$out/runtime"
  export FLATPAK_USER_DIR=$out/runtime/installation
fi
sources=$out/sources
rm -rf "$sources" "$out/app" "$out/repo" "$out/$id.flatpak"
mkdir -p "$sources"
# The time everything bears, so that the same commit gives the same bytes.
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH=$epoch

# An archive that depends on names and contents alone.
pack() {
  tar --create --format=gnu --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "$@"
}

# The files of this tree: committed ones, and those that could be.
tree() {
  git -C "$top" ls-files -z --cached --others --exclude-standard | LC_ALL=C sort -z |
    while IFS= read -r -d '' file; do
      [ ! -f "$top/$file" ] || printf '%s\0' "$file"
    done
}

echo "packing the tree and the crates of Cargo.lock ..."
tree | pack --directory="$top" --null --files-from=- --transform='s,^,evenkeel/,' --file="$sources/evenkeel.tar"
"$here/vendor.sh" "$out/vendor"
pack --directory="$out" --file="$sources/vendor.tar" vendor
rm -rf "$out/vendor"

sum() { sha256sum "$sources/$1" | cut -d' ' -f1; }
cat >"$sources/sources.json" <<JSON
[
  { "type": "archive", "path": "evenkeel.tar", "sha256": "$(sum evenkeel.tar)" },
  { "type": "archive", "path": "vendor.tar", "sha256": "$(sum vendor.tar)", "dest": "cargo/vendor" },
  { "type": "inline", "dest": "cargo", "dest-filename": "config.toml",
    "contents": "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"cargo/vendor\"\n" }
]
JSON
cp "$here/$id.yml" "$sources/"
[ -z "$sources_only" ] || exit 0

# Flatpak before 1.16 refuses a device that it does not know. Then the line is left out and put into the
# metadata afterwards, as a newer one writes it.
first=$(printf '%s\n' 1.16.0 "$(flatpak --version | cut -d' ' -f2)" | sort -V | head -n1)
old=""
[ "$first" = 1.16.0 ] || old=1
[ -z "$old" ] || sed -i '/^ *- --device=input$/d' "$sources/$id.yml"

echo "building ..."
flatpak-builder --state-dir="$out/state" --disable-rofiles-fuse --disable-download --delete-build-dirs \
  --force-clean "$out/app" "$sources/$id.yml"
[ -z "$old" ] || sed -i 's/^shared=.*/&\ndevices=input;/' "$out/app/metadata"

ostree init --repo="$out/repo" --mode=archive
flatpak build-export --timestamp="$(date -u -d "@$epoch" +%FT%TZ)" "$out/repo" "$out/app" stable
# A bundle says when it was made, and has no option for that.
TZ=UTC faketime -f "$(date -u -d "@$epoch" '+%F %T')" \
  flatpak build-bundle "$out/repo" "$out/$id.flatpak" "$id" stable
