// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz NODE SECONDS: messages and ioctls without rhyme or reason, from several threads, also on
 * arguments that change while they are read. Nothing is asked but that nothing is left.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "rnd.h"
#include "tap.h"
#include "vdpadrv.h"

#define ROOM	(8UL << 20)
#define THREADS	3

static const unsigned long cmds[] = {
	VHOST_GET_FEATURES, VHOST_SET_FEATURES, VHOST_SET_OWNER, VHOST_SET_MEM_TABLE,
	VHOST_SET_VRING_NUM, VHOST_SET_VRING_ADDR, VHOST_SET_VRING_BASE, VHOST_GET_VRING_BASE,
	VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
	VHOST_SET_BACKEND_FEATURES, VHOST_GET_BACKEND_FEATURES,
	VHOST_VDPA_GET_DEVICE_ID, VHOST_VDPA_GET_STATUS, VHOST_VDPA_SET_STATUS,
	VHOST_VDPA_GET_CONFIG, VHOST_VDPA_SET_CONFIG, VHOST_VDPA_SET_VRING_ENABLE,
	VHOST_VDPA_GET_VRING_NUM, VHOST_VDPA_SET_CONFIG_CALL, VHOST_VDPA_GET_IOVA_RANGE,
	VHOST_VDPA_GET_CONFIG_SIZE, VHOST_VDPA_GET_VQS_COUNT, VHOST_VDPA_GET_GROUP_NUM,
	VHOST_VDPA_GET_AS_NUM, VHOST_VDPA_GET_VRING_GROUP, VHOST_VDPA_SET_GROUP_ASID,
	VHOST_VDPA_SUSPEND, VHOST_VDPA_RESUME, VHOST_VDPA_GET_VRING_DESC_GROUP,
	VHOST_VDPA_GET_VRING_SIZE,
};

#define NR_CMDS (sizeof(cmds) / sizeof(*cmds))

static struct vdpadrv d;
static char *room;
static uint32_t *arg;		/* of ioctls, shared: one thread fills it while another's is read */
static int event;
static volatile bool stop;
static uint64_t done;

/* Mostly near something. */
static uint64_t number(void)
{
	static const uint64_t near[] = { 0, 1, 0xfff, 0x1000, ROOM, 0x8000, 0xffff, 1ULL << 32,
					 UINT64_MAX, (uint64_t)INT64_MAX };

	if (rnd_below(4))
		return rnd_below(ROOM / 4096) * 4096ULL;
	return near[rnd_below(10)] + rnd_below(5) - 2;
}

static void message(void)
{
	struct vdpa_area area = {
		.iova = number(),
		.size = number(),
		.uaddr = (uintptr_t)room + number(),
		.perm = rnd_below(8) ? VHOST_ACCESS_RW : rnd_below(6),
	};
	const uint8_t type = rnd_below(16) ? 2 + rnd_below(2) : rnd_below(9);

	if (rnd_below(3))
		area.uaddr = (uintptr_t)room + area.iova % ROOM;
	vdpa_msg(d.fd, type, rnd_below(8) ? 0 : rnd_below(4), &area);
}

static void fill_arg(void)
{
	arg[0] = rnd_below(4) ? rnd_below(3) : number();
	arg[1] = rnd_below(4) ? rnd_below(2) ? (uint32_t)event : 1U << rnd_below(10) : number();
	arg[2 + rnd_below(14)] = number();
}

static void random_ioctl(void)
{
	const unsigned long cmd = cmds[rnd_below(NR_CMDS)];

	/* It starts, now and then, and seldom for long. */
	if (cmd == VHOST_VDPA_SET_STATUS && rnd_below(2)) {
		vdpa_status(d.fd, rnd_below(3) ? S_OK : 0);
		return;
	}
	fill_arg();
	guest_ioctl(d.fd, cmd, rnd_below(32) ? arg : (void *)number());
}

static void *run(void *unused)
{
	while (!stop) {
		if (rnd_below(2))
			message();
		else
			random_ioctl();
		__atomic_add_fetch(&done, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

#define ENOUGH	100		/* messages and ioctls, or it has done nothing */

int main(int argc, char **argv)
{
	/* Enough that much is mapped, too little for all. */
	const struct rlimit limit = { 64UL << 20, 64UL << 20 };
	pthread_t thread[THREADS];
	time_t end, late;
	int i;

	if (argc != 3)
		tap_bail("fuzz NODE SECONDS");
	rnd_start();
	setrlimit(RLIMIT_MEMLOCK, &limit);
	event = eventfd(0, 0);
	room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	end = time(NULL) + atoi(argv[2]);
	late = end + 10 * atoi(argv[2]);
	/* A slow machine gets longer. */
	while (time(NULL) < end || (done <= ENOUGH && time(NULL) < late)) {
		if (vdpadrv_open(&d, argv[1]))
			tap_bail("%s: %s", argv[1], strerror(errno));
		stop = false;
		for (i = 0; i < THREADS; i++)
			pthread_create(&thread[i], NULL, run, NULL);
		usleep(500000);
		stop = true;
		for (i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
		vdpadrv_close(&d);
		if (vdpa_pinned())
			break;
	}
	tap_ok(done > ENOUGH, "%llu messages and ioctls", (unsigned long long)done);
	tap_ok(vdpa_pinned() == 0, "nothing stays pinned");
	return tap_done();
}
