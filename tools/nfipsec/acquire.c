// SPDX-License-Identifier: GPL-2.0
/* SAs that packets wait for, as text and as JSON, one a line. */
#include <arpa/inet.h>

#include "acquire.h"
#include "addr.h"
#include "tmpl.h"
#include "selector.h"

static void tmpl_line(FILE *out, const struct nfipsec_tmpl *tmpl)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	fprintf(out, " tmpl src %s dst %s proto %s",
		addr_text(&tmpl->src, src, sizeof(src)),
		addr_text(&tmpl->dst, dst, sizeof(dst)),
		proto_text(tmpl->proto, proto, sizeof(proto)));
	if (tmpl->spi)
		fprintf(out, " spi 0x%08x", tmpl->spi);
	fprintf(out, " reqid %u mode %s", tmpl->reqid,
		choice_name(choice_mode, tmpl->mode));
	tmpl_asked_print(out, tmpl, " ");
}

/**
 * acquire_print() - print an SA that is wanted, one line
 * @out: where
 * @acq: what is wanted
 */
void acquire_print(FILE *out, const struct nfipsec_acquire *acq)
{
	unsigned int i;

	fprintf(out, "acquire id %u policy %u priority %u ", acq->id,
		acq->policy, acq->priority);
	selector_print(out, &acq->packet);
	for (i = 0; i < acq->tmpls; i++)
		tmpl_line(out, &acq->tmpl[i]);
	if (has_get(acq, NFIPSEC_A_ACQUIRE_CPU))
		fprintf(out, " cpu %u", acq->cpu);
	if (has_get(acq, NFIPSEC_A_ACQUIRE_PACKETS))
		fprintf(out, " packets %u", acq->packets);
	fputc('\n', out);
}

/**
 * acquire_json() - add an SA that is wanted to JSON
 * @o: object
 * @acq: what is wanted
 */
void acquire_json(struct json_object *o, const struct nfipsec_acquire *acq)
{
	json_number(o, "id", acq->id);
	json_number(o, "policy", acq->policy);
	json_number(o, "priority", acq->priority);
	json_child(o, "packet", selector_json(&acq->packet));
	tmpls_json(o, acq->tmpl, acq->tmpls);
	if (has_get(acq, NFIPSEC_A_ACQUIRE_CPU))
		json_number(o, "cpu", acq->cpu);
	if (has_get(acq, NFIPSEC_A_ACQUIRE_PACKETS))
		json_number(o, "packets", acq->packets);
}

static int list_one(const struct nfipsec_acquire *acq, void *arg)
{
	struct json_object *o;

	if (!cli.json) {
		acquire_print(cli.out, acq);
		return 0;
	}
	o = json_new();
	acquire_json(o, acq);
	json_list_add(arg, o);
	return 0;
}

/**
 * cmd_acquire_list() - acquire list
 * @a: words, none
 *
 * Return: enum cli_result
 */
int cmd_acquire_list(struct args *a)
{
	struct json_list list = {};
	int ret;

	ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_acquire_list(cli.h, list_one, &list))
		return cli_refused("acquire list");
	if (cli.json)
		json_list_end(&list);
	return CLI_OK;
}
