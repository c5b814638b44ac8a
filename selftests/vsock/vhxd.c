// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhxd has guests with vsock come, go and change while it serves others: what it reads again, limits
 * that it sets, names that systemd-machined is told, what it says of itself, and a thread that stands still.
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

#include "tap.h"
#include "vsocksib.h"

#define DIR	"/tmp/vhx-vhxd"
#define CONF	DIR "/conf"
#define SOCK_A	DIR "/a.sock"
#define SOCK_B	DIR "/b.sock"
#define LOG	DIR "/log"		/* what it says */
#define AUDIT	DIR "/audit"		/* a FIFO */
#define CALLS	DIR "/calls"		/* of machined */
#define NOTES	DIR "/notes"		/* to its service manager */
#define PORT	1234

#define HEAD	"[vhxd]\nstate_dir = " DIR "/state\nsocket = " DIR "/vhxd.sock\nuser = nobody\n" \
		"vsock_log = " AUDIT "\n"
#define A	"[vsock 50]\nname = first\npath = " SOCK_A "\n"
#define B	"[vsock 51]\npath = " SOCK_B "\n"

static struct vsockdrv a, b;
static pid_t vhxd, machined, manager;
static int audit;
static off_t noted;

/* ---- sockets ---- */

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	return to;
}

static int bound(const char *path, int type)
{
	struct sockaddr_un to = address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	if (bind(fd, (void *)&to, sizeof(to)) || (type == SOCK_STREAM && listen(fd, 8)))
		tap_bail("%s: %s", path, strerror(errno));
	return fd;
}

/* Return: fd, or -1. */
static int client(const char *path)
{
	struct sockaddr_un to = address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!connect(fd, (void *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

static bool ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* ---- machined, as far as it is asked here ---- */

static void serve_call(int fd)
{
	static const char reply[] = "{\"parameters\":{}}";
	char call[4096];
	ssize_t n = read(fd, call, sizeof(call) - 1);
	FILE *f = fopen(CALLS, "a");

	call[n > 0 ? n : 0] = '\0';
	fprintf(f, "%s\n", call);
	fclose(f);
	if (write(fd, reply, sizeof(reply)) < 0)
		_exit(1);
	close(fd);
}

static void start_machined(void)
{
	int fd = bound(DIR "/machined", SOCK_STREAM);

	machined = fork();
	while (!machined)
		serve_call(accept(fd, NULL, NULL));
	close(fd);
}

/* A file has this within a while. */
static bool has(const char *path, const char *what)
{
	static char text[65536];
	int fd, ms;
	ssize_t n;

	for (ms = 0; ms < SIB_WAIT; ms += 50) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, what))
			return true;
		usleep(50000);
	}
	tap_diag("%s has no %s, but: %s", path, what, text);
	return false;
}

static bool was_called(const char *method, const char *name, const char *more)
{
	char what[256];

	snprintf(what, sizeof(what),
		 "{\"method\":\"io.systemd.Machine.%s\",\"parameters\":{\"name\":\"%s\"%s", method, name, more);
	return has(CALLS, what);
}

static void forget_calls(void)
{
	unlink(CALLS);
}

/* ---- vhxd ---- */

/* Who hears it: at once, whatever the test does, or vhxd would wait for that. */
static void start_manager(void)
{
	int fd = bound(DIR "/notify", SOCK_DGRAM), notes = open(NOTES, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char text[512];
	ssize_t n;

	manager = fork();
	while (!manager) {
		n = recv(fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n++ : 0] = '\n';
		if (write(notes, text, n) != n)
			_exit(1);
	}
	close(notes);
	close(fd);
}

static void skip_notes(void)
{
	struct stat st;

	if (!stat(NOTES, &st))
		noted = st.st_size;
}

/* What it tells next has @what, within @ms; what it told before that is passed over. */
static bool tells(const char *what, int ms)
{
	static char text[65536];
	const int fd = open(NOTES, O_RDONLY | O_CLOEXEC);
	const char *at;
	ssize_t n;

	for (; ; ms -= 20) {
		n = pread(fd, text, sizeof(text) - 1, noted);
		text[n > 0 ? n : 0] = '\0';
		at = strstr(text, what);
		if (at || ms <= 0)
			break;
		usleep(20000);
	}
	close(fd);
	if (at)
		noted += at - text + strlen(what);
	return at;
}

static void configure(const char *text)
{
	FILE *f = fopen(CONF, "w");

	fputs(text, f);
	fclose(f);
}

static void start(const char *text)
{
	configure(text);
	vhxd = fork();
	if (!vhxd) {
		dup2(open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0644), STDERR_FILENO);
		setenv("NOTIFY_SOCKET", DIR "/notify", 1);
		setenv("WATCHDOG_USEC", "600000", 1);
		setenv("VHXD_MACHINED", DIR "/machined", 1);
		execlp("vhxd", "vhxd", "--foreground", "--config", CONF, NULL);
		_exit(127);
	}
	if (!tells("READY=1", SIB_WAIT * 3))
		tap_bail("vhxd does not begin: %s", has(LOG, "vhxd: ") ? "see what it said" : "no word");
}

static int stop(int sig)
{
	int status;

	kill(vhxd, sig);
	waitpid(vhxd, &status, 0);
	return status;
}

static bool reload(const char *text)
{
	configure(text);
	kill(vhxd, SIGHUP);
	return tells("RELOADING=1", SIB_WAIT) && tells("READY=1", SIB_WAIT);
}

static long long limit(uint32_t cid, const char *which)
{
	char what[128];

	snprintf(what, sizeof(what), ".[] | select(.cid == \"%u\") | .\"%s\"", cid, which);
	return sib_show("vsock limit", what);
}

/* ---- guests ---- */

static uint32_t peer;

static void guest(struct vsockdrv *d, uint16_t op, const void *data, uint32_t len)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(d, PORT, peer, op);

	h.type = htole16(VIRTIO_VSOCK_TYPE_STREAM);
	h.len = htole32(len);
	vsockdrv_send(d, &h, data, len);
}

static bool comes(struct vsockdrv *d, uint16_t op)
{
	bool came = vsockdrv_recv(d, &sib_pkt, SIB_WAIT);

	if (came && le16toh(sib_pkt.h.op) == op)
		return true;
	tap_diag("the guest got %d, op %u, wanted %u", came, le16toh(sib_pkt.h.op), op);
	return false;
}

static int guest_connects(struct vsockdrv *d, int listener, uint32_t port)
{
	peer = port;
	guest(d, VIRTIO_VSOCK_OP_REQUEST, NULL, 0);
	if (!comes(d, VIRTIO_VSOCK_OP_RESPONSE) || !ready(listener, SIB_WAIT))
		return -1;
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static bool talks(struct vsockdrv *d, int fd, uint32_t port)
{
	char c = 0;

	peer = port;
	guest(d, VIRTIO_VSOCK_OP_RW, "x", 1);
	if (!ready(fd, SIB_WAIT) || read(fd, &c, 1) != 1 || c != 'x')
		return false;
	return write(fd, "y", 1) == 1 && comes(d, VIRTIO_VSOCK_OP_RW) && sib_pkt.data[0] == 'y';
}

/* A client of the host's comes to the guest, which declines. */
static bool is_asked(struct vsockdrv *d, const char *path, const char *says)
{
	int fd = client(path);
	bool asked;
	char c;

	if (fd < 0)
		return false;
	if (write(fd, says, strlen(says)) < 0)
		tap_diag("write");
	asked = comes(d, VIRTIO_VSOCK_OP_REQUEST);
	if (asked) {
		struct virtio_vsock_hdr h = vsockdrv_hdr(d, le32toh(sib_pkt.h.dst_port),
							 le32toh(sib_pkt.h.src_port), VIRTIO_VSOCK_OP_RST);

		h.type = htole16(VIRTIO_VSOCK_TYPE_STREAM);
		vsockdrv_send(d, &h, NULL, 0);
		/* Or the client's end and the guest's cross. */
		asked = ready(fd, SIB_WAIT) && read(fd, &c, 1) <= 0;
	}
	close(fd);
	return asked;
}

/* ---- tests ---- */

static int listener, conn;	/* of the first guest, on its port 80 */

static void test_begin(void)
{
	char leader[128];

	start(HEAD A "register = on\nlimit.rate = 64M\nlimit.conns = 100\n");
	tap_ok(limit(50, "rate") == 64 << 20 && limit(50, "conns") == 100,
	       "limits of the configuration are the kernel's");
	snprintf(leader, sizeof(leader), ",\"service\":\"vhxd\",\"class\":\"vm\",\"leader\":%d,\"vSockCid\":50,",
		 getpid());
	tap_ok(was_called("Register", "first", leader), "machined is told of the guest, and of its VMM");
	tap_ok(sib_show("vsock list", "[.[] | select(.name == \"first\" and .id == 50)] | length") == 1 &&
	       sib_show("vsock show first", ".id") == 50, "vhx knows it by its name");
	conn = guest_connects(&a, listener, 80);
	tap_ok(conn >= 0 && talks(&a, conn, 80), "it has a connection");
	tap_ok(sib_show("vsock agent", "[.[0] | select(.cid == 50 and .name == \"first\" and .state == \"there\")"
			" | .connection_list[] | select(.by == \"guest\" and .guest_port == 1234 and .host_port == 80"
			" and .state == \"open\" and .to_guest_bytes == 1 and .from_guest_bytes == 1)] | length") == 1,
	       "of which vhx vsock agent tells");
	tap_ok(tells("WATCHDOG=1", SIB_WAIT), "the service manager hears that it comes around");
}

static void test_change(void)
{
	forget_calls();
	tap_ok(reload(HEAD "[vsock 50]\nname = second\npath = " SOCK_A "\nregister = on\nlimit.conns = 7\n"
		      "listen.22 = " DIR "/ssh.sock\n" B "limit.pending = 9\n"), "the configuration is read again");
	tap_ok(talks(&a, conn, 80), "a connection that there is goes on");
	tap_ok(limit(50, "conns") == 7 && !limit(50, "rate"), "a limit is another, one is gone");
	tap_ok(was_called("Unregister", "first", "}") && was_called("Register", "second", ","),
	       "machined hears of the new name");
	tap_ok(is_asked(&a, DIR "/ssh.sock", ""), "a port has a socket now");
	tap_ok(is_asked(&a, SOCK_A, "CONNECT 5\n"), "and the old one is as it was");
	tap_ok(limit(51, "pending") == 9 && is_asked(&b, SOCK_B, "CONNECT 5\n"), "another guest is served, too");
	tap_ok(sib_show("vsock agent", "length") == 2, "vhx vsock agent has both");
}

static void test_wrong(void)
{
	tap_ok(reload(HEAD B "limit.pending = 0\n") && has(LOG, "limit.pending is 1 at least: everything stays"),
	       "a configuration that is wrong: it is said why");
	tap_ok(talks(&a, conn, 80) && limit(51, "pending") == 9 && sib_show("vsock agent", "length") == 2,
	       "and nothing changes");
	tap_ok(reload(HEAD A "register = on\nlisten.22 = /nonesuch/x\n" B) &&
	       has(LOG, "/nonesuch/x: cannot be listened on (ENOENT)"), "a socket that cannot be: likewise");
	tap_ok(access(DIR "/ssh.sock", F_OK) && is_asked(&a, SOCK_A, "CONNECT 5\n"),
	       "the others are as it says nevertheless");
	tap_ok(limit(51, "pending") == -1, "and limits that it has no more are gone");
}

static void test_removed(void)
{
	int other = bound(SOCK_B "_80", SOCK_STREAM), fd;

	fd = guest_connects(&b, other, 80);
	tap_ok(fd >= 0, "the other guest has a connection");
	forget_calls();
	tap_ok(reload(HEAD B), "the first is not served any more");
	tap_ok(comes(&a, VIRTIO_VSOCK_OP_RST) && ready(conn, SIB_WAIT), "its connection is over");
	close(conn);
	tap_ok(access(SOCK_A, F_OK) && was_called("Unregister", "first", "}"), "its socket and its name are gone");
	peer = 80;
	guest(&a, VIRTIO_VSOCK_OP_REQUEST, NULL, 0);
	tap_ok(comes(&a, VIRTIO_VSOCK_OP_RST), "and nobody is there for it");
	tap_ok(talks(&b, fd, 80), "the other's goes on");
	tap_ok(reload(HEAD A "register = on\n" B), "it is served again");
	conn = guest_connects(&a, listener, 80);
	tap_ok(conn >= 0 && talks(&a, conn, 80) && talks(&b, fd, 80), "and both have connections");
	close(fd);
	comes(&b, VIRTIO_VSOCK_OP_SHUTDOWN);
	guest(&b, VIRTIO_VSOCK_OP_RST, NULL, 0);
	close(other);
}

static void empty_audit(void)
{
	char some[4096];

	while (read(audit, some, sizeof(some)) > 0)
		;
}

/* What it writes down is for a FIFO that nobody reads: its thread waits there. */
static void test_stuck(void)
{
	char some[1024] = "";
	bool silent;

	while (write(audit, some, sizeof(some)) > 0)
		;
	peer = 99;
	guest(&b, VIRTIO_VSOCK_OP_REQUEST, NULL, 0);
	sleep(1);
	skip_notes();
	silent = !tells("WATCHDOG=1", 2000);
	tap_ok(silent, "its vsock thread stands still: the service manager hears nothing");
	empty_audit();
	tap_ok(tells("WATCHDOG=1", SIB_WAIT), "until it goes on");
	tap_ok(comes(&b, VIRTIO_VSOCK_OP_RST), "and so does the guest");
}

static void test_guest(void)
{
	forget_calls();
	vsockdrv_close(&a);
	tap_ok(was_called("Unregister", "first", "}"), "a guest goes: machined hears");
	close(conn);
	forget_calls();
	sib_open(&a, SIB_A, NULL);
	tap_ok(was_called("Register", "first", ","), "it comes again: likewise");
}

static void test_end(void)
{
	tap_ok(reload(HEAD A "register = on\nlimit.conns = 11\n" B), "with a limit");
	forget_calls();
	tap_ok(stop(SIGKILL) && was_called("Unregister", "first", "}"), "vhxd is killed: machined hears");
	tap_ok(limit(50, "conns") == 11, "limits stay");
	kill(machined, SIGKILL);
	waitpid(machined, NULL, 0);
	unlink(DIR "/machined");
	start(HEAD A "register = on\nlimit.conns = 12\n" B "register = on\n");
	tap_ok(limit(50, "conns") == 12, "it comes again, with another");
	tap_ok(has(LOG, "systemd-machined at " DIR "/machined is not there"), "there is no machined: it is said");
	conn = guest_connects(&a, listener, 80);
	tap_ok(conn >= 0, "and all is as ever");
	tap_ok(!stop(SIGTERM) && limit(50, "conns") == 12, "it ends: limits stay");
	close(conn);
	sib_vhx("vsock limit remove 50");
}

static void test_room(void)
{
	start(HEAD "vsock_guests = 1\n" A);
	tap_ok(reload(HEAD A B) && has(LOG, "[vsock 51]: cannot be served (ENOSPC): vsock_guests"),
	       "one guest more than there is room for: it is said");
	tap_ok(reload(HEAD "vsock_guests = 1\n" B) && is_asked(&b, SOCK_B, "CONNECT 5\n"),
	       "in the place of the other there is");
	stop(SIGTERM);
	start(HEAD);
	tap_ok(reload(HEAD A) && has(LOG, "there was none when vhxd began: it needs a restart"),
	       "nor is there any without a guest at the beginning");
	stop(SIGTERM);
}

static void test_rights(void)
{
	configure(HEAD A "limit.conns = 13\n");
	tap_ok(system("setpriv --bounding-set=-net_admin vhxd --foreground --config " CONF " 2>>" LOG) == 1 << 8 &&
	       has(LOG, "limits of CID 50 (EPERM): needs CAP_NET_ADMIN"), "limits without the right to set them: it ends");
	tap_ok(limit(50, "conns") != 13 && access(SOCK_A, F_OK), "and nothing is left of it");
}

int main(void)
{
	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree knows no agent");
	umask(0);
	mkdir(DIR, 0777);
	if (mkfifo(AUDIT, 0666))
		tap_bail("a FIFO: %s", strerror(errno));
	audit = open(AUDIT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	start_manager();
	listener = bound(SOCK_A "_80", SOCK_STREAM);
	start_machined();
	setenv("VHXD_SOCKET", DIR "/vhxd.sock", 1);
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add agent");
	sib_open(&a, SIB_A, NULL);
	sib_open(&b, SIB_B, NULL);
	test_begin();
	test_change();
	test_wrong();
	test_removed();
	test_stuck();
	test_guest();
	test_end();
	test_room();
	test_rights();
	vsockdrv_close(&a);
	vsockdrv_close(&b);
	kill(manager, SIGKILL);
	sib_vhx("vsock route flush");
	if (system("rm -rf " DIR))
		tap_diag("the directory stays");
	return tap_done();
}
