/*
 * read_html.c - the text of an HTML part, for searching alone.
 *
 * Takes source and gives text without tags: blocks and <br> begin a line,
 * what stands in <blockquote> gets the "> " of a quoted line, scripts, styles
 * and comments go.  No parser of HTML: what it makes is searched for
 * identifiers, labels and products and shown to nobody.  One pass, linear:
 * nothing is searched for that was once found to be missing.  Runs in the
 * child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

struct stripper {
	const char *s;
	const char *end;
	const char *last_tag_end; /* the last '>' */
	char *to;
	unsigned quotes; /* blockquotes it stands in */
	bool pre;
	bool line; /* at the start of a line */
};

/* Tags that begin a line.  TD and DT's kin stay in theirs. */
static const char *const blocks[] = {"address", "article", "blockquote", "br",
    "dd", "div", "dl", "dt", "fieldset", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"};

/* Tags whose content is no text. */
static const char *const silent[] = {"script", "style", "title"};

struct entity {
	const char *name;
	const char *text;
};
static const struct entity entities[] = {
    {"amp", "&"},
    {"apos", "'"},
    {"colon", ":"},
    {"gt", ">"},
    {"hyphen", "-"},
    {"lt", "<"},
    {"mdash", "-"},
    {"nbsp", " "},
    {"ndash", "-"},
    {"num", "#"},
    {"quot", "\""},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HTML_MOST (8u << 20) /* bytes; what stands behind is not searched */

static bool
is_tag(const char *tag, size_t len, const char *name)
{
	return strlen(name) == len && g_ascii_strncasecmp(tag, name, len) == 0;
}

static bool
is_one_of(const char *tag, size_t len, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_tag(tag, len, list[i]))
			return true;
	return false;
}

static void
put(struct stripper *st, char c)
{
	if (st->line && st->quotes > 0) {
		*st->to++ = '>';
		*st->to++ = ' ';
	}
	*st->to++ = c;
	st->line = c == '\n';
}

/* Behind "</name" and its '>', or the end. */
static const char *
behind_close(const struct stripper *st, const char *name)
{
	size_t len = strlen(name);
	const char *s = st->s;

	while ((s = memchr(s, '<', (size_t)(st->end - s))) != NULL) {
		s++;
		if ((size_t)(st->end - s) > len && *s == '/' &&
		    g_ascii_strncasecmp(s + 1, name, len) == 0) {
			s = memchr(s, '>', (size_t)(st->end - s));
			return s != NULL ? s + 1 : st->end;
		}
	}
	return st->end;
}

static void
take_tag(struct stripper *st)
{
	const char *tag = st->s + 1;
	const char *close = memchr(tag, '>', (size_t)(st->end - tag));
	bool ends = *tag == '/';
	size_t len = 0;

	if (st->end - st->s >= 4 && memcmp(st->s, "<!--", 4) == 0) {
		close = g_strstr_len(st->s, st->end - st->s, "-->");
		st->s = close != NULL ? close + 3 : st->end;
		return;
	}
	st->s = close != NULL ? close + 1 : st->end;
	tag += ends;
	while (tag + len < st->s && g_ascii_isalnum(tag[len]))
		len++;
	for (size_t i = 0; !ends && i < COUNT(silent); i++)
		if (is_tag(tag, len, silent[i]))
			st->s = behind_close(st, silent[i]);
	if (!ends && (is_tag(tag, len, "td") || is_tag(tag, len, "th")))
		put(st, ' ');
	if (!is_one_of(tag, len, blocks, COUNT(blocks)))
		return;
	if (!st->line || is_tag(tag, len, "br"))
		put(st, '\n');
	if (is_tag(tag, len, "pre"))
		st->pre = !ends;
	if (is_tag(tag, len, "blockquote")) {
		if (!ends)
			st->quotes++;
		else if (st->quotes > 0)
			st->quotes--;
	}
}

/* Numbers in decimal or hexadecimal; 0 when it is none. */
static gunichar
entity_number(const char *s, size_t len)
{
	unsigned base = 10;
	gunichar c = 0;

	if (len > 0 && (*s == 'x' || *s == 'X')) {
		base = 16;
		s++;
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		int digit = g_ascii_xdigit_value(s[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return 0;
		c = c * base + (unsigned)digit;
		if (c > 0x10ffff)
			return 0;
	}
	return g_unichar_validate(c) ? c : 0;
}

/* At '&': true when a character came of it. */
static bool
take_entity(struct stripper *st)
{
	const char *name = st->s + 1;
	size_t left = (size_t)(st->end - name);
	const char *semicolon = memchr(name, ';', left < 12 ? left : 12);
	size_t len;
	char utf8[6];
	gunichar c;

	if (semicolon == NULL)
		return false;
	len = (size_t)(semicolon - name);
	for (size_t i = 0; i < COUNT(entities); i++) {
		if (is_tag(name, len, entities[i].name)) {
			put(st, entities[i].text[0]);
			st->s = semicolon + 1;
			return true;
		}
	}
	if (*name != '#' || (c = entity_number(name + 1, len - 1)) == 0)
		return false;
	left = (size_t)g_unichar_to_utf8(c, utf8);
	for (size_t i = 0; i < left; i++)
		put(st, utf8[i]);
	st->s = semicolon + 1;
	return true;
}

static bool
at_tag(const struct stripper *st)
{
	/* A comment may be without any end. */
	if (st->end - st->s >= 4 && memcmp(st->s, "<!--", 4) == 0)
		return true;
	return st->last_tag_end != NULL && st->s < st->last_tag_end &&
	       (g_ascii_isalpha(st->s[1]) || st->s[1] == '/' ||
		   st->s[1] == '!' || st->s[1] == '?');
}

char *
normal_html(const void *ctx, const char *html, size_t len)
{
	struct stripper st = {.s = html, .line = true};
	char *text;

	len = len < HTML_MOST ? len : HTML_MOST;
	/* A byte may become "> " and itself, when it begins a quoted line. */
	text = talloc_array(ctx, char, len * 3 + 1);
	if (text == NULL)
		return NULL;
	st.end = html + len;
	st.to = text;
	for (size_t i = len; i > 0 && st.last_tag_end == NULL; i--)
		if (html[i - 1] == '>')
			st.last_tag_end = html + i - 1;
	while (st.s < st.end) {
		char c = *st.s;

		if (c == '<' && at_tag(&st)) {
			take_tag(&st);
			continue;
		}
		if (c == '&' && take_entity(&st))
			continue;
		st.s++;
		if (st.pre ? c == '\r' : strchr("\r\n\t", c) != NULL)
			c = ' ';
		if (c != ' ' || st.pre || !st.line)
			put(&st, c);
	}
	*st.to = '\0';
	return text;
}
