/*
 * read_japanese.c - ISO-2022-JP and EUC-JP as they stand in mail, to UTF-8.
 *
 * The C library's own converters refuse what Japanese mailers really send:
 * row 13 and the IBM extensions in ISO-2022-JP, half-width kana in it, lines
 * that do not go back to ASCII.  Here the two-byte runs are re-coded to
 * Windows' Shift_JIS, which has all of these, and converted from that; the
 * few of JIS X 0212 and 0213, and of the Chinese, Korean and European sets
 * that the family has (RFC 1554), go by theirs.  Runs in the child of the read
 * room.
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

/* The second plane of such a set (7 bits each) as EUC. */
static int
runs_third(
    struct runs *r, int slot, uint8_t row, uint8_t cell, struct error *err)
{
	uint8_t three[3] = {
	    0x8f, (uint8_t)(row | 0x80), (uint8_t)(cell | 0x80)};

	return runs_add(r, slot, three, 3, err);
}

static int
runs_pair(
    struct runs *r, int slot, uint8_t row, uint8_t cell, struct error *err)
{
	uint8_t pair[2] = {(uint8_t)(row | 0x80), (uint8_t)(cell | 0x80)};

	return runs_add(r, slot, pair, 2, err);
}

/* ---- ISO-2022-JP ---- */

enum set {
	SET_ASCII,
	SET_KANA,
	SET_LATIN, /* of the second half, one character behind ESC N */
	SET_GREEK,
	SET_0208, /* from here on in two bytes */
	SET_0212,
	SET_0213,
	SET_0213_2,
	SET_GB,
	SET_KS,
};

struct jis {
	struct runs runs;
	enum set set;
	enum set second; /* what ESC N takes one character of */
	bool out;        /* behind SO: half-width kana */
};

/* Takes the designation at s; its length, 0 when there is none. */
static size_t
designation(struct jis *j, const uint8_t *s, size_t left)
{
	static const struct {
		const char *bytes;
		enum set set;
	} known[] = {
	    {"\x1b$(D", SET_0212},
	    {"\x1b$(B", SET_0208},
	    {"\x1b$(@", SET_0208},
	    {"\x1b$(O", SET_0213},
	    {"\x1b$(Q", SET_0213},
	    {"\x1b$(P", SET_0213_2},
	    {"\x1b$(A", SET_GB},
	    {"\x1b$(C", SET_KS},
	    {"\x1b$A", SET_GB},
	    {"\x1b$B", SET_0208},
	    {"\x1b$@", SET_0208},
	    {"\x1b(I", SET_KANA},
	    {"\x1b(B", SET_ASCII},
	    {"\x1b(J", SET_ASCII},
	    {"\x1b(H", SET_ASCII},
	    {"\x1b.A", SET_LATIN},
	    {"\x1b.F", SET_GREEK},
	    /* "What follows is of 1990", before ESC $ B. */
	    {"\x1b&@", SET_ASCII},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].bytes);

		if (left < n || memcmp(s, known[i].bytes, n) != 0)
			continue;
		if (known[i].set == SET_LATIN || known[i].set == SET_GREEK)
			j->second = known[i].set;
		else
			j->set = known[i].set;
		return n;
	}
	return 0;
}

/* One character of a two-byte set; how many bytes it took in *n. */
static int
jis_pair(
    struct jis *j, const uint8_t *s, size_t left, size_t *n, struct error *err)
{
	struct runs *r = &j->runs;

	*n = 1;
	if (s[0] <= ' ')
		return runs_single(r, s[0], err);
	/* Windows counts on, to 119: its users' and IBM's own letters. */
	if (left < 2 || !is_94(s[1]) ||
	    (!is_94(s[0]) &&
		!(j->set == SET_0208 && s[0] > 0x7e && s[0] <= 0x97)))
		return runs_bad(r, err);
	*n = 2;
	switch (j->set) {
	case SET_0212:
		return runs_third(r, SLOT_EUCJP, s[0], s[1], err);
	case SET_0213:
		return runs_pair(r, SLOT_0213, s[0], s[1], err);
	case SET_0213_2:
		return runs_third(r, SLOT_0213, s[0], s[1], err);
	case SET_GB:
		return runs_pair(r, SLOT_GB, s[0], s[1], err);
	case SET_KS:
		return runs_pair(r, SLOT_KS, s[0], s[1], err);
	default:
		return runs_0208(r, s[0], s[1], err);
	}
}

static int
jis_single(struct jis *j, uint8_t c, struct error *err)
{
	/* Half-width kana: by ESC ( I, by SO, or as bare 8-bit bytes. */
	if ((j->set == SET_KANA || j->out) && c >= 0x21 && c <= 0x5f)
		return runs_single(&j->runs, c | 0x80, err);
	if (c < 0x80 || (c >= 0xa1 && c <= 0xdf))
		return runs_single(&j->runs, c, err);
	return runs_bad(&j->runs, err);
}

/* What shows nothing but says how to read on; its length, 0: a character. */
static size_t
jis_control(
    struct jis *j, const uint8_t *s, size_t left, struct error *err, int *rc)
{
	uint8_t c;

	*rc = 0;
	if (s[0] == 0x0e || s[0] == 0x0f) {
		j->out = s[0] == 0x0e;
		return 1;
	}
	if (s[0] != 0x1b)
		return 0;
	if (left < 3 || s[1] != 'N' || j->second == SET_ASCII)
		return designation(j, s, left);
	c = s[2] | 0x80;
	*rc = runs_add(&j->runs,
	    j->second == SET_GREEK ? SLOT_GREEK : SLOT_CP1252, &c, 1, err);
	return 3;
}

int
japanese_from_jis(const struct charsets *cs, struct bytes from,
    struct sink *sink, struct error *err)
{
	struct jis j = {
	    {cs, sink, SLOT_CP932, 0, {0}}, SET_ASCII, SET_ASCII, false};
	size_t i = 0;

	while (i < from.len) {
		const uint8_t *s = from.data + i;
		int rc;
		size_t n = jis_control(&j, s, from.len - i, err, &rc);

		if (n == 0) {
			/* A line that forgot to go back (RFC 1468). */
			if (s[0] == '\n' || s[0] == '\r') {
				j.set = SET_ASCII;
				j.out = false;
			}
			n = 1;
			rc = j.set >= SET_0208
				 ? jis_pair(&j, s, from.len - i, &n, err)
				 : jis_single(&j, s[0], err);
		}
		if (rc != 0)
			return -1;
		i += n;
	}
	return runs_flush(&j.runs, err);
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
			rc = runs_third(
			    &r, SLOT_EUCJP, s[1] & 0x7f, s[2] & 0x7f, err);
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
