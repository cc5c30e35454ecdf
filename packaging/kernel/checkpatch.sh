#!/bin/bash
# The kernel's own style check on our patch, strict and without exceptions:
#
#   packaging/kernel/checkpatch.sh
#
# By the checkpatch.pl of the source that build.sh has unpacked. What it needs: perl.
# --no-signoff: who sends the patch to the kernel's list signs it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${EVENKEEL_KERNEL_CACHE:-$here/../../target/kernel}
tree=$(find "$cache" -mindepth 1 -maxdepth 1 -name 'source-*' -type d | head -n 1)
if [ -z "$tree" ] || [ ! -e "$tree/scripts/checkpatch.pl" ]; then
    echo "checkpatch.sh: there is no kernel source below $cache: let build.sh build a kernel first" >&2
    exit 1
fi
cd "$tree"
perl scripts/checkpatch.pl --strict --no-signoff --color=never --terse "$here/evenkeel-lowpower-6.12.patch"
