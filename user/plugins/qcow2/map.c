// SPDX-License-Identifier: GPL-2.0-only
/* From the guest's bytes to the file's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "image.h"

#define OFFSET_MASK	0x00fffffffffffe00ULL
#define COPIED		(1ULL << 63)
#define ZERO		1ULL

static uint64_t *entry_of(const struct image *image, uint64_t off)
{
	uint64_t cluster = off >> image->bits;
	uint64_t *l2 = image->l2[cluster / l2_len(image)];

	return l2 ? l2 + cluster % l2_len(image) : NULL;
}

uint64_t image_find(const struct image *image, uint64_t off)
{
	const uint64_t *e = entry_of(image, off);

	if (!e || !(*e & OFFSET_MASK) || *e & ZERO)
		return 0;
	return (*e & OFFSET_MASK) + (off & (cluster_size(image) - 1));
}

/* The file has zeroes there: a table of nothing. */
static int make_table(struct image *image, uint64_t n)
{
	uint64_t *l2 = calloc(l2_len(image), 8);
	uint64_t at;
	int ret;

	if (!l2)
		return -ENOMEM;
	ret = image_take(image, &at);
	if (!ret)
		ret = image_put64(image, image->l1_at + n * 8, at | COPIED);
	if (ret) {
		free(l2);
		return ret;
	}
	image->l1[n] = at;
	image->l2[n] = l2;
	return 0;
}

/* A cluster that is kept for when it is written, and reads as zeroes until then, has old bytes. */
static int wipe(const struct image *image, uint64_t at)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	return fallocate(image->fd, mode, (off_t)at, (off_t)cluster_size(image)) ? -errno : 0;
}

static int make_cluster(struct image *image, uint64_t off)
{
	uint64_t cluster = off >> image->bits;
	uint64_t n = cluster / l2_len(image), k = cluster % l2_len(image);
	uint64_t at = image->l2[n][k] & OFFSET_MASK;
	int ret;

	ret = at ? wipe(image, at) : image_take(image, &at);
	if (!ret)
		ret = image_put64(image, image->l1[n] + k * 8, at | COPIED);
	if (!ret)
		image->l2[n][k] = at | COPIED;
	return ret;
}

uint64_t image_make(struct image *image, uint64_t off, int *err)
{
	uint64_t n = (off >> image->bits) / l2_len(image);
	uint64_t at = image_find(image, off);

	*err = 0;
	if (at)
		return at;
	if (!image->l2[n])
		*err = make_table(image, n);
	if (!*err)
		*err = make_cluster(image, off);
	return *err ? 0 : image_find(image, off);
}
