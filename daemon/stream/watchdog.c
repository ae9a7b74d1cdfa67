/*
 * watchdog.c - the last resort against a loop in a library.
 *
 * libetpan 1.9.4 has loops that never read (an EHLO reply with a TAB in its
 * list of AUTH is one); no deadline of the stream can end those.  So each
 * operation has an allowance of CPU time, and a process that burns it dies
 * of SIGVTALRM: the engine starts the room anew.  Waiting costs none.  Runs
 * in the fetch and send rooms.
 */
#include "stream_internal.h"

#include <sys/time.h>

void
stream_watchdog(unsigned cpu_ms)
{
	struct itimerval timer = {{0, 0},
	    {(time_t)(cpu_ms / 1000), (suseconds_t)(cpu_ms % 1000) * 1000}};

	setitimer(ITIMER_VIRTUAL, &timer, NULL);
}
