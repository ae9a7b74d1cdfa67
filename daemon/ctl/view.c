/*
 * view.c - how the answer to each command looks on a screen.
 *
 * Runs in psirt.  One table of columns a list; psirtd chose what is in the
 * answer, this page only where it stands.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct column case_wait[] = {
    {"case", "CASE", HOW_TEXT, true},
    {"received", "RECEIVED", HOW_DATE, true},
    {"due", "ANSWER DUE", HOW_DATE, true},
    {"source", "SOURCE", HOW_TEXT, false},
    {"why", "WHY", HOW_TEXT, true},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column letter_wait[] = {
    {"letter", "LETTER", HOW_TEXT, true},
    {"received", "RECEIVED", HOW_DATE, true},
    {"short", "CASE", HOW_TEXT, false},
    {"who", "FROM", HOW_TEXT, false},
    {"reason", "WHY", HOW_TEXT, true},
    {"junk", "JUNK", HOW_TEXT, false},
    {"due", "ANSWER DUE", HOW_DATE, true},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column mail_wait[] = {
    {"mail", "MAIL", HOW_TEXT, true},
    {"case", "CASE", HOW_TEXT, true},
    {"kind", "KIND", HOW_TEXT, false},
    {"to", "TO", HOW_TEXT, false},
    {"state", "STATE", HOW_TEXT, true},
    {"tries", "TRIES", HOW_TEXT, true},
    {"not_before", "NEXT TRY", HOW_TIME, false},
    {"reason", "WHY", HOW_TEXT, false},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column step_wait[] = {
    {"short", "CASE", HOW_TEXT, true},
    {"step", "STEP", HOW_TEXT, true},
    {"state_round", "STATE", HOW_TEXT, true},
    {"whom", "WHO ACTS", HOW_TEXT, false},
    {"due_late", "DUE", HOW_TEXT, true},
    {"title", "TITLE", HOW_TEXT, false},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column case_list[] = {
    {"case", "CASE", HOW_TEXT, true},
    {"received", "RECEIVED", HOW_DATE, true},
    {"state", "STATE", HOW_TEXT, false},
    {"flow", "FLOW", HOW_TEXT, false},
    {"source", "SOURCE", HOW_TEXT, false},
    {"steps", "STEP", HOW_TEXT, false},
    {"whom", "WHO ACTS", HOW_TEXT, false},
    {"due_late", "DUE", HOW_TEXT, false},
    {"owner", "OWNER", HOW_TEXT, false},
    {"title", "TITLE", HOW_TEXT, false},
};

static const struct column letter_list[] = {
    {"letter", "LETTER", HOW_TEXT, true},
    {"received", "RECEIVED", HOW_DATE, true},
    {"state", "STATE", HOW_TEXT, false},
    {"verdict", "VERDICT", HOW_TEXT, false},
    {"reason", "REASON", HOW_TEXT, true},
    {"junk", "JUNK", HOW_TEXT, false},
    {"short", "CASE", HOW_TEXT, true},
};

static const struct column clock_columns[] = {
    {"clock", "CLOCK", HOW_TEXT, true},
    {"due", "DUE", HOW_DATE, true},
};

static const struct column key_wait[] = {
    {"whose", "WHOSE", HOW_TEXT, true},
    {"expires", "EXPIRES", HOW_DATE, true},
    {"problem", "PROBLEM", HOW_TEXT, false},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column key_list[] = {
    {"whose", "WHOSE", HOW_TEXT, true},
    {"expires", "EXPIRES", HOW_DATE, true},
    {"can", "CAN", HOW_TEXT, false},
    {"problem", "PROBLEM", HOW_TEXT, false},
    {"fingerprint", "FINGERPRINT", HOW_BELOW, true},
};

static const struct column log_lines[] = {
    {"line", "LINE", HOW_TEXT, true}, {"at", "AT", HOW_TIME, true},
    {"actor", "WHO", HOW_TEXT, false}, {"about", "ABOUT", HOW_TEXT, true},
    {"happened", "WHAT", HOW_TEXT, false},
    {"note", "NOTE", HOW_BELOW, false}, /* last; with --notes alone */
};

json_int_t
view_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *
view_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

char *
view_text(const void *ctx, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text_show(ctx, text) : NULL;
}

char *
view_more(
    const void *ctx, const json_t *object, const char *key, const char *between)
{
	json_int_t over =
	    view_number(json_object_get(object, "counts"), key) -
	    (json_int_t)json_array_size(json_object_get(object, key));

	if (over <= 0)
		return talloc_strdup(ctx, "");
	return talloc_asprintf(ctx,
	    "%s\xe2\x80\xa6 and %" JSON_INTEGER_FORMAT " more", between, over);
}

void
view_next(const struct printer *p, json_t *data)
{
	const json_t *list = json_object_get(data, "next");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		char *text = print_value(NULL, item, HOW_TEXT);

		fprintf(p->out, "%s %s\n", i == 0 ? "Next:" : "     ", text);
		talloc_free(text);
	}
}

bool
view_section(const struct printer *p, const json_t *data, const char *key,
    const char *title, const struct column *columns, size_t ncolumns)
{
	const json_t *rows = json_object_get(data, key);

	if (json_array_size(rows) == 0)
		return false;
	print_title(p, title);
	print_table(p, rows, columns, ncolumns);
	return true;
}

static void
view_over(const struct printer *p, const json_t *data, const char *key,
    const char *where)
{
	json_int_t over = view_number(json_object_get(data, "not_shown"), key);

	if (over > 0)
		fprintf(p->out, "  and %" JSON_INTEGER_FORMAT " more: %s\n",
		    over, where);
}

void
null_if_false(json_t *object, const char *key)
{
	if (json_is_false(json_object_get(object, key)))
		json_object_set_new(object, key, json_null());
}

void
view_clocks(const struct printer *p, const json_t *data)
{
	view_section(p, data, "clocks", "Clocks, from the day it came",
	    clock_columns, N(clock_columns));
}

/* 2026-0012 of PSIRT-2026-0012: psirt finds a case by it as well. */
static const char *
short_number(const char *number)
{
	const char *at = strrchr(number, '-');

	while (at != NULL && at > number && at[-1] != '-')
		at--;
	return at != NULL ? at : number;
}

void
view_short_numbers(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *of =
		    json_string_value(json_object_get(row, "case"));

		json_object_set_new(row, "short",
		    of != NULL ? json_string(short_number(of)) : json_null());
	}
}

static void
view_letters(json_t *letters)
{
	json_t *letter;
	size_t i;

	view_short_numbers(letters);
	json_array_foreach(letters, i, letter)
	{
		null_if_false(letter, "junk");
	}
}

/* true: a person has to look. */
static bool
view_renewal(const struct printer *p, const json_t *renewal)
{
	json_int_t left = view_number(renewal, "left");
	char text[640];

	if (!json_is_object(renewal))
		return false;
	if (left > 0)
		snprintf(text, sizeof(text),
		    "%lld values are damaged and could not be brought over; "
		    "the former key is kept until they are gone or a backup "
		    "is restored: %s",
		    (long long)left, view_string(renewal, "where"));
	else
		snprintf(text, sizeof(text),
		    "everything is sealed anew, %d %% done.",
		    (int)json_integer_value(
			json_object_get(renewal, "percent")));
	print_wrapped(p, "New data key: ", "              ", text);
	return left > 0;
}

void
view_today(const struct printer *p, json_t *data)
{
	char *trouble = view_text(NULL, data, "trouble");
	json_int_t quiet = view_number(data, "set_aside_by_itself");
	bool any = trouble != NULL;

	view_letters(json_object_get(data, "letters"));
	view_short_numbers(json_object_get(data, "steps"));
	view_turn_columns(json_object_get(data, "steps"));
	if (trouble != NULL)
		print_wrapped(p, "Trouble: ", "         ", trouble);
	any |= view_renewal(p, json_object_get(data, "renewal"));
	talloc_free(trouble);
	if (json_is_true(json_object_get(data, "damaged"))) {
		print_wrapped(p, "Damaged: ", "         ",
		    "rows of the database cannot be read and are not shown; "
		    "\"psirt task\" and the journal name the cases");
		any = true;
	}
	if (view_section(p, data, "cases", "Cases that wait for you", case_wait,
		N(case_wait)))
		any = true;
	view_over(p, data, "cases", "psirt list");
	any |= view_section(p, data, "steps", "Steps that wait for you",
	    step_wait, N(step_wait));
	view_over(p, data, "steps", "psirt list");
	any |= view_drafts(p, data, "drafts", "Drafts that wait for approval");
	view_over(p, data, "drafts", "psirt approve");
	any |= view_tasks(p, data, "Tasks");
	if (view_section(p, data, "letters", "Letters that wait for you",
		letter_wait, N(letter_wait)))
		any = true;
	view_over(p, data, "letters", "psirt list --letters");
	if (view_section(p, data, "mails", "Mails that did not leave",
		mail_wait, N(mail_wait)))
		any = true;
	view_over(p, data, "mails", "psirt queue");
	any |= view_case_clocks(p, data, "Clocks that are near");
	any |= view_section(p, data, "keys",
	    "Keys that expire or cannot be used", key_wait, N(key_wait));
	if (!any)
		fputs("Nothing waits for you.\n", p->out);
	fprintf(p->out, "Open cases: %" JSON_INTEGER_FORMAT " (psirt list)",
	    view_number(data, "open_cases"));
	if (quiet > 0)
		fprintf(p->out,
		    "; set aside by itself: %" JSON_INTEGER_FORMAT
		    " (psirt list --letters)",
		    quiet);
	fputc('\n', p->out);
}

void
view_list(const struct printer *p, json_t *data)
{
	json_t *letters = json_object_get(data, "letters");
	json_t *cases = json_object_get(data, "cases");

	view_letters(letters);
	view_turn_columns(cases);
	if (letters != NULL && json_array_size(letters) > 0)
		print_table(p, letters, letter_list, N(letter_list));
	else if (json_array_size(cases) > 0)
		print_table(p, cases, case_list, N(case_list));
	else
		fprintf(p->out, "No %s.\n",
		    letters != NULL ? "letters" : "open cases");
}

void
view_queue(const struct printer *p, json_t *data)
{
	const json_t *mails = json_object_get(data, "mails");

	if (json_object_get(data, "done") != NULL)
		view_done(p, data);
	else if (json_array_size(mails) > 0)
		print_table(p, mails, mail_wait, N(mail_wait));
	else
		fputs("Nothing waits to leave.\n", p->out);
}

/* Case, and mail or letter, in one column: eighty are soon full. */
static json_t *
log_about(const json_t *line)
{
	const char *casefile = json_string_value(json_object_get(line, "case"));
	json_int_t mail = view_number(line, "mail");
	json_int_t id = mail != 0 ? mail : view_number(line, "letter");

	if (casefile == NULL && id == 0)
		return json_null();
	if (id == 0)
		return json_string(short_number(casefile));
	return json_sprintf("%s%s%s %" JSON_INTEGER_FORMAT,
	    casefile != NULL ? short_number(casefile) : "",
	    casefile != NULL ? " " : "", mail != 0 ? "mail" : "letter", id);
}

/* What happened, with its code in words; true where a note is shown. */
static bool
log_line(json_t *line)
{
	const char *what = json_string_value(json_object_get(line, "what"));
	const char *code =
	    json_string_value(json_object_get(line, "code_text"));
	bool noted = json_is_true(json_object_get(line, "noted"));
	bool shown = json_is_string(json_object_get(line, "note"));

	json_object_set_new(line, "about", log_about(line));
	/* "letter-joined: joined" says it twice. */
	if (code != NULL && what != NULL && strlen(what) > strlen(code) &&
	    strcmp(what + strlen(what) - strlen(code), code) == 0)
		code = NULL;
	json_object_set_new(line, "happened",
	    json_sprintf("%s%s%s%s", what != NULL ? what : "?",
		code != NULL ? ": " : "", code != NULL ? code : "",
		noted && !shown ? " (note)" : ""));
	return shown;
}

void
view_log(const struct printer *p, json_t *data)
{
	const json_t *lines = json_object_get(data, "lines");
	const json_t *then = json_object_get(data, "checkpoint");
	void *ctx = talloc_new(NULL);
	char *head = view_text(ctx, data, "head");
	char *at = print_value(ctx, json_object_get(then, "at"), HOW_TIME);
	bool notes = false;
	size_t i;

	if (json_is_true(json_object_get(data, "whole"))) {
		fprintf(p->out,
		    "The record is whole: %" JSON_INTEGER_FORMAT
		    " lines.\nHead of the chain: %s\n",
		    json_integer_value(lines), head != NULL ? head : "-");
		if (json_is_object(then))
			fprintf(p->out,
			    "It holds what the checkpoint of %s says: line "
			    "%" JSON_INTEGER_FORMAT " is the same.\n",
			    at, view_number(then, "line"));
	} else if (json_array_size(lines) == 0) {
		fputs("No lines.\n", p->out);
	} else {
		for (i = 0; i < json_array_size(lines); i++)
			notes |= log_line(json_array_get(lines, i));
		print_table(
		    p, lines, log_lines, N(log_lines) - (notes ? 0 : 1));
	}
	talloc_free(ctx);
}

/* "plc, qa"; "nobody" for none. */
static char *
names_of(const void *ctx, const json_t *list)
{
	char *all = print_list(ctx, list, ", ");

	return all != NULL ? all : talloc_strdup(ctx, "nobody");
}

void
view_done(const struct printer *p, json_t *data)
{
	void *ctx = talloc_new(NULL);
	char *done = view_text(ctx, data, "done");
	const json_t *letter = json_object_get(data, "letter");
	const json_t *mail = json_object_get(data, "mail");
	const json_t *departments = json_object_get(data, "departments");
	const json_t *notices = json_object_get(data, "notices");

	if (departments != NULL)
		fprintf(p->out, "%s goes to: %s%s%s%s%s\n",
		    view_text(ctx, data, "case"), names_of(ctx, departments),
		    json_array_size(notices) > 0 ? "; a notice alone: " : "",
		    json_array_size(notices) > 0 ? names_of(ctx, notices) : "",
		    json_is_true(json_object_get(data, "details"))
			? ", with details"
			: "",
		    json_is_true(json_object_get(data, "attachments"))
			? ", with attachments"
			: "");
	else
		fprintf(p->out, "%s %" JSON_INTEGER_FORMAT " %s.\n",
		    mail != NULL ? "Mail" : "Letter",
		    json_integer_value(mail != NULL ? mail : letter),
		    done != NULL ? done : "");
	view_next(p, data);
	talloc_free(ctx);
}

static void
view_done_with(const struct printer *p, json_t *data,
    const struct column *fields, size_t nfields)
{
	char *done = view_text(NULL, data, "done");

	print_title(p, done != NULL ? done : "?");
	talloc_free(done);
	print_fields(p, data, fields, nfields);
}

void
view_key(const struct printer *p, json_t *data)
{
	static const struct column fields[] = {
	    {"poc", "POC key", HOW_TEXT, false},
	    {"recovery", "recovery key", HOW_TEXT, false},
	    {"uids", "user ids", HOW_TEXT, false},
	    {"algorithm", "algorithm", HOW_TEXT, false},
	    {"expires", "expires", HOW_DATE, false},
	    {"owner", "pinned for", HOW_TEXT, false},
	    {"import", "take it in", HOW_TEXT, false},
	    {"line", "psirtd.conf", HOW_TEXT, false},
	};
	const json_t *keys = json_object_get(data, "keys");

	if (keys != NULL)
		print_table(p, keys, key_list, N(key_list));
	else
		view_done_with(p, data, fields, N(fields));
}

void
view_purge(const struct printer *p, json_t *data)
{
	static const struct column cases[] = {
	    {"case", "CASE", HOW_TEXT, false},
	    {"letters", "LETTERS", HOW_TEXT, false},
	};
	static const struct column letters[] = {
	    {"letter", "LETTER", HOW_TEXT, false},
	};

	print_table(p, json_object_get(data, "cases"), cases, N(cases));
	print_table(p, json_object_get(data, "letters"), letters, N(letters));
	view_done_with(p, data, NULL, 0);
}

void
view_backup(const struct printer *p, json_t *data)
{
	static const struct column fields[] = {
	    {"lines", "lines of the record", HOW_TEXT, false},
	    {"head", "head of the record", HOW_TEXT, false},
	};

	view_done_with(p, data, fields, N(fields));
}

int
view_json(FILE *out, const json_t *answer)
{
	/* ASCII alone: C1 controls and bidi marks would pass otherwise. */
	char *text = json_dumps(answer, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	if (text == NULL)
		return -1;
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == 0x7f)
			fputs("\\u007f", out);
		else
			fputc(*c, out);
	}
	fputc('\n', out);
	free(text);
	return 0;
}
