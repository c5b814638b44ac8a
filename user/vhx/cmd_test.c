// SPDX-License-Identifier: GPL-2.0-only
/* vhx policy test: a file of test vectors, as TAP or as JSON. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy.h"

struct args {
	const char *file;
	const char *vectors;
	const char *dir;
};

struct tally {
	struct json_object *tests;
	unsigned int passed;
	unsigned int failed;
};

static const struct argp_option options[] = {
	{ "vectors", 'f', "FILE", 0, "The vectors, as the second word", 0 },
	{ "object-dir", 'd', "DIR", 0, "Look for FILE here first", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'f':
		args->vectors = arg;
		return 0;
	case 'd':
		args->dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!args->file)
			args->file = arg;
		else if (!args->vectors)
			args->vectors = arg;
		else
			argp_error(state, "too many words: \"%s\"", arg);
		return 0;
	case ARGP_KEY_END:
		if (!args->file)
			argp_error(state, "which object file?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int on_test(const struct vhx_vec_info *test, void *arg)
{
	struct tally *tally = arg;
	struct json_object *obj;

	if (test->ok)
		tally->passed++;
	else
		tally->failed++;
	if (!opts.json) {
		printf("%sok %u - %s\n", test->ok ? "" : "not ", test->nr, test->name);
		if (!test->ok)
			printf("# %s\n", test->why);
		return 0;
	}
	obj = j_obj();
	j_str(obj, "name", test->name);
	j_num(obj, "line", test->line);
	j_bool(obj, "ok", test->ok);
	j_str(obj, "why", test->ok ? NULL : test->why);
	json_object_array_add(tally->tests, obj);
	return 0;
}

/* NAME.txt beside the policies' sources, or beside the objects where they are installed. */
static int find_vectors(const char *object, char *path, size_t size)
{
	const char *base = strrchr(object, '/');
	const char *dirs[] = { "bpf/vectors", VHX_BPF_DIR "/vectors" };
	size_t i;
	int len;

	base = base ? base + 1 : object;
	len = strcspn(base, ".");
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, size, "%s/%.*s.txt", dirs[i], len, base);
		if (!access(path, R_OK))
			return 0;
	}
	return -ENOENT;
}

static int bail_out(const struct vhx_vec *vec, int err)
{
	const struct vhx_policy *policy = vhx_vec__policy(vec);

	if (!opts.json)
		printf("Bail out! %s\n", vhx_vec__error(vec));
	if (policy && refused_by_verifier(policy, err))
		return fail(RC_FAIL, 0, NULL, "%s", vhx_vec__error(vec));
	return fail(rc_of(err), err, *libbpf_words() ? libbpf_words() : NULL, "%s",
		    vhx_vec__error(vec));
}

static int finish(struct tally *tally)
{
	struct json_object *whole = j_obj();

	j_add(whole, "tests", tally->tests);
	j_num(whole, "passed", tally->passed);
	j_num(whole, "failed", tally->failed);
	if (!out_json(whole)) {
		printf("# %u passed, %u failed\n", tally->passed, tally->failed);
		json_object_put(whole);
	}
	return tally->failed ? RC_FAIL : RC_OK;
}

static int run(const char *object, const char *vectors)
{
	struct tally tally = { 0 };
	struct vhx_vec *vec;
	int err, rc;

	err = vhx_vec__open(&vec, object, vectors);
	if (err) {
		rc = fail(RC_FAIL, err, "bpf/README.md has the grammar", "%s",
			  vec ? vhx_vec__error(vec) : vectors);
		vhx_vec__close(vec);
		return rc;
	}
	if (!opts.json)
		printf("TAP version 13\n1..%u\n", vhx_vec__count(vec));
	tally.tests = j_arr();
	err = vhx_vec__run(vec, on_test, &tally);
	rc = err ? bail_out(vec, err) : finish(&tally);
	if (err)
		json_object_put(tally.tests);
	vhx_vec__close(vec);
	return rc;
}

int cmd_policy_test(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE [VECTORS]",
		.doc = "Run a policy on test vectors; no NIC sees it."
		       "\vWithout VECTORS: bpf/vectors/NAME.txt.",
		.children = common_children,
	};
	char object[PATH_MAX], vectors[PATH_MAX];
	struct args args = { 0 };
	struct vhx_nl *nl;
	int err, rc;

	parse_args(&argp, argc, argv, &args);
	err = vhx_object__find(args.file, args.dir, object, sizeof(object));
	if (err)
		return fail(RC_FAIL, err, NULL, "policy object %s", args.file);
	if (!args.vectors) {
		if (find_vectors(object, vectors, sizeof(vectors)))
			return fail(RC_USAGE, 0, "say which: --vectors FILE",
				    "no vectors for %s", args.file);
		args.vectors = vectors;
	}
	rc = session_open(&nl);
	if (rc)
		return rc;
	vhx_nl__close(nl);
	return run(object, args.vectors);
}
