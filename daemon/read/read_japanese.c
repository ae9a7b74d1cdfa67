/*
 * read_japanese.c - ISO-2022-JP and EUC-JP as they stand in mail, to UTF-8.
 *
 * The C library's own converters refuse what Japanese mailers really send:
 * row 13 and the IBM extensions in ISO-2022-JP, half-width kana in it, lines
 * that do not go back to ASCII.  Here the two-byte runs are re-coded to
 * Windows' Shift_JIS, which has all of these, and converted from that; the
 * few of JIS X 0212 go by EUC.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

/* Bytes of one converter, gathered until the other one is needed. */
struct runs {
	const struct charsets *cs;
	struct sink *sink;
	int slot;
	size_t len;
	uint8_t bytes[1024];
};

static int
runs_flush(struct runs *r, struct error *err)
{
	size_t len = r->len;

	r->len = 0;
	if (len == 0)
		return 0;
	return sink_iconv(
	    r->cs, r->slot, bytes_of(r->bytes, len), r->sink, err);
}

/* One character: n bytes, which stay together. */
static int
runs_add(
    struct runs *r, int slot, const uint8_t *c, size_t n, struct error *err)
{
	if ((r->slot != slot || r->len + n > sizeof(r->bytes)) &&
	    runs_flush(r, err) != 0)
		return -1;
	r->slot = slot;
	memcpy(r->bytes + r->len, c, n);
	r->len += n;
	return 0;
}

static int
runs_single(struct runs *r, uint8_t c, struct error *err)
{
	return runs_add(r, SLOT_CP932, &c, 1, err);
}

static int
runs_bad(struct runs *r, struct error *err)
{
	return runs_flush(r, err) != 0 ? -1 : sink_bad(r->sink, err);
}

static bool
is_94(uint8_t c)
{
	return c >= 0x21 && c <= 0x7e;
}

/* JIS X 0208 (7 bits each) as Shift_JIS. */
static int
runs_0208(struct runs *r, uint8_t row, uint8_t cell, struct error *err)
{
	uint8_t pair[2];

	pair[0] = (uint8_t)((row - 0x21) / 2 + 0x81);
	if (pair[0] > 0x9f)
		pair[0] = (uint8_t)(pair[0] + 0x40);
	if (row % 2 == 1)
		pair[1] = (uint8_t)(cell + (cell > 0x5f ? 0x20 : 0x1f));
	else
		pair[1] = (uint8_t)(cell + 0x7e);
	return runs_add(r, SLOT_CP932, pair, 2, err);
}

/* JIS X 0212 (7 bits each) as EUC. */
static int
runs_0212(struct runs *r, uint8_t row, uint8_t cell, struct error *err)
{
	uint8_t three[3] = {
	    0x8f, (uint8_t)(row | 0x80), (uint8_t)(cell | 0x80)};

	return runs_add(r, SLOT_EUCJP, three, 3, err);
}

/* ---- ISO-2022-JP ---- */

enum set { SET_ASCII, SET_KANA, SET_0208, SET_0212 };

/* The designation at s, its length in *n; SET_ASCII and 0 when none. */
static enum set
designation(const uint8_t *s, size_t left, size_t *n)
{
	static const struct {
		const char *bytes;
		enum set set;
	} known[] = {
	    {"\x1b$(D", SET_0212},
	    {"\x1b$(B", SET_0208},
	    {"\x1b$(@", SET_0208},
	    {"\x1b$B", SET_0208},
	    {"\x1b$@", SET_0208},
	    {"\x1b(I", SET_KANA},
	    {"\x1b(B", SET_ASCII},
	    {"\x1b(J", SET_ASCII},
	    {"\x1b(H", SET_ASCII},
	    /* "What follows is of 1990", before ESC $ B. */
	    {"\x1b&@", SET_ASCII},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		*n = strlen(known[i].bytes);
		if (left >= *n && memcmp(s, known[i].bytes, *n) == 0)
			return known[i].set;
	}
	*n = 0;
	return SET_ASCII;
}

/* One character of a two-byte set; how many bytes it took in *n. */
static int
jis_pair(struct runs *r, enum set set, const uint8_t *s, size_t left, size_t *n,
    struct error *err)
{
	*n = 1;
	if (s[0] <= ' ')
		return runs_single(r, s[0], err);
	if (left < 2 || !is_94(s[0]) || !is_94(s[1]))
		return runs_bad(r, err);
	*n = 2;
	return set == SET_0208 ? runs_0208(r, s[0], s[1], err)
			       : runs_0212(r, s[0], s[1], err);
}

static int
jis_single(struct runs *r, enum set set, uint8_t c, struct error *err)
{
	/* Half-width kana: by ESC ( I, or as bare 8-bit bytes. */
	if (set == SET_KANA && c >= 0x21 && c <= 0x5f)
		return runs_single(r, c | 0x80, err);
	if (c < 0x80 || (c >= 0xa1 && c <= 0xdf))
		return runs_single(r, c, err);
	return runs_bad(r, err);
}

int
japanese_from_jis(const struct charsets *cs, struct bytes from,
    struct sink *sink, struct error *err)
{
	struct runs r = {cs, sink, SLOT_CP932, 0, {0}};
	enum set set = SET_ASCII;
	size_t i = 0;
	size_t n = 0;

	while (i < from.len) {
		const uint8_t *s = from.data + i;
		enum set next = SET_ASCII;
		int rc;

		if (s[0] == 0x1b)
			next = designation(s, from.len - i, &n);
		else
			n = 0;
		if (n > 0) {
			set = next;
			i += n;
			continue;
		}
		/* A line that forgot to go back to ASCII (RFC 1468). */
		if (s[0] == '\n' || s[0] == '\r')
			set = SET_ASCII;
		if (set == SET_0208 || set == SET_0212) {
			rc = jis_pair(&r, set, s, from.len - i, &n, err);
		} else {
			rc = jis_single(&r, set, s[0], err);
			n = 1;
		}
		if (rc != 0)
			return -1;
		i += n;
	}
	return runs_flush(&r, err);
}

/* ---- EUC-JP ---- */

static bool
is_high(uint8_t c)
{
	return c >= 0xa1 && c <= 0xfe;
}

int
japanese_from_euc(const struct charsets *cs, struct bytes from,
    struct sink *sink, struct error *err)
{
	struct runs r = {cs, sink, SLOT_CP932, 0, {0}};
	size_t i = 0;

	while (i < from.len) {
		const uint8_t *s = from.data + i;
		size_t left = from.len - i;
		size_t n = 1;
		int rc;

		if (s[0] < 0x80) {
			rc = runs_single(&r, s[0], err);
		} else if (s[0] == 0x8e && left > 1 && s[1] >= 0xa1 &&
			   s[1] <= 0xdf) {
			n = 2;
			rc = runs_single(&r, s[1], err);
		} else if (s[0] == 0x8f && left > 2 && is_high(s[1]) &&
			   is_high(s[2])) {
			n = 3;
			rc = runs_0212(&r, s[1] & 0x7f, s[2] & 0x7f, err);
		} else if (left > 1 && is_high(s[0]) && is_high(s[1])) {
			n = 2;
			rc = runs_0208(&r, s[0] & 0x7f, s[1] & 0x7f, err);
		} else {
			rc = runs_bad(&r, err);
		}
		if (rc != 0)
			return -1;
		i += n;
	}
	return runs_flush(&r, err);
}

/* ---- does it look Japanese? ---- */

static bool
is_kana(gunichar c)
{
	return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fa);
}

static bool
is_ideograph(gunichar c)
{
	return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3001 && c <= 0x3011) ||
	       c == 0x30fc;
}

/*
 * Latin letters with accents stand alone between ASCII ones; misread as a
 * pair they make single ideographs, never kana in a row.
 */
size_t
japanese_score(const char *text, size_t len)
{
	const char *end = text + len;
	bool before = false;
	size_t score = 0;

	for (const char *s = text; s < end; s = g_utf8_next_char(s)) {
		gunichar c = g_utf8_get_char(s);
		bool wide = is_kana(c) || is_ideograph(c);

		if (is_kana(c))
			score += before ? 10 : 2;
		else if (wide && before)
			score++;
		before = wide;
	}
	return score;
}

bool
japanese_kana(const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *s = text; s < end; s = g_utf8_next_char(s)) {
		gunichar c;

		if ((unsigned char)*s < 0xe3)
			continue;
		c = g_utf8_get_char(s);
		if (is_kana(c) || (c >= 0xff66 && c <= 0xff9d))
			return true;
	}
	return false;
}
