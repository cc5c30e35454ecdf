#!/usr/bin/env bash
# A Flatpak runtime, SDK and Rust extension made of Debian's packages and this machine's Rust, in an
# installation of its own: for building and trying the Flatpak where the store's runtime cannot be
# had. They bear the names the manifest asks for, so that the manifest is used as it is. Not for users.
#
#   packaging/flatpak/runtime.sh DIRECTORY    makes DIRECTORY/{repo,installation}, or does nothing if the
#                                             same were made before
# Nothing of this machine's own Flatpak installations is read or changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

out=$(realpath -m "${1:?usage: runtime.sh DIRECTORY}")
manifest=$here/io.github.evenkeel.Evenkeel.yml
branch=$(sed -n "s/^runtime-version: *'\(.*\)'/\1/p" "$manifest")
arch=$(flatpak --default-arch)
sysroot=$(rustc --print sysroot)
key=$({ cat "$0"; rustc -vV; echo "$branch"; } | sha256sum)
[ "$(cat "$out/key" 2>/dev/null || true)" = "$key" ] && exit 0

export FLATPAK_USER_DIR=$out/installation
# What root's own settings and sources say shall not matter.
export HOME=$out/home XDG_DATA_HOME=$out/home/data XDG_CACHE_HOME=$out/home/cache

# What a program may count on in the real runtime, as far as ours uses it.
runtime_packages=(bash coreutils dash libc-bin libc6 libgcc-s1 libudev1 libwayland-client0 libwayland-cursor0
  libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon0 libxkbcommon-x11-0 libxrandr2 xkb-data)
sdk_packages=("${runtime_packages[@]}" appstream-util binutils diffutils findutils gawk gcc grep gzip libc6-dev
  libudev-dev libwayland-dev libxkbcommon-dev make pkgconf pkgconf-bin sed
  shared-mime-info tar)

rm -rf "$out"
mkdir -p "$HOME"
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# unpack ROOT PACKAGE ...: the packages and all they depend on, without running their scripts.
unpack() {
  local root=$1 archives=$1.archives dir deb
  shift
  # With an empty status file nothing counts as installed.
  : >"$work/status"
  mkdir -p "$archives/partial"
  apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Dir::State::status="$work/status" \
    -o Dir::Cache::archives="$archives" --no-install-recommends --download-only --yes install "$@" >/dev/null
  mkdir -p "$root/usr"
  for dir in bin sbin lib lib64; do
    mkdir -p "$root/usr/$dir"
    ln -s "usr/$dir" "$root/$dir"
  done
  for deb in "$archives"/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink --no-same-owner -C "$root"
  done
  # What Debian makes by scripts that did not run.
  [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
  [ -e "$root/usr/bin/awk" ] || [ ! -e "$root/usr/bin/gawk" ] || ln -s gawk "$root/usr/bin/awk"
  [ -e "$root/usr/bin/cc" ] || [ ! -e "$root/usr/bin/gcc" ] || ln -s gcc "$root/usr/bin/cc"
  # appstream-compose tells an icon's format by it.
  if [ -d "$root/usr/share/mime" ]; then
    bwrap --bind "$root" / --proc /proc --dev /dev --unshare-all update-mime-database /usr/share/mime
  fi
  rm -rf "$root/usr/share/"{doc,man,locale,info,lintian}
}

# tree NAME ROOT: an unpacked root in the shape of a runtime, whose files are a system's /usr.
tree() {
  mkdir -p "$work/$1"
  mv "$2/usr" "$work/$1/files"
  cp -a "$2/etc" "$work/$1/files/etc"
  mkdir -p "$work/$1/files/lib/sdk"
}

metadata() {
  printf '[Runtime]\nname=%s\nruntime=org.freedesktop.Platform/%s/%s\nsdk=org.freedesktop.Sdk/%s/%s\n' \
    "$1" "$arch" "$branch" "$arch" "$branch"
  printf '\n[Environment]\nLD_LIBRARY_PATH=/app/lib\n'
}

unpack "$work/platform-root" "${runtime_packages[@]}"
tree platform "$work/platform-root"
metadata org.freedesktop.Platform >"$work/platform/metadata"

unpack "$work/sdk-root" "${sdk_packages[@]}"
tree sdk "$work/sdk-root"
{
  metadata org.freedesktop.Sdk
  printf '\n[Extension org.freedesktop.Sdk.Extension]\ndirectory=lib/sdk\nsubdirectories=true\nno-autodownload=true\n'
} >"$work/sdk/metadata"

mkdir -p "$work/rust/files"
cp -a "$sysroot/bin" "$sysroot/lib" "$work/rust/files/"
printf '[Runtime]\nname=org.freedesktop.Sdk.Extension.rust-stable\n\n[ExtensionOf]\nref=runtime/org.freedesktop.Sdk/%s/%s\n' \
  "$arch" "$branch" >"$work/rust/metadata"

ostree init --repo="$out/repo" --mode=bare-user-only
for name in platform sdk rust; do
  flatpak build-export --disable-sandbox --no-update-summary --runtime --arch="$arch" --files=files \
    "$out/repo" "$work/$name" "$branch" >/dev/null
done
flatpak build-update-repo --no-update-appstream "$out/repo" >/dev/null
flatpak --user remote-add --no-gpg-verify --if-not-exists local "file://$out/repo"
flatpak --user install --assumeyes --noninteractive --no-related local \
  "org.freedesktop.Platform//$branch" "org.freedesktop.Sdk//$branch" \
  "org.freedesktop.Sdk.Extension.rust-stable//$branch" >/dev/null
echo "$key" >"$out/key"
