/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A qcow2 image (docs/interop/qcow2.rst of QEMU), versions 2 and 3: one image, no backing file, no
 * snapshots, no encryption, no compression, no external data. What has one of these, or a feature
 * that is not known, is refused, and so is one in which two clusters are one.
 *
 * All tables are in memory, in the host's byte order. A cluster that is new is taken behind the last
 * one in use, where the file reads as zeroes: so that a table may say that it is there before its data
 * are. What is counted as used is on stable storage before anything points there. An image that was
 * not closed has at most clusters that are counted and not used: behind the last one, where they are
 * taken again.
 */
#ifndef _VHXD_QCOW2_IMAGE_H
#define _VHXD_QCOW2_IMAGE_H

#include "backend.h"

#define IMAGE_AHEAD	16	/* clusters that are counted as used at once */

/**
 * struct image - an open image
 * @bits: of the size of a cluster
 * @size: bytes the guest sees
 * @l1_at, @l1_len: where the file has it, and its entries
 * @l1: where each table of the second level is, 0: none
 * @l2: they, by entry of @l1: where each cluster is
 * @rt_at, @rt_len, @rt: likewise, of the table of blocks of reference counts
 * @end: the first byte that is nobody's
 * @counted: up to here clusters are counted as used
 */
struct image {
	struct backend base;
	struct engine *engine;
	int fd;
	uint32_t bits;
	uint64_t size;
	uint64_t l1_at, rt_at;
	uint32_t l1_len, rt_len;
	uint64_t *l1, *rt;
	uint64_t **l2;
	uint64_t end, counted;
};

/* image.c */
int image_open(const struct backend_config *config, struct image **image, struct msg *msg);
void image_close(struct image *image);

/* map.c: where @off is, 0: nowhere, it reads as zeroes. Up to the end of its cluster. */
uint64_t image_find(const struct image *image, uint64_t off);
/* The same, for a write: there is a cluster then. Negative errno in @err otherwise. */
uint64_t image_make(struct image *image, uint64_t off, int *err);

/* space.c */
int image_take(struct image *image, uint64_t *at);
void image_give_back(struct image *image);

static inline uint64_t cluster_size(const struct image *image)
{
	return 1ULL << image->bits;
}

/* Entries of a table of the second level */
static inline uint64_t l2_len(const struct image *image)
{
	return cluster_size(image) / 8;
}

/* All of it, or -errno */
int image_write(const struct image *image, uint64_t at, const void *data, uint64_t len);
int image_put64(const struct image *image, uint64_t at, uint64_t value);

#endif
