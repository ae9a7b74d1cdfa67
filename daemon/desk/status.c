/*
 * status.c - the periodic mail that keeps a counterpart from believing that
 * nothing is done (seed p.27, RULES 25).
 *
 * Runs in the engine, pure.  Decides whether one goes now; it holds a number,
 * a phase in the fixed words below, and the next date.
 */
#include "procedure_internal.h"

#include <string.h>

#include "desk_internal.h"

/* As many that say the same go by themselves; the next is for a person. */
#define SAME_MOST 2

int64_t
desk_status_every(const struct case_view *v)
{
	if (case_speaks_through_jpcert(v))
		return case_window(v) != NULL ? v->s->status_jpcert_s : 0;
	if (correspondent_by_name(v->s, v->counterpart) != NULL)
		return v->s->status_cert_s;
	return v->finder_address != NULL ? v->s->status_finder_s : 0;
}

struct status_decision
desk_status(const struct status_input *in)
{
	int64_t every = desk_status_every(in->v), now = in->v->now;

	if (in->v->closed || every <= 0)
		return (struct status_decision){STATUS_NEVER, 0};
	if (in->next_status == 0)
		return (struct status_decision){STATUS_WAIT, now + every};
	if (now < in->next_status)
		return (struct status_decision){STATUS_WAIT, in->next_status};
	if (in->key_known && !in->key_usable)
		return (struct status_decision){STATUS_HOLD, now + every};
	/* Counted from that mail, so that no gap grows over the cadence. */
	if (in->last_real != 0 && now - in->last_real < in->s->status_quiet_s) {
		int64_t next = in->last_real + every;

		return (struct status_decision){
		    STATUS_SKIP, next > now ? next : now + every};
	}
	if (in->said_phase == in->v->phase && in->said_same >= SAME_MOST)
		return (struct status_decision){STATUS_DRAFT, now + every};
	return (struct status_decision){STATUS_SEND, now + every};
}

/* By phase of the seed: no fact of the report, nothing of who does it. */
const char *
desk_phase_words(unsigned phase, const char *language)
{
	static const struct {
		const char *en, *ja;
	} words[] = {
	    {"received", "受領済み"},
	    {"received, and being handed to those who will examine it",
		"受領済み・担当部門への引き継ぎ中"},
	    {"under examination", "調査中"},
	    {"examined; measures are being worked out", "対策の検討中"},
	    {"measures are being completed, and their announcement prepared",
		"対策の実施・告知の準備中"},
	    {"the announcement is being made", "告知の実施中"},
	};
	size_t n = sizeof(words) / sizeof(words[0]);
	size_t at = phase < n ? phase : n - 1;

	return language != NULL && strcmp(language, "ja") == 0 ? words[at].ja
							       : words[at].en;
}
