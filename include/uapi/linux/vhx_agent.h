/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vhx: what the kernel and an agent say to each other.
 *
 * An agent is a process that serves requests of guests: SCSI commands, vsock packets. It sees
 * requests and a pool of bounce pages, and of guest memory nothing but what "Without a copy" says.
 * It may die at any time: what it had not answered is given to the next one, once it is certain that nothing of the dead one's I/O
 * is under way any more. The guest waits meanwhile.
 *
 * A session
 *	VHX_AGENT_OPEN on /dev/vhx makes one and returns its fd. It has
 *	  queues, each with a parked FETCH at most: one for each thread of the agent;
 *	  tags, one a request, each of one queue: tag / (tags / queues) is the queue;
 *	  a pool of pages, which the agent may use for any I/O, direct I/O too.
 *	The fd is mapped at VHX_AGENT_MAP_*, MAP_SHARED. It must not be given away: a session ends
 *	when its fd is released, or when one of its parked commands is cancelled, which is what
 *	happens first when a process dies or a ring is closed. A thread must not end while the
 *	process goes on: the kernel is not told.
 *
 * Endpoints
 *	VHX_AGENT_ATTACH says which guests' devices the session serves, by their class and name
 *	(scsi: the wwpn). An endpoint is made by the first attach, and is there until
 *	VHX_AGENT_DESTROY: a VMM can start while there is no agent, and its guest waits. It has
 *	one session at a time, until that ends or gives it up by VHX_AGENT_DETACH.
 *
 * Requests
 *	Commands go through io_uring, IORING_OP_URING_CMD on the session's fd with an SQE of 64
 *	bytes: sqe->cmd_op is VHX_AGENT_FETCH..., the 16 bytes of sqe->cmd a struct
 *	vhx_agent_cmd, sqe->addr an array of struct vhx_agent_done for those that commit.
 *
 *	FETCH completes with the number of tags that are the agent's from now on. They stand in the
 *	queue's part of VHX_AGENT_MAP_RING, behind those of the last FETCH and around its end; what
 *	each asks for in VHX_AGENT_MAP_REQ. Read them before the next FETCH. While there is none, it
 *	is parked; one that was taken back at the last moment makes it complete with 0.
 *	COMMIT gives tags back, with the answers. COMMIT_FETCH does both; what was committed is,
 *	even if there is then an error. A tag that is not the agent's, or whose generation is another, is
 *	passed over and counted. The generation is another each time that a tag is given out.
 *	EVENT completes with a mask of VHX_AGENT_EV_*, and is parked while there is none; VHX_AGENT_WAKE
 *	makes it complete with 0. Always
 *	have one parked: with all tags fetched there is no other sign of a death.
 *
 *	A request moves bytes one way: @out_len or @in_len is 0. The bytes are in the pool at
 *	@pool_off. One that is above the endpoint's quota comes in windows, one behind the other,
 *	each with a tag's generation of its own: all but the last have VHX_AGENT_REQ_MORE. An answer
 *	that is not good (@status or @response is not 0), or of fewer bytes than the window has, or
 *	with VHX_AGENT_DONE_LAST, ends the request. Of what the guest reads, @in_len of the answer says how many bytes of the
 *	window hold data.
 *
 *	When another VMM has an endpoint, or its guest begins anew, the agent hears of it by a
 *	request of type VHX_AGENT_REQ_NEXUS. It comes before all other requests of that guest, which
 *	wait for its answer, whatever that is; of a VMM that goes on after a pause or a migration
 *	there is none. What belonged to the guest before ends with it: reservations, for example.
 *
 *	A guest may want a request to be aborted: VHX_AGENT_REQ_ABORTED appears in @flags of what
 *	the agent has, and EVENT tells of VHX_AGENT_EV_ABORT. It is to be committed in any case, once
 *	none of its I/O is under way. So it is with all that the agent has of a VMM that is gone; and
 *	before the last of that is committed nothing of the next VMM's is given out, since a late
 *	write would be over newer data. That guest waits. Its task management does not.
 *
 * Messages
 *	are what no guest waits for: bytes one way or the other, as the class of device has them. An
 *	agent that attaches with VHX_AGENT_MESSAGES has slots set apart for them, each of @message_size
 *	bytes of the pool. A slot that comes by FETCH with VHX_AGENT_REQ_MESSAGE holds @out_len bytes for
 *	the agent; its COMMIT says that they were taken, and the slot can be filled again. One with
 *	VHX_AGENT_REQ_GRANT is the agent's to fill: its COMMIT, with the bytes as @in_len, sends them,
 *	and the slot comes again when they were taken. Neither has windows, nor the abort of a request,
 *	and nobody waits for either: an agent may keep them. When the session or the attach ends, all that
 *	is in slots is lost: the next agent hears nothing of it, but for what a class keeps that was asked
 *	to (@grace_ms).
 *
 * An agent that stands still
 *	is noticed when a request was not fetched, or had and not answered, for as many seconds as
 *	the module parameter agent_stall_s of vhx says (30; 0: never). That is counted, traced and
 *	told by netlink, and nothing else is done: with agent_stall_kill=1, which is not the default,
 *	an agent that does not fetch is sent SIGKILL, so that another can serve the guest.
 *
 * Targets that are not there
 *	A guest looks for targets at all 256 addresses. VHX_AGENT_TARGETS says which there are: to
 *	the others commands are answered BAD_TARGET at once, also while there is no agent. What the
 *	last agent said of an endpoint holds until the next says otherwise. Before the first word of
 *	it all commands go to the agent.
 *
 * What a guest is told of
 *	VHX_AGENT_NOTIFY has an event of the device sent to the guest: a disk came, went, or changed.
 *	A guest that is not there, or has no room for it, is told later that it missed something.
 *
 * Without a copy
 *	A session that was opened with VHX_AGENT_ZERO_COPY gets large requests of a guest that sends
 *	data, if its pieces are whole pages, without their data: VHX_AGENT_REQ_ZERO_COPY. They have
 *	their pages of the pool, but the bytes are still in the guest's memory, which is pinned.
 *	VHX_AGENT_BUF_REG makes them a registered buffer of the agent's ring, VHX_AGENT_BUF_READ copies
 *	them to the pool. All that waits for an answer waits until no I/O has the buffer any more. The
 *	guarantee is a weaker one: until it has its answer the guest can change what is being written.
 *
 * When an agent dies
 *	what was not fetched waits for the next. What was is not answered before no page of the
 *	dead session's pool is in use by a device: the kernel looks at that. An agent that does
 *	I/O from other memory has to see to it by itself, with a lock on the backend that the
 *	dead one's I/O holds (flock). Then it is fetched again with VHX_AGENT_REQ_AGAIN, in the
 *	order in which the guest asked.
 */
#ifndef _UAPI_LINUX_VHX_AGENT_H
#define _UAPI_LINUX_VHX_AGENT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Longest name of an endpoint, with the terminating NUL. */
#define VHX_ENDPOINT_NAME_LEN	64

#define VHX_AGENT_QUEUES_MAX	64
#define VHX_AGENT_TAGS_MAX	16384
#define VHX_AGENT_POOL_MAX	(1U << 30)
#define VHX_AGENT_ENDPOINTS_MAX	256	/* of a session */
#define VHX_AGENT_SENSE_MAX	96

/* Where the session's fd is mapped. All but the pool are for reading only. */
#define VHX_AGENT_MAP_REQ	0x000000000ULL	/* struct vhx_agent_req [tags] */
#define VHX_AGENT_MAP_RING	0x100000000ULL	/* u32 [queues][tags / queues] */
#define VHX_AGENT_MAP_POOL	0x200000000ULL

/* vhx_agent_open.flags */
#define VHX_AGENT_ZERO_COPY	(1U << 0)

/**
 * struct vhx_agent_open - make a session (VHX_AGENT_OPEN on /dev/vhx)
 * @size: sizeof(struct vhx_agent_open)
 * @flags: VHX_AGENT_ZERO_COPY or 0
 * @queues: 1 to VHX_AGENT_QUEUES_MAX
 * @tags: of all queues: a power of two for each, VHX_AGENT_TAGS_MAX in all at most
 * @pool_size: bytes, a multiple of the page size, VHX_AGENT_POOL_MAX at most; charged to the
 *	caller's memory cgroup
 * @zero_copy_min: with VHX_AGENT_ZERO_COPY the bytes that a window has at least of which nothing
 *	is copied, 0: 65536; else must be 0
 *
 * Return: an fd, with O_CLOEXEC; EINVAL; ENOMEM; EOPNOTSUPP the kernel's io_uring takes no buffers of
 * others', so that there is no VHX_AGENT_ZERO_COPY.
 */
struct vhx_agent_open {
	__u32 size;
	__u32 flags;
	__u32 queues;
	__u32 tags;
	__u32 pool_size;
	__u32 zero_copy_min;
};

/* Classes of endpoints. */
#define VHX_ENDPOINT_SCSI	1	/* its name is a wwpn */
#define VHX_ENDPOINT_VSOCK	2	/* a CID; its messages are in <linux/vhx_agent_vsock.h> */

/* vhx_agent_attach.flags */
#define VHX_AGENT_MESSAGES	(1U << 0)

#define VHX_AGENT_MESSAGE_MAX	(1U << 20)	/* bytes of a message */
#define VHX_AGENT_MESSAGES_MAX	1024		/* slots each way */
#define VHX_AGENT_GRACE_MAX	60000		/* ms */

/**
 * struct vhx_agent_attach - serve an endpoint (VHX_AGENT_ATTACH on a session)
 * @size: sizeof(struct vhx_agent_attach), or less: without what is behind @pad, or @grace_ms
 * @flags: VHX_AGENT_MESSAGES or 0
 * @class: VHX_ENDPOINT_*
 * @quota: most bytes of the pool that its requests hold; a larger request comes in windows.
 *	0: a quarter of the pool
 * @name: NUL-terminated, not empty
 * @endpoint: out: its number in the session, see struct vhx_agent_req
 * @pad: must be 0
 * @message_size: with VHX_AGENT_MESSAGES bytes of a message's slot, whole pages, VHX_AGENT_MESSAGE_MAX
 *	at most; else, like what follows, 0
 * @messages: slots to the agent, 2 to VHX_AGENT_MESSAGES_MAX: a class may keep one for its last word
 * @grants: slots from it, 1 to VHX_AGENT_MESSAGES_MAX
 * @message_queue: of the session, whose tags they have
 * @grace_ms: how long a class may keep what belongs to the agent when that dies, for the next one,
 *	VHX_AGENT_GRACE_MAX at most; 0: not at all. What is kept, and what the next one hears of it, the
 *	class says; see <linux/vhx_agent_vsock.h>
 *
 * Return: 0; EBUSY it has a session, or what a dead one did is not over (try again); ENOSPC too
 * many endpoints, or not as many tags or pages in a row as messages want; EINVAL; ENOMEM.
 */
struct vhx_agent_attach {
	__u32 size;
	__u32 flags;
	__u32 class;
	__u32 quota;
	char name[VHX_ENDPOINT_NAME_LEN];
	__u32 endpoint;
	__u32 pad;
	__u32 message_size;
	__u16 messages;
	__u16 grants;
	__u32 message_queue;
	__u32 grace_ms;
};

/**
 * struct vhx_agent_detach - serve an endpoint no more (VHX_AGENT_DETACH on a session)
 * @size: sizeof(struct vhx_agent_detach)
 * @flags: must be 0
 * @endpoint: its number in the session, which another may have afterwards
 * @pad: must be 0
 *
 * From the first call on nothing more of it is fetched. What was must be committed: until then it
 * is EBUSY, and to be called again, and no other session can have the endpoint. The session goes on
 * with its other endpoints; this one's guest waits for another session, which may be the same.
 *
 * Return: 0; EBUSY some of its requests are the agent's; ENOENT the session has none of that number;
 * ESHUTDOWN the session is over; EINVAL.
 */
struct vhx_agent_detach {
	__u32 size;
	__u32 flags;
	__u32 endpoint;
	__u32 pad;
};

/**
 * struct vhx_agent_destroy - forget an endpoint (VHX_AGENT_DESTROY on /dev/vhx)
 * @size: sizeof(struct vhx_agent_destroy)
 * @flags: must be 0
 * @class: VHX_ENDPOINT_*
 * @pad: must be 0
 * @name: NUL-terminated
 *
 * Return: 0; ENOENT; EBUSY a VMM or an agent uses it.
 */
struct vhx_agent_destroy {
	__u32 size;
	__u32 flags;
	__u32 class;
	__u32 pad;
	char name[VHX_ENDPOINT_NAME_LEN];
};

#define VHX_AGENT_TARGETS_MAX	256

/**
 * struct vhx_agent_targets - say which targets an endpoint has (VHX_AGENT_TARGETS on a session)
 * @size: sizeof(struct vhx_agent_targets)
 * @flags: must be 0
 * @endpoint: which, as VHX_AGENT_ATTACH numbered it
 * @reserved: must be 0
 * @map: bit i % 64 of word i / 64: target i is there
 *
 * It takes the place of what was said before, as a whole: a target that is in both is there all the
 * time. Commands that came before go their way. The REPORT LUNS logical unit, which is of no target,
 * is always there. Say it before the guest is told of a target that came, and after the last command
 * to one that went.
 *
 * Return: 0; ENOENT no such endpoint in this session; ESHUTDOWN the session is over; EFAULT; E2BIG;
 * EINVAL.
 */
struct vhx_agent_targets {
	__u32 size;
	__u32 flags;
	__u32 endpoint;
	__u32 reserved;
	__u64 map[VHX_AGENT_TARGETS_MAX / 64];
};

/**
 * struct vhx_agent_notify - send an event to a guest (VHX_AGENT_NOTIFY on a session)
 * @size: sizeof(struct vhx_agent_notify)
 * @flags: must be 0
 * @endpoint: whose guest, as VHX_AGENT_ATTACH numbered it
 * @event: VIRTIO_SCSI_T_TRANSPORT_RESET or VIRTIO_SCSI_T_PARAM_CHANGE
 * @reason: of the former VIRTIO_SCSI_EVT_RESET_*; of the latter an additional sense code and its
 *	qualifier, asc | ascq << 8
 * @reserved: must be 0
 * @lun: which logical unit, as the guest has it
 *
 * Never waits for the guest: the event waits for a buffer. What the guest is not told, and what
 * was lost while its VMM was away, it hears of by VIRTIO_SCSI_T_EVENTS_MISSED.
 *
 * Return: 0 it will be sent; ENOSPC too many wait already: the guest only hears that it missed
 * something; ENOTCONN no VMM uses the endpoint: the next one's guest hears the same; EOPNOTSUPP the
 * guest did not negotiate such events (VIRTIO_SCSI_F_HOTPLUG, VIRTIO_SCSI_F_CHANGE); ENOENT no such
 * endpoint in this session; ESHUTDOWN the session is over; EFAULT; E2BIG; EINVAL, with a VMM there
 * also for an event, a reason or a unit that cannot be.
 */
struct vhx_agent_notify {
	__u32 size;
	__u32 flags;
	__u32 endpoint;
	__u32 event;
	__u32 reason;
	__u32 reserved;
	__u8 lun[8];
};

/**
 * struct vhx_agent_buf - have a window's data after all (VHX_AGENT_BUF_READ on a session)
 * @size: sizeof(struct vhx_agent_buf)
 * @flags: must be 0
 * @tag: a request that has VHX_AGENT_REQ_ZERO_COPY
 * @gen: vhx_agent_req.gen
 *
 * They are copied to where they would be without VHX_AGENT_ZERO_COPY, at vhx_agent_req.pool_off. What
 * the guest has written there since it asked is in it.
 *
 * Return: 0; ENOENT the agent has no such tag of that generation; EINVAL it has, but its data is in
 * the pool, or there is none; EBUSY it is registered, or being copied; ESHUTDOWN the session is over;
 * EFAULT; E2BIG.
 */
struct vhx_agent_buf {
	__u32 size;
	__u32 flags;
	__u32 tag;
	__u32 gen;
};

#define VHX_AGENT_OPEN		_IOW(0xB9, 0x30, struct vhx_agent_open)
#define VHX_AGENT_DESTROY	_IOW(0xB9, 0x31, struct vhx_agent_destroy)
/* Its number has the size of the first version: the struct may grow. */
#define VHX_AGENT_ATTACH	_IOC(_IOC_READ | _IOC_WRITE, 0xB9, 0x32, 88)
#define VHX_AGENT_DETACH	_IOW(0xB9, 0x34, struct vhx_agent_detach)
/* Nothing more is fetched; parked commands end with ESHUTDOWN. No argument. */
#define VHX_AGENT_DRAIN		_IO(0xB9, 0x33)
#define VHX_AGENT_TARGETS	_IOW(0xB9, 0x35, struct vhx_agent_targets)
#define VHX_AGENT_NOTIFY	_IOW(0xB9, 0x36, struct vhx_agent_notify)
/*
 * Parked commands complete, with 0 if there is nothing for them. No argument. Until 6.13 io_uring
 * lets go of a file that was taken from its table once all commands are over that were parked before.
 */
#define VHX_AGENT_WAKE		_IO(0xB9, 0x37)
#define VHX_AGENT_BUF_READ	_IOW(0xB9, 0x38, struct vhx_agent_buf)

/* sqe->cmd_op */
#define VHX_AGENT_FETCH		_IO(0xB9, 0x40)
#define VHX_AGENT_COMMIT	_IOW(0xB9, 0x41, struct vhx_agent_done)
#define VHX_AGENT_COMMIT_FETCH	_IOW(0xB9, 0x42, struct vhx_agent_done)
#define VHX_AGENT_EVENT		_IO(0xB9, 0x43)
#define VHX_AGENT_BUF_REG	_IO(0xB9, 0x44)

/**
 * struct vhx_agent_cmd - sqe->cmd
 * @queue: of the session; EVENT: 0
 * @nr: entries at sqe->addr; 0 without a COMMIT
 * @max: most tags to fetch; 0: as many as there are, also for COMMIT and EVENT
 * @reserved: must be 0
 *
 * Result: FETCH and COMMIT_FETCH tags fetched, COMMIT answers accepted. EINVAL; EFAULT; EBUSY
 * one is parked; ESHUTDOWN the session is drained or over; ECANCELED it ended while the command
 * was parked. sqe->len, and sqe->addr of what commits nothing, must be 0.
 */
struct vhx_agent_cmd {
	__u16 queue;
	__u16 nr;
	__u16 max;
	__u16 reserved[5];
};

/**
 * struct vhx_agent_buf_cmd - sqe->cmd of VHX_AGENT_BUF_REG
 * @tag: a request that has VHX_AGENT_REQ_ZERO_COPY
 * @gen: vhx_agent_req.gen
 * @index: a free place in the ring's table of registered buffers
 * @reserved: must be 0
 *
 * The window becomes a registered buffer of the ring, to write from: IORING_OP_WRITE_FIXED and its
 * like take offsets in the window for addresses. Its COMMIT by the same ring takes it from there, and
 * the request is over once no I/O has the buffer any more.
 *
 * Result: 0; ENOENT, EINVAL, EBUSY, ESHUTDOWN as of VHX_AGENT_BUF_READ; EINVAL also a place that is
 * none; EBUSY also one that is taken; ENOMEM; EOPNOTSUPP. sqe->addr and sqe->len must be 0.
 */
struct vhx_agent_buf_cmd {
	__u32 tag;
	__u32 gen;
	__u32 index;
	__u32 reserved;
};

/* vhx_agent_req.type */
#define VHX_AGENT_REQ_SCSI	1	/* a command; its payload is struct vhx_agent_scsi */
#define VHX_AGENT_REQ_RESET	2	/* a unit, or the nexus, was: struct vhx_agent_scsi.lun, .attr */
#define VHX_AGENT_REQ_NEXUS	3	/* the guest begins anew, or another does; no payload */

#define VHX_AGENT_REQ_MESSAGE	4	/* a message; no payload */
#define VHX_AGENT_REQ_GRANT	5	/* room for one of the agent's; no payload */

/* vhx_agent_req.flags */
#define VHX_AGENT_REQ_AGAIN	(1U << 0)	/* a dead agent had it; it may have been done */
#define VHX_AGENT_REQ_MORE	(1U << 1)	/* other windows of it follow */
#define VHX_AGENT_REQ_ABORTED	(1U << 2)	/* the guest wants no answer any more */
#define VHX_AGENT_REQ_ZERO_COPY	(1U << 3)	/* its data is not in the pool: BUF_REG or BUF_READ */

/**
 * struct vhx_agent_scsi - a SCSI command
 * @lun: as the guest has it
 * @cdb: padded with 0
 * @id: the guest's, for messages
 * @attr: task attribute, VIRTIO_SCSI_S_SIMPLE...; of a reset VIRTIO_SCSI_T_TMF_*_RESET
 * @prio: priority
 */
struct vhx_agent_scsi {
	__u8 lun[8];
	__u8 cdb[32];
	__u64 id;
	__u8 attr;
	__u8 prio;
	__u8 reserved[6];
};

/**
 * struct vhx_agent_req - a request, by its tag in VHX_AGENT_MAP_REQ
 * @gen: changes when the tag is used again; goes back with the answer
 * @type: VHX_AGENT_REQ_*
 * @endpoint: which, as VHX_AGENT_ATTACH numbered it
 * @flags: VHX_AGENT_REQ_*
 * @out_len: bytes that the guest sends, in all
 * @in_len: bytes that the guest has room for, in all
 * @win_off: of these, where this window begins
 * @win_len: and how long it is
 * @pool_off: where it is in the pool, page-aligned; without a byte 0
 * @reserved: 0
 * @scsi: see the type
 * @payload: the same as bytes
 */
struct vhx_agent_req {
	__u32 gen;
	__u16 type;
	__u16 endpoint;
	__u32 flags;
	__u32 out_len;
	__u32 in_len;
	__u32 win_off;
	__u32 win_len;
	__u32 pool_off;
	__u32 reserved[2];
	union {
		struct vhx_agent_scsi scsi;
		__u8 payload[88];
	};
};

/* vhx_agent_done.flags */
#define VHX_AGENT_DONE_LAST	(1U << 0)	/* no other window of the request is wanted */

/**
 * struct vhx_agent_done - an answer
 * @tag: which
 * @gen: vhx_agent_req.gen
 * @status: SCSI status
 * @response: VIRTIO_SCSI_S_*
 * @sense_len: bytes at @sense, 96 at most
 * @resid: as virtio-scsi has it
 * @in_len: bytes of the window that hold data for the guest; 0 if the guest sent data
 * @flags: VHX_AGENT_DONE_*
 * @sense: user address
 */
struct vhx_agent_done {
	__u32 tag;
	__u32 gen;
	__u8 status;
	__u8 response;
	__u16 sense_len;
	__u32 resid;
	__u32 in_len;
	__u32 flags;
	__u64 sense;
};

/* EVENT's result */
#define VHX_AGENT_EV_ABORT	(1U << 0)	/* look for VHX_AGENT_REQ_ABORTED */

/*
 * Counters of a session's queue: X(id, NAME, "name", "what one count means"). They stand in the
 * fd's fdinfo, and in VHX_CMD_AGENT_QUEUE_GET. Ids are ABI: append only.
 */
#define VHX_AGENT_QSTATS(X) \
	X(0, FETCHES,	"fetches",	"times FETCH completed with tags") \
	X(1, FETCHED,	"fetched",	"tags it gave to the agent") \
	X(2, COMMITS,	"commits",	"arrays of answers taken") \
	X(3, COMMITTED,	"committed",	"answers accepted") \
	X(4, REFUSED,	"refused",	"answers passed over: not the agent's tag, late, or out of bounds") \
	X(5, PARKED,	"parked",	"times FETCH found nothing and was parked") \
	X(6, STARVED,	"starved",	"times a request found no tag") \
	X(7, AGAIN,	"again",	"tags given that a dead agent had had") \
	X(8, ORPHANS,	"orphans",	"requests that the session's end took from the agent") \
	X(9, UNFETCHED,	"unfetched",	"requests that the agent did not fetch for agent_stall_s seconds") \
	X(10, UNANSWERED, "unanswered",	"requests that it had for agent_stall_s seconds and did not answer") \
	X(11, ZERO_COPY, "zero_copy",	"windows that the agent registered with its ring in place of a copy") \
	X(12, ZERO_COPY_BYTES, "zero_copy_bytes", "bytes of these") \
	X(13, ZERO_COPY_NOT, "zero_copy_not", "windows large enough for that and copied all the same")

enum vhx_agent_qstat {
#define VHX_AGENT_QSTAT_ENUM(id, NAME, name, doc) VHX_AGENT_QSTAT_##NAME = id,
	VHX_AGENT_QSTATS(VHX_AGENT_QSTAT_ENUM)
#undef VHX_AGENT_QSTAT_ENUM
	VHX_AGENT_QSTAT_NR = 14,
};

#endif /* _UAPI_LINUX_VHX_AGENT_H */
