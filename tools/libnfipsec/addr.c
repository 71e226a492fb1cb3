// SPDX-License-Identifier: GPL-2.0
/* Addresses as people write them. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "nfipsec.h"

/**
 * nfipsec_addr_parse() - read an address
 * @text: as typed, of either family; names are not looked up
 * @addr: result
 *
 * Return: 0, or -EINVAL if it is no address
 */
int nfipsec_addr_parse(const char *text, struct nfipsec_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(addr->family, text, addr->bytes) == 1 ? 0 : -EINVAL;
}
