/*
 * read_param.c - the file name of a part, from its two header fields.
 *
 * GMime reads parameters too, but converts their charsets with the C
 * library's names for them, which loses Windows' Japanese; so RFC 2231
 * pieces and RFC 2047 words are put together here.  Gives a bare name: no
 * path, no controls, no "..".  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#define PIECES_MOST 64
#define NAME_BYTES_MOST 255
#define VALUE_MOST 8192

/* One "name*N*=" of RFC 2231; a plain "name=" is piece 0. */
struct piece {
	char *value;
	bool there;
	bool extended; /* percent-encoded */
};

struct param {
	struct piece pieces[PIECES_MOST];
};

static const char *
skip_blank(const char *s)
{
	while (*s != '\0' && strchr(" \t\r\n", *s) != NULL)
		s++;
	return s;
}

/* A token or quoted string; *s is moved behind it. */
static char *
take_value(const void *ctx, const char **s)
{
	const char *at = skip_blank(*s);
	char *value = talloc_size(ctx, strnlen(at, VALUE_MOST) + 1);
	bool quoted = *at == '"';
	bool wide = false; /* in a set of two bytes, where a quote is none */
	size_t n = 0;

	if (value == NULL)
		return NULL;
	if (quoted)
		at++;
	for (; *at != '\0'; at++) {
		if (*at == 0x1b)
			wide = at[1] == '$';
		if (!wide && (quoted ? *at == '"' : *at == ';'))
			break;
		/* Windows puts bare backslashes of paths into quotes: only
		 * what must be quoted is unquoted. */
		if (quoted && !wide && *at == '\\' &&
		    (at[1] == '"' || at[1] == '\\'))
			at++;
		if (n < VALUE_MOST && *at != '\r' && *at != '\n')
			value[n++] = *at;
	}
	if (quoted && *at == '"')
		at++;
	while (!quoted && n > 0 && strchr(" \t", value[n - 1]) != NULL)
		n--;
	value[n] = '\0';
	*s = at;
	return value;
}

/*
 * Is the parameter at s called `name`, and which piece of it?  *s is moved
 * behind its "=", else to the next ";".
 */
static bool
take_name(const char **s, const char *name, unsigned *number, bool *extended)
{
	const char *at = skip_blank(*s);
	size_t len = strlen(name);
	bool is = g_ascii_strncasecmp(at, name, len) == 0;

	*number = 0;
	*extended = false;
	if (is) {
		at += len;
		if (at[0] == '*' && g_ascii_isdigit(at[1])) {
			for (at++; g_ascii_isdigit(*at); at++)
				if (*number < 100000)
					*number = *number * 10 +
						  (unsigned)(*at - '0');
		}
		if (*at == '*') {
			*extended = true;
			at++;
		}
		at = skip_blank(at);
	}
	if (is && *at == '=') {
		*s = at + 1;
		return true;
	}
	*s = at + strcspn(at, "=;");
	return false;
}

/* Reads every piece of the parameter `name` in a field's value. */
static void
param_read(
    const void *ctx, const char *field, const char *name, struct param *p)
{
	const char *s = field + strcspn(field, ";");
	unsigned steps = 0;

	while (*s == ';' && steps++ < 10000) {
		unsigned number;
		bool extended;
		char *value;

		s++;
		if (take_name(&s, name, &number, &extended)) {
			value = take_value(ctx, &s);
			/* An extended one is meant to replace a plain one
			 * that stands there for old readers. */
			if (number < PIECES_MOST && value != NULL &&
			    (!p->pieces[number].there ||
				(extended && !p->pieces[number].extended))) {
				p->pieces[number].value = value;
				p->pieces[number].extended = extended;
				p->pieces[number].there = true;
			} else {
				talloc_free(value);
			}
		} else if (*s == '=') {
			s++;
			talloc_free(take_value(ctx, &s));
		}
		s += strcspn(s, ";");
	}
}

static void
unpercent(struct buf *out, const char *s, struct error *err)
{
	for (; *s != '\0'; s++) {
		char c = *s;

		if (c == '%' && g_ascii_xdigit_value(s[1]) >= 0 &&
		    g_ascii_xdigit_value(s[2]) >= 0) {
			c = (char)(g_ascii_xdigit_value(s[1]) << 4 |
				   g_ascii_xdigit_value(s[2]));
			s += 2;
		}
		buf_add(out, &c, 1, err);
	}
}

/* charset'language'text at the start of an extended parameter. */
static char *
take_charset(const void *ctx, const char **value)
{
	const char *first = strchr(*value, '\'');
	const char *second = first != NULL ? strchr(first + 1, '\'') : NULL;
	char *charset;

	if (second == NULL)
		return NULL;
	charset = talloc_strndup(ctx, *value, (size_t)(first - *value));
	*value = second + 1;
	return charset;
}

/* Puts the pieces together; NULL when there is no such parameter. */
static char *
param_decode(const void *ctx, const struct charsets *cs, struct param *p,
    struct error *err)
{
	struct buf *raw = buf_new(ctx, (size_t)PIECES_MOST * VALUE_MOST);
	struct converted to;
	char *charset = NULL;

	if (raw == NULL)
		return NULL;
	/* Of those that are lost the others are left. */
	for (size_t i = 0; i < PIECES_MOST; i++) {
		const char *value = p->pieces[i].value;

		if (!p->pieces[i].there)
			continue;
		if (i == 0 && p->pieces[0].extended)
			charset = take_charset(ctx, &value);
		if (p->pieces[i].extended)
			unpercent(raw, value, err);
		else
			buf_add(raw, value, strlen(value), err);
	}
	if (raw->len == 0)
		return NULL;
	/* Not RFC 2231, but what many mailers write. */
	if (charset == NULL && bytes_find(buf_bytes(raw), bytes_str("=?")) >= 0)
		return word_decode(
		    ctx, cs, (const char *)raw->data, VALUE_MOST, err);
	if (charset_convert(ctx, cs, buf_bytes(raw), charset, &to, err) != 0)
		return NULL;
	return talloc_strdup(ctx, to.text);
}

/* Only the last component, nothing that a shell or a screen would mind. */
static const char *
bare_name(const void *ctx, char *name)
{
	char *at;
	size_t len;

	word_clean(name);
	for (at = name; *at != '\0'; at++)
		if (*at == '/' || *at == '\\')
			name = at + 1;
	name += strspn(name, " ");
	if (name[strspn(name, ". ")] == '\0')
		return NULL;
	len = strlen(name);
	if (len > NAME_BYTES_MOST) {
		len = NAME_BYTES_MOST;
		while (((unsigned char)name[len] & 0xc0) == 0x80)
			len--;
	}
	return talloc_strndup(ctx, name, len);
}

int
param_filename(const void *ctx, const struct charsets *cs,
    const char *disposition, const char *type, const char **name,
    struct error *err)
{
	const struct {
		const char *field;
		const char *param;
	} tries[] = {{disposition, "filename"}, {type, "name"}};
	void *tmp = talloc_new(ctx);

	*name = NULL;
	if (tmp == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < 2 && *name == NULL; i++) {
		struct param *p = talloc_zero(tmp, struct param);
		char *text;

		if (p == NULL || tries[i].field == NULL)
			continue;
		param_read(tmp, tries[i].field, tries[i].param, p);
		text = param_decode(tmp, cs, p, err);
		if (text != NULL)
			*name = bare_name(ctx, text);
	}
	talloc_free(tmp);
	return 0;
}
