/*
 * command_ref.c - the reference that an answer carries (RULES 12).
 *
 * Takes the lines of a mail, quoted ones too; gives the number, step and ref
 * of "ref: PSIRT-2026-0001/1.3.1/7KQ2MX".  The one that was quoted least often
 * counts: a question may quote an older one.  Pure.
 */
#include "command_ref.h"

#include <string.h>

#include <talloc.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const ref_words[] = {
    "ref:", "ref :", "reference:", "参照:", "参照番号:", "照会番号:"};

static bool
is_ref_char(char c)
{
	return (c >= '2' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* "psirt-2026-0001/1.3.1/7kq2mx", and nothing behind it */
static bool
take_ref(struct ref_scan *sc, const char *s, const char *end)
{
	static const char digits[] = "0123456789";
	size_t prefix = strlen(sc->prefix);
	const char *number = s;
	const char *step;
	const char *ref;
	size_t n;

	if ((size_t)(end - s) < prefix + 1 ||
	    memcmp(s, sc->prefix, prefix) != 0 || s[prefix] != '-')
		return false;
	s += prefix + 1;
	if (strspn(s, digits) != 4 || s[4] != '-')
		return false;
	s += 5;
	n = strspn(s, digits);
	if (n < 4 || n > 9 || s[n] != '/')
		return false;
	s += n;
	step = ++s;
	n = strspn(s, "0123456789.");
	if (n == 0 || n > 16 || s[n] != '/')
		return false;
	s += n;
	ref = ++s;
	while (s < end && is_ref_char(*s))
		s++;
	if (s - ref != 6 || s + strspn(s, " ") < end)
		return false;
	sc->read->number =
	    talloc_strndup(sc->read, number, (size_t)(step - number) - 1);
	sc->read->step =
	    talloc_strndup(sc->read, step, (size_t)(ref - step) - 1);
	sc->read->ref = talloc_strndup(sc->read, ref, 6);
	return true;
}

static char *
in_capitals(char *text)
{
	for (char *s = text; s != NULL && *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	return text;
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
free_text(const char *text)
{
	talloc_free((void *)(uintptr_t)text);
}

bool
ref_scan(struct ref_scan *sc, const struct plain_text *text,
    const struct mail_line *line, size_t words)
{
	const char *s = text->text + words;
	const char *end = text->text + line->end;
	struct commands_read was = *sc->read;
	size_t n = 0;

	for (size_t i = 0; i < COUNT(ref_words) && n == 0; i++)
		if ((size_t)(end - s) >= strlen(ref_words[i]) &&
		    memcmp(s, ref_words[i], strlen(ref_words[i])) == 0)
			n = strlen(ref_words[i]);
	if (n == 0)
		return false;
	s += n;
	while (s < end && *s == ' ')
		s++;
	if (was.ref != NULL && line->depth > sc->depth)
		return true;
	if (!take_ref(sc, s, end))
		return true;
	if (sc->read->number == NULL || sc->read->step == NULL ||
	    sc->read->ref == NULL) {
		sc->failed = true;
		return true;
	}
	in_capitals((char *)(uintptr_t)sc->read->number);
	in_capitals((char *)(uintptr_t)sc->read->ref);
	if (was.ref == NULL || line->depth < sc->depth) {
		sc->read->refs_differ = false;
		sc->depth = line->depth;
		free_text(was.number);
		free_text(was.step);
		free_text(was.ref);
		return true;
	}
	sc->read->refs_differ = was.refs_differ ||
				!same(was.ref, sc->read->ref) ||
				!same(was.step, sc->read->step) ||
				!same(was.number, sc->read->number);
	free_text(sc->read->number);
	free_text(sc->read->step);
	free_text(sc->read->ref);
	sc->read->number = was.number;
	sc->read->step = was.step;
	sc->read->ref = was.ref;
	return true;
}
