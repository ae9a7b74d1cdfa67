/*
 * clock.h - times.  All times are seconds since 1970 UTC in an int64_t.
 */
#ifndef PSIRTD_CLOCK_H
#define PSIRTD_CLOCK_H

#include <stdbool.h>
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
/* The n-th business day (Monday to Friday) after `when`, same time of day. */
int64_t clock_business_days(int64_t when, int n);
/* The same day and time n years later (29 February: 1 March). */
int64_t clock_years(int64_t when, int n);
/* The calendar year in the process's time zone. */
int clock_year(int64_t when);

#endif
