// SPDX-License-Identifier: GPL-2.0
/* Selectors as words. */
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "selector.h"
#include "selector_field.h"

#define S(text, fn, member, bit)	SELECTOR_WORD(0, text, fn, member, bit)
/* Not of the kernel: a protocol was said to be opaque, which needs IPv6. */
#define OPAQUE_PROTO	63
/* Nor this: types came with their codes. */
#define TYPE_CODES	62

/*
 * What stands before the next comma, and then go on behind it. Gives NULL if
 * that is nothing, or too much.
 */
static const char *piece_next(const char **text, char *buf, size_t size)
{
	size_t len = strcspn(*text, ",");

	if (!len || len >= size)
		return NULL;
	memcpy(buf, *text, len);
	buf[len] = '\0';
	*text += len;
	if (**text == ',' && (*text)[1])
		(*text)++;
	return buf;
}

static int no_piece(const char *what)
{
	return cli_fail(CLI_USAGE, "%s is no list: write ranges with commas between them, without spaces",
			what);
}

static int too_many(const char *what)
{
	return cli_fail(CLI_USAGE, "%s has %d ranges at most", what,
			NFIPSEC_MORE_MAX + 1);
}

static int not_alone(const char *what)
{
	return cli_fail(CLI_USAGE, "%s: any and opaque stand alone, in no list",
			what);
}

static int set_family(struct nfipsec_selector *sel, uint8_t family)
{
	if (sel->family && sel->family != family)
		return cli_fail(CLI_USAGE, "src and dst of a selector have one address family, not two");
	sel->family = family;
	return CLI_OK;
}

static void block_set(const struct block_refs *refs, const struct block *block)
{
	*refs->lo = block->lo;
	*refs->plen = block->plen;
	*refs->hi = block->hi;
	if (block->hi.family) {
		has_set(refs->has, refs->attr);
		has_set(refs->has, refs->attr + 2);
	} else if (block->plen) {
		has_set(refs->has, refs->attr);
		has_set(refs->has, refs->attr + 1);
	}
}

/* Where one more goes, NULL if there is no room. */
static bool block_room(struct nfipsec_selector *sel, bool dst, unsigned int n,
		       struct block_refs *refs)
{
	struct nfipsec_addr_list *list = dst ? &sel->dst_more : &sel->src_more;

	if (!n) {
		*refs = block_first(sel, dst);
		return true;
	}
	if (list->n == NFIPSEC_MORE_MAX)
		return false;
	has_set(sel, dst ? NFIPSEC_A_SELECTOR_DST_MORE :
			   NFIPSEC_A_SELECTOR_SRC_MORE);
	*refs = block_more(&list->range[list->n++]);
	return true;
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
	const char *text = args_value(a, w->name);
	char buf[BLOCK_TEXT_MAX];
	struct block_refs refs;
	struct block block;
	unsigned int n = 0;
	const char *piece;
	bool list;
	int ret;

	if (!text)
		return CLI_USAGE;
	list = strchr(text, ',');
	do {
		piece = list ? piece_next(&text, buf, sizeof(buf)) : text;
		if (!piece)
			return no_piece(w->name);
		ret = block_parse(piece, w->name, &block);
		if (ret)
			return ret;
		if (list && !block.plen && !block.hi.family)
			return not_alone(w->name);
		if (!block.lo.family)
			return CLI_OK;
		ret = set_family(obj, block.lo.family);
		if (ret)
			return ret;
		if (!block_room(obj, dst, n++, &refs))
			return too_many(w->name);
		block_set(&refs, &block);
	} while (list && *text);
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

static int byte_parse(const char *text, const char *what, uint8_t *byte)
{
	uint64_t value = 0;
	int ret = number_parse(text, what, UINT8_MAX, &value);

	*byte = value;
	return ret;
}

/* A byte, or two with a dash between them. */
static int bytes_parse(const char *text, const char *what, uint8_t *lo,
		       uint8_t *hi)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	char first[24];
	int ret;

	if (len >= sizeof(first))
		return cli_fail(CLI_USAGE, "%s is no number: too long", what);
	memcpy(first, text, len);
	first[len] = '\0';
	ret = byte_parse(first, what, lo);
	*hi = *lo;
	if (!ret && dash)
		ret = byte_parse(dash + 1, what, hi);
	return ret;
}

static bool is_any(const char *text)
{
	return !strcmp(text, "any") || !strcmp(text, "all");
}

static bool is_any_range(unsigned int min, unsigned int max)
{
	return !min && max == UINT16_MAX;
}

static int types_check(uint16_t min, uint16_t max, const char *what)
{
	if (min <= max)
		return CLI_OK;
	return cli_fail(CLI_USAGE, "%s: the range is upside down", what);
}

/*
 * TYPE/CODE, TYPE/CODE-CODE or TYPE/CODE-TYPE/CODE; in the last of them a code
 * and a type stand between the slashes.
 */
static int codes_parse(const char *text, const char *what, uint16_t *min,
		       uint16_t *max)
{
	char buf[48], *rest = buf, *type, *codes;
	uint8_t first, last, lo, hi;
	int ret;

	if (strlen(text) >= sizeof(buf))
		return cli_fail(CLI_USAGE, "%s is no number: too long", what);
	strcpy(buf, text);
	type = strsep(&rest, "/");
	codes = strsep(&rest, "/");
	if (strchr(type, '-') || (rest && !strchr(codes, '-')))
		return cli_fail(CLI_USAGE, "%s \"%s\": write TYPE/CODE, TYPE/CODE-CODE or TYPE/CODE-TYPE/CODE",
				what, cli_show(text));
	ret = byte_parse(type, what, &first);
	if (!ret)
		ret = bytes_parse(codes, rest ? "code or type" : "code", &lo,
				  &hi);
	if (ret)
		return ret;
	last = rest ? hi : first;
	if (rest)
		ret = byte_parse(rest, "code", &hi);
	if (ret)
		return ret;
	*min = first << 8 | lo;
	*max = last << 8 | hi;
	return types_check(*min, *max, what);
}

static int types_parse(const char *text, const char *what, uint16_t *min,
		       uint16_t *max)
{
	uint8_t lo, hi;
	int ret;

	if (is_any(text) || !strcmp(text, "opaque"))
		return ports_parse(text, what, min, max);
	if (strchr(text, '/'))
		return codes_parse(text, what, min, max);
	ret = bytes_parse(text, what, &lo, &hi);
	if (ret)
		return ret;
	*min = lo << 8;
	*max = hi << 8 | 0xff;
	return types_check(*min, *max, what);
}

/* Ranges of ports or types, and the attributes of the first and of the others. */
struct range_refs {
	uint16_t *min;
	uint16_t *max;
	struct nfipsec_port_list *more;
	unsigned int attr;	/* of min, that of max follows */
	unsigned int more_attr;
	int (*parse)(const char *text, const char *what, uint16_t *min,
		     uint16_t *max);
};

static int range_add(struct nfipsec_selector *sel, const char *what,
		     const struct range_refs *refs, bool first, uint16_t min,
		     uint16_t max)
{
	struct nfipsec_port_range *r;

	if (first) {
		*refs->min = min;
		*refs->max = max;
		has_set(sel, refs->attr);
		has_set(sel, refs->attr + 1);
		return CLI_OK;
	}
	if (refs->more->n == NFIPSEC_MORE_MAX)
		return too_many(what);
	has_set(sel, refs->more_attr);
	r = &refs->more->range[refs->more->n++];
	r->low = min;
	r->high = max;
	has_set(r, NFIPSEC_A_PORT_RANGE_LOW);
	has_set(r, NFIPSEC_A_PORT_RANGE_HIGH);
	return CLI_OK;
}

static int ranges_parse(struct nfipsec_selector *sel, const char *text,
			const char *what, const struct range_refs *refs)
{
	bool list = strchr(text, ','), first = true;
	uint16_t min, max;
	const char *piece;
	char buf[48];
	int ret;

	do {
		piece = list ? piece_next(&text, buf, sizeof(buf)) : text;
		if (!piece)
			return no_piece(what);
		ret = refs->parse(piece, what, &min, &max);
		if (ret)
			return ret;
		if (list && (is_any_range(min, max) || range_is_opaque(min, max)))
			return not_alone(what);
		if (is_any_range(min, max))
			return CLI_OK;
		ret = range_add(sel, what, refs, first, min, max);
		if (ret)
			return ret;
		first = false;
	} while (list && *text);
	return CLI_OK;
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
	const char *text = args_value(a, w->name);
	struct nfipsec_selector *sel = obj;
	const struct range_refs sport = {
		&sel->sport_min, &sel->sport_max, &sel->sport_more,
		NFIPSEC_A_SELECTOR_SPORT_MIN, NFIPSEC_A_SELECTOR_SPORT_MORE,
		ports_parse,
	};
	const struct range_refs dport = {
		&sel->dport_min, &sel->dport_max, &sel->dport_more,
		NFIPSEC_A_SELECTOR_DPORT_MIN, NFIPSEC_A_SELECTOR_DPORT_MORE,
		ports_parse,
	};

	if (!text)
		return CLI_USAGE;
	return ranges_parse(sel, text, w->name,
			    w->attr == sport.attr ? &sport : &dport);
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
	const struct range_refs types = {
		&sel->type_min, &sel->type_max, &sel->type_more,
		NFIPSEC_A_SELECTOR_TYPE_MIN, NFIPSEC_A_SELECTOR_TYPE_MORE,
		types_parse,
	};

	if (!text)
		return CLI_USAGE;
	if (strchr(text, '/'))
		has_set(sel, TYPE_CODES);
	return ranges_parse(sel, text, w->name, &types);
}

/**
 * word_codes() - codes of ICMP types follow
 * @a: words
 * @obj: selector, with the types
 * @w: the keyword
 *
 * Type and code are one number, so that of several types the codes are those of
 * the first and of the last. Those of a list stand in it.
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
	if (is_any(text) && !has_get(sel, TYPE_CODES))
		return CLI_OK;
	if (!HAS(sel, TYPE_MIN) || range_is_opaque(sel->type_min, sel->type_max) ||
	    sel->type_more.n || has_get(sel, TYPE_CODES))
		return cli_fail(CLI_USAGE, "\"code\" follows \"type\" and one number or range: in a list, write TYPE/CODE");
	ret = bytes_parse(text, w->name, &lo, &hi);
	if (ret)
		return ret;
	sel->type_min = (sel->type_min & 0xff00) | lo;
	sel->type_max = (sel->type_max & 0xff00) | hi;
	return types_check(sel->type_min, sel->type_max, w->name);
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
		S("iif", word_dev, iif, IIF),
		S("oif", word_dev, oif, OIF),
		S("vrf", word_dev, vrf, VRF),
		S("mark", word_mark, mark, MARK),
	};
	int start = a->pos;
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), sel, true);
	if (!ret && a->pos == start)
		return cli_fail(CLI_USAGE, "a selector must follow \"sel\": src S dst D [proto P [sport R] [dport R] [type T [code R]]]");
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
