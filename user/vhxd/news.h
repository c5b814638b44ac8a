/* SPDX-License-Identifier: GPL-2.0-only */
/* What guests are told of their disks without having asked. */
#ifndef _VHXD_NEWS_H
#define _VHXD_NEWS_H

#include "host.h"

/* From now on what changes about a disk is an event for the guest as well. */
void news_watch(struct host *host, struct endpoint *endpoint);

/* The kernel is to answer for targets that are not there, and for no others. */
void news_targets(struct host *host, const struct endpoint *endpoint);

/* A disk is there; it is not any more. */
void news_added(struct host *host, struct endpoint *endpoint, const struct lun *lun);
void news_removed(struct host *host, struct endpoint *endpoint, const struct lun *lun);

/* That happened while no agent was there: by an event; and what went, by attentions at the others. */
void news_found(struct host *host, const struct endpoint *endpoint, const struct lun *lun);
void news_gone(struct host *host, const struct endpoint *endpoint, uint8_t id, uint16_t number);
void news_luns(const struct endpoint *endpoint);

#endif
