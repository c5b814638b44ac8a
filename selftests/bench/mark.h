/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver and icount.c have agreed on: a NOP that no compiler emits,
 * nopl 0x4d420000 + id(%rax).
 */
#ifndef _BENCH_MARK_H
#define _BENCH_MARK_H

#define MARK_BEGIN	1	/* count from here */
#define MARK_PAUSE	2	/* to here */
#define MARK_RECORD	3	/* report the sum, start again from 0 */

#define MARK_LEN	7
#define MARK_BYTES(id)	{ 0x0f, 0x1f, 0x80, (id), 0x00, 0x42, 0x4d }

#define mark(id)	asm volatile("nopl 0x4d420000 + %c0(%%rax)" : : "i"(id) : "memory")

#endif /* _BENCH_MARK_H */
