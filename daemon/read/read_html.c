/*
 * read_html.c - the text of an HTML part, for people and for searching.
 *
 * Takes source in UTF-8 and gives text: libxml2's parser calls us for every
 * tag and run of characters, no tree is kept and nothing is ever loaded.
 * Blocks begin lines, cells of a row are parted by " | ", quotations get the
 * "> " of a mail, a link shows where it goes unless its text says the same,
 * an image shows what it says of itself.  What the letter hides from the eye
 * (read_style.c) is named as hidden and cut short: left out, a person could
 * not see what was matched; left in, it would pass for words of the letter.
 * Source that would cost more than its length is refused, and shown as it is.
 * Runs in the child of the read room.
 */
#include "read_page.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <talloc.h>

#define HTML_MOST ((size_t)8 << 20)    /* bytes; what is longer is source */
#define CHUNK 512                      /* bytes handed to the parser at once */
#define SPENT_MOST ((uint64_t)1 << 30) /* comparisons of attributes */
#define DEPTH_MOST 256 /* the parser looks through all that is open */

#define GROWTH 8 /* bytes of text a byte of source may become */

struct walk {
	struct page page;
	htmlParserCtxtPtr parser;
	const char *source; /* not yet handed to it */
	size_t len;
	uint64_t blanks; /* and quotes since it gave something last */
	uint64_t spent;
	bool refused;
	unsigned depth;     /* of open elements */
	unsigned silent_at; /* the depth of the one that is no text; 0: none */
	unsigned hidden_at;
	bool apart; /* the last paragraph has an empty line below it */
};

/* The parser gave something: what it took for that is paid. */
static void
spend(struct walk *w)
{
	w->spent += w->blanks * w->blanks;
	w->blanks = 0;
}

/* ---- elements ---- */

enum does {
	DOES_LINE = 1 << 0,      /* begins and ends a line */
	DOES_APART = 1 << 14,    /* and an empty line above and below it */
	DOES_PARAGRAPH = 1 << 1, /* the same, but for those that are none */
	DOES_SILENCE = 1 << 2,   /* its content is no text */
	DOES_HIDE = 1 << 15,     /* no eye sees it */
	DOES_PRE = 1 << 3,
	DOES_QUOTE = 1 << 4,
	DOES_LIST = 1 << 5,
	DOES_NUMBER = 1 << 6,
	DOES_ITEM = 1 << 7,
	DOES_ROW = 1 << 8,
	DOES_CELL = 1 << 9,
	DOES_BREAK = 1 << 10,
	DOES_RULE = 1 << 11,
	DOES_LINK = 1 << 12,
	DOES_IMAGE = 1 << 13,
};

static const struct element {
	const char *name;
	unsigned does;
} elements[] = {
    {"a", DOES_LINK},
    {"address", DOES_LINE},
    {"area", DOES_IMAGE},
    {"article", DOES_LINE},
    {"aside", DOES_LINE},
    {"blockquote", DOES_APART | DOES_QUOTE},
    {"br", DOES_BREAK},
    {"caption", DOES_LINE},
    {"center", DOES_LINE},
    {"dd", DOES_LINE},
    {"details", DOES_LINE},
    {"dir", DOES_LINE | DOES_LIST},
    {"div", DOES_LINE},
    {"dl", DOES_LINE},
    {"dt", DOES_LINE},
    {"fieldset", DOES_LINE},
    {"figure", DOES_LINE},
    {"footer", DOES_LINE},
    {"form", DOES_LINE},
    {"h1", DOES_APART},
    {"h2", DOES_APART},
    {"h3", DOES_APART},
    {"h4", DOES_APART},
    {"h5", DOES_APART},
    {"h6", DOES_APART},
    {"head", DOES_LINE},
    {"header", DOES_LINE},
    {"hr", DOES_LINE | DOES_RULE},
    {"img", DOES_IMAGE},
    {"li", DOES_LINE | DOES_ITEM},
    {"listing", DOES_LINE | DOES_PRE},
    {"main", DOES_LINE},
    {"menu", DOES_LINE | DOES_LIST},
    {"nav", DOES_LINE},
    {"ol", DOES_LINE | DOES_LIST | DOES_NUMBER},
    {"option", DOES_LINE},
    {"p", DOES_PARAGRAPH},
    {"pre", DOES_APART | DOES_PRE},
    {"script", DOES_SILENCE},
    {"section", DOES_LINE},
    {"style", DOES_SILENCE},
    {"summary", DOES_LINE},
    {"table", DOES_LINE},
    {"td", DOES_CELL},
    {"template", DOES_HIDE},
    {"textarea", DOES_LINE | DOES_PRE},
    {"th", DOES_CELL},
    {"title", DOES_SILENCE},
    {"tr", DOES_ROW},
    {"ul", DOES_LINE | DOES_LIST},
    {"xmp", DOES_LINE | DOES_PRE},
};

static int
compare(const void *name, const void *element)
{
	return strcmp(name, ((const struct element *)element)->name);
}

static unsigned
does_of(const xmlChar *name)
{
	const struct element *e =
	    bsearch(name, elements, sizeof(elements) / sizeof(elements[0]),
		sizeof(elements[0]), compare);

	return e != NULL ? e->does : 0;
}

/* NULL: no such attribute; "" when it stands alone. */
static const char *
attribute(const xmlChar **atts, const char *name)
{
	for (; atts != NULL && atts[0] != NULL; atts += 2)
		if (strcmp((const char *)atts[0], name) == 0)
			return atts[1] != NULL ? (const char *)atts[1] : "";
	return NULL;
}

static bool
is_hidden(const xmlChar **atts)
{
	const char *style = attribute(atts, "style");

	return attribute(atts, "hidden") != NULL ||
	       (style != NULL && style_hides(style));
}

/* Word makes a paragraph of every line, and says elsewhere that nothing parts
 * them. */
static bool
is_line_of_word(const xmlChar **atts)
{
	const char *class = attribute(atts, "class");

	return class != NULL && strncmp(class, "Mso", 3) == 0;
}

static unsigned
lines_around(unsigned does, bool apart)
{
	if ((does & DOES_APART) != 0 || ((does & DOES_PARAGRAPH) != 0 && apart))
		return 2;
	return (does & (DOES_LINE | DOES_PARAGRAPH | DOES_ROW)) != 0;
}

static void
take_start(struct walk *w, unsigned does, const xmlChar **atts)
{
	struct page *p = &w->page;
	const char *alt = attribute(atts, "alt");
	const char *url = attribute(atts, "href");

	page_lines(p, lines_around(does, !is_line_of_word(atts)));
	/* The first may be the parser's, around words that stand in none. */
	if ((does & DOES_PARAGRAPH) != 0)
		w->apart = !is_line_of_word(atts) && p->out->len > 0;
	if ((does & DOES_BREAK) != 0)
		page_break(p);
	if ((does & DOES_ROW) != 0)
		p->row = false;
	if ((does & DOES_CELL) != 0)
		page_cell(p);
	if ((does & DOES_LIST) != 0)
		page_list(p, (does & DOES_NUMBER) != 0);
	if ((does & DOES_ITEM) != 0)
		p->item = true;
	if ((does & DOES_LINK) != 0 && url != NULL)
		page_link(p, url);
	if ((does & DOES_IMAGE) != 0)
		page_mark(p, "image", alt != NULL ? alt : "");
	if ((does & DOES_RULE) != 0) {
		page_word(p);
		page_add(p, "--------");
	}
}

static void
take_end(struct walk *w, unsigned does)
{
	struct page *p = &w->page;

	if ((does & DOES_LINK) != 0)
		page_unlink(p);
	if ((does & DOES_LIST) != 0 && p->nlists > 0)
		p->nlists--;
	if ((does & DOES_CELL) != 0)
		p->fresh = false;
	if ((does & DOES_ITEM) != 0)
		p->item = false;
	if ((does & DOES_ROW) != 0)
		p->row = false;
	/* The paragraph in a cell or an item ended with it. */
	if ((does & (DOES_CELL | DOES_ITEM)) != 0 && p->lines > 1)
		p->lines = 1;
	page_lines(p, lines_around(does, w->apart));
}

static void
start(void *data, const xmlChar *name, const xmlChar **atts)
{
	struct walk *w = data;
	struct page *p = &w->page;
	unsigned does = does_of(name);

	spend(w);
	if (++w->depth > DEPTH_MOST) {
		w->refused = true;
		xmlStopParser(w->parser);
	}
	/* Nothing begins in a title: our parser missed its end. */
	w->silent_at = 0;
	if (w->refused)
		return;
	if ((does & DOES_SILENCE) != 0) {
		w->silent_at = w->depth;
		return;
	}
	if (w->hidden_at == 0 && ((does & DOES_HIDE) != 0 || is_hidden(atts))) {
		w->hidden_at = w->depth;
		page_hide(p);
	}
	if (w->hidden_at == 0)
		take_start(w, does, atts);
	else
		page_char(p, " ", 1);
	p->pre += (does & DOES_PRE) != 0;
	p->quotes += (does & DOES_QUOTE) != 0;
}

static void
end(void *data, const xmlChar *name)
{
	struct walk *w = data;
	struct page *p = &w->page;
	unsigned does = does_of(name);
	bool silent = w->silent_at > 0;

	spend(w);
	if (w->silent_at == w->depth)
		w->silent_at = 0;
	if (w->hidden_at == w->depth) {
		w->hidden_at = 0;
		page_unhide(p);
	}
	w->depth -= w->depth > 0;
	if (silent || w->refused)
		return;
	if (w->hidden_at == 0)
		take_end(w, does);
	p->pre -= (does & DOES_PRE) != 0 && p->pre > 0;
	p->quotes -= (does & DOES_QUOTE) != 0 && p->quotes > 0;
}

static void
characters(void *data, const xmlChar *text, int len)
{
	struct walk *w = data;
	const char *s = (const char *)text;
	const char *behind = s + len;

	spend(w);
	while (s < behind && w->silent_at == 0) {
		size_t n = (size_t)(g_utf8_next_char(s) - s);

		if (n > (size_t)(behind - s))
			n = (size_t)(behind - s);
		page_char(&w->page, s, n);
		s += n;
	}
}

static void
comment(void *data, const xmlChar *text)
{
	spend(data);
}

/* ---- the parser ---- */

static void
say_nothing(void *data, xmlErrorPtr why)
{
}

static const htmlSAXHandler handlers = {
    .startElement = start,
    .endElement = end,
    .characters = characters,
    .ignorableWhitespace = characters,
    .cdataBlock = characters,
    .comment = comment,
    .serror = say_nothing,
    .initialized = XML_SAX2_MAGIC,
};

/*
 * Hands the parser its next bytes, and counts what may part attributes: each
 * of a tag is compared with each.
 */
static int
feed(void *data, char *to, int most)
{
	struct walk *w = data;
	size_t n = w->len < CHUNK ? w->len : CHUNK;

	if (n > (size_t)most)
		n = (size_t)most;
	for (size_t i = 0; i < n; i++)
		w->blanks += g_ascii_isspace(w->source[i]) ||
			     w->source[i] == '"' || w->source[i] == '\'';
	/* The parser cannot be stopped in here: it has come to the end. */
	if (w->spent + w->blanks * w->blanks > SPENT_MOST)
		w->refused = true;
	if (w->refused)
		return 0;
	memcpy(to, w->source, n);
	w->source += n;
	w->len -= n;
	return (int)n;
}

static int
parse(struct walk *w)
{
	xmlParserInputBufferPtr bytes;
	xmlParserInputPtr input;

	*w->parser->sax = handlers;
	w->parser->userData = w;
	htmlCtxtUseOptions(
	    w->parser, HTML_PARSE_RECOVER | HTML_PARSE_NONET |
			   HTML_PARSE_NODEFDTD | HTML_PARSE_NOERROR |
			   HTML_PARSE_NOWARNING | HTML_PARSE_IGNORE_ENC);
	bytes =
	    xmlParserInputBufferCreateIO(feed, NULL, w, XML_CHAR_ENCODING_NONE);
	if (bytes == NULL)
		return -1;
	input = xmlNewIOInputStream(w->parser, bytes, XML_CHAR_ENCODING_NONE);
	if (input == NULL) {
		xmlFreeParserInputBuffer(bytes);
		return -1;
	}
	inputPush(w->parser, input);
	/* Whatever the page says of itself. */
	xmlSwitchEncoding(w->parser, XML_CHAR_ENCODING_UTF8);
	htmlParseDocument(w->parser);
	page_finish(&w->page);
	return w->refused || w->page.failed ? -1 : 0;
}

void
html_start(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(xmlNoNetExternalEntityLoader);
}

char *
html_text(const void *ctx, const char *html, size_t len)
{
	struct walk w = {.source = html, .len = len};
	char *text = NULL;

	if (len > HTML_MOST)
		return NULL;
	w.page.out = buf_new(ctx, len * GROWTH + 1024);
	w.parser = htmlNewParserCtxt();
	if (w.page.out != NULL && w.parser != NULL && parse(&w) == 0)
		text = bytes_text(ctx, buf_bytes(w.page.out));
	htmlFreeParserCtxt(w.parser);
	talloc_free(w.page.out);
	return text;
}
