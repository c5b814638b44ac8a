// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic that knows what should arrive. Both ends of a test run this program,
 * in the guest it is the static build.
 *
 *	traffic tcp-recv PORT FLOWS
 *	traffic tcp-keep PORT FLOWS MIB
 *	traffic tcp-send ADDR PORT FLOWS MIB (0: until SIGTERM)
 *	traffic vsock-recv PORT FLOWS, vsock-send CID PORT FLOWS MIB
 *	traffic seq-recv PORT FLOWS, seq-send CID PORT FLOWS MIB
 *	traffic udp-recv PORT FLOWS IDLE_SECONDS
 *	traffic udp-send ADDR PORT FIRST_SPORT FLOWS COUNT PPS LEN
 *
 * A TCP flow's byte at an offset follows from flow and offset; the receiver
 * compares every one and answers with their number, which the sender compares
 * with its own. tcp-keep has the last MIB of each flow in memory, and compares what
 * it has once more before something else takes its place, and all of it in the end.
 * With $RATE a flow sends no more than that many MiB a second. vsock's flows are
 * the same over AF_VSOCK, seq's of them in messages of CHUNK bytes.
 *
 * UDP datagrams are numbered per flow, and say how many there will be, SIGTERM making
 * it fewer; flow n comes from source port FIRST_SPORT + n. The receiver prints one
 * line of counts and exits 0 when all that was announced came, once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK		(256 * 1024)
#define MAX_FLOWS	64
#define MAX_COUNT	(1U << 22)
#define MAX_DGRAM	1472
#define MAX_LATE_NS	50000000
#define STALL_SECONDS	100
#define CONNECT_SECONDS	30	/* vsock's own are two */

static volatile sig_atomic_t told_to_end;

struct dgram {
	uint32_t flow;
	uint32_t seq;
	uint32_t count;
};

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long number(const char *s, unsigned long max)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (*end || !*s || v > max) {
		fprintf(stderr, "traffic: \"%s\": a number up to %lu wanted\n", s, max);
		exit(2);
	}
	return v;
}

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_vm vm;
};

/* Of what the flows are */
static int family = AF_INET;
static int stream = SOCK_STREAM;

static socklen_t address_len(const union address *a)
{
	return a->sa.sa_family == AF_VSOCK ? sizeof(a->vm) : sizeof(a->in);
}

/* Who has @host, which may be NULL: ours */
static union address address(const char *host, const char *port)
{
	union address a = { .sa.sa_family = family };

	if (family == AF_VSOCK) {
		a.vm.svm_cid = host ? number(host, UINT32_MAX) : VMADDR_CID_ANY;
		a.vm.svm_port = number(port, UINT32_MAX);
		return a;
	}
	a.in.sin_port = htons(number(port, 65535));
	if (host && inet_pton(AF_INET, host, &a.in.sin_addr) != 1) {
		fprintf(stderr, "traffic: \"%s\": an IPv4 address wanted\n", host);
		exit(2);
	}
	return a;
}

static int bound_socket(int type, const union address *a)
{
	int fd = socket(a->sa.sa_family, type, 0);
	int on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a->sa, address_len(a)))
		die("bind");
	return fd;
}

/* A flow whose peer is gone must fail the test, not hang it. */
static void set_timeout(int fd)
{
	struct timeval tv = { .tv_sec = STALL_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	tv.tv_sec = CONNECT_SECONDS;
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &tv, sizeof(tv));
}

static uint64_t word_at(uint64_t flow, uint64_t index)
{
	uint64_t x = (flow << 48) + index + 1;

	x *= 0x9e3779b97f4a7c15;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9;
	return x ^ (x >> 32);
}

static void fill(uint64_t *buf, uint64_t flow, uint64_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < len / 8; i++)
		buf[i] = word_at(flow, offset / 8 + i);
}

static void write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("send");
		p += n;
		len -= n;
	}
}

/*
 * Up to @len bytes, fewer only at the end of the stream; one message, where there are such. vsock's
 * MSG_WAITALL refuses what its buffer does not hold at once.
 */
static size_t read_some(int fd, void *buf, size_t len)
{
	size_t got = 0;
	ssize_t n;

	do {
		n = recv(fd, (char *)buf + got, len - got, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("recv");
		got += n;
	} while (n && got < len && stream == SOCK_STREAM);
	return got;
}

/*
 * Sleep until @ns after the last call. Time that was missed is not made up for:
 * a burst would fill some queue, and what that drops says nothing of the device.
 */
static void pace(struct timespec *last, uint64_t ns)
{
	struct timespec now;

	ns += last->tv_nsec;
	last->tv_sec += ns / 1000000000;
	last->tv_nsec = ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, last, NULL) == EINTR)
		;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > last->tv_sec + 1 ||
	    (now.tv_sec - last->tv_sec) * 1000000000 + now.tv_nsec - last->tv_nsec > MAX_LATE_NS)
		*last = now;
}

static void tcp_send_flow(const union address *to, uint64_t flow, uint64_t bytes)
{
	const char *rate = getenv("RATE");
	unsigned long pause = rate ? 1000000000UL * CHUNK / (number(rate, 1 << 16) << 20) : 0;
	static uint64_t buf[CHUNK / 8];
	uint64_t off, answer = 0;
	struct timespec last;
	int fd;

	fd = socket(family, stream, 0);
	if (fd < 0)
		die("socket");
	set_timeout(fd);
	if (connect(fd, &to->sa, address_len(to)))
		die("connect");
	write_all(fd, &flow, sizeof(flow));
	clock_gettime(CLOCK_MONOTONIC, &last);
	for (off = 0; bytes ? off < bytes : !told_to_end; off += CHUNK) {
		fill(buf, flow, off, CHUNK);
		write_all(fd, buf, CHUNK);
		if (pause)
			pace(&last, pause);
	}
	shutdown(fd, SHUT_WR);
	read_some(fd, &answer, sizeof(answer));
	if (answer == off)
		exit(0);
	fprintf(stderr, "traffic: flow %llu: sent %llu bytes, the receiver has %llu\n",
		(unsigned long long)flow, (unsigned long long)off,
		(unsigned long long)answer);
	exit(1);
}

/* The flow's @len bytes from @off on are what was sent. */
static void check(const uint64_t *got, uint64_t flow, uint64_t off, size_t len)
{
	static uint64_t want[CHUNK / 8];

	fill(want, flow, off, CHUNK);
	if (!memcmp(got, want, len))
		return;
	fprintf(stderr, "traffic: flow %llu differs in the %zu bytes from %llu\n",
		(unsigned long long)flow, len, (unsigned long long)off);
	exit(1);
}

/* The last bytes of a flow; a flow is kept in chunks. */
struct keep {
	uint64_t size;
	char *at;
};

static void keep_open(struct keep *k, uint64_t size)
{
	k->size = size;
	k->at = size ? malloc(size) : NULL;
	if (size && !k->at)
		die("malloc");
}

/* What is kept of the chunk at @off is still what it was. */
static void keep_check(const struct keep *k, uint64_t flow, uint64_t off, size_t len)
{
	check((const uint64_t *)(k->at + off % k->size), flow, off, len);
}

static void keep_chunk(struct keep *k, uint64_t flow, uint64_t off, const void *got)
{
	if (off >= k->size)
		keep_check(k, flow, off - k->size, CHUNK);
	memcpy(k->at + off % k->size, got, CHUNK);
}

static uint64_t kept_bytes;		/* of each flow, as tcp-keep was told */

static void tcp_recv_flow(int fd)
{
	static uint64_t got[CHUNK / 8];
	uint64_t flow = 0, off = 0, from;
	struct keep keep;
	size_t len;

	set_timeout(fd);
	keep_open(&keep, kept_bytes);
	read_some(fd, &flow, sizeof(flow));
	while ((len = read_some(fd, got, CHUNK))) {
		check(got, flow, off, len);
		if (keep.size && len == CHUNK)
			keep_chunk(&keep, flow, off, got);
		off += len;
	}
	for (from = off > keep.size ? off - keep.size : 0; keep.size && from < off; from += CHUNK)
		keep_check(&keep, flow, from, CHUNK);
	write_all(fd, &off, sizeof(off));
	exit(0);
}

/* Exit status of the children taken together; what ends us ends them. */
static int wait_for(const pid_t *pids, unsigned int n)
{
	int status, failed = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		while (waitpid(pids[i], &status, 0) < 0) {
			if (errno != EINTR)
				die("waitpid");
			for (unsigned int j = i; told_to_end && j < n; j++)
				kill(pids[j], SIGTERM);
		}
		if (status)
			failed++;
	}
	return failed ? 1 : 0;
}

static void on_term(int sig)
{
	(void)sig;
	told_to_end = 1;
}

static int tcp_send(char **argv)
{
	union address to = address(argv[0], argv[1]);
	unsigned int i, flows = number(argv[2], MAX_FLOWS);
	uint64_t bytes = (uint64_t)number(argv[3], 1 << 16) << 20;
	struct sigaction end = { .sa_handler = on_term };
	pid_t pids[MAX_FLOWS];

	sigaction(SIGTERM, &end, NULL);

	for (i = 0; i < flows; i++) {
		pids[i] = fork();
		if (!pids[i])
			tcp_send_flow(&to, i, bytes);
	}
	return wait_for(pids, flows);
}

static int tcp_recv(char **argv)
{
	union address at = address(NULL, argv[0]);
	int ls = bound_socket(stream, &at);
	unsigned int i, flows = number(argv[1], MAX_FLOWS);
	pid_t pids[MAX_FLOWS];
	int fd;

	set_timeout(ls);
	if (listen(ls, MAX_FLOWS))
		die("listen");
	for (i = 0; i < flows; i++) {
		fd = accept(ls, NULL, NULL);
		if (fd < 0)
			die("accept");
		pids[i] = fork();
		if (!pids[i])
			tcp_recv_flow(fd);
		close(fd);
	}
	return wait_for(pids, flows);
}

static int tcp_keep(char **argv)
{
	kept_bytes = (uint64_t)number(argv[2], 1 << 16) << 20;
	return tcp_recv(argv);
}

static int vsock_send(char **argv)
{
	family = AF_VSOCK;
	return tcp_send(argv);
}

static int vsock_recv(char **argv)
{
	family = AF_VSOCK;
	return tcp_recv(argv);
}

static int seq_send(char **argv)
{
	stream = SOCK_SEQPACKET;
	return vsock_send(argv);
}

static int seq_recv(char **argv)
{
	stream = SOCK_SEQPACKET;
	return vsock_recv(argv);
}

static int udp_send(char **argv)
{
	union address to = address(argv[0], argv[1]);
	union address from = address(NULL, argv[2]);
	unsigned int first = ntohs(from.in.sin_port);
	unsigned int flows = number(argv[3], MAX_FLOWS);
	unsigned int count = number(argv[4], MAX_COUNT);
	unsigned int pps = number(argv[5], 10000000);
	unsigned int len = number(argv[6], MAX_DGRAM);
	struct sigaction end = { .sa_handler = on_term };
	char buf[MAX_DGRAM] = "";
	struct dgram *d = (void *)buf;
	struct timespec last;
	int fds[MAX_FLOWS];
	unsigned int i, f;

	if (len < sizeof(*d) || !pps || !flows)
		return 2;
	for (f = 0; f < flows; f++) {
		from.in.sin_port = htons(first + f);
		fds[f] = bound_socket(SOCK_DGRAM, &from);
		if (connect(fds[f], &to.sa, address_len(&to)))
			die("connect");
	}
	clock_gettime(CLOCK_MONOTONIC, &last);
	sigaction(SIGTERM, &end, NULL);
	for (i = 0; i < count; i++) {
		/* Told to end: this round is the last, and says so. */
		if (told_to_end)
			count = i + 1;
		for (f = 0; f < flows; f++) {
			*d = (struct dgram){ .flow = f, .seq = i, .count = count };
			/* ENOBUFS and ECONNREFUSED are the receiver's to notice. */
			send(fds[f], buf, len, 0);
		}
		pace(&last, (uint64_t)flows * 1000000000 / pps);
	}
	return 0;
}

struct flow {
	unsigned int count;	/* announced */
	unsigned int unique;
	unsigned int twice;
	unsigned int late;	/* came after a higher number */
	unsigned int next;
	uint8_t *seen;
};

static void udp_account(struct flow *flow, const struct dgram *d)
{
	if (!flow->seen) {
		flow->seen = calloc(MAX_COUNT, 1);
		if (!flow->seen)
			die("calloc");
	}
	flow->count = d->count;
	if (flow->seen[d->seq]) {
		flow->twice++;
		return;
	}
	flow->seen[d->seq] = 1;
	flow->unique++;
	if (d->seq < flow->next)
		flow->late++;
	else
		flow->next = d->seq + 1;
}

static bool udp_complete(const struct flow *flows, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!flows[i].count || flows[i].unique < flows[i].count)
			return false;
	return true;
}

static int udp_report(const struct flow *flows, unsigned int n)
{
	unsigned int i, got = 0, lost = 0, twice = 0, late = 0, silent = 0;

	for (i = 0; i < n; i++) {
		got += flows[i].unique;
		lost += flows[i].count - flows[i].unique;
		twice += flows[i].twice;
		late += flows[i].late;
		silent += !flows[i].count;
	}
	printf("received %u lost %u twice %u late %u silent %u\n", got, lost, twice,
	       late, silent);
	return lost || twice || silent ? 1 : 0;
}

static int udp_recv(char **argv)
{
	union address at = address(NULL, argv[0]);
	struct pollfd pfd = { .events = POLLIN };
	unsigned int n = number(argv[1], MAX_FLOWS);
	int idle = number(argv[2], 600) * 1000;
	static struct flow flows[MAX_FLOWS];
	char buf[MAX_DGRAM];
	struct dgram d;
	int room = 8 << 20;
	ssize_t len;

	pfd.fd = bound_socket(SOCK_DGRAM, &at);
	setsockopt(pfd.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	while (!udp_complete(flows, n) && poll(&pfd, 1, idle) > 0) {
		len = recv(pfd.fd, buf, sizeof(buf), 0);
		if (len < (ssize_t)sizeof(d))
			continue;
		memcpy(&d, buf, sizeof(d));
		if (d.flow < n && d.count <= MAX_COUNT && d.seq < d.count)
			udp_account(&flows[d.flow], &d);
	}
	return udp_report(flows, n);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **argv);
	} verbs[] = {
		{ "tcp-send", 4, tcp_send },
		{ "tcp-recv", 2, tcp_recv },
		{ "tcp-keep", 3, tcp_keep },
		{ "vsock-send", 4, vsock_send },
		{ "vsock-recv", 2, vsock_recv },
		{ "seq-send", 4, seq_send },
		{ "seq-recv", 2, seq_recv },
		{ "udp-send", 7, udp_send },
		{ "udp-recv", 3, udp_recv },
	};
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (argc > 1 && !strcmp(argv[1], verbs[i].name) &&
		    argc - 2 == verbs[i].args)
			return verbs[i].run(argv + 2);
	fprintf(stderr, "usage: traffic tcp-recv|tcp-keep|tcp-send|"
		"vsock-recv|vsock-send|seq-recv|seq-send|udp-recv|udp-send ARG...\n");
	return 2;
}
