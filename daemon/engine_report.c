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

#include "psirtd/armor.h"

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

/*
 * What is sealed, as its packets: however it is armored, one message is one
 * report.  What nothing can be opened from: its bytes.  A digest of either, so
 * that no part can look like the end of itself and the next one.
 */
static int
add_sealed(struct buf *buf, struct bytes content, struct error *err)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	struct error why = {0};
	struct bytes packets;
	void *tmp;
	int rc;

	if (content.len == 0)
		return 0;
	tmp = talloc_new(NULL);
	rc = armor_message(tmp, content, &packets, &why);
	store_digest(rc == 0 ? packets : content, digest);
	talloc_free(tmp);
	if (rc != 0 && why.fault == FAULT_RETRY) {
		*err = why;
		return -1;
	}
	return buf_add(buf, digest, sizeof(digest), err);
}

static int
add_part(struct buf *buf, const struct part *p, struct error *err)
{
	if (p->kind == PART_TEXT || p->kind == PART_CLEARSIGNED)
		return add_text(buf, p->content, err);
	if (p->kind == PART_ENCRYPTED)
		return add_sealed(buf, p->content, err);
	return buf_add(buf, p->content.data, p->content.len, err);
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
