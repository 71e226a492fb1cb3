// SPDX-License-Identifier: GPL-2.0
/* Events for which there was no room: when is what is asked whole? */
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "fake.h"

static int none(const struct nfipsec_event *ev, void *arg)
{
	(void)ev;
	(void)arg;
	return 0;
}

static void overrun(const char *name)
{
	int first, second, third;
	struct nfipsec *h;

	fake = (struct fake){ .family = FAKE_FAMILY, .groups = true };
	if (nfipsec_open(&h) || nfipsec_event_subscribe(h))
		abort();
	fake_overrun();
	first = nfipsec_event_read(h, none, NULL);
	second = nfipsec_event_read(h, none, NULL);
	third = nfipsec_event_read(h, none, NULL);
	ok(first == -ENOBUFS && !second && third == -ENOBUFS, name,
	   "%d, %d, %d", first, second, third);
	nfipsec_close(h);
}

void test_event(void)
{
	overrun("events: lost, said again behind the last that was there");
}
