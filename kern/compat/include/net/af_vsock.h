/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsock without network namespaces: all of them reach each other. Drop with 6.12.
 */
#ifndef _VHX_COMPAT_AF_VSOCK_H
#define _VHX_COMPAT_AF_VSOCK_H

#include_next <net/af_vsock.h>

#ifndef VHX_HAVE_VSOCK_NET
static inline bool vsock_net_check_mode(const struct net *a, const struct net *b)
{
	return true;
}
#endif
#endif
