/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests say to /dev/vhx-echo, see echo.c; for both sides.
 */
#ifndef _VHX_TEST_ECHO_H
#define _VHX_TEST_ECHO_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define ECHO_ENDPOINT	"echo"		/* class VHX_ENDPOINT_SCSI */
#define ECHO_VQS	2

/* What the device reads first of a chain; data for the agent is behind it. */
struct echo_req {
	__u8 lun[8];
	__u8 cdb[32];
	__u64 id;
};

/* What it writes first; data of the agent's is behind it. */
struct echo_resp {
	__s32 result;
	__u8 status;
	__u8 response;
	__u16 sense_len;
	__u32 resid;
	__u32 copied;
	__u8 sense[96];
};

/**
 * struct echo_abort - abort requests
 * @id: those of echo_req.id; 0: all
 * @left: out: whether one was left at first
 * @wait: wait until none is
 */
struct echo_abort {
	__u64 id;
	__u32 left;
	__u32 wait;
};

#define ECHO_ABORT	_IOWR(0xB9, 0x70, struct echo_abort)
/* Wait until queue @arg has no request; nothing more is pulled. */
#define ECHO_DRAIN	_IO(0xB9, 0x71)

#endif
