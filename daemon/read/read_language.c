/*
 * read_language.c - the language that the sender of a letter writes.
 *
 * Takes each text of a letter as it is searched and marks the reading as
 * Japanese by the sender's own words.  What they forward, attach, quote or
 * answer to was written by others: it speaks for them only where they say
 * nothing themselves.  Runs in the child of the read room.
 */
#include "read_line.h"

#include <string.h>

/* "-----Original Message-----", "---------- 転送メッセージ ----------" */
static bool
is_others_head(struct line line)
{
	return line.end - line.s > 10 && memcmp(line.s, "-----", 5) == 0 &&
	       line.end[-1] == '-' && !line_is_rule(line);
}

/* "Re:", "Fwd:": the words behind it are of the letter that came before. */
static bool
is_answer(const char *subject, size_t len)
{
	size_t n = 0;

	while (n < len && g_ascii_isalpha(subject[n]))
		n++;
	return n > 1 && n < 4 && n < len && subject[n] == ':';
}

static void
take_line(struct draft *d, struct line line, bool own)
{
	if (!japanese_kana(line.s, (size_t)(line.end - line.s)))
		return;
	if (own)
		d->reading->japanese = 1;
	else
		d->others_japanese = true;
}

void
language_take(struct draft *d, const char *text, size_t len, uint32_t part)
{
	const uint32_t flags = PART_FORWARDED | PART_ATTACHED;
	const char *end = text + len;
	bool theirs;
	struct line line;
	bool own = part > 0 ? (d->reading->parts[part - 1].flags & flags) == 0
			    : !is_answer(text, len);

	for (const char *s = text; s < end; s = line.next) {
		line = line_next(s, end);
		if (line.s == line.end)
			continue;
		own = own && !is_others_head(line);
		theirs = !own || line_is_quoted(line);
		d->has_own |= part > 0 && !theirs;
		take_line(d, line, !theirs);
	}
}

/* Their own words may be sealed; then what stands around them says nothing. */
void
language_finish(struct draft *d)
{
	struct reading *r = d->reading;

	for (size_t i = 0; i < r->nparts && !d->has_own; i++)
		d->has_own = r->parts[i].kind == PART_ENCRYPTED &&
			     (r->parts[i].flags & PART_FORWARDED) == 0;
	if (!d->has_own && d->others_japanese)
		r->japanese = 1;
}
