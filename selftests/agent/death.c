// SPDX-License-Identifier: GPL-2.0-only
/*
 * Agents that die, in every way: what they served is free again once nothing of theirs is under way,
 * and not before. time-limit: 180
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "tap.h"

#define PAGE	4096u
#define POOL	(1024 * PAGE)
#define SOON	3000			/* ms */

static bool expect(int rc, int want, const char *what)
{
	bool ok = tap_ok(rc == want, "%s: %s", what, want < 0 ? strerror(-want) : "success");

	if (!ok)
		tap_diag("it was %d", rc);
	return ok;
}

static void park_all(struct agent *a)
{
	agent_do(a, VHX_AGENT_FETCH, 0);
	agent_do(a, VHX_AGENT_EVENT, 0);
}

/* A process that serves "d" until it is killed; says so on @say. */
static pid_t serve(int say, bool parked)
{
	struct agent a;
	pid_t pid = fork();

	if (pid)
		return pid;
	agent_start(&a, 1, 64, POOL);
	if (agent_attach_wait(a.fd, "d", SOON))
		_exit(1);
	if (parked)
		park_all(&a);
	memset(a.pool, 1, POOL);
	if (write(say, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static bool served(const int p[2])
{
	char c;

	return read(p[0], &c, 1) == 1;
}

static void test_kill(bool parked)
{
	int p[2], status, fd = agent_open_fd(1, 64, PAGE);
	pid_t pid;

	if (pipe(p))
		tap_bail("pipe");
	pid = serve(p[1], parked);
	tap_ok(served(p), "an agent serves");
	expect(agent_attach(fd, "d"), -EBUSY, "so that nobody else does");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	expect(agent_attach_wait(fd, "d", SOON), 0,
	       parked ? "killed with commands parked, another may" : "killed, another may");
	close(fd);
	close(p[0]);
	close(p[1]);
	expect(agent_destroy("d"), 0, "and then it is destroyed");
}

/* What an agent's child says of itself. */
struct born {
	pid_t pid;
	bool has_pool;
};

/* A child of the agent's that goes on has the fd, but not the ring nor the pages. */
static void test_fork(void)
{
	int p[2], status, fd = agent_open_fd(1, 64, PAGE), rc;
	struct born born = { 0 };
	struct agent a;
	pid_t pid, child;

	if (pipe(p))
		tap_bail("pipe");
	pid = fork();
	if (!pid) {
		agent_start(&a, 1, 64, POOL);
		if (agent_attach(a.fd, "d"))
			_exit(1);
		park_all(&a);
		child = fork();
		if (!child) {
			born.pid = getpid();
			/* Not inherited: VM_DONTCOPY. */
			born.has_pool = !msync(a.pool, PAGE, MS_ASYNC);
			rc = write(p[1], &born, sizeof(born));
		}
		for (;;)
			pause();
	}
	close(p[1]);
	if (read(p[0], &born, sizeof(born)) != sizeof(born))
		tap_bail("the agent's child says nothing");
	close(p[0]);
	child = born.pid;
	tap_ok(!born.has_pool, "a child does not have the pool");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	/* io_uring's ring is the child's too, so that nothing is cancelled: it has the fd. */
	rc = agent_attach_wait(fd, "d", 500);
	tap_diag("with a child that has its fds: %d", rc);
	kill(child, SIGKILL);
	if (rc)
		rc = agent_attach_wait(fd, "d", SOON);
	expect(rc, 0, "when the last who has the fds is dead, another may");
	close(fd);
	agent_destroy("d");
}

/* O_CLOEXEC: what is exec'd has nothing of it. */
static void test_exec(void)
{
	int fd = agent_open_fd(1, 64, PAGE), status;
	struct agent a;
	pid_t pid = fork();

	if (!pid) {
		agent_start(&a, 1, 64, POOL);
		if (agent_attach(a.fd, "d"))
			_exit(1);
		park_all(&a);
		execlp("sleep", "sleep", "10", NULL);
		_exit(1);
	}
	usleep(500000);
	expect(agent_attach_wait(fd, "d", SOON), 0, "an agent that execs is none any more");
	tap_ok(!waitpid(pid, &status, WNOHANG), "though the process lives");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fd);
	agent_destroy("d");
}

static void *thread(void *arg)
{
	struct agent *a = arg;

	agent_start(a, 1, 64, POOL);
	agent_attach(a->fd, "d");
	park_all(a);
	return NULL;
}

/* Nobody is told of a thread's death; closing what it left behind is enough, though. */
static void test_thread(void)
{
	int fd = agent_open_fd(1, 64, PAGE);
	struct agent a;
	pthread_t t;

	pthread_create(&t, NULL, thread, &a);
	pthread_join(t, NULL);
	usleep(100000);
	munmap(a.pool, POOL);
	io_uring_queue_exit(&a.uring);
	close(a.fd);
	expect(agent_attach_wait(fd, "d", SOON), 0, "a thread's session, closed by another");
	munmap(a.req, 64 * sizeof(*a.req));
	munmap(a.tag, 64 * sizeof(*a.tag));
	close(fd);
	agent_destroy("d");
}

/* ---- the fence ---- */

/* The pool is mapped on: who maps it may write to it. */
static void test_fence_mapping(void)
{
	int fd = agent_open_fd(1, 64, PAGE);
	struct agent a;

	agent_start(&a, 1, 64, POOL);
	agent_attach(a.fd, "d");
	park_all(&a);
	io_uring_queue_exit(&a.uring);
	close(a.fd);
	expect(agent_attach_wait(fd, "d", 500), -ETIMEDOUT, "while its pool is mapped nobody else may");
	munmap(a.pool + PAGE, POOL - PAGE);
	expect(agent_attach_wait(fd, "d", 500), -ETIMEDOUT, "nor while one page is");
	munmap(a.pool, PAGE);
	expect(agent_attach_wait(fd, "d", SOON), 0, "then one may");
	close(fd);
	agent_destroy("d");
}

/* A page in a pipe is in use, whoever mapped it is dead. */
static void test_fence_pipe(void)
{
	int fd = agent_open_fd(1, 64, PAGE), p[2], say[2], status;
	struct iovec v = { .iov_len = PAGE };
	struct agent a;
	pid_t pid;
	char buf[PAGE];

	if (pipe(p) || pipe(say))
		tap_bail("pipe");
	pid = fork();
	if (!pid) {
		agent_start(&a, 1, 64, POOL);
		agent_attach(a.fd, "d");
		park_all(&a);
		v.iov_base = a.pool + 500 * PAGE;
		if (vmsplice(p[1], &v, 1, 0) != PAGE || write(say[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	tap_ok(served(say), "an agent has a page in a pipe");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	expect(agent_attach_wait(fd, "d", 700), -ETIMEDOUT, "dead, it is fenced");
	tap_ok(read(p[0], buf, sizeof(buf)) == PAGE, "the page is read from the pipe");
	expect(agent_attach_wait(fd, "d", SOON), 0, "then another may");
	close(fd);
	agent_destroy("d");
}

/* Many at once, in any order, with what they map and park left to the kernel. */
static void test_storm(void)
{
	int i, status, bad = 0;
	struct agent a;
	char name[16];
	pid_t pid[8];

	for (i = 0; i < 8; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		snprintf(name, sizeof(name), "s%d", i % 4);
		for (;;) {
			agent_start(&a, 2, 64, 64 * PAGE);
			agent_attach_wait(a.fd, name, 100);
			agent_sqe(&a, VHX_AGENT_FETCH, 0, 0);
			agent_sqe(&a, VHX_AGENT_FETCH, 1, 0);
			agent_sqe(&a, VHX_AGENT_EVENT, 0, 0);
			agent_submit(&a);
			agent_stop(&a);
		}
	}
	sleep(5);
	for (i = 0; i < 8; i++)
		kill(pid[i], SIGKILL);
	for (i = 0; i < 8; i++)
		if (waitpid(pid[i], &status, 0) != pid[i] || !WIFSIGNALED(status))
			bad++;
	tap_ok(!bad, "agents come and go");
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		expect(agent_destroy(name), 0, "what they served can go");
	}
}

int main(void)
{
	if (access(AGENT_CTL, F_OK))
		tap_skip_all("no %s", AGENT_CTL);
	test_kill(false);
	test_kill(true);
	test_fork();
	test_exec();
	test_thread();
	test_fence_mapping();
	test_fence_pipe();
	test_storm();
	return tap_done();
}
