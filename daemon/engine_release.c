/*
 * engine_release.c - after a restore: nothing leaves before a person says so;
 * what nobody knows to have left is uncertain from its beginning.
 *
 * Runs in the engine process.  What left after the backup was made is not
 * known to it: what it holds as about to leave becomes uncertain at the first
 * start, and the way out stays shut until `psirt queue release`.  So does
 * what psirtd makes by itself meanwhile: the letter that it answers may have
 * lain there when the backup was made, and was answered then.  What a person
 * makes waits as approved.
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/store_keep.h"

/* Of what answers a letter by itself that may have been answered (RULES 9). */
#define WHY_FOUND                                                              \
	"its letter was found in going through the mailbox: it may have been " \
	"answered before"
#define WHY                                                                    \
	"it may have left after the backup was made that this database was "   \
	"restored from"

bool
release_waits(struct engine *e)
{
	struct error err = {0};
	int64_t since = 0;

	if (store_memo_get(e->st, MEMO_RESTORED, &since, &err) == 0)
		return since != 0;
	engine_trouble(e, "release", &err);
	return true;
}

int
release_tell(struct engine *e, const struct store_outmail *m, struct error *err)
{
	if (engine_record(e, RECORD_MAIL_UNCERTAIN, m->casefile, m->letter,
		m->id, 0, err) != 0 ||
	    mail_tell_case(e, m, err) != 0)
		return -1;
	return mail_tell(e, m, REASON_MAIL_UNCERTAIN, err);
}

void
release_doubt(struct engine *e, struct store_outmail *m, const char *actor)
{
	const char *why = NULL;

	if (m->state != OUTMAIL_APPROVED)
		return;
	if (e->in_doubt && m->automatic && m->letter != 0)
		why = WHY_FOUND;
	else if (strcmp(actor, "psirtd") == 0 && !mail_is_to_desk(m) &&
		 release_waits(e))
		why = WHY;
	if (why == NULL)
		return;
	m->state = OUTMAIL_UNCERTAIN;
	m->reason = (char *)(uintptr_t)why;
	/* It takes no place of those that leave (engine_limit.c). */
	if (mail_is_answer(m))
		m->automatic = 0;
}

static int
doubt(struct engine *e, int64_t id, uint32_t from, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	int rc = store_outmail_get(ctx, e->st, id, &m, err);

	if (rc != 1)
		goto out;
	m.state = OUTMAIL_UNCERTAIN;
	m.reason = talloc_strdup(ctx, WHY);
	/* Here there are no bytes of it that a person could send again. */
	if (from == OUTMAIL_APPROVED || from == OUTMAIL_HELD)
		m.tries = 0;
	rc = -1;
	if (store_outmail_put(e->st, &m, from, err) == 0 &&
	    release_tell(e, &m, err) == 0)
		rc = 1;
out:
	talloc_free(ctx);
	return rc == 1 ? 0 : -1;
}

static int
doubt_state(struct engine *e, uint32_t state, struct error *err)
{
	int64_t id = 0;
	int64_t next = 0;

	do {
		if (store_outmail_next(
			e->st, state, INT64_MAX, id, &id, &next, err) != 0 ||
		    (id != 0 && doubt(e, id, state, err) != 0))
			return -1;
	} while (id != 0);
	return 0;
}

int
release_start(struct engine *e, struct error *err)
{
	/* What was held left when its key came, or a person sent it. */
	static const uint32_t leaving[] = {
	    OUTMAIL_APPROVED, OUTMAIL_SEALED, OUTMAIL_SENDING, OUTMAIL_HELD};
	int64_t in_doubt = 0;

	if (store_memo_get(e->st, MEMO_DOUBT, &in_doubt, err) < 0)
		return -1;
	if (in_doubt == 0)
		return 0;
	log_warn("restored from a backup: nothing leaves before \"psirt queue "
		 "release\"");
	/* All in one: what is approved from now on is not in doubt. */
	if (store_begin(e->st, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(leaving) / sizeof(leaving[0]); i++)
		if (doubt_state(e, leaving[i], err) != 0)
			return -1;
	if (store_memo_put(e->st, MEMO_DOUBT, 0, err) != 0)
		return -1;
	return stop_commit(e, "start", err);
}

const char *
release_why(struct engine *e, const void *ctx)
{
	struct error err = {0};
	int64_t since = 0;

	if (store_memo_get(e->st, MEMO_RESTORED, &since, &err) < 0 ||
	    since == 0)
		return NULL;
	return talloc_asprintf(ctx,
	    "restored from a backup at %s: nothing leaves, and what left after "
	    "the backup is not known here; see \"psirt queue\" and \"psirt "
	    "approve\", then \"psirt queue release\"",
	    clock_rfc3339(ctx, since));
}
