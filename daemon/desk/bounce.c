/*
 * bounce.c - what a mail system says of a mail of ours that had left.
 *
 * Runs in the engine, pure.  Takes an opened letter; gives what it says and
 * the words in it that have the form of our Message-IDs (engine_draft.c).
 * Half of the mail systems report by RFC 3464, the others in prose with the
 * head of the mail somewhere below.  Whether one of the words is ours says
 * the store: without it nothing is tied, for anybody may write such a letter.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

#define IDS_MOST 16
#define ID_MOST 200
#define PROSE_MOST 8192

static const char own_form[] = "<psirtd.";

/* ---- RFC 3464: fields ---- */

/* The value of a field that the line begins with, or NULL. */
static const char *
value_of(const char *line, const char *field)
{
	size_t len = strlen(field);

	if (strncasecmp(line, field, len) != 0)
		return NULL;
	line += len + strspn(line + len, " \t");
	return *line == ':' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

/*
 * One recipient's action.  "failed" is final, whatever the status says: a
 * server that gave up after days of 4.x.x says so.
 */
static enum bounce
of_action(const char *value)
{
	static const struct {
		const char *word;
		enum bounce says;
	} rows[] = {
	    {"failed", BOUNCE_FAILED},
	    {"delayed", BOUNCE_DELAYED},
	    {"delivered", BOUNCE_TOLD},
	    {"relayed", BOUNCE_TOLD},
	    {"expanded", BOUNCE_TOLD},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncasecmp(value, rows[i].word, strlen(rows[i].word)) == 0)
			return rows[i].says;
	return BOUNCE_NONE;
}

/* Where a report leaves the action out (RFC 3463: 5 is permanent). */
static enum bounce
of_status(const char *value)
{
	switch (value[0]) {
	case '5':
		return BOUNCE_FAILED;
	case '4':
		return BOUNCE_DELAYED;
	case '2':
		return BOUNCE_TOLD;
	default:
		return BOUNCE_NONE;
	}
}

/* What is said so far, and of the recipient that is being read. */
struct said {
	enum bounce action, status;
	bool copy; /* the recipient is ourselves */
	bool any_copy;
};

/* "rfc822; <psirt@vendor.example>": copy_to_self, and no other had it. */
static bool
is_own_recipient(const struct settings *s, const char *value)
{
	size_t type = strcspn(value, ";\n");
	char *address;
	bool own;

	if (value[type] != ';')
		return false;
	value += type + 1;
	value += strspn(value, " \t<");
	address = talloc_strndup(NULL, value, strcspn(value, " \t\r\n>"));
	own = settings_is_own_address(s, address);
	talloc_free(address);
	return own;
}

static void
read_field(const struct settings *s, const char *line, struct said *r)
{
	const char *value = value_of(line, "Final-Recipient");
	enum bounce says = BOUNCE_NONE;

	if (value != NULL) {
		r->copy = is_own_recipient(s, value);
		r->any_copy |= r->copy;
	}
	if (r->copy)
		return;
	value = value_of(line, "Action");
	if (value != NULL && (says = of_action(value)) > r->action)
		r->action = says;
	value = value_of(line, "Status");
	if (value != NULL && (says = of_status(value)) > r->status)
		r->status = says;
}

/* The worst that it says of a recipient; of our own copy alone: nothing. */
static enum bounce
of_fields(const struct settings *s, const char *text)
{
	struct said r = {0};

	while (text != NULL && *text != '\0') {
		/* Of another, whoever it is. */
		if (text[strspn(text, " \t\r")] == '\n')
			r.copy = false;
		read_field(s, text, &r);
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	if (r.action != BOUNCE_NONE)
		return r.action;
	if (r.status != BOUNCE_NONE)
		return r.status;
	return r.any_copy ? BOUNCE_TOLD : BOUNCE_NONE;
}

/* Of receipts and complaints: it arrived. */
static bool
is_receipt(const struct part *p)
{
	return p->type != NULL &&
	       (strcmp(p->type, "message/disposition-notification") == 0 ||
		   strcmp(p->type, "message/feedback-report") == 0);
}

static enum bounce
of_reports(const struct settings *s, const struct opening *o)
{
	enum bounce worst = BOUNCE_NONE;

	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];
		enum bounce says = BOUNCE_TOLD;
		char *text;

		if (p->kind != PART_DSN)
			continue;
		if (!is_receipt(p)) {
			text = bytes_text(NULL, p->content);
			says = of_fields(s, text);
			talloc_free(text);
		}
		if (says > worst)
			worst = says;
	}
	return worst;
}

/* ---- prose ---- */

/*
 * Words of mail systems, asked in this order: a failure says that it is final,
 * a warning often tells as well what would happen in the end.
 */
static const struct {
	const char *words;
	enum bounce says;
} phrases[] = {
    {"permanent", BOUNCE_FAILED},
    {"given up", BOUNCE_FAILED},
    {"giving up", BOUNCE_FAILED},
    {"warning message only", BOUNCE_DELAYED},
    {"do not need to resend", BOUNCE_DELAYED},
    {"no action is required on your part", BOUNCE_DELAYED},
    {"not yet been delivered", BOUNCE_DELAYED},
    {"has been delayed", BOUNCE_DELAYED},
    {"message is delayed", BOUNCE_DELAYED},
    {"notification (delay)", BOUNCE_DELAYED},
    {"notification: warning", BOUNCE_DELAYED},
    {"will be retried", BOUNCE_DELAYED},
    {"will keep trying", BOUNCE_DELAYED},
    {"attempts will continue", BOUNCE_DELAYED},
    {"配送を続けて", BOUNCE_DELAYED},
    {"could not be", BOUNCE_FAILED},
    {"couldn't be", BOUNCE_FAILED},
    {"not be delivered", BOUNCE_FAILED},
    {"not delivered", BOUNCE_FAILED},
    {"unable to deliver", BOUNCE_FAILED},
    {"undeliver", BOUNCE_FAILED},
    {"failed", BOUNCE_FAILED},
    {"failure", BOUNCE_FAILED},
    {"unknown user", BOUNCE_FAILED},
    {"user unknown", BOUNCE_FAILED},
    {"送信できません", BOUNCE_FAILED},
    {"配信できません", BOUNCE_FAILED},
    {"届けられません", BOUNCE_FAILED},
    {"配送できません", BOUNCE_FAILED},
    {"successfully", BOUNCE_TOLD},
    {"has been delivered", BOUNCE_TOLD},
    {"was delivered", BOUNCE_TOLD},
    {"return receipt", BOUNCE_TOLD},
};

/* The subject and the first text, as far as it is not the mail's own head. */
static char *
prose(const void *ctx, const struct opening *o)
{
	struct bytes text = BYTES_NONE;
	ptrdiff_t own;
	char *all;

	for (size_t i = 0; i < o->nparts && text.len == 0; i++)
		if (o->parts[i].kind == PART_TEXT &&
		    (o->parts[i].flags & PART_FORWARDED) == 0)
			text = o->parts[i].content;
	own = bytes_find(text, bytes_str(own_form));
	if (own >= 0)
		text = bytes_span(text, 0, (uint64_t)own);
	if (text.len > PROSE_MOST)
		text.len = PROSE_MOST;
	all = talloc_asprintf(ctx, "%s\n%.*s",
	    o->headers.subject != NULL ? o->headers.subject : "", (int)text.len,
	    text.data != NULL ? (const char *)text.data : "");
	return all != NULL ? fold_prose(ctx, all, strlen(all), SIZE_MAX) : NULL;
}

/* A mail system that returns a mail and says no more means a failure. */
static enum bounce
of_prose(const struct opening *o)
{
	enum bounce says =
	    machine_is_system(&o->headers) ? BOUNCE_FAILED : BOUNCE_NONE;
	void *ctx = talloc_new(NULL);
	const char *words = prose(ctx, o);

	for (size_t i = 0;
	     words != NULL && i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (strstr(words, phrases[i].words) != NULL) {
			says = phrases[i].says;
			break;
		}
	talloc_free(ctx);
	return says;
}

/* ---- the words that may be ours ---- */

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

static bool
is_new(const struct desk_bounce *b, const char *id)
{
	for (size_t i = 0; i < b->nids; i++)
		if (strcmp(b->ids[i], id) == 0)
			return false;
	return true;
}

/* The mail itself is named by the field, others by its References. */
static void
add_id(struct desk_bounce *b, const char *id, bool by_field)
{
	size_t at = by_field ? 0 : b->nids;

	if (id == NULL || !text_is_address(id) || !is_new(b, id))
		return;
	for (size_t i = b->nids; i > at; i--)
		b->ids[i] = b->ids[i - 1];
	b->ids[at] = id;
	b->nids++;
}

static void
find_ids(struct desk_bounce *b, const struct part *p)
{
	struct bytes rest = p->content;
	ptrdiff_t at;

	while (b->nids < IDS_MOST &&
	       (at = bytes_find(rest, bytes_str(own_form))) >= 0) {
		const uint8_t *start = rest.data + at + 1;
		size_t most = rest.len - (size_t)at - 1;
		const uint8_t *end =
		    memchr(start, '>', most > ID_MOST ? ID_MOST : most);

		if (end == NULL)
			return;
		add_id(b, bytes_text(b, bytes_of(start, (size_t)(end - start))),
		    stands_behind(p->content,
			(size_t)(start - 1 - p->content.data), "Message-ID:"));
		rest = bytes_of(end, rest.len - (size_t)(end - rest.data));
	}
}

/* Exchange and Google say it in the report's own head, too. */
static void
find_references(struct desk_bounce *b, const struct headers *h)
{
	for (size_t i = 0; i < h->nreferences && b->nids < IDS_MOST; i++)
		if (strncmp(h->references[i], own_form + 1,
			sizeof(own_form) - 2) == 0)
			add_id(b, h->references[i], false);
}

/* Who is away answers our mail, and may quote all of it. */
static bool
is_reporter(const struct headers *h)
{
	enum machine machine = machine_of(h);

	if (machine_is_system(h))
		return true;
	if (machine == MACHINE_REPLY)
		return false;
	return machine == MACHINE_NULL ||
	       (h->nfrom > 0 && h->from[0].address != NULL &&
		   machine_address(h->from[0].address));
}

struct desk_bounce *
desk_bounce(const void *ctx, const struct settings *s, const struct opening *o)
{
	struct desk_bounce *b = talloc_zero(ctx, struct desk_bounce);

	if (b == NULL || !is_reporter(&o->headers))
		return b;
	b->ids = talloc_zero_array(b, const char *, IDS_MOST);
	if (b->ids == NULL) {
		talloc_free(b);
		return NULL;
	}
	b->says = of_reports(s, o);
	if (b->says == BOUNCE_NONE)
		b->says = of_prose(o);
	for (size_t i = 0; i < o->nparts; i++)
		find_ids(b, &o->parts[i]);
	if (machine_is_system(&o->headers))
		find_references(b, &o->headers);
	return b;
}
