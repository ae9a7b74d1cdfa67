/*
 * fuzz_fields.c - report fields by their labels in any text.
 *
 * Fed: text (what is not UTF-8 becomes U+FFFD first).  Must hold: kinds that
 * there are; values that are text, with something in them and no blank at
 * their ends.
 */
#include "fuzz.h"

#include "../unit/read_world.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct reader *reader;
	void *ctx = talloc_new(NULL);
	struct reading *r = talloc_zero(ctx, struct reading);
	struct converted text;

	if (reader == NULL)
		reader = world_reader(NULL);
	MUST(charset_convert(ctx, reader->charsets, bytes_of(data, size),
		 "utf-8", &text, NULL) == 0);
	MUST(labels_find(reader->labels, text.text, text.len, 3, r, NULL) == 0);
	for (size_t i = 0; i < r->nfields; i++) {
		const char *value = r->fields[i].value;
		size_t len = strlen(value);

		MUST(r->fields[i].kind >= 1 &&
		     r->fields[i].kind < FIELD_KIND_COUNT);
		MUST(r->fields[i].part == 3);
		MUST(is_text(value, len) && len > 0);
		MUST(!is_blank(value[0]) && !is_blank(value[len - 1]));
	}
	talloc_free(ctx);
	return 0;
}
