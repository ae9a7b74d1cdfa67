/*
 * test_vault_jobs.c - one child a job: that a job that is killed, a gpg that
 * is, or an agent that dies leaves the room working and nothing behind; and
 * the walls, tried from inside.
 */
#include "vault_world.h"

#include <errno.h>

#include "../../daemon/vault/vault_internal.h"
#include "psirtd/sandbox.h"

static const char script[] =
    "key poc never; key alice never\n"
    "g -r $(k poc) -u $(k alice) -se -o m/pinned <in\n"
    "head -c 150000000 /dev/zero | g -r $(k poc) -z1 -e -o m/long\n";

static struct world world;

static int
group_setup(void **state)
{
	world_make(&world, script);
	return 0;
}

static int
group_end(void **state)
{
	world_end(&world);
	return 0;
}

/* ---- jobs that are killed ---- */

/* A process whose parent is `parent`, and whose command line does (not) have
 * a word; 0: none. */
static pid_t
child_of(pid_t parent, const char *word, bool has)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	assert_non_null(proc);
	while (found == 0 && (entry = readdir(proc)) != NULL) {
		char path[300];
		char line[1024] = "";
		int ppid = 0;
		size_t len;
		FILE *f;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		f = fopen(path, "r");
		if (f == NULL || fgets(line, sizeof(line), f) == NULL ||
		    strrchr(line, ')') == NULL ||
		    sscanf(strrchr(line, ')') + 2, "%*c %d", &ppid) != 1)
			ppid = 0;
		if (f != NULL)
			fclose(f);
		if (ppid != parent)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		f = fopen(path, "r");
		len = f != NULL ? fread(line, 1, sizeof(line), f) : 0;
		if (f != NULL)
			fclose(f);
		if (len > 0 &&
		    (memmem(line, len, word, strlen(word)) != NULL) == has)
			found = (pid_t)atoi(entry->d_name);
	}
	closedir(proc);
	return found;
}

static pid_t
wait_child(pid_t parent, const char *word, bool has)
{
	for (int i = 0; i < 20000; i++) {
		pid_t pid = child_of(parent, word, has);

		if (pid != 0)
			return pid;
		usleep(500);
	}
	fail_msg("no such process");
	return 0;
}

static pid_t
agent_pid(void)
{
	return wait_child(world.room, "gpg-agent", true);
}

/* Starts a job that lasts; gives the pid of its child. */
static pid_t
start_long(const void *ctx)
{
	struct vault_open_job job = {
	    .kind = VAULT_DECRYPT, .data = world_file(ctx, &world, "m/long")};

	assert_int_equal(channel_send(world.ch, VAULT_OPEN,
			     &vault_open_job_wire, &job, NULL),
	    0);
	return wait_child(world.room, "gpg-agent", false);
}

/* The one that takes its place. */
static pid_t
next_job(pid_t before)
{
	pid_t job;

	do
		job = wait_child(world.room, "gpg-agent", false);
	while (job == before);
	return job;
}

static struct vault_setup
long_setup(const void *ctx)
{
	struct vault_setup setup = world_setup(ctx, &world);

	setup.max_output = 170 << 20;
	setup.memory_mb = 2048;
	setup.wall_ms = 2000;
	return setup;
}

static void
check_stopped(const void *ctx, pid_t agent_before)
{
	struct vault_opened *o = world_take(
	    ctx, world_answer(&world, ctx), VAULT_OPENED, &vault_opened_wire);

	assert_int_equal(o->outcome, LAYER_TOO_SLOW);
	assert_int_equal(o->plain.len, 0);
	/* The packets tell for whom it was, all the same. */
	assert_int_equal(o->for_us, 1);
	assert_int_equal(o->nrecipients, 1);
	/* No gpg drains the rest; the agent is another one. */
	assert_true(world_settles(&world, "/v/", 1));
	assert_true(agent_pid() != agent_before);
	world_opens(&world, ctx, "m/pinned");
}

static void
test_killed_jobs(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = long_setup(ctx);
	pid_t agent;
	pid_t job;

	world_room(&world, ctx, &setup);
	agent = agent_pid();
	job = start_long(ctx);
	assert_int_equal(kill(job, SIGKILL), 0);
	assert_int_equal(kill(next_job(job), SIGKILL), 0);
	check_stopped(ctx, agent);
	/* One that stands still, until its time is up. */
	agent = agent_pid();
	job = start_long(ctx);
	assert_int_equal(kill(job, SIGSTOP), 0);
	check_stopped(ctx, agent);
	world_leave(&world, 0);
	talloc_free(ctx);
}

/* Whoever did that, it was not the letter: it is opened all the same. */
static void
test_killed_once(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = long_setup(ctx);
	struct vault_opened *o;

	setup.wall_ms = 60000;
	world_room(&world, ctx, &setup);
	assert_int_equal(kill(start_long(ctx), SIGKILL), 0);
	o = world_take(
	    ctx, world_answer(&world, ctx), VAULT_OPENED, &vault_opened_wire);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(o->plain.len > 0);
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
test_killed_gpg(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = long_setup(ctx);
	struct vault_opened *o;
	pid_t job;

	world_room(&world, ctx, &setup);
	job = start_long(ctx);
	/* As RLIMIT_CPU does it. */
	assert_int_equal(kill(wait_child(job, "--decrypt", true), SIGKILL), 0);
	o = world_take(
	    ctx, world_answer(&world, ctx), VAULT_OPENED, &vault_opened_wire);
	assert_int_equal(o->outcome, LAYER_TOO_SLOW);
	assert_int_equal(o->plain.len, 0);
	world_opens(&world, ctx, "m/pinned");
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
test_dead_agent(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);

	world_room(&world, ctx, &setup);
	assert_int_equal(kill(agent_pid(), SIGKILL), 0);
	world_opens(&world, ctx, "m/pinned");
	assert_int_equal(kill(agent_pid(), SIGSTOP), 0);
	world_opens(&world, ctx, "m/pinned");
	assert_int_equal(world_processes(&world, "/v/", NULL), 1);
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
test_killed_room(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);

	world_room(&world, ctx, &setup);
	assert_int_equal(kill(world.room, SIGKILL), 0);
	assert_int_equal(world_room_end(&world), -1);
	/* Its agent goes with it, its files when the next one starts. */
	assert_true(world_settles(&world, "/v/", 0));
	world_room(&world, ctx, &setup);
	world_opens(&world, ctx, "m/pinned");
	world_leave(&world, 0);
	talloc_free(ctx);
}

/* ---- walls ---- */

/* Runs in a child of a walled room; says which wall is missing. */
static int
job_try(void *arg, struct buf *out, struct error *err)
{
	const struct vault *vault = arg;
	char *ring =
	    talloc_asprintf(NULL, "%s/pubring.kbx", vault->setup->home);
	char *own = talloc_asprintf(NULL, "%s/pubring.kbx", vault->home->path);
	char *outside = talloc_asprintf(NULL, "%s/written", vault->setup->home);
	pid_t pid;
	int status = 0;

	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return buf_addf(out, err, "AF_INET");
	if (socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno != EPERM)
		return buf_addf(out, err, "AF_INET6");
	if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EPERM)
		return buf_addf(out, err, "AF_NETLINK");
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return buf_addf(out, err, "/etc/passwd");
	if (open(ring, O_RDONLY) >= 0 || errno != EACCES)
		return buf_addf(out, err, "the settings' GNUPGHOME");
	if (open(outside, O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		return buf_addf(out, err, "writing outside");
	if (open(own, O_RDONLY) < 0)
		return buf_addf(out, err, "the own home is walled off");
	pid = fork();
	if (pid == 0) {
		execl("/usr/bin/id", "id", (char *)NULL);
		_exit(errno == EACCES ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return buf_addf(out, err, "exec of another program");
	return buf_addf(out, err, "walled");
}

static void __attribute__((noreturn))
walled_room(const struct vault_setup *setup)
{
	static const struct room_limits limits = {.wall_ms = 5000,
	    .cpu_s = 5,
	    .memory_bytes = 512 << 20,
	    .reply_bytes = 4096};
	struct error err = {0};
	struct bytes answer = BYTES_NONE;
	struct vault *vault = vault_setup_do(NULL, setup, &err);
	bool good;

	log_start("vault", LOG_LEVEL_ERR);
	if (vault == NULL) {
		print_error("%s\n", err.text);
		_exit(2);
	}
	good = room_run_job(NULL, &limits, NULL, job_try, vault, &answer,
		   &err) == ROOM_END_OK &&
	       bytes_equal(answer, bytes_str("walled"));
	if (!good)
		print_error("not walled off: %.*s%s\n", (int)answer.len,
		    answer.data != NULL ? (const char *)answer.data : "",
		    err.text);
	talloc_free(vault);
	_exit(good ? 0 : 1);
}

static void
test_walls(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	int status = 0;
	pid_t pid;

	if (!sandbox_is_real()) {
		print_message("no walls under the sanitizer: not looked at\n");
		talloc_free(ctx);
		skip();
	}
	pid = fork();
	if (pid == 0)
		walled_room(&setup);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_killed_jobs),
	    cmocka_unit_test(test_killed_once),
	    cmocka_unit_test(test_killed_gpg),
	    cmocka_unit_test(test_dead_agent),
	    cmocka_unit_test(test_killed_room),
	    cmocka_unit_test(test_walls),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
