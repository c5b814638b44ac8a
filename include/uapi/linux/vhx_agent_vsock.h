/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vhx: what the kernel and an agent say to each other of a guest's vsock, by messages: see "Messages"
 * in <linux/vhx_agent.h>.
 *
 * An endpoint of class VHX_ENDPOINT_VSOCK is a guest. Its name is the CID, as decimal number; of a guest
 * whose network namespace has CIDs of its own "CID@INODE", with that of /proc/PID/ns/net. An agent
 * attaches with VHX_AGENT_MESSAGES, and slots of VHX_VSOCK_MSG_SIZE bytes or more. From then on the
 * guest's connections that a route gives to the agent (`vhx vsock route ... agent`) are its, and it can
 * ask the guest for some.
 *
 * The kernel has each connection's state and credit. To the guest it speaks virtio-vsock, to the agent
 * the messages below, each a struct vhx_vsock_msg with @len bytes behind it. An agent that dies, or
 * breaks these rules, has its connections reset, and no others; but see "Grace".
 *
 * Credit
 *	To the guest: VHX_VSOCK_MSG_OPEN, and _CREDIT, say how many bytes in all, from the connection's
 *	beginning, may be sent. To send more is against the rules: the connection is reset.
 *	From the guest: it has room for VHX_VSOCK_WINDOW bytes, less what the agent has not taken. What was
 *	taken VHX_VSOCK_MSG_TAKEN says, as bytes in all. So an agent says it when who the bytes are for has
 *	them, and who is slow slows the guest down, on that connection.
 *
 * A connection's life
 *	guest asks:  ASKED to the agent; it says ACCEPT, or RESET
 *	agent asks:  CONNECT to the kernel; it says OPEN, or RESET. Until then the agent may change its mind,
 *		     by RESET with the @cookie; an OPEN that crosses it is of a connection that is over
 *	open:	     DATA both ways, SHUTDOWN both ways, each at most once for each direction
 *	over:	     RESET, from either side; the number means nothing any more. After a RESET of its own an
 *		     agent may see messages that were under way: they are to be passed over.
 *
 * Grace
 *	When an agent that attached with @grace_ms dies, or ends, its connections are parked so long: the
 *	guest hears nothing, and may send as far as its credit goes. What it was given and did not say that
 *	it took is kept, within that credit. What it sent, and the kernel took (its COMMIT did so, in
 *	order), goes to the guest. Connections that the guest asks for meanwhile wait for an answer.
 *
 *	The next agent, if it attaches with @grace_ms as well, first hears PARKED of each, with struct
 *	vhx_vsock_parked behind it, then GUEST, and then all else. It answers each by RESUME, with @count the
 *	bytes in all of the guest's that were taken, or by RESET. From that place on it is given what the
 *	guest sent, again or for the first time, with the SHUTDOWN of the guest's behind it. So what is kept
 *	of a connection has to outlive an agent: its number, how many bytes were taken, and bytes that
 *	belong to the guest and were not seen to be taken by the kernel (a slot that is granted again was).
 *	Of one that it does not know it says RESET. What is not answered when the time is over, counted
 *	from the last death, is reset; so is all of it if the next agent attaches without @grace_ms. What
 *	the guest asked for, and nobody answered, comes as ASKED again.
 *
 *	With @grace_ms an agent says TAKEN in good time: of messages of SOCK_SEQPACKET, of which no more
 *	than 1024 packets are given that it did not take, too.
 */
#ifndef _UAPI_LINUX_VHX_AGENT_VSOCK_H
#define _UAPI_LINUX_VHX_AGENT_VSOCK_H

#include <linux/types.h>

#define VHX_VSOCK_WINDOW	(256U << 10)	/* bytes of a connection that a guest may have under way */
#define VHX_VSOCK_MSG_SIZE	4096U		/* least size of a slot */
#define VHX_VSOCK_MSG_DATA_MAX	65536U		/* most bytes of one DATA */

/* vhx_vsock_msg.type; which way it goes */
#define VHX_VSOCK_MSG_ASKED	1	/* to the agent: @guest_port, @peer_cid, @peer_port, @sk_type */
#define VHX_VSOCK_MSG_ACCEPT	2	/* from it: answer to ASKED */
#define VHX_VSOCK_MSG_CONNECT	3	/* from it: @cookie, @guest_port, @peer_port, @sk_type; @conn 0 */
#define VHX_VSOCK_MSG_OPEN	4	/* to it: answer to CONNECT, with its @cookie, and to ACCEPT; @count: credit */
#define VHX_VSOCK_MSG_DATA	5	/* both: @len bytes; @flags of a message's last ones */
#define VHX_VSOCK_MSG_CREDIT	6	/* to it: @count bytes in all may be sent */
#define VHX_VSOCK_MSG_TAKEN	7	/* from it: @count bytes in all, of those it was given, were taken */
#define VHX_VSOCK_MSG_SHUTDOWN	8	/* both: @flags: who says it does not send, or receive, any more */
#define VHX_VSOCK_MSG_RESET	9	/* both: it is over; instead of OPEN or before it, with the @cookie */
#define VHX_VSOCK_MSG_GUEST	10	/* to it: @flags 1: there is a guest; 0: it goes, what it had is over */
#define VHX_VSOCK_MSG_PARKED	11	/* to it: @cookie, ports and so on, a struct vhx_vsock_parked behind it */
#define VHX_VSOCK_MSG_RESUME	12	/* from it: answer to PARKED; @count bytes in all were taken */

/* @flags of DATA, of SOCK_SEQPACKET, and of SHUTDOWN: VIRTIO_VSOCK_SEQ_*, VIRTIO_VSOCK_SHUTDOWN_* */

/**
 * struct vhx_vsock_msg - the head of a message
 * @type: VHX_VSOCK_MSG_*
 * @flags: see the type
 * @len: bytes behind it; 0 but of DATA
 * @conn: the connection's number, of this endpoint; not used twice
 * @cookie: of CONNECT, what comes back with its answer
 * @count: see the type
 * @guest_port: the guest's port
 * @peer_cid: CID that the guest asked for; of CONNECT 0
 * @peer_port: port of who the guest speaks to
 * @sk_type: VIRTIO_VSOCK_TYPE_*
 * @reserved: 0
 */
struct vhx_vsock_msg {
	__u16 type;
	__u16 flags;
	__u32 len;
	__u64 conn;
	__u64 cookie;
	__u64 count;
	__u32 guest_port;
	__u32 peer_cid;
	__u32 peer_port;
	__u16 sk_type;
	__u16 reserved;
};

/* vhx_vsock_parked.state */
#define VHX_VSOCK_PARKED_ASKING	1	/* by CONNECT; the guest has not answered: OPEN, or RESET, comes */
#define VHX_VSOCK_PARKED_OPEN	2
#define VHX_VSOCK_PARKED_OVER	3	/* the guest ended it; what it sent before is to be had, then RESET comes */

/**
 * struct vhx_vsock_parked - a connection that a former agent had
 * @taken: bytes of the guest's in all of which that one said TAKEN
 * @given: that it was given; what was taken is not less than @taken, and not more than this
 * @sent: bytes in all that the kernel has of it, or of it and those before
 * @credit: that may be sent, as of CREDIT
 * @state: VHX_VSOCK_PARKED_*
 * @shut: what the agent said by SHUTDOWN; what the guest said comes by SHUTDOWN
 * @reserved: 0
 */
struct vhx_vsock_parked {
	__u64 taken;
	__u64 given;
	__u64 sent;
	__u64 credit;
	__u16 state;
	__u16 shut;
	__u32 reserved;
};

#endif /* _UAPI_LINUX_VHX_AGENT_VSOCK_H */
