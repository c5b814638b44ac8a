/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests say to /dev/vhx-mail, see mail.c; for both sides. write(2) sends a message to the agent,
 * EAGAIN: there is no slot; read(2) takes one of the agent's, EAGAIN: there is none.
 */
#ifndef _VHX_TEST_MAIL_H
#define _VHX_TEST_MAIL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MAIL_ENDPOINT	"mail"		/* class VHX_ENDPOINT_SCSI */

/**
 * struct mail_counts - what it was told of
 * @up: times that an agent came
 * @down: that it went
 * @room: times that there may be a slot again
 * @recv: messages that came
 * @bytes: their bytes, of those that were not kept
 */
struct mail_counts {
	__u32 up;
	__u32 down;
	__u32 room;
	__u32 recv;
	__u64 bytes;
};

#define MAIL_COUNTS	_IOR(0xB9, 0x78, struct mail_counts)
/* Keep what comes until it is read (1, at first), or read it at once (0). */
#define MAIL_KEEP	_IO(0xB9, 0x79)

#endif
