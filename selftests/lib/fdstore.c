// SPDX-License-Identifier: GPL-2.0-only
/*
 * A service manager, see fdstore.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdstore.h"
#include "tap.h"

#define FIRST	3		/* where a service finds what was kept */
#define HIGH	1000		/* out of their way */
#define WAIT	30000		/* ms */

/* ---- what comes ---- */

/* Context: @s->lock. */
static void keep(struct fdstore *s, const char *name, int fd)
{
	if (s->nr == FDSTORE_MAX || s->nr >= s->room) {
		close(fd);
		return;
	}
	s->held[s->nr].fd = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
	snprintf(s->held[s->nr++].name, FDSTORE_NAME, "%s", name);
	close(fd);
}

/* Context: @s->lock. */
static void let_go(struct fdstore *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->nr;) {
		if (strcmp(s->held[i].name, name)) {
			i++;
			continue;
		}
		close(s->held[i].fd);
		s->held[i] = s->held[--s->nr];
	}
}

static void heard(struct fdstore *s, char *text, int fd)
{
	bool put = false, take = false, polled = true;
	char name[FDSTORE_NAME] = "stored", *line, *at;

	for (line = strtok_r(text, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		put |= !strcmp(line, "FDSTORE=1");
		take |= !strcmp(line, "FDSTOREREMOVE=1");
		polled &= !!strcmp(line, "FDPOLL=0");
		if (!strncmp(line, "FDNAME=", 7))
			snprintf(name, sizeof(name), "%s", line + 7);
		if (!strcmp(line, "READY=1"))
			s->ready++;
	}
	if (put && fd >= 0) {
		s->polled += polled;
		keep(s, name, fd);
	} else if (fd >= 0) {
		close(fd);
	}
	if (take)
		let_go(s, name);
}

static bool hear(struct fdstore *s)
{
	char text[4096], control[CMSG_SPACE(sizeof(int))];
	struct iovec piece = { text, sizeof(text) - 1 };
	struct msghdr m = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;
	int fd = -1;

	n = recvmsg(s->fd, &m, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	text[n] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	pthread_mutex_lock(&s->lock);
	heard(s, text, fd);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void *listener(void *arg)
{
	while (hear(arg))
		;
	return NULL;
}

void fdstore_open(struct fdstore *s, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	*s = (struct fdstore) { .room = FDSTORE_MAX };
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pthread_mutex_init(&s->lock, NULL);
	if (bind(s->fd, (void *)&a, sizeof(a)) || pthread_create(&s->thread, NULL, listener, s))
		tap_bail("%s: %s", path, strerror(errno));
}

void fdstore_close(struct fdstore *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	unlink(s->path);
	fdstore_flush(s);
}

/* ---- the service ---- */

static void run(struct fdstore *s, char *const argv[])
{
	char text[32], names[FDSTORE_MAX * FDSTORE_NAME] = "";
	size_t at = 0;
	unsigned int i;

	for (i = 0; i < s->nr; i++) {
		dup2(s->held[i].fd, FIRST + i);
		at += snprintf(names + at, sizeof(names) - at, "%s%s", i ? ":" : "", s->held[i].name);
	}
	setenv("NOTIFY_SOCKET", s->path, 1);
	if (s->nr) {
		snprintf(text, sizeof(text), "%d", getpid());
		setenv("LISTEN_PID", text, 1);
		snprintf(text, sizeof(text), "%u", s->nr);
		setenv("LISTEN_FDS", text, 1);
		setenv("LISTEN_FDNAMES", names, 1);
	}
	snprintf(text, sizeof(text), "%u", s->room);
	if (s->room)
		setenv("FDSTORE", text, 1);
	execvp(argv[0], argv);
	_exit(127);
}

static unsigned int ready(struct fdstore *s)
{
	unsigned int n;

	pthread_mutex_lock(&s->lock);
	n = s->ready;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool fdstore_start(struct fdstore *s, char *const argv[])
{
	const unsigned int before = ready(s);
	int ms;

	s->pid = fork();
	if (!s->pid)
		run(s, argv);
	for (ms = 0; ready(s) == before && ms < WAIT; ms += 10) {
		usleep(10000);
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			return false;
		}
	}
	return ready(s) != before;
}

int fdstore_stop(struct fdstore *s, int sig)
{
	int status = 0, left, quiet = 0, ms;

	kill(s->pid, sig);
	waitpid(s->pid, &status, 0);
	s->pid = 0;
	/* What was read just now may not have been acted on yet. */
	for (ms = 0; quiet < 3 && ms < WAIT; ms += 5) {
		usleep(5000);
		quiet = ioctl(s->fd, FIONREAD, &left) || left ? 0 : quiet + 1;
	}
	return status;
}

/* Times that a thread was taken off its CPU, of all of them; 0: one runs. */
static unsigned long switches(pid_t pid)
{
	char path[300], line[128], state = 'S';
	unsigned long n, sum = 0;
	struct dirent *d;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, d->d_name);
		f = d->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "State: %c", &state) == 1 && state == 'R')
				sum = ULONG_MAX / 2;
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
			    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
				sum += n;
		}
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return sum >= ULONG_MAX / 2 ? 0 : sum;
}

bool fdstore_idle(struct fdstore *s)
{
	unsigned long before = 0, now;
	int ms, still = 0;

	for (ms = 0; still < 5 && ms < WAIT; ms += 20) {
		usleep(20000);
		now = switches(s->pid);
		still = now && now == before ? still + 1 : 0;
		before = now;
	}
	return still == 5;
}

unsigned int fdstore_count(struct fdstore *s, const char *prefix)
{
	unsigned int i, n = 0;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < s->nr; i++)
		n += !strncmp(s->held[i].name, prefix, strlen(prefix));
	pthread_mutex_unlock(&s->lock);
	return n;
}

void fdstore_put(struct fdstore *s, const char *name, int fd)
{
	pthread_mutex_lock(&s->lock);
	keep(s, name, fcntl(fd, F_DUPFD_CLOEXEC, HIGH));
	pthread_mutex_unlock(&s->lock);
}

void fdstore_flush(struct fdstore *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->nr)
		close(s->held[--s->nr].fd);
	pthread_mutex_unlock(&s->lock);
}
