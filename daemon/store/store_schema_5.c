/*
 * store_schema_5.c - version 5 of the tables: keys that expire,
 * and pins that changed.
 *
 * What store_schema.c says of a migration holds here, too.
 */
#include "store_internal.h"

const char store_version_5[] =
    /* What the desk was told last of a key, by its fingerprint. */
    "CREATE TABLE key_expiry ("
    " id INTEGER PRIMARY KEY,"
    " lookup BLOB NOT NULL UNIQUE,"
    " expires INTEGER NOT NULL,"
    " told INTEGER NOT NULL"
    ") STRICT;"

    /* What the settings pinned at the last start, and who confirmed it. */
    "CREATE TABLE pin ("
    " id INTEGER PRIMARY KEY,"
    " waits INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " owner BLOB NOT NULL,"
    " fingerprint BLOB NOT NULL,"
    " person BLOB"
    ") STRICT;"
    "INSERT INTO sequence (name) VALUES ('pin');"

    "PRAGMA user_version = 5;";
