/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of the tools in user space: KTAP, and words from a string. */
#ifndef NFIPSEC_TESTS_CHECK_H
#define NFIPSEC_TESTS_CHECK_H

#include "arg.h"

#define KEY20	"0x000102030405060708090a0b0c0d0e0f10111213"
#define KEY32	"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY36	KEY32 "20212223"
#define X64	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define KEY16	"0x000102030405060708090a0b0c0d0e0f"

/**
 * struct text - what was printed
 * @file: to print to, until text_close()
 * @buf: the text, after text_close()
 */
struct text {
	FILE *file;
	char *buf;
	size_t len;
};

void text_open(struct text *t);
const char *text_close(struct text *t);
void text_free(struct text *t);

/**
 * struct object_case - words, and what becomes of them
 * @words: as typed
 * @want: printed again, or a part of the error
 * @bad: it is an error
 */
struct object_case {
	const char *words;
	const char *want;
	bool bad;
};

/* Cuts a copy of @line at its spaces; '' is an empty word. */
struct args *args_new(const char *line);
void args_free(struct args *a);

void ok(bool good, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void same(const char *got, const char *want, const char *name);
void has(const char *got, const char *want, const char *name);

struct nfi_set;

/* @from as a message, and that to @to, as the kernel would answer it. */
void reread(const struct nfi_set *set, const void *from, void *to,
	    const char *name);

void test_numbers(void);
void test_blocks(void);
void test_sa(void);
void test_policy(void);
void test_keys(void);
void test_wire(void);
void test_errors(void);
void test_batch(void);
void test_keep(void);
void test_apply(void);
void test_transaction(void);
void test_newer(void);
void test_pair(void);
void test_event(void);

#endif
