/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-scsi driver and its VMM, over the queues of a vhost-scsi fd. The node is $VHX_SCSI, by
 * default /dev/vhx-scsi, so the same test runs on in-tree's /dev/vhost-scsi.
 *
 * What can fail returns 0 or a negative errno; -EPROTO: the device gave back what it never had.
 * Each queue may be driven by a thread of its own.
 */
#ifndef _SELFTEST_SCSIDRV_H
#define _SELFTEST_SCSIDRV_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vhost.h>
#include <linux/virtio_scsi.h>

#include "guest.h"
#include "scsicmd.h"

#define SCSI_CTL	0
#define SCSI_EVENT	1
#define SCSI_REQ	2	/* the first of the request queues */

#define SCSI_QUEUES	(GUEST_VQS - SCSI_REQ)

#define F_SCSI_INOUT	BIT64(VIRTIO_SCSI_F_INOUT)
#define F_SCSI_HOTPLUG	BIT64(VIRTIO_SCSI_F_HOTPLUG)
#define F_SCSI_CHANGE	BIT64(VIRTIO_SCSI_F_CHANGE)
#define F_SCSI_PI	BIT64(VIRTIO_SCSI_F_T10_PI)
#define F_SCSI_MODERN	(F_V1 | F_INDIRECT | F_EVENT_IDX | F_SCSI_HOTPLUG)

/**
 * struct scsidrv_opt - what scsidrv_open() is asked for; 0 means the default
 * @features: virtio features, default F_SCSI_MODERN; F_NONE for none at all
 * @queues: request queues, default 1
 * @num: size of each ring, default 128
 * @data_size: bytes a command's own data can have each way, default 65536
 * @mem_size: guest memory, default what the above needs and 16 MiB
 * @wwpn: whom to be bound to, default $VHX_WWPN, or else SCSI_NOBODY
 * @tpgt: which port group of it; the ABI has it looked at by nobody
 */
struct scsidrv_opt {
	uint64_t features;
	unsigned int queues;
	uint32_t num;
	uint32_t data_size;
	size_t mem_size;
	const char *wwpn;
	uint16_t tpgt;
};

#define SCSI_NOBODY	"naa.5001405000000000"	/* no endpoint has this name */

/**
 * struct scsislot - guest memory of one request
 * @req: the request it is lent to
 * @out: what the device reads
 * @in: what it writes
 */
struct scsislot {
	void *req;
	uint8_t *out;
	uint8_t *in;
};

/**
 * struct scsiq - what is under way on a queue
 * @vq: the queue
 * @slot: as many as the ring has descriptors
 * @free: those that nobody has
 * @nfree: how many those are
 */
struct scsiq {
	struct vq *vq;
	struct scsislot *slot;
	struct scsislot **free;
	uint32_t nfree;
};

/**
 * struct scsictl - a request of the control queue; what is 0 is the default
 * @type: VIRTIO_SCSI_T_TMF, _AN_QUERY or _AN_SUBSCRIBE, or what nobody knows
 * @subtype: of a TMF
 * @events: of the others
 * @lun: address
 * @tag: of the command that it is about
 * @cut: as in struct scsicmd
 * @req_len: bytes of it there are to be
 * @resp_len: bytes of room for a response
 *
 * @done: it has ended, and what follows counts
 * @used: bytes that the device says it wrote
 * @response: VIRTIO_SCSI_S_*
 * @actual: what AN_QUERY and AN_SUBSCRIBE got
 */
struct scsictl {
	uint32_t type;
	uint32_t subtype;
	uint32_t events;
	uint8_t lun[8];
	uint64_t tag;
	uint32_t cut;
	uint32_t req_len;
	uint32_t resp_len;

	bool done;
	uint32_t used;
	uint8_t response;
	uint32_t actual;
};

/**
 * struct scsidrv - the driver's state
 * @q: of each queue, as it is numbered
 * @base: where each was stopped, as VHOST_GET_VRING_BASE said
 */
struct scsidrv {
	struct mem mem;
	struct guest g;
	struct scsidrv_opt opt;
	struct scsiq q[GUEST_VQS];
	uint32_t base[GUEST_VQS];
};

const char *scsidrv_node(void);
bool scsidrv_is_vhx(void);

int scsidrv_open(struct scsidrv *d, const struct scsidrv_opt *opt);
void scsidrv_close(struct scsidrv *d);
int scsidrv_own_workers(struct scsidrv *d);
int scsidrv_set_endpoint(struct scsidrv *d);
int scsidrv_clear_endpoint(struct scsidrv *d);
int scsidrv_start(struct scsidrv *d);
int scsidrv_stop(struct scsidrv *d);
int scsidrv_resume(struct scsidrv *d);
int scsidrv_reset(struct scsidrv *d);

/* Request queues are counted from 0. */
int scsidrv_submit(struct scsidrv *d, unsigned int q, struct scsicmd *cmd);
void scsidrv_flush(struct scsidrv *d, unsigned int q);
int scsidrv_reap(struct scsidrv *d, unsigned int q);
bool scsidrv_wait(struct scsidrv *d, unsigned int q, struct scsicmd *cmd, int ms);
bool scsidrv_drain(struct scsidrv *d, unsigned int q, int ms);
int scsidrv_run(struct scsidrv *d, unsigned int q, struct scsicmd *cmd, int ms);

/* scsictl.c: the control and the event queue. */
int scsidrv_ctl(struct scsidrv *d, struct scsictl *ctl);
bool scsidrv_ctl_wait(struct scsidrv *d, struct scsictl *ctl, int ms);
int scsidrv_tmf(struct scsidrv *d, uint32_t subtype, const struct scsicmd *about, int ms);
uint32_t scsidrv_event_fill(struct scsidrv *d, uint32_t max);
int scsidrv_event(struct scsidrv *d, struct virtio_scsi_event *ev, int ms);

/* Between the two files. */
struct scsihalf {
	uint8_t *at;
	uint32_t head;
	uint32_t len;
	uint32_t cut;
};

#define SCSI_SEGS	1024	/* pieces of a request */

int scsidrv_cut(const struct scsidrv *d, const struct scsihalf *h, struct sg *sg, unsigned int n);
struct scsislot *scsidrv_slot(struct scsiq *q);
int scsidrv_post(struct scsiq *q, const struct sg *sg, unsigned int nout, unsigned int nin);

#endif /* _SELFTEST_SCSIDRV_H */
