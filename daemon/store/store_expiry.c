/*
 * store_expiry.c - what the desk was told of keys that expire.
 *
 * A row a key: the date it was told of, and how near that was.  A key that
 * was prolonged has another date, of which nothing was told yet.  Runs in the
 * engine.
 */
#include "store_internal.h"

enum { EXPIRY_GET, EXPIRY_PUT, EXPIRY_STMT_COUNT };

static const char *const sql[EXPIRY_STMT_COUNT] = {
    [EXPIRY_GET] = "SELECT told FROM key_expiry"
		   " WHERE lookup IN (?, ?) AND expires = ?",
    [EXPIRY_PUT] = "INSERT INTO key_expiry (lookup, expires, told)"
		   " VALUES (?, ?, ?)"
		   " ON CONFLICT (lookup) DO UPDATE SET"
		   " expires = excluded.expires, told = excluded.told",
};

const struct store_sql store_expiry_sql = {sql, EXPIRY_STMT_COUNT};

int
store_expiry_get(struct store *st, const char *fingerprint, int64_t expires,
    uint32_t *told, struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	*told = 0;
	if (seal_lookup(st, LOOKUP_KEY, bytes_str(fingerprint), &hash, err) !=
	    0)
		return -1;
	query_start(&q, st, FAMILY_EXPIRY, EXPIRY_GET, err);
	query_lookup(&q, &hash);
	query_int(&q, expires);
	if (query_next(&q) == 1)
		*told = query_get_u32(&q);
	return query_end(&q);
}

int
store_expiry_put(struct store *st, const char *fingerprint, int64_t expires,
    uint32_t told, struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	if (store_writing(st, err) != 0 ||
	    seal_lookup(st, LOOKUP_KEY, bytes_str(fingerprint), &hash, err) !=
		0 ||
	    renew_lookup(st, "key_expiry", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_EXPIRY, EXPIRY_PUT, err);
	query_blob(&q, lookup_present(&hash));
	query_int(&q, expires);
	query_int(&q, told);
	return query_run(&q);
}
