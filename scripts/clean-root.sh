#!/usr/bin/env bash
# A Debian system with nothing in it but what no Debian is without, and beside it, downloaded and not
# installed, all that a package says it needs: for the test that this is enough. Needs root.
#   scripts/clean-root.sh DIRECTORY DEB
# makes DIRECTORY/root, or uses the one that was made before for the same system.
set -euo pipefail
[ $# -eq 2 ] || { sed -n 's/^# \{0,1\}//; 2,5p' "$0" >&2; exit 2; }
out=$(realpath -m "$1")
deb=$(realpath "$2")
root=$out/root
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:?this is no Debian with a name}")
command -v mmdebstrap >/dev/null || { echo "clean-root.sh: mmdebstrap is missing (Debian package mmdebstrap)" >&2; exit 1; }

# This system's own package sources.
sources=$out/sources
mkdir -p "$out"
# Whoever comes second takes what the first one made.
exec 9>"$out/lock"
flock 9
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list >"$sources.list" 2>/dev/null || true
cat /etc/apt/sources.list.d/*.sources >"$sources.sources" 2>/dev/null || true
given=()
for file in "$sources.list" "$sources.sources"; do if [ -s "$file" ]; then given+=("$file"); fi; done

if [ "$(cat "$out/key" 2>/dev/null || true)" != "$suite" ]; then
  rm -rf "$root"
  mmdebstrap --quiet --mode=root --variant=apt --skip=cleanup/apt "$suite" "$root" "${given[@]}"
  echo "$suite" >"$out/key"
fi
install -m 644 "$deb" "$root/var/cache/evenkeel.deb"
# Once without and once with what is only recommended.
for option in --no-install-recommends --install-recommends; do
  chroot "$root" apt-get -qq --yes --download-only "$option" install /var/cache/evenkeel.deb >/dev/null
done
