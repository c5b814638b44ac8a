// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's SCSI host for the CLI's tests. By itself a test, with a RAM disk as the agent: vhx sees
 * the host, its endpoint and its agent, and what they count. As `host hold WWPN` it is a host of
 * what somebody else serves, says "ready", and does what it reads, a line each, until its input ends:
 *
 *	read COUNT		read so many blocks, one by one
 *	write TEXT		write a block that begins with TEXT, read it again and compare
 *	post COUNT		ask for so many blocks, and do not wait
 *	wait			until what was posted has ended well
 *	reset			of logical unit 0
 *	stop			the guest stops its device, as for a reboot
 *	start			and starts it again
 *
 * time-limit: 180
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"
#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef0c1"
#define OTHER	"naa.5001405abcdef0c2"
#define WAIT	10000
#define POSTS	32
#define BLOCK	512
#define UNIT_ATTENTION	6

static struct scsidrv drv;
static struct scsicmd posted[POSTS];

/* ---- a host ---- */

static int host_start(const char *wwpn)
{
	int err = scsidrv_open(&drv, &(struct scsidrv_opt){ .queues = 2, .wwpn = wwpn });

	return err ?: scsidrv_start(&drv);
}

static bool is_attention(const struct scsicmd *c)
{
	const uint8_t *s = c->resp.sense;

	return ((s[0] & 0x7f) >= 0x72 ? s[1] & 0xf : s[2] & 0xf) == UNIT_ATTENTION;
}

/* An agent tells a new host that its disk was switched on, by the first command that it gets. */
static int run(struct scsicmd *c)
{
	int err, tries;

	for (tries = 0; tries < 3; tries++) {
		err = scsidrv_run(&drv, 0, c, WAIT);
		if (err || scsicmd_good(c))
			return err;
		if (!is_attention(c))
			break;
	}
	return -EIO;
}

static int host_read(int count)
{
	uint8_t block[BLOCK];
	struct scsicmd c;
	int i, err = 0;

	for (i = 0; !err && i < count; i++) {
		scsicmd_to(&c, 0, 0);
		scsicmd_read(&c, i, 1);
		c.in = block;
		c.in_len = BLOCK;
		err = run(&c);
	}
	return err;
}

static int host_write(const char *text)
{
	char block[BLOCK] = "", again[BLOCK];
	struct scsicmd c;
	int err;

	snprintf(block, sizeof(block), "%s", text);
	scsicmd_to(&c, 0, 0);
	scsicmd_write(&c, 7, 1);
	c.out = block;
	c.out_len = BLOCK;
	err = run(&c);
	if (err)
		return err;
	scsicmd_to(&c, 0, 0);
	scsicmd_read(&c, 7, 1);
	c.in = again;
	c.in_len = BLOCK;
	err = run(&c);
	return err ?: memcmp(block, again, BLOCK) ? -EBADMSG : 0;
}

static int host_post(int count)
{
	static uint8_t block[POSTS][BLOCK];
	int i, err = 0;

	if (count > POSTS)
		return -ENOSPC;
	for (i = 0; !err && i < count; i++) {
		scsicmd_to(&posted[i], 0, 0);
		scsicmd_read(&posted[i], i, 1);
		posted[i].in = block[i];
		posted[i].in_len = BLOCK;
		err = scsidrv_submit(&drv, 0, &posted[i]);
	}
	scsidrv_flush(&drv, 0);
	return err;
}

static int host_wait(void)
{
	int i, err = scsidrv_drain(&drv, 0, WAIT) ? 0 : -ETIMEDOUT;

	for (i = 0; !err && i < POSTS; i++)
		if (posted[i].tag && !scsicmd_good(&posted[i]))
			err = -EIO;
	memset(posted, 0, sizeof(posted));
	return err;
}

static int host_reset(void)
{
	struct scsicmd c;

	scsicmd_to(&c, 0, 0);
	c.tag = 1;
	return scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &c, WAIT) ==
	       VIRTIO_SCSI_S_OK ? 0 : -EIO;
}

static int obey(char *line)
{
	int count;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "read %d", &count) == 1)
		return host_read(count);
	if (sscanf(line, "post %d", &count) == 1)
		return host_post(count);
	if (!strncmp(line, "write ", 6))
		return host_write(line + 6);
	if (!strcmp(line, "wait"))
		return host_wait();
	if (!strcmp(line, "reset"))
		return host_reset();
	if (!strcmp(line, "stop"))
		return scsidrv_stop(&drv);
	if (!strcmp(line, "start"))
		return scsidrv_resume(&drv);
	return -EINVAL;
}

static int hold(const char *wwpn)
{
	char line[64];
	int err;

	err = host_start(wwpn);
	printf("%s\n", err ? strerror(-err) : "ready");
	fflush(stdout);
	while (!err && fgets(line, sizeof(line), stdin)) {
		err = obey(line);
		printf("%s\n", err ? strerror(-err) : "done");
		fflush(stdout);
	}
	return err != 0;
}

/* ---- the test ---- */

/* The command's output is exactly @want. */
static void says(const char *cmd, const char *want)
{
	char got[512] = "";
	FILE *out;
	size_t n;

	fflush(stdout);
	out = popen(cmd, "r");
	n = out ? fread(got, 1, sizeof(got) - 1, out) : 0;
	got[n] = '\0';
	got[strcspn(got, "\n")] = '\0';
	tap_ok(out && !pclose(out) && !strcmp(got, want), "%s: %s (%s)", cmd, want, got);
}

/* The same, at last: what a worker or an agent does takes a moment. */
static void comes_to_say(const char *cmd, const char *want)
{
	char until[1024];

	snprintf(until, sizeof(until),
		 "for i in $(seq 100); do [ \"$(%s)\" = '%s' ] && break; sleep 0.1; done", cmd, want);
	fflush(stdout);
	if (system(until))
		tap_diag("system: %s", until);
	says(cmd, want);
}

#define QUEUE(n) "vhx -j scsi stats " WWPN " | jq -c '.[] | select(.queue == " #n ").stats | "
#define ENDPOINT "vhx -j endpoint show " WWPN " | jq -c "

static struct ramdisk disk = { .name = WWPN, .queues = 2 };

static void test_lists(void)
{
	char want[128];
	int err;

	says("vhx -j scsi list | jq length", "0");
	says(ENDPOINT "'[.class, .state, .in_use, .vmm_pid, .requests, .waiting]'",
	     "[\"scsi\",\"served\",false,null,0,0]");
	snprintf(want, sizeof(want), "[\"host\",%d,\"live\",2,128,4194304,0,1]", disk.pid);
	says("vhx -j agent list | jq -c '.[] | [.name, .pid, .state, .queues, .tags, .pool_bytes, .used_bytes, .endpoints]'",
	     want);
	err = host_start(WWPN);
	tap_ok(!err, "a host starts (%s)", strerror(-err));
	says("vhx -j scsi list | jq -c '.[] | [.name, .state, .live_queues, .owner_comm, .functions]'",
	     "[\"" WWPN "\",\"live\",4,\"host\",0]");
	snprintf(want, sizeof(want), "[\"live\",true,%d]", getpid());
	says(ENDPOINT "'[.state, .in_use, .vmm_pid]'", want);
	says("vhx scsi list | wc -l", "2");
	says("vhx agent list | wc -l", "2");
	says("vhx endpoint list | wc -l", "2");
	says("vhx -j scsi show " WWPN " | jq -c '[.endpoint.name, [.queue_list[].role]]'",
	     "[\"" WWPN "\",[\"control\",\"event\",\"request\",\"request\"]]");
	says("vhx -j scsi show " WWPN " | jq '[.queue_list[].worker_pid] | unique | length'", "1");
	says("vhx -j scsi show $(vhx -j scsi list | jq '.[0].id') | jq -r .name", WWPN);
	says("vhx -j agent show host | jq -c '[.endpoint_list[0].name, (.queue_list | length)]'",
	     "[\"" WWPN "\",2]");
}

static void test_refusals(void)
{
	says("vhx scsi show none 2>&1 >/dev/null | grep -c 'no SCSI host \"none\"'", "1");
	says("vhx scsi show none 2>/dev/null; echo $?", "3");
	says("vhx agent show none 2>/dev/null; echo $?", "3");
	says("vhx endpoint show none 2>/dev/null; echo $?", "3");
	says("vhx scsi stats none 2>/dev/null; echo $?", "3");
	says("vhx scsi stats a b 2>/dev/null; echo $?", "2");
	says("vhx scsi list a 2>/dev/null; echo $?", "2");
	says("vhx agent show 2>/dev/null; echo $?", "2");
}

static void test_counters(void)
{
	struct scsicmd c;
	int err;

	err = host_read(3) ?: host_write("counted");
	tap_ok(!err, "commands (%s)", strerror(-err));
	says(QUEUE(2) "[.pulled, .pushed, .answered, .bytes, .bad_requests, .bad_target]'",
	     "[5,5,5,2560,0,0]");
	says(QUEUE(2) "[.kicks > 0, .calls > 0, .batches > 0, .descriptors > 9]'",
	     "[true,true,true,true]");
	says(QUEUE(3) ".pulled'", "0");

	scsicmd_to(&c, 7, 0);
	scsicmd_ready(&c);
	err = run(&c);
	tap_ok(err == -EIO && c.resp.response == VIRTIO_SCSI_S_BAD_TARGET, "no such target");
	scsicmd_to(&c, 0, 0);
	memset(c.lun, 0xff, sizeof(c.lun));
	scsicmd_ready(&c);
	err = run(&c);
	tap_ok(err == -EIO && c.resp.response == VIRTIO_SCSI_S_BAD_TARGET, "an address that is none");
	says(QUEUE(2) "[.pulled, .pushed, .bad_target, .failed]'", "[7,7,2,0]");

	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	c.head_len = 10;
	scsidrv_run(&drv, 0, &c, WAIT);
	says(QUEUE(2) "[.pulled, .pushed, .bad_requests]'", "[8,8,1]");

	/* And that a nexus begins. */
	says("vhx -j agent stats host | jq -c '[.[].stats.fetched] | add'", "7");
	comes_to_say("vhx -j agent stats host | jq -c '[.[].stats.committed] | add'", "7");
	says("vhx -j agent stats host | jq -c '[.[].stats.refused] | add'", "0");
}

static void test_prints(void)
{
	says("vhx scsi stats | awk 'NR == 4 { print $1, $2, $3, $4, $5, $6 }'",
	     WWPN " 2 request live 8 8");
	says("vhx scsi stats --all | grep -c 'bad_target  *2  *commands answered'", "1");
	says("vhx scsi stats --openmetrics | grep -c '^vhx_scsi_pulled_total{host=\"" WWPN
	     "\",host_id=\"[0-9]*\",queue=\"2\",role=\"request\"} 8$'", "1");
	says("vhx agent stats --openmetrics | grep -c '^# TYPE vhx_agent_fetched counter$'", "1");
	says("timeout 3 vhx -j scsi stats --watch=0.2 | head -n 1 | jq -c '.queues[2].rates.pushed_per_s'",
	     "0.0");
}

/* ---- what is under way ---- */

static void test_held(void)
{
	const uint32_t before = disk.s->fetched;
	struct scsicmd c;
	int err;

	disk.s->hold = true;
	err = host_post(4);
	tap_ok(!err && ramdisk_reaches(&disk.s->fetched, before + 4), "an agent that does not answer");
	says(ENDPOINT "'[.waiting, .ready, .owned, .used_bytes]'", "[0,0,4,16384]");
	says("vhx -j agent show host | jq -c '[.used_bytes, ([.queue_list[].owned] | add)]'",
	     "[16384,4]");
	says("vhx -j agent show host | jq -c '[.queue_list[] | .tags - .free_tags] | add'", "4");

	c = posted[1];
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &c, WAIT) == VIRTIO_SCSI_S_OK,
	       "one is aborted");
	says(QUEUE(2) ".aborted'", "1");
	says(ENDPOINT ".owned", "3");
	says("vhx -j scsi stats | jq -c '.[] | select(.role == \"control\").stats | [.pulled, .pushed, .answered]'",
	     "[1,1,1]");

	ramdisk_kill(&disk);
	comes_to_say(ENDPOINT "'[.state, .agent_id, .waiting, .owned]'", "[\"waiting\",null,3,0]");
	says("vhx -j scsi list | jq -r '.[].state'", "live");
	disk.s->hold = false;
	ramdisk_start(&disk);
	posted[1].tag = 0;
	err = host_wait();
	tap_ok(!err, "the next agent answers (%s)", strerror(-err));
	says("vhx -j agent stats | jq -c '[.[].stats.again] | add'", "3");
	comes_to_say(ENDPOINT "'[.state, .waiting, .ready, .owned, .done, .used_bytes]'",
		     "[\"live\",0,0,0,0,0]");
}

/* An agent that ends, and whose pool somebody maps. */
static void test_fenced(void)
{
	struct agent a;

	agent_start(&a, 1, 16, 4096);
	if (agent_attach(a.fd, OTHER) < 0)
		tap_bail("another agent");
	agent_do(&a, VHX_AGENT_FETCH, 0);
	says("vhx -j agent list | jq -c '[.[].state]'", "[\"live\",\"live\"]");
	says("vhx -j agent show host 2>&1 | grep -c 'more than one'", "1");
	io_uring_queue_exit(&a.uring);
	close(a.fd);
	comes_to_say("vhx -j agent list | jq -c '[.[].state]'", "[\"live\",\"fenced\"]");
	says("vhx -j endpoint show " OTHER " | jq -c '[.state, .fenced_agent_id != null]'",
	     "[\"fenced\",true]");
	munmap(a.pool, a.pool_size);
	comes_to_say("vhx -j endpoint show " OTHER " | jq -c '[.state, .fenced_agent_id]'",
		     "[\"unused\",null]");
	munmap(a.req, a.tags * sizeof(*a.req));
	munmap(a.tag, a.tags * sizeof(*a.tag));
	comes_to_say("vhx -j agent list | jq length", "1");
	tap_ok(!agent_destroy(OTHER), "what it served goes");
}

/* The guest goes while the agent has its commands. */
static void test_disowned(void)
{
	const uint32_t before = disk.s->fetched;

	disk.s->hold = true;
	/* It is told that nobody wants them any more. */
	disk.s->deaf = true;
	host_post(2);
	tap_ok(ramdisk_reaches(&disk.s->fetched, before + 2), "an agent has two commands");
	scsidrv_close(&drv);
	comes_to_say(ENDPOINT "'[.state, .in_use, .owned, .disowned]'", "[\"served\",false,0,2]");
	says("vhx -j agent show host | jq -c '[.queue_list[].owned] | add'", "2");
	says("vhx -j scsi list | jq length", "0");
	disk.s->deaf = false;
	disk.s->hold = false;
	comes_to_say(ENDPOINT "'[.disowned, .used_bytes]'", "[0,0]");
}

static void test_stopped(void)
{
	int err = host_start(WWPN);

	tap_ok(!err, "another host (%s)", strerror(-err));
	err = scsidrv_stop(&drv);
	tap_ok(!err, "its guest stops it (%s)", strerror(-err));
	says("vhx -j scsi list | jq -c '.[] | [.name, .state, .live_queues]'",
	     "[\"" WWPN "\",\"paused\",0]");
	says("vhx -j scsi show " WWPN " | jq -c .endpoint", "null");
}

/* ---- who sees it ---- */

static void test_visible(void)
{
	says("setpriv --reuid 65534 --regid 65534 --clear-groups vhx -j scsi list | jq length", "1");
	says("setpriv --reuid 65534 --regid 65534 --clear-groups vhx -j endpoint list | jq length",
	     "1");
	says("unshare --net vhx -j agent list | jq length", "1");
	says("unshare --pid --fork vhx -j scsi list | jq length", "0");
	says("unshare --pid --fork vhx -j scsi stats | jq length", "0");
	says("unshare --pid --fork vhx -j agent list | jq length", "0");
	says("unshare --pid --fork vhx -j agent stats | jq length", "0");
	says("unshare --pid --fork vhx -j endpoint list | jq length", "0");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "hold"))
		return hold(argv[2]);
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	ramdisk_open(&disk);
	test_lists();
	test_refusals();
	test_counters();
	test_prints();
	test_held();
	test_fenced();
	test_disowned();
	test_stopped();
	test_visible();
	scsidrv_close(&drv);
	ramdisk_close(&disk);
	says("vhx -j endpoint list | jq length", "0");
	return tap_done();
}
