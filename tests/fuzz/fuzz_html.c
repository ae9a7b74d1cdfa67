/*
 * fuzz_html.c - the source of an HTML part made text.
 *
 * Fed: source.  Must hold: what comes out is UTF-8 with LF line ends, and
 * not many times as long as the source.
 */
#include "found.h"

#define GROWTH 8

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct converted source = the_text(ctx, data, size);
	const char *text = html_text(ctx, source.text, source.len);

	if (text != NULL) {
		MUST(is_text(text, strlen(text)) && strchr(text, '\r') == NULL);
		MUST(strlen(text) <= source.len * GROWTH + 1024);
	}
	talloc_free(ctx);
	return 0;
}
