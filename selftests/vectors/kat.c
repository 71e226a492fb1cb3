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

static const struct nfipsec_algo *row_of(const struct nfipsec_kat_vector *v)
{
	return nfipsec_algo_find(v->kind, v->name);
}

/**
 * crypto_new() - algorithms with no SA around them
 * @keys: of them
 *
 * Context: process.
 * Return: for crypto_put(), or an error pointer.
 */
struct nfipsec_crypto *crypto_new(const struct nfipsec_keys *keys)
{
	struct nfipsec_crypto *c = kmalloc(sizeof(*c), GFP_KERNEL);
	int err = c ? nfipsec_crypto_init(c, keys, NULL) : -ENOMEM;

	if (!err)
		return c;
	kfree(c);
	return ERR_PTR(err);
}

/**
 * crypto_put() - undo crypto_new()
 * @c: from there
 *
 * Context: process.
 */
void crypto_put(struct nfipsec_crypto *c)
{
	nfipsec_crypto_exit(c);
	kfree(c);
}

/* Algorithms of an SA that a vector is about, with the vector's key. */
static struct nfipsec_crypto *crypto_of(const struct nfipsec_kat_vector *v)
{
	struct nfipsec_crypto *c;
	struct nfipsec_keys keys;
	struct kat_work *w;
	int err;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return ERR_PTR(-ENOMEM);
	err = unpack(w, v);
	keys_for(&keys, v, row_of(v),
		 nfipsec_algo_find(NFIPSEC_AUTH, "hmac(sha256)"), w);
	c = err ? ERR_PTR(err) : crypto_new(&keys);
	kfree(w);
	return c;
}

/* Whether a vector with a mistake is refused, and then whatever comes. */
static bool is_refused(const struct nfipsec_kat_vector *bad,
		       const struct nfipsec_kat_vector *good,
		       const struct nfipsec_crypto *c, const char *part)
{
	static struct kat_known known;
	struct netlink_ext_ack extack = {};
	struct netlink_ext_ack again = {};
	int err;

	known.state = KAT_UNKNOWN;
	err = check_vector(bad, &known, c, row_of(bad), &extack);
	if (!answer_is_wrong(err, &extack)) {
		pr_info("# %s: wrong %s: error %d\n", bad->name, part, err);
		return false;
	}
	err = check_vector(good, &known, c, row_of(bad), &again);
	if (!answer_is_wrong(err, &again)) {
		pr_info("# %s: wrong %s is forgotten: error %d\n", bad->name,
			part, err);
		return false;
	}
	/* Not so of another implementation. */
	strscpy(known.any, "another", sizeof(known.any));
	err = check_vector(good, &known, c, row_of(bad), NULL);
	if (err)
		pr_info("# %s: another implementation: error %d\n", bad->name,
			err);
	return !err;
}

/* One bit of a part that is digits, or NULL; not the parity of a DES key. */
static bool flipped_is_refused(const struct nfipsec_kat_vector *v,
			       const struct nfipsec_crypto *c,
			       size_t part_off, bool at_end, const char *part)
{
	struct nfipsec_kat_vector bad = *v;
	const char **field = (void *)&bad + part_off;
	char *copy, *digit;
	bool ok;

	if (!*field || !**field)
		return true;
	copy = kstrdup(*field, GFP_KERNEL);
	if (!copy)
		return false;
	digit = at_end ? copy + strlen(copy) - 2 : copy;
	*digit = hex_asc[hex_to_bin(*digit) ^ 2];
	*field = copy;
	ok = is_refused(&bad, v, c, part);
	kfree(copy);
	return ok;
}

static bool mistakes_are_refused(const struct nfipsec_kat_vector *v,
				 const struct nfipsec_crypto *c)
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
		ok &= flipped_is_refused(v, c, parts[i].off, parts[i].at_end,
					 parts[i].part);
	return ok;
}

/* A row is asked as an SA does it, and then it is known. */
static bool is_remembered(unsigned int i, const struct nfipsec_crypto *c)
{
	const struct nfipsec_kat_vector *v = &kat_vectors[i];
	int err;

	err = nfipsec_kat_check(c, NULL);
	if (err || !is_known_of(&kat_known[i], v->kind, c)) {
		pr_info("# %s: error %d, state %u\n", v->name, err,
			kat_known[i].state);
		return false;
	}
	kat_known[i].state = KAT_WRONG;
	err = nfipsec_kat_check(c, NULL);
	kat_known[i].state = KAT_UNKNOWN;
	if (err != -EIO)
		pr_info("# %s: not remembered, error %d\n", v->name, err);
	return err == -EIO;
}

/* Others that have come while it was asked are no reason to let it pass. */
static bool is_newcomer_noticed(unsigned int i, const struct nfipsec_crypto *c)
{
	const struct nfipsec_kat_vector *v = &kat_vectors[i];
	struct nfipsec_crypto other = *c;
	int err;

	/* One that has no transforms is not like any that is made. */
	other.aead = NULL;
	other.enc = NULL;
	other.auth = NULL;
	err = check_vector(v, &kat_known[i], &other, row_of(v), NULL);
	kat_known[i].state = KAT_UNKNOWN;
	if (err != -EAGAIN)
		pr_info("# %s: newcomer, error %d\n", v->name, err);
	return err == -EAGAIN;
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
	struct nfipsec_crypto *c, *first;
	bool ok;

	snprintf(name, size, "known answer %u: %s", i, v->name);
	/* Once for the modules that it brings, once for the best of them. */
	first = crypto_of(v);
	c = crypto_of(v);
	if (!IS_ERR(first))
		crypto_put(first);
	if (c == ERR_PTR(-ENOENT)) {
		*skip = " # SKIP this kernel lacks it";
		return true;
	}
	if (IS_ERR(c)) {
		pr_info("# %s: error %ld\n", v->name, PTR_ERR(c));
		return false;
	}
	ok = mistakes_are_refused(v, c) && is_remembered(i, c) &&
	     is_newcomer_noticed(i, c);
	crypto_put(c);
	return ok;
}
