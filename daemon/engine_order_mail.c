/*
 * engine_order_mail.c - what a person decides of a draft: approve, edit, drop
 * (RULES 26).
 *
 * Runs in the engine process, inside the transaction that engine_order.c
 * opens.  An approval is over what was shown: a mail that is another by now
 * is not approved by it.
 */
#include "engine_order.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define BODY_MOST 1000000 /* bytes */

static char *
digest_hex(const void *ctx, const struct store_outmail *m)
{
	uint8_t digest[STORE_DIGEST_BYTES];

	leave_digest(m, digest);
	return bytes_hex(ctx, bytes_of(digest, sizeof(digest)));
}

/* A mail of this case that has not left; held: one that is held, too. */
static int
draft_of(struct engine *e, const void *ctx, const struct casework *w,
    const struct order *o, bool held, struct store_outmail *m,
    struct error *err)
{
	int found = store_outmail_get(ctx, e->st, o->mail, m, err);

	if (found < 0)
		return -1;
	if (found == 0 || m->casefile != w->c.id)
		return error_set(err, FAULT_DENIED, "%s has no mail %lld",
		    w->c.number, (long long)o->mail);
	if (m->state == OUTMAIL_DRAFT || (held && m->state == OUTMAIL_HELD))
		return 0;
	return error_set(err, FAULT_DENIED, "mail %lld is no draft: it is %s",
	    (long long)o->mail, outmail_state_name(m->state));
}

/* ---- approve ---- */

/*
 * How many others have approved the mail as it is now; the guards that one of
 * them, a lead then, has overridden for it are overridden (RULES 28).
 */
static int
others_of(struct engine *e, const void *ctx, struct store_outmail *m,
    const struct order *o, size_t *others, struct error *err)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_approval *list = NULL;
	size_t n = 0;

	*others = 0;
	leave_digest(m, digest);
	if (store_approval_list(ctx, e->st, m->id, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(list[i].digest, digest, sizeof(digest)) != 0)
			continue;
		if (strcmp(list[i].person, o->actor) == 0)
			return error_set(err, FAULT_DENIED,
			    "you have approved it: it waits for a second "
			    "person");
		m->overridden |= list[i].overridden;
		++*others;
	}
	return 0;
}

static int
add_approval(struct engine *e, const struct casework *w,
    const struct store_outmail *m, const struct order *o, struct error *err)
{
	struct store_approval a = {.outmail = m->id,
	    .at = clock_now(),
	    .overridden = o->override,
	    .person = (char *)(uintptr_t)o->actor};
	char *hex = digest_hex(NULL, m);
	int rc;

	leave_digest(m, a.digest);
	rc = store_approval_add(e->st, &a, err);
	if (rc == 0)
		rc = order_record(
		    e, w, o, RECORD_APPROVED, m->kind, m->id, NULL, hex, err);
	talloc_free(hex);
	return rc;
}

/* What was shown, and by whom it may be. */
static int
may_approve(const void *ctx, const struct store_outmail *m,
    const struct order *o, struct error *err)
{
	if (o->digest == NULL || strcasecmp(o->digest, digest_hex(ctx, m)) != 0)
		return error_set(err, FAULT_DENIED,
		    "mail %lld was changed since it was shown: look at it "
		    "again",
		    (long long)m->id);
	if (m->policy == POLICY_TWO && (o->uid == 0 || o->uid == geteuid()))
		return error_set(err, FAULT_DENIED,
		    "this mail takes two persons: root and the account of "
		    "psirtd are none");
	return 0;
}

static int
may_leave_now(struct engine *e, const void *ctx, const struct casework *w,
    const struct store_outmail *m, struct error *err)
{
	enum guard_kind guard = 0;
	char *why = NULL;

	if (leave_may(e, ctx, m, &guard, &why, err) != 0)
		return -1;
	return guard == 0 ? 0 : order_refuse(w, why, err);
}

int
order_approve(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_outmail m = {0};
	size_t others = 0;

	if (draft_of(e, ctx, w, o, false, &m, err) != 0 ||
	    may_approve(ctx, &m, o, err) != 0 ||
	    others_of(e, ctx, &m, o, &others, err) != 0)
		return -1;
	m.overridden |= o->override;
	if (may_leave_now(e, ctx, w, &m, err) != 0 ||
	    add_approval(e, w, &m, o, err) != 0)
		return -1;
	if (m.policy == POLICY_TWO && others == 0) {
		order_say(ctx, said,
		    "mail %lld: approved; it waits for a second person",
		    (long long)m.id);
		return 0;
	}
	m.state = OUTMAIL_APPROVED;
	order_say(ctx, said, "mail %lld: approved, it leaves", (long long)m.id);
	if (store_outmail_put(e->st, &m, OUTMAIL_DRAFT, err) != 0)
		return -1;
	return store_case_advance(e->st, w->c.id, true, err);
}

/* ---- edit, drop ---- */

/* Nothing of a report in a subject: it may be worded, and keeps the number. */
static int
check_subject(const struct casework *w, const char *subject, struct error *err)
{
	size_t left = strlen(subject);
	uint32_t c;
	size_t n;

	if (strstr(subject, w->c.number) == NULL)
		return error_set(err, FAULT_DENIED,
		    "the subject has to keep [%s]", w->c.number);
	for (; left > 0; subject += n, left -= n) {
		n = text_next(subject, left, &c);
		if (n == 0 || text_is_hidden(c))
			return error_set(err, FAULT_DENIED,
			    "the subject is not one line of text");
	}
	return 0;
}

int
order_edit(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_outmail m = {0};
	struct store_approval *list = NULL;
	const char *subject;
	uint32_t overridden = 0;
	size_t voided = 0;

	if (draft_of(e, ctx, w, o, false, &m, err) != 0)
		return -1;
	subject = o->subject != NULL ? o->subject : m.subject;
	if (o->text == NULL || text_is_blank(bytes_str(o->text)) ||
	    !text_valid(bytes_str(o->text)) || strlen(o->text) > BODY_MOST)
		return error_set(err, FAULT_DENIED,
		    "the mail has to be text, and not more than %d bytes",
		    BODY_MOST);
	if (check_subject(w, subject, err) != 0 ||
	    store_approval_list(ctx, e->st, m.id, &list, &voided, err) != 0 ||
	    store_outmail_edit(e->st, m.id, subject, o->text, err) != 0)
		return -1;
	m.subject = (char *)(uintptr_t)subject;
	m.body = (char *)(uintptr_t)o->text;
	if (voided > 0) {
		for (size_t i = 0; i < voided; i++)
			overridden |= list[i].overridden;
		order_say(ctx, said, "its approval is void%s",
		    overridden != 0 ? ", and so is what it overrode" : "");
		if (order_record(e, w, o, RECORD_APPROVAL_VOID,
			(uint32_t)voided, m.id, NULL, NULL, err) != 0)
			return -1;
	}
	order_say(ctx, said, "mail %lld: changed", (long long)m.id);
	return order_record(e, w, o, RECORD_DRAFT_EDITED, m.kind, m.id, NULL,
	    digest_hex(ctx, &m), err);
}

int
order_drop(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_outmail m = {0};
	uint32_t from;

	if (draft_of(e, ctx, w, o, true, &m, err) != 0)
		return -1;
	from = m.state;
	m.state = OUTMAIL_CANCELLED;
	order_say(ctx, said, "mail %lld: it does not leave", (long long)m.id);
	if (store_outmail_put(e->st, &m, from, err) != 0 ||
	    order_record(e, w, o, RECORD_DRAFT_DROPPED, m.kind, m.id, o->why,
		NULL, err) != 0)
		return -1;
	return store_case_advance(e->st, w->c.id, true, err);
}
