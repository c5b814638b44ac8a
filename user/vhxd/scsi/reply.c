// SPDX-License-Identifier: GPL-2.0-only
/* Data-in of everything but reads: what does not fit is counted, not written. */
#include <string.h>

#include "cmd.h"

void reply_begin(struct reply *r, struct scsi_cmd *cmd, uint32_t alloc)
{
	*r = (struct reply) {
		.cmd = cmd,
		.at = cmd->in,
		.alloc = alloc,
		.cap = alloc < cmd->in_cap ? alloc : cmd->in_cap,
	};
}

void reply_patch(struct reply *r, uint32_t at, const void *data, uint32_t len)
{
	if (at >= r->cap || !len)
		return;
	memcpy(r->at + at, data, len < r->cap - at ? len : r->cap - at);
}

void reply_bytes(struct reply *r, const void *data, uint32_t len)
{
	reply_patch(r, r->len, data, len);
	r->len += len;
}

void reply_zero(struct reply *r, uint32_t len)
{
	if (r->len < r->cap && len)
		memset(r->at + r->len, 0, len < r->cap - r->len ? len : r->cap - r->len);
	r->len += len;
}

void reply_u8(struct reply *r, uint8_t v)
{
	reply_bytes(r, &v, 1);
}

void reply_u16(struct reply *r, uint16_t v)
{
	uint8_t b[2];

	put_be16(b, v);
	reply_bytes(r, b, sizeof(b));
}

void reply_u32(struct reply *r, uint32_t v)
{
	uint8_t b[4];

	put_be32(b, v);
	reply_bytes(r, b, sizeof(b));
}

void reply_u64(struct reply *r, uint64_t v)
{
	uint8_t b[8];

	put_be64(b, v);
	reply_bytes(r, b, sizeof(b));
}

void reply_text(struct reply *r, const char *text, uint32_t width)
{
	uint32_t len = (uint32_t)strnlen(text, width);

	reply_bytes(r, text, len);
	for (; len < width; len++)
		reply_u8(r, ' ');
}

void reply_patch16(struct reply *r, uint32_t at, uint16_t v)
{
	uint8_t b[2];

	put_be16(b, v);
	reply_patch(r, at, b, sizeof(b));
}

void reply_patch32(struct reply *r, uint32_t at, uint32_t v)
{
	uint8_t b[4];

	put_be32(b, v);
	reply_patch(r, at, b, sizeof(b));
}

void reply_end(struct reply *r)
{
	struct scsi_cmd *cmd = r->cmd;
	uint32_t wanted = r->len < r->alloc ? r->len : r->alloc;

	cmd->in_len = wanted < r->cap ? wanted : r->cap;
	cmd->residual = cmd->total_in > cmd->in_len ? cmd->total_in - cmd->in_len : 0;
	if (wanted > cmd->total_in) {
		cmd->overrun = true;
		cmd->residual = wanted - cmd->total_in;
	}
	cmd_good(cmd);
}
