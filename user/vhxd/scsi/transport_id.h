/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio-scsi has no TransportID of its own. An initiator shows as a SAS one, whose address is
 * made from its name.
 */
#ifndef _VHXD_TRANSPORT_ID_H
#define _VHXD_TRANSPORT_ID_H

#include <string.h>

#include "bytes.h"

#define TRANSPORT_ID_LEN	24
#define TRANSPORT_ID_SAS	0x06

static inline void transport_id_put(uint8_t at[TRANSPORT_ID_LEN], uint64_t id)
{
	memset(at, 0, TRANSPORT_ID_LEN);
	at[0] = TRANSPORT_ID_SAS;
	put_be64(at + 4, id);
}

/* 0 if it is none of ours: no initiator has that. */
static inline uint64_t transport_id_get(const uint8_t at[TRANSPORT_ID_LEN])
{
	return at[0] == TRANSPORT_ID_SAS ? get_be64(at + 4) : 0;
}

#endif
