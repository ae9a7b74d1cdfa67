/*
 * settings_procedure.c - the files that procedure { } names: flows, holidays,
 * customers.
 *
 * Each is read once, at start; what is wrong in one is told by its own lines,
 * behind those of psirtd.conf, and one that cannot be read by the line of its
 * key.  Runs in the engine before its walls.
 */
#include "settings_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/flow.h"

static int
procedure_line(const struct loader *l, const char *key)
{
	const struct node *node = settings_node(l, "procedure", NULL);

	return node == NULL ? 1 : entry_line(node, key);
}

/* NULL: said.  *p: where what stands in the file is to be told. */
static char *
text_of(
    struct loader *l, const char *key, const char *path, struct problems **p)
{
	struct problems *own = problems_new(l->p, path);
	char *text;

	if (own == NULL)
		abort(); /* an error that cannot be told is no success */
	text = settings_file(l->s, path, own);
	*p = NULL;
	if (text != NULL) {
		*p = problems_also(l->p, path);
		return text;
	}
	/* Without a line it is the file as a whole: name who names it. */
	for (size_t i = 0; i < own->count; i++) {
		if (own->list[i].line > 0) {
			if (*p == NULL)
				*p = problems_also(l->p, path);
			problem(*p, own->list[i].line, "%s", own->list[i].text);
		} else {
			problem(l->p, procedure_line(l, key), "%s: %s %s", key,
			    path, own->list[i].text);
		}
	}
	return NULL;
}

/*
 * Without its key a flow stands beside the folder of templates; NULL: where
 * that is not there, which was said already.
 */
static const char *
beside_templates(struct settings *s, enum flow flow)
{
	const char *path = s->templates == NULL ? "" : s->templates;
	const char *below = talloc_asprintf(s, "%s/ja", path);
	size_t len = strlen(path);

	if (len == 0 || below == NULL || access(below, X_OK) != 0)
		return NULL;
	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	return talloc_asprintf(
	    s, "%.*sflow-%s.conf", (int)len, path, flow_name(flow));
}

static void
load_flow(struct loader *l, const char *key, enum flow flow)
{
	struct settings *s = l->s;
	struct problems *p;
	char *text;

	if (s->flow_files[flow] == NULL)
		s->flow_files[flow] = beside_templates(s, flow);
	if (s->flow_files[flow] == NULL)
		return;
	text = text_of(l, key, s->flow_files[flow], &p);
	if (text != NULL)
		s->flows[flow] =
		    flow_read(s, flow, s->flow_files[flow], text, p);
}

void
settings_load_procedure(struct loader *l)
{
	struct settings *s = l->s;
	struct problems *p;
	char *text;

	/* Half a file may name them in its other half. */
	if (l->tree->cut)
		return;
	load_flow(l, "flow_jpcert", FLOW_JPCERT);
	load_flow(l, "flow_direct", FLOW_DIRECT);
	text = s->holidays_file == NULL
		   ? NULL
		   : text_of(l, "holidays", s->holidays_file, &p);
	if (text != NULL)
		holidays_read(s, s->holidays_file, text, p);
	text = s->customers_file == NULL
		   ? NULL
		   : text_of(l, "customers", s->customers_file, &p);
	if (text != NULL)
		customers_read(s, s->customers_file, text, p);
}

const struct flow_file *
settings_flow(const struct settings *s, enum flow flow)
{
	return flow == FLOW_DIRECT || flow == FLOW_JPCERT ? s->flows[flow]
							  : NULL;
}
