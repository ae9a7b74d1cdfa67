/*
 * desk.h - the decisions, pure: rows and openings in, decisions out.  No
 * socket, no gpg, no clock but the one handed in.
 */
#ifndef PSIRTD_DESK_H
#define PSIRTD_DESK_H

#include "psirtd/opening.h"
#include "psirtd/settings.h"

/* ---- who signed ---- */

struct desk_signer {
	enum verdict verdict;
	const char *fingerprint; /* primary, for PINNED, KNOWN; else NULL */
	const struct correspondent *correspondent; /* PINNED by it */
	const struct contact *contact;             /* PINNED by it */
	const struct department *department;
	const char *why; /* a phrase: "bad signature", "no signature" … */
	/*
	 * The layer that decided + 1: its `part` says which bytes, its
	 * signatures by which keys.  0: none stands around it.
	 */
	uint32_t layer;
	bool withheld; /* came of a layer that did not open: never shown */
};

/*
 * The verdict over the part with this index, by the table of belief.c: the
 * innermost layer that covers it and carries a signature decides; a part in
 * no signed layer is UNSIGNED.  Several signatures: PINNED needs one good
 * pinned one and none that is BAD (an expired one beside it is a key being
 * replaced, and does no harm).  It is over the part's own bytes: a message
 * that was put into the letter may be PINNED where the letter is not.
 * bound_key is the fingerprint bound to the case's finder, or NULL.
 */
struct desk_signer desk_part_signer(const struct settings *s,
    const struct opening *o, size_t part, const char *bound_key);
/*
 * The verdict over the letter's own text (its first non-empty text part, in
 * the order of opening.parts; without any text its first file): what the
 * letter says is said by this signer.  So a stranger's words put before a
 * signed part make the whole letter unsigned, and a signed message that the
 * letter only carries never speaks for it.
 */
struct desk_signer desk_letter_signer(
    const struct settings *s, const struct opening *o, const char *bound_key);
/* The youngest of the signer's own good signatures over what it signed. */
int64_t desk_signed_at(
    const struct opening *o, const struct desk_signer *signer);
/*
 * May what stands in this part (+ 1; 0: a subject, which two mails may have
 * given) be handed on as the correspondent's word?  NULL: as nobody's, always.
 */
bool desk_signed_by(const struct settings *s, const struct opening *o,
    uint32_t part, const char *correspondent);
/*
 * Is this part (+ 1, as above) the word of who signed the letter, as of
 * desk_letter_signer()?  Where no signature is believed, all of it is as good.
 */
bool desk_signed_alike(const struct settings *s, const struct opening *o,
    uint32_t part, const struct desk_signer *signer);
/*
 * The protected header fields where they may be believed: out of what was
 * encrypted to us, or under the key of a correspondent, a contact or this
 * case's finder.  NULL: there are none, or a bad signature covers them.
 */
const struct headers *desk_inner(
    const struct settings *s, const struct opening *o, const char *bound_key);
/* Whom the letter is from: the protected From where it is believed and one
 * address, else the first of the outer ones; NULL none. */
const struct mail_address *desk_from(
    const struct settings *s, const struct opening *o, const char *bound_key);

/* ---- what a letter is ---- */

/* How a case came to be a candidate for a letter. */
enum match_by {
	MATCH_THREAD = 1, /* In-Reply-To, References: our Message-ID */
	MATCH_NUMBER,     /* our number */
	MATCH_TRACKING,   /* a tracking id of the case */
	MATCH_REPORT
}; /* the same report digest */

struct candidate {
	int64_t casefile;
	enum match_by by;
	/* by thread, and in answer to a mail of ours: the Message-ID of a
	 * letter is known to all who carried it */
	bool answers_us;
	/* the address of the letter's From is known to this case */
	bool address_known;
	/* only the outer From is, and a believed protected one is another */
	bool address_doubted;
	/* the case's bound key, NULL none */
	const char *bound_key;
	/*
	 * the correspondent that is this case's counterpart, NULL: finder;
	 * of an unopened case it is what its letter claims
	 */
	const char *correspondent;
	bool unopened; /* nothing of the case could be read yet */
	/* MATCH_REPORT: a block of that report is in the letter, and more */
	bool partly;
};

enum letter_state {
	LETTER_RECEIVED = 1,
	LETTER_OPENED,
	LETTER_FILED,
	LETTER_INQUIRY,
	LETTER_SET_ASIDE,
	LETTER_QUARANTINED,
	LETTER_DROPPED
};

/* Why a letter ended where it did; shown to the POC by reason_text(). */
enum reason {
	REASON_NONE,
	REASON_NEW_REPORT,
	REASON_JOINED,
	REASON_JOINED_UNCONFIRMED, /* other address or key than expected */
	REASON_DUPLICATE,
	REASON_INQUIRY,
	REASON_AUTO_REPLY,
	REASON_LIST,
	REASON_BOUNCE,
	REASON_OWN,      /* our own mail came back */
	REASON_FORGED,   /* claims a correspondent: bad signature, other key */
	REASON_UNPINNED, /* claims a correspondent: no signature at all */
	/* our number, or a tracking id, from an address foreign to the case */
	REASON_FOREIGN_NUMBER,
	REASON_UNDECRYPTABLE,
	REASON_TOO_LARGE,
	REASON_BROKEN, /* read room killed or refused */
	REASON_SMIME,
	REASON_ADOPTED, /* there before the first start */
	REASON_DROPPED,
	REASON_BY_HAND,
	REASON_DEPARTMENT, /* a department's letter that names no case */
	/* of a mail that leaves, told to the POC */
	REASON_MAIL_HELD,
	REASON_MAIL_FAILED,
	REASON_MAIL_UNCERTAIN,
	REASON_EXPLOITED, /* it says the flaw is used in attacks already */
	/* a limit of the settings was passed: quarantined whole */
	REASON_LIMIT_PARTS,
	REASON_LIMIT_DEPTH,
	REASON_LIMIT_FIELDS,
	REASON_LIMIT_ADDRESSES,
	REASON_LIMIT_OUTPUT, /* it opens to more than letter_max allows */
	REASON_LIMIT_TIME,   /* wall, cpu or memory */
	REASON_LIMIT_KEYS,   /* made for more keys than max_keys */
	REASON_DEADLINE,     /* of a case: a clock warns */
	REASON_ANSWER,       /* a department's, and all of it is on record */
	REASON_STUCK,        /* psirtd cannot go on with a case by itself */
	/* more answers than the settings allow: they wait, for a person */
	REASON_ANSWER_LATE,
	REASON_ANSWER_HELD,
	REASON_PIN_CHANGED, /* a key of the settings waits for two persons */
	REASON_MAILBOX_PASSWORD, /* refused: no letter comes in */
	REASON_DISK, /* less is free than `reserve`: nothing is fetched */
	REASON_UNREACHABLE, /* the mailbox, for as long as the settings say */
	REASON_COUNT,
};

/* Why no acknowledgement goes; 0: it goes. */
enum silence {
	SILENCE_NONE,
	SILENCE_POLICY,
	SILENCE_JOINED,
	SILENCE_MACHINE,
	SILENCE_STALE,
	SILENCE_ADOPTED,
	SILENCE_LIMIT, /* in old lines of the record alone */
	SILENCE_NO_ADDRESS,
	SILENCE_SET_ASIDE,
	SILENCE_OWN,
	SILENCE_DEPARTMENT,
	SILENCE_UNWANTED, /* the letter asks that no program answers it */
	SILENCE_JUNK      /* taken for junk, and nothing says it is not */
};

struct desk_input {
	const struct settings *settings;
	const struct opening *opening; /* NULL: could not be read at all */
	int64_t now;
	int64_t received; /* receipt at our mail server (RULES 8) */
	bool adopted;  /* stood in the mailbox at the first start, adopt=file */
	bool junk;     /* it stood in the folder for junk */
	bool in_doubt; /* nobody knows whether it was answered (RULES 9) */
	bool own_message_id; /* its Message-ID is one of ours */
	bool bounce_of_ours; /* a report that names one of our Message-IDs */
	bool by_hand;       /* `psirt file N`: the POC accepts it as a report */
	bool address_known; /* some case knows the From address (RULES 6) */
	/* language of the latest case that knows the From address; NULL none */
	const char *language;
	const struct candidate *candidates;
	size_t ncandidates;
	unsigned automatic_last_day;  /* to this sender's address */
	unsigned automatic_last_hour; /* in all */
};

struct desk_route {
	const struct department *department;
	enum role role;
};

struct decision {
	enum letter_state state;
	enum reason reason;
	struct desk_signer signer;
	int64_t join;  /* the case it joins; 0 none */
	int64_t named; /* the case it names; joined only where `join` says so */
	/* made by this letter; with `join`: of the unopened case it joins */
	bool new_case;
	/* joined from an address or key foreign to the case; list mail that
	 * may be a report */
	bool unconfirmed;
	bool unopened; /* the case (or letter) waits for a key */
	enum flow flow;
	const struct correspondent *correspondent; /* counterpart, or claimed */
	bool claims_correspondent;
	bool tell_poc;

	bool acknowledge;
	enum silence silence;
	bool ask_resend;      /* the note of RULES 6 */
	const char *reply_to; /* the address an automatic mail may go to */
	const char *reply_name;
	const char *language;
	/* The key block of opening.key_part is kept for the case's finder. */
	bool bind_key;

	int product; /* index in settings.products; -1 none */
	struct desk_route *routes;
	size_t nroutes;
	bool route_now;        /* by itself; else proposed to the POC */
	bool share_text;       /* the letter's text may go along (RULES 5) */
	const char *exploited; /* words of active exploitation, or NULL */
};

/* The whole judgement of one letter (DESIGN.md, "Trust, in one table"). */
struct decision *desk_judge(const void *ctx, const struct desk_input *in);

/* Index of the product whose longest name or pattern was hit; -1 none.
 * *clear: one product, or all hit products agree on the departments.  Only
 * hits in what that correspondent signed count; NULL: all do. */
int desk_product(const struct settings *s, const struct opening *o,
    const char *correspondent, bool *clear);
/* "Claims to be": address or domain in From, Reply-To, Return-Path, a name,
 * address or domain of the settings in the display name of From (RULES 8).
 * NULL: claims none.  A claim gives no authority, it takes some away.  In the
 * protected fields a claim counts as in the outer ones: desk_judge() asks of
 * both, and of the user ids of a key that came along. */
const struct correspondent *desk_claims(
    const struct settings *s, const struct headers *h);
/* The letter's own words to show: first text of the deepest opened layer
 * (plain before HTML, body before attachment); NULL none.  Who said them is
 * desk_part_signer() of *part, not desk_letter_signer(). */
const char *desk_text(const struct opening *o, size_t *part);
/* The limit that the letter or one of its layers passed; REASON_NONE: none. */
enum reason desk_limit(const struct opening *o);
/* Nothing of it was opened, or it passed a limit: who signed it, and what it
 * says, is unknown. */
bool desk_is_closed(const struct opening *o);
/* The subject to show: the protected one when opened, else the outer. */
const char *desk_subject(const struct opening *o);

/* ---- delivery reports (RULES 16) ---- */

/* What a letter says of a mail that had left; the worse, the higher. */
enum bounce {
	BOUNCE_NONE,
	BOUNCE_TOLD,    /* it arrived, was relayed, read, complained of */
	BOUNCE_DELAYED, /* it is tried again */
	BOUNCE_FAILED,  /* it did not arrive, and nobody tries again */
};

struct desk_bounce {
	enum bounce says;
	/*
	 * Words with the form of our Message-IDs, without <>: first those
	 * that name the mail, then those of its References.
	 */
	const char **ids;
	size_t nids;
};

/* NULL: memory.  Of a letter that no mail system wrote: BOUNCE_NONE. */
struct desk_bounce *desk_bounce(
    const void *ctx, const struct settings *s, const struct opening *o);

/* ---- clocks (RULES 8; seed <1>1.2.1) ---- */

#define DESK_CLOCKS_MOST 3

struct desk_clock {
	const char *name; /* "first answer", "target", "one year" */
	int64_t due;
};

/*
 * The due dates that a report received then has in this flow, nearest kind
 * first; returns how many.
 */
size_t desk_clocks(const struct settings *s, enum flow flow, int64_t received,
    struct desk_clock clocks[DESK_CLOCKS_MOST]);

const char *letter_state_name(enum letter_state state);
const char *reason_name(enum reason reason); /* "forged" */
const char *reason_text(enum reason reason); /* a sentence */
/* With another key or higher limits it may open: `psirt letter N --reopen`. */
bool reason_may_reopen(enum reason reason);
const char *silence_name(enum silence silence);

#endif
