/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCSI disks, as a library: who embeds it brings commands and an engine for their I/O.
 *
 * It has no threads and no locks: one thread at a time is in a target, or in any of those that
 * share a unit. done() callbacks come from scsi_submit(), scsi_abort(), the resets, and the
 * engine's completions; they may free the command, and submit (with engine_sync that is a
 * recursion: who goes on and on does so from its loop).
 *
 *	scsi_target	a wwpn: what one endpoint serves, LUNs behind up to 256 target ids
 *	scsi_unit	a logical unit (disk), mapped into one or more targets
 *	scsi_nexus	an initiator, that is, a VM, at a target
 */
#ifndef _VHXD_SCSI_H
#define _VHXD_SCSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "list.h"
#include "msg.h"

#define SCSI_CDB_MAX	32
#define SCSI_SENSE_MAX	96
#define SCSI_MAX_TARGET	255
#define SCSI_MAX_LUN	16383
#define SCSI_NAME_MAX	223		/* of a nexus or a wwpn: printable, no blanks */
#define SCSI_WLUN_REPORT_LUNS	0xc101

enum scsi_status {
	SCSI_GOOD			= 0x00,
	SCSI_CHECK_CONDITION		= 0x02,
	SCSI_BUSY			= 0x08,
	SCSI_RESERVATION_CONFLICT	= 0x18,
	SCSI_TASK_SET_FULL		= 0x28,
	SCSI_TASK_ABORTED		= 0x40,
};

/* Task attributes, as virtio-scsi has them. */
enum scsi_attr {
	SCSI_ATTR_SIMPLE,
	SCSI_ATTR_ORDERED,
	SCSI_ATTR_HEAD,
	SCSI_ATTR_ACA,
};

struct scsi_cmd;
struct scsi_itl;
struct scsi_nexus;
struct scsi_op;
struct scsi_target;
struct scsi_unit;

/* The library's own part of a command: nothing of it is for who submits. */
struct scsi_task {
	struct scsi_itl *itl;
	struct scsi_unit *unit;
	const struct scsi_op *op;
	struct list node;
	uint64_t first, last;
	bool media, exclusive, ordered, head;
	bool running, in_flight, waiting, draining, finished, aborted;
	bool want_error;
	void (*step)(struct scsi_cmd *cmd);
	struct backend_io io;
	void *scratch;
	uint64_t lba;		/* of what is done next */
	uint64_t left;		/* blocks after it */
	uint64_t at;		/* bytes of the buffer that are done */
	uint32_t part;		/* blocks of the I/O in flight */
	uint32_t flags;
};

/**
 * struct scsi_cmd - one command
 *
 * A command whose data do not fit into the pool comes in windows, in order, each as a struct
 * scsi_cmd of its own with the same id and CDB: the buffers hold @win_len bytes of the
 * transfer, from @win_off on. The first status that is not GOOD, or @last, ends it. One that
 * fits has win_off 0 and win_len of all of it.
 *
 * @id: the guest's: what redelivery is recognized by
 * @redelivered: an agent before may have executed it
 * @out, @out_len: data from the guest; @in, @in_cap: room for data to it
 * @total_out, @total_in: bytes of the whole transfer, in buffers of the guest
 * @done: called exactly once, when nothing touches the buffers any more
 * @owner: whatever the caller likes
 *
 * @last: no window after this one is needed
 * @overrun: there was more to send, or to get, than the guest has buffers for
 * @in_len: bytes of @in that are to reach the guest
 * @residual: bytes of the guest's buffers, of all windows, that the command has no use for
 */
struct scsi_cmd {
	struct scsi_nexus *nexus;
	uint64_t id;
	uint16_t lun;
	uint8_t target;
	uint8_t attr;
	uint8_t cdb_len;
	bool redelivered;
	uint8_t cdb[SCSI_CDB_MAX];
	const void *out;
	void *in;
	uint32_t out_len, in_cap;
	uint32_t win_off, win_len;
	uint32_t total_out, total_in;
	void (*done)(struct scsi_cmd *cmd);
	void *owner;

	uint8_t status;
	bool last;
	bool overrun;
	uint8_t sense_len;
	uint8_t sense[SCSI_SENSE_MAX];
	uint32_t in_len;
	uint32_t residual;

	struct scsi_task task;
};

/* Everything from @nexus to @owner is filled in; the command is the library's until done(). */
void scsi_submit(struct scsi_cmd *cmd);

/* Whether nobody but the engine will look at the bytes that the guest sends: @nexus to @cdb count. */
bool scsi_is_blind(const struct scsi_cmd *cmd);

/* Task management: done() comes once the backend has let go, with TASK ABORTED if it was not
 * too late. Harmless to a command that is done already, as long as its memory is there.
 */
void scsi_abort(struct scsi_cmd *cmd);

/* virtio-scsi's lun[8] to target id and LUN; -EINVAL if it is neither flat nor single level. */
int scsi_lun_decode(const uint8_t lun[8], uint8_t *target, uint16_t *number);

/**
 * struct scsi_unit_config - a logical unit
 * @name: what it is called, unique on this host; the NAA id follows from it, or from @uuid
 * @uuid: 36 characters or NULL
 * @serial, @vendor, @product, @rev: NULL for defaults
 * @block_size: 512 or 4096
 * @state: a file for what outlives the agent, NULL for none (then no APTPL either)
 * @boot_id: differs after a power cycle: state that only outlives an agent is dropped then
 */
struct scsi_unit_config {
	const char *name;
	const char *uuid;
	const char *serial;
	const char *vendor;
	const char *product;
	const char *rev;
	uint32_t block_size;
	bool write_cache;
	bool read_only;
	bool thin;
	const char *state;
	const char *boot_id;
};

/* The backend stays the caller's, and open until the unit is destroyed. */
int scsi_unit_create(const struct scsi_unit_config *config, struct backend *backend,
		     struct scsi_unit **unit, struct msg *msg);
/* -EBUSY while it is mapped or a command is at it */
int scsi_unit_destroy(struct scsi_unit *unit);

/* The backend may have another size: looks, and tells the guests by a unit attention. */
int scsi_unit_resized(struct scsi_unit *unit);
/* What INQUIRY says may have changed. */
void scsi_unit_inquiry_changed(struct scsi_unit *unit);
/* The backend is gone, or back: commands answer NOT READY meanwhile. */
void scsi_unit_set_gone(struct scsi_unit *unit, bool gone);
/* Everything the state file should say is in it, and on stable storage. */
int scsi_unit_save(struct scsi_unit *unit);

/**
 * scsi_target_create - @wwpn as QEMU names it
 * @port: relative target port identifier, 1 to 65535
 */
int scsi_target_create(const char *wwpn, uint16_t port, struct scsi_target **target,
		       struct msg *msg);
int scsi_target_destroy(struct scsi_target *target);

/*
 * Guests are told by REPORTED LUNS DATA HAS CHANGED, at all other units of the wwpn: who has no
 * unit behind that target id yet would not hear of it. A unit is at one place of a target.
 */
int scsi_target_map(struct scsi_target *target, uint8_t id, uint16_t lun,
		    struct scsi_unit *unit);
/*
 * A unit that is to go takes no more commands there: they are BUSY, until it is unmapped, or is not
 * to go after all. Those that have begun go on.
 */
int scsi_target_retire(struct scsi_target *target, uint8_t id, uint16_t lun, bool retired);
/* -EBUSY while a command is there: wait for them, or scsi_target_abort() them as well */
int scsi_target_unmap(struct scsi_target *target, uint8_t id, uint16_t lun);

/**
 * struct scsi_watch - who wants to tell guests at once what an attention tells them by and by
 * @changed: a unit's parameters did, of a target's unit: @code is the attention's. Called from
 *	whatever changed them
 * @owner: whatever the caller likes
 */
struct scsi_watch {
	void (*changed)(const struct scsi_watch *watch, uint8_t id, uint16_t lun, uint16_t code);
	void *owner;
};

/* NULL for nobody; @watch stays the caller's, until the target is destroyed. */
void scsi_target_watch(struct scsi_target *target, const struct scsi_watch *watch);
/* Whether there is a target of this id: a command to another is BAD TARGET for the kernel. */
bool scsi_target_has(const struct scsi_target *target, uint8_t id);

/* A nexus that the state file knows goes on where it was; another begins with POWER ON. */
int scsi_nexus_create(struct scsi_target *target, const char *name, struct scsi_nexus **nexus);
/* The VM is gone for good, and the state file forgets it: an agent that only makes room for
 * another does not call this. -EBUSY while it has commands.
 */
int scsi_nexus_destroy(struct scsi_nexus *nexus);

/* Resets: commands are aborted, unit attentions established, RESERVE(6) undone. They return
 * at once; the TMF is done when the last of the aborted commands is. A logical unit's is everybody's
 * who has the unit. A nexus's, as its guest asks for it, is of the commands, the RESERVE(6) and the
 * attention of that nexus, at all units of a target id: -ENOENT where there is none. A loss of the
 * nexus, which is when the VM begins anew, is that at all its units, and undoes what nobody else can
 * have set.
 */
int scsi_lun_reset(struct scsi_target *target, uint8_t id, uint16_t lun);
int scsi_nexus_reset(struct scsi_nexus *nexus, uint8_t id);
void scsi_nexus_loss(struct scsi_nexus *nexus);

/* A unit went, of which the guests were not told: it was another agent's. */
void scsi_target_luns_changed(struct scsi_target *target);

/* Only the aborting: of what came by that place, and not by other targets'. */
void scsi_target_abort(struct scsi_target *target, uint8_t id, uint16_t lun);

#endif
