/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_plugin.h"
#include "kernel_nfipsec_ipsec.h"
#include "kernel_nfipsec_version.h"

#include <daemon.h>
#include <utils/debug.h>

typedef struct private_kernel_nfipsec_plugin_t private_kernel_nfipsec_plugin_t;

/**
 * Private data of the plugin.
 */
struct private_kernel_nfipsec_plugin_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_plugin_t public;
};

/**
 * Set if the daemon is not of the version this was built for.
 */
static bool wrong_version = FALSE;

/**
 * Constructor of the backend, NULL leaves it to the next plugin to provide one.
 */
static kernel_ipsec_t *create_backend(void)
{
	if (wrong_version)
	{
		return kernel_nfipsec_refuse_create();
	}
	return (kernel_ipsec_t*)kernel_nfipsec_ipsec_create();
}

METHOD(plugin_t, get_name, char*,
	private_kernel_nfipsec_plugin_t *this)
{
	return "kernel-nfipsec";
}

METHOD(plugin_t, get_features, int,
	private_kernel_nfipsec_plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK(kernel_ipsec_register, create_backend),
			PLUGIN_PROVIDE(CUSTOM, "kernel-ipsec"),
				/* knows the addresses of this host */
				PLUGIN_SDEPEND(CUSTOM, "kernel-net"),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, destroy, void,
	private_kernel_nfipsec_plugin_t *this)
{
	free(this);
}

plugin_t *kernel_nfipsec_plugin_create(void);

#ifdef PLUGIN_DEFINE
/**
 * Version that this was built for, which the daemon compares since 6.0.3.
 */
const char *kernel_nfipsec_plugin_version = VERSION;

/**
 * A daemon that does not load this plugin uses the next backend, XFRM, and hardly
 * says so. So it gets to see its own version, and if that is not the one this was
 * built for, a backend that refuses.
 */
static void __attribute__((constructor)) adopt_version(void)
{
	static char version[KERNEL_NFIPSEC_VERSION_MAX];

	if (kernel_nfipsec_version_find(version, sizeof(version)))
	{
		kernel_nfipsec_plugin_version = version;
	}
}
#endif

/*
 * Constructor, by its name
 */
plugin_t *kernel_nfipsec_plugin_create()
{
	private_kernel_nfipsec_plugin_t *this;

	if (!kernel_nfipsec_version_check())
	{
		wrong_version = TRUE;
	}
	else if (!lib->caps->keep(lib->caps, CAP_NET_ADMIN))
	{	/* required for every operation of the netlink family */
		DBG1(DBG_KNL, "kernel-nfipsec plugin requires CAP_NET_ADMIN "
			 "capability");
		return NULL;
	}

	INIT(this,
		.public = {
			.plugin = {
				.get_name = _get_name,
				.get_features = _get_features,
				.destroy = _destroy,
			},
		},
	);

	return &this->public.plugin;
}
