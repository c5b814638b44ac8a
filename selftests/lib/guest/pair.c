// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue pair on a vhost-net fd, see pair.h.
 */
#include <stdlib.h>
#include <string.h>

#include "pair.h"

const char *guest_node(void)
{
	const char *node = getenv("VHX_NET");

	return node && *node ? node : "/dev/vhx-net";
}

bool guest_is_vhx(void)
{
	return !strstr(guest_node(), "vhost-net");
}

int pair_open(struct guest *g, struct mem *m, uint64_t features, uint32_t num)
{
	const struct guest_opt opt = {
		.node = guest_node(),
		.features = features,
		.num = num,
		.nvq = 2,
	};

	return guest_open(g, m, &opt);
}

int guest_set_backend(struct guest *g, unsigned int i, int fd)
{
	return guest_set_file(g, VHOST_NET_SET_BACKEND, i, fd);
}

int guest_start(struct guest *g, int backend)
{
	int r = guest_set_backend(g, RX, backend);

	return r ? r : guest_set_backend(g, TX, backend);
}

int guest_stop(struct guest *g)
{
	int r = guest_set_backend(g, RX, -1);

	return r ? r : guest_set_backend(g, TX, -1);
}
