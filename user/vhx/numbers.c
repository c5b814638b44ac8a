// SPDX-License-Identifier: GPL-2.0-only
/* Numbers on the command line, see numbers.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"

/* Return: 0, with the number and what is behind it. */
static int digits(const char *word, char **end, __u64 *to)
{
	if (!isdigit((unsigned char)*word))
		return -EINVAL;
	errno = 0;
	*to = strtoull(word, end, 10);
	return -errno;
}

int number(const char *word, __u64 max, __u64 *to)
{
	static const char units[] = "kMGT";
	const char *unit;
	unsigned int shift = 0;
	char *end;
	__u64 n;
	int err;

	err = digits(word, &end, &n);
	if (err)
		return err;
	if (*end) {
		unit = strchr(units, *end == 'K' ? 'k' : *end);
		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unit - units + 1);
	}
	if (n > max >> shift)
		return -ERANGE;
	*to = n << shift;
	return 0;
}

int number_range(const char *word, struct vhx_range *to)
{
	__u64 first, last;
	char *end;
	int err;

	err = digits(word, &end, &first);
	if (err)
		return err;
	last = first;
	if (*end == '-')
		err = digits(end + 1, &end, &last);
	if (err || *end || last < first)
		return -EINVAL;
	if (last > UINT32_MAX)
		return -ERANGE;
	*to = (struct vhx_range) { first, last };
	return 0;
}
