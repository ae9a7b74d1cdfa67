/*
 * fuzz_reply.c - the words of an SMTP server.
 *
 * Fed: the lines of a reply, their codes taken off.  Must hold: the offer of
 * EHLO is read to its end; words fit to be shown and logged are one line,
 * not long, and hold no address.
 */
#include "fuzz.h"

#include "../../daemon/send/send_internal.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	const char *lines = talloc_strndup(ctx, (const char *)data, size);
	const char *words = reply_words(ctx, lines);
	struct offer offer;

	reply_offer(lines, &offer);
	MUST(offer.size || offer.size_max == 0);
	MUST(words != NULL && is_line(words));
	MUST(strchr(words, '@') == NULL && text_width(words) <= 300);
	talloc_free(ctx);
	return 0;
}
