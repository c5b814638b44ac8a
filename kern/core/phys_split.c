// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* split.c for rings in pinned memory, see access_phys.h. */
#include "access_phys.h"
#include "access_iotlb.h"
#include "split.c"
