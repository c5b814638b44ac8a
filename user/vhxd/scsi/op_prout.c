// SPDX-License-Identifier: GPL-2.0-only
/*
 * PERSISTENT RESERVE OUT: its parameters, what it does to a copy of the table, and how that takes
 * the old one's place. What the service actions mean is in pr_actions.c.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "pr_actions.h"
#include "state.h"
#include "task.h"

#define LIST_LEN	24
#define LIST_MAX	(LIST_LEN + 4 + PR_MAX * 24)

static bool parse_list(struct prout *p, const uint8_t *list, uint32_t len)
{
	bool move = p->action == PROUT_MOVE;

	p->key = get_be64(list);
	p->sa_key = get_be64(list + 8);
	p->list = list;
	p->len = len;
	if (move) {
		p->aptpl = list[17] & 0x01;
		p->unreg = list[17] & 0x02;
		return true;
	}
	p->spec_i_pt = list[20] & 0x08;
	p->all_tg_pt = list[20] & 0x04;
	p->aptpl = list[20] & 0x01;
	if (p->spec_i_pt && p->action == PROUT_REGISTER)
		return len >= LIST_LEN + 4;
	return len == LIST_LEN;
}

/* A copy: it is read more than once. */
static bool get_list(struct prout *p)
{
	struct scsi_cmd *cmd = p->cmd;
	uint32_t len = get_be32(cmd->cdb + 5);

	if (len < LIST_LEN || len > LIST_MAX) {
		cmd_sense(cmd, SENSE_PARAM_LENGTH);
		return false;
	}
	if (!cmd_list(cmd, len) || !cmd_scratch(cmd, len))
		return false;
	memcpy(cmd->task.scratch, cmd->out, len);
	if (parse_list(p, cmd->task.scratch, len))
		return true;
	cmd_sense(cmd, SENSE_PARAM_LENGTH);
	return false;
}

/* Who was registered, and is not, or still is, hears of it; who is not may have to end. */
static void tell_others(struct prout *p)
{
	struct scsi_unit *unit = p->cmd->task.unit;
	struct scsi_itl *itl;
	bool was;

	list_for_each(itl, &unit->itls, in_unit) {
		was = itl->registered;
		pr_attach(itl);
		if (itl == p->itl || !was)
			continue;
		if (itl->registered && p->ua_kept)
			ua_set(itl, p->ua_kept);
		if (itl->registered || !p->ua_removed)
			continue;
		ua_set(itl, p->ua_removed);
		if (p->action == PROUT_PREEMPT_ABORT)
			task_abort_all(unit, itl, p->cmd);
	}
}

static void install(struct prout *p)
{
	struct scsi_unit *unit = p->cmd->task.unit;
	struct pr_table *old = unit->pr;

	unit->pr = p->new;
	free(old);
	tell_others(p);
	if (p->action == PROUT_PREEMPT_ABORT)
		task_drain(p->cmd, cmd_good);
	else
		cmd_good(p->cmd);
}

static struct pr_done done_of(const struct prout *p)
{
	return (struct pr_done) {
		.nexus = p->itl->nexus->id,
		.target = p->itl->nexus->target->naa,
		.id = p->cmd->id,
		.key = p->key,
		.sa_key = p->sa_key,
		.action = p->action,
	};
}

/* It is on stable storage before anybody acts on it, or it has not happened. */
static void commit(struct prout *p)
{
	struct scsi_unit *unit = p->cmd->task.unit;
	struct pr_done done = done_of(p);

	pr_set_done(p->new, &done);
	if (state_save(unit, p->new)) {
		free(p->new);
		cmd_sense(p->cmd, SENSE_INTERNAL);
		return;
	}
	install(p);
}

void op_pr_out(struct scsi_cmd *cmd)
{
	struct prout p = { .cmd = cmd, .itl = cmd->task.itl, .action = cmd->cdb[1] & 0x1f,
			   .type = cmd->cdb[2] & 0x0f, .scope = cmd->cdb[2] >> 4 };
	struct scsi_unit *unit = cmd->task.unit;
	struct pr_done done;

	if (!get_list(&p))
		return;
	done = done_of(&p);
	if (cmd->redelivered && pr_was_done(unit->pr, &done)) {
		cmd_good(cmd);
		return;
	}
	p.new = pr_copy(unit->pr, 1 + p.len / TRANSPORT_ID_LEN);
	if (!p.new) {
		cmd_status(cmd, SCSI_TASK_SET_FULL);
		return;
	}
	p.self = pr_find(p.new, p.itl->nexus);
	if (prout_act(&p)) {
		commit(&p);
		return;
	}
	free(p.new);
}
