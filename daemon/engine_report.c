/*
 * engine_report.c - what makes two letters the same report (RULES 2).
 *
 * Runs in the engine process.  Takes an opening, gives a digest.  The same
 * report comes again through a list, a gateway or a portal: other headers,
 * other line ends, the same content.  Two letters that differ in anything a
 * person could have written must never share a digest: the second would be
 * swallowed.  So every part counts, and a letter without a byte of content, or
 * one whose parts are missing behind a limit, is like no other.
 *
 * Besides, each block of PGP in it leaves a mark: a letter that carries one
 * seen before, and more words, is no new report, and nothing to swallow.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/armor.h"
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

/* Of every layer: does it lie in a sealed one; will a mark tell what it holds.
 * A layer stands behind the one that it lies in. */
struct standing {
	bool sealed;
	bool marked;
};

static bool
is_dated(const struct layer *l)
{
	for (size_t i = 0; i < l->nsignatures; i++)
		if (l->signatures[i].made != 0)
			return true;
	return false;
}

static struct standing *
standings(const void *ctx, const struct opening *o)
{
	struct standing *s =
	    talloc_zero_array(ctx, struct standing, o->nlayers + 1);

	for (size_t i = 0; s != NULL && i < o->nlayers; i++) {
		const struct layer *l = &o->layers[i];
		/* [0] is the letter itself */
		const struct standing *in = &s[l->parent <= i ? l->parent : 0];

		s[i + 1].sealed = in->sealed || l->kind == LAYER_ENCRYPTED;
		s[i + 1].marked =
		    in->marked || l->kind == LAYER_ENCRYPTED || is_dated(l);
	}
	return s;
}

/* What a mail client leaves where nobody wrote anything. */
static bool
is_nothing(const struct part *p)
{
	return (p->flags & PART_HEADER) != 0 ||
	       (p->kind == PART_TEXT && text_is_blank(p->content));
}

static uint32_t
layer_of(const struct opening *o, const struct part *p)
{
	return p->layer <= o->nlayers ? p->layer : 0;
}

/* Each part by itself: none can look like two. */
static int
add_digest(
    struct buf *all, const struct part *p, bool *empty, struct error *err)
{
	uint8_t digest[1 + STORE_DIGEST_BYTES] = {(uint8_t)p->kind};
	struct buf *buf = buf_new(NULL, ROOM_FRAME_MAX);
	int rc = add_part(buf, p, err);

	*empty = *empty && buf->len == 0;
	store_digest(buf_bytes(buf), digest + 1);
	talloc_free(buf);
	return rc != 0 ? -1 : buf_add(all, digest, sizeof(digest), err);
}

/* All that was sent: what came out of a sealed block, the block tells. */
static int
digest_whole(const struct opening *o, const struct standing *s,
    const uint8_t letter[STORE_DIGEST_BYTES], struct report_marks *m,
    struct error *err)
{
	struct buf *all = buf_new(NULL, ROOM_FRAME_MAX);
	bool empty = true;
	int rc = 0;

	for (size_t i = 0; i < o->nparts && rc == 0; i++) {
		const struct part *p = &o->parts[i];

		if (!s[layer_of(o, p)].sealed && !is_nothing(p))
			rc = add_digest(all, p, &empty, err);
	}
	if (rc == 0 && (empty || o->limit != READ_LIMIT_NONE))
		rc = buf_add(all, letter, STORE_DIGEST_BYTES, err);
	store_digest(buf_bytes(all), m->whole);
	talloc_free(all);
	return rc;
}

static void
add_mark(struct report_marks *m, struct bytes of, bool outermost)
{
	if (m->n == REPORT_MARKS_MOST) {
		m->more = true;
		return;
	}
	/* Two of them: neither tells the letter. */
	if (outermost)
		m->only = m->only == 0 ? m->n + 1 : REPORT_MARKS_MOST + 1;
	store_digest(of, m->marks[m->n++]);
}

/*
 * Of a signed layer: its words and when each signature was made, which the
 * signature covers.  So the same words signed anew are another report; and
 * what stands beside a signature, or in the fields of it that anybody may
 * rewrite, is nothing.
 */
static int
mark_signed(const struct opening *o, size_t layer, struct report_marks *m,
    struct error *err)
{
	const struct layer *l = &o->layers[layer];
	uint8_t signing[STORE_DIGEST_BYTES + sizeof(int64_t)];
	struct buf *all = buf_new(NULL, ROOM_FRAME_MAX);
	bool empty = true;
	int rc = 0;

	for (size_t i = 0; i < o->nparts && rc == 0; i++)
		if (o->parts[i].layer == layer + 1)
			rc = add_digest(all, &o->parts[i], &empty, err);
	store_digest(buf_bytes(all), signing);
	talloc_free(all);
	for (size_t i = 0; i < l->nsignatures && rc == 0 && !empty; i++) {
		if (l->signatures[i].made == 0)
			continue;
		memcpy(signing + STORE_DIGEST_BYTES, &l->signatures[i].made,
		    sizeof(int64_t));
		add_mark(m, bytes_of(signing, sizeof(signing)),
		    l->parent == 0 && l->kind != LAYER_ENCRYPTED);
	}
	return rc;
}

static int
mark_sealed(const struct part *p, struct report_marks *m, struct error *err)
{
	struct buf *all = buf_new(NULL, ROOM_FRAME_MAX);
	bool empty = true;
	int rc = add_digest(all, p, &empty, err);

	if (rc == 0 && !empty)
		add_mark(m, buf_bytes(all), p->layer == 0);
	talloc_free(all);
	return rc;
}

/* Words or files that no mark tells. */
static bool
says_more(const struct opening *o, const struct standing *s)
{
	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (!s[layer_of(o, p)].marked && p->kind != PART_ENCRYPTED &&
		    p->kind != PART_SIGNED && p->kind != PART_CLEARSIGNED &&
		    !is_nothing(p))
			return true;
	}
	/* A signed one that told no date. */
	for (size_t i = 0; i < o->nlayers; i++)
		if (!s[i + 1].marked)
			return true;
	return false;
}

int
report_marks(const void *ctx, const struct opening *o,
    const uint8_t letter[STORE_DIGEST_BYTES], struct report_marks *m,
    struct error *err)
{
	struct standing *s = standings(ctx, o);
	int rc;

	memset(m, 0, sizeof(*m));
	if (s == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = digest_whole(o, s, letter, m, err);
	/* Of half a letter nobody knows what else it says. */
	m->more = o->limit != READ_LIMIT_NONE || says_more(o, s);
	for (size_t i = 0; i < o->nparts && rc == 0; i++) {
		if (m->n == REPORT_MARKS_MOST)
			break;
		if (o->parts[i].kind == PART_ENCRYPTED)
			rc = mark_sealed(&o->parts[i], m, err);
	}
	for (size_t i = 0; i < o->nlayers && rc == 0; i++) {
		if (m->n == REPORT_MARKS_MOST) {
			m->more = true;
			break;
		}
		if (is_dated(&o->layers[i]))
			rc = mark_signed(o, i, m, err);
	}
	talloc_free(s);
	return rc;
}
