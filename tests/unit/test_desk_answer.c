/*
 * test_desk_answer.c - may an automatic mail go, where to, in which language;
 * and what becomes of a letter that stays closed (RULES 4, 6).
 */
#include "desk_world.h"

#define NEW CASE, .reason = REASON_NEW_REPORT
#define ASKED .resend = true, .reply = "finder@research.example"
#define WAITS .unopened = true, .tell = true
#define QUARANTINED                                                            \
	.state = LETTER_QUARANTINED, .silence = SILENCE_SET_ASIDE, WAITS

static const struct row rows[] = {
    /* ---- age, adoption, limits ---- */
    {"as old as may be", SEALED, NOBODY, 0, .age_s = 3 * 86400, NEW},
    {"a second older: stale", SEALED, NOBODY, 0, .age_s = 3 * 86400 + 1, NEW,
	.silence = SILENCE_STALE},
    {"stood there at the first start", SEALED, NOBODY, 0, .adopted = true, NEW,
	.silence = SILENCE_ADOPTED},
    {"adopted is said before stale", SEALED, NOBODY, 0, .adopted = true,
	.age_s = 30 * 86400, NEW, .silence = SILENCE_ADOPTED},
    {"the last one of this hour to the address", SEALED, NOBODY, 0,
	.acknowledged = 4, NEW},
    {"one over to the address", SEALED, NOBODY, 0, .acknowledged = 5, NEW,
	.silence = SILENCE_LIMIT},
    {"the last one of this hour in all", SEALED, NOBODY, 0, .automatic = 59,
	NEW},
    {"one over in all", SEALED, NOBODY, 0, .automatic = 60, NEW,
	.silence = SILENCE_LIMIT},

    /* ---- where to ---- */
    {"the address of From", SEALED, NOBODY, 0, NEW,
	.reply = "finder@research.example"},
    {"Reply-To within the same domain", SEALED, NOBODY, 0,
	.reply_to = "team@RESEARCH.example", NEW,
	.reply = "team@RESEARCH.example"},
    {"Reply-To of another domain is not followed", SEALED, NOBODY, 0,
	.reply_to = "victim@elsewhere.example", NEW,
	.reply = "finder@research.example"},
    {"Reply-To that nobody reads", SEALED, NOBODY, 0,
	.reply_to = "noreply@research.example", NEW,
	.reply = "finder@research.example"},
    {"Return-Path is not answered", SEALED, NOBODY, 0,
	.return_path = "srs0=x@forward.example", NEW,
	.reply = "finder@research.example"},
    {"no From", SEALED, NOBODY, 0, .no_from = true, NEW,
	.silence = SILENCE_NO_ADDRESS, .reply = ""},
    {"From that SMTP may not see", SEALED, NOBODY, 0,
	.from = "a b@research.example", NEW, .silence = SILENCE_NO_ADDRESS,
	.reply = ""},
    {"From that nobody reads", CLEAR, NOBODY, PRODUCT,
	.from = "No-Reply@portal.example", NEW, .silence = SILENCE_NO_ADDRESS},
    {"a list's owner", CLEAR, NOBODY, PRODUCT, .from = "x-owner@l.example", NEW,
	.silence = SILENCE_NO_ADDRESS},
    {"From is our own address", CLEAR, NOBODY, PRODUCT,
	.from = "PSIRT@vendor.example", NEW, .silence = SILENCE_NO_ADDRESS},
    {"From is an alias of ours", CLEAR, NOBODY, PRODUCT,
	.from = "security@vendor.example", NEW, .silence = SILENCE_NO_ADDRESS},

    /* ---- in which language ---- */
    {"the desk's default", CLEAR, NOBODY, PRODUCT, NEW, .language = "en"},
    {"kana in the letter", CLEAR, NOBODY, PRODUCT, .japanese = true, NEW,
	.language = "ja"},

    /* ---- closed: nothing ties it ---- */
    {"closed, for other keys: no note", CLOSED, NOBODY, 0, QUARANTINED,
	.reason = REASON_UNDECRYPTABLE},
    {"closed, one of our keys named: a note", CLOSED_FOR_US, NOBODY, 0,
	QUARANTINED, .reason = REASON_UNDECRYPTABLE, ASKED},
    {"closed, the note keeps to the limit", CLOSED_FOR_US, NOBODY, 0,
	.acknowledged = 5, QUARANTINED, .reason = REASON_UNDECRYPTABLE},
    {"closed and stale: no note", CLOSED_FOR_US, NOBODY, 0, .age_s = 4 * 86400,
	QUARANTINED, .reason = REASON_UNDECRYPTABLE},
    {"closed, adopted: no note", CLOSED_FOR_US, NOBODY, 0, .adopted = true,
	QUARANTINED, .reason = REASON_UNDECRYPTABLE},
    {"closed, nobody to write to", CLOSED_FOR_US, NOBODY, 0,
	.from = "noreply@research.example", QUARANTINED,
	.reason = REASON_UNDECRYPTABLE, .reply = ""},
    {"closed, a foreign number ties it to nothing", CLOSED, NOBODY, 0,
	.names = NUMBER(BOUND), .named = 7, QUARANTINED,
	.reason = REASON_UNDECRYPTABLE},
    {"S/MIME of a stranger", SMIME, NOBODY, 0, QUARANTINED,
	.reason = REASON_SMIME},
    {"could not be read at all", UNREADABLE, NOBODY, 0, QUARANTINED,
	.reason = REASON_BROKEN, .reply = ""},

    /* ---- closed: tied to something ---- */
    {"closed, a known address: a case that waits", CLOSED, NOBODY, 0,
	.address_known = true, CASE, .reason = REASON_UNDECRYPTABLE,
	.silence = SILENCE_POLICY, WAITS, ASKED},
    {"closed, a VN or TN: a case that waits", CLOSED, NOBODY, VN, CASE,
	.reason = REASON_UNDECRYPTABLE, .silence = SILENCE_POLICY, WAITS},
    {"closed, a VN, our key named: a note too", CLOSED_FOR_US, NOBODY, VN, CASE,
	.reason = REASON_UNDECRYPTABLE, .silence = SILENCE_POLICY, WAITS,
	ASKED},
    {"closed, clear words are a report", CLOSED, NOBODY, PRODUCT | KEY, CASE,
	.reason = REASON_UNDECRYPTABLE, .silence = SILENCE_POLICY, WAITS,
	.bind = true},
    {"closed, claims a correspondent: its case waits", CLOSED_FOR_US, NOBODY, 0,
	FROM_JPCERT, CASE, .reason = REASON_UNDECRYPTABLE,
	.silence = SILENCE_POLICY, WAITS, .claims = true, .flow = FLOW_JPCERT,
	.reply = ""},
    {"closed, claims, and names the claimed one's case", CLOSED, NOBODY, VN,
	FROM_JPCERT, .names = TRACKING(OF_JPCERT), JOINS(7),
	.reason = REASON_UNDECRYPTABLE, .silence = SILENCE_JOINED, WAITS,
	.claims = true, .flow = FLOW_JPCERT},
    {"closed, in a thread: joins, asked again", CLOSED, NOBODY, 0,
	.names = THREAD(KNOWN), JOINS(7), .reason = REASON_UNDECRYPTABLE,
	.silence = SILENCE_JOINED, WAITS, ASKED},
    {"closed, in a thread, from elsewhere: joins, not asked", CLOSED, NOBODY, 0,
	.names = THREAD(.bound_key = NULL), JOINS(7),
	.reason = REASON_UNDECRYPTABLE, .silence = SILENCE_JOINED, WAITS},
    {"closed, the same again: a duplicate, not asked twice", CLOSED_FOR_US,
	NOBODY, 0, .names = REPORT(KNOWN), JOINS(7), .reason = REASON_DUPLICATE,
	.silence = SILENCE_JOINED, .unopened = true},
    {"S/MIME of a known address", SMIME, NOBODY, 0, .address_known = true, CASE,
	.reason = REASON_SMIME, .silence = SILENCE_POLICY, WAITS, ASKED},

    /* ---- closed: a person decides ---- */
    {"closed, filed by hand", CLOSED_FOR_US, NOBODY, 0, .by_hand = true, CASE,
	.reason = REASON_BY_HAND, .silence = SILENCE_POLICY, .unopened = true},
    {"unreadable, filed by hand", UNREADABLE, NOBODY, 0, .by_hand = true, CASE,
	.reason = REASON_BY_HAND, .silence = SILENCE_POLICY, .unopened = true,
	.reply = ""},
};

int
main(void)
{
	return run_rows("answers", rows, COUNT_OF(rows));
}
