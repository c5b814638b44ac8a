// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy has to go: for illegal verdicts, past its budget and not before, or because an
 * administrator says so. Traffic goes on without a lost packet, and everybody is told why. A
 * required policy leaves its NICs closed until its like comes, or an administrator opens them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define WAIT	5000
#define ILLEGAL	0x04000000U

static struct rig rig;
static struct policy pol;
static uint32_t nic;

static uint64_t rx_stat(unsigned int stat)
{
	return nic_stat(nic, RX, stat);
}

static void start(const struct policy_opt *opt)
{
	int err = policy_start(&pol, opt);

	if (err || nic_policy(rig.name) != pol.id)
		tap_bail("the policy does not steer: %s", strerror(-err));
}

/* @n packets of a flow to the guest. */
static uint32_t burst(uint8_t flow, uint32_t n)
{
	uint32_t sent = 0;

	while (n--)
		sent += !rig_send(&rig, flow, 200);
	return sent;
}

/* @n packets of a flow from the guest's queue 0; how many came out. */
static uint32_t burst_out(uint8_t flow, uint32_t n)
{
	struct flow_id id = { .flow = flow, .from_guest = true };
	uint8_t buf[256], got[256];
	uint32_t came = 0;

	for (; n; n--, id.seq++) {
		flow_make(buf, 200, &id);
		netdrv_tx(&rig.drv[0], NULL, buf, 200);
	}
	netdrv_tx_flush(&rig.drv[0]);
	netdrv_tx_drain(&rig.drv[0], WAIT);
	while (packet_recv(rig.host, got, sizeof(got), 30) > 0)
		came += got[FLOW_AT] == flow;
	return came;
}

static bool arrived(uint32_t n)
{
	bool all = rig_wait(&rig, n, WAIT);

	if (!all)
		tap_diag("%u of %u arrived", rig_total(&rig), n);
	return rig_clean(&rig) && all;
}

/* One more illegal verdict than the budget: out, and nobody's packet is lost. */
static void test_illegal(uint32_t max_errors)
{
	uint32_t budget = max_errors ?: 16, sent;
	uint64_t illegal = rx_stat(VHX_QSTAT_STEER_ILLEGAL);
	struct exit_state x;

	start(&(struct policy_opt){ .nic_name = "ve0", .max_errors = max_errors });
	policy_rx(&pol, 1, SAY(ILLEGAL));
	rig_forget(&rig);
	sent = burst(1, budget);
	tap_ok(arrived(sent) && nic_policy("ve0") == pol.id && !policy_hung_up(&pol, 100),
	       "budget %u: as many illegal verdicts are forgiven", budget);
	illegal = rx_stat(VHX_QSTAT_STEER_ILLEGAL) - illegal;
	tap_ok(illegal == budget, "and counted (%llu)", (unsigned long long)illegal);
	usleep(1200000);
	sent += burst(1, budget);
	tap_ok(arrived(sent) && !policy_hung_up(&pol, 100), "a second later there is a new budget");
	usleep(1200000);
	sent += burst(1, 3 * budget + 50);
	tap_ok(policy_hung_up(&pol, WAIT), "one more, and the link hangs up");
	tap_ok(arrived(sent), "all packets arrive, those that were judged illegally too");
	tap_ok(EVENTUALLY(!nic_policy("ve0"), WAIT) && !policy_count(), "the NIC has no policy");
	tap_ok(exit_get(pol.id, &x) && x.kind == VHX_EXIT_ILLEGAL && x.nic_id == nic &&
	       x.verdict == ILLEGAL && x.dir == VHX_DIR_RX && x.head_len == 64 &&
	       x.head[FLOW_AT] == 1 && strstr(x.reason, "illegal"),
	       "netlink says why: kind %u, verdict 0x%x, \"%s\"", x.kind, x.verdict, x.reason);
	tap_ok(policy_seen(&pol, SEEN_EXIT) == 1 &&
	       policy_seen(&pol, SEEN_EXIT_KIND) == VHX_EXIT_ILLEGAL &&
	       policy_seen(&pol, SEEN_EXIT_VERDICT) == ILLEGAL, "and so was its own exit told");
	tap_ok(policy_seen(&pol, SEEN_DETACH) == 1 && policy_seen(&pol, SEEN_ATTACH) == 1,
	       "attached once, detached once");
	policy_close(&pol);
}

static void test_illegal_tx(void)
{
	struct exit_state x;
	uint32_t came;

	start(&(struct policy_opt){ .nic_name = "ve0", .max_errors = 8 });
	policy_tx(&pol, 2, SAY(3));	/* a queue: no verdict for what a guest sends */
	came = burst_out(2, 200);
	tap_ok(came == 200, "illegal on TX: all packets go out (%u)", came);
	tap_ok(policy_hung_up(&pol, WAIT) && exit_get(pol.id, &x) && x.dir == VHX_DIR_TX &&
	       x.verdict == 3, "and the policy is out");
	policy_close(&pol);
}

/* Verdicts for dead queues come from the guest's own doing. */
static void test_dead_never(void)
{
	uint64_t dead = rx_stat(VHX_QSTAT_STEER_DEAD);
	uint32_t sent = 0, i;

	start(&(struct policy_opt){ .nic_name = "ve0", .max_errors = 1 });
	policy_rx(&pol, 1, SAY(1000));
	rig_forget(&rig);
	for (i = 0; i < 10; i++) {
		sent += burst(1, 100);
		arrived(sent);
	}
	dead = rx_stat(VHX_QSTAT_STEER_DEAD) - dead;
	tap_ok(arrived(sent) && dead == sent && !policy_hung_up(&pol, 100),
	       "%u verdicts for a dead queue do not eject", sent);
	policy_close(&pol);
}

static void test_admin(void)
{
	struct vhx_nl *nl = steer_nl();
	struct exit_state x;
	uint32_t id;

	start(&(struct policy_opt){ .nic_name = "ve0" });
	id = pol.id;
	tap_ok(vhx_policy__eject(nl, id + 1000) == -ENOENT, "to eject what is not there: ENOENT");
	drop_cap(CAP_NET_ADMIN);
	tap_ok(vhx_policy__eject(nl, id) == -EPERM, "to eject without CAP_NET_ADMIN: EPERM");
	raise_cap(CAP_NET_ADMIN);
	tap_ok(!vhx_policy__eject(nl, id) && policy_hung_up(&pol, WAIT) &&
	       events_wait(VHX_EVENT_EJECTED, id, WAIT), "ejected, its holder and listeners told");
	tap_ok(EVENTUALLY(!nic_policy("ve0"), WAIT) && !nic_closed("ve0"), "the NIC is open");
	tap_ok(exit_get(id, &x) && x.kind == VHX_EXIT_ADMIN && *x.reason, "the exit says who: %s",
	       x.reason);
	tap_ok(vhx_policy__eject(nl, id) == -ENOENT, "a second time: ENOENT");
	policy_close(&pol);
	tap_ok(exit_get(id, &x) && x.kind == VHX_EXIT_ADMIN, "closing its link changes no reason");
	vhx_nl__close(nl);
}

static bool is_closed(void)
{
	uint64_t before = rx_stat(VHX_QSTAT_CLOSED), out = nic_stat(nic, TX, VHX_QSTAT_CLOSED);
	uint32_t came = burst_out(9, 20);

	rig_forget(&rig);
	burst(9, 20);
	rig_settle(&rig);
	before = rx_stat(VHX_QSTAT_CLOSED) - before;
	out = nic_stat(nic, TX, VHX_QSTAT_CLOSED) - out;
	if (came || rig_total(&rig) || before != 20 || out != 20 || !nic_closed("ve0"))
		tap_diag("out %u, in %u, counted %llu and %llu, %sclosed", came, rig_total(&rig),
			 (unsigned long long)out, (unsigned long long)before,
			 nic_closed("ve0") ? "" : "not ");
	return !came && !rig_total(&rig) && before == 20 && out == 20 && nic_closed("ve0");
}

static bool is_open(void)
{
	rig_forget(&rig);
	burst(9, 20);
	return arrived(20) && burst_out(9, 20) == 20 && !nic_closed("ve0");
}

static uint32_t eject_required(struct policy *p, const struct policy_opt *opt)
{
	struct vhx_nl *nl = steer_nl();
	struct policy_opt o = *opt;
	uint32_t id;

	o.flags = VHX_STEER_F_REQUIRED;
	o.name = "filter";
	if (policy_start(p, &o))
		tap_bail("the filter does not start");
	id = p->id;
	if (vhx_policy__eject(nl, id) || !policy_hung_up(p, WAIT))
		tap_bail("the filter cannot be ejected");
	vhx_nl__close(nl);
	return id;
}

static void test_required_open(void)
{
	struct vhx_nl *nl = steer_nl();
	struct policy_state state;
	uint32_t id;

	tap_ok(vhx_nic__open(nl, nic) == -EALREADY, "to open a NIC that is not closed: EALREADY");
	tap_ok(vhx_nic__open(nl, nic + 1000) == -ENOENT, "to open one that is not there: ENOENT");
	id = eject_required(&pol, &(struct policy_opt){ .nic_name = "ve*" });
	tap_ok(events_wait(VHX_EVENT_CLOSED, id, WAIT), "a required policy is ejected: event");
	tap_ok(is_closed(), "its NIC is closed, both ways, and counts what it drops");
	tap_ok(policy_get(id, &state) && state.dead && state.nr_nics == 1, "the policy shows, dead");
	policy_close(&pol);
	tap_ok(is_closed(), "closing its link opens nothing");
	rig_stop_queue(&rig, 0);
	rig_start_queue(&rig, 0);
	tap_ok(is_closed(), "nor does a guest that reboots");
	drop_cap(CAP_NET_ADMIN);
	tap_ok(vhx_nic__open(nl, nic) == -EPERM, "to open it without CAP_NET_ADMIN: EPERM");
	raise_cap(CAP_NET_ADMIN);
	tap_ok(!vhx_nic__open(nl, nic) && events_wait(VHX_EVENT_OPENED, 0, WAIT) && is_open(),
	       "an administrator opens it");
	tap_ok(policy_get(id, &state) && state.dead && !state.nr_nics,
	       "the policy waits for other NICs of its pattern");
	tap_ok(!vhx_policy__eject(nl, id) && !policy_count(), "ejected once more, it is forgotten");
	vhx_nl__close(nl);
}

static void test_required_again(void)
{
	struct vhx_nl *nl = steer_nl();
	struct policy other;
	uint32_t id;
	int err;

	/* What waits behind a filter must not take its place. */
	id = eject_required(&pol, &(struct policy_opt){ .nic_name = "ve*" });
	err = policy_start(&other, &(struct policy_opt){ .nic_name = "ve0", .name = "other" });
	tap_ok(!err && nic_policy("ve0") == id && is_closed(),
	       "another policy by name does not open a closed NIC");
	policy_close(&pol);
	start(&(struct policy_opt){ .nic_name = "ve*", .name = "filter",
				    .flags = VHX_STEER_F_REQUIRED });
	tap_ok(nic_policy("ve0") == pol.id && is_open(), "its like does, and takes over");
	tap_ok(policy_count() == 2, "the dead one is forgotten (%u policies)", policy_count());
	policy_close(&pol);
	tap_ok(is_closed(), "detached, it leaves the NIC closed, with another waiting");
	id = nic_policy("ve0");
	tap_ok(!policy_start(&pol, &(struct policy_opt){ .nic_id = nic, .name = "filter" }) &&
	       is_open(), "its like by id opens it");
	policy_close(&pol);
	tap_ok(nic_policy("ve0") == id && is_closed(), "and goes: closed again");
	vhx_policy__eject(nl, id);
	tap_ok(nic_policy("ve0") == other.id && is_open() && policy_count() == 1,
	       "forgotten by an administrator: the one that waits comes in");
	policy_close(&other);
	vhx_nl__close(nl);
}

/* A new filter of the same name for another NIC is no reason to open this one. */
static void test_required_elsewhere(void)
{
	struct rig elsewhere;
	struct policy other;
	uint32_t id;
	int err;

	rig_open(&elsewhere, "vx0", 1, NULL);
	id = eject_required(&pol, &(struct policy_opt){ .nic_id = nic });
	tap_ok(is_closed(), "a filter attached by id is ejected: closed");
	err = policy_start(&other, &(struct policy_opt){ .nic_id = nic_id("vx0"), .name = "filter",
							 .flags = VHX_STEER_F_REQUIRED });
	tap_ok(!err && nic_policy("ve0") == id && is_closed(),
	       "its like on another NIC leaves it closed");
	policy_close(&pol);
	err = policy_start(&pol, &(struct policy_opt){ .nic_id = nic, .name = "filter" });
	tap_ok(!err && is_open() && policy_count() == 2, "its like on this one opens it (%u)",
	       policy_count());
	policy_close(&pol);
	tap_ok(is_open() && policy_count() == 1, "that was not required, and goes");
	policy_close(&other);
	rig_close(&elsewhere);
	tap_ok(EVENTUALLY(!policy_count(), WAIT), "nothing is left of the other NIC's (%u)",
	       policy_count());
}

static void test_required_illegal(void)
{
	start(&(struct policy_opt){ .nic_name = "ve0", .name = "filter", .max_errors = 100,
				    .flags = VHX_STEER_F_REQUIRED, .rx = SAY(ILLEGAL) });
	rig_forget(&rig);
	burst(1, 50);
	rig_settle(&rig);
	tap_ok(!rig_total(&rig) && !policy_hung_up(&pol, 0),
	       "a required policy's illegal verdict is a drop (%u came)", rig_total(&rig));
	burst(1, 400);	/* more than the budgets of two seconds, should one end meanwhile */
	tap_ok(policy_hung_up(&pol, WAIT), "and so many of them eject it");
	rig_settle(&rig);	/* what is still under way is dropped, too */
	tap_ok(is_closed(), "which leaves the NIC closed");
	policy_close(&pol);
	start(&(struct policy_opt){ .nic_name = "ve0", .name = "filter" });
	policy_close(&pol);
	tap_ok(is_open() && !policy_count(), "until its like, not required, came and went");
}

static void test_required_unbound(void)
{
	uint32_t before = policy_count();

	if (policy_start(&pol, &(struct policy_opt){ .flags = VHX_STEER_F_REQUIRED }))
		tap_bail("an unbound policy");
	tap_ok(policy_count() == before + 1 && !nic_policy("ve0"), "a required policy without a NIC");
	policy_close(&pol);
	tap_ok(policy_count() == before, "leaves nothing behind");
	if (policy_start(&pol, &(struct policy_opt){ .nic_id = nic, .name = "byid",
						     .flags = VHX_STEER_F_REQUIRED }))
		tap_bail("a policy by id");
	policy_close(&pol);
	tap_ok(is_closed() && policy_count() == before + 1, "one attached by id keeps it closed");
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	rig_open(&rig, "ve0", 2, &(struct netdrv_opt){ .tx_size = 2048 });
	nic = nic_id("ve0");
	if (events_open())
		tap_bail("no events");
	test_illegal(0);
	test_illegal(100);
	test_illegal_tx();
	test_dead_never();
	test_admin();
	test_required_open();
	test_required_again();
	test_required_elsewhere();
	test_required_illegal();
	test_required_unbound();
	rig_close(&rig);
	tap_ok(EVENTUALLY(!policy_count(), WAIT), "the NIC gone, nothing holds it closed (%u)",
	       policy_count());
	events_close();
	return tap_done();
}
