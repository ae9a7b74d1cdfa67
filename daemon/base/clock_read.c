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

#include "psirtd/text.h"

#define HOUR_MIN 60
#define DAY_S 86400
#define PARSED_MOST 200 /* bytes of what a person types as a date */
#define REIWA 2018      /* 令和 1 is 2019 */

struct day {
	int year; /* 0: none stands there */
	int month;
	int day;
};

struct time_of_day {
	int hour, minute, second;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static const char *
blanks(const char *s)
{
	return s + strspn(s, " ");
}

/* Passes over a word, a whole one where it ends in a letter. */
static bool
take(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) != 0 ||
	    (is_letter(word[n - 1]) && is_letter((*at)[n])))
		return false;
	*at += n;
	return true;
}

/* A number of so many digits, and no more behind it. */
static bool
take_number(const char **at, size_t least, size_t most, int *number)
{
	size_t n = strspn(*at, "0123456789");

	if (n < least || n > most)
		return false;
	*number = 0;
	for (size_t i = 0; i < n; i++)
		*number = *number * 10 + ((*at)[i] - '0');
	*at += n;
	return true;
}

/* ---- the day ---- */

static bool
take_month(const char **at, int *month)
{
	static const char *const months[] = {"january", "february", "march",
	    "april", "may", "june", "july", "august", "september", "october",
	    "november", "december"};
	size_t n = 0;

	while (is_letter((*at)[n]))
		n++;
	for (int i = 0; i < 12; i++) {
		if (n != strlen(months[i]) && n != 3 &&
		    !(i == 8 && n == 4)) /* sept */
			continue;
		if (strncmp(*at, months[i], n) != 0)
			continue;
		*at += n + ((*at)[n] == '.');
		*month = i + 1;
		return true;
	}
	return false;
}

/* In brackets or not: "(火)", "火曜日", "tue", "tuesday". */
static bool
take_weekday(const char **at)
{
	static const char *const days[] = {"sunday", "monday", "tuesday",
	    "wednesday", "thursday", "friday", "saturday", "sun", "mon", "tue",
	    "tues", "wed", "thu", "thur", "thurs", "fri", "sat"};
	static const char *const kanji[] = {
	    "日", "月", "火", "水", "木", "金", "土"};
	const char *s = blanks(*at);
	bool bracket = *s == '(';
	bool found = false;

	s += bracket;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]) && !found; i++)
		found = take(&s, days[i]);
	for (size_t i = 0; i < sizeof(kanji) / sizeof(kanji[0]) && !found; i++)
		if (take(&s, kanji[i]))
			found = take(&s, "曜日") || take(&s, "曜") || bracket;
	while (found && bracket && take(&s, "・祝"))
		continue;
	if (!found || (bracket && *s++ != ')'))
		return false;
	*at = s;
	return true;
}

/* 2026-12-01, 2026/12/1, 2026.12.1, 2026年12月1日, 令和8年12月1日, r8.12.1 */
static bool
take_year_first(const char **at, struct day *d)
{
	const char *s = *at;
	bool reiwa =
	    take(&s, "令和") || (s[0] == 'r' && is_digit(s[1]) && s++ != NULL);
	char sep;

	s = reiwa ? blanks(s) : s;
	if (reiwa && take(&s, "元"))
		d->year = 1;
	else if (!take_number(&s, reiwa ? 1 : 4, reiwa ? 2 : 4, &d->year))
		return false;
	d->year += reiwa ? REIWA : 0;
	s = blanks(s);
	if (take(&s, "年")) {
		s = blanks(s);
		if (!take_number(&s, 1, 2, &d->month))
			return false;
		s = blanks(s);
		if (!take(&s, "月"))
			return false;
		s = blanks(s);
		if (!take_number(&s, 1, 2, &d->day))
			return false;
		s = blanks(s);
		if (!take(&s, "日"))
			return false;
		*at = s;
		return true;
	}
	sep = *s;
	if (sep != '-' && sep != '/' && sep != '.')
		return false;
	s++;
	if (!take_number(&s, 1, 2, &d->month) || *s != sep)
		return false;
	s++;
	if (!take_number(&s, 1, 2, &d->day))
		return false;
	*at = s;
	return true;
}

/* 12月1日, 12/1(火), 12/1まで */
static bool
take_yearless(const char **at, struct day *d)
{
	const char *s = *at;
	const char *behind;

	d->year = 0;
	if (!take_number(&s, 1, 2, &d->month))
		return false;
	s = blanks(s);
	if (take(&s, "月")) {
		s = blanks(s);
		if (!take_number(&s, 1, 2, &d->day))
			return false;
		s = blanks(s);
		if (!take(&s, "日"))
			return false;
		*at = s;
		return true;
	}
	if (*s++ != '/' || !take_number(&s, 1, 2, &d->day))
		return false;
	behind = s;
	if (!take_weekday(&behind) && !take(&behind, "まで"))
		return false;
	*at = s;
	return true;
}

/* 25/12/2026 and 12/25/2026, 1.12.2026; not 3/4/2026 */
static bool
take_year_last(const char **at, struct day *d)
{
	const char *s = *at;
	int one;
	int two;
	char sep;

	if (!take_number(&s, 1, 2, &one))
		return false;
	sep = *s++;
	if ((sep != '/' && sep != '.') || !take_number(&s, 1, 2, &two) ||
	    *s++ != sep || !take_number(&s, 4, 4, &d->year))
		return false;
	if (sep == '/' && one <= 12 && two <= 12 && one != two)
		return false;
	d->day = sep == '.' || one > 12 ? one : two;
	d->month = sep == '.' || one > 12 ? two : one;
	*at = s;
	return true;
}

/* A year behind "1 december" and "december 1"; none is well, too. */
static const char *
year_behind(const char *s, int *year)
{
	const char *y = blanks(s);

	y = blanks(y + (*y == ',' || *y == '-'));
	*year = 0;
	if (take_number(&y, 4, 4, year) && !is_letter(*y))
		return y;
	*year = 0;
	return s;
}

static void
pass_ordinal(const char **s)
{
	if (!take(s, "st") && !take(s, "nd") && !take(s, "rd"))
		take(s, "th");
}

/* 1 december 2026, 1st of december, 1-dec-2026; december 1st, 2026 */
static bool
take_english(const char **at, struct day *d)
{
	const char *s = *at;

	if (take_number(&s, 1, 2, &d->day)) {
		pass_ordinal(&s);
		s = blanks(s + (*s == '-'));
		if (take(&s, "of "))
			s = blanks(s);
		if (!take_month(&s, &d->month))
			return false;
	} else {
		if (!take_month(&s, &d->month))
			return false;
		s = blanks(s);
		if (take(&s, "the "))
			s = blanks(s);
		if (!take_number(&s, 1, 2, &d->day))
			return false;
		pass_ordinal(&s);
		if (is_letter(*s) || *s == '%')
			return false;
	}
	*at = year_behind(s, &d->year);
	return true;
}

static bool
take_day(const char **at, struct day *d)
{
	const char *s = *at;

	if (take_weekday(&s))
		s = blanks(s + (*s == ','));
	if (take(&s, "the "))
		s = blanks(s);
	if (!take_year_first(&s, d) && !take_year_last(&s, d) &&
	    !take_english(&s, d) && !take_yearless(&s, d))
		return false;
	*at = s;
	return true;
}

static bool
is_day(const struct day *d)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap =
	    (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;

	if (d->year < 1970 || d->year > 2999 || d->month < 1 || d->month > 12)
		return false;
	return d->day >= 1 &&
	       d->day <= days[d->month - 1] + (d->month == 2 && leap);
}

/* ---- the time of day ---- */

/* "am" and its kin: hours to add; -1 none stands there. */
static int
take_half(const char **at)
{
	const char *s = blanks(*at);
	int half = take(&s, "am") || take(&s, "a.m.") || take(&s, "午前") ? 0
		   : take(&s, "pm") || take(&s, "p.m.") || take(&s, "午後")
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
		if (!take_number(&s, 2, 2, &t->minute))
			return false;
		if (*s == ':') {
			s++;
			if (!take_number(&s, 2, 2, &t->second))
				return false;
			if (*s == '.' && is_digit(s[1]))
				s += 1 + strspn(s + 1, "0123456789");
		}
		*at = s;
		return true;
	}
	s = blanks(s);
	if (!take(&s, "時"))
		return false;
	*at = s;
	s = blanks(s);
	if (take(&s, "半")) {
		t->minute = 30;
		*at = s;
	} else if (take_number(&s, 1, 2, &t->minute)) {
		s = blanks(s);
		if (take(&s, "分"))
			*at = s;
		else
			t->minute = 0;
	}
	return true;
}

static bool
take_time(const char **at, struct time_of_day *t)
{
	const char *s = blanks(*at);
	int half;

	memset(t, 0, sizeof(*t));
	if (*s == ',')
		s++;
	if (*s == 't' && is_digit(s[1]))
		s++;
	s = blanks(s);
	if (take(&s, "at ") || take(&s, "の"))
		s = blanks(s);
	if (take(&s, "noon") || take(&s, "正午")) {
		t->hour = 12;
		*at = s;
		return true;
	}
	half = take_half(&s);
	s = blanks(s);
	if (!take_number(&s, 1, 2, &t->hour))
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
	if (take_number(&s, 4, 4, &hours)) {
		minutes = hours % 100;
		hours /= 100;
	} else if (!take_number(&s, 1, 2, &hours)) {
		return false;
	} else if (*s == ':') {
		s++;
		if (!take_number(&s, 2, 2, &minutes))
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
	const char *s = blanks(*at);
	bool bracket = *s == '(';
	bool found = timed && (take_offset(&s, zone_min) ||
				  (*s == 'z' && !is_letter(s[1]) &&
				      s++ != NULL && (*zone_min = 0) == 0));

	s += !found && bracket;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]) && !found; i++)
		if (take(&s, zones[i].name)) {
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
	if (!take_day(&s, &d))
		return false;
	yearless = d.year == 0;
	if (yearless && near == 0)
		return false;
	if (yearless)
		d.year = clock_year(near);
	take_weekday(&s);
	out->timed = take_time(&s, &t);
	out->zoned = take_zone(&s, out->timed, &out->zone_min);
	/* 29 February alone means the next leap year's. */
	for (int tries = 0; tries < 9; tries++, d.year++) {
		if (is_day(&d)) {
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
		const char *s = blanks(plain.text);

		found = clock_read(s, 0, out) &&
			s[out->len + strspn(s + out->len, " \n")] == '\0';
	}
	talloc_free(tmp);
	return found;
}
