// SPDX-License-Identifier: GPL-2.0-only
/* The table of persistent reservations. */
#include <stdlib.h>
#include <string.h>

#include "pr.h"

static struct pr_table *alloc(uint32_t room)
{
	struct pr_table *table;

	table = calloc(1, sizeof(*table) + room * sizeof(table->reg[0]));
	if (table) {
		table->room = room;
		table->holder = -1;
	}
	return table;
}

struct pr_table *pr_new(void)
{
	return alloc(0);
}

struct pr_table *pr_copy(const struct pr_table *table, uint32_t more)
{
	uint32_t room = table->nr + more;
	struct pr_table *copy;

	if (room > PR_MAX)
		room = PR_MAX;
	copy = alloc(room);
	if (!copy)
		return NULL;
	memcpy(copy, table, sizeof(*table) + table->nr * sizeof(table->reg[0]));
	copy->room = room;
	return copy;
}

bool pr_type_is_valid(uint8_t type)
{
	return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

bool pr_type_is_all(enum pr_type type)
{
	return type == PR_WRITE_EXCLUSIVE_ALL || type == PR_EXCLUSIVE_ACCESS_ALL;
}

bool pr_type_is_shared(enum pr_type type)
{
	return type >= PR_WRITE_EXCLUSIVE_REGISTRANTS;
}

int pr_find(const struct pr_table *table, const struct scsi_nexus *nexus)
{
	uint32_t i;

	for (i = 0; i < table->nr; i++)
		if (!strcmp(table->reg[i].initiator, nexus->name) &&
		    !strcmp(table->reg[i].wwpn, nexus->target->wwpn))
			return (int)i;
	return -1;
}

int pr_add(struct pr_table *table, const struct scsi_nexus *nexus, uint64_t key)
{
	struct pr_reg *reg;

	if (table->nr == table->room)
		return -1;
	reg = table->reg + table->nr;
	reg->key = key;
	reg->port = nexus->target->port;
	strcpy(reg->initiator, nexus->name);
	strcpy(reg->wwpn, nexus->target->wwpn);
	return (int)table->nr++;
}

void pr_remove(struct pr_table *table, int index)
{
	table->nr--;
	memmove(table->reg + index, table->reg + index + 1,
		(table->nr - (uint32_t)index) * sizeof(table->reg[0]));
	if (table->holder == index || !table->nr) {
		table->holder = -1;
		table->type = PR_NONE;
	} else if (table->holder > index) {
		table->holder--;
	}
}

bool pr_is_holder(const struct pr_table *table, int index)
{
	if (index < 0 || !table->type)
		return false;
	return pr_type_is_all(table->type) || table->holder == index;
}

bool pr_was_done(const struct pr_table *table, const struct pr_done *done)
{
	const struct pr_done *d;

	for (d = table->done; d < table->done + PR_NR_DONE; d++)
		if (d->nexus == done->nexus && d->target == done->target && d->id == done->id &&
		    d->key == done->key && d->sa_key == done->sa_key && d->action == done->action)
			return true;
	return false;
}

void pr_set_done(struct pr_table *table, const struct pr_done *done)
{
	table->done[table->next_done] = *done;
	table->next_done = (table->next_done + 1) % PR_NR_DONE;
}

void pr_attach(struct scsi_itl *itl)
{
	const struct pr_table *table = itl->unit->pr;
	int index = pr_find(table, itl->nexus);

	itl->registered = index >= 0;
	itl->holder = pr_is_holder(table, index);
}
