// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a vhost-scsi fd with right and wrong arguments: one line a case, the errno is
 * in-tree's: VHX_SCSI=/dev/vhost-scsi proves it. The way of a VMM with an endpoint as well: with one
 * of the test's own, or VHX_WWPN, the name of one that is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WAIT	5000
#define TARGETS	256
#define KERNEL	0xffff888000000000ULL	/* an address that no process has */

/* How far a VMM has come with the fd. */
enum state {
	OPENED,			/* no owner */
	OWNED,			/* owner, nothing else */
	MAPPED,			/* and a memory table */
	READY,			/* and rings */
};

/* What the ioctl's argument points to. */
enum kind {
	NULLPTR,
	READONLY,		/* a page that can be read alone */
	SHORT,			/* the argument's last byte is not there */
	WORD,			/* 64 bits, @a in the first 32 */
	TARGET,			/* a vhost_scsi_target, @a its reserved word, @b its abi_version */
	EMPTY,			/* one without a name */
	ENDLESS,		/* one whose name has no end */
};

struct row {
	enum state state;
	unsigned long cmd;
	enum kind kind;
	uint32_t a, b;
	int err;
	const char *text;
};

#define C(state_, cmd_, kind_, a_, b_, err_) \
	{ state_, VHOST_##cmd_, kind_, a_, b_, err_, #state_ " " #cmd_ " " #kind_ " " #a_ " " #b_ }

static const struct row rows[] = {
	C(OPENED, SCSI_GET_ABI_VERSION, WORD, 0, 0, 0),
	C(OWNED,  SCSI_GET_ABI_VERSION, WORD, 0, 0, 0),
	C(READY,  SCSI_GET_ABI_VERSION, WORD, 0, 0, 0),
	C(OPENED, SCSI_GET_ABI_VERSION, NULLPTR, 0, 0, EFAULT),
	C(OPENED, SCSI_GET_ABI_VERSION, READONLY, 0, 0, EFAULT),
	C(READY,  SCSI_GET_ABI_VERSION, SHORT, 0, 0, EFAULT),

	C(OPENED, SCSI_SET_EVENTS_MISSED, WORD, 1, 0, 0),
	C(READY,  SCSI_SET_EVENTS_MISSED, WORD, 0, 0, 0),
	C(READY,  SCSI_SET_EVENTS_MISSED, READONLY, 0, 0, 0),
	C(OPENED, SCSI_SET_EVENTS_MISSED, NULLPTR, 0, 0, EFAULT),
	C(OPENED, SCSI_SET_EVENTS_MISSED, SHORT, 0, 0, EFAULT),
	C(OPENED, SCSI_GET_EVENTS_MISSED, WORD, 0, 0, 0),
	C(OPENED, SCSI_GET_EVENTS_MISSED, NULLPTR, 0, 0, EFAULT),
	C(OPENED, SCSI_GET_EVENTS_MISSED, READONLY, 0, 0, EFAULT),
	C(OPENED, SCSI_GET_EVENTS_MISSED, SHORT, 0, 0, EFAULT),

	/* The argument is looked at before the device is. */
	C(OPENED, SCSI_SET_ENDPOINT, NULLPTR, 0, 0, EFAULT),
	C(OPENED, SCSI_SET_ENDPOINT, SHORT, 0, 0, EFAULT),
	C(READY,  SCSI_SET_ENDPOINT, NULLPTR, 0, 0, EFAULT),
	C(READY,  SCSI_SET_ENDPOINT, SHORT, 0, 0, EFAULT),
	C(OPENED, SCSI_SET_ENDPOINT, TARGET, 1, 0, EOPNOTSUPP),
	C(READY,  SCSI_SET_ENDPOINT, TARGET, 1, 0, EOPNOTSUPP),
	C(READY,  SCSI_SET_ENDPOINT, TARGET, 0xffff, 0, EOPNOTSUPP),

	/* No ring can be reached without a memory table, not even one that nobody set up. */
	C(OPENED, SCSI_SET_ENDPOINT, TARGET, 0, 0, EFAULT),
	C(OWNED,  SCSI_SET_ENDPOINT, TARGET, 0, 0, EFAULT),
	C(MAPPED, SCSI_SET_ENDPOINT, TARGET, 0, 0, ENODEV),

	/* Nobody has that name; the version is not looked at. */
	C(READY,  SCSI_SET_ENDPOINT, TARGET, 0, 0, ENODEV),
	C(READY,  SCSI_SET_ENDPOINT, TARGET, 0, 1, ENODEV),
	C(READY,  SCSI_SET_ENDPOINT, TARGET, 0, 77, ENODEV),
	C(READY,  SCSI_SET_ENDPOINT, EMPTY, 0, 0, ENODEV),
	C(READY,  SCSI_SET_ENDPOINT, ENDLESS, 0, 0, ENODEV),

	C(OPENED, SCSI_CLEAR_ENDPOINT, NULLPTR, 0, 0, EFAULT),
	C(READY,  SCSI_CLEAR_ENDPOINT, SHORT, 0, 0, EFAULT),
	C(OPENED, SCSI_CLEAR_ENDPOINT, TARGET, 1, 0, EOPNOTSUPP),
	C(READY,  SCSI_CLEAR_ENDPOINT, TARGET, 0xffff, 0, EOPNOTSUPP),
	C(OPENED, SCSI_CLEAR_ENDPOINT, TARGET, 0, 0, EFAULT),
	C(OWNED,  SCSI_CLEAR_ENDPOINT, TARGET, 0, 0, EFAULT),
	/* There is none to be cleared: QEMU does it on its way out. */
	C(MAPPED, SCSI_CLEAR_ENDPOINT, TARGET, 0, 0, 0),
	C(READY,  SCSI_CLEAR_ENDPOINT, TARGET, 0, 0, 0),
	C(READY,  SCSI_CLEAR_ENDPOINT, EMPTY, 0, 0, 0),

	/* Of another class. */
	C(OPENED, NET_SET_BACKEND, WORD, 0, 0, EPERM),
	C(OWNED,  NET_SET_BACKEND, WORD, 0, 0, ENOTTY),
	C(OWNED,  NET_SET_BACKEND, WORD, 0xffffffff, 0, ENOBUFS),
};

static struct mem mem;
static uint8_t *pages;		/* three: one to write, one to read, one that is not there */
static size_t page;

static void make_pages(void)
{
	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_READ) ||
	    mprotect(pages + 2 * page, page, PROT_NONE))
		tap_bail("pages");
}

static void *argument(const struct row *row)
{
	static struct vhost_scsi_target t;
	static uint64_t word;

	word = row->a;
	t = (struct vhost_scsi_target){
		.abi_version = row->b, .vhost_wwpn = SCSI_NOBODY, .reserved = row->a,
	};
	switch (row->kind) {
	case READONLY:
		return pages + page;
	case SHORT:
		return pages + 2 * page - (_IOC_SIZE(row->cmd) - 1);
	case WORD:
		return &word;
	case EMPTY:
		memset(t.vhost_wwpn, 0, sizeof(t.vhost_wwpn));
		return &t;
	case ENDLESS:
		memset(t.vhost_wwpn, 'n', sizeof(t.vhost_wwpn));
		return &t;
	case TARGET:
		return &t;
	default:
		return NULL;
	}
}

static int reach(struct guest *g, enum state state)
{
	struct guest_opt opt = {
		.node = scsidrv_node(), .features = F_SCSI_MODERN, .num = 64, .nvq = 3,
	};
	int r = 0;

	mem.used = 0;
	if (state == READY)
		return guest_open(g, &mem, &opt);
	memset(g, 0, sizeof(*g));
	g->mem = &mem;
	g->fd = open(opt.node, O_RDWR | O_CLOEXEC);
	if (g->fd < 0)
		return -errno;
	if (state >= OWNED)
		r = guest_ioctl(g->fd, VHOST_SET_OWNER, NULL);
	if (!r && state >= MAPPED)
		r = guest_map(g);
	return r;
}

static void check(const struct row *row)
{
	struct guest g;
	int r = reach(&g, row->state);

	if (r) {
		tap_ok(false, "%s: not reached (%s)", row->text, strerror(-r));
	} else {
		r = guest_ioctl(g.fd, row->cmd, argument(row));
		tap_ok(r == -row->err, "%s: %s (%s)", row->text,
		       row->err ? strerror(row->err) : "good", r ? strerror(-r) : "good");
	}
	guest_close(&g);
}

static void values(void)
{
	int fd = open(scsidrv_node(), O_RDWR | O_CLOEXEC), version = -1;
	uint32_t on = 1, off = 0, missed = 9;
	uint64_t features = 0, unknown = BIT64(63);

	tap_ok(!guest_ioctl(fd, VHOST_SCSI_GET_ABI_VERSION, &version) && version == 1,
	       "the ABI's version is 1 (%d)", version);
	tap_ok(!guest_ioctl(fd, VHOST_SCSI_GET_EVENTS_MISSED, &missed) && !missed,
	       "no event was missed yet");
	tap_ok(!guest_ioctl(fd, VHOST_SCSI_SET_EVENTS_MISSED, &on) &&
	       !guest_ioctl(fd, VHOST_SCSI_GET_EVENTS_MISSED, &missed) && missed == 1,
	       "what a migrated guest missed is kept");
	tap_ok(!guest_ioctl(fd, VHOST_SCSI_SET_EVENTS_MISSED, &off) &&
	       !guest_ioctl(fd, VHOST_SCSI_GET_EVENTS_MISSED, &missed) && !missed,
	       "and forgotten again");
	tap_ok(!guest_ioctl(fd, VHOST_GET_FEATURES, &features) &&
	       (features & F_SCSI_MODERN) == F_SCSI_MODERN,
	       "what a driver wants is offered (%#llx)", (unsigned long long)features);
	tap_ok(guest_ioctl(fd, VHOST_SET_FEATURES, &unknown) == -EOPNOTSUPP,
	       "what is not is refused");
	close(fd);
}

/* A ring out of reach is found when the device is started, not before. */
static void ring_out_of_reach(void)
{
	struct vhost_vring_addr addr;
	struct scsidrv d;
	int r = scsidrv_open(&d, &(struct scsidrv_opt){ .wwpn = SCSI_NOBODY });

	if (r) {
		tap_ok(false, "a driver opens the device (%s)", strerror(-r));
		return;
	}
	guest_addr(&d.g, SCSI_REQ, &addr);
	addr.avail_user_addr = KERNEL;
	r = guest_ioctl(d.g.fd, VHOST_SET_VRING_ADDR, &addr);
	tap_ok(!r && scsidrv_set_endpoint(&d) == -EFAULT, "a ring in the kernel's memory");
	tap_ok(!guest_setup_vq(&d.g, SCSI_REQ, BASE_BEGIN) && scsidrv_set_endpoint(&d) == -ENODEV,
	       "and back in the guest's");
	scsidrv_close(&d);
}

static void many_queues(void)
{
	const struct scsidrv_opt opt = { .queues = 4, .num = 64, .wwpn = SCSI_NOBODY };
	struct scsidrv d;
	unsigned int i;
	int r = scsidrv_open(&d, &opt);
	bool begun = true;

	if (r) {
		tap_ok(false, "four request queues (%s)", strerror(-r));
		return;
	}
	tap_ok(true, "four request queues");
	r = scsidrv_own_workers(&d);
	tap_ok(!r, "each with a worker (%s)", strerror(-r));
	tap_ok(scsidrv_start(&d) == -ENODEV, "nobody to be bound to");
	tap_ok(!scsidrv_stop(&d), "stopped all the same");
	for (i = 0; i < d.g.nvq; i++)
		begun = begun && d.base[i] == ring_base(&d.q[i].vq->ring);
	tap_ok(begun, "and nothing was taken from a queue");
	scsidrv_close(&d);
}

static bool present(struct scsidrv *d, uint8_t target, uint8_t *inquiry)
{
	static struct scsicmd c;

	scsicmd_to(&c, target, 0);
	scsicmd_inquiry(&c, inquiry, 36);
	if (scsidrv_run(d, 0, &c, WAIT))
		tap_bail("INQUIRY of target %u never ends", target);
	return scsicmd_good(&c);
}

static void bound(struct scsidrv *d)
{
	struct scsidrv_opt nobody = d->opt;
	unsigned int target, found = 0;
	uint8_t inquiry[36];

	for (target = 0; target < TARGETS; target++)
		found += present(d, target, inquiry);
	tap_ok(found, "%u targets answer", found);
	tap_ok(scsidrv_set_endpoint(d) == -EEXIST, "bound twice");
	d->opt.wwpn = SCSI_NOBODY;
	tap_ok(scsidrv_clear_endpoint(d) == -EINVAL, "let go of by another name");
	d->opt = nobody;
	tap_ok(!scsidrv_stop(d), "stopped");
	tap_ok(!scsidrv_resume(d), "and bound again");
	for (target = 0; target < TARGETS && found; target++)
		found -= present(d, target, inquiry);
	tap_ok(!found, "the same targets answer");
	tap_ok(!scsidrv_stop(d), "stopped at last");
}

static void endpoint(void)
{
	struct ramdisk disk = { .name = "naa.5001405abcdef000" };
	struct scsidrv_opt opt = { .wwpn = getenv("VHX_WWPN") };
	const bool own = !opt.wwpn && scsidrv_is_vhx();
	struct scsidrv d;
	int r;

	if (!opt.wwpn && !own) {
		tap_skip("a VMM's way with an endpoint", "VHX_WWPN names none that is served");
		return;
	}
	if (own) {
		opt.wwpn = disk.name;
		ramdisk_open(&disk);
	}
	r = scsidrv_open(&d, &opt);
	if (r)
		tap_bail("open %s: %s", scsidrv_node(), strerror(-r));
	r = scsidrv_start(&d);
	if (tap_ok(!r, "bound to %s (%s)", d.opt.wwpn, strerror(-r)))
		bound(&d);
	scsidrv_close(&d);
	if (own)
		ramdisk_close(&disk);
}

int main(void)
{
	unsigned int i;

	if (access(scsidrv_node(), F_OK))
		tap_skip_all("%s: %s", scsidrv_node(), strerror(errno));
	if (mem_open(&mem, 8 << 20))
		tap_bail("memory");
	make_pages();
	values();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
	ring_out_of_reach();
	many_queues();
	endpoint();
	return tap_done();
}
