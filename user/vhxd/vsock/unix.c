// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets that stand for a guest's ports. The protocol of Firecracker's hybrid vsock: who connects
 * to PATH says "CONNECT PORT\n" and hears "OK HOSTPORT\n"; a guest that connects to port P is connected to
 * PATH_P. And sockets that stand for one port each, where nothing is said.
 */
#include <errno.h>
#include <linux/virtio_vsock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../log.h"
#include "keep.h"
#include "router.h"

#define PAUSE_US	10000

static int address(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	strcpy(a->sun_path, path);
	return 0;
}

static int kind_of(uint16_t type)
{
	return (type == VIRTIO_VSOCK_TYPE_SEQPACKET ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC |
	       SOCK_NONBLOCK;
}

/* What a dead one left behind is in the way; what a living one listens on is not ours. */
static void clear_away(const struct sockaddr_un *a, int kind)
{
	int fd = socket(AF_UNIX, kind, 0);
	struct stat st;

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) && errno == ECONNREFUSED &&
	    !stat(a->sun_path, &st) && S_ISSOCK(st.st_mode))
		unlink(a->sun_path);
	close(fd);
}

static int watch(struct listener *l, int fd, struct msg *msg)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &l->watch };
	int ret;

	l->watch = (struct watch) { WATCH_LISTENER, fd };
	if (!epoll_ctl(l->guest->vsock->epoll, EPOLL_CTL_ADD, fd, &event))
		return 0;
	ret = -errno;
	close(fd);
	return msg_set(msg, ret, "%s: cannot be watched (%s)", l->path, msg_errno(ret));
}

static int listen_at(struct listener *l, struct msg *msg)
{
	struct sockaddr_un a;
	int fd, ret;

	ret = address(&a, l->path);
	if (ret)
		return msg_set(msg, ret, "%s: too long for a socket's path", l->path);
	fd = keep_listener(l);
	if (fd >= 0)
		return watch(l, fd, msg);
	clear_away(&a, kind_of(l->type));
	fd = socket(AF_UNIX, kind_of(l->type), 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128)) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return msg_set(msg, ret, "%s: cannot be listened on (%s)", l->path, msg_errno(ret));
	}
	keep_listening(l, fd);
	return watch(l, fd, msg);
}

/* --- which there are to be --- */

static bool is_same(const struct listener *l, const struct listener *like)
{
	return l->port == like->port && l->type == like->type && !strcmp(l->path, like->path);
}

/* What a guest's configuration says: @path is the first, and then maps. Return: whether @i is one. */
static bool wanted_at(const struct guest *g, unsigned int i, struct listener *to)
{
	const struct vsock_conf *c = &g->conf;
	const struct vsock_map *map;

	*to = (struct listener) { .type = VIRTIO_VSOCK_TYPE_STREAM };
	if (!i) {
		strcpy(to->path, c->path);
		return *c->path;
	}
	map = &c->maps[i - 1];
	if (map->seqpacket)
		to->type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	to->port = map->port;
	strcpy(to->path, map->path);
	return map->listen;
}

static bool is_wanted(const struct guest *g, const struct listener *l)
{
	struct listener wanted;
	unsigned int i;

	for (i = 0; i <= g->conf.nr_maps; i++)
		if (wanted_at(g, i, &wanted) && is_same(l, &wanted))
			return true;
	return false;
}

static bool is_open(const struct guest *g, const struct listener *like)
{
	struct listener *l;

	list_for_each(l, &g->listeners, node)
		if (is_same(l, like))
			return true;
	return false;
}

static int open_one(struct guest *g, const struct listener *like, struct msg *msg)
{
	struct listener *l = malloc(sizeof(*l));
	int ret;

	if (!l)
		return msg_set(msg, -ENOMEM, "%s: no memory", like->path);
	*l = *like;
	l->guest = g;
	ret = listen_at(l, msg);
	if (ret) {
		free(l);
		return ret;
	}
	list_add(&g->listeners, &l->node);
	return 0;
}

static void close_one(struct listener *l)
{
	unlink(l->path);
	keep_listening_no_more(l);
	close(l->watch.fd);
	list_del(&l->node);
	free(l);
}

int unix_listen(struct guest *g, struct msg *msg)
{
	struct listener *l, *next, wanted;
	struct msg first;
	unsigned int i;
	int ret, err = 0;

	list_for_each_safe(l, next, &g->listeners, node)
		if (!is_wanted(g, l))
			close_one(l);
	for (i = 0; i <= g->conf.nr_maps; i++) {
		if (!wanted_at(g, i, &wanted) || is_open(g, &wanted))
			continue;
		ret = open_one(g, &wanted, &first);
		if (ret && !err) {
			err = ret;
			*msg = first;
		}
	}
	return err;
}

void unix_unlisten(struct guest *g)
{
	struct listener *l, *next;

	list_for_each_safe(l, next, &g->listeners, node)
		close_one(l);
}

/* Who comes next goes on with them, or clears them away. */
void unix_leave(struct guest *g)
{
	if (!keep_is(g))
		unix_unlisten(g);
}

/* --- clients --- */

void unix_accept(struct listener *l)
{
	struct flow *f;
	int fd;

	fd = accept4(l->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		/* Who waits there still does: not again and again for want of a descriptor. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			usleep(PAUSE_US);
		return;
	}
	if (l->guest->nflows >= FLOWS_MAX) {
		close(fd);
		return;
	}
	f = flow_new(l->guest, l->port ? FLOW_ASKING : FLOW_HELLO, fd);
	if (!f) {
		close(fd);
		return;
	}
	f->of_host = true;
	f->type = l->type;
	f->peer_cid = 2;
	f->peer_port = l->guest->next_port++;
	if (l->guest->next_port < HOST_PORT)
		l->guest->next_port = HOST_PORT;
	f->hello = !l->port;
	f->guest_port = l->port;
	if (!l->port)
		return;
	keep_flow(f);
	flow_say(f, SAY_CONNECT);
}

/* The path that stands for a port. Return: 0; -ENAMETOOLONG; -ENOENT there is none. */
static int path_of(const struct guest *g, uint32_t port, struct sockaddr_un *a)
{
	char path[CONF_PATH_LEN + 16];
	unsigned int i;

	for (i = 0; i < g->conf.nr_maps; i++)
		if (!g->conf.maps[i].listen && g->conf.maps[i].port == port)
			return address(a, g->conf.maps[i].path);
	if (!*g->conf.path)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s_%u", g->conf.path, port);
	return address(a, path);
}

int unix_connect(const struct guest *g, uint32_t port, uint16_t type)
{
	struct sockaddr_un a;
	int fd, ret;

	ret = path_of(g, port, &a);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, kind_of(type), 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int parse_line(struct flow *f)
{
	unsigned long port;
	char *end;

	if (strncasecmp(f->line, "CONNECT ", 8))
		return -EPROTO;
	errno = 0;
	port = strtoul(f->line + 8, &end, 10);
	if (errno || end == f->line + 8 || f->line[8] == '-' || *end || port > UINT32_MAX)
		return -EPROTO;
	f->guest_port = (uint32_t)port;
	return 0;
}

/* Byte by byte: what is behind the line is for the guest. */
int unix_hello(struct flow *f)
{
	ssize_t n;
	char c;

	for (;;) {
		n = recv(f->watch.fd, &c, 1, 0);
		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		if (!n)
			return -ECONNRESET;
		if (c == '\n')
			break;
		if (f->line_len == sizeof(f->line) - 1)
			return -EPROTO;
		f->line[f->line_len++] = c;
	}
	if (f->line_len && f->line[f->line_len - 1] == '\r')
		f->line_len--;
	f->line[f->line_len] = '\0';
	return parse_line(f);
}
