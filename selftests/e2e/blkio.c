// SPDX-License-Identifier: GPL-2.0-only
/*
 * libblkio as a client of a vhost-vdpa node: its own driver of disks, in this process.
 *
 *	blkio NODE SEED COUNT
 *
 * COUNT writes at random places, several at a time and none over another; then all of it is
 * read back and compared. Ends with a line "writes N bytes N".
 */
#include <blkio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK		65536U		/* bytes of a request at most */
#define SECTOR		512U
#define DEPTH		8U
#define MAX_CHUNKS	256U

static struct blkio *b;
static struct blkioq *q;
static struct blkio_mem_region mem;	/* DEPTH chunks */
static uint64_t seed;

static void die(const char *what, int ret)
{
	fprintf(stderr, "blkio: %s: %s: %s\n", what, strerror(-ret), blkio_get_error_msg());
	exit(1);
}

static void must(int ret, const char *what)
{
	if (ret)
		die(what, ret);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static uint8_t *slot(unsigned int i)
{
	return (uint8_t *)mem.addr + (size_t)(i % DEPTH) * CHUNK;
}

/* A chunk of the disk has one write, of a length of its own. */
static uint32_t length(unsigned int chunk)
{
	return SECTOR * (1 + (uint32_t)(mix(seed + chunk) % (CHUNK / SECTOR)));
}

static void fill(uint8_t *at, unsigned int chunk)
{
	uint64_t x = mix(seed ^ (uint64_t)chunk << 32);
	uint32_t i;

	for (i = 0; i < length(chunk); i += sizeof(x)) {
		x = x * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
		memcpy(at + i, &x, sizeof(x));
	}
}

static void connect_to(const char *node)
{
	must(blkio_create("virtio-blk-vhost-vdpa", &b), "create");
	must(blkio_set_str(b, "path", node), "path");
	must(blkio_connect(b), "connect");
	must(blkio_start(b), "start");
	must(blkio_alloc_mem_region(b, &mem, (size_t)DEPTH * CHUNK), "memory");
	must(blkio_map_mem_region(b, &mem), "map");
	q = blkio_get_queue(b, 0);
}

/* Until @n more requests are over */
static void reap(unsigned int n)
{
	struct blkio_completion done[DEPTH];
	unsigned int i;
	int got;

	while (n) {
		got = blkioq_do_io(q, done, 1, (int)n, NULL);
		if (got < 0)
			die("do_io", got);
		for (i = 0; i < (unsigned int)got; i++)
			must(done[i].ret, "request");
		n -= (unsigned int)got;
	}
}

static void write_all(unsigned int chunks)
{
	unsigned int i;

	for (i = 0; i < chunks; i++) {
		fill(slot(i), i);
		blkioq_write(q, (uint64_t)i * CHUNK, slot(i), length(i), NULL, 0);
		if ((i + 1) % DEPTH == 0 || i + 1 == chunks)
			reap(i % DEPTH + 1);
	}
	blkioq_flush(q, NULL, 0);
	reap(1);
}

static uint64_t compare_all(unsigned int chunks)
{
	static uint8_t should[CHUNK];
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < chunks; i++) {
		memset(slot(i), 0x55, length(i));
		blkioq_read(q, (uint64_t)i * CHUNK, slot(i), length(i), NULL, 0);
		reap(1);
		fill(should, i);
		if (memcmp(slot(i), should, length(i))) {
			fprintf(stderr, "blkio: chunk %u is not what was written\n", i);
			exit(1);
		}
		bytes += length(i);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	unsigned int chunks;
	uint64_t bytes;

	if (argc != 4) {
		fprintf(stderr, "usage: blkio NODE SEED COUNT\n");
		return 2;
	}
	seed = mix(strtoull(argv[2], NULL, 0));
	chunks = (unsigned int)strtoul(argv[3], NULL, 0);
	if (!chunks || chunks > MAX_CHUNKS) {
		fprintf(stderr, "blkio: 1 to %u writes\n", MAX_CHUNKS);
		return 2;
	}
	connect_to(argv[1]);
	write_all(chunks);
	bytes = compare_all(chunks);
	blkio_unmap_mem_region(b, &mem);
	blkio_free_mem_region(b, &mem);
	blkio_destroy(&b);
	printf("writes %u bytes %llu\n", chunks, (unsigned long long)bytes);
	return 0;
}
