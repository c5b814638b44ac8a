// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a target's guest was told is there: a file for each target, beside those of the disks. A disk
 * that was taken from the configuration while no agent ran, or was added by hand to one that is gone,
 * is not there any more, and nobody but the next agent can say so.
 *
 * It is written after the guest was told: who dies in between has it told twice, which is no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "news.h"
#include "places.h"

#define MAGIC		"vhxd places 1"
#define PATH_LEN	(CONF_PATH_LEN + CONF_WWPN_LEN + 16)

static void path_of(const struct host *host, const struct endpoint *e, char *path)
{
	snprintf(path, PATH_LEN, "%s/%s.places", host->home.state_dir, e->wwpn);
}

/* ---- written ---- */

static void put(FILE *f, const struct host *host, const struct endpoint *e)
{
	const struct lun *lun;

	fprintf(f, "%s\n%s\n", MAGIC, host->boot_id);
	list_for_each(lun, &e->luns, node)
		/* One whose path is no line is told of again. */
		if (!strchr(lun->disk->conf.path, '\n'))
			fprintf(f, "%u.%u %s\n", lun->target, lun->lun, lun->disk->conf.path);
}

static int write_file(const struct host *host, const struct endpoint *e, const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	int err = errno;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return -err;
	}
	put(f, host, e);
	err = ferror(f) ? -EIO : 0;
	return fclose(f) ? -errno : err;
}

void places_save(const struct host *host, struct endpoint *endpoint)
{
	char path[PATH_LEN], new[PATH_LEN + 4];
	struct lun *lun;
	int ret;

	list_for_each(lun, &endpoint->luns, node)
		lun->told = true;
	path_of(host, endpoint, path);
	snprintf(new, sizeof(new), "%s.new", path);
	ret = write_file(host, endpoint, new);
	if (!ret && rename(new, path))
		ret = -errno;
	if (!ret)
		return;
	unlink(new);
	log_error("%s: which disks its guest knows is not saved (%s): is %s writable?",
		  endpoint->wwpn, msg_errno(ret), host->home.state_dir);
}

/* ---- read ---- */

/* Without the end of the line. Return: whether there was one. */
static bool get_line(FILE *f, char **line, size_t *size)
{
	ssize_t n = getline(line, size, f);

	if (n < 1 || (*line)[n - 1] != '\n')
		return false;
	(*line)[n - 1] = '\0';
	return true;
}

/* "ID.LUN PATH". Return: the path, or NULL. */
static const char *parse(const char *line, uint8_t *id, uint16_t *lun)
{
	unsigned int i, l;
	int n = 0;

	if (sscanf(line, "%3u.%5u %n", &i, &l, &n) != 2 || !n || i > SCSI_MAX_TARGET ||
	    l > SCSI_MAX_LUN)
		return NULL;
	*id = (uint8_t)i;
	*lun = (uint16_t)l;
	return line + n;
}

/* Return: whether the guest was told that something is gone. */
static bool compare_line(struct host *host, struct endpoint *e, const char *line)
{
	const char *path;
	struct lun *lun;
	uint16_t number;
	uint8_t id;

	path = parse(line, &id, &number);
	if (!path)
		return false;
	lun = endpoint_lun(e, id, number);
	if (lun && !strcmp(lun->disk->conf.path, path)) {
		lun->told = true;
		return false;
	}
	log_info("%s: no disk at %u.%u any more", e->wwpn, id, number);
	news_gone(host, e, id, number);
	return true;
}

static void compare(struct host *host, struct endpoint *e, FILE *f)
{
	char *line = NULL;
	bool gone = false;
	size_t size = 0;
	struct lun *lun;

	/* After the host was booted no guest is left that knows anything. */
	if (!get_line(f, &line, &size) || strcmp(line, MAGIC) || !get_line(f, &line, &size) ||
	    strcmp(line, host->boot_id)) {
		free(line);
		return;
	}
	while (get_line(f, &line, &size))
		gone = compare_line(host, e, line) || gone;
	free(line);
	if (gone)
		news_luns(e);
	list_for_each(lun, &e->luns, node)
		if (!lun->told)
			news_found(host, e, lun);
}

void places_compare(struct host *host, struct endpoint *endpoint)
{
	char path[PATH_LEN];
	FILE *f;

	path_of(host, endpoint, path);
	f = fopen(path, "re");
	if (f) {
		compare(host, endpoint, f);
		fclose(f);
	} else if (errno != ENOENT) {
		log_warning("%s: cannot be opened (%s): a disk that is gone, its guest is not told of",
			    path, msg_errno(errno));
	}
	places_save(host, endpoint);
}
