/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of vsock/: a guest, a connection, and who moves their bytes. All in the one thread. */
#ifndef _VHXD_VSOCK_ROUTER_H
#define _VHXD_VSOCK_ROUTER_H

#include <liburing.h>
#include <linux/vhx_agent_vsock.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../scsi/list.h"
#include "libvhx.h"
#include "vsock.h"

#define SLOT_SIZE	(36U << 10)	/* 32 KiB, and a page for the head */
#define SLOTS		16		/* each way, of a guest */
#define FLOW_BUCKETS	64
#define FLOWS_MAX	1023		/* of a guest */
#define TAKEN_STEP	(64U << 10)	/* bytes between two TAKEN */
#define TAKEN_PARTS	64U		/* sends between them, where the kernel keeps what was not taken */
#define VSOCK_SHUT_BOTH	(VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND)
#define HOST_PORT	(1U << 30)	/* the first that connections of the host's have */
#define LINE_MAX_LEN	32		/* of "CONNECT PORT" */
#define MESSAGE_MAX	(256U << 10)	/* bytes of a SOCK_SEQPACKET message of the host's */

/* What a descriptor that epoll knows is; first in each struct. */
enum watch_kind {
	WATCH_WAKE,
	WATCH_LISTENER,
	WATCH_FLOW,
	WATCH_GRACE,
};

struct watch {
	enum watch_kind kind;
	int fd;
};

/* Bytes of the guest's on their way to the socket. */
struct chunk {
	struct chunk *next;
	uint32_t len;
	uint32_t off;
	bool whole;		/* of SOCK_SEQPACKET: its message has ended */
	uint8_t data[];
};

enum flow_state {
	FLOW_HELLO,		/* of the host: it has not said CONNECT yet */
	FLOW_ASKING,		/* the guest was asked, or is to be */
	FLOW_ASKED,		/* the guest asked, and is to hear that it may */
	FLOW_OPEN,
	FLOW_PARKED,		/* a former process had it: the kernel is to say how far it was */
	FLOW_DRAIN,		/* the guest has ended it, the socket has not taken all */
	FLOW_OVER,		/* the kernel is to hear so */
};

/* What the kernel is to be told, in this order; DATA is between the second and the third. */
#define SAY_CONNECT	(1U << 0)
#define SAY_ACCEPT	(1U << 1)
#define SAY_TAKEN	(1U << 2)
#define SAY_SHUTDOWN	(1U << 3)
#define SAY_RESET	(1U << 4)
#define SAY_RESUME	(1U << 5)	/* in place of SAY_ACCEPT */

/**
 * struct flow - a connection
 * @watch: its socket; fd -1 when it is closed
 * @due: in guest.due while there is something to say
 * @all: in guest.flows
 * @by_id: in guest.by_id once it has an @id
 * @id: the kernel's number; 0 before it has one
 * @cookie: what the kernel knows it by before it has a number
 * @asked: the guest was, and there is an answer to come
 * @of_host: a client of the host's began it
 * @hung: the socket's other end is closed
 * @say: SAY_*
 * @shut: what SHUTDOWN is to say; @said: and what was said
 * @hup: what the guest said, see VIRTIO_VSOCK_SHUTDOWN_*
 * @credit: bytes in all that the guest has room for; @sent: that it was sent
 * @taken: bytes in all that the socket took; @told: that the kernel knows of; @parts: sends since then
 * @record: of it in the ledger; NULL: it ends with the process
 * @out, @out_end: what the socket has not taken
 * @message: of the socket's, @message_len bytes of which @message_off were sent
 * @readable: epoll said that there is something to read
 * @line: what the host said, before it is connected
 * @hello: it has to be told "OK"
 */
struct flow {
	struct watch watch;
	struct list due;
	struct list all;
	struct list by_id;
	struct guest *guest;
	enum flow_state state;
	uint64_t id;
	uint32_t guest_port;
	uint32_t peer_cid;
	uint32_t peer_port;
	uint16_t type;
	uint64_t cookie;
	bool asked;
	bool of_host;
	bool hung;
	unsigned int say;
	uint16_t shut;
	uint16_t said;
	uint16_t hup;
	uint64_t credit;
	uint64_t sent;
	uint64_t taken;
	uint64_t told;
	unsigned int parts;
	struct record *record;
	struct chunk *out, **out_end;
	uint8_t *message;
	uint32_t message_len;
	uint32_t message_off;
	bool readable;
	bool hello;
	unsigned int line_len;
	char line[LINE_MAX_LEN];
};

/* A socket that is listened on; in guest.listeners. @port 0: the client says which. */
struct listener {
	struct watch watch;
	struct list node;
	struct guest *guest;
	uint32_t port;
	uint16_t type;
	char path[CONF_PATH_LEN];
};

#define NO_NUMBER	UINT32_MAX

/**
 * struct guest - a guest, or a place for one
 * @conf: its own copy
 * @number: of its endpoint; NO_NUMBER: nobody has this place
 * @is_there: the kernel says that there is one
 * @grants: tags of slots that are ours to fill
 * @flows: all of them, @nflows; @by_id: those that have a number; @due: those that have something to say
 * @next_port: of the host's next connection; @cookies: how many there were
 */
struct guest {
	struct vsock *vsock;
	struct vsock_conf conf;
	uint32_t number;
	bool is_there;
	uint32_t grants[SLOTS];
	unsigned int ngrants;
	struct list flows;
	unsigned int nflows;
	struct list by_id[FLOW_BUCKETS];
	struct list due;
	uint32_t next_port;
	uint64_t cookies;
	struct list listeners;
};

struct answers {
	struct vhx_agent_done *done;
	unsigned int nr;
	bool busy;
};

/**
 * struct call - something that the main thread wants of this one, between two turns
 * @run: does it, and says what came of it
 * @done: posted when @ret is there
 */
struct call {
	int (*run)(struct vsock *vsock, void *arg);
	void *arg;
	int ret;
	sem_t done;
};

/**
 * struct vsock - see above
 * @epoll: sockets; watched by the ring
 * @guests: @room places; which are taken only the thread knows, once it runs
 * @call: to be done, or NULL; @pinged: it is to come around. Both atomic
 * @answer: tags that go back, of this turn, @nr_answers
 * @batch: in the kernel
 * @log: audit, or -1
 * @keep: what outlives the process, NULL when nothing does
 */
struct vsock {
	struct vhx_agent *agent;
	struct io_uring ring;
	pthread_t thread;
	int epoll;
	struct watch wake;
	struct guest *guests;
	unsigned int room;
	struct call *call;
	bool pinged;
	uint32_t fetched;
	bool fetching;
	bool watching_events;
	bool polling;
	bool ending;
	struct vhx_agent_done *answer;
	unsigned int nr_answers;
	struct answers batch[4];
	int log;
	struct keep *keep;
};

/* router.c: waits for as long as the thread stands still, which the watchdog sees to. */
int vsock_call(struct vsock *vsock, int (*run)(struct vsock *vsock, void *arg), void *arg);

/* admin.c: those that there are first. */
int vsock_open_guests(struct vsock *vsock, const struct conf *conf, struct msg *msg);

/* guest.c: of the thread, or before it runs */
void guest_init(struct vsock *vsock, struct guest *guest);
/* Return: NULL if nobody serves it; CID 0: a free place. */
struct guest *guest_find(struct vsock *vsock, uint32_t cid);
/* Takes what is in @conf. Return: 0; -EBUSY: try again; or another error. */
int guest_attach(struct guest *guest, struct vsock_conf *conf);
/* Its connections are over. Return: 0; -EBUSY: try again. */
int guest_detach(struct guest *guest);
/* Sockets, names: from what it was to what @conf says; takes what is in that. 0, or -1: it was said. */
int guest_change(struct guest *guest, struct vsock_conf *conf);
/* It came, or went. */
void guest_is_there(struct guest *guest, bool is_there);

/* slot.c: messages, on the queue of the session */
bool slot_free(const struct guest *guest);
/* Where the bytes of the next message go; @room of them. There is a slot. */
void *slot_data(struct guest *guest, uint32_t *room);
/* It goes; its bytes are in place. Return: its tag. */
uint32_t slot_send(struct guest *guest, const struct vhx_vsock_msg *msg);

/* flow.c; @fd -1: without a socket */
struct flow *flow_new(struct guest *guest, enum flow_state state, int fd);
void flow_free(struct flow *flow);
void flow_number(struct flow *flow, uint64_t id);
void flow_say(struct flow *flow, unsigned int what);
/* Nothing more moves; the kernel hears so if it knows of the connection. */
void flow_over(struct flow *flow);
/* Of the socket. */
void flow_event(struct flow *flow, uint32_t events);
/* Of the guest. */
void flow_message(struct guest *guest, const struct vhx_vsock_msg *msg, const uint8_t *data);
struct flow *flow_find(struct guest *guest, uint64_t id);
struct flow *flow_find_cookie(struct guest *guest, uint64_t cookie);
/* It is open; what the socket had before counts. */
void flow_opened(struct flow *flow);
/* Of a connection that there is not: the kernel hears so. */
void flow_refuse(struct guest *guest, const struct vhx_vsock_msg *msg, int err);

/* speak.c */
bool flow_wants_to_read(const struct flow *flow);
/* Of @room bytes as many as the guest may be sent. */
uint32_t flow_at_most(const struct flow *flow, uint32_t room);
/* From the socket: -errno; 0 at its end, as flow_ended() is to hear, like of errors but EAGAIN. */
ssize_t flow_receive(struct flow *flow, struct msghdr *to, int flags);
void flow_ended(struct flow *flow, ssize_t why);
/* One of SAY_*, at once: there is a slot. */
void flow_say_now(struct flow *flow, unsigned int what);
/* All that there is to say, as far as there are slots. */
void guest_turn(struct guest *guest);

/* unix.c */
/* On what its configuration says, and on nothing else any more; what stays is not touched. 0, or the first error. */
int unix_listen(struct guest *guest, struct msg *msg);
/* On nothing. */
void unix_unlisten(struct guest *guest);
/* The process ends. */
void unix_leave(struct guest *guest);
void unix_accept(struct listener *listener);
/* Return: the socket that a guest's port stands for, connected; or -errno. */
int unix_connect(const struct guest *guest, uint32_t port, uint16_t type);
/* More of what a client says first. Return: whether it has said all, 0; -EAGAIN; or an error. */
int unix_hello(struct flow *flow);

/* audit.c */
int audit_open(const char *path, struct msg *msg);
void audit(const struct flow *flow, const char *what, const char *why);

#endif
