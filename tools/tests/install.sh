#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What "make install" leaves for those who build with the library: is it enough,
# found by pkg-config alone? And does "make uninstall" remove it? CC and MAKE are
# commands.
#
# Words are kept in strings on purpose.
# shellcheck disable=SC2046,SC2086

TOOLS=$(cd "$(dirname "$0")/.." && pwd)
: "${CC:=cc}" "${MAKE:=make}"
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
trap 'exit 1' HUP INT TERM
n=0
failed=0

# ok DESCRIPTION COMMAND...
ok() {
	n=$((n + 1))
	what=$1
	shift
	if "$@" >"$TMP/said" 2>&1; then
		echo "ok $n $what"
	else
		echo "not ok $n $what"
		sed 's/^/# /' "$TMP/said"
		failed=1
	fi
}

pc() { PKG_CONFIG_PATH=$TMP/prefix/lib/pkgconfig pkg-config "$@"; }

# in a directory without the sources, so that none of them is found by chance
example() {
	cp "$TOOLS/examples/nfipsec-pair.c" "$TMP/" && cd "$TMP" &&
		$CC -Wall -Werror $(pc --cflags libnfipsec) -o pair nfipsec-pair.c \
			$(pc --libs libnfipsec)
}

usage() {
	"$TMP/pair" 2>&1 </dev/null | grep -q usage
}

shared() {
	printf '#include <nfipsec.h>\nint f(struct nfipsec *h) { return nfipsec_sa_flush(h, 0); }\n' \
		>"$TMP/plugin.c"
	$CC -shared -fPIC $(pc --cflags libnfipsec) -o "$TMP/plugin.so" \
		"$TMP/plugin.c" -Wl,-z,defs $(pc --libs libnfipsec)
}

elsewhere() {
	$MAKE -s -C "$TOOLS" install DESTDIR="$TMP/dest" PREFIX=/usr \
		LIBDIR=/usr/lib/triplet &&
		[ -e "$TMP/dest/usr/lib/triplet/libnfipsec.a" ] &&
		! grep "$TMP" "$TMP/dest/usr/lib/triplet/pkgconfig/libnfipsec.pc"
}

nothing_left() {
	$MAKE -s -C "$TOOLS" uninstall PREFIX="$TMP/prefix" &&
		[ -z "$(find "$TMP/prefix" -type f)" ]
}

# with a stand-in for the kernel's headers, at whose hands modules are compressed
top() {
	$MAKE -s -C "$TOOLS/.." "$1" KDIR="$TMP/kernel" DESTDIR="$TMP/top" \
		PREFIX=/usr
}

top_install() {
	mkdir -p "$TMP/kernel/include/config" &&
		echo 1.2.3-x >"$TMP/kernel/include/config/kernel.release" &&
		cat >"$TMP/kernel/Makefile" <<-'MAKEFILE' &&
			TO = $(INSTALL_MOD_PATH)/lib/modules/1.2.3-x/$(INSTALL_MOD_DIR)
			modules:
			modules_install: ; mkdir -p $(TO) && touch $(TO)/nfipsec.ko.xz $(TO)/other.ko
		MAKEFILE
		top install && [ -e "$TMP/top/usr/sbin/nfipsec" ] &&
		[ -e "$TMP/top/lib/modules/1.2.3-x/updates/nfipsec.ko.xz" ]
}

top_nothing_left() {
	top uninstall && find "$TMP/top" -type f &&
		[ "$(find "$TMP/top" -type f)" = \
			"$TMP/top/lib/modules/1.2.3-x/updates/other.ko" ]
}

echo "KTAP version 1"
ok "install" $MAKE -s -C "$TOOLS" install PREFIX="$TMP/prefix"
ok "a version" pc --modversion libnfipsec
ok "the example builds with what is installed" example
ok "and starts" usage
ok "the library can be a part of a plugin" shared
ok "DESTDIR is in no file" elsewhere
ok "uninstall" nothing_left
ok "module and tools" top_install
ok "uninstall both" top_nothing_left
echo "1..$n"
exit $failed
