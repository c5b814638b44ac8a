// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a netdev does to its NIC: it goes, is renamed, or turns out to be another.
 */
#include <linux/netdevice.h>

#include "nic.h"
#include "policy.h"

/**
 * vhx_nic_confirm - a packet came; is it from the netdev the fd spoke of
 * @p: queue pair it came to
 * @dev: netdev it came from
 *
 * A tap that was moved to another namespace keeps its opener's, so a namesake may have been found
 * in its place. Then the NIC is not what its name says, and no policy may be bound by it.
 *
 * Context: the rx queue's handler.
 */
void vhx_nic_confirm(struct vhx_pair *p, const struct net_device *dev)
{
	struct vhx_net_nic *nic;
	bool same;

	p->confirmed = true;
	rcu_read_lock();
	nic = rcu_dereference(p->seat.nic);
	same = !nic || !rcu_access_pointer(nic->dev) ||
	       rcu_access_pointer(nic->dev) == dev;
	if (!same && !READ_ONCE(nic->mismatch)) {
		WRITE_ONCE(nic->mismatch, true);
		vhx_policy_check_later();
	}
	rcu_read_unlock();
}

static void vhx_nic_dev_gone(const struct net_device *dev)
{
	struct vhx_net_nic *nic;

	mutex_lock(&vhx_net_mutex);
	list_for_each_entry(nic, &vhx_nics, node) {
		if (rcu_access_pointer(nic->dev) != dev)
			continue;
		vhx_nic_unhash(nic);
		vhx_policy_match(nic);
	}
	mutex_unlock(&vhx_net_mutex);
}

static void vhx_nic_dev_renamed(const struct net_device *dev)
{
	struct vhx_net_nic *nic;

	mutex_lock(&vhx_net_mutex);
	list_for_each_entry(nic, &vhx_nics, node) {
		if (rcu_access_pointer(nic->dev) != dev)
			continue;
		strscpy(nic->bpf.name, dev->name, sizeof(nic->bpf.name));
		vhx_policy_match(nic);
	}
	mutex_unlock(&vhx_net_mutex);
}

/* Context: rtnl. The core waits a grace period after NETDEV_UNREGISTER before a netdev goes. */
static int vhx_nic_notify(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (event == NETDEV_UNREGISTER)
		vhx_nic_dev_gone(dev);
	else if (event == NETDEV_CHANGENAME)
		vhx_nic_dev_renamed(dev);
	return NOTIFY_DONE;
}

static struct notifier_block vhx_nic_nb = {
	.notifier_call = vhx_nic_notify,
};

/**
 * vhx_nic_watch_init - hear of netdevs
 *
 * Return: 0 or negative.
 */
int __init vhx_nic_watch_init(void)
{
	return register_netdevice_notifier(&vhx_nic_nb);
}

/**
 * vhx_nic_watch_exit - not any more
 */
void vhx_nic_watch_exit(void)
{
	unregister_netdevice_notifier(&vhx_nic_nb);
}
