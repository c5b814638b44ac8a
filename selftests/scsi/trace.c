// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tracepoints say of a request's way, of its abort, its agent's death and its guest's end: one
 * line each, in order, with the ids by which they belong together. In an instance of tracefs of the
 * test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef0e1"
#define WAIT	5000
#define TRACEFS	"/sys/kernel/tracing"
#define OWN	TRACEFS "/instances/vhx-selftest"
#define DATA	(64u << 10)
#define LINES	4096

static struct ramdisk disk = { .name = WWPN, .pool = 64 << 10 };
static struct scsidrv drv;
static struct scsicmd cmd;
static uint8_t in[DATA];
static char *text, *line[LINES];
static int nlines;

/* ---- tracefs ---- */

static void put(const char *file, const char *what)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), OWN "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, what, strlen(what)) < 0)
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

/* Without put(), which ends the test again. */
static void trace_close(void)
{
	rmdir(OWN);
}

static void trace_open(void)
{
	if (access(TRACEFS "/instances", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	if (mkdir(OWN, 0700) && errno != EEXIST)
		tap_bail("%s: %s", OWN, strerror(errno));
	atexit(trace_close);
	put("buffer_size_kb", "4096");
	/* In order on all CPUs. */
	put("trace_clock", "global");
	put("events/vhx/enable", "1");
	put("events/vhx_scsi/enable", "1");
}

/* All lines so far; the next time those that come from now on. */
static void trace_read(void)
{
	size_t size = 0;
	FILE *from = fopen(OWN "/trace", "re");
	char *next;

	free(text);
	text = NULL;
	if (!from || getdelim(&text, &size, '\0', from) < 0)
		tap_bail("%s: %s", OWN "/trace", strerror(errno));
	fclose(from);
	put("trace", "");
	for (nlines = 0, next = strtok(text, "\n"); next && nlines < LINES;
	     next = strtok(NULL, "\n"))
		line[nlines++] = next;
}

/* The first line from @from on of an event, with words; -1 if there is none. */
static int find(int from, const char *event, const char *words)
{
	char head[64];
	int i;

	snprintf(head, sizeof(head), " %s: ", event);
	for (i = from < 0 ? nlines : from; i < nlines; i++)
		if (strstr(line[i], head) && strstr(line[i], words))
			return i;
	return -1;
}

static int count(const char *event, const char *words)
{
	int i, n = 0;

	for (i = find(0, event, words); i >= 0; i = find(i + 1, event, words))
		n++;
	return n;
}

static void dump(void)
{
	int i;

	for (i = 0; i < nlines; i++)
		if (!strstr(line[i], "vhx_kick") && !strstr(line[i], "vhx_call"))
			tap_diag("%s", line[i]);
}

static bool say(bool ok, const char *what)
{
	if (!tap_ok(ok, "%s", what))
		dump();
	return ok;
}

/* The number behind "NAME=" of a line. */
static uint64_t number(int at, const char *name)
{
	const char *word = at < 0 ? NULL : strstr(line[at], name);

	return word ? strtoull(word + strlen(name), NULL, 0) : UINT64_MAX;
}

/* ---- the guest ---- */

static void prepare(uint32_t blocks)
{
	scsicmd_to(&cmd, 0, 0);
	scsicmd_read(&cmd, 0, blocks);
	cmd.tag = 0x1234;
	cmd.in = in;
	cmd.in_len = blocks * RAMDISK_BLOCK;
}

static void open_host(void)
{
	int err = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN, .data_size = DATA });

	err = err ?: scsidrv_start(&drv);
	if (err)
		tap_bail("a guest: %s", strerror(-err));
}

static void hold(void)
{
	const uint32_t before = disk.s->fetched;

	disk.s->hold = true;
	prepare(1);
	if (scsidrv_submit(&drv, 0, &cmd))
		tap_bail("submit");
	scsidrv_flush(&drv, 0);
	if (!ramdisk_reaches(&disk.s->fetched, before + 1))
		tap_bail("the agent gets nothing");
}

/* ---- tests ---- */

static void test_bound(void)
{
	trace_read();
	say(find(0, "vhx_scsi_bind", "endpoint=" WWPN " bound") >= 0, "a host is bound");
}

static void test_way(void)
{
	int begin, ready, fetch, commit, end;
	char seq[32];

	prepare(1);
	tap_ok(!scsidrv_run(&drv, 0, &cmd, WAIT) && scsicmd_good(&cmd), "a command");
	trace_read();
	begin = find(0, "vhx_req_begin", "endpoint=" WWPN);
	snprintf(seq, sizeof(seq), " seq=%" PRIu64 " ", number(begin, "seq="));
	say(begin >= 0 && strstr(line[begin], "id=0x1234 queue=0 type=1 out=0 in=512"), "begins");
	ready = find(begin, "vhx_agent_ready", seq);
	fetch = find(ready, "vhx_agent_fetch", seq);
	commit = find(fetch, "vhx_agent_commit", seq);
	end = find(commit, "vhx_req_end", seq);
	say(end >= 0, "is ready, fetched, committed, and ends");
	say(number(ready, "tag=") == number(commit, "tag=") &&
	    number(ready, "gen=") == number(commit, "gen=") &&
	    number(fetch, "session=") == number(commit, "session="), "with the same ids");
	say(end >= 0 && strstr(line[end], "result=0 status=0 response=0 copied=512"), "well");
	say(count("vhx_req_begin", seq) == 1 && count("vhx_req_end", seq) == 1, "once");
}

/* The quota is a quarter of the pool: four pages. */
static void test_windows(void)
{
	int begin, at, n = 0;
	uint64_t gen = 0;
	bool rising = true;
	char seq[32];

	prepare(DATA / RAMDISK_BLOCK);
	tap_ok(!scsidrv_run(&drv, 0, &cmd, WAIT) && scsicmd_good(&cmd), "a long one");
	trace_read();
	begin = find(0, "vhx_req_begin", "in=65536");
	snprintf(seq, sizeof(seq), " seq=%" PRIu64 " ", number(begin, "seq="));
	for (at = find(begin, "vhx_agent_ready", seq); at >= 0;
	     at = find(at + 1, "vhx_agent_ready", seq), n++) {
		rising = rising && number(at, "gen=") > gen &&
			 number(at, "win_off=") == (uint64_t)n * (DATA / 4);
		gen = number(at, "gen=");
	}
	say(n == 4 && rising, "comes in windows, each with a generation of its own");
	say(count("vhx_req_end", seq) == 1, "and ends once");
}

static void test_abort(void)
{
	int begin, commit, end, over;
	char seq[32];

	hold();
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd, WAIT) == VIRTIO_SCSI_S_OK,
	       "a command is aborted");
	tap_ok(scsidrv_drain(&drv, 0, WAIT), "and comes back");
	disk.s->hold = false;
	trace_read();
	snprintf(seq, sizeof(seq), " seq=%" PRIu64 " ",
		 number(find(0, "vhx_req_begin", WWPN), "seq="));
	begin = find(0, "vhx_scsi_tmf_begin", "subtype=0 target=0 lun=0 id=0x1234");
	commit = find(begin, "vhx_agent_commit", seq);
	end = find(commit, "vhx_req_end", "result=-125");
	over = find(end, "vhx_scsi_tmf_end", "found");
	say(over >= 0, "the function begins, the agent commits, the command ends, the function ends");
	say(commit >= 0 && strstr(line[commit], " aborted"), "the agent knew");
	say(number(begin, "nr=") == number(over, "nr="), "it is the same function");
}

static void test_death(void)
{
	int orphan, fence, again, end;
	char seq[32];

	hold();
	ramdisk_kill(&disk);
	disk.s->hold = false;
	ramdisk_start(&disk);
	tap_ok(scsidrv_wait(&drv, 0, &cmd, WAIT) && scsicmd_good(&cmd), "an agent dies");
	trace_read();
	snprintf(seq, sizeof(seq), " seq=%" PRIu64 " ",
		 number(find(0, "vhx_req_begin", WWPN), "seq="));
	orphan = find(0, "vhx_agent_orphan", seq);
	fence = find(orphan, "vhx_agent_fence", "idle=16 pages=16");
	again = find(fence, "vhx_agent_redeliver", seq);
	end = find(again, "vhx_req_end", seq);
	say(end >= 0, "orphaned, fenced, given again, ended");
	say(again >= 0 && strstr(line[again], " again") &&
	    number(again, "session=") != number(orphan, "session="), "to another session");
	say(number(fence, "session=") == number(orphan, "session="), "the dead one was fenced");
}

static void test_gone(void)
{
	uint32_t before = disk.s->answered;
	int end, commit;
	char seq[32];

	hold();
	scsidrv_close(&drv);
	disk.s->hold = false;
	tap_ok(ramdisk_reaches(&disk.s->answered, before + 1), "a guest goes first");
	trace_read();
	snprintf(seq, sizeof(seq), " seq=%" PRIu64 " ",
		 number(find(0, "vhx_req_begin", WWPN), "seq="));
	say(find(0, "vhx_scsi_bind", "endpoint=" WWPN " unbound") >= 0, "its host is let go of");
	end = find(0, "vhx_req_end", seq);
	commit = find(end, "vhx_agent_commit", seq);
	say(end >= 0 && strstr(line[end], "result=-5"), "for it the command ends");
	say(commit >= 0, "before the agent commits");
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	trace_open();
	ramdisk_open(&disk);
	open_host();
	test_bound();
	test_way();
	test_windows();
	test_abort();
	test_death();
	test_gone();
	ramdisk_close(&disk);
	return tap_done();
}
