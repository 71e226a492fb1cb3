#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Super-packets: what comes of one goes down the stack together, and is on the wire
# packet by packet as the host's rules want each of them.
#
# usage: gso.sh
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=./lib-gateways.sh
. "$SELF_DIR/lib-gateways.sh"
# shellcheck source=./lib-gso.sh
. "$SELF_DIR/lib-gso.sh"

# together OUTER INNER ALG: a super-packet leaves, packets arrive
together() {
	tunnel nfipsec nfipsec "$@" || return 1
	transfer "$2" || return 1
	watch
	transfer "$2" || return 1
	more 15 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
}

# Python for a host that sends TCP to port 7000
SENDER='
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.connect((sys.argv[1], 7000))
s.sendall(bytes(int(sys.argv[2])))
'
# and for one that says how much came
RECEIVER='
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.bind(("::", 7000))
s.listen()
print("ready", flush=True)
c, n = s.accept()[0], 0
while data := c.recv(1 << 20):
    n += len(data)
print(n, flush=True)
'

# upload FROM TO ADDRESS: by TCP, to that of TO
upload() {
	local line='' pid out
	coproc SINK { on "$2" taskset -c 0 python3 -c "$RECEIVER"; }
	# it ends by itself, and the shell closes what it knows of it
	pid=$SINK_PID
	exec {out}<&"${SINK[0]}"
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	check "sent" on "$1" timeout $((80 * NFIPSEC_TEST_SLOW)) taskset -c 0 python3 -c \
		"$SENDER" "$3" $((4 * BYTES))
	line=''
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	exec {out}<&-
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	equal "came" "$line" $((4 * BYTES))
}

# see_huge: count those that come to gwa
see_huge() {
	rules gwa <<-RULES
		table inet seen {
			counter huge { }
			chain c {
				type filter hook prerouting priority -400
				iifname lan meta length > 65600 counter name huge
			}
		}
	RULES
}

# Longer than a header can say (BIG TCP of IPv6): what their sender has been told fits,
# of such ones too
huge() {
	local try before told
	[[ $(uname -r) == 6.1.* ]] &&
		{ echo "a veth of Linux 6.1 gets none"; return "$KSFT_SKIP"; }
	tunnel nfipsec nfipsec 6 6 aes128gcm16 || return 1
	check "gso_max_size" ip -n "${NS[h1]}" link set eth0 gso_max_size 180000 || return 1
	on h1 bash -c 'echo 120 >/proc/sys/net/ipv4/tcp_min_tso_segs'
	see_huge
	# what connections before have met would keep it from that
	ip -n "${NS[h1]}" tcp_metrics flush all >/dev/null
	# TCP decides how long they are
	for try in 1 2 3 4 5; do
		upload h1 h2 fd00:2::2
		(($(seen gwa huge))) && break
	done
	before=$(seen gwa huge)
	more 0 huge "$before" tries "$try"
	told=$(counter gwa out_too_big)
	for try in 1 2 3 4 5; do
		upload h1 h2 fd00:2::2
		(($(seen gwa huge) > before)) && break
	done
	check "more of them" test "$(seen gwa huge)" -gt "$before"
	equal "too big, once it was told" "$(counter gwa out_too_big)" "$told"
	counted
	rules gwa </dev/null
	ip -n "${NS[h1]}" link set eth0 gso_max_size 65536
	on h1 bash -c 'echo 44 >/proc/sys/net/ipv4/tcp_min_tso_segs'
}

# The gateway's own TCP, in transport mode
own_transport() {
	clear_all gwa nfipsec && clear_all gwb nfipsec || return 1
	SPI=$((SPI + 2))
	protect gwa nfipsec 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2 transport \
		aes128gcm16 "$SPI" $((SPI + 1)) || return 1
	protect gwb nfipsec 10.0.0.2 10.0.0.1 10.0.0.2 10.0.0.1 transport \
		aes128gcm16 $((SPI + 1)) "$SPI" || return 1
	watch
	check traffic taskset -c 0 "$TOOLS/probe" A="${NS[gwa]},10.0.0.1" \
		B="${NS[gwb]},10.0.0.2" wire="${NS[gwb]},wan,esp" tcp="$BYTES"
	counted
	more 15 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
}

# Several datagrams in one call, from gwa in transport mode, with the sender told when
# each leaves: all that was charged to it is given back, though it looks at none of
# these messages
STAMPED='
import select, socket, struct, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET,
                  socket.SOCK_DGRAM)
def charged():
    return struct.unpack_from("=3I", s.getsockopt(1, 55, 36))[2]
s.setsockopt(17, 103, 1004)                 # UDP_SEGMENT
if sys.argv[2] == "stamped":
    s.setsockopt(1, 37, 1 << 8)             # SO_TIMESTAMPING: when it is queued
s.bind((sys.argv[3], 0))
s.connect((sys.argv[1], 9))
s.send(bytes(8 * 1004))
told = select.poll()
told.register(s, 0)
if sys.argv[2] == "stamped" and not told.poll(20000):
    sys.exit("no message")
end = time.monotonic() + 20
while charged() and time.monotonic() < end:
    time.sleep(0.01)
if charged():
    sys.exit("%d bytes are charged still" % charged())
'
eight_came() {
	[[ $(sa_packets gwa out "$SPI") == 8 && $(sa_packets gwb in "$SPI") == 8 ]]
}
# own_udp MINE OTHERS PEER MODE HOW
own_udp() {
	local a=$1 b=$2 peer=$3
	clear_all gwa nfipsec && clear_all gwb nfipsec || return 1
	SPI=$((SPI + 2))
	protect gwa nfipsec "$a" "$b" "$a" "$peer" "$4" aes128gcm16 \
		"$SPI" $((SPI + 1)) || return 1
	protect gwb nfipsec "$b" "$a" "$peer" "$a" "$4" aes128gcm16 \
		$((SPI + 1)) "$SPI" || return 1
	check "sent" on gwa timeout $((80 * NFIPSEC_TEST_SLOW)) taskset -c 0 python3 -c \
		"$STAMPED" "$b" "$5" "$a"
	check "all came" busywait 5 eight_came
	refused
}

# Somebody has a copy of all of them, and keeps it: what they were charged to their socket
# for is given back all the same
copy_waits() {
	on gwa ip -batch - <<-LINES || return 1
		link add late type dummy
		link set late up
	LINES
	on gwa tc qdisc add dev late root netem delay 250s &&
		on gwa tc qdisc add dev wan clsact &&
		on gwa tc filter add dev wan egress protocol ip matchall \
			action mirred egress mirror dev late || T_RC=1
	own_udp 10.0.0.1 10.0.0.2 10.0.0.2 transport plain || T_RC=1
	# bytes, packets, as one
	check "a copy of all waits" on gwa bash -c 'tc -s qdisc show dev late |
		grep -qE "backlog (8[5-9]|9[0-9])[0-9]{2}b 1p"' ||
		on gwa tc -s qdisc show dev late
	on gwa tc qdisc del dev wan clsact
	ip -n "${NS[gwa]}" link del late
}

# A route to the peer by which Linux 6.1 has all of IPv6 fragmented; ip has no word for it
ALL_FRAGMENTED='
import socket, struct, sys
def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
addr = [socket.inet_pton(socket.AF_INET6, a) for a in sys.argv[1:3]]
route = struct.pack("=BBBBBBBBI", socket.AF_INET6, 128, 0, 0, 254, 4, 0, 1, 0)
route += attr(1, addr[0]) + attr(5, addr[1])
route += attr(4, struct.pack("=I", socket.if_nametoindex(sys.argv[3])))
route += attr(8, attr(12, struct.pack("=I", 8)))        # metrics, features
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.send(struct.pack("=IHHII", 16 + len(route), 24, 0x605, 1, 0) + route)
error = struct.unpack_from("=i", s.recv(4096), 16)[0]
sys.exit(error and "route: %d" % error)
'
all_fragmented() {
	check "route" on gwa python3 -c "$ALL_FRAGMENTED" fd00:7::7 fd00::2 wan || return 1
	ip -n "${NS[gwb]}" addr add fd00:7::7/128 dev lo nodad || return 1
	own_udp fd00::1 fd00:2::1 fd00:7::7 tunnel plain || T_RC=1
	ip -n "${NS[gwb]}" addr del fd00:7::7/128 dev lo
	ip -n "${NS[gwa]}" route del fd00:7::7/128
}

# Python: 130 packets of a connection to that address
SEGMENTS='
import socket, struct, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP)
s.setsockopt(socket.IPPROTO_IPV6, 7, 16)        # IPV6_CHECKSUM: the kernel makes it
s.setsockopt(socket.SOL_SOCKET, 32, 4 << 20)    # SO_SNDBUFFORCE: they all wait
s.connect((sys.argv[1], 0))
for i in range(130):
    s.send(struct.pack("!HHIIBBHHH", 1024, 7000, i * 1300, 1, 0x50, 0x10, 1024, 0, 0) +
           bytes(1300))
'

# As huge(), put together where they are received, all at once
gro_huge() {
	tunnel nfipsec nfipsec 6 6 aes128gcm16 || return 1
	# neighbours are known
	transfer 6 || return 1
	if ! on h1 tc qdisc add dev eth0 root plug limit 1000000 2>"$TMP/err"; then
		cat "$TMP/err"
		lacking "$TMP/err" && return "$KSFT_SKIP"
		return 1
	fi
	plugged || T_RC=1
	on h1 tc qdisc del dev eth0 root
	rules gwa </dev/null
	rules h2 </dev/null
	ip -n "${NS[gwa]}" link set lan gro_max_size 65536
	on gwa ethtool -K lan gro off >/dev/null
	on h1 ethtool -K eth0 tso on >/dev/null
}
plugged() {
	on h1 ethtool -K eth0 tso off >/dev/null &&
		on gwa ethtool -K lan gro on >/dev/null &&
		ip -n "${NS[gwa]}" link set lan gro_max_size 180000 || return 1
	see_huge && rules h2 <<-RULES || return 1
		table inet seen {
			counter came { }
			counter other { }
			chain c {
				type filter hook prerouting priority -400
				meta l4proto tcp tcp dport 7000 counter name came drop
				meta l4proto tcp counter name other
			}
		}
	RULES
	on h1 tc qdisc change dev eth0 root plug block
	check "sent" on h1 timeout $((40 * NFIPSEC_TEST_SLOW)) python3 -c \
		"$SEGMENTS" fd00:2::2
	on h1 tc qdisc change dev eth0 root plug release_indefinite
	check "all came" busywait 10 all_came
	check "longer ones" test "$(seen gwa huge)" -gt 0
	equal "of no port that there is" "$(seen h2 other)" 0
	counted
}
all_came() {
	(($(seen h2 came) == 130))
}

# longest BYTES SEGMENTS: how long super-packets of gwa's own TCP are
longest() {
	ip -n "${NS[gwa]}" link set wan gso_max_size "$1"
	on gwa bash -c "echo $2 >/proc/sys/net/ipv4/tcp_min_tso_segs"
}

# As own_transport(), over IPv6, longer than a header can say, by a route on which what
# fits has to be cut once it is sealed
own_narrow() {
	[[ $(uname -r) == 6.1.* ]] &&
		{ echo "a veth of Linux 6.1 gets none"; return "$KSFT_SKIP"; }
	clear_all gwa nfipsec && clear_all gwb nfipsec || return 1
	SPI=$((SPI + 2))
	protect gwa nfipsec fd00::1 fd00::2 fd00::1 fd00::2 transport \
		aes128gcm16 "$SPI" $((SPI + 1)) || return 1
	protect gwb nfipsec fd00::2 fd00::1 fd00::2 fd00::1 transport \
		aes128gcm16 $((SPI + 1)) "$SPI" || return 1
	ip -n "${NS[gwa]}" route add fd00::2/128 dev wan mtu 1280 &&
		ip -n "${NS[gwb]}" route add fd00::1/128 dev wan mtu 1280 || return 1
	check "gso_max_size" longest 180000 120 && narrow_own
	longest 65536 44
	ip -n "${NS[gwa]}" route del fd00::2/128 dev wan
	ip -n "${NS[gwb]}" route del fd00::1/128 dev wan
}

narrow_own() {
	local try
	ip -n "${NS[gwa]}" tcp_metrics flush all >/dev/null
	# each is two on the wire, and the queue of a CPU takes so many
	on gwb bash -c 'echo 4096 131072 262144 >/proc/sys/net/ipv4/tcp_rmem'
	rules gwa <<-RULES && rules gwb <<-RULES2 || return 1
		table inet seen {
			counter huge { }
			chain c {
				type filter hook output priority 0
				oifname wan meta length > 65600 counter name huge
			}
		}
	RULES
		table inet seen {
			counter came { }
			counter wide { }
			chain c {
				type filter hook prerouting priority -500
				iifname wan counter name came
				iifname wan meta length > 1280 counter name wide
			}
		}
	RULES2
	# TCP decides how long they are
	for try in 1 2 3 4 5; do
		upload gwa gwb fd00::2
		(($(seen gwa huge))) && break
	done
	more 0 huge "$(seen gwa huge)" tries "$try"
	equal "larger than the route's, of $(seen gwb came)" "$(seen gwb wide)" 0
	counted
	rules gwa </dev/null
	rules gwb </dev/null
}

# A device that may pass them on as one gets them one by one
udp_singly() {
	in_udp nfipsec nfipsec && one_by_one
}

# A rule that sends what was sealed another way, to such a device
udp_strays() {
	strays
	local ret=$?
	rules gwa </dev/null
	ip -n "${NS[gwa]}" rule del fwmark 7 table 7
	ip -n "${NS[gwa]}" route flush table 7
	ip -n "${NS[gwa]}" link del away
	return "$ret"
}

strays() {
	local WAN=away
	ip -n "${NS[gwa]}" link add away type dummy &&
		on gwa ethtool -K away tx-udp-segmentation off >/dev/null || return 1
	ip_batch gwa <<-LINES || return 1
		link set away up
		route add 10.0.0.2/32 dev away
		route add 10.0.0.2/32 dev wan table 7
		rule add fwmark 7 table 7
	LINES
	in_udp nfipsec nfipsec || return 1
	watch "table ip m {
		chain c {
			type route hook output priority 310
			udp dport 4500 meta mark set 7
		}
		chain d {
			type filter hook postrouting priority 310
			oifname wan udp dport 4500 meta length < 1501 counter
		}
	}" || return 1
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	# nor are they to rules behind nfipsec's
	equal "seen one by one" "$(on gwa nft list chain ip m d |
		sed -n 's/.*counter packets \([0-9]*\).*/\1/p')" "$(seen gwb came)"
}

# udp_together DRIVER_B: told so, a veth takes it all as one; it is one to who receives it
udp_together() {
	in_udp nfipsec "$1" || return 1
	[[ $1 != xfrm ]] || encap_holder gwb 4500 || return 1
	transfer 4 || return 1
	watch
	transfer 4 || return 1
	equal "sent and came" "$(seen gwa sent)" "$(seen gwb came)"
	more 10 "super-packets" "$(seen gwb large)" came "$(seen gwb came)"
}

# Behind it there is a link that does not: each is a packet of its own
udp_apart() {
	in_udp nfipsec nfipsec || return 1
	on gwa ethtool -K wan tx-udp-segmentation off >/dev/null || return 1
	watch
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	on gwa ethtool -K wan tx-udp-segmentation on >/dev/null
}

# ruled RULES MATCH: what rules of gwa say of a packet holds for all of them
ruled() {
	watch "$1" "$2" || return 1
	transfer 4 || return 1
	equal "came otherwise" "$(seen gwb other)" 0
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
}

# marked START...: a DSCP of its own, given by a rule
marked() {
	"$@" || return 1
	on gwa ethtool -K wan tx-udp-segmentation off >/dev/null || return 1
	ruled "table inet m {
		chain c {
			type filter hook postrouting priority mangle
			meta l4proto != tcp ip dscp set af41
		}
	}" "ip dscp != af41"
	on gwa ethtool -K wan tx-udp-segmentation on >/dev/null
}

# Another source, given by NAT
translated() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	ip -n "${NS[gwa]}" addr add 10.0.0.9/24 dev wan
	ruled "table ip m {
		chain c {
			type nat hook postrouting priority srcnat
			ip protocol esp snat to 10.0.0.9
		}
	}" "ip saddr != 10.0.0.9"
	ip -n "${NS[gwa]}" addr del 10.0.0.9/24 dev wan
}

copies_came() {
	COPIES=$(on h1 nft list counter netdev seen came |
		sed -n 's/.*packets \([0-9]*\).*/\1/p')
	CAME=$(seen gwb came)
	[[ $COPIES == "$CAME" ]]
}

# copied tc|nft: others get copies of what leaves, before it is taken apart: of all of
# it, and the original is whole
copied() {
	local rules=''
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	ip link add mirror netns "${NS[gwa]}" type veth peer name mirror \
		netns "${NS[h1]}" || return 1
	ip -n "${NS[h1]}" link set mirror up
	ip_batch gwa <<-LINES
		link set mirror up
		route add 10.9.9.9 dev mirror
		neigh add 10.9.9.9 lladdr 02:00:00:00:00:09 dev mirror nud permanent
	LINES
	rules h1 <<-RULES
		table netdev seen {
			counter came { }
			chain c {
				type filter hook ingress device mirror priority 0
				meta protocol ip ip protocol esp counter name came
			}
		}
	RULES
	[[ $1 == tc ]] || rules="table ip d {
		chain c {
			type filter hook output priority 310
			ip protocol esp dup to 10.9.9.9 device mirror
		}
	}"
	if ! watch "$rules" 2>"$TMP/err"; then
		ip -n "${NS[gwa]}" link del mirror
		# of an expression that it has not, nft says that there is no such file
		if [[ $1 == tc ]] || ! grep -qE 'not supported|No such file' "$TMP/err"; then
			cat "$TMP/err"
			return 1
		fi
		echo "this kernel's nftables does not duplicate"
		return "$KSFT_SKIP"
	fi
	[[ $1 != tc ]] || {
		on gwa tc qdisc add dev wan clsact &&
			on gwa tc filter add dev wan egress protocol ip matchall \
				action mirred egress mirror dev mirror || return 1
	}
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	check "as many copies" busywait 5 copies_came || echo "$CAME came, $COPIES copies"
	[[ $1 != tc ]] || on gwa tc qdisc del dev wan clsact
	rules gwa </dev/null
	ip -n "${NS[gwa]}" link del mirror
	rules h1 </dev/null
}

# A queue that wants packets of the link's size cuts it itself
shaped() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	watch
	on gwa tc qdisc add dev wan root tbf rate 400mbit burst 8kb limit 4mb ||
		return 1
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	on gwa tc qdisc del dev wan root
}

# Who looks far into them has their bytes moved
pulled() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	watch
	on gwa tc qdisc add dev wan clsact || return 1
	if ! on gwa tc filter add dev wan egress protocol ip matchall action pedit \
		munge offset 2000 u32 preserve; then
		on gwa tc qdisc del dev wan clsact
		echo "no pedit in this kernel"
		return "$KSFT_SKIP"
	fi
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	on gwa tc qdisc del dev wan clsact
}

# So does one to user space, which sees each
queued() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	queue_of gwa 0 || return 1
	watch "table ip q {
		chain c {
			type filter hook output priority 310
			ip protocol esp queue num 5
		}
	}"
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
	queue_ends "$(sa_packets gwa out "$SPI")"
}

# Packets that do not fit and may be fragmented outside: each is, by itself
fragmented() {
	local net wan
	clear_all gwa nfipsec && clear_all gwb nfipsec || return 1
	read -r -a net <<<"${NETS[4]}"
	read -r -a wan <<<"${WANS[4]}"
	forget_paths
	SPI=$((SPI + 2))
	protect gwa nfipsec "${net[0]}" "${net[1]}" "${wan[0]}" "${wan[1]}" tunnel \
		aes128gcm16 "$SPI" $((SPI + 1)) df clear frag after flag nopmtudisc &&
		protect gwb nfipsec "${net[1]}" "${net[0]}" "${wan[1]}" "${wan[0]}" \
			tunnel aes128gcm16 $((SPI + 1)) "$SPI" df clear frag after \
			flag nopmtudisc || return 1
	watch '' 'ip frag-off & 0x3fff != 0'
	transfer 4
	more 12 sent "$(seen gwa sent)" fragments "$(seen gwb other)"
	equal "larger than the link's" "$(seen gwb large)" 0
}

# The identification of an outer header without DF is no other's: fragments of two
# packets must not be put together
identified() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 && apply gwa nfipsec <<-LINES || return 1
		sa del dst 10.0.0.2 proto esp spi $SPI
	LINES
	sa gwa nfipsec out 10.0.0.1 10.0.0.2 "$SPI" tunnel aes128gcm16 df clear ||
		return 1
	watch
	on gwb python3 -c 'import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
s.bind(("wan", 0x0800))
print("ready", flush=True)
ids = []
while len(ids) < 100:
    p = s.recv(65536)
    # not the later fragments of one
    if p[9] == 50 and p[12:16] == bytes((10, 0, 0, 1)) and not (p[6] & 31 or p[7]):
        ids.append(p[4:6])
print(len(set(ids)))' >"$TMP/ids" &
	PIDS+=($!)
	busywait 20 grep -q ready "$TMP/ids" || return 1
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	check "100 packets" busywait 20 grep -q '^[0-9]' "$TMP/ids"
	equal "identifications" "$(tail -n 1 "$TMP/ids")" 100
}

# The module's parameter
turned_off() {
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	echo N >/sys/module/nfipsec/parameters/gso
	one_by_one
	echo Y >/sys/module/nfipsec/parameters/gso
}

# esp4_offload takes them apart for XFRM. It comes, or is, where nfipsec
# is there: packets go one by one while it is there, and nobody is harmed.
taken() {
	modprobe -n esp4_offload 2>/dev/null ||
		{ echo "no esp4_offload in this kernel"; return "$KSFT_SKIP"; }
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	check "comes later" modprobe esp4_offload || return 1
	one_by_one
	rmmod esp4_offload || return 1
	watch
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	rmmod nfipsec && modprobe esp4_offload && module_insert || return 1
	tunnel nfipsec nfipsec 4 4 aes128gcm16 || return 1
	one_by_one
	rmmod esp4_offload || return 1
	watch
	transfer 4
	more 12 sent "$(seen gwa sent)" came "$(seen gwb came)"
	# and XFRM can have it after all that
	check "XFRM's own" modprobe esp4_offload || return 1
	tunnel xfrm xfrm 4 4 aes128gcm16 || return 1
	check traffic "$TOOLS/probe" A="${NS[h1]},192.168.1.2" B="${NS[h2]},192.168.2.2" \
		tcp="$BYTES"
	clear_all gwa nfipsec && clear_all gwb nfipsec
	busywait 20 rmmod esp4_offload 2>/dev/null
}

one_by_one() {
	watch
	transfer 4
	# there are some at all
	more 10 sent "$(seen gwa sent)" came "$(seen gwb came)"
	equal "sent and came" "$(seen gwa sent)" "$(seen gwb came)"
	equal "larger than the link's" "$(seen gwb large)" 0
}

# Python for a host that sends TCP behind destination options, several times, since where
# numbers begin is at random; and for one that says how much came
OPTIONS_FROM='
import socket, sys
for n in range(8):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(41, 59, bytes((0, 0, 1, 4, 0, 0, 0, 0)))    # IPV6_DSTOPTS
    s.settimeout(int(sys.argv[2]))
    s.connect((sys.argv[1], 7001))
    s.sendall(bytes(200000))
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
'
OPTIONS_TO='
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.bind(("::", 7001))
s.listen()
print("ready", flush=True)
for _ in range(8):
    c, n = s.accept()[0], 0
    while data := c.recv(1 << 20):
        n += len(data)
    print(n, flush=True)
    c.close()
'

# A header in front of TCP, of which the stack of a gateway does not know where it is
behind_options() {
	local line='' n out pid
	tunnel nfipsec nfipsec 6 6 aes128gcm16 || return 1
	coproc SINK { on h2 python3 -c "$OPTIONS_TO"; }
	pid=$SINK_PID
	exec {out}<&"${SINK[0]}"
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	check "sent" on h1 timeout $((80 * NFIPSEC_TEST_SLOW)) python3 -c "$OPTIONS_FROM" \
		fd00:2::2 $((10 * NFIPSEC_TEST_SLOW))
	for n in 1 2 3 4 5 6 7 8; do
		line=''
		read -r -t 1 -u "$out" line
		equal "connection $n" "$line" 200000
	done
	exec {out}<&-
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	# of the first connection, until the sender knows
	equal "too big, again and again" $(($(counter gwa out_too_big) > 20)) 0
}

need ip nsenter probe nfqueue nft ethtool tc taskset
load_module nfipsec xfrm
SPI=0x6000
gso_topology
plan 29
run "together, 4 in 4" together 4 4 aes128gcm16
run "together, 6 in 6" together 6 6 aes256-sha256_128
run "together, 6 in 4" together 4 6 chacha20poly1305
run "together, 4 in 6" together 6 4 aes128gcm16
run "together, behind a header" behind_options
run "together, TCP of the host itself in transport mode" own_transport
run "datagrams of the host itself, each with a time stamp" own_udp 10.0.0.1 10.0.0.2 \
	10.0.0.2 transport stamped
run "datagrams of the host itself, of which a copy waits" copy_waits
run "datagrams of the host itself by a route that fragments all" all_fragmented
run "longer than a header can say" huge
run "longer than a header can say, put together on the way" gro_huge
run "longer than a header can say, TCP of the host itself" own_narrow
run "in UDP, to a link that knows nothing of it" udp_apart
run "in UDP, to a link that passes them on" udp_singly
run "in UDP, sent another way by a rule" udp_strays
pass_on Y
run "in UDP, as one, nfipsec receives" udp_together nfipsec
run "in UDP, as one, XFRM receives" udp_together xfrm
run "a rule marks all of them, in UDP" marked in_udp nfipsec nfipsec
pass_on N
run "a rule marks all of them" marked tunnel nfipsec nfipsec 4 4 aes128gcm16
run "a rule translates all of them" translated
run "tc makes copies" copied tc
run "nftables makes copies" copied nft
run "turned off" turned_off
run "a queue of the device cuts them" shaped
run "a queue to user space cuts them" queued
run "one who looks far into them" pulled
run "fragments outside" fragmented
run "each its own identification" identified
run "esp4_offload comes and goes" taken
finish
