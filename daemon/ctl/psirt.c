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
#include <time.h>

#include <talloc.h>

#include "ask.h"
#include "psirtd/text.h"
#include "view.h"

#define SOCKET_DEFAULT "/run/psirtd/control.sock"
#define WORDS_MOST 60

enum client_option { /* beside those a command hands on */
	CLIENT_HELP = 1,
	CLIENT_JSON,
	CLIENT_NO_HEADER,
	CLIENT_SOCKET,
	CLIENT_VERSION,
	CLIENT_FIRST, /* from here on: options[] by its place */
};

static const struct option options[] = {
    {"help", no_argument, NULL, CLIENT_HELP},
    {"json", no_argument, NULL, CLIENT_JSON},
    {"no-header", no_argument, NULL, CLIENT_NO_HEADER},
    {"socket", required_argument, NULL, CLIENT_SOCKET},
    {"version", no_argument, NULL, CLIENT_VERSION},
    {"again", no_argument, NULL, CLIENT_FIRST},
    {"all", no_argument, NULL, CLIENT_FIRST + 1},
    {"attachments", no_argument, NULL, CLIENT_FIRST + 2},
    {"case", required_argument, NULL, CLIENT_FIRST + 3},
    {"details", no_argument, NULL, CLIENT_FIRST + 4},
    {"letters", no_argument, NULL, CLIENT_FIRST + 5},
    {"notes", no_argument, NULL, CLIENT_FIRST + 6},
    {"raw", no_argument, NULL, CLIENT_FIRST + 7},
    {"reopen", no_argument, NULL, CLIENT_FIRST + 8},
    {"verify", no_argument, NULL, CLIENT_FIRST + 9},
    {"why", required_argument, NULL, CLIENT_FIRST + 10},
    {NULL, 0, NULL, 0},
};

/* In alphabetical order, as in psirt.1. */
static const struct verb {
	const char *name;
	const char *usage;
	const char *summary;
	const char *more; /* for `psirt help NAME`; NULL: nothing to add */
	void (*view)(const struct printer *p, json_t *data);
} verbs[] = {
    {"drop", "drop LETTER --why TEXT",
	"end a letter that is no report; the reason is kept",
	"The letter stays readable, and \"psirt file LETTER\" takes it up "
	"again.\nThe reason is sealed; the record holds its digest alone.",
	view_done},
    {"file", "file LETTER", "make a case of a letter that was set aside",
	"For an inquiry, a letter set aside or a quarantined one. It joins\n"
	"the case it names where it may, else it becomes a case of its own.\n"
	"A claim to be a correspondent stays a claim: nothing is answered.",
	view_done},
    {"help", "help [COMMAND]", "this page; more about one command", NULL, NULL},
    {"key", "key reseal", "seal the data key to the keys of today",
	"For leads, after the POC key or the recovery key was changed in the\n"
	"settings: old backups still open with the old ones.",
	view_key},
    {"letter", "letter LETTER [--raw | --reopen]",
	"read a letter; its bytes; open it anew with new keys",
	"Text behind \"| \" is covered by a good signature of a key that is\n"
	"known here, text behind \"? \" by none. Above each part stands who\n"
	"signed it. Reading is recorded before the first byte is shown.\n"
	"--raw gives the bytes as they came, best into a file.\n"
	"--reopen decrypts and judges the letter once more.",
	view_letter},
    {"list", "list [--all] [--letters]",
	"open cases; closed ones too; letters instead",
	"Numbers, dates and states only; it leaves no trace.", view_list},
    {"log", "log [--case CASE] [--notes | --verify]",
	"the record; with its notes; check its chain",
	"--notes shows what people wrote as reasons; that is recorded.\n"
	"--verify walks the whole chain and prints its head.",
	view_log},
    {"queue", "queue [drop MAIL | resend MAIL | sent MAIL]",
	"mails that have not left; decide about one",
	"drop    it will not be sent\n"
	"resend  try again; where it may have arrived, the same bytes\n"
	"sent    it did arrive (you asked the reader): count it as sent",
	view_queue},
    {"route", "route CASE DEPARTMENT... [--details] [--attachments] [--again]",
	"send a case to departments",
	"Each contact gets the overview, signed and encrypted; quality only\n"
	"that something came in. --details adds the words of the report, a\n"
	"signature under them too: read them first. --attachments adds its\n"
	"files. Headers, address and keys of the finder stay here unless the\n"
	"settings share them. --again sends what went out once already.",
	view_done},
    {"show", "show CASE", "all about one case",
	"Finder, letters, mails and departments; reading is recorded.",
	view_show},
    {"today", "[today]", "what waits for you, and what to type", NULL,
	view_today},
};

#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *
verb_named(const char *name)
{
	for (size_t i = 0; i < NVERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/*
 * A refusal of psirt itself: a sentence, or for programs the same object
 * that psirtd would have answered.
 */
static int
refuse(bool json, const char *why, int exit)
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
usage_error(bool json, const char *what, const char *word)
{
	char *why = talloc_asprintf(
	    NULL, "%s \"%s\": \"psirt help\" shows all", what, word);
	int code = refuse(json, why != NULL ? why : what, ASK_EXIT_USAGE);

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
	for (size_t i = 0; i < NVERBS; i++)
		printf(
		    "  psirt %s\n      %s\n", verbs[i].usage, verbs[i].summary);
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

static int
call_answer(const struct call *call, const char *name, const json_t *answer)
{
	const struct verb *verb = verb_named(name);
	const char *error = json_string_value(json_object_get(answer, "error"));
	json_int_t code = json_integer_value(json_object_get(answer, "exit"));
	struct printer p = printer_of(stdout);
	char *safe;

	p.header = call->header;
	if (call->json) {
		if (view_json(stdout, answer) != 0)
			return ASK_EXIT_REFUSED;
	} else if (code == ASK_EXIT_DONE && verb != NULL &&
		   verb->view != NULL) {
		verb->view(&p, json_object_get(answer, "data"));
	}
	if (error != NULL && !call->json) {
		safe = text_show(NULL, error);
		fprintf(stderr, "psirt: %s\n", safe != NULL ? safe : "?");
		talloc_free(safe);
	}
	/* A full disk behind a redirection is no success. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("psirt");
		return ASK_EXIT_REFUSED;
	}
	return code >= 0 && code < 126 ? (int)code : ASK_EXIT_REFUSED;
}

static int
call_run(struct call *call, int argc, char **argv)
{
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

	error_clear(&err);
	answer = ask(call->socket, call->args, call->nargs, &err);
	if (answer == NULL)
		return refuse(call->json, err.text,
		    err.fault == FAULT_RETRY ? ASK_EXIT_AGAIN
					     : ASK_EXIT_REFUSED);
	rc = call_answer(call, name, answer);
	json_decref(answer);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *socket = getenv("PSIRT_SOCKET");
	struct call call = {.header = true};
	int rc;

	tzset();
	call.ctx = talloc_new(NULL);
	call.socket =
	    socket != NULL && *socket != '\0' ? socket : SOCKET_DEFAULT;
	rc = call_run(&call, argc, argv);
	talloc_free(call.ctx);
	return rc;
}
