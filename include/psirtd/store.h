/*
 * store.h - the database: all SQL, all sealing, the record.
 *
 * One connection, WAL, synchronous=FULL, STRICT tables.  Content columns are
 * sealed under the data key on their way in and opened on their way out;
 * callers see clear values and talloc copies.  A stop of the engine is one
 * store_begin … store_commit; functions that write refuse to run outside one
 * unless said otherwise.  Addresses, Message-IDs and identifiers are looked
 * up by a keyed BLAKE2b that stands beside them.
 *
 * Errors: FAULT_RETRY (disk full, busy), FAULT_SETUP (not a database, newer
 * than this program, no key), FAULT_BUG.
 */
#ifndef PSIRTD_STORE_H
#define PSIRTD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "psirtd/bytes.h"
#include "psirtd/error.h"
#include "psirtd/store_procedure.h"

struct store;

#define STORE_KEY_BYTES 32

/*
 * Numbers of headers that the store may not include: the states and the
 * reason it writes by itself (desk.h), the kinds of mail of which a report
 * gets one (write.h).  The engine, which sees both, asserts that they agree.
 */
#define STORE_LETTER_RECEIVED 1
#define STORE_LETTER_QUARANTINED 6
#define STORE_REASON_TOO_LARGE 14
#define STORE_MAIL_ACKNOWLEDGE 1
#define STORE_MAIL_RESEND 2
#define STORE_MAIL_ALERT 6

/* Opens or makes the file (0600) and migrates it; takes an exclusive lock so
 * that a second daemon is refused. */
struct store *store_open(const void *ctx, const char *path, struct error *err);

/* ---- looking without a key (`psirtd --inspect`, RULES 20) ---- */

/*
 * Opens an existing database of this version for looking alone: no row is
 * written.  FAULT_SETUP also while a daemon has it open.
 */
struct store *store_look(const void *ctx, const char *path, struct error *err);

/* A plain value: a number, or a text where text is not NULL. */
struct store_plain {
	const char *name; /* of its column */
	const char *text;
	int64_t number;
};
typedef void store_inspect_row(
    void *arg, const char *table, const struct store_plain *values, size_t n);
/* Gives every row's numbers, dates and states; values live during the call. */
int store_inspect(
    struct store *st, store_inspect_row *row, void *arg, struct error *err);

/* ---- the data key (DESIGN.md, "At rest") ---- */

/* The OpenPGP message that holds it; {NULL,0} on a new database. */
int store_wrapped_key(const void *ctx, struct store *st, struct bytes *wrapped,
    struct error *err);
/* That of the key before, while the data key is renewed; {NULL,0} else. */
int store_former_key(const void *ctx, struct store *st, struct bytes *wrapped,
    struct error *err);
/* Makes a new random key (nothing is kept yet). */
void store_new_key(uint8_t key[STORE_KEY_BYTES]);
/* Keeps the wrapped form of a new key; allowed once. Own transaction. */
int store_keep_key(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err);
/*
 * Replaces the wrapped form of a data key (`psirt key reseal`), inside the
 * caller's transaction.  FAULT_SETUP when key is not one of this database.
 */
int store_rewrap_key(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err);
/*
 * Hands the key over (copied to locked memory); refuses a wrong one.  While
 * it is renewed both are handed over, in either order.
 */
int store_unlock(
    struct store *st, const uint8_t key[STORE_KEY_BYTES], struct error *err);

/*
 * `psirt key renew` (RULES 17): a new data key; everything is sealed anew in
 * batches, each a short transaction of its own.  The database says how far it
 * has come, so that a killed daemon goes on at its next start.
 *
 * store_renew keeps the wrapped form of the new key inside the caller's
 * transaction; FAULT_DENIED while one is renewed.  After the commit
 * store_renewed() takes the key into use.
 */
int store_renew(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], int64_t now, struct error *err);
int store_renewed(
    struct store *st, const uint8_t key[STORE_KEY_BYTES], struct error *err);

enum store_renewing {
	RENEWING_NONE, /* the former key is gone, and its row */
	RENEWING_MORE,
	RENEWING_WAITS, /* a letter is arriving that began under the former */
	RENEWING_LEFT,  /* what is left is damaged: the former key is kept */
};
/* The next batch, in a transaction of its own; *what there is to do then.  The
 * last one is on record.  What is damaged is stepped over: after
 * RENEWING_LEFT the next batch begins to look at all of it once more. */
int store_renew_step(struct store *st, int64_t now, enum store_renewing *what,
    struct error *err);

/* There is a former key that something may be under. */
bool store_renewing(const struct store *st);

struct store_renewal {
	int64_t started; /* 0: the data key is not being renewed */
	uint32_t percent;
	int64_t left;    /* values that could not be brought over, and … */
	char where[400]; /* … the places of the first of them */
};
int store_renewal(
    struct store *st, struct store_renewal *renewal, struct error *err);

/* ---- transactions ---- */

int store_begin(struct store *st, struct error *err);
int store_commit(struct store *st, struct error *err);
void store_rollback(struct store *st); /* nothing happens outside one */

/* ---- mailbox ---- */

struct store_mailbox {
	const char *folder;
	uint32_t uidvalidity;
	uint32_t after;  /* letters with a greater uid are looked at */
	int64_t adopted; /* when the first start was settled; 0 not yet */
	uint32_t
	    adopt_upto; /* uids up to this stood there at the first start */
};

/* 1 found, 0 not, -1. */
int store_mailbox_get(const void *ctx, struct store *st, const char *folder,
    struct store_mailbox *mb, struct error *err);
int store_mailbox_put(
    struct store *st, const struct store_mailbox *mb, struct error *err);
/* A copy of this letter that we made or found ourselves; twice is nothing. */
int store_copy_add(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, int64_t letter, struct error *err);
/* The letter of a copy (folder, uidvalidity, uid); 0 unknown. */
int store_copy_find(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, int64_t *letter, struct error *err);
int store_copy_moved(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, uint32_t how, struct error *err);

/* ---- letters ---- */

/* How a letter came: bits of `came`. */
#define CAME_ADOPTED 1u /* it stood there at the first start */
/* It was missing here though it had been seen to elsewhere (RULES 9): nobody
 * knows whether it was answered. */
#define CAME_RECONCILED 2u
#define CAME_JUNK 4u /* it stood in the folder for junk */

struct store_letter {
	int64_t id;
	int64_t received; /* INTERNALDATE */
	int64_t stored;
	int64_t size;
	uint32_t state;  /* enum letter_state (desk.h) */
	uint32_t reason; /* enum reason */
	uint32_t verdict;
	int64_t casefile; /* 0 none */
	uint32_t came;    /* CAME_… */
	uint32_t by_hand;
	uint32_t tries; /* openings that ended a room of ours */
	char *sender;   /* shown address; NULL */
	char *subject;  /* of the letter; NULL. Reading it is a trace */
	char *signer;   /* who signed in words; NULL */
	uint32_t unconfirmed;
	uint8_t digest[STORE_DIGEST_BYTES];
};

/*
 * Intake.  begin makes a row in state `arriving` (not yet a letter); chunks
 * are sealed and inserted as they come; end commits.  Each call is its own
 * transaction-managing step: up to 1 MiB all goes in one transaction, a
 * larger letter in batches, so that the loop never waits on a slow server.
 * A start throws `arriving` rows away.
 */
struct store_intake;
struct store_intake *store_intake_begin(const void *ctx, struct store *st,
    const char *folder, uint32_t uidvalidity, uint32_t uid, int64_t received,
    uint32_t came, struct error *err);
int store_intake_chunk(
    struct store_intake *in, struct bytes chunk, struct error *err);
/*
 * Commits letter, copy and record line.  *letter is the row; *known is true
 * when a letter with the same SHA-256 was there (then only the copy is new).
 */
int store_intake_end(struct store_intake *in, int64_t now, int64_t *letter,
    bool *known, struct error *err);
void store_intake_abort(struct store_intake *in);
/* A letter over letter_max: a row without bytes, quarantined; inside the
 * caller's transaction. */
int store_letter_too_large(struct store *st, const char *folder,
    uint32_t uidvalidity, uint32_t uid, int64_t received, int64_t size,
    int64_t now, int64_t *letter, struct error *err);

int store_letter_get(const void *ctx, struct store *st, int64_t id,
    struct store_letter *letter, struct error *err); /* 1, 0 none, -1 */
/* {NULL,0}: its bytes were never taken (too large). */
int store_letter_bytes(const void *ctx, struct store *st, int64_t id,
    struct bytes *bytes, struct error *err);
/* The oldest letter in this state with id > after; 0 none. */
int store_letter_next(struct store *st, uint32_t state, int64_t after,
    int64_t *id, struct error *err);
/* Counts `weight` against a letter that is tried (own transaction); *tries is
 * the new count. */
int store_letter_try(struct store *st, int64_t id, uint32_t weight,
    uint32_t *tries, struct error *err);
/* Writes state, reason, verdict, casefile, sender, subject, signer,
 * unconfirmed, by_hand of the row; FAULT_DENIED when the state in the table
 * is not `from`.  A new state begins its tries anew. */
int store_letter_put(struct store *st, const struct store_letter *letter,
    uint32_t from, struct error *err);
/* Newest first; state 0: any; casefile 0: any. */
int store_letter_list(const void *ctx, struct store *st, uint32_t state,
    int64_t casefile, size_t most, struct store_letter **list, size_t *count,
    struct error *err);

/* The opening, as wire bytes (opening.h), sealed; a later one replaces it. */
int store_opening_put(
    struct store *st, int64_t letter, struct bytes wire, struct error *err);
int store_opening_get(const void *ctx, struct store *st, int64_t letter,
    struct bytes *wire, struct error *err); /* 1, 0 none, -1 */

/* ---- reports: at most one acknowledgement each (RULES 2) ---- */

/* Finds or makes the report of this digest. *fresh: it was not known. */
int store_report(struct store *st, const uint8_t digest[STORE_DIGEST_BYTES],
    int64_t letter, int64_t *report, bool *fresh, int64_t *casefile,
    struct error *err);
int store_report_case(
    struct store *st, int64_t report, int64_t casefile, struct error *err);
/* What a report is known by: marking twice is nothing.  One mark may stand on
 * several reports; found oldest first. */
struct store_report {
	int64_t id;
	int64_t casefile; /* 0 none */
};
int store_report_mark(struct store *st, int64_t report,
    const uint8_t mark[STORE_DIGEST_BYTES], struct error *err);
int store_reports_by_mark(const void *ctx, struct store *st,
    const uint8_t mark[STORE_DIGEST_BYTES], struct store_report **reports,
    size_t *count, struct error *err);

/* ---- cases ---- */

enum case_state { CASE_OPEN = 1, CASE_UNOPENED, CASE_CLOSED };

/* What is known of the key kept for a case's finder. */
enum key_standing {
	FINDER_KEY_KEPT,      /* it came with a letter: answers alone */
	FINDER_KEY_BOUND,     /* it signed the words of a letter (RULES 10) */
	FINDER_KEY_CONFIRMED, /* a person compared it */
};

struct store_case {
	int64_t id;
	char *number; /* PSIRT-2026-0001 */
	uint32_t flow;
	uint32_t state; /* enum case_state */
	uint32_t phase; /* of the seed, 0 to 5 */
	int64_t received;
	int64_t filed;
	int64_t acknowledged; /* when SMTP took the acknowledgement; 0 not */
	char *correspondent;  /* its name in the settings; NULL: a finder */
	char *finder_name, *finder_address;
	char *finder_key;             /* fingerprint; NULL: none is known */
	uint32_t finder_key_standing; /* enum key_standing */
	struct bytes finder_key_blob;
	char *language;
	char *product;        /* name in the map; NULL */
	char *title;          /* the desk's own short title; NULL */
	uint32_t routed;      /* 0 not, 1 proposed, 2 sent */
	char *proposed;       /* department names, space-separated; NULL */
	char *owner, *deputy; /* login names; NULL */
	uint32_t channel;     /* enum channel_kind */
	int64_t flow_file;    /* store_flow_keep(); 0 none yet */
	uint32_t advance; /* 1: the stop `flow` has to look at it (desk.h) */
	int64_t closed;   /* 0 open */
	uint32_t close_reason; /* enum close_reason (flow.h) */
	int64_t merged_into;   /* 0 none */
	int64_t next_status;   /* when a status mail is due; 0 none */
	uint32_t status_phase; /* phase in the last status mail */
	uint32_t status_same;  /* how many said this same phase */
};

/* Who speaks with the source of a direct case (<2>1.2.2). */
enum channel_kind {
	CHANNEL_OWN = 0, /* we do */
	CHANNEL_JPCERT,  /* JPCERT/CC is the window: flow-1 guards hold */
	CHANNEL_ADVISED, /* we do, JPCERT/CC stands behind */
};

const char *key_standing_name(uint32_t standing); /* "kept" */

/* Gives id and number (gap-free per year: PREFIX-YYYY-NNNN; its text is a
 * child of ctx). */
int store_case_new(const void *ctx, struct store *st, struct store_case *c,
    const char *prefix, int year, struct error *err);
int store_case_get(const void *ctx, struct store *st, int64_t id,
    struct store_case *c, struct error *err); /* 1, 0 none, -1 */
int store_case_by_number(struct store *st, const char *number, int64_t *id,
    struct error *err); /* *id 0: none; any case of letters */
/* Writes all but number and merged_into; `advance` is set, never taken away. */
int store_case_put(
    struct store *st, const struct store_case *c, struct error *err);
/* Sets `advance` alone; what changes a case's steps, answers, mails or
 * letters says so in its own transaction. */
int store_case_advance(
    struct store *st, int64_t casefile, bool advance, struct error *err);
/* The same for each open case with a step that is ready and has not begun:
 * what held it back may stand in the settings. */
int store_case_advance_offered(struct store *st, struct error *err);
/* The oldest case that is to be looked at, id > after; 0 none. */
int store_case_next_advance(
    struct store *st, int64_t after, int64_t *id, struct error *err);
/* The open case whose next_status is the earliest. */
int store_case_next_status(
    struct store *st, struct store_due *due, struct error *err);
/* Sets next_status alone. */
int store_case_put_off(
    struct store *st, int64_t casefile, int64_t at, struct error *err);
/* The newest case that is older than `before`; *id 0: none.  Neither this nor
 * the number opens a sealed column: a damaged case is found and named. */
int store_case_next(struct store *st, int64_t before, bool closed_too,
    int64_t *id, struct error *err);
int store_case_number(const void *ctx, struct store *st, int64_t casefile,
    char **number, struct error *err); /* *number NULL: there is none */

/* Identifiers and addresses of a case; adding twice is nothing.  Both are
 * looked up without regard to case (ASCII); cases come oldest first. */
int store_case_ident_add(struct store *st, int64_t casefile, uint32_t kind,
    const char *value, struct error *err);
int store_case_idents(const void *ctx, struct store *st, int64_t casefile,
    uint32_t **kinds, char ***values, size_t *count, struct error *err);
int store_cases_by_ident(const void *ctx, struct store *st, uint32_t kind,
    const char *value, int64_t **cases, size_t *count, struct error *err);
int store_case_address_add(
    struct store *st, int64_t casefile, const char *address, struct error *err);
int store_case_has_address(struct store *st, int64_t casefile,
    const char *address, bool *has, struct error *err);
/* Cases that know this address. */
int store_cases_by_address(const void *ctx, struct store *st,
    const char *address, int64_t **cases, size_t *count, struct error *err);

/* Message-IDs, ours (outmail != 0) and theirs, that belong to a case. */
int store_message_id_add(struct store *st, const char *message_id,
    int64_t casefile, int64_t letter, int64_t outmail, struct error *err);
/* *outmail != 0: it is one of ours. Nothing known: both 0. */
int store_message_id_find(struct store *st, const char *message_id,
    int64_t *casefile, int64_t *outmail, struct error *err);

/* ---- what leaves ---- */

enum outmail_state {
	OUTMAIL_DRAFT = 1,
	OUTMAIL_HELD,
	OUTMAIL_APPROVED,
	OUTMAIL_SEALED,
	OUTMAIL_SENDING,
	OUTMAIL_SENT,
	OUTMAIL_UNCERTAIN,
	OUTMAIL_FAILED,
	OUTMAIL_CANCELLED
};

struct store_outmail {
	int64_t id;
	uint32_t kind;    /* enum mail_kind (write.h) */
	uint32_t state;   /* enum outmail_state */
	int64_t casefile; /* 0 none */
	int64_t letter;   /* answered; 0 none */
	int64_t report;   /* UNIQUE with kind acknowledge; 0 none */
	int64_t made;
	int64_t not_before; /* earliest next try */
	int64_t sent;
	uint32_t tries;
	uint32_t smtp_code;
	uint32_t encrypt; /* must be encrypted */
	char *message_id;
	char *from; /* envelope */
	char *to;
	char *to_name;
	char *recipient;            /* pinned fingerprint, or NULL */
	struct bytes recipient_key; /* or a key block with: */
	char *recipient_key_fpr;
	char *subject;
	char *body;
	char *in_reply_to;
	char *reason;        /* why held or failed: a sentence; NULL */
	uint32_t with_files; /* attachments of `letter` go along */
	uint32_t automatic;
	char *department;  /* its name, for MAIL_OVERVIEW and kin; NULL */
	int64_t step;      /* the row of store_step it belongs to; 0 none */
	uint32_t audience; /* enum audience (flow.h); 0: an answer, the desk */
	uint32_t policy;   /* enum policy; 0: goes by itself */
	uint32_t parts;    /* of the case that it tells: enum told_part bits */
	uint32_t overridden; /* guards overridden: 1u << enum guard_kind */
	int64_t question;    /* it asks or answers this one; 0 none */
	int64_t bounced;     /* a delivery report said so; 0 not */
	char *language;      /* it is written in; NULL */
};

/* -1 with FAULT_DENIED: this report has its acknowledgement already. */
int store_outmail_add(
    struct store *st, struct store_outmail *m, struct error *err);
int store_outmail_get(const void *ctx, struct store *st, int64_t id,
    struct store_outmail *m, struct error *err); /* 1, 0 none, -1 */
/* Writes state, not_before, sent, tries, smtp_code, automatic, overridden,
 * reason;
 * FAULT_DENIED when the state in the table is not `from`.  Sent or cancelled,
 * its sealed bytes go. */
int store_outmail_put(struct store *st, const struct store_outmail *m,
    uint32_t from, struct error *err);
/* Another subject and body for a draft: voids its approvals. */
int store_outmail_edit(struct store *st, int64_t id, const char *subject,
    const char *body, struct error *err);
/* A delivery report came for it; the first one counts. */
int store_outmail_bounced(
    struct store *st, int64_t id, int64_t at, struct error *err);
/* Those of one row of store_step; oldest first. */
int store_outmail_of_step(const void *ctx, struct store *st, int64_t step,
    struct store_outmail **list, size_t *count, struct error *err);
/* The sealed message (wire bytes), kept until sent; {NULL,0}: none. */
int store_outmail_wire_put(
    struct store *st, int64_t id, struct bytes wire, struct error *err);
int store_outmail_wire_get(const void *ctx, struct store *st, int64_t id,
    struct bytes *wire, struct error *err);
/* The oldest in this state whose not_before has come; 0 none.  *next is the
 * earliest not_before of the others (0 none). */
int store_outmail_next(struct store *st, uint32_t state, int64_t now,
    int64_t after, int64_t *id, int64_t *next, struct error *err);
/* The case's first mail after this one to this audience; 0 none. */
int store_outmail_next_to(struct store *st, int64_t casefile, uint32_t audience,
    int64_t after, int64_t *id, struct error *err);
/* Newest first; state 0: any; casefile 0: any. */
int store_outmail_list(const void *ctx, struct store *st, uint32_t state,
    int64_t casefile, size_t most, struct store_outmail **list, size_t *count,
    struct error *err);
/* Those that this letter is the cause of; newest first. */
int store_outmail_of_letter(const void *ctx, struct store *st, int64_t letter,
    size_t most, struct store_outmail **list, size_t *count, struct error *err);
/* Automatic mails made since `since`: to this address (NULL: to all, but for
 * what the desk itself is told). */
int store_automatic_count(struct store *st, const char *address, int64_t since,
    unsigned *count, struct error *err);
/* When the nth latest of them leaves, or was to; *at 0: there are fewer. */
int store_automatic_latest(struct store *st, const char *address, int64_t since,
    unsigned nth, int64_t *at, struct error *err);

/* ---- the record (RULES 18): no content, a SHA-256 chain ---- */

enum record_what {
	RECORD_START = 1,
	RECORD_STOP,
	RECORD_LETTER_RECEIVED,
	RECORD_LETTER_OPENED,
	RECORD_LETTER_FILED,
	RECORD_LETTER_JOINED,
	RECORD_LETTER_INQUIRY,
	RECORD_LETTER_SET_ASIDE,
	RECORD_LETTER_QUARANTINED,
	RECORD_LETTER_DROPPED,
	RECORD_LETTER_MOVED,
	RECORD_LETTER_READ, /* by a person */
	RECORD_CASE_MADE,
	RECORD_CASE_READ,
	RECORD_KEY_BOUND,
	RECORD_ROUTE_PROPOSED,
	RECORD_ROUTED,
	RECORD_MAIL_DRAFTED,
	RECORD_MAIL_HELD,
	RECORD_MAIL_SEALED,
	RECORD_MAIL_SENT,
	RECORD_MAIL_RETRY,
	RECORD_MAIL_FAILED,
	RECORD_MAIL_UNCERTAIN,
	RECORD_MAIL_DECIDED,
	RECORD_MAIL_READ,
	RECORD_REFUSED,        /* a person asked what their role may not */
	RECORD_NO_ACKNOWLEDGE, /* code: enum silence */
	RECORD_ADOPTED,
	RECORD_SEARCHED,
	RECORD_KEY_RESEALED,   /* the data key, to the present keys */
	RECORD_LETTER_DECIDED, /* by a person; code: its next state */
	RECORD_NOTES_READ,     /* of the record, by a person */
	RECORD_KEY_KEPT,       /* it came along, and signed nothing */
	/* the procedure; `digest` is that of the value, text or step named */
	RECORD_STEP_STARTED, /* code: of a step, see store_step_code() */
	RECORD_STEP_ENDED,
	RECORD_STEP_SKIPPED,
	RECORD_STEP_MOVED,     /* a case goes over to the flow of today */
	RECORD_ANSWER,         /* code: enum answer_kind */
	RECORD_ANSWER_REFUSED, /* code: enum command_trouble (desk.h) */
	RECORD_OVERRIDE,       /* code: enum guard_kind; note: why */
	RECORD_GUARD_MISSING,  /* a shipped guard is taken away */
	RECORD_APPROVED,       /* digest: of what was approved */
	RECORD_APPROVAL_VOID,
	RECORD_DRAFT_EDITED,
	RECORD_DRAFT_DROPPED,
	RECORD_TOLD,     /* code: parts; digest: of the fingerprint */
	RECORD_QUESTION, /* code: its number */
	RECORD_REMINDED,
	RECORD_ESCALATED,
	RECORD_CLOCK, /* set or started; code: enum clock_kind */
	RECORD_CLOCK_WARNED,
	RECORD_TASK, /* code: enum task_kind */
	RECORD_TASK_DONE,
	RECORD_CASE_TAKEN, /* owner, deputy */
	RECORD_CASE_TITLED,
	RECORD_CASE_LINKED,
	RECORD_CASE_UNLINKED,
	RECORD_CASE_MERGED,
	RECORD_CASE_SPLIT,
	RECORD_CASE_CLOSED, /* code: enum close_reason */
	RECORD_CASE_REOPENED,
	RECORD_CHANNEL, /* code: enum channel_kind */
	RECORD_MORNING, /* digest: the head of the chain it told */
	RECORD_MAIL_BOUNCED,
	RECORD_FLOW, /* a flow file of another digest is in use */
	RECORD_BACKUP,
	RECORD_RESTORED,
	RECORD_RELEASED, /* mails may leave again after a restore */
	RECORD_PURGED, /* a case, code: its letters; a letter of none; begun */
	RECORD_KEY_EXPIRES, /* the desk is told; code: of how many keys */
	RECORD_PIN_CHANGED, /* a key is pinned anew; digest: of its fingerprint
			     */
	RECORD_PIN_REMOVED, /* the same */
	RECORD_PIN_CONFIRMED, /* by a person; code: how many have */
	RECORD_KEY_RENEW,     /* a new data key; all is being sealed anew */
	RECORD_KEY_RENEWED,   /* nothing is under the former one any more */
	RECORD_WHAT_COUNT,
};

struct store_record {
	int64_t id;
	int64_t at;
	uint32_t what;                     /* enum record_what */
	char *actor;                       /* "psirtd", or a login name */
	int64_t casefile, letter, outmail; /* 0 none */
	uint32_t code; /* verdict, reason, SMTP code: by `what` */
	char *note;    /* free text, sealed in a row of its own; NULL */
	char *digest; /* hex: SHA-256 of a subject matter (fingerprint…) or NULL
		       */
	char *chain; /* hex: this line's link */
};

/* Adds a line; note may be NULL. Inside the caller's transaction. */
int store_record_add(
    struct store *st, const struct store_record *r, struct error *err);
/* Oldest first with id > after; casefile 0: all. */
int store_record_list(const void *ctx, struct store *st, int64_t casefile,
    int64_t after, size_t most, struct store_record **list, size_t *count,
    struct error *err);
/* How far a walk over the chain has come; all zero: at its beginning. */
struct store_walk {
	int64_t lines;                    /* verified */
	uint8_t link[STORE_DIGEST_BYTES]; /* of the last of them: the head */
};
/*
 * Verifies at most `most` lines more; *done: the end was reached and the
 * record is whole.  -1 FAULT_INPUT names the first bad line.  Needs no key.
 */
int store_record_walk(struct store *st, struct store_walk *walk, size_t most,
    bool *done, struct error *err);
/* Walks the chain. 0: whole (*lines, head in hex); -1 FAULT_INPUT names the
 * first bad line. Needs no key: works before store_unlock. */
int store_record_verify(const void *ctx, struct store *st, int64_t *lines,
    char **head, struct error *err);
const char *record_what_name(uint32_t what);
const char *outmail_state_name(uint32_t state);
const char *case_state_name(uint32_t state);

/* ---- what the POC is to be told by mail, gathered ---- */

int store_alert_add(struct store *st, uint32_t reason, int64_t letter,
    int64_t casefile, int64_t now, struct error *err);
/* Alerts not yet mailed, oldest first; a flood comes in several lists. */
struct store_alert {
	int64_t id;
	uint32_t reason;
	int64_t letter, casefile, at;
};
int store_alert_list(const void *ctx, struct store *st,
    struct store_alert **list, size_t *count, struct error *err);
int store_alert_done(struct store *st, int64_t upto, struct error *err);

/* ---- keys that expire ---- */

/* How near its end the desk was told that this key is; 0: nothing yet of a
 * key that ends then. */
int store_expiry_get(struct store *st, const char *fingerprint, int64_t expires,
    uint32_t *told, struct error *err);
int store_expiry_put(struct store *st, const char *fingerprint, int64_t expires,
    uint32_t told, struct error *err);

/* ---- pins, as they were at the last start (RULES 15) ---- */

struct store_pin {
	int64_t id;
	uint32_t waits; /* for two persons */
	int64_t at;     /* when it was first seen */
	char *owner;    /* as settings_pins() */
	char *fingerprint;
	char *person; /* the first of them; NULL: none yet */
};

int store_pin_list(const void *ctx, struct store *st, struct store_pin **list,
    size_t *count, struct error *err);
int store_pin_add(
    struct store *st, const struct store_pin *p, struct error *err);
/* Writes waits and person. */
int store_pin_put(
    struct store *st, const struct store_pin *p, struct error *err);
int store_pin_remove(struct store *st, int64_t id, struct error *err);
/* Letters stored since then that are so judged, in this state, oldest first. */
int store_pin_letters(const void *ctx, struct store *st, uint32_t state,
    uint32_t verdict, int64_t since, size_t most, int64_t **list, size_t *count,
    struct error *err);

/* ---- counts, for `psirt` ---- */

struct store_counts {
	int64_t letters[16];  /* by letter_state */
	int64_t outmails[16]; /* by outmail_state */
	int64_t cases[8];     /* by case_state */
	int64_t proposed;     /* cases that wait for a route */
	int64_t tasks;        /* open */
};
int store_count(
    struct store *st, struct store_counts *counts, struct error *err);
/* What goes on by itself and has not yet: how many, since when (0: none). */
struct store_waiting {
	int64_t letters, letter_since; /* received, opened */
	int64_t mails, mail_since;     /* approved, sealed, sending */
};
int store_waiting(
    struct store *st, struct store_waiting *waiting, struct error *err);

/* SHA-256 (libsodium), for letters and reports. */
void store_digest(struct bytes data, uint8_t digest[STORE_DIGEST_BYTES]);

#endif
