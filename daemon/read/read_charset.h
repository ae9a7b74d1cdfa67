/*
 * read_charset.h - what read_charset.c and read_guess.c share: the charsets
 * that are known, and what is seen at a look at the bytes.
 */
#ifndef PSIRTD_READ_CHARSET_H
#define PSIRTD_READ_CHARSET_H

#include "read_internal.h"

enum how { HOW_UTF8, HOW_ASCII, HOW_JIS, HOW_SJIS, HOW_EUC, HOW_ICONV };

/* Labels are compared in lower case without "-", "_" and spaces. */
struct charset {
	const char *labels; /* words */
	enum how how;
	const char *iconv; /* HOW_ICONV */
	const char *name;
};

extern const struct charset charset_utf8;
extern const struct charset charset_ascii;
extern const struct charset charset_jis;
extern const struct charset charset_sjis;
extern const struct charset charset_euc;
extern const struct charset charset_latin;

struct look {
	bool high;    /* a byte over 0x7f */
	bool escapes; /* designations of ISO-2022-JP */
	bool utf8;
	bool wide; /* and a character of three bytes or more in it */
};

int charset_convert_as(const void *ctx, const struct charsets *cs,
    struct bytes from, const struct charset *c, struct converted *to,
    struct error *err);

/* One byte a letter. */
bool charset_is_single(const struct charset *c);
struct look charset_look(struct bytes from);
/* Of bytes without a label; never NULL. */
const struct charset *charset_guess(const void *ctx, const struct charsets *cs,
    struct bytes from, const struct look *look);
/* The label's own outcome stands in *to; NULL when it is the best. */
const struct charset *charset_better(const void *ctx, const struct charsets *cs,
    struct bytes from, const struct charset *labelled, const struct look *look,
    const struct converted *to);

#endif
