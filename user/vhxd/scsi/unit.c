// SPDX-License-Identifier: GPL-2.0-only
/* A logical unit: what it is called, how large it is, what happens to all of it. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pr.h"
#include "state.h"
#include "task.h"
#include "unit.h"

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_uuid(const char *text, uint8_t uuid[16])
{
	size_t i, n = 0;
	int h;

	for (i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return -EINVAL;
			continue;
		}
		h = hex(text[i]);
		if (h < 0)
			return -EINVAL;
		uuid[n / 2] = (uint8_t)(n % 2 ? uuid[n / 2] | h : h << 4);
		n++;
	}
	return text[36] ? -EINVAL : 0;
}

/* What INQUIRY shows is ASCII, and no longer than its field. */
static int set_text(char *at, size_t size, const char *text, const char *otherwise)
{
	size_t i;

	if (!text)
		text = otherwise;
	for (i = 0; text[i]; i++)
		if (i == size - 1 || text[i] < ' ' || text[i] > '~')
			return -EINVAL;
	memcpy(at, text, i + 1);
	return 0;
}

static int set_names(struct scsi_unit *u, const struct scsi_unit_config *c, struct msg *msg)
{
	if (!c->name || !name_is_sound(c->name))
		return msg_set(msg, -EINVAL,
			       "a unit's name has 1 to %d printable characters, no blanks",
			       SCSI_NAME_MAX);
	strcpy(u->name, c->name);
	if (c->uuid && parse_uuid(c->uuid, u->uuid))
		return msg_set(msg, -EINVAL, "%s: \"%s\" is no uuid", c->name, c->uuid);
	u->has_uuid = c->uuid;
	u->naa = naa_of(c->uuid ? c->uuid : c->name);
	if (set_text(u->serial, sizeof(u->serial), c->serial, c->uuid ? c->uuid : c->name) ||
	    set_text(u->vendor, sizeof(u->vendor), c->vendor, "VHX") ||
	    set_text(u->product, sizeof(u->product), c->product, "vhx disk") ||
	    set_text(u->rev, sizeof(u->rev), c->rev, "1"))
		return msg_set(msg, -EINVAL,
			       "%s: serial, vendor, product or rev is too long, or not ASCII",
			       c->name);
	if (c->block_size != 512 && c->block_size != 4096)
		return msg_set(msg, -EINVAL, "%s: blocks are 512 or 4096 bytes", c->name);
	if (c->boot_id && (!name_is_sound(c->boot_id) || strlen(c->boot_id) >= sizeof(u->boot_id)))
		return msg_set(msg, -EINVAL, "%s: the boot id has blanks, or is too long", c->name);
	strcpy(u->boot_id, c->boot_id ? c->boot_id : "-");
	return 0;
}

static int read_size(struct scsi_unit *unit)
{
	uint64_t bytes;
	int ret;

	ret = unit->backend->ops->size(unit->backend, &bytes);
	if (ret)
		return ret;
	if (bytes > INT64_MAX)
		return -EFBIG;
	unit->blocks = bytes / unit->block_size;
	return 0;
}

static void unit_free(struct scsi_unit *unit)
{
	state_forget(unit);
	free(unit->pr);
	free(unit->state);
	free(unit->buffer);
	free(unit);
}

/* Blocks of the backend are ours, or a power of two of them. */
static bool phys_is_sound(const struct scsi_unit *unit)
{
	uint32_t phys = unit->backend->phys_block;

	return phys >= unit->block_size && !(phys & (phys - 1));
}

static int unit_setup(struct scsi_unit *u, const struct scsi_unit_config *c, struct msg *msg)
{
	int ret;

	ret = set_names(u, c, msg);
	if (ret)
		return ret;
	u->block_size = c->block_size;
	u->read_only = c->read_only || u->backend->read_only;
	u->thin = c->thin && (u->backend->caps & BACKEND_CAN_UNMAP);
	u->mode_default.wce = c->write_cache;
	u->mode = u->mode_default;
	if (!phys_is_sound(u))
		return msg_set(msg, -EINVAL, "%s: its backend has blocks of %u bytes", c->name,
			       u->backend->phys_block);
	ret = read_size(u);
	if (ret || !u->blocks)
		return msg_set(msg, ret ? ret : -EINVAL, "%s: its size is nothing, or unknown (%s)",
			       c->name, msg_errno(ret ? ret : EINVAL));
	u->pr = pr_new();
	if (c->state)
		u->state = strdup(c->state);
	if (!u->pr || (c->state && !u->state))
		return msg_set(msg, -ENOMEM, "%s: no memory", c->name);
	return c->state ? state_load(u, msg) : 0;
}

int scsi_unit_create(const struct scsi_unit_config *config, struct backend *backend,
		     struct scsi_unit **unit, struct msg *msg)
{
	struct scsi_unit *u;
	int ret;

	u = calloc(1, sizeof(*u));
	if (!u)
		return msg_set(msg, -ENOMEM, "%s: no memory", config->name);
	u->backend = backend;
	list_init(&u->tasks);
	list_init(&u->itls);
	list_init(&u->restored);
	ret = unit_setup(u, config, msg);
	if (ret) {
		unit_free(u);
		return ret;
	}
	*unit = u;
	return 0;
}

int scsi_unit_destroy(struct scsi_unit *unit)
{
	if (!list_empty(&unit->itls) || !list_empty(&unit->tasks))
		return -EBUSY;
	unit_free(unit);
	return 0;
}

int scsi_unit_resized(struct scsi_unit *unit)
{
	uint64_t before = unit->blocks;
	int ret = read_size(unit);

	if (ret)
		return ret;
	if (unit->blocks != before)
		ua_changed(unit, NULL, UA_CAPACITY_CHANGED);
	state_flush(unit);
	return 0;
}

void scsi_unit_inquiry_changed(struct scsi_unit *unit)
{
	ua_changed(unit, NULL, UA_INQUIRY_CHANGED);
	state_flush(unit);
}

void scsi_unit_set_gone(struct scsi_unit *unit, bool gone)
{
	unit->gone = gone;
}

int scsi_unit_save(struct scsi_unit *unit)
{
	return state_save(unit, unit->pr);
}
