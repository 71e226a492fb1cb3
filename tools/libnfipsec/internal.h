/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of libnfipsec share. */
#ifndef LIBNFIPSEC_INTERNAL_H
#define LIBNFIPSEC_INTERNAL_H

#include <stddef.h>

#include <libmnl/libmnl.h>

#include "nfipsec.h"

#define NFI_TX_SIZE	65536	/* a policy that has all it can is some 40 kB */
#define NFI_RX_SIZE	65536	/* the largest message the kernel makes */

/* Attributes of requests about SAs and policies. */
#define NFI_SA_HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_SA_##attr)
#define NFI_SA_KEY	(NFI_SA_HAS(SRC) | NFI_SA_HAS(DST) |		\
			 NFI_SA_HAS(PROTO) | NFI_SA_HAS(SPI))
#define NFI_SA_CONFIG	(~(NFI_SA_HAS(SPI_MIN) | NFI_SA_HAS(SPI_MAX) |	\
			   NFI_SA_HAS(STATE) | NFI_SA_HAS(PACKETS) |	\
			   NFI_SA_HAS(BYTES) | NFI_SA_HAS(ADD_TIME) |	\
			   NFI_SA_HAS(REPLAY_DROPS) |			\
			   NFI_SA_HAS(AUTH_DROPS) | NFI_SA_HAS(PMTU) |	\
			   NFI_SA_HAS(MOVE) | NFI_SA_HAS(CHANGE) |	\
			   NFI_SA_HAS(USED_BYTES) |			\
			   NFI_SA_HAS(USED_PACKETS) |			\
			   NFI_SA_HAS(USE_TIME) |			\
			   NFI_SA_HAS(LAST_USED) |			\
			   NFI_SA_HAS(TRANSACTION)))
#define NFI_POLICY_HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_POLICY_##attr)
#define NFI_POLICY_KEY	(NFI_POLICY_HAS(INDEX) | NFI_POLICY_HAS(DIR) |	\
			 NFI_POLICY_HAS(SELECTOR) |			\
			 NFI_POLICY_HAS(SELECTOR_MORE))
#define NFI_POLICY_CONFIG	(NFI_POLICY_HAS(DIR) |			\
				 NFI_POLICY_HAS(SELECTOR) |		\
				 NFI_POLICY_HAS(PRIORITY) |		\
				 NFI_POLICY_HAS(ACTION) |		\
				 NFI_POLICY_HAS(TMPL) |			\
				 NFI_POLICY_HAS(PFP) |			\
				 NFI_POLICY_HAS(NAME) |			\
				 NFI_POLICY_HAS(OWNER) |		\
				 NFI_POLICY_HAS(SELECTOR_MORE) |	\
				 NFI_POLICY_HAS(FLAGS))

/**
 * struct nfipsec - a handle
 * @nl: socket
 * @family: number of the generic netlink family, 0 if there was none
 * @events: number of its multicast group, 0 if the kernel has none
 * @changes: likewise, of changes
 * @watched: events end with the module, see nfipsec_event_watch()
 * @lost: events were, and until its queue is empty the socket may lose more unheard
 * @seq: of the last request
 * @torn: the last list changed while it was read
 * @stage: requests of a transaction that are not sent yet, wiped likewise; or NULL
 * @stage_len: bytes of it
 * @staged: requests of the transaction, sent or not
 * @stage_first: of which the first of @stage is the one with this number, from 0
 * @stage_seq: sequence number of the first of @stage
 * @stage_last: of the last; those of other calls may be between the two
 * @blamed: which of them is to blame for the last failure
 * @told: the kernel gave a sentence of its own for the last refusal
 * @error: sentence of the last failure
 * @tx: request; wiped once it was answered, since it may hold keys
 * @rx: answer
 */
struct nfipsec {
	struct mnl_socket *nl;
	uint16_t family;
	uint32_t events;
	uint32_t changes;
	bool watched;
	bool lost;
	uint32_t seq;
	bool torn;
	char *stage;
	size_t stage_len;
	uint32_t staged;
	uint32_t stage_first;
	uint32_t stage_seq;
	uint32_t stage_last;
	uint32_t blamed;
	bool told;
	char error[512];
	char tx[NFI_TX_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	char rx[NFI_RX_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

enum nfi_kind {
	NFI_U8,
	NFI_U16,
	NFI_U32,
	NFI_BE32,
	NFI_U64,
	NFI_ADDR,
	NFI_NAME,	/* char[NFIPSEC_NAME_MAX] */
	NFI_DOC,	/* char[NFIPSEC_DOC_MAX] */
	NFI_KEY,	/* request only */
	NFI_FLAG,	/* its bit is its value */
	NFI_NEST,	/* a structure with a table of its own */
	NFI_LIST,	/* repeated nest: uint32_t n, and so many structures */
	NFI_NAMES,	/* repeated: struct nfipsec_name_list */
	NFI_TITLES,	/* repeated: struct nfipsec_title_list */
	NFI_U32S,	/* repeated: struct nfipsec_u32_list */
	NFI_TMPLS,	/* repeated nest: templates, their number behind them */
	NFI_MANY,	/* repeated nest, not held in the structure */
};

/**
 * struct nfi_field - how an attribute and a member of a structure correspond
 * @name: of the attribute in the specification
 * @kind: of both
 * @off: of the member
 * @nest: table of the nested set
 * @first: of a list, offset of its first structure from that of the list
 * @size: of a list, bytes of each structure
 */
struct nfi_field {
	const char *name;
	enum nfi_kind kind;
	size_t off;
	const struct nfi_set *nest;
	size_t first;
	size_t size;
};

/**
 * struct nfi_set - an attribute set
 * @field: by attribute number; an entry without a name is unused
 * @len: of @field
 */
struct nfi_set {
	const struct nfi_field *field;
	unsigned int len;
};

extern const struct nfi_set nfi_set_addr_range;
extern const struct nfi_set nfi_set_port_range;
extern const struct nfi_set nfi_set_selector;
extern const struct nfi_set nfi_set_tmpl;
extern const struct nfi_set nfi_set_outer;
extern const struct nfi_set nfi_set_encap;
extern const struct nfi_set nfi_set_tfc;
extern const struct nfi_set nfi_set_lifetime;
extern const struct nfi_set nfi_set_move;
extern const struct nfi_set nfi_set_sa;
extern const struct nfi_set nfi_set_mapping;
extern const struct nfi_set nfi_set_acquire;
extern const struct nfi_set nfi_set_expire;
extern const struct nfi_set nfi_set_policy;
extern const struct nfi_set nfi_set_default;
extern const struct nfi_set nfi_set_transaction;
extern const struct nfi_set nfi_set_counter;
extern const struct nfi_set nfi_set_stats;
extern const struct nfi_set nfi_set_algo;
extern const struct nfi_set nfi_set_features;
extern const struct nfi_set nfi_set_explain_step;
extern const struct nfi_set nfi_set_explain_part;
extern const struct nfi_set nfi_set_explain_candidate;
extern const struct nfi_set nfi_set_explain;

int nfi_encode(struct nlmsghdr *nlh, size_t room, const struct nfi_set *set,
	       const void *obj, uint64_t mask);
int nfi_decode(const void *attrs, size_t len, const struct nfi_set *set,
	       void *obj);
const struct nfi_set *nfi_attr_path(const struct nlmsghdr *nlh,
				    const struct nfi_set *set, uint32_t off,
				    char *path, size_t size);
void nfi_attr_add(char *path, size_t size, const struct nfi_set *set,
		  unsigned int type);

typedef int (*nfi_msg_cb)(const struct nlmsghdr *nlh, void *arg);

int nfi_fail(struct nfipsec *h, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/**
 * struct nfipsec_transaction - attribute set transaction
 * @has: bits of NFIPSEC_A_TRANSACTION_*
 * @requests: how many were put into it
 */
struct nfipsec_transaction {
	uint64_t has;
	uint32_t requests;
};

struct nlmsghdr *nfi_request(struct nfipsec *h, void *buf, uint8_t cmd,
			     uint16_t flags);
int nfi_look_again(struct nfipsec *h, int ret);
int nfi_call(struct nfipsec *h, uint8_t cmd, const struct nfi_set *set,
	     const void *obj, uint64_t mask, nfi_msg_cb cb, void *arg);
int nfi_dump(struct nfipsec *h, uint8_t cmd, const struct nfi_set *set,
	     nfi_msg_cb cb, void *arg);
int nfi_connect(struct nfipsec **h);
int nfi_find_family(struct nfipsec *h);
int nfi_find_ctrl(struct nfipsec *h, uint32_t *group);
int nfi_join(struct nfipsec *h, uint32_t group, const char *what);
int nfi_listen(struct nfipsec *h, const char *what, nfi_msg_cb cb, void *arg);
int nfi_after_loss(struct nfipsec *h, int ret);
void nfi_stage_free(struct nfipsec *h);
const void *nfi_attrs(const struct nlmsghdr *nlh, size_t *len);

#endif
