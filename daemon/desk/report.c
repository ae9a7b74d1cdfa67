/*
 * report.c - what the content of a letter makes of it.
 *
 * Runs in the engine, pure.  Takes an opening; says whether it was encrypted
 * to us, whether it stayed closed, and whether a letter in clear looks like a
 * report (DESIGN.md, "Trust, in one table").
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

bool
report_encrypted(const struct opening *o)
{
	if (!o->encrypted)
		return false;
	/* The engine takes an outcome back when what came out of a layer
	 * cannot be read. */
	for (size_t i = 0; i < o->nlayers; i++)
		if (o->layers[i].kind == LAYER_ENCRYPTED &&
		    o->layers[i].outcome == LAYER_OPEN)
			return true;
	return false;
}

bool
report_has_smime(const struct opening *o)
{
	/* A detached S/MIME signature closes nothing. */
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i].kind == PART_SMIME &&
		    (o->parts[i].type == NULL ||
			strstr(o->parts[i].type, "signature") == NULL))
			return true;
	return false;
}

enum reason
desk_limit(const struct opening *o)
{
	static const enum reason of_reading[READ_LIMIT_COUNT] = {
	    [READ_LIMIT_PARTS] = REASON_LIMIT_PARTS,
	    [READ_LIMIT_DEPTH] = REASON_LIMIT_DEPTH,
	    [READ_LIMIT_FIELDS] = REASON_LIMIT_FIELDS,
	    [READ_LIMIT_ADDRESSES] = REASON_LIMIT_ADDRESSES,
	    [READ_LIMIT_TIME] = REASON_LIMIT_TIME,
	    [READ_LIMIT_OUTPUT] = REASON_LIMIT_OUTPUT,
	};
	static const enum reason of_layer[LAYER_OUTCOME_COUNT] = {
	    [LAYER_TOO_BIG] = REASON_LIMIT_OUTPUT,
	    [LAYER_TOO_SLOW] = REASON_LIMIT_TIME,
	    [LAYER_TOO_MANY_KEYS] = REASON_LIMIT_KEYS,
	    [LAYER_TOO_DEEP] = REASON_LIMIT_DEPTH,
	};

	if (o->limit != READ_LIMIT_NONE)
		return o->limit < READ_LIMIT_COUNT ? of_reading[o->limit]
						   : REASON_LIMIT_PARTS;
	for (size_t i = 0; i < o->nlayers; i++)
		if (o->layers[i].outcome < LAYER_OUTCOME_COUNT &&
		    of_layer[o->layers[i].outcome] != REASON_NONE)
			return of_layer[o->layers[i].outcome];
	return REASON_NONE;
}

/*
 * One layer opened beside one that did not is a letter that was opened.  But
 * nobody judges half a letter: one that passed a limit is closed as a whole.
 */
bool
desk_is_closed(const struct opening *o)
{
	return desk_limit(o) != REASON_NONE ||
	       ((o->unopened || report_has_smime(o)) && !report_encrypted(o));
}

bool
report_for_us(const struct opening *o)
{
	for (size_t i = 0; i < o->nlayers; i++)
		if (o->layers[i].kind == LAYER_ENCRYPTED && o->layers[i].for_us)
			return true;
	return false;
}

/*
 * Identifiers that number one vulnerability or one report count.  Those that
 * only describe (CWE, CVSS, CPE, purl, TLP) do not: they stand in newsletters
 * and signatures.  Our own number does not: one that matched made the letter
 * join, one that did not says nothing.
 */
static bool
ident_counts(uint32_t kind)
{
	switch (kind) {
	case IDENT_CASE:
	case IDENT_CWE:
	case IDENT_CVSS:
	case IDENT_CPE:
	case IDENT_PURL:
	case IDENT_TLP:
		return false;
	default:
		return kind > 0 && kind < IDENT_KIND_COUNT;
	}
}

bool
report_in_text(const struct opening *o)
{
	uint32_t seen = 0;

	if (o->nhits > 0)
		return true;
	for (size_t i = 0; i < o->nidents; i++)
		if (ident_counts(o->idents[i].kind))
			return true;
	/* Two labels of one kind are one: "Name:" twice is a signature. */
	for (size_t i = 0; i < o->nfields; i++)
		if (o->fields[i].kind < FIELD_KIND_COUNT)
			seen |= 1u << o->fields[i].kind;
	return (seen & (seen - 1)) != 0;
}

bool
report_has_vn(const struct opening *o)
{
	for (size_t i = 0; i < o->nidents; i++)
		if (o->idents[i].kind == IDENT_JVN ||
		    o->idents[i].kind == IDENT_JVNVU ||
		    o->idents[i].kind == IDENT_JPCERT)
			return true;
	return false;
}

static bool
is_listed(const char *const *list, size_t count, const char *fingerprint)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(list[i], fingerprint) == 0)
			return true;
	return false;
}

bool
report_is_desk_key(const struct settings *s, const char *fingerprint)
{
	const char *const own[] = {s->poc, s->recovery};

	if (fingerprint == NULL)
		return false;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i] != NULL && strcasecmp(own[i], fingerprint) == 0)
			return true;
	for (size_t i = 0; i < s->noperators; i++)
		if (s->operators[i].fingerprint != NULL &&
		    strcasecmp(s->operators[i].fingerprint, fingerprint) == 0)
			return true;
	return is_listed(
	    (const char *const *)s->retired, s->nretired, fingerprint);
}

/*
 * A key block to bind to a finder's case.  Never one that the settings pin or
 * that is our own: a stranger may attach JPCERT/CC's key as well as any.  It
 * has signed the letter's words (RULES 10), or they carry no signature at all
 * and the key came with them: beside what is sealed anybody may lay one.
 */
bool
report_has_key(const struct settings *s, const struct opening *o,
    const struct desk_signer *signer)
{
	const char *fingerprint = o->key_fingerprint;
	const struct department *department;

	if (fingerprint == NULL || o->key_part == 0 ||
	    o->key_part > o->nparts ||
	    o->parts[o->key_part - 1].kind != PART_KEY)
		return false;
	if (!o->key_signed &&
	    (signer->verdict != VERDICT_UNSIGNED || signer->layer != 0 ||
		(report_encrypted(o) && signer_depth(o, o->key_part - 1) == 0)))
		return false;
	return settings_correspondent_by_key(s, fingerprint) == NULL &&
	       settings_contact_by_key(s, fingerprint, &department) == NULL &&
	       !report_is_desk_key(s, fingerprint);
}
