/* SPDX-License-Identifier: GPL-2.0-only */
/* How the sized structs of <linux/vhx.h> are read. */
#ifndef _VHX_ARGS_H
#define _VHX_ARGS_H

#include <linux/uaccess.h>

/**
 * vhx_args_read - read a struct that begins with its own size
 * @to: the kernel's, of @size bytes
 * @size: its size
 * @min: size in the first version that had it
 * @argp: the user's
 *
 * Return: 0; -EFAULT; -EINVAL shorter than @min; -E2BIG longer, and not zero.
 */
static inline int vhx_args_read(void *to, size_t size, size_t min,
				const void __user *argp)
{
	u32 usize;

	if (get_user(usize, (const u32 __user *)argp))
		return -EFAULT;
	if (usize < min || usize > PAGE_SIZE)
		return usize < min ? -EINVAL : -E2BIG;
	return copy_struct_from_user(to, size, argp, usize);
}

#endif /* _VHX_ARGS_H */
