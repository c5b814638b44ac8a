// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every chance to fail, taken: each step of setting a queue pair up and taking it down is made to
 * fail at its first allocation or copy of user memory, at its second, and so on until it gets
 * through with none left. A step that fails says ENOMEM or EFAULT and has changed nothing: the
 * same again works, the queues carry packets, and in the end nothing has leaked. There are three
 * ways to take: split rings, packed ones, and a vIOMMU's.
 *
 * Needs fault injection, which the kernel of `make check-debug` has. time-limit: 900
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/vhx.h>

#include "faults.h"
#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define POLICY		"build/bpf/null.bpf.o"

#define NUM		64
#define WAIT		10000

static struct mem mem;
static struct guest g;
static uint8_t *rx_buf, *tx_buf;
static uint8_t frame[2048], got[2048];
static int tap, host;
static uint32_t first_worker, worker;
static uint8_t *log_bits;

static struct bpf_object *obj;
static struct bpf_map *ops;
static struct bpf_link *policy;
static uint32_t policy_id;
static bool bound;

/* The steps. */

static int step_open(unsigned int unused)
{
	g.fd = open(guest_node(), O_RDWR | O_CLOEXEC);
	return g.fd < 0 ? -errno : 0;
}

static int step_owner(unsigned int unused)
{
	return guest_ioctl(g.fd, VHOST_SET_OWNER, NULL);
}

static int step_features(unsigned int unused)
{
	return guest_ioctl(g.fd, VHOST_SET_FEATURES, &g.features);
}

static int step_map(unsigned int unused)
{
	return guest_map(&g);
}

static int step_vq(unsigned int i)
{
	return guest_setup_vq(&g, i, BASE_BEGIN);
}

static int step_start(unsigned int i)
{
	return guest_set_backend(&g, i, tap);
}

static int step_bind(unsigned int unused)
{
	struct vhx_bind bind = { .size = sizeof(bind), .policy_id = policy_id };
	int r = policy ? guest_ioctl(g.fd, VHX_NET_BIND, &bind) : 0;

	bound = policy && !r;
	return r;
}

static int step_stop(unsigned int i)
{
	return guest_set_backend(&g, i, -1);
}

static int step_features_array(unsigned int unused)
{
	struct {
		struct vhost_features_array head;
		uint64_t word[2];
	} a = { .head.count = 2, .word = { g.features } };

	return guest_ioctl(g.fd, VHOST_SET_FEATURES_ARRAY, &a);
}

static int step_fork_owner(unsigned int unused)
{
	uint8_t mode = VHOST_FORK_OWNER_TASK;

	return guest_ioctl(g.fd, VHOST_SET_FORK_FROM_OWNER, &mode);
}

static int step_worker_new(unsigned int unused)
{
	struct vhost_worker_state s = { 0 };
	int r = guest_ioctl(g.fd, VHOST_NEW_WORKER, &s);

	worker = s.worker_id;
	return r;
}

static int step_worker_get(unsigned int i)
{
	struct vhost_vring_worker w = { .index = i };
	int r = guest_ioctl(g.fd, VHOST_GET_VRING_WORKER, &w);

	first_worker = w.worker_id;
	return r;
}

static int step_worker_attach(unsigned int i)
{
	struct vhost_vring_worker w = { .index = i, .worker_id = worker };

	return guest_ioctl(g.fd, VHOST_ATTACH_VRING_WORKER, &w);
}

static int step_worker_back(unsigned int i)
{
	struct vhost_vring_worker w = { .index = i, .worker_id = first_worker };

	return guest_ioctl(g.fd, VHOST_ATTACH_VRING_WORKER, &w);
}

static int step_worker_free(unsigned int unused)
{
	struct vhost_worker_state s = { .worker_id = worker };

	return guest_ioctl(g.fd, VHOST_FREE_WORKER, &s);
}

static int step_log_base(unsigned int unused)
{
	uint64_t base = (uintptr_t)log_bits;

	return guest_ioctl(g.fd, VHOST_SET_LOG_BASE, &base);
}

static int step_log_fd(unsigned int unused)
{
	return guest_ioctl(g.fd, VHOST_SET_LOG_FD, &g.vq[RX].err);
}

static int step_log_all(unsigned int unused)
{
	uint64_t features = g.features | BIT64(VHOST_F_LOG_ALL);

	return guest_ioctl(g.fd, VHOST_SET_FEATURES, &features);
}

static int step_log_ring(unsigned int i)
{
	struct vhost_vring_addr addr;

	guest_addr(&g, i, &addr);
	addr.flags = 1 << VHOST_VRING_F_LOG;
	addr.log_guest_addr = mem_gpa(&mem, g.vq[i].ring.used);
	return guest_ioctl(g.fd, VHOST_SET_VRING_ADDR, &addr);
}

static int step_busyloop(unsigned int i)
{
	struct vhost_vring_state s = { .index = i, .num = 0 };

	return guest_ioctl(g.fd, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, &s);
}

static int step_backend_features(unsigned int unused)
{
	uint64_t features = BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2);

	return guest_ioctl(g.fd, VHOST_SET_BACKEND_FEATURES, &features);
}

/* All of guest memory at once, taken back, and given again: the driver's addresses are the guest's. */
static int step_iotlb(unsigned int type)
{
	struct vhost_msg_v2 m = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.type = type,
			.iova = mem.gpa,
			.size = mem.size,
			.uaddr = (uintptr_t)mem.base,
			.perm = VHOST_ACCESS_RW,
		},
	};

	return write(g.fd, &m, sizeof(m)) < 0 ? -errno : 0;
}

static int step_reset_owner(unsigned int unused)
{
	bound = false;
	return guest_ioctl(g.fd, VHOST_RESET_OWNER, NULL);
}

static int step_close(unsigned int unused)
{
	int fd = g.fd;

	g.fd = -1;
	bound = false;
	return close(fd) ? -errno : 0;
}

/**
 * struct step - what is made to fail
 * @name: for the reader
 * @run: does it; 0 or a negative errno
 * @arg: for @run
 * @running: the queues carry packets after it
 * @keeps: no lack of memory may keep it from its work (QEMU asserts that)
 * @spared: it has no chance to fail: get_user() cannot be made to, and a reset fd has nothing left
 * @err: another errno for what cannot be copied, as in-tree has it
 */
struct step {
	const char *name;
	int (*run)(unsigned int arg);
	unsigned int arg;
	bool running;
	bool keeps;
	bool spared;
	int err;
};

static const struct step steps[] = {
	{ "open", .run = step_open },
	{ "SET_FORK_FROM_OWNER", .run = step_fork_owner, .spared = true },
	{ "SET_OWNER", .run = step_owner },
	{ "SET_FEATURES", .run = step_features },
	{ "SET_FEATURES_ARRAY", .run = step_features_array, .spared = true },
	{ "SET_MEM_TABLE", .run = step_map },
	{ "GET_VRING_WORKER", .run = step_worker_get, .arg = RX },
	{ "NEW_WORKER", .run = step_worker_new },
	{ "ATTACH_VRING_WORKER", .run = step_worker_attach, .arg = RX },
	{ "the rx queue's setup", .run = step_vq, .arg = RX },
	{ "the tx queue's setup", .run = step_vq, .arg = TX },
	{ "SET_BACKEND rx", .run = step_start, .arg = RX },
	{ "SET_BACKEND tx", .run = step_start, .arg = TX, .running = true },
	{ "BIND", .run = step_bind, .running = true },
	{ "SET_MEM_TABLE at work", .run = step_map, .running = true },
	{ "SET_FEATURES at work", .run = step_features, .running = true },
	{ "ATTACH_VRING_WORKER at work", .run = step_worker_attach, .arg = TX, .running = true },
	{ "SET_VRING_BUSYLOOP_TIMEOUT", .run = step_busyloop, .arg = RX, .running = true },
	{ "SET_LOG_BASE", .run = step_log_base, .running = true },
	{ "SET_LOG_FD", .run = step_log_fd, .running = true, .spared = true },
	{ "SET_FEATURES with LOG_ALL", .run = step_log_all, .running = true },
	{ "SET_VRING_ADDR with VRING_F_LOG", .run = step_log_ring, .arg = RX, .running = true },
	{ "ATTACH_VRING_WORKER back, rx", .run = step_worker_back, .arg = RX, .running = true },
	{ "ATTACH_VRING_WORKER back, tx", .run = step_worker_back, .arg = TX, .running = true },
	{ "FREE_WORKER", .run = step_worker_free, .running = true },
	{ "SET_BACKEND -1 rx", .run = step_stop, .arg = RX, .keeps = true },
	{ "SET_BACKEND -1 tx", .run = step_stop, .arg = TX, .keeps = true },
	{ "RESET_OWNER", .run = step_reset_owner },
	{ "close", .run = step_close, .keeps = true, .spared = true },
	{ 0 }
};

static const struct step packed_steps[] = {
	{ "packed: open", .run = step_open },
	{ "packed: SET_OWNER", .run = step_owner },
	{ "packed: SET_FEATURES", .run = step_features },
	{ "packed: SET_MEM_TABLE", .run = step_map },
	{ "packed: the rx queue's setup", .run = step_vq, .arg = RX },
	{ "packed: the tx queue's setup", .run = step_vq, .arg = TX },
	{ "packed: SET_BACKEND rx", .run = step_start, .arg = RX },
	{ "packed: SET_BACKEND tx", .run = step_start, .arg = TX, .running = true },
	{ "packed: SET_BACKEND -1 rx", .run = step_stop, .arg = RX, .keeps = true },
	{ "packed: SET_BACKEND -1 tx", .run = step_stop, .arg = TX, .keeps = true },
	{ "packed: close", .run = step_close, .keeps = true },
	{ 0 }
};

static const struct step iommu_steps[] = {
	{ "vIOMMU: open", .run = step_open },
	{ "vIOMMU: SET_OWNER", .run = step_owner },
	{ "vIOMMU: SET_BACKEND_FEATURES", .run = step_backend_features },
	{ "vIOMMU: SET_FEATURES", .run = step_features },
	{ "vIOMMU: SET_MEM_TABLE", .run = step_map },
	{ "vIOMMU: update", .run = step_iotlb, .arg = VHOST_IOTLB_UPDATE, .err = -EINVAL },
	{ "vIOMMU: the rx queue's setup", .run = step_vq, .arg = RX },
	{ "vIOMMU: the tx queue's setup", .run = step_vq, .arg = TX },
	{ "vIOMMU: SET_BACKEND rx", .run = step_start, .arg = RX },
	{ "vIOMMU: SET_BACKEND tx", .run = step_start, .arg = TX, .running = true },
	{ "vIOMMU: invalidate", .run = step_iotlb, .arg = VHOST_IOTLB_INVALIDATE,
	  .err = -EINVAL },
	{ "vIOMMU: update again", .run = step_iotlb, .arg = VHOST_IOTLB_UPDATE, .running = true,
	  .err = -EINVAL },
	{ "vIOMMU: SET_BACKEND -1 rx", .run = step_stop, .arg = RX, .keeps = true },
	{ "vIOMMU: SET_BACKEND -1 tx", .run = step_stop, .arg = TX, .keeps = true },
	{ "vIOMMU: close", .run = step_close, .keeps = true },
	{ 0 }
};

/* How often the policy has judged, both ways. */
static uint64_t judged(void)
{
	struct bpf_program *prog;
	uint64_t runs = 0;

	bpf_object__for_each_program(prog, obj) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (strncmp(bpf_program__name(prog), "nic_", 4) &&
		    !bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			runs += info.run_cnt;
	}
	return runs;
}

static bool sends(uint32_t seq)
{
	struct vq *vq = &g.vq[TX];
	struct sg sg = { mem_gpa(&mem, tx_buf), HDR_V1 + 200 };
	uint32_t len;

	frame_make(tx_buf + HDR_V1, 200, seq);
	if (ring_add(&vq->ring, &sg, 1, 0, tx_buf))
		return false;
	vq_publish(vq);
	return packet_recv(host, got, sizeof(got), WAIT) == 200 && frame_seq(got) == seq &&
	       vq_wait_used(vq, WAIT) && ring_get(&vq->ring, &len);
}

static bool receives(uint32_t seq)
{
	struct vq *vq = &g.vq[RX];
	struct sg sg = { mem_gpa(&mem, rx_buf), 2048 };
	uint32_t len = 0;

	if (ring_add(&vq->ring, &sg, 0, 1, rx_buf))
		return false;
	vq_publish(vq);
	frame_make(frame, 300, seq);
	return packet_send(host, frame, 300) == 300 && vq_wait_used(vq, WAIT) &&
	       ring_get(&vq->ring, &len) && len == HDR_V1 + 300 &&
	       !memcmp(rx_buf + HDR_V1, frame, 300);
}

/* The queues carry packets, and a policy that is said to be bound sees them. */
static bool works(void)
{
	static uint32_t seq;
	uint64_t before = bound ? judged() : 0;

	if (!sends(++seq) || !receives(seq)) {
		tap_diag("packet %u did not get through", seq);
		return false;
	}
	if (!bound || judged() > before)
		return true;
	tap_diag("BIND succeeded, and the policy was not asked");
	return false;
}

/* Make @s fail at its @nth chance; what fails is clean, and works when it is tried again. */
static int run_failing(const struct step *s, unsigned int nth, bool *injected)
{
	int r;

	faults_arm(nth);
	r = s->run(s->arg);
	*injected = faults_disarm();
	if (!r)
		return 0;
	if (*injected && (r == (s->err ? s->err : -EFAULT) || (r == -ENOMEM && !s->keeps)))
		r = s->run(s->arg);
	else
		tap_diag("%s, at its chance %u to fail: %s", s->name, nth, strerror(-r));
	return r;
}

/* All steps of a @way, @at made to fail. */
static bool pass(const struct step *way, const struct step *at, unsigned int nth, bool *injected)
{
	const struct step *s;
	int r;

	*injected = false;
	ring_reset(&g.vq[RX].ring, 0);
	ring_reset(&g.vq[TX].ring, 0);
	for (s = way; s->run; s++) {
		r = s == at ? run_failing(s, nth, injected) : s->run(s->arg);
		if (!r && (!s->running || works()))
			continue;
		tap_diag("%s failing at its chance %u, %s: %s", at ? at->name : "nothing", nth,
			 s->name, r ? strerror(-r) : "does not work");
		if (g.fd >= 0)
			step_close(0);
		return false;
	}
	return true;
}

static void sweep(const struct step *way, const struct step *at)
{
	bool injected = true, ok = true;
	unsigned int nth;

	for (nth = 1; ok && injected && nth < FAULTS_MAX; nth++)
		ok = pass(way, at, nth, &injected);
	tap_ok(ok && !injected && nth >= 2 && (nth > 2 || at->spared),
	       "%s: made to fail at each of %u chances", at->name, nth - 2);
}

/* Attaching, the same way; the last attempt, which nothing failed, stands. */
static bool attach(void)
{
	bool injected = true;
	unsigned int nth;

	for (nth = 1; injected && nth < FAULTS_MAX; nth++) {
		bpf_link__destroy(policy);
		faults_arm(nth);
		policy = bpf_map__attach_struct_ops(ops);
		injected = faults_disarm();
		if (!policy && injected && (errno == ENOMEM || errno == EFAULT))
			policy = bpf_map__attach_struct_ops(ops);
		if (!policy) {
			tap_diag("attach, at its chance %u to fail: %s", nth, strerror(errno));
			break;
		}
	}
	return tap_ok(policy && !injected && nth > 2,
		      "a policy's attach: made to fail at each of %u chances", nth - 2);
}

static void sweep_policy(void)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	libbpf_set_print(NULL);
	obj = bpf_object__open_file(POLICY, NULL);
	ops = obj ? bpf_object__find_map_by_name(obj, "null") : NULL;
	if (!ops || bpf_object__load(obj)) {
		tap_skip("a policy's attach, and BIND", "%s does not load: %s", POLICY,
			 strerror(errno));
		return;
	}
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		tap_bail("run counts: %s", strerror(errno));
	if (attach() && !bpf_link_get_info_by_fd(bpf_link__fd(policy), &info, &len))
		policy_id = info.id;
}

static void sweep_all(const struct step *way)
{
	const struct step *s;

	for (s = way; s->run; s++)
		if (policy || s->run != step_bind)
			sweep(way, s);
}

/* Another way, whose driver negotiates more. */
static void sweep_way(const struct step *way, uint64_t features)
{
	uint64_t were = g.features;
	bool injected;
	int i;

	g.features |= features;
	for (i = 0; i < 2; i++)
		ring_renew(&g.vq[i].ring, NUM, g.features);
	if (tap_ok(pass(way, NULL, 0, &injected), "%s and what follows, nothing made to fail", way->name))
		sweep_all(way);
	g.features = were;
	for (i = 0; i < 2; i++)
		ring_renew(&g.vq[i].ring, NUM, g.features);
}

static unsigned int entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	if (!dir)
		tap_bail("%s: %s", path, strerror(errno));
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Workers are threads of this process, which end a moment after their fd is closed. */
static bool one_thread(void)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (entries("/proc/self/task") == 3)
			return true;
		usleep(10000);
	}
	return false;
}

/* The rings and their eventfds serve all passes, the vhost fd none. */
static int setup(void)
{
	int r;

	r = nettap_own_netns();
	if (r)
		return r;
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0)
		return tap;
	r = nettap_set_hdr(tap, HDR_V1);
	if (!r)
		r = nettap_up("vt0", 0);
	host = packet_open("vt0", false);
	if (!r)
		r = mem_open(&mem, 8 << 20);
	if (!r)
		r = pair_open(&g, &mem, F_V1 | F_MRG, NUM);
	if (r)
		return r;
	step_close(0);
	/* A bit for each page from address 0 on. */
	log_bits = calloc(1, (mem.gpa + mem.size) / 4096 / 8 + 1);
	rx_buf = mem_alloc(&mem, 2048, 64);
	tx_buf = mem_alloc(&mem, 2048, 64);
	return host < 0 ? host : 0;
}

static void test(void)
{
	unsigned int fds;
	bool injected;

	if (!tap_ok(pass(steps, NULL, 0, &injected), "all steps, nothing made to fail"))
		return;
	sweep_policy();
	fds = entries("/proc/self/fd");
	sweep_all(steps);
	sweep_way(packed_steps, F_PACKED | F_INDIRECT | F_EVENT_IDX);
	sweep_way(iommu_steps, F_PLATFORM);
	tap_ok(pass(steps, NULL, 0, &injected), "all steps again, nothing made to fail");
	tap_ok(entries("/proc/self/fd") == fds, "no fd is left");
	tap_ok(one_thread(), "no worker is left");
	bpf_link__destroy(policy);
	bpf_object__close(obj);
}

int main(void)
{
	int r;

	faults_begin();
	r = setup();
	if (r)
		tap_bail("a tap and a queue pair for it: %s", strerror(-r));
	test();
	faults_end();
	return tap_done();
}
