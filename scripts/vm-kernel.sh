#!/usr/bin/env bash
# Makes the quick virtual machine's kernel ready: the distribution's prebuilt cloud kernel, unpacked
# and not installed, and our small module built against its headers. Prints the directory that holds
#   vmlinuz  lib/modules/VERSION/  lowpower_stub.ko
#   scripts/vm-kernel.sh DIRECTORY     where to keep it, e.g. target/vm
# What is there is used as it is, for as long as the module and this script stay the same; remove the
# directory to have a newer kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source_dir=$here/../tests/vm/module
keep=${1:?usage: vm-kernel.sh DIRECTORY}
mkdir -p "$keep"
keep=$(cd "$keep" && pwd)

say() { echo "vm-kernel.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

hash=$(cat "$source_dir"/lowpower_stub.c "$source_dir"/Makefile "$here/vm-kernel.sh" | sha256sum | cut -c1-12)
ready=$keep/cloud-$hash
exec 9>"$keep/lock"
flock 9
if [ -e "$ready/vmlinuz" ]; then
  echo "$ready"
  exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  fail "this system has no apt-get; the quick virtual machine takes Debian's prebuilt cloud kernel"
fi
[ "$(dpkg --print-architecture)" = amd64 ] || fail "the virtual machine is for amd64 only"
for tool in make gcc depmod; do
  command -v "$tool" >/dev/null || fail "\`$tool\` is missing; run scripts/packages.sh build vm"
done

work=$(mktemp -d "$keep/making.XXXXXX")
trap 'rm -rf "$work"' EXIT

# One package another one depends on, by the beginning of its name.
depends() { apt-cache depends "$1" | sed -n "s/^  Depends: \($2.*\)/\1/p" | head -n 1; }
fetch() {
  local image headers
  image=$(depends linux-image-cloud-amd64 linux-image-)
  [ -n "$image" ] || return 1
  headers=linux-headers-${image#linux-image-}
  (cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$image" "$headers" \
    "$(depends "$headers" linux-headers-)" "$(depends "$headers" linux-kbuild-)" >&2)
}
if ! fetch; then
  say "the package lists may be old: fetching them anew"
  if [ "$(id -u)" -eq 0 ]; then apt-get update -qq >&2; else sudo apt-get update -qq >&2; fi
  fetch || fail "linux-image-cloud-amd64 and its headers can't be downloaded; see above"
fi
for package in "$work"/*.deb; do
  dpkg -x "$package" "$work/root"
done

version=$(ls "$work/root/lib/modules" 2>/dev/null || ls "$work/root/usr/lib/modules")
headers=$work/root/usr/src/linux-headers-$version
# It is not installed, so it names places that are not there.
sed -i "s|/usr/|$work/root/usr/|g" "$headers/Makefile"
mkdir "$work/module" "$work/done"
cp "$source_dir"/lowpower_stub.c "$source_dir"/Makefile "$work/module"
make -s -C "$headers" M="$work/module" CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; fail "the module can't be built against $version"; }

modules=$work/root/lib/modules
[ -d "$modules" ] || modules=$work/root/usr/lib/modules
mkdir "$work/done/lib"
mv "$modules" "$work/done/lib/modules"
rm -f "$work/done/lib/modules/$version"/{build,source}
depmod -b "$work/done" "$version"
cp "$work/module/lowpower_stub.ko" "$work/done"
cp "$work/root/boot/vmlinuz-$version" "$work/done/vmlinuz"
rm -rf "$ready"
mv "$work/done" "$ready"
say "$version is ready"
echo "$ready"
