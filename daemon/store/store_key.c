/*
 * store_key.c - the data key: its wrapped form in the table, itself in memory.
 *
 * While it is renewed there are two (store_renew.c): the present one, of the
 * greater id, and the former one.
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

/* OFFSET of KEY_GET. */
enum { KEY_PRESENT, KEY_FORMER, KEYS_MOST };

enum { KEY_GET, KEY_ADD, KEY_ADD_NEXT, KEY_REWRAP, KEY_STMT_COUNT };

static const char *const sql[KEY_STMT_COUNT] = {
    [KEY_GET] = "SELECT id, wrapped, proof, carried FROM data_key"
		" ORDER BY id DESC LIMIT 1 OFFSET ?",
    [KEY_ADD] = "INSERT INTO data_key (id, wrapped, proof) VALUES (1, ?, ?)",
    [KEY_ADD_NEXT] = "INSERT INTO data_key (id, wrapped, proof, carried)"
		     " VALUES (?, ?, ?, ?)",
    [KEY_REWRAP] = "UPDATE data_key SET wrapped = ? WHERE id = ?",
};

const struct store_sql store_key_sql = {sql, KEY_STMT_COUNT};

/* Contexts of crypto_kdf: eight characters, one a use; never change them. */
static void
subkey(uint8_t out[SUBKEY_BYTES], const char *use, uint64_t number,
    const uint8_t *key)
{
	crypto_kdf_derive_from_key(out, SUBKEY_BYTES, number, use, key);
}

struct key_row {
	uint32_t id;
	struct bytes wrapped;
	uint8_t proof[SUBKEY_BYTES];
	struct bytes carried; /* sealed under itself; {NULL,0}: the first key */
};

/* 1 there is a key, 0 none, -1.  Its bytes are children of ctx. */
static int
key_row(const void *ctx, struct store *st, int which, struct key_row *row,
    struct error *err)
{
	struct bytes blob;
	struct query q;
	int found;

	*row = (struct key_row){0};
	query_start(&q, st, FAMILY_KEY, KEY_GET, err);
	query_int(&q, which);
	found = query_next(&q);
	if (found == 1) {
		row->id = query_get_u32(&q);
		row->wrapped = bytes_copy(ctx, query_get_blob(&q));
		query_get_exact(&q, row->proof, SUBKEY_BYTES);
		blob = query_get_blob(&q);
		if (blob.data != NULL)
			row->carried = bytes_copy(ctx, blob);
		if (row->wrapped.data == NULL ||
		    (blob.data != NULL && row->carried.data == NULL))
			query_fail(&q, FAULT_RETRY, "out of memory");
	}
	return query_end_found(&q, found);
}

static int
wrapped_key(const void *ctx, struct store *st, int which, struct bytes *wrapped,
    struct error *err)
{
	struct key_row row;
	int found = key_row(ctx, st, which, &row, err);

	*wrapped = found == 1 ? row.wrapped : BYTES_NONE;
	if (found == 1)
		talloc_free((void *)(uintptr_t)row.carried.data);
	return found < 0 ? -1 : 0;
}

int
store_wrapped_key(
    const void *ctx, struct store *st, struct bytes *wrapped, struct error *err)
{
	return wrapped_key(ctx, st, KEY_PRESENT, wrapped, err);
}

int
store_former_key(
    const void *ctx, struct store *st, struct bytes *wrapped, struct error *err)
{
	return wrapped_key(ctx, st, KEY_FORMER, wrapped, err);
}

void
store_new_key(uint8_t key[STORE_KEY_BYTES])
{
	crypto_kdf_keygen(key);
}

/* 1 the database has a key, 0 none, -1. */
static int
has_key(struct store *st, struct error *err)
{
	void *ctx = talloc_new(st);
	struct key_row row;
	int found = key_row(ctx, st, KEY_PRESENT, &row, err);

	talloc_free(ctx);
	return found;
}

int
store_keep_key(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	uint8_t proof[SUBKEY_BYTES];
	struct query q;
	int found;

	if (wrapped.len == 0)
		return error_set(err, FAULT_BUG, "an empty wrapped data key");
	found = has_key(st, err);
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

/* Which data key of this database it is; FAULT_SETUP when it is none. */
static int
key_prove(const void *ctx, struct store *st, const uint8_t *key,
    struct key_row *row, int *which, struct error *err)
{
	uint8_t got[SUBKEY_BYTES];
	int found = 0;

	subkey(got, "psirtchk", 1, key);
	for (*which = KEY_PRESENT; *which < KEYS_MOST; ++*which) {
		found = key_row(ctx, st, *which, row, err);
		if (found != 1)
			break;
		if (sodium_memcmp(row->proof, got, sizeof(got)) == 0)
			return 0;
	}
	if (found < 0)
		return -1;
	if (*which == KEY_PRESENT)
		return error_set(
		    err, FAULT_SETUP, "this database has no data key yet");
	return error_set(
	    err, FAULT_SETUP, "the data key is not that of this database");
}

int
store_rewrap_key(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	void *ctx = talloc_new(st);
	struct key_row row;
	struct query q;
	int which;
	int rc;

	/* What cannot be opened any more must not take the old one's place. */
	if (wrapped.len == 0)
		rc = error_set(err, FAULT_BUG, "an empty wrapped data key");
	else
		rc = store_writing(st, err);
	if (rc == 0)
		rc = key_prove(ctx, st, key, &row, &which, err);
	if (rc == 0) {
		query_start(&q, st, FAMILY_KEY, KEY_REWRAP, err);
		query_blob(&q, wrapped);
		query_int(&q, row.id);
		rc = query_run(&q);
	}
	talloc_free(ctx);
	return rc;
}

/* ---- in memory ---- */

static void
readable(struct store_keys *keys)
{
	if (keys != NULL)
		sodium_mprotect_readonly(keys);
}

static struct store_keys *
keys_new(uint32_t id, const uint8_t *key, size_t nagain, struct error *err)
{
	size_t size = sizeof(struct store_keys) + nagain * SUBKEY_BYTES;
	struct store_keys *keys = sodium_malloc(size);

	if (keys == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	/* sodium_malloc() does not say whether its pages could be locked. */
	if (sodium_mlock(keys, size) != 0) {
		error_errno(err, FAULT_SETUP,
		    "the data key cannot be locked in memory (LimitMEMLOCK)");
		sodium_free(keys);
		return NULL;
	}
	keys->id = id;
	subkey(keys->column, "psirtcol", 1, key);
	subkey(keys->stream, "psirtstr", 1, key);
	for (uint32_t i = 0; i < LOOKUP_COUNT; i++)
		subkey(keys->lookup[i], "psirtlkp", i, key);
	keys->nagain = nagain;
	if (nagain > 0)
		subkey(keys->again[nagain - 1], "psirtagn", 1, key);
	return keys;
}

/*
 * What is carried from key to key: the number of kinds of look-ups, their
 * subkeys under the first key, and one for each later key before this one.
 * A kind that came after the last renewal has its first subkey from this key.
 */
static int
keys_carry(struct store_keys *keys, struct bytes carried, struct error *err)
{
	size_t kinds = carried.len > 0 ? carried.data[0] : 0;
	size_t again = (keys->nagain - 1) * SUBKEY_BYTES;

	if (kinds == 0 || kinds > LOOKUP_COUNT ||
	    carried.len != 1 + kinds * SUBKEY_BYTES + again)
		return error_set(err, FAULT_SETUP,
		    "database: what the data key carries is not whole");
	memcpy(keys->lookup, carried.data + 1, kinds * SUBKEY_BYTES);
	memcpy(keys->again, carried.data + 1 + kinds * SUBKEY_BYTES, again);
	return 0;
}

/* The clear form of what `keys` hands on to the key after it. */
static struct bytes
carried_on(const void *ctx, const struct store_keys *keys)
{
	size_t again = keys->nagain * SUBKEY_BYTES;
	size_t len = 1 + sizeof(keys->lookup) + again;
	uint8_t *to = talloc_size(ctx, len);

	if (to == NULL)
		return BYTES_NONE;
	to[0] = LOOKUP_COUNT;
	memcpy(to + 1, keys->lookup, sizeof(keys->lookup));
	memcpy(to + 1 + sizeof(keys->lookup), keys->again, again);
	return bytes_of(to, len);
}

_Static_assert(LOOKUP_COUNT < 256, "a byte says how many kinds there are");

static void
wipe(struct bytes secret)
{
	if (secret.data != NULL)
		sodium_memzero((void *)(uintptr_t)secret.data, secret.len);
}

/*
 * Sealed and opened under the key that is not yet in its place: it takes it
 * for that moment.
 */
static struct bytes
under(const void *ctx, struct store *st, struct store_keys *keys, bool close,
    struct bytes value, struct error *err)
{
	struct place where = place("data_key", "carried", keys->id);
	struct store_keys *was = st->keys;
	struct bytes to;

	st->keys = keys;
	to = close ? seal_close(ctx, st, where, value, err)
		   : seal_open(ctx, st, where, value, err);
	sodium_mprotect_readwrite(keys);
	st->keys = was;
	return to;
}

static struct store_keys *
keys_of(const void *ctx, struct store *st, const struct key_row *row,
    const uint8_t *key, struct error *err)
{
	struct store_keys *keys = keys_new(row->id, key, row->id - 1, err);
	struct bytes clear;
	int rc;

	if (keys == NULL || row->id == 1)
		return keys;
	clear = under(ctx, st, keys, false, row->carried, err);
	rc = clear.data != NULL ? keys_carry(keys, clear, err) : -1;
	wipe(clear);
	if (rc == 0)
		return keys;
	sodium_free(keys);
	return NULL;
}

static void
keys_put(struct store_keys **place, struct store_keys *keys)
{
	sodium_free(*place); /* wipes; takes NULL */
	*place = keys;
	if (keys != NULL)
		sodium_mprotect_noaccess(keys);
}

int
store_unlock(
    struct store *st, const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	void *ctx = talloc_new(st);
	struct store_keys *keys = NULL;
	struct key_row row;
	int which;

	if (key_prove(ctx, st, key, &row, &which, err) == 0)
		keys = keys_of(ctx, st, &row, key, err);
	talloc_free(ctx);
	if (keys == NULL)
		return -1;
	if (which == KEY_FORMER)
		st->former_id = keys->id;
	keys_put(which == KEY_PRESENT ? &st->keys : &st->former, keys);
	return 0;
}

/* ---- a new one ---- */

int
key_add_next(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	const struct store_keys *now = key_use(st, 0, err);
	struct store_keys *next = NULL;
	struct bytes clear = BYTES_NONE;
	struct bytes sealed = BYTES_NONE;
	uint8_t proof[SUBKEY_BYTES];
	void *ctx = talloc_new(st);
	struct query q;
	int rc = -1;

	if (now == NULL)
		goto out;
	next = keys_new(now->id + 1, key, now->nagain + 1, err);
	clear = carried_on(ctx, now);
	key_done(st);
	if (next == NULL)
		goto out;
	if (clear.data == NULL)
		error_set(err, FAULT_RETRY, "out of memory");
	else
		sealed = under(ctx, st, next, true, clear, err);
	if (sealed.data == NULL)
		goto out;
	subkey(proof, "psirtchk", 1, key);
	query_start(&q, st, FAMILY_KEY, KEY_ADD_NEXT, err);
	query_int(&q, next->id);
	query_blob(&q, wrapped);
	query_blob(&q, bytes_of(proof, sizeof(proof)));
	query_blob(&q, sealed);
	rc = query_run(&q);
out:
	wipe(clear);
	sodium_free(next);
	talloc_free(ctx);
	return rc;
}

void
key_next(struct store *st)
{
	readable(st->keys);
	st->former_id = st->keys->id;
	keys_put(&st->former, st->keys);
	st->keys = NULL;
}

/* ---- in use ---- */

const struct store_keys *
key_use(struct store *st, uint32_t id, struct error *err)
{
	if (st->keys == NULL) {
		error_set(err, FAULT_SETUP,
		    "the data key has not been handed over yet");
		return NULL;
	}
	readable(st->keys);
	readable(st->former);
	return st->former != NULL && st->former->id == id ? st->former
							  : st->keys;
}

void
key_done(struct store *st)
{
	sodium_mprotect_noaccess(st->keys);
	if (st->former != NULL)
		sodium_mprotect_noaccess(st->former);
}

void
key_forget_former(struct store *st)
{
	keys_put(&st->former, NULL);
	st->former_id = 0;
}

void
key_forget(struct store *st)
{
	keys_put(&st->keys, NULL);
	key_forget_former(st);
}
