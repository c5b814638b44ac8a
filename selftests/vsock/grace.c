// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent that asked for a grace dies, in every state that a connection can be in, and the next goes on:
 * no byte is lost, none comes twice. What the guest does meanwhile, what it is to wait for, what the next
 * agent gets wrong, and when the time is over. The test is guest and agent. time-limit: 240
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tap.h"
#include "vsockagent.h"
#include "vsockhost.h"

#define PORT	1000		/* the guest's */
#define LONG	30000		/* ms: a grace that does not end here */
#define SHORT	6000	/* one that does, but not before the next agent is there */

#define RST		VIRTIO_VSOCK_OP_RST
#define SEND		VIRTIO_VSOCK_SHUTDOWN_SEND
#define BOTH		(VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV)
#define EOM		VIRTIO_VSOCK_SEQ_EOM

static uint8_t bytes[300000];
static struct vhx_vsock_parked parked;	/* of the last that came */

/* ---- agents ---- */

static long long nparked(void)
{
	return sib_show("vsock list", ".[] | select(.id == 50) | .parked");
}

static long long counted(const char *what)
{
	char of[64];

	snprintf(of, sizeof(of), ".[0].stats.%s", what);
	return sib_show("vsock stats 50", of);
}

/* And is buried: no other could serve before. */
static void dies(void)
{
	int i;

	agent_stop(&va.a);
	for (i = 0; i < 1000 && sib_show("endpoint list",
			"[.[] | select(.name == \"50\" and (.state == \"live\" or .state == \"fenced\"))] | length"); i++)
		usleep(10000);
}

static void comes_again(uint32_t grace)
{
	va.arg.grace_ms = grace;
	msgagent_begin(&va);
}

/* It hears of @id, in @state. */
static bool hears_parked(uint64_t id, uint16_t state)
{
	if (!va_hears_of(VHX_VSOCK_MSG_PARKED) || va_msg.len != sizeof(parked))
		return false;
	memcpy(&parked, va_body, sizeof(parked));
	if (va_msg.conn == id && parked.state == state)
		return true;
	tap_diag("parked: %llu in state %u, wanted %llu in %u", (unsigned long long)va_msg.conn,
		 parked.state, (unsigned long long)id, state);
	return false;
}

/* One is killed, another comes and hears of the one connection. */
static bool another(uint64_t id, uint16_t state)
{
	dies();
	comes_again(LONG);
	return hears_parked(id, state) && va_hears_of(VHX_VSOCK_MSG_GUEST);
}

static void resumes(uint64_t id, uint64_t taken)
{
	va_say_count(id, VHX_VSOCK_MSG_RESUME, taken);
}

/* It ends, for both. */
static void over(uint64_t id, uint32_t port)
{
	va_say(id, VHX_VSOCK_MSG_RESET);
	if (!va_comes(port, RST))
		tap_diag("port %u does not end", port);
}

/* ---- tests ---- */

static void test_attach(void)
{
	struct vhx_agent_attach arg = va.arg;
	struct msgagent m;

	agent_start(&m.a, 1, MSG_TAGS, 64 * 4096);
	arg.grace_ms = VHX_AGENT_GRACE_MAX + 1;
	tap_ok(msgagent_attach(&m, &arg) == -EINVAL, "a grace of more than a minute: EINVAL");
	arg = (struct vhx_agent_attach) {
		.size = sizeof(arg), .class = VHX_ENDPOINT_VSOCK, .name = "50", .grace_ms = 1,
	};
	tap_ok(msgagent_attach(&m, &arg) == -EINVAL, "one of who has no messages: EINVAL");
	arg = va.arg;
	arg.size = offsetof(struct vhx_agent_attach, grace_ms);
	tap_ok(!msgagent_attach(&m, &arg), "who knows of none attaches as ever");
	agent_stop(&m.a);
}

static void test_idle(void)
{
	const long long before = counted("parked"), resumed = counted("resumed");
	uint64_t id = va_connection(PORT);

	dies();
	tap_ok(nparked() == 1 && counted("parked") == before + 1, "an agent dies: its connection is parked");
	tap_ok(va_silence(), "the guest hears nothing");
	comes_again(LONG);
	tap_ok(hears_parked(id, VHX_VSOCK_PARKED_OPEN) && va_msg.guest_port == PORT && va_msg.peer_port == VA_PEER &&
	       va_msg.peer_cid == 2 && va_msg.sk_type == VIRTIO_VSOCK_TYPE_STREAM,
	       "the next hears of it first");
	tap_ok(!parked.taken && !parked.given && !parked.sent && parked.credit == 1 << 20 && !parked.shut,
	       "and how far it was");
	tap_ok(va_hears_of(VHX_VSOCK_MSG_GUEST) && va_msg.flags == 1, "and then that there is a guest");
	resumes(id, 0);
	tap_ok(!va_hears(MSG_QUIET) && !nparked() && counted("resumed") == resumed + 1, "it goes on with it");
	va_guest_sends(PORT, bytes, 100, 0);
	tap_ok(va_arrives(id, bytes, 100), "bytes come to it");
	va_say_data(id, bytes, 100);
	tap_ok(va_comes(PORT, VIRTIO_VSOCK_OP_RW) && !memcmp(sib_pkt.data, bytes, 100), "and to the guest");
	over(id, PORT);
}

static void test_asked(void)
{
	uint64_t id;

	va_guest(PORT, VIRTIO_VSOCK_OP_REQUEST, 0);
	va_hears_of(VHX_VSOCK_MSG_ASKED);
	id = va_msg.conn;
	dies();
	va_guest(PORT + 1, VIRTIO_VSOCK_OP_REQUEST, 0);
	tap_ok(va_silence() && !nparked(), "who asks while there is no agent waits, as who had no answer");
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_GUEST) && va_hears_of(VHX_VSOCK_MSG_ASKED) && va_msg.conn == id,
	       "the next is asked what was not answered");
	va_say(id, VHX_VSOCK_MSG_ACCEPT);
	tap_ok(va_comes(PORT, VIRTIO_VSOCK_OP_RESPONSE), "it agrees");
	tap_ok(va_hears_of(VHX_VSOCK_MSG_ASKED) && va_msg.guest_port == PORT + 1, "and what was asked meanwhile");
	va_say(va_msg.conn, VHX_VSOCK_MSG_RESET);
	tap_ok(va_comes(PORT + 1, RST), "which it declines");
	va_hears_of(VHX_VSOCK_MSG_OPEN);
	over(id, PORT);
	/* Its answer was heard, it does not know whether. */
	id = va_connection(PORT);
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN), "what it agreed to before its death is open");
	over(id, PORT);
}

static void test_asking(void)
{
	struct vhx_vsock_msg ask = {
		.type = VHX_VSOCK_MSG_CONNECT, .cookie = 0xc00c1e, .guest_port = PORT,
		.peer_port = VA_PEER, .sk_type = VIRTIO_VSOCK_TYPE_STREAM,
	};
	uint64_t id;

	va_says(&ask, NULL);
	va_comes(PORT, VIRTIO_VSOCK_OP_REQUEST);
	dies();
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_PARKED) && va_msg.cookie == 0xc00c1e &&
	       !memcmp(&((struct vhx_vsock_parked *)va_body)->state, &(uint16_t){ VHX_VSOCK_PARKED_ASKING }, 2),
	       "what the agent asked for, and the guest has not answered, the next knows by the cookie");
	id = va_msg.conn;
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	resumes(id, 0);
	va_guest(PORT, VIRTIO_VSOCK_OP_RESPONSE, 0);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_OPEN) && va_msg.cookie == 0xc00c1e && va_msg.conn == id, "the guest agrees");
	over(id, PORT);

	va_says(&ask, NULL);
	va_comes(PORT, VIRTIO_VSOCK_OP_REQUEST);
	dies();
	va_guest(PORT, VIRTIO_VSOCK_OP_RESPONSE, 0);
	vsockdrv_taken(&va_drv);
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_PARKED) && va_msg.cookie == 0xc00c1e, "one that agrees meanwhile");
	memcpy(&parked, va_body, sizeof(parked));
	tap_ok(parked.state == VHX_VSOCK_PARKED_OPEN && parked.credit == 1 << 20, "has agreed when the next comes");
	id = va_msg.conn;
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	resumes(id, 0);
	tap_ok(!va_hears(MSG_QUIET), "which hears no more of that");
	over(id, PORT);
	va_says(&ask, NULL);
	va_comes(PORT, VIRTIO_VSOCK_OP_REQUEST);
	dies();
	va_guest(PORT, RST, 0);
	vsockdrv_taken(&va_drv);
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_GUEST), "of one that declines meanwhile nothing is left");
}

static void test_taken(void)
{
	uint64_t id = va_connection(PORT);

	va_guest_sends(PORT, bytes, 60000, 0);
	va_arrives(id, bytes, 60000);
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN) && parked.taken == 0 && parked.given == 60000,
	       "60,000 bytes were given, and none taken");
	resumes(id, 0);
	tap_ok(va_arrives(id, bytes, 60000), "all of them come again");
	va_say_count(id, VHX_VSOCK_MSG_TAKEN, 10000);
	dies();
	va_guest_sends(PORT, bytes + 60000, 20000, 0);
	vsockdrv_taken(&va_drv);
	comes_again(LONG);
	tap_ok(hears_parked(id, VHX_VSOCK_PARKED_OPEN) && parked.taken == 10000 && parked.given == 60000,
	       "some were taken, and some came since");
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	resumes(id, 25001);
	tap_ok(va_arrives(id, bytes + 25001, 80000 - 25001) && !va_hears(MSG_QUIET),
	       "more than the kernel heard of: from that byte on");
	va_say_count(id, VHX_VSOCK_MSG_TAKEN, 80000);
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN) && parked.taken == 80000 && parked.given == 80000,
	       "all were taken");
	resumes(id, 80000);
	tap_ok(!va_hears(MSG_QUIET), "none comes again");
	va_guest(PORT, VIRTIO_VSOCK_OP_CREDIT_REQUEST, 0);
	tap_ok(vsockdrv_recv_op(&va_drv, &sib_pkt, PORT, VIRTIO_VSOCK_OP_CREDIT_UPDATE, SIB_WAIT) &&
	       le32toh(sib_pkt.h.fwd_cnt) == 80000, "as the guest hears");
	over(id, PORT);
}

/* As they come in, byte by byte, and with deaths in between. */
static void test_small(void)
{
	uint64_t id = va_connection(PORT);
	uint32_t at = 0, i;
	bool ok = true;

	for (i = 0; i < 4; i++) {
		for (at = 0; at < 300; at++)
			va_guest_sends(PORT, bytes + 300 * i + at, 1, 0);
		vsockdrv_taken(&va_drv);
		ok &= va_arrives(id, bytes + 250 * i, 300 * (i + 1) - 250 * i);
		ok &= another(id, VHX_VSOCK_PARKED_OPEN);
		resumes(id, 250 * (i + 1));
	}
	tap_ok(ok && va_arrives(id, bytes + 1000, 200), "single bytes, over four deaths");
	over(id, PORT);
}

static void test_sent(void)
{
	uint64_t id = va_connection(PORT);
	uint32_t n = 0;

	va_say_data(id, bytes, 8000);
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN) && parked.sent == 8000, "8,000 bytes were sent: it is known");
	resumes(id, 0);
	va_say_data(id, bytes + 8000, 1000);
	while (n < 9000 && va_comes(PORT, VIRTIO_VSOCK_OP_RW) &&
	       !memcmp(sib_pkt.data, bytes + n, le32toh(sib_pkt.h.len)))
		n += le32toh(sib_pkt.h.len);
	tap_ok(n == 9000, "they come to the guest, and those of the next behind them");
	over(id, PORT);
}

static void test_shutdown(void)
{
	uint64_t id = va_connection(PORT);

	va_guest_sends(PORT, bytes, 500, 0);
	va_arrives(id, bytes, 500);
	va_guest(PORT, VIRTIO_VSOCK_OP_SHUTDOWN, SEND);
	va_hears_of(VHX_VSOCK_MSG_SHUTDOWN);
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN) && !parked.shut, "the guest sends no more");
	resumes(id, 100);
	tap_ok(va_arrives(id, bytes + 100, 400) && va_hears_of(VHX_VSOCK_MSG_SHUTDOWN) && va_msg.flags == SEND,
	       "the next hears so, behind what came before");
	va_say_data(id, bytes, 10);
	tap_ok(va_comes(PORT, VIRTIO_VSOCK_OP_RW), "and may send");
	over(id, PORT);

	id = va_connection(PORT);
	va_says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_SHUTDOWN, .conn = id, .flags = SEND }, NULL);
	va_comes(PORT, VIRTIO_VSOCK_OP_SHUTDOWN);
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN) && parked.shut == SEND, "the agent sends no more: it is known");
	resumes(id, 0);
	va_guest_sends(PORT, bytes, 500, 0);
	tap_ok(va_arrives(id, bytes, 500), "the guest still may");
	dies();
	va_guest(PORT, VIRTIO_VSOCK_OP_SHUTDOWN, BOTH);
	vsockdrv_taken(&va_drv);
	comes_again(LONG);
	tap_ok(hears_parked(id, VHX_VSOCK_PARKED_OPEN) && va_hears_of(VHX_VSOCK_MSG_GUEST), "it says so meanwhile");
	resumes(id, 500);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_SHUTDOWN) && va_msg.flags == BOTH, "and the next hears");
	over(id, PORT);
}

/* The next message, whole: it ends there, and not before. */
static bool message(uint64_t id, const uint8_t *want, uint32_t len)
{
	uint32_t n = 0;

	do {
		if (!va_hears_of(VHX_VSOCK_MSG_DATA) || va_msg.conn != id || n + va_msg.len > len ||
		    memcmp(va_body, want + n, va_msg.len))
			return false;
		n += va_msg.len;
	} while (!(va_msg.flags & EOM));
	return n == len;
}

static void test_messages(void)
{
	uint64_t id;

	va_type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	id = va_connection(PORT);
	va_guest_sends(PORT, bytes, 700, EOM);
	va_guest_sends(PORT, bytes, 1000, 0);
	va_arrives(id, bytes, 700);
	va_arrives(id, bytes, 1000);
	dies();
	va_guest_sends(PORT, bytes + 1000, 500, EOM);
	va_guest_sends(PORT, bytes, 7, EOM);
	vsockdrv_taken(&va_drv);
	comes_again(LONG);
	hears_parked(id, VHX_VSOCK_PARKED_OPEN);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	resumes(id, 700);
	tap_ok(message(id, bytes, 1500), "a death in the middle of a message: it comes again, whole");
	tap_ok(message(id, bytes, 7), "and the one behind it");
	va_say_data(id, bytes, 300);
	tap_ok(va_comes(PORT, VIRTIO_VSOCK_OP_RW) && !(le32toh(sib_pkt.h.flags) & EOM), "a part of one to the guest");
	tap_ok(another(id, VHX_VSOCK_PARKED_OPEN) && parked.sent == 300, "is known to the next");
	resumes(id, 2207);
	va_says(&(struct vhx_vsock_msg){ .type = VHX_VSOCK_MSG_DATA, .conn = id, .len = 200, .flags = EOM },
		bytes + 300);
	tap_ok(va_comes(PORT, VIRTIO_VSOCK_OP_RW) && le32toh(sib_pkt.h.flags) & EOM &&
	       !memcmp(sib_pkt.data, bytes + 300, 200), "which ends it");
	over(id, PORT);
	va_type = VIRTIO_VSOCK_TYPE_STREAM;
}

/* Small messages, and parts of one, of which none is taken: there is an end to what is kept of them. */
static void test_bound(void)
{
	uint32_t n = 0, i;
	uint64_t id;

	va_type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	id = va_connection(PORT);
	for (i = 0; i < 1500; i++) {
		va_guest_sends(PORT, bytes + i, 1, EOM);
		n += va_hears(i < 1024 ? MSG_WAIT : 1) == VHX_VSOCK_MSG_DATA;
	}
	tap_ok(n >= 1024 && n <= 1025, "of messages of which none is taken the agent is given %u", n);
	va_say_count(id, VHX_VSOCK_MSG_TAKEN, n);
	while (n < 1500 && va_hears_of(VHX_VSOCK_MSG_DATA) && va_body[0] == bytes[n])
		n++;
	tap_ok(n == 1500, "when it has taken them it is given the rest");
	over(id, PORT);
	id = va_connection(PORT);
	for (i = 0; i < 3000; i++)
		va_guest_sends(PORT, bytes + i, 1, i == 2999 ? EOM : 0);
	tap_ok(message(id, bytes, 3000), "a message in 3,000 parts comes as a whole");
	over(id, PORT);
	va_type = VIRTIO_VSOCK_TYPE_STREAM;

	id = va_connection(PORT);
	dies();
	for (i = 0; i < 4; i++)
		va_guest_sends(PORT, bytes + i * 65536, 65536, 0);
	tap_ok(va_silence() && nparked() == 1, "while it is parked a guest may send all of its credit");
	va_guest_sends(PORT, bytes, 1, 0);
	tap_ok(va_comes(PORT, RST), "a byte more is the end of it");
	comes_again(LONG);
	tap_ok(hears_parked(id, VHX_VSOCK_PARKED_OVER) && va_hears_of(VHX_VSOCK_MSG_GUEST), "as the next hears");
	va_say(id, VHX_VSOCK_MSG_RESET);
	tap_ok(!va_hears(MSG_QUIET) && !nparked(), "which can do without what came before");
}

static void test_expires(void)
{
	const long long before = counted("unclaimed");
	uint64_t id;

	va_connection(PORT);
	dies();
	comes_again(SHORT);
	va_hears_of(VHX_VSOCK_MSG_PARKED);
	dies();
	va_guest(PORT + 1, VIRTIO_VSOCK_OP_REQUEST, 0);
	tap_ok(va_comes(PORT, RST) || va_comes(PORT + 1, RST), "no agent comes in time: the connection is over");
	tap_ok(vsockdrv_recv(&va_drv, &sib_pkt, SIB_WAIT) && le16toh(sib_pkt.h.op) == RST,
	       "and so is what was asked for");
	tap_ok(!nparked() && counted("unclaimed") == before + 1, "which is counted");
	va_guest(PORT, VIRTIO_VSOCK_OP_REQUEST, 0);
	tap_ok(va_comes(PORT, RST), "and nobody waits any more");
	comes_again(SHORT);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_GUEST), "one that comes later hears nothing of it");

	id = va_connection(PORT);
	dies();
	comes_again(SHORT);
	hears_parked(id, VHX_VSOCK_PARKED_OPEN);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	tap_ok(va_comes(PORT, RST) && va_hears_of(VHX_VSOCK_MSG_RESET) && va_msg.conn == id,
	       "one that does not answer in time hears that it is over");
	resumes(id, 0);
	tap_ok(va_silence() && !va_hears(MSG_QUIET), "and answers too late");
	dies();
	comes_again(LONG);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
}

static void test_again(void)
{
	uint64_t a = va_connection(PORT), b = va_connection(PORT + 1);

	va_guest_sends(PORT, bytes, 100, 0);
	va_arrives(a, bytes, 100);
	dies();
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_PARKED) && (va_msg.conn == a || va_msg.conn == b), "one hears of one of two");
	dies();
	tap_ok(nparked() == 2, "and dies, too");
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_PARKED) && va_hears_of(VHX_VSOCK_MSG_PARKED) &&
	       va_hears_of(VHX_VSOCK_MSG_GUEST), "the next hears of both");
	resumes(a, 40);
	tap_ok(va_arrives(a, bytes + 40, 60) && nparked() == 1, "goes on with one");
	dies();
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_PARKED) && va_hears_of(VHX_VSOCK_MSG_PARKED) && nparked() == 2,
	       "and dies before it had the other");
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	resumes(a, 70);
	resumes(b, 0);
	tap_ok(va_arrives(a, bytes + 70, 30), "nothing is lost by that");
	va_guest_sends(PORT + 1, bytes, 10, 0);
	tap_ok(va_arrives(b, bytes, 10), "of either");
	over(a, PORT);
	over(b, PORT + 1);
}

/* It goes on, and gives up only the guest; then it has it again. */
static void test_detach(void)
{
	struct vhx_agent_detach arg = { .size = sizeof(arg) };
	uint64_t id = va_connection(PORT);
	int rc, ms = 0;

	va_guest_sends(PORT, bytes, 100, 0);
	va_arrives(id, bytes, 100);
	while ((rc = ioctl(va.a.fd, VHX_AGENT_DETACH, &arg)) && errno == EBUSY && ms++ < 1000)
		usleep(10000);
	tap_ok(!rc && va_silence() && nparked() == 1, "an agent gives the guest up: its connection is parked");
	/* Of the slots that it had it has none. */
	va.nhave = 0;
	tap_ok(!msgagent_attach(&va, &va.arg) && hears_parked(id, VHX_VSOCK_PARKED_OPEN) &&
	       va_hears_of(VHX_VSOCK_MSG_GUEST), "it takes it again, and hears");
	resumes(id, 40);
	tap_ok(va_arrives(id, bytes + 40, 60), "and goes on");
	over(id, PORT);
}

static void test_wrong(void)
{
	uint64_t id = va_connection(PORT);

	va_guest_sends(PORT, bytes, 100, 0);
	va_arrives(id, bytes, 100);
	va_say_count(id, VHX_VSOCK_MSG_TAKEN, 50);
	another(id, VHX_VSOCK_PARKED_OPEN);
	resumes(id, 101);
	tap_ok(va_comes(PORT, RST) && va_hears_of(VHX_VSOCK_MSG_RESET), "taken what was never given: the end");
	id = va_connection(PORT);
	va_guest_sends(PORT, bytes, 100, 0);
	va_arrives(id, bytes, 100);
	va_say_count(id, VHX_VSOCK_MSG_TAKEN, 50);
	another(id, VHX_VSOCK_PARKED_OPEN);
	resumes(id, 49);
	tap_ok(va_comes(PORT, RST) && va_hears_of(VHX_VSOCK_MSG_RESET), "less than was taken before: the end");
	id = va_connection(PORT);
	another(id, VHX_VSOCK_PARKED_OPEN);
	va_say_data(id, bytes, 10);
	tap_ok(va_comes(PORT, RST) && va_hears_of(VHX_VSOCK_MSG_RESET), "data of what it did not say it has: the end");
	id = va_connection(PORT);
	another(id, VHX_VSOCK_PARKED_OPEN);
	resumes(id, 0);
	resumes(id, 0);
	tap_ok(va_comes(PORT, RST) && va_hears_of(VHX_VSOCK_MSG_RESET), "said twice: the end");
	id = va_connection(PORT);
	another(id, VHX_VSOCK_PARKED_OPEN);
	va_say(id, VHX_VSOCK_MSG_RESET);
	tap_ok(va_comes(PORT, RST) && !va_hears(MSG_QUIET) && !nparked(), "it may decline");
	va_connection(PORT);
	dies();
	comes_again(0);
	tap_ok(va_comes(PORT, RST) && va_hears_of(VHX_VSOCK_MSG_GUEST) && !va_hears(MSG_QUIET),
	       "one that has no grace hears of nothing");
	va_connection(PORT);
	dies();
	tap_ok(va_comes(PORT, RST) && !nparked(), "and leaves nothing");
	comes_again(LONG);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
}

static void test_guest(void)
{
	uint64_t id = va_connection(PORT);

	dies();
	va_guest(PORT, RST, 0);
	vsockdrv_taken(&va_drv);
	tap_ok(!nparked(), "a guest ends what is parked: nothing is left");
	comes_again(LONG);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	id = va_connection(PORT);
	va_guest_sends(PORT, bytes, 100, 0);
	va_arrives(id, bytes, 100);
	dies();
	va_guest_sends(PORT, bytes + 100, 100, 0);
	va_guest(PORT, VIRTIO_VSOCK_OP_SHUTDOWN, BOTH);
	va_guest(PORT, RST, 0);
	vsockdrv_taken(&va_drv);
	va_guest(PORT, VIRTIO_VSOCK_OP_REQUEST, 0);
	comes_again(LONG);
	tap_ok(hears_parked(id, VHX_VSOCK_PARKED_OVER) && va_hears_of(VHX_VSOCK_MSG_GUEST),
	       "one that sent something before: the next hears");
	resumes(id, 30);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_ASKED) && va_msg.conn != id, "the same port may ask anew");
	va_say(va_msg.conn, VHX_VSOCK_MSG_RESET);
	va_comes(PORT, RST);
	tap_ok(va_arrives(id, bytes + 30, 170) && va_hears_of(VHX_VSOCK_MSG_SHUTDOWN) &&
	       va_hears_of(VHX_VSOCK_MSG_RESET) && va_msg.conn == id, "it has the rest, and then it is over");

	va_connection(PORT);
	dies();
	vsockdrv_stop(&va_drv);
	vsockdrv_reset(&va_drv);
	comes_again(LONG);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_GUEST) && !va_hears(MSG_QUIET) && va_silence(),
	       "it boots: nothing is left");
	id = va_connection(PORT);
	dies();
	vsockdrv_stop(&va_drv);
	vsockdrv_resume(&va_drv);
	comes_again(LONG);
	tap_ok(hears_parked(id, VHX_VSOCK_PARKED_OPEN) && va_hears_of(VHX_VSOCK_MSG_GUEST), "it pauses: all is");
	resumes(id, 0);
	over(id, PORT);
	va_connection(PORT);
	dies();
	tap_ok(system("rmmod vhx_vsock 2>/dev/null"), "the module stays as long as something is parked");
	vsockdrv_close(&va_drv);
	comes_again(LONG);
	tap_ok(!va_hears(MSG_QUIET), "the guest goes: nothing is left");
	sib_open(&va_drv, SIB_A, NULL);
	tap_ok(va_hears_of(VHX_VSOCK_MSG_GUEST) && va_connection(PORT), "it comes again, and can be served");
	over(va_msg.conn, PORT);
}

static void test_others(void)
{
	struct sib a = { &va_drv, 2000 }, b;
	struct vsockdrv other;
	const struct virtio_vsock_hdr data = {
		.op = htole16(VIRTIO_VSOCK_OP_RW), .type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
	};
	int listener = host_listen(SOCK_STREAM), fd;
	uint64_t id = va_connection(PORT);
	uint8_t got[100];

	fd = guest_connect(&va_drv, listener, 3000, VIRTIO_VSOCK_TYPE_STREAM);
	tap_ok(fd >= 0, "a connection with the host");
	sib_vhx("vsock route add from 50 to 51 sibling");
	sib_open(&other, SIB_B, NULL);
	b = (struct sib){ &other, 2001 };
	tap_ok(sib_connect(&a, &b), "a connection with another guest");
	dies();
	tap_ok(!sib_say(&a, &b, VIRTIO_VSOCK_OP_CREDIT_UPDATE) &&
	       sib_hears(&b, &a, VIRTIO_VSOCK_OP_CREDIT_UPDATE, SIB_WAIT) && sib_silent(&a),
	       "is not touched by the death");
	tap_ok(!guest_send(&va_drv, 3000, &data, bytes, 50) && host_read(fd, got, 50) == 50 &&
	       !memcmp(got, bytes, 50), "nor is that with the host");
	comes_again(LONG);
	hears_parked(id, VHX_VSOCK_PARKED_OPEN);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	resumes(id, 0);
	/* What the host says of credit may come before. */
	tap_ok(!sib_say(&b, &a, VIRTIO_VSOCK_OP_CREDIT_UPDATE) &&
	       vsockdrv_recv_op(&va_drv, &sib_pkt, 2000, VIRTIO_VSOCK_OP_CREDIT_UPDATE, SIB_WAIT),
	       "nor by the next agent");
	tap_ok(!guest_send(&va_drv, 3000, &data, bytes + 50, 50) && host_read(fd, got, 50) == 50 &&
	       !memcmp(got, bytes + 50, 50), "of either");
	over(id, PORT);
	vsockdrv_close(&other);
	va_comes(2000, RST);
	/* Or the host tells whoever has this CID in eight seconds. */
	host_close(&va_drv, fd, 3000);
	close(listener);
}

int main(void)
{
	uint32_t i;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 ^ i >> 8;
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add to host port %u agent", VA_PEER);
	test_attach();
	sib_open(&va_drv, SIB_A, NULL);
	comes_again(LONG);
	va_hears_of(VHX_VSOCK_MSG_GUEST);
	test_idle();
	test_asked();
	test_asking();
	test_taken();
	test_small();
	test_sent();
	test_shutdown();
	test_messages();
	test_bound();
	test_expires();
	test_again();
	test_detach();
	test_wrong();
	test_guest();
	test_others();
	agent_stop(&va.a);
	vsockdrv_close(&va_drv);
	sib_vhx("vsock route flush");
	return tap_done();
}
