// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_LINK_UPDATE under traffic: each packet is judged by the old policy or by the new one, never
 * by none; none is lost, none comes twice.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define SHIM	"build/bpf/tap_shim.bpf.o"
#define ROUNDS	400

static struct rig rig;
static struct policy pol;
static int map[2];		/* of two policies that take turns */
static bool stop;
static uint32_t sent, taken;

static void *send_to_guest(void *arg)
{
	uint32_t flow = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		/* No more under way than a ring holds: what is lost then was lost by vhx. */
		if (sent - __atomic_load_n(&taken, __ATOMIC_ACQUIRE) < 300)
			sent += !rig_send(&rig, flow++ % 16, 200);
		else
			usleep(200);
		if (flow % 16 == 0)
			usleep(400);
	}
	return NULL;
}

/* What the guest sends comes back at the host: flow 1 goes out by both policies. */
struct outward {
	uint32_t sent;
	uint32_t came;
	bool ok;
};

static void exchange_out(struct outward *o)
{
	struct flow_id id = { .flow = 1, .from_guest = true };
	uint8_t buf[300];
	uint32_t i;
	int len;

	for (i = 0; i < 8; i++) {
		id.seq = o->sent++;
		flow_make(buf, 200, &id);
		o->ok = o->ok && !netdrv_tx(&rig.drv[3], NULL, buf, 200);
	}
	netdrv_tx_flush(&rig.drv[3]);
	o->ok = o->ok && netdrv_tx_drain(&rig.drv[3], 5000);
	while ((len = packet_recv(rig.host, buf, sizeof(buf), 0)) > 0)
		o->ok = flow_read(buf, len, &id) && id.seq == o->came++ && o->ok;
}

/* Policies send to queue 1 or to queue 2: nothing at queue 0 or 3 but by no policy at all. */
static void test_replace(const char *how)
{
	int link = vhx_policy__link_fd(pol.p), err = 0;
	struct outward out = { .ok = true };
	struct policy_state state;
	uint32_t i, generation;
	pthread_t thread;

	rig_forget(&rig);
	policy_get(pol.id, &state);
	generation = state.generation;
	sent = taken = 0;
	stop = false;
	pthread_create(&thread, NULL, send_to_guest, NULL);
	for (i = 0; !err && i < ROUNDS; i++) {
		err = bpf_link_update(link, map[i & 1], NULL);
		usleep(rnd_range(0, 3000));
		rig_take(&rig);
		__atomic_store_n(&taken, rig_total(&rig), __ATOMIC_RELEASE);
		if (i % 4 == 0)
			exchange_out(&out);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	rig_settle(&rig);
	tap_ok(!err && policy_get(pol.id, &state) && state.generation == generation + ROUNDS,
	       "%s: replaced %u times under traffic (%s)", how, i, strerror(-err));
	tap_ok(nic_policy("vp0") == pol.id && !policy_hung_up(&pol, 0),
	       "%s: it is the same policy", how);
	tap_ok(rig_total(&rig) == sent && !rig.damaged,
	       "%s: none lost and none doubled: %u of %u", how, rig_total(&rig), sent);
	tap_ok(!rig_by_queue(&rig, 0) && !rig_by_queue(&rig, 3) && rig_by_queue(&rig, 1) &&
	       rig_by_queue(&rig, 2), "%s: each was judged (%u %u %u %u)", how,
	       rig_by_queue(&rig, 0), rig_by_queue(&rig, 1), rig_by_queue(&rig, 2),
	       rig_by_queue(&rig, 3));
	while (packet_recv(rig.host, (uint8_t [300]){ 0 }, 300, 20) > 0)
		out.came++;
	tap_ok(out.ok && out.came == out.sent, "%s: from the guest likewise: %u of %u", how,
	       out.came, out.sent);
}

/* A replacement that cannot be: the old one stays as it is. */
static void test_refused(void)
{
	struct policy next;
	int err;

	err = policy_load(&next, &(struct policy_opt){ .refuse = -7 });
	if (!err)
		err = policy_replace(&next, pol.id);
	tap_ok(err == -7, "a replacement whose nic_attach refuses is refused (%d)", err);
	policy_close(&next);
	err = policy_load(&next, &(struct policy_opt){ .flags = 4 });
	if (!err)
		err = policy_replace(&next, pol.id);
	tap_ok(err, "so is one with unknown flags (%s)", strerror(-err));
	policy_close(&next);
	tap_ok(nic_policy("vp0") == pol.id && !policy_hung_up(&pol, 0), "the old one stays");
	rig_forget(&rig);
	rig_send(&rig, 5, 100);
	tap_ok(rig_wait(&rig, 1, 5000), "and steers");
	err = policy_load(&next, &(struct policy_opt){ });
	if (!err)
		err = policy_replace(&next, 0x7ffffff0);
	tap_ok(err == -2, "one that is not there: ENOENT (%s)", strerror(-err));
	policy_close(&next);
}

/* Attached and detached as often as replaced. */
static void test_pairs(void)
{
	struct policy next;
	uint32_t id = pol.id;
	int err;

	err = policy_load(&next, &(struct policy_opt){ });
	err = err ? err : policy_replace(&next, id);
	tap_ok(!err && policy_seen(&pol, SEEN_DETACH) == policy_seen(&pol, SEEN_ATTACH),
	       "the replaced one was detached from what it was attached to");
	tap_ok(policy_seen(&next, SEEN_ATTACH) == 1 && !policy_seen(&next, SEEN_DETACH),
	       "the new one attached");
	policy_close(&pol);
	tap_ok(nic_policy("vp0") == id, "the link lives on with the new one's holder");
	bpf_link_detach(vhx_policy__link_fd(next.p));
	tap_ok(policy_seen(&next, SEEN_DETACH) == 1 && !nic_policy("vp0"), "detached");
	err = bpf_link_update(vhx_policy__link_fd(next.p), map[0], NULL);
	tap_ok(err == -ENOLINK || err == -ENOENT, "a detached link cannot be replaced (%s)",
	       strerror(-err));
	policy_close(&next);
}

int main(void)
{
	struct policy second;
	int err;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	rig_open(&rig, "vp0", 4, &(struct netdrv_opt){ .tx_size = 2048 });
	err = policy_start(&pol, &(struct policy_opt){ .nic_name = "vp0", .rx = SAY(1) });
	if (err)
		tap_bail("the policy: %s", strerror(-err));
	map[1] = policy_map(&pol);
	err = policy_load(&second, &(struct policy_opt){ .rx = SAY(2) });
	err = err ? err : policy_replace(&second, pol.id);
	map[0] = policy_map(&second);
	tap_ok(!err && map[0] >= 0 && map[1] >= 0, "two policies for one link (%s)", strerror(-err));
	test_replace("hand-off");
	err = vhx_shim__attach(rig.tap[0], SHIM);
	tap_ok(!err, "the shim is attached (%s)", strerror(-err));
	test_replace("shim");
	test_refused();
	policy_close(&second);
	test_pairs();
	rig_close(&rig);
	return tap_done();
}
