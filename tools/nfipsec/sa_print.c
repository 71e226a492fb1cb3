// SPDX-License-Identifier: GPL-2.0
/* SAs as text and as JSON. There are no keys to print. */
#include <inttypes.h>
#include <time.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include "addr.h"
#include "algo.h"
#include "dscp.h"
#include "outer.h"
#include "sa.h"
#include "selector.h"

static void print_id(FILE *out, const struct nfipsec_sa *sa)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	fprintf(out, "src %s dst %s\n", addr_text(&sa->src, src, sizeof(src)),
		addr_text(&sa->dst, dst, sizeof(dst)));
	fprintf(out, "\tproto %s spi 0x%08x reqid %u mode %s\n",
		proto_text(sa->proto, proto, sizeof(proto)), sa->spi,
		sa->reqid, choice_name(choice_mode, sa->mode));
}

static void print_flags(FILE *out, const struct nfipsec_sa *sa)
{
	const struct choice *c;

	fprintf(out, "\treplay-window %u dir %s state %s", sa->replay_window,
		choice_name(choice_dir, sa->dir),
		choice_name(choice_state, sa->state));
	if (SA_HAS(sa, OWNER))
		text_put(out, " owner ", sa->owner);
	if (sa->flags)
		fputs(" flag", out);
	for (c = sa_flags; c->name; c++)
		if (sa->flags & c->value)
			fprintf(out, " %s", c->name);
	fputc('\n', out);
}

static void print_algos(FILE *out, const struct nfipsec_sa *sa)
{
	if (SA_HAS(sa, AEAD_NAME))
		fprintf(out, "\taead %s <hidden> %u\n", sa->aead_name,
			sa->aead_icv_bits);
	if (SA_HAS(sa, AUTH_NAME))
		fprintf(out, "\tauth-trunc %s <hidden> %u\n", sa->auth_name,
			sa->auth_icv_bits);
	if (SA_HAS(sa, ENC_NAME))
		fprintf(out, "\tenc %s%s\n", sa->enc_name,
			algo_keyless(ALGO_ENC, sa->enc_name) ? "" : " <hidden>");
	if (SA_HAS(sa, COMP_NAME))
		fprintf(out, "\tcomp %s\n", sa->comp_name);
}

static void print_path(FILE *out, const struct nfipsec_sa *sa)
{
	fprintf(out, "\tpmtu-age %u", sa->pmtu_age);
	if (SA_HAS(sa, PMTU))
		fprintf(out, " pmtu %u", sa->pmtu);
	fputc('\n', out);
}

/* As ip-xfrm(8) does, where no original address is the any address. */
static void print_encap(FILE *out, const struct nfipsec_sa *sa)
{
	const struct nfipsec_encap *e = &sa->encap;
	const char *oa = sa->dst.family == AF_INET6 ? "::" : "0.0.0.0";
	char text[INET6_ADDRSTRLEN];

	if (has_get(e, NFIPSEC_A_ENCAP_OA))
		oa = addr_text(&e->oa, text, sizeof(text));
	fprintf(out, "\tencap type espinudp sport %u dport %u addr %s\n",
		e->sport, e->dport, oa);
	if (e->keepalive)
		fprintf(out, "\tnat-keepalive-interval %u\n", e->keepalive);
}

static const char *pad_text(const struct nfipsec_tfc *tfc, char *buf, size_t size)
{
	if (tfc->pad == TFC_PAD_MTU)
		return "mtu";
	snprintf(buf, size, "%u", tfc->pad);
	return buf;
}

static void print_tfc(FILE *out, const struct nfipsec_tfc *tfc)
{
	const char *sep = "\t";
	char buf[16];

	if (has_get(tfc, NFIPSEC_A_TFC_PAD)) {
		fprintf(out, "%stfc-pad %s", sep,
			pad_text(tfc, buf, sizeof(buf)));
		sep = " ";
	}
	if (has_get(tfc, NFIPSEC_A_TFC_DUMMY_INTERVAL))
		fprintf(out, "%sdummy-interval %u", sep, tfc->dummy_interval);
	fputc('\n', out);
}

static void print_time(FILE *out, const char *what, uint64_t seconds)
{
	time_t t = seconds;
	char text[32];
	struct tm tm;

	if (localtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		fprintf(out, "%s %s", what, text);
}

static void print_times(FILE *out, const struct nfipsec_sa *sa)
{
	print_time(out, "\tadd", sa->add_time);
	if (SA_HAS(sa, USE_TIME))
		print_time(out, " use", sa->use_time);
	if (SA_HAS(sa, LAST_USED))
		print_time(out, " last-used", sa->last_used);
	fputc('\n', out);
}

static uint64_t limit_of(const struct nfipsec_lifetime *life,
			 const struct sa_limit *limit)
{
	return *(const uint64_t *)((const char *)life + limit->off);
}

/* As they are typed. */
static void print_limits(FILE *out, const struct nfipsec_lifetime *life)
{
	size_t i;

	fputs("\tlimit", out);
	for (i = 0; i < SA_LIMITS; i++)
		if (has_get(life, sa_limits[i].attr))
			fprintf(out, " %s %" PRIu64, sa_limits[i].name,
				limit_of(life, &sa_limits[i]));
	fputc('\n', out);
}

static void print_counts(FILE *out, const struct nfipsec_sa *sa)
{
	fprintf(out, "\tanti-replay context: seq-in %" PRIu64 " seq-out %" PRIu64,
		sa->seq_in, sa->seq_out);
	if (SA_HAS(sa, SEQ_MAX))
		fprintf(out, " seq-max %" PRIu64, sa->seq_max);
	fputc('\n', out);
	fprintf(out, "\tstats: packets %" PRIu64 " bytes %" PRIu64
		" replay-drops %" PRIu64 " auth-drops %" PRIu64 "\n",
		sa->packets, sa->bytes, sa->replay_drops, sa->auth_drops);
}

/**
 * sa_print() - print an SA, much as ip-xfrm(8) prints a state
 * @out: where
 * @sa: SA
 */
void sa_print(FILE *out, const struct nfipsec_sa *sa)
{
	char dscps[DSCP_TEXT_MAX];

	print_id(out, sa);
	print_flags(out, sa);
	print_algos(out, sa);
	if (SA_HAS(sa, ENCAP))
		print_encap(out, sa);
	print_counts(out, sa);
	if (SA_HAS(sa, SELECTOR)) {
		fputs("\tsel ", out);
		selector_print(out, &sa->selector);
		fputc('\n', out);
	}
	if (SA_HAS(sa, OUTER)) {
		fputc('\t', out);
		outer_print(out, &sa->outer);
		fputc('\n', out);
	}
	if (SA_HAS(sa, PMTU_AGE))
		print_path(out, sa);
	if (SA_HAS(sa, TFC))
		print_tfc(out, &sa->tfc);
	if (SA_HAS(sa, DSCP_SET))
		fprintf(out, "\tdscp-set %s\n",
			dscp_set_text(sa->dscp_set, dscps));
	if (SA_HAS(sa, CPU))
		fprintf(out, "\tcpu %u\n", sa->cpu);
	if (SA_HAS(sa, LIFETIME))
		print_limits(out, &sa->lifetime);
	if (SA_HAS(sa, USED_BYTES))
		fprintf(out, "\tused: bytes %" PRIu64 " packets %" PRIu64 "\n",
			sa->used_bytes, sa->used_packets);
	if (SA_HAS(sa, ADD_TIME))
		print_times(out, sa);
}

static struct json_object *flags_json(uint32_t flags)
{
	struct json_object *array = json_object_new_array();
	const struct choice *c;

	for (c = sa_flags; array && c->name; c++)
		if (flags & c->value)
			json_object_array_add(array,
					      json_object_new_string(c->name));
	return array;
}

static struct json_object *tfc_json(const struct nfipsec_tfc *tfc)
{
	struct json_object *o = json_new();
	char buf[16];

	if (has_get(tfc, NFIPSEC_A_TFC_PAD))
		json_text(o, "tfc_pad", pad_text(tfc, buf, sizeof(buf)));
	if (has_get(tfc, NFIPSEC_A_TFC_DUMMY_INTERVAL))
		json_number(o, "dummy_interval", tfc->dummy_interval);
	return o;
}

static struct json_object *limits_json(const struct nfipsec_lifetime *life)
{
	struct json_object *o = json_new();
	size_t i;

	for (i = 0; i < SA_LIMITS; i++)
		if (has_get(life, sa_limits[i].attr))
			json_number(o, sa_limits[i].json,
				    limit_of(life, &sa_limits[i]));
	return o;
}

static void life_json(struct json_object *o, const struct nfipsec_sa *sa)
{
	if (SA_HAS(sa, LIFETIME))
		json_child(o, "limit", limits_json(&sa->lifetime));
	if (SA_HAS(sa, USED_BYTES)) {
		json_number(o, "used_bytes", sa->used_bytes);
		json_number(o, "used_packets", sa->used_packets);
	}
	if (SA_HAS(sa, USE_TIME))
		json_number(o, "use_time", sa->use_time);
	if (SA_HAS(sa, LAST_USED))
		json_number(o, "last_used", sa->last_used);
}

static struct json_object *algo_json(const char *name, uint32_t icv_bits)
{
	struct json_object *o = json_new();

	json_text(o, "name", name);
	if (icv_bits)
		json_number(o, "icv_bits", icv_bits);
	return o;
}

static struct json_object *encap_json(const struct nfipsec_encap *e)
{
	struct json_object *o = json_new();
	char text[INET6_ADDRSTRLEN];

	json_text(o, "type", "espinudp");
	json_number(o, "sport", e->sport);
	json_number(o, "dport", e->dport);
	if (has_get(e, NFIPSEC_A_ENCAP_OA))
		json_text(o, "oaddr", addr_text(&e->oa, text, sizeof(text)));
	if (e->keepalive)
		json_number(o, "nat_keepalive_interval", e->keepalive);
	return o;
}

/**
 * sa_json() - an SA as JSON
 * @sa: SA
 *
 * Return: object, the caller's
 */
struct json_object *sa_json(const struct nfipsec_sa *sa)
{
	struct json_object *o = json_new();
	char text[INET6_ADDRSTRLEN];

	json_text(o, "src", addr_text(&sa->src, text, sizeof(text)));
	json_text(o, "dst", addr_text(&sa->dst, text, sizeof(text)));
	json_text(o, "proto", proto_text(sa->proto, text, sizeof(text)));
	json_spi(o, sa->spi);
	json_number(o, "reqid", sa->reqid);
	json_text(o, "mode", choice_name(choice_mode, sa->mode));
	json_text(o, "dir", choice_name(choice_dir, sa->dir));
	json_text(o, "state", choice_name(choice_state, sa->state));
	if (SA_HAS(sa, OWNER))
		json_text(o, "owner", sa->owner);
	json_child(o, "flags", flags_json(sa->flags));
	json_number(o, "replay_window", sa->replay_window);
	if (SA_HAS(sa, AEAD_NAME))
		json_child(o, "aead", algo_json(sa->aead_name,
						sa->aead_icv_bits));
	if (SA_HAS(sa, ENC_NAME))
		json_child(o, "enc", algo_json(sa->enc_name, 0));
	if (SA_HAS(sa, AUTH_NAME))
		json_child(o, "auth", algo_json(sa->auth_name,
						sa->auth_icv_bits));
	if (SA_HAS(sa, COMP_NAME))
		json_child(o, "comp", algo_json(sa->comp_name, 0));
	if (SA_HAS(sa, SELECTOR))
		json_child(o, "sel", selector_json(&sa->selector));
	if (SA_HAS(sa, OUTER))
		json_child(o, "outer", outer_json(&sa->outer));
	if (SA_HAS(sa, PMTU_AGE))
		json_number(o, "pmtu_age", sa->pmtu_age);
	if (SA_HAS(sa, PMTU))
		json_number(o, "pmtu", sa->pmtu);
	if (SA_HAS(sa, TFC))
		json_child(o, "tfc", tfc_json(&sa->tfc));
	if (SA_HAS(sa, DSCP_SET))
		json_child(o, "dscp_set", dscp_set_json(sa->dscp_set));
	if (SA_HAS(sa, CPU))
		json_number(o, "cpu", sa->cpu);
	json_number(o, "seq_in", sa->seq_in);
	json_number(o, "seq_out", sa->seq_out);
	if (SA_HAS(sa, SEQ_MAX))
		json_number(o, "seq_max", sa->seq_max);
	json_number(o, "packets", sa->packets);
	json_number(o, "bytes", sa->bytes);
	json_number(o, "replay_drops", sa->replay_drops);
	json_number(o, "auth_drops", sa->auth_drops);
	json_number(o, "add_time", sa->add_time);
	if (SA_HAS(sa, ENCAP))
		json_child(o, "encap", encap_json(&sa->encap));
	life_json(o, sa);
	return o;
}
