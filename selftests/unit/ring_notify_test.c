// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kicks and calls: nobody sleeps while there is work, nobody is woken for nothing twice over.
 * Races are tried by letting the guest act at each single step of the device's.
 */
#include <errno.h>
#include <string.h>

#include "taken.h"

static void push_n(struct mockdrv *d, __u32 n)
{
	const struct vhx_done done = { .id = 1 };

	for (; n; n--)
		assert_int_equal(vhx_ring_push(&d->ring, &done, 1), 0);
}

static void without_event_idx(struct bench *b)
{
	b->d.event_idx = false;
	mockdrv_restart(&b->d, BENCH_BASE);
}

/* The guest adds a chain and publishes it, at the @at-th step from now. */
struct adder {
	struct mockdrv *d;
	__u32 at;
	bool added;
	bool kicked;
};

static void add_one(struct adder *a)
{
	__u16 old = a->d->avail_idx;

	mockdrv_offer(a->d, 0);
	mockdrv_publish(a->d);
	a->added = true;
	a->kicked = mockdrv_must_kick(a->d, old);
}

static void add_at_step(void *ctx, const struct arena_event *ev)
{
	struct adder *a = ctx;

	if (!a->added && !a->at--)
		add_one(a);
}

/* @known entries lie in the ring unread, of which the device knows. */
static void no_kick_is_lost(struct bench *b, __u32 known, __u32 at)
{
	struct adder a = { .d = &b->d, .at = at };
	int rc;

	mockdrv_restart(&b->d, BENCH_BASE);
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	mockdrv_lone(&b->d, 1 + known);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	vhx_ring_unpull(&b->d.ring, b->t.chain + 1, known);

	arena.before = add_at_step;
	arena.ctx = &a;
	rc = vhx_ring_kick_on(&b->d.ring);
	arena.before = NULL;
	if (!a.added) {
		assert_int_equal(rc, 0);
		add_one(&a);
		assert_true(a.kicked);
	}
	assert_true(rc == 1 || a.kicked);
	if (rc == 1)
		assert_int_equal(vhx_ring_pending(&b->d.ring), known + 1);
}

static void no_kick_is_lost_with_event_idx(void **state)
{
	struct bench *b = *state;
	__u32 known, at;

	for (known = 0; known < 4; known++)
		for (at = 0; at < 8; at++)
			no_kick_is_lost(b, known, at);
}

static void no_kick_is_lost_with_flags(void **state)
{
	struct bench *b = *state;
	__u32 known, at;

	b->d.event_idx = false;
	for (known = 0; known < 4; known++)
		for (at = 0; at < 8; at++)
			no_kick_is_lost(b, known, at);
}

/* Too few buffers for a frame: given back, and asked again and again whether there are more. */
static void r7_unread_entries_are_not_new_ones(void **state)
{
	struct bench *b = *state;
	int i;

	mockdrv_lone(&b->d, 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(take(&b->d, &b->t, 64), 0);
		assert_int_equal(b->t.p.nchain, 1);
		vhx_ring_unpull(&b->d.ring, b->t.chain, 1);
		assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
	}
	mockdrv_lone(&b->d, 1);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 1);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
}

/* To look must not be to take note: else the entry seen is news to nobody. */
static void looking_does_not_hide_entries_from_kick_on(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 1);
	assert_int_equal(vhx_ring_pending(&b->d.ring), 1);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, true), 1);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 1);
}

static void kick_on_asks_beyond_what_is_known(void **state)
{
	struct bench *b = *state;

	mockdrv_lone(&b->d, 5);
	assert_int_equal(take(&b->d, &b->t, 2), 0);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
	assert_int_equal(mockdrv_avail_event(&b->d), (__u16)(BENCH_BASE + 5));
}

/* A ring is quiet only while whatever the guest adds, at the @at-th step of the look, is kicked for. */
static void quiet_is_who_will_be_kicked(struct bench *b, __u32 at)
{
	struct vhx_ring *r = &b->d.ring;
	struct adder a = { .d = &b->d, .at = at };
	bool quiet;

	mockdrv_restart(&b->d, BENCH_BASE);
	assert_false(vhx_ring_quiet(r));
	assert_int_equal(vhx_ring_kick_on(r), 0);
	assert_true(vhx_ring_quiet(r));

	arena.before = add_at_step;
	arena.ctx = &a;
	quiet = vhx_ring_quiet(r);
	arena.before = NULL;
	if (!a.added)
		add_one(&a);
	assert_true(!quiet || a.kicked);
	assert_false(vhx_ring_quiet(r));
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(vhx_ring_kick_off(r), 0);
	assert_false(vhx_ring_quiet(r));
}

static void quiet_with_event_idx(void **state)
{
	__u32 at;

	for (at = 0; at < 4; at++)
		quiet_is_who_will_be_kicked(*state, at);
}

static void quiet_with_flags(void **state)
{
	struct bench *b = *state;
	__u32 at;

	without_event_idx(b);
	for (at = 0; at < 4; at++)
		quiet_is_who_will_be_kicked(b, at);
}

static void who_found_something_is_not_quiet(void **state)
{
	struct bench *b = *state;
	struct vhx_ring *r = &b->d.ring;

	mockdrv_lone(&b->d, 1);
	assert_int_equal(vhx_ring_kick_on(r), 1);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_false(vhx_ring_quiet(r));
	assert_int_equal(vhx_ring_kick_on(r), 0);
	assert_true(vhx_ring_quiet(r));
	mockdrv_publish_idx(&b->d, BENCH_BASE - 1);
	assert_false(vhx_ring_quiet(r));
}

static void kick_off_tells_the_guest_once(void **state)
{
	struct bench *b = *state;

	without_event_idx(b);
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	assert_int_equal(mockdrv_used_flags(&b->d), VHX_USED_F_NO_NOTIFY);
	arena_forget();
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	assert_int_equal(arena.events, 0);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
	assert_int_equal(mockdrv_used_flags(&b->d), 0);
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	assert_int_equal(mockdrv_used_flags(&b->d), VHX_USED_F_NO_NOTIFY);
}

static void kick_off_writes_nothing_with_event_idx(void **state)
{
	struct bench *b = *state;

	arena_forget();
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), 0);
	assert_true(b->d.ring.kick_off);
	assert_int_equal(arena.events, 0);
}

static void kick_on_sees_an_index_that_jumps(void **state)
{
	struct bench *b = *state;

	mockdrv_publish_idx(&b->d, (__u16)(BENCH_BASE + BENCH_NUM + 1));
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), -EINVAL);
	mockdrv_publish_idx(&b->d, BENCH_BASE - 1);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), -EINVAL);
}

/* The guest drains the used ring and goes to sleep, at the @at-th step from now. */
struct sleeper {
	struct mockdrv *d;
	__u32 at;
	bool slept;
};

static void go_to_sleep(struct sleeper *s)
{
	__u32 id, len;

	s->slept = false;
	while (mockdrv_reap(s->d, &id, &len))
		;
	mockdrv_set_used_event(s->d, s->d->used_idx);
	mockdrv_set_no_interrupt(s->d, false);
	s->slept = !mockdrv_reap(s->d, &id, &len);
}

static void sleep_at_step(void *ctx, const struct arena_event *ev)
{
	struct sleeper *s = ctx;

	if (!s->at--)
		go_to_sleep(s);
}

static void no_call_is_lost(struct bench *b, __u32 before, __u32 at)
{
	struct sleeper s = { .d = &b->d, .at = at };
	int rc;

	mockdrv_restart(&b->d, BENCH_BASE);
	mockdrv_set_no_interrupt(&b->d, true);
	mockdrv_set_used_event(&b->d, BENCH_BASE - 1);
	push_n(&b->d, before);
	assert_true(vhx_ring_want_call(&b->d.ring, false) >= 0);

	arena.before = sleep_at_step;
	arena.ctx = &s;
	push_n(&b->d, 1);
	rc = vhx_ring_want_call(&b->d.ring, false);
	arena.before = NULL;
	if (s.slept && s.d->used_idx != b->d.ring.last_used)
		assert_int_equal(rc, 1);
}

static void no_call_is_lost_with_event_idx(void **state)
{
	struct bench *b = *state;
	__u32 before, at;

	for (before = 0; before < 20; before++)
		for (at = 0; at < 10; at++)
			no_call_is_lost(b, before, at);
}

static void no_call_is_lost_with_flags(void **state)
{
	struct bench *b = *state;
	__u32 before, at;

	b->d.event_idx = false;
	for (before = 0; before < 20; before++)
		for (at = 0; at < 10; at++)
			no_call_is_lost(b, before, at);
}

static void no_interrupt_flag_is_heeded(void **state)
{
	struct bench *b = *state;

	without_event_idx(b);
	push_n(&b->d, 1);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	mockdrv_set_no_interrupt(&b->d, true);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 0);
}

/* By counting: is the event among the entries used since the guest was asked last? */
static void used_event_is_passed_or_not(void **state)
{
	struct bench *b = *state;
	__u16 event, old, i;
	__u32 n;

	for (n = 0; n < 9; n++) {
		for (event = (__u16)(BENCH_BASE - 3); event != 9; event++) {
			bool passed = false;

			mockdrv_restart(&b->d, BENCH_BASE);
			assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
			old = b->d.ring.last_used;
			push_n(&b->d, n);
			for (i = old; i != b->d.ring.last_used; i++)
				passed |= i == event;
			mockdrv_set_used_event(&b->d, event);
			assert_int_equal(vhx_ring_want_call(&b->d.ring, false), passed);
		}
	}
}

/* The index comes all the way round between two questions, and a little further. */
static void used_event_passed_a_lap_ago(void **state)
{
	struct bench *b = *state;
	__u32 more;

	for (more = 0; more < 8; more++) {
		mockdrv_restart(&b->d, BENCH_BASE);
		mockdrv_set_used_event(&b->d, (__u16)(BENCH_BASE + 5));
		assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
		push_n(&b->d, 65536 + more);
		assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
		assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 0);
	}
}

static void used_event_passed_just_short_of_a_lap(void **state)
{
	struct bench *b = *state;

	mockdrv_set_used_event(&b->d, (__u16)(BENCH_BASE - 1));
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	push_n(&b->d, 65535);
	/* All indices but one were passed, and that is the event. */
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 0);
}

static void lap_is_seen_in_pushes_of_any_size(void **state)
{
	static struct vhx_done done[VHX_RING_MAX];
	struct mockdrv d;

	(void)state;
	mockdrv_open(&d, VHX_RING_MAX, 0);
	mockdrv_set_used_event(&d, 40000);
	assert_int_equal(vhx_ring_want_call(&d.ring, false), 1);
	assert_int_equal(vhx_ring_push(&d.ring, done, 32768), 0);
	assert_true(d.ring.called_valid);
	assert_int_equal(vhx_ring_push(&d.ring, done, 32768), 0);
	assert_false(d.ring.called_valid);
	assert_int_equal(vhx_ring_want_call(&d.ring, false), 1);
	mockdrv_close(&d);
}

static void notify_on_empty_calls_though_told_not_to(void **state)
{
	struct bench *b = *state;

	without_event_idx(b);
	mockdrv_set_no_interrupt(&b->d, true);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, true), 1);
	mockdrv_lone(&b->d, 1);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, true), 0);
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, true), 1);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 0);
}

/* Position in the trace of the first event like this, or -1. A barrier's offset is 0. */
static int find_event(char op, __u32 off)
{
	__u32 i;

	for (i = 0; i < arena.events; i++)
		if (arena.event[i].op == op && arena.event[i].off == off)
			return (int)i;
	return -1;
}

static void r30_barrier_between_used_index_and_the_guests_wish(void **state)
{
	struct bench *b = *state;
	int index, barrier, wish;

	mockdrv_set_used_event(&b->d, BENCH_BASE);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	arena_forget();
	push_n(&b->d, 1);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	index = find_event('W', b->d.used + 2);
	barrier = find_event('M', 0);
	wish = find_event('R', b->d.avail + 4 + 2 * BENCH_NUM);
	assert_true(index >= 0 && index < barrier && barrier < wish);
}

static void r30_barrier_between_kick_wish_and_avail_index(void **state)
{
	struct bench *b = *state;
	int wish, barrier, index;

	arena_forget();
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 0);
	wish = find_event('W', b->d.used + 4 + 8 * BENCH_NUM);
	barrier = find_event('M', 0);
	index = find_event('R', b->d.avail + 2);
	assert_true(wish >= 0 && wish < barrier && barrier < index);
}

static void used_entries_are_written_before_the_index(void **state)
{
	struct bench *b = *state;
	int entry, barrier, index;

	arena_forget();
	push_n(&b->d, 1);
	entry = find_event('W', b->d.used + 4 + 8 * (BENCH_BASE % BENCH_NUM));
	barrier = find_event('w', 0);
	index = find_event('W', b->d.used + 2);
	assert_true(entry >= 0 && entry < barrier && barrier < index);
}

static void avail_entries_are_read_after_the_index(void **state)
{
	struct bench *b = *state;
	int index, barrier, entry;

	mockdrv_lone(&b->d, 1);
	arena_forget();
	assert_int_equal(take(&b->d, &b->t, 64), 0);
	index = find_event('R', b->d.avail + 2);
	barrier = find_event('r', 0);
	entry = find_event('R', b->d.avail + 4 + 2 * (BENCH_BASE % BENCH_NUM));
	assert_true(index >= 0 && index < barrier && barrier < entry);

	/* Entries that another look found must not be read without one either. */
	mockdrv_lone(&b->d, 1);
	arena_forget();
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), 1);
	assert_true(find_event('r', 0) > find_event('R', b->d.avail + 2));
}

static void faults_are_told(void **state)
{
	struct bench *b = *state;
	const __u32 avail = b->d.avail, used = b->d.used;
	const __u32 avail_size = vhx_ring_avail_size(&b->d.ring);
	const __u32 used_size = vhx_ring_used_size(&b->d.ring);

	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), 1);
	arena_protect(avail, avail_size, ARENA_NONE);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), -EFAULT);
	assert_int_equal(vhx_ring_want_call(&b->d.ring, true), -EFAULT);
	assert_int_equal(vhx_ring_pending(&b->d.ring), -EFAULT);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), -EFAULT);
	b->d.ring.event_idx = false;
	assert_int_equal(vhx_ring_want_call(&b->d.ring, false), -EFAULT);
	arena_protect(avail, avail_size, ARENA_RW);

	arena_protect(used, used_size, ARENA_RO);
	assert_int_equal(vhx_ring_kick_off(&b->d.ring), -EFAULT);
	assert_false(b->d.ring.kick_off);
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), -EFAULT);
	b->d.ring.event_idx = true;
	assert_int_equal(vhx_ring_kick_on(&b->d.ring), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(no_kick_is_lost_with_event_idx),
		BENCH_TEST(no_kick_is_lost_with_flags),
		BENCH_TEST(r7_unread_entries_are_not_new_ones),
		BENCH_TEST(looking_does_not_hide_entries_from_kick_on),
		BENCH_TEST(kick_on_asks_beyond_what_is_known),
		BENCH_TEST(quiet_with_event_idx),
		BENCH_TEST(quiet_with_flags),
		BENCH_TEST(who_found_something_is_not_quiet),
		BENCH_TEST(kick_off_tells_the_guest_once),
		BENCH_TEST(kick_off_writes_nothing_with_event_idx),
		BENCH_TEST(kick_on_sees_an_index_that_jumps),
		BENCH_TEST(no_call_is_lost_with_event_idx),
		BENCH_TEST(no_call_is_lost_with_flags),
		BENCH_TEST(no_interrupt_flag_is_heeded),
		BENCH_TEST(used_event_is_passed_or_not),
		BENCH_TEST(used_event_passed_a_lap_ago),
		BENCH_TEST(used_event_passed_just_short_of_a_lap),
		BENCH_TEST(lap_is_seen_in_pushes_of_any_size),
		BENCH_TEST(notify_on_empty_calls_though_told_not_to),
		BENCH_TEST(r30_barrier_between_used_index_and_the_guests_wish),
		BENCH_TEST(r30_barrier_between_kick_wish_and_avail_index),
		BENCH_TEST(used_entries_are_written_before_the_index),
		BENCH_TEST(avail_entries_are_read_after_the_index),
		BENCH_TEST(faults_are_told),
	};

	return cmocka_run_group_tests_name("ring, notification", tests, NULL, NULL);
}
