// SPDX-License-Identifier: GPL-2.0-only
/*
 * Polling within a NIC's budget: the worker of a busy queue does not sleep, that of an idle one does
 * not burn, and who else wants the CPU or the worker gets it. Counted in context switches, not in
 * time. time-limit: 240
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "libvhx.h"
#include "netdrv.h"
#include "nettap.h"
#include "pump.h"
#include "tap.h"
#include "vhxstat.h"
#include "worker.h"

#define PINGS	1000
#define WAIT	5000
#define LONG	10000	/* us: so long that a machine under load keeps to it */

static int tap, host;
static struct pump pump;
static uint8_t frame[256];

static int set_poll(uint32_t nic, uint32_t us)
{
	struct vhx_nl *nl;
	int err = vhx_nl__open(&nl);

	if (err)
		return err;
	err = vhx_nic__set_poll(nl, nic, us);
	vhx_nl__close(nl);
	return err;
}

static struct vhxstat queue(unsigned int dir)
{
	struct vhxstat q = { 0 };

	if (vhxstat_find(&q, 0, dir))
		tap_bail("vhx does not say anything of the queue");
	return q;
}

/* How often a thread has left its CPU, willingly or not. */
static long switches(int tid)
{
	char path[64], line[128];
	long n, sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

/* A guest that sends one packet and looks until it is sent. */
static bool ping_tx(void)
{
	struct netdrv *d = &pump.drv;
	long turns = 0;

	netdrv_tx(d, NULL, frame, 60);
	netdrv_tx_flush(d);
	while (netdrv_tx_reap(d) <= 0)
		if (++turns > 2000000000)
			return false;
	return packet_recv(host, frame, sizeof(frame), WAIT) == 60;
}

/* And one that looks until the host's packet is there. */
static bool ping_rx(void)
{
	struct netdrv *d = &pump.drv;
	uint8_t buf[256];
	long turns = 0;
	vnet_hdr hdr;
	bool ok;

	packet_send(host, frame, 60);
	while (!ring_has_used(&d->g.vq[RX].ring))
		if (++turns > 2000000000)
			return false;
	ok = netdrv_rx(d, &hdr, buf, sizeof(buf)) == 60;
	netdrv_rx_fill(d, UINT32_MAX);
	return ok;
}

/* Context switches of the worker in a thousand packets; the least of three spells. */
static long switches_of(bool (*ping)(void), unsigned int dir)
{
	long before, n, least = -1;
	int spell, i;

	for (spell = 0; spell < 3; spell++) {
		struct vhxstat q = queue(dir);

		before = switches(q.worker);
		for (i = 0; i < PINGS; i++)
			if (!ping())
				return -1;
		n = switches(q.worker) - before;
		if (least < 0 || n < least)
			least = n;
	}
	return least * 1000 / PINGS;
}

static void test_set(void)
{
	uint32_t nic = queue(TX).nic;
	int status;
	pid_t pid;

	tap_ok(set_poll(nic, 10001) == -ERANGE, "ERANGE above 10 ms");
	tap_ok(set_poll(nic + 1000, 100) == -ENOENT, "ENOENT for a NIC that is not there");
	pid = fork();
	if (!pid)
		_exit(setuid(65534) || set_poll(nic, 100) != -EPERM);
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "EPERM without CAP_NET_ADMIN");
	pid = fork();
	if (!pid)
		_exit(nettap_own_netns() || set_poll(nic, 100) != -ENOENT);
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "ENOENT from another network namespace");
	tap_ok(!set_poll(nic, 10000) && !set_poll(nic, 0) && !set_poll(nic, VHX_NIC_POLL_VMM),
	       "set, set to none, left to the VMM");
}

static void test_busy(unsigned int dir, bool (*ping)(void))
{
	const char *name = dir == TX ? "TX" : "RX";
	struct vhxstat before, after;
	uint32_t nic = queue(dir).nic;
	long n;

	set_poll(nic, 0);
	n = switches_of(ping, dir);
	tap_ok(n > 500, "%s, without polling: the worker sleeps between packets (%ld of 1000)", name, n);
	before = queue(dir);
	set_poll(nic, LONG);
	n = switches_of(ping, dir);
	after = queue(dir);
	tap_ok(n >= 0 && n < 100, "%s, polling: fewer than 0.1 context switches a packet (%ld of 1000)",
	       name, n);
	tap_ok(after.count[VHX_QSTAT_POLL_HITS] - before.count[VHX_QSTAT_POLL_HITS] > PINGS &&
	       after.poll_us > 0, "%s: hits are counted (%lu, window %u us)", name,
	       (unsigned long)after.count[VHX_QSTAT_POLL_HITS], after.poll_us);
	set_poll(nic, VHX_NIC_POLL_VMM);
}

/* A packet now and then: polling would not pay, and so is given up. */
static void test_idle(void)
{
	struct vhxstat before, after;
	uint32_t nic = queue(TX).nic;
	uint64_t misses;
	int i;

	set_poll(nic, 1000);
	for (i = 0; i < 20; i++) {
		ping_tx();
		usleep(20000);
	}
	before = queue(TX);
	for (i = 0; i < 20; i++) {
		ping_tx();
		usleep(20000);
	}
	after = queue(TX);
	misses = after.count[VHX_QSTAT_POLL_MISSES] - before.count[VHX_QSTAT_POLL_MISSES];
	tap_ok(before.count[VHX_QSTAT_POLL_MISSES] > 0, "misses are counted (%lu)",
	       (unsigned long)before.count[VHX_QSTAT_POLL_MISSES]);
	tap_ok(after.poll_us < 100 && misses <= 10, "long sleeps: it no longer polls (%u us, %lu misses)",
	       after.poll_us, (unsigned long)misses);
	tap_ok(worker_rests(200), "and the worker rests");
	set_poll(nic, LONG);
	for (i = 0; i < 2 * PINGS && queue(TX).poll_us < 10; i++)
		ping_tx();
	tap_ok(queue(TX).poll_us >= 10, "short ones again: it polls again");
	tap_ok(worker_rests(200), "an idle queue of a NIC that may poll costs nothing");
	set_poll(nic, VHX_NIC_POLL_VMM);
}

static uint64_t polls(const struct vhxstat *q)
{
	return q->count[VHX_QSTAT_POLL_HITS] + q->count[VHX_QSTAT_POLL_MISSES];
}

static void vmm_says(uint32_t us)
{
	int i;

	for (i = 0; i < 2; i++)
		guest_ioctl(pump.drv.g.fd, VHOST_SET_VRING_BUSYLOOP_TIMEOUT,
			    &(struct vhost_vring_state){ .index = i, .num = us });
}

static void test_whose_word(void)
{
	struct vhxstat before = queue(TX), after;
	uint32_t nic = before.nic;
	int i;

	for (i = 0; i < 200; i++)
		ping_tx();
	after = queue(TX);
	tap_ok(polls(&after) == polls(&before), "nobody said so: it does not poll");
	vmm_says(LONG);
	for (i = 0; i < 200; i++)
		ping_tx();
	before = queue(TX);
	tap_ok(polls(&before) > polls(&after), "the VMM said so: it polls");
	set_poll(nic, 0);
	ping_tx();
	before = queue(TX);
	for (i = 0; i < 200; i++)
		ping_tx();
	after = queue(TX);
	tap_ok(polls(&after) == polls(&before), "the operator said no: it does not");
	set_poll(nic, VHX_NIC_POLL_VMM);
	vmm_says(UINT32_MAX);
	for (i = 0; i < 200; i++)
		ping_tx();
	before = queue(TX);
	tap_ok(polls(&before) > polls(&after) && worker_rests(200),
	       "the VMM said an hour: an idle queue does not poll for it");
	vmm_says(0);
}

static bool poll_flips(struct pump *p, unsigned int turn)
{
	static const uint32_t us[] = { 0, 50, 1000, LONG };

	return turn % 50 || !set_poll(queue(TX).nic, us[turn / 50 % 4]);
}

/* Both queues on one worker, each polling for long: neither waits for the other. */
static void test_shared(void)
{
	uint32_t nic = queue(TX).nic;
	int i;

	set_poll(nic, LONG);
	for (i = 0; i < 300; i++)
		if (!ping_tx() || !ping_rx())
			break;
	tap_ok(i == 300, "one worker, both queues poll, packets in turn (%d)", i);
	tap_ok(pump_run(&pump, 3000, NULL), "traffic both ways");
	tap_ok(pump_run(&pump, 3000, poll_flips), "and while the budget changes");
	for (i = 0; i < 20 && ping_tx(); i++)
		if (guest_stop(&pump.drv.g) || guest_start(&pump.drv.g, tap))
			break;
	tap_ok(i == 20, "stopped and started while it polls");
	set_poll(nic, VHX_NIC_POLL_VMM);
}

static volatile bool burn;

static void *burner(void *arg)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	sched_setaffinity(0, sizeof(one), &one);
	burn = true;
	while (burn)
		;
	return arg;
}

/* Somebody else needs the CPU: no polling there. */
static void test_wanted_cpu(void)
{
	struct vhxstat before, after;
	uint64_t n;
	pthread_t t;
	int i;

	set_poll(queue(TX).nic, LONG);
	sh("taskset -pc 1 %u >/dev/null; taskset -pc 0 %d >/dev/null", queue(TX).worker, getpid());
	for (i = 0; i < 200; i++)
		ping_tx();
	pthread_create(&t, NULL, burner, NULL);
	while (!burn)
		usleep(1000);
	before = queue(TX);
	for (i = 0; i < 200 && ping_tx(); i++)
		;
	after = queue(TX);
	n = polls(&after) - polls(&before);
	burn = false;
	pthread_join(t, NULL);
	tap_ok(i == 200 && n < 50, "another task wants the CPU: it gets it (%lu polls)", (unsigned long)n);
	set_poll(after.nic, VHX_NIC_POLL_VMM);
}

int main(void)
{
	if (!guest_is_vhx())
		tap_skip_all("in-tree polls for as long as it was told, and counts nothing");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		tap_skip_all("the guest and the worker need a CPU each");
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	frame_make(frame, 60, 1);
	pump_open(&pump, tap, host);
	test_set();
	test_busy(TX, ping_tx);
	test_busy(RX, ping_rx);
	test_idle();
	test_whose_word();
	pump_close(&pump);

	pump_open(&pump, tap, host);
	test_shared();
	test_wanted_cpu();
	pump_close(&pump);
	return tap_done();
}
