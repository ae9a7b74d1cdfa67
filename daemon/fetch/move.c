/*
 * move.c - a handled letter leaves the folder, by the best way there is.
 *
 * MOVE; else COPY, then \Deleted and UID EXPUNGE of that uid alone, so that
 * what others marked stays; else the keyword $PsirtdFiled, and the letter is
 * left where it is (RULES 7).  The folder is made when it is missing.  Runs in
 * the fetch room.
 */
#include "fetch_internal.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/log.h"

/* ---- folders ---- */

/* Makes a folder and subscribes to it, so that mail programs show it. */
static int
folder_make(struct fetch *f, const char *name)
{
	int rc;

	session_allow(f, 0);
	rc = session_result(f, mailimap_create(f->imap, name), "CREATE");
	if (rc != 0)
		return rc;
	session_allow(f, 0);
	rc = session_result(f, mailimap_subscribe(f->imap, name), "SUBSCRIBE");
	return rc < 0 ? -1 : 0;
}

/* ---- one command each: 0 done, 1 the server said no, -1 drop ---- */

/* The one uid of a set; 0: it is not one. */
static uint32_t
only_uid(const struct mailimap_set *set)
{
	const struct mailimap_set_item *item = NULL;

	if (set != NULL && set->set_list != NULL &&
	    clist_count(set->set_list) == 1)
		item = clist_content(clist_begin(set->set_list));
	return item != NULL && item->set_first == item->set_last
		   ? item->set_first
		   : 0;
}

typedef int uidplus_way(mailimap *imap, struct mailimap_set *set,
    const char *to, uint32_t *uidvalidity, struct mailimap_set **from,
    struct mailimap_set **copied);

/* One command; COPYUID names what was copied.  *gone: there was nothing. */
static int
uid_plus(struct fetch *f, uidplus_way *way, struct mailimap_set *set,
    struct fetch_order *done, const char *to, bool *gone)
{
	struct mailimap_set *from = NULL;
	struct mailimap_set *copied = NULL;
	uint32_t uidvalidity = 0;
	int r = way(f->imap, set, to, &uidvalidity, &from, &copied);

	*gone = r == MAILIMAP_NO_ERROR && copied == NULL;
	if (r == MAILIMAP_NO_ERROR && only_uid(from) == done->uid) {
		done->to_uidvalidity = uidvalidity;
		done->to_uid = only_uid(copied);
	}
	if (r == MAILIMAP_NO_ERROR && from != NULL)
		mailimap_set_free(from);
	if (r == MAILIMAP_NO_ERROR && copied != NULL)
		mailimap_set_free(copied);
	return r;
}

static int
uid_move(struct fetch *f, struct mailimap_set *set, struct fetch_order *done,
    const char *to, bool *gone)
{
	session_allow(f, 0);
	return session_result(f,
	    f->box.can_uidplus
		? uid_plus(f, mailimap_uidplus_uid_move, set, done, to, gone)
		: mailimap_uid_move(f->imap, set, to),
	    "MOVE");
}

/* Only where there is UIDPLUS. */
static int
uid_copy(struct fetch *f, struct mailimap_set *set, struct fetch_order *done,
    const char *to)
{
	bool gone = false;

	session_allow(f, 0);
	return session_result(f,
	    uid_plus(f, mailimap_uidplus_uid_copy, set, done, to, &gone),
	    "COPY");
}

/* The list takes the flag over. */
static bool
add_flag(struct mailimap_flag_list *flags, struct mailimap_flag *flag)
{
	if (flag == NULL)
		return false;
	if (mailimap_flag_list_add(flags, flag) == MAILIMAP_NO_ERROR)
		return true;
	mailimap_flag_free(flag);
	return false;
}

static struct mailimap_flag *
flag_filed(void)
{
	char *word = strdup(KEYWORD_FILED);
	struct mailimap_flag *flag = NULL;

	if (word != NULL)
		flag = mailimap_flag_new_flag_keyword(word);
	if (flag == NULL)
		free(word);
	return flag; /* NOLINT(clang-analyzer-unix.Malloc): it holds the word */
}

static int
uid_flag(struct fetch *f, struct mailimap_set *set, bool filed, bool deleted)
{
	struct mailimap_flag_list *flags = mailimap_flag_list_new_empty();
	struct mailimap_store_att_flags *what = NULL;
	int rc;

	if (flags != NULL && (!filed || add_flag(flags, flag_filed())) &&
	    (!deleted || add_flag(flags, mailimap_flag_new_deleted())))
		what = mailimap_store_att_flags_new_add_flags_silent(flags);
	if (what == NULL) {
		if (flags != NULL)
			mailimap_flag_list_free(flags);
		return session_trouble(f, FETCH_LOST, "out of memory");
	}
	session_allow(f, 0);
	rc = session_result(f, mailimap_uid_store(f->imap, set, what), "STORE");
	mailimap_store_att_flags_free(what);
	return rc;
}

static int
uid_expunge(struct fetch *f, struct mailimap_set *set)
{
	session_allow(f, 0);
	return session_result(
	    f, mailimap_uid_expunge(f->imap, set), "UID EXPUNGE");
}

/* ---- the ways ---- */

/* Tries `way`; where the folder is missing, makes it and tries once more. */
static int
into_folder(struct fetch *f, struct mailimap_set *set, struct fetch_order *done,
    const char *to, bool move, bool *gone)
{
	int rc = move ? uid_move(f, set, done, to, gone)
		      : uid_copy(f, set, done, to);

	if (rc <= 0)
		return rc;
	rc = folder_make(f, to);
	if (rc != 0)
		return rc;
	return move ? uid_move(f, set, done, to, gone)
		    : uid_copy(f, set, done, to);
}

/*
 * A copy is there: the original gets both marks, so that a letter whose
 * expunging failed is known for what it is, and only that uid goes.
 */
static int
expunge_copied(struct fetch *f, struct mailimap_set *set)
{
	int rc = uid_flag(f, set, true, true);

	if (rc > 0) /* no keywords in this folder */
		rc = uid_flag(f, set, false, true);
	if (rc == 0)
		rc = uid_expunge(f, set);
	return rc;
}

static int
move_set(struct fetch *f, struct mailimap_set *set, struct fetch_order *done,
    const char *to, bool copied)
{
	bool gone = false;
	int rc = 1;

	done->how = 0;
	if (f->box.can_move && !copied) {
		rc = into_folder(f, set, done, to, true, &gone);
		if (rc == 0)
			done->how = gone ? FETCH_MOVED_GONE : FETCH_MOVED_MOVE;
	}
	if (rc > 0 && f->box.can_uidplus) {
		rc = copied ? 0 : into_folder(f, set, done, to, false, &gone);
		if (rc == 0)
			rc = expunge_copied(f, set);
		if (rc == 0)
			done->how = FETCH_MOVED_COPY;
	}
	if (rc > 0) {
		rc = uid_flag(f, set, true, false);
		if (rc == 0)
			done->how = FETCH_MOVED_FLAG;
	}
	return rc;
}

int
letter_move(struct fetch *f, const struct fetch_order *order, bool copied)
{
	struct fetch_order done = *order;
	struct mailimap_set *set;
	char *to;
	int rc;

	if (order->which != f->box.which ||
	    order->uidvalidity != f->box.uidvalidity || order->folder == NULL)
		return 0;
	done.to_uidvalidity = done.to_uid = 0;
	set = mailimap_set_new_single(order->uid);
	to = utf7_encode(f, order->folder);
	if (set == NULL || to == NULL) {
		rc = session_trouble(f, FETCH_LOST, "out of memory");
		goto out;
	}
	rc = utf7_sayable(order->folder) ? move_set(f, set, &done, to, copied)
					 : 1;
	if (rc > 0) {
		log_warn("a letter can neither be moved to %s nor marked: it "
			 "stays in %s",
		    order->folder, f->folders[f->box.which]);
		hard_left(f, order->uid);
		rc = 0;
	} else if (rc == 0) {
		f->progress = true;
		hard_drop(f, order->uid);
		rc = engine_tell(f, FETCH_MOVED, &fetch_order_wire, &done);
	}
out:
	talloc_free(to);
	if (set != NULL)
		mailimap_set_free(set);
	return rc;
}
