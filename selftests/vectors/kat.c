// SPDX-License-Identifier: GPL-2.0
/*
 * Do the known answers find what is wrong? Each vector is right as it stands,
 * and a mistake in any part of it must be noticed, refuse the SA, and be
 * remembered. The source is included to get at its parts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../../module/kat.c"
#include "kat.h"

const unsigned int kat_count = ARRAY_SIZE(kat_vectors);

/* Refused, and for this reason. */
static bool answer_is_wrong(int err, const struct netlink_ext_ack *extack)
{
	return err == -EIO && extack->_msg &&
	       strstr(extack->_msg, "wrong answer");
}

/* What an SA would have beside a cipher. */
static const struct nfipsec_algo *beside_of(const struct nfipsec_kat_vector *v)
{
	return v->kind == NFIPSEC_ENC ?
	       nfipsec_algo_find(NFIPSEC_AUTH, "hmac(sha256)") : NULL;
}

static const struct nfipsec_algo *row_of(const struct nfipsec_kat_vector *v)
{
	return nfipsec_algo_find(v->kind, v->name);
}

/* Whether a vector with a mistake is refused, and then whatever comes. */
static bool is_refused(const struct nfipsec_kat_vector *bad,
		       const struct nfipsec_kat_vector *good, const char *part)
{
	struct netlink_ext_ack extack = {};
	struct netlink_ext_ack again = {};
	u8 state = KAT_UNKNOWN;
	int err;

	err = check_vector(bad, &state, row_of(bad), beside_of(bad), &extack);
	if (!answer_is_wrong(err, &extack)) {
		pr_info("# %s: wrong %s: error %d\n", bad->name, part, err);
		return false;
	}
	err = check_vector(good, &state, row_of(bad), beside_of(bad), &again);
	if (!answer_is_wrong(err, &again)) {
		pr_info("# %s: wrong %s is forgotten: error %d\n", bad->name,
			part, err);
		return false;
	}
	return true;
}

/* One bit of a part that is digits, or NULL; not the parity of a DES key. */
static bool flipped_is_refused(const struct nfipsec_kat_vector *v,
			       size_t part_off, bool at_end, const char *part)
{
	struct nfipsec_kat_vector bad = *v;
	const char **field = (void *)&bad + part_off;
	char *copy, *c;
	bool ok;

	if (!*field || !**field)
		return true;
	copy = kstrdup(*field, GFP_KERNEL);
	if (!copy)
		return false;
	c = at_end ? copy + strlen(copy) - 2 : copy;
	*c = hex_asc[hex_to_bin(*c) ^ 2];
	*field = copy;
	ok = is_refused(&bad, v, part);
	kfree(copy);
	return ok;
}

static bool mistakes_are_refused(const struct nfipsec_kat_vector *v)
{
	static const struct {
		size_t off;
		bool at_end;
		const char *part;
	} parts[] = {
#define PART(field) offsetof(struct nfipsec_kat_vector, field)
		{ PART(key), false, "key" },
		{ PART(key), true, "end of the key" },
		{ PART(iv), false, "IV" },
		{ PART(iv), true, "end of the IV" },
		{ PART(aad), false, "SPI" },
		{ PART(aad), true, "sequence number" },
		{ PART(text), false, "text" },
		{ PART(text), true, "end of the text" },
		{ PART(result), false, "result" },
		{ PART(result), true, "end of the result" },
#undef PART
	};
	bool ok = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++)
		ok &= flipped_is_refused(v, parts[i].off, parts[i].at_end,
					 parts[i].part);
	return ok;
}

/* A row is asked as an SA would, and then it is known. */
static bool is_remembered(unsigned int i)
{
	const struct nfipsec_kat_vector *v = &kat_vectors[i];
	struct nfipsec_keys keys = {};
	int err;

	switch (v->kind) {
	case NFIPSEC_AEAD:
		keys.aead = row_of(v);
		break;
	case NFIPSEC_ENC:
		keys.enc = row_of(v);
		keys.auth = beside_of(v);
		break;
	case NFIPSEC_AUTH:
		keys.enc = nfipsec_algo_find(NFIPSEC_ENC, "null");
		keys.auth = row_of(v);
		break;
	}
	err = nfipsec_kat_check(&keys, NULL);
	if (err || kat_states[i] != KAT_RIGHT) {
		pr_info("# %s: error %d, state %u\n", v->name, err,
			kat_states[i]);
		return false;
	}
	kat_states[i] = KAT_WRONG;
	err = nfipsec_kat_check(&keys, NULL);
	kat_states[i] = KAT_UNKNOWN;
	if (err != -EIO)
		pr_info("# %s: not remembered, error %d\n", v->name, err);
	return err == -EIO;
}

/**
 * kat_test() - put one vector to the test
 * @i: which
 * @name: written, for the result
 * @size: of @name
 * @skip: set if the kernel lacks the algorithm
 *
 * Context: process.
 * Return: whether it passed.
 */
bool kat_test(unsigned int i, char *name, size_t size, const char **skip)
{
	const struct nfipsec_kat_vector *v = &kat_vectors[i];
	u8 state = KAT_UNKNOWN;
	int err;

	snprintf(name, size, "known answer %u: %s", i, v->name);
	err = check_vector(v, &state, row_of(v), beside_of(v), NULL);
	if (err == -ENOENT) {
		*skip = " # SKIP this kernel lacks it";
		return true;
	}
	if (err || state != KAT_RIGHT) {
		pr_info("# %s: error %d\n", v->name, err);
		return false;
	}
	return mistakes_are_refused(v) && is_remembered(i);
}
