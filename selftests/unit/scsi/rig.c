// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

char *rig_deepest;
char rig_events[32];
int rig_fsync_error;

static void note(char event)
{
	size_t len = strlen(rig_events);

	if (len < sizeof(rig_events) - 1)
		rig_events[len] = event;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	note('s');
	errno = rig_fsync_error;
	rig_fsync_error = 0;
	return errno ? -1 : 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	note('r');
	return __real_rename(from, to);
}

const char *rig_path(const char *name, char *buf, size_t size)
{
	const char *dir = getenv("VHX_TMP");

	snprintf(buf, size, "%s/%s.%d", dir ? dir : "/tmp", name, (int)getpid());
	return buf;
}

uint32_t rig_seed(void)
{
	const char *given = getenv("VHX_SEED");
	uint32_t seed = (uint32_t)time(NULL);

	if (given && *given)
		seed = (uint32_t)strtoul(given, NULL, 0);
	printf("# SEED=%u\n", seed);
	return seed;
}

static void open_backend(struct rig *rig, const struct rig_opts *o)
{
	struct backend_config config = {
		.path = rig->path,
		.engine = &rig->engine.base,
		.size = o->size ? o->size : DISK_SIZE,
		.block_size = o->block_size ? o->block_size : 512,
		.read_only = false,
	};
	struct msg msg;

	if (backend_open(o->backend ? o->backend : "file", &config, &rig->backend, &msg))
		fail_msg("%s", msg.text);
}

static void open_unit(struct rig *rig, const struct rig_opts *o)
{
	const struct scsi_unit_config config = {
		.name = "disk0",
		.uuid = "01234567-89ab-cdef-0123-456789abcdef",
		.block_size = o->block_size ? o->block_size : 512,
		.write_cache = !o->no_cache,
		.read_only = o->read_only,
		.thin = !o->thick,
		.state = o->no_state ? NULL : rig->state,
		.boot_id = o->boot_id ? o->boot_id : "boot-1",
	};
	struct msg msg;

	if (scsi_unit_create(&config, rig->backend, &rig->unit, &msg))
		fail_msg("%s", msg.text);
}

static char leave_no[2][512];

static void clean_up(void)
{
	unlink(leave_no[0]);
	unlink(leave_no[1]);
}

void rig_quiet(struct rig *rig)
{
	int i;

	for (i = 0; i < 2; i++)
		while (quick(rig, i, CDB(0x00)) >> 16 == 0x06)
			;
}

void rig_open(struct rig *rig, const struct rig_opts *opts)
{
	static const char *const wwpn[] = { "naa.500a", "naa.500b" };
	static const char *const vm[] = { "vm-a", "vm-b" };
	const struct rig_opts none = { 0 };
	int i;

	if (!opts)
		opts = &none;
	memset(rig, 0, sizeof(*rig));
	rig_path("disk", rig->path, sizeof(rig->path));
	rig_path("state", rig->state, sizeof(rig->state));
	if (!leave_no[0][0])
		atexit(clean_up);
	memcpy(leave_no[0], rig->path, sizeof(rig->path));
	memcpy(leave_no[1], rig->state, sizeof(rig->state));
	if (!opts->keep_file)
		unlink(rig->path);
	if (!opts->keep_state)
		unlink(rig->state);
	engine_double_init(&rig->engine);
	open_backend(rig, opts);
	open_unit(rig, opts);
	for (i = 0; i < 2; i++) {
		assert_int_equal(scsi_target_create(wwpn[i], (uint16_t)(i + 1), &rig->target[i],
						    NULL), 0);
		assert_int_equal(scsi_target_map(rig->target[i], 0, DISK_LUN, rig->unit), 0);
		assert_int_equal(scsi_nexus_create(rig->target[i], vm[i], &rig->nexus[i]), 0);
	}
	if (!opts->keep_ua)
		rig_quiet(rig);
}

void rig_close(struct rig *rig)
{
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(scsi_nexus_destroy(rig->nexus[i]), 0);
		assert_int_equal(scsi_target_destroy(rig->target[i]), 0);
	}
	assert_int_equal(scsi_unit_destroy(rig->unit), 0);
	backend_close(rig->backend);
}

void rig_peek(struct rig *rig, uint64_t off, void *buf, uint32_t len)
{
	int fd = open(rig->path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, buf, len, (off_t)off), len);
	close(fd);
}

void rig_poke(struct rig *rig, uint64_t off, const void *buf, uint32_t len)
{
	int fd = open(rig->path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, buf, len, (off_t)off), len);
	close(fd);
}

static void done(struct scsi_cmd *cmd)
{
	char *here = __builtin_frame_address(0);

	((struct shot *)cmd->owner)->dones++;
	if (!rig_deepest || here < rig_deepest)
		rig_deepest = here;
}

struct shot *shot_new(struct rig *rig, int nexus, const uint8_t *cdb)
{
	static uint64_t id;
	struct shot *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->cmd.nexus = rig->nexus[nexus];
	s->cmd.id = ++id;
	s->cmd.lun = DISK_LUN;
	s->cmd.cdb_len = SCSI_CDB_MAX;
	memcpy(s->cmd.cdb, cdb, SCSI_CDB_MAX);
	s->cmd.done = done;
	s->cmd.owner = s;
	return s;
}

/* Of just that size, and aligned as a pool's pages are when that can be. */
void shot_out(struct shot *s, const void *data, uint32_t len)
{
	s->out = malloc(len ? len : 1);
	assert_non_null(s->out);
	if (len)
		memcpy(s->out, data, len);
	s->cmd.out = s->out;
	s->cmd.out_len = s->cmd.win_len = s->cmd.total_out = len;
}

void shot_in(struct shot *s, uint32_t cap)
{
	s->in = malloc(cap ? cap : 1);
	assert_non_null(s->in);
	memset(s->in, 0xee, cap);
	s->cmd.in = s->in;
	s->cmd.in_cap = s->cmd.win_len = s->cmd.total_in = cap;
}

void shot_free(struct shot *s)
{
	free(s->in);
	free(s->out);
	free(s);
}

void shot_fire(struct shot *s)
{
	scsi_submit(&s->cmd);
	assert_int_equal(s->dones, 1);
	assert_true(s->cmd.in_len <= s->cmd.in_cap);
	assert_true(s->cmd.sense_len <= SCSI_SENSE_MAX);
	assert_int_equal(!!s->cmd.sense_len, s->cmd.status == SCSI_CHECK_CONDITION);
}

struct shot *rig_in(struct rig *rig, int nexus, const uint8_t *cdb, uint32_t cap)
{
	struct shot *s = shot_new(rig, nexus, cdb);

	shot_in(s, cap);
	shot_fire(s);
	return s;
}

struct shot *rig_out(struct rig *rig, int nexus, const uint8_t *cdb, const void *data, uint32_t len)
{
	struct shot *s = shot_new(rig, nexus, cdb);

	shot_out(s, data, len);
	shot_fire(s);
	return s;
}

uint32_t shot_sense(const struct shot *s)
{
	const uint8_t *b = s->cmd.sense;

	if (s->cmd.status != SCSI_CHECK_CONDITION)
		return s->cmd.status;
	if (b[0] == 0x72)
		return (uint32_t)b[1] << 16 | b[2] << 8 | b[3];
	return (uint32_t)b[2] << 16 | b[12] << 8 | b[13];
}

static const uint8_t *descriptor(const struct shot *s, uint8_t type)
{
	const uint8_t *b = s->cmd.sense;
	uint32_t at;

	for (at = 8; at < s->cmd.sense_len; at += b[at + 1] + 2U)
		if (b[at] == type)
			return b + at;
	return NULL;
}

bool shot_info(const struct shot *s, uint64_t *info)
{
	const uint8_t *b = s->cmd.sense;

	if (b[0] == 0x72) {
		b = descriptor(s, 0);
		if (b)
			*info = get_be64(b + 4);
		return b;
	}
	*info = get_be32(b + 3);
	return b[0] & 0x80;
}

void assert_field(const struct shot *s, bool in_cdb, uint16_t byte, int bit)
{
	const uint8_t *b = s->cmd.sense + 15;

	assert_int_equal(shot_sense(s), in_cdb ? SENSE_CDB_FIELD : SENSE_PARAM_FIELD);
	if (s->cmd.sense[0] == 0x72) {
		b = descriptor(s, 2);
		assert_non_null(b);
		b += 4;
	}
	assert_int_equal(b[0] & 0xc0, in_cdb ? 0xc0 : 0x80);
	assert_int_equal(get_be16(b + 1), byte);
	if (bit < 0)
		assert_false(b[0] & 0x08);
	else
		assert_int_equal(b[0] & 0x0f, 0x08 | bit);
}

uint32_t quick(struct rig *rig, int nexus, const uint8_t *cdb)
{
	struct shot *s = rig_in(rig, nexus, cdb, 0);
	uint32_t ret = shot_sense(s);

	shot_free(s);
	return ret;
}

uint32_t quick_out(struct rig *rig, int nexus, const uint8_t *cdb, const void *data, uint32_t len)
{
	struct shot *s = rig_out(rig, nexus, cdb, data, len);
	uint32_t ret = shot_sense(s);

	shot_free(s);
	return ret;
}
