#!/usr/bin/env bash
# Compares the jitter our probes see with that of ping and fping: same path, same count, same interval, same
# time. First on the machine as it is, then with one busy loop per core. Each is done in several rounds, and
# the median of the rounds' ratios is what counts: one hiccup of a virtual machine makes a round's worst probe.
#
#   scripts/bench-probe.sh [COUNT] [INTERVAL_MS] [ROUNDS]    (default 150 probes, 50 ms apart, 5 rounds; needs root)
#
# The path is a veth pair between two namespaces made for the run and removed after it. EVENKEEL_LINK, in the
# words of the lab's link emulator ("delay_us=400"), puts that in between, with that delay in each direction.
#
# No path is without jitter of its own, and no probe can show less than the path has. So at the far end of
# the first cable a listener reads the kernel's stamps of each request and its answer: what the path took,
# for every packet of all three alike. A probe's own error is what it reports beyond that. Three figures:
#   reported   the jitter of what the probe reports: path and probe
#   path       the jitter of the path, for the same packets: the least that any probe could report
#   own        the jitter of the difference: what the probe itself adds
#
# EVENKEEL_PING and EVENKEEL_LAB name the binaries; without them they are built in release mode.
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
built=${CARGO_TARGET_DIR:-$here/target}/release
ours=${EVENKEEL_PING:-}
if [[ -z $ours ]]; then
    (cd "$here" && cargo build --quiet --release -p evenkeel-probe --example evenkeel-ping)
    ours=$built/examples/evenkeel-ping
fi
lab=${EVENKEEL_LAB:-}
if [[ -z $lab ]]; then
    (cd "$here" && cargo build --quiet --release -p evenkeel-lab)
    lab=$built/evenkeel-lab
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
if [[ -n ${EVENKEEL_LINK:-} ]]; then
    ip netns add "$m"
    ip link add up0 netns "$a" type veth peer name in0 netns "$m"
    ip link add up0 netns "$b" type veth peer name out0 netns "$m"
    ip netns exec "$m" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
    for i in in0 out0; do ip -n "$m" link set "$i" up; done
    path="emulated, $EVENKEEL_LINK each way"
    far=("$m" in0)
else
    ip link add up0 netns "$a" type veth peer name up0 netns "$b"
    path="a veth pair, no delay"
    far=("$b" up0)
fi
ip -n "$a" addr add 10.77.0.1/24 dev up0
ip -n "$b" addr add "$target/24" dev up0
for ns in "$a" "$b"; do ip -n "$ns" link set up0 up; done
ip netns exec "$a" sysctl -qw net.ipv4.ping_group_range="0 2147483647"
if [[ -n ${EVENKEEL_LINK:-} ]]; then
    # Real-time and awake early: its own lateness would hide the difference between the probes.
    ip netns exec "$m" chrt --fifo 50 "$lab" emulate --spin-us 2000 --control "$work/control" in0 out0 \
        >"$work/emulator" 2>&1 &
    children+=($!)
    for _ in $(seq 50); do [[ -S $work/control ]] && break; sleep 0.1; done
    answer=$(perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new(Peer => shift) or die "$!\n"; print $s shift, "\n"; $s->flush; print scalar <$s>' \
        "$work/control" "both $EVENKEEL_LINK")
    [[ $answer == ok* ]] || { echo "$0: the emulator refused \"$EVENKEEL_LINK\": $answer" >&2; exit 1; }
fi
for _ in $(seq 20); do ip netns exec "$a" ping -qc1 -W1 "$target" >/dev/null && up=1 && break; done
[[ -n ${up:-} ]] || { echo "$0: the path carries nothing; nothing was measured" >&2; cat "$work/emulator" >&2 || true; exit 1; }

# One round: all three at once, each to a file with one line "number microseconds" per answer. The listener
# tells them apart by how many bytes they send; a byte more or less costs nothing here.
round() {
    local pids=() seconds listener
    seconds=$(awk -v i="$interval_ms" 'BEGIN { print i / 1000 }')
    ip netns exec "${far[0]}" "$lab" turnaround "${far[1]}" >"$work/turnaround" & listener=$!
    children+=("$listener")
    for _ in $(seq 50); do grep -qs listening "$work/turnaround" && break; sleep 0.1; done
    ip netns exec "$a" "$ours" --iface up0 --count "$count" --interval-ms "$interval_ms" "$target" \
        >"$work/ours.raw" 2>"$work/ours.log" & pids+=($!)
    ip netns exec "$a" ping -n -I up0 -s 55 -i "$seconds" -c "$count" "$target" >"$work/ping.raw" & pids+=($!)
    ip netns exec "$a" fping -I up0 -b 57 -p "$interval_ms" -c "$count" "$target" >"$work/fping.raw" 2>/dev/null & pids+=($!)
    for pid in "${pids[@]}"; do wait "$pid"; done
    sleep 0.3
    kill "$listener"
    wait "$listener" 2>/dev/null || true
    awk '!/^-/ { print NR - 1, $1 }' "$work/ours.raw" >"$work/ours"
    sed -n 's/.* icmp_seq=\([0-9]*\) .* time=\([0-9.]*\) ms.*/\1 \2/p' "$work/ping.raw" | awk '{ print $1, $2 * 1000 }' >"$work/ping"
    sed -n 's/.*\[\([0-9]*\)\], .* bytes, \([0-9.]*\) ms (.*/\1 \2/p' "$work/fping.raw" | awk '{ print $1, $2 * 1000 }' >"$work/fping"
    grep '^sent' "$work/ours.log" | sed 's/^/  ours: /'
    printf '  %-6s %6s %9s %9s   jitter: %9s %9s %9s   (microseconds)\n' "" n p50 p99 reported path own
    stats ours 56
    stats ping 55
    stats fping 57
    awk 'FNR == 1 { f++; reported[f] = $1; path[f] = $2; own[f] = $3 }
        END { for (f = 2; f <= 3; f++) printf "%s %s %s ", reported[1] / reported[f], path[1] / reported[f], own[1] / own[f] }
        END { print "" }' "$work"/{ours,ping,fping}.stats >>"$work/ratios"
}

# All rounds, then the median of each ratio.
measure() {
    : >"$work/ratios"
    for _ in $(seq "$rounds"); do round; done
    echo "  median of $rounds rounds, ours divided by theirs:"
    for column in "1 as reported, ping" "4 as reported, fping" "2 a probe without error, ping" \
        "5 a probe without error, fping" "3 own, ping" "6 own, fping"; do
        awk -v c="${column%% *}" '{ print $c }' "$work/ratios" | sort -g |
            awk -v name="${column#* }" '{ x[NR] = $1 } END { printf "    %-32s %.2f\n", name, x[int((NR + 1) / 2)] }'
    done
}

# stats NAME BYTES: percentiles by nearest rank; jitter is the mean difference of neighbours. Only probes that
# the listener saw, too, count.
stats() {
    awk -v bytes="$2" 'FNR == NR { if ($1 == bytes) path[$2] = $3 / 1000; next } $1 in path { print $2, path[$1] }' \
        "$work/turnaround" "$work/$1" >"$work/$1.both"
    local n
    n=$(wc -l <"$work/$1.both")
    [[ $n -gt $((count / 2)) ]] || { echo "$0: of $count probes of $1 only $n were answered and heard" >&2; exit 1; }
    awk 'function size(d) { return d < 0 ? -d : d }
        NR > 1 { r += size($1 - a); p += size($2 - b); o += size($1 - $2 - (a - b)) } { a = $1; b = $2 }
        END { print r / (NR - 1), p / (NR - 1), o / (NR - 1) }' "$work/$1.both" >"$work/$1.stats"
    sort -g "$work/$1.both" | awk '{ x[NR] = $1 } function up(y) { return y == int(y) ? y : int(y) + 1 }
        END { print x[up(NR * 0.5)], x[up(NR * 0.99)] }' | cat - "$work/$1.stats" | paste -sd' ' |
        awk -v who="$1" -v n="$n" '{ printf "  %-6s %6d %9.1f %9.1f           %9.2f %9.2f %9.2f\n", who, n, $1, $2, $3, $4, $5 }'
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
