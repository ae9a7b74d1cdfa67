/*
 * read_leaf.c - one leaf of the tree: text, file, key, sealed block, report.
 *
 * What a leaf is follows from its content more than from its label: armor is
 * looked for in texts and at the start of files.  Text becomes UTF-8 with LF
 * line ends; everything else keeps its bytes.  Runs in the child of the read
 * room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define LABEL_MOST 40

/* ---- what a leaf says of itself ---- */

static bool
is_token(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 100 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+") == n;
}

char *
leaf_type(const void *ctx, GMimeObject *object)
{
	GMimeContentType *ct = g_mime_object_get_content_type(object);
	const char *type =
	    ct != NULL ? g_mime_content_type_get_media_type(ct) : NULL;
	const char *subtype =
	    ct != NULL ? g_mime_content_type_get_media_subtype(ct) : NULL;
	char *text;

	/* A field that is none is as good as no field (RFC 2045, 5.2), and
	 * then GMime makes a text of it. */
	if (type == NULL || subtype == NULL ||
	    (GMIME_IS_TEXT_PART(object) &&
		g_ascii_strcasecmp(type, "text") != 0))
		return talloc_strdup(ctx, "text/plain");
	text = talloc_asprintf(ctx, "%s/%s", type, subtype);
	if (text == NULL)
		return NULL;
	for (char *c = text; *c != '\0'; c++)
		*c = g_ascii_tolower(*c);
	text[strlen(type)] = '\0';
	if (is_token(text) && is_token(text + strlen(type) + 1)) {
		text[strlen(type)] = '/';
		return text;
	}
	talloc_free(text);
	return talloc_strdup(ctx, "application/octet-stream");
}

/* The label of a text; NULL when it cannot be one. */
static const char *
leaf_label(const void *ctx, GMimeObject *object)
{
	GMimeContentType *ct = g_mime_object_get_content_type(object);
	const char *label =
	    ct != NULL ? g_mime_content_type_get_parameter(ct, "charset")
		       : NULL;

	if (label == NULL || label[0] == '\0' || strlen(label) > LABEL_MOST ||
	    !g_str_is_ascii(label))
		return NULL;
	return talloc_strdup(ctx, label);
}

bool
leaf_name_ends(const struct leaf *leaf, const char *end)
{
	size_t len = leaf->name != NULL ? strlen(leaf->name) : 0;
	size_t most = strlen(end);

	return len > most &&
	       g_ascii_strcasecmp(leaf->name + len - most, end) == 0;
}

/* Binary packets look like anything: only where a leaf says it holds some. */
static bool
claims_openpgp(const struct leaf *leaf)
{
	return strncmp(leaf->type, "application/pgp", 15) == 0 ||
	       strncmp(leaf->type, "application/x-pgp", 17) == 0 ||
	       leaf_name_ends(leaf, ".asc") || leaf_name_ends(leaf, ".gpg") ||
	       leaf_name_ends(leaf, ".pgp");
}

/* By the name or by the parameter that S/MIME alone has (RFC 8551, 3.2). */
static bool
is_smime(const struct leaf *leaf)
{
	return strncmp(leaf->type, "text/", 5) != 0 &&
	       (leaf->smime || leaf_name_ends(leaf, ".p7m") ||
		   leaf_name_ends(leaf, ".p7s"));
}

/* UTF-16 says so at its start; in no other text of a mail stands a NUL. */
static bool
is_wide(struct bytes b)
{
	return b.len >= 2 && (memcmp(b.data, "\xff\xfe", 2) == 0 ||
				 memcmp(b.data, "\xfe\xff", 2) == 0);
}

/* Controls that no text has, in bytes that are no UTF-8 either. */
bool
leaf_is_binary(struct bytes content)
{
	bool control = false;

	if (content.len == 0 || is_wide(content))
		return false;
	if (memchr(content.data, '\0', content.len) != NULL)
		return true;
	for (size_t i = 0; i < content.len && !control; i++)
		control = content.data[i] < ' ' && content.data[i] != 0x1b &&
			  (content.data[i] < '\b' || content.data[i] > '\r');
	return control && !text_valid(content);
}

/* ---- parts ---- */

static uint32_t
kind_of_armor(enum armor_kind kind)
{
	switch (kind) {
	case ARMOR_MESSAGE:
		return PART_ENCRYPTED;
	case ARMOR_CLEARSIGNED:
		return PART_CLEARSIGNED;
	case ARMOR_KEY:
		return PART_KEY;
	case ARMOR_NONE:
	case ARMOR_KINDS:
		break;
	}
	return PART_FILE;
}

/* A part of these bytes as they are; what `leaf` points to is copied. */
static int
add_bytes(struct draft *d, uint32_t kind, uint32_t flags,
    const struct leaf *leaf, struct bytes content, const char *charset,
    const struct place *place, struct error *err)
{
	struct part *p = draft_part(d, kind, place);
	bool found;

	if (p == NULL)
		return 0;
	p->flags |= flags;
	p->type = talloc_strdup(d->reading, leaf->type);
	p->content = bytes_copy(d->reading, content);
	if (leaf->name != NULL)
		p->name = talloc_strdup(d->reading, leaf->name);
	if (charset != NULL)
		p->charset = talloc_strdup(d->reading, charset);
	if (p->type == NULL || p->content.data == NULL ||
	    (leaf->name != NULL && p->name == NULL) ||
	    (charset != NULL && p->charset == NULL))
		return error_set(err, FAULT_RETRY, "out of memory");
	if (kind == PART_FILE)
		return json_find(
		    d, p->content, (uint32_t)d->reading->nparts, &found, err);
	return draft_repeated(d, p, err);
}

static int
add_text(struct draft *d, const struct leaf *leaf, const struct converted *text,
    const struct place *place, struct error *err)
{
	struct part *p = draft_part(d, PART_TEXT, place);
	uint32_t index = (uint32_t)d->reading->nparts;
	bool found;
	char *lines;

	if (p == NULL)
		return 0;
	lines = text_to_lf(d->reading, text->text);
	p->flags |= leaf->flags | text->flags;
	p->charset = text->charset;
	p->type = talloc_strdup(d->reading, leaf->type);
	if (leaf->name != NULL)
		p->name = talloc_strdup(d->reading, leaf->name);
	if (lines == NULL || p->type == NULL ||
	    (leaf->name != NULL && p->name == NULL))
		return error_set(err, FAULT_RETRY, "out of memory");
	p->content = bytes_str(lines);
	if (json_find(d, p->content, index, &found, err) != 0)
		return -1;
	/* The keys of JSON would pass for labels. */
	return draft_search(d, lines, p->content.len,
	    found || (leaf->flags & PART_HTML) != 0, index, err);
}

/* ---- text ---- */

/* A piece beside armor, in the charset that the whole was read as. */
static int
add_piece(struct draft *d, const struct leaf *leaf,
    const struct converted *whole, struct bytes piece,
    const struct place *place, struct error *err)
{
	struct converted to;
	void *tmp;
	int rc;

	if (text_is_blank(piece))
		return 0;
	tmp = talloc_new(NULL);
	rc = charset_convert(
	    tmp, d->reader->charsets, piece, whole->charset, &to, err);
	if (rc == 0) {
		to.flags |= whole->flags & PART_GUESSED;
		rc = add_text(d, leaf, &to, place, err);
	}
	talloc_free(tmp);
	return rc;
}

/* The charset of what will come out of a block: its own word for it first. */
static int
add_block(struct draft *d, const struct leaf *leaf,
    const struct converted *whole, const struct armor *block,
    struct bytes content, const struct place *place, struct error *err)
{
	void *tmp = talloc_new(NULL);
	const char *charset = armor_charset(tmp, content);
	int rc;

	if (charset == NULL)
		charset =
		    (whole->flags & PART_GUESSED) != 0 || leaf->label == NULL
			? whole->charset
			: leaf->label;
	rc = add_bytes(d, kind_of_armor(block->kind),
	    PART_IN_TEXT | (leaf->flags & PART_ATTACHED), leaf, content,
	    charset, place, err);
	talloc_free(tmp);
	return rc;
}

static int
add_pieces(struct draft *d, const struct leaf *leaf,
    const struct converted *whole, struct bytes text, const struct place *place,
    struct error *err)
{
	struct armor block = {0};
	size_t at = 0;

	while (!draft_is_over(d) && armor_next(text, at, &block)) {
		if (add_piece(d, leaf, whole,
			bytes_span(text, at, block.off - at), place,
			err) != 0 ||
		    add_block(d, leaf, whole, &block,
			bytes_span(text, block.off, block.len), place,
			err) != 0)
			return -1;
		at = block.off + block.len;
	}
	return add_piece(
	    d, leaf, whole, bytes_span(text, at, text.len - at), place, err);
}

/*
 * The bytes that armor is looked for in, when not those of the leaf: text that
 * was made of HTML, and sets of two bytes a letter, which hide the armor.
 */
static bool
is_remade(void *ctx, const struct leaf *leaf, struct converted *whole)
{
	char *text;

	if ((leaf->flags & PART_HTML) == 0)
		return (whole->flags & PART_LOSSY) == 0 &&
		       leaf->content.len > 0 &&
		       memchr(leaf->content.data, '\0', leaf->content.len) !=
			   NULL;
	/* Without one, the source is better than nothing. */
	text = html_text(ctx, whole->text, whole->len);
	if (text != NULL) {
		whole->text = text;
		whole->len = strlen(text);
	}
	return true;
}

int
leaf_text(struct draft *d, const struct leaf *leaf, const struct place *place,
    struct error *err)
{
	struct bytes text = leaf->content;
	struct converted whole;
	struct armor block = {0};
	void *tmp = talloc_new(NULL);
	const char *charset;
	int rc;

	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		text = bytes_span(text, 3, text.len - 3);
	rc = charset_convert(
	    tmp, d->reader->charsets, leaf->content, leaf->label, &whole, err);
	if (rc != 0)
		goto out;
	charset = whole.charset;
	if (is_remade(tmp, leaf, &whole)) {
		text = bytes_of(whole.text, whole.len);
		charset = "UTF-8";
	}
	if (armor_next(text, 0, &block)) {
		whole.charset = charset;
		rc = add_pieces(d, leaf, &whole, text, place, err);
	} else {
		rc = add_text(d, leaf, &whole, place, err);
	}
out:
	talloc_free(tmp);
	return rc;
}

/* ---- everything else ---- */

int
leaf_file(struct draft *d, const struct leaf *leaf, const struct place *place,
    struct error *err)
{
	enum armor_kind armor =
	    armor_sniff(leaf->content, claims_openpgp(leaf));
	struct armor block = {0};
	uint32_t flags = leaf->flags;

	/* A key often has lines of text above it. */
	if (armor == ARMOR_NONE && claims_openpgp(leaf) &&
	    armor_next(leaf->content, 0, &block))
		armor = block.kind;
	/* Not PGP/MIME: what comes out of it is a file, no entity. */
	if (armor != ARMOR_NONE)
		flags |= PART_ATTACHED;
	return add_bytes(d, kind_of_armor(armor), flags, leaf, leaf->content,
	    NULL, place, err);
}

int
leaf_bare(struct draft *d, struct bytes content, const char *label,
    const struct place *place, struct error *err)
{
	struct leaf leaf = {0};

	leaf.content = content;
	leaf.label = label;
	if (leaf_is_binary(content)) {
		leaf.type = "application/octet-stream";
		return leaf_file(d, &leaf, place, err);
	}
	leaf.type = "text/plain";
	return leaf_text(d, &leaf, place, err);
}

enum treat {
	TREAT_TEXT,
	TREAT_DSN,
	TREAT_SMIME,
	TREAT_MESSAGE,
	TREAT_ARCHIVE,
	TREAT_FILE,
};

static enum treat
treat_of(const struct leaf *leaf)
{
	static const struct {
		const char *type;
		enum treat treat;
	} rows[] = {
	    {"message/delivery-status", TREAT_DSN},
	    {"message/global-delivery-status", TREAT_DSN},
	    {"message/disposition-notification", TREAT_DSN},
	    {"message/feedback-report", TREAT_DSN},
	    {"message/rfc822", TREAT_MESSAGE},
	    {"message/rfc2822", TREAT_MESSAGE},
	    {"message/global", TREAT_MESSAGE},
	    {"message/news", TREAT_MESSAGE},
	    {"application/pkcs7-mime", TREAT_SMIME},
	    {"application/x-pkcs7-mime", TREAT_SMIME},
	    {"application/pkcs7-signature", TREAT_SMIME},
	    {"application/x-pkcs7-signature", TREAT_SMIME},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(leaf->type, rows[i].type) == 0)
			return rows[i].treat;
	if (archive_is(leaf))
		return TREAT_ARCHIVE;
	if (is_smime(leaf))
		return TREAT_SMIME;
	if (strncmp(leaf->type, "text/", 5) != 0)
		return TREAT_FILE;
	/* Packets under the name of text; armor is found in the text itself. */
	if (claims_openpgp(leaf) && leaf_is_binary(leaf->content))
		return TREAT_FILE;
	return TREAT_TEXT;
}

/* A report's text, in UTF-8 as all text is. */
static int
leaf_dsn(struct draft *d, const struct leaf *leaf, const struct place *place,
    struct error *err)
{
	struct converted to;
	void *tmp = talloc_new(NULL);
	int rc = charset_convert(
	    tmp, d->reader->charsets, leaf->content, leaf->label, &to, err);

	if (rc == 0)
		rc = add_bytes(d, PART_DSN, leaf->flags | to.flags, leaf,
		    bytes_str(text_to_lf(tmp, to.text)), to.charset, place,
		    err);
	talloc_free(tmp);
	return rc;
}

static int
fill_leaf(const void *ctx, const struct draft *d, GMimeObject *object,
    struct leaf *leaf, struct error *err)
{
	const char *disposition = header_raw(object, "Content-Disposition");

	leaf->type = leaf_type(ctx, object);
	if (leaf->type == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	leaf->label = leaf_label(ctx, object);
	leaf->smime = mime_param(object, "smime-type") != NULL;
	if (disposition != NULL &&
	    g_ascii_strncasecmp(disposition + strspn(disposition, " \t\r\n"),
		"attachment", 10) == 0)
		leaf->flags |= PART_ATTACHED;
	if (strcmp(leaf->type, "text/html") == 0)
		leaf->flags |= PART_HTML;
	if (param_filename(ctx, d->reader->charsets, disposition,
		header_raw(object, "Content-Type"), &leaf->name, err) != 0)
		return -1;
	return mime_content(ctx, object, &leaf->content, err);
}

int
leaf_read(struct draft *d, GMimeObject *object, const struct place *place,
    struct error *err)
{
	struct leaf leaf = {0};
	void *tmp = talloc_new(d);
	bool all = false;
	int rc = fill_leaf(tmp, d, object, &leaf, err);

	if (rc != 0)
		goto out;
	switch (treat_of(&leaf)) {
	case TREAT_TEXT:
		rc = protected_strip(tmp, d, object, &leaf, &all, err);
		if (rc == 0 && !all)
			rc = leaf_text(d, &leaf, place, err);
		break;
	case TREAT_DSN:
		rc = leaf_dsn(d, &leaf, place, err);
		break;
	case TREAT_SMIME:
		rc = add_bytes(d, PART_SMIME, leaf.flags, &leaf, leaf.content,
		    NULL, place, err);
		break;
	case TREAT_MESSAGE:
		rc = message_read(d, object, &leaf, place, err);
		break;
	case TREAT_ARCHIVE:
		rc = add_bytes(d, PART_FILE, leaf.flags | PART_ARCHIVE, &leaf,
		    leaf.content, NULL, place, err);
		break;
	case TREAT_FILE:
		rc = leaf_file(d, &leaf, place, err);
		break;
	}
out:
	talloc_free(tmp);
	return rc;
}
