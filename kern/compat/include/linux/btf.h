/* SPDX-License-Identifier: GPL-2.0-only */
/* From 7.x on the arguments of every kfunc are trusted, and the flag is gone. Drop with 6.12. */
#ifndef _VHX_COMPAT_BTF_H
#define _VHX_COMPAT_BTF_H

#include_next <linux/btf.h>

#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS 0
#endif

#endif
