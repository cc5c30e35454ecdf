# Runs inside the machine: the two experiments on the kernel that is booted. $1 is how many pings.
# Not a test: it prints, measure.sh judges.
ip() { /usr/bin/ip "$@"; }
ping() { /usr/bin/ping "$@"; }
tc() { /usr/bin/tc "$@"; }
pings=$1

# A route's second path is a little further than its first: all kernels draw the same ones.
sed -n 's/.* seed=\([0-9]*\).*/\1/p' /proc/cmdline >/proc/sys/net/ipv4/fib_multipath_hash_seed

# Instructions per packet. A dummy device is the shortest way out, so what a patch adds weighs most.
for i in 1 2; do
    ip link add d$i type dummy
    ip addr add 10.0.$i.1/24 dev d$i
    ip -6 addr add fd00:$i::1/64 dev d$i nodad
    ip link set d$i up
done
ip route add 203.0.113.0/24 via 10.0.1.2
ip route add 198.51.100.0/24 nexthop via 10.0.1.2 dev d1 nexthop via 10.0.2.2 dev d2
ip -6 route add fd01::/64 via fd00:1::2
ip -6 route add fd02::/64 nexthop via fd00:1::2 dev d1 nexthop via fd00:2::2 dev d2
for round in 1 2 3; do
    send one-path-connected 203.0.113.9 5000 connect
    send one-path-unconnected 203.0.113.9 5000
    send multipath-connected 198.51.100.9 5000 connect
    send multipath-unconnected 198.51.100.9 5000
    send ipv6-connected fd01::9 5000 connect
    send ipv6-multipath-unconnected fd02::9 5000
    send multipath-bound 198.51.100.9 5000 10.0.2.1
    send ipv6-multipath-bound fd02::9 5000 fd00:2::1
done

# The original's own experiment: loopback, and a path with jitter.
echo "BEGIN loopback"
ping -n -i 0.1 -c "$pings" 127.0.0.1
echo "FINISH"
ip netns add far
ip link add near type veth peer name off netns far
ip addr add 10.9.0.1/24 dev near
ip link set near up
ip -n far addr add 10.9.0.2/24 dev off
ip -n far link set off up
tc qdisc add dev near root netem delay 20ms 5ms distribution normal
ping -n -c 2 10.9.0.2 >/dev/null
echo "BEGIN jitter"
ping -n -i 0.1 -c "$pings" 10.9.0.2
echo "FINISH"
