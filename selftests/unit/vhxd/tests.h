/* SPDX-License-Identifier: GPL-2.0-only */
/* What cmocka wants included, in its order. */
#ifndef _VHXD_TESTS_H
#define _VHXD_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
