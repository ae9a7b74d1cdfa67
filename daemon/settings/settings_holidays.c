/*
 * settings_holidays.c - days on which nobody works, and business days.
 *
 * The file has a line a day, "YYYY-MM-DD name"; empty lines and what follows
 * "#" do not count.  A day is one of the process's time zone.  Runs in the
 * engine; reading is done at start.
 */
#include "settings_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <talloc.h>

#include "psirtd/text.h"

#define NAME_WIDTH_MOST 60

/* ---- the file ---- */

static int
by_day(const void *a, const void *b)
{
	int64_t x = ((const struct holiday *)a)->day;
	int64_t y = ((const struct holiday *)b)->day;

	return x < y ? -1 : x > y;
}

static const struct holiday *
holiday_of(const struct settings *s, int64_t day)
{
	const struct holiday asked = {.day = day};

	return s->nholidays == 0 ? NULL
				 : bsearch(&asked, s->holidays, s->nholidays,
				       sizeof(asked), by_day);
}

static void
take_line(struct settings *s, char *line, int number, struct problems *p)
{
	size_t len = strcspn(line, " \t");
	char *name = line + len + strspn(line + len, " \t");
	struct holiday h = {0};

	line[len] = '\0';
	if (value_day(line, &h.day) != 0) {
		problem(p, number,
		    "\"%s\" must be a day, YYYY-MM-DD, with its name behind it",
		    text_cut(p, text_escape(p, line, false), 40));
		return;
	}
	if (name[0] == '\0' || text_width(name) > NAME_WIDTH_MOST) {
		problem(p, number,
		    "%s needs its name behind it: at most %d columns", line,
		    NAME_WIDTH_MOST);
		return;
	}
	for (size_t i = 0; i < s->nholidays; i++)
		if (s->holidays[i].day == h.day) {
			problem(p, number,
			    "%s stands in the file already: take one out",
			    line);
			return;
		}
	h.name = text_escape(s, name, false);
	s->holidays =
	    talloc_realloc(s, s->holidays, struct holiday, s->nholidays + 1);
	if (s->holidays == NULL || h.name == NULL)
		abort(); /* a clock that goes wrong is no success */
	s->holidays[s->nholidays++] = h;
}

void
holidays_read(
    struct settings *s, const char *path, char *text, struct problems *p)
{
	int number = 1;

	for (char *line = text; line != NULL; number++) {
		char *next = strchr(line, '\n');
		size_t len;

		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		line += strspn(line, " \t\r");
		len = strlen(line);
		while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
			line[--len] = '\0';
		if (len > 0)
			take_line(s, line, number, p);
		line = next;
	}
	if (s->nholidays > 1)
		qsort(
		    s->holidays, s->nholidays, sizeof(s->holidays[0]), by_day);
}

/* ---- the clock ---- */

static bool
is_free(const struct settings *s, struct tm tm)
{
	struct tm day = {
	    .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday};

	return tm.tm_wday == 0 || tm.tm_wday == 6 ||
	       holiday_of(s, timegm(&day) / 86400) != NULL;
}

int64_t
settings_business_days(const struct settings *s, int64_t when, int n)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return when;
	while (n > 0) {
		tm.tm_mday++;
		tm.tm_isdst = -1;
		t = mktime(&tm); /* normalises, and sets tm_wday */
		if (!is_free(s, tm))
			n--;
	}
	return (int64_t)t;
}
