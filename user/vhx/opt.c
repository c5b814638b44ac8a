// SPDX-License-Identifier: GPL-2.0-only
/* The options every verb takes, and usage errors as JSON where JSON is asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vhx.h"

struct opts opts;

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print JSON", -2 },
	{ "pretty", 'p', NULL, 0, "Print JSON with line breaks", -2 },
	{ "verbose", 'v', NULL, 0, "Say more, twice: also what libbpf says", -2 },
	{ "quiet", 'q', NULL, 0, "No messages but errors", -2 },
	{ 0 },
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	switch (key) {
	case 'p':
		opts.pretty = true;
		opts.json = true;
		return 0;
	case 'j':
		opts.json = true;
		return 0;
	case 'v':
		opts.verbose++;
		return 0;
	case 'q':
		opts.quiet = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp common_argp = { .options = options, .parser = parse_common };

const struct argp_child common_children[] = {
	{ &common_argp, 0, "On every verb:", -1 },
	{ 0 },
};

/* --- usage errors --- */

static FILE *real_stderr;
static char *usage_text;
static size_t usage_len;

bool wants_json(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "--pretty"))
			return true;
		if (argv[i][0] == '-' && argv[i][1] != '-' && strpbrk(argv[i], "jp") &&
		    strspn(argv[i] + 1, "jpvq") == strlen(argv[i] + 1))
			return true;
	}
	return false;
}

/* argp says what is wrong, a colon behind the program's name, and ends the process. */
static void tell_usage(void)
{
	char *text;

	if (!real_stderr)
		return;
	fclose(stderr);
	stderr = real_stderr;
	if (!usage_len)
		return;
	opts.json = true;
	usage_text[strcspn(usage_text, "\n")] = '\0';
	text = strstr(usage_text, ": ");
	fail(RC_USAGE, 0, "vhx help", "%s", text ? text + 2 : usage_text);
}

void parse_args(const struct argp *argp, int argc, char **argv, void *input)
{
	static bool registered;
	FILE *stream;

	stream = opts.json ? open_memstream(&usage_text, &usage_len) : NULL;
	if (stream) {
		if (!registered)
			atexit(tell_usage);
		registered = true;
		real_stderr = stderr;
		stderr = stream;
	}
	argp_parse(argp, argc, argv, 0, NULL, input);
	if (stream) {
		stderr = real_stderr;
		real_stderr = NULL;
		fclose(stream);
		free(usage_text);
	}
}

static error_t parse_word(int key, char *arg, struct argp_state *state)
{
	struct words *words = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (words->nr == words->max)
			argp_error(state, "too many words: \"%s\"", arg);
		else
			words->word[words->nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (words->nr < words->min)
			argp_error(state, "too few words");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void parse_words(const char *args, const char *doc, int argc, char **argv, struct words *words)
{
	const struct argp argp = {
		.parser = parse_word,
		.args_doc = args,
		.doc = doc,
		.children = common_children,
	};

	parse_args(&argp, argc, argv, words);
}
