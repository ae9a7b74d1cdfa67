/*
 * read_mime.c - the tree of a letter or of an opened entity.
 *
 * Walks what GMime parsed and finds the layers of OpenPGP in it: RFC 3156
 * encrypted and signed, and encrypted mail that a server re-wrapped as
 * multipart/mixed.  Leaves go to read_leaf.c.  Nothing is opened or verified
 * here.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

/* ---- parsing ---- */

struct parsed {
	GMimeObject *object;
};

static int
parsed_free(struct parsed *p)
{
	g_object_unref(p->object);
	return 0;
}

/*
 * Parsed as an entity, not as a message: then the header stands in one list,
 * and GMime leaves the addresses alone, which it would take apart in a
 * recursion without end.
 */
GMimeObject *
mime_parse(const void *ctx, struct bytes bytes)
{
	struct parsed *p = talloc_zero(ctx, struct parsed);
	GMimeStream *stream;
	GMimeParser *parser;

	if (p == NULL || bytes.len == 0) {
		talloc_free(p);
		return NULL;
	}
	stream = g_mime_stream_mem_new_with_buffer(
	    (const char *)bytes.data, bytes.len);
	parser = g_mime_parser_new_with_stream(stream);
	g_object_unref(stream);
	p->object = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	if (p->object == NULL) {
		talloc_free(p);
		return NULL;
	}
	talloc_set_destructor(p, parsed_free);
	return p->object;
}

static bool
is_type(GMimeObject *object, const char *type, const char *subtype)
{
	GMimeContentType *ct = g_mime_object_get_content_type(object);

	return ct != NULL && g_mime_content_type_is_type(ct, type, subtype);
}

/* ---- RFC 3156, encrypted ---- */

/* Does the content of this child look like an OpenPGP message? */
static bool
holds_message(GMimeObject *child)
{
	struct bytes content = BYTES_NONE;
	void *tmp = talloc_new(NULL);
	bool is;

	is = GMIME_IS_PART(child) &&
	     leaf_content(tmp, child, &content, NULL) == 0 &&
	     armor_sniff(content, true) == ARMOR_MESSAGE;
	talloc_free(tmp);
	return is;
}

/*
 * The control part and the sealed one.  Exchange makes multipart/mixed of
 * multipart/encrypted, with an empty text before the two; there the sealed
 * part must look like what it says.
 */
static bool
encrypted_pair(GMimeMultipart *multipart, int *control, int *sealed)
{
	bool strict =
	    is_type(GMIME_OBJECT(multipart), "multipart", "encrypted");
	int n = g_mime_multipart_get_count(multipart);

	*control = *sealed = -1;
	for (int i = 0; i < n; i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);

		if (*control < 0) {
			if (is_type(child, "application", "pgp-encrypted"))
				*control = i;
			continue;
		}
		if (!GMIME_IS_PART(child))
			continue;
		if (strict || (is_type(child, "application", "octet-stream") &&
				  holds_message(child))) {
			*sealed = i;
			return true;
		}
	}
	return false;
}

static int
add_sealed(
    struct draft *d, GMimeObject *child, struct place place, struct error *err)
{
	struct part *p = draft_part(d, PART_ENCRYPTED, &place);

	if (p == NULL)
		return 0;
	p->type = leaf_type(d->reading, child);
	if (p->type == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (param_filename(d->reading, d->reader->charsets,
		header_raw(child, "Content-Disposition"),
		header_raw(child, "Content-Type"), &p->name, err) != 0)
		return -1;
	return leaf_content(d->reading, child, &p->content, err);
}

/* ---- RFC 3156, signed ---- */

/* S/MIME signs so too: its signature is no business of gpg's. */
static bool
is_pgp_signed(GMimeMultipart *multipart)
{
	GMimeObject *blob;

	if (!is_type(GMIME_OBJECT(multipart), "multipart", "signed") ||
	    g_mime_multipart_get_count(multipart) < 2)
		return false;
	blob = g_mime_multipart_get_part(multipart, 1);
	return GMIME_IS_PART(blob) &&
	       is_type(blob, "application", "pgp-signature");
}

static int
add_signed(struct draft *d, GMimeMultipart *multipart, struct place place,
    uint32_t *index, struct error *err)
{
	struct part *p = draft_part(d, PART_SIGNED, &place);
	size_t off = 0;
	size_t len = 0;

	*index = 0;
	if (p == NULL)
		return 0;
	*index = (uint32_t)d->reading->nparts;
	p->type = "multipart/signed";
	/* A span of length 0 says that the signature cannot be checked. */
	if (place.base >= 0 &&
	    signed_span(multipart, place.bytes, &off, &len)) {
		p->off = place.base + (int64_t)off;
		p->len = (int64_t)len;
	}
	return leaf_content(d->reading, g_mime_multipart_get_part(multipart, 1),
	    &p->signature, err);
}

/* ---- the walk ---- */

/* What stands before a boundary that never came. */
static int
walk_prologue(struct draft *d, GMimeMultipart *multipart,
    const struct place *place, struct error *err)
{
	const char *text = g_mime_multipart_get_prologue(multipart);
	struct leaf leaf = {0};

	if (text == NULL)
		return 0;
	leaf.content = bytes_str(text);
	leaf.type = "text/plain";
	return leaf_text(d, &leaf, place, err);
}

static int
walk_multipart(struct draft *d, GMimeMultipart *multipart, struct place place,
    struct error *err)
{
	int n = g_mime_multipart_get_count(multipart);
	struct place inside = place;
	int control = -1;
	int sealed = -1;
	bool encrypted = false;
	uint32_t index = 0;
	bool is_signed = is_pgp_signed(multipart);

	inside.depth++;
	if (n == 0)
		return walk_prologue(d, multipart, &inside, err);
	if (is_signed && add_signed(d, multipart, place, &index, err) != 0)
		return -1;
	if (!is_signed)
		encrypted = encrypted_pair(multipart, &control, &sealed);
	for (int i = 0; i < n; i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);
		int rc;

		if ((encrypted && i == control) || (is_signed && i == 1))
			continue;
		/* A signature covers the first part, and nothing behind. */
		inside.within =
		    is_signed && i == 0 && index != 0 ? index : place.within;
		if (encrypted && i == sealed)
			rc = add_sealed(d, child, inside, err);
		else
			rc = mime_walk(d, child, inside, err);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
count_fields(GMimeObject *object)
{
	return g_mime_header_list_get_count(
	    g_mime_object_get_header_list(object));
}

int
mime_message(struct draft *d, GMimeObject *message, struct place place,
    struct error *err)
{
	GMimeObject *inner = message;
	struct leaf head = {0};
	char *text = header_text(d->reading, d->reader->charsets, message, err);

	if (text == NULL)
		return -1;
	place.depth++;
	if (GMIME_IS_MESSAGE(message))
		inner = g_mime_message_get_mime_part(GMIME_MESSAGE(message));
	/* Without any field GMime has dropped what stood there. */
	if (inner == NULL ||
	    (count_fields(message) == 0 && count_fields(inner) == 0))
		d->reading->truncated = 1;
	if (text[0] != '\0') {
		head.content = bytes_str(text);
		head.type = "message/rfc822";
		head.label = "UTF-8";
		if (leaf_text(d, &head, &place, err) != 0)
			return -1;
	}
	return inner != NULL ? mime_walk(d, inner, place, err) : 0;
}

int
mime_walk(
    struct draft *d, GMimeObject *entity, struct place place, struct error *err)
{
	GMimeMessage *message;

	if (place.depth > d->reader->max_depth ||
	    d->nodes >= 2 * d->reader->max_parts) {
		d->reading->truncated = 1;
		return 0;
	}
	d->nodes++;
	if (GMIME_IS_MULTIPART(entity))
		return walk_multipart(d, GMIME_MULTIPART(entity), place, err);
	if (!GMIME_IS_MESSAGE_PART(entity))
		return leaf_read(d, entity, &place, err);
	message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(entity));
	if (message == NULL) {
		d->reading->truncated = 1;
		return 0;
	}
	return mime_message(d, GMIME_OBJECT(message), place, err);
}

/* ---- whole jobs ---- */

static int
whole_as_text(struct draft *d, struct place place, struct error *err)
{
	struct leaf leaf = {0};

	leaf.content = place.bytes;
	leaf.type = "text/plain";
	return leaf_text(d, &leaf, &place, err);
}

int
mime_letter(struct draft *d, struct bytes letter, struct error *err)
{
	struct place place = {letter, 0, 0, 0};
	GMimeObject *root;

	/* The line an mbox puts before a message is no field. */
	if (letter.len > 5 && memcmp(letter.data, "From ", 5) == 0) {
		const uint8_t *lf = memchr(letter.data, '\n', letter.len);

		if (lf != NULL) {
			place.base = lf + 1 - letter.data;
			place.bytes = bytes_span(letter, (uint64_t)place.base,
			    letter.len - (uint64_t)place.base);
		}
	}
	root = mime_parse(d, place.bytes);
	if (root == NULL) {
		place = (struct place){letter, 0, 0, 0};
		return whole_as_text(d, place, err);
	}
	if (header_read(d->reading, d->reader->charsets, root,
		&d->reading->headers, err) != 0)
		return -1;
	return mime_walk(d, root, place, err);
}

/* Text that somebody sealed without making an entity of it has none. */
static bool
has_mime_fields(GMimeObject *entity)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(entity);
	int n = g_mime_header_list_get_count(list);

	for (int i = 0; i < n; i++) {
		const char *name = g_mime_header_get_name(
		    g_mime_header_list_get_header_at(list, i));

		if (g_ascii_strncasecmp(name, "Content-", 8) == 0)
			return true;
	}
	return false;
}

/*
 * RFC 9788: where the fields stand that the sender protected, or NULL.  Under
 * a signature that is the signed part.
 */
static GMimeObject *
protected_entity(GMimeObject *entity)
{
	GMimeContentType *ct;

	for (int i = 0; i < 4 && GMIME_IS_MULTIPART(entity) &&
			is_type(entity, "multipart", "signed") &&
			g_mime_multipart_get_count(GMIME_MULTIPART(entity)) > 0;
	     i++)
		entity = g_mime_multipart_get_part(GMIME_MULTIPART(entity), 0);
	ct = g_mime_object_get_content_type(entity);
	if (ct == NULL ||
	    (g_mime_content_type_get_parameter(ct, "protected-headers") ==
		    NULL &&
		g_mime_content_type_get_parameter(ct, "hp") == NULL))
		return NULL;
	return entity;
}

int
mime_entity(struct draft *d, struct bytes entity, struct error *err)
{
	struct place place = {entity, 0, 0, 0};
	GMimeObject *root = mime_parse(d, entity);
	GMimeObject *fields;

	if (root == NULL || !has_mime_fields(root))
		return whole_as_text(d, place, err);
	fields = protected_entity(root);
	if (fields != NULL && header_read(d->reading, d->reader->charsets,
				  fields, &d->reading->inner, err) != 0)
		return -1;
	return mime_walk(d, root, place, err);
}
