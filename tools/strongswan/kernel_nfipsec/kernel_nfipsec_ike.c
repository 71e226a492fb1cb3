/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_ike.h"
#include "kernel_nfipsec_policy.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <netinet/in.h>

#include <daemon.h>
#include <collections/array.h>
#include <collections/linked_list.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>
#include <utils/debug.h>

typedef struct private_kernel_nfipsec_ike_t private_kernel_nfipsec_ike_t;

/**
 * A socket of IKE, bound to any address.
 */
typedef struct {
	/** address family */
	int family;
	/** UDP port */
	uint16_t port;
} ike_socket_t;

/**
 * A local address and port of IKE.
 */
typedef struct {
	/** address */
	struct nfipsec_addr addr;
	/** UDP port */
	uint16_t port;
	/** whether this host has it */
	bool wanted;
	/** of how many directions the policies are in the SPD */
	int installed;
} end_t;

/**
 * Directions of these policies.
 */
static const uint8_t directions[] = { NFIPSEC_DIR_IN, NFIPSEC_DIR_OUT };

/**
 * Private data of kernel_nfipsec_ike_t.
 */
struct private_kernel_nfipsec_ike_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_ike_t public;

	/**
	 * Connection to the kernel module.
	 */
	kernel_nfipsec_socket_t *socket;

	/**
	 * Policies of an earlier run.
	 */
	kernel_nfipsec_leftovers_t *leftovers;

	/**
	 * Protects what follows; taken before the socket.
	 */
	mutex_t *mutex;

	/**
	 * Sockets of IKE, ike_socket_t.
	 */
	array_t *sockets;

	/**
	 * What IKE may use, end_t: each socket with each address of this host.
	 */
	linked_list_t *ends;

	/**
	 * Whether policies are in the SPD for all of these, as they are once the
	 * module is there.
	 */
	bool done;

	/**
	 * Hears of other addresses.
	 */
	kernel_listener_t listener;
};

/**
 * The policy that lets IKE pass in one direction: of this host only, since with
 * any address it would also be for what others send through it.
 */
static void end_policy(end_t *end, uint8_t dir, struct nfipsec_policy *pol)
{
	struct nfipsec_selector *sel = &pol->selector;

	memset(pol, 0, sizeof(*pol));
	pol->dir = dir;
	pol->priority = KERNEL_NFIPSEC_PRIO_IKE;
	pol->action = NFIPSEC_ACTION_BYPASS;
	kernel_nfipsec_set_owner(pol->owner);
	pol->has = NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_SELECTOR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_PRIORITY) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_ACTION) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_OWNER);
	sel->family = end->addr.family;
	sel->proto = IPPROTO_UDP;
	sel->has = NFIPSEC_HAS(NFIPSEC_A_SELECTOR_FAMILY) |
			   NFIPSEC_HAS(NFIPSEC_A_SELECTOR_PROTO);
	if (dir == NFIPSEC_DIR_OUT)
	{
		sel->src = end->addr;
		sel->sport_min = sel->sport_max = end->port;
		sel->has |= NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SRC) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MIN) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MAX);
	}
	else
	{
		sel->dst = end->addr;
		sel->dport_min = sel->dport_max = end->port;
		sel->has |= NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DST) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MIN) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MAX);
	}
}

/**
 * Have the policies of an address and port in the SPD.
 */
static int end_install(private_kernel_nfipsec_ike_t *this,
					   struct nfipsec *handle, end_t *end)
{
	struct nfipsec_policy pol;
	uint32_t index;
	int err;

	while (end->installed < countof(directions))
	{
		end_policy(end, directions[end->installed], &pol);
		err = this->leftovers->install(this->leftovers, handle, &pol, &index);
		if (err)
		{
			DBG1(DBG_KNL, "nfipsec: unable to let IKE pass: %s",
				 nfipsec_error(handle));
			return err;
		}
		end->installed++;
	}
	return 0;
}

/**
 * Take the policies of an address and port out of the SPD.
 */
static int end_remove(struct nfipsec *handle, end_t *end)
{
	struct nfipsec_policy pol;
	int err = 0;

	while (err != -ENODEV && end->installed)
	{
		end_policy(end, directions[--end->installed], &pol);
		err = nfipsec_policy_del(handle, &pol);
	}
	return err;
}

/**
 * Note that IKE may use an address and port.
 */
static void end_want(private_kernel_nfipsec_ike_t *this, host_t *host,
					 uint16_t port)
{
	struct nfipsec_addr addr;
	enumerator_t *enumerator;
	end_t *end, *found = NULL;

	kernel_nfipsec_host2addr(host, &addr);
	enumerator = this->ends->create_enumerator(this->ends);
	while (!found && enumerator->enumerate(enumerator, &end))
	{
		if (end->port == port && memeq(&end->addr, &addr, sizeof(addr)))
		{
			found = end;
		}
	}
	enumerator->destroy(enumerator);
	if (!found)
	{
		INIT(found,
			.addr = addr,
			.port = port,
		);
		this->ends->insert_last(this->ends, found);
	}
	found->wanted = TRUE;
}

/**
 * Note that IKE may use an address of this host.
 */
static void address_want(private_kernel_nfipsec_ike_t *this, host_t *host)
{
	ike_socket_t socket;
	int i;

	for (i = 0; array_get(this->sockets, i, &socket); i++)
	{
		if (socket.family == host->get_family(host))
		{
			end_want(this, host, socket.port);
		}
	}
}

/**
 * Look which addresses this host has. Not those that the daemon knows: it leaves out
 * what it would not choose to send from, as deprecated ones, but peers may send
 * there and it answers. FALSE if that cannot be said, and all is what it was.
 */
static bool look(private_kernel_nfipsec_ike_t *this)
{
	struct ifaddrs *addrs, *at;
	enumerator_t *enumerator;
	host_t *host;
	end_t *end;

	if (getifaddrs(&addrs) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: unable to get the addresses of this host: %s",
			 strerror(errno));
		return FALSE;
	}
	enumerator = this->ends->create_enumerator(this->ends);
	while (enumerator->enumerate(enumerator, &end))
	{
		end->wanted = FALSE;
	}
	enumerator->destroy(enumerator);

	for (at = addrs; at; at = at->ifa_next)
	{	/* some are of AF_PACKET, or none */
		host = at->ifa_addr ? host_create_from_sockaddr(at->ifa_addr) : NULL;
		if (host)
		{
			address_want(this, host);
			host->destroy(host);
		}
	}
	freeifaddrs(addrs);
	return TRUE;
}

/**
 * Have policies for IKE for the addresses that this host has now, and no others.
 */
static bool update(private_kernel_nfipsec_ike_t *this)
{
	enumerator_t *enumerator;
	struct nfipsec *handle;
	end_t *end;
	int err = 0;

	this->done = FALSE;
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FALSE;
	}
	this->done = look(this);
	enumerator = this->ends->create_enumerator(this->ends);
	/* without the module it is the same for all */
	while (err != -ENODEV && enumerator->enumerate(enumerator, &end))
	{
		if (!end->wanted)
		{
			err = end_remove(handle, end);
			this->ends->remove_at(this->ends, enumerator);
			free(end);
		}
		else
		{
			err = end_install(this, handle, end);
			this->done = this->done && !err;
		}
	}
	enumerator->destroy(enumerator);
	this->socket->release(this->socket);
	return this->done;
}

/**
 * Addresses have changed.
 */
static job_requeue_t readdress(private_kernel_nfipsec_ike_t *this)
{
	this->mutex->lock(this->mutex);
	update(this);
	this->mutex->unlock(this->mutex);
	return JOB_REQUEUE_NONE;
}

METHOD(kernel_listener_t, roam, bool,
	kernel_listener_t *listener, bool address)
{
	private_kernel_nfipsec_ike_t *this;

	if (address)
	{	/* not under the lock that this is called with */
		this = (void*)((char*)listener -
					   offsetof(private_kernel_nfipsec_ike_t, listener));
		lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create((callback_job_cb_t)readdress, this,
										NULL, NULL));
	}
	return TRUE;
}

METHOD(kernel_nfipsec_ike_t, bypass, bool,
	private_kernel_nfipsec_ike_t *this, int family, uint16_t port)
{
	ike_socket_t socket = {
		.family = family,
		.port = port,
	};
	bool done;

	this->mutex->lock(this->mutex);
	array_insert(this->sockets, ARRAY_TAIL, &socket);
	done = update(this);
	this->mutex->unlock(this->mutex);
	return done;
}

METHOD(kernel_nfipsec_ike_t, ready, bool,
	private_kernel_nfipsec_ike_t *this)
{
	bool done;

	this->mutex->lock(this->mutex);
	done = this->done || update(this);
	this->mutex->unlock(this->mutex);
	return done;
}

METHOD(kernel_nfipsec_ike_t, reinstall, void,
	private_kernel_nfipsec_ike_t *this)
{
	enumerator_t *enumerator;
	end_t *end;

	this->mutex->lock(this->mutex);
	enumerator = this->ends->create_enumerator(this->ends);
	while (enumerator->enumerate(enumerator, &end))
	{
		end->installed = 0;
	}
	enumerator->destroy(enumerator);
	update(this);
	this->mutex->unlock(this->mutex);
}

METHOD(kernel_nfipsec_ike_t, destroy, void,
	private_kernel_nfipsec_ike_t *this)
{
	struct nfipsec *handle = NULL;
	end_t *end;
	int err = 0;

	charon->kernel->remove_listener(charon->kernel, &this->listener);
	if (this->ends->get_count(this->ends))
	{
		handle = this->socket->get(this->socket);
	}
	while (this->ends->remove_first(this->ends, (void**)&end) == SUCCESS)
	{
		if (handle && err != -ENODEV)
		{
			err = end_remove(handle, end);
		}
		free(end);
	}
	if (handle)
	{
		this->socket->release(this->socket);
	}
	this->ends->destroy(this->ends);
	array_destroy(this->sockets);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_ike_t *kernel_nfipsec_ike_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_leftovers_t *leftovers)
{
	private_kernel_nfipsec_ike_t *this;

	INIT(this,
		.public = {
			.bypass = _bypass,
			.ready = _ready,
			.reinstall = _reinstall,
			.destroy = _destroy,
		},
		.socket = socket,
		.leftovers = leftovers,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.sockets = array_create(sizeof(ike_socket_t), 0),
		.ends = linked_list_create(),
		.listener = {
			.roam = _roam,
		},
	);

	charon->kernel->add_listener(charon->kernel, &this->listener);
	return &this->public;
}
