/*
 * names.c - names of the desk's numbers, for people and for JSON.
 *
 * Runs in the engine and in control.  Takes a number, gives a constant
 * string; an unknown number is "?".  The words are part of what psirt prints
 * and scripts read: they do not change.
 */
#include "psirtd/desk.h"

#define NAME(table, n)                                                         \
	((size_t)(n) < sizeof(table) / sizeof((table)[0]) &&                   \
		    (table)[n] != NULL                                         \
		? (table)[n]                                                   \
		: "?")

const char *
letter_state_name(enum letter_state state)
{
	static const char *const names[] = {
	    [LETTER_RECEIVED] = "received",
	    [LETTER_OPENED] = "opened",
	    [LETTER_FILED] = "filed",
	    [LETTER_INQUIRY] = "inquiry",
	    [LETTER_SET_ASIDE] = "set-aside",
	    [LETTER_QUARANTINED] = "quarantined",
	    [LETTER_DROPPED] = "dropped",
	};

	return NAME(names, state);
}

const char *
reason_name(enum reason reason)
{
	static const char *const names[REASON_COUNT] = {
	    [REASON_NONE] = "none",
	    [REASON_NEW_REPORT] = "new-report",
	    [REASON_JOINED] = "joined",
	    [REASON_JOINED_UNCONFIRMED] = "unconfirmed",
	    [REASON_DUPLICATE] = "duplicate",
	    [REASON_INQUIRY] = "inquiry",
	    [REASON_AUTO_REPLY] = "auto-reply",
	    [REASON_LIST] = "list",
	    [REASON_BOUNCE] = "bounce",
	    [REASON_OWN] = "own",
	    [REASON_FORGED] = "forged",
	    [REASON_UNPINNED] = "unpinned",
	    [REASON_FOREIGN_NUMBER] = "foreign-number",
	    [REASON_UNDECRYPTABLE] = "undecryptable",
	    [REASON_TOO_LARGE] = "too-large",
	    [REASON_BROKEN] = "broken",
	    [REASON_SMIME] = "smime",
	    [REASON_ADOPTED] = "adopted",
	    [REASON_DROPPED] = "dropped",
	    [REASON_BY_HAND] = "by-hand",
	    [REASON_DEPARTMENT] = "department",
	    [REASON_MAIL_HELD] = "mail-held",
	    [REASON_MAIL_FAILED] = "mail-failed",
	    [REASON_MAIL_UNCERTAIN] = "mail-uncertain",
	    [REASON_EXPLOITED] = "exploited",
	    [REASON_LIMIT_PARTS] = "limit-parts",
	    [REASON_LIMIT_DEPTH] = "limit-depth",
	    [REASON_LIMIT_FIELDS] = "limit-fields",
	    [REASON_LIMIT_ADDRESSES] = "limit-addresses",
	    [REASON_LIMIT_OUTPUT] = "limit-output",
	    [REASON_LIMIT_TIME] = "limit-time",
	    [REASON_LIMIT_KEYS] = "limit-keys",
	    [REASON_DEADLINE] = "deadline",
	    [REASON_ANSWER] = "answer",
	    [REASON_STUCK] = "stuck",
	    [REASON_ANSWER_LATE] = "answer-late",
	    [REASON_ANSWER_HELD] = "answer-held",
	    [REASON_PIN_CHANGED] = "pin-changed",
	    [REASON_MAILBOX_PASSWORD] = "mailbox-password",
	    [REASON_DISK] = "disk",
	    [REASON_UNREACHABLE] = "unreachable",
	};

	return NAME(names, reason);
}

const char *
reason_text(enum reason reason)
{
	static const char *const texts[REASON_COUNT] = {
	    [REASON_NONE] = "Nothing was decided yet.",
	    [REASON_NEW_REPORT] = "A new report.",
	    [REASON_JOINED] = "It joined the case it names.",
	    [REASON_JOINED_UNCONFIRMED] =
		"It joined the case it names, but its address or key is not "
		"the one expected there.",
	    [REASON_DUPLICATE] = "The same report was here before.",
	    [REASON_INQUIRY] =
		"In clear, without a product, an identifier or the labels of "
		"a report: an inquiry until somebody files it.",
	    [REASON_AUTO_REPLY] = "An automatic reply; it moves nothing.",
	    [REASON_LIST] = "Mail of a list or to many; it moves nothing.",
	    [REASON_BOUNCE] = "A delivery report.",
	    [REASON_OWN] = "Our own mail came back.",
	    [REASON_FORGED] =
		"It claims to come from a correspondent, but its signature is "
		"bad or made by a key that is not pinned: forged, or a new "
		"key.",
	    [REASON_UNPINNED] =
		"It claims to come from a correspondent, but carries no "
		"signature over its text.",
	    [REASON_FOREIGN_NUMBER] =
		"It names a case, but comes from an address and key foreign "
		"to that case.",
	    [REASON_UNDECRYPTABLE] = "It could not be decrypted.",
	    [REASON_TOO_LARGE] = "It is larger than the limit.",
	    [REASON_BROKEN] = "It could not be read.",
	    [REASON_SMIME] = "It is encrypted or signed with S/MIME.",
	    [REASON_ADOPTED] =
		"It stood in the mailbox before the first start.",
	    [REASON_DROPPED] = "Somebody ended it by hand.",
	    [REASON_BY_HAND] = "Somebody filed it by hand.",
	    [REASON_DEPARTMENT] =
		"It is signed by a department, but names no case.",
	    [REASON_MAIL_HELD] =
		"A mail could not be sealed; it waits for a decision.",
	    [REASON_MAIL_FAILED] = "The mail server refused a mail.",
	    [REASON_MAIL_UNCERTAIN] =
		"Nobody knows whether a mail arrived; it waits for a decision.",
	    [REASON_EXPLOITED] =
		"It says that the flaw is used in attacks already.",
	    [REASON_LIMIT_PARTS] =
		"It has more parts than limits { max_parts } allows.",
	    [REASON_LIMIT_DEPTH] =
		"It is nested deeper than limits { max_depth, max_layers } "
		"allow.",
	    [REASON_LIMIT_FIELDS] =
		"It has more header fields than limits { max_fields } allows.",
	    [REASON_LIMIT_ADDRESSES] =
		"It names more addresses than limits { max_addresses } "
		"allows.",
	    [REASON_LIMIT_OUTPUT] = "It opens to more than letter_max allows.",
	    [REASON_LIMIT_TIME] =
		"To read or open it took more than limits { wall, cpu, "
		"memory } allow.",
	    [REASON_LIMIT_KEYS] =
		"It is encrypted to more keys than limits { max_keys, "
		"max_hidden } allow.",
	    [REASON_DEADLINE] = "A date of the case comes near, or has passed.",
	    [REASON_ANSWER] = "A department's answer, recorded.",
	    [REASON_STUCK] =
		"psirtd cannot go on with a case by itself; its log says why.",
	    [REASON_ANSWER_LATE] =
		"More answers than the limits allow in an hour; they leave "
		"later.",
	    [REASON_ANSWER_HELD] =
		"More answers than the limits allow in two hours; they wait "
		"for a decision.",
	    [REASON_PIN_CHANGED] =
		"Keys of the settings were changed; they wait for two persons.",
	    [REASON_MAILBOX_PASSWORD] =
		"The mail server refuses the user name or the password of the "
		"mailbox: no letter comes in.",
	    [REASON_DISK] =
		"The disk is nearly full; letters wait in the mailbox.",
	    [REASON_UNREACHABLE] = "The mailbox cannot be reached.",
	};

	return NAME(texts, reason);
}

bool
reason_may_reopen(enum reason reason)
{
	switch (reason) {
	case REASON_UNDECRYPTABLE:
	case REASON_BROKEN:
	case REASON_LIMIT_PARTS:
	case REASON_LIMIT_DEPTH:
	case REASON_LIMIT_FIELDS:
	case REASON_LIMIT_ADDRESSES:
	case REASON_LIMIT_OUTPUT:
	case REASON_LIMIT_TIME:
	case REASON_LIMIT_KEYS:
		return true;
	default:
		return false;
	}
}

const char *
silence_name(enum silence silence)
{
	static const char *const names[] = {
	    [SILENCE_NONE] = "none",
	    [SILENCE_POLICY] = "policy",
	    [SILENCE_JOINED] = "joined",
	    [SILENCE_MACHINE] = "machine",
	    [SILENCE_STALE] = "stale",
	    [SILENCE_ADOPTED] = "adopted",
	    [SILENCE_LIMIT] = "limit",
	    [SILENCE_NO_ADDRESS] = "no-address",
	    [SILENCE_SET_ASIDE] = "set-aside",
	    [SILENCE_OWN] = "own",
	    [SILENCE_DEPARTMENT] = "department",
	    [SILENCE_UNWANTED] = "unwanted",
	    [SILENCE_JUNK] = "junk",
	};

	return NAME(names, silence);
}
