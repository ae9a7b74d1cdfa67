/*
 * reading.h - what the read room says of one letter or one opened entity.
 *
 * Engine and read room share these structs and nothing else.  The engine
 * sends READ_SETUP once, then READ_JOB frames; each is answered by one
 * READ_DONE or READ_FAILED.  Everything in a reading is hostile: the engine
 * checks spans and indexes against what it sent before using them.
 */
#ifndef PSIRTD_READING_H
#define PSIRTD_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "psirtd/bytes.h"
#include "psirtd/channel.h"
#include "psirtd/wire.h"

enum read_frame {
	READ_SETUP = 1, /* engine: struct read_setup */
	READ_READY,     /* room: the setup is good */
	READ_REFUSED, /* room: struct read_failed; a pattern that is no regex */
	READ_JOB,     /* engine: struct read_job */
	READ_DONE,    /* room: struct reading */
	READ_FAILED,  /* room: struct read_failed */
};

enum read_mode {
	READ_LETTER = 1, /* a whole message, canonical CRLF */
	READ_ENTITY,     /* a MIME entity out of PGP/MIME, canonical CRLF */
	READ_TEXT,       /* plain text out of inline PGP; charset is a hint */
};

/* One product of the map: names are matched without regard to case, width
 * and spaces, the longest match wins; pattern is a regular expression. */
struct read_product {
	const char **names;
	size_t nnames;
	const char *pattern; /* or NULL */
};

struct read_setup {
	const char *case_prefix; /* "PSIRT" of PSIRT-2026-0001 */
	struct read_product *products;
	size_t nproducts;
	uint32_t max_parts;
	uint32_t max_depth;
	uint32_t max_fields;    /* header fields of the letter, and of a part */
	uint32_t max_addresses; /* in the address fields of the letter */
	uint32_t wall_ms;
	uint32_t cpu_s;
	uint32_t memory_mb;
};

struct read_job {
	uint32_t mode;       /* enum read_mode */
	const char *charset; /* READ_TEXT: of the part it stood in, or NULL */
	struct bytes data;
};

struct read_failed {
	uint32_t end; /* enum room_end */
	const char *text;
};

struct mail_address {
	const char *name; /* decoded, or NULL */
	const char *address;
};

enum header_flag {
	HEADER_AUTO_SUBMITTED = 1 << 0, /* present and not "no" (RFC 3834) */
	HEADER_LIST = 1 << 1,           /* a List-* field, or Precedence list */
	HEADER_BULK = 1 << 2,           /* Precedence bulk or junk */
	HEADER_NULL_RETURN_PATH = 1 << 3,
	HEADER_REPORT = 1 << 4,        /* multipart/report (RFC 6522) */
	HEADER_AUTO_RESPONSE = 1 << 5, /* X-Autoreply and its kin */
	HEADER_OUT_OF_OFFICE = 1 << 6, /* subject says automatic reply */
	HEADER_PSIRTD = 1 << 7,        /* our own X-PSIRTD-Mail field */
	HEADER_SUPPRESS = 1 << 8,      /* it wants no automatic answer */
};

struct headers {
	struct mail_address *from;
	size_t nfrom;
	struct mail_address *sender;
	size_t nsender;
	struct mail_address *reply_to;
	size_t nreply_to;
	struct mail_address *to; /* To and Cc */
	size_t nto;
	const char *return_path; /* address, or NULL */
	const char *subject;     /* decoded, or NULL */
	const char *message_id;  /* without <>, or NULL */
	const char **references; /* In-Reply-To and References, without <> */
	size_t nreferences;
	const char *auto_submitted; /* as it stands, or NULL */
	uint32_t flags;             /* enum header_flag */
	int64_t date;               /* Date:, 0 none */
	int64_t received;           /* the topmost Received:, 0 none */
};

enum part_kind {
	PART_TEXT = 1,    /* content: UTF-8 */
	PART_FILE,        /* content: decoded bytes of an attachment */
	PART_ENCRYPTED,   /* content: an OpenPGP message, armored or binary */
	PART_SIGNED,      /* off, len: the signed octets; signature: the blob */
	PART_CLEARSIGNED, /* content: the block with its armor, bytes as sent */
	PART_KEY,         /* content: an OpenPGP public key block */
	PART_SMIME,       /* application/pkcs7-mime: recognised, not opened */
	PART_DSN, /* message/delivery-status and kin; content: its text */
};

enum part_flag {
	PART_LOSSY = 1 << 0,     /* some bytes became U+FFFD */
	PART_GUESSED = 1 << 1,   /* the charset label was missing or wrong */
	PART_IN_TEXT = 1 << 2,   /* an armored block found inside text/plain */
	PART_ATTACHED = 1 << 3,  /* Content-Disposition: attachment */
	PART_HTML = 1 << 4,      /* of an HTML part: text made of it, or its
				    source where that was refused */
	PART_REPEATED = 1 << 5,  /* the same block as an earlier part's: not
				    opened again (both halves of an
				    alternative carry it) */
	PART_ARCHIVE = 1 << 6,   /* a container of files (zip, TNEF): listed,
				    never unpacked */
	PART_HEADER = 1 << 7,    /* PART_KEY out of an Autocrypt field whose
				    addr is the From address beside it */
	PART_FORWARDED = 1 << 8, /* stands in a message inside the letter */
};

/* Which limit of the setup a letter passed: it is quarantined whole. */
enum read_limit {
	READ_LIMIT_NONE,
	READ_LIMIT_PARTS,
	READ_LIMIT_DEPTH,
	READ_LIMIT_FIELDS,
	READ_LIMIT_ADDRESSES,
	READ_LIMIT_TIME,   /* of the room's child; so says the engine */
	READ_LIMIT_OUTPUT, /* the same: it answered too much */
	READ_LIMIT_COUNT,
};

struct part {
	uint32_t kind;  /* enum part_kind */
	uint32_t flags; /* enum part_flag */
	uint32_t depth;
	/* Index of the PART_SIGNED this part lies in, + 1; 0 is none. */
	uint32_t within;
	int64_t off; /* PART_SIGNED: the span in the job's data */
	int64_t len;
	const char *type;    /* "text/plain" */
	const char *name;    /* file name, or NULL; never a path */
	const char *charset; /* PART_TEXT, or of the text a block stood in */
	struct bytes content;
	struct bytes signature; /* PART_SIGNED */
	/*
	 * The engine's: index of the layer that delivers or covers this part,
	 * + 1; 0 means it stood in clear, uncovered.  The room leaves it 0.
	 */
	uint32_t layer;
};

/* Identifiers: facts-domain section 1, one row each in read_ident.c. */
enum ident_kind {
	IDENT_CASE = 1, /* our own number, PSIRT-2026-0001 */
	IDENT_JVN,
	IDENT_JVNVU,
	IDENT_JVNTA,
	IDENT_JVNDB,
	IDENT_JPCERT, /* tracking number, JPCERT#91837758 */
	IDENT_VU,
	IDENT_VRF,
	IDENT_ICSVU,
	IDENT_ICSA,
	IDENT_CVE,
	IDENT_CWE,
	IDENT_GHSA,
	IDENT_ZDI,
	IDENT_TALOS,
	IDENT_EUVD,
	IDENT_CNVD,
	IDENT_CNNVD,
	IDENT_KVE,
	IDENT_BDU,
	IDENT_WID,
	IDENT_CBK,
	IDENT_NCSC,
	IDENT_IPA,
	IDENT_VENDOR, /* SSA-, YSAR- */
	IDENT_CVSS,
	IDENT_CPE,
	IDENT_PURL,
	IDENT_TLP,
	IDENT_KIND_COUNT,
};

struct ident {
	uint32_t kind;     /* enum ident_kind */
	const char *value; /* one spelling: "JVN#02030803", "CVE-2026-41928" */
	uint32_t part;     /* index of the part + 1; 0: the subject */
};

/* Report fields: facts-domain section 2.5. */
enum field_kind {
	FIELD_PRODUCT = 1,
	FIELD_VERSION,
	FIELD_VENDOR,
	FIELD_TYPE,
	FIELD_SUMMARY,
	FIELD_STEPS,
	FIELD_POC,
	FIELD_IMPACT,
	FIELD_SCORE,
	FIELD_WORKAROUND,
	FIELD_EXPLOITED,
	FIELD_PUBLIC,
	FIELD_DISCLOSURE,
	FIELD_REPORTER,
	FIELD_CREDIT,
	FIELD_SHARE,
	FIELD_KEY,
	FIELD_OTHERS,
	FIELD_FOUND,
	FIELD_KIND_COUNT,
};

struct field {
	uint32_t kind;     /* enum field_kind */
	const char *value; /* what stood behind the label, whitespace trimmed */
	uint32_t part;     /* index of the part + 1 */
};

/* A product of the map found in the text. */
struct product_hit {
	uint32_t product; /* index in read_setup.products */
	uint32_t length;  /* characters matched: the longest wins */
	uint32_t part;    /* index of the part + 1; 0: the subject */
};

struct reading {
	struct headers headers; /* READ_LETTER: the outer ones; else empty */
	/*
	 * READ_LETTER under a signature, READ_ENTITY: the protected fields
	 * (RFC 9788 and its forerunners); empty: none.  inner_within: index of
	 * the PART_SIGNED that covers them, + 1; 0: the whole of the job's
	 * data is what delivers them.
	 */
	struct headers inner;
	uint32_t inner_within;
	struct part *parts;
	size_t nparts;
	struct ident *idents;
	size_t nidents;
	struct field *fields;
	size_t nfields;
	struct product_hit *hits;
	size_t nhits;
	uint32_t japanese;  /* kana stand in what its sender wrote */
	uint32_t truncated; /* not all of its text was searched, or found */
	uint32_t limit;     /* enum read_limit: parts behind it are missing */
};

extern const struct wire_type read_setup_wire;
extern const struct wire_type read_job_wire;
extern const struct wire_type read_failed_wire;
extern const struct wire_type mail_address_wire;
extern const struct wire_type headers_wire;
extern const struct wire_type part_wire;
extern const struct wire_type ident_wire;
extern const struct wire_type field_wire;
extern const struct wire_type product_hit_wire;
extern const struct wire_type reading_wire;

/* A file that came along, shown as text or not: what --attachments hands on. */
static inline bool
part_is_attachment(const struct part *part)
{
	return part->kind == PART_FILE ||
	       (part->kind == PART_TEXT && (part->flags & PART_ATTACHED) != 0);
}

/* "JVN", "CVE"…; "product", "version"…  "?" for an unknown number. */
const char *ident_kind_name(uint32_t kind);
const char *field_kind_name(uint32_t kind);
const char *part_kind_name(uint32_t kind);
/* A phrase: "more parts than limits { max_parts }". */
const char *read_limit_text(uint32_t limit);

/* The room: `psirtd -x read`. */
int read_room(struct channel *engine);

#endif
