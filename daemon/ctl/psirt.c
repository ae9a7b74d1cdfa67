/*
 * psirt.c - the command of the desk: asks psirtd, prints the answer.
 *
 * A thin client: it knows which commands and options there are, where the
 * socket is, and how answers look; what may be done and what is done stands
 * in psirtd.  Exit: 0 done, 1 refused, 2 usage, 75 try later.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <talloc.h>

#include "ask.h"
#include "block.h"
#include "talk.h"
#include "verbs.h"

#define SOCKET_DEFAULT "/run/psirtd/control.sock"
#define WORDS_MOST 60

enum client_option { /* beside those a command hands on */
	CLIENT_HELP = 1,
	CLIENT_JSON,
	CLIENT_NO_HEADER,
	CLIENT_SOCKET,
	CLIENT_VERSION,
	CLIENT_HANDED,
};

static const struct option options[] = {
    {"help", no_argument, NULL, CLIENT_HELP},
    {"json", no_argument, NULL, CLIENT_JSON},
    {"no-header", no_argument, NULL, CLIENT_NO_HEADER},
    {"socket", required_argument, NULL, CLIENT_SOCKET},
    {"version", no_argument, NULL, CLIENT_VERSION},
    {"again", no_argument, NULL, CLIENT_HANDED},
    {"all", no_argument, NULL, CLIENT_HANDED},
    {"attachments", no_argument, NULL, CLIENT_HANDED},
    {"by", required_argument, NULL, CLIENT_HANDED},
    {"case", required_argument, NULL, CLIENT_HANDED},
    {"checkpoint", required_argument, NULL, CLIENT_HANDED},
    {"deputy", required_argument, NULL, CLIENT_HANDED},
    {"details", no_argument, NULL, CLIENT_HANDED},
    {"digest", required_argument, NULL, CLIENT_HANDED},
    {"drop", no_argument, NULL, CLIENT_HANDED},
    {"dry-run", no_argument, NULL, CLIENT_HANDED},
    {"edit", no_argument, NULL, CLIENT_HANDED},
    {"ja", no_argument, NULL, CLIENT_HANDED},
    {"letters", no_argument, NULL, CLIENT_HANDED},
    {"move", no_argument, NULL, CLIENT_HANDED},
    {"notes", no_argument, NULL, CLIENT_HANDED},
    {"override", required_argument, NULL, CLIENT_HANDED},
    {"raw", no_argument, NULL, CLIENT_HANDED},
    {"reopen", no_argument, NULL, CLIENT_HANDED},
    {"share", required_argument, NULL, CLIENT_HANDED},
    {"verify", no_argument, NULL, CLIENT_HANDED},
    {"why", required_argument, NULL, CLIENT_HANDED},
    {"yes", no_argument, NULL, CLIENT_HANDED},
    {NULL, 0, NULL, 0},
};

static int
usage_error(bool json, const char *what, const char *word)
{
	char *why = talloc_asprintf(
	    NULL, "%s \"%s\": \"psirt help\" shows all", what, word);
	int code = talk_refuse(json, why != NULL ? why : what, ASK_EXIT_USAGE);

	talloc_free(why);
	return code;
}

static int
help_about(const char *name)
{
	const struct verb *verb = verb_named(name);

	if (verb == NULL)
		return usage_error(false, "no command", name);
	printf("psirt %s\n    %s\n", verb->usage, verb->summary);
	if (verb->more != NULL)
		printf("\n%s\n", verb->more);
	return ASK_EXIT_DONE;
}

static int
help(void)
{
	puts("usage: psirt [COMMAND] [--json] [--no-header] [--socket PATH]\n\n"
	     "psirt alone shows what waits for you and what to type next.\n");
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		printf("  psirt %s\n      %s\n", verb->usage, verb->summary);
	puts("\nCASE is PSIRT-2026-0012, 2026-12 or 12; LETTER and MAIL are "
	     "numbers.\n\"psirt help COMMAND\" says more about one, --json "
	     "answers for machines.\nExit: 0 done, 1 refused, 2 wrong usage, "
	     "75 try again. See psirt(1).");
	return ASK_EXIT_DONE;
}

struct call {
	void *ctx; /* of what its words need */
	const char *socket;
	bool json, header, help, version;
	const char *args[2 * WORDS_MOST];
	size_t nargs;
	size_t nwords; /* words alone; they stand first in args */
};

/* Options anywhere on the line; "--" ends them. */
static int
call_parse(struct call *call, int argc, char **argv)
{
	const char *handed[2 * WORDS_MOST];
	size_t nhanded = 0;
	int index;
	int c;

	opterr = 0;
	/* Wherever it stands, it rules how a refusal is told. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			call->json = true;
	while ((c = getopt_long(argc, argv, ":h", options, &index)) != -1) {
		switch (c) {
		case 'h':
		case CLIENT_HELP:
			call->help = true;
			break;
		case CLIENT_JSON:
			call->json = true;
			break;
		case CLIENT_NO_HEADER:
			call->header = false;
			break;
		case CLIENT_SOCKET:
			call->socket = optarg;
			break;
		case CLIENT_VERSION:
			call->version = true;
			break;
		case ':':
			return usage_error(call->json,
			    "a word is missing behind", argv[optind - 1]);
		case '?':
			return usage_error(
			    call->json, "no option", argv[optind - 1]);
		default:
			if (nhanded + 2 > WORDS_MOST)
				return usage_error(
				    call->json, "too many", "options");
			handed[nhanded++] = talloc_asprintf(
			    call->ctx, "--%s", options[index].name);
			if (optarg != NULL)
				handed[nhanded++] = optarg;
		}
	}
	if (argc - optind > WORDS_MOST - 1)
		return usage_error(call->json, "too many", "words");
	for (size_t i = 0; i < nhanded; i++)
		call->args[call->nargs++] = handed[i];
	/* What stands behind "--" are words, whatever they look like. */
	call->args[call->nargs++] = "--";
	for (int i = optind; i < argc; i++)
		call->args[call->nargs++] = argv[i];
	call->nwords = (size_t)(argc - optind);
	return ASK_EXIT_DONE;
}

/* An option that is handed on, and its value behind it; NULL: not given. */
static const char *
call_value(const struct call *call, const char *option)
{
	for (size_t i = 0; i + call->nwords < call->nargs; i++)
		if (strcmp(call->args[i], option) == 0)
			return call->args[i + 1];
	return NULL;
}

static bool
call_has(const struct call *call, const char *option)
{
	return call_value(call, option) != NULL;
}

/*
 * A command that takes more than one question, or a file; false: it is asked as
 * it stands.  With a digest it says itself what was read.
 */
static bool
call_talk(
    const struct call *call, const struct talk *t, const char *name, int *code)
{
	const char *word = call->args[call->nargs - 1];
	bool yes = call_has(call, "--yes"), edit = call_has(call, "--edit");

	if (call->nwords != 2)
		return false;
	if (strcmp(name, "backup") == 0) {
		*code = talk_backup(t, word);
		return true;
	}
	if (strcmp(name, "reply") == 0 && t->override == NULL) {
		*code = talk_reply(t, word);
		return true;
	}
	if (strcmp(name, "approve") != 0 || call_has(call, "--drop") ||
	    call_has(call, "--digest") || (yes && edit))
		return false;
	if (!yes && !edit && (t->json || !t->terminal))
		return false;
	*code = talk_approve(t, word,
	    yes    ? APPROVE_SEND
	    : edit ? APPROVE_EDIT
		   : APPROVE_ASK);
	return true;
}

/* psirtd reads no file of a user's: it is given what stands in it. */
static int
call_block(struct call *call, const char *name, struct error *err)
{
	const char **word = &call->args[call->nargs - 1];
	const char *what = call->nwords == 3 ? word[-1] : NULL;

	for (size_t i = 0; i + call->nwords < call->nargs; i++) {
		if (strcmp(call->args[i], "--checkpoint") != 0)
			continue;
		call->args[i + 1] =
		    checkpoint_read(call->ctx, call->args[i + 1], err);
		return call->args[i + 1] != NULL ? 0 : -1;
	}
	if (what == NULL || strcmp(name, "key") != 0 ||
	    strcmp(what, "stage") != 0)
		return 0;
	*word = block_read(call->ctx, *word, err);
	return *word != NULL ? 0 : -1;
}

static int
call_run(struct call *call, int argc, char **argv)
{
	struct talk t = {.in = stdin, .p = printer_of(stdout)};
	const char *name;
	struct error err;
	json_t *answer;
	int rc;

	rc = call_parse(call, argc, argv);
	if (rc != ASK_EXIT_DONE)
		return rc;
	if (call->version) {
		puts("psirt " PSIRTD_VERSION);
		return ASK_EXIT_DONE;
	}
	name =
	    call->nwords > 0 ? call->args[call->nargs - call->nwords] : "today";
	if (call->help)
		return call->nwords > 0 ? help_about(name) : help();
	if (strcmp(name, "help") == 0)
		return call->nwords > 1
			   ? help_about(call->args[call->nargs - 1])
			   : help();

	t.socket = call->socket;
	t.json = call->json;
	t.p.header = call->header;
	t.override = call_value(call, "--override");
	t.why = call_value(call, "--why");
	t.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (call_talk(call, &t, name, &rc))
		return rc;
	error_clear(&err);
	if (call_block(call, name, &err) != 0)
		return talk_refuse(call->json, err.text, ASK_EXIT_REFUSED);
	answer = ask(call->socket, call->args, call->nargs, &err);
	if (answer == NULL)
		return talk_refuse(call->json, err.text,
		    err.fault == FAULT_RETRY ? ASK_EXIT_AGAIN
					     : ASK_EXIT_REFUSED);
	rc = talk_answer(&t, name, answer);
	json_decref(answer);
	return rc;
}

/* Letters pass through here: no core file, nobody looks in. */
static int
keep_to_itself(void)
{
	static const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return -1;
#ifndef PSIRTD_SANITIZE /* which looks for leaks from outside */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -1;
#endif
	return 0;
}

int
main(int argc, char **argv)
{
	const char *socket = getenv("PSIRT_SOCKET");
	struct call call = {.header = true};
	int rc;

	tzset();
	if (keep_to_itself() != 0) {
		perror("psirt");
		return ASK_EXIT_REFUSED;
	}
	call.ctx = talloc_new(NULL);
	call.socket =
	    socket != NULL && *socket != '\0' ? socket : SOCKET_DEFAULT;
	rc = call_run(&call, argc, argv);
	talloc_free(call.ctx);
	return rc;
}
