/*
 * flow_keys.c - every key of a flow file: where it stands, what it is, its
 * default.  psirtd-flow(5) is tested against it.
 */
#include "flow_internal.h"

/* Lists, and what has a spelling of its own: flow_words.c reads them. */
#define ENTRY(key, needed)                                                     \
	{                                                                      \
		.name = (key), .kind = KEY_ENTRY, .required = (needed)         \
	}
#define AT(type, member) .offset = offsetof(struct type, member)

static const struct choice yes_no[] = {{"no", 0}, {"yes", 1}, {"false", 0},
    {"true", 1}, {"off", 0}, {"on", 1}, {NULL, 0}};
static const struct choice starts[] = {{"auto", START_AUTO},
    {"hand", START_HAND}, {"letter", START_LETTER}, {"route", START_ROUTE},
    {NULL, 0}};
static const struct choice policies[] = {{"auto", POLICY_AUTO},
    {"approve", POLICY_APPROVE}, {"two", POLICY_TWO}, {NULL, 0}};

static const struct key step_keys[] = {
    {"title_en", KEY_TEXT, true, AT(flow_step, title_en)},
    {"title_ja", KEY_TEXT, true, AT(flow_step, title_ja)},
    {"phase", KEY_NUMBER, true, AT(flow_step, phase), .most = 5},
    ENTRY("lead", true),
    ENTRY("joint", false),
    {"start", KEY_CHOICE, AT(flow_step, start), .fallback = "auto",
	.choices = starts},
    {"optional", KEY_BOOL, AT(flow_step, optional), .fallback = "no",
	.choices = yes_no},
    {"again", KEY_BOOL, AT(flow_step, again), .fallback = "no",
	.choices = yes_no},
    ENTRY("after", false),
    ENTRY("when", false),
    ENTRY("expects", false),
    ENTRY("may", false),
    ENTRY("due", false),
    ENTRY("guard", false),
};

static const struct key or_keys[] = {
    ENTRY("after", false),
    ENTRY("when", false),
};

static const struct key mail_keys[] = {
    ENTRY("to", true),
    {"policy", KEY_CHOICE, AT(flow_mail, policy), .choices = policies},
    ENTRY("when", false),
    ENTRY("guard", false),
};

static const struct key share_keys[] = {
    {"on", KEY_BOOL, AT(flow_share, on), .fallback = "no", .choices = yes_no},
    {"template", KEY_TEXT, AT(flow_share, template), .fallback = "share"},
};

static const struct key close_keys[] = {
    ENTRY("guard", false),
};

#define KEYS(array) array, COUNT(array)

static const struct section flow_sections[] = {
    {"root", NULL, false, NULL, 0},
    {"step", "root", true, KEYS(step_keys)},
    {"or", "step", false, KEYS(or_keys)},
    {"mail", "step", true, KEYS(mail_keys)},
    {"share", "step", true, KEYS(share_keys)},
    {"close", "root", true, KEYS(close_keys)},
};
const struct grammar flow_grammar = {KEYS(flow_sections), "psirtd-flow(5)"};
