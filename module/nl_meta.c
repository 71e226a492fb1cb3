// SPDX-License-Identifier: GPL-2.0-only
/* See nl_meta.h. */
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <net/l3mdev.h>
#include <net/netlink.h>
#include <uapi/linux/nfipsec.h>

#include "netlink.h"
#include "nl_meta.h"
#include "selector.h"

/* An index that is given is not the one that stands for any. */
static int index_get(const struct nlattr *attr, u32 *index,
		     struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*index = nla_get_u32(attr);
	if (*index)
		return 0;
	return nfipsec_nl_refuse(extack, attr, -EINVAL,
				 "selector: no interface has index 0");
}

static int mark_get(const struct nlattr *mark, const struct nlattr *mask,
		    struct nfipsec_selector *sel,
		    struct netlink_ext_ack *extack)
{
	if (!mark && !mask)
		return 0;
	if (!mark)
		return nfipsec_nl_refuse(extack, mask, -EINVAL,
					 "selector: a mask needs its mark");
	sel->meta.mark = nla_get_u32(mark);
	sel->mask = mask ? nla_get_u32(mask) : U32_MAX;
	if (sel->mask)
		return 0;
	return nfipsec_nl_refuse(extack, mask, -EINVAL,
				 "selector: a mask of no bits is any mark: leave the mark out");
}

/**
 * nfipsec_nl_meta_get() - read what a selector asks for beside headers
 * @tb: attributes of set "selector"
 * @sel: the selector, any packet's so far; nfipsec_selector_check() has to look at
 *	it afterwards
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_meta_get(struct nlattr **tb, struct nfipsec_selector *sel,
			struct netlink_ext_ack *extack)
{
	return index_get(tb[NFIPSEC_A_SELECTOR_IIF], &sel->meta.iif, extack) ?:
	       index_get(tb[NFIPSEC_A_SELECTOR_OIF], &sel->meta.oif, extack) ?:
	       index_get(tb[NFIPSEC_A_SELECTOR_VRF], &sel->meta.vrf, extack) ?:
	       mark_get(tb[NFIPSEC_A_SELECTOR_MARK],
			tb[NFIPSEC_A_SELECTOR_MARK_MASK], sel, extack);
}

static int index_put(struct sk_buff *skb, int type, u32 index)
{
	return index ? nla_put_u32(skb, type, index) : 0;
}

static int mark_put(struct sk_buff *skb, const struct nfipsec_selector *sel)
{
	int err;

	if (!sel->mask)
		return 0;
	err = nla_put_u32(skb, NFIPSEC_A_SELECTOR_MARK, sel->meta.mark);
	if (err || sel->mask == U32_MAX)
		return err;
	return nla_put_u32(skb, NFIPSEC_A_SELECTOR_MARK_MASK, sel->mask);
}

/**
 * nfipsec_nl_meta_put() - write what a selector asks for beside headers
 * @skb: message, in the nest of a selector
 * @sel: the selector
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with a part written.
 */
int nfipsec_nl_meta_put(struct sk_buff *skb,
			const struct nfipsec_selector *sel)
{
	return index_put(skb, NFIPSEC_A_SELECTOR_IIF, sel->meta.iif) ?:
	       index_put(skb, NFIPSEC_A_SELECTOR_OIF, sel->meta.oif) ?:
	       index_put(skb, NFIPSEC_A_SELECTOR_VRF, sel->meta.vrf) ?:
	       mark_put(skb, sel);
}

/**
 * nfipsec_nl_meta_unseen() - is it one that IP sees no packet come or leave by?
 * @dev: the interface, or NULL
 *
 * Context: under rcu_read_lock().
 * Return: if so, a sentence for who has it in a selector; else NULL.
 */
const char *nfipsec_nl_meta_unseen(const struct net_device *dev)
{
	if (!dev)
		return NULL;
	if (netif_is_l3_master(dev))
		return "selector: a VRF is no such interface: name it as the VRF";
	if (netif_is_bridge_port(dev) || netif_is_lag_port(dev))
		return "selector: name the bridge, bond or team, not its port";
	return NULL;
}

/* NULL also if there is no such interface, which may come or have gone. */
static const char *devices_sentence(struct net *net,
				    const struct nfipsec_meta *meta)
{
	const struct net_device *vrf;
	const char *sentence;

	rcu_read_lock();
	vrf = dev_get_by_index_rcu(net, meta->vrf);
	if (vrf && !netif_is_l3_master(vrf))
		sentence = "selector: this interface is no VRF";
	else
		sentence = nfipsec_nl_meta_unseen(dev_get_by_index_rcu(net, meta->iif)) ?:
			   nfipsec_nl_meta_unseen(dev_get_by_index_rcu(net, meta->oif));
	rcu_read_unlock();
	return sentence;
}

/**
 * nfipsec_nl_meta_of_policy() - may a policy ask for that beside headers?
 * @net: namespace
 * @nest: the attribute that @sel was read from
 * @sel: a selector set of the policy
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_meta_of_policy(struct net *net, const struct nlattr *nest,
			      const struct nfipsec_selector *sel, u8 dir,
			      struct netlink_ext_ack *extack)
{
	const char *sentence;

	if (sel->meta.oif && dir == NFIPSEC_DIR_IN)
		return nfipsec_nl_refuse(extack, nest, -EINVAL,
					 "selector: by which interface a packet will leave is not known on its way in");
	sentence = devices_sentence(net, &sel->meta);
	return sentence ? nfipsec_nl_refuse(extack, nest, -EINVAL, sentence) :
			  0;
}

/**
 * nfipsec_nl_meta_of_sa() - an SA asks for headers only
 * @nest: the attribute that @sel was read from
 * @sel: selector of an SA
 * @extack: told what is wrong
 *
 * It is what was negotiated with the peer, who knows nothing of interfaces and
 * marks here.
 *
 * Context: process context.
 * Return: 0 or -EINVAL.
 */
int nfipsec_nl_meta_of_sa(const struct nlattr *nest,
			  const struct nfipsec_selector *sel,
			  struct netlink_ext_ack *extack)
{
	if (!nfipsec_selector_has_meta(sel))
		return 0;
	return nfipsec_nl_refuse(extack, nest, -EINVAL,
				 "selector: interfaces, VRF and mark are for policies, the selector of an SA has none");
}
