/*
 * read_charset.c - bytes in the charset of a mail to UTF-8.
 *
 * Takes bytes and the label they came under; gives UTF-8, what they were
 * read as, and whether that was a guess or lost something.  Labels in mail
 * lie: one that does not fit the bytes is replaced where another charset
 * fits them without loss.  Runs in the child of the read room; the converters
 * are opened in its parent, as opening one reads files that the walls hide.
 */
#include "read_charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include <talloc.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct charset table[] = {
    {"utf8 unicode11utf8 cp65001", HOW_UTF8, NULL, "UTF-8"},
    {"usascii ascii ansix3.41968", HOW_ASCII, NULL, "US-ASCII"},
    {"iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms "
     "iso2022jpext csiso2022jp csiso2022jp2 cp50220 cp50221 cp50222 jis jis7",
	HOW_JIS, NULL, "ISO-2022-JP"},
    {"shiftjis sjis xsjis mskanji csshiftjis cp932 ms932 windows932 "
     "windows31j cswindows31j",
	HOW_SJIS, NULL, "Shift_JIS"},
    {"eucjp xeucjp eucjpms ujis cp51932 cseucpkdfmtjapanese", HOW_EUC, NULL,
	"EUC-JP"},
    /* What mail calls Latin 1 is Windows' superset of it. */
    {"iso88591 latin1", HOW_ICONV, "CP1252", "ISO-8859-1"},
    {"windows1252 cp1252", HOW_ICONV, "CP1252", "windows-1252"},
    {"iso88592 latin2", HOW_ICONV, "ISO-8859-2", "ISO-8859-2"},
    {"iso88593", HOW_ICONV, "ISO-8859-3", "ISO-8859-3"},
    {"iso88594", HOW_ICONV, "ISO-8859-4", "ISO-8859-4"},
    {"iso88595", HOW_ICONV, "ISO-8859-5", "ISO-8859-5"},
    {"iso88596", HOW_ICONV, "ISO-8859-6", "ISO-8859-6"},
    {"iso88597", HOW_ICONV, "ISO-8859-7", "ISO-8859-7"},
    {"iso88598 iso88598i", HOW_ICONV, "ISO-8859-8", "ISO-8859-8"},
    {"iso88599 latin5", HOW_ICONV, "CP1254", "ISO-8859-9"},
    {"iso885910", HOW_ICONV, "ISO-8859-10", "ISO-8859-10"},
    {"iso885913", HOW_ICONV, "ISO-8859-13", "ISO-8859-13"},
    {"iso885914", HOW_ICONV, "ISO-8859-14", "ISO-8859-14"},
    {"iso885915 latin9", HOW_ICONV, "ISO-8859-15", "ISO-8859-15"},
    {"iso885916", HOW_ICONV, "ISO-8859-16", "ISO-8859-16"},
    {"windows1250 cp1250", HOW_ICONV, "CP1250", "windows-1250"},
    {"windows1251 cp1251", HOW_ICONV, "CP1251", "windows-1251"},
    {"windows1253 cp1253", HOW_ICONV, "CP1253", "windows-1253"},
    {"windows1254 cp1254", HOW_ICONV, "CP1254", "windows-1254"},
    {"windows1255 cp1255", HOW_ICONV, "CP1255", "windows-1255"},
    {"windows1256 cp1256", HOW_ICONV, "CP1256", "windows-1256"},
    {"windows1257 cp1257", HOW_ICONV, "CP1257", "windows-1257"},
    {"windows1258 cp1258", HOW_ICONV, "CP1258", "windows-1258"},
    {"windows874 cp874", HOW_ICONV, "CP874", "windows-874"},
    {"tis620", HOW_ICONV, "CP874", "TIS-620"},
    {"koi8r", HOW_ICONV, "KOI8-R", "KOI8-R"},
    {"koi8u", HOW_ICONV, "KOI8-U", "KOI8-U"},
    {"ibm866 cp866", HOW_ICONV, "CP866", "IBM866"},
    {"ibm437", HOW_ICONV, "CP437", "IBM437"},
    {"ibm850", HOW_ICONV, "CP850", "IBM850"},
    {"macintosh", HOW_ICONV, "MACINTOSH", "macintosh"},
    /* The later Chinese and Korean sets hold the earlier ones. */
    {"gb2312 csgb2312 euccn", HOW_ICONV, "GB18030", "GB2312"},
    {"gbk xgbk cp936 windows936", HOW_ICONV, "GB18030", "GBK"},
    {"gb18030", HOW_ICONV, "GB18030", "GB18030"},
    {"big5 big5hkscs xbig5 csbig5 cp950", HOW_ICONV, "BIG5-HKSCS", "Big5"},
    {"euctw", HOW_ICONV, "EUC-TW", "EUC-TW"},
    {"euckr cseuckr ksc56011987 ksc5601 cp949 windows949 uhc", HOW_ICONV, "UHC",
	"EUC-KR"},
    {"iso2022kr", HOW_ICONV, "ISO-2022-KR", "ISO-2022-KR"},
    {"iso2022cn", HOW_ICONV, "ISO-2022-CN", "ISO-2022-CN"},
    {"utf7 unicode11utf7", HOW_ICONV, "UTF-7", "UTF-7"},
    {"utf16", HOW_ICONV, "UTF-16", "UTF-16"},
    {"utf16le", HOW_ICONV, "UTF-16LE", "UTF-16LE"},
    {"utf16be", HOW_ICONV, "UTF-16BE", "UTF-16BE"},
    {"utf32", HOW_ICONV, "UTF-32", "UTF-32"},
};

const struct charset charset_utf8 = {"", HOW_UTF8, NULL, "UTF-8"};
const struct charset charset_ascii = {"", HOW_ASCII, NULL, "US-ASCII"};
const struct charset charset_jis = {"", HOW_JIS, NULL, "ISO-2022-JP"};
const struct charset charset_sjis = {"", HOW_SJIS, NULL, "Shift_JIS"};
const struct charset charset_euc = {"", HOW_EUC, NULL, "EUC-JP"};
const struct charset charset_latin = {"", HOW_ICONV, "CP1252", "windows-1252"};

struct charsets {
	iconv_t slots[SLOT_OTHER];
	iconv_t rows[COUNT(table)]; /* of HOW_ICONV */
};

/* ---- opening ---- */

/* NULL: never opened.  -1: the C library has none. */
static bool
is_open(iconv_t cd)
{
	return cd != NULL && (intptr_t)cd != -1;
}

static int
charsets_close(struct charsets *cs)
{
	for (size_t i = 0; i < COUNT(cs->slots); i++)
		if (is_open(cs->slots[i]))
			iconv_close(cs->slots[i]);
	for (size_t i = 0; i < COUNT(cs->rows); i++)
		if (is_open(cs->rows[i]))
			iconv_close(cs->rows[i]);
	return 0;
}

struct charsets *
charsets_new(const void *ctx, struct error *err)
{
	static const char *const names[] = {
	    [SLOT_CP932] = "CP932",
	    [SLOT_EUCJP] = "EUC-JP-MS",
	    [SLOT_CP1252] = "CP1252",
	    [SLOT_0213] = "EUC-JISX0213",
	    [SLOT_GB] = "GB18030",
	    [SLOT_KS] = "UHC",
	    [SLOT_GREEK] = "ISO-8859-7",
	};
	struct charsets *cs = talloc_zero(ctx, struct charsets);

	if (cs == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < COUNT(cs->slots); i++)
		cs->slots[i] = iconv_open("UTF-8", names[i]);
	/* A rare one may be missing; it is then treated as an unknown label. */
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].how == HOW_ICONV)
			cs->rows[i] = iconv_open("UTF-8", table[i].iconv);
	talloc_set_destructor(cs, charsets_close);
	for (size_t i = 0; i < COUNT(cs->slots); i++)
		if (!is_open(cs->slots[i])) {
			talloc_free(cs);
			error_set(err, FAULT_SETUP,
			    "the C library cannot convert %s", names[i]);
			return NULL;
		}
	return cs;
}

/* ---- converting ---- */

int
sink_bad(struct sink *sink, struct error *err)
{
	sink->lossy = true;
	return buf_add(sink->out, "\xef\xbf\xbd", 3, err);
}

/*
 * How many bytes one character that cannot be converted takes.  unit 0: a
 * pair of a double-byte set, else its second byte, often a letter, would be
 * left over.  UNIT_EUC: two, three behind 0x8f.
 */
#define UNIT_EUC 5
static size_t
bad_length(const char *at, size_t left, size_t unit)
{
	unsigned char a = (unsigned char)at[0];
	unsigned char b = left > 1 ? (unsigned char)at[1] : 0;

	if (unit == 0)
		unit = a >= 0x81 && b >= 0x40 && b != 0x7f ? 2 : 1;
	else if (unit == UNIT_EUC)
		unit = a == 0x8f ? 3 : 2;
	return unit < left ? unit : left;
}

/* Sets with combining marks hold the last letter back. */
static int
sink_rest(iconv_t cd, struct sink *sink, struct error *err)
{
	char chunk[64];
	char *out = chunk;
	size_t room = sizeof(chunk);

	iconv(cd, NULL, NULL, &out, &room);
	return buf_add(sink->out, chunk, sizeof(chunk) - room, err);
}

static int
sink_convert(iconv_t cd, struct bytes from, size_t unit, struct sink *sink,
    struct error *err)
{
	char chunk[4096];
	size_t left = from.len;
	char *in;

	/* iconv only reads there, but its prototype does not say so. */
	memcpy(&in, &from.data, sizeof(in));
	iconv(cd, NULL, NULL, NULL, NULL);
	while (left > 0) {
		char *out = chunk;
		size_t room = sizeof(chunk);
		size_t rc = iconv(cd, &in, &left, &out, &room);
		int why = errno;

		if (buf_add(sink->out, chunk, sizeof(chunk) - room, err) != 0)
			return -1;
		if (rc != (size_t)-1 || why == E2BIG)
			continue;
		if (sink_bad(sink, err) != 0)
			return -1;
		if (why != EILSEQ || left == 0)
			break; /* cut off in the middle of a character */
		rc = bad_length(in, left, unit);
		in += rc;
		left -= rc;
	}
	return sink_rest(cd, sink, err);
}

int
sink_iconv(const struct charsets *cs, int slot, struct bytes from,
    struct sink *sink, struct error *err)
{
	static const size_t units[] = {
	    [SLOT_CP932] = 0,
	    [SLOT_EUCJP] = UNIT_EUC,
	    [SLOT_CP1252] = 1,
	    [SLOT_0213] = UNIT_EUC,
	    [SLOT_GB] = 2,
	    [SLOT_KS] = 2,
	    [SLOT_GREEK] = 1,
	};

	return sink_convert(cs->slots[slot], from, units[slot], sink, err);
}

static int
sink_utf8(struct bytes from, struct sink *sink, struct error *err)
{
	const char *at = (const char *)from.data;
	size_t left = from.len;

	while (left > 0) {
		const char *end = at;

		/* Stops at what is malformed, and at NUL. */
		g_utf8_validate(at, (gssize)left, &end);
		if (buf_add(sink->out, at, (size_t)(end - at), err) != 0)
			return -1;
		left -= (size_t)(end - at);
		at = end;
		if (left == 0)
			break;
		if (sink_bad(sink, err) != 0)
			return -1;
		at++;
		left--;
	}
	return 0;
}

bool
charset_is_single(const struct charset *c)
{
	static const char *const begins[] = {
	    "ISO-8859-", "CP", "KOI8-", "IBM", "MACINTOSH"};

	for (size_t i = 0; c->how == HOW_ICONV && i < COUNT(begins); i++)
		if (strncmp(c->iconv, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static size_t
row_unit(const struct charset *c)
{
	if (strncmp(c->iconv, "UTF-16", 6) == 0)
		return 2;
	return strcmp(c->iconv, "UTF-32") == 0 ? 4 : 1;
}

static iconv_t
row_converter(const struct charsets *cs, const struct charset *c)
{
	if (c == &charset_latin)
		return cs->slots[SLOT_CP1252];
	return cs->rows[c - table];
}

/* A NUL is malformed here, whatever the set says. */
static int
sink_clean(const void *ctx, struct sink *sink, struct error *err)
{
	struct sink clean = {buf_new(ctx, sink->out->len * 3), true};

	if (clean.out == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (sink_utf8(buf_bytes(sink->out), &clean, err) != 0) {
		talloc_free(clean.out);
		return -1;
	}
	talloc_free(sink->out);
	*sink = clean;
	return 0;
}

int
charset_convert_as(const void *ctx, const struct charsets *cs,
    struct bytes from, const struct charset *c, struct converted *to,
    struct error *err)
{
	/* No set here makes more than three bytes of one, but for pairs of
	 * Big5 that are two characters. */
	struct sink sink = {buf_new(ctx, from.len * 4 + 64), false};
	int rc = -1;

	if (sink.out == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	switch (c->how) {
	case HOW_UTF8:
	case HOW_ASCII:
		rc = sink_utf8(from, &sink, err);
		break;
	case HOW_JIS:
		rc = japanese_from_jis(cs, from, &sink, err);
		break;
	case HOW_SJIS:
		rc = sink_iconv(cs, SLOT_CP932, from, &sink, err);
		break;
	case HOW_EUC:
		rc = japanese_from_euc(cs, from, &sink, err);
		break;
	case HOW_ICONV:
		rc = sink_convert(
		    row_converter(cs, c), from, row_unit(c), &sink, err);
		break;
	}
	if (rc == 0 && sink.out->len > 0 &&
	    memchr(sink.out->data, 0, sink.out->len) != NULL)
		rc = sink_clean(ctx, &sink, err);
	if (rc == 0)
		rc = buf_add(sink.out, "", 0, err);
	if (rc != 0) {
		talloc_free(sink.out);
		return -1;
	}
	to->text = (const char *)sink.out->data;
	to->len = sink.out->len;
	to->charset = c->name;
	to->flags = sink.lossy ? PART_LOSSY : 0;
	return 0;
}

/* ---- which charset ---- */

static bool
has_word(const char *words, const char *key, size_t n)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		if (len == n && memcmp(words, key, n) == 0)
			return true;
		words += len + strspn(words + len, " ");
	}
	return false;
}

static const struct charset *
charset_by_label(const struct charsets *cs, const char *label)
{
	char key[40];
	size_t n = 0;

	if (label == NULL)
		return NULL;
	for (; *label != '\0' && *label != '*'; label++) {
		if (strchr("-_ \t\"'", *label) != NULL)
			continue;
		if (n == sizeof(key) - 1)
			return NULL;
		key[n++] = g_ascii_tolower(*label);
	}
	key[n] = '\0';
	for (size_t i = 0; n > 0 && i < COUNT(table); i++)
		if (has_word(table[i].labels, key, n))
			return table[i].how == HOW_ICONV &&
				       !is_open(cs->rows[i])
				   ? NULL
				   : &table[i];
	return NULL;
}

int
charset_convert(const void *ctx, const struct charsets *cs, struct bytes from,
    const char *label, struct converted *to, struct error *err)
{
	const struct charset *labelled = charset_by_label(cs, label);
	const struct charset *other;
	struct look look;
	void *tmp;
	int rc = 0;

	if (from.len >= 3 && memcmp(from.data, "\xef\xbb\xbf", 3) == 0) {
		from = bytes_span(from, 3, from.len - 3);
		labelled = &charset_utf8;
	}
	look = charset_look(from);
	tmp = talloc_new(ctx);
	if (tmp == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (labelled == NULL) {
		other = charset_guess(tmp, cs, from, &look);
	} else {
		rc = charset_convert_as(ctx, cs, from, labelled, to, err);
		other = rc != 0 ? NULL
				: charset_better(
				      tmp, cs, from, labelled, &look, to);
	}
	if (rc == 0 && other != NULL && other != labelled) {
		rc = charset_convert_as(ctx, cs, from, other, to, err);
		if (rc == 0 && other != &charset_ascii)
			to->flags |= PART_GUESSED;
	}
	talloc_free(tmp);
	return rc;
}
