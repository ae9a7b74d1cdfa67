/*
 * engine_status.c - the periodic mail that keeps a counterpart from believing
 * that nothing is done (RULES 25).
 *
 * Runs in the engine process, inside the transaction of the stop `due`.
 * Whether one goes decides the desk (desk_status()); it holds a number, a
 * phase in fixed words and a date, so it may go in clear where no key is
 * known.
 */
#include "engine_case.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define MAILS_MOST 1000

int
draft_unless_refused(struct engine *e, struct casework *w,
    const struct case_draft *draft, const struct facts *facts, int64_t *mail,
    struct error *err)
{
	*mail = 0;
	if (leave_draft(e, w, draft, facts, "psirtd", mail, err) == 0)
		return 0;
	if (err->fault != FAULT_DENIED)
		return -1;
	error_clear(err);
	return 0;
}

void
outside_facts(struct facts *f, const void *ctx, struct engine *e,
    const struct casework *w, const struct draft_to *to)
{
	if (w->c.correspondent != NULL || case_speaks_through_jpcert(&w->view))
		draft_fact(f, "correspondent", to->name);
	else
		draft_fact(f, "to_name", to->name);
	draft_fact(f, "tracking", draft_tracking(ctx, e, w->c.id));
}

/* As the vault found the key at its start; of one it holds not: by sealing. */
static bool
key_is_usable(const struct engine *e, const char *fingerprint)
{
	for (size_t i = 0;
	     e->keys != NULL && fingerprint != NULL && i < e->keys->nkeys; i++)
		if (strcasecmp(e->keys->keys[i].fingerprint, fingerprint) == 0)
			return e->keys->keys[i].can_encrypt &&
			       e->keys->keys[i].problem == VAULT_KEY_FINE;
	return true;
}

/*
 * The last mail that told the counterpart something, 0: none did; and whether
 * a status mail to this address waits for a person already: one is enough to
 * decide about.
 */
static int
look_back(struct engine *e, const struct casework *w, const char *to,
    int64_t *real, bool *waits, struct error *err)
{
	struct store_outmail *list = NULL;
	void *ctx = talloc_new(e);
	size_t n = 0;
	int rc = store_outmail_list(
	    ctx, e->st, 0, w->c.id, MAILS_MOST, &list, &n, err);

	*real = 0;
	*waits = false;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct store_outmail *m = &list[i];

		if (m->kind == MAIL_STATUS)
			*waits |= (m->state == OUTMAIL_DRAFT ||
				      m->state == OUTMAIL_HELD) &&
				  m->to != NULL && strcasecmp(m->to, to) == 0;
		/* That one is for the finder, to whom we speak no more. */
		else if (m->kind == MAIL_MEDIATED)
			continue;
		else if ((m->audience == AUDIENCE_COUNTERPART ||
			     m->kind == MAIL_ACKNOWLEDGE) &&
			 m->sent > *real)
			*real = m->sent;
	}
	talloc_free(ctx);
	return rc;
}

static int
draft_status(struct engine *e, struct casework *w, const struct draft_to *to,
    enum audience audience, enum policy policy, int64_t next, int64_t *mail,
    struct error *err)
{
	void *ctx = talloc_new(w);
	struct case_draft d = {.kind = MAIL_STATUS,
	    .audience = audience,
	    .policy = policy,
	    .to = *to,
	    .automatic = policy == POLICY_AUTO};
	struct facts f = {0};
	int rc;

	/* Who never gave a key gets it signed, in clear (RULES 25). */
	if (to->recipient == NULL && to->key_fpr == NULL)
		d.to.encrypt = false;
	draft_common_facts(&f, ctx, e, to->language);
	draft_fact(&f, "number", w->c.number);
	outside_facts(&f, ctx, e, w, to);
	draft_fact(
	    &f, "phase_words", desk_phase_words(w->c.phase, to->language));
	draft_fact(&f, "next_contact", clock_date(ctx, next));
	rc = draft_unless_refused(e, w, &d, &f, mail, err);
	talloc_free(ctx);
	return rc;
}

static int
hold(struct engine *e, const struct casework *w, struct error *err)
{
	const struct store_task t = {
	    .kind = TASK_STATUS_HELD, .casefile = w->c.id};

	return task_add(e, &t, err);
}

static int
say(struct engine *e, struct casework *w, const struct draft_to *to,
    enum audience audience, enum policy policy, int64_t next, struct error *err)
{
	int64_t mail = 0;

	if (draft_status(e, w, to, audience, policy, next, &mail, err) != 0)
		return -1;
	if (mail == 0)
		return hold(e, w, err);
	w->c.status_same =
	    w->c.status_phase == w->c.phase ? w->c.status_same + 1 : 1;
	w->c.status_phase = w->c.phase;
	return 0;
}

void
status_anew(struct casework *w)
{
	int64_t every = desk_status_every(&w->view);

	w->c.next_status = every > 0 ? clock_now() + every : 0;
	w->c.status_same = 0;
}

int
status_mail(struct engine *e, int64_t casefile, struct error *err)
{
	struct casework *w = case_load(e, e, casefile, err);
	struct draft_to to = {0};
	enum audience audience = AUDIENCE_COUNTERPART;
	struct status_input in = {.s = e->s};
	struct status_decision d = {.what = STATUS_NEVER};
	bool waits = false;
	int rc = -1;

	if (w == NULL)
		return -1;
	in.v = &w->view;
	in.next_status = w->c.next_status;
	in.said_phase = w->c.status_phase;
	in.said_same = w->c.status_same;
	if (case_counterpart(w, e, w, &to, &audience)) {
		if (look_back(e, w, to.address, &in.last_real, &waits, err) !=
		    0)
			goto out;
		in.key_known = to.recipient != NULL;
		in.key_usable = key_is_usable(e, to.recipient);
		d = desk_status(&in);
	}
	rc = 0;
	if (waits && (d.what == STATUS_SEND || d.what == STATUS_DRAFT))
		d.next = w->view.now + desk_status_every(&w->view);
	else if (d.what == STATUS_SEND)
		rc = say(e, w, &to, audience, POLICY_AUTO, d.next, err);
	else if (d.what == STATUS_DRAFT)
		rc = say(e, w, &to, audience, POLICY_APPROVE, d.next, err);
	else if (d.what == STATUS_HOLD)
		rc = hold(e, w, err);
	w->c.next_status = d.next;
	if (rc == 0)
		rc = store_case_put(e->st, &w->c, err);
out:
	talloc_free(w);
	return rc;
}
