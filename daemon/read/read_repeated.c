/*
 * read_repeated.c - one block that stands in a letter twice.
 *
 * Both halves of a multipart/alternative carry the sealed text, broken in
 * lines in two ways and with other headers in the armor.  What is sealed is
 * the same when its packets are; what is signed in clear, when all of it is
 * but white space.  A block without packets is the same as no other: who
 * calls it so would hide it.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/armor.h"

#define DIGEST_LEN 32

struct seen {
	uint8_t digest[DIGEST_LEN];
};

/* What makes the block the same as another; empty: nothing does. */
static int
sameness_of(
    const void *ctx, const struct part *p, struct bytes *b, struct error *err)
{
	struct error why = {0};

	*b = p->content;
	if (p->kind != PART_ENCRYPTED ||
	    armor_message(ctx, p->content, b, &why) == 0)
		return 0;
	*b = BYTES_NONE;
	if (why.fault != FAULT_RETRY)
		return 0;
	*err = why;
	return -1;
}

static int
digest_of(
    const struct part *p, struct bytes b, struct seen *one, struct error *err)
{
	GChecksum *sum;
	gsize len = DIGEST_LEN;
	size_t from = 0;

	sum = g_checksum_new(G_CHECKSUM_SHA256);
	if (sum == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	g_checksum_update(sum, (const guchar *)&p->kind, sizeof(p->kind));
	for (size_t i = 0; i <= b.len; i++) {
		bool space = p->kind == PART_CLEARSIGNED && i < b.len &&
			     b.data[i] <= ' ';

		if (i < b.len && !space)
			continue;
		if (i > from)
			g_checksum_update(
			    sum, b.data + from, (gssize)(i - from));
		from = i + 1;
	}
	g_checksum_get_digest(sum, one->digest, &len);
	g_checksum_free(sum);
	return 0;
}

int
draft_repeated(struct draft *d, struct part *part, struct error *err)
{
	void *tmp;
	struct bytes b;
	struct seen one;
	int rc;

	if (part->kind != PART_ENCRYPTED && part->kind != PART_CLEARSIGNED)
		return 0;
	tmp = talloc_new(NULL);
	rc = sameness_of(tmp, part, &b, err);
	if (rc == 0 && b.len > 0)
		rc = digest_of(part, b, &one, err);
	talloc_free(tmp);
	if (rc != 0 || b.len == 0)
		return rc;
	for (size_t i = 0; i < d->nseen; i++)
		if (memcmp(d->seen[i].digest, one.digest, DIGEST_LEN) == 0) {
			part->flags |= PART_REPEATED;
			return 0;
		}
	d->seen = talloc_realloc(d, d->seen, struct seen, d->nseen + 1);
	if (d->seen == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	d->seen[d->nseen++] = one;
	return 0;
}
