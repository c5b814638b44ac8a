// SPDX-License-Identifier: GPL-2.0-only
/* vhx vdpa: a refusal as a sentence that says what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

struct bytes {
	char text[24];
};

static struct bytes bytes(__u64 value)
{
	struct json_object *number = json_object_new_uint64(value);
	struct bytes bytes;

	out_format(number, OUT_BYTES, bytes.text, sizeof(bytes.text));
	json_object_put(number);
	return bytes;
}

static const char *const advice[] = {
	[VHX_VDPA_WHY_RANGE] =
		"the device cannot address all of that (VHOST_VDPA_GET_IOVA_RANGE): give the guest less memory, or the device an IOMMU that has room for it",
	[VHX_VDPA_WHY_OVERLAP] =
		"something is mapped there: the VMM has to unmap it first",
	[VHX_VDPA_WHY_ALIGN] =
		"address and memory differ in where in a page they begin: the VMM has to map whole pages",
	[VHX_VDPA_WHY_MEMORY] =
		"its memory is not there, may not be written, or cannot be pinned for long: have the guest's memory in memfd or huge pages, not in a file or a device",
	[VHX_VDPA_WHY_PARENT] =
		"the device's parent or the IOMMU refused it: the kernel log may say why",
	[VHX_VDPA_WHY_ASID] =
		"there is no such address space, or it is not this batch's: the VMM has to ask for how many there are (VHOST_VDPA_GET_AS_NUM)",
	[VHX_VDPA_WHY_OWNER] =
		"only the process that owns the fd may do that: have it call VHOST_SET_OWNER itself",
};

static char *memlock_text(const struct vhx_vdpa_fail *fail)
{
	char *text;

	if (asprintf(&text, "RLIMIT_MEMLOCK is %s and %s would be locked: raise it (ulimit -l, LimitMEMLOCK=, libvirt's memtune hard_limit)",
		     bytes(fail->limit).text, bytes(fail->need).text) < 0)
		return NULL;
	return text;
}

static char *why_text(const struct vhx_vdpa_fail *fail)
{
	if (fail->why == VHX_VDPA_WHY_MEMLOCK)
		return memlock_text(fail);
	if (fail->why < ARRAY_SIZE(advice) && advice[fail->why])
		return strdup(advice[fail->why]);
	return strdup(strerror(fail->err));
}

/* What was asked for. A message that is none has no place. */
static void op_text(const struct vhx_vdpa_info *dev, char *buf, size_t size)
{
	const struct vhx_vdpa_fail *fail = dev->fail;
	const char *op = vhx_vdpa_op__name(fail->op) ?: "message";
	char space[40] = "";

	if (fail->asid || dev->spaces > 1)
		snprintf(space, sizeof(space), " in address space %u", fail->asid);
	if (fail->op == VHX_VDPA_OP_MAP || fail->op == VHX_VDPA_OP_UNMAP)
		snprintf(buf, size, "%s of %s at 0x%llx%s", op, bytes(fail->size).text, fail->iova,
			 space);
	else
		snprintf(buf, size, "%s%s", op, space);
}

char *vdpa_fail_text(const struct vhx_vdpa_info *dev)
{
	const char *name = strerrorname_np(dev->fail->err) ?: "no errno";
	char *why = why_text(dev->fail), *text;
	char op[128];

	op_text(dev, op, sizeof(op));
	if (asprintf(&text, "%s: %s: %s", op, name, why ?: "?") < 0)
		text = NULL;
	free(why);
	return text;
}
