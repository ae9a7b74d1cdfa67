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
	/* Asked once a row: else many beginnings without an end would be
	 * searched to the end of the text each. */
	bool endless[ROWS] = {false};

	for (size_t at = from; at < text.len; at = next_line(text, at)) {
		if (text.data[at] != '-')
			continue;
		for (size_t i = 0; i < ROWS; i++) {
			size_t end;

			if (endless[i] || !line_at(text, at, rows[i].begin))
				continue;
			end = block_end(text, at, &rows[i]);
			if (end == 0) {
				endless[i] = true;
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

/* The tag of the packet at the start (RFC 9580, 4.2), or -1. */
static int
packet_tag(struct bytes content)
{
	uint8_t c;

	if (content.len < 4)
		return -1;
	c = content.data[0];
	if ((c & 0x80) == 0)
		return -1;
	return (c & 0x40) != 0 ? c & 0x3f : (c >> 2) & 0x0f;
}

enum armor_kind
armor_sniff(struct bytes content, bool claims_openpgp)
{
	size_t at = 0;

	if (content.len >= 3 && memcmp(content.data, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < content.len && content.data[at] != '\0' &&
	       strchr(" \t\r\n", content.data[at]) != NULL)
		at++;
	for (size_t i = 0; i < ROWS; i++)
		if (line_at(content, at, rows[i].begin))
			return rows[i].kind;
	if (!claims_openpgp)
		return ARMOR_NONE;
	switch (packet_tag(content)) {
	case 1:  /* encrypted session key */
	case 3:  /* the same by passphrase */
	case 9:  /* encrypted data */
	case 18: /* encrypted and integrity protected */
	case 20: /* of GnuPG's OCB */
		return ARMOR_MESSAGE;
	case 6: /* public key */
		return ARMOR_KEY;
	default:
		return ARMOR_NONE;
	}
}
