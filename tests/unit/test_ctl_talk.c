/*
 * test_ctl_talk.c - commands of more than one question, against a daemon that
 * knows what it is to hear: what is approved is what was shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/ctl/talk.h"

struct turn {
	const char *hears; /* its args, as JSON; NULL: no more */
	const char *says;
};

struct place {
	char folder[32], path[64], runtime[64];
	pid_t pid;
};

#define DRAFT(digest, body)                                                    \
	"{\"version\":1,\"data\":{\"mail\":{\"mail\":5,\"case\":"              \
	"\"PSIRT-2026-0001\",\"kind\":\"report\",\"encrypted\":true,\"key\":"  \
	"\"AB\",\"subject\":\"[PSIRT-2026-0001] s\",\"body\":\"" body          \
	"\",\"digest\":\"" digest "\"}},\"error\":null,\"exit\":0}\n"
#define SAID(text)                                                             \
	"{\"version\":1,\"data\":{\"said\":[\"" text                           \
	"\"]},\"error\":null,\"exit\":0}\n"
#define NO                                                                     \
	"{\"version\":1,\"data\":{},\"error\":\"it was "                       \
	"changed\",\"exit\":1}\n"
#define SHOW "[\"--\",\"approve\",\"5\"]"

static int
setup(void **state)
{
	static struct place place;

	snprintf(place.folder, sizeof(place.folder), "/tmp/talk-XXXXXX");
	snprintf(place.runtime, sizeof(place.runtime), "/dev/shm/talk-XXXXXX");
	if (mkdtemp(place.folder) == NULL || mkdtemp(place.runtime) == NULL)
		return -1;
	snprintf(place.path, sizeof(place.path), "%s/s", place.folder);
	setenv("XDG_RUNTIME_DIR", place.runtime, 1);
	unsetenv("VISUAL");
	*state = &place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	return rmdir(place->folder) | rmdir(place->runtime);
}

static int
peer_turn(int listener, const struct turn *turn)
{
	int peer = accept(listener, NULL, NULL);
	char line[8192];
	size_t len = 0;
	ssize_t n;
	json_t *heard, *want;
	int rc;

	while (len < sizeof(line) - 1 &&
	       (n = recv(peer, line + len, sizeof(line) - 1 - len, 0)) > 0)
		len += (size_t)n;
	heard = json_loadb(line, len, 0, NULL);
	want = json_loads(turn->hears, 0, NULL);
	rc = json_equal(json_object_get(heard, "args"), want) ? 0 : 1;
	if (rc != 0)
		fprintf(stderr, "heard %.*s", (int)len, line);
	if (send(peer, turn->says, strlen(turn->says), MSG_NOSIGNAL) < 0)
		rc = 2;
	close(peer);
	return rc;
}

/* A child that hears these in order, and nothing behind them. */
static void
serve(struct place *place, const struct turn *turns)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, place->path, strlen(place->path) + 1);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	place->pid = fork();
	if (place->pid == 0) {
		for (; turns->hears != NULL; turns++)
			if (peer_turn(fd, turns) != 0)
				_exit(1);
		_exit(0);
	}
	close(fd);
}

/* What is printed while this is typed; the child heard all of it. */
static char *
typed(struct place *place, const struct turn *turns, const char *keys,
    enum approve_do what, bool json, int want)
{
	char *text = NULL;
	size_t len = 0;
	struct talk t = {.socket = place->path,
	    .json = json,
	    .terminal = keys != NULL,
	    .p = {.width = 100, .edge = 100, .header = true}};
	int status, code;

	serve(place, turns);
	t.in = fmemopen((void *)(uintptr_t)(keys != NULL ? keys : ""),
	    keys != NULL ? strlen(keys) + 1 : 1, "r");
	t.p.out = open_memstream(&text, &len);
	code = talk_approve(&t, "5", what);
	fclose(t.p.out);
	fclose(t.in);
	assert_int_equal(waitpid(place->pid, &status, 0), place->pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	unlink(place->path);
	assert_int_equal(code, want);
	return text;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

/* ---- approve ---- */

static void
test_yes_sends_what_was_shown(void **state)
{
	static const struct turn turns[] = {
	    {SHOW, DRAFT("d1", "Words.")},
	    {"[\"--yes\",\"--digest\",\"d1\",\"--\",\"approve\",\"5\"]",
		SAID("mail 5: approved, it leaves")},
	    {NULL, NULL},
	};
	char *text = typed(*state, turns, NULL, APPROVE_SEND, false, 0);

	assert_has(text, ": Words.\n");
	assert_has(text, "mail 5: approved, it leaves\n");
	free(text);
	/* A program gets one object. */
	text = typed(*state, turns, NULL, APPROVE_SEND, true, 0);
	assert_null(strstr(text, "Words."));
	assert_has(text, "approved, it leaves");
	free(text);
}

static void
test_a_person_is_asked(void **state)
{
	static const struct turn send[] = {
	    {SHOW, DRAFT("d1", "Words.")},
	    {"[\"--yes\",\"--digest\",\"d1\",\"--\",\"approve\",\"5\"]", NO},
	    {NULL, NULL},
	};
	static const struct turn drop[] = {
	    {SHOW, DRAFT("d1", "Words.")},
	    {"[\"--drop\",\"--why\",\"too early\",\"--\",\"approve\",\"5\"]",
		SAID("dropped")},
	    {NULL, NULL},
	};
	static const struct turn quit[] = {
	    {SHOW, DRAFT("d1", "Words.")},
	    {NULL, NULL},
	};
	char *text = typed(*state, send, "x\n\ns\n", APPROVE_ASK, false, 1);

	assert_has(text, "[s]end [e]dit [d]rop [q]uit: ");
	free(text);
	/* Without a reason nothing is dropped. */
	text =
	    typed(*state, drop, "d\n\nd\ntoo early\n", APPROVE_ASK, false, 0);
	assert_has(text, "dropped\n");
	free(text);
	free(typed(*state, quit, "q\n", APPROVE_ASK, false, 0));
	/* Only the word itself does it, and nothing is dropped by mistake. */
	free(typed(*state, quit, "stop\nskip\n don't\nd\nq\nquit\n",
	    APPROVE_ASK, false, 0));
	free(typed(*state, send, "Send\n", APPROVE_ASK, false, 1));
	text = typed(*state, quit, "", APPROVE_ASK, false, 0);
	assert_has(text, "It waits as it is.\n");
	free(text);
}

/* An edited one is shown again, under its new digest. */
static void
test_edited_and_sent(void **state)
{
	static const struct turn turns[] = {
	    {SHOW, DRAFT("d1", "Words.\\n")},
	    {"[\"--edit\",\"--digest\",\"d1\",\"--\",\"approve\",\"5\","
	     "\"[PSIRT-2026-0001] s\",\"Other words.\\n\"]",
		SAID("edited")},
	    {SHOW, DRAFT("d2", "Other words.\\n")},
	    {"[\"--yes\",\"--digest\",\"d2\",\"--\",\"approve\",\"5\"]",
		SAID("it leaves")},
	    {NULL, NULL},
	};
	char *text;

	setenv("EDITOR", "sed -i s/Words/Other\\ words/", 1);
	text = typed(*state, turns, "e\ns\n", APPROVE_ASK, false, 0);
	assert_has(text, ": Other words.\n");
	free(text);
}

static void
test_edits_that_are_none(void **state)
{
	static const struct turn once[] = {
	    {SHOW, DRAFT("d1", "Words.\\n")},
	    {NULL, NULL},
	};
	char *text;

	setenv("EDITOR", "true", 1);
	text = typed(*state, once, NULL, APPROVE_EDIT, false, 0);
	assert_has(text, "Nothing was changed.\n");
	free(text);
	/* The subject has to be there, and apart. */
	setenv("EDITOR", "sed -i 1d", 1);
	free(typed(*state, once, NULL, APPROVE_EDIT, false, 1));
	setenv("EDITOR", "sed -i 2d", 1);
	free(typed(*state, once, NULL, APPROVE_EDIT, false, 1));
	/* On a disk it is not edited at all. */
	setenv("XDG_RUNTIME_DIR", "/proc", 1);
	free(typed(*state, once, NULL, APPROVE_EDIT, false, 1));
}

static void
test_what_is_refused_is_not_asked_about(void **state)
{
	static const struct turn turns[] = {
	    {SHOW,
		"{\"version\":1,\"data\":{},\"error\":\"no mail 5\",\"exit\":"
		"1}\n"},
	    {NULL, NULL},
	};

	free(typed(*state, turns, "s\n", APPROVE_ASK, false, 1));
	free(typed(*state, turns, NULL, APPROVE_SEND, true, 1));
}

/* ---- reply ---- */

static int
replied(struct place *place, const struct turn *turns, const char *keys,
    bool terminal)
{
	struct talk t = {.socket = place->path,
	    .terminal = terminal,
	    .p = {.width = 100, .edge = 100}};
	int status, code;

	if (turns != NULL)
		serve(place, turns);
	t.in = tmpfile();
	fputs(keys, t.in);
	rewind(t.in);
	t.p.out = fopen("/dev/null", "w");
	code = talk_reply(&t, "12");
	fclose(t.p.out);
	fclose(t.in);
	if (turns != NULL) {
		waitpid(place->pid, &status, 0);
		assert_int_equal(WEXITSTATUS(status), 0);
		unlink(place->path);
	}
	return code;
}

static void
test_reply(void **state)
{
	static const struct turn turns[] = {
	    {"[\"--\",\"reply\",\"12\",\"Thank you.\\n\"]", SAID("draft 7")},
	    {NULL, NULL},
	};

	assert_int_equal(replied(*state, turns, "Thank you.\n", false), 0);
	setenv("EDITOR", "sh -c 'echo Thank you. > \"$0\"'", 1);
	assert_int_equal(replied(*state, turns, "", true), 0);
	/* An empty one is none, and nobody is asked. */
	assert_int_equal(replied(*state, NULL, " \n", false), 1);
	setenv("EDITOR", "true", 1);
	assert_int_equal(replied(*state, NULL, "", true), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    TEST(test_yes_sends_what_was_shown),
	    TEST(test_a_person_is_asked),
	    TEST(test_edited_and_sent),
	    TEST(test_edits_that_are_none),
	    TEST(test_what_is_refused_is_not_asked_about),
	    TEST(test_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
