// SPDX-License-Identifier: GPL-2.0
/* Requests that wait to be sent many at a time, and who is to blame. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "check.h"
#include "command.h"
#include "fake.h"
#include "policy.h"

static const struct nfipsec_sa sa = {
	.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) | NFIPSEC_HAS(NFIPSEC_A_SA_SPI),
	.dst = { 2, { 192, 0, 2, 1 } }, .spi = 0x1000,
};

static struct nfipsec *opened(void)
{
	struct nfipsec *h;
	int ret;

	fake = (struct fake){ .family = FAKE_FAMILY };
	ret = nfipsec_open(&h);
	if (!ret)
		ret = nfipsec_transaction_begin(h);
	ok(!ret, "transaction: begin", "%s", nfipsec_error(h));
	return h;
}

/* The answers of other calls are over, and their numbers are not staged. */
static void call_between(void)
{
	struct nfipsec *h = opened();
	int ret = nfipsec_stage_sa_add(h, &sa);

	if (!ret)
		ret = nfipsec_stats_get(h, NULL, NULL, NULL);
	if (!ret)
		ret = nfipsec_stage_sa_add(h, &sa);
	if (!ret)
		ret = nfipsec_stats_get(h, NULL, NULL, NULL);
	if (!ret)
		ret = nfipsec_transaction_commit(h, false);
	ok(!ret, "transaction: a call before the commit", "%d, %s", ret,
	   nfipsec_error(h));
	ok(fake.calls[NFIPSEC_CMD_SA_NEW] == 2 &&
	   fake.calls[NFIPSEC_CMD_TRANSACTION_COMMIT] == 1,
	   "transaction: all is sent", "%u", fake.calls[NFIPSEC_CMD_SA_NEW]);
	nfipsec_close(h);
}

/* One that does not fit is not sent, and has had a number. */
static void too_large(void)
{
	static const char key[NFI_TX_SIZE];
	const struct nfipsec_sa large = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_AEAD_KEY),
		.aead_key = { key, sizeof(key) },
	};
	struct nfipsec *h = opened();
	int ret;

	nfipsec_stage_sa_add(h, &sa);
	ret = nfipsec_stage_sa_add(h, &large);
	ok(ret == -EMSGSIZE && nfipsec_transaction_blamed(h) == 1,
	   "transaction: one that is too large", "%d, request %u", ret,
	   nfipsec_transaction_blamed(h));
	ret = nfipsec_transaction_commit(h, false);
	ok(!ret && nfipsec_transaction_blamed(h) == NFIPSEC_NO_REQUEST,
	   "transaction: what is behind it", "%d, %s", ret, nfipsec_error(h));
	nfipsec_close(h);
}

static int third(const struct nlmsghdr *nlh, unsigned int cmd)
{
	(void)nlh;
	return cmd == NFIPSEC_CMD_SA_NEW && fake.calls[cmd] == 3 ? -EEXIST : 0;
}

/* By its place, whatever was sent before it or between. */
static void blamed(bool flush)
{
	struct nfipsec *h = opened();
	int ret;

	fake.request = third;
	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stage_sa_add(h, &sa);
	ret = flush ? nfipsec_transaction_flush(h) :
		      nfipsec_stats_get(h, NULL, NULL, NULL);
	ok(!ret, "transaction: so far", "%s", nfipsec_error(h));
	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stats_get(h, NULL, NULL, NULL);
	nfipsec_stage_sa_add(h, &sa);
	ret = nfipsec_transaction_flush(h);
	ok(ret == -EEXIST && nfipsec_transaction_blamed(h) == 2,
	   "transaction: who is to blame", "%d, request %u, %s", ret,
	   nfipsec_transaction_blamed(h), nfipsec_error(h));
	nfipsec_close(h);
}

static int late(const struct nlmsghdr *nlh, unsigned int cmd)
{
	struct nlmsghdr other = *nlh;

	if (cmd != NFIPSEC_CMD_SA_NEW || fake.calls[cmd] != 2)
		return 0;
	other.nlmsg_seq--;
	fake_refuse(&other, -EEXIST);
	return 0;
}

/* Whose number is between those that are staged, and which did not wait for it. */
static void other_call(void)
{
	struct nfipsec *h = opened();
	int ret;

	fake.request = late;
	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stats_get(h, NULL, NULL, NULL);
	nfipsec_stage_sa_add(h, &sa);
	ret = nfipsec_transaction_flush(h);
	ok(!ret && fake.calls[NFIPSEC_CMD_SA_NEW] == 2,
	   "transaction: an answer to another call", "%d, request %u, %s",
	   ret, nfipsec_transaction_blamed(h), nfipsec_error(h));
	nfipsec_close(h);
}

static int third_lost(const struct nlmsghdr *nlh, unsigned int cmd)
{
	fake.lose = third(nlh, cmd);
	return third(nlh, cmd);
}

/* It can only have been a refusal, whatever is answered to the last. */
static void answer_lost(void)
{
	struct nfipsec *h = opened();
	int ret;

	fake.request = third_lost;
	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stage_sa_add(h, &sa);
	ret = nfipsec_transaction_flush(h);
	ok(ret == -ENOBUFS && fake.calls[NFIPSEC_CMD_SA_NEW] == 4,
	   "transaction: an answer is lost", "%d, %s", ret, nfipsec_error(h));
	nfipsec_close(h);
}

/* As of a module that was loaded again: it knows nothing of the first. */
static void begin_twice(void)
{
	struct nfipsec *h = opened();
	int ret;

	nfipsec_stage_sa_add(h, &sa);
	ret = nfipsec_transaction_begin(h);
	if (!ret)
		ret = nfipsec_transaction_commit(h, false);
	ok(!ret && !fake.calls[NFIPSEC_CMD_SA_NEW],
	   "transaction: a second one", "%d, %s", ret, nfipsec_error(h));
	nfipsec_close(h);
}

/* The same handle goes on with a module that was loaded again. */
static void loaded_again(void)
{
	struct nfipsec *h = opened();
	int ret;

	nfipsec_transaction_abort(h);
	fake.family = 0;
	ret = nfipsec_stats_get(h, NULL, NULL, NULL);
	ok(ret == -ENODEV, "reload: no module", "%d, %s", ret,
	   nfipsec_error(h));
	fake.family = FAKE_FAMILY + 1;
	ret = nfipsec_stats_get(h, NULL, NULL, NULL);
	ok(!ret && fake.calls[NFIPSEC_CMD_STATS_GET] == 1,
	   "reload: another number", "%d, %s", ret, nfipsec_error(h));
	fake.family = FAKE_FAMILY;
	ret = nfipsec_stats_get(h, NULL, NULL, NULL);
	ok(!ret && fake.calls[NFIPSEC_CMD_STATS_GET] == 2, "reload: at once",
	   "%d, %s", ret, nfipsec_error(h));
	nfipsec_close(h);
}

/**
 * struct unloading - what becomes of the module while requests wait
 * @name: of the test
 * @family: its number when they are sent, 0 if it is not there
 * @next: its number once it is looked for, 0 if that is the same
 * @noticed: another call is made then
 * @flush: what sending them gives
 * @stage: and one more
 */
struct unloading {
	const char *name;
	uint16_t family;
	uint16_t next;
	bool noticed;
	int flush;
	int stage;
};

static const struct unloading unloadings[] = {
	{ "is gone", 0, 0, false, -ENODEV, -ENODEV },
	{ "is known to be gone", 0, 0, true, -ENODEV, -ENODEV },
	{ "was loaded again", FAKE_FAMILY + 1, 0, false, -ENODEV, -EINVAL },
	{ "is known to be loaded again", FAKE_FAMILY + 1, 0, true, -EINVAL,
	  -EINVAL },
	{ "is loaded again at once", 0, FAKE_FAMILY, false, -ENODEV, -EINVAL },
};

static int never_begun(const struct nlmsghdr *nlh, unsigned int cmd)
{
	(void)nlh;
	return cmd == NFIPSEC_CMD_TRANSACTION_COMMIT ? -ENOENT : 0;
}

/* Its transaction went with it: nothing of it is sent to another. */
static void stage_outlives(const struct unloading *u)
{
	struct nfipsec *h = opened();
	int ret;

	nfipsec_stage_sa_add(h, &sa);
	nfipsec_stage_sa_add(h, &sa);
	fake.family = u->family;
	fake.next = u->next;
	fake.request = never_begun;
	if (u->noticed)
		nfipsec_stats_get(h, NULL, NULL, NULL);
	ok(!u->noticed || !h->stage, "unloaded: keys do not wait", "%s",
	   u->name);
	ret = nfipsec_transaction_flush(h);
	ok(ret == u->flush && h->error[0] &&
	   nfipsec_transaction_blamed(h) == NFIPSEC_NO_REQUEST,
	   "unloaded: flush", "%s: %d, request %u, %s", u->name, ret,
	   nfipsec_transaction_blamed(h), nfipsec_error(h));
	ret = nfipsec_stage_sa_add(h, &sa);
	ok(ret == u->stage && h->error[0] && !h->stage, "unloaded: one more",
	   "%s: %d, %s", u->name, ret, nfipsec_error(h));
	ret = nfipsec_transaction_commit(h, false);
	ok(ret == (fake.family ? -ENOENT : -ENODEV) &&
	   !fake.calls[NFIPSEC_CMD_SA_NEW], "unloaded: commit",
	   "%s: %d, %s", u->name, ret, nfipsec_error(h));
	nfipsec_close(h);
}

/* The commit says what the flush in it says. */
static void commit_outlives(uint16_t family)
{
	struct nfipsec *h = opened();
	int ret;

	nfipsec_stage_sa_add(h, &sa);
	fake.family = family;
	ret = nfipsec_transaction_commit(h, false);
	ok(ret == -ENODEV && !fake.calls[NFIPSEC_CMD_TRANSACTION_COMMIT] &&
	   h->error[0], "unloaded: commit at once", "%d, %s", ret,
	   nfipsec_error(h));
	nfipsec_close(h);
}

static const struct nfipsec_policy old = {
	.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX) |
	       NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
	       NFIPSEC_HAS(NFIPSEC_A_POLICY_ACTION),
	.index = 8, .dir = NFIPSEC_DIR_IN, .action = NFIPSEC_ACTION_BYPASS,
};

static int deleted_once(const struct nlmsghdr *nlh, unsigned int cmd)
{
	(void)nlh;
	if (cmd != NFIPSEC_CMD_POLICY_DEL)
		return 0;
	fake.n = 0;
	return -ENOENT;
}

static int never_there(const struct nlmsghdr *nlh, unsigned int cmd)
{
	(void)nlh;
	return cmd == NFIPSEC_CMD_POLICY_DEL ? -ENOENT : 0;
}

static int no_algorithm(const struct nlmsghdr *nlh, unsigned int cmd)
{
	(void)nlh;
	return cmd == NFIPSEC_CMD_POLICY_NEW ? -ENOENT : 0;
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	if (fd < 0 || dprintf(fd, "%s", text) < 0)
		abort();
	close(fd);
}

/* Instead of one policy, another. */
static void apply_case(int (*request)(const struct nlmsghdr *nlh,
				      unsigned int cmd),
		       int status, unsigned int begun, const char *name)
{
	static const char line[] =
		"policy add dir out src any dst 192.0.2.1 action bypass\n";
	char path[] = "/tmp/nfipsec-apply.XXXXXX";
	struct args a = { .argc = 1, .argv = (char *[]){ path } };
	unsigned int *calls = fake.calls;
	int ret;

	write_file(path, line);
	fake = (struct fake){
		.request = request, .family = FAKE_FAMILY, .policies = &old,
		.n = 1,
	};
	ret = cmd_apply(&a);
	unlink(path);
	ok(ret == status && calls[NFIPSEC_CMD_TRANSACTION_BEGIN] == begun &&
	   calls[NFIPSEC_CMD_TRANSACTION_COMMIT] == !status, name,
	   "%d, %u times, %s", ret, calls[NFIPSEC_CMD_TRANSACTION_BEGIN],
	   cli_error());
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* Each list that is torn is read five times. */
static void save_case(unsigned int cmd, unsigned int times, bool good)
{
	struct args a = {};
	FILE *out = cli.out;
	struct text text;
	bool whole;
	int ret;

	fake = (struct fake){
		.family = FAKE_FAMILY, .policies = &old, .n = 1, .torn = cmd,
		.times = times,
	};
	text_open(&text);
	cli.out = text.file;
	ret = cmd_save(&a);
	cli.out = out;
	text_close(&text);
	ok(ret == (good ? CLI_OK : CLI_FAILED), "save: tables that change",
	   "command %u, %u times: %d", cmd, times, ret);
	whole = !strncmp(text.buf, BATCH_BEGIN, strlen(BATCH_BEGIN)) &&
		strstr(text.buf, "\npolicy add ") &&
		strstr(text.buf, "\n" BATCH_END "\n");
	ok(good ? whole : !text.len, "save: all or nothing",
	   "command %u, %u times: \"%s\"", cmd, times, text.buf);
	if (!good)
		has(cli_error(), "changed each time", "save: it says so");
	text_free(&text);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* How often somebody changes all while SAs are read, and what is there by then. */
static unsigned int commits;
static struct nfipsec_policy changing;

static int commit_between(const struct nlmsghdr *nlh, unsigned int cmd)
{
	(void)nlh;
	if (cmd == NFIPSEC_CMD_SA_GET && commits) {
		commits--;
		changing.index++;
	}
	return 0;
}

/* Lists are whole by themselves, and of one moment too. */
static void mixed_case(unsigned int times, unsigned int lists, int status)
{
	struct args a = {};
	FILE *out = cli.out;
	struct text text;
	int ret;

	commits = times;
	changing = old;
	changing.index = 7;
	has_set(&changing, NFIPSEC_A_POLICY_INDEX);
	fake = (struct fake){
		.request = commit_between, .family = FAKE_FAMILY,
		.policies = &changing, .n = 1,
	};
	text_open(&text);
	cli.out = text.file;
	ret = cmd_save(&a);
	cli.out = out;
	text_close(&text);
	ok(ret == status && !text.len == !!status &&
	   fake.calls[NFIPSEC_CMD_SA_GET] == lists,
	   "save: of one moment", "%u times: %d, %u lists of SAs", times, ret,
	   fake.calls[NFIPSEC_CMD_SA_GET]);
	text_free(&text);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* Nothing is changed, so that no commit finds it. */
static void check_case(unsigned int cmd, unsigned int times, int status)
{
	char path[] = "/dev/null";
	char word[] = "empty";
	struct args a = { .argc = 2, .argv = (char *[]){ path, word } };
	int ret;

	fake = (struct fake){
		.family = FAKE_FAMILY, .torn = cmd, .times = times,
	};
	cli.check = true;
	ret = cmd_apply(&a);
	cli.check = false;
	ok(ret == status, "apply: tables that change",
	   "command %u, %u times: %d, %s", cmd, times, ret, cli_error());
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* It is told apart from one that something failed to write. */
static void empty_case(const char *words, unsigned int n, int status,
		       unsigned int del)
{
	struct args *a = args_new(words);
	int ret;

	fake = (struct fake){
		.family = FAKE_FAMILY, .policies = &old, .n = n,
	};
	ret = cmd_apply(a);
	ok(ret == status && fake.calls[NFIPSEC_CMD_POLICY_DEL] == del &&
	   fake.calls[NFIPSEC_CMD_TRANSACTION_COMMIT] == !ret,
	   "apply: nothing", "%s, of %u: %d, %s", words, n, ret, cli_error());
	args_free(a);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* Instead of one policy, another, and a default. */
static void check_json(void)
{
	static const char * const want[] = {
		"[{\"change\":\"deleted\",\"line\":\"policy add dir in src any dst any priority 0 action bypass\"}",
		",{\"change\":\"new\",\"line\":\"policy add dir out src 0.0.0.0/0 dst 192.0.2.1/32 priority 0 action bypass\"}",
		",{\"change\":\"replaced\",\"line\":\"default in discard acquire-timeout 7\"}",
		"]\n",
	};
	char path[] = "/tmp/nfipsec-apply.XXXXXX";
	struct args a = { .argc = 1, .argv = (char *[]){ path } };
	FILE *out = cli.out;
	struct text text;
	const char *at;
	size_t i;
	int ret;

	write_file(path, "default in discard acquire-timeout 7\n"
			 "policy add dir out src any dst 192.0.2.1 action bypass\n");
	fake = (struct fake){
		.family = FAKE_FAMILY, .policies = &old, .n = 1,
	};
	text_open(&text);
	cli.out = text.file;
	cli.check = true;
	cli.json = true;
	ret = cmd_apply(&a);
	cli.check = false;
	cli.json = false;
	cli.out = out;
	unlink(path);
	at = text_close(&text);
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		ok(!strncmp(at, want[i], strlen(want[i])),
		   "apply: what would change, as JSON", "%s", text.buf);
		at += strnlen(at, strlen(want[i]));
	}
	ok(!*at, "apply: and nothing else", "%s", at);
	ok(ret == CLI_DIFFERS, "apply: that it would", "%d, %s", ret,
	   cli_error());
	text_free(&text);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* As many as were added; the fake gives no numbers. */
static void preset_json(void)
{
	struct args *a = args_new("ike");
	FILE *out = cli.out;
	struct text text;
	int ret;

	fake = (struct fake){ .family = FAKE_FAMILY };
	text_open(&text);
	cli.out = text.file;
	cli.json = true;
	ret = cmd_policy_preset(a);
	cli.json = false;
	cli.out = out;
	same(text_close(&text),
	     "[{\"index\":0},{\"index\":0},{\"index\":0},{\"index\":0}]\n",
	     "preset: indexes as JSON");
	ok(!ret, "preset: done", "%d, %s", ret, cli_error());
	text_free(&text);
	args_free(a);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

static void torn_tables(unsigned int cmd)
{
	save_case(cmd, 0, true);
	save_case(cmd, 6, true);
	save_case(cmd, UINT_MAX, false);
	check_case(cmd, 6, CLI_OK);
	check_case(cmd, UINT_MAX, CLI_FAILED);
}

void test_transaction(void)
{
	size_t i;

	call_between();
	too_large();
	blamed(true);
	blamed(false);
	other_call();
	answer_lost();
	begin_twice();
	loaded_again();
	for (i = 0; i < ARRAY_SIZE(unloadings); i++)
		stage_outlives(&unloadings[i]);
	commit_outlives(0);
	commit_outlives(FAKE_FAMILY + 1);
	apply_case(NULL, CLI_OK, 1, "apply: at once");
	apply_case(deleted_once, CLI_OK, 2,
		   "apply: somebody else deletes a policy");
	apply_case(never_there, CLI_FAILED, 8, "apply: and goes on with it");
	apply_case(no_algorithm, CLI_FAILED, 1, "apply: what a line says");
	has(cli_error(), "line 1: refused", "apply: which line");
	empty_case("/dev/null", 0, CLI_USAGE, 0);
	has(cli_error(), "says nothing: say \"empty\"", "apply: nothing at all");
	empty_case("/dev/null", 1, CLI_USAGE, 0);
	has(cli_error(), "0 SAs and 1 policies: say \"empty\"",
	    "apply: what would go");
	empty_case("/dev/null owner me", 1, CLI_USAGE, 0);
	empty_case("/dev/null owner me empty", 1, CLI_OK, 0);
	empty_case("/dev/null empty", 1, CLI_OK, 1);
	empty_case("/dev/null empty", 0, CLI_OK, 0);
	check_json();
	preset_json();
	torn_tables(NFIPSEC_CMD_SA_GET);
	torn_tables(NFIPSEC_CMD_POLICY_GET);
	mixed_case(0, 1, CLI_OK);
	mixed_case(1, 2, CLI_OK);
	mixed_case(7, 8, CLI_OK);
	mixed_case(UINT_MAX, 8, CLI_FAILED);
	has(cli_error(), "changed each time", "save: it says why");
}
