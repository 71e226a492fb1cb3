// SPDX-License-Identifier: GPL-2.0-only
/* See tag.h. */
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <net/dst_metadata.h>

#include "net.h"
#include "tag.h"

/* Beside the namespace's cookie, sets our tags apart from a port mux's. */
#define TAG_PORT_ID	0x6e666970

/*
 * The cookie that stands for the namespace is only compared, never followed:
 * nothing reads lower_dev of a METADATA_HW_PORT_MUX dst but the port mux
 * drivers, on transmit, and a tag does not get that far.
 */
static struct net_device *cookie(const struct nfipsec_net *nn)
{
	return (struct net_device *)nn;
}

/**
 * nfipsec_tag_init() - make the tags of a namespace
 * @nn: the namespace, being set up
 *
 * One for each CPU, so that its reference count stays there; all are equal in
 * content, which is what GRO compares.
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_tag_init(struct nfipsec_net *nn)
{
	int cpu;

	nn->tag = alloc_percpu(struct metadata_dst *);
	if (!nn->tag)
		return -ENOMEM;

	for_each_possible_cpu(cpu) {
		struct metadata_dst *md;

		md = metadata_dst_alloc(0, METADATA_HW_PORT_MUX, GFP_KERNEL);
		if (!md) {
			nfipsec_tag_exit(nn);
			return -ENOMEM;
		}
		md->u.port_info.lower_dev = cookie(nn);
		md->u.port_info.port_id = TAG_PORT_ID;
		*per_cpu_ptr(nn->tag, cpu) = md;
	}
	return 0;
}

/**
 * nfipsec_tag_exit() - let go of the tags of a namespace
 * @nn: the namespace; no packet is tagged any more
 *
 * Packets that still carry one keep it alive; the kernel frees it with the
 * last of them, without code of this module.
 * Context: process.
 */
void nfipsec_tag_exit(struct nfipsec_net *nn)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct metadata_dst *md = *per_cpu_ptr(nn->tag, cpu);

		if (md)
			dst_release(&md->dst);
	}
	free_percpu(nn->tag);
	nn->tag = NULL;
}

/**
 * nfipsec_tag_set() - mark a packet as come out of an SA
 * @nn: the namespace
 * @skb: packet; a dst it has is dropped
 *
 * Context: bottom halves off.
 */
void nfipsec_tag_set(const struct nfipsec_net *nn, struct sk_buff *skb)
{
	struct metadata_dst *md = *this_cpu_ptr(nn->tag);

	skb_dst_drop(skb);
	dst_hold(&md->dst);
	skb_dst_set(skb, &md->dst);
}

/**
 * nfipsec_tag_is() - is it a tag of this namespace?
 * @nn: the namespace
 * @md: a packet's metadata, or NULL
 *
 * Context: any.
 * Return: true if it is.
 */
bool nfipsec_tag_is(const struct nfipsec_net *nn, const struct metadata_dst *md)
{
	return md && md->type == METADATA_HW_PORT_MUX &&
	       md->u.port_info.lower_dev == cookie(nn) &&
	       md->u.port_info.port_id == TAG_PORT_ID;
}
