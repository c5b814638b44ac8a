// SPDX-License-Identifier: GPL-2.0-only
/* Clusters: which are counted as used, and the next one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "image.h"

/* Counts in a block of them */
static uint64_t block_len(const struct image *image)
{
	return cluster_size(image) / 2;
}

static int count(const struct image *image, uint64_t cluster, uint64_t nr, uint16_t value)
{
	uint8_t b[2 * IMAGE_AHEAD];
	uint64_t block = image->rt[cluster / block_len(image)];
	uint64_t i;

	for (i = 0; i < nr; i++)
		put_be16(b + 2 * i, value);
	return image_write(image, block + cluster % block_len(image) * 2, b, nr * 2);
}

static int grow_to(const struct image *image, uint64_t cluster)
{
	return ftruncate(image->fd, (off_t)(cluster << image->bits)) ? -errno : 0;
}

static int settle(const struct image *image)
{
	return fdatasync(image->fd) ? -errno : 0;
}

/* A block that counts @cluster, which is the first that it counts, and it itself. */
static int add_block(struct image *image, uint64_t cluster)
{
	uint64_t n = cluster / block_len(image), at = cluster << image->bits;
	int ret;

	if (n >= image->rt_len)
		return -ENOSPC;
	ret = grow_to(image, cluster + 1);
	if (ret)
		return ret;
	image->rt[n] = at;
	ret = count(image, cluster, 1, 1);
	if (!ret)
		ret = settle(image);
	if (!ret)
		ret = image_put64(image, image->rt_at + n * 8, at);
	if (ret) {
		image->rt[n] = 0;
		return ret;
	}
	image->end = image->counted = at + cluster_size(image);
	return 0;
}

/* Some are counted at once, so that not each of them waits for stable storage. */
static int count_ahead(struct image *image)
{
	uint64_t cluster = image->counted >> image->bits;
	uint64_t nr;
	int ret = 0;

	if (cluster / block_len(image) >= image->rt_len || !image->rt[cluster / block_len(image)])
		ret = add_block(image, cluster);
	if (ret)
		return ret;
	cluster = image->counted >> image->bits;
	nr = block_len(image) - cluster % block_len(image);
	if (nr > IMAGE_AHEAD)
		nr = IMAGE_AHEAD;
	ret = grow_to(image, cluster + nr);
	if (!ret)
		ret = count(image, cluster, nr, 1);
	if (!ret)
		ret = settle(image);
	if (!ret)
		image->counted += nr << image->bits;
	return ret;
}

int image_take(struct image *image, uint64_t *at)
{
	int ret = 0;

	if (image->end == image->counted)
		ret = count_ahead(image);
	if (ret)
		return ret;
	*at = image->end;
	image->end += cluster_size(image);
	return 0;
}

/* What fails leaves clusters that are counted and not used, which is harmless. */
void image_give_back(struct image *image)
{
	uint64_t cluster = image->end >> image->bits;
	uint64_t nr = (image->counted - image->end) >> image->bits;

	if (nr && count(image, cluster, nr, 0))
		return;
	grow_to(image, cluster);
	image->counted = image->end;
	settle(image);
}
