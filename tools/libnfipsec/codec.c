// SPDX-License-Identifier: GPL-2.0
/* Structures to attributes and back, by the tables of attrs.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "internal.h"

static const struct nfi_field *field_find(const struct nfi_set *set,
					  unsigned int type)
{
	if (type >= set->len || !set->field[type].name)
		return NULL;
	return &set->field[type];
}

static size_t addr_len(uint8_t family)
{
	return family == AF_INET6 ? 16 : 4;
}

static bool encode_nest(struct nlmsghdr *nlh, size_t room, uint16_t type,
			const struct nfi_set *set, const void *obj)
{
	struct nlattr *nest;

	nest = mnl_attr_nest_start_check(nlh, room, type);
	if (!nest || nfi_encode(nlh, room, set, obj, UINT64_MAX))
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

static bool encode_list(struct nlmsghdr *nlh, size_t room, uint16_t type,
			const struct nfi_field *f, const void *list)
{
	const uint32_t *n = list;
	uint32_t i;

	for (i = 0; i < *n; i++)
		if (!encode_nest(nlh, room, type, f->nest,
				 (const char *)list + f->first + i * f->size))
			return false;
	return true;
}

static bool encode_names(struct nlmsghdr *nlh, size_t room, uint16_t type,
			 const struct nfipsec_name_list *list)
{
	uint32_t i;

	for (i = 0; i < list->n; i++)
		if (!mnl_attr_put_strz_check(nlh, room, type, list->name[i]))
			return false;
	return true;
}

static bool encode_titles(struct nlmsghdr *nlh, size_t room, uint16_t type,
			  const struct nfipsec_title_list *list)
{
	uint32_t i;

	for (i = 0; i < list->n; i++)
		if (!mnl_attr_put_strz_check(nlh, room, type, list->name[i]))
			return false;
	return true;
}

/* Templates as they stand in every structure that has some. */
struct tmpls {
	struct nfipsec_tmpl tmpl[NFIPSEC_TMPLS_MAX];
	unsigned int n;
};

#define HAS_TMPLS(type)							\
	_Static_assert(offsetof(struct type, tmpls) -			\
		       offsetof(struct type, tmpl) ==			\
		       offsetof(struct tmpls, n), #type)
HAS_TMPLS(nfipsec_policy);
HAS_TMPLS(nfipsec_acquire);

static bool encode_tmpls(struct nlmsghdr *nlh, size_t room, uint16_t type,
			 const struct nfi_set *set, const struct tmpls *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (!encode_nest(nlh, room, type, set, &t->tmpl[i]))
			return false;
	return true;
}

static bool encode_field(struct nlmsghdr *nlh, size_t room, uint16_t type,
			 const struct nfi_field *f, const void *obj)
{
	const void *p = (const char *)obj + f->off;
	const struct nfipsec_addr *addr = p;
	const struct nfipsec_key *key = p;
	uint32_t be;

	switch (f->kind) {
	case NFI_U8:
		return mnl_attr_put_check(nlh, room, type, 1, p);
	case NFI_U16:
		return mnl_attr_put_check(nlh, room, type, 2, p);
	case NFI_U32:
		return mnl_attr_put_check(nlh, room, type, 4, p);
	case NFI_BE32:
		be = htonl(*(const uint32_t *)p);
		return mnl_attr_put_check(nlh, room, type, 4, &be);
	case NFI_U64:
		return mnl_attr_put_check(nlh, room, type, 8, p);
	case NFI_ADDR:
		return mnl_attr_put_check(nlh, room, type,
					  addr_len(addr->family), addr->bytes);
	case NFI_NAME:
	case NFI_DOC:
		return mnl_attr_put_strz_check(nlh, room, type, p);
	case NFI_KEY:
		return mnl_attr_put_check(nlh, room, type, key->len, key->data);
	case NFI_FLAG:
		return mnl_attr_put_check(nlh, room, type, 0, NULL);
	case NFI_NEST:
		return encode_nest(nlh, room, type, f->nest, p);
	case NFI_LIST:
		return encode_list(nlh, room, type, f, p);
	case NFI_NAMES:
		return encode_names(nlh, room, type, p);
	case NFI_TITLES:
		return encode_titles(nlh, room, type, p);
	case NFI_U32S:
		return true;	/* answer only */
	case NFI_TMPLS:
		return encode_tmpls(nlh, room, type, f->nest, p);
	case NFI_MANY:
		return true;
	}
	return false;
}

/**
 * nfi_encode() - append the members of a structure to a message
 * @nlh: message
 * @room: size of its buffer
 * @set: the structure's table
 * @obj: the structure
 * @mask: attributes the operation knows; the others are not sent
 *
 * Return: 0, or -EMSGSIZE if they do not fit; @nlh is then unusable
 */
int nfi_encode(struct nlmsghdr *nlh, size_t room, const struct nfi_set *set,
	       const void *obj, uint64_t mask)
{
	uint64_t has = *(const uint64_t *)obj & mask;
	unsigned int type;

	for (type = 1; type < set->len; type++) {
		if (!(has & NFIPSEC_HAS(type)) || !field_find(set, type))
			continue;
		if (!encode_field(nlh, room, type, &set->field[type], obj))
			return -EMSGSIZE;
	}
	return 0;
}

static int decode_addr(struct nfipsec_addr *addr, const void *data, size_t len)
{
	if (len != 4 && len != 16)
		return -EBADMSG;
	addr->family = len == 4 ? AF_INET : AF_INET6;
	memcpy(addr->bytes, data, len);
	return 0;
}

/* What does not fit is left out, see decode_set(). */
static int decode_string(char *to, size_t size, const char *data, size_t len)
{
	bool fits;

	len = strnlen(data, len);
	fits = len < size;
	if (!fits)
		len = size - 1;
	memcpy(to, data, len);
	to[len] = '\0';
	return !fits;
}

static int decode_int(void *to, size_t size, const void *data, size_t len)
{
	if (len != size)
		return -EBADMSG;
	memcpy(to, data, len);
	return 0;
}

static int decode_set(const void *attrs, size_t len, const struct nfi_set *set,
		      void *obj);

/* More than there is room for are those of a newer kernel. */
static int decode_tmpl(const struct nfi_set *set, const void *data, size_t len,
		       struct tmpls *t)
{
	if (t->n == NFIPSEC_TMPLS_MAX)
		return 1;
	return decode_set(data, len, set, &t->tmpl[t->n++]);
}

static int decode_list(const struct nfi_field *f, const void *data, size_t len,
		       void *list)
{
	uint32_t *n = list;

	if (*n == NFIPSEC_MORE_MAX)
		return 1;
	return decode_set(data, len, f->nest,
			  (char *)list + f->first + f->size * (*n)++);
}

static int decode_u32(struct nfipsec_u32_list *list, const void *data,
		      size_t len)
{
	if (list->n == NFIPSEC_LENS_MAX)
		return 1;
	return decode_int(&list->value[list->n++], 4, data, len);
}

static int decode_name(struct nfipsec_name_list *list, const void *data,
		       size_t len)
{
	if (list->n == NFIPSEC_TMPL_ALGOS)
		return 1;
	return decode_string(list->name[list->n++], NFIPSEC_NAME_MAX, data,
			     len);
}

static int decode_title(struct nfipsec_title_list *list, const void *data,
			size_t len)
{
	if (list->n == NFIPSEC_POLICY_NAMES)
		return 1;
	return decode_string(list->name[list->n++], NFIPSEC_POLICY_NAME_MAX,
			     data, len);
}

static int decode_field(const struct nfi_field *f, const void *data,
			size_t len, void *obj)
{
	void *p = (char *)obj + f->off;
	uint32_t be;
	int ret;

	switch (f->kind) {
	case NFI_U8:
		return decode_int(p, 1, data, len);
	case NFI_U16:
		return decode_int(p, 2, data, len);
	case NFI_U32:
		return decode_int(p, 4, data, len);
	case NFI_BE32:
		ret = decode_int(&be, 4, data, len);
		if (!ret)
			*(uint32_t *)p = ntohl(be);
		return ret;
	case NFI_U64:
		return decode_int(p, 8, data, len);
	case NFI_ADDR:
		return decode_addr(p, data, len);
	case NFI_NAME:
		return decode_string(p, NFIPSEC_NAME_MAX, data, len);
	case NFI_DOC:
		return decode_string(p, NFIPSEC_DOC_MAX, data, len);
	case NFI_NEST:
		return decode_set(data, len, f->nest, p);
	case NFI_LIST:
		return decode_list(f, data, len, p);
	case NFI_NAMES:
		return decode_name(p, data, len);
	case NFI_TITLES:
		return decode_title(p, data, len);
	case NFI_U32S:
		return decode_u32(p, data, len);
	case NFI_TMPLS:
		return decode_tmpl(f->nest, data, len, p);
	case NFI_FLAG:
	case NFI_KEY:
	case NFI_MANY:
		return 0;
	}
	return -EBADMSG;
}

/*
 * Returns 1 if something was left out, as those that it calls do, and -EBADMSG if
 * an attribute is malformed. Numbers of the table that it does not have are padding.
 */
static int decode_set(const void *attrs, size_t len, const struct nfi_set *set,
		      void *obj)
{
	const struct nlattr *a = attrs;
	const struct nfi_field *f;
	uint64_t *has = obj;
	unsigned int type;
	int left = len;
	int ret;

	for (; mnl_attr_ok(a, left); a = mnl_attr_next(a)) {
		left -= NLA_ALIGN(a->nla_len);
		type = mnl_attr_get_type(a);
		f = field_find(set, type);
		ret = type >= set->len;
		if (f)
			ret = decode_field(f, mnl_attr_get_payload(a),
					   mnl_attr_get_payload_len(a), obj);
		if (ret < 0)
			return ret;
		if (f)
			*has |= NFIPSEC_HAS(type);
		if (ret)
			*has |= NFIPSEC_HAS_UNKNOWN;
	}
	return left > 0 ? -EBADMSG : !!(*has & NFIPSEC_HAS_UNKNOWN);
}

/**
 * nfi_decode() - read attributes into a structure
 * @attrs: first attribute
 * @len: bytes of all
 * @set: the structure's table
 * @obj: the structure, zeroed by the caller
 *
 * Attributes that the table does not know are those of a newer kernel, and are
 * left out. So is what there is no room for. NFIPSEC_HAS_UNKNOWN says of it, in the
 * structure and in each that it is in.
 *
 * Return: 0, or -EBADMSG if an attribute is malformed
 */
int nfi_decode(const void *attrs, size_t len, const struct nfi_set *set,
	       void *obj)
{
	int ret = decode_set(attrs, len, set, obj);

	return ret < 0 ? ret : 0;
}

static void path_add(char *path, size_t size, const char *name)
{
	size_t len = strlen(path);
	char *p;

	snprintf(path + len, size - len, "%s%s", len ? " " : "", name);
	/* members are spelled with _, attributes and words with - */
	for (p = path; *p; p++)
		if (*p == '_')
			*p = '-';
}

/**
 * nfi_attr_path() - names of the attribute at an offset of a request
 * @nlh: the request
 * @set: its attributes, may be NULL
 * @off: from the start of @nlh
 * @path: result, the names from the outermost nest inwards; empty if there is
 *	no such attribute
 * @size: of @path
 *
 * Return: the set inside the attribute, NULL if it is no nest or was not found
 */
const struct nfi_set *nfi_attr_path(const struct nlmsghdr *nlh,
				    const struct nfi_set *set, uint32_t off,
				    char *path, size_t size)
{
	const char *base = (const char *)nlh;
	const char *p = base + NLMSG_HDRLEN + GENL_HDRLEN;
	const char *end = base + nlh->nlmsg_len;
	const struct nfi_field *f;
	const struct nlattr *a;

	path[0] = '\0';
	while (set && mnl_attr_ok((const void *)p, end - p)) {
		a = (const void *)p;
		if (off >= (size_t)(p - base) + NLA_ALIGN(a->nla_len)) {
			p += NLA_ALIGN(a->nla_len);
			continue;
		}
		f = field_find(set, mnl_attr_get_type(a));
		if (!f)
			return NULL;
		path_add(path, size, f->name);
		set = f->nest;
		if (off < (size_t)(p - base) + NLA_HDRLEN)
			return set;
		end = p + a->nla_len;
		p += NLA_HDRLEN;
	}
	return NULL;
}

/**
 * nfi_attr_add() - append the name of an attribute to a path
 * @path: names so far
 * @size: of @path
 * @set: the set it is in, may be NULL
 * @type: its number
 */
void nfi_attr_add(char *path, size_t size, const struct nfi_set *set,
		  unsigned int type)
{
	const struct nfi_field *f = set ? field_find(set, type) : NULL;

	if (f)
		path_add(path, size, f->name);
}
