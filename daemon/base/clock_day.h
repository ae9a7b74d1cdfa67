/*
 * clock_day.h - the halves of clock_read().
 *
 *   clock_day.c   the day, and how words and numbers are passed over
 *   clock_read.c  the time of day and the zone behind it
 */
#ifndef PSIRTD_BASE_CLOCK_DAY_H
#define PSIRTD_BASE_CLOCK_DAY_H

#include <stdbool.h>
#include <stddef.h>

struct day {
	int year; /* 0: none stands there */
	int month;
	int day;
};

bool clock_is_digit(char c);
bool clock_is_letter(char c);
const char *clock_blanks(const char *s);
/* Passes over a word, a whole one where it ends in a letter. */
bool clock_take(const char **at, const char *word);
/* A number of so many digits, and no more behind it. */
bool clock_take_number(const char **at, size_t least, size_t most, int *number);
bool clock_take_weekday(const char **at);
bool clock_take_day(const char **at, struct day *d);
/* The calendar has it. */
bool clock_is_day(const struct day *d);

#endif
