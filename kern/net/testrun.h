/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VHX_NET_TESTRUN_H
#define _VHX_NET_TESTRUN_H

#include <linux/compiler_types.h>

struct vhx_test_run;

long vhx_test_run(struct vhx_test_run __user *argp);

#endif /* _VHX_NET_TESTRUN_H */
