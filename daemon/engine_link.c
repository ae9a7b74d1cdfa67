/*
 * engine_link.c - cases that may be one vulnerability: marks of each, and a
 * proposal where two have one in common (RULES 30).
 *
 * Runs in the engine process, inside the transaction of the stop `file`.
 * Marks are an identifier, product with version and type, a file that came
 * along.  Nothing is linked by itself: the same number may stand in two
 * reports of two flaws.
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define FILE_LEAST 64 /* bytes; what is shorter is alike by chance */

/* ---- marks ---- */

/* Numbers one flaw or one report; the others describe, or number the case. */
static bool
names_flaw(uint32_t kind)
{
	return kind != IDENT_CASE && kind != IDENT_CWE && kind != IDENT_CVSS &&
	       kind != IDENT_CPE && kind != IDENT_PURL && kind != IDENT_TLP;
}

static int
mark_text(
    struct filing *f, enum mark_kind kind, const char *text, struct error *err)
{
	char *lower = text_lower(f, text);
	int rc =
	    store_case_mark(f->e->st, f->c.id, kind, bytes_str(lower), err);

	talloc_free(lower);
	return rc;
}

static int
mark_idents(struct filing *f, struct error *err)
{
	for (size_t i = 0; i < f->o->nidents; i++)
		if (names_flaw(f->o->idents[i].kind) &&
		    mark_text(f, MARK_IDENT, f->o->idents[i].value, err) != 0)
			return -1;
	return 0;
}

static const char *
field_of(const struct opening *o, enum field_kind kind)
{
	for (size_t i = 0; i < o->nfields; i++)
		if (o->fields[i].kind == kind && o->fields[i].value != NULL)
			return o->fields[i].value;
	return NULL;
}

/* As labels give them: the type by its CWE where one stands. */
static int
mark_product(struct filing *f, struct error *err)
{
	const char *version = field_of(f->o, FIELD_VERSION);
	const char *type = field_of(f->o, FIELD_TYPE);
	char *all;

	for (size_t i = 0; i < f->o->nidents; i++)
		if (f->o->idents[i].kind == IDENT_CWE)
			type = f->o->idents[i].value;
	if (f->c.product == NULL || version == NULL || type == NULL)
		return 0;
	all = talloc_asprintf(f, "%s\n%s\n%s", f->c.product, version, type);
	return mark_text(f, MARK_PRODUCT, all, err);
}

/* Pictures come with every mail of a company. */
static bool
is_telling(const struct part *p)
{
	return p->kind == PART_FILE && p->content.len >= FILE_LEAST &&
	       (p->type == NULL || strncmp(p->type, "image/", 6) != 0);
}

static int
mark_files(struct filing *f, struct error *err)
{
	for (size_t i = 0; i < f->o->nparts; i++) {
		uint8_t digest[STORE_DIGEST_BYTES];

		if (!is_telling(&f->o->parts[i]))
			continue;
		store_digest(f->o->parts[i].content, digest);
		if (store_case_mark(f->e->st, f->c.id, MARK_FILE,
			bytes_of(digest, sizeof(digest)), err) != 0)
			return -1;
	}
	return 0;
}

/* ---- proposals ---- */

static const char *
why_text(uint32_t why)
{
	switch (why) {
	case MARK_IDENT:
		return "the same identifier";
	case MARK_PRODUCT:
		return "the same product, version and type";
	default:
		return "the same file";
	}
}

static int
propose(struct filing *f, int64_t other, uint32_t why, char **lines,
    struct error *err)
{
	struct store_link l = {.from = f->c.id,
	    .to = other,
	    .kind = LINK_PROPOSED,
	    .at = clock_now(),
	    .why = why};
	struct store_case c = {0};

	/* Linked, merged, proposed or refused already: nothing new. */
	if (store_link_set(f->e->st, &l, err) != 0)
		return -1;
	if (l.id == 0)
		return 0;
	if (store_case_get(f, f->e->st, other, &c, err) != 1)
		return -1;
	*lines = talloc_asprintf(f, "%s%s%s: %s", *lines != NULL ? *lines : "",
	    *lines != NULL ? "\n" : "", c.number, why_text(why));
	return 0;
}

static int
propose_all(struct filing *f, struct error *err)
{
	struct store_task t = {
	    .kind = TASK_LINK, .casefile = f->c.id, .letter = f->letter.id};
	int64_t *cases = NULL;
	uint32_t *why = NULL;
	size_t n = 0;

	if (store_cases_alike(f, f->e->st, f->c.id, &cases, &why, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (propose(f, cases[i], why[i], &t.text, err) != 0)
			return -1;
	return t.text != NULL ? task_add(f->e, &t, err) : 0;
}

/* What a stranger writes into a thread teaches the case nothing. */
int
link_propose(struct filing *f, struct error *err)
{
	if (f->o == NULL || !f->have_case || f->d->state != LETTER_FILED ||
	    (!f->made_case && f->d->reason != REASON_JOINED))
		return 0;
	if (mark_idents(f, err) != 0 || mark_product(f, err) != 0 ||
	    mark_files(f, err) != 0)
		return -1;
	return propose_all(f, err);
}
