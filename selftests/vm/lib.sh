# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of fetch, build, run and deps.  Sourced, never run.

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TREE=$(cd "$VM_DIR/../.." && pwd -P)
CACHE=${NFIPSEC_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nfipsec}
KERNELS=(6.1 6.12 7.2 debug)
export VM_DIR TREE CACHE LC_ALL=C
# What a make that runs this was given is not for those that this runs.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit "${DIE_STATUS:-1}"; }

is_kernel() {
	local k
	for k in "${KERNELS[@]}"; do
		[[ $k == "$1" ]] && return 0
	done
	return 1
}

# lock NAME: hold an exclusive lock until this process ends.  The descriptor is
# kept from children that may outlive us only by closing it there: ${LOCK_FD}.
lock() {
	mkdir -p "$CACHE/locks"
	exec {LOCK_FD}>"$CACHE/locks/$1"
	if ! flock -n "$LOCK_FD"; then
		say "waiting for another run that holds the lock on $1"
		flock "$LOCK_FD"
	fi
}

# this_suite: the Debian suite of this machine. What sid's own files name is the next
# release, so there its apt sources tell.
ETC=/etc
this_suite() {
	local codename
	# shellcheck source=/dev/null
	codename=$(. "$ETC/os-release" && echo "${VERSION_CODENAME:-sid}")
	if grep -qs '/sid$' "$ETC/debian_version" && [[ $(deb_uri '^(sid|unstable)$') ]]; then
		codename=sid
	fi
	echo "$codename"
}

# deb_source KIND: "URI<tab>KEYRING" of the machine's own apt source for its
# suite (KIND main) or that suite's security updates (KIND security). A source that
# says stable is of this suite too where none says its name: nothing else is asked of
# it than where the archive is.
deb_source() {
	local suite any='(oldstable|stable|testing)'
	suite=$(this_suite)
	case $1/$suite in
	main/sid) deb_uri '^(sid|unstable)$' ;;
	main/*) deb_uri "^$suite\$" "^$any\$" ;;
	security/*) deb_uri "^$suite-security\$" "^$any-security\$" ;;
	esac
}

# deb_uri REGEX...: "URI<tab>KEYRING" of the first apt source for such a suite, by the
# first REGEX that has any.  Reads both formats of sources; KEYRING may be empty, or a
# list as the one-line format has it.
deb_uri() {
	local regex found
	for regex; do
		found=$(deb_uri_once "$regex")
		[[ ! $found ]] || { echo "$found"; return; }
	done
}

deb_uri_once() {
	local f files=()
	for f in "$ETC"/apt/sources.list "$ETC"/apt/sources.list.d/*.list \
		"$ETC"/apt/sources.list.d/*.sources; do
		[[ -f $f ]] && files+=("$f")
	done
	((${#files[@]})) || return 0
	awk -v suite="$1" '
	function emit(uri, key) {
		if (uri != "" && uri !~ /^cdrom:/ && !done) {
			sub(/\/+$/, "", uri); print uri "\t" key; done = 1
		}
	}
	function stanza(	n, s, i, j, u, urls, key) {
		# what continues a line that was empty begins with a space
		sub(/^ +/, "", f["uris"]); sub(/^ +/, "", f["suites"])
		key = f["signed-by"]; sub(/^ +/, "", key); gsub(/[ \t,]+/, ",", key)
		n = split(f["suites"], s, /[ \t]+/)
		urls = split(f["uris"], u, /[ \t]+/)
		for (i = 1; i <= n; i++)
			if (s[i] ~ suite && f["types"] ~ /(^|[ \t])deb([ \t]|$)/ &&
			    tolower(f["enabled"]) != "no")
				for (j = 1; j <= urls; j++)
					emit(u[j], key ~ /^\// ? key : "")
		delete f; last = ""
	}
	FNR == 1 { stanza() }
	{ sub(/\r$/, "") }
	/^[ \t]*#/ { next }
	FILENAME ~ /\.sources$/ {
		if ($0 ~ /^[ \t]*$/) { stanza(); next }
		if ($0 ~ /^[ \t]/) { sub(/^[ \t]+/, ""); f[last] = f[last] " " $0; next }
		i = index($0, ":"); last = tolower(substr($0, 1, i - 1))
		v = substr($0, i + 1); gsub(/^[ \t]+|[ \t]+$/, "", v); f[last] = v
		next
	}
	$1 == "deb" {
		line = $0; key = ""
		if (line ~ /cdrom:/) next	# it has brackets of its own
		if (match(line, /\[[^]]*\]/)) {
			o = substr(line, RSTART + 1, RLENGTH - 2)
			if (match(o, /signed-by=[^ \t]+/))
				key = substr(o, RSTART + 10, RLENGTH - 10)
			sub(/\[[^]]*\]/, "", line)
		}
		split(line, w, /[ \t]+/)
		if (w[3] ~ suite) emit(w[2], key)
	}
	END { stanza() }' "${files[@]}"
}

# deb_lines RELEASE: apt sources for that Debian release, from the machine's
# own mirror and keyring.
deb_lines() {
	local main security uri key opt kind suites s
	main=$(deb_source main)
	[[ $main ]] || die "no apt source for this machine's own Debian suite found"
	security=$(deb_source security)
	for kind in main security; do
		suites=()
		case $kind/$1 in
		main/sid) suites=(sid) ;;
		main/*) suites=("$1" "$1-updates") ;;
		security/sid) ;;
		security/*) [[ $security ]] && suites=("$1-security") ;;
		esac
		IFS=$'\t' read -r uri key <<<"${!kind}"
		if [[ ! $key && -e /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
			key=/usr/share/keyrings/debian-archive-keyring.gpg
		fi
		opt=
		[[ $key ]] && opt="[signed-by=$key] "
		for s in "${suites[@]}"; do
			printf 'deb %s%s %s main\n' "$opt" "$uri" "$s"
		done
	done
}

# papt RELEASE get|cache ARGS...: apt with directories of its own. Not while another
# run gets the lists anew.
papt() {
	local fd status=0
	mkdir -p "$CACHE/locks"
	exec {fd}>"$CACHE/locks/apt-$1"
	flock -s "$fd"
	papt_alone "$@" {fd}>&- || status=$?
	exec {fd}>&-
	return $status
}

papt_alone() {
	local dir=$CACHE/apt/$1 tool=apt-$2
	shift 2
	"$tool" -q \
		-o Dir::Etc::sourcelist="$dir/sources.list" \
		-o Dir::Etc::sourceparts="$dir/empty" \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts="$dir/empty" \
		-o Dir::State="$dir/state" -o Dir::State::status="$dir/status" \
		-o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root -o APT::Get::List-Cleanup=true \
		-o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Debug::NoLocking=false "$@"
}

# papt_update RELEASE: bring that release's package lists up to date, once a run;
# RELEASE-src: those of its source packages.
declare -A PAPT_DONE=()
papt_update() {
	[[ ${PAPT_DONE[$1]:-} ]] && return
	(lock "apt-$1" && papt_update_alone "$1") || exit
	PAPT_DONE[$1]=1
}

papt_update_alone() {
	local dir=$CACHE/apt/$1
	# in a list of commands, where bash does not stop at an error by itself
	mkdir -p "$dir/empty" "$dir/state/lists/partial" "$dir/cache/archives/partial" || exit
	: >"$dir/status" || exit
	deb_lines "${1%-src}" >"$dir/sources.list.new" || exit 1
	# security updates first: sources that came by them are there all the same
	# where a mirror has not got them yet
	[[ $1 != *-src ]] || sed -i -n 's/^deb /deb-src /; 1!G; h; $p' "$dir/sources.list.new" || exit
	mv "$dir/sources.list.new" "$dir/sources.list" || exit
	papt_alone "$1" get update >"$dir/update.log" 2>&1 {LOCK_FD}>&- || {
		cat "$dir/update.log" >&2
		die "apt-get update for $1 failed"
	}
	if grep -q '^[EW]: .*\(NO_PUBKEY\|not signed\|Failed\)' "$dir/update.log"; then
		cat "$dir/update.log" >&2
		die "package lists of $1 are incomplete or not signed"
	fi
}
