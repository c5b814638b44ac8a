// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open the queues of a tap and as many vhost fds, then become another program.
 *
 * In the program's arguments %TAPFDS% and %VHOSTFDS% are replaced by what QEMU
 * wants to see after fds= and vhostfds=, for example "4:5". This is what
 * libvirt does for an unprivileged QEMU, in a few lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_QUEUES	64
#define LIST_LEN	(MAX_QUEUES * 5)

static void die(const char *what)
{
	fprintf(stderr, "withfds: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_queue(const char *ifname)
{
	struct ifreq ifr = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE,
	};
	int fd;

	/* No O_CLOEXEC: these fds are meant to be inherited. */
	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0)
		die("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, TUNSETIFF, &ifr))
		die(ifname);
	return fd;
}

static int open_node(const char *node)
{
	int fd = open(node, O_RDWR);

	if (fd < 0)
		die(node);
	return fd;
}

static void list_add(char *list, int fd)
{
	size_t len = strlen(list);

	snprintf(list + len, LIST_LEN - len, "%s%d", len ? ":" : "", fd);
}

/* @arg with the first @token in it replaced; @arg itself when there is none */
static char *replace(char *arg, const char *token, const char *by)
{
	char *at = strstr(arg, token);
	char *made;

	if (!at)
		return arg;
	if (asprintf(&made, "%.*s%s%s", (int)(at - arg), arg, by,
		     at + strlen(token)) < 0)
		die("asprintf");
	return made;
}

static bool wanted(char **argv, const char *token)
{
	for (; *argv; argv++)
		if (strstr(*argv, token))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	char taps[LIST_LEN] = "", vhosts[LIST_LEN] = "";
	int n, i;

	n = argc > 4 ? atoi(argv[3]) : 0;
	if (n < 1 || n > MAX_QUEUES) {
		fprintf(stderr, "usage: withfds TAP NODE QUEUES CMD [ARG]...\n");
		return 2;
	}
	/* A tap's queue that nobody asked for would get packets that nobody takes. */
	for (i = 0; i < n; i++) {
		if (wanted(argv + 4, "%TAPFDS%"))
			list_add(taps, open_queue(argv[1]));
		if (wanted(argv + 4, "%VHOSTFDS%"))
			list_add(vhosts, open_node(argv[2]));
	}
	argv += 4;
	for (i = 0; argv[i]; i++) {
		argv[i] = replace(argv[i], "%TAPFDS%", taps);
		argv[i] = replace(argv[i], "%VHOSTFDS%", vhosts);
	}
	execvp(argv[0], argv);
	die(argv[0]);
}
