/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_teller.h"
#include "kernel_nfipsec_shared.h"

#include <errno.h>
#include <netinet/in.h>

#include <daemon.h>
#include <collections/array.h>
#include <utils/debug.h>

typedef struct private_kernel_nfipsec_teller_t private_kernel_nfipsec_teller_t;

/**
 * Private data of kernel_nfipsec_teller_t.
 */
struct private_kernel_nfipsec_teller_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_teller_t public;

	/**
	 * For requests.
	 */
	kernel_nfipsec_socket_t *socket;

	/**
	 * What the daemon has in the SPD.
	 */
	kernel_nfipsec_policies_t *policies;

	/**
	 * What it has in the SAD.
	 */
	kernel_nfipsec_sas_t *sas;
};

METHOD(kernel_nfipsec_teller_t, mapping, void,
	private_kernel_nfipsec_teller_t *this, const struct nfipsec_mapping *ev)
{
	host_t *dst, *remote;

	if (!ev->old_sport)
	{	/* a port that the peer has made up is not where its daemon is */
		return;
	}
	dst = kernel_nfipsec_addr2host(&ev->dst, 0);
	remote = kernel_nfipsec_addr2host(&ev->new_src, ev->new_sport);
	if (dst && remote)
	{
		charon->kernel->mapping(charon->kernel, ev->proto, htonl(ev->spi), dst,
								remote);
	}
	DESTROY_IF(dst);
	DESTROY_IF(remote);
}

METHOD(kernel_nfipsec_teller_t, expire, void,
	private_kernel_nfipsec_teller_t *this, const struct nfipsec_expire *ev)
{
	host_t *dst;

	/* of those of others, the daemon knows nothing */
	if (!this->sas->has(this->sas, &ev->dst, ev->proto, ev->spi))
	{
		return;
	}
	dst = kernel_nfipsec_addr2host(&ev->dst, 0);
	if (dst)
	{
		charon->kernel->expire(charon->kernel, ev->proto, htonl(ev->spi), dst,
							   ev->hard);
		dst->destroy(dst);
	}
}

/**
 * One end of a packet, as IKEv2 is told it. A type is told of both ends, as a
 * port.
 */
static traffic_selector_t *packet_ts(const struct nfipsec_selector *packet,
									 const struct nfipsec_addr *addr, int attr,
									 uint16_t port)
{
	uint16_t from = 0, to = 65535;
	host_t *host;

	host = kernel_nfipsec_addr2host(addr, 0);
	if (!host)
	{
		return NULL;
	}
	if (packet->has & NFIPSEC_HAS(attr))
	{
		from = to = port;
	}
	else if (packet->has & NFIPSEC_HAS(NFIPSEC_A_SELECTOR_TYPE_MIN))
	{
		from = packet->type_min;
		to = packet->type_max;
	}
	return traffic_selector_create_from_subnet(host,
									addr->family == AF_INET ? 32 : 128,
									packet->proto, from, to);
}

/**
 * Whether the kernel has an SA, as it may by now. TRUE if nobody knows. What it is
 * is set to nothing unless it was read.
 */
static bool is_there(private_kernel_nfipsec_teller_t *this,
					 const struct nfipsec_sa *sa, struct nfipsec_sa *found)
{
	struct nfipsec_sa key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI),
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};
	struct nfipsec *handle;
	int err;

	memset(found, 0, sizeof(*found));
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return TRUE;
	}
	err = nfipsec_sa_get(handle, &key, found);
	if (err)
	{
		memset(found, 0, sizeof(*found));
	}
	this->socket->release(this->socket);
	return err != -ENOENT;
}

/**
 * Whether an SA is for the CPU that one is wanted for, or for all as wanted.
 */
static bool is_for(const struct nfipsec_sa *sa, const kernel_nfipsec_acquire_t *ev)
{
	bool some = sa->has & NFIPSEC_HAS(NFIPSEC_A_SA_CPU);

	return sa->has && some == ev->has_cpu && (!some || sa->cpu == ev->cpu);
}

/**
 * Whether there is no SA to negotiate: one of those that the daemon has negotiated
 * is what is wanted, or the kernel does not have it any more. That one is replaced.
 */
static bool has_one(private_kernel_nfipsec_teller_t *this,
					const kernel_nfipsec_acquire_t *ev, array_t *sas)
{
	struct nfipsec_sa sa, found;
	int i;

	for (i = 0; array_get(sas, i, &sa); i++)
	{
		struct nfipsec_expire gone = {
			.dst = sa.dst,
			.proto = sa.proto,
			.spi = sa.spi,
		};

		if (!is_there(this, &sa, &found))
		{
			expire(this, &gone);
			return TRUE;
		}
		if (is_for(&found, ev))
		{	/* it has moved since, or was added */
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Have the daemon negotiate an SA, for the CPU of a packet or for all.
 */
static void negotiate(const kernel_nfipsec_acquire_t *ev)
{
	const struct nfipsec_selector *packet = &ev->packet;
	kernel_acquire_data_t data = {
#ifdef CPU_ID_MAX
		.cpu = ev->has_cpu ? ev->cpu : CPU_ID_MAX,
#endif
	};

	data.src = packet_ts(packet, &packet->src,
						 NFIPSEC_A_SELECTOR_SPORT_MIN, packet->sport_min);
	data.dst = packet_ts(packet, &packet->dst,
						 NFIPSEC_A_SELECTOR_DPORT_MIN, packet->dport_min);
	charon->kernel->acquire(charon->kernel, ev->reqid, &data);
	DESTROY_IF(data.src);
	DESTROY_IF(data.dst);
}

/*
 * If the policy is not the daemon's, its reqid may be the same as one of the
 * daemon's all the same. If the daemon has negotiated an SA for it, that has gone
 * without its doing, and is replaced.
 */
METHOD(kernel_nfipsec_teller_t, acquire, void,
	private_kernel_nfipsec_teller_t *this, const kernel_nfipsec_acquire_t *ev)
{
	bool per_cpu = FALSE;
	array_t *sas;

	sas = array_create(sizeof(struct nfipsec_sa), 0);
	/* of SAs of several CPUs one more may be wanted */
	if (this->policies->lacks(this->policies, ev->policy, sas, &per_cpu) &&
		!has_one(this, ev, sas) && (per_cpu || !array_count(sas)))
	{
		negotiate(ev);
	}
	array_destroy(sas);
}

/*
 * see header file
 */
bool kernel_nfipsec_acquire_from(const struct nfipsec_acquire *from,
								 kernel_nfipsec_acquire_t *to)
{
	if (!from->tmpls)
	{
		return FALSE;
	}
	to->policy = from->policy;
	to->reqid = from->tmpl[0].reqid;
	to->has_cpu = from->has & NFIPSEC_HAS(NFIPSEC_A_ACQUIRE_CPU);
	to->cpu = from->cpu;
	to->packet = from->packet;
	return TRUE;
}

/**
 * An SA that packets wait for, of a list of all.
 */
static int acquire_again(const struct nfipsec_acquire *ev, void *arg)
{
	kernel_nfipsec_acquire_t acq;

	if (kernel_nfipsec_acquire_from(ev, &acq))
	{
		acquire(arg, &acq);
	}
	return 0;
}

/**
 * Whether a limit was reached.
 */
static bool reached(uint64_t limit, uint64_t value)
{
	return limit && value >= limit;
}

/**
 * The last sequence number of an SA that sends, 0 if there is none.
 */
static uint64_t seq_limit(const struct nfipsec_sa *sa)
{
	if (sa->dir != NFIPSEC_DIR_OUT ||
		(sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER))
	{
		return 0;
	}
	return sa->flags & NFIPSEC_SA_FLAG_ESN ? UINT64_MAX - (1 << 20)
										   : UINT32_MAX;
}

/**
 * Tell of an SA again that has reached a soft limit, or has no sequence numbers
 * any more. One at a hard limit is not there.
 */
static int expire_again(const struct nfipsec_sa *sa, void *arg)
{
	private_kernel_nfipsec_teller_t *this = arg;
	const struct nfipsec_lifetime *l = &sa->lifetime;
	struct nfipsec_expire ev = {
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};
	uint64_t seq = seq_limit(sa), age = 0;

	if (!this->sas->age(this->sas, sa, &age))
	{	/* nor is it told of it */
		return 0;
	}
	ev.hard = reached(seq, sa->seq_out);
	if (ev.hard || reached(seq / 16 * 15, sa->seq_out) ||
		reached(l->byte_soft, sa->used_bytes) ||
		reached(l->packet_soft, sa->used_packets) ||
		reached(l->time_soft, age))
	{
		expire(this, &ev);
	}
	return 0;
}

/*
 * The daemon ignores what it knows. Of a peer's new mapping the module tells again
 * while packets come from there.
 */
METHOD(kernel_nfipsec_teller_t, resync, void,
	private_kernel_nfipsec_teller_t *this)
{
	struct nfipsec *handle;

	DBG1(DBG_KNL, "nfipsec: events were lost, looking for what they told");
	if (nfipsec_open(&handle) != 0 ||
		nfipsec_acquire_list(handle, acquire_again, this) != 0 ||
		nfipsec_sa_list(handle, expire_again, this) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(handle));
	}
	nfipsec_close(handle);
	this->sas->missing(this->sas, this->socket, TRUE);
}

METHOD(kernel_nfipsec_teller_t, destroy, void,
	private_kernel_nfipsec_teller_t *this)
{
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_teller_t *kernel_nfipsec_teller_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_policies_t *policies,
										kernel_nfipsec_sas_t *sas)
{
	private_kernel_nfipsec_teller_t *this;

	INIT(this,
		.public = {
			.mapping = _mapping,
			.expire = _expire,
			.acquire = _acquire,
			.resync = _resync,
			.destroy = _destroy,
		},
		.socket = socket,
		.policies = policies,
		.sas = sas,
	);
	return &this->public;
}
