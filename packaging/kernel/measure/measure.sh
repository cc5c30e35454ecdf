#!/bin/bash
# Measures stock, an original generation and ours: instructions per transmitted packet, and the
# original's own experiment (pings over loopback and over a path with jitter). One command:
#
#   packaging/kernel/measure/measure.sh [OUTDIR]
#
# The kernels take turns, ROUNDS (4) boots each, and each boot sends 1,000 / ROUNDS pings per path.
# Everything runs in qemu with a clock that counts instructions (-icount shift=0, one processor):
# the machine below and its load don't matter, and a nanosecond is an instruction.
#
# Results: OUTDIR/instructions.txt (medians, and against stock), OUTDIR/KERNEL-PATH.txt (what ping
# said, for `evenkeel table`), and the verdicts of Evenkeel's own statistics on standard output.
# What it needs is installed when it is missing (scripts/packages.sh), after asking.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${1:-$top/target/kernel/measured}
rounds=${ROUNDS:-4}
kernels=(stock original-v2 ours)
"$top/scripts/packages.sh" build lab vm kernel
mkdir -p "$out"
out=$(cd "$out" && pwd)

if [ -n "${EVENKEEL_KERNEL_IMAGES:-}" ]; then
    # Images that are there already: bzImage-stock and so on in one directory.
    images=()
    for kernel in "${kernels[@]}"; do images+=("$EVENKEEL_KERNEL_IMAGES/bzImage-$kernel"); done
else
    mapfile -t images < <("$here/../build.sh" "${kernels[@]}")
fi
[ "${#images[@]}" = "${#kernels[@]}" ] || { echo "measure.sh: not all kernels were built" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,usr/bin,usr/lib/tc}
cp /bin/busybox "$root/bin/"
ln -s busybox "$root/bin/sh"
for tool in ip tc ping; do
    path=$(command -v "$tool")
    cp -L "$path" "$root/usr/bin/"
    ldd "$path" | grep -oE '/[^ ]+' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L -n "$library" "$root$library"
    done
done
# Where tc keeps it, by distribution and version.
for table in /usr/lib/tc/normal.dist /usr/lib/*/tc/normal.dist /usr/share/tc/normal.dist; do
    [ ! -e "$table" ] || cp "$table" "$root/usr/lib/tc/"
done
[ -e "$root/usr/lib/tc/normal.dist" ] || { echo "measure.sh: tc's normal.dist isn't there; it comes with iproute2" >&2; exit 1; }
gcc -O2 -static -o "$root/usr/bin/send" "$here/send.c"
cp "$here/guest.sh" "$root/"
cat >"$root/init" <<INIT
#!/bin/busybox sh
export PATH=/usr/bin:/bin TC_LIB_DIR=/usr/lib/tc
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t tmpfs tmpfs /run
/usr/bin/ip link set lo up
sh /guest.sh $((1000 / rounds))
echo THE-END
/bin/busybox reboot -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/root.gz"

rm -f "$out"/*-loopback.txt "$out"/*-jitter.txt "$out"/raw.txt
for ((round = 0; round < rounds; round++)); do
    for ((turn = 0; turn < 3; turn++)); do
        at=$(((turn + round) % 3))
        kernel=${kernels[at]}
        log=$work/$round-$kernel.log
        timeout 1800 qemu-system-x86_64 -M microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on \
            -accel tcg -icount shift=0,sleep=off -smp 1 -cpu max -m 512 -nodefaults -no-user-config \
            -no-reboot -display none -serial "file:$log" -kernel "${images[at]}" \
            -initrd "$work/root.gz" -append "console=ttyS0 quiet reboot=t panic=-1 seed=$((round + 1))" </dev/null
        tr -d '\r' <"$log" >"$log.txt"
        grep -q '^THE-END' "$log.txt" || { tail -n 20 "$log.txt" >&2; echo "measure.sh: $kernel didn't get to its end" >&2; exit 1; }
        sed -n "s/^PER-PACKET /$kernel /p" "$log.txt" >>"$out/raw.txt"
        for path in loopback jitter; do
            sed -n "/^BEGIN $path/,/^FINISH/p" "$log.txt" | grep '^64 bytes' >>"$out/$kernel-$path.txt"
        done
        echo "measure.sh: round $((round + 1)) of $rounds: $kernel" >&2
    done
done

sort "$out/raw.txt" | awk '
    { name = $1 " " $2; n[name]++; value[name, n[name]] = $3; kernel[$1]; what[$2] }
    function median(name,   i, j, t, m) {
        m = n[name]
        for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++)
            if (value[name, j] < value[name, i]) { t = value[name, i]; value[name, i] = value[name, j]; value[name, j] = t }
        return value[name, int((m + 1) / 2)]
    }
    END {
        print "instructions per packet       stock  original-v2        ours"
        for (w in what) {
            s = median("stock " w); v = median("original-v2 " w); o = median("ours " w)
            printf "%-28s %6d %6d %+.2f%% %6d %+.2f%%\n", w, s, v, 100 * (v / s - 1), o, 100 * (o / s - 1)
        }
    }' | sort >"$out/instructions.txt"
cat "$out/instructions.txt"
cd "$top"
for path in loopback jitter; do
    for kernel in original-v2 ours; do
        cargo run --quiet --package evenkeel-core --example pings -- \
            "$out/stock-$path.txt" "$out/$kernel-$path.txt"
    done
done
