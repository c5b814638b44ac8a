// SPDX-License-Identifier: GPL-2.0-only
/*
 * The barrier pairs of the core, of steering and of SCSI, each as two threads reduced to what the barriers
 * are about, for CBMC's model of a machine that lets reads pass writes (TSO) and writes pass
 * writes (PSO). A case must hold as it is, and must fail with one of its write or full barriers
 * left out: -DCASE=name -DWITHOUT=n. Machines that let reads pass reads are not modelled: the read
 * barriers stand here for the reader.
 */
#define full(n)		do { if (WITHOUT != (n)) __CPROVER_fence("WWfence", "RRfence", \
					"RWfence", "WRfence"); } while (0)
#define writes(n)	do { if (WITHOUT != (n)) __CPROVER_fence("WWfence"); } while (0)
#define reads()		__CPROVER_fence("RRfence")

#ifndef WITHOUT
#define WITHOUT 0
#endif

/*
 * push, then want_call (kern/core: vhx_ring_push, vhx_ring_want_call), against a driver that asks
 * for an interrupt and looks once more. One of them sees the other's word, or the guest sleeps on.
 */
static int used_idx, used_event, device_calls, driver_sees;

static void call_one(void)
{
	used_idx = 1;
	full(1);
	device_calls = used_event == 1;
}

static void call_two(void)
{
	used_event = 1;
	full(2);
	driver_sees = used_idx == 1;
}

static _Bool call_holds(void)
{
	return device_calls || driver_sees;
}

/*
 * vhx_ring_kick_on, which asks for a kick and reads the avail index again, against a driver that
 * posts and looks whether a kick is wanted.
 */
static int avail_event, avail_idx, device_sees, driver_kicks;

static void kick_one(void)
{
	avail_event = 1;
	full(1);
	device_sees = avail_idx == 1;
}

static void kick_two(void)
{
	avail_idx = 1;
	full(2);
	driver_kicks = avail_event == 1;
}

static _Bool kick_holds(void)
{
	return device_sees || driver_kicks;
}

/* vhx_ring_push: entries before the index that tells of them. */
static int entry, told, got_told, got_entry;

static void push_one(void)
{
	entry = 1;
	writes(1);
	told = 1;
}

static void push_two(void)
{
	got_told = told;
	reads();
	got_entry = entry;
}

static _Bool push_holds(void)
{
	return !got_told || got_entry;
}

/*
 * A batch on a packed ring: id and length of each, and the flags of all but the first, before the
 * flags of the first. A driver goes by flags alone, in order.
 */
static int flags0, id0, flags1, id1, saw0, saw_id0, saw1, saw_id1;

static void batch_one(void)
{
	id0 = 1;
	id1 = 1;
	writes(1);
	flags1 = 1;
	writes(2);
	flags0 = 1;
}

static void batch_two(void)
{
	saw0 = flags0;
	reads();
	saw_id0 = id0;
	saw1 = flags1;
	reads();
	saw_id1 = id1;
}

static _Bool batch_holds(void)
{
	return (!saw0 || (saw_id0 && saw1)) && (!saw1 || saw_id1);
}

/*
 * vhx_worker_queue against vhx_work_run: who finds the work queued already relies on the worker
 * to see what was posted. test_and_set_bit() is a full barrier.
 */
static int queued = 1, posted, woken, worker_sees;

static void queue_one(void)
{
	queued = 0;
	full(1);
	worker_sees = posted;
}

static void queue_two(void)
{
	int was;

	posted = 1;
	full(2);
	__CPROVER_atomic_begin();
	was = queued;
	queued = 1;
	__CPROVER_atomic_end();
	woken = !was;
}

static _Bool queue_holds(void)
{
	return woken || worker_sees;
}

/* vhx_policy_update against vhx_policy_eject: a policy that was ejected has no programs. */
static int ops = 1, exit_kind;

static void eject_one(void)
{
	ops = 2;
	full(1);
	if (exit_kind)
		ops = 0;
}

static void eject_two(void)
{
	exit_kind = 1;
	full(2);
	ops = 0;
}

static _Bool eject_holds(void)
{
	return ops == 0;
}

/*
 * vhx_abort_aq against vhx_aq_land_aborted, which has found the queue's mark from before: an aborted
 * request is found now, or the mark stays for the run that vhx_abort_aq queues.
 */
static int aq_aborted = 1, req_aborted, landed;

static void abort_one(void)
{
	req_aborted = 1;
	full(1);
	aq_aborted = 1;
}

static void abort_two(void)
{
	aq_aborted = 0;
	full(2);
	landed = req_aborted;
}

static _Bool abort_holds(void)
{
	return landed || aq_aborted;
}

/*
 * vhx_scsi_tmf_begin against vhx_scsi_cmd_handle: a request queue that sees a sweep pulls what the
 * guest had posted before it asked for the function.
 */
static int command, sweep, got_sweep, pulled;

static void sweep_one(void)
{
	command = 1;
	writes(1);
	sweep = 1;
}

static void sweep_two(void)
{
	got_sweep = sweep;
	reads();
	pulled = command;
}

static _Bool sweep_holds(void)
{
	return !got_sweep || pulled;
}

/* And back, vhx_cmd_swept: what was pulled is a request for who sees that the queue was swept. */
static int request, swept, got_swept, found;

static void swept_one(void)
{
	request = 1;
	writes(1);
	swept = 1;
}

static void swept_two(void)
{
	got_swept = swept;
	reads();
	found = request;
}

static _Bool swept_holds(void)
{
	return !got_swept || found;
}

#define PASTE(a, b)	a ## b
#define OF(c, what)	PASTE(c, what)

static int first_ended, second_ended;

int main(void)
{
__CPROVER_ASYNC_1:
	({
		OF(CASE, _one)();
		__CPROVER_fence("WWfence", "RRfence", "RWfence", "WRfence");
		first_ended = 1;
	});
__CPROVER_ASYNC_2:
	({
		OF(CASE, _two)();
		__CPROVER_fence("WWfence", "RRfence", "RWfence", "WRfence");
		second_ended = 1;
	});
	__CPROVER_assume(first_ended && second_ended);
	__CPROVER_assert(OF(CASE, _holds)(), "holds");
	return 0;
}
