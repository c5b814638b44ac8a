// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that does not come: a page behind userfaultfd that nobody fills. The worker waits
 * for it, and with it this one queue; other guests do not, and a kill ends it all.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define WAIT	5000
#define PAGE	4096

static int tap[2], host[2];
static uint8_t frame[2048], got[2048];

/* A page of guest memory that whoever touches waits for. */
static int make_missing(uint8_t *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	madvise(page, PAGE, MADV_DONTNEED);
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static bool faulted(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, WAIT) > 0;
}

static int fill(int fd, uint8_t *page)
{
	static uint8_t data[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)data, .len = PAGE,
	};

	memset(data, 0, HDR_V1);
	frame_make(data + HDR_V1, 500, 4711);
	return ioctl(fd, UFFDIO_COPY, &copy) ? -errno : 0;
}

/* A queue pair whose TX ring asks for a page that is not there. Its userfaultfd. */
static int start_stuck(struct netdrv *drv, uint8_t **page)
{
	struct sg sg = { .len = HDR_V1 + 500 };
	int fd;

	if (netdrv_open(drv, NULL) || netdrv_start(drv, tap[0]))
		tap_bail("open %s", guest_node());
	*page = mem_alloc(&drv->mem, PAGE, PAGE);
	sg.gpa = mem_gpa(&drv->mem, *page);
	fd = make_missing(*page);
	if (fd < 0)
		return fd;
	ring_add(&drv->g.vq[TX].ring, &sg, 1, 0, drv->tx_free[--drv->tx_nfree]);
	netdrv_tx_flush(drv);
	return fd;
}

static bool ping(struct netdrv *drv, int which)
{
	vnet_hdr hdr;

	frame_make(frame, 300, 1);
	netdrv_tx(drv, NULL, frame, 300);
	netdrv_tx_flush(drv);
	if (packet_recv(host[which], got, sizeof(got), WAIT) != 300)
		return false;
	packet_send(host[which], frame, 300);
	return netdrv_rx_wait(drv, &hdr, got, sizeof(got), WAIT) == 300;
}

static void *stop_it(void *arg)
{
	guest_stop(arg);
	return NULL;
}

static void test_others(void)
{
	struct netdrv stuck, other;
	pthread_t thread;
	uint8_t *page;
	int i, uffd, r;
	bool ok = true;

	uffd = start_stuck(&stuck, &page);
	if (uffd < 0) {
		tap_skip("memory that does not come", "no userfaultfd: %s", strerror(-uffd));
		netdrv_close(&stuck);
		return;
	}
	tap_ok(faulted(uffd), "the worker asks for a page that is not there");

	r = netdrv_open(&other, NULL);
	if (!r)
		r = netdrv_start(&other, tap[1]);
	for (i = 0; !r && ok && i < 50; i++)
		ok = ping(&other, 1);
	tap_ok(!r && ok, "another fd of the same process starts and works meanwhile");
	tap_ok(!guest_stop(&other.g), "and stops");
	netdrv_close(&other);
	tap_ok(true, "and closes");

	/* Who stops the stuck one waits, and no longer than the page does. */
	pthread_create(&thread, NULL, stop_it, &stuck.g);
	usleep(50000);
	tap_ok(!fill(uffd, page), "the page comes");
	pthread_join(thread, NULL);
	r = packet_recv(host[0], got, sizeof(got), WAIT);
	tap_ok(r == 500 && frame_intact(got, 500) && frame_seq(got) == 4711,
	       "and with it the packet (%d)", r);
	tap_ok(!netdrv_restart(&stuck, tap[0]) && ping(&stuck, 0), "and the fd works on");
	netdrv_close(&stuck);
	close(uffd);
}

/*
 * With a thread of the owner in SET_BACKEND -1 as well: that waits for the worker, the worker for
 * the page, and the page for the fd that process exit would close. In-tree hangs there for good.
 */
static void test_kill(bool stopping)
{
	int i, tries, status, p[2];
	bool ok = true;
	pid_t pid;
	char c;

	for (i = 0; ok && i < 5; i++) {
		if (pipe2(p, O_CLOEXEC))
			tap_bail("a pipe");
		pid = fork();
		if (!pid) {
			struct netdrv drv;
			uint8_t *page;
			int uffd = start_stuck(&drv, &page);
			pthread_t thread;

			if (uffd < 0 || !faulted(uffd))
				_exit(1);
			if (stopping)
				pthread_create(&thread, NULL, stop_it, &drv.g);
			usleep(10000);
			c = write(p[1], "!", 1);
			for (;;)
				pause();
		}
		close(p[1]);
		ok = read(p[0], &c, 1) == 1;
		close(p[0]);
		kill(pid, SIGKILL);
		for (tries = 0; tries < 2000 && waitpid(pid, &status, WNOHANG) != pid; tries++)
			usleep(5000);
		ok = ok && tries < 2000;
	}
	tap_ok(ok, "R19: an owner killed while its worker waits for a page%s (%d of 5)",
	       stopping ? " and a thread for the worker" : "", i);
}

int main(void)
{
	static const char *const names[2] = { "vt0", "vt1" };
	int i;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		tap[i] = nettap_open(names[i], NETTAP_DEFAULT);
		if (tap[i] < 0 || nettap_set_hdr(tap[i], HDR_V1) || nettap_up(names[i], 0))
			tap_bail("a tap");
		host[i] = packet_open(names[i], false);
	}
	test_others();
	test_kill(false);
	if (guest_is_vhx())
		test_kill(true);
	else
		tap_skip("R19: with a thread in SET_BACKEND -1",
			 "in-tree's owner cannot be killed");
	return tap_done();
}
