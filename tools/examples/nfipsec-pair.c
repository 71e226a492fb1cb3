// SPDX-License-Identifier: GPL-2.0
/*
 * Protects all traffic between two hosts, by a key for each direction that
 * whoever starts both ends makes. Both read the same 72 random bytes from
 * standard input, and nothing else ever has them:
 *
 *	head -c 72 /dev/urandom | tee >(ssh B nfipsec-pair B A) | nfipsec-pair A B
 *
 * A signal ends it, and the protection. When an SA is over it ends too, but the
 * policies stay: there is no traffic until it is started again with other keys.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "nfipsec.h"

#define OWNER	"pair"
#define SPI	0x1000
#define KEY	36	/* AES-256, and the salt of its GCM */
#define LIFE	3600	/* seconds */
#define STOPPED	1	/* by a signal */
#define SA(attr)	NFIPSEC_HAS(NFIPSEC_A_SA_##attr)
#define POLICY(attr)	NFIPSEC_HAS(NFIPSEC_A_POLICY_##attr)
#define SEL(attr)	NFIPSEC_HAS(NFIPSEC_A_SELECTOR_##attr)
#define TMPL(attr)	NFIPSEC_HAS(NFIPSEC_A_TMPL_##attr)
#define LIMIT(attr)	NFIPSEC_HAS(NFIPSEC_A_LIFETIME_##attr)

static int parse(const char *text, struct nfipsec_addr *a)
{
	memset(a, 0, sizeof(*a));
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(a->family, text, a->bytes) == 1 ? 0 : -EINVAL;
}

static int sa_add(struct nfipsec *h, uint8_t dir, const struct nfipsec_addr *src,
		  const struct nfipsec_addr *dst, const unsigned char *key)
{
	struct nfipsec_sa sa = {
		.has = SA(SRC) | SA(DST) | SA(PROTO) | SA(SPI) | SA(MODE) |
		       SA(DIR) | SA(AEAD_NAME) | SA(AEAD_KEY) |
		       SA(AEAD_ICV_BITS) | SA(LIFETIME) | SA(OWNER),
		.src = *src, .dst = *dst, .proto = IPPROTO_ESP, .spi = SPI,
		.mode = NFIPSEC_MODE_TRANSPORT, .dir = dir, .owner = OWNER,
		.aead_name = "rfc4106(gcm(aes))", .aead_key = { key, KEY },
		.aead_icv_bits = 128,
		.lifetime = { .has = LIMIT(TIME_SOFT) | LIMIT(TIME_HARD),
			      .time_soft = LIFE - LIFE / 10, .time_hard = LIFE },
	};

	return nfipsec_sa_add(h, &sa);
}

/* One that an earlier run left is as good; one of somebody else is not ours. */
static int policy_add(struct nfipsec *h, uint8_t dir,
		      const struct nfipsec_addr *src,
		      const struct nfipsec_addr *dst)
{
	struct nfipsec_policy there, pol = {
		.has = POLICY(DIR) | POLICY(SELECTOR) | POLICY(ACTION) |
		       POLICY(TMPL) | POLICY(OWNER),
		.dir = dir, .action = NFIPSEC_ACTION_PROTECT, .owner = OWNER,
		.selector = { .has = SEL(SRC) | SEL(DST), .src = *src, .dst = *dst },
		.tmpl = { { .has = TMPL(PROTO) | TMPL(MODE), .proto = IPPROTO_ESP,
			    .mode = NFIPSEC_MODE_TRANSPORT } },
		.tmpls = 1,
	};

	if (!nfipsec_policy_get(h, &pol, &there) && !strcmp(there.owner, OWNER))
		return 0;
	return nfipsec_policy_add(h, &pol, NULL);
}

/*
 * A key is for one direction: the first for what the lower address sends. The
 * SAs of an earlier run go, nobody knows at the other end what they were; policies
 * come last, when there is an SA for what they ask for.
 */
static int protect(struct nfipsec *h, const struct nfipsec_addr *here,
		   const struct nfipsec_addr *there, const unsigned char *keys)
{
	int low = memcmp(here->bytes, there->bytes, sizeof(here->bytes)) < 0;
	int err;

	err = nfipsec_sa_flush(h, OWNER);
	if (!err)
		err = sa_add(h, NFIPSEC_DIR_IN, there, here, keys + KEY * low);
	if (!err)
		err = sa_add(h, NFIPSEC_DIR_OUT, here, there, keys + KEY * !low);
	if (!err)
		err = policy_add(h, NFIPSEC_DIR_IN, there, here);
	if (!err)
		err = policy_add(h, NFIPSEC_DIR_OUT, here, there);
	return err;
}

static int count(const struct nfipsec_sa *sa, void *arg)
{
	*(int *)arg += !strcmp(sa->owner, OWNER);
	return 0;
}

static int told(const struct nfipsec_event *ev, void *arg)
{
	(void)arg;
	if (ev->cmd == NFIPSEC_CMD_EXPIRE_NTF && ev->expire.spi == SPI)
		fprintf(stderr, "nfipsec-pair: an SA is %s\n", ev->expire.hard ?
			"over" : "over soon, start again with other keys");
	return 0;
}

/*
 * An event is a reason to look, and what there is to see is what counts; so it is
 * for events that were lost. Returns 0 when an SA is gone.
 */
static int watch(struct nfipsec *h, struct nfipsec *events, int signals)
{
	struct pollfd fds[] = { { .fd = nfipsec_fd(events), .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	int err, sas;

	for (;;) {
		sas = 0;
		err = nfipsec_sa_list(h, count, &sas);
		if (err || sas < 2)
			return err;
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return STOPPED;
		err = nfipsec_event_read(events, told, NULL);
		if (err && err != -ENOBUFS)
			return err;
	}
}

static int keys_read(unsigned char *keys, size_t size)
{
	ssize_t n = 1;
	size_t got;

	for (got = 0; got < size && n > 0; got += n > 0 ? n : 0)
		n = read(STDIN_FILENO, keys + got, size - got);
	return got == size ? 0 : -ENODATA;
}

static int fail(const struct nfipsec *h)
{
	fprintf(stderr, "nfipsec-pair: %s\n", nfipsec_error(h));
	return 1;
}

static int run(struct nfipsec *h, struct nfipsec *events, int signals,
	       const struct nfipsec_addr *here, const struct nfipsec_addr *there)
{
	unsigned char keys[2 * KEY];
	int err;

	if (keys_read(keys, sizeof(keys))) {
		fprintf(stderr, "nfipsec-pair: no %zu bytes of keys\n", sizeof(keys));
		explicit_bzero(keys, sizeof(keys));
		return 1;
	}
	err = protect(h, here, there, keys);
	explicit_bzero(keys, sizeof(keys));
	if (err) {
		fail(h);
		nfipsec_sa_flush(h, OWNER);
		return 1;
	}
	puts("protected");
	fflush(stdout);
	err = watch(h, events, signals);
	if (err != STOPPED)
		return err ? fail(h) : 1;
	if (nfipsec_policy_flush(h, NFIPSEC_DIR_ANY, OWNER) ||
	    nfipsec_sa_flush(h, OWNER))
		return fail(h);
	return 0;
}

int main(int argc, char **argv)
{
	struct nfipsec *h = NULL, *events = NULL;
	struct nfipsec_addr here, there;
	sigset_t set;
	int ret;

	if (argc != 3 || parse(argv[1], &here) || parse(argv[2], &there) ||
	    here.family != there.family || !memcmp(&here, &there, sizeof(here))) {
		fprintf(stderr, "usage: nfipsec-pair HERE THERE <KEYS\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);

	if (nfipsec_open(&h))
		ret = fail(h);
	else if (nfipsec_open(&events) || nfipsec_event_subscribe(events))
		ret = fail(events);
	else
		ret = run(h, events, signalfd(-1, &set, SFD_CLOEXEC), &here, &there);
	nfipsec_close(events);
	nfipsec_close(h);
	return ret;
}
