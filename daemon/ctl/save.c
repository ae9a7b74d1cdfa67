/*
 * save.c - backup: a new file, written by psirtd, that is there when it is
 * whole.
 *
 * Runs in psirt, with the rights of who asks: psirtd may open no file of his
 * (RULES 21).  Where the file system can, the file has no name before it is
 * whole and on the disk, so that no end of psirt leaves half of one.
 */
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "ask.h"

struct saved {
	const char *path;
	char *folder;
	int fd;
	bool named; /* it has its name already */
};

static int
save_open(struct saved *s, struct error *err)
{
	struct stat info;

	if (lstat(s->path, &info) == 0)
		return error_set(err, FAULT_DENIED,
		    "%s is there: a backup goes to a new file", s->path);
	s->fd =
	    open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		s->fd = open(s->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
		s->named = s->fd >= 0;
	}
	if (s->fd < 0)
		return error_errno(err, FAULT_DENIED, "%s", s->path);
	return 0;
}

static int
save_keep(struct saved *s, struct error *err)
{
	char *now = talloc_asprintf(NULL, "/proc/self/fd/%d", s->fd);
	int folder = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (now == NULL || folder < 0 || fsync(s->fd) != 0)
		rc = -1;
	if (rc == 0 && !s->named) {
		rc =
		    linkat(AT_FDCWD, now, AT_FDCWD, s->path, AT_SYMLINK_FOLLOW);
		s->named = rc == 0;
	}
	if (rc == 0)
		rc = fsync(folder);
	if (rc != 0)
		error_errno(err, FAULT_DENIED, "%s", s->path);
	if (folder >= 0)
		close(folder);
	talloc_free(now);
	return rc;
}

static void
save_end(struct saved *s, bool kept)
{
	if (s->named && !kept)
		unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	talloc_free(s->folder);
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return talloc_strdup(NULL, ".");
	return talloc_strndup(
	    NULL, path, slash == path ? 1 : (size_t)(slash - path));
}

int
talk_backup(const struct talk *t, const char *path)
{
	const char *args[] = {"--", "backup"};
	struct saved s = {.path = path, .folder = folder_of(path), .fd = -1};
	json_t *answer = NULL;
	struct error err;
	bool kept = false;
	int code;

	error_clear(&err);
	if (save_open(&s, &err) == 0)
		answer = ask_to_write(t->socket, args, 2, s.fd,
		    isatty(STDERR_FILENO) && !t->json, &err);
	if (answer != NULL &&
	    json_integer_value(json_object_get(answer, "exit")) ==
		ASK_EXIT_DONE &&
	    save_keep(&s, &err) != 0) {
		json_decref(answer);
		answer = NULL;
	} else {
		kept = answer != NULL && s.named &&
		       json_integer_value(json_object_get(answer, "exit")) ==
			   ASK_EXIT_DONE;
	}
	save_end(&s, kept);
	if (answer == NULL)
		return talk_refuse(t->json, err.text,
		    err.fault == FAULT_RETRY ? ASK_EXIT_AGAIN
					     : ASK_EXIT_REFUSED);
	code = talk_answer(t, "backup", answer);
	json_decref(answer);
	return code;
}
