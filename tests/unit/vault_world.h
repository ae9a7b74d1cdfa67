/*
 * vault_world.h - real keys and messages for the vault's tests, and a vault
 * room to give them to.
 *
 * world_make() runs a shell script in a folder of its own under /tmp (an
 * agent's socket needs a short path); the room is a child that runs
 * vault_room() on one end of a socketpair, as the engine starts it.
 * world_end() ends everything and asserts that no process of it is left.
 */
#ifndef TESTS_UNIT_VAULT_WORLD_H
#define TESTS_UNIT_VAULT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/opening.h"
#include "psirtd/room.h"
#include "psirtd/vault.h"

/* What is in the messages of the scripts: the file `in`. */
#define WORLD_REPORT "a heap overflow in XYZ-100\n"
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/*
 * What every script may use: g, gpg in the home w/; key NAME EXPIRY, made at
 * the start of 2024, when the clock stood still (!): a slow machine makes no
 * subkey before its key; its fingerprint is in k/NAME; k NAME prints it.
 */
#define WORLD_SCRIPT                                                           \
	"set -eu\n"                                                            \
	"cd \"$D\"\n"                                                          \
	"mkdir -m 700 w v m k\n"                                               \
	"export GNUPGHOME=\"$D/w\" LC_ALL=C\n"                                 \
	"printf 'no-auto-key-locate\\ntrust-model always\\n' >w/gpg.conf\n"    \
	"printf 'disable-scdaemon\\ns2k-count 65536\\n' >w/gpg-agent.conf\n"   \
	"P=\n"                                                                 \
	"T=20240101T000000!\n"                                                 \
	"g() { gpg --batch --quiet --no-tty --pinentry-mode loopback \\\n"     \
	"    --passphrase \"$P\" --disable-dirmngr \"$@\" 2>>log; }\n"         \
	"k() { cat \"k/$1\"; }\n"                                              \
	"key() {\n"                                                            \
	"    g --faked-system-time $T --quick-gen-key \\\n"                    \
	"        \"$1 <$1@test.example>\" ed25519 cert,sign $2\n"              \
	"    g --with-colons --list-keys \"<$1@test.example>\" |\n"            \
	"        sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' | head -n 1 >k/$1\n"  \
	"    g --faked-system-time $T --quick-add-key $(k $1) cv25519 \\\n"    \
	"        encr $2\n"                                                    \
	"}\n"                                                                  \
	"printf 'a heap overflow in XYZ-100\\n' >in\n"

struct world {
	char dir[32];
	char *home;
	char *work;
	pid_t room;
	struct channel *ch;
};

static inline struct bytes
world_file(const void *ctx, const struct world *w, const char *name)
{
	char *path = talloc_asprintf(ctx, "%s/%s", w->dir, name);
	FILE *f = fopen(path, "rb");
	struct bytes all = BYTES_NONE;
	struct stat st;
	uint8_t *data;

	if (f == NULL)
		fail_msg("%s is not there", path);
	assert_int_equal(fstat(fileno(f), &st), 0);
	data = talloc_zero_size(ctx, (size_t)st.st_size + 1);
	all = bytes_of(data, fread(data, 1, (size_t)st.st_size, f));
	assert_int_equal(all.len, st.st_size);
	fclose(f);
	return all;
}

/* The fingerprint of a key of the script. */
static inline const char *
world_key(const void *ctx, const struct world *w, const char *name)
{
	char *path = talloc_asprintf(ctx, "k/%s", name);
	struct bytes text = world_file(ctx, w, path);

	assert_int_equal(text.len, 41);
	return talloc_strndup(ctx, (const char *)text.data, 40);
}

static inline void
world_make(struct world *w, const char *script)
{
	FILE *sh;

	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/vtXXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(setenv("D", w->dir, 1), 0);
	sh = popen("/bin/sh", "w");
	assert_non_null(sh);
	assert_true(fputs(WORLD_SCRIPT, sh) >= 0 && fputs(script, sh) >= 0);
	if (pclose(sh) != 0) {
		struct bytes log = world_file(NULL, w, "log");

		fail_msg("the script failed: %s", (const char *)log.data);
	}
	w->home = talloc_asprintf(NULL, "%s/w", w->dir);
	w->work = talloc_asprintf(NULL, "%s/v", w->dir);
}

/* Processes whose command line names `word` below this world's folder. */
static inline size_t
world_processes(const struct world *w, const char *word, pid_t *last)
{
	char *wanted = talloc_asprintf(NULL, "%s%s", w->dir, word);
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc)) != NULL) {
		char path[300];
		char line[4096] = "";
		size_t len = 0;
		FILE *f;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		f = fopen(path, "rb");
		if (f != NULL) {
			len = fread(line, 1, sizeof(line) - 1, f);
			fclose(f);
		}
		if (memmem(line, len, wanted, strlen(wanted)) == NULL)
			continue;
		n++;
		if (last != NULL)
			*last = (pid_t)atoi(entry->d_name);
	}
	closedir(proc);
	talloc_free(wanted);
	return n;
}

/* True once there are as many; gpg takes a moment to go. */
static inline bool
world_settles(const struct world *w, const char *word, size_t wanted)
{
	for (int i = 0; i < 200; i++) {
		if (world_processes(w, word, NULL) == wanted)
			return true;
		usleep(10000);
	}
	return false;
}

static inline void
world_end(struct world *w)
{
	char *command = talloc_asprintf(NULL,
	    "for h in %s/w*; do gpgconf --homedir $h --kill all; done", w->dir);

	assert_int_equal(system(command), 0);
	assert_true(world_settles(w, "/", 0));
	talloc_free(command);
	command = talloc_asprintf(NULL, "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	talloc_free(command);
	talloc_free(w->home);
	talloc_free(w->work);
}

/* ---- the room ---- */

static inline struct vault_setup
world_setup(const void *ctx, const struct world *w)
{
	return (struct vault_setup){
	    .home = w->home,
	    .work_dir = w->work,
	    .poc = world_key(ctx, w, "poc"),
	    .wall_ms = 20000,
	    .cpu_s = 10,
	    .memory_mb = 512,
	    .max_output = 1 << 20,
	    .max_keys = 100,
	    .max_hidden = 4,
	};
}

static inline void
world_room_fork(struct world *w)
{
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	w->room = fork();
	assert_true(w->room >= 0);
	if (w->room == 0) {
		struct channel *engine;
		int rc;

		close(fds[0]);
		log_start("vault", LOG_LEVEL_ERR);
		/* Where a room has it: jobs close it. */
		if (fds[1] != ROOM_FD && dup2(fds[1], ROOM_FD) >= 0)
			close(fds[1]);
		engine = channel_new(NULL, ROOM_FD, ROOM_FRAME_MAX);
		rc = vault_room(engine);
		talloc_free(engine);
		_exit(rc);
	}
	close(fds[1]);
	w->ch = channel_new(NULL, fds[0], ROOM_FRAME_MAX);
	assert_non_null(w->ch);
}

/* Waits for one frame. */
static inline struct frame
world_answer(struct world *w, const void *ctx)
{
	struct frame frame = {0};
	struct error err = {0};

	if (channel_recv(w->ch, ctx, 60000, &frame, NULL, &err) != 1)
		fail_msg("the room does not answer: %s", err.text);
	return frame;
}

static inline struct frame
world_ask(struct world *w, const void *ctx, uint32_t type,
    const struct wire_type *of, const void *object)
{
	struct error err = {0};

	if (channel_send(w->ch, type, of, object, &err) != 0)
		fail_msg("the room is gone: %s", err.text);
	return world_answer(w, ctx);
}

/* Decodes a frame that must be of this type. */
static inline void *
world_take(const void *ctx, struct frame frame, uint32_t type,
    const struct wire_type *of)
{
	struct error err = {0};
	void *object;

	if (frame.type != type && frame.type == VAULT_FAILED) {
		struct vault_failed *failed =
		    wire_decode(ctx, &vault_failed_wire, frame.payload, &err);

		fail_msg("failed: %s", failed != NULL ? failed->text : "?");
	}
	assert_int_equal(frame.type, type);
	object = wire_decode(ctx, of, frame.payload, &err);
	if (object == NULL)
		fail_msg("%s", err.text);
	return object;
}

static inline struct vault_ready *
world_room(struct world *w, const void *ctx, const struct vault_setup *setup)
{
	world_room_fork(w);
	return world_take(ctx,
	    world_ask(w, ctx, VAULT_SETUP, &vault_setup_wire, setup),
	    VAULT_READY, &vault_ready_wire);
}

/* Closes the channel; the exit code of the room, -1 for a signal. */
static inline int
world_room_end(struct world *w)
{
	int status = 0;

	TALLOC_FREE(w->ch);
	assert_int_equal(waitpid(w->room, &status, 0), w->room);
	w->room = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline struct vault_opened *
world_open(struct world *w, const void *ctx, const struct vault_open_job *job)
{
	return world_take(ctx,
	    world_ask(w, ctx, VAULT_OPEN, &vault_open_job_wire, job),
	    VAULT_OPENED, &vault_opened_wire);
}

static inline struct vault_opened *
world_decrypt(struct world *w, const void *ctx, struct bytes data)
{
	struct vault_open_job job = {.kind = VAULT_DECRYPT, .data = data};

	return world_open(w, ctx, &job);
}

/* A world, and a room for its keys: their names up to NULL, or NULL. */
static inline void
world_begin(struct world *w, const char *script, const char *const *pinned,
    const char *const *retired)
{
	void *ctx = talloc_new(NULL);
	const char *keys[2][8];
	struct vault_setup setup;

	world_make(w, script);
	setup = world_setup(ctx, w);
	setup.pinned = keys[0];
	for (; pinned != NULL && *pinned != NULL; pinned++)
		keys[0][setup.npinned++] = world_key(ctx, w, *pinned);
	setup.retired = keys[1];
	for (; retired != NULL && *retired != NULL; retired++)
		keys[1][setup.nretired++] = world_key(ctx, w, *retired);
	assert_int_equal(world_room(w, ctx, &setup)->nkeys,
	    1 + setup.npinned + setup.nretired);
	talloc_free(ctx);
}

/* Ends the room; then it and its agent are gone, and its files. */
static inline void
world_leave(struct world *w, int wanted)
{
	char *path = talloc_strdup(NULL, w->work);
	DIR *dir;
	struct dirent *entry;

	assert_int_equal(world_room_end(w), wanted);
	assert_true(world_settles(w, "/v/", 0));
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

/* Whether the room works: this message must open to the report. */
static inline void
world_opens(struct world *w, const void *ctx, const char *message)
{
	struct vault_opened *o =
	    world_decrypt(w, ctx, world_file(ctx, w, message));

	if (o->outcome != LAYER_OPEN)
		fail_msg("%s: %s (%s)", message, layer_outcome_name(o->outcome),
		    o->note != NULL ? o->note : "-");
	assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
}

/* ---- bytes and signatures ---- */

static inline bool
world_signed(
    const struct vault_opened *o, uint32_t status, const char *fingerprint)
{
	for (size_t i = 0; i < o->nsignatures; i++) {
		const struct signature *s = &o->signatures[i];

		if (s->status == status &&
		    (fingerprint == NULL
			    ? s->primary == NULL
			    : s->primary != NULL &&
				  strcmp(s->primary, fingerprint) == 0))
			return true;
	}
	return false;
}

static inline struct bytes
world_joined(const void *ctx, struct bytes a, struct bytes b)
{
	uint8_t *data = talloc_size(ctx, a.len + b.len + 1);

	memcpy(data, a.data, a.len);
	memcpy(data + a.len, b.data, b.len);
	return bytes_of(data, a.len + b.len);
}

static inline struct bytes
world_flipped(const void *ctx, struct bytes from, size_t at)
{
	struct bytes copy = bytes_copy(ctx, from);

	((uint8_t *)(uintptr_t)copy.data)[at] ^= 1;
	return copy;
}

#endif
