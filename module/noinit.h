/* SPDX-License-Identifier: GPL-2.0-only */
/* What each packet need not do on the stack. */
#ifndef NFIPSEC_NOINIT_H
#define NFIPSEC_NOINIT_H

#include <linux/compiler_attributes.h>

/*
 * Of a variable: it is written whole before anything of it is read. Kernels with
 * CONFIG_INIT_STACK_ALL_ZERO clear all others where they come to be, by a string
 * instruction if they are large, which takes as long as all else that is done with
 * some of them. So only of what is seen to be written, and never of a key.
 */
#if __has_attribute(__uninitialized__)
#define nfipsec_noinit	__attribute__((__uninitialized__))
#else
#define nfipsec_noinit
#endif

#endif
