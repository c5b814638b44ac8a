// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent's commands: every field wrong, parked and woken, drained, cancelled, and fuzzed. Nothing
 * is served here: what is fetched, and committed, is requests.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "tap.h"

#define PAGE	4096u
#define POOL	(64 * PAGE)

static bool expect(int rc, int want, const char *what)
{
	bool ok = tap_ok(rc == want, "%s: %s", what, want < 0 ? strerror(-want) : "success");

	if (!ok)
		tap_diag("it was %d", rc);
	return ok;
}

/* ---- fields ---- */

struct row {
	const char *what;
	uint32_t op;
	struct vhx_agent_cmd cmd;
	uint64_t addr;
	uint32_t len;
	uint32_t flags;
	int want;
};

static struct vhx_agent_done done[2];
#define DONE	((uint64_t)(uintptr_t)done)

static const struct row rows[] = {
	{ .what = "no command", .op = 0, .want = -ENOTTY },
	{ .what = "an unknown one", .op = 0xdeadbeef, .want = -ENOTTY },
	{ .what = "an ioctl", .op = VHX_AGENT_ATTACH, .want = -ENOTTY },
	{ .what = "fetch of a queue that is not there", .op = VHX_AGENT_FETCH,
	  .cmd = { .queue = 2 }, .want = -EINVAL },
	{ .what = "fetch of the event's queue", .op = VHX_AGENT_FETCH,
	  .cmd = { .queue = 2 }, .want = -EINVAL },
	{ .what = "fetch of the last queue there might be", .op = VHX_AGENT_FETCH,
	  .cmd = { .queue = 0xffff }, .want = -EINVAL },
	{ .what = "fetch with answers", .op = VHX_AGENT_FETCH, .cmd = { .nr = 1 }, .want = -EINVAL },
	{ .what = "fetch with an address", .op = VHX_AGENT_FETCH, .addr = 8,
	  .want = -EINVAL },
	{ .what = "fetch with a length", .op = VHX_AGENT_FETCH, .len = 1, .want = -EINVAL },
	{ .what = "fetch with something reserved", .op = VHX_AGENT_FETCH,
	  .cmd = { .reserved = { 0, 0, 0, 0, 1 } }, .want = -EINVAL },
	{ .what = "fetch with a fixed buffer", .op = VHX_AGENT_FETCH,
	  .flags = IORING_URING_CMD_FIXED, .want = -EINVAL },
	{ .what = "fetch with an unknown flag", .op = VHX_AGENT_FETCH, .flags = 1u << 7,
	  .want = -EINVAL },
	{ .what = "event of a queue", .op = VHX_AGENT_EVENT, .cmd = { .queue = 1 },
	  .want = -EINVAL },
	{ .what = "event with answers", .op = VHX_AGENT_EVENT, .cmd = { .nr = 1 }, .want = -EINVAL },
	{ .what = "event with a limit", .op = VHX_AGENT_EVENT, .cmd = { .max = 1 }, .want = -EINVAL },
	{ .what = "event with an address", .op = VHX_AGENT_EVENT, .addr = 8, .want = -EINVAL },
	{ .what = "commit with a limit", .op = VHX_AGENT_COMMIT, .cmd = { .max = 1 },
	  .want = -EINVAL },
	{ .what = "commit of nothing", .op = VHX_AGENT_COMMIT, .want = 0 },
	{ .what = "commit of a queue that is not there", .op = VHX_AGENT_COMMIT,
	  .cmd = { .queue = 9 }, .want = -EINVAL },
	{ .what = "commit from nowhere", .op = VHX_AGENT_COMMIT, .cmd = { .nr = 1 },
	  .want = -EFAULT },
	{ .what = "commit from the kernel", .op = VHX_AGENT_COMMIT, .cmd = { .nr = 1 },
	  .addr = 0xffff888000000000ull, .want = -EFAULT },
	{ .what = "commit of what is not ours", .op = VHX_AGENT_COMMIT, .cmd = { .nr = 2 },
	  .addr = 1, .want = 0 },
	{ .what = "commit and fetch from nowhere", .op = VHX_AGENT_COMMIT_FETCH,
	  .cmd = { .nr = 1 }, .want = -EFAULT },
};

static void test_fields(struct agent *a)
{
	unsigned int i;
	int res;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct io_uring_sqe *sqe = agent_sqe(a, r->op, 0, i);

		*agent_sqe_cmd(sqe) = r->cmd;
		/* 1 stands for the array, whose address the table cannot have. */
		sqe->addr = r->addr == 1 ? DONE : r->addr;
		sqe->len = r->len;
		sqe->uring_cmd_flags = r->flags;
		agent_submit(a);
		if (!tap_ok(agent_next(a, 1000, &res, NULL), "%s is answered", r->what))
			continue;
		/* Until 6.13 io_uring looks for the buffer before it asks the file. */
		if (r->flags == IORING_URING_CMD_FIXED && res == -EFAULT)
			res = -EINVAL;
		expect(res, r->want, r->what);
	}
}

/* ---- parking ---- */

static void test_park(struct agent *a)
{
	int res;
	uint64_t data;

	expect(agent_do(a, VHX_AGENT_FETCH, 0), -ETIME, "a fetch is parked");
	expect(agent_do(a, VHX_AGENT_FETCH, 0), -EBUSY, "a second one of the queue is not");
	expect(agent_do(a, VHX_AGENT_COMMIT_FETCH, 0), -EBUSY, "nor one that commits");
	expect(agent_do(a, VHX_AGENT_FETCH, 1), -ETIME, "but one of another queue");
	expect(agent_do(a, VHX_AGENT_EVENT, 0), -ETIME, "and an event");
	expect(agent_do(a, VHX_AGENT_EVENT, 0), -EBUSY, "one");
	expect(agent_do(a, VHX_AGENT_COMMIT, 0), 0, "commits go on");

	tap_ok(!ioctl(a->fd, VHX_AGENT_DRAIN), "drain");
	for (res = 0; agent_next(a, 1000, &res, &data);)
		expect(res, -ESHUTDOWN, data == VHX_AGENT_EVENT ? "the event ends" : "a fetch ends");
	expect(agent_do(a, VHX_AGENT_FETCH, 0), -ESHUTDOWN, "there are no more");
	expect(agent_do(a, VHX_AGENT_EVENT, 0), -ESHUTDOWN, "nor events");
	expect(agent_do(a, VHX_AGENT_COMMIT, 0), 0, "commits still go on");
	tap_ok(!ioctl(a->fd, VHX_AGENT_DRAIN), "drain once more");
}

/* A ring that is closed takes the session with it, though the fd is open. */
/* All that is parked completes, with nothing, and can be parked again; what is not is no matter. */
static void test_wake(struct agent *a)
{
	int res, i, n;

	expect(ioctl(a->fd, VHX_AGENT_WAKE) ? -errno : 0, 0, "a wake of nobody");
	for (i = 0; i < 3; i++) {
		expect(agent_do(a, VHX_AGENT_FETCH, 0), -ETIME, "a fetch is parked");
		expect(agent_do(a, VHX_AGENT_FETCH, 1), -ETIME, "and one of another queue");
		expect(agent_do(a, VHX_AGENT_EVENT, 0), -ETIME, "and an event");
		expect(ioctl(a->fd, VHX_AGENT_WAKE) ? -errno : 0, 0, "woken");
		for (n = 0; n < 3 && agent_next(a, 1000, &res, NULL) && !res;)
			n++;
		tap_ok(n == 3 && !agent_next(a, 50, &res, NULL), "each completes with 0, once (%d)", n);
	}
}

static void test_close_ring(void)
{
	struct agent a;
	int rc, tries;

	agent_start(&a, 1, 64, POOL);
	expect(agent_attach(a.fd, "ring"), 0, "attached");
	expect(agent_do(&a, VHX_AGENT_EVENT, 0), -ETIME, "an event is parked");
	io_uring_queue_exit(&a.uring);
	io_uring_queue_init(8, &a.uring, 0);
	for (tries = 0, rc = 0; tries < 200 && !rc; tries++) {
		usleep(10000);
		rc = agent_do(&a, VHX_AGENT_COMMIT, 0);
	}
	expect(rc, -ESHUTDOWN, "without its ring the session is over");
	expect(agent_do(&a, VHX_AGENT_FETCH, 0), -ESHUTDOWN, "nothing is fetched");
	expect(agent_do(&a, VHX_AGENT_EVENT, 0), -ESHUTDOWN, "nothing is told");
	expect(agent_attach(a.fd, "other"), -ESHUTDOWN, "nothing is attached");
	agent_stop(&a);
	expect(agent_destroy("ring"), 0, "its endpoint can go");
}

/* io_uring moves it to a thread of its own. */
static void test_async(void)
{
	struct agent a;
	int res = 0;

	agent_start(&a, 1, 64, POOL);
	agent_sqe(&a, VHX_AGENT_FETCH, 0, 1)->flags |= IOSQE_ASYNC;
	agent_submit(&a);
	tap_ok(!agent_next(&a, 100, &res, NULL), "a fetch is parked by a thread of io_uring's");
	ioctl(a.fd, VHX_AGENT_DRAIN);
	tap_ok(agent_next(&a, 1000, &res, NULL) && res == -ESHUTDOWN, "and ends");
	agent_stop(&a);
}

/* Rings of other kinds: the large ones, and one whose kernel thread submits. */
static void test_rings(void)
{
	static const unsigned int kinds[] = {
		0, IORING_SETUP_SQE128 | IORING_SETUP_CQE32, IORING_SETUP_SQPOLL,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
	};
	unsigned int i;
	struct agent a;
	int res;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		agent_start(&a, 1, 64, POOL);
		io_uring_queue_exit(&a.uring);
		if (io_uring_queue_init(8, &a.uring, kinds[i]))
			tap_bail("no ring %#x", kinds[i]);
		expect(agent_do(&a, VHX_AGENT_FETCH, 0), -ETIME, "parked in a ring of another kind");
		ioctl(a.fd, VHX_AGENT_DRAIN);
		tap_ok(agent_next(&a, 2000, &res, NULL) && res == -ESHUTDOWN, "and drained (%#x)",
		       kinds[i]);
		agent_stop(&a);
	}
}

/* ---- fuzz ---- */

static uint64_t state;

static uint32_t any(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

static uint32_t any_op(void)
{
	static const uint32_t ops[] = {
		VHX_AGENT_FETCH, VHX_AGENT_COMMIT, VHX_AGENT_COMMIT_FETCH, VHX_AGENT_EVENT,
	};

	return any(20) ? ops[any(4)] : any(0x7fffffff);
}

static void any_sqe(struct agent *a)
{
	struct io_uring_sqe *sqe = agent_sqe(a, any_op(), any(3), 0);
	struct vhx_agent_cmd *cmd = agent_sqe_cmd(sqe);
	uint8_t *bytes = (uint8_t *)cmd;

	cmd->nr = any(2) ? 0 : any(4) ? any(40) : any(65536);
	cmd->max = any(4) ? 0 : any(65536);
	if (!any(4))
		bytes[any(sizeof(*cmd))] = any(256);
	sqe->addr = any(2) ? 0 : any(4) ? DONE + any(64) : (uint64_t)any(~0u) << any(33);
	if (!any(8))
		sqe->len = any(~0u);
	if (!any(16))
		sqe->uring_cmd_flags = 1u << any(32);
	if (!any(16))
		sqe->flags |= IOSQE_ASYNC;
}

static void test_fuzz(void)
{
	const char *given = getenv("VHX_SEED");
	int i, res, rounds, sent = 0, got = 0;
	struct agent a;

	state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	tap_diag("VHX_SEED=%llu", (unsigned long long)state);
	for (rounds = 0; rounds < 20; rounds++) {
		agent_start(&a, 2, 64, POOL);
		for (i = 0; i < 300; i++) {
			memset(done, any(256), sizeof(done));
			any_sqe(&a);
			sent++;
			agent_submit(&a);
			while (agent_next(&a, 0, &res, NULL))
				got++;
			if (!any(300))
				ioctl(a.fd, VHX_AGENT_DRAIN);
		}
		agent_stop(&a);
	}
	tap_ok(sent - got <= 20 * 50, "any commands: %d of %d were answered at once", got, sent);
}

int main(void)
{
	struct agent a;

	if (access(AGENT_CTL, F_OK))
		tap_skip_all("no %s", AGENT_CTL);
	agent_start(&a, 2, 64, POOL);
	test_fields(&a);
	test_wake(&a);
	test_park(&a);
	agent_stop(&a);
	test_close_ring();
	test_async();
	test_rings();
	test_fuzz();
	return tap_done();
}
