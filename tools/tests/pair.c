// SPDX-License-Identifier: GPL-2.0
/* The example, a whole program: that it does not outlive the module. */
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include "check.h"
#include "fake.h"

int pair_main(int argc, char **argv);

#define main pair_main
#include "../examples/nfipsec-pair.c"
#undef main

static const struct nfipsec_sa pair_sas[2] = {
	{ .has = NFIPSEC_HAS(NFIPSEC_A_SA_OWNER), .owner = OWNER },
	{ .has = NFIPSEC_HAS(NFIPSEC_A_SA_OWNER), .owner = OWNER },
};

/* In a process of its own: it takes its standard input and frees nothing. */
static void run_pair(int said)
{
	char words[][16] = { "nfipsec-pair", "192.0.2.1", "192.0.2.2" };
	char *argv[4] = { words[0], words[1], words[2] };

	fake = (struct fake){
		.family = FAKE_FAMILY, .groups = true, .sas = pair_sas,
		.n_sas = 2, .wait = fake_unload,
	};
	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	if (!freopen("/dev/zero", "r", stdin))
		_exit(9);
	_exit(pair_main(3, argv));
}

void test_pair(void)
{
	char text[512] = "";
	int fds[2], status;
	ssize_t n, len = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds))
		abort();
	pid = fork();
	if (!pid)
		run_pair(fds[1]);
	close(fds[1]);
	while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 1,
	   "example: ends with the module", "status 0x%x", status);
	same(text, "protected\nnfipsec-pair: the kernel module was unloaded, and nothing more would be told\n",
	     "example: says why");
}
