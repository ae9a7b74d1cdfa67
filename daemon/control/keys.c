/*
 * keys.c - key reseal: the data key to the keys of today; key renew: another
 * data key.
 *
 * Runs in the engine.  The vault does the work; the request waits for it
 * turn by turn without keeping the loop awake.  No key is seen here.
 */
#include "request.h"

static enum turn
key_run(struct request *r, int under_way, const char *done)
{
	if (under_way < 0)
		return TURN_FAILED;
	r->waits = under_way > 0;
	if (r->waits)
		return TURN_MORE;
	if (answer_set(r, "done", json_text(done)) != 0 ||
	    answer_set(r, "poc", json_text(r->s->poc)) != 0 ||
	    answer_set(r, "recovery", json_text(r->s->recovery)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

enum turn
reseal_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;

	return key_run(r, engine->reseal(engine->arg, r->actor, &r->err),
	    "The data key is sealed to the keys of today.");
}

enum turn
renew_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;

	return key_run(r, engine->renew(engine->arg, r->actor, &r->err),
	    "A new data key is in use. What rests under the former one is "
	    "being sealed anew: \"psirt\" says how far it is.");
}
