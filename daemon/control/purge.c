/*
 * purge.c - purge: what is kept no longer goes (retention_years).
 *
 * Runs in the engine.  A line of the record says that it began; a piece a turn
 * goes, each committed (RULES 19), and with the last piece of a case, or of a
 * letter of none, its own line: what was cut short is taken up again.
 * --dry-run only lists.
 */
#include "request.h"

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/store_keep.h"

/* What became no case, and waits for nobody. */
static const enum letter_state strays[] = {
    LETTER_INQUIRY, LETTER_SET_ASIDE, LETTER_DROPPED};

#define NSTRAYS (sizeof(strays) / sizeof(strays[0]))

struct purge {
	bool dry, letters; /* letters: the cases are done */
	size_t stray;
	struct purge_age age;
	int64_t after;
	int64_t id; /* under way; 0 none */
	int64_t ncases, nletters;
};

static int
purge_start(struct request *r)
{
	struct purge *p = talloc_zero(r, struct purge);

	if (p == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	r->state = p;
	p->dry = request_has(r, OPTION_DRY_RUN);
	p->age.now = clock_now();
	p->age.before = clock_years(p->age.now, -(int)r->s->retention_years);
	/* One that a person set for later holds the case. */
	p->age.clock = CLOCK_RETENTION;
	if (!p->dry && request_record(r, 0, 0, 0, 0, NULL, false) != 0)
		return -1;
	return answer_list(r, "cases");
}

/* A piece of a letter, in its own transaction; with its last one, where
 * `alone`, the line of the record. */
static int
purge_piece(struct request *r, int64_t letter, bool alone, bool *done)
{
	if (store_begin(r->st, &r->err) != 0)
		return -1;
	if (store_purge_letter(r->st, letter, done, &r->err) != 0) {
		store_rollback(r->st);
		return -1;
	}
	if (alone && *done)
		return request_record(r, 0, letter, 0, 0, NULL, true);
	if (store_commit(r->st, &r->err) == 0)
		return 0;
	store_rollback(r->st);
	return -1;
}

static int
case_row(struct request *r, struct purge *p, int64_t letters)
{
	const char *number = request_case_number(r, p->id);

	p->ncases++;
	p->nletters += letters;
	p->after = p->id;
	p->id = 0;
	return answer_row(r, json_pack("{s:o,s:I}", "case", json_text(number),
				 "letters", (json_int_t)letters));
}

/* The next one after this, 0 none: a closed case, or a letter of none. */
static int
find_next(struct request *r, struct purge *p, int64_t after, int64_t *id)
{
	if (p->letters)
		return store_purge_stray(
		    r->st, strays[p->stray], after, id, &r->err);
	return store_purge_next(r->st, after, id, &r->err);
}

/*
 * Is it to go?  Asked before each piece: opened again, or written to, since
 * the turn before, what is left stays.
 */
static int
look_at(struct request *r, struct purge *p)
{
	bool goes = false;
	int rc = p->letters
		     ? store_purge_stray_goes(r->st, strays[p->stray],
			   p->age.before, p->id, &goes, &r->err)
		     : store_purge_goes(r->st, &p->age, p->id, &goes, &r->err);

	if (rc == 0 && !goes) {
		p->after = p->id;
		p->id = 0;
	}
	return rc;
}

/* A piece of a case; its own columns go with the line of the record. */
static int
purge_case(struct request *r, struct purge *p)
{
	int64_t letters = 0, letter = 0;
	bool done = false;

	if (store_purge_count(r->st, p->id, &letters, &r->err) != 0)
		return -1;
	if (p->dry)
		return case_row(r, p, letters);
	if (store_purge_left(r->st, p->id, &letter, &r->err) != 0)
		return -1;
	if (letter != 0)
		return purge_piece(r, letter, false, &done);
	if (store_begin(r->st, &r->err) != 0)
		return -1;
	if (store_purge_case(r->st, p->id, &r->err) != 0) {
		store_rollback(r->st);
		return -1;
	}
	if (request_record(r, p->id, 0, 0, (uint32_t)letters, NULL, true) != 0)
		return -1;
	return case_row(r, p, letters);
}

static int
purge_stray(struct request *r, struct purge *p)
{
	bool done = p->dry;

	if (!p->dry && purge_piece(r, p->id, true, &done) != 0)
		return -1;
	if (!done)
		return 0;
	p->nletters++;
	p->after = p->id;
	p->id = 0;
	return answer_row(
	    r, json_pack("{s:I}", "letter", (json_int_t)p->after));
}

/* A piece of this one, or of the next one. */
static int
purge_step(struct request *r, struct purge *p)
{
	if (p->id == 0 && find_next(r, p, p->after, &p->id) != 0)
		return -1;
	if (p->id != 0) {
		if (look_at(r, p) != 0)
			return -1;
		if (p->id == 0)
			return 0;
		return p->letters ? purge_stray(r, p) : purge_case(r, p);
	}
	if (p->letters) {
		p->stray++;
		p->after = 0;
		return 0;
	}
	p->letters = true;
	p->after = 0;
	return answer_list_end(r) == 0 ? answer_list(r, "letters") : -1;
}

enum turn
purge_run(struct request *r)
{
	struct purge *p;
	char *done;

	if (r->state == NULL && purge_start(r) != 0)
		return TURN_FAILED;
	p = r->state;
	while (p->stray < NSTRAYS) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (purge_step(r, p) != 0)
			return TURN_FAILED;
	}
	if (answer_list_end(r) != 0 ||
	    (!p->dry && store_purge_end(r->st, &r->err) != 0))
		return TURN_FAILED;
	done = talloc_asprintf(p,
	    "%s%lld case%s and %lld letter%s older than %u year%s.",
	    p->dry ? "To be purged: " : "Purged: ", (long long)p->ncases,
	    p->ncases == 1 ? "" : "s", (long long)p->nletters,
	    p->nletters == 1 ? "" : "s", r->s->retention_years,
	    r->s->retention_years == 1 ? "" : "s");
	if (answer_set(r, "dry_run", json_boolean(p->dry)) != 0 ||
	    answer_set(r, "before", json_time(p->age.before)) != 0 ||
	    answer_set(r, "done", json_text(done)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
