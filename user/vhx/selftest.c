// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx doctor --self-test: a guest's driver of a few lines sends frames through a vhost-net node
 * into a tap, and a packet socket on the tap compares them byte by byte.
 *
 * What it is for: vhx hands packets to tun in structs whose layout is no ABI and has changed
 * between kernels. A module built for the wrong one passes every other check.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "selftest.h"
#include "vhx.h"

#define RING_SIZE	64
#define HDR_LEN		12	/* virtio-net's with VERSION_1 */
#define TX		1
#define SLOT		2048	/* a frame and its header */
#define MEM_SIZE	(256 * 1024)
#define GUEST_BASE	0x100000ULL
#define TIMEOUT_S	5

/* Local experimental EtherType 1: nothing else in the namespace sends it. */
#define ETHERTYPE	0x88b5

/* Within one batch: the shortest, one that fills a page's rest, the longest without GSO. */
static const unsigned int frame_lens[] = { 60, 1514, 61, 128, 1000, 60 };

struct test {
	const char *step;
	int tap;
	int packet;
	int node;
	int kick;
	int call;
	char *mem;
	struct vring ring;
};

/* In @mem: the ring in the first half, then one slot a frame. */
static char *slot(const struct test *t, unsigned int i)
{
	return t->mem + MEM_SIZE / 2 + i * SLOT;
}

static uint64_t guest_addr(const struct test *t, const void *at)
{
	return GUEST_BASE + ((const char *)at - t->mem);
}

static int ioctl_errno(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* --- tap and packet socket --- */

static int open_tap(struct test *t, struct ifreq *ifr)
{
	int hdr = HDR_LEN;
	int err;

	t->step = "/dev/net/tun";
	t->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (t->tap < 0)
		return -errno;
	t->step = "tap with vnet_hdr";
	ifr->ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	err = ioctl_errno(t->tap, TUNSETIFF, ifr);
	return err ?: ioctl_errno(t->tap, TUNSETVNETHDRSZ, &hdr);
}

static int set_up(struct test *t, struct ifreq *ifr)
{
	int fd, err;

	t->step = "tap up";
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ifr->ifr_flags = IFF_UP;
	err = ioctl_errno(fd, SIOCSIFFLAGS, ifr);
	if (!err)
		err = ioctl_errno(fd, SIOCGIFINDEX, ifr);
	close(fd);
	return err;
}

static int open_packet(struct test *t, const struct ifreq *ifr)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE),
		.sll_ifindex = ifr->ifr_ifindex,
	};

	t->step = "packet socket";
	t->packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->packet < 0)
		return -errno;
	if (setsockopt(t->packet, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    bind(t->packet, (const struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return 0;
}

/* --- the guest --- */

static void make_frame(char *at, unsigned int nr, unsigned int len)
{
	static const unsigned char head[ETH_HLEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x01,
		ETHERTYPE >> 8, ETHERTYPE & 0xff,
	};
	unsigned int i;

	memcpy(at, head, sizeof(head));
	for (i = sizeof(head); i < len; i++)
		at[i] = i * 7 + nr * 31;
}

/* Header and frame in a descriptor each, as Linux guests without ANY_LAYOUT do. */
static void post_frame(struct test *t, unsigned int nr, unsigned int len)
{
	struct vring_desc *desc = &t->ring.desc[2 * nr];
	char *at = slot(t, nr);

	memset(at, 0, HDR_LEN);
	make_frame(at + HDR_LEN, nr, len);
	desc[0] = (struct vring_desc) {
		.addr = guest_addr(t, at),
		.len = HDR_LEN,
		.flags = VRING_DESC_F_NEXT,
		.next = 2 * nr + 1,
	};
	desc[1] = (struct vring_desc) { .addr = guest_addr(t, at + HDR_LEN), .len = len };
	t->ring.avail->ring[nr] = 2 * nr;
}

static void post_frames(struct test *t)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frame_lens); i++)
		post_frame(t, i, frame_lens[i]);
	__atomic_store_n(&t->ring.avail->idx, i, __ATOMIC_RELEASE);
}

static int make_memory(struct test *t)
{
	t->step = "guest memory";
	t->mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (t->mem == MAP_FAILED)
		return -errno;
	vring_init(&t->ring, RING_SIZE, t->mem, 4096);
	return 0;
}

static int set_memory(struct test *t)
{
	struct vhost_memory *table;
	int err;

	t->step = "VHOST_SET_MEM_TABLE";
	table = calloc(1, sizeof(*table) + sizeof(table->regions[0]));
	if (!table)
		return -ENOMEM;
	table->nregions = 1;
	table->regions[0] = (struct vhost_memory_region) {
		.guest_phys_addr = GUEST_BASE,
		.memory_size = MEM_SIZE,
		.userspace_addr = (uintptr_t)t->mem,
	};
	err = ioctl_errno(t->node, VHOST_SET_MEM_TABLE, table);
	free(table);
	return err;
}

static int set_features(struct test *t)
{
	const uint64_t wanted = 1ULL << VIRTIO_F_VERSION_1;
	uint64_t offered;
	int err;

	t->step = "VHOST_SET_FEATURES";
	err = ioctl_errno(t->node, VHOST_GET_FEATURES, &offered);
	if (err)
		return err;
	if (!(offered & wanted))
		return -EOPNOTSUPP;
	return ioctl_errno(t->node, VHOST_SET_FEATURES, (void *)&wanted);
}

static int set_ring(struct test *t)
{
	struct vhost_vring_state num = { .index = TX, .num = RING_SIZE };
	struct vhost_vring_state base = { .index = TX };
	struct vhost_vring_file kick = { .index = TX, .fd = t->kick };
	struct vhost_vring_file call = { .index = TX, .fd = t->call };
	struct vhost_vring_addr addr = {
		.index = TX,
		.desc_user_addr = (uintptr_t)t->ring.desc,
		.avail_user_addr = (uintptr_t)t->ring.avail,
		.used_user_addr = (uintptr_t)t->ring.used,
	};
	int err;

	t->step = "VHOST_SET_VRING_*";
	err = ioctl_errno(t->node, VHOST_SET_VRING_NUM, &num);
	if (!err)
		err = ioctl_errno(t->node, VHOST_SET_VRING_BASE, &base);
	if (!err)
		err = ioctl_errno(t->node, VHOST_SET_VRING_ADDR, &addr);
	if (!err)
		err = ioctl_errno(t->node, VHOST_SET_VRING_KICK, &kick);
	return err ?: ioctl_errno(t->node, VHOST_SET_VRING_CALL, &call);
}

static int start(struct test *t, const char *node)
{
	struct vhost_vring_file backend = { .index = TX, .fd = t->tap };
	int err;

	t->step = node;
	t->node = open(node, O_RDWR | O_CLOEXEC);
	if (t->node < 0)
		return -errno;
	t->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->kick < 0 || t->call < 0)
		return -errno;
	t->step = "VHOST_SET_OWNER";
	err = ioctl_errno(t->node, VHOST_SET_OWNER, NULL);
	if (!err)
		err = set_features(t);
	if (!err)
		err = set_memory(t);
	if (!err)
		err = set_ring(t);
	if (err)
		return err;
	t->step = "VHOST_NET_SET_BACKEND";
	return ioctl_errno(t->node, VHOST_NET_SET_BACKEND, &backend);
}

/* --- what comes out --- */

static int check_frame(struct test *t, unsigned int nr, unsigned int len)
{
	char want[SLOT], got[SLOT];
	ssize_t n;

	t->step = "receiving a frame from the tap";
	n = recv(t->packet, got, sizeof(got), 0);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	make_frame(want, nr, len);
	t->step = "a frame came out with another length than it went in";
	if ((size_t)n != len)
		return -EBADMSG;
	t->step = "a frame came out with other bytes than it went in";
	return memcmp(want, got, len) ? -EBADMSG : 0;
}

static int check_used(struct test *t)
{
	unsigned int want = ARRAY_SIZE(frame_lens);
	unsigned int ms;

	t->step = "the ring's used index";
	for (ms = 0; ms < TIMEOUT_S * 1000; ms++) {
		if (__atomic_load_n(&t->ring.used->idx, __ATOMIC_ACQUIRE) == want)
			return 0;
		usleep(1000);
	}
	return -ETIMEDOUT;
}

static int run(struct test *t, const char *node)
{
	struct ifreq ifr = { .ifr_name = "vhxtest" };
	const uint64_t one = 1;
	unsigned int i;
	int err;

	t->step = "a network namespace of its own";
	if (unshare(CLONE_NEWNET))
		return -errno;
	err = open_tap(t, &ifr);
	if (!err)
		err = set_up(t, &ifr);
	if (!err)
		err = open_packet(t, &ifr);
	if (!err)
		err = make_memory(t);
	if (err)
		return err;
	post_frames(t);
	err = start(t, node);
	if (err)
		return err;
	t->step = "kick";
	if (write(t->kick, &one, sizeof(one)) != sizeof(one))
		return -errno;
	for (i = 0; !err && i < ARRAY_SIZE(frame_lens); i++)
		err = check_frame(t, i, frame_lens[i]);
	return err ?: check_used(t);
}

/* In a process of its own: its end closes whatever is open, in whatever state. */
static void child(const char *node, int out)
{
	struct test t = { .step = "" };
	int err = run(&t, node);

	dprintf(out, "%d %s", err, err ? t.step : "");
	_exit(0);
}

int self_test(const char *node, char *why, size_t size)
{
	char said[256] = "";
	int fds[2];
	ssize_t n;
	int err;
	pid_t pid;

	snprintf(why, size, "fork");
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		child(node, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -EAGAIN;
	}
	n = read(fds[0], said, sizeof(said) - 1);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	if (n <= 0 || sscanf(said, "%d", &err) != 1) {
		snprintf(why, size, "the test died");
		return -EIO;
	}
	snprintf(why, size, "%s", strchr(said, ' ') + 1);
	return err;
}
