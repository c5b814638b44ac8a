/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of SCSI hosts: task management functions, events, endpoints. events/vhx_scsi/ in
 * tracefs. Commands are the core's: vhx_req_* and vhx_agent_* in events/vhx/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhx_scsi

#if !defined(_VHX_SCSI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VHX_SCSI_TRACE_H

#include <linux/tracepoint.h>

#include "tmf.h"

/* A host was bound to its endpoint, or let go of it. */
TRACE_EVENT(vhx_scsi_bind,
	TP_PROTO(const struct vhx_scsi_host *h, bool bound),
	TP_ARGS(h, bound),
	TP_STRUCT__entry(
		__string(endpoint, h->show.name)
		__field(u32, host)
		__field(bool, bound)
	),
	TP_fast_assign(
		__assign_str(endpoint);
		__entry->host = h->show.id;
		__entry->bound = bound;
	),
	TP_printk("host=%u endpoint=%s %s", __entry->host, __get_str(endpoint),
		  __entry->bound ? "bound" : "unbound")
);

DECLARE_EVENT_CLASS(vhx_scsi_tmf,
	TP_PROTO(const struct vhx_scsi_tmf *t),
	TP_ARGS(t),
	TP_STRUCT__entry(
		__string(endpoint, t->h->ep->name)
		__field(u32, subtype)
		__field(u8, target)
		__field(u16, lun)
		__field(u64, tag)
		__field(u64, sweep)
		__field(bool, found)
	),
	TP_fast_assign(
		__assign_str(endpoint);
		__entry->subtype = t->ctl.subtype;
		__entry->target = t->ctl.task.target;
		__entry->lun = t->ctl.task.lun;
		__entry->tag = t->ctl.task.tag;
		__entry->sweep = t->sweep;
		__entry->found = t->found;
	),
	TP_printk("endpoint=%s nr=%llu subtype=%u target=%u lun=%u id=%#llx%s",
		  __get_str(endpoint), __entry->sweep, __entry->subtype, __entry->target,
		  __entry->lun, __entry->tag, __entry->found ? " found" : "")
);

/* The guest asked for a function; @nr is the same at its end. */
DEFINE_EVENT(vhx_scsi_tmf, vhx_scsi_tmf_begin,
	TP_PROTO(const struct vhx_scsi_tmf *t),
	TP_ARGS(t)
);

/* All commands that it is about are gone, and it is answered; or the guest is gone. */
DEFINE_EVENT(vhx_scsi_tmf, vhx_scsi_tmf_end,
	TP_PROTO(const struct vhx_scsi_tmf *t),
	TP_ARGS(t)
);

DECLARE_EVENT_CLASS(vhx_scsi_event,
	TP_PROTO(const struct vhx_scsi_host *h, const struct vhx_scsi_news *news),
	TP_ARGS(h, news),
	TP_STRUCT__entry(
		__field(u32, host)
		__field(u32, event)
		__field(u32, reason)
		__field(u8, target)
		__field(u16, lun)
		__field(bool, missed)
	),
	TP_fast_assign(
		__entry->host = h->show.id;
		__entry->event = news->event;
		__entry->reason = news->reason;
		__entry->target = news->target;
		__entry->lun = news->lun;
		__entry->missed = news->missed;
	),
	TP_printk("host=%u event=%u reason=%u target=%u lun=%u%s", __entry->host,
		  __entry->event, __entry->reason, __entry->target, __entry->lun,
		  __entry->missed ? " missed" : "")
);

/* An event waits for a buffer of the guest's; or there are too many, and it is missed. */
DEFINE_EVENT(vhx_scsi_event, vhx_scsi_event_queue,
	TP_PROTO(const struct vhx_scsi_host *h, const struct vhx_scsi_news *news),
	TP_ARGS(h, news)
);

/* The guest has it. */
DEFINE_EVENT(vhx_scsi_event, vhx_scsi_event_put,
	TP_PROTO(const struct vhx_scsi_host *h, const struct vhx_scsi_news *news),
	TP_ARGS(h, news)
);

#endif /* _VHX_SCSI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
