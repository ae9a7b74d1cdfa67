/*
 * text.h - text that came from outside: validity, width, addresses, and how
 * it is shown.
 */
#ifndef PSIRTD_TEXT_H
#define PSIRTD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "psirtd/bytes.h"

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong) without NUL. */
bool text_valid(struct bytes text);
/*
 * The first character of `len` bytes; its length, 0 when it is malformed or
 * there is none (RFC 3629).
 */
size_t text_next(const void *text, size_t len, uint32_t *c);
/*
 * Terminal columns of UTF-8 text: full-width 2, combining 0 (wcwidth of
 * Unicode's East Asian Width W and F; no locale needed).
 */
size_t text_width(const char *text);
/*
 * Nothing that a screen shows, or nobody knows what: controls, bidirectional
 * and zero-width ones too, separators of lines, tags, variation selectors,
 * private use, not assigned.
 */
bool text_is_hidden(uint32_t c);
/*
 * Nothing but white space: ASCII's (controls too), the no-break and the
 * full-width one, those without width that mark a place or a beginning.  The
 * bytes may be of any charset that extends ASCII.
 */
bool text_is_blank(struct bytes text);
/* Stands on the character before it. */
bool text_is_mark(uint32_t c);
/*
 * A copy safe to print on a terminal or in one line of a mail: what is hidden
 * becomes \xNN or <U+NNNN>, and so do combining marks that pile up or have
 * nothing to stand on.  keep_lines keeps "\n" and TAB.
 */
char *text_escape(const void *ctx, const char *text, bool keep_lines);
/*
 * The same, one line, for the eyes of a person who has to tell words apart:
 * letters that only look Latin are spelled out too, where they stand among
 * Latin ones or nothing else speaks for their alphabet.
 */
char *text_show(const void *ctx, const char *text);
/* Of an address: all but printable ASCII is spelled out, spaces as well. */
char *text_show_address(const void *ctx, const char *address);
/*
 * The lower-case letter or digit of ASCII that this character is drawn like
 * (Greek, Cyrillic, full-width, Roman numerals, mathematical); 0: none.
 */
char text_lookalike(uint32_t c);
/* A copy cut to at most `columns` columns, "…" at its end when cut. */
char *text_cut(const void *ctx, const char *text, size_t columns);
/*
 * An address that SMTP may see (RFC 5321 Mailbox, ASCII only): local@domain
 * or local@[literal], at most 254 bytes, no control, space or <>.
 */
bool text_is_address(const char *text);
/* Lower-case (ASCII) copy of an address or domain. */
char *text_lower(const void *ctx, const char *text);
/* Forty (v4) hexadecimal digits; spaces not allowed. */
bool text_is_fingerprint(const char *text);
/* LF and CRLF to CRLF (RFC 3156 canonical form); a bare CR stays. */
struct bytes text_to_crlf(const void *ctx, struct bytes from);
/*
 * The text for looking words up in: lower case, ASCII and kana of one width,
 * every blank but "\n" one " ", dashes "-", nothing without width.  from[i] is
 * where the character of byte i began; from[len] the end.  false: memory, or
 * a text of 64 MB.
 */
struct plain_text {
	char *text;
	size_t len;
	uint32_t *from;
};
bool text_plain(
    const void *ctx, const char *text, size_t len, struct plain_text *out);
/* CRLF to LF. */
char *text_to_lf(const void *ctx, const char *text);

#endif
