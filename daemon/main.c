/*
 * main.c - options, settings, start; `-x ROOM` goes to a room.
 *
 * The only file that ends the process.  The table below is the whole
 * architecture: one row a room, each this same program started anew.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/engine.h"
#include "psirtd/fetch.h"
#include "psirtd/log.h"
#include "psirtd/reading.h"
#include "psirtd/room.h"
#include "psirtd/sandbox.h"
#include "psirtd/send.h"
#include "psirtd/vault.h"

#define EXIT_USAGE 64

static const struct {
	const char *name;
	int (*run)(struct channel *engine);
	const char *what;
} rooms[] = {
    {"fetch", fetch_room, "IMAP, and the IMAP secret"},
    {"read", read_room, "letters: MIME, charsets, identifiers"},
    {"vault", vault_room, "keys: opens, signs, encrypts"},
    {"send", send_room, "SMTP, and the SMTP secret"},
};

static int
run_room(const char *name)
{
	struct channel *engine;
	struct stat st;

	if (fstat(ROOM_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "psirtd: -x is for psirtd itself\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		int rc;

		if (strcmp(rooms[i].name, name) != 0)
			continue;
		log_start(rooms[i].name, LOG_LEVEL_INFO);
		engine = channel_new(NULL, ROOM_FD, ROOM_FRAME_MAX);
		if (engine == NULL)
			return ENGINE_EXIT_TRY_AGAIN;
		rc = rooms[i].run(engine);
		talloc_free(engine);
		return rc;
	}
	fprintf(stderr, "psirtd: there is no room %s\n", name);
	return EXIT_USAGE;
}

static int
run_engine(const char *config, bool check, bool once, const char *restore)
{
	void *ctx = talloc_new(NULL);
	const struct settings *s;
	struct error err = {0};
	char *errors = NULL;
	int exit_code = ENGINE_EXIT_SETUP;

	s = settings_load(ctx, config, &errors, &err);
	if (s == NULL) {
		fputs(errors != NULL ? errors : "", stderr);
		fprintf(stderr, "psirtd: %s\n", err.text);
	} else if (settings_trust(ctx, s, &errors, &err) != 0) {
		fputs(errors, stderr);
		fprintf(stderr, "psirtd: %s\n", err.text);
	} else if (restore != NULL) {
		exit_code = engine_restore(s, restore);
	} else if (check) {
		exit_code = engine_check(s, "/proc/self/exe");
	} else {
		exit_code = engine_run(s, "/proc/self/exe", once);
	}
	talloc_free(ctx);
	return exit_code;
}

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: psirtd [-c FILE] [-n | --once | --restore FILE]\n"
	    "  -c, --config FILE   settings (default " PSIRTD_SYSCONFDIR
	    "/psirtd/psirtd.conf)\n"
	    "  -n, --check         check settings, keys and templates; start "
	    "nothing\n"
	    "      --once          handle what is there, then exit: 0, or 75 "
	    "where\n"
	    "                      something must be tried again\n"
	    "      --inspect FILE  numbers, dates and states of a database, "
	    "while no\n"
	    "                      daemon has it open; no content, no key "
	    "needed\n"
	    "      --restore FILE  put a backup in the place of the database, "
	    "where none\n"
	    "                      is; nothing leaves before \"psirt queue "
	    "release\"\n"
	    "      --stops         the table of stops\n"
	    "      --version\n"
	    "      --help\n");
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'n'},
	    {"once", no_argument, NULL, 'o'},
	    {"inspect", required_argument, NULL, 'i'},
	    {"restore", required_argument, NULL, 'r'},
	    {"stops", no_argument, NULL, 's'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const char *config = PSIRTD_SYSCONFDIR "/psirtd/psirtd.conf";
	struct error err = {0};
	const char *restore = NULL;
	const char *room = NULL;
	bool check = false;
	bool once = false;
	int c;

	umask(077);
	/* Whatever this process is to be: before it holds a secret. */
	if (sandbox_base(&err) != 0) {
		fprintf(stderr, "psirtd: %s\n", err.text);
		return ENGINE_EXIT_SETUP;
	}
	while ((c = getopt_long(argc, argv, "c:nx:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'o':
			once = true;
			break;
		case 'x':
			room = optarg;
			break;
		case 'i':
			return engine_inspect(optarg);
		case 'r':
			restore = optarg;
			break;
		case 's':
			engine_print_stops();
			return 0;
		case 'V':
			printf("psirtd %s\n", PSIRTD_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc || check + once + (restore != NULL) > 1) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (room != NULL)
		return run_room(room);
	return run_engine(config, check, once, restore);
}
