/*
 * view_letter.c - a letter on a screen, and its raw bytes.
 *
 * Runs in psirt.  A letter's text stands behind a mark at the left edge,
 * "| " where a good signature of a known key covers it and "? " where none
 * does; only psirt writes at the edge itself, so no letter can draw the line
 * between the two.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/bytes.h"
#include "psirtd/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct column letter_fields[] = {
    {"received", "received", HOW_TIME, false},
    {"state", "state", HOW_TEXT, false},
    {"reason_text", "reason", HOW_TEXT, false},
    {"case", "case", HOW_TEXT, false},
    {"verdict", "verdict", HOW_TEXT, false},
    {"signer", "signer", HOW_TEXT, false},
    {"unconfirmed", "unconfirmed", HOW_TEXT, false},
    {"answer", "answered", HOW_TEXT, false},
};

/* "asked to resend 2026-11-25 09:49 (mail 14)": what was sent for it. */
static json_t *
answer_line(const json_t *data)
{
	const json_t *list = json_object_get(data, "answered");
	void *ctx = talloc_new(NULL);
	char *all = NULL;
	const json_t *row;
	json_t *line;
	size_t i;

	json_array_foreach(list, i, row)
	{
		char *how =
		    print_value(ctx, json_object_get(row, "how"), HOW_TEXT);
		char *when =
		    print_value(ctx, json_object_get(row, "sent"), HOW_TIME);
		char *state =
		    print_value(ctx, json_object_get(row, "state"), HOW_TEXT);
		bool sent = json_is_string(json_object_get(row, "sent"));

		all = talloc_asprintf(ctx,
		    "%s%s%s %s (mail %" JSON_INTEGER_FORMAT ")",
		    all != NULL ? all : "", all != NULL ? "; " : "", how,
		    sent ? when : state,
		    json_integer_value(json_object_get(row, "mail")));
	}
	line = all != NULL ? json_string(all) : json_null();
	talloc_free(ctx);
	return line;
}

static const struct column header_fields[] = {
    {"from", "From", HOW_TEXT, false},
    {"sender", "Sender", HOW_TEXT, false},
    {"sender_address", "Sender", HOW_TEXT, false},
    {"reply_to", "Reply-To", HOW_TEXT, false},
    {"to", "To", HOW_TEXT, false},
    {"date", "Date", HOW_TIME, false},
    {"subject", "Subject", HOW_TEXT, false},
    {"protected_subject", "inside", HOW_TEXT, false},
    {"message_id", "Message-ID", HOW_TEXT, false},
};

static const struct column signature_columns[] = {
    {"status", "SIGNATURE", HOW_TEXT, true},
    {"key", "KEY", HOW_TEXT, true},
    {"made", "MADE", HOW_TIME, true},
};

/* {"name":…,"address":…} becomes one string, so that a list of them prints. */
static json_t *
headers_flat(const json_t *headers)
{
	static const char *const lists[] = {"from", "sender", "reply_to", "to"};
	json_t *flat = json_deep_copy(headers);

	for (size_t k = 0; k < N(lists); k++) {
		const json_t *list = json_object_get(headers, lists[k]);
		json_t *out;
		const json_t *item;
		size_t i;

		if (!json_is_array(list))
			continue;
		out = json_array();
		json_array_foreach(list, i, item)
		{
			const char *name =
			    json_string_value(json_object_get(item, "name"));
			const char *address =
			    json_string_value(json_object_get(item, "address"));

			json_array_append_new(out,
			    name != NULL
				? json_sprintf("%s <%s>%s", name,
				      address != NULL ? address : "",
				      i + 1 < json_array_size(list) ? "," : "")
				: json_string(address != NULL ? address : ""));
		}
		json_object_set_new(flat, lists[k], out);
	}
	/* Protected and the same as outside: once is enough. */
	if (json_equal(json_object_get(flat, "subject"),
		json_object_get(flat, "protected_subject")))
		json_object_del(flat, "protected_subject");
	return flat;
}

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

static void
view_layers(const struct printer *p, const json_t *data)
{
	const json_t *layers = json_object_get(data, "layers");
	const json_t *layer;
	size_t i;

	json_array_foreach(layers, i, layer)
	{
		void *ctx = talloc_new(NULL);
		const json_t *note = json_object_get(layer, "note");
		const json_t *to = json_object_get(layer, "recipients");
		json_t *signatures =
		    signatures_flat(json_object_get(layer, "signatures"));
		char *line = talloc_asprintf(ctx, "%s, %s",
		    print_value(ctx, json_object_get(layer, "kind"), HOW_TEXT),
		    print_value(
			ctx, json_object_get(layer, "outcome"), HOW_TEXT));

		if (i == 0)
			print_title(p, "Layers");
		if (json_array_size(to) > 0)
			line = talloc_asprintf_append(
			    line, ", for %s", print_value(ctx, to, HOW_TEXT));
		if (json_is_string(note))
			line = talloc_asprintf_append(
			    line, ": %s", print_value(ctx, note, HOW_TEXT));
		print_wrapped(p, "  ", "      ", line);
		if (json_array_size(signatures) > 0)
			print_table(p, signatures, signature_columns,
			    N(signature_columns));
		json_decref(signatures);
		talloc_free(ctx);
	}
}

/* One field a line or more: white space in it is one space. */
static void
view_fields(const struct printer *p, const json_t *fields)
{
	size_t i;

	for (i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		const char *value =
		    json_string_value(json_object_get(field, "value"));
		void *ctx = talloc_new(NULL);
		char *name =
		    print_value(ctx, json_object_get(field, "field"), HOW_TEXT);
		char *line = talloc_strdup(ctx, value != NULL ? value : "-");

		if (i == 0)
			print_title(p, "Fields found in the text");
		for (char *c = line; *c != '\0'; c++)
			if (*c == '\n' || *c == '\r' || *c == '\t')
				*c = ' ';
		print_wrapped(p, talloc_asprintf(ctx, "  %-10s  ", name),
		    "              ", text_show(ctx, line));
		talloc_free(ctx);
	}
}

/* Whose good signature covers a part. */
static char *
covered_by(const void *ctx, const json_t *part)
{
	const char *verdict =
	    json_string_value(json_object_get(part, "verdict"));
	bool known = verdict != NULL && strcmp(verdict, "known") == 0;

	return talloc_asprintf(ctx, "SIGNED by %s%s",
	    known ? "the key bound to this case, " : "",
	    print_value(ctx, json_object_get(part, "signer"), HOW_TEXT));
}

/* Why none does. */
static char *
uncovered_by(const void *ctx, const json_t *part)
{
	const char *verdict =
	    json_string_value(json_object_get(part, "verdict"));
	const char *what = "NOT SIGNED";

	if (verdict != NULL && strcmp(verdict, "bad") == 0)
		what = "BAD SIGNATURE";
	if (verdict != NULL && strcmp(verdict, "unknown-key") == 0)
		what = "NO KNOWN SIGNER";
	return talloc_asprintf(ctx, "%s: %s", what,
	    print_value(ctx, json_object_get(part, "why"), HOW_TEXT));
}

static void
view_part(const struct printer *p, const json_t *part)
{
	void *ctx = talloc_new(NULL);
	bool covered = json_is_true(json_object_get(part, "covered"));
	const json_t *text = json_object_get(part, "text");
	const json_t *name = json_object_get(part, "name");
	const char *mark = covered ? "| " : "? ";
	char *line;

	/* Our words first: a file name cannot say them in our place. */
	line = covered ? covered_by(ctx, part) : uncovered_by(ctx, part);
	line = talloc_asprintf_append(line, " -- %s, %s, %s bytes%s",
	    print_value(ctx, json_object_get(part, "kind"), HOW_TEXT),
	    print_value(ctx, json_object_get(part, "type"), HOW_TEXT),
	    print_value(ctx, json_object_get(part, "size"), HOW_TEXT),
	    json_is_true(json_object_get(part, "encrypted")) ? ", was encrypted"
							     : "");
	if (json_is_string(name))
		line = talloc_asprintf_append(
		    line, ", \"%s\"", print_value(ctx, name, HOW_TEXT));
	fputc('\n', p->out);
	print_wrapped(p,
	    talloc_asprintf(ctx, "-- part %" JSON_INTEGER_FORMAT ": ",
		json_integer_value(json_object_get(part, "part"))),
	    "   ", line);
	if (json_is_string(text))
		print_content(p, mark, json_string_value(text));
	if (json_is_true(json_object_get(part, "cut")))
		fputs("-- the rest is not shown: --raw has it all\n", p->out);
	talloc_free(ctx);
}

/*
 * A part that only held others, all of which were opened: the layers above
 * tell of it, and what it held stands below.
 */
static bool
is_wrapper(const json_t *part, const json_t *layers)
{
	const char *kind = json_string_value(json_object_get(part, "kind"));
	size_t i;

	if (kind == NULL ||
	    (strcmp(kind, "encrypted") != 0 && strcmp(kind, "signed") != 0))
		return false;
	for (i = 0; i < json_array_size(layers); i++)
		if (!json_is_true(
			json_object_get(json_array_get(layers, i), "opened")))
			return false;
	return i > 0;
}

static int
base64_value(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Bytes of one chunk; what is no base64 ends it. */
static struct bytes
base64_read(const void *ctx, const char *text)
{
	uint8_t *out = talloc_size(ctx, strlen(text) / 4 * 3 + 4);
	size_t len = 0;
	uint32_t bits = 0;
	int have = 0;

	for (; out != NULL && base64_value(*text) >= 0; text++) {
		bits = bits << 6 | (uint32_t)base64_value(*text);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (uint8_t)(bits >> have);
		}
	}
	return bytes_of(out, len);
}

static void
view_raw(const struct printer *p, const json_t *chunks)
{
	bool terminal = isatty(fileno(p->out));
	const json_t *chunk;
	size_t i;

	json_array_foreach(chunks, i, chunk)
	{
		void *ctx = talloc_new(NULL);
		struct bytes b = base64_read(ctx, json_string_value(chunk));

		if (!terminal) {
			fwrite(b.data, 1, b.len, p->out);
		} else {
			/* A terminal obeys bytes: only a file gets them. */
			for (size_t k = 0; k < b.len; k++) {
				uint8_t c = b.data[k];

				if (c == '\n' || (c >= 0x20 && c < 0x7f))
					fputc(c, p->out);
				else if (c != '\r')
					fprintf(p->out, "\\x%02x", c);
			}
		}
		talloc_free(ctx);
	}
}

void
view_letter(const struct printer *p, json_t *data)
{
	const json_t *raw = json_object_get(data, "raw");
	const json_t *parts = json_object_get(data, "parts");
	json_t *headers;
	char title[40];
	size_t i;

	if (raw != NULL) {
		view_raw(p, raw);
		return;
	}
	if (json_object_get(data, "done") != NULL) {
		view_done(p, data);
		return;
	}
	snprintf(title, sizeof(title), "Letter %" JSON_INTEGER_FORMAT,
	    json_integer_value(json_object_get(data, "letter")));
	print_title(p, title);
	null_if_false(data, "unconfirmed");
	json_object_set_new(data, "answer", answer_line(data));
	print_fields(p, data, letter_fields, N(letter_fields));
	view_clocks(p, data);
	print_title(p, "Headers (never signed)");
	headers = headers_flat(json_object_get(data, "headers"));
	print_fields(p, headers, header_fields, N(header_fields));
	json_decref(headers);
	view_layers(p, data);
	view_fields(p, json_object_get(data, "fields"));
	if (json_is_false(json_object_get(data, "opened")))
		fputs("It was not opened: --raw has its bytes.\n", p->out);
	for (i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);

		if (!is_wrapper(part, json_object_get(data, "layers")))
			view_part(p, part);
	}
	if (i > 0)
		fputc('\n', p->out);
	view_next(p, data);
}
