/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of QEMU's TCG plugin interface that icount.c uses. Debian's QEMU
 * exports the functions and ships no header, so their prototypes stand here.
 * Versions 2 (QEMU 9.0) to 5 (10.2) of the interface agree on all of them.
 */
#ifndef _BENCH_QEMU_PLUGIN_H
#define _BENCH_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_VERSION	4
#define QEMU_PLUGIN_EXPORT	__attribute__((visibility("default")))
#define QEMU_PLUGIN_CB_NO_REGS	0

struct qemu_info;
struct qemu_plugin_tb;		/* a translation block: straight-line code */
struct qemu_plugin_insn;

typedef void qemu_tb_trans_fn(uint64_t id, struct qemu_plugin_tb *tb);
typedef void qemu_exec_fn(unsigned int vcpu, void *data);
typedef void qemu_exit_fn(uint64_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, qemu_tb_trans_fn *fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_exec_fn *fn,
					  int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_exec_fn *fn,
					    int flags, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, qemu_exit_fn *fn, void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);

/* What a plugin has to export. */
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc,
					   char **argv);

#endif /* _BENCH_QEMU_PLUGIN_H */
