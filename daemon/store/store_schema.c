/*
 * store_schema.c - the tables, as a list of migrations that only grows.
 *
 * Each text brings a database from the version of its index to the next one
 * and sets user_version itself.  All that are missing run in one
 * transaction.  Never change a text that has been in a release: add one.
 *
 * What is plain: numbers, dates, states, case numbers, the mailbox's folder,
 * the SHA-256 of a letter's bytes, and the record (RULES 18).  BLOB columns
 * are sealed (store_seal.c) but for those named lookup, digest, proof,
 * wrapped, stream, chain, and the note of a record line.  Every sealed value
 * that is looked up has its keyed hash beside it, in `lookup`.
 *
 * A new data key takes this for granted (store_renew.c walks the schema): a
 * table with a BLOB column has an INTEGER PRIMARY KEY, which is the row in
 * the associated data; a plain BLOB has one of the names above; and where a
 * look-up may stand once, what adds it calls renew_lookup() first.
 */
#include "store_internal.h"

#include <string.h>

/* "psir": file(1) and other programs know whose file this is. */
#define APPLICATION_ID 0x70736972

/* Two indexes below name these by number. */
_Static_assert(STORE_MAIL_ACKNOWLEDGE == 1 && STORE_MAIL_RESEND == 2,
    "outmail_one_acknowledgement and outmail_one_resend");

/* ---- version 1 ---- */

static const char version_1[] =
    "PRAGMA application_id = 0x70736972;"

    "CREATE TABLE data_key ("
    " id INTEGER PRIMARY KEY,"
    " wrapped BLOB NOT NULL," /* an OpenPGP message */
    " proof BLOB NOT NULL"
    ") STRICT;"

    /* Ids that stand in associated data never come again. */
    "CREATE TABLE sequence ("
    " name TEXT PRIMARY KEY,"
    " last INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO sequence (name) VALUES ('letter'), ('report'), ('casefile'),"
    " ('case_ident'), ('case_address'), ('message_id'), ('outmail'),"
    " ('record');"

    "CREATE TABLE mailbox ("
    " folder TEXT PRIMARY KEY,"
    " uidvalidity INTEGER NOT NULL,"
    " after INTEGER NOT NULL,"
    " adopted INTEGER NOT NULL,"
    " adopt_upto INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    /* Gap-free case numbers: one counter a year. */
    "CREATE TABLE case_number ("
    " year INTEGER PRIMARY KEY,"
    " last INTEGER NOT NULL"
    ") STRICT;"

    "CREATE TABLE casefile ("
    " id INTEGER PRIMARY KEY,"
    " number TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    " flow INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " phase INTEGER NOT NULL,"
    " received INTEGER NOT NULL,"
    " filed INTEGER NOT NULL,"
    " acknowledged INTEGER NOT NULL,"
    " finder_key_confirmed INTEGER NOT NULL,"
    " routed INTEGER NOT NULL,"
    " finder_key_blob BLOB,"
    " correspondent BLOB,"
    " finder_name BLOB,"
    " finder_address BLOB,"
    " finder_key BLOB,"
    " language BLOB,"
    " product BLOB,"
    " title BLOB,"
    " proposed BLOB"
    ") STRICT;"
    "CREATE INDEX casefile_state ON casefile (state, id);"

    /* state 0 is `arriving`: not yet a letter (store_intake.c). */
    "CREATE TABLE letter ("
    " id INTEGER PRIMARY KEY,"
    " state INTEGER NOT NULL,"
    " reason INTEGER NOT NULL DEFAULT 0,"
    " verdict INTEGER NOT NULL DEFAULT 0,"
    " received INTEGER NOT NULL,"
    " stored INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL DEFAULT 0,"
    " casefile INTEGER REFERENCES casefile (id),"
    " adopted INTEGER NOT NULL,"
    " by_hand INTEGER NOT NULL DEFAULT 0,"
    " tries INTEGER NOT NULL DEFAULT 0,"
    " unconfirmed INTEGER NOT NULL DEFAULT 0,"
    " digest BLOB UNIQUE," /* NULL: its bytes were never taken */
    " stream BLOB,"        /* header of the stream of its chunks */
    " sender BLOB,"
    " subject BLOB,"
    " signer BLOB"
    ") STRICT;"
    "CREATE INDEX letter_state ON letter (state, id);"
    "CREATE INDEX letter_casefile ON letter (casefile, id);"

    "CREATE TABLE letter_chunk ("
    " id INTEGER PRIMARY KEY,"
    " letter INTEGER NOT NULL REFERENCES letter (id),"
    " seq INTEGER NOT NULL,"
    " data BLOB NOT NULL,"
    " UNIQUE (letter, seq)"
    ") STRICT;"

    "CREATE TABLE copy ("
    " folder TEXT NOT NULL,"
    " uidvalidity INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " letter INTEGER NOT NULL REFERENCES letter (id),"
    " moved INTEGER NOT NULL DEFAULT 0," /* how, as fetch said; 0 not yet */
    " PRIMARY KEY (folder, uidvalidity, uid)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX copy_letter ON copy (letter);"

    "CREATE TABLE opening ("
    " letter INTEGER PRIMARY KEY REFERENCES letter (id),"
    " wire BLOB NOT NULL"
    ") STRICT;"

    "CREATE TABLE report ("
    " id INTEGER PRIMARY KEY,"
    " letter INTEGER NOT NULL REFERENCES letter (id),"
    " casefile INTEGER REFERENCES casefile (id),"
    " lookup BLOB NOT NULL UNIQUE,"
    " value BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX report_letter ON report (letter);"
    "CREATE INDEX report_casefile ON report (casefile);"

    "CREATE TABLE case_ident ("
    " id INTEGER PRIMARY KEY,"
    " casefile INTEGER NOT NULL REFERENCES casefile (id),"
    " kind INTEGER NOT NULL,"
    " lookup BLOB NOT NULL,"
    " value BLOB NOT NULL,"
    " UNIQUE (lookup, casefile)"
    ") STRICT;"
    "CREATE INDEX case_ident_casefile ON case_ident (casefile, id);"

    "CREATE TABLE case_address ("
    " id INTEGER PRIMARY KEY,"
    " casefile INTEGER NOT NULL REFERENCES casefile (id),"
    " lookup BLOB NOT NULL,"
    " value BLOB NOT NULL,"
    " UNIQUE (lookup, casefile)"
    ") STRICT;"
    "CREATE INDEX case_address_casefile ON case_address (casefile, id);"

    "CREATE TABLE outmail ("
    " id INTEGER PRIMARY KEY,"
    " kind INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " casefile INTEGER REFERENCES casefile (id),"
    " letter INTEGER REFERENCES letter (id),"
    " report INTEGER REFERENCES report (id),"
    " made INTEGER NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " sent INTEGER NOT NULL,"
    " tries INTEGER NOT NULL,"
    " smtp_code INTEGER NOT NULL,"
    " encrypt INTEGER NOT NULL,"
    " with_files INTEGER NOT NULL,"
    " automatic INTEGER NOT NULL,"
    " lookup BLOB NOT NULL," /* of its recipient */
    " recipient_key BLOB,"
    " reason BLOB,"
    " message_id BLOB,"
    " sender BLOB,"
    " recipient_address BLOB,"
    " recipient_name BLOB,"
    " recipient BLOB,"
    " recipient_key_fpr BLOB,"
    " subject BLOB,"
    " body BLOB,"
    " in_reply_to BLOB,"
    " department BLOB"
    ") STRICT;"
    "CREATE INDEX outmail_state ON outmail (state, id);"
    "CREATE INDEX outmail_casefile ON outmail (casefile, id);"
    "CREATE INDEX outmail_letter ON outmail (letter);"
    "CREATE INDEX outmail_automatic ON outmail (made) WHERE automatic = 1;"
    /* RULES 2: at most one acknowledgement a report.  kind 1: acknowledge. */
    "CREATE UNIQUE INDEX outmail_one_acknowledgement ON outmail (report)"
    " WHERE kind = 1;"
    /* RULES 6: the note to resend goes once.  kind 2: resend. */
    "CREATE UNIQUE INDEX outmail_one_resend ON outmail (report)"
    " WHERE kind = 2;"
    "CREATE UNIQUE INDEX outmail_one_resend_letter ON outmail (letter)"
    " WHERE kind = 2;"

    "CREATE TABLE outmail_wire ("
    " outmail INTEGER PRIMARY KEY REFERENCES outmail (id),"
    " wire BLOB NOT NULL"
    ") STRICT;"

    "CREATE TABLE message_id ("
    " id INTEGER PRIMARY KEY,"
    " casefile INTEGER REFERENCES casefile (id),"
    " letter INTEGER REFERENCES letter (id),"
    " outmail INTEGER REFERENCES outmail (id),"
    " lookup BLOB NOT NULL,"
    " value BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX message_id_once ON message_id (lookup,"
    " ifnull(casefile, 0), ifnull(letter, 0), ifnull(outmail, 0));"
    "CREATE INDEX message_id_casefile ON message_id (casefile);"
    "CREATE INDEX message_id_letter ON message_id (letter);"
    "CREATE INDEX message_id_outmail ON message_id (outmail);"

    /* No foreign keys: a purge takes rows, never lines. */
    "CREATE TABLE record ("
    " id INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"
    " what INTEGER NOT NULL,"
    " actor TEXT NOT NULL,"
    " casefile INTEGER NOT NULL,"
    " letter INTEGER NOT NULL,"
    " outmail INTEGER NOT NULL,"
    " code INTEGER NOT NULL,"
    " digest BLOB,"
    " note BLOB," /* digest of the note in record_note */
    " chain BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX record_casefile ON record (casefile, id);"
    "CREATE TABLE record_note ("
    " record INTEGER PRIMARY KEY REFERENCES record (id),"
    " value BLOB NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER record_not_changed BEFORE UPDATE ON record"
    " BEGIN SELECT RAISE(ABORT, 'a line of the record is never changed');"
    " END;"
    "CREATE TRIGGER record_not_deleted BEFORE DELETE ON record"
    " BEGIN SELECT RAISE(ABORT, 'a line of the record is never deleted');"
    " END;"

    "CREATE TABLE alert ("
    " id INTEGER PRIMARY KEY,"
    " reason INTEGER NOT NULL,"
    " letter INTEGER NOT NULL,"
    " casefile INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " mailed INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE INDEX alert_waiting ON alert (id) WHERE mailed = 0;"

    "PRAGMA user_version = 1;";

/* ---- version 2 ---- */

/*
 * A key that came with a letter was one thing with one that signed it.  A
 * letter that was opened and not yet filed is opened anew: its opening is in
 * the format of before.
 */
static const char version_2[] =
    "ALTER TABLE casefile"
    " RENAME COLUMN finder_key_confirmed TO finder_key_standing;"
    "UPDATE casefile SET finder_key_standing = 2"
    " WHERE finder_key_standing <> 0;"
    "UPDATE letter SET state = 1 WHERE state = 2 AND digest IS NOT NULL;"

    /* A report is known by each block of PGP that is in it. */
    "CREATE TABLE report_mark ("
    " id INTEGER PRIMARY KEY,"
    " report INTEGER NOT NULL REFERENCES report (id),"
    " lookup BLOB NOT NULL,"
    " UNIQUE (lookup, report)"
    ") STRICT;"
    "CREATE INDEX report_mark_report ON report_mark (report);"
    "INSERT INTO report_mark (report, lookup) SELECT id, lookup FROM report;"

    "PRAGMA user_version = 2;";

/* ---- version 4 ---- */

static const char version_4[] =
    /* The letter that ended a pass which waited for one. */
    "ALTER TABLE step ADD COLUMN letter INTEGER REFERENCES letter (id);"
    "CREATE INDEX step_letter ON step (letter);"
    /* What has not begun is asked about at each start. */
    "CREATE INDEX step_ready ON step (casefile) WHERE state = 1;"
    /* What was overridden with an approval. */
    "ALTER TABLE approval ADD COLUMN overridden INTEGER NOT NULL DEFAULT 0;"

    "PRAGMA user_version = 4;";

const char *const store_migrations[] = {
    version_1, version_2, store_version_3, /* store_schema_3.c */
    version_4, store_version_5,            /* store_schema_5.c */
    store_renew_version,                   /* store_renew.c */
};

const int store_migration_count =
    (int)(sizeof(store_migrations) / sizeof(store_migrations[0]));

/* ---- bringing a file up to date ---- */

static int
one_number(
    struct store *st, const char *text, int64_t *value, struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(st->db, text, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW) {
		store_sql_error(st, rc, text, err);
		sqlite3_finalize(stmt);
		return -1;
	}
	*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return 0;
}

int
store_schema_check(struct store *st, int count, int *version, struct error *err)
{
	int64_t id = 0, has = 0, tables = 0;

	if (one_number(st, "PRAGMA application_id", &id, err) != 0 ||
	    one_number(st, "PRAGMA user_version", &has, err) != 0 ||
	    one_number(
		st, "SELECT count(*) FROM sqlite_schema", &tables, err) != 0)
		return -1;
	if (id == 0 && has == 0 && tables == 0) {
		if (version != NULL)
			*version = 0;
		return 0;
	}
	if (id != APPLICATION_ID || has < 1)
		return error_set(
		    err, FAULT_SETUP, "it is the database of another program");
	if (has > count)
		return error_set(err, FAULT_SETUP,
		    "it has schema version %lld, this program knows %d: start "
		    "a psirtd at least as new as the one that wrote it",
		    (long long)has, count);
	if (version != NULL)
		*version = (int)has;
	return 0;
}

int
store_migrate(struct store *st, const char *const *migrations, int count,
    struct error *err)
{
	int64_t reached = 0;
	int version = 0;
	int rc;

	if (store_schema_check(st, count, &version, err) != 0)
		return -1;
	if (version == count)
		return 0;
	rc = sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return store_sql_error(st, rc, "migration", err);
	for (int i = version; i < count && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(st->db, migrations[i], NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		store_sql_error(st, rc, "migration", err);
		goto undo;
	}
	if (one_number(st, "PRAGMA user_version", &reached, err) != 0)
		goto undo;
	if (reached != count) {
		error_set(err, FAULT_BUG,
		    "migrations end at version %lld, not %d",
		    (long long)reached, count);
		goto undo;
	}
	rc = sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	store_sql_error(st, rc, "migration", err);
undo:
	if (!sqlite3_get_autocommit(st->db))
		sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}
