/*
 * vault_home.c - a fresh GNUPGHOME of our own, and the files in it.
 *
 * Runs in the vault room.  Each home is a short-pathed 0700 folder below
 * work_dir that is locked for as long as the process lives; a home
 * whose lock is free was left by a dead one and is removed.  The home of the
 * settings is none of this file's business.
 */
#include "vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#define HOME_NAME "vXXXXXX"
#define TREE_DEPTH 4

/*
 * No weak-digest here: it makes gpg drop keys that are old enough to have
 * signed themselves with SHA-1.  Such a signature over data is told from a
 * good one in vault_verify.c.
 */
static const char gpg_conf[] =
    /* No key is ever looked for, fetched or taken out of a message. */
    "no-auto-key-locate\n"
    "no-auto-key-retrieve\n"
    "no-auto-key-import\n"
    "disable-dirmngr\n"
    /* Who is who stands in the settings, not in a web of trust. */
    "trust-model always\n"
    "no-auto-check-trustdb\n"
    "no-emit-version\n"
    "no-comments\n"
    /* A reader's key may prefer SHA-1; gpg would follow it. */
    "digest-algo SHA256\n"
    /* The agent is ours to start; gpg would start one we do not know. */
    "no-autostart\n"
    /* One process at a time uses this home; a killed one leaves its lock. */
    "lock-never\n"
    "no-greeting\n";

static const char agent_conf[] =
    "disable-scdaemon\n"
    "no-allow-external-cache\n"
    /*
     * The agent's own measure makes each use of a protected key cost 0.4 s.
     * The copy of the key lives as long as this process does.
     */
    "s2k-count 65536\n"
    "default-cache-ttl 0\n"
    "max-cache-ttl 0\n"
    "pinentry-program /bin/false\n"
    "allow-loopback-pinentry\n";

/* For keys that came with a letter: nothing but their own signatures. */
static const char throwaway_conf[] = "no-auto-key-locate\n"
				     "no-auto-key-retrieve\n"
				     "no-auto-key-import\n"
				     "disable-dirmngr\n"
				     "no-autostart\n"
				     "no-greeting\n"
				     "lock-never\n"
				     "trust-model always\n"
				     "no-auto-check-trustdb\n"
				     "import-options self-sigs-only\n";

/* Removes what is below fd, then fd itself is the caller's to remove. */
static void
remove_below(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (dir == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		int sub;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0 || depth <= 0)
			continue;
		sub = openat(fd, entry->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			continue;
		remove_below(sub, depth - 1);
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

static void
remove_tree(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	remove_below(fd, TREE_DEPTH);
	rmdir(path);
}

/* Locks a folder; -1 when somebody alive has it.  Closing lets it go. */
static int
lock_folder(const char *folder, int how)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, how) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool
is_home_name(const char *name)
{
	return name[0] == 'v' && strlen(name) == strlen(HOME_NAME);
}

/* Under the lock of work_dir: a home is never seen half made. */
static void
remove_stale(const char *work_dir)
{
	DIR *dir = opendir(work_dir);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		char *path;
		int fd;

		if (!is_home_name(entry->d_name))
			continue;
		path = talloc_asprintf(NULL, "%s/%s", work_dir, entry->d_name);
		fd = path != NULL ? lock_folder(path, LOCK_EX | LOCK_NB) : -1;
		if (fd >= 0) {
			remove_tree(path);
			close(fd);
		}
		talloc_free(path);
	}
	closedir(dir);
}

static int
check_work_dir(const char *path, struct error *err)
{
	struct stat st;
	size_t longest =
	    strlen(path) + strlen("/" HOME_NAME "/S.gpg-agent") + 1;

	if (longest > SOCKET_PATH_MAX)
		return error_set(err, FAULT_SETUP,
		    "work_dir %s: its path is %zu bytes too long for the "
		    "socket of gpg-agent",
		    path, longest - SOCKET_PATH_MAX);
	if (lstat(path, &st) != 0)
		return error_errno(err, FAULT_SETUP, "work_dir %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return error_set(err, FAULT_SETUP,
		    "work_dir %s: must be a folder of this user, mode 0700",
		    path);
	return 0;
}

static int
home_end(struct vault_home *home)
{
	agent_end(home);
	if (home->path != NULL)
		remove_tree(home->path);
	if (home->lock >= 0)
		close(home->lock);
	return 0;
}

int
home_write(const char *folder, const char *name, struct bytes content,
    struct error *err)
{
	char *path = talloc_asprintf(NULL, "%s/%s", folder, name);
	int rc = -1;
	int fd = -1;

	if (path == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	while (fd >= 0 && content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		content.data += n;
		content.len -= (size_t)n;
	}
	if (fd >= 0 && content.len == 0)
		rc = 0;
	else
		error_errno(err, FAULT_SETUP, "%s", path);
	if (fd >= 0 && close(fd) != 0)
		rc = error_errno(err, FAULT_SETUP, "%s", path);
	talloc_free(path);
	return rc;
}

int
home_read(const void *ctx, const char *path, size_t max, struct bytes *content,
    struct error *err)
{
	struct buf *buf = NULL;
	uint8_t chunk[16384];
	struct stat st;
	int rc = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*content = BYTES_NONE;
	if (fd < 0 && errno == ENOENT)
		return 0;
	/* A secret buffer takes all of its room at once: no more than that. */
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size >= 0 &&
	    (size_t)st.st_size < max)
		max = (size_t)st.st_size;
	buf = buf_new_secret(ctx, max);
	if (buf == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto out;
	}
	while (fd >= 0) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (n == 0) {
			rc = 0;
			break;
		}
		if (buf_add(buf, chunk, (size_t)n, err) != 0)
			goto out;
	}
	if (rc != 0)
		error_errno(err, FAULT_SETUP, "%s", path);
	*content = buf_bytes(buf);
out:
	explicit_bzero(chunk, sizeof(chunk));
	if (fd >= 0)
		close(fd);
	if (rc != 0) {
		*content = BYTES_NONE;
		talloc_free(buf);
	}
	return rc;
}

/* Under the lock of work_dir. */
static int
home_make(struct vault_home *home, const char *work_dir, struct error *err)
{
	char *path = talloc_asprintf(home, "%s/" HOME_NAME, work_dir);
	char *folder;

	if (path == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (mkdtemp(path) == NULL)
		return error_errno(err, FAULT_SETUP, "work_dir %s", work_dir);
	home->path = path;
	home->lock = lock_folder(path, LOCK_EX | LOCK_NB);
	if (home->lock < 0)
		return error_errno(err, FAULT_SETUP, "%s: lock", path);
	folder = talloc_asprintf(home, "%s/t", path);
	if (folder == NULL || mkdir(folder, 0700) != 0)
		return error_errno(err, FAULT_SETUP, "%s/t", path);
	if (home_write(path, "gpg.conf", bytes_str(gpg_conf), err) != 0 ||
	    home_write(path, "gpg-agent.conf", bytes_str(agent_conf), err) != 0)
		return -1;
	return 0;
}

struct vault_home *
home_new(const void *ctx, const char *work_dir, struct error *err)
{
	struct vault_home *home = NULL;
	int lock = -1;
	int rc;

	if (check_work_dir(work_dir, err) != 0)
		return NULL;
	home = talloc_zero(ctx, struct vault_home);
	if (home == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	home->lock = -1;
	talloc_set_destructor(home, home_end);
	lock = lock_folder(work_dir, LOCK_EX);
	if (lock < 0) {
		error_errno(err, FAULT_SETUP, "%s: lock", work_dir);
		talloc_free(home);
		return NULL;
	}
	remove_stale(work_dir);
	rc = home_make(home, work_dir, err);
	close(lock);
	if (rc != 0) {
		talloc_free(home);
		return NULL;
	}
	return home;
}

char *
home_throwaway(
    const void *ctx, const struct vault_home *home, struct error *err)
{
	char *path = talloc_asprintf(ctx, "%s/t/XXXXXX", home->path);

	if (path == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	if (mkdtemp(path) == NULL) {
		error_errno(err, FAULT_SETUP, "%s", path);
		return NULL;
	}
	if (home_write(path, "gpg.conf", bytes_str(throwaway_conf), err) != 0)
		return NULL;
	return path;
}

void
home_sweep(const struct vault_home *home)
{
	char *path = talloc_asprintf(NULL, "%s/t", home->path);
	int fd = -1;

	if (path != NULL)
		fd =
		    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		remove_below(fd, TREE_DEPTH);
	talloc_free(path);
}
