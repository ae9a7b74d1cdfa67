/*
 * words.c - the words of a request: options, and which row of commands[].
 *
 * Runs in the engine.  Takes what was typed; parts options from words, finds
 * the row that says most of it, and says what is wrong with the rest.
 */
#include "request.h"

#include <stddef.h>
#include <string.h>

#include <talloc.h>

#define REQUEST_WHY_MAX 2000

static const struct option {
	const char *name;
	uint64_t option;
	size_t value; /* where the word behind it goes; 0: it takes none */
} options[] = {
    {"again", OPTION_AGAIN, 0},
    {"all", OPTION_ALL, 0},
    {"attachments", OPTION_ATTACHMENTS, 0},
    {"by", OPTION_BY, offsetof(struct request, by)},
    {"case", OPTION_CASE, offsetof(struct request, casefile)},
    {"checkpoint", OPTION_CHECKPOINT, offsetof(struct request, checkpoint)},
    {"deputy", OPTION_DEPUTY, offsetof(struct request, deputy)},
    {"details", OPTION_DETAILS, 0},
    {"digest", OPTION_DIGEST, offsetof(struct request, digest)},
    {"drop", OPTION_DROP, 0},
    {"dry-run", OPTION_DRY_RUN, 0},
    {"edit", OPTION_EDIT, 0},
    {"ja", OPTION_JA, 0},
    {"letters", OPTION_LETTERS, 0},
    {"move", OPTION_MOVE, 0},
    {"notes", OPTION_NOTES, 0},
    {"override", OPTION_OVERRIDE, offsetof(struct request, override)},
    {"raw", OPTION_RAW, 0},
    {"reopen", OPTION_REOPEN, 0},
    {"share", OPTION_SHARE, offsetof(struct request, share)},
    {"verify", OPTION_VERIFY, 0},
    {"why", OPTION_WHY, offsetof(struct request, why)},
    {"yes", OPTION_YES, 0},
};

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

static int
request_option(
    struct request *r, const char *const *args, size_t nargs, size_t *at)
{
	const char *name = args[*at] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const char *value = equals != NULL ? equals + 1 : NULL;
	bool wants;

	for (size_t i = 0; i < NOPTIONS; i++) {
		if (strlen(options[i].name) != len ||
		    strncmp(options[i].name, name, len) != 0)
			continue;
		wants = options[i].value != 0;
		if (wants && value == NULL && *at + 1 < nargs)
			value = args[++*at];
		if (wants != (value != NULL)) {
			request_fail(r, CONTROL_EXIT_USAGE,
			    wants ? "--%s wants a word behind it"
				  : "--%s takes no value",
			    options[i].name);
			return -1;
		}
		r->options |= options[i].option;
		if (wants)
			memcpy((char *)r + options[i].value, &value,
			    sizeof(value));
		return 0;
	}
	request_fail(r, CONTROL_EXIT_USAGE,
	    "no option \"%.40s\": \"psirt help\" shows what there is",
	    args[*at]);
	return -1;
}

int
request_words(struct request *r, const char *const *args, size_t nargs)
{
	bool plain = false;

	r->words = talloc_zero_array(r, const char *, nargs + 2);
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

/* ---- which row of commands[] is meant ---- */

/* An option that is given; "ask" and "raw" are none. */
static bool
has_option_named(const struct request *r, const char *name, size_t len)
{
	for (size_t i = 0; i < NOPTIONS; i++)
		if (strlen(options[i].name) == len &&
		    strncmp(options[i].name, name, len) == 0)
			return request_has(r, options[i].option);
	return false;
}

#define FIT_OPTION 256 /* outweighs every word */
#define FIT_WORD 16    /* outweighs every word in capitals */

/*
 * How well a row's name fits what was typed; 0: it does not.  Of two rows
 * that fit, the one that says more of it is meant.
 */
static unsigned
command_fit(const struct request *r, const char *name)
{
	unsigned fit = 0;
	size_t at = 0;

	for (; *name != '\0'; name += *name == ' ') {
		size_t len = strcspn(name, " ");

		if (strncmp(name, "--", 2) == 0) {
			if (!has_option_named(r, name + 2, len - 2))
				return 0;
			fit += FIT_OPTION;
		} else if (at >= r->nwords) {
			return 0;
		} else if (*name >= 'A' && *name <= 'Z') {
			fit++;
			at++;
		} else {
			if (strlen(r->words[at]) != len ||
			    strncmp(r->words[at], name, len) != 0)
				return 0;
			fit += FIT_WORD;
			at++;
		}
		name += len;
	}
	return fit;
}

/* Takes the words out that are the row's own: what is left is its matter. */
static void
request_strip(struct request *r)
{
	const char *name = r->command->name;
	size_t at = 0, kept = 0;

	for (; *name != '\0'; name += *name == ' ') {
		size_t len = strcspn(name, " ");

		if (*name >= 'A' && *name <= 'Z')
			r->words[kept++] = r->words[at++];
		else if (strncmp(name, "--", 2) != 0)
			at++;
		name += len;
	}
	while (at < r->nwords)
		r->words[kept++] = r->words[at++];
	r->nwords = kept;
}

void
request_find(struct request *r)
{
	unsigned best = 0;

	if (r->nwords == 0)
		r->words[r->nwords++] = "today";
	for (size_t i = 0; i < ncommands; i++) {
		unsigned fit = command_fit(r, commands[i].name);

		/* Of two that say as much, the one that fewer may. */
		if (fit > best || (fit > 0 && fit == best &&
				      commands[i].role > r->command->role)) {
			best = fit;
			r->command = &commands[i];
		}
	}
	if (r->command != NULL)
		request_strip(r);
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

enum turn
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
