/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of vDPA: what is mapped, and what was refused with its real errno; status, suspend,
 * interrupts. events/vhx_vdpa/ in tracefs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhx_vdpa

#if !defined(_VHX_VDPA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VHX_VDPA_TRACE_H

#include <linux/tracepoint.h>
#include <linux/vhx.h>

#include "space.h"
#include "vdpa.h"

#define vhx_vdpa_show_op(op)					\
	__print_symbolic(op,					\
			 { VHX_VDPA_OP_MESSAGE,	"message" },	\
			 { VHX_VDPA_OP_MAP,	"map" },	\
			 { VHX_VDPA_OP_UNMAP,	"unmap" },	\
			 { VHX_VDPA_OP_BATCH,	"batch" })

#define vhx_vdpa_show_why(why)					\
	__print_symbolic(why,					\
			 { VHX_VDPA_WHY_ERRNO,	"errno" },	\
			 { VHX_VDPA_WHY_MEMLOCK, "memlock" },	\
			 { VHX_VDPA_WHY_RANGE,	"range" },	\
			 { VHX_VDPA_WHY_OVERLAP, "overlap" },	\
			 { VHX_VDPA_WHY_ALIGN,	"align" },	\
			 { VHX_VDPA_WHY_MEMORY,	"memory" },	\
			 { VHX_VDPA_WHY_PARENT,	"parent" },	\
			 { VHX_VDPA_WHY_ASID,	"asid" },	\
			 { VHX_VDPA_WHY_OWNER,	"owner" })

DECLARE_EVENT_CLASS(vhx_vdpa_area,
	TP_PROTO(const struct vhx_vdpa *v, const struct vhx_area *area, int err),
	TP_ARGS(v, area, err),
	TP_STRUCT__entry(
		__string(name, v->name)
		__field(u32, asid)
		__field(u64, iova)
		__field(u64, size)
		__field(u64, uaddr)
		__field(u32, perm)
		__field(u64, pieces)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->asid = area->space->asid;
		__entry->iova = area->iova;
		__entry->size = area->size;
		__entry->uaddr = area->uaddr;
		__entry->perm = area->perm;
		__entry->pieces = v->maps.pieces;
		__entry->err = err;
	),
	TP_printk("%s asid=%u iova=%#llx size=%#llx uaddr=%#llx perm=%u pieces=%llu err=%d",
		  __get_str(name), __entry->asid, __entry->iova, __entry->size, __entry->uaddr,
		  __entry->perm, __entry->pieces, __entry->err)
);

/* Memory was to be mapped; @pieces are the device's, afterwards. */
DEFINE_EVENT(vhx_vdpa_area, vhx_vdpa_map,
	TP_PROTO(const struct vhx_vdpa *v, const struct vhx_area *area, int err),
	TP_ARGS(v, area, err)
);

/* To be unmapped. */
DEFINE_EVENT(vhx_vdpa_area, vhx_vdpa_unmap,
	TP_PROTO(const struct vhx_vdpa *v, const struct vhx_area *area, int err),
	TP_ARGS(v, area, err)
);

/* A parent that has all mappings of an address space at a time was told of them. */
TRACE_EVENT(vhx_vdpa_tell,
	TP_PROTO(const struct vhx_vdpa *v, const struct vhx_space *space, int err),
	TP_ARGS(v, space, err),
	TP_STRUCT__entry(
		__string(name, v->name)
		__field(u32, asid)
		__field(u32, pieces)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->asid = space->asid;
		__entry->pieces = space->iotlb.nmaps;
		__entry->err = err;
	),
	TP_printk("%s asid=%u pieces=%u err=%d", __get_str(name), __entry->asid, __entry->pieces,
		  __entry->err)
);

/* A message was refused: to who wrote it that is EFAULT, here is the errno. */
TRACE_EVENT(vhx_vdpa_refuse,
	TP_PROTO(const struct vhx_vdpa *v, const struct vhx_vdpa_fail *fail),
	TP_ARGS(v, fail),
	TP_STRUCT__entry(
		__string(name, v->name)
		__field(u8, op)
		__field(u8, why)
		__field(int, err)
		__field(u32, asid)
		__field(u64, iova)
		__field(u64, size)
		__field(u64, need)
		__field(u64, limit)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->op = fail->op;
		__entry->why = fail->why;
		__entry->err = fail->err;
		__entry->asid = fail->asid;
		__entry->iova = fail->iova;
		__entry->size = fail->size;
		__entry->need = fail->why == VHX_VDPA_WHY_MEMLOCK ? fail->need : 0;
		__entry->limit = fail->why == VHX_VDPA_WHY_MEMLOCK ? fail->limit : 0;
	),
	TP_printk("%s %s err=%d why=%s asid=%u iova=%#llx size=%#llx need=%llu limit=%llu",
		  __get_str(name), vhx_vdpa_show_op(__entry->op), __entry->err,
		  vhx_vdpa_show_why(__entry->why), __entry->asid, __entry->iova, __entry->size,
		  __entry->need, __entry->limit)
);

/* The device's status was set; 0: reset. */
TRACE_EVENT(vhx_vdpa_status,
	TP_PROTO(const struct vhx_vdpa *v, u8 status, int err),
	TP_ARGS(v, status, err),
	TP_STRUCT__entry(
		__string(name, v->name)
		__field(u8, status)
		__field(u8, now)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->status = status;
		__entry->now = v->status;
		__entry->err = err;
	),
	TP_printk("%s status=%#x now=%#x err=%d", __get_str(name), __entry->status, __entry->now,
		  __entry->err)
);

TRACE_EVENT(vhx_vdpa_suspend,
	TP_PROTO(const struct vhx_vdpa *v, bool suspend, int err),
	TP_ARGS(v, suspend, err),
	TP_STRUCT__entry(
		__string(name, v->name)
		__field(bool, suspend)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->suspend = suspend;
		__entry->err = err;
	),
	TP_printk("%s %s err=%d", __get_str(name), __entry->suspend ? "suspend" : "resume",
		  __entry->err)
);

/* A queue's interrupt was offered to KVM. */
TRACE_EVENT(vhx_vdpa_irq,
	TP_PROTO(const struct vhx_vdpa_vq *vq, int irq, int err),
	TP_ARGS(vq, irq, err),
	TP_STRUCT__entry(
		__string(name, vq->v->name)
		__field(u16, index)
		__field(int, irq)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->index = vq->index;
		__entry->irq = irq;
		__entry->err = err;
	),
	TP_printk("%s queue=%u irq=%d err=%d", __get_str(name), __entry->index, __entry->irq,
		  __entry->err)
);

#endif /* _VHX_VDPA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
