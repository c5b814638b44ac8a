// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration log of a guest behind a vIOMMU. What it says where it is goes through three hands: the
 * driver's addresses to the device's by the vIOMMU, those to memory, and that to the guest's own
 * addresses by the memory table, which are what is logged.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dirtylog.h"
#include "frame.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"
#include "viommu.h"

#define WAIT	5000
#define GPA	0x40000000ULL	/* where the memory table has what the vIOMMU leads to */

static struct netdrv drv;
static struct viommu iommu;
static struct dirtylog dlog;
static int tap, host;
static uint8_t *want;		/* by page of the driver's memory: 1 may, 2 must */

static const struct netdrv_opt opt = {
	.features = F_MODERN | F_PLATFORM, .num = 64, .rx_size = 2000, .tx_size = 2000,
	.mem_size = 6 << 20,
};

static void expect(const void *at, size_t len, uint8_t how)
{
	size_t off = (const uint8_t *)at - drv.mem.base, page;

	for (page = off / LOG_PAGE; len && page <= (off + len - 1) / LOG_PAGE; page++)
		if (want[page] < how)
			want[page] = how;
}

static bool logged(size_t page)
{
	return dirtylog_has(&dlog, GPA + (uint64_t)iommu.at[page] * LOG_PAGE);
}

static bool receive(int n)
{
	static uint8_t frame[FRAME_MAX];
	struct vq *vq = &drv.g.vq[RX];
	uint8_t *buf;
	uint32_t len;

	while (n > 0) {
		uint32_t size = rnd_range(FRAME_MIN, 1514);

		netdrv_rx_fill(&drv, UINT32_MAX);
		frame_make(frame, size, n);
		packet_send(host, frame, size);
		if (!vq_wait_used(vq, WAIT))
			return false;
		while ((buf = ring_get(&vq->ring, &len))) {
			expect(buf, len, 2);
			drv.rx_free[drv.rx_nfree++] = buf;
			n--;
		}
	}
	return true;
}

static void audit(void)
{
	uint32_t i, missed = 0, wrong = 0, marked = 0;

	for (i = 0; i < drv.mem.size / LOG_PAGE; i++) {
		marked += logged(i);
		missed += want[i] == 2 && !logged(i);
		wrong += !want[i] && logged(i);
	}
	tap_ok(!missed && !wrong && marked, "%u pages are marked, %u missed, %u wrong", marked,
	       missed, wrong);
	tap_ok(dirtylog_count(&dlog) == marked, "nothing is marked at addresses of another kind");
}

int main(void)
{
	struct vhost_memory_region r = { .guest_phys_addr = GPA };
	bool ok;

	rnd_start();
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap to work with");
	host = packet_open("vt0", false);
	if (netdrv_open(&drv, &opt) || viommu_open(&iommu, &drv.g))
		tap_bail("no guest behind a vIOMMU");
	want = calloc(drv.mem.size / LOG_PAGE, 1);
	r.memory_size = drv.mem.size;
	r.userspace_addr = (uintptr_t)iommu.alias;
	ok = !guest_set_mem(&drv.g, &r, 1) && !dirtylog_open(&dlog, &drv.g, 0) &&
	     !guest_log(&drv.g, &dlog) && !viommu_map_rings(&iommu, &drv.g);
	viommu_start(&iommu);
	ok &= !netdrv_start(&drv, tap) && receive(100);
	viommu_stop(&iommu);
	tap_ok(ok && !iommu.strange, "packets pass");
	if (drv.g.vq[RX].ring.packed) {
		expect(drv.g.vq[RX].ring.pdesc, 16 * 64, 2);
		expect(drv.g.vq[RX].ring.device, 4, 2);
		expect(drv.g.vq[TX].ring.device, 4, 1);
	} else {
		expect(drv.g.vq[RX].ring.used, 4 + 8 * 64 + 2, 2);
		expect(drv.g.vq[TX].ring.used, 4 + 8 * 64 + 2, 1);
	}
	guest_stop(&drv.g);
	audit();
	tap_ok(!vq_err(&drv.g.vq[RX], 0), "no ring error");
	viommu_close(&iommu);
	netdrv_close(&drv);
	dirtylog_close(&dlog);
	free(want);
	return tap_done();
}
