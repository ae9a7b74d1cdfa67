/*
 * vault.c - the tables of vault.h's structs.
 */
#include "psirtd/vault.h"

static const struct wire_field vault_setup_fields[] = {
    WIRE_F(WIRE_STR, vault_setup, home),
    WIRE_F(WIRE_STR, vault_setup, work_dir),
    WIRE_F(WIRE_STR, vault_setup, poc),
    WIRE_F_STRS(vault_setup, retired, nretired, 64),
    WIRE_F(WIRE_STR, vault_setup, recovery),
    WIRE_F_STRS(vault_setup, pinned, npinned, 8192),
    WIRE_F(WIRE_BYTES, vault_setup, passphrase),
    WIRE_F(WIRE_U32, vault_setup, wall_ms),
    WIRE_F(WIRE_U32, vault_setup, cpu_s),
    WIRE_F(WIRE_U32, vault_setup, memory_mb),
    WIRE_F(WIRE_I64, vault_setup, max_output),
    WIRE_F(WIRE_U32, vault_setup, max_keys),
    WIRE_F(WIRE_U32, vault_setup, max_hidden),
};
const struct wire_type vault_setup_wire =
    WIRE_TYPE(vault_setup, vault_setup_fields);

static const struct wire_field vault_key_fields[] = {
    WIRE_F(WIRE_STR, vault_key, fingerprint),
    WIRE_F_STRS(vault_key, uids, nuids, 256),
    WIRE_F(WIRE_U32, vault_key, can_sign),
    WIRE_F(WIRE_U32, vault_key, can_encrypt),
    WIRE_F(WIRE_I64, vault_key, expires),
    WIRE_F(WIRE_U32, vault_key, problem),
    WIRE_F(WIRE_STR, vault_key, text),
    WIRE_F(WIRE_STR, vault_key, algorithm),
    WIRE_F(WIRE_U32, vault_key, weak),
};
static const struct wire_type vault_key_wire =
    WIRE_TYPE(vault_key, vault_key_fields);

static const struct wire_field vault_ready_fields[] = {
    WIRE_F_LIST(vault_ready, keys, nkeys, &vault_key_wire, 8192),
};
const struct wire_type vault_ready_wire =
    WIRE_TYPE(vault_ready, vault_ready_fields);

static const struct wire_field vault_open_job_fields[] = {
    WIRE_F(WIRE_U32, vault_open_job, kind),
    WIRE_F(WIRE_BYTES, vault_open_job, data),
    WIRE_F(WIRE_BYTES, vault_open_job, signature),
    WIRE_F(WIRE_BYTES, vault_open_job, bound_key),
    WIRE_F(WIRE_U32, vault_open_job, signatures_only),
};
const struct wire_type vault_open_job_wire =
    WIRE_TYPE(vault_open_job, vault_open_job_fields);

static const struct wire_field vault_opened_fields[] = {
    WIRE_F(WIRE_U32, vault_opened, outcome),
    WIRE_F(WIRE_BYTES, vault_opened, plain),
    WIRE_F_LIST(vault_opened, signatures, nsignatures, &signature_wire, 64),
    WIRE_F_STRS(vault_opened, recipients, nrecipients, 1024),
    WIRE_F(WIRE_U32, vault_opened, for_us),
    WIRE_F(WIRE_STR, vault_opened, note),
};
const struct wire_type vault_opened_wire =
    WIRE_TYPE(vault_opened, vault_opened_fields);

static const struct wire_field draft_file_fields[] = {
    WIRE_F(WIRE_STR, draft_file, name),
    WIRE_F(WIRE_STR, draft_file, type),
    WIRE_F(WIRE_BYTES, draft_file, content),
};
static const struct wire_type draft_file_wire =
    WIRE_TYPE(draft_file, draft_file_fields);

static const struct wire_field vault_seal_job_fields[] = {
    WIRE_F(WIRE_STR, vault_seal_job, from_name),
    WIRE_F(WIRE_STR, vault_seal_job, from),
    WIRE_F(WIRE_STR, vault_seal_job, to_name),
    WIRE_F(WIRE_STR, vault_seal_job, to),
    WIRE_F(WIRE_STR, vault_seal_job, subject),
    WIRE_F(WIRE_STR, vault_seal_job, message_id),
    WIRE_F(WIRE_STR, vault_seal_job, in_reply_to),
    WIRE_F_STRS(vault_seal_job, references, nreferences, 256),
    WIRE_F(WIRE_I64, vault_seal_job, date),
    WIRE_F(WIRE_U32, vault_seal_job, automatic),
    WIRE_F(WIRE_STR, vault_seal_job, kind),
    WIRE_F(WIRE_STR, vault_seal_job, body),
    WIRE_F_LIST(vault_seal_job, files, nfiles, &draft_file_wire, 1024),
    WIRE_F(WIRE_U32, vault_seal_job, encrypt),
    WIRE_F(WIRE_STR, vault_seal_job, recipient),
    WIRE_F(WIRE_BYTES, vault_seal_job, recipient_key),
    WIRE_F(WIRE_STR, vault_seal_job, recipient_key_fpr),
    WIRE_F(WIRE_U32, vault_seal_job, attach_own_key),
};
const struct wire_type vault_seal_job_wire =
    WIRE_TYPE(vault_seal_job, vault_seal_job_fields);

static const struct wire_field vault_sealed_fields[] = {
    WIRE_F(WIRE_BYTES, vault_sealed, wire),
    WIRE_F(WIRE_STR, vault_sealed, fingerprint),
};
const struct wire_type vault_sealed_wire =
    WIRE_TYPE(vault_sealed, vault_sealed_fields);

static const struct wire_field vault_blob_fields[] = {
    WIRE_F(WIRE_BYTES, vault_blob, data),
};
const struct wire_type vault_blob_wire =
    WIRE_TYPE(vault_blob, vault_blob_fields);

static const struct wire_field vault_keys_fields[] = {
    WIRE_F_LIST(vault_keys, keys, nkeys, &vault_key_wire, 256),
};
const struct wire_type vault_keys_wire =
    WIRE_TYPE(vault_keys, vault_keys_fields);

static const struct wire_field vault_failed_fields[] = {
    WIRE_F(WIRE_U32, vault_failed, reason),
    WIRE_F(WIRE_STR, vault_failed, text),
    WIRE_F(WIRE_STR, vault_failed, fingerprint),
};
const struct wire_type vault_failed_wire =
    WIRE_TYPE(vault_failed, vault_failed_fields);
