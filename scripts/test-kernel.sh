#!/usr/bin/env bash
# Builds the test kernels that are not built yet and runs the whole list on each in a virtual machine:
# what `make test-kernel` runs.
#   scripts/test-kernel.sh [KERNEL...]   all of them, or some of: stock ours original-v1 original-v2 ours-kasan
# CONTRIBUTING says how long it takes. EVENKEEL_KERNEL_<NAME>=IMAGE takes another image for a kernel.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- stock ours original-v1 original-v2 ours-kasan
filter=""
for kernel in "$@"; do
  case "$kernel" in
    stock | ours | original-v1 | original-v2 | ours-kasan) ;;
    *) echo "test-kernel.sh: no kernel is called $kernel" >&2; exit 2 ;;
  esac
  filter+="${filter:+ | }test(/^${kernel//-/_}::/)"
done

scripts/packages.sh build lab vm kernel
command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
cargo build --workspace --bins --locked

# Built here and not by the tests, which run as root: a person sees how far it is.
cache=${EVENKEEL_KERNEL_CACHE:-${CARGO_TARGET_DIR:-target}/kernel}
mkdir -p "$cache"
EVENKEEL_KERNEL_CACHE=$(cd "$cache" && pwd)
export EVENKEEL_KERNEL_CACHE
for kernel in "$@"; do
  variable=EVENKEEL_KERNEL_$(tr 'a-z-' 'A-Z_' <<<"$kernel")
  [ -z "${!variable:-}" ] || continue
  packaging/kernel/build.sh "$kernel"
  [ "$kernel" != ours ] || packaging/kernel/checkpatch.sh
done

# Namespaces and control groups take root; only the tests get it.
if [ "$(id -u)" -ne 0 ]; then
  triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
  export "CARGO_TARGET_${triple}_RUNNER=sudo -E"
fi
# All packages are named and one test is built: the features are those of `make test`, nothing is built twice.
cargo nextest run --workspace --test vm_kernels --locked --no-fail-fast --ignore-default-filter --no-capture \
  -E "$filter"
