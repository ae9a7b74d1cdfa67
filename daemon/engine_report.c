/*
 * engine_report.c - what makes two letters the same report (RULES 2).
 *
 * Runs in the engine process.  Takes an opening, gives a digest.  The same
 * report comes again through a list, a gateway or a portal: other headers,
 * other line ends, the same content.  Two letters that differ in anything a
 * person could have written must never share a digest: the second would be
 * swallowed.  So every part counts, and a letter without a byte of content, or
 * one whose parts are missing behind a limit, is like no other.
 */
#include "engine_internal.h"

#include <talloc.h>

#include "psirtd/text.h"

/* Text without white space: a gateway that wraps lines makes no new report. */
static int
add_text(struct buf *buf, struct bytes content, struct error *err)
{
	for (size_t i = 0; i < content.len; i++)
		if (content.data[i] > ' ' &&
		    buf_add(buf, content.data + i, 1, err) != 0)
			return -1;
	return 0;
}

/* Takes the next line off *rest, white space and all. */
static struct bytes
take_line(struct bytes *rest)
{
	ptrdiff_t at = bytes_find(*rest, bytes_str("\n"));
	size_t len = at < 0 ? rest->len : (size_t)at + 1;
	struct bytes line = bytes_of(rest->data, len);

	*rest = bytes_of(rest->data + len, rest->len - len);
	return line;
}

/* The base64 of an armor, without its headers and its end; nothing else. */
static int
add_armor(struct buf *buf, struct bytes content, struct error *err)
{
	ptrdiff_t at =
	    bytes_find(content, bytes_str("-----BEGIN PGP MESSAGE-----"));
	bool in_headers = true;
	struct bytes rest;

	if (at < 0)
		return 0;
	rest = bytes_of(content.data + at, content.len - (size_t)at);
	while (rest.len > 0) {
		struct bytes line = take_line(&rest);

		if (in_headers)
			in_headers = !text_is_blank(line);
		else if (line.data[0] == '-')
			break;
		else if (add_text(buf, line, err) != 0)
			return -1;
	}
	return 0;
}

static int
add_part(struct buf *buf, const struct part *p, struct error *err)
{
	size_t before = buf->len;

	if (p->kind == PART_TEXT || p->kind == PART_CLEARSIGNED)
		return add_text(buf, p->content, err);
	if (p->kind == PART_ENCRYPTED && add_armor(buf, p->content, err) != 0)
		return -1;
	/* No armor, or one that we do not understand: its bytes. */
	return buf->len > before
		   ? 0
		   : buf_add(buf, p->content.data, p->content.len, err);
}

static bool
is_sealed(const struct part *p)
{
	return p->layer == 0 && p->kind == PART_ENCRYPTED;
}

int
report_digest(const void *ctx, const struct opening *o,
    const uint8_t letter[STORE_DIGEST_BYTES],
    uint8_t digest[STORE_DIGEST_BYTES], struct error *err)
{
	struct buf *buf = buf_new(ctx, ROOM_FRAME_MAX);
	bool sealed = false;
	bool empty = true;
	int rc = 0;

	for (size_t i = 0; i < o->nparts; i++)
		sealed = sealed || is_sealed(&o->parts[i]);
	/* What is sealed is the report; what stands around it is the mail. */
	for (size_t i = 0; i < o->nparts && rc == 0; i++) {
		const struct part *p = &o->parts[i];
		uint8_t kind = (uint8_t)p->kind;
		size_t before;

		if (sealed && !is_sealed(p))
			continue;
		rc = buf_add(buf, &kind, 1, err);
		before = buf->len;
		if (rc == 0)
			rc = add_part(buf, p, err);
		empty = empty && buf->len == before;
	}
	if (rc == 0 && (empty || o->limit != READ_LIMIT_NONE))
		rc = buf_add(buf, letter, STORE_DIGEST_BYTES, err);
	if (rc == 0)
		store_digest(buf_bytes(buf), digest);
	talloc_free(buf);
	return rc;
}
