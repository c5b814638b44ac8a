// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets of a host, see unixsock.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap.h"
#include "unixsock.h"

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

int unixsock_server(const char *path, int type)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	if (bind(fd, (void *)&a, sizeof(a)) || listen(fd, 64))
		tap_bail("%s: %s", path, strerror(errno));
	return fd;
}

int unixsock_client(const char *path, int type)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&a, sizeof(a)))
		tap_bail("%s: %s", path, strerror(errno));
	return fd;
}

bool unixsock_ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

int unixsock_accept(int listener)
{
	return unixsock_ready(listener, UNIXSOCK_WAIT) ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

size_t unixsock_read(int fd, void *to, size_t len)
{
	size_t n = 0;
	ssize_t r;

	while (n < len && unixsock_ready(fd, UNIXSOCK_WAIT)) {
		r = read(fd, (char *)to + n, len - n);
		if (r <= 0)
			break;
		n += r;
	}
	return n;
}

bool unixsock_ends(int fd)
{
	char c;

	return unixsock_ready(fd, UNIXSOCK_WAIT) && read(fd, &c, 1) == 0;
}
