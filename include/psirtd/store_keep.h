/*
 * store_keep.h - keeping the database: a copy of it, whether one is whole, and
 * what is kept no longer.
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

/* ---- retention (`psirt purge`) ---- */

struct purge_age {
	int64_t before; /* closed before this */
	uint32_t clock; /* and none of this kind (enum clock_kind) runs … */
	int64_t now;    /* … that is due later */
};
/* The next closed case, id > after; 0 none.  Whether it is of that age, and
 * not purged yet, is asked of each alone: there may be very many. */
int store_purge_next(
    struct store *st, int64_t after, int64_t *casefile, struct error *err);
int store_purge_goes(struct store *st, const struct purge_age *age,
    int64_t casefile, bool *goes, struct error *err);
/* The same of letters in a state, that are of no case: `stored` before that,
 * and something is left of them. */
int store_purge_stray(struct store *st, uint32_t state, int64_t after,
    int64_t *letter, struct error *err);
int store_purge_stray_goes(struct store *st, uint32_t state, int64_t before,
    int64_t letter, bool *goes, struct error *err);
/* A letter of this case of which something is left; 0 none. */
int store_purge_left(
    struct store *st, int64_t casefile, int64_t *letter, struct error *err);
int store_purge_count(
    struct store *st, int64_t casefile, int64_t *letters, struct error *err);
/* Inside the caller's transaction: a piece of a letter; *done: its last. */
int store_purge_letter(
    struct store *st, int64_t letter, bool *done, struct error *err);
/* The same: all that is sealed of a case whose letters are gone.  The caller
 * adds the line RECORD_PURGED, by which it is known as purged. */
int store_purge_case(struct store *st, int64_t casefile, struct error *err);
/* When it was last purged; 0 not. */
int store_purge_when(
    struct store *st, int64_t casefile, int64_t *at, struct error *err);
/* Its bytes were here, and are no more. */
int store_purge_gone(
    struct store *st, int64_t letter, bool *gone, struct error *err);
/* Nothing of it stays in the WAL. */
int store_purge_end(struct store *st, struct error *err);

/* ---- a restored database ---- */

/*
 * Memos of a restored database: when it was; 0: what it holds may leave again.
 * And 1 until what it held as about to leave has become uncertain.
 */
#define MEMO_RESTORED "restored"
#define MEMO_DOUBT "restored_doubt"

#endif
