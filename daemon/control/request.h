/*
 * request.h - what the files of control share: one request, its answer.
 *
 *   control.c   the socket, who may connect, turns
 *   connection.c  one that is connected: its line, its answer
 *   request.c   a line of JSON becomes a request; who may; the record
 *   strangers.c what those may cost whom the settings name nowhere
 *   words.c     its words: options, and which row of commands[] is meant
 *   commands.c  commands[]: name, least role, what it records, handler
 *   answer.c    the answer, written piece by piece
 *   today.c     `psirt`: what needs a person
 *   unread.c    letters of a case that nobody has read
 *   cases.c     list, route, and how a case is named
 *   show.c      show
 *   casework.c  a case on its way, in JSON: turns, answers, questions, clocks
 *   step.c      step: the steps of a case, and what a person does to one
 *   orders.c    what a person decides of a case: take, note, link, close …
 *   desk_lists.c  clock, customers, question, task, who
 *   approve.c   approve: what a draft says, and that it may leave
 *   waits.c     `psirt` again: drafts, steps, tasks and clocks
 *   letters.c   file, drop, letter --reopen
 *   letter_show.c  letter
 *   letter_headers.c  its header fields, and who vouches for them
 *   letter_parts.c  its layers and parts, and who signed which bytes
 *   mails.c     queue and its decisions
 *   keys.c      key list, stage, confirm, renew, reseal
 *   record.c    log
 *   backup.c    backup
 *   purge.c     purge
 *
 * A request is a cursor: its handler is called again and again, works while
 * request_has_time(), and keeps where it stands in r->state.  Nothing of the
 * database stays open between two calls.
 */
#ifndef PSIRTD_CONTROL_REQUEST_H
#define PSIRTD_CONTROL_REQUEST_H

#include <jansson.h>

#include "psirtd/control.h"
#include "psirtd/desk.h"
#include "psirtd/store_names.h"

#define CONTROL_CONNECTIONS 32
#define CONTROL_ONE_USER 8         /* of them; the rest is for everybody else */
#define CONTROL_STRANGERS 4        /* of them, for all strangers together */
#define CONTROL_REQUEST_MAX 262144 /* a draft edited at the desk */
#define CONTROL_TURN_MS 20
#define CONTROL_ASK_MS 5000 /* a request is whole by then */
#define CONTROL_IDLE_MS 30000
#define CONTROL_LIFE_MS 600000
/* Refusals of strangers in the record: so many a minute, then a count. */
#define CONTROL_STRANGER_LINES 20
#define CONTROL_MINUTE_MS 60000
/* A handler rests while this much waits for a slow reader … */
#define CONTROL_OUT_ENOUGH 262144
/* … and one row of an answer is never larger than the rest of this. */
#define CONTROL_OUT_MAX 16777216
/* Text of one part that is shown; more of it with --raw. */
#define CONTROL_PART_MAX 1048576
/* Rows of one list of `psirt`; what is over is counted. */
#define CONTROL_TODAY_ROWS 100

/* Exit codes of psirt. */
#define CONTROL_EXIT_DONE 0
#define CONTROL_EXIT_REFUSED 1
#define CONTROL_EXIT_USAGE 2
#define CONTROL_EXIT_AGAIN 75

#define CONTROL_BUSY "psirtd is busy with other requests: try again in a moment"

/* Options of a command, as a set. */
#define OPTION_ALL (UINT64_C(1) << 0)
#define OPTION_ATTACHMENTS (UINT64_C(1) << 1)
#define OPTION_CASE (UINT64_C(1) << 2)
#define OPTION_DETAILS (UINT64_C(1) << 3)
#define OPTION_LETTERS (UINT64_C(1) << 4)
#define OPTION_NOTES (UINT64_C(1) << 5)
#define OPTION_RAW (UINT64_C(1) << 6)
#define OPTION_REOPEN (UINT64_C(1) << 7)
#define OPTION_VERIFY (UINT64_C(1) << 8)
#define OPTION_WHY (UINT64_C(1) << 9)
#define OPTION_AGAIN (UINT64_C(1) << 10)
#define OPTION_BY (UINT64_C(1) << 11)
#define OPTION_DEPUTY (UINT64_C(1) << 12)
#define OPTION_DIGEST (UINT64_C(1) << 13)
#define OPTION_DROP (UINT64_C(1) << 14)
#define OPTION_EDIT (UINT64_C(1) << 15)
#define OPTION_JA (UINT64_C(1) << 16)
#define OPTION_MOVE (UINT64_C(1) << 17)
#define OPTION_OVERRIDE (UINT64_C(1) << 18)
#define OPTION_SHARE (UINT64_C(1) << 19)
#define OPTION_YES (UINT64_C(1) << 20)
#define OPTION_DRY_RUN (UINT64_C(1) << 21)
#define OPTION_CHECKPOINT (UINT64_C(1) << 22)

enum turn { TURN_DONE, TURN_MORE, TURN_FAILED };

/* Who writes the record's line of a command. */
enum recorder { RECORDER_NONE, RECORDER_CONTROL, RECORDER_ENGINE };

struct request;

struct command {
	/* "queue drop", "log --notes"; a word in capitals is any word, and
	 * stays among those behind the name: "clock CASE set" */
	const char *name;
	enum operator_role role; /* the least that may */
	enum recorder recorder;
	enum record_what records; /* its line; 0 with RECORDER_NONE */
	uint64_t options;         /* OPTION_… */
	size_t least, most;       /* words behind the name */
	const char *usage;
	enum turn (*run)(struct request *r);
};

struct control {
	const struct settings *s;
	struct store *st;
	const struct control_engine *engine;
	char *path;
	int listener;
	uint64_t device, inode; /* of the socket, to unlink only our own */
	struct connection *connections[CONTROL_CONNECTIONS];
	size_t nconnections;
	size_t first; /* who gets the next step */
	int64_t idle_ms, life_ms;
	struct {
		int64_t since_ms; /* of the first refusal in this minute */
		unsigned refused;
	} strangers;
};

enum answer_place { ANSWER_BEFORE, ANSWER_OBJECT, ANSWER_LIST, ANSWER_WHOLE };

struct request {
	struct control *control;
	struct store *st;
	const struct settings *s;
	const struct command *command;
	char *actor; /* login name, or "uid N" for one without a role */
	uid_t uid;
	const struct operator* who; /* NULL: it has no role */
	const char **words;         /* behind the command's name */
	size_t nwords;
	uint64_t options;
	/* of --why, --case … */
	const char *why, *casefile, *by, *deputy, *digest, *override, *share;
	const char *checkpoint; /* a clearsigned block */

	void *state;      /* of the handler */
	int64_t until_ms; /* the end of this turn, monotonic */
	bool recorded;    /* its line of the record is committed */
	int passed;       /* a file that came with it, of control; -1 */
	bool waits;       /* for another room: nothing to do till it answers */
	int64_t rest_until_ms; /* it has had its share: no turn before */
	struct error err;
	int exit;

	struct buf *out;
	size_t sent; /* of out */
	enum answer_place place;
	size_t entries; /* in the object or list that is open */
	size_t keys;    /* in data */

	/* the case whose number was last asked for */
	int64_t known_case;
	char *known_number;
};

/* ---- request.c ---- */

/* Never NULL but for memory; a refused one is whole already. */
struct request *request_new(
    const void *ctx, struct control *c, uid_t uid, struct bytes line);
/* An answer that only says no. */
struct request *request_refuse(
    const void *ctx, struct control *c, int exit, const char *text);
/* Works until until_ms at most.  True while there is more to do. */
bool request_turn(struct request *r, int64_t until_ms);
bool request_has_time(const struct request *r);
/* Sets exit and text; returns TURN_FAILED. */
enum turn request_fail(struct request *r, int exit, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Commits the command's line of the record (what, actor and time are filled
 * in here), with all the transaction holds if one is open already.
 */
int request_record(struct request *r, int64_t casefile, int64_t letter,
    int64_t outmail, uint32_t code, const char *note, bool begun);
/* Commits a line; `begun`: with all that the open transaction holds. */
int record_commit(struct store *st, const struct store_record *line, bool begun,
    struct error *err);
/* The words as a number of a letter or mail; else failed, false. */
bool request_number(struct request *r, const char *word, const char *noun,
    const char *look, int64_t *number);
bool request_has(const struct request *r, uint64_t option);

/* ---- strangers.c ---- */

/* Counts one more; false: no line for it, its answer is CONTROL_BUSY. */
bool strangers_may_be_recorded(struct control *c);
/* Says in the record how many had no line, when the minute is over. */
void strangers_turn(struct control *c);

/* ---- words.c ---- */

/* Words and options apart; the words go to r->words. */
int request_words(struct request *r, const char *const *args, size_t nargs);
/* Sets r->command, and takes that row's own words out; NULL: none fits. */
void request_find(struct request *r);
/* What is wrong with the words and options; TURN_MORE: nothing. */
enum turn request_check(struct request *r);

/* ---- answer.c: each takes the json_t away, NULL is "out of memory" ---- */

int answer_set(struct request *r, const char *key, json_t *value);
int answer_list(struct request *r, const char *key);
int answer_row(struct request *r, json_t *row);
int answer_list_end(struct request *r);
/* Closes data and puts error and exit behind it. */
void answer_end(struct request *r);
bool answer_is_full(const struct request *r);

json_t *json_text(const char *text);   /* NULL: null */
json_t *json_time(int64_t when);       /* 0: null; else RFC 3339 */
json_t *json_number(int64_t number);   /* 0: null */
json_t *json_words(const char *words); /* split at spaces: a list */
char *base64(const void *ctx, struct bytes from);

/* ---- commands.c ---- */

extern const struct command commands[];
extern const size_t ncommands;
/* The bytes of a command's first word. */
size_t command_word(const struct command *command);
/* One whose first word is like this, or NULL. */
const struct command *command_nearest(const char *word);

/* ---- cases.c ---- */

/* By its number, or an end of it that is unambiguous; else failed, false. */
bool request_case(struct request *r, const char *word, struct store_case *c);
/* The number of the case with this id, or NULL. */
const char *request_case_number(struct request *r, int64_t id);
const char *case_source(const struct store_case *c);
const char *case_routed(const struct store_case *c);
/* The greatest id in the table; 0 none. */
int request_newest_case(struct request *r, int64_t *id);

enum turn list_run(struct request *r);
enum turn show_run(struct request *r);
enum turn route_run(struct request *r);

enum turn today_run(struct request *r);

/* ---- unread.c ---- */

/* Set aside or joined, and rightly so: nobody needs to look. */
bool letter_is_noise(const struct store_letter *l);
/* Filed under this case, no noise, and read by no person; newest first. */
int unread_letters(const void *ctx, struct request *r, int64_t casefile,
    struct store_letter **letters, size_t *count);

/* ---- casework.c ---- */

/* Titles of steps and clocks in Japanese: the language of who asks, --ja. */
bool request_japanese(const struct request *r);
/* A case with all that is known of its way; NULL with r->err. */
struct casework *request_casework(
    struct request *r, const void *ctx, int64_t casefile);
/* A sentence of the desk, in which CASE stands for the number; NULL: NULL. */
char *case_sentence(
    const void *ctx, const struct casework *w, const char *sentence);
/* Who has to act, by when: a list of {step, title, who, due …}. */
json_t *turns_json(struct request *r, const struct casework *w);
/* All of one kind in it: steps in the order of the flow, answers … */
json_t *step_row(
    struct request *r, const struct casework *w, const struct flow_step *step);
json_t *answer_rows(struct request *r, const struct casework *w,
    const struct flow_step *step); /* NULL: all */
json_t *question_rows(const struct casework *w);
json_t *case_clock_row(struct request *r, const struct store_clock *c);
json_t *case_clock_rows(struct request *r, const struct casework *w);
/* The cases that are linked with it: {case, link, flow, state}. */
json_t *link_rows(struct request *r, const void *ctx, int64_t casefile);

/* ---- step.c, orders.c ---- */

enum turn step_run(struct request *r);
enum turn step_order_run(struct request *r);
enum turn step_move_run(struct request *r);
/* An order with its actor, role and uid; the rest is the caller's. */
struct order request_order(const struct request *r, enum order_kind what);
/* The engine's, with what it says: added to the list `said`. */
int request_give(struct request *r, const struct order *order, json_t *said);
/* {case, said, next}; takes said away. */
enum turn order_answer(
    struct request *r, const struct store_case *c, json_t *said);
/* The guards of --override; else failed, false. */
bool request_override(struct request *r, uint32_t *guards);
/* Words from `from` on, put together as they were typed. */
char *request_text(const struct request *r, size_t from);
/* One command, one order: what its words are stands in orders.c. */
enum turn order_run(struct request *r);

/* ---- desk_lists.c ---- */

enum turn clocks_run(struct request *r);
enum turn customers_run(struct request *r);
enum turn questions_run(struct request *r);
enum turn tasks_run(struct request *r);
enum turn task_run(struct request *r);
enum turn who_run(struct request *r);
/* A task without its words: no content. */
json_t *task_row(struct request *r, const struct store_task *t);
json_t *told_parts(uint32_t parts); /* "overview", "details", "exploit" */

/* ---- approve.c ---- */

enum turn approve_list_run(struct request *r);
enum turn approve_show_run(struct request *r);
enum turn approve_order_run(struct request *r); /* --yes, --edit, --drop */
/* A row of the list of drafts: no address, no word of it. */
json_t *draft_row(struct request *r, const struct store_outmail *m);

/* ---- waits.c: pieces of `psirt` ---- */

/* Rows of an open case's steps that wait for the desk, or are late. */
int waits_steps(struct request *r, int64_t casefile, size_t most, size_t *shown,
    int64_t *over);
int waits_tasks(struct request *r);  /* the list "tasks" */
int waits_clocks(struct request *r); /* the list "clocks": near ones */

/* ---- letters.c, letter_show.c ---- */

json_t *letter_row(struct request *r, const struct store_letter *l);
/* Who signed it, by name, or by the key bound to its case; null: nobody. */
json_t *letter_signer(const struct store_letter *l, const char *bound_key);
/* By its number; else failed, false. */
bool request_letter(
    struct request *r, const char *word, struct store_letter *l);
enum turn letter_run(struct request *r);
enum turn reopen_run(struct request *r);
enum turn file_run(struct request *r);
enum turn drop_run(struct request *r);

/* The due dates that run from a receipt: a list of {name, due}. */
json_t *clocks_json(const struct settings *s, enum flow flow, int64_t received);
/* The nearest kind: the first answer. */
int64_t first_answer_due(
    const struct settings *s, enum flow flow, int64_t received);
/* A letter that waits, and in a correspondent's name (RULES 8). */
bool letter_claims(const struct store_letter *l);

/* ---- letter_headers.c ---- */

/*
 * Addresses, identifiers, fields, recipients; how many there are stands in
 * `counts` beside the list.
 */
#define LETTER_LIST_MOST 100

json_t *headers_json(const struct headers *h);
/* The protected ones, and who vouches for them; null: there are none. */
json_t *protected_json(
    struct request *r, const struct opening *o, const char *bound_key);

/* ---- letter_parts.c ---- */

/* All but the parts: limits, headers, layers, what was found. */
int answer_opening(
    struct request *r, const struct opening *o, const char *bound_key);
/* A row: part i, and who signed which bytes. */
int answer_part(struct request *r, const struct opening *o, size_t i,
    const char *bound_key);

bool signer_is_good(const struct desk_signer *s);
const char *signer_name(const struct desk_signer *s);
/* To whom the key is pinned: "correspondent NAME"; null: to nobody. */
json_t *signer_pinned_to(const struct desk_signer *s);
/* The verdict over what a layer, by its index + 1, opened to or covers. */
struct desk_signer signer_of_layer(struct request *r, const struct opening *o,
    uint32_t layer, const char *bound_key);

/* ---- mails.c ---- */

const char *mail_to(const struct store_outmail *m);
json_t *mail_row(struct request *r, const struct store_outmail *m);
/* As store_outmail_get(); a damaged row gives its plain columns. */
int mail_look(
    struct request *r, const void *ctx, int64_t id, struct store_outmail *m);
enum turn queue_run(struct request *r);
enum turn queue_drop_run(struct request *r);
enum turn queue_resend_run(struct request *r);
enum turn queue_sent_run(struct request *r);
enum turn queue_release_run(struct request *r);

/* ---- keys.c ---- */

enum turn keys_run(struct request *r);
enum turn confirm_run(struct request *r);
/* Waits for a vault turn by turn, as a reseal does. */
enum turn stage_run(struct request *r);
enum turn renew_run(struct request *r);
enum turn reseal_run(struct request *r);
/* A piece of `psirt`: keys that expire soon or cannot be used. */
int waits_keys(struct request *r);

/* ---- record.c ---- */

enum turn log_run(struct request *r);

/* ---- backup.c ---- */

enum turn backup_run(struct request *r);

/* ---- purge.c ---- */

enum turn purge_run(struct request *r);

#endif
