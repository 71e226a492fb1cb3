/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_shared.h"

#include <errno.h>
#include <netinet/in.h>

#include <library.h>
#include <threading/mutex.h>
#include <utils/debug.h>

/**
 * Size of what the kernel takes as the name of an owner, with the NUL.
 */
#define OWNER_MAX 16

typedef struct private_kernel_nfipsec_socket_t private_kernel_nfipsec_socket_t;

/**
 * Private data of kernel_nfipsec_socket_t.
 */
struct private_kernel_nfipsec_socket_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_socket_t public;

	/**
	 * Held by who has the handle.
	 */
	mutex_t *mutex;

	/**
	 * Handle, NULL if not connected.
	 */
	struct nfipsec *handle;
};

METHOD(kernel_nfipsec_socket_t, get, struct nfipsec*,
	private_kernel_nfipsec_socket_t *this)
{
	int err;

	this->mutex->lock(this->mutex);
	if (!this->handle)
	{
		err = nfipsec_open(&this->handle);
		if (err && err != -ENOENT)
		{
			DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(this->handle));
			nfipsec_close(this->handle);
			this->handle = NULL;
			this->mutex->unlock(this->mutex);
			return NULL;
		}
	}
	return this->handle;
}

METHOD(kernel_nfipsec_socket_t, answers, bool,
	private_kernel_nfipsec_socket_t *this)
{
	struct nfipsec *handle;
	int err;

	handle = get(this);
	if (!handle)
	{
		return FALSE;
	}
	err = nfipsec_stats_get(handle, NULL, NULL, NULL);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(handle));
	}
	this->mutex->unlock(this->mutex);
	return err == 0;
}

METHOD(kernel_nfipsec_socket_t, release, void,
	private_kernel_nfipsec_socket_t *this)
{
	this->mutex->unlock(this->mutex);
}

METHOD(kernel_nfipsec_socket_t, destroy, void,
	private_kernel_nfipsec_socket_t *this)
{
	nfipsec_close(this->handle);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_socket_t *kernel_nfipsec_socket_create()
{
	private_kernel_nfipsec_socket_t *this;

	INIT(this,
		.public = {
			.get = _get,
			.release = _release,
			.answers = _answers,
			.destroy = _destroy,
		},
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}

/*
 * see header file
 */
void kernel_nfipsec_set_owner(char *owner)
{
	snprintf(owner, OWNER_MAX, "%s", lib->ns);
}

/*
 * see header file
 */
bool kernel_nfipsec_owns(const char *owner)
{
	char own[NFIPSEC_NAME_MAX];

	kernel_nfipsec_set_owner(own);
	return streq(owner, own);
}

/*
 * see header file
 */
void kernel_nfipsec_host2addr(host_t *host, struct nfipsec_addr *addr)
{
	chunk_t address = host->get_address(host);

	memset(addr, 0, sizeof(*addr));
	addr->family = host->get_family(host);
	memcpy(addr->bytes, address.ptr, min(address.len, sizeof(addr->bytes)));
}

/*
 * see header file
 */
host_t *kernel_nfipsec_addr2host(const struct nfipsec_addr *addr, uint16_t port)
{
	return host_create_from_chunk(addr->family,
					chunk_create((u_char*)addr->bytes,
								 addr->family == AF_INET ? 4 : 16), port);
}

/**
 * Set one address range of a selector: nothing for any address, a prefix where
 * it is one, else its ends.
 */
static void set_range(traffic_selector_t *ts, uint64_t *has,
					  int attr, struct nfipsec_addr *addr,
					  int attr_plen, uint8_t *plen,
					  int attr_end, struct nfipsec_addr *end)
{
	chunk_t to;
	host_t *net;
	bool exact;

	exact = ts->to_subnet(ts, &net, plen);
	if (exact)
	{
		if (*plen)
		{
			kernel_nfipsec_host2addr(net, addr);
			*has |= NFIPSEC_HAS(attr) | NFIPSEC_HAS(attr_plen);
		}
	}
	else
	{
		*plen = 0;
		to = ts->get_from_address(ts);
		addr->family = end->family = net->get_family(net);
		memcpy(addr->bytes, to.ptr, min(to.len, sizeof(addr->bytes)));
		to = ts->get_to_address(ts);
		memcpy(end->bytes, to.ptr, min(to.len, sizeof(end->bytes)));
		*has |= NFIPSEC_HAS(attr) | NFIPSEC_HAS(attr_end);
	}
	net->destroy(net);
}

/**
 * Whether packets of a protocol have a type and no ports.
 */
static bool has_types(const struct nfipsec_selector *sel)
{
	if (sel->family == AF_INET)
	{
		return sel->proto == IPPROTO_ICMP;
	}
	return sel->proto == IPPROTO_ICMPV6 || sel->proto == IPPROTO_MH;
}

/**
 * Whether a traffic selector is for any port.
 */
static bool any_port(traffic_selector_t *ts)
{
	return ts->get_from_port(ts) == 0 && ts->get_to_port(ts) == 0xffff;
}

/**
 * Set one port range of a selector. From 65535 to 0 is OPAQUE, here and there.
 */
static void set_ports(traffic_selector_t *ts, uint64_t *has, int attr_min,
					  uint16_t *lowest, int attr_max, uint16_t *highest)
{
	if (!any_port(ts))
	{
		*lowest = ts->get_from_port(ts);
		*highest = ts->get_to_port(ts);
		*has |= NFIPSEC_HAS(attr_min) | NFIPSEC_HAS(attr_max);
	}
}

/**
 * Set the types of a selector, which traffic selectors have as their ports. A
 * packet has one, whichever end it is given for.
 */
static bool set_types(traffic_selector_t *src, traffic_selector_t *dst,
					  struct nfipsec_selector *sel)
{
	traffic_selector_t *ts = any_port(src) ? dst : src;

	if (!any_port(dst) &&
		(ts->get_from_port(ts) != dst->get_from_port(dst) ||
		 ts->get_to_port(ts) != dst->get_to_port(dst)))
	{
		DBG1(DBG_KNL, "nfipsec: traffic selectors %R and %R have different "
			 "types, which is not supported", src, dst);
		return FALSE;
	}
	set_ports(ts, &sel->has, NFIPSEC_A_SELECTOR_TYPE_MIN, &sel->type_min,
			  NFIPSEC_A_SELECTOR_TYPE_MAX, &sel->type_max);
	if (sel->proto == IPPROTO_MH && sel->type_min <= sel->type_max &&
		!any_port(ts))
	{	/* it has no code */
		sel->type_max |= 0xff;
	}
	return TRUE;
}

/*
 * see header file
 */
bool kernel_nfipsec_ts2selector(traffic_selector_t *src,
								traffic_selector_t *dst,
								struct nfipsec_selector *sel)
{
	memset(sel, 0, sizeof(*sel));
	if (src->get_type(src) != dst->get_type(dst))
	{
		DBG1(DBG_KNL, "nfipsec: traffic selectors %R and %R are not of one "
			 "address family", src, dst);
		return FALSE;
	}
	sel->family = src->get_type(src) == TS_IPV4_ADDR_RANGE ? AF_INET : AF_INET6;
	sel->has = NFIPSEC_HAS(NFIPSEC_A_SELECTOR_FAMILY);
	sel->proto = max(src->get_protocol(src), dst->get_protocol(dst));
	if (sel->proto)
	{
		sel->has |= NFIPSEC_HAS(NFIPSEC_A_SELECTOR_PROTO);
	}
	set_range(src, &sel->has, NFIPSEC_A_SELECTOR_SRC, &sel->src,
			  NFIPSEC_A_SELECTOR_SRC_PLEN, &sel->src_plen,
			  NFIPSEC_A_SELECTOR_SRC_END, &sel->src_end);
	set_range(dst, &sel->has, NFIPSEC_A_SELECTOR_DST, &sel->dst,
			  NFIPSEC_A_SELECTOR_DST_PLEN, &sel->dst_plen,
			  NFIPSEC_A_SELECTOR_DST_END, &sel->dst_end);
	if (has_types(sel))
	{
		return set_types(src, dst, sel);
	}
	set_ports(src, &sel->has, NFIPSEC_A_SELECTOR_SPORT_MIN, &sel->sport_min,
			  NFIPSEC_A_SELECTOR_SPORT_MAX, &sel->sport_max);
	set_ports(dst, &sel->has, NFIPSEC_A_SELECTOR_DPORT_MIN, &sel->dport_min,
			  NFIPSEC_A_SELECTOR_DPORT_MAX, &sel->dport_max);
	return TRUE;
}

/*
 * see header file
 */
bool kernel_nfipsec_mode(ipsec_mode_t mode, uint8_t *out)
{
	switch (mode)
	{
		case MODE_TRANSPORT:
			*out = NFIPSEC_MODE_TRANSPORT;
			return TRUE;
		case MODE_TUNNEL:
			*out = NFIPSEC_MODE_TUNNEL;
			return TRUE;
		case MODE_BEET:
			*out = NFIPSEC_MODE_BEET;
			return TRUE;
		default:
			DBG1(DBG_KNL, "nfipsec: IPsec mode %N is not supported",
				 ipsec_mode_names, mode);
			return FALSE;
	}
}
