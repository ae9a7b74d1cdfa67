/*
 * engine_match.c - what the tables know of an opened letter: the cases it may
 * belong to, whether the same report came before (RULES 1, 2, 6).
 *
 * Runs in the engine process.  Gathers for the desk, and decides nothing.
 */
#include "engine_open.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define SENDERS_MOST 16

/* ---- candidates: match first, judge second (RULES 1) ---- */

static const char *
outer_from(const struct opening *o)
{
	return o->headers.nfrom > 0 ? o->headers.from[0].address : NULL;
}

static int
living_for(struct filing *f, int64_t id, struct store_case *living,
    struct store_case *source, struct error *err)
{
	return source_find(f, f->e, id, f->o,
	    desk_letter_signer(f->e->s, f->o, NULL).correspondent, living,
	    source, err);
}

/*
 * Does the case know whom the letter is from?  The protected From counts
 * where it is believed; known by the outer one alone, which anybody on the
 * way may write, the letter is not what the case expects.
 */
static int
match_from(struct filing *f, struct candidate *c, struct error *err)
{
	const struct mail_address *from =
	    desk_from(f->e->s, f->o, c->bound_key);
	const char *outer = outer_from(f->o);

	if (from != NULL && from->address != NULL &&
	    store_case_has_address(f->e->st, c->casefile, from->address,
		&c->address_known, err) != 0)
		return -1;
	if (c->address_known || outer == NULL || from == f->o->headers.from)
		return 0;
	if (store_case_has_address(
		f->e->st, c->casefile, outer, &c->address_known, err) != 0)
		return -1;
	c->address_doubted = c->address_known;
	return 0;
}

int
filing_candidate(
    struct filing *f, int64_t casefile, enum match_by by, struct error *err)
{
	struct candidate *c = &f->candidates[f->in.ncandidates];
	struct store_case row = {0};
	struct store_case source = {0};
	int found;

	if (casefile == 0 || f->in.ncandidates == CANDIDATES_MOST)
		return 0;
	/* Read again: the case that waits for this letter is not another's. */
	if (casefile == f->letter.casefile && f->c.state == CASE_UNOPENED)
		return 0;
	found = living_for(f, casefile, &row, &source, err);
	if (found <= 0)
		return found;
	for (size_t i = 0; i < f->in.ncandidates; i++)
		if (f->candidates[i].casefile == row.id &&
		    f->candidates[i].by == by)
			return 0;
	c->casefile = row.id;
	c->by = by;
	c->bound_key = source_key(&source);
	c->correspondent = source.correspondent;
	c->unopened = row.state == CASE_UNOPENED;
	if (match_from(f, c, err) != 0)
		return -1;
	f->in.ncandidates++;
	return 0;
}

/* By a protected field: only where that case's key, or ours, vouches. */
static int
add_protected(struct filing *f, int64_t casefile, struct error *err)
{
	struct store_case row = {0};
	struct store_case source = {0};
	int found;

	if (casefile == 0)
		return 0;
	found = living_for(f, casefile, &row, &source, err);
	if (found <= 0)
		return found;
	if (desk_inner(f->e->s, f->o, source_key(&source)) == NULL)
		return 0;
	return filing_candidate(f, casefile, MATCH_THREAD, err);
}

static void
mark_answer(struct filing *f, int64_t casefile, int64_t outmail)
{
	for (size_t i = 0; outmail != 0 && i < f->in.ncandidates; i++)
		if (f->candidates[i].casefile == casefile &&
		    f->candidates[i].by == MATCH_THREAD)
			f->candidates[i].answers_us = true;
}

static int
match_thread(struct filing *f, struct error *err)
{
	const struct headers *h = &f->o->headers;
	const struct headers *inner = &f->o->inner;
	int64_t casefile;
	int64_t outmail;

	for (size_t i = 0; i < h->nreferences; i++) {
		if (store_message_id_find(f->e->st, h->references[i], &casefile,
			&outmail, err) != 0 ||
		    filing_candidate(f, casefile, MATCH_THREAD, err) != 0)
			return -1;
		mark_answer(f, casefile, outmail);
	}
	for (size_t i = 0; i < inner->nreferences; i++) {
		if (store_message_id_find(f->e->st, inner->references[i],
			&casefile, &outmail, err) != 0 ||
		    add_protected(f, casefile, err) != 0)
			return -1;
		mark_answer(f, casefile, outmail);
	}
	if (h->message_id == NULL)
		return 0;
	if (store_message_id_find(
		f->e->st, h->message_id, &casefile, &outmail, err) != 0)
		return -1;
	f->in.own_message_id = outmail != 0;
	return 0;
}

/* Numbers that a counterpart gave: a CVE names a flaw, not a conversation. */
static bool
is_tracking(uint32_t kind)
{
	return kind == IDENT_JVN || kind == IDENT_JVNVU ||
	       kind == IDENT_JPCERT || kind == IDENT_VU || kind == IDENT_VRF ||
	       kind == IDENT_ICSVU || kind == IDENT_IPA;
}

static int
match_idents(struct filing *f, struct error *err)
{
	for (size_t i = 0; i < f->o->nidents; i++) {
		const struct ident *id = &f->o->idents[i];
		int64_t *cases = NULL;
		size_t n = 0;
		int64_t one = 0;

		if (f->in.ncandidates == CANDIDATES_MOST)
			break;
		if (id->kind == IDENT_CASE) {
			if (store_case_by_number(
				f->e->st, id->value, &one, err) != 0 ||
			    filing_candidate(f, one, MATCH_NUMBER, err) != 0)
				return -1;
		} else if (is_tracking(id->kind)) {
			if (store_cases_by_ident(f, f->e->st, id->kind,
				id->value, &cases, &n, err) != 0)
				return -1;
			for (size_t k = 0; k < n; k++)
				if (filing_candidate(
					f, cases[k], MATCH_TRACKING, err) != 0)
					return -1;
		}
	}
	return 0;
}

/* Is it the signer's own flow?  Another's report never stands for its. */
static bool
is_own_flow(const struct filing *f, const struct correspondent *signer,
    int64_t casefile)
{
	struct store_case c = {0};

	if (signer == NULL)
		return true;
	return casefile != 0 &&
	       store_case_get(f, f->e->st, casefile, &c, NULL) == 1 &&
	       c.correspondent != NULL &&
	       strcmp(c.correspondent, signer->name) == 0;
}

/* Every report that has this mark; partly: the letter says more than it. */
static int
match_mark(struct filing *f, const uint8_t mark[STORE_DIGEST_BYTES],
    const struct correspondent *signer, bool partly, struct error *err)
{
	struct store_report *reports = NULL;
	size_t n = 0;

	if (store_reports_by_mark(f, f->e->st, mark, &reports, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		size_t before = f->in.ncandidates;

		if (f->report == 0 &&
		    is_own_flow(f, signer, reports[i].casefile)) {
			f->report = reports[i].id;
			f->report_case = reports[i].casefile;
		}
		if (reports[i].casefile == f->letter.casefile)
			continue;
		if (filing_candidate(
			f, reports[i].casefile, MATCH_REPORT, err) != 0)
			return -1;
		if (f->in.ncandidates > before)
			f->candidates[before].partly = partly;
	}
	return 0;
}

/* A report of its own: a correspondent's key makes it another than that of
 * whoever had the same words before. */
static int
make_report(struct filing *f, const struct report_marks *m,
    const struct correspondent *signer, struct error *err)
{
	uint8_t own[STORE_DIGEST_BYTES];
	struct buf *buf = buf_new(f, 4096);
	bool fresh = false;
	int rc = buf_add(buf, m->whole, sizeof(m->whole), err);

	if (rc == 0 && signer != NULL)
		rc = buf_add(buf, signer->name, strlen(signer->name), err);
	if (signer != NULL)
		store_digest(buf_bytes(buf), own);
	else
		memcpy(own, m->whole, sizeof(own));
	talloc_free(buf);
	return rc != 0 ? -1
		       : store_report(f->e->st, own, f->letter.id, &f->report,
			     &fresh, &f->report_case, err);
}

static int
match_report(struct filing *f, struct error *err)
{
	const struct correspondent *signer =
	    desk_letter_signer(f->e->s, f->o, NULL).correspondent;
	struct report_marks m;

	if (report_marks(f, f->o, f->letter.digest, &m, err) != 0 ||
	    match_mark(f, m.whole, signer, false, err) != 0)
		return -1;
	/* One block and nothing besides is the report, however it came. */
	for (size_t i = 0; i < m.n; i++)
		if (match_mark(f, m.marks[i], signer, m.more || m.only != i + 1,
			err) != 0)
			return -1;
	if (f->report == 0 && make_report(f, &m, signer, err) != 0)
		return -1;
	if (store_report_mark(f->e->st, f->report, m.whole, err) != 0)
		return -1;
	for (size_t i = 0; i < m.n; i++)
		if (store_report_mark(f->e->st, f->report, m.marks[i], err) !=
		    0)
			return -1;
	return 0;
}

/* Does some case know the letter's From (RULES 6)?  Its language. */
static int
match_address(struct filing *f, struct error *err)
{
	const struct mail_address *from = desk_from(f->e->s, f->o, NULL);
	const char *const addresses[] = {
	    outer_from(f->o), from != NULL ? from->address : NULL};

	for (size_t i = 0; i < 2; i++) {
		struct store_case c = {0};
		int64_t *cases = NULL;
		size_t n = 0;

		if (addresses[i] == NULL)
			continue;
		if (store_cases_by_address(
			f, f->e->st, addresses[i], &cases, &n, err) != 0)
			return -1;
		if (n == 0)
			continue;
		f->in.address_known = true;
		if (store_case_get(f, f->e->st, cases[n - 1], &c, err) < 0)
			return -1;
		f->in.language = c.language;
	}
	return 0;
}

/* The answer may go to one of the first: who got the most counts. */
static int
count_automatic(struct filing *f, const struct mail_address *list, size_t count,
    struct error *err)
{
	for (size_t i = 0; i < count && i < SENDERS_MOST; i++) {
		unsigned day = 0;

		if (list[i].address == NULL)
			continue;
		if (store_automatic_count(f->e->st, list[i].address,
			f->in.now - 86400, &day, err) != 0)
			return -1;
		if (day > f->in.automatic_last_day)
			f->in.automatic_last_day = day;
	}
	return 0;
}

int
filing_gather(struct filing *f, struct error *err)
{
	struct engine *e = f->e;
	const struct headers *h;
	const struct headers *inner;

	f->in.settings = e->s;
	f->in.opening = f->o;
	f->in.now = clock_now();
	f->in.received = f->letter.received;
	f->in.adopted = (f->letter.came & CAME_ADOPTED) != 0;
	f->in.junk = (f->letter.came & CAME_JUNK) != 0;
	f->in.in_doubt = (f->letter.came & CAME_RECONCILED) != 0;
	f->in.by_hand = f->letter.by_hand != 0;
	f->in.candidates = f->candidates;
	if (store_automatic_count(e->st, NULL, f->in.now - 3600,
		&f->in.automatic_last_hour, err) != 0)
		return -1;
	if (f->o == NULL)
		return 0;
	h = &f->o->headers;
	inner = &f->o->inner;
	if (count_automatic(f, h->from, h->nfrom, err) != 0 ||
	    count_automatic(f, h->reply_to, h->nreply_to, err) != 0 ||
	    count_automatic(f, inner->from, inner->nfrom, err) != 0 ||
	    count_automatic(f, inner->reply_to, inner->nreply_to, err) != 0 ||
	    match_address(f, err) != 0 || match_thread(f, err) != 0 ||
	    bounce_find(f, err) != 0 || match_idents(f, err) != 0)
		return -1;
	return match_report(f, err);
}
