// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi NODE: each ioctl of a vDPA device, at the edges of what it takes. With $VHX_VDPA in-tree what
 * differs on purpose is not asked (docs/vdpa.md has the list).
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"
#include "vdpadrv.h"

static struct vdpadrv d;
static const char *node;
static uint32_t ngroups, nas, config_size;
static uint16_t max_num;

/* ---- before there is an owner ---- */

static void test_unowned(void)
{
	int fd = open(node, O_RDWR), other;
	uint64_t features;
	uint32_t id;

	tap_ok(fd >= 0, "%s opens", node);
	other = open(node, O_RDWR);
	tap_ok(other < 0 && errno == EBUSY, "and is one VMM's: EBUSY");
	/* What QEMU asks before it says whose the device is. */
	tap_ok(!vdpa_get_u32(fd, VHOST_VDPA_GET_DEVICE_ID, &id) && id > 0 && id < 64,
	       "without an owner: device id %u", id);
	tap_ok(!guest_ioctl(fd, VHOST_GET_FEATURES, &features) && features & F_V1,
	       "features %#llx", (unsigned long long)features);
	tap_ok(!vdpa_status(fd, S_DRIVER) && !vdpa_status(fd, 0), "status");
	tap_ok(vdpa_vring(fd, VHOST_SET_VRING_NUM, 0, 16) == -EPERM, "but no queue: EPERM");
	tap_ok(vdpa_map(fd, 0, &d, 4096) == -EFAULT, "and no memory: EFAULT");
	tap_ok(!guest_ioctl(fd, VHOST_SET_OWNER, NULL), "SET_OWNER");
	tap_ok(guest_ioctl(fd, VHOST_SET_OWNER, NULL) == -EBUSY, "once: EBUSY");
	close(fd);
	fd = open(node, O_RDWR);
	tap_ok(fd >= 0 && vdpa_vring(fd, VHOST_SET_VRING_NUM, 0, 16) == -EPERM,
	       "who opens it next is not its owner");
	close(fd);
}

/* ---- numbers ---- */

static void test_numbers(void)
{
	struct vhost_vdpa_iova_range range = {};

	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_GET_VRING_NUM, &max_num) && max_num >= 2,
	       "rings of %u at most", max_num);
	tap_ok(d.nvqs >= 1, "%u queues", d.nvqs);
	tap_ok(!vdpa_get_u32(d.fd, VHOST_VDPA_GET_GROUP_NUM, &ngroups) && ngroups >= 1,
	       "%u groups", ngroups);
	tap_ok(!vdpa_get_u32(d.fd, VHOST_VDPA_GET_AS_NUM, &nas) && nas >= 1, "%u spaces", nas);
	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_GET_IOVA_RANGE, &range) && range.first < range.last,
	       "addresses %#llx to %#llx", range.first, range.last);
	tap_ok(!vdpa_get_u32(d.fd, VHOST_VDPA_GET_CONFIG_SIZE, &config_size) && config_size,
	       "a configuration of %u bytes", config_size);
}

/* ---- R74: indices ---- */

static void test_index(unsigned long cmd, const char *name)
{
	const uint32_t bad[] = { d.nvqs, d.nvqs + 1, 0xffff, 0x10000, UINT32_MAX };
	struct {
		uint32_t index;
		uint8_t rest[60];
	} arg = {};
	unsigned int i;
	bool ok = true;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		arg.index = bad[i];
		ok &= guest_ioctl(d.fd, cmd, &arg) == -ENOBUFS;
	}
	tap_ok(ok, "R74: %s of no queue: ENOBUFS", name);
}

#define INDEX(cmd) test_index(cmd, #cmd)

static void test_indices(void)
{
	INDEX(VHOST_SET_VRING_NUM);
	INDEX(VHOST_SET_VRING_ADDR);
	INDEX(VHOST_SET_VRING_BASE);
	INDEX(VHOST_GET_VRING_BASE);
	INDEX(VHOST_SET_VRING_KICK);
	INDEX(VHOST_SET_VRING_CALL);
	INDEX(VHOST_SET_VRING_ERR);
	INDEX(VHOST_VDPA_SET_VRING_ENABLE);
	INDEX(VHOST_VDPA_GET_VRING_GROUP);
	INDEX(VHOST_VDPA_GET_VRING_SIZE);
	if (d.backend & BIT64(VHOST_BACKEND_F_DESC_ASID))
		INDEX(VHOST_VDPA_GET_VRING_DESC_GROUP);
}

/* ---- groups ---- */

static void test_groups(void)
{
	struct vhost_vring_state s = { .index = d.nvqs - 1 };
	int r = guest_ioctl(d.fd, VHOST_VDPA_GET_VRING_GROUP, &s);

	tap_ok(r ? r == -EOPNOTSUPP : s.num < ngroups, "the last queue is in a group that there is");
	r = vdpa_vring(d.fd, VHOST_VDPA_SET_GROUP_ASID, 0, nas);
	tap_ok(r == -EINVAL, "R74: group 0 in no space: EINVAL");
	r = vdpa_vring(d.fd, VHOST_VDPA_SET_GROUP_ASID, 0, UINT32_MAX);
	tap_ok(r == -EINVAL, "R74: nor in the last number's");
	r = vdpa_vring(d.fd, VHOST_VDPA_SET_GROUP_ASID, ngroups, 0);
	/* In-tree 6.12 asks whether there is a queue of the group's number. */
	tap_ok(r == -EINVAL || (!vdpa_is_vhx() && r), "R74: no group: EINVAL");
	r = vdpa_vring(d.fd, VHOST_VDPA_SET_GROUP_ASID, 0, 0);
	tap_ok(!r || r == -EOPNOTSUPP, "group 0 in space 0");
}

/* ---- features ---- */

static void test_features(void)
{
	const uint64_t unknown = d.backend | BIT64(60);
	const uint64_t alone = BIT64(VHOST_BACKEND_F_DESC_ASID);
	uint64_t features;
	uint8_t status;

	tap_ok((d.backend & B_ALWAYS) == B_ALWAYS, "backend features %#llx: messages 2, batches, spaces",
	       (unsigned long long)d.backend);
	tap_ok(guest_ioctl(d.fd, VHOST_SET_BACKEND_FEATURES, (void *)&unknown) == -EOPNOTSUPP,
	       "one that there is not: EOPNOTSUPP");
	if (d.backend & alone)
		tap_ok(guest_ioctl(d.fd, VHOST_SET_BACKEND_FEATURES, (void *)&alone) == -EINVAL,
		       "DESC_ASID without ASID: EINVAL");
	tap_ok(guest_ioctl(d.fd, VHOST_GET_FEATURES, NULL) == -EFAULT, "features to nowhere: EFAULT");

	tap_ok(!vdpadrv_features(&d, 0), "up to FEATURES_OK");
	features = d.features;
	tap_ok(guest_ioctl(d.fd, VHOST_SET_FEATURES, &features) == -EBUSY, "no others after it: EBUSY");
	tap_ok(vdpa_status(d.fd, S_DRIVER) == -EINVAL, "status only grows: EINVAL");
	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_GET_STATUS, &status) && status == S_FEATURES,
	       "and is as it was");
	tap_ok(!vdpa_status(d.fd, 0) && !guest_ioctl(d.fd, VHOST_VDPA_GET_STATUS, &status) && !status,
	       "or is reset");
}

/* ---- R77: the configuration ---- */

static int get_config(uint32_t off, uint32_t len, uint8_t *buf, uint32_t room)
{
	struct vhost_vdpa_config *c = calloc(1, sizeof(*c) + room);
	int r;

	c->off = off;
	c->len = len;
	memset(c->buf, 0x5a, room);
	r = guest_ioctl(d.fd, VHOST_VDPA_GET_CONFIG, c);
	memcpy(buf, c->buf, room);
	free(c);
	return r;
}

static void test_config(void)
{
	static uint8_t one[512], two[512];
	bool same;

	tap_ok(!get_config(0, config_size, one, sizeof(one)), "all of the configuration");
	tap_ok(!get_config(1, config_size - 1, two, sizeof(two)), "all but a byte");
	same = !memcmp(one + 1, two, config_size - 1);
	tap_ok(same, "are the same bytes");
	tap_ok(one[config_size] == 0x5a && two[config_size - 1] == 0x5a, "and no others are written");
	tap_ok(get_config(0, 0, two, 8) == -EINVAL, "R77: nothing: EINVAL");
	tap_ok(get_config(0, config_size + 1, two, 8) == -EINVAL, "R77: more than there is: EINVAL");
	tap_ok(get_config(config_size, 1, two, 8) == -EINVAL, "R77: behind it: EINVAL");
	tap_ok(get_config(UINT32_MAX, 2, two, 8) == -EINVAL, "R77: around the end: EINVAL");
	tap_ok(get_config(8, UINT32_MAX - 4, two, 8) == -EINVAL, "R77: of all lengths: EINVAL");
	/* An argument whose bytes are not there. */
	tap_ok(guest_ioctl(d.fd, VHOST_VDPA_GET_CONFIG, (void *)16) == -EFAULT, "to nowhere: EFAULT");
}

/* ---- rings ---- */

static void test_num(void)
{
	const uint32_t bad[] = { 0, 3, 0x10000, 0x80000000, UINT32_MAX };
	unsigned int i;
	bool ok = true;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok &= vdpa_vring(d.fd, VHOST_SET_VRING_NUM, 0, bad[i]) == -EINVAL;
	tap_ok(ok, "R78: a ring of 0, 3, 65536 and more: EINVAL");
	if (vdpa_is_vhx() && max_num < 0x8000)
		tap_ok(vdpa_vring(d.fd, VHOST_SET_VRING_NUM, 0, 0x8000) == -EINVAL,
		       "R78: larger than the device's largest: EINVAL");
	tap_ok(!vdpa_vring(d.fd, VHOST_SET_VRING_NUM, 0, 2), "the least");
	tap_ok(vdpa_vring(d.fd, VHOST_SET_VRING_BASE, 0, 0x10000) == -EINVAL,
	       "a split ring's index of 65536: EINVAL");
}

static void test_files(unsigned long cmd, const char *name)
{
	struct vhost_vring_file f = { .fd = 12345 };
	int event = eventfd(0, 0), null = open("/dev/null", O_RDWR);

	tap_ok(guest_ioctl(d.fd, cmd, &f) == -EBADF, "R72: %s, no fd: EBADF", name);
	f.fd = null;
	tap_ok(guest_ioctl(d.fd, cmd, &f) == -EINVAL, "R72: %s, no eventfd: EINVAL", name);
	f.fd = event;
	tap_ok(!guest_ioctl(d.fd, cmd, &f), "%s, an eventfd", name);
	f.fd = 12345;
	tap_ok(guest_ioctl(d.fd, cmd, &f) == -EBADF, "R72: %s, again no fd", name);
	f.fd = -1;
	tap_ok(!guest_ioctl(d.fd, cmd, &f), "%s, none", name);
	close(event);
	close(null);
}

static void test_config_call(void)
{
	int bad = 12345, none = -1, event = eventfd(0, 0), null = open("/dev/null", O_RDWR);

	tap_ok(guest_ioctl(d.fd, VHOST_VDPA_SET_CONFIG_CALL, &bad) == -EBADF,
	       "R72: SET_CONFIG_CALL, no fd: EBADF");
	tap_ok(guest_ioctl(d.fd, VHOST_VDPA_SET_CONFIG_CALL, &null) == -EINVAL, "no eventfd: EINVAL");
	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_SET_CONFIG_CALL, &event), "an eventfd");
	tap_ok(!guest_ioctl(d.fd, VHOST_VDPA_SET_CONFIG_CALL, &none), "none");
	close(event);
	close(null);
}

/* What is fixed while the device runs, and what is not while it is suspended. */
static void test_running(void)
{
	struct vhost_vring_addr addr = { .index = 0 };
	struct vhost_vring_state s = {};
	struct mem m;
	int r;

	if (mem_open_shared(&m, 1 << 20) || vdpadrv_features(&d, 0) || vdpadrv_start(&d, &m, 1))
		tap_bail("it does not start");
	addr.desc_user_addr = addr.avail_user_addr = addr.used_user_addr = m.gpa;
	tap_ok(guest_ioctl(d.fd, VHOST_SET_VRING_ADDR, &addr) == -EINVAL,
	       "it runs: where its rings are is fixed: EINVAL");
	tap_ok(vdpa_vring(d.fd, VHOST_SET_VRING_BASE, 0, 0) == -EINVAL, "and where they stand");
	if (vdpa_is_vhx())
		tap_ok(vdpa_vring(d.fd, VHOST_VDPA_SET_GROUP_ASID, 0, 0) == -EBUSY,
		       "R78: and the spaces of groups: EBUSY");
	r = guest_ioctl(d.fd, VHOST_VDPA_SUSPEND, NULL);
	tap_ok(d.backend & BIT64(VHOST_BACKEND_F_SUSPEND) ? !r : r == -EOPNOTSUPP,
	       "SUSPEND: as its feature says");
	if (!r) {
		tap_ok(!guest_ioctl(d.fd, VHOST_SET_VRING_ADDR, &addr), "suspended, they may move");
		tap_ok(!vdpa_vring(d.fd, VHOST_SET_VRING_BASE, 0, 7), "and stand elsewhere");
		tap_ok(!guest_ioctl(d.fd, VHOST_GET_VRING_BASE, &s) && s.num == 7, "as they are asked");
	}
	r = guest_ioctl(d.fd, VHOST_VDPA_RESUME, NULL);
	tap_ok(d.backend & BIT64(VHOST_BACKEND_F_RESUME) ? !r : r == -EOPNOTSUPP,
	       "RESUME: as its feature says");
	vdpadrv_close(&d);
	mem_close(&m);
	if (vdpadrv_open(&d, node))
		tap_bail("it does not open again");
}

/* ---- what there is not ---- */

static void test_absent(void)
{
	uint64_t base = 0;
	int fd = -1;

	tap_ok(guest_ioctl(d.fd, VHOST_SET_LOG_BASE, &base) == -ENOTTY, "no log: ENOTTY");
	tap_ok(guest_ioctl(d.fd, VHOST_SET_LOG_FD, &fd) == -ENOTTY, "nor its fd: ENOTTY");
	if (vdpa_is_vhx()) {
		struct vhost_memory none = {};

		/* In-tree looks at the argument first. */
		tap_ok(guest_ioctl(d.fd, _IO(VHOST_VIRTIO, 0xfe), NULL) == -ENOTTY,
		       "nor what there is not");
		tap_ok(guest_ioctl(d.fd, VHOST_SET_MEM_TABLE, &none) == -ENOTTY,
		       "nor a memory table, which would mean nothing");
	}
}

/* ---- R75: doorbells ---- */

static void test_doorbells(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	const long index[] = { 0, d.nvqs - 1, d.nvqs, d.nvqs + 1, 65535, 65536, 1L << 40 };
	unsigned int i;
	bool bounded = true;
	void *p;

	for (i = 0; i < sizeof(index) / sizeof(*index); i++) {
		p = mmap(NULL, page, PROT_WRITE, MAP_SHARED, d.fd, index[i] * page);
		bounded &= p == MAP_FAILED || index[i] < (long)d.nvqs;
		if (p != MAP_FAILED)
			munmap(p, page);
	}
	tap_ok(bounded, "R75: no page is the doorbell of no queue");
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, d.fd, 0);
	tap_ok(p == MAP_FAILED, "none is to be read");
	p = mmap(NULL, page, PROT_WRITE, MAP_PRIVATE, d.fd, 0);
	tap_ok(p == MAP_FAILED, "or private");
	p = mmap(NULL, 2 * page, PROT_WRITE, MAP_SHARED, d.fd, 0);
	tap_ok(p == MAP_FAILED, "or two");
}

/* ---- what is no message ---- */

static void test_messages(void)
{
	static struct vhost_msg_v2 msg = { .type = VHOST_IOTLB_MSG_V2 };
	static const struct vhost_msg_v2 long_one[2] = {
		{ .type = VHOST_IOTLB_MSG_V2, .iotlb.type = VHOST_IOTLB_BATCH_END },
	};
	const size_t least = offsetof(struct vhost_msg_v2, iotlb) + sizeof(msg.iotlb);
	const struct vdpa_area none = { .iova = 0x1000 };

	tap_ok(write(d.fd, &msg, 3) < 0 && errno == EINVAL, "a message of 3 bytes: EINVAL");
	tap_ok(write(d.fd, &msg, least - 1) < 0 && errno == EINVAL, "cut by one: EINVAL");
	msg.iotlb.type = VHOST_IOTLB_BATCH_END;
	vdpa_msg(d.fd, VHOST_IOTLB_BATCH_BEGIN, 0, NULL);
	tap_ok(write(d.fd, &msg, least) == (ssize_t)least, "without what is reserved: taken");
	vdpa_msg(d.fd, VHOST_IOTLB_BATCH_BEGIN, 0, NULL);
	tap_ok(write(d.fd, long_one, sizeof(long_one)) == sizeof(msg), "of a long one, what it is");
	msg.type = VHOST_IOTLB_MSG;
	msg.asid = 77;
	vdpa_msg(d.fd, VHOST_IOTLB_BATCH_BEGIN, 0, NULL);
	tap_ok(write(d.fd, &msg, sizeof(msg)) == sizeof(msg), "of the first form, which has no space");
	msg.type = 77;
	tap_ok(write(d.fd, &msg, sizeof(msg)) < 0 && errno == EINVAL, "of type 77: EINVAL");
	tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_UPDATE, 0, &none) == -EINVAL, "of no bytes: EINVAL");
	tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_MISS, 0, NULL) == -EFAULT, "a miss: EFAULT");
	tap_ok(vdpa_msg(d.fd, 200, 0, NULL) == -EFAULT, "of kind 200: EFAULT");
	tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_BATCH_BEGIN, nas, NULL) == -EFAULT, "of no space: EFAULT");
	tap_ok(vdpa_msg(d.fd, VHOST_IOTLB_BATCH_BEGIN, UINT32_MAX, NULL) == -EFAULT,
	       "of the last number's: EFAULT");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		tap_bail("abi NODE");
	node = argv[1];
	test_unowned();
	if (vdpadrv_open(&d, node))
		tap_bail("%s: %s", node, strerror(errno));
	test_numbers();
	test_indices();
	test_groups();
	test_features();
	test_config();
	test_num();
	test_files(VHOST_SET_VRING_KICK, "SET_VRING_KICK");
	test_files(VHOST_SET_VRING_CALL, "SET_VRING_CALL");
	test_files(VHOST_SET_VRING_ERR, "SET_VRING_ERR");
	test_config_call();
	test_absent();
	test_doorbells();
	test_messages();
	test_running();
	vdpadrv_close(&d);
	return tap_done();
}
