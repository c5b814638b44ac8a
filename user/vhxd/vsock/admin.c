// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests as the configuration has them, at the beginning and when it was read again: of the main thread,
 * which has the router's do what is its. The main thread waits for who is not quite gone, the router never.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../keeper.h"
#include "../log.h"
#include "router.h"

#define PATIENCE_MS	5000	/* with a predecessor, and with the kernel */
#define PAUSE_MS	50

/* --- in the thread --- */

/**
 * struct change - of a guest
 * @cid: the guest
 * @conf: what it is to be, empty once it is
 * @old: what it was: limits
 */
struct change {
	uint32_t cid;
	struct vsock_conf conf;
	struct vhx_vsock_limits old;
};

static int attach(struct vsock *v, void *arg)
{
	struct change *c = arg;
	struct guest *g = guest_find(v, 0);

	return g ? guest_attach(g, &c->conf) : -ENOSPC;
}

static int listen_all(struct vsock *v, void *arg)
{
	const struct change *c = arg;
	struct guest *g = guest_find(v, c->cid);
	struct msg msg;

	if (!unix_listen(g, &msg))
		return 0;
	log_error("[vsock %u]: %s", c->cid, msg.text);
	return -1;
}

static int detach(struct vsock *v, void *arg)
{
	struct change *c = arg;

	return guest_detach(guest_find(v, c->cid));
}

static int change(struct vsock *v, void *arg)
{
	struct change *c = arg;

	return guest_change(guest_find(v, c->cid), &c->conf);
}

static int look_at(struct vsock *v, void *arg)
{
	struct change *c = arg;

	c->old = guest_find(v, c->cid)->conf.limits;
	return 0;
}

struct cids {
	unsigned int nr;
	uint32_t cid[VHX_AGENT_ENDPOINTS_MAX];
};

static int list_cids(struct vsock *v, void *arg)
{
	struct cids *cids = arg;
	unsigned int i;

	cids->nr = 0;
	for (i = 0; i < v->room; i++)
		if (v->guests[i].number != NO_NUMBER)
			cids->cid[cids->nr++] = v->guests[i].conf.cid;
	return 0;
}

/* --- limits --- */

/* Those that vhxd set, and is to set no more, go; that takes all that the guest has of its own. */
static int put_limits(const struct vhx_vsock_limits *old, const struct vhx_vsock_limits *new,
		      struct msg *msg)
{
	const bool fewer = old->set & ~new->set;

	if (!fewer && !new->set)
		return 0;
	if (!memcmp(old, new, sizeof(*old)))
		return 0;
	return keeper_limit(new, fewer, msg);
}

/* --- the beginning --- */

static int open_guest(struct vsock *v, const struct vsock_conf *conf, struct msg *msg)
{
	const struct vhx_vsock_limits none = { .cid = conf->cid };
	struct vsock_conf copy;
	struct guest *g;
	int ret, ms;

	ret = put_limits(&none, &conf->limits, msg);
	if (ret)
		return ret;
	if (conf_copy_vsock(&copy, conf))
		return msg_set(msg, -ENOMEM, "no memory");
	g = guest_find(v, 0);
	for (ms = 0; (ret = guest_attach(g, &copy)) == -EBUSY && ms < PATIENCE_MS; ms += PAUSE_MS)
		usleep(PAUSE_MS * 1000);
	if (!ret)
		return unix_listen(g, msg);
	free(copy.maps);
	return msg_set(msg, ret, "[vsock %u]: cannot be served (%s)%s", conf->cid, msg_errno(ret),
		       ret == -EBUSY ? ": another agent serves it" : "");
}

int vsock_open_guests(struct vsock *v, const struct conf *conf, struct msg *msg)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < conf->nr_vsocks; i++)
		ret = open_guest(v, &conf->vsocks[i], msg);
	return ret;
}

/* --- the configuration again --- */

static int call_patiently(struct vsock *v, int (*run)(struct vsock *v, void *arg), struct change *c)
{
	int ret, ms;

	for (ms = 0; (ret = vsock_call(v, run, c)) == -EBUSY && ms < PATIENCE_MS; ms += PAUSE_MS)
		usleep(PAUSE_MS * 1000);
	return ret;
}

static int remove_guest(struct vsock *v, uint32_t cid)
{
	const struct vhx_vsock_limits none = { .cid = cid };
	struct change c = { .cid = cid };
	struct msg msg;

	vsock_call(v, look_at, &c);
	if (put_limits(&c.old, &none, &msg))
		log_error("[vsock %u]: %s", cid, msg.text);
	if (call_patiently(v, detach, &c)) {
		log_error("[vsock %u]: cannot be given up (EBUSY)", cid);
		return -1;
	}
	log_info("[vsock %u]: not served any more", cid);
	return 0;
}

static int change_guest(struct vsock *v, const struct vsock_conf *conf)
{
	struct change c = { .cid = conf->cid };
	struct msg msg;
	int ret = 0;

	if (conf_copy_vsock(&c.conf, conf))
		return -1;
	vsock_call(v, look_at, &c);
	if (put_limits(&c.old, &conf->limits, &msg)) {
		log_error("[vsock %u]: %s", conf->cid, msg.text);
		/* So that it is tried again the next time. */
		c.conf.limits = c.old;
		ret = -1;
	}
	return vsock_call(v, change, &c) ? -1 : ret;
}

static int add_guest(struct vsock *v, const struct vsock_conf *conf)
{
	const struct vhx_vsock_limits none = { .cid = conf->cid };
	struct change c = { .cid = conf->cid };
	struct msg msg;
	int ret;

	if (put_limits(&none, &conf->limits, &msg)) {
		log_error("[vsock %u]: %s", conf->cid, msg.text);
		return -1;
	}
	if (conf_copy_vsock(&c.conf, conf))
		return -1;
	ret = call_patiently(v, attach, &c);
	if (!ret) {
		log_info("[vsock %u]: served", conf->cid);
		return vsock_call(v, listen_all, &c);
	}
	free(c.conf.maps);
	log_error("[vsock %u]: cannot be served (%s)%s", conf->cid, msg_errno(ret),
		  ret == -ENOSPC ? ": vsock_guests has room for no other, and needs a restart" : "");
	return -1;
}

static bool has(const struct cids *cids, uint32_t cid)
{
	unsigned int i;

	for (i = 0; i < cids->nr; i++)
		if (cids->cid[i] == cid)
			return true;
	return false;
}

int vsock_reload(struct vsock *v, const struct conf *conf)
{
	const struct vsock_conf *of;
	struct cids cids;
	unsigned int i;
	int ret = 0;

	if (!v && conf->nr_vsocks)
		log_error("[vsock]: there was none when vhxd began: it needs a restart");
	if (!v)
		return conf->nr_vsocks ? -1 : 0;
	vsock_call(v, list_cids, &cids);
	for (i = 0; i < cids.nr; i++) {
		of = conf_find_vsock(conf, cids.cid[i]);
		ret |= of ? change_guest(v, of) : remove_guest(v, cids.cid[i]);
	}
	for (i = 0; i < conf->nr_vsocks; i++)
		if (!has(&cids, conf->vsocks[i].cid))
			ret |= add_guest(v, &conf->vsocks[i]);
	return ret ? -1 : 0;
}

unsigned int vsock_count(struct vsock *v)
{
	struct cids cids;

	if (!v)
		return 0;
	vsock_call(v, list_cids, &cids);
	return cids.nr;
}
