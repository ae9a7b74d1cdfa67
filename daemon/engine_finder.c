/*
 * engine_finder.c - the key of a case's finder: taken, and bound (RULES 10).
 *
 * Runs in the engine process, inside the transaction of the stop `file`.  The
 * proof itself was made while the letter was opened (engine_proof.c).
 */
#include "engine_open.h"

#include <strings.h>

#include <talloc.h>

/* Letters of one case that are looked through. */
#define LETTERS_MOST 1000

/* The key that came with the letter is the finder's from now on. */
void
finder_take_key(struct filing *f)
{
	const struct opening *o = f->o;
	struct store_case *c = &f->c;

	/* One key never takes the place of another by itself. */
	if (c->finder_key != NULL || o == NULL || o->key_fingerprint == NULL ||
	    o->key_part == 0 || o->key_part > o->nparts)
		return;
	c->finder_key = talloc_strdup(f, o->key_fingerprint);
	c->finder_key_blob = o->parts[o->key_part - 1].content;
	c->finder_key_standing =
	    o->key_signed != 0 ? FINDER_KEY_BOUND : FINDER_KEY_KEPT;
}

static bool
names_case(const struct filing *f, enum match_by by)
{
	for (size_t i = 0; i < f->in.ncandidates; i++)
		if (f->candidates[i].casefile == f->c.id &&
		    f->candidates[i].by == by)
			return true;
	return false;
}

static bool
answers_us(const struct filing *f)
{
	for (size_t i = 0; i < f->in.ncandidates; i++)
		if (f->candidates[i].casefile == f->c.id &&
		    f->candidates[i].answers_us)
			return true;
	return false;
}

/* Does the letter come from the case's finder, by thread or number? */
static bool
is_finders(const struct filing *f, const struct mail_address *from)
{
	const struct headers *h = &f->o->headers;

	if (f->c.finder_address == NULL || from == NULL ||
	    (from == h->from && h->nfrom != 1) || from->address == NULL ||
	    strcasecmp(from->address, f->c.finder_address) != 0)
		return false;
	return names_case(f, MATCH_THREAD) || names_case(f, MATCH_NUMBER);
}

/*
 * May a letter bring a key to the case that has none?  In answer to a mail of
 * ours alone: numbers are guessed, a From is written by anybody.  And never
 * where the finder signed before, with a key that nobody knew: the new one may
 * be that of somebody on the way.
 */
static int
may_bring_key(struct filing *f, bool *may, struct error *err)
{
	struct store_letter *list;
	size_t n = 0;

	*may =
	    f->o->key_signed != 0 && f->c.finder_key == NULL && answers_us(f);
	if (!*may)
		return 0;
	if (store_letter_list(
		f, f->e->st, 0, f->c.id, LETTERS_MOST, &list, &n, err) != 0)
		return -1;
	/* The newest come first; who signed what stays closed is not known. */
	*may = n == 0 ||
	       (n < LETTERS_MOST && list[n - 1].verdict == VERDICT_UNSIGNED);
	for (size_t i = 0; i < n; i++)
		if (list[i].id != f->letter.id && !list[i].unconfirmed &&
		    list[i].verdict == VERDICT_UNKNOWN_KEY)
			*may = false;
	talloc_free(list);
	return 0;
}

/*
 * The key that was kept, or one that comes along where none was, has signed
 * what the finder wrote: now it is bound.
 */
int
finder_prove_key(
    struct filing *f, const struct mail_address *from, struct error *err)
{
	struct store_case *c = &f->c;
	bool may;

	if (c->finder_key_standing != FINDER_KEY_KEPT || !is_finders(f, from))
		return 0;
	if (may_bring_key(f, &may, err) != 0)
		return -1;
	if (may)
		finder_take_key(f);
	if (c->finder_key == NULL || !proof_signs_words(f->o, c->finder_key))
		return 0;
	c->finder_key_standing = FINDER_KEY_BOUND;
	if (store_case_put(f->e->st, c, err) != 0)
		return -1;
	return engine_record(
	    f->e, RECORD_KEY_BOUND, c->id, f->letter.id, 0, 0, err);
}
