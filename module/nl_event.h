/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: the multicast group of the family, and what is sent to it.
 */
#ifndef NFIPSEC_NL_EVENT_H
#define NFIPSEC_NL_EVENT_H

#include <net/genetlink.h>

#include "event.h"
#include "nl-gen.h"

extern const struct genl_multicast_group
nfipsec_nl_groups[NFIPSEC_NLGRP_CHANGES + 1];
extern const struct nfipsec_event_ops nfipsec_nl_event_ops;

#endif
