/*
 * request.c - a line of JSON from the socket becomes a request.
 *
 * Runs in the engine.  Takes the line and the uid of who sent it; finds the
 * row of commands[], checks the role, parses the options, calls the handler
 * turn by turn.  Whoever may not is refused, and the refusal stands in the
 * record before it is answered.  Knows nothing of sockets.
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
#define REQUEST_WHY_MAX 2000

static const struct option {
	const char *name;
	enum request_option option;
	bool value;
} options[] = {
    {"again", OPTION_AGAIN, false},
    {"all", OPTION_ALL, false},
    {"attachments", OPTION_ATTACHMENTS, false},
    {"case", OPTION_CASE, true},
    {"details", OPTION_DETAILS, false},
    {"letters", OPTION_LETTERS, false},
    {"notes", OPTION_NOTES, false},
    {"raw", OPTION_RAW, false},
    {"reopen", OPTION_REOPEN, false},
    {"verify", OPTION_VERIFY, false},
    {"why", OPTION_WHY, true},
};

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

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
request_has(const struct request *r, enum request_option option)
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

static int
record_commit(struct request *r, const struct store_record *line, bool begun)
{
	if (!begun && store_begin(r->st, &r->err) != 0)
		return -1;
	if (store_record_add(r->st, line, &r->err) != 0 ||
	    store_commit(r->st, &r->err) != 0) {
		store_rollback(r->st);
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

	if (record_commit(r, &line, begun) != 0)
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

	if (record_commit(r, &line, false) != 0)
		log_err("control: a refusal could not be recorded: %s",
		    r->err.text);
	log_warn("control: refused %s: %s", r->actor,
	    r->command != NULL ? r->command->name : "an unknown command");
	return request_fail(r, CONTROL_EXIT_REFUSED, "%s", why);
}

/* ---- the words of the command line ---- */

static int
request_option(
    struct request *r, const char *const *args, size_t nargs, size_t *at)
{
	const char *name = args[*at] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const char *value = equals != NULL ? equals + 1 : NULL;

	for (size_t i = 0; i < NOPTIONS; i++) {
		if (strlen(options[i].name) != len ||
		    strncmp(options[i].name, name, len) != 0)
			continue;
		if (options[i].value && value == NULL && *at + 1 < nargs)
			value = args[++*at];
		if (options[i].value != (value != NULL)) {
			request_fail(r, CONTROL_EXIT_USAGE,
			    options[i].value ? "--%s wants a word behind it"
					     : "--%s takes no value",
			    options[i].name);
			return -1;
		}
		r->options |= options[i].option;
		if (options[i].option == OPTION_WHY)
			r->why = value;
		if (options[i].option == OPTION_CASE)
			r->casefile = value;
		return 0;
	}
	request_fail(r, CONTROL_EXIT_USAGE,
	    "no option \"%.40s\": \"psirt help\" shows what there is",
	    args[*at]);
	return -1;
}

/* Words and options apart; the words go to r->words. */
static int
request_words(struct request *r, const char *const *args, size_t nargs)
{
	bool plain = false;

	r->words = talloc_zero_array(r, const char *, nargs + 1);
	if (r->words == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < nargs; i++) {
		if (!plain && strcmp(args[i], "--") == 0) {
			plain = true;
		} else if (!plain && strncmp(args[i], "--", 2) == 0) {
			if (request_option(r, args, nargs, &i) != 0)
				return -1;
		} else {
			r->words[r->nwords++] = args[i];
		}
	}
	return 0;
}

static const struct command *
command_named(const char *first, const char *second)
{
	size_t len = strlen(first);

	for (size_t i = 0; i < ncommands; i++) {
		const char *name = commands[i].name;

		if (strncmp(name, first, len) != 0)
			continue;
		if (second == NULL && name[len] == '\0')
			return &commands[i];
		if (second != NULL && name[len] == ' ' &&
		    strcmp(name + len + 1, second) == 0)
			return &commands[i];
	}
	return NULL;
}

/* The row for this word, with an option or a second word that has its own. */
static void
request_find(struct request *r)
{
	const char *word = r->nwords > 0 ? r->words[0] : "today";
	const struct command *special;
	char name[32];

	if (strchr(word, ' ') != NULL)
		return;
	r->command = command_named(word, NULL);
	/* "key" is none by itself. */
	if (r->command == NULL &&
	    (r->nwords < 2 || command_named(word, r->words[1]) == NULL))
		return;
	if (r->nwords > 0) {
		r->words++;
		r->nwords--;
	}
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (!request_has(r, options[i].option))
			continue;
		snprintf(name, sizeof(name), "--%s", options[i].name);
		special = command_named(word, name);
		if (special != NULL)
			r->command = special;
	}
	if (r->nwords == 0 || strncmp(r->words[0], "--", 2) == 0)
		return;
	special = command_named(word, r->words[0]);
	if (special != NULL) {
		r->command = special;
		r->words++;
		r->nwords--;
	}
}

/* `queue foo`: the command is known, what stands behind it is not. */
static enum turn
request_no_word(struct request *r, const char *word, const char *behind,
    const struct command *cmd)
{
	return request_fail(r, CONTROL_EXIT_USAGE,
	    "no \"%.40s\" behind %s: psirt %s", word, behind, cmd->usage);
}

static enum turn
request_unknown(struct request *r)
{
	const char *word = r->words[0];
	const struct command *near = command_nearest(word);
	int len = near != NULL ? (int)command_word(near) : 0;

	if (near == NULL)
		return request_fail(r, CONTROL_EXIT_USAGE,
		    "no command \"%.40s\": \"psirt help\" shows what there is",
		    word);
	if ((size_t)len == strlen(word) && r->nwords > 1 &&
	    strncmp(near->name, word, (size_t)len) == 0)
		return request_no_word(r, r->words[1], word, near);
	if ((size_t)len == strlen(word) &&
	    strncmp(near->name, word, (size_t)len) == 0)
		return request_fail(r, CONTROL_EXIT_USAGE,
		    "too few words: psirt %s", near->usage);
	return request_fail(r, CONTROL_EXIT_USAGE,
	    "no command \"%.40s\": did you mean \"%.*s\"?", word, len,
	    near->name);
}

static enum turn
request_check(struct request *r)
{
	const struct command *cmd = r->command;

	if (cmd == NULL)
		return request_unknown(r);
	for (size_t i = 0; i < NOPTIONS; i++)
		if (request_has(r, options[i].option) &&
		    !(cmd->options & options[i].option))
			return request_fail(r, CONTROL_EXIT_USAGE,
			    "--%s does not go here: psirt %s", options[i].name,
			    cmd->usage);
	if (cmd->most == 0 && r->nwords > 0)
		return request_no_word(r, r->words[0], cmd->name, cmd);
	if (r->nwords < cmd->least || r->nwords > cmd->most)
		return request_fail(r, CONTROL_EXIT_USAGE,
		    "too %s words: psirt %s",
		    r->nwords < cmd->least ? "few" : "many", cmd->usage);
	if (r->why != NULL && strlen(r->why) > REQUEST_WHY_MAX)
		return request_fail(r, CONTROL_EXIT_USAGE,
		    "--why is longer than %d bytes", REQUEST_WHY_MAX);
	return TURN_MORE;
}

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

	if (who == NULL) {
		r->actor = talloc_asprintf(r, "uid %u", (unsigned)uid);
		return request_deny(
		    r, talloc_asprintf(r,
			   "the settings name no operator with uid %u: add an "
			   "operator to %s and restart psirtd",
			   (unsigned)uid, r->s->file));
	}
	r->actor = talloc_strdup(r, who->user);
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
