// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest WWPN [BLOCK [arrives]]: a guest at an endpoint that an agent serves, for scripts. It reads a
 * line, and says one. AT is ID.LUN; BLOCK is the bytes of a logical block, 512 by default; one that
 * arrives comes by migration: its rings do not stand at their beginning.
 *
 *	ready AT			TEST UNIT READY
 *	capacity AT			its blocks
 *	write AT LBA BLOCKS SEED	each word of these tells where it is, and SEED
 *	read AT LBA BLOCKS SEED		"good" if that is what is there, else "differs at BYTE";
 *					SEED "zero": zeroes; "any": whatever is there
 *	unmap AT LBA BLOCKS
 *	same AT LBA BLOCKS [unmap]	WRITE SAME of zeroes
 *	sync AT
 *	reserve AT, release AT		as of SPC-2
 *	stop AT, spin AT		START STOP UNIT
 *	register AT KEY			PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY
 *	keys AT				PERSISTENT RESERVE IN: how many, and the first
 *	write-through AT		MODE SELECT: no cache
 *	start NAME COMMAND...		one of these, without waiting: "started"
 *	wait NAME			how it ended; "not yet" when it takes longer than some seconds
 *	over NAME			"yes", or "no"
 *	abort NAME, reset AT		a task management function: "complete", or its response
 *	reset-nexus AT			another
 *	event				the next event: "EVENT REASON ID.LUN", "missed", or "none"
 *
 * A command ends as "good", "good residual N", "check KEY ASC/ASCQ", "status N", or "response N".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scsidrv.h"
#include "tap.h"

#define WAIT		20000
#define DATA_MAX	(1u << 20)
#define NAMES		16
#define WORDS		8

/**
 * struct order - a command, and what is to come of it
 * @name: NULL without
 * @data: in the guest's memory, a page's beginning
 * @sg: what of it is sent
 */
struct order {
	char name[16];
	bool used;
	struct scsicmd cmd;
	uint8_t *data;
	struct sg sg;
	uint64_t lba;
	uint32_t len;
	char want[16];
};

static struct scsidrv drv;
static struct order orders[NAMES];
static uint32_t block = 512;

static void put_be(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (; bytes; v >>= 8)
		p[--bytes] = v;
}

static uint64_t get_be(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

/* ---- data ---- */

static void expected(const struct order *o, uint8_t *to)
{
	const uint64_t seed = strtoull(o->want, NULL, 0);
	uint32_t i;
	uint64_t word;

	for (i = 0; i < o->len; i += 8) {
		word = strcmp(o->want, "zero") ? (o->lba * block + i) ^ seed << 48 : 0;
		memcpy(to + i, &word, 8);
	}
}

static void check_data(const struct order *o)
{
	static uint8_t want[DATA_MAX];
	uint32_t i;

	expected(o, want);
	for (i = 0; i < o->len; i++)
		if (o->data[i] != want[i])
			break;
	if (i == o->len || !strcmp(o->want, "any"))
		printf("good\n");
	else
		printf("differs at %u\n", i);
}

/* ---- how a command ended ---- */

static void say_sense(const struct virtio_scsi_cmd_resp *r)
{
	const uint8_t *s = r->sense;
	const bool desc = (s[0] & 0x7e) == 0x72;

	if (desc)
		printf("check %x %02x/%02x\n", s[1] & 0xf, s[2], s[3]);
	else
		printf("check %x %02x/%02x\n", s[2] & 0xf, s[12], s[13]);
}

static void say(const struct order *o)
{
	const struct virtio_scsi_cmd_resp *r = &o->cmd.resp;
	const uint8_t op = o->cmd.cdb[0];

	if (o->cmd.broken)
		printf("broken\n");
	else if (r->response)
		printf("response %u\n", r->response);
	else if (r->status == 2)
		say_sense(r);
	else if (r->status)
		printf("status %u\n", r->status);
	else if (op == 0x5e)
		printf("%" PRIu64 " %" PRIu64 "\n", get_be(o->data + 4, 4) / 8,
		       get_be(o->data + 8, 8));
	else if (op == 0x9e)
		printf("%" PRIu64 "\n", get_be(o->data, 8) + 1);
	else if (r->resid)
		printf("good residual %u\n", r->resid);
	else if (op == 0x88)
		check_data(o);
	else
		printf("good\n");
}

/* ---- commands ---- */

static bool parse_at(const char *text, uint8_t *target, uint16_t *lun)
{
	char *end;

	if (!text)
		return false;
	*target = strtoul(text, &end, 10);
	if (*end != '.')
		return false;
	*lun = strtoul(end + 1, &end, 10);
	return !*end;
}

static void send_data(struct order *o, uint32_t len)
{
	o->sg = (struct sg) { mem_gpa(&drv.mem, o->data), len };
	o->cmd.out_sg = &o->sg;
	o->cmd.out_nsg = !!len;
}

static void fill_unmap(struct order *o, uint32_t blocks)
{
	memset(o->data, 0, 24);
	put_be(o->data, 22, 2);
	put_be(o->data + 2, 16, 2);
	put_be(o->data + 8, o->lba, 8);
	put_be(o->data + 16, blocks, 4);
	o->cmd.cdb[0] = 0x42;
	o->cmd.cdb[8] = 24;
	send_data(o, 24);
}

static void fill_same(struct order *o, uint32_t blocks, const char *unmap)
{
	memset(o->data, 0, block);
	o->cmd.cdb[0] = 0x93;
	o->cmd.cdb[1] = unmap && !strcmp(unmap, "unmap") ? 0x08 : 0;
	put_be(o->cmd.cdb + 2, o->lba, 8);
	put_be(o->cmd.cdb + 10, blocks, 4);
	send_data(o, block);
}

static void fill_write_through(struct order *o)
{
	static const uint8_t page[] = { 0, 0, 0, 0, 0x08, 18 };

	memset(o->data, 0, 24);
	memcpy(o->data, page, sizeof(page));
	o->cmd.cdb[0] = 0x15;
	o->cmd.cdb[1] = 0x10;
	o->cmd.cdb[4] = 24;
	send_data(o, 24);
}

static void fill_register(struct order *o, const char *key)
{
	memset(o->data, 0, 24);
	put_be(o->data + 8, key ? strtoull(key, NULL, 0) : 0, 8);
	o->cmd.cdb[0] = 0x5f;
	o->cmd.cdb[1] = 6;
	o->cmd.cdb[8] = 24;
	send_data(o, 24);
}

static void fill_keys(struct order *o)
{
	memset(o->data, 0, 64);
	o->cmd.cdb[0] = 0x5e;
	o->cmd.cdb[8] = 64;
	o->cmd.in = o->data;
	o->cmd.in_len = 64;
}

/* Those that are a CDB and nothing else. */
static bool fill_plain(struct order *o, const char *word)
{
	static const struct {
		const char *word;
		uint8_t op, start;
	} plain[] = {
		{ "reserve", 0x16, 0 }, { "release", 0x17, 0 }, { "stop", 0x1b, 0 },
		{ "spin", 0x1b, 1 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(word, plain[i].word))
			continue;
		o->cmd.cdb[0] = plain[i].op;
		o->cmd.cdb[4] = plain[i].start;
		return true;
	}
	return false;
}

/* With an address and a number of blocks. */
static bool fill_media(struct order *o, char **word, int n)
{
	const uint32_t blocks = n > 3 ? strtoul(word[3], NULL, 0) : 0;

	if (n < 4 || blocks > DATA_MAX / block)
		return false;
	o->lba = strtoull(word[2], NULL, 0);
	o->len = blocks * block;
	snprintf(o->want, sizeof(o->want), "%s", n > 4 ? word[4] : "0");
	if (!strcmp(word[0], "write")) {
		scsicmd_write(&o->cmd, o->lba, blocks);
		expected(o, o->data);
		send_data(o, o->len);
	} else if (!strcmp(word[0], "read")) {
		scsicmd_read(&o->cmd, o->lba, blocks);
		o->cmd.in = o->data;
		o->cmd.in_len = o->len;
	} else if (!strcmp(word[0], "unmap")) {
		fill_unmap(o, blocks);
	} else if (!strcmp(word[0], "same")) {
		fill_same(o, blocks, n > 4 ? word[4] : NULL);
	} else {
		return false;
	}
	return true;
}

static bool fill(struct order *o, char **word, int n)
{
	uint8_t target;
	uint16_t lun;

	if (n < 2 || !parse_at(word[1], &target, &lun))
		return false;
	scsicmd_to(&o->cmd, target, lun);
	if (!strcmp(word[0], "ready"))
		scsicmd_ready(&o->cmd);
	else if (!strcmp(word[0], "sync"))
		scsicmd_sync(&o->cmd);
	else if (!strcmp(word[0], "capacity"))
		scsicmd_capacity(&o->cmd, o->data, 32);
	else if (!strcmp(word[0], "write-through"))
		fill_write_through(o);
	else if (!strcmp(word[0], "register"))
		fill_register(o, n > 2 ? word[2] : NULL);
	else if (!strcmp(word[0], "keys"))
		fill_keys(o);
	else
		return fill_plain(o, word[0]) || fill_media(o, word, n);
	return true;
}

static struct order *find(const char *name)
{
	unsigned int i;

	for (i = 0; name && i < NAMES; i++)
		if (orders[i].used && !strcmp(orders[i].name, name))
			return &orders[i];
	return NULL;
}

/* Return: it, on its way; NULL: it has been said why not. */
static struct order *start(const char *name, char **word, int n)
{
	struct order *o = orders;

	while (o < orders + NAMES && o->used)
		o++;
	if (o == orders + NAMES || find(name)) {
		printf("too many\n");
		return NULL;
	}
	if (!fill(o, word, n)) {
		printf("what\n");
		return NULL;
	}
	snprintf(o->name, sizeof(o->name), "%s", name);
	if (scsidrv_submit(&drv, 0, &o->cmd)) {
		printf("full\n");
		return NULL;
	}
	scsidrv_flush(&drv, 0);
	o->used = true;
	return o;
}

static void finish(struct order *o)
{
	if (!scsidrv_wait(&drv, 0, &o->cmd, WAIT)) {
		printf("not yet\n");
		return;
	}
	say(o);
	o->used = false;
}

/* ---- the rest ---- */

static void function(uint32_t subtype, const struct scsicmd *about)
{
	const int rc = scsidrv_tmf(&drv, subtype, about, WAIT);

	if (rc == VIRTIO_SCSI_S_OK)
		printf("complete\n");
	else
		printf("%s %d\n", rc < 0 ? "error" : "response", rc);
}

static void reset(const char *at, uint32_t subtype)
{
	struct scsicmd c;
	uint8_t target;
	uint16_t lun;

	if (!parse_at(at, &target, &lun)) {
		printf("what\n");
		return;
	}
	scsicmd_to(&c, target, lun);
	function(subtype, &c);
}

static void say_event(void)
{
	struct virtio_scsi_event ev;
	int rc;

	rc = scsidrv_event(&drv, &ev, 2000);
	if (rc != 1)
		printf(rc ? "broken\n" : "none\n");
	else if (ev.event & VIRTIO_SCSI_T_EVENTS_MISSED)
		printf("missed\n");
	else
		printf("%u %#x %u.%u\n", ev.event, ev.reason, ev.lun[1],
		       (ev.lun[2] << 8 | ev.lun[3]) & 0x3fff);
	scsidrv_event_fill(&drv, 1);
}

static void of_name(char **word, struct order *o)
{
	if (!strcmp(word[0], "wait")) {
		finish(o);
	} else if (!strcmp(word[0], "abort")) {
		function(VIRTIO_SCSI_T_TMF_ABORT_TASK, &o->cmd);
	} else {
		scsidrv_reap(&drv, 0);
		printf(o->cmd.done ? "yes\n" : "no\n");
	}
}

static void obey(char **word, int n)
{
	struct order *o = find(n > 1 ? word[1] : NULL);

	if (!strcmp(word[0], "event")) {
		say_event();
	} else if (!strcmp(word[0], "reset")) {
		reset(n > 1 ? word[1] : NULL, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET);
	} else if (!strcmp(word[0], "reset-nexus")) {
		reset(n > 1 ? word[1] : NULL, VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET);
	} else if (!strcmp(word[0], "start") && n > 3) {
		if (start(word[1], word + 2, n - 2))
			printf("started\n");
	} else if (o) {
		of_name(word, o);
	} else {
		o = start("", word, n);
		if (o)
			finish(o);
	}
}

static void serve(void)
{
	char line[256], *word[WORDS], *p;
	int n;

	while (fgets(line, sizeof(line), stdin)) {
		n = 0;
		for (p = strtok(line, " \n"); p && n < WORDS; p = strtok(NULL, " \n"))
			word[n++] = p;
		if (n)
			obey(word, n);
		fflush(stdout);
	}
}

/* Its rings stand where they stood elsewhere. */
static int arrive(void)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < drv.g.nvq && !r; i++) {
		ring_reset(&drv.q[i].vq->ring, i < SCSI_REQ ? 0 : 7);
		r = guest_setup_vq(&drv.g, i, ring_base(&drv.q[i].vq->ring));
	}
	return r;
}

int main(int argc, char **argv)
{
	struct scsidrv_opt opt = {
		.features = F_SCSI_MODERN | F_SCSI_CHANGE, .data_size = DATA_MAX, .num = 64,
		.mem_size = 64 * (2 * DATA_MAX + 4096) + (NAMES + 4) * DATA_MAX,
	};
	unsigned int i;
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: guest WWPN [BLOCK [arrives]]\n");
		return 2;
	}
	opt.wwpn = argv[1];
	if (argc > 2)
		block = strtoul(argv[2], NULL, 0);
	r = scsidrv_open(&drv, &opt);
	for (i = 0; i < NAMES && !r; i++) {
		orders[i].data = mem_alloc(&drv.mem, DATA_MAX, 4096);
		if (!orders[i].data)
			r = -ENOMEM;
	}
	if (!r && argc > 3)
		r = arrive();
	if (!r)
		r = scsidrv_start(&drv);
	if (r) {
		fprintf(stderr, "guest: %s at %s: %s\n", opt.wwpn, scsidrv_node(), strerror(-r));
		return 1;
	}
	printf("guest\n");
	fflush(stdout);
	serve();
	scsidrv_stop(&drv);
	scsidrv_close(&drv);
	return 0;
}
