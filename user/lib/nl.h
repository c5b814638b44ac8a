/* SPDX-License-Identifier: GPL-2.0-only */
/* The netlink transport under nl_obj.c. */
#ifndef _LIBVHX_NL_H
#define _LIBVHX_NL_H

#include <libmnl/libmnl.h>

#include "libvhx.h"

/* More than any family of ours needs for one request. */
#define NL_REQUEST_LEN	256

struct vhx_nl {
	struct mnl_socket *sock;
	unsigned int portid;
	unsigned int seq;
	__u16 family;
	__u32 events;		/* multicast group */
	char error[256];
	char buf[32768];
};

/**
 * struct nl_req - a request being written
 * @nlh: its header, in @buf
 */
struct nl_req {
	struct nlmsghdr *nlh;
	char buf[NL_REQUEST_LEN];
};

void nl_begin(struct vhx_nl *nl, struct nl_req *req, __u8 cmd, __u16 flags);
int nl_run(struct vhx_nl *nl, struct nl_req *req, mnl_cb_t fn, void *arg);
int nl_receive(struct vhx_nl *nl, mnl_cb_t fn, void *arg);

#endif
