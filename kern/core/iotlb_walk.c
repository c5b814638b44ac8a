// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* walk.c for rings that go through a vIOMMU, see access_iotlb.h. */
#include "access_iotlb.h"
#include "walk.c"
