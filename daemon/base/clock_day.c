/*
 * clock_day.c - a day out of text, as people write it.
 *
 * Takes text as text_plain() leaves it, from outside.  English and Japanese,
 * with 令和 years and weekdays.  One that may be read in two ways (3/4/2026)
 * is none.
 */
#include "clock_day.h"

#include <string.h>

#define REIWA 2018 /* 令和 1 is 2019 */

bool
clock_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
clock_is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

const char *
clock_blanks(const char *s)
{
	return s + strspn(s, " ");
}

bool
clock_take(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) != 0 ||
	    (clock_is_letter(word[n - 1]) && clock_is_letter((*at)[n])))
		return false;
	*at += n;
	return true;
}

bool
clock_take_number(const char **at, size_t least, size_t most, int *number)
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

	while (clock_is_letter((*at)[n]))
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
bool
clock_take_weekday(const char **at)
{
	static const char *const days[] = {"sunday", "monday", "tuesday",
	    "wednesday", "thursday", "friday", "saturday", "sun", "mon", "tue",
	    "tues", "wed", "thu", "thur", "thurs", "fri", "sat"};
	static const char *const kanji[] = {
	    "日", "月", "火", "水", "木", "金", "土"};
	const char *s = clock_blanks(*at);
	bool bracket = *s == '(';
	bool found = false;

	s += bracket;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]) && !found; i++)
		found = clock_take(&s, days[i]);
	for (size_t i = 0; i < sizeof(kanji) / sizeof(kanji[0]) && !found; i++)
		if (clock_take(&s, kanji[i]))
			found = clock_take(&s, "曜日") ||
				clock_take(&s, "曜") || bracket;
	while (found && bracket && clock_take(&s, "・祝"))
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
	bool reiwa = clock_take(&s, "令和") ||
		     (s[0] == 'r' && clock_is_digit(s[1]) && s++ != NULL);
	char sep;

	s = reiwa ? clock_blanks(s) : s;
	if (reiwa && clock_take(&s, "元"))
		d->year = 1;
	else if (!clock_take_number(&s, reiwa ? 1 : 4, reiwa ? 2 : 4, &d->year))
		return false;
	d->year += reiwa ? REIWA : 0;
	s = clock_blanks(s);
	if (clock_take(&s, "年")) {
		s = clock_blanks(s);
		if (!clock_take_number(&s, 1, 2, &d->month))
			return false;
		s = clock_blanks(s);
		if (!clock_take(&s, "月"))
			return false;
		s = clock_blanks(s);
		if (!clock_take_number(&s, 1, 2, &d->day))
			return false;
		s = clock_blanks(s);
		if (!clock_take(&s, "日"))
			return false;
		*at = s;
		return true;
	}
	sep = *s;
	if (sep != '-' && sep != '/' && sep != '.')
		return false;
	s++;
	if (!clock_take_number(&s, 1, 2, &d->month) || *s != sep)
		return false;
	s++;
	if (!clock_take_number(&s, 1, 2, &d->day))
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
	if (!clock_take_number(&s, 1, 2, &d->month))
		return false;
	s = clock_blanks(s);
	if (clock_take(&s, "月")) {
		s = clock_blanks(s);
		if (!clock_take_number(&s, 1, 2, &d->day))
			return false;
		s = clock_blanks(s);
		if (!clock_take(&s, "日"))
			return false;
		*at = s;
		return true;
	}
	if (*s++ != '/' || !clock_take_number(&s, 1, 2, &d->day))
		return false;
	behind = s;
	if (!clock_take_weekday(&behind) && !clock_take(&behind, "まで"))
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

	if (!clock_take_number(&s, 1, 2, &one))
		return false;
	sep = *s++;
	if ((sep != '/' && sep != '.') || !clock_take_number(&s, 1, 2, &two) ||
	    *s++ != sep || !clock_take_number(&s, 4, 4, &d->year))
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
	const char *y = clock_blanks(s);

	y = clock_blanks(y + (*y == ',' || *y == '-'));
	*year = 0;
	if (clock_take_number(&y, 4, 4, year) && !clock_is_letter(*y))
		return y;
	*year = 0;
	return s;
}

static void
pass_ordinal(const char **s)
{
	if (!clock_take(s, "st") && !clock_take(s, "nd") &&
	    !clock_take(s, "rd"))
		clock_take(s, "th");
}

/* 1 december 2026, 1st of december, 1-dec-2026; december 1st, 2026 */
static bool
take_english(const char **at, struct day *d)
{
	const char *s = *at;

	if (clock_take_number(&s, 1, 2, &d->day)) {
		pass_ordinal(&s);
		s = clock_blanks(s + (*s == '-'));
		if (clock_take(&s, "of "))
			s = clock_blanks(s);
		if (!take_month(&s, &d->month))
			return false;
	} else {
		if (!take_month(&s, &d->month))
			return false;
		s = clock_blanks(s);
		if (clock_take(&s, "the "))
			s = clock_blanks(s);
		if (!clock_take_number(&s, 1, 2, &d->day))
			return false;
		pass_ordinal(&s);
		if (clock_is_letter(*s) || *s == '%')
			return false;
	}
	*at = year_behind(s, &d->year);
	return true;
}

bool
clock_take_day(const char **at, struct day *d)
{
	const char *s = *at;

	if (clock_take_weekday(&s))
		s = clock_blanks(s + (*s == ','));
	if (clock_take(&s, "the "))
		s = clock_blanks(s);
	if (!take_year_first(&s, d) && !take_year_last(&s, d) &&
	    !take_english(&s, d) && !take_yearless(&s, d))
		return false;
	*at = s;
	return true;
}

bool
clock_is_day(const struct day *d)
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
