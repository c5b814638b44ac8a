// SPDX-License-Identifier: GPL-2.0-only
/* What was probably meant, and what there is. */
#include <string.h>

#include "out.h"

#define MAX_WORD	64

static int min3(int a, int b, int c)
{
	int min = a < b ? a : b;

	return min < c ? min : c;
}

/* Edits from one word to the other: insert, delete, exchange. */
static int distance(const char *a, const char *b)
{
	int row[MAX_WORD + 1];
	int diagonal, above;
	size_t i, j;

	if (strlen(a) > MAX_WORD || strlen(b) > MAX_WORD)
		return MAX_WORD;
	for (j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (i = 1; i <= strlen(a); i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= strlen(b); j++) {
			above = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[strlen(b)];
}

const char *nearest(const char *word, struct json_object *names)
{
	/* Two typos in a long word, one in a short one. */
	int best = strlen(word) > 4 ? 3 : 2;
	const char *name, *found = NULL;
	size_t i;
	int far;

	for (i = 0; i < json_object_array_length(names); i++) {
		name = json_object_get_string(json_object_array_get_idx(names, i));
		far = distance(word, name);
		if (far < best) {
			best = far;
			found = name;
		}
	}
	return found;
}

int fail_unknown(int rc, const char *what, const char *word, struct json_object *names)
{
	const char *near = nearest(word, names);
	char list[512], hint[640];

	out_format(names, OUT_PLAIN, list, sizeof(list));
	if (!json_object_array_length(names))
		snprintf(hint, sizeof(hint), "there is none at all");
	else if (near)
		snprintf(hint, sizeof(hint), "did you mean %s? there is: %s", near, list);
	else
		snprintf(hint, sizeof(hint), "there is: %s", list);
	return fail(rc, 0, hint, "no %s \"%s\"", what, word);
}
