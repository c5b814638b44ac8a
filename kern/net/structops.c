// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct vhx_steer_ops as a BPF struct_ops type: what the verifier may let a policy do, what of
 * its data is copied and checked, and the way from a BPF link to a policy.
 *
 * See kernel/bpf/bpf_struct_ops.c. BTF ids are not used: those baked into a module are stale.
 */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/ctype.h>
#include <linux/module.h>

#include "policy.h"
#include "structops.h"

/* Set by init(): without BTF the type is not registered, although registering says 0. */
static bool vhx_structops_ready;

static int vhx_structops_init(struct btf *btf)
{
	vhx_structops_ready = true;
	return 0;
}

static bool vhx_structops_is_valid_access(int off, int size,
					  enum bpf_access_type type,
					  const struct bpf_prog *prog,
					  struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

/* No btf_struct_access: a policy reads the structs it is given and writes none. */
static const struct bpf_verifier_ops vhx_structops_verifier_ops = {
	.get_func_proto		= bpf_base_func_proto,
	.is_valid_access	= vhx_structops_is_valid_access,
};

#define VHX_MEMBER(member, field) \
	(__btf_member_bit_offset(t, member) / 8 == \
	 offsetof(struct vhx_steer_ops, field))

/* The packet path does not sleep; what comes and goes with a NIC may. */
static int vhx_structops_check_member(const struct btf_type *t,
				      const struct btf_member *member,
				      const struct bpf_prog *prog)
{
	if (!prog->sleepable)
		return 0;
	if (VHX_MEMBER(member, rx) || VHX_MEMBER(member, tx) ||
	    VHX_MEMBER(member, batch))
		return -EINVAL;
	return 0;
}

static int vhx_structops_check_name(const char *name)
{
	const char *c;

	if (!*name || strnlen(name, VHX_NAME_LEN) == VHX_NAME_LEN)
		return -EINVAL;
	for (c = name; *c; c++)
		if (!isalnum(*c) && *c != '_' && *c != '-' && *c != '.')
			return -EINVAL;
	return 0;
}

/* Data of the struct is copied here, checked; what is left at 0 is accepted as it is. */
static int vhx_structops_init_member(const struct btf_type *t,
				     const struct btf_member *member,
				     void *kdata, const void *udata)
{
	const struct vhx_steer_ops *from = udata;
	struct vhx_steer_ops *to = kdata;

	if (VHX_MEMBER(member, flags)) {
		if (from->flags & ~VHX_STEER_F_ALL)
			return -EINVAL;
		to->flags = from->flags;
		return 1;
	}
	if (VHX_MEMBER(member, abi)) {
		if (from->abi > VHX_BPF_ABI)
			return -EINVAL;
		to->abi = from->abi;
		return 1;
	}
	if (VHX_MEMBER(member, nic_id)) {
		to->nic_id = from->nic_id;
		return 1;
	}
	if (VHX_MEMBER(member, nic_fd)) {
		to->nic_fd = from->nic_fd;
		return 1;
	}
	if (VHX_MEMBER(member, max_errors)) {
		if (from->max_errors > VHX_MAX_ERRORS_LIMIT)
			return -EINVAL;
		to->max_errors = from->max_errors;
		return 1;
	}
	if (VHX_MEMBER(member, name)) {
		if (vhx_structops_check_name(from->name))
			return -EINVAL;
		memcpy(to->name, from->name, sizeof(to->name));
		return 1;
	}
	if (VHX_MEMBER(member, nic_name)) {
		if (strnlen(from->nic_name, VHX_PATTERN_LEN) == VHX_PATTERN_LEN)
			return -EINVAL;
		memcpy(to->nic_name, from->nic_name, sizeof(to->nic_name));
		return 1;
	}
	return 0;
}

static int vhx_structops_validate(void *kdata)
{
	const struct vhx_steer_ops *ops = kdata;

	if (!ops->rx && !ops->tx)
		return -EINVAL;
	/* One way to name the NICs, or the loader does not know what it wants. */
	if (!!ops->nic_id + (ops->nic_fd > 0) + !!*ops->nic_name > 1)
		return -EINVAL;
	return 0;
}

static int vhx_structops_reg(void *kdata, struct bpf_link *link)
{
	/* Without link nobody would see an ejection, and nobody could be asked to go. */
	if (!link)
		return -EOPNOTSUPP;
	return vhx_policy_reg(kdata, link);
}

static void vhx_structops_unreg(void *kdata, struct bpf_link *link)
{
	vhx_policy_unreg(kdata, link);
}

static int vhx_structops_update(void *kdata, void *old_kdata,
				struct bpf_link *link)
{
	return vhx_policy_update(kdata, link);
}

/* Their types are what the verifier reads; they are never called. */
static u32 vhx_steer_ops__rx(struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return VHX_DEFAULT;
}

static u32 vhx_steer_ops__tx(struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	return VHX_PASS;
}

static void vhx_steer_ops__batch(struct vhx_batch *batch, struct vhx_nic *nic)
{
}

static s32 vhx_steer_ops__nic_attach(struct vhx_nic *nic)
{
	return 0;
}

static void vhx_steer_ops__nic_detach(struct vhx_nic *nic)
{
}

static void vhx_steer_ops__nic_config(struct vhx_nic *nic,
				      struct vhx_nic_config *cfg)
{
}

static void vhx_steer_ops__exit(struct vhx_exit_info *info)
{
}

static struct vhx_steer_ops vhx_steer_ops_stubs = {
	.rx		= vhx_steer_ops__rx,
	.tx		= vhx_steer_ops__tx,
	.batch		= vhx_steer_ops__batch,
	.nic_attach	= vhx_steer_ops__nic_attach,
	.nic_detach	= vhx_steer_ops__nic_detach,
	.nic_config	= vhx_steer_ops__nic_config,
	.exit		= vhx_steer_ops__exit,
};

static struct bpf_struct_ops bpf_vhx_steer_ops = {
	.verifier_ops	= &vhx_structops_verifier_ops,
	.init		= vhx_structops_init,
	.check_member	= vhx_structops_check_member,
	.init_member	= vhx_structops_init_member,
	.validate	= vhx_structops_validate,
	.reg		= vhx_structops_reg,
	.unreg		= vhx_structops_unreg,
	.update		= vhx_structops_update,
	.cfi_stubs	= &vhx_steer_ops_stubs,
	.name		= "vhx_steer_ops",
	.owner		= THIS_MODULE,
};

/**
 * vhx_structops_register - make struct vhx_steer_ops known to BPF
 *
 * Return: 0; -EOPNOTSUPP when the module's BTF is missing, which the kernel itself does not
 * report; another errno.
 */
int __init vhx_structops_register(void)
{
	int err;

	err = register_bpf_struct_ops(&bpf_vhx_steer_ops, vhx_steer_ops);
	if (err)
		return err;
	return vhx_structops_ready ? 0 : -EOPNOTSUPP;
}
