/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of vhx policy share. */
#ifndef _VHX_CLI_POLICY_H
#define _VHX_CLI_POLICY_H

#include "out.h"

#define MAX_KNOBS	64

/* Options of load and replace. */
struct load_args {
	const char *target;	/* replace: the policy */
	const char *file;
	const char *nic;
	const char *name;
	const char *dir;
	const char *without;	/* an operation */
	const char *knobs[MAX_KNOBS];
	int nr_knobs;
	__u32 nic_id;
	__u32 max_errors;
	bool required;
	bool keep_maps;
	bool no_pin;
	bool no_shim;
	bool replace;
};

void parse_load_args(int argc, char **argv, struct load_args *args);

/* Open the object an argument stands for, or say why not. Return: RC_OK or an exit code. */
int open_object(const char *name, const char *dir, struct vhx_policy **policy);

/* A library call on a policy failed: say what, why, what to do; the verifier's last lines. */
int policy_failed(const struct vhx_policy *policy, const char *what, int err);

/* Whether the verifier had a word; then its last lines, or with -v all of them, go to stderr. */
bool refused_by_verifier(const struct vhx_policy *policy, int err);

/*
 * Attach the shim to the multiqueue taps among @nics (an array of ids), or detach it. Says what
 * it did; that a tap cannot have it is no failure. Return: what was done, for JSON.
 */
struct json_object *shim_nics(struct vhx_nl *nl, struct json_object *nics, bool on,
			      const char *dir);

/* The same for one, by hand: here it is a failure. Return: RC_OK or an exit code. */
int shim_nic(struct json_object *nic, bool on, const char *dir);

#endif
