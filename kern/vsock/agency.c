// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest and its agent, see flow.h: when there is one, when there is a guest, and what a guest asks it
 * for.
 */
#include <linux/ns_common.h>
#include <linux/virtio_vsock.h>

#include "flow.h"
#include "guest.h"

static struct vhx_guest *vhx_agency_guest(struct vhx_correspondent *c)
{
	return container_of(c, struct vhx_guest, agency.c);
}

/* ---- an agent comes, and goes ---- */

static void vhx_agency_up(struct vhx_correspondent *c)
{
	struct vhx_guest *g = vhx_agency_guest(c);
	struct vhx_agency *a = &g->agency;

	mutex_lock(&a->lock);
	a->grace_ms = vhx_endpoint_grace(a->ep);
	vhx_grace_agent(g);
	a->up = true;
	a->hello = true;
	a->bye = vhx_message_get(a->ep);
	vhx_letters_send(g);
	mutex_unlock(&a->lock);
}

/* All flows are over. Context: vhx_agency.lock. */
static void vhx_agency_end_flows(struct vhx_guest *g, bool tell_guest)
{
	struct vhx_flow *f;
	struct hlist_node *next;
	u32 i;

	for (i = 0; i < VHX_FLOWS_HASH; i++)
		hlist_for_each_entry_safe(f, next, &g->agency.ids[i], by_id)
			if (f->state != VHX_FLOW_OVER || !g->agency.up)
				vhx_flow_over(g, f, tell_guest && f->state != VHX_FLOW_OVER);
}

static void vhx_agency_down(struct vhx_correspondent *c)
{
	struct vhx_guest *g = vhx_agency_guest(c);
	struct vhx_agency *a = &g->agency;

	mutex_lock(&a->lock);
	a->up = false;
	if (a->grace_ms)
		vhx_grace_begin(g);
	else
		vhx_agency_end_flows(g, true);
	if (a->bye)
		vhx_message_send(a->bye, 0);
	a->bye = NULL;
	mutex_unlock(&a->lock);
}

static void vhx_agency_room(struct vhx_correspondent *c)
{
	struct vhx_guest *g = vhx_agency_guest(c);

	mutex_lock(&g->agency.lock);
	vhx_letters_send(g);
	mutex_unlock(&g->agency.lock);
}

static int vhx_agency_read(struct vhx_correspondent *c, struct vhx_message *msg, u32 len)
{
	struct vhx_guest *g = vhx_agency_guest(c);

	mutex_lock(&g->agency.lock);
	vhx_letter_read(g, msg, len);
	vhx_letters_send(g);
	mutex_unlock(&g->agency.lock);
	return 0;
}

/* ---- a guest comes, and goes ---- */

/**
 * vhx_agency_init - no agent, no flow
 * @g: guest
 */
void vhx_agency_init(struct vhx_guest *g)
{
	struct vhx_agency *a = &g->agency;

	a->c = (struct vhx_correspondent) {
		.up	= vhx_agency_up,
		.down	= vhx_agency_down,
		.room	= vhx_agency_room,
		.recv	= vhx_agency_read,
	};
	mutex_init(&a->lock);
	INIT_LIST_HEAD(&a->due);
	INIT_LIST_HEAD(&a->asked);
	vhx_grace_init(a);
}

/**
 * vhx_agency_endpoint - the endpoint by which agents know a guest
 * @g: guest
 * @cid: CID that it is about to have
 *
 * Context: process, sleeps.
 * Return: endpoint in the caller's use; as a pointer -EADDRINUSE, -ENOMEM.
 */
struct vhx_endpoint *vhx_agency_endpoint(struct vhx_guest *g, u64 cid)
{
	struct net *net = vhx_space_net(g->net);
	struct vhx_endpoint *ep;
	char name[VHX_ENDPOINT_NAME_LEN];

	if (net_eq(net, &init_net))
		snprintf(name, sizeof(name), "%llu", cid);
	else
		snprintf(name, sizeof(name), "%llu@%u", cid, net->ns.inum);
	ep = vhx_endpoint_use_new(VHX_ENDPOINT_VSOCK, name);
	return ep == ERR_PTR(-EBUSY) ? ERR_PTR(-EADDRINUSE) : ep;
}

/**
 * vhx_agency_join - a guest can be known to an agent
 * @g: guest, which has left the one it had
 * @ep: endpoint in the caller's use, from now on in @g's
 *
 * Context: process, sleeps; the device's lock.
 */
void vhx_agency_join(struct vhx_guest *g, struct vhx_endpoint *ep)
{
	mutex_lock(&g->agency.lock);
	g->agency.ep = ep;
	mutex_unlock(&g->agency.lock);
	vhx_endpoint_correspond(ep, &g->agency.c);
}

/* It is told so in any case: a slot was kept for it. Context: vhx_agency.lock. */
static void vhx_agency_bye(struct vhx_agency *a)
{
	const struct vhx_vsock_msg m = { .type = VHX_VSOCK_MSG_GUEST };

	if (!a->bye)
		return;
	memcpy(vhx_message_data(a->bye), &m, sizeof(m));
	vhx_message_send(a->bye, sizeof(m));
	a->bye = NULL;
}

/**
 * vhx_agency_leave - a guest has no agent any more
 * @g: guest; that it has none is fine
 *
 * Context: process, sleeps; the device's lock, or the last reference.
 */
void vhx_agency_leave(struct vhx_guest *g)
{
	struct vhx_agency *a = &g->agency;
	struct vhx_endpoint *ep = a->ep;

	if (!ep)
		return;
	vhx_endpoint_correspond(ep, NULL);
	mutex_lock(&a->lock);
	a->up = false;
	vhx_grace_end(g, true);
	vhx_agency_end_flows(g, true);
	vhx_agency_bye(a);
	a->ep = NULL;
	mutex_unlock(&a->lock);
	vhx_endpoint_unuse(ep);
}

/**
 * vhx_agency_reset - a guest began anew, and knows of no flow any more
 * @g: guest
 *
 * Context: process, sleeps.
 */
void vhx_agency_reset(struct vhx_guest *g)
{
	mutex_lock(&g->agency.lock);
	vhx_agency_end_flows(g, false);
	vhx_letters_send(g);
	mutex_unlock(&g->agency.lock);
}

/* ---- packets ---- */

/**
 * vhx_agency_has_room - may a guest have another flow?
 * @g: guest
 *
 * Its connections with other guests count, too.
 *
 * Context: vhx_agency.lock.
 */
bool vhx_agency_has_room(const struct vhx_guest *g)
{
	return g->agency.nflows + READ_ONCE(g->nconns) < vhx_limit(&g->limits, VHX_LIMIT_CONNS);
}

/* Context: vhx_agency.lock. Return: the flow that is asked for; NULL it cannot be. */
static struct vhx_flow *vhx_agency_ask_for(struct vhx_guest *g, const struct vhx_pkt_hdr *h)
{
	struct vhx_agency *a = &g->agency;
	struct vhx_flow *f;
	const u16 type = le16_to_cpu(h->type);

	if (!(a->up || a->waiting) || (type != VHX_PKT_STREAM && type != VHX_PKT_SEQPACKET))
		return NULL;
	/* Who asks too much, and gets no answers, asks for the oldest no more. */
	if (a->nasked && a->nasked >= vhx_limit(&g->limits, VHX_LIMIT_PENDING))
		vhx_flow_over(g, list_first_entry(&a->asked, struct vhx_flow, asked), true);
	if (!vhx_agency_has_room(g)) {
		vhx_guest_count(g, VHX_VSOCK_STAT_REFUSED);
		return NULL;
	}
	f = vhx_flow_new(g, VHX_FLOW_ASKED);
	if (!f)
		return NULL;
	f->type = type;
	f->guest_port = le32_to_cpu(h->src_port);
	f->peer_cid = le64_to_cpu(h->dst_cid);
	f->peer_port = le32_to_cpu(h->dst_port);
	f->credit = vhx_flow_room(h);
	vhx_flow_add(g, f);
	return f;
}

/**
 * vhx_agency_ask - a guest asks its agent for a connection
 * @g: guest
 * @h: header of its packet
 * @skb: packet; taken if the agent is asked, or was
 *
 * Context: the handler of its queue, sleeps.
 * Return: whether @skb was taken.
 */
bool vhx_agency_ask(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	struct vhx_flow *f;
	bool taken = true;

	mutex_lock(&g->agency.lock);
	f = vhx_flow_find(g, h);
	if (f) {
		/* Once more: the same, or it makes no sense. */
		vhx_flow_recv(g, f, h, skb);
	} else {
		f = vhx_agency_ask_for(g, h);
		if (f)
			vhx_flow_tell(g, f, VHX_FLOW_TELL_ASKED);
		taken = f;
	}
	vhx_letters_send(g);
	mutex_unlock(&g->agency.lock);
	if (taken)
		kfree_skb(skb);
	return taken;
}

/**
 * vhx_agency_recv - a packet of a guest's that may be of a flow
 * @g: guest
 * @h: its header
 * @skb: packet; taken if there is such a flow
 *
 * Context: the handler of its queue, sleeps.
 * Return: whether there is.
 */
bool vhx_agency_recv(struct vhx_guest *g, const struct vhx_pkt_hdr *h, struct sk_buff *skb)
{
	struct vhx_flow *f;
	bool kept = false;

	mutex_lock(&g->agency.lock);
	f = vhx_flow_find(g, h);
	if (f) {
		kept = vhx_flow_recv(g, f, h, skb);
		vhx_letters_send(g);
	}
	mutex_unlock(&g->agency.lock);
	if (f && !kept)
		kfree_skb(skb);
	return f;
}
