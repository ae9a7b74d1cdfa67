/*
 * take.c - one letter's bytes, streamed to the engine as they arrive.
 *
 * Takes a row of the listing; gives FETCH_BEGIN, FETCH_CHUNK… and FETCH_END.
 * One uid a command, because libetpan's handler is not told whose bytes it
 * gets: afterwards the answer must name that uid and one body, or the bytes
 * are void.  What is streamed is counted here as well: an announced size is a
 * hint.  No letter is held in memory.  Runs in the fetch room.
 */
#include "fetch_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define CHUNK_BYTES ((size_t)64 << 10)
/* What a server may say beside the letter itself. */
#define BESIDE_BYTES ((uint64_t)1 << 20)
/* Slower than this is a server that does not want to give the letter. */
#define SLOWEST_BYTES_S 16384
#define AGAIN_MOST_MS 3600000

struct taking {
	struct fetch *f;
	struct fetch_letter letter;
	uint8_t *chunk;
	size_t len;
	bool begun;    /* FETCH_BEGIN was told */
	bool oversize; /* more than letter_max came */
	bool gone;     /* the engine left */
};

static int
give_chunk(struct taking *t)
{
	struct error err = {0};

	if (!t->begun) {
		t->begun = true;
		if (engine_tell(
			t->f, FETCH_BEGIN, &fetch_letter_wire, &t->letter) != 0)
			return -1;
	}
	if (t->len == 0)
		return 0;
	if (channel_send_bytes(t->f->engine, FETCH_CHUNK,
		bytes_of(t->chunk, t->len), &err) != 0) {
		t->f->leaving = true;
		return -1;
	}
	t->len = 0;
	return 0;
}

/* libetpan hands over at most 4 KiB at once, sometimes one byte. */
static bool
on_body(int type, struct mailimap_msg_att_body_section *section,
    const char *bytes, size_t length, void *context)
{
	struct taking *t = context;

	(void)type;
	(void)section;
	if (t->gone || t->oversize)
		return false;
	if ((uint64_t)t->letter.size + length >
	    (uint64_t)t->f->setup->letter_max) {
		t->oversize = true;
		return false;
	}
	t->letter.size += (int64_t)length;
	while (length > 0) {
		size_t n = CHUNK_BYTES - t->len;

		if (n > length)
			n = length;
		memcpy(t->chunk + t->len, bytes, n);
		t->len += n;
		bytes += n;
		length -= n;
		if (t->len == CHUNK_BYTES && give_chunk(t) != 0) {
			t->gone = true;
			return false;
		}
	}
	return true;
}

/* How many bodies the answer held, and whether one was of another letter. */
static void
count_bodies(clist *rows, uint32_t uid, size_t *bodies, bool *foreign)
{
	for (clistiter *i = rows != NULL ? clist_begin(rows) : NULL; i != NULL;
	     i = clist_next(i)) {
		const struct mailimap_msg_att *row = clist_content(i);
		uint32_t named = 0;
		size_t here = 0;

		for (clistiter *j = clist_begin(row->att_list); j != NULL;
		     j = clist_next(j)) {
			const struct mailimap_msg_att_item *att =
			    clist_content(j);

			if (att->att_type != MAILIMAP_MSG_ATT_ITEM_STATIC)
				continue;
			switch (att->att_data.att_static->att_type) {
			case MAILIMAP_MSG_ATT_UID:
				named =
				    att->att_data.att_static->att_data.att_uid;
				break;
			case MAILIMAP_MSG_ATT_BODY_SECTION:
			case MAILIMAP_MSG_ATT_RFC822:
			case MAILIMAP_MSG_ATT_RFC822_HEADER:
			case MAILIMAP_MSG_ATT_RFC822_TEXT:
				here++;
				break;
			default:
				break;
			}
		}
		*bodies += here;
		if (here > 0 && named != uid)
			*foreign = true;
	}
}

static int
fetch_body(struct fetch *f, uint32_t uid, struct taking *t, clist **rows)
{
	struct mailimap_set *set = mailimap_set_new_single(uid);
	struct mailimap_section *whole = mailimap_section_new(NULL);
	struct mailimap_fetch_att *body =
	    whole != NULL ? mailimap_fetch_att_new_body_peek_section(whole)
			  : NULL;
	struct mailimap_fetch_type *what =
	    mailimap_fetch_type_new_fetch_att_list_empty();
	int rc = -1;

	if (set == NULL || body == NULL || what == NULL) {
		session_trouble(f, FETCH_LOST, "out of memory");
		goto out;
	}
	mailimap_fetch_type_new_fetch_att_list_add(
	    what, mailimap_fetch_att_new_uid());
	mailimap_fetch_type_new_fetch_att_list_add(what, body);
	body = NULL;
	mailimap_set_msg_body_handler(f->imap, on_body, t);
	rc = session_result(f, session_fetch(f, set, what, rows), "fetching");
	mailimap_set_msg_body_handler(f->imap, NULL, NULL);
out:
	if (body != NULL)
		mailimap_fetch_att_free(body);
	if (what != NULL)
		mailimap_fetch_type_free(what);
	if (set != NULL)
		mailimap_set_free(set);
	return rc;
}

static void
allow_letter(struct fetch *f, int64_t announced)
{
	uint32_t s = f->setup->server.timeout_s;
	int64_t bytes =
	    announced < f->setup->letter_max ? announced : f->setup->letter_max;

	if (s == 0)
		s = 60;
	if (s > 3600)
		s = 3600;
	stream_allow(f->stream,
	    (s + (uint32_t)(bytes / SLOWEST_BYTES_S)) * 1000,
	    (uint64_t)f->setup->letter_max + BESIDE_BYTES);
}

/* It did not come: told, remembered, and tried later than the others. */
static int
not_taken(struct taking *t, enum fetch_trouble_kind kind, const char *why)
{
	struct fetch *f = t->f;
	struct hard *hard = hard_note(f, t->letter.uid);

	f->unsettled[f->box.which] = true;
	if (hard != NULL && t->oversize) {
		hard->oversize = true;
	} else if (hard != NULL) {
		/* Once may be the connection's fault, and costs no time. */
		unsigned shift = hard->tries < 7 ? hard->tries : 7;
		int64_t wait = shift == 0 ? 0 : (int64_t)LEFT_MS << (shift - 1);

		hard->tries++;
		hard->not_before_ms =
		    clock_monotonic_ms() +
		    (wait < AGAIN_MOST_MS ? wait : AGAIN_MOST_MS);
	}
	if (t->begun)
		return tell_trouble(f, FETCH_ABORT, kind, why);
	return 0;
}

/* No bytes: somebody else took it away, or the server does not give it. */
static int
nothing_came(struct taking *t)
{
	struct item item;

	if (list_one(t->f, t->letter.uid, &item) != 0)
		return -1;
	if (item.uid == 0)
		return 0;
	return not_taken(
	    t, FETCH_PROTOCOL, "the server does not give a letter");
}

/* What the answer to the fetch came to; see letter_take(). */
static int
judge(struct taking *t, int rc, clist *rows)
{
	struct fetch *f = t->f;
	size_t bodies = 0;
	bool foreign = false;

	if (t->gone)
		return -1;
	if (t->oversize) {
		static const char why[] =
		    "a letter is larger than it was announced to be";

		/* Nobody knows what libetpan has left unread. */
		f->again = true;
		if (not_taken(t, FETCH_OVERSIZE, why) == 0)
			session_trouble(f, FETCH_OVERSIZE, "%s", why);
		return -1;
	}
	if (rc < 0) {
		not_taken(t, f->kind, f->why.text);
		return -1;
	}
	count_bodies(rows, t->letter.uid, &bodies, &foreign);
	if (rc > 0)
		return not_taken(
		    t, FETCH_PROTOCOL, "the server refuses to give a letter");
	if (t->letter.size == 0)
		return nothing_came(t);
	if (bodies != 1 || foreign) {
		not_taken(t, FETCH_PROTOCOL, "not the letter asked for");
		return session_trouble(f, FETCH_PROTOCOL,
		    "the server gives other letters than it was asked for");
	}
	if (give_chunk(t) != 0 ||
	    engine_tell(f, FETCH_END, &fetch_letter_wire, &t->letter) != 0)
		return -1;
	return 1;
}

int
letter_take(struct fetch *f, const struct item *item)
{
	struct taking t = {.f = f};
	clist *rows = NULL;
	int rc;

	t.letter.which = f->box.which;
	t.letter.uidvalidity = f->box.uidvalidity;
	t.letter.uid = item->uid;
	t.letter.internaldate = item->internaldate;
	t.chunk = talloc_size(f, CHUNK_BYTES);
	if (t.chunk == NULL)
		return session_trouble(f, FETCH_LOST, "out of memory");
	allow_letter(f, item->size);
	rc = fetch_body(f, item->uid, &t, &rows);
	rc = judge(&t, rc, rows);
	if (rows != NULL)
		mailimap_fetch_list_free(rows);
	explicit_bzero(t.chunk, CHUNK_BYTES);
	talloc_free(t.chunk);
	return rc;
}
