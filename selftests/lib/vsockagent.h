/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest and its agent, both of them the test: what each says, and what each hears. There is one of
 * each.
 */
#ifndef _SELFTEST_VSOCKAGENT_H
#define _SELFTEST_VSOCKAGENT_H

#include <linux/vhx_agent_vsock.h>

#include "msgagent.h"
#include "vsocksib.h"

#define VA_SLOT	8192
#define VA_PEER	80		/* whom the guest asks for */

extern struct msgagent va;		/* to be filled in: its slots, its grace */
extern struct vsockdrv va_drv;
extern struct vhx_vsock_msg va_msg;	/* the last that came, and its bytes */
extern uint8_t va_body[VA_SLOT];
extern uint16_t va_type;		/* of the guest's sockets: VIRTIO_VSOCK_TYPE_* */

/* The agent: the next message, whose slot goes back. Return: its type; 0: none comes for @ms. */
uint32_t va_hears(int ms);
/* The next of a type; others, of credit, are passed over. */
bool va_hears_of(uint32_t type);
void va_says(const struct vhx_vsock_msg *what, const void *data);
void va_say(uint64_t conn, uint16_t type);
/* With @count: TAKEN, RESUME. */
void va_say_count(uint64_t conn, uint16_t type, uint64_t count);
void va_say_data(uint64_t conn, const void *data, uint32_t len);

/* The guest. @flags: of a packet, or of SHUTDOWN */
void va_guest(uint32_t port, uint16_t op, uint32_t flags);
void va_guest_sends(uint32_t port, const void *data, uint32_t len, uint32_t flags);
/* The next packet of a port's is of @op; what says nothing but credit is passed over. */
bool va_comes(uint32_t port, uint16_t op);
bool va_silence(void);

/* It asks, the agent agrees. Return: the agent's number; bails out. */
uint64_t va_connection(uint32_t port);
/* So many bytes come to the agent, as they were sent. */
bool va_arrives(uint64_t conn, const uint8_t *want, uint32_t len);

#endif /* _SELFTEST_VSOCKAGENT_H */
