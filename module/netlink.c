// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: its registration, how it refuses and answers.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_event.h"
#include "nl_transaction.h"

struct genl_family nfipsec_nl_family __ro_after_init = {
	.name		= NFIPSEC_FAMILY_NAME,
	.version	= NFIPSEC_FAMILY_VERSION,
	.netnsok	= true,
	/*
	 * Any number of requests are served at a time, of one socket too. What they
	 * share is for the config lock of their namespace, or has a lock of its own:
	 * see locking.rst.
	 */
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= nfipsec_nl_ops,
	.n_ops		= ARRAY_SIZE(nfipsec_nl_ops),
	.mcgrps		= nfipsec_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(nfipsec_nl_groups),
	/* Headers of all operations are validated, there are no old users. */
	.resv_start_op	= NFIPSEC_CMD_SA_NEW,
};

/* More than there are algorithms times what can be wrong with one. */
#define SENTENCES_MAX	128

/**
 * struct sentence - a refusal that was put together at run time
 * @list: in sentences
 * @text: never changes
 */
struct sentence {
	struct list_head list;
	char text[];
};

static LIST_HEAD(sentences);
static unsigned int sentence_count;
static DEFINE_MUTEX(sentence_lock);	/* protects the two above */

/**
 * nfipsec_netlink_init() - make the family known
 *
 * Context: process context, at module load, when requests can be served.
 * Return: 0, or an error of nfipsec_nl_transaction_init() or
 * genl_register_family().
 */
int __init nfipsec_netlink_init(void)
{
	int err;

	err = nfipsec_nl_transaction_init();
	if (err)
		return err;
	err = genl_register_family(&nfipsec_nl_family);
	if (err)
		nfipsec_nl_transaction_exit();
	else
		nfipsec_event_set(&nfipsec_nl_event_ops);
	return err;
}

/**
 * nfipsec_netlink_exit() - undo nfipsec_netlink_init()
 *
 * No operation runs and none starts when this returns.
 *
 * Context: process context, at module unload, before tables go.
 */
void nfipsec_netlink_exit(void)
{
	struct sentence *s, *tmp;

	/* The group's number is not ours any more once the family is gone. */
	nfipsec_event_set(NULL);
	genl_unregister_family(&nfipsec_nl_family);
	nfipsec_nl_transaction_exit();
	list_for_each_entry_safe(s, tmp, &sentences, list)
		kfree(s);
	INIT_LIST_HEAD(&sentences);
	sentence_count = 0;
}

/**
 * nfipsec_nl_refuse() - say why a request is refused
 * @extack: told, may be NULL
 * @attr: the attribute at fault, or NULL
 * @err: negative error number
 * @sentence: constant, for people
 *
 * Context: any.
 * Return: @err.
 */
int nfipsec_nl_refuse(struct netlink_ext_ack *extack,
		      const struct nlattr *attr, int err, const char *sentence)
{
	if (extack) {
		extack->_msg = sentence;
		if (attr)
			NL_SET_BAD_ATTR(extack, attr);
	}
	return err;
}

/**
 * nfipsec_nl_missing() - refuse a request that lacks an attribute
 * @extack: told, may be NULL
 * @nest: the nest that lacks it, NULL for the message itself
 * @type: what is missing
 * @sentence: constant, for people
 *
 * Context: any.
 * Return: -EINVAL.
 */
int nfipsec_nl_missing(struct netlink_ext_ack *extack,
		       const struct nlattr *nest, int type,
		       const char *sentence)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, type);
	return nfipsec_nl_refuse(extack, NULL, -EINVAL, sentence);
}

/**
 * nfipsec_nl_error() - see that an error has a sentence
 * @extack: told unless it holds a sentence already, may be NULL
 * @err: 0 or negative error number
 *
 * Context: any.
 * Return: @err.
 */
int nfipsec_nl_error(struct netlink_ext_ack *extack, int err)
{
	if (!err || !extack || extack->_msg)
		return err;
	switch (err) {
	case -ENOMEM:
	case -ENOBUFS:
		return nfipsec_nl_refuse(extack, NULL, err, "out of memory");
	case -E2BIG:
		return nfipsec_nl_refuse(extack, NULL, err,
					 "the table is full");
	default:
		return nfipsec_nl_refuse(extack, NULL, err,
					 "the change failed, nothing was changed");
	}
}

/* Finds @text, or keeps a copy of it. */
static const char *sentence_keep(const char *text)
{
	struct sentence *s;
	size_t size;

	list_for_each_entry(s, &sentences, list)
		if (!strcmp(s->text, text))
			return s->text;
	if (sentence_count >= SENTENCES_MAX)
		return NULL;
	size = strlen(text) + 1;
	s = kmalloc(struct_size(s, text, size), GFP_KERNEL);
	if (!s)
		return NULL;
	memcpy(s->text, text, size);
	list_add(&s->list, &sentences);
	sentence_count++;
	return s->text;
}

/**
 * nfipsec_nl_sentence() - make a sentence for a refusal
 * @fmt: as for printf(); the values come from the module, never from a
 *	request, so that there are few different sentences
 *
 * Where NL_SET_ERR_MSG_FMT() would cut a sentence off, and on kernels that do
 * not have it: sentences live until the module goes, each one once.
 *
 * Context: process context, sleeps.
 * Return: the sentence, never NULL.
 */
const char *nfipsec_nl_sentence(const char *fmt, ...)
{
	const char *kept = NULL;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = kvasprintf(GFP_KERNEL, fmt, args);
	va_end(args);
	if (text) {
		mutex_lock(&sentence_lock);
		kept = sentence_keep(text);
		mutex_unlock(&sentence_lock);
		kfree(text);
	}
	return kept ?: "the value is not permitted here";
}

/**
 * nfipsec_nl_reply_new() - begin the answer to a request
 * @info: the request
 * @size: room for attributes in bytes
 * @hdr: for genlmsg_end()
 *
 * Context: process context, sleeps.
 * Return: a message that the caller sends or frees, or NULL.
 */
struct sk_buff *nfipsec_nl_reply_new(struct genl_info *info, size_t size,
				     void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &nfipsec_nl_family, 0,
				 info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/**
 * nfipsec_nl_dump_begin() - begin a part of a dump
 * @cb: the dump
 * @gen: generation of the tables; a change of it between two parts is told to
 *	the requester by NLM_F_DUMP_INTR
 *
 * Context: under the config lock of the namespace that is dumped.
 * Return: 0; -EINVAL if the request has attributes, which it must not.
 */
int nfipsec_nl_dump_begin(struct netlink_callback *cb, u64 gen)
{
	/* 0 would stand for "not known". */
	cb->seq = (u32)gen ?: 1;
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN))
		return nfipsec_nl_refuse(cb->extack, NULL, -EINVAL,
					 "a dump takes no attributes, it is of all");
	return 0;
}
