/*
 * edit.c - a text in the editor of the person at the desk.
 *
 * Runs in psirt.  A draft is cleartext: it may lie in memory alone, where
 * nobody but its reader looks, and goes when the editor ends, whatever ends
 * it.  The folder around the file is made for it, so that backups and swap
 * files an editor puts beside a file go as well.
 */
#include "edit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/bytes.h"
#include "psirtd/text.h"

#define EDIT_NAME "psirt.txt"

struct place {
	int parent, folder; /* of $XDG_RUNTIME_DIR, and ours below it */
	char name[24];      /* ours */
	const char *path;   /* of the file, for the editor */
};

/* ---- where it lies ---- */

static int
place_check(int fd, const char *path, struct error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) != 0 || fstat(fd, &st) != 0)
		return error_errno(err, FAULT_DENIED, "%s", path);
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		return error_set(err, FAULT_DENIED,
		    "drafts are edited in memory alone, and %s is on a disk: "
		    "log in so that $XDG_RUNTIME_DIR is a tmpfs",
		    path);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return error_set(err, FAULT_DENIED,
		    "$XDG_RUNTIME_DIR must be yours and closed to others "
		    "(0700): %s",
		    path);
	return 0;
}

static int
place_make(const void *ctx, struct place *place, struct error *err)
{
	const char *path = getenv("XDG_RUNTIME_DIR");
	char *folder;

	if (path == NULL || path[0] != '/')
		return error_set(err, FAULT_DENIED,
		    "drafts are edited under $XDG_RUNTIME_DIR, and it is not "
		    "set: log in at a session of your own");
	place->parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->parent < 0)
		return error_errno(err, FAULT_DENIED, "%s", path);
	if (place_check(place->parent, path, err) != 0)
		return -1;
	folder = talloc_asprintf(ctx, "%s/psirt-XXXXXX", path);
	/* 0700, and new: nobody has put a link there. */
	if (folder == NULL || mkdtemp(folder) == NULL)
		return error_errno(err, FAULT_DENIED, "%s", path);
	snprintf(
	    place->name, sizeof(place->name), "%s", strrchr(folder, '/') + 1);
	place->path = talloc_asprintf(ctx, "%s/" EDIT_NAME, folder);
	place->folder = openat(place->parent, place->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->folder < 0)
		return error_errno(err, FAULT_DENIED, "%s", folder);
	return 0;
}

/* The file, and backups and swap files the editor left beside it. */
static void
place_remove(struct place *place)
{
	DIR *list = place->folder >= 0 ? fdopendir(place->folder) : NULL;
	const struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL)
		unlinkat(dirfd(list), entry->d_name, 0);
	if (list != NULL)
		closedir(list);
	else if (place->folder >= 0)
		close(place->folder);
	if (place->name[0] != '\0')
		unlinkat(place->parent, place->name, AT_REMOVEDIR);
	if (place->parent >= 0)
		close(place->parent);
}

/* ---- the file ---- */

static int
file_write(const struct place *place, const char *text, struct error *err)
{
	size_t len = strlen(text);
	int fd = openat(place->folder, EDIT_NAME,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = 0;

	if (fd < 0)
		return error_errno(err, FAULT_DENIED, "%s", place->path);
	while (len > 0 && rc == 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			rc = error_errno(err, FAULT_RETRY, "%s", place->path);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	if (close(fd) != 0 && rc == 0)
		rc = error_errno(err, FAULT_RETRY, "%s", place->path);
	return rc;
}

/* Editors put a new file in the place of the old: opened by its name. */
static char *
file_read(const void *ctx, const struct place *place, struct error *err)
{
	struct buf *in = buf_new_secret(NULL, EDIT_MAX);
	int fd = openat(place->folder, EDIT_NAME,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = NULL;
	char chunk[4096];
	ssize_t n;

	if (fd < 0) {
		error_errno(err, FAULT_DENIED, "the text is gone");
		goto out;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (in == NULL || buf_add(in, chunk, (size_t)n, NULL) != 0) {
			error_set(err, FAULT_DENIED,
			    "the text is longer than %d KB", EDIT_MAX / 1024);
			goto out;
		}
	if (n < 0) {
		error_errno(err, FAULT_DENIED, "the text cannot be read");
	} else if (!text_valid(buf_bytes(in))) {
		error_set(err, FAULT_DENIED, "the text is not UTF-8");
	} else {
		text = bytes_text(ctx, buf_bytes(in));
		if (text == NULL)
			error_set(err, FAULT_RETRY, "out of memory");
	}
out:
	explicit_bzero(chunk, sizeof(chunk));
	if (fd >= 0)
		close(fd);
	talloc_free(in);
	return text;
}

/* ---- the editor ---- */

static volatile sig_atomic_t ended_by;

static void
on_end(int sig)
{
	ended_by = sig;
}

static const char *
editor(void)
{
	const char *name = getenv("VISUAL");

	if (name == NULL || *name == '\0')
		name = getenv("EDITOR");
	return name != NULL && *name != '\0' ? name : "vi";
}

/* While it runs the keyboard is the editor's; told to end, it ends first. */
static int
editor_wait(pid_t pid, struct error *err)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_errno(err, FAULT_RETRY, "the editor");
		if (ended_by != 0)
			kill(pid, ended_by);
	}
	if (ended_by != 0)
		return error_set(err, FAULT_DENIED, "ended by a signal");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, FAULT_DENIED,
		    "the editor \"%.80s\" failed: nothing was changed",
		    editor());
	return 0;
}

static int
editor_run(const char *path, struct error *err)
{
	static const int quiet[] = {SIGINT, SIGQUIT};
	static const int ends[] = {SIGHUP, SIGTERM};
	struct sigaction old[4], act = {.sa_handler = SIG_IGN};
	char *command = talloc_asprintf(NULL, "exec %s \"$1\"", editor());
	pid_t pid;
	int rc;

	ended_by = 0;
	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < 2; i++)
		sigaction(quiet[i], &act, &old[i]);
	act.sa_handler = on_end;
	for (size_t i = 0; i < 2; i++)
		sigaction(ends[i], &act, &old[2 + i]);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < 2; i++)
			sigaction(quiet[i], &old[i], NULL);
		/* Its name may come with options, as for every program. */
		execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		rc = error_errno(err, FAULT_RETRY, "the editor");
	else
		rc = editor_wait(pid, err);
	for (size_t i = 0; i < 2; i++) {
		sigaction(quiet[i], &old[i], NULL);
		sigaction(ends[i], &old[2 + i], NULL);
	}
	talloc_free(command);
	return rc;
}

char *
edit_text(const void *ctx, const char *text, struct error *err)
{
	struct place place = {.parent = -1, .folder = -1};
	void *own = talloc_new(ctx);
	char *edited = NULL;

	if (place_make(own, &place, err) == 0 &&
	    file_write(&place, text, err) == 0 &&
	    editor_run(place.path, err) == 0)
		edited = file_read(ctx, &place, err);
	place_remove(&place);
	talloc_free(own);
	return edited;
}
