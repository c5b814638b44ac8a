// SPDX-License-Identifier: GPL-2.0-only
/* The same with packed rings: their size is any, the first index is a place. */
#define PACKED		true
#include "ring_fuzz.c"
