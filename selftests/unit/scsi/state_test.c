// SPDX-License-Identifier: GPL-2.0-only
/* An agent ends and another goes on: what it knows, and what it does with what is redelivered. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pr_actions.h"
#include "rig.h"
#include "state.h"
#include "state_file.h"

#define KEY_A	0xa1ULL
#define KEY_B	0xb2ULL

/* --- shorthand --- */

/* As an agent that was killed: what was not written by now is lost. */
static void restart(struct rig *rig, const char *boot_id)
{
	rig_close(rig);
	rig_open(rig, &(struct rig_opts) {
		.keep_file = true, .keep_state = true, .keep_ua = true, .boot_id = boot_id,
	});
}

static struct shot *prout(struct rig *rig, int who, uint8_t action, uint8_t type,
			  const uint64_t keys[2])
{
	struct shot *s = shot_new(rig, who, CDB(0x5f, action, type, 0, 0, 0, 0, 0, 24));
	uint8_t list[24] = { 0 };

	put_be64(list, keys[0]);
	put_be64(list + 8, keys[1]);
	shot_out(s, list, 24);
	return s;
}

static uint32_t fire(struct shot *s)
{
	uint32_t ret;

	shot_fire(s);
	ret = shot_sense(s);
	shot_free(s);
	return ret;
}

/* The same command once more, to another agent */
static uint32_t again(struct rig *rig, int who, struct shot *s)
{
	s->cmd.nexus = rig->nexus[who];
	s->cmd.redelivered = true;
	s->dones = 0;
	shot_fire(s);
	return shot_sense(s);
}

static struct shot *keys_of(struct rig *rig)
{
	struct shot *s = shot_new(rig, 0, CDB(0x5e, 0, 0, 0, 0, 0, 0, 0, 64));

	s->cmd.redelivered = true;
	shot_in(s, 64);
	shot_fire(s);
	return s;
}

static void assert_keys(struct rig *rig, uint32_t gen, uint32_t nr)
{
	struct shot *s = keys_of(rig);

	assert_int_equal(get_be32(s->in), gen);
	assert_int_equal(get_be32(s->in + 4), nr * 8);
	shot_free(s);
}

static uint32_t do_register(struct rig *rig, int who, uint64_t key, bool aptpl)
{
	struct shot *s = prout(rig, who, PROUT_REGISTER, 0, (const uint64_t[]) { 0, key });

	s->out[20] = aptpl;
	return fire(s);
}

static uint32_t do_reserve(struct rig *rig, int who, uint64_t key, uint8_t type)
{
	return fire(prout(rig, who, PROUT_RESERVE, type, (const uint64_t[]) { key, 0 }));
}

static uint32_t try_write(struct rig *rig, int who)
{
	uint8_t data[512] = { 0 };

	return quick_out(rig, who, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), data, 512);
}

/* --- what goes on --- */

static void nobody_notices_another_agent(void **state)
{
	struct rig rig;
	struct shot *s;

	rig_open(&rig, NULL);
	assert_int_equal(do_register(&rig, 0, KEY_A, false), 0);
	assert_int_equal(do_register(&rig, 1, KEY_B, false), 0);
	assert_int_equal(do_reserve(&rig, 0, KEY_A, 1), 0);
	restart(&rig, NULL);
	assert_int_equal(quick(&rig, 0, CDB(0)), 0);
	assert_int_equal(quick(&rig, 1, CDB(0)), 0);
	assert_keys(&rig, 2, 2);
	assert_int_equal(try_write(&rig, 0), 0);
	assert_int_equal(try_write(&rig, 1), SCSI_RESERVATION_CONFLICT);
	s = rig_in(&rig, 0, CDB(0x12, 1, 0x83, 0, 255), 255);
	assert_good(s);
	shot_free(s);
	rig_close(&rig);
}

static void pending_attentions_stay(void **state)
{
	struct rig rig;

	rig_open(&rig, NULL);
	scsi_unit_inquiry_changed(rig.unit);
	assert_int_equal(quick(&rig, 0, CDB(0)), SENSE_INQUIRY_CHANGED);
	restart(&rig, NULL);
	assert_int_equal(quick(&rig, 0, CDB(0)), 0);
	assert_int_equal(quick(&rig, 1, CDB(0)), SENSE_INQUIRY_CHANGED);
	assert_int_equal(quick(&rig, 1, CDB(0)), 0);
	rig_close(&rig);
}

static void modes_stay(void **state)
{
	static const uint8_t list[16] = { [4] = 0x0a, 10, 0x04, 0x10, [12] = 0xff, 0xff };
	struct rig rig;
	struct shot *s;

	rig_open(&rig, NULL);
	assert_int_equal(quick_out(&rig, 0, CDB(0x15, 0x10, 0, 0, 16), list, 16), 0);
	restart(&rig, NULL);
	s = rig_in(&rig, 0, CDB(0xff), 0);
	assert_int_equal(s->cmd.sense[0], 0x72);
	shot_free(s);
	restart(&rig, "boot-2");
	s = rig_in(&rig, 0, CDB(0xff), 0);
	assert_int_equal(s->cmd.sense[0], 0x70);
	assert_sense(s, SENSE_POWER_ON);
	shot_free(s);
	rig_close(&rig);
}

static void loss_of_power(void **state)
{
	struct rig rig;

	/* Without APTPL all of it is gone, with it nothing. */
	rig_open(&rig, NULL);
	assert_int_equal(do_register(&rig, 0, KEY_A, false), 0);
	assert_int_equal(do_reserve(&rig, 0, KEY_A, 3), 0);
	restart(&rig, "boot-2");
	assert_int_equal(quick(&rig, 1, CDB(0)), SENSE_POWER_ON);
	assert_int_equal(try_write(&rig, 1), 0);
	assert_keys(&rig, 0, 0);
	rig_quiet(&rig);
	assert_int_equal(do_register(&rig, 0, KEY_A, true), 0);
	assert_int_equal(do_reserve(&rig, 0, KEY_A, 3), 0);
	restart(&rig, "boot-3");
	rig_quiet(&rig);
	assert_int_equal(try_write(&rig, 1), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(try_write(&rig, 0), 0);
	assert_keys(&rig, 1, 1);
	restart(&rig, "boot-4");
	rig_quiet(&rig);
	assert_int_equal(try_write(&rig, 1), SCSI_RESERVATION_CONFLICT);
	rig_close(&rig);
}

/* On stable storage, name and all, before it is answered; or it has not happened. */
static void reservations_are_saved_first(void **state)
{
	struct rig rig;

	rig_open(&rig, NULL);
	memset(rig_events, 0, sizeof(rig_events));
	assert_int_equal(do_register(&rig, 0, KEY_A, true), 0);
	assert_string_equal(rig_events, "srs");
	rig_fsync_error = EIO;
	assert_int_equal(do_register(&rig, 1, KEY_B, true), SENSE_INTERNAL);
	assert_keys(&rig, 1, 1);
	restart(&rig, NULL);
	assert_keys(&rig, 1, 1);
	/* An attention need not outlive the host. */
	memset(rig_events, 0, sizeof(rig_events));
	scsi_unit_inquiry_changed(rig.unit);
	assert_string_equal(rig_events, "r");
	assert_int_equal(scsi_unit_save(rig.unit), 0);
	assert_string_equal(rig_events, "rsrs");
	rig_close(&rig);
}

/* --- what comes again --- */

static void reservations_are_not_made_twice(void **state)
{
	struct shot *reg, *clear;
	struct rig rig;

	rig_open(&rig, NULL);
	reg = prout(&rig, 0, PROUT_REGISTER, 0, (const uint64_t[]) { 0, KEY_A });
	shot_fire(reg);
	assert_good(reg);
	restart(&rig, NULL);
	assert_int_equal(again(&rig, 0, reg), 0);
	assert_keys(&rig, 1, 1);
	/* Of another id, or another VM, it is another command. */
	reg->cmd.id += 1000000;
	assert_int_equal(again(&rig, 0, reg), SCSI_RESERVATION_CONFLICT);
	reg->cmd.id -= 1000000;
	assert_int_equal(again(&rig, 1, reg), 0);
	assert_keys(&rig, 2, 2);
	/* Cleared, it is not registered any more; the command still was good. */
	clear = prout(&rig, 0, PROUT_CLEAR, 0, (const uint64_t[]) { KEY_A, 0 });
	shot_fire(clear);
	assert_good(clear);
	restart(&rig, NULL);
	assert_int_equal(again(&rig, 0, clear), 0);
	assert_keys(&rig, 3, 0);
	/* What the agent before did not get to is done now. */
	clear->cmd.id += 1000000;
	assert_int_equal(again(&rig, 0, clear), SCSI_RESERVATION_CONFLICT);
	shot_free(reg);
	shot_free(clear);
	rig_close(&rig);
}

/* Only what was redelivered is looked up: a guest may use its ids again. */
static void ids_that_are_used_again(void **state)
{
	struct shot *reg;
	struct rig rig;

	rig_open(&rig, NULL);
	reg = prout(&rig, 0, PROUT_REGISTER, 0, (const uint64_t[]) { 0, KEY_A });
	shot_fire(reg);
	assert_good(reg);
	reg->dones = 0;
	shot_fire(reg);
	assert_status(reg, SCSI_RESERVATION_CONFLICT);
	shot_free(reg);
	rig_close(&rig);
}

static void compare_and_write_again(void **state)
{
	uint8_t data[1024] = { 0 }, other[512];
	struct shot *s;
	struct rig rig;

	memset(data + 512, 0x5a, 512);
	memset(other, 0x77, 512);
	rig_open(&rig, NULL);
	s = shot_new(&rig, 0, CDB(0x89, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1));
	shot_out(s, data, sizeof(data));
	shot_fire(s);
	assert_good(s);
	restart(&rig, NULL);
	assert_int_equal(again(&rig, 0, s), 0);
	/* Not done before: done now. */
	rig_poke(&rig, 3 * 512, data, 512);
	assert_int_equal(again(&rig, 0, s), 0);
	rig_peek(&rig, 3 * 512, other, 512);
	assert_memory_equal(other, data + 512, 512);
	memset(other, 0x77, 512);
	rig_poke(&rig, 3 * 512, other, 512);
	assert_int_equal(again(&rig, 0, s), SENSE_MISCOMPARE);
	shot_free(s);
	rig_close(&rig);
}

static void writes_again_need_a_fence(void **state)
{
	static const uint8_t writes[] = { 0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0x41, 0x93, 0x89, 0x42 };
	struct rig rig;
	struct shot *s;
	int fence;
	size_t i;

	for (fence = 0; fence < 2; fence++) {
		rig_open(&rig, &(struct rig_opts) { .backend = fence ? "file" : "null" });
		for (i = 0; i < sizeof(writes); i++) {
			s = shot_new(&rig, 0, CDB(writes[i]));
			s->cmd.redelivered = true;
			shot_out(s, (uint8_t[256 * 512]) { 0 }, 256 * 512);
			shot_fire(s);
			assert_status(s, fence ? SCSI_GOOD : SCSI_BUSY);
			shot_free(s);
		}
		s = shot_new(&rig, 0, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1));
		s->cmd.redelivered = true;
		shot_in(s, 512);
		shot_fire(s);
		assert_good(s);
		shot_free(s);
		rig_close(&rig);
	}
}

/* Who was shut out since it sent a write must not have it done now. */
static void writes_again_see_reservations(void **state)
{
	struct shot *w;
	struct rig rig;

	rig_open(&rig, NULL);
	w = shot_new(&rig, 1, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1));
	shot_out(w, (uint8_t[512]) { 1 }, 512);
	shot_fire(w);
	assert_int_equal(do_register(&rig, 0, KEY_A, false), 0);
	assert_int_equal(do_reserve(&rig, 0, KEY_A, 1), 0);
	restart(&rig, NULL);
	assert_int_equal(again(&rig, 1, w), SCSI_RESERVATION_CONFLICT);
	shot_free(w);
	rig_close(&rig);
}

static void redelivered_commands_leave_attentions(void **state)
{
	struct rig rig;
	struct shot *s;

	rig_open(&rig, NULL);
	scsi_unit_inquiry_changed(rig.unit);
	s = shot_new(&rig, 0, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1));
	s->cmd.redelivered = true;
	shot_in(s, 512);
	shot_fire(s);
	assert_good(s);
	shot_free(s);
	assert_int_equal(quick(&rig, 0, CDB(0)), SENSE_INQUIRY_CHANGED);
	rig_close(&rig);
}

/* --- files that are none --- */

static char text[STATE_MAX + 4096];

static size_t read_state(struct rig *rig)
{
	int fd = open(rig->state, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	close(fd);
	text[n] = 0;
	return (size_t)n;
}

static void write_state(struct rig *rig, const char *data, size_t len)
{
	int fd = open(rig->state, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

/* Whether a unit can be made of it, and what is said */
static int load(struct rig *rig, struct msg *msg)
{
	const struct scsi_unit_config c = {
		.name = "disk0", .block_size = 512, .state = rig->state, .boot_id = "boot-1",
	};
	struct scsi_unit *unit;
	int ret = scsi_unit_create(&c, rig->backend, &unit, msg);

	if (!ret)
		scsi_unit_destroy(unit);
	return ret;
}

static void files_that_were_damaged(void **state)
{
	char good[4096], bad[4096];
	struct rig rig;
	struct msg msg;
	size_t len, i;

	rig_open(&rig, NULL);
	assert_int_equal(do_register(&rig, 0, KEY_A, true), 0);
	len = read_state(&rig);
	assert_true(len < sizeof(good));
	memcpy(good, text, len);
	assert_int_equal(load(&rig, &msg), 0);
	for (i = 0; i < len; i++) {
		write_state(&rig, good, i);
		assert_int_equal(load(&rig, &msg), -EINVAL);
		assert_non_null(strstr(msg.text, rig.state));
		memcpy(bad, good, len);
		bad[i] ^= (char)(1 << i % 8);
		write_state(&rig, bad, len);
		assert_int_equal(load(&rig, &msg), -EINVAL);
	}
	write_state(&rig, good, len);
	assert_int_equal(load(&rig, &msg), 0);
	memset(text, 'x', sizeof(text));
	write_state(&rig, text, sizeof(text));
	assert_int_equal(load(&rig, &msg), -EFBIG);
	unlink(rig.state);
	assert_int_equal(mkdir(rig.state, 0700), 0);
	assert_int_equal(load(&rig, &msg), -EISDIR);
	rmdir(rig.state);
	rig_close(&rig);
}

#define HEAD	STATE_MAGIC "\nunit disk0\nboot boot-1\nmode 1 0 0\n"

/* Lines that have a good sum, and are not good: from a bug, or an editor */
static const struct {
	const char *lines;
	bool good;
} files[] = {
	{ HEAD "pr 0 0 0 -1\n", true },
	{ HEAD "pr 7 1 1 0\nreg a1 1 vm w\nua 1 vm w\ndone 1 2 3 4 5 6\n", true },
	{ HEAD "pr 7 1 8 -1\nreg a1 1 vm w\n", true },
	{ HEAD, false },
	{ "vhxd-scsi-state 2\nunit disk0\nboot boot-1\nmode 1 0 0\npr 0 0 0 -1\n", false },
	{ STATE_MAGIC "\nunit disk1\nboot boot-1\nmode 1 0 0\npr 0 0 0 -1\n", false },
	{ STATE_MAGIC "\nunit disk0\nmode 1 0 0\npr 0 0 0 -1\n", false },
	{ STATE_MAGIC "\nunit disk0\nboot boot-1\npr 0 0 0 -1\n", false },
	{ STATE_MAGIC "\nunit disk0\nboot boot-1\nmode 2 0 0\npr 0 0 0 -1\n", false },
	{ STATE_MAGIC "\nunit disk0\nboot boot-1\nmode 1 0\npr 0 0 0 -1\n", false },
	{ HEAD "pr 0 0 0\n", false },
	{ HEAD "pr 0 0 0 -1 0\n", false },
	{ HEAD "pr 0 0 0 -1\npr 0 0 0 -1\n", false },
	{ HEAD "pr 4294967296 0 0 -1\n", false },
	{ HEAD "pr -1 0 0 -1\n", false },
	{ HEAD "pr 0 0 2 -1\n", false },
	{ HEAD "pr 0 0 9 -1\n", false },
	{ HEAD "pr 0 0 1 -1\nreg a1 1 vm w\n", false },
	{ HEAD "pr 0 0 1 1\nreg a1 1 vm w\n", false },
	{ HEAD "pr 0 0 1 -2\nreg a1 1 vm w\n", false },
	{ HEAD "pr 0 0 1 0\n", false },
	{ HEAD "pr 0 0 7 0\nreg a1 1 vm w\n", false },
	{ HEAD "pr 0 0 0 0\nreg a1 1 vm w\n", false },
	{ HEAD "reg a1 1 vm w\npr 0 0 0 -1\n", false },
	{ HEAD "pr 0 0 0 -1\nreg 0 1 vm w\n", false },
	{ HEAD "pr 0 0 0 -1\nreg x 1 vm w\n", false },
	{ HEAD "pr 0 0 0 -1\nreg 11111111111111111 1 vm w\n", false },
	{ HEAD "pr 0 0 0 -1\nreg a1 65536 vm w\n", false },
	{ HEAD "pr 0 0 0 -1\nreg a1 1 vm\n", false },
	{ HEAD "pr 0 0 0 -1\nreg a1 1 vm w w\n", false },
	{ HEAD "pr 0 0 0 -1\nreg a1 1 v\tm w\n", false },
	{ HEAD "pr 0 0 0 -1\ndone 1 2 3 4 5 8\n", false },
	{ HEAD "pr 0 0 0 -1\nua ffffffff vm w\n", false },
	{ HEAD "pr 0 0 0 -1\nua -1 vm w\n", false },
	{ HEAD "pr 0 0 0 -1\nnonsense\n", false },
	{ HEAD "pr 0 0 0 -1\n1 2 3 4 5 6 7 8 9 10 11 12\n", false },
	{ HEAD "pr 0 0 0 -1\n   \n", false },
};

static void write_summed(struct rig *rig, const char *lines)
{
	size_t len = strlen(lines);

	len += (size_t)snprintf(text, sizeof(text), "%ssum %016llx\n", lines,
				(unsigned long long)state_sum(lines, len)) - len;
	write_state(rig, text, len);
}

static void lines_that_are_wrong(void **state)
{
	struct rig rig;
	struct msg msg;
	size_t i;
	int ret;

	rig_open(&rig, NULL);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		write_summed(&rig, files[i].lines);
		ret = load(&rig, &msg);
		if (ret != (files[i].good ? 0 : -EINVAL))
			fail_msg("%d of\n%s%s", ret, files[i].lines, ret ? msg.text : "");
	}
	rig_close(&rig);
}

static void more_lines_than_there_may_be(void **state)
{
	static char lines[128 << 10];
	static const char *const kind[] = { "reg a1 1 vm w\n", "ua 1 vm w\n" };
	struct rig rig;
	size_t i;
	int k, nr;

	rig_open(&rig, NULL);
	for (k = 0; k < 2; k++) {
		nr = k ? STATE_MAX_UA : PR_MAX;
		strcpy(lines, HEAD "pr 0 0 0 -1\n");
		for (i = strlen(lines); nr--; i += strlen(kind[k]))
			strcpy(lines + i, kind[k]);
		write_summed(&rig, lines);
		assert_int_equal(load(&rig, NULL), 0);
		strcpy(lines + i, kind[k]);
		write_summed(&rig, lines);
		assert_int_equal(load(&rig, NULL), -EINVAL);
	}
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_notices_another_agent),
		cmocka_unit_test(pending_attentions_stay),
		cmocka_unit_test(modes_stay),
		cmocka_unit_test(loss_of_power),
		cmocka_unit_test(reservations_are_saved_first),
		cmocka_unit_test(reservations_are_not_made_twice),
		cmocka_unit_test(ids_that_are_used_again),
		cmocka_unit_test(compare_and_write_again),
		cmocka_unit_test(writes_again_need_a_fence),
		cmocka_unit_test(writes_again_see_reservations),
		cmocka_unit_test(redelivered_commands_leave_attentions),
		cmocka_unit_test(files_that_were_damaged),
		cmocka_unit_test(lines_that_are_wrong),
		cmocka_unit_test(more_lines_than_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
