/* SPDX-License-Identifier: GPL-2.0-only */
/* Logical units, targets, nexuses, and what a nexus has at a unit. */
#ifndef _VHXD_UNIT_H
#define _VHXD_UNIT_H

#include "scsi.h"
#include "sense.h"
#include "ua.h"

#define MAX_TRANSFER		(32U << 20)	/* bytes of one READ or WRITE */
#define MAX_COMPARE		(128U << 10)	/* bytes of a COMPARE AND WRITE */
#define MAX_UNMAP		(1U << 20)	/* blocks of a descriptor; libiscsi holds more for insane */
#define MAX_UNMAP_DESCS		256U
#define MAX_SAME		(1ULL << 30)	/* bytes of a WRITE SAME */

#define DATA_BUFFER_LEN		4096U
#define ECHO_BUFFER_LEN		512U

#define LUN_PAGE		256
#define LUN_PAGES		((SCSI_MAX_LUN + 1) / LUN_PAGE)

/* What MODE SELECT can change. */
struct mode {
	bool wce;
	bool d_sense;
	bool swp;
};

struct pr_table;
struct restored;

/**
 * struct scsi_unit - a logical unit
 * @tasks: commands, in order of arrival
 * @nr_exclusive: of them those that others may have to wait for
 * @nr_waiting: of them those that wait
 * @itls: who can reach it
 * @pr: persistent reservations
 * @spc2_holder: who has it by RESERVE
 * @restored: unit attentions of nexuses that have not come back yet
 * @gone: the backend is; @stopped: START STOP UNIT
 */
struct scsi_unit {
	char name[SCSI_NAME_MAX + 1];
	char serial[SCSI_NAME_MAX + 1];
	char vendor[9], product[17], rev[5];
	bool has_uuid;
	uint8_t uuid[16];
	uint64_t naa;
	uint32_t block_size;
	uint64_t blocks;
	bool read_only, thin;
	bool gone, stopped;
	struct mode mode, mode_default;
	struct backend *backend;

	struct list tasks;
	uint32_t nr_exclusive, nr_waiting;
	bool waking, wake_again;

	struct list itls;
	struct pr_table *pr;
	struct scsi_itl *spc2_holder;
	struct list restored;

	char *state;
	char boot_id[64];
	bool state_dirty;

	uint8_t *buffer;		/* of WRITE BUFFER, when there was one */
	uint8_t echo[ECHO_BUFFER_LEN];
	uint32_t echo_len;
	const struct scsi_itl *echo_by;
};

/**
 * struct scsi_itl - a nexus at a unit
 * @ua: attentions that are pending
 * @retired: the unit is to go from there
 * @known: an agent before had it: its guest has seen the unit
 * @registered, @holder: by PERSISTENT RESERVE OUT; kept here for the check of each command
 */
struct scsi_itl {
	struct list in_unit, in_nexus;
	struct scsi_nexus *nexus;
	struct scsi_unit *unit;
	uint8_t target;
	uint16_t lun;
	ua_mask ua;
	bool retired;
	bool known;
	bool registered, holder;
};

/* LUNs of one target id, by number. */
struct lun_dir {
	struct scsi_itl **page[LUN_PAGES];
};

/**
 * struct scsi_nexus - an initiator at a target
 * @id: an NAA id made from its name, for TransportIDs
 * @dir: what it reaches, by target id
 */
struct scsi_nexus {
	struct list in_target;
	struct scsi_target *target;
	char name[SCSI_NAME_MAX + 1];
	uint64_t id;
	struct list itls;
	struct lun_dir *dir[SCSI_MAX_TARGET + 1];
};

/* A unit's place in a target. */
struct mapping {
	struct list in_target;
	struct scsi_unit *unit;
	uint8_t id;
	uint16_t lun;
};

/**
 * struct scsi_target - a wwpn
 * @watch: who tells its guests, or NULL
 */
struct scsi_target {
	char wwpn[SCSI_NAME_MAX + 1];
	uint16_t port;
	uint64_t naa;
	struct list nexuses;
	struct list mappings;		/* by id and LUN, ascending */
	const struct scsi_watch *watch;
	uint32_t nr_units[SCSI_MAX_TARGET + 1];
};

static inline struct scsi_itl *nexus_find(const struct scsi_nexus *nexus, uint8_t id, uint16_t lun)
{
	const struct lun_dir *dir = nexus->dir[id];

	if (!dir || lun > SCSI_MAX_LUN || !dir->page[lun / LUN_PAGE])
		return NULL;
	return dir->page[lun / LUN_PAGE][lun % LUN_PAGE];
}

/* Where the nexus is at that unit, or NULL. */
struct scsi_itl *nexus_at(const struct scsi_nexus *nexus, const struct scsi_unit *unit);

/* A name that can stand in the state file and in a message. */
bool name_is_sound(const char *name);

/* A locally assigned NAA identifier of whatever text. */
uint64_t naa_of(const char *text);

#endif
