// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhxd ends, or is killed, at moments that matter: what its connections, and those who just ask for one, go
 * through until it is there again. What it keeps, and what it does with what it did not keep. time-limit: 240
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdstore.h"
#include "tap.h"
#include "unixsock.h"
#include "vsocksib.h"

#define DIR	"/tmp/vhx-keep"
#define HYBRID	DIR "/vm.sock"
#define SSH	DIR "/ssh.sock"
#define PORT	1234		/* the guest's */

#define ASK	VIRTIO_VSOCK_OP_REQUEST
#define AGREE	VIRTIO_VSOCK_OP_RESPONSE
#define RST	VIRTIO_VSOCK_OP_RST
#define RW	VIRTIO_VSOCK_OP_RW
#define SHUTDOWN VIRTIO_VSOCK_OP_SHUTDOWN
#define CREDIT	VIRTIO_VSOCK_OP_CREDIT_UPDATE
#define SEND	VIRTIO_VSOCK_SHUTDOWN_SEND
#define EOM	VIRTIO_VSOCK_SEQ_EOM

static struct vsockdrv drv, plain;	/* the guest, and one that has no grace */
static struct fdstore store;
static uint8_t bytes[600000], got[600000];
static uint32_t peer, room = 1 << 20, got_bytes;	/* whom the guest speaks to; what it has room for, and got */
static uint16_t type = VIRTIO_VSOCK_TYPE_STREAM;
static int any, any_seq;

static char *const vhxd[] = { "vhxd", "--foreground", "--config", DIR "/conf", NULL };

/* ---- vhxd ---- */

static void configure(unsigned int grace)
{
	FILE *f;

	mkdir(DIR, 0700);
	f = fopen(DIR "/conf", "w");
	fprintf(f, "[vhxd]\nstate_dir = " DIR "/state\nsocket = " DIR "/vhxd.sock\nvsock_log = " DIR "/audit\n"
		"[vsock %u]\ngrace = %u\npath = " HYBRID "\nlisten.22 = " SSH "\n"
		"[vsock %u]\npath = " DIR "/plain.sock\n", SIB_A, grace, SIB_B);
	fclose(f);
}

/* With nothing that it was about to do, of which it would be the end. */
static void killed(void)
{
	if (!fdstore_idle(&store))
		tap_diag("vhxd does not come to rest");
	fdstore_stop(&store, SIGKILL);
}

static void again(void)
{
	if (!fdstore_start(&store, vhxd))
		tap_bail("vhxd does not come");
}

/* It hears of it by and by. Return: whether so many of these are kept. */
static bool kept(const char *prefix, unsigned int n)
{
	int ms;

	for (ms = 0; fdstore_count(&store, prefix) != n && ms < SIB_WAIT; ms += 10)
		usleep(10000);
	return fdstore_count(&store, prefix) == n;
}

/* ---- the guest ---- */

static void guest_of(struct vsockdrv *d, uint16_t op, const void *data, uint32_t len, uint32_t flags)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(d, PORT, peer, op);

	h.type = htole16(type);
	h.len = htole32(len);
	h.flags = htole32(flags);
	h.buf_alloc = htole32(room);
	h.fwd_cnt = htole32(got_bytes);
	vsockdrv_send(d, &h, data, len);
}

static void guest(uint16_t op, const void *data, uint32_t len, uint32_t flags)
{
	guest_of(&drv, op, data, len, flags);
}

static bool comes_to(struct vsockdrv *d, uint16_t op)
{
	bool came;

	do
		came = vsockdrv_recv(d, &sib_pkt, SIB_WAIT);
	while (came && le16toh(sib_pkt.h.op) == CREDIT && op != CREDIT);
	if (came && le16toh(sib_pkt.h.op) == op)
		return true;
	tap_diag("the guest got %d, op %u for %u of %u, wanted %u", came, le16toh(sib_pkt.h.op),
		 le32toh(sib_pkt.h.dst_port), le32toh(sib_pkt.h.src_port), op);
	return false;
}

static bool comes(uint16_t op)
{
	return comes_to(&drv, op);
}

/* But for credit. */
static bool silence(void)
{
	bool came;

	do
		came = vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER);
	while (came && le16toh(sib_pkt.h.op) == CREDIT);
	if (came)
		tap_diag("the guest got op %u for %u of %u", le16toh(sib_pkt.h.op), le32toh(sib_pkt.h.dst_port),
			 le32toh(sib_pkt.h.src_port));
	return !came;
}

/* Bytes @from to @to of what the host sent. */
static bool guest_gets(uint32_t from, uint32_t to)
{
	uint32_t n;

	for (; from < to && comes(RW); from += n) {
		n = le32toh(sib_pkt.h.len);
		got_bytes += n;
		if (from + n > to || memcmp(sib_pkt.data, bytes + from, n))
			return false;
	}
	return from == to;
}

/* It connects. Return: the host's end; bails out. */
static int connection(void)
{
	int fd;

	peer = type == VIRTIO_VSOCK_TYPE_SEQPACKET ? 90 : 80;
	got_bytes = 0;
	guest(ASK, NULL, 0, 0);
	fd = unixsock_accept(type == VIRTIO_VSOCK_TYPE_SEQPACKET ? any_seq : any);
	if (fd < 0 || !comes(AGREE))
		tap_bail("no connection");
	return fd;
}

/* What is under way is for nobody. */
static void settle(void)
{
	while (vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER))
		;
}

/* It ends it, as one that crashed does; vhxd's word for that may cross it. */
static void over(int fd)
{
	guest(RST, NULL, 0, 0);
	close(fd);
	settle();
}

/* ---- tests ---- */

static void test_store(void)
{
	int fd;

	tap_ok(kept("vhxd.ledger", 1) && kept("vhxd.listen.50.", 2) && kept("vhxd.", 3), "its ledger is kept, and what it listens on for who has a grace");
	fd = connection();
	tap_ok(kept("vhxd.flow.", 1), "a connection's socket, too");
	guest(RW, bytes, 1000, 0);
	tap_ok(unixsock_read(fd, got, 1000) == 1000, "it is one as any");
	close(fd);
	comes(SHUTDOWN);
	guest(RST, NULL, 0, 0);
	tap_ok(kept("vhxd.", 3), "until it is over");
	tap_ok(!store.polled, "and nothing of it is let go for a hang-up");
}

static void test_ends(void)
{
	int fd = connection();

	guest(RW, bytes, 1000, 0);
	unixsock_read(fd, got, 1000);
	fdstore_stop(&store, SIGTERM);
	tap_ok(silence() && !access(HYBRID, F_OK), "vhxd ends in good order: the guest hears nothing");
	guest(RW, bytes + 1000, 1000, 0);
	tap_ok(write(fd, bytes, 1000) == 1000, "both may go on");
	again();
	tap_ok(unixsock_read(fd, got, 1000) == 1000 && !memcmp(got, bytes + 1000, 1000), "to the host");
	tap_ok(guest_gets(0, 1000), "and to the guest");
	over(fd);
}

static void test_who_asks(void)
{
	char line[32] = "";
	int fd;

	killed();
	peer = 80;
	guest(ASK, NULL, 0, 0);
	fd = unixsock_client(SSH, SOCK_STREAM);
	tap_ok(silence() && !unixsock_ready(any, SIB_NEVER), "who asks for a connection meanwhile waits, on either side");
	again();
	close(unixsock_accept(any));
	tap_ok(comes(AGREE) || comes(AGREE), "the guest gets one");
	while (vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER) && le16toh(sib_pkt.h.op) != ASK)
		;
	tap_ok(le16toh(sib_pkt.h.op) == ASK && le32toh(sib_pkt.h.dst_port) == 22, "and is asked for the other");
	close(fd);
	guest(RST, NULL, 0, 0);
	settle();

	fd = unixsock_client(HYBRID, SOCK_STREAM);
	tap_ok(write(fd, "CONNECT 1234\nabc", 16) == 16 && comes(ASK), "a client asks for one");
	peer = le32toh(sib_pkt.h.src_port);
	got_bytes = 0;
	killed();
	guest(AGREE, NULL, 0, 0);
	vsockdrv_taken(&drv);
	again();
	tap_ok(unixsock_ready(fd, UNIXSOCK_WAIT) && read(fd, line, sizeof(line) - 1) > 0 && !strncmp(line, "OK ", 3),
	       "the guest agrees while nobody is there: the client hears, once somebody is");
	memcpy(got, bytes, 3);
	memcpy(bytes, "abc", 3);
	tap_ok(guest_gets(0, 3), "and what it said comes to the guest");
	memcpy(bytes, got, 3);
	over(fd);

	fd = unixsock_client(HYBRID, SOCK_STREAM);
	tap_ok(write(fd, "CONNECT 1234\n", 13) == 13 && comes(ASK), "a client asks for another");
	peer = le32toh(sib_pkt.h.src_port);
	got_bytes = 0;
	killed();
	again();
	tap_ok(silence(), "the guest is not asked again");
	guest(AGREE, NULL, 0, 0);
	tap_ok(unixsock_ready(fd, UNIXSOCK_WAIT) && read(fd, line, sizeof(line) - 1) > 0 && !strncmp(line, "OK ", 3),
	       "it agrees later: the client hears");
	over(fd);
}

/* The guest's no may be lost with vhxd: it is asked once more. */
static void test_declines(void)
{
	char line[32] = "";
	int fd = unixsock_client(HYBRID, SOCK_STREAM);

	tap_ok(write(fd, "CONNECT 1234\n", 13) == 13 && comes(ASK), "a client asks");
	peer = le32toh(sib_pkt.h.src_port);
	got_bytes = 0;
	killed();
	guest(RST, NULL, 0, 0);
	vsockdrv_taken(&drv);
	again();
	tap_ok(comes(ASK) && le32toh(sib_pkt.h.src_port) == peer, "the guest declines while nobody is there: it is asked again");
	guest(AGREE, NULL, 0, 0);
	tap_ok(unixsock_ready(fd, UNIXSOCK_WAIT) && read(fd, line, sizeof(line) - 1) > 0 && !strncmp(line, "OK ", 3),
	       "and may agree");
	over(fd);
}

static void test_meanwhile(void)
{
	int fd = connection();

	killed();
	tap_ok(write(fd, bytes, 50000) == 50000, "the host sends something while nobody is there");
	close(fd);
	again();
	tap_ok(guest_gets(0, 50000) && comes(SHUTDOWN) && le32toh(sib_pkt.h.flags) == 3,
	       "and closes: the guest gets all of it, and hears");
	guest(RST, NULL, 0, 0);

	fd = connection();
	killed();
	guest(RW, bytes, 50000, 0);
	guest(SHUTDOWN, NULL, 0, SEND);
	again();
	tap_ok(unixsock_read(fd, got, 50001) == 50000 && !memcmp(got, bytes, 50000), "the guest does: the host");
	tap_ok(write(fd, bytes, 100) == 100 && guest_gets(0, 100), "which still may send");
	killed();
	again();
	tap_ok(unixsock_ends(fd), "what was ended stays so");
	tap_ok(write(fd, bytes, 100) == 100 && guest_gets(0, 100), "and what was not");
	guest(SHUTDOWN, NULL, 0, 3);
	tap_ok(comes(RST), "until it is, by both");
	close(fd);

	fd = connection();
	shutdown(fd, SHUT_WR);
	comes(SHUTDOWN);
	killed();
	again();
	tap_ok(silence(), "what the host ended the guest hears of once");
	guest(RW, bytes, 3000, 0);
	tap_ok(unixsock_read(fd, got, 3000) == 3000, "and still may send");
	over(fd);
}

static void test_slow(void)
{
	int fd = connection();
	uint32_t i;

	/* More than the socket takes, and all that the guest may. */
	for (i = 0; i < 4; i++)
		guest(RW, bytes + i * 65536, 65536, 0);
	vsockdrv_taken(&drv);
	killed();
	again();
	killed();
	again();
	tap_ok(unixsock_read(fd, got, 4 * 65536) == 4 * 65536 && !memcmp(got, bytes, 4 * 65536),
	       "what the host did not read comes to it over two deaths");
	guest(RW, bytes, 65536, 0);
	tap_ok(unixsock_read(fd, got, 65536) == 65536 && !memcmp(got, bytes, 65536) && silence(),
	       "and the guest has its credit back");
	over(fd);

	room = 6000;
	fd = connection();
	tap_ok(write(fd, bytes, 60000) == 60000 && guest_gets(0, 6000) && silence(), "a guest has room for a part");
	killed();
	again();
	for (i = 6000; i < 60000; i += 6000) {
		guest(CREDIT, NULL, 0, 0);
		if (!guest_gets(i, i + 6000))
			break;
	}
	tap_ok(i == 60000, "and gets the rest of the next, as it has: %u", i);
	over(fd);
	room = 1 << 20;
}

static void test_messages(void)
{
	uint32_t n = 0, eom = 0;
	int fd;

	type = VIRTIO_VSOCK_TYPE_SEQPACKET;
	fd = connection();
	guest(RW, bytes, 1000, 0);
	vsockdrv_taken(&drv);
	killed();
	again();
	guest(RW, bytes + 1000, 500, EOM);
	tap_ok(unixsock_ready(fd, UNIXSOCK_WAIT) && recv(fd, got, sizeof(got), 0) == 1500 && !memcmp(got, bytes, 1500),
	       "a message of which a part had come is whole");
	over(fd);
	room = 10000;
	fd = connection();
	tap_ok(send(fd, bytes, 50000, 0) == 50000 && send(fd, bytes, 7, 0) == 7 && guest_gets(0, 10000) && silence(),
	       "a guest has room for a part of one");
	killed();
	again();
	room = 1 << 20;
	guest(CREDIT, NULL, 0, 0);
	for (n = 10000; !eom && n <= 50000 && comes(RW); n += le32toh(sib_pkt.h.len)) {
		eom = le32toh(sib_pkt.h.flags) & EOM;
		if (memcmp(sib_pkt.data, bytes + n, le32toh(sib_pkt.h.len)))
			break;
	}
	tap_ok(eom && n == 50000, "and gets the rest, where it ends: %u", n);
	tap_ok(comes(RW) && le32toh(sib_pkt.h.len) == 7 && le32toh(sib_pkt.h.flags) & EOM, "and the next");
	over(fd);
	type = VIRTIO_VSOCK_TYPE_STREAM;
}

static void test_guest(void)
{
	int fd = connection();

	killed();
	guest(RW, bytes, 5000, 0);
	guest(RST, NULL, 0, 0);
	vsockdrv_taken(&drv);
	again();
	tap_ok(unixsock_read(fd, got, 5001) == 5000 && !memcmp(got, bytes, 5000) && unixsock_ends(fd),
	       "a guest ends it meanwhile: the host has what came before");
	close(fd);
	fd = connection();
	killed();
	vsockdrv_stop(&drv);
	vsockdrv_reset(&drv);
	again();
	tap_ok(unixsock_ends(fd), "it boots meanwhile: the host hears the end");
	close(fd);
	fd = connection();
	killed();
	vsockdrv_close(&drv);
	again();
	sib_open(&drv, SIB_A, NULL);
	tap_ok(unixsock_ends(fd), "it goes, and another comes: likewise");
	close(fd);
	tap_ok(kept("vhxd.", 3), "and nothing is left of these");
}

static void test_plain(void)
{
	int there = unixsock_server(DIR "/plain.sock_80", SOCK_STREAM), fd, other;

	fd = connection();
	guest_of(&plain, ASK, NULL, 0, 0);
	other = unixsock_accept(there);
	tap_ok(other >= 0 && comes_to(&plain, AGREE), "a guest that has no grace");
	killed();
	tap_ok(comes_to(&plain, RST) && unixsock_ends(other), "has its connection reset");
	tap_ok(silence(), "and no other");
	again();
	guest(RW, bytes, 100, 0);
	tap_ok(unixsock_read(fd, got, 100) == 100, "which goes on");
	over(fd);
	close(other);
	close(there);
}

static void test_wrong(void)
{
	int fd = connection(), junk = memfd_create("junk", MFD_ALLOW_SEALING);

	killed();
	fdstore_flush(&store);
	if (ftruncate(junk, 1 << 20) || fcntl(junk, F_ADD_SEALS, F_SEAL_SHRINK))
		tap_bail("a memfd: %s", strerror(errno));
	fdstore_put(&store, "vhxd.ledger", junk);
	fdstore_put(&store, "vhxd.flow.1", junk);
	fdstore_put(&store, "vhxd.listen.50.22", junk);
	fdstore_put(&store, "else", junk);
	close(junk);
	again();
	tap_ok(comes(RST) && unixsock_ends(fd), "what is kept is lost: the connection is over, for both");
	close(fd);
	tap_ok(kept("else", 0) && kept("vhxd.", 3),
	       "what is in the store and makes no sense is not any more");
	fd = connection();
	tap_ok(fd >= 0, "and vhxd serves");
	killed();
	unlink(SSH);
	again();
	tap_ok(!access(SSH, F_OK), "a socket whose name is gone is made again");
	close(unixsock_client(SSH, SOCK_STREAM));
	settle();
	guest(RW, bytes, 100, 0);
	tap_ok(unixsock_read(fd, got, 100) == 100, "which is nothing to what there is");

	/* Configured otherwise. */
	killed();
	configure(0);
	again();
	tap_ok(comes(RST) && unixsock_ends(fd), "grace is taken away: what was there is over");
	close(fd);
	close(unixsock_client(SSH, SOCK_STREAM));
	tap_ok(comes(ASK) && kept("vhxd.", 0), "and its sockets are new ones");
	guest(RST, NULL, 0, 0);
	fdstore_stop(&store, SIGTERM);
	tap_ok(access(SSH, F_OK), "that go with it");
	settle();
}

static void test_none(void)
{
	int fd;

	configure(30);
	store.room = 0;
	again();
	fd = connection();
	killed();
	tap_ok(comes(RST) && unixsock_ends(fd), "without a store grace has no effect, and vhxd serves");
	close(fd);
	store.room = 3;
	again();
	fd = connection();
	killed();
	tap_ok(comes(RST) && unixsock_ends(fd), "nor with one that is too small");
	close(fd);
	store.room = FDSTORE_MAX;
	configure(3);
	again();
	fd = connection();
	killed();
	tap_ok(comes(RST), "a vhxd that does not come again in time: the guest hears the end");
	again();
	tap_ok(unixsock_ends(fd), "and the host when it does");
	close(fd);
	tap_ok(kept("vhxd.flow.", 0), "nothing is left of it");
}

int main(void)
{
	uint32_t i;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 ^ i >> 8;
	signal(SIGPIPE, SIG_IGN);
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add agent");
	sib_open(&drv, SIB_A, NULL);
	sib_open(&plain, SIB_B, NULL);
	configure(60);
	fdstore_open(&store, DIR "/notify");
	any = unixsock_server(HYBRID "_80", SOCK_STREAM);
	any_seq = unixsock_server(HYBRID "_90", SOCK_SEQPACKET);
	again();
	test_store();
	test_ends();
	test_who_asks();
	test_declines();
	test_meanwhile();
	test_slow();
	test_messages();
	test_guest();
	test_plain();
	test_wrong();
	test_none();
	fdstore_stop(&store, SIGTERM);
	fdstore_close(&store);
	vsockdrv_close(&plain);
	vsockdrv_close(&drv);
	sib_vhx("vsock route flush");
	if (system("rm -rf " DIR))
		tap_diag("the directory stays");
	return tap_done();
}
