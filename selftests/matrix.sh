#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every mode, address family and algorithm, against XFRM and against itself.
#
#    host a                                     host b
#   +---------------------+           +---------------------+
#   | lo 192.168.1.1      |           |      192.168.2.1 lo |
#   |    fd00:1::1        |           |        fd00:2::1    |
#   |                  va |===========| vb                  |
#   |           10.0.0.1  |    ESP    |  10.0.0.2           |
#   |           fd00::1   |           |  fd00::2            |
#   +---------------------+           +---------------------+
#
# usage: matrix.sh [beet|DRIVER_OF_A DRIVER_OF_B [ONLY]]   drivers: nfipsec, xfrm;
# beet: that mode, which is left out otherwise; ONLY is a pattern of descriptions
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Around the edges of padding and of what fits into 1500 bytes.
PING_SIZES=0,1,15,16,17,56,1300,1371-1420/7,1472,1500,3000,9000
UDP_SIZES=0-20,255,256,1380-1473/4,2000,9000
# For the algorithms that come by the way: the path is the same for all of them.
FEW_SIZES=0,1,16,56,1400,2000
WAYS=(write sendfile zerocopy splice)
declare -A OUTER=([4]="10.0.0.1 10.0.0.2" [6]="fd00::1 fd00::2")
declare -A INNER=([4]="192.168.1.1 192.168.2.1" [6]="fd00:1::1 fd00:2::1")

topology() {
	hosts a b
	wire a va b vb
	ip_batch a <<-LINES
		link set va address 02:00:00:00:00:01
		addr add 10.0.0.1/24 dev va
		addr add fd00::1/64 dev va nodad
		addr add 192.168.1.1/32 dev lo
		addr add fd00:1::1/128 dev lo nodad
		neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev va nud permanent
		neigh add fd00::2 lladdr 02:00:00:00:00:02 dev va nud permanent
		route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
		route add fd00:2::/64 via fd00::2 src fd00:1::1
	LINES
	ip_batch b <<-LINES
		link set vb address 02:00:00:00:00:02
		addr add 10.0.0.2/24 dev vb
		addr add fd00::2/64 dev vb nodad
		addr add 192.168.2.1/32 dev lo
		addr add fd00:2::1/128 dev lo nodad
		neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev vb nud permanent
		neigh add fd00::1 lladdr 02:00:00:00:00:01 dev vb nud permanent
		route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
		route add fd00:1::/64 via fd00::1 src fd00:2::1
	LINES
}

# probe ADDR_A ADDR_B ACTION...: between a and b, with only ESP on the wire
traffic() {
	local from=$1 to=$2
	shift 2
	"$TOOLS/probe" A="${NS[a]},$from" B="${NS[b]},$to" \
		wire="${NS[a]},va,esp" wire="${NS[b]},vb,esp" "$@"
}

# counters_moved HOST: packets went both ways, nothing was dropped but what was
# too big for the path (its sender was told and sent again)
counters_moved() {
	local h=$1 bad
	local -A s
	stats "$h" s
	((${s[in_ok]:-0} > ${BEFORE_IN[$h]:-0})) || { echo "$h: in_ok did not grow"; return 1; }
	((${s[out_ok]:-0} > ${BEFORE_OUT[$h]:-0})) || { echo "$h: out_ok did not grow"; return 1; }
	BEFORE_IN[$h]=${s[in_ok]} BEFORE_OUT[$h]=${s[out_ok]}
	bad=$(dropped s out_too_big)
	[[ ! $bad ]] || { echo "$h: $bad"; return 1; }
}
declare -A BEFORE_IN=() BEFORE_OUT=()

# one MODE OUTER INNER ALG ESN DRIVER_A DRIVER_B
one() {
	local mode=$1 alg=$4 esn=() da=$6 db=$7 outer inner full
	local bytes mtu more=()
	bytes=$(scaled 1500000 150000)
	read -r -a outer <<<"${OUTER[$2]}"
	read -r -a inner <<<"${INNER[$3]}"
	[[ $mode == transport ]] && inner=("${outer[@]}")
	[[ $5 == esn ]] && esn=(esn)
	if [[ $mode == beet ]]; then
		mtu=$(beet_mtu "$2" "$3" "$alg")
		more=(swap pmtu="$mtu-$mtu")
		bytes=$(scaled 300000 150000)
	fi
	full=32
	[[ $3 == 6 ]] && full=128
	clear_all a "$da" && clear_all b "$db" || return 1
	SPI=$((SPI + 2))
	protect a "$da" "${inner[0]}/$full" "${inner[1]}/$full" "${outer[0]}" \
		"${outer[1]}" "$mode" "$alg" $((SPI)) $((SPI + 1)) "${esn[@]}" || return 1
	protect b "$db" "${inner[1]}/$full" "${inner[0]}/$full" "${outer[1]}" \
		"${outer[0]}" "$mode" "$alg" $((SPI + 1)) $((SPI)) "${esn[@]}" || return 1
	check traffic traffic "${inner[0]}" "${inner[1]}" ping="$PING_SIZES" \
		udp="$UDP_SIZES" tcp="$bytes,${WAYS[T_NUM % 4]}" \
		swap ping=0,56,1400,1500,9000 "${more[@]}"
	if [[ $mode$3 == beet4 ]]; then
		check options with_options a "${inner[0]}" b "${inner[1]}"
		check options with_options b "${inner[1]}" a "${inner[0]}"
	fi
	[[ $da != nfipsec ]] || check counters counters_moved a
	[[ $db != nfipsec ]] || check counters counters_moved b
}

# rows ALG ODD DRIVER_A DRIVER_B: an algorithm that is one row of the table more,
# in both modes and families at once, every other one with ESN
rows() {
	local alg=$1 odd=$2 da=$3 db=$4 a=() b=() ends=()
	local m w outer inner full bytes words
	[[ ! ${MISSING[$alg]:-} ]] || { echo "${MISSING[$alg]}"; return "$KSFT_SKIP"; }
	clear_all a "$da" && clear_all b "$db" || return 1
	for m in "tunnel 4 32 $odd" "transport 4 32 $((!odd))" \
		"transport 6 128 $odd" "tunnel 6 128 $((!odd))"; do
		read -r -a w <<<"$m"
		read -r -a outer <<<"${OUTER[${w[1]}]}"
		read -r -a inner <<<"${INNER[${w[1]}]}"
		[[ ${w[0]} == tunnel ]] || inner=("${outer[@]}")
		full=${w[2]} words=()
		((!w[3])) || words=(esn)
		SPI=$((SPI + 2))
		a+=("$(protect_lines "$da" "${inner[0]}/$full" "${inner[1]}/$full" \
			"${outer[0]}" "${outer[1]}" "${w[0]}" "$alg" $((SPI)) \
			$((SPI + 1)) "${words[@]}")")
		b+=("$(protect_lines "$db" "${inner[1]}/$full" "${inner[0]}/$full" \
			"${outer[1]}" "${outer[0]}" "${w[0]}" "$alg" $((SPI + 1)) \
			$((SPI)) "${words[@]}")")
		ends+=("${inner[@]}")
	done
	printf '%s\n' "${a[@]}" | apply a "$da" || return 1
	printf '%s\n' "${b[@]}" | apply b "$db" || return 1
	bytes=$(scaled 60000 20000)
	for ((m = 0; m < 8; m += 2)); do
		check "traffic ${ends[m]}" traffic "${ends[m]}" "${ends[m + 1]}" \
			ping="$FEW_SIZES" udp="$FEW_SIZES" \
			tcp="$bytes,${WAYS[m / 2]}" swap ping=0,1400
		[[ $da != nfipsec ]] || check counters counters_moved a
		[[ $db != nfipsec ]] || check counters counters_moved b
	done
}

# with_options FROM ADDR TO ADDR: datagrams with IPv4 options of each length keep
# them, and the other fields that BEET mode makes anew
with_options() {
	python3 - "${NS[$1]}" "$2" "${NS[$3]}" "$4" <<-'PYTHON'
		import ctypes, socket, sys

		def sock(ns, addr):
		    with open("/run/netns/" + ns, encoding="ascii") as f:
		        assert not ctypes.CDLL(None).setns(f.fileno(), 0x40000000)
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    s.bind((addr, 4711))
		    s.settimeout(10)
		    return s

		tx, rx = sock(*sys.argv[1:3]), sock(*sys.argv[3:5])
		for opt in 6, 12, 13:    # RECVOPTS, RECVTTL, RECVTOS
		    rx.setsockopt(0, opt, 1)
		for n in 0, 4, 8, 12, 36, 40:
		    # one to ignore, with a pattern in it, and the rest
		    options = bytes([0x9e, n - 1, *range(2, n - 1), 0]) if n else b""
		    tx.setsockopt(0, 4, options)
		    tx.setsockopt(0, 2, 99 - n)
		    tx.setsockopt(0, 1, n & ~3 | 2)
		    tx.sendto(b"options", (sys.argv[4], 4711))
		    data, anc, _, _ = rx.recvmsg(100, 1000)
		    assert data == b"options", data
		    got = {kind: val for _, kind, val in anc}
		    want = {2: (99 - n).to_bytes(4, sys.byteorder), 1: bytes([n & ~3 | 2])}
		    if n:
		        want[6] = options
		    assert got == want, (n, got, want)
	PYTHON
}

# beet_mtu OUTER INNER ALG: what fits into 1500 bytes, the inner header costs
# nothing
beet_mtu() {
	local iv=8 block=4 room head=20
	[[ $3 == aes*-* ]] && iv=16 block=16
	room=$((1500 - 20 - 8 - iv - 16))
	[[ $1 == 6 ]] && room=$((room - 20))
	[[ $2 == 6 ]] && head=40
	echo $((room / block * block - 2 + head))
}

# All combinations, extended sequence numbers with every other one so that each
# algorithm and each mode meets both.
cases() {
	local m i n=0 esn more=()
	for m in "tunnel 4 4" "tunnel 6 6" "tunnel 4 6" "tunnel 6 4" \
		"transport 4 4" "transport 6 6"; do
		for ((i = 0; i < ${#ALGS[@]}; i++)); do
			esn=esn
			(((n++ + i / 6 + n / 6) & 1)) && esn=noesn
			CASES+=("$m ${ALGS[i]} $esn $1 $2")
		done
	done
	for ((i = 0; i < ${#MORE_ALGS[@]}; i++)); do
		more+=("rows ${MORE_ALGS[i]} $((i & 1)) $1 $2")
	done
	share more
	# a kernel that has few of those has few of these
	((${NFIPSEC_TEST_SHARE:+${NFIPSEC_TEST_SHARE#*/}} + 0 <= 3)) || share CASES
	CASES+=("${more[@]}")
}

# What this kernel cannot do is told once and skipped.
declare -A MISSING=()
find_missing() {
	local alg h
	for h; do
		on "$h" nfipsec default weak on || bail "weak algorithms stay refused"
		for alg in "${MORE_ALGS[@]}"; do
			MISSING[$alg]=$(alg_missing "$h" "$alg")
		done
	done
}

# The same with two kinds of cipher, and the packets that mode has to change.
beet_cases() {
	local o i esn alg
	for o in 4 6; do
		for i in 4 6; do
			for alg in aes128gcm16 aes256-sha256_128; do
				for esn in esn noesn; do
					CASES+=("beet $o $i $alg $esn nfipsec xfrm")
				done
			done
			# the kernel remembers the smallest path MTU it met
			CASES+=("beet $o $i aes256-sha256_128 esn nfipsec nfipsec")
		done
	done
}

need ip probe nsenter
CASES=()
if [[ ${1:-} == beet ]]; then
	need python3
	load_module nfipsec xfrm
	PING_SIZES=0,1,17,56,1420-1448/4,3000,9000
	UDP_SIZES=0-4,255,1400-1473/24,9000
	beet_cases
	share CASES
elif (($# >= 2)); then
	load_module "$1" "$2"
	cases "$1" "$2"
else
	load_module nfipsec xfrm
	cases nfipsec xfrm
	CASES+=("tunnel 4 4 aes128gcm16 esn nfipsec nfipsec"
		"tunnel 6 6 aes256-sha256_128 noesn nfipsec nfipsec"
		"tunnel 4 6 chacha20poly1305 esn nfipsec nfipsec"
		"transport 4 4 null-sha256_128 noesn nfipsec nfipsec"
		"transport 6 6 aes256gcm16 noesn nfipsec nfipsec")
fi
if [[ ${3:-} ]]; then
	picked=()
	for c in "${CASES[@]}"; do
		# shellcheck disable=SC2053
		[[ $c == $3 ]] && picked+=("$c")
	done
	CASES=("${picked[@]}")
fi
SPI=0x1000
topology
[[ ${1:-nfipsec} != nfipsec ]] || find_missing a
[[ ${2:-xfrm} != nfipsec ]] || find_missing b
plan ${#CASES[@]}
for c in "${CASES[@]}"; do
	read -r -a w <<<"$c"
	if [[ ${w[0]} == rows ]]; then
		run "all modes, ${w[1]}, ${w[3]} - ${w[4]}" "${w[@]}"
		continue
	fi
	name="${w[0]} ${w[2]}in${w[1]} ${w[3]} ${w[4]}, ${w[5]} - ${w[6]}"
	[[ ${w[0]} == transport ]] && name="${w[0]} ${w[1]} ${w[3]} ${w[4]}, ${w[5]} - ${w[6]}"
	# shellcheck disable=SC2086
	run "$name" one $c
done
finish
