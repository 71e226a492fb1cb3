// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking ESP super-packets apart, see train.c, where a device gets them.
 *
 * Who does that for a protocol, there can be one of, and XFRM's esp4_offload and
 * esp6_offload are that too. While they are there, packets go one by one; when they
 * are loaded, they must find the place free: finding it taken they go, and leave XFRM
 * with a pointer to where they were.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/gso.h>
#include <net/protocol.h>

#include "gso.h"

/**
 * struct charge - in the control buffer of a packet of a list
 * @destructor: what gave back to the socket that it was charged to, or NULL
 *
 * It is the head that knows the socket, see nfipsec_gso_charge().
 */
struct charge {
	void (*destructor)(struct sk_buff *skb);
};

static struct charge *charge_of(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct charge) > sizeof(skb->cb));
	return (struct charge *)skb->cb;
}

/**
 * nfipsec_gso_charge() - have the first of those that go together charged for another
 * @head: the first of them
 * @skb: sealed packet that is put behind it, charged to the same socket or to none
 *
 * Whoever makes a copy of the head has the list with it, and keeps it as long as he
 * likes; and who takes it out of this namespace, or off its socket, knows of the head
 * alone. What a super-packet's segments are charged by is their size: sock_wfree() of
 * UDP, tcp_wfree() of TCP.
 * Context: any.
 */
void nfipsec_gso_charge(struct sk_buff *head, struct sk_buff *skb)
{
	head->truesize += skb->truesize;
	charge_of(skb)->destructor = skb->destructor;
	skb->destructor = NULL;
	skb->sk = NULL;
}

/*
 * Is that head still what nfipsec_gso_charge() made it? A queue may have it hold its
 * socket in another way than by its size, and a copy of it has the size of its own.
 */
static bool charged_for(const struct sk_buff *head, struct sk_buff *list)
{
	const struct sk_buff *skb;
	unsigned int sum = 0;

	for (skb = list; skb; skb = skb->next)
		sum += skb->truesize;
	return head->truesize > sum &&
	       (!head->sk ||
		(list && head->destructor == charge_of(list)->destructor));
}

/* Have each charged for itself again, a packet of the list with @truesize. */
static void share(struct sk_buff *head, struct sk_buff *skb,
		  unsigned int truesize)
{
	head->truesize -= truesize;
	if (!head->sk)
		return;
	skb->truesize = truesize;
	skb->destructor = head->destructor;
	skb->sk = head->sk;
}

/* Another packet has the same list if somebody copied the head. */
static struct sk_buff *own(struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (!skb_shared(skb))
		return skb;
	copy = skb_copy(skb, GFP_ATOMIC);
	consume_skb(skb);
	return copy;
}

/*
 * Give a packet of the list the headers that the head got on its way: @hlen bytes,
 * those of the link and of IP, and @front bytes before them, to which who has asked
 * for this goes back: the link's, if these are IP's behind a label of MPLS. NULL, and
 * the packet freed, if memory is short.
 */
static struct sk_buff *detach(struct sk_buff *skb, const struct sk_buff *head,
			      unsigned int hlen, unsigned int front)
{
	skb = own(skb);
	if (!skb)
		return NULL;
	if (skb_cow_head(skb, front + hlen)) {
		kfree_skb(skb);
		return NULL;
	}
	skb_copy_header(skb, head);
	skb_gso_reset(skb);
	skb_push(skb, hlen);
	memcpy(skb->data - front, skb_mac_header(head) - front, front + hlen);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, skb_network_header(head) -
				    skb_mac_header(head));
	skb_set_transport_header(skb, hlen);
	return skb;
}

/*
 * Somebody on the way pulled more to the front than the head was, or has put it all
 * into one buffer. All packets but the last are as long as the first.
 */
static struct sk_buff *cut(struct sk_buff *skb, netdev_features_t features)
{
	if (skb_linearize(skb))
		return ERR_PTR(-ENOMEM);
	/* There is no checksum that a device could be told to make. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb_segment(skb, features &
				~(NETIF_F_SG | NETIF_F_GSO_PARTIAL));
}

/*
 * As callback of what the kernel has for its own: the packet's data starts with its
 * ESP header. What is returned starts with the link's, and who called frees the
 * packet it gave. Lengths, identification and checksum are its business.
 */
static struct sk_buff *segment(struct sk_buff *skb, netdev_features_t features)
{
	unsigned int hlen = skb->data - skb_mac_header(skb);
	unsigned int front = skb_tnl_header_len(skb);
	struct sk_buff *list, *next, *seg, *tail = skb;
	unsigned int truesize;
	bool shared;

	if ((skb_shinfo(skb)->gso_type & NFIPSEC_GSO_ESP) != NFIPSEC_GSO_ESP)
		return ERR_PTR(-EINVAL);
	if (skb_headlen(skb) != skb_shinfo(skb)->gso_size)
		return cut(skb, features);
	if (skb_unclone(skb, GFP_ATOMIC))
		return ERR_PTR(-ENOMEM);

	list = skb_shinfo(skb)->frag_list;
	shared = charged_for(skb, list);
	skb_frag_list_init(skb);
	skb->len = skb_headlen(skb);
	skb->data_len = 0;
	__skb_push(skb, hlen);
	skb_list_walk_safe(list, seg, next) {
		truesize = seg->truesize;
		seg = detach(seg, skb, hlen, front);
		if (!seg) {
			/* They are only sent together. */
			kfree_skb_list(next);
			kfree_skb_list(skb->next);
			skb->next = NULL;
			return ERR_PTR(-ENOMEM);
		}
		if (shared)
			share(skb, seg, truesize);
		/* Not before it is ours: another head may have the same list. */
		skb_mark_not_on_list(seg);
		tail->next = seg;
		tail = seg;
	}
	skb_gso_reset(skb);
	skb->prev = tail;
	return skb_get(skb);
}

/**
 * struct place - of who takes packets of ESP apart, in IPv4 or IPv6
 * @ours: what is there, while it is ours
 * @rival: name of the module whose place it is too
 * @add: take it; fails if it is taken
 * @del: leave it, and wait for who is just using it
 * @coming: the rival is there, or about to be; under @lock
 * @have: it is ours; changed under @lock, read without
 */
struct place {
	struct net_offload ours;
	const char *rival;
	int (*add)(const struct net_offload *prot, unsigned char num);
	int (*del)(const struct net_offload *prot, unsigned char num);
	bool coming;
	bool have;
};

static struct place places[] = {
	{ .ours = { .callbacks = { .gso_segment = segment } },
	  .rival = "esp4_offload",
	  .add = inet_add_offload, .del = inet_del_offload, },
	{ .ours = { .callbacks = { .gso_segment = segment } },
	  .rival = "esp6_offload",
	  .add = inet6_add_offload, .del = inet6_del_offload, },
};

/* Protects places, and that places are wanted. */
static DEFINE_MUTEX(lock);
static bool wanted;

static void take(struct place *place)
{
	lockdep_assert_held(&lock);
	if (!place->have && !place->coming)
		WRITE_ONCE(place->have, !place->add(&place->ours, IPPROTO_ESP));
}

static void leave(struct place *place)
{
	lockdep_assert_held(&lock);
	if (!place->have)
		return;
	WRITE_ONCE(place->have, false);
	place->del(&place->ours, IPPROTO_ESP);
}

/* Before a module's start, and after its end. */
static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct module *mod = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct place *place = &places[i];

		if (strcmp(mod->name, place->rival))
			continue;
		mutex_lock(&lock);
		if (event == MODULE_STATE_COMING) {
			place->coming = true;
			leave(place);
		} else if (event == MODULE_STATE_GOING) {
			place->coming = false;
			if (wanted)
				take(place);
		}
		mutex_unlock(&lock);
	}
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = {
	.notifier_call = module_event,
};

/**
 * nfipsec_gso_have() - is there who takes ESP super-packets apart?
 * @family: AF_INET or AF_INET6
 *
 * Context: any.
 * Return: false while there is not; packets must go one by one.
 */
bool nfipsec_gso_have(u8 family)
{
	return READ_ONCE(places[family == AF_INET6].have);
}

/**
 * nfipsec_gso_want() - there is an SA: packets may go together from now on
 *
 * Not from the module's start on: a rival may then be between being told of and
 * starting, which nobody could tell. Whoever makes an SA comes later.
 * Context: process; waits.
 */
void nfipsec_gso_want(void)
{
	unsigned int i;

	if (READ_ONCE(wanted))
		return;
	mutex_lock(&lock);
	WRITE_ONCE(wanted, true);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		take(&places[i]);
	mutex_unlock(&lock);
}

/**
 * nfipsec_gso_init() - look out for those whose place it is too
 * @gro: what the places have for packets that come in, or NULL
 *
 * Context: process, module init.
 * Return: 0 or an error.
 */
int nfipsec_gso_init(struct sk_buff *(*gro)(struct list_head *head,
					    struct sk_buff *skb))
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		places[i].ours.callbacks.gro_receive = gro;
	return register_module_notifier(&module_notifier);
}

/**
 * nfipsec_gso_exit() - leave the places
 *
 * While they are left, which takes a grace period each, a rival may come: it waits until
 * all are free, and so it must still be looked out for. It may also go, and its place is
 * not taken again. What waits in a queue is dropped when it leaves that.
 * Context: process; no packet is sealed any more, and nobody makes an SA.
 */
void nfipsec_gso_exit(void)
{
	unsigned int i;

	mutex_lock(&lock);
	WRITE_ONCE(wanted, false);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		leave(&places[i]);
	mutex_unlock(&lock);
	unregister_module_notifier(&module_notifier);
}
