/*
 * fuzz_identifiers.c - identifiers and products of the map in any text.
 *
 * Fed: text.  Must hold: kinds that there are, values that are one line of
 * text, products of the map; an identifier in its one spelling is found
 * again.
 */
#include "found.h"

static struct reading *
find(const void *ctx, const char *text, size_t len)
{
	const struct reader *reader = the_reader();
	struct reading *r = talloc_zero(ctx, struct reading);
	const struct normal *normal = normal_new(r, text, len, NULL);

	MUST(normal != NULL);
	MUST(is_text(normal->plain, normal->plain_len));
	MUST(is_text(normal->folded, normal->folded_len));
	MUST(is_text(normal->squeezed, normal->squeezed_len));
	for (size_t i = 0; i < normal->squeezed_len; i++)
		MUST(normal->at[i] < normal->folded_len);
	MUST(idents_find(reader->idents, normal, 3, r, NULL) == 0);
	MUST(products_find(reader->products, normal, 3, r, NULL) == 0);
	must_be_idents(r, 3);
	must_be_hits(r, 3);
	return r;
}

static bool
has(const struct reading *r, const struct ident *ident)
{
	for (size_t i = 0; i < r->nidents; i++)
		if (r->idents[i].kind == ident->kind &&
		    strcmp(r->idents[i].value, ident->value) == 0)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct converted text = the_text(ctx, data, size);
	const struct reading *r = find(ctx, text.text, text.len);

	for (size_t i = 0; i < r->nidents; i++) {
		const char *value = r->idents[i].value;

		MUST(has(find(ctx, value, strlen(value)), &r->idents[i]));
	}
	talloc_free(ctx);
	return 0;
}
