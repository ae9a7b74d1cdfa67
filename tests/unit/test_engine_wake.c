/*
 * test_engine_wake.c - disk, mailbox and heartbeat are watched; who is woken
 * in clear, by what, and how often.  With a real store and file system.
 */
#include "engine_world.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int
setup(void **state)
{
	struct vendor *v;

	if (vendor_setup(state) != 0)
		return -1;
	v = *state;
	v->s.database = talloc_asprintf(v, "%s/db", v->w->folder);
	v->s.unreachable_s = 900;
	v->e->watch.reached = true;
	v->e->watch.reached_ms = clock_monotonic_ms();
	return 0;
}

/* A round, as if the last look were long ago. */
static void
look(struct vendor *v)
{
	v->e->watch.low_ms = 0;
	stop_watch(v->e);
	assert_false(v->e->trouble);
}

static size_t
alerts(struct vendor *v, enum reason reason)
{
	struct store_alert *list = NULL;
	size_t found = 0;
	size_t n = 0;

	assert_ok(v->w, store_alert_list(v, v->w->st, &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].reason == (uint32_t)reason;
	talloc_free(list);
	return found;
}

/* As psirtd does that is started anew: what it knew is gone. */
static void
restart(struct vendor *v)
{
	memset(&v->e->watch, 0, sizeof(v->e->watch));
	v->e->alerted_at = v->e->woken_at = 0;
}

static void
test_the_disk(void **state)
{
	struct vendor *v = *state;

	look(v);
	assert_false(watch_disk_low(v->e));
	v->s.reserve = INT64_C(1) << 60;
	/* Not at each letter of a flood: within a second it is as it was. */
	v->e->watch.low_ms = clock_monotonic_ms();
	assert_false(watch_disk_low(v->e));
	look(v);
	assert_true(watch_disk_low(v->e));
	assert_int_equal(alerts(v, REASON_DISK), 1);
	/* Once until it is over, whoever starts it anew. */
	look(v);
	restart(v);
	look(v);
	assert_int_equal(alerts(v, REASON_DISK), 1);
	assert_non_null(strstr(
	    engine_asks.trouble(v->e, v), "letters stay in the mailbox"));
	v->s.reserve = 1;
	look(v);
	assert_false(watch_disk_low(v->e));
	v->s.reserve = INT64_C(1) << 60;
	look(v);
	assert_int_equal(alerts(v, REASON_DISK), 2);
	v->s.reserve = 0;
	restart(v);
	look(v);
	assert_false(watch_disk_low(v->e));
}

/* A disk that is as full as `reserve` says is no news each second. */
static void
test_a_disk_at_its_edge(void **state)
{
	struct vendor *v = *state;
	struct statvfs fs;

	assert_int_equal(statvfs(v->w->folder, &fs), 0);
	v->s.reserve = INT64_C(1) << 60;
	look(v);
	assert_true(watch_disk_low(v->e));
	v->s.reserve = (int64_t)(fs.f_bavail * fs.f_frsize / 100 * 95);
	look(v);
	assert_true(watch_disk_low(v->e));
	v->s.reserve = (int64_t)(fs.f_bavail * fs.f_frsize / 100 * 80);
	look(v);
	assert_false(watch_disk_low(v->e));
	v->s.reserve = (int64_t)(fs.f_bavail * fs.f_frsize / 100 * 95);
	look(v);
	assert_false(watch_disk_low(v->e));
}

static void
ago(struct vendor *v, int64_t s)
{
	v->e->watch.reached_ms = clock_monotonic_ms() - s * 1000;
}

static void
test_the_mailbox(void **state)
{
	struct vendor *v = *state;
	struct engine *e = v->e;

	ago(v, 100000);
	look(v);
	assert_int_equal(watch_unreached_since(e), 0);
	watch_mailbox(e, false);
	ago(v, 890);
	/* Said again it is no younger. */
	watch_mailbox(e, false);
	look(v);
	assert_int_equal(alerts(v, REASON_UNREACHABLE), 0);
	assert_in_range(
	    watch_unreached_since(e), clock_now() - 892, clock_now() - 889);
	ago(v, 900);
	look(v);
	look(v);
	assert_int_equal(alerts(v, REASON_UNREACHABLE), 1);
	/* A start is no news, neither good nor bad. */
	restart(v);
	look(v);
	assert_true(watch_unreached_since(e) != 0);
	ago(v, 900);
	look(v);
	assert_int_equal(alerts(v, REASON_UNREACHABLE), 1);
	watch_mailbox(e, true);
	look(v);
	watch_mailbox(e, false);
	ago(v, 900);
	look(v);
	assert_int_equal(alerts(v, REASON_UNREACHABLE), 2);
}

/* ---- the heartbeat ---- */

static char *
beat(struct vendor *v)
{
	char *text = talloc_zero_size(v, 4096);
	FILE *f = fopen(v->s.heartbeat, "r");

	if (f == NULL)
		return NULL;
	assert_true(fread(text, 1, 4095, f) > 0);
	fclose(f);
	return text;
}

static void
test_the_heartbeat(void **state)
{
	struct vendor *v = *state;
	struct engine *e = v->e;
	struct stat st;

	v->s.heartbeat = talloc_asprintf(v, "%s/heartbeat", v->w->folder);
	e->unlocked = false;
	look(v);
	assert_null(beat(v)); /* it waits for its keys */
	e->unlocked = true;
	e->once = true;
	look(v);
	assert_null(beat(v));
	e->once = false;
	look(v);
	assert_non_null(strstr(beat(v), "\"mailbox\":\"reached\""));
	assert_non_null(strstr(beat(v), "\"letters\":0,\"letter_s\":0,"));
	assert_int_equal(stat(v->s.heartbeat, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	/* Not at every turn of the loop. */
	watch_mailbox(e, false);
	look(v);
	assert_non_null(strstr(beat(v), "\"mailbox\":\"reached\""));
	e->watch.beat_ms -= 30000;
	look(v);
	assert_non_null(strstr(beat(v), "\"mailbox\":\"not reached\""));
	/* What somebody put in its place is not written through. */
	assert_int_equal(unlink(v->s.heartbeat), 0);
	assert_int_equal(symlink(v->s.database, v->s.heartbeat), 0);
	e->watch.beat_ms -= 30000;
	look(v);
	assert_int_equal(lstat(v->s.heartbeat, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	watch_end(e);
	assert_null(beat(v));
	/* Nowhere to write it: that is said, and all else goes on. */
	v->s.heartbeat = talloc_asprintf(v, "%s/no/beat", v->w->folder);
	e->watch.beat_ms = 0;
	look(v);
	assert_true(e->watch.beat_failed);
}

static void
test_what_waits(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	struct store_outmail m = {.kind = MAIL_ALERT,
	    .to = (char *)(uintptr_t) "haru@vendor.example",
	    .state = OUTMAIL_APPROVED,
	    .made = clock_now() - 500};

	v->s.heartbeat = talloc_asprintf(v, "%s/heartbeat", w->folder);
	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	look(v);
	assert_non_null(strstr(beat(v), "\"mails\":1,\"mail_s\":50"));
	watch_end(v->e);
}

/* ---- who is woken ---- */

static void
add(struct vendor *v, enum reason reason, size_t times)
{
	struct world *w = v->w;

	begin(w);
	for (size_t i = 0; i < times; i++)
		assert_ok(w, store_alert_add(w->st, reason, (int64_t)i + 1, 0,
				 clock_now() - 10, &w->err));
	commit(w);
}

static size_t
woken(struct vendor *v, struct store_outmail *last)
{
	struct store_outmail *list = NULL;
	size_t found = 0;
	size_t n = 0;

	assert_ok(v->w,
	    store_outmail_list(v, v->w->st, 0, 0, 1000, &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == MAIL_WAKE && found++ == 0)
			assert_int_equal(store_outmail_get(v, v->w->st,
					     list[i].id, last, &v->w->err),
			    1);
	return found;
}

static void
test_who_is_woken_by_what(void **state)
{
	static const char *addresses[] = {"phone@net.example"};
	static const struct {
		enum reason reason;
		const char *line; /* NULL: it can wait */
	} rows[] = {
	    {REASON_FORGED, "forged: letter 1\n"},
	    {REASON_UNPINNED, "unpinned: letter 1\n"},
	    {REASON_EXPLOITED, "exploited: letter 1\n"},
	    {REASON_DISK, "disk: letter 1\n"},
	    {REASON_UNREACHABLE, "unreachable: letter 1\n"},
	    {REASON_MAILBOX_PASSWORD, "mailbox-password: letter 1\n"},
	    {REASON_DEADLINE, NULL},
	    {REASON_MAIL_HELD, NULL},
	    {REASON_FOREIGN_NUMBER, NULL},
	    {REASON_STUCK, NULL},
	};
	struct vendor *v = *state;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_outmail m = {0};

		/* Nobody is named: nobody is. */
		v->s.nalert_plain = 0;
		add(v, rows[i].reason, 1);
		restart(v);
		assert_true(stop_alert(v->e));
		assert_int_equal(woken(v, &m), n);
		v->s.alert_plain = addresses;
		v->s.nalert_plain = 1;
		add(v, rows[i].reason, 1);
		restart(v);
		assert_true(stop_alert(v->e));
		n += rows[i].line != NULL;
		assert_int_equal(woken(v, &m), n);
		if (rows[i].line == NULL)
			continue;
		assert_string_equal(strstr(m.body, "\n\n") + 2,
		    talloc_asprintf(v, "%s\n-- \npsirtd\n", rows[i].line));
		assert_string_equal(m.to, addresses[0]);
		assert_string_equal(m.subject, "The desk is needed");
		assert_int_equal(m.encrypt, 0);
		assert_null(m.recipient);
		assert_int_equal(m.state, OUTMAIL_APPROVED);
	}
}

static void
test_a_flood_wakes_once(void **state)
{
	static const char *addresses[] = {"phone@net.example"};
	struct vendor *v = *state;
	struct store_outmail m = {0};
	const char *line;
	size_t lines = 0;

	v->s.alert_plain = addresses;
	v->s.nalert_plain = 1;
	v->s.language = "ja";
	add(v, REASON_DEADLINE, 1);
	assert_true(stop_alert(v->e));
	/* What was told of a date does not make a fire wait. */
	add(v, REASON_FORGED, 300);
	add(v, REASON_DEADLINE, 5);
	assert_true(stop_alert(v->e));
	assert_int_equal(woken(v, &m), 1);
	for (line = strstr(m.body, "\n\n") + 2;
	     (line = strchr(line, '\n')) != NULL; line++)
		lines++;
	assert_int_equal(lines, 11 + 3);
	assert_non_null(strstr(m.body, "\n+290\n"));
	assert_string_equal(m.subject, "窓口の確認が必要です");
	/* More of it waits ten minutes. */
	add(v, REASON_FORGED, 300);
	assert_false(stop_alert(v->e));
	v->e->woken_at -= 601;
	assert_true(stop_alert(v->e));
	assert_int_equal(woken(v, &m), 2);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_the_disk),
	    TEST(test_a_disk_at_its_edge),
	    TEST(test_the_mailbox),
	    TEST(test_the_heartbeat),
	    TEST(test_what_waits),
	    TEST(test_who_is_woken_by_what),
	    TEST(test_a_flood_wakes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
