/*
 * scrub.c - a department's question as it may leave the house.
 *
 * Takes what a contact wrote; leaves out what was quoted, headers and lines of
 * mail programs, greetings, names, signatures and our references, and puts
 * "[…]" for names and addresses in what remains.  A person reads it before it
 * leaves: what looks like a signature goes, rather than a name stays.  Linear
 * in the text.  Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

#include <talloc.h>

#include "mail_lines.h"
#include "scrub.h"

#define REMOVED "[…]"
#define SIGNATURE_LINES 12 /* of text below a rule */
#define LAST_LINES 40      /* among which a signature begins */
#define GREETING_MOST 90   /* bytes; a longer line says more */
#define NAME_LINE_MOST 48  /* bytes of "設計部の山田です" */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct kept {
	size_t start, end; /* in the plain text */
	bool blank, rule;
};

struct scrub {
	const char *raw;
	struct plain_text plain;
	struct names *names;
	struct kept *lines;
	size_t nlines, room;
	bool said;   /* a line that is no greeting was kept */
	bool header; /* the line before was one */
};

static bool
starts(const struct scrub *sc, size_t at, size_t end, const char *word)
{
	size_t n = strlen(word);

	return end - at >= n && memcmp(sc->plain.text + at, word, n) == 0;
}

static bool
starts_any(const struct scrub *sc, size_t at, size_t end,
    const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (starts(sc, at, end, words[i]))
			return true;
	return false;
}

static bool
finishes_any(const struct scrub *sc, size_t at, size_t end,
    const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (end - at >= strlen(words[i]) &&
		    starts(sc, end - strlen(words[i]), end, words[i]))
			return true;
	return false;
}

static bool
has_any(const struct scrub *sc, size_t at, size_t end, const char *const *words,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memmem(sc->plain.text + at, end - at, words[i],
			strlen(words[i])) != NULL)
			return true;
	return false;
}

static size_t
skip_blanks(const struct scrub *sc, size_t at, size_t end)
{
	while (at < end && sc->plain.text[at] == ' ')
		at++;
	return at;
}

/* ---- lines of programs ---- */

static const char *const headers[] = {
    "ref:", "ref :", "reference:", "参照番号:", "照会番号:", "参照:", "from:",
    "to:", "cc:", "bcc:", "sent:", "date:", "subject:", "reply-to:",
    "message-id:", "in-reply-to:", "references:", "received:", "return-path:",
    "delivered-to:", "sender:", "user-agent:", "mime-version:", "content-type:",
    "content-transfer-encoding:", "dkim-signature:", "authentication-results:",
    "autocrypt:", "list-id:", "thread-topic:", "thread-index:", "importance:",
    "x-", "差出人:", "送信者:", "宛先:", "件名:", "送信日時:", "日時:",
    "添付ファイル:"};

static bool
is_header(const struct scrub *sc, const struct mail_line *line)
{
	size_t at = line->words;
	size_t end = line->end;

	/* Folded: it belongs to the one above. */
	if (sc->header && line->indent > 0)
		return true;
	if (!starts_any(sc, at, end, headers, COUNT(headers)))
		return false;
	return !starts(sc, at, end, "x-") ||
	       memchr(sc->plain.text + at, ':',
		   end - at < 40 ? end - at : 40) != NULL;
}

/* "━━━━", "-----", "◆◇◆◇": four signs that are no words, and nothing else. */
static bool
is_rule(const struct scrub *sc, size_t at, size_t end)
{
	size_t n;
	size_t signs = 0;
	uint32_t c;

	for (; at < end; at += n) {
		n = text_next(sc->plain.text + at, end - at, &c);
		if (n == 0)
			return false;
		if (c == ' ')
			continue;
		if (!(c < 0x80 && strchr("-=_*~+#/:.", (int)c) != NULL) &&
		    !(c >= 0x2500 && c <= 0x27bf) && c != 0x203b &&
		    c != 0x2026 && c != 0x3030 && c != 0x301c)
			return false;
		signs++;
	}
	return signs >= 4;
}

/* ---- greetings ---- */

static const char *const greetings[] = {"お疲れ様", "お疲れさま",
    "おつかれさま", "お世話に", "いつもお世話", "いつも大変お世話", "平素",
    "ご苦労様", "おはようございます", "こんにちは", "突然のメール",
    "ご連絡ありがとう", "ご対応ありがとう", "good morning", "good afternoon",
    "thank you for your", "thanks for your"};
/* Up to the comma. */
static const char *const salutations[] = {
    "hi ", "hi,", "hello ", "hello,", "dear ", "hey ", "to whom "};
static const char *const addressed[] = {
    "様", "各位", "さん", "殿", "御中", "さま", "様へ", "各位へ"};
static const char *const introduced[] = {
    "です", "と申します", "でございます", "と言います"};
/* A sentence with one of these says more than a name. */
static const char *const particles[] = {
    "は", "が", "を", "で", "に", "も", "か", "って", "な", "?", ":"};
static const char *const closings[] = {"よろしくお願い", "宜しくお願い",
    "以上です", "以上、", "以上。", "どうぞよろしく", "何卒よろしく",
    "ご確認のほど", "取り急ぎ", "敬具", "regards", "best regards",
    "kind regards", "warm regards", "best wishes", "many thanks", "thanks",
    "thank you", "sincerely", "yours ", "cheers", "best,", "br,"};
/* Below these only a name and a signature stand. */
static const char *const valedictions[] = {"regards", "best regards",
    "kind regards", "warm regards", "best wishes", "sincerely", "yours ",
    "cheers", "best,", "br,", "敬具"};

static size_t
drop_stops(const struct scrub *sc, size_t at, size_t end)
{
	static const char *const stops[] = {
	    "。", "、", ".", ",", "!", ":", " "};

	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < COUNT(stops) && !more; i++)
			if (end - at > strlen(stops[i]) &&
			    starts(sc, end - strlen(stops[i]), end, stops[i])) {
				end -= strlen(stops[i]);
				more = true;
			}
	}
	return end;
}

/* 「設計部の山田です」: in the opening, short, and nothing but who it is. */
static bool
is_introduction(const struct scrub *sc, size_t at, size_t end)
{
	size_t tail = 0;

	if (end - at > NAME_LINE_MOST)
		return false;
	for (size_t i = 0; i < COUNT(introduced) && tail == 0; i++)
		if (finishes_any(sc, at, end, &introduced[i], 1))
			tail = strlen(introduced[i]);
	return tail > 0 && end - at > tail &&
	       !has_any(sc, at, end - tail, particles, COUNT(particles)) &&
	       strcspn(sc->plain.text + at, "0123456789") >= end - at;
}

static bool
is_greeting(const struct scrub *sc, size_t at, size_t end)
{
	at = skip_blanks(sc, at, end);
	end = drop_stops(sc, at, end);
	if (at == end)
		return true;
	if (end - at > GREETING_MOST)
		return false;
	return starts_any(sc, at, end, greetings, COUNT(greetings)) ||
	       (end - at <= NAME_LINE_MOST &&
		   finishes_any(sc, at, end, addressed, COUNT(addressed)) &&
		   !has_any(sc, at, end, particles, 3)) ||
	       is_introduction(sc, at, end);
}

/* Where what it has to say begins; `end`: it is a greeting whole. */
static size_t
pass_greeting(const struct scrub *sc, size_t at, size_t end)
{
	const char *text = sc->plain.text;

	if (starts_any(sc, at, end, salutations, COUNT(salutations))) {
		size_t stop = at + strcspn(text + at, ",:!\n");

		if (stop >= end)
			return end - at <= NAME_LINE_MOST ? end : at;
		if (stop - at <= NAME_LINE_MOST)
			return skip_blanks(sc, stop + 1, end);
	}
	while (at < end) {
		const char *stop =
		    memmem(text + at, end - at, "。", strlen("。"));
		size_t next =
		    stop != NULL ? (size_t)(stop - text) + strlen("。") : end;

		if (!is_greeting(sc, at, next))
			break;
		at = skip_blanks(sc, next, end);
	}
	return at;
}

/* ---- what is kept ---- */

static bool
keep_line(struct scrub *sc, size_t start, size_t end, bool blank)
{
	if (sc->nlines == sc->room) {
		size_t room = sc->room * 2 + 32;
		struct kept *lines = talloc_realloc(
		    sc->names, sc->lines, struct kept, (unsigned)room);

		if (lines == NULL)
			return false;
		sc->lines = lines;
		sc->room = room;
	}
	sc->lines[sc->nlines++] =
	    (struct kept){start, end, blank, !blank && is_rule(sc, start, end)};
	return true;
}

static bool
take_line(struct scrub *sc, const struct mail_line *line)
{
	size_t at = line->words;

	if (line->kind == LINE_BLANK) {
		sc->header = false;
		/* Empty lines that meet are one. */
		if (sc->nlines == 0 || sc->lines[sc->nlines - 1].blank)
			return true;
		return keep_line(sc, at, line->end, true);
	}
	if (line->kind != LINE_OWN)
		return true;
	sc->header = is_header(sc, line);
	if (sc->header)
		return true;
	if (!sc->said)
		at = pass_greeting(sc, at, line->end);
	if (at == line->end)
		return true;
	if (at == line->words)
		at = line->start;
	sc->said = sc->said || !is_rule(sc, at, line->end);
	return keep_line(sc, at, line->end, false);
}

/* ---- the end of it ---- */

static bool
has_name(const struct scrub *sc, size_t at, size_t end)
{
	bool keep;

	for (; at < end; at++)
		if (names_at(sc->names, &sc->plain, sc->raw, at, end, &keep) >
			0 &&
		    !keep)
			return true;
	return false;
}

/* Do the lines from `first` on look like a signature? */
static bool
is_signature(const struct scrub *sc, size_t first)
{
	static const char *const marks[] = {"@", "tel", "phone", "fax", "内線",
	    "〒", "http", "株式会社", "e-mail", "mail:", "ext.", "電話"};
	size_t lines = 0;
	bool marked = false;

	for (size_t i = first; i < sc->nlines; i++) {
		const struct kept *l = &sc->lines[i];

		if (l->blank || l->rule)
			continue;
		if (++lines > SIGNATURE_LINES)
			return false;
		marked = marked ||
			 has_any(sc, l->start, l->end, marks, COUNT(marks)) ||
			 (l->end - l->start <= GREETING_MOST &&
			     has_name(sc, l->start, l->end));
	}
	return marked;
}

/* Below a rule, or below "Best regards". */
static void
drop_signature(struct scrub *sc)
{
	size_t cut = sc->nlines;
	size_t most = sc->nlines < LAST_LINES ? sc->nlines : LAST_LINES;

	for (size_t i = sc->nlines; i-- > sc->nlines - most;) {
		const struct kept *l = &sc->lines[i];

		if (l->rule && is_signature(sc, i))
			cut = i;
		else if (!l->blank && !l->rule &&
			 l->end - l->start <= GREETING_MOST &&
			 starts_any(sc, skip_blanks(sc, l->start, l->end),
			     l->end, valedictions, COUNT(valedictions)))
			cut = i;
	}
	sc->nlines = cut;
	/* 「以上、よろしくお願いいたします。」 and rules at the end */
	while (sc->nlines > 0) {
		const struct kept *l = &sc->lines[sc->nlines - 1];

		if (!l->blank && !l->rule &&
		    !(l->end - l->start <= GREETING_MOST &&
			starts_any(sc, skip_blanks(sc, l->start, l->end),
			    l->end, closings, COUNT(closings))))
			break;
		sc->nlines--;
	}
}

/* ---- what remains, with names out ---- */

static bool
is_removed_only(const char *text)
{
	while (*text != '\0') {
		size_t n = strspn(text, " \t,.:;-/()<>[]\"");

		if (strncmp(text, REMOVED, strlen(REMOVED)) == 0)
			n = strlen(REMOVED);
		else if (strncmp(text, "、", 3) == 0 ||
			 strncmp(text, "。", 3) == 0 ||
			 strncmp(text, "　", 3) == 0)
			n = 3;
		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

/* A line; its room is taken for granted. */
static char *
put_line(const struct scrub *sc, const struct kept *l, char *to)
{
	const uint32_t *from = sc->plain.from;
	char *start = to;
	bool removed = false;
	size_t at = l->start;

	while (at < l->end) {
		bool keep;
		size_t stop =
		    names_at(sc->names, &sc->plain, sc->raw, at, l->end, &keep);
		size_t next = at + 1;

		if (stop > 0)
			next = stop;
		while (next < l->end && from[next] == from[next - 1])
			next++;
		if (stop > 0 && !keep) {
			/* What meets is one. */
			if (!removed ||
			    to - start < (ptrdiff_t)strlen(REMOVED) ||
			    memcmp(to - strlen(REMOVED), REMOVED,
				strlen(REMOVED)) != 0)
				to = stpcpy(to, REMOVED);
			removed = true;
		} else {
			memcpy(to, sc->raw + from[at], from[next] - from[at]);
			to += from[next] - from[at];
		}
		at = next;
	}
	while (to > start && (to[-1] == '\r' || to[-1] == ' '))
		to--;
	*to = '\0';
	if (removed && is_removed_only(start))
		return start;
	*to++ = '\n';
	return to;
}

static char *
put_lines(const struct scrub *sc, const void *ctx, size_t len)
{
	/* A name has two bytes or more, and what stands for it has five. */
	char *out = talloc_array(ctx, char, len * 4 + 16);
	char *to = out;
	char *left;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < sc->nlines; i++) {
		if (sc->lines[i].blank && (to == out || to[-1] != '\n' ||
					      (to - out > 1 && to[-2] == '\n')))
			continue;
		if (sc->lines[i].blank)
			*to++ = '\n';
		else
			to = put_line(sc, &sc->lines[i], to);
	}
	while (to > out && strchr(" \r\n", to[-1]) != NULL)
		to--;
	*to = '\0';
	left = talloc_strdup(ctx, out);
	talloc_free(out);
	return left;
}

char *
desk_scrub(const void *ctx, const struct settings *s, const char *text)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	struct scrub sc = {.raw = text, .names = names_new(tmp, s)};
	struct line_walk walk = {.text = &sc.plain};
	struct mail_line line;
	size_t len = strlen(text);
	bool good = sc.names != NULL && text_plain(tmp, text, len, &sc.plain);
	char *out = NULL;

	while (good && mail_line_next(&walk, &line))
		good = take_line(&sc, &line);
	if (good) {
		drop_signature(&sc);
		out = put_lines(&sc, ctx, len);
	}
	talloc_free(tmp);
	return out;
}
