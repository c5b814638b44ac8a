/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistent reservations of a unit: a table that is never changed in place. PERSISTENT RESERVE
 * OUT makes a copy, changes that, has it saved, and puts it in the old one's place: what fails
 * on the way leaves everything as it was.
 */
#ifndef _VHXD_PR_H
#define _VHXD_PR_H

#include "unit.h"

#define PR_MAX		128	/* registrations of a unit */
#define PR_NR_DONE	16	/* commands that are remembered */

enum pr_type {
	PR_NONE				= 0,
	PR_WRITE_EXCLUSIVE		= 1,
	PR_EXCLUSIVE_ACCESS		= 3,
	PR_WRITE_EXCLUSIVE_REGISTRANTS	= 5,
	PR_EXCLUSIVE_ACCESS_REGISTRANTS	= 6,
	PR_WRITE_EXCLUSIVE_ALL		= 7,
	PR_EXCLUSIVE_ACCESS_ALL		= 8,
};

/* A registration: of an initiator at a target's port, which need not be here now. */
struct pr_reg {
	uint64_t key;
	uint16_t port;
	char initiator[SCSI_NAME_MAX + 1];
	char wwpn[SCSI_NAME_MAX + 1];
};

/* A command that was executed: if it comes again by redelivery, this is all it gets. */
struct pr_done {
	uint64_t nexus, target, id;
	uint64_t key, sa_key;
	uint8_t action;
};

/**
 * struct pr_table - registrations and the reservation
 * @gen: PRGENERATION
 * @aptpl: it outlives a loss of power
 * @holder: index of who has it; -1 if there is none, or all have it
 */
struct pr_table {
	uint32_t gen;
	bool aptpl;
	enum pr_type type;
	int holder;
	uint32_t nr, room;
	uint32_t next_done;
	struct pr_done done[PR_NR_DONE];
	struct pr_reg reg[];
};

struct pr_table *pr_new(void);
/* With room for @more registrations, NULL without memory */
struct pr_table *pr_copy(const struct pr_table *table, uint32_t more);

bool pr_type_is_valid(uint8_t type);
/* All registrants have it. */
bool pr_type_is_all(enum pr_type type);
/* Registrants may do everything. */
bool pr_type_is_shared(enum pr_type type);

/* Index of the nexus's registration, or -1 */
int pr_find(const struct pr_table *table, const struct scsi_nexus *nexus);
/* Its index; -1 if the table is full */
int pr_add(struct pr_table *table, const struct scsi_nexus *nexus, uint64_t key);
/* With the last holder the reservation goes. */
void pr_remove(struct pr_table *table, int index);
bool pr_is_holder(const struct pr_table *table, int index);

bool pr_was_done(const struct pr_table *table, const struct pr_done *done);
void pr_set_done(struct pr_table *table, const struct pr_done *done);

/* The flags that the check of each command reads */
void pr_attach(struct scsi_itl *itl);

#endif
