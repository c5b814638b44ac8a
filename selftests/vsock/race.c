// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens at the same moment: the host, and another guest, connect and send while a guest
 * comes and goes, starts and stops, changes its CID and its owner; a process that is not the owner
 * closes the fd last; a guest that sends endless nonsense is stopped. Nothing hangs, nothing is
 * left, and who comes after it is served. time-limit: 240
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rnd.h"
#include "tap.h"
#include "vsockhost.h"
#include "vsocksib.h"

#define PORT	1234
#define SECONDS	6
#define STOPS	20
#define PROMPT	3000		/* ms that nothing may take */

static struct vsockdrv drv, other;
static struct vsockpkt pkt;
static uint32_t asked, absent, standing;
static volatile bool stop;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- who is in the way ---- */

/* Connections of the host's, each for a moment. */
static void *storm(void *arg)
{
	static const char bytes[4000];
	int fd;

	while (!stop) {
		fd = host_try(VSOCK_CID, rnd_below(4) ? SOCK_STREAM : SOCK_SEQPACKET, PORT);
		if (fd < 0) {
			__atomic_add_fetch(fd == -ENODEV ? &absent : &standing, 1, __ATOMIC_RELAXED);
			continue;
		}
		__atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
		if (!rnd_below(3))
			usleep(rnd_below(3000));
		send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
		close(fd);
	}
	return arg;
}

/* Another guest's, if there are such. */
static void *sibling_storm(void *arg)
{
	static struct vsockpkt got;
	struct virtio_vsock_hdr h;

	while (!stop) {
		h = vsockdrv_hdr(&other, 5000 + rnd_below(100), PORT, 1 + rnd_below(5));
		h.dst_cid = htole64(VSOCK_CID + rnd_below(2));
		vsockdrv_send(&other, &h, NULL, 0);
		while (vsockdrv_recv(&other, &got, 0))
			;
	}
	return arg;
}

/* @turn again and again, meanwhile. */
static void in_the_way(void (*turn)(void))
{
	void *(*const run[])(void *) = { storm, storm, sibling_storm };
	const int64_t end = now_ms() + SECONDS * 1000;
	pthread_t thread[3];
	int i;

	stop = false;
	asked = absent = standing = 0;
	for (i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, run[i], NULL);
	while (now_ms() < end)
		turn();
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	tap_diag("asked %u times; %u times it was not there, %u times it stood still", asked, absent,
		 standing);
}

/* Some of those who ask have an answer. */
static void answer_some(uint32_t n)
{
	struct virtio_vsock_hdr h;

	while (n-- && vsockdrv_recv(&drv, &pkt, 5)) {
		if (le16toh(pkt.h.op) != VIRTIO_VSOCK_OP_REQUEST)
			continue;
		h = vsockdrv_hdr(&drv, le32toh(pkt.h.dst_port), le32toh(pkt.h.src_port),
				 VIRTIO_VSOCK_OP_RESPONSE);
		h.dst_cid = pkt.h.src_cid;
		h.type = pkt.h.type;
		vsockdrv_send(&drv, &h, NULL, 0);
	}
}

static bool is_served(void)
{
	int fd;
	bool ok;

	if (vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		return false;
	fd = host_connect(&drv, SOCK_STREAM, PORT);
	ok = fd >= 0 && host_close(&drv, fd, PORT);
	vsockdrv_close(&drv);
	return ok;
}

/* ---- R60: the device is closed under those who found it by its CID ---- */

static void come_and_go(void)
{
	if (vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		tap_bail("a guest");
	answer_some(1 + rnd_below(20));
	vsockdrv_close(&drv);
	usleep(rnd_below(2000));
}

static void test_close(void)
{
	in_the_way(come_and_go);
	tap_ok(asked > 20 && absent > 20, "R60: guests come and go, and are asked meanwhile");
	tap_ok(is_served(), "who comes after them is served");
}

/* ---- R68: what a VMM may do while packets are under way ---- */

static void own_again(void)
{
	unsigned int i;

	guest_ioctl(drv.g.fd, VHOST_SET_OWNER, NULL);
	guest_map(&drv.g);
	for (i = 0; i < 2; i++) {
		ring_reset(&drv.g.vq[i].ring, 0);
		guest_setup_vq(&drv.g, i, BASE_BEGIN);
	}
}

static void do_anything(void)
{
	switch (rnd_below(6)) {
	case 0:
		vsockdrv_set_cid(&drv, VSOCK_CID + 1);
		vsockdrv_set_cid(&drv, VSOCK_CID);
		break;
	case 1:
		vsockdrv_run(&drv, false);
		guest_ioctl(drv.g.fd, VHOST_RESET_OWNER, NULL);
		own_again();
		vsockdrv_run(&drv, true);
		break;
	case 2:
		guest_ioctl(drv.g.fd, VHOST_RESET_OWNER, NULL);
		own_again();
		vsockdrv_run(&drv, true);
		break;
	case 3:
		guest_map(&drv.g);
		break;
	default:
		vsockdrv_run(&drv, rnd_below(2));
	}
	usleep(rnd_below(1000));
}

static void test_changes(void)
{
	if (vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		tap_bail("a guest");
	in_the_way(do_anything);
	tap_ok(asked > 20 && standing > 20,
	       "R68: it starts, stops, and has another CID and owner, while it is asked");
	vsockdrv_close(&drv);
	tap_ok(is_served(), "who comes after it is served");
}

/* ---- R61 ---- */

static bool gone(void)
{
	const int64_t end = now_ms() + PROMPT;
	int fd;

	do {
		fd = host_try(VSOCK_CID, SOCK_STREAM, PORT);
		if (fd == -ENODEV)
			return true;
		if (fd >= 0)
			close(fd);
		usleep(10000);
	} while (now_ms() < end);
	return false;
}

static void test_stranger(void)
{
	int go[2], status;
	char c = 0;
	pid_t pid;

	if (pipe(go) || vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		tap_bail("a guest");
	pid = fork();
	if (!pid) {
		close(go[1]);
		/* All ends of it, the fd among them, when the parent says so. */
		_exit(read(go[0], &c, 1) != 1);
	}
	vsockdrv_close(&drv);
	tap_ok(!gone(), "its owner has closed it: another process holds it still");
	tap_ok(write(go[1], &c, 1) == 1 && waitpid(pid, &status, 0) == pid && !status && gone(),
	       "R61: closed by that one, the guest is gone");
	close(go[0]);
	close(go[1]);
	tap_ok(is_served(), "who comes after it is served");
}

/* ---- R3: what is refused counts ---- */

/* Of headers that are cut as many as the ring holds, again and again. */
static void *nonsense(void *arg)
{
	struct vq *vq = &drv.g.vq[VSOCK_TX];
	struct sg sg;
	uint32_t len;
	uint8_t *buf;

	while (!stop) {
		while ((buf = ring_get(&vq->ring, &len)))
			drv.tx[drv.ntx++] = buf;
		while (drv.ntx) {
			buf = drv.tx[--drv.ntx];
			sg = (struct sg){ .gpa = mem_gpa(&drv.mem, buf), .len = 10 };
			if (ring_add(&vq->ring, &sg, 1, 0, buf))
				break;
		}
		ring_publish(&vq->ring);
		vq_kick(vq);
	}
	return arg;
}

static void test_nonsense(void)
{
	int64_t began, most = 0;
	pthread_t thread;
	uint32_t i;

	if (vsockdrv_open(&drv, NULL) || vsockdrv_start(&drv))
		tap_bail("a guest");
	stop = false;
	pthread_create(&thread, NULL, nonsense, NULL);
	for (i = 0; i < STOPS; i++) {
		usleep(20000);
		began = now_ms();
		vsockdrv_run(&drv, false);
		if (now_ms() - began > most)
			most = now_ms() - began;
		vsockdrv_run(&drv, true);
	}
	tap_ok(most < PROMPT, "R3: who sends endless nonsense is stopped: in %lld ms at most",
	       (long long)most);
	stop = true;
	pthread_join(thread, NULL);
	vsockdrv_close(&drv);
	tap_ok(is_served(), "who comes after it is served");
}

int main(void)
{
	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	rnd_start();
	if (vsockdrv_is_vhx()) {
		sib_vhx("vsock route flush");
		sib_vhx("vsock route add to guests sibling");
	}
	sib_open(&other, VSOCK_CID + 10, NULL);
	test_close();
	test_changes();
	test_stranger();
	test_nonsense();
	vsockdrv_close(&other);
	if (vsockdrv_is_vhx())
		sib_vhx("vsock route flush");
	return tap_done();
}
