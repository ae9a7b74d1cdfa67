/*
 * found.h - a reader, and what must hold of what it found in a text.
 *
 * For the harnesses of the read room; `part` is the part that was searched.
 */
#ifndef TESTS_FUZZ_FOUND_H
#define TESTS_FUZZ_FOUND_H

#include "fuzz.h"

#include "../unit/read_world.h"

/* Made once, as the room does. */
static inline const struct reader *
the_reader(void)
{
	static const struct reader *reader;

	if (reader == NULL)
		reader = world_reader(NULL);
	MUST(reader != NULL);
	return reader;
}

/* What is not UTF-8 becomes U+FFFD, as it does before a text is searched. */
static inline struct converted
the_text(const void *ctx, const uint8_t *data, size_t size)
{
	struct converted text;

	MUST(charset_convert(ctx, the_reader()->charsets, bytes_of(data, size),
		 "utf-8", &text, NULL) == 0);
	return text;
}

static inline void
must_be_idents(const struct reading *r, uint32_t part)
{
	for (size_t i = 0; i < r->nidents; i++) {
		const struct ident *ident = &r->idents[i];

		MUST(ident->kind >= 1 && ident->kind < IDENT_KIND_COUNT);
		MUST(ident->part == part);
		MUST(is_line(ident->value) && ident->value[0] != '\0');
	}
}

static inline void
must_be_hits(const struct reading *r, uint32_t part)
{
	struct read_setup setup;

	world_setup(&setup);
	for (size_t i = 0; i < r->nhits; i++)
		MUST(r->hits[i].product < setup.nproducts &&
		     r->hits[i].length > 0 && r->hits[i].part == part);
}

static inline void
must_be_fields(const struct reading *r, uint32_t part)
{
	for (size_t i = 0; i < r->nfields; i++) {
		const struct field *field = &r->fields[i];
		size_t len = strlen(field->value);

		MUST(field->kind >= 1 && field->kind < FIELD_KIND_COUNT);
		MUST(field->part == part);
		MUST(is_text(field->value, len) && len > 0);
		MUST(!g_ascii_isspace(field->value[0]) &&
		     !g_ascii_isspace(field->value[len - 1]));
	}
}

#endif
