// SPDX-License-Identifier: GPL-2.0-only
/*
 * A NIC to steer, see rig.h.
 */
#include <string.h>
#include <unistd.h>

#include "nettap.h"
#include "rig.h"
#include "tap.h"

/* What fails here leaves nothing to test. */
void rig_open(struct rig *r, const char *name, unsigned int queues,
	      const struct netdrv_opt *opt)
{
	unsigned int i;
	int err;

	memset(r, 0, sizeof(*r));
	r->name = name;
	r->queues = queues;
	for (i = 0; i < queues; i++) {
		r->tap[i] = nettap_open(name, queues > 1 ? NETTAP_MULTI : NETTAP_DEFAULT);
		if (r->tap[i] < 0 || nettap_set_hdr(r->tap[i], HDR_V1) ||
		    nettap_set_offload(r->tap[i], NETTAP_OFFLOADS))
			tap_bail("queue %u of tap %s", i, name);
	}
	if (nettap_up(name, 0))
		tap_bail("tap %s does not go up", name);
	r->host = packet_open(name, false);
	for (i = 0; i < queues; i++) {
		err = netdrv_open(&r->drv[i], opt);
		if (!err)
			err = netdrv_start(&r->drv[i], r->tap[i]);
		if (err)
			tap_bail("queue pair %u: %s", i, strerror(-err));
	}
}

void rig_close(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < r->queues; i++)
		netdrv_close(&r->drv[i]);
	for (i = 0; i < r->queues; i++)
		close(r->tap[i]);
	close(r->host);
}

/* Begin the books anew. */
void rig_forget(struct rig *r)
{
	memset(r->count, 0, sizeof(r->count));
	memset(r->next, 0, sizeof(r->next));
	memset(r->sent, 0, sizeof(r->sent));
	r->damaged = r->disorder = 0;
}

bool rig_stop_queue(struct rig *r, unsigned int q)
{
	return !guest_stop(&r->drv[q].g);
}

/* Go on where it stopped. */
bool rig_start_queue(struct rig *r, unsigned int q)
{
	return !guest_start(&r->drv[q].g, r->tap[q]);
}

/* The host sends a flow's next packet. Return: 0 or negative. */
int rig_send(struct rig *r, uint8_t flow, uint32_t len)
{
	struct flow_id id = { .flow = flow, .seq = r->sent[flow] };
	uint8_t buf[2048];
	int err;

	flow_make(buf, len, &id);
	err = packet_send(r->host, buf, len);
	if (err >= 0)
		r->sent[flow]++;
	return err < 0 ? err : 0;
}

void rig_take_queue(struct rig *r, unsigned int q)
{
	static __thread uint8_t buf[FLOW_MAX + 1];
	struct flow_id id;
	vnet_hdr hdr;
	int len;

	while ((len = netdrv_rx(&r->drv[q], &hdr, buf, sizeof(buf)))) {
		if (len < 0 || !flow_read(buf, len, &id)) {
			r->damaged++;
			if (len < 0)
				break;
			continue;
		}
		r->count[q][id.flow]++;
		r->disorder += id.seq < r->next[id.flow];
		r->next[id.flow] = id.seq + 1;
	}
	netdrv_rx_fill(&r->drv[q], UINT32_MAX);
}

void rig_take(struct rig *r)
{
	unsigned int q;

	for (q = 0; q < r->queues; q++)
		rig_take_queue(r, q);
}

uint32_t rig_by_queue(const struct rig *r, unsigned int q)
{
	uint32_t i, n = 0;

	for (i = 0; i < FLOWS; i++)
		n += r->count[q][i];
	return n;
}

uint32_t rig_by_flow(const struct rig *r, uint8_t flow)
{
	uint32_t q, n = 0;

	for (q = 0; q < r->queues; q++)
		n += r->count[q][flow];
	return n;
}

uint32_t rig_total(const struct rig *r)
{
	uint32_t q, n = 0;

	for (q = 0; q < r->queues; q++)
		n += rig_by_queue(r, q);
	return n;
}

/* Until that many have arrived. */
bool rig_wait(struct rig *r, uint32_t total, int ms)
{
	for (; ms > 0; ms -= 2) {
		rig_take(r);
		if (rig_total(r) >= total)
			return rig_total(r) == total;
		usleep(2000);
	}
	return false;
}

/* Until nothing has come for a while. */
void rig_settle(struct rig *r)
{
	uint32_t before;
	int quiet = 0;

	while (quiet < 10) {
		before = rig_total(r);
		usleep(10000);
		rig_take(r);
		quiet = rig_total(r) == before ? quiet + 1 : 0;
	}
}

/* Each packet that came was whole, came once, and none of its flow overtook it. */
bool rig_clean(const struct rig *r)
{
	if (r->damaged || r->disorder)
		tap_diag("%u damaged, %u late or twice", r->damaged, r->disorder);
	return !r->damaged && !r->disorder;
}
