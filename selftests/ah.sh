#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# AH in every mode, address family and algorithm, against XFRM and against
# itself. The two hosts are those of matrix.sh.
#
# Each line of cases is: MODE OUTER INNER ALG ESN ALIGN DRIVER_A DRIVER_B. ALIGN
# is what an IPv4 header of AH is padded to: 4, the RFC's and nfipsec's way, for
# which XFRM has a flag, or 8, XFRM's way, for which nfipsec has one.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PING_SIZES=0,1,56,1300,1400-1480/16,1500,3000,9000
UDP_SIZES=0-3,255,1380-1473/31,2000,9000
WAYS=(write sendfile zerocopy splice)
declare -A OUTER=([4]="10.0.0.1 10.0.0.2" [6]="fd00::1 fd00::2")
declare -A INNER=([4]="192.168.1.1 192.168.2.1" [6]="fd00:1::1 fd00:2::1")
AH_ALGS=(sha256_128 sha1_96 sha384_192 sha512_256)

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

# ah_words ALG SEED: the algorithm with its key into ALG_WORDS
ah_words() {
	case $1 in
	sha1_96) key 20 "$2" && ALG_WORDS="auth-trunc hmac(sha1) $KEY 96" ;;
	sha256_128) key 32 "$2" && ALG_WORDS="auth-trunc hmac(sha256) $KEY 128" ;;
	sha384_192) key 48 "$2" && ALG_WORDS="auth-trunc hmac(sha384) $KEY 192" ;;
	sha512_256) key 64 "$2" && ALG_WORDS="auth-trunc hmac(sha512) $KEY 256" ;;
	aes128gmac) key 20 "$2" && ALG_WORDS="aead aes128gmac $KEY 128" ;;
	aes256gmac) key 36 "$2" && ALG_WORDS="aead aes256gmac $KEY 128" ;;
	*) bail "no algorithm $1" ;;
	esac
}

# ah_sa DRIVER in|out SRC DST SPI MODE ALG ESN ALIGN
ah_sa() {
	local driver=$1 dir=$2 words="src $3 dst $4 proto ah spi $5 mode $6 reqid 1"
	local flags=''
	ah_words "$7" $(($5))
	if [[ $driver == nfipsec ]]; then
		[[ $8 == esn ]] && flags+=' esn'
		[[ $9 == 8 ]] && flags+=' flag align8'
		echo "sa add $words dir $dir $flags $ALG_WORDS"
		return
	fi
	[[ $6 == tunnel ]] && flags+=' flag af-unspec'
	[[ $9 == 4 && $3 != *:* ]] && flags+=' flag align4'
	if [[ $8 == esn ]]; then
		echo "xfrm state add $words replay-window 128 $flags flag esn $ALG_WORDS"
	else
		echo "xfrm state add $words replay-window 32 $flags $ALG_WORDS"
	fi
}

# ah_policy DRIVER in|out|fwd SRC DST MODE OUTERSRC OUTERDST
ah_policy() {
	policy_line "$@" | sed 's/proto esp mode/proto ah mode/'
}

# connect HOST DRIVER LNET RNET LOCAL REMOTE MODE ALG SPI_OUT SPI_IN ESN ALIGN
connect() {
	local h=$1 d=$2 lnet=$3 rnet=$4 l=$5 r=$6 mode=$7 alg=$8
	{
		ah_sa "$d" out "$l" "$r" "$9" "$mode" "$alg" "${11}" "${12}"
		ah_sa "$d" in "$r" "$l" "${10}" "$mode" "$alg" "${11}" "${12}"
		ah_policy "$d" out "$lnet" "$rnet" "$mode" "$l" "$r"
		ah_policy "$d" in "$rnet" "$lnet" "$mode" "$r" "$l"
		ah_policy "$d" fwd "$rnet" "$lnet" "$mode" "$r" "$l"
	} | apply "$h" "$d"
}

# probe ADDR_A ADDR_B ACTION...: between a and b, with only AH on the wire
traffic() {
	local from=$1 to=$2
	shift 2
	"$TOOLS/probe" A="${NS[a]},$from" B="${NS[b]},$to" \
		wire="${NS[a]},va,ah" wire="${NS[b]},vb,ah" "$@"
}

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
declare -A BEFORE_IN=() BEFORE_OUT=()

# ah_missing HOST ALG: as alg_missing of lib.sh. All else that is refused is a
# failure.
ah_missing() {
	local said asked
	ah_words "$2" 1
	case $2 in
	*gmac) asked=(aead "rfc4543(gcm(aes))") ;;
	*) asked=(hash "hmac(${2%_*})") ;;
	esac
	said=$(apply "$1" nfipsec 2>&1 <<-LINE
		sa add src 10.9.0.1 dst 10.9.0.2 proto ah spi 0x999 mode tunnel $ALG_WORDS
	LINE
	) && return 1
	lacks "$said" "${asked[@]}"
}

# one MODE OUTER INNER ALG ESN ALIGN DRIVER_A DRIVER_B
one() {
	local mode=$1 alg=$4 esn=$5 align=$6 da=$7 db=$8 outer inner full=32 bytes
	bytes=$(scaled 300000 80000)
	read -r -a outer <<<"${OUTER[$2]}"
	read -r -a inner <<<"${INNER[$3]}"
	[[ $mode == transport ]] && inner=("${outer[@]}")
	[[ $3 == 6 ]] && full=128
	clear_all a "$da" && clear_all b "$db" || return 1
	ah_missing a "$alg" && return "$KSFT_SKIP"
	SPI=$((SPI + 2))
	connect a "$da" "${inner[0]}/$full" "${inner[1]}/$full" "${outer[0]}" \
		"${outer[1]}" "$mode" "$alg" $((SPI)) $((SPI + 1)) "$esn" "$align" || return 1
	connect b "$db" "${inner[1]}/$full" "${inner[0]}/$full" "${outer[1]}" \
		"${outer[0]}" "$mode" "$alg" $((SPI + 1)) $((SPI)) "$esn" "$align" || return 1
	check traffic traffic "${inner[0]}" "${inner[1]}" ping="$PING_SIZES" \
		udp="$UDP_SIZES" tcp="$bytes,${WAYS[T_NUM % 4]}" \
		swap ping=0,56,1400,1500,9000
	[[ $da != nfipsec ]] || check counters used a
	[[ $db != nfipsec ]] || check counters used b
}

# Each algorithm and each mode meets both ways to number packets and to pad.
cases() {
	local m i n=0 esn align
	for m in "tunnel 4 4" "tunnel 6 6" "tunnel 4 6" "tunnel 6 4" \
		"transport 4 4" "transport 6 6"; do
		for ((i = 0; i < ${#AH_ALGS[@]}; i++)); do
			esn=esn align=4
			(((n + n / 4) & 1)) && esn=noesn
			(((n + n / 8) & 2)) && align=8
			((n++))
			CASES+=("$m ${AH_ALGS[i]} $esn $align $1 $2")
		done
	done
}

need ip probe nsenter
load_module nfipsec xfrm
modprobe -qa ah4 ah6
CASES=()
cases nfipsec xfrm
CASES+=("transport 4 4 sha256_128 esn 8 nfipsec xfrm"
	"transport 4 4 sha256_128 noesn 4 nfipsec xfrm"
	"tunnel 4 4 sha256_128 esn 8 nfipsec xfrm"
	"tunnel 4 4 sha256_128 esn 4 nfipsec nfipsec"
	"tunnel 6 4 sha256_128 noesn 8 nfipsec nfipsec"
	"transport 6 6 sha256_128 esn 4 nfipsec nfipsec"
	"tunnel 6 4 aes128gmac esn 4 nfipsec nfipsec"
	"transport 4 4 aes256gmac noesn 4 nfipsec nfipsec")
share CASES
SPI=0x1000
topology
plan ${#CASES[@]}
for c in "${CASES[@]}"; do
	read -r -a w <<<"$c"
	name="AH ${w[0]} ${w[2]}in${w[1]} ${w[3]} ${w[4]} align${w[5]}, ${w[6]} - ${w[7]}"
	[[ ${w[0]} == transport ]] && name="AH ${w[0]} ${w[1]} ${w[3]} ${w[4]} align${w[5]}, ${w[6]} - ${w[7]}"
	# shellcheck disable=SC2086
	run "$name" one $c
done
finish
