// SPDX-License-Identifier: GPL-2.0-only
/*
 * Behind a vIOMMU: what is asked for and answered page by page, what is taken back while commands
 * are under way, a VMM that stops the device without an answer, and one that knows of no read that
 * waits. And the migration log: data and responses are in it, and the ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dirtylog.h"
#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"
#include "viommu.h"

#define WWPN	"naa.5001405abcdef005"
#define WAIT	10000
#define SHORT	200		/* for what must not happen */
#define BLOCKS	32
#define DATA	(BLOCKS * RAMDISK_BLOCK)
#define N	8
#define ROUNDS	10

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;
static struct viommu iommu;
static struct scsicmd cmd[N];
static uint8_t data[N][DATA];

static void open_host(uint64_t features)
{
	const struct scsidrv_opt opt = {
		.wwpn = WWPN, .features = features, .num = 16, .data_size = DATA,
		/* Each page is mapped by itself, which a kernel that is debugged finds hard. */
		.mem_size = 1 << 20,
	};
	int r = scsidrv_open(&drv, &opt);

	if (!r && features & F_PLATFORM) {
		r = viommu_open(&iommu, &drv.g);
		if (!r)
			r = viommu_map_rings(&iommu, &drv.g);
	}
	if (!r)
		r = scsidrv_start(&drv);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
}

static void close_host(void)
{
	scsidrv_close(&drv);
	if (iommu.mem)
		viommu_close(&iommu);
	memset(&iommu, 0, sizeof(iommu));
}

/* Writes and reads by turns, each of its own place. */
static void submit(void)
{
	unsigned int i, k;

	for (i = 0; i < N; i++) {
		scsicmd_to(&cmd[i], 0, 0);
		cmd[i].cut = SCSICUT_RANDOM;
		if (i % 2) {
			scsicmd_read(&cmd[i], BLOCKS * i, BLOCKS);
			cmd[i].in = data[i];
			cmd[i].in_len = DATA;
		} else {
			for (k = 0; k < DATA; k++)
				data[i][k] = rnd();
			scsicmd_write(&cmd[i], BLOCKS * i, BLOCKS);
			cmd[i].out = data[i];
			cmd[i].out_len = DATA;
		}
		if (scsidrv_submit(&drv, 0, &cmd[i]))
			tap_bail("submit");
	}
	scsidrv_flush(&drv, 0);
}

static bool all_good(void)
{
	unsigned int i;
	bool good = true;

	for (i = 0; i < N; i++)
		good = good && scsicmd_good(&cmd[i]) &&
		       !memcmp(disk.data + DATA * i, data[i], DATA);
	return good;
}

static bool round_trip(void)
{
	submit();
	return scsidrv_drain(&drv, 0, WAIT) && all_good();
}

/* ---- the vIOMMU ---- */

static void translated(uint64_t features, const char *what)
{
	unsigned int i;
	bool good = true;
	int r;

	open_host(features | F_PLATFORM);
	viommu_start(&iommu);
	tap_ok(round_trip(), "%s: through a vIOMMU", what);
	tap_ok(iommu.misses > N, "%s: which was asked (%u)", what, iommu.misses);
	for (i = 0; i < ROUNDS && good; i++) {
		submit();
		viommu_invalidate(&iommu, drv.mem.gpa, drv.mem.size);
		viommu_map_rings(&iommu, &drv.g);
		good = scsidrv_drain(&drv, 0, WAIT) && all_good();
	}
	tap_ok(good, "%s: all taken back while commands are under way", what);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &cmd[0], WAIT) == 0,
	       "%s: a function", what);
	tap_ok(!iommu.strange, "%s: the questions made sense", what);
	viommu_stop(&iommu);
	r = scsidrv_stop(&drv);
	tap_ok(!r, "%s: stopped (%s)", what, strerror(-r));
	close_host();
}

static void *stop(void *arg)
{
	*(int *)arg = scsidrv_stop(&drv);
	return NULL;
}

/* Who would answer is in the stop: it must not wait for that. */
static void unanswered(void)
{
	struct timespec ts;
	pthread_t t;
	int r = 1;

	open_host(F_SCSI_MODERN | F_PLATFORM);
	submit();
	usleep(SHORT * 1000);
	if (pthread_create(&t, NULL, stop, &r))
		tap_bail("thread");
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += WAIT / 1000;
	if (!tap_ok(!pthread_timedjoin_np(t, NULL, &ts) && !r,
		    "a VMM that stops is not waited for"))
		tap_bail("the device cannot be stopped");
	close_host();
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Return: as read(2) of what is missing, which is nothing; -EINTR: it waited. */
static int read_none(void)
{
	struct vhost_msg_v2 msg;
	ssize_t n;
	int r;

	alarm(2);
	n = read(drv.g.fd, &msg, sizeof(msg));
	r = n < 0 ? -errno : (int)n;
	alarm(0);
	return r;
}

/* An fd as QEMU opens it, or is given it: it reads until there is nothing more. */
static void as_opened(void)
{
	const struct scsidrv_opt opt = { .features = F_SCSI_MODERN | F_PLATFORM };
	const struct sigaction sa = { .sa_handler = on_alarm };
	int r = scsidrv_open(&drv, &opt);

	if (r || sigaction(SIGALRM, &sa, NULL))
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
	r = read_none();
	tap_ok(r == -EAGAIN, "a read of nothing does not wait (%s)", strerror(-r));
	tap_ok(!fcntl(drv.g.fd, F_SETFL, O_RDWR) && read_none() == -EINTR,
	       "unless somebody wants it to");
	scsidrv_close(&drv);
}

/* ---- the log ---- */

/* Where the device writes: the slots of commands that read. Return: what is not in the log. */
static unsigned int missing(const struct dirtylog *l)
{
	struct scsiq *q = &drv.q[SCSI_REQ];
	unsigned int n = 0;
	uint32_t i;

	for (i = 0; i < drv.opt.num; i++) {
		const struct scsicmd *c = q->slot[i].req;
		const uint32_t len = c ? sizeof(c->resp) + c->in_len : 0;
		uint32_t at;

		for (at = 0; at < len; at += 512)
			n += !dirtylog_has(l, mem_gpa(&drv.mem, q->slot[i].in + at));
	}
	return n;
}

static bool ring_logged(const struct dirtylog *l, const struct ring *r)
{
	return dirtylog_has(l, mem_gpa(&drv.mem, r->packed ? (void *)r->pdesc : (void *)r->used));
}

static void logged(uint64_t features, const char *what)
{
	const uint32_t answered = disk.s->answered;
	struct ring *r;
	struct dirtylog l;
	int i, err;

	open_host(features);
	r = &drv.q[SCSI_REQ].vq->ring;
	if (dirtylog_open(&l, &drv.g, 0))
		tap_bail("a log");
	err = guest_log_base(&drv.g, l.bits);
	if (!err)
		err = guest_log_data(&drv.g, true);
	if (!err)
		err = guest_log_ring(&drv.g, SCSI_REQ, true, mem_gpa(&drv.mem, r->used));
	tap_ok(!err, "%s: a log, while the device runs (%s)", what, strerror(-err));
	submit();
	/* Not reaped yet: then the slots are known to be the commands'. */
	ramdisk_reaches(&disk.s->answered, answered + N);
	/* The ring is written last. */
	for (i = 0; i < WAIT && (missing(&l) || !ring_logged(&l, r)); i++)
		usleep(1000);
	tap_ok(!missing(&l), "%s: data and responses are in it", what);
	tap_ok(ring_logged(&l, r), "%s: and the ring", what);
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good(), "%s: all went well", what);
	err = guest_log_data(&drv.g, false);
	dirtylog_clear(&l);
	tap_ok(!err && round_trip() && dirtylog_count(&l) <= 2, "%s: and no more of it (%llu)",
	       what, (unsigned long long)dirtylog_count(&l));
	tap_ok(!scsidrv_stop(&drv), "%s: stopped", what);
	close_host();
	dirtylog_close(&l);
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	rnd_start();
	ramdisk_open(&disk);
	translated(F_SCSI_MODERN, "split");
	translated(F_SCSI_MODERN | F_PACKED, "packed");
	unanswered();
	as_opened();
	logged(F_SCSI_MODERN, "split");
	logged(F_SCSI_MODERN | F_PACKED, "packed");
	ramdisk_close(&disk);
	return tap_done();
}
