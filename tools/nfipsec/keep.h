/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sequence numbers that outlive a crash (RFC 4303 section 3.3.3): a file says
 * which numbers may have been used, before any of them is.
 */
#ifndef NFIPSEC_KEEP_H
#define NFIPSEC_KEEP_H

#include "arg.h"

/**
 * struct kept - what is known of an SA
 * @src: what identifies it
 * @dst: likewise
 * @proto: likewise
 * @spi: likewise
 * @out: all numbers up to this may have been sent, as in the file
 * @in: highest number that was received, as in the file
 * @there: it is in the kernel, and the following is what that says
 * @sends: has a largest number to send with
 * @receives: has an anti-replay window
 * @limit: largest number that it can ever have
 * @seq_out: last number sent
 * @seq_in: highest number received
 * @seq_max: largest number to send with
 * @bare: it has no such number
 * @from: the kernel is to go on behind this number, 0 is where it is
 * @raise: it may then send with numbers up to @out
 * @behind: it is to refuse what was received already
 */
struct kept {
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint32_t spi;
	uint64_t out;
	uint64_t in;
	bool there;
	bool sends;
	bool receives;
	uint64_t limit;
	uint64_t seq_out;
	uint64_t seq_in;
	uint64_t seq_max;
	bool bare;
	uint64_t from;
	bool raise;
	bool behind;
};

/**
 * struct kept_list - SAs, in the order they were first seen
 * @sa: array
 * @len: its length
 */
struct kept_list {
	struct kept *sa;
	size_t len;
};

struct kept *kept_find(struct kept_list *list, const struct nfipsec_sa *sa);
void kept_unsee(struct kept_list *list);
void kept_seen(struct kept *k, const struct nfipsec_sa *sa, bool receive);
bool kept_begin(struct kept_list *list);
bool kept_plan(struct kept *k, uint64_t ahead);

int keep_lock(const char *path, bool new, int *fd);
int keep_read(const char *path, struct kept_list *list);
int keep_write(const char *path, const struct kept_list *list, int *lock);

int cmd_keep(struct args *a);

#endif
