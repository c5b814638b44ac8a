// SPDX-License-Identifier: GPL-2.0-only
/* Guests and systemd-machined, see machines.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper.h"
#include "log.h"
#include "machined.h"
#include "machines.h"

#define LOOK_MS		200	/* for VMMs that are not there yet */

enum machine_state {
	MACHINE_WAITS,		/* for its VMM */
	MACHINE_KNOWN,
	MACHINE_REFUSED,	/* and it was said why */
};

struct machine {
	struct machine *next;
	uint32_t cid;
	enum machine_state state;
	char name[KEEPER_NAME];
};

static struct machine *machines;
static bool is_absence_said;

void machines_add(uint32_t cid, const char *name)
{
	struct machine *m;

	machines_remove(cid);
	m = calloc(1, sizeof(*m));
	if (!m)
		return;
	m->cid = cid;
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->next = machines;
	machines = m;
}

static void unregister(const struct machine *m)
{
	struct msg msg;

	if (m->state == MACHINE_KNOWN && machined_unregister(m->name, &msg))
		log_info("%s", msg.text);
}

void machines_remove(uint32_t cid)
{
	struct machine **at = &machines, *m;

	while (*at && (*at)->cid != cid)
		at = &(*at)->next;
	m = *at;
	if (!m)
		return;
	*at = m->next;
	unregister(m);
	free(m);
}

void machines_end(void)
{
	while (machines)
		machines_remove(machines->cid);
}

/* --- those that wait --- */

static bool somebody_waits(void)
{
	const struct machine *m;

	for (m = machines; m; m = m->next)
		if (m->state == MACHINE_WAITS)
			return true;
	return false;
}

static void try_register(struct machine *m, uint32_t leader)
{
	struct msg msg;
	int ret;

	ret = machined_register(m->name, m->cid, leader, &msg);
	m->state = ret ? MACHINE_REFUSED : MACHINE_KNOWN;
	if (!ret)
		return;
	/* Where it is not installed it is not for every guest. */
	if (ret != -ENOENT || !is_absence_said)
		log_warning("%s", msg.text);
	is_absence_said |= ret == -ENOENT;
}

static int on_guest(const struct vhx_vsock_info *guest, void *arg)
{
	struct machine *m;

	(void)arg;
	for (m = machines; m && guest->owner; m = m->next)
		if (m->cid == guest->cid && m->state == MACHINE_WAITS)
			try_register(m, guest->owner);
	return 0;
}

static void look(void)
{
	struct vhx_nl *nl;

	if (vhx_nl__open(&nl))
		return;
	/* What is missed because the list changed is there the next time. */
	vhx_vsock__each(nl, on_guest, NULL);
	vhx_nl__close(nl);
}

bool machines_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	if (somebody_waits())
		look();
	n = poll(&p, 1, somebody_waits() ? LOOK_MS : -1);
	return n > 0;
}
