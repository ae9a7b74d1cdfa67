/*
 * list.c - which letters are there: uid, size, date and flags, no content.
 *
 * One UID FETCH for all of them; never ENVELOPE or BODYSTRUCTURE, whose
 * parsers recurse without a bound in libetpan 1.9.4.  What the server says is
 * a hint: uids it was not asked for are left out, dates are checked.  Also
 * remembers the letters that made trouble.  Runs in the fetch room.
 */
#include "fetch_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define LIST_BYTES ((uint64_t)32 << 20)
#define DAY_S 86400

/* ---- letters that made trouble ---- */

struct hard *
hard_find(struct fetch *f, uint32_t uid)
{
	for (size_t i = 0; i < f->nhard; i++)
		if (f->hard[i].uid == uid && f->hard[i].which == f->box.which &&
		    f->hard[i].uidvalidity == f->box.uidvalidity)
			return &f->hard[i];
	return NULL;
}

struct hard *
hard_note(struct fetch *f, uint32_t uid)
{
	struct hard *more = hard_find(f, uid);

	if (more != NULL)
		return more;
	more = talloc_realloc(f, f->hard, struct hard, f->nhard + 1);
	if (more == NULL)
		return NULL;
	f->hard = more;
	more = &f->hard[f->nhard++];
	*more = (struct hard){.which = f->box.which,
	    .uidvalidity = f->box.uidvalidity,
	    .uid = uid};
	return more;
}

void
hard_drop(struct fetch *f, uint32_t uid)
{
	struct hard *gone = hard_find(f, uid);

	if (gone != NULL)
		*gone = f->hard[--f->nhard];
}

void
hard_left(struct fetch *f, uint32_t uid)
{
	struct hard *left = hard_note(f, uid);

	f->unsettled[f->box.which] = true;
	if (left != NULL)
		left->not_before_ms = clock_monotonic_ms() + LEFT_MS;
}

/* ---- reading one row ---- */

/*
 * Seconds since 1970, or now where the date cannot be: clocks start from it
 * (RULES 8), so a date of next year must not stop them.
 */
static int64_t
date_of(const struct mailimap_date_time *d)
{
	int64_t now = clock_now();
	struct tm tm = {0};
	int zone_s;
	int64_t when;

	if (d == NULL || d->dt_year < 1990 || d->dt_year > 9999 ||
	    d->dt_month < 1 || d->dt_month > 12 || d->dt_day < 1 ||
	    d->dt_day > 31 || d->dt_hour < 0 || d->dt_hour > 23 ||
	    d->dt_min < 0 || d->dt_min > 59 || d->dt_sec < 0 ||
	    d->dt_sec > 60 || abs(d->dt_zone) > 1400 ||
	    abs(d->dt_zone) % 100 > 59)
		return now;
	tm.tm_year = d->dt_year - 1900;
	tm.tm_mon = d->dt_month - 1;
	tm.tm_mday = d->dt_day;
	tm.tm_hour = d->dt_hour;
	tm.tm_min = d->dt_min;
	tm.tm_sec = d->dt_sec;
	zone_s = (d->dt_zone / 100 * 60 + d->dt_zone % 100) * 60;
	when = (int64_t)timegm(&tm) - zone_s;
	return when > now + DAY_S ? now : when;
}

static void
read_static(
    const struct mailimap_msg_att_static *att, struct item *item, bool *dated)
{
	switch (att->att_type) {
	case MAILIMAP_MSG_ATT_UID:
		item->uid = att->att_data.att_uid;
		break;
	case MAILIMAP_MSG_ATT_RFC822_SIZE:
		item->size = att->att_data.att_rfc822_size;
		break;
	case MAILIMAP_MSG_ATT_INTERNALDATE:
		item->internaldate = date_of(att->att_data.att_internal_date);
		*dated = true;
		break;
	default:
		break;
	}
}

static void
read_flags(const struct mailimap_msg_att_dynamic *att, struct item *item)
{
	if (att->att_list == NULL)
		return;
	for (clistiter *i = clist_begin(att->att_list); i != NULL;
	     i = clist_next(i)) {
		const struct mailimap_flag_fetch *flag = clist_content(i);

		if (flag->fl_type != MAILIMAP_FLAG_FETCH_OTHER ||
		    flag->fl_flag == NULL)
			continue;
		if (flag->fl_flag->fl_type == MAILIMAP_FLAG_DELETED)
			item->deleted = true;
		/* Written without a backslash: a keyword. */
		if (flag->fl_flag->fl_type == MAILIMAP_FLAG_KEYWORD &&
		    strcasecmp(
			flag->fl_flag->fl_data.fl_keyword, KEYWORD_FILED) == 0)
			item->filed = true;
	}
}

static void
read_row(const struct mailimap_msg_att *row, struct item *item)
{
	bool dated = false;

	*item = (struct item){0};
	for (clistiter *i = clist_begin(row->att_list); i != NULL;
	     i = clist_next(i)) {
		const struct mailimap_msg_att_item *att = clist_content(i);

		if (att->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC)
			read_static(att->att_data.att_static, item, &dated);
		else if (att->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC)
			read_flags(att->att_data.att_dyn, item);
	}
	if (!dated)
		item->internaldate = clock_now();
}

/* ---- the listing ---- */

/* first:last; 0 is "*". */
static int
fetch_rows(
    struct fetch *f, uint32_t first, uint32_t last, bool flags, clist **rows)
{
	struct mailimap_set *set = mailimap_set_new_interval(first, last);
	struct mailimap_fetch_type *what;
	int rc;

	what = mailimap_fetch_type_new_fetch_att_list_empty();
	if (set == NULL || what == NULL)
		return session_trouble(f, FETCH_LOST, "out of memory");
	mailimap_fetch_type_new_fetch_att_list_add(
	    what, mailimap_fetch_att_new_uid());
	if (flags) {
		mailimap_fetch_type_new_fetch_att_list_add(
		    what, mailimap_fetch_att_new_rfc822_size());
		mailimap_fetch_type_new_fetch_att_list_add(
		    what, mailimap_fetch_att_new_internaldate());
		mailimap_fetch_type_new_fetch_att_list_add(
		    what, mailimap_fetch_att_new_flags());
	}
	*rows = NULL;
	session_allow(f, LIST_BYTES);
	rc = session_result(f, session_fetch(f, set, what, rows), "UID FETCH");
	mailimap_fetch_type_free(what);
	mailimap_set_free(set);
	if (rc > 0)
		rc = session_trouble(f, FETCH_PROTOCOL,
		    "the server refuses to list the letters");
	return rc;
}

static int
by_order(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;

	/* Those that made trouble come last, so that none waits for them. */
	if (x->hard != y->hard)
		return x->hard ? 1 : -1;
	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

int
list_letters(
    struct fetch *f, const void *ctx, struct item **items, size_t *nitems)
{
	clist *rows = NULL;
	size_t n = 0;
	size_t kept = 0;
	int rc = -1;

	*items = NULL;
	*nitems = 0;
	if (f->after == UINT32_MAX)
		return 0;
	if (f->imap->imap_selection_info != NULL)
		f->imap->imap_selection_info->sel_has_exists = 0;
	if (fetch_rows(f, f->after + 1, 0, true, &rows) != 0)
		goto out;
	rc = 0;
	if (rows == NULL || clist_begin(rows) == NULL)
		goto out;
	*items = talloc_array(ctx, struct item, (size_t)clist_count(rows));
	if (*items == NULL) {
		rc = session_trouble(f, FETCH_LOST, "out of memory");
		goto out;
	}
	for (clistiter *i = clist_begin(rows); i != NULL; i = clist_next(i)) {
		struct item *item = &(*items)[n];

		read_row(clist_content(i), item);
		item->hard = hard_find(f, item->uid) != NULL;
		/* "n:*" names the last letter even where its uid is below n;
		 * a row without a uid is news of a flag. */
		if (item->uid <= f->after)
			continue;
		/* Left here in an earlier look, for want of a better way; with
		 * \Deleted too it is copied and only not yet expunged. */
		if (item->filed && !(item->deleted && f->box.can_uidplus))
			continue;
		n++;
	}
	qsort(*items, n, sizeof(**items), by_order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || (*items)[kept - 1].uid != (*items)[i].uid)
			(*items)[kept++] = (*items)[i];
	*nitems = kept;
out:
	if (rows != NULL)
		mailimap_fetch_list_free(rows);
	return rc;
}

int
list_highest(struct fetch *f, uint32_t *uid)
{
	clist *rows = NULL;
	int rc = 0;

	*uid = 0;
	if (f->box.exists == 0)
		return 0;
	rc = fetch_rows(f, 0, 0, false, &rows);
	for (clistiter *i = rows != NULL ? clist_begin(rows) : NULL; i != NULL;
	     i = clist_next(i)) {
		struct item item;

		read_row(clist_content(i), &item);
		if (item.uid > *uid)
			*uid = item.uid;
	}
	if (rows != NULL)
		mailimap_fetch_list_free(rows);
	return rc;
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
list_uids(struct fetch *f, const void *ctx, uint32_t first, uint32_t last,
    uint32_t **uids, size_t *nuids)
{
	clist *rows = NULL;
	size_t n = 0;
	size_t kept = 0;
	int rc = fetch_rows(f, first, last, false, &rows);

	*uids = NULL;
	*nuids = 0;
	if (rc != 0 || rows == NULL || clist_begin(rows) == NULL)
		goto out;
	*uids = talloc_array(ctx, uint32_t, (size_t)clist_count(rows));
	if (*uids == NULL) {
		rc = session_trouble(f, FETCH_LOST, "out of memory");
		goto out;
	}
	for (clistiter *i = clist_begin(rows); i != NULL; i = clist_next(i)) {
		struct item item;

		read_row(clist_content(i), &item);
		if (item.uid >= first && item.uid <= last)
			(*uids)[n++] = item.uid;
	}
	qsort(*uids, n, sizeof(**uids), by_number);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || (*uids)[kept - 1] != (*uids)[i])
			(*uids)[kept++] = (*uids)[i];
	*nuids = kept;
out:
	if (rows != NULL)
		mailimap_fetch_list_free(rows);
	return rc;
}

int
list_one(struct fetch *f, uint32_t uid, struct item *item)
{
	clist *rows = NULL;
	int rc = fetch_rows(f, uid, uid, true, &rows);

	*item = (struct item){0};
	for (clistiter *i = rows != NULL ? clist_begin(rows) : NULL; i != NULL;
	     i = clist_next(i)) {
		struct item row;

		read_row(clist_content(i), &row);
		if (row.uid == uid)
			*item = row;
	}
	if (rows != NULL)
		mailimap_fetch_list_free(rows);
	return rc;
}
