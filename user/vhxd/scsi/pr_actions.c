// SPDX-License-Identifier: GPL-2.0-only
/* What the service actions of PERSISTENT RESERVE OUT do to the table. */
#include "cmd.h"
#include "pr_actions.h"

static bool conflict(struct prout *p)
{
	cmd_status(p->cmd, SCSI_RESERVATION_CONFLICT);
	return false;
}

static bool bad_param(struct prout *p, uint32_t byte, int bit)
{
	cmd_bad_param(p->cmd, (uint16_t)byte, bit);
	return false;
}

static bool nothing_to_do(struct prout *p)
{
	cmd_good(p->cmd);
	return false;
}

static bool check_type(struct prout *p)
{
	if (!p->scope && pr_type_is_valid(p->type))
		return true;
	cmd_bad_cdb(p->cmd, 2, p->scope ? 7 : 3);
	return false;
}

static bool full(struct prout *p)
{
	cmd_sense(p->cmd, SENSE_NO_REGISTRATIONS);
	return false;
}

static bool unregister(struct prout *p)
{
	enum pr_type type = p->new->type;

	pr_remove(p->new, p->self);
	/* The reservation went with its holder: who relied on it must know. */
	if (pr_type_is_shared(type) && !p->new->type)
		p->ua_kept = UA_RES_RELEASED;
	p->new->gen++;
	return true;
}

static const struct scsi_nexus *find_initiator(const struct scsi_unit *unit, uint16_t port,
					       uint64_t id)
{
	const struct scsi_itl *itl;

	list_for_each(itl, &unit->itls, in_unit)
		if (itl->nexus->target->port == port && itl->nexus->id == id)
			return itl->nexus;
	return NULL;
}

/* SPEC_I_PT: others are registered as well, at the port that this came through. */
static bool register_others(struct prout *p)
{
	const struct scsi_nexus *nexus;
	uint32_t at = 28, left;

	left = get_be32(p->list + 24);
	if (left != p->len - at || left % TRANSPORT_ID_LEN)
		return bad_param(p, 24, -1);
	for (; left; left -= TRANSPORT_ID_LEN, at += TRANSPORT_ID_LEN) {
		nexus = find_initiator(p->cmd->task.unit, p->itl->nexus->target->port,
				       transport_id_get(p->list + at));
		if (!nexus)
			return bad_param(p, at, -1);
		if (pr_find(p->new, nexus) < 0 && pr_add(p->new, nexus, p->sa_key) < 0)
			return full(p);
	}
	return true;
}

static bool check_register(struct prout *p)
{
	if (p->all_tg_pt)
		return bad_param(p, 20, 2);
	if (p->spec_i_pt && (p->action != PROUT_REGISTER || p->self >= 0))
		return bad_param(p, 20, 3);
	if (p->aptpl && !p->cmd->task.unit->state)
		return bad_param(p, 20, 0);
	return true;
}

static bool do_register(struct prout *p)
{
	bool ignore = p->action == PROUT_REGISTER_IGNORE;

	if (!ignore && p->key != (p->self < 0 ? 0 : p->new->reg[p->self].key))
		return conflict(p);
	if (!check_register(p))
		return false;
	if (!p->sa_key && p->self < 0)
		return nothing_to_do(p);
	p->new->aptpl = p->aptpl;
	if (!p->sa_key)
		return unregister(p);
	if (p->self >= 0)
		p->new->reg[p->self].key = p->sa_key;
	else if (pr_add(p->new, p->itl->nexus, p->sa_key) < 0)
		return full(p);
	if (p->spec_i_pt && !register_others(p))
		return false;
	p->new->gen++;
	return true;
}

static void set_reservation(struct prout *p)
{
	p->new->type = p->type;
	p->new->holder = pr_type_is_all(p->type) ? -1 : p->self;
}

static bool do_reserve(struct prout *p)
{
	if (!check_type(p))
		return false;
	if (p->new->type) {
		if (!pr_is_holder(p->new, p->self) || p->new->type != p->type)
			return conflict(p);
		return nothing_to_do(p);
	}
	set_reservation(p);
	return true;
}

static bool do_release(struct prout *p)
{
	enum pr_type type = p->new->type;

	if (!check_type(p))
		return false;
	if (!pr_is_holder(p->new, p->self))
		return nothing_to_do(p);
	if (type != p->type) {
		cmd_sense(p->cmd, SENSE_BAD_RELEASE);
		return false;
	}
	p->new->type = PR_NONE;
	p->new->holder = -1;
	if (pr_type_is_shared(type))
		p->ua_kept = UA_RES_RELEASED;
	return true;
}

static bool do_clear(struct prout *p)
{
	while (p->new->nr)
		pr_remove(p->new, (int)p->new->nr - 1);
	p->ua_removed = UA_RES_PREEMPTED;
	p->new->gen++;
	return true;
}

/* Everybody else with this key, or whatever key; how many there were. */
static uint32_t remove_others(struct prout *p, bool any)
{
	uint32_t removed = 0;
	int i;

	for (i = (int)p->new->nr - 1; i >= 0; i--) {
		if (i == p->self || (!any && p->new->reg[i].key != p->sa_key))
			continue;
		pr_remove(p->new, i);
		if (i < p->self)
			p->self--;
		removed++;
	}
	return removed;
}

/* With the holder's key, or none where all have it, it is the reservation that is taken. */
static bool takes_reservation(const struct prout *p)
{
	if (!p->new->type)
		return false;
	if (pr_type_is_all(p->new->type))
		return !p->sa_key;
	return p->new->reg[p->new->holder].key == p->sa_key;
}

static bool do_preempt(struct prout *p)
{
	bool all = pr_type_is_all(p->new->type);
	bool take = takes_reservation(p);
	enum pr_type before = p->new->type;

	if (!check_type(p))
		return false;
	if (!p->sa_key && !take)
		return bad_param(p, 8, -1);
	if (!remove_others(p, take && all) && !take && p->new->reg[p->self].key != p->sa_key)
		return conflict(p);
	if (take) {
		set_reservation(p);
		if (before != p->new->type)
			p->ua_kept = UA_RES_RELEASED;
	}
	p->ua_removed = UA_REG_PREEMPTED;
	p->new->gen++;
	return true;
}

static const struct scsi_nexus *move_to(struct prout *p)
{
	const struct scsi_nexus *to;

	if (p->len != 24 + TRANSPORT_ID_LEN || get_be32(p->list + 20) != TRANSPORT_ID_LEN) {
		cmd_sense(p->cmd, SENSE_PARAM_LENGTH);
		return NULL;
	}
	to = find_initiator(p->cmd->task.unit, get_be16(p->list + 18),
			    transport_id_get(p->list + 24));
	if (to && to != p->itl->nexus)
		return to;
	bad_param(p, 24, -1);
	return NULL;
}

static bool do_move(struct prout *p)
{
	const struct scsi_nexus *to;
	int index;

	if (!pr_is_holder(p->new, p->self) || pr_type_is_all(p->new->type))
		return conflict(p);
	if (!p->sa_key)
		return bad_param(p, 8, -1);
	if (p->aptpl && !p->cmd->task.unit->state)
		return bad_param(p, 17, 0);
	to = move_to(p);
	if (!to)
		return false;
	index = pr_find(p->new, to);
	if (index < 0)
		index = pr_add(p->new, to, p->sa_key);
	if (index < 0)
		return full(p);
	p->new->reg[index].key = p->sa_key;
	p->new->holder = index;
	p->new->aptpl = p->aptpl;
	if (p->unreg)
		pr_remove(p->new, p->self);
	p->new->gen++;
	return true;
}

bool prout_act(struct prout *p)
{
	static bool (*const act[])(struct prout *p) = {
		[PROUT_REGISTER]	= do_register,
		[PROUT_RESERVE]		= do_reserve,
		[PROUT_RELEASE]		= do_release,
		[PROUT_CLEAR]		= do_clear,
		[PROUT_PREEMPT]		= do_preempt,
		[PROUT_PREEMPT_ABORT]	= do_preempt,
		[PROUT_REGISTER_IGNORE]	= do_register,
		[PROUT_MOVE]		= do_move,
	};

	if (p->action != PROUT_REGISTER && p->action != PROUT_REGISTER_IGNORE &&
	    (p->self < 0 || p->new->reg[p->self].key != p->key))
		return conflict(p);
	return act[p->action](p);
}
