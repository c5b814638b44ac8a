/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vhx: the ABI between vhx_net.ko and steering policies, BPF programs of the struct_ops type
 * vhx_steer_ops. Included by the kernel module and by *.bpf.c alike; there is no copy of it.
 *
 * The layout of the structs is not the promise, their field names are: programs are relocated by
 * CO-RE at load. Fields and operations are appended. A policy that leaves out an operation gets
 * the built-in behaviour for it.
 *
 * A policy author includes <vhx/common.bpf.h>, which includes this.
 */
#ifndef _UAPI_LINUX_VHX_BPF_H
#define _UAPI_LINUX_VHX_BPF_H

/*
 * Needs __u8 to __u64 and __s32: from <linux/types.h>, or from vmlinux.h in a BPF program. That
 * choice is the includer's, so that this file can stand behind either.
 */

#define VHX_BPF_ABI		1

/*
 * Verdicts.
 *
 *	rx	a queue index (0 to 0xffff), VHX_DEFAULT or VHX_DROP(reason)
 *	tx	VHX_PASS, VHX_DEFAULT (the same) or VHX_DROP(reason)
 *
 * A queue that is not live counts as VHX_DEFAULT and is never held against the policy: queues
 * come and go with the guest. Anything else is illegal: it is counted, treated as VHX_DEFAULT (as
 * VHX_DROP by a policy with VHX_STEER_F_REQUIRED), and ejects the policy when it comes more than
 * max_errors times within one second.
 */
#define VHX_DEFAULT		0x01000000U
#define VHX_PASS		0x02000000U
#define VHX_DROP_BASE		0x03000000U
#define VHX_DROP(reason)	(VHX_DROP_BASE | ((reason) & 0xffU))

/* Reasons of VHX_DROP. 0 to 63 belong to vhx, 64 to 255 to the policy. */
enum vhx_drop_reason {
	VHX_DROP_UNSPEC		= 0,
	VHX_DROP_SPOOF		= 1,	/* source address that is not the guest's */
	VHX_DROP_RATE		= 2,	/* too fast */
	VHX_DROP_DENY		= 3,	/* not allowed */
	VHX_DROP_MALFORMED	= 4,	/* cannot be parsed */
	VHX_DROP_PRIVATE	= 64,
};

/* vhx_pkt.flags */
#define VHX_PKT_TX		(1U << 0)	/* guest to host */
#define VHX_PKT_CSUM		(1U << 1)	/* checksum is still to be filled in */
#define VHX_PKT_GSO		(1U << 2)	/* to be cut into segments of gso_size */
#define VHX_PKT_TAP		(1U << 3)	/* rx: seen at the tap, before it chose a queue */
#define VHX_PKT_XDP		(1U << 4)	/* rx: an XDP frame */
#define VHX_PKT_TEST		(1U << 5)	/* VHX_TEST_RUN */

/* Bytes of a guest's packet (tx) that vhx_pkt_data() and vhx_pkt_load() can reach. */
#define VHX_PKT_HEAD_MAX	256

/**
 * struct vhx_pkt - a packet on its way, as a policy sees it
 * @len: bytes of the Ethernet frame; the virtio header is not counted
 * @head_len: bytes that vhx_pkt_data() and vhx_pkt_load() can reach, from the frame's start
 * @flags: VHX_PKT_*
 * @queue: tx: the queue pair it came from; rx: the queue pair it would go to by itself, or 0
 *	where nothing has chosen yet (VHX_PKT_TAP)
 * @gso_size: bytes a segment, 0 without VHX_PKT_GSO
 * @protocol: EtherType in host byte order, behind at most one VLAN tag
 * @vlan_tci: VLAN tag in host byte order, 0 for none
 *
 * Read only. Its bytes never change under the policy: what the policy saw is what is sent.
 */
struct vhx_pkt {
	__u32 len;
	__u32 head_len;
	__u32 flags;
	__u32 queue;
	__u16 gso_size;
	__u16 protocol;
	__u16 vlan_tci;
	__u16 reserved;
};

/**
 * struct vhx_nic - a guest's NIC, as a policy sees it
 * @id: never 0 but in VHX_TEST_RUN, never used twice while the module is loaded
 * @ifindex: the netdev behind it
 * @queues: queue pairs that are live now; 0 to @max_queues - 1 may be verdicts, and below
 *	@queues they are live as long as the guest uses its queues in order, as all do
 * @max_queues: queue pairs the NIC has
 * @features: virtio features the guest acknowledged, queue pair 0, bits 0 to 63
 * @name: the netdev's name when the NIC was made
 * @features_high: the same, bits 64 to 127
 */
struct vhx_nic {
	__u32 id;
	__u32 ifindex;
	__u32 queues;
	__u32 max_queues;
	__u64 features;
	char name[16];
	__u64 features_high;
};

/* vhx_nic_config.what */
#define VHX_CONFIG_QUEUES	(1U << 0)	/* queues changed */
#define VHX_CONFIG_FEATURES	(1U << 1)	/* features changed */

/**
 * struct vhx_nic_config - what the guest or VMM changed
 * @what: VHX_CONFIG_*
 * @queues: live queue pairs now
 * @features: features now, bits 0 to 63
 * @features_high: bits 64 to 127
 */
struct vhx_nic_config {
	__u32 what;
	__u32 queues;
	__u64 features;
	__u64 features_high;
};

/**
 * struct vhx_batch - packets to be judged at once, see vhx_steer_ops.batch
 * @n: how many
 * @flags: VHX_PKT_TX or 0; all go the same way
 * @queue: the queue pair they came from
 */
struct vhx_batch {
	__u32 n;
	__u32 flags;
	__u32 queue;
	__u32 reserved;
};

/**
 * struct vhx_exit_info - why a policy had to go
 * @kind: enum vhx_exit_kind of <linux/vhx.h>
 * @nic_id: NIC where it happened, 0 for none
 * @queue: queue pair where it happened
 * @verdict: the verdict that was one too many
 * @flags: VHX_PKT_TX or 0
 * @head_len: bytes valid in @head
 * @time_ns: CLOCK_BOOTTIME
 * @reason: one line for a person
 * @head: first bytes of the packet
 */
struct vhx_exit_info {
	__u32 kind;
	__u32 nic_id;
	__u32 queue;
	__u32 verdict;
	__u32 flags;
	__u32 head_len;
	__u64 time_ns;
	char reason[64];
	__u8 head[64];
};

/* vhx_steer_ops.flags */
#define VHX_STEER_F_REQUIRED	(1ULL << 0)	/* a filter: without it its NICs drop everything */
#define VHX_STEER_F_ALL		VHX_STEER_F_REQUIRED

/* Programs of a policy, bit numbers of VHX_A_POLICY_OPS. */
enum vhx_op {
	VHX_OP_RX, VHX_OP_TX, VHX_OP_BATCH, VHX_OP_NIC_ATTACH, VHX_OP_NIC_DETACH,
	VHX_OP_NIC_CONFIG, VHX_OP_EXIT,
};

/**
 * struct vhx_steer_ops - a steering policy
 *
 * Only @name and one of @rx and @tx are mandatory. The map must be in section
 * ".struct_ops.link": a policy lives as long as its BPF link.
 */
struct vhx_steer_ops {
	/**
	 * @rx: judge a packet on its way to the guest.
	 *
	 * Context: softirq or process, RCU read side, not sleepable; concurrent with itself.
	 * Return: verdict.
	 */
	__u32 (*rx)(struct vhx_pkt *pkt, struct vhx_nic *nic);
	/**
	 * @tx: judge a packet on its way from the guest, before its payload is copied.
	 *
	 * Context: process, RCU read side, not sleepable; concurrent with itself for other queues.
	 * Return: verdict.
	 */
	__u32 (*tx)(struct vhx_pkt *pkt, struct vhx_nic *nic);
	/**
	 * @batch: judge many packets in one call, for speed; used instead of @rx or @tx (which
	 * must be there, for what comes singly) where a batch is at hand. Walk it with
	 * bpf_iter_vhx_batch, give verdicts by vhx_pkt_verdict(); what got none is VHX_DEFAULT.
	 *
	 * Context: as @tx.
	 */
	void (*batch)(struct vhx_batch *batch, struct vhx_nic *nic);
	/**
	 * @nic_attach: the policy is about to be bound to a NIC.
	 *
	 * Context: process, may sleep if the program is sleepable ("struct_ops.s").
	 * Return: 0, or a negative errno to refuse it.
	 */
	__s32 (*nic_attach)(struct vhx_nic *nic);
	/** @nic_detach: the policy was unbound from a NIC. Context: as @nic_attach. */
	void (*nic_detach)(struct vhx_nic *nic);
	/** @nic_config: queues or features of a bound NIC changed. Context: as @nic_attach. */
	void (*nic_config)(struct vhx_nic *nic, struct vhx_nic_config *cfg);
	/** @exit: the policy was ejected. Context: as @nic_attach. */
	void (*exit)(struct vhx_exit_info *info);

	/** @flags: VHX_STEER_F_*; unknown bits are refused. */
	__u64 flags;
	/** @abi: VHX_BPF_ABI, or 0 for whatever the module has. */
	__u32 abi;
	/** @nic_id: bind to this NIC only; 0: do not bind by id. Needs CAP_NET_ADMIN. */
	__u32 nic_id;
	/**
	 * @nic_fd: bind to the NIC of this vhost fd of the attaching process; 0 or less: do not
	 * bind by fd. Whoever holds the fd may do it where no administrator's policy is.
	 */
	__s32 nic_fd;
	/** @max_errors: illegal verdicts tolerated within one second; 0: 16. At most 65536. */
	__u32 max_errors;
	/** @name: the policy's name, letters, digits, "_", "-" and "."; not empty. */
	char name[16];
	/**
	 * @nic_name: bind to every NIC of this network namespace whose name matches, now and
	 * later; "*" matches any run of characters, "?" any one. Empty: do not bind by name.
	 */
	char nic_name[32];
};

#endif /* _UAPI_LINUX_VHX_BPF_H */
