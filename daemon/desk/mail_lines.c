/*
 * mail_lines.c - whose words a line of a mail is.
 *
 * Takes a text as text_plain() makes it, from outside; gives its lines one by
 * one.  Quoted is what stands behind ">" or "|", what a mail program says
 * above it, and all of an original that Outlook and its kin put below the
 * answer without a mark.  A line costs its length, and the few behind it that
 * are looked at cost no more than LOOK_MOST bytes.  Pure.
 */
#include "mail_lines.h"

#include <string.h>

#include "psirtd/clock.h"

#define LOOK_MOST 320 /* bytes of an attribution; of lines looked ahead */
#define LOOK_LINES 3
#define HEAD_LINES 6
#define DEPTH_MOST 64
#define BELOW_DEPTH 1000 /* deeper than any marks */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static size_t
line_end(const struct plain_text *t, size_t at)
{
	const char *nl = memchr(t->text + at, '\n', t->len - at);

	return nl != NULL ? (size_t)(nl - t->text) : t->len;
}

static size_t
skip_blanks(const struct plain_text *t, size_t at, size_t end)
{
	while (at < end && t->text[at] == ' ')
		at++;
	return at;
}

static size_t
drop_blanks(const struct plain_text *t, size_t start, size_t end)
{
	while (end > start && t->text[end - 1] == ' ')
		end--;
	return end;
}

static bool
starts(const struct plain_text *t, size_t at, size_t end, const char *word)
{
	size_t n = strlen(word);

	return end - at >= n && memcmp(t->text + at, word, n) == 0;
}

static bool
finishes(const struct plain_text *t, size_t at, size_t end, const char *word)
{
	size_t n = strlen(word);

	return end - at >= n && memcmp(t->text + end - n, word, n) == 0;
}

static bool
has(const struct plain_text *t, size_t at, size_t end, const char *word)
{
	return memmem(t->text + at, end - at, word, strlen(word)) != NULL;
}

static bool
has_digit(const struct plain_text *t, size_t at, size_t end)
{
	for (; at < end; at++)
		if (t->text[at] >= '0' && t->text[at] <= '9')
			return true;
	return false;
}

bool
line_begins(const struct line_walk *walk, const struct mail_line *line,
    const char *word)
{
	return starts(walk->text, line->words, line->end, word);
}

/* ---- what mail programs put above a quotation ---- */

/* How it ends; alone it says enough, or a date or an address stands in it. */
static const struct {
	const char *end;
	bool enough;
} said[] = {
    {"wrote:", false},
    {"wrote :", false},
    {"writes:", false},
    {"さんは書きました:", true},
    {"さんは書きました。", true},
    {"さんは書きました", true},
    {"さんが書きました:", true},
    {"は書きました:", true},
    {"書きました:", false},
    {"書きました。", false},
    {"のメール:", false},
    {"のメッセージ:", false},
    {"さんからのメール:", true},
    {">:", false},
    {">の発言:", true},
};

static bool
says_who(const struct plain_text *t, size_t at, size_t end)
{
	if (end - at > LOOK_MOST)
		return false;
	for (size_t i = 0; i < COUNT(said); i++)
		if (finishes(t, at, end, said[i].end))
			return said[i].enough || has(t, at, end, "@") ||
			       has_digit(t, at, end);
	return false;
}

/* "On …" may be broken before "wrote:"; how many lines it takes, 0 none. */
static unsigned
attribution(const struct plain_text *t, const struct mail_line *line)
{
	size_t end = drop_blanks(t, line->words, line->end);
	struct clock_read date;
	bool opens = starts(t, line->words, end, "on ") ||
		     clock_read(t->text + line->words, 0, &date);

	if (says_who(t, line->words, end))
		return 1;
	if (!opens || !has_digit(t, line->words, end))
		return 0;
	for (unsigned n = 2; n <= LOOK_LINES && line->end < t->len; n++) {
		size_t at = end < t->len ? line_end(t, end) + 1 : t->len;

		if (at >= t->len || at - line->words > LOOK_MOST)
			return 0;
		end = line_end(t, at);
		if (skip_blanks(t, at, end) == end || t->text[at] == '>')
			return 0;
		end = drop_blanks(t, at, end);
		if (end - line->words <= LOOK_MOST &&
		    says_who(t, line->words, end))
			return n;
	}
	return 0;
}

/* ---- originals without marks ---- */

/* Between dashes. */
static const char *const originals[] = {"original message",
    "original appointment", "forwarded message", "forwarded by",
    "reply message", "元のメッセージ", "オリジナルメッセージ",
    "オリジナル メッセージ", "転送メッセージ", "転送されたメッセージ",
    "元のメール"};
static const char *const senders[] = {
    "from:", "from :", "差出人:", "差出人 :", "送信者:", "送信元:", "発信者:"};
static const char *const others[] = {"sent:", "sent :", "date:", "date :",
    "to:", "to :", "cc:", "subject:", "subject :", "送信日時:", "送信日時 :",
    "送信日:", "日付:", "日時:", "宛先:", "宛先 :", "件名:", "件名 :"};

/* Text made of HTML shows bold as stars. */
static size_t
skip_stars(const struct plain_text *t, size_t at, size_t end)
{
	while (at < end && (t->text[at] == '*' || t->text[at] == ' '))
		at++;
	return at;
}

static bool
starts_any(const struct plain_text *t, size_t at, size_t end,
    const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (starts(t, at, end, words[i]))
			return true;
	return false;
}

static bool
is_head(const struct plain_text *t, size_t at, size_t end)
{
	size_t limit;

	at = skip_stars(t, at, end);
	if (!starts_any(t, at, end, senders, COUNT(senders)) ||
	    end - at > LOOK_MOST)
		return false;
	limit = end + LOOK_MOST;
	for (int i = 0; i < HEAD_LINES && end < t->len && end < limit; i++) {
		at = end + 1;
		end = line_end(t, at);
		at = skip_stars(t, at, end);
		if (starts_any(t, at, end, others, COUNT(others)))
			return true;
	}
	return false;
}

static bool
is_original(const struct plain_text *t, const struct mail_line *line)
{
	size_t at = line->words;
	size_t end = drop_blanks(t, at, line->end);
	size_t dashes = 0;

	if (starts(t, at, end, "begin forwarded message:") ||
	    is_head(t, at, end))
		return true;
	while (at + dashes < end &&
	       (t->text[at + dashes] == '-' || t->text[at + dashes] == '_' ||
		   t->text[at + dashes] == ' '))
		dashes++;
	if (dashes >= 20 && at + dashes == end) { /* Outlook's line */
		at = line->end;
		while (at < t->len && at - line->end < LOOK_MOST &&
		       (t->text[at] == '\n' || t->text[at] == ' '))
			at++;
		return at < t->len && is_head(t, at, line_end(t, at));
	}
	if (dashes < 3 || end - at > 120)
		return false;
	for (size_t i = 0; i < COUNT(originals); i++)
		if (starts(t, at + dashes, end, originals[i]))
			return true;
	return false;
}

static bool
signs_off(const struct plain_text *t, const struct mail_line *line)
{
	size_t n = line->end - line->start;

	return (n == 2 || (n == 3 && t->text[line->start + 2] == ' ')) &&
	       starts(t, line->start, line->end, "--");
}

/* What telephones and services put below a mail. */
static bool
sent_from(const struct plain_text *t, const struct mail_line *line)
{
	static const char *const senders_of[] = {"sent from my ",
	    "sent from outlook", "sent from mail for", "sent from yahoo",
	    "sent with proton", "get outlook for "};
	size_t end = drop_blanks(t, line->words, line->end);

	return end - line->words < 60 &&
	       (starts_any(
		    t, line->words, end, senders_of, COUNT(senders_of)) ||
		   finishes(t, line->words, end, "から送信"));
}

/* Passes over the marks of quoting; blanks between them are none of one. */
static void
pass_marks(const struct plain_text *t, struct mail_line *line)
{
	size_t at = skip_blanks(t, line->start, line->end);

	line->indent = (unsigned)(at - line->start);
	while (at < line->end && (t->text[at] == '>' || t->text[at] == '|')) {
		if (line->depth < DEPTH_MOST)
			line->depth++;
		at = skip_blanks(t, at + 1, line->end);
	}
	line->words = at;
}

bool
mail_line_next(struct line_walk *walk, struct mail_line *line)
{
	const struct plain_text *t = walk->text;

	if (walk->next >= t->len)
		return false;
	memset(line, 0, sizeof(*line));
	line->start = walk->next;
	line->end = line_end(t, line->start);
	walk->next = line->end + 1;
	pass_marks(t, line);
	if (walk->below) {
		line->depth += BELOW_DEPTH;
		line->kind = LINE_QUOTED;
	} else if (walk->attribution > 0) {
		walk->attribution--;
		line->kind = LINE_ATTRIBUTION;
	} else if (line->depth > 0) {
		line->kind = LINE_QUOTED;
	} else if (line->words == line->end) {
		line->kind = walk->signed_off ? LINE_SIGNATURE : LINE_BLANK;
	} else if (is_original(t, line)) {
		walk->below = true;
		line->depth = BELOW_DEPTH;
		line->kind = LINE_QUOTED;
	} else if ((walk->attribution = attribution(t, line)) > 0) {
		walk->attribution--;
		line->kind = LINE_ATTRIBUTION;
	} else if (walk->signed_off || signs_off(t, line)) {
		walk->signed_off = true;
		line->kind = LINE_SIGNATURE;
	} else if (sent_from(t, line)) {
		line->kind = LINE_SIGNATURE;
	}
	return true;
}
