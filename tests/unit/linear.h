/*
 * linear.h - that a piece of work grows with its input and not with the
 * square of it: four times as much is four times as long, and no absolute
 * time is asked for, which another machine or a sanitizer would not keep.
 */
#ifndef PSIRTD_TEST_LINEAR_H
#define PSIRTD_TEST_LINEAR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <talloc.h>

#define LINEAR_TRIES 3
/* What the clock and a cold cache may add. */
#define LINEAR_FLOOR (CLOCKS_PER_SEC / 50)

/* Works on len bytes of UTF-8, with a NUL behind them. */
typedef void linear_work(const char *text, size_t len);

static inline clock_t
linear_time(linear_work *work, const char *shape, size_t len)
{
	size_t n = strlen(shape);
	char *text = talloc_array(NULL, char, len + n + 1);
	clock_t began;
	clock_t took;
	size_t at = 0;

	for (; at < len; at += n)
		memcpy(text + at, shape, n);
	text[at] = '\0';
	began = clock();
	work(text, at);
	took = clock() - began;
	talloc_free(text);
	return took;
}

#ifdef __SANITIZE_ADDRESS__
/* As strict_string_checks asks, it reads a string to its end at every call
 * that is given one: a square of its own. */
static const size_t linear_share = 16;
#else
static const size_t linear_share = 1;
#endif

/* `most` bytes of this shape against a quarter of them; a square would be
 * sixteen times as long. */
static inline void
assert_linear(linear_work *work, const char *shape, size_t most)
{
	clock_t quarter = 0;
	clock_t whole = 0;

	for (int i = 0; i < LINEAR_TRIES; i++) {
		quarter = linear_time(work, shape, most / linear_share / 4);
		whole = linear_time(work, shape, most / linear_share);
		if (whole <= 8 * quarter + LINEAR_FLOOR || linear_share > 1)
			return;
	}
	fail_msg("\"%s\": %ld us, a quarter of it %ld us", shape,
	    (long)(whole * 1000000 / CLOCKS_PER_SEC),
	    (long)(quarter * 1000000 / CLOCKS_PER_SEC));
}

#endif
