// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine_double.h"

static int64_t result(struct engine_double *d, struct engine_req *req)
{
	struct engine_req part = *req;

	if (d->fail && d->fail_after-- == 0)
		return d->fail;
	if (d->most && req->op <= ENGINE_WRITE && part.len > d->most)
		part.len = d->most;
	return engine_sync_do(&part);
}

static void finish(struct engine_double *d, struct engine_req *req)
{
	req->res = result(d, req);
	req->done(req);
}

static void submit(struct engine *engine, struct engine_req *req)
{
	struct engine_double *d = (struct engine_double *)engine;

	d->nr[req->op]++;
	d->dsyncs += req->dsync;
	if (!d->hold) {
		finish(d, req);
		return;
	}
	if (d->nr_held == DOUBLE_MAX)
		abort();
	d->held[d->nr_held++] = req;
}

static struct engine_req *take(struct engine_double *d, int index)
{
	struct engine_req *req = d->held[index];

	d->nr_held--;
	memmove(d->held + index, d->held + index + 1,
		(size_t)(d->nr_held - index) * sizeof(d->held[0]));
	return req;
}

static void cancel(struct engine *engine, struct engine_req *req)
{
	struct engine_double *d = (struct engine_double *)engine;
	int i;

	d->cancels++;
	for (i = 0; d->cancel && i < d->nr_held; i++) {
		if (d->held[i] != req)
			continue;
		take(d, i);
		req->res = -ECANCELED;
		req->done(req);
		return;
	}
}

static const struct engine_ops ops = { .submit = submit, .cancel = cancel };

void engine_double_init(struct engine_double *d)
{
	memset(d, 0, sizeof(*d));
	d->base.ops = &ops;
}

void engine_double_do(struct engine_double *d, int index)
{
	finish(d, take(d, index));
}

void engine_double_do_all(struct engine_double *d)
{
	while (d->nr_held)
		engine_double_do(d, 0);
}
