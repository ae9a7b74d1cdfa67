/*
 * read_normal.c - text made alike, so that it can be searched.
 *
 * Takes the UTF-8 of a subject or a text part and gives it three times: in
 * NFKC with one kind of dash, the same without case, and that without white
 * space.  Signs that NFKC spells with letters or digits ("①", "№", "Ⅱ") stay
 * apart from the words beside them.  Never for showing.  The work is linear in
 * the text whatever the text: what is normalised at once is short, and
 * characters get no more marks than UAX #15 allows in stream-safe text, as GLib
 * sorts the marks of one character by exchanging neighbours.  Runs in the child
 * of the read room, and in its parent for names and patterns.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#define PLAIN_MOST (4u << 20) /* bytes; what stands behind is not searched */
#define RUN_LEAST 2048        /* bytes normalised at once */
#define RUN_MOST 4096
#define MARKS_MOST 30

struct run {
	char text[RUN_MOST + 16]; /* the last one and what is put around it */
	size_t len;
	size_t marks; /* behind the last character that is none */
	bool ascii;
};

/* Characters that show nothing and would part a word in two. */
static bool
is_hidden(gunichar c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	       c == 0xfeff || (c >= 0xe0000 && c <= 0xe01ef);
}

/* The half-width voice marks are letters that NFKC makes combining marks. */
static bool
is_mark(gunichar c)
{
	return c == 0xff9e || c == 0xff9f || g_unichar_ismark(c);
}

static bool
is_dash(gunichar c)
{
	return (c >= 0x2010 && c <= 0x2015) || c == 0x2043 || c == 0x2212 ||
	       c == 0x2500 || c == 0x2501;
}

/* What people type for "-" and "#" on a Japanese keyboard. */
static gunichar
plain_char(gunichar c, char before, char after)
{
	if (is_dash(c))
		return '-';
	if (c == 0x266f) /* the sharp of music */
		return '#';
	/* The long vowel mark, where no vowel stands. */
	if (c == 0x30fc && g_ascii_isalnum(before) && g_ascii_isalnum(after))
		return '-';
	return c;
}

static int
add_char(struct buf *out, gunichar c, struct error *err)
{
	char utf8[6];
	int n = g_unichar_to_utf8(c, utf8);

	return buf_add(out, utf8, (size_t)n, err);
}

/* How a character goes into the run. */
enum spelled {
	AS_IT_IS,
	AS_BLANK,
	AS_WORD, /* between blanks */
	AS_NOTE, /* and in brackets */
};

/*
 * A sign beside a number or a name is no part of it: "①CVE-2024-1234²" would
 * become "1CVE-2024-12342".  What counts or notes goes in brackets, so that it
 * does not end a name in the text without white space either; "ＸＹＺⅡ" there
 * is "xyzii", as people write it.  Styled and joined letters are letters.
 */
static enum spelled
spelled(gunichar c)
{
	gunichar to[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
	enum spelled as = AS_WORD;
	gsize n;

	switch (g_unichar_type(c)) {
	case G_UNICODE_OTHER_NUMBER:
		return AS_NOTE;
	case G_UNICODE_MODIFIER_LETTER:
		as = AS_NOTE;
		break;
	case G_UNICODE_OTHER_LETTER: /* "ª" and "º" alone are raised */
		if (c != 0xaa && c != 0xba)
			return AS_IT_IS;
		break;
	case G_UNICODE_OTHER_SYMBOL:
		/* The marks of a trade: few write them with the name. */
		if (c == 0xa9 || c == 0xae || c == 0x2120 || c == 0x2122)
			return AS_BLANK;
		break;
	case G_UNICODE_LETTER_NUMBER:
	case G_UNICODE_CURRENCY_SYMBOL:
		break;
	default:
		return AS_IT_IS;
	}
	n = g_unichar_fully_decompose(c, TRUE, to, G_N_ELEMENTS(to));
	for (gsize i = 0; i < n && i < G_N_ELEMENTS(to); i++)
		if (to[i] < 0x80 && g_ascii_isgraph((gchar)to[i]))
			return as;
	return AS_IT_IS;
}

static void
run_add(struct run *run, gunichar c, const char *utf8, size_t n)
{
	static const char *const around[][2] = {
	    {"", ""}, {" ", ""}, {" ", " "}, {" (", ") "}};
	enum spelled as = c < 0x80 ? AS_IT_IS : spelled(c);
	char *to = run->text + run->len;

	to = g_stpcpy(to, around[as][0]);
	if (as != AS_BLANK) {
		memcpy(to, utf8, n);
		to += n;
	}
	to = g_stpcpy(to, around[as][1]);
	run->len = (size_t)(to - run->text);
	run->ascii = run->ascii && c < 0x80;
}

/* Adds the run to plain and empties it. */
static int
flush_run(struct run *run, struct buf *out, struct error *err)
{
	char *nfkc;
	int rc = 0;

	if (run->ascii) {
		rc = buf_add(out, run->text, run->len, err);
		goto out;
	}
	nfkc = g_utf8_normalize(
	    run->text, (gssize)run->len, G_NORMALIZE_ALL_COMPOSE);
	if (nfkc == NULL)
		goto out;
	for (const char *s = nfkc; *s != '\0' && rc == 0;) {
		const char *next = g_utf8_next_char(s);
		char before = out->len > 0 ? (char)out->data[out->len - 1] : 0;

		rc = add_char(
		    out, plain_char(g_utf8_get_char(s), before, *next), err);
		s = next;
	}
	g_free(nfkc);
out:
	run->len = 0;
	run->ascii = true;
	return rc;
}

static int
make_plain(struct buf *out, const char *text, size_t len, struct error *err)
{
	struct run run = {.ascii = true};
	const char *end = text + len;

	/* One run makes at most 18 characters of each (UAX #15). */
	while (text < end && out->len < PLAIN_MOST) {
		const char *next = g_utf8_next_char(text);
		gunichar c = g_utf8_get_char(text);
		bool mark = c >= 0x80 && is_mark(c);
		size_t n = (size_t)(next - text);

		run.marks = mark ? run.marks + 1 : 0;
		if ((run.len >= RUN_LEAST && !mark) || run.len >= RUN_MOST)
			if (flush_run(&run, out, err) != 0)
				return -1;
		if (c < 0x80 || (!is_hidden(c) && run.marks <= MARKS_MOST))
			run_add(&run, c, text, n);
		text = next;
	}
	return out->len < PLAIN_MOST ? flush_run(&run, out, err) : 0;
}

static int
make_folded(struct buf *out, const struct normal *n, struct error *err)
{
	for (const char *s = n->plain; *s != '\0'; s = g_utf8_next_char(s))
		if (add_char(out, g_unichar_tolower(g_utf8_get_char(s)), err) !=
		    0)
			return -1;
	return 0;
}

/*
 * White space goes, but an empty line stays as one LF: no name stands in two
 * paragraphs.
 */
static void
make_squeezed(struct normal *n)
{
	const char *s = n->folded;
	char *to = n->squeezed;
	unsigned lines = 0;

	while (*s != '\0') {
		const char *next = g_utf8_next_char(s);

		if (g_unichar_isspace(g_utf8_get_char(s))) {
			lines += *s == '\n';
			if (*s == '\n' && lines == 2) {
				n->at[to - n->squeezed] =
				    (uint32_t)(s - n->folded);
				*to++ = '\n';
			}
			s = next;
			continue;
		}
		lines = 0;
		for (; s < next; s++) {
			n->at[to - n->squeezed] = (uint32_t)(s - n->folded);
			*to++ = *s;
		}
	}
	*to = '\0';
	n->squeezed_len = (size_t)(to - n->squeezed);
}

/* The text of a buffer, with its NUL; NULL when there is no memory. */
static char *
buf_string(struct buf *buf, size_t *len)
{
	*len = buf->len;
	return buf_add(buf, "", 1, NULL) == 0 ? (char *)buf->data : NULL;
}

struct normal *
normal_new(const void *ctx, const char *text, size_t len, struct error *err)
{
	/* The last run may pass the limit; lower-case may be longer. */
	const size_t most = 2 * (PLAIN_MOST + 18 * RUN_MOST) + 8;
	struct normal *n = talloc_zero(ctx, struct normal);
	struct buf *plain = n != NULL ? buf_new(n, most) : NULL;
	struct buf *folded = n != NULL ? buf_new(n, most) : NULL;
	const char *valid = text;

	if (plain == NULL || folded == NULL)
		goto memory;
	/* Nothing here may trust the caller that it is UTF-8. */
	if (len > 0 && !g_utf8_validate(text, (gssize)len, &valid))
		len = (size_t)(valid - text);
	if (make_plain(plain, text, len, err) != 0)
		goto fail;
	n->plain = buf_string(plain, &n->plain_len);
	if (n->plain == NULL)
		goto memory;
	if (make_folded(folded, n, err) != 0)
		goto fail;
	n->folded = buf_string(folded, &n->folded_len);
	n->squeezed = talloc_array(n, char, n->folded_len + 1);
	n->at = talloc_array(n, uint32_t, n->folded_len + 1);
	if (n->folded == NULL || n->squeezed == NULL || n->at == NULL)
		goto memory;
	make_squeezed(n);
	return n;
memory:
	error_set(err, FAULT_RETRY, "out of memory");
fail:
	talloc_free(n);
	return NULL;
}
