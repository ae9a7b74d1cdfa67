/*
 * utf7.c - folder names as IMAP writes them (RFC 3501, 5.1.3).
 *
 * Takes valid UTF-8, gives modified UTF-7: printable ASCII stands for itself,
 * "&" is "&-", all else is UTF-16 in a base64 of its own between "&" and "-".
 * Runs in the fetch room.
 */
#include "fetch_internal.h"

#include <string.h>

#include <talloc.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

struct coder {
	char *out;
	size_t len;
	uint32_t bits;
	unsigned nbits;
	bool shifted;
};

static void
put(struct coder *c, char ch)
{
	c->out[c->len++] = ch;
}

static void
unit(struct coder *c, uint32_t utf16)
{
	if (!c->shifted)
		put(c, '&');
	c->shifted = true;
	c->bits = c->bits << 16 | utf16;
	c->nbits += 16;
	while (c->nbits >= 6) {
		c->nbits -= 6;
		put(c, alphabet[c->bits >> c->nbits & 63]);
	}
}

static void
unshift(struct coder *c)
{
	if (!c->shifted)
		return;
	if (c->nbits > 0)
		put(c, alphabet[c->bits << (6 - c->nbits) & 63]);
	put(c, '-');
	c->bits = 0;
	c->nbits = 0;
	c->shifted = false;
}

/* One character of valid UTF-8 (the wire codec refuses any other). */
static uint32_t
next(const unsigned char **at)
{
	const unsigned char *p = *at;
	uint32_t ch = *p++;
	unsigned more = ch < 0x80 ? 0 : ch < 0xe0 ? 1 : ch < 0xf0 ? 2 : 3;

	if (more > 0)
		ch &= 0x3fU >> more;
	for (; more > 0 && *p != '\0'; more--)
		ch = ch << 6 | (*p++ & 0x3fU);
	*at = p;
	return ch;
}

/*
 * libetpan 1.9.4 writes quoted strings without escaping, and base64 may not
 * stand for what is printable: such a name cannot be said.
 */
bool
utf7_sayable(const char *name)
{
	return strpbrk(name, "\"\\") == NULL;
}

char *
utf7_encode(const void *ctx, const char *name)
{
	const unsigned char *at = (const unsigned char *)name;
	struct coder c = {0};

	/* At worst each byte becomes a shifted character of its own. */
	c.out = talloc_array(ctx, char, strlen(name) * 5 + 3);
	if (c.out == NULL)
		return NULL;
	while (*at != '\0') {
		uint32_t ch = next(&at);

		if (ch >= 0x20 && ch <= 0x7e) {
			unshift(&c);
			put(&c, (char)ch);
			if (ch == '&')
				put(&c, '-');
		} else if (ch >= 0x10000) {
			ch -= 0x10000;
			unit(&c, 0xd800 | ch >> 10);
			unit(&c, 0xdc00 | (ch & 0x3ff));
		} else {
			unit(&c, ch);
		}
	}
	unshift(&c);
	c.out[c.len] = '\0';
	return c.out;
}
