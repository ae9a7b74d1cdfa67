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
	const uint8_t *subkey;
	uint32_t key;

	subkey = key_use(st, SUBKEY_COLUMN, LOOKUP_COUNT, &key, err);
	if (subkey == NULL)
		return BYTES_NONE;
	out = talloc_size(ctx, HEAD + NONCE + room + TAG);
	if (out == NULL) {
		key_done(st);
		error_set(err, FAULT_RETRY, "out of memory");
		return BYTES_NONE;
	}
	out[0] = FORM;
	put_u32(out + 1, key);
	randombytes_buf(out + HEAD, NONCE);
	body = out + HEAD + NONCE;
	if (clear.len > 0)
		memcpy(body, clear.data, clear.len);
	sodium_pad(&padded, body, clear.len, PAD, room);
	aad_len = place_bytes(aad, where, key);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    body, &len, body, padded, aad, aad_len, NULL, out + HEAD, subkey);
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
	const uint8_t *subkey;
	size_t clear_len = 0;
	uint32_t key;
	int rc;

	subkey = key_use(st, SUBKEY_COLUMN, LOOKUP_COUNT, &key, err);
	if (subkey == NULL)
		return BYTES_NONE;
	if (sealed.len < HEAD + NONCE + TAG + PAD || sealed.data[0] != FORM ||
	    get_u32(sealed.data + 1) != key) {
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
	    place_bytes(aad, where, key), sealed.data + HEAD, subkey);
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

int
seal_lookup(struct store *st, enum lookup kind, struct bytes value,
    uint8_t hash[SEAL_LOOKUP_BYTES], struct error *err)
{
	uint32_t key;
	const uint8_t *subkey = key_use(st, SUBKEY_LOOKUP, kind, &key, err);

	if (subkey == NULL)
		return -1;
	crypto_generichash(
	    hash, SEAL_LOOKUP_BYTES, value.data, value.len, subkey, 32);
	key_done(st);
	return 0;
}

/* ---- the bytes of a letter ---- */

int
seal_stream_begin(struct store *st, struct seal_stream *stream, int64_t letter,
    uint8_t header[SEAL_STREAM_HEADER], struct error *err)
{
	const uint8_t *subkey;

	*stream = (struct seal_stream){.letter = letter};
	subkey = key_use(st, SUBKEY_STREAM, LOOKUP_COUNT, &stream->key, err);
	if (subkey == NULL)
		return -1;
	crypto_secretstream_xchacha20poly1305_init_push(
	    &stream->state, put_u32(header, stream->key), subkey);
	key_done(st);
	return 0;
}

int
seal_stream_resume(struct store *st, struct seal_stream *stream, int64_t letter,
    struct bytes header, struct error *err)
{
	const uint8_t *subkey;
	int rc;

	*stream = (struct seal_stream){.letter = letter};
	subkey = key_use(st, SUBKEY_STREAM, LOOKUP_COUNT, &stream->key, err);
	if (subkey == NULL)
		return -1;
	rc = header.len != SEAL_STREAM_HEADER ||
	     get_u32(header.data) != stream->key ||
	     crypto_secretstream_xchacha20poly1305_init_pull(
		 &stream->state, header.data + 4, subkey) != 0;
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
