// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose child a worker is: a thread of the owner's, or a kthread in the owner's cgroups. In both
 * modes packets move, and the tools for threads work on it: taskset, chrt, cgroups. R20.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "pump.h"
#include "tap.h"
#include "vhxstat.h"

#define KTHREAD	0
#define THREAD	1
#define PACKETS	1000
#define CG	"/sys/fs/cgroup/vhx-forkowner"

static const char *const mode_names[] = { "a kthread", "a thread of the owner's" };
static int tap, host;

static int get_mode(int fd)
{
	uint8_t mode = 0xee;
	int r = guest_ioctl(fd, VHOST_GET_FORK_FROM_OWNER, &mode);

	return r ? r : mode;
}

static int set_mode(int fd, uint8_t mode)
{
	return guest_ioctl(fd, VHOST_SET_FORK_FROM_OWNER, &mode);
}

/* What a file of @pid in /proc says, its first @size bytes; "" when there is none. */
static const char *proc(int pid, const char *name)
{
	static char text[4][4096];
	static int turn;
	char *to = text[turn++ % 4], path[128];
	int fd, n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, to, sizeof(text[0]) - 1);
		close(fd);
	}
	to[n > 0 ? n : 0] = '\0';
	return to;
}

static bool is_gone(int pid)
{
	int tries;

	for (tries = 0; tries < 1000 && *proc(pid, "comm"); tries++)
		usleep(1000);
	return !*proc(pid, "comm");
}

/* The pump again, with a worker of another kind. */
static void reopen(struct pump *p, uint8_t mode)
{
	struct guest *g = &p->drv.g;
	int i, r;

	pump_open(p, tap, host);
	r = guest_ioctl(g->fd, VHOST_RESET_OWNER, NULL);
	if (!r && mode != THREAD)
		r = set_mode(g->fd, mode);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_OWNER, NULL);
	if (!r)
		r = guest_ioctl(g->fd, VHOST_SET_FEATURES, &g->features);
	if (!r)
		r = guest_map(g);
	for (i = 0; i < 2 && !r; i++)
		r = guest_setup_vq(g, i, 0);
	if (r || netdrv_restart(&p->drv, tap))
		tap_bail("a guest with %s: %s", mode_names[mode], strerror(-r));
}

static struct vhxstat_worker the_worker(void)
{
	struct vhxstat_worker w[2] = { 0 };
	int n = vhxstat_workers(w, 2);

	if (n != 1)
		tap_diag("%d workers", n);
	return w[0];
}

static void test_ioctl(void)
{
	int fd = open(guest_node(), O_RDWR | O_CLOEXEC);
	struct vhost_worker_state s;

	tap_ok(get_mode(fd) == THREAD, "by default workers are threads of the owner's");
	tap_ok(!set_mode(fd, KTHREAD) && get_mode(fd) == KTHREAD, "without owner it can be chosen");
	tap_ok(set_mode(fd, 2) == -EINVAL && get_mode(fd) == KTHREAD, "EINVAL changes nothing");
	tap_ok(!guest_ioctl(fd, VHOST_SET_OWNER, NULL) && set_mode(fd, THREAD) == -EBUSY &&
	       get_mode(fd) == KTHREAD, "with an owner it cannot");
	if (guest_is_vhx())
		tap_ok(guest_ioctl(fd, VHOST_NEW_WORKER, &s) == -EFAULT,
		       "kthreads are in no RLIMIT_NPROC, so there are no more of them: EFAULT");
	tap_ok(!guest_ioctl(fd, VHOST_RESET_OWNER, NULL) && get_mode(fd) == THREAD,
	       "RESET_OWNER brings the default back");
	close(fd);
}

/* Who it is, and that it works. */
static void test_mode(uint8_t mode)
{
	struct vhxstat_worker w;
	struct pump p;
	char name[16];

	reopen(&p, mode);
	w = the_worker();
	snprintf(name, sizeof(name), "vhost-%d\n", getpid());
	tap_ok(w.kthread == (mode == KTHREAD) && !strcmp(proc(w.pid, "comm"), name),
	       "%s, called after the owner's pid", mode_names[mode]);
	snprintf(name, sizeof(name), "task/%d/comm", w.pid);
	tap_ok(!!*proc(getpid(), name) == (mode == THREAD), "%s%s among ours", mode_names[mode],
	       mode == THREAD ? " is" : " is not");
	tap_ok(!strcmp(proc(w.pid, "cgroup"), proc(getpid(), "cgroup")) && *proc(w.pid, "cgroup"),
	       "%s is in the owner's cgroups", mode_names[mode]);
	tap_ok(pump_run(&p, PACKETS, NULL), "%s: traffic both ways", mode_names[mode]);
	pump_close(&p);
	tap_ok(is_gone(w.pid), "%s goes with the last close", mode_names[mode]);
}

static int last_cpu(int pid)
{
	const char *stat = strrchr(proc(pid, "stat"), ')');
	int i, cpu = -1;

	/* Field 39, and the next after the name is the third. */
	for (i = 2; stat && i < 39; i++)
		stat = strchr(stat + 1, ' ');
	return stat && sscanf(stat, "%d", &cpu) == 1 ? cpu : -1;
}

static void test_tools(uint8_t mode)
{
	struct vhxstat_worker w;
	cpu_set_t one;
	struct pump p;
	int cpu;

	reopen(&p, mode);
	w = the_worker();
	for (cpu = 1; cpu >= 0; cpu--) {
		tap_ok(!sh("taskset -pc %d %u >/dev/null", cpu, w.pid) &&
		       !sched_getaffinity(w.pid, sizeof(one), &one) && CPU_COUNT(&one) == 1 &&
		       CPU_ISSET(cpu, &one), "%s: taskset to CPU %d", mode_names[mode], cpu);
		tap_ok(pump_run(&p, PACKETS, NULL) && last_cpu(w.pid) == cpu, "%s: and there it works",
		       mode_names[mode]);
	}
	tap_ok(!sh("chrt -f -p 5 %u", w.pid) && sched_getscheduler(w.pid) == SCHED_FIFO,
	       "%s: chrt to SCHED_FIFO", mode_names[mode]);
	tap_ok(pump_run(&p, PACKETS, NULL), "%s: and it works", mode_names[mode]);
	tap_ok(!sh("chrt -o -p 0 %u && renice -n 5 -p %u >/dev/null", w.pid, w.pid) &&
	       sched_getscheduler(w.pid) == SCHED_OTHER, "%s: chrt back, renice", mode_names[mode]);
	pump_close(&p);
}

static bool in_cgroup(int pid, const char *name)
{
	return strstr(proc(pid, "cgroup"), name);
}

static int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* A cgroup that leaves one CPU to who is in it. */
static void test_cgroup(uint8_t mode)
{
	struct vhxstat_worker w;
	char pid[16];
	struct pump p;

	reopen(&p, mode);
	w = the_worker();
	if (write_to("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset") ||
	    (mkdir(CG, 0755) && errno != EEXIST) || write_to(CG "/cpuset.cpus", "1")) {
		tap_skip("a cgroup with a cpuset", "no cgroup2 with cpuset here: %s", strerror(errno));
		pump_close(&p);
		return;
	}
	/* A thread of the owner's goes where its process goes; a kthread by itself. */
	snprintf(pid, sizeof(pid), "%d", mode == THREAD ? getpid() : (int)w.pid);
	tap_ok(!write_to(CG "/cgroup.procs", pid) && in_cgroup(w.pid, "vhx-forkowner"),
	       "%s is moved to another cgroup", mode_names[mode]);
	tap_ok(pump_run(&p, PACKETS, NULL) && last_cpu(w.pid) == 1,
	       "%s: its cpuset holds", mode_names[mode]);
	write_to("/sys/fs/cgroup/cgroup.procs", pid);
	pump_close(&p);
	tap_ok(is_gone(w.pid) && !rmdir(CG), "%s has left the cgroup", mode_names[mode]);
}

/* The owner is killed, another process has the fd: who goes when? */
static void test_owner_killed(uint8_t mode)
{
	int fd = open(guest_node(), O_RDWR | O_CLOEXEC), worker = 0, p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		tap_bail("a pipe");
	set_mode(fd, mode);
	pid = fork();
	if (!pid) {
		if (guest_ioctl(fd, VHOST_SET_OWNER, NULL))
			_exit(1);
		worker = the_worker().pid;
		if (write(p[1], &worker, sizeof(worker)) < 0)
			_exit(1);
		pause();
	}
	if (read(p[0], &worker, sizeof(worker)) != sizeof(worker))
		worker = 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(worker && is_gone(worker) == (mode == THREAD), "an owner killed: %s %s",
	       mode_names[mode], mode == THREAD ? "goes with it" : "waits for the fd");
	close(fd);
	tap_ok(is_gone(worker), "the fd closed by another process: %s is gone", mode_names[mode]);
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	uint8_t mode;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	test_ioctl();
	if (!guest_is_vhx())
		return tap_done();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	for (mode = KTHREAD; mode <= THREAD; mode++) {
		test_mode(mode);
		test_tools(mode);
		test_cgroup(mode);
		test_owner_killed(mode);
	}
	return tap_done();
}
