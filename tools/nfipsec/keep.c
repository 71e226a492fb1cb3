// SPDX-License-Identifier: GPL-2.0
/*
 * keep: a service that lets SAs go on only as far as a file says that they may
 * have gone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "keep.h"
#include "sa.h"

#define AHEAD		1048576
#define INTERVAL	10
/* Milliseconds. */
#define SOON		50
/* How many lists in a row may change while they are read, before that is usual. */
#define TORN_LOOKS	8

enum {
	OPT_OWNER,
	OPT_AHEAD,
	OPT_INTERVAL,
	OPT_NEW,
	OPT_SEQ_IN,
};

/**
 * struct keeper - what is being kept
 * @has: bits of OPT_*
 * @owner: SAs of whom, empty is of nobody
 * @ahead: numbers to reserve
 * @interval: seconds after which to look without an event
 * @path: the file
 * @lock: on the file
 * @list: its SAs
 * @events: handle for events
 * @signals: readable when it is time to stop
 * @wake: an SA needs numbers
 * @again: an SA changed meanwhile, look at it soon
 * @torn: how many lists in a row changed while they were read
 * @stop: it is time to stop
 */
struct keeper {
	uint64_t has;
	char owner[OWNER_MAX + 1];
	uint64_t ahead;
	uint32_t interval;
	const char *path;
	int lock;
	struct kept_list list;
	struct nfipsec *events;
	int signals;
	bool wake;
	bool again;
	unsigned int torn;
	bool stop;
};

/* An SA may be missing in what was seen last, and it is worth to look again soon. */
static bool is_torn(const struct keeper *keep)
{
	return keep->torn && keep->torn < TORN_LOOKS;
}

static int see(const struct nfipsec_sa *sa, void *arg)
{
	struct keeper *keep = arg;
	struct kept *k;

	if (sa->state != NFIPSEC_SA_STATE_MATURE ||
	    strcmp(SA_HAS(sa, OWNER) ? sa->owner : "", keep->owner))
		return 0;
	k = kept_find(&keep->list, sa);
	if (!k)
		return -ENOMEM;
	kept_seen(k, sa, has_get(keep, OPT_SEQ_IN));
	return 0;
}

/*
 * What the file says already. An SA that is gone, is another one by now, or went
 * on comes later; what else there may be shall not stop the others.
 */
static void apply(struct keeper *keep, const struct kept *k)
{
	struct nfipsec_sa sa = {
		.src = k->src, .dst = k->dst, .proto = k->proto, .spi = k->spi,
		.seq_out = k->from, .seq_in = k->in, .seq_max = k->out,
		.seq_max_old = k->seq_max,
	};
	int ret;

	has_set(&sa, NFIPSEC_A_SA_SRC);
	has_set(&sa, NFIPSEC_A_SA_DST);
	has_set(&sa, NFIPSEC_A_SA_PROTO);
	has_set(&sa, NFIPSEC_A_SA_SPI);
	if (k->from)
		has_set(&sa, NFIPSEC_A_SA_SEQ_OUT);
	if (k->raise)
		has_set(&sa, NFIPSEC_A_SA_SEQ_MAX);
	if (k->raise && !k->bare)
		has_set(&sa, NFIPSEC_A_SA_SEQ_MAX_OLD);
	if (k->behind)
		has_set(&sa, NFIPSEC_A_SA_SEQ_IN);
	ret = nfipsec_sa_update(cli.h, &sa);
	if (ret == -EBUSY || ret == -ENOENT)
		keep->again = true;
	else if (ret)
		fprintf(stderr, "nfipsec: keep: spi 0x%08x: %s\n", k->spi,
			nfipsec_error(cli.h));
}

/* One look at all SAs: first the file, then the kernel. */
static int look(struct keeper *keep)
{
	struct kept *k, *end;
	int ret = CLI_OK;
	bool write;

	kept_unsee(&keep->list);
	if (nfipsec_sa_list(cli.h, see, keep))
		return cli_refused("keep");
	keep->torn = nfipsec_list_torn(cli.h) ? keep->torn + 1 : 0;
	keep->again |= is_torn(keep);
	write = kept_begin(&keep->list);
	end = keep->list.sa + keep->list.len;
	for (k = keep->list.sa; k < end; k++)
		write |= kept_plan(k, keep->ahead);
	if (write)
		ret = keep_write(keep->path, &keep->list, &keep->lock);
	for (k = keep->list.sa; !ret && k < end; k++)
		if (k->from || k->raise || k->behind)
			apply(keep, k);
	return ret;
}

static int event_one(const struct nfipsec_event *ev, void *arg)
{
	struct keeper *keep = arg;

	if (ev->cmd == NFIPSEC_CMD_EXPIRE_NTF &&
	    ev->expire.limit == NFIPSEC_LIMIT_SEQ_MAX)
		keep->wake = true;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Until an SA needs numbers, the interval is over, or it is time to stop. */
static int wait_on(struct keeper *keep)
{
	struct pollfd fds[] = {
		{ .fd = keep->signals, .events = POLLIN },
		{ .fd = nfipsec_fd(keep->events), .events = POLLIN },
	};
	int64_t wait = keep->again ? SOON : keep->interval * INT64_C(1000);
	int64_t left, end = now_ms() + wait;
	int ret;

	while (!keep->wake && !keep->stop && (left = end - now_ms()) > 0) {
		if (poll(fds, ARRAY_SIZE(fds), left < 60000 ? left : 60000) < 0)
			continue;
		keep->stop = fds[0].revents;
		if (!fds[1].revents)
			continue;
		ret = nfipsec_event_read(keep->events, event_one, keep);
		if (ret == -ENOBUFS)
			keep->wake = true;
		else if (ret && ret != -EINTR)
			return cli_fail(CLI_FAILED, "keep: %s",
					nfipsec_error(keep->events));
	}
	keep->wake = false;
	keep->again = false;
	return CLI_OK;
}

/* Tells systemd(1) that no number can be used twice any more. */
static void ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&to,
	       offsetof(struct sockaddr_un, sun_path) + len);
	close(fd);
}

/* What was received is written once more in the end. */
static int serve(struct keeper *keep)
{
	bool told = false;
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	keep->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (keep->signals < 0)
		return cli_fail(CLI_FAILED, "keep: %s", strerror(errno));
	for (;;) {
		ret = look(keep);
		if (!ret && !told && !is_torn(keep)) {
			ready();
			told = true;
		}
		if (ret || (keep->stop && !is_torn(keep)))
			return ret;
		ret = wait_on(keep);
		if (ret)
			return ret;
	}
}

static int open_all(struct keeper *keep)
{
	int ret;

	ret = cli_open();
	if (ret)
		return ret;
	/* First, so that nothing is missed. */
	if (nfipsec_open(&keep->events) ||
	    nfipsec_event_subscribe(keep->events) ||
	    nfipsec_event_watch(keep->events))
		return cli_fail(CLI_FAILED, "keep: %s", keep->events ?
				nfipsec_error(keep->events) : "out of memory");
	return keep_lock(keep->path, has_get(keep, OPT_NEW), &keep->lock);
}

static int parse(struct args *a, struct keeper *keep)
{
	static const struct word words[] = {
		{ "owner", word_owner, 0, offsetof(struct keeper, owner),
		  OPT_OWNER, 0, false },
		{ "ahead", word_u64, 0, offsetof(struct keeper, ahead),
		  OPT_AHEAD, 0, false },
		{ "interval", word_u32, 0, offsetof(struct keeper, interval),
		  OPT_INTERVAL, 0, false },
		{ "new", word_set, 0, 0, OPT_NEW, 0, false },
		{ "seq-in", word_set, 0, 0, OPT_SEQ_IN, 0, false },
	};
	int ret;

	keep->path = args_next(a);
	if (!keep->path || !strcmp(keep->path, "-"))
		return cli_fail(CLI_USAGE, "\"keep\" needs a file");
	ret = words_parse(a, words, ARRAY_SIZE(words), keep, false);
	if (ret)
		return ret;
	if (keep->ahead < 2 || keep->ahead > UINT32_MAX)
		return cli_fail(CLI_USAGE, "ahead: a number from 2 to 4294967295");
	if (!keep->interval)
		return cli_fail(CLI_USAGE, "interval: 1 second or more");
	return CLI_OK;
}

/**
 * cmd_keep() - keep
 * @a: words
 *
 * Return: enum cli_result, when it was told to stop or cannot go on
 */
int cmd_keep(struct args *a)
{
	struct keeper keep = {
		.ahead = AHEAD, .interval = INTERVAL, .lock = -1,
		.signals = -1,
	};
	int ret;

	ret = parse(a, &keep);
	if (!ret)
		ret = open_all(&keep);
	/* An empty one is a file whose first writing was cut short. */
	if (!ret && has_get(&keep, OPT_NEW))
		ret = keep_write(keep.path, &keep.list, &keep.lock);
	if (!ret)
		ret = keep_read(keep.path, &keep.list);
	if (!ret)
		ret = serve(&keep);
	if (keep.signals >= 0)
		close(keep.signals);
	if (keep.lock >= 0)
		close(keep.lock);
	nfipsec_close(keep.events);
	free(keep.list.sa);
	return ret;
}
