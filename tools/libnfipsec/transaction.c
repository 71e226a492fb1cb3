// SPDX-License-Identifier: GPL-2.0
/*
 * Changes that become visible as one. Requests are sent many at a time, and only
 * the last of them is answered if none is refused.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "error.h"

/* Less than a socket may send at once, and more than the largest request. */
#define STAGE_SIZE	(2 * NFI_TX_SIZE)

/**
 * nfi_stage_free() - forget requests that were not sent
 * @h: handle
 */
void nfi_stage_free(struct nfipsec *h)
{
	if (!h->stage)
		return;
	explicit_bzero(h->stage, STAGE_SIZE);
	free(h->stage);
	h->stage = NULL;
	h->stage_len = 0;
}

/**
 * nfipsec_transaction_begin() - let what follows wait for a commit
 * @h: handle
 *
 * Until then or until nfipsec_transaction_abort(), what nfipsec_stage_*() is
 * given waits; all other calls are done at once as ever.
 *
 * Return: 0 or a negative errno, -EBUSY if there is a transaction
 */
int nfipsec_transaction_begin(struct nfipsec *h)
{
	int ret;

	ret = nfi_call(h, NFIPSEC_CMD_TRANSACTION_BEGIN, NULL, NULL, 0, NULL,
		       NULL);
	if (ret)
		return ret;
	/* Of a transaction that went with the module. */
	nfi_stage_free(h);
	h->stage = malloc(STAGE_SIZE);
	if (!h->stage) {
		nfipsec_transaction_abort(h);
		return nfi_fail(h, -ENOMEM, "out of memory");
	}
	h->stage_len = 0;
	h->staged = 0;
	h->blamed = NFIPSEC_NO_REQUEST;
	return 0;
}

/* It may have gone with the module. */
static int no_transaction(struct nfipsec *h)
{
	h->blamed = NFIPSEC_NO_REQUEST;
	if (!h->family)
		return nfi_fail(h, -ENODEV, "the kernel module is not loaded: modprobe nfipsec");
	return nfi_fail(h, -EINVAL, "there is no transaction");
}

static const struct nfi_set *set_of(uint8_t cmd)
{
	switch (cmd) {
	case NFIPSEC_CMD_SA_NEW:
	case NFIPSEC_CMD_SA_DEL:
		return &nfi_set_sa;
	case NFIPSEC_CMD_DEFAULT_SET:
		return &nfi_set_default;
	}
	return &nfi_set_policy;
}

/*
 * The sentence is made of the request, which is looked for in the handle. What is
 * not there is of another call, which has not waited for its answer.
 */
static int refused(struct nfipsec *h, const struct nlmsghdr *answer, int err)
{
	uint32_t number = h->stage_first;
	const struct genlmsghdr *genl;
	const struct nlmsghdr *nlh;
	size_t pos = 0;

	for (;; number++) {
		nlh = (const void *)(h->stage + pos);
		if (nlh->nlmsg_seq == answer->nlmsg_seq)
			break;
		pos += NLMSG_ALIGN(nlh->nlmsg_len);
		if (pos >= h->stage_len)
			return 0;
	}
	h->blamed = number;
	memcpy(h->tx, nlh, nlh->nlmsg_len);
	genl = mnl_nlmsg_get_payload(nlh);
	nfi_refused(h, answer, set_of(genl->cmd), err);
	explicit_bzero(h->tx, nlh->nlmsg_len);
	/* The kernel knows no such family: the request is as good as any. */
	if (err == -ENOENT && !h->told)
		h->blamed = NFIPSEC_NO_REQUEST;
	return err;
}

/* The first that is refused counts. */
static void read_answer(struct nfipsec *h, const struct nlmsghdr *nlh,
			bool *over, int *first)
{
	int err = 0;

	if (nlh->nlmsg_type != NLMSG_ERROR ||
	    nlh->nlmsg_seq - h->stage_seq > h->stage_last - h->stage_seq)
		return;
	if (nlh->nlmsg_seq == h->stage_last)
		*over = true;
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	if (err && !*first)
		*first = refused(h, nlh, err);
}

static bool readable(const struct nfipsec *h)
{
	struct pollfd p = {
		.fd = mnl_socket_get_fd(h->nl), .events = POLLIN,
	};

	return poll(&p, 1, 0) > 0;
}

/*
 * Where many are refused the socket has no room for all answers. What is lost then
 * are the last ones, that which ends them too; the kernel makes no more of them. It
 * may also have had no memory for one of them, and those behind it arrive: a lost
 * one is a refusal, unless it is the last.
 */
static int read_answers(struct nfipsec *h)
{
	const struct nlmsghdr *nlh;
	bool over = false;
	bool lost = false;
	int first = 0;
	ssize_t n;
	int left;

	while (!over && (!lost || readable(h))) {
		n = mnl_socket_recvfrom(h->nl, h->rx, sizeof(h->rx));
		if (n < 0 && errno == ENOBUFS)
			lost = true;
		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (n < 0)
			return nfi_fail(h, -errno, "reading the kernel's answer: %s",
					strerror(errno));
		left = n;
		for (nlh = (const void *)h->rx; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			read_answer(h, nlh, &over, &first);
	}
	if ((lost || !over) && !first)
		return nfi_fail(h, -ENOBUFS, "lost the kernel's answer: try again");
	return first;
}

/* The requests are not made again: they were of a transaction that is gone. */
static int look_again(struct nfipsec *h, int ret)
{
	int again = nfi_look_again(h, ret);

	if (!ret || again)
		return again;
	nfi_stage_free(h);
	return nfi_fail(h, -ENODEV, "the kernel module was loaded again: there is no transaction any more");
}

static int flush(struct nfipsec *h)
{
	struct nlmsghdr *nlh;
	size_t pos, next;
	int ret;

	if (!h->stage_len)
		return 0;
	for (pos = 0;; pos = next) {
		nlh = (void *)(h->stage + pos);
		next = pos + NLMSG_ALIGN(nlh->nlmsg_len);
		if (next >= h->stage_len)
			break;
	}
	nlh->nlmsg_flags |= NLM_F_ACK;
	h->blamed = NFIPSEC_NO_REQUEST;
	if (mnl_socket_sendto(h->nl, h->stage, h->stage_len) < 0)
		ret = nfi_fail(h, -errno, "sending to the kernel: %s",
			       strerror(errno));
	else
		ret = read_answers(h);
	explicit_bzero(h->stage, h->stage_len);
	h->stage_len = 0;
	return look_again(h, ret);
}

static int stage(struct nfipsec *h, uint8_t cmd, const void *obj, uint64_t mask,
		 uint16_t flag)
{
	struct nlmsghdr *nlh;
	int ret;

	if (!h->stage)
		return no_transaction(h);
	if (STAGE_SIZE - h->stage_len < NFI_TX_SIZE) {
		ret = flush(h);
		if (ret)
			return ret;
	}
	nlh = nfi_request(h, h->stage + h->stage_len, cmd, 0);
	mnl_attr_put(nlh, flag, 0, NULL);
	if (nfi_encode(nlh, NFI_TX_SIZE, set_of(cmd), obj, mask)) {
		h->blamed = h->staged;
		return nfi_fail(h, -EMSGSIZE, "a key or name is too long for a request");
	}
	if (!h->stage_len) {
		h->stage_seq = nlh->nlmsg_seq;
		h->stage_first = h->staged;
	}
	h->stage_last = nlh->nlmsg_seq;
	h->stage_len += NLMSG_ALIGN(nlh->nlmsg_len);
	h->staged++;
	return 0;
}

/**
 * nfipsec_stage_sa_add() - as nfipsec_sa_add(), in the transaction
 * @h: handle
 * @sa: SA with its keys
 *
 * This and those below send many requests at once: what is refused may be told
 * at a later call, see nfipsec_transaction_blamed().
 *
 * Return: 0 or a negative errno
 */
int nfipsec_stage_sa_add(struct nfipsec *h, const struct nfipsec_sa *sa)
{
	return stage(h, NFIPSEC_CMD_SA_NEW, sa, NFI_SA_CONFIG,
		     NFIPSEC_A_SA_TRANSACTION);
}

/**
 * nfipsec_stage_sa_del() - as nfipsec_sa_del(), in the transaction
 * @h: handle
 * @key: dst, proto and spi, to a group src
 *
 * Return: 0 or a negative errno
 */
int nfipsec_stage_sa_del(struct nfipsec *h, const struct nfipsec_sa *key)
{
	return stage(h, NFIPSEC_CMD_SA_DEL, key, NFI_SA_KEY,
		     NFIPSEC_A_SA_TRANSACTION);
}

/**
 * nfipsec_stage_policy_add() - as nfipsec_policy_add(), in the transaction
 * @h: handle
 * @pol: dir, selector and action at least
 *
 * Return: 0 or a negative errno
 */
int nfipsec_stage_policy_add(struct nfipsec *h,
			     const struct nfipsec_policy *pol)
{
	return stage(h, NFIPSEC_CMD_POLICY_NEW, pol, NFI_POLICY_CONFIG,
		     NFIPSEC_A_POLICY_TRANSACTION);
}

/**
 * nfipsec_stage_policy_del() - as nfipsec_policy_del(), in the transaction
 * @h: handle
 * @key: index, or dir and selector sets; of a policy that is there now
 *
 * Return: 0 or a negative errno
 */
int nfipsec_stage_policy_del(struct nfipsec *h,
			     const struct nfipsec_policy *key)
{
	return stage(h, NFIPSEC_CMD_POLICY_DEL, key, NFI_POLICY_KEY,
		     NFIPSEC_A_POLICY_TRANSACTION);
}

/**
 * nfipsec_stage_default_set() - as nfipsec_default_set(), in the transaction
 * @h: handle
 * @def: what to set
 *
 * Return: 0 or a negative errno
 */
int nfipsec_stage_default_set(struct nfipsec *h,
			      const struct nfipsec_default *def)
{
	return stage(h, NFIPSEC_CMD_DEFAULT_SET, def, ~UINT64_C(0),
		     NFIPSEC_A_DEFAULT_TRANSACTION);
}

/**
 * nfipsec_transaction_flush() - send what was not sent yet
 * @h: handle
 *
 * Return: 0, or a negative errno if one of the requests was refused or the
 * transaction has gone with the module
 */
int nfipsec_transaction_flush(struct nfipsec *h)
{
	return h->stage ? flush(h) : no_transaction(h);
}

/**
 * nfipsec_transaction_commit() - have it all done at once
 * @h: handle
 * @unchanged: only if the tables are as they were when the transaction began
 *
 * However it goes, there is no transaction then.
 *
 * Return: 0, or a negative errno with nothing changed; -ESTALE if the tables
 * have changed
 */
int nfipsec_transaction_commit(struct nfipsec *h, bool unchanged)
{
	struct nfipsec_transaction t = {
		.has = NFIPSEC_HAS(NFIPSEC_A_TRANSACTION_REQUESTS),
		.requests = h->staged,
	};
	int ret;

	ret = flush(h);
	if (ret) {
		nfipsec_transaction_abort(h);
		return ret;
	}
	if (unchanged)
		t.has |= NFIPSEC_HAS(NFIPSEC_A_TRANSACTION_UNCHANGED);
	nfi_stage_free(h);
	return nfi_call(h, NFIPSEC_CMD_TRANSACTION_COMMIT,
			&nfi_set_transaction, &t, t.has, NULL, NULL);
}

/**
 * nfipsec_transaction_abort() - have nothing of it done
 * @h: handle; the sentence of a failure before stays
 */
void nfipsec_transaction_abort(struct nfipsec *h)
{
	char error[sizeof(h->error)];

	memcpy(error, h->error, sizeof(error));
	nfi_stage_free(h);
	nfi_call(h, NFIPSEC_CMD_TRANSACTION_ABORT, NULL, NULL, 0, NULL, NULL);
	memcpy(h->error, error, sizeof(error));
}

/**
 * nfipsec_transaction_blamed() - which request is to blame for a failure
 * @h: handle
 *
 * Return: its number in the transaction, from 0, or NFIPSEC_NO_REQUEST
 */
uint32_t nfipsec_transaction_blamed(const struct nfipsec *h)
{
	return h->blamed;
}
