/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_policy.h"

#include <netinet/in.h>

#include <utils/debug.h>

/**
 * Priorities of policies, a lower number is looked at first: classes, and
 * inside of one, less for a selector that says more. The numbers are those of
 * kernel-netlink, since administrators choose theirs by them.
 */
#define PRIO_BASE 200000

/*
 * see header file
 */
char *kernel_nfipsec_policy_lacks(kernel_ipsec_policy_id_t *id,
								  kernel_ipsec_manage_policy_t *data)
{
	if (id->mark.value || id->mark.mask)
	{
		return "a mark";
	}
	if (id->if_id)
	{
		return "an interface ID";
	}
	if (id->interface)
	{
		return "an interface";
	}
	if (id->label)
	{
		return "a security label";
	}
#ifdef HAVE_HW_OFFLOAD_PACKET
	if (data && data->hw_offload != HW_OFFLOAD_NO &&
		data->hw_offload != HW_OFFLOAD_AUTO)
	{
		return "hardware offload";
	}
#endif
	if (data && data->manual_prio &&
		data->manual_prio <= KERNEL_NFIPSEC_PRIO_IKE)
	{
		return "a priority of those for IKE, up to 32,";
	}
	return NULL;
}

/*
 * see header file
 */
bool kernel_nfipsec_policy_key(kernel_ipsec_policy_id_t *id,
							   kernel_nfipsec_policy_key_t *key)
{
	memset(key, 0, sizeof(*key));
	key->dir = id->dir;
	return kernel_nfipsec_ts2selector(id->src_ts, id->dst_ts, &key->selector);
}

/**
 * Bits of an address that a traffic selector fixes.
 */
static uint32_t ts_prefix(traffic_selector_t *ts)
{
	host_t *net;
	uint8_t plen;

	ts->to_subnet(ts, &net, &plen);
	net->destroy(net);
	return plen;
}

/**
 * Bits of a port that a traffic selector fixes.
 */
static uint32_t ts_port_bits(traffic_selector_t *ts)
{
	uint16_t from = ts->get_from_port(ts), to = ts->get_to_port(ts);
	/* OPAQUE is as one port */
	uint32_t range = from < to ? to - from : 0;
	uint32_t bits = 16;

	while (range)
	{
		range >>= 1;
		bits--;
	}
	return bits;
}

/**
 * Priority of a policy, if the administrator does not give one. In this order:
 * class; bits of both addresses (0 to 256); protocol; bits of both ports (0 to
 * 32); and regular policies before traps.
 */
static uint32_t get_priority(kernel_ipsec_policy_id_t *id,
							 kernel_ipsec_manage_policy_t *data)
{
	uint32_t priority = PRIO_BASE;

	switch (data->prio)
	{
		case POLICY_PRIORITY_FALLBACK:
			priority += PRIO_BASE;
			/* fall-through */
		case POLICY_PRIORITY_ROUTED:
		case POLICY_PRIORITY_DEFAULT:
			priority += PRIO_BASE;
			/* fall-through */
		case POLICY_PRIORITY_PASS:
			break;
	}
	priority -= (ts_prefix(id->src_ts) + ts_prefix(id->dst_ts)) * 512;
	priority -= max(id->src_ts->get_protocol(id->src_ts),
					id->dst_ts->get_protocol(id->dst_ts)) ? 256 : 0;
	priority -= (ts_port_bits(id->src_ts) + ts_port_bits(id->dst_ts)) * 4;
	priority -= data->prio != POLICY_PRIORITY_ROUTED;
	return priority;
}

/*
 * see header file
 */
kernel_nfipsec_use_t *kernel_nfipsec_use_create(kernel_ipsec_policy_id_t *id,
										kernel_ipsec_manage_policy_t *data)
{
	kernel_nfipsec_use_t *this;

	INIT(this,
		.auto_priority = get_priority(id, data),
		.type = data->type,
		.src = data->src->clone(data->src),
		.dst = data->dst->clone(data->dst),
	);
	this->priority = data->manual_prio ?: this->auto_priority;
#ifdef CPU_ID_MAX
	this->per_cpu = data->pcpu_acquires;
#endif
	if (data->sa)
	{
		this->sa = *data->sa;
	}
	return this;
}

/*
 * see header file
 */
void kernel_nfipsec_use_destroy(kernel_nfipsec_use_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

/*
 * see header file
 */
void kernel_nfipsec_use_sa(kernel_nfipsec_use_t *use, struct nfipsec_sa *sa)
{
	memset(sa, 0, sizeof(*sa));
	sa->proto = use->sa.ah.use ? IPPROTO_AH : IPPROTO_ESP;
	sa->spi = ntohl(use->sa.ah.use ? use->sa.ah.spi : use->sa.esp.spi);
	kernel_nfipsec_host2addr(use->dst, &sa->dst);
}

/*
 * see header file
 */
bool kernel_nfipsec_use_moves(kernel_nfipsec_use_t *use)
{
	return use->type == POLICY_DROP && use->sa.reqid;
}

/*
 * see header file
 */
bool kernel_nfipsec_use_is_alike(kernel_nfipsec_use_t *use,
								 kernel_nfipsec_use_t *other)
{
	return use->type == POLICY_IPSEC && other->type == POLICY_IPSEC &&
		   use->per_cpu && other->per_cpu &&
		   use->priority == other->priority &&
		   use->src->ip_equals(use->src, other->src) &&
		   use->dst->ip_equals(use->dst, other->dst) &&
		   use->sa.reqid == other->sa.reqid && use->sa.mode == other->sa.mode &&
		   use->sa.ah.use == other->sa.ah.use &&
		   use->sa.ipcomp.transform == other->sa.ipcomp.transform;
}

/**
 * Whether two uses are the same one, added and to be deleted.
 */
static bool use_equals(kernel_nfipsec_use_t *a, kernel_nfipsec_use_t *b)
{
	return a->gone == b->gone && a->priority == b->priority &&
		   a->auto_priority == b->auto_priority &&
		   a->type == b->type && a->per_cpu == b->per_cpu &&
		   a->src->ip_equals(a->src, b->src) &&
		   a->dst->ip_equals(a->dst, b->dst) &&
		   ipsec_sa_cfg_equals(&a->sa, &b->sa);
}

/**
 * Whether a use goes before another one that was there before.
 */
static bool use_precedes(kernel_nfipsec_use_t *this,
						 kernel_nfipsec_use_t *other)
{
	if (this->priority != other->priority)
	{
		return this->priority < other->priority;
	}
	if (this->auto_priority != other->auto_priority)
	{
		return this->auto_priority < other->auto_priority;
	}
	return this->sa.reqid || !other->sa.reqid;
}

/*
 * see header file
 */
kernel_nfipsec_policy_t *kernel_nfipsec_policy_create(
										kernel_ipsec_policy_id_t *id,
										kernel_nfipsec_policy_key_t *key)
{
	kernel_nfipsec_policy_t *policy;

	INIT(policy,
		.src_ts = id->src_ts->clone(id->src_ts),
		.dst_ts = id->dst_ts->clone(id->dst_ts),
		.uses = linked_list_create(),
	);
	memcpy(&policy->key, key, sizeof(policy->key));
	return policy;
}

/*
 * see header file
 */
void kernel_nfipsec_policy_destroy(kernel_nfipsec_policy_t *this)
{
	if (this->route)
	{
		kernel_nfipsec_route_destroy(this->route);
	}
	this->uses->destroy_function(this->uses, (void*)kernel_nfipsec_use_destroy);
	this->src_ts->destroy(this->src_ts);
	this->dst_ts->destroy(this->dst_ts);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_use_t *kernel_nfipsec_policy_first(
										kernel_nfipsec_policy_t *policy)
{
	kernel_nfipsec_use_t *use = NULL;

	policy->uses->get_first(policy->uses, (void**)&use);
	return use;
}

/*
 * see header file
 */
void kernel_nfipsec_policy_sas(kernel_nfipsec_policy_t *policy, array_t *sas)
{
	enumerator_t *enumerator;
	kernel_nfipsec_use_t *use;
	struct nfipsec_sa sa;

	enumerator = policy->uses->create_enumerator(policy->uses);
	while (enumerator->enumerate(enumerator, &use))
	{
		kernel_nfipsec_use_sa(use, &sa);
		if (use->type == POLICY_IPSEC && sa.spi)
		{
			array_insert(sas, ARRAY_TAIL, &sa);
		}
		if (!use->per_cpu)
		{
			break;
		}
	}
	enumerator->destroy(enumerator);
}

/*
 * see header file
 */
void kernel_nfipsec_policy_insert(kernel_nfipsec_policy_t *policy,
								  kernel_nfipsec_use_t *use)
{
	enumerator_t *enumerator;
	kernel_nfipsec_use_t *current;

	enumerator = policy->uses->create_enumerator(policy->uses);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (use_precedes(use, current))
		{
			break;
		}
	}
	policy->uses->insert_before(policy->uses, enumerator, use);
	enumerator->destroy(enumerator);
}

/*
 * see header file
 */
kernel_nfipsec_use_t *kernel_nfipsec_policy_remove(
										kernel_nfipsec_policy_t *policy,
										kernel_nfipsec_use_t *use)
{
	enumerator_t *enumerator;
	kernel_nfipsec_use_t *current, *found = NULL;

	enumerator = policy->uses->create_enumerator(policy->uses);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (use_equals(current, use))
		{
			policy->uses->remove_at(policy->uses, enumerator);
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * see header file
 */
kernel_nfipsec_use_t *kernel_nfipsec_policy_take_gone(
										kernel_nfipsec_policy_t *policy,
										uint32_t reqid)
{
	enumerator_t *enumerator;
	kernel_nfipsec_use_t *use, *found = NULL;

	enumerator = policy->uses->create_enumerator(policy->uses);
	while (!found && enumerator->enumerate(enumerator, &use))
	{
		if (use->gone && use->sa.reqid == reqid)
		{
			policy->uses->remove_at(policy->uses, enumerator);
			found = use;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Whether it is known between which addresses the SA will be. Of a trap it may be
 * not yet: the name of the peer does not resolve, or there is no way to it.
 */
static bool has_ends(kernel_nfipsec_use_t *use)
{
	return !use->src->is_anyaddr(use->src) && !use->dst->is_anyaddr(use->dst);
}

/**
 * One of the SAs that a policy asks for. Inbound, SAs that are being replaced are
 * as good as their successor, and only the reqid says which they are; so it is
 * with SAs of several CPUs.
 */
static bool set_tmpl(kernel_nfipsec_policy_t *policy,
					 kernel_nfipsec_use_t *use, ipsec_mode_t mode,
					 uint8_t proto, uint32_t spi, struct nfipsec_tmpl *tmpl)
{
	if (!kernel_nfipsec_mode(mode, &tmpl->mode))
	{
		return FALSE;
	}
	tmpl->proto = proto;
	tmpl->reqid = use->sa.reqid;
	tmpl->has = NFIPSEC_HAS(NFIPSEC_A_TMPL_MODE) |
				NFIPSEC_HAS(NFIPSEC_A_TMPL_PROTO) |
				NFIPSEC_HAS(NFIPSEC_A_TMPL_REQID);
	if (!has_ends(use))
	{
		/* only of transport mode it can ask without: no SA of another one is
		 * that, so packets wait until the CHILD_SA has its own policy */
		tmpl->mode = NFIPSEC_MODE_TRANSPORT;
	}
	/* of transport mode too, if it is around one of another mode */
	else if (use->sa.mode != MODE_TRANSPORT)
	{
		kernel_nfipsec_host2addr(use->src, &tmpl->src);
		kernel_nfipsec_host2addr(use->dst, &tmpl->dst);
		tmpl->has |= NFIPSEC_HAS(NFIPSEC_A_TMPL_SRC) |
					 NFIPSEC_HAS(NFIPSEC_A_TMPL_DST);
	}
	if (policy->key.dir == POLICY_OUT && !use->per_cpu)
	{
		tmpl->spi = ntohl(spi);
		tmpl->has |= tmpl->spi ? NFIPSEC_HAS(NFIPSEC_A_TMPL_SPI) : 0;
	}
	return TRUE;
}

/**
 * The SAs that a policy asks for.
 */
static bool set_tmpls(kernel_nfipsec_policy_t *policy,
					  kernel_nfipsec_use_t *use, struct nfipsec_policy *pol)
{
	ipsec_mode_t mode = use->sa.mode;

	pol->has |= NFIPSEC_HAS(NFIPSEC_A_POLICY_TMPL);
	if (use->sa.ipcomp.transform != IPCOMP_NONE)
	{
		if (!set_tmpl(policy, use, mode, IPPROTO_COMP,
					  htonl(ntohs(use->sa.ipcomp.cpi)),
					  &pol->tmpl[pol->tmpls++]))
		{
			return FALSE;
		}
		mode = MODE_TRANSPORT;
	}
	return use->sa.ah.use ? set_tmpl(policy, use, mode, IPPROTO_AH,
									 use->sa.ah.spi, &pol->tmpl[pol->tmpls++])
						  : set_tmpl(policy, use, mode, IPPROTO_ESP,
									 use->sa.esp.spi,
									 &pol->tmpl[pol->tmpls++]);
}

/*
 * see header file
 */
void kernel_nfipsec_policy_spd_key(kernel_nfipsec_policy_t *policy,
								   struct nfipsec_policy *pol)
{
	memset(pol, 0, sizeof(*pol));
	pol->dir = policy->key.dir == POLICY_IN ? NFIPSEC_DIR_IN : NFIPSEC_DIR_OUT;
	pol->selector = policy->key.selector;
	pol->has = NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_SELECTOR);
}

/*
 * see header file
 */
bool kernel_nfipsec_policy_spd(kernel_nfipsec_policy_t *policy,
							   struct nfipsec_policy *pol)
{
	kernel_nfipsec_use_t *use = kernel_nfipsec_policy_first(policy);

	kernel_nfipsec_policy_spd_key(policy, pol);
	pol->priority = use->priority;
	switch (use->type)
	{
		case POLICY_PASS:
			pol->action = NFIPSEC_ACTION_BYPASS;
			break;
		case POLICY_DROP:
			pol->action = NFIPSEC_ACTION_DISCARD;
			break;
		case POLICY_IPSEC:
			pol->action = NFIPSEC_ACTION_PROTECT;
			if (!set_tmpls(policy, use, pol))
			{
				return FALSE;
			}
			if (use->per_cpu && policy->key.dir == POLICY_OUT)
			{
				pol->flags |= NFIPSEC_POLICY_FLAG_CPU_ACQUIRE;
				pol->has |= NFIPSEC_HAS(NFIPSEC_A_POLICY_FLAGS);
			}
			break;
	}
	kernel_nfipsec_set_owner(pol->owner);
	pol->has |= NFIPSEC_HAS(NFIPSEC_A_POLICY_PRIORITY) |
				NFIPSEC_HAS(NFIPSEC_A_POLICY_ACTION) |
				NFIPSEC_HAS(NFIPSEC_A_POLICY_OWNER);
	return TRUE;
}
