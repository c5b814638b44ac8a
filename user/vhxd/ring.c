// SPDX-License-Identifier: GPL-2.0-only
/*
 * A loop's ring. It begins disabled, so that what it may do can be narrowed: reading and writing
 * registered files and the session's commands are all that is left to who takes over the agent.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/uio.h>

#include "log.h"
#include "loop.h"
#include "scsi/bytes.h"

#define SQ_ENTRIES	256U

static int register_files(struct loop *loop, struct msg *msg)
{
	int fds[LOOP_FILE_DISKS] = {
		[LOOP_FILE_SESSION] = loop->session,
		[LOOP_FILE_WAKE] = loop->wake,
	};
	int ret;

	ret = io_uring_register_files_sparse(&loop->ring, LOOP_NR_FILES);
	if (ret)
		return msg_set(msg, ret, "io_uring: no table of files (%s): is RLIMIT_NOFILE below %d?",
			       msg_errno(ret), LOOP_NR_FILES);
	ret = io_uring_register_files_update(&loop->ring, 0, fds, LOOP_FILE_DISKS);
	if (ret < 0)
		return msg_set(msg, ret, "io_uring: files cannot be registered (%s)",
			       msg_errno(ret));
	return 0;
}

/* Guests' memory comes and goes in places of the table behind the pool. */
static int register_table(struct loop *loop, const struct iovec *pool)
{
	const __u64 no_tag = 0;
	int ret;

	if (!loop->zcopy)
		return io_uring_register_buffers(&loop->ring, pool, 1);
	ret = io_uring_register_buffers_sparse(&loop->ring, zcopy_places(loop->zcopy));
	if (ret)
		return ret;
	ret = io_uring_register_buffers_update_tag(&loop->ring, 0, pool, &no_tag, 1);
	return ret == 1 ? 0 : ret;
}

/* A pool that is not registered works as well, only slower. */
static void register_pool(struct loop *loop)
{
	struct iovec iov = { loop->pool, loop->pool_size };
	int ret;

	if (!loop->pool)
		return;
	ret = register_table(loop, &iov);
	loop->fixed = !ret;
	if (ret)
		log_warning("loop %u: the pool cannot be registered (%s): LimitMEMLOCK= of %zu bytes for each queue would let it",
			    loop->index, msg_errno(ret), loop->pool_size);
}

static int restrict_ring(struct loop *loop)
{
	static const uint8_t ops[] = {
		IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED,
		IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_URING_CMD, IORING_OP_ASYNC_CANCEL,
	};
	struct io_uring_restriction res[ARRAY_SIZE(ops) + 2];
	size_t i;

	memset(res, 0, sizeof(res));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		res[i].opcode = IORING_RESTRICTION_SQE_OP;
		res[i].sqe_op = ops[i];
	}
	res[i].opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED;
	res[i++].sqe_flags = IOSQE_FIXED_FILE;
	res[i].opcode = IORING_RESTRICTION_REGISTER_OP;
	res[i++].register_op = IORING_REGISTER_FILES_UPDATE;
	return io_uring_register_restrictions(&loop->ring, res, (unsigned int)i);
}

static int setup(struct loop *loop, struct msg *msg)
{
	int ret;

	ret = register_files(loop, msg);
	if (ret)
		return ret;
	register_pool(loop);
	ret = restrict_ring(loop);
	if (ret)
		log_warning("loop %u: its ring cannot be restricted (%s)", loop->index,
			    msg_errno(ret));
	ret = io_uring_enable_rings(&loop->ring);
	return ret ? msg_set(msg, ret, "io_uring: the ring does not start (%s)", msg_errno(ret)) : 0;
}

static const char *hint(int err)
{
	if (err == -EPERM)
		return ": sysctl kernel.io_uring_disabled=0, or a seccomp filter forbids it";
	if (err == -ENOMEM)
		return ": raise LimitMEMLOCK=";
	return "";
}

int ring_open(struct loop *loop, struct msg *msg)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE |
			 IORING_SETUP_R_DISABLED,
		.cq_entries = loop->depth * 4 < SQ_ENTRIES * 4 ? SQ_ENTRIES * 4 : loop->depth * 4,
	};
	int ret;

	ret = io_uring_queue_init_params(SQ_ENTRIES, &loop->ring, &params);
	if (ret)
		return msg_set(msg, ret, "io_uring is not to be had (%s)%s", msg_errno(ret),
			       hint(ret));
	/* It only saves a look-up of the fd. */
	io_uring_register_ring_fd(&loop->ring);
	ret = setup(loop, msg);
	if (ret)
		io_uring_queue_exit(&loop->ring);
	return ret;
}
