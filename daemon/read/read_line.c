/*
 * read_line.c - what a line of a report form looks like.
 *
 * Takes one line of UTF-8 and says what it begins with: bullets, numbers,
 * headings, brackets; whether it is a rule, a quotation, a farewell, or has
 * the shape of "label: value".  What the labels mean is read_label.c; what
 * becomes of the lines is read_field.c.  Runs in the child of the read room.
 */
#include "read_line.h"

#include <string.h>

#define MARKS_IN_A_ROW 4

gunichar
line_char(const char *s, const char *end, size_t *n)
{
	gunichar c;

	*n = 0;
	if (s >= end)
		return 0;
	c = g_utf8_get_char(s);
	*n = (size_t)(g_utf8_next_char(s) - s);
	if (c >= 0xff01 && c <= 0xff5e) /* full-width ASCII */
		return c - 0xff01 + '!';
	return c == 0x3000 || c == 0xa0 || c == '\t' || c == '\r' ? ' ' : c;
}

const char *
line_blanks(const char *s, const char *end)
{
	size_t n;

	while (line_char(s, end, &n) == ' ')
		s += n;
	return s;
}

struct line
line_next(const char *s, const char *end)
{
	const char *lf = memchr(s, '\n', (size_t)(end - s));
	struct line line = {s, lf != NULL ? lf : end, NULL};

	line.next = lf != NULL ? lf + 1 : end;
	/* The blanks at its end, full-width ones too. */
	while (line.end > line.s) {
		const char *last = g_utf8_prev_char(line.end);
		size_t n;

		if (line_char(last, line.end, &n) != ' ')
			break;
		line.end = last;
	}
	return line;
}

/* Up to three digits; 0 when none stand here. */
static size_t
digits(const char *s, const char *end)
{
	size_t len = 0;
	size_t n;

	for (unsigned i = 0; i < 3; i++) {
		gunichar c = line_char(s + len, end, &n);

		if (c < '0' || c > '9')
			break;
		len += n;
	}
	return len;
}

/* "1.", "1.2.", "1)", "(1)", "a)", "①": behind it; s when it is none. */
static const char *
skip_number(const char *s, const char *end)
{
	const char *at = s;
	size_t n;
	gunichar c = line_char(at, end, &n);
	bool open = c == '(';
	bool letter;

	if (c >= 0x2460 && c <= 0x249b)
		return at + n;
	if (open)
		c = line_char(at += n, end, &n);
	letter = g_ascii_isalpha((gchar)(c < 0x80 ? c : 0));
	if (letter)
		at += n;
	else
		for (size_t len; (len = digits(at, end)) > 0;) {
			at += len;
			if (line_char(at, end, &n) != '.' ||
			    digits(at + n, end) == 0)
				break;
			at += n;
		}
	if (at == s || (open && at == s + 1))
		return s;
	c = line_char(at, end, &n);
	if (open)
		return c == ')' ? at + n : s;
	if (c == '.' || c == ')' || c == 0x3001) {
		at += n;
		/* "e.g." is no number */
		return !letter || line_char(at, end, &n) == ' ' ? at : s;
	}
	return c == ' ' && !letter ? at : s;
}

static bool
is_heading_mark(gunichar c)
{
	return c == 0x25a0 || c == 0x25c6 || c == 0x25bc || c == 0x25cf ||
	       c == 0x2605; /* ■◆▼●★ */
}

static bool
is_bullet(gunichar c)
{
	return is_heading_mark(c) || c == 0xb7 || c == 0x2022 || c == 0x2023 ||
	       c == 0x25e6 || c == 0x2192 || c == 0x25a1 || c == 0x25c7 ||
	       c == 0x25bd || c == 0x25b6 || c == 0x25cb || c == 0x25ce ||
	       c == 0x2606 || c == 0x203b || c == 0x30fb || c == 0xff65;
}

/* One mark; its bit is set in *marks.  s when there is none. */
static const char *
skip_mark(const char *s, const char *end, unsigned *marks)
{
	const char *number;
	size_t n;
	size_t more;
	gunichar c = line_char(s, end, &n);

	if (is_bullet(c)) {
		*marks |= is_heading_mark(c) ? MARK_HEADING : MARK_BULLET;
		return s + n;
	}
	if (c == '#') {
		while (line_char(s, end, &n) == '#')
			s += n;
		*marks |= MARK_HEADING;
		return s;
	}
	if ((c == '*' || c == '_') && line_char(s + n, end, &more) == c) {
		*marks |= MARK_STRONG;
		return s + n + more;
	}
	if ((c == '-' || c == '*' || c == '+') &&
	    line_char(s + n, end, &more) == ' ') {
		*marks |= MARK_BULLET;
		return s + n;
	}
	number = skip_number(s, end);
	if (number != s)
		*marks |= MARK_NUMBER;
	return number;
}

const char *
line_marks(const char *s, const char *end, unsigned *marks)
{
	*marks = 0;
	s = line_blanks(s, end);
	for (unsigned i = 0; i < MARKS_IN_A_ROW; i++) {
		const char *next = skip_mark(s, end, marks);

		if (next == s)
			break;
		s = line_blanks(next, end);
	}
	return s;
}

bool
line_bracket(const char *s, const char *end, struct line *inside)
{
	static const gunichar pairs[][2] = {{0x3010, 0x3011}, /* 【】 */
	    {'[', ']'}, {'<', '>'}, {0x3014, 0x3015}, {0x300a, 0x300b},
	    {0x226a, 0x226b}};
	size_t n;
	gunichar open = line_char(s, end, &n);
	gunichar close = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i][0] == open)
			close = pairs[i][1];
	if (close == 0)
		return false;
	inside->s = s += n;
	if (end - s > LINE_LABEL_MOST)
		end = s + LINE_LABEL_MOST;
	for (; s < end; s += n) {
		if (line_char(s, end, &n) == close) {
			inside->end = s;
			inside->next = s + n;
			return true;
		}
	}
	return false;
}

bool
line_is_quoted(struct line line)
{
	size_t n;

	return line_char(line_blanks(line.s, line.end), line.end, &n) == '>';
}

bool
line_is_rule(struct line line)
{
	const char *s = line_blanks(line.s, line.end);
	size_t n;
	gunichar first = line_char(s, line.end, &n);
	unsigned count = 0;

	if (first != '-' && first != '=' && first != '_' && first != '*' &&
	    first != '~' && first != '+' && first != 0x2500 &&
	    first != 0x2501 && first != 0x2015 && first != 0x2014 &&
	    first != 0x30fc)
		return false;
	for (; s < line.end; s += n) {
		gunichar c = line_char(s, line.end, &n);

		if (c != first && c != ' ')
			return false;
		count += c == first;
	}
	return count >= 3;
}

bool
line_is_heading(struct line line)
{
	struct line inside;
	unsigned marks;
	const char *s = line_marks(line.s, line.end, &marks);
	size_t len = (size_t)(line.end - line.s);

	/* "■ always □ sometimes": a box to tick, not a heading */
	if ((marks & MARK_HEADING) != 0)
		return g_strstr_len(line.s, (gssize)len, "□") == NULL;
	return line_bracket(s, line.end, &inside) &&
	       g_utf8_get_char(line_blanks(line.s, line.end)) == 0x3010;
}

bool
line_is_farewell(struct line line)
{
	static const char *const words[] = {"regards", "best regards",
	    "kind regards", "best wishes", "sincerely", "yours sincerely",
	    "thanks", "thank you", "many thanks", "cheers", "以上", "よろしく",
	    "宜しく", "何卒", "敬具"};
	const char *s = line_blanks(line.s, line.end);
	size_t left = (size_t)(line.end - s);

	if (left > 100)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (left >= len && g_ascii_strncasecmp(s, words[i], len) == 0 &&
		    (left == len || !g_ascii_isalnum(s[len])))
			return true;
	}
	return false;
}

bool
line_has_shape(struct line line)
{
	unsigned marks;
	const char *s = line_marks(line.s, line.end, &marks);
	size_t n;

	for (const char *from = s; s < line.end && s - from < 60; s += n) {
		gunichar c = line_char(s, line.end, &n);

		if (c == '?')
			return true;
		if (c == '|' && s > from)
			return true;
		if (c == ':' && s > from)
			return s + n == line.end || n > 1 || s[n] == ' ';
	}
	return false;
}
