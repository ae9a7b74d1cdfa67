/*
 * read_protected.c - header fields that stand under the sender's layers.
 *
 * RFC 9788 (hp=) and what came before it: protected-headers="v1" in the
 * Content-Type of the payload, a part text/rfc822-headers at its start, and
 * a whole message with forwarded=no.  The payload is what nothing but layers
 * of OpenPGP stands around; a field anywhere deeper protects nothing.  Here,
 * too, what repeats these fields in the text for mailers that know none of
 * it: taken out of the letter's words, but only where it says just what the
 * protected fields say.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#define ADDRESSES_MOST 20 /* of a field, that a person surely sees */
#define ECHO_MOST ((size_t)64 << 10)

/* ---- the fields ---- */

/* The payload of a letter in clear that nobody signed protects nothing. */
static bool
is_payload(const struct draft *d, const struct place *place)
{
	return place->payload && (d->delivered || place->within != 0);
}

int
protected_take(
    struct draft *d, GMimeObject *fields, uint32_t within, struct error *err)
{
	d->protected = fields;
	d->reading->inner_within = within;
	return header_read(d, fields, &d->reading->inner, err);
}

/* The first part of the payload, when it is nothing but header fields. */
static GMimeObject *
fields_part(struct draft *d, GMimeObject *payload, struct error *err)
{
	struct bytes content;
	GMimeObject *first;

	if (!GMIME_IS_MULTIPART(payload) ||
	    g_mime_multipart_get_count(GMIME_MULTIPART(payload)) == 0)
		return NULL;
	first = g_mime_multipart_get_part(GMIME_MULTIPART(payload), 0);
	if (!mime_is_type(first, "text", "rfc822-headers") ||
	    mime_param(first, "protected-headers") == NULL ||
	    mime_content(d, first, &content, err) != 0)
		return NULL;
	content = header_cut(content, d->reader->max_fields);
	return header_begins(content) ? mime_parse(d, content) : NULL;
}

int
protected_read(struct draft *d, GMimeObject *payload, const struct place *place,
    struct error *err)
{
	GMimeObject *part;

	if (!is_payload(d, place))
		return 0;
	if ((mime_param(payload, "hp") != NULL ||
		mime_param(payload, "protected-headers") != NULL) &&
	    (header_raw(payload, "Subject") != NULL ||
		header_raw(payload, "From") != NULL))
		return protected_take(d, payload, place->within, err);
	part = fields_part(d, payload, err);
	if (part != NULL)
		return protected_take(d, part, place->within, err);
	return 0;
}

bool
protected_wraps(
    const struct draft *d, GMimeObject *object, const struct place *place)
{
	const char *forwarded = mime_param(object, "forwarded");

	return is_payload(d, place) && forwarded != NULL &&
	       g_ascii_strcasecmp(forwarded, "no") == 0;
}

/* ---- what repeats them in the text ---- */

/* Without white space, and what addresses and identifiers are written in. */
static char *
bare(const void *ctx, const char *text)
{
	char *all = talloc_strdup(ctx, text);
	char *to = all;

	for (const char *c = text; all != NULL && *c != '\0'; c++)
		if (strchr(" \t\"\\<>,;", *c) == NULL)
			*to++ = *c;
	if (all != NULL)
		*to = '\0';
	return all;
}

/* Is all of this value among the first of these names and addresses? */
static bool
in_list(const void *ctx, const struct mail_address *list, size_t n,
    const char *value)
{
	char *all = talloc_strdup(ctx, "");
	char *some = bare(ctx, value);

	for (size_t i = 0; all != NULL && i < n && i < ADDRESSES_MOST; i++)
		all = talloc_asprintf_append(all, "%s%s",
		    list[i].name != NULL ? list[i].name : "",
		    list[i].address != NULL ? list[i].address : "");
	all = all != NULL ? bare(ctx, all) : NULL;
	return all != NULL && some != NULL && strstr(all, some) != NULL;
}

/* A time of day and nothing beside it: a comment would not be shown. */
static bool
is_date(const char *value)
{
	return g_regex_match_simple(
	    "^([A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} "
	    "[0-9]{2}:[0-9]{2}(:[0-9]{2})? ([+-][0-9]{4}|GMT)( "
	    "\\([A-Z]{3}\\))?$",
	    value, G_REGEX_DOLLAR_ENDONLY, 0);
}

/*
 * Does a person see this value where the protected fields are shown?  A field
 * that is not shown, or one that holds more, is text: taken out, nobody would
 * ever read it.
 */
static bool
is_shown(
    const void *ctx, const struct draft *d, const char *name, const char *value)
{
	const struct headers *h = &d->reading->inner;
	const struct {
		const char *name;
		const struct mail_address *list;
		size_t n;
	} lists[] = {
	    {"From", h->from, h->nfrom},
	    {"Sender", h->sender, h->nsender},
	    {"Reply-To", h->reply_to, h->nreply_to},
	    {"To", h->to, h->nto},
	    {"Cc", h->to, h->nto},
	};
	const char *raw = header_raw(d->protected, name);
	const char *date;

	if (g_ascii_strcasecmp(name, "Subject") == 0)
		return h->subject != NULL && strcmp(value, h->subject) == 0;
	if (g_ascii_strcasecmp(name, "Message-ID") == 0) {
		const char *id = bare(ctx, value);

		return id != NULL && h->message_id != NULL &&
		       strcmp(id, h->message_id) == 0;
	}
	if (g_ascii_strcasecmp(name, "Date") == 0) {
		date = raw != NULL ? word_decode(ctx, d->reader->charsets, raw,
					 ECHO_MOST, NULL)
				   : NULL;
		return date != NULL && h->date != 0 && is_date(value) &&
		       strcmp(date, value) == 0;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (g_ascii_strcasecmp(name, lists[i].name) == 0)
			return in_list(ctx, lists[i].list, lists[i].n, value);
	return false;
}

/* Does this line say what the protected field of its name says? */
static bool
line_repeats(const void *ctx, const struct draft *d, const char *line)
{
	size_t n = strcspn(line, ": \t");
	char *name;

	if (n == 0 || line[n] != ':')
		return false;
	name = talloc_strndup(ctx, line, n);
	line += n + 1;
	line += strspn(line, " \t");
	line = word_decode(ctx, d->reader->charsets, line, ECHO_MOST, NULL);
	return name != NULL && line != NULL && is_shown(ctx, d, name, line);
}

/*
 * How many bytes at the start of a text repeat protected fields, with the
 * empty line that ends them; 0 when anything else stands there.
 */
static size_t
echo_len(const void *ctx, const struct draft *d, struct bytes text)
{
	char *field = NULL;
	size_t at = 0;

	while (at < text.len && at < ECHO_MOST) {
		const uint8_t *lf = memchr(text.data + at, '\n', text.len - at);
		size_t end =
		    lf != NULL ? (size_t)(lf - text.data) + 1 : text.len;
		size_t len = end - at;
		char *line;

		while (len > 0 && text.data[at + len - 1] <= ' ')
			len--;
		line =
		    len > 0 ? bytes_text(ctx, bytes_span(text, at, len)) : NULL;
		if (len > 0 && line == NULL)
			return 0;
		if (line != NULL && field != NULL &&
		    (line[0] == ' ' || line[0] == '\t')) {
			field = talloc_asprintf_append(
			    field, " %s", line + strspn(line, " \t"));
			at = end;
			continue;
		}
		if (field != NULL && !line_repeats(ctx, d, field))
			return 0;
		if (line == NULL)
			return field != NULL ? end : 0;
		field = line;
		at = end;
	}
	return at == text.len && field != NULL && line_repeats(ctx, d, field)
		   ? at
		   : 0;
}

/* Does the first text say such fields, then what the second says, no more? */
static bool
is_echo_before(
    const void *ctx, const struct draft *d, char *all, const char *rest)
{
	size_t len;

	if (all == NULL || rest == NULL)
		return false;
	rest += strspn(rest, " \n");
	if (!g_str_has_suffix(all, rest))
		return false;
	all[strlen(all) - strlen(rest)] = '\0';
	all += strspn(all, " \n");
	for (len = strlen(all); len > 0 && strchr(" \n", all[len - 1]) != NULL;)
		len--;
	return len > 0 && echo_len(ctx, d, bytes_of(all, len)) == len;
}

/* The same in HTML: one element, first in the body, of this class. */
static int
strip_html(const void *ctx, const struct draft *d, struct leaf *leaf,
    struct error *err)
{
	static const char class[] = "header-protection-legacy-display";
	struct bytes html = leaf->content;
	size_t most = html.len < ECHO_MOST ? html.len : ECHO_MOST;
	char *head = talloc_strndup(ctx, (const char *)html.data, most);
	char *div = head != NULL ? strstr(head, class) : NULL;
	char *open = div;
	char *end;
	char *cut;
	size_t off, len;

	while (open != NULL && open > head && *open != '<')
		open--;
	end = div != NULL ? strstr(div, "</div>") : NULL;
	if (end == NULL || g_ascii_strncasecmp(open, "<div", 4) != 0)
		return 0;
	off = (size_t)(open - head);
	len = (size_t)(end - open) + strlen("</div>");
	cut = talloc_size(ctx, html.len - len + 1);
	if (cut == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	memcpy(cut, html.data, off);
	memcpy(cut + off, html.data + off + len, html.len - off - len);
	/* Cut out of its place, it may take the end of another element along,
	 * and what stands behind it. */
	if (is_echo_before(ctx, d,
		html_text(ctx, (const char *)html.data, html.len),
		html_text(ctx, cut, html.len - len)))
		leaf->content = bytes_of(cut, html.len - len);
	return 0;
}

int
protected_strip(const void *ctx, const struct draft *d, GMimeObject *object,
    struct leaf *leaf, bool *all, struct error *err)
{
	const char *display = mime_param(object, "hp-legacy-display");
	size_t len;

	*all = false;
	if (d->protected == NULL)
		return 0;
	/* Forerunners gave it a part of its own. */
	if (object != d->protected &&
	    mime_param(object, "protected-headers") != NULL &&
	    (leaf->flags & PART_HTML) == 0) {
		len = echo_len(ctx, d, leaf->content);
		while (len > 0 && len < leaf->content.len &&
		       leaf->content.data[len] <= ' ')
			len++;
		*all = len > 0 && len == leaf->content.len;
		return 0;
	}
	if (display == NULL || strcmp(display, "1") != 0)
		return 0;
	if ((leaf->flags & PART_HTML) != 0)
		return strip_html(ctx, d, leaf, err);
	len = echo_len(ctx, d, leaf->content);
	leaf->content = bytes_span(leaf->content, len, leaf->content.len - len);
	return 0;
}
