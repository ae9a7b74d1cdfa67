/*
 * read_value.c - what a field of a reading holds.
 *
 * Takes the bytes that stood behind a label (read_field.c), or a string of
 * JSON (read_json.c), and adds them to the reading: cut to the length of the
 * kind, with LF line ends, once a part.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#define SHORT_MOST 1000 /* bytes of a name, a version, a date */
#define LONG_MOST 16384 /* bytes of a description */

bool
field_is_long(uint32_t kind)
{
	switch (kind) {
	case FIELD_SUMMARY:
	case FIELD_STEPS:
	case FIELD_POC:
	case FIELD_IMPACT:
	case FIELD_WORKAROUND:
	case FIELD_DISCLOSURE:
	case FIELD_OTHERS:
		return true;
	default:
		return false;
	}
}

/*
 * How long the link is that stands here, in brackets behind what it is of, as
 * mailers and read_page.c write it; 0: none.
 */
static size_t
link_len(const char *s)
{
	size_t n;

	if (s[0] != ' ' || s[1] != '<')
		return 0;
	n = 2 + strcspn(s + 2, "<> \t\n");
	return s[n] == '>' && memchr(s, ':', n) != NULL ? n + 1 : 0;
}

/* Of a product or a version, where its link went is no part. */
static bool
is_linkless(uint32_t kind)
{
	return kind == FIELD_PRODUCT || kind == FIELD_VERSION ||
	       kind == FIELD_VENDOR || kind == FIELD_TYPE ||
	       kind == FIELD_SCORE;
}

static char *
copy_value(const void *ctx, uint32_t kind, const char *text, size_t len)
{
	size_t most = field_is_long(kind) ? LONG_MOST : SHORT_MOST;
	char *value;
	char *to;

	for (; len > 0 && g_ascii_isspace(*text); len--)
		text++;
	if (len > most)
		for (len = most; ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	while (len > 0 && g_ascii_isspace(text[len - 1]))
		len--;
	value = talloc_strndup(ctx, text, len);
	if (value == NULL)
		return NULL;
	to = value;
	for (const char *s = value; *s != '\0'; s++) {
		size_t n = is_linkless(kind) ? link_len(s) : 0;

		if (n > 0)
			s += n - 1;
		else if (s[0] != '\r' || s[1] != '\n')
			*to++ = *s;
	}
	*to = '\0';
	return value;
}

static bool
is_there(
    const struct reading *r, uint32_t kind, uint32_t part, const char *value)
{
	for (size_t i = 0; r->fields != NULL && i < r->nfields; i++) {
		const struct field *f = &r->fields[i];

		if (f->part == part && f->kind == kind &&
		    strcmp(f->value, value) == 0)
			return true;
	}
	return false;
}

int
field_add(struct reading *r, uint32_t kind, const char *text, size_t len,
    uint32_t part, struct error *err)
{
	size_t cap = r->fields != NULL ? talloc_array_length(r->fields) : 0;
	char *value;

	if (r->nfields >= FIELDS_MOST)
		return 0;
	value = copy_value(r, kind, text, len);
	if (value == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (value[0] == '\0' || is_there(r, kind, part, value)) {
		talloc_free(value);
		return 0;
	}
	if (r->nfields >= cap) {
		struct field *list = talloc_realloc(
		    r, r->fields, struct field, cap > 0 ? cap * 2 : 16);

		if (list == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		r->fields = list;
	}
	r->fields[r->nfields++] = (struct field){kind, value, part};
	return 0;
}
