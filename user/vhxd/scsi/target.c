// SPDX-License-Identifier: GPL-2.0-only
/* Targets and where units are in them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nexus.h"
#include "state.h"
#include "task.h"
#include "unit.h"

int scsi_lun_decode(const uint8_t lun[8], uint8_t *target, uint16_t *number)
{
	static const uint8_t zeroes[4];

	if (memcmp(lun + 4, zeroes, sizeof(zeroes)))
		return -EINVAL;
	*target = lun[1];
	if (lun[0] == 0xc1 && lun[1] == 0x01 && !lun[2] && !lun[3]) {
		*target = 0;
		*number = SCSI_WLUN_REPORT_LUNS;
		return 0;
	}
	if (lun[0] != 1)
		return -EINVAL;
	if (lun[2] == 0xc1 && lun[3] == 0x01) {
		*number = SCSI_WLUN_REPORT_LUNS;
		return 0;
	}
	if (lun[2] && (lun[2] & 0xc0) != 0x40)
		return -EINVAL;
	*number = (uint16_t)((lun[2] & 0x3f) << 8 | lun[3]);
	return 0;
}

bool name_is_sound(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (i == SCSI_NAME_MAX || name[i] <= ' ' || name[i] > '~')
			return false;
	return i;
}

/* FNV-1a: it need not be a secret, only always the same. */
uint64_t naa_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++) {
		hash ^= (uint8_t)*text;
		hash *= 0x100000001b3ULL;
	}
	hash ^= hash >> 32;
	hash *= 0x9e3779b97f4a7c15ULL;
	hash ^= hash >> 29;
	return (hash & 0x0fffffffffffffffULL) | 3ULL << 60;
}

int scsi_target_create(const char *wwpn, uint16_t port, struct scsi_target **target,
		       struct msg *msg)
{
	struct scsi_target *t;

	if (!name_is_sound(wwpn))
		return msg_set(msg, -EINVAL, "a wwpn has 1 to %d printable characters, no blanks",
			       SCSI_NAME_MAX);
	if (!port)
		return msg_set(msg, -EINVAL, "%s: a port number is 1 to 65535", wwpn);
	t = calloc(1, sizeof(*t));
	if (!t)
		return msg_set(msg, -ENOMEM, "%s: no memory", wwpn);
	strcpy(t->wwpn, wwpn);
	t->port = port;
	t->naa = naa_of(wwpn);
	list_init(&t->nexuses);
	list_init(&t->mappings);
	*target = t;
	return 0;
}

int scsi_target_destroy(struct scsi_target *target)
{
	struct mapping *m, *tmp;
	int ret;

	if (!list_empty(&target->nexuses))
		return -EBUSY;
	list_for_each_safe(m, tmp, &target->mappings, in_target) {
		ret = scsi_target_unmap(target, m->id, m->lun);
		if (ret)
			return ret;
	}
	free(target);
	return 0;
}

bool scsi_target_has(const struct scsi_target *target, uint8_t id)
{
	return target->nr_units[id];
}

void scsi_target_watch(struct scsi_target *target, const struct scsi_watch *watch)
{
	target->watch = watch;
}

static struct mapping *find(const struct scsi_target *target, uint8_t id, uint16_t lun)
{
	struct mapping *m;

	list_for_each(m, &target->mappings, in_target)
		if (m->id == id && m->lun == lun)
			return m;
	return NULL;
}

/* Before the first that is behind it: REPORT LUNS goes through them in this order. */
static void insert(struct scsi_target *target, struct mapping *new)
{
	struct mapping *m;

	list_for_each(m, &target->mappings, in_target)
		if (m->id > new->id || (m->id == new->id && m->lun > new->lun))
			break;
	list_add(&m->in_target, &new->in_target);
	target->nr_units[new->id]++;
}

/*
 * Strictly it is a matter of one target id. But a guest that has nothing behind that id yet has
 * nobody there to hear of it, and whoever has seen one list looks for the others.
 */
static void luns_changed(struct scsi_target *target, const struct scsi_unit *but)
{
	struct scsi_nexus *nexus;
	struct scsi_itl *itl;

	list_for_each(nexus, &target->nexuses, in_target) {
		list_for_each(itl, &nexus->itls, in_nexus) {
			if (itl->unit == but)
				continue;
			ua_set(itl, UA_LUNS_CHANGED);
			state_flush(itl->unit);
		}
	}
}

void scsi_target_luns_changed(struct scsi_target *target)
{
	luns_changed(target, NULL);
}

int scsi_target_map(struct scsi_target *target, uint8_t id, uint16_t lun, struct scsi_unit *unit)
{
	struct scsi_nexus *nexus;
	struct mapping *m;
	int ret = 0;

	if (lun > SCSI_MAX_LUN)
		return -EINVAL;
	list_for_each(m, &target->mappings, in_target)
		if (m->unit == unit || (m->id == id && m->lun == lun))
			return -EEXIST;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = (struct mapping) { .unit = unit, .id = id, .lun = lun };
	insert(target, m);
	list_for_each(nexus, &target->nexuses, in_target) {
		ret = nexus_attach(nexus, m);
		if (ret)
			break;
	}
	if (ret) {
		scsi_target_unmap(target, id, lun);
		return ret;
	}
	luns_changed(target, unit);
	return 0;
}

int scsi_target_retire(struct scsi_target *target, uint8_t id, uint16_t lun, bool retired)
{
	struct mapping *m = find(target, id, lun);
	struct scsi_itl *itl;

	if (!m)
		return -ENOENT;
	list_for_each(itl, &m->unit->itls, in_unit)
		if (itl->nexus->target == target)
			itl->retired = retired;
	return 0;
}

void scsi_target_abort(struct scsi_target *target, uint8_t id, uint16_t lun)
{
	struct mapping *m = find(target, id, lun);
	struct scsi_itl *itl;

	if (!m)
		return;
	list_for_each(itl, &m->unit->itls, in_unit)
		if (itl->nexus->target == target)
			task_abort_all(m->unit, itl, NULL);
}

static bool is_busy(const struct scsi_target *target, const struct scsi_unit *unit)
{
	struct scsi_cmd *cmd;

	list_for_each(cmd, &unit->tasks, task.node)
		if (cmd->nexus->target == target)
			return true;
	return false;
}

int scsi_target_unmap(struct scsi_target *target, uint8_t id, uint16_t lun)
{
	struct mapping *m = find(target, id, lun);
	struct scsi_nexus *nexus;

	if (!m)
		return -ENOENT;
	if (is_busy(target, m->unit))
		return -EBUSY;
	list_for_each(nexus, &target->nexuses, in_target)
		nexus_detach(nexus, id, lun);
	luns_changed(target, m->unit);
	list_del(&m->in_target);
	target->nr_units[id]--;
	free(m);
	return 0;
}
