/* SPDX-License-Identifier: GPL-2.0 */
/* The outer header of a tunnel: words and printing. */
#ifndef NFIPSEC_OUTER_H
#define NFIPSEC_OUTER_H

#include "arg.h"
#include "json.h"

/* Not of the kernel, which is told nothing then: the word for it was given. */
#define OUTER_DSCP_COPY		63
#define OUTER_HOPS_DEFAULT	62
#define OUTER_WORDS						\
	(NFIPSEC_HAS(OUTER_DSCP_COPY) | NFIPSEC_HAS(OUTER_HOPS_DEFAULT))

/* Row of a table of words, for a struct nfipsec_outer at @base. */
#define OUTER_WORD(base, text, fn)	{ text, fn, base, 0, 0, 0, false }

extern const struct choice choice_df[];

int word_ecn(struct args *a, void *obj, const struct word *w);
int word_dscp(struct args *a, void *obj, const struct word *w);
int word_df(struct args *a, void *obj, const struct word *w);
int word_hop_limit(struct args *a, void *obj, const struct word *w);
int word_flow_label(struct args *a, void *obj, const struct word *w);
int word_frag(struct args *a, void *obj, const struct word *w);

bool outer_known(const struct nfipsec_outer *o);
void outer_print(FILE *out, const struct nfipsec_outer *o);
struct json_object *outer_json(const struct nfipsec_outer *o);

#endif
