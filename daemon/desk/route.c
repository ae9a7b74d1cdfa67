/*
 * route.c - which product, hence which departments (step 1.3.1).
 *
 * Runs in the engine, pure.  Takes the product hits of an opening and the
 * map of the settings; gives departments, and whether the overview goes to
 * them by itself or is proposed to the POC (RULES 3, 5).
 */
#include "desk_internal.h"

#include <string.h>

#include <talloc.h>

/*
 * Who is told of a new report by step 1.3.1: design, research, integration;
 * quality of the receipt alone.  The others come in with later steps.
 */
static const enum role routed[] = {
    ROLE_DESIGN, ROLE_RESEARCH, ROLE_INTEGRATION, ROLE_QUALITY};
#define NROUTED (sizeof(routed) / sizeof(routed[0]))

static bool
same_departments(const struct product *a, const struct product *b)
{
	for (size_t i = 0; i < NROUTED; i++)
		if (a->departments[routed[i]] != b->departments[routed[i]])
			return false;
	return true;
}

int
desk_product(const struct settings *s, const struct opening *o,
    const char *correspondent, bool *clear)
{
	const struct product_hit *best = NULL;

	*clear = true;
	for (size_t i = 0; i < o->nhits; i++) {
		const struct product_hit *hit = &o->hits[i];

		if (hit->product >= s->nproducts ||
		    !desk_signed_by(s, o, hit->part, correspondent))
			continue;
		if (best != NULL &&
		    !same_departments(&s->products[best->product],
			&s->products[hit->product]))
			*clear = false;
		if (best == NULL || hit->length > best->length)
			best = hit;
	}
	*clear = *clear && best != NULL;
	return best != NULL ? (int)best->product : -1;
}

/*
 * Under a correspondent's key its own words say which product; where they
 * name none, what else is in the letter proposes one.
 */
static int
find_product(const struct judging *j, bool *clear)
{
	const struct correspondent *c = j->d->signer.correspondent;
	int product =
	    desk_product(j->s, j->o, c != NULL ? c->name : NULL, clear);

	if (product >= 0 || c == NULL)
		return product;
	product = desk_product(j->s, j->o, NULL, clear);
	*clear = false;
	return product;
}

static void
add_route(struct judging *j, int department, enum role role)
{
	struct decision *d = j->d;

	if (department < 0 || (size_t)department >= j->s->ndepartments)
		return;
	/* One department in two roles gets one mail, under the first. */
	for (size_t i = 0; i < d->nroutes; i++)
		if (d->routes[i].department == &j->s->departments[department])
			return;
	d->routes[d->nroutes++] =
	    (struct desk_route){&j->s->departments[department], role};
}

/*
 * No department mail before a person accepted the case, except under a
 * correspondent's pinned key (RULES 3); and, where the map has one clear
 * answer, for what came encrypted to us, as the desk asked for it.  A letter
 * in clear is proposed only: anybody can write one.
 */
static bool
may_route_now(const struct judging *j)
{
	const struct decision *d = j->d;
	const struct desk_input *in = j->in;

	if (!j->s->route_auto || in->adopted || in->in_doubt)
		return false;
	/* A person filed it as a report, not as the coordinator's word. */
	if (d->claims_correspondent)
		return false;
	if (in->by_hand || d->signer.correspondent != NULL)
		return true;
	/* A flood of sealed letters is no flood of mails to departments. */
	return j->encrypted &&
	       in->automatic_last_hour < j->s->automatic_per_hour;
}

/* The text itself goes along only where it is the correspondent's own. */
static bool
may_share_text(const struct judging *j)
{
	struct desk_signer signer;
	size_t part;

	if (j->d->signer.correspondent == NULL || j->d->claims_correspondent ||
	    desk_text(j->o, &part) == NULL)
		return false;
	signer = signer_for_letter(j->s, j->o, part, NULL);
	return signer_is(&signer, j->d->signer.correspondent);
}

int
route_decide(struct judging *j)
{
	struct decision *d = j->d;
	const int *departments;
	bool clear = false;

	d->product = -1;
	if (j->o == NULL)
		return 0;
	d->product = find_product(j, &clear);
	/* What could not be opened has nothing to hand on yet. */
	if (!d->new_case || d->unopened)
		return 0;
	d->routes = talloc_zero_array(d, struct desk_route, NROUTED);
	if (d->routes == NULL)
		return -1;
	departments = d->product >= 0 ? j->s->products[d->product].departments
				      : j->s->default_departments;
	for (size_t i = 0; i < NROUTED; i++)
		add_route(j, departments[routed[i]], routed[i]);
	/* A product that names no department: the default, as a proposal. */
	if (d->nroutes == 0) {
		clear = false;
		for (size_t i = 0; i < NROUTED; i++)
			add_route(
			    j, j->s->default_departments[routed[i]], routed[i]);
	}
	d->route_now = clear && d->nroutes > 0 && may_route_now(j);
	d->share_text = may_share_text(j);
	return 0;
}
