/*
 * commands.c - the lines at the top of a department's answer.
 *
 * Takes the words of a mail, from outside, whoever signed them; gives the
 * lines "word: value" it begins with, the reference it carries, and what else
 * it says.  Nothing is guessed: what is no such line ends them, and a value
 * that is not of its kind is trouble.  Quoted lines never count, but for the
 * reference (RULES 12): of several the one in the mail's own words does, else
 * the one that was quoted least often (command_ref.c).  Linear in the text.
 * Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

#include <talloc.h>

#include "command_ref.h"

#define WORD_MOST 60 /* bytes; the longest of ours has 36 */
#define UNKNOWN_WORDS_MOST 4
#define SOFT_BREAK_LEAST 50 /* a line so long that ends in a blank goes on */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct scan {
	void *ctx;
	const char *text;
	struct plain_text plain;
	struct commands_read *read;
	struct ref_scan ref;

	bool ended;      /* what follows is no command */
	bool any;        /* a line was taken */
	unsigned indent; /* of the first */

	/* the line whose value goes on; NULL: none */
	const struct answer_rule *rule;
	const char *word;
	char *value;
	size_t len;
	bool open, too_long, soft;
	unsigned blanks; /* empty lines since */
	/* a line of ours without a value was the last: the index + 1 */
	const struct answer_rule *bare;
	const char *bare_word;

	char *rest;
	size_t rest_len;
	bool failed; /* memory */
};

/* As it was written, in one line. */
static char *
original(struct scan *sc, size_t start, size_t end)
{
	const struct plain_text *t = &sc->plain;
	char *text = talloc_strndup(
	    sc->read, sc->text + t->from[start], t->from[end] - t->from[start]);

	sc->failed = sc->failed || text == NULL;
	for (char *c = text; c != NULL && *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return text;
}

/* ---- a line's end ---- */

static void
add_line(struct scan *sc, const struct answer_rule *rule, const char *word,
    const char *value, const char *trouble)
{
	struct commands_read *r = sc->read;

	r->lines[r->nlines++] =
	    (struct command_line){rule, word, value, trouble};
	if (trouble != NULL)
		r->ntroubles++;
}

/* "再現しました。" is a choice, too. */
static void
drop_stop(char *value)
{
	static const char *const stops[] = {"。", "．", "."};
	size_t len = strlen(value);

	for (size_t i = 0; i < COUNT(stops); i++) {
		size_t n = strlen(stops[i]);

		if (len > n && strcmp(value + len - n, stops[i]) == 0) {
			value[len - n] = '\0';
			return;
		}
	}
}

static void
add_value(struct scan *sc, char *value)
{
	const struct answer_rule *rule = sc->rule;
	const char *why = NULL;
	const char *kept;

	if (rule == NULL) {
		add_line(sc, NULL, sc->word, value, "is no word known here");
		return;
	}
	if (sc->too_long) {
		add_line(sc, rule, sc->word, value, "is too long");
		return;
	}
	if (rule->choices != NULL &&
	    (answer_is_hint(rule, value) || strchr(value, '|') != NULL ||
		strstr(value, "｜") != NULL)) {
		add_line(sc, rule, sc->word, value, "choose one");
		return;
	}
	/* A line of the question that was left as it came says nothing. */
	if (answer_is_hint(rule, value)) {
		talloc_free(value);
		return;
	}
	if (rule->type != ANSWER_TEXT)
		drop_stop(value);
	kept = answer_value(sc->read, rule, value, &why);
	if (kept == NULL)
		add_line(sc, rule, sc->word, value,
		    why != NULL ? why : "not understood");
	else
		add_line(sc, rule, sc->word, kept,
		    rule->desk ? "is the desk's alone to record" : NULL);
}

static void
close_line(struct scan *sc)
{
	if (!sc->open)
		return;
	sc->open = false;
	while (sc->len > 0 && (sc->value[sc->len - 1] == ' ' ||
				  sc->value[sc->len - 1] == '\n'))
		sc->len--;
	sc->bare = NULL;
	if (sc->len == 0) {
		sc->bare = sc->rule;
		sc->bare_word = sc->word;
	} else {
		char *value = talloc_strndup(sc->read, sc->value, sc->len);

		if (value == NULL)
			sc->failed = true;
		else
			add_value(sc, value);
	}
	talloc_free(sc->value);
	sc->value = NULL;
}

/* ---- a line's beginning ---- */

/* Adds what stands there to the value, cut between two characters. */
static void
add_text(struct scan *sc, size_t start, size_t end)
{
	const uint32_t *from = sc->plain.from;
	const char *s;
	size_t n;

	while (start < end && sc->plain.text[start] == ' ')
		start++;
	while (end > start && sc->plain.text[end - 1] == ' ')
		end--;
	s = sc->text + from[start];
	n = from[end] - from[start];
	if (n > COMMAND_VALUE_MOST - sc->len) {
		sc->too_long = true;
		n = COMMAND_VALUE_MOST - sc->len;
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\r')
			sc->value[sc->len++] = s[i];
}

static void
add_break(struct scan *sc, const char *with)
{
	size_t n = strlen(with);

	if (sc->len == 0 || sc->len + n > COMMAND_VALUE_MOST)
		return;
	memcpy(sc->value + sc->len, with, n);
	sc->len += n;
}

/* "・", "- ", "●" before a word */
static size_t
skip_bullet(const struct scan *sc, size_t at, size_t end)
{
	static const char *const bullets[] = {
	    "・", "●", "○", "■", "□", "◆", "•", "- ", "* ", "*"};

	for (size_t i = 0; i < COUNT(bullets); i++) {
		size_t n = strlen(bullets[i]);

		if (end - at > n &&
		    memcmp(sc->plain.text + at, bullets[i], n) == 0) {
			at += n;
			while (at < end && sc->plain.text[at] == ' ')
				at++;
			break;
		}
	}
	return at;
}

/* Might a person have meant it for one of ours? */
static bool
looks_like_word(const char *word, const char *behind)
{
	unsigned blanks = 0;

	if ((word[0] >= '0' && word[0] <= '9') || strncmp(behind, "//", 2) == 0)
		return false;
	if (strpbrk(word, ",.;!?()<>\"@/") != NULL ||
	    strstr(word, "、") != NULL || strstr(word, "。") != NULL)
		return false;
	for (const char *s = word; *s != '\0'; s++)
		blanks += *s == ' ';
	return blanks < UNKNOWN_WORDS_MOST;
}

/* Begins here a line "word: value"? */
static bool
open_line(struct scan *sc, const struct mail_line *line, size_t words)
{
	const char *text = sc->plain.text;
	size_t most =
	    line->end - words < WORD_MOST ? line->end - words : WORD_MOST;
	const char *colon = memchr(text + words, ':', most);
	size_t end;
	char word[WORD_MOST + 1];
	const struct answer_rule *rule;

	if (colon == NULL)
		return false;
	end = (size_t)(colon - text);
	while (end > words && (text[end - 1] == ' ' || text[end - 1] == '*'))
		end--;
	if (end == words)
		return false;
	memcpy(word, text + words, end - words);
	word[end - words] = '\0';
	rule = answer_by_word(word);
	if (rule == NULL && !looks_like_word(word, colon + 1))
		return false;
	close_line(sc);
	sc->rule = rule;
	sc->word = original(sc, words, end);
	sc->value = talloc_array(sc->ctx, char, COMMAND_VALUE_MOST + 1);
	sc->failed = sc->failed || sc->value == NULL;
	if (sc->failed)
		return true;
	sc->open = true;
	sc->len = 0;
	sc->too_long = false;
	sc->soft = false;
	sc->bare = NULL;
	colon++;
	if (words > 0 && text[words - 1] == '*') /* bold of HTML */
		colon += strspn(colon, "*");
	add_text(sc, (size_t)(colon - text), line->end);
	/* Words without a value that are none of ours: somebody's prose. */
	if (rule == NULL && sc->len == 0) {
		sc->open = false;
		talloc_free(sc->value);
		return false;
	}
	return true;
}

/* ---- the text, line by line ---- */

static void
add_rest(struct scan *sc, const struct mail_line *line)
{
	const uint32_t *from = sc->plain.from;
	size_t n = from[line->end] - from[line->start];

	memcpy(sc->rest + sc->rest_len, sc->text + from[line->start], n);
	sc->rest_len += n;
	sc->rest[sc->rest_len++] = '\n';
}

static void
end_commands(struct scan *sc)
{
	const struct answer_rule *bare;

	close_line(sc);
	sc->ended = true;
	/* "fix:", and the text below it, not set in */
	bare = sc->bare;
	if (bare != NULL)
		add_line(sc, bare, sc->bare_word, "", "has nothing behind it");
}

static bool
goes_on(const struct scan *sc, const struct mail_line *line)
{
	return sc->open &&
	       (line->indent > sc->indent || (sc->soft && sc->blanks == 0));
}

static void
scan_own(struct scan *sc, const struct mail_line *line)
{
	size_t words = skip_bullet(sc, line->words, line->end);
	size_t length = line->end - line->words;

	if (sc->any && goes_on(sc, line)) {
		add_break(sc, sc->soft ? " " : sc->blanks > 0 ? "\n\n" : "\n");
		add_text(sc, line->words, line->end);
	} else if (sc->read->nlines + 1 < COMMAND_LINES_MOST &&
		   open_line(sc, line, words)) {
		if (!sc->any)
			sc->indent = line->indent;
		sc->any = true;
	} else {
		end_commands(sc);
		add_rest(sc, line);
		return;
	}
	sc->blanks = 0;
	sc->soft =
	    length >= SOFT_BREAK_LEAST && sc->plain.text[line->end - 1] == ' ';
}

static void
scan_line(struct scan *sc, const struct mail_line *line)
{
	size_t words = skip_bullet(sc, line->words, line->end);

	if (ref_scan(&sc->ref, &sc->plain, line, words)) {
		if (line->kind == LINE_OWN && !sc->ended)
			close_line(sc);
		return;
	}
	if (line->kind == LINE_BLANK) {
		sc->blanks++;
		if (sc->ended)
			add_rest(sc, line);
	} else if (line->kind == LINE_OWN) {
		if (sc->ended)
			add_rest(sc, line);
		else
			scan_own(sc, line);
	}
}

static int
scan_text(struct scan *sc, size_t len)
{
	struct line_walk walk = {.text = &sc->plain};
	struct mail_line line;

	sc->rest = talloc_array(sc->ctx, char, len + 2);
	sc->read->lines = talloc_zero_array(
	    sc->read, struct command_line, COMMAND_LINES_MOST);
	if (sc->rest == NULL || sc->read->lines == NULL)
		return -1;
	while (!sc->failed && mail_line_next(&walk, &line))
		scan_line(sc, &line);
	if (!sc->ended)
		close_line(sc);
	while (
	    sc->rest_len > 0 && strchr(" \r\n\t", sc->rest[sc->rest_len - 1]))
		sc->rest_len--;
	if (sc->rest_len > 0) {
		sc->read->rest =
		    talloc_strndup(sc->read, sc->rest, sc->rest_len);
		sc->failed = sc->failed || sc->read->rest == NULL;
	}
	return sc->failed || sc->ref.failed ? -1 : 0;
}

struct commands_read *
desk_commands(const void *ctx, const char *text, const char *number_prefix)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	struct plain_text prefix;
	struct scan sc = {.ctx = tmp, .text = text};
	size_t len = strlen(text);
	int rc = -1;

	sc.read = talloc_zero(ctx, struct commands_read);
	if (sc.read != NULL &&
	    text_plain(tmp, number_prefix, strlen(number_prefix), &prefix) &&
	    text_plain(tmp, text, len, &sc.plain)) {
		sc.ref.prefix = prefix.text;
		sc.ref.read = sc.read;
		rc = scan_text(&sc, len);
	}
	talloc_free(tmp);
	if (rc != 0)
		TALLOC_FREE(sc.read);
	return sc.read;
}
