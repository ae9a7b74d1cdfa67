/*
 * fuzz_json.c - CSAF and CVE JSON, or what looks like it.
 *
 * Fed: the bytes of a file.  Must hold: fields, identifiers and products as
 * those of a text; nothing, where it was no such document.
 */
#include "found.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct draft *d = talloc_zero(ctx, struct draft);
	struct reading *r = talloc_zero(ctx, struct reading);
	bool found = true;

	d->reader = the_reader();
	d->reading = r;
	MUST(json_find(d, bytes_of(data, size), 3, &found, NULL) == 0);
	MUST(found || r->nfields + r->nidents + r->nhits == 0);
	must_be_fields(r, 3);
	must_be_idents(r, 3);
	must_be_hits(r, 3);
	talloc_free(ctx);
	return 0;
}
