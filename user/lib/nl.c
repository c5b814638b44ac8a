// SPDX-License-Identifier: GPL-2.0-only
/* Generic netlink transport: the family's id and group, requests, dumps, what errors say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"
#include "nl.h"

static void put_header(struct vhx_nl *nl, struct nl_req *req, __u16 family, __u8 cmd,
		       __u16 flags)
{
	struct genlmsghdr *genl;

	req->nlh = mnl_nlmsg_put_header(req->buf);
	req->nlh->nlmsg_type = family;
	req->nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	req->nlh->nlmsg_seq = ++nl->seq;

	genl = mnl_nlmsg_put_extra_header(req->nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = VHX_GENL_VERSION;
}

void nl_begin(struct vhx_nl *nl, struct nl_req *req, __u8 cmd, __u16 flags)
{
	put_header(nl, req, nl->family, cmd, flags);
}

/* The kernel's own words on an error stand behind the request that is echoed, or is not. */
static void keep_words(struct vhx_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*err);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	mnl_attr_for_each(attr, nlh, skip) {
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		snprintf(nl->error, sizeof(nl->error), "%s", mnl_attr_get_str(attr));
	}
}

static int on_error(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	struct vhx_nl *nl = arg;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (!err->error)
		return MNL_CB_STOP;
	keep_words(nl, nlh);
	errno = -err->error;
	return MNL_CB_ERROR;
}

/*
 * mnl_cb_run2() gives one argument to all callbacks, and the handler of errors needs the
 * connection while the data handler needs its caller's: this carries both.
 */
struct relay {
	struct vhx_nl *nl;
	mnl_cb_t fn;
	void *arg;
};

static int relay_error(const struct nlmsghdr *nlh, void *arg)
{
	return on_error(nlh, ((struct relay *)arg)->nl);
}

/*
 * A control table that covers a type replaces libmnl's handler for it. DONE ends a dump, and says
 * how the dump ended.
 */
static int relay_done(const struct nlmsghdr *nlh, void *arg)
{
	int err = 0;

	(void)arg;
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	if (err >= 0)
		return MNL_CB_STOP;
	errno = -err;
	return MNL_CB_ERROR;
}

static int relay_data(const struct nlmsghdr *nlh, void *arg)
{
	struct relay *relay = arg;

	return relay->fn ? relay->fn(nlh, relay->arg) : MNL_CB_OK;
}

static int receive(struct vhx_nl *nl, unsigned int seq, unsigned int portid,
		   struct relay *relay)
{
	static const mnl_cb_t control[NLMSG_MIN_TYPE] = {
		[NLMSG_ERROR] = relay_error,
		[NLMSG_DONE] = relay_done,
	};
	ssize_t len = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));

	if (len < 0)
		return -errno;
	len = mnl_cb_run2(nl->buf, len, seq, portid, relay_data, relay, control,
			  ARRAY_SIZE(control));
	return len < 0 ? -errno : len;
}

int nl_receive(struct vhx_nl *nl, mnl_cb_t fn, void *arg)
{
	struct relay relay = { .nl = nl, .fn = fn, .arg = arg };
	int ret = receive(nl, 0, 0, &relay);

	return ret < 0 ? ret : 0;
}

static int connect_socket(struct vhx_nl *nl)
{
	int on = 1;

	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	nl->portid = mnl_socket_get_portid(nl->sock);

	/* Words with errors, and not a request's bytes back. Old kernels do without. */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

/*
 * A dump that was interrupted, by a change in the kernel or by a signal, has a rest still to
 * come, which would be taken for the next answer: it goes with the socket.
 */
static int reconnect(struct vhx_nl *nl)
{
	int err;

	mnl_socket_close(nl->sock);
	err = connect_socket(nl);
	return err ?: -EINTR;
}

int nl_run(struct vhx_nl *nl, struct nl_req *req, mnl_cb_t fn, void *arg)
{
	struct relay relay = { .nl = nl, .fn = fn, .arg = arg };
	int ret;

	if (!nl->sock)
		return -EBADF;
	nl->error[0] = '\0';
	if (mnl_socket_sendto(nl->sock, req->nlh, req->nlh->nlmsg_len) < 0)
		return -errno;
	do
		ret = receive(nl, req->nlh->nlmsg_seq, nl->portid, &relay);
	while (ret > 0);
	return ret == -EINTR ? reconnect(nl) : ret;
}

/* A group of the controller's answer: remember the id of the one called "events". */
static void take_group(struct vhx_nl *nl, const struct nlattr *group)
{
	const struct nlattr *attr;
	const char *name = "";
	__u32 id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, VHX_GENL_MCGRP_EVENTS))
		nl->events = id;
}

static int on_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr, *group;
	struct vhx_nl *nl = arg;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			nl->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			take_group(nl, group);
	}
	return MNL_CB_OK;
}

static int find_family(struct vhx_nl *nl)
{
	struct nl_req req;
	int err;

	put_header(nl, &req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(req.nlh, CTRL_ATTR_FAMILY_NAME, VHX_GENL_NAME);
	err = nl_run(nl, &req, on_family, nl);
	if (err)
		return err;
	return nl->family ? 0 : -EPROTO;
}

int vhx_nl__open(struct vhx_nl **out)
{
	struct vhx_nl *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	err = connect_socket(nl);
	if (!err)
		err = find_family(nl);
	if (err) {
		vhx_nl__close(nl);
		return err;
	}
	*out = nl;
	return 0;
}

void vhx_nl__close(struct vhx_nl *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}

const char *vhx_nl__error(const struct vhx_nl *nl)
{
	return nl->error;
}

int vhx_event__subscribe(struct vhx_nl *nl)
{
	if (!nl->events)
		return -EOPNOTSUPP;
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &nl->events,
				  sizeof(nl->events)))
		return -errno;
	return mnl_socket_get_fd(nl->sock);
}
