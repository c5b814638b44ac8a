/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of our own vDPA devices: status, suspend, mappings, what drivers ask for on the control
 * queue. events/vhx_vdpa_net/ in tracefs. Packets show by the core's and vhx_net's.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhx_vdpa_net

#if !defined(_VHX_VNET_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VHX_VNET_TRACE_H

#include <linux/tracepoint.h>
#include <linux/virtio_config.h>

#include "vnet.h"

#define vhx_vnet_show_status(status)				\
	__print_flags(status, "|",				\
		      { VIRTIO_CONFIG_S_ACKNOWLEDGE, "ACKNOWLEDGE" },	\
		      { VIRTIO_CONFIG_S_DRIVER, "DRIVER" },		\
		      { VIRTIO_CONFIG_S_DRIVER_OK, "DRIVER_OK" },	\
		      { VIRTIO_CONFIG_S_FEATURES_OK, "FEATURES_OK" },	\
		      { VIRTIO_CONFIG_S_NEEDS_RESET, "NEEDS_RESET" },	\
		      { VIRTIO_CONFIG_S_FAILED, "FAILED" })

/* A driver has set the status, or has reset the device: then it is 0. */
TRACE_EVENT(vhx_vnet_status,
	TP_PROTO(const struct vhx_vnet *vn, u8 old),
	TP_ARGS(vn, old),
	TP_STRUCT__entry(
		__string(name, dev_name(&vn->vdpa.dev))
		__field(u8, old)
		__field(u8, status)
		__field(u64, features)
		__field(bool, broken)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->old = old;
		__entry->status = vn->status;
		__entry->features = vn->features;
		__entry->broken = READ_ONCE(vn->broken);
	),
	TP_printk("%s %s -> %s features=%#llx%s", __get_str(name),
		  vhx_vnet_show_status(__entry->old), vhx_vnet_show_status(__entry->status),
		  __entry->features, __entry->broken ? " broken" : "")
);

/* All queues stand still, or go on. */
TRACE_EVENT(vhx_vnet_suspend,
	TP_PROTO(const struct vhx_vnet *vn),
	TP_ARGS(vn),
	TP_STRUCT__entry(
		__string(name, dev_name(&vn->vdpa.dev))
		__field(bool, suspended)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->suspended = vn->suspended;
	),
	TP_printk("%s %s", __get_str(name), __entry->suspended ? "suspended" : "resumed")
);

/* An address space has other mappings: @regions that are runs of kernel addresses, 0 for none. */
TRACE_EVENT(vhx_vnet_map,
	TP_PROTO(const struct vhx_vnet *vn, u32 asid, u32 regions),
	TP_ARGS(vn, asid, regions),
	TP_STRUCT__entry(
		__string(name, dev_name(&vn->vdpa.dev))
		__field(u32, asid)
		__field(u32, regions)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->asid = asid;
		__entry->regions = regions;
	),
	TP_printk("%s asid=%u regions=%u", __get_str(name), __entry->asid, __entry->regions)
);

/* A command of the control queue was answered. Numbers are those of <linux/virtio_net.h>. */
TRACE_EVENT(vhx_vnet_ctrl,
	TP_PROTO(const struct vhx_vnet *vn, u8 class, u8 cmd, int err),
	TP_ARGS(vn, class, cmd, err),
	TP_STRUCT__entry(
		__string(name, dev_name(&vn->vdpa.dev))
		__field(u8, class)
		__field(u8, cmd)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->class = class;
		__entry->cmd = cmd;
		__entry->err = err;
	),
	TP_printk("%s class=%u cmd=%u err=%d", __get_str(name), __entry->class, __entry->cmd,
		  __entry->err)
);

#endif /* _VHX_VNET_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
