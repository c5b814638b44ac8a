// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* core/memtbl.c, for this module too: PURE, and the core exports nothing that is. */
#include "core/memtbl.h"
#include "../../core/memtbl.c"
