/*
 * view_letter.c - a letter on a screen, and its raw bytes.
 *
 * Runs in psirt.  What became of it, its headers by who vouches for them,
 * and what was found in it; view_part.c shows its layers and parts.
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
    {"verdict", "judged", HOW_TEXT, false},
    {"signer", "signer", HOW_TEXT, false},
    {"unconfirmed", "unconfirmed", HOW_TEXT, false},
    {"junk", "as junk", HOW_TEXT, false},
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
    {"sender_address", "Sender", HOW_ADDRESS, false},
    {"reply_to", "Reply-To", HOW_TEXT, false},
    {"to", "To", HOW_TEXT, false},
    {"date", "Date", HOW_TIME, false},
    {"subject", "Subject", HOW_TEXT, false},
    {"message_id", "Message-ID", HOW_TEXT, false},
};

/*
 * finder@research.example "Robin Lee".  The address stands first, where no
 * name can put another before it; a quotation mark in the name ends nothing.
 */
static char *
address_line(const void *ctx, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	char *address =
	    print_value(ctx, json_object_get(item, "address"), HOW_ADDRESS);
	char *safe, *line, *to;

	if (name == NULL)
		return address;
	safe = text_show(ctx, name);
	line = talloc_array(ctx, char, strlen(address) + 2 * strlen(safe) + 4);
	to = line + sprintf(line, "%s \"", address);
	for (const char *c = safe; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			*to++ = '\\';
		*to++ = *c;
	}
	*to++ = '"';
	*to = '\0';
	return line;
}

static void
header_line(
    const struct printer *p, const json_t *headers, const struct column *column)
{
	const json_t *value = json_object_get(headers, column->key);
	void *ctx = talloc_new(NULL);
	char *first = talloc_asprintf(ctx, "  %-10s  ", column->title);
	const char *next = "              ";
	const json_t *item;
	char *line = NULL;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, item)
		{
			char *one = address_line(ctx, item);

			line = line == NULL
				   ? one
				   : talloc_asprintf(ctx, "%s, %s", line, one);
		}
	} else if (value != NULL && !json_is_null(value)) {
		line = print_value(ctx, value, column->how);
	}
	if (line != NULL)
		print_wrapped(p, first, next,
		    talloc_asprintf(ctx, "%s%s", line,
			view_more(ctx, headers, column->key, ", ")));
	json_array_foreach(value, i, item)
	{
		const json_t *remark = json_object_get(item, "remark");

		if (json_is_string(remark))
			print_wrapped(p, "  !! ", "     ",
			    talloc_asprintf(ctx, "%s %zu: %s", column->title,
				i + 1, print_value(ctx, remark, HOW_TEXT)));
	}
	talloc_free(ctx);
}

static void
view_header_fields(const struct printer *p, const json_t *headers)
{
	for (size_t i = 0; i < N(header_fields); i++)
		header_line(p, headers, &header_fields[i]);
}

/* Who vouches for the protected ones. */
static char *
protected_title(const void *ctx, const json_t *inner)
{
	char *layer =
	    print_value(ctx, json_object_get(inner, "layer"), HOW_TEXT);

	if (json_is_true(json_object_get(inner, "signed")))
		return talloc_asprintf(ctx,
		    "Headers of layer %s (SIGNED by %s)", layer,
		    print_value(
			ctx, json_object_get(inner, "pinned_to"), HOW_TEXT));
	return talloc_asprintf(ctx, "Headers of layer %s (%s: %s)", layer,
	    json_is_true(json_object_get(inner, "believed"))
		? "inside the encryption, not signed"
		: "not protected",
	    print_value(ctx, json_object_get(inner, "why"), HOW_TEXT));
}

static void
view_headers(const struct printer *p, const json_t *data)
{
	const json_t *inner = json_object_get(data, "protected");
	void *ctx = talloc_new(NULL);
	const json_t *field;
	size_t i;

	print_title(p, "Headers (never signed)");
	view_header_fields(p, json_object_get(data, "headers"));
	if (json_is_object(inner)) {
		print_title(p, protected_title(ctx, inner));
		view_header_fields(p, inner);
		json_array_foreach(json_object_get(inner, "differs"), i, field)
		{
			const char *key = json_string_value(field);
			const char *name =
			    key != NULL && strcmp(key, "from") == 0 ? "FROM"
								    : "SUBJECT";

			print_wrapped(p, "!! ", "   ",
			    talloc_asprintf(ctx,
				"%s DIFFERS: inside it is not what it is "
				"outside, where anybody may have written it.",
				name));
		}
	}
	talloc_free(ctx);
}

/*
 * What was found in the text, each behind the mark of the part it stood in,
 * under the name that stands in `name`: white space in it is one space.
 */
static void
view_found(const struct printer *p, const json_t *data, const char *key,
    const char *name, const char *title)
{
	const json_t *list = json_object_get(data, key);
	void *ctx = talloc_new(NULL);
	char *more = view_more(ctx, data, key, "");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *value =
		    json_string_value(json_object_get(item, "value"));
		const char *mark = part_mark(item);
		char *label =
		    print_value(ctx, json_object_get(item, name), HOW_TEXT);
		char *line = talloc_strdup(ctx, value != NULL ? value : "-");

		if (i == 0)
			print_title(p, title);
		for (char *c = line; *c != '\0'; c++)
			if (*c == '\n' || *c == '\r' || *c == '\t')
				*c = ' ';
		print_wrapped(p, talloc_asprintf(ctx, "%s%-10s  ", mark, label),
		    talloc_asprintf(ctx, "%s            ", mark),
		    text_show(ctx, line));
	}
	if (*more != '\0')
		print_wrapped(p, "  ", "  ", more);
	talloc_free(ctx);
}

/* What was not done to the whole of it. */
static void
view_warnings(const struct printer *p, const json_t *data)
{
	const json_t *limit = json_object_get(data, "limit");
	void *ctx = talloc_new(NULL);

	if (json_is_string(limit))
		print_wrapped(p, "!! ", "   ",
		    talloc_asprintf(ctx,
			"A limit was passed. %s What lies behind it is not "
			"shown: --raw has it all.",
			print_value(ctx, limit, HOW_TEXT)));
	if (json_is_true(json_object_get(data, "truncated")))
		print_wrapped(p, "!! ", "   ",
		    "Not all of its text was searched for fields and "
		    "identifiers.");
	talloc_free(ctx);
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
	char title[40];

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
	null_if_false(data, "junk");
	json_object_set_new(data, "answer", answer_line(data));
	view_warnings(p, data);
	print_fields(p, data, letter_fields, N(letter_fields));
	view_clocks(p, data);
	view_headers(p, data);
	view_layers(p, data);
	view_found(
	    p, data, "identifiers", "kind", "Identifiers found in the text");
	view_found(p, data, "fields", "field", "Fields found in the text");
	if (json_is_false(json_object_get(data, "opened")))
		fputs("It was not opened: --raw has its bytes.\n", p->out);
	view_parts(p, data);
	fputc('\n', p->out);
	view_next(p, data);
}
