/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFIPSEC_COMPAT_LINUX_NETLINK_H
#define NFIPSEC_COMPAT_LINUX_NETLINK_H

#include_next <linux/netlink.h>

/*
 * Before Linux 6.3 an extended ack has no room for a message made at run time:
 * all it can carry is the address of a constant one, read after the request
 * has left the family. What is left of the format is then sent, with dots for
 * the values.
 */
#ifndef NL_SET_ERR_MSG_FMT
#include <linux/compiler.h>
#include <linux/string.h>

/*
 * Copies a format, with dots for each conversion in it. What it writes depends on
 * the format alone, so that any number of CPUs may do it at once, with others
 * reading what they have written before.
 */
static inline void compat_nl_msg_scrub(char *to, const char *fmt)
{
	bool dots = false;

	for (; *fmt; fmt++) {
		bool end = dots && strchr("cdiopsuxX", *fmt);

		dots |= *fmt == '%';
		WRITE_ONCE(*to++, dots ? '.' : *fmt);
		if (end)
			dots = false;
	}
}

/* Never called: lets the compiler look at a format and its values. */
static inline __printf(1, 2) void compat_nl_msg_check(const char *fmt, ...)
{
}

#define NL_SET_ERR_MSG_FMT(extack, fmt, args...) do {			\
	static const char __fmt[] = fmt;				\
	static char __fmt_msg[sizeof(__fmt)];				\
	struct netlink_ext_ack *__fmt_extack = (extack);		\
									\
	if (0)								\
		compat_nl_msg_check(fmt, ##args);			\
	compat_nl_msg_scrub(__fmt_msg, __fmt);				\
	if (__fmt_extack)						\
		__fmt_extack->_msg = __fmt_msg;				\
} while (0)
#endif

#ifndef NL_SET_ERR_MSG_ATTR_FMT
#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, args...) do {	\
	NL_SET_ERR_MSG_FMT(extack, fmt, ##args);			\
	NL_SET_BAD_ATTR(extack, attr);					\
} while (0)
#endif

#endif
