/*
 * wire.h - structs to bytes and back, by a table of their fields.
 *
 * Rooms exchange structs, and the store keeps some of them sealed.  Each such
 * struct has one table (struct wire_type) beside its header; encoding,
 * decoding and every check of a hostile encoding stand here, once:
 * counts and lengths are capped before memory is taken, strings hold no NUL
 * and are valid UTF-8, left-over bytes are refused.
 *
 * Encoding: fields in the order of the table.  U32, I64: big-endian.
 * STR: u32 length + 1 (0 is NULL), bytes.  BYTES: u32 length, bytes.
 * LIST: u32 count, then each element's fields.  STRS: u32 count, each a STR.
 * STRUCT: the fields of the embedded struct.
 */
#ifndef PSIRTD_WIRE_H
#define PSIRTD_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "psirtd/bytes.h"
#include "psirtd/error.h"

enum wire_kind {
	WIRE_U32,    /* uint32_t */
	WIRE_I64,    /* int64_t */
	WIRE_STR,    /* const char *, may be NULL */
	WIRE_BYTES,  /* struct bytes */
	WIRE_STRS,   /* const char **, count in a size_t */
	WIRE_LIST,   /* struct X *, count in a size_t */
	WIRE_STRUCT, /* struct X embedded */
};

struct wire_type;

struct wire_field {
	enum wire_kind kind;
	const char *name;
	size_t offset;
	size_t count_offset;        /* LIST, STRS: where the count stands */
	const struct wire_type *of; /* LIST, STRUCT: the element */
	size_t max;                 /* LIST, STRS: most elements; 0: 65536 */
};

struct wire_type {
	const char *name;
	size_t size;
	const struct wire_field *fields;
	size_t nfields;
};

#define WIRE_F(kind, type, member)                                             \
	{                                                                      \
		kind, #member, offsetof(struct type, member), 0, NULL, 0       \
	}
#define WIRE_F_LIST(type, member, nmember, elem, most)                         \
	{                                                                      \
		WIRE_LIST, #member, offsetof(struct type, member),             \
		    offsetof(struct type, nmember), elem, most                 \
	}
#define WIRE_F_STRS(type, member, nmember, most)                               \
	{                                                                      \
		WIRE_STRS, #member, offsetof(struct type, member),             \
		    offsetof(struct type, nmember), NULL, most                 \
	}
#define WIRE_F_STRUCT(type, member, elem)                                      \
	{                                                                      \
		WIRE_STRUCT, #member, offsetof(struct type, member), 0, elem,  \
		    0                                                          \
	}
#define WIRE_TYPE(type, table)                                                 \
	{                                                                      \
#type, sizeof(struct type), table,                             \
		    sizeof(table) / sizeof((table)[0])                         \
	}

/* Appends obj to out.  -1: out's cap, memory, or a string not UTF-8 (BUG). */
int wire_encode(const struct wire_type *type, const void *obj, struct buf *out,
    struct error *err);
/*
 * Makes a new object (talloc child of ctx, everything it points to below it).
 * -1 with FAULT_INPUT for anything malformed; nothing is left allocated.
 */
void *wire_decode(const void *ctx, const struct wire_type *type,
    struct bytes in, struct error *err);

#endif
