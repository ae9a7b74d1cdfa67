/*
 * read_signed.c - which bytes a multipart/signed signs.
 *
 * A signature covers bytes, not a tree: the span between the delimiter lines
 * is cut out of what was parsed, never made anew (RULES 11).  GMime says
 * where header fields began; what lies between is checked against RFC 2046,
 * 5.1.1, and where anything does not fit there is no span.  Runs in the
 * child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

/* Where the first field of an entity begins, or -1. */
static gint64
entity_offset(GMimeObject *entity)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(entity);

	if (g_mime_header_list_get_count(list) == 0)
		return -1;
	return g_mime_header_get_offset(
	    g_mime_header_list_get_header_at(list, 0));
}

static gint64
last_field_offset(GMimeObject *entity)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(entity);
	int n = g_mime_header_list_get_count(list);

	if (n == 0)
		return -1;
	return g_mime_header_get_offset(
	    g_mime_header_list_get_header_at(list, n - 1));
}

/*
 * A delimiter line at `at`: "--boundary", perhaps "--", white space, CRLF or
 * the end.  Returns its length with the CRLF, 0 when there is none.
 */
static size_t
delimiter_at(struct bytes b, size_t at, const char *boundary)
{
	size_t len = strlen(boundary);
	size_t i = at + 2 + len;

	if (at > b.len || b.len - at < 2 + len ||
	    memcmp(b.data + at, "--", 2) != 0 ||
	    memcmp(b.data + at + 2, boundary, len) != 0)
		return 0;
	if (b.len - i >= 2 && memcmp(b.data + i, "--", 2) == 0)
		i += 2;
	while (i < b.len && (b.data[i] == ' ' || b.data[i] == '\t'))
		i++;
	if (i == b.len)
		return i - at;
	if (b.len - i >= 2 && memcmp(b.data + i, "\r\n", 2) == 0)
		return i + 2 - at;
	return 0;
}

/* The first delimiter line that begins at or behind `at` (a line start). */
static bool
find_delimiter(
    struct bytes b, size_t at, const char *boundary, size_t *off, size_t *len)
{
	while (at < b.len) {
		const uint8_t *lf;

		*len = delimiter_at(b, at, boundary);
		*off = at;
		if (*len > 0)
			return true;
		lf = memchr(b.data + at, '\n', b.len - at);
		if (lf == NULL)
			return false;
		at = (size_t)(lf - b.data) + 1;
	}
	return false;
}

/* Behind the empty line that ends the header which has a field at `at`. */
static bool
body_start(struct bytes b, size_t at, size_t *body)
{
	ptrdiff_t gap;

	if (at >= b.len)
		return false;
	gap =
	    bytes_find(bytes_span(b, at, b.len - at), bytes_of("\r\n\r\n", 4));
	if (gap < 0)
		return false;
	*body = at + (size_t)gap + 4;
	return true;
}

bool
signed_span(
    GMimeMultipart *multipart, struct bytes bytes, size_t *off, size_t *len)
{
	const char *boundary = g_mime_multipart_get_boundary(multipart);
	gint64 field = last_field_offset(GMIME_OBJECT(multipart));
	gint64 inner;
	gint64 blob;
	size_t first, first_len;
	size_t second, second_len;
	size_t body;

	if (boundary == NULL || boundary[0] == '\0' || field < 0 ||
	    g_mime_multipart_get_count(multipart) < 2)
		return false;
	inner = entity_offset(g_mime_multipart_get_part(multipart, 0));
	blob = entity_offset(g_mime_multipart_get_part(multipart, 1));
	if (!body_start(bytes, (size_t)field, &body) ||
	    !find_delimiter(bytes, body, boundary, &first, &first_len) ||
	    !find_delimiter(
		bytes, first + first_len, boundary, &second, &second_len))
		return false;
	/* GMime must have cut at the same places. */
	if ((inner >= 0 && (size_t)inner != first + first_len) || blob < 0 ||
	    (size_t)blob != second + second_len)
		return false;
	/* The CRLF before a delimiter belongs to the delimiter. */
	if (second < first + first_len + 2 ||
	    memcmp(bytes.data + second - 2, "\r\n", 2) != 0)
		return false;
	*off = first + first_len;
	*len = second - 2 - *off;
	/* Canonical form has no bare LF: such bytes were altered on the way. */
	for (size_t i = *off; i < *off + *len; i++)
		if (bytes.data[i] == '\n' &&
		    (i == 0 || bytes.data[i - 1] != '\r'))
			return false;
	return *len > 0;
}
