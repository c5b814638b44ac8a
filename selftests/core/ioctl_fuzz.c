// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM gone mad: several threads throw ioctls in any order and with any argument at one fd, while
 * the guest's rings change under it and traffic comes in. Nothing may come of it but errors, and a
 * new fd works as ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dirtylog.h"
#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define THREADS	3
#define SECONDS	6
#define ARENA	(4 << 20)	/* all addresses that are not plainly wrong are in here... */
#define SLACK	(4 << 20)	/* ...and what begins there ends in here */
#define FDS	10

static struct guest g;
static struct mem mem;
static int fds[FDS], tap, host;
static volatile bool stop;
static uint64_t calls, good;

static bool now_and_then(uint32_t of)
{
	return rnd_range(1, of) == 1;
}

static uint64_t any_addr(void)
{
	static const uint64_t wrong[] = {
		0, 1, 4096, 0x7fffffffe000, 0x7ffffffff000, 0x800000000000, 0xffff888000000000,
		0xffffffffffffe000, ~0ULL, ~0ULL - 4095,
	};

	if (now_and_then(12))
		return wrong[rnd_range(0, 9)];
	return (uintptr_t)mem.base +
	       (rnd_range(0, ARENA - 1) & ~(now_and_then(8) ? 0ULL : 4095ULL));
}

static int any_fd(void)
{
	return now_and_then(10) ? (int)rnd() : fds[rnd_range(0, FDS - 1)];
}

static int any_index(void)
{
	return now_and_then(20) ? (int)rnd() : (int)rnd_range(0, 1);
}

static uint64_t any_features(void)
{
	uint64_t f = 0;
	int i;

	if (now_and_then(20))
		return rnd();
	for (i = 0; i < 5; i++)
		f |= (uint64_t []){ F_V1, F_MRG, F_INDIRECT, F_EVENT_IDX, F_VHOST_HDR }[i] *
		     !now_and_then(3);
	for (i = 0; i < 4 && guest_is_vhx(); i++)
		f |= (uint64_t []){ F_PACKED, F_IN_ORDER, F_PLATFORM, F_LOG_ALL }[i] *
		     now_and_then(4);
	return f;
}

static int set_mem(int fd)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region[16];
	} t = { 0 };
	unsigned int i;
	uint64_t gpa = now_and_then(3) ? 0 : MEM_GPA;

	t.head.nregions = rnd_range(0, 16);
	t.head.padding = now_and_then(30);
	for (i = 0; i < t.head.nregions; i++) {
		uint64_t size = rnd_range(1, 256) * 4096ULL;

		t.region[i].guest_phys_addr = now_and_then(20) ? rnd() : gpa;
		t.region[i].memory_size = now_and_then(20) ? rnd() : size;
		t.region[i].userspace_addr = any_addr();
		gpa += size + now_and_then(4) * 4096;
	}
	return guest_ioctl(fd, VHOST_SET_MEM_TABLE, &t);
}

static int set_addr(int fd)
{
	struct vhost_vring_addr a = {
		.index = any_index(),
		.flags = now_and_then(20) ? rnd() : now_and_then(3),
		.log_guest_addr = now_and_then(4) ? rnd() & -4ULL : MEM_GPA,
		.desc_user_addr = any_addr(),
		.avail_user_addr = any_addr(),
		.used_user_addr = any_addr(),
	};

	return guest_ioctl(fd, VHOST_SET_VRING_ADDR, &a);
}

static int set_file(int fd, unsigned long cmd)
{
	struct vhost_vring_file f = { .index = any_index(), .fd = any_fd() };

	return guest_ioctl(fd, cmd, &f);
}

static int set_state(int fd, unsigned long cmd, uint32_t num)
{
	struct vhost_vring_state s = { .index = any_index(), .num = num };

	return guest_ioctl(fd, cmd, &s);
}

static int set_worker(int fd)
{
	struct vhost_vring_worker w = { .index = any_index(), .worker_id = rnd_range(0, 5) };

	switch (rnd_range(0, 3)) {
	case 0: return guest_ioctl(fd, VHOST_NEW_WORKER, &w);
	case 1: return guest_ioctl(fd, VHOST_FREE_WORKER, &w.worker_id);
	case 2: return guest_ioctl(fd, VHOST_GET_VRING_WORKER, &w);
	default: return guest_ioctl(fd, VHOST_ATTACH_VRING_WORKER, &w);
	}
}

static int set_log(int fd)
{
	uint64_t base = any_addr();
	int log_fd = any_fd();

	if (now_and_then(3))
		return guest_ioctl(fd, VHOST_SET_LOG_FD, &log_fd);
	return guest_ioctl(fd, VHOST_SET_LOG_BASE, &base);
}

static int set_features_array(int fd)
{
	struct {
		struct vhost_features_array head;
		uint64_t word[4];
	} a = {
		.head.count = now_and_then(20) ? rnd() : rnd_range(0, 4),
		.word = { any_features(), now_and_then(10) ? rnd() : 0 },
	};

	return guest_ioctl(fd, VHOST_SET_FEATURES_ARRAY, &a);
}

static int set_fork_owner(int fd)
{
	uint8_t mode = rnd_range(0, 2);

	return guest_ioctl(fd, VHOST_SET_FORK_FROM_OWNER, &mode);
}

/* The rings as a VMM would set them, so that now and then the device really runs. */
static int start(int fd)
{
	int i, r = 0;

	r = guest_map(&g);
	for (i = 0; i < 2; i++) {
		struct vhost_vring_file f = { .index = i, .fd = tap };

		r |= guest_setup_vq(&g, i, BASE_BEGIN);
		r |= guest_ioctl(fd, VHOST_NET_SET_BACKEND, &f);
	}
	return r;
}

static int let_go(int fd)
{
	struct vhost_vring_file f = { .index = rnd_range(0, 1), .fd = -1 };

	return guest_ioctl(fd, VHOST_NET_SET_BACKEND, &f);
}

/* What a vIOMMU may say, of addresses that rings and buffers have, and of others; or a read. */
static int message(int fd)
{
	struct vhost_msg_v2 m = { .type = now_and_then(20) ? (uint32_t)rnd() : 1 + (rnd() & 1) };

	if (now_and_then(4))
		return read(fd, &m, sizeof(m)) < 0 ? -errno : 0;
	m.iotlb.type = now_and_then(10) ? rnd_range(0, 7) : rnd_range(2, 3);
	m.iotlb.uaddr = (uintptr_t)mem.base;
	m.iotlb.iova = rnd() & 1 ? mem.gpa : m.iotlb.uaddr;
	m.iotlb.size = now_and_then(3) ? rnd_range(0, ARENA) : (uint32_t)mem.size;
	m.iotlb.perm = now_and_then(4) ? rnd() : VHOST_ACCESS_RW;
	if (now_and_then(20))
		m.iotlb.uaddr = rnd();
	return write(fd, &m, sizeof(m)) < 0 ? -errno : 0;
}

static int one_call(int fd)
{
	uint64_t word = any_features();

	switch (rnd_range(0, 24)) {
	case 0: return set_mem(fd);
	case 1: return set_addr(fd);
	case 2: return set_state(fd, VHOST_SET_VRING_NUM, 1U << rnd_range(0, 16));
	case 3: return set_state(fd, VHOST_SET_VRING_BASE, rnd_range(0, 70000));
	case 4: return set_state(fd, VHOST_GET_VRING_BASE, 0);
	case 5: return set_file(fd, VHOST_SET_VRING_KICK);
	case 6: return set_file(fd, VHOST_SET_VRING_CALL);
	case 7: return set_file(fd, VHOST_SET_VRING_ERR);
	case 8: return set_file(fd, VHOST_NET_SET_BACKEND);
	case 9: return let_go(fd);
	case 10: return guest_ioctl(fd, VHOST_SET_FEATURES, &word);
	case 11: return guest_ioctl(fd, VHOST_SET_BACKEND_FEATURES, &word);
	case 12: return guest_ioctl(fd, VHOST_SET_OWNER, NULL);
	case 13: return set_state(fd, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, rnd_range(0, 100));
	case 14: return guest_ioctl(fd, _IO(VHOST_VIRTIO, rnd_range(0, 255)), &word);
	case 15:
	case 16:
	case 17: return message(fd);
	case 18: return set_worker(fd);
	case 19: return set_log(fd);
	case 20: return set_features_array(fd);
	case 21: return set_fork_owner(fd);
	default: return start(fd);
	}
}

static void *throw_calls(void *arg)
{
	while (!stop) {
		if (!one_call(g.fd))
			__atomic_add_fetch(&good, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

/* Rings in the making: half sensible, half not. */
static void *scribble(void *arg)
{
	while (!stop) {
		struct ring *r = &g.vq[rnd() & 1].ring;
		uint32_t i = rnd_range(0, r->num - 1);

		r->desc[i] = (struct vring_desc){
			.addr = now_and_then(10) ? rnd() : MEM_GPA + rnd_range(0, ARENA - 1),
			.len = now_and_then(10) ? (uint32_t)rnd() : rnd_range(0, 2000),
			.flags = now_and_then(3) ? rnd_range(0, 7) : r == &g.vq[RX].ring ? 2 : 0,
			.next = rnd_range(0, r->num),
		};
		r->avail->ring[rnd_range(0, r->num - 1)] = i;
		if (now_and_then(50))
			r->avail->idx = rnd();
		else
			r->avail->idx++;
		vq_kick(&g.vq[rnd() & 1]);
		if (now_and_then(100))
			usleep(100);
	}
	return arg;
}

static void *send_frames(void *arg)
{
	static uint8_t buf[1500];
	uint32_t i = 0;

	while (!stop) {
		frame_make(buf, 60 + i % 1400, i);
		packet_send(host, buf, 60 + i++ % 1400);
		usleep(50);
	}
	return arg;
}

static bool new_fd_works(void)
{
	static uint8_t frame[500], got[65536];
	struct netdrv drv;
	vnet_hdr hdr;
	bool ok, came = false;

	while (packet_recv(host, got, sizeof(got), 50) > 0)
		;
	nettap_set_hdr(tap, HDR_V1);
	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		return false;
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 100) > 0)
		;
	frame_make(frame, 500, 0xffffff);
	netdrv_tx(&drv, NULL, frame, 500);
	netdrv_tx_flush(&drv);
	/* What the round left on its way may come first. */
	do
		ok = packet_recv(host, got, sizeof(got), 5000) > 0;
	while (ok && memcmp(got, frame, 500));
	packet_send(host, frame, 500);
	while (ok && (!came || memcmp(got, frame, 500)))
		ok = came = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 5000) > 0;
	netdrv_close(&drv);
	return ok;
}

/* What an owner may always do. The last RESET_OWNER may have left none: be it again. */
static void queues_let_go(int round)
{
	int i, r;

	guest_ioctl(g.fd, VHOST_SET_OWNER, NULL);
	for (i = 0; i < 2; i++) {
		r = guest_set_backend(&g, i, -1);
		tap_ok(!r, "round %d: queue %d lets go (%s)", round, i, strerror(-r));
	}
}

static void round_of(int seconds)
{
	void *(*const run[])(void *) = { throw_calls, throw_calls, throw_calls, scribble,
					 send_frames };
	pthread_t thread[5];
	unsigned int i;

	stop = false;
	for (i = 0; i < 5; i++)
		pthread_create(&thread[i], NULL, run[i], NULL);
	usleep(seconds * 1000000);
	stop = true;
	for (i = 0; i < 5; i++)
		pthread_join(thread[i], NULL);
}

int main(void)
{
	int i, r;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", 0) || mem_open(&mem, ARENA + SLACK))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	fds[0] = fds[1] = -1;
	fds[2] = fds[3] = tap;
	fds[4] = packet_open("vt0", true);
	for (i = 5; i < 8; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds[8] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[9] = nettap_open("vt1", NETTAP_DEFAULT);
	nettap_up("vt1", 0);

	for (i = 0; i < 3; i++) {
		mem.used = 0;
		r = pair_open(&g, &mem, F_MODERN, 64);
		if (!tap_ok(!r, "round %d: opens (%s)", i, strerror(-r)))
			break;
		fcntl(g.fd, F_SETFL, O_RDWR | O_NONBLOCK);
		calls = good = 0;
		round_of(SECONDS / 3);
		tap_diag("%llu calls, %llu of them accepted", (unsigned long long)calls,
			 (unsigned long long)good);
		tap_ok(calls > 20 && good > 5, "round %d: %d threads, any ioctl, any argument", i,
		       THREADS);
		/* in-tree wants good rings and memory to let go. */
		if (guest_is_vhx())
			queues_let_go(i);
		guest_close(&g);
		tap_ok(new_fd_works(), "round %d: a new fd works", i);
	}
	return tap_done();
}
