/*
 * test_engine_restore.c - a backup is put in place where nothing is, and
 * nothing leaves of a restored database before it is released.
 */
#include <sys/stat.h>

#include "engine_world.h"

#include "psirtd/store_keep.h"

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
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	int64_t mail = approved_reply(v, id);
	int64_t later;
	struct store_outmail m;

	/* No restore: nothing is in doubt. */
	assert_ok(w, release_start(v->e, &w->err));
	assert_int_equal(state_of(v, mail), OUTMAIL_APPROVED);
	memo(v, MEMO_RESTORED, NOW);
	memo(v, MEMO_DOUBT, 1);
	assert_ok(w, release_start(v->e, &w->err));
	assert_int_equal(state_of(v, mail), OUTMAIL_UNCERTAIN);
	m = vendor_mail(v, id, MAIL_REPLY);
	assert_non_null(strstr(m.reason, "backup"));
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

/* What is no whole backup of ours leaves nothing behind. */
static void
refused(struct world *w, struct place_of *p)
{
	assert_int_equal(engine_restore(&p->s, w->path), ENGINE_EXIT_SETUP);
	assert_int_equal(access(p->database, F_OK), -1);
	assert_int_equal(access(p->restoring, F_OK), -1);
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
		test_restored, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_altered_record_is_refused, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_no_backup_is_refused, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_half_a_database_is_refused, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
