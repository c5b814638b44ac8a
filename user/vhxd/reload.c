// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file again: what it has no more goes, what is new comes, the rest stays. */
#include <string.h>

#include "host.h"
#include "log.h"
#include "vsock/vsock.h"

static const struct disk_conf *find_disk(const struct target_conf *target, const struct lun *lun)
{
	unsigned int i;

	for (i = 0; target && i < target->nr_disks; i++)
		if (target->disks[i].target == lun->target && target->disks[i].lun == lun->lun)
			return target->disks + i;
	return NULL;
}

/* One with other options goes, and comes again as it is now. */
static void remove_old(struct host *host, struct endpoint *endpoint,
		       const struct target_conf *target)
{
	const struct disk_conf *conf;
	struct lun *lun, *tmp;
	struct msg msg;

	list_for_each_safe(lun, tmp, &endpoint->luns, node) {
		conf = find_disk(target, lun);
		if (lun->by_hand || (conf && conf_same_disk(conf, &lun->disk->conf)))
			continue;
		if (host_remove_disk(host, endpoint, lun, &msg))
			log_error("%s", msg.text);
		else
			log_info("%s: no disk at %u.%u any more", endpoint->wwpn,
				 lun->target, lun->lun);
	}
}

static bool has_by_hand(const struct endpoint *endpoint)
{
	struct lun *lun;

	list_for_each(lun, &endpoint->luns, node)
		if (lun->by_hand)
			return true;
	return false;
}

/* A target that the file has no more is given up as a whole: another agent may serve it. */
static int update(struct host *host, struct endpoint *endpoint, const struct target_conf *target)
{
	char wwpn[CONF_WWPN_LEN];
	struct msg msg;

	if (!endpoint->leaving && (target || has_by_hand(endpoint))) {
		remove_old(host, endpoint, target);
		return 0;
	}
	strcpy(wwpn, endpoint->wwpn);
	if (endpoint_close(host, endpoint, &msg)) {
		log_error("%s", msg.text);
		return -1;
	}
	log_info("%s: not served any more", wwpn);
	return 0;
}

static int add_disks(struct host *host, struct endpoint *endpoint, const struct target_conf *target)
{
	struct msg msg;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < target->nr_disks; i++) {
		if (endpoint_lun(endpoint, target->disks[i].target, target->disks[i].lun))
			continue;
		if (!host_add_disk(host, endpoint, target->disks + i, false, &msg))
			continue;
		log_error("%s", msg.text);
		ret = -1;
	}
	return ret;
}

static int add_target(struct host *host, const struct target_conf *target)
{
	struct endpoint *endpoint;
	struct msg msg;
	int ret;

	if (endpoint_open(host, target, &endpoint, &msg)) {
		log_error("%s", msg.text);
		return -1;
	}
	ret = add_disks(host, endpoint, target);
	if (!endpoint_begin(host, endpoint, &msg))
		return ret;
	log_error("%s", msg.text);
	return -1;
}

static int add_new(struct host *host, const struct target_conf *target)
{
	struct endpoint *endpoint = endpoint_find(host, target->wwpn);

	if (!endpoint)
		return add_target(host, target);
	/* Closing it failed. */
	if (endpoint->leaving)
		return -1;
	if (strcmp(endpoint->group->name, target->group))
		log_warning("%s: another group needs a restart", target->wwpn);
	return add_disks(host, endpoint, target);
}

static bool same_host(const struct conf *a, const struct conf *b)
{
	return a->queues == b->queues && a->tags == b->tags && a->pool == b->pool &&
	       !strcmp(a->state_dir, b->state_dir) && !strcmp(a->user, b->user) &&
	       !strcmp(a->socket, b->socket) && !strcmp(a->vsock_log, b->vsock_log) && a->nr_plugins == b->nr_plugins &&
	       !memcmp(a->plugins, b->plugins, sizeof(a->plugins));
}

int host_reload(struct host *host, const char *path)
{
	struct conf *conf;
	struct msg msg;
	unsigned int i;
	int ret;

	ret = conf_load(path, &conf, &msg);
	if (ret) {
		log_error("%s: everything stays as it is", msg.text);
		return ret;
	}
	if (!same_host(conf, host->conf))
		log_warning("%s: what changed in [vhxd] needs a restart", path);
	for (i = 0; i < VHX_AGENT_ENDPOINTS_MAX; i++)
		if (host->endpoints[i])
			ret |= update(host, host->endpoints[i],
				      conf_find(conf, host->endpoints[i]->wwpn));
	for (i = 0; i < conf->nr_targets; i++)
		ret = add_new(host, conf->targets + i) ? -1 : ret;
	ret |= vsock_reload(host->vsock, conf);
	conf_free(conf);
	return ret;
}
