/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a unit outlives the agent, in a file of lines: mode pages, persistent reservations,
 * unit attentions. It is written beside the old one and renamed over it, so that there is always
 * a whole one. What was not written by this code is refused, never guessed at.
 *
 * After a loss of power, that is, with another boot id, only reservations with APTPL remain.
 */
#ifndef _VHXD_STATE_H
#define _VHXD_STATE_H

#include <stdbool.h>

#include "msg.h"

struct pr_table;
struct scsi_itl;
struct scsi_unit;

/* It is no error that there is no file. */
int state_load(struct scsi_unit *unit, struct msg *msg);

/* With @pr for the unit's table, on stable storage; 0 where no file was configured */
int state_save(struct scsi_unit *unit, const struct pr_table *pr);

/* Something changed that only an agent's end would lose: the next flush writes it, in time for
 * another agent, but not for a host that crashes, after which it is void.
 */
void state_touch(struct scsi_unit *unit);
void state_flush(struct scsi_unit *unit);

/* Attentions as they were for a nexus that comes back; false if it is not known. */
bool state_restore_ua(struct scsi_itl *itl);
void state_forget(struct scsi_unit *unit);

#endif
