// SPDX-License-Identifier: GPL-2.0
/* Numbers, addresses, ports and protocols from text and back. */
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "check.h"

struct number_case {
	const char *text;
	uint64_t max;
	uint64_t value;		/* if @error is NULL */
	const char *error;
};

static const struct number_case numbers[] = {
	{ "0", 10, 0, NULL },
	{ "10", 10, 10, NULL },
	{ "0x1F", UINT32_MAX, 31, NULL },
	{ "010", 100, 10, NULL },
	{ "4294967295", UINT32_MAX, UINT32_MAX, NULL },
	{ "18446744073709551615", UINT64_MAX, UINT64_MAX, NULL },
	{ "11", 10, 0, "too large: at most 10" },
	{ "4294967296", UINT32_MAX, 0, "too large" },
	{ "18446744073709551616", UINT64_MAX, 0, "too large" },
	{ "0x10000000000000000", UINT64_MAX, 0, "too large" },
	{ "", 10, 0, "no number" },
	{ "0x", 10, 0, "no number" },
	{ "-1", 10, 0, "no number" },
	{ "+1", 10, 0, "no number" },
	{ " 1", 10, 0, "no number" },
	{ "1 ", 10, 0, "no number" },
	{ "1k", 10, 0, "no number" },
	{ "0xg", 10, 0, "no number" },
	{ "ff", 10, 0, "no number" },
};

void test_numbers(void)
{
	const struct number_case *c;
	uint64_t value = 0;
	char name[64];
	int ret;

	for (c = numbers; c < numbers + ARRAY_SIZE(numbers); c++) {
		snprintf(name, sizeof(name), "number '%s'", c->text);
		ret = number_parse(c->text, "N", c->max, &value);
		if (c->error)
			has(ret == CLI_USAGE ? cli_error() : "accepted",
			    c->error, name);
		else
			ok(!ret && value == c->value, name, "%d, %llu", ret,
			   (unsigned long long)value);
	}
}

struct text_case {
	const char *text;
	const char *want;	/* printed again, or a part of the error */
	bool bad;
};

static const struct text_case blocks[] = {
	{ "192.0.2.1", "192.0.2.1/32", false },
	{ "192.0.2.0/24", "192.0.2.0/24", false },
	{ "0.0.0.0/0", "0.0.0.0/0", false },
	{ "192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9", false },
	{ "192.0.2.1-192.0.2.1", "192.0.2.1-192.0.2.1", false },
	{ "2001:db8::1", "2001:db8::1/128", false },
	{ "2001:0db8::/32", "2001:db8::/32", false },
	{ "::/0", "::/0", false },
	{ "2001:db8::1-2001:db8::ffff", "2001:db8::1-2001:db8::ffff", false },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.254-ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  false },
	{ "any", "any", false },
	{ "all", "any", false },
	{ "192.0.2.0/33", "prefix length 33 is too large: at most 32", true },
	{ "2001:db8::/129", "at most 128", true },
	{ "192.0.2.0/", "no number", true },
	{ "192.0.2.0/24/8", "no number", true },
	{ "/24", "no IPv4 or IPv6 address", true },
	{ "192.0.2", "no IPv4 or IPv6 address", true },
	{ "192.0.2.256", "no IPv4 or IPv6 address", true },
	{ "2001:db8:::1", "no IPv4 or IPv6 address", true },
	{ "host.example", "no IPv4 or IPv6 address", true },
	{ "", "no IPv4 or IPv6 address", true },
	{ "-", "no IPv4 or IPv6 address", true },
	{ "192.0.2.9-192.0.2.1", "upside down, write 192.0.2.1-192.0.2.9",
	  true },
	{ "192.0.2.1-2001:db8::1", "one address family", true },
	{ "192.0.2.1-", "no IPv4 or IPv6 address", true },
	{ "192.0.2.1\n", "no IPv4 or IPv6 address", true },
	{ "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
	  "too long", true },
};

static const struct text_case ports[] = {
	{ "80", "80-80", false },
	{ "0", "0-0", false },
	{ "1024-65535", "1024-65535", false },
	{ "any", "0-65535", false },
	{ "65536", "too large", true },
	{ "1-65536", "too large", true },
	{ "9-8", "upside down, write 8-9", true },
	{ "-8", "no number", true },
	{ "8-", "no number", true },
	{ "1-2-3", "no number", true },
	{ "http", "no number", true },
	{ "000000000000000000000000000000080", "too long", true },
};

static const struct text_case protos[] = {
	{ "tcp", "tcp", false },
	{ "6", "tcp", false },
	{ "icmpv6", "ipv6-icmp", false },
	{ "ipv6-icmp", "ipv6-icmp", false },
	{ "0xfd", "253", false },
	{ "any", "0", false },
	{ "256", "unknown protocol", true },
	{ "TCP", "unknown protocol", true },
	{ "", "unknown protocol", true },
};

/* Texts and what is left of them, where 0 is told from what is no UTF-8. */
static void test_chars(void)
{
	static const struct {
		const char *text;
		size_t len;
	} chars[] = {
		{ "a", 1 }, { "\177", 1 }, { "\n", 1 }, { "\302\200", 2 },
		{ "\337\277x", 2 }, { "\340\240\200", 3 }, { "\342\202\254", 3 },
		{ "\355\237\277", 3 }, { "\356\200\200", 3 },
		{ "\357\277\277", 3 }, { "\360\220\200\200", 4 },
		{ "\360\237\220\247", 4 }, { "\364\217\277\277", 4 },
		{ "\200", 0 }, { "\277", 0 }, { "\300\200", 0 },
		{ "\301\277", 0 }, { "\340\237\277", 0 },
		{ "\355\240\200", 0 }, { "\360\217\277\277", 0 },
		{ "\364\220\200\200", 0 }, { "\365\200\200\200", 0 },
		{ "\377", 0 }, { "\376\200", 0 }, { "\351", 0 },
		{ "\303", 0 }, { "\303a", 0 }, { "\303\303", 0 },
		{ "\342\202", 0 }, { "\342\202a", 0 }, { "\342a\254", 0 },
		{ "\360\237\220", 0 }, { "\360\237a\247", 0 },
	};
	char *copy;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(chars); i++) {
		/* by itself, so that ASan sees its end */
		copy = strdup(chars[i].text);
		ok(text_char(copy) == chars[i].len, "a character",
		   "text %zu: %zu bytes", i, text_char(copy));
		free(copy);
	}
	ok(!text_check("M\303\274nchen", "name"), "a name in UTF-8", "%s",
	   cli_error());
	has(text_check("M\374nchen", "name") ? cli_error() : "accepted",
	    "name: the name is not UTF-8", "a name in Latin-1");
	has(text_check("a\302\233", "name") ? cli_error() : "accepted",
	    "control character", "a name with a control character");
}

static int block_try(const char *text, char *buf, size_t size)
{
	struct block block;
	int ret;

	ret = block_parse(text, "src", &block);
	if (!ret)
		block_text(&block, buf, size);
	return ret;
}

static int ports_try(const char *text, char *buf, size_t size)
{
	uint16_t min, max;
	int ret;

	ret = ports_parse(text, "sport", &min, &max);
	if (!ret)
		snprintf(buf, size, "%u-%u", min, max);
	return ret;
}

static int proto_try(const char *text, char *buf, size_t size)
{
	char number[PROTO_TEXT_MAX];
	uint8_t proto;
	int ret;

	ret = proto_parse(text, &proto);
	if (!ret)
		snprintf(buf, size, "%s",
			 proto_text(proto, number, sizeof(number)));
	return ret;
}

static void run(const char *what, const struct text_case *c, size_t n,
		int (*try)(const char *text, char *buf, size_t size))
{
	char buf[BLOCK_TEXT_MAX], name[160];
	const struct text_case *end = c + n;
	char *p;
	int ret;

	for (; c < end; c++) {
		snprintf(name, sizeof(name), "%s '%s'", what, c->text);
		for (p = name; *p; p++)
			if (*p == '\n')
				*p = '?';
		ret = try(c->text, buf, sizeof(buf));
		if (c->bad)
			has(ret == CLI_USAGE ? cli_error() : "accepted",
			    c->want, name);
		else
			same(ret ? cli_error() : buf, c->want, name);
	}
}

void test_blocks(void)
{
	test_chars();
	run("block", blocks, ARRAY_SIZE(blocks), block_try);
	run("ports", ports, ARRAY_SIZE(ports), ports_try);
	run("proto", protos, ARRAY_SIZE(protos), proto_try);
}
