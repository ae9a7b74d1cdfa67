/*
 * read.c - one job of the read room: bytes in, a struct reading out.
 *
 * Makes the reader (tables, converters) once from the setup, and a reading
 * from each job, with its limits on parts and on what is searched.  Touches
 * no file but while the reader is made.  The reader is made in the room, a
 * reading in a child of it.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

/* As the tables in wire/reading.c: more than that could not be answered. */
#define PARTS_MOST 20000
#define FOUND_MOST 4096
#define ADDRESSES_MOST 4000
/* GMime itself stops at 1024, and the walk recurses. */
#define DEPTH_MOST 200
/* What is said behind this much text is for people to find. */
#define SEARCH_MOST ((size_t)4 << 20)

struct reader *
reader_new(const void *ctx, const struct read_setup *setup, struct error *err)
{
	struct reader *r = talloc_zero(ctx, struct reader);

	if (r == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	r->max_parts =
	    setup->max_parts < PARTS_MOST ? setup->max_parts : PARTS_MOST;
	r->max_depth =
	    setup->max_depth < DEPTH_MOST ? setup->max_depth : DEPTH_MOST;
	r->max_fields = setup->max_fields;
	r->max_addresses = setup->max_addresses < ADDRESSES_MOST
			       ? setup->max_addresses
			       : ADDRESSES_MOST;
	html_start();
	mime_start();
	json_start();
	r->charsets = charsets_new(r, err);
	if (r->charsets != NULL)
		r->idents = idents_new(r, setup->case_prefix, err);
	if (r->idents != NULL)
		r->labels = labels_new(r, err);
	if (r->labels != NULL)
		r->products =
		    products_new(r, setup->products, setup->nproducts, err);
	if (r->products == NULL) {
		talloc_free(r);
		return NULL;
	}
	return r;
}

/* ---- parts ---- */

void
draft_limit(struct draft *d, enum read_limit limit)
{
	if (!draft_is_over(d))
		d->reading->limit = limit;
}

bool
draft_is_over(const struct draft *d)
{
	return d->reading->limit != READ_LIMIT_NONE;
}

struct part *
draft_part(struct draft *d, uint32_t kind, const struct place *place)
{
	struct reading *r = d->reading;
	struct part *p;

	if (draft_is_over(d))
		return NULL;
	if (r->nparts >= d->reader->max_parts) {
		draft_limit(d, READ_LIMIT_PARTS);
		return NULL;
	}
	if (r->nparts == d->parts_cap) {
		size_t cap = d->parts_cap * 2 + 16;
		struct part *parts =
		    talloc_realloc(r, r->parts, struct part, cap);

		if (parts == NULL) {
			r->truncated = 1;
			return NULL;
		}
		r->parts = parts;
		d->parts_cap = cap;
	}
	p = &r->parts[r->nparts++];
	memset(p, 0, sizeof(*p));
	p->kind = kind;
	p->flags = place->flags;
	p->depth = place->depth;
	p->within = place->within;
	return p;
}

/* ---- what stands in the text ---- */

static int
search(struct draft *d, const char *text, size_t len, uint32_t part,
    bool labels, struct error *err)
{
	const struct reader *rd = d->reader;
	struct normal *normal = normal_new(d, text, len, err);
	int rc = -1;

	if (normal == NULL)
		return -1;
	if (idents_find(rd->idents, normal, part, d->reading, err) == 0 &&
	    products_find(rd->products, normal, part, d->reading, err) == 0 &&
	    (!labels ||
		labels_find(rd->labels, text, len, part, d->reading, err) == 0))
		rc = 0;
	talloc_free(normal);
	return rc;
}

int
draft_search(struct draft *d, const char *text, size_t len, bool html,
    uint32_t part, struct error *err)
{
	size_t left = SEARCH_MOST - d->searched;
	/* Beside a text the fields of its HTML would be there twice. */
	bool labels = part > 0 && (!html || d->reading->nfields == 0);

	if (len > left) {
		d->reading->truncated = 1;
		len = left;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	d->searched += len;
	if (len == 0)
		return 0;
	language_take(d, text, len, part);
	return search(d, text, len, part, labels, err);
}

/* ---- a job ---- */

/* Gateways turn PGP/MIME into an attachment; what is in it stays an entity. */
static bool
is_entity(struct bytes text)
{
	static const char field[] = "content-type:";
	size_t at = 0;

	while (at < text.len && text.len - at > sizeof(field) &&
	       header_begins(bytes_span(text, at, text.len - at))) {
		const uint8_t *lf;

		if (g_ascii_strncasecmp((const char *)text.data + at, field,
			sizeof(field) - 1) == 0)
			return true;
		do {
			lf = memchr(text.data + at, '\n', text.len - at);
			if (lf == NULL)
				return false;
			at = (size_t)(lf - text.data) + 1;
		} while (at < text.len &&
			 (text.data[at] == ' ' || text.data[at] == '\t'));
	}
	return false;
}

static int
read_plain(struct draft *d, const struct read_job *job, struct error *err)
{
	struct place place = {.bytes = job->data, .payload = true};

	if (is_entity(job->data)) {
		/* Canonical, as a signature in it would have it. */
		place.bytes = text_to_crlf(d, job->data);
		if (place.bytes.data == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		if (!bytes_equal(place.bytes, job->data))
			place.base = -1;
		return mime_entity(d, place, err);
	}
	return leaf_bare(d, job->data, job->charset, &place, err);
}

static int
read_mode(struct draft *d, const struct read_job *job, struct error *err)
{
	switch (job->mode) {
	case READ_LETTER:
		return mime_letter(d, job->data, err);
	case READ_ENTITY:
		return mime_entity(d,
		    (struct place){.bytes = job->data, .payload = true}, err);
	case READ_TEXT:
		return read_plain(d, job, err);
	default:
		return error_set(err, FAULT_BUG, "no such job: %u", job->mode);
	}
}

static void
cap(size_t *n, struct reading *r)
{
	if (*n <= FOUND_MOST)
		return;
	*n = FOUND_MOST;
	r->truncated = 1;
}

struct reading *
reading_new(const void *ctx, const struct reader *reader,
    const struct read_job *job, struct error *err)
{
	struct draft *d = talloc_zero(ctx, struct draft);
	struct reading *r = talloc_zero(ctx, struct reading);
	const char *subject;

	if (d == NULL || r == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto failed;
	}
	d->reader = reader;
	d->reading = r;
	d->delivered = job->mode != READ_LETTER;
	if (read_mode(d, job, err) != 0)
		goto failed;
	for (int i = 0; i < 2; i++) {
		subject = i == 0 ? r->headers.subject : r->inner.subject;
		if (subject != NULL && draft_search(d, subject, strlen(subject),
					   false, 0, err) != 0)
			goto failed;
	}
	language_finish(d);
	if (autocrypt_read(d, err) != 0)
		goto failed;
	cap(&r->nidents, r);
	cap(&r->nfields, r);
	cap(&r->nhits, r);
	talloc_free(d);
	return r;
failed:
	talloc_free(d);
	talloc_free(r);
	return NULL;
}
