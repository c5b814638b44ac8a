/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two guests with manners, and a connection of each kind: with the host, with each other, with an
 * agent. What a test does to others may not harm any.
 */
#ifndef _SELFTEST_VSOCKGOOD_H
#define _SELFTEST_VSOCKGOOD_H

#include <stdbool.h>

#include "vsocksib.h"

#define GOOD_AGENT_PORT	80	/* of the host's, whose connections are the agent's */

/* Routes of all kinds, the guests, which are SIB_A and SIB_B, and the connections; bails out. */
void good_begin(int listener);
/* A byte each way on each. Return: is all well? */
bool good_unharmed(void);
/* Each connection ends as it should, and the guests go. */
bool good_end(void);

#endif /* _SELFTEST_VSOCKGOOD_H */
