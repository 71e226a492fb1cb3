/* SPDX-License-Identifier: GPL-2.0 */
/* SAs that packets wait for. */
#ifndef NFIPSEC_ACQUIRE_H
#define NFIPSEC_ACQUIRE_H

#include "arg.h"
#include "json.h"

void acquire_print(FILE *out, const struct nfipsec_acquire *acq);
void acquire_json(struct json_object *o, const struct nfipsec_acquire *acq);

int cmd_acquire_list(struct args *a);

#endif
