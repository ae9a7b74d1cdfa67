/*
 * read_page.h - what read_html.c and read_page.c share: the text of a page of
 * HTML while it is made.
 */
#ifndef PSIRTD_READ_PAGE_H
#define PSIRTD_READ_PAGE_H

#include "read_internal.h"

#define PAGE_LISTS_MOST 16
#define PAGE_MARK_MOST 200 /* bytes of what is shown between brackets */

struct page {
	struct buf *out;
	bool failed; /* no memory, or more text than such source makes */
	unsigned pre;
	unsigned quotes;
	unsigned line_quotes; /* of the last line */
	bool hiding;
	char hidden[PAGE_MARK_MOST + 16]; /* a little more than is shown */
	size_t hidden_len;

	/* owed before the next word */
	unsigned lines;
	unsigned indent;
	bool blank;
	bool item; /* the mark of a list item */
	bool cell; /* the bar between two cells */

	bool fresh;                      /* nothing stands in this cell yet */
	bool row;                        /* something stands in this row */
	unsigned lists[PAGE_LISTS_MOST]; /* its next number; 0: none */
	size_t nlists;
	char *link; /* where the open link goes */
	size_t link_at;
};

void page_char(struct page *p, const char *s, size_t n);
/* Words of our own, right where we stand. */
void page_word(struct page *p);
void page_add(struct page *p, const char *text);
/* "[image: a cat]": its text cannot end it, nor fill the page. */
void page_mark(struct page *p, const char *what, const char *text);
/* A line is to begin; n 2: a paragraph. */
void page_lines(struct page *p, unsigned n);
void page_break(struct page *p);
/* What comes is not seen, until page_unhide(). */
void page_hide(struct page *p);
void page_unhide(struct page *p);
void page_link(struct page *p, const char *url);
void page_unlink(struct page *p);
void page_list(struct page *p, bool numbered);
void page_cell(struct page *p);
void page_finish(struct page *p);

#endif
