// SPDX-License-Identifier: GPL-2.0-only
/* Output: JSON as it is, and text as a view of it. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out.h"

#define CELL_LEN	256
#define RED		"\033[31m"
#define GREEN		"\033[32m"
#define YELLOW		"\033[33m"
#define BOLD		"\033[1m"
#define PLAIN		"\033[0m"

struct json_object *j_obj(void)
{
	return json_object_new_object();
}

struct json_object *j_arr(void)
{
	return json_object_new_array();
}

void j_add(struct json_object *obj, const char *key, struct json_object *value)
{
	json_object_object_add(obj, key, value);
}

void j_str(struct json_object *obj, const char *key, const char *value)
{
	j_add(obj, key, value ? json_object_new_string(value) : NULL);
}

void j_num(struct json_object *obj, const char *key, __u64 value)
{
	j_add(obj, key, json_object_new_uint64(value));
}

void j_bool(struct json_object *obj, const char *key, bool value)
{
	j_add(obj, key, json_object_new_boolean(value));
}

/* Bit masks: a JSON number has 53 bits in most readers. */
void j_hex(struct json_object *obj, const char *key, __u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", value);
	j_str(obj, key, text);
}

struct json_object *j_get(struct json_object *obj, const char *path)
{
	const char *dot = strchrnul(path, '.');
	struct json_object *value = NULL;
	char key[64];

	snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
	if (!json_object_object_get_ex(obj, key, &value) || !*dot)
		return value;
	return j_get(value, dot + 1);
}

const char *j_get_str(struct json_object *obj, const char *path)
{
	struct json_object *value = j_get(obj, path);

	return value ? json_object_get_string(value) : "";
}

__u64 j_get_num(struct json_object *obj, const char *path)
{
	return json_object_get_uint64(j_get(obj, path));
}

bool j_get_bool(struct json_object *obj, const char *path)
{
	return json_object_get_boolean(j_get(obj, path));
}

bool out_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

bool out_json(struct json_object *value)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (!opts.json)
		return false;
	if (opts.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(value, flags));
	fflush(stdout);
	json_object_put(value);
	return true;
}

/* --- values as text --- */

static void scale(double value, double step, const char *const *units, size_t nr, char *buf,
		  size_t size)
{
	size_t i = 0;

	while (value >= step && i + 1 < nr) {
		value /= step;
		i++;
	}
	/* Small numbers are exact, large ones have three digits that matter. */
	snprintf(buf, size, i && value < 100 ? "%.1f%s" : "%.0f%s", value, units[i]);
}

static void format_number(double value, enum out_kind kind, char *buf, size_t size)
{
	static const char *const counts[] = { "", "k", "M", "G", "T", "P" };
	static const char *const bytes[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB" };
	static const char *const bits[] = { " bit/s", " kbit/s", " Mbit/s", " Gbit/s" };
	static const char *const times[] = { " ns", " us", " ms", " s" };

	switch (kind) {
	case OUT_COUNT:
		if (value < 100000)
			snprintf(buf, size, "%.0f", value);
		else
			scale(value, 1000, counts, ARRAY_SIZE(counts), buf, size);
		return;
	case OUT_BYTES:
		scale(value, 1024, bytes, ARRAY_SIZE(bytes), buf, size);
		return;
	case OUT_BITS:
		scale(value, 1000, bits, ARRAY_SIZE(bits), buf, size);
		return;
	case OUT_NS:
		scale(value, 1000, times, ARRAY_SIZE(times), buf, size);
		return;
	default:
		snprintf(buf, size, "%.15g", value);
	}
}

static void format_ago(__u64 boot_ns, char *buf, size_t size)
{
	struct timespec now;
	long long s;

	clock_gettime(CLOCK_BOOTTIME, &now);
	s = now.tv_sec - (long long)(boot_ns / 1000000000);
	if (s < 120)
		snprintf(buf, size, "%lld s ago", s > 0 ? s : 0);
	else if (s < 7200)
		snprintf(buf, size, "%lld min ago", s / 60);
	else
		snprintf(buf, size, "%lld h ago", s / 3600);
}

/* Names come from other people's processes; a terminal shall not obey them. */
static void copy_printable(const char *text, char *buf, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		buf[i] = iscntrl((unsigned char)text[i]) ? '?' : text[i];
	buf[i] = '\0';
}

static void format_array(struct json_object *array, enum out_kind kind, char *buf, size_t size)
{
	size_t nr = json_object_array_length(array);
	size_t at = 0;
	char cell[CELL_LEN];
	size_t i;

	snprintf(buf, size, "-");
	for (i = 0; i < nr && at < size; i++) {
		out_format(json_object_array_get_idx(array, i), kind, cell, sizeof(cell));
		at += snprintf(buf + at, size - at, "%s%s", i ? " " : "", cell);
	}
}

const char *out_format(struct json_object *value, enum out_kind kind, char *buf, size_t size)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		snprintf(buf, size, "-");
		break;
	case json_type_boolean:
		snprintf(buf, size, json_object_get_boolean(value) ? "yes" : "no");
		break;
	case json_type_int:
		if (kind == OUT_AGO)
			format_ago(json_object_get_uint64(value), buf, size);
		else if (kind == OUT_PLAIN)
			snprintf(buf, size, "%llu",
				 (unsigned long long)json_object_get_uint64(value));
		else
			format_number(json_object_get_uint64(value), kind, buf, size);
		break;
	case json_type_double:
		format_number(json_object_get_double(value), kind, buf, size);
		break;
	case json_type_array:
		format_array(value, kind, buf, size);
		break;
	default:
		copy_printable(json_object_get_string(value), buf, size);
	}
	return buf;
}

/* --- tables and records --- */

static const char *colour_of(const char *word)
{
	static const struct {
		const char *word;
		const char *colour;
	} colours[] = {
		{ "live", GREEN }, { "ok", GREEN }, { "steering", GREEN },
		{ "closed", RED }, { "broken", RED }, { "bad", RED }, { "mismatch", RED },
		{ "gone", RED }, { "stalled", RED }, { "fenced", YELLOW }, { "drained", YELLOW }, { "waiting", YELLOW }, { "warn", YELLOW }, { "paused", YELLOW },
		{ "suspended", YELLOW },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(colours); i++)
		if (!strcmp(colours[i].word, word))
			return colours[i].colour;
	return NULL;
}

static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       json_object_is_type(value, json_type_double);
}

/* Width that the eye sees: UTF-8 continuation bytes have none. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void put_cell(const char *text, int width, bool right, bool last, const char *colour)
{
	int pad = width - width_of(text);

	if (right)
		printf("%*s", pad > 0 ? pad : 0, "");
	printf("%s%s%s", colour ?: "", text, colour ? PLAIN : "");
	if (!right && !last)
		printf("%*s", pad > 0 ? pad : 0, "");
	fputs(last ? "\n" : "  ", stdout);
}

struct layout {
	int width;
	bool right;
};

static void measure(struct json_object *rows, const struct out_col *col, struct layout *layout)
{
	size_t nr = json_object_array_length(rows);
	struct json_object *value;
	char cell[CELL_LEN];
	int width;
	size_t i;

	layout->width = width_of(col->head);
	layout->right = false;
	for (i = 0; i < nr; i++) {
		value = j_get(json_object_array_get_idx(rows, i), col->key);
		width = width_of(out_format(value, col->kind, cell, sizeof(cell)));
		if (width > layout->width)
			layout->width = width;
		if (is_number(value) && col->kind != OUT_AGO)
			layout->right = true;
	}
}

static void put_row(struct json_object *row, const struct out_col *cols,
		    const struct layout *layout, size_t nr)
{
	const char *colour;
	char cell[CELL_LEN];
	size_t i;

	for (i = 0; i < nr; i++) {
		out_format(j_get(row, cols[i].key), cols[i].kind, cell, sizeof(cell));
		colour = cols[i].kind == OUT_STATE && out_colours() ? colour_of(cell) : NULL;
		put_cell(cell, layout[i].width, layout[i].right, i + 1 == nr, colour);
	}
}

void out_table(struct json_object *rows, const struct out_col *cols, size_t nr)
{
	size_t nr_rows = json_object_array_length(rows);
	struct layout layout[nr];
	size_t i;

	if (!nr_rows)
		return;
	for (i = 0; i < nr; i++)
		measure(rows, &cols[i], &layout[i]);
	for (i = 0; i < nr; i++)
		put_cell(cols[i].head, layout[i].width, layout[i].right, i + 1 == nr,
			 out_colours() ? BOLD : NULL);
	for (i = 0; i < nr_rows; i++)
		put_row(json_object_array_get_idx(rows, i), cols, layout, nr);
}

void out_record(struct json_object *obj, const struct out_col *cols, size_t nr)
{
	const char *colour;
	char cell[1024];
	int width = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		if (width_of(cols[i].head) > width)
			width = width_of(cols[i].head);
	for (i = 0; i < nr; i++) {
		out_format(j_get(obj, cols[i].key), cols[i].kind, cell, sizeof(cell));
		colour = cols[i].kind == OUT_STATE && out_colours() ? colour_of(cell) : NULL;
		put_cell(cols[i].head, width, false, false, NULL);
		put_cell(cell, 0, false, true, colour);
	}
}

void out_title(const char *title)
{
	printf("\n%s%s%s\n", out_colours() ? BOLD : "", title, out_colours() ? PLAIN : "");
}
