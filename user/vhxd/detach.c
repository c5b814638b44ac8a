// SPDX-License-Identifier: GPL-2.0-only
/* Going to the background. Before anything is open: a session must not be inherited. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "detach.h"

static int ready = -1;

static void wait_for_child(int fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

int detach(struct msg *msg)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return msg_set(msg, -errno, "pipe: %s", msg_errno(errno));
	pid = fork();
	if (pid < 0)
		return msg_set(msg, -errno, "fork: %s", msg_errno(errno));
	if (pid) {
		close(fds[1]);
		wait_for_child(fds[0]);
	}
	close(fds[0]);
	ready = fds[1];
	setsid();
	return 0;
}

/* What it says later goes where its errors went so far. */
void detach_done(void)
{
	int null;

	if (ready < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	if (chdir("/") || write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	ready = -1;
}
