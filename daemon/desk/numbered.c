/*
 * numbered.c - which of our questions a letter answers, line by line.
 *
 * Runs in the engine, pure.  Our mail puts questions by number; what begins
 * with such a number answers that question, to the next such line.  A number
 * that was not asked, a version or a time of day begins nothing.
 */
#include "procedure_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define NUMBER_MOST 9999

/* The text has one width already, and is lower case. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
past(const char *p, const char *set)
{
	return p + strspn(p, set);
}

/* "Question 1", "質問1", "Q1", "No.1"; spelled: its word stood there. */
static const char *
past_word(const char *p, bool *spelled)
{
	static const struct {
		const char *word, *gap;
	} words[] = {{"question", " .#"}, {"answer", " .#"}, {"質問", " .#"},
	    {"回答", " .#"}, {"no.", " "}, {"q", "."}, {"a", "."}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);
		const char *behind;

		if (strncmp(p, words[i].word, len) != 0)
			continue;
		behind = past(p + len, words[i].gap);
		*spelled = is_digit(*behind);
		return *spelled ? behind : p;
	}
	return p;
}

/* What ends a number, "1." or "1、"; not "2.4", "10:30", "1st". */
static const char *
past_mark(const char *p, bool spelled)
{
	static const char comma[] = "、";
	const char *behind = past(p, " ");

	if (strncmp(behind, comma, strlen(comma)) == 0)
		return behind + strlen(comma);
	if (*behind != '\0' && strchr(".:)]", *behind) != NULL)
		return is_digit(behind[1]) && (!spelled || *behind == '.')
			   ? NULL
			   : behind + 1;
	return spelled && (behind > p || (unsigned char)*p >= 0x80 ||
			      *p == '\n' || *p == '\0')
		   ? behind
		   : NULL;
}

/* The number that a line begins with, and what stands behind it; 0 none. */
static unsigned
number_of(const char *line, const char **behind)
{
	bool spelled = false;
	const char *p = past_word(past(line, " ([*-"), &spelled);
	unsigned number = 0;

	for (; is_digit(*p) && number <= NUMBER_MOST; p++)
		number = number * 10 + (unsigned)(*p - '0');
	if (number == 0)
		return 0;
	*behind = past_mark(p, spelled);
	return *behind != NULL ? number : 0;
}

/* Added to what stands there; blank is nothing. */
static bool
add_text(const void *ctx, char **to, const char *text, size_t len)
{
	static const char blank[] = " \t\r\n";

	while (len > 0 && strchr(blank, text[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(blank, *text) != NULL) {
		text++;
		len--;
	}
	if (len == 0)
		return true;
	*to = *to == NULL
		  ? talloc_strndup(ctx, text, len)
		  : talloc_asprintf(ctx, "%s\n%.*s", *to, (int)len, text);
	return *to != NULL;
}

char **
desk_numbered(
    const void *ctx, const char *text, const unsigned *asked, size_t n)
{
	char **answers = talloc_zero_array(ctx, char *, n + 1);
	TALLOC_CTX *tmp = talloc_new(NULL);
	struct plain_text plain;
	size_t from = 0;
	size_t now = n; /* which one is being answered; n: none */
	bool good =
	    answers != NULL && text_plain(tmp, text, strlen(text), &plain);

	for (size_t at = 0, next; good && at < plain.len; at = next) {
		const char *behind = NULL;
		unsigned number = number_of(plain.text + at, &behind);
		size_t which = 0;

		next = at + strcspn(plain.text + at, "\n") + 1;
		while (which < n && (number == 0 || asked[which] != number))
			which++;
		if (which == n)
			continue;
		if (now < n)
			good = add_text(ctx, &answers[now], text + from,
			    plain.from[at] - from);
		now = which;
		from = plain.from[behind - plain.text];
	}
	if (good && now < n)
		good = add_text(
		    ctx, &answers[now], text + from, strlen(text + from));
	talloc_free(tmp);
	return good ? answers : NULL;
}
