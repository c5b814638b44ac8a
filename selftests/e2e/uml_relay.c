// SPDX-License-Identifier: GPL-2.0-only
/*
 * Give a user-mode Linux guest a NIC on a vhost node.
 *
 *	uml_relay SOCKET NODE TAP
 *
 * User-mode Linux speaks vhost-user on SOCKET (virtio_uml.device=SOCKET:1); its
 * requests are nearly the node's ioctls already. What differs: ring addresses
 * are the guest's and are moved to where its memory is mapped here, its call fd
 * is a pipe, where the node wants an eventfd, and its config space is ours. One
 * queue pair. Serves one guest and ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#define BIT64(n)		(1ULL << (n))

#define VU_VERSION		1
#define VU_REPLY		(1 << 2)
#define VU_NEED_REPLY		(1 << 3)
#define VU_INDEX_MASK		0xff
#define VU_NO_FD		(1 << 8)
#define VU_F_PROTOCOL		BIT64(30)
/* The guest finds no interrupt without BACKEND_REQ, although nothing is sent there. */
#define VU_PROTOCOL		(BIT64(3) /* REPLY_ACK */ | BIT64(5) /* BACKEND_REQ */ | \
				 BIT64(9) /* CONFIG */)

enum {
	VU_GET_FEATURES		= 1,
	VU_SET_FEATURES		= 2,
	VU_SET_OWNER		= 3,
	VU_SET_MEM_TABLE	= 5,
	VU_SET_VRING_NUM	= 8,
	VU_SET_VRING_ADDR	= 9,
	VU_SET_VRING_BASE	= 10,
	VU_SET_VRING_KICK	= 12,
	VU_SET_VRING_CALL	= 13,
	VU_SET_VRING_ERR	= 14,
	VU_GET_PROTOCOL		= 15,
	VU_SET_PROTOCOL		= 16,
	VU_SET_VRING_ENABLE	= 18,
	VU_SET_BACKEND_REQ_FD	= 21,
	VU_GET_CONFIG		= 24,
};

#define NODE_FEATURES	(BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_NET_F_MRG_RXBUF) | \
			 BIT64(VIRTIO_RING_F_INDIRECT_DESC) | BIT64(VIRTIO_RING_F_EVENT_IDX))
#define OWN_FEATURES	(BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_STATUS) | \
			 BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_GUEST_CSUM) | \
			 BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_GUEST_TSO4) | \
			 BIT64(VIRTIO_NET_F_HOST_TSO6) | BIT64(VIRTIO_NET_F_GUEST_TSO6))

#define QUEUES		2
#define MAX_REGIONS	2
#define MAX_CONFIG	256

struct vu_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct vu_msg {
	uint32_t unused;	/* not on the wire: aligns the payload */
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	union {
		uint64_t u64;
		struct vhost_vring_state state;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr;
		struct {
			uint32_t num, padding;
			struct vu_region region[MAX_REGIONS];
		} mem;
		struct {
			uint32_t offset, size, flags;
			uint8_t data[MAX_CONFIG];
		} config;
	};
	int fd[MAX_REGIONS];	/* not on the wire */
	unsigned int nfds;
};

#define VU_HEADER	(offsetof(struct vu_msg, u64) - offsetof(struct vu_msg, request))
#define VU_PAYLOAD	(offsetof(struct vu_msg, fd) - offsetof(struct vu_msg, u64))

struct relay {
	int sock;
	int node;
	int tap;
	struct vhost_memory_region region[MAX_REGIONS];
	unsigned int regions;
	int call[QUEUES];	/* eventfds that the node signals */
	int pipe[QUEUES];	/* and where the guest listens */
};

static const struct virtio_net_config net_config = {
	.mac = { 0x52, 0x54, 0x00, 0x75, 0x6d, 0x6c },
	.status = VIRTIO_NET_S_LINK_UP,
	.max_virtqueue_pairs = 1,
};

static void die(const char *what)
{
	fprintf(stderr, "uml_relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int node_ioctl(const struct relay *r, unsigned long cmd, const void *arg)
{
	return ioctl(r->node, cmd, arg) < 0 ? -errno : 0;
}

/* What the guest calls an address, as the node shall use it; 0 when it is nowhere */
static uint64_t address_here(const struct relay *r, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < r->regions; i++)
		if (addr - r->region[i].guest_phys_addr < r->region[i].memory_size)
			return addr - r->region[i].guest_phys_addr +
			       r->region[i].userspace_addr;
	return 0;
}

static int set_features(struct relay *r, const struct vu_msg *msg)
{
	uint64_t node = msg->u64 & NODE_FEATURES;
	unsigned long offload = 0;
	int hdr = sizeof(struct virtio_net_hdr_mrg_rxbuf);

	if (msg->u64 & BIT64(VIRTIO_NET_F_GUEST_CSUM))
		offload |= TUN_F_CSUM;
	if (msg->u64 & BIT64(VIRTIO_NET_F_GUEST_TSO4))
		offload |= TUN_F_TSO4;
	if (msg->u64 & BIT64(VIRTIO_NET_F_GUEST_TSO6))
		offload |= TUN_F_TSO6;
	if (ioctl(r->tap, TUNSETVNETHDRSZ, &hdr) || ioctl(r->tap, TUNSETOFFLOAD, offload))
		return -errno;
	return node_ioctl(r, VHOST_SET_FEATURES, &node);
}

static int set_mem_table(struct relay *r, const struct vu_msg *msg)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region[MAX_REGIONS];
	} table = { .head.nregions = msg->mem.num };
	unsigned int i;

	if (!msg->mem.num || msg->mem.num > MAX_REGIONS || msg->nfds != msg->mem.num)
		return -EINVAL;
	for (i = 0; i < msg->mem.num; i++) {
		const struct vu_region *from = &msg->mem.region[i];
		uint8_t *at;

		at = mmap(NULL, from->mmap_offset + from->size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, msg->fd[i], 0);
		if (at == MAP_FAILED)
			return -errno;
		table.region[i] = (struct vhost_memory_region) {
			.guest_phys_addr = from->guest_addr,
			.memory_size = from->size,
			.userspace_addr = (uintptr_t)at + from->mmap_offset,
		};
	}
	memcpy(r->region, table.region, sizeof(r->region));
	r->regions = msg->mem.num;
	return node_ioctl(r, VHOST_SET_MEM_TABLE, &table);
}

static int set_addr(struct relay *r, const struct vu_msg *msg)
{
	struct vhost_vring_addr addr = {
		.index = msg->addr.index,
		.desc_user_addr = address_here(r, msg->addr.desc),
		.used_user_addr = address_here(r, msg->addr.used),
		.avail_user_addr = address_here(r, msg->addr.avail),
	};

	return node_ioctl(r, VHOST_SET_VRING_ADDR, &addr);
}

static int set_file(struct relay *r, unsigned long cmd, unsigned int index, int fd)
{
	struct vhost_vring_file file = { .index = index, .fd = fd };

	return node_ioctl(r, cmd, &file);
}

static int set_kick(struct relay *r, const struct vu_msg *msg)
{
	if (msg->u64 & VU_NO_FD)
		return -EINVAL;
	return set_file(r, VHOST_SET_VRING_KICK, msg->u64 & VU_INDEX_MASK, msg->fd[0]);
}

static int set_call(struct relay *r, const struct vu_msg *msg)
{
	unsigned int i = msg->u64 & VU_INDEX_MASK;

	if (i >= QUEUES || msg->u64 & VU_NO_FD)
		return -EINVAL;
	close(r->pipe[i]);
	r->pipe[i] = dup(msg->fd[0]);
	return set_file(r, VHOST_SET_VRING_CALL, i, r->call[i]);
}

static int set_enable(struct relay *r, const struct vu_msg *msg)
{
	return set_file(r, VHOST_NET_SET_BACKEND, msg->state.index,
			msg->state.num ? r->tap : -1);
}

static int get_config(struct vu_msg *msg)
{
	if (msg->config.offset || msg->config.size > sizeof(net_config))
		return -EINVAL;
	memcpy(msg->config.data, &net_config, msg->config.size);
	return 0;
}

/* Return: what the guest is told if it asks, 0 or an errno */
static int handle(struct relay *r, struct vu_msg *msg)
{
	switch (msg->request) {
	case VU_SET_OWNER:
		return node_ioctl(r, VHOST_SET_OWNER, NULL);
	case VU_SET_FEATURES:
		return set_features(r, msg);
	case VU_SET_MEM_TABLE:
		return set_mem_table(r, msg);
	case VU_SET_VRING_NUM:
		return node_ioctl(r, VHOST_SET_VRING_NUM, &msg->state);
	case VU_SET_VRING_BASE:
		return node_ioctl(r, VHOST_SET_VRING_BASE, &msg->state);
	case VU_SET_VRING_ADDR:
		return set_addr(r, msg);
	case VU_SET_VRING_KICK:
		return set_kick(r, msg);
	case VU_SET_VRING_CALL:
		return set_call(r, msg);
	case VU_SET_VRING_ENABLE:
		return set_enable(r, msg);
	case VU_SET_PROTOCOL:
	case VU_SET_VRING_ERR:
		return 0;
	case VU_SET_BACKEND_REQ_FD:
		/* Kept open: the guest takes its end for the device's death. */
		return dup(msg->fd[0]) < 0 ? -errno : 0;
	default:
		return -ENOTTY;
	}
}

/* A question's answer goes into @msg. Return: was it a question? */
static bool answer(struct relay *r, struct vu_msg *msg)
{
	switch (msg->request) {
	case VU_GET_FEATURES:
		if (ioctl(r->node, VHOST_GET_FEATURES, &msg->u64))
			die("VHOST_GET_FEATURES");
		msg->u64 = (msg->u64 & NODE_FEATURES) | OWN_FEATURES | VU_F_PROTOCOL;
		break;
	case VU_GET_PROTOCOL:
		msg->u64 = VU_PROTOCOL;
		break;
	case VU_GET_CONFIG:
		if (get_config(msg))
			msg->size = 0;
		return true;
	default:
		return false;
	}
	msg->size = sizeof(msg->u64);
	return true;
}

static void reply(const struct relay *r, struct vu_msg *msg)
{
	msg->flags = VU_VERSION | VU_REPLY;
	if (send(r->sock, &msg->request, VU_HEADER + msg->size, MSG_NOSIGNAL) < 0)
		die("reply");
}

/* False when the guest is gone */
static bool receive(const struct relay *r, struct vu_msg *msg)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(msg->fd))];
	} control;
	struct iovec iov = { &msg->request, VU_HEADER };
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	memset(msg, 0, sizeof(*msg));
	if (recvmsg(r->sock, &hdr, MSG_WAITALL) != VU_HEADER)
		return false;
	cmsg = CMSG_FIRSTHDR(&hdr);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
		msg->nfds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(msg->fd, CMSG_DATA(cmsg), msg->nfds * sizeof(int));
	}
	if (msg->size > VU_PAYLOAD) {
		fprintf(stderr, "uml_relay: request %u of %u bytes\n", msg->request, msg->size);
		exit(1);
	}
	return !msg->size ||
	       recv(r->sock, &msg->u64, msg->size, MSG_WAITALL) == (ssize_t)msg->size;
}

/* False when the guest is gone */
static bool serve_request(struct relay *r)
{
	struct vu_msg msg;
	uint32_t flags;
	int err;

	if (!receive(r, &msg))
		return false;
	flags = msg.flags;
	if (answer(r, &msg)) {
		reply(r, &msg);
		return true;
	}
	err = handle(r, &msg);
	if (err)
		fprintf(stderr, "uml_relay: request %u: %s\n", msg.request, strerror(-err));
	while (msg.nfds)
		close(msg.fd[--msg.nfds]);
	if (flags & VU_NEED_REPLY) {
		msg.u64 = -err;
		msg.size = sizeof(msg.u64);
		reply(r, &msg);
	}
	return true;
}

static void forward_call(const struct relay *r, unsigned int i)
{
	uint64_t n;

	/* A full pipe has the guest's attention already. */
	if (read(r->call[i], &n, sizeof(n)) == sizeof(n) &&
	    write(r->pipe[i], &n, sizeof(n)) < 0 && errno != EAGAIN)
		die("the guest's call pipe");
}

static int tap_open(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		die(name);
	return fd;
}

static int guest_accept(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int ls = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	unlink(path);
	if (ls < 0 || bind(ls, (struct sockaddr *)&sa, sizeof(sa)) || listen(ls, 1))
		die(path);
	fd = accept(ls, NULL, NULL);
	if (fd < 0)
		die("accept");
	close(ls);
	return fd;
}

int main(int argc, char **argv)
{
	struct pollfd pfd[1 + QUEUES];
	struct relay r = { .pipe = { -1, -1 } };
	unsigned int i;

	if (argc != 4) {
		fprintf(stderr, "usage: uml_relay SOCKET NODE TAP\n");
		return 2;
	}
	r.tap = tap_open(argv[3]);
	r.node = open(argv[2], O_RDWR);
	if (r.node < 0)
		die(argv[2]);
	r.sock = guest_accept(argv[1]);
	pfd[0] = (struct pollfd) { .fd = r.sock, .events = POLLIN };
	for (i = 0; i < QUEUES; i++) {
		r.call[i] = eventfd(0, EFD_NONBLOCK);
		if (r.call[i] < 0)
			die("eventfd");
		pfd[1 + i] = (struct pollfd) { .fd = r.call[i], .events = POLLIN };
	}
	for (;;) {
		if (poll(pfd, 1 + QUEUES, -1) < 0)
			die("poll");
		for (i = 0; i < QUEUES; i++)
			if (pfd[1 + i].revents)
				forward_call(&r, i);
		if (pfd[0].revents && !serve_request(&r))
			return 0;
	}
}
