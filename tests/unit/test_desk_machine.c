/*
 * test_desk_machine.c - bounces, auto-replies, lists and our own mail: never
 * answered, filed only where they say something (RFC 3834).
 */
#include "desk_world.h"

#define OOO .flags = HEADER_OUT_OF_OFFICE | HEADER_AUTO_SUBMITTED
#define GENERATED                                                              \
	.flags = HEADER_AUTO_SUBMITTED, .auto_submitted = "auto-generated"
#define LIST .flags = HEADER_LIST
#define NULL_PATH .flags = HEADER_NULL_RETURN_PATH
#define IS(r) .reason = (r), .silence = SILENCE_MACHINE, .reply = ""

static const struct row rows[] = {
    /* ---- delivery reports ---- */
    {"a bounce of nothing of ours", CLEAR, NOBODY, PRODUCT,
	.flags = HEADER_REPORT, ASIDE, IS(REASON_BOUNCE)},
    {"a bounce by its sender's name", CLEAR, NOBODY, PRODUCT,
	.from = "MAILER-DAEMON@mx.example", ASIDE, IS(REASON_BOUNCE)},
    {"a bounce of our mail, with its case", CLEAR, NOBODY, 0,
	.flags = HEADER_REPORT, .bounce = true, .names = THREAD(KNOWN),
	JOINS(7), IS(REASON_BOUNCE)},
    {"a bounce of our mail without a case", CLEAR, NOBODY, 0,
	.flags = HEADER_REPORT, .bounce = true, ASIDE, IS(REASON_BOUNCE)},
    {"an encrypted report under a bounce's headers", SEALED, NOBODY, PRODUCT,
	.flags = HEADER_REPORT, CASE, .reason = REASON_NEW_REPORT,
	.silence = SILENCE_MACHINE, .reply = ""},

    /* ---- replies of a program ---- */
    {"out of office on a case: joins, moves nothing", CLEAR, NOBODY, PRODUCT,
	OOO, .names = THREAD(KNOWN), JOINS(7), IS(REASON_AUTO_REPLY)},
    {"out of office, quoting our mail: no report", CLEAR, NOBODY,
	PRODUCT | TWO_LABELS, OOO, ASIDE, IS(REASON_AUTO_REPLY)},
    {"auto-replied, whatever stands behind it", CLEAR, NOBODY, PRODUCT,
	.flags = HEADER_AUTO_SUBMITTED,
	.auto_submitted = "Auto-Replied (vacation)", ASIDE,
	IS(REASON_AUTO_REPLY)},
    {"X-Autoreply and its kin", CLEAR, NOBODY, PRODUCT,
	.flags = HEADER_AUTO_RESPONSE, ASIDE, IS(REASON_AUTO_REPLY)},
    {"out of office through a list is a reply", CLEAR, NOBODY, PRODUCT,
	.flags = HEADER_OUT_OF_OFFICE | HEADER_LIST, ASIDE,
	IS(REASON_AUTO_REPLY)},
    {"encrypted, under such a header: filed in silence", SEALED, NOBODY, 0, OOO,
	CASE, .reason = REASON_NEW_REPORT, .silence = SILENCE_MACHINE,
	.reply = ""},
    {"closed to us, under such a header: no note", CLOSED_FOR_US, NOBODY, 0,
	OOO, .state = LETTER_QUARANTINED, .reason = REASON_UNDECRYPTABLE,
	.silence = SILENCE_SET_ASIDE, .unopened = true, .tell = true,
	.reply = ""},
    {"two headers do not hide a forged notice", CLEAR, NOBODY, PRODUCT, OOO,
	FROM_JPCERT, ASIDE, .reason = REASON_UNPINNED,
	.silence = SILENCE_SET_ASIDE, .tell = true, .claims = true},
    {"nor by naming the correspondent's case", CLEAR, NOBODY, PRODUCT, OOO,
	FROM_JPCERT, .names = NUMBER(OF_JPCERT, KNOWN), .named = 7, ASIDE,
	.reason = REASON_UNPINNED, .silence = SILENCE_SET_ASIDE, .tell = true,
	.claims = true},
    {"a correspondent's out of office on our mail", CLEAR, NOBODY, 0, OOO,
	FROM_JPCERT, .names = THREAD(OF_JPCERT, KNOWN), JOINS(7),
	IS(REASON_AUTO_REPLY), .claims = true},
    {"a correspondent's out of office on nothing", CLEAR, NOBODY, 0, OOO,
	FROM_JPCERT, ASIDE, IS(REASON_AUTO_REPLY), .claims = true},

    /* ---- a null return-path and nothing else ---- */
    {"null path, a report in clear: filed in silence", CLEAR, NOBODY, PRODUCT,
	NULL_PATH, CASE, .reason = REASON_NEW_REPORT,
	.silence = SILENCE_MACHINE, .reply = ""},
    {"null path, no content", CLEAR, NOBODY, 0, NULL_PATH, ASIDE,
	IS(REASON_AUTO_REPLY)},
    {"null path on a case", CLEAR, NOBODY, PRODUCT, NULL_PATH,
	.names = THREAD(KNOWN), JOINS(7), IS(REASON_AUTO_REPLY)},

    /* ---- what programs send of their own ---- */
    {"a web form's report", CLEAR, NOBODY, PRODUCT, GENERATED, CASE,
	.reason = REASON_NEW_REPORT, .silence = SILENCE_MACHINE, .reply = ""},
    {"a web form without a report", CLEAR, NOBODY, 0, GENERATED, ASIDE,
	IS(REASON_AUTO_REPLY)},
    {"a portal's pinned notice: filed, not answered", CLEAR, JPCERT, 0,
	GENERATED, FROM_JPCERT, CASE, .reason = REASON_NEW_REPORT,
	.silence = SILENCE_MACHINE, .flow = FLOW_JPCERT, .reply = ""},
    {"a portal on a case: joins as usual", CLEAR, JPCERT, 0, GENERATED,
	FROM_JPCERT, .names = THREAD(OF_JPCERT, KNOWN), JOINS(7),
	.reason = REASON_JOINED, .silence = SILENCE_JOINED},
    {"another psirtd is not answered", SEALED, NOBODY, 0,
	.flags = HEADER_PSIRTD, CASE, .reason = REASON_NEW_REPORT,
	.silence = SILENCE_MACHINE, .reply = ""},

    /* ---- lists ---- */
    {"a newsletter with our product: told, no case", CLEAR, NOBODY, PRODUCT,
	LIST, ASIDE, IS(REASON_LIST), .tell = true},
    {"a newsletter without: nobody is told", CLEAR, NOBODY, 0, LIST, ASIDE,
	IS(REASON_LIST)},
    {"bulk mail", CLEAR, NOBODY, 0, .flags = HEADER_BULK, ASIDE,
	IS(REASON_LIST)},
    {"encrypted through a list address: a case", SEALED, NOBODY, 0, LIST, CASE,
	.reason = REASON_NEW_REPORT, .silence = SILENCE_MACHINE, .reply = ""},
    {"an answer through a list address: joins", CLEAR, NOBODY, 0, LIST,
	.names = THREAD(KNOWN), JOINS(7), .reason = REASON_JOINED,
	.silence = SILENCE_JOINED},
    {"a foreign number through a list: to the POC", CLEAR, NOBODY, 0, LIST,
	.names = NUMBER(.bound_key = NULL), .named = 7, ASIDE,
	.reason = REASON_FOREIGN_NUMBER, .silence = SILENCE_SET_ASIDE,
	.tell = true},
    {"a pinned notice through a list", CLEAR, CERT, 0, LIST,
	.from = "cert@cert.example", CASE, .reason = REASON_NEW_REPORT,
	.silence = SILENCE_MACHINE, .flow = FLOW_DIRECT},

    /* ---- our own ---- */
    {"our own mail, on its case", SEALED, NOBODY, 0, .own = true,
	.names = THREAD(KNOWN), JOINS(7), .reason = REASON_OWN,
	.silence = SILENCE_OWN},
    {"our own mail of no case", CLEAR, NOBODY, PRODUCT, .own = true, ASIDE,
	.reason = REASON_OWN, .silence = SILENCE_OWN},

    /* ---- a person overrides ---- */
    {"a list letter filed by hand: a case, not answered", CLEAR, NOBODY,
	PRODUCT, LIST, .by_hand = true, CASE, .reason = REASON_BY_HAND,
	.silence = SILENCE_MACHINE, .reply = ""},
};

int
main(void)
{
	return run_rows("machines", rows, COUNT_OF(rows));
}
