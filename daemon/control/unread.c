/*
 * unread.c - letters of a case that no person has read yet.
 *
 * Runs in the engine.  Whether somebody has read a letter is in the record
 * already: a reading leaves its line.  So nothing else must be kept or told:
 * what a finder wrote stands in `psirt` until it is read.
 */
#include "request.h"

#include <talloc.h>

#define LETTERS_MOST 100 /* the newest of one case */
#define LINES 64

bool
letter_is_noise(const struct store_letter *l)
{
	return l->reason == REASON_AUTO_REPLY || l->reason == REASON_OWN ||
	       l->reason == REASON_ADOPTED ||
	       /* What is left to do of it has tasks. */
	       l->reason == REASON_ANSWER ||
	       /* Of these the desk was told. */
	       ((l->reason == REASON_LIST || l->reason == REASON_DUPLICATE) &&
		   !l->unconfirmed);
}

/* Takes out what this line says was read. */
static void
strike(
    struct store_letter *letters, size_t count, const struct store_record *line)
{
	if (line->what != RECORD_LETTER_READ)
		return;
	for (size_t i = 0; i < count; i++)
		if (letters[i].id == line->letter)
			letters[i].id = 0;
}

static int
strike_read(struct request *r, int64_t casefile, struct store_letter *letters,
    size_t count)
{
	int64_t after = 0;
	size_t n;

	do {
		struct store_record *lines = NULL;

		n = 0;
		if (store_record_list(r, r->st, casefile, after, LINES, &lines,
			&n, &r->err) != 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			strike(letters, count, &lines[i]);
		if (n > 0)
			after = lines[n - 1].id;
		talloc_free(lines);
	} while (n == LINES);
	return 0;
}

int
unread_letters(const void *ctx, struct request *r, int64_t casefile,
    struct store_letter **letters, size_t *count)
{
	size_t n = 0;

	if (store_letter_list(ctx, r->st, LETTER_FILED, casefile, LETTERS_MOST,
		letters, count, &r->err) != 0 ||
	    strike_read(r, casefile, *letters, *count) != 0)
		return -1;
	for (size_t i = 0; i < *count; i++)
		/* Who filed one by hand has seen it. */
		if ((*letters)[i].id != 0 && !(*letters)[i].by_hand &&
		    !letter_is_noise(&(*letters)[i]))
			(*letters)[n++] = (*letters)[i];
	*count = n;
	return 0;
}
