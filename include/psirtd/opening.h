/*
 * opening.h - what came out of a letter: layers opened, parts, who signed
 * what.  Assembled by the engine from readings and vault answers, kept only
 * sealed (store), never trusted.
 */
#ifndef PSIRTD_OPENING_H
#define PSIRTD_OPENING_H

#include "psirtd/reading.h"

enum layer_kind {
	LAYER_ENCRYPTED = 1, /* may carry signatures of its own */
	LAYER_SIGNED,        /* multipart/signed: detached */
	LAYER_CLEARSIGNED,
};

enum layer_outcome {
	LAYER_OPEN = 1,      /* the operation as a whole succeeded */
	LAYER_NO_SECRET_KEY, /* made for other keys: layer.recipients */
	LAYER_INTEGRITY,     /* its MDC does not fit what was sealed */
	LAYER_SYMMETRIC,     /* password only */
	LAYER_MALFORMED,
	LAYER_UNSUPPORTED,   /* RFC 9580 packets that GnuPG 2.2 cannot read */
	LAYER_TOO_BIG,       /* output over the limit */
	LAYER_TOO_SLOW,      /* killed by a limit */
	LAYER_TOO_MANY_KEYS, /* refused before gpg saw it: PKESK flood */
	LAYER_TOO_DEEP,      /* nested beyond the limit, left closed */
	LAYER_NO_MDC,        /* sealed without integrity protection */
	LAYER_OUTCOME_COUNT,
};

enum signature_status {
	SIGNATURE_GOOD = 1, /* good, algorithm and time sane, key valid */
	SIGNATURE_BAD,
	SIGNATURE_NO_KEY,
	SIGNATURE_EXPIRED,
	SIGNATURE_KEY_EXPIRED,
	SIGNATURE_KEY_REVOKED,
	SIGNATURE_WEAK,   /* MD5, SHA-1, RIPEMD-160 */
	SIGNATURE_FUTURE, /* made after our now + 10 min */
	SIGNATURE_UNSUPPORTED,
};

struct signature {
	uint32_t status; /* enum signature_status */
	/*
	 * Upper-case fingerprint of the PRIMARY key, known to the vault's
	 * keyring; NULL unless the key is there.
	 */
	const char *primary;
	const char
	    *claimed; /* key id or fingerprint as claimed, unauthenticated */
	int64_t made;
};

struct layer {
	uint32_t kind;    /* enum layer_kind */
	uint32_t outcome; /* enum layer_outcome */
	uint32_t parent;  /* the layer it stood in + 1; 0: the letter */
	/*
	 * The part it was made of + 1.  LAYER_SIGNED: off and len of that part
	 * are the signed bytes, in what `parent` opened to (canonical CRLF).
	 */
	uint32_t part;
	struct signature *signatures;
	size_t nsignatures;
	const char **recipients; /* key ids it was made for */
	size_t nrecipients;
	uint32_t
	    for_us; /* a recipient is one of our keys, present or retired */
	const char *note; /* a sentence for the POC, or NULL */
};

/* The verdict over a part or a letter (DESIGN.md, Words). */
enum verdict {
	VERDICT_UNSIGNED = 1,
	VERDICT_PINNED,      /* good, by a fingerprint of the settings */
	VERDICT_KNOWN,       /* good, by the key bound to this case's finder */
	VERDICT_UNKNOWN_KEY, /* signed, by a key we do not hold */
	VERDICT_BAD, /* bad, expired, revoked, weak or from the future */
};

struct opening {
	struct headers headers; /* the outer ones: anybody may write them */
	/*
	 * The protected ones (RFC 9788) of the innermost layer around the
	 * letter's own words that has some, within their own encryption, and
	 * that layer + 1; 0: there are none.  Behind a signature that is not
	 * good they count no more than the outer ones.
	 */
	struct headers inner;
	uint32_t inner_layer;
	struct layer *layers;
	size_t nlayers;
	struct part *parts;
	size_t nparts;
	struct ident *idents;
	size_t nidents;
	struct field *fields;
	size_t nfields;
	struct product_hit *hits;
	size_t nhits;
	uint32_t japanese;
	uint32_t truncated;
	uint32_t limit;     /* enum read_limit; the first that was passed */
	uint32_t encrypted; /* a layer encrypted to us was opened */
	uint32_t unopened;  /* a layer stayed closed */
	/*
	 * The key block that came along and that the vault found usable for
	 * encryption and to hold one primary key: its fingerprint, its user
	 * ids, and the index of its part + 1.  NULL and 0: none.  One that made
	 * a signature over all of the letter's own words, inside of any
	 * encryption, goes before the others: key_signed (RULES 10, the second
	 * pass).  Never trusted by itself; a user id only ever makes a claim.
	 */
	const char *key_fingerprint;
	const char **key_uids;
	size_t nkey_uids;
	uint32_t key_part;
	uint32_t key_signed;
};

extern const struct wire_type signature_wire;
extern const struct wire_type layer_wire;

/*
 * How an opening is kept.  FAULT_INPUT, and what to do, for one that another
 * version of this program wrote.
 */
int opening_encode(
    const struct opening *opening, struct buf *out, struct error *err);
struct opening *opening_decode(
    const void *ctx, struct bytes in, struct error *err);

/*
 * By its index + 1, as a part or another layer names it; NULL: the letter
 * itself, or a number that names none.
 */
const struct layer *opening_layer(
    const struct opening *opening, uint32_t layer);

const char *layer_kind_name(uint32_t kind);
const char *layer_outcome_name(uint32_t outcome);
const char *signature_status_name(uint32_t status);
const char *verdict_name(uint32_t verdict);

#endif
