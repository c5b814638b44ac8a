// SPDX-License-Identifier: GPL-2.0-only
/* Values of the configuration: counts, bytes, words. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

/* strtoull() takes blanks, signs and "0x"; none of these is a number here. */
static int parse_digits(const char *text, const char **end, uint64_t *value)
{
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, (char **)end, 10);
	return errno ? -ERANGE : 0;
}

int conf_parse_count(const char *text, uint64_t max, uint64_t *value, struct msg *msg)
{
	const char *end;

	if (parse_digits(text, &end, value) || *end || *value > max)
		return msg_set(msg, -EINVAL, "\"%s\" is no number from 0 to %" PRIu64, text, max);
	return 0;
}

static int unit_shift(const char *unit)
{
	static const char units[] = "KMGT";
	const char *at;

	if (!*unit)
		return 0;
	at = strchr(units, toupper((unsigned char)*unit));
	if (!at || unit[1])
		return -EINVAL;
	return (int)(at - units + 1) * 10;
}

int conf_parse_bytes(const char *text, uint64_t max, uint64_t *value, struct msg *msg)
{
	const char *end;
	int shift;

	if (parse_digits(text, &end, value))
		goto bad;
	shift = unit_shift(end);
	if (shift < 0 || *value > max >> shift)
		goto bad;
	*value <<= shift;
	return 0;

bad:
	return msg_set(msg, -EINVAL, "\"%s\" is no size up to %" PRIu64 " bytes, such as 512K, 64M or 2G",
		       text, max);
}

int conf_parse_switch(const char *text, bool *value, struct msg *msg)
{
	*value = !strcmp(text, "on");
	if (!*value && strcmp(text, "off"))
		return msg_set(msg, -EINVAL, "\"%.40s\" is neither on nor off", text);
	return 0;
}

int conf_parse_text(const char *text, char *at, uint32_t size, struct msg *msg)
{
	size_t i;

	if (!*text)
		return msg_set(msg, -EINVAL, "there is no value");
	for (i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			return msg_set(msg, -EINVAL, "a value is of printable ASCII characters");
	if (i >= size)
		return msg_set(msg, -ENAMETOOLONG, "\"%.40s%s\" has more than %u characters", text,
			       i > 40 ? "..." : "", size - 1);
	memcpy(at, text, i + 1);
	return 0;
}
