// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O on a disk that knows what should be there. In the guest it is the static build, on
 * the host it looks at the same disk's file.
 *
 *	blocks load DEV SEED THREADS COUNT (0: until SIGTERM)
 *	blocks scan FILE SEED [BLOCK]
 *
 * load writes, reads and compares, zeroes and flushes, each thread in a part of its own, of 1 to
 * 2048 logical blocks, O_DIRECT. It begins with what the disk has, and ends with a line
 *
 *	writes N reads N zeroes N flushes N digest X
 *
 * where the digest follows from what was acknowledged, not from what is there. scan reads all of
 * it and prints "digest X" of what is there; a file does not
 * say how long its blocks are (512).
 *
 * A block says where it belongs and which write it is of; the rest of it follows from that and
 * the seed. A write that is lost, in part or as a whole, one that comes a second time after
 * another, and one that lands elsewhere are all seen, by load when it reads and by their digests.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_IO		(1U << 20)
#define MAX_THREADS	64
#define ZEROED		0x80000000U	/* of state[]: nothing was written since */
#define MAX_COUNT	1000000000UL

enum { WRITES, READS, ZEROES, FLUSHES, KINDS };

static const char *path;
static uint64_t seed;
static int fd;
static uint32_t unit = 512;	/* bytes of a logical block */
static uint32_t nr_units;
static uint32_t *state;		/* of each unit: the number of its last write, ZEROED */
static unsigned long wanted;	/* operations of a thread; 0: no end */
static volatile sig_atomic_t told_to_end;

struct part {
	pthread_t thread;
	uint32_t first;
	uint32_t nr;
	uint64_t rnd;
	uint8_t *buf;
	unsigned long count[KINDS];
};

static void die(const char *what)
{
	fprintf(stderr, "blocks: %s: %s: %s\n", path, what, strerror(errno));
	exit(1);
}

static unsigned long number(const char *s, unsigned long max)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (*end || !*s || v > max) {
		fprintf(stderr, "blocks: \"%s\": a number up to %lu wanted\n", s, max);
		exit(2);
	}
	return v;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static uint64_t rnd(struct part *p)
{
	p->rnd += 0x9e3779b97f4a7c15ULL;
	return mix(p->rnd);
}

/* ---- what a unit holds ---- */

static void fill(uint8_t *at, uint32_t index, uint32_t is)
{
	uint64_t *w = (uint64_t *)at, x;
	uint32_t i;

	memset(at, 0, unit);
	if (!is || is & ZEROED)
		return;
	x = mix(seed ^ mix((uint64_t)index << 32 | is));
	w[0] = (uint64_t)index << 32 | is;
	for (i = 1; i < unit / sizeof(*w); i++) {
		x = x * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
		w[i] = x;
	}
}

/* What it says of itself; whoever goes by that compares the rest. */
static uint32_t claim(const uint8_t *at)
{
	return (uint32_t)*(const uint64_t *)at & ~ZEROED;
}

static bool holds(const uint8_t *at, uint32_t index, uint32_t is)
{
	uint8_t should[unit] __attribute__((aligned(8)));

	fill(should, index, is);
	return !memcmp(at, should, unit);
}

static void wrong(const uint8_t *at, uint32_t index, uint32_t is)
{
	const uint64_t *w = (const uint64_t *)at;

	fprintf(stderr, "blocks: %s: block %u should be of write %u%s, and has %016llx %016llx\n",
		path, index, is & ~ZEROED, is & ZEROED ? ", zeroed since" : "",
		(unsigned long long)w[0], (unsigned long long)w[1]);
	exit(1);
}

static uint64_t digest_add(uint64_t digest, const uint8_t *at)
{
	const uint64_t *w = (const uint64_t *)at;
	uint32_t i;

	for (i = 0; i < unit / sizeof(*w); i++)
		digest = (digest ^ w[i]) * 0x100000001b3ULL + 1;
	return digest;
}

static uint64_t digest_of_state(void)
{
	uint8_t should[unit] __attribute__((aligned(8)));
	uint64_t digest = 0;
	uint32_t i;

	for (i = 0; i < nr_units; i++) {
		fill(should, i, state[i]);
		digest = digest_add(digest, should);
	}
	return digest;
}

/* ---- one operation ---- */

static void transfer(bool out, uint8_t *buf, uint32_t index, uint32_t nr)
{
	const off_t at = (off_t)index * unit;
	const size_t len = (size_t)nr * unit;
	ssize_t n = out ? pwrite(fd, buf, len, at) : pread(fd, buf, len, at);

	if (n < 0)
		die(out ? "write" : "read");
	if ((size_t)n != len) {
		errno = EIO;
		die(out ? "write, in part" : "read, in part");
	}
}

static void do_write(struct part *p, uint32_t index, uint32_t nr)
{
	uint32_t i, is;

	for (i = 0; i < nr; i++) {
		is = (state[index + i] & ~ZEROED) + 1;
		state[index + i] = is;
		fill(p->buf + (size_t)i * unit, index + i, is);
	}
	transfer(true, p->buf, index, nr);
	p->count[WRITES]++;
}

static void do_read(struct part *p, uint32_t index, uint32_t nr)
{
	uint32_t i;

	transfer(false, p->buf, index, nr);
	for (i = 0; i < nr; i++) {
		const uint8_t *at = p->buf + (size_t)i * unit;

		if (!holds(at, index + i, state[index + i]))
			wrong(at, index + i, state[index + i]);
	}
	p->count[READS]++;
}

static void do_zero(struct part *p, uint32_t index, uint32_t nr)
{
	uint64_t range[2] = { (uint64_t)index * unit, (uint64_t)nr * unit };
	uint32_t i;

	for (i = 0; i < nr; i++)
		state[index + i] |= ZEROED;
	if (ioctl(fd, BLKZEROOUT, range))
		die("BLKZEROOUT");
	p->count[ZEROES]++;
}

static void do_flush(struct part *p)
{
	if (fdatasync(fd))
		die("flush");
	p->count[FLUSHES]++;
}

/* Small ones as often as large ones, and of any length. */
static uint32_t pick_length(struct part *p)
{
	const uint32_t most = p->nr < MAX_IO / unit ? p->nr : MAX_IO / unit;
	uint32_t below = 1U << rnd(p) % 12;

	below = below < most ? below : most;
	return 1 + (uint32_t)(rnd(p) % below);
}

static void one(struct part *p)
{
	const uint32_t nr = pick_length(p);
	const uint32_t index = p->first + (uint32_t)(rnd(p) % (p->nr - nr + 1));
	const unsigned int what = rnd(p) % 64;

	if (what < 2)
		do_flush(p);
	else if (what < 6)
		do_zero(p, index, nr);
	else if (what < 24)
		do_read(p, index, nr);
	else
		do_write(p, index, nr);
}

static void *work(void *arg)
{
	struct part *p = arg;
	unsigned long i;

	for (i = 0; !told_to_end && (!wanted || i < wanted); i++)
		one(p);
	return NULL;
}

/* ---- all of it ---- */

static void open_disk(int flags)
{
	struct stat st;
	uint64_t bytes;
	int size = (int)unit;

	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("open");
	bytes = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode) && (ioctl(fd, BLKGETSIZE64, &bytes) || ioctl(fd, BLKSSZGET, &size)))
		die("size");
	unit = (uint32_t)size;
	nr_units = (uint32_t)(bytes / unit);
	state = calloc(nr_units + 1, sizeof(*state));
	if (!state)
		die("memory");
}

static uint8_t *buffer(void)
{
	void *buf;

	if (posix_memalign(&buf, 4096, MAX_IO))
		die("memory");
	return buf;
}

/* What is there is what it says it is, or nothing. Return: its digest. */
static uint64_t scan(void)
{
	uint8_t *buf = buffer();
	uint64_t digest = 0;
	uint32_t at, i, nr;

	for (at = 0; at < nr_units; at += nr) {
		nr = nr_units - at < MAX_IO / unit ? nr_units - at : MAX_IO / unit;
		transfer(false, buf, at, nr);
		for (i = 0; i < nr; i++) {
			const uint8_t *u = buf + (size_t)i * unit;

			state[at + i] = claim(u);
			if (!holds(u, at + i, state[at + i]))
				wrong(u, at + i, state[at + i]);
			digest = digest_add(digest, u);
		}
	}
	free(buf);
	return digest;
}

static void on_term(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static int load(unsigned int threads)
{
	unsigned long count[KINDS] = { 0 };
	struct part part[MAX_THREADS] = { 0 };
	unsigned int i, k;

	signal(SIGTERM, on_term);
	open_disk(O_RDWR | O_DIRECT);
	scan();
	for (i = 0; i < threads; i++) {
		part[i].nr = nr_units / threads;
		part[i].first = i * part[i].nr;
		part[i].rnd = mix(seed + i);
		part[i].buf = buffer();
		errno = pthread_create(&part[i].thread, NULL, work, &part[i]);
		if (errno)
			die("thread");
	}
	for (i = 0; i < threads; i++) {
		pthread_join(part[i].thread, NULL);
		for (k = 0; k < KINDS; k++)
			count[k] += part[i].count[k];
	}
	if (fsync(fd))
		die("flush");
	printf("writes %lu reads %lu zeroes %lu flushes %lu digest %016llx\n", count[WRITES],
	       count[READS], count[ZEROES], count[FLUSHES],
	       (unsigned long long)digest_of_state());
	return 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: blocks load DEV SEED THREADS COUNT\n       blocks scan FILE SEED [BLOCK]\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned int threads;

	if (argc < 4)
		return usage();
	path = argv[2];
	seed = number(argv[3], ~0UL);
	if (argc == 6 && !strcmp(argv[1], "load")) {
		threads = (unsigned int)number(argv[4], MAX_THREADS);
		wanted = number(argv[5], MAX_COUNT);
		return threads ? load(threads) : usage();
	}
	if (argc <= 5 && !strcmp(argv[1], "scan")) {
		if (argc == 5)
			unit = (uint32_t)number(argv[4], 4096);
		if (unit < 512 || unit % 512)
			return usage();
		open_disk(O_RDONLY);
		printf("digest %016llx\n", (unsigned long long)scan());
		return 0;
	}
	return usage();
}
