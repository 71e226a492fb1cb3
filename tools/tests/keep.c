// SPDX-License-Identifier: GPL-2.0
/* What is written down before numbers are used, and the file it is in. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"
#include "fake.h"
#include "keep.h"
#include "sa.h"

#define NONE	UINT64_MAX
#define M32	((uint64_t)UINT32_MAX)

/**
 * struct plan_case - what file and kernel say, and what is to be done
 * @name: of the test
 * @out: number in the file
 * @seq_out: in the kernel
 * @seq_max: likewise, NONE if there is none
 * @new: number that the file then has
 * @from: where the kernel goes on, 0 is where it is
 * @raise: the kernel is told of @new
 */
struct plan_case {
	const char *name;
	uint64_t out;
	uint64_t seq_out;
	uint64_t seq_max;
	uint64_t new;
	uint64_t from;
	bool raise;
};

static const struct plan_case plans[] = {
	{ "new SA", 0, 0, 0, 100, 0, true },
	{ "new SA that goes on", 0, 7, 0, 107, 0, true },
	{ "nothing to do", 100, 49, 100, 100, 0, false },
	{ "half is used", 100, 50, 100, 150, 0, true },
	{ "all is used", 100, 100, 100, 200, 0, true },
	{ "after a crash", 100, 0, 0, 200, 100, true },
	{ "after a crash, sent already", 100, 3, 5, 200, 100, true },
	{ "after a crash, without seq-max", 100, 0, NONE, 200, 100, true },
	{ "seq-max not written down", 0, 10, 5000, 5000, 0, false },
	{ "seq-max beyond what is written", 100, 10, 5000, 5000, 0, false },
	{ "the last numbers", M32 - 50, M32 - 60, M32 - 50, M32 - 1, 0, true },
	{ "no number left", M32 - 1, M32 - 1, M32 - 1, M32 - 1, 0, false },
	{ "no number left, and one too many", M32 - 1, M32, M32 - 1, M32 - 1,
	  0, false },
	{ "no number left, after a crash", M32 - 1, 0, 0, M32 - 1, M32 - 1,
	  true },
	{ "the last number without seq-max", M32 - 1, 0, NONE, M32 - 1, M32 - 1,
	  true },
	{ "not kept", 0, 5, NONE, 0, 0, false },
};

static void plan_run(const struct plan_case *c, uint32_t flags)
{
	struct nfipsec_sa sa = {
		.flags = flags, .dir = NFIPSEC_DIR_OUT, .replay_window = 32,
		.seq_out = c->seq_out,
	};
	struct kept k = { .out = c->out };
	char name[80];
	bool write;

	if (c->seq_max != NONE) {
		sa.seq_max = c->seq_max;
		has_set(&sa, NFIPSEC_A_SA_SEQ_MAX);
	}
	kept_seen(&k, &sa, true);
	write = kept_plan(&k, 100);
	snprintf(name, sizeof(name), "keep: %s", c->name);
	ok(k.out == c->new && k.from == c->from && k.raise == c->raise &&
	   write == (c->new != c->out) && !k.behind, name,
	   "out %" PRIu64 " from %" PRIu64 " raise %d write %d", k.out, k.from,
	   k.raise, write);
}

static void receive_run(uint64_t in, uint64_t seq_in, uint64_t want,
			bool behind)
{
	struct nfipsec_sa sa = {
		.dir = NFIPSEC_DIR_IN, .replay_window = 32, .seq_in = seq_in,
	};
	struct kept k = { .in = in };
	bool write;

	kept_seen(&k, &sa, true);
	write = kept_plan(&k, 100);
	ok(k.in == want && k.behind == behind && write == (want != in) &&
	   !k.raise && !k.from, "keep: received", "in %" PRIu64, k.in);
}

static struct kept *add_kept(struct kept_list *list, uint8_t dst, uint8_t proto,
			     uint64_t out)
{
	struct nfipsec_sa sa = {
		.src = { 2, { 192, 0, 2, 1 } }, .dst = { 2, { 192, 0, 2, dst } },
		.proto = proto, .spi = 0x1001,
	};
	struct kept *k = kept_find(list, &sa);

	k->out = out;
	return k;
}

/* One SPI, on file with 500 and 900 under other addresses. */
static void begin_run(const char *name, uint64_t out, uint64_t seq_max,
		      uint64_t want)
{
	struct nfipsec_sa sa = { .dir = NFIPSEC_DIR_OUT, .seq_max = seq_max };
	struct kept_list list = {};
	struct kept *k;
	bool write;

	if (seq_max != NONE)
		has_set(&sa, NFIPSEC_A_SA_SEQ_MAX);
	add_kept(&list, 2, 50, 500);
	add_kept(&list, 3, 50, 900);
	add_kept(&list, 4, 51, 2000);
	add_kept(&list, 5, 50, M32 + 1);
	k = add_kept(&list, 9, 50, out);
	kept_seen(k, &sa, false);
	write = kept_begin(&list);
	ok(k->out == want && write == (want != out), name,
	   "%" PRIu64 ", write %d", k->out, write);
	free(list.sa);
}

static void test_begin(void)
{
	begin_run("keep: comes, not known under its addresses", 0, 0, 900);
	begin_run("keep: moved", 0, 900, 900);
	begin_run("keep: comes, less is known", 100, 0, 900);
	begin_run("keep: comes, more is known", 1000, 0, 1000);
	begin_run("keep: comes without seq-max", 100, NONE, 900);
	begin_run("keep: went on", 100, 100, 100);
	begin_run("keep: not kept", 0, NONE, 0);
}

/* What is neither there nor on file does not stay. */
static void test_forget(void)
{
	static const struct {
		uint64_t out;
		uint64_t in;
		bool there;
	} sas[] = {
		{ 0, 0, false }, { 7, 0, false }, { 0, 0, true },
		{ 0, 0, false }, { 0, 9, false }, { 5, 0, true },
		{ 0, 0, false },
	};
	struct kept_list list = {};
	struct kept *k;
	char text[64];
	size_t i;
	int n;

	kept_unsee(&list);
	for (i = 0; i < ARRAY_SIZE(sas); i++) {
		k = add_kept(&list, i, 50, sas[i].out);
		k->in = sas[i].in;
		k->there = sas[i].there;
	}
	kept_unsee(&list);
	for (n = i = 0; i < list.len; i++)
		n += snprintf(text + n, sizeof(text) - n, "%u%s ",
			      list.sa[i].dst.bytes[3],
			      list.sa[i].there ? " there" : "");
	same(text, "1 2 4 5 ", "keep: what is not forgotten at once");
	kept_unsee(&list);
	ok(list.len == 3 && list.sa[1].in == 9, "keep: nor later", "%zu",
	   list.len);
	add_kept(&list, 2, 50, 0);
	ok(list.len == 4, "keep: seen anew", "%zu", list.len);
	free(list.sa);
}

static void same_list(const struct kept_list *a, const struct kept_list *b,
		      const char *name)
{
	bool good = a->len == b->len;
	size_t i;

	for (i = 0; good && i < a->len; i++)
		good = a->sa[i].spi == b->sa[i].spi &&
		       a->sa[i].proto == b->sa[i].proto &&
		       a->sa[i].out == b->sa[i].out &&
		       a->sa[i].in == b->sa[i].in &&
		       !memcmp(&a->sa[i].dst, &b->sa[i].dst,
			       sizeof(a->sa[i].dst));
	ok(good, name, "%zu and %zu SAs", a->len, b->len);
}

static void refused(const char *path, const char *text, const char *why)
{
	struct kept_list list = {};
	FILE *f = fopen(path, "w");
	int ret;

	if (!f)
		abort();
	fprintf(f, "%s\n# end\n", text);
	fclose(f);
	ret = keep_read(path, &list);
	ok(ret != CLI_OK, text, "taken");
	has(cli_error(), why, text);
	free(list.sa);
}

static void file_run(const char *path)
{
	const struct nfipsec_sa sa[] = {
		{ .src = { 2, { 192, 0, 2, 1 } }, .dst = { 2, { 192, 0, 2, 2 } },
		  .proto = 50, .spi = 0x1001 },
		{ .src = { 10, { 0x20, 1, [15] = 1 } },
		  .dst = { 10, { 0x20, 1, [15] = 2 } },
		  .proto = 51, .spi = 0xfffffffe },
	};
	struct kept_list list = {}, got = {};
	int lock, other;

	ok(keep_lock(path, false, &lock) == CLI_FAILED && lock < 0,
	   "keep: no file yet", "taken");
	has(cli_error(), "take new keys", "keep: no file yet");
	ok(keep_lock(KEY16, false, &lock) == CLI_FAILED, "keep: a key", "taken");
	has(cli_error(), "0x...: is not there", "keep: a key is not shown");
	ok(keep_read(KEY16, &got) == CLI_FAILED, "keep: a key to read", "read");
	has(cli_error(), "0x...: No such file", "keep: nor is it then");
	ok(!keep_lock(path, true, &lock), "keep: lock", "%s", cli_error());
	ok(keep_read(path, &got) == CLI_FAILED, "keep: nothing written", "read");
	kept_find(&list, &sa[0])->out = UINT64_MAX;
	kept_find(&list, &sa[1])->in = 7;
	ok(list.len == 2 && kept_find(&list, &sa[0]) == list.sa,
	   "keep: found again", "%zu SAs", list.len);
	ok(!keep_write(path, &list, &lock), "keep: write", "%s", cli_error());
	ok(keep_lock(path, false, &other) == CLI_FAILED, "keep: locked after writing",
	   "taken");
	has(cli_error(), "another process", "keep: who has it");
	ok(!keep_read(path, &got), "keep: read", "%s", cli_error());
	same_list(&list, &got, "keep: read what was written");
	close(lock);
	free(list.sa);
	free(got.sa);
}

/* What is whole is read, what is a byte shorter is not. */
static void cut_short(const char *path)
{
	static const char text[] =
		"sa update src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1 seq-out 7\n"
		"sa update src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1 seq-out 5\n"
		"# end\n";
	struct kept_list list = {};
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fputs(text, f);
	fclose(f);
	ok(!keep_read(path, &list) && list.len == 1 && list.sa->out == 7,
	   "keep: the larger of two", "%zu", list.len);
	free(list.sa);
	list = (struct kept_list){};
	if (truncate(path, sizeof(text) - 2))
		abort();
	ok(keep_read(path, &list) == CLI_FAILED && !list.len, "keep: cut",
	   "taken");
	has(cli_error(), "the end is missing", "keep: cut");
}

/* Numbers behind a byte that is zero are not lost. */
static void zero_byte(const char *path)
{
	static const char text[] =
		"sa update src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1 seq-out 7\n"
		"\0\n"
		"sa update src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x2 seq-out 5\n"
		"# end\n";
	struct kept_list list = {};
	FILE *f = fopen(path, "w");
	int ret;

	if (!f)
		abort();
	fwrite(text, 1, sizeof(text) - 1, f);
	fclose(f);
	ret = keep_read(path, &list);
	ok(ret == CLI_USAGE && !list.len, "keep: a zero byte", "%d, %zu SAs",
	   ret, list.len);
	has(cli_error(), "not text", "keep: a zero byte is named");
	free(list.sa);
}

/**
 * struct torn_case - lists of SAs that change while they are read
 * @name: of the test
 * @from: first one that does, from 1
 * @times: how many do, each read five times
 * @stop: it is time to stop once so many lists were read
 * @ready: systemd hears that all is kept once so many were read
 * @lists: how many are read in all
 */
struct torn_case {
	const char *name;
	unsigned int from;
	unsigned int times;
	unsigned int stop;
	unsigned int ready;
	unsigned int lists;
};

/* What a look reads once, or five times. */
static const struct torn_case torn_cases[] = {
	{ "keep: whole at once", 1, 0, 1, 1, 2 },
	{ "keep: whole in the third look", 1, 10, 11, 11, 12 },
	{ "keep: never whole", 1, 200, 40, 40, 45 },
	{ "keep: not whole in the end", 2, 5, 1, 1, 7 },
};

static const struct torn_case *torn_now;
/* How many lists were read when systemd heard of it, 0 if it has not. */
static unsigned int ready_at;
static int ready_fd;

static int count_lists(const struct nlmsghdr *nlh, unsigned int cmd)
{
	unsigned int n = fake.calls[NFIPSEC_CMD_SA_GET];
	char text[16];

	(void)nlh;
	if (cmd != NFIPSEC_CMD_SA_GET)
		return 0;
	/* One before this one. */
	if (!ready_at && recv(ready_fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		ready_at = n - 1;
	if (n == torn_now->from)
		fake.times = torn_now->times;
	fake.stop = n >= torn_now->stop;
	return 0;
}

static void torn_run(const struct torn_case *c, char *path)
{
	char words[][16] = { "interval", "1" };
	struct args a = {
		.argc = 3, .argv = (char *[]){ path, words[0], words[1] },
	};
	int ret;

	torn_now = c;
	ready_at = 0;
	fake = (struct fake){
		.family = FAKE_FAMILY, .request = count_lists, .groups = true,
		.torn = NFIPSEC_CMD_SA_GET,
	};
	ret = cmd_keep(&a);
	ok(!ret && ready_at == c->ready &&
	   fake.calls[NFIPSEC_CMD_SA_GET] == c->lists, c->name,
	   "%d, %s, ready behind %u of %u lists", ret, cli_error(), ready_at,
	   fake.calls[NFIPSEC_CMD_SA_GET]);
	nfipsec_close(cli.h);
	cli.h = NULL;
	fake = (struct fake){};
}

/* An SA that was missed is looked for again, and before anybody relies on it. */
static void torn_lists(const char *dir, char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	FILE *f = fopen(path, "w");
	sigset_t set;
	size_t i;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", dir);
	ready_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (!f || fputs("# end\n", f) < 0 || fclose(f) || ready_fd < 0 ||
	    bind(ready_fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setenv("NOTIFY_SOCKET", at.sun_path, 1) ||
	    sigprocmask(SIG_BLOCK, NULL, &set))
		abort();
	for (i = 0; i < ARRAY_SIZE(torn_cases); i++)
		torn_run(&torn_cases[i], path);
	sigprocmask(SIG_SETMASK, &set, NULL);
	unsetenv("NOTIFY_SOCKET");
	close(ready_fd);
	unlink(at.sun_path);
}

void test_keep(void)
{
	static const struct plan_case beyond = {
		"beyond 2^32", M32, M32, M32, M32 + 100, 0, true
	};
	char dir[] = "/tmp/nfipsec-keep.XXXXXX";
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plans); i++)
		plan_run(&plans[i], 0);
	plan_run(&beyond, NFIPSEC_SA_FLAG_ESN);
	receive_run(0, 9, 9, false);
	receive_run(9, 9, 9, false);
	receive_run(9, 3, 9, true);
	test_begin();
	test_forget();

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/seq", dir);
	file_run(path);
	refused(path, "sa add spi 1", "line 1: not written by");
	refused(path, "# x\nsa", "line 2: not written by");
	refused(path, "sa update dst 192.0.2.2 proto esp spi 0x1", "\"src\" is missing");
	refused(path,
		"sa update src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1 seq-out x",
		"no number");
	cut_short(path);
	zero_byte(path);
	torn_lists(dir, path);
	unlink(path);
	rmdir(dir);
}
