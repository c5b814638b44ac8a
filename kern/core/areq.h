/* SPDX-License-Identifier: GPL-2.0-only */
/* Between aq.c, areq.c and detach.c: the steps of a request. */
#ifndef _VHX_AREQ_H
#define _VHX_AREQ_H

struct vhx_aq;
struct vhx_areq;
struct vhx_session;

int vhx_areq_start(struct vhx_areq *req, struct vhx_session *s);
int vhx_areq_land(struct vhx_areq *req);
void vhx_aq_leave(struct vhx_aq *aq, struct vhx_session *s);
void vhx_areq_free_spares(struct vhx_aq *aq);

#endif /* _VHX_AREQ_H */
