/*
 * read_internal.h - what the files of the read room share.
 *
 * One struct reader is made from the setup, before the walls stand; it is
 * never changed afterwards.  Each job makes a struct draft, in a child.
 */
#ifndef PSIRTD_READ_INTERNAL_H
#define PSIRTD_READ_INTERNAL_H

#include <stdbool.h>

#include <gmime/gmime.h>

#include "psirtd/reading.h"

/* GLib's own casts const away. */
#undef g_utf8_next_char
#define g_utf8_next_char(p) ((p) + g_utf8_skip[*(const guchar *)(p)])

/* ---- charsets (read_charset.c, read_japanese.c) ---- */

/* Every converter, opened once: opening one reads files. */
struct charsets;

enum charset_slot {
	SLOT_NONE = -1,
	SLOT_CP932,
	SLOT_EUCJP,
	SLOT_CP1252,
	SLOT_0213,
	SLOT_GB,
	SLOT_KS,
	SLOT_GREEK,
	SLOT_OTHER, /* the first of the plain ones */
};

struct converted {
	const char *text; /* UTF-8, NUL-terminated, no NUL inside */
	size_t len;
	const char *charset; /* what it was read as */
	uint32_t flags;      /* PART_LOSSY, PART_GUESSED */
};

/* UTF-8 on its way out, and whether anything was lost. */
struct sink {
	struct buf *out;
	bool lossy;
};

struct charsets *charsets_new(const void *ctx, struct error *err);
/* label may be NULL, unknown or a lie. */
int charset_convert(const void *ctx, const struct charsets *cs,
    struct bytes from, const char *label, struct converted *to,
    struct error *err);
/* For read_japanese.c. */
int sink_bad(struct sink *sink, struct error *err);
int sink_iconv(const struct charsets *cs, int slot, struct bytes from,
    struct sink *sink, struct error *err);
int japanese_from_jis(const struct charsets *cs, struct bytes from,
    struct sink *sink, struct error *err);
int japanese_from_euc(const struct charsets *cs, struct bytes from,
    struct sink *sink, struct error *err);
/* How Japanese the UTF-8 text looks; 0: not at all. */
size_t japanese_score(const char *text, size_t len);
bool japanese_kana(const char *text, size_t len);

/* ---- header fields (read_word.c, read_param.c, read_header.c) ---- */

/* RFC 2047, unfolded, controls removed, at most max bytes of UTF-8. */
char *word_decode(const void *ctx, const struct charsets *cs, const char *raw,
    size_t max, struct error *err);
/* Takes controls out of UTF-8 text, in place; line ends become spaces. */
void word_clean(char *text);
/* The file name a part gives itself, NULL when none; never a path. */
int param_filename(const void *ctx, const struct charsets *cs,
    const char *disposition, const char *type, const char **name,
    struct error *err);
/* The raw value of the first field of that name, or NULL. */
const char *header_raw(GMimeObject *entity, const char *name);
size_t header_count(GMimeObject *entity);
/* Does the first line look like a field?  GMime takes nothing else. */
bool header_begins(struct bytes entity);
/* What stands before the field behind the first `most`; all, when there are no
 * more of them. */
struct bytes header_cut(struct bytes entity, size_t most);
/* A few fields of a message inside the letter, as text for people. */
char *header_text(const void *ctx, const struct charsets *cs,
    GMimeObject *message, struct error *err);

/* ---- armor (read_armor.c) ---- */

enum armor_kind {
	ARMOR_NONE,
	ARMOR_MESSAGE,
	ARMOR_CLEARSIGNED,
	ARMOR_KEY,
	ARMOR_KINDS,
};

struct armor {
	enum armor_kind kind;
	size_t off;
	size_t len;
	/* Begun, but not ended in all the rest: not searched for again. */
	bool endless[ARMOR_KINDS];
};

/* The first whole block that begins at or behind `from`.  *block is zero
 * before the first block of a text, and kept for the next. */
bool armor_next(struct bytes text, size_t from, struct armor *block);
/* The value of its "Charset:" line, or NULL. */
char *armor_charset(const void *ctx, struct bytes block);
/* What an attachment is: armored at its start, or binary OpenPGP packets. */
enum armor_kind armor_sniff(struct bytes content, bool claims_openpgp);

/* ---- text to search in (read_normal.c) ---- */

/*
 * plain: NFKC, dashes made "-".  folded: the same without case.  squeezed:
 * folded without white space; at[i] is where its byte i stands in folded.
 */
struct normal {
	char *plain;
	size_t plain_len;
	char *folded;
	size_t folded_len;
	char *squeezed;
	size_t squeezed_len;
	uint32_t *at;
};

struct normal *normal_new(
    const void *ctx, const char *text, size_t len, struct error *err);

/* ---- HTML (read_html.c, read_style.c) ---- */

/* Once, before the walls stand. */
void html_start(void);
/* Text for people, LF line ends, of source in UTF-8; NULL: there is none to be
 * had within reason. */
char *html_text(const void *ctx, const char *html, size_t len);
/* Does such a style attribute hide what it is for? */
bool style_hides(const char *style);

/* ---- the tables ---- */

struct idents;
struct products;
struct labels;

struct reader {
	struct charsets *charsets;
	struct idents *idents;
	struct products *products;
	struct labels *labels;
	size_t max_parts;
	size_t max_depth;
	size_t max_fields;
	size_t max_addresses;
};

/* -1 with FAULT_SETUP names the pattern that is no regular expression. */
struct reader *reader_new(
    const void *ctx, const struct read_setup *setup, struct error *err);
struct idents *idents_new(
    const void *ctx, const char *case_prefix, struct error *err);
struct products *products_new(const void *ctx, const struct read_product *list,
    size_t n, struct error *err);
struct labels *labels_new(const void *ctx, struct error *err);

/* ---- one job ---- */

struct draft {
	const struct reader *reader;
	struct reading *reading; /* the talloc parent of what it holds */
	size_t parts_cap;
	size_t nodes;    /* entities visited, whether or not they made a part */
	size_t searched; /* bytes of text looked through */
	bool delivered;  /* the job's data came out of a layer */
	GMimeObject *outer;     /* has the letter's own header, or NULL */
	GMimeObject *protected; /* has the protected fields, or NULL */
	bool has_own;           /* words that its sender wrote themselves */
	bool others_japanese;   /* kana stand in what others wrote */
	struct seen *seen;      /* of each block its digest */
	size_t nseen;
};

/* Where an entity stands while the tree is walked. */
struct place {
	struct bytes bytes; /* what GMime was given */
	int64_t base;       /* its offset in the job's data; -1: not in it */
	uint32_t depth;
	uint32_t within;
	uint32_t flags; /* PART_FORWARDED: of every part made here */
	bool payload;   /* nothing but layers of OpenPGP around it */
};

/* A leaf of the tree, its transfer encoding taken off. */
struct leaf {
	struct bytes content;
	const char *type;  /* "text/plain" */
	const char *label; /* charset as the mail names it, or NULL */
	const char *name;  /* file name, or NULL */
	uint32_t flags;    /* PART_ATTACHED, PART_HTML */
	bool smime;        /* has a parameter that only S/MIME has */
};

/* read_mime.c */
/* Once, before anything of GMime is used. */
void mime_start(void);
int mime_letter(struct draft *d, struct bytes letter, struct error *err);
int mime_entity(struct draft *d, struct place place, struct error *err);
int mime_walk(struct draft *d, GMimeObject *entity, struct place place,
    struct error *err);
bool mime_is_type(GMimeObject *object, const char *type, const char *subtype);
/* A parameter of the Content-Type, or NULL. */
const char *mime_param(GMimeObject *object, const char *name);
/* Freed with ctx; NULL when no header stands at the start. */
GMimeObject *mime_parse(const void *ctx, struct bytes bytes);
/* Transfer encoding taken off; a talloc child of ctx. */
int mime_content(const void *ctx, GMimeObject *object, struct bytes *content,
    struct error *err);
/* How long the line is that an mbox puts before a message; 0: none. */
size_t mime_from_line(struct bytes message);

/* read_sealed.c: which children of a multipart are PGP/MIME, encrypted. */
bool sealed_find(GMimeMultipart *multipart, int *control, int *sealed);
int sealed_add(struct draft *d, GMimeObject *child, const struct place *place,
    struct error *err);

/* read_message.c: a message inside the letter, and what it holds. */
int message_read(struct draft *d, GMimeObject *object, const struct leaf *leaf,
    const struct place *place, struct error *err);

/* read_protected.c */
/* The protected fields of the payload that stands here, if it has some. */
int protected_read(struct draft *d, GMimeObject *payload,
    const struct place *place, struct error *err);
/* Is this message the payload in its older wrapping (forwarded=no)? */
bool protected_wraps(
    const struct draft *d, GMimeObject *object, const struct place *place);
int protected_take(
    struct draft *d, GMimeObject *fields, uint32_t within, struct error *err);
/* Fields said once more for mailers that know no protected ones: taken out of
 * the leaf.  *all: it holds nothing else. */
int protected_strip(const void *ctx, const struct draft *d, GMimeObject *object,
    struct leaf *leaf, bool *all, struct error *err);

/* read_autocrypt.c: the keys in the letter's headers, as its last parts. */
int autocrypt_read(struct draft *d, struct error *err);

/* read_archive.c: a container of files, by its first bytes, type or name. */
bool archive_is(const struct leaf *leaf);

/* read_leaf.c */
int leaf_read(struct draft *d, GMimeObject *object, const struct place *place,
    struct error *err);
int leaf_text(struct draft *d, const struct leaf *leaf,
    const struct place *place, struct error *err);
/* What says nothing of itself: a text, or a file when it cannot be one. */
int leaf_bare(struct draft *d, struct bytes content, const char *label,
    const struct place *place, struct error *err);
int leaf_file(struct draft *d, const struct leaf *leaf,
    const struct place *place, struct error *err);
/* Bytes that cannot be shown as text, whatever their label. */
bool leaf_is_binary(struct bytes content);
bool leaf_name_ends(const struct leaf *leaf, const char *end);
/* "type/subtype" in lower case; NULL when out of memory. */
char *leaf_type(const void *ctx, GMimeObject *object);

/* read_address.c: From, Sender, Reply-To, To and Cc. */
int address_read(
    struct draft *d, GMimeObject *entity, struct headers *h, struct error *err);

/* read_header.c */
int header_read(
    struct draft *d, GMimeObject *entity, struct headers *h, struct error *err);

/* read.c */
/* The whole of a job. */
struct reading *reading_new(const void *ctx, const struct reader *reader,
    const struct read_job *job, struct error *err);
/* A new part of the reading; NULL when a limit was passed. */
struct part *draft_part(
    struct draft *d, uint32_t kind, const struct place *place);
/* The walk ends at the first limit that was passed. */
void draft_limit(struct draft *d, enum read_limit limit);
bool draft_is_over(const struct draft *d);
/* Flags a block that an earlier part holds, too. */
int draft_repeated(struct draft *d, struct part *part, struct error *err);
/* Identifiers, fields and products of a text part, or of the subject (0). */
int draft_search(struct draft *d, const char *text, size_t len, bool html,
    uint32_t part, struct error *err);

/* read_language.c: is it Japanese?  `part` as in struct ident. */
void language_take(
    struct draft *d, const char *text, size_t len, uint32_t part);
void language_finish(struct draft *d);

/* read_signed.c: the span of the signed octets, in place->bytes. */
bool signed_span(
    GMimeMultipart *multipart, struct bytes bytes, size_t *off, size_t *len);

/* read_json.c: fields and identifiers of CSAF and CVE JSON; *found: it was. */
void json_start(void); /* once, before the walls stand */
int json_find(struct draft *d, struct bytes content, uint32_t part, bool *found,
    struct error *err);

/* read_label.c: what is known by that label; 0 when nothing. */
uint32_t label_kind(
    const struct labels *labels, const char *text, size_t len, bool reporter);

/* read_value.c */
#define FIELDS_MOST 4096 /* of a reading */
/* Of the kinds that people describe in several paragraphs? */
bool field_is_long(uint32_t kind);
/* A value in the field's length, once a part; what does not fit is left out. */
int field_add(struct reading *r, uint32_t kind, const char *text, size_t len,
    uint32_t part, struct error *err);

/* read_ident.c, read_field.c, read_product.c: `part` as in struct ident. */
int idents_find(const struct idents *idents, const struct normal *text,
    uint32_t part, struct reading *r, struct error *err);
int labels_find(const struct labels *labels, const char *text, size_t len,
    uint32_t part, struct reading *r, struct error *err);
int products_find(const struct products *products, const struct normal *text,
    uint32_t part, struct reading *r, struct error *err);

#endif
