// SPDX-License-Identifier: GPL-2.0-only
/* The service manager's store of descriptors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "store.h"

/* It says in the environment how many it holds; before systemd 254 it did not, and there is none for us. */
static unsigned int room(void)
{
	const char *text = getenv("FDSTORE");
	unsigned long n;
	char *end;

	if (!getenv("NOTIFY_SOCKET") || !text)
		return 0;
	n = strtoul(text, &end, 10);
	return *end || n > 1 << 20 ? 0 : (unsigned int)n;
}

int store_open(struct store *s)
{
	char **names = NULL;
	int n, i;

	*s = (struct store) { .room = room() };
	n = sd_listen_fds_with_names(1, &names);
	if (n <= 0)
		return n;
	s->left = calloc((size_t)n, sizeof(*s->left));
	for (i = 0; i < n; i++) {
		if (s->left) {
			s->left[i].fd = SD_LISTEN_FDS_START + i;
			snprintf(s->left[i].name, STORE_NAME_LEN, "%s", names[i]);
		}
		free(names[i]);
	}
	free(names);
	s->nr_left = s->left ? (unsigned int)n : 0;
	return s->left ? 0 : -ENOMEM;
}

int store_take(struct store *s, const char *name)
{
	unsigned int i;
	int fd;

	for (i = 0; i < s->nr_left; i++) {
		if (strcmp(s->left[i].name, name))
			continue;
		fd = s->left[i].fd;
		s->left[i] = s->left[--s->nr_left];
		return fd;
	}
	return -1;
}

void store_close(struct store *s)
{
	while (s->nr_left) {
		s->nr_left--;
		store_drop(s->left[s->nr_left].name, s->left[s->nr_left].fd);
	}
	free(s->left);
	s->left = NULL;
}

/* Not watched: an end that hangs up has perhaps said something before. */
int store_put(const char *name, int fd)
{
	char text[STORE_NAME_LEN + 40];
	int ret;

	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	ret = sd_pid_notify_with_fds(0, 0, text, &fd, 1);
	return ret > 0 ? 0 : ret ? ret : -ENOTCONN;
}

void store_remove(const char *name)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

/* The store is not as fast: until it has let go of a socket, that is there. */
void store_drop(const char *name, int fd)
{
	shutdown(fd, SHUT_RDWR);
	close(fd);
	store_remove(name);
}
