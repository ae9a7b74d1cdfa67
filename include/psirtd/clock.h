/*
 * clock.h - times.  All times are seconds since 1970 UTC in an int64_t.
 */
#ifndef PSIRTD_CLOCK_H
#define PSIRTD_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_now(void);
int64_t clock_monotonic_ms(void);
/* "2026-11-24 17:16 JST" in the process's time zone (TZ). */
char *clock_text(const void *ctx, int64_t when);
/* "2026-11-24T17:16:43Z" (RFC 3339). */
char *clock_rfc3339(const void *ctx, int64_t when);
/* "Tue, 24 Nov 2026 17:16:43 +0000" (RFC 5322). */
char *clock_rfc5322(const void *ctx, int64_t when);
/* "2026-11-24" in the process's time zone. */
char *clock_date(const void *ctx, int64_t when);
/* The same day and time n years later (29 February: 1 March). */
int64_t clock_years(int64_t when, int n);
/* The same day n months later, or the last one of a shorter month. */
int64_t clock_months(int64_t when, int n);
/* The calendar year in the process's time zone. */
int clock_year(int64_t when);
/* How far the process's time zone is east of UTC then, in minutes. */
int clock_zone_min(int64_t when);

/* ---- dates as people write them ---- */

struct clock_read {
	int64_t when;
	int zone_min; /* minutes east of UTC; the process's where none stands */
	bool zoned;   /* it names its zone */
	bool timed;   /* it names a time of day; else `when` is its midnight */
	size_t len;   /* bytes it takes */
};
/*
 * The date that `text` begins with, as text_plain() leaves it: 2026-12-01,
 * 2026/12/1, 1 december 2026, dec 1, 2026年12月1日(火), 令和8年12月1日,
 * r8.12.1, with a time and a zone behind it.  One without a year is the first
 * from `near` on; 0: a year must stand there.
 */
bool clock_read(const char *text, int64_t near, struct clock_read *out);
/* The whole text is one, in whatever width and case. */
bool clock_parse(const char *text, struct clock_read *out);

#endif
