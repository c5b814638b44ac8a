// SPDX-License-Identifier: GPL-2.0-only
/* Backends by name. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "backend_kinds.h"
#include "bytes.h"

#define MAX_KINDS	16

static const struct backend_ops *kinds[MAX_KINDS] = {
	&backend_file_ops, &backend_block_ops, &backend_null_ops,
};

static const struct backend_ops *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds) && kinds[i]; i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

int backend_register(const struct backend_ops *ops)
{
	size_t i;

	if (ops->abi != BACKEND_ABI || !ops->name || !ops->open || !ops->close ||
	    !ops->submit || !ops->size)
		return -EINVAL;
	if (find(ops->name))
		return -EEXIST;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i])
			continue;
		kinds[i] = ops;
		return 0;
	}
	return -ENOSPC;
}

/* It stays loaded: a backend of it may be open until the end. */
int backend_plugin(const char *path, struct msg *msg)
{
	const struct backend_ops *ops;
	void *object;
	int ret;

	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object)
		return msg_set(msg, -ENOENT, "%s: cannot be loaded: %s", path, dlerror());
	ops = dlsym(object, "vhxd_backend");
	ret = ops ? backend_register(ops) : -ENOEXEC;
	if (!ret)
		return 0;
	dlclose(object);
	return msg_set(msg, ret, "%s: not a backend of ABI %d, or one whose name is taken (%s)",
		       path, BACKEND_ABI, msg_errno(ret));
}

int backend_open(const char *name, const struct backend_config *config,
		 struct backend **backend, struct msg *msg)
{
	const struct backend_ops *ops = find(name);

	if (!ops)
		return msg_set(msg, -ENOENT, "no backend is called \"%s\"", name);
	return ops->open(config, backend, msg);
}

void backend_close(struct backend *backend)
{
	if (backend)
		backend->ops->close(backend);
}
