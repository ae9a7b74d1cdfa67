/*
 * fuzz_read.c - a letter, an entity or a text, read as the child of the read
 * room reads it.
 *
 * Fed: bytes as they came; the last one says what they are: 1 an entity, 2
 * to 9 a text with a label of its charset, all else a letter (so that any
 * letter is a seed as it stands).  Must hold: what the engine checks of a
 * reading, the limits of the setup, and what reading.h promises.
 */
#include "found.h"

#define FOUND_MOST 4096

static void
check_part(const struct reading *r, size_t i, struct bytes data)
{
	const struct part *p = &r->parts[i];
	struct read_setup setup;

	world_setup(&setup);
	MUST(p->kind >= PART_TEXT && p->kind <= PART_DSN);
	MUST(p->depth <= setup.max_depth + 1);
	MUST(p->within <= i);
	MUST(p->within == 0 || r->parts[p->within - 1].kind == PART_SIGNED);
	MUST(p->off >= 0 && p->len >= 0);
	MUST(p->len == 0 ||
	     bytes_span(data, (uint64_t)p->off, (uint64_t)p->len).data != NULL);
	MUST(p->kind == PART_SIGNED || p->len == 0);
	MUST(p->type != NULL && is_line(p->type));
	if (p->kind == PART_TEXT)
		MUST(text_valid(p->content));
	if (p->name != NULL)
		MUST(is_line(p->name) && strpbrk(p->name, "/\\") == NULL);
	MUST(p->layer == 0);
}

static void
check_headers(const struct headers *h)
{
	struct read_setup setup;

	world_setup(&setup);
	MUST(h->nfrom + h->nsender + h->nreply_to + h->nto <=
	     setup.max_addresses);
	if (h->subject != NULL)
		MUST(is_line(h->subject));
	if (h->message_id != NULL)
		MUST(is_line(h->message_id));
	for (size_t i = 0; i < h->nfrom; i++)
		MUST(h->from[i].address != NULL && is_line(h->from[i].address));
}

static void
check_found(const struct reading *r)
{
	struct read_setup setup;

	world_setup(&setup);
	MUST(r->nidents <= FOUND_MOST && r->nfields <= FOUND_MOST &&
	     r->nhits <= FOUND_MOST);
	for (size_t i = 0; i < r->nidents; i++)
		MUST(r->idents[i].part <= r->nparts &&
		     r->idents[i].value != NULL);
	for (size_t i = 0; i < r->nfields; i++)
		MUST(r->fields[i].part <= r->nparts &&
		     r->fields[i].value != NULL);
	for (size_t i = 0; i < r->nhits; i++)
		MUST(r->hits[i].part <= r->nparts &&
		     r->hits[i].product < setup.nproducts);
}

static void
check(const void *ctx, const struct reading *r, struct bytes data)
{
	struct buf *wire = buf_new(ctx, (size_t)64 << 20);
	struct read_setup setup;

	world_setup(&setup);
	MUST(r->nparts <= setup.max_parts);
	MUST(r->inner_within <= r->nparts);
	MUST(r->inner_within == 0 ||
	     r->parts[r->inner_within - 1].kind == PART_SIGNED);
	MUST(r->limit < READ_LIMIT_COUNT);
	for (size_t i = 0; i < r->nparts; i++)
		check_part(r, i, data);
	check_headers(&r->headers);
	check_headers(&r->inner);
	check_found(r);
	MUST(wire_encode(&reading_wire, r, wire, NULL) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = {NULL, "utf-8", "iso-2022-jp",
	    "shift_jis", "euc-jp", "us-ascii", "iso-8859-1", "x-unknown"};
	void *ctx = talloc_new(NULL);
	uint8_t last = size > 0 ? data[size - 1] : 0;
	struct read_job job = {READ_LETTER, NULL, BYTES_NONE};
	struct error err = {0};
	const struct reading *r;

	if (last >= 1 && last < 2 + COUNT_OF(labels)) {
		job.mode = last == 1 ? READ_ENTITY : READ_TEXT;
		job.charset = last == 1 ? NULL : labels[last - 2];
		size--;
	}
	job.data = bytes_of(data, size);
	if (job.mode != READ_TEXT)
		job.data = text_to_crlf(ctx, job.data);
	r = reading_new(ctx, the_reader(), &job, &err);
	if (r != NULL)
		check(ctx, r, job.data);
	else
		MUST(err.fault == FAULT_INPUT);
	talloc_free(ctx);
	return 0;
}
