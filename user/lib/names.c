// SPDX-License-Identifier: GPL-2.0-only
/* The ABI's numbers by name: the words that text, JSON and test vectors use. */
#include <linux/virtio_vsock.h>

#include "internal.h"
#include "libvhx.h"

static const char *const exit_kinds[] = {
	[VHX_EXIT_NONE] = "none",
	[VHX_EXIT_DETACHED] = "detached",
	[VHX_EXIT_ILLEGAL] = "illegal",
	[VHX_EXIT_ATTACH] = "attach",
	[VHX_EXIT_ADMIN] = "admin",
	[VHX_EXIT_NIC_GONE] = "nic_gone",
};

static const char *const event_kinds[] = {
	[VHX_EVENT_NIC_NEW] = "nic_new",
	[VHX_EVENT_NIC_GONE] = "nic_gone",
	[VHX_EVENT_POLICY_NEW] = "policy_new",
	[VHX_EVENT_POLICY_GONE] = "policy_gone",
	[VHX_EVENT_BOUND] = "bound",
	[VHX_EVENT_UNBOUND] = "unbound",
	[VHX_EVENT_REPLACED] = "replaced",
	[VHX_EVENT_EJECTED] = "ejected",
	[VHX_EVENT_CLOSED] = "closed",
	[VHX_EVENT_OPENED] = "opened",
	[VHX_EVENT_QUEUE_BROKEN] = "queue_broken",
	[VHX_EVENT_MISMATCH] = "mismatch",
	[VHX_EVENT_AGENT_STALLED] = "agent_stalled",
	[VHX_EVENT_AGENT_RESUMED] = "agent_resumed",
	[VHX_EVENT_AGENT_KILLED] = "agent_killed",
	[VHX_EVENT_AGENT_GONE] = "agent_gone",
	[VHX_EVENT_AGENT_FENCED] = "agent_fenced",
};

static const char *const drop_reasons[] = {
	[VHX_DROP_UNSPEC] = "unspec",
	[VHX_DROP_SPOOF] = "spoof",
	[VHX_DROP_RATE] = "rate",
	[VHX_DROP_DENY] = "deny",
	[VHX_DROP_MALFORMED] = "malformed",
};

static const char *const ops[] = {
	[VHX_OP_RX] = "rx",
	[VHX_OP_TX] = "tx",
	[VHX_OP_BATCH] = "batch",
	[VHX_OP_NIC_ATTACH] = "nic_attach",
	[VHX_OP_NIC_DETACH] = "nic_detach",
	[VHX_OP_NIC_CONFIG] = "nic_config",
	[VHX_OP_EXIT] = "exit",
};

static const char *const effects[] = {
	[VHX_EFFECT_DEFAULT] = "default",
	[VHX_EFFECT_QUEUE] = "queue",
	[VHX_EFFECT_PASS] = "pass",
	[VHX_EFFECT_DROP] = "drop",
	[VHX_EFFECT_DEAD] = "dead",
	[VHX_EFFECT_ILLEGAL] = "illegal",
};

static const char *const dirs[] = {
	[VHX_DIR_RX] = "rx",
	[VHX_DIR_TX] = "tx",
};

static const char *const scsi_roles[] = {
	[VHX_SCSI_ROLE_CONTROL] = "control",
	[VHX_SCSI_ROLE_EVENT] = "event",
	[VHX_SCSI_ROLE_REQUEST] = "request",
};

static const char *const endpoint_classes[] = {
	[VHX_ENDPOINT_SCSI] = "scsi",
	[VHX_ENDPOINT_VSOCK] = "vsock",
};

static const char *const vsock_verdicts[] = {
	[VHX_VSOCK_HOST] = "host",
	[VHX_VSOCK_SIBLING] = "sibling",
	[VHX_VSOCK_REJECT] = "reject",
	[VHX_VSOCK_AGENT] = "agent",
};

static const char *const vsock_types[] = {
	[VIRTIO_VSOCK_TYPE_STREAM] = "stream",
	[VIRTIO_VSOCK_TYPE_SEQPACKET] = "seqpacket",
};

static const char *const vsock_limits[] = {
#define LIMIT_NAME(NAME, initial, name, doc) name,
	VHX_VSOCK_LIMITS(LIMIT_NAME)
#undef LIMIT_NAME
};

static const char *const vdpa_bys[] = {
	[VHX_VDPA_BY_IOMMU] = "iommu",
	[VHX_VDPA_BY_SET] = "set",
	[VHX_VDPA_BY_STEP] = "step",
};

static const char *const vdpa_ops[] = {
	[VHX_VDPA_OP_MESSAGE] = "message",
	[VHX_VDPA_OP_MAP] = "map",
	[VHX_VDPA_OP_UNMAP] = "unmap",
	[VHX_VDPA_OP_BATCH] = "batch",
};

static const char *const vdpa_whys[] = {
	[VHX_VDPA_WHY_ERRNO] = "errno",
	[VHX_VDPA_WHY_MEMLOCK] = "memlock",
	[VHX_VDPA_WHY_RANGE] = "range",
	[VHX_VDPA_WHY_OVERLAP] = "overlap",
	[VHX_VDPA_WHY_ALIGN] = "align",
	[VHX_VDPA_WHY_MEMORY] = "memory",
	[VHX_VDPA_WHY_PARENT] = "parent",
	[VHX_VDPA_WHY_ASID] = "asid",
	[VHX_VDPA_WHY_OWNER] = "owner",
};

#define NAME_OF(table, n) ((n) < ARRAY_SIZE(table) ? (table)[n] : NULL)

const char *vhx_exit_kind__name(__u32 kind)
{
	return NAME_OF(exit_kinds, kind);
}

const char *vhx_event_kind__name(__u32 kind)
{
	return NAME_OF(event_kinds, kind);
}

const char *vhx_drop_reason__name(__u32 reason)
{
	return NAME_OF(drop_reasons, reason);
}

const char *vhx_op__name(__u32 op)
{
	return NAME_OF(ops, op);
}

const char *vhx_effect__name(__u32 effect)
{
	return NAME_OF(effects, effect);
}

const char *vhx_dir__name(__u32 dir)
{
	return NAME_OF(dirs, dir);
}

const char *vhx_scsi_role__name(__u32 role)
{
	return NAME_OF(scsi_roles, role);
}

const char *vhx_endpoint_class__name(__u32 class)
{
	return NAME_OF(endpoint_classes, class);
}

const char *vhx_vsock_verdict__name(__u32 verdict)
{
	return NAME_OF(vsock_verdicts, verdict);
}

const char *vhx_vsock_type__name(__u32 type)
{
	return NAME_OF(vsock_types, type);
}

const char *vhx_vsock_limit__name(__u32 limit)
{
	return NAME_OF(vsock_limits, limit);
}

const char *vhx_vdpa_by__name(__u32 by)
{
	return NAME_OF(vdpa_bys, by);
}

const char *vhx_vdpa_op__name(__u32 op)
{
	return NAME_OF(vdpa_ops, op);
}

const char *vhx_vdpa_why__name(__u32 why)
{
	return NAME_OF(vdpa_whys, why);
}

static int format_drop(__u32 reason, char *buf, size_t size)
{
	const char *name = vhx_drop_reason__name(reason);

	if (name)
		return snprintf(buf, size, "drop %s", name);
	return snprintf(buf, size, "drop %u", reason);
}

int vhx_verdict__format(__u32 verdict, char *buf, size_t size)
{
	if (verdict <= 0xffff)
		return snprintf(buf, size, "queue %u", verdict);
	if (verdict == VHX_DEFAULT)
		return snprintf(buf, size, "default");
	if (verdict == VHX_PASS)
		return snprintf(buf, size, "pass");
	if (verdict == VHX_DROP(verdict))
		return format_drop(verdict & 0xff, buf, size);
	return snprintf(buf, size, "0x%x", verdict);
}
