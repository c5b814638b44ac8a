/* SPDX-License-Identifier: GPL-2.0-only */
/* vhx doctor: a list of findings, and who adds to it. */
#ifndef _VHX_CLI_DOCTOR_H
#define _VHX_CLI_DOCTOR_H

#include "out.h"

enum verdict {
	FINE,		/* ok */
	DOUBT,		/* warn: works, but somebody should know */
	WRONG,		/* bad: something does not work */
	UNKNOWN,	/* skip: it cannot be found out */
};

/**
 * found() - add a finding
 * @list: the findings
 * @check: what was looked at, one word
 * @verdict: how it is
 * @mend: the command or deed that mends it, NULL for none
 * @fmt: what was found
 */
void found(struct json_object *list, const char *check, enum verdict verdict, const char *mend,
	   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* doctor_host.c: kernel, modules, nodes, permissions */
void check_host(struct json_object *list);

/* doctor_nic.c: NICs, policies, and who uses them */
void check_nics(struct json_object *list);

/* doctor_agent.c: agents, and guests that wait for one */
void check_agents(struct json_object *list);

/* doctor_vdpa.c: the vDPA bus, and devices of it that are vhx_vdpa's */
void check_vdpas(struct json_object *list);

/* doctor_proc.c: processes that have a vhost or a tap open */
struct holder {
	int pid;
	char comm[32];
	unsigned int vhx;	/* fds of /dev/vhx-net */
	unsigned int in_tree;	/* fds of /dev/vhost-net */
	struct json_object *taps;	/* names, each once */
};

/* Call @fn for each process that holds a vhost node or a tap and that may be looked at. */
void each_holder(void (*fn)(const struct holder *holder, void *arg), void *arg);

#endif
