/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space is told without having asked: where packets meet it, and
 * whoever tells it.
 */
#ifndef NFIPSEC_EVENT_H
#define NFIPSEC_EVENT_H

#include <linux/types.h>
#include <uapi/linux/nfipsec.h>

struct nfipsec_acquire;
struct nfipsec_mapping;
struct nfipsec_net;
struct nfipsec_sa;

/**
 * struct nfipsec_event_ops - who tells user space
 * @mapping: see nfipsec_event_mapping()
 * @heard: see nfipsec_event_heard()
 * @acquire: see nfipsec_event_acquire()
 * @expire: see nfipsec_event_expire()
 */
struct nfipsec_event_ops {
	void (*mapping)(const struct nfipsec_net *nn,
			const struct nfipsec_sa *sa,
			const struct nfipsec_mapping *seen);
	bool (*heard)(const struct nfipsec_net *nn);
	void (*acquire)(const struct nfipsec_net *nn,
			const struct nfipsec_acquire *info);
	void (*expire)(const struct nfipsec_net *nn,
		       const struct nfipsec_sa *sa, enum nfipsec_limit limit,
		       bool hard);
};

void nfipsec_event_set(const struct nfipsec_event_ops *ops);

void nfipsec_event_mapping(const struct nfipsec_net *nn,
			   const struct nfipsec_sa *sa,
			   const struct nfipsec_mapping *seen);
bool nfipsec_event_heard(const struct nfipsec_net *nn);
void nfipsec_event_acquire(const struct nfipsec_net *nn,
			   const struct nfipsec_acquire *info);
void nfipsec_event_expire(const struct nfipsec_net *nn,
			  const struct nfipsec_sa *sa,
			  enum nfipsec_limit limit, bool hard);

#endif
