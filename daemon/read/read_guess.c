/*
 * read_guess.c - which charset bytes of a mail are in, label or no label.
 *
 * Takes bytes and what the label made of them; gives the charset that fits
 * better, if there is one.  Runs in the child of the read room.
 */
#include "read_charset.h"

#include <string.h>

#include <talloc.h>

struct look
charset_look(struct bytes from)
{
	struct look look = {0};

	for (size_t i = 0; i < from.len; i++) {
		const uint8_t *s = from.data + i;

		look.wide = look.wide || s[0] >= 0xe0;
		if (s[0] >= 0x80)
			look.high = true;
		else if (s[0] == 0x1b && i + 2 < from.len &&
			 ((s[1] == '$' && (s[2] == 'B' || s[2] == '@' ||
					      s[2] == 'A' || s[2] == '(')) ||
			     (s[1] == '(' && (s[2] == 'I' || s[2] == 'J'))))
			look.escapes = true;
	}
	look.utf8 =
	    g_utf8_validate((const char *)from.data, (gssize)from.len, NULL);
	look.wide = look.wide && look.utf8;
	return look;
}

/*
 * Bytes over 0x7f that are not UTF-8: Japanese where one of the two sets
 * takes them without loss and the outcome looks like Japanese.
 */
static const struct charset *
guess_japanese(const void *ctx, const struct charsets *cs, struct bytes from)
{
	static const struct charset *const both[] = {
	    &charset_sjis, &charset_euc};
	const struct charset *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		struct converted to = {0};
		size_t score;

		if (charset_convert_as(ctx, cs, from, both[i], &to, NULL) != 0)
			continue;
		score =
		    to.flags & PART_LOSSY ? 0 : japanese_score(to.text, to.len);
		if (score > most) {
			most = score;
			best = both[i];
		}
	}
	return best;
}

/* Is there a character of UTF-8 in bytes that are not UTF-8 as a whole? */
static bool
some_utf8(const struct converted *to)
{
	const char *end = to->text + to->len;

	for (const char *s = to->text; s < end; s = g_utf8_next_char(s))
		if ((*s & 0x80) != 0 && g_utf8_get_char(s) != 0xfffd)
			return true;
	return false;
}

const struct charset *
charset_guess(const void *ctx, const struct charsets *cs, struct bytes from,
    const struct look *look)
{
	const struct charset *c;
	struct converted damaged = {0};

	if (look->escapes && !look->high)
		return &charset_jis;
	if (look->utf8)
		return look->high ? &charset_utf8 : &charset_ascii;
	if (!look->high)
		return &charset_ascii; /* NUL */
	c = guess_japanese(ctx, cs, from);
	if (c == NULL && look->escapes)
		c = &charset_jis;
	if (c == NULL &&
	    charset_convert_as(ctx, cs, from, &charset_utf8, &damaged, NULL) ==
		0 &&
	    some_utf8(&damaged))
		c = &charset_utf8;
	return c != NULL ? c : &charset_latin;
}

/*
 * A label that fits the bytes and is a lie all the same.  What is UTF-8 in
 * letters of three bytes is nothing else by chance, nor in letters of two
 * where a set has one byte a letter.  What EUC makes kana of in a row, and
 * Shift_JIS half-width ones alone, was EUC.
 */
static const struct charset *
unlikely(const void *ctx, const struct charsets *cs, struct bytes from,
    const struct charset *labelled, const struct look *look,
    const struct converted *to)
{
	struct converted euc = {0};

	if (look->wide || (look->utf8 && charset_is_single(labelled)))
		return &charset_utf8;
	if (labelled->how != HOW_SJIS || japanese_score(to->text, to->len) > 0)
		return NULL;
	if (charset_convert_as(ctx, cs, from, &charset_euc, &euc, NULL) != 0 ||
	    (euc.flags & PART_LOSSY) != 0 ||
	    japanese_score(euc.text, euc.len) < 10)
		return NULL;
	return &charset_euc;
}

const struct charset *
charset_better(const void *ctx, const struct charsets *cs, struct bytes from,
    const struct charset *labelled, const struct look *look,
    const struct converted *to)
{
	const struct charset *c;

	if (look->escapes && !look->high && labelled->how != HOW_JIS &&
	    strncmp(labelled->labels, "iso2022", 7) != 0)
		return &charset_jis;
	if (!look->high)
		return NULL;
	if (labelled->how == HOW_ASCII ||
	    (labelled->how == HOW_JIS && !look->escapes))
		return charset_guess(ctx, cs, from, look);
	if (labelled->how == HOW_ICONV &&
	    strcmp(labelled->iconv, "CP1252") == 0)
		return look->utf8 ? &charset_utf8
				  : guess_japanese(ctx, cs, from);
	if ((to->flags & PART_LOSSY) == 0 && labelled->how != HOW_UTF8 &&
	    labelled->how != HOW_JIS)
		return unlikely(ctx, cs, from, labelled, look, to);
	if ((to->flags & PART_LOSSY) == 0)
		return NULL;
	if (look->utf8)
		return &charset_utf8;
	c = guess_japanese(ctx, cs, from);
	if (c == NULL && labelled->how == HOW_UTF8 && !some_utf8(to))
		c = &charset_latin;
	return c;
}
