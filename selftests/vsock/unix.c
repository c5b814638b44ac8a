// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhxd connects a guest's vsock with unix sockets: the protocol of Firecracker's clients, sockets of one
 * port, messages, half-closed connections, what is slow, what is refused; vhxd is killed, and comes again.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rnd.h"
#include "tap.h"
#include "vsocksib.h"

#define DIR	"/tmp/vhx-unix"
#define HYBRID	DIR "/vm.sock"
#define LOG	DIR "/audit"
#define PORT	1234		/* the guest's */

static struct vsockdrv drv;
static pid_t vhxd;
static uint8_t bytes[600000], got[600000];

#define ASK	VIRTIO_VSOCK_OP_REQUEST
#define AGREE	VIRTIO_VSOCK_OP_RESPONSE
#define RST	VIRTIO_VSOCK_OP_RST
#define RW	VIRTIO_VSOCK_OP_RW
#define SHUTDOWN VIRTIO_VSOCK_OP_SHUTDOWN

/* ---- vhxd ---- */

static void configure(void)
{
	FILE *f;

	mkdir(DIR, 0700);
	f = fopen(DIR "/conf", "w");
	fprintf(f, "[vhxd]\nstate_dir = " DIR "/state\nsocket = " DIR "/vhxd.sock\nvsock_log = " LOG "\n"
		"[vsock %u]\nname = first\npath = " HYBRID "\nlisten.22 = " DIR "/ssh.sock\n"
		"listen.23 = " DIR "/seq.sock,seqpacket\nconnect.514 = " DIR "/syslog.sock\n", SIB_A);
	fclose(f);
}

static void start(void)
{
	int i;

	unlink(DIR "/ssh.sock");
	vhxd = fork();
	if (!vhxd) {
		execlp("vhxd", "vhxd", "--foreground", "--config", DIR "/conf", NULL);
		_exit(127);
	}
	for (i = 0; i < 1000 && access(DIR "/seq.sock", F_OK); i++)
		usleep(20000);
	/* It listens before it serves: connections wait. */
	usleep(200000);
}

static void stop(int sig)
{
	int status;

	kill(vhxd, sig);
	waitpid(vhxd, &status, 0);
	unlink(DIR "/seq.sock");
}

/* ---- sockets ---- */

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static int client(const char *path, int type)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&a, sizeof(a)))
		tap_bail("%s: %s", path, strerror(errno));
	return fd;
}

static int server(const char *path, int type)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	if (bind(fd, (void *)&a, sizeof(a)) || listen(fd, 8))
		tap_bail("%s: %s", path, strerror(errno));
	return fd;
}

static bool ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static int accepted(int listener)
{
	return ready(listener, SIB_WAIT) ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

static size_t reads(int fd, size_t len)
{
	size_t n = 0;
	ssize_t r;

	while (n < len && ready(fd, SIB_WAIT)) {
		r = read(fd, got + n, len - n);
		if (r <= 0)
			break;
		n += r;
	}
	return n;
}

static bool ends(int fd)
{
	return ready(fd, SIB_WAIT) && read(fd, got, 1) == 0;
}

/* ---- the guest ---- */

static uint32_t peer;		/* port of who it speaks to */
static uint32_t got_bytes;

static void guest(uint16_t op, uint16_t type, const void *data, uint32_t len, uint32_t flags)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, peer, op);

	h.type = htole16(type);
	h.len = htole32(len);
	h.flags = htole32(flags);
	h.fwd_cnt = htole32(got_bytes);
	vsockdrv_send(&drv, &h, data, len);
}

#define STREAM	VIRTIO_VSOCK_TYPE_STREAM
#define SEQ	VIRTIO_VSOCK_TYPE_SEQPACKET

static bool comes(uint16_t op)
{
	bool came;

	do
		came = vsockdrv_recv(&drv, &sib_pkt, SIB_WAIT);
	while (came && le16toh(sib_pkt.h.op) == VIRTIO_VSOCK_OP_CREDIT_UPDATE && op != le16toh(sib_pkt.h.op));
	if (came && le16toh(sib_pkt.h.op) == op)
		return true;
	tap_diag("the guest got %d, op %u, wanted %u", came, le16toh(sib_pkt.h.op), op);
	return false;
}

/* @len bytes of @bytes come to it. */
static bool guest_gets(uint32_t len)
{
	uint32_t at = 0, n;

	while (at < len && comes(RW)) {
		n = le32toh(sib_pkt.h.len);
		if (at + n > len || memcmp(sib_pkt.data, bytes + at, n))
			return false;
		at += n;
	}
	got_bytes += at;
	return at == len;
}

/* It connects to @port, and somebody takes it. Return: the host's end. */
static int guest_connects(int listener, uint32_t port, uint16_t type)
{
	peer = port;
	got_bytes = 0;
	guest(ASK, type, NULL, 0, 0);
	if (!comes(AGREE))
		return -1;
	return accepted(listener);
}

/* A client of the host's is connected to it. */
static bool guest_takes(uint32_t port)
{
	bool asked = comes(ASK) && le32toh(sib_pkt.h.dst_port) == port;

	peer = le32toh(sib_pkt.h.src_port);
	got_bytes = 0;
	return asked;
}

/* ---- tests ---- */

static void test_hybrid(void)
{
	char line[64] = "", want[64];
	int fd = client(HYBRID, SOCK_STREAM);

	if (write(fd, "CONNECT 1234\nhello", 18) != 18)
		tap_diag("write");
	tap_ok(guest_takes(PORT), "a client says CONNECT: the guest is asked");
	tap_ok(peer >= 1U << 30, "by a port that is the host's: %u", peer);
	guest(AGREE, STREAM, NULL, 0, 0);
	snprintf(want, sizeof(want), "OK %u\n", peer);
	tap_ok(ready(fd, SIB_WAIT) && read(fd, line, sizeof(line) - 1) > 0 && !strcmp(line, want),
	       "it agrees: the client hears OK, and the port");
	memcpy(bytes, "hello", 5);
	tap_ok(guest_gets(5), "what it said behind the line comes to the guest");
	guest(RW, STREAM, bytes, 5, 0);
	tap_ok(reads(fd, 5) == 5 && !memcmp(got, "hello", 5), "and what that says to the client");
	close(fd);
	tap_ok(comes(SHUTDOWN) && le32toh(sib_pkt.h.flags) == 3, "the client closes: the guest hears");
	guest(RST, STREAM, NULL, 0, 0);

	fd = client(HYBRID, SOCK_STREAM);
	if (write(fd, "CONNECT 99\r\n", 12) != 12)
		tap_diag("write");
	guest_takes(99);
	{
		struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, 99, peer, RST);

		vsockdrv_send(&drv, &h, NULL, 0);
	}
	tap_ok(ends(fd), "the guest declines: the client is closed");
	close(fd);
}

static void test_lines(void)
{
	static const char *const bad[] = {
		"HELLO\n", "CONNECT\n", "CONNECT x\n", "CONNECT -1\n", "CONNECT 4294967296\n",
		"CONNECT 22 23\n", "CONNECT 00000000000000000000000000000000000000000000001\n", "\n",
	};
	bool ok = true;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fd = client(HYBRID, SOCK_STREAM);
		ok &= write(fd, bad[i], strlen(bad[i])) > 0;
		/* With bytes unread the end is a reset. */
		ok &= ready(fd, SIB_WAIT) && read(fd, got, 1) <= 0;
		close(fd);
	}
	tap_ok(ok, "what is no CONNECT: the client is closed");
	tap_ok(!vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER), "and the guest hears nothing");
}

static void test_guest(void)
{
	int any = server(HYBRID "_80", SOCK_STREAM), map = server(DIR "/syslog.sock", SOCK_STREAM), fd;

	peer = 81;
	guest(ASK, STREAM, NULL, 0, 0);
	tap_ok(comes(RST), "a port that nobody listens on: RST");
	fd = guest_connects(any, 80, STREAM);
	tap_ok(fd >= 0, "a guest connects to a port: it is PATH_PORT");
	guest(RW, STREAM, bytes, 60000, 0);
	tap_ok(reads(fd, 60000) == 60000 && !memcmp(got, bytes, 60000), "60,000 bytes to the host");
	tap_ok(write(fd, bytes, 60000) == 60000 && guest_gets(60000), "and to the guest");
	close(fd);
	comes(SHUTDOWN);
	guest(RST, STREAM, NULL, 0, 0);
	fd = guest_connects(map, 514, STREAM);
	tap_ok(fd >= 0, "one that has a path of its own");
	guest(SHUTDOWN, STREAM, NULL, 0, 3);
	tap_ok(ends(fd), "the guest closes: so does the socket");
	tap_ok(comes(RST), "and the guest hears that it is over");
	close(fd);
	close(any);
	close(map);
}

static void test_half(void)
{
	int any = server(HYBRID "_80", SOCK_STREAM);
	int fd = guest_connects(any, 80, STREAM);

	guest(RW, STREAM, bytes, 100, 0);
	guest(SHUTDOWN, STREAM, NULL, 0, VIRTIO_VSOCK_SHUTDOWN_SEND);
	tap_ok(reads(fd, 200) == 100, "a guest that sends no more: the socket reads to the end");
	tap_ok(write(fd, bytes, 1000) == 1000 && guest_gets(1000), "and still may write");
	shutdown(fd, SHUT_WR);
	tap_ok(comes(SHUTDOWN) && le32toh(sib_pkt.h.flags) & VIRTIO_VSOCK_SHUTDOWN_SEND,
	       "it writes no more: the guest hears");
	guest(RST, STREAM, NULL, 0, 0);
	close(fd);

	fd = guest_connects(any, 80, STREAM);
	shutdown(fd, SHUT_WR);
	tap_ok(comes(SHUTDOWN) && le32toh(sib_pkt.h.flags) == VIRTIO_VSOCK_SHUTDOWN_SEND,
	       "the socket writes no more: the guest hears of that alone");
	guest(RW, STREAM, bytes, 5000, 0);
	tap_ok(reads(fd, 5000) == 5000, "and still may send");
	guest(SHUTDOWN, STREAM, NULL, 0, 3);
	tap_ok(ends(fd) && comes(RST), "until it does not either");
	close(fd);
	close(any);
}

static void test_slow(void)
{
	int any = server(HYBRID "_80", SOCK_STREAM), size = 4096;
	int fd = guest_connects(any, 80, STREAM);
	uint32_t i, at = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* All that it may have under way. */
	for (i = 0; i < 4; i++)
		guest(RW, STREAM, bytes + i * 65536, 65536, 0);
	vsockdrv_taken(&drv);
	guest(SHUTDOWN, STREAM, NULL, 0, 3);
	guest(RST, STREAM, NULL, 0, 0);
	tap_ok(reads(fd, 4 * 65536 + 1) == 4 * 65536 && !memcmp(got, bytes, 4 * 65536),
	       "what a guest sent before its end comes to who reads late");
	close(fd);
	/* Its RST and vhxd's may have crossed. */
	while (vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER))
		;

	fd = guest_connects(any, 80, STREAM);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	/* More than the sockets on the way hold: the guest takes it bit by bit, and all of it. */
	for (i = 0; i < sizeof(bytes) || at < i; ) {
		n = i < sizeof(bytes) ? write(fd, bytes + i, sizeof(bytes) - i) : -1;
		i += n > 0 ? n : 0;
		if (n > 0)
			continue;
		if (!comes(RW))
			break;
		n = le32toh(sib_pkt.h.len);
		if (at + (size_t)n > sizeof(bytes) || memcmp(sib_pkt.data, bytes + at, n))
			break;
		at += n;
		got_bytes = at;
		if (at / 100000 != (at - n) / 100000)
			guest(VIRTIO_VSOCK_OP_CREDIT_UPDATE, STREAM, NULL, 0, 0);
	}
	tap_ok(at == sizeof(bytes), "600,000 bytes to a guest that takes them bit by bit: %u", at);
	close(fd);
	comes(SHUTDOWN);
	guest(RST, STREAM, NULL, 0, 0);
	close(any);
}

static void test_maps(void)
{
	int fd = client(DIR "/ssh.sock", SOCK_STREAM);

	tap_ok(guest_takes(22), "a socket of one port: nothing is said, and the guest is asked");
	{
		struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, 22, peer, RST);

		vsockdrv_send(&drv, &h, NULL, 0);
	}
	tap_ok(ends(fd), "it declines: the client is closed");
	close(fd);
}

static void test_messages(void)
{
	int any = server(HYBRID "_90", SOCK_SEQPACKET), fd, i;
	uint32_t n = 0, eom = 0;

	fd = guest_connects(any, 90, SEQ);
	tap_ok(fd >= 0, "a guest's socket of messages is a unix socket of messages");
	guest(RW, SEQ, bytes, 1000, 0);
	guest(RW, SEQ, bytes + 1000, 500, VIRTIO_VSOCK_SEQ_EOM);
	guest(RW, SEQ, bytes, 7, VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
	tap_ok(ready(fd, SIB_WAIT) && recv(fd, got, sizeof(got), 0) == 1500 && !memcmp(got, bytes, 1500) &&
	       ready(fd, SIB_WAIT) && recv(fd, got, sizeof(got), 0) == 7, "two messages are two");
	tap_ok(send(fd, bytes, 50000, 0) == 50000, "one of 50,000 bytes");
	for (i = 0; i < 100 && !eom && comes(RW); i++) {
		n += le32toh(sib_pkt.h.len);
		eom = le32toh(sib_pkt.h.flags) & VIRTIO_VSOCK_SEQ_EOM;
	}
	tap_ok(n == 50000 && eom, "comes to the guest, and ends there");
	close(fd);
	comes(SHUTDOWN);
	guest(RST, SEQ, NULL, 0, 0);
	fd = guest_connects(any, 90, SEQ);
	guest(RW, SEQ, bytes, 1000, 0);
	guest(SHUTDOWN, SEQ, NULL, 0, VIRTIO_VSOCK_SHUTDOWN_SEND);
	tap_ok(ends(fd), "a message that has no end is none: the socket reads to its own");
	guest(RST, SEQ, NULL, 0, 0);
	vsockdrv_taken(&drv);
	close(fd);
	fd = guest_connects(any, 90, SEQ);
	guest(RW, SEQ, bytes, 1000, 0);
	guest(RST, SEQ, NULL, 0, 0);
	tap_ok(ends(fd), "and nobody waits for it when the guest has forgotten it");
	close(fd);
	close(any);
	fd = client(DIR "/seq.sock", SOCK_SEQPACKET);
	tap_ok(guest_takes(23) && le16toh(sib_pkt.h.type) == SEQ, "a client of messages, too");
	close(fd);
	comes(RST);
}

static void test_audit(void)
{
	static const char *const has[] = {
		"\"event\":\"open\",\"cid\":50,\"name\":\"first\",\"by\":\"host\",\"guest_port\":1234",
		"\"event\":\"open\",\"cid\":50,\"name\":\"first\",\"by\":\"guest\",\"guest_port\":1234,\"host_port\":80",
		"\"event\":\"refused\",\"cid\":50,\"name\":\"first\",\"by\":\"guest\",\"guest_port\":1234,\"host_port\":81",
		"\"to_guest\":60000,\"from_guest\":60000",
		"\"why\":\"ENOENT\"",
	};
	static char log[65536];
	int fd = open(LOG, O_RDONLY | O_CLOEXEC);
	bool ok = read(fd, log, sizeof(log) - 1) > 0;
	size_t i;

	for (i = 0; i < sizeof(has) / sizeof(*has); i++) {
		ok &= strstr(log, has[i]) != NULL;
		if (!strstr(log, has[i]))
			tap_diag("the log has no %s", has[i]);
	}
	close(fd);
	tap_ok(ok, "all of it is written down");
}

/* ---- clients, and a guest, that have no manners ---- */

#define MAD	12		/* sockets that the host has meanwhile */
#define MAD_STEPS 1500
#define MAD_ROOM (1 << 20)

static int vhxd_fds(void)
{
	char path[64];
	struct stat st;
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", vhxd, fd);
		n += !lstat(path, &st);
	}
	return n;
}

static void mad_client(int *fd)
{
	static const char *const paths[] = { HYBRID, HYBRID, DIR "/ssh.sock", DIR "/seq.sock" };
	const uint32_t which = rnd_below(4);
	char line[32];

	if (*fd < 0) {
		*fd = client(paths[which], which == 3 ? SOCK_SEQPACKET : SOCK_STREAM);
		return;
	}
	switch (rnd_below(6)) {
	case 0:
		snprintf(line, sizeof(line), "CONNECT %u\n", 2000 + rnd_below(6));
		send(*fd, line, rnd_below(3) ? strlen(line) : rnd_below(10), MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 1:
		shutdown(*fd, rnd_below(3));
		break;
	case 2:
		close(*fd);
		*fd = -1;
		break;
	case 3:
		recv(*fd, got, rnd_below(sizeof(got)), MSG_DONTWAIT);
		break;
	default:
		send(*fd, bytes, rnd_below(5000), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void mad_guest(void)
{
	static const uint32_t ports[] = { 80, 80, 81, 514, 22, 23 };
	static struct virtio_vsock_hdr like;
	struct virtio_vsock_hdr h;
	uint32_t len = 0;

	h = vsockdrv_hdr(&drv, 2000 + rnd_below(6), ports[rnd_below(6)], 1 + rnd_below(7));
	if (rnd_below(2)) {
		h.src_port = like.dst_port;
		h.dst_port = like.src_port;
	}
	h.type = htole16(rnd_below(8) ? STREAM : SEQ);
	h.flags = htole32(rnd_below(4));
	h.fwd_cnt = htole32(rnd_below(3) ? 0 : rnd_below(3000));
	h.buf_alloc = htole32(rnd_below(4) ? MAD_ROOM : rnd());
	if (le16toh(h.op) == RW)
		len = rnd_below(rnd_below(4) ? 500 : VSOCK_PAYLOAD + 1);
	h.len = htole32(len);
	/* Not the one that is to be left alone. */
	if (le32toh(h.src_port) != PORT)
		vsockdrv_send(&drv, &h, bytes, len);
	while (vsockdrv_recv(&drv, &sib_pkt, 0))
		if (le32toh(sib_pkt.h.dst_port) != PORT && le16toh(sib_pkt.h.op) != RST)
			like = sib_pkt.h;
	if (le16toh(like.op) != ASK || rnd_below(4))
		return;
	h = vsockdrv_hdr(&drv, le32toh(like.dst_port), le32toh(like.src_port), AGREE);
	h.type = like.type;
	vsockdrv_send(&drv, &h, NULL, 0);
}

/* A guest that does not take what comes is not heard. */
static bool reads_meanwhile(int fd)
{
	int ms;

	for (ms = 0; ms < SIB_WAIT && !ready(fd, 0); ms += 20)
		vsockdrv_recv(&drv, &sib_pkt, 20);
	return reads(fd, 1) == 1;
}

static bool byte_each_way(int fd)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT, 80, RW);
	uint8_t c = 'g';

	h.len = htole32(1);
	vsockdrv_send(&drv, &h, &c, 1);
	if (!reads_meanwhile(fd) || got[0] != 'g' || send(fd, "h", 1, MSG_NOSIGNAL) != 1) {
		tap_diag("the guest's does not come");
		return false;
	}
	while (vsockdrv_recv(&drv, &sib_pkt, SIB_WAIT)) {
		if (le32toh(sib_pkt.h.dst_port) != PORT)
			continue;
		if (le16toh(sib_pkt.h.op) == RW)
			return le32toh(sib_pkt.h.len) == 1 && sib_pkt.data[0] == 'h';
		tap_diag("op %u comes", le16toh(sib_pkt.h.op));
	}
	tap_diag("the host's does not come");
	return false;
}

static void mad_steps(int listener)
{
	int fd[MAD], i, step;

	for (i = 0; i < MAD; i++)
		fd[i] = -1;
	for (step = 0; step < MAD_STEPS; step++) {
		i = rnd_below(MAD);
		if (fd[i] < 0 && ready(listener, 0))
			fd[i] = accepted(listener);
		mad_client(&fd[i]);
		mad_guest();
	}
	for (i = 0; i < MAD; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	while (ready(listener, 100))
		close(accepted(listener));
}

/* What clients asked for before they went may come later: the guest wants none of it. */
static int fds_settle(int want)
{
	struct virtio_vsock_hdr h;
	int ms;

	for (ms = 0; ms < SIB_WAIT && vhxd_fds() > want; ms += 50) {
		if (!vsockdrv_recv(&drv, &sib_pkt, 50) || le16toh(sib_pkt.h.op) == RST)
			continue;
		h = vsockdrv_hdr(&drv, le32toh(sib_pkt.h.dst_port), le32toh(sib_pkt.h.src_port), RST);
		h.type = sib_pkt.h.type;
		vsockdrv_send(&drv, &h, NULL, 0);
	}
	while (vsockdrv_recv(&drv, &sib_pkt, SIB_NEVER))
		;
	return vhxd_fds();
}

static void test_mad(void)
{
	int listener = server(HYBRID "_80", SOCK_STREAM), by = guest_connects(listener, 80, STREAM);
	int before = vhxd_fds(), after;

	rnd_start();
	mad_steps(listener);
	tap_ok(waitpid(vhxd, NULL, WNOHANG) == 0, "clients and a guest without manners: vhxd is there");
	tap_ok(byte_each_way(by), "a connection that is none of theirs is as it was");
	close(by);
	close(listener);
	vsockdrv_stop(&drv);
	vsockdrv_reset(&drv);
	after = fds_settle(before - 1);
	tap_ok(after < before, "when the guest boots nothing is left: %d fds, before %d", after, before);
	test_hybrid();
}

static void test_killed(void)
{
	int any = server(HYBRID "_80", SOCK_STREAM);
	int fd = guest_connects(any, 80, STREAM);

	tap_ok(fd >= 0, "a connection");
	stop(SIGKILL);
	tap_ok(comes(RST), "vhxd is killed: it is over");
	tap_ok(ends(fd), "for both");
	close(fd);
	guest(ASK, STREAM, NULL, 0, 0);
	tap_ok(comes(RST), "and there are no others");
	start();
	fd = guest_connects(any, 80, STREAM);
	tap_ok(fd >= 0, "it comes again: there are");
	close(fd);
	comes(SHUTDOWN);
	guest(RST, STREAM, NULL, 0, 0);
	stop(SIGTERM);
	tap_ok(access(HYBRID, F_OK), "it ends: its sockets are gone");
	close(any);
}

int main(void)
{
	uint32_t i;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 ^ i >> 8;
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add agent");
	sib_open(&drv, SIB_A, NULL);
	configure();
	start();
	test_hybrid();
	test_lines();
	test_guest();
	test_half();
	test_slow();
	test_maps();
	test_messages();
	test_audit();
	test_mad();
	test_killed();
	vsockdrv_close(&drv);
	sib_vhx("vsock route flush");
	if (system("rm -rf " DIR))
		tap_diag("the directory stays");
	return tap_done();
}
