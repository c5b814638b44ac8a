// SPDX-License-Identifier: GPL-2.0-only
/* The keeper, see keeper.h: its orders, and how it carries them out. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "log.h"
#include "machines.h"
#include "priv.h"

enum order_kind {
	ORDER_LIMIT,		/* the only one with an answer */
	ORDER_REGISTER,
	ORDER_UNREGISTER,
};

struct order {
	enum order_kind kind;
	bool anew;
	uint32_t cid;
	char name[KEEPER_NAME];
	struct vhx_vsock_limits limits;
};

struct answer {
	int ret;
	struct msg msg;
};

static int keeper = -1;
static pid_t child;

/* --- in the keeper --- */

static int put_limits(struct vhx_nl *nl, const struct order *o)
{
	int ret;

	if (o->anew) {
		ret = vhx_vsock_limits__del(nl, o->limits.cid);
		if (ret && ret != -ENOENT)
			return ret;
	}
	return o->limits.set ? vhx_vsock_limits__set(nl, &o->limits) : 0;
}

static void limit(int fd, const struct order *o)
{
	struct answer a = { 0 };
	struct vhx_nl *nl;

	a.ret = vhx_nl__open(&nl);
	if (a.ret) {
		msg_set(&a.msg, a.ret, "limits of CID %u: netlink (%s)", o->limits.cid, msg_errno(a.ret));
	} else {
		a.ret = put_limits(nl, o);
		if (a.ret)
			msg_set(&a.msg, a.ret, "limits of CID %u (%s): %s", o->limits.cid,
				msg_errno(a.ret), vhx_nl__error(nl));
		vhx_nl__close(nl);
	}
	if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) < 0)
		log_error("the keeper is not heard: %s", msg_errno(errno));
}

static void carry_out(int fd, const struct order *o)
{
	switch (o->kind) {
	case ORDER_LIMIT:
		limit(fd, o);
		break;
	case ORDER_REGISTER:
		machines_add(o->cid, o->name);
		break;
	case ORDER_UNREGISTER:
		machines_remove(o->cid);
		break;
	}
}

/* Return: whether there was one; else vhxd is gone. */
static bool next_order(int fd, struct order *o)
{
	ssize_t n;

	do
		n = recv(fd, o, sizeof(*o), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*o);
}

/* Nobody waits for the end of what it would print. */
static void leave_terminal(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || chdir("/"))
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

static void keep(int fd)
{
	struct order o;
	struct msg msg;

	prctl(PR_SET_NAME, "vhxd-keeper");
	leave_terminal();
	if (priv_keep(CAP_NET_ADMIN, &msg))
		log_die("the keeper: %s", msg.text);
	for (;;) {
		if (!machines_wait(fd))
			continue;
		if (!next_order(fd, &o))
			break;
		carry_out(fd, &o);
	}
	machines_end();
	_exit(0);
}

/* --- in vhxd --- */

int keeper_start(struct msg *msg)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return msg_set(msg, -errno, "a socket for the keeper: %s", msg_errno(errno));
	child = fork();
	if (child < 0)
		return msg_set(msg, -errno, "fork: %s", msg_errno(errno));
	if (!child) {
		/* Among them what says, by its end, that vhxd did not begin. */
		dup2(fds[1], STDERR_FILENO + 1);
		close_range(STDERR_FILENO + 2, ~0U, 0);
		keep(STDERR_FILENO + 1);
	}
	close(fds[1]);
	keeper = fds[0];
	return 0;
}

void keeper_end(void)
{
	if (keeper < 0)
		return;
	close(keeper);
	keeper = -1;
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

int keeper_limit(const struct vhx_vsock_limits *limits, bool anew, struct msg *msg)
{
	const struct order o = { .kind = ORDER_LIMIT, .anew = anew, .limits = *limits };
	struct answer a;
	ssize_t n;

	if (send(keeper, &o, sizeof(o), MSG_NOSIGNAL) < 0)
		return msg_set(msg, -errno, "the keeper hears nothing (%s)", msg_errno(errno));
	do
		n = recv(keeper, &a, sizeof(a), 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(a))
		return msg_set(msg, -EPIPE, "the keeper says nothing (EPIPE)");
	*msg = a.msg;
	return a.ret;
}

static void tell(const struct order *o)
{
	if (send(keeper, o, sizeof(*o), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_warning("CID %u: the keeper hears nothing (%s)", o->cid, msg_errno(errno));
}

void keeper_register(uint32_t cid, const char *name)
{
	struct order o = { .kind = ORDER_REGISTER, .cid = cid };

	snprintf(o.name, sizeof(o.name), "%s", name);
	tell(&o);
}

void keeper_unregister(uint32_t cid)
{
	const struct order o = { .kind = ORDER_UNREGISTER, .cid = cid };

	tell(&o);
}
