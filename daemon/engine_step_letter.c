/*
 * engine_step_letter.c - the letter that goes along with a mail of a step:
 * which one it is, what of it goes, and what its reader is told by that.
 *
 * Runs in the engine process and writes nothing.  A mail that comes after a
 * letter hands on that letter, whatever came since.
 */
#include "engine_step.h"

#include <string.h>

#include <talloc.h>

/* ---- the newest of a case ---- */

/* What is to be handed on: a text, a file. */
static bool
has_wanted(const struct opening *o, bool text, bool files)
{
	for (size_t i = 0; i < o->nparts; i++)
		if ((text && o->parts[i].kind == PART_TEXT &&
			o->parts[i].content.len > 0) ||
		    (files && part_is_attachment(&o->parts[i])))
			return true;
	return false;
}

/* A department's own words are not what it is handed, nor a program's. */
static bool
is_told(const struct engine *e, const struct store_letter *l,
    const struct opening *o)
{
	switch (l->reason) {
	case REASON_AUTO_REPLY:
	case REASON_LIST:
	case REASON_BOUNCE:
	case REASON_OWN:
		return false;
	default:
		return desk_letter_signer(e->s, o, NULL).contact == NULL;
	}
}

struct opening *
told_opening(const void *ctx, struct engine *e, int64_t casefile, bool text,
    bool files, int64_t *letter, struct error *err)
{
	struct store_letter *list = NULL;
	struct opening *o = NULL;
	size_t n = 0;

	if (store_letter_list(ctx, e->st, 0, casefile, 1000, &list, &n, err) !=
	    0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct opening *one = engine_opening(ctx, e, list[i].id, err);

		if (one == NULL && err->text[0] != '\0')
			return NULL;
		if (one == NULL)
			continue;
		/* The newest first; the last made the case, whoever wrote. */
		if (i + 1 < n && !is_told(e, &list[i], one)) {
			talloc_free(one);
			continue;
		}
		/* One at a time: a case may have many large letters. */
		talloc_free(o);
		o = one;
		*letter = list[i].id;
		if (!list[i].unconfirmed && has_wanted(o, text, files))
			break;
	}
	return o;
}

/* ---- the one that a step waited for ---- */

/* Does this step await a letter, and is the other it, or what follows it? */
static bool
brings_letter(const struct flow_step *step, const struct flow_step *other)
{
	if (step->start != START_LETTER)
		return false;
	if (step == other)
		return true;
	for (size_t i = 0; i < other->nways; i++)
		for (size_t k = 0; k < other->ways[i].nafter; k++)
			if (strcmp(other->ways[i].after[k], step->number) == 0)
				return true;
	return false;
}

static bool
follows_letter(const struct casework *w, const struct flow_step *step)
{
	const struct flow_file *flow = w->view.flow;

	for (size_t i = 0; i < flow->nsteps; i++)
		if (brings_letter(&flow->steps[i], step))
			return true;
	return false;
}

/* 0: nothing that this step follows was ended by a letter, as when a person
 * ended it by hand. */
static int64_t
awaited_letter(const struct casework *w, const struct flow_step *step)
{
	const struct store_step *last = NULL;

	for (size_t i = 0; i < w->view.nsteps; i++) {
		const struct store_step *row = &w->steps[i];

		if (row->state == STEP_ENDED &&
		    brings_letter(w->view.steps[i].step, step) &&
		    (last == NULL || row->ended >= last->ended))
			last = row;
	}
	return last != NULL ? last->letter : 0;
}

/* ---- what of it goes ---- */

/*
 * RULES 5: by itself no text leaves but what a correspondent has signed; a
 * person who approves the mail has read it.
 */
static bool
may_go(const struct engine *e, const struct casework *w,
    const struct opening *o, enum policy policy)
{
	size_t part = 0;

	if (policy != POLICY_AUTO)
		return true;
	return w->c.correspondent != NULL && desk_text(o, &part) != NULL &&
	       desk_signed_by(e->s, o, (uint32_t)part + 1, w->c.correspondent);
}

/* Anybody on the way may lay a file beside what is signed: by itself a letter
 * is handed on with its files where all of them are signed. */
static bool
files_may_go(const struct engine *e, const struct casework *w,
    const struct opening *o, enum policy policy)
{
	for (size_t i = 0; policy == POLICY_AUTO && i < o->nparts; i++)
		if (part_is_attachment(&o->parts[i]) &&
		    !desk_signed_by(
			e->s, o, (uint32_t)i + 1, w->c.correspondent))
			return false;
	return letter_has_files(o);
}

int
along_take(struct along *a, const void *ctx, struct engine *e,
    const struct casework *w, const struct flow_step *step, enum mail_kind kind,
    enum policy policy, struct error *err)
{
	*a = (struct along){.kind = kind};
	if (kind != MAIL_DETAILS && kind != MAIL_INCIDENT &&
	    kind != MAIL_RELAY &&
	    (kind != MAIL_CIRCULATE || !follows_letter(w, step)))
		return 0;
	a->letter = awaited_letter(w, step);
	a->o = a->letter != 0
		   ? engine_opening(ctx, e, a->letter, err)
		   : told_opening(ctx, e, w->c.id, true, true, &a->letter, err);
	if (a->o == NULL)
		return err->text[0] != '\0' ? -1 : 0;
	if (!may_go(e, w, a->o, policy))
		a->o = NULL;
	else
		a->files = files_may_go(e, w, a->o, policy);
	return 0;
}

void
along_add(const struct along *a, struct facts *f, const void *ctx,
    struct engine *e, const struct store_case *c, struct case_draft *draft)
{
	bool harmless = role_is_harmless(draft->department->role);
	struct draft_share share = {
	    .text = true, .attachments = !harmless && a->files};

	/* What JVN is to publish is read by those who know no details. */
	if (a->o == NULL || (harmless && a->kind != MAIL_CIRCULATE))
		return;
	letter_facts(f, ctx, e, c, a->o, share);
	draft->letter = a->letter;
	draft->with_files = share.attachments;
	if (desk_text(a->o, NULL) != NULL)
		draft->parts |= TOLD_DETAILS;
	if (share.attachments)
		draft->parts |= TOLD_DETAILS | TOLD_EXPLOIT;
}
