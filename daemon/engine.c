/*
 * engine.c - the loop, and the table of stops: the way of a letter and of a
 * mail that leaves.
 *
 * Runs in the engine process.  A stop takes a row in one state and, in one
 * transaction, writes its next state and whatever it produced.  There is no
 * other queue: after a kill at any instruction the rows say what is left.
 * Nothing here parses a letter, holds a private key or opens a network
 * socket: rooms do (engine_rooms.c).
 */
#include "engine_case.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/sandbox.h"

/* The store may not see desk.h and write.h: here both sides are held to one. */
_Static_assert(STORE_LETTER_RECEIVED == LETTER_RECEIVED, "letter states");
_Static_assert(STORE_LETTER_QUARANTINED == LETTER_QUARANTINED, "letter states");
_Static_assert(STORE_REASON_TOO_LARGE == REASON_TOO_LARGE, "reasons");
_Static_assert(STORE_MAIL_ACKNOWLEDGE == MAIL_ACKNOWLEDGE, "kinds of mail");
_Static_assert(STORE_MAIL_RESEND == MAIL_RESEND, "kinds of mail");
_Static_assert(STORE_MAIL_ALERT == MAIL_ALERT, "kinds of mail");

#define POLL_MOST 256
#define TRIES_MOST 12 /* then a letter is given up */
#define PAUSE_MS 5000
#define DRAIN_MS 10000 /* a mail in flight may end before we do */

/*
 * letter:  received -> opened -> filed | inquiry | set-aside | quarantined
 * outmail: approved -> sealed -> sending -> sent | uncertain | failed
 */
static const struct stop stops[] = {
    {"start", "what was being sent when psirtd died: uncertain", NULL},
    {"store", "bytes from the mailbox become a letter: received", NULL},
    {"send", "a sealed mail goes to the send room: sending", stop_send},
    {"sent", "the SMTP server's answer: sent, uncertain, failed", NULL},
    {"seal", "an approved mail is built, signed, encrypted: sealed", stop_seal},
    {"file",
	"an opened letter becomes a case or joins one: filed, inquiry, "
	"set-aside, quarantined",
	stop_file},
    {"flow", "a case goes on: steps begin and end, their mails are drafted",
	stop_flow},
    {"open", "a received letter is read and its PGP opened: opened", stop_open},
    {"due", "reminders, warnings, status and morning mails", stop_due},
    {"alert", "what the POC is to be told becomes one mail", stop_alert},
    {"watch", "disk and mailbox are looked after, the heart beats", stop_watch},
    {"renew", "what is under the former data key is sealed anew", stop_renew},
    {"route", "psirt route: drafts to departments", NULL},
    {"decide", "psirt file and letter --reopen: received again", NULL},
    {"order", "what a person decides of a case, its steps and drafts", NULL},
};

void
engine_print_stops(void)
{
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		printf("%s\t%s\n", stops[i].name, stops[i].what);
}

#ifdef PSIRTD_STOPS_TEST
/*
 * Only in the build for the kill tests: PSIRTD_STOP_AT=NAME:NTH:before|after
 * kills this process around the commit of the NTH pass of that stop.
 */
void
stop_test(const char *name, const char *side)
{
	static unsigned seen;
	const char *at = getenv("PSIRTD_STOP_AT");
	char want[32];
	char want_side[16];
	unsigned nth;

	if (at == NULL ||
	    sscanf(at, "%31[^:]:%u:%15s", want, &nth, want_side) != 3 ||
	    strcmp(want, name) != 0)
		return;
	if (strcmp(side, "before") == 0)
		seen++;
	if (seen == nth && strcmp(want_side, side) == 0)
		kill(getpid(), SIGKILL);
}
#endif

int
stop_commit(struct engine *e, const char *name, struct error *err)
{
	stop_test(name, "before");
	if (store_commit(e->st, err) != 0)
		return -1;
	stop_test(name, "after");
	e->progress = true;
	return 0;
}

/* Of what could not begin. */
static int
exit_of(const struct error *err)
{
	return err->fault == FAULT_RETRY ? ENGINE_EXIT_TRY_AGAIN
					 : ENGINE_EXIT_SETUP;
}

void
engine_end_of(struct engine *e, const struct error *err)
{
	engine_end(e, exit_of(err));
}

void
engine_trouble(struct engine *e, const char *where, const struct error *err)
{
	store_rollback(e->st);
	log_err("%s: %s", where, err->text);
	e->trouble = true;
	e->pause_until_ms = clock_monotonic_ms() + PAUSE_MS;
	if (err->fault == FAULT_BUG)
		engine_end(e, ENGINE_EXIT_BUG);
	else if (err->fault == FAULT_SETUP)
		engine_end(e, ENGINE_EXIT_SETUP);
}

int
stop_try(struct engine *e, const char *name, int64_t letter, uint32_t weight)
{
	struct error err = {0};
	uint32_t tries = 0;

	if (store_letter_try(e->st, letter, weight, &tries, &err) != 0) {
		engine_trouble(e, name, &err);
		return -1;
	}
	if (tries <= TRIES_MOST)
		return 1;
	log_warn("letter=%lld stop=%s given up", (long long)letter, name);
	return 0;
}

void
engine_end(struct engine *e, int exit_code)
{
	e->stopping = true;
	if (e->exit_code == 0)
		e->exit_code = exit_code;
}

int
engine_record(struct engine *e, enum record_what what, int64_t casefile,
    int64_t letter, int64_t outmail, uint32_t code, struct error *err)
{
	struct store_record r = {0};

	r.at = clock_now();
	r.what = what;
	r.actor = (char *)(uintptr_t) "psirtd";
	r.casefile = casefile;
	r.letter = letter;
	r.outmail = outmail;
	r.code = code;
	return store_record_add(e->st, &r, err);
}

/* The loop wakes up when the next thing is due. */
static void
wake_when_due(struct engine *e)
{
	int64_t next = e->unlocked ? due_next(e) : 0;
	int64_t soon = clock_now() + 1;

	if (next == 0)
		return;
	if (next < soon)
		next = soon;
	if (e->retry_at == 0 || next < e->retry_at)
		e->retry_at = next;
}

/* One round over the stops. */
static void
engine_work(struct engine *e)
{
	if (clock_monotonic_ms() < e->pause_until_ms)
		return;
	e->retry_at = 0;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		if (stops[i].run != NULL && stops[i].run(e))
			e->progress = true;
		if (e->stopping || clock_monotonic_ms() < e->pause_until_ms)
			return;
	}
	wake_when_due(e);
}

/* --once: is anything left that could go on by itself now? */
static bool
engine_settled(struct engine *e)
{
	struct error err = {0};
	int64_t id = 0;
	int64_t next = 0;

	if (!e->fetch_idle || e->sending != 0 || e->intake != NULL)
		return false;
	for (size_t i = 0; i < e->nworkers; i++)
		if (e->workers[i].task != NULL)
			return false;
	if (store_letter_next(e->st, LETTER_RECEIVED, 0, &id, &err) != 0 ||
	    id != 0)
		return false;
	if (store_letter_next(e->st, LETTER_OPENED, 0, &id, &err) != 0 ||
	    id != 0)
		return false;
	if (store_case_next_advance(e->st, 0, &id, &err) != 0 || id != 0)
		return false;
	if (release_waits(e)) {
		e->trouble = true; /* a person is to let mails leave */
		return true;
	}
	if (store_outmail_next(e->st, OUTMAIL_APPROVED, clock_now(), 0, &id,
		&next, &err) != 0 ||
	    id != 0)
		return false;
	if (store_outmail_next(
		e->st, OUTMAIL_SEALED, clock_now(), 0, &id, &next, &err) != 0 ||
	    id != 0)
		return false;
	if (next != 0)
		e->trouble = true; /* a mail waits for its next try */
	return true;
}

static void
tell_manager(struct engine *e)
{
	if (!e->ready_told && rooms_all_ready(e)) {
		e->ready_told = true;
		sd_notify(0, "READY=1\nSTATUS=watching the mailbox");
		log_info("ready");
	}
	sd_notify(0, "WATCHDOG=1");
}

static int
wait_ms(struct engine *e)
{
	int64_t wait = 10000;
	int64_t now_ms = clock_monotonic_ms();
	int64_t asked = control_wait_ms(e->control);

	if (e->progress)
		wait = 0;
	else if (asked >= 0 && asked < wait)
		wait = asked;
	if (e->pause_until_ms > now_ms) {
		if (wait == 0 || e->pause_until_ms - now_ms < wait)
			wait = e->pause_until_ms - now_ms;
	}
	/* Nothing is retried while the engine rests or ends. */
	if (e->retry_at != 0 && !e->draining && e->pause_until_ms <= now_ms) {
		int64_t left = (e->retry_at - clock_now()) * 1000;

		if (left < wait)
			wait = left < 0 ? 0 : left;
	}
	if ((!rooms_all_ready(e) || e->draining) && wait > 200)
		wait = 200;
	return (int)wait;
}

/*
 * Asked to stop: no stop runs any more, but the mail that the send room holds
 * gets its answer, or every restart would leave an uncertain one.
 */
static void
engine_drain(struct engine *e)
{
	if (e->draining)
		return;
	sd_notify(0, "STOPPING=1");
	e->draining = true;
	e->drain_until_ms = clock_monotonic_ms() + DRAIN_MS;
}

static bool
engine_drained(const struct engine *e)
{
	return e->draining &&
	       (e->sending == 0 || clock_monotonic_ms() > e->drain_until_ms);
}

/* One turn: wait, then give everybody what is theirs. */
static void
engine_turn(struct engine *e, int signals)
{
	struct pollfd fds[POLL_MOST];
	struct slot *slots[POLL_MOST];
	struct signalfd_siginfo info;
	size_t nrooms;
	size_t ncontrol;

	fds[0] = (struct pollfd){signals, POLLIN, 0};
	nrooms = rooms_poll(e, fds + 1, slots, POLL_MOST / 2);
	ncontrol =
	    control_poll(e->control, fds + 1 + nrooms, POLL_MOST - 1 - nrooms);
	if (poll(fds, (nfds_t)(1 + nrooms + ncontrol), wait_ms(e)) < 0 &&
	    errno != EINTR) {
		log_err("poll: %s", strerror(errno));
		engine_end(e, ENGINE_EXIT_BUG);
		return;
	}
	e->progress = false;
	if ((fds[0].revents & POLLIN) != 0 &&
	    read(signals, &info, sizeof(info)) == sizeof(info)) {
		log_info("asked to stop");
		engine_drain(e);
	}
	for (size_t i = 0; i < nrooms; i++)
		if (fds[1 + i].revents != 0)
			rooms_turn(e, slots[i], fds[1 + i].revents);
	control_turn(e->control, fds + 1 + nrooms, ncontrol);
}

static void
engine_loop(struct engine *e, int signals)
{
	while (!e->stopping && !engine_drained(e)) {
		if (!e->draining) {
			rooms_start(e);
			engine_work(e);
			tell_manager(e);
		}
		if (e->once && !e->progress && engine_settled(e)) {
			engine_end(e, e->trouble ? ENGINE_EXIT_TRY_AGAIN
						 : ENGINE_EXIT_OK);
			break;
		}
		if (!e->stopping)
			engine_turn(e, signals);
	}
}

/* ---- start ---- */

static int
block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
load_ca(const void *ctx, const char *path, const char **pem, struct error *err)
{
	struct buf *buf;
	char chunk[4096];
	ssize_t n;
	int fd;

	*pem = NULL;
	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, FAULT_SETUP, "%s", path);
	buf = buf_new(ctx, 4 << 20);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (buf_add(buf, chunk, (size_t)n, err) != 0)
			break;
	close(fd);
	*pem = bytes_text(ctx, buf_bytes(buf));
	if (n != 0 || *pem == NULL ||
	    strstr(*pem, "-----BEGIN CERTIFICATE-----") == NULL)
		return error_set(err, FAULT_SETUP,
		    "%s: not a file of PEM certificates", path);
	return 0;
}

int
engine_load_secrets(struct engine *e, struct error *err)
{
	const struct settings *s = e->s;

	e->mailbox_secret =
	    settings_secret(e, &s->mailbox.secret, s->mailbox.place, err);
	if (e->mailbox_secret == NULL)
		return -1;
	e->submission_secret =
	    settings_secret(e, &s->submission.secret, s->submission.place, err);
	if (e->submission_secret == NULL)
		return -1;
	if (s->passphrase.file != NULL || s->passphrase.command != NULL) {
		e->passphrase =
		    settings_secret(e, &s->passphrase, s->keys_place, err);
		if (e->passphrase == NULL)
			return -1;
	}
	if (load_ca(e, s->mailbox.ca_file, &e->mailbox_ca, err) != 0)
		return -1;
	return load_ca(e, s->submission.ca_file, &e->submission_ca, err);
}

char *
folder_of(const void *ctx, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return talloc_strdup(ctx, ".");
	if (slash == path)
		return talloc_strdup(ctx, "/");
	return talloc_strndup(ctx, path, (size_t)(slash - path));
}

/* The engine's row of the rights table: its database and socket, no network. */
int
engine_walls(struct engine *e, struct error *err)
{
	const char *const read_paths[] = {"/etc/passwd", "/etc/group",
	    "/etc/nsswitch.conf", "/etc/localtime", "/etc/ld.so.cache",
	    "/usr/share/zoneinfo", "/usr/lib", "/lib", "/proc/self",
	    "/dev/urandom", "/dev/null", NULL};
	const char *write_paths[] = {
	    folder_of(e, e->s->database), folder_of(e, e->s->socket), NULL};
	const struct sandbox_paths paths = {
	    .read = read_paths, .write = write_paths};

	if (sandbox_files(&paths, err) != 0)
		return -1;
	return sandbox_calls(SANDBOX_ENGINE, err);
}

static struct engine *
engine_new(
    const struct settings *s, const char *self, bool once, struct error *err)
{
	struct engine *e = talloc_zero(NULL, struct engine);
	char *errors = NULL;

	if (e == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	e->s = s;
	e->once = once;
	if (sandbox_base(err) != 0)
		goto fail;
	/* First, so that it holds neither a secret nor the database. */
	e->starter = starter_new(e, self, err);
	if (e->starter == NULL || engine_load_secrets(e, err) != 0)
		goto fail;
	e->templates = write_load(e, s->templates, &errors, err);
	if (e->templates == NULL || flows_check(s, &errors, err) != 0) {
		if (errors != NULL)
			fputs(errors, stderr);
		goto fail;
	}
	if (restore_left(s, err) == 0)
		e->st = store_open(e, s->database, err);
	if (e->st == NULL)
		goto fail;
	e->asks = engine_asks;
	e->asks.arg = e;
	e->control = control_new(e, s, e->st, &e->asks, err);
	if (e->control == NULL || engine_walls(e, err) != 0)
		goto fail;
	rooms_init(e);
	return e;
fail:
	talloc_free(e);
	return NULL;
}

int
engine_run(const struct settings *s, const char *self, bool once)
{
	struct error err = {0};
	struct engine *e;
	int signals = block_signals();
	int exit_code;

	log_start("engine", LOG_LEVEL_INFO);
	e = engine_new(s, self, once, &err);
	if (e == NULL) {
		log_err("%s", err.text);
		return exit_of(&err);
	}
	engine_loop(e, signals);
	e->stopping = true;
	if (store_begin(e->st, NULL) == 0 &&
	    engine_record(e, RECORD_STOP, 0, 0, 0, 0, NULL) == 0)
		store_commit(e->st, NULL);
	store_rollback(e->st);
	rooms_stop(e);
	exit_code = e->exit_code;
	if (exit_code == ENGINE_EXIT_OK)
		watch_end(e);
	talloc_free(e);
	close(signals);
	return exit_code;
}
