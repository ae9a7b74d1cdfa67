/*
 * test_vault_room.c - the room as a whole: set-up and what it says of keys,
 * passphrases, key blocks, walls, and that a job that is killed, or an agent
 * that dies, leaves the room working and nothing behind.
 */
#include "vault_world.h"

#include <errno.h>

#include "../../daemon/vault/vault_internal.h"
#include "psirtd/opening.h"
#include "psirtd/sandbox.h"

#define REPORT "a heap overflow in XYZ-100\n"

static const char script[] =
    "key poc never; key retired 1y; key recovery never; key alice never\n"
    "key eve never; key rev never; key old 1y\n"
    "echo cert-digest-algo SHA1 >>w/gpg.conf; key aged never\n"
    "sed -i '$d' w/gpg.conf\n"
    "g --faked-system-time $T --quick-gen-key 'signs <s@test.example>' \\\n"
    "    ed25519 cert,sign never\n"
    "g --with-colons --list-keys '<s@test.example>' |\n"
    "    sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' >k/signs\n"
    "sed 's/^:---/---/' w/openpgp-revocs.d/$(k rev).rev | g --import\n"
    "for n in alice eve signs; do g --export $(k $n) >k/$n.gpg; done\n"
    "g --armor --export $(k alice) $(k eve) >k/both.asc\n"
    "g --armor --export-secret-keys $(k eve) >k/secret.asc\n"
    "g -r $(k poc) -u $(k alice) -se -o m/pinned <in\n"
    "g --faked-system-time 20240601T000000 -r $(k retired) -e \\\n"
    "    -o m/retired <in\n"
    "head -c 150000000 /dev/zero | g -r $(k poc) -z1 -e -o m/long\n"
    "mkdir -m 700 w2; cp w/gpg.conf w/gpg-agent.conf w2\n"
    "GNUPGHOME=\"$D/w2\"\n"
    "P=correct; key locked never\n"
    "g -r $(k locked) -u $(k locked) -se -o m/locked <in\n"
    "g --export $(k locked) >k/locked.gpg\n"
    "g --import k/eve.gpg\n"
    "g --hidden-recipient $(k eve) -c -o m/password <in\n";

static struct world world;
static char *settings_home; /* how it looked before the first room */

static char *
listing(const struct world *w)
{
	char *command =
	    talloc_asprintf(NULL, "ls -lR --time-style=full-iso %s", w->home);
	char *text = talloc_zero_size(NULL, 65536);
	FILE *ls = popen(command, "r");

	assert_non_null(ls);
	assert_true(fread(text, 1, 65535, ls) > 0);
	pclose(ls);
	talloc_free(command);
	return text;
}

static int
group_setup(void **state)
{
	world_make(&world, script);
	settings_home = listing(&world);
	return 0;
}

static int
group_end(void **state)
{
	talloc_free(settings_home);
	world_end(&world);
	return 0;
}

/* Ends the room: it and its agent are gone, and its files. */
static void
room_end(int wanted)
{
	char *path = talloc_strdup(NULL, world.work);
	DIR *dir;
	struct dirent *entry;

	assert_int_equal(world_room_end(&world), wanted);
	assert_true(world_settles(&world, "/v/", 0));
	dir = opendir(path);
	assert_non_null(dir);
	/* An empty folder is all that may stay, for the next to remove. */
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == 'v') {
			char *home =
			    talloc_asprintf(path, "%s/%s", path, entry->d_name);

			if (rmdir(home) != 0)
				fail_msg("%s is not empty", home);
		}
	closedir(dir);
	talloc_free(path);
}

static const struct vault_key *
key_of(const void *ctx, const struct vault_ready *ready, size_t i,
    const char *name)
{
	assert_true(i < ready->nkeys);
	assert_string_equal(
	    ready->keys[i].fingerprint, world_key(ctx, &world, name));
	return &ready->keys[i];
}

static void
check_opens(const void *ctx, const char *message)
{
	struct vault_opened *o =
	    world_decrypt(&world, ctx, world_file(ctx, &world, message));

	if (o->outcome != LAYER_OPEN)
		fail_msg("%s: %s (%s)", message, layer_outcome_name(o->outcome),
		    o->note != NULL ? o->note : "-");
	assert_true(bytes_equal(o->plain, bytes_str(REPORT)));
}

/* ---- set-up ---- */

static void
test_ready(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	const char *nowhere = "0123456789ABCDEF0123456789ABCDEF01234567";
	const char *retired[] = {world_key(ctx, &world, "retired")};
	const char *pinned[] = {world_key(ctx, &world, "alice"),
	    world_key(ctx, &world, "rev"), world_key(ctx, &world, "old"),
	    world_key(ctx, &world, "signs"), world_key(ctx, &world, "aged"),
	    nowhere};
	struct vault_ready *ready;
	char *now;

	setup.retired = retired;
	setup.nretired = 1;
	setup.recovery = world_key(ctx, &world, "recovery");
	setup.pinned = pinned;
	setup.npinned = COUNT_OF(pinned);
	ready = world_room(&world, ctx, &setup);
	assert_int_equal(ready->nkeys, 9);
	assert_int_equal(key_of(ctx, ready, 0, "poc")->problem, VAULT_KEY_FINE);
	assert_int_equal(ready->keys[0].can_sign, 1);
	assert_int_equal(ready->keys[0].can_encrypt, 1);
	assert_int_equal(ready->keys[0].expires, 0);
	assert_int_equal(ready->keys[0].nuids, 1);
	assert_string_equal(ready->keys[0].uids[0], "poc <poc@test.example>");
	/* Expired long ago, and yet it opens. */
	assert_int_equal(
	    key_of(ctx, ready, 1, "retired")->problem, VAULT_KEY_FINE);
	assert_int_equal(
	    key_of(ctx, ready, 2, "recovery")->problem, VAULT_KEY_FINE);
	assert_int_equal(
	    key_of(ctx, ready, 3, "alice")->problem, VAULT_KEY_FINE);
	assert_int_equal(
	    key_of(ctx, ready, 4, "rev")->problem, VAULT_KEY_REVOKED);
	assert_int_equal(
	    key_of(ctx, ready, 5, "old")->problem, VAULT_KEY_EXPIRED);
	assert_non_null(strstr(ready->keys[5].text, "2024-12-31"));
	assert_int_equal(
	    key_of(ctx, ready, 6, "signs")->problem, VAULT_KEY_NO_ENCRYPT);
	/* So old that it vouches for itself with SHA-1. */
	assert_int_equal(
	    key_of(ctx, ready, 7, "aged")->problem, VAULT_KEY_FINE);
	assert_int_equal(ready->keys[8].problem, VAULT_KEY_MISSING);
	assert_string_equal(ready->keys[8].fingerprint, nowhere);
	check_opens(ctx, "m/pinned");
	check_opens(ctx, "m/retired");
	room_end(0);
	/* The GNUPGHOME of the settings was only read from. */
	now = listing(&world);
	assert_string_equal(now, settings_home);
	talloc_free(now);
	talloc_free(ctx);
}

/* A key of the home that is not configured is nobody's. */
static void
test_only_configured_keys(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_opened *o;

	world_room(&world, ctx, &setup);
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/retired"));
	assert_int_equal(o->outcome, LAYER_NO_SECRET_KEY);
	assert_int_equal(o->for_us, 0);
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/pinned"));
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->signatures[0].status, SIGNATURE_NO_KEY);
	assert_null(o->signatures[0].primary);
	room_end(0);
	talloc_free(ctx);
}

static void
refused_setup(const void *ctx, const struct vault_setup *setup)
{
	struct frame answer;
	struct vault_failed *failed;

	world_room_fork(&world);
	answer = world_ask(&world, ctx, VAULT_SETUP, &vault_setup_wire, setup);
	failed = world_take(ctx, answer, VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_SETUP);
	assert_true(strlen(failed->text) > 10);
	room_end(78);
}

static void
test_setup_refused(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_setup bad = setup;

	bad.home = talloc_asprintf(ctx, "%s/m", world.dir);
	refused_setup(ctx, &bad);
	bad = setup;
	bad.work_dir = talloc_asprintf(ctx, "%s/missing", world.dir);
	refused_setup(ctx, &bad);
	assert_int_equal(chmod(world.work, 0755), 0);
	refused_setup(ctx, &setup);
	assert_int_equal(chmod(world.work, 0700), 0);
	/* 108 bytes are all that a socket's path may have. */
	bad.work_dir = talloc_asprintf(ctx, "%s/v/%0100d", world.dir, 0);
	refused_setup(ctx, &bad);
	/* Another frame first. */
	world_room_fork(&world);
	assert_int_equal(channel_send(world.ch, VAULT_KEYS, &vault_blob_wire,
			     &(struct vault_blob){BYTES_NONE}, NULL),
	    0);
	room_end(75);
	talloc_free(ctx);
}

static void
test_stale_home(void **state)
{
	void *ctx = talloc_new(NULL);
	struct world other;
	struct vault_setup setup = world_setup(ctx, &world);
	char *command = talloc_asprintf(ctx,
	    "mkdir -m 700 %s/vABCDEF && "
	    "touch %s/vABCDEF/secret",
	    world.work, world.work);

	/* Left by a room that was killed. */
	assert_int_equal(system(command), 0);
	world_room(&world, ctx, &setup);
	command = talloc_asprintf(ctx, "%s/vABCDEF", world.work);
	assert_int_equal(access(command, F_OK), -1);
	/* That of a living one stays, as with several workers. */
	other = world;
	world_room(&other, ctx, &setup);
	check_opens(ctx, "m/pinned");
	assert_int_equal(world_room_end(&other), 0);
	check_opens(ctx, "m/pinned");
	room_end(0);
	talloc_free(ctx);
}

/* ---- the passphrase of the POC key ---- */

static void
test_passphrase(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_opened *o;

	setup.home = talloc_asprintf(ctx, "%s/w2", world.dir);
	setup.poc = world_key(ctx, &world, "locked");
	setup.passphrase = bytes_str("correct");
	assert_int_equal(
	    world_room(&world, ctx, &setup)->keys[0].problem, VAULT_KEY_FINE);
	check_opens(ctx, "m/locked");
	check_opens(ctx, "m/locked");
	/* Locked by the very same words, but not one of our keys. */
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/password"));
	assert_int_equal(o->outcome, LAYER_SYMMETRIC);
	assert_int_equal(o->plain.len, 0);
	room_end(0);
	talloc_free(ctx);
}

static void
check_locked(struct bytes passphrase)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_ready *ready;
	struct vault_opened *o;

	setup.home = talloc_asprintf(ctx, "%s/w2", world.dir);
	setup.poc = world_key(ctx, &world, "locked");
	setup.passphrase = passphrase;
	ready = world_room(&world, ctx, &setup);
	assert_int_equal(ready->keys[0].problem, VAULT_KEY_NO_SECRET);
	assert_non_null(strstr(ready->keys[0].text, "passphrase"));
	assert_int_equal(ready->keys[0].can_sign, 0);
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/locked"));
	assert_int_equal(o->outcome, LAYER_NO_SECRET_KEY);
	assert_int_equal(o->for_us, 1);
	assert_int_equal(o->plain.len, 0);
	room_end(0);
	talloc_free(ctx);
}

static void
test_wrong_passphrase(void **state)
{
	check_locked(bytes_str("incorrect"));
	check_locked(BYTES_NONE);
}

/* ---- key blocks ---- */

static struct vault_keys *
keys_seen(const void *ctx, struct bytes data)
{
	struct vault_blob blob = {data};

	return world_take(ctx,
	    world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob),
	    VAULT_KEYS_SEEN, &vault_keys_wire);
}

static void
keys_refused(const void *ctx, struct bytes data)
{
	struct vault_blob blob = {data};
	struct vault_failed *failed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob),
	    VAULT_FAILED, &vault_failed_wire);

	assert_int_equal(failed->reason, VAULT_FAIL_INPUT);
}

static void
test_keys(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_keys *keys;
	uint8_t *large = talloc_zero_size(ctx, 70000);
	struct bytes eve;

	world_room(&world, ctx, &setup);
	eve = world_file(ctx, &world, "k/eve.gpg");
	keys = keys_seen(ctx, eve);
	assert_int_equal(keys->nkeys, 1);
	assert_string_equal(
	    keys->keys[0].fingerprint, world_key(ctx, &world, "eve"));
	assert_int_equal(keys->keys[0].can_encrypt, 1);
	assert_string_equal(keys->keys[0].uids[0], "eve <eve@test.example>");
	keys = keys_seen(ctx, world_file(ctx, &world, "k/signs.gpg"));
	assert_int_equal(keys->nkeys, 1);
	assert_int_equal(keys->keys[0].can_encrypt, 0);
	assert_int_equal(
	    keys_seen(ctx, world_file(ctx, &world, "k/both.asc"))->nkeys, 2);
	keys_refused(ctx, world_file(ctx, &world, "k/secret.asc"));
	keys_refused(ctx, world_file(ctx, &world, "m/pinned"));
	keys_refused(ctx, bytes_str("no key"));
	keys_refused(ctx, BYTES_NONE);
	keys_refused(ctx, bytes_span(eve, 0, eve.len - 10));
	memcpy(large, eve.data, eve.len);
	keys_refused(ctx, bytes_of(large, 70000));
	/* None of them came into the ring. */
	assert_int_equal(
	    world_decrypt(&world, ctx, world_file(ctx, &world, "m/pinned"))
		->signatures[0]
		.status,
	    SIGNATURE_NO_KEY);
	room_end(0);
	talloc_free(ctx);
}

static void
failed_input(const void *ctx, uint32_t type, struct bytes payload)
{
	struct vault_failed *failed;

	assert_int_equal(channel_send_bytes(world.ch, type, payload, NULL), 0);
	failed = world_take(
	    ctx, world_answer(&world, ctx), VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_INPUT);
}

static void
test_malformed_frames(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_open_job job = {.kind = 77};
	struct vault_failed *failed;

	world_room(&world, ctx, &setup);
	failed_input(ctx, VAULT_OPEN, bytes_str("soup"));
	failed_input(ctx, VAULT_KEYS, BYTES_NONE);
	failed_input(ctx, VAULT_SETUP, BYTES_NONE);
	failed_input(ctx, 4711, BYTES_NONE);
	failed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_OPEN, &vault_open_job_wire, &job),
	    VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_INPUT);
	check_opens(ctx, "m/pinned");
	room_end(0);
	talloc_free(ctx);
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
	check_opens(ctx, "m/pinned");
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
	check_stopped(ctx, agent);
	/* One that stands still, until its time is up. */
	agent = agent_pid();
	job = start_long(ctx);
	assert_int_equal(kill(job, SIGSTOP), 0);
	check_stopped(ctx, agent);
	room_end(0);
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
	check_opens(ctx, "m/pinned");
	room_end(0);
	talloc_free(ctx);
}

static void
test_dead_agent(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);

	world_room(&world, ctx, &setup);
	assert_int_equal(kill(agent_pid(), SIGKILL), 0);
	check_opens(ctx, "m/pinned");
	assert_int_equal(kill(agent_pid(), SIGSTOP), 0);
	check_opens(ctx, "m/pinned");
	assert_int_equal(world_processes(&world, "/v/", NULL), 1);
	room_end(0);
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
	check_opens(ctx, "m/pinned");
	room_end(0);
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
	    cmocka_unit_test(test_ready),
	    cmocka_unit_test(test_only_configured_keys),
	    cmocka_unit_test(test_setup_refused),
	    cmocka_unit_test(test_stale_home),
	    cmocka_unit_test(test_passphrase),
	    cmocka_unit_test(test_wrong_passphrase),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_malformed_frames),
	    cmocka_unit_test(test_killed_jobs),
	    cmocka_unit_test(test_killed_gpg),
	    cmocka_unit_test(test_dead_agent),
	    cmocka_unit_test(test_killed_room),
	    cmocka_unit_test(test_walls),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
