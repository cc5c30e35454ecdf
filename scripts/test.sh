#!/usr/bin/env bash
# Everything that must hold, from formatting to the lab: what `make test` and CI run.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "packages"
# All of them now: nobody waits for a question that comes after half an hour.
scripts/packages.sh build lab vm kernel lint decky flatpak

step "tools"
command -v cargo-nextest >/dev/null || cargo install --locked cargo-nextest
command -v cargo-deny >/dev/null || cargo install --locked --debug cargo-deny

step "format, lints, licences, scripts"
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
cargo deny --log-level error check bans licenses sources
shellcheck scripts/*.sh packaging/kernel/*.sh packaging/kernel/measure/measure.sh packaging/steamos/install.sh packaging/deb/{postinst,prerm,postrm}

step "no test is switched off"
if grep -rnE '#\[ignore' --include='*.rs' app core dbus evidence helper probe tests; then
  echo "a test is ignored: mend it or remove it" >&2
  exit 1
fi

step "the steering's vectors are those of the reference"
python3 core/tests/reference/steering.py compare core/tests/golden

step "build"
cargo build --workspace --bins --examples --locked

step "the quick virtual machine's kernel"
scripts/vm-kernel.sh "${CARGO_TARGET_DIR:-target}/vm"

step "the kernel with our patch: its build begins"
# In what processor time the tests leave idle, and in a session of its own, so that it can be ended whole.
EVENKEEL_KERNEL_CACHE=${EVENKEEL_KERNEL_CACHE:-${CARGO_TARGET_DIR:-target}/kernel}
mkdir -p "$EVENKEEL_KERNEL_CACHE"
EVENKEEL_KERNEL_CACHE=$(cd "$EVENKEEL_KERNEL_CACHE" && pwd)
export EVENKEEL_KERNEL_CACHE
kernel_log=$EVENKEEL_KERNEL_CACHE/build.log
kernel_script=$PWD/packaging/kernel/build.sh
(cd "$EVENKEEL_KERNEL_CACHE" && exec setsid chrt --idle 0 "$kernel_script" ours) >"$kernel_log" 2>&1 &
kernel_build=$!
trap 'kill -- "-$kernel_build" 2>/dev/null || true' EXIT
echo "its log is $kernel_log"

step "tests"
# The lab makes network and mount namespaces, which takes root; only the tests get it.
if [ "$(id -u)" -ne 0 ]; then
  triple=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
  export "CARGO_TARGET_${triple}_RUNNER=sudo -E"
  # The build took longer than sudo remembers: ask once here, and keep it, or every test would ask.
  sudo -v
  while sleep 60 && kill -0 $$ 2>/dev/null && sudo -n -v; do :; done &
fi
# The soft limit only: the lab raises it where it needs more.
ulimit -S -n 4096 || true
# One more than there are processors: most of the lab's tests wait most of their time.
cargo nextest run --workspace --locked --no-fail-fast --test-threads "$(($(nproc) + 1))"

step "the Decky plugin: built, its parts, its panel in a browser"
scripts/test-decky.sh fast

step "the Flatpak: what holds without building it"
scripts/test-flatpak.sh fast

step "examples in the documentation"
cargo test --workspace --doc --locked --quiet

# Heavy, and with packages to download; CONTRIBUTING says how long it takes.
if [ "${EVENKEEL_TEST_PACKAGES:-}" = yes ]; then
  step "packages: built, installed, used, upgraded, removed"
  scripts/test-packages.sh
fi

step "the kernel with our patch, in a virtual machine"
echo "waiting for its build"
if ! wait "$kernel_build"; then
  tail -n 60 "$kernel_log" >&2
  echo "test.sh: the kernel with our patch didn't build; the whole log is $kernel_log" >&2
  exit 1
fi
trap - EXIT
tail -n 2 "$kernel_log"
scripts/test-kernel.sh ours

# Each takes minutes to build; CONTRIBUTING says how long.
if [ "${EVENKEEL_TEST_KERNELS:-}" = all ]; then
  step "the other kernels: stock, two like the original, and ours with KASAN"
  scripts/test-kernel.sh stock original-v1 original-v2 ours-kasan
fi
