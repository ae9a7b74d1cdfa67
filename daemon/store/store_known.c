/*
 * store_known.c - what a case is known by: identifiers, addresses,
 * Message-IDs; and which reports have been seen.
 *
 * Every value is sealed, with a keyed hash beside it that it is found by.
 * Addresses and identifiers are hashed in lower case, Message-IDs as they
 * are (RFC 5322 gives their case a meaning).  Runs in the engine.  Who may
 * join which case is the desk's to say.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

enum {
	IDENT_ADD,
	IDENT_LIST,
	IDENT_FIND,
	ADDRESS_ADD,
	ADDRESS_HAS,
	ADDRESS_FIND,
	MESSAGE_ID_ADD,
	MESSAGE_ID_FIND,
	REPORT_FIND,
	REPORT_ADD,
	REPORT_CASE,
	MARK_ADD,
	MARK_FIND,
	KNOWN_STMT_COUNT
};

/* What a merged case kept for itself, the other case has too. */
#define FIND_CASES(table)                                                      \
	"SELECT casefile FROM " table " JOIN casefile ON casefile.id = " table \
	".casefile"                                                            \
	" WHERE lookup = ? AND merged_into IS NULL ORDER BY casefile"

static const char *const sql[KNOWN_STMT_COUNT] = {
    [IDENT_ADD] = "INSERT INTO case_ident (id, casefile, kind, lookup, value)"
		  " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [IDENT_LIST] = "SELECT id, kind, value FROM case_ident WHERE casefile = ?"
		   " ORDER BY id",
    [IDENT_FIND] = FIND_CASES("case_ident"),
    [ADDRESS_ADD] = "INSERT INTO case_address (id, casefile, lookup, value)"
		    " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [ADDRESS_HAS] = "SELECT 1 FROM case_address"
		    " WHERE casefile = ? AND lookup IN (?, ?)",
    [ADDRESS_FIND] = FIND_CASES("case_address"),
    [MESSAGE_ID_ADD] = "INSERT INTO message_id"
		       " (id, casefile, letter, outmail, lookup, value)"
		       " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    /* Ours before theirs: nobody can take the Message-ID of a mail of ours
     * for a case of their own.  Then the first that had it. */
    [MESSAGE_ID_FIND] = "SELECT ifnull(casefile.merged_into, casefile.id),"
			" outmail FROM message_id LEFT JOIN casefile"
			" ON casefile.id = message_id.casefile"
			" WHERE lookup = ? ORDER BY outmail IS NULL,"
			" message_id.id LIMIT 1",
    [REPORT_FIND] = "SELECT id, casefile FROM report WHERE lookup = ?",
    [REPORT_ADD] = "INSERT INTO report (id, letter, lookup, value)"
		   " VALUES (?, ?, ?, ?)",
    [REPORT_CASE] = "UPDATE report SET casefile = ?1,"
		    " origin_case = CASE WHEN casefile IS ?1"
		    " THEN origin_case END WHERE id = ?2",
    [MARK_ADD] = "INSERT INTO report_mark (report, lookup) VALUES (?, ?)"
		 " ON CONFLICT DO NOTHING",
    [MARK_FIND] = "SELECT report.id, report.casefile FROM report_mark"
		  " JOIN report ON report.id = report_mark.report"
		  " WHERE report_mark.lookup = ? ORDER BY report.id LIMIT 16",
};

const struct store_sql store_known_sql = {sql, KNOWN_STMT_COUNT};

/* The hash of a text in lower case, with the kind of identifier before it. */
static int
lookup_folded(struct store *st, enum lookup what, uint32_t kind,
    const char *value, struct lookup_hash *hash, struct error *err)
{
	char *folded = text_lower(st, value);
	char *text =
	    folded != NULL ? talloc_asprintf(st, "%u:%s", kind, folded) : NULL;
	int rc;

	*hash = (struct lookup_hash){0};
	if (text == NULL)
		rc = error_set(err, FAULT_RETRY, "out of memory");
	else
		rc = seal_lookup(st, what, bytes_str(text), hash, err);
	talloc_free(text);
	talloc_free(folded);
	return rc;
}

/* The cases a query for one lookup hash gives. */
static int
find_cases(const void *ctx, struct store *st, int statement,
    const struct lookup_hash *hash, int64_t **cases, size_t *count,
    struct error *err)
{
	struct query q;
	int found;

	*cases = NULL;
	*count = 0;
	found = query_find(&q, st, FAMILY_KNOWN, statement, hash, err);
	for (; found == 1; found = query_next(&q)) {
		int64_t *one = query_row(&q, ctx, cases, *count, sizeof(*one));

		if (one == NULL)
			break;
		*one = query_get_int(&q);
		++*count;
	}
	return query_end_list(&q, cases, count);
}

/* ---- identifiers ---- */

int
store_case_ident_add(struct store *st, int64_t casefile, uint32_t kind,
    const char *value, struct error *err)
{
	struct lookup_hash hash;
	struct query q;
	int64_t id;

	if (store_next_id(st, "case_ident", &id, err) != 0 ||
	    lookup_folded(st, LOOKUP_IDENT, kind, value, &hash, err) != 0 ||
	    renew_lookup(st, "case_ident", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, IDENT_ADD, err);
	query_int(&q, id);
	query_int(&q, casefile);
	query_int(&q, kind);
	query_blob(&q, lookup_present(&hash));
	query_seal_text(&q, place("case_ident", "value", id), value);
	return query_run(&q);
}

int
store_case_idents(const void *ctx, struct store *st, int64_t casefile,
    uint32_t **kinds, char ***values, size_t *count, struct error *err)
{
	size_t nvalues = 0;
	struct query q;

	*kinds = NULL;
	*values = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_KNOWN, IDENT_LIST, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		uint32_t *kind =
		    query_row(&q, ctx, kinds, *count, sizeof(*kind));
		char **value =
		    query_row(&q, ctx, values, *count, sizeof(*value));
		int64_t id;

		if (kind == NULL || value == NULL)
			break;
		id = query_get_int(&q);
		*kind = query_get_u32(&q);
		*value = query_open_text(
		    &q, *values, place("case_ident", "value", id));
		++*count;
	}
	nvalues = *count;
	if (query_end_list(&q, kinds, count) == 0)
		return 0;
	return query_end_list(&q, values, &nvalues);
}

int
store_cases_by_ident(const void *ctx, struct store *st, uint32_t kind,
    const char *value, int64_t **cases, size_t *count, struct error *err)
{
	struct lookup_hash hash;

	if (lookup_folded(st, LOOKUP_IDENT, kind, value, &hash, err) != 0)
		return -1;
	return find_cases(ctx, st, IDENT_FIND, &hash, cases, count, err);
}

/* ---- addresses ---- */

int
store_case_address_add(
    struct store *st, int64_t casefile, const char *address, struct error *err)
{
	struct lookup_hash hash;
	struct query q;
	int64_t id;

	if (store_next_id(st, "case_address", &id, err) != 0 ||
	    lookup_folded(st, LOOKUP_ADDRESS, 0, address, &hash, err) != 0 ||
	    renew_lookup(st, "case_address", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, ADDRESS_ADD, err);
	query_int(&q, id);
	query_int(&q, casefile);
	query_blob(&q, lookup_present(&hash));
	query_seal_text(&q, place("case_address", "value", id), address);
	return query_run(&q);
}

int
store_case_has_address(struct store *st, int64_t casefile, const char *address,
    bool *has, struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	*has = false;
	if (lookup_folded(st, LOOKUP_ADDRESS, 0, address, &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, ADDRESS_HAS, err);
	query_int(&q, casefile);
	query_lookup(&q, &hash);
	*has = query_next(&q) == 1;
	return query_end(&q);
}

int
store_cases_by_address(const void *ctx, struct store *st, const char *address,
    int64_t **cases, size_t *count, struct error *err)
{
	struct lookup_hash hash;

	if (lookup_folded(st, LOOKUP_ADDRESS, 0, address, &hash, err) != 0)
		return -1;
	return find_cases(ctx, st, ADDRESS_FIND, &hash, cases, count, err);
}

/* ---- Message-IDs ---- */

int
store_message_id_add(struct store *st, const char *message_id, int64_t casefile,
    int64_t letter, int64_t outmail, struct error *err)
{
	struct lookup_hash hash;
	struct query q;
	int64_t id;

	if (store_next_id(st, "message_id", &id, err) != 0 ||
	    seal_lookup(st, LOOKUP_MESSAGE_ID, bytes_str(message_id), &hash,
		err) != 0 ||
	    renew_lookup(st, "message_id", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, MESSAGE_ID_ADD, err);
	query_int(&q, id);
	query_id(&q, casefile);
	query_id(&q, letter);
	query_id(&q, outmail);
	query_blob(&q, lookup_present(&hash));
	query_seal_text(&q, place("message_id", "value", id), message_id);
	return query_run(&q);
}

int
store_message_id_find(struct store *st, const char *message_id,
    int64_t *casefile, int64_t *outmail, struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	*casefile = 0;
	*outmail = 0;
	if (seal_lookup(
		st, LOOKUP_MESSAGE_ID, bytes_str(message_id), &hash, err) != 0)
		return -1;
	if (query_find(&q, st, FAMILY_KNOWN, MESSAGE_ID_FIND, &hash, err) ==
	    1) {
		*casefile = query_get_int(&q);
		*outmail = query_get_int(&q);
	}
	return query_end(&q);
}

/* ---- reports ---- */

static int
find_report(struct store *st, const struct lookup_hash *hash, int64_t *report,
    int64_t *casefile, struct error *err)
{
	struct query q;

	*report = 0;
	*casefile = 0;
	if (query_find(&q, st, FAMILY_KNOWN, REPORT_FIND, hash, err) == 1) {
		*report = query_get_int(&q);
		*casefile = query_get_int(&q);
	}
	return query_end(&q);
}

int
store_report(struct store *st, const uint8_t digest[STORE_DIGEST_BYTES],
    int64_t letter, int64_t *report, bool *fresh, int64_t *casefile,
    struct error *err)
{
	struct bytes value = bytes_of(digest, STORE_DIGEST_BYTES);
	struct lookup_hash hash;
	struct query q;

	if (store_writing(st, err) != 0 ||
	    seal_lookup(st, LOOKUP_REPORT, value, &hash, err) != 0 ||
	    find_report(st, &hash, report, casefile, err) != 0)
		return -1;
	*fresh = *report == 0;
	if (!*fresh)
		return 0;
	if (store_next_id(st, "report", report, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, REPORT_ADD, err);
	query_int(&q, *report);
	query_int(&q, letter);
	query_blob(&q, lookup_present(&hash));
	query_seal(&q, place("report", "value", *report), value);
	return query_run(&q);
}

int
store_report_case(
    struct store *st, int64_t report, int64_t casefile, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, REPORT_CASE, err);
	query_id(&q, casefile);
	query_int(&q, report);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(err, FAULT_BUG, "there is no report %lld",
		    (long long)report);
	return 0;
}

int
store_report_mark(struct store *st, int64_t report,
    const uint8_t mark[STORE_DIGEST_BYTES], struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	if (store_writing(st, err) != 0 ||
	    seal_lookup(st, LOOKUP_REPORT, bytes_of(mark, STORE_DIGEST_BYTES),
		&hash, err) != 0 ||
	    renew_lookup(st, "report_mark", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KNOWN, MARK_ADD, err);
	query_int(&q, report);
	query_blob(&q, lookup_present(&hash));
	return query_run(&q);
}

int
store_reports_by_mark(const void *ctx, struct store *st,
    const uint8_t mark[STORE_DIGEST_BYTES], struct store_report **reports,
    size_t *count, struct error *err)
{
	struct lookup_hash hash;
	struct query q;
	int found;

	*reports = NULL;
	*count = 0;
	if (seal_lookup(st, LOOKUP_REPORT, bytes_of(mark, STORE_DIGEST_BYTES),
		&hash, err) != 0)
		return -1;
	found = query_find(&q, st, FAMILY_KNOWN, MARK_FIND, &hash, err);
	for (; found == 1; found = query_next(&q)) {
		struct store_report *r =
		    query_row(&q, ctx, reports, *count, sizeof(*r));

		if (r == NULL)
			break;
		r->id = query_get_int(&q);
		r->casefile = query_get_int(&q);
		++*count;
	}
	return query_end_list(&q, reports, count);
}
