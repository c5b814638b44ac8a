/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unit attentions that are pending for a nexus at a unit: a bit each, since none need be told
 * twice; the lowest is told first.
 */
#ifndef _VHXD_UA_H
#define _VHXD_UA_H

#include <stdint.h>

#include "sense.h"

enum ua {
	UA_POWER_ON,
	UA_RESET,
	UA_NEXUS_LOSS,
	UA_LUNS_CHANGED,
	UA_INQUIRY_CHANGED,
	UA_CAPACITY_CHANGED,
	UA_MODE_CHANGED,
	UA_RES_PREEMPTED,
	UA_REG_PREEMPTED,
	UA_RES_RELEASED,
	NR_UA,
};

typedef uint32_t ua_mask;

#define UA_BIT(ua)	(1U << (ua))
#define UA_ALL		(UA_BIT(NR_UA) - 1)

struct scsi_itl;
struct scsi_unit;

void ua_set(struct scsi_itl *itl, enum ua ua);
/* To all of the unit's nexuses but one, or none if @but is NULL */
void ua_set_others(struct scsi_unit *unit, const struct scsi_itl *but, enum ua ua);
/* The same, of what guests may be told of at once, see struct scsi_watch */
void ua_changed(struct scsi_unit *unit, const struct scsi_itl *but, enum ua ua);
/* Another guest's, or one's that was elsewhere meanwhile: what is no reset it need not be told. */
void ua_forget(struct scsi_itl *itl);
/* It need not be told any more. */
void ua_clear(struct scsi_itl *itl, enum ua ua);
/* The first that is pending, which is not any more; SENSE_NONE if there is none. */
enum sense_code ua_take(struct scsi_itl *itl);

#endif
