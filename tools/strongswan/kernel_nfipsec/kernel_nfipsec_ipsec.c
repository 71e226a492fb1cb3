/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_ipsec.h"
#include "kernel_nfipsec_events.h"
#include "kernel_nfipsec_later.h"
#include "kernel_nfipsec_leftovers.h"
#include "kernel_nfipsec_module.h"
#include "kernel_nfipsec_policies.h"
#include "kernel_nfipsec_sa.h"
#include "kernel_nfipsec_sad.h"
#include "kernel_nfipsec_sas.h"
#include "kernel_nfipsec_shared.h"

#include <errno.h>

#include <daemon.h>
#include <utils/debug.h>

/**
 * CPIs that are negotiated and not well-known, RFC 3173 section 3.3.
 */
#define CPI_MIN 0x100
#define CPI_MAX 0xEFFF

typedef struct private_kernel_nfipsec_ipsec_t private_kernel_nfipsec_ipsec_t;

/**
 * Private data of kernel_nfipsec_ipsec_t.
 */
struct private_kernel_nfipsec_ipsec_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_ipsec_t public;

	/**
	 * Connection to the kernel module.
	 */
	kernel_nfipsec_socket_t *socket;

	/**
	 * What an earlier run left.
	 */
	kernel_nfipsec_leftovers_t *leftovers;

	/**
	 * Policies.
	 */
	kernel_nfipsec_policies_t *policies;

	/**
	 * SAs that were installed.
	 */
	kernel_nfipsec_sas_t *sas;

	/**
	 * Notices that the module comes or goes.
	 */
	kernel_nfipsec_module_t *module;

	/**
	 * Asks for the module once it has gone.
	 */
	kernel_nfipsec_later_t *asker;

	/**
	 * What the kernel module tells, NULL if it is not there. Changed by calls
	 * of module_changed(), of which there is one at a time.
	 */
	kernel_nfipsec_events_t *events;

	/**
	 * Range of SPIs of this host.
	 */
	uint32_t spi_min, spi_max;
};

/**
 * Ask for the module, by a request. If it is loaded for that, it is noticed as
 * whenever else it comes.
 */
static void ask(private_kernel_nfipsec_ipsec_t *this)
{
	this->socket->answers(this->socket);
}

/**
 * While it is still going the kernel cannot load it. That is over within a second or
 * two, but then nothing would ask until the daemon wants something of it.
 */
static void ask_later(private_kernel_nfipsec_ipsec_t *this)
{
	static const uint32_t after[] = { 2, 10, 30 };
	int i;

	for (i = 0; i < countof(after); i++)
	{
		this->asker->run_after(this->asker, after[i]);
	}
}

/**
 * The module has come or gone, or both. When it goes, so does all that was in it,
 * and nothing is protected. When it is back, first of all nothing may leave in the
 * clear any more; then the daemon has SAs negotiated in place of those that it
 * takes to be there, since nobody has their keys but it.
 */
static void module_changed(private_kernel_nfipsec_ipsec_t *this)
{
	u_int policies, sas;

	this->leftovers->forget(this->leftovers);
	DESTROY_IF(this->events);
	this->events = NULL;
	if (!this->socket->answers(this->socket))
	{
		DBG1(DBG_KNL, "nfipsec: the kernel module was unloaded, and all SAs and "
			 "policies with it: nothing is protected until it is loaded again");
		ask_later(this);
		return;
	}
	policies = this->policies->reinstall(this->policies);
	this->events = kernel_nfipsec_events_create(this->socket, this->policies,
												this->sas);
	sas = this->sas->missing(this->sas, this->socket, FALSE);
	DBG1(DBG_KNL, "nfipsec: the kernel module was loaded: installed %u policies "
		 "again, %u CHILD_SAs are rekeyed", policies, sas);
}

METHOD(kernel_ipsec_t, get_features, kernel_feature_t,
	private_kernel_nfipsec_ipsec_t *this)
{
	return KERNEL_ESP_V3_TFC | KERNEL_POLICY_SPI
#ifdef HAVE_KERNEL_SA_USE_TIME
		   | KERNEL_SA_USE_TIME
#endif
#ifdef HAVE_KERNEL_ACQUIRE_SEQ
		   /* that is, what a trap asked for may get a reqid of its own: packets
			* that wait look at all policies again, whatever was added */
		   | KERNEL_ACQUIRE_SEQ
#endif
		   ;
}

/**
 * Reserve an SPI, or a CPI, in a range.
 */
static status_t reserve(private_kernel_nfipsec_ipsec_t *this, host_t *src,
						host_t *dst, uint8_t protocol, uint32_t min,
						uint32_t max, uint32_t *spi)
{
	struct nfipsec_sa want, sa;
	struct nfipsec *handle;
	int err;

	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FAILED;
	}
	kernel_nfipsec_sa_key(src, dst, protocol, 0, &want);
	want.spi_min = min;
	want.spi_max = max;
	kernel_nfipsec_set_owner(want.owner);
	want.has |= NFIPSEC_HAS(NFIPSEC_A_SA_OWNER) |
				NFIPSEC_HAS(NFIPSEC_A_SA_SPI_MIN) |
				NFIPSEC_HAS(NFIPSEC_A_SA_SPI_MAX);
	err = nfipsec_sa_allocspi(handle, &want, &sa);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to get an SPI: %s",
			 nfipsec_error(handle));
	}
	this->socket->release(this->socket);
	if (err)
	{
		return FAILED;
	}
	*spi = htonl(sa.spi);
	DBG2(DBG_KNL, "nfipsec: got SPI %.8x", sa.spi);
	return SUCCESS;
}

METHOD(kernel_ipsec_t, get_spi, status_t,
	private_kernel_nfipsec_ipsec_t *this, host_t *src, host_t *dst,
	uint8_t protocol, uint32_t *spi)
{
	return reserve(this, src, dst, protocol, this->spi_min, this->spi_max, spi);
}

METHOD(kernel_ipsec_t, get_cpi, status_t,
	private_kernel_nfipsec_ipsec_t *this, host_t *src, host_t *dst,
	uint16_t *cpi)
{
	uint32_t spi;
	status_t status;

	status = reserve(this, src, dst, IPPROTO_COMP, CPI_MIN, CPI_MAX, &spi);
	if (status == SUCCESS)
	{
		*cpi = htons(ntohl(spi));
	}
	return status;
}

/**
 * Whether what has the key of an SA that could not be added is not the SPI, or
 * CPI, that was reserved for it. That one the daemon deletes.
 */
static bool is_others(kernel_ipsec_add_sa_t *data, int err)
{
	return !data->update || err == -EEXIST;
}

/**
 * Add an SA, and the one of IPComp that it may have; neither of them if that fails.
 * What is in their place then is set to be refused.
 */
static status_t try_add(private_kernel_nfipsec_ipsec_t *this,
						kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data,
						bool *refuse, bool *refuse_comp)
{
	struct nfipsec *handle;
	struct nfipsec_sa sa, comp;
	bool has_comp;
	int err = 0;

	*refuse = *refuse_comp = is_others(data, 0);
	if (!kernel_nfipsec_sa_supported(id, data))
	{
		return NOT_SUPPORTED;
	}
	has_comp = kernel_nfipsec_sa_has_comp(data);
	if (!kernel_nfipsec_sa_set(id, data, &sa) ||
		(has_comp && !kernel_nfipsec_sa_set_comp(id, data, &comp)))
	{
		return FAILED;
	}
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FAILED;
	}
	/* before there can be events about it */
	this->sas->add(this->sas, &sa, NULL);
	if (has_comp)
	{
		err = kernel_nfipsec_sad_add(this->leftovers, handle, &comp, data->update);
		*refuse_comp = is_others(data, err);
	}
	if (!err)
	{
		err = kernel_nfipsec_sad_add(this->leftovers, handle, &sa, data->update);
		*refuse = is_others(data, err);
		if (err && has_comp)
		{
			nfipsec_sa_del(handle, &comp);
		}
	}
	this->socket->release(this->socket);
	if (err)
	{
		this->sas->remove(this->sas, &sa);
		return FAILED;
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, add_sa, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_add_sa_t *data)
{
	struct nfipsec_sa key, comp;
	bool refuse, refuse_comp;
	status_t status;

	kernel_nfipsec_sa_key(id->src, id->dst, id->proto, id->spi, &key);
	kernel_nfipsec_sa_key(id->src, id->dst, IPPROTO_COMP,
						  kernel_nfipsec_cpi2spi(data->cpi), &comp);
	/* of another CHILD_SA, whose object was where this one's is */
	this->sas->refused(this->sas, &key, id->dst);
	this->sas->refused(this->sas, &comp, id->dst);
	status = try_add(this, id, data, &refuse, &refuse_comp);
	if (status != SUCCESS && refuse)
	{
		this->sas->refuse(this->sas, &key, id->dst);
	}
	if (status != SUCCESS && refuse_comp && data->cpi)
	{
		this->sas->refuse(this->sas, &comp, id->dst);
	}
	return status;
}

METHOD(kernel_ipsec_t, update_sa, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	struct nfipsec_move move;
	struct nfipsec_sa key;
	struct nfipsec *handle;
	struct nfipsec_sa to;
	int err;

	if (!kernel_nfipsec_sa_set_move(id, data, &move))
	{
		return SUCCESS;
	}
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FAILED;
	}
	kernel_nfipsec_sa_key(id->src, id->dst, id->proto, id->spi, &key);
	/* in between, its events are about either place */
	to = key;
	kernel_nfipsec_host2addr(data->new_dst, &to.dst);
	to.dir = this->sas->dir(this->sas, &key);
	this->sas->add(this->sas, &to, &key.dst);
	err = kernel_nfipsec_sad_move(handle, id, data, &key, &move);
	this->sas->remove(this->sas, err ? &to : &key);
	this->socket->release(this->socket);
	/* the daemon negotiates another one then */
	return err ? NOT_SUPPORTED : SUCCESS;
}

METHOD(kernel_ipsec_t, query_sa, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets,
	time_t *time)
{
	struct nfipsec *handle;
	struct nfipsec_sa key, sa;
	int err;

	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FAILED;
	}
	kernel_nfipsec_sa_key(id->src, id->dst, id->proto, id->spi, &key);
	err = nfipsec_sa_get(handle, &key, &sa);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to query SA with SPI %.8x: %s", key.spi,
			 nfipsec_error(handle));
	}
	this->socket->release(this->socket);
	if (err)
	{
		return err == -ENOENT ? NOT_FOUND : FAILED;
	}
	if (bytes)
	{
		*bytes = sa.bytes;
	}
	if (packets)
	{
		*packets = sa.packets;
	}
	if (time)
	{
		*time = kernel_nfipsec_sa_use_time(&sa);
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, del_sa, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_del_sa_t *data)
{
	struct nfipsec *handle;
	struct nfipsec_sa key, comp;
	bool refused;
	int err;

	kernel_nfipsec_sa_key(id->src, id->dst, id->proto, id->spi, &key);
	refused = this->sas->refused(this->sas, &key, id->dst);
	if (!refused)
	{
		this->sas->remove(this->sas, &key);
	}
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FAILED;
	}
	err = refused ? -ENOENT : kernel_nfipsec_sad_del(handle, &key);
	kernel_nfipsec_sa_key(id->src, id->dst, IPPROTO_COMP,
						  kernel_nfipsec_cpi2spi(data->cpi), &comp);
	if (data->cpi && !this->sas->refused(this->sas, &comp, id->dst))
	{	/* also one that was reserved for nothing; has moved with the other */
		comp.dst = key.dst;
		kernel_nfipsec_sad_del(handle, &comp);
	}
	this->socket->release(this->socket);
	if (err)
	{	/* gone by itself at its hard lifetime, or as a reservation */
		return err == -ENOENT ? NOT_FOUND : FAILED;
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, flush_sas, status_t,
	private_kernel_nfipsec_ipsec_t *this)
{
	char owner[NFIPSEC_NAME_MAX];
	struct nfipsec *handle;
	int err;

	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FAILED;
	}
	kernel_nfipsec_set_owner(owner);
	err = nfipsec_sa_flush(handle, owner);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to delete all SAs: %s",
			 nfipsec_error(handle));
	}
	this->socket->release(this->socket);
	return err ? FAILED : SUCCESS;
}

METHOD(kernel_ipsec_t, add_policy, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	if (id->dir == POLICY_FWD)
	{	/* what is forwarded is covered by the inbound policy */
		return SUCCESS;
	}
	return this->policies->add(this->policies, id, data);
}

/*
 * Policies count packets and not time, but SAs know when they were last used. Where
 * no time comes of policies the daemon takes that of the SA, and versions that know
 * of KERNEL_SA_USE_TIME ask for no other.
 */
METHOD(kernel_ipsec_t, query_policy, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_query_policy_t *data, time_t *use_time)
{
	if (use_time)
	{
		*use_time = 0;
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, del_policy, status_t,
	private_kernel_nfipsec_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	if (id->dir == POLICY_FWD)
	{
		return SUCCESS;
	}
	return this->policies->del(this->policies, id, data);
}

METHOD(kernel_ipsec_t, flush_policies, status_t,
	private_kernel_nfipsec_ipsec_t *this)
{
	return this->policies->flush(this->policies);
}

METHOD(kernel_ipsec_t, bypass_socket, bool,
	private_kernel_nfipsec_ipsec_t *this, int fd, int family)
{
	struct sockaddr_storage addr = {};
	socklen_t len = sizeof(addr);
	host_t *host;
	uint16_t port;

	if (getsockname(fd, (struct sockaddr*)&addr, &len) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: unable to get the port of a socket: %s",
			 strerror(errno));
		return FALSE;
	}
	host = host_create_from_sockaddr((struct sockaddr*)&addr);
	port = host ? host->get_port(host) : 0;
	DESTROY_IF(host);
	/* without a port it sends from a raw socket, as socket-dynamic's may */
	return port && this->policies->bypass(this->policies, family, port);
}

METHOD(kernel_ipsec_t, enable_udp_decap, bool,
	private_kernel_nfipsec_ipsec_t *this, int fd, int family, uint16_t port)
{
	/* ESP in UDP is recognised by the ports of the SAs, before any socket */
	return TRUE;
}

METHOD(kernel_ipsec_t, destroy, void,
	private_kernel_nfipsec_ipsec_t *this)
{
	DESTROY_IF(this->module);
	this->asker->destroy(this->asker);
	DESTROY_IF(this->events);
	this->policies->destroy(this->policies);
	this->sas->destroy(this->sas);
	this->leftovers->destroy(this->leftovers);
	this->socket->destroy(this->socket);
	free(this);
}

/**
 * Connect to the kernel module. Without it the backend can still be there, and
 * fail at what it is asked for until the module is loaded.
 */
static bool connect_module(private_kernel_nfipsec_ipsec_t *this)
{
	if (this->socket->answers(this->socket))
	{
		return TRUE;
	}
	if (lib->settings->get_bool(lib->settings,
				"%s.plugins.kernel-nfipsec.fallback", FALSE, lib->ns))
	{
		DBG1(DBG_KNL, "nfipsec: falling back to the next IPsec backend");
		return FALSE;
	}
	DBG1(DBG_KNL, "nfipsec: no SA can be installed until the module is loaded");
	return TRUE;
}

/*
 * see header file
 */
kernel_nfipsec_ipsec_t *kernel_nfipsec_ipsec_create()
{
	private_kernel_nfipsec_ipsec_t *this;
	uint32_t a, b;

	INIT(this,
		.public = {
			.interface = {
				.get_features = _get_features,
				.get_spi = _get_spi,
				.get_cpi = _get_cpi,
				.add_sa = _add_sa,
				.update_sa = _update_sa,
				.query_sa = _query_sa,
				.del_sa = _del_sa,
				.flush_sas = _flush_sas,
				.add_policy = _add_policy,
				.query_policy = _query_policy,
				.del_policy = _del_policy,
				.flush_policies = _flush_policies,
				.bypass_socket = _bypass_socket,
				.enable_udp_decap = _enable_udp_decap,
				.destroy = _destroy,
			},
		},
		.socket = kernel_nfipsec_socket_create(),
	);
	a = lib->settings->get_int(lib->settings, "%s.spi_min", KERNEL_SPI_MIN,
							   lib->ns);
	b = lib->settings->get_int(lib->settings, "%s.spi_max", KERNEL_SPI_MAX,
							   lib->ns);
	this->spi_min = min(a, b);
	this->spi_max = max(a, b);

	if (!connect_module(this))
	{
		this->socket->destroy(this->socket);
		free(this);
		return NULL;
	}
	this->leftovers = kernel_nfipsec_leftovers_create(this->socket);
	this->policies = kernel_nfipsec_policies_create(this->socket,
													this->leftovers);
	this->sas = kernel_nfipsec_sas_create();
	this->asker = kernel_nfipsec_later_create((void*)ask, this,
											  JOB_PRIO_CRITICAL);
	/* no thread reads it until plugins are loaded, and nothing is missed */
	this->module = kernel_nfipsec_module_create((void*)module_changed, this);
	this->events = kernel_nfipsec_events_create(this->socket, this->policies,
												this->sas);
	return &this->public;
}
