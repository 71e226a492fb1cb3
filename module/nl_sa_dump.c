// SPDX-License-Identifier: GPL-2.0-only
/* The dump of sa-get. */
#include <linux/build_bug.h>
#include <linux/rculist.h>

#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"

/* How often a dump begins a chain anew that changes under its hands. */
#define DUMP_RETRIES_MAX	64

/**
 * struct sa_cursor - where a dump of SAs is
 * @key: of the last SA that was dumped
 * @chain: the chain of nfipsec_sad.by_peer that is being dumped
 * @retries: how often a chain was begun anew
 * @inside: @key is of an SA in @chain
 *
 * SAs come to the head of a chain, or when they move into it, so that what
 * follows @key holds all that was not yet dumped, and at worst some that was.
 */
struct sa_cursor {
	struct nfipsec_sa_key key;
	u16 chain;
	u8 retries;
	bool inside;
};

static struct sa_cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct sa_cursor) > sizeof(cb->ctx));
	return (struct sa_cursor *)cb->ctx;
}

static int dump_sa(struct sk_buff *skb, struct netlink_callback *cb,
		   const struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &nfipsec_nl_family, NLM_F_MULTI, NFIPSEC_CMD_SA_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	err = nfipsec_nl_sa_put(skb, nn, sa);
	if (err) {
		genlmsg_cancel(skb, hdr);
		return err;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int dump_chain(struct sk_buff *skb, struct netlink_callback *cb,
		      struct nfipsec_net *nn, struct sa_cursor *cur)
{
	struct hlist_node *first = nn->sad.by_peer[cur->chain].sas.first;
	struct nfipsec_sa *sa;
	int err;

	if (cur->inside) {
		sa = nfipsec_nl_sa_find(nn, &cur->key);
		if (sa)
			first = sa->peer_node.next;
		else if (++cur->retries > DUMP_RETRIES_MAX)
			return nfipsec_nl_refuse(cb->extack, NULL, -EAGAIN,
						 "SAs go faster than they can be listed, ask again");
	}
	sa = hlist_entry_safe(first, struct nfipsec_sa, peer_node);
	hlist_for_each_entry_from(sa, peer_node) {
		err = dump_sa(skb, cb, nn, sa);
		if (err)
			return err;
		cur->key = sa->key;
		cur->inside = true;
	}
	return 0;
}

/**
 * nfipsec_nl_sa_get_dumpit() - answer with all SAs
 * @skb: message to fill
 * @cb: state of the dump
 *
 * An SA that stays, and does not move, is told at least once, whatever else
 * comes and goes; if anything did, NLM_F_DUMP_INTR says so.
 *
 * Context: process context, sleeps.
 * Return: length of the message, 0 at the end, or a negative error number.
 */
int nfipsec_nl_sa_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nfipsec_net *nn = nfipsec_net(sock_net(skb->sk));
	struct sa_cursor *cur = cursor_of(cb);
	int err;

	mutex_lock(&nn->lock);
	err = nfipsec_nl_dump_begin(cb, atomic64_read(&nn->gen));
	while (!err && cur->chain < ARRAY_SIZE(nn->sad.by_peer)) {
		err = dump_chain(skb, cb, nn, cur);
		if (!err) {
			cur->chain++;
			cur->inside = false;
		}
	}
	mutex_unlock(&nn->lock);
	if (err == -EMSGSIZE && skb->len)
		return skb->len;
	return err ?: skb->len;
}
