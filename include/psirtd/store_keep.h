/*
 * store_keep.h - keeping the database: a copy of it, and whether one is whole.
 */
#ifndef PSIRTD_STORE_KEEP_H
#define PSIRTD_STORE_KEEP_H

#include <stdbool.h>

#include "psirtd/store.h"

/*
 * `psirt backup`: a copy as it is at the end, though writes go on meanwhile,
 * with the sealed data key, into an empty file that is open for reading and
 * writing (fd is duplicated).  Then the record of the copy is walked.  Nothing
 * is synced: that is for whom the file belongs to.
 */
struct store_backup;
struct store_backup *store_backup_begin(
    const void *ctx, struct store *st, int fd, struct error *err);
/* A small piece more, outside of a transaction; *done: the copy is whole. */
int store_backup_turn(
    struct store_backup *backup, bool *done, struct error *err);
/* Lines and head of its record, once it is whole. */
const struct store_walk *store_backup_head(const struct store_backup *backup);

/* Every page, row and index; -1 FAULT_INPUT says what is wrong.  Takes its
 * time; needs no key. */
int store_check(struct store *st, struct error *err);

/*
 * Memos of a restored database: when it was; 0: what it holds may leave again.
 * And 1 until what it held as about to leave has become uncertain.
 */
#define MEMO_RESTORED "restored"
#define MEMO_DOUBT "restored_doubt"

#endif
