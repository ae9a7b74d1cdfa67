/*
 * test_read_room.c - the room as the engine meets it: setup, jobs, walls, and
 * letters that end their child but not the room.  Attacks are in
 * test_read_attack.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/sandbox.h"
#include "read_child.h"

#define DATA "../shared/data/letters"

/* ---- setup ---- */

static void
test_refused(void **state)
{
	void *ctx = talloc_new(NULL);
	struct room *room = room_open(ctx);
	struct read_product product = {NULL, 0, "XYZ-(100"};
	struct read_failed *failed;
	struct read_setup setup;
	struct frame frame;

	world_setup(&setup);
	setup.products = &product;
	setup.nproducts = 1;
	frame = ask(room, ctx, READ_SETUP, &read_setup_wire, &setup);
	assert_int_equal(frame.type, READ_REFUSED);
	failed = wire_decode(ctx, &read_failed_wire, frame.payload, NULL);
	assert_non_null(failed);
	assert_non_null(strstr(failed->text, "XYZ-(100"));
	room_close(room, 0);
	talloc_free(ctx);
}

static void
test_order(void **state)
{
	void *ctx = talloc_new(NULL);
	struct room *room = room_open(ctx);
	struct read_setup setup;
	struct error err = {0};

	/* A job first is refused; a second setup ends the room. */
	assert_int_equal(
	    ask_job(room, ctx, READ_LETTER, bytes_str("x")).type, READ_REFUSED);
	room_close(room, 0);
	world_setup(&setup);
	room = room_ready(ctx, &setup);
	assert_int_equal(channel_send(room->channel, READ_SETUP,
			     &read_setup_wire, &setup, &err),
	    0);
	room_close(room, 1);
	talloc_free(ctx);
}

static void
test_walls(void **state)
{
	struct read_setup setup;
	struct room *room;
	struct bytes status;
	char *text;
	void *ctx;

	if (!sandbox_is_real()) {
		print_message("skipped: no walls under the sanitizer\n");
		skip();
	}
	ctx = talloc_new(NULL);
	world_setup(&setup);
	room = room_ready(ctx, &setup);
	status = world_file(
	    ctx, talloc_asprintf(ctx, "/proc/%d/status", (int)room->pid));
	text = text_to_lf(ctx, (const char *)status.data);
	assert_non_null(text);
	assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "\nSeccomp:\t2\n"));
	must_live(room, ctx);
	room_close(room, 0);
	talloc_free(ctx);
}

/* How a child behind these walls ended that asked for a page. */
static int
page_behind_walls(int prot, bool change)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = {0};
		void *page;

		if (sandbox_base(&err) != 0 ||
		    sandbox_calls(SANDBOX_READ, &err) != 0)
			_exit(2);
		page = mmap(NULL, 4096, change ? PROT_READ : prot,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED ||
		    (change && mprotect(page, 4096, prot) != 0))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Memory, but none that can be executed. */
static void
test_no_code_is_brought_in(void **state)
{
	if (!sandbox_is_real()) {
		print_message("skipped: no walls under the sanitizer\n");
		skip();
	}
	for (int change = 0; change < 2; change++) {
		int fine =
		    page_behind_walls(PROT_READ | PROT_WRITE, change != 0);
		int bad = page_behind_walls(PROT_READ | PROT_EXEC, change != 0);

		assert_true(WIFEXITED(fine));
		assert_int_equal(WEXITSTATUS(fine), 0);
		assert_true(WIFSIGNALED(bad));
		assert_int_equal(WTERMSIG(bad), SIGSYS);
	}
}

/* ---- jobs ---- */

/* The walls change nothing: same bytes as without them. */
static void
test_letters(void **state)
{
	void *ctx = talloc_new(NULL);
	const char *folder = getenv("PSIRTD_LETTERS");
	struct read_setup setup;
	struct reader *reader;
	struct room *room;
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	if (folder == NULL)
		folder = "tests/letters";
	world_setup(&setup);
	room = room_ready(ctx, &setup);
	/* Made behind the room, which must have opened its own converters. */
	reader = world_reader(ctx);
	assert_non_null(reader);
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		void *tmp = talloc_new(ctx);
		struct buf *wire = buf_new(tmp, (size_t)64 << 20);
		struct read_job job = {READ_LETTER, NULL, BYTES_NONE};
		struct frame frame;

		if (strstr(entry->d_name, ".eml") == NULL)
			continue;
		job.data = world_file(
		    tmp, talloc_asprintf(tmp, "%s/%s", folder, entry->d_name));
		assert_int_equal(
		    wire_encode(&reading_wire,
			reading_new(tmp, reader, &job, NULL), wire, NULL),
		    0);
		frame = ask(room, tmp, READ_JOB, &read_job_wire, &job);
		assert_int_equal(frame.type, READ_DONE);
		assert_true(bytes_equal(frame.payload, buf_bytes(wire)));
		talloc_free(tmp);
		n++;
	}
	closedir(dir);
	assert_true(n >= 25);
	room_close(room, 0);
	talloc_free(ctx);
}

static void
test_malformed_job(void **state)
{
	void *ctx = talloc_new(NULL);
	struct read_setup setup;
	struct room *room;
	struct error err = {0};
	struct frame frame;

	world_setup(&setup);
	room = room_ready(ctx, &setup);
	assert_int_equal(
	    ask_job(room, ctx, 77, bytes_str("x")).type, READ_FAILED);
	assert_int_equal(channel_send_bytes(room->channel, READ_JOB,
			     bytes_str("no job"), &err),
	    0);
	assert_int_equal(
	    channel_recv(room->channel, ctx, ANSWER_MS, &frame, NULL, &err), 1);
	assert_int_equal(frame.type, READ_FAILED);
	assert_int_equal(
	    ask_job(room, ctx, READ_LETTER, BYTES_NONE).type, READ_DONE);
	must_live(room, ctx);
	room_close(room, 0);
	talloc_free(ctx);
}

static void
test_limits(void **state)
{
	void *ctx = talloc_new(NULL);
	struct read_setup setup;
	struct room *room;
	struct bytes big = repeat(ctx, "Subject: x\r\n\r\n",
	    "A line of text that is searched for numbers of products.\r\n",
	    600000, "");

	world_setup(&setup);
	setup.wall_ms = 20;
	room = room_ready(ctx, &setup);
	assert_int_equal(must_fail(room, ctx, big), ROOM_END_TIME);
	room_close(room, 0);
	if (sandbox_is_real()) { /* the sanitizer has no memory limit */
		world_setup(&setup);
		setup.memory_mb = 96;
		room = room_ready(ctx, &setup);
		assert_int_not_equal(must_fail(room, ctx, big), ROOM_END_OK);
		must_live(room, ctx);
		room_close(room, 0);
	}
	talloc_free(ctx);
}

/* ---- letters that other people wrote ---- */

static struct room *data_room;
static unsigned data_read;

static int
read_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	void *ctx;
	struct bytes data;
	struct frame frame;

	if (type != FTW_F)
		return 0;
	ctx = talloc_new(NULL);
	data = world_file(ctx, path);
	frame = ask_job(data_room, ctx, READ_LETTER, data);
	if (frame.type != READ_DONE)
		print_error("%s could not be read\n", path);
	assert_int_equal(frame.type, READ_DONE);
	assert_non_null(wire_decode(ctx, &reading_wire, frame.payload, NULL));
	talloc_free(ctx);
	data_read++;
	return 0;
}

static void
test_others(void **state)
{
	struct read_setup setup;
	void *ctx;

	if (access(DATA, R_OK) != 0) {
		print_message("skipped: no " DATA "\n");
		skip();
	}
	ctx = talloc_new(NULL);
	world_setup(&setup);
	data_room = room_ready(ctx, &setup);
	assert_int_equal(nftw(DATA, read_file, 16, FTW_PHYS), 0);
	assert_true(data_read > 0);
	must_live(data_room, ctx);
	room_close(data_room, 0);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_walls),
	    cmocka_unit_test(test_no_code_is_brought_in),
	    cmocka_unit_test(test_letters),
	    cmocka_unit_test(test_malformed_job),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_others),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
