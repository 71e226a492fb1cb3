#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The command from outside: exit status, one line per error, nothing of a key
# shown. Needs no module: NFIPSEC is the program, and what reaches the kernel
# must say that it is not loaded.
#
# Words are kept in strings on purpose.
# shellcheck disable=SC2086

: "${NFIPSEC:=$(dirname "$0")/../../build/tools/nfipsec}"
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
trap 'exit 1' HUP INT TERM
n=0
failed=0

ok() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		sed 's/^/# /' "$TMP/out" "$TMP/err"
		failed=1
	fi
}

# run WORD...: leaves status, out, err
run() {
	"$NFIPSEC" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	status=$?
}

# refused STATUS PATTERN WORD...: one line with PATTERN, nothing else
refused() {
	want=$1 pattern=$2
	shift 2
	run "$@"
	[ "$status" = "$want" ] && [ ! -s "$TMP/out" ] &&
		[ "$(wc -l <"$TMP/err")" = 1 ] &&
		grep -q '^nfipsec: ' "$TMP/err" && grep -q -e "$pattern" "$TMP/err"
	ok $? "refused: $(echo "$*" | tr "\n" "?")"
}

prints() {
	pattern=$1
	shift
	run "$@"
	[ "$status" = 0 ] && [ ! -s "$TMP/err" ] && grep -q -e "$pattern" "$TMP/out"
	ok $? "prints: $*"
}

echo "KTAP version 1"
KEY=0x000102030405060708090a0b0c0d0e0f10111213
SA="src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 mode tunnel"
POL='policy add dir in src any dst 192.0.2.1 action bypass'

prints 'sa *add' help
prints 'aead NAME KEY' help sa
prints 'policy add' help policy
prints '@FILE' help key
prints 'PREFIXLEN' help selector
prints '^nfipsec [0-9]' version
prints '^nfipsec [0-9]' --version
prints '^{"version":' version -j
prints '--batch' -h
prints '--explain' -h
prints '--check' -h
prints ' 1 to 255 ' help selector

refused 2 'save prints no JSON' -j save
refused 2 'save prints no JSON' save owner me -p --json
refused 2 'help prints no JSON' help -j
refused 2 'help prints no JSON' -jh

refused 2 'unknown command "frob"' frob
refused 2 'unknown word "frob" behind "sa"' sa frob
refused 2 'unknown option "--frob"' --frob
refused 2 'unknown option "-q"' -q
refused 2 'unknown option "-x"' -xj sa list
refused 2 'unknown option "-x"' sa -jxyz
refused 2 'unknown option "-x"' --json sa -xj list
refused 2 'unknown option "--jason"' sa --jason list
refused 2 '"--json" has a value' sa --json=1 list
refused 2 'must follow "--batch"' --batch
refused 2 'unknown word "now"' sa flush now
refused 2 'a name of 1 to 15 bytes' sa flush owner abcdefghijklmnop
refused 2 'a name of 1 to 15 bytes' policy flush owner ''
NL='
'
refused 2 'name: there is a control character' policy add dir in src any \
	dst 192.0.2.1 action bypass name "a${NL}b"
for words in "sa add $SA" 'policy add dir in src any dst any action bypass -4' \
	'sa allocspi src 192.0.2.1 dst 192.0.2.2 proto esp min 256 max 512' \
	'policy preset ike'; do
	refused 2 'owner: there is a control character' $words owner "a${NL}b"
done
for line in 'policy add dir in src any dst 192.0.2.1 action bypass' \
	"sa add $SA aead aes128gcm16 $KEY 128"; do
	echo "$line" >"$TMP/lines"
	refused 2 'line 1: owner: there is a control character' \
		apply "$TMP/lines" owner "a${NL}b"
done
refused 2 'is too much here' version 2
refused 2 'no help about' help frob
refused 2 'unknown word "frob", known here are: src dst .* limit$' sa add frob
refused 2 'unknown word "frob", known here are: dir .* tmpl' policy add frob
refused 2 '"src" is missing' sa add
M="sa move dst 192.0.2.2 proto esp spi 0x100"
refused 2 '"to" is missing' $M
refused 2 '"to" is missing' $M from src 192.0.2.3
refused 2 '"spi" is missing' sa move dst 192.0.2.2 proto esp to src 192.0.2.3
refused 2 'needs src, dst, encap or reqid' $M to
refused 2 'unknown word "mode"' $M to mode tunnel
refused 2 'goes with "encap" only' $M to nat-keepalive-interval 5
refused 2 'use one of: espinudp' $M to encap udp
refused 2 'use one of: events changes all' monitor everything
refused 2 'is too much here' monitor all now
refused 2 'goes with stats' --explain sa list
refused 2 'goes with stats' --explain
for words in 'policy preset ike' 'policy flush' 'policy explain in src ::1 dst ::1' \
	'sa' 'sa list' 'sa move dst ::1 proto esp spi 256 to src ::2' 'save' 'stats' \
	'version' ''; do
	refused 2 '-4 and -6 go with commands that have a selector' $words -6
done
refused 2 'unknown preset "frob", use one of: ike nd' policy preset nd frob
refused 2 'the name of a preset is missing' policy preset priority 5
refused 2 'give in or out' policy explain
refused 2 'give in or out' policy explain src 192.0.2.1 dst 192.0.2.2
refused 2 'give src A dst A' policy explain in src 192.0.2.1
refused 2 'dscp 64 is too large' policy explain in src 192.0.2.1 dst 192.0.2.2 dscp 64
refused 2 'len 65536 is too large' policy explain in src 192.0.2.1 dst 192.0.2.2 len 65536
# the kernel knows it by the name in front of the colon
for words in 'policy add dir in src any dst any -4 action bypass iif' \
	'policy add dir out src any dst any -4 action bypass oif' \
	'policy add dir in src any dst any -4 action bypass vrf' \
	'policy explain in src 192.0.2.1 dst 192.0.2.2 iif' \
	'policy explain out src 192.0.2.1 dst 192.0.2.2 oif'; do
	refused 2 'there is no interface lo:1 here' $words lo:1
done
echo 'policy add dir in src any dst 192.0.2.1 iif lo: action bypass' >"$TMP/lines"
refused 2 "$TMP/lines line 1: iif: there is no interface lo: here" \
	apply "$TMP/lines"
refused 2 '"df" is given twice' policy explain in src 192.0.2.1 dst 192.0.2.2 df df
refused 2 'use one of: bypass discard' default in protect
refused 2 'use one of: off on' default weak maybe
refused 2 'must follow "weak"' default weak
refused 2 'must follow "acquire-timeout"' default acquire-timeout
refused 2 'exclude each other' -b "$TMP/x" sa list
refused 1 'No such file' -b "$TMP/none"
refused 1 'No such file' sa add $SA aead aes128gcm16 "@$TMP/none" 128
refused 2 'ended before the key' sa add $SA aead aes128gcm16 - 128
refused 2 'unknown word "a?b"' sa list 'a
b'

# every command gets as far as the kernel
if [ ! -d /sys/module/nfipsec ]; then
	L='the kernel module is not loaded: modprobe nfipsec$'
	echo "$KEY" >"$TMP/key"
	refused 1 "$L"
	refused 1 "$L" sa
	refused 1 "$L" -j sa list
	refused 1 "$L" sa list dst 192.0.2.1
	refused 1 "$L" sa add $SA aead aes128gcm16 "$KEY" 128
	refused 1 "$L" sa add $SA aead aes128gcm16 "@$TMP/key" 128
	refused 1 "$L" sa update $SA reqid 5
	refused 1 "$L" $M to src 192.0.2.3
	refused 1 "$L" $M to encap none
	refused 1 "$L" monitor changes
	refused 1 "$L" sa get dst 192.0.2.1 proto esp spi 256
	refused 1 "$L" sa del src 192.0.2.2 dst 192.0.2.1 proto esp spi 256
	refused 1 "$L" sa flush
	# another program may have called itself that
	: >"$TMP/lines"
	for words in 'sa flush' 'sa list' 'policy flush' 'policy list' save \
		"apply $TMP/lines"; do
		refused 1 "$L" $words owner "a${NL}b"
	done
	for words in "sa add $SA aead aes128gcm16 $KEY 128" 'sa update '"$SA"' reqid 5' \
		'policy del dir in src any dst any' 'policy get dir in src any dst any' \
		"apply $TMP/lines"; do
		refused 1 "$L" $words -4
	done
	refused 1 "$L" sa count
	refused 1 "$L" sa allocspi src 192.0.2.1 dst 192.0.2.2 proto esp min 256 max 0xffffffff
	refused 1 "$L" policy add dir in src any dst 192.0.2.1 action bypass
	refused 1 "$L" policy update dir in src any dst any action bypass -4
	refused 1 "$L" policy get index 1
	refused 1 "$L" policy del dir in src any dst 192.0.2.1
	refused 1 "$L" policy list dir in
	refused 1 "$L" policy preset ike nd mld igmp dhcp owner me
	refused 1 "$L" policy flush
	refused 1 "$L" policy explain out src 192.0.2.1 dst 192.0.2.2 proto tcp dport 22 df
	refused 1 "$L" policy count
	refused 1 "$L" default
	refused 1 "$L" default in discard out bypass
	refused 1 "$L" default weak on
	refused 1 "$L" default acquire-timeout 0
	refused 1 "$L" acquire
	refused 1 "$L" -j acquire list
	refused 1 "$L" stats --explain

	printf '%s\n' '# comment' '' '  version' "sa add $SA aead 'aes128gcm16' \"$KEY\" 128" \
		>"$TMP/batch"
	run -b "$TMP/batch"
	[ "$status" = 1 ] && grep -q '^nfipsec [0-9]' "$TMP/out" &&
		grep -q "^nfipsec: $TMP/batch line 4: $L" "$TMP/err"
	ok $? "a batch stops where it fails and says where"

	printf '%s\n' version 'policy add dir in src any dst any action bypass' \
		>"$TMP/batch"
	run -4 -b "$TMP/batch"
	[ "$status" = 1 ] && grep -q '^nfipsec [0-9]' "$TMP/out" &&
		grep -q "line 2: $L" "$TMP/err"
	ok $? "a family for the lines of a batch that have none"
fi

printf 'version\nversion "x\n' >"$TMP/batch"
run -b "$TMP/batch"
[ "$status" = 2 ] && grep -q 'line 2: a quote is not closed' "$TMP/err"
ok $? "a batch with an open quote"

printf '\357\273\277version\n\357\273\277version\n' >"$TMP/batch"
run -b "$TMP/batch"
[ "$status" = 2 ] && grep -q '^nfipsec [0-9]' "$TMP/out" &&
	grep -q 'line 2: unknown command' "$TMP/err"
ok $? "a batch with a byte order mark, which is none elsewhere"

printf 'version' | "$NFIPSEC" -b - >"$TMP/out" 2>"$TMP/err" &&
	grep -q '^nfipsec [0-9]' "$TMP/out"
ok $? "a batch from standard input, its last line without end"

printf 'sa add %s aead aes128gcm16 - 128\n' "$SA" |
	"$NFIPSEC" -b - >"$TMP/out" 2>"$TMP/err"
[ $? = 2 ] && grep -q 'use @FILE' "$TMP/err"
ok $? "no key from the batch's own input"

(umask 077 && printf '%s\n' "a $KEY" "b $KEY" "a 0x11${KEY#0x00}" >"$TMP/keys")
: >"$TMP/lines"
refused 2 "$TMP/keys line 3: there is a key of the name \"a\" already" \
	apply "$TMP/lines" keys "$TMP/keys"

(umask 077 && echo 'a 0x0' >"$TMP/keys")
refused 2 "$TMP/keys line 1: the key has an odd number" \
	apply "$TMP/lines" keys "$TMP/keys"

printf 'version\n\000\nnonsense\n' >"$TMP/batch"
refused 2 "$TMP/batch: not text" -b "$TMP/batch"
refused 2 "$TMP/batch: not text" apply "$TMP/batch"
printf 'apply -\n' | "$NFIPSEC" -b - >"$TMP/out" 2>"$TMP/err"
[ $? = 2 ] && grep -q 'line 1: standard input was read' "$TMP/err"
ok $? "apply of the batch's own input"
printf 'apply /dev/stdin\n' | "$NFIPSEC" -b - >"$TMP/out" 2>"$TMP/err"
[ $? = 2 ] && grep -q 'line 1: standard input was read' "$TMP/err"
ok $? "apply of it by its name"

# hides STATUS WORD...: refused, without a part of the key that is among the words
hides() {
	want=$1
	shift
	run "$@"
	[ "$status" = "$want" ] && ! grep -q '0405060708' "$TMP/out" "$TMP/err"
	ok $? "a key is not shown: $(echo "$*" | sed "s/$KEY/KEY/g")"
}

# wherever a key is put, no part of it comes back
: >"$TMP/lines"
for words in "$KEY" "sa $KEY" "sa add $KEY" "sa add $SA aead $KEY $KEY $KEY" \
	"sa add $SA aead aes128gcm16 ${KEY}zz 128" "sa add spi $KEY" \
	"sa add src $KEY" "sa add proto $KEY" "help $KEY" \
	"policy add dir $KEY" "policy add dir in sport $KEY" \
	"sa add $SA aead aes128gcm16 @$KEY 128" "sa add @$KEY" "sa @$KEY" \
	"sa add $SA aead aes128gcm16 @@$KEY 128" "sa add $SA enc aes128 @./$KEY" \
	"sa add $SA enc aes128 @${KEY}zz" "help @@$KEY" \
	"$POL iif @$KEY" "$POL oif $KEY" "$POL vrf @${KEY}zz" \
	"policy explain in src 192.0.2.1 dst 192.0.2.2 oif @$KEY" \
	"--$KEY" "--key=$KEY" "--json=$KEY" "--json=${KEY}zz" "--j=$KEY" \
	"--batch$KEY" "-$KEY" "sa -j$KEY" "sa add spi 0x1:$KEY" \
	"sa add src x0x1,$KEY" "sa add src 192.0.2.1/${KEY#0x}"; do
	hides 2 $words
done
for words in "apply $KEY" "apply ./$KEY" "apply @$KEY" "apply $TMP/lines keys $KEY" \
	"apply $TMP/lines keys @${KEY}zz" "-b $KEY" "--batch=$TMP/$KEY"; do
	hides 1 $words
done
refused 2 'leave out the @' sa add $SA aead aes128gcm16 "@$KEY" 128
bin=$(realpath "$NFIPSEC")
(cd "$TMP" && : >"$KEY" && "$bin" sa add $SA aead aes128gcm16 "@$KEY" 128) \
	>"$TMP/out" 2>"$TMP/err"
[ $? = 2 ] && grep -q 'key file 0x... is empty' "$TMP/err"
ok $? "nor is one that is the name of a file"
for words in 'apply' '-b' 'apply /dev/null keys'; do
	(cd "$TMP" && echo 'frob' >"$KEY" && chmod go= "$KEY" && "$bin" $words "$KEY") \
		>"$TMP/out" 2>"$TMP/err"
	[ $? = 2 ] && grep -q '^nfipsec: 0x... line 1: ' "$TMP/err" &&
		! grep -q '0405060708' "$TMP/err"
	ok $? "nor if it can be read: $words"
done
(cd "$TMP" && chmod go+r "$KEY" && "$bin" apply /dev/null keys "$KEY") >"$TMP/out" \
	2>"$TMP/err"
[ $? = 1 ] && grep -q 'chmod go= 0x...$' "$TMP/err"
ok $? "nor if it must not be"

D=$(dirname "$0")/../nfipsec

# completes CHOICES WORD...: what bash offers behind these words
completes() {
	want=$1
	shift
	# shellcheck disable=SC2016
	bash -c '. "$0" && COMP_WORDS=(nfipsec "$@" "") && COMP_CWORD=$(($# + 1)) &&
		_nfipsec && echo "${COMPREPLY[*]}"' "$D/completion/nfipsec" "$@" \
		>"$TMP/out" 2>"$TMP/err"
	[ "$(cat "$TMP/out" "$TMP/err")" = "$want" ]
	ok $? "behind: $*"
}

completes 'yes no' policy add dir in action protect tmpl proto esp esn
completes 'keys owner empty --check' apply file
completes 'owner' save

# what JSON has is in the manual
sed -n '/^\.SH JSON/,/^\.SH EXIT/p' "$D/nfipsec.8" >"$TMP/manual"
grep -ohE '(json_[a-z]+|flags_json|lens_json)\([^,"]*, "[a-z_]+"' "$D"/*.c |
	sed 's/.*"\(.*\)"/\1/; s/^code$/&_min/' | sort -u >"$TMP/names"
: >"$TMP/out"
while read -r name; do
	grep -qw -e "$name" "$TMP/manual" || echo "$name" >>"$TMP/out"
done <"$TMP/names"
: >"$TMP/err"
[ "$(wc -l <"$TMP/names")" -gt 100 ] && [ ! -s "$TMP/out" ]
ok $? "the names of JSON are in the manual"

run version >/dev/null
"$NFIPSEC" help >/dev/full 2>"$TMP/err"
[ $? = 1 ] && grep -q 'writing the output' "$TMP/err"
ok $? "output that cannot be written"

echo "1..$n"
exit $failed
