/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the net class: NICs, policies, verdicts. events/vhx_net/ in tracefs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhx_net

#if !defined(_VHX_NET_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VHX_NET_TRACE_H

#include <linux/tracepoint.h>

#include "policy.h"
#include "steer.h"

/* A NIC came or went. */
TRACE_EVENT(vhx_nic,
	TP_PROTO(const struct vhx_net_nic *nic, bool came),
	TP_ARGS(nic, came),
	TP_STRUCT__entry(
		__field(u32, nic)
		__array(char, name, 16)
		__field(bool, came)
	),
	TP_fast_assign(
		__entry->nic = nic->bpf.id;
		memcpy(__entry->name, nic->bpf.name, 16);
		__entry->came = came;
	),
	TP_printk("nic=%u name=%s %s", __entry->nic, __entry->name,
		  __entry->came ? "came" : "went")
);

/* A policy was bound to a NIC or unbound. */
TRACE_EVENT(vhx_attach,
	TP_PROTO(const struct vhx_policy *p, const struct vhx_net_nic *nic,
		 bool bound),
	TP_ARGS(p, nic, bound),
	TP_STRUCT__entry(
		__field(u32, policy)
		__array(char, name, 16)
		__field(u32, nic)
		__field(bool, bound)
	),
	TP_fast_assign(
		__entry->policy = vhx_policy_id(p);
		memcpy(__entry->name, p->name, 16);
		__entry->nic = nic->bpf.id;
		__entry->bound = bound;
	),
	TP_printk("policy=%u name=%s nic=%u %s", __entry->policy,
		  __entry->name, __entry->nic,
		  __entry->bound ? "bound" : "unbound")
);

/* A policy's programs were replaced. */
TRACE_EVENT(vhx_replace,
	TP_PROTO(const struct vhx_policy *p),
	TP_ARGS(p),
	TP_STRUCT__entry(
		__field(u32, policy)
		__array(char, name, 16)
		__field(u32, generation)
	),
	TP_fast_assign(
		__entry->policy = vhx_policy_id(p);
		memcpy(__entry->name, p->name, 16);
		__entry->generation = p->generation;
	),
	TP_printk("policy=%u name=%s generation=%u", __entry->policy,
		  __entry->name, __entry->generation)
);

/* A policy left or was ejected. */
TRACE_EVENT(vhx_exit,
	TP_PROTO(const struct vhx_policy *p),
	TP_ARGS(p),
	TP_STRUCT__entry(
		__field(u32, policy)
		__array(char, name, 16)
		__field(int, kind)
		__array(char, reason, 64)
	),
	TP_fast_assign(
		__entry->policy = vhx_policy_id(p);
		memcpy(__entry->name, p->name, 16);
		__entry->kind = p->exit_kind;
		memcpy(__entry->reason, p->exit.reason, 64);
	),
	TP_printk("policy=%u name=%s kind=%d reason=%s", __entry->policy,
		  __entry->name, __entry->kind, __entry->reason)
);

/* A policy gave a verdict. */
TRACE_EVENT(vhx_verdict,
	TP_PROTO(const struct vhx_policy *p, const struct vhx_net_nic *nic,
		 const struct vhx_pkt_kern *pk, u32 verdict),
	TP_ARGS(p, nic, pk, verdict),
	TP_STRUCT__entry(
		__field(u32, policy)
		__field(u32, nic)
		__field(u32, queue)
		__field(u32, len)
		__field(u32, flags)
		__field(u16, protocol)
		__field(u32, verdict)
	),
	TP_fast_assign(
		__entry->policy = vhx_policy_id(p);
		__entry->nic = nic->bpf.id;
		__entry->queue = pk->pkt.queue;
		__entry->len = pk->pkt.len;
		__entry->flags = pk->pkt.flags;
		__entry->protocol = pk->pkt.protocol;
		__entry->verdict = verdict;
	),
	TP_printk("policy=%u nic=%u %s queue=%u len=%u proto=0x%04x verdict=0x%x",
		  __entry->policy, __entry->nic,
		  __entry->flags & VHX_PKT_TX ? "tx" : "rx", __entry->queue,
		  __entry->len, __entry->protocol, __entry->verdict)
);

#endif /* _VHX_NET_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
