// SPDX-License-Identifier: GPL-2.0
/* sa move: which SA, and where it is to be. */
#include <string.h>

#include "addr.h"
#include "sa.h"

#define W(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_sa, member),		\
	  NFIPSEC_A_SA_##attr, 0, false }

/* As word_encap(), or "none". */
static int word_encap_or_none(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_sa *to = obj;
	const char *text = args_peek(a);

	if (!text || strcmp(text, "none"))
		return word_encap(a, obj, w);
	args_next(a);
	has_set(&to->move, NFIPSEC_A_MOVE_NO_ENCAP);
	return CLI_OK;
}

/* Words of an SA to those of a place. */
static void place(const struct nfipsec_sa *to, struct nfipsec_move *move)
{
	*move = to->move;
	move->src = to->src;
	move->dst = to->dst;
	move->encap = to->encap;
	move->reqid = to->reqid;
	if (SA_HAS(to, SRC))
		has_set(move, NFIPSEC_A_MOVE_SRC);
	if (SA_HAS(to, DST))
		has_set(move, NFIPSEC_A_MOVE_DST);
	if (SA_HAS(to, ENCAP))
		has_set(move, NFIPSEC_A_MOVE_ENCAP);
	if (SA_HAS(to, REQID))
		has_set(move, NFIPSEC_A_MOVE_REQID);
}

static int parse_place(struct args *a, struct nfipsec_move *move)
{
	static const struct word words[] = {
		W("src", word_addr, src, SRC),
		W("dst", word_addr, dst, DST),
		W("reqid", word_u32, reqid, REQID),
		{ "encap", word_encap_or_none, 0, 0, 0, 0, false },
		{ "nat-keepalive-interval", word_u32,
		  offsetof(struct nfipsec_sa, encap),
		  offsetof(struct nfipsec_encap, keepalive),
		  NFIPSEC_A_ENCAP_KEEPALIVE, 0, false },
	};
	struct nfipsec_sa to = {};
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), &to, false);
	if (!ret)
		ret = sa_check_keepalive(&to);
	if (ret)
		return ret;
	place(&to, move);
	if (!move->has)
		return cli_fail(CLI_USAGE, "\"to\" needs src, dst, encap or reqid behind it");
	return CLI_OK;
}

/**
 * sa_parse_move() - read which SA is to be where
 * @a: words: what identifies it now, "to", what changes
 * @key: result, zeroed by the caller
 * @to: result, zeroed by the caller
 *
 * Return: enum cli_result
 */
int sa_parse_move(struct args *a, struct nfipsec_sa *key,
		  struct nfipsec_move *to)
{
	static const struct word words[] = {
		W("src", word_addr, src, SRC),
		W("dst", word_addr, dst, DST),
		W("proto", word_ipsec, proto, PROTO),
		W("spi", word_u32, spi, SPI),
	};
	const char *text;
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), key, true);
	if (!ret)
		ret = sa_check_key(key);
	if (ret)
		return ret;
	text = args_next(a);
	if (!text || strcmp(text, "to"))
		return cli_fail(CLI_USAGE, "\"to\" is missing: src, dst, proto, spi, \"to\" and what is to change");
	return parse_place(a, to);
}

/**
 * cmd_sa_move() - sa move
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_move(struct args *a)
{
	struct nfipsec_move to = {};
	struct nfipsec_sa key = {};
	int ret;

	ret = sa_parse_move(a, &key, &to);
	if (!ret)
		ret = cli_open();
	if (!ret && nfipsec_sa_move(cli.h, &key, &to))
		ret = cli_refused("sa move");
	return ret;
}
