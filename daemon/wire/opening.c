/*
 * opening.c - the tables of opening.h's structs, how an opening is kept, and
 * names of their numbers.
 */
#include "psirtd/opening.h"

#include <talloc.h>

/*
 * The first word of a kept opening: "Op", and a number that goes up with each
 * change of any table that stands below opening_wire.
 */
#define OPENING_FORMAT 0x4f700002u

static const struct wire_field signature_fields[] = {
    WIRE_F(WIRE_U32, signature, status),
    WIRE_F(WIRE_STR, signature, primary),
    WIRE_F(WIRE_STR, signature, claimed),
    WIRE_F(WIRE_I64, signature, made),
};
const struct wire_type signature_wire = WIRE_TYPE(signature, signature_fields);

static const struct wire_field layer_fields[] = {
    WIRE_F(WIRE_U32, layer, kind),
    WIRE_F(WIRE_U32, layer, outcome),
    WIRE_F(WIRE_U32, layer, parent),
    WIRE_F(WIRE_U32, layer, part),
    WIRE_F_LIST(layer, signatures, nsignatures, &signature_wire, 64),
    WIRE_F_STRS(layer, recipients, nrecipients, 1024),
    WIRE_F(WIRE_U32, layer, for_us),
    WIRE_F(WIRE_STR, layer, note),
};
const struct wire_type layer_wire = WIRE_TYPE(layer, layer_fields);

static const struct wire_field opening_fields[] = {
    WIRE_F_STRUCT(opening, headers, &headers_wire),
    WIRE_F_STRUCT(opening, inner, &headers_wire),
    WIRE_F(WIRE_U32, opening, inner_layer),
    WIRE_F_LIST(opening, layers, nlayers, &layer_wire, 256),
    WIRE_F_LIST(opening, parts, nparts, &part_wire, 40000),
    WIRE_F_LIST(opening, idents, nidents, &ident_wire, 16384),
    WIRE_F_LIST(opening, fields, nfields, &field_wire, 16384),
    WIRE_F_LIST(opening, hits, nhits, &product_hit_wire, 16384),
    WIRE_F(WIRE_U32, opening, japanese),
    WIRE_F(WIRE_U32, opening, truncated),
    WIRE_F(WIRE_U32, opening, limit),
    WIRE_F(WIRE_U32, opening, encrypted),
    WIRE_F(WIRE_U32, opening, unopened),
    WIRE_F(WIRE_STR, opening, key_fingerprint),
    WIRE_F_STRS(opening, key_uids, nkey_uids, 64),
    WIRE_F(WIRE_U32, opening, key_part),
    WIRE_F(WIRE_U32, opening, key_signed),
};
static const struct wire_type opening_wire = WIRE_TYPE(opening, opening_fields);

struct format {
	uint32_t number;
};

static const struct wire_field format_fields[] = {
    WIRE_F(WIRE_U32, format, number),
};
static const struct wire_type format_wire = WIRE_TYPE(format, format_fields);

int
opening_encode(
    const struct opening *opening, struct buf *out, struct error *err)
{
	static const struct format format = {OPENING_FORMAT};

	if (wire_encode(&format_wire, &format, out, err) != 0)
		return -1;
	return wire_encode(&opening_wire, opening, out, err);
}

struct opening *
opening_decode(const void *ctx, struct bytes in, struct error *err)
{
	const size_t head = sizeof(uint32_t);
	struct format *format =
	    wire_decode(ctx, &format_wire, bytes_span(in, 0, head), err);
	bool ours = format != NULL && format->number == OPENING_FORMAT;

	talloc_free(format);
	if (!ours) {
		error_set(err, FAULT_INPUT,
		    "another version of psirtd opened it; psirt letter NUMBER "
		    "--reopen opens it again");
		return NULL;
	}
	return wire_decode(
	    ctx, &opening_wire, bytes_span(in, head, in.len - head), err);
}

const struct layer *
opening_layer(const struct opening *opening, uint32_t layer)
{
	return layer > 0 && layer <= opening->nlayers
		   ? &opening->layers[layer - 1]
		   : NULL;
}

#define NAME(table, n)                                                         \
	((n) < sizeof(table) / sizeof((table)[0]) && (table)[n] != NULL        \
		? (table)[n]                                                   \
		: "?")

const char *
layer_kind_name(uint32_t kind)
{
	static const char *const names[] = {
	    [LAYER_ENCRYPTED] = "encrypted",
	    [LAYER_SIGNED] = "signed",
	    [LAYER_CLEARSIGNED] = "clearsigned",
	};

	return NAME(names, kind);
}

const char *
layer_outcome_name(uint32_t outcome)
{
	static const char *const names[] = {
	    [LAYER_OPEN] = "opened",
	    [LAYER_NO_SECRET_KEY] = "encrypted to other keys",
	    [LAYER_INTEGRITY] = "damaged or changed after it was encrypted",
	    [LAYER_SYMMETRIC] = "encrypted with a password only",
	    [LAYER_MALFORMED] = "malformed",
	    [LAYER_UNSUPPORTED] = "needs OpenPGP features not supported here",
	    [LAYER_TOO_BIG] = "opens to more than the limit",
	    [LAYER_TOO_SLOW] = "took too long to open",
	    [LAYER_TOO_MANY_KEYS] = "made for too many keys",
	    [LAYER_TOO_DEEP] = "nested too deep",
	    [LAYER_NO_MDC] = "without integrity protection",
	};

	return NAME(names, outcome);
}

const char *
signature_status_name(uint32_t status)
{
	static const char *const names[] = {
	    [SIGNATURE_GOOD] = "good",
	    [SIGNATURE_BAD] = "bad",
	    [SIGNATURE_NO_KEY] = "key unknown",
	    [SIGNATURE_EXPIRED] = "signature expired",
	    [SIGNATURE_KEY_EXPIRED] = "key expired",
	    [SIGNATURE_KEY_REVOKED] = "key revoked",
	    [SIGNATURE_WEAK] = "weak digest",
	    [SIGNATURE_FUTURE] = "made in the future",
	    [SIGNATURE_UNSUPPORTED] = "algorithm not supported",
	};

	return NAME(names, status);
}

const char *
verdict_name(uint32_t verdict)
{
	static const char *const names[] = {
	    [VERDICT_UNSIGNED] = "unsigned",
	    [VERDICT_PINNED] = "pinned",
	    [VERDICT_KNOWN] = "known",
	    [VERDICT_UNKNOWN_KEY] = "unknown-key",
	    [VERDICT_BAD] = "bad",
	};

	return NAME(names, verdict);
}
