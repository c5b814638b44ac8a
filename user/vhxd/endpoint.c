// SPDX-License-Identifier: GPL-2.0-only
/* Endpoints: targets as the kernel knows them, attached to the session. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "log.h"
#include "news.h"
#include "places.h"
#include "retry.h"

#define LET_GO_MS	5000	/* for what loops have of it to end */
#define LOOK_MS		5

struct endpoint *endpoint_find(struct host *host, const char *wwpn)
{
	unsigned int i;

	for (i = 0; i < VHX_AGENT_ENDPOINTS_MAX; i++)
		if (host->endpoints[i] && !strcmp(host->endpoints[i]->wwpn, wwpn))
			return host->endpoints[i];
	return NULL;
}

struct lun *endpoint_lun(const struct endpoint *endpoint, uint8_t target, uint16_t lun)
{
	struct lun *l;

	list_for_each(l, &endpoint->luns, node)
		if (l->target == target && l->lun == lun)
			return l;
	return NULL;
}

/* Without a name it is one of its own, as all the others without. */
static struct group *get_group(struct host *host, const char *name)
{
	struct group *group;

	list_for_each(group, &host->groups, node)
		if (*name && !strcmp(group->name, name))
			return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	strcpy(group->name, name);
	pthread_mutex_init(&group->lock, NULL);
	list_add(&host->groups, &group->node);
	return group;
}

static bool port_is_taken(const struct host *host, uint16_t port)
{
	unsigned int i;

	for (i = 0; i < VHX_AGENT_ENDPOINTS_MAX; i++)
		if (host->endpoints[i] && host->endpoints[i]->port == port)
			return true;
	return false;
}

/* Reservations name it: it should be the same after the file was put in another order. */
static uint16_t pick_port(const struct host *host, const char *wwpn)
{
	uint32_t hash = 0x811c9dc5;
	uint16_t port;

	for (; *wwpn; wwpn++)
		hash = (hash ^ (uint8_t)*wwpn) * 0x01000193;
	port = (uint16_t)(hash % 65535 + 1);
	while (port_is_taken(host, port))
		port = (uint16_t)(port % 65535 + 1);
	return port;
}

/* The kernel looks at the I/O of a session that died before it gives its requests to another. */
static int attach(struct host *host, const struct target_conf *conf, uint32_t *number,
		  struct msg *msg)
{
	struct retry retry = { .limit_ms = host->home.wait_ms };
	int ret;

	do {
		ret = vhx_agent__attach(host->agent, conf->wwpn, conf->quota, number);
	} while (ret == -EBUSY && retry_wait(&retry, conf->wwpn));
	if (!ret && *number < VHX_AGENT_ENDPOINTS_MAX)
		return 0;
	return msg_set(msg, ret ? ret : -EPROTO, "%s: cannot be attached (%s)%s", conf->wwpn,
		       msg_errno(ret ? ret : -EPROTO),
		       ret == -EBUSY ? ": another agent serves it" : "");
}

static int open_scsi(struct host *host, struct endpoint *e, struct msg *msg)
{
	e->port = pick_port(host, e->wwpn);
	return scsi_target_create(e->wwpn, e->port, &e->target, msg);
}

int endpoint_open(struct host *host, const struct target_conf *conf, struct endpoint **endpoint,
		  struct msg *msg)
{
	struct endpoint *e;
	int ret;

	e = calloc(1, sizeof(*e));
	if (!e)
		return msg_set(msg, -ENOMEM, "%s: no memory", conf->wwpn);
	strcpy(e->wwpn, conf->wwpn);
	list_init(&e->luns);
	e->group = get_group(host, conf->group);
	ret = e->group ? open_scsi(host, e, msg) : msg_set(msg, -ENOMEM, "no memory");
	if (ret)
		goto err_free;
	pthread_mutex_lock(&host->opening);
	ret = attach(host, conf, &e->number, msg);
	if (ret)
		goto err_scsi;
	*endpoint = e;
	return 0;

err_scsi:
	pthread_mutex_unlock(&host->opening);
	scsi_target_destroy(e->target);
err_free:
	free(e);
	return ret;
}

/* The loops finish what they have, of all endpoints; of this one they get nothing more. */
static int detach(struct host *host, struct endpoint *e, struct msg *msg)
{
	unsigned int waited;
	int ret;

	e->leaving = true;
	for (waited = 0;; waited += LOOK_MS) {
		ret = vhx_agent__detach(host->agent, e->number);
		if (ret != -EBUSY || waited >= LET_GO_MS)
			break;
		usleep(LOOK_MS * 1000);
	}
	if (!ret)
		return 0;
	if (ret == -EBUSY)
		return msg_set(msg, ret,
			       "%s: its I/O does not end (%s): reload again when it has, or restart",
			       e->wwpn, msg_errno(ret));
	return msg_set(msg, ret, "%s: cannot be given up (%s): restart", e->wwpn, msg_errno(ret));
}

/* The next one finds in the state files what the guests have: saved before it is taken apart. */
int endpoint_close(struct host *host, struct endpoint *e, struct msg *msg)
{
	struct lun *lun, *tmp;
	int ret;

	ret = detach(host, e, msg);
	if (ret)
		return ret;
	list_for_each(lun, &e->luns, node)
		disk_save(&host->home, lun->disk);
	list_for_each_safe(lun, tmp, &e->luns, node)
		if (host_remove_disk(host, e, lun, msg))
			log_die("%s, although all of it was answered", msg->text);
	__atomic_store_n(&host->endpoints[e->number], NULL, __ATOMIC_RELEASE);
	pthread_mutex_lock(&e->group->lock);
	scsi_nexus_destroy(e->nexus);
	scsi_target_destroy(e->target);
	pthread_mutex_unlock(&e->group->lock);
	free(e);
	return 0;
}

int endpoint_begin(struct host *host, struct endpoint *endpoint, struct msg *msg)
{
	int ret;

	/* An endpoint has one VM at a time, so that its name is the VM's as well. */
	ret = scsi_nexus_create(endpoint->target, endpoint->wwpn, &endpoint->nexus);
	if (ret) {
		msg_set(msg, ret, "%s: no nexus (%s)", endpoint->wwpn, msg_errno(ret));
	} else {
		news_watch(host, endpoint);
		__atomic_store_n(&host->endpoints[endpoint->number], endpoint, __ATOMIC_RELEASE);
		news_targets(host, endpoint);
		places_compare(host, endpoint);
	}
	pthread_mutex_unlock(&host->opening);
	return ret;
}

struct endpoint *endpoint_at(struct host *host, uint32_t number)
{
	struct endpoint *e;

	if (number >= VHX_AGENT_ENDPOINTS_MAX)
		return NULL;
	e = __atomic_load_n(host->endpoints + number, __ATOMIC_ACQUIRE);
	if (e)
		return e;
	/* It is attached, or the kernel would not know it: its disks are on their way. */
	pthread_mutex_lock(&host->opening);
	e = __atomic_load_n(host->endpoints + number, __ATOMIC_ACQUIRE);
	pthread_mutex_unlock(&host->opening);
	return e;
}
