/*
 * read_armor.c - blocks of OpenPGP in text, and attachments that are one.
 *
 * Takes bytes with their transfer encoding off, still in their own charset.
 * A block begins and ends at the start of a line (RFC 9580, 6.2); one that is
 * quoted or indented is text.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

struct kind_row {
	enum armor_kind kind;
	const char *begin;
	const char *middle; /* must stand between, or NULL */
	const char *end;
};

static const struct kind_row rows[] = {
    {ARMOR_MESSAGE, "-----BEGIN PGP MESSAGE-----", NULL,
	"-----END PGP MESSAGE-----"},
    {ARMOR_CLEARSIGNED, "-----BEGIN PGP SIGNED MESSAGE-----",
	"-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"},
    {ARMOR_KEY, "-----BEGIN PGP PUBLIC KEY BLOCK-----", NULL,
	"-----END PGP PUBLIC KEY BLOCK-----"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Does this line, up to white space at its end, stand at `at`? */
static bool
line_at(struct bytes text, size_t at, const char *line)
{
	size_t len = strlen(line);

	if (text.len - at < len || memcmp(text.data + at, line, len) != 0)
		return false;
	for (at += len; at < text.len && text.data[at] != '\n'; at++)
		if (strchr(" \t\r", text.data[at]) == NULL ||
		    text.data[at] == '\0')
			return false;
	return true;
}

static size_t
next_line(struct bytes text, size_t at)
{
	const uint8_t *lf =
	    at < text.len ? memchr(text.data + at, '\n', text.len - at) : NULL;

	return lf != NULL ? (size_t)(lf - text.data) + 1 : text.len;
}

/* The start of the first such line at or behind `at`; text.len when none. */
static size_t
find_line(struct bytes text, size_t at, const char *line)
{
	while (at < text.len && !line_at(text, at, line))
		at = next_line(text, at);
	return at;
}

/* Where the block that begins at `at` ends; 0 when it does not. */
static size_t
block_end(struct bytes text, size_t at, const struct kind_row *row)
{
	at = next_line(text, at);
	if (row->middle != NULL)
		at = find_line(text, at, row->middle);
	at = find_line(text, at, row->end);
	if (at < text.len)
		return next_line(text, at);
	/* A message cut off is still to be opened, and to fail, as one; a
	 * signature or key that is cut off is text. */
	return row->kind == ARMOR_MESSAGE ? text.len : 0;
}

bool
armor_next(struct bytes text, size_t from, struct armor *block)
{
	/* Once a kind and text: else many beginnings without an end would be
	 * searched to the end of the text each. */
	bool *endless = block->endless;

	for (size_t at = from; at < text.len; at = next_line(text, at)) {
		if (text.data[at] != '-')
			continue;
		for (size_t i = 0; i < ROWS; i++) {
			size_t end;

			if (endless[rows[i].kind] ||
			    !line_at(text, at, rows[i].begin))
				continue;
			end = block_end(text, at, &rows[i]);
			if (end == 0) {
				endless[rows[i].kind] = true;
				continue;
			}
			block->kind = rows[i].kind;
			block->off = at;
			block->len = end - at;
			return true;
		}
	}
	return false;
}

char *
armor_charset(const void *ctx, struct bytes block)
{
	static const char key[] = "Charset:";
	size_t at = next_line(block, 0);

	/* The armor's own header ends with an empty line. */
	for (unsigned n = 0; n < 20 && at < block.len; n++) {
		size_t end = next_line(block, at);
		size_t len = end - at;
		char *line;

		while (len > 0 &&
		       strchr("\r\n \t", block.data[at + len - 1]) != NULL)
			len--;
		if (len == 0)
			return NULL;
		line = bytes_text(ctx, bytes_span(block, at, len));
		if (line != NULL &&
		    g_ascii_strncasecmp(line, key, sizeof(key) - 1) == 0) {
			const char *value = line + sizeof(key) - 1;

			value += strspn(value, " \t");
			if (g_utf8_validate(value, -1, NULL))
				return talloc_strndup(ctx, value, 40);
		}
		talloc_free(line);
		at = end;
	}
	return NULL;
}

/* ---- packets (RFC 9580, 4.2) ---- */

struct packet {
	unsigned tag;
	size_t body; /* where its content begins */
	size_t end;  /* where the next one does; 0: nobody can tell */
};

/* The packet at `at`; false when none can begin so. */
static bool
packet_at(struct bytes b, size_t at, struct packet *p)
{
	static const unsigned sizes[] = {1, 2, 4, 0};
	unsigned octets = 0;
	size_t len = 0;
	uint8_t c;

	if (at >= b.len || b.len - at < 4 || (b.data[at] & 0x80) == 0)
		return false;
	c = b.data[at++];
	if ((c & 0x40) != 0) {
		p->tag = c & 0x3f;
		c = b.data[at];
		if (c < 192)
			octets = 1;
		else if (c < 224)
			len = ((size_t)(c - 192) << 8) + b.data[at + 1] + 192;
		else if (c == 255)
			octets = 4;
		if (c < 224 && octets == 0)
			at += 2;
		else if (octets == 4 || octets == 0)
			at++;
	} else {
		p->tag = (c >> 2) & 0x0f;
		octets = sizes[c & 3];
	}
	for (; octets > 0 && at < b.len; octets--)
		len = len << 8 | b.data[at++];
	p->body = at;
	p->end = len > 0 && len <= b.len - at ? at + len : 0;
	return true;
}

static enum armor_kind
kind_of_tag(unsigned tag)
{
	switch (tag) {
	case 1:  /* encrypted session key */
	case 3:  /* the same by passphrase */
	case 9:  /* encrypted data */
	case 18: /* encrypted and integrity protected */
	case 20: /* of GnuPG's OCB */
	case 4:  /* signed, not encrypted: what follows is */
	case 8:  /* compressed: gpg does so around what it signs */
		return ARMOR_MESSAGE;
	case 6: /* public key */
		return ARMOR_KEY;
	default:
		return ARMOR_NONE;
	}
}

/* A session key for somebody, and behind it what it opens: no accident. */
static bool
is_sealed(struct bytes content)
{
	struct packet key;
	struct packet next;

	if (!packet_at(content, 0, &key) || key.tag != 1 || key.end == 0 ||
	    (content.data[key.body] != 3 && content.data[key.body] != 6) ||
	    !packet_at(content, key.end, &next))
		return false;
	return next.tag == 1 || next.tag == 3 || next.tag == 9 ||
	       next.tag == 18 || next.tag == 20;
}

enum armor_kind
armor_sniff(struct bytes content, bool claims_openpgp)
{
	struct packet first;
	size_t at = 0;

	if (content.len >= 3 && memcmp(content.data, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < content.len && content.data[at] != '\0' &&
	       strchr(" \t\r\n", content.data[at]) != NULL)
		at++;
	for (size_t i = 0; i < ROWS; i++)
		if (line_at(content, at, rows[i].begin))
			return rows[i].kind;
	if (claims_openpgp && packet_at(content, 0, &first))
		return kind_of_tag(first.tag);
	return is_sealed(content) ? ARMOR_MESSAGE : ARMOR_NONE;
}
