// SPDX-License-Identifier: GPL-2.0-only
/* The state file, written and found. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state.h"
#include "state_file.h"

uint64_t state_sum(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; len; len--, text++) {
		hash ^= (uint8_t)*text;
		hash *= 0x100000001b3ULL;
	}
	return hash;
}

static void put_pr(FILE *f, const struct pr_table *pr)
{
	const struct pr_done *d;
	uint32_t i;

	fprintf(f, "pr %" PRIu32 " %d %d %d\n", pr->gen, pr->aptpl, pr->type, pr->holder);
	for (i = 0; i < pr->nr; i++)
		fprintf(f, "reg %016" PRIx64 " %u %s %s\n", pr->reg[i].key, pr->reg[i].port,
			pr->reg[i].initiator, pr->reg[i].wwpn);
	for (i = 0; i < PR_NR_DONE; i++) {
		d = pr->done + (pr->next_done + i) % PR_NR_DONE;
		if (!d->nexus)
			continue;
		fprintf(f, "done %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64
			" %016" PRIx64 " %u\n", d->nexus, d->target, d->id, d->key, d->sa_key,
			d->action);
	}
}

static void put_ua(FILE *f, const struct scsi_unit *unit)
{
	const struct restored *r;
	const struct scsi_itl *itl;
	uint32_t nr = 0;

	list_for_each(itl, &unit->itls, in_unit)
		if (nr++ < STATE_MAX_UA)
			fprintf(f, "ua %x %s %s\n", itl->ua, itl->nexus->name,
				itl->nexus->target->wwpn);
	list_for_each(r, &unit->restored, node)
		if (nr++ < STATE_MAX_UA)
			fprintf(f, "ua %x %s %s\n", r->ua, r->initiator, r->wwpn);
}

static char *compose(const struct scsi_unit *unit, const struct pr_table *pr, size_t *len)
{
	char *text = NULL;
	FILE *f;

	f = open_memstream(&text, len);
	if (!f)
		return NULL;
	fprintf(f, "%s\nunit %s\nboot %s\nmode %d %d %d\n", STATE_MAGIC, unit->name,
		unit->boot_id, unit->mode.wce, unit->mode.d_sense, unit->mode.swp);
	put_pr(f, pr);
	put_ua(f, unit);
	fflush(f);
	fprintf(f, "sum %016" PRIx64 "\n", state_sum(text, *len));
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A rename is on stable storage when its directory is. */
static int sync_dir(const char *path)
{
	char dir[PATH_MAX];
	int fd, ret;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return -ENAMETOOLONG;
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int write_file(const char *path, const char *text, size_t len, bool sync)
{
	char tmp[PATH_MAX];
	int fd, ret;

	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, text, len);
	if (!ret && sync && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(tmp, path))
		ret = -errno;
	if (ret) {
		unlink(tmp);
		return ret;
	}
	return sync ? sync_dir(path) : 0;
}

static int save(struct scsi_unit *unit, const struct pr_table *pr, bool sync)
{
	size_t len;
	char *text;
	int ret;

	if (!unit->state)
		return 0;
	text = compose(unit, pr, &len);
	if (!text)
		return -ENOMEM;
	ret = write_file(unit->state, text, len, sync);
	free(text);
	if (!ret)
		unit->state_dirty = false;
	return ret;
}

int state_save(struct scsi_unit *unit, const struct pr_table *pr)
{
	return save(unit, pr, true);
}

void state_touch(struct scsi_unit *unit)
{
	unit->state_dirty = unit->state;
}

/* Not to be able to is no guest's fault; it is tried again with the next change, not for ever. */
void state_flush(struct scsi_unit *unit)
{
	if (!unit->state_dirty)
		return;
	unit->state_dirty = false;
	save(unit, unit->pr, false);
}

static int read_file(int fd, char *text, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < STATE_MAX) {
		n = read(fd, text + *len, STATE_MAX - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	text[*len] = 0;
	return *len == STATE_MAX ? -EFBIG : 0;
}

int state_load(struct scsi_unit *unit, struct msg *msg)
{
	char *text;
	size_t len;
	int fd, ret;

	fd = open(unit->state, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return msg_set(msg, -errno, "%s: cannot be opened (%s)", unit->state,
			       msg_errno(errno));
	text = malloc(STATE_MAX + 1);
	ret = text ? read_file(fd, text, &len) : -ENOMEM;
	close(fd);
	if (ret)
		msg_set(msg, ret, "%s: cannot be read (%s)", unit->state, msg_errno(ret));
	else
		ret = state_parse(unit, text, len, msg);
	free(text);
	return ret;
}

bool state_restore_ua(struct scsi_itl *itl)
{
	struct restored *r;

	list_for_each(r, &itl->unit->restored, node) {
		if (strcmp(r->initiator, itl->nexus->name) ||
		    strcmp(r->wwpn, itl->nexus->target->wwpn))
			continue;
		itl->ua = r->ua;
		list_del(&r->node);
		free(r);
		return true;
	}
	return false;
}

void state_forget(struct scsi_unit *unit)
{
	struct restored *r, *tmp;

	list_for_each_safe(r, tmp, &unit->restored, node) {
		list_del(&r->node);
		free(r);
	}
}
