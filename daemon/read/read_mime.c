/*
 * read_mime.c - the tree of a letter or of an opened entity.
 *
 * Walks what GMime parsed and finds the layers of OpenPGP in it (RFC 3156):
 * what is signed here, what is encrypted by read_sealed.c.  Leaves go to
 * read_leaf.c.  Nothing is opened or verified here.  Runs in the child of the
 * read room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

/* ---- parsing ---- */

#ifdef PSIRTD_SANITIZE
void __lsan_disable(void);
void __lsan_enable(void);
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#endif

/*
 * GMime would parse a message inside the letter at once, and take the
 * addresses in it apart in a recursion without end.  To it they are parts
 * like others; read_message.c looks into them.
 */
void
mime_start(void)
{
	static const char *const subtypes[] = {
	    "rfc822", "rfc2822", "global", "news"};
	static bool started;

	if (started)
		return;
	started = true;
	/* What was registered before is lost to GMime, but never freed. */
	__lsan_disable();
	g_mime_init();
	for (size_t i = 0; i < sizeof(subtypes) / sizeof(subtypes[0]); i++)
		g_mime_object_register_type(
		    "message", subtypes[i], GMIME_TYPE_PART);
	__lsan_enable();
}

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

bool
mime_is_type(GMimeObject *object, const char *type, const char *subtype)
{
	GMimeContentType *ct = g_mime_object_get_content_type(object);

	return ct != NULL && g_mime_content_type_is_type(ct, type, subtype);
}

const char *
mime_param(GMimeObject *object, const char *name)
{
	GMimeContentType *ct = g_mime_object_get_content_type(object);

	return ct != NULL ? g_mime_content_type_get_parameter(ct, name) : NULL;
}

int
mime_content(const void *ctx, GMimeObject *object, struct bytes *content,
    struct error *err)
{
	GMimeDataWrapper *wrapper = NULL;
	GMimeStream *stream;
	GByteArray *array;
	int rc = 0;

	*content = BYTES_NONE;
	if (GMIME_IS_PART(object))
		wrapper = g_mime_part_get_content(GMIME_PART(object));
	if (wrapper == NULL) /* an entity that ends with its header */
		return 0;
	stream = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(wrapper, stream);
	array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	*content = bytes_copy(ctx, bytes_of(array->data, array->len));
	if (content->data == NULL)
		rc = error_set(err, FAULT_RETRY, "out of memory");
	g_object_unref(stream);
	return rc;
}

size_t
mime_from_line(struct bytes message)
{
	const uint8_t *lf;

	if (message.len < 5 || memcmp(message.data, "From ", 5) != 0)
		return 0;
	lf = memchr(message.data, '\n', message.len);
	return lf != NULL ? (size_t)(lf - message.data) + 1 : 0;
}

/* ---- RFC 3156, signed ---- */

/* S/MIME signs so too: its signature is no business of gpg's. */
static bool
is_pgp_signed(GMimeMultipart *multipart)
{
	GMimeObject *blob;

	if (!mime_is_type(GMIME_OBJECT(multipart), "multipart", "signed") ||
	    g_mime_multipart_get_count(multipart) < 2)
		return false;
	blob = g_mime_multipart_get_part(multipart, 1);
	return GMIME_IS_PART(blob) &&
	       mime_is_type(blob, "application", "pgp-signature");
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
	return mime_content(d->reading, g_mime_multipart_get_part(multipart, 1),
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
	inside.payload = false;
	if (n == 0)
		return walk_prologue(d, multipart, &inside, err);
	if (is_signed && add_signed(d, multipart, place, &index, err) != 0)
		return -1;
	if (!is_signed)
		encrypted = sealed_find(multipart, &control, &sealed);
	for (int i = 0; i < n && !draft_is_over(d); i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);
		int rc;

		if ((encrypted && i == control) || (is_signed && i == 1))
			continue;
		/* A signature covers the first part, and nothing behind. */
		inside.within =
		    is_signed && i == 0 && index != 0 ? index : place.within;
		inside.payload = is_signed && i == 0 && place.payload;
		if (encrypted && i == sealed)
			rc = sealed_add(d, child, &inside, err);
		else
			rc = mime_walk(d, child, inside, err);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* Does a limit let the walk go on into this entity? */
static bool
enter(struct draft *d, GMimeObject *entity, const struct place *place)
{
	const struct reader *r = d->reader;

	if (header_count(entity) > r->max_fields)
		draft_limit(d, READ_LIMIT_FIELDS);
	if (place->depth > r->max_depth)
		draft_limit(d, READ_LIMIT_DEPTH);
	if (d->nodes >= 2 * r->max_parts)
		draft_limit(d, READ_LIMIT_PARTS);
	d->nodes++;
	return !draft_is_over(d);
}

int
mime_walk(
    struct draft *d, GMimeObject *entity, struct place place, struct error *err)
{
	if (!enter(d, entity, &place))
		return 0;
	if (!GMIME_IS_MULTIPART(entity) ||
	    !is_pgp_signed(GMIME_MULTIPART(entity))) {
		if (protected_read(d, entity, &place, err) != 0)
			return -1;
	}
	if (GMIME_IS_MULTIPART(entity))
		return walk_multipart(d, GMIME_MULTIPART(entity), place, err);
	return leaf_read(d, entity, &place, err);
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

/* Old Macs ended a line with CR alone, and without lines there is no header. */
static int
with_line_ends(struct draft *d, struct place *place, struct error *err)
{
	uint8_t *text = talloc_memdup(d, place->bytes.data, place->bytes.len);

	if (text == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < place->bytes.len; i++)
		if (text[i] == '\r')
			text[i] = '\n';
	place->bytes = text_to_crlf(d, bytes_of(text, place->bytes.len));
	place->base = -1;
	if (place->bytes.data == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

int
mime_letter(struct draft *d, struct bytes letter, struct error *err)
{
	struct place place = {.bytes = letter, .payload = true};
	size_t line = mime_from_line(letter);
	struct bytes bytes;

	/* The line an mbox puts before a message is no field. */
	place.base = (int64_t)line;
	place.bytes = bytes_span(letter, line, letter.len - line);
	if (letter.len > 0 && memchr(letter.data, '\n', letter.len) == NULL &&
	    with_line_ends(d, &place, err) != 0)
		return -1;
	/* A head of too many fields is not shown to GMime with its body. */
	bytes = header_cut(place.bytes, d->reader->max_fields);
	d->outer = mime_parse(d, bytes);
	if (d->outer == NULL)
		return whole_as_text(d, (struct place){.bytes = letter}, err);
	if (header_read(d, d->outer, &d->reading->headers, err) != 0)
		return -1;
	if (bytes.len < place.bytes.len)
		draft_limit(d, READ_LIMIT_FIELDS);
	return mime_walk(d, d->outer, place, err);
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

int
mime_entity(struct draft *d, struct place place, struct error *err)
{
	struct bytes bytes = header_cut(place.bytes, d->reader->max_fields);
	GMimeObject *root = mime_parse(d, bytes);

	if (root == NULL || !has_mime_fields(root)) {
		place.payload = false;
		return leaf_bare(d, place.bytes, NULL, &place, err);
	}
	if (bytes.len < place.bytes.len)
		draft_limit(d, READ_LIMIT_FIELDS);
	return mime_walk(d, root, place, err);
}
