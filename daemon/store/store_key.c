/*
 * store_key.c - the data key: its wrapped form in the table, itself in memory.
 *
 * The row holds the OpenPGP message the vault can open, and a proof that
 * tells a right key from a wrong one: a subkey of its own, from which the
 * key cannot be computed.  In memory only subkeys are kept (crypto_kdf), in
 * locked pages that cannot be read but while one of them is in use.  Runs in
 * the engine.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

_Static_assert(STORE_KEY_BYTES == crypto_kdf_KEYBYTES, "data key is a kdf key");
_Static_assert(STORE_DIGEST_BYTES == crypto_hash_sha256_BYTES, "SHA-256");

#define SUBKEY_BYTES 32

enum { KEY_GET, KEY_ADD, KEY_REWRAP, KEY_STMT_COUNT };

static const char *const sql[KEY_STMT_COUNT] = {
    [KEY_GET] = "SELECT id, wrapped, proof FROM data_key"
		" ORDER BY id DESC LIMIT 1",
    [KEY_ADD] = "INSERT INTO data_key (id, wrapped, proof) VALUES (1, ?, ?)",
    [KEY_REWRAP] = "UPDATE data_key SET wrapped = ? WHERE id = ?",
};

const struct store_sql store_key_sql = {sql, KEY_STMT_COUNT};

struct store_keys {
	uint32_t id;
	uint8_t column[SUBKEY_BYTES];
	uint8_t stream[SUBKEY_BYTES];
	uint8_t lookup[LOOKUP_COUNT][SUBKEY_BYTES];
};

/* Contexts of crypto_kdf: eight characters, one a use; never change them. */
static void
subkey(uint8_t out[SUBKEY_BYTES], const char *use, uint64_t number,
    const uint8_t *key)
{
	crypto_kdf_derive_from_key(out, SUBKEY_BYTES, number, use, key);
}

/* 1 there is a key, 0 none, -1.  wrapped may be NULL: not asked for. */
static int
key_row(const void *ctx, struct store *st, uint32_t *id, struct bytes *wrapped,
    uint8_t proof[SUBKEY_BYTES], struct error *err)
{
	struct bytes blob;
	struct query q;
	int found;

	query_start(&q, st, FAMILY_KEY, KEY_GET, err);
	found = query_next(&q);
	if (found == 1) {
		*id = query_get_u32(&q);
		blob = query_get_blob(&q);
		query_get_exact(&q, proof, SUBKEY_BYTES);
		if (wrapped != NULL)
			*wrapped = bytes_copy(ctx, blob);
		if (wrapped != NULL && wrapped->data == NULL)
			query_fail(&q, FAULT_RETRY, "out of memory");
	}
	return query_end_found(&q, found);
}

int
store_wrapped_key(
    const void *ctx, struct store *st, struct bytes *wrapped, struct error *err)
{
	uint8_t proof[SUBKEY_BYTES];
	uint32_t id;

	*wrapped = BYTES_NONE;
	return key_row(ctx, st, &id, wrapped, proof, err) < 0 ? -1 : 0;
}

void
store_new_key(uint8_t key[STORE_KEY_BYTES])
{
	crypto_kdf_keygen(key);
}

int
store_keep_key(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	uint8_t proof[SUBKEY_BYTES];
	struct query q;
	uint32_t id;
	int found;

	if (wrapped.len == 0)
		return error_set(err, FAULT_BUG, "an empty wrapped data key");
	found = key_row(NULL, st, &id, NULL, proof, err);
	if (found != 0)
		return found < 0 ? -1
				 : error_set(err, FAULT_DENIED,
				       "this database has its data key");
	subkey(proof, "psirtchk", 1, key);
	if (store_begin(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KEY, KEY_ADD, err);
	query_blob(&q, wrapped);
	query_blob(&q, bytes_of(proof, sizeof(proof)));
	if (query_run(&q) != 0 || store_commit(st, err) != 0) {
		store_rollback(st);
		return -1;
	}
	return 0;
}

/* *id is the data key of this database; FAULT_SETUP when `key` is not it. */
static int
key_prove(struct store *st, const uint8_t *key, uint32_t *id, struct error *err)
{
	uint8_t want[SUBKEY_BYTES], got[SUBKEY_BYTES];
	int found = key_row(NULL, st, id, NULL, want, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(
		    err, FAULT_SETUP, "this database has no data key yet");
	subkey(got, "psirtchk", 1, key);
	if (sodium_memcmp(want, got, sizeof(want)) != 0)
		return error_set(err, FAULT_SETUP,
		    "the data key is not that of this database");
	return 0;
}

int
store_rewrap_key(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	struct query q;
	uint32_t id = 0;

	if (wrapped.len == 0)
		return error_set(err, FAULT_BUG, "an empty wrapped data key");
	/* What cannot be opened any more must not take the old one's place. */
	if (store_writing(st, err) != 0 || key_prove(st, key, &id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_KEY, KEY_REWRAP, err);
	query_blob(&q, wrapped);
	query_int(&q, id);
	return query_run(&q);
}

static int
keys_take(struct store *st, uint32_t id, const uint8_t *key, struct error *err)
{
	struct store_keys *keys = sodium_malloc(sizeof(*keys));

	if (keys == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	/* sodium_malloc() does not say whether its pages could be locked. */
	if (sodium_mlock(keys, sizeof(*keys)) != 0) {
		error_errno(err, FAULT_SETUP,
		    "the data key cannot be locked in memory (LimitMEMLOCK)");
		sodium_free(keys);
		return -1;
	}
	keys->id = id;
	subkey(keys->column, "psirtcol", 1, key);
	subkey(keys->stream, "psirtstr", 1, key);
	for (uint32_t i = 0; i < LOOKUP_COUNT; i++)
		subkey(keys->lookup[i], "psirtlkp", i, key);
	sodium_mprotect_noaccess(keys);
	st->keys = keys;
	return 0;
}

int
store_unlock(
    struct store *st, const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	uint32_t id = 0;

	if (key_prove(st, key, &id, err) != 0)
		return -1;
	key_forget(st);
	return keys_take(st, id, key, err);
}

const uint8_t *
key_use(struct store *st, enum subkey which, enum lookup kind, uint32_t *key,
    struct error *err)
{
	if (st->keys == NULL) {
		error_set(err, FAULT_SETUP,
		    "the data key has not been handed over yet");
		return NULL;
	}
	sodium_mprotect_readonly(st->keys);
	*key = st->keys->id;
	switch (which) {
	case SUBKEY_COLUMN:
		return st->keys->column;
	case SUBKEY_STREAM:
		return st->keys->stream;
	default:
		return st->keys->lookup[kind];
	}
}

void
key_done(struct store *st)
{
	sodium_mprotect_noaccess(st->keys);
}

void
key_forget(struct store *st)
{
	sodium_free(st->keys); /* wipes; takes NULL */
	st->keys = NULL;
}
