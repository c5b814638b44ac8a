/* SPDX-License-Identifier: GPL-2.0-only */
/* What libvhx's files share and its users do not see. */
#ifndef _LIBVHX_INTERNAL_H
#define _LIBVHX_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "libvhx.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define OPS_TYPE	"vhx_steer_ops"
#define OPS_MODULE	"vhx_net"

/**
 * struct member - a member of a struct, by BTF
 * @off: bytes from the struct's start
 * @type: its type, behind modifiers and typedefs
 * @func: a pointer to a function, that is, an operation
 */
struct member {
	__u32 off;
	__u32 size;
	const struct btf_type *type;
	bool func;
};

/**
 * struct kern_ops - struct vhx_steer_ops as the running kernel has it
 * @type: BTF id of the struct itself
 * @value_type: BTF id of the struct that is the map's value and holds it
 * @data: where in the value it stands
 */
struct kern_ops {
	struct btf *base;
	struct btf *btf;
	__u32 type;
	__u32 value_type;
	__u32 data;
};

/**
 * struct vhx_policy - a policy from its object file
 * @ops: its struct_ops map
 * @ops_type: BTF id of struct vhx_steer_ops as the object was compiled with
 * @kern: the running kernel's struct, since load
 * @link: its BPF link, -1 while there is none
 * @id: the link's id
 * @replaces: the policy took another's place, and with it its pins
 * @log: the verifier's, LOG_SIZE bytes, untouched pages cost nothing
 */
struct vhx_policy {
	struct bpf_object *obj;
	struct bpf_map *ops;
	__u32 ops_type;
	struct kern_ops kern;
	int link;
	__u32 id;
	bool loaded;
	bool replaces;
	char error[256];
	char left_out[128];
	char *log;
};

/* btf.c */
int member_at(const struct btf *btf, const struct btf_type *t, unsigned int i,
	      struct member *member);
int member_find(const struct btf *btf, __u32 struct_id, const char *name,
		struct member *member);
int kern_ops_open(struct kern_ops *kern);
void kern_ops_close(struct kern_ops *kern);

/* policy.c */
int policy_fail(struct vhx_policy *policy, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void *policy_data(const struct vhx_policy *policy);

/* pin.c */
int pin_dir(const char *name, char *path, size_t size);
int link_id(int link_fd, __u32 *id);

#endif
