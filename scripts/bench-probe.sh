#!/usr/bin/env bash
# Compares the jitter our probes see with that of ping and fping: same path, same count, same interval, same
# time. First on the machine as it is, then with one busy loop per core. Each is done in several rounds, and
# the median of the rounds' ratios is what counts: one hiccup of a virtual machine makes a round's worst probe.
#
#   scripts/bench-probe.sh [COUNT] [INTERVAL_MS] [ROUNDS]    (default 150 probes, 50 ms apart, 5 rounds; needs root)
#
# The path is a veth pair between two namespaces made for the run and removed after it. To put the lab's link
# emulator in between, set EVENKEEL_LAB to the evenkeel-lab binary; EVENKEEL_LINK (default
# "delay_us=10000") says what the link does in each direction, in the emulator's words.
#
# EVENKEEL_PING names the evenkeel-ping binary; without it, it is built in release mode.
set -euo pipefail

count=${1:-150}
interval_ms=${2:-50}
rounds=${3:-5}
[[ $count =~ ^[0-9]+$ && $interval_ms =~ ^[0-9]+$ && $rounds =~ ^[1-9][0-9]*$ ]] || {
    echo "usage: $0 [COUNT] [INTERVAL_MS] [ROUNDS]" >&2
    exit 2
}
[[ $(id -u) -eq 0 ]] || { echo "$0: needs root to make network namespaces; nothing was changed" >&2; exit 2; }
for tool in ip ping fping awk sysctl perl chrt; do
    command -v "$tool" >/dev/null || { echo "$0: $tool is missing; install it and run again" >&2; exit 2; }
done

here=$(cd "$(dirname "$0")/.." && pwd)
ours=${EVENKEEL_PING:-}
if [[ -z $ours ]]; then
    (cd "$here" && cargo build --quiet --release -p evenkeel-probe --example evenkeel-ping)
    ours=${CARGO_TARGET_DIR:-$here/target}/release/examples/evenkeel-ping
fi

a=ekb-a-$$ m=ekb-m-$$ b=ekb-b-$$ target=10.77.0.2
work=$(mktemp -d)
children=()
cleanup() {
    for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    for ns in "$a" "$m" "$b"; do ip netns del "$ns" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

for ns in "$a" "$b"; do ip netns add "$ns"; done
if [[ -n ${EVENKEEL_LAB:-} ]]; then
    ip netns add "$m"
    ip link add up0 netns "$a" type veth peer name in0 netns "$m"
    ip link add up0 netns "$b" type veth peer name out0 netns "$m"
    ip netns exec "$m" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
    for i in in0 out0; do ip -n "$m" link set "$i" up; done
    link=${EVENKEEL_LINK:-delay_us=10000}
    path="emulated, $link each way"
else
    ip link add up0 netns "$a" type veth peer name up0 netns "$b"
    path="a veth pair, no delay"
fi
ip -n "$a" addr add 10.77.0.1/24 dev up0
ip -n "$b" addr add "$target/24" dev up0
for ns in "$a" "$b"; do ip -n "$ns" link set up0 up; done
ip netns exec "$a" sysctl -qw net.ipv4.ping_group_range="0 2147483647"
if [[ -n ${EVENKEEL_LAB:-} ]]; then
    # Real-time and awake early: its own lateness would hide the difference between the probes.
    ip netns exec "$m" chrt --fifo 50 "$EVENKEEL_LAB" emulate --spin-us 2000 --control "$work/control" in0 out0 \
        >"$work/emulator" 2>&1 &
    children+=($!)
    for _ in $(seq 50); do [[ -S $work/control ]] && break; sleep 0.1; done
    answer=$(perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new(Peer => shift) or die "$!\n"; print $s shift, "\n"; $s->flush; print scalar <$s>' \
        "$work/control" "both $link")
    [[ $answer == ok* ]] || { echo "$0: the emulator refused \"$link\": $answer" >&2; exit 1; }
fi
for _ in $(seq 20); do ip netns exec "$a" ping -qc1 -W1 "$target" >/dev/null && up=1 && break; done
[[ -n ${up:-} ]] || { echo "$0: the path carries nothing; nothing was measured" >&2; cat "$work/emulator" >&2 || true; exit 1; }

# One round: all three at once, each to a file with one microsecond figure per line.
round() {
    local pids=() seconds
    seconds=$(awk -v i="$interval_ms" 'BEGIN { print i / 1000 }')
    ip netns exec "$a" "$ours" --iface up0 --count "$count" --interval-ms "$interval_ms" "$target" \
        >"$work/ours" 2>"$work/ours.log" & pids+=($!)
    ip netns exec "$a" ping -n -I up0 -i "$seconds" -c "$count" "$target" >"$work/ping.raw" & pids+=($!)
    ip netns exec "$a" fping -I up0 -p "$interval_ms" -c "$count" "$target" >"$work/fping.raw" 2>/dev/null & pids+=($!)
    for pid in "${pids[@]}"; do wait "$pid"; done
    sed -i '/^-/d' "$work/ours"
    sed -n 's/.* time=\([0-9.]*\) ms.*/\1/p' "$work/ping.raw" | awk '{ print $1 * 1000 }' >"$work/ping"
    sed -n 's/.* bytes, \([0-9.]*\) ms (.*/\1/p' "$work/fping.raw" | awk '{ print $1 * 1000 }' >"$work/fping"
    grep '^sent' "$work/ours.log" | sed 's/^/  ours: /'
    printf '  %-6s %6s %10s %10s %10s %10s   (microseconds)\n' "" n p50 p99 stdev jitter
    for who in ours ping fping; do stats "$who"; done
    awk 'FNR == 1 { split($0, v); s[++f] = v[4]; j[f] = v[5] }
        END { print s[1] / s[2], j[1] / j[2], s[1] / s[3], j[1] / j[3] }' "$work"/{ours,ping,fping}.stats >>"$work/ratios"
}

# All rounds, then the median of each ratio.
measure() {
    : >"$work/ratios"
    for _ in $(seq "$rounds"); do round; done
    for column in "1 ours/ping  stdev" "2 ours/ping  jitter" "3 ours/fping stdev" "4 ours/fping jitter"; do
        awk -v c="${column%% *}" '{ print $c }' "$work/ratios" | sort -g |
            awk -v name="${column#* }" '{ x[NR] = $1 } END { printf "  median of %d rounds, %s: %.2f\n", NR, name, x[int((NR + 1) / 2)] }'
    done
}

# Percentiles by nearest rank, population stdev, jitter as the mean difference of neighbours.
stats() {
    local n
    n=$(wc -l <"$work/$1")
    [[ $n -gt 1 ]] || { echo "$0: $1 got no answers" >&2; exit 1; }
    {
        awk '{ s += $1; q += $1 * $1; if (NR > 1) { d = $1 - p; j += d < 0 ? -d : d }; p = $1 }
            END { v = q / NR - (s / NR) ^ 2; printf "%.1f %.1f ", sqrt(v > 0 ? v : 0), j / (NR - 1) }' "$work/$1"
        sort -n "$work/$1" | awk '{ x[NR] = $1 } function up(y) { return y == int(y) ? y : int(y) + 1 }
            END { printf "%.1f %.1f\n", x[up(NR * 0.5)], x[up(NR * 0.99)] }'
    } | awk '{ print $3, $4, 0, $1, $2 }' >"$work/$1.stats"
    awk -v who="$1" -v n="$n" '{ printf "  %-6s %6d %10.1f %10.1f %10.1f %10.1f\n", who, n, $1, $2, $4, $5 }' "$work/$1.stats"
}

echo "probes: $rounds rounds of $count every $interval_ms ms; path: $path; $(uname -r), $(nproc) cores"
echo "idle:"
measure
for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    children+=($!)
done
echo "all cores busy:"
measure
