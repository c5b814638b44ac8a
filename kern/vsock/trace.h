/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of vsock: who gets a connection, connections between guests, limits. events/vhx_vsock/
 * in tracefs. What a packet says the kernel's own tracepoints show: events/vsock/.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhx_vsock

#if !defined(_VHX_VSOCK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VHX_VSOCK_TRACE_H

#include <linux/tracepoint.h>
#include <linux/vhx.h>

#include "conn.h"
#include "guest.h"

#define vhx_vsock_show_verdict(verdict)				\
	__print_symbolic(verdict,				\
			 { VHX_VSOCK_HOST,	"host" },	\
			 { VHX_VSOCK_SIBLING,	"sibling" },	\
			 { VHX_VSOCK_REJECT,	"reject" },	\
			 { VHX_VSOCK_AGENT,	"agent" })

/* A guest asks for a connection, and routes and limits have been asked. */
TRACE_EVENT(vhx_vsock_verdict,
	TP_PROTO(const struct vhx_pkt_hdr *h, u8 verdict),
	TP_ARGS(h, verdict),
	TP_STRUCT__entry(
		__field(u32, from)
		__field(u32, from_port)
		__field(u32, to)
		__field(u32, to_port)
		__field(u16, type)
		__field(u8, verdict)
	),
	TP_fast_assign(
		__entry->from = le64_to_cpu(h->src_cid);
		__entry->from_port = le32_to_cpu(h->src_port);
		__entry->to = le64_to_cpu(h->dst_cid);
		__entry->to_port = le32_to_cpu(h->dst_port);
		__entry->type = le16_to_cpu(h->type);
		__entry->verdict = verdict;
	),
	TP_printk("%u:%u -> %u:%u type=%u %s", __entry->from, __entry->from_port, __entry->to,
		  __entry->to_port, __entry->type, vhx_vsock_show_verdict(__entry->verdict))
);

DECLARE_EVENT_CLASS(vhx_vsock_conn,
	TP_PROTO(const struct vhx_conn *conn, u32 tell),
	TP_ARGS(conn, tell),
	TP_STRUCT__entry(
		__field(u32, from)
		__field(u32, from_port)
		__field(u32, to)
		__field(u32, to_port)
		__field(u16, type)
		__field(bool, tell_asker)
		__field(bool, tell_asked)
	),
	TP_fast_assign(
		__entry->from = conn->end[conn->by].cid;
		__entry->from_port = conn->key.port[conn->by];
		__entry->to = conn->end[!conn->by].cid;
		__entry->to_port = conn->key.port[!conn->by];
		__entry->type = conn->type;
		__entry->tell_asker = tell & VHX_TELL(conn->by);
		__entry->tell_asked = tell & VHX_TELL(!conn->by);
	),
	TP_printk("%u:%u -> %u:%u type=%u%s%s", __entry->from, __entry->from_port, __entry->to,
		  __entry->to_port, __entry->type, __entry->tell_asker ? " tell-asker" : "",
		  __entry->tell_asked ? " tell-asked" : "")
);

/* Two guests have a connection, of which the one that was asked has not heard yet. */
DEFINE_EVENT(vhx_vsock_conn, vhx_vsock_conn_new,
	TP_PROTO(const struct vhx_conn *conn, u32 tell),
	TP_ARGS(conn, tell)
);

/* It is over, and we tell who does not know. */
DEFINE_EVENT(vhx_vsock_conn, vhx_vsock_conn_end,
	TP_PROTO(const struct vhx_conn *conn, u32 tell),
	TP_ARGS(conn, tell)
);

/* A guest sent more than it may, and is left waiting. */
TRACE_EVENT(vhx_vsock_throttle,
	TP_PROTO(const struct vhx_guest *g, u64 us),
	TP_ARGS(g, us),
	TP_STRUCT__entry(
		__field(u32, cid)
		__field(u64, us)
	),
	TP_fast_assign(
		__entry->cid = g->cid;
		__entry->us = us;
	),
	TP_printk("cid=%u us=%llu", __entry->cid, __entry->us)
);

#endif /* _VHX_VSOCK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
