/*
 * store_names.c - words for the numbers of the procedure's rows, as psirt and
 * `psirtd --inspect` show them.  Pure.
 */
#include "psirtd/store_names.h"

#include <stddef.h>

#include "psirtd/store.h"

static const char *
name_of(const char *const *names, size_t n, uint32_t value)
{
	return value < n && names[value] != NULL ? names[value] : "?";
}

#define NAME_OF(names, value)                                                  \
	name_of(names, sizeof(names) / sizeof((names)[0]), value)

const char *
step_state_name(uint32_t state)
{
	static const char *const names[] = {
	    [STEP_READY] = "ready",
	    [STEP_RUNNING] = "running",
	    [STEP_ENDED] = "ended",
	    [STEP_SKIPPED] = "skipped",
	};

	return NAME_OF(names, state);
}

const char *
question_state_name(uint32_t state)
{
	static const char *const names[] = {
	    [QUESTION_OPEN] = "open",
	    [QUESTION_ASKED] = "asked",
	    [QUESTION_ANSWERED] = "answered",
	    [QUESTION_RELAYED] = "relayed",
	    [QUESTION_DROPPED] = "dropped",
	};

	return NAME_OF(names, state);
}

const char *
task_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [TASK_ANSWER_FINDER] = "answer-finder",
	    [TASK_COUNTERPART] = "counterpart-wrote",
	    [TASK_UNDERSTAND] = "not-understood",
	    [TASK_CONFLICT] = "answers-differ",
	    [TASK_UNSIGNED] = "unsigned-answer",
	    [TASK_QUESTION] = "question",
	    [TASK_OTHER_KEY] = "other-key",
	    [TASK_EXPLOITED] = "exploited",
	    [TASK_DEADLINE] = "deadline",
	    [TASK_LINK] = "same-as",
	    [TASK_LATER_DATE] = "date-too-late",
	    [TASK_PLAN_SLIPS] = "plan-slips",
	    [TASK_STATUS_HELD] = "status-held",
	    [TASK_REGISTRATION] = "registration",
	    [TASK_MEDIATED] = "mediated",
	    [TASK_BOUNCED] = "bounced",
	    [TASK_NOT_DRAFTED] = "not-drafted",
	    [TASK_HAND_ON] = "hand-on",
	    [TASK_STUCK] = "stuck",
	};

	return NAME_OF(names, kind);
}

const char *
link_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [LINK_PROPOSED] = "proposed",
	    [LINK_SAME] = "same",
	    [LINK_MERGED] = "merged",
	    [LINK_FOLLOWS] = "follows",
	    [LINK_REFUSED] = "refused",
	};

	return NAME_OF(names, kind);
}

const char *
mark_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [MARK_IDENT] = "identifier",
	    [MARK_PRODUCT] = "product",
	    [MARK_FILE] = "file",
	};

	return NAME_OF(names, kind);
}

const char *
channel_name(uint32_t channel)
{
	static const char *const names[] = {
	    [CHANNEL_OWN] = "own",
	    [CHANNEL_JPCERT] = "jpcert",
	    [CHANNEL_ADVISED] = "advised",
	};

	return NAME_OF(names, channel);
}
