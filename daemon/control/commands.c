/*
 * commands.c - what psirt can ask: who may, and what it leaves behind.
 *
 * Runs in the engine.  The table is kept in alphabetical order and is all
 * there is to say about rights: a form of a command that may less or leaves
 * another line (an option, a word behind it) has a row of its own.
 */
#include "request.h"

#include <string.h>

const struct command commands[] = {
    {"approve", OPERATOR_VIEWER, RECORDER_NONE, 0, 0, 0, 0, "approve [MAIL]",
	approve_list_run},
    {"approve --drop", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_DRAFT_DROPPED,
	OPTION_DROP | OPTION_WHY, 1, 1, "approve MAIL --drop --why TEXT",
	approve_order_run},
    {"approve --edit", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_DRAFT_EDITED,
	OPTION_DIGEST | OPTION_EDIT, 3, 3,
	"approve MAIL --edit --digest DIGEST SUBJECT TEXT", approve_order_run},
    {"approve --override", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_OVERRIDE,
	OPTION_DIGEST | OPTION_OVERRIDE | OPTION_WHY | OPTION_YES, 1, 1,
	"approve MAIL --yes --override GUARD --why TEXT", approve_order_run},
    {"approve --yes", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_APPROVED,
	OPTION_DIGEST | OPTION_YES, 1, 1, "approve MAIL --yes --digest DIGEST",
	approve_order_run},
    {"approve MAIL", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_MAIL_READ,
	OPTION_JA, 1, 1, "approve [MAIL]", approve_show_run},
    {"backup", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_BACKUP, 0, 0, 0,
	"backup FILE", backup_run},
    {"clock CASE", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ,
	OPTION_JA, 1, 1, "clock CASE [set NAME WHEN | start NAME | end NAME]",
	clocks_run},
    {"clock CASE end", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CLOCK, 0, 2,
	2, "clock CASE end NAME", order_run},
    {"clock CASE set", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CLOCK, 0, 3,
	6, "clock CASE set NAME WHEN", order_run},
    {"clock CASE start", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CLOCK, 0, 2,
	2, "clock CASE start NAME", order_run},
    {"close", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_CLOSED,
	OPTION_WHY, 2, 2, "close CASE REASON [--why TEXT]", order_run},
    {"close --override", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_OVERRIDE,
	OPTION_OVERRIDE | OPTION_WHY, 2, 2,
	"close CASE REASON --override GUARD --why TEXT", order_run},
    {"customers", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ, 0, 1, 1,
	"customers CASE", customers_run},
    {"drop", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_LETTER_DROPPED,
	OPTION_WHY, 1, 1, "drop LETTER --why TEXT", drop_run},
    {"file", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_LETTER_DECIDED, 0, 1, 1,
	"file LETTER", file_run},
    {"incident", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_CLOSED,
	OPTION_WHY, 1, 1, "incident CASE [--why TEXT]", order_run},
    {"key confirm", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_PIN_CONFIRMED, 0,
	1, 1, "key confirm FINGERPRINT", confirm_run},
    {"key list", OPERATOR_VIEWER, RECORDER_NONE, 0, 0, 0, 0, "key list",
	keys_run},
    {"key renew", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_KEY_RENEW, 0, 0, 0,
	"key renew", renew_run},
    {"key reseal", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_KEY_RESEALED, 0, 0, 0,
	"key reseal", reseal_run},
    {"key stage", OPERATOR_VIEWER, RECORDER_NONE, 0, 0, 1, 1, "key stage FILE",
	stage_run},
    {"letter", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_LETTER_READ,
	OPTION_RAW, 1, 1, "letter LETTER [--raw] [--reopen]", letter_run},
    {"letter --reopen", OPERATOR_OPERATOR, RECORDER_ENGINE,
	RECORD_LETTER_DECIDED, OPTION_REOPEN, 1, 1, "letter LETTER --reopen",
	reopen_run},
    {"link", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_LINKED, OPTION_WHY,
	2, 2, "link CASE OTHER", order_run},
    {"list", OPERATOR_VIEWER, RECORDER_NONE, 0, OPTION_ALL | OPTION_LETTERS, 0,
	0, "list [--all] [--letters]", list_run},
    {"log", OPERATOR_VIEWER, RECORDER_NONE, 0,
	OPTION_CASE | OPTION_CHECKPOINT | OPTION_VERIFY, 0, 0,
	"log [--case CASE] [--notes] [--verify [--checkpoint FILE]]", log_run},
    {"log --notes", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_NOTES_READ,
	OPTION_CASE | OPTION_NOTES, 0, 0, "log [--case CASE] --notes", log_run},
    {"merge", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_MERGED,
	OPTION_WHY, 2, 2, "merge CASE OTHER", order_run},
    {"note", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_ANSWER, OPTION_BY, 2,
	60, "note CASE TEXT [--by NAME]", order_run},
    {"purge", OPERATOR_LEAD, RECORDER_CONTROL, RECORD_PURGED, 0, 0, 0,
	"purge [--dry-run]", purge_run},
    {"purge --dry-run", OPERATOR_VIEWER, RECORDER_NONE, 0, OPTION_DRY_RUN, 0, 0,
	"purge [--dry-run]", purge_run},
    {"question CASE", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ, 0, 1,
	1, "question CASE [ask [N] | answer N TEXT | again N | drop N]",
	questions_run},
    {"question CASE again", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_QUESTION,
	0, 2, 2, "question CASE again N", order_run},
    {"question CASE answer", OPERATOR_OPERATOR, RECORDER_ENGINE,
	RECORD_QUESTION, 0, 3, 60, "question CASE answer N TEXT", order_run},
    {"question CASE ask", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_QUESTION,
	0, 1, 2, "question CASE ask [N]", order_run},
    {"question CASE drop", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_QUESTION,
	OPTION_WHY, 2, 2, "question CASE drop N", order_run},
    {"queue", OPERATOR_VIEWER, RECORDER_NONE, 0, 0, 0, 0,
	"queue [drop MAIL | resend MAIL | sent MAIL | release]", queue_run},
    {"queue drop", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_MAIL_DECIDED, 0,
	1, 1, "queue drop MAIL", queue_drop_run},
    {"queue release", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_RELEASED, 0,
	0, 0, "queue release", queue_release_run},
    {"queue resend", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_MAIL_DECIDED,
	0, 1, 1, "queue resend MAIL", queue_resend_run},
    {"queue sent", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_MAIL_DECIDED, 0,
	1, 1, "queue sent MAIL", queue_sent_run},
    {"reopen", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_REOPENED,
	OPTION_WHY, 1, 1, "reopen CASE", order_run},
    {"reply", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_MAIL_DRAFTED, 0, 1, 60,
	"reply CASE [TEXT]", order_run},
    {"reply --override", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_OVERRIDE,
	OPTION_OVERRIDE | OPTION_WHY, 2, 60,
	"reply CASE TEXT --override GUARD --why TEXT", order_run},
    {"route", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_ROUTED,
	OPTION_AGAIN | OPTION_ATTACHMENTS | OPTION_DETAILS, 2, 32,
	"route CASE DEPARTMENT… [--details] [--attachments] [--again]",
	route_run},
    {"show", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ, OPTION_JA, 1,
	1, "show CASE", show_run},
    {"split", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_SPLIT, OPTION_WHY,
	1, 1, "split CASE", order_run},
    {"step --move", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_STEP_MOVED,
	OPTION_MOVE, 1, 2, "step CASE --move [STEP]", step_move_run},
    {"step --override", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_OVERRIDE,
	OPTION_BY | OPTION_OVERRIDE | OPTION_SHARE | OPTION_WHY, 3, 60,
	"step CASE STEP [start | done | skip | again] [WORD=VALUE…] [--by "
	"NAME] [--share ROLES] [--override GUARD --why TEXT]",
	step_order_run},
    {"step --share", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_STEP_STARTED,
	OPTION_BY | OPTION_SHARE | OPTION_WHY, 2, 60,
	"step CASE STEP [start | done | skip | again] [WORD=VALUE…] [--by "
	"NAME] [--share ROLES] [--override GUARD --why TEXT]",
	step_order_run},
    {"step CASE", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ,
	OPTION_JA, 1, 2, "step CASE [STEP] [--ja]", step_run},
    {"step CASE STEP DO", OPERATOR_OPERATOR, RECORDER_ENGINE,
	RECORD_STEP_STARTED, OPTION_BY | OPTION_WHY, 3, 60,
	"step CASE STEP [start | done | skip | again] [WORD=VALUE…] [--by "
	"NAME] [--share ROLES] [--override GUARD --why TEXT]",
	step_order_run},
    {"take", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_TAKEN,
	OPTION_DEPUTY, 1, 1, "take CASE [--deputy NAME]", order_run},
    {"task", OPERATOR_VIEWER, RECORDER_NONE, 0, OPTION_CASE, 0, 0,
	"task [--case CASE] | task N [done]", tasks_run},
    {"task N", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ, 0, 1, 1,
	"task N [done]", task_run},
    {"task N done", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_TASK_DONE,
	OPTION_WHY, 1, 1, "task N done [--why TEXT]", order_run},
    {"title", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_TITLED, 0, 2, 60,
	"title CASE TEXT", order_run},
    {"today", OPERATOR_VIEWER, RECORDER_NONE, 0, OPTION_JA, 0, 0, "[today]",
	today_run},
    {"unlink", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_CASE_UNLINKED,
	OPTION_WHY, 2, 2, "unlink CASE OTHER", order_run},
    {"who", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ, 0, 1, 1,
	"who CASE", who_run},
};

const size_t ncommands = sizeof(commands) / sizeof(commands[0]);

size_t
command_word(const struct command *command)
{
	return strcspn(command->name, " ");
}

static size_t
least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

#define NEAREST_WORD 24

/* How many letters must be put in, left out or changed. */
static size_t
distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t row[NEAREST_WORD + 1];

	if (na > NEAREST_WORD || nb > NEAREST_WORD)
		return NEAREST_WORD;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j];

			row[j] = least_of(above + 1, row[j - 1] + 1,
			    corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[nb];
}

const struct command *
command_nearest(const char *word)
{
	const struct command *best = NULL;
	size_t near = 3; /* further away is no likeness */

	for (size_t i = 0; i < ncommands; i++) {
		char first[NEAREST_WORD + 1] = "";
		size_t len = command_word(&commands[i]);
		size_t d;

		memcpy(first, commands[i].name, len);
		d = distance(word, first);
		/* "ro" is route, not log. */
		if (strlen(word) >= 2 &&
		    strncmp(first, word, strlen(word)) == 0)
			d = 0;
		if (d < near && d < len) {
			near = d;
			best = &commands[i];
		}
	}
	return best;
}
