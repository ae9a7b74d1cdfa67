/*
 * clock_read.c - a date out of text, as people write it.
 *
 * Takes text as text_plain() leaves it, from outside; gives the date that it
 * begins with.  English and Japanese, with 令和 years, weekdays, times of day
 * and zones.  A date that may be read in two ways (3/4/2026) is none, and so
 * is one that no calendar has.
 */
#include "psirtd/clock.h"

#include <string.h>
#include <time.h>

#include <talloc.h>

#include "clock_day.h"
#include "psirtd/text.h"

#define HOUR_MIN 60
#define DAY_S 86400
#define PARSED_MOST 200 /* bytes of what a person types as a date */

struct time_of_day {
	int hour, minute, second;
};

/* ---- the time of day ---- */

/* "am" and its kin: hours to add; -1 none stands there. */
static int
take_half(const char **at)
{
	const char *s = clock_blanks(*at);
	int half = clock_take(&s, "am") || clock_take(&s, "a.m.") ||
			   clock_take(&s, "午前")
		       ? 0
		   : clock_take(&s, "pm") || clock_take(&s, "p.m.") ||
			   clock_take(&s, "午後")
		       ? 12
		       : -1;

	if (half >= 0)
		*at = s;
	return half;
}

static bool
take_minutes(const char **at, struct time_of_day *t)
{
	const char *s = *at;

	if (*s == ':') {
		s++;
		if (!clock_take_number(&s, 2, 2, &t->minute))
			return false;
		if (*s == ':') {
			s++;
			if (!clock_take_number(&s, 2, 2, &t->second))
				return false;
			if (*s == '.' && clock_is_digit(s[1]))
				s += 1 + strspn(s + 1, "0123456789");
		}
		*at = s;
		return true;
	}
	s = clock_blanks(s);
	if (!clock_take(&s, "時"))
		return false;
	*at = s;
	s = clock_blanks(s);
	if (clock_take(&s, "半")) {
		t->minute = 30;
		*at = s;
	} else if (clock_take_number(&s, 1, 2, &t->minute)) {
		s = clock_blanks(s);
		if (clock_take(&s, "分"))
			*at = s;
		else
			t->minute = 0;
	}
	return true;
}

static bool
take_time(const char **at, struct time_of_day *t)
{
	const char *s = clock_blanks(*at);
	int half;

	memset(t, 0, sizeof(*t));
	if (*s == ',')
		s++;
	if (*s == 't' && clock_is_digit(s[1]))
		s++;
	s = clock_blanks(s);
	if (clock_take(&s, "at ") || clock_take(&s, "の"))
		s = clock_blanks(s);
	if (clock_take(&s, "noon") || clock_take(&s, "正午")) {
		t->hour = 12;
		*at = s;
		return true;
	}
	half = take_half(&s);
	s = clock_blanks(s);
	if (!clock_take_number(&s, 1, 2, &t->hour))
		return false;
	if (!take_minutes(&s, t)) {
		/* A number alone is no time. */
		half = half >= 0 ? -1 : take_half(&s);
		if (half < 0)
			return false;
	} else if (half < 0) {
		half = take_half(&s);
	}
	if (half >= 0) {
		if (t->hour > 12)
			return false;
		t->hour = t->hour % 12 + half;
	}
	if (t->minute > 59 || t->second > 60 || t->hour > 24 ||
	    (t->hour == 24 && (t->minute > 0 || t->second > 0)))
		return false;
	*at = s;
	return true;
}

/* ---- the zone ---- */

static bool
take_offset(const char **at, int *zone_min)
{
	const char *s = *at;
	int sign = *s == '-' ? -1 : 1;
	int hours;
	int minutes = 0;

	if (*s != '+' && *s != '-')
		return false;
	s++;
	if (clock_take_number(&s, 4, 4, &hours)) {
		minutes = hours % 100;
		hours /= 100;
	} else if (!clock_take_number(&s, 1, 2, &hours)) {
		return false;
	} else if (*s == ':') {
		s++;
		if (!clock_take_number(&s, 2, 2, &minutes))
			return false;
	}
	if (hours > 14 || minutes > 59)
		return false;
	*zone_min = sign * (hours * HOUR_MIN + minutes);
	*at = s;
	return true;
}

/* Names that mean one zone wherever they are written. */
static bool
take_zone(const char **at, bool timed, int *zone_min)
{
	static const struct {
		const char *name;
		int zone_min;
	} zones[] = {{"jst", 540}, {"日本時間", 540}, {"utc", 0}, {"gmt", 0},
	    {"cet", 60}, {"cest", 120}, {"est", -300}, {"edt", -240},
	    {"pst", -480}, {"pdt", -420}, {"kst", 540}};
	const char *s = clock_blanks(*at);
	bool bracket = *s == '(';
	bool found = timed && (take_offset(&s, zone_min) ||
				  (*s == 'z' && !clock_is_letter(s[1]) &&
				      s++ != NULL && (*zone_min = 0) == 0));

	s += !found && bracket;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]) && !found; i++)
		if (clock_take(&s, zones[i].name)) {
			*zone_min = zones[i].zone_min;
			/* "utc+9", "gmt+09:00" */
			if (zones[i].zone_min == 0)
				take_offset(&s, zone_min);
			found = true;
		}
	if (!found || (bracket && *s++ != ')'))
		return false;
	*at = s;
	return true;
}

/* ---- both ---- */

static int64_t
seconds_of(
    const struct day *d, const struct time_of_day *t, bool zoned, int *zone_min)
{
	struct tm tm = {0};
	time_t when;

	tm.tm_year = d->year - 1900;
	tm.tm_mon = d->month - 1;
	tm.tm_mday = d->day;
	tm.tm_hour = t->hour;
	tm.tm_min = t->minute;
	tm.tm_sec = t->second;
	if (zoned)
		return (int64_t)timegm(&tm) - (int64_t)*zone_min * 60;
	tm.tm_isdst = -1;
	when = mktime(&tm);
	*zone_min = (int)(tm.tm_gmtoff / 60);
	return (int64_t)when;
}

bool
clock_read(const char *text, int64_t near, struct clock_read *out)
{
	const char *s = text;
	struct time_of_day t = {0};
	struct day d = {0};
	bool yearless;

	memset(out, 0, sizeof(*out));
	if (!clock_take_day(&s, &d))
		return false;
	yearless = d.year == 0;
	if (yearless && near == 0)
		return false;
	if (yearless)
		d.year = clock_year(near);
	clock_take_weekday(&s);
	out->timed = take_time(&s, &t);
	out->zoned = take_zone(&s, out->timed, &out->zone_min);
	/* 29 February alone means the next leap year's. */
	for (int tries = 0; tries < 9; tries++, d.year++) {
		if (clock_is_day(&d)) {
			out->when =
			    seconds_of(&d, &t, out->zoned, &out->zone_min);
			if (!yearless || out->when > near - DAY_S) {
				out->len = (size_t)(s - text);
				return true;
			}
		}
		if (!yearless)
			return false;
	}
	return false;
}

bool
clock_parse(const char *text, struct clock_read *out)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	struct plain_text plain;
	size_t len = strnlen(text, PARSED_MOST + 1);
	bool found = false;

	if (len <= PARSED_MOST && text_plain(tmp, text, len, &plain)) {
		const char *s = clock_blanks(plain.text);

		found = clock_read(s, 0, out) &&
			s[out->len + strspn(s + out->len, " \n")] == '\0';
	}
	talloc_free(tmp);
	return found;
}
