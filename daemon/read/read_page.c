/*
 * read_page.c - the text that is made of a page of HTML.
 *
 * Takes characters, marks and what parts them, as read_html.c finds them;
 * gives lines.  Blanks and line ends are owed until a word follows, so that
 * none stand at an end or in a heap.  Runs in the child of the read room.
 */
#include "read_page.h"

#include <string.h>

#include <talloc.h>

#define QUOTES_MOST 8
#define LINES_MOST 3 /* line ends in a row */
#define INDENT_MOST 40
#define URL_MOST 2000

static void
add(struct page *p, const char *text, size_t len)
{
	if (buf_add(p->out, text, len, NULL) != 0)
		p->failed = true;
}

void
page_add(struct page *p, const char *text)
{
	add(p, text, strlen(text));
}

static bool
at_start(const struct page *p)
{
	return p->out->len == 0 || p->out->data[p->out->len - 1] == '\n';
}

static void
add_quotes(struct page *p, unsigned n)
{
	for (unsigned i = 0; i < n && i < QUOTES_MOST; i++)
		add(p, "> ", 2);
}

/* Blanks at the end of a line go, but for that of a signature's "-- ". */
static void
trim(struct page *p)
{
	struct buf *out = p->out;
	const uint8_t *end;

	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->len--;
	if (p->link_at > out->len)
		p->link_at = out->len;
	if (out->len < 2)
		return;
	end = out->data + out->len;
	if (end[-1] == '-' && end[-2] == '-' &&
	    (out->len == 2 || end[-3] == '\n'))
		add(p, " ", 1);
}

static void
end_lines(struct page *p)
{
	for (; p->lines > 0; p->lines--) {
		trim(p);
		if (p->out->len > 0)
			add(p, "\n", 1);
		if (p->lines > 1 && p->out->len > 0)
			add_quotes(p, MIN(p->quotes, p->line_quotes));
	}
	p->blank = p->cell = false;
}

static void
begin_item(struct page *p)
{
	unsigned *number = p->nlists > 0 && p->nlists <= PAGE_LISTS_MOST
			       ? &p->lists[p->nlists - 1]
			       : NULL;
	char mark[16] = "- ";

	if (number != NULL && *number > 0)
		g_snprintf(mark, sizeof(mark), "%u. ", (*number)++);
	page_add(p, mark);
	p->item = false;
}

/* All that is owed, right before a word. */
void
page_word(struct page *p)
{
	if (p->lines > 0)
		end_lines(p);
	if (at_start(p)) {
		add_quotes(p, p->quotes);
		p->line_quotes = p->quotes;
	} else if (p->cell) {
		add(p, " | ", 3);
	} else if (p->blank) {
		add(p, " ", 1);
	}
	if (p->item)
		begin_item(p);
	for (; p->indent > 0; p->indent--)
		add(p, " ", 1);
	p->blank = p->cell = p->fresh = false;
	p->row = true;
}

void
page_mark(struct page *p, const char *what, const char *text)
{
	size_t len = strlen(text);
	char *copy;

	if (len > PAGE_MARK_MOST)
		for (len = PAGE_MARK_MOST;
		     ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	copy = talloc_strndup(p->out, text, len);
	if (copy == NULL) {
		p->failed = true;
		return;
	}
	word_clean(copy);
	g_strdelimit(copy, "[]", '\'');
	page_word(p);
	page_add(p, "[");
	page_add(p, what);
	if (copy[0] != '\0')
		page_add(p, ": ");
	page_add(p, copy);
	page_add(p, text[len] != '\0' ? "...]" : "]");
	talloc_free(copy);
}

void
page_lines(struct page *p, unsigned n)
{
	/* In a cell or an item, its first word does. */
	if (p->fresh || p->item)
		return;
	/* A line of nothing but no-break spaces is an empty one. */
	if (p->indent > 0 && p->lines < LINES_MOST)
		p->lines++;
	p->indent = 0;
	if (p->lines < n)
		p->lines = n;
}

/* A blank that stays where it is. */
static void
add_hard(struct page *p, char blank)
{
	page_word(p);
	add(p, &blank, 1);
}

static void
take_hidden(struct page *p, const char *s, size_t n)
{
	size_t room = sizeof(p->hidden) - 1 - p->hidden_len;
	bool blank = n == 1 && g_ascii_isspace(*s);

	if (n > room || (blank && (p->hidden_len == 0 ||
				      p->hidden[p->hidden_len - 1] == ' ')))
		return;
	memcpy(p->hidden + p->hidden_len, blank ? " " : s, n);
	p->hidden_len += n;
}

void
page_char(struct page *p, const char *s, size_t n)
{
	if (p->hiding) {
		take_hidden(p, s, n);
	} else if (n == 2 && memcmp(s, "\xc2\xa0", 2) == 0) {
		/* A space that holds: it indents, and keeps others apart. */
		if (p->lines > 0 || at_start(p))
			p->indent += p->indent < INDENT_MOST;
		else
			add_hard(p, ' ');
	} else if (p->pre > 0 && *s == '\n') {
		page_break(p);
	} else if (p->pre > 0 && (*s == ' ' || *s == '\t')) {
		add_hard(p, *s);
	} else if (g_ascii_isspace(*s)) {
		p->blank = true;
	} else {
		page_word(p);
		add(p, s, n);
	}
}

void
page_hide(struct page *p)
{
	p->hiding = true;
}

void
page_unhide(struct page *p)
{
	p->hidden[p->hidden_len] = '\0';
	p->hiding = false;
	if (p->hidden_len == 0)
		return;
	page_mark(p, "hidden", p->hidden);
	p->hidden_len = 0;
	p->blank = true;
}

void
page_break(struct page *p)
{
	p->fresh = false;
	p->lines += p->lines < LINES_MOST;
}

/* ---- links ---- */

/* Does the text of a link say where it goes? */
static bool
says_url(const char *text, size_t len, const char *url)
{
	static const char *const schemes[] = {
	    "", "mailto:", "tel:", "http://", "https://"};
	size_t n = strlen(url);

	n -= n > 0 && url[n - 1] == '/';
	len -= len > 0 && text[len - 1] == '/';
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t skip = strlen(schemes[i]);

		if (n == skip + len &&
		    g_ascii_strncasecmp(url, schemes[i], skip) == 0 &&
		    memcmp(url + skip, text, len) == 0)
			return true;
	}
	return false;
}

void
page_link(struct page *p, const char *url)
{
	url += strspn(url, " \t\r\n");
	if (p->link != NULL || url[0] == '\0' || url[0] == '#')
		return;
	p->link = talloc_strdup(p->out, url);
	p->link_at = p->out->len;
}

/* In brackets, which it cannot end. */
static void
add_url(struct page *p, const char *url)
{
	const char *s = url;

	page_add(p, " <");
	for (; *s != '\0'; s++) {
		/* Not in the middle of a character. */
		if (s - url >= URL_MOST && ((unsigned char)*s & 0xc0) != 0x80)
			break;
		if ((unsigned char)*s <= ' ' || strchr("<>\x7f", *s) != NULL)
			buf_addf(p->out, NULL, "%%%02X", (unsigned char)*s);
		else
			add(p, s, 1);
	}
	page_add(p, *s != '\0' ? "...>" : ">");
	p->blank = true;
}

void
page_unlink(struct page *p)
{
	size_t len = p->out->len - p->link_at;
	const char *text;

	if (p->link == NULL)
		return;
	text = len > 0 ? (const char *)p->out->data + p->link_at : "";
	for (; len > 0 && strchr(" |\n>", *text) != NULL; len--)
		text++;
	g_strchomp(p->link);
	/* Where no word stands, nobody can follow it. */
	if (len > 0 && !says_url(text, len, p->link))
		add_url(p, p->link);
	talloc_free(p->link);
	p->link = NULL;
}

/* ---- lists, rows ---- */

void
page_list(struct page *p, bool numbered)
{
	if (p->nlists++ < PAGE_LISTS_MOST)
		p->lists[p->nlists - 1] = numbered;
}

void
page_cell(struct page *p)
{
	if (p->row) {
		p->lines = 0;
		p->cell = true;
	}
	p->fresh = true;
}

void
page_finish(struct page *p)
{
	if (p->hiding)
		page_unhide(p);
	page_unlink(p);
	trim(p);
	p->lines = 1;
	end_lines(p);
}
