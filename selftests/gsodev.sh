#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Super-packets where they meet other devices than a link's, other CPUs, bridges, and
# what sends them back: all of each arrives, and is counted.
#
# usage: gsodev.sh
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=./lib-gateways.sh
. "$SELF_DIR/lib-gateways.sh"
# shellcheck source=./lib-gso.sh
. "$SELF_DIR/lib-gso.sh"

# Links with ESP inside them have addresses of their own.
declare -A OVER=([4]="10.7.0.1 10.7.0.2" [6]="fd07::1 fd07::2")

# over_link HOST MINE OTHERS TYPE [WORD...]: a device that puts what leaves by it
# into packets of the link's
over_link() {
	local h=$1 mine=$2 other=$3 at
	shift 3
	[[ $h == gwa ]] && at=1 || at=2
	if ! ip -n "${NS[$h]}" link add over type "$1" local "$mine" remote "$other" \
		"${@:2}" 2>"$TMP/err"; then
		lacking "$TMP/err" || { cat "$TMP/err"; return 1; }
		echo "this kernel has no $1: $(head -n 1 "$TMP/err")"
		return "$KSFT_SKIP"
	fi
	ip_batch "$h" <<-LINES
		link set over mtu 1400 up
		addr add 10.7.0.$at/24 dev over
		addr add fd07::$at/64 dev over nodad
	LINES
}

over_links() {
	local wan
	read -r -a wan <<<"${WANS[$1]}"
	over_link gwa "${wan[0]}" "${wan[1]}" "${@:2}" || return
	over_link gwb "${wan[1]}" "${wan[0]}" "${@:2}"
}

no_over_links() {
	local h
	for h in gwa gwb; do
		ip -n "${NS[$h]}" link del over 2>/dev/null
	done
}

# The link behind takes super-packets of such devices, or does not, or makes no
# checksums either.
FEATURES="tx-udp_tnl-segmentation tx-udp_tnl-csum-segmentation tx-ipxip4-segmentation
	tx-ipxip6-segmentation tx-gre-segmentation"
offload() {
	local f words=()
	for f in $FEATURES; do
		words+=("$f" "$1")
	done
	on gwa ethtool -K wan "${words[@]}" tx "$2" >/dev/null
}

# over FAMILY "TYPE [WORD...]" OFFLOAD TX START...: transfers through a device of that
# type over that family
over() {
	local family=$1 link=$2 offload=$3 tx=$4 rc h
	shift 4
	read -r -a link <<<"$link"
	over_links "$family" "${link[@]}" && offload "$offload" "$tx"
	rc=$?
	((rc)) || over_it "$@" || rc=1
	((rc)) || [[ $offload == on ]] ||
		equal "larger than the link's" "$(seen gwb wide)" 0 || rc=1
	no_over_links
	offload on on
	return "$rc"
}

over_it() {
	local -A WANS=([4]=${OVER[4]} [6]=${OVER[6]})
	local WAN=over FROM=over
	"$@" || return 1
	transfer 4 || return 1
	watch
	transfer 4 || return 1
	more 10 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "more than 16" "$(seen gwa long)" 0
}

# A host that is a virtual machine: its packets come with no more room in front than
# a device needs for itself. Between two tun devices there is nothing but this.
machine() {
	modprobe -q tun 2>/dev/null
	hosts vm || return 1
	: >"$TMP/vm"
	python3 -c '
import ctypes, fcntl, os, select, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def tun(ns, name):
    with open("/run/netns/" + ns) as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), ns)
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    # IFF_TUN, IFF_NO_PI, IFF_VNET_HDR
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x5001))
    # checksums, TSO of both families
    fcntl.ioctl(fd, 0x400454d0, 7)
    return fd
try:
    a, b = tun(sys.argv[1], "eth0"), tun(sys.argv[2], "vm")
except OSError as e:
    print("no tun device:", e, flush=True)
    sys.exit(1)
print("ready", flush=True)
other = {a: b, b: a}
while True:
    for fd in select.select([a, b], [], [])[0]:
        try:
            os.write(other[fd], os.read(fd, 70000))
        except OSError:
            pass' "${NS[vm]}" "${NS[gwa]}" >"$TMP/vm" 2>&1 &
	VM_PID=$!
	PIDS+=("$VM_PID")
	busywait 20 grep -q . "$TMP/vm"
	if ! grep -q ready "$TMP/vm"; then
		cat "$TMP/vm"
		return "$KSFT_SKIP"
	fi
	ip_batch vm <<-LINES
		link set eth0 up
		addr add 192.168.1.66/32 dev eth0
		route add default dev eth0
	LINES
	ip_batch gwa <<-LINES
		link set vm up
		route add 192.168.1.66/32 dev vm
	LINES
}

# from_machine OVER...: as over(), and what is sent is sent by that
from_machine() {
	local rc h1=${NS[h1]}
	local -A ENDS=([4]="192.168.1.66 192.168.2.2")
	machine
	rc=$?
	if ((!rc)); then
		NS[h1]=${NS[vm]}
		over "$@"
		rc=$?
		NS[h1]=$h1
	fi
	kill "$VM_PID" 2>/dev/null
	wait "$VM_PID" 2>/dev/null
	forget vm
	return "$rc"
}

# bridged FAMILY: from behind a port of a bridge that shows what it forwards to the
# hooks of IP, which leaves its mark on the packets; a queue would look for the bridge's
# header in them
bridged() {
	local rc
	modprobe -q br_netfilter 2>/dev/null
	if ! on gwa test -e /proc/sys/net/bridge/bridge-nf-call-iptables; then
		echo "no br_netfilter in this kernel"
		return "$KSFT_SKIP"
	fi
	on gwa bash -c 'cd /proc/sys/net/bridge
		echo 1 >bridge-nf-call-iptables
		echo 1 >bridge-nf-call-ip6tables'
	ip_batch gwa <<-LINES
		link add br0 type bridge
		addr flush dev lan
		link set lan master br0
		link set br0 up
		addr add 192.168.1.1/24 dev br0
		addr add fd00:1::1/64 dev br0 nodad
	LINES
	bridged_it "$1"
	rc=$?
	rules gwa </dev/null
	ip_batch gwa <<-LINES
		link del br0
		addr add 192.168.1.1/24 dev lan
		addr add fd00:1::1/64 dev lan nodad
	LINES
	return "$rc"
}

bridged_it() {
	tunnel nfipsec nfipsec "$1" "$1" aes128gcm16 || return 1
	queue_of gwa 0 || return 1
	watch "table inet q {
		chain c {
			type filter hook output priority 310
			meta l4proto esp queue num 5
		}
	}"
	transfer "$1"
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	queue_ends "$(sa_packets gwa out "$SPI")"
}

# back_in HOST DEV ACTION: tc gives what leaves gwa to gwa itself, as if it came by
# another device. What comes so goes to that device of the other host.
back_in() {
	ip link add on netns "${NS[gwa]}" type veth peer name "$2" \
		address 02:00:00:00:00:02 netns "${NS[$1]}" || return 1
	ip link add back netns "${NS[gwa]}" type veth peer name there \
		netns "${NS[gwa]}" || return 1
	ip -n "${NS[$1]}" link set "$2" up
	ip_batch gwa <<-LINES
		link set on up
		link set back up
		link set there up
		neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev on nud permanent
		route add 10.0.0.2 dev on table 7
		rule add iif back lookup 7
	LINES
	# its source is this host
	on gwa bash -c 'echo 1 >/proc/sys/net/ipv4/conf/back/accept_local'
	on gwa tc qdisc add dev wan clsact &&
		on gwa tc filter add dev wan egress protocol ip matchall \
			action mirred ingress "$3" dev back
}

not_back() {
	on gwa tc qdisc del dev wan clsact 2>/dev/null
	rules gwa </dev/null
	ip_batch gwa <<-LINES
		rule del iif back lookup 7
		link del back
		link del on
	LINES
}

# and all of it does
redirected() {
	local FROM=in2
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	back_in gwb in2 redirect && watch && transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	not_back
}

# count_copies HOST DEV
count_copies() {
	rules "$1" <<-RULES
		table netdev seen {
			counter came { }
			chain c {
				type filter hook ingress device $2 priority 0
				meta protocol ip ip protocol esp counter name came
			}
		}
	RULES
}

copies_came() {
	COPIES=$(on h1 nft list counter netdev seen came |
		sed -n 's/.*packets \([0-9]*\).*/\1/p')
	SENT=$(sa_packets gwa out "$SPI")
	[[ $COPIES == "$SENT" ]]
}

# so does a copy, and the original is whole
mirrored() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	if back_in h1 copies mirror && watch && count_copies h1 copies; then
		transfer 4
		more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
		check "as many copies" busywait 5 copies_came ||
			echo "$SENT sealed, $COPIES copies"
	else
		T_RC=1
	fi
	rules h1 </dev/null
	not_back
}

opened_here() {
	SENT=$(sa_packets gwa out "$SPI")
	CAME=$(($(counter gwa in_policy) - $1))
	[[ $SENT == "$CAME" ]]
}

# A copy that is, with another address, for this host: all packets are opened, of which
# no policy wants what was in them.
opened() {
	local before ALLOWED="out_too_big in_policy"
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	sa gwa nfipsec in 10.0.0.1 10.0.0.8 "$SPI" tunnel aes128gcm16 || return 1
	before=$(counter gwa in_policy)
	ip -n "${NS[gwa]}" addr add 10.0.0.8/32 dev lo
	if back_in h1 copies mirror && watch "
		table ip m {
			chain c {
				type filter hook prerouting priority -500
				iifname back ip protocol esp ip daddr set 10.0.0.8
			}
		}"; then
		transfer 4
		more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
		check "as many opened" busywait 5 opened_here "$before" ||
			echo "$SENT sealed, $CAME opened"
	else
		T_RC=1
	fi
	ip -n "${NS[gwa]}" addr del 10.0.0.8/32 dev lo
	not_back
}

# one_queue CPUS: what comes to gwb by the link is received by that CPU, in the order
# it was sent; where the kernel can
one_queue() {
	ip netns exec "${NS[gwb]}" bash -c "cd /sys/class/net/wan/queues/rx-0 &&
		{ [[ ! -e rps_cpus ]] || echo $1 >rps_cpus; }"
}

# at_once COUNT: so many transfers, on as many CPUs
at_once() {
	local i pids=() e
	read -r -a e <<<"${ENDS[4]}"
	for ((i = 0; i < $1; i++)); do
		taskset -c "$i" "$TOOLS/probe" A="${NS[h1]},${e[0]}" \
			B="${NS[h2]},${e[1]}" tcp="$BYTES" >"$TMP/once.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${!pids[@]}"; do
		check "traffic on CPU $i" wait "${pids[i]}" || cat "$TMP/once.$i"
	done
}

have_two() {
	(($(nproc) >= 2)) && return
	echo "one CPU"
	return "$KSFT_SKIP"
}

# The link's header is put back in front of labels when all is taken apart behind them
labelled() {
	modprobe -n act_mpls 2>/dev/null ||
		{ echo "no act_mpls in this kernel"; return "$KSFT_SKIP"; }
	modprobe -q mpls_gso 2>/dev/null
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	on gwa tc qdisc add dev wan clsact && on gwb tc qdisc add dev wan clsact ||
		return 1
	check "labels put in front" on gwa tc filter add dev wan egress protocol ip \
		matchall action mpls push protocol mpls_uc label 100
	check "labels taken off" on gwb tc filter add dev wan ingress protocol mpls_uc \
		matchall action mpls pop protocol ip
	watch
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	on gwa tc qdisc del dev wan clsact
	on gwb tc qdisc del dev wan clsact
}

# narrow WINDOW: a tunnel whose receiver has that replay window
narrow() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 && apply gwb nfipsec <<-LINES || return 1
		sa del dst 10.0.0.2 proto esp spi $SPI
	LINES
	sa gwb nfipsec in 10.0.0.1 10.0.0.2 "$SPI" tunnel aes128gcm16 \
		replay-window "$1"
}

# three_each COUNT: so many times two super-packets of UDP from h1 to h2, of 48
# datagrams each, what three trains are; all on one CPU
three_each() {
	taskset -c 0 python3 -c '
import ctypes, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def udp(ns, addr):
    with open("/run/netns/" + ns) as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), ns)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((addr, 0))
    s.settimeout(float(sys.argv[4]))
    return s
a, b = udp(sys.argv[1], "192.168.1.2"), udp(sys.argv[2], "192.168.2.2")
b.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)
# UDP_SEGMENT
a.setsockopt(17, 103, 1200)
for i in range(int(sys.argv[3])):
    what = [bytes([i, n]) * 600 for n in range(96)]
    a.sendto(b"".join(what[:48]), b.getsockname())
    a.sendto(b"".join(what[48:]), b.getsockname())
    came = []
    try:
        while len(came) < len(what):
            came.append(b.recv(2000))
    except TimeoutError:
        sys.exit("%d: only %d came" % (i, len(came)))
    if sorted(came) != what:
        sys.exit("%d: something else came" % i)
    if came == what:
        sys.exit("%d: in the order it was sent" % i)' \
		"${NS[h1]}" "${NS[h2]}" "$1" $((20 * NFIPSEC_TEST_SLOW))
}

# overtaken TRAINS WINDOW: trains of 16 that have numbers one after the other, and arrive
# the last of them first: the first number is then so far behind as that window is
# wide, but not farther, and nothing is late. Two CPUs that seal one each at the same
# time do nothing worse, if they send nothing else; here it is so each time.
overtaken() {
	local n
	n=$(scaled 20 4)
	narrow "$2" && queue_of gwa reverse "$1" || return 1
	watch "table ip q {
		chain c {
			type filter hook output priority 310
			ip protocol esp queue num 5
		}
	}"
	check "super-packets" three_each "$n"
	counted_one_way $((96 * n))
	equal "trains" "$(seen gwa sent)" $((6 * n))
	equal "more than 16" "$(seen gwa long)" 0
	queue_ends $((6 * n))
}

came_one_way() {
	SENT=$(sa_packets gwa out "$SPI")
	CAME=$(sa_packets gwb in "$SPI")
	[[ $SENT == "$1" && $CAME == "$1" ]]
}

# counted_one_way PACKETS: sealed and opened, all of them
counted_one_way() {
	check "all came" busywait 5 came_one_way "$1" ||
		echo "$SENT sealed, $CAME came, of $1"
	refused
}

all_in_time_or_late() {
	local late
	as_many && return
	late=$(on gwb nfipsec sa show spi "$SPI" |
		sed -n 's/.*replay-drops \([0-9]*\).*/\1/p')
	[[ ${SENT% *} == $((${CAME% *} + late)) && ${SENT#* } == "${CAME#* }" ]]
}

# Two CPUs that really do, and send short packets between; and one may stand still
# between a number and its packet, a virtual machine's for long. What is late by that is
# counted, and nothing else is missing.
two_cpus() {
	local ALLOWED="out_too_big in_policy in_replay_old"
	have_two || return
	narrow 32 || return 1
	watch
	# received in the order it was sent
	one_queue 1 || return 1
	at_once 2
	check "all came" busywait 5 all_in_time_or_late || echo "$SENT sealed, $CAME came"
	refused
	equal "more than 16" "$(seen gwa long)" 0
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	one_queue 0
}

# The identification of outer headers without DF, which CPUs take from the same
# numbers, is no other's as long as fragments of that may be on the way.
identified() {
	have_two || return
	tunnel nfipsec nfipsec 4 4 aes128gcm16 && apply gwa nfipsec <<-LINES || return 1
		sa del dst 10.0.0.2 proto esp spi $SPI
	LINES
	sa gwa nfipsec out 10.0.0.1 10.0.0.2 "$SPI" tunnel aes128gcm16 df clear &&
		apply gwb nfipsec <<-LINES || return 1
			sa del dst 10.0.0.2 proto esp spi $SPI
		LINES
	sa gwb nfipsec in 10.0.0.1 10.0.0.2 "$SPI" tunnel aes128gcm16 \
		replay-window 4096 || return 1
	# one CPU's fragments of a packet may be on either side of many of the other's
	on gwb bash -c 'echo 0 >/proc/sys/net/ipv4/ipfrag_max_dist' || return 1
	watch
	nsenter --net="/run/netns/${NS[gwb]}" -- python3 -c 'import collections, signal, socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
s.bind(("wan", 0x0800))
end = False
def stop(*_):
    global end
    end = True
signal.signal(signal.SIGTERM, stop)
s.settimeout(0.1)
print("ready", flush=True)
last = collections.deque(maxlen=300)
n = twice = 0
while not end:
    try:
        p = s.recv(64)
    except TimeoutError:
        continue
    if p[9] == 50 and p[12:16] == bytes((10, 0, 0, 1)) and not (p[6] & 31 or p[7]):
        n += 1
        twice += p[4:6] in last
        last.append(p[4:6])
print("seen", n > 300, "twice", twice)' >"$TMP/ids" &
	PIDS+=($!)
	busywait 20 grep -q ready "$TMP/ids" || return 1
	at_once 2
	counted
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}"
	equal "identifications" "$(tail -n 1 "$TMP/ids")" "seen True twice 0"
}

# nfipsec leaves its places one after the other, and waits in between: long, if
# somebody has its CPU then.
left() {
	local trace=$TMP/tracing rc
	modprobe -n esp6_offload 2>/dev/null ||
		{ echo "no esp6_offload in this kernel"; return "$KSFT_SKIP"; }
	(($(nproc) > 1)) || { echo "needs a second CPU"; return "$KSFT_SKIP"; }
	mkdir "$trace" && mount -t tracefs nodev "$trace" || return 1
	if ! echo "p:nfipsec_leaves inet_del_offload" >>"$trace/kprobe_events"; then
		umount "$trace"
		echo "this kernel does not tell when"
		return "$KSFT_SKIP"
	fi
	tunnel nfipsec nfipsec 4 4 aes128gcm16 &&
		echo 1 >"$trace/events/kprobes/nfipsec_leaves/enable" &&
		comes_meanwhile "$trace/trace_pipe"
	rc=$?
	echo 0 >"$trace/events/kprobes/nfipsec_leaves/enable"
	echo "-:nfipsec_leaves" >>"$trace/kprobe_events"
	umount "$trace"
	module_insert || return 1
	return "$rc"
}

comes_meanwhile() {
	local hog unload rc=0
	# shellcheck disable=SC2016
	taskset -c 1 chrt -f 1 bash -c 'kill -STOP $$; while :; do :; done' &
	hog=$!
	PIDS+=("$hog")
	busywait 20 grep -q "State:.*stopped" "/proc/$hog/status" || return 1
	taskset -c 1 rmmod nfipsec &
	unload=$!
	check "it leaves" read -rt 60 _ <"$1"
	kill -CONT "$hog"
	if kill -0 "$unload" 2>/dev/null; then
		check "esp6_offload comes" timeout 60 modprobe esp6_offload || rc=1
	else
		echo "nfipsec was gone before anybody could come"
		rc=$KSFT_SKIP
	fi
	kill -KILL "$hog"
	wait "$hog" 2>/dev/null
	check "nfipsec goes" wait "$unload" || return 1
	((rc)) && return "$rc"
	check "esp6_offload goes" busywait 20 rmmod esp6_offload
}

need ip nsenter probe nfqueue nft ethtool tc python3 taskset chrt
load_module nfipsec
SPI=0x7000
gso_topology
pass_on Y
plan 23
ESP4="tunnel nfipsec nfipsec 4 4 aes128gcm16"
ESP6="tunnel nfipsec nfipsec 6 4 aes128gcm16"
UDP="in_udp nfipsec nfipsec"
# which leaves the least room in front
LONGEST="$UDP aes128-sha256_128"
VXLAN="vxlan id 7 dstport 4789"
# shellcheck disable=SC2086 # words
{
	run "over vxlan" over 4 "$VXLAN" on on $ESP4
	run "over vxlan, in UDP" over 4 "$VXLAN" on on $UDP
	run "over vxlan, in UDP, cut behind it" over 4 "$VXLAN" off on $UDP
	run "over vxlan in IPv6, in UDP, cut behind it" over 6 "$VXLAN" off on $UDP
	run "over vxlan in IPv6, in UDP, cut behind it, no checksums" \
		over 6 "$VXLAN" off off $UDP
	run "over vxlan in IPv6, in UDP, from a virtual machine" \
		from_machine 6 "$VXLAN" off on $LONGEST
	run "over vxlan, from a virtual machine" from_machine 4 "$VXLAN" off on $ESP4
	run "over ipip" over 4 ipip on on $ESP4
	run "over ipip, in UDP" over 4 ipip on on $UDP
	run "over ipip, in UDP, cut behind it" over 4 ipip off on $UDP
	run "over ipip, in UDP, from a virtual machine" \
		from_machine 4 ipip off on $UDP
	run "over sit" over 4 sit off on $ESP6
	run "tc puts labels of MPLS in front" labelled
	run "a queue behind a bridge, IPv4" bridged 4
	run "a queue behind a bridge, IPv6" bridged 6
	run "tc sends them back, and on" redirected
	run "tc sends back copies" mirrored
	run "one overtakes another, and a replay window of 32" overtaken 2 32
	run "two overtake another, and a replay window of 48" overtaken 3 48
	run "two CPUs, each identification its own" identified
	run "tc sends back copies for this host" opened
	run "two CPUs and a replay window of 32" two_cpus
}
pass_on N
run "esp6_offload comes while nfipsec goes" left
finish
