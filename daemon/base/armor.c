/*
 * armor.c - takes the ASCII armor of OpenPGP off (RFC 9580, 6.2).
 *
 * Takes bytes, gives the packets in them.  The checksum is not looked at: it
 * protects nothing, and 6.1 says to pass over it; the MDC and the signatures
 * decide.  An empty line behind the headers may be missing, as mailers lose
 * it.  Exactly one block may stand in the data.
 */
#include "psirtd/armor.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

/* Takes the next line off rest, without its end and trailing blanks. */
static bool
next_line(struct bytes *rest, struct bytes *line)
{
	const uint8_t *end;
	size_t len;

	if (rest->len == 0)
		return false;
	end = memchr(rest->data, '\n', rest->len);
	len = end != NULL ? (size_t)(end - rest->data) : rest->len;
	*line = bytes_of(rest->data, len);
	len += end != NULL ? 1 : 0;
	rest->data += len;
	rest->len -= len;
	while (line->len > 0 && (line->data[line->len - 1] == '\r' ||
				    line->data[line->len - 1] == ' ' ||
				    line->data[line->len - 1] == '\t'))
		line->len--;
	return true;
}

static bool
line_is(struct bytes line, const char *text)
{
	return bytes_equal(line, bytes_str(text));
}

static int
digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct radix {
	uint8_t *out;
	size_t len;
	unsigned bits;
	unsigned nbits;
	bool padded;
};

/* Radix-64 of one line; -1: a character that has no place there. */
static int
radix_line(struct radix *r, struct bytes line)
{
	for (size_t i = 0; i < line.len; i++) {
		uint8_t c = line.data[i];
		int v = digit(c);

		if (c == ' ' || c == '\t' || c == '\r')
			continue;
		if (c == '=') {
			r->padded = true;
			continue;
		}
		if (v < 0 || r->padded)
			return -1;
		r->bits = r->bits << 6 | (unsigned)v;
		r->nbits += 6;
		if (r->nbits >= 8) {
			r->nbits -= 8;
			r->out[r->len++] = (uint8_t)(r->bits >> r->nbits);
		}
	}
	return 0;
}

/* "=abcd", the checksum. */
static bool
is_checksum(struct bytes line)
{
	return line.len == 5 && line.data[0] == '=' && line.data[1] != '=';
}

/* A header line, "Comment: …". */
static bool
is_header(struct bytes line)
{
	return bytes_find(line, bytes_str(":")) > 0;
}

/* Behind the BEGIN line: headers, blank line, data, END line. */
static int
armor_body(const void *ctx, struct bytes *rest, const char *end,
    struct bytes *packets, struct error *err)
{
	struct radix r = {.out = talloc_size(ctx, rest->len + 1)};
	struct bytes line = BYTES_NONE;
	bool in_headers = true;

	if (r.out == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	while (next_line(rest, &line)) {
		if (line_is(line, end)) {
			*packets = bytes_of(r.out, r.len);
			return 0;
		}
		if (in_headers && is_header(line))
			continue;
		in_headers = false;
		if (line.len == 0 || is_checksum(line))
			continue;
		if (radix_line(&r, line) != 0)
			break;
	}
	talloc_free(r.out);
	return error_set(err, FAULT_INPUT, "the armor is damaged");
}

/* Moves in behind the next line that is begin. */
static bool
find_line(struct bytes *in, const char *begin)
{
	struct bytes line = BYTES_NONE;

	while (next_line(in, &line))
		if (line_is(line, begin))
			return true;
	return false;
}

static void
name_line(char line[64], const char *which, const char *label)
{
	snprintf(line, 64, "-----%s PGP %s-----", which, label);
}

bool
armor_begins(struct bytes in, const char *label)
{
	char begin[64];

	name_line(begin, "BEGIN", label);
	return find_line(&in, begin);
}

int
armor_block(const void *ctx, struct bytes in, const char *label,
    struct bytes *packets, struct error *err)
{
	char begin[64];
	char end[64];

	*packets = BYTES_NONE;
	name_line(begin, "BEGIN", label);
	name_line(end, "END", label);
	if (!find_line(&in, begin))
		return error_set(err, FAULT_INPUT, "no OpenPGP data");
	if (armor_body(ctx, &in, end, packets, err) != 0)
		return -1;
	/* What a second block would add, nobody could tell from the first. */
	if (find_line(&in, begin))
		return error_set(
		    err, FAULT_INPUT, "two OpenPGP blocks stand in one part");
	return 0;
}

int
armor_clearsigned(const void *ctx, struct bytes in, struct bytes *block,
    struct bytes *signature, struct error *err)
{
	const char *begin = "-----BEGIN PGP SIGNED MESSAGE-----";
	struct bytes line = BYTES_NONE;
	const uint8_t *start = NULL;

	while (start == NULL && next_line(&in, &line))
		if (line_is(line, begin))
			start = line.data;
	if (start == NULL)
		return error_set(err, FAULT_INPUT, "no clearsigned text");
	if (!find_line(&in, "-----BEGIN PGP SIGNATURE-----"))
		return error_set(
		    err, FAULT_INPUT, "the clearsigned text has no signature");
	if (armor_body(
		ctx, &in, "-----END PGP SIGNATURE-----", signature, err) != 0)
		return -1;
	*block = bytes_of(start, (size_t)(in.data - start));
	if (find_line(&in, begin))
		return error_set(err, FAULT_INPUT,
		    "two clearsigned texts stand in one part");
	return 0;
}

/* The first byte of a packet (RFC 9580, 4.2). */
static bool
is_packet(struct bytes in)
{
	return in.len > 0 && (in.data[0] & 0x80) != 0;
}

int
armor_message(
    const void *ctx, struct bytes in, struct bytes *packets, struct error *err)
{
	/* No armor is looked for in it: two that differ must stay two. */
	if (is_packet(in)) {
		*packets = in;
		return 0;
	}
	if (armor_block(ctx, in, "MESSAGE", packets, err) != 0)
		return -1;
	if (!is_packet(*packets))
		return error_set(err, FAULT_INPUT, "no OpenPGP data");
	return 0;
}
