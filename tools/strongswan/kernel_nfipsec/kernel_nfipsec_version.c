/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_version.h"

#include <utils/chunk.h>
#include <utils/debug.h>

#include <ctype.h>
#include <errno.h>

/**
 * What precedes the version in the greeting of charon, charon-systemd,
 * charon-cmd and charon-nm.
 */
#define GREETING "strongSwan "

/**
 * Find the version in the executable of the daemon: no library exports it
 * before 6.0.3.
 */
static bool find_version(chunk_t exe, char *buf, size_t size)
{
	char *pos = (char*)exe.ptr, *end = pos + exe.len;
	size_t len;

	while ((pos = memmem(pos, end - pos, GREETING, strlen(GREETING))))
	{
		pos += strlen(GREETING);
		for (len = 0; pos + len < end && len < size - 1; len++)
		{
			if (!isalnum(pos[len]) && pos[len] != '.')
			{
				break;
			}
		}
		if (len && isdigit(pos[0]))
		{
			memcpy(buf, pos, len);
			buf[len] = '\0';
			return TRUE;
		}
	}
	return FALSE;
}

/*
 * see header file
 */
bool kernel_nfipsec_version_check()
{
	char version[32];
	chunk_t *exe;
	bool found;

	exe = chunk_map("/proc/self/exe", FALSE);
	if (!exe)
	{
		DBG1(DBG_KNL, "kernel-nfipsec: unable to read the daemon's executable "
			 "for its version: %s", strerror(errno));
		return FALSE;
	}
	found = find_version(*exe, version, sizeof(version));
	chunk_unmap(exe);
	if (!found)
	{
		DBG1(DBG_KNL, "kernel-nfipsec: version of the daemon not found in its "
			 "executable, this plugin was built for strongSwan %s", VERSION);
		return FALSE;
	}
	if (!streq(version, VERSION))
	{
		DBG1(DBG_KNL, "kernel-nfipsec: this plugin was built for strongSwan %s "
			 "and the daemon is %s: build it again, nothing is installed "
			 "until then", VERSION, version);
		return FALSE;
	}
	return TRUE;
}

/**
 * Takes the arguments of all methods that return a status_t.
 */
static status_t refuse(kernel_ipsec_t *this, ...)
{
	DBG1(DBG_KNL, "kernel-nfipsec: refused, the plugin was built for another "
		 "version of strongSwan");
	return FAILED;
}

/**
 * Same for those that return a bool.
 */
static bool refuse_socket(kernel_ipsec_t *this, ...)
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
		.get_spi = (void*)refuse,
		.get_cpi = (void*)refuse,
		.add_sa = (void*)refuse,
		.update_sa = (void*)refuse,
		.query_sa = (void*)refuse,
		.del_sa = (void*)refuse,
		.flush_sas = (void*)refuse,
		.add_policy = (void*)refuse,
		.query_policy = (void*)refuse,
		.del_policy = (void*)refuse,
		.flush_policies = (void*)refuse,
		.bypass_socket = (void*)refuse_socket,
		.enable_udp_decap = (void*)refuse_socket,
		.destroy = destroy,
	);
	return this;
}
