// SPDX-License-Identifier: GPL-2.0-only
/* Unit attentions. */
#include "state.h"
#include "unit.h"

#define UA_RESETS	(UA_BIT(UA_POWER_ON) | UA_BIT(UA_RESET) | UA_BIT(UA_NEXUS_LOSS))

static const enum sense_code codes[NR_UA] = {
	[UA_POWER_ON]		= SENSE_POWER_ON,
	[UA_RESET]		= SENSE_RESET,
	[UA_NEXUS_LOSS]		= SENSE_NEXUS_LOSS,
	[UA_LUNS_CHANGED]	= SENSE_LUNS_CHANGED,
	[UA_INQUIRY_CHANGED]	= SENSE_INQUIRY_CHANGED,
	[UA_CAPACITY_CHANGED]	= SENSE_CAPACITY_CHANGED,
	[UA_MODE_CHANGED]	= SENSE_MODE_CHANGED,
	[UA_RES_PREEMPTED]	= SENSE_RES_PREEMPTED,
	[UA_REG_PREEMPTED]	= SENSE_REG_PREEMPTED,
	[UA_RES_RELEASED]	= SENSE_RES_RELEASED,
};

/* Of resets the strongest says it all. */
void ua_set(struct scsi_itl *itl, enum ua ua)
{
	ua_mask bit = UA_BIT(ua);
	ua_mask resets;

	if (itl->ua & bit)
		return;
	if (bit & UA_RESETS) {
		resets = (itl->ua & UA_RESETS) | bit;
		itl->ua &= ~UA_RESETS;
		bit = resets & -resets;
	}
	itl->ua |= bit;
	state_touch(itl->unit);
}

void ua_set_others(struct scsi_unit *unit, const struct scsi_itl *but, enum ua ua)
{
	struct scsi_itl *itl;

	list_for_each(itl, &unit->itls, in_unit)
		if (itl != but)
			ua_set(itl, ua);
}

void ua_changed(struct scsi_unit *unit, const struct scsi_itl *but, enum ua ua)
{
	const struct scsi_watch *watch;
	struct scsi_itl *itl;

	ua_set_others(unit, but, ua);
	list_for_each(itl, &unit->itls, in_unit) {
		watch = itl->nexus->target->watch;
		if (itl != but && watch)
			watch->changed(watch, itl->target, itl->lun, codes[ua] & 0xffff);
	}
}

void ua_forget(struct scsi_itl *itl)
{
	itl->ua &= UA_RESETS;
	state_touch(itl->unit);
}

void ua_clear(struct scsi_itl *itl, enum ua ua)
{
	if (!(itl->ua & UA_BIT(ua)))
		return;
	itl->ua &= ~UA_BIT(ua);
	state_touch(itl->unit);
}

enum sense_code ua_take(struct scsi_itl *itl)
{
	int ua;

	if (!itl->ua)
		return SENSE_NONE;
	ua = __builtin_ctz(itl->ua);
	itl->ua &= itl->ua - 1;
	state_touch(itl->unit);
	return codes[ua];
}
