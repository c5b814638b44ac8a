// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kind of tap a netdev is, by rtnetlink: sysfs shows the network namespace it was mounted
 * in, which need not be ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include "internal.h"

struct tap {
	bool is_tap;
	__u32 flags;
};

static const struct nlattr *find_nested(const struct nlattr *nest, int type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static bool get_bool(const struct nlattr *data, int type)
{
	const struct nlattr *attr = find_nested(data, type);

	return attr && mnl_attr_get_payload_len(attr) && mnl_attr_get_u8(attr);
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *kind, *data;
	struct tap *tap = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) != IFLA_LINKINFO)
			continue;
		kind = find_nested(attr, IFLA_INFO_KIND);
		data = find_nested(attr, IFLA_INFO_DATA);
		if (!kind || !data || mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) < 0 ||
		    strcmp(mnl_attr_get_str(kind), "tun"))
			continue;
		kind = find_nested(data, IFLA_TUN_TYPE);
		tap->is_tap = kind && mnl_attr_get_u8(kind) == IFF_TAP;
		if (get_bool(data, IFLA_TUN_VNET_HDR))
			tap->flags |= IFF_VNET_HDR;
		if (get_bool(data, IFLA_TUN_MULTI_QUEUE))
			tap->flags |= IFF_MULTI_QUEUE;
	}
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *sock, const char *name, struct tap *tap)
{
	char buf[16384];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	ssize_t len;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
	if (len < 0)
		return -errno;
	return mnl_cb_run(buf, len, 0, mnl_socket_get_portid(sock), on_link, tap) < 0 ?
		-errno : 0;
}

int vhx_tap__flags(const char *name, __u32 *flags)
{
	struct mnl_socket *sock;
	struct tap tap = { 0 };
	int err;

	if (strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!sock)
		return -errno;
	err = mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) ? -errno : ask(sock, name, &tap);
	mnl_socket_close(sock);
	if (err)
		return err;
	*flags = tap.flags;
	return tap.is_tap ? 0 : -ENODEV;
}
