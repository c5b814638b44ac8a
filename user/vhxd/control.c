// SPDX-License-Identifier: GPL-2.0-only
/* The control socket and who is connected to it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "log.h"

/* One that nobody listens at is what an agent that was killed left. */
static int remove_stale(const struct sockaddr_un *addr, struct msg *msg)
{
	int fd, ret;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return msg_set(msg, -errno, "socket: %s", msg_errno(errno));
	ret = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	close(fd);
	if (!ret)
		return msg_set(msg, -EADDRINUSE, "%s: another vhxd listens there (EADDRINUSE)",
			       addr->sun_path);
	unlink(addr->sun_path);
	return 0;
}

/* The directory's group, which an administrator chose, if anybody did. */
static void give_to_group(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	if (stat(dir, &st) || !chown(path, (uid_t)-1, st.st_gid))
		return;
	log_warning("%s: cannot be given to the group of its directory (%s)", path,
		    msg_errno(errno));
}

static int listen_at(const struct sockaddr_un *addr, struct msg *msg)
{
	mode_t mask;
	int fd, ret;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return msg_set(msg, -errno, "socket: %s", msg_errno(errno));
	mask = umask(0117);
	ret = bind(fd, (const struct sockaddr *)addr, sizeof(*addr));
	umask(mask);
	if (ret || listen(fd, CONTROL_CLIENTS)) {
		ret = msg_set(msg, -errno, "%s: cannot listen there (%s)", addr->sun_path,
			      msg_errno(errno));
		close(fd);
		return ret;
	}
	return fd;
}

int control_open(struct control *control, struct host *host, const char *path, struct msg *msg)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int i, ret;

	memset(control, 0, sizeof(*control));
	control->host = host;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	snprintf(control->path, sizeof(control->path), "%s", path);
	for (i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	ret = remove_stale(&addr, msg);
	if (ret)
		return ret;
	control->fd = listen_at(&addr, msg);
	if (control->fd < 0)
		return control->fd;
	give_to_group(path);
	return 0;
}

static void hang_up(struct client *client)
{
	close(client->fd);
	client->fd = -1;
	client->len = 0;
}

void control_close(struct control *control)
{
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			hang_up(&control->clients[i]);
	close(control->fd);
	unlink(control->path);
}

/* A place that nobody has is of fd -1, which poll(2) passes over. */
void control_fill(const struct control *control, struct pollfd *fds)
{
	bool room = false;
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		fds[1 + i] = (struct pollfd) { .fd = control->clients[i].fd, .events = POLLIN };
		room |= control->clients[i].fd < 0;
	}
	fds[0] = (struct pollfd) { .fd = room ? control->fd : -1, .events = POLLIN };
}

static void take_client(struct control *control)
{
	/* Whoever does not read its answer may not keep us from the others. */
	const struct timeval patience = { .tv_sec = 1 };
	int fd, i;

	fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			continue;
		control->clients[i].fd = fd;
		control->clients[i].len = 0;
		return;
	}
	close(fd);
}

static int send_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int answer(struct host *host, int fd, const char *line)
{
	struct json_object *reply = control_answer(host, line);
	const char *text;
	int ret = -1;

	text = reply ? json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN) : NULL;
	if (text && !send_all(fd, text, strlen(text)))
		ret = send_all(fd, "\n", 1);
	json_object_put(reply);
	return ret;
}

/* Return: -1 when there is no more to be had of this client. */
static int answer_lines(struct host *host, struct client *client)
{
	char *end;
	size_t len;

	for (;;) {
		end = memchr(client->line, '\n', client->len);
		if (!end)
			return client->len < sizeof(client->line) ? 0 : -1;
		*end = '\0';
		if (answer(host, client->fd, client->line))
			return -1;
		len = (size_t)(end - client->line) + 1;
		client->len -= len;
		memmove(client->line, client->line + len, client->len);
	}
}

static void hear(struct control *control, struct client *client)
{
	ssize_t n;

	n = recv(client->fd, client->line + client->len, sizeof(client->line) - client->len,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(client);
		return;
	}
	client->len += (size_t)n;
	if (answer_lines(control->host, client))
		hang_up(client);
}

void control_serve(struct control *control, const struct pollfd *fds)
{
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++)
		if (fds[1 + i].fd >= 0 && fds[1 + i].revents)
			hear(control, &control->clients[i]);
	if (fds[0].revents)
		take_client(control);
}
