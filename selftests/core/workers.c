// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers that a VMM makes, gives to queues and frees: ids, errno, traffic on separate workers, and
 * all of it again in the middle of traffic and of being killed. R20, R21. time-limit: 240
 *
 * The first part runs on /dev/vhost-scsi as well, the one class that has these ioctls in-tree:
 * VHX_NET=/dev/vhost-scsi proves it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "pump.h"
#include "rnd.h"
#include "tap.h"
#include "vhxstat.h"

#define WAIT	5000
#define HUNG	10	/* s */
#define PACKETS	3000
#define MOST	4	/* workers a queue pair can have */

static int tap, host;

static int new_worker(int fd, unsigned int *id)
{
	struct vhost_worker_state s = { .worker_id = 0xdead };
	int r = guest_ioctl(fd, VHOST_NEW_WORKER, &s);

	*id = s.worker_id;
	return r;
}

static int free_worker(int fd, unsigned int id)
{
	return guest_ioctl(fd, VHOST_FREE_WORKER, &(struct vhost_worker_state){ .worker_id = id });
}

static int attach(int fd, unsigned int index, unsigned int id)
{
	return guest_ioctl(fd, VHOST_ATTACH_VRING_WORKER,
			   &(struct vhost_vring_worker){ .index = index, .worker_id = id });
}

/* The worker of a queue, or a negative errno. */
static int worker_of(int fd, unsigned int index)
{
	struct vhost_vring_worker w = { .index = index, .worker_id = 0xdead };
	int r = guest_ioctl(fd, VHOST_GET_VRING_WORKER, &w);

	return r ? r : w.index == index ? (int)w.worker_id : -EPROTO;
}

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* A thread that was let go may be seen a little longer. */
static bool threads_are(int n)
{
	int tries;

	for (tries = 0; tries < 500 && threads() != n; tries++)
		usleep(1000);
	return threads() == n;
}

static int owned(void)
{
	int fd = open(guest_node(), O_RDWR | O_CLOEXEC);

	if (fd < 0 || guest_ioctl(fd, VHOST_SET_OWNER, NULL))
		tap_bail("%s: %s", guest_node(), strerror(errno));
	return fd;
}

/* ---- ids and errno: in-tree's vhost-scsi too ---- */

static void test_ids(void)
{
	int fd = open(guest_node(), O_RDWR | O_CLOEXEC), before = threads();
	unsigned int a, b;

	tap_ok(new_worker(fd, &a) == -EINVAL && free_worker(fd, 0) == -EINVAL &&
	       attach(fd, 0, 0) == -EINVAL && worker_of(fd, 0) == -EINVAL,
	       "without owner: EINVAL");
	close(fd);

	fd = owned();
	tap_ok(worker_of(fd, 0) == 0 && worker_of(fd, 1) == 0, "worker 0 serves all queues");
	tap_ok(free_worker(fd, 0) == -EBUSY, "one that serves queues is not freed: EBUSY");
	tap_ok(!new_worker(fd, &a) && a == 1 && !new_worker(fd, &b) && b == 2 &&
	       threads_are(before + 3), "new ones: 1 and 2, a thread each");
	tap_ok(worker_of(fd, 0) == 0 && worker_of(fd, 1) == 0, "and no queue has them");
	tap_ok(!free_worker(fd, 1) && threads_are(before + 2), "freed, its thread goes");
	tap_ok(free_worker(fd, 1) == -ENODEV, "freed twice: ENODEV");
	tap_ok(attach(fd, 0, 1) == -ENODEV && worker_of(fd, 0) == 0, "attached when freed: ENODEV");
	tap_ok(!new_worker(fd, &a) && a == 1, "its number is used again");
	tap_ok(!attach(fd, 0, 1) && worker_of(fd, 0) == 1 && worker_of(fd, 1) == 0,
	       "attached to one queue");
	tap_ok(!attach(fd, 0, 1) && worker_of(fd, 0) == 1, "attached again");
	tap_ok(free_worker(fd, 1) == -EBUSY && free_worker(fd, 0) == -EBUSY, "both are busy now");
	tap_ok(!attach(fd, 1, 2) && free_worker(fd, 2) == -EBUSY, "the other queue's");
	/* The first is like any other. In-tree's vhost-scsi has more queues, which keep it. */
	if (strstr(guest_node(), "scsi"))
		tap_skip("worker 0 is freed when no queue has it", "vhost-scsi has more queues");
	else
		tap_ok(!free_worker(fd, 0) && worker_of(fd, 0) == 1 && worker_of(fd, 1) == 2,
		       "worker 0 is freed when no queue has it");
	close(fd);
	tap_ok(threads_are(before), "closed: all threads go");
}

/* A page that cannot be written: nothing half made stays. */
static void test_unwritable(void)
{
	static const struct vhost_worker_state ro = { 0 };
	int fd = owned(), before = threads();
	unsigned int id = 0;

	tap_ok(guest_ioctl(fd, VHOST_NEW_WORKER, (void *)&ro) == -EFAULT && threads_are(before),
	       "an id that cannot be told: EFAULT, no thread is left");
	tap_ok(!new_worker(fd, &id) && id == 1, "and no number was lost");
	close(fd);
}

static void test_too_many(void)
{
	int fd = owned(), n, r;
	unsigned int id;

	for (n = 1; !(r = new_worker(fd, &id)) && n < 1000; n++)
		;
	tap_ok(n == MOST && r == -ENOMEM, "%d workers, then ENOMEM: %d", n, r);
	tap_ok(!free_worker(fd, 2) && !new_worker(fd, &id) && id == 2, "one freed, one made");
	close(fd);
}

/* R20: a limit that is reached gives an errno and no half-made worker. */
static void test_nproc(void)
{
	struct rlimit none = { 0, 0 };
	pid_t pid = fork();
	int status;

	if (!pid) {
		unsigned int id;
		int fd;

		if (setuid(65534))
			_exit(2);
		/* The node was opened by root. */
		fd = dup(3);
		if (guest_ioctl(fd, VHOST_SET_OWNER, NULL) || setrlimit(RLIMIT_NPROC, &none))
			_exit(3);
		_exit(new_worker(fd, &id) == -ENOMEM && worker_of(fd, 0) == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "RLIMIT_NPROC counts workers: ENOMEM (%x)", status);
}

/* ---- traffic ---- */

static void test_separate(void)
{
	struct vhxstat_worker w[MOST], again[MOST];
	struct vhxstat rx, tx;
	struct pump f;
	unsigned int id;
	int n;

	pump_open(&f, tap, host);
	tap_ok(!new_worker(f.drv.g.fd, &id) && !attach(f.drv.g.fd, TX, id),
	       "a worker for TX alone, while the queue runs");
	n = vhxstat_workers(w, MOST);
	tap_ok(n == 2 && w[0].id == 0 && w[1].id == id && w[0].queues == 1 && w[1].queues == 1 &&
	       w[0].pid != w[1].pid && !w[0].kthread, "netlink lists both, with a queue each (%d)", n);
	tap_ok(!vhxstat_find(&rx, 0, RX) && !vhxstat_find(&tx, 0, TX) && rx.worker == w[0].pid &&
	       tx.worker == w[1].pid, "and says which queue has which");
	tap_ok(pump_run(&f, PACKETS, NULL), "traffic both ways on separate workers");
	n = vhxstat_workers(again, MOST);
	tap_ok(n == 2 && again[0].items > w[0].items && again[1].items > w[1].items &&
	       again[0].runs > w[0].runs && again[1].runs > w[1].runs, "both did some of it");
	pump_close(&f);
}

/* Each queue goes from worker to worker; now and then to where it is. */
static bool wander(struct pump *f, unsigned int turn)
{
	unsigned int to = rnd_range(0, MOST - 1);

	return turn % 3 || !attach(f->drv.g.fd, rnd_range(RX, TX), to);
}

/* A worker is made, used, and freed as soon as the next is there. */
static bool replace(struct pump *f, unsigned int turn)
{
	int fd = f->drv.g.fd, old, q = turn & 1;
	unsigned int id;

	if (turn % 5)
		return true;
	old = worker_of(fd, q);
	if (old < 0 || new_worker(fd, &id) || attach(fd, q, id))
		return false;
	/* Busy only if the other queue has it too. */
	return free_worker(fd, old) == (worker_of(fd, !q) == old ? -EBUSY : 0);
}

static bool stop_start(struct pump *f, unsigned int turn)
{
	struct guest *g = &f->drv.g;
	int q = turn & 1;

	if (turn % 20)
		return wander(f, turn);
	return !guest_set_backend(g, q, -1) && !attach(g->fd, q, rnd_range(0, MOST - 1)) &&
	       !guest_set_backend(g, q, tap);
}

static void test_under_traffic(void)
{
	unsigned int id, i;
	struct pump f;

	pump_open(&f, tap, host);
	tap_ok(pump_run(&f, PACKETS, replace), "R21: workers made, attached and freed under traffic");
	pump_close(&f);

	pump_open(&f, tap, host);
	for (i = 1; i < MOST; i++)
		new_worker(f.drv.g.fd, &id);
	tap_ok(pump_run(&f, PACKETS, wander), "R21: queues go from worker to worker under traffic");
	tap_ok(pump_run(&f, PACKETS, stop_start), "R21: and are stopped and started meanwhile");
	pump_close(&f);
	tap_ok(threads_are(1), "no thread is left");
}

/* Work is queued at the moment of the change: the kick is not lost. */
static void test_kick_then_attach(void)
{
	static uint8_t buf[2048];
	struct pump f;
	unsigned int id, i;

	pump_open(&f, tap, host);
	new_worker(f.drv.g.fd, &id);
	for (i = 0; i < 300; i++) {
		frame_make(buf, 100, i);
		netdrv_tx(&f.drv, NULL, buf, 100);
		netdrv_tx_flush(&f.drv);
		if (attach(f.drv.g.fd, TX, i & 1 ? 0 : id) ||
		    packet_recv(host, buf, sizeof(buf), WAIT) != 100)
			break;
		netdrv_tx_drain(&f.drv, WAIT);
	}
	tap_ok(i == 300, "kicked, then given to another worker: sent (%u)", i);
	pump_close(&f);
}

static void test_reset_owner(void)
{
	struct pump f;
	unsigned int id;
	int fd;

	pump_open(&f, tap, host);
	fd = f.drv.g.fd;
	new_worker(fd, &id);
	attach(fd, TX, id);
	new_worker(fd, &id);
	tap_ok(!guest_ioctl(fd, VHOST_RESET_OWNER, NULL) && threads_are(1),
	       "RESET_OWNER frees all workers");
	tap_ok(!guest_ioctl(fd, VHOST_SET_OWNER, NULL) && worker_of(fd, TX) == 0 &&
	       free_worker(fd, 1) == -ENODEV && threads_are(2), "the next owner begins with one");
	pump_close(&f);
}

/* ---- killed ---- */

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

static void busy_owner(int ready)
{
	struct pump f;
	unsigned int id, i;

	pump_open(&f, tap, host);
	for (i = 1; i < MOST; i++)
		new_worker(f.drv.g.fd, &id);
	if (write(ready, "!", 1) != 1)
		_exit(1);
	for (i = 0; ; i++) {
		pump_turn(&f);
		wander(&f, 0);
		free_worker(f.drv.g.fd, rnd_range(0, MOST - 1));
		new_worker(f.drv.g.fd, &id);
	}
}

static void test_killed(void)
{
	int i, p[2];
	struct pump f;
	char c;

	for (i = 0; i < 30; i++) {
		pid_t pid;

		if (pipe2(p, O_CLOEXEC))
			tap_bail("a pipe");
		pid = fork();
		if (!pid)
			busy_owner(p[1]);
		close(p[1]);
		if (read(p[0], &c, 1) != 1)
			break;
		close(p[0]);
		usleep(rnd_range(0, 20000));
		kill(pid, SIGKILL);
		if (!gone_within(pid, HUNG))
			break;
	}
	tap_ok(i == 30, "R18: an owner killed in the middle of all this (%d of 30)", i);
	pump_open(&f, tap, host);
	tap_ok(pump_run(&f, PACKETS, NULL), "the next one works");
	pump_close(&f);
}

int main(void)
{
	/* Opened by root as descriptor 3, before anything else is. */
	int first = open(guest_node(), O_RDWR);

	if (first != 3)
		tap_bail("%s: %s", guest_node(), strerror(errno));
	if (!guest_is_vhx())
		tap_skip_all("in-tree's vhost-net has no such ioctls; try VHX_NET=/dev/vhost-scsi");
	test_ids();
	if (strstr(guest_node(), "scsi"))
		return tap_done();
	test_unwritable();
	test_too_many();
	test_nproc();
	close(first);

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	test_separate();
	test_kick_then_attach();
	test_under_traffic();
	test_reset_owner();
	test_killed();
	return tap_done();
}
