/* SPDX-License-Identifier: GPL-2.0-only */
/* What a nexus reaches follows what its target has. */
#ifndef _VHXD_NEXUS_H
#define _VHXD_NEXUS_H

#include "unit.h"

int nexus_attach(struct scsi_nexus *nexus, const struct mapping *m);
void nexus_detach(struct scsi_nexus *nexus, uint8_t id, uint16_t lun);

#endif
