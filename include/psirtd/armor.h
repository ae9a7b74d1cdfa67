/*
 * armor.h - takes the ASCII armor of OpenPGP off (RFC 9580, 6.2).
 *
 * Whoever opens a block, whoever asks whether two are the same, and whoever
 * remembers one reads it here: two readings of one armor would let a letter
 * show one block and hide another.
 */
#ifndef PSIRTD_ARMOR_H
#define PSIRTD_ARMOR_H

#include <stdbool.h>

#include "psirtd/bytes.h"
#include "psirtd/error.h"

/* Does a block labelled "PGP <label>" begin in these bytes? */
bool armor_begins(struct bytes in, const char *label);
/*
 * The packets in the one block labelled "PGP <label>"; -1 with FAULT_INPUT
 * when there is none, when it is damaged, or when there are two.
 */
int armor_block(const void *ctx, struct bytes in, const char *label,
    struct bytes *packets, struct error *err);
/* Cuts the one clearsigned block, and the packets of its signature, out. */
int armor_clearsigned(const void *ctx, struct bytes in, struct bytes *block,
    struct bytes *signature, struct error *err);
/*
 * What tells one message from every other: its packets, which are itself when
 * it begins like one; -1 with FAULT_INPUT when it holds none.
 */
int armor_message(
    const void *ctx, struct bytes in, struct bytes *packets, struct error *err);

#endif
