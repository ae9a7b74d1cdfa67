/*
 * fuzz_commands.c - the words of a mail, read for what moves a case.
 *
 * Fed: a first byte that chooses who reads them, then the words: the lines of
 * a department's answer, its question on the way out, dates that a letter
 * sets, a date that somebody typed.  Must hold: an answer is kept in the form
 * that it would be kept in again; no name or address of the house leaves; a
 * date is ahead, and within three years.
 */
#include "fuzz.h"

#include <time.h>

#include "psirtd/clock.h"
#include "psirtd/procedure.h"

#define RECEIVED INT64_C(1795568400)
#define NAME "qzxk"

/* What the read room hands on is UTF-8 without NUL. */
static char *
the_words(const void *ctx, struct bytes in)
{
	char *text = talloc_array(ctx, char, (unsigned)in.len + 1);
	size_t n;
	uint32_t c;

	for (size_t at = 0; at < in.len; at += n) {
		n = text_next(in.data + at, in.len - at, &c);
		if (n > 0 && c != 0) {
			memcpy(text + at, in.data + at, n);
		} else {
			n = 1;
			text[at] = '?';
		}
	}
	text[in.len] = '\0';
	return text;
}

static void
check_line(const void *ctx, const struct command_line *line)
{
	const char *why;
	const char *again;

	MUST(is_line(line->word) && line->word[0] != '\0');
	MUST(is_text(line->value, strlen(line->value)));
	MUST(line->rule != NULL || line->trouble != NULL);
	if (line->trouble != NULL)
		return;
	again = answer_value(ctx, line->rule, line->value, &why);
	MUST(again != NULL && strcmp(again, line->value) == 0);
	MUST(strlen(line->value) <= COMMAND_VALUE_MOST);
}

static void
check_commands(const void *ctx, const char *text)
{
	struct commands_read *r = desk_commands(ctx, text, "PSIRT");
	size_t troubles = 0;

	MUST(r != NULL && r->nlines <= COMMAND_LINES_MOST);
	MUST((r->ref == NULL) == (r->number == NULL) &&
	     (r->ref == NULL) == (r->step == NULL));
	MUST(r->ref != NULL || !r->refs_differ);
	if (r->ref != NULL) {
		MUST(strlen(r->ref) == 6 &&
		     strspn(r->ref, "23456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 6);
		MUST(strncmp(r->number, "PSIRT-", 6) == 0);
		MUST(strspn(r->step, "0123456789.") == strlen(r->step));
	}
	for (size_t i = 0; i < r->nlines; i++) {
		check_line(ctx, &r->lines[i]);
		troubles += r->lines[i].trouble != NULL;
	}
	MUST(r->ntroubles == troubles);
	MUST(r->rest == NULL ||
	     (r->rest[0] != '\0' && is_text(r->rest, strlen(r->rest))));
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void
check_scrub(const void *ctx, const char *text)
{
	struct contact who = {.name = NAME, .address = NAME "@vendor.example"};
	struct department d = {
	    .name = "plc", .title = "PLC", .contacts = &who, .ncontacts = 1};
	const struct settings s = {.address = "psirt@vendor.example",
	    .departments = &d,
	    .ndepartments = 1};
	char *out = desk_scrub(ctx, &s, text);
	struct plain_text p;

	MUST(out != NULL && is_text(out, strlen(out)));
	MUST(text_plain(ctx, out, strlen(out), &p));
	for (const char *at = p.text; (at = strstr(at, NAME)) != NULL; at++)
		MUST((at > p.text && is_word(at[-1])) ||
		     is_word(at[strlen(NAME)]));
	for (const char *at = p.text; (at = strchr(at, '@')) != NULL; at++)
		MUST(at == p.text || !is_word(at[-1]) || !is_word(at[1]));
}

static void
check_found(const void *ctx, const char *text)
{
	const struct settings s = {0};
	const struct desk_signer nobody = {0};
	struct part part = {.kind = PART_TEXT, .content = bytes_str(text)};
	struct field field = {
	    .kind = FIELD_DISCLOSURE, .value = text, .part = 1};
	struct opening o = {.parts = &part,
	    .nparts = 1,
	    .fields = &field,
	    .nfields = strlen(text) % 2};
	struct found_clock *list;
	size_t n = desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list);

	MUST(n <= 2);
	for (size_t i = 0; i < n; i++) {
		MUST(list[i].kind == CLOCK_IMPOSED ||
		     list[i].kind == CLOCK_REPLY_BY);
		MUST(list[i].due > RECEIVED &&
		     list[i].due < RECEIVED + INT64_C(1100) * 86400);
		MUST(list[i].words[0] != '\0' &&
		     is_text(list[i].words, strlen(list[i].words)));
	}
}

static void
check_typed(const void *ctx, const char *text)
{
	struct clock_read r;

	if (!clock_parse(text, &r))
		return;
	/* 1970 to 2999, whatever the zone */
	MUST(r.when > -86400 && r.when < INT64_C(32503766400));
	MUST(r.zone_min >= -14 * 60 - 59 && r.zone_min <= 14 * 60 + 59);
	MUST(strlen(desk_two_zones(ctx, r.when)) > 15);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	struct bytes in = bytes_of(data, size);
	unsigned choice = take_byte(&in) % 4;
	const char *text = the_words(ctx, in);

	setenv("TZ", "Asia/Tokyo", 1);
	switch (choice) {
	case 0:
		check_commands(ctx, text);
		break;
	case 1:
		check_scrub(ctx, text);
		break;
	case 2:
		check_found(ctx, text);
		break;
	default:
		check_typed(ctx, text);
		break;
	}
	talloc_free(ctx);
	return 0;
}
