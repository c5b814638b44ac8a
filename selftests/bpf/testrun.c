// SPDX-License-Identifier: GPL-2.0-only
/*
 * VHX_TEST_RUN: what it says of a policy, and every way to ask wrongly.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "flow.h"
#include "nettap.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

static int ctl;
static struct policy pol;
static uint8_t frame[VHX_TEST_MAX_LEN + 16];

static const char *name_of(int err)
{
	return err ? strerrorname_np(-err) : "0";
}

static int run(void *arg)
{
	return ioctl(ctl, VHX_TEST_RUN, arg) ? -errno : 0;
}

/* A run that works; tests change one thing. */
static struct vhx_test_run fine(uint32_t dir)
{
	return (struct vhx_test_run){
		.size = sizeof(struct vhx_test_run), .policy_id = pol.id, .dir = dir,
		.data = (uintptr_t)frame, .data_len = 100, .queues = 4,
	};
}

static void expect(struct vhx_test_run t, int want, const char *what)
{
	int err = run(&t);

	tap_ok(err == want, "%s: %s (%s)", what, name_of(want), name_of(err));
}

static void verdict(uint32_t dir, uint32_t says, uint32_t effect, uint32_t queue)
{
	struct vhx_test_run t = fine(dir);
	int err;

	if (dir == VHX_DIR_RX)
		policy_rx(&pol, 0, SAY(says));
	else
		policy_tx(&pol, 0, SAY(says));
	err = run(&t);
	tap_ok(!err && t.verdict == says && t.effect == effect &&
	       (effect != VHX_EFFECT_QUEUE || t.effect_queue == queue),
	       "%s: verdict 0x%x is %s", dir ? "tx" : "rx", says, vhx_effect__name(effect));
}

static void test_verdicts(void)
{
	verdict(VHX_DIR_RX, 0, VHX_EFFECT_QUEUE, 0);
	verdict(VHX_DIR_RX, 3, VHX_EFFECT_QUEUE, 3);
	verdict(VHX_DIR_RX, 4, VHX_EFFECT_DEAD, 0);
	verdict(VHX_DIR_RX, 0xffff, VHX_EFFECT_DEAD, 0);
	verdict(VHX_DIR_RX, 0x10000, VHX_EFFECT_ILLEGAL, 0);
	verdict(VHX_DIR_RX, VHX_DEFAULT, VHX_EFFECT_DEFAULT, 0);
	verdict(VHX_DIR_RX, VHX_DEFAULT + 1, VHX_EFFECT_ILLEGAL, 0);
	verdict(VHX_DIR_RX, VHX_PASS, VHX_EFFECT_ILLEGAL, 0);
	verdict(VHX_DIR_RX, VHX_DROP(0), VHX_EFFECT_DROP, 0);
	verdict(VHX_DIR_RX, VHX_DROP(255), VHX_EFFECT_DROP, 0);
	verdict(VHX_DIR_RX, VHX_DROP_BASE + 256, VHX_EFFECT_ILLEGAL, 0);
	verdict(VHX_DIR_RX, 0xffffffff, VHX_EFFECT_ILLEGAL, 0);
	verdict(VHX_DIR_TX, VHX_PASS, VHX_EFFECT_PASS, 0);
	verdict(VHX_DIR_TX, VHX_DEFAULT, VHX_EFFECT_PASS, 0);
	verdict(VHX_DIR_TX, VHX_DROP(64), VHX_EFFECT_DROP, 0);
	verdict(VHX_DIR_TX, 0, VHX_EFFECT_ILLEGAL, 0);
	verdict(VHX_DIR_TX, VHX_PASS + 1, VHX_EFFECT_ILLEGAL, 0);
}

static void test_values(void)
{
	struct vhx_test_run t;

#define WITH(field_value, want, what) \
	(t = fine(VHX_DIR_RX), t.field_value, expect(t, want, what))
	WITH(flags = 1, -EINVAL, "a flag");
	WITH(dir = 2, -EINVAL, "a third direction");
	WITH(policy_id = pol.id + 1000, -ENOENT, "no such policy");
	WITH(policy_id = 0, -ENOENT, "policy 0");
	WITH(data_len = 13, -EINVAL, "less than an Ethernet header");
	WITH(data_len = 14, 0, "an Ethernet header");
	WITH(data_len = VHX_TEST_MAX_LEN, 0, "the longest packet");
	WITH(data_len = VHX_TEST_MAX_LEN + 1, -EINVAL, "one byte more");
	WITH(data_len = 0xffffffff, -EINVAL, "4 GiB");
	WITH(data = 0, -EFAULT, "data at NULL");
	WITH(data = ~0ULL - 50, -EFAULT, "data in the kernel");
	WITH(queues = 0, -EINVAL, "no queues");
	WITH(queues = 256, 0, "256 queues");
	WITH(queues = 257, -EINVAL, "257 queues");
	WITH(queue = 3, 0, "from the last queue");
	WITH(queue = 4, -EINVAL, "from a queue that is not there");
	WITH(gso_size = 1400, 0, "GSO");
	WITH(gso_size = 65535, 0, "the largest segment");
	WITH(gso_size = 65536, -EINVAL, "one byte more");
	WITH(repeat = 1000, 0, "1000 times");
	WITH(repeat = VHX_TEST_MAX_REPEAT + 1, -EINVAL, "more than a million times");
	WITH(size = sizeof(t) - 1, -EINVAL, "a struct too short");
	WITH(size = 0, -EINVAL, "a struct of no size");
#undef WITH
	tap_ok(run(NULL) == -EFAULT, "no struct: EFAULT");
	tap_ok(ioctl(ctl, _IOWR(VHX_IOC_MAGIC, 0x7f, __u64), &t) && errno == ENOTTY,
	       "no such ioctl: ENOTTY");
}

/* Longer structs of later versions: fine as long as they ask for nothing unknown. */
static void test_sizes(void)
{
	struct {
		struct vhx_test_run t;
		uint8_t more[64];
	} longer = { .t = fine(VHX_DIR_RX) };
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *two, *edge;

	policy_rx(&pol, 0, SAY(2));
	longer.t.size = sizeof(longer);
	tap_ok(!run(&longer) && longer.t.verdict == 2 && longer.t.size == sizeof(longer),
	       "a longer struct, zeros behind: runs");
	longer.more[63] = 1;
	tap_ok(run(&longer) == -E2BIG, "a longer struct with something in it: E2BIG");
	longer.t.size = 0xffffffff;
	tap_ok(run(&longer) == -E2BIG, "a struct of 4 GiB: E2BIG");

	/* Data and struct that end where memory does; then one byte beyond. */
	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(two + page, page, PROT_NONE);
	edge = two + page - 100;
	memcpy(edge, frame, 100);
	longer.t = fine(VHX_DIR_RX);
	longer.t.data = (uintptr_t)edge;
	expect(longer.t, 0, "data up to the end of memory");
	longer.t.data++;
	expect(longer.t, -EFAULT, "data beyond it");
	edge = two + page - sizeof(longer.t);
	longer.t.data--;
	memcpy(edge, &longer.t, sizeof(longer.t));
	tap_ok(!run(edge) && ((struct vhx_test_run *)edge)->verdict == 2,
	       "a struct up to the end of memory");
	tap_ok(run(edge + 8) == -EFAULT || run(edge + 8) == -EINVAL, "a struct beyond it");
	mprotect(two, page, PROT_READ);
	tap_ok(run(edge) == -EFAULT, "a struct that cannot be written: EFAULT");
	munmap(two, 2 * page);
}

/* A policy sees as much of a guest's packet here as on the wire; the NIC is not a real one. */
static void test_touches_nothing(void)
{
	struct vhx_test_run t = fine(VHX_DIR_RX);
	struct policy_state before, after;
	uint64_t seen = policy_seen(&pol, SEEN_RX);
	int i;

	policy_get(pol.id, &before);
	policy_rx(&pol, 0, SAY(0xffffffff));
	t.repeat = 1000;
	tap_ok(!run(&t) && t.repeat == 1000 && t.duration_ns, "a run of 1000 takes %llu ns each",
	       (unsigned long long)t.duration_ns);
	tap_ok(policy_seen(&pol, SEEN_RX) == seen + 1000, "its maps are the real ones");
	for (i = 0; i < 100; i++)
		run(&t);
	policy_get(pol.id, &after);
	tap_ok(after.verdicts == before.verdicts && after.errors == before.errors &&
	       !policy_hung_up(&pol, 100), "no counter moves, and illegal verdicts do not eject");
	t.repeat = 0;
	seen = policy_seen(&pol, SEEN_RX);
	tap_ok(!run(&t) && policy_seen(&pol, SEEN_RX) == seen + 1, "repeat 0 is once");
}

static void on_alarm(int sig)
{
}

static void test_signal(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval at = { .it_value.tv_usec = 30000 }, off = { 0 };
	struct vhx_test_run t = fine(VHX_DIR_RX);
	int err;

	sigaction(SIGALRM, &sa, NULL);
	t.repeat = VHX_TEST_MAX_REPEAT;
	setitimer(ITIMER_REAL, &at, NULL);
	err = run(&t);
	setitimer(ITIMER_REAL, &off, NULL);
	tap_ok(err == -EINTR, "a signal ends a million runs: EINTR (%s)", name_of(err));
}

static void test_directions(void)
{
	struct vhx_test_run t = fine(VHX_DIR_TX);
	struct policy rx_only;
	int err = policy_start(&rx_only, &(struct policy_opt){ .object = "build/bpf/minimal.bpf.o" });

	if (err)
		tap_bail("minimal: %s", strerror(-err));
	t.policy_id = rx_only.id;
	expect(t, -EOPNOTSUPP, "a policy without tx, run for tx");
	t.dir = VHX_DIR_RX;
	expect(t, 0, "and for rx");
	policy_close(&rx_only);
	expect(t, -ENOENT, "and when it is gone");
}

static void test_who(void)
{
	int there = nettap_new_netns(), here = open("/proc/thread-self/ns/net", O_RDONLY);

	drop_cap(CAP_NET_ADMIN);
	expect(fine(VHX_DIR_RX), -EPERM, "without CAP_NET_ADMIN");
	raise_cap(CAP_NET_ADMIN);
	nettap_enter_netns(there);
	expect(fine(VHX_DIR_RX), -ENOENT, "from another network namespace");
	nettap_enter_netns(here);
	expect(fine(VHX_DIR_RX), 0, "and back");
	close(there);
	close(here);
}

/* While it runs, it is replaced and at last detached. */
static void *run_on(void *arg)
{
	struct vhx_test_run t = fine(VHX_DIR_RX);
	int *err = arg;

	t.repeat = 2000;
	do
		*err = run(&t);
	while (!*err && (t.verdict == 1 || t.verdict == 2));
	return NULL;
}

static void test_race(void)
{
	struct policy next;
	pthread_t thread;
	int err, ran = 0, i;

	policy_rx(&pol, 0, SAY(1));
	pthread_create(&thread, NULL, run_on, &ran);
	for (i = 0; i < 20; i++) {
		err = policy_load(&next, &(struct policy_opt){ .rx = SAY(i & 1 ? 1 : 2) });
		err = err ? err : policy_replace(&next, pol.id);
		if (err)
			break;
		policy_close(&pol);
		pol = next;
	}
	policy_close(&pol);
	pthread_join(thread, NULL);
	tap_ok(!err && ran == -ENOENT, "run while it is replaced and closed: ENOENT at last (%s)",
	       name_of(ran));
}

int main(void)
{
	struct flow_id id = { 0 };

	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	ctl = open("/dev/vhx", O_RDWR);
	if (ctl < 0)
		tap_bail("/dev/vhx: %s", strerror(errno));
	flow_make(frame, 1000, &id);
	if (policy_start(&pol, &(struct policy_opt){ .name = "run" }))
		tap_bail("a policy");
	test_verdicts();
	test_values();
	test_sizes();
	test_touches_nothing();
	test_signal();
	test_directions();
	test_who();
	test_race();
	return tap_done();
}
