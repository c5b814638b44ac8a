/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent that is a RAM disk: target 0, logical unit 0 of an endpoint. It is a process of its own,
 * to be killed; what it stores, and what it knows of how it was used, it shares with the test.
 */
#ifndef _VHX_TEST_RAMDISK_H
#define _VHX_TEST_RAMDISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RAMDISK_BLOCK	512u

/**
 * struct ramdisk_state - what the agent and the test say to each other
 * @hold: the test: fetch commands, but answer none
 * @deaf: the test: not even what the guest wants aborted, or a reset
 * @stubborn: the test: carry out what the guest wants aborted nevertheless
 * @slow: the test: do not answer that a nexus begins, which hold and deaf say nothing of
 * @most: the test: give no answer once so many were taken; 0: no such bound
 * @flip: the test: all the time say anew which targets there are: those of ramdisk.targets, and one
 *	more, or another
 * @flips: the agent: how often it did
 * @ready: the agent: it is attached
 * @begun: nexuses that it heard of, which no other counter has
 * @begun_again: those of them that a dead agent had
 * @fetched: requests that it got
 * @held: those of them that it holds
 * @answered: answers that the kernel took
 * @refused: those that it did not
 * @again: requests that a dead agent had
 * @aborted: requests that the guest wanted aborted
 * @windows: requests, or parts of such, of which more was to follow
 * @resets: times it heard of a reset
 * @reset_lun: the last one's
 * @reset_attr: likewise
 */
struct ramdisk_state {
	bool hold;
	bool deaf;
	bool stubborn;
	bool slow;
	uint32_t most;
	bool flip;
	uint32_t flips;
	bool ready;
	uint32_t begun;
	uint32_t begun_again;
	uint32_t fetched;
	uint32_t held;
	uint32_t answered;
	uint32_t refused;
	uint32_t again;
	uint32_t aborted;
	uint32_t windows;
	uint32_t resets;
	uint8_t reset_lun[8];
	uint8_t reset_attr;
};

/**
 * struct ramdisk - a disk; what is 0 is the default
 * @name: of the endpoint
 * @blocks: default 16384
 * @queues: default 1
 * @tags: default 128
 * @pool: bytes, default 4 MiB
 * @targets: which targets of the first 64 it says there are; 0: it does not say
 * @data: the disk
 * @s: state; written by both
 * @pid: of the agent, 0 when there is none
 */
struct ramdisk {
	const char *name;
	uint32_t blocks;
	uint32_t queues;
	uint32_t tags;
	uint32_t pool;
	uint64_t targets;
	uint8_t *data;
	volatile struct ramdisk_state *s;
	pid_t pid;
};

/* All but the end ends the test when it fails. */
void ramdisk_open(struct ramdisk *d);
void ramdisk_start(struct ramdisk *d);
void ramdisk_kill(struct ramdisk *d);
void ramdisk_close(struct ramdisk *d);

/* Until a counter of the state's is at least @n; false after some seconds. */
bool ramdisk_reaches(volatile const uint32_t *counter, uint32_t n);

#endif
