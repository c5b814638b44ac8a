/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The bytes of virtio-scsi's three kinds of queues (virtio 1.3, 5.6.6): what a guest asks for, and
 * what it is answered. PURE: knows no kernel and reaches no guest memory: it is given copies, and
 * fills what the caller copies out.
 *
 * A request's buffer has two halves, what the device reads and what it writes. A guest may cut
 * both into descriptors wherever it likes, so every place here is a byte's offset in its half.
 */
#ifndef _VHX_SCSI_REQ_H
#define _VHX_SCSI_REQ_H

#include <linux/types.h>

/* Queues; of requests there are as many as the guest was offered. */
#define VHX_SCSI_VQ_CTL		0
#define VHX_SCSI_VQ_EVENT	1
#define VHX_SCSI_VQ_REQ		2

#define VHX_SCSI_CDB_LEN	32
#define VHX_SCSI_SENSE_LEN	96
#define VHX_SCSI_HEAD_LEN	51	/* of a command */
#define VHX_SCSI_HEAD_LEN_PI	59	/* with T10_PI */
#define VHX_SCSI_RESP_LEN	108
#define VHX_SCSI_CTL_LEN	24	/* the longest of the control queue's */
#define VHX_SCSI_DATA_MAX	(32U << 20)	/* of one command, one way: bounds a guest */

#define VHX_SCSI_TARGETS	256
#define VHX_SCSI_LUNS		16384
#define VHX_SCSI_LUN_REPORT	0xc101	/* REPORT LUNS well-known logical unit, of no target */

/* Response codes; those from FUNCTION_SUCCEEDED on are the control queue's alone. */
#define VHX_SCSI_S_OK		0
#define VHX_SCSI_S_OVERRUN	1
#define VHX_SCSI_S_ABORTED	2
#define VHX_SCSI_S_BAD_TARGET	3
#define VHX_SCSI_S_RESET	4
#define VHX_SCSI_S_BUSY		5
#define VHX_SCSI_S_TRANSPORT	6
#define VHX_SCSI_S_TARGET	7
#define VHX_SCSI_S_NEXUS	8
#define VHX_SCSI_S_FAILURE	9
#define VHX_SCSI_S_SUCCEEDED	10
#define VHX_SCSI_S_REJECTED	11
#define VHX_SCSI_S_INCORRECT_LUN 12

#define VHX_SCSI_ATTR_SIMPLE	0
#define VHX_SCSI_ATTR_ORDERED	1
#define VHX_SCSI_ATTR_HEAD	2
#define VHX_SCSI_ATTR_ACA	3

/* What the control queue is asked for. */
#define VHX_SCSI_CTL_TMF	0
#define VHX_SCSI_CTL_AN_QUERY	1
#define VHX_SCSI_CTL_AN_SUBSCRIBE 2

#define VHX_SCSI_TMF_ABORT_TASK		0
#define VHX_SCSI_TMF_ABORT_TASK_SET	1
#define VHX_SCSI_TMF_CLEAR_ACA		2
#define VHX_SCSI_TMF_CLEAR_TASK_SET	3
#define VHX_SCSI_TMF_NEXUS_RESET	4
#define VHX_SCSI_TMF_LUN_RESET		5
#define VHX_SCSI_TMF_QUERY_TASK		6
#define VHX_SCSI_TMF_QUERY_TASK_SET	7

#define VHX_SCSI_EV_NONE		0
#define VHX_SCSI_EV_TRANSPORT_RESET	1	/* goes to guests with HOTPLUG */
#define VHX_SCSI_EV_ASYNC_NOTIFY	2
#define VHX_SCSI_EV_PARAM_CHANGE	3	/* goes to guests with CHANGE */
#define VHX_SCSI_EV_MISSED		0x80000000U

/* Reasons of EV_TRANSPORT_RESET. */
#define VHX_SCSI_RESET_HARD	0
#define VHX_SCSI_RESET_RESCAN	1	/* hot plug */
#define VHX_SCSI_RESET_REMOVED	2

/*
 * In guest memory, as they stand, wherever the guest put them: words are bytes here, so that none
 * of these has padding or an alignment.
 */
struct vhx_scsi_cmd_head {
	__u8 lun[8];
	__u8 tag[8];
	__u8 task_attr;
	__u8 prio;
	__u8 crn;
	__u8 cdb[VHX_SCSI_CDB_LEN];
};

/* The standard's text has the two words behind the CDB; every driver and device has them here. */
struct vhx_scsi_cmd_head_pi {
	__u8 lun[8];
	__u8 tag[8];
	__u8 task_attr;
	__u8 prio;
	__u8 crn;
	__u8 pi_bytesout[4];
	__u8 pi_bytesin[4];
	__u8 cdb[VHX_SCSI_CDB_LEN];
};

struct vhx_scsi_resp {
	__u8 sense_len[4];
	__u8 resid[4];
	__u8 status_qualifier[2];
	__u8 status;
	__u8 response;
	__u8 sense[VHX_SCSI_SENSE_LEN];
};

struct vhx_scsi_tmf_head {
	__u8 type[4];
	__u8 subtype[4];
	__u8 lun[8];
	__u8 tag[8];
};

struct vhx_scsi_an_head {
	__u8 type[4];
	__u8 lun[8];
	__u8 event_requested[4];
};

struct vhx_scsi_tmf_resp {
	__u8 response;
};

struct vhx_scsi_an_resp {
	__u8 event_actual[4];
	__u8 response;
};

struct vhx_scsi_event {
	__u8 event[4];
	__u8 lun[8];
	__u8 reason[4];
};

/**
 * struct vhx_scsi_opt - what was negotiated
 * @t10_pi: T10_PI: commands have the longer head
 * @inout: INOUT: a command may have data both ways
 * @swap: guest memory is in the other byte order
 */
struct vhx_scsi_opt {
	bool t10_pi;
	bool inout;
	bool swap;
};

/**
 * struct vhx_scsi_buf - a buffer of the guest's that is a request
 * @head: copy of its first bytes, as many as vhx_scsi_head_len() (VHX_SCSI_CTL_LEN on the control
 *	queue) or as there are, made in one go: the guest may be writing there
 * @out_len: bytes the device reads, those at @head included
 * @in_len: bytes the device writes
 */
struct vhx_scsi_buf {
	const void *head;
	__u32 out_len;
	__u32 in_len;
};

/**
 * struct vhx_scsi_span - bytes of one half of a buffer
 * @off: the first's offset in the half
 * @len: how many
 */
struct vhx_scsi_span {
	__u32 off;
	__u32 len;
};

/**
 * struct vhx_scsi_task - whom a request is to, and what the guest calls it
 * @target: target; 0 for VHX_SCSI_LUN_REPORT
 * @lun: logical unit, below VHX_SCSI_LUNS, or VHX_SCSI_LUN_REPORT
 * @tag: the guest's; nothing keeps it from giving the same twice
 */
struct vhx_scsi_task {
	__u8 target;
	__u16 lun;
	__u64 tag;
};

/**
 * struct vhx_scsi_cmd - a command
 * @lun: its address as the guest wrote it
 * @task: the same, understood, and its tag
 * @task_attr: VHX_SCSI_ATTR_*; what is none is SIMPLE
 * @prio: 0 to 15
 * @crn: command reference number
 * @head_len: bytes in front of all that is sent
 * @cdb: what to do; how much of it counts its first byte says
 * @out: data to be sent, in the half that the device reads
 * @in: data to be received, in the other one, which the response begins
 * @pi_out: protection information of @out, in front of it
 * @pi_in: of @in, likewise
 */
struct vhx_scsi_cmd {
	__u8 lun[8];
	struct vhx_scsi_task task;
	__u8 task_attr;
	__u8 prio;
	__u8 crn;
	__u8 head_len;
	__u8 cdb[VHX_SCSI_CDB_LEN];
	struct vhx_scsi_span out;
	struct vhx_scsi_span in;
	struct vhx_scsi_span pi_out;
	struct vhx_scsi_span pi_in;
};

/**
 * struct vhx_scsi_result - how a command ended
 * @response: VHX_SCSI_S_*; where it is not OK, no status and no sense goes with it
 * @status: SAM status
 * @qualifier: of @status
 * @resid: bytes of data that were not moved
 * @sense_len: bytes at @sense; those beyond VHX_SCSI_SENSE_LEN are cut
 * @sense: NULL where @sense_len is 0
 */
struct vhx_scsi_result {
	__u8 response;
	__u8 status;
	__u16 qualifier;
	__u32 resid;
	__u32 sense_len;
	const void *sense;
};

/**
 * struct vhx_scsi_ctl - a request of the control queue
 * @type: VHX_SCSI_CTL_*
 * @subtype: of a TMF, VHX_SCSI_TMF_*
 * @task: whom it is about; of a TMF that was not refused
 * @events: of the others, what they are about
 */
struct vhx_scsi_ctl {
	__u32 type;
	__u32 subtype;
	struct vhx_scsi_task task;
	__u32 events;
};

/**
 * struct vhx_scsi_news - something to tell the guest of
 * @event: VHX_SCSI_EV_*
 * @reason: VHX_SCSI_RESET_* or vhx_scsi_reason(), by @event
 * @target: where; of EV_NONE not looked at, likewise @lun
 * @lun: where
 * @missed: other events were lost before this one
 */
struct vhx_scsi_news {
	__u32 event;
	__u32 reason;
	__u8 target;
	__u16 lun;
	bool missed;
};

/* Bytes in front of a command's data: what there must be a copy of to parse it. */
static inline __u32 vhx_scsi_head_len(const struct vhx_scsi_opt *opt)
{
	return opt->t10_pi ? VHX_SCSI_HEAD_LEN_PI : VHX_SCSI_HEAD_LEN;
}

/* The reason of EV_PARAM_CHANGE. */
static inline __u32 vhx_scsi_reason(__u8 asc, __u8 ascq)
{
	return asc | (__u32)ascq << 8;
}

int vhx_scsi_parse_cmd(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		       struct vhx_scsi_cmd *cmd);
void vhx_scsi_fill_resp(const struct vhx_scsi_opt *opt, const struct vhx_scsi_result *res,
			struct vhx_scsi_resp *resp);
__u32 vhx_scsi_used_len(const struct vhx_scsi_cmd *cmd, __u32 written);

int vhx_scsi_parse_ctl(const struct vhx_scsi_opt *opt, const struct vhx_scsi_buf *buf,
		       struct vhx_scsi_ctl *ctl);
__u32 vhx_scsi_fill_ctl(const struct vhx_scsi_ctl *ctl, __u8 response,
			struct vhx_scsi_an_resp *resp);
bool vhx_scsi_tmf_concerns(const struct vhx_scsi_ctl *tmf, const struct vhx_scsi_task *task);
__u8 vhx_scsi_tmf_ends(const struct vhx_scsi_ctl *tmf);
__u8 vhx_scsi_tmf_answer(const struct vhx_scsi_ctl *tmf, bool found);

int vhx_scsi_parse_news(const __u8 *lun, struct vhx_scsi_news *news);
void vhx_scsi_fill_event(const struct vhx_scsi_opt *opt, const struct vhx_scsi_news *news,
			 struct vhx_scsi_event *ev);

#endif /* _VHX_SCSI_REQ_H */
