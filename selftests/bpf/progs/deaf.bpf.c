// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that judges nothing: it loads, and cannot be attached.
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("struct_ops/exit")
void BPF_PROG(ejected, struct vhx_exit_info *info)
{
}

VHX_STEER_OPS(deaf, .exit = (void *)ejected);
