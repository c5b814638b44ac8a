// SPDX-License-Identifier: GPL-2.0-only
/* Guests that mean ill: whatever they send, every command is done once and nothing else breaks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"
#include "rig.h"
#include "unit.h"

static uint64_t rng;

static uint32_t any(void)
{
	rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(rng >> 33);
}

/* --- allocations that fail --- */

static int fail_alloc = -1;

static bool fails(void)
{
	return fail_alloc >= 0 && fail_alloc-- == 0;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

int __real_posix_memalign(void **at, size_t align, size_t size);
int __wrap_posix_memalign(void **at, size_t align, size_t size);
int __wrap_posix_memalign(void **at, size_t align, size_t size)
{
	return fails() ? ENOMEM : __real_posix_memalign(at, align, size);
}

static void commands_without_memory(void **state)
{
	static const uint8_t unmap[24] = { [1] = 22, [3] = 16, [19] = 1 };
	static const uint8_t prout[24] = { [15] = 1 };
	static const uint8_t block[1024] = { 1 };
	static const struct {
		uint8_t cdb[SCSI_CDB_MAX];
		const uint8_t *out;
		uint32_t len;
	} t[] = {
		{ { 0x2f, 2, 0, 0, 0, 0, 0, 0, 1 }, block, 512 },
		{ { 0x2e, 0, 0, 0, 0, 0, 0, 0, 1 }, block, 512 },
		{ { 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, block, 1024 },
		{ { 0x41, 0, 0, 0, 0, 0, 0, 0, 2 }, block, 512 },
		{ { 0x42, 0, 0, 0, 0, 0, 0, 0, 24 }, unmap, 24 },
		{ { 0x5f, 6, 0, 0, 0, 0, 0, 0, 24 }, prout, 24 },
		{ { 0x3b, 2, 0, 0, 0, 0, 0, 0, 4 }, block, 4 },
	};
	struct rig rig;
	struct shot *s;
	size_t i;
	int k;

	rig_open(&rig, NULL);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		for (k = 0;; k++) {
			s = shot_new(&rig, 0, t[i].cdb);
			shot_out(s, t[i].out, t[i].len);
			fail_alloc = k;
			shot_fire(s);
			if (fail_alloc >= 0)
				break;
			assert_true(s->cmd.status == SCSI_TASK_SET_FULL ||
				    s->cmd.status == SCSI_BUSY);
			shot_free(s);
		}
		fail_alloc = -1;
		assert_true(k >= 1);
		shot_free(s);
	}
	rig_close(&rig);
}

static void objects_without_memory(void **state)
{
	struct scsi_nexus *nexus;
	struct rig rig;
	int k, ret;

	rig_open(&rig, NULL);
	for (k = 0;; k++) {
		fail_alloc = k;
		ret = scsi_nexus_create(rig.target[0], "vm-z", &nexus);
		if (fail_alloc >= 0)
			break;
		assert_int_equal(ret, -ENOMEM);
	}
	fail_alloc = -1;
	assert_int_equal(ret, 0);
	assert_true(k > 2);
	assert_int_equal(scsi_nexus_destroy(nexus), 0);
	rig_close(&rig);
}

/* --- lists of every length --- */

/* Less data than the CDB says, and room for less, down to nothing */
static void every_length_of_everything(void **state)
{
	uint8_t cdb[SCSI_CDB_MAX], list[64];
	const struct scsi_op *op;
	struct rig rig;
	struct shot *s;
	uint32_t len, i;

	rig_open(&rig, NULL);
	for (op = scsi_ops; op < scsi_ops + scsi_nr_ops; op++) {
		for (len = 0; len <= sizeof(list); len++) {
			memset(cdb, 0, sizeof(cdb));
			cdb[0] = op->opcode;
			cdb[1] = op->sa;
			for (i = 4; i < op->len; i++)
				cdb[i] = op->usage[i] & (i == op->len - 2U || i == 4 ? 48 : 0);
			for (i = 0; i < sizeof(list); i++)
				list[i] = (uint8_t)(len * i);
			s = shot_new(&rig, len & 1, cdb);
			shot_out(s, list, len);
			shot_in(s, len);
			shot_fire(s);
			shot_free(s);
		}
	}
	rig_close(&rig);
}

/* --- anything --- */

#define FLIGHT	24

struct chaos {
	struct rig rig;
	struct shot *shot[FLIGHT];
	uint32_t sent, done;
};

static void random_cdb(uint8_t *cdb)
{
	const struct scsi_op *op = scsi_ops + any() % scsi_nr_ops;
	uint32_t i, tame = any() % 8;

	for (i = 0; i < SCSI_CDB_MAX; i++)
		cdb[i] = (uint8_t)any();
	if (!tame)
		return;
	for (i = 0; i < 16; i++)
		cdb[i] &= op->usage[i];
	cdb[0] = op->opcode;
	if (op->flags & OP_SA)
		cdb[1] = op->usage[1];
	/* Addresses and numbers that are mostly there */
	for (i = 2; tame < 7 && i < op->len - 1U; i++)
		if (any() % 8 && op->usage[i] == 0xff)
			cdb[i] = i >= op->len - 3U || any() % 4 == 0 ? cdb[i] & 0x0f : 0;
}

static void random_data(uint8_t *data, uint32_t len)
{
	uint32_t i, kind = any() % 4;

	for (i = 0; i < len; i++)
		data[i] = !kind || (kind > 1 && !(any() % 40)) ? (uint8_t)any() : 0;
	if (kind == 3 && len >= 8) {
		put_be16(data, (uint16_t)(len - 2));
		put_be16(data + 2, (uint16_t)(len - 8));
	}
}

static struct shot *random_shot(struct chaos *c)
{
	static uint8_t data[8192];
	uint8_t cdb[SCSI_CDB_MAX];
	uint32_t len = any() % 3 ? any() % 512 : any() % sizeof(data);
	struct shot *s;

	random_cdb(cdb);
	s = shot_new(&c->rig, any() & 1, cdb);
	s->cmd.attr = any() % 16 ? SCSI_ATTR_SIMPLE : any() % 5;
	s->cmd.redelivered = any() % 16 == 0;
	s->cmd.lun = any() % 64 ? DISK_LUN : (uint16_t)any();
	s->cmd.cdb_len = any() % 64 ? SCSI_CDB_MAX : any() % 33;
	if (any() % 2) {
		random_data(data, len);
		shot_out(s, data, len);
	}
	if (any() % 2)
		shot_in(s, any() % 4096);
	s->cmd.win_len = s->cmd.out_len > s->cmd.in_cap ? s->cmd.out_len : s->cmd.in_cap;
	if (any() % 32 == 0)
		s->cmd.win_off = any() % 8192;
	s->cmd.total_in += s->cmd.in_cap ? s->cmd.win_off : 0;
	s->cmd.total_out += s->cmd.out_len ? s->cmd.win_off : 0;
	return s;
}

static void reap(struct chaos *c, int i)
{
	struct shot *s = c->shot[i];

	if (!s || !s->dones)
		return;
	assert_int_equal(s->dones, 1);
	assert_true(s->cmd.in_len <= s->cmd.in_cap);
	assert_int_equal(!!s->cmd.sense_len, s->cmd.status == SCSI_CHECK_CONDITION);
	shot_free(s);
	c->shot[i] = NULL;
	c->done++;
}

static void disturb(struct chaos *c)
{
	struct engine_double *e = &c->rig.engine;
	uint32_t what = any() % 200;

	e->hold = any() % 4;
	e->cancel = any() & 1;
	e->most = any() % 4 ? 0 : 512;
	e->fail = any() % 8 ? 0 : -EIO;
	e->fail_after = (int)(any() % 4);
	if (what == 0)
		scsi_lun_reset(c->rig.target[0], 0, DISK_LUN);
	else if (what == 1)
		scsi_nexus_reset(c->rig.nexus[1], any() & 1);
	else if (what == 2)
		scsi_nexus_loss(c->rig.nexus[any() & 1]);
	else if (what == 3)
		scsi_unit_resized(c->rig.unit);
	else if (what < 30 && c->shot[what % FLIGHT])
		scsi_abort(&c->shot[what % FLIGHT]->cmd);
}

static void chaos_step(struct chaos *c)
{
	int i = (int)(any() % FLIGHT);

	disturb(c);
	if (!c->shot[i]) {
		c->shot[i] = random_shot(c);
		c->sent++;
		scsi_submit(&c->shot[i]->cmd);
	}
	while (c->rig.engine.nr_held > DOUBLE_MAX / 2 || (c->rig.engine.nr_held && any() % 3))
		engine_double_do(&c->rig.engine, (int)(any() % (uint32_t)c->rig.engine.nr_held));
	for (i = 0; i < FLIGHT; i++)
		reap(c, i);
}

static void anything(void **state)
{
	static struct chaos c;
	int i;

	rng = rig_seed();
	/* A file for each PERSISTENT RESERVE OUT would be most of the time. */
	rig_open(&c.rig, &(struct rig_opts) { .no_state = true });
	for (i = 0; i < 60000; i++)
		chaos_step(&c);
	c.rig.engine.hold = false;
	c.rig.engine.fail = 0;
	engine_double_do_all(&c.rig.engine);
	for (i = 0; i < FLIGHT; i++)
		reap(&c, i);
	assert_int_equal(c.done, c.sent);
	assert_true(list_empty(&c.rig.unit->tasks));
	assert_int_equal(c.rig.unit->nr_exclusive, 0);
	assert_int_equal(c.rig.unit->nr_waiting, 0);
	rig_close(&c.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_without_memory),
		cmocka_unit_test(objects_without_memory),
		cmocka_unit_test(every_length_of_everything),
		cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
