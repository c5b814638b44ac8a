// SPDX-License-Identifier: GPL-2.0-only
/* MODE SENSE, MODE SELECT, and what they change. */
#include <stdlib.h>
#include <string.h>

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

static struct shot *sense6(struct rig *rig, uint8_t page, uint8_t sub)
{
	return rig_in(rig, 0, CDB(0x1a, 0x08, page, sub, 255), 255);
}

static void pages_and_lengths(void **state)
{
	static const struct {
		uint8_t page, sub, len;
	} t[] = {
		{ 0x01, 0x00, 12 }, { 0x08, 0x00, 20 }, { 0x0a, 0x00, 12 }, { 0x0a, 0x05, 32 },
		{ 0x0a, 0xff, 44 }, { 0x1c, 0x00, 12 }, { 0x3f, 0x00, 56 }, { 0x3f, 0xff, 88 },
		{ 0x08, 0xff, 20 },
	};
	struct shot *s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		s = sense6(*state, t[i].page, t[i].sub);
		assert_good(s);
		assert_int_equal(s->cmd.in_len, 4 + t[i].len);
		assert_int_equal(s->in[0], 3 + t[i].len);
		assert_int_equal(s->in[2], 0x10);
		assert_int_equal(s->in[3], 0);
		shot_free(s);
		s = rig_in(*state, 0, CDB(0x5a, 0x08, t[i].page, t[i].sub, 0, 0, 0, 1, 0), 256);
		assert_int_equal(s->cmd.in_len, 8 + t[i].len);
		assert_int_equal(get_be16(s->in), 6 + t[i].len);
		shot_free(s);
	}
}

static void block_descriptors(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x1a, 0, 0x08, 0, 255), 255);

	assert_int_equal(s->in[3], 8);
	assert_int_equal(get_be32(s->in + 4), DISK_SIZE / 512);
	assert_int_equal(get_be32(s->in + 8), 512);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x5a, 0x10, 0x08, 0, 0, 0, 0, 1, 0), 256);
	assert_int_equal(s->in[4], 1);
	assert_int_equal(get_be16(s->in + 6), 16);
	assert_int_equal(get_be64(s->in + 8), DISK_SIZE / 512);
	assert_int_equal(get_be32(s->in + 20), 512);
	shot_free(s);
}

/* Current, changeable and default values of the caching page's and the control page's bits */
static void page_controls(void **state)
{
	static const uint8_t wce[] = { 4, 4, 4 }, dsense[] = { 0, 4, 0 }, swp[] = { 0, 8, 0 };
	struct shot *s;
	uint8_t pc;

	for (pc = 0; pc < 3; pc++) {
		s = sense6(*state, (uint8_t)(pc << 6 | 0x08), 0);
		assert_int_equal(s->in[6], wce[pc]);
		shot_free(s);
		s = sense6(*state, (uint8_t)(pc << 6 | 0x0a), 0);
		assert_int_equal(s->in[6], dsense[pc]);
		assert_int_equal(s->in[7], pc == 1 ? 0 : 0x10);
		assert_int_equal(s->in[8], swp[pc]);
		shot_free(s);
	}
}

static uint32_t page_of(struct rig *rig, uint8_t page, uint8_t *list)
{
	struct shot *s = sense6(rig, page, 0);
	uint32_t len = s->cmd.in_len;

	memcpy(list, s->in, len);
	list[0] = 0;
	list[2] = 0;
	shot_free(s);
	return len;
}

static uint32_t select6(struct rig *rig, const uint8_t *list, uint32_t len)
{
	return quick_out(rig, 0, CDB(0x15, 0x10, 0, 0, (uint8_t)len), list, len);
}

static void cache_is_turned_off(void **state)
{
	struct rig *rig = *state;
	uint8_t list[256], data[512] = { 0 };
	struct shot *s;
	uint32_t len = page_of(rig, 0x08, list);

	assert_int_equal(select6(rig, list, len), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	list[6] = 0;
	assert_int_equal(select6(rig, list, len), 0);
	/* What was in it is on the medium; the other hears of it; writes go through. */
	assert_int_equal(rig->engine.nr[ENGINE_FSYNC], 1);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), SENSE_MODE_CHANGED);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	quick_out(rig, 0, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), data, 512);
	assert_int_equal(rig->engine.dsyncs, 1);
	s = sense6(rig, 0x08, 0);
	assert_int_equal(s->in[6], 0);
	shot_free(s);
	s = sense6(rig, 0x88, 0);
	assert_int_equal(s->in[6], 4);
	shot_free(s);
}

static void sense_in_descriptors(void **state)
{
	uint8_t list[256];
	uint32_t len = page_of(*state, 0x0a, list);
	struct shot *s;
	uint64_t info;

	list[6] = 4;
	assert_int_equal(select6(*state, list, len), 0);
	s = rig_in(*state, 0, CDB(0x88, 0, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1), 512);
	assert_int_equal(s->cmd.sense[0], 0x72);
	assert_sense(s, SENSE_LBA_RANGE);
	assert_true(shot_info(s, &info));
	assert_int_equal(info, 0xff00000000000001ULL);
	shot_free(s);
	s = rig_in(*state, 0, CDB(0x28, 0x20, 0, 0, 0, 0, 0, 0, 1), 512);
	assert_field(s, true, 1, 5);
	shot_free(s);
	/* A reset makes it what it was. */
	assert_int_equal(scsi_lun_reset(((struct rig *)*state)->target[0], 0, DISK_LUN), 0);
	rig_quiet(*state);
	s = rig_in(*state, 0, CDB(0xff), 0);
	assert_int_equal(s->cmd.sense[0], 0x70);
	shot_free(s);
}

/* Of a VM that begins anew: unless another one is there, which may want them as they are. */
static void nexus_loss(void **state)
{
	struct rig *rig = *state;
	uint8_t list[256];
	uint32_t len = page_of(rig, 0x0a, list);
	struct shot *s;

	list[6] = 4;
	assert_int_equal(select6(rig, list, len), 0);
	scsi_nexus_loss(rig->nexus[0]);
	rig_quiet(rig);
	s = rig_in(rig, 0, CDB(0xff), 0);
	assert_int_equal(s->cmd.sense[0], 0x72);
	shot_free(s);
	assert_int_equal(scsi_target_unmap(rig->target[1], 0, DISK_LUN), 0);
	scsi_nexus_loss(rig->nexus[0]);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_NEXUS_LOSS);
	s = rig_in(rig, 0, CDB(0xff), 0);
	assert_int_equal(s->cmd.sense[0], 0x70);
	shot_free(s);
}

static void software_write_protect(void **state)
{
	uint8_t list[256], data[512] = { 0 };
	uint32_t len = page_of(*state, 0x0a, list);

	list[8] = 8;
	assert_int_equal(select6(*state, list, len), 0);
	assert_int_equal(quick_out(*state, 0, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), data, 512),
			 SENSE_WRITE_PROTECTED);
	list[8] = 0;
	assert_int_equal(select6(*state, list, len), 0);
	assert_int_equal(quick_out(*state, 0, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), data, 512), 0);
}

static void bits_that_cannot_be_changed(void **state)
{
	static const uint8_t pages[] = { 0x01, 0x08, 0x0a, 0x1c };
	uint8_t list[256], can[256];
	struct shot *s;
	uint32_t len, bit;
	size_t i;

	for (i = 0; i < sizeof(pages); i++) {
		page_of(*state, pages[i] | 0x40, can);
		len = page_of(*state, pages[i], list);
		for (bit = 8 * 6; bit < 8 * len; bit++) {
			if (can[bit / 8] & 1 << bit % 8)
				continue;
			list[bit / 8] ^= (uint8_t)(1 << bit % 8);
			s = rig_out(*state, 0, CDB(0x15, 0x10, 0, 0, (uint8_t)len), list, len);
			assert_field(s, false, (uint16_t)(bit / 8), (int)(bit % 8));
			shot_free(s);
			list[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* What MODE SENSE says MODE SELECT takes, all of it at once, with block descriptor. */
static void all_pages_go_back(void **state)
{
	struct shot *s = rig_in(*state, 0, CDB(0x5a, 0x10, 0x3f, 0xff, 0, 0, 0, 1, 0), 256);
	uint32_t len = s->cmd.in_len, cut;

	put_be16(s->in, 0);
	assert_int_equal(quick_out(*state, 0, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, (uint8_t)len),
				   s->in, len), 0);
	for (cut = 1; cut < len; cut++) {
		uint32_t got = quick_out(*state, 0, CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, (uint8_t)cut),
					 s->in, cut);

		/* At the end of a page it is a list of fewer. */
		if (cut == 8 || cut == 24 || cut == 36 || cut == 56 || cut == 68 || cut == 100)
			assert_int_equal(got, cut == 8 ? SENSE_PARAM_LENGTH : 0);
		else
			assert_int_equal(got, SENSE_PARAM_LENGTH);
	}
	shot_free(s);
}

static void lists_that_are_wrong(void **state)
{
	static const struct {
		uint8_t list[24];
		uint8_t len;
		uint32_t expect;
	} t[] = {
		{ { 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0 }, 12, SCSI_GOOD },
		{ { 0, 0, 0, 8, 0, 0, 8, 0, 0, 0, 2, 0 }, 12, SCSI_GOOD },
		{ { 0, 0, 0, 8, 0, 0, 8, 1, 0, 0, 2, 0 }, 12, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 4, 0 }, 12, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 7 }, 11, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 16 }, 20, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 0xff }, 4, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 8 }, 4, SENSE_PARAM_LENGTH },
		{ { 0, 0, 0, 0, 0x07, 10 }, 16, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 0, 0x0a, 11 }, 17, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 0, 0x0a, 0xff }, 16, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 0, 0x4a, 0x00, 0, 8 }, 16, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 0, 0x4a, 0x05, 0xff, 0xff }, 16, SENSE_PARAM_FIELD },
		{ { 0, 0, 0, 0, 0x4a, 0x05, 0 }, 7, SENSE_PARAM_LENGTH },
		{ { 0, 0, 0, 0, 0x3f, 10 }, 16, SENSE_PARAM_FIELD },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		assert_int_equal(select6(*state, t[i].list, t[i].len), t[i].expect);
}

/* A good page before a bad one is not taken. */
static void all_or_nothing(void **state)
{
	uint8_t list[256];
	uint32_t len = page_of(*state, 0x08, list);
	struct shot *s;

	list[6] = 0;
	list[len] = 0x07;
	list[len + 1] = 2;
	assert_int_equal(select6(*state, list, len + 4), SENSE_PARAM_FIELD);
	s = sense6(*state, 0x08, 0);
	assert_int_equal(s->in[6], 4);
	shot_free(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(pages_and_lengths),
		T(block_descriptors),
		T(page_controls),
		T(cache_is_turned_off),
		T(sense_in_descriptors),
		T(nexus_loss),
		T(software_write_protect),
		T(bits_that_cannot_be_changed),
		T(all_pages_go_back),
		T(lists_that_are_wrong),
		T(all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
