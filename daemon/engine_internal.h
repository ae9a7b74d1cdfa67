/*
 * engine_internal.h - what the files of the engine share; engine_case.h, what
 * those that lead a case share besides.
 *
 *   engine.c         the loop, the table of stops
 *   engine_rooms.c   starting rooms, frames to whom they concern
 *   engine_setup.c   what a room is told first
 *   engine_key.c     the data key: opened at start, sealed anew
 *   engine_intake.c  fetch <-> store: a letter comes in
 *   engine_mailbox.c the same: what is known of a folder
 *   engine_reconcile.c  the same: letters that were missed are found
 *   engine_open.c    read <-> vault: a letter is opened by a worker
 *   engine_opening.c what read and vault said, checked and put together
 *   engine_report.c  what makes two letters the same report
 *   engine_match.c   what the tables know of an opened letter
 *   engine_file.c    desk: an opened letter becomes what it is
 *   engine_finder.c  the same: the key of a case's finder
 *   engine_draft.c   facts -> drafts, rows of outmail: answers to a sender
 *   engine_overview.c  the same: what departments are handed
 *   engine_alert.c   the same: what the POC is told
 *   engine_wake.c    the stop `watch`: disk, mailbox, heartbeat
 *   engine_seal.c    a draft is sealed by a worker
 *   engine_mail.c    a sealed mail is sent
 *   engine_copy.c    the same: our own copy of it comes back
 *   engine_ask.c     what control asks of the engine
 *   engine_aside.c   what fails for one case holds up no other
 *   engine_due.c     the stop `due`: reminders, clocks, status, morning
 *   engine_status.c, engine_morning.c, engine_expiry.c  the mails of it
 *   engine_checkpoint.c  the head of the record, signed; and verified later
 *   engine_stage.c   a key is looked into before it is pinned
 *   engine_pin.c     pins that changed wait for two persons
 *   engine_held.c    mails that wait for a key
 *   engine_order.c   what a person decides of a case: the table
 *   engine_order_step.c, _mail.c, _case.c, _clock.c, _talk.c, _link.c  the
 *                    functions of it
 *   engine_check.c   psirtd -n
 *   engine_inspect.c psirtd --inspect
 */
#ifndef PSIRTD_ENGINE_INTERNAL_H
#define PSIRTD_ENGINE_INTERNAL_H

#include "psirtd/control.h"
#include "psirtd/desk.h"
#include "psirtd/engine.h"
#include "psirtd/fetch.h"
#include "psirtd/opening.h"
#include "psirtd/room.h"
#include "psirtd/send.h"
#include "psirtd/settings.h"
#include "psirtd/store.h"
#include "psirtd/vault.h"
#include "psirtd/write.h"

#include "engine_wake.h"

struct engine;
struct filing;
struct worker;
struct task;
struct slot;

enum slot_kind { SLOT_FETCH, SLOT_SEND, SLOT_READ, SLOT_VAULT };

/* A place for one room process. */
struct slot {
	enum slot_kind kind;
	struct worker *worker;        /* READ, VAULT; else NULL */
	struct room_process *process; /* NULL: down */
	bool set_up;                  /* its set-up is answered */
	bool ready;                   /* it may be given work */
	int64_t start_at_ms;          /* down: not before */
	unsigned failures;            /* in a row */
};

/* A read room and a vault that work on one task at a time. */
struct worker {
	struct slot read;
	struct slot vault;
	struct task *task; /* NULL: idle */
};

enum work_kind {
	WORK_OPEN,
	WORK_SEAL,
	WORK_RESEAL,
	WORK_STAGE,
	WORK_CHECKPOINT
};

struct task {
	enum work_kind kind;
	int64_t id; /* letter or outmail */
	struct engine *engine;
	struct worker *worker;
	int64_t until_ms; /* its room answers by then, or is ended */
	void *state;      /* of engine_open.c or engine_mail.c */
};

enum reseal_state {
	RESEAL_NONE,
	RESEAL_UNWRAP,
	RESEAL_WRAP,
	RESEAL_DONE,
	RESEAL_FAILED
};

/* `psirt key reseal` or `psirt key renew` under way (engine_key.c). */
struct reseal {
	enum reseal_state state;
	bool renew;  /* the key is a new one */
	bool former; /* the key of before is sealed first */
	char *actor;
	uint8_t key[STORE_KEY_BYTES];
	struct error err; /* RESEAL_FAILED */
};

enum stage_state { STAGE_NONE, STAGE_ASKED, STAGE_DONE, STAGE_FAILED };

/* `psirt key stage` under way (engine_stage.c). */
struct stage {
	enum stage_state state;
	uint8_t digest[STORE_DIGEST_BYTES]; /* of the block that was asked of */
	struct vault_keys *keys;            /* STAGE_DONE */
	struct error err;                   /* STAGE_FAILED */
};

/* A folder that letters are taken from. */
struct box {
	struct store_mailbox row;
	bool known;       /* the row is read, or made */
	int64_t in_doubt; /* letters up to this uid are (RULES 9) */
};

/* Sets the time of a row alone. */
typedef int put_off_fn(
    struct store *st, int64_t row, int64_t at, struct error *err);

/* The row that failed last because the database did (engine_aside.c). */
struct failing {
	put_off_fn *table;
	int64_t row, at_ms;
	unsigned tries;
};

struct engine {
	const struct settings *s;
	struct store *st;
	struct templates *templates;
	struct control *control;
	struct control_engine asks; /* what control may ask of us */
	struct starter *starter;
	bool once;

	struct slot fetch;
	struct slot send;
	struct worker *workers;
	size_t nworkers;

	struct buf *mailbox_secret;
	struct buf *submission_secret;
	struct buf *passphrase;
	const char *mailbox_ca, *submission_ca; /* PEM */
	struct vault_ready *keys; /* of the vault that was ready last */
	int64_t expiry_at;        /* look at their dates; 0 now, -1 never */
	bool unlocked;            /* the store has its data key */
	bool former_asked;        /* that of before, while it is renewed */
	struct slot *unlocking;   /* the vault that was asked for it */
	uint8_t new_key[STORE_KEY_BYTES]; /* first start: on its way to wrap */
	struct reseal reseal;
	struct stage stage;
	struct errand errands[ERRAND_KINDS];
	char *renew_trouble;    /* NULL: the renewal goes on */
	int64_t renew_after_ms; /* not before */
	bool renew_left_told;   /* what could not be brought over */

	struct kept_flow *flows; /* parsed, of engine_case.c */
	size_t nflows;

	struct box boxes[FETCH_FOLDERS];
	bool reconciling;             /* the fetch room was told to */
	bool in_doubt;                /* the letter that is being filed is */
	struct store_intake *intake;  /* a letter is arriving */
	struct fetch_letter taken;    /* FETCH_TAKE was said; uid 0: none */
	struct fetch_letter arriving; /* its bytes come */
	int64_t arrived;              /* how many so far */
	char *fetch_trouble;          /* NULL: connected */
	bool no_junk;                 /* that folder cannot be opened */
	char *send_trouble;           /* NULL: the last mail left */
	bool fetch_idle;              /* nothing more to fetch for now */

	int64_t sending; /* outmail in flight; 0 none */
	int64_t alerted_at;
	int64_t woken_at; /* the same, of what wakes somebody */
	struct watch watch;
	struct checkpoint morning; /* its head; at 0: it is walked to yet */
	int64_t retry_at;          /* seconds: mail waits until then; 0 none */
	int64_t pause_until_ms;    /* the store failed: rest until then */
	struct failing failing;
	bool progress; /* a stop did something: come round again at once */
	bool trouble;  /* --once: something must be tried again */
	bool ready_told;

	bool draining; /* asked to stop: only the mail in flight goes on */
	int64_t drain_until_ms;
	bool stopping;
	int exit_code;
};

/* One row of the table of stops. */
struct stop {
	const char *name;
	const char *what;
	/* true: it did something. NULL: driven by frames, not by the loop. */
	bool (*run)(struct engine *e);
};

/* ---- engine.c ---- */

/*
 * The end of a stop: commits what it wrote.  Every state change of a letter
 * or an outmail goes through here, by the name of its row.
 */
int stop_commit(struct engine *e, const char *name, struct error *err);
/*
 * A stop takes a letter up: `weight` more against it.  1: go on, 0: it ended
 * its rooms or psirtd itself too often and is to be given up, -1: trouble.
 */
int stop_try(
    struct engine *e, const char *name, int64_t letter, uint32_t weight);
/* Where the kill tests may end the process; nothing in a release. */
#ifdef PSIRTD_STOPS_TEST
void stop_test(const char *name, const char *side);
#else
#define stop_test(name, side) ((void)0)
#endif
/* The store failed: logs, rolls back, rests a while. */
void engine_trouble(
    struct engine *e, const char *where, const struct error *err);
/* The folder that a path lies in; NULL: no memory. */
char *folder_of(const void *ctx, const char *path);
/* The operator must act: ends with this exit code. */
void engine_end(struct engine *e, int exit_code);
/* What it cannot begin without: ends to be started anew where that may help
 * (a full disk), else as above. */
void engine_end_of(struct engine *e, const struct error *err);
int engine_record(struct engine *e, enum record_what what, int64_t casefile,
    int64_t letter, int64_t outmail, uint32_t code, struct error *err);

/* Its row of the rights table; for good. */
int engine_walls(struct engine *e, struct error *err);
/* Passwords, passphrase and CA files, before the walls. */
int engine_load_secrets(struct engine *e, struct error *err);

/* ---- engine_aside.c ---- */
/*
 * What a stop did for this row failed: undone.  true: it is put off for a
 * day, the POC is told, and the next one's turn has come; false: the engine
 * rests, and tries it again.
 */
bool stop_aside(struct engine *e, const char *stop, const struct store_due *row,
    put_off_fn *put_off, const struct error *why);

/* ---- engine_rooms.c ---- */
void rooms_init(struct engine *e);
void rooms_start(struct engine *e);
bool rooms_all_ready(const struct engine *e);
size_t rooms_poll(
    struct engine *e, struct pollfd *fds, struct slot **slots, size_t most);
void rooms_turn(struct engine *e, struct slot *slot, short revents);
void rooms_stop(struct engine *e);
/*
 * Sends a frame; a room that is gone is noticed at the next turn.  -1: it
 * never will get this one (it is over the limit), so no answer will come.
 */
int room_tell(struct slot *slot, uint32_t type, const struct wire_type *type_of,
    const void *obj);

/* ---- engine_setup.c ---- */
void rooms_setup_fetch(struct engine *e);
void rooms_setup_send(struct engine *e);
void rooms_setup_read(struct engine *e, struct slot *slot);
void rooms_setup_vault(struct engine *e, struct slot *slot);
/* What a room is told first; the products and pins are children of e. */
void rooms_read_setup(struct engine *e, struct read_setup *setup);
void rooms_vault_setup(struct engine *e, struct vault_setup *setup);

/* ---- engine_key.c ---- */
/* A vault is set up: the first is asked for the data key. */
void key_ask(struct engine *e, struct slot *slot);
void key_wrapped(struct engine *e, const struct frame *frame);
void key_unwrapped(struct engine *e, const struct frame *frame);
/* As struct control_engine says; arg is the engine. */
int key_reseal(void *arg, const char *actor, bool again, struct error *err);
int key_renew(void *arg, const char *actor, bool again, struct error *err);
/* The next batch of what is sealed under the new data key. */
bool stop_renew(struct engine *e);
void key_vault_frame(struct task *task, const struct frame *frame);
void key_lost(struct task *task);

/* ---- workers and tasks (engine_rooms.c) ---- */
/* An idle worker whose rooms are ready, or NULL. */
struct worker *worker_idle(struct engine *e);
bool worker_has(struct engine *e, enum work_kind kind, int64_t id);
struct task *task_new(
    struct engine *e, struct worker *w, enum work_kind kind, int64_t id);
void task_done(struct task *task);

/* ---- engine_intake.c ---- */
void intake_frame(struct engine *e, const struct frame *frame);
void intake_lost(struct engine *e); /* the fetch room is gone */
const char *intake_folder(const struct engine *e, uint32_t which);

/* Since when the mail server refuses our password; 0: it does not. */
#define MEMO_PASSWORD "mailbox_password"

/* ---- engine_mailbox.c ---- */
/* A folder of ours is seen: e->boxes says what is known of it. */
int mailbox_know(
    struct engine *e, const struct fetch_mailbox *mb, struct error *err);

/* ---- engine_reconcile.c ---- */
/* When all folders were gone through last; 0: it is to be done at once. */
#define MEMO_RECONCILED "reconciled"
/* Reads which letters of it are in doubt, as of the last run. */
int reconcile_read(struct engine *e, uint32_t which, struct error *err);
/* Inside a transaction: those that stand there now are, and everything is to
 * be gone through at once. */
int reconcile_doubt(
    struct engine *e, uint32_t which, uint32_t upto, struct error *err);
/* Restored from a backup, and not gone through since? */
int reconcile_restored(struct engine *e, bool *restored, struct error *err);
/* Asks the room for it where it is due. */
void reconcile_ask(struct engine *e);
/* What the room said of it. */
void reconcile_list(struct engine *e, const struct fetch_uids *list);
void reconcile_done(struct engine *e, const struct fetch_reconciled *done);

/* ---- engine_open.c ---- */
bool stop_open(struct engine *e);
void open_read_frame(struct task *task, const struct frame *frame);
void open_vault_frame(struct task *task, const struct frame *frame);
void open_lost(struct task *task); /* a room of the worker is gone */

/* ---- engine_report.c ---- */
#define REPORT_MARKS_MOST 32

struct report_marks {
	uint8_t whole[STORE_DIGEST_BYTES]; /* of all that was sent */
	/* of each sealed block, and of each signing, that is in it */
	uint8_t marks[REPORT_MARKS_MOST][STORE_DIGEST_BYTES];
	size_t n;
	size_t only; /* the one around all the others, + 1; 0 none */
	bool more;   /* it says something besides that no mark tells */
};

/* letter: the digest of its bytes, for a letter without content. */
int report_marks(const void *ctx, const struct opening *o,
    const uint8_t letter[STORE_DIGEST_BYTES], struct report_marks *marks,
    struct error *err);

/* ---- engine_match.c, engine_file.c ---- */
#define CANDIDATES_MOST 32

/* Everything known about one letter while it is filed. */
struct filing {
	struct engine *e;
	struct store_letter letter;
	struct opening *o; /* NULL: it could not be read */
	struct desk_input in;
	struct candidate candidates[CANDIDATES_MOST];
	int64_t report;
	int64_t report_case; /* that it belongs to already; 0 none */
	int64_t own;         /* the mail of ours that it calls itself; 0 none */
	int64_t bounced;     /* the mail of ours that it reports of; 0 none */
	enum bounce bounce;  /* what it says of it */
	const struct decision *d;
	struct store_case c;
	bool have_case;
	bool made_case;
};

/* Fills f->in, candidates and report, inside the open transaction. */
int filing_gather(struct filing *f, struct error *err);
/* The letter may belong to this case. */
int filing_candidate(
    struct filing *f, int64_t casefile, enum match_by by, struct error *err);
bool stop_file(struct engine *e);

/* ---- engine_source.c ---- */
/*
 * The case that goes on under the number of this one, and its source: of it
 * and those merged into it the one that the letter names, by From or, for a
 * correspondent, by who signed.  Who names none has to show the surest key.
 * 1, 0 none, -1.
 */
int source_find(const void *ctx, struct engine *e, int64_t casefile,
    const struct opening *o, const struct correspondent *signer,
    struct store_case *living, struct store_case *source, struct error *err);
/* The key that signs for it, or NULL. */
const char *source_key(const struct store_case *source);

/* ---- engine_finder.c ---- */
/* The key that came with the letter is its finder's from now on. */
void finder_take_key(struct filing *f);
/* Binds the key that signed a letter from there, where it may be. */
int finder_prove_key(
    struct filing *f, const struct mail_address *from, struct error *err);

/* ---- engine_draft.c ---- */
#define FACTS_MOST 128

struct facts {
	struct fact list[FACTS_MOST];
	size_t n;
};
/* Adds a fact; NULL and "" are none. */
void draft_fact(struct facts *f, const char *name, const char *value);
/* What every mail may say of the desk. */
void draft_common_facts(struct facts *f, const void *ctx,
    const struct engine *e, const char *language);
/* The counterpart's own numbers, for its subject (RULES 24); NULL none. */
char *draft_tracking(const void *ctx, struct engine *e, int64_t casefile);
/* Renders, and writes the row; m has everything but the text.  Facts that a
 * mail of this kind may not use are left out. */
int draft_add(struct engine *e, struct store_outmail *m, const char *language,
    const struct facts *facts, const char *actor, struct error *err);
/* The same for one of the desk's own people, sealed to that key alone. */
int draft_to_operator(struct engine *e, enum mail_kind kind, int64_t casefile,
    const struct operator* to, const char *language, const struct facts *facts,
    struct error *err);
/*
 * Before and after draft_add() of an answer to a letter: over the limits of
 * the settings it leaves later or is held, and the POC is told
 * (engine_limit.c).
 */
int limit_answer(struct engine *e, struct store_outmail *m, struct error *err);
int limit_tell(
    struct engine *e, const struct store_outmail *m, struct error *err);
struct draft_to {
	const char *address;
	const char *name;
	const char *language;
	const char *recipient; /* pinned fingerprint, or NULL */
	struct bytes key;      /* or a key block with: */
	const char *key_fpr;
	bool encrypt;
};
int draft_acknowledge(struct engine *e, const struct store_case *c,
    const struct store_letter *letter, const struct opening *o, int64_t report,
    const struct draft_to *to, struct error *err);
int draft_resend(struct engine *e, const struct store_letter *letter,
    const struct opening *o, int64_t report, int64_t casefile,
    const struct draft_to *to, struct error *err);

/* ---- engine_overview.c ---- */
struct draft_share {
	bool text;        /* the text of the letter goes along */
	bool attachments; /* its files go along */
	bool by_hand;     /* `psirt route` */
};
/* A mail to each contact of each department; all in the open transaction. */
int draft_overviews(struct engine *e, const struct store_case *c,
    int64_t letter, const struct opening *o,
    const struct department *const *departments, size_t ndepartments,
    struct draft_share share, const char *actor, struct error *err);

/* ---- engine_alert.c ---- */
bool stop_alert(struct engine *e);

/* ---- engine_seal.c ---- */
bool stop_seal(struct engine *e);
void seal_vault_frame(struct task *task, const struct frame *frame);
void seal_lost(struct task *task);

/* ---- engine_mail.c ---- */
#define MAIL_STALE "the letter became too old to be answered by itself"
/* An acknowledgement or a note to resend. */
bool mail_is_answer(const struct store_outmail *m);
/* *stale: it may not leave by itself any more (RULES 4). */
int mail_is_stale(struct engine *e, const struct store_outmail *m, bool *stale,
    struct error *err);
/* Alerts the POC, inside the open transaction. */
int mail_tell(struct engine *e, const struct store_outmail *m,
    enum reason reason, struct error *err);
/* Another state of it was written: what its case has to know. */
int mail_tell_case(
    struct engine *e, const struct store_outmail *m, struct error *err);
/* Held or failed, with the reason, in a transaction of its own. */
int mail_mark(struct engine *e, struct store_outmail *m,
    enum outmail_state state, const char *why, const char *stop,
    struct error *err);
bool stop_send(struct engine *e);
void send_frame(struct engine *e, const struct frame *frame);
void send_lost(struct engine *e);
/* At start: what was `sending` when we died is `uncertain` (RULES 23). */
int mail_recover(struct engine *e, struct error *err);
/* It was sent: its case is acknowledged, where it says so. */
int mail_acknowledged(
    struct engine *e, const struct store_outmail *m, struct error *err);

/* ---- engine_copy.c ---- */
/* Where to a copy of it goes; NULL: nowhere. */
const char *copy_address(const struct engine *e, const struct store_outmail *m);
/* Its copy was filed before anybody doubted that it left: 1, 0, -1. */
int copy_came(
    struct engine *e, const struct store_outmail *m, struct error *err);
/* Our own mail is filed: it left, if its bytes say so. */
int copy_take(struct filing *f, struct error *err);

/* ---- engine_release.c ---- */
/* Restored from a backup: nothing leaves before `psirt queue release`. */
bool release_waits(struct engine *e);
const char *release_why(struct engine *e, const void *ctx); /* NULL: it does */
/* At its first start: what was about to leave is uncertain. */
int release_start(struct engine *e, struct error *err);
/*
 * draft_add(): so is what psirtd makes before that, unless for the desk, and
 * what answers a letter that was found late.  release_tell(), when it has its
 * row.
 */
void release_doubt(
    struct engine *e, struct store_outmail *m, const char *actor);
int release_tell(
    struct engine *e, const struct store_outmail *m, struct error *err);

/* ---- engine_restore.c ---- */
/* -1: a restore was cut short, and nothing may start on what is there. */
int restore_left(const struct settings *s, struct error *err);

/* ---- engine_due.c, engine_status.c, engine_morning.c ---- */
bool stop_due(struct engine *e);
/* When stop_due has something next, seconds; 0 never. */
int64_t due_next(struct engine *e);
int status_mail(struct engine *e, int64_t casefile, struct error *err);
/* The case has another counterpart, or begins once more: the cadence runs from
 * now on, and nothing was said to it yet.  The caller puts the case. */
void status_anew(struct casework *w);
/* The morning mail, where it is time; *done: something was done. */
int morning_due(struct engine *e, int64_t now, bool *done, struct error *err);
/* When the next one goes, seconds; 0: none. */
int morning_next(
    struct engine *e, int64_t now, int64_t *next, struct error *err);
put_off_fn morning_put_off;
/* Keys that expire, the same way; expiry_next() 0: none does. */
int expiry_due(struct engine *e, int64_t now, bool *done, struct error *err);
int64_t expiry_next(const struct engine *e);
/* What the morning says of a key; NULL: nothing. */
char *expiry_line(const void *ctx, const struct engine *e,
    const struct vault_key *k, int64_t now, bool ja);
put_off_fn expiry_put_off;

/* ---- engine_stage.c ---- */
/* As struct control_engine says; arg is the engine. */
int stage_key(void *arg, const void *ctx, struct bytes block,
    struct vault_keys **keys, struct error *err);
void stage_vault_frame(struct task *task, const struct frame *frame);
void stage_lost(struct task *task);

/* ---- engine_pin.c ---- */
/* The pins of the settings against those of the last start. */
int pin_start(struct engine *e, struct error *err);
/* Why no mail may be sealed to it; NULL: it may. */
char *pin_refusal(
    const void *ctx, const struct settings *s, const char *fingerprint);
/* As struct control_engine says; arg is the engine. */
int pin_confirm(void *arg, const void *ctx, const char *fingerprint,
    const char *actor, uid_t uid, char **said, struct error *err);

/* ---- engine_held.c ---- */
/* What is said of a mail that waits for a key. */
char *held_reason(
    const void *ctx, const struct engine *e, const struct vault_failed *failed);
/* Inside the open transaction: what is held and whose reason begins with one
 * of these leaves; *count: so many more. */
int held_release(struct engine *e, const char *const *whys, size_t nwhys,
    size_t *count, struct error *err);
/* A vault has looked at the keys: what waited for one that can be used. */
int held_look(struct engine *e, struct error *err);

/* ---- engine_order.c ---- */
int engine_order(void *arg, const void *ctx, const struct order *order,
    char **said, struct error *err);

/* ---- engine_check.c ---- */
/* Mails and readers that the flows of the settings name; *errors: a line
 * each, with file:line. */
int flows_check(const struct settings *s, char **errors, struct error *err);

/* ---- engine_ask.c ---- */
extern const struct control_engine engine_asks;
/* The letter's opening out of the store; NULL with err clear: none. */
struct opening *engine_opening(
    const void *ctx, struct engine *e, int64_t letter, struct error *err);

#endif
