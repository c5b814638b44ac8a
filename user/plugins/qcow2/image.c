// SPDX-License-Identifier: GPL-2.0-only
/* An image is opened: everything that is read from it is looked at before it is believed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "image.h"

#define MAGIC		0x514649fbU	/* "QFI\xfb" */
#define HEADER_V2	72
#define HEADER_V3	104
#define BITS_MIN	12		/* smaller clusters make no sense for a disk */
#define BITS_MAX	21
#define L1_MAX		(1U << 20)
#define RT_MAX		(1U << 20)

#define OFFSET_MASK	0x00fffffffffffe00ULL
#define COPIED		(1ULL << 63)
#define COMPRESSED	(1ULL << 62)
#define ZERO		1ULL		/* of version 3 */

/**
 * struct loader - an image on its way
 * @file_size: bytes of the file
 * @used: a bit for each of its clusters
 * @last: the last of them that is used
 */
struct loader {
	struct image *image;
	const char *path;
	struct msg *msg;
	uint64_t file_size;
	uint8_t *used;
	uint64_t last;
	uint8_t header[HEADER_V3];
	uint32_t version;
};

static int bad(const struct loader *l, const char *what)
{
	return msg_set(l->msg, -EINVAL, "%s: %s: see qemu-img check", l->path, what);
}

static int cannot(const struct loader *l, const char *what)
{
	return msg_set(l->msg, -EOPNOTSUPP, "%s: %s: qemu-img convert -O qcow2 makes one without",
		       l->path, what);
}

/* --- bytes --- */

static int read_all(const struct loader *l, uint64_t at, void *buf, uint64_t len)
{
	uint64_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(l->image->fd, (char *)buf + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return msg_set(l->msg, -errno, "%s: cannot be read (%s)", l->path,
				       msg_errno(errno));
		if (!n)
			return bad(l, "the file ends within its tables");
		done += (uint64_t)n;
	}
	return 0;
}

int image_write(const struct image *image, uint64_t at, const void *data, uint64_t len)
{
	uint64_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(image->fd, (const char *)data + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (uint64_t)n;
	}
	return 0;
}

int image_put64(const struct image *image, uint64_t at, uint64_t value)
{
	uint8_t b[8];

	put_be64(b, value);
	return image_write(image, at, b, sizeof(b));
}

/* --- clusters --- */

/* Nobody else has it, and the file does. */
static int use(struct loader *l, uint64_t at, const char *what)
{
	uint64_t cluster = at >> l->image->bits;

	if (at & (cluster_size(l->image) - 1) || at >= l->file_size)
		return bad(l, what);
	if (l->used[cluster / 8] & 1U << cluster % 8)
		return bad(l, "a cluster is used twice");
	l->used[cluster / 8] |= (uint8_t)(1U << cluster % 8);
	if (cluster > l->last)
		l->last = cluster;
	return 0;
}

static int use_range(struct loader *l, uint64_t at, uint64_t len, const char *what)
{
	uint64_t end = at + len;
	int ret = 0;

	if (end < at || end > l->file_size + cluster_size(l->image))
		return bad(l, what);
	for (; !ret && at < end; at += cluster_size(l->image))
		ret = use(l, at, what);
	return ret;
}

/* A table of @len entries, in the host's byte order. */
static int read_table(struct loader *l, uint64_t at, uint32_t len, uint64_t **table)
{
	uint64_t *t = calloc(len ? len : 1, 8);
	uint32_t i;
	int ret;

	if (!t)
		return msg_set(l->msg, -ENOMEM, "%s: no memory for its tables", l->path);
	ret = read_all(l, at, t, (uint64_t)len * 8);
	if (ret) {
		free(t);
		return ret;
	}
	for (i = 0; i < len; i++)
		t[i] = get_be64((uint8_t *)(t + i));
	*table = t;
	return 0;
}

/* --- the header --- */

static int check_features(const struct loader *l)
{
	uint64_t incompatible = get_be64(l->header + 72);

	if (incompatible & 1)
		return bad(l, "it was not closed in good order");
	if (incompatible & 2)
		return bad(l, "it is marked as corrupt");
	if (incompatible)
		return cannot(l, "it has features that are not known here");
	if (get_be64(l->header + 88) && !l->image->base.read_only)
		return cannot(l, "it has bitmaps, or the like");
	if (get_be32(l->header + 96) != 4)
		return cannot(l, "its reference counts are not of 16 bits");
	return get_be32(l->header + 100) < HEADER_V3 ? bad(l, "its header is too short") : 0;
}

static int check_header(struct loader *l)
{
	const uint8_t *h = l->header;
	int ret;

	ret = read_all(l, 0, l->header, HEADER_V2);
	if (ret)
		return ret;
	l->version = get_be32(h + 4);
	if (get_be32(h) != MAGIC || l->version < 2 || l->version > 3)
		return msg_set(l->msg, -EINVAL, "%s: not a qcow2 image of version 2 or 3", l->path);
	if (get_be64(h + 8))
		return cannot(l, "it has a backing file");
	if (get_be32(h + 32))
		return cannot(l, "it is encrypted");
	if (get_be32(h + 60))
		return cannot(l, "it has snapshots");
	if (l->version == 2)
		return 0;
	ret = read_all(l, 0, l->header, HEADER_V3);
	return ret ? ret : check_features(l);
}

static int take_header(struct loader *l)
{
	struct image *i = l->image;
	const uint8_t *h = l->header;
	uint64_t reach;

	i->bits = get_be32(h + 20);
	i->size = get_be64(h + 24);
	i->l1_len = get_be32(h + 36);
	i->l1_at = get_be64(h + 40);
	i->rt_at = get_be64(h + 48);
	if (i->bits < BITS_MIN || i->bits > BITS_MAX)
		return cannot(l, "its clusters are smaller than 4 KiB, or larger than 2 MiB");
	if (get_be32(h + 56) > (RT_MAX * 8ULL) >> i->bits || !get_be32(h + 56))
		return bad(l, "its table of reference counts is too large, or empty");
	i->rt_len = get_be32(h + 56) << (i->bits - 3);
	reach = cluster_size(i) * l2_len(i);
	if (i->l1_len > L1_MAX || !i->size || (i->size - 1) / reach >= i->l1_len)
		return bad(l, "its first table does not reach to its end, or is too large");
	return 0;
}

/* --- tables --- */

static int load_counts(struct loader *l)
{
	struct image *i = l->image;
	uint32_t n;
	int ret;

	ret = use_range(l, i->rt_at, (uint64_t)i->rt_len * 8, "its table of reference counts is not there");
	if (!ret)
		ret = read_table(l, i->rt_at, i->rt_len, &i->rt);
	for (n = 0; !ret && n < i->rt_len; n++)
		if (i->rt[n])
			ret = use(l, i->rt[n], "a block of reference counts is not there");
	return ret;
}

/* Only what a write in place may be made to: nobody else has it. */
static int check_entry(struct loader *l, uint64_t *entry)
{
	const uint64_t e = *entry;
	uint64_t known = OFFSET_MASK | COPIED | (l->version == 3 ? ZERO : 0);

	if (e & COMPRESSED)
		return cannot(l, "it has compressed clusters");
	if (e & ~known)
		return bad(l, "an entry of a table has bits that mean nothing");
	if (!(e & OFFSET_MASK))
		return 0;
	if (!(e & COPIED))
		return bad(l, "a cluster is marked as shared");
	return use(l, e & OFFSET_MASK, "a cluster is not there");
}

static int load_l2(struct loader *l, uint32_t n)
{
	struct image *i = l->image;
	uint64_t e = i->l1[n], k;
	int ret = 0;

	if (!e)
		return 0;
	if (e & ~(OFFSET_MASK | COPIED) || !(e & COPIED))
		return bad(l, "an entry of its first table means nothing, or is shared");
	i->l1[n] = e & OFFSET_MASK;
	ret = use(l, i->l1[n], "a table is not there");
	if (!ret)
		ret = read_table(l, i->l1[n], (uint32_t)l2_len(i), &i->l2[n]);
	for (k = 0; !ret && k < l2_len(i); k++)
		ret = check_entry(l, &i->l2[n][k]);
	return ret;
}

static int load_map(struct loader *l)
{
	struct image *i = l->image;
	uint32_t n;
	int ret;

	i->l2 = calloc(i->l1_len, sizeof(*i->l2));
	if (!i->l2)
		return msg_set(l->msg, -ENOMEM, "%s: no memory for its tables", l->path);
	ret = use_range(l, i->l1_at, (uint64_t)i->l1_len * 8, "its first table is not there");
	if (!ret)
		ret = read_table(l, i->l1_at, i->l1_len, &i->l1);
	for (n = 0; !ret && n < i->l1_len; n++)
		ret = load_l2(l, n);
	return ret;
}

/* What is behind the last cluster in use is nobody's: who died had counted it. */
static int cut_tail(const struct loader *l)
{
	struct image *i = l->image;

	i->end = i->counted = (l->last + 1) << i->bits;
	if (i->base.read_only || !ftruncate(i->fd, (off_t)i->end))
		return 0;
	return msg_set(l->msg, -errno, "%s: cannot be written (%s)", l->path, msg_errno(errno));
}

static int load(struct loader *l)
{
	struct stat st;
	int ret;

	if (fstat(l->image->fd, &st) || !S_ISREG(st.st_mode))
		return msg_set(l->msg, -EINVAL, "%s: not a regular file", l->path);
	l->file_size = (uint64_t)st.st_size;
	ret = check_header(l);
	if (!ret)
		ret = take_header(l);
	if (ret)
		return ret;
	l->used = calloc(1, (l->file_size >> l->image->bits) / 8 + 1);
	if (!l->used)
		return msg_set(l->msg, -ENOMEM, "%s: no memory for its tables", l->path);
	ret = use(l, 0, "it has no header");
	if (!ret)
		ret = load_counts(l);
	if (!ret)
		ret = load_map(l);
	free(l->used);
	return ret ? ret : cut_tail(l);
}

/* --- open and close --- */

/* Who gets the lock knows that who had it before has no I/O under way: see backend.h. */
static int open_locked(struct loader *l, const struct backend_config *config)
{
	int flags = O_CLOEXEC | (config->read_only ? O_RDONLY : O_RDWR);

	l->image->fd = open(config->path, flags);
	if (l->image->fd < 0)
		return msg_set(l->msg, -errno, "%s: cannot be opened (%s)", l->path, msg_errno(errno));
	if (!flock(l->image->fd, (config->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB))
		return 0;
	return msg_set(l->msg, -errno, "%s: in use: a process, or I/O of one that died, has its lock (%s)",
		       l->path, msg_errno(errno));
}

static void image_free(struct image *i)
{
	uint32_t n;

	for (n = 0; i->l2 && n < i->l1_len; n++)
		free(i->l2[n]);
	free(i->l2);
	free(i->l1);
	free(i->rt);
	if (i->fd >= 0)
		close(i->fd);
	free(i);
}

int image_open(const struct backend_config *config, struct image **image, struct msg *msg)
{
	struct loader l = { .path = config->path, .msg = msg };
	int ret;

	l.image = calloc(1, sizeof(*l.image));
	if (!l.image)
		return msg_set(msg, -ENOMEM, "%s: no memory", config->path);
	l.image->fd = -1;
	l.image->engine = config->engine;
	l.image->base.read_only = config->read_only;
	ret = open_locked(&l, config);
	if (!ret)
		ret = load(&l);
	if (ret) {
		image_free(l.image);
		return ret;
	}
	*image = l.image;
	return 0;
}

void image_close(struct image *image)
{
	if (!image->base.read_only)
		image_give_back(image);
	image_free(image);
}
