/*
 * vault.h - the room that holds the keys: opens layers, builds and seals
 * drafts, looks into key blocks, wraps the data key.
 *
 * VAULT_SETUP comes first and once.  Each job is answered by one frame of
 * the matching answer type, or by VAULT_FAILED.
 */
#ifndef PSIRTD_VAULT_H
#define PSIRTD_VAULT_H

#include "psirtd/opening.h"

enum vault_frame {
	VAULT_SETUP = 1, /* struct vault_setup */
	VAULT_READY,     /* struct vault_ready */
	VAULT_OPEN,      /* struct vault_open_job */
	VAULT_OPENED,    /* struct vault_opened */
	VAULT_SEAL,      /* struct vault_seal_job */
	VAULT_SEALED,    /* struct vault_sealed */
	VAULT_KEYS,      /* struct vault_blob: a key block from a letter */
	VAULT_KEYS_SEEN, /* struct vault_keys */
	VAULT_WRAP,      /* struct vault_blob: secret in ... */
	VAULT_WRAPPED,   /* ... OpenPGP message to POC and recovery key out */
	VAULT_UNWRAP,    /* struct vault_blob: that message in, secret out */
	VAULT_UNWRAPPED,
	VAULT_FAILED, /* struct vault_failed */
	VAULT_SIGN,   /* struct vault_blob: lines of plain ASCII in ... */
	VAULT_SIGNED, /* ... the same clearsigned by the POC key out */
};

struct vault_setup {
	const char *home;     /* GNUPGHOME of the settings: only read from */
	const char *work_dir; /* short, 0700: the fresh home is made below it */
	const char *poc;      /* fingerprint of the POC key: signs and opens */
	const char **retired; /* older POC keys: open only */
	size_t nretired;
	const char *recovery; /* fingerprint, or NULL */
	const char **pinned; /* fingerprints of departments, correspondents… */
	size_t npinned;
	struct bytes passphrase; /* of the POC key; empty: none */
	uint32_t wall_ms;
	uint32_t cpu_s;
	uint32_t memory_mb;
	int64_t max_output;  /* bytes one layer may open to */
	uint32_t max_keys;   /* PKESK packets in one message (default 100) */
	uint32_t max_hidden; /* of them for key id 0 or one id of ours (4) */
};

/* One key as the vault sees it now. */
struct vault_key {
	const char *fingerprint; /* primary, upper-case */
	const char **uids;
	size_t nuids;
	uint32_t can_sign;    /* a valid signing (sub)key; secret for our own */
	uint32_t can_encrypt; /* a valid encryption subkey */
	int64_t expires;      /* the earliest of what is in use; 0 never */
	uint32_t problem;     /* 0, or: */
	const char *text; /* "expired on …", "revoked", "not in GNUPGHOME" */
	const char *algorithm; /* "ed25519, cv25519": primary, encryption */
	uint32_t weak;         /* fewer bits than are good for years */
};

enum vault_key_problem {
	VAULT_KEY_FINE,
	VAULT_KEY_MISSING,
	VAULT_KEY_EXPIRED,
	VAULT_KEY_REVOKED,
	VAULT_KEY_NO_SECRET,
	VAULT_KEY_NO_ENCRYPT,
	VAULT_KEY_NO_SIGN
};

struct vault_ready {
	struct vault_key
	    *keys; /* poc, retired, recovery, pinned, in that order */
	size_t nkeys;
};

enum vault_open_kind {
	VAULT_DECRYPT = 1,
	VAULT_VERIFY_DETACHED,
	VAULT_VERIFY_CLEAR
};

struct vault_open_job {
	uint32_t kind; /* enum vault_open_kind */
	struct bytes data;
	struct bytes signature; /* VAULT_VERIFY_DETACHED */
	/*
	 * The key block bound to the case's finder, or empty; tried in a
	 * throw-away home after the ring said NO_KEY (RULES 10).
	 */
	struct bytes bound_key;
	uint32_t signatures_only; /* it was opened before: leave out `plain` */
};

struct vault_opened {
	uint32_t outcome;   /* enum layer_outcome */
	struct bytes plain; /* empty unless LAYER_OPEN */
	struct signature *signatures;
	size_t nsignatures;
	const char **recipients;
	size_t nrecipients;
	uint32_t for_us;
	const char *note;
};

/* An attachment of a draft. */
struct draft_file {
	const char *name;
	const char *type;
	struct bytes content;
};

/* Everything of a mail that is to leave; the vault makes the MIME of it. */
struct vault_seal_job {
	const char *from_name; /* may be NULL */
	const char *from;
	const char *to_name; /* may be NULL */
	const char *to;
	const char *subject;     /* UTF-8 */
	const char *message_id;  /* without <> */
	const char *in_reply_to; /* without <>, or NULL */
	const char **references;
	size_t nreferences;
	int64_t date;
	uint32_t automatic; /* Auto-Submitted: auto-replied and friends */
	const char *kind;   /* X-PSIRTD-Mail: */
	const char *body;   /* UTF-8, LF */
	struct draft_file *files;
	size_t nfiles;
	uint32_t encrypt;           /* 1: encrypt or fail; 0: signed in clear */
	const char *recipient;      /* pinned fingerprint, or NULL with: */
	struct bytes recipient_key; /* a key block, used from file */
	const char *recipient_key_fpr; /* the primary it must hold, alone */
	uint32_t attach_own_key;       /* application/pgp-keys of the POC */
};

struct vault_sealed {
	struct bytes wire;       /* the whole message, CRLF, 7-bit */
	const char *fingerprint; /* encrypted to, or NULL */
};

struct vault_blob {
	struct bytes data;
};

struct vault_keys {
	struct vault_key *keys;
	size_t nkeys;
};

enum vault_failure {
	VAULT_FAIL_KEY = 1, /* recipient's or our key unusable: hold the mail */
	VAULT_FAIL_CHILD,   /* killed by a limit, or crashed */
	VAULT_FAIL_SETUP,   /* keys, home or agent: the operator must act */
	VAULT_FAIL_INPUT,   /* the job is malformed */
};

struct vault_failed {
	uint32_t reason; /* enum vault_failure */
	const char *text;
	const char *fingerprint; /* VAULT_FAIL_KEY: of which; NULL: of none */
};

extern const struct wire_type vault_setup_wire;
extern const struct wire_type vault_ready_wire;
extern const struct wire_type vault_open_job_wire;
extern const struct wire_type vault_opened_wire;
extern const struct wire_type vault_seal_job_wire;
extern const struct wire_type vault_sealed_wire;
extern const struct wire_type vault_blob_wire;
extern const struct wire_type vault_keys_wire;
extern const struct wire_type vault_failed_wire;

/* The room: `psirtd -x vault`. */
int vault_room(struct channel *engine);

#endif
