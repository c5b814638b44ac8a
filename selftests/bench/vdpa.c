// SPDX-License-Identifier: GPL-2.0-only
/*
 * vdpa LABEL REPETITIONS ROW...: what it costs to map a page of a guest's for a vDPA device, $VDPA_NODE,
 * and to unmap it. Rows are vdpa-set|step-4k|2m, see docs/bench.md: that the parent is told of all at a
 * time, or step by step, is the caller's to see to.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mark.h"
#include "measure.h"
#include "vdpadrv.h"

#define PAGE	4096UL
#define PAGES	8192U		/* of a repetition: 32 MiB */
#define AT	0x40000000UL
#define WAIT_SECONDS 300

static struct vdpadrv drv;
static char *memory;

static void check(int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "vdpa: %s: %s\n", what, strerror(-err));
	exit(1);
}

static char *area(size_t size, int flags)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		check(-errno, "mmap");
	return p;
}

/* No two pages in a row: each has another's between. */
static char *fragments(void)
{
	char *p = area(PAGES * PAGE, 0), *between = area(PAGES * PAGE, 0);
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		p[i * PAGE] = 1;
		between[i * PAGE] = 1;
	}
	return p;
}

static char *huge(void)
{
	char *p = area(PAGES * PAGE, MAP_HUGETLB);

	memset(p, 1, PAGES * PAGE);
	return p;
}

static void batch(uint8_t type)
{
	check(vdpa_msg(drv.fd, type, 0, NULL), "a batch");
}

/* As QEMU does it. */
static void run(__attribute__((unused)) void *arg, unsigned int pages)
{
	mark(MARK_BEGIN);
	batch(VHOST_IOTLB_BATCH_BEGIN);
	check(vdpa_map(drv.fd, AT, memory, pages * PAGE), "a map");
	batch(VHOST_IOTLB_BATCH_END);
	batch(VHOST_IOTLB_BATCH_BEGIN);
	check(vdpa_unmap(drv.fd, AT, pages * PAGE), "an unmap");
	batch(VHOST_IOTLB_BATCH_END);
	mark(MARK_PAUSE);
}

static void run_row(const char *label, const char *row, unsigned int repetitions)
{
	const struct measure m = {
		.label = label,
		.row = row,
		.units = PAGES,
		.least = PAGES,
		.run = run,
	};

	alarm(WAIT_SECONDS);
	memory = strstr(row, "-2m") ? huge() : fragments();
	measure(&m, repetitions);
	munmap(memory, PAGES * PAGE);
}

int main(int argc, char **argv)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	const char *node = getenv("VDPA_NODE");
	int i;

	if (argc < 4 || !node) {
		fprintf(stderr, "usage: VDPA_NODE=... vdpa LABEL REPETITIONS ROW...\n");
		return 2;
	}
	setrlimit(RLIMIT_MEMLOCK, &none);
	check(vdpadrv_open(&drv, node), node);
	for (i = 3; i < argc; i++)
		run_row(argv[1], argv[i], atoi(argv[2]));
	vdpadrv_close(&drv);
	return 0;
}
