/*
 * view_case.c - one case on a screen.
 *
 * Runs in psirt.  What stands here out of letters, the finder's name, the
 * identifiers, senders and subjects, says so: a case is believed no more than
 * the letters it is made of.
 */
#include "view.h"

#include <string.h>

#include <talloc.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct column case_fields[] = {
    {"title", "title", HOW_TEXT, false},
    {"owner", "owner", HOW_TEXT, false},
    {"deputy", "deputy", HOW_TEXT, false},
    {"state", "state", HOW_TEXT, false},
    {"closed", "closed", HOW_TIME, false},
    {"close_reason", "because", HOW_TEXT, false},
    {"merged_into", "merged into", HOW_TEXT, false},
    {"flow", "flow", HOW_TEXT, false},
    {"phase", "phase", HOW_TEXT, false},
    {"source", "source", HOW_TEXT, false},
    {"window", "window", HOW_TEXT, false},
    {"publication", "publication", HOW_TIME, false},
    {"next_status", "next status mail", HOW_TIME, false},
    {"product", "product", HOW_TEXT, false},
    {"received", "received", HOW_TIME, false},
    {"filed", "filed", HOW_TIME, false},
    {"acknowledged", "acknowledged", HOW_TIME, false},
    {"purged", "letters purged", HOW_TIME, false},
    {"language", "language", HOW_TEXT, false},
    {"routed", "routed", HOW_TEXT, false},
    {"proposed", "proposed", HOW_TEXT, false},
};

static const struct column finder_fields[] = {
    {"name", "name", HOW_TEXT, false},
    {"address", "address", HOW_ADDRESS, false},
    {"key", "key", HOW_TEXT, false},
    {"standing", "which is", HOW_TEXT, false},
};

static const struct column case_letters[] = {
    {"letter", "LETTER", HOW_TEXT, true},
    {"received", "RECEIVED", HOW_TIME, true},
    {"verdict", "VERDICT", HOW_TEXT, false},
    {"unconfirmed", "UNCONFIRMED", HOW_TEXT, false},
    {"sender", "FROM", HOW_ADDRESS, false},
    {"subject", "SUBJECT", HOW_TEXT, false},
};

static const struct column case_mails[] = {
    {"mail", "MAIL", HOW_TEXT, true},
    {"kind", "KIND", HOW_TEXT, false},
    {"address", "TO", HOW_ADDRESS, false},
    {"state", "STATE", HOW_TEXT, true},
    {"encrypted", "ENCRYPTED", HOW_YES, true},
    {"sent", "SENT", HOW_TIME, true},
    {"smtp", "SMTP", HOW_TEXT, true},
    {"reason", "WHY", HOW_TEXT, false},
};

static const struct column case_departments[] = {
    {"department", "DEPARTMENT", HOW_TEXT, true},
    {"title", "TITLE", HOW_TEXT, false},
    {"contact", "CONTACT", HOW_TEXT, false},
    {"kind", "KIND", HOW_TEXT, true},
    {"state", "STATE", HOW_TEXT, true},
    {"sent", "SENT", HOW_TIME, true},
};

static const struct column case_links[] = {
    {"case", "CASE", HOW_TEXT, true},
    {"link", "LINK", HOW_TEXT, true},
    {"flow", "FLOW", HOW_TEXT, true},
    {"state", "STATE", HOW_TEXT, true},
    {"why", "THE SAME", HOW_TEXT, false},
    {"title", "TITLE", HOW_TEXT, false},
};

/* Who speaks with the source, where it is not the desk alone. */
static json_t *
window_text(const json_t *data)
{
	const char *channel = view_string(data, "channel");

	if (strcmp(channel, "jpcert") == 0)
		return json_string(
		    "JPCERT/CC speaks with the source: nothing goes to it");
	if (strcmp(channel, "advised") == 0)
		return json_string("the desk; JPCERT/CC stands behind");
	return json_null();
}

/* What the key of a finder is worth. */
static const char *
standing_text(const char *standing)
{
	if (standing == NULL)
		return NULL;
	if (strcmp(standing, "kept") == 0)
		return "kept: it came with a letter and signed nothing";
	if (strcmp(standing, "bound") == 0)
		return "bound: it signed the words of a letter";
	if (strcmp(standing, "confirmed") == 0)
		return "confirmed: a person compared it";
	return standing;
}

/* A finder's name and address are what the letter says, no more. */
static void
view_finder(const struct printer *p, json_t *finder)
{
	const char *standing = standing_text(
	    json_string_value(json_object_get(finder, "key_standing")));

	if (!json_is_object(finder))
		return;
	json_object_set_new(finder, "standing",
	    standing != NULL ? json_string(standing) : json_null());
	print_title(p, "Finder (as the letter says; no signature proves it)");
	print_fields(p, finder, finder_fields, N(finder_fields));
}

static void
view_identifiers(const struct printer *p, const json_t *data)
{
	const json_t *list = json_object_get(data, "identifiers");
	void *ctx = talloc_new(NULL);
	char *text = talloc_strdup(ctx, "");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		char *value = view_text(ctx, item, "value");

		text = talloc_asprintf_append(text, "%s%s", i > 0 ? ", " : "",
		    value != NULL ? value : "?");
	}
	if (*text != '\0') {
		print_title(
		    p, "Identifiers (as letters give them, signed or not)");
		print_wrapped(p, "  ", "  ", text);
	}
	talloc_free(ctx);
}

void
view_show(const struct printer *p, json_t *data)
{
	const json_t *letters = json_object_get(data, "letters");
	json_t *letter;
	size_t i;
	char *case_number = view_text(NULL, data, "case");
	char *phase = view_text(NULL, data, "phase_text");

	/* A copy whose phase reads "2 investigation". */
	json_t *shown = json_copy(data);

	json_object_set_new(shown, "phase",
	    json_sprintf("%" JSON_INTEGER_FORMAT " %s",
		view_number(data, "phase"), phase != NULL ? phase : ""));
	json_object_set_new(shown, "window", window_text(data));
	print_title(p, case_number != NULL ? case_number : "?");
	print_fields(p, shown, case_fields, N(case_fields));
	view_turns(p, data);
	view_tasks(p, data, "Tasks");
	json_array_foreach(letters, i, letter)
	{
		null_if_false(letter, "unconfirmed");
	}
	view_finder(p, json_object_get(data, "finder"));
	view_case_clocks(p, data, "Clocks");
	view_questions(p, data);
	view_section(
	    p, data, "links", "Linked cases", case_links, N(case_links));
	view_identifiers(p, data);
	view_section(p, data, "letters",
	    "Letters (the verdict is over the text; from and subject anybody "
	    "may write)",
	    case_letters, N(case_letters));
	view_section(p, data, "mails", "Mails", case_mails, N(case_mails));
	view_section(p, data, "departments", "Departments", case_departments,
	    N(case_departments));
	view_next(p, data);
	json_decref(shown);
	talloc_free(phase);
	talloc_free(case_number);
}
