// SPDX-License-Identifier: GPL-2.0-only
/*
 * What guests are told of their disks. A guest that negotiated events of its device hears at once;
 * any guest by a unit attention, which is the SCSI library's. Nobody waits for either.
 */
#include <errno.h>
#include <linux/virtio_scsi.h>

#include "log.h"
#include "news.h"
#include "places.h"

/* A guest that is not there, or wants no events, is no error: it sees what there is. */
static bool is_normal(int err)
{
	return !err || err == -ENOTCONN || err == -EOPNOTSUPP || err == -ENOTTY;
}

static void tell(struct vhx_agent *agent, const struct endpoint *e,
		 const struct vhx_agent_notify *event)
{
	int ret;

	/* Its number may be another's soon. */
	if (e->leaving)
		return;
	ret = vhx_agent__notify(agent, event);
	if (ret == -ENOSPC)
		log_warning("%s: its guest takes no events: it will only hear that it missed some",
			    e->wwpn);
	else if (!is_normal(ret))
		log_error("%s: its guest cannot be told of %u.%u (%s)", e->wwpn, event->lun[1],
			  (event->lun[2] & 0x3fU) << 8 | event->lun[3], msg_errno(ret));
}

static void fill(struct vhx_agent_notify *event, const struct endpoint *e, uint8_t id, uint16_t lun)
{
	*event = (struct vhx_agent_notify) {
		.endpoint = e->number,
		.lun = { 1, id, (uint8_t)(0x40 | lun >> 8), (uint8_t)lun },
	};
}

/* Of whichever thread, under the lock of the target's group. */
static void on_change(const struct scsi_watch *watch, uint8_t id, uint16_t lun, uint16_t code)
{
	struct endpoint *e = watch->owner;
	struct vhx_agent_notify event;

	fill(&event, e, id, lun);
	event.event = VIRTIO_SCSI_T_PARAM_CHANGE;
	/* Asc before ascq, as virtio has it. */
	event.reason = (uint32_t)code >> 8 | (code & 0xffU) << 8;
	tell(e->agent, e, &event);
}

void news_watch(struct host *host, struct endpoint *endpoint)
{
	endpoint->agent = host->agent;
	endpoint->watch = (struct scsi_watch) { .changed = on_change, .owner = endpoint };
	scsi_target_watch(endpoint->target, &endpoint->watch);
}

void news_targets(struct host *host, const struct endpoint *endpoint)
{
	__u64 map[VHX_AGENT_TARGETS_MAX / 64] = { 0 };
	const struct lun *lun;
	int ret;

	list_for_each(lun, &endpoint->luns, node)
		map[lun->target / 64] |= 1ULL << lun->target % 64;
	ret = vhx_agent__targets(host->agent, endpoint->number, map);
	/* An older module asks for each, and is answered. */
	if (ret && ret != -ENOTTY)
		log_error("%s: the kernel does not know its targets (%s)", endpoint->wwpn,
			  msg_errno(ret));
}

static void tell_reset(struct host *host, const struct endpoint *e, const struct lun *lun,
		       uint32_t reason)
{
	struct vhx_agent_notify event;

	fill(&event, e, lun->target, lun->lun);
	event.event = VIRTIO_SCSI_T_TRANSPORT_RESET;
	event.reason = reason;
	tell(host->agent, e, &event);
}

void news_found(struct host *host, const struct endpoint *endpoint, const struct lun *lun)
{
	tell_reset(host, endpoint, lun, VIRTIO_SCSI_EVT_RESET_RESCAN);
}

void news_gone(struct host *host, const struct endpoint *endpoint, uint8_t id, uint16_t number)
{
	const struct lun lun = { .target = id, .lun = number };

	tell_reset(host, endpoint, &lun, VIRTIO_SCSI_EVT_RESET_REMOVED);
}

void news_luns(const struct endpoint *endpoint)
{
	pthread_mutex_lock(&endpoint->group->lock);
	scsi_target_luns_changed(endpoint->target);
	pthread_mutex_unlock(&endpoint->group->lock);
}

/* That they are to be told survives this agent. */
static void save_others(struct host *host, const struct endpoint *e, const struct lun *but)
{
	const struct lun *lun;

	list_for_each(lun, &e->luns, node)
		if (lun != but)
			disk_save(&host->home, lun->disk);
}

void news_added(struct host *host, struct endpoint *endpoint, const struct lun *lun)
{
	/* Until then endpoint_begin() sees to it. */
	if (!host->loops_run)
		return;
	news_targets(host, endpoint);
	tell_reset(host, endpoint, lun, VIRTIO_SCSI_EVT_RESET_RESCAN);
	save_others(host, endpoint, lun);
	places_save(host, endpoint);
}

void news_removed(struct host *host, struct endpoint *endpoint, const struct lun *lun)
{
	/* Another agent is to serve all of it, and the guest to notice nothing. */
	if (endpoint->leaving)
		return;
	news_targets(host, endpoint);
	tell_reset(host, endpoint, lun, VIRTIO_SCSI_EVT_RESET_REMOVED);
	save_others(host, endpoint, lun);
	places_save(host, endpoint);
}
