/*
 * read_autocrypt.c - keys in Autocrypt fields (Level 1), of the letter's own
 * header and of the protected fields.
 *
 * A key counts when its addr is the one address in the From beside it, and
 * when it is the only one of which that holds.  It proves nothing; the engine
 * keeps it for the sender of this case.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#define KEY_MOST ((size_t)64 << 10)
/* In base64, folded, and the attributes before it. */
#define FIELD_MOST (KEY_MOST * 2)

static char *
trimmed(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}

/* The attributes of one field; false: one that makes it no valid one. */
static bool
take_attributes(char *text, const char **addr, char **keydata)
{
	while (text != NULL) {
		char *next = strchr(text, ';');
		char *value = strchr(text, '=');
		char *name;

		if (next != NULL)
			*next++ = '\0';
		name = trimmed(text);
		if (value == NULL || (next != NULL && value > next)) {
			if (name[0] != '\0')
				return false;
			text = next;
			continue;
		}
		*value++ = '\0';
		name = trimmed(name);
		if (g_ascii_strcasecmp(name, "addr") == 0)
			*addr = trimmed(value);
		else if (g_ascii_strcasecmp(name, "keydata") == 0)
			*keydata = value;
		else if (g_ascii_strcasecmp(name, "prefer-encrypt") != 0 &&
			 name[0] != '_')
			return false;
		text = next;
	}
	return *addr != NULL && *keydata != NULL;
}

/* The key in this field, when it is of that address. */
static struct bytes
key_of(const void *ctx, const char *raw, const char *from)
{
	const char *addr = NULL;
	char *keydata = NULL;
	gint state = 0;
	guint save = 0;
	uint8_t *key;
	size_t len;

	if (raw == NULL || strlen(raw) > FIELD_MOST)
		return BYTES_NONE;
	if (!take_attributes(talloc_strdup(ctx, raw), &addr, &keydata) ||
	    g_ascii_strcasecmp(addr, from) != 0)
		return BYTES_NONE;
	len = strlen(keydata);
	key = talloc_size(ctx, len / 4 * 3 + 6);
	if (key == NULL)
		return BYTES_NONE;
	len = g_base64_decode_step(keydata, len, key, &state, &save);
	if (len > KEY_MOST ||
	    armor_sniff(bytes_of(key, len), true) != ARMOR_KEY)
		return BYTES_NONE;
	return bytes_of(key, len);
}

static int
add_key(struct draft *d, struct bytes key, uint32_t within, struct error *err)
{
	struct place place = {.within = within};
	struct part *p;

	/* No part that anybody sent: it breaks no limit. */
	if (d->reading->nparts >= d->reader->max_parts)
		return 0;
	p = draft_part(d, PART_KEY, &place);
	if (p == NULL)
		return 0;
	p->flags = PART_HEADER;
	p->type = "application/pgp-keys";
	p->content = bytes_copy(d->reading, key);
	if (p->content.data == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

static int
read_fields(struct draft *d, GMimeObject *entity, const struct headers *h,
    uint32_t within, struct error *err)
{
	GMimeHeaderList *list;
	struct bytes found = BYTES_NONE;
	void *tmp;
	unsigned n = 0;
	int rc = 0;

	if (entity == NULL || h->nfrom != 1)
		return 0;
	tmp = talloc_new(NULL);
	list = g_mime_object_get_header_list(entity);
	for (int i = 0; i < g_mime_header_list_get_count(list) && n < 2; i++) {
		GMimeHeader *field = g_mime_header_list_get_header_at(list, i);
		struct bytes key;

		if (g_ascii_strcasecmp(
			g_mime_header_get_name(field), "Autocrypt") != 0)
			continue;
		key = key_of(tmp, g_mime_header_get_raw_value(field),
		    h->from[0].address);
		if (key.len == 0)
			continue;
		found = key;
		n++;
	}
	if (n == 1)
		rc = add_key(d, found, within, err);
	talloc_free(tmp);
	return rc;
}

int
autocrypt_read(struct draft *d, struct error *err)
{
	const struct reading *r = d->reading;

	if (draft_is_over(d))
		return 0;
	if (read_fields(d, d->outer, &r->headers, 0, err) != 0)
		return -1;
	return read_fields(d, d->protected, &r->inner, r->inner_within, err);
}
