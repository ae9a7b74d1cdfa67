/*
 * flow_parse.c - the text of a flow file to struct flow_file.
 *
 * In two passes, as steps name steps that stand further down: first each
 * step's number, titles, roles and answers, then its ways, mails and guards.
 * Whether every step can be come to is flow_check.c's, whether its templates
 * are there write/'s.  Runs in the engine, at start and when a case of an
 * older file is loaded.
 */
#include "flow_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

const struct flow_step *
flow_step(const struct flow_file *f, const char *number)
{
	for (size_t i = 0; number != NULL && i < f->nsteps; i++)
		if (strcmp(f->steps[i].number, number) == 0)
			return &f->steps[i];
	return NULL;
}

static struct place
place_of(const struct flow_reader *r, const struct node *node)
{
	return (struct place){r->f->path, node->line};
}

static void *
zeroed(const struct flow_reader *r, size_t size, size_t n)
{
	void *list = talloc_zero_size(r->f, size * (n + 1));

	if (list == NULL)
		abort(); /* half a flow is none */
	return list;
}

/* A name that is no word of ours, safe to print. */
static const char *
shown(const struct flow_reader *r, const char *name)
{
	return text_cut(r->l.p, text_escape(r->l.p, name, false), 60);
}

/* ---- first pass ---- */

static const char *
title_of(const struct flow_reader *r, const struct node *node)
{
	return talloc_strdup(r->f, node->title == NULL ? "" : node->title);
}

/* One to three parts of two digits: as the record writes it. */
static bool
is_number(const char *text)
{
	for (int parts = 1;; parts++, text++) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 2 || parts > 3)
			return false;
		text += digits;
		if (*text != '.')
			return *text == '\0';
	}
}

static void
read_step(
    struct flow_reader *r, const struct node *node, struct flow_step *step)
{
	step->number = title_of(r, node);
	step->place = place_of(r, node);
	if (!is_number(step->number))
		problem(r->l.p, node->line,
		    "step \"%s\": its name must be a number such as 1.3.1",
		    shown(r, step->number));
	for (struct flow_step *other = r->f->steps; other < step; other++)
		if (strcmp(other->number, step->number) == 0)
			problem(r->l.p, node->line,
			    "step %s stands twice, first on line %d: give one "
			    "another number",
			    step->number, other->place.line);
	settings_read_keys(&r->l, node, step);
	read_roles(r, node, "lead", true, &step->lead);
	read_roles(r, node, "joint", true, &step->joint);
	read_answers(r, node, "expects", &step->expects, &step->nexpects);
	read_answers(r, node, "may", &step->may, &step->nmay);
	read_due(r, node, step);
	if ((step->lead & step->joint) != 0)
		problem(r->l.p, entry_line(node, "joint"),
		    "step %s: a role leads and works along: take it out of "
		    "joint",
		    step->number);
}

static void
read_steps(struct flow_reader *r)
{
	const struct tree *tree = r->l.tree;
	size_t n = tree_count(tree, "step", 0);
	size_t at = 0;

	r->f->steps = zeroed(r, sizeof(r->f->steps[0]), n);
	for (size_t i = 0; i < n; i++) {
		at = tree_next(tree, "step", 0, at);
		r->f->nsteps++;
		read_step(r, &tree->nodes[at], &r->f->steps[i]);
	}
	if (n == 0 && !tree->cut)
		problem(r->l.p, 1,
		    "the file has no step: write step \"1.1\" "
		    "{ … }");
}

/* ---- second pass ---- */

static void
read_way(struct flow_reader *r, const struct node *node, struct flow_step *step,
    struct flow_way *way)
{
	const struct flow_step **of;

	read_after(r, node, step, way);
	of = talloc_array(r->l.p, const struct flow_step *, way->nafter + 1);
	for (size_t i = 0; of != NULL && i < way->nafter; i++)
		of[i] = flow_step(r->f, way->after[i]);
	read_whens(
	    r, node, of, of == NULL ? 0 : way->nafter, &way->when, &way->nwhen);
}

static bool
has_way(const struct node *node)
{
	return entry_find(node, "after") != NULL ||
	       entry_find(node, "when") != NULL;
}

static void
read_ways(struct flow_reader *r, size_t parent, struct flow_step *step)
{
	const struct tree *tree = r->l.tree;
	const struct node *node = &tree->nodes[parent];
	size_t n = tree_count(tree, "or", parent);
	size_t at = parent;

	step->ways = zeroed(r, sizeof(step->ways[0]), n + 1);
	if (has_way(node))
		read_way(r, node, step, &step->ways[step->nways++]);
	for (size_t i = 0; i < n; i++) {
		at = tree_next(tree, "or", parent, at);
		if (step->nways == 0 || !has_way(&tree->nodes[at]))
			problem(r->l.p, tree->nodes[at].line,
			    "step %s: or { } is another way than after and "
			    "when, and needs one of them itself",
			    step->number);
		else
			read_way(r, &tree->nodes[at], step,
			    &step->ways[step->nways++]);
	}
}

/* "counterpart" and the like, or roles of departments. */
static void
read_readers(
    struct flow_reader *r, const struct node *node, struct flow_mail *mail)
{
	const struct entry *e = entry_find(node, "to");

	mail->to = AUDIENCE_DEPARTMENT;
	for (size_t i = 0; e != NULL && i < e->nvalues; i++) {
		enum audience to = audience_by_name(e->values[i]);

		if (to == 0)
			continue;
		mail->to = to;
		if (e->nvalues > 1)
			problem(r->l.p, e->lines[i],
			    "to: %s stands alone: write another mail { } for "
			    "the others",
			    e->values[i]);
		return;
	}
	read_roles(r, node, "to", false, &mail->roles);
}

static void
read_mail(struct flow_reader *r, const struct node *node,
    const struct flow_step *step, struct flow_mail *mail)
{
	const struct flow_step **of;
	size_t nof = 0;
	size_t most = 1;

	mail->template = title_of(r, node);
	mail->place = place_of(r, node);
	settings_read_keys(&r->l, node, mail);
	read_readers(r, node, mail);
	if (mail->policy == 0)
		mail->policy =
		    mail->to == AUDIENCE_DEPARTMENT || mail->to == AUDIENCE_DESK
			? POLICY_AUTO
			: POLICY_APPROVE;
	for (size_t i = 0; i < step->nways; i++)
		most += step->ways[i].nafter;
	of = talloc_array(r->l.p, const struct flow_step *, most);
	if (of == NULL)
		abort();
	of[nof++] = step;
	for (size_t i = 0; i < step->nways; i++)
		for (size_t k = 0; k < step->ways[i].nafter; k++)
			of[nof++] = flow_step(r->f, step->ways[i].after[k]);
	read_whens(r, node, of, nof, &mail->when, &mail->nwhen);
	read_guards(r, node, &mail->guards, &mail->nguards);
}

static void
read_mails(struct flow_reader *r, size_t parent, struct flow_step *step)
{
	const struct tree *tree = r->l.tree;
	size_t n = tree_count(tree, "mail", parent);
	size_t at = parent;

	step->mails = zeroed(r, sizeof(step->mails[0]), n);
	step->nmails = n;
	for (size_t i = 0; i < n; i++) {
		at = tree_next(tree, "mail", parent, at);
		read_mail(r, &tree->nodes[at], step, &step->mails[i]);
	}
}

static void
read_share(struct flow_reader *r, const struct node *node,
    struct flow_step *step, struct flow_share *share)
{
	share->place = place_of(r, node);
	share->role = role_by_name(node->title, true);
	settings_read_keys(&r->l, node, share);
	if (share->role == 0 || share->role > ROLE_POC) {
		problem(r->l.p, node->line,
		    "share \"%s\": it must be the role of a department, or "
		    "poc",
		    shown(r, node->title));
		return;
	}
	for (struct flow_share *other = step->shares; other < share; other++)
		if (other->role == share->role)
			problem(r->l.p, node->line,
			    "share %s stands twice, first on line %d: take one "
			    "out",
			    node->title, other->place.line);
}

static void
read_shares(struct flow_reader *r, size_t parent, struct flow_step *step)
{
	const struct tree *tree = r->l.tree;
	size_t n = tree_count(tree, "share", parent);
	size_t at = parent;

	step->shares = zeroed(r, sizeof(step->shares[0]), n);
	step->nshares = n;
	for (size_t i = 0; i < n; i++) {
		at = tree_next(tree, "share", parent, at);
		read_share(r, &tree->nodes[at], step, &step->shares[i]);
	}
}

static void
read_close(
    struct flow_reader *r, const struct node *node, struct flow_close *close)
{
	const char *known[CLOSE_COUNT];
	const char *near;

	close->place = place_of(r, node);
	close->reason = close_reason_by_name(node->title);
	settings_read_keys(&r->l, node, close);
	read_guards(r, node, &close->guards, &close->nguards);
	for (struct flow_close *other = r->f->closes; other < close; other++)
		if (other->reason == close->reason && close->reason != 0)
			problem(r->l.p, node->line,
			    "close %s stands twice, first on line %d: put both "
			    "together",
			    node->title, other->place.line);
	if (close->reason != 0)
		return;
	for (int k = 1; k < CLOSE_COUNT; k++)
		known[k - 1] = close_reason_name((enum close_reason)k);
	near = name_nearest(r->l.p, node->title, known, CLOSE_COUNT - 1);
	problem(r->l.p, node->line,
	    "close \"%s\": there is no such reason: %s%s",
	    shown(r, node->title),
	    near == NULL ? "see psirtd-flow(5) for the known ones"
			 : "did you mean ",
	    near == NULL ? "" : talloc_asprintf(r->l.p, "%s?", near));
}

static void
read_closes(struct flow_reader *r)
{
	const struct tree *tree = r->l.tree;
	size_t n = tree_count(tree, "close", 0);
	size_t at = 0;

	r->f->closes = zeroed(r, sizeof(r->f->closes[0]), n);
	r->f->ncloses = n;
	for (size_t i = 0; i < n; i++) {
		at = tree_next(tree, "close", 0, at);
		read_close(r, &tree->nodes[at], &r->f->closes[i]);
	}
}

static void
read_flow(struct flow_reader *r)
{
	const struct tree *tree = r->l.tree;
	size_t at = 0;

	read_steps(r);
	for (size_t i = 0; i < r->f->nsteps; i++) {
		struct flow_step *step = &r->f->steps[i];

		at = tree_next(tree, "step", 0, at);
		read_ways(r, at, step);
		read_mails(r, at, step);
		read_shares(r, at, step);
		read_guards(r, &tree->nodes[at], &step->guards, &step->nguards);
	}
	read_closes(r);
	/* Half a file lacks what stands in its other half. */
	if (problems_count(r->l.p) == 0)
		flow_check(r);
}

/* ---- from outside ---- */

struct flow_file *
flow_read(void *ctx, enum flow flow, const char *path, const char *text,
    struct problems *p)
{
	struct flow_reader r = {.l.p = p};
	char *blanked = talloc_strdup(p, text);
	bool closed;

	r.f = talloc_zero(ctx, struct flow_file);
	if (r.f == NULL || blanked == NULL)
		abort();
	r.f->flow = flow;
	r.f->path = talloc_strdup(r.f, path);
	r.f->text = talloc_strdup(r.f, text);
	r.l.keep = r.f;
	if (settings_blank(blanked, p)) {
		closed = settings_closed(p, &flow_grammar, blanked, p);
		r.l.tree = settings_parse(p, &flow_grammar, blanked, p);
		if (r.l.tree == NULL)
			abort();
		r.l.tree->cut = r.l.tree->cut || !closed;
		read_flow(&r);
	}
	if (p->count > 0)
		TALLOC_FREE(r.f);
	return r.f;
}

struct flow_file *
flow_parse(const void *ctx, enum flow flow, const char *path, const char *text,
    char **errors, struct error *err)
{
	struct problems *p = problems_new(ctx, path);
	struct flow_file *f;
	void *keep = talloc_new(ctx);
	char *all;

	if (p == NULL || keep == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	f = flow_read(keep, flow, path, text, p);
	all = problems_text(ctx, p);
	if (f != NULL)
		f = talloc_steal(ctx, f);
	else
		error_set(err, FAULT_SETUP, "%zu error%s in %s",
		    problems_count(p), problems_count(p) == 1 ? "" : "s", path);
	if (all != NULL && errors != NULL)
		*errors = *errors == NULL
			      ? all
			      : talloc_asprintf_append(*errors, "%s", all);
	else
		talloc_free(all);
	talloc_free(p);
	talloc_free(keep);
	return f;
}
