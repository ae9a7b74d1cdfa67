/*
 * block.h - a file with a public key, for `psirt key stage`, or with a
 * checkpoint, for `psirt log --verify --checkpoint`.
 */
#ifndef PSIRTD_CTL_BLOCK_H
#define PSIRTD_CTL_BLOCK_H

#include "psirtd/error.h"

/* The armored block in a file; NULL with *err. */
char *block_read(const void *ctx, const char *path, struct error *err);
/* The one clearsigned block in a file; NULL with *err. */
char *checkpoint_read(const void *ctx, const char *path, struct error *err);

#endif
