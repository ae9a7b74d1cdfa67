/*
 * engine_copy.c - our own copy of a mail comes back (copy_to_self): what was
 * uncertain has left.
 *
 * Runs in the engine process.  A letter is the copy when it ends with the very
 * bytes that were sealed, and above them stand header fields alone, as servers
 * put them there.  Anybody can write our Message-ID; the bytes only who got
 * them from the server that we handed them to, so that it took them is proved,
 * which is what `sent` says.  Anything else changes nothing.
 */
#include "engine_internal.h"

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define OWN_MOST 64              /* letters that are looked through for it */
#define HEAD_MOST INT64_C(65536) /* what servers may put above it */

const char *
copy_address(const struct engine *e, const struct store_outmail *m)
{
	if (!e->s->copy_to_self || settings_is_own_address(e->s, m->to))
		return NULL;
	switch (m->audience) {
	case AUDIENCE_COUNTERPART:
	case AUDIENCE_COORDINATOR:
	case AUDIENCE_CUSTOMER:
		return e->s->address;
	default:
		return mail_is_answer(m) ? e->s->address : NULL;
	}
}

/* ---- is it the copy? ---- */

/* Nothing but whole header fields. */
static bool
is_fields(struct bytes b)
{
	bool begun = false;
	size_t at = 0;

	while (at < b.len) {
		size_t line = at;
		size_t name = 0;

		while (at < b.len && b.data[at] != '\n')
			at++;
		if (at == b.len || at - line < 2 || b.data[at - 1] != '\r')
			return false;
		at++;
		if (b.data[line] == ' ' || b.data[line] == '\t') {
			if (!begun)
				return false;
			continue;
		}
		while (b.data[line + name] > ' ' && b.data[line + name] < 127 &&
		       b.data[line + name] != ':')
			name++;
		if (name == 0 || b.data[line + name] != ':')
			return false;
		begun = true;
	}
	return true;
}

static bool
is_copy(struct bytes letter, struct bytes wire)
{
	size_t above;

	if (wire.len == 0 || letter.len < wire.len)
		return false;
	above = letter.len - wire.len;
	return bytes_equal(bytes_span(letter, above, wire.len), wire) &&
	       is_fields(bytes_span(letter, 0, above));
}

/*
 * 1, 0, -1.  Whoever knows our Message-ID may send letters of any size under
 * it: by the size alone those are none, unread.
 */
static int
letter_is_copy(struct engine *e, const struct store_letter *letter,
    const struct store_outmail *m, struct error *err)
{
	void *ctx = talloc_new(e);
	struct bytes bytes = BYTES_NONE;
	struct bytes wire = BYTES_NONE;
	int rc = -1;

	if (store_outmail_wire_get(ctx, e->st, m->id, &wire, err) != 0)
		rc = -1;
	else if (letter->size < (int64_t)wire.len ||
		 letter->size > (int64_t)wire.len + HEAD_MOST)
		rc = 0;
	else if (store_letter_bytes(ctx, e->st, letter->id, &bytes, err) == 0)
		rc = is_copy(bytes, wire);
	talloc_free(ctx);
	return rc;
}

/* ---- what follows ---- */

int
copy_take(struct filing *f, struct error *err)
{
	struct engine *e = f->e;
	struct store_outmail m = {0};
	uint32_t from;
	int rc;

	if (f->own == 0 || f->d->reason != REASON_OWN)
		return 0;
	if (store_outmail_get(f, e->st, f->own, &m, err) != 1)
		return -1;
	/* Sealed: a person has it sent once more, and it need not be. */
	if (m.state != OUTMAIL_UNCERTAIN && m.state != OUTMAIL_SEALED)
		return 0;
	rc = letter_is_copy(e, &f->letter, &m, err);
	if (rc != 1)
		return rc;
	from = m.state;
	m.state = OUTMAIL_SENT;
	m.sent =
	    f->letter.received < f->in.now ? f->letter.received : f->in.now;
	m.reason = NULL;
	if (store_outmail_put(e->st, &m, from, err) != 0 ||
	    engine_record(e, RECORD_MAIL_SENT, m.casefile, f->letter.id, m.id,
		0, err) != 0 ||
	    mail_acknowledged(e, &m, err) != 0 ||
	    mail_tell_case(e, &m, err) != 0)
		return -1;
	log_info("outmail=%lld sent: its copy came back as letter=%lld",
	    (long long)m.id, (long long)f->letter.id);
	return 0;
}

/* One of these letters is it: 1, 0, -1. */
static int
copy_among(struct engine *e, uint32_t state, int64_t casefile,
    const struct store_outmail *m, struct error *err)
{
	struct store_letter *list = NULL;
	void *ctx = talloc_new(e);
	size_t n = 0;
	int rc = store_letter_list(
	    ctx, e->st, state, casefile, OWN_MOST, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (list[i].reason == REASON_OWN)
			rc = letter_is_copy(e, &list[i], m, err);
	talloc_free(ctx);
	return rc;
}

int
copy_came(struct engine *e, const struct store_outmail *m, struct error *err)
{
	int rc = 0;

	if (copy_address(e, m) == NULL)
		return 0;
	if (m->casefile != 0)
		rc = copy_among(e, LETTER_FILED, m->casefile, m, err);
	return rc != 0 ? rc : copy_among(e, LETTER_SET_ASIDE, 0, m, err);
}
