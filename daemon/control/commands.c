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
    {"drop", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_LETTER_DROPPED,
	OPTION_WHY, 1, 1, "drop LETTER --why TEXT", drop_run},
    {"file", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_LETTER_DECIDED, 0, 1, 1,
	"file LETTER", file_run},
    {"key reseal", OPERATOR_LEAD, RECORDER_ENGINE, RECORD_KEY_RESEALED, 0, 0, 0,
	"key reseal", reseal_run},
    {"letter", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_LETTER_READ,
	OPTION_RAW, 1, 1, "letter LETTER [--raw] [--reopen]", letter_run},
    {"letter --reopen", OPERATOR_OPERATOR, RECORDER_ENGINE,
	RECORD_LETTER_DECIDED, OPTION_REOPEN, 1, 1, "letter LETTER --reopen",
	reopen_run},
    {"list", OPERATOR_VIEWER, RECORDER_NONE, 0, OPTION_ALL | OPTION_LETTERS, 0,
	0, "list [--all] [--letters]", list_run},
    {"log", OPERATOR_VIEWER, RECORDER_NONE, 0, OPTION_CASE | OPTION_VERIFY, 0,
	0, "log [--case CASE] [--notes] [--verify]", log_run},
    {"log --notes", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_NOTES_READ,
	OPTION_CASE | OPTION_NOTES, 0, 0, "log [--case CASE] --notes", log_run},
    {"queue", OPERATOR_VIEWER, RECORDER_NONE, 0, 0, 0, 0,
	"queue [drop MAIL | resend MAIL | sent MAIL]", queue_run},
    {"queue drop", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_MAIL_DECIDED, 0,
	1, 1, "queue drop MAIL", queue_drop_run},
    {"queue resend", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_MAIL_DECIDED,
	0, 1, 1, "queue resend MAIL", queue_resend_run},
    {"queue sent", OPERATOR_OPERATOR, RECORDER_CONTROL, RECORD_MAIL_DECIDED, 0,
	1, 1, "queue sent MAIL", queue_sent_run},
    {"route", OPERATOR_OPERATOR, RECORDER_ENGINE, RECORD_ROUTED,
	OPTION_AGAIN | OPTION_ATTACHMENTS | OPTION_DETAILS, 2, 32,
	"route CASE DEPARTMENT… [--details] [--attachments] [--again]",
	route_run},
    {"show", OPERATOR_VIEWER, RECORDER_CONTROL, RECORD_CASE_READ, 0, 1, 1,
	"show CASE", show_run},
    {"today", OPERATOR_VIEWER, RECORDER_NONE, 0, 0, 0, 0, "[today]", today_run},
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
