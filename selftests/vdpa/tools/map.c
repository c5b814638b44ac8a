// SPDX-License-Identifier: GPL-2.0-only
/*
 * map NODE pins|files: what a VMM has mapped, and what it is charged. "pins": the parent reaches
 * pages that are pinned; "files": it has user addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "vdpadrv.h"

#define MB	(1UL << 20)
#define PAGE	4096UL
#define AT	0x40000000UL		/* where the guest has it */

static struct vdpadrv d;
static const char *node;
static bool pins;
static uint32_t nas;

static void *memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		tap_bail("%zu bytes: %s", size, strerror(errno));
	return p;
}

/* As it is charged when @bytes are mapped. */
static bool charged(unsigned long bytes)
{
	const long kb = vdpa_pinned();

	if (kb == (pins ? (long)(bytes / 1024) : 0))
		return true;
	tap_diag("VmPin is %ld kB", kb);
	return false;
}

static void test_plain(void)
{
	void *p = memory(8 * MB);

	tap_ok(charged(0), "nothing is mapped, nothing pinned");
	tap_ok(!vdpa_map(d.fd, AT, p, 4 * MB) && charged(4 * MB), "4 MiB, and charged as such");
	tap_ok(!vdpa_map(d.fd, AT + 4 * MB, (char *)p + 4 * MB, 4 * MB) && charged(8 * MB),
	       "4 MiB behind them");
	tap_ok(vdpa_map(d.fd, AT, p, 4 * MB) == -EFAULT && charged(8 * MB),
	       "again: EFAULT, and charged once");
	tap_ok(vdpa_map(d.fd, AT + 8 * MB - PAGE, p, 2 * PAGE) == -EFAULT && charged(8 * MB),
	       "with one page of it: likewise");
	tap_ok(!vdpa_unmap(d.fd, AT, 4 * MB) && charged(4 * MB), "unmapped, the charge goes");
	tap_ok(!vdpa_unmap(d.fd, AT, 4 * MB) && charged(4 * MB), "unmapped again: nothing is there");
	tap_ok(!vdpa_map(d.fd, AT, p, 4 * MB) && charged(8 * MB), "and can be had again");
	tap_ok(!vdpa_unmap(d.fd, 0, UINT64_MAX) && charged(0), "all of it at once");
	munmap(p, 8 * MB);
}

static void test_refused(void)
{
	struct vhost_vdpa_iova_range range = { .last = UINT64_MAX };
	struct vdpa_area area = { AT, PAGE, 0, VHOST_ACCESS_RW };
	char *p = memory(2 * MB);

	area.uaddr = (uintptr_t)p;
	guest_ioctl(d.fd, VHOST_VDPA_GET_IOVA_RANGE, &range);
	tap_ok(vdpa_map(d.fd, UINT64_MAX - PAGE + 1, p, 2 * PAGE) == -EFAULT,
	       "R80: around the end of addresses: EFAULT");
	tap_ok(vdpa_map(d.fd, AT, p, UINT64_MAX) == -EFAULT, "R80: of all addresses: EFAULT");
	tap_ok(vdpa_map(d.fd, PAGE, p, UINT64_MAX - 2 * PAGE) == -EFAULT, "R80: of nearly all");
	if (range.last != UINT64_MAX)
		tap_ok(vdpa_map(d.fd, range.last - PAGE + 1, p, 2 * PAGE) == -EFAULT,
		       "behind what the device can address: EFAULT");
	if (range.first)
		tap_ok(vdpa_map(d.fd, range.first - PAGE, p, 2 * PAGE) == -EFAULT, "before it: EFAULT");
	munmap(p + MB, MB);
	/* In-tree takes what it finds behind a hole for what is in it. */
	if (pins || vdpa_is_vhx())
		tap_ok(vdpa_map(d.fd, AT, p, 2 * MB) == -EFAULT && charged(0),
		       "memory that ends in the middle: EFAULT, and nothing stays charged");
	tap_ok(!vdpa_map(d.fd, AT, p, MB) && charged(MB), "nor mapped: what there is can be");
	vdpa_unmap(d.fd, AT, MB);
	if (vdpa_is_vhx()) {
		area.perm = 0;
		tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, 0, &area) == -EFAULT, "for nothing: EFAULT");
		area.perm = 4;
		tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, 0, &area) == -EFAULT, "for 4: EFAULT");
		tap_ok(vdpa_map(d.fd, AT, p + 64, PAGE) == -EFAULT,
		       "memory that begins elsewhere in its page: EFAULT");
	}
	tap_ok(charged(0), "nothing is charged");
	munmap(p, MB);
}

/* What may only be read cannot be pinned to be written. */
static void test_read_only(void)
{
	char *p = memory(MB);
	struct vdpa_area area = { AT, MB, (uintptr_t)p, VHOST_ACCESS_RO };

	memset(p, 1, MB);
	mprotect(p, MB, PROT_READ);
	if (pins)
		tap_ok(vdpa_map(d.fd, AT, p, MB) == -EFAULT && charged(0),
		       "memory that is read only, to be written: EFAULT");
	tap_ok(!vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, 0, &area) && charged(MB), "to be read");
	tap_ok(!vdpa_unmap(d.fd, AT, MB) && charged(0), "and unmapped");
	munmap(p, MB);
}

/* ---- batches and spaces ---- */

static int batch(uint8_t type, uint32_t asid)
{
	return vdpa_msg(d.fd, type, asid, NULL);
}

static void test_batch(void)
{
	char *p = memory(16 * MB);
	bool ok = true;
	int i;

	ok &= !batch(VHOST_IOTLB_BATCH_BEGIN, 0);
	for (i = 0; i < 16; i++)
		ok &= !vdpa_map(d.fd, AT + i * MB, p + i * MB, MB);
	ok &= !batch(VHOST_IOTLB_BATCH_END, 0);
	tap_ok(ok && charged(16 * MB), "16 areas in a batch");
	ok &= !batch(VHOST_IOTLB_BATCH_BEGIN, 0);
	ok &= !vdpa_unmap(d.fd, AT, 8 * MB);
	ok &= !vdpa_map(d.fd, AT, p + 8 * MB, 8 * MB);
	ok &= !batch(VHOST_IOTLB_BATCH_END, 0);
	tap_ok(ok && charged(16 * MB), "others in their place, in a batch");
	if (nas > 1) {
		ok = !batch(VHOST_IOTLB_BATCH_BEGIN, 0);
		tap_ok(ok && batch(VHOST_IOTLB_BATCH_BEGIN, 1) == -EFAULT,
		       "one space's batch is no other's: EFAULT");
		batch(VHOST_IOTLB_BATCH_END, 0);
	}
	/* It never ends: the fd is closed. */
	batch(VHOST_IOTLB_BATCH_BEGIN, 0);
	vdpa_unmap(d.fd, AT, 8 * MB);
	vdpadrv_close(&d);
	tap_ok(charged(0), "closed in the middle of a batch: nothing is charged");
	if (vdpadrv_open(&d, node))
		tap_bail("it does not open again");
	munmap(p, 16 * MB);
}

static void test_spaces(void)
{
	const struct vdpa_area all = { .size = UINT64_MAX };
	struct vdpa_area area = { AT, MB, 0, VHOST_ACCESS_RW };
	char *p = memory(MB);

	area.uaddr = (uintptr_t)p;
	tap_ok(!vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, 0, &area), "space 0");
	tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, nas, &area) == -EFAULT, "one too many: EFAULT");
	if (nas > 1) {
		tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_INVALIDATE, 1, &all) == -EFAULT,
		       "space 1 is not there yet: EFAULT");
		tap_ok(!vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, 1, &area), "space 1, the same place");
		tap_ok(!vdpa_msg(d.fd, VHOST_IOTLB_INVALIDATE, 0, &all) && charged(MB),
		       "without space 0's it stays");
	}
	vdpadrv_close(&d);
	tap_ok(charged(0), "closed: nothing is charged");
	if (vdpadrv_open(&d, node))
		tap_bail("it does not open again");
	munmap(p, MB);
}

/* ---- what a process may lock ---- */

static void test_limit(void)
{
	struct rlimit old, low = { 8 * MB, 8 * MB };
	char *p = memory(32 * MB);

	getrlimit(RLIMIT_MEMLOCK, &old);
	low.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &low);
	tap_ok(vdpa_map(d.fd, AT, p, 16 * MB) == (pins ? -EFAULT : 0) && charged(pins ? 0 : 16 * MB),
	       "RLIMIT_MEMLOCK bounds what is pinned, root's too");
	vdpa_unmap(d.fd, AT, 16 * MB);
	tap_ok(!vdpa_map(d.fd, AT, p, 8 * MB) && charged(8 * MB), "all that it allows");
	tap_ok(vdpa_map(d.fd, AT + 8 * MB, p, PAGE) == (pins ? -EFAULT : 0), "and no page more");
	setrlimit(RLIMIT_MEMLOCK, &old);
	vdpa_unmap(d.fd, 0, UINT64_MAX);
	tap_ok(charged(0), "nothing is charged");
	munmap(p, 32 * MB);
}

/* ---- pieces ---- */

/* Pages whose neighbours are another's: no two are in a row. */
static void test_fragments(void)
{
	const unsigned int n = 8192;
	char *p = memory(2 * n * PAGE), *q = memory(n * PAGE);
	unsigned int i;

	for (i = 0; i < n; i++) {
		p[i * PAGE] = 1;
		q[i * PAGE] = 2;
	}
	tap_ok(!vdpa_map(d.fd, AT, p, n * PAGE) && charged(n * PAGE), "8,192 pages, one by one");
	tap_ok(!vdpa_unmap(d.fd, AT, n * PAGE) && charged(0), "and gone");
	munmap(p, 2 * n * PAGE);
	munmap(q, n * PAGE);
}

/* ---- as large as a large guest ---- */

#define HUGE	(2 * MB)
#define LARGE	(64UL << 30)

/* Return: whether the machine has such. */
static bool huge_pages(unsigned int n)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");

	return f && fprintf(f, "%u", n) > 0 && !fclose(f);
}

/*
 * LARGE bytes of addresses. Behind those that are to be pinned are 64 MiB of huge pages again and again;
 * behind others a file that has nothing in it.
 */
static char *memory_large(unsigned int npages)
{
	const size_t each = pins ? npages * HUGE : LARGE;
	const int fd = memfd_create("map", pins ? MFD_HUGETLB : 0);
	char *p = mmap(NULL, LARGE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t at;

	if (fd < 0 || p == MAP_FAILED || ftruncate(fd, each))
		tap_bail("64 GiB: %s", strerror(errno));
	p = (char *)(((uintptr_t)p + HUGE - 1) & -HUGE);
	for (at = 0; at < LARGE; at += each)
		if (mmap(p + at, each, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			tap_bail("64 GiB, at %zu: %s", at, strerror(errno));
	close(fd);
	return p;
}

static void test_large(void)
{
	const unsigned int npages = 32;
	char *p;

	if (pins && !huge_pages(npages)) {
		tap_skip("64 GiB, of sparse memory", "this kernel has no huge pages");
		return;
	}
	p = memory_large(npages);
	/* In a batch: in-tree tells a parent all anew for each run of pages otherwise. */
	tap_ok(!batch(VHOST_IOTLB_BATCH_BEGIN, 0) && !vdpa_map(d.fd, AT, p, LARGE) &&
	       !batch(VHOST_IOTLB_BATCH_END, 0) && charged(LARGE), "64 GiB, of sparse memory");
	tap_ok(!vdpa_unmap(d.fd, AT, LARGE) && charged(0), "and gone");
	munmap(p, LARGE);
	if (pins)
		huge_pages(0);
}

/* ---- who it is charged to ---- */

static void test_others(void)
{
	char *p = memory(4 * MB);
	int status;
	pid_t pid;

	if (vdpa_map(d.fd, AT, p, 4 * MB))
		tap_bail("4 MiB");
	pid = fork();
	if (!pid)
		_exit(vdpa_pinned() != 0 || vdpa_map(d.fd, 16 * MB, p, MB) != -EFAULT ||
		      vdpa_unmap(d.fd, AT, 4 * MB) != -EFAULT ||
		      vdpa_vring(d.fd, VHOST_SET_VRING_NUM, 0, 16) != -EPERM);
	waitpid(pid, &status, 0);
	tap_ok(!status && charged(4 * MB), "a child has none of it, and may neither map nor unmap");
	pid = fork();
	if (!pid) {
		usleep(200000);
		_exit(0);
	}
	/* The child has the last fd. */
	vdpadrv_close(&d);
	tap_ok(charged(4 * MB), "closed, but a child has it: still charged");
	waitpid(pid, &status, 0);
	tap_ok(charged(0), "closed by the child: not charged any more");
	if (vdpadrv_open(&d, node))
		tap_bail("it does not open again");
	munmap(p, 4 * MB);
}

/* ---- memory that a parent with user addresses cannot have ---- */

static void test_private(void)
{
	void *p = mmap(NULL, 4 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tap_ok(!vdpa_map(d.fd, AT, p, 4 * MB) && charged(4 * MB),
	       pins ? "private memory" : "private memory is left out, as QEMU needs it");
	vdpa_unmap(d.fd, AT, 4 * MB);
	munmap(p, 4 * MB);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		tap_bail("map NODE pins|files");
	node = argv[1];
	pins = !strcmp(argv[2], "pins");
	if (vdpadrv_open(&d, node) || vdpa_get_u32(d.fd, VHOST_VDPA_GET_AS_NUM, &nas))
		tap_bail("%s: %s", node, strerror(errno));
	test_plain();
	test_refused();
	test_read_only();
	test_batch();
	test_spaces();
	test_limit();
	test_fragments();
	test_large();
	test_others();
	test_private();
	vdpadrv_close(&d);
	tap_ok(charged(0), "at the end nothing is charged");
	return tap_done();
}
