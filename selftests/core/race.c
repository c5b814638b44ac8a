// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every pair of things that can be done to a queue pair, done at the same moment by two threads,
 * traffic under way: each ioctl with each, with a kick, with memory that goes, with a process that
 * is forked, executes another program, or exits holding the fd. Nothing hangs, and who comes after
 * it is served. time-limit: 300
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vhx.h>

#include "frame.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define TURNS	3		/* of each pair */
#define HUNG	20		/* s after which a pair is called hung */

static struct netdrv drv;
static int tap, other_tap, host, spare;
static uint8_t frame[600], got[FRAME_MAX];

static void file(unsigned long cmd, unsigned int i, int fd)
{
	struct vhost_vring_file f = { .index = i, .fd = fd };

	guest_ioctl(drv.g.fd, cmd, &f);
}

static void num(unsigned long cmd, unsigned int i, unsigned int n)
{
	struct vhost_vring_state s = { .index = i, .num = n };

	guest_ioctl(drv.g.fd, cmd, &s);
}

static void word(unsigned long cmd, uint64_t v)
{
	guest_ioctl(drv.g.fd, cmd, &v);
}

static void do_owner(void)	{ guest_ioctl(drv.g.fd, VHOST_SET_OWNER, NULL); }
static void do_disown(void)	{ guest_ioctl(drv.g.fd, VHOST_RESET_OWNER, NULL); }
static void do_map(void)	{ guest_map(&drv.g); }
static void do_num(void)	{ num(VHOST_SET_VRING_NUM, TX, 64); }
static void do_base(void)	{ num(VHOST_SET_VRING_BASE, TX, 0); }
static void do_get_base(void)	{ num(VHOST_GET_VRING_BASE, TX, 0); }
static void do_busyloop(void)	{ num(VHOST_SET_VRING_BUSYLOOP_TIMEOUT, TX, 50); }
static void do_kick_fd(void)	{ file(VHOST_SET_VRING_KICK, TX, spare); }
static void do_call_fd(void)	{ file(VHOST_SET_VRING_CALL, TX, spare); }
static void do_err_fd(void)	{ file(VHOST_SET_VRING_ERR, TX, spare); }
static void do_no_kick(void)	{ file(VHOST_SET_VRING_KICK, RX, -1); }
static void do_backend(void)	{ file(VHOST_NET_SET_BACKEND, TX, tap); }
static void do_other(void)	{ file(VHOST_NET_SET_BACKEND, RX, other_tap); }
static void do_stop(void)	{ file(VHOST_NET_SET_BACKEND, TX, -1); }
static void do_stop_rx(void)	{ file(VHOST_NET_SET_BACKEND, RX, -1); }
static void do_features(void)	{ word(VHOST_SET_FEATURES, F_V1 | F_MRG); }
static void do_log_all(void)	{ word(VHOST_SET_FEATURES, F_MODERN | BIT64(VHOST_F_LOG_ALL)); }
static void do_iotlb(void)	{ word(VHOST_SET_FEATURES, F_MODERN | BIT64(33)); }
static void do_backend_features(void) { word(VHOST_SET_BACKEND_FEATURES, 2); }
static void do_log_base(void)	{ word(VHOST_SET_LOG_BASE, (uintptr_t)drv.mem.base); }
static void do_vq_kick(void)	{ vq_kick(&drv.g.vq[TX]); vq_kick(&drv.g.vq[RX]); }

static void do_addr(void)
{
	struct ring *r = &drv.g.vq[TX].ring;
	struct vhost_vring_addr a = {
		.index = TX,
		.desc_user_addr = (uintptr_t)r->desc,
		.avail_user_addr = (uintptr_t)r->avail,
		.used_user_addr = (uintptr_t)r->used,
	};

	guest_ioctl(drv.g.fd, VHOST_SET_VRING_ADDR, &a);
}

static void do_new_worker(void)
{
	struct vhost_worker_state s = { 0 };
	struct vhost_vring_worker a = { .index = TX };

	if (guest_ioctl(drv.g.fd, VHOST_NEW_WORKER, &s))
		return;
	a.worker_id = s.worker_id;
	guest_ioctl(drv.g.fd, VHOST_ATTACH_VRING_WORKER, &a);
}

static void do_old_worker(void)
{
	struct vhost_vring_worker a = { .index = TX };
	struct vhost_worker_state s;

	guest_ioctl(drv.g.fd, VHOST_ATTACH_VRING_WORKER, &a);
	for (s.worker_id = 0; s.worker_id < 4; s.worker_id++)
		guest_ioctl(drv.g.fd, VHOST_FREE_WORKER, &s);
}

/* Both directions of the messages by which a VMM with a vIOMMU talks. */
static void do_message(void)
{
	struct vhost_msg_v2 m = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = MEM_GPA, .size = 1 << 20, .uaddr = (uintptr_t)drv.mem.base,
			.perm = VHOST_ACCESS_RW, .type = VHOST_IOTLB_UPDATE,
		},
	};
	struct pollfd p = { .fd = drv.g.fd, .events = POLLIN };

	if (write(drv.g.fd, &m, sizeof(m)) > 0 && poll(&p, 1, 0) > 0 && p.revents & POLLIN &&
	    read(drv.g.fd, &m, sizeof(m)) < 0)
		return;
	m.iotlb.type = VHOST_IOTLB_INVALIDATE;
	if (write(drv.g.fd, &m, sizeof(m)) < 0)
		return;
}

/* Memory under the rings goes, and comes back as zeros. */
static void do_unmap(void)
{
	mmap(drv.mem.base, 1 << 20, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void do_protect(void)
{
	mprotect(drv.mem.base, 1 << 20, PROT_READ);
	usleep(100);
	mprotect(drv.mem.base, 1 << 20, PROT_READ | PROT_WRITE);
}

static void in_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void child_execs(void)
{
	execl("/bin/true", "true", NULL);
}

static void child_calls(void)
{
	do_map();
	do_stop();
	close(drv.g.fd);
}

static void do_fork(void)	{ in_child(child_calls); }
static void do_exec(void)	{ in_child(child_execs); }
static void do_dup(void)	{ close(dup(drv.g.fd)); }

static const struct {
	const char *name;
	void (*fn)(void);
} deed[] = {
	{ "SET_OWNER", do_owner },
	{ "RESET_OWNER", do_disown },
	{ "SET_MEM_TABLE", do_map },
	{ "SET_VRING_NUM", do_num },
	{ "SET_VRING_ADDR", do_addr },
	{ "SET_VRING_BASE", do_base },
	{ "GET_VRING_BASE", do_get_base },
	{ "SET_VRING_KICK", do_kick_fd },
	{ "SET_VRING_KICK -1", do_no_kick },
	{ "SET_VRING_CALL", do_call_fd },
	{ "SET_VRING_ERR", do_err_fd },
	{ "SET_VRING_BUSYLOOP_TIMEOUT", do_busyloop },
	{ "SET_BACKEND tx", do_backend },
	{ "SET_BACKEND rx, another tap", do_other },
	{ "SET_BACKEND tx -1", do_stop },
	{ "SET_BACKEND rx -1", do_stop_rx },
	{ "SET_FEATURES", do_features },
	{ "SET_FEATURES LOG_ALL", do_log_all },
	{ "SET_FEATURES ACCESS_PLATFORM", do_iotlb },
	{ "SET_BACKEND_FEATURES", do_backend_features },
	{ "SET_LOG_BASE", do_log_base },
	{ "NEW_WORKER, ATTACH", do_new_worker },
	{ "ATTACH 0, FREE_WORKER", do_old_worker },
	{ "IOTLB messages", do_message },
	{ "kick", do_vq_kick },
	{ "munmap", do_unmap },
	{ "mprotect", do_protect },
	{ "fork, ioctls of the child's, exit", do_fork },
	{ "fork and exec", do_exec },
	{ "dup and close", do_dup },
};

#define DEEDS	(sizeof(deed) / sizeof(*deed))

static pthread_barrier_t together;

static void turns(unsigned int which)
{
	int i;

	for (i = 0; i < TURNS; i++) {
		pthread_barrier_wait(&together);
		deed[which].fn();
	}
}

static void *second(void *arg)
{
	turns(*(unsigned int *)arg);
	return NULL;
}

static bool race(unsigned int a, unsigned int b)
{
	struct netdrv_opt opt = { .num = 64, .rx_size = 2048, .tx_size = 2048 };
	pthread_t thread;
	int i;

	if (netdrv_open(&drv, &opt) || netdrv_start(&drv, tap))
		return false;
	for (i = 0; i < 8; i++) {
		packet_send(host, frame, sizeof(frame));
		netdrv_tx(&drv, NULL, frame, sizeof(frame));
	}
	netdrv_tx_flush(&drv);
	pthread_create(&thread, NULL, second, &b);
	turns(a);
	pthread_join(thread, NULL);
	netdrv_close(&drv);
	return true;
}

static unsigned int left, right;

static void hung(int sig)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "not ok 1 - %s against %s hangs\n1..1\n",
			 deed[left].name, deed[right].name);

	if (write(1, text, n) == n)
		_exit(1);
	_exit(2);
}

static bool served(void)
{
	vnet_hdr hdr;
	bool ok;

	while (packet_recv(host, got, sizeof(got), 20) > 0)
		;
	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		return false;
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 100) > 0)
		;
	frame_make(frame, sizeof(frame), 4711);
	packet_send(host, frame, sizeof(frame));
	ok = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 5000) == sizeof(frame) &&
	     !memcmp(got, frame, sizeof(frame));
	netdrv_tx(&drv, NULL, frame, sizeof(frame));
	netdrv_tx_flush(&drv);
	ok = packet_recv(host, got, sizeof(got), 5000) == sizeof(frame) &&
	     !memcmp(got, frame, sizeof(frame)) && ok;
	netdrv_close(&drv);
	return ok;
}

int main(void)
{
	unsigned int pairs = 0;
	bool ok = true;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	other_tap = nettap_open("vt1", NETTAP_DEFAULT);
	spare = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (tap < 0 || other_tap < 0 || nettap_up("vt0", 0) || nettap_up("vt1", 0))
		tap_bail("two taps");
	nettap_set_hdr(tap, HDR_V1);
	nettap_set_hdr(other_tap, HDR_V1);
	host = packet_open("vt0", false);
	frame_make(frame, sizeof(frame), 1);
	pthread_barrier_init(&together, NULL, 2);
	signal(SIGALRM, hung);

	for (left = 0; left < DEEDS && ok; left++)
		for (right = left; right < DEEDS && ok; right++) {
			alarm(HUNG);
			ok = race(left, right);
			pairs += ok;
		}
	alarm(0);
	tap_ok(ok, "%u pairs, each %d times at once", pairs, TURNS);
	tap_ok(served(), "who comes after them is served");
	return tap_done();
}
