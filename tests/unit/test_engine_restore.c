/*
 * test_engine_restore.c - a backup is put in place where nothing is, and
 * nothing leaves of a restored database before it is released.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine_world.h"

#include "psirtd/store_keep.h"

extern const char *const store_migrations[]; /* store_internal.h */

/* ---- the way out ---- */

static int64_t
approved_reply(struct vendor *v, int64_t casefile)
{
	struct world *w = v->w;
	struct store_outmail m;

	assert_ordered(v, .what = ORDER_REPLY, .casefile = casefile,
	    .text = "We are on it.");
	m = vendor_mail(v, casefile, MAIL_REPLY);
	m.state = OUTMAIL_APPROVED;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_DRAFT, &w->err));
	commit(w);
	return m.id;
}

static uint32_t
state_of(struct vendor *v, int64_t mail)
{
	struct store_outmail m;

	assert_int_equal(
	    store_outmail_get(v, v->w->st, mail, &m, &v->w->err), 1);
	return m.state;
}

static void
memo(struct vendor *v, const char *name, int64_t value)
{
	struct world *w = v->w;

	begin(w);
	assert_ok(w, store_memo_put(w->st, name, value, &w->err));
	commit(w);
}

static void
test_what_was_leaving_is_uncertain_once(void **state)
{
	static const uint32_t leaving[] = {
	    OUTMAIL_SENDING, OUTMAIL_SEALED, OUTMAIL_APPROVED, OUTMAIL_HELD};
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	int64_t mail = approved_reply(v, id);
	int64_t later;
	struct store_outmail m;

	/* A vault stumbled over it once. */
	m = vendor_mail(v, id, MAIL_REPLY);
	m.tries = 1;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, m.state, &w->err));
	commit(w);
	/* No restore: nothing is in doubt. */
	assert_ok(w, release_start(v->e, &w->err));
	assert_int_equal(state_of(v, mail), OUTMAIL_APPROVED);
	memo(v, MEMO_RESTORED, NOW);
	for (size_t i = 0; i < sizeof(leaving) / sizeof(leaving[0]); i++) {
		memo(v, MEMO_DOUBT, 1);
		m.state = leaving[i];
		begin(w);
		assert_ok(w,
		    store_outmail_put(w->st, &m, state_of(v, mail), &w->err));
		commit(w);
		assert_ok(w, release_start(v->e, &w->err));
		assert_int_equal(state_of(v, mail), OUTMAIL_UNCERTAIN);
	}
	m = vendor_mail(v, id, MAIL_REPLY);
	assert_non_null(strstr(m.reason, "backup"));
	assert_int_equal(m.tries, 0); /* a person may send it */
	/* What is approved after it is not, at whatever start. */
	later = approved_reply(v, id);
	assert_ok(w, release_start(v->e, &w->err));
	assert_int_equal(state_of(v, later), OUTMAIL_APPROVED);
}

static void
test_nothing_is_sealed_before_the_release(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	int64_t mail = approved_reply(v, id);

	v->e->workers = talloc_zero_array(v->e, struct worker, 1);
	v->e->workers[0].read.ready = v->e->workers[0].vault.ready = true;
	v->e->nworkers = 1;
	/* To be held by a guard when it is looked at. */
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"mediation=accepted"}, .nwords = 1);
	memo(v, MEMO_RESTORED, NOW);
	assert_false(stop_seal(v->e));
	assert_int_equal(state_of(v, mail), OUTMAIL_APPROVED);
	assert_non_null(strstr(release_why(v->e, v), "psirt queue release"));
	memo(v, MEMO_RESTORED, 0);
	assert_null(release_why(v->e, v));
	assert_true(stop_seal(v->e));
	assert_int_equal(state_of(v, mail), OUTMAIL_HELD);
}

static void
test_nothing_is_sent_before_the_release(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail m;

	approved_reply(v, id);
	m = vendor_mail(v, id, MAIL_REPLY);
	m.state = OUTMAIL_SEALED;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err));
	commit(w);
	v->e->send.ready = true;
	memo(v, MEMO_RESTORED, NOW);
	assert_false(stop_send(v->e));
	assert_int_equal(state_of(v, m.id), OUTMAIL_SEALED);
}

/* The letter was read when the backup was made, and answered after it. */
static void
test_what_is_made_before_the_release_is_uncertain(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_case c = {.id = id, .number = text("PSIRT-2026-0001")};
	struct store_letter letter = {.received = clock_now()};
	struct draft_to to = {.address = FINDER, .language = "en"};
	struct store_outmail alert = {.kind = MAIL_ALERT,
	    .audience = AUDIENCE_DESK,
	    .to = text("lead@vendor.example"),
	    .policy = POLICY_AUTO};
	struct facts none = {0};
	struct store_outmail m;

	for (int restored = 0; restored < 2; restored++) {
		memo(v, MEMO_RESTORED, restored * NOW);
		begin(w);
		assert_ok(w, draft_acknowledge(
				 v->e, &c, &letter, NULL, 0, &to, &w->err));
		assert_ok(
		    w, draft_add(v->e, &alert, "en", &none, "psirtd", &w->err));
		commit(w);
		m = vendor_mail(v, id, MAIL_ACKNOWLEDGE);
		assert_int_equal(
		    m.state, restored ? OUTMAIL_UNCERTAIN : OUTMAIL_APPROVED);
		assert_int_equal(
		    vendor_recorded(v, id, RECORD_MAIL_UNCERTAIN), restored);
		assert_int_equal(state_of(v, alert.id), OUTMAIL_APPROVED);
		alert.state = 0;
		begin(w);
		m.state = OUTMAIL_SENT;
		assert_ok(
		    w, store_outmail_put(w->st, &m,
			   restored ? OUTMAIL_UNCERTAIN : OUTMAIL_APPROVED,
			   &w->err));
		commit(w);
	}
}

/* ---- psirtd --restore ---- */

struct place_of {
	struct settings s;
	char database[80], restoring[96], socket[80];
};

static void
place_setup(struct world *w, struct place_of *p)
{
	snprintf(p->database, sizeof(p->database), "%s/new.db", w->folder);
	snprintf(p->restoring, sizeof(p->restoring), "%s/new.db.restoring",
	    w->folder);
	snprintf(p->socket, sizeof(p->socket), "%s/s", w->folder);
	p->s = (struct settings){.database = p->database, .socket = p->socket};
}

static void
record_line(struct world *w)
{
	begin(w);
	assert_ok(w,
	    store_record_add(w->st,
		&(struct store_record){
		    .at = NOW, .what = RECORD_START, .actor = text("psirtd")},
		&w->err));
	commit(w);
}

static void
test_restored(void **state)
{
	struct world *w = *state;
	struct store_record *list = NULL;
	struct place_of p;
	struct store *st;
	struct stat info;
	int64_t value = 0;
	size_t n = 0;

	place_setup(w, &p);
	record_line(w);
	world_close(w);
	assert_int_equal(engine_restore(&p.s, w->path), ENGINE_EXIT_OK);
	assert_int_equal(access(p.restoring, F_OK), -1);
	assert_int_equal(stat(p.database, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	st = store_open(w, p.database, &w->err);
	assert_non_null(st);
	assert_ok(w, store_unlock(st, w->key, &w->err));
	assert_ok(w, store_memo_get(st, MEMO_RESTORED, &value, &w->err));
	assert_true(value > 0);
	assert_ok(w, store_memo_get(st, MEMO_DOUBT, &value, &w->err));
	assert_int_equal(value, 1);
	assert_ok(w, store_record_list(st, st, 0, 0, 9, &list, &n, &w->err));
	assert_int_equal(n, 2);
	assert_int_equal(list[1].what, RECORD_RESTORED);
	talloc_free(st);
	/* Never over one that is there. */
	assert_int_equal(engine_restore(&p.s, w->path), ENGINE_EXIT_SETUP);
	unlink(p.database);
}

/* A backup that an older release made is brought up to date; the file stays. */
static void
test_restored_from_an_older_release(void **state)
{
	struct world *w = *state;
	int64_t value = 0, version;
	struct place_of p;
	sqlite3 *db = NULL;
	struct store *st;

	place_setup(w, &p);
	world_close(w);
	unlink(w->path);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    sqlite3_exec(db, store_migrations[i], NULL, NULL, NULL),
		    SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
		"INSERT INTO data_key (id, wrapped, proof)"
		" VALUES (1, x'00', zeroblob(32));"
		"INSERT INTO memo (name, value) VALUES ('morning', 77)",
		NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(engine_restore(&p.s, w->path), ENGINE_EXIT_OK);
	version = peek(w, "PRAGMA user_version");
	assert_int_equal(version, 4);
	st = store_look(w, p.database, &w->err);
	assert_non_null(st);
	assert_ok(w, store_memo_get(st, "morning", &value, &w->err));
	assert_int_equal(value, 77);
	talloc_free(st);
	unlink(p.database);
}

/* What is no whole backup of ours leaves nothing behind. */
static void
refused(struct world *w, struct place_of *p)
{
	assert_int_equal(engine_restore(&p->s, w->path), ENGINE_EXIT_SETUP);
	assert_int_equal(access(p->database, F_OK), -1);
	assert_int_equal(access(p->restoring, F_OK), -1);
}

/* psirtd could not open what is root's. */
static void
test_root_restores_for_nobody_else(void **state)
{
	struct world *w = *state;
	struct place_of p;

	if (geteuid() != 0)
		skip();
	place_setup(w, &p);
	record_line(w);
	world_close(w);
	assert_int_equal(chown(w->folder, 65534, 65534), 0);
	refused(w, &p);
	assert_int_equal(chown(w->folder, 0, 0), 0);
	assert_int_equal(engine_restore(&p.s, w->path), ENGINE_EXIT_OK);
	unlink(p.database);
}

static void
test_altered_record_is_refused(void **state)
{
	struct world *w = *state;
	struct place_of p;

	place_setup(w, &p);
	record_line(w);
	world_close(w);
	tamper(w, "DROP TRIGGER record_not_changed;"
		  "UPDATE record SET actor = 'mallory'");
	refused(w, &p);
}

static void
test_no_backup_is_refused(void **state)
{
	struct world *w = *state;
	struct place_of p;
	FILE *f;

	place_setup(w, &p);
	record_line(w);
	world_close(w);
	/* An empty file would be a new database. */
	assert_int_equal(truncate(w->path, 0), 0);
	refused(w, &p);
	assert_int_equal(unlink(w->path), 0);
	refused(w, &p);
	f = fopen(w->path, "w");
	fputs("no database at all, but some bytes of text\n", f);
	fclose(f);
	refused(w, &p);
}

static void
test_half_a_database_is_refused(void **state)
{
	struct world *w = *state;
	struct stat info;
	struct place_of p;

	place_setup(w, &p);
	record_line(w);
	world_close(w);
	assert_int_equal(stat(w->path, &info), 0);
	assert_int_equal(truncate(w->path, info.st_size / 8192 * 4096), 0);
	refused(w, &p);
}

/* A psirtd is started while the backup is read: its letters stay. */
static void
test_a_database_made_meanwhile_stays(void **state)
{
	struct world *w = *state;
	char *pipe = talloc_asprintf(w, "%s/pipe", w->folder);
	struct place_of p;
	struct stat info;
	int status = -1;
	pid_t child;

	place_setup(w, &p);
	record_line(w);
	world_close(w);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	child = fork();
	if (child == 0)
		_exit(system(talloc_asprintf(w,
			  "{ echo other > %s; cat %s; } > %s", p.database,
			  w->path, pipe)) == 0
			  ? 0
			  : 1);
	assert_int_equal(engine_restore(&p.s, pipe), ENGINE_EXIT_SETUP);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(stat(p.database, &info), 0);
	assert_int_equal(info.st_size, strlen("other\n"));
	assert_int_equal(access(p.restoring, F_OK), -1);
	unlink(p.database);
	unlink(pipe);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_was_leaving_is_uncertain_once, vendor_setup,
		vendor_teardown),
	    cmocka_unit_test_setup_teardown(
		test_nothing_is_sealed_before_the_release, vendor_setup,
		vendor_teardown),
	    cmocka_unit_test_setup_teardown(
		test_nothing_is_sent_before_the_release, vendor_setup,
		vendor_teardown),
	    cmocka_unit_test_setup_teardown(
		test_what_is_made_before_the_release_is_uncertain, vendor_setup,
		vendor_teardown),
	    cmocka_unit_test_setup_teardown(
		test_restored, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(test_restored_from_an_older_release,
		world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_database_made_meanwhile_stays, world_setup,
		world_teardown),
	    cmocka_unit_test_setup_teardown(test_root_restores_for_nobody_else,
		world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_altered_record_is_refused, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_no_backup_is_refused, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_half_a_database_is_refused, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
