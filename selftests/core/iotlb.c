// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traffic behind a vIOMMU that maps page by page and scatters what it maps, rings included: what
 * is missing is asked for once and waited for, what was taken back is not touched again, what is
 * not allowed is not done, and nothing is lost, doubled or damaged meanwhile.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"
#include "viommu.h"
#include "vhxstat.h"

#define WAIT	10000
#define NUM	64

static struct netdrv drv;
static struct viommu iommu;
static int tap, host;
static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
static uint32_t longest = 1500;

static const struct netdrv_opt opt = {
	.features = F_MODERN | F_PLATFORM, .num = NUM, .rx_size = 2000, .tx_size = 20000,
	.mem_size = 6 << 20, .tx_pieces = 4,
};

static uint64_t count(uint8_t dir, enum vhx_qstat id)
{
	struct vhxstat q;

	return guest_is_vhx() && !vhxstat_find(&q, 0, dir) ? q.count[id] : 0;
}

static uint32_t any_length(void)
{
	return rnd_range(60, rnd() & 3 ? 1500 : longest);
}

static void up(const struct netdrv_opt *o)
{
	if (netdrv_open(&drv, o) || viommu_open(&iommu, &drv.g))
		tap_bail("no guest behind a vIOMMU");
}

static void down(void)
{
	viommu_close(&iommu);
	netdrv_close(&drv);
}

static bool start(void)
{
	return !viommu_map_rings(&iommu, &drv.g) && !netdrv_start(&drv, tap);
}

/* From the guest: packets of one descriptor and of several, of every size the tap takes. */
static bool send_some(uint32_t n, uint32_t *seq)
{
	uint32_t i, len;
	int r;

	for (i = 0; i < n; i++) {
		len = any_length();
		frame_make(frame, len, *seq + i);
		if (netdrv_tx(&drv, NULL, frame, len))
			return false;
	}
	netdrv_tx_flush(&drv);
	for (i = 0; i < n; i++) {
		r = packet_recv(host, got, sizeof(got), WAIT);
		if (r <= 0 || frame_seq(got) != *seq + i || !frame_intact(got, r))
			return false;
	}
	*seq += n;
	return netdrv_tx_drain(&drv, WAIT);
}

static bool take_some(uint32_t n, uint32_t *seq)
{
	uint32_t i, len;
	vnet_hdr hdr;
	int r;

	for (i = 0; i < n; i++) {
		len = any_length();
		frame_make(frame, len, *seq + i);
		packet_send(host, frame, len);
	}
	for (i = 0; i < n; i++) {
		r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
		if (r <= 0 || frame_seq(got) != *seq + i || !frame_intact(got, r))
			return false;
		netdrv_rx_fill(&drv, UINT32_MAX);
	}
	*seq += n;
	return true;
}

static bool both_ways(uint32_t rounds)
{
	static uint32_t tx, rx = 1u << 20;

	while (rounds--) {
		if (!send_some(rnd_range(1, 12), &tx)) {
			tap_diag("from the guest, around packet %u", tx);
			return false;
		}
		if (!take_some(rnd_range(1, 12), &rx)) {
			tap_diag("to the guest, around packet %u", rx);
			return false;
		}
	}
	return true;
}

static void traffic(const char *what, uint64_t features, uint32_t num)
{
	struct netdrv_opt o = opt;

	o.features = features | F_PLATFORM;
	o.num = num;
	o.tx_size = longest > 1500 ? 65000 : 20000;
	o.tx_pieces = longest > 1500 ? 16 : 4;
	o.mem_size = (16 << 20);
	up(&o);
	viommu_start(&iommu);
	tap_ok(start(), "%s: it starts", what);
	tap_ok(both_ways(60), "%s: traffic both ways, every byte", what);
	tap_ok(iommu.misses > 20 && !iommu.strange, "%s: page by page (%u misses, %u strange)", what,
	       iommu.misses, iommu.strange);
	if (guest_is_vhx())
		tap_ok(count(RX, VHX_QSTAT_IOTLB_MISSES) + count(TX, VHX_QSTAT_IOTLB_MISSES) ==
		       iommu.misses, "%s: as many as vhx has counted", what);
	tap_ok(!guest_stop(&drv.g) && !netdrv_reset(&drv) && start() && both_ways(5),
	       "%s: it stops and starts anew", what);
	down();
}

/* Misses come one by one and once, however often the guest kicks. */
static void dedup(void)
{
	struct vhost_iotlb_msg m, first;
	uint64_t before;
	int i;

	up(&opt);
	viommu_map_rings(&iommu, &drv.g);
	tap_ok(!guest_set_backend(&drv.g, TX, tap), "a queue whose used ring alone is mapped starts");
	tap_ok(viommu_read(&iommu, &first, WAIT) == 1, "its first miss");
	for (i = 0; i < 20000; i++)
		vq_kick(&drv.g.vq[TX]);
	if (guest_is_vhx())
		tap_ok(viommu_read(&iommu, &m, 300) == 0, "R9: 20,000 kicks, and no other");
	before = count(TX, VHX_QSTAT_KICKS);
	usleep(300000);
	tap_ok(count(TX, VHX_QSTAT_KICKS) - before <= 1, "and who waits does not spin");
	tap_ok(!viommu_answer(&iommu, &first), "an answer");
	tap_ok(viommu_serve(&iommu, 300) >= 0 && !iommu.strange, "the others follow");
	tap_ok(!guest_set_backend(&drv.g, RX, tap), "the other queue starts");
	/* In-tree's asks when there is a packet for it. */
	tap_ok(viommu_serve(&iommu, 300) > 0 || !guest_is_vhx(), "and asks for its own");
	viommu_start(&iommu);
	netdrv_rx_fill(&drv, UINT32_MAX);
	tap_ok(both_ways(5), "traffic");
	down();
}

static void unmapped_start(void)
{
	up(&opt);
	tap_ok(guest_set_backend(&drv.g, TX, tap) == -EFAULT,
	       "a queue whose used ring is not mapped: EFAULT");
	viommu_map_rings(&iommu, &drv.g);
	tap_ok(!guest_set_backend(&drv.g, TX, tap), "it is, and it starts");
	viommu_start(&iommu);
	tap_ok(!guest_set_backend(&drv.g, RX, tap) && netdrv_rx_fill(&drv, UINT32_MAX) && both_ways(3),
	       "traffic");
	down();
}

/* What the page of a packet's buffer is allowed, and what comes of it. */
static void denied(const char *what, uint8_t perm, bool access_fail)
{
	struct vhost_iotlb_msg m;
	uint64_t iova;
	int i;

	up(&opt);
	viommu_start(&iommu);
	start();
	tap_ok(both_ways(3), "%s: traffic", what);
	viommu_stop(&iommu);
	/* The next TX slot's page. */
	iova = mem_gpa(&drv.mem, drv.tx_free[drv.tx_nfree - 1]);
	for (i = 0; i < 5; i++)
		viommu_invalidate(&iommu, iova + i * VIOMMU_PAGE, 1);
	frame_make(frame, 60, 7777);
	netdrv_tx(&drv, NULL, frame, 60);
	netdrv_tx_flush(&drv);
	tap_ok(viommu_read(&iommu, &m, WAIT) == 1 && m.perm == VHOST_ACCESS_RO &&
	       viommu_page(&iommu, m.iova) == viommu_page(&iommu, iova),
	       "%s: the buffer is missed, for reading", what);
	tap_ok(!vq_err(&drv.g.vq[TX], 100), "%s: that is no error", what);
	if (access_fail)
		viommu_send(&iommu, &(struct vhost_iotlb_msg){
			.type = VHOST_IOTLB_ACCESS_FAIL, .iova = m.iova, .size = 1 });
	else
		viommu_update(&iommu, m.iova, perm);
	tap_ok(vq_err(&drv.g.vq[TX], WAIT) == 1, "%s: err eventfd", what);
	tap_ok(packet_recv(host, got, sizeof(got), 100) <= 0, "%s: nothing is sent", what);
	tap_ok(count(TX, VHX_QSTAT_BAD_RINGS) == 1, "%s: the queue stops", what);
	/* Stop and start makes it whole. */
	viommu_start(&iommu);
	tap_ok(!guest_stop(&drv.g) && !netdrv_reset(&drv) && start() && both_ways(3),
	       "%s: another start, and it goes on", what);
	down();
}

/* A read-only page under an RX buffer: asked for with the right access, then served. */
static void upgraded(void)
{
	struct vhost_iotlb_msg m;
	uint64_t iova;

	up(&opt);
	viommu_start(&iommu);
	start();
	tap_ok(both_ways(3), "traffic");
	viommu_stop(&iommu);
	guest_stop(&drv.g);
	netdrv_reset(&drv);
	viommu_invalidate(&iommu, 0, ~0ULL);
	/* The first RX buffer that will be posted, its two pages. */
	iova = mem_gpa(&drv.mem, drv.rx_free[drv.rx_nfree - 1]);
	viommu_start(&iommu);
	start();
	viommu_serve(&iommu, 100);
	viommu_stop(&iommu);
	viommu_update(&iommu, iova, VHOST_ACCESS_RO);
	frame_make(frame, 60, 4242);
	packet_send(host, frame, 60);
	while (viommu_read(&iommu, &m, WAIT) == 1 &&
	       viommu_page(&iommu, m.iova) != viommu_page(&iommu, iova))
		viommu_answer(&iommu, &m);
	tap_ok(viommu_page(&iommu, m.iova) == viommu_page(&iommu, iova) &&
	       m.perm == VHOST_ACCESS_WO, "a buffer that may be read only is missed for writing");
	viommu_answer(&iommu, &m);
	viommu_start(&iommu);
	tap_ok(netdrv_rx_wait(&drv, &(vnet_hdr){}, got, sizeof(got), WAIT) == 60 &&
	       frame_seq(got) == 4242, "it may be written: the packet comes");
	tap_ok(!vq_err(&drv.g.vq[RX], 0), "no error");
	down();
}

static volatile bool done;

/*
 * Take random pages back, and see that the device keeps away: what it still touched would be a
 * fault, and its ring bad.
 */
static void *take_back(void *arg)
{
	uint32_t *taken = arg;

	while (!done) {
		uint64_t iova = drv.mem.gpa + (uint64_t)rnd_range(0, drv.mem.used / VIOMMU_PAGE) *
				VIOMMU_PAGE;
		uint8_t *page = viommu_alias(&iommu, iova);
		bool all = !(rnd() & 63);

		pthread_mutex_lock(&iommu.lock);
		if (viommu_invalidate(&iommu, all ? 0 : iova, all ? ~0ULL : VIOMMU_PAGE))
			return NULL;
		mprotect(page, VIOMMU_PAGE, PROT_NONE);
		if (rnd() & 1)
			usleep(rnd_range(0, 500));
		mprotect(page, VIOMMU_PAGE, PROT_READ | PROT_WRITE);
		pthread_mutex_unlock(&iommu.lock);
		++*taken;
		if (!(rnd() & 7))
			usleep(rnd_range(0, 1000));
	}
	return arg;
}

static void invalidation(void)
{
	uint32_t taken = 0;
	pthread_t t;
	void *ok;

	up(&opt);
	viommu_start(&iommu);
	start();
	pthread_create(&t, NULL, take_back, &taken);
	tap_ok(both_ways(150), "traffic while pages are taken back");
	done = true;
	pthread_join(t, &ok);
	done = false;
	tap_ok(ok && !iommu.strange, "%u invalidations, %u misses", taken, iommu.misses);
	tap_ok(!count(RX, VHX_QSTAT_BAD_RINGS) && !count(TX, VHX_QSTAT_BAD_RINGS),
	       "no page was touched after it was taken back");
	if (guest_is_vhx())
		tap_ok(count(TX, VHX_QSTAT_IOTLB_INVALIDATIONS) == taken, "vhx counted them");
	down();
}

/* R6, CVE-2026-74580: the ring moves to where there is no translation. */
static void moved_ring(void)
{
	struct vhost_vring_addr a = { .index = TX };
	struct vhost_iotlb_msg m;
	uint8_t *canary;
	int i;

	up(&opt);
	viommu_start(&iommu);
	start();
	tap_ok(both_ways(3), "traffic");
	viommu_serve(&iommu, 100);
	viommu_stop(&iommu);
	canary = mem_alloc(&drv.mem, 2 * VIOMMU_PAGE, VIOMMU_PAGE);
	memset(canary, 0x5a, 2 * VIOMMU_PAGE);
	a.desc_user_addr = mem_gpa(&drv.mem, drv.g.vq[TX].ring.desc);
	a.avail_user_addr = mem_gpa(&drv.mem, drv.g.vq[TX].ring.avail);
	a.used_user_addr = mem_gpa(&drv.mem, canary);
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_VRING_ADDR, &a), "the used ring moves, live");
	frame_make(frame, 60, 1);
	netdrv_tx(&drv, NULL, frame, 60);
	netdrv_tx_flush(&drv);
	tap_ok(viommu_read(&iommu, &m, WAIT) == 1 && m.perm == VHOST_ACCESS_WO &&
	       viommu_page(&iommu, m.iova) == viommu_page(&iommu, a.used_user_addr),
	       "R6: its new place is missed");
	tap_ok(canary[0] == 0x5a && !memcmp(canary, canary + 1, 2 * VIOMMU_PAGE - 1),
	       "and not touched");
	viommu_answer(&iommu, &m);
	viommu_start(&iommu);
	tap_ok(packet_recv(host, got, sizeof(got), WAIT) == 60, "it is mapped: the packet leaves");
	/* It is used when it has left. */
	for (i = 0; i < WAIT && ((volatile uint8_t *)canary)[2] == 0x5a; i++)
		usleep(1000);
	tap_ok(canary[2] != 0x5a, "and is used there");
	down();
}

/* R10: with the feature goes every address that was a vIOMMU's. */
static void feature_off(void)
{
	uint64_t plain = F_MODERN;
	int i;

	up(&opt);
	viommu_start(&iommu);
	start();
	tap_ok(both_ways(3), "traffic");
	guest_stop(&drv.g);
	viommu_stop(&iommu);
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &plain), "the feature goes");
	drv.g.features = drv.opt.features = plain;
	tap_ok(guest_set_backend(&drv.g, TX, tap) == -EFAULT, "R10: the ring's addresses with it");
	tap_ok(!netdrv_reset(&drv) && !netdrv_start(&drv, tap) && both_ways(3),
	       "user addresses, and traffic");
	guest_stop(&drv.g);
	plain |= F_PLATFORM;
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &plain), "it comes back");
	drv.g.features = drv.opt.features = plain;
	for (i = 0; i < 2; i++)
		guest_setup_vq(&drv.g, i, 0);
	tap_ok(guest_set_backend(&drv.g, TX, tap) == -EFAULT, "and knows no translation of before");
	viommu_start(&iommu);
	tap_ok(!netdrv_reset(&drv) && start() && both_ways(3), "traffic");
	down();
}

/* R8: however many translations come, so many stay. */
static void flood(void)
{
	struct vhost_iotlb_msg m = {
		.type = VHOST_IOTLB_UPDATE, .size = 1, .uaddr = 0x10000, .perm = VHOST_ACCESS_RW,
	};
	bool ok = true;
	uint32_t i;

	up(&opt);
	viommu_start(&iommu);
	start();
	tap_ok(both_ways(3), "traffic");
	for (i = 0; i < 20000; i++) {
		m.iova = (1ull << 50) + 2 * rnd_range(0, 1 << 30);
		ok &= !viommu_send(&iommu, &m);
	}
	tap_ok(ok, "20,000 translations nobody asked for");
	if (guest_is_vhx())
		tap_ok(count(TX, VHX_QSTAT_IOTLB_RETIRED) > 17000, "R8: as many had to go (%lu)",
		       (unsigned long)count(TX, VHX_QSTAT_IOTLB_RETIRED));
	tap_ok(both_ways(10), "traffic");
	down();
}

static void *babble(void *arg)
{
	uint32_t *n = arg;
	uint64_t words[12];
	unsigned int i;

	for (; !done; ++*n) {
		for (i = 0; i < 12; i++)
			words[i] = rnd() & 1 ? rnd() : rnd() & 0x7f;
		words[0] = rnd() & 7 ? 1 + (rnd() & 1) : rnd();
		/* Translations that lie would be this VMM's own to bear: none of them. */
		((uint8_t *)words)[33] = rnd() & 1 ? VHOST_IOTLB_INVALIDATE : 3 + rnd_range(0, 252);
		if (((uint8_t *)words)[33] == VHOST_IOTLB_ACCESS_FAIL)
			continue;
		if (write(iommu.fd, words, rnd_range(0, sizeof(words))) > 0)
			usleep(rnd_range(0, 200));
	}
	return NULL;
}

static void bad_messages(void)
{
	uint32_t n = 0;
	pthread_t t;

	up(&opt);
	viommu_start(&iommu);
	start();
	pthread_create(&t, NULL, babble, &n);
	tap_ok(both_ways(60), "traffic among bad messages");
	done = true;
	pthread_join(t, NULL);
	done = false;
	tap_ok(both_ways(5), "and after %u of them", n);
	down();
}

/* A table of translations of one byte, and others as odd: no access is torn, none goes astray. */
static void odd_translations(void)
{
	struct vhost_iotlb_msg m = { .type = VHOST_IOTLB_UPDATE, .perm = VHOST_ACCESS_RW };
	uint64_t desc;

	up(&opt);
	viommu_map_rings(&iommu, &drv.g);
	desc = mem_gpa(&drv.mem, drv.g.vq[TX].ring.avail);
	m.iova = desc;
	m.size = 3;
	m.uaddr = (uintptr_t)viommu_alias(&iommu, desc);
	viommu_send(&iommu, &m);
	m.iova += 3;
	m.uaddr += 3;
	m.size = VIOMMU_PAGE - 3;
	viommu_send(&iommu, &m);
	guest_set_backend(&drv.g, TX, tap);
	viommu_serve(&iommu, 200);
	if (guest_is_vhx())
		tap_ok(vq_err(&drv.g.vq[TX], WAIT) == 1, "an index torn in two is a bad ring");
	down();
}

/* Close with misses that nobody read, and with some that nobody answered. */
static void abandoned(void)
{
	struct vhost_iotlb_msg m;
	int i;

	for (i = 0; i < 20; i++) {
		up(&opt);
		start();
		if (i & 1)
			viommu_read(&iommu, &m, WAIT);
		down();
	}
	tap_ok(true, "closed with misses under way");
}

int main(void)
{
	rnd_start();
	nettap_own_netns();
	tap = nettap_open("t0", NETTAP_DEFAULT);
	nettap_set_hdr(tap, HDR_V1);
	nettap_up("t0", 65000);
	host = packet_open("t0", false);
	if (tap < 0 || host < 0)
		tap_bail("no tap");

	unmapped_start();
	dedup();
	traffic("direct", F_V1 | F_MRG, NUM);
	traffic("indirect", F_MODERN, NUM);
	traffic("ring of pages", F_V1 | F_MRG | F_EVENT_IDX, 512);
	if (guest_is_vhx()) {
		traffic("packed", F_MODERN | F_PACKED, NUM);
		traffic("packed ring of pages", F_V1 | F_MRG | F_EVENT_IDX | F_PACKED, 512);
	}
	longest = 60000;
	traffic("large packets", F_MODERN, 128);
	longest = 1500;
	if (guest_is_vhx()) {
		upgraded();
		denied("read of a write-only page", VHOST_ACCESS_WO, false);
		denied("no access at all", 0, false);
		denied("ACCESS_FAIL", 0, true);
		moved_ring();
		feature_off();
		invalidation();
	} else {
		tap_skip("accesses that are not allowed", "in-tree waits for a kick, and says nothing");
		tap_skip("traffic while pages are taken back", "in-tree of 7.3 stops");
	}
	flood();
	bad_messages();
	odd_translations();
	abandoned();
	return tap_done();
}
