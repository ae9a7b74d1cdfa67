/*
 * approve.c - drafts that wait: what each reader will read, and that it may.
 *
 * Runs in the engine.  The list shows kinds, steps and policies.  A draft is
 * shown whole: to whom, under which key, every word, every file, every guard,
 * those of linked cases too (RULES 30), and what the record has not got yet.
 * The digest that is shown beside it is what an approval is of (RULES 26): a
 * mail that changed in between is refused by the engine.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/opening.h"

/* ---- the list ---- */

static json_t *
approved_by(struct request *r, const void *ctx, int64_t mail)
{
	struct store_approval *list = NULL;
	json_t *names = json_array();
	size_t count = 0;

	if (store_approval_list(ctx, r->st, mail, &list, &count, &r->err) !=
	    0) {
		json_decref(names);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		json_array_append_new(names, json_text(list[i].person));
	return names;
}

json_t *
draft_row(struct request *r, const struct store_outmail *m)
{
	json_t *row = mail_row(r, m);
	void *ctx = talloc_new(r);
	struct store_step step = {0};

	if (row == NULL || (m->step != 0 && store_step_get(ctx, r->st, m->step,
						&step, &r->err) < 0))
		goto failed;
	json_object_set_new(row, "step", json_text(step.number));
	json_object_set_new(row, "policy",
	    json_text(
		m->policy != 0 ? policy_name((enum policy)m->policy) : NULL));
	if (json_object_set_new(
		row, "approved_by", approved_by(r, ctx, m->id)) == 0)
		goto out;
failed:
	json_decref(row);
	row = NULL;
out:
	talloc_free(ctx);
	return row;
}

enum turn
approve_list_run(struct request *r)
{
	int64_t *after = r->state;
	struct store_outmail m;
	int64_t id, next;
	void *ctx;
	int rc;

	if (after == NULL) {
		after = talloc_zero(r, int64_t);
		r->state = after;
		if (after == NULL || answer_list(r, "mails") != 0)
			return TURN_FAILED;
	}
	for (;;) {
		if (!request_has_time(r))
			return TURN_MORE;
		id = next = 0;
		if (store_outmail_next(r->st, OUTMAIL_DRAFT, INT64_MAX, *after,
			&id, &next, &r->err) < 0)
			return TURN_FAILED;
		if (id == 0)
			break;
		*after = id;
		ctx = talloc_new(r);
		rc = mail_look(r, ctx, id, &m);
		if (rc == 1)
			rc = answer_row(r, draft_row(r, &m));
		talloc_free(ctx);
		if (rc != 0)
			return TURN_FAILED;
	}
	return answer_list_end(r) == 0 ? TURN_DONE : TURN_FAILED;
}

/* ---- one draft ---- */

/* A draft that waits; else failed, false. */
static bool
request_draft(struct request *r, const char *word, struct store_outmail *m)
{
	int64_t id;

	if (!request_number(r, word, "mail", "psirt approve", &id))
		return false;
	switch (store_outmail_get(r, r->st, id, m, &r->err)) {
	case 1:
		break;
	case 0:
		request_fail(r, CONTROL_EXIT_REFUSED,
		    "no mail %lld: \"psirt approve\" shows what waits",
		    (long long)id);
		return false;
	default:
		return false;
	}
	if (m->state == OUTMAIL_DRAFT)
		return true;
	request_fail(r, CONTROL_EXIT_REFUSED,
	    "mail %lld is %s: only drafts wait for approval", (long long)id,
	    outmail_state_name(m->state));
	return false;
}

/* The step whose pass it belongs to, or NULL. */
static const struct flow_step *
mail_step(const struct casework *w, const struct store_outmail *m)
{
	for (size_t i = 0; m->step != 0 && i < w->view.nsteps; i++)
		if (w->steps[i].id == m->step)
			return w->view.steps[i].step;
	return NULL;
}

/* NULL: it leaves in clear, whatever key its reader may have. */
static const char *
sealed_to(const struct store_outmail *m)
{
	if (!m->encrypt)
		return NULL;
	return m->recipient != NULL ? m->recipient : m->recipient_key_fpr;
}

static struct leaving
leaving_of(struct request *r, const struct store_outmail *m,
    const struct flow_step *step)
{
	const struct department *d =
	    m->department != NULL ? settings_department(r->s, m->department)
				  : NULL;

	return (struct leaving){
	    .step = step,
	    .audience = (enum audience)m->audience,
	    .address = m->to,
	    .fingerprint = sealed_to(m),
	    .customer = m->audience == AUDIENCE_CUSTOMER
			    ? settings_customer(r->s, m->to)
			    : NULL,
	    .parts = m->parts,
	    .role = d != NULL ? d->role : 0,
	    .overridden = m->overridden,
	    .template = mail_kind_name((enum mail_kind)m->kind),
	    .mediated = m->kind == MAIL_MEDIATED,
	};
}

static json_t *
guard_row(const struct casework *w, enum guard_kind kind, const char *state,
    const char *why)
{
	return json_pack("{s:o,s:s,s:n,s:s,s:o}", "case",
	    json_text(w->c.number), "guard", guard_name(kind), "of", "state",
	    state, "why", json_text(case_sentence(w, w, why)));
}

/* The step or answer that a guard of the flow names; null: none. */
static json_t *
guard_of(const struct guard *guard)
{
	const struct answer_rule *rule = answer_rule(guard->answer);

	if (guard->kind == GUARD_REQUIRES_SENT)
		return json_text(guard->step);
	if (guard->kind != GUARD_ANSWERED || rule == NULL)
		return json_null();
	return guard->value != NULL
		   ? json_sprintf("%s = %s", rule->name, guard->value)
		   : json_text(rule->name);
}

/* Every guard of this case that refuses it now; *refused: their bits. */
static void
guards_refuse(struct request *r, const struct casework *w,
    struct leaving leaving, json_t *rows, uint32_t *refused)
{
	*refused = 0;
	for (;;) {
		char *why = NULL;
		enum guard_kind kind =
		    desk_may_leave(r, &w->view, &leaving, &why);

		/* One that nobody can override is named once. */
		if (kind == 0 || (*refused & 1U << kind))
			return;
		*refused |= 1U << kind;
		leaving.overridden |= 1U << kind;
		json_array_append_new(rows, guard_row(w, kind, "refuses", why));
	}
}

/* What a lead has overridden: for the draft, or who approves it first. */
struct overrides {
	struct store_approval *approvals;
	size_t napprovals;
	uint32_t all;
};

/* Who approves it second is to know of it. */
static char *
overridden_by(const struct casework *w, const struct overrides *o, uint32_t bit)
{
	for (size_t i = 0; i < o->napprovals; i++)
		if (o->approvals[i].overridden & bit)
			return talloc_asprintf(w,
			    "%s: psirt log --case CASE --notes says why",
			    o->approvals[i].person);
	return talloc_strdup(
	    w, "psirt log --case CASE --notes says by whom and why");
}

/* Those that hold, and those that are overridden: so many were asked. */
static void
guards_hold(const struct casework *w, const struct guard *guards,
    size_t nguards, const struct overrides *o, uint32_t refused, json_t *rows)
{
	for (size_t i = 0; i < nguards; i++) {
		uint32_t bit = 1U << guards[i].kind;
		json_t *row;

		if (refused & bit)
			continue;
		row = o->all & bit
			  ? guard_row(w, guards[i].kind, "overridden",
				overridden_by(w, o, bit))
			  : guard_row(w, guards[i].kind, "holds", NULL);
		if (row != NULL)
			json_object_set_new(row, "of", guard_of(&guards[i]));
		json_array_append_new(rows, row);
	}
}

static json_t *
guards_json(
    struct request *r, const struct casework *w, const struct store_outmail *m)
{
	const struct flow_step *step = mail_step(w, m);
	const char *kind = mail_kind_name((enum mail_kind)m->kind);
	struct leaving leaving = leaving_of(r, m, step);
	struct overrides o = {.all = m->overridden};
	json_t *rows = json_array();
	uint32_t refused;

	if (store_approval_list(
		r, r->st, m->id, &o.approvals, &o.napprovals, &r->err) != 0) {
		json_decref(rows);
		return NULL;
	}
	for (size_t i = 0; i < o.napprovals; i++)
		o.all |= o.approvals[i].overridden;
	leaving.overridden = o.all;
	guards_refuse(r, w, leaving, rows, &refused);
	if (step == NULL)
		return rows;
	guards_hold(w, step->guards, step->nguards, &o, refused, rows);
	for (size_t i = 0; i < step->nmails; i++)
		if (strcmp(step->mails[i].template, kind) == 0 &&
		    case_holds(
			&w->view, step->mails[i].when, step->mails[i].nwhen))
			guards_hold(w, step->mails[i].guards,
			    step->mails[i].nguards, &o, refused, rows);
	return rows;
}

/* What the guards of linked cases say of the same reader (RULES 30). */
static json_t *
linked_json(
    struct request *r, const struct casework *w, const struct store_outmail *m)
{
	struct store_link *links = NULL;
	struct leaving leaving = leaving_of(r, m, NULL);
	json_t *rows = json_array();
	size_t count = 0;
	uint32_t refused;

	/* Nobody has overridden theirs. */
	leaving.overridden = 0;
	if (store_link_list(r, r->st, w->c.id, &links, &count, &r->err) != 0)
		goto failed;
	for (size_t i = 0; i < count; i++) {
		int64_t other =
		    links[i].from == w->c.id ? links[i].to : links[i].from;
		struct casework *linked;

		if (links[i].kind == LINK_PROPOSED ||
		    links[i].kind == LINK_REFUSED)
			continue;
		linked = request_casework(r, r, other);
		if (linked == NULL)
			goto failed;
		guards_refuse(r, linked, leaving, rows, &refused);
		talloc_free(linked);
	}
	return rows;
failed:
	json_decref(rows);
	return NULL;
}

/* What earlier steps were to bring and the record has not: outside mail. */
static json_t *
holes_json(const struct casework *w, const struct store_outmail *m)
{
	const struct flow_step *step = mail_step(w, m);
	const struct flow_file *flow = w->view.flow;
	json_t *rows = json_array();

	if (step == NULL || m->audience == AUDIENCE_DEPARTMENT)
		return rows;
	for (size_t i = 0; i < flow->nsteps && &flow->steps[i] != step; i++) {
		const struct flow_step *before = &flow->steps[i];

		/* Not come to: another branch, or not asked yet. */
		if (case_step_of(&w->view, before->number) == NULL)
			continue;
		for (size_t k = 0; k < before->nexpects; k++)
			if (case_answer_of(&w->view, before->expects[k]) ==
			    NULL)
				json_array_append_new(rows,
				    json_pack("{s:o,s:o}", "step",
					json_text(before->number), "answer",
					json_text(
					    answer_rule(before->expects[k])
						->name)));
	}
	return rows;
}

/* Is it the word of the case's source?  Files may be laid beside it. */
static bool
is_covered(struct request *r, const struct casework *w, const struct opening *o,
    size_t part)
{
	if (w == NULL)
		return false;
	if (w->c.correspondent != NULL)
		return desk_signed_by(
		    r->s, o, (uint32_t)part + 1, w->c.correspondent);
	return w->c.finder_key_standing >= FINDER_KEY_BOUND &&
	       desk_part_signer(r->s, o, part, w->c.finder_key).verdict ==
		   VERDICT_KNOWN;
}

static json_t *
file_row(struct request *r, const struct casework *w, const struct opening *o,
    size_t part)
{
	const struct part *p = &o->parts[part];
	bool covered = is_covered(r, w, o, part);
	const char *source = w != NULL ? w->c.correspondent : NULL;

	return json_pack("{s:o,s:o,s:I,s:b,s:o}", "name", json_text(p->name),
	    "type", json_text(p->type), "size", (json_int_t)p->content.len,
	    "covered", covered, "why",
	    covered ? json_null()
		    : json_sprintf("no signature of %s covers it: anybody on "
				   "the way may have put it there",
			  source != NULL ? source : "the finder"));
}

static json_t *
files_json(
    struct request *r, const struct casework *w, const struct store_outmail *m)
{
	json_t *rows = json_array();
	struct bytes wire = BYTES_NONE;
	const struct opening *o = NULL;
	int found = 0;

	if (m->with_files != 0 && m->letter != 0)
		found = store_opening_get(r, r->st, m->letter, &wire, &r->err);
	if (found > 0)
		o = opening_decode(r, wire, &r->err);
	if (found < 0 || (found > 0 && o == NULL)) {
		json_decref(rows);
		return NULL;
	}
	for (size_t i = 0; o != NULL && i < o->nparts; i++)
		if (part_is_attachment(&o->parts[i]))
			json_array_append_new(rows, file_row(r, w, o, i));
	return rows;
}

/* The mail itself, as its reader will have it. */
static int
approve_mail(struct request *r, const struct store_outmail *m)
{
	const struct control_engine *engine = r->control->engine;
	char *digest = engine->approval_digest(engine->arg, r, m);
	json_t *row = draft_row(r, m);

	if (row == NULL || digest == NULL) {
		json_decref(row);
		return r->err.fault != FAULT_NONE
			   ? -1
			   : error_set(&r->err, FAULT_RETRY, "out of memory");
	}
	json_object_set_new(row, "name", json_text(m->to_name));
	json_object_set_new(row, "address", json_text(m->to));
	json_object_set_new(row, "key", json_text(sealed_to(m)));
	json_object_set_new(
	    row, "key_pinned", json_boolean(m->encrypt && m->recipient));
	json_object_set_new(row, "language", json_text(m->language));
	json_object_set_new(row, "parts", told_parts(m->parts));
	json_object_set_new(row, "subject", json_text(m->subject));
	json_object_set_new(row, "body", json_text(m->body));
	json_object_set_new(row, "digest", json_text(digest));
	return answer_set(r, "mail", row);
}

enum turn
approve_show_run(struct request *r)
{
	struct casework *w = NULL;
	struct store_outmail m;

	if (!request_draft(r, r->words[0], &m))
		return TURN_FAILED;
	if (m.casefile != 0 && (w = request_casework(r, r, m.casefile)) == NULL)
		return TURN_FAILED;
	if (request_record(
		r, m.casefile, m.letter, m.id, m.kind, NULL, false) != 0 ||
	    approve_mail(r, &m) != 0 ||
	    answer_set(r, "files", files_json(r, w, &m)) != 0)
		return TURN_FAILED;
	if (w != NULL &&
	    (answer_set(r, "guards", guards_json(r, w, &m)) != 0 ||
		answer_set(r, "linked", linked_json(r, w, &m)) != 0 ||
		answer_set(r, "holes", holes_json(w, &m)) != 0))
		return TURN_FAILED;
	return TURN_DONE;
}

/* ---- what is done with it ---- */

enum turn
approve_order_run(struct request *r)
{
	struct order order = request_order(r, ORDER_APPROVE);
	json_t *said = json_array();
	struct store_case c = {0};
	struct store_outmail m;

	if (request_has(r, OPTION_DROP) &&
	    (r->why == NULL || *r->why == '\0')) {
		request_fail(r, CONTROL_EXIT_USAGE,
		    "say why it is dropped: psirt %s", r->command->usage);
		goto failed;
	}
	if (!request_has(r, OPTION_DROP) && r->digest == NULL) {
		request_fail(r, CONTROL_EXIT_USAGE,
		    "--digest must say what was read: psirt approve MAIL "
		    "shows it");
		goto failed;
	}
	if (!request_override(r, &order.override) ||
	    !request_draft(r, r->words[0], &m))
		goto failed;
	order.mail = m.id;
	order.casefile = m.casefile;
	order.digest = r->digest;
	if (request_has(r, OPTION_DROP))
		order.what = ORDER_DROP;
	if (request_has(r, OPTION_EDIT)) {
		order.what = ORDER_EDIT;
		order.subject = r->words[1];
		order.text = r->words[2];
	}
	if (m.casefile != 0 &&
	    store_case_get(r, r->st, m.casefile, &c, &r->err) < 0)
		goto failed;
	if (request_give(r, &order, said) != 0)
		goto failed;
	return order_answer(r, c.id != 0 ? &c : NULL, said);
failed:
	json_decref(said);
	return TURN_FAILED;
}
