/*
 * text.h - text that came from outside: validity, width, escaping, addresses.
 */
#ifndef PSIRTD_TEXT_H
#define PSIRTD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "psirtd/bytes.h"

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong) without NUL. */
bool text_valid(struct bytes text);
/*
 * Terminal columns of UTF-8 text: full-width 2, combining 0 (wcwidth of
 * Unicode's East Asian Width W and F; no locale needed).
 */
size_t text_width(const char *text);
/*
 * A copy safe to print on a terminal or in one line of a mail: C0, DEL, C1,
 * bidirectional and zero-width controls become \xNN or <U+NNNN>.
 * keep_lines keeps "\n" and TAB.
 */
char *text_escape(const void *ctx, const char *text, bool keep_lines);
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
/* CRLF to LF. */
char *text_to_lf(const void *ctx, const char *text);

#endif
