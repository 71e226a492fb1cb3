// SPDX-License-Identifier: GPL-2.0
/* Selectors as words, as text, as JSON. */
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "selector.h"

#define S(text, fn, member, bit)	SELECTOR_WORD(0, text, fn, member, bit)
/* Not of the kernel: a protocol was said to be opaque, which needs IPv6. */
#define OPAQUE_PROTO	63

#define HAS(sel, attr)	has_get(sel, NFIPSEC_A_SELECTOR_##attr)

/* The members of a block follow each other in the structure as on the wire. */
struct block_refs {
	struct nfipsec_addr *lo;
	uint8_t *plen;
	struct nfipsec_addr *hi;
	unsigned int attr;	/* of lo, those of plen and hi follow */
};

static struct block_refs block_refs(struct nfipsec_selector *sel, bool dst)
{
	if (dst)
		return (struct block_refs){ &sel->dst, &sel->dst_plen,
			&sel->dst_end, NFIPSEC_A_SELECTOR_DST };
	return (struct block_refs){ &sel->src, &sel->src_plen, &sel->src_end,
		NFIPSEC_A_SELECTOR_SRC };
}

static int set_family(struct nfipsec_selector *sel, uint8_t family)
{
	if (sel->family && sel->family != family)
		return cli_fail(CLI_USAGE, "src and dst of a selector have one address family, not two");
	sel->family = family;
	return CLI_OK;
}

/**
 * word_block() - addresses of a selector follow
 * @a: words
 * @obj: selector
 * @w: the keyword, src or dst
 *
 * Return: enum cli_result
 */
int word_block(struct args *a, void *obj, const struct word *w)
{
	bool dst = w->attr == NFIPSEC_A_SELECTOR_DST;
	struct block_refs refs = block_refs(obj, dst);
	const char *text = args_value(a, w->name);
	struct block block;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = block_parse(text, w->name, &block);
	if (ret || !block.lo.family)
		return ret;
	ret = set_family(obj, block.lo.family);
	if (ret)
		return ret;

	*refs.lo = block.lo;
	*refs.plen = block.plen;
	*refs.hi = block.hi;
	if (block.hi.family) {
		has_set(obj, refs.attr);
		has_set(obj, refs.attr + 2);
	} else if (block.plen) {
		has_set(obj, refs.attr);
		has_set(obj, refs.attr + 1);
	}
	return CLI_OK;
}

/**
 * word_proto() - the protocol of a selector follows
 * @a: words
 * @obj: selector
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_proto(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_selector *sel = obj;
	const char *text = args_value(a, w->name);
	int ret;

	if (!text)
		return CLI_USAGE;
	if (!strcmp(text, "opaque")) {
		sel->proto = IPPROTO_FRAGMENT;
		has_set(sel, NFIPSEC_A_SELECTOR_PROTO);
		has_set(sel, OPAQUE_PROTO);
		return CLI_OK;
	}
	ret = proto_parse(text, &sel->proto);
	if (!ret && sel->proto)
		has_set(sel, NFIPSEC_A_SELECTOR_PROTO);
	return ret;
}

/**
 * word_ports() - ports of a selector follow
 * @a: words
 * @obj: selector
 * @w: the keyword, sport or dport
 *
 * Return: enum cli_result
 */
int word_ports(struct args *a, void *obj, const struct word *w)
{
	uint16_t *min = (void *)((char *)obj + w->off);
	const char *text = args_value(a, w->name);
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = ports_parse(text, w->name, &min[0], &min[1]);
	if (!ret && (min[0] || min[1] != UINT16_MAX)) {
		has_set(obj, w->attr);
		has_set(obj, w->attr + 1);
	}
	return ret;
}

static bool is_opaque(unsigned int min, unsigned int max)
{
	return min == UINT16_MAX && !max;
}

/* A byte, or two with a dash between them. */
static int bytes_parse(const char *text, const char *what, uint8_t *lo,
		       uint8_t *hi)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	char first[24];
	uint64_t a, b;
	int ret;

	if (len >= sizeof(first))
		return cli_fail(CLI_USAGE, "%s is no number: too long", what);
	memcpy(first, text, len);
	first[len] = '\0';
	ret = number_parse(first, what, UINT8_MAX, &a);
	b = a;
	if (!ret && dash)
		ret = number_parse(dash + 1, what, UINT8_MAX, &b);
	*lo = a;
	*hi = b;
	return ret;
}

static bool is_any(const char *text)
{
	return !strcmp(text, "any") || !strcmp(text, "all");
}

static int types_check(const struct nfipsec_selector *sel, const char *what)
{
	if (sel->type_min <= sel->type_max)
		return CLI_OK;
	return cli_fail(CLI_USAGE, "%s: the range is upside down", what);
}

/**
 * word_types() - types of ICMP or of the mobility header follow
 * @a: words
 * @obj: selector
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_types(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_selector *sel = obj;
	uint8_t lo, hi;
	int ret;

	if (!text)
		return CLI_USAGE;
	if (is_any(text))
		return CLI_OK;
	has_set(sel, NFIPSEC_A_SELECTOR_TYPE_MIN);
	has_set(sel, NFIPSEC_A_SELECTOR_TYPE_MAX);
	if (!strcmp(text, "opaque")) {
		sel->type_min = UINT16_MAX;
		sel->type_max = 0;
		return CLI_OK;
	}
	ret = bytes_parse(text, w->name, &lo, &hi);
	if (ret)
		return ret;
	sel->type_min = lo << 8;
	sel->type_max = hi << 8 | 0xff;
	return types_check(sel, w->name);
}

/**
 * word_codes() - codes of ICMP types follow
 * @a: words
 * @obj: selector, with the types
 * @w: the keyword
 *
 * Type and code are one number, so that of several types the codes are those of
 * the first and of the last.
 *
 * Return: enum cli_result
 */
int word_codes(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_selector *sel = obj;
	uint8_t lo, hi;
	int ret;

	if (!text)
		return CLI_USAGE;
	if (is_any(text))
		return CLI_OK;
	if (!HAS(sel, TYPE_MIN) || is_opaque(sel->type_min, sel->type_max))
		return cli_fail(CLI_USAGE, "\"code\" follows \"type\" and its number");
	ret = bytes_parse(text, w->name, &lo, &hi);
	if (ret)
		return ret;
	sel->type_min = (sel->type_min & 0xff00) | lo;
	sel->type_max = (sel->type_max & 0xff00) | hi;
	return types_check(sel, w->name);
}

/**
 * selector_words() - read a selector, up to the first word that is not of it
 * @a: words
 * @sel: result; selector_finish() when all words were read
 *
 * Return: enum cli_result
 */
int selector_words(struct args *a, struct nfipsec_selector *sel)
{
	static const struct word words[] = {
		S("src", word_block, src, SRC),
		S("dst", word_block, dst, DST),
		S("proto", word_proto, proto, PROTO),
		S("sport", word_ports, sport_min, SPORT_MIN),
		S("dport", word_ports, dport_min, DPORT_MIN),
		S("type", word_types, type_min, TYPE_MIN),
		S("code", word_codes, type_min, TYPE_MAX),
	};
	int start = a->pos;
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), sel, true);
	if (!ret && a->pos == start)
		return cli_fail(CLI_USAGE, "a selector must follow \"sel\": src S dst D [proto P [sport R] [dport R] [type R [code R]]]");
	return ret;
}

/**
 * selector_finish() - settle the family of a selector
 * @sel: selector
 * @family: to use if neither the words nor an option tell, 0 if there is none
 *
 * Return: enum cli_result
 */
int selector_finish(struct nfipsec_selector *sel, uint8_t family)
{
	if (!sel->family)
		sel->family = cli.family ? cli.family : family;
	if (!sel->family)
		return cli_fail(CLI_USAGE, "the selector names no address family: write 0.0.0.0/0 or ::/0 for any, or give -4 or -6");
	has_set(sel, NFIPSEC_A_SELECTOR_FAMILY);
	if (has_get(sel, OPAQUE_PROTO) && sel->family != AF_INET6)
		return cli_fail(CLI_USAGE, "\"proto opaque\" needs IPv6: each fragment of IPv4 shows its protocol");
	return CLI_OK;
}

static uint8_t selector_family(const struct nfipsec_selector *sel)
{
	if (HAS(sel, SRC))
		return sel->src.family;
	if (HAS(sel, DST))
		return sel->dst.family;
	return sel->family;
}

static const char *side_text(const struct nfipsec_selector *sel, bool dst,
			     char *buf)
{
	const struct block_refs refs = block_refs((void *)sel, dst);
	struct block block = {};

	block.lo.family = selector_family(sel);
	if (has_get(sel, refs.attr)) {
		block.lo = *refs.lo;
		block.plen = addr_bits(block.lo.family);
	}
	if (has_get(sel, refs.attr + 1))
		block.plen = *refs.plen;
	if (has_get(sel, refs.attr + 2))
		block.hi = *refs.hi;
	return block_text(&block, buf, BLOCK_TEXT_MAX);
}

static void ports_print(FILE *out, const char *name, unsigned int min,
			unsigned int max)
{
	if (is_opaque(min, max))
		fprintf(out, " %s opaque", name);
	else if (min == max)
		fprintf(out, " %s %u", name, min);
	else
		fprintf(out, " %s %u-%u", name, min, max);
}

static const char *next_layer_text(const struct nfipsec_selector *sel, char *buf,
				   size_t size)
{
	if (selector_family(sel) == AF_INET6 && sel->proto == IPPROTO_FRAGMENT)
		return "opaque";
	return proto_text(sel->proto, buf, size);
}

static bool has_codes(const struct nfipsec_selector *sel)
{
	return (sel->type_min & 0xff) || (sel->type_max & 0xff) != 0xff;
}

/**
 * selector_print() - print a selector as words
 * @out: where
 * @sel: selector
 */
void selector_print(FILE *out, const struct nfipsec_selector *sel)
{
	char src[BLOCK_TEXT_MAX], dst[BLOCK_TEXT_MAX], proto[PROTO_TEXT_MAX];

	fprintf(out, "src %s dst %s", side_text(sel, false, src),
		side_text(sel, true, dst));
	if (HAS(sel, PROTO) && sel->proto)
		fprintf(out, " proto %s",
			next_layer_text(sel, proto, sizeof(proto)));
	if (HAS(sel, SPORT_MIN))
		ports_print(out, "sport", sel->sport_min, sel->sport_max);
	if (HAS(sel, DPORT_MIN))
		ports_print(out, "dport", sel->dport_min, sel->dport_max);
	if (!HAS(sel, TYPE_MIN))
		return;
	if (is_opaque(sel->type_min, sel->type_max)) {
		fputs(" type opaque", out);
		return;
	}
	ports_print(out, "type", sel->type_min >> 8, sel->type_max >> 8);
	if (has_codes(sel))
		ports_print(out, "code", sel->type_min & 0xff,
			    sel->type_max & 0xff);
}

static void json_range(struct json_object *o, const char *name,
		       unsigned int min, unsigned int max)
{
	char key[16];

	if (is_opaque(min, max)) {
		json_text(o, name, "opaque");
		return;
	}
	snprintf(key, sizeof(key), "%s_min", name);
	json_number(o, key, min);
	snprintf(key, sizeof(key), "%s_max", name);
	json_number(o, key, max);
}

/**
 * selector_json() - a selector as JSON
 * @sel: selector
 *
 * Return: object, the caller's
 */
struct json_object *selector_json(const struct nfipsec_selector *sel)
{
	char src[BLOCK_TEXT_MAX], dst[BLOCK_TEXT_MAX], proto[PROTO_TEXT_MAX];
	struct json_object *o = json_new();

	json_text(o, "family",
		  selector_family(sel) == AF_INET6 ? "inet6" : "inet");
	json_text(o, "src", side_text(sel, false, src));
	json_text(o, "dst", side_text(sel, true, dst));
	if (HAS(sel, PROTO) && sel->proto)
		json_text(o, "proto",
			  next_layer_text(sel, proto, sizeof(proto)));
	if (HAS(sel, SPORT_MIN))
		json_range(o, "sport", sel->sport_min, sel->sport_max);
	if (HAS(sel, DPORT_MIN))
		json_range(o, "dport", sel->dport_min, sel->dport_max);
	if (!HAS(sel, TYPE_MIN))
		return o;
	if (is_opaque(sel->type_min, sel->type_max)) {
		json_text(o, "type", "opaque");
		return o;
	}
	json_range(o, "type", sel->type_min >> 8, sel->type_max >> 8);
	if (has_codes(sel))
		json_range(o, "code", sel->type_min & 0xff,
			   sel->type_max & 0xff);
	return o;
}
