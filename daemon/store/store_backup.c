/*
 * store_backup.c - a copy of the database into a descriptor, page by page.
 *
 * Runs in the engine, which may open no file but its own: whoever asks opens
 * the file and passes it.  SQLite's backup reads through the store's own
 * connection, so that what is written while the copy goes on is written to
 * both, and the copy is the database of the moment it ends.  It writes to the
 * descriptor as to a file that nobody else has, without locks and journal: a
 * copy that is not finished is no copy.
 */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/store_keep.h"

#define PAGES_A_TURN 32
#define LINES_A_TURN 64
#define VFS_NAME "psirtd-descriptor"
/* Of the header: how it is written and read, 1 without, 2 with a WAL. */
#define HEADER_VERSIONS 18

/* ---- a descriptor as a file of SQLite ---- */

struct fd_file {
	sqlite3_file base;
	int fd;
};

static int
fd_of(sqlite3_file *file)
{
	return ((struct fd_file *)file)->fd;
}

static int
fd_close(sqlite3_file *file)
{
	return SQLITE_OK; /* it is the backup's */
}

static int
fd_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
	int have = 0;

	while (have < len) {
		ssize_t n = pread(fd_of(file), (char *)to + have,
		    (size_t)(len - have), at + have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SQLITE_IOERR_READ;
		if (n == 0) {
			memset((char *)to + have, 0, (size_t)(len - have));
			return SQLITE_IOERR_SHORT_READ;
		}
		have += (int)n;
	}
	return SQLITE_OK;
}

static int
fd_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at)
{
	int gone = 0;

	while (gone < len) {
		ssize_t n = pwrite(fd_of(file), (const char *)from + gone,
		    (size_t)(len - gone), at + gone);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOSPC || errno == EDQUOT
				   ? SQLITE_FULL
				   : SQLITE_IOERR_WRITE;
		gone += (int)n;
	}
	return SQLITE_OK;
}

static int
fd_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return ftruncate(fd_of(file), size) == 0 ? SQLITE_OK
						 : SQLITE_IOERR_TRUNCATE;
}

static int
fd_sync(sqlite3_file *file, int flags)
{
	return SQLITE_OK;
}

static int
fd_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct stat info;

	if (fstat(fd_of(file), &info) != 0)
		return SQLITE_IOERR_FSTAT;
	*size = info.st_size;
	return SQLITE_OK;
}

static int
fd_lock(sqlite3_file *file, int level)
{
	return SQLITE_OK;
}

static int
fd_reserved(sqlite3_file *file, int *reserved)
{
	*reserved = 0;
	return SQLITE_OK;
}

static int
fd_control(sqlite3_file *file, int op, void *arg)
{
	return SQLITE_NOTFOUND;
}

static int
fd_sector(sqlite3_file *file)
{
	return 4096;
}

static int
fd_device(sqlite3_file *file)
{
	return 0;
}

static const sqlite3_io_methods fd_methods = {
    .iVersion = 1,
    .xClose = fd_close,
    .xRead = fd_read,
    .xWrite = fd_write,
    .xTruncate = fd_truncate,
    .xSync = fd_sync,
    .xFileSize = fd_size,
    .xLock = fd_lock,
    .xUnlock = fd_lock,
    .xCheckReservedLock = fd_reserved,
    .xFileControl = fd_control,
    .xSectorSize = fd_sector,
    .xDeviceCharacteristics = fd_device,
};

/* The name is the number of the descriptor; there is nothing beside it. */
static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *given)
{
	struct fd_file *f = (struct fd_file *)file;

	f->base.pMethods = NULL;
	if (name == NULL || (flags & SQLITE_OPEN_MAIN_DB) == 0)
		return SQLITE_CANTOPEN;
	f->fd = (int)strtol(name, NULL, 10);
	f->base.pMethods = &fd_methods;
	if (given != NULL)
		*given = flags;
	return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	return SQLITE_OK;
}

static int
vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *there)
{
	*there = 0;
	return SQLITE_OK;
}

static int
vfs_full(sqlite3_vfs *vfs, const char *name, int size, char *full)
{
	sqlite3_snprintf(size, full, "%s", name);
	return SQLITE_OK;
}

static int
vfs_register(struct error *err)
{
	static sqlite3_vfs vfs;
	const sqlite3_vfs *common = sqlite3_vfs_find(NULL);

	if (sqlite3_vfs_find(VFS_NAME) != NULL)
		return 0;
	if (common == NULL)
		return error_set(err, FAULT_BUG, "SQLite knows no files");
	vfs = *common;
	vfs.pNext = NULL;
	vfs.zName = VFS_NAME;
	vfs.szOsFile = (int)sizeof(struct fd_file);
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xAccess = vfs_access;
	vfs.xFullPathname = vfs_full;
	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

/* ---- the copy ---- */

struct store_backup {
	int fd;
	sqlite3 *to;
	sqlite3_backup *copy;
	struct store *made; /* the copy, when all pages are there */
	struct store_walk walk;
};

static int
backup_free(struct store_backup *b)
{
	if (b->copy != NULL)
		sqlite3_backup_finish(b->copy);
	sqlite3_close(b->to);
	talloc_free(b->made);
	if (b->fd >= 0)
		close(b->fd);
	return 0;
}

static int
check_target(int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat info;

	if (flags < 0 || fstat(fd, &info) != 0)
		return error_errno(err, FAULT_DENIED, "the file");
	if (!S_ISREG(info.st_mode) || info.st_size != 0 ||
	    (flags & O_ACCMODE) != O_RDWR)
		return error_set(err, FAULT_DENIED,
		    "a backup goes to a new file, open for reading and "
		    "writing");
	return 0;
}

static int
copy_error(int rc, struct error *err)
{
	return error_set(err, FAULT_RETRY, "the copy: %s", sqlite3_errstr(rc));
}

static int
backup_start(struct store_backup *b, struct store *st, struct error *err)
{
	char name[16];
	int rc;

	sqlite3_snprintf(sizeof(name), name, "%d", b->fd);
	rc = sqlite3_open_v2(
	    name, &b->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, VFS_NAME);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(b->to,
		    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		    "PRAGMA temp_store = MEMORY",
		    NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return copy_error(rc, err);
	b->copy = sqlite3_backup_init(b->to, "main", st->db, "main");
	if (b->copy == NULL)
		return copy_error(sqlite3_errcode(b->to), err);
	return 0;
}

struct store_backup *
store_backup_begin(const void *ctx, struct store *st, int fd, struct error *err)
{
	struct store_backup *b;

	if (check_target(fd, err) != 0 || vfs_register(err) != 0)
		return NULL;
	b = talloc_zero(ctx, struct store_backup);
	if (b == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	b->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	talloc_set_destructor(b, backup_free);
	if (b->fd < 0) {
		error_errno(err, FAULT_RETRY, "the file");
		talloc_free(b);
		return NULL;
	}
	if (backup_start(b, st, err) != 0) {
		talloc_free(b);
		return NULL;
	}
	return b;
}

/* All pages are there: it becomes a file that stands for itself. */
static int
backup_end(struct store_backup *b, struct error *err)
{
	static const uint8_t no_wal[] = {1, 1};
	char name[16];
	int rc = sqlite3_backup_finish(b->copy);

	b->copy = NULL;
	if (rc == SQLITE_OK)
		rc = sqlite3_close(b->to);
	if (rc != SQLITE_OK)
		return copy_error(rc, err);
	b->to = NULL;
	if (pwrite(b->fd, no_wal, sizeof(no_wal), HEADER_VERSIONS) !=
	    (ssize_t)sizeof(no_wal))
		return error_errno(err, FAULT_RETRY, "the copy");
	sqlite3_snprintf(sizeof(name), name, "%d", b->fd);
	b->made = store_look_copy(b, name, VFS_NAME, err);
	return b->made != NULL ? 0 : error_prefix(err, "the copy");
}

int
store_backup_turn(struct store_backup *b, bool *done, struct error *err)
{
	int rc;

	*done = false;
	if (b->made != NULL) {
		if (store_record_walk(
			b->made, &b->walk, LINES_A_TURN, done, err) != 0)
			return error_prefix(err, "the copy");
		return 0;
	}
	rc = sqlite3_backup_step(b->copy, PAGES_A_TURN);
	if (rc == SQLITE_DONE)
		return backup_end(b, err);
	/* Busy: a transaction is open, which is over by the next turn. */
	if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
		return copy_error(rc, err);
	/* To the disk at once, so that no commit has to wait for all of it. */
	sync_file_range(b->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

const struct store_walk *
store_backup_head(const struct store_backup *b)
{
	return &b->walk;
}

/* ---- is it whole? ---- */

int
store_check(struct store *st, struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *said = NULL;
	int rc = sqlite3_prepare_v2(
	    st->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(stmt, 0);
	if (said == NULL)
		store_sql_error(st, rc, "integrity", err);
	else if (strcmp(said, "ok") != 0)
		error_set(err, FAULT_INPUT, "it is damaged: %s", said);
	else
		rc = SQLITE_OK;
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? 0 : -1;
}
