// SPDX-License-Identifier: GPL-2.0-only
/*
 * blk NODE [SECONDS]: a disk by a driver of our own: what is written is read back, by kicks and calls,
 * over resets, with eventfds that change meanwhile. SECONDS: until somebody takes it away, and then
 * no ioctl says anything but ENODEV.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <linux/virtio_blk.h>

#include "rnd.h"
#include "tap.h"
#include "vdpadrv.h"

#define SECTOR	512
#define PART	(8 * SECTOR)
#define PARTS	16
#define PROMPT	20000		/* ms that an answer may take */

struct request {
	struct virtio_blk_outhdr h;
	uint8_t data[PART];
	uint8_t status;
};

static struct vdpadrv d;
static struct mem mem;
static struct request *req;
static const char *node;
static uint64_t features;

static bool start(void)
{
	mem.used = 0;
	if (vdpadrv_features(&d, features) || vdpadrv_start(&d, &mem, 1))
		return false;
	req = mem_alloc(&mem, sizeof(*req), 16);
	return true;
}

/* Return: the device's status; negative: it did not answer. */
static int transfer(uint32_t type, uint64_t sector)
{
	const uint64_t at = mem_gpa(&mem, req);
	const struct sg sg[] = {
		{ at + offsetof(struct request, h), sizeof(req->h) },
		{ at + offsetof(struct request, data), PART },
		{ at + offsetof(struct request, status), 1 },
	};
	struct vq *vq = &d.vq[0];
	const bool out = type == VIRTIO_BLK_T_OUT;
	uint32_t len;

	req->h = (struct virtio_blk_outhdr) { .type = htole32(type), .sector = htole64(sector) };
	req->status = 0xff;
	if (ring_add(&vq->ring, sg, out ? 2 : 1, out ? 1 : 2, req))
		return -ENOSPC;
	vq_publish(vq);
	if (!vq_wait_used(vq, PROMPT) || !ring_get(&vq->ring, &len))
		return -ETIME;
	return req->status;
}

static void fill(uint8_t *data, uint8_t with)
{
	uint32_t i;

	for (i = 0; i < PART; i++)
		data[i] = with + i * 7;
}

static bool write_part(uint32_t i, uint8_t with)
{
	fill(req->data, with);
	return transfer(VIRTIO_BLK_T_OUT, i * PART / SECTOR) == VIRTIO_BLK_S_OK;
}

static bool read_part(uint32_t i, uint8_t with)
{
	static uint8_t want[PART];

	memset(req->data, 0, PART);
	fill(want, with);
	return transfer(VIRTIO_BLK_T_IN, i * PART / SECTOR) == VIRTIO_BLK_S_OK &&
	       !memcmp(req->data, want, PART);
}

static bool all(bool (*turn)(uint32_t i, uint8_t with), uint8_t with)
{
	uint32_t i;

	for (i = 0; i < PARTS; i++)
		if (!turn(i, with + i))
			return false;
	return true;
}

static void test_data(void)
{
	tap_ok(start(), "it starts");
	tap_ok(all(write_part, 3), "%u parts are written", PARTS);
	tap_ok(all(read_part, 3), "and are what is read");
}

static void again(void)
{
	unsigned int i;

	for (i = 0; i < d.nvq; i++) {
		close(d.vq[i].kick);
		close(d.vq[i].call);
		ring_close(&d.vq[i].ring);
	}
	d.nvq = 0;
	vdpa_unmap(d.fd, 0, UINT64_MAX);
}

static void test_reset(void)
{
	tap_ok(!vdpa_status(d.fd, 0), "reset");
	again();
	tap_ok(start() && all(read_part, 3), "after a reset it reads what was written");
	vdpadrv_close(&d);
	tap_ok(!vdpadrv_open(&d, node) && start() && all(read_part, 3), "and who opens it next does");
}

/* A ring that has been at work goes on where it stood. */
static void test_suspend(void)
{
	struct vhost_vring_state s = {};

	if (!(d.backend & BIT64(VHOST_BACKEND_F_SUSPEND)))
		return tap_skip("suspend", "the device has none");
	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_SUSPEND, NULL), "suspended");
	tap_ok(!guest_ioctl(d.fd, VHOST_GET_VRING_BASE, &s) && s.num == ring_base(&d.vq[0].ring),
	       "it tells where it stands: %u", s.num);
	if (!(d.backend & BIT64(VHOST_BACKEND_F_RESUME)))
		return tap_skip("resume", "the device has none");
	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_RESUME, NULL) && all(read_part, 3),
	       "resumed, it goes on");
}

/* ---- R73: eventfds change under traffic ---- */

static volatile bool stop;
static uint32_t changes;

static void *change_calls(void *arg)
{
	struct vhost_vring_file f = { .index = 0 };
	int fd;

	while (!stop) {
		/* Others in between, that nobody looks at; and none. */
		fd = eventfd(0, 0);
		f.fd = rnd_below(2) ? fd : -1;
		guest_ioctl(d.fd, VHOST_SET_VRING_CALL, &f);
		close(fd);
		f.fd = d.vq[0].call;
		guest_ioctl(d.fd, VHOST_SET_VRING_CALL, &f);
		guest_ioctl(d.fd, VHOST_VDPA_SET_CONFIG_CALL, &f.fd);
		changes++;
	}
	f.fd = -1;
	guest_ioctl(d.fd, VHOST_VDPA_SET_CONFIG_CALL, &f.fd);
	return arg;
}

/* Calls may be lost here, to the others: so what is used is looked for. */
static bool turn_by_looking(uint32_t i)
{
	struct vq *vq = &d.vq[0];
	const struct sg sg[] = {
		{ mem_gpa(&mem, &req->h), sizeof(req->h) },
		{ mem_gpa(&mem, req->data), PART },
		{ mem_gpa(&mem, &req->status), 1 },
	};
	uint32_t len;
	int tries;

	req->h = (struct virtio_blk_outhdr) {
		.type = htole32(VIRTIO_BLK_T_IN), .sector = htole64(i * PART / SECTOR)
	};
	if (ring_add(&vq->ring, sg, 1, 2, req))
		return false;
	vq_publish(vq);
	for (tries = 0; tries < PROMPT; tries++) {
		if (ring_has_used(&vq->ring))
			return ring_get(&vq->ring, &len) && req->status == VIRTIO_BLK_S_OK;
		usleep(1000);
	}
	return false;
}

static void test_calls(void)
{
	const time_t end = time(NULL) + 4;
	pthread_t thread;
	uint32_t n = 0;
	bool ok = true;

	stop = false;
	pthread_create(&thread, NULL, change_calls, NULL);
	while (ok && time(NULL) < end)
		ok = turn_by_looking(n++ % PARTS);
	stop = true;
	pthread_join(thread, NULL);
	tap_ok(ok && n > 5 && changes > 5, "R71, R73: %u requests while calls changed %u times", n,
	       changes);
	tap_ok(all(read_part, 3), "and it calls as before");
}

/* ---- it is taken away ---- */

static bool is_gone(void)
{
	struct vhost_vring_state s = {};
	uint64_t f;
	uint8_t status;

	return guest_ioctl(d.fd, VHOST_GET_FEATURES, &f) == -ENODEV &&
	       guest_ioctl(d.fd, VHOST_VDPA_GET_STATUS, &status) == -ENODEV &&
	       vdpa_status(d.fd, 0) == -ENODEV &&
	       guest_ioctl(d.fd, VHOST_GET_VRING_BASE, &s) == -ENODEV &&
	       guest_ioctl(d.fd, VHOST_SET_OWNER, NULL) == -ENODEV &&
	       vdpa_map(d.fd, mem.gpa, mem.base, mem.size) == -ENODEV &&
	       vdpa_unmap(d.fd, 0, UINT64_MAX) == -ENODEV;
}

static void test_taken(int seconds)
{
	const time_t end = time(NULL) + seconds;
	uint64_t f;
	uint32_t n = 0;

	if (!start())
		tap_bail("it does not start");
	while (time(NULL) < end && !guest_ioctl(d.fd, VHOST_GET_FEATURES, &f)) {
		/* The last of them has no answer. */
		n += transfer(VIRTIO_BLK_T_IN, 0) == VIRTIO_BLK_S_OK;
		vdpa_unmap(d.fd, mem.gpa + mem.size, mem.size);
		vdpa_map(d.fd, mem.gpa + mem.size, mem.base, mem.size);
	}
	tap_ok(n > 0, "%u requests, and it was taken away", n);
	tap_ok(is_gone(), "whatever is asked: ENODEV");
	tap_ok(vdpa_pinned() == 0, "nothing is pinned any more");
	vq_kick(&d.vq[0]);
	vdpadrv_close(&d);
	tap_ok(open(node, O_RDWR) < 0, "kicked, and closed; its node is gone");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		tap_bail("blk NODE [SECONDS]");
	node = argv[1];
	rnd_start();
	features = F_EVENT_IDX | F_INDIRECT;
	if (vdpadrv_open(&d, node) || mem_open_shared(&mem, 1 << 20))
		tap_bail("%s: %s", node, strerror(errno));
	if (argc > 2) {
		test_taken(atoi(argv[2]));
		return tap_done();
	}
	test_data();
	test_reset();
	test_suspend();
	test_calls();
	vdpadrv_close(&d);
	tap_ok(vdpa_pinned() == 0, "at the end nothing is pinned");
	return tap_done();
}
