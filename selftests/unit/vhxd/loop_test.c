// SPDX-License-Identifier: GPL-2.0-only
/* The event loop and its engine, on real files: what disks are read and written by. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine_uring.h"
#include "tests.h"

#define NR	64
#define BLOCK	4096

/**
 * struct rig - two loops, a disk's engine, and requests
 * @left: requests that are not done; under @lock
 */
struct rig {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct loop loop[2];
	struct disk_engine engine;
	char path[256];
	int fd;
	char *buf;
	struct engine_req req[NR];
	int left;
};

static struct rig rig;

static void done(struct engine_req *req)
{
	rig.left--;
	pthread_cond_signal(&rig.cond);
}

static void wait_all(void)
{
	pthread_mutex_lock(&rig.lock);
	while (rig.left)
		pthread_cond_wait(&rig.cond, &rig.lock);
	pthread_mutex_unlock(&rig.lock);
}

static void open_rig(const char *dir, int flags, unsigned int depth)
{
	struct msg msg;
	int i;

	memset(&rig, 0, sizeof(rig));
	pthread_mutex_init(&rig.lock, NULL);
	pthread_cond_init(&rig.cond, NULL);
	rig.buf = mmap(NULL, NR * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(rig.buf != MAP_FAILED);
	snprintf(rig.path, sizeof(rig.path), "%s/loop.%d", dir, (int)getpid());
	rig.fd = open(rig.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600);
	if (rig.fd < 0 && flags)
		rig.fd = open(rig.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(rig.fd >= 0);
	assert_int_equal(ftruncate(rig.fd, NR * BLOCK), 0);
	for (i = 0; i < 2; i++) {
		rig.loop[i].index = (unsigned int)i;
		rig.loop[i].session = -1;
		rig.loop[i].depth = depth;
		rig.loop[i].pool = i ? NULL : rig.buf;
		rig.loop[i].pool_size = NR * BLOCK;
		assert_int_equal(loop_start(rig.loop + i, &msg), 0);
	}
	engine_init(&rig.engine, &rig.lock, LOOP_FILE_DISKS, rig.loop);
}

static void close_rig(void)
{
	int i;

	for (i = 0; i < 2; i++)
		loop_end(rig.loop + i);
	for (i = 0; i < 2; i++)
		loop_join(rig.loop + i);
	close(rig.fd);
	unlink(rig.path);
	munmap(rig.buf, NR * BLOCK);
}

static void submit_locked(int i, enum engine_op op)
{
	rig.req[i] = (struct engine_req) {
		.op = op,
		.fd = rig.fd,
		.buf = rig.buf + i * BLOCK,
		.off = (uint64_t)i * BLOCK,
		.len = BLOCK,
		.done = done,
	};
	rig.left++;
	rig.engine.base.ops->submit(&rig.engine.base, &rig.req[i]);
}

static void submit(int i, enum engine_op op)
{
	pthread_mutex_lock(&rig.lock);
	submit_locked(i, op);
	pthread_mutex_unlock(&rig.lock);
}

/* One request from a loop's own thread. */
struct errand {
	struct post post;
	int i;
	enum engine_op op;
};

static void on_errand(struct loop *loop, struct post *post)
{
	struct errand *e = (struct errand *)post;

	submit(e->i, e->op);
}

static void fill(int seed)
{
	int i;

	for (i = 0; i < NR; i++)
		memset(rig.buf + i * BLOCK, seed + i, BLOCK);
}

static void check_all(int seed)
{
	int i, j;

	for (i = 0; i < NR; i++)
		for (j = 0; j < BLOCK; j += 511)
			assert_int_equal((uint8_t)rig.buf[i * BLOCK + j], (uint8_t)(seed + i));
}

static void expect(int64_t res)
{
	int i;

	for (i = 0; i < NR; i++)
		assert_int_equal(rig.req[i].res, res);
}

static void write_read(void)
{
	int i;

	fill(3);
	for (i = 0; i < NR; i++)
		submit(i, ENGINE_WRITE);
	wait_all();
	expect(BLOCK);
	fill(99);
	for (i = 0; i < NR; i++)
		submit(i, ENGINE_READ);
	wait_all();
	expect(BLOCK);
	check_all(3);
}

static const char *build_dir(void)
{
	return getenv("VHX_TMP") ?: "/tmp";
}

static void test_direct(void **state)
{
	open_rig(build_dir(), O_DIRECT, NR);
	write_read();
	assert_false(rig.engine.at_once);
	assert_true(rig.loop[0].file[LOOP_FILE_DISKS] == rig.fd);
	close_rig();
}

static void test_buffered(void **state)
{
	open_rig(build_dir(), 0, NR);
	write_read();
	close_rig();
}

/* Fewer slots than requests: they wait their turn. */
static void test_few_slots(void **state)
{
	open_rig(build_dir(), O_DIRECT, 3);
	write_read();
	close_rig();
}

static void test_memory(void **state)
{
	if (access("/dev/shm", W_OK))
		skip();
	open_rig("/dev/shm", 0, NR);
	write_read();
	/* Where tmpfs has NOWAIT, io_uring is as quick. */
	if (rig.engine.at_once)
		assert_int_equal(rig.loop[0].file[LOOP_FILE_DISKS], -1);
	close_rig();
}

/* From both loops, one of which has the pool registered. */
static void test_two_loops(void **state)
{
	struct errand errand[NR];
	int i;

	open_rig(build_dir(), O_DIRECT, NR);
	fill(7);
	for (i = 0; i < NR; i++)
		submit(i, ENGINE_WRITE);
	wait_all();
	fill(0);
	rig.left = 0;
	for (i = 0; i < NR; i++) {
		errand[i] = (struct errand) { { .run = on_errand }, i, ENGINE_READ };
		loop_post(rig.loop + i % 2, &errand[i].post);
	}
	/* Every errand has run when both loops end. */
	for (i = 0; i < 2; i++)
		loop_end(rig.loop + i);
	for (i = 0; i < 2; i++)
		loop_join(rig.loop + i);
	assert_int_equal(rig.left, 0);
	expect(BLOCK);
	check_all(7);
	close(rig.fd);
	unlink(rig.path);
	munmap(rig.buf, NR * BLOCK);
}

static void submit_op(enum engine_op op, int mode, bool dsync)
{
	pthread_mutex_lock(&rig.lock);
	rig.req[0] = (struct engine_req) {
		.op = op,
		.fd = rig.fd,
		.mode = mode,
		.dsync = dsync,
		.buf = rig.buf,
		.off = 0,
		.len = BLOCK,
		.res = 1,
		.done = done,
	};
	rig.left++;
	rig.engine.base.ops->submit(&rig.engine.base, &rig.req[0]);
	pthread_mutex_unlock(&rig.lock);
	wait_all();
}

static void test_ops(void **state)
{
	open_rig(build_dir(), O_DIRECT, NR);
	fill(5);
	submit_op(ENGINE_WRITE, 0, true);
	assert_int_equal(rig.req[0].res, BLOCK);
	submit_op(ENGINE_FSYNC, 0, false);
	assert_int_equal(rig.req[0].res, 0);
	submit_op(ENGINE_FALLOCATE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, false);
	assert_int_equal(rig.req[0].res, 0);
	submit_op(ENGINE_READ, 0, false);
	assert_int_equal(rig.req[0].res, BLOCK);
	assert_int_equal(rig.buf[0], 0);
	/* A file takes no discard, and says so. */
	submit_op(ENGINE_DISCARD, 0, false);
	assert_true(rig.req[0].res < 0);
	close_rig();
}

static void test_end_of_file(void **state)
{
	open_rig(build_dir(), O_DIRECT, NR);
	assert_int_equal(ftruncate(rig.fd, BLOCK), 0);
	submit(1, ENGINE_READ);
	wait_all();
	assert_int_equal(rig.req[1].res, 0);
	close_rig();
}

/* A pipe that nobody writes to is I/O that does not end by itself. */
static int use_pipe(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(rig.fd);
	rig.fd = fds[0];
	return fds[1];
}

static void submit_read(int i)
{
	pthread_mutex_lock(&rig.lock);
	rig.req[i] = (struct engine_req) {
		.op = ENGINE_READ,
		.fd = rig.fd,
		.buf = rig.buf + i * BLOCK,
		.len = 16,
		.done = done,
	};
	rig.left++;
	rig.engine.base.ops->submit(&rig.engine.base, &rig.req[i]);
	pthread_mutex_unlock(&rig.lock);
}

static void cancel(int i)
{
	pthread_mutex_lock(&rig.lock);
	rig.engine.base.ops->cancel(&rig.engine.base, &rig.req[i]);
	pthread_mutex_unlock(&rig.lock);
}

static void test_cancel(void **state)
{
	int other, i;

	open_rig(build_dir(), 0, NR);
	other = use_pipe();
	for (i = 0; i < 8; i++)
		submit_read(i);
	usleep(20000);
	assert_int_equal(rig.left, 8);
	for (i = 0; i < 8; i++)
		cancel(i);
	wait_all();
	for (i = 0; i < 8; i++)
		assert_int_equal(rig.req[i].res, -ECANCELED);
	close(other);
	close_rig();
}

/* Those that have no slot yet are cancelled without one. */
static void test_cancel_waiting(void **state)
{
	int other, i;

	open_rig(build_dir(), 0, 2);
	other = use_pipe();
	for (i = 0; i < 6; i++)
		submit_read(i);
	/* Until two have slots, and four wait. */
	usleep(20000);
	for (i = 5; i >= 0; i--)
		cancel(i);
	wait_all();
	for (i = 0; i < 6; i++)
		assert_int_equal(rig.req[i].res, -ECANCELED);
	close(other);
	close_rig();
}

/* A cancel that comes too late must not hit who has the slot now. */
static void test_cancel_late(void **state)
{
	struct engine_req copy;
	int other;

	open_rig(build_dir(), 0, 1);
	other = use_pipe();
	submit_read(0);
	assert_int_equal(write(other, "0123456789abcdef", 16), 16);
	wait_all();
	assert_int_equal(rig.req[0].res, 16);
	copy = rig.req[0];
	submit_read(1);
	usleep(20000);
	pthread_mutex_lock(&rig.lock);
	rig.engine.base.ops->cancel(&rig.engine.base, &copy);
	pthread_mutex_unlock(&rig.lock);
	usleep(50000);
	assert_int_equal(rig.left, 1);
	assert_int_equal(write(other, "0123456789abcdef", 16), 16);
	wait_all();
	assert_int_equal(rig.req[1].res, 16);
	close(other);
	close_rig();
}

static void *write_later(void *arg)
{
	usleep(100000);
	assert_int_equal(write(*(int *)arg, "0123456789abcdef", 16), 16);
	return NULL;
}

/* An end waits for what is in flight. */
static void test_end_in_flight(void **state)
{
	pthread_t writer;
	int other;

	open_rig(build_dir(), 0, NR);
	other = use_pipe();
	submit_read(0);
	usleep(20000);
	pthread_create(&writer, NULL, write_later, &other);
	close_rig();
	assert_int_equal(rig.left, 0);
	assert_int_equal(rig.req[0].res, 16);
	pthread_join(writer, NULL);
	close(other);
}

/* Only then can another process have the file's lock. */
static void test_forget(void **state)
{
	open_rig(build_dir(), O_DIRECT, NR);
	write_read();
	assert_int_equal(rig.loop[0].file[LOOP_FILE_DISKS], rig.fd);
	engine_forget(&rig.engine, rig.loop, 2);
	assert_int_equal(rig.loop[0].file[LOOP_FILE_DISKS], -1);
	assert_int_equal(rig.loop[1].file[LOOP_FILE_DISKS], -1);
	write_read();
	close_rig();
}

static int sqe_res;

static void on_probe(struct loop *loop, struct post *post)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);
	struct io_uring_cqe *cqe;

	io_uring_prep_openat(sqe, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	io_uring_sqe_set_data64(sqe, LOOP_NOTHING);
	io_uring_submit(&loop->ring);
	if (!io_uring_wait_cqe(&loop->ring, &cqe)) {
		sqe_res = cqe->res;
		io_uring_cqe_seen(&loop->ring, cqe);
	}
	sem_post(&loop->ready);
}

static void test_restricted(void **state)
{
	struct post post = { .run = on_probe };

	open_rig(build_dir(), 0, NR);
	loop_post(rig.loop, &post);
	sem_wait(&rig.loop[0].ready);
	assert_int_equal(sqe_res, -EACCES);
	close_rig();
}

static void on_exit_thread(struct loop *loop, struct post *post)
{
	pthread_exit(NULL);
}

/* The kernel is not told when a thread ends, so the process has to go with it. */
static void test_thread_ends(void **state)
{
	struct post post = { .run = on_exit_thread };
	struct msg msg;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		memset(&rig, 0, sizeof(rig));
		rig.loop[0].session = -1;
		rig.loop[0].depth = 4;
		if (loop_start(rig.loop, &msg))
			_exit(1);
		loop_post(rig.loop, &post);
		sleep(20);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_buffered),
		cmocka_unit_test(test_few_slots),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_two_loops),
		cmocka_unit_test(test_ops),
		cmocka_unit_test(test_end_of_file),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_waiting),
		cmocka_unit_test(test_cancel_late),
		cmocka_unit_test(test_end_in_flight),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_restricted),
		cmocka_unit_test(test_thread_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
