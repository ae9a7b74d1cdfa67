/*
 * engine_restore.c - `psirtd --restore FILE`: a backup becomes the database.
 *
 * Runs before there is an engine: no room, no key, and no daemon may be there.
 * The copy gets its name when it is whole, on the disk and says itself that it
 * was restored, so that no start can take it for what was there before
 * (engine_release.c).  One that was cut short leaves the copy under another
 * name: until that is gone nothing starts, with an empty database perhaps.
 */
#include "engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/store_keep.h"

#define RESTORING ".restoring" /* behind the name of the database */

static bool
is_there(const void *ctx, const char *path, const char *end)
{
	const char *name = talloc_asprintf(ctx, "%s%s", path, end);
	struct stat info;

	return name == NULL || lstat(name, &info) == 0;
}

static char *
who(const void *ctx, uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);

	if (entry != NULL)
		return talloc_strdup(ctx, entry->pw_name);
	return talloc_asprintf(ctx, "uid %u", (unsigned)uid);
}

/* What root restores is root's, and psirtd could not open it. */
static int
check_user(
    const void *ctx, const char *folder, const char *file, struct error *err)
{
	struct stat info;
	const char *user;

	if (geteuid() != 0 || stat(folder, &info) != 0 || info.st_uid == 0)
		return 0;
	user = who(ctx, info.st_uid);
	return error_set(err, FAULT_SETUP,
	    "%s belongs to %s: restore as that user: runuser -u %s -- psirtd "
	    "--restore %s",
	    folder, user, user, file);
}

/* Nothing is overwritten: what is there is for a person to set aside. */
static int
check_place(const void *ctx, const struct settings *s, const char *file,
    struct error *err)
{
	if (control_is_answered(s->socket))
		return error_set(err, FAULT_SETUP,
		    "a psirtd answers at %s: stop it first", s->socket);
	if (is_there(ctx, s->database, ""))
		return error_set(err, FAULT_SETUP,
		    "%s is there: set it aside first, for instance: mv %s "
		    "%s.before",
		    s->database, s->database, s->database);
	if (is_there(ctx, s->database, "-wal") ||
	    is_there(ctx, s->database, "-journal"))
		return error_set(err, FAULT_SETUP,
		    "%s-wal or -journal is there, and belongs to a database "
		    "that is not: set it aside with that one",
		    s->database);
	if (is_there(ctx, file, "-wal") || is_there(ctx, file, "-journal"))
		return error_set(err, FAULT_SETUP,
		    "%s has a -wal or -journal beside it: it is no file of "
		    "\"psirt backup\", and not whole alone",
		    file);
	return 0;
}

static int
copy_bytes(int from, int to, struct error *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) != 0) {
		ssize_t gone = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, FAULT_SETUP, "reading");
		while (gone < n) {
			ssize_t m = write(to, chunk + gone, (size_t)(n - gone));

			if (m < 0 && errno != EINTR)
				return error_errno(err, FAULT_SETUP, "writing");
			gone += m > 0 ? m : 0;
		}
	}
	return 0;
}

static int
copy_file(const char *file, const char *path, struct error *err)
{
	int from = open(file, O_RDONLY | O_CLOEXEC);
	int to;
	int rc;

	if (from < 0)
		return error_errno(err, FAULT_SETUP, "%s", file);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = to >= 0 ? copy_bytes(from, to, err)
		     : error_errno(err, FAULT_SETUP, "%s", path);
	if (to >= 0)
		close(to);
	close(from);
	return rc;
}

int
restore_left(const struct settings *s, struct error *err)
{
	void *ctx = talloc_new(NULL);
	int rc = 0;

	if (is_there(ctx, s->database, RESTORING))
		rc = error_set(err, FAULT_SETUP,
		    "%s" RESTORING " is there: a restore was cut short; ask "
		    "for it again, or remove that file",
		    s->database);
	talloc_free(ctx);
	return rc;
}

static int
mark(const void *ctx, struct store *st, struct error *err)
{
	const struct store_record line = {.at = clock_now(),
	    .what = RECORD_RESTORED,
	    .actor = who(ctx, getuid())};

	if (store_begin(st, err) != 0 ||
	    store_memo_put(st, MEMO_RESTORED, line.at, err) != 0 ||
	    store_memo_put(st, MEMO_DOUBT, 1, err) != 0 ||
	    store_memo_put(st, MEMO_RECONCILED, 0, err) != 0 ||
	    store_record_add(st, &line, err) != 0 ||
	    store_commit(st, err) != 0) {
		store_rollback(st);
		return -1;
	}
	return 0;
}

/* Ours, of a version known here, whole, and with a data key in it. */
static int
judge_store(const void *ctx, struct store *st, struct error *err)
{
	struct bytes wrapped = BYTES_NONE;
	int64_t lines = 0;
	char *head = NULL;

	if (store_check(st, err) != 0 ||
	    store_record_verify(ctx, st, &lines, &head, err) != 0 ||
	    store_wrapped_key(ctx, st, &wrapped, err) != 0)
		return -1;
	if (wrapped.len == 0)
		return error_set(
		    err, FAULT_INPUT, "there is no data key in it");
	printf("record %lld lines, whole, head %s\n", (long long)lines, head);
	return mark(ctx, st, err);
}

static int
judge_copy(
    const void *ctx, const char *path, const char *file, struct error *err)
{
	struct store *st = store_open(ctx, path, err);
	int rc = st != NULL ? judge_store(ctx, st, err) : -1;

	/* What the WAL holds goes into the file with its last closing. */
	talloc_free(st);
	if (rc == 0 && is_there(ctx, path, "-wal"))
		rc = error_set(err, FAULT_RETRY, "its WAL stays behind");
	return rc == 0 ? 0 : error_prefix(err, "%s", file);
}

static int
sync_path(const char *path, int flags, struct error *err)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
	int rc = fd >= 0 ? fsync(fd) : -1;

	if (rc != 0)
		error_errno(err, FAULT_SETUP, "%s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A psirtd that was started meanwhile may have made one, with letters in it. */
static int
put_in_place(const char *path, const char *database, const char *folder,
    struct error *err)
{
	if (sync_path(path, 0, err) != 0)
		return -1;
	if (renameat2(AT_FDCWD, path, AT_FDCWD, database, RENAME_NOREPLACE) !=
	    0)
		return error_errno(err, FAULT_SETUP, "%s", database);
	return sync_path(folder, O_DIRECTORY, err);
}

int
engine_restore(const struct settings *s, const char *file)
{
	void *ctx = talloc_new(NULL);
	char *path = talloc_asprintf(ctx, "%s" RESTORING, s->database);
	char *wal = talloc_asprintf(ctx, "%s-wal", path);
	char *folder = folder_of(ctx, s->database);
	struct error err = {0};
	int exit_code = ENGINE_EXIT_SETUP;

	if (path == NULL || wal == NULL || folder == NULL) {
		error_set(&err, FAULT_RETRY, "out of memory");
	} else if (check_user(ctx, folder, file, &err) == 0 &&
		   check_place(ctx, s, file, &err) == 0) {
		/* Left by a restore that was cut short. */
		unlink(path);
		unlink(wal);
		if (copy_file(file, path, &err) == 0 &&
		    judge_copy(talloc_new(ctx), path, file, &err) == 0 &&
		    put_in_place(path, s->database, folder, &err) == 0)
			exit_code = ENGINE_EXIT_OK;
		unlink(path);
		unlink(wal);
	}
	if (exit_code == ENGINE_EXIT_OK)
		printf("%s is restored. Nothing leaves before \"psirt queue "
		       "release\".\n",
		    s->database);
	else
		fprintf(stderr, "psirtd: nothing was restored: %s\n", err.text);
	talloc_free(ctx);
	return exit_code;
}
