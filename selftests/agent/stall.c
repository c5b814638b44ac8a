// SPDX-License-Identifier: GPL-2.0-only
/*
 * Agents that stand still: one that does not fetch, and one that does not answer, are noticed,
 * counted, traced and told of, once; what goes on is not; and nobody is killed unless the operator
 * asked for it. The test is guest and agent. time-limit: 240
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "libvhx.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef0d1"
#define PARAMS	"/sys/module/vhx/parameters/"
#define WAIT	30000		/* ms, for what must come */
#define QUIET	3000		/* for what must not */
#define POOL	(64 * 4096)
#define TAGS	16
#define N	2

static struct vhx_nl *nl, *events;
static struct scsidrv drv;
static struct scsicmd cmd[N];
static uint8_t in[N][512];
static struct agent agent;
static uint32_t cursor;

/* ---- the setting ---- */

static void set(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PARAMS "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		tap_bail("%s = %s: %s", name, value, strerror(errno));
	close(fd);
}

static void test_setting(void)
{
	int fd = open(PARAMS "agent_stall_s", O_RDWR | O_CLOEXEC);
	char was[16] = "";

	tap_ok(read(fd, was, sizeof(was) - 1) > 0 && atoi(was) == 30, "30 seconds if nobody says else");
	tap_ok(write(fd, "86401", 5) < 0 && write(fd, "-1", 2) < 0 && write(fd, "x", 1) < 0,
	       "not more than a day, nor what is no number");
	close(fd);
}

/* ---- events ---- */

/* The last event of an agent's. */
static struct {
	uint32_t kind;
	char reason[128];
	char endpoint[VHX_ENDPOINT_NAME_LEN];
	char name[16];
	uint32_t agent;
} last;

static int on_event(const struct vhx_event_info *event, void *arg)
{
	/* Another test's may still be ending. */
	if (!event->agent || strcmp(event->agent_name, "stall"))
		return 0;
	last.kind = event->kind;
	last.agent = event->agent;
	snprintf(last.reason, sizeof(last.reason), "%s", event->reason);
	snprintf(last.endpoint, sizeof(last.endpoint), "%s", event->endpoint);
	snprintf(last.name, sizeof(last.name), "%s", event->agent_name);
	return 1;
}

/* The next event of an agent's: its kind, or 0 when there is none. */
static uint32_t next_event(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	last.kind = 0;
	while (!last.kind && poll(&p, 1, ms) > 0)
		vhx_event__read(events, on_event, NULL);
	return last.kind;
}

static void is(const char *got, const char *want, const char *what)
{
	tap_ok(!strcmp(got, want), "%s: %s (%s)", what, want, got);
}

static void expect(int fd, uint32_t kind, const char *what)
{
	const uint32_t got = next_event(fd, WAIT);

	tap_ok(got == kind, "%s: %s", what, vhx_event_kind__name(kind));
	if (got != kind)
		tap_diag("it was %s", got ? vhx_event_kind__name(got) : "nothing");
}

static void expect_none(int fd, const char *what)
{
	const uint32_t got = next_event(fd, QUIET);

	tap_ok(!got, "%s", what);
	if (got)
		tap_diag("%s: %s", vhx_event_kind__name(got), last.reason);
}

/* ---- what there is to see ---- */

static struct {
	bool stalled;
	uint32_t unfetched;
	uint32_t unanswered;
	uint64_t count_unfetched;
	uint64_t count_unanswered;
} seen;

static int see_agent(const struct vhx_agent_info *a, void *arg)
{
	if (a->pid == (uint32_t)getpid())
		seen.stalled = a->stalled;
	return 0;
}

static int see_queue(const struct vhx_agent_queue_info *q, void *arg)
{
	seen.unfetched += q->unfetched;
	seen.unanswered += q->unanswered;
	seen.count_unfetched += q->stats[VHX_AGENT_QSTAT_UNFETCHED];
	seen.count_unanswered += q->stats[VHX_AGENT_QSTAT_UNANSWERED];
	return 0;
}

static void look(void)
{
	memset(&seen, 0, sizeof(seen));
	if (vhx_agent__each(nl, see_agent, NULL) || vhx_agent_queue__each(nl, 0, see_queue, NULL))
		tap_bail("netlink");
}

/* ---- guest and agent ---- */

static void post(void)
{
	unsigned int i;

	for (i = 0; i < N; i++) {
		scsicmd_to(&cmd[i], 0, 0);
		scsicmd_read(&cmd[i], i, 1);
		cmd[i].in = in[i];
		cmd[i].in_len = sizeof(in[i]);
		if (scsidrv_submit(&drv, 0, &cmd[i]))
			tap_bail("submit");
	}
	scsidrv_flush(&drv, 0);
}

/* As many as @most: how many came, or an error. */
static int fetch_some(uint32_t *tag, int most)
{
	int n = 0, res;

	while (n < most) {
		agent_sqe(&agent, VHX_AGENT_FETCH, 0, 0);
		agent_submit(&agent);
		if (!agent_next(&agent, WAIT, &res, NULL))
			return -ETIME;
		if (res < 0)
			return res;
		while (res--)
			tag[n++] = agent.tag[cursor++ % TAGS];
	}
	return n;
}

static int fetch(uint32_t *tag)
{
	return fetch_some(tag, N);
}

static int commit(const uint32_t *tag, unsigned int n)
{
	struct vhx_agent_done done[N] = { 0 };
	struct io_uring_sqe *sqe;
	unsigned int i;
	int res;

	for (i = 0; i < n; i++) {
		done[i].tag = tag[i];
		done[i].gen = agent.req[tag[i]].gen;
		done[i].in_len = agent.req[tag[i]].win_len;
	}
	sqe = agent_sqe(&agent, VHX_AGENT_COMMIT, 0, 1);
	sqe->addr = (uintptr_t)done;
	agent_sqe_cmd(sqe)->nr = n;
	agent_submit(&agent);
	return agent_next(&agent, WAIT, &res, NULL) ? res : -ETIME;
}

static void begin(void)
{
	cursor = 0;
	agent_start(&agent, 1, TAGS, POOL);
	if (agent_attach_wait(agent.fd, WWPN, WAIT))
		tap_bail("attach");
}

/* The guest's requests come when the agent knows that it begins. */
static void greet(void)
{
	uint32_t tag;

	if (fetch_some(&tag, 1) != 1 || agent.req[tag].type != VHX_AGENT_REQ_NEXUS ||
	    commit(&tag, 1) != 1)
		tap_bail("no nexus begins");
}

/* ---- tests ---- */

static void test_unfetched(int fd, uint32_t *tag)
{
	char want[64];

	post();
	expect(fd, VHX_EVENT_AGENT_STALLED, "an agent that does not fetch");
	snprintf(want, sizeof(want), "%u not fetched, 0 not answered for 1 s", N);
	is(last.reason, want, "what it is about");
	is(last.endpoint, WWPN, "whom it serves");
	is(last.name, "stall", "and who it is");
	look();
	tap_ok(seen.stalled && seen.unfetched == N && !seen.unanswered, "dumps say so");
	tap_ok(seen.count_unfetched == N && !seen.count_unanswered, "it is counted");
	expect_none(fd, "it is told once");
	look();
	tap_ok(seen.count_unfetched == N, "and counted once");
	tap_ok(!scsidrv_reap(&drv, 0), "the guest waits, and sees nothing of it");
	tap_ok(fetch(tag) == N, "the agent goes on");
}

static void test_unanswered(int fd, const uint32_t *tag)
{
	expect(fd, VHX_EVENT_AGENT_RESUMED, "which is told");
	expect(fd, VHX_EVENT_AGENT_STALLED, "but it does not answer");
	look();
	tap_ok(seen.stalled && !seen.unfetched && seen.unanswered == N, "dumps say so");
	tap_ok(seen.count_unfetched == N && seen.count_unanswered == N, "it is counted");
	tap_ok(commit(tag, N) == N, "then it does");
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && scsicmd_good(&cmd[0]) && scsicmd_good(&cmd[N - 1]),
	       "the guest has its answers");
	expect(fd, VHX_EVENT_AGENT_RESUMED, "and it is told");
	look();
	tap_ok(!seen.stalled && !seen.unfetched && !seen.unanswered, "dumps say so");
}

/* The same tags again and again, over several looks: none is an old request. */
static void test_busy(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const time_t end = time(NULL) + 9;
	uint32_t tag[N];
	bool good = true;
	int rounds = 0;

	/* Far from what a machine that is slow takes for one, and less than all of them do. */
	set("agent_stall_s", "4");
	while (good && time(NULL) < end) {
		post();
		good = fetch(tag) == N && commit(tag, N) == N && scsidrv_drain(&drv, 0, WAIT);
		rounds++;
	}
	tap_ok(good, "an agent that works (%d rounds)", rounds);
	tap_ok(!poll(&p, 1, 0), "is not told of");
	look();
	tap_ok(!seen.stalled && seen.count_unfetched == N && seen.count_unanswered == N,
	       "nor counted");
}

static void test_off(int fd)
{
	uint32_t tag[N];

	set("agent_stall_s", "0");
	post();
	expect_none(fd, "0: nobody looks");
	set("agent_stall_s", "1");
	expect(fd, VHX_EVENT_AGENT_STALLED, "set again, somebody does");
	set("agent_stall_s", "0");
	expect(fd, VHX_EVENT_AGENT_RESUMED, "switched off meanwhile");
	is(last.reason, "agent_stall_s=0", "it says why");
	look();
	tap_ok(!seen.stalled && !seen.unfetched, "and dumps know of nothing");
	tap_ok(fetch(tag) == N && commit(tag, N) == N && scsidrv_drain(&drv, 0, WAIT), "it goes on");
}

/* A process that serves, and fetches nothing. */
static pid_t serve(void)
{
	int say[2];
	pid_t pid;
	char c;

	if (pipe2(say, O_CLOEXEC))
		tap_bail("pipe");
	pid = fork();
	if (!pid) {
		begin();
		if (write(say[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(say[1]);
	if (read(say[0], &c, 1) != 1)
		tap_bail("no agent");
	close(say[0]);
	return pid;
}

static void test_kill(int fd)
{
	uint32_t tag[N];
	int status;
	pid_t pid;

	agent_stop(&agent);
	expect(fd, VHX_EVENT_AGENT_GONE, "an agent that ends");
	expect(fd, VHX_EVENT_AGENT_FENCED, "and when all of it is over");
	set("agent_stall_s", "1");
	pid = serve();
	post();
	expect(fd, VHX_EVENT_AGENT_STALLED, "another that does not fetch");
	expect_none(fd, "nothing is done about it");
	tap_ok(!waitpid(pid, &status, WNOHANG), "it lives");
	set("agent_stall_kill", "Y");
	expect(fd, VHX_EVENT_AGENT_KILLED, "the operator wants that");
	tap_ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	       "it is killed");
	expect(fd, VHX_EVENT_AGENT_GONE, "its session");
	expect(fd, VHX_EVENT_AGENT_FENCED, "its session");
	/* Now it is this process that must be in time. */
	set("agent_stall_s", "8");
	begin();
	tap_ok(fetch(tag) == N && commit(tag, N) == N, "the next one gets its requests");
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && scsicmd_good(&cmd[0]), "and the guest its answers");
}

/* What the agent has for long is no reason: a disk may be slow. */
static void test_slow(int fd)
{
	uint32_t tag[N];

	post();
	tap_ok(fetch(tag) == N, "an agent fetches");
	expect(fd, VHX_EVENT_AGENT_STALLED, "and does not answer");
	expect_none(fd, "it is not killed for that");
	tap_ok(commit(tag, N) == N && scsidrv_drain(&drv, 0, WAIT), "it answers at last");
	expect(fd, VHX_EVENT_AGENT_RESUMED, "at last");
}

static void restore(void)
{
	set("agent_stall_kill", "N");
	set("agent_stall_s", "30");
}

int main(void)
{
	uint32_t tag[N];
	int fd, err;

	if (access(AGENT_CTL, F_OK))
		tap_skip_all("no %s", AGENT_CTL);
	test_setting();
	err = vhx_nl__open(&nl) ?: vhx_nl__open(&events);
	fd = err ? err : vhx_event__subscribe(events);
	if (fd < 0)
		tap_bail("netlink: %s", strerror(-fd));
	atexit(restore);
	set("agent_stall_s", "1");
	begin();
	err = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN }) ?: scsidrv_start(&drv);
	if (err)
		tap_bail("a guest: %s", strerror(-err));
	greet();
	test_unfetched(fd, tag);
	test_unanswered(fd, tag);
	test_busy(fd);
	test_off(fd);
	test_kill(fd);
	test_slow(fd);
	restore();
	scsidrv_close(&drv);
	agent_stop(&agent);
	tap_ok(!agent_destroy(WWPN), "what they served goes");
	return tap_done();
}
