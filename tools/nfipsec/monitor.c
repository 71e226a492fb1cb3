// SPDX-License-Identifier: GPL-2.0
/* Events as text and as JSON, one a line. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <arpa/inet.h>

#include "acquire.h"
#include "addr.h"
#include "arg.h"
#include "change.h"
#include "json.h"
#include "monitor.h"

/* Groups to listen to. */
#define EVENTS	1
#define CHANGES	2

static const struct choice limits[] = {
	{ "bytes", NFIPSEC_LIMIT_BYTES },
	{ "packets", NFIPSEC_LIMIT_PACKETS },
	{ "time", NFIPSEC_LIMIT_TIME },
	{ "time-use", NFIPSEC_LIMIT_TIME_USE },
	{ "seq", NFIPSEC_LIMIT_SEQ },
	{ "seq-max", NFIPSEC_LIMIT_SEQ_MAX },
	{}
};

static void mapping_print(FILE *out, const struct nfipsec_mapping *m)
{
	char old[INET6_ADDRSTRLEN], new[INET6_ADDRSTRLEN];
	char dst[INET6_ADDRSTRLEN], proto[PROTO_TEXT_MAX];

	fprintf(out, "mapping dst %s proto %s spi 0x%08x reqid %u src %s sport %u new-src %s new-sport %u\n",
		addr_text(&m->dst, dst, sizeof(dst)),
		proto_text(m->proto, proto, sizeof(proto)), m->spi, m->reqid,
		addr_text(&m->old_src, old, sizeof(old)), m->old_sport,
		addr_text(&m->new_src, new, sizeof(new)), m->new_sport);
}

static void expire_print(FILE *out, const struct nfipsec_expire *e)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	fprintf(out, "expire %s limit %s src %s dst %s proto %s spi 0x%08x reqid %u",
		e->hard ? "hard" : "soft", choice_name(limits, e->limit),
		addr_text(&e->src, src, sizeof(src)),
		addr_text(&e->dst, dst, sizeof(dst)),
		proto_text(e->proto, proto, sizeof(proto)), e->spi, e->reqid);
	fprintf(out, " used-bytes %" PRIu64 " used-packets %" PRIu64 "\n",
		e->used_bytes, e->used_packets);
}

/**
 * event_print() - print an event, one line
 * @out: where
 * @ev: event
 */
void event_print(FILE *out, const struct nfipsec_event *ev)
{
	switch (ev->cmd) {
	case NFIPSEC_CMD_ACQUIRE_NTF:
		acquire_print(out, &ev->acquire);
		break;
	case NFIPSEC_CMD_EXPIRE_NTF:
		expire_print(out, &ev->expire);
		break;
	case NFIPSEC_CMD_SA_CHANGE_NTF:
		sa_change_print(out, &ev->sa);
		break;
	case NFIPSEC_CMD_POLICY_CHANGE_NTF:
		policy_change_print(out, &ev->policy);
		break;
	default:
		mapping_print(out, &ev->mapping);
	}
}

static void mapping_json(struct json_object *o,
			 const struct nfipsec_mapping *m)
{
	char text[INET6_ADDRSTRLEN];

	json_text(o, "dst", addr_text(&m->dst, text, sizeof(text)));
	json_text(o, "proto", proto_text(m->proto, text, sizeof(text)));
	json_spi(o, m->spi);
	json_number(o, "reqid", m->reqid);
	json_text(o, "src", addr_text(&m->old_src, text, sizeof(text)));
	json_number(o, "sport", m->old_sport);
	json_text(o, "new_src", addr_text(&m->new_src, text, sizeof(text)));
	json_number(o, "new_sport", m->new_sport);
}

static void expire_json(struct json_object *o, const struct nfipsec_expire *e)
{
	char text[INET6_ADDRSTRLEN];

	json_flag(o, "hard", e->hard);
	json_text(o, "limit", choice_name(limits, e->limit));
	json_text(o, "src", addr_text(&e->src, text, sizeof(text)));
	json_text(o, "dst", addr_text(&e->dst, text, sizeof(text)));
	json_text(o, "proto", proto_text(e->proto, text, sizeof(text)));
	json_spi(o, e->spi);
	json_number(o, "reqid", e->reqid);
	json_number(o, "used_bytes", e->used_bytes);
	json_number(o, "used_packets", e->used_packets);
}

/**
 * event_json() - an event as JSON
 * @ev: event
 *
 * Return: object, the caller's
 */
struct json_object *event_json(const struct nfipsec_event *ev)
{
	struct json_object *o = json_new();

	switch (ev->cmd) {
	case NFIPSEC_CMD_ACQUIRE_NTF:
		json_text(o, "event", "acquire");
		acquire_json(o, &ev->acquire);
		break;
	case NFIPSEC_CMD_EXPIRE_NTF:
		json_text(o, "event", "expire");
		expire_json(o, &ev->expire);
		break;
	case NFIPSEC_CMD_SA_CHANGE_NTF:
		json_text(o, "event", "sa");
		sa_change_json(o, &ev->sa);
		break;
	case NFIPSEC_CMD_POLICY_CHANGE_NTF:
		json_text(o, "event", "policy");
		policy_change_json(o, &ev->policy);
		break;
	default:
		json_text(o, "event", "mapping");
		mapping_json(o, &ev->mapping);
	}
	return o;
}

/* No error of a socket, which are negative. */
#define NOT_WRITTEN	1

/* Whoever reads our output wants each line at once. */
static int event_one(const struct nfipsec_event *ev, void *arg)
{
	int *err = arg;

	if (cli.json)
		json_print(event_json(ev));
	else
		event_print(cli.out, ev);
	if (!fflush(cli.out))
		return 0;
	*err = errno;
	return NOT_WRITTEN;
}

/* What is asked for: events if nothing is. */
static int subscribe(unsigned int what)
{
	int ret = 0;

	if (what & EVENTS)
		ret = nfipsec_event_subscribe(cli.h);
	if (!ret && (what & CHANGES))
		ret = nfipsec_change_subscribe(cli.h);
	return ret ? ret : nfipsec_event_watch(cli.h);
}

/**
 * cmd_monitor() - monitor
 * @a: words: events, changes or all
 *
 * Return: enum cli_result, only if it cannot go on
 */
int cmd_monitor(struct args *a)
{
	static const struct choice groups[] = {
		{ "events", EVENTS },
		{ "changes", CHANGES },
		{ "all", EVENTS | CHANGES },
		{}
	};
	const char *text = args_next(a);
	unsigned int what = EVENTS;
	int ret = CLI_OK;
	int err = 0;

	if (text)
		ret = choice_parse(text, "what to show", groups, &what);
	if (!ret)
		ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	ret = subscribe(what);
	while (!ret) {
		ret = nfipsec_event_read(cli.h, event_one, &err);
		if (ret == -ENOBUFS)
			fputs("nfipsec: events were lost\n", stderr);
		if (ret == -ENOBUFS || ret == -EINTR)
			ret = 0;
	}
	if (ret == NOT_WRITTEN)
		return cli_fail(CLI_FAILED, "monitor: writing the output: %s",
				strerror(err));
	return cli_refused("monitor");
}
