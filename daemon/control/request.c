/*
 * request.c - a line of JSON from the socket becomes a request.
 *
 * Runs in the engine.  Takes the line and the uid of who sent it; checks the
 * role, calls the handler turn by turn.  Which row of commands[] is meant by
 * its words stands in words.c.  Whoever may not is refused, and the refusal
 * stands in the record before it is answered; how often strangers have theirs
 * there is strangers.c.  Knows nothing of sockets.
 */
#include "request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define REQUEST_WORDS 64
enum turn
request_fail(struct request *r, int exit, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->err.text, sizeof(r->err.text), fmt, ap);
	va_end(ap);
	r->err.fault = FAULT_DENIED;
	r->exit = exit;
	return TURN_FAILED;
}

bool
request_has(const struct request *r, uint64_t option)
{
	return (r->options & option) != 0;
}

bool
request_has_time(const struct request *r)
{
	return !answer_is_full(r) && clock_monotonic_ms() < r->until_ms;
}

static struct request *
request_start(const void *ctx, struct control *c)
{
	struct request *r = talloc_zero(ctx, struct request);

	if (r == NULL)
		return NULL;
	r->control = c;
	r->st = c->st;
	r->s = c->s;
	r->passed = -1;
	r->out = buf_new(r, CONTROL_OUT_MAX);
	if (r->out == NULL) {
		talloc_free(r);
		return NULL;
	}
	return r;
}

struct request *
request_refuse(const void *ctx, struct control *c, int exit, const char *text)
{
	struct request *r = request_start(ctx, c);

	if (r == NULL)
		return NULL;
	request_fail(r, exit, "%s", text);
	answer_end(r);
	return r;
}

/* ---- the record ---- */

int
record_commit(struct store *st, const struct store_record *line, bool begun,
    struct error *err)
{
	if (!begun && store_begin(st, err) != 0)
		return -1;
	if (store_record_add(st, line, err) != 0 ||
	    store_commit(st, err) != 0) {
		store_rollback(st);
		return -1;
	}
	return 0;
}

int
request_record(struct request *r, int64_t casefile, int64_t letter,
    int64_t outmail, uint32_t code, const char *note, bool begun)
{
	char *copy = note != NULL ? talloc_strdup(r, note) : NULL;
	struct store_record line = {
	    .at = clock_now(),
	    .what = r->command->records,
	    .actor = r->actor,
	    .casefile = casefile,
	    .letter = letter,
	    .outmail = outmail,
	    .code = code,
	    .note = copy,
	};

	if (record_commit(r->st, &line, begun, &r->err) != 0)
		return -1;
	r->recorded = true;
	return 0;
}

/* No line, no answer: one who is refused may not fill the disk in silence. */
static enum turn
request_deny(struct request *r, const char *why)
{
	struct store_record line = {
	    .at = clock_now(),
	    .what = RECORD_REFUSED,
	    .actor = r->actor,
	    .note = talloc_asprintf(
		r, "psirt %s", r->command != NULL ? r->command->name : "?"),
	};

	if (record_commit(r->st, &line, false, &r->err) != 0)
		log_err("control: a refusal could not be recorded: %s",
		    r->err.text);
	log_warn("control: refused %s: %s", r->actor,
	    r->command != NULL ? r->command->name : "an unknown command");
	return request_fail(r, CONTROL_EXIT_REFUSED, "%s", why);
}

/* ---- who asks ---- */

static const char *
role_of(enum operator_role role)
{
	return role == OPERATOR_LEAD       ? "lead"
	       : role == OPERATOR_OPERATOR ? "operator"
					   : "viewer";
}

static enum turn
request_role(struct request *r, uid_t uid)
{
	const struct operator* who = settings_operator(r->s, uid);

	r->uid = uid;
	if (who == NULL) {
		r->actor = talloc_asprintf(r, "uid %u", (unsigned)uid);
		if (!strangers_may_be_recorded(r->control))
			return request_fail(
			    r, CONTROL_EXIT_AGAIN, "%s", CONTROL_BUSY);
		return request_deny(
		    r, talloc_asprintf(r,
			   "the settings name no operator with uid %u: add an "
			   "operator to %s and restart psirtd",
			   (unsigned)uid, r->s->file));
	}
	r->actor = talloc_strdup(r, who->user);
	r->who = who;
	if (r->command != NULL && who->role < r->command->role)
		return request_deny(
		    r, talloc_asprintf(r,
			   "\"psirt %s\" needs the role %s, and %s is %s in %s",
			   r->command->name, role_of(r->command->role),
			   who->user, role_of(who->role), r->s->file));
	return TURN_MORE;
}

/* ---- from the socket ---- */

static int
request_args(
    struct request *r, const json_t *root, const char ***args, size_t *nargs)
{
	json_t *list = json_object_get(root, "args");

	if (json_integer_value(json_object_get(root, "version")) != 1)
		return error_set(&r->err, FAULT_INPUT,
		    "psirtd speaks version 1: psirt and psirtd must be of the "
		    "same release");
	if (!json_is_array(list) || json_array_size(list) > REQUEST_WORDS)
		return error_set(&r->err, FAULT_INPUT,
		    "\"args\" must be a list of at most %d words",
		    REQUEST_WORDS);
	*nargs = json_array_size(list);
	*args = talloc_zero_array(r, const char *, *nargs + 1);
	if (*args == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < *nargs; i++) {
		const json_t *word = json_array_get(list, i);

		if (!json_is_string(word))
			return error_set(&r->err, FAULT_INPUT,
			    "\"args\" must hold nothing but words");
		(*args)[i] = talloc_strdup(r, json_string_value(word));
		if ((*args)[i] == NULL)
			return error_set(&r->err, FAULT_RETRY, "out of memory");
	}
	return 0;
}

struct request *
request_new(const void *ctx, struct control *c, uid_t uid, struct bytes line)
{
	struct request *r = request_start(ctx, c);
	enum turn step = TURN_FAILED;
	const char **args = NULL;
	size_t nargs = 0;
	json_error_t at;
	json_t *root;
	int parsed;

	if (r == NULL)
		return NULL;
	root = json_loadb(
	    (const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &at);
	if (!json_is_object(root))
		parsed = error_set(&r->err, FAULT_INPUT,
		    "a request is one line of JSON: use psirt");
	else
		parsed = request_args(r, root, &args, &nargs);
	if (parsed == 0)
		parsed = request_words(r, args, nargs);
	json_decref(root);
	if (parsed == 0 || r->words != NULL)
		request_find(r);

	/* Who asks comes before what is wrong with the question. */
	step = request_role(r, uid);
	if (step == TURN_MORE && parsed == 0)
		step = request_check(r);
	else if (step == TURN_MORE)
		step = TURN_FAILED;
	if (step == TURN_FAILED) {
		if (r->exit == CONTROL_EXIT_DONE)
			r->exit = r->err.fault == FAULT_RETRY
				      ? CONTROL_EXIT_AGAIN
				      : CONTROL_EXIT_USAGE;
		answer_end(r);
	}
	return r;
}

bool
request_turn(struct request *r, int64_t until_ms)
{
	enum turn step;

	if (r->place == ANSWER_WHOLE)
		return false;
	r->until_ms = until_ms;
	step = r->command->run(r);
	if (step == TURN_MORE)
		return true;
	if (step == TURN_FAILED && r->exit == CONTROL_EXIT_DONE) {
		/* A sentence of the store, the desk or the engine. */
		r->exit = r->err.fault == FAULT_RETRY ? CONTROL_EXIT_AGAIN
						      : CONTROL_EXIT_REFUSED;
		if (r->err.fault == FAULT_BUG || r->err.fault == FAULT_SETUP)
			log_err(
			    "control: %s: %s", r->command->name, r->err.text);
	}
	answer_end(r);
	talloc_free(r->state);
	r->state = NULL;
	log_debug(
	    "control: %s: %s exit=%d", r->actor, r->command->name, r->exit);
	return false;
}

bool
request_number(struct request *r, const char *word, const char *noun,
    const char *look, int64_t *number)
{
	char *end = NULL;

	errno = 0;
	*number = strtoll(word, &end, 10);
	if (word[0] >= '0' && word[0] <= '9' && *end == '\0' && errno == 0 &&
	    *number > 0)
		return true;
	request_fail(r, CONTROL_EXIT_USAGE,
	    "\"%.40s\" is no number of a %s: \"%s\" shows them", word, noun,
	    look);
	return false;
}
