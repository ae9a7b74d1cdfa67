/*
 * test_desk_claims.c - whom a letter claims to come from, and what becomes of
 * one that claims a correspondent and cannot prove it (RULES 8).
 */
#include "desk_world.h"

#define FORGED                                                                 \
	ASIDE, .reason = REASON_FORGED, .silence = SILENCE_SET_ASIDE,          \
	       .tell = true, .claims = true, .flow = FLOW_JPCERT, .reply = ""
#define UNPINNED                                                               \
	ASIDE, .reason = REASON_UNPINNED, .silence = SILENCE_SET_ASIDE,        \
	       .tell = true, .claims = true, .flow = FLOW_JPCERT, .reply = ""
#define EVIL .from = "mallory@evil.example"

static const struct row rows[] = {
    /* ---- what it is signed with ---- */
    {"no signature", SEALED, NOBODY, VN, FROM_JPCERT, UNPINNED},
    {"no signature, in clear", CLEAR, NOBODY, VN, FROM_JPCERT, UNPINNED},
    {"another key", SEALED, STRANGER, VN | KEY, FROM_JPCERT, FORGED},
    {"a bad signature of the pinned key", SEALED, DAMAGED_JPCERT, VN,
	FROM_JPCERT, FORGED},
    {"the pinned key after its end", SEALED, EXPIRED_JPCERT, VN, FROM_JPCERT,
	FORGED},
    {"a department's key", SEALED, DEPARTMENT, VN, FROM_JPCERT, FORGED},
    {"another correspondent's key", SEALED, CERT, VN, FROM_JPCERT, FORGED},
    {"an operator's key", SEALED, OPERATOR, VN, FROM_JPCERT, FORGED},
    {"the bound key of a finder", SEALED, FINDER, 0, FROM_JPCERT,
	.names = THREAD(BOUND, KNOWN), .named = 7, FORGED},

    /* ---- where the claim stands ---- */
    {"a host below its domain", CLEAR, NOBODY, 0, .from = "x@a.jpcert.example",
	UNPINNED},
    {"its domain inside another", CLEAR, NOBODY, 0,
	.from = "vuls@jpcert.example.evil.example", UNPINNED},
    {"its domain in capitals", CLEAR, NOBODY, 0, .from = "x@JPCERT.EXAMPLE",
	UNPINNED},
    {"its name as display name", SEALED, STRANGER, 0, EVIL,
	.from_name = "JPCERT/CC", FORGED},
    {"its name in full width", CLEAR, NOBODY, 0, EVIL,
	.from_name = "ＪＰＣＥＲＴ／ＣＣ", UNPINNED},
    {"its name with letters of another script", CLEAR, NOBODY, 0, EVIL,
	.from_name = "J\xd0\xa0\xd0\xa1" /* Cyrillic */
		     "ERT/CC",
	UNPINNED},
    {"its name with a space and a zero-width one", CLEAR, NOBODY, 0, EVIL,
	.from_name = "JP\xe2\x80\x8b"
		     "CERT / CC team",
	UNPINNED},
    {"a user id of the settings", CLEAR, NOBODY, 0, EVIL,
	.from_name = "Vultures (coordination)", UNPINNED},
    {"its address as display name", CLEAR, NOBODY, 0, EVIL,
	.from_name = "vuls@jpcert.example", UNPINNED},
    {"its address in Reply-To", CLEAR, NOBODY, PRODUCT, EVIL,
	.reply_to = "vuls@jpcert.example", UNPINNED},
    {"its address as Return-Path", CLEAR, NOBODY, PRODUCT, EVIL,
	.return_path = "vuls@jpcert.example", UNPINNED},
    {"a bad signature in its name, from anywhere", SEALED, DAMAGED_JPCERT, 0,
	EVIL, FORGED},
    {"its expired key, from anywhere", CLEAR, EXPIRED_JPCERT, PRODUCT, EVIL,
	FORGED},
    {"a tracking id of its case", SEALED, STRANGER, VN, EVIL,
	.names = TRACKING(OF_JPCERT), .named = 7, FORGED},

    {"its address in the protected From", SEALED, NOBODY, VN, EVIL,
	.inner_from = "vuls@jpcert.example", UNPINNED},
    {"its name in the protected From", SEALED, STRANGER, VN, EVIL,
	.inner_from = "x@evil.example", .inner_name = "JPCERT/CC", FORGED},
    {"its address in the protected Reply-To", CLEAR, STRANGER, PRODUCT, EVIL,
	.inner_from = "x@evil.example", .inner_reply_to = "vuls@jpcert.example",
	FORGED},
    {"its protected From behind a bad signature", SEALED, DAMAGED, VN, EVIL,
	.inner_from = "vuls@jpcert.example", FORGED},
    {"its address as user id of the key that signed", SEALED, STRANGER,
	VN | KEY | KEY_PROVED, EVIL, .user_id = "Notices <vuls@jpcert.example>",
	FORGED},
    {"its name as user id", SEALED, STRANGER, VN | KEY | KEY_PROVED, EVIL,
	.user_id = "JPCERT/CC <x@evil.example>", FORGED},
    {"a user id without brackets", SEALED, STRANGER, KEY | KEY_PROVED, EVIL,
	.user_id = "vuls@jpcert.example", FORGED},
    {"its domain inside another, as user id", SEALED, STRANGER,
	KEY | KEY_PROVED, EVIL,
	.user_id = "x <vuls@jpcert.example.evil.example>", FORGED},
    {"a key in its name beside unsigned words", SEALED, NOBODY, VN | KEY, EVIL,
	.user_id = "JPCERT/CC <vuls@jpcert.example>", UNPINNED},
    {"a finder's own user id is none", SEALED, STRANGER, KEY | KEY_PROVED,
	.user_id = "Robin Finder <finder@research.example>", CASE,
	.reason = REASON_NEW_REPORT, .bind = true},

    /* ---- what is no claim ---- */
    {"a longer label is another domain", CLEAR, NOBODY, PRODUCT,
	.from = "x@notjpcert.example", CASE, .reason = REASON_NEW_REPORT},
    {"a longer word is another name", CLEAR, NOBODY, PRODUCT,
	.from_name = "JPCERTIFICATES Ltd", CASE, .reason = REASON_NEW_REPORT},
    {"a name that only Reply-To shows", CLEAR, NOBODY, PRODUCT,
	.reply_to = "a@research.example", CASE, .reason = REASON_NEW_REPORT,
	.reply = "a@research.example"},
    {"an id nobody knows: a finder may quote it", SEALED, STRANGER, VN, CASE,
	.reason = REASON_NEW_REPORT, .flow = FLOW_DIRECT},
    {"in a finder's thread, an id of a correspondent's case", SEALED, FINDER,
	VN,
	.names = {{.casefile = 7, .by = MATCH_THREAD, BOUND, KNOWN},
	    {.casefile = 8, .by = MATCH_TRACKING, OF_JPCERT}},
	JOINS(7), .reason = REASON_JOINED, .silence = SILENCE_JOINED},

    /* ---- a claim comes before every join ---- */
    {"in its own thread: set aside, the case named", SEALED, NOBODY, 0,
	FROM_JPCERT, .names = THREAD(OF_JPCERT, KNOWN), .named = 7, UNPINNED},
    {"with our number: set aside, the case named", SEALED, STRANGER, 0,
	FROM_JPCERT, .names = NUMBER(OF_JPCERT, KNOWN), .named = 7, FORGED},

    /* ---- a person decides ---- */
    {"a user id under another correspondent's own key is none", SEALED, CERT,
	PRODUCT | KEY, .user_id = "JPCERT/CC <vuls@jpcert.example>",
	.from = "cert@cert.example", CASE, .reason = REASON_NEW_REPORT},
    {"filed by hand: a case of its flow, no authority", SEALED, STRANGER, KEY,
	FROM_JPCERT, .by_hand = true, CASE, .reason = REASON_BY_HAND,
	.silence = SILENCE_SET_ASIDE, .claims = true, .flow = FLOW_JPCERT,
	.reply = ""},
    {"filed by hand with a tracking id of its case: joins", SEALED, STRANGER,
	VN, FROM_JPCERT, .names = TRACKING(OF_JPCERT), .by_hand = true,
	JOINS(7), .reason = REASON_BY_HAND, .silence = SILENCE_JOINED,
	.claims = true, .flow = FLOW_JPCERT},
    {"filed by hand, an id of another party's case: its own", SEALED, STRANGER,
	VN, FROM_JPCERT, .names = TRACKING(.bound_key = NULL), .named = 7,
	.by_hand = true, CASE, .reason = REASON_BY_HAND,
	.silence = SILENCE_SET_ASIDE, .claims = true, .flow = FLOW_JPCERT},
};

int
main(void)
{
	return run_rows("claims", rows, COUNT_OF(rows));
}
