/*
 * letters.c - what a person decides about a letter: file, drop, reopen.
 *
 * Runs in the engine.  Filing and reopening walk the engine's stops again;
 * dropping is a state and a reason, written here.
 */
#include "request.h"

#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/opening.h"

/*
 * Who wrote, in one word that tells no content.  From is the writer's own
 * claim: only a signature takes the question mark away.
 */
static char *
letter_who(const void *ctx, struct request *r, const struct store_letter *l)
{
	struct mail_address from = {.address = l->sender};
	struct headers h = {.from = &from, .nfrom = 1};
	const char *sign = l->verdict == VERDICT_PINNED ? "" : "?";
	const struct correspondent *c;
	bool has = false;

	if (l->reason == REASON_AUTO_REPLY || l->reason == REASON_LIST ||
	    l->reason == REASON_BOUNCE || l->reason == REASON_OWN)
		return talloc_strdup(ctx, "machine");
	if (l->sender == NULL)
		return NULL;
	c = desk_claims(r->s, &h);
	if (c != NULL)
		return talloc_asprintf(ctx, "%s%s", c->name, sign);
	for (size_t i = 0; i < r->s->ndepartments; i++)
		for (size_t k = 0; k < r->s->departments[i].ncontacts; k++)
			if (strcasecmp(r->s->departments[i].contacts[k].address,
				l->sender) == 0)
				return talloc_asprintf(ctx, "%s%s",
				    r->s->departments[i].name, sign);
	if (l->casefile == 0 || store_case_has_address(r->st, l->casefile,
				    l->sender, &has, NULL) != 0)
		has = false;
	return talloc_strdup(ctx, has ? "finder" : "other");
}

json_t *
letter_row(struct request *r, const struct store_letter *l)
{
	char *who = letter_who(r, r, l);
	json_t *row;

	row = json_pack("{s:I,s:o,s:s,s:s,s:s,s:s,s:o,s:b,s:b,s:I,s:o}",
	    "letter", (json_int_t)l->id, "received", json_time(l->received),
	    "state", letter_state_name((enum letter_state)l->state), "reason",
	    reason_name((enum reason)l->reason), "reason_text",
	    reason_text((enum reason)l->reason), "verdict",
	    l->verdict != 0 ? verdict_name(l->verdict) : "unopened", "case",
	    json_text(request_case_number(r, l->casefile)), "unconfirmed",
	    l->unconfirmed != 0, "junk", (l->came & CAME_JUNK) != 0, "size",
	    (json_int_t)l->size, "who", json_text(who));
	talloc_free(who);
	return row;
}

json_t *
letter_signer(const struct store_letter *l, const char *bound_key)
{
	if (l->signer == NULL && l->verdict == VERDICT_KNOWN)
		return json_text(bound_key);
	return json_text(l->signer);
}

bool
letter_claims(const struct store_letter *l)
{
	return l->state == LETTER_SET_ASIDE &&
	       (l->reason == REASON_FORGED || l->reason == REASON_UNPINNED);
}

bool
request_letter(struct request *r, const char *word, struct store_letter *l)
{
	int64_t id;

	if (!request_number(r, word, "letter", "psirt list --letters", &id))
		return false;
	switch (store_letter_get(r, r->st, id, l, &r->err)) {
	case 1:
		return true;
	case 0:
		request_fail(r, CONTROL_EXIT_REFUSED,
		    "no letter %lld: \"psirt list --letters\" shows them",
		    (long long)id);
		return false;
	default:
		return false;
	}
}

/* A decision was taken: what is it now, and where to look. */
static enum turn
letter_answer(struct request *r, int64_t id, const char *text)
{
	char *next = talloc_asprintf(r, "psirt letter %lld", (long long)id);

	if (answer_set(r, "letter", json_integer(id)) != 0 ||
	    answer_set(r, "done", json_text(text)) != 0 ||
	    answer_set(r, "next", json_pack("[o]", json_text(next))) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

/* Why it waits for nobody's decision; else TURN_MORE. */
static enum turn
letter_waits(struct request *r, const struct store_letter *l)
{
	const char *number = request_case_number(r, l->casefile);

	switch (l->state) {
	case LETTER_INQUIRY:
	case LETTER_SET_ASIDE:
	case LETTER_QUARANTINED:
	case LETTER_DROPPED:
		return TURN_MORE;
	case LETTER_FILED:
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "letter %lld stands in %s already", (long long)l->id,
		    number != NULL ? number : "a case");
	default:
		return request_fail(r, CONTROL_EXIT_AGAIN,
		    "letter %lld is being opened: try again in a moment",
		    (long long)l->id);
	}
}

enum turn
file_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;
	struct store_letter l;

	if (!request_letter(r, r->words[0], &l) ||
	    letter_waits(r, &l) != TURN_MORE)
		return TURN_FAILED;
	if (engine->file(engine->arg, l.id, r->actor, &r->err) != 0)
		return TURN_FAILED;
	engine->wake(engine->arg);
	return letter_answer(r, l.id, "is filed as a report");
}

enum turn
reopen_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;
	struct store_letter l;

	if (!request_letter(r, r->words[0], &l))
		return TURN_FAILED;
	if (l.state == LETTER_RECEIVED)
		return request_fail(r, CONTROL_EXIT_AGAIN,
		    "letter %lld is being opened: try again in a moment",
		    (long long)l.id);
	if (l.reason == REASON_TOO_LARGE)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "letter %lld was too large to fetch: it lies in the "
		    "mailbox, folder %s",
		    (long long)l.id, r->s->too_large);
	if (engine->reopen(engine->arg, l.id, r->actor, &r->err) != 0)
		return TURN_FAILED;
	engine->wake(engine->arg);
	return letter_answer(r, l.id, "is being opened once more");
}

enum turn
drop_run(struct request *r)
{
	struct store_letter l;
	uint32_t from;

	if (r->why == NULL || *r->why == '\0')
		return request_fail(r, CONTROL_EXIT_USAGE,
		    "say why it is dropped: psirt %s", r->command->usage);
	if (!request_letter(r, r->words[0], &l) ||
	    letter_waits(r, &l) != TURN_MORE)
		return TURN_FAILED;
	if (l.state == LETTER_DROPPED)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "letter %lld is dropped already", (long long)l.id);
	from = l.state;
	l.state = LETTER_DROPPED;
	l.reason = REASON_DROPPED;
	if (store_begin(r->st, &r->err) != 0)
		return TURN_FAILED;
	if (store_letter_put(r->st, &l, from, &r->err) != 0) {
		store_rollback(r->st);
		return TURN_FAILED;
	}
	if (request_record(
		r, l.casefile, l.id, 0, REASON_DROPPED, r->why, true) != 0)
		return TURN_FAILED;
	r->control->engine->wake(r->control->engine->arg);
	return letter_answer(r, l.id, "is dropped");
}
