// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* net/hdr.c, for this module too: PURE, and smaller than a dependency on vhx_net would be. */
#include "net/hdr.h"
#include "../../net/hdr.c"
