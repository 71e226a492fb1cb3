// SPDX-License-Identifier: GPL-2.0
/* Selectors as text and as JSON. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "selector.h"
#include "selector_field.h"

static uint8_t selector_family(const struct nfipsec_selector *sel)
{
	if (HAS(sel, SRC))
		return sel->src.family;
	if (HAS(sel, DST))
		return sel->dst.family;
	return sel->family;
}

static size_t block_append(const struct block_refs *refs, uint8_t family,
			   char *buf, size_t size)
{
	struct block block = {};
	char text[BLOCK_TEXT_MAX];

	block.lo.family = family;
	if (has_get(refs->has, refs->attr)) {
		block.lo = *refs->lo;
		block.plen = addr_bits(block.lo.family);
	}
	if (has_get(refs->has, refs->attr + 1))
		block.plen = *refs->plen;
	if (has_get(refs->has, refs->attr + 2))
		block.hi = *refs->hi;
	return snprintf(buf, size, "%s",
			block_text(&block, text, sizeof(text)));
}

/* Room for all ranges of a field, and the commas. */
#define SIDE_TEXT_MAX	((NFIPSEC_MORE_MAX + 1) * BLOCK_TEXT_MAX)

static const char *side_text(const struct nfipsec_selector *from, bool dst,
			     char *buf)
{
	/* Only read, as all that the references are to. */
	struct nfipsec_selector *sel = (void *)from;
	struct nfipsec_addr_list *more = dst ? &sel->dst_more : &sel->src_more;
	struct block_refs refs = block_first(sel, dst);
	uint8_t family = selector_family(sel);
	size_t len;
	uint32_t i;

	len = block_append(&refs, family, buf, SIDE_TEXT_MAX);
	for (i = 0; i < more->n; i++) {
		refs = block_more(&more->range[i]);
		buf[len++] = ',';
		len += block_append(&refs, family, buf + len,
				    SIDE_TEXT_MAX - len);
	}
	return buf;
}

static const char *next_layer_text(const struct nfipsec_selector *sel, char *buf,
				   size_t size)
{
	if (selector_family(sel) == AF_INET6 && sel->proto == IPPROTO_FRAGMENT)
		return "opaque";
	return proto_text(sel->proto, buf, size);
}

/* Room for all ranges of a field, and the commas. */
#define RANGES_TEXT_MAX	((NFIPSEC_MORE_MAX + 1) * 16)

typedef size_t (*append_fn)(unsigned int min, unsigned int max, char *buf,
			    size_t size);

static size_t range_append(unsigned int min, unsigned int max, char *buf,
			   size_t size)
{
	if (range_is_opaque(min, max))
		return snprintf(buf, size, "opaque");
	if (min == max)
		return snprintf(buf, size, "%u", min);
	return snprintf(buf, size, "%u-%u", min, max);
}

/* Are types said to be only some of their codes? */
static bool some_codes(unsigned int min, unsigned int max)
{
	return !range_is_opaque(min, max) &&
	       ((min & 0xff) || (max & 0xff) != 0xff);
}

/* With the codes only if they are not all that there are. */
static size_t types_append(unsigned int min, unsigned int max, char *buf,
			   size_t size)
{
	size_t len;

	if (range_is_opaque(min, max))
		return range_append(min, max, buf, size);
	if (!some_codes(min, max))
		return range_append(min >> 8, max >> 8, buf, size);
	len = snprintf(buf, size, "%u/%u", min >> 8, min & 0xff);
	if (min == max)
		return len;
	buf[len++] = '-';
	if (min >> 8 != max >> 8)
		len += snprintf(buf + len, size - len, "%u/", max >> 8);
	return len + snprintf(buf + len, size - len, "%u", max & 0xff);
}

static const char *ranges_text(unsigned int min, unsigned int max,
			       const struct nfipsec_port_list *more,
			       append_fn append, char *buf)
{
	size_t len;
	uint32_t i;

	len = append(min, max, buf, RANGES_TEXT_MAX);
	for (i = 0; i < more->n; i++) {
		buf[len++] = ',';
		len += append(more->range[i].low, more->range[i].high,
			      buf + len, RANGES_TEXT_MAX - len);
	}
	return buf;
}

/* Codes have a word of their own where there is one range. */
static bool codes_apart(const struct nfipsec_selector *sel)
{
	return !sel->type_more.n && some_codes(sel->type_min, sel->type_max);
}

static void types_print(FILE *out, const struct nfipsec_selector *sel)
{
	unsigned int min = sel->type_min, max = sel->type_max;
	char text[RANGES_TEXT_MAX];

	/* As a word, 0-255 is any type, and has no codes. */
	if (!codes_apart(sel) || (!(min >> 8) && max >> 8 == 0xff)) {
		fprintf(out, " type %s", ranges_text(min, max, &sel->type_more,
						     types_append, text));
		return;
	}
	range_append(min >> 8, max >> 8, text, sizeof(text));
	fprintf(out, " type %s", text);
	range_append(min & 0xff, max & 0xff, text, sizeof(text));
	fprintf(out, " code %s", text);
}

/**
 * selector_print() - print a selector as words
 * @out: where
 * @sel: selector
 */
void selector_print(FILE *out, const struct nfipsec_selector *sel)
{
	char src[SIDE_TEXT_MAX], dst[SIDE_TEXT_MAX], proto[PROTO_TEXT_MAX];
	char text[RANGES_TEXT_MAX];

	fprintf(out, "src %s dst %s", side_text(sel, false, src),
		side_text(sel, true, dst));
	if (HAS(sel, PROTO) && sel->proto)
		fprintf(out, " proto %s",
			next_layer_text(sel, proto, sizeof(proto)));
	if (HAS(sel, SPORT_MIN))
		fprintf(out, " sport %s",
			ranges_text(sel->sport_min, sel->sport_max,
				    &sel->sport_more, range_append, text));
	if (HAS(sel, DPORT_MIN))
		fprintf(out, " dport %s",
			ranges_text(sel->dport_min, sel->dport_max,
				    &sel->dport_more, range_append, text));
	if (HAS(sel, TYPE_MIN))
		types_print(out, sel);
	meta_print(out, sel);
}

static void json_range(struct json_object *o, const char *name,
		       unsigned int min, unsigned int max)
{
	char key[16];

	snprintf(key, sizeof(key), "%s_min", name);
	json_number(o, key, min);
	snprintf(key, sizeof(key), "%s_max", name);
	json_number(o, key, max);
}

/* A range is two numbers; what is none, or several, is a text. */
static void json_ports(struct json_object *o, const char *name,
		       unsigned int min, unsigned int max,
		       const struct nfipsec_port_list *more)
{
	char text[RANGES_TEXT_MAX];

	if (more->n || range_is_opaque(min, max))
		json_text(o, name,
			  ranges_text(min, max, more, range_append, text));
	else
		json_range(o, name, min, max);
}

static void json_types(struct json_object *o,
		       const struct nfipsec_selector *sel)
{
	unsigned int min = sel->type_min, max = sel->type_max;
	char text[RANGES_TEXT_MAX];

	if (sel->type_more.n || range_is_opaque(min, max)) {
		json_text(o, "type", ranges_text(min, max, &sel->type_more,
						 types_append, text));
		return;
	}
	json_range(o, "type", min >> 8, max >> 8);
	if (codes_apart(sel))
		json_range(o, "code", min & 0xff, max & 0xff);
}

/**
 * selector_json() - a selector as JSON
 * @sel: selector
 *
 * Return: object, the caller's
 */
struct json_object *selector_json(const struct nfipsec_selector *sel)
{
	char src[SIDE_TEXT_MAX], dst[SIDE_TEXT_MAX], proto[PROTO_TEXT_MAX];
	struct json_object *o = json_new();

	json_text(o, "family",
		  selector_family(sel) == AF_INET6 ? "inet6" : "inet");
	json_text(o, "src", side_text(sel, false, src));
	json_text(o, "dst", side_text(sel, true, dst));
	if (HAS(sel, PROTO) && sel->proto)
		json_text(o, "proto",
			  next_layer_text(sel, proto, sizeof(proto)));
	if (HAS(sel, SPORT_MIN))
		json_ports(o, "sport", sel->sport_min, sel->sport_max,
			   &sel->sport_more);
	if (HAS(sel, DPORT_MIN))
		json_ports(o, "dport", sel->dport_min, sel->dport_max,
			   &sel->dport_more);
	if (HAS(sel, TYPE_MIN))
		json_types(o, sel);
	meta_json(o, sel);
	return o;
}
