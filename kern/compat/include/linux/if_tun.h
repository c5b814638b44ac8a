/* SPDX-License-Identifier: GPL-2.0-only */
/* tun_wake_queue() came with 7.x; before, a consumer had nothing to tell. Drop with 6.12. */
#ifndef _VHX_COMPAT_IF_TUN_H
#define _VHX_COMPAT_IF_TUN_H

#include_next <linux/if_tun.h>

#ifndef VHX_HAVE_TUN_WAKE_QUEUE
static inline void tun_wake_queue(struct file *file, int consumed)
{
}
#endif

#endif
