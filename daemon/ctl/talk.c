/*
 * talk.c - commands that take more than one question: approve, reply.
 *
 * Runs in psirt.  A draft is shown as its reader will have it, and what is
 * approved is what was shown: psirtd gave a digest with it and refuses any
 * other.  An edited draft is shown again before it can be sent.
 */
#include "talk.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "ask.h"
#include "edit.h"
#include "psirtd/bytes.h"
#include "psirtd/text.h"
#include "verbs.h"

#define SUBJECT "Subject: "
#define N(a) (sizeof(a) / sizeof((a)[0]))

int
talk_refuse(bool json, const char *why, int exit)
{
	char *safe = text_show(NULL, why);
	json_t *answer;

	if (json) {
		answer = json_pack("{s:i,s:{},s:s,s:i}", "version", 1, "data",
		    "error", safe != NULL ? safe : "?", "exit", exit);
		view_json(stdout, answer);
		json_decref(answer);
	} else {
		fprintf(stderr, "psirt: %s\n", safe != NULL ? safe : "?");
	}
	talloc_free(safe);
	return exit;
}

static int
refuse_error(const struct talk *t, const struct error *err)
{
	return talk_refuse(t->json, err->text,
	    err->fault == FAULT_RETRY ? ASK_EXIT_AGAIN : ASK_EXIT_REFUSED);
}

int
talk_answer(const struct talk *t, const char *name, const json_t *answer)
{
	const struct verb *verb = verb_named(name);
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_int_t code = json_integer_value(json_object_get(answer, "exit"));
	char *safe;

	if (t->json) {
		if (view_json(t->p.out, answer) != 0)
			return ASK_EXIT_REFUSED;
	} else if (code == ASK_EXIT_DONE && verb != NULL &&
		   verb->view != NULL) {
		verb->view(&t->p, json_object_get(answer, "data"));
	}
	if (error != NULL && !t->json) {
		safe = text_show(NULL, error);
		fprintf(stderr, "psirt: %s\n", safe != NULL ? safe : "?");
		talloc_free(safe);
	}
	/* A full disk behind a redirection is no success. */
	if (fflush(t->p.out) != 0 || ferror(t->p.out)) {
		perror("psirt");
		return ASK_EXIT_REFUSED;
	}
	return code >= 0 && code < 126 ? (int)code : ASK_EXIT_REFUSED;
}

/* Asks and prints; its exit code. */
static int
talk_ask(const struct talk *t, const char *verb, const char *const *args,
    size_t nargs)
{
	struct error err;
	json_t *answer;
	int code;

	error_clear(&err);
	answer = ask(t->socket, args, nargs, &err);
	if (answer == NULL)
		return refuse_error(t, &err);
	code = talk_answer(t, verb, answer);
	json_decref(answer);
	return code;
}

/* ---- a draft ---- */

static int
approve_send(const struct talk *t, const char *mail, const char *digest)
{
	const char *args[12] = {"--yes", "--digest", digest};
	size_t n = 3;

	if (t->override != NULL) {
		args[n++] = "--override";
		args[n++] = t->override;
	}
	if (t->why != NULL) {
		args[n++] = "--why";
		args[n++] = t->why;
	}
	args[n++] = "--";
	args[n++] = "approve";
	args[n++] = mail;
	return talk_ask(t, "approve", args, n);
}

static int
approve_drop(const struct talk *t, const char *mail, const char *why)
{
	const char *args[] = {"--drop", "--why", why, "--", "approve", mail};

	return talk_ask(t, "approve", args, N(args));
}

/* "Subject: …", an empty line, the body; NULL: it is not that. */
static char *
split_subject(char *text, char **body)
{
	char *subject = text + strlen(SUBJECT);
	char *end;

	if (strncmp(text, SUBJECT, strlen(SUBJECT)) != 0)
		return NULL;
	end = strchr(subject, '\n');
	if (end == NULL || end[1] != '\n')
		return NULL;
	*end = '\0';
	*body = end + 2;
	return subject;
}

static int
approve_edit(const struct talk *t, const char *mail, const json_t *draft)
{
	void *ctx = talloc_new(NULL);
	const char *body = view_string(draft, "body");
	char *text = talloc_asprintf(
	    ctx, SUBJECT "%s\n\n%s", view_string(draft, "subject"), body);
	const char *args[] = {"--edit", "--digest",
	    view_string(draft, "digest"), "--", "approve", mail, NULL, NULL};
	char *edited, *new_body = NULL;
	struct error err;
	int code;

	error_clear(&err);
	edited = edit_text(ctx, text, &err);
	if (edited == NULL) {
		code = refuse_error(t, &err);
	} else if (strcmp(edited, text) == 0) {
		fputs("Nothing was changed.\n", t->p.out);
		code = ASK_EXIT_DONE;
	} else if ((args[6] = split_subject(edited, &new_body)) == NULL) {
		code = talk_refuse(t->json,
		    "the first line must be \"Subject: …\", the second empty: "
		    "nothing was changed",
		    ASK_EXIT_REFUSED);
	} else {
		args[7] = new_body;
		code = talk_ask(t, "approve", args, N(args));
	}
	talloc_free(ctx);
	return code;
}

/* A line that a person typed; false: the end. */
static bool
talk_line(const struct talk *t, const char *prompt, char *line, size_t size)
{
	fputs(prompt, t->p.out);
	fflush(t->p.out);
	if (fgets(line, (int)size, t->in) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* 's', 'e', 'd' or 'q'; 0: something else, and "stop" is not "send". */
static char
approve_word(const char *line)
{
	static const char *const words[] = {"send", "edit", "drop", "quit"};

	for (size_t i = 0; i < N(words); i++)
		if (strcasecmp(line, words[i]) == 0 ||
		    (line[1] == '\0' && line[0] == words[i][0]))
			return words[i][0];
	return 0;
}

/* One round: *again, it is shown and asked once more. */
static int
approve_round(
    const struct talk *t, const char *mail, const json_t *draft, bool *again)
{
	char line[512];
	int code;

	*again = false;
	for (;;) {
		if (!talk_line(t, "[s]end [e]dit [d]rop [q]uit: ", line,
			sizeof(line)) ||
		    approve_word(line) == 'q') {
			fputs("It waits as it is.\n", t->p.out);
			return ASK_EXIT_DONE;
		}
		switch (approve_word(line)) {
		case 's':
			return approve_send(
			    t, mail, view_string(draft, "digest"));
		case 'e':
			code = approve_edit(t, mail, draft);
			*again = code == ASK_EXIT_DONE;
			return code;
		case 'd':
			/* Its reason, unless it is dropped by mistake. */
			if (talk_line(t, "Why: ", line, sizeof(line)) &&
			    line[0] != '\0' && approve_word(line) == 0)
				return approve_drop(t, mail, line);
			break;
		default:
			break;
		}
	}
}

int
talk_approve(const struct talk *t, const char *mail, enum approve_do what)
{
	const char *args[] = {"--", "approve", mail};
	bool again = true;
	int code = ASK_EXIT_DONE;

	while (again && code == ASK_EXIT_DONE) {
		struct error err;
		const json_t *draft;
		json_t *answer;

		error_clear(&err);
		answer = ask(t->socket, args, N(args), &err);
		if (answer == NULL)
			return refuse_error(t, &err);
		/* A program gets one object: that of what it came for. */
		if (!t->json || json_integer_value(json_object_get(
				    answer, "exit")) != ASK_EXIT_DONE)
			code = talk_answer(t, "approve", answer);
		draft =
		    json_object_get(json_object_get(answer, "data"), "mail");
		again = false;
		if (draft == NULL) {
			/* Refused, and said so. */
		} else if (what == APPROVE_SEND) {
			code =
			    approve_send(t, mail, view_string(draft, "digest"));
		} else if (what == APPROVE_EDIT) {
			code = approve_edit(t, mail, draft);
			again = t->terminal && !t->json;
			what = APPROVE_ASK;
		} else if (code == ASK_EXIT_DONE && t->terminal) {
			code = approve_round(t, mail, draft, &again);
		}
		json_decref(answer);
	}
	return code;
}

/* ---- an answer in the desk's own words ---- */

static char *
read_text(const void *ctx, FILE *in, struct error *err)
{
	struct buf *text = buf_new_secret(NULL, EDIT_MAX);
	char *copy = NULL;
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		if (text == NULL || buf_add(text, chunk, n, NULL) != 0) {
			error_set(err, FAULT_DENIED,
			    "the text is longer than %d KB", EDIT_MAX / 1024);
			goto out;
		}
	copy = bytes_text(ctx, buf_bytes(text));
	if (copy == NULL)
		error_set(err, FAULT_DENIED, "the text holds a zero byte");
out:
	talloc_free(text);
	return copy;
}

int
talk_reply(const struct talk *t, const char *casefile)
{
	const char *args[] = {"--", "reply", casefile, NULL};
	void *ctx = talloc_new(NULL);
	struct error err;
	char *text;
	int code;

	error_clear(&err);
	text = t->terminal ? edit_text(ctx, "", &err)
			   : read_text(ctx, t->in, &err);
	if (text == NULL) {
		code = refuse_error(t, &err);
	} else if (text_is_blank(bytes_str(text))) {
		code = talk_refuse(t->json,
		    "an empty answer is none: nothing was drafted",
		    ASK_EXIT_REFUSED);
	} else {
		args[3] = text;
		code = talk_ask(t, "reply", args, N(args));
	}
	talloc_free(ctx);
	return code;
}
