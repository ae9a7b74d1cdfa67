/*
 * clock.c - times in, text out.
 *
 * Dates that people read are in the process's time zone (TZ), those in mail
 * headers in UTC.
 */
#include "psirtd/clock.h"

#include <time.h>

#include <talloc.h>

int64_t
clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t
clock_monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct tm
clock_fields(int64_t when, bool local)
{
	time_t t = (time_t)when;
	struct tm tm = {0};

	if (local)
		localtime_r(&t, &tm);
	else
		gmtime_r(&t, &tm);
	return tm;
}

/* strftime's %a and %b are English: setlocale is never called. */
#define CLOCK_FORMAT(ctx, when, local, format)                                 \
	do {                                                                   \
		struct tm tm = clock_fields(when, local);                      \
		char text[64];                                                 \
                                                                               \
		if (strftime(text, sizeof(text), format, &tm) == 0)            \
			text[0] = '\0';                                        \
		return talloc_strdup(ctx, text);                               \
	} while (0)

char *
clock_text(const void *ctx, int64_t when)
{
	CLOCK_FORMAT(ctx, when, true, "%Y-%m-%d %H:%M %Z");
}

char *
clock_rfc3339(const void *ctx, int64_t when)
{
	CLOCK_FORMAT(ctx, when, false, "%Y-%m-%dT%H:%M:%SZ");
}

char *
clock_rfc5322(const void *ctx, int64_t when)
{
	CLOCK_FORMAT(ctx, when, false, "%a, %d %b %Y %H:%M:%S +0000");
}

char *
clock_date(const void *ctx, int64_t when)
{
	CLOCK_FORMAT(ctx, when, true, "%Y-%m-%d");
}

int64_t
clock_years(int64_t when, int n)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return when;
	tm.tm_year += n;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

int64_t
clock_months(int64_t when, int n)
{
	time_t t = (time_t)when;
	struct tm tm;
	struct tm last;

	if (localtime_r(&t, &tm) == NULL)
		return when;
	tm.tm_mon += n;
	tm.tm_isdst = -1;
	/* Day 0 of the month behind it. */
	last = tm;
	last.tm_mon++;
	last.tm_mday = 0;
	mktime(&last);
	if (tm.tm_mday > last.tm_mday)
		tm.tm_mday = last.tm_mday;
	return (int64_t)mktime(&tm);
}

int
clock_year(int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return 1970;
	return tm.tm_year + 1900;
}

int
clock_zone_min(int64_t when)
{
	return (int)(clock_fields(when, true).tm_gmtoff / 60);
}
