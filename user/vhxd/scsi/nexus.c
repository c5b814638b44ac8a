// SPDX-License-Identifier: GPL-2.0-only
/* Initiators, and what they have at each unit. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nexus.h"
#include "pr.h"
#include "state.h"

static struct scsi_itl **slot(struct scsi_nexus *nexus, uint8_t id, uint16_t lun)
{
	struct lun_dir *dir = nexus->dir[id];
	struct scsi_itl ***page;

	if (!dir) {
		dir = calloc(1, sizeof(*dir));
		if (!dir)
			return NULL;
		nexus->dir[id] = dir;
	}
	page = &dir->page[lun / LUN_PAGE];
	if (!*page)
		*page = calloc(LUN_PAGE, sizeof(**page));
	return *page ? *page + lun % LUN_PAGE : NULL;
}

int nexus_attach(struct scsi_nexus *nexus, const struct mapping *m)
{
	struct scsi_itl **at = slot(nexus, m->id, m->lun);
	struct scsi_itl *itl;

	if (!at)
		return -ENOMEM;
	itl = calloc(1, sizeof(*itl));
	if (!itl)
		return -ENOMEM;
	itl->nexus = nexus;
	itl->unit = m->unit;
	itl->target = m->id;
	itl->lun = m->lun;
	*at = itl;
	list_add(&m->unit->itls, &itl->in_unit);
	list_add(&nexus->itls, &itl->in_nexus);
	pr_attach(itl);
	itl->known = state_restore_ua(itl);
	if (!itl->known)
		ua_set(itl, UA_POWER_ON);
	return 0;
}

void nexus_detach(struct scsi_nexus *nexus, uint8_t id, uint16_t lun)
{
	struct scsi_itl *itl = nexus_find(nexus, id, lun);

	if (!itl)
		return;
	*slot(nexus, id, lun) = NULL;
	if (itl->unit->spc2_holder == itl)
		itl->unit->spc2_holder = NULL;
	if (itl->unit->echo_by == itl)
		itl->unit->echo_by = NULL;
	list_del(&itl->in_unit);
	list_del(&itl->in_nexus);
	state_touch(itl->unit);
	free(itl);
}

struct scsi_itl *nexus_at(const struct scsi_nexus *nexus, const struct scsi_unit *unit)
{
	struct scsi_itl *itl;

	list_for_each(itl, &unit->itls, in_unit)
		if (itl->nexus == nexus)
			return itl;
	return NULL;
}

static void free_dirs(struct scsi_nexus *nexus)
{
	uint32_t i, j;

	for (i = 0; i <= SCSI_MAX_TARGET; i++) {
		for (j = 0; nexus->dir[i] && j < LUN_PAGES; j++)
			free(nexus->dir[i]->page[j]);
		free(nexus->dir[i]);
	}
}

static void detach_all(struct scsi_nexus *nexus)
{
	struct scsi_itl *itl, *tmp;

	list_for_each_safe(itl, tmp, &nexus->itls, in_nexus)
		nexus_detach(nexus, itl->target, itl->lun);
}

/* Disks that came while no agent was there: a guest that knows the others has not heard of them. */
static void tell_of_new(struct scsi_nexus *nexus)
{
	struct scsi_itl *itl;
	bool new = false;

	list_for_each(itl, &nexus->itls, in_nexus)
		new = new || !itl->known;
	list_for_each(itl, &nexus->itls, in_nexus) {
		if (!new || !itl->known)
			continue;
		ua_set(itl, UA_LUNS_CHANGED);
		state_flush(itl->unit);
	}
}

int scsi_nexus_create(struct scsi_target *target, const char *name, struct scsi_nexus **nexus)
{
	struct scsi_nexus *n;
	struct mapping *m;
	int ret;

	if (!name_is_sound(name))
		return -EINVAL;
	list_for_each(n, &target->nexuses, in_target)
		if (!strcmp(n->name, name))
			return -EEXIST;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->target = target;
	strcpy(n->name, name);
	n->id = naa_of(name);
	list_init(&n->itls);
	list_for_each(m, &target->mappings, in_target) {
		ret = nexus_attach(n, m);
		if (ret)
			goto err_detach;
	}
	tell_of_new(n);
	list_add(&target->nexuses, &n->in_target);
	*nexus = n;
	return 0;

err_detach:
	detach_all(n);
	free_dirs(n);
	free(n);
	return ret;
}

int scsi_nexus_destroy(struct scsi_nexus *nexus)
{
	struct scsi_itl *itl;
	struct scsi_cmd *cmd;

	list_for_each(itl, &nexus->itls, in_nexus)
		list_for_each(cmd, &itl->unit->tasks, task.node)
			if (cmd->nexus == nexus)
				return -EBUSY;
	detach_all(nexus);
	list_del(&nexus->in_target);
	free_dirs(nexus);
	free(nexus);
	return 0;
}
