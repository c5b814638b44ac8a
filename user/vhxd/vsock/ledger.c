// SPDX-License-Identifier: GPL-2.0-only
/* Records of connections, in memory that outlives the process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"

#define MAGIC	0x6c78687664656c31ULL	/* changes with what is in there */
#define PAGE	4096UL

/**
 * struct ledger_head - the first page
 * @cookies: the last that was given out
 */
struct ledger_head {
	uint64_t magic;
	uint32_t nr;
	uint32_t record_size;
	uint32_t ring_size;
	uint32_t reserved;
	uint64_t cookies;
};

/* Where the rings begin. */
static size_t rings_at(unsigned int nr)
{
	return (PAGE + nr * sizeof(struct record) + PAGE - 1) & ~(PAGE - 1);
}

static size_t size_of(unsigned int nr)
{
	return rings_at(nr) + (size_t)nr * LEDGER_RING;
}

static int map(struct ledger *l, int fd, unsigned int nr)
{
	void *at = mmap(NULL, size_of(nr), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*l = (struct ledger) {
		.fd = fd,
		.head = at,
		.record = (struct record *)((uint8_t *)at + PAGE),
		.rings = (uint8_t *)at + rings_at(nr),
		.nr = nr,
	};
	return 0;
}

int ledger_new(struct ledger *l, unsigned int nr)
{
	struct timespec now;
	int fd, ret;

	*l = (struct ledger) { .fd = -1 };
	if (nr > LEDGER_MAX)
		nr = LEDGER_MAX;
	fd = memfd_create("vhxd-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	/* Whoever has it cannot make an access to it a SIGBUS. */
	if (ftruncate(fd, (off_t)size_of(nr)) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		ret = -errno;
	else
		ret = map(l, fd, nr);
	if (ret) {
		close(fd);
		return ret;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	*l->head = (struct ledger_head) {
		.magic = MAGIC,
		.nr = nr,
		.record_size = sizeof(struct record),
		.ring_size = LEDGER_RING,
		/* The kernel may still have connections that a lost one told of. */
		.cookies = (uint64_t)now.tv_sec << 24,
	};
	return 0;
}

int ledger_open(struct ledger *l, int fd)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct ledger_head h;
	struct stat st;

	*l = (struct ledger) { .fd = -1 };
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) ||
	    pread(fd, &h, sizeof(h), 0) != sizeof(h))
		return -EINVAL;
	if (h.magic != MAGIC || h.record_size != sizeof(struct record) || h.ring_size != LEDGER_RING ||
	    !h.nr || h.nr > LEDGER_MAX || st.st_size != (off_t)size_of(h.nr))
		return -EINVAL;
	return map(l, fd, h.nr);
}

void ledger_close(struct ledger *l)
{
	if (l->fd < 0)
		return;
	munmap(l->head, size_of(l->nr));
	close(l->fd);
	l->fd = -1;
}

uint64_t ledger_cookie(struct ledger *l)
{
	ledger_set(&l->head->cookies, l->head->cookies + 1);
	return l->head->cookies;
}

struct record *ledger_add(struct ledger *l, const struct record *as)
{
	struct record *r;
	unsigned int i;

	for (i = 0; i < l->nr; i++) {
		r = &l->record[(l->next + i) % l->nr];
		if (r->cookie)
			continue;
		l->next = ledger_index(l, r) + 1;
		*r = *as;
		r->cookie = 0;
		ledger_set(&r->cookie, as->cookie);
		return r;
	}
	return NULL;
}

void ledger_remove(struct ledger *l, struct record *r)
{
	const size_t at = rings_at(l->nr) + (size_t)ledger_index(l, r) * LEDGER_RING;

	ledger_set(&r->cookie, 0);
	if (r->read)
		fallocate(l->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, LEDGER_RING);
}

int ledger_pieces(const struct ledger *l, const struct record *r, uint64_t at, uint32_t len,
		  struct iovec piece[2])
{
	uint8_t *ring = l->rings + (size_t)ledger_index(l, r) * LEDGER_RING;
	const uint32_t from = at % LEDGER_RING, end = LEDGER_RING - from;

	piece[0] = (struct iovec) { ring + from, len < end ? len : end };
	piece[1] = (struct iovec) { ring, len - piece[0].iov_len };
	return piece[1].iov_len ? 2 : 1;
}

void ledger_copy(const struct ledger *l, const struct record *r, uint64_t at, void *to, uint32_t len)
{
	struct iovec piece[2];

	ledger_pieces(l, r, at, len, piece);
	memcpy(to, piece[0].iov_base, piece[0].iov_len);
	memcpy((uint8_t *)to + piece[0].iov_len, piece[1].iov_base, piece[1].iov_len);
}
