/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_version.h"

#include <utils/chunk.h>
#include <utils/debug.h>

#include <ctype.h>

/**
 * What precedes the version in the greeting of charon, charon-systemd,
 * charon-cmd and charon-nm.
 */
#define GREETING "strongSwan "

/**
 * Version that this was built for, in one place for a test that changes it.
 */
static const char *volatile built_for = VERSION;

/**
 * Length of a version number at the start of a text, as "6.0.1"; 0 if there is
 * none.
 */
static size_t version_len(char *pos, char *end)
{
	size_t len = 0;
	u_int dots = 0;

	if (pos < end && !isdigit(*pos))
	{
		return 0;
	}
	while (pos + len < end && (isalnum(pos[len]) || pos[len] == '.'))
	{
		dots += pos[len++] == '.';
	}
	return dots == 2 ? len : 0;
}

/**
 * Find the version in what the daemon says when it starts.
 */
static bool find_greeting(char *pos, char *end, char *buf, size_t size)
{
	size_t len;

	while ((pos = memmem(pos, end - pos, GREETING, strlen(GREETING))))
	{
		pos += strlen(GREETING);
		len = version_len(pos, end);
		if (len && len < size)
		{
			memcpy(buf, pos, len);
			buf[len] = '\0';
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Find a version that is a string of its own, as charon-systemd had it before
 * 6.0. Of nothing else in there.
 */
static bool find_string(char *pos, char *end, char *buf, size_t size)
{
	size_t len;

	while ((pos = memchr(pos, '\0', end - pos)))
	{
		pos++;
		len = version_len(pos, end);
		if (len && len < size && pos + len < end && !pos[len])
		{
			memcpy(buf, pos, len);
			buf[len] = '\0';
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Find the version in the executable of the daemon: no library exports it
 * before 6.0.3.
 */
static bool find_version(chunk_t exe, char *buf, size_t size)
{
	char *pos = (char*)exe.ptr, *end = pos + exe.len;

	return find_greeting(pos, end, buf, size) ||
		   find_string(pos, end, buf, size);
}

/*
 * see header file
 */
bool kernel_nfipsec_version_find(char *buf, size_t size)
{
	chunk_t *exe;
	bool found;

	exe = chunk_map("/proc/self/exe", FALSE);
	if (!exe)
	{
		return FALSE;
	}
	found = find_version(*exe, buf, size);
	chunk_unmap(exe);
	return found;
}

/*
 * see header file
 */
bool kernel_nfipsec_version_check()
{
	char version[KERNEL_NFIPSEC_VERSION_MAX];

	if (!kernel_nfipsec_version_find(version, sizeof(version)))
	{
		DBG1(DBG_KNL, "kernel-nfipsec: version of the daemon not found in its "
			 "executable, this plugin was built for strongSwan %s", built_for);
		return FALSE;
	}
	if (!streq(version, built_for))
	{
		DBG1(DBG_KNL, "kernel-nfipsec: this plugin was built for strongSwan %s "
			 "and the daemon is %s: build it again, nothing is installed "
			 "until then", built_for, version);
		return FALSE;
	}
	return TRUE;
}

/**
 * Answer of all methods that return a status_t.
 */
static status_t refuse()
{
	DBG1(DBG_KNL, "kernel-nfipsec: refused, the plugin was built for another "
		 "version of strongSwan");
	return FAILED;
}

static status_t get_spi(kernel_ipsec_t *this, host_t *src, host_t *dst,
						uint8_t protocol, uint32_t *spi)
{
	return refuse();
}

static status_t get_cpi(kernel_ipsec_t *this, host_t *src, host_t *dst,
						uint16_t *cpi)
{
	return refuse();
}

static status_t add_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_add_sa_t *data)
{
	return refuse();
}

static status_t update_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
						  kernel_ipsec_update_sa_t *data)
{
	return refuse();
}

static status_t query_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
						 kernel_ipsec_query_sa_t *data, uint64_t *bytes,
						 uint64_t *packets, time_t *time)
{
	return refuse();
}

static status_t del_sa(kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_del_sa_t *data)
{
	return refuse();
}

static status_t flush_sas(kernel_ipsec_t *this)
{
	return refuse();
}

static status_t add_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
						   kernel_ipsec_manage_policy_t *data)
{
	return refuse();
}

static status_t query_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
							 kernel_ipsec_query_policy_t *data,
							 time_t *use_time)
{
	return refuse();
}

static status_t del_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
						   kernel_ipsec_manage_policy_t *data)
{
	return refuse();
}

static status_t flush_policies(kernel_ipsec_t *this)
{
	return refuse();
}

static bool bypass_socket(kernel_ipsec_t *this, int fd, int family)
{
	return FALSE;
}

static bool enable_udp_decap(kernel_ipsec_t *this, int fd, int family,
							 uint16_t port)
{
	return FALSE;
}

static kernel_feature_t get_features(kernel_ipsec_t *this)
{
	return 0;
}

static void destroy(kernel_ipsec_t *this)
{
	free(this);
}

/*
 * see header file
 */
kernel_ipsec_t *kernel_nfipsec_refuse_create()
{
	kernel_ipsec_t *this;

	INIT(this,
		.get_features = get_features,
		.get_spi = get_spi,
		.get_cpi = get_cpi,
		.add_sa = add_sa,
		.update_sa = update_sa,
		.query_sa = query_sa,
		.del_sa = del_sa,
		.flush_sas = flush_sas,
		.add_policy = add_policy,
		.query_policy = query_policy,
		.del_policy = del_policy,
		.flush_policies = flush_policies,
		.bypass_socket = bypass_socket,
		.enable_udp_decap = enable_udp_decap,
		.destroy = destroy,
	);
	return this;
}
