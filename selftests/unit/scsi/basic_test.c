// SPDX-License-Identifier: GPL-2.0-only
/* Commands that say something of the unit, and the checks that are the same for all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"
#include "rig.h"

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

/* --- one line a CDB --- */

static const struct {
	const char *what;
	uint32_t expect;
	uint8_t cdb[SCSI_CDB_MAX];
} lines[] = {
	{ "TEST UNIT READY", SCSI_GOOD, { 0x00 } },
	{ "unknown", SENSE_INVALID_OPCODE, { 0x02 } },
	{ "vendor's", SENSE_INVALID_OPCODE, { 0xff } },
	{ "SECURITY PROTOCOL IN", SENSE_INVALID_OPCODE, { 0xa2 } },
	{ "ATA PASS-THROUGH", SENSE_INVALID_OPCODE, { 0x85 } },
	{ "FORMAT UNIT", SENSE_INVALID_OPCODE, { 0x04 } },
	{ "SERVICE ACTION IN, unknown", SENSE_CDB_FIELD, { 0x9e, 0x1f } },
	{ "MAINTENANCE IN, unknown", SENSE_CDB_FIELD, { 0xa3, 0x0a } },
	{ "NACA", SENSE_CDB_FIELD, { 0x00, 0, 0, 0, 0, 0x04 } },
	{ "INQUIRY, page without EVPD", SENSE_CDB_FIELD, { 0x12, 0, 0x80, 0, 255 } },
	{ "INQUIRY, CMDDT", SENSE_CDB_FIELD, { 0x12, 2, 0, 0, 255 } },
	{ "INQUIRY, no such page", SENSE_CDB_FIELD, { 0x12, 1, 0xb3, 0, 255 } },
	{ "REPORT LUNS, select 3", SENSE_CDB_FIELD, { 0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 64 } },
	{ "REPORT LUNS, 15 bytes", SENSE_CDB_FIELD, { 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15 } },
	{ "READ CAPACITY(10), PMI", SENSE_CDB_FIELD, { 0x25, 0, 0, 0, 0, 0, 0, 0, 1 } },
	{ "READ(10), RDPROTECT", SENSE_CDB_FIELD, { 0x28, 0x20, 0, 0, 0, 0, 0, 0, 1 } },
	{ "READ(16), RDPROTECT", SENSE_CDB_FIELD, { 0x88, 0xe0 } },
	{ "WRITE(12), WRPROTECT", SENSE_CDB_FIELD, { 0xaa, 0x40 } },
	{ "VERIFY(10), VRPROTECT", SENSE_CDB_FIELD, { 0x2f, 0x20 } },
	{ "VERIFY(10), BYTCHK 2", SENSE_CDB_FIELD, { 0x2f, 0x04 } },
	{ "START", SCSI_GOOD, { 0x1b, 0, 0, 0, 1 } },
	{ "eject", SENSE_CDB_FIELD, { 0x1b, 0, 0, 0, 2 } },
	{ "POWER CONDITION", SENSE_CDB_FIELD, { 0x1b, 0, 0, 0, 0x30 } },
	{ "PREVENT", SCSI_GOOD, { 0x1e, 0, 0, 0, 1 } },
	{ "ALLOW", SCSI_GOOD, { 0x1e } },
	{ "SEND DIAGNOSTIC", SCSI_GOOD, { 0x1d, 4 } },
	{ "SEND DIAGNOSTIC, in the background", SENSE_CDB_FIELD, { 0x1d, 0x20 } },
	{ "SEND DIAGNOSTIC, with a list", SENSE_CDB_FIELD, { 0x1d, 0x10, 0, 0, 8 } },
	{ "SYNCHRONIZE CACHE(10)", SCSI_GOOD, { 0x35 } },
	{ "SYNCHRONIZE CACHE(10), IMMED", SCSI_GOOD, { 0x35, 2 } },
	{ "SYNCHRONIZE CACHE(10), beyond", SENSE_LBA_RANGE, { 0x35, 0, 0, 0, 0x08, 0 } },
	{ "SYNCHRONIZE CACHE(16)", SCSI_GOOD, { 0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0 } },
	{ "SYNCHRONIZE CACHE(16), too many", SENSE_LBA_RANGE,
	  { 0x91, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 8, 0 } },
	{ "LOG SENSE, no such page", SENSE_CDB_FIELD, { 0x4d, 0, 0x4d, 0, 0, 0, 0, 0, 64 } },
	{ "LOG SENSE, no such subpage", SENSE_CDB_FIELD, { 0x4d, 0, 0x40, 1, 0, 0, 0, 0, 64 } },
	{ "LOG SENSE, save", SENSE_CDB_FIELD, { 0x4d, 1, 0x40, 0, 0, 0, 0, 0, 64 } },
	{ "READ BUFFER, vendor's", SENSE_CDB_FIELD, { 0x3c, 1, 0, 0, 0, 0, 0, 0, 64 } },
	{ "READ BUFFER, beyond", SENSE_CDB_FIELD, { 0x3c, 2, 0, 0, 0x10, 0x04, 0, 0, 64 } },
	{ "READ BUFFER, echo of nothing", SENSE_SEQUENCE, { 0x3c, 0x0a, 0, 0, 0, 0, 0, 0, 64 } },
	{ "WRITE BUFFER, microcode", SENSE_CDB_FIELD, { 0x3b, 5 } },
	{ "RSOC, option 4", SENSE_CDB_FIELD, { 0xa3, 0x0c, 4 } },
	{ "RSOC, option 1 of many", SENSE_CDB_FIELD, { 0xa3, 0x0c, 1, 0x9e, 0, 0, 0, 0, 0, 64 } },
	{ "RSOC, option 2 of one", SENSE_CDB_FIELD, { 0xa3, 0x0c, 2, 0x28, 0, 0, 0, 0, 0, 64 } },
	{ "RSTMF, 3 bytes", SENSE_CDB_FIELD, { 0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 3 } },
	{ "MODE SENSE, saved", SENSE_NOT_SAVED, { 0x1a, 0, 0xc8, 0, 255 } },
	{ "MODE SENSE, no such page", SENSE_CDB_FIELD, { 0x1a, 0, 0x07, 0, 255 } },
	{ "MODE SENSE, no such subpage", SENSE_CDB_FIELD, { 0x5a, 0, 0x08, 1, 0, 0, 0, 0, 255 } },
	{ "MODE SELECT, without PF", SENSE_CDB_FIELD, { 0x15, 0, 0, 0, 4 } },
	{ "MODE SELECT, save", SENSE_CDB_FIELD, { 0x15, 0x11, 0, 0, 4 } },
	{ "MODE SELECT, nothing", SCSI_GOOD, { 0x15, 0x10 } },
	{ "MODE SELECT, less than said", SENSE_PARAM_LENGTH, { 0x15, 0x10, 0, 0, 4 } },
	{ "PERSISTENT RESERVE IN, unknown", SENSE_CDB_FIELD, { 0x5e, 4, 0, 0, 0, 0, 0, 0, 64 } },
	{ "PERSISTENT RESERVE OUT, unknown", SENSE_CDB_FIELD, { 0x5f, 8, 0, 0, 0, 0, 0, 0, 24 } },
	{ "PERSISTENT RESERVE OUT, no list", SENSE_PARAM_LENGTH,
	  { 0x5f, 0, 0, 0, 0, 0, 0, 0, 24 } },
	{ "RESERVE(6), third party", SENSE_CDB_FIELD, { 0x16, 0x10 } },
	{ "WRITE SAME(10), ANCHOR", SENSE_CDB_FIELD, { 0x41, 0x10, 0, 0, 0, 0, 0, 0, 1 } },
	{ "UNMAP, ANCHOR", SENSE_CDB_FIELD, { 0x42, 1 } },
	{ "UNMAP, nothing", SCSI_GOOD, { 0x42 } },
	{ "UNMAP, less than said", SENSE_PARAM_LENGTH, { 0x42, 0, 0, 0, 0, 0, 0, 0, 24 } },
	{ "GET LBA STATUS, beyond", SENSE_LBA_RANGE,
	  { 0x9e, 0x12, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 64 } },
};

static void what_each_cdb_gets(void **state)
{
	size_t i;
	uint32_t got;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		got = quick(*state, 0, lines[i].cdb);
		if (got != lines[i].expect)
			fail_msg("%s: %06x, not %06x", lines[i].what, got, lines[i].expect);
	}
}

static void bad_fields_are_pointed_at(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x28, 0x20, 0, 0, 0, 0, 0, 0, 1), 512);

	assert_field(s, true, 1, 5);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x00, 0, 0, 0, 0, 0x04), 0);
	assert_field(s, true, 5, 2);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x9e, 0x1f), 0);
	assert_field(s, true, 1, 4);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x12, 1, 0xb3, 0, 255), 255);
	assert_field(s, true, 2, -1);
	shot_free(s);
}

/* Every bit that the table does not have is refused; every one that it has is not for that. */
static void no_bit_outside_the_usage(void **state)
{
	const struct scsi_op *op;
	uint8_t cdb[SCSI_CDB_MAX];
	uint32_t bit;
	struct shot *s;

	for (op = scsi_ops; op < scsi_ops + scsi_nr_ops; op++) {
		for (bit = 8; bit < 8U * op->len; bit++) {
			if (op->usage[bit / 8] & 1 << bit % 8)
				continue;
			if (bit / 8 == 1 && bit % 8 < 5 && (op->flags & OP_SA))
				continue;
			memset(cdb, 0, sizeof(cdb));
			cdb[0] = op->opcode;
			cdb[1] = op->sa;
			cdb[bit / 8] |= (uint8_t)(1 << bit % 8);
			s = rig_in(*state, 0, cdb, 0);
			if (shot_sense(s) != SENSE_CDB_FIELD)
				fail_msg("%s: bit %u of byte %u", op->name, bit % 8, bit / 8);
			assert_field(s, true, (uint16_t)(bit / 8), (int)(bit % 8));
			shot_free(s);
		}
	}
}

static void cdbs_that_are_cut_short(void **state)
{
	const struct scsi_op *op;
	struct shot *s;
	uint8_t len;

	for (op = scsi_ops; op < scsi_ops + scsi_nr_ops; op++) {
		for (len = 0; len < op->len; len++) {
			s = shot_new(*state, 0, CDB(op->opcode, op->sa));
			s->cmd.cdb_len = len;
			shot_in(s, 0);
			shot_fire(s);
			assert_sense(s, len ? SENSE_CDB_FIELD : SENSE_INVALID_OPCODE);
			shot_free(s);
		}
	}
}

static void table_is_in_order(void **state)
{
	const struct scsi_op *op;
	static const uint8_t len[] = { 6, 10, 10, 0, 16, 12 };

	for (op = scsi_ops; op < scsi_ops + scsi_nr_ops; op++) {
		assert_int_equal(op->usage[0], op->opcode);
		assert_int_equal(op->len, len[op->opcode >> 5]);
		assert_non_null(op->handler);
		assert_ptr_equal(op_find(op->opcode, op->sa), op);
		if (op->flags & OP_SA)
			assert_int_equal(op->usage[1] & 0x1f, op->sa);
		if (op > scsi_ops)
			assert_true(op[-1].opcode < op->opcode ||
				    (op[-1].opcode == op->opcode && op[-1].sa < op->sa));
	}
}

/* --- INQUIRY --- */

static void inquiry_says_what_it_is(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x12, 0, 0, 0, 255), 255);

	assert_good(s);
	assert_int_equal(s->cmd.in_len, 96);
	assert_int_equal(s->cmd.residual, 255 - 96);
	assert_int_equal(s->in[0], 0x00);
	assert_int_equal(s->in[4], 91);
	assert_int_equal(s->in[7] & 0x02, 0x02);
	assert_memory_equal(s->in + 8, "VHX     vhx disk        1   ", 28);
	shot_free(s);
}

static void allocation_lengths_cut(void **state)
{
	struct shot *whole = rig_in(*state, 0, CDB(0x12, 1, 0x83, 0, 255), 255);
	struct shot *s;
	uint32_t len;

	assert_good(whole);
	for (len = 0; len < whole->cmd.in_len; len++) {
		s = rig_in(*state, 0, CDB(0x12, 1, 0x83, 0, (uint8_t)len), len);
		assert_good(s);
		assert_int_equal(s->cmd.in_len, len);
		assert_memory_equal(s->in, whole->in, len);
		assert_false(s->cmd.overrun);
		shot_free(s);
	}
	/* A buffer that is smaller than what was asked for */
	s = rig_in(*state, 0, CDB(0x12, 1, 0x83, 0, 255), 7);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 7);
	assert_true(s->cmd.overrun);
	assert_int_equal(s->cmd.residual, whole->cmd.in_len - 7);
	shot_free(s);
	shot_free(whole);
}

static void vital_pages(void **state)
{
	static const uint8_t pages[] = { 0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2 };
	static const uint8_t len[] = { 7, 36, 0, 60, 60, 60, 4 };
	struct shot *s = rig_in(*state, 0, CDB(0x12, 1, 0, 0, 255), 255);
	size_t i;

	assert_good(s);
	assert_memory_equal(s->in + 4, pages, sizeof(pages));
	shot_free(s);
	for (i = 0; i < sizeof(pages); i++) {
		s = rig_in(*state, 0, CDB(0x12, 1, pages[i], 0, 255), 255);
		assert_good(s);
		assert_int_equal(s->in[1], pages[i]);
		assert_int_equal(get_be16(s->in + 2) + 4, s->cmd.in_len);
		if (len[i])
			assert_int_equal(get_be16(s->in + 2), len[i]);
		shot_free(s);
	}
}

/* Of the rig's uuid: if this changes, guests take their disks for others. */
#define NAA	0x3843b0a7ac283eebULL

static void designators_are_well_formed_and_stable(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x12, 1, 0x83, 0, 255), 255);
	struct shot *other = rig_in(*state, 1, CDB(0x12, 1, 0x83, 0, 255), 255);
	uint32_t at, nr = 0;

	for (at = 4; at < s->cmd.in_len; at += s->in[at + 3] + 4U, nr++)
		assert_true(at + 4 + s->in[at + 3] <= s->cmd.in_len);
	assert_int_equal(at, s->cmd.in_len);
	assert_int_equal(nr, 4);
	assert_int_equal(get_be64(s->in + 8), NAA);
	/* The same disk through another port differs in nothing but that. */
	assert_memory_equal(s->in, other->in, s->cmd.in_len - 1);
	assert_int_equal(s->in[s->cmd.in_len - 1], 1);
	assert_int_equal(other->in[s->cmd.in_len - 1], 2);
	shot_free(s);
	shot_free(other);
}

static void limits_say_what_is_kept(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x12, 1, 0xb0, 0, 255), 255);

	assert_int_equal(s->in[5], 255);
	assert_int_equal(get_be16(s->in + 6), 8);
	assert_int_equal(get_be32(s->in + 8), 65536);
	assert_int_equal(get_be32(s->in + 20), 1 << 20);
	assert_int_equal(get_be32(s->in + 24), 256);
	assert_int_equal(get_be64(s->in + 36), 2097152);
	shot_free(s);
}

static void capacity(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x25), 8);

	assert_good(s);
	assert_int_equal(get_be32(s->in), DISK_SIZE / 512 - 1);
	assert_int_equal(get_be32(s->in + 4), 512);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), 32);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 32);
	assert_int_equal(get_be64(s->in), DISK_SIZE / 512 - 1);
	assert_int_equal(s->in[13], 3);
	assert_int_equal(s->in[14] & 0xc0, 0xc0);
	shot_free(s);
}

static void capacity_that_does_not_fit_ten_bytes(void **state)
{
	static struct rig rig;
	struct shot *s;

	rig_open(&rig, &(struct rig_opts) {
		.backend = "null", .size = 1ULL << 42, .no_state = true,
	});
	s = rig_in(&rig, 0, CDB(0x25), 8);
	assert_int_equal(get_be32(s->in), UINT32_MAX);
	shot_free(s);
	s = rig_in(&rig, 0, CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), 32);
	assert_int_equal(get_be64(s->in), (1ULL << 33) - 1);
	shot_free(s);
	rig_close(&rig);
}

/* --- where there is no unit --- */

static void absent_luns(void **state)
{
	static const struct {
		uint8_t cdb[SCSI_CDB_MAX];
		uint32_t expect;
	} t[] = {
		{ { 0x12, 0, 0, 0, 36 }, SCSI_GOOD },
		{ { 0x03, 0, 0, 0, 18 }, SCSI_GOOD },
		{ { 0x12, 1, 0x80, 0, 36 }, SENSE_CDB_FIELD },
		{ { 0x00 }, SENSE_NO_LUN },
		{ { 0x28, 0, 0, 0, 0, 0, 0, 0, 1 }, SENSE_NO_LUN },
		{ { 0xff }, SENSE_NO_LUN },
	};
	struct shot *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		s = shot_new(*state, 0, t[i].cdb);
		s->cmd.lun = 9;
		shot_in(s, 36);
		shot_fire(s);
		assert_sense(s, t[i].expect);
		if (t[i].cdb[0] == 0x12 && !t[i].cdb[1])
			assert_int_equal(s->in[0], 0x7f);
		if (t[i].cdb[0] == 0x03)
			assert_int_equal(s->in[12], 0x25);
		shot_free(s);
	}
}

static struct shot *report_luns(struct rig *rig, uint16_t lun, uint8_t select)
{
	struct shot *s = shot_new(rig, 0, CDB(0xa0, 0, select, 0, 0, 0, 0, 0, 0, 64));

	s->cmd.lun = lun;
	shot_in(s, 64);
	shot_fire(s);
	return s;
}

static void report_luns_from_everywhere(void **state)
{
	static const uint16_t luns[] = { 0, DISK_LUN, SCSI_WLUN_REPORT_LUNS };
	struct shot *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(luns); i++) {
		s = report_luns(*state, luns[i], 0);
		assert_good(s);
		assert_int_equal(get_be32(s->in), 8);
		assert_int_equal(get_be16(s->in + 8), DISK_LUN);
		shot_free(s);
		s = report_luns(*state, luns[i], 1);
		assert_int_equal(get_be32(s->in), 8);
		assert_int_equal(get_be16(s->in + 8), 0xc101);
		shot_free(s);
		s = report_luns(*state, luns[i], 2);
		assert_int_equal(get_be32(s->in), 16);
		shot_free(s);
	}
	s = report_luns(*state, 9, 0);
	assert_sense(s, SENSE_NO_LUN);
	shot_free(s);
}

static void well_known_unit(void **state)
{
	static const struct {
		uint8_t cdb[SCSI_CDB_MAX];
		uint32_t expect;
	} t[] = {
		{ { 0x12, 0, 0, 0, 36 }, SCSI_GOOD },
		{ { 0x12, 1, 0, 0, 36 }, SCSI_GOOD },
		{ { 0x00 }, SCSI_GOOD },
		{ { 0x03, 0, 0, 0, 18 }, SCSI_GOOD },
		{ { 0x28 }, SENSE_INVALID_OPCODE },
	};
	struct shot *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		s = shot_new(*state, 0, t[i].cdb);
		s->cmd.lun = SCSI_WLUN_REPORT_LUNS;
		shot_in(s, 36);
		shot_fire(s);
		assert_sense(s, t[i].expect);
		if (t[i].cdb[0] == 0x12)
			assert_int_equal(s->in[0], 0x1e);
		shot_free(s);
	}
}

static void luns_of_virtio(void **state)
{
	static const struct {
		uint8_t lun[8];
		int ret;
		uint8_t target;
		uint16_t number;
	} t[] = {
		{ { 1, 0, 0x40, 0 }, 0, 0, 0 },
		{ { 1, 7, 0x40, 5 }, 0, 7, 5 },
		{ { 1, 255, 0x7f, 0xff }, 0, 255, 16383 },
		{ { 1, 3, 0, 200 }, 0, 3, 200 },
		{ { 0xc1, 0x01 }, 0, 0, SCSI_WLUN_REPORT_LUNS },
		{ { 1, 4, 0xc1, 0x01 }, 0, 4, SCSI_WLUN_REPORT_LUNS },
		{ { 0, 0, 0x40, 0 }, -22, 0, 0 },
		{ { 2, 0, 0x40, 0 }, -22, 0, 0 },
		{ { 1, 0, 0x01, 0 }, -22, 0, 0 },
		{ { 1, 0, 0x80, 0 }, -22, 0, 0 },
		{ { 1, 0, 0xc1, 0x02 }, -22, 0, 0 },
		{ { 1, 0, 0x40, 0, 1 }, -22, 0, 0 },
		{ { 1, 0, 0x40, 0, 0, 0, 0, 1 }, -22, 0, 0 },
	};
	uint16_t number;
	uint8_t target;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(scsi_lun_decode(t[i].lun, &target, &number), t[i].ret);
		if (t[i].ret)
			continue;
		assert_int_equal(target, t[i].target);
		assert_int_equal(number, t[i].number);
	}
}

/* --- what it can do --- */

static void opcodes_are_reported(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 0x20, 0), 8192);
	struct shot *rctd = rig_in(*state, 0, CDB(0xa3, 0x0c, 0x80, 0, 0, 0, 0, 0, 0x20, 0), 8192);

	assert_good(s);
	assert_int_equal(get_be32(s->in), scsi_nr_ops * 8);
	assert_int_equal(s->cmd.in_len, scsi_nr_ops * 8 + 4);
	assert_int_equal(get_be32(rctd->in), scsi_nr_ops * 20);
	shot_free(s);
	shot_free(rctd);
}

static void one_opcode_is_reported(void **state)
{
	static const struct {
		uint8_t option, opcode;
		uint16_t sa;
		uint8_t support, len;
	} t[] = {
		{ 1, 0x12, 0, 3, 6 }, { 1, 0x93, 0, 3, 16 }, { 1, 0x41, 0, 3, 10 },
		{ 1, 0xa2, 0, 1, 0 }, { 1, 0xb5, 0, 1, 0 }, { 2, 0x9e, 0x10, 3, 16 },
		{ 2, 0x9e, 0x11, 1, 0 }, { 2, 0x9e, 0x110, 1, 0 }, { 3, 0x28, 0, 3, 10 },
		{ 3, 0x28, 1, 1, 0 }, { 3, 0xa3, 0x0c, 3, 12 }, { 3, 0xff, 0, 1, 0 },
	};
	struct shot *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		s = rig_in(*state, 0, CDB(0xa3, 0x0c, t[i].option, t[i].opcode, t[i].sa >> 8,
					  t[i].sa & 0xff, 0, 0, 0, 64), 64);
		assert_good(s);
		assert_int_equal(s->in[1] & 7, t[i].support);
		assert_int_equal(get_be16(s->in + 2), t[i].len);
		if (t[i].len)
			assert_int_equal(s->in[4], t[i].opcode);
		shot_free(s);
	}
}

static void tmfs_are_reported(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0xa3, 0x0d, 0x80, 0, 0, 0, 0, 0, 0, 64), 64);

	assert_good(s);
	assert_int_equal(s->cmd.in_len, 16);
	assert_int_equal(s->in[0], 0xdc);
	assert_int_equal(s->in[1], 0x03);
	shot_free(s);
}

static void logs_and_defects(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x4d, 0, 0x40, 0, 0, 0, 0, 0, 64), 64);

	assert_good(s);
	assert_memory_equal(s->in, "\x00\x00\x00\x03\x00\x0c\x2f", 7);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x4d, 0, 0x40, 0xff, 0, 0, 0, 0, 64), 64);
	assert_memory_equal(s->in, "\x40\xff\x00\x08\x00\x00\x00\xff\x0c\x00\x2f\x00", 12);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x4d, 0, 0x4c, 0, 0, 0, 0, 0, 64), 64);
	assert_int_equal(s->cmd.in_len, 28);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x4d, 0, 0x4c, 0, 0, 0, 2, 0, 64), 64);
	assert_int_equal(s->cmd.in_len, 16);
	assert_int_equal(s->in[5], 2);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x4d, 0, 0x4c, 0, 0, 0, 3, 0, 64), 64);
	assert_field(s, true, 5, -1);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x37, 0, 0x1d, 0, 0, 0, 0, 0, 64), 64);
	assert_memory_equal(s->in, "\x00\x1d\x00\x00", s->cmd.in_len);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0xb7, 0x0d, 0, 0, 0, 0, 0, 0, 0, 64), 64);
	assert_int_equal(s->cmd.in_len, 8);
	shot_free(s);
}

static void buffers_echo(void **state)
{
	struct shot *s;

	assert_int_equal(quick_out(*state, 0, CDB(0x3b, 0x0a, 0, 0, 0, 0, 0, 0, 4), "echo", 4), 0);
	s = rig_in(*state, 0, CDB(0x3c, 0x0a, 0, 0, 0, 0, 0, 0, 64), 64);
	assert_int_equal(s->cmd.in_len, 4);
	assert_memory_equal(s->in, "echo", 4);
	shot_free(s);
	/* It is nobody else's. */
	assert_int_equal(quick(*state, 1, CDB(0x3c, 0x0a, 0, 0, 0, 0, 0, 0, 64)), SENSE_SEQUENCE);
	assert_int_equal(quick_out(*state, 0, CDB(0x3b, 2, 0, 0, 0x0f, 0xfc, 0, 0, 4),
				   "last", 4), 0);
	assert_int_equal(quick_out(*state, 0, CDB(0x3b, 2, 0, 0, 0x0f, 0xfc, 0, 0, 5),
				   "bytes", 5), SENSE_CDB_FIELD);
	s = rig_in(*state, 1, CDB(0x3c, 2, 0, 0, 0x0f, 0xfc, 0, 0, 64), 64);
	assert_int_equal(s->cmd.in_len, 4);
	assert_memory_equal(s->in, "last", 4);
	shot_free(s);
}

static void timestamp(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 0, 64), 64);

	assert_good(s);
	assert_int_equal(s->cmd.in_len, 12);
	assert_int_equal(get_be16(s->in), 10);
	assert_true(get_be16(s->in + 4));
	shot_free(s);
}

static void stopped_unit(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(quick(rig, 0, CDB(0x1b)), 0);
	assert_int_equal(rig->engine.nr[ENGINE_FSYNC], 1);
	assert_int_equal(quick(rig, 0, CDB(0x00)), SENSE_STOPPED);
	assert_int_equal(quick(rig, 0, CDB(0x28)), SENSE_STOPPED);
	assert_int_equal(quick(rig, 0, CDB(0x12)), 0);
	assert_int_equal(quick(rig, 0, CDB(0x1b, 0, 0, 0, 1)), 0);
	assert_int_equal(quick(rig, 0, CDB(0x00)), 0);
	/* NO_FLUSH */
	assert_int_equal(quick(rig, 0, CDB(0x1b, 0, 0, 0, 4)), 0);
	assert_int_equal(rig->engine.nr[ENGINE_FSYNC], 1);
	assert_int_equal(quick(rig, 0, CDB(0x1b, 0, 0, 0, 1)), 0);
}

static void gone_backend(void **state)
{
	struct rig *rig = *state;

	scsi_unit_set_gone(rig->unit, true);
	assert_int_equal(quick(rig, 0, CDB(0x00)), SENSE_NOT_READY);
	assert_int_equal(quick(rig, 0, CDB(0x12)), 0);
	scsi_unit_set_gone(rig->unit, false);
	assert_int_equal(quick(rig, 0, CDB(0x00)), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_each_cdb_gets),
		T(bad_fields_are_pointed_at),
		T(no_bit_outside_the_usage),
		T(cdbs_that_are_cut_short),
		cmocka_unit_test(table_is_in_order),
		T(inquiry_says_what_it_is),
		T(allocation_lengths_cut),
		T(vital_pages),
		T(designators_are_well_formed_and_stable),
		T(limits_say_what_is_kept),
		T(capacity),
		cmocka_unit_test(capacity_that_does_not_fit_ten_bytes),
		T(absent_luns),
		T(report_luns_from_everywhere),
		T(well_known_unit),
		cmocka_unit_test(luns_of_virtio),
		T(opcodes_are_reported),
		T(one_opcode_is_reported),
		T(tmfs_are_reported),
		T(logs_and_defects),
		T(buffers_echo),
		T(timestamp),
		T(stopped_unit),
		T(gone_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
