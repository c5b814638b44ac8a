/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libvhx: what a program needs to see and steer vhx: the nodes' features, the netlink dumps,
 * policies from a .bpf.o file to a pinned link, the tap shim, test vectors, sessions of agents.
 *
 * A method of an object is object__verb. A function that can fail returns a negative errno;
 * nothing is ever printed (libbpf says what libbpf_set_print() of the process lets it say).
 * Structs named *_info are handed out by pointer only, live as long as the callback that gets
 * them, and grow at their end.
 *
 * A vhx_nl and a vhx_policy belong to one thread at a time.
 */
#ifndef _LIBVHX_H
#define _LIBVHX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/types.h>
#include <linux/vhx.h>
#include <linux/vhx_agent.h>
#include <linux/vhx_bpf.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VHX_API __attribute__((visibility("default")))

#define VHX_NODE_CTL	"/dev/vhx"
#define VHX_NODE_NET	"/dev/vhx-net"

/* Where the policies that outlive their loader are pinned, a directory each. */
#define VHX_PIN_ROOT	"/sys/fs/bpf/vhx"

/* --- nodes (ctl.c) --- */

/**
 * vhx_node__open() - open a vhx node
 * @path: VHX_NODE_CTL or VHX_NODE_NET
 *
 * Return: a file descriptor; -ENOENT or -ENXIO: the module is not loaded.
 */
VHX_API int vhx_node__open(const char *path);

/**
 * vhx_node__features() - what the module behind a node can do
 * @fd: the node
 * @features: VHX_F_*
 *
 * Return: 0; -ENOTTY: this is no vhx node.
 */
VHX_API int vhx_node__features(int fd, __u64 *features);

/**
 * vhx_feature__name() - a VHX_F_ bit by name
 * @bit: its number
 *
 * Return: the name in lower case, NULL for a bit this library does not know.
 */
VHX_API const char *vhx_feature__name(unsigned int bit);

/* --- netlink (nl.c, nl_obj.c, nl_agent.c, nl_scsi.c, nl_vsock.c, nl_vdpa.c) --- */

struct vhx_nl;

/**
 * vhx_nl__open() - connect to the netlink family
 * @nl: out
 *
 * Return: 0; -ENOENT: no such family, the module is not loaded.
 */
VHX_API int vhx_nl__open(struct vhx_nl **nl);
VHX_API void vhx_nl__close(struct vhx_nl *nl);

/**
 * vhx_nl__error() - what the kernel said to the last request it refused
 * @nl: the connection
 *
 * Return: one line, empty when it said nothing.
 */
VHX_API const char *vhx_nl__error(const struct vhx_nl *nl);

/**
 * struct vhx_nic_info - a guest NIC, see enum vhx_nic_attr
 * @policy_id: 0: none
 * @poll_us: VHX_NIC_POLL_VMM: as the VMM said
 */
struct vhx_nic_info {
	__u32 id;
	__u32 ifindex;
	__u32 owner;
	__u32 queues;
	__u32 live;
	__u32 policy_id;
	__u64 features;
	const char *name;
	const char *kind;
	const char *comm;
	const char *policy_name;
	bool closed;
	bool mismatch;
	__u32 poll_us;
	__u64 features_high;
};

/**
 * struct vhx_queue_info - a virtqueue, see enum vhx_queue_attr
 * @stats: counters, by enum vhx_qstat; those the kernel did not send are 0
 * @nr_stats: how many @stats has
 */
struct vhx_queue_info {
	__u32 nic_id;
	__u32 index;
	__u32 dir;
	__u32 size;
	__u32 avail;
	__u32 used;
	__u32 worker;
	__u32 nr_stats;
	const __u64 *stats;
	bool live;
	bool broken;
	__u32 poll_us;
};

/**
 * struct vhx_policy_info - a policy, see enum vhx_policy_attr
 * @nics: ids of the NICs it steers now
 * @drop_reasons: packets dropped, by reason, 256 of them
 */
struct vhx_policy_info {
	__u32 id;
	__u32 nic_id;
	__u32 ops;
	__u32 generation;
	__u32 uid;
	__u32 nr_nics;
	const __u32 *nics;
	__u64 flags;
	__u64 verdicts;
	__u64 drops;
	__u64 errors;
	const __u64 *drop_reasons;
	const char *name;
	const char *pattern;
	bool dead;
};

/** struct vhx_worker_info - a worker thread, see enum vhx_worker_attr */
struct vhx_worker_info {
	__u32 pid;
	__u32 owner;
	__u32 queues;
	__u64 runs;
	__u64 items;
	__u32 id;
	bool kthread;
};

/**
 * struct vhx_exit_record - how a policy left, see enum vhx_exit_attr
 *
 * @queue, @dir and @verdict mean something for VHX_EXIT_ILLEGAL only.
 */
struct vhx_exit_record {
	__u32 policy_id;
	__u32 kind;
	__u32 nic_id;
	__u32 queue;
	__u32 dir;
	__u32 verdict;
	__u64 time_ns;
	const char *name;
	const char *reason;
	const __u8 *head;
	__u32 head_len;
};

/**
 * struct vhx_event_info - something happened, see enum vhx_event_attr
 * @has_queue: @queue means something
 */
struct vhx_event_info {
	__u32 kind;
	__u32 nic_id;
	__u32 queue;
	__u32 policy_id;
	__u64 time_ns;
	const char *nic_name;
	const char *policy_name;
	const char *reason;
	bool has_queue;
	__u32 agent;
	const char *agent_name;
	const char *endpoint;
};

/**
 * struct vhx_endpoint_info - what an agent serves, see enum vhx_endpoint_attr
 * @owner: 0: none of the VMM's queues runs
 * @agent: 0: nobody serves it
 * @fence: 0: nothing of a dead session's is under way
 */
struct vhx_endpoint_info {
	__u32 class;
	__u32 owner;
	__u32 agent;
	__u32 fence;
	__u32 quota;
	__u32 used;
	__u64 requests;
	__u32 waiting;
	__u32 ready;
	__u32 owned;
	__u32 done;
	__u32 disowned;
	const char *name;
	bool in_use;
};

/** struct vhx_agent_info - an agent's session, see enum vhx_agent_attr */
struct vhx_agent_info {
	__u32 id;
	__u32 pid;
	__u32 queues;
	__u32 tags;
	__u32 pool;
	__u32 used;
	__u32 endpoints;
	const char *comm;
	bool drained;
	bool dead;
	bool stalled;
};

/**
 * struct vhx_agent_queue_info - a queue of a session, see enum vhx_agent_queue_attr
 * @stats: counters, by enum vhx_agent_qstat
 * @nr_stats: how many @stats has
 */
struct vhx_agent_queue_info {
	__u32 agent;
	__u32 index;
	__u32 tags;
	__u32 free;
	__u32 ready;
	__u32 owned;
	const __u64 *stats;
	__u32 nr_stats;
	bool parked;
	__u32 unfetched;
	__u32 unanswered;
};

/** struct vhx_scsi_info - a guest's SCSI host, see enum vhx_scsi_attr */
struct vhx_scsi_info {
	__u32 id;
	__u32 owner;
	__u32 queues;
	__u32 functions;
	__u32 events;
	__u64 features;
	const char *name;
	const char *comm;
	bool live;
	bool missed;
};

/**
 * struct vhx_scsi_queue_info - a queue of a SCSI host's, see enum vhx_scsi_queue_attr
 * @stats: counters, by enum vhx_scsi_qstat
 * @nr_stats: how many @stats has
 */
struct vhx_scsi_queue_info {
	__u32 host;
	__u32 index;
	__u32 role;
	__u32 size;
	__u32 avail;
	__u32 used;
	__u32 worker;
	__u32 nr_stats;
	const __u64 *stats;
	bool live;
	bool broken;
};

/**
 * struct vhx_vsock_info - a guest that has a CID, see enum vhx_vsock_attr
 * @owner: 0: the caller sees no such process
 * @parked: connections that wait for an agent
 * @stats: counters, by enum vhx_vsock_stat
 * @nr_stats: how many @stats has
 */
struct vhx_vsock_info {
	__u32 cid;
	__u32 owner;
	__u32 waiting;
	__u32 conns;
	__u32 parked;
	__u64 features;
	const char *comm;
	const __u64 *stats;
	__u32 nr_stats;
	bool live;
	bool broken;
};

/** struct vhx_vsock_conn_info - a connection between guests, see enum vhx_vsock_conn_attr */
struct vhx_vsock_conn_info {
	__u32 from;
	__u32 from_port;
	__u32 to;
	__u32 to_port;
	__u16 type;
	bool open;
};

/** struct vhx_range - numbers from @first to @last; where it is asked for, both 0: all that can be */
struct vhx_range {
	__u32 first;
	__u32 last;
};

/**
 * struct vhx_vsock_route - a route, see enum vhx_vsock_route_attr
 * @pref: 0, where it is added: behind all others
 * @type: 0: any
 * @hits: not asked for
 */
struct vhx_vsock_route {
	__u32 pref;
	struct vhx_range from;
	struct vhx_range to;
	struct vhx_range port;
	__u16 type;
	__u8 verdict;
	__u64 hits;
};

#define VHX_VSOCK_LIMIT_NR	(VHX_A_VSOCK_LIMIT_MAX - VHX_A_VSOCK_LIMIT_CID)

/**
 * struct vhx_vsock_limits - limits of a guest
 * @cid: its CID; 0: of those that have none of their own
 * @set: bits of those in @value that are to be set
 * @value: in the order of VHX_VSOCK_LIMITS
 */
struct vhx_vsock_limits {
	__u32 cid;
	__u32 set;
	__u64 value[VHX_VSOCK_LIMIT_NR];
};

/**
 * struct vhx_vdpa_fail - the last message that was refused, see VHX_A_VDPA_FAIL_*
 * @err: a positive errno
 * @need, @limit: mean something for VHX_VDPA_WHY_MEMLOCK only
 */
struct vhx_vdpa_fail {
	__u8 op;
	__u8 why;
	__u32 err;
	__u64 iova;
	__u64 size;
	__u32 asid;
	__u64 need;
	__u64 limit;
};

/**
 * struct vhx_vdpa_info - a device of the vDPA bus, see enum vhx_vdpa_attr
 * @owner: 0: nobody, or the caller sees no such process
 * @doing: 0: no map or unmap goes on
 * @fail: NULL: nothing was refused
 * @stats: counters, by enum vhx_vdpa_stat
 * @nr_stats: how many @stats has
 */
struct vhx_vdpa_info {
	__u32 minor;
	__u32 device_id;
	__u32 owner;
	__u32 queues;
	__u32 groups;
	__u32 spaces;
	const char *name;
	const char *comm;
	__u64 features;
	__u64 offered;
	__u64 backend_features;
	__u64 mapped;
	__u64 chunks;
	__u64 pinned;
	__u64 doing;
	__u64 done;
	const struct vhx_vdpa_fail *fail;
	const __u64 *stats;
	__u32 nr_stats;
	__u8 status;
	__u8 maps_by;
	bool open;
	bool suspended;
	bool use_va;
};

/**
 * struct vhx_vdpa_queue_info - a queue of such a device, see enum vhx_vdpa_queue_attr
 * @has_group: @group and @space mean something
 */
struct vhx_vdpa_queue_info {
	__u32 minor;
	__u32 index;
	__u32 size;
	__u32 group;
	__u32 space;
	__u64 kicks;
	__u64 calls;
	bool has_group;
	bool enabled;
	bool bypass;
	bool doorbell;
};

/* A callback that returns non-zero ends the walk, and the walk returns it. */
typedef int (*vhx_nic_fn)(const struct vhx_nic_info *nic, void *arg);
typedef int (*vhx_queue_fn)(const struct vhx_queue_info *queue, void *arg);
typedef int (*vhx_policy_fn)(const struct vhx_policy_info *policy, void *arg);
typedef int (*vhx_worker_fn)(const struct vhx_worker_info *worker, void *arg);
typedef int (*vhx_exit_fn)(const struct vhx_exit_record *exit, void *arg);
typedef int (*vhx_endpoint_fn)(const struct vhx_endpoint_info *endpoint, void *arg);
typedef int (*vhx_agent_fn)(const struct vhx_agent_info *agent, void *arg);
typedef int (*vhx_agent_queue_fn)(const struct vhx_agent_queue_info *queue, void *arg);
typedef int (*vhx_scsi_fn)(const struct vhx_scsi_info *host, void *arg);
typedef int (*vhx_scsi_queue_fn)(const struct vhx_scsi_queue_info *queue, void *arg);
typedef int (*vhx_vsock_fn)(const struct vhx_vsock_info *guest, void *arg);
typedef int (*vhx_vsock_conn_fn)(const struct vhx_vsock_conn_info *conn, void *arg);
typedef int (*vhx_vsock_route_fn)(const struct vhx_vsock_route *route, void *arg);
typedef int (*vhx_vsock_limits_fn)(const struct vhx_vsock_limits *limits, void *arg);
typedef int (*vhx_vdpa_fn)(const struct vhx_vdpa_info *dev, void *arg);
typedef int (*vhx_vdpa_queue_fn)(const struct vhx_vdpa_queue_info *queue, void *arg);
typedef int (*vhx_event_fn)(const struct vhx_event_info *event, void *arg);

/*
 * Walks over what there is in this network namespace. -EINTR: the kernel's list changed in the
 * middle of it; forget what came and walk again.
 */
VHX_API int vhx_nic__each(struct vhx_nl *nl, vhx_nic_fn fn, void *arg);
VHX_API int vhx_queue__each(struct vhx_nl *nl, __u32 nic_id, vhx_queue_fn fn, void *arg);
VHX_API int vhx_policy__each(struct vhx_nl *nl, vhx_policy_fn fn, void *arg);
VHX_API int vhx_worker__each(struct vhx_nl *nl, vhx_worker_fn fn, void *arg);
VHX_API int vhx_exit__each(struct vhx_nl *nl, vhx_exit_fn fn, void *arg);

/*
 * Of those that have a pid for the caller, and of one session or host, or of all if it is 0.
 * -EOPNOTSUPP: the module that knows of them is not loaded.
 */
VHX_API int vhx_endpoint__each(struct vhx_nl *nl, vhx_endpoint_fn fn, void *arg);
VHX_API int vhx_agent__each(struct vhx_nl *nl, vhx_agent_fn fn, void *arg);
VHX_API int vhx_agent_queue__each(struct vhx_nl *nl, __u32 agent, vhx_agent_queue_fn fn,
				  void *arg);
VHX_API int vhx_scsi__each(struct vhx_nl *nl, vhx_scsi_fn fn, void *arg);
VHX_API int vhx_scsi_queue__each(struct vhx_nl *nl, __u32 host, vhx_scsi_queue_fn fn, void *arg);

/* Of the guests that sockets of this network namespace can reach. */
VHX_API int vhx_vsock__each(struct vhx_nl *nl, vhx_vsock_fn fn, void *arg);
VHX_API int vhx_vsock_conn__each(struct vhx_nl *nl, vhx_vsock_conn_fn fn, void *arg);
VHX_API int vhx_vsock_route__each(struct vhx_nl *nl, vhx_vsock_route_fn fn, void *arg);
VHX_API int vhx_vsock_limits__each(struct vhx_nl *nl, vhx_vsock_limits_fn fn, void *arg);

/*
 * Devices of the vDPA bus, which show in the first network namespace only; queues of the one with
 * that minor, or of all with VHX_VDPA_ALL: a minor may be 0.
 */
#define VHX_VDPA_ALL	0xffffffffU

VHX_API int vhx_vdpa__each(struct vhx_nl *nl, vhx_vdpa_fn fn, void *arg);
VHX_API int vhx_vdpa_queue__each(struct vhx_nl *nl, __u32 minor, vhx_vdpa_queue_fn fn, void *arg);

/*
 * Change routes and limits. Each returns 0 or a negative errno, for which vhx_nl__error() has words;
 * -EPERM: needs CAP_NET_ADMIN. @pref 0: all routes.
 */
VHX_API int vhx_vsock_route__add(struct vhx_nl *nl, const struct vhx_vsock_route *route);
VHX_API int vhx_vsock_route__del(struct vhx_nl *nl, __u32 pref);
VHX_API int vhx_vsock_limits__set(struct vhx_nl *nl, const struct vhx_vsock_limits *limits);
VHX_API int vhx_vsock_limits__del(struct vhx_nl *nl, __u32 cid);

/**
 * vhx_nic__open() - let a closed NIC's traffic pass without its required policy
 * @nl: the connection
 * @nic_id: the NIC
 *
 * Return: 0; -EPERM: needs CAP_NET_ADMIN.
 */
VHX_API int vhx_nic__open(struct vhx_nl *nl, __u32 nic_id);

/**
 * vhx_nic__set_poll() - set how long a NIC's queues poll at most
 * @nl: the connection
 * @nic_id: the NIC
 * @us: microseconds, 0 for not at all, VHX_NIC_POLL_VMM for as the VMM said
 *
 * Return: 0; -EPERM: needs CAP_NET_ADMIN; -ERANGE: too long.
 */
VHX_API int vhx_nic__set_poll(struct vhx_nl *nl, __u32 nic_id, __u32 us);

/**
 * vhx_policy__eject() - throw a policy out; its link stays with its holder, detached
 * @nl: the connection
 * @policy_id: the policy
 *
 * Return: 0; -EPERM: needs CAP_NET_ADMIN.
 */
VHX_API int vhx_policy__eject(struct vhx_nl *nl, __u32 policy_id);

/**
 * vhx_event__subscribe() - hear of events on this connection, and use it for nothing else
 * @nl: the connection
 *
 * Return: a file descriptor to poll, owned by @nl.
 */
VHX_API int vhx_event__subscribe(struct vhx_nl *nl);

/**
 * vhx_event__read() - wait for one message and hand its events over
 * @nl: a subscribed connection
 *
 * Return: 0; -ENOBUFS: events were lost; -EINTR: a signal came.
 */
VHX_API int vhx_event__read(struct vhx_nl *nl, vhx_event_fn fn, void *arg);

/* --- names (names.c, stats.c): NULL for what this library does not know --- */

VHX_API const char *vhx_exit_kind__name(__u32 kind);
VHX_API const char *vhx_event_kind__name(__u32 kind);
VHX_API const char *vhx_drop_reason__name(__u32 reason);
VHX_API const char *vhx_op__name(__u32 op);
VHX_API const char *vhx_effect__name(__u32 effect);
VHX_API const char *vhx_dir__name(__u32 dir);
VHX_API const char *vhx_scsi_role__name(__u32 role);
VHX_API const char *vhx_endpoint_class__name(__u32 class);
VHX_API const char *vhx_vsock_verdict__name(__u32 verdict);
VHX_API const char *vhx_vsock_type__name(__u32 type);
VHX_API const char *vhx_vsock_limit__name(__u32 limit);
VHX_API const char *vhx_vdpa_by__name(__u32 by);
VHX_API const char *vhx_vdpa_op__name(__u32 op);
VHX_API const char *vhx_vdpa_why__name(__u32 why);

/**
 * vhx_verdict__format() - a verdict for people: "queue 3", "default", "drop spoof"
 * @verdict: as a policy returned it
 *
 * Return: what snprintf() returned.
 */
VHX_API int vhx_verdict__format(__u32 verdict, char *buf, size_t size);

VHX_API unsigned int vhx_stat__count(void);
VHX_API const char *vhx_stat__name(unsigned int id);
VHX_API const char *vhx_stat__doc(unsigned int id);

/* The same of an agent's queues, of SCSI hosts', of guests' vsock, and of devices of the vDPA bus. */
VHX_API unsigned int vhx_agent_stat__count(void);
VHX_API const char *vhx_agent_stat__name(unsigned int id);
VHX_API const char *vhx_agent_stat__doc(unsigned int id);
VHX_API unsigned int vhx_scsi_stat__count(void);
VHX_API const char *vhx_scsi_stat__name(unsigned int id);
VHX_API const char *vhx_scsi_stat__doc(unsigned int id);
VHX_API unsigned int vhx_vsock_stat__count(void);
VHX_API const char *vhx_vsock_stat__name(unsigned int id);
VHX_API const char *vhx_vsock_stat__doc(unsigned int id);
VHX_API unsigned int vhx_vdpa_stat__count(void);
VHX_API const char *vhx_vdpa_stat__name(unsigned int id);
VHX_API const char *vhx_vdpa_stat__doc(unsigned int id);

/* --- a policy from its object file (policy.c, knob.c, attach.c, pin.c) --- */

struct vhx_policy;

/**
 * vhx_object__find() - the file a policy's name stands for
 * @name: a path, or a bare name such as "flow_pin"
 * @dir: look here first, may be NULL
 * @path: out
 * @size: of @path
 *
 * A name with a slash, or that is there as a file, is the file. Else NAME.bpf.o is looked up in
 * @dir, $VHX_BPF_DIR, ./build/bpf and the directory the library was built for.
 *
 * Return: 0; -ENOENT.
 */
VHX_API int vhx_object__find(const char *name, const char *dir, char *path, size_t size);

/**
 * vhx_policy__open() - read a policy's object file; nothing reaches the kernel yet
 * @policy: out; to be closed also when this failed, unless it is NULL then
 * @path: the file
 *
 * Return: 0; -EINVAL: it is no policy. vhx_policy__error() says why.
 */
VHX_API int vhx_policy__open(struct vhx_policy **policy, const char *path);

/**
 * vhx_policy__close() - free it; what was attached and not pinned is detached
 * @policy: may be NULL
 */
VHX_API void vhx_policy__close(struct vhx_policy *policy);

/**
 * vhx_policy__error() - why the last call on @policy failed, one line
 * @policy: the policy
 *
 * Return: the line, empty when the errno is all there is.
 */
VHX_API const char *vhx_policy__error(const struct vhx_policy *policy);

/**
 * vhx_policy__log() - the verifier's log of a load that failed
 * @policy: the policy
 *
 * Return: the log, empty when the verifier was not asked.
 */
VHX_API const char *vhx_policy__log(const struct vhx_policy *policy);

/* Fields of struct vhx_steer_ops, by name, before load. -ENOENT: no such field. */
VHX_API int vhx_policy__set_num(struct vhx_policy *policy, const char *field, __u64 value);
VHX_API int vhx_policy__set_str(struct vhx_policy *policy, const char *field, const char *value);
VHX_API int vhx_policy__get_num(const struct vhx_policy *policy, const char *field,
				__u64 *value);
VHX_API const char *vhx_policy__get_str(const struct vhx_policy *policy, const char *field);
/* Bit n set: the object has program n of enum vhx_op. */
VHX_API __u32 vhx_policy__ops(const struct vhx_policy *policy);

/** struct vhx_knob_info - a "const volatile" global of an object */
struct vhx_knob_info {
	const char *name;
	const char *type;	/* as C would say it */
	const char *value;	/* as vhx_policy__set_knob() takes it */
};

typedef int (*vhx_knob_fn)(const struct vhx_knob_info *knob, void *arg);

/**
 * vhx_policy__set_knob() - set a "const volatile" global before load
 * @policy: an open policy
 * @name: the global's name
 * @value: a number, "true", a string for char[], a list with commas for an array, and for an
 *	array of bytes also an address: aa:bb:cc:dd:ee:ff, 192.0.2.1, 2001:db8::1
 *
 * Return: 0; -ENOENT no such knob; -ERANGE; -EINVAL; -EOPNOTSUPP a type without a text form.
 */
VHX_API int vhx_policy__set_knob(struct vhx_policy *policy, const char *name,
				 const char *value);
VHX_API int vhx_policy__each_knob(const struct vhx_policy *policy, vhx_knob_fn fn, void *arg);

/**
 * vhx_policy__leave_out() - load without one of the operations
 * @policy: an open policy
 * @name: the operation's name, as in struct vhx_steer_ops; nothing happens when the policy has none
 *
 * Return: 0; -ENOENT the object knows no such operation.
 */
VHX_API int vhx_policy__leave_out(struct vhx_policy *policy, const char *name);

/**
 * vhx_policy__keep_maps() - take over the maps of a pinned policy, content and all
 * @policy: an open policy
 * @name: the pinned policy's name
 *
 * Maps that both have by name are shared if they are of one make; a map that is not (-EINVAL)
 * is named by vhx_policy__error().
 *
 * Return: number of maps taken over.
 */
VHX_API int vhx_policy__keep_maps(struct vhx_policy *policy, const char *name);

/**
 * vhx_policy__load() - hand programs and maps to the kernel and its verifier
 * @policy: an open policy
 *
 * Operations that the running module does not know are left out, see vhx_policy__left_out().
 *
 * Return: 0; -EPERM; -ENOENT: the running kernel has no struct vhx_steer_ops.
 */
VHX_API int vhx_policy__load(struct vhx_policy *policy);

/**
 * vhx_policy__left_out() - operations the running module does not know
 * @policy: a loaded policy
 *
 * Return: names with spaces between them, empty for none.
 */
VHX_API const char *vhx_policy__left_out(const struct vhx_policy *policy);

/**
 * vhx_policy__attach() - make a loaded policy steer
 * @policy: a loaded policy
 *
 * Return: 0; what the module said.
 */
VHX_API int vhx_policy__attach(struct vhx_policy *policy);

/**
 * vhx_policy__replace() - put a loaded policy in the place of an attached one, no packet lost
 * @policy: a loaded policy
 * @id: id of the attached one; it stays the id
 *
 * Return: 0; -ENOENT no such policy; what the module said.
 */
VHX_API int vhx_policy__replace(struct vhx_policy *policy, __u32 id);

/** vhx_policy__id() - Return: the id of an attached policy, 0 when it is not attached. */
VHX_API __u32 vhx_policy__id(const struct vhx_policy *policy);

/** vhx_policy__link_fd() - Return: the BPF link, owned by @policy, or -EBADF. */
VHX_API int vhx_policy__link_fd(const struct vhx_policy *policy);

/**
 * vhx_policy__claim_pin() - find out before it is attached whether it can be pinned
 * @policy: an open policy, its name set
 *
 * What a policy that is no longer attached left at its place is removed.
 *
 * Return: 0; -EEXIST: a policy of that name is pinned; -ENODEV: there is no bpffs.
 */
VHX_API int vhx_policy__claim_pin(struct vhx_policy *policy);

/**
 * vhx_policy__pin() - make an attached policy outlive this process
 * @policy: an attached policy
 *
 * Its link and its maps go to VHX_PIN_ROOT/NAME, over what a replaced policy left there. A "."
 * in a name is a "_" in bpffs.
 *
 * Return: 0; -EEXIST: a policy of that name is pinned; -ENODEV: there is no bpffs.
 */
VHX_API int vhx_policy__pin(struct vhx_policy *policy);

/**
 * vhx_policy__pinned() - where a policy is pinned
 * @id: its id
 * @path: out: its directory
 * @size: of @path
 *
 * Return: 0; -ENOENT: nowhere.
 */
VHX_API int vhx_policy__pinned(__u32 id, char *path, size_t size);

/**
 * vhx_policy__detach() - detach a policy at once and remove its pins
 * @id: its id
 *
 * Return: 0; -ENOENT: no such link.
 */
VHX_API int vhx_policy__detach(__u32 id);

/**
 * vhx_policy__bind() - bind an attached policy to the NIC of a vhost fd of this process
 * @vhost_fd: a VHX_NODE_NET that this process owns (VHOST_SET_OWNER) and gave a backend
 * @id: the policy's id; 0: undo what this call bound
 *
 * For a VMM or whoever plays one: the fd of another process cannot be bound.
 *
 * Return: 0; what VHX_NET_BIND says, see struct vhx_bind.
 */
VHX_API int vhx_policy__bind(int vhost_fd, __u32 id);

/* --- a policy that is in the kernel (inspect.c) --- */

/** struct vhx_prog_info - a program of an attached policy */
struct vhx_prog_info {
	const char *op;		/* the operation it implements */
	const char *name;
	__u32 id;
	__u32 insns;		/* BPF instructions after the verifier's rewriting */
	__u32 verified_insns;	/* instructions the verifier walked */
	__u32 jited_bytes;
	__u64 run_count;	/* both 0 unless kernel.bpf_stats_enabled */
	__u64 run_time_ns;
};

/** struct vhx_map_info - a map of an attached policy */
struct vhx_map_info {
	const char *name;
	const char *type;	/* "hash", "array", ...; a number for one libbpf does not know */
	__u32 id;
	__u32 key_bytes;
	__u32 value_bytes;
	__u32 max_entries;
};

typedef int (*vhx_prog_fn)(const struct vhx_prog_info *prog, void *arg);
typedef int (*vhx_map_fn)(const struct vhx_map_info *map, void *arg);

/* Need CAP_SYS_ADMIN, as everything that goes from a BPF id to its object. */
VHX_API int vhx_policy__each_prog(__u32 id, vhx_prog_fn fn, void *arg);
VHX_API int vhx_policy__each_map(__u32 id, vhx_map_fn fn, void *arg);

/* --- taps and the tap shim (tap.c, shim.c) --- */

/**
 * vhx_tap__flags() - what kind of tap a netdev of this network namespace is
 * @name: its name
 * @flags: out: IFF_VNET_HDR and IFF_MULTI_QUEUE of <linux/if_tun.h>
 *
 * Return: 0; -ENODEV: there is no tap of that name.
 */
VHX_API int vhx_tap__flags(const char *name, __u32 *flags);

/**
 * vhx_tap__borrow() - a file descriptor of a tap that another process has
 * @name: the tap's name in this network namespace
 * @pid: the process, 0: whichever has it
 *
 * Return: a file descriptor to be closed; -ENOENT: nobody has it; -EPERM: needs
 * CAP_SYS_PTRACE over the process.
 */
VHX_API int vhx_tap__borrow(const char *name, pid_t pid);

/**
 * vhx_shim__attach() - let a tap ask vhx before it chooses a queue
 * @tap_fd: any queue of the tap
 * @object: tap_shim's object file
 *
 * Return: 0; -EPERM; what libbpf or tun said.
 */
VHX_API int vhx_shim__attach(int tap_fd, const char *object);
VHX_API int vhx_shim__detach(int tap_fd);

/* --- tests of policies (vec.c, vec_parse.c; the grammar is in bpf/README.md) --- */

/**
 * vhx_policy__test() - run a loaded policy on one frame
 * @ctl: VHX_NODE_CTL
 * @run: see struct vhx_test_run; @size is filled in
 *
 * Return: 0 or what the ioctl said.
 */
VHX_API int vhx_policy__test(int ctl, struct vhx_test_run *run);

struct vhx_vec;

/**
 * struct vhx_vec_info - one test of a file of vectors
 * @nr: which one, from 1
 * @line: where it stands
 * @name: what its comment says
 * @ok: it passed
 * @why: what was expected and what came, empty when it passed
 */
struct vhx_vec_info {
	unsigned int nr;
	unsigned int line;
	const char *name;
	const char *why;
	bool ok;
};

typedef int (*vhx_vec_fn)(const struct vhx_vec_info *test, void *arg);

/**
 * vhx_vec__open() - read a file of test vectors
 * @vec: out; to be closed also when this failed, unless it is NULL then
 * @object: the policy's object file
 * @vectors: the file
 *
 * Return: 0; -EINVAL: vhx_vec__error() says file, line and what is wrong.
 */
VHX_API int vhx_vec__open(struct vhx_vec **vec, const char *object, const char *vectors);
VHX_API void vhx_vec__close(struct vhx_vec *vec);

/** vhx_vec__count() - Return: how many tests the file has. */
VHX_API unsigned int vhx_vec__count(const struct vhx_vec *vec);

/**
 * vhx_vec__run() - load the policy, attach it to no NIC, and run the file on it
 * @vec: an open file
 * @fn: hears of each test, passed or not
 *
 * Return: 0: all were run; what ended the run, see vhx_vec__error().
 */
VHX_API int vhx_vec__run(struct vhx_vec *vec, vhx_vec_fn fn, void *arg);

VHX_API const char *vhx_vec__error(const struct vhx_vec *vec);

/** vhx_vec__policy() - Return: the policy that was run last, for its log, or NULL. */
VHX_API const struct vhx_policy *vhx_vec__policy(const struct vhx_vec *vec);

/* --- agents (agent.c; what the parts mean is in <linux/vhx_agent.h>) --- */

struct io_uring_sqe;

/**
 * struct vhx_agent - a session; its members are for reading
 * @fd: the session, for io_uring
 * @tags: of all queues
 * @queue_tags: of one
 * @req: what each tag asks for, written by the kernel: read every field once
 * @ring: see vhx_agent__tag()
 * @pool: memory for the data of requests, fit for direct I/O
 */
struct vhx_agent {
	int fd;
	__u32 queues;
	__u32 tags;
	__u32 queue_tags;
	__u32 pool_size;
	const struct vhx_agent_req *req;
	const __u32 *ring;
	void *pool;
};

/**
 * vhx_agent__open() - make a session and map it
 * @agent: out
 * @queues: one for each thread that is to serve
 * @tags: of all queues, a power of two for each
 * @pool_size: bytes, a multiple of the page size
 *
 * Return: 0; -ENOENT or -ENXIO: the module is not loaded; -ENOTTY: it has no agents; what
 * VHX_AGENT_OPEN and mmap(2) say.
 */
VHX_API int vhx_agent__open(struct vhx_agent **agent, __u32 queues, __u32 tags, __u32 pool_size);

/**
 * vhx_agent__open_with() - make a session with flags, and map it
 * @agent: out
 * @arg: all but its size is filled in
 *
 * Return: as vhx_agent__open(); -EOPNOTSUPP: the kernel has no VHX_AGENT_ZERO_COPY; -EINVAL also: the
 * module does not know the flag.
 */
VHX_API int vhx_agent__open_with(struct vhx_agent **agent, const struct vhx_agent_open *arg);

/* What was fetched and not committed is the next session's. */
VHX_API void vhx_agent__close(struct vhx_agent *agent);

/**
 * vhx_agent__attach() - serve a SCSI endpoint, which is made if there is none
 * @name: its wwpn
 * @quota: bytes of the pool for its requests, 0: a quarter
 * @endpoint: out: what requests call it
 *
 * Return: 0; -EBUSY: it has a session, or what a dead one did is not over; -ENOSPC; -EINVAL.
 */
VHX_API int vhx_agent__attach(struct vhx_agent *agent, const char *name, __u32 quota,
			      __u32 *endpoint);

/**
 * vhx_agent__attach_with() - the same with all that can be asked for
 * @agent: session
 * @arg: its size is set, and its endpoint
 *
 * Return: as vhx_agent__attach().
 */
VHX_API int vhx_agent__attach_with(struct vhx_agent *agent, struct vhx_agent_attach *arg);

/**
 * vhx_agent__detach() - serve an endpoint no more, while the session goes on
 * @endpoint: as vhx_agent__attach() numbered it
 *
 * Nothing of it is fetched from now on, whatever this returns.
 *
 * Return: 0; -EBUSY: what was fetched of it is not committed: do, and call again; -ENOENT: there is
 * no such endpoint; -ENOTTY: the module knows no such thing.
 */
VHX_API int vhx_agent__detach(struct vhx_agent *agent, __u32 endpoint);

/**
 * vhx_agent__targets() - say which targets an endpoint has
 * @endpoint: its number
 * @map: bit i % 64 of word i / 64: target i is there
 *
 * Return: 0; -ENOENT: no such endpoint; -ESHUTDOWN: the session is over; -ENOTTY: the module is
 * older than that.
 */
VHX_API int vhx_agent__targets(struct vhx_agent *agent, __u32 endpoint,
			       const __u64 map[VHX_AGENT_TARGETS_MAX / 64]);

/**
 * vhx_agent__notify() - send an event to an endpoint's guest
 * @event: all but its size and what must be 0 is filled in
 *
 * Return: 0; -ENOTCONN: no VMM is there; -EOPNOTSUPP: the guest does not want to hear of it; -ENOSPC:
 * it only hears that it missed something; -EINVAL; -ENOENT; -ESHUTDOWN; -ENOTTY: the module is older
 * than that.
 */
VHX_API int vhx_agent__notify(struct vhx_agent *agent, const struct vhx_agent_notify *event);

/**
 * vhx_agent__destroy() - forget a SCSI endpoint
 * @ctl: VHX_NODE_CTL
 *
 * Return: 0; -ENOENT; -EBUSY: a VMM or an agent uses it.
 */
VHX_API int vhx_agent__destroy(int ctl, const char *name);

/* Nothing more is fetched: parked commands end with -ESHUTDOWN. What was can be committed. */
VHX_API int vhx_agent__drain(struct vhx_agent *agent);

/*
 * Parked commands complete, with 0 if there is nothing for them. -ENOTTY: the module is older than
 * that. For who took a file from the ring's table: io_uring may keep it until they do.
 */
VHX_API int vhx_agent__wake(struct vhx_agent *agent);

/**
 * vhx_agent__buf_read() - have the bytes of a window that was not copied in the pool
 * @tag: has VHX_AGENT_REQ_ZERO_COPY
 * @gen: its generation
 *
 * Return: 0; -ENOENT; -EINVAL; -EBUSY: it is registered; -ESHUTDOWN.
 */
VHX_API int vhx_agent__buf_read(const struct vhx_agent *agent, __u32 tag, __u32 gen);

/**
 * vhx_agent__tag() - a tag that was fetched
 * @at: how many of the queue's were fetched before it
 *
 * Return: the tag.
 */
VHX_API __u32 vhx_agent__tag(const struct vhx_agent *agent, __u32 queue, __u32 at);

/*
 * SQEs. @fd is the session's, or its place among the registered files; then set IOSQE_FIXED_FILE
 * behind it, and user_data always: these clear both. Never link them.
 */
VHX_API void vhx_agent__prep_fetch(struct io_uring_sqe *sqe, int fd, __u16 queue);
VHX_API void vhx_agent__prep_event(struct io_uring_sqe *sqe, int fd);

/**
 * struct vhx_agent_answers - what is committed
 * @done: @nr of them, and their sense, untouched until the command is over
 * @fetch: fetch as well; without it the command never waits
 */
struct vhx_agent_answers {
	const struct vhx_agent_done *done;
	__u16 nr;
	__u16 queue;
	bool fetch;
};

VHX_API void vhx_agent__prep_commit(struct io_uring_sqe *sqe, int fd,
				    const struct vhx_agent_answers *answers);

/**
 * struct vhx_agent_window - a window that was not copied, and where it is to be a registered buffer
 */
struct vhx_agent_window {
	__u32 tag;
	__u32 gen;
	__u32 index;
};

/* Done when it was submitted, so that what writes from the buffer may stand behind it. */
VHX_API void vhx_agent__prep_buf_reg(struct io_uring_sqe *sqe, int fd,
				     const struct vhx_agent_window *window);

#ifdef __cplusplus
}
#endif

#endif /* _LIBVHX_H */
