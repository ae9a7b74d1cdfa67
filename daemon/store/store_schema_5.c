/*
 * store_schema_5.c - version 5 of the tables: keys that expire.
 *
 * What store_schema.c says of a migration holds here, too.
 */
#include "store_internal.h"

const char store_version_5[] =
    /* What the desk was told last of a key, by its fingerprint. */
    "CREATE TABLE key_expiry ("
    " lookup BLOB PRIMARY KEY,"
    " expires INTEGER NOT NULL,"
    " told INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "PRAGMA user_version = 5;";
