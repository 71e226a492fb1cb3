// SPDX-License-Identifier: GPL-2.0
/* Changes of SAs and policies as text and as JSON. */
#include <stdio.h>
#include <arpa/inet.h>

#include "addr.h"
#include "arg.h"
#include "change.h"
#include "policy.h"
#include "sa.h"
#include "selector.h"

static const struct choice kinds[] = {
	{ "new", NFIPSEC_CHANGE_KIND_NEW },
	{ "updated", NFIPSEC_CHANGE_KIND_UPDATED },
	{ "deleted", NFIPSEC_CHANGE_KIND_DELETED },
	{ "moved", NFIPSEC_CHANGE_KIND_MOVED },
	{ "flushed", NFIPSEC_CHANGE_KIND_FLUSHED },
	{}
};

static void ends_print(FILE *out, const struct nfipsec_addr *src,
		       const struct nfipsec_addr *dst)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	fprintf(out, "src %s dst %s", addr_text(src, a, sizeof(a)),
		addr_text(dst, b, sizeof(b)));
}

/**
 * sa_change_print() - print a change of an SA, one line
 * @out: where
 * @sa: from an event
 */
void sa_change_print(FILE *out, const struct nfipsec_sa *sa)
{
	char proto[PROTO_TEXT_MAX];

	fprintf(out, "sa %s", choice_name(kinds, sa->change));
	if (SA_HAS(sa, DST)) {
		fputc(' ', out);
		ends_print(out, &sa->src, &sa->dst);
		fprintf(out, " proto %s spi 0x%08x mode %s reqid %u dir %s state %s",
			proto_text(sa->proto, proto, sizeof(proto)), sa->spi,
			choice_name(choice_mode, sa->mode), sa->reqid,
			choice_name(choice_dir, sa->dir),
			choice_name(choice_state, sa->state));
	}
	if (SA_HAS(sa, ENCAP))
		fprintf(out, " sport %u dport %u", sa->encap.sport,
			sa->encap.dport);
	if (SA_HAS(sa, OWNER))
		text_put(out, " owner ", sa->owner);
	if (SA_HAS(sa, MOVE)) {
		fputs(" from ", out);
		ends_print(out, &sa->move.src, &sa->move.dst);
		fprintf(out, " reqid %u", sa->move.reqid);
	}
	fputc('\n', out);
}

/**
 * policy_change_print() - print a change of a policy, one line
 * @out: where
 * @pol: from an event
 */
void policy_change_print(FILE *out, const struct nfipsec_policy *pol)
{
	fprintf(out, "policy %s", choice_name(kinds, pol->change));
	if (POLICY_HAS(pol, DIR))
		fprintf(out, " dir %s", choice_name(choice_dir, pol->dir));
	if (POLICY_HAS(pol, INDEX)) {
		fputc(' ', out);
		selector_print(out, &pol->selector);
		fprintf(out, " action %s index %u priority %u",
			choice_name(choice_action, pol->action), pol->index,
			pol->priority);
	}
	if (POLICY_HAS(pol, OWNER))
		text_put(out, " owner ", pol->owner);
	fputc('\n', out);
}

/**
 * sa_change_json() - a change of an SA as JSON
 * @o: object, filled
 * @sa: from an event
 */
void sa_change_json(struct json_object *o, const struct nfipsec_sa *sa)
{
	char text[INET6_ADDRSTRLEN];
	struct json_object *from;

	json_text(o, "change", choice_name(kinds, sa->change));
	if (SA_HAS(sa, DST))
		json_child(o, "sa", sa_json(sa));
	else if (SA_HAS(sa, OWNER))
		json_text(o, "owner", sa->owner);
	if (!SA_HAS(sa, MOVE))
		return;
	from = json_new();
	json_text(from, "src", addr_text(&sa->move.src, text, sizeof(text)));
	json_text(from, "dst", addr_text(&sa->move.dst, text, sizeof(text)));
	json_number(from, "reqid", sa->move.reqid);
	json_child(o, "from", from);
}

/**
 * policy_change_json() - a change of a policy as JSON
 * @o: object, filled
 * @pol: from an event
 */
void policy_change_json(struct json_object *o,
			const struct nfipsec_policy *pol)
{
	json_text(o, "change", choice_name(kinds, pol->change));
	if (POLICY_HAS(pol, INDEX)) {
		json_child(o, "policy", policy_json(pol));
		return;
	}
	if (POLICY_HAS(pol, DIR))
		json_text(o, "dir", choice_name(choice_dir, pol->dir));
	if (POLICY_HAS(pol, OWNER))
		json_text(o, "owner", pol->owner);
}
