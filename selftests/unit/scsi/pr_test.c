// SPDX-License-Identifier: GPL-2.0-only
/* Reservations, of two VMs that share a disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"
#include "pr_actions.h"
#include "rig.h"

#define KEY_A	0xaaaaaaaa00000001ULL
#define KEY_B	0xbbbbbbbb00000002ULL

#define APTPL		0x01
#define SPEC_I_PT	0x08

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

/* --- shorthand --- */

static const uint8_t *prout_cdb(uint8_t action, uint8_t type, uint8_t len)
{
	static uint8_t cdb[SCSI_CDB_MAX];

	memcpy(cdb, CDB(0x5f, action, type, 0, 0, 0, 0, 0, len), SCSI_CDB_MAX);
	return cdb;
}

static void prout_list(uint8_t list[24], uint64_t key, uint64_t sa_key)
{
	memset(list, 0, 24);
	put_be64(list, key);
	put_be64(list + 8, sa_key);
}

static uint32_t prout(struct rig *rig, int who, uint8_t action, uint8_t type, uint64_t key,
		      uint64_t sa_key)
{
	uint8_t list[24];

	prout_list(list, key, sa_key);
	return quick_out(rig, who, prout_cdb(action, type, 24), list, 24);
}

static void register_both(struct rig *rig)
{
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
	assert_int_equal(prout(rig, 1, PROUT_REGISTER, 0, 0, KEY_B), 0);
}

static void reserve(struct rig *rig, uint8_t type)
{
	assert_int_equal(prout(rig, 0, PROUT_RESERVE, type, KEY_A, 0), 0);
}

static struct shot *prin(struct rig *rig, uint8_t action)
{
	struct shot *s = shot_new(rig, 1, CDB(0x5e, action, 0, 0, 0, 0, 0, 4, 0));

	/* Which leaves attentions where they are. */
	s->cmd.redelivered = true;
	shot_in(s, 1024);
	shot_fire(s);
	assert_good(s);
	return s;
}

/* PRGENERATION and the keys, which must be these */
static void assert_keys(struct rig *rig, uint32_t gen, uint32_t nr, const uint64_t *keys)
{
	struct shot *s = prin(rig, 0);
	uint32_t i;

	assert_int_equal(get_be32(s->in), gen);
	assert_int_equal(get_be32(s->in + 4), nr * 8);
	for (i = 0; i < nr; i++)
		assert_int_equal(get_be64(s->in + 8 + i * 8), keys[i]);
	shot_free(s);
}

#define NO_RESERVATION	0xff

static void assert_reservation(struct rig *rig, uint8_t type, uint64_t key)
{
	struct shot *s = prin(rig, 1);

	if (type == NO_RESERVATION) {
		assert_int_equal(get_be32(s->in + 4), 0);
	} else {
		assert_int_equal(get_be32(s->in + 4), 16);
		assert_int_equal(get_be64(s->in + 8), key);
		assert_int_equal(s->in[21], type);
	}
	shot_free(s);
}

static uint32_t try_read(struct rig *rig, int who)
{
	struct shot *s = rig_in(rig, who, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1), 512);
	uint32_t ret = shot_sense(s);

	shot_free(s);
	return ret;
}

static uint32_t try_write(struct rig *rig, int who)
{
	uint8_t data[512] = { 0 };

	return quick_out(rig, who, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), data, 512);
}

static uint32_t attention(struct rig *rig, int who)
{
	return quick(rig, who, CDB(0));
}

/* --- registering --- */

static void registering(void **state)
{
	const uint64_t keys[] = { KEY_A, KEY_B };
	const uint64_t changed[] = { 7, KEY_B };
	struct rig *rig = *state;

	assert_keys(rig, 0, 0, NULL);
	/* With a key one that is not registered is mistaken. */
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 5, KEY_A), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, 0), 0);
	assert_keys(rig, 0, 0, NULL);
	register_both(rig);
	assert_keys(rig, 2, 2, keys);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, 7), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, KEY_A, 7), 0);
	assert_keys(rig, 3, 2, changed);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER_IGNORE, 0, 99, KEY_A), 0);
	assert_keys(rig, 4, 2, keys);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, KEY_A, 0), 0);
	assert_keys(rig, 5, 1, keys + 1);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER_IGNORE, 0, 1, 0), 0);
	assert_keys(rig, 5, 1, keys + 1);
}

static void what_asks_for_registration(void **state)
{
	static const uint8_t actions[] = { 1, 2, 3, 4, 5, 7 };
	struct rig *rig = *state;
	size_t i;

	for (i = 0; i < sizeof(actions); i++)
		assert_int_equal(prout(rig, 0, actions[i], 1, 0, 1), SCSI_RESERVATION_CONFLICT);
	register_both(rig);
	for (i = 0; i < sizeof(actions); i++)
		assert_int_equal(prout(rig, 0, actions[i], 1, KEY_B, 1), SCSI_RESERVATION_CONFLICT);
}

static void full_status(void **state)
{
	struct rig *rig = *state;
	struct shot *s;

	register_both(rig);
	reserve(rig, 1);
	s = prin(rig, 3);
	assert_int_equal(get_be32(s->in + 4), 2 * 48);
	assert_int_equal(get_be64(s->in + 8), KEY_A);
	assert_int_equal(s->in[20], 1);
	assert_int_equal(s->in[21], 1);
	assert_int_equal(get_be16(s->in + 26), 1);
	assert_int_equal(get_be32(s->in + 28), 24);
	assert_int_equal(s->in[32], 0x06);
	assert_int_equal(get_be64(s->in + 56), KEY_B);
	assert_int_equal(s->in[68], 0);
	assert_int_equal(get_be16(s->in + 74), 2);
	assert_memory_not_equal(s->in + 36, s->in + 84, 8);
	shot_free(s);
}

static void capabilities(void **state)
{
	struct shot *s = prin(*state, 2);

	assert_int_equal(s->cmd.in_len, 8);
	assert_memory_equal(s->in, "\x00\x08\x19\x80\xea\x01\x00\x00", 8);
	shot_free(s);
}

/* --- who may do what --- */

static void what_each_type_lets_through(void **state)
{
	static const struct {
		uint8_t type;
		bool stranger_reads, member_reads, member_writes;
	} t[] = {
		{ 1, true, true, false },
		{ 3, false, false, false },
		{ 5, true, true, true },
		{ 6, false, true, true },
		{ 7, true, true, true },
		{ 8, false, true, true },
	};
	struct rig *rig = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
		reserve(rig, t[i].type);
		assert_reservation(rig, t[i].type, t[i].type >= 7 ? 0 : KEY_A);
		assert_int_equal(try_read(rig, 0), 0);
		assert_int_equal(try_write(rig, 0), 0);
		assert_int_equal(try_read(rig, 1),
				 t[i].stranger_reads ? 0 : SCSI_RESERVATION_CONFLICT);
		assert_int_equal(try_write(rig, 1), SCSI_RESERVATION_CONFLICT);
		assert_int_equal(prout(rig, 1, PROUT_REGISTER, 0, 0, KEY_B), 0);
		assert_int_equal(try_read(rig, 1),
				 t[i].member_reads ? 0 : SCSI_RESERVATION_CONFLICT);
		assert_int_equal(try_write(rig, 1),
				 t[i].member_writes ? 0 : SCSI_RESERVATION_CONFLICT);
		assert_int_equal(prout(rig, 0, PROUT_CLEAR, 0, KEY_A, 0), 0);
		assert_int_equal(attention(rig, 1), SENSE_RES_PREEMPTED);
	}
}

/* Of every command, under exclusive access of another */
static void what_is_never_in_the_way(void **state)
{
	static const uint8_t any[] = { 0x00, 0x03, 0x12, 0x25, 0x4d, 0x5e, 0xa0, 0xa3 };
	struct rig *rig = *state;
	const struct scsi_op *op;
	struct shot *s;
	bool free_for_all;

	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
	reserve(rig, 3);
	for (op = scsi_ops; op < scsi_ops + scsi_nr_ops; op++) {
		/* Those with rules of their own */
		if (op->opcode == 0x5f || op->opcode == 0x1e)
			continue;
		free_for_all = memchr(any, op->opcode, sizeof(any)) ||
			       (op->opcode == 0x9e && op->sa == 0x10);
		s = rig_in(rig, 1, CDB(op->opcode, op->sa), 0);
		if ((s->cmd.status == SCSI_RESERVATION_CONFLICT) == free_for_all)
			fail_msg("%s: %02x", op->name, s->cmd.status);
		shot_free(s);
	}
	assert_int_equal(quick(rig, 1, CDB(0x1b, 0, 0, 0, 1)), 0);
	assert_int_equal(quick(rig, 1, CDB(0x1e, 0, 0, 0, 0)), 0);
	assert_int_equal(quick(rig, 1, CDB(0x1e, 0, 0, 0, 1)), SCSI_RESERVATION_CONFLICT);
}

static void reserving(void **state)
{
	struct rig *rig = *state;

	register_both(rig);
	assert_int_equal(prout(rig, 0, PROUT_RESERVE, 2, KEY_A, 0), SENSE_CDB_FIELD);
	assert_int_equal(prout(rig, 0, PROUT_RESERVE, 0x11, KEY_A, 0), SENSE_CDB_FIELD);
	reserve(rig, 5);
	reserve(rig, 5);
	assert_int_equal(prout(rig, 0, PROUT_RESERVE, 6, KEY_A, 0), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(prout(rig, 1, PROUT_RESERVE, 5, KEY_B, 0), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(prout(rig, 1, PROUT_RELEASE, 5, KEY_B, 0), 0);
	assert_reservation(rig, 5, KEY_A);
	assert_int_equal(prout(rig, 0, PROUT_RELEASE, 6, KEY_A, 0), SENSE_BAD_RELEASE);
	assert_int_equal(prout(rig, 0, PROUT_RELEASE, 5, KEY_A, 0), 0);
	assert_reservation(rig, NO_RESERVATION, 0);
	assert_int_equal(attention(rig, 1), SENSE_RES_RELEASED);
	assert_int_equal(attention(rig, 0), 0);
	/* Who was not kept out by it need not hear that it is gone. */
	reserve(rig, 1);
	assert_int_equal(prout(rig, 0, PROUT_RELEASE, 1, KEY_A, 0), 0);
	assert_int_equal(attention(rig, 1), 0);
}

static void unregistering_gives_it_up(void **state)
{
	struct rig *rig = *state;

	register_both(rig);
	reserve(rig, 6);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, KEY_A, 0), 0);
	assert_reservation(rig, NO_RESERVATION, 0);
	assert_int_equal(attention(rig, 1), SENSE_RES_RELEASED);
	/* What all have goes with the last of them. */
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
	reserve(rig, 8);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, KEY_A, 0), 0);
	assert_reservation(rig, 8, 0);
	assert_int_equal(try_write(rig, 0), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(prout(rig, 1, PROUT_REGISTER, 0, KEY_B, 0), 0);
	assert_reservation(rig, NO_RESERVATION, 0);
	assert_int_equal(try_write(rig, 0), 0);
}

/* --- preempting --- */

static void preempting_the_holder(void **state)
{
	const uint64_t keys[] = { KEY_B };
	struct rig *rig = *state;

	register_both(rig);
	reserve(rig, 1);
	assert_int_equal(prout(rig, 1, PROUT_PREEMPT, 3, KEY_B, KEY_A), 0);
	assert_reservation(rig, 3, KEY_B);
	assert_keys(rig, 3, 1, keys);
	assert_int_equal(attention(rig, 0), SENSE_REG_PREEMPTED);
	assert_int_equal(try_read(rig, 0), SCSI_RESERVATION_CONFLICT);
}

static void preempting_registrations_only(void **state)
{
	const uint64_t keys[] = { KEY_A };
	struct rig *rig = *state;

	register_both(rig);
	reserve(rig, 5);
	assert_int_equal(prout(rig, 0, PROUT_PREEMPT, 5, KEY_A, 12345), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(prout(rig, 0, PROUT_PREEMPT, 5, KEY_A, 0), SENSE_PARAM_FIELD);
	assert_int_equal(prout(rig, 0, PROUT_PREEMPT, 5, KEY_A, KEY_B), 0);
	assert_keys(rig, 3, 1, keys);
	assert_reservation(rig, 5, KEY_A);
	assert_int_equal(attention(rig, 1), SENSE_REG_PREEMPTED);
}

static void preempting_what_all_have(void **state)
{
	const uint64_t keys[] = { KEY_B };
	struct rig *rig = *state;

	register_both(rig);
	reserve(rig, 7);
	assert_int_equal(prout(rig, 1, PROUT_PREEMPT, 1, KEY_B, 0), 0);
	assert_reservation(rig, 1, KEY_B);
	assert_keys(rig, 3, 1, keys);
	assert_int_equal(attention(rig, 0), SENSE_REG_PREEMPTED);
}

static void preempting_oneself_changes_the_type(void **state)
{
	struct rig *rig = *state;

	register_both(rig);
	reserve(rig, 5);
	assert_int_equal(prout(rig, 0, PROUT_PREEMPT, 6, KEY_A, KEY_A), 0);
	assert_reservation(rig, 6, KEY_A);
	assert_int_equal(attention(rig, 1), SENSE_RES_RELEASED);
	assert_int_equal(attention(rig, 0), 0);
}

/* It is not done before what it aborts has let go of the medium. */
static void preempt_and_abort_waits(void **state)
{
	struct rig *rig = *state;
	uint8_t data[512] = { 1 }, list[24];
	struct shot *w, *p;

	register_both(rig);
	reserve(rig, 5);
	rig->engine.hold = true;
	w = shot_new(rig, 0, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1));
	shot_out(w, data, 512);
	scsi_submit(&w->cmd);
	prout_list(list, KEY_B, KEY_A);
	p = shot_new(rig, 1, prout_cdb(PROUT_PREEMPT_ABORT, 5, 24));
	shot_out(p, list, 24);
	scsi_submit(&p->cmd);
	assert_int_equal(w->dones + p->dones, 0);
	assert_int_equal(rig->engine.cancels, 1);
	engine_double_do_all(&rig->engine);
	assert_int_equal(w->dones, 1);
	assert_int_equal(p->dones, 1);
	assert_status(w, SCSI_TASK_ABORTED);
	assert_good(p);
	rig->engine.hold = false;
	assert_int_equal(attention(rig, 0), SENSE_REG_PREEMPTED);
	assert_int_equal(try_write(rig, 0), SCSI_RESERVATION_CONFLICT);
	shot_free(w);
	shot_free(p);
}

static void clearing(void **state)
{
	struct rig *rig = *state;

	register_both(rig);
	reserve(rig, 3);
	assert_int_equal(prout(rig, 1, PROUT_CLEAR, 0, KEY_B, 0), 0);
	assert_keys(rig, 3, 0, NULL);
	assert_reservation(rig, NO_RESERVATION, 0);
	assert_int_equal(attention(rig, 0), SENSE_RES_PREEMPTED);
	assert_int_equal(attention(rig, 1), 0);
}

/* --- others, by TransportID --- */

/* The TransportID of a VM, as READ FULL STATUS has it */
static void transport_id_of(struct rig *rig, int who, uint8_t tid[24])
{
	struct shot *s;

	assert_int_equal(prout(rig, who, PROUT_REGISTER, 0, 0, 1), 0);
	s = prin(rig, 3);
	assert_int_equal(get_be32(s->in + 4), 48);
	memcpy(tid, s->in + 32, 24);
	shot_free(s);
	assert_int_equal(prout(rig, who, PROUT_REGISTER, 0, 1, 0), 0);
}

static void register_and_move(void **state)
{
	const uint64_t both[] = { KEY_A, 77 };
	struct rig *rig = *state;
	uint8_t list[48] = { 0 };

	transport_id_of(rig, 1, list + 24);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
	put_be64(list, KEY_A);
	put_be64(list + 8, 77);
	put_be16(list + 18, 2);
	put_be32(list + 20, 24);
	/* There must be one to move. */
	assert_int_equal(quick_out(rig, 0, prout_cdb(PROUT_MOVE, 0, 48), list, 48),
			 SCSI_RESERVATION_CONFLICT);
	reserve(rig, 1);
	list[19] = 1;
	assert_int_equal(quick_out(rig, 0, prout_cdb(PROUT_MOVE, 0, 48), list, 48),
			 SENSE_PARAM_FIELD);
	list[19] = 2;
	assert_int_equal(quick_out(rig, 0, prout_cdb(PROUT_MOVE, 0, 47), list, 47),
			 SENSE_PARAM_LENGTH);
	assert_int_equal(quick_out(rig, 0, prout_cdb(PROUT_MOVE, 0, 48), list, 48), 0);
	assert_reservation(rig, 1, 77);
	assert_keys(rig, 4, 2, both);
	assert_int_equal(try_write(rig, 1), 0);
	assert_int_equal(try_write(rig, 0), SCSI_RESERVATION_CONFLICT);
}

static void register_and_move_and_leave(void **state)
{
	const uint64_t keys[] = { 77 };
	struct rig *rig = *state;
	uint8_t list[48] = { 0 };

	transport_id_of(rig, 1, list + 24);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
	reserve(rig, 1);
	put_be64(list, KEY_A);
	put_be64(list + 8, 77);
	list[17] = 2;
	put_be16(list + 18, 2);
	put_be32(list + 20, 24);
	assert_int_equal(quick_out(rig, 0, prout_cdb(PROUT_MOVE, 0, 48), list, 48), 0);
	assert_keys(rig, 4, 1, keys);
	assert_reservation(rig, 1, 77);
	assert_int_equal(try_write(rig, 1), 0);
}

static void lists_that_are_wrong(void **state)
{
	struct rig *rig = *state;
	uint8_t list[128] = { 0 };
	struct shot *s;
	uint32_t len;

	put_be64(list + 8, KEY_A);
	for (len = 0; len < 64; len++)
		if (len != 24)
			assert_int_equal(quick_out(rig, 0, prout_cdb(0, 0, (uint8_t)len),
						   list, len), SENSE_PARAM_LENGTH);
	list[20] = 0x04;
	s = rig_out(rig, 0, prout_cdb(0, 0, 24), list, 24);
	assert_field(s, false, 20, 2);
	shot_free(s);
	/* A list of initiators that is none, is too long, names nobody */
	list[20] = SPEC_I_PT;
	assert_int_equal(quick_out(rig, 0, prout_cdb(0, 0, 24), list, 24), SENSE_PARAM_LENGTH);
	put_be32(list + 24, 24);
	s = rig_out(rig, 0, prout_cdb(0, 0, 28), list, 28);
	assert_field(s, false, 24, -1);
	shot_free(s);
	put_be32(list + 24, UINT32_MAX);
	assert_int_equal(quick_out(rig, 0, prout_cdb(0, 0, 52), list, 52), SENSE_PARAM_FIELD);
	put_be32(list + 24, 24);
	s = rig_out(rig, 0, prout_cdb(0, 0, 52), list, 52);
	assert_field(s, false, 28, -1);
	shot_free(s);
	assert_keys(rig, 0, 0, NULL);
	s = rig_out(rig, 0, CDB(0x5f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), list, 64);
	assert_sense(s, SENSE_PARAM_LENGTH);
	shot_free(s);
}

static void registering_others_of_the_port(void **state)
{
	const uint64_t keys[] = { 9, 9 };
	struct rig *rig = *state;
	struct scsi_nexus *third;
	uint8_t list[52] = { 0 };

	assert_int_equal(scsi_nexus_create(rig->target[0], "vm-c", &third), 0);
	put_be64(list + 8, 9);
	list[20] = SPEC_I_PT;
	put_be32(list + 24, 24);
	list[28] = 0x06;
	put_be64(list + 32, 0x3000000000000000ULL);
	assert_int_equal(quick_out(rig, 0, prout_cdb(0, 0, 52), list, 52), SENSE_PARAM_FIELD);
	{
		struct rig other = *rig;

		other.nexus[1] = third;
		assert_int_equal(quick(&other, 1, CDB(0)), SENSE_POWER_ON);
		transport_id_of(&other, 1, list + 28);
	}
	assert_int_equal(quick_out(rig, 0, prout_cdb(0, 0, 52), list, 52), 0);
	assert_keys(rig, 3, 2, keys);
	assert_int_equal(scsi_nexus_destroy(third), 0);
}

static void no_more_than_there_is_room_for(void **state)
{
	struct rig *rig = *state;
	struct scsi_nexus *many[PR_MAX + 1];
	struct rig other = *rig;
	char name[16];
	int i;

	for (i = 0; i <= PR_MAX; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		assert_int_equal(scsi_nexus_create(rig->target[0], name, &many[i]), 0);
		other.nexus[0] = many[i];
		quick(&other, 0, CDB(0));
		assert_int_equal(prout(&other, 0, PROUT_REGISTER, 0, 0, 5),
				 i < PR_MAX ? 0 : SENSE_NO_REGISTRATIONS);
	}
	for (i = 0; i <= PR_MAX; i++)
		assert_int_equal(scsi_nexus_destroy(many[i]), 0);
	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, 5), SENSE_NO_REGISTRATIONS);
}

/* --- RESERVE and RELEASE --- */

static void reserve_of_old(void **state)
{
	static const uint8_t reserves[] = { 0x16, 0x56 }, releases[] = { 0x17, 0x57 };
	struct rig *rig = *state;
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(quick(rig, 0, CDB(reserves[i])), 0);
		assert_int_equal(quick(rig, 0, CDB(reserves[i])), 0);
		assert_int_equal(quick(rig, 1, CDB(reserves[i])), SCSI_RESERVATION_CONFLICT);
		assert_int_equal(try_read(rig, 1), SCSI_RESERVATION_CONFLICT);
		assert_int_equal(quick(rig, 1, CDB(0)), SCSI_RESERVATION_CONFLICT);
		assert_int_equal(quick(rig, 1, CDB(0x12)), 0);
		assert_int_equal(quick(rig, 1, CDB(0x03)), 0);
		assert_int_equal(try_write(rig, 0), 0);
		assert_int_equal(quick(rig, 1, CDB(releases[i])), 0);
		assert_int_equal(try_read(rig, 1), SCSI_RESERVATION_CONFLICT);
		assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, 1), SCSI_RESERVATION_CONFLICT);
		assert_int_equal(quick(rig, 0, CDB(releases[i])), 0);
		assert_int_equal(try_read(rig, 1), 0);
	}
}

static void reserve_beside_registrations(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(prout(rig, 0, PROUT_REGISTER, 0, 0, KEY_A), 0);
	assert_int_equal(quick(rig, 0, CDB(0x16)), 0);
	assert_int_equal(quick(rig, 1, CDB(0x16)), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(quick(rig, 1, CDB(0x17)), SCSI_RESERVATION_CONFLICT);
	assert_int_equal(try_write(rig, 1), 0);
}

static void resets_and_reservations(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(quick(rig, 0, CDB(0x16)), 0);
	assert_int_equal(scsi_lun_reset(rig->target[1], 0, DISK_LUN), 0);
	assert_int_equal(attention(rig, 0), SENSE_RESET);
	assert_int_equal(attention(rig, 1), SENSE_RESET);
	assert_int_equal(try_write(rig, 1), 0);
	assert_int_equal(quick(rig, 0, CDB(0x16)), 0);
	scsi_nexus_loss(rig->nexus[0]);
	assert_int_equal(attention(rig, 1), 0);
	assert_int_equal(attention(rig, 0), SENSE_NEXUS_LOSS);

	register_both(rig);
	reserve(rig, 3);
	assert_int_equal(scsi_nexus_reset(rig->nexus[0], 0), 0);
	scsi_nexus_loss(rig->nexus[0]);
	rig_quiet(rig);
	assert_reservation(rig, 3, KEY_A);
	assert_int_equal(try_write(rig, 1), SCSI_RESERVATION_CONFLICT);
}

/* What could not be saved has not happened. */
static void state_that_cannot_be_saved(void **state)
{
	static struct rig rig;
	struct scsi_unit_config c = { .name = "x", .block_size = 512, .thin = true,
				      .state = "/nonexistent/state" };
	struct scsi_unit *unit;
	struct rig other;

	rig_open(&rig, NULL);
	other = rig;
	assert_int_equal(scsi_unit_create(&c, rig.backend, &unit, NULL), 0);
	assert_int_equal(scsi_target_map(rig.target[0], 1, DISK_LUN, unit), 0);
	{
		struct shot *s = shot_new(&other, 0, CDB(0));
		uint8_t list[24];

		s->cmd.target = 1;
		shot_fire(s);
		shot_free(s);
		prout_list(list, 0, KEY_A);
		s = shot_new(&other, 0, prout_cdb(0, 0, 24));
		s->cmd.target = 1;
		shot_out(s, list, 24);
		shot_fire(s);
		assert_sense(s, SENSE_INTERNAL);
		shot_free(s);
		s = shot_new(&other, 0, CDB(0x5e, 0, 0, 0, 0, 0, 0, 0, 64));
		s->cmd.target = 1;
		shot_in(s, 64);
		shot_fire(s);
		assert_int_equal(get_be32(s->in + 4), 0);
		shot_free(s);
	}
	assert_int_equal(scsi_target_unmap(rig.target[0], 1, DISK_LUN), 0);
	assert_int_equal(scsi_unit_destroy(unit), 0);
	rig_close(&rig);
}

static void aptpl_without_a_file(void **state)
{
	static struct rig rig;
	uint8_t list[24];
	struct shot *s;

	rig_open(&rig, &(struct rig_opts) { .no_state = true });
	prout_list(list, 0, KEY_A);
	list[20] = APTPL;
	s = rig_out(&rig, 0, prout_cdb(0, 0, 24), list, 24);
	assert_field(s, false, 20, 0);
	shot_free(s);
	s = prin(&rig, 2);
	assert_int_equal(s->in[2], 0x18);
	shot_free(s);
	rig_close(&rig);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(registering),
		T(what_asks_for_registration),
		T(full_status),
		T(capabilities),
		T(what_each_type_lets_through),
		T(what_is_never_in_the_way),
		T(reserving),
		T(unregistering_gives_it_up),
		T(preempting_the_holder),
		T(preempting_registrations_only),
		T(preempting_what_all_have),
		T(preempting_oneself_changes_the_type),
		T(preempt_and_abort_waits),
		T(clearing),
		T(register_and_move),
		T(register_and_move_and_leave),
		T(lists_that_are_wrong),
		T(registering_others_of_the_port),
		T(no_more_than_there_is_room_for),
		T(reserve_of_old),
		T(reserve_beside_registrations),
		T(resets_and_reservations),
		cmocka_unit_test(state_that_cannot_be_saved),
		cmocka_unit_test(aptpl_without_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
