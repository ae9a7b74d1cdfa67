/*
 * engine_department.c - a department's letter: the lines that a step asked
 * for are put on record, what is not understood becomes a task (RULES 12).
 *
 * Runs in the engine process, inside the transaction of the stop `file`.
 * Lines count under a contact's pinned key over the letter's own words alone,
 * and with the reference of a question that is open; else they move nothing,
 * and a person sees them.
 */
#include "engine_step.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define GREETING_COLUMNS 60 /* what else it says, and need not be a task */

/* One letter of a contact, and the question it answers. */
struct reply {
	struct filing *f;
	struct casework *w;
	const struct desk_signer *signer;
	const char *text; /* the words that the signature is over */
	struct commands_read *read;
	const struct case_step *pass; /* NULL: no reference of this case */
	bool good[COMMAND_LINES_MOST];
};

/* ---- whose letter it is ---- */

/* Of programs, and what was here before: nobody answers with it. */
static bool
is_noise(enum reason reason)
{
	return reason == REASON_AUTO_REPLY || reason == REASON_LIST ||
	       reason == REASON_BOUNCE || reason == REASON_OWN ||
	       reason == REASON_DUPLICATE;
}

static bool
is_contact(const struct settings *s, const char *address)
{
	for (size_t i = 0; address != NULL && i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++)
			if (strcasecmp(s->departments[i].contacts[k].address,
				address) == 0)
				return true;
	return false;
}

/*
 * The words that desk_letter_signer() speaks of: the first text of the letter.
 * One that only carries a message says nothing itself.
 */
static const char *
own_words(const struct opening *o)
{
	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (p->kind == PART_TEXT && !text_is_blank(p->content))
			return (p->flags & PART_FORWARDED) == 0
				   ? (const char *)p->content.data
				   : NULL;
	}
	return NULL;
}

/* Not signed by a contact, but in the name of one, or to one's question. */
static bool
claims_contact(const struct filing *f)
{
	const struct headers *h = &f->o->headers;
	const struct mail_address *from = desk_from(f->e->s, f->o, NULL);
	const char *text = own_words(f->o);
	struct store_step step = {0};
	struct commands_read *read;

	if (f->d->signer.verdict == VERDICT_PINNED ||
	    f->d->signer.verdict == VERDICT_KNOWN)
		return false;
	if (from != NULL && is_contact(f->e->s, from->address))
		return true;
	if (h->nfrom > 0 && is_contact(f->e->s, h->from[0].address))
		return true;
	read = text != NULL ? desk_commands(f, text, f->e->s->number_prefix)
			    : NULL;
	return read != NULL && read->ref != NULL &&
	       store_step_by_ref(f, f->e->st, read->ref, &step, NULL) == 1;
}

/* ---- why it moves nothing ---- */

static int
add_task(struct filing *f, int64_t casefile, enum task_kind kind,
    const struct case_step *pass, const char *why, const char *text,
    struct error *err)
{
	struct store_task t = {.kind = kind,
	    .casefile = casefile,
	    .letter = f->letter.id,
	    .step = pass != NULL ? pass->id : 0,
	    .made = f->in.now};

	t.text = (char *)(uintptr_t)text;
	if (why != NULL)
		t.text =
		    talloc_asprintf(f, "%s\n%s", why, text != NULL ? text : "");
	return task_add(f->e, &t, err);
}

static int
refuse(struct filing *f, int64_t casefile, enum command_trouble trouble,
    struct error *err)
{
	return engine_record(f->e, RECORD_ANSWER_REFUSED, casefile,
	    f->letter.id, 0, trouble, err);
}

/* Set aside as well it says for which case it was meant. */
static int
take_unsigned(struct filing *f, struct error *err)
{
	int64_t casefile = f->have_case ? f->c.id : f->d->named;

	if (casefile == 0)
		return 0;
	if (refuse(f, casefile, COMMAND_UNSIGNED, err) != 0 ||
	    add_task(f, casefile, TASK_UNSIGNED, NULL, f->d->signer.why,
		own_words(f->o), err) != 0)
		return -1;
	return 1;
}

/* ---- may it move the step? ---- */

/*
 * When the question left: the reference stands in no mail before.  One that
 * may have left, and nobody knows, is counted from when it was written.
 */
static int
asked_at(const struct reply *r, int64_t *at, struct error *err)
{
	struct store_outmail *list = NULL;
	size_t n = 0;

	*at = 0;
	if (r->pass == NULL)
		return 0;
	if (store_outmail_of_step(
		r->w, r->f->e->st, r->pass->id, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t sent = list[i].state == OUTMAIL_UNCERTAIN
				   ? list[i].made
				   : list[i].sent;

		if (list[i].audience == AUDIENCE_DEPARTMENT && sent != 0 &&
		    (*at == 0 || sent < *at))
			*at = sent;
	}
	return 0;
}

/* Which lines are answers to what the step asks. */
static void
sort_lines(struct reply *r)
{
	for (size_t i = 0; i < r->read->nlines && i < COMMAND_LINES_MOST; i++) {
		struct command_line *line = &r->read->lines[i];

		if (line->trouble == NULL && line->rule != NULL &&
		    !desk_step_takes(r->pass->step, line->rule->kind))
			line->trouble = "this step does not ask for it";
		r->good[i] = line->rule != NULL && line->trouble == NULL;
	}
}

/* A signature moves something once; what it was over counts, not its mail. */
static int
use_signature(
    const struct reply *r, int64_t made, bool *fresh, struct error *err)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	char *all = talloc_asprintf(r->w, "%s\n%lld\n%s",
	    r->signer->fingerprint, (long long)made, r->text);

	if (all == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	store_digest(bytes_str(all), digest);
	return store_signature_use(
	    r->f->e->st, digest, r->f->letter.id, fresh, err);
}

static int
judge(struct reply *r, enum command_trouble *trouble, struct error *err)
{
	int64_t made = desk_signed_at(r->f->o, r->signer);
	int64_t asked;
	bool fresh = false;

	if (asked_at(r, &asked, err) != 0)
		return -1;
	*trouble = desk_command_judge(
	    &r->w->view, r->pass, r->signer, made, asked, r->read);
	/* What was not understood is answered once, too. */
	if (*trouble != COMMAND_FINE && *trouble != COMMAND_CONFLICT &&
	    *trouble != COMMAND_NOTHING)
		return 0;
	sort_lines(r);
	if (use_signature(r, made, &fresh, err) != 0)
		return -1;
	if (!fresh)
		*trouble = COMMAND_REPLAYED;
	return 0;
}

/* ---- what it says ---- */

/* What another contact said, and this one says otherwise. */
static char *
conflicts(const struct reply *r)
{
	char *all = NULL;

	for (size_t i = 0; i < r->read->nlines && i < COMMAND_LINES_MOST; i++) {
		const struct command_line *line = &r->read->lines[i];
		const struct case_answer *was;

		if (!r->good[i])
			continue;
		was = desk_conflict(&r->w->view, r->pass, line->rule->kind,
		    line->value, r->signer->contact->name);
		if (was != NULL)
			all = talloc_asprintf(r->w,
			    "%s%s%s: %s (%s)\n%s: %s (%s)",
			    all != NULL ? all : "", all != NULL ? "\n" : "",
			    line->rule->name, was->value, was->by,
			    line->rule->name, line->value,
			    r->signer->contact->name);
	}
	return all;
}

static int
record_lines(struct reply *r, struct error *err)
{
	struct filing *f = r->f;

	for (size_t i = 0; i < r->read->nlines && i < COMMAND_LINES_MOST; i++) {
		const struct command_line *line = &r->read->lines[i];
		struct store_answer a = {.casefile = f->c.id,
		    .step = r->pass->id,
		    .at = f->in.now,
		    .letter = f->letter.id};

		if (!r->good[i])
			continue;
		a.kind = line->rule->kind;
		a.value = (char *)(uintptr_t)line->value;
		a.by = (char *)(uintptr_t)r->signer->contact->name;
		a.department = (char *)(uintptr_t)r->signer->department->name;
		if (answer_record(f->e, r->w, &a, "psirtd", err) != 0)
			return -1;
	}
	return 0;
}

/* What a value goes on with stands in from its word, as it is to be written:
 * no line of it can look like a word of its own. */
static const char *
indented(const void *ctx, const char *value)
{
	char *out = talloc_strdup(ctx, "");
	const char *end;

	while (out != NULL && (end = strchr(value, '\n')) != NULL) {
		out = talloc_asprintf_append(out, "%.*s\n%s",
		    (int)(end - value), value, end[1] != '\n' ? "    " : "");
		value = end + 1;
	}
	return out != NULL ? talloc_strdup_append(out, value) : NULL;
}

/*
 * "status: reproduced", a line each; of those understood, or of the others.
 * Why one was not is said in English: a mail in Japanese goes without.
 */
static char *
lines_of(const struct reply *r, bool good, const char *language)
{
	bool reasons = strcmp(language, "ja") != 0;
	char *all = NULL;

	for (size_t i = 0; i < r->read->nlines && i < COMMAND_LINES_MOST; i++) {
		const struct command_line *line = &r->read->lines[i];
		const char *why = line->trouble;
		const char *value = line->value;

		if (r->good[i] != good)
			continue;
		if (good)
			value = answer_in(r->w, line->rule, value, language);
		if (why == NULL && !good)
			why = "the word is not known";
		if (!reasons)
			why = NULL;
		all = talloc_asprintf(r->w, "%s%s%s: %s%s%s%s",
		    all != NULL ? all : "", all != NULL ? "\n" : "",
		    good ? line->rule->name : line->word, indented(r->w, value),
		    why != NULL ? "  (" : "", why != NULL ? why : "",
		    why != NULL ? ")" : "");
	}
	return all;
}

/* More than a greeting and a name beneath it. */
static bool
says_more(const char *rest)
{
	size_t columns = 0;

	while (rest != NULL && *rest != '\0') {
		size_t len = strcspn(rest, "\n");
		char *line = talloc_strndup(NULL, rest, len);

		/* What follows is the sender's own card. */
		if (strcmp(line, "--") == 0 || strcmp(line, "-- ") == 0) {
			talloc_free(line);
			break;
		}
		if (!text_is_blank(bytes_str(line)))
			columns += text_width(line);
		talloc_free(line);
		rest += len + (rest[len] == '\n');
	}
	return columns > GREETING_COLUMNS;
}

static int
task_of_rest(struct reply *r, const char *others, struct error *err)
{
	const char *rest = says_more(r->read->rest) ? r->read->rest : NULL;

	if (others == NULL && rest == NULL)
		return 0;
	return add_task(r->f, r->f->c.id, TASK_UNDERSTAND, r->pass, others,
	    rest != NULL ? rest : "", err);
}

/* Short, signed, to the signer alone. */
static int
confirm(struct reply *r, struct error *err)
{
	struct filing *f = r->f;
	const struct contact *c = r->signer->contact;
	const char *language =
	    c->language != NULL ? c->language : f->e->s->language;
	struct case_draft d = {.kind = MAIL_CONFIRM,
	    .audience = AUDIENCE_DEPARTMENT,
	    .policy = POLICY_AUTO,
	    .pass = r->pass,
	    .department = r->signer->department,
	    .to = {.address = c->address,
		.name = c->name,
		.language = language,
		.recipient = r->signer->fingerprint,
		.encrypt = true},
	    .letter = f->letter.id,
	    .in_reply_to = f->o->headers.message_id,
	    .automatic = true};
	struct facts facts = {0};
	int64_t mail = 0;

	draft_common_facts(&facts, r->w, f->e, language);
	case_facts(&facts, r->w, r->w, language);
	draft_fact(&facts, "to_name", c->name);
	step_facts(&facts, r->w, r->w, r->pass, language);
	draft_fact(&facts, "understood", lines_of(r, true, language));
	draft_fact(&facts, "not_understood", lines_of(r, false, language));
	return draft_unless_refused(f->e, r->w, &d, &facts, &mail, err);
}

/* What could not move a step: a person reads it. */
static int
take_trouble(struct reply *r, enum command_trouble trouble, struct error *err)
{
	if (refuse(r->f, r->f->c.id, trouble, err) != 0)
		return -1;
	/* The letter is there to be read; it was counted once. */
	if (trouble == COMMAND_REPLAYED)
		return 1;
	if (add_task(r->f, r->f->c.id, TASK_UNDERSTAND, r->pass,
		command_trouble_text(trouble), r->text, err) != 0)
		return -1;
	if (trouble == COMMAND_NOTHING && r->read->nlines > 0 &&
	    confirm(r, err) != 0)
		return -1;
	return 1;
}

/* A person decides between the two: nothing changes. */
static int
take_conflict(struct reply *r, struct error *err)
{
	if (refuse(r->f, r->f->c.id, COMMAND_CONFLICT, err) != 0 ||
	    add_task(r->f, r->f->c.id, TASK_CONFLICT, r->pass, NULL,
		conflicts(r), err) != 0)
		return -1;
	return 1;
}

/* Nobody has to read it: it brings no file, and every line was taken. */
static int
put_by(struct reply *r, const char *others, struct error *err)
{
	struct store_letter *l = &r->f->letter;

	if (others != NULL || says_more(r->read->rest) ||
	    letter_has_files(r->f->o))
		return 0;
	l->reason = REASON_ANSWER;
	return store_letter_put(r->f->e->st, l, l->state, err);
}

static int
take_lines(struct reply *r, struct error *err)
{
	char *others = lines_of(r, false, "en");

	if (record_lines(r, err) != 0 || task_of_rest(r, others, err) != 0 ||
	    put_by(r, others, err) != 0 || confirm(r, err) != 0 ||
	    store_case_advance(r->f->e->st, r->f->c.id, true, err) != 0)
		return -1;
	return 1;
}

/* The pass of this case that the letter's reference names. */
static const struct case_step *
pass_of(const struct reply *r)
{
	const struct case_view *v = &r->w->view;

	if (r->read->ref == NULL || r->read->refs_differ ||
	    r->read->number == NULL ||
	    strcasecmp(r->read->number, r->w->c.number) != 0)
		return NULL;
	for (size_t i = 0; i < v->nsteps; i++)
		if (v->steps[i].ref != NULL &&
		    strcasecmp(v->steps[i].ref, r->read->ref) == 0 &&
		    strcmp(v->steps[i].step->number, r->read->step) == 0)
			return &v->steps[i];
	return NULL;
}

static int
take_signed(struct filing *f, struct error *err)
{
	struct reply *r = talloc_zero(f, struct reply);
	enum command_trouble trouble = COMMAND_FINE;

	r->f = f;
	r->signer = &f->d->signer;
	r->text = own_words(f->o);
	if (r->text == NULL)
		r->text = "";
	r->w = case_load(r, f->e, f->c.id, err);
	r->read = desk_commands(r, r->text, f->e->s->number_prefix);
	if (r->w == NULL || r->read == NULL)
		return -1;
	r->pass = pass_of(r);
	if (judge(r, &trouble, err) != 0)
		return -1;
	if (trouble == COMMAND_CONFLICT)
		return take_conflict(r, err);
	return trouble == COMMAND_FINE ? take_lines(r, err)
				       : take_trouble(r, trouble, err);
}

int
answer_take(struct filing *f, struct error *err)
{
	if (f->o == NULL || is_noise(f->d->reason))
		return 0;
	if (f->d->signer.verdict == VERDICT_PINNED &&
	    f->d->signer.contact != NULL)
		return f->have_case ? take_signed(f, err) : 0;
	return claims_contact(f) ? take_unsigned(f, err) : 0;
}
