// SPDX-License-Identifier: GPL-2.0
/*
 * Protects all traffic between two hosts by a key for each direction. Both ends read
 * the same 72 random bytes from standard input, and nothing else ever has them:
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

#include "nfipsec.h"

#define OWNER	"pair"
#define SPI	0x1000
#define KEY	36	/* AES-256, and the salt of its GCM */
#define LIFE	3600	/* seconds */
#define STOPPED	1	/* by a signal */
#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_##attr)

static int parse(const char *text, struct nfipsec_addr *a)
{
	memset(a, 0, sizeof(*a));
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(a->family, text, a->bytes) == 1 ? 0 : -1;
}

/* A policy that an earlier run left is as good; one of somebody else is not ours. */
static int protect(struct nfipsec *h, uint8_t dir, const struct nfipsec_addr *src,
		   const struct nfipsec_addr *dst, const unsigned char *key)
{
	struct nfipsec_sa sa = {
		.has = HAS(SA_SRC) | HAS(SA_DST) | HAS(SA_PROTO) | HAS(SA_SPI) |
		       HAS(SA_MODE) | HAS(SA_DIR) | HAS(SA_AEAD_NAME) | HAS(SA_OWNER) |
		       HAS(SA_AEAD_KEY) | HAS(SA_AEAD_ICV_BITS) | HAS(SA_LIFETIME),
		.src = *src, .dst = *dst, .proto = IPPROTO_ESP, .spi = SPI,
		.mode = NFIPSEC_MODE_TRANSPORT, .dir = dir, .owner = OWNER,
		.aead_name = "rfc4106(gcm(aes))", .aead_key = { key, KEY },
		.aead_icv_bits = 128,
		.lifetime = { .has = HAS(LIFETIME_TIME_SOFT) | HAS(LIFETIME_TIME_HARD),
			      .time_soft = LIFE - LIFE / 10, .time_hard = LIFE },
	};
	struct nfipsec_policy there, pol = {
		.has = HAS(POLICY_DIR) | HAS(POLICY_SELECTOR) | HAS(POLICY_ACTION) |
		       HAS(POLICY_TMPL) | HAS(POLICY_OWNER),
		.dir = dir, .action = NFIPSEC_ACTION_PROTECT, .owner = OWNER,
		.selector = { .has = HAS(SELECTOR_SRC) | HAS(SELECTOR_DST),
			      .src = *src, .dst = *dst },
		.tmpl = { { .has = HAS(TMPL_PROTO) | HAS(TMPL_MODE),
			    .proto = IPPROTO_ESP, .mode = NFIPSEC_MODE_TRANSPORT } },
		.tmpls = 1,
	};
	int err = nfipsec_sa_add(h, &sa);

	if (err || (!nfipsec_policy_get(h, &pol, &there) && !strcmp(there.owner, OWNER)))
		return err;
	return nfipsec_policy_add(h, &pol, NULL);
}

static int count(const struct nfipsec_sa *sa, void *sas)
{
	*(int *)sas += !strcmp(sa->owner, OWNER);
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

/* An event is a reason to look, and so are lost ones. 0: one of the SAs is gone. */
static int watch(struct nfipsec *h, struct nfipsec *events, int signals)
{
	struct pollfd fds[] = { { .fd = nfipsec_fd(events), .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	int err = 0, sas;

	while (!err || err == -ENOBUFS) {
		sas = 0;
		err = nfipsec_sa_list(h, count, &sas);
		if (err || sas < 2)
			return err;
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return STOPPED;
		err = nfipsec_event_read(events, told, NULL);
	}
	return err;
}

static int fail(const struct nfipsec *h)
{
	fprintf(stderr, "nfipsec-pair: %s\n", nfipsec_error(h));
	return 1;
}

int main(int argc, char **argv)
{
	struct nfipsec *h, *events;
	struct nfipsec_addr here, there;
	unsigned char keys[2 * KEY];
	int low, signals, err;
	sigset_t set;

	if (argc != 3 || parse(argv[1], &here) || parse(argv[2], &there) ||
	    here.family != there.family || !memcmp(&here, &there, sizeof(here))) {
		fputs("usage: nfipsec-pair HERE THERE <KEYS\n", stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0) {
		perror("nfipsec-pair");
		return 1;
	}
	if (nfipsec_open(&events) || nfipsec_event_subscribe(events))
		return fail(events);
	if (nfipsec_open(&h))
		return fail(h);
	setvbuf(stdin, NULL, _IONBF, 0);	/* no copy of the keys elsewhere */
	if (fread(keys, sizeof(keys), 1, stdin) != 1) {
		explicit_bzero(keys, sizeof(keys));
		fprintf(stderr, "nfipsec-pair: no %zu bytes of keys\n", sizeof(keys));
		return 1;
	}
	/* the lower address sends by the first key; SAs of an earlier run go */
	low = memcmp(here.bytes, there.bytes, sizeof(here.bytes)) < 0;
	err = nfipsec_sa_flush(h, OWNER) ?:
	      protect(h, NFIPSEC_DIR_IN, &there, &here, keys + KEY * low) ?:
	      protect(h, NFIPSEC_DIR_OUT, &here, &there, keys + KEY * !low);
	explicit_bzero(keys, sizeof(keys));
	if (err) {
		fail(h);
		nfipsec_sa_flush(h, OWNER);
		return 1;
	}
	puts("protected");
	fflush(stdout);
	err = watch(h, events, signals);
	if (err == STOPPED)
		err = nfipsec_policy_flush(h, NFIPSEC_DIR_ANY, OWNER) ?:
		      nfipsec_sa_flush(h, OWNER);
	else if (!err)
		return 1;
	return err ? fail(h) : 0;
}
