// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nfipsec.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl-gen.h"

#include <uapi/linux/nfipsec.h>

/* Common nested types */
const struct nla_policy nfipsec_addr_range_nl_policy[NFIPSEC_A_ADDR_RANGE_END + 1] = {
	[NFIPSEC_A_ADDR_RANGE_ADDR] = { .type = NLA_BINARY, },
	[NFIPSEC_A_ADDR_RANGE_PLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NFIPSEC_A_ADDR_RANGE_END] = { .type = NLA_BINARY, },
};

const struct nla_policy nfipsec_encap_nl_policy[NFIPSEC_A_ENCAP_KEEPALIVE + 1] = {
	[NFIPSEC_A_ENCAP_TYPE] = NLA_POLICY_RANGE(NLA_U8, 2, 2),
	[NFIPSEC_A_ENCAP_SPORT] = { .type = NLA_U16, },
	[NFIPSEC_A_ENCAP_DPORT] = { .type = NLA_U16, },
	[NFIPSEC_A_ENCAP_OA] = { .type = NLA_BINARY, },
	[NFIPSEC_A_ENCAP_KEEPALIVE] = NLA_POLICY_MAX(NLA_U32, 3600),
};

const struct nla_policy nfipsec_lifetime_nl_policy[NFIPSEC_A_LIFETIME_TIME_USE_HARD + 1] = {
	[NFIPSEC_A_LIFETIME_BYTE_SOFT] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_BYTE_HARD] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_PACKET_SOFT] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_PACKET_HARD] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_TIME_SOFT] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_TIME_HARD] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_TIME_USE_SOFT] = { .type = NLA_U64, },
	[NFIPSEC_A_LIFETIME_TIME_USE_HARD] = { .type = NLA_U64, },
};

const struct nla_policy nfipsec_move_nl_policy[NFIPSEC_A_MOVE_REQID + 1] = {
	[NFIPSEC_A_MOVE_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_MOVE_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_MOVE_ENCAP] = NLA_POLICY_NESTED(nfipsec_encap_nl_policy),
	[NFIPSEC_A_MOVE_NO_ENCAP] = { .type = NLA_FLAG, },
	[NFIPSEC_A_MOVE_REQID] = { .type = NLA_U32, },
};

const struct nla_policy nfipsec_outer_nl_policy[NFIPSEC_A_OUTER_FRAG + 1] = {
	[NFIPSEC_A_OUTER_ECN] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_OUTER_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[NFIPSEC_A_OUTER_DF] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_OUTER_HOP_LIMIT] = NLA_POLICY_MIN(NLA_U8, 1),
	[NFIPSEC_A_OUTER_LABEL] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_OUTER_LABEL_VALUE] = { .type = NLA_U32, },
	[NFIPSEC_A_OUTER_FRAG] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy nfipsec_port_range_nl_policy[NFIPSEC_A_PORT_RANGE_HIGH + 1] = {
	[NFIPSEC_A_PORT_RANGE_LOW] = { .type = NLA_U16, },
	[NFIPSEC_A_PORT_RANGE_HIGH] = { .type = NLA_U16, },
};

const struct nla_policy nfipsec_selector_nl_policy[NFIPSEC_A_SELECTOR_MARK_MASK + 1] = {
	[NFIPSEC_A_SELECTOR_FAMILY] = { .type = NLA_U8, },
	[NFIPSEC_A_SELECTOR_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SELECTOR_SRC_PLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NFIPSEC_A_SELECTOR_SRC_END] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SELECTOR_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SELECTOR_DST_PLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NFIPSEC_A_SELECTOR_DST_END] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SELECTOR_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SELECTOR_SPORT_MIN] = { .type = NLA_U16, },
	[NFIPSEC_A_SELECTOR_SPORT_MAX] = { .type = NLA_U16, },
	[NFIPSEC_A_SELECTOR_DPORT_MIN] = { .type = NLA_U16, },
	[NFIPSEC_A_SELECTOR_DPORT_MAX] = { .type = NLA_U16, },
	[NFIPSEC_A_SELECTOR_TYPE_MIN] = { .type = NLA_U16, },
	[NFIPSEC_A_SELECTOR_TYPE_MAX] = { .type = NLA_U16, },
	[NFIPSEC_A_SELECTOR_SRC_MORE] = NLA_POLICY_NESTED(nfipsec_addr_range_nl_policy),
	[NFIPSEC_A_SELECTOR_DST_MORE] = NLA_POLICY_NESTED(nfipsec_addr_range_nl_policy),
	[NFIPSEC_A_SELECTOR_SPORT_MORE] = NLA_POLICY_NESTED(nfipsec_port_range_nl_policy),
	[NFIPSEC_A_SELECTOR_DPORT_MORE] = NLA_POLICY_NESTED(nfipsec_port_range_nl_policy),
	[NFIPSEC_A_SELECTOR_TYPE_MORE] = NLA_POLICY_NESTED(nfipsec_port_range_nl_policy),
	[NFIPSEC_A_SELECTOR_IIF] = { .type = NLA_U32, },
	[NFIPSEC_A_SELECTOR_OIF] = { .type = NLA_U32, },
	[NFIPSEC_A_SELECTOR_VRF] = { .type = NLA_U32, },
	[NFIPSEC_A_SELECTOR_MARK] = { .type = NLA_U32, },
	[NFIPSEC_A_SELECTOR_MARK_MASK] = { .type = NLA_U32, },
};

const struct nla_policy nfipsec_tfc_nl_policy[NFIPSEC_A_TFC_DUMMY_INTERVAL + 1] = {
	[NFIPSEC_A_TFC_PAD] = { .type = NLA_U32, },
	[NFIPSEC_A_TFC_DUMMY_INTERVAL] = { .type = NLA_U32, },
};

const struct nla_policy nfipsec_tmpl_nl_policy[NFIPSEC_A_TMPL_DSCP_COPY + 1] = {
	[NFIPSEC_A_TMPL_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_TMPL_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_TMPL_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_TMPL_MODE] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_TMPL_REQID] = { .type = NLA_U32, },
	[NFIPSEC_A_TMPL_SPI] = { .type = NLA_U32, },
	[NFIPSEC_A_TMPL_ALGO] = { .type = NLA_STRING, .len = 63, },
	[NFIPSEC_A_TMPL_ESN] = NLA_POLICY_MAX(NLA_U8, 1),
	[NFIPSEC_A_TMPL_DF] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_TMPL_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[NFIPSEC_A_TMPL_DSCP_COPY] = { .type = NLA_FLAG, },
};

/* NFIPSEC_CMD_SA_NEW - do */
const struct nla_policy nfipsec_sa_new_nl_policy[NFIPSEC_A_SA_CPU + 1] = {
	[NFIPSEC_A_SA_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SA_SPI] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_MODE] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_SA_REQID] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_SA_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3ff),
	[NFIPSEC_A_SA_REPLAY_WINDOW] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_SEQ_OUT] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_SEQ_IN] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_AEAD_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_AEAD_KEY] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_AEAD_ICV_BITS] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_ENC_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_ENC_KEY] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_AUTH_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_AUTH_KEY] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_AUTH_ICV_BITS] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_SELECTOR] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_SA_OUTER] = NLA_POLICY_NESTED(nfipsec_outer_nl_policy),
	[NFIPSEC_A_SA_PMTU_AGE] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_ENCAP] = NLA_POLICY_NESTED(nfipsec_encap_nl_policy),
	[NFIPSEC_A_SA_TFC] = NLA_POLICY_NESTED(nfipsec_tfc_nl_policy),
	[NFIPSEC_A_SA_DSCP_SET] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_LIFETIME] = NLA_POLICY_NESTED(nfipsec_lifetime_nl_policy),
	[NFIPSEC_A_SA_COMP_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
	[NFIPSEC_A_SA_SEQ_MAX] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_SEQ_MAX_OLD] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_TRANSACTION] = { .type = NLA_FLAG, },
	[NFIPSEC_A_SA_CPU] = { .type = NLA_U32, },
};

/* NFIPSEC_CMD_SA_UPDATE - do */
const struct nla_policy nfipsec_sa_update_nl_policy[NFIPSEC_A_SA_CPU + 1] = {
	[NFIPSEC_A_SA_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SA_SPI] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_MODE] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_SA_REQID] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_SA_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3ff),
	[NFIPSEC_A_SA_REPLAY_WINDOW] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_SEQ_OUT] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_SEQ_IN] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_AEAD_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_AEAD_KEY] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_AEAD_ICV_BITS] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_ENC_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_ENC_KEY] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_AUTH_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_AUTH_KEY] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_AUTH_ICV_BITS] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_SELECTOR] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_SA_OUTER] = NLA_POLICY_NESTED(nfipsec_outer_nl_policy),
	[NFIPSEC_A_SA_PMTU_AGE] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_ENCAP] = NLA_POLICY_NESTED(nfipsec_encap_nl_policy),
	[NFIPSEC_A_SA_TFC] = NLA_POLICY_NESTED(nfipsec_tfc_nl_policy),
	[NFIPSEC_A_SA_DSCP_SET] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_LIFETIME] = NLA_POLICY_NESTED(nfipsec_lifetime_nl_policy),
	[NFIPSEC_A_SA_COMP_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
	[NFIPSEC_A_SA_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
	[NFIPSEC_A_SA_SEQ_MAX] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_SEQ_MAX_OLD] = { .type = NLA_U64, },
	[NFIPSEC_A_SA_TRANSACTION] = { .type = NLA_FLAG, },
	[NFIPSEC_A_SA_CPU] = { .type = NLA_U32, },
};

/* NFIPSEC_CMD_SA_DEL - do */
const struct nla_policy nfipsec_sa_del_nl_policy[NFIPSEC_A_SA_TRANSACTION + 1] = {
	[NFIPSEC_A_SA_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SA_SPI] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_TRANSACTION] = { .type = NLA_FLAG, },
};

/* NFIPSEC_CMD_SA_GET - do */
const struct nla_policy nfipsec_sa_get_nl_policy[NFIPSEC_A_SA_SPI + 1] = {
	[NFIPSEC_A_SA_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SA_SPI] = { .type = NLA_U32, },
};

/* NFIPSEC_CMD_SA_FLUSH - do */
const struct nla_policy nfipsec_sa_flush_nl_policy[NFIPSEC_A_SA_OWNER + 1] = {
	[NFIPSEC_A_SA_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* NFIPSEC_CMD_SA_ALLOCSPI - do */
const struct nla_policy nfipsec_sa_allocspi_nl_policy[NFIPSEC_A_SA_OWNER + 1] = {
	[NFIPSEC_A_SA_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SA_MODE] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_SA_REQID] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_SPI_MIN] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_SPI_MAX] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* NFIPSEC_CMD_POLICY_NEW - do */
const struct nla_policy nfipsec_policy_new_nl_policy[NFIPSEC_A_POLICY_FLAGS + 1] = {
	[NFIPSEC_A_POLICY_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_SELECTOR] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_PRIORITY] = { .type = NLA_U32, },
	[NFIPSEC_A_POLICY_ACTION] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_TMPL] = NLA_POLICY_NESTED(nfipsec_tmpl_nl_policy),
	[NFIPSEC_A_POLICY_PFP] = NLA_POLICY_MASK(NLA_U32, 0x1f),
	[NFIPSEC_A_POLICY_NAME] = { .type = NLA_STRING, .len = 255, },
	[NFIPSEC_A_POLICY_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
	[NFIPSEC_A_POLICY_SELECTOR_MORE] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_TRANSACTION] = { .type = NLA_FLAG, },
	[NFIPSEC_A_POLICY_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
};

/* NFIPSEC_CMD_POLICY_UPDATE - do */
const struct nla_policy nfipsec_policy_update_nl_policy[NFIPSEC_A_POLICY_FLAGS + 1] = {
	[NFIPSEC_A_POLICY_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_SELECTOR] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_PRIORITY] = { .type = NLA_U32, },
	[NFIPSEC_A_POLICY_ACTION] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_TMPL] = NLA_POLICY_NESTED(nfipsec_tmpl_nl_policy),
	[NFIPSEC_A_POLICY_PFP] = NLA_POLICY_MASK(NLA_U32, 0x1f),
	[NFIPSEC_A_POLICY_NAME] = { .type = NLA_STRING, .len = 255, },
	[NFIPSEC_A_POLICY_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
	[NFIPSEC_A_POLICY_SELECTOR_MORE] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_TRANSACTION] = { .type = NLA_FLAG, },
	[NFIPSEC_A_POLICY_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
};

/* NFIPSEC_CMD_POLICY_DEL - do */
const struct nla_policy nfipsec_policy_del_nl_policy[NFIPSEC_A_POLICY_TRANSACTION + 1] = {
	[NFIPSEC_A_POLICY_INDEX] = { .type = NLA_U32, },
	[NFIPSEC_A_POLICY_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_SELECTOR] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_SELECTOR_MORE] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_TRANSACTION] = { .type = NLA_FLAG, },
};

/* NFIPSEC_CMD_POLICY_GET - do */
const struct nla_policy nfipsec_policy_get_nl_policy[NFIPSEC_A_POLICY_SELECTOR_MORE + 1] = {
	[NFIPSEC_A_POLICY_INDEX] = { .type = NLA_U32, },
	[NFIPSEC_A_POLICY_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_SELECTOR] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
	[NFIPSEC_A_POLICY_SELECTOR_MORE] = NLA_POLICY_NESTED(nfipsec_selector_nl_policy),
};

/* NFIPSEC_CMD_POLICY_FLUSH - do */
const struct nla_policy nfipsec_policy_flush_nl_policy[NFIPSEC_A_POLICY_OWNER + 1] = {
	[NFIPSEC_A_POLICY_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_POLICY_OWNER] = { .type = NLA_NUL_STRING, .len = 15, },
};

/* NFIPSEC_CMD_DEFAULT_GET - do */
const struct nla_policy nfipsec_default_get_nl_policy[NFIPSEC_A_DEFAULT_PAD + 1] = {
};

/* NFIPSEC_CMD_DEFAULT_SET - do */
const struct nla_policy nfipsec_default_set_nl_policy[NFIPSEC_A_DEFAULT_TRANSACTION + 1] = {
	[NFIPSEC_A_DEFAULT_IN] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_DEFAULT_OUT] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_DEFAULT_WEAK] = NLA_POLICY_MAX(NLA_U8, 1),
	[NFIPSEC_A_DEFAULT_AUDIT] = NLA_POLICY_MAX(NLA_U8, 1),
	[NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT] = NLA_POLICY_MAX(NLA_U32, 300),
	[NFIPSEC_A_DEFAULT_TRANSACTION] = { .type = NLA_FLAG, },
};

/* NFIPSEC_CMD_STATS_GET - do */
const struct nla_policy nfipsec_stats_get_nl_policy[NFIPSEC_A_STATS_PAD + 1] = {
};

/* NFIPSEC_CMD_ACQUIRE_GET - do */
const struct nla_policy nfipsec_acquire_get_nl_policy[NFIPSEC_A_ACQUIRE_ID + 1] = {
	[NFIPSEC_A_ACQUIRE_ID] = { .type = NLA_U32, },
};

/* NFIPSEC_CMD_SA_MOVE - do */
const struct nla_policy nfipsec_sa_move_nl_policy[NFIPSEC_A_SA_MOVE + 1] = {
	[NFIPSEC_A_SA_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_SA_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_SA_SPI] = { .type = NLA_U32, },
	[NFIPSEC_A_SA_MOVE] = NLA_POLICY_NESTED(nfipsec_move_nl_policy),
};

/* NFIPSEC_CMD_FEATURES_GET - do */
const struct nla_policy nfipsec_features_get_nl_policy[NFIPSEC_A_FEATURES_LOAD + 1] = {
	[NFIPSEC_A_FEATURES_LOAD] = { .type = NLA_FLAG, },
};

/* NFIPSEC_CMD_POLICY_EXPLAIN - do */
const struct nla_policy nfipsec_policy_explain_nl_policy[NFIPSEC_A_EXPLAIN_OIF + 1] = {
	[NFIPSEC_A_EXPLAIN_DIR] = NLA_POLICY_MAX(NLA_U8, 2),
	[NFIPSEC_A_EXPLAIN_SRC] = { .type = NLA_BINARY, },
	[NFIPSEC_A_EXPLAIN_DST] = { .type = NLA_BINARY, },
	[NFIPSEC_A_EXPLAIN_PROTO] = { .type = NLA_U8, },
	[NFIPSEC_A_EXPLAIN_SPORT] = { .type = NLA_U16, },
	[NFIPSEC_A_EXPLAIN_DPORT] = { .type = NLA_U16, },
	[NFIPSEC_A_EXPLAIN_TYPE] = { .type = NLA_U8, },
	[NFIPSEC_A_EXPLAIN_CODE] = { .type = NLA_U8, },
	[NFIPSEC_A_EXPLAIN_FRAGMENT] = { .type = NLA_FLAG, },
	[NFIPSEC_A_EXPLAIN_DONT_FRAGMENT] = { .type = NLA_FLAG, },
	[NFIPSEC_A_EXPLAIN_LEN] = { .type = NLA_U32, },
	[NFIPSEC_A_EXPLAIN_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[NFIPSEC_A_EXPLAIN_MARK] = { .type = NLA_U32, },
	[NFIPSEC_A_EXPLAIN_IIF] = NLA_POLICY_MIN(NLA_U32, 1),
	[NFIPSEC_A_EXPLAIN_OIF] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* NFIPSEC_CMD_TRANSACTION_BEGIN - do */
const struct nla_policy nfipsec_transaction_begin_nl_policy[NFIPSEC_A_TRANSACTION_PAD + 1] = {
};

/* NFIPSEC_CMD_TRANSACTION_COMMIT - do */
const struct nla_policy nfipsec_transaction_commit_nl_policy[NFIPSEC_A_TRANSACTION_UNCHANGED + 1] = {
	[NFIPSEC_A_TRANSACTION_REQUESTS] = { .type = NLA_U32, },
	[NFIPSEC_A_TRANSACTION_UNCHANGED] = { .type = NLA_FLAG, },
};

/* NFIPSEC_CMD_TRANSACTION_ABORT - do */
const struct nla_policy nfipsec_transaction_abort_nl_policy[NFIPSEC_A_TRANSACTION_PAD + 1] = {
};

/* Ops table for nfipsec */
const struct genl_ops nfipsec_nl_ops[21] = {
	{
		.cmd		= NFIPSEC_CMD_SA_NEW,
		.doit		= nfipsec_nl_sa_new_doit,
		.policy		= nfipsec_sa_new_nl_policy,
		.maxattr	= NFIPSEC_A_SA_CPU,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_SA_UPDATE,
		.doit		= nfipsec_nl_sa_update_doit,
		.policy		= nfipsec_sa_update_nl_policy,
		.maxattr	= NFIPSEC_A_SA_CPU,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_SA_DEL,
		.doit		= nfipsec_nl_sa_del_doit,
		.policy		= nfipsec_sa_del_nl_policy,
		.maxattr	= NFIPSEC_A_SA_TRANSACTION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_SA_GET,
		.doit		= nfipsec_nl_sa_get_doit,
		.dumpit		= nfipsec_nl_sa_get_dumpit,
		.policy		= nfipsec_sa_get_nl_policy,
		.maxattr	= NFIPSEC_A_SA_SPI,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_SA_FLUSH,
		.doit		= nfipsec_nl_sa_flush_doit,
		.policy		= nfipsec_sa_flush_nl_policy,
		.maxattr	= NFIPSEC_A_SA_OWNER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_SA_ALLOCSPI,
		.doit		= nfipsec_nl_sa_allocspi_doit,
		.policy		= nfipsec_sa_allocspi_nl_policy,
		.maxattr	= NFIPSEC_A_SA_OWNER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_POLICY_NEW,
		.doit		= nfipsec_nl_policy_new_doit,
		.policy		= nfipsec_policy_new_nl_policy,
		.maxattr	= NFIPSEC_A_POLICY_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_POLICY_UPDATE,
		.doit		= nfipsec_nl_policy_update_doit,
		.policy		= nfipsec_policy_update_nl_policy,
		.maxattr	= NFIPSEC_A_POLICY_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_POLICY_DEL,
		.doit		= nfipsec_nl_policy_del_doit,
		.policy		= nfipsec_policy_del_nl_policy,
		.maxattr	= NFIPSEC_A_POLICY_TRANSACTION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_POLICY_GET,
		.doit		= nfipsec_nl_policy_get_doit,
		.dumpit		= nfipsec_nl_policy_get_dumpit,
		.policy		= nfipsec_policy_get_nl_policy,
		.maxattr	= NFIPSEC_A_POLICY_SELECTOR_MORE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_POLICY_FLUSH,
		.doit		= nfipsec_nl_policy_flush_doit,
		.policy		= nfipsec_policy_flush_nl_policy,
		.maxattr	= NFIPSEC_A_POLICY_OWNER,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_DEFAULT_GET,
		.doit		= nfipsec_nl_default_get_doit,
		.policy		= nfipsec_default_get_nl_policy,
		.maxattr	= NFIPSEC_A_DEFAULT_PAD,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_DEFAULT_SET,
		.doit		= nfipsec_nl_default_set_doit,
		.policy		= nfipsec_default_set_nl_policy,
		.maxattr	= NFIPSEC_A_DEFAULT_TRANSACTION,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_STATS_GET,
		.doit		= nfipsec_nl_stats_get_doit,
		.policy		= nfipsec_stats_get_nl_policy,
		.maxattr	= NFIPSEC_A_STATS_PAD,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_ACQUIRE_GET,
		.doit		= nfipsec_nl_acquire_get_doit,
		.dumpit		= nfipsec_nl_acquire_get_dumpit,
		.policy		= nfipsec_acquire_get_nl_policy,
		.maxattr	= NFIPSEC_A_ACQUIRE_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_SA_MOVE,
		.doit		= nfipsec_nl_sa_move_doit,
		.policy		= nfipsec_sa_move_nl_policy,
		.maxattr	= NFIPSEC_A_SA_MOVE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_FEATURES_GET,
		.doit		= nfipsec_nl_features_get_doit,
		.policy		= nfipsec_features_get_nl_policy,
		.maxattr	= NFIPSEC_A_FEATURES_LOAD,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_POLICY_EXPLAIN,
		.doit		= nfipsec_nl_policy_explain_doit,
		.policy		= nfipsec_policy_explain_nl_policy,
		.maxattr	= NFIPSEC_A_EXPLAIN_OIF,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_TRANSACTION_BEGIN,
		.doit		= nfipsec_nl_transaction_begin_doit,
		.policy		= nfipsec_transaction_begin_nl_policy,
		.maxattr	= NFIPSEC_A_TRANSACTION_PAD,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_TRANSACTION_COMMIT,
		.doit		= nfipsec_nl_transaction_commit_doit,
		.policy		= nfipsec_transaction_commit_nl_policy,
		.maxattr	= NFIPSEC_A_TRANSACTION_UNCHANGED,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NFIPSEC_CMD_TRANSACTION_ABORT,
		.doit		= nfipsec_nl_transaction_abort_doit,
		.policy		= nfipsec_transaction_abort_nl_policy,
		.maxattr	= NFIPSEC_A_TRANSACTION_PAD,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group nfipsec_nl_mcgrps[] = {
	[NFIPSEC_NLGRP_EVENTS] = { "events", },
	[NFIPSEC_NLGRP_CHANGES] = { "changes", },
};
