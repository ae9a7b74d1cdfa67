/*
 * view_step.c - the way of a case on a screen: steps, answers, questions,
 * tasks, clocks, and who was told what.
 *
 * Runs in psirt.  Questions and answers are words of departments and
 * counterparts: each is one row, escaped like all that is printed.
 */
#include "view.h"

#include <string.h>

#include <talloc.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct column step_list[] = {
    {"step", "STEP", HOW_TEXT, true}, {"state_round", "STATE", HOW_TEXT, true},
    {"whom", "WHO ACTS", HOW_TEXT, false}, {"due_late", "DUE", HOW_TEXT, true},
    {"title", "TITLE", HOW_TEXT, false},
    {"next", "TYPE NEXT", HOW_BELOW, false}, /* last; of those now on alone */
};

static const struct column step_fields[] = {
    {"title", "title", HOW_TEXT, false},
    {"phase", "phase", HOW_TEXT, false},
    {"state_round", "state", HOW_TEXT, false},
    {"whom", "who acts", HOW_TEXT, false},
    {"started", "started", HOW_TIME, false},
    {"ended", "ended", HOW_TIME, false},
    {"due", "due", HOW_TIME, false},
    {"actor", "by", HOW_TEXT, false},
    {"reminders", "reminders", HOW_TEXT, false},
    {"shares", "shared", HOW_TEXT, false},
    {"mails_waiting", "mails that wait", HOW_TEXT, false},
    {"mails_sent", "mails sent", HOW_TEXT, false},
    {"expects", "expects", HOW_TEXT, false},
};

static const struct column answer_list[] = {
    {"step", "STEP", HOW_TEXT, true},
    {"answer", "ANSWER", HOW_TEXT, true},
    {"said_by", "BY", HOW_TEXT, false},
    {"at", "AT", HOW_TIME, true},
    {"value", "VALUE", HOW_BELOW, false},
};

static const struct column question_list[] = {
    {"question", "N", HOW_TEXT, true},
    {"state", "STATE", HOW_TEXT, true},
    {"from", "FROM", HOW_TEXT, false},
    {"at", "AT", HOW_DATE, true},
    {"text", "QUESTION", HOW_BELOW, false},
};

static const struct column task_list[] = {
    {"task", "TASK", HOW_TEXT, true},
    {"short", "CASE", HOW_TEXT, true},
    {"kind", "WHAT", HOW_TEXT, true},
    {"made", "SINCE", HOW_DATE, true},
    {"due", "DUE", HOW_TIME, true},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column clock_list[] = {
    {"short", "CASE", HOW_TEXT, false},
    {"clock", "CLOCK", HOW_TEXT, true},
    {"due", "DUE", HOW_TIME, true},
    {"warning", "NEXT WARNING", HOW_DATE, false},
    {"source", "FROM", HOW_TEXT, false},
    {"words", "WORDS", HOW_TEXT, false},
    {"next", "TYPE NEXT", HOW_BELOW, false},
};

static const struct column told_list[] = {
    {"person", "PERSON", HOW_TEXT, false},
    {"of", "OF", HOW_TEXT, false},
    {"parts", "PARTS", HOW_TEXT, true},
    {"at", "AT", HOW_TIME, true},
    {"mail", "MAIL", HOW_TEXT, true},
    {"key", "KEY", HOW_BELOW, false},
};

static const struct column customer_list[] = {
    {"customer", "CUSTOMER", HOW_TEXT, false},
    {"nda", "NDA", HOW_TEXT, true},
    {"via", "VIA", HOW_TEXT, false},
    {"mail", "MAIL", HOW_TEXT, true},
    {"state", "STATE", HOW_TEXT, true},
    {"sent", "SENT", HOW_TIME, true},
    {"bounced", "BOUNCED", HOW_TIME, true},
    {"address", "ADDRESS", HOW_BELOW, false},
};

/* ---- steps ---- */

/* "design, poc (plc)": roles, and the departments that have them. */
static json_t *
whom(const json_t *row)
{
	void *ctx = talloc_new(NULL);
	char *who = print_list(ctx, json_object_get(row, "who"), ", ");
	char *of = print_list(ctx, json_object_get(row, "departments"), ", ");
	json_t *text = json_null();

	if (who != NULL)
		text = json_sprintf("%s%s%s%s", who, of != NULL ? " (" : "",
		    of != NULL ? of : "", of != NULL ? ")" : "");
	talloc_free(ctx);
	return text;
}

/* "approval, held": what its mails wait for; "running (2)". */
static json_t *
state_text(const json_t *row)
{
	static const char *const waits[] = {"approval", "held", "queued"};
	const char *state = json_string_value(json_object_get(row, "state"));
	json_int_t round = view_number(row, "round");
	char *mails = talloc_strdup(NULL, "");
	json_t *text = NULL;

	for (size_t i = 0; i < N(waits); i++)
		if (json_is_true(json_object_get(row, waits[i])))
			mails = talloc_asprintf_append(mails, "%s%s",
			    *mails != '\0' ? ", " : "", waits[i]);
	if (*mails != '\0')
		text = json_string(mails);
	talloc_free(mails);
	if (text != NULL)
		return text;
	if (state == NULL)
		return json_null();
	if (round <= 1)
		return json_string(state);
	return json_sprintf("%s (%" JSON_INTEGER_FORMAT ")", state, round);
}

void
view_turn_columns(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *state =
		    json_string_value(json_object_get(row, "state"));
		/* Of one that is over it says nothing any more. */
		bool over = state != NULL && (strcmp(state, "ended") == 0 ||
						 strcmp(state, "skipped") == 0);
		char *due = print_value(
		    NULL, over ? NULL : json_object_get(row, "due"), HOW_TIME);

		json_object_set_new(row, "whom", whom(row));
		json_object_set_new(row, "state_round", state_text(row));
		json_object_set_new(row, "due_late",
		    json_sprintf("%s%s", due,
			json_is_true(json_object_get(row, "late")) ? " LATE"
								   : ""));
		talloc_free(due);
	}
}

void
view_turns(const struct printer *p, json_t *data)
{
	json_t *turns = json_object_get(data, "turns");

	view_turn_columns(turns);
	view_section(p, data, "turns", "Now", step_list, N(step_list));
	view_refused(p, data);
}

/* Mails that no guard let be drafted: a line each, as psirtd says it. */
void
view_refused(const struct printer *p, const json_t *data)
{
	const char *text = json_string_value(json_object_get(data, "refused"));
	char *copy, *save = NULL;

	if (text == NULL)
		return;
	print_title(p, "Mails that a guard keeps back");
	copy = talloc_strdup(NULL, text);
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		json_t *value = json_string(line);
		char *safe = print_value(copy, value, HOW_TEXT);

		print_wrapped(p, "  ", "      ", safe);
		json_decref(value);
	}
	talloc_free(copy);
}

/* "Hana (plc), told by yuki". */
static void
answer_columns(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *by = json_string_value(json_object_get(row, "by"));
		const char *of =
		    json_string_value(json_object_get(row, "department"));
		const char *told =
		    json_string_value(json_object_get(row, "told_by"));
		bool gone = json_is_true(json_object_get(row, "taken_back"));

		json_object_set_new(row, "said_by",
		    json_sprintf("%s%s%s%s%s%s%s", by != NULL ? by : "?",
			of != NULL ? " (" : "", of != NULL ? of : "",
			of != NULL ? ")" : "", told != NULL ? ", told by " : "",
			told != NULL ? told : "", gone ? "; taken back" : ""));
	}
}

static void
view_lines(const struct printer *p, const json_t *data)
{
	const char *lines = json_string_value(json_object_get(data, "lines"));

	if (lines == NULL || *lines == '\0')
		return;
	print_title(p, "Words for an answer");
	print_content(p, ": ", lines);
}

/* Before the list of all: where the case is, who acts, by when. */
static void
view_running(const struct printer *p, const json_t *steps)
{
	json_t *now = json_array();
	json_t *row;
	size_t i;

	json_array_foreach(steps, i, row)
	{
		if (strcmp(view_string(row, "state"), "running") == 0)
			json_array_append(now, row);
	}
	if (json_array_size(now) > 0) {
		print_title(p, "Now");
		print_table(p, now, step_list, N(step_list));
	}
	json_decref(now);
}

void
view_step(const struct printer *p, json_t *data)
{
	json_t *steps = json_object_get(data, "steps");
	json_t *only = json_array_get(steps, 0);
	char *number = view_text(NULL, data, "case");

	if (steps == NULL) {
		view_said(p, data);
		talloc_free(number);
		return;
	}
	view_turn_columns(steps);
	answer_columns(json_object_get(data, "answers"));
	if (json_object_get(data, "lines") != NULL) {
		char *step = view_text(NULL, only, "step");
		char *title = talloc_asprintf(NULL, "%s step %s", number, step);

		print_title(p, title);
		print_fields(p, only, step_fields, N(step_fields));
		talloc_free(title);
		talloc_free(step);
	} else {
		view_running(p, steps);
		print_title(p, number != NULL ? number : "?");
		print_table(p, steps, step_list, N(step_list) - 1);
	}
	view_refused(p, data);
	view_section(p, data, "answers", "Answers on record", answer_list,
	    N(answer_list));
	view_lines(p, data);
	talloc_free(number);
}

/* ---- what a decision came to ---- */

void
view_said(const struct printer *p, json_t *data)
{
	const json_t *said = json_object_get(data, "said");
	const json_t *line;
	size_t i;

	if (json_array_size(said) == 0)
		fputs("Done.\n", p->out);
	json_array_foreach(said, i, line)
	{
		char *text = print_value(NULL, line, HOW_TEXT);

		print_wrapped(p, "", "    ", text);
		talloc_free(text);
	}
	view_next(p, data);
}

/* ---- questions, tasks, clocks ---- */

bool
view_questions(const struct printer *p, const json_t *data)
{
	json_t *rows = json_object_get(data, "questions");
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *by = json_string_value(json_object_get(row, "by"));
		const char *of =
		    json_string_value(json_object_get(row, "department"));

		json_object_set_new(row, "from",
		    json_sprintf("%s%s%s%s", by != NULL ? by : "?",
			of != NULL ? " (" : "", of != NULL ? of : "",
			of != NULL ? ")" : ""));
	}
	if (!view_section(p, data, "questions", "Questions", question_list,
		N(question_list)))
		return false;
	json_array_foreach(rows, i, row)
	{
		const char *answer =
		    json_string_value(json_object_get(row, "answer"));
		char *title;

		if (answer == NULL)
			continue;
		title = talloc_asprintf(NULL,
		    "Answer to question %" JSON_INTEGER_FORMAT,
		    view_number(row, "question"));
		print_title(p, title);
		print_content(p, ": ", answer);
		talloc_free(title);
	}
	return true;
}

void
view_question(const struct printer *p, json_t *data)
{
	if (json_object_get(data, "questions") == NULL)
		view_said(p, data);
	else if (!view_questions(p, data))
		fputs("No questions.\n", p->out);
}

bool
view_tasks(const struct printer *p, const json_t *data, const char *title)
{
	view_short_numbers(json_object_get(data, "tasks"));
	return view_section(p, data, "tasks", title, task_list, N(task_list));
}

void
view_task(const struct printer *p, json_t *data)
{
	static const struct column fields[] = {
	    {"case", "case", HOW_TEXT, false},
	    {"kind", "what", HOW_TEXT, false},
	    {"letter", "letter", HOW_TEXT, false},
	    {"mail", "mail", HOW_TEXT, false},
	    {"made", "since", HOW_TIME, false},
	    {"due", "due", HOW_TIME, false},
	    {"done", "done", HOW_TIME, false},
	};
	const json_t *task = json_object_get(data, "task");
	const char *text = json_string_value(json_object_get(task, "text"));
	char *title;

	if (json_object_get(data, "said") != NULL) {
		view_said(p, data);
	} else if (task == NULL) {
		if (!view_tasks(p, data, "Tasks"))
			fputs("No tasks.\n", p->out);
	} else {
		title = talloc_asprintf(NULL, "Task %" JSON_INTEGER_FORMAT,
		    view_number(task, "task"));
		print_title(p, title);
		print_fields(p, task, fields, N(fields));
		if (text != NULL)
			print_content(p, "? ", text);
		view_next(p, data);
		talloc_free(title);
	}
}

bool
view_case_clocks(const struct printer *p, const json_t *data, const char *title)
{
	json_t *rows = json_object_get(data, "clocks");
	json_t *row;
	size_t i;

	view_short_numbers(rows);
	json_array_foreach(rows, i, row)
	{
		/* Of the flow: that goes without saying. */
		if (strcmp(view_string(row, "source"), "flow") == 0)
			json_object_set_new(row, "source", json_null());
	}
	return view_section(
	    p, data, "clocks", title, clock_list, N(clock_list));
}

void
view_clock(const struct printer *p, json_t *data)
{
	if (json_object_get(data, "clocks") == NULL)
		view_said(p, data);
	else if (!view_case_clocks(p, data, "Clocks"))
		fputs("No clocks run.\n", p->out);
}

/* ---- who knows what ---- */

/* Its department, or that it is a customer; of another outside nothing. */
static void
told_columns(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (json_is_true(json_object_get(row, "customer")))
			json_object_set_new(row, "of", json_string("customer"));
		else
			json_object_set(
			    row, "of", json_object_get(row, "department"));
	}
}

void
view_who(const struct printer *p, json_t *data)
{
	told_columns(json_object_get(data, "told"));
	if (!view_section(p, data, "told", "Who was told, under which key",
		told_list, N(told_list)))
		fputs("Nobody was told yet.\n", p->out);
}

void
view_customers(const struct printer *p, json_t *data)
{
	const json_t *counts = json_object_get(data, "counts");

	if (!view_section(p, data, "customers", "Customers", customer_list,
		N(customer_list))) {
		fputs("No customers are concerned.\n", p->out);
		return;
	}
	fprintf(p->out,
	    "%" JSON_INTEGER_FORMAT " customers, %" JSON_INTEGER_FORMAT
	    " mails arrived, %" JSON_INTEGER_FORMAT " bounced\n",
	    view_number(counts, "customers"), view_number(counts, "told"),
	    view_number(counts, "bounced"));
}
