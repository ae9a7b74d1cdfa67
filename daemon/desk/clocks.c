/*
 * clocks.c - which due dates a report sets running, and when they are.
 *
 * They start from receipt at our mail server, never from filing (RULES 8):
 * a letter that lay set aside for a week has a week less.  Called for cases,
 * and for set-aside letters that may be a coordinator's notice.
 */
#include "desk_internal.h"

#include "psirtd/clock.h"

#define DAY_S 86400
/* Publication target of the partnership and of most CERTs. */
#define TARGET_DAYS 45

size_t
desk_clocks(const struct settings *s, enum flow flow, int64_t received,
    struct desk_clock clocks[DESK_CLOCKS_MOST])
{
	size_t n = 0;

	clocks[n++] = (struct desk_clock){
	    "first answer", clock_business_days(received, (int)s->reply_days)};
	clocks[n++] = (struct desk_clock){
	    "45 days", received + (int64_t)TARGET_DAYS * DAY_S};
	/* Seed <1>1.2.1: a year on, the finder may ask to end the silence. */
	if (flow == FLOW_JPCERT)
		clocks[n++] =
		    (struct desk_clock){"one year", clock_years(received, 1)};
	return n;
}
