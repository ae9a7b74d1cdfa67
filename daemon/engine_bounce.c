/*
 * engine_bounce.c - a delivery report: which mail of ours it is about, and
 * that it did not arrive.
 *
 * Runs in the engine process, inside the transaction of the stop `file`.
 * What the letter says, and which words of it may be Message-IDs of ours,
 * finds the desk (desk_bounce()); here they are looked up.  A report that
 * names none is about nothing of ours.
 */
#include "engine_case.h"

#include <talloc.h>

int
bounce_find(struct filing *f, struct error *err)
{
	const struct desk_bounce *b = desk_bounce(f, f->e->s, f->o);

	if (b == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	f->bounce = b->says;
	for (size_t i = 0; i < b->nids; i++) {
		int64_t casefile = 0;
		int64_t outmail = 0;

		if (store_message_id_find(
			f->e->st, b->ids[i], &casefile, &outmail, err) != 0)
			return -1;
		if (outmail == 0)
			continue;
		if (f->bounced == 0)
			f->bounced = outmail;
		f->in.bounce_of_ours = b->says != BOUNCE_NONE;
		if (filing_candidate(f, casefile, MATCH_THREAD, err) != 0)
			return -1;
	}
	return 0;
}

int
bounce_take(struct filing *f, struct error *err)
{
	struct store_outmail m = {0};
	struct store_task t = {.kind = TASK_BOUNCED,
	    .letter = f->letter.id,
	    .outmail = f->bounced};

	if (f->bounced == 0 || f->d->reason != REASON_BOUNCE ||
	    f->bounce != BOUNCE_FAILED)
		return 0;
	if (store_outmail_get(f, f->e->st, f->bounced, &m, err) != 1)
		return -1;
	if (m.bounced != 0)
		return 0;
	t.casefile = m.casefile;
	if (store_outmail_bounced(f->e->st, m.id, f->in.now, err) != 0 ||
	    engine_record(f->e, RECORD_MAIL_BOUNCED, m.casefile, f->letter.id,
		m.id, m.kind, err) != 0 ||
	    task_add(f->e, &t, err) != 0)
		return -1;
	/* Not by mail of what tells by mail: that did not arrive either. */
	return m.kind == MAIL_ALERT
		   ? 0
		   : store_alert_add(f->e->st, REASON_BOUNCE, f->letter.id,
			 m.casefile, f->in.now, err);
}
