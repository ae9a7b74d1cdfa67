/*
 * fuzz_fields.c - report fields by their labels in any text.
 *
 * Fed: text.  Must hold: kinds that there are; values that are text, with
 * something in them and no blank at their ends.
 */
#include "found.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct reading *r = talloc_zero(ctx, struct reading);
	struct converted text = the_text(ctx, data, size);

	MUST(labels_find(
		 the_reader()->labels, text.text, text.len, 3, r, NULL) == 0);
	must_be_fields(r, 3);
	talloc_free(ctx);
	return 0;
}
