/*
 * engine_bounce.c - a delivery report: which mail of ours it is about, and
 * that it did not arrive.
 *
 * Runs in the engine process, inside the transaction of the stop `file`.  A
 * report carries the header of what it is about somewhere in its parts.  Our
 * Message-IDs have a form of their own (engine_draft.c): each such word is
 * looked up, and little more is parsed, for anybody may write such a letter.
 */
#include "engine_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

#define OWN_IDS_MOST 16
#define ID_MOST 200

/* Does the word stand behind this, blanks and line ends aside? */
static bool
stands_behind(struct bytes part, size_t at, const char *field)
{
	size_t len = strlen(field);

	while (at > 0 && strchr(" \t\r\n", part.data[at - 1]) != NULL)
		at--;
	return at >= len &&
	       strncasecmp((const char *)part.data + at - len, field, len) == 0;
}

/*
 * The mail itself is named by the field, others by its References.  Where no
 * field stands before it, the first that was found is as good as any.
 */
static int
take_id(struct filing *f, char *id, bool by_field, struct error *err)
{
	int64_t casefile;
	int64_t outmail;

	if (id == NULL || !text_is_address(id))
		return 0;
	if (store_message_id_find(f->e->st, id, &casefile, &outmail, err) != 0)
		return -1;
	if (outmail == 0)
		return 0;
	f->in.bounce_of_ours = true;
	if (f->bounced == 0 || by_field)
		f->bounced = outmail;
	return filing_candidate(f, casefile, MATCH_THREAD, err);
}

static int
find_in_part(
    struct filing *f, const struct part *p, unsigned *left, struct error *err)
{
	static const char form[] = "<psirtd.";
	struct bytes rest = p->content;
	ptrdiff_t at;

	while (*left > 0 && (at = bytes_find(rest, bytes_str(form))) >= 0) {
		const uint8_t *start = rest.data + at + 1;
		size_t most = rest.len - (size_t)at - 1;
		const uint8_t *end =
		    memchr(start, '>', most > ID_MOST ? ID_MOST : most);

		(*left)--;
		if (end == NULL)
			return 0;
		if (take_id(f,
			bytes_text(f, bytes_of(start, (size_t)(end - start))),
			stands_behind(p->content,
			    (size_t)(rest.data + at - p->content.data),
			    "Message-ID:"),
			err) != 0)
			return -1;
		rest = bytes_of(end, rest.len - (size_t)(end - rest.data));
	}
	return 0;
}

int
bounce_find(struct filing *f, struct error *err)
{
	unsigned left = OWN_IDS_MOST;

	if ((f->o->headers.flags & (HEADER_REPORT | HEADER_NULL_RETURN_PATH)) ==
	    0)
		return 0;
	for (size_t i = 0; i < f->o->nparts; i++)
		if (find_in_part(f, &f->o->parts[i], &left, err) != 0)
			return -1;
	return 0;
}

/*
 * Delayed, relayed and delivered are no failures (RFC 3464 2.3.3).  A report
 * of another form says so in prose; only an answering machine says nothing.
 */
static bool
says_failed(const struct opening *o)
{
	bool told = false;

	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];
		char *text;

		if (p->kind != PART_DSN)
			continue;
		told = true;
		text = bytes_text(NULL, p->content);
		if (text != NULL &&
		    strcasestr(text, "Action: failed") != NULL) {
			talloc_free(text);
			return true;
		}
		talloc_free(text);
	}
	return !told && (o->headers.flags &
			    (HEADER_AUTO_RESPONSE | HEADER_OUT_OF_OFFICE)) == 0;
}

int
bounce_take(struct filing *f, struct error *err)
{
	struct store_outmail m = {0};
	struct store_task t = {.kind = TASK_BOUNCED,
	    .letter = f->letter.id,
	    .outmail = f->bounced};

	if (f->bounced == 0 || f->d->reason != REASON_BOUNCE ||
	    !says_failed(f->o))
		return 0;
	if (store_outmail_get(f, f->e->st, f->bounced, &m, err) != 1)
		return -1;
	if (m.bounced != 0)
		return 0;
	t.casefile = m.casefile;
	if (store_outmail_bounced(f->e->st, m.id, f->in.now, err) != 0 ||
	    engine_record(f->e, RECORD_MAIL_BOUNCED, m.casefile, f->letter.id,
		m.id, m.kind, err) != 0)
		return -1;
	return task_add(f->e, &t, err);
}
