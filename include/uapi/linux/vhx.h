/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vhx: the ABI between the vhx modules and user space.
 *
 * A VMM drives a vhx device node with the ioctls of <linux/vhost.h>, unchanged: same
 * numbers, same structs, same errno. This header holds what vhx has beyond them, three
 * surfaces that share one set of names:
 *
 * 1. ioctls, magic 0xB9.
 *
 *    On every vhx node, VHX_GET_FEATURES says what the loaded module can do. Ask it before
 *    using anything else; a bit that is not set is an ioctl that does not exist.
 *
 *    Every struct starts with its own size in bytes, as the caller was compiled. The kernel
 *    reads that many bytes: a shorter struct is completed with zeros, a longer one is accepted
 *    when the bytes the kernel does not know are zero, and refused with E2BIG otherwise. Fields
 *    are appended, never inserted. A reserved field or an unknown flag that is not zero is
 *    EINVAL.
 *
 * 2. The generic netlink family "vhx" (Documentation in docs/netlink/vhx.yaml). Each command
 *    dumps one kind of object. Dumps show the objects of the caller's network namespace only
 *    and need no capability; what belongs to no network namespace (workers, endpoints, agents,
 *    SCSI hosts) shows to who has a pid for its process. What changes something needs
 *    CAP_NET_ADMIN in the user namespace that owns the network namespace. The multicast group
 *    "events" tells of NICs and policies that come, go, and are ejected, and of agents.
 *
 * 3. Per-queue counters: VHX_QSTATS below is the one list of a NIC's queues, VHX_SCSI_QSTATS of a
 *    SCSI host's, VHX_AGENT_QSTATS in <linux/vhx_agent.h> of an agent's. The kernel's table, the
 *    library's names, the man page and the metrics are all made from them.
 *
 * What a BPF program sees is in <linux/vhx_bpf.h>.
 */
#ifndef _UAPI_LINUX_VHX_H
#define _UAPI_LINUX_VHX_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised only when something below changes its meaning; additions show as feature bits. */
#define VHX_ABI			1

#define VHX_IOC_MAGIC		0xB9

/* Feature bits of VHX_GET_FEATURES. */
#define VHX_F_STEER		(1ULL << 0)	/* struct vhx_steer_ops is registered (the module has BTF) */
#define VHX_F_TEST_RUN		(1ULL << 1)	/* VHX_TEST_RUN */
#define VHX_F_BIND		(1ULL << 2)	/* VHX_NET_BIND */
#define VHX_F_SHIM		(1ULL << 3)	/* vhx_tap_select() and vhx_tap_filter() for socket filters */

/* Longest name of a policy and of a NIC, with the terminating NUL. */
#define VHX_NAME_LEN		16
/* Longest NIC name pattern, with the terminating NUL. */
#define VHX_PATTERN_LEN		32
/* A policy's last words, with the terminating NUL. */
#define VHX_REASON_LEN		64
#define VHX_MSG_LEN		256

/**
 * struct vhx_bind - bind a policy to the NIC of a vhost fd (VHX_NET_BIND)
 * @size: sizeof(struct vhx_bind)
 * @flags: must be 0
 * @policy_id: id of the policy as VHX_CMD_POLICY_GET and the BPF link say it; 0 undoes what
 *	an earlier VHX_NET_BIND on the same NIC bound
 * @reserved: must be 0
 *
 * Needs an owned fd whose backend was set once, since that is what makes a NIC. The caller must
 * own the fd (EPERM). Without CAP_NET_ADMIN over the NIC's network namespace the bind works only
 * where no other policy is bound and none is waiting for the NIC by its name (EBUSY); it never
 * replaces or detaches what an administrator bound (EPERM).
 *
 * Return: 0; ENODEV no NIC yet; ENOENT no such policy; EBUSY another policy is bound.
 */
struct vhx_bind {
	__u32 size;
	__u32 flags;
	__u32 policy_id;
	__u32 reserved;
};

/* vhx_test_run.dir */
#define VHX_DIR_RX		0	/* host to guest */
#define VHX_DIR_TX		1	/* guest to host */

/* Longest packet VHX_TEST_RUN takes, bytes. */
#define VHX_TEST_MAX_LEN	65550
#define VHX_TEST_MAX_REPEAT	1000000

/**
 * struct vhx_test_run - run a loaded policy on given bytes (VHX_TEST_RUN on /dev/vhx)
 * @size: sizeof(struct vhx_test_run)
 * @flags: must be 0
 * @policy_id: id of the policy, see struct vhx_bind
 * @dir: VHX_DIR_RX or VHX_DIR_TX
 * @data: user address of an Ethernet frame
 * @data_len: its length in bytes, 14 to VHX_TEST_MAX_LEN
 * @queues: live queues the policy shall see, 1 to 256
 * @queue: queue the packet is said to come from, below @queues
 * @gso_size: bytes a segment, 0 for no GSO
 * @repeat: how often to run, 1 to VHX_TEST_MAX_REPEAT; 0 means 1
 * @verdict: out: the verdict as the policy returned it, see <linux/vhx_bpf.h>
 * @effect: out: what the NIC would have done, one of VHX_EFFECT_*
 * @effect_queue: out: the queue for VHX_EFFECT_QUEUE
 * @duration_ns: out: nanoseconds one run took on average. Good for comparing two policies on an
 *	idle host and for nothing else.
 *
 * The run touches no NIC: the policy sees one of its own, id 0, named "test". Maps are the real
 * ones. Counters, error budget and ejection are not touched. Needs CAP_NET_ADMIN (EPERM).
 *
 * Return: 0; ENOENT no such policy; EOPNOTSUPP the policy has no program for @dir; EINVAL;
 * EFAULT; EINTR a signal came while repeating.
 */
struct vhx_test_run {
	__u32 size;
	__u32 flags;
	__u32 policy_id;
	__u32 dir;
	__u64 data;
	__u32 data_len;
	__u32 queues;
	__u32 queue;
	__u32 gso_size;
	__u32 repeat;
	__u32 verdict;
	__u32 effect;
	__u32 effect_queue;
	__u64 duration_ns;
};

/* What became of a verdict. */
#define VHX_EFFECT_DEFAULT	0	/* the built-in choice */
#define VHX_EFFECT_QUEUE	1	/* that queue */
#define VHX_EFFECT_PASS		2	/* sent on (tx) */
#define VHX_EFFECT_DROP		3	/* dropped */
#define VHX_EFFECT_DEAD		4	/* a queue that is not live: built-in choice, counted */
#define VHX_EFFECT_ILLEGAL	5	/* no such verdict: built-in choice, counted as an error */

#define VHX_GET_FEATURES	_IOR(VHX_IOC_MAGIC, 0x00, __u64)
#define VHX_NET_BIND		_IOW(VHX_IOC_MAGIC, 0x10, struct vhx_bind)
#define VHX_TEST_RUN		_IOWR(VHX_IOC_MAGIC, 0x20, struct vhx_test_run)

/*
 * Per-queue counters: X(id, NAME, "name", "what one count means"). Ids are ABI: append only.
 * A queue is one virtqueue; RX is host to guest.
 */
#define VHX_QSTATS(X) \
	X(0,  PACKETS,		"packets",		"packets handed over: to the guest (rx), to the backend (tx)") \
	X(1,  BYTES,		"bytes",		"bytes of those packets, without the virtio header") \
	X(2,  KICKS,		"kicks",		"guest notifications that woke the queue's worker") \
	X(3,  CALLS,		"calls",		"interrupts sent to the guest") \
	X(4,  CALLS_SKIPPED,	"calls_skipped",	"interrupts the guest had asked not to get") \
	X(5,  DESCRIPTORS,	"descriptors",		"descriptors read") \
	X(6,  BATCHES,		"batches",		"batches of chains taken from the ring") \
	X(7,  BAD_RINGS,	"bad_rings",		"times the ring was found illegal and the queue stopped") \
	X(8,  BAD_PACKETS,	"bad_packets",		"packets dropped because their chain or header was unusable") \
	X(9,  NO_BUFFERS,	"no_buffers",		"times a packet waited because the guest had posted too few buffers") \
	X(10, BACKEND_ERRORS,	"backend_errors",	"packets dropped because the backend refused them") \
	X(11, STEERED,		"steered",		"packets a policy gave a verdict on") \
	X(12, STEER_MOVED,	"steer_moved",		"packets handed to this queue by another queue's worker") \
	X(13, STEER_DROPPED,	"steer_dropped",	"packets a policy dropped") \
	X(14, STEER_DEAD,	"steer_dead",		"verdicts for a queue that was not live; built-in choice used") \
	X(15, STEER_ILLEGAL,	"steer_illegal",	"verdicts outside the ABI; built-in choice used") \
	X(16, MAILBOX_FULL,	"mailbox_full",		"packets dropped because this queue's mailbox was full") \
	X(17, CLOSED,		"closed",		"packets dropped because a required policy is missing") \
	X(18, IOTLB_MISSES,	"iotlb_misses",		"times the queue had to wait for a translation of the vIOMMU") \
	X(19, IOTLB_INVALIDATIONS, "iotlb_invalidations", "times the vIOMMU took translations back, from all queues of the fd") \
	X(20, IOTLB_RETIRED,	"iotlb_retired",	"translations forgotten to make room, by all queues of the fd") \
	X(21, POLL_HITS,	"poll_hits",		"times polling found work before the worker slept") \
	X(22, POLL_MISSES,	"poll_misses",		"times polling found nothing") \
	X(23, DIRTY_PAGES,	"dirty_pages",		"pages marked in the migration log that were not marked before")

enum vhx_qstat {
#define VHX_QSTAT_ENUM(id, NAME, name, doc) VHX_QSTAT_##NAME = id,
	VHX_QSTATS(VHX_QSTAT_ENUM)
#undef VHX_QSTAT_ENUM
	VHX_QSTAT_NR = 24,
};

/*
 * The same of a SCSI host's queue: the control queue, the event queue, or one of requests. A
 * request is a chain of descriptors: a command, a task management function, room for an event.
 */
#define VHX_SCSI_QSTATS(X) \
	X(0,  PULLED,		"pulled",		"requests taken from the ring") \
	X(1,  PUSHED,		"pushed",		"requests given back to the guest") \
	X(2,  ANSWERED,		"answered",		"of those, commands that an agent answered or that were aborted; functions; events") \
	X(3,  BYTES,		"bytes",		"bytes of data of commands, both ways") \
	X(4,  KICKS,		"kicks",		"guest notifications that woke the queue's worker") \
	X(5,  CALLS,		"calls",		"interrupts sent to the guest") \
	X(6,  CALLS_SKIPPED,	"calls_skipped",	"interrupts the guest had asked not to get") \
	X(7,  DESCRIPTORS,	"descriptors",		"descriptors read") \
	X(8,  BATCHES,		"batches",		"batches of requests taken from the ring") \
	X(9,  BAD_RINGS,	"bad_rings",		"times the ring was found illegal and the queue stopped") \
	X(10, BAD_REQUESTS,	"bad_requests",		"requests given back without an answer: no request, or no room for one") \
	X(11, BAD_TARGET,	"bad_target",		"commands answered that there is no such target") \
	X(12, ABORTED,		"aborted",		"commands that the guest had aborted") \
	X(13, FAILED,		"failed",		"commands answered with a failure of the transport") \
	X(14, BUSY,		"busy",			"commands answered TASK SET FULL, for want of memory") \
	X(15, IOTLB_MISSES,	"iotlb_misses",		"times the queue had to wait for a translation of the vIOMMU") \
	X(16, DIRTY_PAGES,	"dirty_pages",		"pages marked in the migration log that were not marked before") \
	X(17, EVENTS_LOST,	"events_lost",		"events that the guest only heard it had missed")

enum vhx_scsi_qstat {
#define VHX_SCSI_QSTAT_ENUM(id, NAME, name, doc) VHX_SCSI_QSTAT_##NAME = id,
	VHX_SCSI_QSTATS(VHX_SCSI_QSTAT_ENUM)
#undef VHX_SCSI_QSTAT_ENUM
	VHX_SCSI_QSTAT_NR = 18,
};

/*
 * Counters of a guest's vsock. "Sent" is what the guest sends, "got" what it gets.
 */
#define VHX_VSOCK_STATS(X) \
	X(0,  SENT,		"sent",			"packets that the guest sent") \
	X(1,  SENT_BYTES,	"sent_bytes",		"bytes of payload of those") \
	X(2,  SENT_KICKS,	"sent_kicks",		"its notifications that it sent something") \
	X(3,  SENT_CALLS,	"sent_calls",		"interrupts that something was taken") \
	X(4,  SENT_BATCHES,	"sent_batches",		"batches of packets taken from the ring") \
	X(5,  BAD_PACKETS,	"bad_packets",		"packets that are none: cut short, too long, in another's name") \
	X(6,  GOT,		"got",			"packets that it got") \
	X(7,  GOT_BYTES,	"got_bytes",		"bytes of payload of those") \
	X(8,  GOT_KICKS,	"got_kicks",		"its notifications that there are buffers") \
	X(9,  GOT_CALLS,	"got_calls",		"interrupts that something came") \
	X(10, GOT_BATCHES,	"got_batches",		"batches of buffers taken from the ring") \
	X(11, BAD_BUFFERS,	"bad_buffers",		"buffers that nothing fits into") \
	X(12, BAD_RINGS,	"bad_rings",		"times a ring was found illegal and its queue stopped") \
	X(13, IOTLB_MISSES,	"iotlb_misses",		"times a queue had to wait for a translation of the vIOMMU") \
	X(14, DIRTY_PAGES,	"dirty_pages",		"pages marked in the migration log that were not marked before") \
	X(15, TO_HOST,		"to_host",		"packets that it sent to the host's sockets") \
	X(16, TO_SIBLINGS,	"to_siblings",		"packets that it sent to other guests") \
	X(17, UNROUTED,		"unrouted",		"packets answered by a RST: no route, or nobody there, or of no connection") \
	X(18, REFUSED,		"refused",		"connections refused, by its limits or the other guest's") \
	X(19, OVERFLOWS,	"overflows",		"connections reset: too much waited for the other guest") \
	X(20, THROTTLED,	"throttled",		"times it was left waiting, by its limit of bytes a second") \
	X(21, TO_AGENT,		"to_agent",		"packets that it sent to an agent") \
	X(22, PARKED,		"parked",		"connections that an agent's death left to the next one") \
	X(23, RESUMED,		"resumed",		"of these, those that the next agent had, and went on with") \
	X(24, UNCLAIMED,	"unclaimed",		"of these, those that were reset: no agent had them in time")

enum vhx_vsock_stat {
#define VHX_VSOCK_STAT_ENUM(id, NAME, name, doc) VHX_VSOCK_STAT_##NAME = id,
	VHX_VSOCK_STATS(VHX_VSOCK_STAT_ENUM)
#undef VHX_VSOCK_STAT_ENUM
	VHX_VSOCK_STAT_NR = 25,
};

/*
 * Counters of a device of the vDPA bus. What its parent signals itself, without us, is not seen.
 */
#define VHX_VDPA_STATS(X) \
	X(0,  MAPS,		"maps",			"areas that the VMM had mapped") \
	X(1,  UNMAPS,		"unmaps",		"areas that it had unmapped") \
	X(2,  REFUSED,		"refused",		"messages of the VMM that were refused; the last of them is shown") \
	X(3,  TOLD,		"told",			"times the parent was told of a change of mappings") \
	X(4,  SKIPPED_BYTES,	"skipped_bytes",	"bytes that were to be mapped, and are memory that the parent cannot have") \
	X(5,  RESETS,		"resets",		"resets by the VMM") \
	X(6,  SUSPENDS,		"suspends",		"times it was suspended") \
	X(7,  CONFIG_CALLS,	"config_calls",		"changes of its configuration that the VMM was told of") \
	X(8,  KICKS,		"kicks",		"notifications by the guest, of all queues; not by a doorbell") \
	X(9,  CALLS,		"calls",		"interrupts of the guest, of all queues; not what the parent signals itself")

enum vhx_vdpa_stat {
#define VHX_VDPA_STAT_ENUM(id, NAME, name, doc) VHX_VDPA_STAT_##NAME = id,
	VHX_VDPA_STATS(VHX_VDPA_STAT_ENUM)
#undef VHX_VDPA_STAT_ENUM
	VHX_VDPA_STAT_NR = 10,
};

/* Why a policy left (VHX_A_EXIT_KIND, vhx_exit_info.kind). */
enum vhx_exit_kind {
	VHX_EXIT_NONE		= 0,	/* it has not */
	VHX_EXIT_DETACHED	= 1,	/* its link was detached or closed */
	VHX_EXIT_ILLEGAL	= 2,	/* too many illegal verdicts within a second */
	VHX_EXIT_ATTACH		= 3,	/* its nic_attach refused the NIC it was bound to */
	VHX_EXIT_ADMIN		= 4,	/* an administrator ejected it by netlink */
	VHX_EXIT_NIC_GONE	= 5,	/* the NIC it was bound to by id or fd is gone */
};

/* Generic netlink. */
#define VHX_GENL_NAME		"vhx"
#define VHX_GENL_VERSION	1
#define VHX_GENL_MCGRP_EVENTS	"events"

/**
 * enum vhx_cmd - commands of the family
 * @VHX_CMD_UNSPEC: none
 * @VHX_CMD_NIC_GET: dump NICs: VHX_A_NIC_*
 * @VHX_CMD_QUEUE_GET: dump queues with their counters: VHX_A_QUEUE_*; VHX_A_QUEUE_NIC_ID in
 *	the request keeps one NIC's
 * @VHX_CMD_POLICY_GET: dump policies, those that were ejected included while they hold a NIC
 *	closed: VHX_A_POLICY_*
 * @VHX_CMD_WORKER_GET: dump workers: VHX_A_WORKER_*
 * @VHX_CMD_EXIT_GET: dump the last exits of policies, newest last: VHX_A_EXIT_*
 * @VHX_CMD_POLICY_EJECT: eject policy VHX_A_POLICY_ID; CAP_NET_ADMIN
 * @VHX_CMD_NIC_OPEN: let traffic of NIC VHX_A_NIC_ID pass although its required policy is
 *	missing; CAP_NET_ADMIN
 * @VHX_CMD_EVENT: multicast only: VHX_A_EVENT_*
 * @VHX_CMD_NIC_SET: set VHX_A_NIC_POLL_US of NIC VHX_A_NIC_ID; CAP_NET_ADMIN
 * @VHX_CMD_ENDPOINT_GET: dump what agents serve: VHX_A_ENDPOINT_*. Shows to who has a pid for its
 *	agent or its VMM, and in the first pid namespace
 * @VHX_CMD_AGENT_GET: dump sessions of agents: VHX_A_AGENT_*. Shows to who has a pid for the agent
 * @VHX_CMD_AGENT_QUEUE_GET: dump their queues with their counters: VHX_A_AGENT_QUEUE_*;
 *	VHX_A_AGENT_QUEUE_AGENT in the request keeps one session's. Shows likewise
 * @VHX_CMD_SCSI_GET: dump SCSI hosts of guests: VHX_A_SCSI_*. Shows to who has a pid for the VMM
 * @VHX_CMD_SCSI_QUEUE_GET: dump their queues with their counters: VHX_A_SCSI_QUEUE_*;
 *	VHX_A_SCSI_QUEUE_HOST in the request keeps one host's. Shows likewise
 * @VHX_CMD_VSOCK_GET: dump guests that have a CID, with their counters: VHX_A_VSOCK_*. This and
 *	what follows is of the guests that sockets of the caller's network namespace can reach
 * @VHX_CMD_VSOCK_CONN_GET: dump connections between guests: VHX_A_VSOCK_CONN_*
 * @VHX_CMD_VSOCK_ROUTE_GET: dump routes, in the order in which they are asked:
 *	VHX_A_VSOCK_ROUTE_*
 * @VHX_CMD_VSOCK_ROUTE_ADD: add one; without VHX_A_VSOCK_ROUTE_PREF behind all others.
 *	CAP_NET_ADMIN; EEXIST there is one with that preference; EINVAL; E2BIG there are 1024
 * @VHX_CMD_VSOCK_ROUTE_DEL: take away the one with VHX_A_VSOCK_ROUTE_PREF, or without it all.
 *	Connections that it let through stay. CAP_NET_ADMIN; ENOENT
 * @VHX_CMD_VSOCK_LIMIT_GET: dump limits: VHX_A_VSOCK_LIMIT_*; the first are those of guests that
 *	have none of their own
 * @VHX_CMD_VSOCK_LIMIT_SET: set a guest's limits, whether it is there or not; what is not named
 *	stays as it was. CAP_NET_ADMIN; EINVAL; E2BIG there are 4096
 * @VHX_CMD_VSOCK_LIMIT_DEL: it has no limits of its own any more. CAP_NET_ADMIN; ENOENT
 * @VHX_CMD_VDPA_GET: dump devices of the vDPA bus that vhx_vdpa has, with their counters:
 *	VHX_A_VDPA_*. Shows in the first network namespace, as the bus does
 * @VHX_CMD_VDPA_QUEUE_GET: dump their queues: VHX_A_VDPA_QUEUE_*; VHX_A_VDPA_QUEUE_MINOR in the
 *	request keeps one device's. Shows likewise
 */
enum vhx_cmd {
	VHX_CMD_UNSPEC,
	VHX_CMD_NIC_GET,
	VHX_CMD_QUEUE_GET,
	VHX_CMD_POLICY_GET,
	VHX_CMD_WORKER_GET,
	VHX_CMD_EXIT_GET,
	VHX_CMD_POLICY_EJECT,
	VHX_CMD_NIC_OPEN,
	VHX_CMD_EVENT,
	VHX_CMD_NIC_SET,
	VHX_CMD_ENDPOINT_GET,
	VHX_CMD_AGENT_GET,
	VHX_CMD_AGENT_QUEUE_GET,
	VHX_CMD_SCSI_GET,
	VHX_CMD_SCSI_QUEUE_GET,
	VHX_CMD_VSOCK_GET,
	VHX_CMD_VSOCK_CONN_GET,
	VHX_CMD_VSOCK_ROUTE_GET,
	VHX_CMD_VSOCK_ROUTE_ADD,
	VHX_CMD_VSOCK_ROUTE_DEL,
	VHX_CMD_VSOCK_LIMIT_GET,
	VHX_CMD_VSOCK_LIMIT_SET,
	VHX_CMD_VSOCK_LIMIT_DEL,
	VHX_CMD_VDPA_GET,
	VHX_CMD_VDPA_QUEUE_GET,
	__VHX_CMD_MAX,
};
#define VHX_CMD_MAX (__VHX_CMD_MAX - 1)

enum vhx_nic_attr {
	VHX_A_NIC_UNSPEC,
	VHX_A_NIC_PAD,
	VHX_A_NIC_ID,		/* u32, never 0, never used twice since the module was loaded */
	VHX_A_NIC_NAME,		/* string: the netdev's name */
	VHX_A_NIC_IFINDEX,	/* u32 */
	VHX_A_NIC_KIND,		/* string: tap, macvtap, packet, vdpa */
	VHX_A_NIC_OWNER,	/* u32: pid of the process that owns the fds, in the reader's pid ns;
				 * 0 for a vDPA device, which belongs to none
				 */
	VHX_A_NIC_COMM,		/* string: its command name */
	VHX_A_NIC_QUEUES,	/* u32: queue pairs that have this NIC's backend or had it */
	VHX_A_NIC_LIVE,		/* u32: queue pairs that are live */
	VHX_A_NIC_FEATURES,	/* u64: virtio features of queue pair 0, bits 0 to 63 */
	VHX_A_NIC_POLICY_ID,	/* u32: bound policy; absent: none */
	VHX_A_NIC_POLICY_NAME,	/* string */
	VHX_A_NIC_CLOSED,	/* flag: a required policy is missing, everything is dropped */
	VHX_A_NIC_MISMATCH,	/* flag: packets come from another netdev than the fd said; unbound */
	VHX_A_NIC_POLL_US,	/* u32: polls for so long at most, microseconds; absent: as the VMM said */
	VHX_A_NIC_FEATURES_HIGH, /* u64: the same, bits 64 to 127 */
	__VHX_A_NIC_MAX,
};
#define VHX_A_NIC_MAX (__VHX_A_NIC_MAX - 1)

/* VHX_A_NIC_POLL_US in VHX_CMD_NIC_SET: leave it to the VMM again. */
#define VHX_NIC_POLL_VMM	0xffffffffU

enum vhx_queue_attr {
	VHX_A_QUEUE_UNSPEC,
	VHX_A_QUEUE_PAD,
	VHX_A_QUEUE_NIC_ID,	/* u32 */
	VHX_A_QUEUE_INDEX,	/* u32: the queue pair's index in its NIC */
	VHX_A_QUEUE_DIR,	/* u8: VHX_DIR_RX or VHX_DIR_TX */
	VHX_A_QUEUE_LIVE,	/* flag */
	VHX_A_QUEUE_BROKEN,	/* flag: stopped because the ring was illegal */
	VHX_A_QUEUE_SIZE,	/* u32: descriptors */
	VHX_A_QUEUE_AVAIL,	/* u32: next avail index the device will read */
	VHX_A_QUEUE_USED,	/* u32: next used index the device will write */
	VHX_A_QUEUE_WORKER,	/* u32: pid of its worker */
	VHX_A_QUEUE_STATS,	/* nest of u64, attribute type = counter id + 1 */
	VHX_A_QUEUE_POLL_US,	/* u32: microseconds it polls for now; adapts, 0: not at all */
	__VHX_A_QUEUE_MAX,
};
#define VHX_A_QUEUE_MAX (__VHX_A_QUEUE_MAX - 1)

enum vhx_policy_attr {
	VHX_A_POLICY_UNSPEC,
	VHX_A_POLICY_PAD,
	VHX_A_POLICY_ID,	/* u32: the BPF link's id */
	VHX_A_POLICY_NAME,	/* string */
	VHX_A_POLICY_PATTERN,	/* string: NIC name pattern; absent: none */
	VHX_A_POLICY_NIC_ID,	/* u32: NIC it is bound to by id or fd; absent: by name or BIND */
	VHX_A_POLICY_FLAGS,	/* u64: VHX_STEER_F_* */
	VHX_A_POLICY_OPS,	/* u32: bit n set: program n of enum vhx_op is there */
	VHX_A_POLICY_GENERATION, /* u32: how often it was replaced */
	VHX_A_POLICY_NICS,	/* nest: one u32 VHX_A_POLICY_NIC_ID per NIC it steers now */
	VHX_A_POLICY_VERDICTS,	/* u64: verdicts given */
	VHX_A_POLICY_DROPS,	/* u64: of those, drops */
	VHX_A_POLICY_ERRORS,	/* u64: of those, illegal */
	VHX_A_POLICY_DEAD,	/* flag: left, but required: it keeps its NICs closed */
	VHX_A_POLICY_DROP_REASONS, /* nest of u64, attribute type = reason + 1, zeros left out */
	VHX_A_POLICY_UID,	/* u32: who attached it, in the reader's user ns */
	__VHX_A_POLICY_MAX,
};
#define VHX_A_POLICY_MAX (__VHX_A_POLICY_MAX - 1)

enum vhx_worker_attr {
	VHX_A_WORKER_UNSPEC,
	VHX_A_WORKER_PAD,
	VHX_A_WORKER_PID,	/* u32 */
	VHX_A_WORKER_OWNER,	/* u32: pid of the owner; 0: its device belongs to no process */
	VHX_A_WORKER_QUEUES,	/* u32: queues it serves */
	VHX_A_WORKER_RUNS,	/* u64: times it took up work */
	VHX_A_WORKER_ITEMS,	/* u64: pieces of work it did */
	VHX_A_WORKER_ID,	/* u32: its number in its vhost fd, as VHOST_NEW_WORKER gave it */
	VHX_A_WORKER_KTHREAD,	/* flag: a kthread (VHOST_SET_FORK_FROM_OWNER); else a thread of the owner's */
	__VHX_A_WORKER_MAX,
};
#define VHX_A_WORKER_MAX (__VHX_A_WORKER_MAX - 1)

enum vhx_exit_attr {
	VHX_A_EXIT_UNSPEC,
	VHX_A_EXIT_PAD,
	VHX_A_EXIT_POLICY_ID,	/* u32 */
	VHX_A_EXIT_NAME,	/* string */
	VHX_A_EXIT_KIND,	/* u32: enum vhx_exit_kind */
	VHX_A_EXIT_NIC_ID,	/* u32: NIC where it happened; absent: none */
	VHX_A_EXIT_QUEUE,	/* u32 */
	VHX_A_EXIT_DIR,		/* u8 */
	VHX_A_EXIT_VERDICT,	/* u32: the verdict that was too many */
	VHX_A_EXIT_REASON,	/* string: one line */
	VHX_A_EXIT_TIME_NS,	/* u64: CLOCK_BOOTTIME */
	VHX_A_EXIT_HEAD,	/* binary: first bytes of the packet, at most 64 */
	__VHX_A_EXIT_MAX,
};
#define VHX_A_EXIT_MAX (__VHX_A_EXIT_MAX - 1)

enum vhx_endpoint_attr {
	VHX_A_ENDPOINT_UNSPEC,
	VHX_A_ENDPOINT_PAD,
	VHX_A_ENDPOINT_CLASS,	/* u32: VHX_ENDPOINT_* */
	VHX_A_ENDPOINT_NAME,	/* string: the only one of its class */
	VHX_A_ENDPOINT_IN_USE,	/* flag: a VMM uses it */
	VHX_A_ENDPOINT_OWNER,	/* u32: its pid; absent: none of its queues runs */
	VHX_A_ENDPOINT_AGENT,	/* u32: the session that serves it; absent: none does */
	VHX_A_ENDPOINT_FENCE,	/* u32: a dead session whose I/O may still be under way */
	VHX_A_ENDPOINT_QUOTA,	/* u32: pages of the agent's pool that its requests may hold */
	VHX_A_ENDPOINT_USED,	/* u32: pages that they do */
	VHX_A_ENDPOINT_REQUESTS, /* u64: requests that ever came */
	VHX_A_ENDPOINT_WAITING,	/* u32: that wait for an agent, a tag or room */
	VHX_A_ENDPOINT_READY,	/* u32: that the agent has not fetched */
	VHX_A_ENDPOINT_OWNED,	/* u32: that the agent has */
	VHX_A_ENDPOINT_DONE,	/* u32: that are over, and the guest does not know yet */
	VHX_A_ENDPOINT_DISOWNED, /* u32: that the agent has and no guest waits for any more */
	__VHX_A_ENDPOINT_MAX,
};
#define VHX_A_ENDPOINT_MAX (__VHX_A_ENDPOINT_MAX - 1)

enum vhx_agent_attr {
	VHX_A_AGENT_UNSPEC,
	VHX_A_AGENT_PAD,
	VHX_A_AGENT_ID,		/* u32, never 0 */
	VHX_A_AGENT_PID,	/* u32: who opened it, in the reader's pid ns */
	VHX_A_AGENT_COMM,	/* string: its command name */
	VHX_A_AGENT_QUEUES,	/* u32 */
	VHX_A_AGENT_TAGS,	/* u32: of all queues */
	VHX_A_AGENT_POOL,	/* u32: pages */
	VHX_A_AGENT_USED,	/* u32: pages of the pool that requests hold */
	VHX_A_AGENT_ENDPOINTS,	/* u32: how many it serves, or served */
	VHX_A_AGENT_DRAINED,	/* flag: it fetches nothing more */
	VHX_A_AGENT_DEAD,	/* flag: it ended, and pages of its pool are in use */
	VHX_A_AGENT_STALLED,	/* flag: it stands still, see VHX_EVENT_AGENT_STALLED */
	__VHX_A_AGENT_MAX,
};
#define VHX_A_AGENT_MAX (__VHX_A_AGENT_MAX - 1)

enum vhx_agent_queue_attr {
	VHX_A_AGENT_QUEUE_UNSPEC,
	VHX_A_AGENT_QUEUE_PAD,
	VHX_A_AGENT_QUEUE_AGENT, /* u32: the session */
	VHX_A_AGENT_QUEUE_INDEX, /* u32 */
	VHX_A_AGENT_QUEUE_TAGS,	/* u32 */
	VHX_A_AGENT_QUEUE_FREE,	/* u32: tags that no request has */
	VHX_A_AGENT_QUEUE_READY, /* u32: requests that the agent has not fetched */
	VHX_A_AGENT_QUEUE_OWNED, /* u32: that it has */
	VHX_A_AGENT_QUEUE_PARKED, /* flag: a FETCH of its waits */
	VHX_A_AGENT_QUEUE_STATS, /* nest of u64, attribute type = enum vhx_agent_qstat + 1 */
	VHX_A_AGENT_QUEUE_UNFETCHED, /* u32: of ready ones, how many wait for too long */
	VHX_A_AGENT_QUEUE_UNANSWERED, /* u32: of those that it has, likewise */
	__VHX_A_AGENT_QUEUE_MAX,
};
#define VHX_A_AGENT_QUEUE_MAX (__VHX_A_AGENT_QUEUE_MAX - 1)

enum vhx_scsi_attr {
	VHX_A_SCSI_UNSPEC,
	VHX_A_SCSI_PAD,
	VHX_A_SCSI_ID,		/* u32, never 0, never used twice since the module was loaded */
	VHX_A_SCSI_NAME,	/* string: the endpoint it is bound to, or was last */
	VHX_A_SCSI_LIVE,	/* flag: it is bound, and its queues run */
	VHX_A_SCSI_OWNER,	/* u32: pid of the process that owns the fd, in the reader's pid ns */
	VHX_A_SCSI_COMM,	/* string: its command name */
	VHX_A_SCSI_QUEUES,	/* u32: queues that run, the control and the event queue included */
	VHX_A_SCSI_FEATURES,	/* u64: virtio features, bits 0 to 63 */
	VHX_A_SCSI_FUNCTIONS,	/* u32: task management functions under way */
	VHX_A_SCSI_EVENTS,	/* u32: events that wait for a buffer of the guest's */
	VHX_A_SCSI_MISSED,	/* flag: some were lost, and the guest was not told */
	__VHX_A_SCSI_MAX,
};
#define VHX_A_SCSI_MAX (__VHX_A_SCSI_MAX - 1)

/* VHX_A_SCSI_QUEUE_ROLE */
#define VHX_SCSI_ROLE_CONTROL	0
#define VHX_SCSI_ROLE_EVENT	1
#define VHX_SCSI_ROLE_REQUEST	2

enum vhx_scsi_queue_attr {
	VHX_A_SCSI_QUEUE_UNSPEC,
	VHX_A_SCSI_QUEUE_PAD,
	VHX_A_SCSI_QUEUE_HOST,	/* u32 */
	VHX_A_SCSI_QUEUE_INDEX,	/* u32: as the VMM counts */
	VHX_A_SCSI_QUEUE_ROLE,	/* u8: VHX_SCSI_ROLE_* */
	VHX_A_SCSI_QUEUE_LIVE,	/* flag */
	VHX_A_SCSI_QUEUE_BROKEN, /* flag: stopped because the ring was illegal */
	VHX_A_SCSI_QUEUE_SIZE,	/* u32: descriptors */
	VHX_A_SCSI_QUEUE_AVAIL,	/* u32: next avail index the device will read */
	VHX_A_SCSI_QUEUE_USED,	/* u32: next used index the device will write */
	VHX_A_SCSI_QUEUE_WORKER, /* u32: pid of its worker */
	VHX_A_SCSI_QUEUE_STATS,	/* nest of u64, attribute type = enum vhx_scsi_qstat + 1 */
	__VHX_A_SCSI_QUEUE_MAX,
};
#define VHX_A_SCSI_QUEUE_MAX (__VHX_A_SCSI_QUEUE_MAX - 1)

enum vhx_vsock_attr {
	VHX_A_VSOCK_UNSPEC,
	VHX_A_VSOCK_PAD,
	VHX_A_VSOCK_CID,	/* u32 */
	VHX_A_VSOCK_LIVE,	/* flag: its queues run */
	VHX_A_VSOCK_BROKEN,	/* flag: one was stopped because its ring was illegal */
	VHX_A_VSOCK_OWNER,	/* u32: pid of the process that owns the fd; absent: the reader sees none */
	VHX_A_VSOCK_COMM,	/* string: its command name */
	VHX_A_VSOCK_FEATURES,	/* u64: virtio features, bits 0 to 63 */
	VHX_A_VSOCK_WAITING,	/* u32: packets that wait for its buffers */
	VHX_A_VSOCK_CONNS,	/* u32: its connections with other guests */
	VHX_A_VSOCK_STATS,	/* nest of u64, attribute type = enum vhx_vsock_stat + 1 */
	VHX_A_VSOCK_PARKED,	/* u32: its connections that wait for an agent, since one died */
	__VHX_A_VSOCK_MAX,
};
#define VHX_A_VSOCK_MAX (__VHX_A_VSOCK_MAX - 1)

/* VHX_A_VSOCK_CONN_STATE */
#define VHX_VSOCK_CONN_ASKED	0	/* one asked for it, the other has not answered */
#define VHX_VSOCK_CONN_OPEN	1

enum vhx_vsock_conn_attr {
	VHX_A_VSOCK_CONN_UNSPEC,
	VHX_A_VSOCK_CONN_PAD,
	VHX_A_VSOCK_CONN_FROM,	/* u32: CID of who asked for it */
	VHX_A_VSOCK_CONN_FROM_PORT, /* u32 */
	VHX_A_VSOCK_CONN_TO,	/* u32: CID of who was asked */
	VHX_A_VSOCK_CONN_TO_PORT, /* u32 */
	VHX_A_VSOCK_CONN_TYPE,	/* u16: VIRTIO_VSOCK_TYPE_* */
	VHX_A_VSOCK_CONN_STATE,	/* u8: VHX_VSOCK_CONN_* */
	__VHX_A_VSOCK_CONN_MAX,
};
#define VHX_A_VSOCK_CONN_MAX (__VHX_A_VSOCK_CONN_MAX - 1)

/* VHX_A_VSOCK_ROUTE_VERDICT: who gets a connection that a guest asks for. */
#define VHX_VSOCK_HOST		1	/* the host's sockets */
#define VHX_VSOCK_SIBLING	2	/* the guest with the CID that it asked for */
#define VHX_VSOCK_REJECT	3	/* nobody: it gets a RST */
#define VHX_VSOCK_AGENT		4	/* the agent that has attached to the guest's CID; nobody without one */

#define VHX_VSOCK_PREF_MAX	0x80000000U

/* A range of u32 is two of them, first and last; absent: all. */
enum vhx_vsock_route_attr {
	VHX_A_VSOCK_ROUTE_UNSPEC,
	VHX_A_VSOCK_ROUTE_PAD,
	VHX_A_VSOCK_ROUTE_PREF,	/* u32: routes are asked from the least on; 1 to VHX_VSOCK_PREF_MAX */
	VHX_A_VSOCK_ROUTE_FROM,	/* range: CIDs of guests that ask */
	VHX_A_VSOCK_ROUTE_TO,	/* range: CIDs that they ask for */
	VHX_A_VSOCK_ROUTE_PORT,	/* range: ports that they ask for */
	VHX_A_VSOCK_ROUTE_TYPE,	/* u16: VIRTIO_VSOCK_TYPE_*; absent: any */
	VHX_A_VSOCK_ROUTE_VERDICT, /* u8: VHX_VSOCK_HOST, _SIBLING, _REJECT, _AGENT */
	VHX_A_VSOCK_ROUTE_HITS,	/* u64: connections that it decided on */
	__VHX_A_VSOCK_ROUTE_MAX,
};
#define VHX_A_VSOCK_ROUTE_MAX (__VHX_A_VSOCK_ROUTE_MAX - 1)

/*
 * Limits of a guest: X(NAME, default, "name", "what"). Attribute type of each is
 * VHX_A_VSOCK_LIMIT_##NAME, of u64. 0 of a rate: there is none.
 */
#define VHX_VSOCK_LIMITS(X) \
	X(CONNS,	4096,	 "conns",	"connections with other guests and with an agent") \
	X(PENDING,	128,	 "pending",	"of those, that it asked for and the other has not answered; the oldest gives way") \
	X(BACKLOG,	8388608, "backlog",	"bytes of memory that may wait for it from one other guest") \
	X(RATE,		0,	 "rate",	"bytes a second that it may send") \
	X(BURST,	0,	 "burst",	"bytes that it may send at once; 0: an eighth of a second's, 64 KiB at least") \
	X(CONN_RATE,	0,	 "conn-rate",	"connections a second that it may ask for") \
	X(CONN_BURST,	0,	 "conn-burst",	"connections that it may ask for at once; 0: a second's")

enum vhx_vsock_limit_attr {
	VHX_A_VSOCK_LIMIT_UNSPEC,
	VHX_A_VSOCK_LIMIT_PAD,
	VHX_A_VSOCK_LIMIT_CID,	/* u32: the guest; absent or 0: who has no limits of its own */
#define VHX_VSOCK_LIMIT_ENUM(NAME, ...) VHX_A_VSOCK_LIMIT_##NAME,
	VHX_VSOCK_LIMITS(VHX_VSOCK_LIMIT_ENUM)
#undef VHX_VSOCK_LIMIT_ENUM
	__VHX_A_VSOCK_LIMIT_MAX,
};
#define VHX_A_VSOCK_LIMIT_MAX (__VHX_A_VSOCK_LIMIT_MAX - 1)

/* VHX_A_VDPA_MAPS_BY: how the device's parent learns what is mapped */
#define VHX_VDPA_BY_IOMMU	0	/* it does not: the platform's IOMMU has it */
#define VHX_VDPA_BY_SET		1	/* all mappings of an address space at a time */
#define VHX_VDPA_BY_STEP	2	/* each mapping by itself */

/* VHX_A_VDPA_FAIL_OP: what was refused */
#define VHX_VDPA_OP_MESSAGE	0	/* a message that is none, or of no address space */
#define VHX_VDPA_OP_MAP		1
#define VHX_VDPA_OP_UNMAP	2
#define VHX_VDPA_OP_BATCH	3

/* VHX_A_VDPA_FAIL_WHY, besides the errno */
#define VHX_VDPA_WHY_ERRNO	0	/* the errno says it */
#define VHX_VDPA_WHY_MEMLOCK	1	/* RLIMIT_MEMLOCK: see _NEED, _LIMIT, bytes */
#define VHX_VDPA_WHY_RANGE	2	/* not in what the device can address */
#define VHX_VDPA_WHY_OVERLAP	3	/* something is mapped there */
#define VHX_VDPA_WHY_ALIGN	4	/* address and memory differ in where in a page they begin */
#define VHX_VDPA_WHY_MEMORY	5	/* memory that cannot be pinned, or is not there */
#define VHX_VDPA_WHY_PARENT	6	/* the parent, or the IOMMU, refused */
#define VHX_VDPA_WHY_ASID	7	/* of an address space that there is not, or not in this batch */
#define VHX_VDPA_WHY_OWNER	8	/* not by the process that owns the fd */

enum vhx_vdpa_attr {
	VHX_A_VDPA_UNSPEC,
	VHX_A_VDPA_PAD,
	VHX_A_VDPA_MINOR,	/* u32: /dev/vhx-vdpa-MINOR */
	VHX_A_VDPA_NAME,	/* string: the device's on the bus */
	VHX_A_VDPA_DEVICE_ID,	/* u32: the virtio device's: 1 net, 2 block */
	VHX_A_VDPA_OPEN,	/* flag: a VMM has it open */
	VHX_A_VDPA_OWNER,	/* u32: pid of the process that owns the fd; absent: nobody, or unseen */
	VHX_A_VDPA_COMM,	/* string: its command name */
	VHX_A_VDPA_STATUS,	/* u8: the virtio device's status, as it was last set */
	VHX_A_VDPA_SUSPENDED,	/* flag */
	VHX_A_VDPA_FEATURES,	/* u64: virtio features that the driver has taken, bits 0 to 63 */
	VHX_A_VDPA_OFFERED,	/* u64: that the device offers */
	VHX_A_VDPA_BACKEND_FEATURES, /* u64: VHOST_BACKEND_F_* that the VMM has taken, a bit mask */
	VHX_A_VDPA_QUEUES,	/* u32 */
	VHX_A_VDPA_GROUPS,	/* u32: of queues */
	VHX_A_VDPA_SPACES,	/* u32: address spaces that groups can have */
	VHX_A_VDPA_MAPS_BY,	/* u8: VHX_VDPA_BY_* */
	VHX_A_VDPA_USE_VA,	/* flag: it has user addresses, not pinned pages */
	VHX_A_VDPA_MAPPED,	/* u64: bytes mapped now, of all address spaces */
	VHX_A_VDPA_CHUNKS,	/* u64: pieces in which they are */
	VHX_A_VDPA_PINNED,	/* u64: bytes pinned now, accounted to the owner's VmPin */
	VHX_A_VDPA_DOING,	/* u64: bytes of a map or unmap that goes on now; absent: none does */
	VHX_A_VDPA_DONE,	/* u64: of which so many are done */
	VHX_A_VDPA_FAIL_OP,	/* u8: VHX_VDPA_OP_* of the last refusal; absent: there was none */
	VHX_A_VDPA_FAIL_WHY,	/* u8: VHX_VDPA_WHY_* */
	VHX_A_VDPA_FAIL_ERRNO,	/* u32: its errno, positive, where write() says EFAULT */
	VHX_A_VDPA_FAIL_IOVA,	/* u64 */
	VHX_A_VDPA_FAIL_SIZE,	/* u64 */
	VHX_A_VDPA_FAIL_ASID,	/* u32 */
	VHX_A_VDPA_FAIL_NEED,	/* u64: bytes that would have been locked; _WHY_MEMLOCK */
	VHX_A_VDPA_FAIL_LIMIT,	/* u64: bytes that may be; _WHY_MEMLOCK */
	VHX_A_VDPA_STATS,	/* nest of u64, attribute type = enum vhx_vdpa_stat + 1 */
	__VHX_A_VDPA_MAX,
};
#define VHX_A_VDPA_MAX (__VHX_A_VDPA_MAX - 1)

enum vhx_vdpa_queue_attr {
	VHX_A_VDPA_QUEUE_UNSPEC,
	VHX_A_VDPA_QUEUE_PAD,
	VHX_A_VDPA_QUEUE_MINOR,	/* u32: the device's */
	VHX_A_VDPA_QUEUE_INDEX,	/* u32 */
	VHX_A_VDPA_QUEUE_SIZE,	/* u32: descriptors, as set; 0: not set */
	VHX_A_VDPA_QUEUE_GROUP,	/* u32: absent: the device has one */
	VHX_A_VDPA_QUEUE_SPACE,	/* u32: address space of that group, as set */
	VHX_A_VDPA_QUEUE_ENABLED, /* flag: as set */
	VHX_A_VDPA_QUEUE_BYPASS, /* flag: its interrupts may go to the guest without the host */
	VHX_A_VDPA_QUEUE_DOORBELL, /* flag: its doorbell is mapped */
	VHX_A_VDPA_QUEUE_KICKS,	/* u64: by eventfd */
	VHX_A_VDPA_QUEUE_CALLS,	/* u64: by us */
	__VHX_A_VDPA_QUEUE_MAX,
};
#define VHX_A_VDPA_QUEUE_MAX (__VHX_A_VDPA_QUEUE_MAX - 1)

/* VHX_A_EVENT_KIND */
enum vhx_event_kind {
	VHX_EVENT_NIC_NEW	= 1,
	VHX_EVENT_NIC_GONE	= 2,
	VHX_EVENT_POLICY_NEW	= 3,
	VHX_EVENT_POLICY_GONE	= 4,
	VHX_EVENT_BOUND		= 5,
	VHX_EVENT_UNBOUND	= 6,
	VHX_EVENT_REPLACED	= 7,
	VHX_EVENT_EJECTED	= 8,
	VHX_EVENT_CLOSED	= 9,	/* a NIC drops everything: its required policy is missing */
	VHX_EVENT_OPENED	= 10,
	VHX_EVENT_QUEUE_BROKEN	= 11,
	VHX_EVENT_MISMATCH	= 12,
	VHX_EVENT_AGENT_STALLED	= 13,	/* it has not fetched, or not answered, for agent_stall_s */
	VHX_EVENT_AGENT_RESUMED	= 14,	/* it does again */
	VHX_EVENT_AGENT_KILLED	= 15,	/* agent_stall_kill: it was sent SIGKILL */
	VHX_EVENT_AGENT_GONE	= 16,	/* its session ended; what it served waits for another */
	VHX_EVENT_AGENT_FENCED	= 17,	/* all that it began is over: another may serve */
};

enum vhx_event_attr {
	VHX_A_EVENT_UNSPEC,
	VHX_A_EVENT_PAD,
	VHX_A_EVENT_KIND,	/* u32: enum vhx_event_kind */
	VHX_A_EVENT_TIME_NS,	/* u64: CLOCK_BOOTTIME */
	VHX_A_EVENT_NIC_ID,	/* u32 */
	VHX_A_EVENT_NIC_NAME,	/* string */
	VHX_A_EVENT_QUEUE,	/* u32 */
	VHX_A_EVENT_POLICY_ID,	/* u32 */
	VHX_A_EVENT_POLICY_NAME, /* string */
	VHX_A_EVENT_REASON,	/* string */
	VHX_A_EVENT_AGENT,	/* u32: session */
	VHX_A_EVENT_AGENT_NAME,	/* string: its command name */
	VHX_A_EVENT_ENDPOINT,	/* string */
	__VHX_A_EVENT_MAX,
};
#define VHX_A_EVENT_MAX (__VHX_A_EVENT_MAX - 1)

#endif /* _UAPI_LINUX_VHX_H */
