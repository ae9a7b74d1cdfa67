/*
 * fuzz_identifiers.c - identifiers and products of the map in any text.
 *
 * Fed: text (what is not UTF-8 becomes U+FFFD first, as it does in the read
 * room).  Must hold: kinds that there are, values that are one line of text,
 * products of the map; an identifier in its one spelling is found again.
 */
#include "fuzz.h"

#include "../unit/read_world.h"

static struct reading *
find(const void *ctx, const struct reader *reader, const char *text, size_t len)
{
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
	static const struct reader *reader;
	void *ctx = talloc_new(NULL);
	struct read_setup setup;
	struct converted text;
	const struct reading *r;

	world_setup(&setup);
	if (reader == NULL)
		reader = world_reader(NULL);
	MUST(charset_convert(ctx, reader->charsets, bytes_of(data, size),
		 "utf-8", &text, NULL) == 0);
	r = find(ctx, reader, text.text, text.len);
	for (size_t i = 0; i < r->nidents; i++) {
		const struct ident *ident = &r->idents[i];

		MUST(ident->kind >= 1 && ident->kind < IDENT_KIND_COUNT);
		MUST(ident->part == 3 && ident->value[0] != '\0');
		MUST(is_line(ident->value));
		MUST(has(find(ctx, reader, ident->value, strlen(ident->value)),
		    ident));
	}
	for (size_t i = 0; i < r->nhits; i++)
		MUST(r->hits[i].product < setup.nproducts &&
		     r->hits[i].length > 0 && r->hits[i].part == 3);
	talloc_free(ctx);
	return 0;
}
