/*
 * store_seal.c - sealing under the data key (RULES 17).
 *
 * A sealed value is
 *
 *   1 byte    1, the form
 *   4 bytes   id of the data key, big-endian
 *   24 bytes  random nonce
 *   n bytes   XChaCha20-Poly1305 of the padded clear bytes, with its tag
 *
 * with the table, the column, the row id and the data-key id as associated
 * data, so that a value opens in its own place alone.  Clear bytes are padded
 * to a multiple of 32, so that the length of a short text says little.
 *
 * The bytes of a letter are a secretstream of chunks; each carries the
 * letter and its place in the row order as associated data, the last one the
 * tag FINAL: nothing can be cut off, moved or taken from another letter.
 *
 * A looked-up value has a keyed BLAKE2b beside it, under a key of its kind.
 * Under a later data key it is hashed once more, and the id of that key
 * stands before it, 4 bytes big-endian (store_renew.c).
 * Runs in the engine; the subkeys are those of store_key.c.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

#define FORM 1
#define PAD 32
#define HEAD (1 + 4)
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define AAD_MAX 128

static uint8_t *
put_u32(uint8_t *to, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*to++ = (uint8_t)(n >> shift);
	return to;
}

static uint8_t *
put_u64(uint8_t *to, uint64_t n)
{
	return put_u32(put_u32(to, (uint32_t)(n >> 32)), (uint32_t)n);
}

static uint32_t
get_u32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
	       (uint32_t)from[2] << 8 | from[3];
}

uint32_t
sealed_key(struct bytes sealed)
{
	return sealed.len > HEAD && sealed.data[0] == FORM
		   ? get_u32(sealed.data + 1)
		   : 0;
}

uint32_t
header_key(struct bytes header)
{
	return header.len == SEAL_STREAM_HEADER ? get_u32(header.data) : 0;
}

/* Those of the first data key do not say whose they are. */
uint32_t
lookup_key(struct bytes lookup)
{
	if (lookup.len == SEAL_HASH_BYTES)
		return 1;
	return lookup.len == SEAL_LOOKUP_MAX ? get_u32(lookup.data) : 0;
}

/* Table and column with their NULs, row, data key.  Returns the length. */
static size_t
place_bytes(uint8_t aad[AAD_MAX], struct place where, uint32_t key)
{
	size_t table = strlen(where.table) + 1;
	size_t column = strlen(where.column) + 1;

	memcpy(aad, where.table, table);
	memcpy(aad + table, where.column, column);
	put_u32(put_u64(aad + table + column, (uint64_t)where.row), key);
	return table + column + 8 + 4;
}

struct bytes
seal_close(const void *ctx, struct store *st, struct place where,
    struct bytes clear, struct error *err)
{
	size_t room = (clear.len / PAD + 1) * PAD;
	uint8_t aad[AAD_MAX], *out, *body;
	unsigned long long len = 0;
	size_t padded = 0, aad_len;
	const struct store_keys *keys = key_use(st, 0, err);

	if (keys == NULL)
		return BYTES_NONE;
	out = talloc_size(ctx, HEAD + NONCE + room + TAG);
	if (out == NULL) {
		key_done(st);
		error_set(err, FAULT_RETRY, "out of memory");
		return BYTES_NONE;
	}
	out[0] = FORM;
	put_u32(out + 1, keys->id);
	randombytes_buf(out + HEAD, NONCE);
	body = out + HEAD + NONCE;
	if (clear.len > 0)
		memcpy(body, clear.data, clear.len);
	sodium_pad(&padded, body, clear.len, PAD, room);
	aad_len = place_bytes(aad, where, keys->id);
	crypto_aead_xchacha20poly1305_ietf_encrypt(body, &len, body, padded,
	    aad, aad_len, NULL, out + HEAD, keys->column);
	key_done(st);
	return bytes_of(out, HEAD + NONCE + (size_t)len);
}

static int
refused(struct place where, struct error *err)
{
	return error_set(err, FAULT_INPUT,
	    "database: %s.%s of row %lld was changed or moved", where.table,
	    where.column, (long long)where.row);
}

struct bytes
seal_open(const void *ctx, struct store *st, struct place where,
    struct bytes sealed, struct error *err)
{
	uint8_t aad[AAD_MAX], *out = NULL;
	unsigned long long len = 0;
	const struct store_keys *keys;
	size_t clear_len = 0;
	int rc;

	keys = key_use(st, sealed_key(sealed), err);
	if (keys == NULL)
		return BYTES_NONE;
	if (sealed.len < HEAD + NONCE + TAG + PAD || sealed.data[0] != FORM ||
	    get_u32(sealed.data + 1) != keys->id) {
		refused(where, err);
		goto fail;
	}
	/* One byte more: a NUL behind texts, in place of padding. */
	out = talloc_size(ctx, sealed.len - HEAD - NONCE - TAG + 1);
	if (out == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto fail;
	}
	rc = crypto_aead_xchacha20poly1305_ietf_decrypt(out, &len, NULL,
	    sealed.data + HEAD + NONCE, sealed.len - HEAD - NONCE, aad,
	    place_bytes(aad, where, keys->id), sealed.data + HEAD,
	    keys->column);
	if (rc != 0 || sodium_unpad(&clear_len, out, (size_t)len, PAD) != 0) {
		refused(where, err);
		goto fail;
	}
	key_done(st);
	out[clear_len] = '\0';
	return bytes_of(out, clear_len);
fail:
	key_done(st);
	talloc_free(out);
	return BYTES_NONE;
}

static size_t
put_lookup(const struct store_keys *keys, const uint8_t hash[SEAL_HASH_BYTES],
    uint8_t to[SEAL_LOOKUP_MAX])
{
	if (keys->nagain > 0)
		to = put_u32(to, keys->id);
	memcpy(to, hash, SEAL_HASH_BYTES);
	return keys->nagain > 0 ? SEAL_LOOKUP_MAX : SEAL_HASH_BYTES;
}

static void
hash_again(uint8_t hash[SEAL_HASH_BYTES], const uint8_t subkey[SUBKEY_BYTES])
{
	uint8_t was[SEAL_HASH_BYTES];

	memcpy(was, hash, sizeof(was));
	crypto_generichash(
	    hash, SEAL_HASH_BYTES, was, sizeof(was), subkey, SUBKEY_BYTES);
}

int
seal_lookup(struct store *st, enum lookup kind, struct bytes value,
    struct lookup_hash *hash, struct error *err)
{
	const struct store_keys *keys = key_use(st, 0, err);
	uint8_t h[SEAL_HASH_BYTES];

	*hash = (struct lookup_hash){0};
	if (keys == NULL)
		return -1;
	crypto_generichash(h, sizeof(h), value.data, value.len,
	    keys->lookup[kind], SUBKEY_BYTES);
	for (size_t i = 0; i < keys->nagain; i++) {
		/* The former key has all but the last. */
		if (i + 1 == keys->nagain && st->former != NULL)
			hash->former_len =
			    put_lookup(st->former, h, hash->former);
		hash_again(h, keys->again[i]);
	}
	hash->present_len = put_lookup(keys, h, hash->present);
	key_done(st);
	return 0;
}

int
seal_lookup_again(struct store *st, struct bytes was, struct lookup_hash *hash,
    struct error *err)
{
	const struct store_keys *keys = key_use(st, 0, err);
	uint8_t h[SEAL_HASH_BYTES];

	*hash = (struct lookup_hash){0};
	if (keys == NULL)
		return -1;
	if (st->former == NULL || lookup_key(was) != st->former->id) {
		key_done(st);
		return error_set(err, FAULT_INPUT,
		    "database: a look-up under no key that is known");
	}
	memcpy(hash->former, was.data, was.len);
	hash->former_len = was.len;
	memcpy(h, was.data + was.len - sizeof(h), sizeof(h));
	hash_again(h, keys->again[keys->nagain - 1]);
	hash->present_len = put_lookup(keys, h, hash->present);
	key_done(st);
	return 0;
}

/* ---- the bytes of a letter ---- */

int
seal_stream_begin(struct store *st, struct seal_stream *stream, int64_t letter,
    uint8_t header[SEAL_STREAM_HEADER], struct error *err)
{
	const struct store_keys *keys = key_use(st, 0, err);

	*stream = (struct seal_stream){.letter = letter};
	if (keys == NULL)
		return -1;
	stream->key = keys->id;
	crypto_secretstream_xchacha20poly1305_init_push(
	    &stream->state, put_u32(header, keys->id), keys->stream);
	key_done(st);
	return 0;
}

int
seal_stream_resume(struct store *st, struct seal_stream *stream, int64_t letter,
    struct bytes header, struct error *err)
{
	const struct store_keys *keys = key_use(st, header_key(header), err);
	int rc;

	*stream = (struct seal_stream){.letter = letter};
	if (keys == NULL)
		return -1;
	stream->key = keys->id;
	rc = header.len != SEAL_STREAM_HEADER ||
	     get_u32(header.data) != keys->id ||
	     crypto_secretstream_xchacha20poly1305_init_pull(
		 &stream->state, header.data + 4, keys->stream) != 0;
	key_done(st);
	if (rc != 0)
		return refused(place("letter", "stream", letter), err);
	return 0;
}

static size_t
chunk_aad(const struct seal_stream *stream, uint8_t aad[AAD_MAX])
{
	size_t len = place_bytes(
	    aad, place("letter_chunk", "data", stream->letter), stream->key);

	put_u32(aad + len, stream->seq);
	return len + 4;
}

int
seal_stream_push(struct seal_stream *stream, struct bytes clear, bool final,
    uint8_t *out, size_t *out_len, struct error *err)
{
	uint8_t aad[AAD_MAX];
	unsigned long long len = 0;
	size_t aad_len = chunk_aad(stream, aad);

	if (stream->final || clear.len > SEAL_CHUNK)
		return error_set(err, FAULT_BUG, "a chunk past the end");
	crypto_secretstream_xchacha20poly1305_push(&stream->state, out, &len,
	    clear.data, clear.len, aad, aad_len,
	    final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
		  : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
	stream->seq++;
	stream->final = final;
	*out_len = (size_t)len;
	return 0;
}

int
seal_stream_pull(struct seal_stream *stream, struct bytes sealed, uint8_t *out,
    size_t *out_len, struct error *err)
{
	struct place where = place("letter_chunk", "data", stream->letter);
	uint8_t aad[AAD_MAX];
	unsigned long long len = 0;
	size_t aad_len = chunk_aad(stream, aad);
	uint8_t tag = 0;

	if (stream->final || sealed.len > SEAL_CHUNK_SEALED ||
	    crypto_secretstream_xchacha20poly1305_pull(&stream->state, out,
		&len, &tag, sealed.data, sealed.len, aad, aad_len) != 0)
		return refused(where, err);
	stream->seq++;
	stream->final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	*out_len = (size_t)len;
	return 0;
}
