// SPDX-License-Identifier: GPL-2.0
/* Whether an SA as typed is one, and one that was asked for. */
#include <string.h>
#include <netinet/in.h>

#include "addr.h"
#include "sa.h"

#define W(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_sa, member),		\
	  NFIPSEC_A_SA_##attr, 0, false }

/**
 * sa_check_keepalive() - whether keepalives have what they are for
 * @sa: SA as typed
 *
 * Return: enum cli_result
 */
int sa_check_keepalive(const struct nfipsec_sa *sa)
{
	if (has_get(&sa->encap, NFIPSEC_A_ENCAP_KEEPALIVE) &&
	    !SA_HAS(sa, ENCAP))
		return cli_fail(CLI_USAGE, "nat-keepalive-interval goes with \"encap\" only");
	return CLI_OK;
}

/**
 * sa_check_present() - whether all words that are needed are there
 * @sa: SA as typed
 * @need: the words
 * @n: how many
 *
 * Only what no SA can do without: how the rest fits the kernel judges.
 *
 * Return: enum cli_result
 */
int sa_check_present(const struct nfipsec_sa *sa, const struct word *need,
		     size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!has_get(sa, need[i].attr))
			return cli_fail(CLI_USAGE, "\"%s\" is missing",
					need[i].name);
	return CLI_OK;
}

/**
 * sa_check_key() - whether dst, proto and spi are there
 * @sa: SA as typed
 *
 * Return: enum cli_result
 */
int sa_check_key(const struct nfipsec_sa *sa)
{
	static const struct word need[] = {
		W("dst", NULL, dst, DST),
		W("proto", NULL, proto, PROTO),
		W("spi", NULL, spi, SPI),
	};

	return sa_check_present(sa, need, ARRAY_SIZE(need));
}

/**
 * sa_check_new() - whether all that a new SA needs is there
 * @sa: SA as typed
 *
 * Return: enum cli_result
 */
int sa_check_new(const struct nfipsec_sa *sa)
{
	static const struct word need[] = {
		W("src", NULL, src, SRC),
		W("dst", NULL, dst, DST),
		W("proto", NULL, proto, PROTO),
		W("spi", NULL, spi, SPI),
		W("mode", NULL, mode, MODE),
	};
	int ret;

	ret = sa_check_present(sa, need, ARRAY_SIZE(need));
	if (ret)
		return ret;
	if (sa->proto == IPPROTO_COMP && !SA_HAS(sa, COMP_NAME))
		return cli_fail(CLI_USAGE, "the algorithm is missing: IPComp needs comp deflate");
	if (sa->proto == IPPROTO_COMP)
		return CLI_OK;
	if (sa->proto == IPPROTO_AH &&
	    (SA_HAS(sa, AUTH_NAME) || SA_HAS(sa, AEAD_NAME)))
		return CLI_OK;
	if (sa->proto == IPPROTO_AH)
		return cli_fail(CLI_USAGE, "the algorithm is missing: AH needs auth-trunc NAME KEY ICVBITS, or aead with gmac");
	if (SA_HAS(sa, AEAD_NAME) ||
	    (SA_HAS(sa, ENC_NAME) && SA_HAS(sa, AUTH_NAME)))
		return CLI_OK;
	return cli_fail(CLI_USAGE, "algorithms are missing: give aead NAME KEY ICVBITS, or enc NAME KEY auth-trunc NAME KEY ICVBITS");
}

static bool addr_same(const struct nfipsec_addr *a,
		      const struct nfipsec_addr *b)
{
	return a->family == b->family &&
	       !memcmp(a->bytes, b->bytes, addr_bits(a->family) / 8);
}

/**
 * sa_match() - whether an SA is wanted
 * @sa: SA
 * @filter: as read by sa_parse_filter()
 *
 * Return: whether it is
 */
bool sa_match(const struct nfipsec_sa *sa, const struct nfipsec_sa *filter)
{
	return (!SA_HAS(filter, SRC) || addr_same(&sa->src, &filter->src)) &&
	       (!SA_HAS(filter, DST) || addr_same(&sa->dst, &filter->dst)) &&
	       (!SA_HAS(filter, PROTO) || sa->proto == filter->proto) &&
	       (!SA_HAS(filter, SPI) || sa->spi == filter->spi) &&
	       (!SA_HAS(filter, MODE) || sa->mode == filter->mode) &&
	       (!SA_HAS(filter, REQID) || sa->reqid == filter->reqid) &&
	       (!SA_HAS(filter, DIR) || sa->dir == filter->dir) &&
	       (!SA_HAS(filter, STATE) || sa->state == filter->state) &&
	       (!SA_HAS(filter, OWNER) || !strcmp(sa->owner, filter->owner));
}
