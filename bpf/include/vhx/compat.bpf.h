/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For a policy that shall also load where something is missing: in an older vhx_net.ko, or in a
 * kernel other than the one that vmlinux.h came from. Each answer is a constant when the object is
 * loaded, so the branch that is not taken is never verified and costs nothing.
 *
 * vhx's promise is that fields, operations and kernel functions are only ever added. A function
 * added after version 1 of the ABI is declared __weak in common.bpf.h, and a policy asks for it:
 *
 *	if (VHX_HAS_KFUNC(vhx_pkt_something))
 *		...
 *
 * and for a field likewise. An operation cannot be asked for by the program: where the module lacks
 * it, libbpf refuses the policy with ENOTSUP, unless its loader clears it in the map first.
 */
#ifndef __VHX_COMPAT_BPF_H
#define __VHX_COMPAT_BPF_H

/* Does the module have this kernel function? It must be declared __weak. */
#define VHX_HAS_KFUNC(func)		bpf_ksym_exists(func)

/* VHX_HAS_FIELD(pkt, vlan_tci): does the module's struct have this field? */
#define VHX_HAS_FIELD(ptr, field)	bpf_core_field_exists((ptr)->field)

/* The field's value, or @other in a module that has no such field. */
#define VHX_FIELD_OR(ptr, field, other) \
	(VHX_HAS_FIELD(ptr, field) ? (ptr)->field : (other))

/* The module's own value of an enumerator of @type, or @other if it does not know it. */
#define VHX_ENUM_OR(type, name, other) \
	(bpf_core_enum_value_exists(type, name) ? bpf_core_enum_value(type, name) : (other))

#endif /* __VHX_COMPAT_BPF_H */
