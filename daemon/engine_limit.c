/*
 * engine_limit.c - when the limits of the settings let an answer leave:
 * acknowledge_per_hour to one address, automatic_per_hour in all.
 *
 * Runs in the engine process, inside the transaction of the stop `file`.  An
 * answer over a limit is late, not lost: it leaves when the hour has room
 * again.  What would be more than an hour late is held, and a person decides:
 * in a flood nobody wants the answers of a whole night.
 */
#include "engine_internal.h"

#include "psirtd/clock.h"

#define HOUR_S INT64_C(3600)

/* Moves *at to when fewer than `most` leave in the hour before. */
static int
wait_for(struct engine *e, const char *address, unsigned most, int64_t now,
    int64_t *at, struct error *err)
{
	int64_t left = 0;

	/* Of two hours: one that is late was made up to an hour before. */
	if (store_automatic_latest(
		e->st, address, now - 2 * HOUR_S, most, &left, err) != 0)
		return -1;
	/* Nobody is made to wait so long: the clock has gone back. */
	if (left > now + HOUR_S)
		left = now;
	if (left != 0 && left + HOUR_S > *at)
		*at = left + HOUR_S;
	return 0;
}

int
limit_answer(struct engine *e, struct store_outmail *m, struct error *err)
{
	int64_t now = clock_now();
	int64_t at = now;

	/* In doubt: it leaves by a person's hand alone (engine_release.c). */
	if (e->in_doubt || release_waits(e))
		return 0;
	if (wait_for(e, NULL, e->s->automatic_per_hour, now, &at, err) != 0 ||
	    wait_for(e, m->to, e->s->acknowledge_per_hour, now, &at, err) != 0)
		return -1;
	if (at > now + HOUR_S) {
		m->state = OUTMAIL_HELD;
		/* It takes no place: those that leave are counted. */
		m->automatic = 0;
		m->reason = (char *)(uintptr_t) "more answers than limits "
						"{ acknowledge_per_hour, "
						"automatic_per_hour } let "
						"leave within an hour";
	} else if (at > now) {
		m->not_before = at;
	}
	return 0;
}

int
limit_tell(struct engine *e, const struct store_outmail *m, struct error *err)
{
	bool held = m->state == OUTMAIL_HELD;
	enum reason reason = held ? REASON_ANSWER_HELD : REASON_ANSWER_LATE;
	int64_t now = clock_now();
	int64_t last = 0;

	if (!held && m->not_before == 0)
		return 0;
	if (held && engine_record(e, RECORD_MAIL_HELD, m->casefile, m->letter,
			m->id, 0, err) != 0)
		return -1;
	if (store_memo_get(e->st, reason_name(reason), &last, err) < 0)
		return -1;
	/* A flood is told of once in an hour; a clock may have been wrong. */
	if (last > now - HOUR_S && last <= now)
		return 0;
	if (store_memo_put(e->st, reason_name(reason), now, err) != 0)
		return -1;
	return store_alert_add(
	    e->st, (uint32_t)reason, m->letter, m->casefile, now, err);
}
