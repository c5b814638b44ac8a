// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends: a policy detached under traffic, a NIC gone under its policy, a netdev gone or moved under
 * both, another network namespace, and the module's.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define SHIM	"build/bpf/tap_shim.bpf.o"
#define WAIT	5000

static struct rig rig;
static struct policy pol;
static uint32_t nic;
static bool stop;

static const char *name_of(int err)
{
	return err ? strerrorname_np(-err) : "0";
}

static void start(const struct policy_opt *opt)
{
	int err = policy_start(&pol, opt);

	if (err)
		tap_bail("the policy: %s", strerror(-err));
}

static void *send_to_guest(void *arg)
{
	uint32_t *sent = arg, flow = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		*sent += !rig_send(&rig, flow++ % 16, 200);
		if (flow % 16 == 0)
			usleep(400);
	}
	return NULL;
}

static uint64_t lost(void)
{
	return nettap_dropped(rig.name) + nic_stat(nic, RX, VHX_QSTAT_MAILBOX_FULL);
}

/* Each time with packets on their way to the queue the policy said. */
static void test_detach(const char *how)
{
	uint32_t sent = 0, i, k, flow;
	uint64_t before = lost();
	pthread_t thread;
	bool ok = true;
	int map, link;

	start(&(struct policy_opt){ .nic_name = "vl0" });
	map = policy_map(&pol);
	bpf_link_detach(vhx_policy__link_fd(pol.p));
	rig_forget(&rig);
	stop = false;
	pthread_create(&thread, NULL, send_to_guest, &sent);
	for (i = 0; ok && i < 100; i++) {
		for (flow = 0; flow < 16; flow++)
			policy_rx(&pol, flow, SAY((flow + i) % 4));
		link = bpf_link_create(map, 0, BPF_STRUCT_OPS, NULL);
		for (k = rnd_range(0, 3); k; k--) {
			usleep(1000);
			rig_take(&rig);
		}
		ok = link >= 0 && nic_policy("vl0");
		close(link);
		ok = ok && !nic_policy("vl0");
		rig_take(&rig);
	}
	policy_close(&pol);
	close(map);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	rig_settle(&rig);
	before = lost() - before;
	tap_ok(ok && rig_total(&rig) + before == sent && !rig.damaged,
	       "%s: attached and detached %u times under traffic: %u + %llu of %u", how, i,
	       rig_total(&rig), (unsigned long long)before, sent);
}

static void test_nic_gone(void)
{
	struct policy byname, byfd;
	struct exit_state x;
	struct rig two;
	uint32_t id;

	rig_open(&two, "vl1", 2, NULL);
	id = nic_id("vl1");
	start(&(struct policy_opt){ .nic_id = id, .flags = VHX_STEER_F_REQUIRED });
	if (policy_start(&byname, &(struct policy_opt){ .nic_name = "vl1", .name = "byname" }))
		tap_bail("a policy by name");
	rig_close(&two);
	tap_ok(policy_hung_up(&pol, WAIT), "the NIC is gone: a policy by its id hangs up");
	tap_ok(exit_get(pol.id, &x) && x.kind == VHX_EXIT_NIC_GONE && x.nic_id == id,
	       "and the exit says why: %s", x.reason);
	tap_ok(policy_seen(&pol, SEEN_EXIT) == 1 &&
	       policy_seen(&pol, SEEN_EXIT_KIND) == VHX_EXIT_NIC_GONE &&
	       policy_seen(&pol, SEEN_DETACH) == 1, "its own exit hears of it");
	tap_ok(!policy_hung_up(&byname, 0) && policy_count() == 1,
	       "one by name stays, the other leaves nothing (%u)", policy_count());
	policy_close(&pol);
	rig_open(&two, "vl1", 2, NULL);
	tap_ok(nic_policy("vl1") == byname.id, "and gets the NIC when it comes back");
	policy_close(&byname);

	/* One fd of several is not the NIC. */
	if (policy_start(&byfd, &(struct policy_opt){ .nic_fd = two.drv[0].g.fd }))
		tap_bail("a policy by fd");
	netdrv_close(&two.drv[0]);
	usleep(20000);
	tap_ok(!policy_hung_up(&byfd, 0) && nic_policy("vl1") == byfd.id,
	       "by fd: that fd closed, the NIC has another");
	netdrv_close(&two.drv[1]);
	tap_ok(policy_hung_up(&byfd, WAIT), "the last one closed");
	policy_close(&byfd);
	close(two.tap[0]);
	close(two.tap[1]);
	close(two.host);
}

/* The host deletes the tap under guest and policy. */
static void test_tap_gone(void)
{
	struct rig two;
	uint32_t flow;

	rig_open(&two, "vl2", 2, NULL);
	start(&(struct policy_opt){ .nic_name = "vl2", .rx = SAY(1) });
	for (flow = 0; flow < 64; flow++)
		rig_send(&two, flow, 200);
	tap_ok(!sh("ip link del vl2"), "a tap is deleted under a policy");
	tap_ok(EVENTUALLY(!nic_policy("vl2"), WAIT), "which lets go of it");
	rig_take(&two);
	netdrv_tx(&two.drv[0], NULL, (uint8_t [100]){ 0 }, 100);
	netdrv_tx_flush(&two.drv[0]);
	tap_ok(rig_stop_queue(&two, 0) && rig_stop_queue(&two, 1), "its queues stop");
	rig_close(&two);
	policy_close(&pol);
}

/* ---- namespaces ---- */

static void test_netns(void)
{
	int there = nettap_new_netns(), here = open("/proc/thread-self/ns/net", O_RDONLY), err;
	struct vhx_nl *nl;
	struct policy other;
	struct exit_state x;
	uint32_t id;

	start(&(struct policy_opt){ .name = "here" });
	id = pol.id;
	nettap_enter_netns(there);
	tap_ok(!nic_count() && !policy_count(), "another netns sees neither NIC nor policy");
	err = policy_start(&other, &(struct policy_opt){ .nic_id = nic });
	tap_ok(err == -ENODEV, "by id, a NIC of another netns: ENODEV (%s)", name_of(err));
	policy_close(&other);
	nl = steer_nl();
	err = vhx_policy__eject(nl, id);
	tap_ok(err == -ENOENT, "to eject a policy of another netns: ENOENT (%s)", name_of(err));
	err = vhx_nic__open(nl, nic);
	tap_ok(err == -ENOENT, "to open a NIC of another netns: ENOENT (%s)", name_of(err));
	vhx_nl__close(nl);
	err = policy_start(&other, &(struct policy_opt){ .nic_name = "*", .name = "there" });
	tap_ok(!err && !policy_seen(&other, SEEN_ATTACH), "by pattern * there: nobody here (%s)",
	       name_of(err));
	nettap_enter_netns(here);
	tap_ok(!nic_policy("vl0") && policy_count() == 1, "nor is it seen here");
	err = guest_ioctl(rig.drv[0].g.fd, VHX_NET_BIND,
			  &(struct vhx_bind){ .size = sizeof(struct vhx_bind),
					      .policy_id = other.id });
	tap_ok(err == -ENOENT && !nic_policy("vl0"), "VHX_NET_BIND to it: ENOENT (%s)",
	       name_of(err));
	policy_close(&other);
	tap_ok(!exit_get(other.id, &x), "its exit is told there only");
	policy_close(&pol);
	tap_ok(exit_get(id, &x), "ours is told here");
	close(there);
	close(here);
}

static uint32_t came_out(int sock, uint32_t n)
{
	struct flow_id id = { .flow = 9, .from_guest = true };
	uint8_t buf[256];
	uint32_t came = 0;

	for (; n; n--) {
		flow_make(buf, 200, &id);
		netdrv_tx(&rig.drv[0], NULL, buf, 200);
	}
	netdrv_tx_flush(&rig.drv[0]);
	netdrv_tx_drain(&rig.drv[0], WAIT);
	while (packet_recv(sock, buf, sizeof(buf), 50) > 0)
		came++;
	return came;
}

/* A tap moved to another netns: a filter bound by its name does not let go of it. */
static void test_moved(void)
{
	int there = nettap_new_netns(), here = open("/proc/thread-self/ns/net", O_RDONLY), sock;
	char move[64];

	start(&(struct policy_opt){ .nic_name = "vl0", .flags = VHX_STEER_F_REQUIRED,
				    .name = "filter" });
	policy_tx(&pol, 9, SAY(VHX_DROP(VHX_DROP_DENY)));
	snprintf(move, sizeof(move), "ip link set vl0 netns /proc/%d/fd/%d", getpid(), there);
	tap_ok(!sh("%s", move), "the tap moves to another netns");
	nettap_enter_netns(there);
	nettap_up("vl0", 0);
	sock = packet_open("vl0", false);
	nettap_enter_netns(here);
	tap_ok(nic_policy("vl0") == pol.id && !came_out(sock, 20),
	       "the filter goes with it: what it drops does not come out there");
	policy_tx(&pol, 9, SAY(VHX_PASS));
	tap_ok(came_out(sock, 20) == 20, "and what it passes does");
	policy_close(&pol);
	tap_ok(nic_closed("vl0") && !came_out(sock, 20), "gone, it leaves the NIC closed");
	close(sock);
	close(there);
	close(here);
}

/* ---- the module ---- */

static void test_unload(void)
{
	struct utsname u;
	int tries;

	uname(&u);
	start(&(struct policy_opt){ .nic_name = "nobody" });
	tap_ok(sh("rmmod vhx_net"), "a policy without a NIC holds the module");
	policy_close(&pol);
	for (tries = 0; tries < 30 && sh("rmmod vhx_net"); tries++)
		usleep(100000);
	tap_ok(tries < 30, "closed, it lets go of it (%d tenths of a second)", tries);
	tap_ok(!sh("insmod build/%s/vhx_net.ko", u.release), "it loads again");
}

int main(void)
{
	int err;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	rig_open(&rig, "vl0", 4, &(struct netdrv_opt){ .tx_size = 2048 });
	nic = nic_id("vl0");
	test_detach("hand-off");
	err = vhx_shim__attach(rig.tap[0], SHIM);
	tap_ok(!err, "the shim is attached (%s)", strerror(-err));
	test_detach("shim");
	test_nic_gone();
	test_tap_gone();
	test_netns();
	test_moved();
	rig_close(&rig);
	tap_ok(EVENTUALLY(!nic_count(), WAIT), "the NICs go");
	test_unload();
	return tap_done();
}
