/* SPDX-License-Identifier: GPL-2.0 */
/* Events as they come. */
#ifndef NFIPSEC_MONITOR_H
#define NFIPSEC_MONITOR_H

#include "arg.h"

void event_print(FILE *out, const struct nfipsec_event *ev);
struct json_object *event_json(const struct nfipsec_event *ev);

int cmd_monitor(struct args *a);

#endif
