// SPDX-License-Identifier: GPL-2.0
/* SAs as words. */
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "addr.h"
#include "algo.h"
#include "dscp.h"
#include "outer.h"
#include "sa.h"
#include "selector.h"

#define W(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_sa, member),		\
	  NFIPSEC_A_SA_##attr, 0, false }
#define T(text, fn, member, attr)					\
	{ text, fn, offsetof(struct nfipsec_sa, tfc),			\
	  offsetof(struct nfipsec_tfc, member), NFIPSEC_A_TFC_##attr, 0, false }
#define O(text, fn)	OUTER_WORD(offsetof(struct nfipsec_sa, outer), text, fn)

const struct choice sa_flags[] = {
	{ "esn", NFIPSEC_SA_FLAG_ESN },
	{ "noecn", NFIPSEC_SA_FLAG_NOECN },
	{ "decap-dscp", NFIPSEC_SA_FLAG_DECAP_DSCP },
	{ "nopmtudisc", NFIPSEC_SA_FLAG_NOPMTUDISC },
	{ "iiv", NFIPSEC_SA_FLAG_IIV },
	{ "align8", NFIPSEC_SA_FLAG_ALIGN8 },
	/* As in ip-xfrm(8), where it is not the default. */
	{ "align4", 0 },
	{ "icmp", NFIPSEC_SA_FLAG_ICMP },
	{ "icmp-check", NFIPSEC_SA_FLAG_ICMP_CHECK },
	{ "check-pad", NFIPSEC_SA_FLAG_CHECK_PAD },
	{ "seq-rollover", NFIPSEC_SA_FLAG_SEQ_ROLLOVER },
	{}
};

#define LIMIT(text, member, attr)					\
	{ text, #member, offsetof(struct nfipsec_lifetime, member),	\
	  NFIPSEC_A_LIFETIME_##attr }

const struct sa_limit sa_limits[SA_LIMITS] = {
	LIMIT("byte-soft", byte_soft, BYTE_SOFT),
	LIMIT("byte-hard", byte_hard, BYTE_HARD),
	LIMIT("packet-soft", packet_soft, PACKET_SOFT),
	LIMIT("packet-hard", packet_hard, PACKET_HARD),
	LIMIT("time-soft", time_soft, TIME_SOFT),
	LIMIT("time-hard", time_hard, TIME_HARD),
	LIMIT("time-use-soft", time_use_soft, TIME_USE_SOFT),
	LIMIT("time-use-hard", time_use_hard, TIME_USE_HARD),
};

static void flag_add(struct nfipsec_sa *sa, unsigned int flag)
{
	sa->flags |= flag;
	has_set(sa, NFIPSEC_A_SA_FLAGS);
}

static bool is_flag(const char *text)
{
	const struct choice *c;

	for (c = sa_flags; text && c->name; c++)
		if (!strcmp(c->name, text))
			return true;
	return false;
}

/* As in ip-xfrm(8), one flag or several follow. */
static int word_flag(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	unsigned int flag;
	int ret;

	if (!text)
		return CLI_USAGE;
	for (;;) {
		ret = choice_parse(text, w->name, sa_flags, &flag);
		if (ret)
			return ret;
		flag_add(obj, flag);
		if (!is_flag(args_peek(a)))
			return CLI_OK;
		text = args_next(a);
	}
}

static int word_esn(struct args *a, void *obj, const struct word *w)
{
	(void)a;
	(void)w;
	flag_add(obj, NFIPSEC_SA_FLAG_ESN);
	return CLI_OK;
}

static int word_sel(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_sa *sa = obj;

	(void)w;
	has_set(sa, NFIPSEC_A_SA_SELECTOR);
	return selector_words(a, &sa->selector);
}

static bool addr_any(const struct nfipsec_addr *addr)
{
	static const uint8_t zero[sizeof(addr->bytes)];

	return !memcmp(addr->bytes, zero, addr_bits(addr->family) / 8);
}

static int udp_port(struct args *a, const char *what, uint16_t *port)
{
	const char *text = args_next(a);
	uint64_t value;
	int ret;

	if (!text)
		return cli_fail(CLI_USAGE, "\"encap\" needs: espinudp SPORT DPORT OADDR");
	ret = number_parse(text, what, UINT16_MAX, &value);
	if (!ret)
		*port = value;
	return ret;
}

/**
 * word_encap() - how ESP is encapsulated follows
 * @a: words, as in ip-xfrm(8): espinudp SPORT DPORT OADDR, where any address is
 *	none
 * @obj: struct nfipsec_sa
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_encap(struct args *a, void *obj, const struct word *w)
{
	static const struct choice types[] = {
		{ "espinudp", NFIPSEC_ENCAP_TYPE_ESPINUDP },
		{}
	};
	struct nfipsec_sa *sa = obj;
	struct nfipsec_encap *e = &sa->encap;
	const char *text = args_value(a, w->name);
	unsigned int type;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = choice_parse(text, "encapsulation", types, &type);
	if (!ret)
		ret = udp_port(a, "source port", &e->sport);
	if (!ret)
		ret = udp_port(a, "destination port", &e->dport);
	if (ret)
		return ret;
	text = args_next(a);
	if (!text)
		return cli_fail(CLI_USAGE, "\"encap\" needs: espinudp SPORT DPORT OADDR");
	ret = addr_parse(text, "original address", &e->oa);
	if (ret)
		return ret;
	e->type = type;
	has_set(sa, NFIPSEC_A_SA_ENCAP);
	has_set(e, NFIPSEC_A_ENCAP_TYPE);
	has_set(e, NFIPSEC_A_ENCAP_SPORT);
	has_set(e, NFIPSEC_A_ENCAP_DPORT);
	if (!addr_any(&e->oa))
		has_set(e, NFIPSEC_A_ENCAP_OA);
	return CLI_OK;
}

static const struct sa_limit *limit_find(const char *text)
{
	size_t i;

	for (i = 0; text && i < SA_LIMITS; i++)
		if (!strcmp(sa_limits[i].name, text))
			return &sa_limits[i];
	return NULL;
}

static int limit_value(struct args *a, struct nfipsec_lifetime *life,
		       const struct sa_limit *limit)
{
	const char *text = args_value(a, limit->name);

	if (!text)
		return CLI_USAGE;
	if (has_get(life, limit->attr))
		return cli_fail(CLI_USAGE, "\"%s\" is there twice",
				limit->name);
	has_set(life, limit->attr);
	return number_parse(text, limit->name, UINT64_MAX,
			    (uint64_t *)((char *)life + limit->off));
}

/* As in ip-xfrm(8), which repeats the word before each: one may do. */
static int word_limit(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_sa *sa = obj;
	const struct sa_limit *limit;
	const char *text = args_value(a, w->name);
	int ret;

	if (!text)
		return CLI_USAGE;
	limit = limit_find(text);
	if (!limit)
		return cli_fail(CLI_USAGE, "limit \"%s\" is unknown, use one of: byte packet time time-use, with -soft or -hard behind it",
				cli_show(text));
	has_set(sa, NFIPSEC_A_SA_LIFETIME);
	for (;;) {
		ret = limit_value(a, &sa->lifetime, limit);
		if (ret)
			return ret;
		limit = limit_find(args_peek(a));
		if (!limit)
			return CLI_OK;
		args_next(a);
	}
}

/* A number of bytes, or all that the path takes. */
static int word_tfc_pad(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_peek(a);
	struct nfipsec_tfc *tfc = obj;

	if (!text || strcmp(text, "mtu"))
		return word_u32(a, obj, w);
	args_next(a);
	tfc->pad = TFC_PAD_MTU;
	has_set(tfc, NFIPSEC_A_TFC_PAD);
	return CLI_OK;
}

/* NAME KEY; the key may be left out where there is none. */
static int named_key(struct args *a, const struct word *w, enum algo_use use,
		     char *name, struct key *key)
{
	const char *word = args_value(a, w->name);
	char *text;
	int ret;

	if (!word)
		return CLI_USAGE;
	ret = algo_name(use, word, name);
	if (ret)
		return ret;
	if (algo_keyless(use, word) &&
	    (!args_peek(a) || !key_is_word(args_peek(a))))
		return CLI_OK;

	text = args_next(a);
	if (!text)
		return cli_fail(CLI_USAGE, "a key must follow \"%s %s\": 0x and hexadecimal, @FILE, or - for standard input",
				w->name, word);
	ret = key_parse(text, key);
	return ret || key->missing ? ret : algo_check_key(use, word, key);
}

/* @name is that of the algorithm as typed. */
static int icv_bits(struct args *a, const struct word *w, enum algo_use use,
		    const char *name, uint32_t *bits)
{
	const char *text = args_next(a);
	uint64_t value;
	int ret;

	if (!text)
		return cli_fail(CLI_USAGE, "the length of the ICV in bits must follow the key of \"%s\"",
				w->name);
	ret = number_parse(text, "ICV length", UINT32_MAX, &value);
	if (ret)
		return ret;
	*bits = value;
	return algo_check_icv(use, name, value);
}

static int word_aead(struct args *a, void *obj, const struct word *w)
{
	const char *name = args_peek(a);
	struct sa_args *in = obj;
	struct nfipsec_sa *sa = &in->sa;
	int ret;

	ret = named_key(a, w, ALGO_AEAD, sa->aead_name, &in->aead);
	if (!ret)
		ret = icv_bits(a, w, ALGO_AEAD, name, &sa->aead_icv_bits);
	if (ret)
		return ret;
	if (algo_iiv(name))
		flag_add(sa, NFIPSEC_SA_FLAG_IIV);
	sa->aead_key = (struct nfipsec_key){ in->aead.data, in->aead.len };
	has_set(sa, NFIPSEC_A_SA_AEAD_NAME);
	has_set(sa, NFIPSEC_A_SA_AEAD_KEY);
	has_set(sa, NFIPSEC_A_SA_AEAD_ICV_BITS);
	return CLI_OK;
}

static int word_enc(struct args *a, void *obj, const struct word *w)
{
	struct sa_args *in = obj;
	struct nfipsec_sa *sa = &in->sa;
	int ret;

	ret = named_key(a, w, ALGO_ENC, sa->enc_name, &in->enc);
	if (ret)
		return ret;
	sa->enc_key = (struct nfipsec_key){ in->enc.data, in->enc.len };
	has_set(sa, NFIPSEC_A_SA_ENC_NAME);
	if (in->enc.len)
		has_set(sa, NFIPSEC_A_SA_ENC_KEY);
	return CLI_OK;
}

static int word_auth_trunc(struct args *a, void *obj, const struct word *w)
{
	const char *name = args_peek(a);
	struct sa_args *in = obj;
	struct nfipsec_sa *sa = &in->sa;
	int ret;

	ret = named_key(a, w, ALGO_AUTH, sa->auth_name, &in->auth);
	if (!ret)
		ret = icv_bits(a, w, ALGO_AUTH, name, &sa->auth_icv_bits);
	if (ret)
		return ret;
	sa->auth_key = (struct nfipsec_key){ in->auth.data, in->auth.len };
	has_set(sa, NFIPSEC_A_SA_AUTH_NAME);
	has_set(sa, NFIPSEC_A_SA_AUTH_KEY);
	has_set(sa, NFIPSEC_A_SA_AUTH_ICV_BITS);
	return CLI_OK;
}

/* NAME, which the kernel judges; there is no key. */
static int word_comp(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_sa *sa = obj;
	int len;

	if (!text)
		return CLI_USAGE;
	len = snprintf(sa->comp_name, sizeof(sa->comp_name), "%s", text);
	if (len <= 0 || (size_t)len >= sizeof(sa->comp_name))
		return cli_fail(CLI_USAGE, "algorithm names have 1 to %d characters",
				NFIPSEC_NAME_MAX - 1);
	has_set(sa, NFIPSEC_A_SA_COMP_NAME);
	return CLI_OK;
}

/* XFRM truncates "auth" to 96 bits, which RFC 4868 does not. */
static int word_auth(struct args *a, void *obj, const struct word *w)
{
	(void)a;
	(void)obj;
	(void)w;
	return cli_fail(CLI_USAGE, "\"auth\" leaves the length of the ICV open: use auth-trunc NAME KEY ICVBITS");
}

static const struct word config_words[] = {
	W("src", word_addr, src, SRC),
	W("dst", word_addr, dst, DST),
	W("proto", word_ipsec, proto, PROTO),
	W("spi", word_u32, spi, SPI),
	W("mode", word_mode, mode, MODE),
	W("reqid", word_u32, reqid, REQID),
	W("replay-window", word_u32, replay_window, REPLAY_WINDOW),
	{ "flag", word_flag, 0, 0, 0, 0, true },
	{ "esn", word_esn, 0, 0, 0, 0, false },
	W("dir", word_dir, dir, DIR),
	W("owner", word_new_owner, owner, OWNER),
	{ "sel", word_sel, 0, 0, 0, 0, false },
	W("seq-out", word_u64, seq_out, SEQ_OUT),
	W("seq-in", word_u64, seq_in, SEQ_IN),
	W("seq-max", word_u64, seq_max, SEQ_MAX),
	W("replay-oseq", word_u64, seq_out, SEQ_OUT),
	W("replay-seq", word_u64, seq_in, SEQ_IN),
	{ "aead", word_aead, 0, 0, 0, 0, false },
	{ "enc", word_enc, 0, 0, 0, 0, false },
	{ "auth-trunc", word_auth_trunc, 0, 0, 0, 0, false },
	{ "auth", word_auth, 0, 0, 0, 0, false },
	{ "comp", word_comp, 0, 0, 0, 0, false },
	O("ecn", word_ecn),
	O("dscp", word_dscp),
	O("df", word_df),
	O("hop-limit", word_hop_limit),
	O("flow-label", word_flow_label),
	O("frag", word_frag),
	W("pmtu-age", word_u32, pmtu_age, PMTU_AGE),
	{ "encap", word_encap, 0, 0, 0, 0, false },
	{ "nat-keepalive-interval", word_u32,
	  offsetof(struct nfipsec_sa, encap),
	  offsetof(struct nfipsec_encap, keepalive),
	  NFIPSEC_A_ENCAP_KEEPALIVE, 0, false },
	T("tfc-pad", word_tfc_pad, pad, PAD),
	T("dummy-interval", word_u32, dummy_interval, DUMMY_INTERVAL),
	W("dscp-set", word_dscp_set, dscp_set, DSCP_SET),
	W("cpu", word_u32, cpu, CPU),
	{ "limit", word_limit, 0, 0, 0, 0, true },
};

static int check_families(const struct nfipsec_sa *sa)
{
	if (SA_HAS(sa, SRC) && SA_HAS(sa, DST) &&
	    sa->src.family != sa->dst.family)
		return cli_fail(CLI_USAGE, "src and dst of an SA have one address family, not two");
	return CLI_OK;
}

/**
 * sa_parse_config() - read all there is to say about an SA
 * @a: words
 * @in: result, zeroed by the caller, to be wiped by sa_wipe() also after a
 *	failure
 *
 * Return: enum cli_result
 */
int sa_parse_config(struct args *a, struct sa_args *in)
{
	struct nfipsec_sa *sa = &in->sa;
	uint8_t family = 0;
	int ret;

	ret = words_parse(a, config_words, ARRAY_SIZE(config_words), in, false);
	if (!ret)
		ret = check_families(sa);
	if (sa->outer.has & ~OUTER_WORDS)
		has_set(sa, NFIPSEC_A_SA_OUTER);
	if (sa->tfc.has)
		has_set(sa, NFIPSEC_A_SA_TFC);
	if (!ret)
		ret = sa_check_keepalive(sa);
	if (ret || !SA_HAS(sa, SELECTOR))
		return ret;
	/* In transport mode what is carried has the SA's own family. */
	if (SA_HAS(sa, MODE) && sa->mode == NFIPSEC_MODE_TRANSPORT)
		family = sa->dst.family;
	return selector_finish(&sa->selector, family);
}

/**
 * sa_parse_key() - read what identifies an SA
 * @a: words; src may be among them as in ip-xfrm(8), it is only needed for an
 *	SA of one sender to a group
 * @key: result, zeroed by the caller
 *
 * Return: enum cli_result
 */
int sa_parse_key(struct args *a, struct nfipsec_sa *key)
{
	static const struct word words[] = {
		W("src", word_addr, src, SRC),
		W("dst", word_addr, dst, DST),
		W("proto", word_ipsec, proto, PROTO),
		W("spi", word_u32, spi, SPI),
	};
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), key, false);
	if (!ret)
		ret = check_families(key);
	return ret ? ret : sa_check_key(key);
}

/**
 * sa_parse_alloc() - read what allocspi is asked for
 * @a: words
 * @want: result, zeroed by the caller
 *
 * Return: enum cli_result
 */
int sa_parse_alloc(struct args *a, struct nfipsec_sa *want)
{
	static const struct word words[] = {
		W("src", word_addr, src, SRC),
		W("dst", word_addr, dst, DST),
		W("proto", word_ipsec, proto, PROTO),
		W("mode", word_mode, mode, MODE),
		W("reqid", word_u32, reqid, REQID),
		W("min", word_u32, spi_min, SPI_MIN),
		W("max", word_u32, spi_max, SPI_MAX),
		W("owner", word_new_owner, owner, OWNER),
	};
	static const struct word need[] = {
		W("src", NULL, src, SRC),
		W("dst", NULL, dst, DST),
		W("proto", NULL, proto, PROTO),
		W("min", NULL, spi_min, SPI_MIN),
		W("max", NULL, spi_max, SPI_MAX),
	};
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), want, false);
	if (!ret)
		ret = check_families(want);
	return ret ? ret : sa_check_present(want, need, ARRAY_SIZE(need));
}

/**
 * sa_parse_flush() - read whose SAs to delete
 * @a: words
 * @filter: result, zeroed by the caller
 *
 * Return: enum cli_result
 */
int sa_parse_flush(struct args *a, struct nfipsec_sa *filter)
{
	static const struct word words[] = {
		W("owner", word_owner, owner, OWNER),
	};

	return words_parse(a, words, ARRAY_SIZE(words), filter, false);
}

/**
 * sa_parse_filter() - read which SAs to list
 * @a: words
 * @filter: result, zeroed by the caller
 *
 * Return: enum cli_result
 */
int sa_parse_filter(struct args *a, struct nfipsec_sa *filter)
{
	static const struct word words[] = {
		W("src", word_addr, src, SRC),
		W("dst", word_addr, dst, DST),
		W("proto", word_ipsec, proto, PROTO),
		W("spi", word_u32, spi, SPI),
		W("mode", word_mode, mode, MODE),
		W("reqid", word_u32, reqid, REQID),
		W("dir", word_dir, dir, DIR),
		W("state", word_state, state, STATE),
		W("owner", word_owner, owner, OWNER),
	};

	return words_parse(a, words, ARRAY_SIZE(words), filter, false);
}

/**
 * sa_wipe() - forget the keys
 * @in: SA as typed
 */
void sa_wipe(struct sa_args *in)
{
	key_wipe(&in->aead);
	key_wipe(&in->enc);
	key_wipe(&in->auth);
}
