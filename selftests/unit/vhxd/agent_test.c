// SPDX-License-Identifier: GPL-2.0-only
/* libvhx's part of the channel, as far as there need be no kernel behind it. */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>

#include "libvhx.h"
#include "tests.h"

static const struct vhx_agent_cmd *cmd_of(const struct io_uring_sqe *sqe)
{
	return (const struct vhx_agent_cmd *)sqe->cmd;
}

static struct io_uring_sqe dirty(void)
{
	struct io_uring_sqe sqe;

	memset(&sqe, 0xff, sizeof(sqe));
	return sqe;
}

static void check_sqe(const struct io_uring_sqe *sqe, __u32 op)
{
	assert_int_equal(sqe->opcode, IORING_OP_URING_CMD);
	assert_int_equal(sqe->fd, 7);
	assert_int_equal(sqe->cmd_op, op);
	assert_int_equal(sqe->flags, 0);
	assert_int_equal(sqe->len, 0);
	assert_int_equal(sqe->user_data, 0);
	assert_int_equal(sqe->__pad1, 0);
}

static void check(const struct io_uring_sqe *sqe, __u32 op)
{
	static const struct vhx_agent_cmd zeroes;

	check_sqe(sqe, op);
	assert_memory_equal(cmd_of(sqe)->reserved, zeroes.reserved, sizeof(zeroes.reserved));
}

static void test_layout(void **state)
{
	assert_int_equal(sizeof(struct vhx_agent_cmd), 16);
	assert_int_equal(sizeof(struct vhx_agent_scsi), 56);
	assert_int_equal(sizeof(struct vhx_agent_done), 32);
	assert_int_equal(sizeof(struct vhx_agent_req) % 8, 0);
}

static void test_fetch(void **state)
{
	struct io_uring_sqe sqe = dirty();

	vhx_agent__prep_fetch(&sqe, 7, 3);
	check(&sqe, VHX_AGENT_FETCH);
	assert_int_equal(sqe.addr, 0);
	assert_int_equal(cmd_of(&sqe)->queue, 3);
	assert_int_equal(cmd_of(&sqe)->nr, 0);
	assert_int_equal(cmd_of(&sqe)->max, 0);
}

static void test_event(void **state)
{
	struct io_uring_sqe sqe = dirty();

	vhx_agent__prep_event(&sqe, 7);
	check(&sqe, VHX_AGENT_EVENT);
	assert_int_equal(sqe.addr, 0);
	assert_int_equal(cmd_of(&sqe)->queue, 0);
}

static void test_commit(void **state)
{
	struct vhx_agent_done done[5];
	struct vhx_agent_answers answers = { .done = done, .nr = 5, .queue = 2 };
	struct io_uring_sqe sqe = dirty();

	vhx_agent__prep_commit(&sqe, 7, &answers);
	check(&sqe, VHX_AGENT_COMMIT);
	assert_int_equal(sqe.addr, (uintptr_t)done);
	assert_int_equal(cmd_of(&sqe)->queue, 2);
	assert_int_equal(cmd_of(&sqe)->nr, 5);
	answers.fetch = true;
	vhx_agent__prep_commit(&sqe, 7, &answers);
	check(&sqe, VHX_AGENT_COMMIT_FETCH);
}

static void test_buf_reg(void **state)
{
	const struct vhx_agent_window window = { .tag = 70000, .gen = 5, .index = 300 };
	const struct vhx_agent_buf_cmd *cmd;
	struct io_uring_sqe sqe = dirty();

	vhx_agent__prep_buf_reg(&sqe, 7, &window);
	check_sqe(&sqe, VHX_AGENT_BUF_REG);
	cmd = (const struct vhx_agent_buf_cmd *)sqe.cmd;
	assert_int_equal(sqe.addr, 0);
	assert_int_equal(cmd->tag, 70000);
	assert_int_equal(cmd->gen, 5);
	assert_int_equal(cmd->index, 300);
	assert_int_equal(cmd->reserved, 0);
}

/* Positions go around the queue's part of the ring, and around 2^32. */
static void test_tag(void **state)
{
	const __u32 ring[8] = { 0, 1, 2, 3, 14, 15, 16, 17 };
	const struct vhx_agent agent = { .queues = 2, .tags = 8, .queue_tags = 4, .ring = ring };

	assert_int_equal(vhx_agent__tag(&agent, 0, 0), 0);
	assert_int_equal(vhx_agent__tag(&agent, 1, 0), 14);
	assert_int_equal(vhx_agent__tag(&agent, 1, 3), 17);
	assert_int_equal(vhx_agent__tag(&agent, 1, 4), 14);
	assert_int_equal(vhx_agent__tag(&agent, 0, UINT32_MAX), 3);
}

static void test_refused(void **state)
{
	struct vhx_agent agent = { .fd = -1 };
	struct vhx_agent *opened = &agent;
	char name[VHX_ENDPOINT_NAME_LEN + 1];
	__u32 number;

	assert_int_equal(vhx_agent__open(&opened, 0, 4, 4096), -EINVAL);
	assert_null(opened);
	assert_int_equal(vhx_agent__open(&opened, 3, 4, 4096), -EINVAL);
	memset(name, 'x', sizeof(name));
	name[VHX_ENDPOINT_NAME_LEN] = '\0';
	assert_int_equal(vhx_agent__attach(&agent, name, 0, &number), -EINVAL);
	assert_int_equal(vhx_agent__attach(&agent, "", 0, &number), -EINVAL);
	assert_int_equal(vhx_agent__destroy(-1, name), -EINVAL);
	name[VHX_ENDPOINT_NAME_LEN - 1] = '\0';
	assert_int_equal(vhx_agent__attach(&agent, name, 0, &number), -EBADF);
	assert_int_equal(vhx_agent__drain(&agent), -EBADF);
	vhx_agent__close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_fetch),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_buf_reg),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
