/*
 * fetch.c - the tables of fetch.h's structs.
 */
#include "psirtd/fetch.h"

static const struct wire_field server_fields[] = {
    WIRE_F(WIRE_STR, server, host),
    WIRE_F(WIRE_STR, server, connect_to),
    WIRE_F(WIRE_U32, server, port),
    WIRE_F(WIRE_U32, server, starttls),
    WIRE_F(WIRE_STR, server, ca),
    WIRE_F(WIRE_STR, server, user),
    WIRE_F(WIRE_BYTES, server, secret),
    WIRE_F(WIRE_U32, server, timeout_s),
};
const struct wire_type server_wire = WIRE_TYPE(server, server_fields);

static const struct wire_field fetch_setup_fields[] = {
    WIRE_F_STRUCT(fetch_setup, server, &server_wire),
    WIRE_F(WIRE_STR, fetch_setup, folder),
    WIRE_F(WIRE_STR, fetch_setup, junk),
    WIRE_F(WIRE_STR, fetch_setup, filed),
    WIRE_F(WIRE_STR, fetch_setup, too_large),
    WIRE_F(WIRE_U32, fetch_setup, poll_s),
    WIRE_F(WIRE_I64, fetch_setup, letter_max),
    WIRE_F(WIRE_U32, fetch_setup, once),
};
const struct wire_type fetch_setup_wire =
    WIRE_TYPE(fetch_setup, fetch_setup_fields);

static const struct wire_field fetch_mailbox_fields[] = {
    WIRE_F(WIRE_U32, fetch_mailbox, uidvalidity),
    WIRE_F(WIRE_U32, fetch_mailbox, uidnext),
    WIRE_F(WIRE_U32, fetch_mailbox, exists),
    WIRE_F(WIRE_U32, fetch_mailbox, can_idle),
    WIRE_F(WIRE_U32, fetch_mailbox, can_move),
    WIRE_F(WIRE_U32, fetch_mailbox, can_uidplus),
    WIRE_F(WIRE_U32, fetch_mailbox, which),
};
const struct wire_type fetch_mailbox_wire =
    WIRE_TYPE(fetch_mailbox, fetch_mailbox_fields);

static const struct wire_field fetch_go_fields[] = {
    WIRE_F(WIRE_U32, fetch_go, after),
};
const struct wire_type fetch_go_wire = WIRE_TYPE(fetch_go, fetch_go_fields);

static const struct wire_field fetch_letter_fields[] = {
    WIRE_F(WIRE_U32, fetch_letter, uidvalidity),
    WIRE_F(WIRE_U32, fetch_letter, uid),
    WIRE_F(WIRE_I64, fetch_letter, internaldate),
    WIRE_F(WIRE_I64, fetch_letter, size),
    WIRE_F(WIRE_U32, fetch_letter, too_large),
    WIRE_F(WIRE_U32, fetch_letter, which),
    WIRE_F(WIRE_U32, fetch_letter, reconcile),
};
const struct wire_type fetch_letter_wire =
    WIRE_TYPE(fetch_letter, fetch_letter_fields);

static const struct wire_field fetch_order_fields[] = {
    WIRE_F(WIRE_U32, fetch_order, uidvalidity),
    WIRE_F(WIRE_U32, fetch_order, uid),
    WIRE_F(WIRE_STR, fetch_order, folder),
    WIRE_F(WIRE_U32, fetch_order, how),
    WIRE_F(WIRE_U32, fetch_order, which),
    WIRE_F(WIRE_U32, fetch_order, to_uidvalidity),
    WIRE_F(WIRE_U32, fetch_order, to_uid),
};
const struct wire_type fetch_order_wire =
    WIRE_TYPE(fetch_order, fetch_order_fields);

static const struct wire_field fetch_trouble_fields[] = {
    WIRE_F(WIRE_U32, fetch_trouble, kind),
    WIRE_F(WIRE_STR, fetch_trouble, text),
};
const struct wire_type fetch_trouble_wire =
    WIRE_TYPE(fetch_trouble, fetch_trouble_fields);

static const struct wire_field fetch_uids_fields[] = {
    WIRE_F(WIRE_U32, fetch_uids, which),
    WIRE_F(WIRE_U32, fetch_uids, uidvalidity),
    WIRE_F(WIRE_BYTES, fetch_uids, uids),
};
const struct wire_type fetch_uids_wire =
    WIRE_TYPE(fetch_uids, fetch_uids_fields);

static const struct wire_field fetch_reconciled_fields[] = {
    WIRE_F(WIRE_U32, fetch_reconciled, left),
};
const struct wire_type fetch_reconciled_wire =
    WIRE_TYPE(fetch_reconciled, fetch_reconciled_fields);
