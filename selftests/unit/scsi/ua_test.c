// SPDX-License-Identifier: GPL-2.0-only
/* Unit attentions, resets, aborts, and the order of commands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static struct shot *reading(struct rig *rig, int who, uint8_t lba)
{
	struct shot *s = shot_new(rig, who, CDB(0x28, 0, 0, 0, 0, lba, 0, 0, 1));

	shot_in(s, 512);
	return s;
}

static void power_on_comes_first_and_once(void **state)
{
	static struct rig rig;

	rig_open(&rig, &(struct rig_opts) { .keep_ua = true });
	assert_int_equal(quick(&rig, 0, CDB(0)), SENSE_POWER_ON);
	assert_int_equal(quick(&rig, 0, CDB(0)), 0);
	assert_int_equal(quick(&rig, 1, CDB(0x28)), SENSE_POWER_ON);
	assert_int_equal(quick(&rig, 1, CDB(0x28)), 0);
	rig_close(&rig);
}

static void what_an_attention_does_not_stop(void **state)
{
	struct rig *rig = *state;
	struct shot *s;

	scsi_unit_inquiry_changed(rig->unit);
	assert_int_equal(quick(rig, 0, CDB(0x12)), 0);
	assert_int_equal(quick(rig, 0, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16)), 0);
	/* REQUEST SENSE tells it, which takes it away. */
	s = rig_in(rig, 0, CDB(0x03, 0, 0, 0, 252), 252);
	assert_good(s);
	assert_int_equal(s->cmd.in_len, 18);
	assert_int_equal(s->in[2], 6);
	assert_int_equal(get_be16(s->in + 12), 0x3f03);
	shot_free(s);
	s = rig_in(rig, 0, CDB(0x03, 1, 0, 0, 252), 252);
	assert_int_equal(s->cmd.in_len, 8);
	assert_int_equal(s->in[0], 0x72);
	assert_int_equal(s->in[1], 0);
	shot_free(s);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
	/* Even of what there is no such command for, the attention comes first. */
	assert_int_equal(quick(rig, 1, CDB(0xff)), SENSE_INQUIRY_CHANGED);
	assert_int_equal(quick(rig, 1, CDB(0xff)), SENSE_INVALID_OPCODE);
}

static void resize(void **state)
{
	struct rig *rig = *state;
	struct shot *s;

	assert_int_equal(scsi_unit_resized(rig->unit), 0);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
	assert_int_equal(truncate(rig->path, 2 * DISK_SIZE), 0);
	assert_int_equal(scsi_unit_resized(rig->unit), 0);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_CAPACITY_CHANGED);
	assert_int_equal(quick(rig, 1, CDB(0)), SENSE_CAPACITY_CHANGED);
	s = rig_in(rig, 0, CDB(0x25), 8);
	assert_int_equal(get_be32(s->in), 2 * DISK_SIZE / 512 - 1);
	shot_free(s);
}

static void luns_come_and_go(void **state)
{
	const struct scsi_unit_config c = { .name = "disk1", .block_size = 512 };
	struct rig *rig = *state;
	struct scsi_unit *unit;
	struct shot *s;

	assert_int_equal(scsi_unit_create(&c, rig->backend, &unit, NULL), 0);
	assert_int_equal(scsi_target_map(rig->target[0], 0, 300, unit), 0);
	assert_int_equal(scsi_target_map(rig->target[0], 0, 301, unit), -EEXIST);
	assert_int_equal(scsi_target_map(rig->target[0], 0, 300, unit), -EEXIST);
	assert_int_equal(scsi_target_map(rig->target[1], 0, 16384, unit), -EINVAL);
	assert_int_equal(scsi_unit_destroy(unit), -EBUSY);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	s = rig_in(rig, 0, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64), 64);
	assert_int_equal(get_be32(s->in), 16);
	assert_int_equal(get_be16(s->in + 8), DISK_LUN);
	assert_int_equal(get_be16(s->in + 16), 0x4000 | 300);
	shot_free(s);
	/* Who has seen the list need not be told of it. */
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
	assert_int_equal(scsi_target_unmap(rig->target[0], 0, 300), 0);
	assert_int_equal(scsi_target_unmap(rig->target[0], 0, 300), -ENOENT);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_LUNS_CHANGED);
	assert_int_equal(scsi_unit_destroy(unit), 0);
	assert_true(scsi_target_has(rig->target[0], 0));
	assert_false(scsi_target_has(rig->target[0], 1));
}

/* Nothing behind another target id can hear of a unit there: whoever is at this wwpn does. */
static void other_target_ids_hear_of_it(void **state)
{
	const struct scsi_unit_config c = { .name = "disk1", .block_size = 512 };
	struct rig *rig = *state;
	struct scsi_unit *unit;

	assert_int_equal(scsi_unit_create(&c, rig->backend, &unit, NULL), 0);
	assert_int_equal(scsi_target_map(rig->target[0], 9, 0, unit), 0);
	assert_true(scsi_target_has(rig->target[0], 9));
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_LUNS_CHANGED);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	assert_int_equal(scsi_target_unmap(rig->target[0], 9, 0), 0);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_LUNS_CHANGED);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	assert_int_equal(scsi_unit_destroy(unit), 0);
}

/* A unit that is to go: new commands have to wait, old ones end as they would have. */
static void retiring(void **state)
{
	struct rig *rig = *state;
	struct shot *mine, *other;

	rig->engine.hold = true;
	mine = reading(rig, 0, 1);
	other = reading(rig, 1, 2);
	scsi_submit(&mine->cmd);
	scsi_submit(&other->cmd);
	assert_int_equal(scsi_target_unmap(rig->target[0], 0, DISK_LUN), -EBUSY);
	assert_int_equal(scsi_target_retire(rig->target[0], 0, 7, true), -ENOENT);
	assert_int_equal(scsi_target_retire(rig->target[0], 0, DISK_LUN, true), 0);
	assert_int_equal(scsi_target_unmap(rig->target[0], 0, DISK_LUN), -EBUSY);
	assert_int_equal(quick(rig, 0, CDB(0)), SCSI_BUSY);
	assert_int_equal(quick(rig, 0, CDB(0x12, 0, 0, 0, 36)), SCSI_BUSY);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	assert_int_equal(mine->dones, 0);

	/* It is not to go after all. */
	assert_int_equal(scsi_target_retire(rig->target[0], 0, DISK_LUN, false), 0);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);

	/* It is: one of the two guests' commands is aborted, the other's is not. */
	assert_int_equal(scsi_target_retire(rig->target[0], 0, DISK_LUN, true), 0);
	scsi_target_abort(rig->target[0], 0, DISK_LUN);
	rig->engine.hold = false;
	engine_double_do_all(&rig->engine);
	assert_int_equal(mine->dones, 1);
	assert_status(mine, SCSI_TASK_ABORTED);
	assert_int_equal(other->dones, 1);
	assert_good(other);
	shot_free(mine);
	shot_free(other);
	assert_int_equal(scsi_target_unmap(rig->target[0], 0, DISK_LUN), 0);
	assert_int_equal(scsi_target_retire(rig->target[0], 0, DISK_LUN, true), -ENOENT);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_NO_LUN);
	assert_int_equal(scsi_target_map(rig->target[0], 0, DISK_LUN, rig->unit), 0);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_POWER_ON);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
}

static struct {
	int n;
	uint8_t id;
	uint16_t lun, code;
	void *owner;
} heard;

static void hear(const struct scsi_watch *watch, uint8_t id, uint16_t lun, uint16_t code)
{
	heard.n++;
	heard.id = id;
	heard.lun = lun;
	heard.code = code;
	heard.owner = watch->owner;
}

static void who_watches_hears_of_changes(void **state)
{
	static const uint8_t wce_off[] = { 0, 0, 0, 0, 0x08, 18 };
	const struct scsi_watch watch = { hear, &heard };
	struct rig *rig = *state;
	uint8_t list[24] = { 0 };

	heard.n = 0;
	scsi_target_watch(rig->target[1], &watch);
	assert_int_equal(truncate(rig->path, 2 * DISK_SIZE), 0);
	assert_int_equal(scsi_unit_resized(rig->unit), 0);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.code, 0x2a09);
	assert_int_equal(heard.id, 0);
	assert_int_equal(heard.lun, DISK_LUN);
	assert_ptr_equal(heard.owner, &heard);
	assert_int_equal(scsi_unit_resized(rig->unit), 0);
	assert_int_equal(heard.n, 1);
	rig_quiet(rig);
	/* One's own changes are no news; another's are. */
	memcpy(list, wce_off, sizeof(wce_off));
	assert_int_equal(quick_out(rig, 1, CDB(0x15, 0x10, 0, 0, 24), list, 24), 0);
	assert_int_equal(heard.n, 1);
	list[6] = 0x04;
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_MODE_CHANGED);
	assert_int_equal(quick_out(rig, 0, CDB(0x15, 0x10, 0, 0, 24), list, 24), 0);
	assert_int_equal(heard.n, 2);
	assert_int_equal(heard.code, 0x2a01);
	scsi_unit_inquiry_changed(rig->unit);
	assert_int_equal(heard.n, 3);
	assert_int_equal(heard.code, 0x3f03);
	scsi_target_watch(rig->target[1], NULL);
	scsi_unit_inquiry_changed(rig->unit);
	assert_int_equal(heard.n, 3);
}

static void strongest_reset_says_it_all(void **state)
{
	struct rig *rig = *state;

	scsi_nexus_loss(rig->nexus[0]);
	scsi_lun_reset(rig->target[0], 0, DISK_LUN);
	scsi_nexus_loss(rig->nexus[0]);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_RESET);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
	assert_int_equal(scsi_lun_reset(rig->target[0], 0, 6), -ENOENT);
}

/* What its VM could undo alone, and nothing of the other's. */
static void nexus_loss_lets_go(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(quick(rig, 0, CDB(0x16)), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), SCSI_RESERVATION_CONFLICT);
	scsi_nexus_loss(rig->nexus[1]);
	assert_int_equal(quick(rig, 1, CDB(0)), SENSE_NEXUS_LOSS);
	assert_int_equal(quick(rig, 1, CDB(0)), SCSI_RESERVATION_CONFLICT);
	scsi_nexus_loss(rig->nexus[0]);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	assert_int_equal(quick(rig, 0, CDB(0x1b)), SENSE_NEXUS_LOSS);
	assert_int_equal(quick(rig, 0, CDB(0x1b)), 0);
	scsi_nexus_loss(rig->nexus[0]);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_NEXUS_LOSS);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
}

/* The other's stay, as does what a reset of the unit would undo; and other target ids are others. */
static void nexus_reset_is_of_a_target(void **state)
{
	const struct scsi_unit_config c = { .name = "disk1", .block_size = 512 };
	struct rig *rig = *state;
	struct scsi_unit *unit;

	assert_int_equal(scsi_unit_create(&c, rig->backend, &unit, NULL), 0);
	assert_int_equal(scsi_target_map(rig->target[0], 7, 0, unit), 0);
	rig_quiet(rig);
	assert_int_equal(quick(rig, 0, CDB(0x16)), 0);
	assert_int_equal(quick(rig, 0, CDB(0x1b)), 0);
	assert_int_equal(scsi_nexus_reset(rig->nexus[0], 9), -ENOENT);
	assert_int_equal(scsi_nexus_reset(rig->nexus[0], 7), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(scsi_nexus_reset(rig->nexus[1], 0), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), SENSE_NEXUS_LOSS);
	assert_int_equal(quick(rig, 1, CDB(0)), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_STOPPED);
	assert_int_equal(scsi_nexus_reset(rig->nexus[0], 0), 0);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_NEXUS_LOSS);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_STOPPED);
	assert_int_equal(quick(rig, 1, CDB(0x16)), 0);
	assert_int_equal(quick(rig, 1, CDB(0x1b, 0, 0, 0, 1)), 0);
	assert_int_equal(quick(rig, 1, CDB(0)), 0);
	assert_int_equal(scsi_target_unmap(rig->target[0], 7, 0), 0);
	assert_int_equal(scsi_unit_destroy(unit), 0);
}

static void several_come_in_order(void **state)
{
	struct rig *rig = *state;

	scsi_unit_inquiry_changed(rig->unit);
	scsi_lun_reset(rig->target[0], 0, DISK_LUN);
	scsi_unit_inquiry_changed(rig->unit);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_RESET);
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_INQUIRY_CHANGED);
	assert_int_equal(quick(rig, 0, CDB(0)), 0);
}

/* --- aborts --- */

static void abort_waits_for_the_backend(void **state)
{
	struct rig *rig = *state;
	struct shot *s = reading(rig, 0, 1);

	rig->engine.hold = true;
	scsi_submit(&s->cmd);
	scsi_abort(&s->cmd);
	assert_int_equal(s->dones, 0);
	assert_int_equal(rig->engine.cancels, 1);
	engine_double_do_all(&rig->engine);
	assert_int_equal(s->dones, 1);
	assert_status(s, SCSI_TASK_ABORTED);
	assert_int_equal(s->cmd.in_len, 0);
	scsi_abort(&s->cmd);
	assert_int_equal(s->dones, 1);
	shot_free(s);
}

static void abort_that_can_cancel(void **state)
{
	struct rig *rig = *state;
	struct shot *s = reading(rig, 0, 1);

	rig->engine.hold = rig->engine.cancel = true;
	scsi_submit(&s->cmd);
	scsi_abort(&s->cmd);
	assert_int_equal(s->dones, 1);
	assert_status(s, SCSI_TASK_ABORTED);
	shot_free(s);
	/* An end that nobody here asked for is to be tried again. */
	rig->engine.hold = false;
	rig->engine.fail = -ECANCELED;
	s = reading(rig, 0, 1);
	shot_fire(s);
	assert_status(s, SCSI_BUSY);
	shot_free(s);
}

/* Between two steps it ends as well, without a further one. */
static void abort_between_steps(void **state)
{
	struct rig *rig = *state;
	uint8_t data[512] = { 1 };
	struct shot *s = shot_new(rig, 0, CDB(0x2e, 0, 0, 0, 0, 0, 0, 0, 1));

	shot_out(s, data, 512);
	rig->engine.hold = true;
	scsi_submit(&s->cmd);
	scsi_abort(&s->cmd);
	engine_double_do(&rig->engine, 0);
	assert_int_equal(s->dones, 1);
	assert_int_equal(rig->engine.nr_held, 0);
	assert_status(s, SCSI_TASK_ABORTED);
	shot_free(s);
}

static void abort_of_one_that_waits(void **state)
{
	struct rig *rig = *state;
	uint8_t data[1024] = { 0 };
	struct shot *c = shot_new(rig, 0, CDB(0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1));
	struct shot *s = reading(rig, 1, 1), *t = reading(rig, 1, 1);

	shot_out(c, data, sizeof(data));
	rig->engine.hold = true;
	scsi_submit(&c->cmd);
	scsi_submit(&s->cmd);
	scsi_submit(&t->cmd);
	scsi_abort(&s->cmd);
	assert_int_equal(s->dones, 1);
	assert_status(s, SCSI_TASK_ABORTED);
	engine_double_do_all(&rig->engine);
	assert_int_equal(c->dones, 1);
	assert_int_equal(t->dones, 1);
	assert_good(c);
	assert_good(t);
	shot_free(c);
	shot_free(s);
	shot_free(t);
}

static void reset_aborts_all_of_the_unit(void **state)
{
	struct rig *rig = *state;
	struct shot *s[4];
	int i;

	rig->engine.hold = true;
	for (i = 0; i < 4; i++) {
		s[i] = reading(rig, i % 2, (uint8_t)i);
		scsi_submit(&s[i]->cmd);
	}
	scsi_lun_reset(rig->target[0], 0, DISK_LUN);
	assert_int_equal(scsi_nexus_destroy(rig->nexus[0]), -EBUSY);
	assert_int_equal(scsi_target_unmap(rig->target[0], 0, DISK_LUN), -EBUSY);
	engine_double_do(&rig->engine, 3);
	engine_double_do_all(&rig->engine);
	for (i = 0; i < 4; i++) {
		assert_int_equal(s[i]->dones, 1);
		assert_status(s[i], SCSI_TASK_ABORTED);
		shot_free(s[i]);
	}
	rig->engine.hold = false;
	assert_int_equal(quick(rig, 0, CDB(0)), SENSE_RESET);
	assert_int_equal(quick(rig, 1, CDB(0)), SENSE_RESET);
}

static void nexus_loss_aborts_its_own(void **state)
{
	struct rig *rig = *state;
	struct shot *a = reading(rig, 0, 1), *b = reading(rig, 1, 1);

	rig->engine.hold = true;
	scsi_submit(&a->cmd);
	scsi_submit(&b->cmd);
	scsi_nexus_loss(rig->nexus[0]);
	engine_double_do_all(&rig->engine);
	assert_status(a, SCSI_TASK_ABORTED);
	assert_good(b);
	shot_free(a);
	shot_free(b);
}

static void nexus_reset_aborts_its_own(void **state)
{
	struct rig *rig = *state;
	struct shot *a = reading(rig, 0, 1), *b = reading(rig, 1, 1);

	rig->engine.hold = true;
	scsi_submit(&a->cmd);
	scsi_submit(&b->cmd);
	assert_int_equal(scsi_nexus_reset(rig->nexus[0], 0), 0);
	engine_double_do_all(&rig->engine);
	assert_status(a, SCSI_TASK_ABORTED);
	assert_good(b);
	shot_free(a);
	shot_free(b);
}

/* --- order --- */

static void ordered_waits_and_is_waited_for(void **state)
{
	static const uint8_t attr[] = { SCSI_ATTR_SIMPLE, SCSI_ATTR_SIMPLE, SCSI_ATTR_ORDERED,
					SCSI_ATTR_SIMPLE, SCSI_ATTR_HEAD };
	struct rig *rig = *state;
	struct shot *s[5];
	int i;

	rig->engine.hold = true;
	for (i = 0; i < 5; i++) {
		s[i] = reading(rig, 0, (uint8_t)(8 * i));
		s[i]->cmd.attr = attr[i];
		scsi_submit(&s[i]->cmd);
	}
	assert_int_equal(rig->engine.nr_held, 3);
	engine_double_do(&rig->engine, 2);
	assert_int_equal(s[4]->dones, 1);
	engine_double_do(&rig->engine, 1);
	assert_int_equal(rig->engine.nr_held, 1);
	engine_double_do(&rig->engine, 0);
	assert_int_equal(rig->engine.nr_held, 1);
	engine_double_do(&rig->engine, 0);
	assert_int_equal(s[2]->dones, 1);
	assert_int_equal(rig->engine.nr_held, 1);
	engine_double_do(&rig->engine, 0);
	for (i = 0; i < 5; i++) {
		assert_good(s[i]);
		assert_int_equal(s[i]->dones, 1);
		shot_free(s[i]);
	}
}

static void aca_is_not_there(void **state)
{
	struct shot *s = reading(*state, 0, 1);

	s->cmd.attr = SCSI_ATTR_ACA;
	shot_fire(s);
	assert_sense(s, SENSE_BAD_MESSAGE);
	shot_free(s);
}

/* Hundreds that wait for one: their ends do not nest. */
static void long_queues(void **state)
{
	static struct shot *s[600];
	struct rig *rig = *state;
	int i;

	rig->engine.hold = true;
	for (i = 0; i < 600; i++) {
		s[i] = reading(rig, i & 1, 0);
		s[i]->cmd.attr = SCSI_ATTR_ORDERED;
		scsi_submit(&s[i]->cmd);
	}
	assert_int_equal(rig->engine.nr_held, 1);
	rig->engine.hold = false;
	rig_deepest = NULL;
	engine_double_do(&rig->engine, 0);
	assert_true((char *)__builtin_frame_address(0) - rig_deepest < 16384);
	for (i = 0; i < 600; i++) {
		assert_int_equal(s[i]->dones, 1);
		shot_free(s[i]);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_on_comes_first_and_once),
		T(what_an_attention_does_not_stop),
		T(resize),
		T(luns_come_and_go),
		T(other_target_ids_hear_of_it),
		T(retiring),
		T(who_watches_hears_of_changes),
		T(strongest_reset_says_it_all),
		T(nexus_loss_lets_go),
		T(nexus_reset_is_of_a_target),
		T(several_come_in_order),
		T(abort_waits_for_the_backend),
		T(abort_that_can_cancel),
		T(abort_between_steps),
		T(abort_of_one_that_waits),
		T(reset_aborts_all_of_the_unit),
		T(nexus_loss_aborts_its_own),
		T(nexus_reset_aborts_its_own),
		T(ordered_waits_and_is_waited_for),
		T(aca_is_not_there),
		T(long_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
