/*
 * record.c - log: the record, its notes, its chain.
 *
 * Runs in the engine.  Lines hold ids, codes and times; the notes in their
 * sealed rows are content, so that only `log --notes` shows them, which
 * leaves a line itself (RULES 18, 20).
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/opening.h"
#include "psirtd/write.h"

#define LOG_LINES 64

struct lines {
	int64_t casefile;
	int64_t after;
};

static const char *
adopt_name(uint32_t adopt)
{
	static const char *const names[] = {"?", "leave", "file", "answer"};

	return adopt < sizeof(names) / sizeof(names[0]) ? names[adopt] : "?";
}

/* A count or a reply of the mail server, made on ctx. */
static const char *
number_text(const void *ctx, const struct store_record *line)
{
	switch (line->what) {
	case RECORD_ROUTE_PROPOSED:
	case RECORD_ROUTED:
		return talloc_asprintf(ctx, "%u department%s", line->code,
		    line->code == 1 ? "" : "s");
	case RECORD_MAIL_SENT:
	case RECORD_MAIL_RETRY:
	case RECORD_MAIL_FAILED:
	case RECORD_MAIL_UNCERTAIN:
		return line->code != 0
			   ? talloc_asprintf(ctx, "SMTP %u", line->code)
			   : NULL;
	default:
		return NULL;
	}
}

/* Which parts of a case, as psirt who says them. */
static const char *
told_text(const void *ctx, uint32_t parts)
{
	json_t *list = told_parts(parts);
	char *text = talloc_strdup(ctx, "");
	const json_t *part;
	size_t i;

	json_array_foreach(list, i, part)
	{
		text = talloc_asprintf_append(
		    text, "%s%s", i > 0 ? ", " : "", json_string_value(part));
	}
	json_decref(list);
	return text;
}

/* 20301 is 2.3.1, 10100 is 1.1: store_step_code(). */
static const char *
step_text(const void *ctx, uint32_t code)
{
	if (code == 0)
		return NULL;
	if (code % 100 == 0)
		return talloc_asprintf(
		    ctx, "%u.%u", code / 10000, code / 100 % 100);
	return talloc_asprintf(
	    ctx, "%u.%u.%u", code / 10000, code / 100 % 100, code % 100);
}

/* The same for lines of the procedure, made on ctx. */
static const char *
procedure_text(const void *ctx, const struct store_record *line)
{
	const struct answer_rule *answer;
	const struct clock_rule *clock;

	switch (line->what) {
	case RECORD_STEP_STARTED:
	case RECORD_STEP_ENDED:
	case RECORD_STEP_SKIPPED:
	case RECORD_STEP_MOVED:
	case RECORD_REMINDED:
	case RECORD_ESCALATED:
		return step_text(ctx, line->code);
	case RECORD_ANSWER:
		answer = answer_rule((enum answer_kind)line->code);
		return answer != NULL ? answer->name : NULL;
	case RECORD_ANSWER_REFUSED:
		return command_trouble_text((enum command_trouble)line->code);
	case RECORD_OVERRIDE:
	case RECORD_GUARD_MISSING:
		return guard_name((enum guard_kind)line->code);
	case RECORD_CLOCK:
	case RECORD_CLOCK_WARNED:
		clock = clock_rule((enum clock_kind)line->code);
		return clock != NULL ? clock->name : NULL;
	case RECORD_TASK:
	case RECORD_TASK_DONE:
		return task_kind_name(line->code);
	case RECORD_QUESTION:
		return talloc_asprintf(ctx, "%u", line->code);
	case RECORD_CASE_CLOSED:
		return close_reason_name((enum close_reason)line->code);
	case RECORD_CHANNEL:
		return channel_name(line->code);
	case RECORD_TOLD:
		return told_text(ctx, line->code);
	default:
		return number_text(ctx, line);
	}
}

/* What the code of a line says, by what the line is; NULL: nothing. */
static const char *
code_text(const void *ctx, const struct store_record *line)
{
	switch (line->what) {
	case RECORD_CASE_MADE:
		return flow_name((enum flow)line->code);
	case RECORD_LETTER_READ:
		return line->code != 0 ? "raw" : NULL;
	case RECORD_MAIL_DRAFTED:
		return mail_kind_name((enum mail_kind)line->code);
	case RECORD_MAIL_SEALED:
		return line->code != 0 ? "encrypted" : "in clear";
	case RECORD_ADOPTED:
		return adopt_name(line->code);
	case RECORD_LETTER_OPENED:
		return line->code != 0 ? verdict_name(line->code) : "unread";
	case RECORD_LETTER_FILED:
	case RECORD_LETTER_JOINED:
	case RECORD_LETTER_INQUIRY:
	case RECORD_LETTER_SET_ASIDE:
	case RECORD_LETTER_QUARANTINED:
	case RECORD_LETTER_DROPPED:
		return reason_name((enum reason)line->code);
	case RECORD_MAIL_DECIDED:
		return outmail_state_name(line->code);
	case RECORD_LETTER_DECIDED:
		return line->code == LETTER_OPENED ? "to be filed"
						   : "to be opened again";
	case RECORD_NO_ACKNOWLEDGE:
		return silence_name((enum silence)line->code);
	default:
		return procedure_text(ctx, line);
	}
}

static int
line_row(struct request *r, const struct store_record *line)
{
	bool shown = request_has(r, OPTION_NOTES);

	return answer_row(r,
	    json_pack("{s:I,s:o,s:s,s:o,s:o,s:o,s:o,s:i,s:o,s:b,s:o,s:o,s:o}",
		"line", (json_int_t)line->id, "at", json_time(line->at), "what",
		record_what_name(line->what), "actor", json_text(line->actor),
		"case", json_text(request_case_number(r, line->casefile)),
		"letter", json_number(line->letter), "mail",
		json_number(line->outmail), "code", (int)line->code,
		"code_text", json_text(code_text(line->actor, line)), "noted",
		line->note != NULL, "note",
		json_text(shown ? line->note : NULL), "digest",
		json_text(line->digest), "chain", json_text(line->chain)));
}

/* A walk over the record, and what it is held against. */
struct verify {
	struct store_walk walk;
	struct checkpoint then; /* its head.lines 0: nothing, or not yet */
};

/* 0: it is known what the record is held against; 1: a vault is at it. */
static int
verify_start(struct request *r, struct verify *v)
{
	const struct control_engine *engine = r->control->engine;
	int rc;

	if (r->checkpoint == NULL || v->then.head.lines != 0)
		return 0;
	rc = engine->checkpoint(
	    engine->arg, bytes_str(r->checkpoint), &v->then, &r->err);
	r->waits = rc > 0;
	return rc;
}

/* The walk stands at the checkpoint's line, or at the end. */
static int
verify_compare(struct request *r, const struct verify *v, bool done)
{
	const struct store_walk *then = &v->then.head;

	if (v->walk.lines == then->lines &&
	    memcmp(v->walk.link, then->link, sizeof(then->link)) != 0) {
		request_fail(r, CONTROL_EXIT_REFUSED,
		    "the record was rewritten: line %lld is another than the "
		    "checkpoint of %s says (or it is the checkpoint of another "
		    "database)",
		    (long long)then->lines, clock_text(r, v->then.at));
		return -1;
	}
	if (done && v->walk.lines < then->lines) {
		request_fail(r, CONTROL_EXIT_REFUSED,
		    "lines are missing: the record ends with line %lld, and "
		    "had %lld at the checkpoint of %s (a backup of before "
		    "then, restored, looks like this)",
		    (long long)v->walk.lines, (long long)then->lines,
		    clock_text(r, v->then.at));
		return -1;
	}
	return 0;
}

static enum turn
verify_answer(struct request *r, const struct verify *v)
{
	const struct store_walk *walk = &v->walk;

	if (answer_set(r, "whole", json_true()) != 0 ||
	    answer_set(r, "lines", json_integer(walk->lines)) != 0 ||
	    answer_set(r, "head",
		json_text(bytes_hex(
		    walk, bytes_of(walk->link, sizeof(walk->link))))) != 0)
		return TURN_FAILED;
	if (r->checkpoint != NULL &&
	    answer_set(r, "checkpoint",
		json_pack("{s:I,s:o}", "line", (json_int_t)v->then.head.lines,
		    "at", json_time(v->then.at))) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

/* How many lines a step may take, so that it stops at the checkpoint. */
static size_t
verify_step(const struct verify *v)
{
	int64_t left = v->then.head.lines - v->walk.lines;

	return left > 0 && left < LOG_LINES ? (size_t)left : LOG_LINES;
}

/* A piece a turn: the record of ten years is long (RULES 19). */
static enum turn
record_verify(struct request *r)
{
	struct verify *v = r->state;
	bool done = false;
	int rc;

	if (v == NULL)
		r->state = v = talloc_zero(r, struct verify);
	if (v == NULL)
		return request_fail(r, CONTROL_EXIT_AGAIN, "out of memory");
	rc = verify_start(r, v);
	if (rc != 0)
		return rc > 0 ? TURN_MORE : TURN_FAILED;
	while (!done) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (store_record_walk(
			r->st, &v->walk, verify_step(v), &done, &r->err) == 0) {
			if (verify_compare(r, v, done) != 0)
				return TURN_FAILED;
			continue;
		}
		if (r->err.fault != FAULT_INPUT)
			return TURN_FAILED;
		error_prefix(&r->err, "the record was altered");
		r->exit = CONTROL_EXIT_REFUSED;
		return TURN_FAILED;
	}
	return verify_answer(r, v);
}

static int
record_start(struct request *r)
{
	struct lines *at = talloc_zero(r, struct lines);
	struct store_case c;

	if (at == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	r->state = at;
	if (r->casefile != NULL) {
		if (!request_case(r, r->casefile, &c))
			return -1;
		at->casefile = c.id;
	}
	if (request_has(r, OPTION_NOTES) &&
	    request_record(r, at->casefile, 0, 0, 0, NULL, false) != 0)
		return -1;
	return answer_list(r, "lines");
}

enum turn
log_run(struct request *r)
{
	struct lines *at;
	struct store_record *list;
	size_t count;

	if (request_has(r, OPTION_VERIFY) && r->casefile != NULL)
		return request_fail(r, CONTROL_EXIT_USAGE,
		    "--verify takes the whole record: leave --case out");
	if (request_has(r, OPTION_CHECKPOINT) && !request_has(r, OPTION_VERIFY))
		return request_fail(
		    r, CONTROL_EXIT_USAGE, "--checkpoint goes with --verify");
	if (request_has(r, OPTION_VERIFY))
		return record_verify(r);
	if (r->state == NULL && record_start(r) != 0)
		return TURN_FAILED;
	at = r->state;
	while (request_has_time(r)) {
		list = NULL;
		count = 0;
		if (store_record_list(r, r->st, at->casefile, at->after,
			LOG_LINES, &list, &count, &r->err) != 0)
			return TURN_FAILED;
		for (size_t i = 0; i < count; i++) {
			if (line_row(r, &list[i]) != 0) {
				talloc_free(list);
				return TURN_FAILED;
			}
			at->after = list[i].id;
		}
		talloc_free(list);
		if (count == 0)
			return answer_list_end(r) == 0 ? TURN_DONE
						       : TURN_FAILED;
	}
	return TURN_MORE;
}
