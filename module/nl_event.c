// SPDX-License-Identifier: GPL-2.0-only
/* See nl_event.h. */
#include "net.h"
#include "netlink.h"
#include "nl_acquire.h"
#include "nl_event.h"

/* An event tells who talks to whom: not for everybody on the host. */
const struct genl_multicast_group
nfipsec_nl_groups[NFIPSEC_NLGRP_EVENTS + 1] = {
	[NFIPSEC_NLGRP_EVENTS] = {
		.name = NFIPSEC_MCGRP_EVENTS,
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

/* An event that is lost for want of memory is lost: packets do not wait. */
static void mapping(const struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		    const struct nfipsec_mapping *seen)
{
	struct sk_buff *skb;
	void *hdr;

	if (!heard(nn))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &nfipsec_nl_family, 0,
			  NFIPSEC_CMD_MAPPING_NTF);
	if (!hdr || put_mapping(skb, sa, seen)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&nfipsec_nl_family, nn->net, skb, 0,
				NFIPSEC_NLGRP_EVENTS, GFP_ATOMIC);
}

/* If it is lost, the packets' time runs out and the next one is told of. */
static void acquire(const struct nfipsec_net *nn,
		    const struct nfipsec_acquire *info)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &nfipsec_nl_family, 0,
			  NFIPSEC_CMD_ACQUIRE_NTF);
	if (!hdr || nfipsec_nl_acquire_put(skb, info)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&nfipsec_nl_family, nn->net, skb, 0,
				NFIPSEC_NLGRP_EVENTS, GFP_ATOMIC);
}

const struct nfipsec_event_ops nfipsec_nl_event_ops = {
	.mapping = mapping,
	.heard = heard,
	.acquire = acquire,
};
