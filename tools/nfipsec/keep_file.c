// SPDX-License-Identifier: GPL-2.0
/*
 * The file of nfipsec keep. It is replaced as a whole: whoever opens it, and
 * whatever happens to the host, finds the old one or the new one. A lock on it
 * keeps a second process away.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "addr.h"
#include "command.h"
#include "keep.h"
#include "sa.h"

#define END	"# end\n"

static int failed(const char *path)
{
	return cli_fail(CLI_FAILED, "%s: %s", cli_show(path),
			strerror(errno));
}

static int not_locked(const char *path, int *fd)
{
	int ret = errno != EWOULDBLOCK ? failed(path) :
		  cli_fail(CLI_FAILED, "%s: another process keeps it",
			   cli_show(path));

	close(*fd);
	*fd = -1;
	return ret;
}

/**
 * keep_lock() - make sure that the file is ours
 * @path: file
 * @new: it is not there yet; else it must be, since numbers would be used twice
 *	if one that was lost began anew
 * @fd: the lock; who closes it gives it up; -1 after a failure
 *
 * What replaces a link is another file than the one that it names, and that one
 * keeps what it says.
 *
 * Return: enum cli_result
 */
int keep_lock(const char *path, bool new, int *fd)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW |
		    (new ? O_CREAT | O_EXCL : 0);
	struct stat held, there;
	int ret;

	for (;;) {
		*fd = open(path, flags, 0600);
		/* With "new" it is a directory that is missing. */
		if (*fd < 0 && errno == ENOENT && !new)
			return cli_fail(CLI_FAILED, "%s: is not there: say \"new\" if no SA was kept before, or else take new keys",
					cli_show(path));
		if (*fd < 0 && errno == ELOOP)
			return cli_fail(CLI_FAILED, "%s: is a symbolic link, and would be replaced by a file: give the file itself",
					cli_show(path));
		if (*fd < 0)
			return failed(path);
		if (flock(*fd, LOCK_EX | LOCK_NB))
			return not_locked(path, fd);
		ret = fstat(*fd, &held) || lstat(path, &there) ? errno : 0;
		if (!ret && held.st_ino == there.st_ino &&
		    held.st_dev == there.st_dev)
			return CLI_OK;
		close(*fd);
		*fd = -1;
		/* It may have been replaced, and only then let go; or be gone. */
		if (ret && ret != ENOENT) {
			errno = ret;
			return failed(path);
		}
	}
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The last line says so: nothing is missing in front of it. */
static int check_end(const char *path)
{
	const char *end = END;
	char tail[sizeof(END) - 1];
	bool whole = false;
	FILE *f;

	f = fopen(path, "r");
	if (!f)
		return failed(path);
	whole = !fseek(f, -(long)sizeof(tail), SEEK_END) &&
		fread(tail, sizeof(tail), 1, f) == 1 &&
		!memcmp(tail, end, sizeof(tail));
	fclose(f);
	if (whole)
		return CLI_OK;
	return cli_fail(CLI_FAILED, "%s: the end is missing: numbers may be missing too",
			cli_show(path));
}

/* A command "sa update" that says nothing but counters. */
static int read_line(int argc, char **argv, unsigned int line, void *arg)
{
	struct args a = { .argc = argc, .argv = argv, .pos = 2 };
	struct sa_args in = {};
	struct kept *k;
	int ret;

	(void)line;
	if (argc < 2 || strcmp(argv[0], "sa") || strcmp(argv[1], "update"))
		return cli_fail(CLI_USAGE, "not written by nfipsec keep: \"sa update\" is missing");
	ret = sa_parse_config(&a, &in);
	if (!ret)
		ret = sa_check_key(&in.sa);
	if (!ret && !SA_HAS(&in.sa, SRC))
		ret = cli_fail(CLI_USAGE, "\"src\" is missing");
	if (!ret) {
		k = kept_find(arg, &in.sa);
		if (k) {
			k->out = larger(k->out, in.sa.seq_out);
			k->in = larger(k->in, in.sa.seq_in);
		} else {
			ret = cli_fail(CLI_FAILED, "out of memory");
		}
	}
	sa_wipe(&in);
	return ret;
}

/**
 * keep_read() - read the file
 * @path: file, whole
 * @list: SAs, added to
 *
 * Return: enum cli_result
 */
int keep_read(const char *path, struct kept_list *list)
{
	int ret = check_end(path);

	return ret ? ret : batch_each(path, read_line, list);
}

static void write_line(FILE *out, const struct kept *k)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	fprintf(out, "sa update src %s dst %s proto %s spi 0x%08x",
		addr_text(&k->src, src, sizeof(src)),
		addr_text(&k->dst, dst, sizeof(dst)),
		proto_text(k->proto, proto, sizeof(proto)), k->spi);
	if (k->out)
		fprintf(out, " seq-out %" PRIu64, k->out);
	if (k->in)
		fprintf(out, " seq-in %" PRIu64, k->in);
	fputc('\n', out);
}

static int write_all(int fd, const struct kept_list *list)
{
	int copy = dup(fd);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	const struct kept *k;
	bool good;

	if (!out) {
		if (copy >= 0)
			close(copy);
		return -1;
	}
	fputs("# Written by nfipsec keep: numbers that may have been used.\n",
	      out);
	for (k = list->sa; k < list->sa + list->len; k++)
		if (k->out || k->in)
			write_line(out, k);
	fputs(END, out);
	good = !fflush(out) && !ferror(out) && !fsync(fd);
	return fclose(out) || !good ? -1 : 0;
}

/* That the new name is there after a crash, too. */
static int sync_dir(const char *path)
{
	char *copy = strdup(path);
	int ret = -1;
	int fd;

	if (!copy)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		ret = fsync(fd);
		close(fd);
	}
	free(copy);
	return ret;
}

/**
 * keep_write() - replace the file
 * @path: file
 * @list: SAs
 * @lock: lock on the old one, becomes that on the new one
 *
 * Return: CLI_OK once it cannot be lost any more, or CLI_FAILED
 */
int keep_write(const char *path, const struct kept_list *list, int *lock)
{
	char *new;
	int fd;

	if (asprintf(&new, "%s.new", path) < 0)
		return cli_fail(CLI_FAILED, "out of memory");
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || write_all(fd, list) ||
	    rename(new, path) || sync_dir(path)) {
		failed(new);
		if (fd >= 0)
			close(fd);
		free(new);
		return CLI_FAILED;
	}
	free(new);
	close(*lock);
	*lock = fd;
	return CLI_OK;
}
