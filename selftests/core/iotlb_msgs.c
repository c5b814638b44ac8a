// SPDX-License-Identifier: GPL-2.0-only
/*
 * The messages of a vIOMMU on a vhost fd: every size and every wrong content of a write, what a
 * read gives and when, who is woken. Return values and errno are in-tree's: the same program runs
 * on /dev/vhost-net; where vhx means to differ, a line says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"
#include "viommu.h"

#define MSG	((int)sizeof(struct vhost_msg))
#define SHORT	40			/* a message without its padding */
#define WAIT	5000

static bool newer;			/* in-tree of 7.x */
static const struct netdrv_opt small = {
	.features = F_MODERN | F_PLATFORM, .num = 16, .tx_size = 4096, .mem_size = 1 << 20,
};

struct row {
	const char *what;
	int len;			/* bytes written */
	int type;
	struct vhost_iotlb_msg m;
	int ret;			/* in-tree's */
	int vhx;			/* vhx's, 0: the same */
	bool newer;			/* 6.12 accepts it */
};

#define UADDR	0x10000000
#define V1	VHOST_IOTLB_MSG
#define V2	VHOST_IOTLB_MSG_V2
#define M(type_, iova_, size_, uaddr_, perm_) \
	{ .type = VHOST_IOTLB_##type_, .iova = (iova_), .size = (size_), .uaddr = (uaddr_), .perm = (perm_) }
#define TYPE(n)	{ .size = 1, .type = (n) }
#define R(what_, len_, type_, m_, ret_, ...) \
	{ .what = (what_), .len = (len_), .type = (type_), .m = m_, .ret = (ret_), __VA_ARGS__ }
#define GOOD	M(UPDATE, 4096, 4096, UADDR, VHOST_ACCESS_RW)

static const struct row rows[] = {
	R("v1", MSG, V1, GOOD, MSG),
	R("v2", MSG, V2, GOOD, MSG),
	R("no byte", 0, V1, GOOD, -EINVAL),
	R("half a type", 2, V1, GOOD, -EINVAL),
	R("the type alone", 4, V1, GOOD, -EINVAL),
	R("the head alone", 8, V2, GOOD, -EINVAL),
	R("a byte short", SHORT - 1, V1, GOOD, -EINVAL),
	/* In-tree claims to have taken bytes that nobody gave it. */
	R("no padding, v1", SHORT, V1, GOOD, MSG, .vhx = SHORT),
	R("no padding, v2", SHORT, V2, GOOD, MSG, .vhx = SHORT),
	R("a byte more", MSG + 1, V2, GOOD, MSG),
	R("type 0", MSG, 0, GOOD, -EINVAL),
	R("type 3", MSG, 3, GOOD, -EINVAL),
	R("type -1", MSG, -1, GOOD, -EINVAL),
	R("update of nothing", MSG, V2, M(UPDATE, 4096, 0, UADDR, 3), -EINVAL),
	R("update around the end", MSG, V2, M(UPDATE, ~0ULL, 2, UADDR, 3), -EFAULT),
	R("update of the last byte", MSG, V2, M(UPDATE, ~0ULL, 1, UADDR, 3), MSG),
	R("update at 0", MSG, V2, M(UPDATE, 0, 1, UADDR, 3), MSG),
	R("update of all but a byte", MSG, V2, M(UPDATE, 0, ~0ULL, 0, 3), -EFAULT),
	R("R14: update to the kernel", MSG, V2, M(UPDATE, 0, 4096, 0xffff888000000000, 3), -EFAULT),
	R("R14: update to the kernel, ro", MSG, V2, M(UPDATE, 0, 4096, 0xffff888000000000, 1), -EFAULT),
	R("R14: update to the kernel, wo", MSG, V1, M(UPDATE, 0, 4096, 0xffff888000000000, 2), -EFAULT),
	R("update to nowhere", MSG, V2, M(UPDATE, 0, 4096, 0x1000000000000000, 3), -EFAULT),
	R("R14: update into the kernel", MSG, V2, M(UPDATE, 0, 1ULL << 63, UADDR, 3), -EFAULT),
	R("update around user addresses", MSG, V2, M(UPDATE, 0, 4096, ~0ULL - 5, 3), -EFAULT),
	R("update that allows nothing", MSG, V2, M(UPDATE, 4096, 4096, UADDR, 0), MSG),
	R("update that allows more than there is", MSG, V2, M(UPDATE, 4096, 4096, UADDR, 0xff), MSG),
	R("invalidation", MSG, V2, M(INVALIDATE, 4096, 4096, 0, 0), MSG),
	R("invalidation, v1", MSG, V1, M(INVALIDATE, 4096, 4096, 0, 0), MSG),
	R("invalidation of what is not there", MSG, V2, M(INVALIDATE, 1ULL << 50, 1, 0, 0), MSG),
	R("invalidation of all but a byte", MSG, V2, M(INVALIDATE, 0, ~0ULL, 0, 0), MSG),
	R("invalidation of nothing", MSG, V2, M(INVALIDATE, 4096, 0, 0, 0), -EFAULT, .newer = true),
	R("invalidation around the end", MSG, V2, M(INVALIDATE, 8192, ~0ULL, 0, 0), MSG),
	R("message 0", MSG, V2, TYPE(0), -EFAULT),
	R("a miss", MSG, V2, M(MISS, 4096, 4096, 0, 1), -EFAULT),
	/* A VMM may say no: in-tree has no way to. */
	R("access fail", MSG, V2, M(ACCESS_FAIL, 4096, 4096, 0, 1), -EFAULT, .vhx = MSG),
	R("batch begin", MSG, V2, M(BATCH_BEGIN, 0, 0, 0, 0), -EFAULT),
	R("batch end", MSG, V2, M(BATCH_END, 0, 0, 0, 0), -EFAULT),
	R("message 255", MSG, V2, TYPE(255), -EFAULT),
};

static int put(int fd, const struct row *r)
{
	uint8_t bytes[2 * sizeof(struct vhost_msg)] = { 0 };
	int n;

	memcpy(bytes, &r->type, sizeof(r->type));
	memcpy(bytes + offsetof(struct vhost_msg, iotlb), &r->m, sizeof(r->m));
	n = write(fd, bytes, r->len);
	return n < 0 ? -errno : n;
}

static void writes(struct netdrv *n)
{
	volatile uintptr_t nowhere = 8;
	uint64_t plain = F_MODERN;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int want = guest_is_vhx() && rows[i].vhx ? rows[i].vhx : rows[i].ret;
		int got = put(n->g.fd, &rows[i]);

		if (rows[i].newer && !newer && !guest_is_vhx())
			want = MSG;
		tap_ok(got == want, "write, %s: %d (%d)", rows[i].what, got, want);
	}
	tap_ok(write(n->g.fd, (void *)nowhere, MSG) < 0 && errno == EINVAL, "write from nowhere: EINVAL");
	guest_ioctl(n->g.fd, VHOST_SET_FEATURES, &plain);
	if (guest_is_vhx() || newer) {
		tap_ok(put(n->g.fd, &rows[0]) == -EFAULT, "update without ACCESS_PLATFORM: EFAULT");
		tap_ok(put(n->g.fd, &rows[2]) == -EINVAL, "no message is none without it either");
	}
	guest_ioctl(n->g.fd, VHOST_SET_FEATURES, &n->opt.features);
	tap_ok(put(n->g.fd, &rows[0]) == MSG, "update with it again");
}

static short ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDNORM };

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

static int get(int fd, union viommu_msg *m)
{
	ssize_t n;

	memset(m, 0xaa, sizeof(*m));
	n = read(fd, m, sizeof(*m));
	return n < 0 ? -errno : (int)n;
}

static void block(int fd, bool on)
{
	fcntl(fd, F_SETFL, O_RDWR | (on ? 0 : O_NONBLOCK));
}

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	return !n;
}

/* Every byte of a message is one we know, or 0 (R5: CVE-2018-1118, CVE-2024-0340). */
static bool is_miss(const union viommu_msg *m, int form, uint64_t iova, uint8_t perm)
{
	const struct vhost_iotlb_msg want = { .iova = iova, .perm = perm, .type = VHOST_IOTLB_MISS };

	if (form != V1 && !all_zero((const uint8_t *)&m->v2.asid, sizeof(m->v2.asid)))
		return false;
	return m->v1.type == form && !memcmp(&m->v1.iotlb, &want, offsetof(struct vhost_iotlb_msg, type) + 1) &&
	       all_zero(m->bytes + SHORT, sizeof(*m) - SHORT);
}

static void set_backend_features(int fd, uint64_t f)
{
	guest_ioctl(fd, VHOST_SET_BACKEND_FEATURES, &f);
}

/* A TX queue that runs, and misses its descriptors. Nothing was answered yet. */
static void start_tx(struct netdrv *n, struct viommu *v, int tap)
{
	viommu_map_rings(v, &n->g);
	guest_set_backend(&n->g, TX, tap);
}

static void stop_tx(struct netdrv *n, struct viommu *v)
{
	guest_set_backend(&n->g, TX, -1);
	viommu_invalidate(v, 0, ~0ULL);
}

static void reads(struct netdrv *n, struct viommu *v, int tap)
{
	uint64_t desc = mem_gpa(&n->mem, n->g.vq[TX].ring.desc);
	uint8_t *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union viommu_msg m;
	int fd = n->g.fd;

	tap_ok(get(fd, &m) == -EAGAIN, "read of nothing, non-blocking: EAGAIN");
	tap_ok(read(fd, &m, MSG - 1) == 0, "read without room: 0");
	tap_ok(!(ready(fd, 0) & POLLIN), "nothing to poll for");

	start_tx(n, v, tap);
	tap_ok(ready(fd, WAIT) & POLLIN, "a queue without its ring: there is something to read");
	tap_ok(read(fd, &m, MSG - 1) == 0, "still no room: 0");
	tap_ok(ready(fd, 0) & POLLIN, "and it is still there");
	if (guest_is_vhx()) {
		tap_ok(read(fd, nowhere, MSG) < 0 && errno == EFAULT, "read to nowhere: EFAULT");
		tap_ok(ready(fd, 0) & POLLIN, "and nothing is lost");
	}
	tap_ok(get(fd, &m) == MSG && is_miss(&m, V1, desc, VHOST_ACCESS_RO),
	       "v1: the descriptors, for reading, and no byte besides");
	tap_ok(get(fd, &m) == -EAGAIN, "one miss, once");

	stop_tx(n, v);
	set_backend_features(fd, BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2));
	start_tx(n, v, tap);
	tap_ok(ready(fd, WAIT) & POLLIN, "again");
	tap_ok(get(fd, &m) == MSG && is_miss(&m, V2, desc, VHOST_ACCESS_RO), "v2: the same");
	stop_tx(n, v);

	start_tx(n, v, tap);
	tap_ok(ready(fd, WAIT) & POLLIN, "a miss that nobody reads");
	guest_set_backend(&n->g, TX, -1);
	tap_ok(!(ready(fd, 0) & POLLIN) && get(fd, &m) == -EAGAIN, "R36: goes with the backend");
	viommu_invalidate(v, 0, ~0ULL);
	munmap(nowhere, 4096);
}

struct reader {
	pthread_t thread;
	int fd;
	volatile int got;
	union viommu_msg m;
};

static void *read_blocking(void *arg)
{
	struct reader *r = arg;

	r->got = get(r->fd, &r->m);
	return NULL;
}

static void reader_start(struct reader *r, int fd)
{
	r->fd = fd;
	r->got = 1;
	pthread_create(&r->thread, NULL, read_blocking, r);
}

/* What a reader came back with; 1 when it has not. */
static int reader_end(struct reader *r, int ms)
{
	for (; ms > 0 && r->got == 1; ms -= 10)
		usleep(10000);
	if (r->got != 1)
		pthread_join(r->thread, NULL);
	return r->got;
}

static void on_signal(int sig)
{
}

/* Two readers, one miss. */
static void waits(struct netdrv *n, struct viommu *v, int tap)
{
	static struct reader r[2];
	int fd = n->g.fd, left, i;

	block(fd, true);
	reader_start(&r[0], fd);
	reader_start(&r[1], fd);
	tap_ok(reader_end(&r[0], 100) == 1 && reader_end(&r[1], 1) == 1, "two readers wait");
	start_tx(n, v, tap);
	for (left = WAIT; left > 0 && r[0].got == 1 && r[1].got == 1; left -= 10)
		usleep(10000);
	usleep(100000);
	i = r[0].got == 1;
	tap_ok(r[i].got == MSG && r[!i].got == 1, "one gets the miss, the other waits on (%d, %d)",
	       r[i].got, r[!i].got);
	pthread_kill(r[!i].thread, SIGUSR1);
	reader_end(&r[0], WAIT);
	reader_end(&r[1], WAIT);
	stop_tx(n, v);
	block(fd, false);
}

/* A reader alone: what wakes it. */
static void wakes(struct netdrv *n, struct viommu *v, int tap)
{
	uint64_t plain = F_MODERN;
	static struct reader r;
	int fd, copy, got;

	block(n->g.fd, true);
	reader_start(&r, n->g.fd);
	tap_ok(reader_end(&r, 100) == 1, "a reader waits");
	pthread_kill(r.thread, SIGUSR1);
	got = reader_end(&r, WAIT);
	tap_ok(got == -EINTR, "a signal ends it: EINTR (%d)", got);

	copy = dup(n->g.fd);
	reader_start(&r, copy);
	tap_ok(reader_end(&r, 100) == 1, "a reader waits");
	close(copy);
	tap_ok(reader_end(&r, 100) == 1, "its fd is closed under it, and it waits on");
	start_tx(n, v, tap);
	tap_ok(reader_end(&r, WAIT) == MSG, "and gets the next miss");
	stop_tx(n, v);

	reader_start(&r, n->g.fd);
	tap_ok(reader_end(&r, 100) == 1, "a reader waits");
	guest_ioctl(n->g.fd, VHOST_SET_FEATURES, &plain);
	if (!guest_is_vhx() && !newer) {
		tap_skip("it is told that there is no vIOMMU any more", "in-tree 6.12 leaves it");
		pthread_kill(r.thread, SIGUSR1);
		reader_end(&r, WAIT);
	} else {
		got = reader_end(&r, WAIT);
		tap_ok(got == -EBADFD, "it is told that there is no vIOMMU any more: EBADFD (%d)", got);
	}
	guest_ioctl(n->g.fd, VHOST_SET_FEATURES, &n->opt.features);
	reader_start(&r, n->g.fd);
	tap_ok(reader_end(&r, 100) == 1, "a reader waits");
	fd = guest_ioctl(n->g.fd, VHOST_RESET_OWNER, NULL);
	got = reader_end(&r, WAIT);
	tap_ok(!fd && got == -EBADFD, "RESET_OWNER tells it too: EBADFD (%d)", got);
	tap_ok(get(n->g.fd, &r.m) == -EBADFD, "and whoever comes after");
	block(n->g.fd, false);
	tap_ok(get(n->g.fd, &r.m) == -EAGAIN, "but non-blocking: EAGAIN");
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct utsname u;
	struct netdrv n;
	struct viommu v;
	int tap;

	sigaction(SIGUSR1, &act, NULL);
	uname(&u);
	newer = strncmp(u.release, "6.", 2);
	nettap_own_netns();
	tap = nettap_open("t0", NETTAP_DEFAULT);
	nettap_set_hdr(tap, HDR_V1);
	nettap_up("t0", 1500);
	if (netdrv_open(&n, &small) || viommu_open(&v, &n.g))
		tap_bail("the node does not do ACCESS_PLATFORM");
	writes(&n);
	viommu_close(&v);
	netdrv_close(&n);

	netdrv_open(&n, &small);
	viommu_open(&v, &n.g);
	reads(&n, &v, tap);
	waits(&n, &v, tap);
	wakes(&n, &v, tap);
	viommu_close(&v);
	netdrv_close(&n);
	return tap_done();
}
