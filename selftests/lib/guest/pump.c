// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbered traffic both ways, see pump.h.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "nettap.h"
#include "pump.h"
#include "tap.h"

#define SETTLE	5000	/* ms until what is on its way has to be there */
#define WINDOW	300	/* frames on their way to the guest: fewer than a tap's ring holds */
#define TURNS	200000

void pump_open(struct pump *p, int tap, int host)
{
	static uint8_t buf[2048];

	memset(p, 0, sizeof(*p));
	p->tap = tap;
	p->host = host;
	nettap_flush(tap);
	while (packet_recv(host, buf, sizeof(buf), 0) > 0)
		;
	if (netdrv_open(&p->drv, &(struct netdrv_opt){ .tx_size = 2048 }) ||
	    netdrv_start(&p->drv, tap))
		tap_bail("a guest");
}

void pump_close(struct pump *p)
{
	netdrv_close(&p->drv);
}

static void *from_host(void *arg)
{
	static uint8_t buf[2048];
	struct pump *p = arg;
	uint32_t seq = p->sent;

	while (!p->stop) {
		uint32_t len = 60 + seq * 7 % 1400;

		if (seq - p->seen > WINDOW) {
			usleep(200);
			continue;
		}
		frame_make(buf, len, seq);
		if (packet_send(p->host, buf, len) > 0)
			p->sent = ++seq;
	}
	return arg;
}

static void post(struct pump *p)
{
	static uint8_t buf[2048];
	uint32_t len;
	int i;

	for (i = 0; i < 20 && netdrv_tx_room(&p->drv) && p->posted - p->got < 200; i++) {
		len = 60 + p->posted % 1000;
		frame_make(buf, len, p->posted);
		if (netdrv_tx(&p->drv, NULL, buf, len))
			break;
		p->posted++;
	}
	netdrv_tx_flush(&p->drv);
	netdrv_tx_reap(&p->drv);
}

/* The guest does something: posts a few frames, takes what came. */
void pump_turn(struct pump *p)
{
	static uint8_t buf[2048];
	vnet_hdr hdr;
	int r;

	post(p);
	while ((r = netdrv_rx(&p->drv, &hdr, buf, sizeof(buf))) > 0)
		if (!frame_intact(buf, r) || frame_seq(buf) != p->seen++)
			p->ok = false;
	p->ok = p->ok && r == 0;
	netdrv_rx_fill(&p->drv, UINT32_MAX);
	while ((r = packet_recv(p->host, buf, sizeof(buf), 0)) > 0)
		if (!frame_intact(buf, r) || frame_seq(buf) != p->got++)
			p->ok = false;
}

static bool settled(struct pump *p)
{
	int ms;

	for (ms = 0; ms < SETTLE; ms++) {
		if (p->seen == p->sent && p->got == p->posted)
			return true;
		pump_turn(p);
		usleep(1000);
	}
	tap_diag("the guest got %u of %u, the host %u of %u", p->seen, p->sent, p->got, p->posted);
	return false;
}

/*
 * Run until @packets have gone each way, with @fn called once a turn. False: something was lost or
 * wrong, @fn said so, or it does not get on.
 */
bool pump_run(struct pump *p, uint32_t packets, pump_fn fn)
{
	uint32_t seen = p->seen, got = p->got;
	unsigned int turn;
	pthread_t sender;
	bool ran = false;

	p->stop = false;
	p->ok = true;
	pthread_create(&sender, NULL, from_host, p);
	for (turn = 0; !ran && p->ok && turn < TURNS; turn++) {
		pump_turn(p);
		if (fn && !fn(p, turn))
			p->ok = false;
		ran = p->seen - seen >= packets && p->got - got >= packets;
	}
	p->stop = true;
	pthread_join(sender, NULL);
	return ran && settled(p) && p->ok;
}
