// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load of the SCSI rows: this program plays the guest on $VHX_SCSI, and marks for icount.c what
 * belongs to a row.
 *
 *	scsi LABEL REPETITIONS ROW...
 *
 * A row is scsi-BACKEND-WHAT-DEPTH, with x2 behind it on two queues, each with so many requests
 * under way. BACKEND is file, null or dev: whoever starts this has it served as the endpoint of
 * wwpn[], 16 MiB each. WHAT is r4k or w4k, at places that jump about, or r1m or w1m, one behind
 * the other. For each repetition a line "LABEL ROW REQUESTS SWITCHES" is printed, in the order in
 * which the marks come.
 *
 * The guest does what one does that has something to read or write all the time: it posts as many
 * requests as the row says, sleeps until an interrupt comes, takes back what has ended, posts as
 * many new ones, and kicks if it is asked to.
 *
 * With $CLOCK_MS set nothing is counted, see measure.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mark.h"
#include "measure.h"
#include "scsidrv.h"

#define RING		256
#define BLOCK		512
#define DISK		(16U << 20)
#define PIECE		65536U	/* of data in one descriptor */
#define MAX_DEPTH	128
#define MAX_QUEUES	2
#define WAIT_SECONDS	60	/* for a row; its end ends a driver that waits in vain */

static const struct {
	const char *backend;
	const char *wwpn;
} wwpn[] = {
	{ "file", "naa.5001405000000f11" },
	{ "null", "naa.5001405000000f12" },
	{ "dev", "naa.5001405000000f13" },
};

struct row {
	const char *name;
	const char *wwpn;
	bool write;
	bool jumps;
	uint32_t size;
	unsigned int depth;
	unsigned int queues;
	unsigned int requests;
};

/* A request, with memory of its own for its data. */
struct io {
	struct scsicmd cmd;
	struct sg sg[(1 << 20) / PIECE];
	unsigned int queue;
};

struct bench {
	struct row row;
	struct scsidrv drv;
	struct io io[MAX_QUEUES * MAX_DEPTH];
	int call;
	uint32_t place;
	unsigned int left;	/* to be posted */
	unsigned int under_way;
};

static struct bench bench;

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "scsi: %s: %s: %s\n", bench.row.name, what, strerror(-r));
	exit(1);
}

/* How much was written nobody asks: in-tree says that nothing was. */
static bool is_good(const struct scsicmd *c)
{
	return c->done && !c->resp.response && !c->resp.status;
}

static void check_good(const struct scsicmd *c, const char *what)
{
	if (is_good(c))
		return;
	fprintf(stderr, "scsi: %s: %s: response %u, status %#x, sense %02x %02x %02x\n",
		bench.row.name, what, c->resp.response, c->resp.status, c->resp.sense[2],
		c->resp.sense[12], c->resp.sense[13]);
	exit(1);
}

static void bad_row(const char *name)
{
	fprintf(stderr, "scsi: no such row: %s\n", name);
	exit(2);
}

static void row_parse(struct row *row, const char *name)
{
	char backend[8], way, size[3];
	size_t i;
	int n;

	*row = (struct row) { .name = name, .queues = 1 };
	n = sscanf(name, "scsi-%7[a-z]-%c%2[14km]-%ux%u", backend, &way, size, &row->depth,
		   &row->queues);
	for (i = 0; n >= 4 && i < sizeof(wwpn) / sizeof(wwpn[0]); i++)
		if (!strcmp(backend, wwpn[i].backend))
			row->wwpn = wwpn[i].wwpn;
	row->write = way == 'w';
	row->jumps = !strcmp(size, "4k");
	row->size = row->jumps ? 4096 : 1 << 20;
	if (!row->wwpn || !strchr("rw", way) || (!row->jumps && strcmp(size, "1m")) ||
	    !row->depth || row->depth > MAX_DEPTH || !row->queues || row->queues > MAX_QUEUES)
		bad_row(name);
	row->requests = row->jumps ? row->depth == 1 ? 512 : 2048 : 32;
}

/* ---- the guest ---- */

/* The next place: its multiplier makes it go through all of them before it repeats. */
static uint64_t next_lba(struct bench *b)
{
	const uint32_t places = DISK / b->row.size;

	b->place = b->row.jumps ? b->place * 4 * 1237 + b->place + 12347 : b->place + 1;
	return (uint64_t)(b->place % places) * (b->row.size / BLOCK);
}

static void post(struct bench *b, struct io *io)
{
	const struct row *row = &b->row;

	(row->write ? scsicmd_write : scsicmd_read)(&io->cmd, next_lba(b), row->size / BLOCK);
	check(scsidrv_submit(&b->drv, io->queue, &io->cmd), "submit");
	b->left--;
	b->under_way++;
}

/* Take back what has ended; who is free is posted again as long as there is something to do. */
static void turn(struct bench *b, unsigned int queue)
{
	unsigned int i, begin = queue * b->row.depth;
	int n = scsidrv_reap(&b->drv, queue);

	check(n, "used ring");
	b->under_way -= n;
	for (i = begin; n && i < begin + b->row.depth; i++) {
		struct io *io = &b->io[i];

		if (!io->cmd.done)
			continue;
		check_good(&io->cmd, b->row.write ? "WRITE" : "READ");
		io->cmd.done = false;
		if (b->left)
			post(b, io);
		n--;
	}
	scsidrv_flush(&b->drv, queue);
}

/* Sleep until something has ended. One eventfd is of all queues. */
static void wait_any(struct bench *b)
{
	eventfd_t calls;
	unsigned int q;
	bool has = false;

	for (q = 0; q < b->row.queues; q++)
		has |= ring_call_on(&b->drv.q[SCSI_REQ + q].vq->ring);
	if (!has)
		eventfd_read(b->call, &calls);
}

/* @n requests, from the first post to the last answer. */
static void run(void *arg, unsigned int n)
{
	struct bench *b = arg;
	unsigned int i, q;

	b->left = n;
	mark(MARK_BEGIN);
	for (i = 0; i < b->row.depth * b->row.queues && b->left; i++)
		post(b, &b->io[i]);
	for (q = 0; q < b->row.queues; q++)
		scsidrv_flush(&b->drv, q);
	while (b->under_way) {
		wait_any(b);
		for (q = 0; q < b->row.queues; q++)
			turn(b, q);
	}
	mark(MARK_PAUSE);
}

/* ---- around it ---- */

static void io_setup(struct bench *b, struct io *io, unsigned int queue)
{
	const unsigned int n = b->row.size < PIECE ? 1 : b->row.size / PIECE;
	unsigned int i;
	uint8_t *at;

	memset(io, 0, sizeof(*io));
	io->queue = queue;
	for (i = 0; i < n; i++) {
		io->sg[i].len = b->row.size / n;
		at = mem_alloc(&b->drv.mem, io->sg[i].len, 4096);
		memset(at, 0x5a, io->sg[i].len);
		io->sg[i].gpa = mem_gpa(&b->drv.mem, at);
	}
	scsicmd_to(&io->cmd, 0, 0);
	if (b->row.write) {
		io->cmd.out_sg = io->sg;
		io->cmd.out_nsg = n;
	} else {
		io->cmd.in_sg = io->sg;
		io->cmd.in_nsg = n;
	}
}

/* A disk that has just come says so to whoever asks first. */
static void greet(struct bench *b, unsigned int queue)
{
	struct scsicmd c;
	int i;

	scsicmd_to(&c, 0, 0);
	for (i = 0; i < 8; i++) {
		scsicmd_ready(&c);
		check(scsidrv_run(&b->drv, queue, &c, 10000), "TEST UNIT READY");
		if (is_good(&c))
			return;
	}
	check_good(&c, "TEST UNIT READY");
}

static void setup(struct bench *b)
{
	const struct scsidrv_opt opt = {
		.queues = b->row.queues,
		.num = RING,
		.data_size = 64,
		.mem_size = 64 << 20,
		.wwpn = b->row.wwpn,
	};
	struct guest *g = &b->drv.g;
	unsigned int i;

	check(scsidrv_open(&b->drv, &opt), scsidrv_node());
	check(scsidrv_own_workers(&b->drv), "worker");
	check(scsidrv_start(&b->drv), "VHOST_SCSI_SET_ENDPOINT");
	for (i = 0; i < b->row.queues; i++)
		greet(b, i);
	b->call = g->vq[SCSI_REQ].call;
	check(fcntl(b->call, F_SETFL, 0) ? -errno : 0, "eventfd");
	for (i = 1; i < b->row.queues; i++)
		check(guest_set_file(g, VHOST_SET_VRING_CALL, SCSI_REQ + i, b->call), "call");
	for (i = 0; i < b->row.depth * b->row.queues; i++)
		io_setup(b, &b->io[i], i / b->row.depth);
	b->place = 0;
}

static void run_row(struct bench *b, const char *label, unsigned int repetitions)
{
	const struct measure m = {
		.label = label,
		.row = b->row.name,
		.units = b->row.requests,
		.least = b->row.requests,
		.run = run,
		.arg = b,
	};

	alarm(WAIT_SECONDS);
	setup(b);
	measure(&m, repetitions);
	check(scsidrv_stop(&b->drv), "stop");
	scsidrv_close(&b->drv);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 4) {
		fprintf(stderr, "usage: scsi LABEL REPETITIONS ROW...\n");
		return 2;
	}
	for (i = 3; i < argc; i++) {
		row_parse(&bench.row, argv[i]);
		run_row(&bench, argv[1], atoi(argv[2]));
	}
	return 0;
}
