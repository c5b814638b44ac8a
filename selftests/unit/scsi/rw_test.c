// SPDX-License-Identifier: GPL-2.0-only
/* Commands that read and write blocks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define BS	512
#define BLOCKS	(DISK_SIZE / BS)

static int setup(void **state)
{
	static struct rig rig;

	rig_open(&rig, NULL);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_close(*state);
	return 0;
}

static void pattern(uint8_t *buf, uint32_t len, uint8_t first)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		buf[i] = (uint8_t)(first + i / 7 + i);
}

/* --- CDBs of all lengths --- */

/* READ, WRITE and the like by their length */
static const uint8_t *rw(uint8_t opcode, uint8_t flags, uint64_t lba, uint32_t nr)
{
	static uint8_t cdb[SCSI_CDB_MAX];

	memset(cdb, 0, sizeof(cdb));
	cdb[0] = opcode;
	cdb[1] = flags;
	switch (opcode >> 5) {
	case 0:
		put_be24(cdb + 1, (uint32_t)lba);
		cdb[4] = (uint8_t)nr;
		break;
	case 1:
	case 2:
		put_be32(cdb + 2, (uint32_t)lba);
		put_be16(cdb + 7, (uint16_t)nr);
		break;
	case 4:
		put_be64(cdb + 2, lba);
		put_be32(cdb + 10, nr);
		break;
	case 5:
		put_be32(cdb + 2, (uint32_t)lba);
		put_be32(cdb + 6, nr);
		break;
	}
	return cdb;
}

static const uint8_t reads[] = { 0x08, 0x28, 0xa8, 0x88 };
static const uint8_t writes[] = { 0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e };

static void what_is_written_is_read(void **state)
{
	uint8_t data[3 * BS], seen[3 * BS];
	struct shot *s;
	size_t i, j;

	for (i = 0; i < sizeof(writes); i++) {
		pattern(data, sizeof(data), (uint8_t)(i * 31));
		s = rig_out(*state, 0, rw(writes[i], 0, 7 + i, 3), data, sizeof(data));
		assert_good(s);
		assert_int_equal(s->cmd.residual, 0);
		assert_true(s->cmd.last);
		shot_free(s);
		rig_peek(*state, (7 + i) * BS, seen, sizeof(seen));
		assert_memory_equal(seen, data, sizeof(data));
		for (j = 0; j < sizeof(reads); j++) {
			s = rig_in(*state, 1, rw(reads[j], 0, 7 + i, 3), sizeof(data));
			assert_good(s);
			assert_int_equal(s->cmd.in_len, sizeof(data));
			assert_memory_equal(s->in, data, sizeof(data));
			shot_free(s);
		}
	}
}

/* Of all commands only a WRITE hands bytes on that nobody looks at; of the right backend's. */
static void who_looks_at_bytes(void **state)
{
	struct rig *rig = *state;
	struct shot *s;
	unsigned int op;
	bool blind;

	for (op = 0; op < 256; op++) {
		s = shot_new(rig, 0, CDB((uint8_t)op));
		blind = op == 0x0a || op == 0x2a || op == 0xaa || op == 0x8a;
		assert_int_equal(scsi_is_blind(&s->cmd), blind);
		s->cmd.lun++;
		assert_false(scsi_is_blind(&s->cmd));
		s->cmd.lun--;
		rig->backend->caps &= ~BACKEND_BLIND;
		assert_false(scsi_is_blind(&s->cmd));
		rig->backend->caps |= BACKEND_BLIND;
		shot_free(s);
	}
}

static void six_bytes_of_zero_are_256_blocks(void **state)
{
	struct shot *s = rig_in(*state, 0, rw(0x08, 0, 0, 0), 256 * BS);

	assert_good(s);
	assert_int_equal(s->cmd.in_len, 256 * BS);
	shot_free(s);
	s = rig_in(*state, 0, rw(0x28, 0, 0, 0), 256 * BS);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 0);
	shot_free(s);
}

static void beyond_the_end(void **state)
{
	static const struct {
		uint64_t lba;
		uint32_t nr;
		bool good;
	} t[] = {
		{ BLOCKS - 1, 1, true }, { BLOCKS - 1, 2, false }, { BLOCKS, 1, false },
		{ BLOCKS, 0, false }, { UINT32_MAX, 1, false }, { UINT32_MAX, 0xffff, false },
		{ 0, BLOCKS + 1, false },
	};
	static const uint8_t ops[] = { 0x28, 0x2a, 0x2e, 0x2f, 0x41, 0xa8, 0xaa, 0xaf, 0x88, 0x8a,
				       0x8e, 0x8f, 0x93 };
	uint8_t *data = calloc(1, 2 * BS);
	struct shot *s;
	uint64_t info;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		for (j = 0; j < sizeof(ops); j++) {
			s = shot_new(*state, 0, rw(ops[j], 0, t[i].lba, t[i].nr));
			shot_out(s, data, 2 * BS);
			shot_in(s, 2 * BS);
			shot_fire(s);
			if (!t[i].good) {
				assert_sense(s, SENSE_LBA_RANGE);
				assert_true(shot_info(s, &info));
				assert_int_equal(info, t[i].lba);
			} else {
				assert_good(s);
			}
			shot_free(s);
		}
	}
	free(data);
}

static void lbas_that_wrap(void **state)
{
	static const uint64_t lba[] = { UINT64_MAX, UINT64_MAX - 1, 1ULL << 63, 1ULL << 55 };
	struct shot *s;
	uint64_t info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lba); i++) {
		s = rig_in(*state, 0, rw(0x88, 0, lba[i], UINT32_MAX), BS);
		assert_sense(s, SENSE_LBA_RANGE);
		/* More than the four bytes of fixed format hold is not valid there. */
		assert_false(shot_info(s, &info));
		shot_free(s);
	}
}

static void more_than_the_limit(void **state)
{
	static struct rig rig;
	struct shot *s;

	rig_open(&rig, &(struct rig_opts) {
		.backend = "null", .size = 1ULL << 40, .no_state = true,
	});
	s = rig_in(&rig, 0, rw(0x88, 0, 0, 65537), BS);
	assert_field(s, true, 10, -1);
	shot_free(s);
	s = rig_in(&rig, 0, rw(0xa8, 0, 0, 65537), BS);
	assert_field(s, true, 6, -1);
	shot_free(s);
	rig_close(&rig);
}

/* --- the guest's buffers --- */

static void buffers_of_another_size(void **state)
{
	uint8_t data[4 * BS];
	struct shot *s;

	pattern(data, sizeof(data), 3);
	rig_poke(*state, 0, data, sizeof(data));
	s = rig_in(*state, 0, rw(0x28, 0, 0, 2), 4 * BS);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 2 * BS);
	assert_int_equal(s->cmd.residual, 2 * BS);
	assert_false(s->cmd.overrun);
	assert_int_equal(s->in[2 * BS], 0xee);
	shot_free(s);
	s = rig_in(*state, 0, rw(0x28, 0, 0, 4), 3 * BS + 100);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 3 * BS);
	assert_true(s->cmd.overrun);
	assert_memory_equal(s->in, data, 3 * BS);
	shot_free(s);
	s = rig_out(*state, 0, rw(0x2a, 0, 8, 1), data, 4 * BS);
	assert_good(s);
	assert_int_equal(s->cmd.residual, 3 * BS);
	shot_free(s);
	s = rig_out(*state, 0, rw(0x2a, 0, 8, 4), data, 4 * BS - 1);
	assert_field(s, true, 7, -1);
	shot_free(s);
	s = rig_in(*state, 0, rw(0x28, 0, 0, 1), 0);
	assert_good(s);
	assert_true(s->cmd.overrun);
	shot_free(s);
}

static struct shot *window(struct rig *rig, const uint8_t *cdb, uint32_t off, uint32_t len)
{
	struct shot *s = shot_new(rig, 0, cdb);

	shot_in(s, len);
	s->cmd.win_off = off;
	s->cmd.total_in = 5 * 4096;
	shot_fire(s);
	return s;
}

static void reads_in_windows(void **state)
{
	uint8_t data[5 * 4096];
	struct shot *s;
	uint32_t off, len;

	pattern(data, sizeof(data), 9);
	rig_poke(*state, 3 * BS, data, sizeof(data));
	for (off = 0; off < sizeof(data); off += len) {
		len = sizeof(data) - off < 8192 ? (uint32_t)sizeof(data) - off : 8192;
		s = window(*state, rw(0x28, 0, 3, 40), off, len);
		assert_good(s);
		assert_int_equal(s->cmd.in_len, len);
		assert_int_equal(s->cmd.last, off + len == sizeof(data));
		assert_memory_equal(s->in, data + off, len);
		shot_free(s);
	}
	/* A command that is shorter than its buffers says when it has enough. */
	s = window(*state, rw(0x28, 0, 3, 9), 0, 4096);
	assert_false(s->cmd.last);
	shot_free(s);
	s = window(*state, rw(0x28, 0, 3, 9), 4096, 4096);
	assert_true(s->cmd.last);
	assert_int_equal(s->cmd.in_len, BS);
	assert_int_equal(s->cmd.residual, 31 * BS);
	shot_free(s);
	s = window(*state, rw(0x28, 0, 3, 9), 8192, 4096);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 0);
	shot_free(s);
}

static void writes_in_windows(void **state)
{
	uint8_t data[3 * 4096], seen[3 * 4096];
	struct shot *s;
	uint32_t i;

	pattern(data, sizeof(data), 77);
	for (i = 0; i < 3; i++) {
		s = shot_new(*state, 0, rw(0x8a, 0, 100, 24));
		shot_out(s, data + i * 4096, 4096);
		s->cmd.win_off = i * 4096;
		s->cmd.total_out = sizeof(data);
		shot_fire(s);
		assert_good(s);
		assert_int_equal(s->cmd.last, i == 2);
		shot_free(s);
	}
	rig_peek(*state, 100 * BS, seen, sizeof(seen));
	assert_memory_equal(seen, data, sizeof(data));
}

static void windows_that_cannot_be(void **state)
{
	struct shot *s;

	s = window(*state, rw(0x28, 0, 3, 40), 100, 4096);
	assert_sense(s, SENSE_INTERNAL);
	shot_free(s);
	s = window(*state, rw(0x28, 0, 3, 40), 5 * 4096, 4096);
	assert_sense(s, SENSE_INTERNAL);
	shot_free(s);
	s = shot_new(*state, 0, CDB(0x00));
	s->cmd.in_cap = 512;
	shot_fire(s);
	assert_sense(s, SENSE_INTERNAL);
	shot_free(s);
}

/* A unit attention or a reservation that comes in the middle is for the next command. */
static void windows_go_on(void **state)
{
	struct rig *rig = *state;
	struct shot *s;

	scsi_unit_inquiry_changed(rig->unit);
	s = window(rig, rw(0x28, 0, 3, 40), 4096, 4096);
	assert_good(s);
	shot_free(s);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_INQUIRY_CHANGED);
}

/* The second window of a transfer of three, for an agent that has not seen the first. */
static struct shot *later(struct rig *rig, const uint8_t *cdb, bool again)
{
	static const uint8_t zeroes[4096];
	struct shot *s = shot_new(rig, 0, cdb);

	shot_out(s, zeroes, sizeof(zeroes));
	s->cmd.win_off = 4096;
	s->cmd.total_out = 3 * 4096;
	s->cmd.redelivered = again;
	shot_fire(s);
	return s;
}

/*
 * What has no use for a second window was done with the first. That there is one says so, whoever
 * had that.
 */
static void surplus_of_what_was_done(void **state)
{
	static const struct {
		uint8_t cdb[16];
		uint32_t used;
	} t[] = {
		{ { 0x00 }, 0 },
		{ { 0x15, 0x10, 0, 0, 24 }, 24 },
		{ { 0x1b, 0, 0, 0, 1 }, 0 },
		{ { 0x2f, 0, 0, 0, 0, 0, 0, 0, 8 }, 0 },
		{ { 0x3b, 0x02, 0, 0, 0, 0, 0, 2, 0 }, 512 },
		{ { 0x35 }, 0 },
		{ { 0x41, 0, 0, 0, 0, 9, 0, 0, 1 }, BS },
		{ { 0x42, 0, 0, 0, 0, 0, 0, 0, 24 }, 24 },
		{ { 0x55, 0x10, 0, 0, 0, 0, 0, 1, 4 }, 260 },
		{ { 0x5f, 0x06, 0, 0, 0, 0, 0, 0, 24 }, 24 },
		{ { 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 }, 4 * BS },
		{ { 0x93, 0x00, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1 }, BS },
		{ { 0x93, 0x01, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1 }, 0 },
		{ { 0x0a, 0, 0, 9, 3 }, 3 * BS },
		{ { 0x2a, 0, 0, 0, 0, 9, 0, 0, 3 }, 3 * BS },
	};
	uint8_t data[BS] = { 0x77 }, seen[BS];
	struct rig *rig = *state;
	struct shot *s;
	size_t i;

	rig_poke(rig, 9 * BS, data, BS);
	for (i = 0; i < 2 * ARRAY_SIZE(t); i++) {
		uint8_t cdb[SCSI_CDB_MAX] = { 0 };

		memcpy(cdb, t[i / 2].cdb, sizeof(t[i / 2].cdb));
		s = later(rig, cdb, i % 2);
		assert_good(s);
		assert_true(s->cmd.last);
		assert_int_equal(s->cmd.residual, 3 * 4096 - t[i / 2].used);
		shot_free(s);
	}
	/* Of data-in the kernel knows what was moved. */
	s = window(rig, CDB(0x12, 0, 0, 0, 96), 4096, 4096);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 0);
	shot_free(s);
	/* Nothing was done twice: no block written, nobody registered, no READ cut short. */
	rig_peek(rig, 9 * BS, seen, BS);
	assert_memory_equal(seen, data, BS);
	assert_int_equal(quick(rig, 1, CDB(0x2a, 0, 0, 0, 0, 9, 0, 0, 0)), 0);
	s = rig_in(rig, 0, CDB(0x5e, 0, 0, 0, 0, 0, 0, 0, 8), 8);
	assert_int_equal(get_be32(s->in + 4), 0);
	shot_free(s);
}

/* Windows that an agent before may be writing still need what keeps that from it, as the first. */
static void windows_given_again(void **state)
{
	static struct rig none;
	uint8_t seen[4096], zeroes[4096] = { 0 };
	struct shot *s;

	s = later(*state, rw(0x8a, 0, 8, 24), true);
	assert_good(s);
	assert_int_equal(s->cmd.residual, 0);
	shot_free(s);
	rig_peek(*state, 16 * BS, seen, sizeof(seen));
	assert_memory_equal(seen, zeroes, sizeof(seen));

	rig_open(&none, &(struct rig_opts) { .backend = "null" });
	s = later(&none, rw(0x8a, 0, 8, 24), true);
	assert_status(s, SCSI_BUSY);
	assert_int_equal(s->cmd.residual, 3 * 4096);
	shot_free(s);
	s = later(&none, rw(0x8a, 0, 8, 24), false);
	assert_good(s);
	shot_free(s);
	rig_close(&none);
}

/* What a command has no use for is residual, whatever it makes of the rest. */
static void residual_of_what_moves_nothing(void **state)
{
	static const uint8_t cdbs[][10] = {
		{ 0x00 }, { 0x15, 0x10 }, { 0x55, 0x10 }, { 0x42 }, { 0x3b, 0x02 }, { 0x3b, 0x0a },
		{ 0x1b, 0, 0, 0, 1 }, { 0x35 }, { 0x2a }, { 0x2f }, { 0x16 }, { 0x17 }, { 0x1d, 0x04 },
	};
	uint8_t data[600] = { 0 };
	struct rig *rig = *state;
	struct shot *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cdbs); i++) {
		uint8_t cdb[SCSI_CDB_MAX] = { 0 };

		memcpy(cdb, cdbs[i], sizeof(cdbs[i]));
		s = rig_out(rig, 0, cdb, data, sizeof(data));
		assert_good(s);
		assert_int_equal(s->cmd.residual, sizeof(data));
		shot_free(s);
		if (cdb[0] == 0x2a)
			continue;
		s = rig_in(rig, 0, cdb, sizeof(data));
		assert_good(s);
		assert_int_equal(s->cmd.residual, sizeof(data));
		assert_int_equal(s->cmd.in_len, 0);
		shot_free(s);
	}
	/* Nothing is moved by what is refused for any other reason than its data either. */
	assert_int_equal(quick(rig, 0, CDB(0x16)), 0);
	s = rig_in(rig, 1, rw(0x28, 0, 0, 1), BS);
	assert_status(s, SCSI_RESERVATION_CONFLICT);
	assert_int_equal(s->cmd.residual, BS);
	shot_free(s);
	assert_int_equal(quick(rig, 0, CDB(0x17)), 0);
}

/* --- stable storage --- */

static void fua_and_caches(void **state)
{
	static struct rig none;
	struct rig *rig = *state;
	uint8_t data[BS] = { 1 };

	quick_out(rig, 0, rw(0x2a, 0, 0, 1), data, BS);
	assert_int_equal(rig->engine.dsyncs, 0);
	quick_out(rig, 0, rw(0x2a, 0x18, 0, 1), data, BS);
	assert_int_equal(rig->engine.dsyncs, 1);
	quick_out(rig, 0, rw(0x8a, 0x08, 0, 1), data, BS);
	assert_int_equal(rig->engine.dsyncs, 2);
	/* In WRITE(6) the bit is one of the address. */
	quick_out(rig, 0, CDB(0x0a, 0, 0x08, 0, 1), data, BS);
	assert_int_equal(rig->engine.dsyncs, 2);
	assert_int_equal(quick(rig, 0, CDB(0x35)), 0);
	assert_int_equal(rig->engine.nr[ENGINE_FSYNC], 1);
	shot_free(rig_in(rig, 0, rw(0x28, 0x08, 0, 1), BS));
	assert_int_equal(rig->engine.nr[ENGINE_FSYNC], 2);
	rig_close(rig);

	rig_open(&none, &(struct rig_opts) { .no_cache = true });
	quick_out(&none, 0, rw(0x2a, 0, 0, 1), data, BS);
	assert_int_equal(none.engine.dsyncs, 1);
	rig_close(&none);
	rig_open(rig, NULL);
}

/* --- VERIFY --- */

static void verify_compares(void **state)
{
	static const uint8_t ops[] = { 0x2f, 0xaf, 0x8f };
	uint8_t *data = malloc(200 * BS);
	struct shot *s;
	uint64_t info;
	size_t i;

	pattern(data, 200 * BS, 5);
	rig_poke(*state, 10 * BS, data, 200 * BS);
	for (i = 0; i < sizeof(ops); i++) {
		assert_int_equal(quick(*state, 0, rw(ops[i], 0, 10, 200)), 0);
		assert_int_equal(quick(*state, 0, rw(ops[i], 0, 0, 0)), 0);
		s = rig_out(*state, 0, rw(ops[i], 2, 10, 200), data, 200 * BS);
		assert_good(s);
		shot_free(s);
		data[150 * BS + 3] ^= 1;
		s = rig_out(*state, 0, rw(ops[i], 2, 10, 200), data, 200 * BS);
		assert_sense(s, SENSE_MISCOMPARE);
		assert_true(shot_info(s, &info));
		assert_int_equal(info, 150 * BS + 3);
		shot_free(s);
		data[150 * BS + 3] ^= 1;
		s = rig_out(*state, 0, rw(ops[i], 2, 10, 200), data, 199 * BS);
		assert_sense(s, SENSE_CDB_FIELD);
		shot_free(s);
	}
	free(data);
}

static void write_and_verify(void **state)
{
	struct rig *rig = *state;
	uint8_t data[BS];

	pattern(data, BS, 1);
	assert_int_equal(quick_out(rig, 0, rw(0x2e, 2, 1, 1), data, BS), 0);
	assert_int_equal(rig->engine.nr[ENGINE_READ], 1);
	assert_int_equal(rig->engine.dsyncs, 1);
	rig->engine.fail = -EIO;
	rig->engine.fail_after = 1;
	assert_int_equal(quick_out(rig, 0, rw(0x2e, 2, 1, 1), data, BS), SENSE_READ_ERROR);
}

/* --- COMPARE AND WRITE --- */

static const uint8_t *caw(uint64_t lba, uint8_t nr)
{
	static uint8_t cdb[SCSI_CDB_MAX];

	memset(cdb, 0, sizeof(cdb));
	cdb[0] = 0x89;
	put_be64(cdb + 2, lba);
	cdb[13] = nr;
	return cdb;
}

static void compare_and_write(void **state)
{
	uint8_t data[4 * BS] = { 0 }, seen[2 * BS];
	struct shot *s;
	uint64_t info;

	pattern(data + 2 * BS, 2 * BS, 9);
	assert_int_equal(quick_out(*state, 0, caw(4, 2), data, sizeof(data)), 0);
	rig_peek(*state, 4 * BS, seen, sizeof(seen));
	assert_memory_equal(seen, data + 2 * BS, sizeof(seen));
	/* Once more: now it is not what is there, from the first byte that is not zero on. */
	s = rig_out(*state, 0, caw(4, 2), data, sizeof(data));
	assert_sense(s, SENSE_MISCOMPARE);
	assert_true(shot_info(s, &info));
	assert_int_equal(info, 0);
	shot_free(s);
	memcpy(data, data + 2 * BS, 2 * BS);
	data[BS + 17] ^= 4;
	s = rig_out(*state, 0, caw(4, 2), data, sizeof(data));
	assert_true(shot_info(s, &info));
	assert_int_equal(info, BS + 17);
	shot_free(s);
}

static void compare_and_write_limits(void **state)
{
	uint8_t *data = calloc(255 * 2, BS);

	assert_int_equal(quick(*state, 0, caw(4, 0)), 0);
	assert_int_equal(quick_out(*state, 0, caw(4, 255), data, 255 * 2 * BS), 0);
	assert_int_equal(quick_out(*state, 0, caw(4, 255), data, 255 * 2 * BS - 1),
			 SENSE_CDB_FIELD);
	assert_int_equal(quick_out(*state, 0, caw(BLOCKS - 1, 2), data, 4 * BS), SENSE_LBA_RANGE);
	free(data);
}

/* Nothing that overlaps comes between its read and its write; what does not goes by. */
static void compare_and_write_is_alone(void **state)
{
	struct rig *rig = *state;
	uint8_t data[2 * BS] = { 0 };
	struct shot *c, *over, *beside, *next;

	data[BS] = 1;
	rig->engine.hold = true;
	c = shot_new(rig, 0, caw(10, 1));
	shot_out(c, data, sizeof(data));
	over = shot_new(rig, 1, rw(0x28, 0, 9, 2));
	shot_in(over, 2 * BS);
	beside = shot_new(rig, 1, rw(0x28, 0, 11, 2));
	shot_in(beside, 2 * BS);
	next = shot_new(rig, 1, caw(10, 1));
	shot_out(next, data, sizeof(data));

	scsi_submit(&c->cmd);
	scsi_submit(&over->cmd);
	scsi_submit(&beside->cmd);
	scsi_submit(&next->cmd);
	assert_int_equal(rig->engine.nr_held, 2);
	engine_double_do(&rig->engine, 1);
	assert_int_equal(beside->dones, 1);
	engine_double_do(&rig->engine, 0);		/* its read */
	assert_int_equal(rig->engine.nr_held, 1);
	assert_int_equal(c->dones + over->dones, 0);
	engine_double_do(&rig->engine, 0);		/* its write */
	assert_int_equal(c->dones, 1);
	assert_int_equal(rig->engine.nr_held, 1);	/* the read, the other after that */
	engine_double_do(&rig->engine, 0);
	assert_int_equal(over->dones, 1);
	assert_int_equal(over->in[BS], 1);
	engine_double_do_all(&rig->engine);
	assert_int_equal(next->dones, 1);
	assert_sense(next, SENSE_MISCOMPARE);
	rig->engine.hold = false;
	shot_free(c);
	shot_free(over);
	shot_free(beside);
	shot_free(next);
}

/* --- UNMAP and WRITE SAME --- */

static uint32_t unmap_list(uint8_t *list, uint32_t nr, const uint64_t *lba, const uint32_t *blocks)
{
	uint32_t i;

	memset(list, 0, 8 + nr * 16);
	put_be16(list, (uint16_t)(6 + nr * 16));
	put_be16(list + 2, (uint16_t)(nr * 16));
	for (i = 0; i < nr; i++) {
		put_be64(list + 8 + i * 16, lba[i]);
		put_be32(list + 16 + i * 16, blocks[i]);
	}
	return 8 + nr * 16;
}

static uint32_t unmap(struct rig *rig, const uint8_t *list, uint32_t len)
{
	return quick_out(rig, 0, CDB(0x42, 0, 0, 0, 0, 0, 0, len >> 8, len & 0xff), list, len);
}

static void unmapped_blocks_are_zeroes(void **state)
{
	const uint64_t lba[] = { 8, 40, 3 };
	const uint32_t nr[] = { 16, 8, 0 };
	uint8_t data[64 * BS], list[128], zero[16 * BS] = { 0 };
	struct rig *rig = *state;
	uint32_t len;

	pattern(data, sizeof(data), 1);
	rig_poke(rig, 0, data, sizeof(data));
	len = unmap_list(list, 3, lba, nr);
	assert_int_equal(unmap(rig, list, len), 0);
	assert_int_equal(rig->engine.nr[ENGINE_FALLOCATE], 2);
	memset(data + 8 * BS, 0, 16 * BS);
	memset(data + 40 * BS, 0, 8 * BS);
	rig_peek(rig, 8 * BS, zero, sizeof(zero));
	assert_memory_equal(zero, data + 8 * BS, sizeof(zero));
	rig_peek(rig, 24 * BS, zero, sizeof(zero));
	assert_memory_equal(zero, data + 24 * BS, sizeof(zero));
}

static void unmap_lists_that_are_wrong(void **state)
{
	const uint64_t lba[] = { 0, BLOCKS - 1 };
	const uint32_t nr[] = { 8, 2 };
	uint8_t list[8 + 300 * 16];
	struct rig *rig = *state;
	uint32_t len, i;

	/* A bad second descriptor, and the first is not done. */
	len = unmap_list(list, 2, lba, nr);
	assert_int_equal(unmap(rig, list, len), SENSE_LBA_RANGE);
	assert_int_equal(rig->engine.nr[ENGINE_FALLOCATE], 0);
	len = unmap_list(list, 1, lba, nr);
	for (i = 1; i < len; i++)
		assert_int_equal(unmap(rig, list, i), SENSE_PARAM_LENGTH);
	put_be16(list + 2, 0xffff);
	assert_int_equal(unmap(rig, list, len), SENSE_PARAM_LENGTH);
	/* Half a descriptor more is none. */
	put_be16(list + 2, 24);
	put_be16(list, 30);
	assert_int_equal(unmap(rig, list, 32), 0);
	memset(list, 0, sizeof(list));
	put_be16(list, 6 + 257 * 16);
	put_be16(list + 2, 257 * 16);
	assert_int_equal(unmap(rig, list, 8 + 257 * 16), SENSE_PARAM_FIELD);
	put_be64(list + 8, UINT64_MAX);
	put_be32(list + 16, UINT32_MAX);
	put_be16(list, 22);
	put_be16(list + 2, 16);
	assert_int_equal(unmap(rig, list, 24), SENSE_LBA_RANGE);
}

/* Of a device that promises nothing, not to be able to is an answer. */
static void unmap_that_cannot(void **state)
{
	const uint64_t lba[] = { 8, 40 };
	const uint32_t nr[] = { 16, 8 };
	struct rig *rig = *state;
	uint8_t list[40];
	uint32_t len = unmap_list(list, 2, lba, nr);

	rig->engine.fail = -EOPNOTSUPP;
	assert_int_equal(unmap(rig, list, len), SENSE_INTERNAL);
	rig->backend->caps &= ~BACKEND_UNMAP_ZEROES;
	rig->engine.fail_after = 0;
	assert_int_equal(unmap(rig, list, len), 0);
	assert_int_equal(rig->engine.nr[ENGINE_FALLOCATE], 3);
	rig->engine.fail = -EIO;
	rig->engine.fail_after = 1;
	assert_int_equal(unmap(rig, list, len), SENSE_WRITE_ERROR);
}

static void unmap_of_a_thick_unit(void **state)
{
	static struct rig rig;

	rig_open(&rig, &(struct rig_opts) { .thick = true });
	assert_int_equal(quick(&rig, 0, CDB(0x42)), SENSE_INVALID_OPCODE);
	assert_int_equal(quick_out(&rig, 0, rw(0x93, 9, 0, 1), "", 0), SENSE_CDB_FIELD);
	rig_close(&rig);
}

static void write_same(void **state)
{
	uint8_t data[BS], seen[300 * BS], expect[300 * BS];
	struct rig *rig = *state;
	uint32_t i;

	pattern(data, BS, 3);
	for (i = 0; i < 300; i++)
		memcpy(expect + i * BS, data, BS);
	assert_int_equal(quick_out(rig, 0, rw(0x41, 0, 5, 300), data, BS), 0);
	rig_peek(rig, 5 * BS, seen, sizeof(seen));
	assert_memory_equal(seen, expect, sizeof(seen));
	assert_int_equal(rig->engine.nr[ENGINE_WRITE], 3);

	/* Of zeroes there is a quicker way. */
	memset(data, 0, BS);
	assert_int_equal(quick_out(rig, 0, rw(0x93, 8, 10, 100), data, BS), 0);
	memset(expect + 5 * BS, 0, 100 * BS);
	assert_int_equal(quick(rig, 0, rw(0x93, 9, 200, 10)), 0);
	memset(expect + 195 * BS, 0, 10 * BS);
	rig_peek(rig, 5 * BS, seen, sizeof(seen));
	assert_memory_equal(seen, expect, sizeof(seen));
	assert_int_equal(rig->engine.nr[ENGINE_WRITE], 3);

	/* Where there is none, they are written. */
	rig->engine.fail = -EOPNOTSUPP;
	assert_int_equal(quick(rig, 0, rw(0x93, 1, 5, 200)), 0);
	memset(expect, 0, 200 * BS);
	rig_peek(rig, 5 * BS, seen, sizeof(seen));
	assert_memory_equal(seen, expect, sizeof(seen));
	assert_int_equal(rig->engine.nr[ENGINE_WRITE], 5);
}

static void write_same_to_the_end(void **state)
{
	static struct rig big;
	uint8_t data[BS] = { 7 }, seen[BS];

	assert_int_equal(quick_out(*state, 0, rw(0x41, 0, BLOCKS - 3, 0), data, BS), 0);
	rig_peek(*state, DISK_SIZE - BS, seen, BS);
	assert_memory_equal(seen, data, BS);
	assert_int_equal(quick_out(*state, 0, rw(0x41, 0, 1, 1), data, BS - 1), SENSE_PARAM_LENGTH);

	rig_open(&big, &(struct rig_opts) {
		.backend = "null", .size = 1ULL << 40, .no_state = true,
	});
	assert_int_equal(quick(&big, 0, rw(0x93, 1, 0, 0)), SENSE_CDB_FIELD);
	assert_int_equal(quick(&big, 0, rw(0x93, 1, 0, 2097153)), SENSE_CDB_FIELD);
	assert_int_equal(quick(&big, 0, rw(0x93, 1, 0, 2097152)), 0);
	rig_close(&big);
}

static void lba_status(void **state)
{
	uint8_t data[64 * BS];
	struct shot *s;

	pattern(data, sizeof(data), 1);
	rig_poke(*state, 256 * BS, data, sizeof(data));
	s = rig_in(*state, 0, CDB(0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 2, 0), 512);
	assert_good(s);
	assert_int_equal(get_be64(s->in + 8), 16);
	if (s->in[20]) {
		/* Where the file system knows holes: a hole, the data, a hole. */
		assert_int_equal(get_be32(s->in), 4 + 3 * 16);
		assert_int_equal(get_be32(s->in + 16), 240);
		assert_int_equal(get_be64(s->in + 24), 256);
		assert_int_equal(get_be32(s->in + 32), 64);
		assert_int_equal(s->in[36], 0);
		assert_int_equal(s->in[52], 1);
	}
	shot_free(s);
}

/* --- blocks of 4096 bytes, and units that must not be written --- */

static void large_blocks(void **state)
{
	static struct rig rig;
	uint8_t data[2 * 4096], seen[4096];

	rig_open(&rig, &(struct rig_opts) { .block_size = 4096 });
	pattern(data, sizeof(data), 8);
	assert_int_equal(quick_out(&rig, 0, rw(0x2a, 0, 255, 1), data, 4096), 0);
	rig_peek(&rig, 255 * 4096, seen, 4096);
	assert_memory_equal(seen, data, 4096);
	assert_int_equal(quick_out(&rig, 0, rw(0x2a, 0, 256, 1), data, 4096), SENSE_LBA_RANGE);
	assert_int_equal(quick_out(&rig, 0, caw(255, 33), data, 0), SENSE_LBA_RANGE);
	assert_int_equal(quick_out(&rig, 0, caw(0, 33), data, 0), SENSE_CDB_FIELD);
	rig_close(&rig);
}

static void write_protected(void **state)
{
	static const uint8_t ops[] = { 0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e, 0x41, 0x93, 0x89,
				       0x42 };
	static struct rig rig;
	uint8_t data[2 * BS] = { 1 };
	struct shot *s;
	size_t i;

	rig_open(&rig, &(struct rig_opts) { .read_only = true });
	for (i = 0; i < sizeof(ops); i++)
		assert_int_equal(quick_out(&rig, 0, rw(ops[i], 0, 0, 1), data, sizeof(data)),
				 SENSE_WRITE_PROTECTED);
	assert_int_equal(quick(&rig, 0, rw(0x28, 0, 0, 1)), 0);
	assert_int_equal(quick(&rig, 0, rw(0x2f, 0, 0, 1)), 0);
	s = rig_in(&rig, 0, CDB(0x1a, 0, 0x3f, 0, 255), 255);
	assert_int_equal(s->in[2], 0x90);
	shot_free(s);
	rig_close(&rig);
}

/* --- what an engine says --- */

static void errors_of_the_backend(void **state)
{
	static const struct {
		int err;
		uint32_t read, write;
	} t[] = {
		{ -EIO, SENSE_READ_ERROR, SENSE_WRITE_ERROR },
		{ -EREMOTEIO, SENSE_READ_ERROR, SENSE_WRITE_ERROR },
		{ -ENOSPC, SENSE_NO_SPACE, SENSE_NO_SPACE },
		{ -EDQUOT, SENSE_NO_SPACE, SENSE_NO_SPACE },
		{ -EROFS, SENSE_WRITE_PROTECTED, SENSE_WRITE_PROTECTED },
		{ -ENODEV, SENSE_NOT_READY, SENSE_NOT_READY },
		{ -ENXIO, SENSE_NOT_READY, SENSE_NOT_READY },
		{ -ESTALE, SENSE_NOT_READY, SENSE_NOT_READY },
		{ -ENOMEM, SCSI_BUSY, SCSI_BUSY },
		{ -EAGAIN, SCSI_BUSY, SCSI_BUSY },
		{ -EINVAL, SENSE_INTERNAL, SENSE_INTERNAL },
		{ -EBADF, SENSE_INTERNAL, SENSE_INTERNAL },
	};
	struct rig *rig = *state;
	uint8_t data[BS] = { 0 };
	struct shot *s;
	uint64_t info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		rig->engine.fail = t[i].err;
		rig->engine.fail_after = 0;
		s = rig_in(rig, 0, rw(0x28, 0, 33, 1), BS);
		assert_sense(s, t[i].read);
		assert_int_equal(s->cmd.in_len, 0);
		if (t[i].read == SENSE_READ_ERROR) {
			assert_true(shot_info(s, &info));
			assert_int_equal(info, 33);
		}
		shot_free(s);
		rig->engine.fail_after = 0;
		assert_int_equal(quick_out(rig, 0, rw(0x2a, 0, 33, 1), data, BS), t[i].write);
		rig->engine.fail_after = 0;
		assert_int_equal(quick_out(rig, 0, rw(0x41, 0, 33, 1), data, BS), t[i].write);
	}
}

/* What was not flushed is nowhere in particular. */
static void flushes_that_fail(void **state)
{
	struct rig *rig = *state;
	struct shot *s;
	uint64_t info;

	rig->engine.fail = -EIO;
	s = rig_in(rig, 0, CDB(0x35), 0);
	assert_sense(s, SENSE_WRITE_ERROR);
	assert_false(shot_info(s, &info));
	shot_free(s);
}

static void engines_that_do_it_in_parts(void **state)
{
	uint8_t data[16 * BS], seen[16 * BS];
	struct rig *rig = *state;
	struct shot *s;

	rig->engine.most = 3 * BS;
	pattern(data, sizeof(data), 200);
	assert_int_equal(quick_out(rig, 0, rw(0x2a, 0, 1, 16), data, sizeof(data)), 0);
	rig_peek(rig, BS, seen, sizeof(seen));
	assert_memory_equal(seen, data, sizeof(data));
	s = rig_in(rig, 0, rw(0x28, 0, 1, 16), sizeof(data));
	assert_good(s);
	assert_memory_equal(s->in, data, sizeof(data));
	shot_free(s);
	assert_int_equal(rig->engine.nr[ENGINE_READ], 6);
	/* The third of them fails. */
	rig->engine.fail = -EIO;
	rig->engine.fail_after = 2;
	assert_int_equal(quick_out(rig, 0, rw(0x2a, 0, 1, 16), data, sizeof(data)),
			 SENSE_WRITE_ERROR);
}

static void files_that_were_cut_short(void **state)
{
	struct rig *rig = *state;
	struct shot *s;
	char path[512];

	assert_int_equal(truncate(rig_path("disk", path, sizeof(path)), 1024), 0);
	assert_int_equal(quick(rig, 0, rw(0x28, 0, 8, 0)), 0);
	s = rig_in(rig, 0, rw(0x28, 0, 0, 2), 2 * BS);
	assert_good(s);
	shot_free(s);
	s = rig_in(rig, 0, rw(0x28, 0, 0, 8), 8 * BS);
	assert_sense(s, SENSE_READ_ERROR);
	shot_free(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read),
		T(who_looks_at_bytes),
		T(six_bytes_of_zero_are_256_blocks),
		T(beyond_the_end),
		T(lbas_that_wrap),
		cmocka_unit_test(more_than_the_limit),
		T(buffers_of_another_size),
		T(reads_in_windows),
		T(writes_in_windows),
		T(windows_that_cannot_be),
		T(windows_go_on),
		T(surplus_of_what_was_done),
		T(windows_given_again),
		T(residual_of_what_moves_nothing),
		T(fua_and_caches),
		T(verify_compares),
		T(write_and_verify),
		T(compare_and_write),
		T(compare_and_write_limits),
		T(compare_and_write_is_alone),
		T(unmapped_blocks_are_zeroes),
		T(unmap_lists_that_are_wrong),
		T(unmap_that_cannot),
		cmocka_unit_test(unmap_of_a_thick_unit),
		T(write_same),
		T(write_same_to_the_end),
		T(lba_status),
		cmocka_unit_test(large_blocks),
		cmocka_unit_test(write_protected),
		T(errors_of_the_backend),
		T(flushes_that_fail),
		T(engines_that_do_it_in_parts),
		T(files_that_were_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
