/*
 * settings_parse.c - libconfuse's half: text to a tree with line numbers.
 *
 * libconfuse stops at its first error and forgets the lines of values.  So
 * every key is declared a list of strings whose callback notes value and
 * line; every section holds a hidden list with a default, whose callback is
 * called when the section begins; and a name that libconfuse does not know
 * is reported, declared, and the text is parsed again.  What a value means
 * is settings_read.c's.  Runs in the engine, one parse at a time.
 */
#include "settings_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <confuse.h>
#include <talloc.h>

#include "psirtd/text.h"

/* No word of the file can be this: it holds a brace. */
#define BEGIN_KEY "{begin}"
#define PASSES_MOST 64

/* A name nobody knows, once reported; its shape shows pass by pass. */
enum shape { SHAPE_VALUE, SHAPE_SECTION, SHAPE_TITLED };

struct unknown {
	const char *section;
	const char *name;
	enum shape shape;
};

enum pass { PASS_DONE, PASS_AGAIN, PASS_CUT };

struct parse {
	void *ctx; /* of this pass */
	const struct grammar *grammar;
	struct tree *tree;
	struct problems *p;
	struct unknown *unknown;
	size_t nunknown;
	enum pass pass;
	bool no_memory;
};

/* libconfuse's callbacks carry no pointer of ours. */
static struct parse *current;

static struct node *
node_of(const cfg_t *cfg)
{
	/* The newest: libconfuse may use a freed section's memory again. */
	for (size_t i = current->tree->nnodes; i > 0; i--)
		if (current->tree->nodes[i - 1].handle == cfg)
			return &current->tree->nodes[i - 1];
	return NULL;
}

static const struct section *
section_named(const char *name)
{
	return grammar_section(current->grammar, name);
}

static size_t
newest_node(const char *section)
{
	for (size_t i = current->tree->nnodes; i > 0; i--)
		if (strcmp(current->tree->nodes[i - 1].section, section) == 0)
			return i - 1;
	return 0;
}

/* A section begins: called while libconfuse makes it. */
static int
on_begin(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct tree *tree = current->tree;
	const struct section *s = section_named(cfg_name(cfg));
	struct node *node;

	*(const char **)result = value;
	tree->nodes =
	    talloc_realloc(tree, tree->nodes, struct node, tree->nnodes + 1);
	if (tree->nodes == NULL || s == NULL) {
		current->no_memory = true;
		return -1;
	}
	node = &tree->nodes[tree->nnodes];
	*node = (struct node){.section = s->name, .handle = cfg};
	node->line = cfg->line > 0 ? cfg->line : 1;
	if (cfg_title(cfg) != NULL)
		node->title = talloc_strdup(tree, cfg_title(cfg));
	if (s->parent != NULL)
		node->parent = newest_node(s->parent);
	tree->nnodes++;
	return 0;
}

static struct entry *
entry_for(struct node *node, const char *name)
{
	struct entry *e;

	for (size_t i = 0; i < node->nentries; i++)
		if (strcmp(node->entries[i].name, name) == 0)
			return &node->entries[i];
	node->entries = talloc_realloc(
	    current->tree, node->entries, struct entry, node->nentries + 1);
	if (node->entries == NULL)
		return NULL;
	e = &node->entries[node->nentries++];
	*e = (struct entry){.name = talloc_strdup(current->tree, name)};
	return e->name == NULL ? NULL : e;
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct node *node = node_of(cfg);
	struct entry *e;

	*(const char **)result = value;
	e = node == NULL ? NULL : entry_for(node, cfg_opt_name(opt));
	if (e == NULL)
		goto no_memory;
	/* The first value behind an "=", and there were some before. */
	if (cfg_opt_size(opt) == 1 && e->nvalues > 0)
		e->twice = true;
	e->values = talloc_realloc(
	    current->tree, e->values, const char *, e->nvalues + 1);
	e->lines = talloc_realloc(current->tree, e->lines, int, e->nvalues + 1);
	if (e->values == NULL || e->lines == NULL)
		goto no_memory;
	e->values[e->nvalues] = talloc_strdup(current->tree, value);
	if (e->values[e->nvalues] == NULL)
		goto no_memory;
	e->lines[e->nvalues++] = cfg->line;
	return 0;
no_memory:
	current->no_memory = true;
	return -1;
}

static int
on_ignored(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = value;
	return 0;
}

/* An unknown section was reported as a whole: nothing more about it. */
static int
on_ignored_begin(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = value;
	cfg->flags |= CFGF_IGNORE_UNKNOWN;
	return 0;
}

/* ---- the grammar, from the tables ---- */

static cfg_opt_t
value_option(const char *name, cfg_callback_t callback)
{
	return (cfg_opt_t){.name = name,
	    .type = CFGT_STR,
	    .flags = CFGF_LIST,
	    .parsecb = callback};
}

static cfg_opt_t
begin_option(void *ctx, cfg_callback_t callback)
{
	cfg_opt_t opt = value_option(BEGIN_KEY, callback);

	opt.def.parsed = talloc_strdup(ctx, "{begin}");
	return opt;
}

static cfg_opt_t
section_option(const char *name, bool titled, cfg_opt_t *subopts)
{
	return (cfg_opt_t){.name = name,
	    .type = CFGT_SEC,
	    .flags = CFGF_MULTI | (titled ? CFGF_TITLE : 0),
	    .subopts = subopts};
}

static cfg_opt_t *
unknown_options(void *ctx)
{
	cfg_opt_t *opts = talloc_zero_array(ctx, cfg_opt_t, 2);

	if (opts != NULL)
		opts[0] = begin_option(ctx, on_ignored_begin);
	return opts;
}

static cfg_opt_t *
options_of(void *ctx, const struct section *s)
{
	const struct grammar *g = current->grammar;
	cfg_opt_t *opts = talloc_zero_array(
	    ctx, cfg_opt_t, s->nkeys + g->nsections + current->nunknown + 2);
	size_t n = 0;

	if (opts == NULL)
		return NULL;
	opts[n++] = begin_option(ctx, on_begin);
	for (size_t i = 0; i < s->nkeys; i++)
		opts[n++] = value_option(s->keys[i].name, on_value);
	for (size_t i = 0; i < g->nsections; i++) {
		const struct section *below = &g->sections[i];

		if (below->parent != NULL &&
		    strcmp(below->parent, s->name) == 0)
			opts[n++] = section_option(
			    below->name, below->titled, options_of(ctx, below));
	}
	for (size_t i = 0; i < current->nunknown; i++) {
		const struct unknown *u = &current->unknown[i];

		if (strcmp(u->section, s->name) != 0)
			continue;
		opts[n++] =
		    u->shape == SHAPE_VALUE
			? value_option(u->name, on_ignored)
			: section_option(u->name, u->shape == SHAPE_TITLED,
			      unknown_options(ctx));
	}
	return opts;
}

/* ---- what libconfuse does not like ---- */

static struct unknown *
unknown_find(const char *section, const char *name)
{
	for (size_t i = 0; i < current->nunknown; i++)
		if (strcmp(current->unknown[i].section, section) == 0 &&
		    strcmp(current->unknown[i].name, name) == 0)
			return &current->unknown[i];
	return NULL;
}

static const char *
where_text(const char *section)
{
	return talloc_asprintf(current->ctx,
	    strcmp(section, "root") == 0 ? "at the top level" : "in %s { }",
	    section);
}

/* "did you mean …", "it belongs into …", or nothing. */
static const char *
unknown_hint(const char *section, const char *name)
{
	const struct grammar *g = current->grammar;
	const struct section *here = section_named(section);
	const char **known = talloc_array(current->ctx, const char *,
	    (here ? here->nkeys : 0) + g->nsections);
	const char *nearest;
	size_t n = 0;

	if (known == NULL || here == NULL)
		return "take it out";
	for (size_t i = 0; i < g->nsections; i++) {
		const struct section *s = &g->sections[i];

		if (s != here && key_find(s, name) != NULL)
			return talloc_asprintf(
			    current->ctx, "it belongs %s", where_text(s->name));
		if (s != here && strcmp(s->name, name) == 0)
			return talloc_asprintf(current->ctx, "it belongs %s",
			    where_text(s->parent != NULL ? s->parent : "root"));
	}
	for (size_t i = 0; i < here->nkeys; i++)
		known[n++] = here->keys[i].name;
	for (size_t i = 0; i < g->nsections; i++)
		if (g->sections[i].parent != NULL &&
		    strcmp(g->sections[i].parent, section) == 0)
			known[n++] = g->sections[i].name;
	nearest = name_nearest(current->ctx, name, known, n);
	return nearest == NULL
		   ? talloc_asprintf(current->ctx,
			 "take it out, or see %s for the known ones", g->manual)
		   : talloc_asprintf(current->ctx, "did you mean %s?", nearest);
}

static void
say_unknown(cfg_t *cfg, const char *name)
{
	const char *section = cfg_name(cfg);
	struct unknown *u;

	if (unknown_find(section, name) != NULL ||
	    current->nunknown >= PASSES_MOST - 8)
		return; /* declaring it did not help: the syntax is broken */
	problem(current->p, cfg->line, "%s is not known %s: %s",
	    text_cut(current->ctx, text_escape(current->ctx, name, false), 40),
	    where_text(section), unknown_hint(section, name));
	u = talloc_realloc(current->p, current->unknown, struct unknown,
	    current->nunknown + 1);
	if (u == NULL)
		return;
	current->unknown = u;
	u[current->nunknown].section = talloc_strdup(u, section);
	u[current->nunknown].name = talloc_strdup(u, name);
	u[current->nunknown++].shape = SHAPE_VALUE;
	current->pass = PASS_AGAIN;
}

/* "missing …" about a name: a declared unknown one shows its true shape. */
static bool
say_missing(cfg_t *cfg, const char *fmt, const char *name)
{
	struct unknown *u = unknown_find(cfg_name(cfg), name);
	const struct section *s = section_named(name);

	if (strstr(fmt, "equal sign") != NULL) {
		if (u != NULL && u->shape == SHAPE_VALUE) {
			u->shape = SHAPE_SECTION;
			current->pass = PASS_AGAIN;
		} else {
			problem(current->p, cfg->line,
			    "%s takes a value: write %s = …", name, name);
		}
		return true;
	}
	if (u != NULL && u->shape == SHAPE_SECTION) {
		u->shape = SHAPE_TITLED;
		current->pass = PASS_AGAIN;
		return true;
	}
	if (s == NULL)
		return false;
	problem(current->p, cfg->line, "%s is a section: write %s%s { … }",
	    name, name, s->titled ? " NAME" : "");
	return true;
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[200];
	va_list copy;
	const char *name = NULL;

	if (current->pass != PASS_DONE || current->no_memory)
		return; /* one report a pass: what follows is its echo */
	current->pass = PASS_CUT;
	if (strstr(fmt, "'%s'") != NULL) {
		va_copy(copy, ap);
		/* clang-tidy 14 loses sight of a va_list handed in. */
		name = va_arg(copy, const char *); // NOLINT
		va_end(copy);
	}
	if (name != NULL && strncmp(fmt, "no such option", 14) == 0) {
		say_unknown(cfg, name);
		if (current->pass == PASS_AGAIN)
			return;
	} else if (name != NULL && strncmp(fmt, "missing ", 8) == 0 &&
		   say_missing(cfg, fmt, name)) {
		return;
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	problem(current->p, cfg->line,
	    "%s: mend this first, nothing behind it was read",
	    text_escape(current->ctx, text, false));
}

static void
run_pass(const char *text)
{
	const struct section *root = section_named("root");
	cfg_opt_t *opts = options_of(current->ctx, root);
	cfg_t *cfg = opts == NULL ? NULL : cfg_init(opts, CFGF_NONE);

	if (cfg == NULL) {
		current->no_memory = true;
		return;
	}
	cfg_set_error_function(cfg, on_error);
	errno = 0;
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS &&
	    current->pass == PASS_DONE) {
		/* What it does not know it says, but not of a name of "". */
		if (errno == EINVAL) {
			current->pass = PASS_CUT;
			problem(current->p, cfg->line,
			    "a name is empty: mend this first, nothing behind "
			    "it was read");
		} else {
			current->no_memory = true;
		}
	}
	cfg_free(cfg);
}

struct tree *
settings_parse(const void *ctx, const struct grammar *g, const char *text,
    struct problems *p)
{
	struct parse parse = {.grammar = g, .p = p, .pass = PASS_AGAIN};
	struct tree *tree = NULL;

	current = &parse;
	for (int i = 0; i < PASSES_MOST && parse.pass == PASS_AGAIN; i++) {
		talloc_free(tree);
		tree = talloc_zero(ctx, struct tree);
		parse.ctx = talloc_new(tree);
		if (parse.ctx == NULL) {
			parse.no_memory = true;
			break;
		}
		parse.tree = tree;
		parse.pass = PASS_DONE;
		run_pass(text);
	}
	current = NULL;
	talloc_free(parse.unknown);
	if (parse.no_memory || tree == NULL || tree->nnodes == 0) {
		talloc_free(tree);
		return NULL;
	}
	tree->grammar = g;
	tree->cut = parse.pass != PASS_DONE;
	return tree;
}

const struct entry *
entry_find(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->nentries; i++)
		if (strcmp(node->entries[i].name, name) == 0)
			return &node->entries[i];
	return NULL;
}

int
entry_line(const struct node *node, const char *name)
{
	const struct entry *e = entry_find(node, name);

	return e != NULL && e->nvalues > 0 ? e->lines[0] : node->line;
}
