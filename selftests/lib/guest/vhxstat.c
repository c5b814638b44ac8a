// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues and their counters by netlink, see vhxstat.h.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "vhxstat.h"

struct into {
	struct vhxstat *q;
	struct vhxstat_worker *w;
	unsigned int n, max;
};

static int take_family(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			*(uint16_t *)arg = mnl_attr_get_u16(a);
	return MNL_CB_OK;
}

static void take_counters(struct vhxstat *q, const struct nlattr *nest)
{
	const struct nlattr *a;
	unsigned int id;

	mnl_attr_for_each_nested(a, nest) {
		id = mnl_attr_get_type(a) - 1;
		if (id < VHX_QSTAT_NR)
			q->count[id] = mnl_attr_get_u64(a);
	}
}

static int take_queue(const struct nlmsghdr *h, void *arg)
{
	struct into *to = arg;
	const struct nlattr *a;
	struct vhxstat *q;

	if (to->n == to->max)
		return MNL_CB_OK;
	q = &to->q[to->n++];
	memset(q, 0, sizeof(*q));
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case VHX_A_QUEUE_NIC_ID:	q->nic = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_INDEX:		q->index = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_DIR:		q->dir = mnl_attr_get_u8(a); break;
		case VHX_A_QUEUE_LIVE:		q->live = true; break;
		case VHX_A_QUEUE_BROKEN:	q->broken = true; break;
		case VHX_A_QUEUE_SIZE:		q->size = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_AVAIL:		q->avail = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_USED:		q->used = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_WORKER:	q->worker = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_POLL_US:	q->poll_us = mnl_attr_get_u32(a); break;
		case VHX_A_QUEUE_STATS:		take_counters(q, a); break;
		}
	}
	return MNL_CB_OK;
}

static int take_worker(const struct nlmsghdr *h, void *arg)
{
	struct vhxstat_worker w = { 0 };
	struct into *to = arg;
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case VHX_A_WORKER_PID:		w.pid = mnl_attr_get_u32(a); break;
		case VHX_A_WORKER_OWNER:	w.owner = mnl_attr_get_u32(a); break;
		case VHX_A_WORKER_ID:		w.id = mnl_attr_get_u32(a); break;
		case VHX_A_WORKER_QUEUES:	w.queues = mnl_attr_get_u32(a); break;
		case VHX_A_WORKER_KTHREAD:	w.kthread = true; break;
		case VHX_A_WORKER_RUNS:		w.runs = mnl_attr_get_u64(a); break;
		case VHX_A_WORKER_ITEMS:	w.items = mnl_attr_get_u64(a); break;
		}
	}
	if (w.owner == (uint32_t)getpid() && to->n < to->max)
		to->w[to->n++] = w;
	return MNL_CB_OK;
}

/* One request and all that comes back. 0 or a negative errno. */
static int ask(struct mnl_socket *nl, struct nlmsghdr *h, mnl_cb_t cb, void *arg)
{
	static char buf[1 << 16];
	unsigned int seq = h->nlmsg_seq;
	int r;

	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		r = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (r < 0)
			return -errno;
		r = mnl_cb_run(buf, r, seq, mnl_socket_get_portid(nl), cb, arg);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}

static struct nlmsghdr *request(char *buf, uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = time(NULL);
	g->cmd = cmd;
	g->version = 1;
	return h;
}

static int dump(struct mnl_socket *nl, uint8_t cmd, mnl_cb_t cb, struct into *to)
{
	char buf[512];
	uint16_t family = 0;
	struct nlmsghdr *h = request(buf, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
	int r;

	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, VHX_GENL_NAME);
	r = ask(nl, h, take_family, &family);
	if (r)
		return r;
	h = request(buf, family, NLM_F_DUMP, cmd);
	return ask(nl, h, cb, to);
}

static int get(uint8_t cmd, mnl_cb_t cb, struct into *to)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	int r;

	if (!nl)
		return -errno;
	r = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : dump(nl, cmd, cb, to);
	mnl_socket_close(nl);
	return r ? r : (int)to->n;
}

/* The queues of our namespace: how many, or a negative errno. -ENOENT: no vhx. */
int vhxstat_get(struct vhxstat *q, unsigned int max)
{
	return get(VHX_CMD_QUEUE_GET, take_queue, &(struct into){ .q = q, .max = max });
}

/* The workers of this process: how many, or a negative errno. */
int vhxstat_workers(struct vhxstat_worker *w, unsigned int max)
{
	return get(VHX_CMD_WORKER_GET, take_worker, &(struct into){ .w = w, .max = max });
}

/* The queue of one pair, where there is one NIC only. 0, or a negative errno. */
int vhxstat_find(struct vhxstat *q, uint32_t index, uint8_t dir)
{
	struct vhxstat all[VHXSTAT_MAX];
	int i, n = vhxstat_get(all, VHXSTAT_MAX);

	for (i = 0; i < n; i++) {
		if (all[i].index == index && all[i].dir == dir) {
			*q = all[i];
			return 0;
		}
	}
	return n < 0 ? n : -ESRCH;
}
