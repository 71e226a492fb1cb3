#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Several SAs for one packet, against XFRM and against itself. The two hosts are
# those of matrix.sh.
#
# A layer is PROTO:MODE:ENDS, ENDS being i for the inner addresses of the hosts
# and o for the outer ones; layers are written as templates are, the innermost
# first.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

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

# ends LAYER HOST: local and remote address of that host into LOCAL and REMOTE
ends() {
	local pair
	case $1 in
	*:i) read -r -a pair <<<"${INNER[$IN]}" ;;
	*) read -r -a pair <<<"${OUTER[$OUT]}" ;;
	esac
	LOCAL=${pair[0]} REMOTE=${pair[1]}
	[[ $2 == a ]] || LOCAL=${pair[1]} REMOTE=${pair[0]}
}

# layer_words DRIVER LAYER SPI: algorithm and flags of an SA into WORDS
layer_words() {
	local flags=''
	if [[ $2 == ah:* ]]; then
		key 32 $(($3))
		ALG_WORDS="auth-trunc hmac(sha256) $KEY 128"
		[[ $1 == xfrm && $LOCAL != *:* ]] && flags+=' flag align4'
	elif (($3 & 16)); then
		alg_words "$1" aes128gcm16 $(($3))
	else
		alg_words "$1" aes128-sha256_128 $(($3))
	fi
	[[ $1 == xfrm && $2 == *:tunnel:* ]] && flags+=' flag af-unspec'
	WORDS="$flags $ALG_WORDS"
}

# layer_sas HOST DRIVER NUMBER LAYER: the lines for its two SAs; a sends with
# the even SPI
layer_sas() {
	local proto mode out in window=''
	IFS=: read -r proto mode _ <<<"$4"
	out=$((SPI + $3 * 16)) in=$((SPI + $3 * 16 + 1))
	[[ $1 == a ]] || out=$((SPI + $3 * 16 + 1)) in=$((SPI + $3 * 16))
	ends "$4" "$1"
	if [[ $2 == nfipsec ]]; then
		layer_words "$2" "$4" "$out"
		echo "sa add src $LOCAL dst $REMOTE proto $proto spi $out" \
			"mode $mode reqid $3 dir out $WORDS"
		layer_words "$2" "$4" "$in"
		echo "sa add src $REMOTE dst $LOCAL proto $proto spi $in" \
			"mode $mode reqid $3 dir in $WORDS"
		return
	fi
	window='replay-window 32'
	layer_words "$2" "$4" "$out"
	echo "xfrm state add src $LOCAL dst $REMOTE proto $proto spi $out" \
		"mode $mode reqid $3 $window $WORDS"
	layer_words "$2" "$4" "$in"
	echo "xfrm state add src $REMOTE dst $LOCAL proto $proto spi $in" \
		"mode $mode reqid $3 $window $WORDS"
}

# tmpls HOST out|in NUMBER:LAYER...: templates
tmpls() {
	local h=$1 dir=$2 l proto mode
	shift 2
	for l; do
		IFS=: read -r _ proto mode _ <<<"$l"
		ends "$l" "$h"
		printf ' tmpl'
		[[ $mode == tunnel && $dir == out ]] && printf ' src %s dst %s' "$LOCAL" "$REMOTE"
		[[ $mode == tunnel && $dir == in ]] && printf ' src %s dst %s' "$REMOTE" "$LOCAL"
		printf ' proto %s mode %s reqid %s' "$proto" "$mode" "${l%%:*}"
	done
}

# policies HOST DRIVER out|in NUMBER:LAYER...: the line for a policy
policies() {
	local h=$1 d=$2 dir=$3 sel
	shift 3
	ends _:i "$h"
	[[ $TRAFFIC == o ]] && ends _:o "$h"
	sel="src $LOCAL dst $REMOTE"
	[[ $dir == in ]] && sel="src $REMOTE dst $LOCAL"
	if [[ $d == nfipsec ]]; then
		echo "policy update dir $dir $sel action protect$(tmpls "$h" "$dir" "$@")"
	else
		echo "xfrm policy update $sel dir $dir$(tmpls "$h" "$dir" "$@")"
	fi
}

# setup HOST DRIVER LAYER...
setup() {
	local h=$1 d=$2 n=0 l layers=()
	shift 2
	{
		for l; do
			((++n))
			layer_sas "$h" "$d" "$n" "$l"
			layers+=("$n:$l")
		done
		policies "$h" "$d" out "${layers[@]}"
		policies "$h" "$d" in "${layers[@]}"
	} | apply "$h" "$d"
}

# traffic WIRE ACTION...: between a and b
traffic() {
	local from to wire=$1
	shift
	ends "_:$TRAFFIC" a
	from=$LOCAL to=$REMOTE
	"$TOOLS/probe" A="${NS[a]},$from" B="${NS[b]},$to" \
		wire="${NS[a]},va,$wire" wire="${NS[b]},vb,$wire" "$@"
}

declare -A BEFORE_IN=() BEFORE_OUT=()

# used HOST: packets went both ways, and nothing was dropped but what was too
# big for the path
used() {
	local h=$1 bad
	local -A s
	stats "$h" s
	((${s[in_ok]:-0} > ${BEFORE_IN[$h]:-0})) || { echo "$h: in_ok did not grow"; return 1; }
	((${s[out_ok]:-0} > ${BEFORE_OUT[$h]:-0})) || { echo "$h: out_ok did not grow"; return 1; }
	BEFORE_IN[$h]=${s[in_ok]} BEFORE_OUT[$h]=${s[out_ok]}
	bad=$(dropped s out_too_big)
	[[ ! $bad ]] || { echo "$h: $bad"; return 1; }
}

# start IN OUT DRIVER_A DRIVER_B LAYER...: fresh SAs and policies
start() {
	local da=$3 db=$4
	IN=$1 OUT=$2
	shift 4
	clear_all a "$da" && clear_all b "$db" || return
	SPI=$((SPI + 256))
	TRAFFIC=i
	[[ $* == *:i* || $* == *:tunnel:* ]] || TRAFFIC=o
	setup a "$da" "$@" && setup b "$db" "$@"
}

# one IN OUT DRIVER_A DRIVER_B LAYER...
one() {
	local da=$3 db=$4 last=${!#} bytes
	bytes=$(scaled 300000 80000)
	start "$@" || return 1
	check traffic traffic "${last%%:*}" ping=0,56,1200-1500/12,4000 \
		udp=0-3,1200-1473/40,4000 tcp="$bytes" swap ping=0,1400,4000
	[[ $da != nfipsec ]] || check counters used a
	[[ $db != nfipsec ]] || check counters used b
}

# ping_ends [SECONDS]: from a, one packet; whether it is answered by then
ping_ends() {
	ends "_:$TRAFFIC" a
	on a ping -q -c 1 -W "${1:-2}" -I "$LOCAL" "$REMOTE" >/dev/null 2>&1
}

# grown HOST NAME FROM: whether a counter is above FROM
grown() {
	(($(counter "$1" "$2") > $3))
}

# refused COUNTER DRIVER_A A_LAYERS B_LAYERS: a sends through some of the SAs or
# all, and b, nfipsec, wants others. Each list is of NUMBER:LAYER
refused() {
	local name=$1 da=$2 before now
	local -a sends wants
	read -r -a sends <<<"$3"
	read -r -a wants <<<"$4"
	policies a "$da" out "${sends[@]}" | apply a "$da" || return 1
	policies b nfipsec in "${wants[@]}" | apply b nfipsec || return 1
	before=$(counter b "$name") now=$(counter b in_ok)
	refute "a packet that came otherwise" ping_ends 0.1
	check "$name" busywait 3 grown b "$name" "$before"
	equal "$name: in_ok" "$(counter b in_ok)" "$now"
}

# missing DRIVER_A IN OUT [few]: not a layer less, not one more, not another
# order
missing() {
	local esp=1:esp:transport:i ah=2:ah:transport:i tun=3:esp:tunnel:o
	start "$2" "$3" "$1" nfipsec "${esp#*:}" "${ah#*:}" "${tun#*:}" || return 1
	check "all of it" ping_ends
	refused in_policy "$1" "$esp $ah" "$esp $ah $tun"
	refused in_policy "$1" "$esp $tun" "$esp $ah $tun"
	refused in_policy "$1" "$esp $ah $tun" "$ah $tun"
	refused in_policy "$1" "$ah $esp $tun" "$esp $ah $tun"
	[[ ${4:-} ]] && return
	refused in_policy "$1" "$ah $tun" "$esp $ah $tun"
	refused in_policy "$1" "$tun" "$esp $ah $tun"
	refused in_policy "$1" "$esp" "$esp $ah $tun"
	refused in_policy "$1" "$esp $ah $tun" "$esp $ah"
	refused in_policy "$1" "$esp $ah $tun" "$tun"
	refused in_policy "$1" "$esp $ah $tun" "$esp"
	refused in_policy "$1" "$esp $ah $tun" "$ah $esp $tun"
	policies a "$1" out "$esp" "$ah" "$tun" | apply a "$1"
	policies b nfipsec in "$esp" "$ah" "$tun" | apply b nfipsec
	check "all of it again" ping_ends
}

# deep: more than is opened, of a peer that can
deep() {
	local l=esp:transport:o
	start 4 4 xfrm nfipsec "$l" "$l" "$l" "$l" || return 1
	check "4 of them" ping_ends
	layer_sas a xfrm 5 "$l" | apply a xfrm || return 1
	layer_sas b nfipsec 5 "$l" | apply b nfipsec || return 1
	refused in_nested xfrm "1:$l 2:$l 3:$l 4:$l 5:$l" "1:$l 2:$l 3:$l 4:$l"
}

# no_sa: one of the SAs is not there, nothing leaves
no_sa() {
	local before spi
	start 4 4 nfipsec nfipsec esp:transport:i esp:tunnel:o || return 1
	check "both there" ping_ends
	for spi in 16 32; do
		start 4 4 nfipsec nfipsec esp:transport:i esp:tunnel:o || return 1
		ends "_:$([[ $spi == 16 ]] && echo i || echo o)" a
		echo "sa del dst $REMOTE proto esp spi $((SPI + spi))" | apply a nfipsec || return 1
		before=$(counter a out_no_sa)
		refute "one is missing" ping_ends 0.1
		check out_no_sa grown a out_no_sa "$before"
	done
}

# behind: an SA with somebody behind a tunnel, each has a policy
behind() {
	local esp=1:esp:transport:i tun=2:esp:tunnel:o sel now
	start "$2" "$3" "$1" nfipsec "${esp#*:}" "${tun#*:}" || return 1
	refused in_policy "$1" "$esp $tun" "$esp"
	ends "$tun" b
	ends "$esp" a
	sel="src $LOCAL dst $REMOTE proto esp"
	now=$(policies b nfipsec in "$tun")
	echo "policy add dir in $sel priority 0 action${now#*action}" |
		apply b nfipsec || return 1
	policies b nfipsec in "$esp" | sed 's/ action/ priority 9&/' | apply b nfipsec || return 1
	check "each for itself" ping_ends
	refused in_policy "$1" "$tun" "$esp"
	policies b nfipsec in "$esp" "$tun" | apply b nfipsec
	policies a "$1" out "$esp" "$tun" | apply a "$1"
	check "both at once" ping_ends
}

# shown: what was put in comes out in the same order
shown() {
	local out
	start 4 4 nfipsec nfipsec esp:transport:i ah:transport:i esp:tunnel:o || return 1
	out=$(on a nfipsec policy list dir out | grep -E 'proto' | grep -oE '(esp|ah) reqid [0-9] mode [a-z]+')
	equal list "$out" $'esp reqid 1 mode transport\nah reqid 2 mode transport\nesp reqid 3 mode tunnel'
	out=$(on a nfipsec -j policy list dir out | tr -d ' \n\t')
	[[ $out == *'"tmpl":{"proto":"esp","reqid":1,'*'"outer_tmpls":[{"proto":"ah",'*'"reqid":3,'* ]] ||
		{ echo "$out"; return 1; }
}

need ip probe nsenter ping
load_module nfipsec xfrm
modprobe -qa ah4 ah6
CASES=()
for c in "esp:transport:o ah:transport:o" "esp:transport:i esp:tunnel:o" \
	"esp:tunnel:i esp:tunnel:o" "esp:tunnel:o ah:transport:o" \
	"esp:transport:i ah:transport:i esp:tunnel:o ah:transport:o"; do
	CASES+=("4 4 nfipsec xfrm $c" "6 6 nfipsec xfrm $c")
done
CASES+=("4 4 nfipsec xfrm ah:transport:i esp:tunnel:o"
	"6 6 nfipsec xfrm ah:tunnel:i ah:tunnel:o"
	# XFRM does not open AH that came out of ESP in transport mode
	"4 4 nfipsec nfipsec ah:tunnel:o esp:transport:o"
	"4 4 nfipsec nfipsec esp:tunnel:o ah:transport:o esp:transport:o")
CASES+=("4 6 nfipsec xfrm esp:tunnel:i esp:tunnel:o"
	"6 4 nfipsec xfrm esp:transport:i esp:tunnel:o"
	"4 4 nfipsec nfipsec esp:transport:i ah:transport:i esp:tunnel:o"
	"6 6 nfipsec nfipsec ah:tunnel:i esp:tunnel:o")
share CASES
SPI=0x1000
topology
plan $((${#CASES[@]} + 9))
for c in "${CASES[@]}"; do
	read -r -a w <<<"$c"
	# shellcheck disable=SC2086
	run "${w[0]} in ${w[1]}, ${w[*]:4}, ${w[2]} - ${w[3]}" one $c
done
run "layers missing, too many, out of order: nfipsec 4" missing nfipsec 4 4 few
run "layers missing, too many, out of order: xfrm 4" missing xfrm 4 4
run "layers missing, too many, out of order: xfrm 6" missing xfrm 6 6 few
run "layers missing, too many, out of order: nfipsec 4 in 6" missing nfipsec 4 6 few
run "more layers than are opened" deep
run "an SA with somebody behind a tunnel: xfrm 4" behind xfrm 4 4
run "an SA with somebody behind a tunnel: nfipsec 6 in 4" behind nfipsec 6 4
run "an SA is missing" no_sa
run "templates are shown in their order" shown
finish
