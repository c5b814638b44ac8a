// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's NIC for the CLI's tests. By itself a test: vhx sees the NIC, its queues and what they
 * count. As `nic hold TAP QUEUES` it makes the NIC on a tap in the caller's network namespace,
 * says "ready", and does what it reads, a line each, until its input ends:
 *
 *	tx QUEUE COUNT		send frames from the guest
 *	stop			the guest stops its device, as for a reboot
 *	start			and starts it again
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define MAX_QUEUES	8
#define LEN		100
#define WAIT		5000

struct nic {
	struct netdrv drv[MAX_QUEUES];
	int tap[MAX_QUEUES];
	int queues;
};

static struct nic nic;

static int nic_start_queue(int i, const char *name)
{
	int err;

	nic.tap[i] = nettap_open(name, nic.queues > 1 ? NETTAP_MULTI : NETTAP_DEFAULT);
	if (nic.tap[i] < 0)
		return nic.tap[i];
	err = nettap_set_hdr(nic.tap[i], HDR_V1);
	if (!err)
		err = netdrv_open(&nic.drv[i], &(struct netdrv_opt){ .tx_size = 2048 });
	return err ?: netdrv_start(&nic.drv[i], nic.tap[i]);
}

static int nic_start(const char *name, int queues)
{
	int i, err = 0;

	nic.queues = queues;
	for (i = 0; !err && i < queues; i++)
		err = nic_start_queue(i, name);
	return err ?: nettap_up(name, 0);
}

static int nic_tx(int queue, int count)
{
	uint8_t frame[LEN];
	int i, err = 0;

	for (i = 0; !err && i < count; i++) {
		frame_make(frame, sizeof(frame), i);
		err = netdrv_tx(&nic.drv[queue], NULL, frame, sizeof(frame));
		netdrv_tx_flush(&nic.drv[queue]);
		if (!err && !netdrv_tx_drain(&nic.drv[queue], WAIT))
			err = -ETIMEDOUT;
	}
	return err;
}

static int nic_stop(void)
{
	int i, err = 0;

	for (i = 0; !err && i < nic.queues; i++)
		err = guest_stop(&nic.drv[i].g);
	return err;
}

static int nic_restart(void)
{
	int i, err = 0;

	for (i = 0; !err && i < nic.queues; i++)
		err = netdrv_restart(&nic.drv[i], nic.tap[i]);
	return err;
}

static int obey(const char *line)
{
	int queue, count;

	if (sscanf(line, "tx %d %d", &queue, &count) == 2 && queue >= 0 && queue < nic.queues)
		return nic_tx(queue, count);
	if (!strcmp(line, "stop\n"))
		return nic_stop();
	if (!strcmp(line, "start\n"))
		return nic_restart();
	return -EINVAL;
}

static int hold(const char *name, int queues)
{
	char line[64];
	int err;

	if (queues < 1 || queues > MAX_QUEUES)
		return 2;
	err = nic_start(name, queues);
	printf("%s\n", err ? strerror(-err) : "ready");
	fflush(stdout);
	while (!err && fgets(line, sizeof(line), stdin)) {
		err = obey(line);
		printf("%s\n", err ? strerror(-err) : "done");
		fflush(stdout);
	}
	return err != 0;
}

/* The command's output is exactly @want. */
static void says(const char *cmd, const char *want)
{
	char got[256] = "";
	FILE *out;
	size_t n;

	fflush(stdout);
	out = popen(cmd, "r");
	n = out ? fread(got, 1, sizeof(got) - 1, out) : 0;
	got[n] = '\0';
	got[strcspn(got, "\n")] = '\0';
	tap_ok(out && !pclose(out) && !strcmp(got, want), "%s: %s (%s)", cmd, want, got);
}

static void test(void)
{
	int err;

	if (nettap_own_netns())
		tap_bail("a network namespace");
	err = nic_start("vt0", 2);
	tap_ok(!err, "a NIC of two queue pairs starts (%s)", strerror(-err));
	says("vhx -j nic list | jq -r '.[] | [.name, .kind, .state, .queues, .live_queues] | @csv'",
	     "\"vt0\",\"tap\",\"live\",2,2");
	err = nic_tx(1, 7);
	tap_ok(!err, "the guest sends (%s)", strerror(-err));
	says("vhx -j stats vt0 | jq '.[] | select(.queue == 1 and .dir == \"tx\").stats.packets'",
	     "7");
	says("vhx -j stats vt0 | jq '.[] | select(.queue == 1 and .dir == \"tx\").stats.bytes'",
	     "700");
	says("vhx -j stats | jq -r '[.[] | .nic] | unique | .[]'", "vt0");
	says("vhx -j nic show vt0 | jq '.queue_list | length'", "4");
	says("vhx -j nic show vt0 | jq '[.queue_list[].worker_pid] - [.workers[].pid] | length'",
	     "0");
	says("vhx -j worker list | jq -r '[.[] | [.id, .kind, .queues]] | tostring'",
	     "[[0,\"thread\",2],[0,\"thread\",2]]");
	says("vhx -j worker list | jq '[.[].pid] - [.[].owner_pid] | length'", "2");
	says("vhx worker list | wc -l", "3");
	says("vhx -j nic show vt0 | jq -c '[.poll_us, .queue_list[0].poll_us]'", "[null,0]");
	says("vhx nic set vt0 poll-us 50; vhx -j nic show vt0 | jq .poll_us", "50");
	says("vhx nic set vt0 poll-us 0; vhx -j nic show vt0 | jq .poll_us", "0");
	says("vhx nic set vt0 poll-us vmm; vhx -j nic show vt0 | jq .poll_us", "null");
	says("vhx nic set vt0 poll-us 10001 2>/dev/null; echo $?", "1");
	says("for n in -1 x 1x 4294967295; do vhx nic set vt0 poll-us $n 2>/dev/null; echo -n $?; done",
	     "2222");
	says("vhx nic set vt0 pol-us 1 2>/dev/null; echo $?", "2");
	says("vhx nic set nosuch poll-us 1 2>/dev/null; echo $?", "3");
	err = nic_stop();
	tap_ok(!err, "the guest stops its device (%s)", strerror(-err));
	says("vhx -j nic show vt0 | jq -r '[.state, .live_queues] | @csv'", "\"paused\",0");
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "hold"))
		return hold(argv[2], atoi(argv[3]));
	test();
	return tap_done();
}
