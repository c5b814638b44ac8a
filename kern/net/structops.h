/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module brings to BPF: a struct_ops type and kfuncs. */
#ifndef _VHX_NET_STRUCTOPS_H
#define _VHX_NET_STRUCTOPS_H

int vhx_structops_register(void);
int vhx_kfuncs_register(void);

#endif /* _VHX_NET_STRUCTOPS_H */
