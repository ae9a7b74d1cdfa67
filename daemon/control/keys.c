/*
 * keys.c - key reseal: the data key to the keys of today.
 *
 * Runs in the engine.  The vault does the work; the request waits for it
 * turn by turn without keeping the loop awake.  No key is seen here.
 */
#include "request.h"

enum turn
reseal_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;
	int under_way = engine->reseal(engine->arg, r->actor, &r->err);

	if (under_way < 0)
		return TURN_FAILED;
	r->waits = under_way > 0;
	if (r->waits)
		return TURN_MORE;
	if (answer_set(r, "done",
		json_text("The data key is sealed to the keys of today.")) !=
		0 ||
	    answer_set(r, "poc", json_text(r->s->poc)) != 0 ||
	    answer_set(r, "recovery", json_text(r->s->recovery)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
