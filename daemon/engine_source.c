/*
 * engine_source.c - whose letter it may be: the case that goes on, and of the
 * sources of that case the one whose key the letter is asked for.
 *
 * Runs in the engine process.  Each source of a merged case keeps its own key
 * and is no stranger to the whole (RULES 30).  Chooses which key is asked for,
 * and believes nothing.
 */
#include "engine_open.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

/* ---- of the sources of a case ---- */

const char *
source_key(const struct store_case *source)
{
	return source->finder_key_standing >= FINDER_KEY_BOUND
		   ? source->finder_key
		   : NULL;
}

static bool
is_from(const struct mail_address *from, const char *address)
{
	return from != NULL && from->address != NULL &&
	       strcasecmp(from->address, address) == 0;
}

/*
 * Is the letter of this case's source?  Where a key is bound the address may
 * stand in fields that are not believed: to ask for a key gives nothing away.
 * The one that is named comes first, and of several the one of the surest key.
 */
static unsigned
source_rank(const struct settings *s, const struct opening *o,
    const struct correspondent *signer, const struct store_case *c)
{
	const struct mail_address *from = desk_from(s, o, NULL);
	const struct headers *inner = &o->inner;
	bool named = false;

	if (c->correspondent != NULL)
		named = signer != NULL &&
			strcmp(signer->name, c->correspondent) == 0;
	else if (c->finder_address != NULL)
		named = is_from(from, c->finder_address) ||
			(source_key(c) != NULL && inner->nfrom > 0 &&
			    is_from(inner->from, c->finder_address));
	return (named ? FINDER_KEY_CONFIRMED + 1 : 0) + c->finder_key_standing;
}

int
source_find(const void *ctx, struct engine *e, int64_t casefile,
    const struct opening *o, const struct correspondent *signer,
    struct store_case *living, struct store_case *source, struct error *err)
{
	struct store_link *links = NULL;
	size_t n = 0;
	int found = store_case_get(ctx, e->st, casefile, living, err);

	if (found == 1 && living->merged_into != 0)
		found = store_case_get(
		    ctx, e->st, living->merged_into, living, err);
	if (found != 1)
		return found;
	*source = *living;
	if (store_link_list(ctx, e->st, living->id, &links, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct store_case merged = {0};

		if (links[i].kind != LINK_MERGED || links[i].to != living->id)
			continue;
		if (store_case_get(ctx, e->st, links[i].from, &merged, err) !=
		    1)
			return -1;
		if (source_rank(e->s, o, signer, &merged) >
		    source_rank(e->s, o, signer, source))
			*source = merged;
	}
	return 1;
}

/* ---- while it is opened ---- */

static int64_t
case_of_thread(struct task *task, const struct headers *h)
{
	int64_t casefile = 0;
	int64_t outmail = 0;

	for (size_t i = 0; i < h->nreferences && casefile == 0; i++)
		if (store_message_id_find(task->engine->st, h->references[i],
			&casefile, &outmail, NULL) != 0)
			return 0;
	return casefile;
}

static int64_t
case_of_number(struct task *task, const struct opening *o)
{
	int64_t casefile = 0;

	for (size_t i = 0; i < o->nidents && casefile == 0; i++)
		if (o->idents[i].kind == IDENT_CASE &&
		    store_case_by_number(task->engine->st, o->idents[i].value,
			&casefile, NULL) != 0)
			return 0;
	return casefile;
}

static int64_t
case_of_from(struct task *task, const struct headers *h)
{
	int64_t *cases = NULL;
	size_t n = 0;

	if (h->nfrom == 0 || h->from[0].address == NULL ||
	    store_cases_by_address(task, task->engine->st, h->from[0].address,
		&cases, &n, NULL) != 0 ||
	    n == 0)
		return 0;
	return cases[n - 1];
}

/*
 * The case that the letter seems to belong to, by what is known of it yet:
 * the protected fields too, once a layer was opened.
 */
static int64_t
likely_case(struct task *task)
{
	const struct opening *o = open_state_of(task)->o;
	int64_t casefile = case_of_thread(task, &o->headers);

	if (casefile == 0)
		casefile = case_of_thread(task, &o->inner);
	if (casefile == 0)
		casefile = case_of_number(task, o);
	if (casefile == 0)
		casefile = case_of_from(task, &o->inner);
	if (casefile == 0)
		casefile = case_of_from(task, &o->headers);
	return casefile;
}

/*
 * The key kept for the finder of that case: only with it can the vault say
 * more than `key unknown`.  A wrong guess costs nothing: the desk looks at the
 * case the letter really joins.
 */
const char *
opening_find_key(struct task *task)
{
	struct open_state *s = open_state_of(task);
	struct engine *e = task->engine;
	int64_t casefile = likely_case(task);
	struct store_case living = {0};
	struct store_case c = {0};

	if (casefile == 0 ||
	    source_find(s, e, casefile, s->o, NULL, &living, &c, NULL) != 1)
		return NULL;
	s->bound_key = c.finder_key_blob;
	s->bound_fingerprint = source_key(&c);
	return c.finder_key;
}
