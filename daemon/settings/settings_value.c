/*
 * settings_value.c - words of psirtd.conf to numbers, times, sizes, keys.
 *
 * Pure: text in, value out.  Whether a value is allowed where it stands is
 * settings_read.c's to say.
 */
#include "settings_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <talloc.h>

#include "psirtd/text.h"

struct unit {
	const char *name;
	int64_t worth;
};

int
value_number(const char *text, int64_t *number)
{
	char *end = NULL;

	/* strtoll takes spaces and signs; a setting has neither. */
	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? 0 : -1;
}

static int
value_with_unit(const char *text, const struct unit *units, int64_t *value)
{
	char *end = NULL;
	int64_t number;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0)
		return -1;
	for (; units->name != NULL; units++)
		if (strcmp(end, units->name) == 0)
			return __builtin_mul_overflow(
				   number, units->worth, value)
				   ? -1
				   : 0;
	return -1;
}

int
value_seconds(const char *text, int64_t *seconds)
{
	static const struct unit units[] = {{"s", 1}, {"m", 60}, {"h", 3600},
	    {"d", 86400}, {"w", 604800}, {NULL, 0}};

	return value_with_unit(text, units, seconds);
}

static int
two_digits(const char *text)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	return (text[0] - '0') * 10 + (text[1] - '0');
}

int
value_morning(const char *text, int *minutes)
{
	int hour;
	int minute;

	if (strcmp(text, "none") == 0) {
		*minutes = -1;
		return 0;
	}
	if (strlen(text) != 5 || text[2] != ':')
		return -1;
	hour = two_digits(text);
	minute = two_digits(text + 3);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return -1;
	*minutes = hour * 60 + minute;
	return 0;
}

int
value_day(const char *text, int64_t *day)
{
	struct tm tm = {0};
	int century;
	int year;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return -1;
	century = two_digits(text);
	year = two_digits(text + 2);
	tm.tm_mon = two_digits(text + 5) - 1;
	tm.tm_mday = two_digits(text + 8);
	if (century < 19 || year < 0 || tm.tm_mon < 0 || tm.tm_mday < 1)
		return -1;
	tm.tm_year = century * 100 + year - 1900;
	*day = timegm(&tm) / 86400;
	/* timegm() made another day of what is none. */
	return tm.tm_mon + 1 == two_digits(text + 5) &&
		       tm.tm_mday == two_digits(text + 8)
		   ? 0
		   : -1;
}

int
value_bytes(const char *text, int64_t *bytes)
{
	static const struct unit units[] = {{"K", (int64_t)1 << 10},
	    {"M", (int64_t)1 << 20}, {"G", (int64_t)1 << 30}, {NULL, 0}};

	/* Nothing is nothing in any unit; whether it may be, its key says. */
	if (strcmp(text, "0") == 0) {
		*bytes = 0;
		return 0;
	}
	return value_with_unit(text, units, bytes);
}

char *
value_fingerprint(const void *ctx, const char *text)
{
	char *out = talloc_strdup(ctx, text);
	char *to = out;

	if (out == NULL)
		return NULL;
	for (; *text != '\0'; text++)
		if (*text != ' ')
			*to++ = *text >= 'a' && *text <= 'f'
				    ? (char)(*text - 'a' + 'A')
				    : *text;
	*to = '\0';
	if (!text_is_fingerprint(out)) {
		talloc_free(out);
		return NULL;
	}
	return out;
}
