// SPDX-License-Identifier: GPL-2.0-only
/* See resync.h; when that is tried, and how far, is in replay.c. */
#include <linux/skbuff.h>

#include "ah.h"
#include "esp.h"
#include "net.h"
#include "resync.h"

/* Opening destroys what it is given. */
static bool opens(const struct nfipsec_sa *sa, const struct sk_buff *skb, u64 seq)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);
	enum nfipsec_reason reason;
	u8 nexthdr;

	if (!copy)
		return false;
	if (sa->key.proto == IPPROTO_AH)
		reason = nfipsec_ah_open(sa->crypto, copy, true, seq, &nexthdr);
	else
		reason = nfipsec_esp_open(sa->crypto, copy, true, seq,
					  &nexthdr);
	consume_skb(copy);
	return nfipsec_esp_authentic(reason);
}

/**
 * nfipsec_resync() - the sequence number to open a packet with
 * @sa: SA with extended sequence numbers
 * @skb: packet, as nfipsec_esp_open() or nfipsec_ah_open() wants it; only read
 * @seq: what the window makes of its number
 *
 * If many packets in a row had a wrong ICV, the window may have missed more
 * than 2^32 of them: then the next high halves are tried. That the packet is
 * authentic with one of them is all that is found out here.
 * Context: softirq or bottom halves off.
 * Return: @seq, or the one that is right.
 */
u64 nfipsec_resync(struct nfipsec_sa *sa, const struct sk_buff *skb, u64 seq)
{
	u64 first = seq;
	unsigned int i;

	if (likely(!nfipsec_replay_resync_due(&sa->core->replay)))
		return seq;
	for (i = 0; i <= NFIPSEC_RESYNC_TRIES; i++) {
		if (opens(sa, skb, seq)) {
			if (i)
				nfipsec_count(nfipsec_net(dev_net(skb->dev)),
					      NFIPSEC_IN_ESN_RESYNC);
			return seq;
		}
		if (!nfipsec_replay_next_half(&seq))
			break;
	}
	return first;
}
