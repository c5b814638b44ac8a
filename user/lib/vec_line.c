// SPDX-License-Identifier: GPL-2.0-only
/* Test vectors: the words, numbers and bytes that a line is made of. See bpf/README.md. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "vec.h"

#define MAX_COUNT	65535

int vec_fail(struct vhx_vec *vec, unsigned int line, const char *fmt, ...)
{
	va_list args;
	int len;

	len = snprintf(vec->error, sizeof(vec->error), "%s:%u: ", vec->file, line);
	if (len < 0 || (size_t)len >= sizeof(vec->error))
		return -EINVAL;
	va_start(args, fmt);
	vsnprintf(vec->error + len, sizeof(vec->error) - len, fmt, args);
	va_end(args);
	return -EINVAL;
}

static bool is_name(const char *word)
{
	if (!isalpha((unsigned char)*word) && *word != '_')
		return false;
	while (isalnum((unsigned char)*word) || *word == '_')
		word++;
	return !*word;
}

int vec_take_name(struct vec_line *line, const char *word, char *name)
{
	if (!is_name(word) || strlen(word) >= VEC_NAME_LEN)
		return LINE_FAIL(line, "\"%s\" is no name", word);
	strcpy(name, word);
	return 0;
}

int vec_take_number(struct vec_line *line, const char *word, __u32 min, __u32 max, __u32 *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(word, &end, 10);
	if (errno || !isdigit((unsigned char)*word) || *end || value < min || value > max)
		return LINE_FAIL(line, "\"%s\" is no number from %u to %u", word, min, max);
	*number = value;
	return 0;
}

/* --- bytes --- */

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int append(struct bytes *bytes, __u8 byte, size_t count)
{
	__u8 *data;

	if (bytes->len + count > VEC_MAX_BYTES)
		return -ENOSPC;
	data = realloc(bytes->data, bytes->len + count);
	if (!data)
		return -ENOMEM;
	memset(data + bytes->len, byte, count);
	bytes->data = data;
	bytes->len += count;
	return 0;
}

/* A count stands behind a "*" and ends at ":" or at the word's end. NULL: it does not. */
static const char *read_count(const char *at, unsigned long *count)
{
	char *end;

	*count = 1;
	if (*at != '*')
		return at;
	if (!isdigit((unsigned char)at[1]))
		return NULL;
	errno = 0;
	*count = strtoul(at + 1, &end, 10);
	if (errno || !*count || *count > MAX_COUNT || (*end && *end != ':'))
		return NULL;
	return end;
}

int vec_take_bytes(struct vec_line *line, const char *word, struct bytes *bytes)
{
	const char *at = word;
	unsigned long count;
	__u8 byte;

	while (*at) {
		if (hex(at[0]) < 0 || hex(at[1]) < 0)
			return LINE_FAIL(line, "\"%s\": \"%.8s\" is no byte", word, at);
		byte = hex(at[0]) << 4 | hex(at[1]);
		at = read_count(at + 2, &count);
		if (!at)
			return LINE_FAIL(line, "\"%s\": a count is *1 to *%u, and ends the word "
					 "or in \":\"", word, MAX_COUNT);
		if (append(bytes, byte, count))
			return LINE_FAIL(line, "more than %u bytes", VEC_MAX_BYTES);
		if (*at == ':' && !*++at)
			return LINE_FAIL(line, "\"%s\" ends in \":\"", word);
	}
	return 0;
}

/* --- lines --- */

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

static int split(struct vec_line *line, char *text)
{
	char *comment = strchr(text, '#');
	char *save, *word;

	line->nr_words = 0;
	line->comment = NULL;
	if (comment) {
		*comment++ = '\0';
		line->comment = trim(comment);
	}
	for (word = strtok_r(text, " \t\r", &save); word;
	     word = strtok_r(NULL, " \t\r", &save)) {
		if (line->nr_words == VEC_MAX_WORDS)
			return LINE_FAIL(line, "more than %u words", VEC_MAX_WORDS);
		line->words[line->nr_words++] = word;
	}
	return 0;
}

/* A line, and those it goes on in. Return: how many they were, 0 at the file's end. */
static unsigned int read_statement(FILE *in, FILE *out)
{
	unsigned int nr = 0;
	char *text = NULL;
	size_t size = 0;
	bool more = true;
	size_t len;

	while (more && getline(&text, &size, in) > 0) {
		nr++;
		len = strcspn(text, "\n");
		more = len && text[len - 1] == '\\';
		fprintf(out, "%.*s%s", (int)(more ? len - 1 : len), text, more ? " " : "");
	}
	free(text);
	return nr;
}

static int each_line(struct vec_line *line, FILE *in, int (*fn)(struct vec_line *line))
{
	unsigned int nr;
	char *text;
	size_t len;
	FILE *out;
	int err;

	do {
		text = NULL;
		out = open_memstream(&text, &len);
		if (!out)
			return -ENOMEM;
		nr = read_statement(in, out);
		err = fclose(out) ? -ENOMEM : split(line, text);
		if (!err && line->nr_words)
			err = fn(line);
		free(text);
		line->nr += nr;
	} while (nr && !err);
	return err;
}

int vec_each_line(struct vhx_vec *vec, int (*fn)(struct vec_line *line))
{
	struct vec_line *line;
	int err;
	FILE *in;

	in = fopen(vec->file, "re");
	if (!in) {
		err = -errno;
		snprintf(vec->error, sizeof(vec->error), "%s", vec->file);
		return err;
	}
	line = calloc(1, sizeof(*line));
	if (line) {
		line->vec = vec;
		line->nr = 1;
	}
	err = line ? each_line(line, in, fn) : -ENOMEM;
	free(line);
	fclose(in);
	return err;
}
