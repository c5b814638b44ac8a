// SPDX-License-Identifier: GPL-2.0-only
/*
 * table, with the batch operation.
 */
#define WITH_BATCH
#include "table.bpf.c"
