# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of the functional tests.  Sourced, never run.
#
# A test script sources this, calls "need" for the tools it uses, "load_module",
# then "plan N" and N times "run DESCRIPTION FUNCTION ARGS...", and at last
# "finish".  A function fails by returning non-zero or by a failed "check", and
# skips by returning 4.  Whatever it prints becomes diagnostics when it fails.
#
# NFIPSEC_KO          the module to load, else modprobe finds it
# NFIPSEC_TEST_SCALE  percent of the usual amount of traffic (100; 10 on kernels
#                     with KASAN or lockdep)
# NFIPSEC_TEST_SLOW   factor for time limits (1; 10 on such kernels)
# NFIPSEC_TEST_LIST   not empty: only print the descriptions, run nothing
# NFIPSEC_TEST_ONLY   pattern, as of grep -E: only tests whose descriptions match

export LC_ALL=C
KSFT_PASS=0 KSFT_FAIL=1 KSFT_SKIP=4
SELF_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TOOLS=${NFIPSEC_TEST_TOOLS:-$SELF_DIR/../build/selftests}
PATH=$SELF_DIR/../build/tools:$PATH:/usr/sbin:/sbin
TMP=$(mktemp -d "${TMPDIR:-/tmp}/nfipsec-test.XXXXXX") || exit $KSFT_FAIL
chmod 700 "$TMP"
export NFIPSEC_TEST_TMP=$TMP

declare -A NS=()
PIDS=()
T_NUM=0 T_PLAN=0 T_PASS=0 T_FAILED=0 T_SKIPPED=0 T_RC=0

if [[ -e /sys/kernel/debug/kmemleak || -e /proc/lockdep_stats ]]; then
	: "${NFIPSEC_TEST_SCALE:=10}" "${NFIPSEC_TEST_SLOW:=10}"
fi
: "${NFIPSEC_TEST_SCALE:=100}" "${NFIPSEC_TEST_SLOW:=1}"
export NFIPSEC_TEST_SCALE NFIPSEC_TEST_SLOW

# scaled N [MIN]: N for a test of full size, less on slow kernels
scaled() {
	local n=$(($1 * NFIPSEC_TEST_SCALE / 100))
	((n >= ${2:-1})) || n=${2:-1}
	echo "$n"
}

# share ARRAY: keep those of its elements, cases, that are for this run:
# NFIPSEC_TEST_SHARE=K/N keeps every Nth from number K on. Where that is given,
# other runs have the others, see "check".
share() {
	local -n _cases=$1
	local i k=${NFIPSEC_TEST_SHARE%/*} n=${NFIPSEC_TEST_SHARE#*/} kept=()
	[[ ${NFIPSEC_TEST_SHARE:-} ]] || return 0
	for ((i = k; i < ${#_cases[@]}; i += n)); do
		kept+=("${_cases[i]}")
	done
	_cases=("${kept[@]}")
}

cleanup() {
	local n pid
	trap - EXIT INT TERM HUP
	for pid in "${PIDS[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for n in "${NS[@]}"; do
		echo "netns del $n"
	done | ip -force -batch - 2>/dev/null
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

### KTAP

plan() {
	T_PLAN=$1
	echo "KTAP version 1"
	# how many of them match is not known before
	[[ ${NFIPSEC_TEST_ONLY:-} ]] || echo "1..$1"
}

# skip_all REASON: nothing of this script can run here
skip_all() {
	echo "KTAP version 1"
	echo "1..0 # SKIP $*"
	exit $KSFT_SKIP
}

bail() {
	echo "Bail out! $*"
	exit $KSFT_FAIL
}

# run DESCRIPTION FUNCTION ARGS...
run() {
	local desc=$1 rc line
	shift
	if [[ ${NFIPSEC_TEST_ONLY:-} && ! $desc =~ $NFIPSEC_TEST_ONLY ]]; then
		((T_PLAN--))
		return 0
	fi
	T_RC=0
	rm -f "$TMP/amiss"
	"$@" >"$TMP/diag" 2>&1
	rc=$?
	# told by what may have been a subshell
	[[ ! -e $TMP/amiss ]] || { T_RC=1 && cat "$TMP/amiss" >>"$TMP/diag"; }
	# also what was skipped in the end
	((T_RC && (rc == 0 || rc == KSFT_SKIP))) && rc=1
	((++T_NUM))
	case $rc in
	0)
		((++T_PASS))
		echo "ok $T_NUM $desc"
		;;
	"$KSFT_SKIP")
		((++T_SKIPPED))
		line=$(tail -n 1 "$TMP/diag")
		echo "ok $T_NUM $desc # SKIP $line"
		;;
	*)
		((++T_FAILED))
		while IFS= read -r line; do
			echo "# ${line#\# }"
		done <"$TMP/diag"
		echo "not ok $T_NUM $desc"
		;;
	esac
	[[ ${NFIPSEC_TEST_VERBOSE:-} && $rc == 0 ]] && grep '^#' "$TMP/diag"
	return 0
}

# check WHAT COMMAND...: COMMAND must succeed
check() {
	local what=$1
	shift
	if ! "$@"; then
		echo "$what: failed: $*"
		T_RC=1
		return 1
	fi
}

# refute WHAT COMMAND...: COMMAND must fail
refute() {
	local what=$1
	shift
	if "$@"; then
		echo "$what: should have failed: $*"
		T_RC=1
		return 1
	fi
}

# equal WHAT GOT EXPECTED
equal() {
	[[ $2 == "$3" ]] && return
	echo "$1: got '$2', expected '$3'"
	T_RC=1
	return 1
}

finish() {
	kernel_log_check
	echo "# Totals: pass:$T_PASS fail:$T_FAILED skip:$T_SKIPPED"
	if ((T_NUM != T_PLAN)); then
		echo "# planned $T_PLAN tests, ran $T_NUM"
		exit $KSFT_FAIL
	fi
	((T_FAILED == 0)) || exit $KSFT_FAIL
	((T_PASS)) || exit $KSFT_SKIP
	exit $KSFT_PASS
}

### the machine

# need TOOL...: skip everything where one is missing
need() {
	local t
	((EUID == 0)) || skip_all "not root"
	for t; do
		if ! command -v "$t" >/dev/null && [[ ! -x $TOOLS/$t ]]; then
			skip_all "$t is not installed"
		fi
	done
}

module_insert() {
	local deps
	if [[ ! ${NFIPSEC_KO:-} ]]; then
		modprobe nfipsec
		return
	fi
	deps=$(modinfo -F depends "$NFIPSEC_KO") || return
	# shellcheck disable=SC2086 # words
	[[ ! $deps ]] || modprobe -a ${deps//,/ } || return
	insmod "$NFIPSEC_KO"
}

module_there() { [[ -d /sys/module/nfipsec ]]; }

# without REASON: nothing can run; whoever gives a module wants to know whether it works
without() {
	[[ ! ${NFIPSEC_KO:-} ]] || bail "$*"
	skip_all "$*"
}

# load_module [DRIVER...]: what these drivers of an SA need
load_module() {
	local d
	for d in "${@:-nfipsec}"; do
		case $d in
		nfipsec)
			module_there || module_insert 2>"$TMP/err" ||
				without "cannot load nfipsec: $(head -n 1 "$TMP/err")"
			command -v nfipsec >/dev/null || without "no nfipsec command"
			;;
		xfrm)
			modprobe -qa esp4 esp6 xfrm_user 2>/dev/null
			ip xfrm state count >/dev/null 2>&1 || skip_all "no XFRM in this kernel"
			;;
		esac
	done
	kernel_log_mark
}

kernel_log_mark() {
	LOG_MARK="nfipsec selftest $$ ${0##*/} $SECONDS.$RANDOM"
	echo "$LOG_MARK" >/dev/kmsg
}

# Lines since the mark that no packet and no request may cause.
kernel_log_bad() {
	dmesg >"$TMP/dmesg"
	if ! grep -qF "$LOG_MARK" "$TMP/dmesg"; then
		echo "(no mark of this test any more: its beginning is lost, and what was in it)"
	fi
	sed "0,/$LOG_MARK/d" "$TMP/dmesg" |
		grep -vE 'nfipsec selftest|taints kernel|module verification failed' |
		grep -E 'nfipsec|WARNING|BUG|Oops|KASAN|UBSAN|general protection|Call Trace|unregister_netdevice|suspicious|deadlock|refcount_t' |
		grep -vE "${KERNEL_LOG_GOOD:-^$}"
}

kernel_log_check() {
	local bad
	[[ ${LOG_MARK:-} ]] || return 0
	bad=$(kernel_log_bad | head -n 40)
	[[ $bad ]] || return 0
	echo "# the kernel log says:"
	while IFS= read -r line; do
		echo "#   $line"
	done <<<"$bad"
	((++T_FAILED))
}

# nothing ever comes from there, which makes reading it a sleep without a process
exec {NAP}<> <(:)

# busywait SECONDS COMMAND...: until it succeeds; they are what it may take where
# nothing else runs
busywait() {
	local end=$((SECONDS + $1 * 4 * NFIPSEC_TEST_SLOW + 1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		read -rt 0.02 -u "$NAP" || :
	done
}

# lacking FILE: the error in it is that this kernel has no such thing
lacking() {
	grep -qiE 'unknown device type|kind is unknown|not supported' "$1"
}

### hosts

# hosts NAME...: network namespaces of unique names, ${NS[NAME]}
hosts() {
	local h
	for h; do
		NS[$h]=nft$$-$h
		echo "netns add ${NS[$h]}"
	done | ip -batch - || bail "cannot make network namespaces"
	for h; do
		NS[$h]=nft$$-$h
		# shellcheck disable=SC2016 # for that shell to expand
		on "$h" bash -c '
			cd /proc/sys/net
			for f in all default; do
				echo 0 >ipv6/conf/$f/accept_dad
				echo 0 >ipv6/conf/$f/router_solicitations
				echo 0 >ipv6/conf/$f/accept_ra
				echo 0 >ipv4/conf/$f/rp_filter
			done
			[[ ! -e ipv4/conf/lo ]] || ip link set lo up'
	done
}

# on HOST COMMAND...
on() {
	local h=$1
	shift
	nsenter --net="/run/netns/${NS[$h]}" -- "$@"
}

# forget HOST: delete it now
forget() {
	ip netns del "${NS[$1]}"
	unset "NS[$1]"
}

# wire HOST DEV HOST DEV [MTU]: a veth pair. Hardware addresses end in the
# device's name made a number, so that neighbours can be given by hand.
wire() {
	ip link add "$2" netns "${NS[$1]}" mtu "${5:-1500}" type veth \
		peer name "$4" netns "${NS[$3]}" mtu "${5:-1500}" &&
		ip -n "${NS[$1]}" link set "$2" up &&
		ip -n "${NS[$3]}" link set "$4" up
}

# ip_batch HOST <LINES: lines for ip(8)
ip_batch() {
	ip -n "${NS[$1]}" -batch -
}

### SAs and policies, DRIVER being nfipsec or xfrm

# shellcheck disable=SC2034 # for those that source this
ALGS=(aes128gcm16 aes256gcm16 chacha20poly1305
	aes128-sha256_128 aes256-sha256_128 null-sha256_128)
# The others: each row of the algorithm table, key and ICV length at least once.
# shellcheck disable=SC2034
MORE_ALGS=(aes192gcm16 aes128gcm8 aes256gcm12
	aes128ccm8 aes192ccm12 aes256ccm16 aes128gmac aes256gmac
	aes192-sha384_192 aes256-sha512_256 aes128-sha1_96 aes128-aesxcbc_96
	aes256-aescmac_96 aes128ctr-sha256_128 aes256ctr-sha1_96
	camellia128-sha1_96 camellia256-sha256_128 3des-sha1_96 null-sha512_256
	null-aesxcbc_96)

# key BYTES SEED: the same key for the same seed, as hex
key() {
	local i x=$(($2 * 40503 + 12345)) out=0x
	for ((i = 0; i < $1; i++)); do
		x=$(((x * 1103515245 + 12345) & 0x7fffffff))
		printf -v out '%s%02x' "$out" $((x >> 12 & 255))
	done
	KEY=$out
}

# cipher_of NAME: the kernel's name and the bytes of the key, salt included
cipher_of() {
	local bits=''
	[[ $1 =~ 128|192|256 ]] && bits=${BASH_REMATCH[0]}
	case $1 in
	aes*gcm*) CIPHER='rfc4106(gcm(aes))' BYTES=$((bits / 8 + 4)) ;;
	aes*ccm*) CIPHER='rfc4309(ccm(aes))' BYTES=$((bits / 8 + 3)) ;;
	aes*gmac) CIPHER='rfc4543(gcm(aes))' BYTES=$((bits / 8 + 4)) ;;
	chacha20poly1305) CIPHER='rfc7539esp(chacha20,poly1305)' BYTES=36 ;;
	aes*ctr) CIPHER='rfc3686(ctr(aes))' BYTES=$((bits / 8 + 4)) ;;
	aes*) CIPHER='cbc(aes)' BYTES=$((bits / 8)) ;;
	camellia*) CIPHER='cbc(camellia)' BYTES=$((bits / 8)) ;;
	3des) CIPHER='cbc(des3_ede)' BYTES=24 ;;
	null) CIPHER='ecb(cipher_null)' BYTES=0 ;;
	*) bail "no algorithm $1" ;;
	esac
}

# auth_of NAME: the same of what authenticates beside a cipher
auth_of() {
	case $1 in
	sha1) AUTH='hmac(sha1)' BYTES=20 ;;
	sha256 | sha384 | sha512) AUTH="hmac($1)" BYTES=$((${1#sha} / 8)) ;;
	aesxcbc) AUTH='xcbc(aes)' BYTES=16 ;;
	aescmac) AUTH='cmac(aes)' BYTES=16 ;;
	*) bail "no algorithm $1" ;;
	esac
}

# alg_words DRIVER ALG SEED: the words of "sa add" or "xfrm state add" into
# ALG_WORDS, to be read by the driver's command from its input: keys are never
# arguments. ALG is an AEAD, or CIPHER-AUTH_ICVBITS.
alg_words() {
	local driver=$1 alg=$2 seed=$3 CIPHER AUTH BYTES icv=128
	cipher_of "${alg%%-*}"
	key "$BYTES" "$seed"
	if [[ $alg != *-* ]]; then
		[[ $alg =~ [gc]cm(8|12|16)$ ]] && icv=$((8 * BASH_REMATCH[1]))
		# nfipsec knows people's names too
		[[ $driver == nfipsec ]] && ((seed & 1)) && CIPHER=$alg
		ALG_WORDS="aead $CIPHER $KEY $icv"
		return
	fi
	[[ $driver == nfipsec ]] && ((seed & 1)) && CIPHER=${alg%%-*}
	ALG_WORDS="enc $CIPHER $KEY"
	((BYTES)) || ALG_WORDS="enc $CIPHER \"\""
	alg=${alg#*-}
	auth_of "${alg%_*}"
	key "$BYTES" $((seed + 1))
	[[ $driver == nfipsec ]] && ((seed & 1)) && AUTH=${alg%_*}
	ALG_WORDS+=" auth-trunc $AUTH $KEY ${alg#*_}"
}

# lacks SAID TYPE NAME [TYPE NAME]...: print what a command has said that this
# kernel has not, succeed if that may be so: who asks the crypto API for these by
# AF_ALG does not get them all either
lacks() {
	local said
	said=$(grep -o 'this kernel has no .*CONFIG_[A-Z0-9_]*' <<<"$1") || return
	shift
	! python3 -c '
import socket, sys
for name in zip(sys.argv[1::2], sys.argv[2::2]):
    socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).bind(name)' "$@" \
		2>/dev/null || return
	echo "$said"
}

# alg_missing HOST ALG: print what this kernel lacks of an algorithm, succeed if
# that is so
alg_missing() {
	local host=$1 said CIPHER AUTH BYTES names=()
	cipher_of "${2%%-*}"
	if [[ $2 != *-* ]]; then
		names=(aead "$CIPHER")
	else
		((!BYTES)) || names=(skcipher "$CIPHER")
		auth_of "$(sed 's/^[^-]*-//; s/_[0-9]*$//' <<<"$2")"
		names+=(hash "$AUTH")
	fi
	alg_words nfipsec "$2" 0
	said=$(on "$host" nfipsec --batch - 2>&1 <<-LINE
		sa add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0xfffe mode tunnel $ALG_WORDS
	LINE
	) && said=''
	on "$host" nfipsec sa del dst 192.0.2.2 proto esp spi 0xfffe 2>/dev/null
	lacks "$said" "${names[@]}"
}

# apply HOST DRIVER <LINES: let the driver's command read them
apply() {
	if [[ $2 == nfipsec ]]; then
		on "$1" nfipsec --batch -
	else
		ip_batch "$1"
	fi
}

# sa_line DRIVER in|out SRC DST SPI MODE ALG [WORD...]: the line that adds an
# SA. WORDs are those of "nfipsec sa add"; of them, ip knows esn, reqid, encap
# and sel src A dst A.
sa_line() {
	local driver=$1 dir=$2 src=$3 dst=$4 spi=$5 mode=$6 alg=$7 flags=''
	local window='replay-window 32' reqid=1 sel='' encap='' w
	shift 7
	alg_words "$driver" "$alg" $((spi))
	if [[ $driver == nfipsec ]]; then
		[[ " $* " == *" reqid "* ]] || set -- reqid 1 "$@"
		echo "sa add src $src dst $dst proto esp spi $spi mode $mode" \
			"dir $dir $* $ALG_WORDS"
		return
	fi
	# or a tunnel would only carry its own family
	[[ $mode == tunnel ]] && flags='flag af-unspec'
	while (($#)); do
		w=$1
		shift
		case $w in
		esn) window='replay-window 128' flags+=' flag esn' ;;
		reqid) reqid=$1 && shift ;;
		encap) encap="encap $1 $2 $3 $4" && shift 4 ;;
		sel) sel="sel $1 $2 $3 $4" && shift 4 ;;
		*) bail "no word '$w' for xfrm" ;;
		esac
	done
	echo "xfrm state add src $src dst $dst proto esp spi $spi reqid $reqid" \
		"mode $mode $window $flags $ALG_WORDS $encap $sel"
}

# sa HOST DRIVER ...: as sa_line, and do it
sa() {
	local h=$1
	shift
	sa_line "$@" | apply "$h" "$1"
}

# policy_line DRIVER in|out|fwd SRC DST MODE OUTERSRC OUTERDST [WORD...]: the
# line for a policy to protect. nfipsec knows no fwd: its "in" covers that.
policy_line() {
	local driver=$1 dir=$2 src=$3 dst=$4 mode=$5 tmpl=''
	[[ $mode != transport ]] && tmpl="src $6 dst $7"
	shift 7
	if [[ $driver == nfipsec ]]; then
		[[ $dir == fwd ]] && return
		echo "policy add dir $dir src $src dst $dst $*" \
			"action protect tmpl $tmpl proto esp mode $mode reqid 1"
		return
	fi
	echo "xfrm policy add src $src dst $dst $* dir $dir" \
		"tmpl $tmpl proto esp mode $mode reqid 1"
}

# protect_lines DRIVER LOCALNET REMOTENET LOCAL REMOTE MODE ALG SPI_OUT SPI_IN
# [WORD...]: the lines for everything one end of a connection needs; other
# WORDs are those of sa_line
protect_lines() {
	local d=$1 lnet=$2 rnet=$3 l=$4 r=$5 mode=$6 alg=$7 out=$8 in=$9
	local there=() back=()
	shift 9
	if [[ $mode == beet ]]; then
		there=(sel src "$lnet" dst "$rnet")
		back=(sel src "$rnet" dst "$lnet")
	fi
	sa_line "$d" out "$l" "$r" "$out" "$mode" "$alg" "$@" "${there[@]}"
	sa_line "$d" in "$r" "$l" "$in" "$mode" "$alg" "$@" "${back[@]}"
	policy_line "$d" out "$lnet" "$rnet" "$mode" "$l" "$r"
	policy_line "$d" in "$rnet" "$lnet" "$mode" "$r" "$l"
	policy_line "$d" fwd "$rnet" "$lnet" "$mode" "$r" "$l"
}

# protect HOST DRIVER ...: as protect_lines, and do it
protect() {
	local h=$1
	shift
	protect_lines "$@" | apply "$h" "$1"
}

# flush HOST DRIVER
flush() {
	if [[ $2 == nfipsec ]]; then
		apply "$1" nfipsec <<-LINES
			policy flush
			sa flush
		LINES
	else
		ip_batch "$1" <<-LINES
			xfrm policy flush
			xfrm state flush
		LINES
	fi
}

# clear_all HOST DRIVER: no SAs, no policies; also those of another driver that
# the host had before
declare -A HAD_DRIVER=()
clear_all() {
	local had=${HAD_DRIVER[$1]:-$2}
	HAD_DRIVER[$1]=$2
	flush "$1" "$2" || return
	[[ $had == "$2" ]] || flush "$1" "$had"
}

# encap_holder HOST PORT: the socket that XFRM takes ESP from. Like that of an
# IKE daemon, XFRM's policies are not about it.
encap_holder() {
	nsenter --net="/run/netns/${NS[$1]}" -- python3 -c '
import socket, struct, sys, time
keep = []
for family, level, opt, addr in ((socket.AF_INET, 0, 17, "0.0.0.0"),
                                 (socket.AF_INET6, 41, 35, "::")):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(41, 26, 1)
    for way in 0, 1:
        s.setsockopt(level, opt, struct.pack("40xHBBBxxxII96xIIBBBB4x", family,
                     0, 0, 0, 0, 0, 0, 0, way, 0, 0, 0))
    s.bind((addr, int(sys.argv[1])))
    s.setsockopt(socket.IPPROTO_UDP, 100, 2)
    keep.append(s)
print("ready", flush=True)
time.sleep(3600)' "$2" >"$TMP/holder.$1" 2>&1 &
	PIDS+=($!)
	busywait 20 grep -q ready "$TMP/holder.$1" || { cat "$TMP/holder.$1"; return 1; }
}

### counters of nfipsec

# stats HOST ARRAY: all counters into an associative array of that name
stats() {
	local -n _to=$2
	local name value said
	_to=()
	if ! said=$(on "$1" nfipsec stats 2>&1); then
		echo "no counters of $1: $said" >>"$TMP/amiss"
		return 1
	fi
	while read -r name value; do
		# shellcheck disable=SC2004
		_to[$name]=$value
	done <<<"$said"
}

# counter HOST NAME: print its value; what is none fails the test, and is no number
counter() {
	local -A s
	if stats "$1" s && [[ ! ${s[$2]:-} ]]; then
		echo "$1 has no counter $2" >>"$TMP/amiss"
	fi
	echo "${s[$2]:-?}"
}

# dropped ARRAY [COUNTER...]: print what of these counters is a drop, not zero
# and none of these
dropped() {
	local -n _from=$1
	local name
	shift
	for name in "${!_from[@]}"; do
		[[ $name == *_ok || $name == *_dummy || $name == *_keepalive ||
			$name == in_esn_resync || $name == in_ecn_unused ||
			$name == in_ecn_danger || $name == out_acquire ||
			$name == out_comp || $name == out_comp_not ||
			$name == in_comp ]] && continue
		[[ " $* " == *" $name "* ]] && continue
		# shellcheck disable=SC2004
		((_from[$name])) && echo "$name is ${_from[$name]}"
	done
	return 0
}

# drops HOST [COUNTER...]: the same of a host
drops() {
	local h=$1
	# shellcheck disable=SC2034
	local -A now
	shift
	stats "$h" now || { echo "$h: no counters"; return 1; }
	dropped now "$@" | sed "s/^/$h: /"
}

# python_tests FILE: a test whose report a Python program writes
python_tests() {
	local rc
	need ip nsenter python3
	load_module nfipsec
	python3 -B "$SELF_DIR/$1"
	rc=$?
	kernel_log_check
	((T_FAILED == 0)) || rc=$KSFT_FAIL
	exit $rc
}

### a list of the tests, for who needs no root and no module

if [[ ${NFIPSEC_TEST_LIST:-} ]]; then
	# The script goes its way with nothing to do anything with.
	rm -rf "$TMP"
	trap - EXIT INT TERM HUP
	exec 2>/dev/null
	# shellcheck disable=SC2123 # that is the point
	LIST_PATH=$PATH PATH=/nonexistent
	run() { echo "$1"; }
	python_tests() { PATH=$LIST_PATH exec python3 -B "$SELF_DIR/$1"; }
	finish() { exit 0; }
	for f in plan bail need load_module hosts forget wire ip_batch on apply \
		busywait skip_all; do
		eval "$f() { :; }"
	done
	unset f
fi
