/* SPDX-License-Identifier: GPL-2.0 */
/* Templates as words, as text and as JSON. */
#ifndef NFIPSEC_TMPL_H
#define NFIPSEC_TMPL_H

#include "arg.h"
#include "json.h"

int word_tmpl(struct args *a, void *obj, const struct word *w);

bool tmpl_known(const struct nfipsec_tmpl *tmpl);
void tmpl_print(FILE *out, const struct nfipsec_tmpl *tmpl);
void tmpl_asked_print(FILE *out, const struct nfipsec_tmpl *tmpl,
		      const char *before);
void tmpls_json(struct json_object *o, const struct nfipsec_tmpl *tmpl,
		unsigned int n);

#endif
