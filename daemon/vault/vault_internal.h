/*
 * vault_internal.h - what the files of the vault room share.
 *
 * One struct vault a process, made by vault_setup_do() and const afterwards but
 * for the agent, which is started anew after a killed job.  A job runs in a
 * child (vault_job_run) and reads what the parent made before the fork.
 */
#ifndef PSIRTD_VAULT_INTERNAL_H
#define PSIRTD_VAULT_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include <gpgme.h>

#include "psirtd/armor.h"
#include "psirtd/room.h"
#include "psirtd/vault.h"

#define GPG "/usr/bin/gpg"
#define GPG_AGENT "/usr/bin/gpg-agent"
/* sun_path of <sys/un.h>, with its NUL. */
#define SOCKET_PATH_MAX ((size_t)108)
/* gpg is quadratic in user ids: nothing longer is shown to it. */
#define KEY_BLOB_MAX ((size_t)64 << 10)
#define SIGNATURE_BLOB_MAX ((size_t)64 << 10)
#define SIGNATURES_MAX 16

/* ---- vault_home.c: a GNUPGHOME of our own below work_dir ---- */

struct vault_home {
	char *path;
	int lock;    /* held as long as the process lives: not stale */
	pid_t agent; /* 0: none */
};

/*
 * Makes a home (talloc; freeing it ends its agent and removes its files),
 * after the homes left by dead processes were removed.
 */
struct vault_home *home_new(
    const void *ctx, const char *work_dir, struct error *err);
/* A bare folder below home->path for one job: no agent, no secret keys. */
char *home_throwaway(
    const void *ctx, const struct vault_home *home, struct error *err);
/* Removes whatever a job left in the throw-away folders. */
void home_sweep(const struct vault_home *home);
int home_write(const char *folder, const char *name, struct bytes content,
    struct error *err);
/* The whole of a file of at most max bytes; data NULL when it is not there. */
int home_read(const void *ctx, const char *path, size_t max,
    struct bytes *content, struct error *err);

/* ---- vault_agent.c ---- */

int agent_start(struct vault_home *home, struct error *err);
void agent_end(struct vault_home *home);
/* True when it answers within a second. */
bool agent_answers(const struct vault_home *home);

/* ---- vault_run.c: gpg by hand, at set-up only ---- */

struct gpg_run {
	const char *home;
	const char *const *args; /* NULL-terminated */
	struct bytes input;
	struct bytes passphrase; /* on a pipe of its own */
	size_t max_output;
	int timeout_ms;
};

/* 0 when gpg exited 0; -1 with FAULT_SETUP. */
int gpg_run(const struct gpg_run *run, struct buf *output, struct error *err);

/* ---- vault_gpgme.c ---- */

/* What gpg's status lines said while one operation ran. */
struct gpg_watch {
	bool began;  /* decryption began: a session key was found */
	bool intact; /* GOODMDC */
	bool okay;   /* DECRYPTION_OKAY */
};

/* For whom the passphrase callback speaks. */
struct gpg_asked {
	struct bytes passphrase;
	const uint64_t *ids; /* key ids of our own (sub)keys */
	size_t nids;
	bool refused; /* it was asked and said no */
};

/* A capped place for gpg's output. */
struct gpg_sink {
	struct buf *buf;
	bool overflow;
	bool no_memory;
};

gpgme_ctx_t gpg_context(const char *home, struct gpg_watch *watch,
    struct gpg_asked *asked, struct error *err);
gpgme_error_t gpg_passphrase(
    void *hook, const char *uid_hint, const char *info, int was_bad, int fd);
int gpg_data_from(struct bytes from, gpgme_data_t *data, struct error *err);
int gpg_data_to(struct gpg_sink *sink, gpgme_data_t *data, struct error *err);
int gpg_fault(
    struct error *err, enum fault fault, const char *what, gpgme_error_t code);
/*
 * True when a gpg of this job was ended by its CPU limit; the job must be a
 * child subreaper.
 */
bool gpg_was_killed(void);

/* ---- vault_armor.c, vault_packets.c ---- */

/*
 * The packets of `in`: itself when binary, else out of the one armored block
 * labelled "PGP <label>".  What gpg gets is what was scanned.
 */
int armor_open(const void *ctx, struct bytes in, const char *label,
    struct bytes *packets, struct error *err);

enum packet_tag {
	PACKET_PKESK = 1,
	PACKET_SIGNATURE = 2,
	PACKET_SKESK = 3,
	PACKET_ONE_PASS = 4,
	PACKET_SECRET_KEY = 5,
	PACKET_PUBLIC_KEY = 6,
	PACKET_SECRET_SUBKEY = 7,
	PACKET_COMPRESSED = 8,
	PACKET_SED = 9,
	PACKET_MARKER = 10,
	PACKET_LITERAL = 11,
	PACKET_SEIPD = 18,
	PACKET_AEAD = 20,
};

struct packet {
	unsigned tag;
	struct bytes body; /* its first chunk, when it comes in several */
};

/* 1: a packet, rest moved behind it; 0: the end; -1: not well-formed. */
int packet_next(struct bytes *rest, struct packet *packet);

struct packet_scan {
	size_t npkesk;       /* of any version */
	size_t nforeign_new; /* of them version 6 or unknown */
	size_t nhidden;      /* of them for key id 0 */
	size_t most_own;     /* the most for one key id of ours */
	size_t nskesk;
	bool for_us;
	unsigned container; /* first packet that is no key packet or marker */
	unsigned version;   /* of an SEIPD */
	bool trailing;      /* something stands behind an encrypted container */
	bool broken;
	bool flood; /* so many session keys that the rest was not looked at */
	uint64_t *recipients; /* each once, talloc */
	size_t nrecipients;
};

int packets_scan_message(const void *ctx, struct bytes packets,
    const uint64_t *own, size_t nown, struct packet_scan *scan,
    struct error *err);
/* True when there are 1 to SIGNATURES_MAX signatures and nothing else. */
bool packets_are_signatures(struct bytes packets);
/* Primary keys in a block; -1 when broken, secret, or no key block. */
int packets_count_keys(struct bytes packets);

/* ---- vault_key.c ---- */

enum key_use { KEY_OWN, KEY_RETIRED, KEY_RECOVERY, KEY_PINNED };

struct key_ring {
	gpgme_key_t *keys;
	size_t nkeys;
};

/* Lists every key of the context's home; its keys live as long as ctx. */
int key_ring_load(const void *ctx, gpgme_ctx_t gpg, bool secret,
    struct key_ring *ring, struct error *err);
/* By primary fingerprint; NULL not there. */
gpgme_key_t key_ring_find(const struct key_ring *ring, const char *fingerprint);
/* The key that a fingerprint or key id, primary or subkey, belongs to. */
gpgme_key_t key_ring_owner(const struct key_ring *ring, const char *id);
/* Fills `to`; key may be NULL (missing). */
void key_judge(const void *ctx, const char *fingerprint, gpgme_key_t key,
    enum key_use use, int64_t now, struct vault_key *to);
uint64_t key_id_of(const char *hex); /* the last 16 digits */
bool key_has_id(gpgme_key_t key, uint64_t id);

/* ---- vault_setup.c, vault_import.c ---- */

struct vault {
	const struct vault_setup *setup;
	struct vault_home *home;
	gpgme_ctx_t gpg;
	struct gpg_watch watch;
	struct gpg_asked asked;
	struct key_ring ring;
	gpgme_key_t poc; /* NULL: not there */
	gpgme_key_t recovery;
	uint64_t *own; /* key ids of POC and retired keys, subkeys too */
	size_t nown;
	struct bytes own_key; /* the POC's public key, armored */
	struct vault_ready ready;
	bool wrong_passphrase; /* of the POC key */
};

/* Takes the configured keys out of setup->home into `home`. */
int vault_import(struct vault *vault, struct error *err);
/* Of the room and of its agent; work_dir: NULL, or where the home goes. */
int vault_walls(const char *home, const char *work_dir, struct error *err);
/* Everything before the first job: home, keys, walls, agent. */
struct vault *vault_setup_do(
    const void *ctx, const struct vault_setup *setup, struct error *err);

/* ---- vault_job.c: in the room ---- */

/*
 * Runs one job in a child and gives the frame that answers it, payload a
 * child of ctx.  A job that was killed, and an agent that does not answer, are
 * part of the answer; the agent is started anew.
 */
void vault_job_run(const void *ctx, struct vault *vault,
    const struct frame *job, struct frame *answer);

/* ---- jobs, in the child ---- */

/* The answer of a job: what frame the parent is to send on. */
struct vault_answer {
	uint32_t type;
	const struct wire_type *of;
	const void *object;
	bool suspect; /* may be the agent's doing: look at it, try again */
};

/* Makes a VAULT_FAILED of it; returns 0, so that `return answer_failed(…)`. */
int answer_failed(const void *ctx, struct vault_answer *answer, uint32_t reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * stopped: NULL, or how the job before this one on the same letter was ended;
 * then gpg is not asked again, and the answer is what the packets tell.
 */
int job_open(const void *ctx, struct vault *vault,
    const struct vault_open_job *job, const char *stopped,
    struct vault_answer *answer, struct error *err);
int job_seal(const void *ctx, struct vault *vault,
    const struct vault_seal_job *job, struct vault_answer *answer,
    struct error *err);
/* Clearsigned: what a person keeps, and gpg alone can check. */
int job_sign(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err);
int job_keys(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err);
int job_wrap(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err);
int job_unwrap(const void *ctx, struct vault *vault,
    const struct vault_blob *job, struct vault_answer *answer,
    struct error *err);

/* ---- vault_scan.c, vault_open.c, vault_verify.c ---- */

/*
 * Looks at an encrypted message before gpg does, and decides what needs no
 * gpg: 1 when `opened` is the answer, 0 when gpg is to be asked, -1 error.
 */
int open_scan(const void *ctx, const struct vault *vault, struct bytes packets,
    struct packet_scan *scan, struct vault_opened *opened, struct error *err);
/* The most bytes one layer may open to. */
size_t open_limit(const struct vault *vault);
/* Closes the layer: no text, no signatures.  note may be NULL. */
void opened_close(
    struct vault_opened *opened, enum layer_outcome outcome, const char *note);
/*
 * Verifies: detached (signature given), or a signed message or clearsigned
 * block whose text goes to opened->plain.  -1 is a fault of ours; what is
 * wrong with the data is an outcome.
 */
int verify_signed(const void *ctx, const struct vault *vault, gpgme_ctx_t gpg,
    const struct key_ring *ring, struct bytes signed_data,
    const struct bytes *detached, struct vault_opened *opened,
    struct error *err);
/* Takes the signatures of the operation that has just succeeded. */
int verify_take(const void *ctx, gpgme_ctx_t gpg, const struct key_ring *ring,
    struct vault_opened *opened, struct error *err);
/*
 * The second pass of RULES 10: signatures whose key the ring lacks, against
 * the one key of `blob`, in a throw-away home.
 */
int verify_bound(const void *ctx, const struct vault *vault, struct bytes blob,
    struct bytes signed_data, const struct bytes *detached,
    struct vault_opened *opened, struct error *err);
bool opened_lacks_key(const struct vault_opened *opened);

/* ---- vault_blob.c: key blocks from outside ---- */

/* Imports a block into a throw-away home and lists it there. */
int blob_ring(const void *ctx, const struct vault *vault, struct bytes blob,
    char **home, struct key_ring *ring, struct error *err);
/* The one primary key of a block, or NULL with the reason. */
gpgme_key_t blob_single(const void *ctx, const struct vault *vault,
    struct bytes blob, char **home, struct key_ring *ring, struct error *err);

/* ---- vault_mime.c ---- */

/* Refuses what may not stand in a header (RFC 5322, and injection). */
int mime_check_job(const struct vault_seal_job *job, struct error *err);
/* A Message-ID that can stand between < and > as it is; NULL is none. */
bool mime_is_id(const char *id);
/* A new one, that no line of a part can hold. */
char *mime_boundary(const void *ctx, struct error *err);
/* The signed or encrypted entity: text, files, our key; CRLF, 7-bit. */
int mime_build_entity(const void *ctx, const struct vault_seal_job *job,
    struct bytes own_key, struct bytes *entity, struct error *err);

/* ---- vault_mail.c ---- */

/* The fields of the mail but those of its content. */
int mime_headers(const void *ctx, const struct vault_seal_job *job,
    struct buf *out, struct error *err);
/* multipart/signed or multipart/encrypted (RFC 3156) behind the headers. */
int mime_signed(const void *ctx, const struct vault_seal_job *job,
    struct bytes entity, struct bytes signature, const char *micalg,
    struct bytes *wire, struct error *err);
int mime_encrypted(const void *ctx, const struct vault_seal_job *job,
    struct bytes armored, struct bytes *wire, struct error *err);
/*
 * Reads our own mail back: it has our fields alone, lines that SMTP carries,
 * and `part` (what was signed; or what was encrypted, armored) stands in it
 * byte for byte.
 */
int mime_self_check(struct bytes wire, const char *subtype, struct bytes part,
    struct error *err);

#endif
