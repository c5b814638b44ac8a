// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steering where tun has no say: a packet socket, a macvtap, and XDP frames that were redirected
 * into a tap and never were skbs.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define WAIT	5000
#define NFLOWS	16

static struct rig rig;		/* of packet socket and macvtap: its first queue pair */
static struct policy pol;
static uint32_t nic;

static uint32_t send_rounds(uint32_t rounds)
{
	uint32_t i, flow, sent = 0;

	for (i = 0; i < rounds; i++) {
		for (flow = 0; flow < NFLOWS; flow++)
			sent += !rig_send(&rig, flow, rnd_range(FLOW_MIN, 1400));
		usleep(2000);
		rig_take(&rig);
	}
	return sent;
}

static uint64_t rx_stat(unsigned int stat)
{
	return nic_stat(nic, RX, stat);
}

static void start(const char *what, const struct policy_opt *opt)
{
	int err = policy_start(&pol, opt);

	tap_ok(!err && nic_policy(rig.name) == pol.id, "%s: the policy steers (%s)", what,
	       strerror(-err));
	if (err)
		tap_bail("nothing to test without it");
}

/* What every backend must do, however many queues it has. */
static void test_drop(const char *what)
{
	uint64_t dropped = rx_stat(VHX_QSTAT_STEER_DROPPED), steered = rx_stat(VHX_QSTAT_STEERED);
	uint32_t sent;
	bool ok;

	rig_forget(&rig);
	policy_rx(&pol, 1, SAY(VHX_DROP(VHX_DROP_DENY)));
	policy_rx(&pol, 2, SAY(0));
	policy_rx(&pol, 3, SAY(100));
	sent = send_rounds(10);
	ok = rig_wait(&rig, sent - 10, WAIT);
	tap_ok(ok && rig_clean(&rig) && !rig_by_flow(&rig, 1),
	       "%s: what is dropped does not arrive, all else does (%u of %u)", what,
	       rig_total(&rig), sent - 10);
	dropped = rx_stat(VHX_QSTAT_STEER_DROPPED) - dropped;
	steered = rx_stat(VHX_QSTAT_STEERED) - steered;
	tap_ok(dropped == 10 && steered == sent, "%s: counted once (%llu of %llu dropped)", what,
	       (unsigned long long)dropped, (unsigned long long)steered);
}

static void test_closed(const char *what)
{
	uint64_t closed = rx_stat(VHX_QSTAT_CLOSED);
	struct vhx_nl *nl = steer_nl();
	uint32_t sent, id;
	bool ok;

	policy_close(&pol);
	start(what, &(struct policy_opt){ .nic_name = rig.name, .name = "filter",
					  .flags = VHX_STEER_F_REQUIRED });
	id = pol.id;
	policy_close(&pol);
	rig_forget(&rig);
	sent = send_rounds(5);
	rig_settle(&rig);
	closed = rx_stat(VHX_QSTAT_CLOSED) - closed;
	tap_ok(nic_closed(rig.name) && !rig_total(&rig) && closed == sent,
	       "%s: closed when its filter is gone (%u came, %llu of %u counted)", what,
	       rig_total(&rig), (unsigned long long)closed, sent);
	vhx_nic__open(nl, nic);
	vhx_policy__eject(nl, id);
	vhx_nl__close(nl);
	rig_forget(&rig);
	sent = send_rounds(5);
	ok = rig_wait(&rig, sent, WAIT);
	tap_ok(ok && rig_clean(&rig), "%s: and opened (%u of %u)", what, rig_total(&rig), sent);
}

/* A guest without buffers for a while: each packet is judged once all the same. */
static void test_starved(const char *what)
{
	uint64_t steered = rx_stat(VHX_QSTAT_STEERED);
	uint32_t i, sent = 0;
	bool ok;

	rig_forget(&rig);
	policy_rx(&pol, 1, SAY(VHX_DROP(0)));
	for (i = 0; i < 400; i++)
		sent += !rig_send(&rig, i % NFLOWS, 100);
	usleep(50000);
	rig_take(&rig);
	ok = rig_wait(&rig, sent - 25, WAIT);
	steered = rx_stat(VHX_QSTAT_STEERED) - steered;
	tap_ok(ok && rig_clean(&rig) && steered == sent,
	       "%s: a guest short of buffers: %u of %u arrive, each judged once (%llu)", what,
	       rig_total(&rig), sent - 25, (unsigned long long)steered);
}

static void one_queue(const char *name, int backend, const char *far_end)
{
	int err;

	memset(&rig, 0, sizeof(rig));
	rig.name = name;
	rig.queues = 1;
	rig.tap[0] = backend;
	rig.host = packet_open(far_end, false);
	err = backend < 0 ? backend : netdrv_open(&rig.drv[0], &(struct netdrv_opt){ .num = 256 });
	if (!err)
		err = netdrv_start(&rig.drv[0], backend);
	if (err || rig.host < 0)
		tap_bail("a NIC on %s: %s", name, strerror(-err));
	nic = nic_id(name);
	tap_ok(nic, "%s: has a NIC", name);
}

static void test_packet_socket(void)
{
	int sock, size = HDR_V1;

	if (sh("ip link add ps0 type veth peer name ps1 && ip link set ps0 up && ip link set ps1 up"))
		tap_bail("a veth");
	sock = packet_open("ps0", true);
	setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR_SZ, &size, sizeof(size));
	one_queue("ps0", sock, "ps1");
	start("packet socket", &(struct policy_opt){ .nic_name = "ps0" });
	test_drop("packet socket");
	test_starved("packet socket");
	test_closed("packet socket");
	rig_close(&rig);
	sh("ip link del ps0");
}

static int program(uint32_t ifindex)
{
	const struct bpf_insn redirect[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = ifindex },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	return ifindex ? bpf_prog_load(BPF_PROG_TYPE_XDP, "vhx_test", "GPL", redirect, 4, &opts)
		       : bpf_prog_load(BPF_PROG_TYPE_XDP, "vhx_test", "GPL", pass, 2, &opts);
}

static int attach_xdp(const char *name, uint32_t ifindex)
{
	int prog = program(ifindex);
	int err = prog < 0 ? prog : bpf_xdp_attach(if_nametoindex(name), prog,
						   XDP_FLAGS_DRV_MODE, NULL);

	close(prog);
	return err;
}

/* On one CPU, or on all of them again. */
static void stay(bool here)
{
	cpu_set_t cpus;
	int i;

	CPU_ZERO(&cpus);
	for (i = 0; i < (here ? 1 : CPU_SETSIZE); i++)
		CPU_SET(i, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/*
 * tun spreads XDP frames by CPU: the hand-off puts them right. A flow whose sender moves between
 * CPUs is on two of the tap's rings, and in no order: this one does not.
 */
static void test_xdp(void)
{
	uint32_t flow, sent, right = 0;
	bool ok;

	rig_open(&rig, "px0", 4, &(struct netdrv_opt){ .tx_size = 2048 });
	nic = nic_id("px0");
	if (sh("ip link add ve0 type veth peer name ve1 && ip link set ve0 up && ip link set ve1 up") ||
	    attach_xdp("ve1", if_nametoindex("px0")) || attach_xdp("ve0", 0))
		tap_bail("a veth that redirects into the tap");
	close(rig.host);
	rig.host = packet_open("ve0", false);
	start("XDP", &(struct policy_opt){ .nic_name = "px0" });
	for (flow = 0; flow < NFLOWS; flow++)
		policy_rx(&pol, flow, SAY(flow % 4));
	rig_forget(&rig);
	stay(true);
	sent = send_rounds(20);
	ok = rig_wait(&rig, sent, WAIT);
	for (flow = 0; flow < NFLOWS; flow++)
		right += rig.count[flow % 4][flow];
	tap_ok(ok && rig_clean(&rig) && right == sent,
	       "XDP frames: %u of %u at their flow's queue", right, sent);
	test_drop("XDP");
	test_closed("XDP");
	stay(false);
	rig_close(&rig);
	sh("ip link del ve0");
}

static void test_macvtap(void)
{
	int fd;

	if (sh("ip link add lo0 type veth peer name lo1 && ip link set lo0 up && ip link set lo1 up"))
		tap_bail("a veth");
	fd = macvtap_open("lo0", "mv0");
	if (fd < 0) {
		tap_skip("macvtap", "none can be made: %s", strerror(-fd));
		return;
	}
	nettap_set_hdr(fd, HDR_V1);
	sh("ip link set mv0 address 02:76:68:78:00:01");	/* what flow_make() sends to */
	one_queue("mv0", fd, "lo1");
	start("macvtap", &(struct policy_opt){ .nic_name = "mv0" });
	test_drop("macvtap");
	test_starved("macvtap");
	test_closed("macvtap");
	rig_close(&rig);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	test_packet_socket();
	test_xdp();
	test_macvtap();
	tap_ok(!policy_count(), "no policy is left");
	return tap_done();
}
