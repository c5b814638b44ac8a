/* SPDX-License-Identifier: GPL-2.0-only */
/* A PERSISTENT RESERVE OUT command on its way. */
#ifndef _VHXD_PR_ACTIONS_H
#define _VHXD_PR_ACTIONS_H

#include "pr.h"
#include "transport_id.h"

enum prout_action {
	PROUT_REGISTER,
	PROUT_RESERVE,
	PROUT_RELEASE,
	PROUT_CLEAR,
	PROUT_PREEMPT,
	PROUT_PREEMPT_ABORT,
	PROUT_REGISTER_IGNORE,
	PROUT_MOVE,
};

/**
 * struct prout - the command
 * @list, @len: its parameter list, a copy
 * @new: the table as it will be
 * @self: index of who sent it, or -1
 * @ua_removed, @ua_kept: what registrants that are gone, and others that are not, will be told;
 *	0 for nothing
 */
struct prout {
	struct scsi_cmd *cmd;
	struct scsi_itl *itl;
	uint8_t action, type, scope;
	uint64_t key, sa_key;
	bool spec_i_pt, all_tg_pt, aptpl, unreg;
	const uint8_t *list;
	uint32_t len;
	struct pr_table *new;
	int self;
	enum ua ua_removed, ua_kept;
};

/* false: nothing is to be changed, and it has been answered. */
bool prout_act(struct prout *p);

#endif
