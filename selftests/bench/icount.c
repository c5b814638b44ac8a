// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCG plugin that counts the instructions a guest executes between marks.
 *
 *	-plugin icount.so,out=FILE[,hist=FILE]
 *
 * FILE gets a line for each MARK_RECORD: the driver's instructions, the kernel's, and those of
 * whoever else is in user space: an agent. A driver is known by where it stands, below 4 GiB, where
 * no program does that is not linked to. The histogram has a line for each piece of code run before the
 * last MARK_RECORD: its address and the instructions executed there.
 *
 * QEMU counts whole translation blocks here, each at its start: the block that
 * a mark stands in is counted with what is before the mark, a few instructions
 * of the driver. Meant for -accel tcg,thread=single, where vCPUs take turns and
 * nothing here can race. (Inline operations would be quicker, but with two
 * vCPUs they crash QEMU 10.0.)
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "qemu_plugin.h"

#define BUCKETS		(1U << 16)

/* Code of one address and length; translated again, it is the same block */
struct block {
	struct block *next;
	uint64_t addr;
	uint64_t insns;
	uint64_t count;		/* executed since the last MARK_RECORD */
	uint64_t recorded;	/* and before it */
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct block *blocks[BUCKETS];
static bool counting;
static uint64_t user_insns, kernel_insns, agent_insns;
static FILE *out;
static const char *hist_path;

static struct block *block_get(uint64_t addr, uint64_t insns)
{
	struct block **slot = &blocks[(addr * 0x9e3779b97f4a7c15) >> 48];
	struct block *b;

	for (b = *slot; b; b = b->next)
		if (b->addr == addr && b->insns == insns)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->addr = addr;
	b->insns = insns;
	b->next = *slot;
	*slot = b;
	return b;
}

static bool is_kernel(uint64_t addr)
{
	return addr >> 63;
}

static bool is_driver(uint64_t addr)
{
	return !(addr >> 32);
}

static void on_block(unsigned int vcpu, void *data)
{
	struct block *b = data;

	(void)vcpu;
	if (!counting)
		return;
	b->count += b->insns;
	if (is_kernel(b->addr))
		kernel_insns += b->insns;
	else if (is_driver(b->addr))
		user_insns += b->insns;
	else
		agent_insns += b->insns;
}

static void hist_record(void)
{
	struct block *b;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		for (b = blocks[i]; b; b = b->next) {
			b->recorded = b->count;
			b->count = 0;
		}
	}
}

static void on_mark(unsigned int vcpu, void *data)
{
	(void)vcpu;
	switch ((uintptr_t)data) {
	case MARK_BEGIN:
		counting = true;
		break;
	case MARK_PAUSE:
		counting = false;
		break;
	case MARK_RECORD:
		fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", user_insns, kernel_insns,
			agent_insns);
		fflush(out);
		user_insns = 0;
		kernel_insns = 0;
		agent_insns = 0;
		if (hist_path)
			hist_record();
		break;
	}
}

/* The mark's id, 0 if @insn is none */
static uintptr_t mark_of(const struct qemu_plugin_insn *insn)
{
	uint8_t want[MARK_LEN] = MARK_BYTES(0);
	uint8_t got[MARK_LEN];

	if (qemu_plugin_insn_size(insn) != MARK_LEN)
		return 0;
	qemu_plugin_insn_data(insn, got, MARK_LEN);
	want[3] = got[3];
	return memcmp(got, want, MARK_LEN) ? 0 : got[3];
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	uint64_t addr = qemu_plugin_tb_vaddr(tb);
	struct qemu_plugin_insn *insn;
	uintptr_t mark_id;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
					     block_get(addr, n));
	if (is_kernel(addr))
		return;
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		mark_id = mark_of(insn);
		if (mark_id)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)mark_id);
	}
}

static void on_exit_write_hist(uint64_t id, void *data)
{
	FILE *f = fopen(hist_path, "w");
	struct block *b;
	size_t i;

	(void)id;
	(void)data;
	if (!f)
		return;
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->recorded)
				fprintf(f, "%016" PRIx64 " %" PRIu64 "\n", b->addr, b->recorded);
	fclose(f);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "hist=", 5))
			hist_path = strdup(argv[i] + 5);
	}
	if (!out) {
		fprintf(stderr, "icount: out=FILE is missing or cannot be written\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	if (hist_path)
		qemu_plugin_register_atexit_cb(id, on_exit_write_hist, NULL);
	return 0;
}
