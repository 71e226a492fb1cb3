/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_sa.h"
#include "kernel_nfipsec_algs.h"
#include "kernel_nfipsec_shared.h"

#include <netinet/in.h>
#include <time.h>

#include <library.h>
#include <utils/debug.h>

/**
 * Bounds of an anti-replay window in packets, other than 0.
 */
#define REPLAY_WINDOW_MIN 32
#define REPLAY_WINDOW_MAX 65536

/**
 * The window that is large enough for packets of one SA that are sealed on
 * several CPUs.
 */
#define REPLAY_WINDOW_DEFAULT 1024

/**
 * A TFC padding that means: as far as the path takes it.
 */
#define TFC_PMTU 65535

/*
 * see header file
 */
void kernel_nfipsec_sa_key(host_t *src, host_t *dst, uint8_t proto,
						   uint32_t spi, struct nfipsec_sa *sa)
{
	memset(sa, 0, sizeof(*sa));
	kernel_nfipsec_host2addr(src, &sa->src);
	kernel_nfipsec_host2addr(dst, &sa->dst);
	sa->proto = proto;
	sa->spi = ntohl(spi);
	sa->has = NFIPSEC_HAS(NFIPSEC_A_SA_SRC) | NFIPSEC_HAS(NFIPSEC_A_SA_DST) |
			  NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) | NFIPSEC_HAS(NFIPSEC_A_SA_SPI);
}

/*
 * see header file
 */
bool kernel_nfipsec_sa_has_comp(kernel_ipsec_add_sa_t *data)
{
	return data->ipcomp != IPCOMP_NONE && data->cpi;
}

/*
 * see header file
 */
bool kernel_nfipsec_sa_supported(kernel_ipsec_sa_id_t *id,
								 kernel_ipsec_add_sa_t *data)
{
	char *what = NULL;

	if (id->mark.value || id->mark.mask || data->mark.value || data->mark.mask)
	{
		what = "a mark";
	}
	else if (id->if_id)
	{
		what = "an interface ID";
	}
	else if (data->interface)
	{
		what = "an interface";
	}
	else if (data->label)
	{
		what = "a security label";
	}
	else if (data->ipcomp != IPCOMP_NONE && data->ipcomp != IPCOMP_DEFLATE)
	{
		what = "IPComp with another algorithm than DEFLATE";
	}
	else if (kernel_nfipsec_sa_has_comp(data) && data->mode == MODE_BEET)
	{
		what = "IPComp in BEET mode";
	}
	else if (data->hw_offload != HW_OFFLOAD_NO &&
			 data->hw_offload != HW_OFFLOAD_AUTO)
	{
		what = "hardware offload";
	}
	if (what)
	{
		DBG1(DBG_KNL, "nfipsec: SA with SPI %.8x refused: %s is not supported",
			 ntohl(id->spi), what);
	}
	return !what;
}

/**
 * Set how the outer header of a tunnel is made and read.
 */
static void set_outer(kernel_ipsec_add_sa_t *data, struct nfipsec_sa *sa)
{
	struct nfipsec_outer *outer = &sa->outer;

	if (!data->copy_ecn)
	{
		outer->ecn = NFIPSEC_ECN_OFF;
		outer->has |= NFIPSEC_HAS(NFIPSEC_A_OUTER_ECN);
	}
	if (!data->copy_df)
	{
		outer->df = NFIPSEC_DF_CLEAR;
		outer->has |= NFIPSEC_HAS(NFIPSEC_A_OUTER_DF);
	}
	if (data->copy_dscp == DSCP_COPY_IN_ONLY || data->copy_dscp == DSCP_COPY_NO)
	{
		outer->dscp = 0;
		outer->has |= NFIPSEC_HAS(NFIPSEC_A_OUTER_DSCP);
	}
	if (data->copy_dscp == DSCP_COPY_IN_ONLY ||
		data->copy_dscp == DSCP_COPY_YES)
	{
		sa->flags |= NFIPSEC_SA_FLAG_DECAP_DSCP;
	}
	if (outer->has)
	{
		sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_OUTER);
	}
}

/**
 * Set the addresses of the packets inside of an SA of BEET mode.
 */
static bool set_inner(kernel_ipsec_add_sa_t *data, struct nfipsec_sa *sa)
{
	traffic_selector_t *src, *dst;

	if (data->src_ts->get_first(data->src_ts, (void**)&src) != SUCCESS ||
		data->dst_ts->get_first(data->dst_ts, (void**)&dst) != SUCCESS ||
		!kernel_nfipsec_ts2selector(src, dst, &sa->selector))
	{
		return FALSE;
	}
	/* addresses only, policies say what else */
	sa->selector.has &= ~(NFIPSEC_HAS(NFIPSEC_A_SELECTOR_PROTO) |
						  NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MIN) |
						  NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MAX) |
						  NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MIN) |
						  NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MAX) |
						  NFIPSEC_HAS(NFIPSEC_A_SELECTOR_TYPE_MIN) |
						  NFIPSEC_HAS(NFIPSEC_A_SELECTOR_TYPE_MAX));
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_SELECTOR);
	return TRUE;
}

/**
 * The anti-replay window of an SA: what the daemon wants, but no less than the
 * least one that is configured. Without one there is none.
 */
static uint32_t replay_window(uint32_t wanted)
{
	int least;

	if (!wanted)
	{
		return 0;
	}
	least = lib->settings->get_int(lib->settings,
						"%s.plugins.kernel-nfipsec.replay_window_min",
						REPLAY_WINDOW_DEFAULT, lib->ns);
	least = max(least, REPLAY_WINDOW_MIN);
	return min(max(wanted, (uint32_t)least), REPLAY_WINDOW_MAX);
}

/**
 * Set what is for one direction only.
 */
static void set_direction(kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data,
						  struct nfipsec_sa *sa)
{
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_DIR);
	if (data->inbound)
	{
		sa->dir = NFIPSEC_DIR_IN;
		sa->replay_window = replay_window(data->replay_window);
		sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_REPLAY_WINDOW);
		return;
	}
	sa->dir = NFIPSEC_DIR_OUT;
	if (data->tfc && id->proto == IPPROTO_ESP && data->mode == MODE_TUNNEL &&
		!kernel_nfipsec_sa_has_comp(data))
	{
		sa->tfc.pad = min(data->tfc, TFC_PMTU);
		sa->tfc.has = NFIPSEC_HAS(NFIPSEC_A_TFC_PAD);
		sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_TFC);
	}
}

/**
 * Set one limit, the soft one of which must be below the hard one if there is
 * one.
 */
static void set_limit(uint64_t rekey, uint64_t life, uint64_t *has,
					  int attr_soft, uint64_t *soft,
					  int attr_hard, uint64_t *hard)
{
	if (rekey && life && rekey >= life)
	{
		DBG1(DBG_KNL, "nfipsec: SA is not rekeyed at %llu, where it has ended "
			 "at %llu", (unsigned long long)rekey, (unsigned long long)life);
	}
	else if (rekey)
	{
		*soft = rekey;
		*has |= NFIPSEC_HAS(attr_soft);
	}
	if (life)
	{
		*hard = life;
		*has |= NFIPSEC_HAS(attr_hard);
	}
}

/**
 * Set the limits of an SA.
 */
static void set_lifetime(lifetime_cfg_t *lifetime, struct nfipsec_sa *sa)
{
	struct nfipsec_lifetime *l = &sa->lifetime;

	if (!lifetime)
	{
		return;
	}
	set_limit(lifetime->time.rekey, lifetime->time.life, &l->has,
			  NFIPSEC_A_LIFETIME_TIME_SOFT, &l->time_soft,
			  NFIPSEC_A_LIFETIME_TIME_HARD, &l->time_hard);
	set_limit(lifetime->bytes.rekey, lifetime->bytes.life, &l->has,
			  NFIPSEC_A_LIFETIME_BYTE_SOFT, &l->byte_soft,
			  NFIPSEC_A_LIFETIME_BYTE_HARD, &l->byte_hard);
	set_limit(lifetime->packets.rekey, lifetime->packets.life, &l->has,
			  NFIPSEC_A_LIFETIME_PACKET_SOFT, &l->packet_soft,
			  NFIPSEC_A_LIFETIME_PACKET_HARD, &l->packet_hard);
	if (l->has)
	{
		sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_LIFETIME);
	}
}

/*
 * see header file
 */
time_t kernel_nfipsec_sa_use_time(const struct nfipsec_sa *sa)
{
	time_t now = time(NULL), age;

	if (!(sa->has & NFIPSEC_HAS(NFIPSEC_A_SA_LAST_USED)) || !sa->last_used)
	{
		return 0;
	}
	age = now > sa->last_used ? now - sa->last_used : 0;
	return max(time_monotonic(NULL) - age, 1);
}

/**
 * Set ESP in UDP, between the ports of the ends. Of an SA that receives, one of
 * several CPUs, the source port is 0, which is any.
 */
static void set_encap(host_t *src, host_t *dst, struct nfipsec_encap *encap)
{
	encap->type = NFIPSEC_ENCAP_TYPE_ESPINUDP;
	encap->sport = src->get_port(src);
	encap->dport = dst->get_port(dst);
	encap->has = NFIPSEC_HAS(NFIPSEC_A_ENCAP_TYPE) |
				 NFIPSEC_HAS(NFIPSEC_A_ENCAP_SPORT) |
				 NFIPSEC_HAS(NFIPSEC_A_ENCAP_DPORT);
}

/**
 * Set what SAs of all protocols have.
 */
static bool set_common(kernel_ipsec_add_sa_t *data, ipsec_mode_t mode,
					   struct nfipsec_sa *sa)
{
	sa->reqid = data->reqid;
	kernel_nfipsec_set_owner(sa->owner);
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_MODE) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_OWNER) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_REQID) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_FLAGS);
#ifdef HAVE_forward_icmp
	if (data->forward_icmp)
	{
		sa->flags |= NFIPSEC_SA_FLAG_ICMP;
	}
#endif
#ifdef CPU_ID_MAX
	if (data->cpu != CPU_ID_MAX)
	{
		sa->cpu = data->cpu;
		sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_CPU);
	}
#endif
	if (mode == MODE_TUNNEL)
	{
		set_outer(data, sa);
	}
	return kernel_nfipsec_mode(mode, &sa->mode);
}

/*
 * see header file
 */
bool kernel_nfipsec_sa_set_comp(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_add_sa_t *data,
								struct nfipsec_sa *sa)
{
	kernel_nfipsec_sa_key(id->src, id->dst, IPPROTO_COMP,
						  kernel_nfipsec_cpi2spi(data->cpi), sa);
	if (!set_common(data, data->mode, sa))
	{
		return FALSE;
	}
	sa->dir = data->inbound ? NFIPSEC_DIR_IN : NFIPSEC_DIR_OUT;
	strcpy(sa->comp_name, "deflate");
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_DIR) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_COMP_NAME);
	return TRUE;
}

/*
 * see header file
 */
bool kernel_nfipsec_sa_set(kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_add_sa_t *data, struct nfipsec_sa *sa)
{
	ipsec_mode_t mode = data->mode;

	if (kernel_nfipsec_sa_has_comp(data))
	{
		mode = MODE_TRANSPORT;
	}
	kernel_nfipsec_sa_key(id->src, id->dst, id->proto, id->spi, sa);
	if (!set_common(data, mode, sa) || !kernel_nfipsec_set_algs(data, sa))
	{
		return FALSE;
	}
	if (data->mode == MODE_BEET && !set_inner(data, sa))
	{
		return FALSE;
	}
	set_direction(id, data, sa);
	set_lifetime(data->lifetime, sa);
	if (data->esn)
	{
		sa->flags |= NFIPSEC_SA_FLAG_ESN;
	}
	if (data->encap)
	{
		set_encap(id->src, id->dst, &sa->encap);
		sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_ENCAP);
	}
	return TRUE;
}

/*
 * see header file
 */
bool kernel_nfipsec_sa_set_move(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_update_sa_t *data,
								struct nfipsec_move *move)
{
	memset(move, 0, sizeof(*move));
	if (!id->src->ip_equals(id->src, data->new_src))
	{
		kernel_nfipsec_host2addr(data->new_src, &move->src);
		move->has |= NFIPSEC_HAS(NFIPSEC_A_MOVE_SRC);
	}
	if (!id->dst->ip_equals(id->dst, data->new_dst))
	{
		kernel_nfipsec_host2addr(data->new_dst, &move->dst);
		move->has |= NFIPSEC_HAS(NFIPSEC_A_MOVE_DST);
	}
	if (data->new_encap)
	{
		set_encap(data->new_src, data->new_dst, &move->encap);
		move->has |= NFIPSEC_HAS(NFIPSEC_A_MOVE_ENCAP);
	}
	else if (data->encap)
	{
		move->has |= NFIPSEC_HAS(NFIPSEC_A_MOVE_NO_ENCAP);
	}
	if (data->new_reqid)
	{
		move->reqid = data->new_reqid;
		move->has |= NFIPSEC_HAS(NFIPSEC_A_MOVE_REQID);
	}
	return move->has != 0;
}
