/*
 * read_message.c - a message inside the letter: forwarded, bounced, attached.
 *
 * Its head becomes a text for people, and its parts are read as the letter's
 * are, marked as what somebody else wrote.  It is parsed here and not by
 * GMime together with the letter.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

/*
 * Where its bytes stand in what was parsed, so that what is signed in it has
 * a span; canonical and without one, when a transfer encoding was taken off.
 */
static int
find_bytes(struct draft *d, GMimeObject *object, const struct leaf *leaf,
    struct place *place, struct error *err)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(GMIME_PART(object));
	GMimeStream *stream =
	    wrapper != NULL ? g_mime_data_wrapper_get_stream(wrapper) : NULL;
	struct bytes span = BYTES_NONE;

	if (stream != NULL && GMIME_IS_STREAM_MEM(stream) &&
	    stream->bound_start >= 0 && stream->bound_end >= 0)
		span = bytes_span(place->bytes, (uint64_t)stream->bound_start,
		    (uint64_t)(stream->bound_end - stream->bound_start));
	if (span.data != NULL && bytes_equal(span, leaf->content)) {
		size_t off = (size_t)stream->bound_start;
		size_t len = span.len;

		/* The delimiter's CRLF ended the last line of the message. */
		if (place->bytes.len - off - len >= 2 &&
		    memcmp(span.data + len, "\r\n", 2) == 0)
			len += 2;
		place->bytes = bytes_span(place->bytes, off, len);
		if (place->base >= 0)
			place->base += (int64_t)off;
		return 0;
	}
	place->base = -1;
	place->bytes = text_to_crlf(d, leaf->content);
	if (place->bytes.data == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

/* Without a head there is no message: what stands there is shown. */
static int
headless(struct draft *d, const struct leaf *leaf, const struct place *place,
    struct error *err)
{
	struct leaf text = *leaf;

	if (leaf_is_binary(leaf->content))
		return leaf_file(d, leaf, place, err);
	text.type = "text/plain";
	return leaf_text(d, &text, place, err);
}

static int
show_head(struct draft *d, GMimeObject *message, const struct place *place,
    struct error *err)
{
	struct leaf head = {0};
	char *text = header_text(d, d->reader->charsets, message, err);

	if (text == NULL)
		return -1;
	if (text[0] == '\0')
		return 0;
	head.content = bytes_str(text);
	head.type = "message/rfc822";
	head.label = "UTF-8";
	return leaf_text(d, &head, place, err);
}

int
message_read(struct draft *d, GMimeObject *object, const struct leaf *leaf,
    const struct place *place, struct error *err)
{
	bool wrapped = protected_wraps(d, object, place);
	struct place inside = *place;
	GMimeObject *message = NULL;
	struct bytes bytes;
	size_t line;

	inside.depth++;
	inside.payload = false;
	if (!wrapped)
		inside.flags |= PART_FORWARDED;
	if (find_bytes(d, object, leaf, &inside, err) != 0)
		return -1;
	line = mime_from_line(inside.bytes);
	inside.bytes = bytes_span(inside.bytes, line, inside.bytes.len - line);
	if (inside.base >= 0)
		inside.base += (int64_t)line;
	bytes = header_cut(inside.bytes, d->reader->max_fields);
	if (header_begins(bytes))
		message = mime_parse(d, bytes);
	if (message == NULL)
		return headless(d, leaf, &inside, err);
	if (wrapped ? protected_take(d, message, place->within, err) != 0
		    : show_head(d, message, &inside, err) != 0)
		return -1;
	if (bytes.len < inside.bytes.len) {
		draft_limit(d, READ_LIMIT_FIELDS);
		return 0;
	}
	return mime_walk(d, message, inside, err);
}
