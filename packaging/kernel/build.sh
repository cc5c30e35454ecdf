#!/bin/bash
# Builds the kernels of the test machines and prints the path of each bzImage.
#
#   packaging/kernel/build.sh KERNEL...
#
#   stock         Debian's linux-source-6.12, unchanged
#   ours          with evenkeel-lowpower-6.12.patch
#   original-v1   with a patch that behaves like the original's first generation (for tests)
#   original-v2   and like its second
#   ours-kasan    ours, watched by KASAN and lockdep, with the patch's KUnit tests
#
# A kernel that was built from the same source, patch, configuration, compiler and script is not
# built again. Everything lies below ${EVENKEEL_KERNEL_CACHE:-target/kernel}; nothing outside is
# touched. Messages go to standard error.
#
# What it needs (Debian): linux-source-6.12 flex bison bc libelf-dev libssl-dev build-essential
# xz-utils patch. Room: 3 GB.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${EVENKEEL_KERNEL_CACHE:-$here/../../target/kernel}
tarball=${EVENKEEL_KERNEL_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
jobs=${EVENKEEL_KERNEL_JOBS:-$(nproc)}

say() { echo "build.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

# Sets patch and fragments for a kernel's name.
recipe() {
    patch="" fragments=("$here/config.fragment")
    case $1 in
    stock) ;;
    ours) patch=$here/evenkeel-lowpower-6.12.patch fragments+=("$here/config.ours") ;;
    ours-kasan)
        patch=$here/evenkeel-lowpower-6.12.patch
        fragments+=("$here/config.ours" "$here/config.kasan")
        ;;
    original-v1 | original-v2) patch=$here/variants/$1.patch ;;
    *) fail "no kernel is called '$1'; there are stock, ours, original-v1, original-v2 and ours-kasan" ;;
    esac
}

# One name for everything that goes into the kernel.
content() {
    {
        echo "$1 $source_sum"
        gcc --version | head -n 1
        cat "$here/build.sh" "${fragments[@]}" ${patch:+"$patch"}
    } | sha256sum | cut -c 1-16
}

# The source's files as they were, with their old times: whatever was built from them stays valid.
unpatch() {
    [ -e "$cache/patched" ] || return 0
    local file
    while read -r file; do
        if [ -e "$cache/original/$file" ]; then
            cp -p "$cache/original/$file" "$tree/$file"
        else
            rm -f "$tree/$file"
        fi
    done <"$cache/patched"
    rm -rf "$cache/original" "$cache/patched"
}

apply() {
    patch -d "$tree" -p1 --dry-run --fuzz=0 --silent <"$1" >&2 ||
        fail "$(basename "$1") doesn't fit $(basename "$tree"); nothing was changed. The patch was made for 6.12.117"
    local file
    sed -n 's|^+++ b/||p' "$1" >"$cache/patched.new"
    while read -r file; do
        [ -e "$tree/$file" ] || continue
        mkdir -p "$cache/original/$(dirname "$file")"
        cp -p "$tree/$file" "$cache/original/$file"
    done <"$cache/patched.new"
    mv "$cache/patched.new" "$cache/patched"
    patch -d "$tree" -p1 --fuzz=0 --silent --no-backup-if-mismatch <"$1" >&2
}

kernel_make() {
    make -C "$tree" O="$cache/object" ARCH=x86_64 -j "$jobs" KBUILD_BUILD_TIMESTAMP=2026-01-01 \
        KBUILD_BUILD_USER=evenkeel KBUILD_BUILD_HOST=evenkeel "$@"
}

# olddefconfig drops what it can't have without a word.
check_config() {
    local wanted option missing=0
    while read -r wanted; do
        case $wanted in
        CONFIG_*=*) option=${wanted%%=*} ;;
        "# CONFIG_"*" is not set") option=${wanted#\# } option=${option%% *} ;;
        *) continue ;;
        esac
        # A later fragment may say otherwise.
        [ "$(cat "${fragments[@]}" | grep -E "^(# )?${option}[ =]" | tail -n 1)" = "$wanted" ] || continue
        case $wanted in
        CONFIG_*) grep -qxF "$wanted" "$cache/object/.config" ;;
        *) ! grep -q "^$option=" "$cache/object/.config" ;;
        esac || { say "the configuration lost '$wanted'"; missing=1; }
    done < <(cat "${fragments[@]}")
    [ "$missing" = 0 ] || fail "nothing was built; see the options above"
}

build() {
    local kernel=$1 image=$2 log=$cache/$1.log began=$SECONDS
    # Patched kernels begin with a copy of the stock one's objects, so that only what the patch
    # touches is compiled; never with their own, which an older patch may have touched elsewhere.
    # All are built under one path: objtool is rebuilt, and with it everything, where it changes.
    rm -rf "$cache/object"
    if [ "$kernel" != ours-kasan ] && [ -d "$cache/stock" ]; then
        cp -a --reflink=auto "$cache/stock" "$cache/object"
    else
        mkdir "$cache/object"
    fi
    trap unpatch EXIT
    [ -z "$patch" ] || apply "$patch"
    kernel_make tinyconfig >"$log" 2>&1 || fail "no configuration; see $log"
    "$tree/scripts/kconfig/merge_config.sh" -m -O "$cache/object" "$cache/object/.config" \
        "${fragments[@]}" >>"$log" 2>&1 || fail "the configuration can't be merged; see $log"
    kernel_make olddefconfig >>"$log" 2>&1 || fail "no configuration; see $log"
    check_config
    say "building $kernel with $jobs jobs; the log is $log"
    kernel_make bzImage >>"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "$kernel didn't build"; }
    unpatch
    trap - EXIT
    cp "$cache/object/arch/x86/boot/bzImage" "$image.new"
    mv "$image.new" "$image"
    if [ "$kernel" = stock ]; then
        rm -rf "$cache/stock"
        mv "$cache/object" "$cache/stock"
    else
        rm -rf "$cache/object"
    fi
    say "$kernel took $((SECONDS - began)) s"
}

[ $# -gt 0 ] || fail "which kernels? See the head of this file"
for kernel; do recipe "$kernel"; done
[ -r "$tarball" ] || fail "$tarball isn't there: install linux-source-6.12, or name one with EVENKEEL_KERNEL_SOURCE"
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
exec 9>"$cache/lock"
flock 9
source_sum=$(sha256sum "$tarball" | cut -c 1-16)
tree=$cache/source-$source_sum
if [ ! -e "$tree.unpacked" ]; then
    say "unpacking $tarball"
    rm -rf "$tree" && mkdir "$tree"
    # Without two thirds of it: code of other machines, graphics, cards, sound.
    tar -C "$tree" --strip-components 1 --exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/net/*/*.[ch]' \
        --exclude='*/drivers/media/*.[ch]' --exclude='*/drivers/staging/*.[ch]' --exclude='*/sound/*/*.[ch]' \
        --exclude='*/arch/a*/*.[chS]' --exclude='*/arch/[mps]*/*.[chS]' --exclude='*/tools/testing/*' \
        --exclude='*.dts*' --exclude='*.rst' -xf "$tarball"
    touch "$tree.unpacked"
fi
unpatch

for kernel; do
    recipe "$kernel"
    image=$cache/bzImage-$kernel-$(content "$kernel")
    if [ -e "$image" ]; then
        say "$kernel is there already"
    else
        build "$kernel" "$image"
    fi
    echo "$image"
done
