// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-scsi requests of whatever bytes and lengths: what is understood of them must be inside
 * the buffer, and what is answered must fit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "req.h"

#define CTL	1
#define PI	2
#define INOUT	4
#define SWAP	8

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

struct input {
	uint8_t flags;
	uint32_t out_len;
	uint32_t in_len;
} __attribute__((packed));

static void check_task(const struct vhx_scsi_task *t)
{
	CHECK(t->lun < VHX_SCSI_LUNS || (t->lun == VHX_SCSI_LUN_REPORT && !t->target));
}

static void check_half(const struct vhx_scsi_span *prot, const struct vhx_scsi_span *data,
		       uint32_t head, uint32_t len)
{
	CHECK(prot->off == head && data->off == head + prot->len);
	CHECK(data->off >= head && data->off <= len && data->len == len - data->off);
	CHECK(data->len <= VHX_SCSI_DATA_MAX && prot->len <= data->len);
}

static void check_cmd(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf)
{
	const uint32_t head = vhx_scsi_head_len(opt);
	struct vhx_scsi_cmd cmd;
	int rc;

	memset(&cmd, 0xff, sizeof(cmd));
	rc = vhx_scsi_parse_cmd(opt, buf, &cmd);
	if (buf->out_len < head || buf->in_len < VHX_SCSI_RESP_LEN) {
		CHECK(rc == -EINVAL);
		return;
	}
	CHECK(rc == VHX_SCSI_S_OK || rc == VHX_SCSI_S_FAILURE || rc == VHX_SCSI_S_BAD_TARGET);
	if (rc)
		return;
	check_task(&cmd.task);
	CHECK(cmd.head_len == head && cmd.task_attr <= VHX_SCSI_ATTR_ACA && cmd.prio < 16);
	check_half(&cmd.pi_out, &cmd.out, head, buf->out_len);
	check_half(&cmd.pi_in, &cmd.in, VHX_SCSI_RESP_LEN, buf->in_len);
	CHECK(opt->inout || !cmd.out.len || !cmd.in.len);
	CHECK(opt->t10_pi || (!cmd.pi_out.len && !cmd.pi_in.len));
	CHECK(vhx_scsi_used_len(&cmd, 0) == VHX_SCSI_RESP_LEN);
	CHECK(vhx_scsi_used_len(&cmd, UINT32_MAX) <= buf->in_len);
	CHECK(!cmd.in.len || vhx_scsi_used_len(&cmd, cmd.in.len) == buf->in_len);
}

static void check_ctl(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf)
{
	struct vhx_scsi_an_resp resp;
	struct vhx_scsi_ctl ctl;
	uint8_t ends, answer;
	int rc;

	memset(&ctl, 0xff, sizeof(ctl));
	rc = vhx_scsi_parse_ctl(opt, buf, &ctl);
	CHECK(rc >= 0 || rc == -EINVAL || rc == -EOPNOTSUPP);
	if (rc < 0)
		return;
	CHECK(vhx_scsi_fill_ctl(&ctl, rc, &resp) <= buf->in_len);
	if (ctl.type != VHX_SCSI_CTL_TMF) {
		CHECK(!rc);
		return;
	}
	ends = vhx_scsi_tmf_ends(&ctl);
	answer = vhx_scsi_tmf_answer(&ctl, true);
	CHECK(rc != VHX_SCSI_S_REJECTED || (!ends && answer == rc));
	if (rc)
		return;
	check_task(&ctl.task);
	CHECK(answer != VHX_SCSI_S_REJECTED);
	CHECK(!ends == (answer == VHX_SCSI_S_SUCCEEDED));
	CHECK(vhx_scsi_tmf_concerns(&ctl, &ctl.task));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhx_scsi_opt opt;
	struct vhx_scsi_buf buf;
	struct input in;
	size_t have;
	void *head;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	size -= sizeof(in);
	opt = (struct vhx_scsi_opt) {
		.t10_pi = in.flags & PI, .inout = in.flags & INOUT, .swap = in.flags & SWAP,
	};

	/* A block of just what the caller promises, what the input has not being zero. */
	have = in.flags & CTL ? VHX_SCSI_CTL_LEN : vhx_scsi_head_len(&opt);
	if (have > in.out_len)
		have = in.out_len;
	head = calloc(1, have ? have : 1);
	CHECK(head);
	memcpy(head, data + sizeof(in), size < have ? size : have);
	buf = (struct vhx_scsi_buf) { .head = head, .out_len = in.out_len, .in_len = in.in_len };
	if (in.flags & CTL)
		check_ctl(&opt, &buf);
	else
		check_cmd(&opt, &buf);
	free(head);
	return 0;
}
