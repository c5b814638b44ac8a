// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The bytes of virtio-scsi, see req.h. They come from a guest: a length is used only where it was
 * found to fit, and no sum of two of them is made before that.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "req.h"

#define LUN_TARGET	1	/* first byte of an address: target and logical unit follow */
#define LUN_FLAT	0x40	/* third byte: a logical unit of 14 bits */
#define LUN_METHOD	0xc0	/* its bits that say so */

_Static_assert(sizeof(struct vhx_scsi_cmd_head) == VHX_SCSI_HEAD_LEN, "51 bytes on the wire");
_Static_assert(sizeof(struct vhx_scsi_cmd_head_pi) == VHX_SCSI_HEAD_LEN_PI, "59 bytes");
_Static_assert(sizeof(struct vhx_scsi_resp) == VHX_SCSI_RESP_LEN, "108 bytes");
_Static_assert(sizeof(struct vhx_scsi_tmf_head) == VHX_SCSI_CTL_LEN, "24 bytes");
_Static_assert(sizeof(struct vhx_scsi_an_head) == 16, "16 bytes");
_Static_assert(sizeof(struct vhx_scsi_tmf_resp) == 1, "1 byte");
_Static_assert(sizeof(struct vhx_scsi_an_resp) == 5, "5 bytes");
_Static_assert(sizeof(struct vhx_scsi_event) == 16, "16 bytes");

static inline __u32 get32(const __u8 *p, bool swap)
{
	__u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return swap ? __builtin_bswap32(v) : v;
}

static inline __u64 get64(const __u8 *p, bool swap)
{
	__u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return swap ? __builtin_bswap64(v) : v;
}

static inline void put16(__u8 *p, __u16 v, bool swap)
{
	if (swap)
		v = __builtin_bswap16(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline void put32(__u8 *p, __u32 v, bool swap)
{
	if (swap)
		v = __builtin_bswap32(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

static bool is_report_luns(const __u8 *lun)
{
	static const __u8 wanted[8] = { VHX_SCSI_LUN_REPORT >> 8, VHX_SCSI_LUN_REPORT & 0xff };

	return get64(lun, false) == get64(wanted, false);
}

/*
 * Both ways of writing a logical unit below 256 are in use: flat, and with nothing in front.
 *
 * Return: VHX_SCSI_S_OK, VHX_SCSI_S_BAD_TARGET, or VHX_SCSI_S_INCORRECT_LUN where the target is
 * said and the logical unit makes no sense.
 */
static int parse_lun(const __u8 *lun, struct vhx_scsi_task *task)
{
	task->target = 0;
	task->lun = VHX_SCSI_LUN_REPORT;
	if (is_report_luns(lun))
		return VHX_SCSI_S_OK;
	if (lun[0] != LUN_TARGET)
		return VHX_SCSI_S_BAD_TARGET;

	task->target = lun[1];
	task->lun = 0;
	if (lun[2] && (lun[2] & LUN_METHOD) != LUN_FLAT)
		return VHX_SCSI_S_INCORRECT_LUN;
	if (get32(lun + 4, false))
		return VHX_SCSI_S_INCORRECT_LUN;
	task->lun = (__u16)((lun[2] & ~LUN_METHOD) << 8 | lun[3]);
	return VHX_SCSI_S_OK;
}

/*
 * What is behind the head, or the response, in a half of @len bytes: @pi bytes of protection
 * information, then data. Eight bytes of the former protect a block: there are never more of
 * those than of data.
 */
static int split_half(struct vhx_scsi_cmd *cmd, bool in, __u32 len, __u32 pi)
{
	struct vhx_scsi_span *data = in ? &cmd->in : &cmd->out;
	struct vhx_scsi_span *prot = in ? &cmd->pi_in : &cmd->pi_out;
	const __u32 off = in ? VHX_SCSI_RESP_LEN : cmd->head_len;
	const __u32 rest = len - off;

	if (pi > rest || pi > rest - pi || rest - pi > VHX_SCSI_DATA_MAX)
		return VHX_SCSI_S_FAILURE;
	*prot = (struct vhx_scsi_span){ .off = off, .len = pi };
	*data = (struct vhx_scsi_span){ .off = off + pi, .len = rest - pi };
	return VHX_SCSI_S_OK;
}

static int parse_data(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		      struct vhx_scsi_cmd *cmd)
{
	const struct vhx_scsi_cmd_head_pi *h = buf->head;
	__u32 pi_out = 0, pi_in = 0;

	if (opt->t10_pi) {
		pi_out = get32(h->pi_bytesout, opt->swap);
		pi_in = get32(h->pi_bytesin, opt->swap);
	}
	if (split_half(cmd, false, buf->out_len, pi_out) ||
	    split_half(cmd, true, buf->in_len, pi_in))
		return VHX_SCSI_S_FAILURE;
	if (cmd->out.len && cmd->in.len && !opt->inout)
		return VHX_SCSI_S_FAILURE;
	return VHX_SCSI_S_OK;
}

/**
 * vhx_scsi_parse_cmd - what a request queue's buffer asks for
 * @opt: what was negotiated
 * @buf: the buffer
 * @cmd: where it goes; nothing of it counts where -EINVAL is returned, and where another answer
 *	is, the task alone, as far as it was understood
 *
 * Return: VHX_SCSI_S_OK to go on; another VHX_SCSI_S_* to answer with at once; or -EINVAL when
 * there is no whole head, or no room for the response: then there is nothing to answer.
 */
int vhx_scsi_parse_cmd(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		       struct vhx_scsi_cmd *cmd)
{
	const struct vhx_scsi_cmd_head *h = buf->head;
	const __u8 *cdb;
	int bad_lun, rc;

	if (buf->out_len < vhx_scsi_head_len(opt) || buf->in_len < VHX_SCSI_RESP_LEN)
		return -EINVAL;

	__builtin_memset(cmd, 0, sizeof(*cmd));
	cmd->head_len = (__u8)vhx_scsi_head_len(opt);
	cdb = (const __u8 *)buf->head + cmd->head_len - VHX_SCSI_CDB_LEN;
	__builtin_memcpy(cmd->lun, h->lun, sizeof(cmd->lun));
	__builtin_memcpy(cmd->cdb, cdb, sizeof(cmd->cdb));
	cmd->task.tag = get64(h->tag, opt->swap);
	cmd->task_attr = h->task_attr <= VHX_SCSI_ATTR_ACA ? h->task_attr : VHX_SCSI_ATTR_SIMPLE;
	cmd->prio = h->prio & 0xf;
	cmd->crn = h->crn;

	bad_lun = parse_lun(cmd->lun, &cmd->task);
	rc = parse_data(opt, buf, cmd);
	if (rc)
		return rc;
	return bad_lun ? VHX_SCSI_S_BAD_TARGET : VHX_SCSI_S_OK;
}

/**
 * vhx_scsi_fill_resp - what a command is answered
 * @opt: what was negotiated
 * @res: how it ended
 * @resp: where it goes, all of it
 *
 * There is no sense without a status: a driver may look at it whatever the response says.
 */
void vhx_scsi_fill_resp(const struct vhx_scsi_opt *opt, const struct vhx_scsi_result *res,
			struct vhx_scsi_resp *resp)
{
	__u32 n = res->sense_len < VHX_SCSI_SENSE_LEN ? res->sense_len : VHX_SCSI_SENSE_LEN;

	__builtin_memset(resp, 0, sizeof(*resp));
	resp->response = res->response;
	put32(resp->resid, res->resid, opt->swap);
	if (res->response != VHX_SCSI_S_OK)
		return;
	resp->status = res->status;
	put16(resp->status_qualifier, res->qualifier, opt->swap);
	put32(resp->sense_len, n, opt->swap);
	if (n)
		__builtin_memcpy(resp->sense, res->sense, n);
}

/**
 * vhx_scsi_used_len - bytes of a command's buffer that were written
 * @cmd: the command
 * @written: bytes of data among them; what protects them was written too
 *
 * Return: what its used entry has to say, never more than the buffer has room for.
 */
__u32 vhx_scsi_used_len(const struct vhx_scsi_cmd *cmd, __u32 written)
{
	if (!written || !cmd->in.len)
		return VHX_SCSI_RESP_LEN;
	return cmd->in.off + (written < cmd->in.len ? written : cmd->in.len);
}

static int parse_tmf(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		     struct vhx_scsi_ctl *ctl)
{
	const struct vhx_scsi_tmf_head *h = buf->head;
	int rc;

	if (buf->out_len < sizeof(*h) || buf->in_len < sizeof(struct vhx_scsi_tmf_resp))
		return -EINVAL;
	ctl->subtype = get32(h->subtype, opt->swap);
	ctl->task.tag = get64(h->tag, opt->swap);
	/* Nothing here knows of an ACA, which a CDB asks for by a bit that is refused. */
	if (ctl->subtype == VHX_SCSI_TMF_CLEAR_ACA || ctl->subtype > VHX_SCSI_TMF_QUERY_TASK_SET)
		return VHX_SCSI_S_REJECTED;

	rc = parse_lun(h->lun, &ctl->task);
	if (ctl->subtype != VHX_SCSI_TMF_NEXUS_RESET)
		return rc;
	/* Of a whole target: its address does not go further than that. */
	return h->lun[0] == LUN_TARGET ? VHX_SCSI_S_OK : VHX_SCSI_S_BAD_TARGET;
}

static int parse_an(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		    struct vhx_scsi_ctl *ctl)
{
	const struct vhx_scsi_an_head *h = buf->head;

	if (buf->out_len < sizeof(*h) || buf->in_len < sizeof(struct vhx_scsi_an_resp))
		return -EINVAL;
	ctl->events = get32(h->event_requested, opt->swap);
	return VHX_SCSI_S_OK;
}

/**
 * vhx_scsi_parse_ctl - what a control queue's buffer asks for
 * @opt: what was negotiated
 * @buf: the buffer
 * @ctl: where it goes
 *
 * There are no events to subscribe to, so that OK is also the answer to what is not a TMF.
 *
 * Return: VHX_SCSI_S_OK; another VHX_SCSI_S_* to answer a TMF with at once; -EINVAL when there is
 * not all of it or no room for the response; -EOPNOTSUPP when nobody knows its type, and therefore
 * what a response would be: it goes back with nothing written.
 */
int vhx_scsi_parse_ctl(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		       struct vhx_scsi_ctl *ctl)
{
	__builtin_memset(ctl, 0, sizeof(*ctl));
	if (buf->out_len < sizeof(__u32))
		return -EINVAL;
	ctl->type = get32(buf->head, opt->swap);
	switch (ctl->type) {
	case VHX_SCSI_CTL_TMF:
		return parse_tmf(opt, buf, ctl);
	case VHX_SCSI_CTL_AN_QUERY:
	case VHX_SCSI_CTL_AN_SUBSCRIBE:
		return parse_an(opt, buf, ctl);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * vhx_scsi_fill_ctl - what a request of the control queue is answered
 * @ctl: the request
 * @response: VHX_SCSI_S_*
 * @resp: where it goes; of a TMF's the first byte is all there is
 *
 * Return: bytes of it.
 */
__u32 vhx_scsi_fill_ctl(const struct vhx_scsi_ctl *ctl, __u8 response,
			struct vhx_scsi_an_resp *resp)
{
	__builtin_memset(resp, 0, sizeof(*resp));
	if (ctl->type == VHX_SCSI_CTL_TMF) {
		((struct vhx_scsi_tmf_resp *)resp)->response = response;
		return sizeof(struct vhx_scsi_tmf_resp);
	}
	resp->response = response;
	return sizeof(*resp);
}

/**
 * vhx_scsi_tmf_concerns - is this task management function about this command?
 * @tmf: the function, one that vhx_scsi_parse_ctl() found to be OK
 * @task: the command
 *
 * All commands here are of one I_T nexus: the caller looks among those alone. A guest that gave
 * the same tag twice to a logical unit has both concerned.
 */
bool vhx_scsi_tmf_concerns(const struct vhx_scsi_ctl *tmf, const struct vhx_scsi_task *task)
{
	const struct vhx_scsi_task *to = &tmf->task;

	switch (tmf->subtype) {
	case VHX_SCSI_TMF_ABORT_TASK:
	case VHX_SCSI_TMF_QUERY_TASK:
		return task->target == to->target && task->lun == to->lun && task->tag == to->tag;
	case VHX_SCSI_TMF_ABORT_TASK_SET:
	case VHX_SCSI_TMF_CLEAR_TASK_SET:
	case VHX_SCSI_TMF_QUERY_TASK_SET:
	case VHX_SCSI_TMF_LUN_RESET:
		return task->target == to->target && task->lun == to->lun;
	case VHX_SCSI_TMF_NEXUS_RESET:
		return task->target == to->target && task->lun != VHX_SCSI_LUN_REPORT;
	default:
		return false;
	}
}

/**
 * vhx_scsi_tmf_ends - what the commands that a function is about are answered
 * @tmf: the function
 *
 * They are all answered before the function is.
 *
 * Return: VHX_SCSI_S_ABORTED or _RESET, or VHX_SCSI_S_OK where they just go on.
 */
__u8 vhx_scsi_tmf_ends(const struct vhx_scsi_ctl *tmf)
{
	switch (tmf->subtype) {
	case VHX_SCSI_TMF_ABORT_TASK:
	case VHX_SCSI_TMF_ABORT_TASK_SET:
	case VHX_SCSI_TMF_CLEAR_TASK_SET:
		return VHX_SCSI_S_ABORTED;
	case VHX_SCSI_TMF_LUN_RESET:
	case VHX_SCSI_TMF_NEXUS_RESET:
		return VHX_SCSI_S_RESET;
	default:
		return VHX_SCSI_S_OK;
	}
}

/**
 * vhx_scsi_tmf_answer - what a function is answered when it is done
 * @tmf: the function, one that vhx_scsi_parse_ctl() found to be OK
 * @found: there was a command that it is about
 *
 * To abort what is not there has succeeded: the command may just have ended. A query's answer is
 * what was found: SUCCEEDED, or complete, and nothing.
 *
 * Return: VHX_SCSI_S_OK, _SUCCEEDED or _REJECTED.
 */
__u8 vhx_scsi_tmf_answer(const struct vhx_scsi_ctl *tmf, bool found)
{
	switch (tmf->subtype) {
	case VHX_SCSI_TMF_QUERY_TASK:
	case VHX_SCSI_TMF_QUERY_TASK_SET:
		return found ? VHX_SCSI_S_SUCCEEDED : VHX_SCSI_S_OK;
	default:
		return vhx_scsi_tmf_ends(tmf) ? VHX_SCSI_S_OK : VHX_SCSI_S_REJECTED;
	}
}

/**
 * vhx_scsi_parse_news - what an agent has to tell
 * @lun: address of the logical unit
 * @news: event and reason are filled in, and looked at; target and unit follow from @lun
 *
 * Nobody can subscribe to an asynchronous event, so that there are none.
 *
 * Return: 0; -EINVAL: no such event, no reason for one, or no logical unit.
 */
int vhx_scsi_parse_news(const __u8 *lun, struct vhx_scsi_news *news)
{
	struct vhx_scsi_task task;

	if (parse_lun(lun, &task) != VHX_SCSI_S_OK || task.lun == VHX_SCSI_LUN_REPORT)
		return -EINVAL;
	switch (news->event) {
	case VHX_SCSI_EV_TRANSPORT_RESET:
		if (news->reason > VHX_SCSI_RESET_REMOVED)
			return -EINVAL;
		break;
	case VHX_SCSI_EV_PARAM_CHANGE:
		if (news->reason > 0xffff)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	news->target = task.target;
	news->lun = task.lun;
	return 0;
}

/* As drivers read it: below 256 there need be no method, and older ones know none. */
static void put_lun(__u8 *lun, __u8 target, __u16 unit)
{
	lun[0] = LUN_TARGET;
	lun[1] = target;
	if (unit > 0xff)
		lun[2] = (__u8)(LUN_FLAT | (unit >> 8 & ~LUN_METHOD));
	lun[3] = (__u8)unit;
}

/**
 * vhx_scsi_fill_event - what goes to the event queue
 * @opt: what was negotiated
 * @news: what there is to tell
 * @ev: where it goes, all of it
 */
void vhx_scsi_fill_event(const struct vhx_scsi_opt *opt, const struct vhx_scsi_news *news,
			 struct vhx_scsi_event *ev)
{
	const __u32 missed = news->missed ? VHX_SCSI_EV_MISSED : 0;

	__builtin_memset(ev, 0, sizeof(*ev));
	put32(ev->event, news->event | missed, opt->swap);
	if (news->event == VHX_SCSI_EV_NONE)
		return;
	put_lun(ev->lun, news->target, news->lun);
	put32(ev->reason, news->reason, opt->swap);
}
