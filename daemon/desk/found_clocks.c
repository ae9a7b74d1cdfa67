/*
 * found_clocks.c - dates that a letter sets.
 *
 * Takes an opening; gives the disclosure that its source has fixed and the
 * reply that a coordinator asks for, with the words they were found by, for a
 * person to see: "90 days", "1 December 2026", "令和8年12月1日".  A date counts
 * for what the words nearest to it in its sentence speak of.  Nonsense is not
 * believed: the past, and more than three years ahead.  What was quoted or
 * sent on sets nothing, nor what stands beside the words that its signer has
 * signed.  Linear in the text.  Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

#include <talloc.h>

#include "mail_lines.h"
#include "psirtd/clock.h"

#define DAY INT64_C(86400)
#define AHEAD_MOST (DAY * 3 * 366)
#define TEXT_MOST ((size_t)262144) /* bytes of a part */
#define NEAR 160                   /* bytes of a sentence on either side */
#define WORDS_MOST 80              /* bytes of `words` */
#define DATES_MOST 256             /* of a letter that are looked at */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct found {
	const struct settings *s;
	int64_t received;
	struct found_clock best[2]; /* IMPOSED, REPLY_BY; kind 0: none yet */
	void *ctx;
	unsigned dates; /* looked at */
};

struct text {
	const char *raw;
	struct plain_text plain;
	bool field; /* of a label that says what its dates are */
};

/* ---- what a sentence speaks of ---- */

/* As text_plain() leaves them. */
static const char *const disclosure_words[] = {"disclos", "publish",
    "publication", "go public", "going public", "made public", "make public",
    "make it public", "make this public", "embargo", "release the advisory",
    "release our advisory", "advisory will be", "公開", "公表", "開示",
    "エンバーゴ", "情報解禁"};
static const char *const reply_words[] = {"reply", "replies", "respond",
    "response", "answer", "acknowledg", "get back to", "hear from you",
    "hear back", "feedback", "let us know", "confirm", "回答", "返信", "返答",
    "返事", "ご連絡", "お知らせ", "ご一報", "応答"};
/* "public key" is no publication. */
static const char *const not_disclosure[] = {"公開鍵", "公開キー", "公開済"};

static bool
begins_any(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* The length of the word that stands there; 0: none, or a part of another. */
static size_t
word_at(const char *s, const char *const *words, size_t n)
{
	if (begins_any(s, not_disclosure, COUNT(not_disclosure)))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* A full stop that ends a sentence, not that of "2.4" or "dec. 1". */
static bool
ends_sentence(const char *s)
{
	if (strncmp(s, "。", 3) == 0)
		return true;
	if (*s == '!' || *s == '?' || *s == ';')
		return true;
	if (*s == '\n')
		return s[1] == '\n' || s[1] == '-' || s[1] == '*';
	return *s == '.' && (s[1] == ' ' || s[1] == '\n' || s[1] == '\0') &&
	       !(s[1] == ' ' && s[2] >= '0' && s[2] <= '9');
}

/* How many bytes lie between the date and such a word; NEAR: none is there. */
static size_t
nearest(const char *text, size_t from, size_t start, size_t end, size_t to,
    const char *const *words, size_t n)
{
	size_t least = NEAR;

	for (size_t at = from; at < start; at++) {
		size_t len = word_at(text + at, words, n);

		if (len > 0 && at + len <= start && start - at - len < least)
			least = start - at - len;
	}
	for (size_t at = end; at < to && at - end < least; at++)
		if (word_at(text + at, words, n) > 0)
			return at - end;
	return least;
}

/* What the date at [start, end) of the text is for; 0: nothing of ours. */
static enum clock_kind
kind_of(const struct text *t, size_t start, size_t end)
{
	const char *text = t->plain.text;
	size_t from = start;
	size_t to = end;
	size_t disclosure;
	size_t reply;

	if (t->field)
		return CLOCK_IMPOSED;
	while (from > 0 && start - from < NEAR &&
	       !ends_sentence(text + from - 1) &&
	       !(from >= 3 && strncmp(text + from - 3, "。", 3) == 0))
		from--;
	while (
	    to < t->plain.len && to - end < NEAR && !ends_sentence(text + to))
		to++;
	disclosure = nearest(text, from, start, end, to, disclosure_words,
	    COUNT(disclosure_words));
	reply = nearest(
	    text, from, start, end, to, reply_words, COUNT(reply_words));
	if (disclosure == NEAR && reply == NEAR)
		return 0;
	return disclosure <= reply ? CLOCK_IMPOSED : CLOCK_REPLY_BY;
}

/* ---- what is kept ---- */

/* The first of a field, else the earliest. */
static void
keep(struct found *f, const struct text *t, enum clock_kind kind, int64_t due,
    int zone_min, size_t start, size_t end)
{
	struct found_clock *best = &f->best[kind == CLOCK_REPLY_BY];
	const uint32_t *from = t->plain.from;
	size_t n = from[end] - from[start];
	char *words;

	if (due <= f->received || due > f->received + AHEAD_MOST ||
	    (best->kind != 0 && best->due <= due))
		return;
	while (n > 0 && strchr(" \r\n", t->raw[from[start] + n - 1]) != NULL)
		n--;
	words = talloc_strndup(
	    f->ctx, t->raw + from[start], n < WORDS_MOST ? n : WORDS_MOST);
	if (words == NULL)
		return;
	*best = (struct found_clock){kind, due, zone_min, words};
}

static void
found_date(struct found *f, const struct text *t, size_t start,
    const struct clock_read *r)
{
	enum clock_kind kind = kind_of(t, start, start + r->len);
	int64_t due = r->when;

	/* A reply by a day may come to the end of it. */
	if (kind == CLOCK_REPLY_BY && !r->timed)
		due += DAY - 60;
	if (kind != 0)
		keep(f, t, kind, due, r->zone_min, start, start + r->len);
}

/* ---- so many days ---- */

enum unit { UNIT_DAYS = 1, UNIT_BUSINESS, UNIT_WEEKS, UNIT_MONTHS };

static const struct {
	const char *word;
	enum unit unit;
} units[] = {{"business days", UNIT_BUSINESS}, {"business day", UNIT_BUSINESS},
    {"working days", UNIT_BUSINESS}, {"working day", UNIT_BUSINESS},
    {"calendar days", UNIT_DAYS}, {"calendar day", UNIT_DAYS},
    {"days", UNIT_DAYS}, {"day", UNIT_DAYS}, {"weeks", UNIT_WEEKS},
    {"week", UNIT_WEEKS}, {"months", UNIT_MONTHS}, {"month", UNIT_MONTHS},
    {"営業日", UNIT_BUSINESS}, {"日間", UNIT_DAYS}, {"日", UNIT_DAYS},
    {"週間", UNIT_WEEKS}, {"か月", UNIT_MONTHS}, {"ヶ月", UNIT_MONTHS},
    {"カ月", UNIT_MONTHS}, {"ヵ月", UNIT_MONTHS}, {"箇月", UNIT_MONTHS}};

/* What makes a span of it a deadline, behind it or before it. */
static const char *const behind_span[] = {
    "以内", "後", "経過", "期限", "を期限", "の期限", "で公", "までに"};
static const char *const number_words[] = {"one", "two", "three", "four",
    "five", "six", "seven", "eight", "nine", "ten"};

/* "90", "two"; its length, 0 none. */
static size_t
count_at(const char *s, int *count)
{
	size_t n = strspn(s, "0123456789");

	if (n > 4)
		return 0;
	*count = 0;
	for (size_t i = 0; i < n; i++)
		*count = *count * 10 + (s[i] - '0');
	for (size_t i = 0; i < COUNT(number_words) && n == 0; i++) {
		size_t len = strlen(number_words[i]);

		if (strncmp(s, number_words[i], len) == 0 && s[len] == ' ') {
			*count = (int)i + 1;
			return len;
		}
	}
	return n;
}

/* "90 days", "90-day", "ninety (90) days", "90日以内"; its length, 0 none. */
static size_t
span_at(const char *s, int *count, enum unit *unit)
{
	size_t n = count_at(s, count);
	size_t len;

	if (n == 0)
		return 0;
	n += s[n] == ')';
	n += strspn(s + n, " -");
	for (size_t i = 0; i < COUNT(units); i++) {
		len = strlen(units[i].word);
		if (strncmp(s + n, units[i].word, len) != 0)
			continue;
		n += len;
		if (s[n] >= 'a' && s[n] <= 'z')
			return 0;
		*unit = units[i].unit;
		/* "12月1日", "毎月5日": a day of the month is no span. */
		if (strcmp(units[i].word, "日") == 0 &&
		    !begins_any(s + n, behind_span, COUNT(behind_span)))
			return 0;
		return n;
	}
	return 0;
}

static int64_t
span_end(const struct found *f, int count, enum unit unit)
{
	switch (unit) {
	case UNIT_BUSINESS:
		return settings_business_days(f->s, f->received, count);
	case UNIT_WEEKS:
		return f->received + DAY * 7 * count;
	case UNIT_MONTHS:
		return clock_months(f->received, count);
	default:
		return f->received + DAY * count;
	}
}

static void
found_span(struct found *f, const struct text *t, size_t start, size_t len,
    int count, enum unit unit)
{
	enum clock_kind kind = kind_of(t, start, start + len);
	int64_t due;

	if (kind == 0 || count < 1 || count > 1000)
		return;
	due = span_end(f, count, unit);
	keep(f, t, kind, due, clock_zone_min(due), start, start + len);
}

/* ---- the text ---- */

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* May a date or a number begin here?  Not within a word or a number. */
static bool
may_begin(const char *text, size_t at)
{
	char c = text[at];
	char before = at > 0 ? text[at - 1] : ' ';

	if (c >= 'a' && c <= 'z')
		return !is_word(before) && before != '-';
	if (c >= '0' && c <= '9')
		return !is_word(before) && strchr(".-/#", before) == NULL &&
		       !(before == ':' && at > 1 && is_word(text[at - 2]) &&
			   text[at - 2] <= '9');
	return strncmp(text + at, "令和", 6) == 0;
}

static void
search(struct found *f, const struct text *t, size_t start, size_t end)
{
	const char *text = t->plain.text;
	struct clock_read r;
	enum unit unit;
	size_t n;
	int count;

	for (size_t at = start; at < end && f->dates < DATES_MOST; at++) {
		if (!may_begin(text, at))
			continue;
		if (clock_read(text + at, f->received, &r)) {
			f->dates++;
			found_date(f, t, at, &r);
			at += r.len - 1;
		} else if ((n = span_at(text + at, &count, &unit)) > 0) {
			f->dates++;
			found_span(f, t, at, n, count, unit);
			at += n - 1;
		}
	}
}

static void
search_text(struct found *f, const char *raw, size_t len, bool field)
{
	struct text t = {.raw = raw, .field = field};
	struct line_walk walk = {.text = &t.plain};
	struct mail_line line;

	if (!text_plain(
		f->ctx, raw, len < TEXT_MOST ? len : TEXT_MOST, &t.plain))
		return;
	if (field)
		search(f, &t, 0, t.plain.len);
	while (!field && mail_line_next(&walk, &line))
		if (line.kind == LINE_OWN)
			search(f, &t, line.words, line.end);
	talloc_free(t.plain.text);
	talloc_free(t.plain.from);
}

size_t
desk_found_clocks(const void *ctx, const struct settings *s,
    const struct opening *o, const struct desk_signer *signer, int64_t received,
    struct found_clock **list)
{
	struct found f = {.s = s, .received = received};
	bool fixed;
	size_t n = 0;

	*list = talloc_zero_array(ctx, struct found_clock, COUNT(f.best));
	f.ctx = *list;
	if (f.ctx == NULL)
		return 0;
	for (size_t i = 0; i < o->nfields; i++)
		if (o->fields[i].kind == FIELD_DISCLOSURE &&
		    o->fields[i].value != NULL &&
		    desk_signed_alike(s, o, o->fields[i].part, signer))
			search_text(&f, o->fields[i].value,
			    strlen(o->fields[i].value), true);
	/* A field says it better than a sentence does. */
	fixed = f.best[0].kind != 0;
	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *part = &o->parts[i];
		struct found_clock field = f.best[0];

		if (part->kind == PART_TEXT &&
		    (part->flags & (PART_FORWARDED | PART_ATTACHED)) == 0 &&
		    desk_signed_alike(s, o, (uint32_t)i + 1, signer))
			search_text(&f, (const char *)part->content.data,
			    part->content.len, false);
		if (fixed)
			f.best[0] = field;
	}
	for (size_t i = 0; i < COUNT(f.best); i++)
		if (f.best[i].kind != 0)
			(*list)[n++] = f.best[i];
	return n;
}
