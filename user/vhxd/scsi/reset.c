// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets. Persistent reservations outlive them all; the mode pages go back to what was
 * configured, for there are no saved ones.
 */
#include <errno.h>

#include "state.h"
#include "task.h"
#include "unit.h"

static void reset(struct scsi_unit *unit)
{
	unit->spc2_holder = NULL;
	unit->stopped = false;
	unit->mode = unit->mode_default;
	unit->echo_by = NULL;
	ua_set_others(unit, NULL, UA_RESET);
	state_flush(unit);
	task_abort_all(unit, NULL, NULL);
}

static struct mapping *find(const struct scsi_target *target, uint8_t id, uint16_t lun)
{
	struct mapping *m;

	list_for_each(m, &target->mappings, in_target)
		if (m->id == id && m->lun == lun)
			return m;
	return NULL;
}

int scsi_lun_reset(struct scsi_target *target, uint8_t id, uint16_t lun)
{
	struct mapping *m = find(target, id, lun);

	if (!m)
		return -ENOENT;
	reset(m->unit);
	return 0;
}

/* Mode pages are the unit's: where there is another nexus they may be as that one wants them. */
static bool is_alone(const struct scsi_itl *itl)
{
	const struct scsi_itl *other;

	list_for_each(other, &itl->unit->itls, in_unit)
		if (other != itl)
			return false;
	return true;
}

/* What another nexus has, or did, at the unit stays. */
static void lose(struct scsi_itl *itl)
{
	if (itl->unit->spc2_holder == itl)
		itl->unit->spc2_holder = NULL;
	if (itl->unit->echo_by == itl)
		itl->unit->echo_by = NULL;
	ua_set(itl, UA_NEXUS_LOSS);
	state_flush(itl->unit);
	task_abort_all(itl->unit, itl, NULL);
}

/* Its guest goes on: what it set at its disks was not undone by that. */
int scsi_nexus_reset(struct scsi_nexus *nexus, uint8_t id)
{
	struct scsi_itl *itl;
	int ret = -ENOENT;

	list_for_each(itl, &nexus->itls, in_nexus) {
		if (itl->target != id)
			continue;
		lose(itl);
		ret = 0;
	}
	return ret;
}

/* The VM is gone, or has begun anew: what only it could undo is undone. */
void scsi_nexus_loss(struct scsi_nexus *nexus)
{
	struct scsi_itl *itl;

	list_for_each(itl, &nexus->itls, in_nexus) {
		itl->unit->stopped = false;
		if (is_alone(itl))
			itl->unit->mode = itl->unit->mode_default;
		ua_forget(itl);
		lose(itl);
	}
}
