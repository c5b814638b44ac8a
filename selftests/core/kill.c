// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners that die at the worst moment, and fds closed in every order and by everybody: nothing
 * hangs, and what is left works for the next one. R18, R19. time-limit: 240
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define KILLS	60
#define WAIT	5000
#define HUNG	10	/* s after which a process that was killed and is not gone is called hung */

static int tap, host;
static uint8_t frame[2048], got[FRAME_MAX];

static bool gone_within(pid_t pid, int seconds)
{
	int tries, status;

	for (tries = 0; tries < seconds * 200; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return true;
		usleep(5000);
	}
	return false;
}

/* A guest that never rests: kicks, packets both ways, stops and starts. */
static void busy_owner(int ready)
{
	struct netdrv drv;
	vnet_hdr hdr;
	uint32_t i;

	if (netdrv_open(&drv, &(struct netdrv_opt){ .tx_size = 2048 }) ||
	    netdrv_start(&drv, tap))
		_exit(1);
	for (i = 0; ; i++) {
		frame_make(frame, 60 + i % 400, i);
		if (netdrv_tx(&drv, NULL, frame, 60 + i % 400) || i % 7 == 0)
			netdrv_tx_flush(&drv);
		vq_kick(&drv.g.vq[i & 1]);
		packet_send(host, frame, 100);
		while (netdrv_rx(&drv, &hdr, got, sizeof(got)) > 0)
			;
		netdrv_rx_fill(&drv, UINT32_MAX);
		if (i == 50 && write(ready, "!", 1) != 1)
			_exit(1);
		if (i % 1000 == 999) {
			guest_stop(&drv.g);
			guest_start(&drv.g, tap);
		}
	}
}

/* A child that is at it: its pid, once it is busy. */
static pid_t start(void (*run)(int))
{
	int p[2];
	pid_t pid;
	char c;

	if (pipe2(p, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		run(p[1]);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &c, 1) != 1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(p[0]);
	return pid;
}

static bool works(void)
{
	struct netdrv drv;
	vnet_hdr hdr;
	bool ok;
	int r;

	while (packet_recv(host, got, sizeof(got), 0) > 0)
		;
	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		return false;
	/* The tap may hold what nobody took. */
	while (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 50) > 0)
		;
	frame_make(frame, 500, 42);
	netdrv_tx(&drv, NULL, frame, 500);
	netdrv_tx_flush(&drv);
	/* What a dead guest left on its way is of another length. */
	do
		r = packet_recv(host, got, sizeof(got), WAIT);
	while (r > 0 && r != 500);
	ok = r == 500;
	packet_send(host, frame, 500);
	do
		r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	while (r > 0 && r != 500);
	ok = ok && r == 500;
	netdrv_close(&drv);
	return ok;
}

static void test_kill(void)
{
	int i;

	for (i = 0; i < KILLS; i++) {
		pid_t pid = start(busy_owner);

		if (pid < 0)
			break;
		usleep(rnd_range(0, 20000));
		kill(pid, SIGKILL);
		if (!gone_within(pid, HUNG))
			break;
		while (packet_recv(host, got, sizeof(got), 0) > 0)
			;
	}
	tap_ok(i == KILLS, "R18: an owner killed while it kicks (%d of %d)", i, KILLS);
	tap_ok(works(), "R18: the next one works");
}

/* The owner dies while somebody else still has the fd: its worker goes, the fd must not hang. */
static void test_fd_outlives_owner(void)
{
	int fd, i, p[2];
	bool ok = true;

	for (i = 0; ok && i < 10; i++) {
		struct vhost_vring_state s = { .index = TX };
		pid_t pid;
		char c;

		if (pipe(p))
			tap_bail("a pipe");
		fd = open(guest_node(), O_RDWR | O_CLOEXEC);
		pid = fork();
		if (!pid) {
			struct netdrv drv;

			/* The child's queue pair goes by the fd that both have. */
			if (netdrv_open(&drv, NULL) || dup2(drv.g.fd, fd) < 0)
				_exit(1);
			netdrv_start(&drv, tap);
			c = write(p[1], "!", 1);
			for (;;)
				vq_kick(&drv.g.vq[TX]);
		}
		ok = read(p[0], &c, 1) == 1;
		usleep(rnd_range(0, 5000));
		kill(pid, SIGKILL);
		ok = ok && gone_within(pid, HUNG);
		ok = ok && guest_ioctl(fd, VHOST_GET_VRING_BASE, &s) == -EPERM;
		close(fd);
		close(p[0]);
		close(p[1]);
	}
	tap_ok(ok, "R19: the owner dies, another process has a copy of its fd");
	tap_ok(works(), "R19: the next one works");
}

/* The other way round: a child that inherited the fd is the last to close it. */
static void test_child_closes_last(void)
{
	struct netdrv drv;
	pid_t owner, pid;
	int i, p[2];
	bool ok = true;

	for (i = 0; ok && i < 10; i++) {
		if (pipe(p))
			tap_bail("a pipe");
		owner = fork();
		if (!owner) {
			close(p[0]);
			if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
				_exit(1);
			pid = fork();
			if (!pid) {
				/* Outlive the owner, then close. */
				while (getppid() == owner || kill(getppid(), 0))
					usleep(1000);
				usleep(20000);
				close(drv.g.fd);
				_exit(0);
			}
			for (i = 0; i < 100; i++)
				vq_kick(&drv.g.vq[i & 1]);
			_exit(0);
		}
		close(p[1]);
		ok = gone_within(owner, HUNG);
		/* End of file once the last copy of the pipe, which is the child's, is gone. */
		ok = ok && read(p[0], got, 1) == 0;
		close(p[0]);
	}
	tap_ok(ok, "R19, R61: a child closes the fd last, its owner long gone");
	tap_ok(works(), "R19: the next one works");
}

/* All that a queue pair is made of, closed in each order, under traffic. */
static void test_close_order(void)
{
	static const char orders[][5] = { "ftkc", "tfkc", "kcft", "ktcf", "cktf", "tkcf", "fkct" };
	unsigned int i;
	int k, own;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct netdrv drv;

		own = nettap_open("vt1", NETTAP_DEFAULT);
		nettap_set_hdr(own, HDR_V1);
		nettap_up("vt1", 0);
		if (netdrv_open(&drv, NULL) || netdrv_start(&drv, own))
			break;
		for (k = 0; k < 100; k++) {
			frame_make(frame, 100, k);
			netdrv_tx(&drv, NULL, frame, 100);
		}
		netdrv_tx_flush(&drv);
		for (k = 0; k < 4; k++) {
			int *fd = orders[i][k] == 'f' ? &drv.g.fd :
				  orders[i][k] == 't' ? &own :
				  orders[i][k] == 'k' ? &drv.g.vq[TX].kick : &drv.g.vq[TX].call;

			close(*fd);
			*fd = -1;
		}
		netdrv_close(&drv);
		if (if_nametoindex("vt1"))
			break;
	}
	tap_ok(i == sizeof(orders) / sizeof(orders[0]),
	       "vhost fd, tap, kick and call closed in every order (%u)", i);
	tap_ok(works(), "and the next one works");
}

static void *stop_and_start(void *arg)
{
	struct guest *g = arg;

	for (;;) {
		guest_stop(g);
		guest_start(g, tap);
	}
	return NULL;
}

/* An owner of several threads, each in an ioctl of the same fd. */
static void threaded_owner(int ready)
{
	struct netdrv drv;
	pthread_t t[3];
	int i;

	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		_exit(1);
	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, stop_and_start, &drv.g);
	usleep(2000);
	i = write(ready, "!", 1);
	for (;;) {
		guest_map(&drv.g);
		vq_kick(&drv.g.vq[TX]);
	}
}

static void test_kill_in_ioctl(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		pid_t pid = start(threaded_owner);

		if (pid < 0)
			break;
		usleep(rnd_range(0, 10000));
		kill(pid, SIGKILL);
		if (!gone_within(pid, HUNG))
			break;
	}
	tap_ok(i == 20, "an owner killed in the middle of its ioctls (%d of 20)", i);
	tap_ok(works(), "and the next one works");
}

/* exec closes nothing that is not close-on-exec, and changes the memory the fd belongs to. */
static void test_exec(void)
{
	struct netdrv drv;
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
			_exit(1);
		fcntl(drv.g.fd, F_SETFD, 0);
		fcntl(drv.g.vq[TX].kick, F_SETFD, 0);
		vq_kick(&drv.g.vq[TX]);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	tap_ok(waitpid(pid, &status, 0) == pid && status == 0, "an owner that calls exec");
	tap_ok(works(), "and the next one works");
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	tap_ok(works(), "starts");
	test_kill();
	test_fd_outlives_owner();
	test_child_closes_last();
	test_close_order();
	test_kill_in_ioctl();
	test_exec();
	return tap_done();
}
