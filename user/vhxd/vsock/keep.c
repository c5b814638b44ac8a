// SPDX-License-Identifier: GPL-2.0-only
/* What of vsock outlives the process: where it is, and what a former one left. */
#include <errno.h>
#include <linux/virtio_vsock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "../log.h"
#include "keep.h"

#define LEDGER_NAME	"vhxd.ledger"

/* --- the store and the ledger --- */

static unsigned int longest_grace(const struct conf *conf)
{
	unsigned int i, most = 0;

	for (i = 0; i < conf->nr_vsocks; i++)
		if (conf->vsocks[i].grace > most)
			most = conf->vsocks[i].grace;
	return most;
}

/* Connections that there is room for, beside the ledger and what is listened on. */
static unsigned int count_room(const struct conf *conf, unsigned int room)
{
	unsigned int i, others = 1, nr = 0;

	for (i = 0; i < conf->nr_vsocks; i++) {
		if (!conf->vsocks[i].grace)
			continue;
		others += 1 + conf->vsocks[i].nr_maps;
		nr += FLOWS_MAX;
	}
	if (others >= room)
		return 0;
	return nr < room - others ? nr : room - others;
}

/* The former process's if it is one; or a new one. Return: 0 or -errno. */
static int open_ledger(struct keep *k, unsigned int nr)
{
	int fd = store_take(&k->store, LEDGER_NAME), ret;

	if (fd >= 0 && !ledger_open(&k->ledger, fd))
		return 0;
	if (fd >= 0) {
		log_warning("vsock: what a former process left is of another version: its connections are over");
		close(fd);
		store_remove(LEDGER_NAME);
	}
	ret = ledger_new(&k->ledger, nr);
	if (!ret)
		ret = store_put(LEDGER_NAME, k->ledger.fd);
	return ret;
}

static int open_keep(struct keep *k, const struct vsock *v, unsigned int nr)
{
	int ret;

	ret = open_ledger(k, nr);
	if (ret)
		return ret;
	k->owner = calloc(k->ledger.nr, sizeof(struct flow *));
	k->slot = calloc(v->agent->tags, sizeof(*k->slot));
	return k->owner && k->slot ? 0 : -ENOMEM;
}

static void free_keep(struct keep *k)
{
	store_close(&k->store);
	ledger_close(&k->ledger);
	free(k->owner);
	free(k->slot);
	free(k);
}

/* Guests are served without it, too: then it is said what is missing, and nothing is refused. */
int keep_open(struct vsock *v, const struct conf *conf, struct msg *msg)
{
	struct keep *k = calloc(1, sizeof(*k));
	unsigned int nr;
	int ret;

	if (!k)
		return msg_set(msg, -ENOMEM, "no memory");
	k->ledger.fd = -1;
	ret = store_open(&k->store);
	nr = count_room(conf, k->store.room);
	k->longest = longest_grace(conf);
	if (!k->longest) {
		free_keep(k);
		return 0;
	}
	if (!nr) {
		log_warning("vsock: grace has no effect: connections end with the process, unless systemd starts it with FileDescriptorStoreMax= in its unit, of more than the sockets that are listened on");
		free_keep(k);
		return 0;
	}
	if (!ret)
		ret = open_keep(k, v, nr);
	if (ret) {
		log_warning("vsock: grace has no effect: nothing can be kept (%s)", msg_errno(ret));
		free_keep(k);
		return 0;
	}
	v->keep = k;
	return 0;
}

void keep_nothing(void)
{
	struct store store;

	store_open(&store);
	store_close(&store);
}

uint32_t keep_grace_ms(const struct vsock *v, const struct vsock_conf *conf)
{
	return v->keep ? conf->grace * 1000 : 0;
}

uint64_t keep_cookie(struct guest *g)
{
	return keep_is(g) ? ledger_cookie(&g->vsock->keep->ledger) : ++g->cookies;
}

/* --- sockets that are listened on --- */

static void listener_name(const struct listener *l, char name[STORE_NAME_LEN])
{
	snprintf(name, STORE_NAME_LEN, "vhxd.listen.%u.%u", l->guest->conf.cid, l->port);
}

/* Is it the socket that the configuration has, and can it be reached? */
static bool listens_at(int fd, const struct listener *l)
{
	const int want = l->type == VIRTIO_VSOCK_TYPE_SEQPACKET ? SOCK_SEQPACKET : SOCK_STREAM;
	struct sockaddr_un a = { 0 };
	socklen_t len = sizeof(a) - 1, size = sizeof(int);
	int type = 0, listens = 0;
	struct stat st;

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && listens &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == want &&
	       !getsockname(fd, (struct sockaddr *)&a, &len) && a.sun_family == AF_UNIX &&
	       !strcmp(a.sun_path, l->path) && !lstat(l->path, &st) && S_ISSOCK(st.st_mode);
}

int keep_listener(const struct listener *l)
{
	struct keep *k = l->guest->vsock->keep;
	char name[STORE_NAME_LEN];
	int fd;

	if (!k)
		return -1;
	listener_name(l, name);
	fd = store_take(&k->store, name);
	if (fd < 0 || (keep_is(l->guest) && listens_at(fd, l)))
		return fd;
	store_drop(name, fd);
	return -1;
}

void keep_listening(const struct listener *l, int fd)
{
	char name[STORE_NAME_LEN];

	if (!keep_is(l->guest))
		return;
	listener_name(l, name);
	store_put(name, fd);
}

void keep_listening_no_more(const struct listener *l)
{
	char name[STORE_NAME_LEN];

	if (!keep_is(l->guest))
		return;
	listener_name(l, name);
	store_remove(name);
}

/* --- connections of a former process --- */

static int start_timer(struct vsock *v)
{
	const struct itimerspec t = { .it_value.tv_sec = v->keep->longest };
	struct watch *w = &v->keep->timer;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = w };

	*w = (struct watch) { WATCH_GRACE, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK) };
	if (w->fd < 0 || timerfd_settime(w->fd, 0, &t, NULL) ||
	    epoll_ctl(v->epoll, EPOLL_CTL_ADD, w->fd, &event))
		return -errno;
	return 0;
}

int keep_go_on(struct vsock *v, struct msg *msg)
{
	struct keep *k = v->keep;
	unsigned int i, nr = 0, lost = 0;
	int ret;

	if (!k)
		return 0;
	for (i = 0; i < k->ledger.nr; i++) {
		if (!k->ledger.record[i].cookie)
			continue;
		nr++;
		if (!keep_adopt(v, &k->ledger.record[i]))
			lost++;
	}
	store_close(&k->store);
	if (nr)
		log_info("vsock: %u connections of a former process, of which %u cannot go on", nr, lost);
	ret = nr ? start_timer(v) : 0;
	return ret ? msg_set(msg, ret, "vsock: no timer (%s)", msg_errno(ret)) : 0;
}
