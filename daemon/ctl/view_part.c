/*
 * view_part.c - the layers and parts of a letter on a screen.
 *
 * Runs in psirt.  A letter's text stands behind a mark at the left edge,
 * "| " where a good signature of a known key covers it and "? " where none
 * does; only psirt writes at the edge itself, so no letter can draw the line
 * between the two.
 */
#include "view.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct column signature_columns[] = {
    {"status", "SIGNATURE", HOW_TEXT, true},
    {"key", "KEY", HOW_TEXT, true},
    {"made", "MADE", HOW_TIME, true},
};

/* The key, or the one that a signature names whose key is not here. */
static json_t *
signatures_flat(const json_t *signatures)
{
	json_t *flat = json_deep_copy(signatures);
	json_t *row;
	size_t i;

	json_array_foreach(flat, i, row)
	{
		if (json_is_null(json_object_get(row, "key")))
			json_object_set(
			    row, "key", json_object_get(row, "claimed"));
	}
	return flat;
}

static bool
is_hidden(const json_t *recipient)
{
	const char *id = json_string_value(recipient);

	return id != NULL && *id != '\0' && id[strspn(id, "0")] == '\0';
}

/*
 * "AB12, 2 hidden recipients": the key id of one that is hidden is all zero.
 * NULL: there are none.
 */
static char *
layer_recipients(const void *ctx, const json_t *layer)
{
	const json_t *list = json_object_get(layer, "recipients");
	json_t *shown = json_array();
	size_t hidden = 0;
	const json_t *item;
	char *line;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (is_hidden(item))
			hidden++;
		else
			json_array_append_new(shown, json_deep_copy(item));
	}
	if (hidden > 0)
		json_array_append_new(
		    shown, hidden == 1
			       ? json_string("a hidden recipient")
			       : json_sprintf("%zu hidden recipients", hidden));
	line = print_list(ctx, shown, ", ");
	json_decref(shown);
	return line;
}

void
view_layers(const struct printer *p, const json_t *data)
{
	const json_t *layers = json_object_get(data, "layers");
	const json_t *layer;
	size_t i;

	json_array_foreach(layers, i, layer)
	{
		void *ctx = talloc_new(NULL);
		const json_t *note = json_object_get(layer, "note");
		const char *to = layer_recipients(ctx, layer);
		json_t *signatures =
		    signatures_flat(json_object_get(layer, "signatures"));
		json_int_t parent =
		    json_integer_value(json_object_get(layer, "parent"));
		char *line = talloc_asprintf(ctx, "%s, %s",
		    print_value(ctx, json_object_get(layer, "kind"), HOW_TEXT),
		    print_value(
			ctx, json_object_get(layer, "outcome"), HOW_TEXT));

		if (i == 0)
			print_title(p, "Layers");
		if (parent > 0)
			line = talloc_asprintf_append(
			    line, ", in layer %" JSON_INTEGER_FORMAT, parent);
		if (to != NULL)
			line = talloc_asprintf_append(line, ", for %s%s", to,
			    view_more(ctx, layer, "recipients", ", "));
		if (json_is_string(note))
			line = talloc_asprintf_append(
			    line, ": %s", print_value(ctx, note, HOW_TEXT));
		print_wrapped(
		    p, talloc_asprintf(ctx, "  %zu  ", i + 1), "      ", line);
		if (json_array_size(signatures) > 0)
			print_table(p, signatures, signature_columns,
			    N(signature_columns));
		json_decref(signatures);
		talloc_free(ctx);
	}
}

/* ---- parts ---- */

static const struct column part_fields[] = {
    {"over", "over", HOW_TEXT, false},
    {"by", "key", HOW_TEXT, false},
    {"is", "what", HOW_TEXT, false},
    {"name", "name", HOW_TEXT, false},
    {"note", "note", HOW_TEXT, false},
    {"brought", "brings", HOW_TEXT, false},
    {"user_ids", "claims", HOW_TEXT, false},
};

const char *
part_mark(const json_t *part)
{
	return json_is_true(json_object_get(part, "covered")) ? "| " : "? ";
}

/* Whose good signature covers it, or why none does. */
static char *
part_verdict(const void *ctx, const json_t *part)
{
	const char *verdict =
	    json_string_value(json_object_get(part, "verdict"));
	const char *what = "NOT SIGNED";

	if (json_is_true(json_object_get(part, "covered")))
		return talloc_asprintf(ctx, "SIGNED by %s",
		    print_value(
			ctx, json_object_get(part, "pinned_to"), HOW_TEXT));
	if (verdict != NULL && strcmp(verdict, "bad") == 0)
		what = "BAD SIGNATURE";
	if (verdict != NULL && strcmp(verdict, "unknown-key") == 0)
		what = "NO KNOWN SIGNER";
	return talloc_asprintf(ctx, "%s: %s", what,
	    print_value(ctx, json_object_get(part, "why"), HOW_TEXT));
}

/* The signed bytes, and the layer that says so. */
static json_t *
part_over(const void *ctx, const json_t *part)
{
	const json_t *bytes = json_object_get(part, "over");

	if (!json_is_string(bytes))
		return json_null();
	return json_sprintf("%s (layer %s)", print_value(ctx, bytes, HOW_TEXT),
	    print_value(ctx, json_object_get(part, "layer"), HOW_TEXT));
}

static json_t *
part_key(const void *ctx, const json_t *part)
{
	const json_t *key = json_object_get(part, "fingerprint");
	const json_t *to = json_object_get(part, "pinned_to");
	const json_t *claimed = json_object_get(part, "claimed_key");

	if (json_is_string(key))
		return json_sprintf("%s%s", print_value(ctx, key, HOW_TEXT),
		    json_is_string(to) ? "" : ", pinned to nobody");
	if (json_is_string(claimed))
		return json_sprintf("%s, as it claims: that key is not here",
		    print_value(ctx, claimed, HOW_TEXT));
	return json_null();
}

/* "text, text/plain, 120 bytes, was encrypted". */
static json_t *
part_what(const void *ctx, const json_t *part)
{
	return json_sprintf("%s, %s, %s bytes%s",
	    print_value(ctx, json_object_get(part, "kind"), HOW_TEXT),
	    print_value(ctx, json_object_get(part, "type"), HOW_TEXT),
	    print_value(ctx, json_object_get(part, "size"), HOW_TEXT),
	    json_is_true(json_object_get(part, "encrypted")) ? ", was encrypted"
							     : "");
}

/* The key that came in it. */
static json_t *
part_brought(const void *ctx, const json_t *key)
{
	if (!json_is_object(key))
		return json_null();
	return json_sprintf("key %s, which signed %s",
	    print_value(ctx, json_object_get(key, "fingerprint"), HOW_TEXT),
	    json_is_true(json_object_get(key, "signed"))
		? "the letter's own words"
		: "nothing here");
}

/* A block signed in clear has its words, and a verdict, in another part. */
static void
view_elsewhere(const struct printer *p, const json_t *part)
{
	char line[80];

	snprintf(line, sizeof(line),
	    "-- part %" JSON_INTEGER_FORMAT
	    ": its text is part %" JSON_INTEGER_FORMAT,
	    view_number(part, "part"), view_number(part, "text_in"));
	fputc('\n', p->out);
	print_wrapped(p, "", "   ", line);
}

static void
view_part(const struct printer *p, const json_t *part)
{
	void *ctx = talloc_new(NULL);
	const json_t *text = json_object_get(part, "text");
	const json_t *key = json_object_get(part, "key");
	json_t *shown = json_pack("{s:o,s:o,s:o,s:O?,s:s?,s:o,s:s?}", "over",
	    part_over(ctx, part), "by", part_key(ctx, part), "is",
	    part_what(ctx, part), "name", json_object_get(part, "name"), "note",
	    print_list(ctx, json_object_get(part, "notes"), "; "), "brought",
	    part_brought(ctx, key), "user_ids",
	    print_list(ctx, json_object_get(key, "user_ids"), "; "));

	fputc('\n', p->out);
	/* Our words alone: what the letter says stands in lines of its own. */
	print_wrapped(p,
	    talloc_asprintf(ctx, "-- part %" JSON_INTEGER_FORMAT ": ",
		json_integer_value(json_object_get(part, "part"))),
	    "   ", part_verdict(ctx, part));
	print_fields(p, shown, part_fields, N(part_fields));
	if (json_is_true(json_object_get(part, "withheld")))
		print_wrapped(p, "-- ", "   ",
		    "not shown: its layer did not open as a whole");
	if (json_is_string(text))
		print_content(p, part_mark(part), json_string_value(text));
	if (json_is_true(json_object_get(part, "cut")))
		print_wrapped(
		    p, "-- ", "   ", "the rest is not shown: --raw has it all");
	json_decref(shown);
	talloc_free(ctx);
}

static bool
has_flag(const json_t *part, const char *flag)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(part, "flags"), i, item)
	{
		const char *text = json_string_value(item);

		if (text != NULL && strcmp(text, flag) == 0)
			return true;
	}
	return false;
}

/*
 * A part that only held others, and that a layer of its own opened: the layers
 * above tell of it, and what it held stands below.  One that is there twice
 * has no layer of its own: it is told of unless all were opened.
 */
static bool
is_wrapper(const json_t *part, const json_t *layers)
{
	const char *kind = json_string_value(json_object_get(part, "kind"));
	bool all = has_flag(part, "repeated");
	const json_t *layer;
	size_t i;

	if (kind == NULL ||
	    (strcmp(kind, "encrypted") != 0 && strcmp(kind, "signed") != 0))
		return false;
	json_array_foreach(layers, i, layer)
	{
		bool opened = json_is_true(json_object_get(layer, "opened"));

		if (opened &&
		    view_number(layer, "part") == view_number(part, "part"))
			return true;
		all = all && opened;
	}
	return all && i > 0;
}

void
view_parts(const struct printer *p, const json_t *data)
{
	const json_t *layers = json_object_get(data, "layers");
	const json_t *part;
	size_t i;

	json_array_foreach(json_object_get(data, "parts"), i, part)
	{
		if (view_number(part, "text_in") > 0)
			view_elsewhere(p, part);
		else if (!is_wrapper(part, layers))
			view_part(p, part);
	}
}
