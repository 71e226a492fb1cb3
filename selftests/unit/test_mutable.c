// SPDX-License-Identifier: GPL-2.0
/*
 * What AH authenticates of IP headers: a table of headers and what must become
 * of them, written out; then each of them cut and changed at random, for the
 * sanitizers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/socket.h>

#include "ktap.h"
#include "mutable.h"

#define HDR_MAX	256

/**
 * struct header_case - a header and what is to become of it
 * @what: what it is about
 * @from: in hexadecimal, spaces between
 * @to: the same of what is authenticated, if @err is 0
 * @err: what is returned instead, negative
 * @arrived: the packet is said to have arrived
 * @both: the same holds if it is not said
 */
struct header_case {
	const char *what;
	const char *from;
	const char *to;
	int err;
	bool arrived;
	bool both;
};

/* TOS 0xb9, ID 0x1234, DF and offset 1, TTL 0x40, AH, a checksum. */
#define V4(ihl)		"4" ihl " b9 00 64 12 34 40 01 40 33 ab cd "
#define V4_OUT(ihl)	"4" ihl " 00 00 64 12 34 00 00 00 33 00 00 "
#define SRC4		"c0 a8 01 01 "
#define DST4		"c0 a8 02 02 "
#define END4		"0a 00 00 09 "
/* DSCP and flow label, payload length 0x0100, hop limit 0x40. */
#define V6(next)	"6b 9a bc de 01 00 " next " 40 "
#define V6_OUT(next)	"60 00 00 00 01 00 " next " 00 "
#define SRC6		"fd 00 00 01 00 00 00 00 00 00 00 00 00 00 00 01 "
#define DST6		"fd 00 00 02 00 00 00 00 00 00 00 00 00 00 00 02 "
#define HOP1		"fd 00 00 0a 00 00 00 00 00 00 00 00 00 00 00 0a "
#define HOP2		"fd 00 00 0b 00 00 00 00 00 00 00 00 00 00 00 0b "
#define HALF		"fd 00 00 0a 00 00 00 00"

static const struct header_case cases[] = {
	{ "IPv4", V4("5") SRC4 DST4, V4_OUT("5") SRC4 DST4, .both = true },
	{ "no options but end and no-operation",
	  V4("6") SRC4 DST4 "01 01 00 77", V4_OUT("6") SRC4 DST4 "01 01 00 77",
	  .both = true },
	{ "security", V4("6") SRC4 DST4 "82 03 11 00",
	  V4_OUT("6") SRC4 DST4 "82 03 11 00", .both = true },
	{ "extended security", V4("6") SRC4 DST4 "85 03 11 01",
	  V4_OUT("6") SRC4 DST4 "85 03 11 01", .both = true },
	{ "CIPSO", V4("7") SRC4 DST4 "86 06 00 00 00 01 00 00",
	  V4_OUT("7") SRC4 DST4 "86 06 00 00 00 01 00 00", .both = true },
	{ "router alert", V4("6") SRC4 DST4 "94 04 00 00",
	  V4_OUT("6") SRC4 DST4 "94 04 00 00", .both = true },
	{ "directed delivery", V4("7") SRC4 DST4 "95 06 e0 00 00 05 00 00",
	  V4_OUT("7") SRC4 DST4 "95 06 e0 00 00 05 00 00", .both = true },
	{ "record route", V4("7") SRC4 DST4 "01 07 07 04 0a 00 00 01",
	  V4_OUT("7") SRC4 DST4 "01 00 00 00 00 00 00 00", .both = true },
	{ "time stamp", V4("7") SRC4 DST4 "44 08 05 00 12 34 56 78",
	  V4_OUT("7") SRC4 DST4 "00 00 00 00 00 00 00 00", .both = true },
	{ "traceroute", V4("8") SRC4 DST4 "52 0c 00 01 00 02 ff ff 0a 00 00 01",
	  V4_OUT("8") SRC4 DST4 "00 00 00 00 00 00 00 00 00 00 00 00",
	  .both = true },
	{ "stream ID", V4("6") SRC4 DST4 "88 04 00 01",
	  V4_OUT("6") SRC4 DST4 "00 00 00 00", .both = true },
	{ "an unknown option", V4("6") SRC4 DST4 "de 04 00 01",
	  V4_OUT("6") SRC4 DST4 "00 00 00 00", .both = true },
	{ "one that goes, one that stays",
	  V4("7") SRC4 DST4 "de 04 00 01 94 04 00 00",
	  V4_OUT("7") SRC4 DST4 "00 00 00 00 94 04 00 00", .both = true },
	{ "a loose source route to be taken",
	  V4("8") SRC4 DST4 "83 0b 04 0a 00 00 01 0a 00 00 09 00",
	  V4_OUT("8") SRC4 END4 "00 00 00 00 00 00 00 00 00 00 00 00",
	  .both = false },
	{ "a strict source route half taken",
	  V4("8") SRC4 DST4 "89 0b 08 0a 00 00 01 0a 00 00 09 00",
	  V4_OUT("8") SRC4 END4 "00 00 00 00 00 00 00 00 00 00 00 00",
	  .both = false },
	{ "a source route that was taken",
	  V4("8") SRC4 DST4 "83 0b 0c 0a 00 00 01 0a 00 00 09 00",
	  V4_OUT("8") SRC4 DST4 "00 00 00 00 00 00 00 00 00 00 00 00",
	  .both = true },
	{ "arrived, but not at the end of its source route",
	  V4("8") SRC4 DST4 "83 0b 08 0a 00 00 01 0a 00 00 09 00",
	  .err = -EOPNOTSUPP, .arrived = true },
	{ "two source routes",
	  V4("9") SRC4 DST4 "83 07 08 0a 00 00 01 89 07 08 0a 00 00 02 00 00",
	  .err = -EINVAL, .both = true },
	{ "a source route whose pointer is none",
	  V4("7") SRC4 DST4 "83 07 05 0a 00 00 01 00",
	  .err = -EINVAL, .both = true },
	{ "a source route without a pointer", V4("6") SRC4 DST4 "83 02 00 00",
	  .err = -EINVAL, .both = true },
	{ "a source route of half an address",
	  V4("7") SRC4 DST4 "83 05 04 0a 00 00 00 00",
	  .err = -EINVAL, .both = true },
	{ "an option of length 0", V4("6") SRC4 DST4 "07 00 00 00",
	  .err = -EINVAL, .both = true },
	{ "an option of length 1", V4("6") SRC4 DST4 "82 01 00 00",
	  .err = -EINVAL, .both = true },
	{ "an option that is too long", V4("6") SRC4 DST4 "82 05 00 00",
	  .err = -EINVAL, .both = true },
	{ "an option without length", V4("6") SRC4 DST4 "01 01 01 82",
	  .err = -EINVAL, .both = true },
	{ "another length than the header says", V4("5") SRC4 DST4 "01 01 01 01",
	  .err = -EINVAL, .both = true },

	{ "IPv6", V6("33") SRC6 DST6, V6_OUT("33") SRC6 DST6, .both = true },
	{ "hop-by-hop options", V6("00") SRC6 DST6
	  "33 02 05 02 00 00 2e 03 11 22 33 00 3e 04 11 22 33 44 0e 02 55 66 01 00",
	  V6_OUT("00") SRC6 DST6
	  "33 02 05 02 00 00 2e 03 00 00 00 00 3e 04 00 00 00 00 0e 02 55 66 01 00",
	  .both = true },
	{ "destination options", V6("3c") SRC6 DST6 "33 00 2f 01 77 1e 01 88",
	  V6_OUT("3c") SRC6 DST6 "33 00 2f 01 00 1e 01 88", .both = true },
	{ "an option that ends behind its header",
	  V6("00") SRC6 DST6 "33 00 1e 05 00 00 00 00",
	  .err = -EINVAL, .both = true },
	{ "an option without length", V6("00") SRC6 DST6 "33 00 01 03 00 00 00 1e",
	  .err = -EINVAL, .both = true },
	{ "routing type 0, not yet gone",
	  V6("2b") SRC6 DST6 "33 04 00 02 00 00 00 00 " HOP1 HOP2,
	  V6_OUT("2b") SRC6 HOP2 "33 04 00 00 00 00 00 00 " DST6 HOP1,
	  .both = false },
	{ "routing type 0, half gone",
	  V6("2b") SRC6 DST6 "33 04 00 01 00 00 00 00 " HOP1 HOP2,
	  V6_OUT("2b") SRC6 HOP2 "33 04 00 00 00 00 00 00 " HOP1 DST6,
	  .both = false },
	{ "routing type 0, gone",
	  V6("2b") SRC6 DST6 "33 04 00 00 00 00 00 00 " HOP1 HOP2,
	  V6_OUT("2b") SRC6 DST6 "33 04 00 00 00 00 00 00 " HOP1 HOP2,
	  .both = true },
	{ "routing type 2, not yet gone",
	  V6("2b") SRC6 DST6 "33 02 02 01 00 00 00 00 " HOP1,
	  V6_OUT("2b") SRC6 HOP1 "33 02 02 00 00 00 00 00 " DST6,
	  .both = false },
	{ "arrived with hops left",
	  V6("2b") SRC6 DST6 "33 02 02 01 00 00 00 00 " HOP1,
	  .err = -EOPNOTSUPP, .arrived = true },
	{ "routing type 2 with two addresses",
	  V6("2b") SRC6 DST6 "33 04 02 01 00 00 00 00 " HOP1 HOP2,
	  .err = -EINVAL, .both = true },
	{ "more segments left than addresses",
	  V6("2b") SRC6 DST6 "33 02 00 02 00 00 00 00 " HOP1,
	  .err = -EINVAL, .both = true },
	{ "half an address",
	  V6("2b") SRC6 DST6 "33 01 00 00 00 00 00 00 " HALF, .err = -EINVAL, .both = true },
	{ "routing type 3", V6("2b") SRC6 DST6 "33 02 03 00 00 00 00 00 " HOP1,
	  .err = -EOPNOTSUPP, .both = true },
	{ "routing type 4", V6("2b") SRC6 DST6 "33 02 04 00 00 00 00 00 " HOP1,
	  .err = -EOPNOTSUPP, .both = true },
	{ "a fragment header of all",
	  V6("2c") SRC6 DST6 "33 00 00 00 12 34 56 78",
	  "60 00 00 00 00 f8 33 00 " SRC6 DST6, .both = true },
	{ "a fragment header between two others", V6("00") SRC6 DST6
	  "2c 00 01 04 00 00 00 00 3c 00 00 00 12 34 56 78 33 00 3e 02 99 99 00 00",
	  "60 00 00 00 00 f8 00 00 " SRC6 DST6
	  "3c 00 01 04 00 00 00 00 33 00 3e 02 00 00 00 00", .both = true },
	{ "a header of another kind", V6("06") SRC6 DST6 "33 00 01 04 00 00 00 00",
	  .err = -EINVAL, .both = true },
	{ "a header that is too long", V6("00") SRC6 DST6 "33 01 01 04 00 00 00 00",
	  .err = -EINVAL, .both = true },
};

static unsigned int unhex(u8 *to, const char *text)
{
	unsigned int n = 0;
	char *end;

	for (;; text = end) {
		unsigned long byte = strtoul(text, &end, 16);

		if (end == text)
			return n;
		to[n++] = byte;
	}
}

/* In memory of exactly this size, so that the sanitizer sees a step beyond. */
static int fix(u8 *to, const u8 *from, unsigned int len, bool arrived)
{
	u8 family = from[0] >> 4 == 4 ? AF_INET : AF_INET6;
	u8 *hdr = malloc(len);
	int ret;

	if (!hdr)
		abort();
	memcpy(hdr, from, len);
	ret = nfipsec_mutable_fix(hdr, len, family, arrived);
	if (ret > 0 && ret <= len)
		memcpy(to, hdr, ret);
	free(hdr);
	return ret;
}

static void one(const struct header_case *c, bool arrived)
{
	u8 from[HDR_MAX], want[HDR_MAX], got[HDR_MAX];
	unsigned int len = unhex(from, c->from);
	int ret = fix(got, from, len, arrived);
	int n = c->err;
	int i;

	if (!n)
		n = unhex(want, c->to);
	if (!EXPECT(ret == n, "%s: %d, expected %d", c->what, ret, n))
		return;
	for (i = 0; i < n; i++)
		EXPECT(got[i] == want[i], "%s: byte %d is %02x, expected %02x",
		       c->what, i, got[i], want[i]);
}

static void table(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		one(&cases[i], cases[i].arrived);
		if (cases[i].both)
			one(&cases[i], !cases[i].arrived);
	}
}

/* A header that is cut anywhere is no longer what it says. */
static void cut(void)
{
	u8 from[HDR_MAX], got[HDR_MAX];
	unsigned int i, n, len;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		len = unhex(from, cases[i].from);
		for (n = 1; n < len; n++) {
			ret = fix(got, from, n, false);
			EXPECT(ret <= (int)n, "%s: %d of %u", cases[i].what,
			       ret, n);
			EXPECT(from[0] >> 4 != 4 || ret == -EINVAL ||
			       n == (from[0] & 15) * 4,
			       "%s: only %u, yet %d", cases[i].what, n, ret);
		}
	}
}

/* Nothing is read or written beyond, and what is done once stays. */
static void noise(void)
{
	u8 from[HDR_MAX], got[HDR_MAX], again[HDR_MAX];
	unsigned int i, k, len;
	int ret;

	for (i = 0; i < 200000; i++) {
		len = unhex(from, cases[i % ARRAY_SIZE(cases)].from);
		for (k = ktap_random_below(4); k; k--)
			from[1 + ktap_random_below(len - 1)] = ktap_random();
		ret = fix(got, from, len, i & 1);
		if (!EXPECT(ret <= (int)len, "%d of %u", ret, len) || ret < 0)
			continue;
		if (from[0] >> 4 == 4)
			continue;
		EXPECT(fix(again, got, ret, true) == ret &&
		       !memcmp(got, again, ret), "not the same when repeated");
	}
}

const struct ktap_case mutable_cases[] = {
	{ "mutable: table of headers", table },
	{ "mutable: cut headers", cut },
	{ "mutable: random headers", noise },
	{}
};
