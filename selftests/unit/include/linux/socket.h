/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_SOCKET_H
#define UNIT_LINUX_SOCKET_H

#include <sys/socket.h>
#include_next <linux/socket.h>

#endif
