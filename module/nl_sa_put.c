// SPDX-License-Identifier: GPL-2.0-only
/* What is told of an SA. */
#include <linux/ktime.h>

#include "net.h"
#include "netlink.h"
#include "nl_sa.h"
#include "path.h"

static int put_crypto(struct sk_buff *skb, const struct nfipsec_crypto *c)
{
	u32 icv_bits;

	/* The only one there is. */
	if (!c)
		return nla_put_string(skb, NFIPSEC_A_SA_COMP_NAME,
				      NFIPSEC_COMP_NAME);
	icv_bits = c->icv_len * BITS_PER_BYTE;
	if (c->aead_algo)
		return nla_put_string(skb, NFIPSEC_A_SA_AEAD_NAME,
				      c->aead_algo->name) ?:
		       nla_put_u32(skb, NFIPSEC_A_SA_AEAD_ICV_BITS, icv_bits);
	if (c->enc_algo &&
	    nla_put_string(skb, NFIPSEC_A_SA_ENC_NAME, c->enc_algo->name))
		return -EMSGSIZE;
	return nla_put_string(skb, NFIPSEC_A_SA_AUTH_NAME,
			      c->auth_algo->name) ?:
	       nla_put_u32(skb, NFIPSEC_A_SA_AUTH_ICV_BITS, icv_bits);
}

static int put_stats(struct sk_buff *skb, const struct nfipsec_sa *sa)
{
	u64 packets, bytes, replay, auth;

	nfipsec_sa_stats_sum(sa, &packets, &bytes, &replay, &auth);
	return nla_put_u64_64bit(skb, NFIPSEC_A_SA_PACKETS, packets,
				 NFIPSEC_A_SA_PAD) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_SA_BYTES, bytes,
				 NFIPSEC_A_SA_PAD) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_SA_REPLAY_DROPS, replay,
				 NFIPSEC_A_SA_PAD) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_SA_AUTH_DROPS, auth,
				 NFIPSEC_A_SA_PAD);
}

static int put_path(struct sk_buff *skb, const struct nfipsec_sa *sa)
{
	unsigned int mtu = nfipsec_path_mtu(atomic64_read(&sa->path),
					    ktime_get_seconds());

	return nla_put_u32(skb, NFIPSEC_A_SA_PMTU_AGE, sa->pmtu_age) ?:
	       (mtu ? nla_put_u32(skb, NFIPSEC_A_SA_PMTU, mtu) : 0);
}

static int put_life(struct sk_buff *skb, const struct nfipsec_net *nn,
		    const struct nfipsec_sa *sa)
{
	const struct nfipsec_sa_limits *l;
	struct nfipsec_usage used;
	int err;

	nfipsec_sa_usage(sa, &used);
	err = nfipsec_nl_usage_put(skb, &used);
	if (err)
		return err;
	l = rcu_dereference_protected(sa->core->life.limits,
				      lockdep_is_held(&nn->lock));
	return l ? nfipsec_nl_lifetime_put(skb, NFIPSEC_A_SA_LIFETIME,
					   &l->max) : 0;
}

/* What a larval SA does not have. */
static int put_mature(struct sk_buff *skb, const struct nfipsec_net *nn,
		      struct nfipsec_sa *sa)
{
	const struct nfipsec_sa_rcu_selector *s;
	int err;

	err = nla_put_u32(skb, NFIPSEC_A_SA_FLAGS, sa->flags) ?:
	      nfipsec_nl_sa_seq_put(skb, sa) ?:
	      put_crypto(skb, sa->crypto) ?:
	      put_path(skb, sa) ?:
	      nfipsec_nl_tfc_put(skb, NFIPSEC_A_SA_TFC, &sa->tfc) ?:
	      put_stats(skb, sa) ?:
	      put_life(skb, nn, sa);
	if (!err && sa->mode == NFIPSEC_MODE_TUNNEL)
		err = nfipsec_nl_outer_put(skb, NFIPSEC_A_SA_OUTER, &sa->outer);
	if (err)
		return err;
	if (sa->dscp_set) {
		err = nla_put_u64_64bit(skb, NFIPSEC_A_SA_DSCP_SET,
					sa->dscp_set, NFIPSEC_A_SA_PAD);
		if (err)
			return err;
	}
	if (sa->cpu != NFIPSEC_CPU_ANY) {
		err = nla_put_u32(skb, NFIPSEC_A_SA_CPU, sa->cpu);
		if (err)
			return err;
	}
	if (sa->encap.type) {
		err = nfipsec_nl_encap_put(skb, NFIPSEC_A_SA_ENCAP, sa);
		if (err)
			return err;
	}
	s = rcu_dereference_protected(sa->selector,
				      lockdep_is_held(&nn->lock));
	return s ? nfipsec_nl_selector_put(skb, NFIPSEC_A_SA_SELECTOR,
					   &s->sel) : 0;
}

/**
 * nfipsec_nl_sa_put() - write an SA, all but its keys
 * @skb: message
 * @nn: the namespace
 * @sa: an SA in it
 *
 * Context: under nn->lock.
 * Return: 0 or -EMSGSIZE.
 */
int nfipsec_nl_sa_put(struct sk_buff *skb, const struct nfipsec_net *nn,
		      struct nfipsec_sa *sa)
{
	const struct nfipsec_sa_key *key = &sa->key;
	int err;

	err = nfipsec_nl_addr_put(skb, NFIPSEC_A_SA_SRC, &sa->saddr,
				  key->family) ?:
	      nfipsec_nl_addr_put(skb, NFIPSEC_A_SA_DST, &key->daddr,
				  key->family) ?:
	      nla_put_u8(skb, NFIPSEC_A_SA_PROTO, key->proto) ?:
	      nla_put_be32(skb, NFIPSEC_A_SA_SPI, key->spi) ?:
	      nla_put_u8(skb, NFIPSEC_A_SA_MODE, sa->mode) ?:
	      nla_put_u32(skb, NFIPSEC_A_SA_REQID, sa->reqid) ?:
	      nla_put_u8(skb, NFIPSEC_A_SA_DIR, sa->dir) ?:
	      nla_put_u8(skb, NFIPSEC_A_SA_STATE, sa->state) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_SA_ADD_TIME, sa->add_time,
				NFIPSEC_A_SA_PAD);
	if (!err)
		err = nfipsec_nl_owner_put(skb, NFIPSEC_A_SA_OWNER, sa->owner);
	if (!err && sa->state == NFIPSEC_SA_STATE_MATURE)
		err = put_mature(skb, nn, sa);
	return err;
}
