/* SPDX-License-Identifier: GPL-2.0 */
/* SAs: words, printing, commands. */
#ifndef NFIPSEC_SA_H
#define NFIPSEC_SA_H

#include "arg.h"
#include "json.h"
#include "key.h"

/* The largest tfc-pad, more than any path takes: written "mtu". */
#define TFC_PAD_MTU	65535

#define SA_HAS(sa, attr)	has_get(sa, NFIPSEC_A_SA_##attr)

/**
 * struct sa_args - an SA as typed
 * @sa: what is sent; its keys point to those below. First, so that a table of
 *	words can refer to both.
 * @aead: key
 * @enc: key
 * @auth: key
 */
struct sa_args {
	struct nfipsec_sa sa;
	struct key aead;
	struct key enc;
	struct key auth;
};

/* For use in tables. */
int word_encap(struct args *a, void *obj, const struct word *w);

int sa_parse_config(struct args *a, struct sa_args *in);
int sa_check_present(const struct nfipsec_sa *sa, const struct word *need,
		     size_t n);
int sa_check_new(const struct nfipsec_sa *sa);
int sa_check_key(const struct nfipsec_sa *sa);
int sa_check_keepalive(const struct nfipsec_sa *sa);
int sa_parse_key(struct args *a, struct nfipsec_sa *key);
int sa_parse_alloc(struct args *a, struct nfipsec_sa *want);
int sa_parse_flush(struct args *a, struct nfipsec_sa *filter);
int sa_parse_filter(struct args *a, struct nfipsec_sa *filter);
int sa_parse_move(struct args *a, struct nfipsec_sa *key,
		  struct nfipsec_move *to);
bool sa_match(const struct nfipsec_sa *sa, const struct nfipsec_sa *filter);
void sa_wipe(struct sa_args *in);

void sa_print(FILE *out, const struct nfipsec_sa *sa);
struct json_object *sa_json(const struct nfipsec_sa *sa);

/**
 * struct sa_limit - a limit and its name
 * @name: as in ip-xfrm(8)
 * @json: the same in JSON
 * @off: in struct nfipsec_lifetime
 * @attr: its attribute
 */
struct sa_limit {
	const char *name;
	const char *json;
	size_t off;
	unsigned int attr;
};

#define SA_LIMITS	8

extern const struct sa_limit sa_limits[SA_LIMITS];
extern const struct choice sa_flags[];

int cmd_sa_add(struct args *a);
int cmd_sa_update(struct args *a);
int cmd_sa_move(struct args *a);
int cmd_sa_del(struct args *a);
int cmd_sa_get(struct args *a);
int cmd_sa_list(struct args *a);
int cmd_sa_flush(struct args *a);
int cmd_sa_count(struct args *a);
int cmd_sa_allocspi(struct args *a);

#endif
