#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPComp in front of ESP or AH, against stock XFRM and against itself. With it
# the SA of IPComp has the mode, and the one behind it is of transport mode.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ip nsenter probe
load_module nfipsec xfrm

declare -A OUTER=([4]="10.0.0.1 10.0.0.2" [6]="fd00::1 fd00::2")
declare -A INNER=([4]="192.168.1.1 192.168.2.1" [6]="fd00:1::1 fd00:2::1")
SPI=0x1000

topology() {
	hosts a b
	wire a va b vb || bail "no wire"
	ip_batch a <<-LINES
		addr add 10.0.0.1/24 dev va
		addr add fd00::1/64 dev va nodad
		addr add 192.168.1.1/32 dev lo
		addr add fd00:1::1/128 dev lo nodad
		route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
		route add fd00:2::/64 via fd00::2 src fd00:1::1
	LINES
	ip_batch b <<-LINES
		addr add 10.0.0.2/24 dev vb
		addr add fd00::2/64 dev vb nodad
		addr add 192.168.2.1/32 dev lo
		addr add fd00:2::1/128 dev lo nodad
		route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
		route add fd00:1::/64 via fd00::1 src fd00:2::1
	LINES
}

# sas DRIVER in|out SRC DST SPI MODE PROTO: the lines of the two SAs, the CPI is
# the SPI
sas() {
	local driver=$1 dir=$2 src=$3 dst=$4 spi=$5 mode=$6 words=''
	if [[ $driver == nfipsec ]]; then
		echo "sa add src $src dst $dst proto comp spi $spi reqid 1" \
			"mode $mode dir $dir comp deflate"
	else
		[[ $mode == tunnel ]] && words='flag af-unspec'
		echo "xfrm state add src $src dst $dst proto comp spi $spi" \
			"reqid 1 mode $mode $words comp deflate"
	fi
	if [[ $7 == esp ]]; then
		sa_line "$driver" "$dir" "$src" "$dst" "$spi" transport aes128gcm16
		return
	fi
	key 32 $((spi))
	words="src $src dst $dst proto ah spi $spi reqid 1 mode transport"
	if [[ $driver == nfipsec ]]; then
		echo "sa add $words dir $dir auth-trunc sha256 $KEY 128"
	else
		[[ $src == *:* ]] || words+=' flag align4'
		echo "xfrm state add $words replay-window 32" \
			"auth-trunc hmac(sha256) $KEY 128"
	fi
}

# policy DRIVER in|out|fwd SRC DST MODE OUTERSRC OUTERDST PROTO
policy() {
	local ends='' level='' words
	[[ $1 == nfipsec && $2 == fwd ]] && return
	[[ $5 == tunnel ]] && ends="src $6 dst $7"
	# small packets come without IPComp
	[[ $2 == out ]] || level='level use'
	words="tmpl $ends proto comp reqid 1 mode $5 $level"
	words+=" tmpl $ends proto $8 reqid 1 mode transport"
	if [[ $1 == nfipsec ]]; then
		echo "policy add dir $2 src $3 dst $4 action protect $words"
	else
		echo "xfrm policy add src $3 dst $4 dir $2 $words"
	fi
}

# end HOST DRIVER MODE PROTO LOCALNET REMOTENET LOCAL REMOTE SPI_OUT SPI_IN
end() {
	local h=$1 d=$2 mode=$3 proto=$4 lnet=$5 rnet=$6 l=$7 r=$8
	{
		sas "$d" out "$l" "$r" "$9" "$mode" "$proto"
		sas "$d" in "$r" "$l" "${10}" "$mode" "$proto"
		policy "$d" out "$lnet" "$rnet" "$mode" "$l" "$r" "$proto"
		policy "$d" in "$rnet" "$lnet" "$mode" "$r" "$l" "$proto"
		policy "$d" fwd "$rnet" "$lnet" "$mode" "$r" "$l" "$proto"
	} | apply "$h" "$d"
}

# grew HOST COUNTER: it did, since the last look
declare -A SEEN=()
grew() {
	local now
	now=$(counter "$1" "$2")
	((now > ${SEEN[$1.$2]:-0})) || { echo "$1: $2 is $now"; return 1; }
	SEEN[$1.$2]=$now
}

# one MODE PROTO OUTER INNER DRIVER_A DRIVER_B
one() {
	local mode=$1 proto=$2 da=$5 db=$6 outer inner h bytes
	local text=("ping=0,81-83,1400,5000" "udp=0,82,1400-1500/50,20000")
	local back=("ping=0,1400" "udp=0,1200,3000")
	bytes=$(scaled 30000 10000)
	# IPv6 is fragmented inside the tunnel. What XFRM of 7.2 makes of a
	# compressed fragment may claim less memory than it has: it is dropped
	# with a warning when fragments are put together.
	if [[ $mode$4$db == tunnel6xfrm && $(uname -r) != 6.* ]]; then
		text=("ping=0,81-83,1300" "udp=0,82,1300")
		back=("ping=0,1300" "udp=0,1200")
	fi
	read -r -a outer <<<"${OUTER[$3]}"
	read -r -a inner <<<"${INNER[$4]}"
	[[ $mode == transport ]] && inner=("${outer[@]}")
	clear_all a "$da" && clear_all b "$db" || return 1
	SPI=$((SPI + 2))
	end a "$da" "$mode" "$proto" "${inner[@]}" "${outer[@]}" $((SPI)) $((SPI + 1)) &&
		end b "$db" "$mode" "$proto" "${inner[1]}" "${inner[0]}" \
			"${outer[1]}" "${outer[0]}" $((SPI + 1)) $((SPI)) || return 1
	# what cannot be compressed first, then what can
	check traffic "$TOOLS/probe" A="${NS[a]},${inner[0]}" B="${NS[b]},${inner[1]}" \
		wire="${NS[a]},va,$proto" wire="${NS[b]},vb,$proto" \
		ping=0,1400 udp=0,1200,3000 tcp="$bytes,splice" text \
		"${text[@]}" tcp="$bytes" swap "${back[@]}"
	for h in a b; do
		[[ $h == a && $da == nfipsec || $h == b && $db == nfipsec ]] || continue
		check counters grew "$h" out_comp
		check counters grew "$h" out_comp_not
		check counters grew "$h" in_comp
		equal drops "$(drops "$h" out_too_big)" ""
	done
}

# XFRM wants the inner packets of one family with those of the SA of ESP.
CASES=("tunnel esp 4 4 nfipsec xfrm" "tunnel esp 6 6 nfipsec xfrm"
	"transport esp 4 4 nfipsec xfrm" "transport esp 6 6 nfipsec xfrm"
	"tunnel ah 4 4 nfipsec xfrm" "transport ah 6 6 nfipsec xfrm"
	"tunnel esp 4 6 nfipsec nfipsec" "tunnel esp 6 4 nfipsec nfipsec"
	"transport esp 4 4 nfipsec nfipsec")
share CASES
plan ${#CASES[@]}
topology
for c in "${CASES[@]}"; do
	read -r -a w <<<"$c"
	# shellcheck disable=SC2086
	run "${w[0]} ${w[1]} ${w[3]}in${w[2]}, ${w[4]} - ${w[5]}" one $c
done
finish
