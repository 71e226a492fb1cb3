// SPDX-License-Identifier: GPL-2.0
/* Addresses, blocks of addresses, ports and protocols as text. */
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "addr.h"

/* The first name of a number is the one that is printed. */
static const struct choice protos[] = {
	{ "icmp", IPPROTO_ICMP },
	{ "igmp", IPPROTO_IGMP },
	{ "ipip", IPPROTO_IPIP },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "dccp", IPPROTO_DCCP },
	{ "ipv6", IPPROTO_IPV6 },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "comp", IPPROTO_COMP },
	{ "ipv6-icmp", IPPROTO_ICMPV6 },
	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "ospf", 89 },
	{ "sctp", IPPROTO_SCTP },
	{ "mh", IPPROTO_MH },
	{ "mobility-header", IPPROTO_MH },
	{ "udplite", IPPROTO_UDPLITE },
	{}
};

/**
 * addr_bits() - length of an address
 * @family: AF_INET or AF_INET6
 *
 * Return: bits
 */
unsigned int addr_bits(uint8_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

static bool is_any(const char *text)
{
	return !strcmp(text, "any") || !strcmp(text, "all");
}

/**
 * addr_parse() - read an address
 * @text: as typed
 * @what: what it is, for errors
 * @addr: result
 *
 * Return: enum cli_result
 */
int addr_parse(const char *text, const char *what, struct nfipsec_addr *addr)
{
	if (!nfipsec_addr_parse(text, addr))
		return CLI_OK;
	return cli_fail(CLI_USAGE, "%s \"%s\" is no IPv4 or IPv6 address", what,
			cli_show(text));
}

/**
 * addr_text() - an address as text
 * @addr: address
 * @buf: room for the text
 * @size: of @buf, at least INET6_ADDRSTRLEN
 *
 * Return: @buf
 */
const char *addr_text(const struct nfipsec_addr *addr, char *buf, size_t size)
{
	if (!addr->family || !inet_ntop(addr->family, addr->bytes, buf, size))
		snprintf(buf, size, "any");
	return buf;
}

static int block_split(char *text, const char *what, char *slash,
		       struct block *b)
{
	uint64_t plen;
	int ret;

	*slash = '\0';
	ret = addr_parse(text, what, &b->lo);
	if (!ret)
		ret = number_parse(slash + 1, "prefix length",
				   addr_bits(b->lo.family), &plen);
	if (!ret)
		b->plen = plen;
	return ret;
}

static int range_split(char *text, const char *what, char *dash,
		       struct block *b)
{
	int ret;

	*dash = '\0';
	ret = addr_parse(text, what, &b->lo);
	if (!ret)
		ret = addr_parse(dash + 1, what, &b->hi);
	if (ret)
		return ret;
	if (b->lo.family != b->hi.family)
		return cli_fail(CLI_USAGE, "%s: a range has one address family, not two",
				what);
	if (memcmp(b->lo.bytes, b->hi.bytes, sizeof(b->lo.bytes)) > 0)
		return cli_fail(CLI_USAGE, "%s: the range is upside down, write %s-%s",
				what, dash + 1, text);
	return CLI_OK;
}

/**
 * block_parse() - read A, A/N, A-B, any or all
 * @text: as typed
 * @what: what it is, for errors
 * @block: result
 *
 * Return: enum cli_result
 */
int block_parse(const char *text, const char *what, struct block *block)
{
	char copy[BLOCK_TEXT_MAX];
	char *sep;
	int ret;

	memset(block, 0, sizeof(*block));
	if (is_any(text))
		return CLI_OK;
	if (strlen(text) >= sizeof(copy))
		return cli_fail(CLI_USAGE, "%s is no address, prefix or range: too long",
				what);
	strcpy(copy, text);

	sep = strchr(copy, '/');
	if (sep)
		return block_split(copy, what, sep, block);
	sep = strchr(copy, '-');
	if (sep)
		return range_split(copy, what, sep, block);
	ret = addr_parse(copy, what, &block->lo);
	block->plen = addr_bits(block->lo.family);
	return ret;
}

/**
 * block_text() - a block of addresses as text
 * @block: block
 * @buf: room for the text
 * @size: of @buf, BLOCK_TEXT_MAX
 *
 * Return: @buf
 */
const char *block_text(const struct block *block, char *buf, size_t size)
{
	char lo[INET6_ADDRSTRLEN], hi[INET6_ADDRSTRLEN];

	if (!block->lo.family)
		snprintf(buf, size, "any");
	else if (block->hi.family)
		snprintf(buf, size, "%s-%s",
			 addr_text(&block->lo, lo, sizeof(lo)),
			 addr_text(&block->hi, hi, sizeof(hi)));
	else
		snprintf(buf, size, "%s/%u",
			 addr_text(&block->lo, lo, sizeof(lo)), block->plen);
	return buf;
}

/**
 * ports_parse() - read N, N-M, any or opaque
 * @text: as typed
 * @what: what it is, for errors
 * @min: result, lowest
 * @max: result, highest; below @min for opaque
 *
 * Return: enum cli_result
 */
int ports_parse(const char *text, const char *what, uint16_t *min,
		uint16_t *max)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t lo, hi;
	char first[24];
	int ret;

	*min = 0;
	*max = UINT16_MAX;
	if (is_any(text))
		return CLI_OK;
	if (!strcmp(text, "opaque")) {
		*min = UINT16_MAX;
		*max = 0;
		return CLI_OK;
	}
	if (len >= sizeof(first))
		return cli_fail(CLI_USAGE, "%s is no port: too long", what);
	memcpy(first, text, len);
	first[len] = '\0';
	ret = number_parse(first, what, UINT16_MAX, &lo);
	hi = lo;
	if (!ret && dash)
		ret = number_parse(dash + 1, what, UINT16_MAX, &hi);
	if (ret)
		return ret;
	if (lo > hi)
		return cli_fail(CLI_USAGE, "%s: the range is upside down, write %u-%u",
				what, (unsigned int)hi, (unsigned int)lo);
	*min = lo;
	*max = hi;
	return CLI_OK;
}

/**
 * proto_parse() - read a protocol, by name or number, or any
 * @text: as typed
 * @proto: result, 0 is any
 *
 * Return: enum cli_result
 */
int proto_parse(const char *text, uint8_t *proto)
{
	const struct choice *c;
	uint64_t number;

	*proto = 0;
	if (is_any(text))
		return CLI_OK;
	for (c = protos; c->name; c++) {
		if (!strcmp(c->name, text)) {
			*proto = c->value;
			return CLI_OK;
		}
	}
	if (number_parse(text, "proto", UINT8_MAX, &number))
		return cli_fail(CLI_USAGE, "unknown protocol \"%s\": use a common name such as tcp or a number up to 255",
				cli_show(text));
	*proto = number;
	return CLI_OK;
}

/**
 * proto_text() - a protocol as text
 * @proto: number
 * @buf: room for the text
 * @size: of @buf, PROTO_TEXT_MAX
 *
 * Return: the name, or the number in @buf
 */
const char *proto_text(uint8_t proto, char *buf, size_t size)
{
	const struct choice *c;

	for (c = protos; c->name; c++)
		if (c->value == proto)
			return c->name;
	snprintf(buf, size, "%u", proto);
	return buf;
}

/**
 * word_addr() - an address follows
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_addr(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = addr_parse(text, w->name, (void *)((char *)obj + w->off));
	if (!ret)
		has_set(obj, w->attr);
	return ret;
}

/**
 * word_ipsec() - the protocol of an SA follows, esp, ah or comp
 * @a: words
 * @obj: structure
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_ipsec(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	uint8_t *proto = (uint8_t *)obj + w->off;

	if (!text)
		return CLI_USAGE;
	if (!strcmp(text, "esp") || !strcmp(text, "50"))
		*proto = IPPROTO_ESP;
	else if (!strcmp(text, "ah") || !strcmp(text, "51"))
		*proto = IPPROTO_AH;
	else if (!strcmp(text, "comp") || !strcmp(text, "108"))
		*proto = IPPROTO_COMP;
	else
		return cli_fail(CLI_USAGE, "SAs of protocol \"%s\" do not exist here: use proto esp, proto ah or proto comp",
				cli_show(text));
	has_set(obj, w->attr);
	return CLI_OK;
}
