// SPDX-License-Identifier: GPL-2.0
/*
 * Protects all traffic between two hosts by a key for each direction. Both ends read
 * the same 72 random bytes from standard input, and nothing else ever has them:
 *
 *	head -c 72 /dev/urandom | tee >(ssh B nfipsec-pair B A) | nfipsec-pair A B
 *
 * A signal ends it, and the protection. When an SA is over it ends too, but the
 * policies stay: there is no traffic until it is started again with other keys. When
 * the module is unloaded it ends, and nothing stays.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "nfipsec.h"

#define OWNER	"pair"
#define SPI	0x1000
#define KEY	36	/* AES-256, and the salt of its GCM */
#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_##attr)

/* One direction. A policy of an earlier run goes when its successor comes. */
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
			      .time_soft = 3240, .time_hard = 3600 },
	};
	struct nfipsec_policy pol = {
		.has = HAS(POLICY_DIR) | HAS(POLICY_SELECTOR) | HAS(POLICY_ACTION) |
		       HAS(POLICY_TMPL) | HAS(POLICY_OWNER),
		.dir = dir, .action = NFIPSEC_ACTION_PROTECT, .owner = OWNER,
		.selector = { .has = HAS(SELECTOR_SRC) | HAS(SELECTOR_DST),
			      .src = *src, .dst = *dst },
		.tmpl = { { .has = HAS(TMPL_PROTO) | HAS(TMPL_MODE),
			    .proto = IPPROTO_ESP, .mode = NFIPSEC_MODE_TRANSPORT } },
		.tmpls = 1,
	};

	return nfipsec_sa_add(h, &sa) ?: nfipsec_policy_own(h, &pol, NULL);
}

static int told(const struct nfipsec_event *ev, void *arg)
{
	if (ev->cmd == NFIPSEC_CMD_EXPIRE_NTF && ev->expire.spi == SPI && !ev->expire.hard)
		fputs("nfipsec-pair: an SA is over soon, start again with other keys\n", arg);
	return 0;
}

static int count(const struct nfipsec_sa *sa, void *sas)
{
	*(int *)sas += !strcmp(sa->owner, OWNER);
	return 0;
}

static int fail(const char *why)
{
	fprintf(stderr, "nfipsec-pair: %s\n", why);
	return 1;
}

/* Until a signal: an event is a reason to look, and so are lost ones. */
static int watch(struct nfipsec *h, struct nfipsec *events, int signals)
{
	struct pollfd fds[] = { { .fd = nfipsec_fd(events), .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	int err, sas;

	do {
		sas = 0;
		if (nfipsec_sa_list(h, count, &sas))
			return fail(nfipsec_error(h));
		if (sas < 2)
			return fail("an SA is over");
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return 0;
		err = nfipsec_event_read(events, told, stderr);
	} while (!err || err == -ENOBUFS);
	return fail(nfipsec_error(events));
}

int main(int argc, char **argv)
{
	struct nfipsec *h, *events;
	struct nfipsec_addr here, there;
	unsigned char keys[2][KEY];
	int low, signals, err;
	sigset_t set;

	if (argc != 3 || nfipsec_addr_parse(argv[1], &here) ||
	    nfipsec_addr_parse(argv[2], &there) || !memcmp(&here, &there, sizeof(here)))
		return fail("usage: nfipsec-pair HERE THERE <KEYS");
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return fail(strerror(errno));
	if (nfipsec_open(&events) || nfipsec_event_subscribe(events) ||
	    nfipsec_event_watch(events))
		return fail(nfipsec_error(events));
	if (nfipsec_open(&h))
		return fail(nfipsec_error(h));
	setvbuf(stdin, NULL, _IONBF, 0);	/* no copy of the keys elsewhere */
	err = fread(keys, sizeof(keys), 1, stdin) == 1 ? 0 : fail("no 72 bytes of keys");
	/* the lower address sends by the first key; SAs of an earlier run go */
	low = memcmp(here.bytes, there.bytes, sizeof(here.bytes)) < 0;
	if (!err && (nfipsec_sa_flush(h, OWNER) ||
		     protect(h, NFIPSEC_DIR_IN, &there, &here, keys[low]) ||
		     protect(h, NFIPSEC_DIR_OUT, &here, &there, keys[!low])))
		err = fail(nfipsec_error(h));
	explicit_bzero(keys, sizeof(keys));
	if (err) {
		nfipsec_sa_flush(h, OWNER);
		return 1;
	}
	puts("protected");
	fflush(stdout);
	if (watch(h, events, signals))
		return 1;
	err = nfipsec_policy_flush(h, NFIPSEC_DIR_ANY, OWNER) ?: nfipsec_sa_flush(h, OWNER);
	return err ? fail(nfipsec_error(h)) : 0;
}
