/*
 * view_approve.c - drafts that wait, and one of them as its reader has it.
 *
 * Runs in psirt.  Every line of the mail stands behind ": ", so that no word
 * of it can look like one of psirt's about it.
 */
#include "view.h"

#include <talloc.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct column draft_list[] = {
    {"mail", "MAIL", HOW_TEXT, true},
    {"short", "CASE", HOW_TEXT, true},
    {"step", "STEP", HOW_TEXT, true},
    {"kind", "KIND", HOW_TEXT, false},
    {"to", "TO", HOW_TEXT, false},
    {"policy", "POLICY", HOW_TEXT, false},
    {"approved_by", "APPROVED BY", HOW_TEXT, false},
    {"made", "MADE", HOW_DATE, true},
    {"next", "TYPE NEXT", HOW_BELOW, true},
};

static const struct column draft_fields[] = {
    {"case", "case", HOW_TEXT, false},
    {"step", "step", HOW_TEXT, false},
    {"kind", "kind", HOW_TEXT, false},
    {"policy", "policy", HOW_TEXT, false},
    {"approved_by", "approved by", HOW_TEXT, false},
    {"name", "name", HOW_TEXT, false},
    {"address", "to", HOW_ADDRESS, false},
    {"sealed", "sealed to", HOW_TEXT, false},
    {"parts", "tells", HOW_TEXT, false},
    {"language", "language", HOW_TEXT, false},
    {"digest", "digest", HOW_TEXT, false},
};

static const struct column guard_list[] = {
    {"case", "CASE", HOW_TEXT, true},
    {"guard", "GUARD", HOW_TEXT, true},
    {"of", "OF", HOW_TEXT, false},
    {"state", "STATE", HOW_TEXT, true},
    {"why", "WHY", HOW_BELOW, false},
};

static const struct column file_list[] = {
    {"name", "FILE", HOW_TEXT, false},
    {"type", "TYPE", HOW_TEXT, false},
    {"size", "BYTES", HOW_TEXT, true},
    {"covered", "SIGNED", HOW_YES, true},
    {"why", "WHY NOT", HOW_BELOW, false},
};

static const struct column hole_list[] = {
    {"step", "STEP", HOW_TEXT, true},
    {"answer", "ANSWER", HOW_TEXT, true},
};

bool
view_drafts(const struct printer *p, const json_t *data, const char *key,
    const char *title)
{
	json_t *rows = json_object_get(data, key);
	json_t *row;
	size_t i;

	view_short_numbers(rows);
	json_array_foreach(rows, i, row)
	{
		json_t *by = json_object_get(row, "approved_by");

		/* Nobody: no column. */
		if (json_is_array(by) && json_array_size(by) == 0)
			json_object_set_new(row, "approved_by", json_null());
	}
	return view_section(p, data, key, title, draft_list, N(draft_list));
}

/* Under which key, and what that is worth; or that anybody can read it. */
static json_t *
sealed_to(const json_t *mail)
{
	char *key = view_text(NULL, mail, "key");
	bool pinned = json_is_true(json_object_get(mail, "key_pinned"));
	json_t *text;

	if (key == NULL || !json_is_true(json_object_get(mail, "encrypted")))
		text = json_string("NOBODY: it goes out signed, in clear");
	else
		text = json_sprintf("%s%s", key,
		    pinned ? " (pinned in the settings)"
			   : " (it came with a letter)");
	talloc_free(key);
	return text;
}

static void
view_draft(const struct printer *p, json_t *data, json_t *mail)
{
	const char *body = json_string_value(json_object_get(mail, "body"));
	char *subject = view_text(NULL, mail, "subject");
	char *title = talloc_asprintf(
	    NULL, "Mail %" JSON_INTEGER_FORMAT, view_number(mail, "mail"));

	json_object_set_new(mail, "sealed", sealed_to(mail));
	print_title(p, title);
	print_fields(p, mail, draft_fields, N(draft_fields));
	print_title(p, "What the reader will read");
	print_wrapped(p, ": Subject: ", ":   ", subject != NULL ? subject : "");
	fputs(":\n", p->out);
	print_content(p, ": ", body != NULL ? body : "");
	view_section(
	    p, data, "files", "Files that go along", file_list, N(file_list));
	view_section(p, data, "holes",
	    "Not on record yet, and perhaps missing above", hole_list,
	    N(hole_list));
	view_section(p, data, "guards", "Guards", guard_list, N(guard_list));
	view_section(p, data, "linked",
	    "Guards of linked cases: they would refuse this reader there",
	    guard_list, N(guard_list));
	talloc_free(title);
	talloc_free(subject);
}

void
view_approve(const struct printer *p, json_t *data)
{
	json_t *mail = json_object_get(data, "mail");

	if (json_object_get(data, "said") != NULL)
		view_said(p, data);
	else if (mail != NULL)
		view_draft(p, data, mail);
	else if (!view_drafts(
		     p, data, "mails", "Drafts that wait for approval"))
		fputs("No draft waits.\n", p->out);
}
