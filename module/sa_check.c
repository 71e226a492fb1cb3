// SPDX-License-Identifier: GPL-2.0-only
/* See sa_check.h. */
#include <linux/in.h>
#include <linux/netlink.h>

#include "sa.h"
#include "sa_check.h"

/**
 * nfipsec_sa_check_selector() - does a selector fit the mode of its SA?
 * @sel: the selector, NULL is any
 * @mode: enum nfipsec_mode
 * @family: of the SA
 * @extack: told what is wrong, may be NULL
 *
 * A transport mode SA carries packets between its own two addresses only, one
 * of BEET mode those between two others, which its selector tells.
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nfipsec_sa_check_selector(const struct nfipsec_selector *sel, u8 mode,
			      u8 family, struct netlink_ext_ack *extack)
{
	if (sel && mode == NFIPSEC_MODE_TRANSPORT && sel->family != family) {
		NL_SET_ERR_MSG(extack,
			       "Selector of a transport mode SA must have the address family of the SA");
		return -EINVAL;
	}
	if (mode == NFIPSEC_MODE_BEET &&
	    (!sel || !nfipsec_selector_is_pair(sel))) {
		NL_SET_ERR_MSG(extack,
			       "An SA of BEET mode needs a selector with one source and one destination address: those of the packets inside");
		return -EINVAL;
	}
	return 0;
}

/* Many senders, none of which knows the others' numbers. */
static int check_shared(const struct nfipsec_sa_config *cfg,
			struct netlink_ext_ack *extack)
{
	if (cfg->replay_window || (cfg->flags & NFIPSEC_SA_FLAG_ESN)) {
		NL_SET_ERR_MSG(extack,
			       "An SA of any source can have neither anti-replay nor extended sequence numbers: each sender counts by itself (RFC 4303 section 2.2)");
		return -EINVAL;
	}
	if (cfg->mode == NFIPSEC_MODE_TUNNEL && cfg->dir != NFIPSEC_DIR_IN) {
		NL_SET_ERR_MSG(extack,
			       "A tunnel of any source is for receiving only, and must say so: its outer header would have no source");
		return -EINVAL;
	}
	return 0;
}

/* An SA to a group (RFC 4301 section 4.1). */
static int check_group(const struct nfipsec_sa_config *cfg,
		       struct netlink_ext_ack *extack)
{
	if (!nfipsec_addr_is_group(&cfg->key.daddr, cfg->key.family))
		return 0;
	if (cfg->mode == NFIPSEC_MODE_BEET) {
		NL_SET_ERR_MSG(extack,
			       "BEET mode is for two hosts, not for a group");
		return -EINVAL;
	}
	if (cfg->encap.type) {
		NL_SET_ERR_MSG(extack,
			       "Encapsulation in UDP is for two hosts, not for a group");
		return -EINVAL;
	}
	if (cfg->tfc.dummy_interval) {
		NL_SET_ERR_MSG(extack,
			       "Dummy packets are for two hosts, not for a group");
		return -EINVAL;
	}
	if (cfg->key.proto == IPPROTO_COMP) {
		NL_SET_ERR_MSG(extack,
			       "IPComp is for two hosts, not for a group");
		return -EINVAL;
	}
	return nfipsec_addr_is_any(&cfg->saddr) ? check_shared(cfg, extack) : 0;
}

/*
 * Two senders with one key must not come to the same IV where that is their
 * sequence number (RFC 4106 section 3.1, RFC 8750 section 7).
 */
static int check_iv(const struct nfipsec_sa_config *cfg,
		    const struct nfipsec_crypto *crypto,
		    struct netlink_ext_ack *extack)
{
	if (!nfipsec_addr_is_any(&cfg->saddr)) {
		/* Whose it is does not show: it may be here for what comes in. */
		if (cfg->dir != NFIPSEC_DIR_ANY ||
		    !nfipsec_addr_is_group(&cfg->key.daddr, cfg->key.family) ||
		    (crypto->iv != NFIPSEC_IV_IMPLICIT &&
		     crypto->iv != NFIPSEC_IV_SEQ))
			return 0;
		NL_SET_ERR_MSG(extack,
			       "An SA to a group needs dir in, or dir out at its one sender: two that send would use the same counter");
		return -EINVAL;
	}
	if (crypto->iv == NFIPSEC_IV_IMPLICIT) {
		NL_SET_ERR_MSG(extack,
			       "An SA of any source cannot have implicit IVs: its senders count each by itself");
		return -EINVAL;
	}
	if (crypto->iv != NFIPSEC_IV_SEQ || cfg->dir == NFIPSEC_DIR_IN)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "An SA of any source that may send needs an algorithm with random IVs or none: two senders would use the same counter");
	return -EINVAL;
}

/*
 * Who does not look at numbers is not harmed if they begin anew (RFC 4303
 * section 3.3.3).
 */
static int check_rollover(const struct nfipsec_sa_config *cfg,
			  struct netlink_ext_ack *extack)
{
	if (!(cfg->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER))
		return 0;
	if (cfg->flags & NFIPSEC_SA_FLAG_ESN) {
		NL_SET_ERR_MSG(extack,
			       "Extended sequence numbers do not roll over: give flag esn or seq-rollover");
		return -EINVAL;
	}
	if (cfg->replay_window && cfg->dir != NFIPSEC_DIR_OUT) {
		NL_SET_ERR_MSG(extack,
			       "Flag seq-rollover is for SAs without anti-replay: give replay-window 0, or dir out for sending only");
		return -EINVAL;
	}
	return 0;
}

/* A number that comes again must not be an IV that does. */
static int check_rollover_iv(const struct nfipsec_sa_config *cfg,
			     const struct nfipsec_crypto *crypto,
			     struct netlink_ext_ack *extack)
{
	if (!(cfg->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER) ||
	    crypto->iv == NFIPSEC_IV_NONE || crypto->iv == NFIPSEC_IV_RANDOM)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "Flag seq-rollover needs an algorithm with random IVs or none: this one would use an IV twice with a key");
	return -EINVAL;
}

/* What an SA of IPComp has not. */
static int check_comp(const struct nfipsec_sa_config *cfg,
		      struct netlink_ext_ack *extack)
{
	if (cfg->key.proto != IPPROTO_COMP)
		return 0;
	if (cfg->flags & (NFIPSEC_SA_FLAG_ESN | NFIPSEC_SA_FLAG_IIV |
			  NFIPSEC_SA_FLAG_ALIGN8 | NFIPSEC_SA_FLAG_CHECK_PAD |
			  NFIPSEC_SA_FLAG_SEQ_ROLLOVER)) {
		NL_SET_ERR_MSG(extack,
			       "Flags esn, iiv, align8, check-pad and seq-rollover are not IPComp's");
		return -EINVAL;
	}
	if (cfg->replay_window || cfg->seq_out || cfg->seq_in) {
		NL_SET_ERR_MSG(extack,
			       "IPComp has no sequence numbers, and so no anti-replay window");
		return -EINVAL;
	}
	return 0;
}

/**
 * nfipsec_sa_check_seq_max() - may an SA have a ceiling of its numbers?
 * @proto: of the SA
 * @flags: likewise
 * @dir: likewise
 * @max: the ceiling
 * @extack: told what is wrong, may be NULL
 *
 * Context: any.
 * Return: 0, -EINVAL or -ERANGE.
 */
int nfipsec_sa_check_seq_max(u8 proto, u32 flags, u8 dir, u64 max,
			     struct netlink_ext_ack *extack)
{
	if (proto == IPPROTO_COMP) {
		NL_SET_ERR_MSG(extack, "IPComp has no sequence numbers");
		return -EINVAL;
	}
	if (dir == NFIPSEC_DIR_IN) {
		NL_SET_ERR_MSG(extack,
			       "A largest number to send with is for an SA that sends, this one is for receiving only");
		return -EINVAL;
	}
	if (flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER) {
		NL_SET_ERR_MSG(extack,
			       "With flag seq-rollover there is no largest sequence number");
		return -EINVAL;
	}
	if (max <= nfipsec_sa_seq_limit(flags))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "The SA can have no sequence number that large");
	return -ERANGE;
}

/**
 * nfipsec_sa_check() - do values, each good by itself, make an SA together?
 * @cfg: the values
 * @extack: told what is wrong, may be NULL
 *
 * Context: any.
 * Return: 0, -EINVAL, -ERANGE or -EPROTONOSUPPORT.
 */
int nfipsec_sa_check(const struct nfipsec_sa_config *cfg,
		     struct netlink_ext_ack *extack)
{
	int err;

	if (cfg->key.proto != IPPROTO_ESP && cfg->key.proto != IPPROTO_AH &&
	    cfg->key.proto != IPPROTO_COMP) {
		NL_SET_ERR_MSG(extack, "ESP, AH and IPComp are the only protocols supported");
		return -EPROTONOSUPPORT;
	}
	if (cfg->state == NFIPSEC_SA_STATE_LARVAL)
		return 0;

	err = check_comp(cfg, extack);
	if (err)
		return err;
	if (cfg->mode == NFIPSEC_MODE_BEET && cfg->key.proto != IPPROTO_ESP) {
		NL_SET_ERR_MSG(extack, "BEET mode is one of ESP");
		return -EPROTONOSUPPORT;
	}
	if ((cfg->tfc.pad || cfg->tfc.dummy_interval) &&
	    cfg->key.proto != IPPROTO_ESP) {
		NL_SET_ERR_MSG(extack,
			       "Padding and dummy packets against traffic analysis are ESP's");
		return -EINVAL;
	}
	if ((cfg->flags & NFIPSEC_SA_FLAG_ESN) && !cfg->replay_window &&
	    cfg->dir != NFIPSEC_DIR_OUT) {
		NL_SET_ERR_MSG(extack,
			       "Extended sequence numbers need an anti-replay window, unless the SA is for sending only");
		return -EINVAL;
	}
	err = check_rollover(cfg, extack);
	if (err)
		return err;
	if (cfg->seq_out > nfipsec_sa_seq_limit(cfg->flags)) {
		NL_SET_ERR_MSG(extack,
			       "Outbound sequence number is beyond the largest that the SA may use");
		return -ERANGE;
	}
	if (cfg->seq_in > nfipsec_sa_seq_limit(cfg->flags)) {
		NL_SET_ERR_MSG(extack,
			       "Inbound sequence number is beyond the largest that the SA may use");
		return -ERANGE;
	}
	err = cfg->has_seq_max ?
		nfipsec_sa_check_seq_max(cfg->key.proto, cfg->flags, cfg->dir,
					 cfg->seq_max, extack) : 0;
	if (err)
		return err;
	if (cfg->key.proto == IPPROTO_AH &&
	    (cfg->flags & (NFIPSEC_SA_FLAG_IIV | NFIPSEC_SA_FLAG_CHECK_PAD))) {
		NL_SET_ERR_MSG(extack, "Flags iiv and check-pad are ESP's");
		return -EINVAL;
	}
	if (cfg->key.proto == IPPROTO_ESP &&
	    (cfg->flags & NFIPSEC_SA_FLAG_ALIGN8)) {
		NL_SET_ERR_MSG(extack, "Flag align8 is AH's");
		return -EINVAL;
	}
	if (cfg->encap.type && cfg->key.proto != IPPROTO_ESP) {
		NL_SET_ERR_MSG(extack,
			       "Encapsulation in UDP is for ESP, AH cannot pass a NAT (RFC 3948 section 1)");
		return -EINVAL;
	}
	if (cfg->encap.type && !cfg->encap.sport &&
	    cfg->dir != NFIPSEC_DIR_IN) {
		NL_SET_ERR_MSG(extack,
			       "Source port 0 of an encapsulation is any, for an SA that receives only");
		return -EINVAL;
	}
	if (cfg->encap.keepalive && cfg->dir == NFIPSEC_DIR_IN) {
		NL_SET_ERR_MSG(extack,
			       "Keepalives are sent by an SA that sends, this one is for receiving only");
		return -EINVAL;
	}
	if (cfg->dscp_set && cfg->dir == NFIPSEC_DIR_IN) {
		NL_SET_ERR_MSG(extack,
			       "DSCP values choose an SA to send through, this one is for receiving only");
		return -EINVAL;
	}
	err = check_group(cfg, extack);
	if (err)
		return err;
	return nfipsec_sa_check_selector(cfg->has_selector ? &cfg->selector :
					 NULL, cfg->mode, cfg->key.family,
					 extack);
}

/**
 * nfipsec_sa_check_crypto() - may an SA use its algorithms as it wants to?
 * @cfg: the SA
 * @crypto: its algorithms
 * @extack: told what is wrong, may be NULL
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nfipsec_sa_check_crypto(const struct nfipsec_sa_config *cfg,
			    const struct nfipsec_crypto *crypto,
			    struct netlink_ext_ack *extack)
{
	return check_iv(cfg, crypto, extack) ?:
	       check_rollover_iv(cfg, crypto, extack);
}
