/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _VHX_CLI_SELFTEST_H
#define _VHX_CLI_SELFTEST_H

#include <stddef.h>

/**
 * self_test() - send frames through a node and compare what comes out
 * @node: a vhost-net node
 * @why: out: what went wrong
 * @size: of @why
 *
 * Ring, tap and network namespace are the test's own; nothing of the host is touched.
 *
 * Return: 0; a negative errno.
 */
int self_test(const char *node, char *why, size_t size);

#endif
