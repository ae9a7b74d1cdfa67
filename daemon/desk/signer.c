/*
 * signer.c - who signed a part, who signed the letter, what its words are.
 *
 * Runs in the engine, pure.  Takes an opening and the settings; gives a
 * verdict.  Knows no gpg: the vault said what each signature is worth, and
 * which bytes it covers shows in part.layer.  Everything here leans one way:
 * what a signature does not cover is unsigned, and what came out of an
 * operation that failed as a whole counts for nothing.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

static const char *
status_why(uint32_t status)
{
	switch (status) {
	case SIGNATURE_BAD:
		return "bad signature";
	case SIGNATURE_EXPIRED:
		return "the signature has expired";
	case SIGNATURE_KEY_EXPIRED:
		return "signed by a key that has expired";
	case SIGNATURE_KEY_REVOKED:
		return "signed by a key that was revoked";
	case SIGNATURE_WEAK:
		return "signed with a broken digest algorithm";
	case SIGNATURE_FUTURE:
		return "signed at a time that has not come yet";
	default:
		return "the signature could not be checked";
	}
}

/* The layer of a part, or of a layer, by its index + 1; NULL: the letter. */
static const struct layer *
layer_at(const struct opening *o, uint32_t index)
{
	if (index == 0 || index > o->nlayers)
		return NULL;
	return &o->layers[index - 1];
}

/* A good signature: whose is it? */
static void
take_good(const struct settings *s, const struct signature *sig,
    const char *bound_key, struct desk_signer *out)
{
	const struct department *department = NULL;
	const struct correspondent *c;
	const struct contact *contact;

	if (out->verdict == VERDICT_PINNED || sig->primary == NULL)
		return;
	c = settings_correspondent_by_key(s, sig->primary);
	contact = c != NULL
		      ? NULL
		      : settings_contact_by_key(s, sig->primary, &department);
	if (c != NULL || contact != NULL) {
		*out = (struct desk_signer){VERDICT_PINNED, sig->primary, c,
		    contact, department,
		    c != NULL ? "signed by the pinned key of a correspondent"
			      : "signed by the pinned key of a department"};
	} else if (bound_key != NULL &&
		   strcasecmp(sig->primary, bound_key) == 0) {
		*out = (struct desk_signer){VERDICT_KNOWN, sig->primary, NULL,
		    NULL, NULL, "signed by the key bound to this case"};
	}
}

/*
 * A pinned key that is not a correspondent's or a contact's (an operator's,
 * our own) gives no authority to a letter: it is a stranger's here.
 */
static struct desk_signer
layer_signer(
    const struct settings *s, const struct layer *layer, const char *bound_key)
{
	struct desk_signer good = {0};
	uint32_t fault = 0; /* the first status that is VERDICT_BAD */
	const char *stranger = NULL;

	for (size_t i = 0; i < layer->nsignatures; i++) {
		const struct signature *sig = &layer->signatures[i];

		switch (sig->status) {
		case SIGNATURE_BAD:
			return (struct desk_signer){.verdict = VERDICT_BAD,
			    .why = status_why(SIGNATURE_BAD)};
		case SIGNATURE_GOOD:
			take_good(s, sig, bound_key, &good);
			stranger = "signed by a key that is not pinned";
			break;
		case SIGNATURE_NO_KEY:
			stranger = "signed by a key we do not hold";
			break;
		case SIGNATURE_UNSUPPORTED:
			stranger = "signed in a way not supported here";
			break;
		default:
			fault = fault != 0 ? fault : sig->status;
			fault = fault != 0 ? fault : SIGNATURE_BAD;
			break;
		}
	}
	if (good.verdict != 0)
		return good;
	if (fault != 0)
		return (struct desk_signer){
		    .verdict = VERDICT_BAD, .why = status_why(fault)};
	return (struct desk_signer){
	    .verdict = VERDICT_UNKNOWN_KEY, .why = stranger};
}

struct desk_signer
desk_part_signer(const struct settings *s, const struct opening *o, size_t part,
    const char *bound_key)
{
	struct desk_signer none = {
	    .verdict = VERDICT_UNSIGNED, .why = "no signature"};
	uint32_t at;

	if (part >= o->nparts)
		return none;
	at = o->parts[part].layer;
	/* Parents are hostile numbers too: no more steps than layers. */
	for (size_t step = 0; step < o->nlayers; step++) {
		const struct layer *layer = layer_at(o, at);

		if (layer == NULL)
			break;
		/* A layer that failed as a whole may list a "good" signature:
		 * with a broken MDC gpg says so before it notices. */
		if (layer->outcome != LAYER_OPEN)
			none.why = "a signature could not be checked";
		else if (layer->nsignatures > 0)
			return layer_signer(s, layer, bound_key);
		at = layer->parent;
	}
	return none;
}

size_t
signer_depth(const struct opening *o, size_t part)
{
	uint32_t at = o->parts[part].layer;
	size_t depth = 0;

	for (size_t step = 0; step < o->nlayers; step++) {
		const struct layer *layer = layer_at(o, at);

		if (layer == NULL)
			break;
		if (layer->outcome == LAYER_OPEN)
			depth++;
		at = layer->parent;
	}
	return depth;
}

bool
signer_is(const struct desk_signer *signer, const struct correspondent *c)
{
	return c != NULL && signer->verdict == VERDICT_PINNED &&
	       signer->correspondent == c;
}

/* White space a mail client leaves where a text was cut out. */
static bool
is_blank(struct bytes text)
{
	static const char *const blanks[] = {
	    "\xc2\xa0", "\xe3\x80\x80", "\xe2\x80\x8b", "\xef\xbb\xbf"};
	size_t at = 0;

	while (at < text.len) {
		size_t step = 0;

		if (text.data[at] <= ' ')
			step = 1;
		for (size_t i = 0; step == 0 && i < 4; i++) {
			size_t n = strlen(blanks[i]);

			if (text.len - at >= n &&
			    memcmp(text.data + at, blanks[i], n) == 0)
				step = n;
		}
		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

struct desk_signer
desk_letter_signer(
    const struct settings *s, const struct opening *o, const char *bound_key)
{
	size_t file = o->nparts;

	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (p->kind == PART_TEXT && !is_blank(p->content))
			return desk_part_signer(s, o, i, bound_key);
		if ((p->kind == PART_FILE || p->kind == PART_KEY) &&
		    file == o->nparts)
			file = i;
	}
	return desk_part_signer(s, o, file, bound_key);
}

/* How well a text serves as the letter's words, within one depth. */
static int
text_rank(const struct part *p)
{
	return ((p->flags & PART_ATTACHED) == 0 ? 2 : 0) +
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

		if (p->kind != PART_TEXT || is_blank(p->content))
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
