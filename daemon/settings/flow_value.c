/*
 * flow_value.c - the value of an answer as it is kept.
 *
 * What a department wrote behind the colon, in whatever width and language,
 * becomes the one form that rules, reports and later answers are compared
 * by; what is not of its kind is refused with a phrase.  Pure.
 */
#include "flow_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/cvss.h"
#include "psirtd/text.h"

#define WEB_MOST ((size_t)500)

/* Without the blanks around it, full-width ones too; NULL: memory. */
static char *
trimmed(const void *ctx, const char *value)
{
	size_t len = strlen(value);
	size_t step;
	uint32_t c;

	while ((step = text_next(value, len, &c)) > 0 &&
	       text_is_blank(bytes_of(value, step))) {
		value += step;
		len -= step;
	}
	for (size_t end = len; end > 0;) {
		size_t from = end - 1;

		while (from > 0 && ((unsigned char)value[from] & 0xc0) == 0x80)
			from--;
		if (!text_is_blank(bytes_of(value + from, end - from)))
			break;
		end = len = from;
	}
	return talloc_strndup(ctx, value, len);
}

static char *
take_choice(const void *ctx, const struct answer_rule *rule, const char *value,
    const char **why)
{
	const struct answer_choice *choice = answer_choice(rule, value);
	char *known;

	if (choice != NULL)
		return talloc_strdup(ctx, choice->name);
	known = talloc_strdup(ctx, "is none of");
	for (const struct answer_choice *c = rule->choices; c->name != NULL;
	     c++)
		known = talloc_asprintf_append(
		    known, "%s %s", c == rule->choices ? "" : ",", c->name);
	*why = known;
	return NULL;
}

static char *
take_date(const void *ctx, const char *value, const char **why)
{
	struct clock_read read;

	if (clock_parse(value, &read))
		return read.timed ? clock_rfc3339(ctx, read.when)
				  : clock_date(ctx, read.when);
	*why = "is no date such as 2026-12-01, or 2026-12-01 10:00 JST";
	return NULL;
}

static char *
take_vector(const void *ctx, const char *value, const char **why)
{
	struct plain_text plain;
	char *vector = NULL;

	if (text_plain(ctx, value, strlen(value), &plain)) {
		for (char *c = plain.text; *c != '\0'; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		vector = cvss_spell(ctx, plain.text);
	}
	/* Version 2, or none named: which it is would be guessed. */
	if (vector != NULL && strncmp(vector, "CVSS:", 5) == 0)
		return vector;
	*why = "is no whole vector of CVSS:3.0, CVSS:3.1 or CVSS:4.0";
	return NULL;
}

static char *
take_web(const void *ctx, const char *value, const char **why)
{
	if (strncmp(value, "https://", 8) == 0 && value[8] != '\0' &&
	    strlen(value) <= WEB_MOST && strpbrk(value, " <>\"\\") == NULL) {
		bool fine = true;

		for (const char *c = value; *c != '\0'; c++)
			fine = fine && *c > 0x20 && *c < 0x7f;
		if (fine)
			return talloc_strdup(ctx, value);
	}
	*why = "is no address that begins with https://";
	return NULL;
}

char *
answer_value(const void *ctx, const struct answer_rule *rule, const char *value,
    const char **why)
{
	char *text = trimmed(ctx, value);

	*why = NULL;
	if (text == NULL) {
		*why = "could not be read";
		return NULL;
	}
	if (text[0] == '\0') {
		*why = "is empty";
		return NULL;
	}
	if (answer_is_hint(rule, text)) {
		*why = "is still what the mail showed, not an answer";
		return NULL;
	}
	switch (rule->type) {
	case ANSWER_TEXT:
		return text;
	case ANSWER_CHOICE:
		return take_choice(ctx, rule, text, why);
	case ANSWER_DATE:
		return take_date(ctx, text, why);
	case ANSWER_VECTOR:
		return take_vector(ctx, text, why);
	case ANSWER_WEB:
		return take_web(ctx, text, why);
	}
	return NULL;
}
