// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets a NIC: by name, id, fd and VHX_NET_BIND, in which order, with which capability, and
 * every way to ask for it wrongly. dealt to: one
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define WAIT 3000

static struct rig a, b;
static struct policy p1, p2;

/* What attaching says; nothing is left attached. */
static int try_it(const struct policy_opt *opt)
{
	struct policy p;
	int err = policy_start(&p, opt);

	policy_close(&p);
	return err;
}

static const char *name_of(int err)
{
	return err ? strerrorname_np(-err) : "0";
}

#define REFUSED(want, what, ...) do {						\
	int err_ = try_it(&(struct policy_opt){ __VA_ARGS__ });			\
	tap_ok(err_ == (want), "%s: %s (%s)", what, name_of(want), name_of(err_)); \
} while (0)

static int bind_nic(const struct rig *r, uint32_t id)
{
	struct vhx_bind bind = { .size = sizeof(bind), .policy_id = id };

	return guest_ioctl(r->drv[0].g.fd, VHX_NET_BIND, &bind);
}

/* ---- ways to bind ---- */

static void test_by_name(void)
{
	struct policy_state s;

	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_name = "vb0" }) && nic_policy("vb0") == p1.id &&
	       !nic_policy("vb1"), "by its name: that NIC and no other");
	policy_close(&p1);
	tap_ok(!nic_policy("vb0"), "closed, it is gone");
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_name = "v?*" }) && nic_policy("vb0") == p1.id &&
	       nic_policy("vb1") == p1.id && policy_get(p1.id, &s) && s.nr_nics == 2 &&
	       policy_seen(&p1, SEEN_ATTACH) == 2, "by a pattern: one policy for both");
	tap_ok(!policy_start(&p2, &(struct policy_opt){ .nic_name = "vb0" }) && nic_policy("vb0") == p1.id,
	       "who comes later waits");
	policy_close(&p1);
	tap_ok(nic_policy("vb0") == p2.id && !nic_policy("vb1"), "and takes over what it may");
	policy_close(&p2);
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_name = "vb[01]" }) && !nic_policy("vb0") ==
	       !nic_policy("vb1"), "a pattern with brackets breaks nothing");
	policy_close(&p1);
}

static void test_by_id(void)
{
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_id = nic_id("vb1") }) &&
	       nic_policy("vb1") == p1.id && !nic_policy("vb0"), "by id");
	REFUSED(-EBUSY, "by id, the NIC has one by id", .nic_id = nic_id("vb1"));
	REFUSED(-ENODEV, "by an id that is not there", .nic_id = 0x7fffffff);
	policy_close(&p1);
}

static void test_by_fd(void)
{
	int fd = a.drv[0].g.fd, fresh = open(guest_node(), O_RDWR);

	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_fd = fd }) && nic_policy("vb0") == p1.id &&
	       !nic_policy("vb1"), "by fd");
	REFUSED(-EBUSY, "by fd, the NIC has one by fd", .nic_fd = a.drv[1].g.fd);
	policy_close(&p1);
	REFUSED(-EBADF, "by an fd that is not open", .nic_fd = 900);
	REFUSED(-EINVAL, "by an fd of something else", .nic_fd = a.tap[0]);
	REFUSED(-ENODEV, "by a vhost fd without a backend", .nic_fd = fresh);
	close(fresh);
}

static void test_by_ioctl(void)
{
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .name = "free" }) && !nic_policy("vb0"),
	       "an unbound policy waits to be asked");
	tap_ok(!bind_nic(&a, p1.id) && !bind_nic(&b, p1.id) && nic_policy("vb0") == p1.id &&
	       nic_policy("vb1") == p1.id, "VHX_NET_BIND, two NICs");
	tap_ok(!bind_nic(&a, p1.id) && policy_seen(&p1, SEEN_ATTACH) == 2, "the same again is fine");
	if (policy_start(&p2, &(struct policy_opt){ .name = "free2" }))
		tap_bail("a second policy");
	tap_ok(bind_nic(&a, p2.id) == -EBUSY && nic_policy("vb0") == p1.id, "another one: EBUSY");
	tap_ok(!bind_nic(&a, 0) && !nic_policy("vb0") && nic_policy("vb1") == p1.id, "0 undoes it");
	tap_ok(!bind_nic(&a, 0), "and again");
	tap_ok(!bind_nic(&a, p2.id) && nic_policy("vb0") == p2.id, "and now the other one");
	policy_close(&p2);
	tap_ok(!nic_policy("vb0"), "its link closed, the NIC is free");
	policy_close(&p1);
	tap_ok(bind_nic(&a, p1.id) == -ENOENT, "a policy that is gone: ENOENT");
}

static void test_bind_args(void)
{
	uint8_t big[sizeof(struct vhx_bind) + 8] = { 0 };
	struct vhx_bind *bind = (void *)big;
	int fd = a.drv[0].g.fd, fresh = open(guest_node(), O_RDWR), status = -1;
	pid_t pid;

	if (policy_start(&p1, &(struct policy_opt){ .name = "free" }))
		tap_bail("a policy");
	*bind = (struct vhx_bind){ .size = sizeof(*bind), .policy_id = p1.id, .flags = 1 };
	tap_ok(guest_ioctl(fd, VHX_NET_BIND, bind) == -EINVAL, "bind: an unknown flag: EINVAL");
	*bind = (struct vhx_bind){ .size = sizeof(*bind), .policy_id = p1.id, .reserved = 1 };
	tap_ok(guest_ioctl(fd, VHX_NET_BIND, bind) == -EINVAL, "bind: reserved: EINVAL");
	*bind = (struct vhx_bind){ .size = 4, .policy_id = p1.id };
	tap_ok(guest_ioctl(fd, VHX_NET_BIND, bind) == -EINVAL, "bind: too short: EINVAL");
	*bind = (struct vhx_bind){ .size = sizeof(big), .policy_id = p1.id };
	big[sizeof(big) - 1] = 1;
	tap_ok(guest_ioctl(fd, VHX_NET_BIND, big) == -E2BIG, "bind: longer, not zero: E2BIG");
	big[sizeof(big) - 1] = 0;
	bind->size = 1U << 30;
	tap_ok(guest_ioctl(fd, VHX_NET_BIND, big) == -E2BIG, "bind: far too long: E2BIG");
	tap_ok(!nic_policy("vb0"), "nothing was bound");
	bind->size = sizeof(big);
	tap_ok(!guest_ioctl(fd, VHX_NET_BIND, big) && nic_policy("vb0") == p1.id,
	       "bind: longer, zero: bound");
	tap_ok(guest_ioctl(fd, VHX_NET_BIND, NULL) == -EFAULT, "bind: NULL: EFAULT");
	tap_ok(guest_ioctl(fresh, VHX_NET_BIND, big) == -EPERM, "bind: no owner: EPERM");
	guest_ioctl(fresh, VHOST_SET_OWNER, NULL);
	tap_ok(guest_ioctl(fresh, VHX_NET_BIND, big) == -ENODEV, "bind: no backend yet: ENODEV");
	close(fresh);
	pid = fork();
	if (!pid)
		_exit(guest_ioctl(fd, VHX_NET_BIND, big) == -EPERM ? 0 : 1);
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "bind: another process's fd: EPERM");
	bind_nic(&a, 0);
	policy_close(&p1);
}

/* ---- fields ---- */

static int libbpf_attach(const char *path, const char *map_name)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_link *link;
	int err;

	if (!obj)
		return -errno;
	err = bpf_object__load(obj);
	if (!err) {
		link = bpf_map__attach_struct_ops(bpf_object__find_map_by_name(obj, map_name));
		err = link ? 0 : -errno;
		bpf_link__destroy(link);
	}
	bpf_object__close(obj);
	return err;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static void test_fields(void)
{
	int err;

	REFUSED(-EINVAL, "unknown flags", .flags = 2);
	REFUSED(-EINVAL, "all flags", .flags = ~0ULL);
	REFUSED(-EINVAL, "a name with a space", .name = "a b");
	REFUSED(-EINVAL, "a name with a slash", .name = "../a");
	REFUSED(-EINVAL, "an empty name", .name = "");
	REFUSED(-EINVAL, "too many errors", .max_errors = 65537);
	REFUSED(0, "as many as may be", .max_errors = 65536);
	REFUSED(-EINVAL, "by name and by id", .nic_name = "x", .nic_id = 1);
	REFUSED(-EINVAL, "by name and by fd", .nic_name = "x", .nic_fd = 3);
	REFUSED(-EINVAL, "by id and by fd", .nic_id = 1, .nic_fd = 3);
	REFUSED(0, "a negative fd is none", .nic_name = "nobody", .nic_fd = -1);
	REFUSED(-EINVAL, "neither rx nor tx", .object = PROGS "deaf.bpf.o");
	REFUSED(-7, "a NIC that its nic_attach refuses, by id", .nic_id = nic_id("vb0"),
		.refuse = -7);
	REFUSED(-EINVAL, "a nic_attach that returns nonsense, by id", .nic_id = nic_id("vb0"),
		.refuse = 77);
	tap_ok(!policy_count() && !nic_policy("vb0"), "nothing is left of all these");

	libbpf_set_print(quiet);
	err = libbpf_attach(PROGS "sleepy.bpf.o", "sleepy");
	tap_ok(err == -EINVAL, "a sleepable rx: EINVAL (%s)", name_of(err));
	err = libbpf_attach(PROGS "writer.bpf.o", "writer");
	tap_ok(err == -EACCES || err == -EINVAL, "a program that writes its packet: refused (%s)",
	       name_of(err));
	err = libbpf_attach(PROGS "nolink.bpf.o", "nolink");
	tap_ok(err == -EOPNOTSUPP, "a map without link: EOPNOTSUPP (%s)", name_of(err));
	tap_ok(!policy_count(), "nothing is left of these either");
}

static void test_number(const char *field, uint64_t value, int want)
{
	struct policy p = { .rx_table = -1, .tx_table = -1, .seen = -1 };
	int err = vhx_policy__open(&p.p, PROGS "table.bpf.o");

	err = err ? err : vhx_policy__set_num(p.p, field, value);
	err = err ? err : vhx_policy__load(p.p);
	err = err ? err : vhx_policy__attach(p.p);
	tap_ok(err == want, "%s %llu: %s (%s)", field, (unsigned long long)value, name_of(want),
	       name_of(err));
	policy_close(&p);
}

/* ---- who comes before whom ---- */

static void test_order(void)
{
	struct policy byname;
	uint32_t id = nic_id("vb0");

	if (policy_start(&byname, &(struct policy_opt){ .nic_name = "vb*", .name = "byname" }))
		tap_bail("a policy by name");
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_id = id }) && nic_policy("vb0") == p1.id &&
	       nic_policy("vb1") == byname.id, "one by id comes before one by name");
	tap_ok(policy_seen(&byname, SEEN_DETACH) == 1, "which is detached");
	policy_close(&p1);
	tap_ok(nic_policy("vb0") == byname.id && policy_seen(&byname, SEEN_ATTACH) == 3,
	       "and attached again when the other goes");
	if (policy_start(&p2, &(struct policy_opt){ .name = "free" }))
		tap_bail("an unbound policy");
	tap_ok(!bind_nic(&a, p2.id) && nic_policy("vb0") == p2.id, "one by VHX_NET_BIND likewise");
	REFUSED(-EBUSY, "by id where one is by VHX_NET_BIND", .nic_id = id);
	tap_ok(!bind_nic(&a, 0) && nic_policy("vb0") == byname.id, "undone: by name again");
	policy_close(&p2);

	/* A policy by name that refuses the NIC is passed over, and so is the next. */
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_name = "vb*", .refuse = -1, .name = "no" }) &&
	       !policy_start(&p2, &(struct policy_opt){ .nic_name = "vb*", .name = "yes" }),
	       "three by name, the second refuses");
	policy_close(&byname);
	tap_ok(nic_policy("vb0") == p2.id && nic_policy("vb1") == p2.id, "the third takes over");
	policy_close(&p2);
	tap_ok(!nic_policy("vb0") && !nic_policy("vb1"), "the second does not when that goes");
	rig_forget(&a);
	rig_send(&a, 1, 100);
	tap_ok(rig_wait(&a, 1, WAIT), "packets pass with nobody in charge");
	policy_close(&p1);
}

/* ---- a NIC that comes later, or under another name ---- */

static void test_waiting(void)
{
	struct rig late;
	uint32_t first;

	if (policy_start(&p1, &(struct policy_opt){ .nic_name = "late*" }))
		tap_bail("a policy by name");
	rig_open(&late, "late0", 2, NULL);
	first = nic_id("late0");
	tap_ok(nic_policy("late0") == p1.id && policy_seen(&p1, SEEN_ATTACH) == 1,
	       "a policy waits for a NIC of its name");
	tap_ok(policy_seen(&p1, SEEN_CONFIG) && policy_seen(&p1, SEEN_QUEUES) == 2,
	       "and hears of its queues (%u)", (unsigned int)policy_seen(&p1, SEEN_QUEUES));
	rig_close(&late);
	tap_ok(EVENTUALLY(!nic_id("late0"), WAIT) && policy_seen(&p1, SEEN_DETACH) == 1,
	       "its VMM is gone: detached");
	rig_open(&late, "late0", 1, NULL);
	tap_ok(nic_policy("late0") == p1.id && nic_id("late0") != first,
	       "started again: attached again, to a NIC with another id");
	rig_close(&late);
	policy_close(&p1);
}

static void test_rename(void)
{
	if (policy_start(&p1, &(struct policy_opt){ .nic_name = "vb0" }) ||
	    policy_start(&p2, &(struct policy_opt){ .nic_name = "new*" }))
		tap_bail("two policies by name");
	tap_ok(!sh("ip link set vb0 down && ip link set vb0 name newname"), "a tap is renamed");
	tap_ok(nic_policy("newname") == p2.id && !nic_id("vb0"), "its NIC has the policy of its name");
	tap_ok(policy_seen(&p1, SEEN_DETACH) == 1, "and lost the other");
	tap_ok(!sh("ip link set newname name vb0 && ip link set vb0 up") && nic_policy("vb0") == p1.id,
	       "and back");
	policy_close(&p1);
	policy_close(&p2);
}

/* ---- who may ---- */

static struct policy_opt by_fd(const char *name)
{
	return (struct policy_opt){ .nic_fd = a.drv[0].g.fd, .name = name };
}

/* Loaded with all capabilities, attached without CAP_NET_ADMIN. */
static int attach_plain(struct policy *p, const struct policy_opt *opt)
{
	int err = policy_load(p, opt);

	drop_cap(CAP_NET_ADMIN);
	err = err ? err : policy_attach(p);
	raise_cap(CAP_NET_ADMIN);
	return err;
}

static int bind_plain(const struct rig *r, uint32_t id)
{
	int err;

	drop_cap(CAP_NET_ADMIN);
	err = bind_nic(r, id);
	raise_cap(CAP_NET_ADMIN);
	return err;
}

static void test_capabilities(void)
{
	struct policy_opt fd1 = by_fd("fd1");
	struct policy admin;
	uint32_t id = nic_id("vb0");
	int err;

	err = attach_plain(&p1, &(struct policy_opt){ .nic_name = "vb0" });
	tap_ok(err == -EPERM, "plain: by name: EPERM (%s)", name_of(err));
	policy_close(&p1);
	err = attach_plain(&p1, &(struct policy_opt){ 0 });
	tap_ok(err == -EPERM, "plain: unbound: EPERM (%s)", name_of(err));
	policy_close(&p1);
	err = attach_plain(&p1, &(struct policy_opt){ .nic_id = id });
	tap_ok(err == -EPERM, "plain: by id: EPERM (%s)", name_of(err));
	policy_close(&p1);
	err = attach_plain(&p1, &fd1);
	tap_ok(!err && nic_policy("vb0") == p1.id, "plain: by fd where nobody is: yes (%s)",
	       name_of(err));

	/* Whose is plain, an administrator may replace. */
	if (policy_start(&admin, &(struct policy_opt){ .nic_name = "vb0", .name = "admin" }))
		tap_bail("an administrator's policy");
	policy_close(&p1);
	tap_ok(nic_policy("vb0") == admin.id, "it goes, an administrator's by name takes over");
	err = attach_plain(&p1, &fd1);
	tap_ok(err == -EBUSY && nic_policy("vb0") == admin.id,
	       "plain: by fd where an administrator's is: EBUSY (%s)", name_of(err));
	policy_close(&p1);
	if (policy_start(&p2, &(struct policy_opt){ .name = "free" }))
		tap_bail("an unbound policy");
	err = bind_plain(&a, p2.id);
	tap_ok(err == -EBUSY, "plain: VHX_NET_BIND there: EBUSY (%s)", name_of(err));
	tap_ok(!bind_plain(&a, 0) && nic_policy("vb0") == admin.id, "plain: 0 detaches nothing");
	policy_close(&admin);

	tap_ok(!bind_plain(&a, p2.id) && nic_policy("vb0") == p2.id,
	       "plain: VHX_NET_BIND where nobody is");
	tap_ok(!bind_plain(&a, 0) && !nic_policy("vb0"), "plain: and undone");
	if (bind_nic(&a, p2.id))
		tap_bail("an administrator's bind");
	err = bind_plain(&a, 0);
	tap_ok(err == -EPERM && nic_policy("vb0") == p2.id,
	       "plain: what an administrator bound is not undone: EPERM (%s)", name_of(err));
	tap_ok(!bind_nic(&a, 0), "but by an administrator");
	policy_close(&p2);

	/* A dead filter's NIC is no free NIC. */
	if (policy_start(&admin, &(struct policy_opt){ .nic_id = id, .name = "filter",
						.flags = VHX_STEER_F_REQUIRED }))
		tap_bail("a filter");
	policy_close(&admin);
	err = attach_plain(&p1, &fd1);
	tap_ok(err == -EBUSY && nic_closed("vb0"), "plain: by fd where a filter left: EBUSY (%s)",
	       name_of(err));
	policy_close(&p1);
	tap_ok(!policy_start(&p1, &(struct policy_opt){ .nic_id = id }) && !nic_closed("vb0"),
	       "an administrator may put another in its place");
	policy_close(&p1);
	tap_ok(!nic_policy("vb0"), "which leaves it open");
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	rig_open(&a, "vb0", 2, NULL);
	rig_open(&b, "vb1", 1, NULL);
	test_by_name();
	test_by_id();
	test_by_fd();
	test_by_ioctl();
	test_bind_args();
	test_fields();
	test_number("abi", VHX_BPF_ABI, 0);
	test_number("abi", VHX_BPF_ABI + 1, -EINVAL);
	test_order();
	test_waiting();
	test_rename();
	test_capabilities();
	rig_close(&a);
	rig_close(&b);
	tap_ok(!policy_count() && !nic_count(), "nothing is left");
	return tap_done();
}
