/*
 * settings_load.c - psirtd.conf to struct settings, from top to bottom.
 *
 * Runs in the engine at start (and in `psirtd -n`), before the walls are up.
 * Gives either settings that hold in every respect that can be told without
 * the keyring and the network, or every error found, each with file:line.
 */
#include "settings_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

/* ---- problems ---- */

struct problems *
problems_new(const void *ctx, const char *file)
{
	struct problems *p = talloc_zero(ctx, struct problems);

	if (p != NULL)
		p->file = file;
	return p;
}

void
problem(struct problems *p, int line, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = talloc_vasprintf(p, fmt, ap);
	va_end(ap);
	for (size_t i = 0; text != NULL && i < p->count; i++)
		if (p->list[i].line == line &&
		    strcmp(p->list[i].text, text) == 0)
			return;
	p->list = talloc_realloc(p, p->list, struct problem, p->count + 1);
	if (p->list == NULL || text == NULL)
		abort(); /* an error that cannot be told is no success */
	p->list[p->count++] = (struct problem){line, text};
}

struct problems *
problems_also(struct problems *p, const char *file)
{
	while (p->next != NULL)
		p = p->next;
	p->next = problems_new(p, file);
	if (p->next == NULL)
		abort();
	return p->next;
}

size_t
problems_count(const struct problems *p)
{
	size_t n = 0;

	for (; p != NULL; p = p->next)
		n += p->count;
	return n;
}

static char *
problems_add(char *all, struct problems *p)
{
	/* By line, and what stands on one line in the order found. */
	for (size_t i = 1; i < p->count; i++) {
		struct problem one = p->list[i];
		size_t at = i;

		for (; at > 0 && p->list[at - 1].line > one.line; at--)
			p->list[at] = p->list[at - 1];
		p->list[at] = one;
	}
	for (size_t i = 0; i < p->count; i++) {
		const char *text = p->list[i].text;

		all = p->list[i].line > 0
			  ? talloc_asprintf_append(all, "%s:%d: %s\n", p->file,
				p->list[i].line, text)
			  : talloc_asprintf_append(
				all, "%s: %s\n", p->file, text);
	}
	return all;
}

char *
problems_text(const void *ctx, struct problems *p)
{
	char *all;

	if (problems_count(p) == 0)
		return NULL;
	all = talloc_strdup(ctx, "");
	for (; p != NULL; p = p->next)
		all = problems_add(all, p);
	return all;
}

/* ---- sections ---- */

const struct node *
settings_node(const struct loader *l, const char *section, const char *title)
{
	for (size_t i = 0; i < l->tree->nnodes; i++) {
		const struct node *node = &l->tree->nodes[i];

		if (strcmp(node->section, section) == 0 &&
		    (title == NULL || (node->title != NULL &&
					  strcmp(node->title, title) == 0)))
			return node;
	}
	return NULL;
}

/* A section that stands twice, or twice with the same name. */
static void
check_repeats(struct loader *l)
{
	const struct tree *tree = l->tree;

	for (size_t i = 1; i < tree->nnodes; i++) {
		const struct node *a = &tree->nodes[i];

		for (size_t k = 1; k < i; k++) {
			const struct node *b = &tree->nodes[k];

			if (strcmp(a->section, b->section) != 0 ||
			    a->parent != b->parent ||
			    (a->title != NULL && b->title != NULL &&
				strcasecmp(a->title, b->title) != 0))
				continue;
			problem(l->p, a->line,
			    "%s%s%s stands twice, first on line %d: %s",
			    a->section, a->title == NULL ? "" : " ",
			    a->title == NULL ? "" : a->title, b->line,
			    a->title == NULL ? "put both together"
					     : "give one another name");
			break;
		}
	}
}

/* The name behind department, contact, … is shown and typed. */
static void
check_title(struct loader *l, const struct node *node, bool word)
{
	const char *c = node->title;

	if (c == NULL || c[0] == '\0' || text_width(c) > 60) {
		problem(l->p, node->line,
		    "%s needs a name of 1 to 60 columns: %s NAME { … }",
		    node->section, node->section);
		return;
	}
	for (; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f ||
		    (word && (*c == ' ' || *c == ',' || *c == '-') &&
			(*c != '-' || c == node->title))) {
			problem(l->p, node->line,
			    "%s %s: the name is typed in commands: no spaces, "
			    "no commas, no - in front",
			    node->section, node->title);
			return;
		}
}

size_t
tree_count(const struct tree *tree, const char *section, size_t parent)
{
	size_t n = 0;

	for (size_t i = 1; i < tree->nnodes; i++)
		n += strcmp(tree->nodes[i].section, section) == 0 &&
		     tree->nodes[i].parent == parent;
	return n;
}

size_t
tree_next(
    const struct tree *tree, const char *section, size_t parent, size_t after)
{
	for (size_t i = after + 1; i < tree->nnodes; i++)
		if (strcmp(tree->nodes[i].section, section) == 0 &&
		    tree->nodes[i].parent == parent)
			return i;
	return 0;
}

static struct place
place_of(const struct loader *l, const struct node *node)
{
	return (struct place){l->s->file, node->line};
}

/* mailbox, submission, keys, desk, limits: each once, into the whole. */
static void
load_single(struct loader *l, const char *name)
{
	static const char *const needed[] = {
	    "mailbox", "submission", "keys", "desk"};
	const struct node *node = settings_node(l, name, NULL);
	struct node empty = {.section = name, .line = 1};
	bool cut = l->tree->cut;

	if (node != NULL) {
		settings_read_keys(l, node, l->s);
		return;
	}
	for (size_t i = 0; i < COUNT(needed) && !cut; i++)
		if (strcmp(needed[i], name) == 0)
			problem(
			    l->p, 1, "the file needs a section %s { … }", name);
	/* One message for the section, none for each of its keys. */
	l->tree->cut = true;
	settings_read_keys(l, &empty, l->s);
	l->tree->cut = cut;
}

static void
load_contacts(struct loader *l, struct department *d, size_t parent)
{
	size_t n = tree_count(l->tree, "contact", parent);
	size_t at = parent;

	d->contacts = talloc_zero_array(l->s, struct contact, n + 1);
	d->ncontacts = n;
	for (size_t i = 0; i < n; i++) {
		struct contact *c = &d->contacts[i];
		const struct node *node;

		at = tree_next(l->tree, "contact", parent, at);
		node = &l->tree->nodes[at];
		check_title(l, node, false);
		settings_read_keys(l, node, c);
		c->name = talloc_strdup(l->s, node->title);
		c->place = place_of(l, node);
		if (c->language == NULL)
			c->language = l->s->language;
	}
}

static void
load_departments(struct loader *l)
{
	struct settings *s = l->s;
	size_t n = tree_count(l->tree, "department", 0);
	size_t at = 0;

	s->departments = talloc_zero_array(s, struct department, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct department *d = &s->departments[i];
		const struct node *node;

		at = tree_next(l->tree, "department", 0, at);
		node = &l->tree->nodes[at];
		check_title(l, node, true);
		settings_read_keys(l, node, d);
		d->name = talloc_strdup(s, node->title);
		if (d->title == NULL)
			d->title = d->name;
		d->place = place_of(l, node);
		load_contacts(l, d, at);
	}
	s->ndepartments = n;
}

/* Its own name first, then the others. */
static void
name_first(const void *ctx, const char *name, const char ***names, size_t *n)
{
	const char **all = talloc_array(ctx, const char *, *n + 2);
	size_t k = 0;

	if (all == NULL)
		return;
	all[k++] = name;
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*names)[i], name) != 0)
			all[k++] = (*names)[i];
	all[k] = NULL;
	*names = all;
	*n = k;
}

static void
load_products(struct loader *l)
{
	struct settings *s = l->s;
	const struct node *fallback = settings_node(l, "default", NULL);
	size_t n = tree_count(l->tree, "product", 0);
	size_t at = 0;

	for (int r = 0; r < ROLE_COUNT; r++)
		s->default_departments[r] = -1;
	if (fallback != NULL)
		settings_read_keys(l, fallback, s);
	s->products = talloc_zero_array(s, struct product, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct product *p = &s->products[i];
		const struct node *node;

		for (int r = 0; r < ROLE_COUNT; r++)
			p->departments[r] = -1;
		at = tree_next(l->tree, "product", 0, at);
		node = &l->tree->nodes[at];
		check_title(l, node, false);
		settings_read_keys(l, node, p);
		p->name = talloc_strdup(s, node->title);
		p->place = place_of(l, node);
		name_first(s, p->name, &p->names, &p->nnames);
	}
	s->nproducts = n;
}

static void
load_correspondents(struct loader *l)
{
	struct settings *s = l->s;
	size_t n = tree_count(l->tree, "correspondent", 0);
	size_t at = 0;

	s->correspondents = talloc_zero_array(s, struct correspondent, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct correspondent *c = &s->correspondents[i];
		const struct node *node;

		at = tree_next(l->tree, "correspondent", 0, at);
		node = &l->tree->nodes[at];
		check_title(l, node, false);
		settings_read_keys(l, node, c);
		c->name = talloc_strdup(s, node->title);
		c->place = place_of(l, node);
		name_first(s, c->name, &c->names, &c->nnames);
		if (c->language == NULL)
			c->language = s->language;
	}
	s->ncorrespondents = n;
}

static void
load_operators(struct loader *l)
{
	struct settings *s = l->s;
	size_t n = tree_count(l->tree, "operator", 0);
	size_t at = 0;

	s->operators = talloc_zero_array(s, struct operator, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct operator* o = & s->operators[i];
		const struct node *node;

		at = tree_next(l->tree, "operator", 0, at);
		node = &l->tree->nodes[at];
		check_title(l, node, true);
		settings_read_keys(l, node, o);
		o->user = talloc_strdup(s, node->title);
		o->place = place_of(l, node);
		o->uid = (uid_t)-1; /* nobody, until settings_check() knows */
		if (o->language == NULL)
			o->language = s->language;
	}
	s->noperators = n;
}

static void
place_secret(struct loader *l, struct secret_source *secret,
    const char *section, const char *file_key, const char *command_key)
{
	const struct node *node = settings_node(l, section, NULL);

	if (node != NULL)
		secret->place = (struct place){l->s->file,
		    entry_line(
			node, secret->file != NULL ? file_key : command_key)};
}

static void
load_server(struct loader *l, struct server_settings *server, const char *name,
    uint32_t tls_port, uint32_t starttls_port)
{
	const struct node *node = settings_node(l, name, NULL);

	server->place =
	    (struct place){l->s->file, node == NULL ? 1 : node->line};
	place_secret(
	    l, &server->secret, name, "password_file", "password_command");
	if (server->port == 0)
		server->port = server->starttls ? starttls_port : tls_port;
}

/* Without the key it lies beside the socket. */
static void
load_heartbeat(struct loader *l)
{
	struct settings *s = l->s;
	const char *slash = s->socket != NULL ? strrchr(s->socket, '/') : NULL;

	if (s->heartbeat == NULL && slash != NULL)
		s->heartbeat = talloc_asprintf(
		    s, "%.*s/heartbeat", (int)(slash - s->socket), s->socket);
}

static void
load_tree(struct loader *l)
{
	static const char *const singles[] = {
	    "desk", "mailbox", "submission", "keys", "procedure", "limits"};
	struct settings *s = l->s;
	const struct node *root = &l->tree->nodes[0];
	const struct node *keys;
	const struct node *desk;

	settings_read_keys(l, root, s);
	for (size_t i = 0; i < COUNT(singles); i++)
		load_single(l, singles[i]);
	load_server(l, &s->mailbox, "mailbox", 993, 143);
	load_server(l, &s->submission, "submission", 465, 587);
	keys = settings_node(l, "keys", NULL);
	desk = settings_node(l, "desk", NULL);
	s->keys_place = (struct place){s->file, keys == NULL ? 1 : keys->line};
	s->desk_place = (struct place){s->file, desk == NULL ? 1 : desk->line};
	s->work_dir_place =
	    (struct place){s->file, entry_line(root, "work_dir")};
	place_secret(
	    l, &s->passphrase, "keys", "passphrase_file", "passphrase_command");
	if (s->from_name == NULL)
		s->from_name = s->organization;
	load_heartbeat(l);
	load_departments(l);
	load_products(l);
	load_correspondents(l);
	load_operators(l);
	check_repeats(l);
	settings_check(l);
	settings_load_procedure(l);
	settings_name_files(l);
}

struct settings *
settings_load(
    const void *ctx, const char *path, char **errors, struct error *err)
{
	struct settings *s = talloc_zero(ctx, struct settings);
	struct loader l = {.s = s, .keep = s};
	char *text;
	char *all;

	if (errors != NULL)
		*errors = NULL;
	if (s == NULL || (s->file = talloc_strdup(s, path)) == NULL ||
	    (s->waiting = talloc_zero(s, struct waiting_keys)) == NULL ||
	    (l.p = problems_new(s, s->file)) == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto fail;
	}
	text = settings_text(l.p, path, l.p);
	if (text != NULL) {
		bool closed = settings_closed(l.p, &conf_grammar, text, l.p);

		l.tree = settings_parse(l.p, &conf_grammar, text, l.p);
		if (l.tree == NULL) {
			error_set(err, FAULT_RETRY, "out of memory");
			goto fail;
		}
		l.tree->cut = l.tree->cut || !closed;
		load_tree(&l);
	}
	all = problems_text(ctx, l.p);
	if (all != NULL) {
		/* Who gets the list needs no line of it again. */
		size_t n = problems_count(l.p);

		error_set(err, FAULT_SETUP, "%zu error%s%s%.*s", n,
		    n == 1 ? "" : "s", errors != NULL ? "" : ", the first: ",
		    errors != NULL ? 0 : (int)strcspn(all, "\n"), all);
		if (errors != NULL)
			*errors = all;
		else
			talloc_free(all);
		goto fail;
	}
	talloc_free(l.p);
	return s;
fail:
	talloc_free(s);
	return NULL;
}
