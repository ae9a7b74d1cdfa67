/*
 * belief.c - what is believed of a part, as one table.
 *
 * Runs in the engine, pure.  evidence_find() walks the layers around a part,
 * from the innermost outwards, and stops at the first that can decide; then
 * the rows are asked in order, and the first that holds is the verdict.  What
 * a sender chooses freely, a file name, a notation, the note of a layer, is
 * no evidence: the vault read gpg's own words, and no row believes others.
 *
 * To believe something new of a signature means a row here, and a row of
 * tests/unit/test_desk_belief.c that fails without it.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

#include "psirtd/text.h"

/* ---- what is found ---- */

/*
 * Does this layer stand in a message inside of the letter?  It does when the
 * part that it was made of does, or the part of a layer around it.
 */
static bool
is_wrapped(const struct opening *o, uint32_t index)
{
	for (size_t step = 0; step < o->nlayers; step++) {
		const struct layer *layer = opening_layer(o, index);

		if (layer == NULL)
			break;
		if (layer->part > 0 && layer->part <= o->nparts &&
		    (o->parts[layer->part - 1].flags & PART_FORWARDED) != 0)
			return true;
		index = layer->parent;
	}
	return false;
}

/* Good signatures: whose are they?  The first of a pinned key counts. */
static void
find_signers(struct evidence *e)
{
	const struct layer *layer = e->layer;

	for (size_t i = 0; i < layer->nsignatures; i++) {
		const struct signature *sig = &layer->signatures[i];

		if (sig->status != SIGNATURE_GOOD || sig->primary == NULL)
			continue;
		if (e->bound_key != NULL &&
		    strcasecmp(sig->primary, e->bound_key) == 0)
			e->bound = sig;
		if (e->pinned != NULL)
			continue;
		if (settings_key_waits(e->s, sig->primary)) {
			e->waits = true;
			continue;
		}
		e->correspondent =
		    settings_correspondent_by_key(e->s, sig->primary);
		if (e->correspondent == NULL)
			e->contact = settings_contact_by_key(
			    e->s, sig->primary, &e->department);
		if (e->correspondent != NULL || e->contact != NULL)
			e->pinned = sig;
	}
}

uint32_t
belief_withheld(const struct opening *o, uint32_t at)
{
	/* Parents are hostile numbers too: no more steps than layers. */
	for (size_t step = 0; step < o->nlayers; step++) {
		const struct layer *layer = opening_layer(o, at);

		if (layer == NULL)
			break;
		if (layer->kind == LAYER_ENCRYPTED &&
		    layer->outcome != LAYER_OPEN)
			return at;
		at = layer->parent;
	}
	return 0;
}

/* Takes one layer as evidence; true: it decides. */
static bool
take_layer(struct evidence *e, const struct layer *layer, uint32_t at)
{
	if (layer->outcome == LAYER_OPEN && layer->nsignatures == 0)
		return false;
	if (layer->outcome != LAYER_OPEN) {
		/* What a failed operation lists as "good" covers nothing. */
		e->unchecked = true;
	} else if (e->for_letter && is_wrapped(e->o, at)) {
		/* It speaks for the message inside: go on outwards. */
		e->wrapped = true;
	} else {
		e->layer = layer;
		e->at = at;
		find_signers(e);
		return true;
	}
	if (e->at == 0)
		e->at = at;
	return false;
}

void
evidence_find(struct evidence *e, uint32_t at)
{
	uint32_t withheld = belief_withheld(e->o, at);

	if (withheld > 0) {
		e->failed = opening_layer(e->o, withheld);
		e->at = withheld;
		return;
	}
	for (size_t step = 0; step < e->o->nlayers; step++) {
		const struct layer *layer = opening_layer(e->o, at);

		if (layer == NULL || take_layer(e, layer, at))
			break;
		e->over_sealed |= layer->kind == LAYER_ENCRYPTED;
		at = layer->parent;
	}
	/* No signature around what was encrypted: nothing to warn of. */
	e->over_sealed = e->over_sealed && e->layer != NULL;
}

/* ---- the rows ---- */

static bool
has(const struct evidence *e, uint32_t status)
{
	for (size_t i = 0; e->layer != NULL && i < e->layer->nsignatures; i++)
		if (e->layer->signatures[i].status == status)
			return true;
	return false;
}

static bool
no_mdc(const struct evidence *e)
{
	return e->failed != NULL && e->failed->outcome == LAYER_NO_MDC;
}

static bool
broken_mdc(const struct evidence *e)
{
	return e->failed != NULL && e->failed->outcome == LAYER_INTEGRITY;
}

static bool
partial(const struct evidence *e)
{
	return e->failed != NULL;
}

static bool
around_sealed(const struct evidence *e)
{
	return e->over_sealed;
}

static bool
one_bad_of_several(const struct evidence *e)
{
	return has(e, SIGNATURE_BAD) && e->layer->nsignatures > 1;
}

static bool
bad(const struct evidence *e)
{
	return has(e, SIGNATURE_BAD);
}

static bool
of_correspondent(const struct evidence *e)
{
	return e->correspondent != NULL;
}

static bool
of_contact(const struct evidence *e)
{
	return e->contact != NULL;
}

static bool
of_this_case(const struct evidence *e)
{
	return e->bound != NULL;
}

static bool
not_confirmed(const struct evidence *e)
{
	return e->waits;
}

static bool
key_revoked(const struct evidence *e)
{
	return has(e, SIGNATURE_KEY_REVOKED);
}

static bool
key_expired(const struct evidence *e)
{
	return has(e, SIGNATURE_KEY_EXPIRED);
}

static bool
signature_expired(const struct evidence *e)
{
	return has(e, SIGNATURE_EXPIRED);
}

static bool
weak_digest(const struct evidence *e)
{
	return has(e, SIGNATURE_WEAK);
}

static bool
from_the_future(const struct evidence *e)
{
	return has(e, SIGNATURE_FUTURE);
}

static bool
unknown_status(const struct evidence *e)
{
	for (size_t i = 0; e->layer != NULL && i < e->layer->nsignatures; i++)
		if (e->layer->signatures[i].status < SIGNATURE_GOOD ||
		    e->layer->signatures[i].status > SIGNATURE_UNSUPPORTED)
			return true;
	return false;
}

static bool
user_id_claims(const struct evidence *e)
{
	return e->layer != NULL && e->o->key_signed &&
	       claims_by_user_ids(e->s, e->o) != NULL;
}

static bool
of_no_party(const struct evidence *e)
{
	for (size_t i = 0; e->layer != NULL && i < e->layer->nsignatures; i++)
		if (e->layer->signatures[i].status == SIGNATURE_GOOD &&
		    report_is_desk_key(e->s, e->layer->signatures[i].primary))
			return true;
	return false;
}

static bool
not_pinned(const struct evidence *e)
{
	return has(e, SIGNATURE_GOOD);
}

static bool
unknown_key(const struct evidence *e)
{
	return has(e, SIGNATURE_NO_KEY);
}

static bool
unsupported(const struct evidence *e)
{
	return has(e, SIGNATURE_UNSUPPORTED);
}

static bool
inside_a_message(const struct evidence *e)
{
	return e->wrapped && e->layer == NULL;
}

static bool
not_checked(const struct evidence *e)
{
	return e->unchecked && e->layer == NULL;
}

/* SigSpoof: a name that reads like a line of gpg's status. */
static bool
name_plays_gpg(const struct evidence *e)
{
	static const char *const words[] = {"[GNUPG:]", "GOODSIG", "VALIDSIG"};

	if (e->layer != NULL || e->part == NULL || e->part->name == NULL)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(e->part->name, words[i]) != NULL)
			return true;
	return false;
}

static bool
beside_a_signed_one(const struct evidence *e)
{
	for (size_t i = 0; e->layer == NULL && i < e->o->nlayers; i++)
		if (e->o->layers[i].outcome == LAYER_OPEN &&
		    e->o->layers[i].nsignatures > 0)
			return true;
	return false;
}

static bool
always(const struct evidence *e)
{
	(void)e;
	return true;
}

#define UNSIGNED VERDICT_UNSIGNED
#define STRANGER VERDICT_UNKNOWN_KEY

const struct belief beliefs[] = {
    /* It did not open: nothing of the layer is shown, or believed. */
    {"no MDC", no_mdc, UNSIGNED,
	"it has no integrity protection: what came of it is withheld"},
    {"broken MDC", broken_mdc, UNSIGNED,
	"it was changed after it was encrypted: what came of it is withheld"},
    {"partial plaintext before a failure", partial, UNSIGNED,
	"it did not open as a whole: what came of it is withheld"},

    /* Signed, but the signature speaks of something else. */
    {"a signature around what was encrypted", around_sealed, UNSIGNED,
	"the signature is over ciphertext: it does not say who wrote this"},
    {"a signature inside another message", inside_a_message, UNSIGNED,
	"signed is a message inside of the letter, not the letter"},

    /* One that is bad spoils all; good ones know who they are. */
    {"several signatures, one bad", one_bad_of_several, VERDICT_BAD,
	"one of several signatures is a bad signature"},
    {"bad", bad, VERDICT_BAD, "bad signature"},
    {"pinned key of a correspondent", of_correspondent, VERDICT_PINNED,
	"signed by the pinned key of a correspondent"},
    {"pinned key of a contact", of_contact, VERDICT_PINNED,
	"signed by the pinned key of a department"},
    {"key bound to this case", of_this_case, VERDICT_KNOWN,
	"signed by the key bound to this case"},

    /* Signed by somebody, and not to be relied on. */
    {"key revoked", key_revoked, VERDICT_BAD,
	"signed by a key that was revoked"},
    {"key expired", key_expired, VERDICT_BAD,
	"signed by a key that has expired"},
    {"signature expired", signature_expired, VERDICT_BAD,
	"the signature has expired"},
    {"weak digest", weak_digest, VERDICT_BAD,
	"signed with a broken digest algorithm"},
    {"from the future", from_the_future, VERDICT_BAD,
	"signed at a time that has not come yet"},
    {"a status nobody knows", unknown_status, VERDICT_BAD,
	"the signature could not be checked"},

    /* Who wrote it into the settings, two persons have not said yet. */
    {"pinned key not confirmed yet", not_confirmed, STRANGER,
	"signed by a key whose pin waits to be confirmed"},

    /* Signed by a stranger: no user id makes it somebody. */
    {"a user id that claims somebody else", user_id_claims, STRANGER,
	"signed by a key that is not pinned, in a correspondent's name"},
    {"pinned key of no party", of_no_party, STRANGER,
	"signed by a key of the desk, which is not pinned for letters"},
    {"key not pinned", not_pinned, STRANGER,
	"signed by a key that is not pinned"},
    {"unknown key", unknown_key, STRANGER, "signed by a key we do not hold"},
    {"unsupported", unsupported, STRANGER,
	"signed in a way not supported here"},

    /* No signature over it. */
    {"a signature that was not checked", not_checked, UNSIGNED,
	"a signature could not be checked"},
    {"a file name in the words of gpg", name_plays_gpg, UNSIGNED,
	"no signature; its file name only looks like one"},
    {"uncovered beside a signed part", beside_a_signed_one, UNSIGNED,
	"no signature covers it, only other parts of the letter"},
    {"unsigned", always, UNSIGNED, "no signature"},
};
const size_t nbeliefs = sizeof(beliefs) / sizeof(beliefs[0]);

const struct belief *
belief_of(const struct evidence *e)
{
	size_t i = 0;

	while (i + 1 < nbeliefs && !beliefs[i].holds(e))
		i++;
	return &beliefs[i];
}

struct desk_signer
belief_signer(struct evidence *e, uint32_t at)
{
	const struct belief *b;
	struct desk_signer out = {0};

	evidence_find(e, at);
	b = belief_of(e);
	out.verdict = b->verdict;
	out.why = b->why;
	out.layer = e->at;
	out.withheld = e->failed != NULL;
	if (b->verdict == VERDICT_PINNED && e->pinned != NULL) {
		out.fingerprint = e->pinned->primary;
		out.correspondent = e->correspondent;
		out.contact = e->contact;
		out.department = e->department;
	} else if (b->verdict == VERDICT_KNOWN && e->bound != NULL) {
		out.fingerprint = e->bound->primary;
	}
	return out;
}

/* ---- the protected header fields ---- */

/* Opened, encrypted to us, and no message inside of the letter. */
static bool
is_sealed_to_us(const struct opening *o, uint32_t at)
{
	bool sealed = false;

	for (size_t step = 0; step < o->nlayers; step++) {
		const struct layer *layer = opening_layer(o, at);

		if (layer == NULL)
			break;
		if (layer->outcome != LAYER_OPEN)
			return false;
		sealed = sealed || layer->kind == LAYER_ENCRYPTED;
		at = layer->parent;
	}
	return sealed;
}

const struct headers *
desk_inner(
    const struct settings *s, const struct opening *o, const char *bound_key)
{
	struct evidence e = {
	    .s = s, .o = o, .bound_key = bound_key, .for_letter = true};

	if (opening_layer(o, o->inner_layer) == NULL ||
	    is_wrapped(o, o->inner_layer))
		return NULL;
	switch (belief_signer(&e, o->inner_layer).verdict) {
	case VERDICT_PINNED:
	case VERDICT_KNOWN:
		return &o->inner;
	case VERDICT_BAD:
		return NULL;
	default:
		return is_sealed_to_us(o, o->inner_layer) ? &o->inner : NULL;
	}
}

const struct mail_address *
desk_from(
    const struct settings *s, const struct opening *o, const char *bound_key)
{
	const struct headers *inner = desk_inner(s, o, bound_key);

	if (inner != NULL && inner->nfrom == 1 &&
	    inner->from[0].address != NULL &&
	    text_is_address(inner->from[0].address))
		return &inner->from[0];
	return o->headers.nfrom > 0 ? &o->headers.from[0] : NULL;
}
