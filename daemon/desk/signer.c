/*
 * signer.c - who signed a part, who signed the letter, what its words are.
 *
 * Runs in the engine, pure.  Takes an opening and the settings; gives a
 * verdict.  Knows no gpg: the vault said what each signature is worth, and
 * which bytes it covers shows in part.layer; belief.c says what that is worth.
 * Everything here leans one way: what a signature does not cover is unsigned,
 * and what came out of an operation that failed as a whole counts for nothing.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

#include "psirtd/text.h"

static struct desk_signer
part_signer(const struct settings *s, const struct opening *o, size_t part,
    const char *bound_key, bool for_letter)
{
	struct evidence e = {.s = s,
	    .o = o,
	    .bound_key = bound_key,
	    .for_letter = for_letter,
	    .part = part < o->nparts ? &o->parts[part] : NULL};

	return belief_signer(&e, e.part != NULL ? e.part->layer : 0);
}

struct desk_signer
desk_part_signer(const struct settings *s, const struct opening *o, size_t part,
    const char *bound_key)
{
	return part_signer(s, o, part, bound_key, false);
}

struct desk_signer
signer_for_letter(const struct settings *s, const struct opening *o,
    size_t part, const char *bound_key)
{
	return part_signer(s, o, part, bound_key, true);
}

size_t
signer_depth(const struct opening *o, size_t part)
{
	uint32_t at = o->parts[part].layer;
	size_t depth = 0;

	for (size_t step = 0; step < o->nlayers; step++) {
		if (at == 0 || at > o->nlayers)
			break;
		if (o->layers[at - 1].outcome == LAYER_OPEN)
			depth++;
		at = o->layers[at - 1].parent;
	}
	return depth;
}

bool
signer_is(const struct desk_signer *signer, const struct correspondent *c)
{
	return c != NULL && signer->verdict == VERDICT_PINNED &&
	       signer->correspondent == c;
}

bool
desk_signed_by(const struct settings *s, const struct opening *o, uint32_t part,
    const char *correspondent)
{
	struct desk_signer signer;

	if (correspondent == NULL)
		return true;
	if (part == 0)
		return false;
	signer = signer_for_letter(s, o, part - 1, NULL);
	return signer.verdict == VERDICT_PINNED &&
	       signer.correspondent != NULL &&
	       strcmp(signer.correspondent->name, correspondent) == 0;
}

bool
desk_signed_alike(const struct settings *s, const struct opening *o,
    uint32_t part, const struct desk_signer *signer)
{
	struct desk_signer its;

	if (signer->fingerprint == NULL)
		return true;
	/* An office may sign with more than one key. */
	if (signer->correspondent != NULL)
		return desk_signed_by(s, o, part, signer->correspondent->name);
	if (part == 0)
		return false;
	its = signer_for_letter(s, o, part - 1, signer->fingerprint);
	return its.fingerprint != NULL &&
	       strcasecmp(its.fingerprint, signer->fingerprint) == 0;
}

static bool
is_text(const struct part *p)
{
	return p->kind == PART_TEXT && !text_is_blank(p->content);
}

/* The head of a message inside, which the read room shows as a text. */
static bool
is_head(const struct part *p)
{
	return (p->flags & PART_FORWARDED) != 0 && p->type != NULL &&
	       strcmp(p->type, "message/rfc822") == 0;
}

/*
 * Of a letter that only carries a message, the message's words are the first;
 * but its head, unless signed as well, takes away what they prove: anything
 * may stand there.
 */
struct desk_signer
desk_letter_signer(
    const struct settings *s, const struct opening *o, const char *bound_key)
{
	size_t file = o->nparts;
	size_t head = o->nparts;

	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];
		struct desk_signer signer;

		if (is_text(p) && !is_head(p)) {
			signer = signer_for_letter(s, o, i, bound_key);
			if (head == o->nparts ||
			    signer.verdict == VERDICT_UNSIGNED)
				return signer;
			return signer_for_letter(s, o, head, bound_key);
		}
		if (is_text(p) && head == o->nparts)
			head = i;
		if ((p->kind == PART_FILE || p->kind == PART_KEY) &&
		    file == o->nparts)
			file = i;
	}
	return signer_for_letter(
	    s, o, head < o->nparts ? head : file, bound_key);
}

int64_t
desk_signed_at(const struct opening *o, const struct desk_signer *signer)
{
	const struct layer *layer = opening_layer(o, signer->layer);
	int64_t at = 0;

	for (size_t i = 0; layer != NULL && signer->fingerprint != NULL &&
			   i < layer->nsignatures;
	     i++) {
		const struct signature *s = &layer->signatures[i];

		if (s->status == SIGNATURE_GOOD && s->primary != NULL &&
		    strcmp(s->primary, signer->fingerprint) == 0 &&
		    s->made > at)
			at = s->made;
	}
	return at;
}

/* How well a text serves as the letter's words, within one depth. */
static int
text_rank(const struct part *p)
{
	return ((p->flags & PART_FORWARDED) == 0 ? 4 : 0) +
	       ((p->flags & PART_ATTACHED) == 0 ? 2 : 0) +
	       ((p->flags & PART_HTML) == 0 ? 1 : 0);
}

const char *
desk_text(const struct opening *o, size_t *part)
{
	const struct part *best = NULL;
	size_t best_depth = 0;

	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];
		size_t depth;

		if (!is_text(p) || is_head(p) ||
		    belief_withheld(o, p->layer) > 0)
			continue;
		depth = signer_depth(o, i);
		if (best != NULL && (depth < best_depth ||
					(depth == best_depth &&
					    text_rank(p) <= text_rank(best))))
			continue;
		best = p;
		best_depth = depth;
		if (part != NULL)
			*part = i;
	}
	/* The codec puts a NUL behind the bytes, text_valid() refused others */
	return best != NULL ? (const char *)best->content.data : NULL;
}

const char *
desk_subject(const struct opening *o)
{
	if (o->inner.subject != NULL && o->inner.subject[0] != '\0')
		return o->inner.subject;
	return o->headers.subject;
}
