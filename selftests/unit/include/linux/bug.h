/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_BUG_H
#define UNIT_LINUX_BUG_H

#include <stdlib.h>

/* What must not be is not survived here. */
#define WARN_ON_ONCE(cond) \
	({ \
		if (cond) \
			abort(); \
		0; \
	})

#endif
