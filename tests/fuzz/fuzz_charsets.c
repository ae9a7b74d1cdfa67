/*
 * fuzz_charsets.c - bytes with a label that may be a lie; header words; file
 * names.
 *
 * Fed: a first byte that chooses a label, or the last three: a label out of
 * the input's first line, a raw header value, or the two fields that name a
 * file, a line each.  Must hold: what comes out is UTF-8 without NUL, says
 * what it was read as, and stays within what was allowed; a header value is
 * one line, a file name no path.
 */
#include "found.h"

#define WORD_MOST 200

static const char *const labels[] = {NULL, "utf-8", "iso-2022-jp",
    "iso-2022-jp-1", "iso-2022-jp-3", "cp50221", "shift_jis", "windows-31j",
    "euc-jp", "us-ascii", "iso-8859-1", "windows-1252", "gb18030", "big5",
    "euc-kr", "koi8-r", "utf-16", "utf-7", "iso-2022-kr", "hz-gb-2312",
    "x-unknown", "unknown-8bit"};

static void
convert(const void *ctx, const struct charsets *cs, const char *label,
    struct bytes in)
{
	struct converted to;

	MUST(charset_convert(ctx, cs, in, label, &to, NULL) == 0);
	MUST(is_text(to.text, to.len) && strlen(to.text) == to.len);
	MUST(to.charset != NULL && is_line(to.charset));
	MUST((to.flags & ~(uint32_t)(PART_LOSSY | PART_GUESSED)) == 0);
}

static void
filename(const void *ctx, const struct charsets *cs, const char *disposition,
    const char *type)
{
	const char *name = NULL;

	MUST(param_filename(ctx, cs, disposition, type, &name, NULL) == 0);
	if (name == NULL)
		return;
	MUST(is_line(name) && name[0] != '\0');
	MUST(strpbrk(name, "/\\") == NULL);
	MUST(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

/* The first line, and what stands behind it in *rest. */
static char *
first_line(const void *ctx, struct bytes in, struct bytes *rest)
{
	const uint8_t *end = in.len > 0 ? memchr(in.data, '\n', in.len) : NULL;
	size_t len = end != NULL ? (size_t)(end - in.data) : in.len;

	*rest = bytes_span(in, len, in.len - len);
	take_byte(rest);
	return talloc_strndup(ctx, (const char *)in.data, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct bytes in = bytes_of(data, size);
	size_t choice = take_byte(&in) % (COUNT_OF(labels) + 3);
	const struct charsets *cs = the_reader()->charsets;
	struct bytes rest;
	char *line;

	if (choice < COUNT_OF(labels)) {
		convert(ctx, cs, labels[choice], in);
	} else if (choice == COUNT_OF(labels)) {
		line = first_line(ctx, in, &rest);
		convert(ctx, cs, line, rest);
	} else if (choice == COUNT_OF(labels) + 1) {
		line = talloc_strndup(ctx, (const char *)in.data, in.len);
		line = word_decode(ctx, cs, line, WORD_MOST, NULL);
		MUST(line != NULL && is_line(line));
		MUST(strlen(line) <= WORD_MOST);
	} else {
		line = first_line(ctx, in, &rest);
		filename(ctx, cs, line,
		    talloc_strndup(ctx, (const char *)rest.data, rest.len));
	}
	talloc_free(ctx);
	return 0;
}
