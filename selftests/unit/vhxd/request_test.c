// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to SCSI commands and back: from what a tag says in memory to the answer, in a loop, on
 * a real file. There is no session: nothing is fetched, nothing committed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_scsi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "queue.h"
#include "tests.h"

#define TAGS	16
#define POOL	(1 << 20)
#define SIZE	(1 << 20)

/**
 * struct answer - of a tag
 * @nr: how many there were
 */
struct answer {
	struct vhx_agent_done done;
	uint8_t sense[VHX_AGENT_SENSE_MAX];
	int nr;
};

static struct host host;
static struct loop loop;
static struct queue queue;
static struct vhx_agent agent;
static struct vhx_agent_req req[TAGS];
static struct request requests[TAGS];
static struct answer answers[TAGS];
static struct endpoint endpoint;
static struct group group;
static struct disk_conf conf = { .block = 512, .name = "d", .lun = 3 };
static sem_t answered;

static void on_turn(struct loop *l)
{
	struct post *post;
	struct request *r;
	struct answer *a;

	while ((post = queue.answered)) {
		queue.answered = post->next;
		r = (struct request *)((char *)post - offsetof(struct request, post));
		a = answers + r->tag;
		request_fill(r, &a->done, a->sense);
		a->nr++;
		sem_post(&answered);
	}
	queue.answered_end = &queue.answered;
}

static void on_complete(struct loop *l, uint64_t data, int res)
{
}

static bool on_idle(struct loop *l)
{
	return true;
}

static const struct loop_user user = { on_turn, on_complete, on_idle };

static void open_queue(void)
{
	uint32_t i;

	agent = (struct vhx_agent) {
		.fd = -1, .queues = 1, .tags = TAGS, .queue_tags = TAGS, .pool_size = POOL,
		.req = req,
		.pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0),
	};
	queue = (struct queue) { .host = &host, .loop = &loop, .agent = &agent };
	queue.answered_end = &queue.answered;
	queue.requests = requests;
	for (i = 0; i < TAGS; i++)
		requests[i] = (struct request) { .queue = &queue, .tag = i };
	loop = (struct loop) {
		.user = &user, .arg = &queue, .session = -1, .depth = TAGS,
		.pool = agent.pool, .pool_size = POOL,
	};
}

static int setup(void **state)
{
	struct msg msg;
	int fd;

	sem_init(&answered, 0, 0);
	list_init(&host.groups);
	list_init(&host.disks);
	host.agent = &agent;
	open_queue();
	assert_int_equal(loop_start(&loop, &msg), 0);
	host.loops = &loop;
	host.loops_run = true;
	host.home = (struct disk_home) {
		.state_dir = "/nonesuch", .boot_id = "b", .loops = &loop, .nr_loops = 1,
	};
	pthread_mutex_init(&group.lock, NULL);
	strcpy(endpoint.wwpn, "naa.a");
	endpoint.group = &group;
	endpoint.number = 5;
	list_init(&endpoint.luns);
	assert_int_equal(scsi_target_create("naa.a", 1, &endpoint.target, NULL), 0);
	assert_int_equal(scsi_nexus_create(endpoint.target, "naa.a", &endpoint.nexus), 0);
	host.endpoints[5] = &endpoint;
	snprintf(conf.path, sizeof(conf.path), "%s/request.%d", getenv("VHX_TMP") ?: "/tmp",
		 (int)getpid());
	fd = open(conf.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	close(fd);
	if (host_add_disk(&host, &endpoint, &conf, true, &msg))
		fail_msg("%s", msg.text);
	return 0;
}

static int teardown(void **state)
{
	struct msg msg;

	assert_int_equal(host_remove_disk(&host, &endpoint, endpoint_lun(&endpoint, 0, 3), &msg), 0);
	assert_int_equal(scsi_nexus_destroy(endpoint.nexus), 0);
	assert_int_equal(scsi_target_destroy(endpoint.target), 0);
	loop_end(&loop);
	loop_join(&loop);
	unlink(conf.path);
	return munmap(agent.pool, POOL);
}

/* --- what a test says --- */

static struct vhx_agent_req *new_req(uint32_t tag, const uint8_t *cdb, size_t len)
{
	static uint64_t id;
	struct vhx_agent_req *r = req + tag;

	*r = (struct vhx_agent_req) {
		.gen = r->gen + 1, .type = VHX_AGENT_REQ_SCSI, .endpoint = 5,
		.pool_off = tag * 65536,
	};
	r->scsi.lun[0] = 1;
	r->scsi.lun[3] = 3;
	r->scsi.id = ++id;
	memcpy(r->scsi.cdb, cdb, len);
	memset(&answers[tag], 0, sizeof(answers[tag]));
	return r;
}

#define REQ(tag, ...) new_req(tag, (const uint8_t []) { __VA_ARGS__ }, \
			      sizeof((const uint8_t []) { __VA_ARGS__ }))

struct errand {
	struct post post;
	uint32_t tag;
};

static void on_errand(struct loop *l, struct post *post)
{
	request_start(requests + ((struct errand *)post)->tag);
}

static struct answer *go(uint32_t tag)
{
	struct errand errand = { .post.run = on_errand, .tag = tag };

	loop_post(&loop, &errand.post);
	while (sem_wait(&answered))
		;
	assert_int_equal(answers[tag].nr, 1);
	assert_int_equal(answers[tag].done.tag, tag);
	assert_int_equal(answers[tag].done.gen, req[tag].gen);
	assert_false(requests[tag].active);
	return answers + tag;
}

/* TEST UNIT READY until it has told of everything. */
static void quiet(void)
{
	do {
		REQ(0, 0x00);
	} while (go(0)->done.status);
}

static char *data(uint32_t tag)
{
	return (char *)agent.pool + req[tag].pool_off;
}

/* --- tests --- */

static void test_sense(void **state)
{
	struct answer *a;

	REQ(1, 0x00);
	a = go(1);
	assert_int_equal(a->done.status, SCSI_CHECK_CONDITION);
	assert_int_equal(a->done.response, VIRTIO_SCSI_S_OK);
	assert_true(a->done.sense_len >= 14 && a->done.sense == (uintptr_t)a->sense);
	assert_int_equal(a->sense[0] & 0x7f, 0x70);
	assert_int_equal(a->sense[2], 0x06);
	assert_int_equal(a->sense[12], 0x29);
	quiet();
}

static void test_write_read(void **state)
{
	struct answer *a;

	quiet();
	REQ(2, 0x2a, 0, 0, 0, 0, 8, 0, 0, 16)->out_len = 8192;
	req[2].win_len = 8192;
	memset(data(2), 'x', 8192);
	a = go(2);
	assert_int_equal(a->done.status, SCSI_GOOD);
	assert_int_equal(a->done.in_len, 0);
	assert_int_equal(a->done.resid, 0);
	REQ(3, 0x28, 0, 0, 0, 0, 8, 0, 0, 16)->in_len = 10000;
	req[3].win_len = 10000;
	a = go(3);
	assert_int_equal(a->done.status, SCSI_GOOD);
	assert_int_equal(a->done.response, VIRTIO_SCSI_S_OK);
	assert_int_equal(a->done.in_len, 8192);
	assert_int_equal(a->done.resid, 10000 - 8192);
	assert_memory_equal(data(3), data(2), 8192);
}

static void test_overrun(void **state)
{
	struct answer *a;

	quiet();
	REQ(1, 0x28, 0, 0, 0, 0, 0, 0, 0, 2)->in_len = 512;
	req[1].win_len = 512;
	a = go(1);
	assert_int_equal(a->done.response, VIRTIO_SCSI_S_OVERRUN);
	assert_int_equal(a->done.in_len, 512);
	assert_int_equal(a->done.resid, 512);
}

static void test_windows(void **state)
{
	uint64_t id;
	int i;

	quiet();
	REQ(4, 0x2a, 0, 0, 0, 0, 0, 0, 0, 24);
	id = req[4].scsi.id;
	for (i = 0; i < 3; i++) {
		req[4].gen++;
		req[4].flags = i < 2 ? VHX_AGENT_REQ_MORE : 0;
		req[4].out_len = 3 * 4096;
		req[4].win_off = (uint32_t)i * 4096;
		req[4].win_len = 4096;
		req[4].scsi.id = id;
		memset(data(4), 'a' + i, 4096);
		answers[4].nr = 0;
		assert_int_equal(go(4)->done.status, SCSI_GOOD);
		assert_int_equal(answers[4].done.response, VIRTIO_SCSI_S_OK);
	}
	assert_int_equal(answers[4].done.resid, 0);
	REQ(5, 0x28, 0, 0, 0, 0, 0, 0, 0, 24)->in_len = 3 * 4096;
	req[5].win_len = 3 * 4096;
	assert_int_equal(go(5)->done.in_len, 3 * 4096);
	for (i = 0; i < 3; i++)
		assert_int_equal(data(5)[i * 4096 + 4095], 'a' + i);
}

/* A guest that sends more than MODE SELECT has use for, in windows: the kernel need not ask again. */
static void test_ended(void **state)
{
	struct answer *a;

	quiet();
	REQ(6, 0x15, 0x10, 0, 0, 0, 0);
	req[6].flags = VHX_AGENT_REQ_MORE;
	req[6].out_len = 8192;
	req[6].win_len = 4096;
	a = go(6);
	assert_int_equal(a->done.status, SCSI_GOOD);
	assert_int_equal(a->done.response, VIRTIO_SCSI_S_OK);
	assert_int_equal(a->done.flags, VHX_AGENT_DONE_LAST);
	assert_int_equal(a->done.resid, 8192);
	/* A kernel that goes on nevertheless is told the same. */
	req[6].gen++;
	req[6].flags = 0;
	req[6].win_off = 4096;
	a->nr = 0;
	a = go(6);
	assert_int_equal(a->done.status, SCSI_GOOD);
	assert_int_equal(a->done.response, VIRTIO_SCSI_S_OK);
	assert_int_equal(a->done.resid, 8192);
	/* The next agent has not seen the beginning, and is given it again or not. */
	memset(&requests[6].cmd, 0, sizeof(requests[6].cmd));
	req[6].gen++;
	req[6].flags = VHX_AGENT_REQ_AGAIN;
	req[6].scsi.cdb[4] = 12;
	a->nr = 0;
	a = go(6);
	assert_int_equal(a->done.status, SCSI_GOOD);
	assert_int_equal(a->done.response, VIRTIO_SCSI_S_OK);
	assert_int_equal(a->done.resid, 8192 - 12);
	/* Another command with the same tag is not taken for it. */
	REQ(6, 0x00);
	a = go(6);
	assert_int_equal(a->done.resid, 0);
	assert_int_equal(a->done.flags, 0);
}

static void test_addressed_wrong(void **state)
{
	quiet();
	REQ(1, 0x00)->endpoint = 6;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_BAD_TARGET);
	REQ(1, 0x00)->endpoint = 65535;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_BAD_TARGET);
	REQ(1, 0x00)->scsi.lun[1] = 9;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_BAD_TARGET);
	REQ(1, 0x00)->scsi.lun[7] = 9;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_BAD_TARGET);
	/* The target is there: what is behind it is SCSI's to say. */
	REQ(1, 0x00)->scsi.lun[3] = 4;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_OK);
	assert_int_equal(answers[1].done.status, SCSI_CHECK_CONDITION);
	REQ(1, 0x00)->type = 99;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_FAILURE);
}

static void refused(uint32_t in_len, uint32_t win_off, uint32_t win_len, uint32_t pool_off)
{
	REQ(1, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
	req[1].in_len = in_len;
	req[1].win_off = win_off;
	req[1].win_len = win_len;
	req[1].pool_off = pool_off;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_FAILURE);
	assert_int_equal(answers[1].done.in_len, 0);
}

/* Nothing outside of the pool is touched, whatever a request says. */
static void test_out_of_bounds(void **state)
{
	quiet();
	refused(512, 0, 512, POOL);
	refused(512, 0, 512, POOL - 511);
	refused(512, 0, 512, UINT32_MAX);
	refused(512, 0, 513, 0);
	refused(512, 513, 0, 0);
	refused(UINT32_MAX, 0, UINT32_MAX, 512);
	refused(512, UINT32_MAX, 512, 0);
	REQ(1, 0x28, 0, 0, 0, 0, 0, 0, 0, 1)->in_len = 512;
	req[1].out_len = 512;
	req[1].win_len = 512;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_FAILURE);
}

static void test_aborted(void **state)
{
	quiet();
	REQ(1, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1)->flags = VHX_AGENT_REQ_ABORTED;
	req[1].out_len = req[1].win_len = 512;
	memset(data(1), 'z', 512);
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_ABORTED);
	REQ(1, 0x28, 0, 0, 0, 0, 0, 0, 0, 1)->in_len = 512;
	req[1].win_len = 512;
	go(1);
	assert_true(*data(1) != 'z');
}

static void test_reset(void **state)
{
	quiet();
	REQ(1, 0)->type = VHX_AGENT_REQ_RESET;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_OK);
	REQ(1, 0x00);
	assert_int_equal(go(1)->done.status, SCSI_CHECK_CONDITION);
	assert_int_equal(answers[1].sense[12], 0x29);
	REQ(1, 0)->type = VHX_AGENT_REQ_RESET;
	req[1].scsi.lun[3] = 4;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_INCORRECT_LUN);
}

/* Another VM: it does not find what the one before left. */
static void test_nexus(void **state)
{
	quiet();
	REQ(1, 0x1b);
	assert_int_equal(go(1)->done.status, SCSI_GOOD);
	REQ(1, 0x00);
	assert_int_equal(go(1)->done.status, SCSI_CHECK_CONDITION);
	assert_int_equal(answers[1].sense[2], 2);
	REQ(1, 0)->type = VHX_AGENT_REQ_NEXUS;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_OK);
	assert_int_equal(answers[1].done.status, SCSI_GOOD);
	assert_int_equal(answers[1].done.resid, 0);
	REQ(1, 0x00);
	assert_int_equal(go(1)->done.status, SCSI_CHECK_CONDITION);
	assert_int_equal(answers[1].sense[2], 6);
	assert_int_equal(answers[1].sense[12], 0x29);
	assert_int_equal(answers[1].sense[13], 0x07);
	REQ(1, 0x00);
	assert_int_equal(go(1)->done.status, SCSI_GOOD);
	REQ(1, 0)->type = VHX_AGENT_REQ_NEXUS;
	req[1].endpoint = 6;
	assert_int_equal(go(1)->done.response, VIRTIO_SCSI_S_BAD_TARGET);
}

/* From another thread than the loop's its answer comes home by a post. */
static void test_elsewhere(void **state)
{
	quiet();
	REQ(7, 0x00);
	request_start(requests + 7);
	while (sem_wait(&answered))
		;
	assert_int_equal(answers[7].nr, 1);
	assert_int_equal(answers[7].done.status, SCSI_GOOD);
}

/* The disk goes while there are commands at it: each is answered once. */
static void test_remove(void **state)
{
	struct errand errand[8];
	struct msg msg;
	uint32_t i;

	quiet();
	for (i = 8; i < 16; i++) {
		REQ(i, 0x28, 0, 0, 0, 0, (uint8_t)i, 0, 0, 8)->in_len = 4096;
		req[i].win_len = 4096;
		req[i].pool_off = i * 4096;
		errand[i - 8] = (struct errand) { { .run = on_errand }, i };
		loop_post(&loop, &errand[i - 8].post);
	}
	assert_int_equal(host_remove_disk(&host, &endpoint, endpoint_lun(&endpoint, 0, 3), &msg), 0);
	for (i = 8; i < 16; i++)
		while (sem_wait(&answered))
			;
	for (i = 8; i < 16; i++)
		assert_int_equal(answers[i].nr, 1);
	assert_int_equal(loop.file[LOOP_FILE_DISKS], -1);
	assert_int_equal(host_add_disk(&host, &endpoint, &conf, true, &msg), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sense),
		cmocka_unit_test(test_write_read),
		cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_addressed_wrong),
		cmocka_unit_test(test_out_of_bounds),
		cmocka_unit_test(test_aborted),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_nexus),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
