// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands at a unit are in a list, in order of arrival. One may go on when none before it is in
 * its way: COMPARE AND WRITE has its blocks for itself, ORDERED everything. Since who waits does
 * so for those before it only, there is no circle.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "state.h"
#include "task.h"

#define SCRATCH_ALIGN	4096

static bool is_barrier(const struct scsi_task *t)
{
	return t->exclusive || t->ordered;
}

static bool conflict(const struct scsi_task *t, const struct scsi_task *before)
{
	if (before->ordered || t->ordered)
		return !t->head;
	if (!t->exclusive && !before->exclusive)
		return false;
	return t->media && before->media && t->first <= before->last && before->first <= t->last;
}

static bool drained(const struct scsi_task *t)
{
	struct scsi_cmd *other;

	list_for_each(other, &t->unit->tasks, task.node)
		if (&other->task != t && other->task.aborted)
			return false;
	return true;
}

static bool blocked(const struct scsi_task *t)
{
	struct scsi_cmd *before;

	if (t->draining)
		return !drained(t);
	if (!t->unit->nr_exclusive)
		return false;
	list_for_each(before, &t->unit->tasks, task.node) {
		if (&before->task == t)
			return false;
		if (conflict(t, &before->task))
			return true;
	}
	return false;
}

static void wait_if_blocked(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	t->waiting = blocked(t);
	t->unit->nr_waiting += t->waiting;
}

static void stop_waiting(struct scsi_task *t)
{
	t->unit->nr_waiting -= t->waiting;
	t->waiting = false;
	t->draining = false;
}

/* Those whose turn has come; ends of commands on the way only ask for one more look. */
static void wake(struct scsi_unit *unit)
{
	struct scsi_cmd *cmd;

	unit->wake_again = true;
	if (unit->waking)
		return;
	unit->waking = true;
	while (unit->wake_again) {
		unit->wake_again = false;
		list_for_each(cmd, &unit->tasks, task.node) {
			if (!cmd->task.waiting || blocked(&cmd->task))
				continue;
			stop_waiting(&cmd->task);
			unit->wake_again = true;
			task_run(cmd);
			break;
		}
	}
	unit->waking = false;
}

static void task_end(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	struct scsi_unit *unit = t->unit;
	bool look = false;

	free(t->scratch);
	t->scratch = NULL;
	if (unit) {
		list_del(&t->node);
		unit->nr_exclusive -= is_barrier(t);
		look = unit->nr_waiting;
		state_flush(unit);
	}
	cmd->done(cmd);
	if (look)
		wake(unit);
}

void task_begin(struct scsi_cmd *cmd, struct scsi_itl *itl, void (*step)(struct scsi_cmd *cmd))
{
	struct scsi_task *t = &cmd->task;

	t->itl = itl;
	t->unit = itl ? itl->unit : NULL;
	t->step = step;
	if (!t->unit)
		return;
	list_add(&t->unit->tasks, &t->node);
	t->ordered = cmd->attr == SCSI_ATTR_ORDERED;
	/* To be ahead of ORDERED ones is what HEAD OF QUEUE is for. */
	t->head = cmd->attr == SCSI_ATTR_HEAD;
	t->unit->nr_exclusive += t->ordered;
	if (t->unit->nr_exclusive)
		wait_if_blocked(cmd);
}

/* Also what comes back to a caller further up, so that steps never nest. */
void task_run(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;

	if (t->running)
		return;
	t->running = true;
	while (!t->finished && !t->in_flight && !t->waiting) {
		if (t->aborted)
			cmd_status(cmd, SCSI_TASK_ABORTED);
		else if (t->io.res && !t->want_error)
			cmd_errno(cmd, t->io.res);
		else
			t->step(cmd);
	}
	t->running = false;
	if (t->finished)
		task_end(cmd);
}

static void io_done(struct backend_io *io)
{
	struct scsi_cmd *cmd = list_entry(io, struct scsi_cmd, task.io);

	cmd->task.in_flight = false;
	task_run(cmd);
}

void cmd_io(struct scsi_cmd *cmd, enum backend_op op, uint64_t nr, void *buf)
{
	struct scsi_task *t = &cmd->task;
	struct backend_io *io = &t->io;

	io->op = op;
	io->flags = t->flags;
	io->off = t->lba * t->unit->block_size;
	io->len = nr * t->unit->block_size;
	io->buf = buf;
	io->res = 0;
	io->done = io_done;
	t->in_flight = true;
	t->unit->backend->ops->submit(t->unit->backend, io);
}

void cmd_claim(struct scsi_cmd *cmd, uint64_t nr, bool exclusive,
	       void (*step)(struct scsi_cmd *cmd))
{
	struct scsi_task *t = &cmd->task;

	t->step = step;
	if (!nr)
		return;
	t->media = true;
	t->first = t->lba;
	t->last = t->lba + nr - 1;
	if (exclusive && !is_barrier(t))
		t->unit->nr_exclusive++;
	t->exclusive = exclusive;
	if (t->unit->nr_exclusive)
		wait_if_blocked(cmd);
}

void task_drain(struct scsi_cmd *cmd, void (*step)(struct scsi_cmd *cmd))
{
	cmd->task.step = step;
	cmd->task.draining = true;
	wait_if_blocked(cmd);
}

bool cmd_scratch(struct scsi_cmd *cmd, size_t len)
{
	free(cmd->task.scratch);
	if (!posix_memalign(&cmd->task.scratch, SCRATCH_ALIGN, len ? len : 1))
		return true;
	cmd->task.scratch = NULL;
	cmd_status(cmd, SCSI_TASK_SET_FULL);
	return false;
}

void scsi_abort(struct scsi_cmd *cmd)
{
	struct scsi_task *t = &cmd->task;
	const struct backend_ops *ops;

	if (t->finished || !t->unit)
		return;
	t->aborted = true;
	if (t->waiting)
		stop_waiting(t);
	if (!t->in_flight) {
		task_run(cmd);
		return;
	}
	ops = t->unit->backend->ops;
	if (ops->cancel)
		ops->cancel(t->unit->backend, &t->io);
}

static bool is_meant(const struct scsi_cmd *cmd, const struct scsi_itl *itl,
		     const struct scsi_cmd *but)
{
	return cmd != but && !cmd->task.aborted && !cmd->task.finished &&
	       (!itl || cmd->task.itl == itl);
}

/* From the first again after each: its end may have ended others. */
void task_abort_all(struct scsi_unit *unit, const struct scsi_itl *itl, const struct scsi_cmd *but)
{
	struct scsi_cmd *cmd;
	bool found;

	do {
		found = false;
		list_for_each(cmd, &unit->tasks, task.node) {
			if (!is_meant(cmd, itl, but))
				continue;
			found = true;
			scsi_abort(cmd);
			break;
		}
	} while (found);
}
