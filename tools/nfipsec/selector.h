/* SPDX-License-Identifier: GPL-2.0 */
/* Selectors as words, as text, as JSON. */
#ifndef NFIPSEC_SELECTOR_H
#define NFIPSEC_SELECTOR_H

#include "addr.h"
#include "json.h"

/* Row of a table of words, for a selector at @base of what the table fills. */
#define SELECTOR_WORD(base, text, fn, member, bit)			\
	{ text, fn, base, offsetof(struct nfipsec_selector, member),	\
	  NFIPSEC_A_SELECTOR_##bit, 0, false }

int word_block(struct args *a, void *obj, const struct word *w);
int word_proto(struct args *a, void *obj, const struct word *w);
int word_ports(struct args *a, void *obj, const struct word *w);
int word_types(struct args *a, void *obj, const struct word *w);
int word_codes(struct args *a, void *obj, const struct word *w);

/* For policies. In meta.c. */
int word_dev(struct args *a, void *obj, const struct word *w);
int word_mark(struct args *a, void *obj, const struct word *w);
const char *meta_nameless(const struct nfipsec_selector *sel, uint32_t *index);
void meta_print(FILE *out, const struct nfipsec_selector *sel);
void meta_json(struct json_object *o, const struct nfipsec_selector *sel);

int selector_words(struct args *a, struct nfipsec_selector *sel);
int selector_finish(struct nfipsec_selector *sel, uint8_t family);

void selector_print(FILE *out, const struct nfipsec_selector *sel);
struct json_object *selector_json(const struct nfipsec_selector *sel);

#endif
