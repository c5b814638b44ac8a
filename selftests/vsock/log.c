// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration log: what the host's packets change in the guest's memory, buffers and rings, is
 * marked, page by page, and next to nothing else is; on split and packed rings, and in order.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dirtylog.h"
#include "tap.h"
#include "vsockhost.h"

#define PORT	1234
#define BULK	50000		/* less than the guest's buffers hold */
#define RINGS	3		/* pages that may be marked although the same stands there: of rings */

static struct vsockdrv drv;
static struct dirtylog dlog;
static uint8_t bytes[BULK];

/* Nothing has been marked for a while. */
static void settle(void)
{
	uint64_t n = dirtylog_count(&dlog);
	int quiet, ms = 0;

	for (quiet = 0; quiet < 5 && ms < HOST_WAIT; ms += 50) {
		usleep(50000);
		quiet = dirtylog_count(&dlog) == n && n ? quiet + 1 : 0;
		n = dirtylog_count(&dlog);
	}
}

/* What the guest itself changes meanwhile would be taken for the device's: nothing. */
static void judge(const uint8_t *before, uint32_t least, const char *what)
{
	uint32_t changed = 0, missed = 0, page;
	uint64_t marked = dirtylog_count(&dlog);

	for (page = 0; page < drv.mem.size / LOG_PAGE; page++) {
		uint8_t *at = drv.mem.base + page * LOG_PAGE;

		if (!memcmp(at, before + page * LOG_PAGE, LOG_PAGE))
			continue;
		changed++;
		missed += !dirtylog_has(&dlog, mem_gpa(&drv.mem, at));
	}
	tap_ok(changed >= least && !missed, "%s: %u pages change, %u of them not marked", what, changed,
	       missed);
	tap_ok(marked <= changed + RINGS, "and no more are marked: %llu", (unsigned long long)marked);
}

static void test_marks(int fd)
{
	const struct virtio_vsock_hdr data = {
		.op = htole16(VIRTIO_VSOCK_OP_RW),
		.type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
	};
	uint8_t *before = malloc(drv.mem.size);

	memcpy(before, drv.mem.base, drv.mem.size);
	dirtylog_clear(&dlog);
	if (write(fd, bytes, BULK) != BULK)
		tap_bail("the host cannot write: %s", strerror(errno));
	settle();
	judge(before, BULK / LOG_PAGE, "the host sends");

	/* Nothing of it is read by the host, so that it has nothing to say. */
	dirtylog_clear(&dlog);
	guest_send(&drv, PORT, &data, bytes, 100);
	settle();
	tap_ok(dirtylog_count(&dlog) && dirtylog_count(&dlog) <= RINGS,
	       "the guest sends: %llu of its ring", (unsigned long long)dirtylog_count(&dlog));
	free(before);
}

static void test_format(const char *name, uint64_t features)
{
	int listener, fd;

	if (vsockdrv_open(&drv, &(struct vsockdrv_opt){ .features = F_VSOCK_MODERN | features })) {
		if (vsockdrv_is_vhx())
			tap_bail("%s: a guest cannot be made", name);
		tap_skip(name, "%s has no such rings", vsockdrv_node());
		return;
	}
	tap_diag("%s", name);
	if (vsockdrv_start(&drv))
		tap_bail("a guest does not start");
	listener = host_listen(SOCK_STREAM);
	fd = guest_connect(&drv, listener, PORT, VIRTIO_VSOCK_TYPE_STREAM);
	if (fd < 0 || dirtylog_open(&dlog, &drv.g, 0))
		tap_bail("no connection, or no log");
	tap_ok(!guest_log(&drv.g, &dlog), "the log goes on while it runs");
	test_marks(fd);
	tap_ok(!guest_log_off(&drv.g), "and off");
	dirtylog_clear(&dlog);
	tap_ok(host_close(&drv, fd, PORT) && !dirtylog_count(&dlog), "nothing is marked then");
	dirtylog_close(&dlog);
	close(listener);
	vsockdrv_close(&drv);
}

int main(void)
{
	size_t i;

	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + i / 251 + 1;
	test_format("split", 0);
	test_format("split, in order", F_IN_ORDER);
	test_format("packed", F_PACKED);
	test_format("packed, in order", F_PACKED | F_IN_ORDER);
	return tap_done();
}
