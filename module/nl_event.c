// SPDX-License-Identifier: GPL-2.0-only
/* See nl_event.h. */
#include "net.h"
#include "netlink.h"
#include "nl_acquire.h"
#include "nl_event.h"

/* An event tells who talks to whom: not for everybody on the host. */
const struct genl_multicast_group
nfipsec_nl_groups[NFIPSEC_NLGRP_CHANGES + 1] = {
	[NFIPSEC_NLGRP_EVENTS] = {
		.name = NFIPSEC_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[NFIPSEC_NLGRP_CHANGES] = {
		.name = NFIPSEC_MCGRP_CHANGES,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static int put_mapping(struct sk_buff *skb, const struct nfipsec_sa *sa,
		       const struct nfipsec_mapping *seen)
{
	const struct nfipsec_sa_key *key = &sa->key;

	return nfipsec_nl_addr_put(skb, NFIPSEC_A_MAPPING_DST, &key->daddr,
				   key->family) ?:
	       nla_put_u8(skb, NFIPSEC_A_MAPPING_PROTO, key->proto) ?:
	       nla_put_be32(skb, NFIPSEC_A_MAPPING_SPI, key->spi) ?:
	       nla_put_u32(skb, NFIPSEC_A_MAPPING_REQID,
			   READ_ONCE(sa->reqid)) ?:
	       nfipsec_nl_addr_put(skb, NFIPSEC_A_MAPPING_OLD_SRC, &sa->saddr,
				   key->family) ?:
	       nla_put_u16(skb, NFIPSEC_A_MAPPING_OLD_SPORT,
			   ntohs(sa->encap.sport)) ?:
	       nfipsec_nl_addr_put(skb, NFIPSEC_A_MAPPING_NEW_SRC,
				   &seen->addr, key->family) ?:
	       nla_put_u16(skb, NFIPSEC_A_MAPPING_NEW_SPORT,
			   ntohs(seen->port));
}

static bool heard(const struct nfipsec_net *nn)
{
	return genl_has_listeners(&nfipsec_nl_family, nn->net,
				  NFIPSEC_NLGRP_EVENTS);
}

/*
 * A message for one event, NULL if nobody listens. For want of memory the event
 * is lost, since packets do not wait, and the listeners are told so.
 */
static struct sk_buff *event_new(const struct nfipsec_net *nn, u8 cmd,
				 void **hdr)
{
	struct sk_buff *skb;

	if (!heard(nn))
		return NULL;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb) {
		genl_set_err(&nfipsec_nl_family, nn->net, 0,
			     NFIPSEC_NLGRP_EVENTS, -ENOBUFS);
		return NULL;
	}
	*hdr = genlmsg_put(skb, 0, 0, &nfipsec_nl_family, 0, cmd);
	if (*hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void event_send(const struct nfipsec_net *nn, struct sk_buff *skb,
		       void *hdr)
{
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&nfipsec_nl_family, nn->net, skb, 0,
				NFIPSEC_NLGRP_EVENTS, GFP_ATOMIC);
}

static void mapping(const struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		    const struct nfipsec_mapping *seen)
{
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(nn, NFIPSEC_CMD_MAPPING_NTF, &hdr);
	if (!skb)
		return;
	if (put_mapping(skb, sa, seen))
		nlmsg_free(skb);
	else
		event_send(nn, skb, hdr);
}

static int put_expire(struct sk_buff *skb, const struct nfipsec_sa *sa,
		      enum nfipsec_limit limit, bool hard)
{
	const struct nfipsec_sa_key *key = &sa->key;
	struct nfipsec_usage used;

	nfipsec_sa_usage(sa, &used);
	return nfipsec_nl_addr_put(skb, NFIPSEC_A_EXPIRE_SRC, &sa->saddr,
				   key->family) ?:
	       nfipsec_nl_addr_put(skb, NFIPSEC_A_EXPIRE_DST, &key->daddr,
				   key->family) ?:
	       nla_put_u8(skb, NFIPSEC_A_EXPIRE_PROTO, key->proto) ?:
	       nla_put_be32(skb, NFIPSEC_A_EXPIRE_SPI, key->spi) ?:
	       nla_put_u32(skb, NFIPSEC_A_EXPIRE_REQID, sa->reqid) ?:
	       nla_put_u8(skb, NFIPSEC_A_EXPIRE_HARD, hard) ?:
	       nla_put_u8(skb, NFIPSEC_A_EXPIRE_LIMIT, limit) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_EXPIRE_USED_BYTES, used.bytes,
				 NFIPSEC_A_EXPIRE_PAD) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_EXPIRE_USED_PACKETS,
				 used.packets, NFIPSEC_A_EXPIRE_PAD);
}

static void expire(const struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		   enum nfipsec_limit limit, bool hard)
{
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(nn, NFIPSEC_CMD_EXPIRE_NTF, &hdr);
	if (!skb)
		return;
	if (put_expire(skb, sa, limit, hard))
		nlmsg_free(skb);
	else
		event_send(nn, skb, hdr);
}

/* If it is lost, the packets' time runs out and the next one is told of. */
static void acquire(const struct nfipsec_net *nn,
		    const struct nfipsec_acquire *info)
{
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(nn, NFIPSEC_CMD_ACQUIRE_NTF, &hdr);
	if (!skb)
		return;
	if (nfipsec_nl_acquire_put(skb, info))
		nlmsg_free(skb);
	else
		event_send(nn, skb, hdr);
}

const struct nfipsec_event_ops nfipsec_nl_event_ops = {
	.mapping = mapping,
	.heard = heard,
	.acquire = acquire,
	.expire = expire,
};
