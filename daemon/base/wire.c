/*
 * wire.c - structs to bytes and back by a table of their fields.
 *
 * Runs in the engine and in every room.  Decoding treats its input as
 * written by an attacker: every count and length is checked against what is
 * left before memory is taken.
 */
#include "psirtd/wire.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define LIST_MAX 65536
#define NESTING_MAX 8

struct reader {
	struct bytes in;
	size_t at;
	struct error *err;
};

static size_t
count_of(const struct wire_field *f, const void *obj)
{
	size_t n;

	memcpy(&n, (const char *)obj + f->count_offset, sizeof(n));
	return n;
}

static int
put_u32(struct buf *out, uint32_t v, struct error *err)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v};

	return buf_add(out, b, sizeof(b), err);
}

static int
put_str(struct buf *out, const char *text, struct error *err)
{
	size_t len;

	if (text == NULL)
		return put_u32(out, 0, err);
	len = strlen(text);
	if (len >= UINT32_MAX || !text_valid(bytes_of(text, len)))
		return error_set(err, FAULT_BUG, "text is not UTF-8");
	if (put_u32(out, (uint32_t)len + 1, err) != 0)
		return -1;
	return buf_add(out, text, len, err);
}

static int
put_bytes(struct buf *out, struct bytes b, struct error *err)
{
	if (b.len > UINT32_MAX || put_u32(out, (uint32_t)b.len, err) != 0)
		return -1;
	return buf_add(out, b.data, b.len, err);
}

static int
put_list(const struct wire_field *f, const void *obj, const char *elements,
    struct buf *out, struct error *err)
{
	size_t n = count_of(f, obj);

	if (n > (f->max > 0 ? f->max : LIST_MAX))
		return error_set(err, FAULT_INPUT, "too many %s", f->name);
	if (put_u32(out, (uint32_t)n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int rc;

		if (f->kind == WIRE_STRS)
			rc = put_str(out,
			    ((const char *const *)(const void *)elements)[i],
			    err);
		else
			rc = wire_encode(
			    f->of, elements + i * f->of->size, out, err);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
put_field(const struct wire_field *f, const void *obj, struct buf *out,
    struct error *err)
{
	const char *at = (const char *)obj + f->offset;
	const char *ptr;
	struct bytes b;
	uint32_t u;
	int64_t i;

	switch (f->kind) {
	case WIRE_U32:
		memcpy(&u, at, sizeof(u));
		return put_u32(out, u, err);
	case WIRE_I64:
		memcpy(&i, at, sizeof(i));
		if (put_u32(out, (uint32_t)((uint64_t)i >> 32), err) != 0)
			return -1;
		return put_u32(out, (uint32_t)(uint64_t)i, err);
	case WIRE_STR:
		memcpy(&ptr, at, sizeof(ptr));
		return put_str(out, ptr, err);
	case WIRE_BYTES:
		memcpy(&b, at, sizeof(b));
		return put_bytes(out, b, err);
	case WIRE_STRS:
	case WIRE_LIST:
		memcpy(&ptr, at, sizeof(ptr));
		return put_list(f, obj, ptr, out, err);
	case WIRE_STRUCT:
		return wire_encode(f->of, at, out, err);
	}
	return error_set(err, FAULT_BUG, "unknown kind of field %s", f->name);
}

int
wire_encode(const struct wire_type *type, const void *obj, struct buf *out,
    struct error *err)
{
	for (size_t i = 0; i < type->nfields; i++)
		if (put_field(&type->fields[i], obj, out, err) != 0)
			return -1;
	return 0;
}

/* ---- and back ---- */

static int
malformed(struct reader *r, const struct wire_field *f)
{
	error_set(r->err, FAULT_INPUT, "malformed frame: %s", f->name);
	return -1;
}

static int
get_u32(struct reader *r, const struct wire_field *f, uint32_t *out)
{
	const uint8_t *b;

	if (r->in.len - r->at < 4)
		return malformed(r, f);
	b = r->in.data + r->at;
	*out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
	r->at += 4;
	return 0;
}

static int
get_bytes(struct reader *r, const struct wire_field *f, uint32_t len,
    const void *ctx, struct bytes *out)
{
	if (len > r->in.len - r->at)
		return malformed(r, f);
	*out = bytes_copy(ctx, bytes_of(r->in.data + r->at, len));
	if (out->data == NULL)
		return error_set(r->err, FAULT_RETRY, "out of memory");
	r->at += len;
	return 0;
}

static int
get_str(struct reader *r, const struct wire_field *f, const void *ctx,
    const char **out)
{
	struct bytes b;
	uint32_t len;

	*out = NULL;
	if (get_u32(r, f, &len) != 0)
		return -1;
	if (len == 0)
		return 0;
	if (get_bytes(r, f, len - 1, ctx, &b) != 0)
		return -1;
	if (!text_valid(b))
		return malformed(r, f);
	*out = (const char *)b.data; /* bytes_copy put a NUL behind it */
	return 0;
}

static int get_struct(struct reader *r, const struct wire_type *type,
    const void *ctx, char *obj, unsigned depth);

/* The fewest bytes one element can take: what caps a count. */
static size_t
least_size(const struct wire_type *type)
{
	size_t least = 0;

	for (size_t i = 0; i < type->nfields; i++) {
		const struct wire_field *f = &type->fields[i];

		if (f->kind == WIRE_STRUCT)
			least += least_size(f->of);
		else
			least += f->kind == WIRE_I64 ? 8 : 4;
	}
	return least;
}

static int
get_list(struct reader *r, const struct wire_field *f, const void *ctx,
    char *obj, unsigned depth)
{
	size_t size = f->kind == WIRE_STRS ? sizeof(char *) : f->of->size;
	size_t least = f->kind == WIRE_STRS ? 4 : least_size(f->of);
	uint32_t n32;
	size_t n;
	char *elements = NULL;

	if (get_u32(r, f, &n32) != 0)
		return -1;
	n = n32;
	if (n > (f->max > 0 ? f->max : LIST_MAX) ||
	    n * least > r->in.len - r->at)
		return malformed(r, f);
	if (n > 0) {
		elements = talloc_zero_size(ctx, n * size);
		if (elements == NULL)
			return error_set(r->err, FAULT_RETRY, "out of memory");
	}
	memcpy(obj + f->offset, &elements, sizeof(elements));
	memcpy(obj + f->count_offset, &n, sizeof(n));
	for (size_t i = 0; i < n; i++) {
		int rc;

		if (f->kind == WIRE_STRS)
			rc = get_str(
			    r, f, ctx, &((const char **)(void *)elements)[i]);
		else
			rc = get_struct(
			    r, f->of, ctx, elements + i * size, depth + 1);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
get_field(struct reader *r, const struct wire_field *f, const void *ctx,
    char *obj, unsigned depth)
{
	char *at = obj + f->offset;
	const char *text;
	struct bytes b;
	uint32_t u;
	uint32_t low;
	int64_t i;

	switch (f->kind) {
	case WIRE_U32:
		if (get_u32(r, f, &u) != 0)
			return -1;
		memcpy(at, &u, sizeof(u));
		return 0;
	case WIRE_I64:
		if (get_u32(r, f, &u) != 0 || get_u32(r, f, &low) != 0)
			return -1;
		i = (int64_t)((uint64_t)u << 32 | low);
		memcpy(at, &i, sizeof(i));
		return 0;
	case WIRE_STR:
		if (get_str(r, f, ctx, &text) != 0)
			return -1;
		memcpy(at, &text, sizeof(text));
		return 0;
	case WIRE_BYTES:
		if (get_u32(r, f, &u) != 0 || get_bytes(r, f, u, ctx, &b) != 0)
			return -1;
		memcpy(at, &b, sizeof(b));
		return 0;
	case WIRE_STRS:
	case WIRE_LIST:
		return get_list(r, f, ctx, obj, depth);
	case WIRE_STRUCT:
		return get_struct(r, f->of, ctx, at, depth + 1);
	}
	return error_set(
	    r->err, FAULT_BUG, "unknown kind of field %s", f->name);
}

static int
get_struct(struct reader *r, const struct wire_type *type, const void *ctx,
    char *obj, unsigned depth)
{
	if (depth > NESTING_MAX)
		return error_set(
		    r->err, FAULT_BUG, "%s nests too deep", type->name);
	for (size_t i = 0; i < type->nfields; i++)
		if (get_field(r, &type->fields[i], ctx, obj, depth) != 0)
			return -1;
	return 0;
}

void *
wire_decode(const void *ctx, const struct wire_type *type, struct bytes in,
    struct error *err)
{
	struct reader r = {in, 0, err};
	char *obj = talloc_zero_size(ctx, type->size);

	if (obj == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	talloc_set_name_const(obj, type->name);
	if (get_struct(&r, type, obj, obj, 0) != 0) {
		talloc_free(obj);
		return NULL;
	}
	if (r.at != in.len) {
		error_set(err, FAULT_INPUT,
		    "malformed frame: %zu bytes behind "
		    "%s",
		    in.len - r.at, type->name);
		talloc_free(obj);
		return NULL;
	}
	return obj;
}
