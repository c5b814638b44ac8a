/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of io_uring as 7.x has them: a callback in the submitter's task is told whether that is
 * dying, a completion has one result, a command's payload has a type, and a ring takes memory of
 * others' for a registered buffer, or refuses it here. Drop with 6.12.
 */
#ifndef _VHX_COMPAT_IO_URING_CMD_H
#define _VHX_COMPAT_IO_URING_CMD_H

#include_next <linux/io_uring/cmd.h>

#ifndef VHX_HAVE_IO_URING_CMD_FROM_TW

struct io_tw_req {
	struct io_kiocb *req;
};

typedef struct {
	bool cancel;
} io_tw_token_t;

typedef void (*vhx_compat_tw_t)(struct io_tw_req tw_req, io_tw_token_t tw);

#define IO_URING_CMD_TASK_WORK_ISSUE_FLAGS IO_URING_F_COMPLETE_DEFER

static inline struct io_uring_cmd *io_uring_cmd_from_tw(struct io_tw_req tw_req)
{
	return io_kiocb_to_cmd(tw_req.req, struct io_uring_cmd);
}

/* The newer callback stands in the last word of the command's own storage. */
static inline vhx_compat_tw_t *vhx_compat_tw(struct io_uring_cmd *cmd)
{
	return (vhx_compat_tw_t *)(cmd->pdu + sizeof(cmd->pdu) - sizeof(vhx_compat_tw_t));
}

static inline void vhx_compat_tw_run(struct io_uring_cmd *cmd, unsigned int flags)
{
	const io_tw_token_t tw = { .cancel = flags & IO_URING_F_TASK_DEAD };

	(*vhx_compat_tw(cmd))((struct io_tw_req) { cmd_to_io_kiocb(cmd) }, tw);
}

static inline void vhx_compat_do_in_task_lazy(struct io_uring_cmd *cmd, vhx_compat_tw_t fn)
{
	*vhx_compat_tw(cmd) = fn;
	io_uring_cmd_do_in_task_lazy(cmd, vhx_compat_tw_run);
}

static inline void vhx_compat_done(struct io_uring_cmd *cmd, s32 ret, unsigned int issue_flags)
{
	io_uring_cmd_done(cmd, ret, 0, issue_flags);
}

#define io_uring_cmd_do_in_task_lazy vhx_compat_do_in_task_lazy
#define io_uring_cmd_done vhx_compat_done
#define io_uring_sqe_cmd(sqe, type) ((const type *)(sqe)->cmd)

#endif

#ifndef VHX_HAVE_IO_BUFFER_REGISTER_BVEC

#define io_uring_cmd_ctx_handle(cmd) ((void *)cmd_to_io_kiocb(cmd)->ctx)

static inline int vhx_compat_buffer_unregister(struct io_uring_cmd *cmd, unsigned int index,
					       unsigned int issue_flags)
{
	return -EOPNOTSUPP;
}

#define io_buffer_register_bvec(...) (-EOPNOTSUPP)
#define io_buffer_unregister vhx_compat_buffer_unregister

#endif
#endif
