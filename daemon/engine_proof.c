/*
 * engine_proof.c - the key that came with a letter (RULES 10).
 *
 * Runs in the engine process, after every layer was looked at.  A key block is
 * first shown to the vault alone.  Where the letter's own words are signed by
 * a key nobody knows, the vault then checks that very layer once more with the
 * block: one that fits has proved itself, the others are not kept.  Where the
 * words are not signed, a key that stood beside them is kept, to encrypt
 * answers with and for nothing else.
 *
 * What anybody on the way could have laid beside encrypted words proves
 * nothing: neither a signature around ciphertext, nor a key or another
 * encrypted part outside of the words' own encryption.
 */
#include "engine_open.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/text.h"

/* Blocks that the vault is asked about for one letter, which is cheap; and
 * those it looks through the whole letter with. */
#define KEYS_MOST 16
#define PROOFS_MOST 3
#define UIDS_MOST 8
#define UID_BYTES 256

struct proof {
	uint32_t signer; /* the layer that signs the words + 1; 0: unsigned */
	size_t parts[KEYS_MOST]; /* the key blocks to look at */
	size_t nparts;
	size_t next;
	unsigned nproofs;
	/* The key whose proof was asked; `key` where it came in a block. */
	const char *fingerprint;
	const struct vault_key *key;
};

/* ---- layers around a part ---- */

static bool
is_encryption(const struct layer *layer)
{
	return layer->kind == LAYER_ENCRYPTED && layer->outcome == LAYER_OPEN;
}

/* A parent stands before its children (opening_add_layer). */
static uint32_t
parent_of(const struct opening *o, uint32_t layer)
{
	const struct layer *l = opening_layer(o, layer);

	return l != NULL && l->parent < layer ? l->parent : 0;
}

static bool
lies_in(const struct opening *o, uint32_t layer, uint32_t outer)
{
	while (layer > 0 && layer != outer)
		layer = parent_of(o, layer);
	return layer == outer;
}

/*
 * The innermost encryption that a layer lies in, + 1; 0: none.  Whoever seals
 * somebody's ciphertext once more is not who wrote what is in it.
 */
static uint32_t
encryption_of(const struct opening *o, uint32_t layer)
{
	for (; opening_layer(o, layer) != NULL; layer = parent_of(o, layer))
		if (is_encryption(opening_layer(o, layer)))
			return layer;
	return 0;
}

/* The layer whose signatures cover a part, within its innermost encryption. */
static uint32_t
signer_of(const struct opening *o, uint32_t layer)
{
	for (; opening_layer(o, layer) != NULL; layer = parent_of(o, layer)) {
		const struct layer *l = opening_layer(o, layer);

		if (l->outcome == LAYER_OPEN && l->nsignatures > 0)
			return layer;
		if (is_encryption(l))
			return 0;
	}
	return 0;
}

/* ---- the letter's own words ---- */

/* A letter without any text: its deepest file, or key. */
static size_t
words_of(const struct opening *o)
{
	size_t best = o->nparts;
	uint32_t depth = 0;

	if (desk_text(o, &best) != NULL)
		return best;
	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (p->kind != PART_FILE &&
		    (p->kind != PART_KEY || (p->flags & PART_HEADER) != 0))
			continue;
		if (best < o->nparts && p->depth <= depth)
			continue;
		best = i;
		depth = p->depth;
	}
	return best;
}

/*
 * Every text of the letter lies in the signed layer.  Beside encrypted words
 * anybody may have written: what stands in clear there does not count.
 */
static bool
covers_words(const struct opening *o, size_t words, uint32_t signer)
{
	bool encrypted = encryption_of(o, o->parts[words].layer) != 0;

	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (p->kind != PART_TEXT || (p->flags & PART_ATTACHED) != 0 ||
		    text_is_blank(p->content) || lies_in(o, p->layer, signer))
			continue;
		if (!encrypted || encryption_of(o, p->layer) != 0)
			return false;
	}
	return true;
}

static bool
has_status(const struct layer *layer, uint32_t status, const char *primary)
{
	for (size_t i = 0; i < layer->nsignatures; i++) {
		const struct signature *sig = &layer->signatures[i];

		if (sig->status == status &&
		    (primary == NULL ||
			(sig->primary != NULL &&
			    strcmp(sig->primary, primary) == 0)))
			return true;
	}
	return false;
}

bool
proof_signs_words(const struct opening *o, const char *fingerprint)
{
	size_t words = words_of(o);
	uint32_t signer =
	    words < o->nparts ? signer_of(o, o->parts[words].layer) : 0;
	const struct layer *layer = opening_layer(o, signer);

	return layer != NULL && !has_status(layer, SIGNATURE_BAD, NULL) &&
	       has_status(layer, SIGNATURE_GOOD, fingerprint) &&
	       covers_words(o, words, signer);
}

/* ---- what to look at ---- */

/*
 * Beside the encryption of the words there is another: whose is which?  Signed
 * words are no better: the carrier may have signed his, and the others, or a
 * file alone, be what he carries.
 */
static bool
is_mixed(const struct opening *o, uint32_t encryption)
{
	for (uint32_t i = 1; i <= o->nlayers; i++)
		if (o->layers[i - 1].kind == LAYER_ENCRYPTED &&
		    (encryption == 0 || (!lies_in(o, i, encryption) &&
					    !lies_in(o, encryption, i))))
			return true;
	return false;
}

static bool
is_taken(const struct proof *proof, const struct opening *o, struct bytes block)
{
	for (size_t i = 0; i < proof->nparts; i++)
		if (bytes_equal(o->parts[proof->parts[i]].content, block))
			return true;
	return false;
}

/* Blocks that stand in this layer, those of the header last. */
static void
take_parts(struct proof *proof, const struct opening *o, uint32_t layer)
{
	static const uint32_t headers[] = {0, PART_HEADER};

	for (size_t n = 0; n < 2 * o->nparts && proof->nparts < KEYS_MOST;
	     n++) {
		size_t i = n % o->nparts;
		const struct part *p = &o->parts[i];

		if (p->kind != PART_KEY ||
		    (p->flags & PART_HEADER) != headers[n / o->nparts] ||
		    !lies_in(o, p->layer, layer) ||
		    is_taken(proof, o, p->content))
			continue;
		/* One of a message inside has to prove itself. */
		if (proof->signer != 0 || (p->flags & PART_FORWARDED) == 0)
			proof->parts[proof->nparts++] = i;
	}
}

/*
 * Those first that nobody could lay there but who signed, or encrypted: else
 * enough others in front would keep them from being looked at.  A key can
 * prove itself wherever it stood; one that need not stands by the words.
 */
static void
take_all(struct proof *proof, const struct opening *o, uint32_t encryption)
{
	if (proof->signer != 0)
		take_parts(proof, o, proof->signer);
	take_parts(proof, o, encryption);
	if (proof->signer != 0)
		take_parts(proof, o, 0);
}

/* A key that we know already is not what its sender answers to. */
static bool
is_known_key(struct engine *e, const char *fingerprint)
{
	struct vault_setup known;
	bool found;

	rooms_vault_setup(e, &known);
	found = strcasecmp(fingerprint, known.poc) == 0 ||
		(known.recovery != NULL &&
		    strcasecmp(fingerprint, known.recovery) == 0);
	for (size_t i = 0; i < known.nretired; i++)
		found = found || strcasecmp(fingerprint, known.retired[i]) == 0;
	for (size_t i = 0; i < known.npinned; i++)
		found = found || strcasecmp(fingerprint, known.pinned[i]) == 0;
	talloc_free((void *)(uintptr_t)known.pinned);
	return found;
}

/* Usable, just one, and its sender's? */
static const struct vault_key *
usable_key(struct task *task, const struct frame *frame)
{
	struct vault_keys *keys = wire_decode(
	    open_state_of(task)->o, &vault_keys_wire, frame->payload, NULL);

	if (keys == NULL || keys->nkeys != 1 || !keys->keys[0].can_encrypt ||
	    !text_is_fingerprint(keys->keys[0].fingerprint) ||
	    is_known_key(task->engine, keys->keys[0].fingerprint))
		return NULL;
	return &keys->keys[0];
}

/* ---- what was found ---- */

/* The block asked about last is the sender's; false: nothing more to ask. */
static bool
keep(struct task *task, const struct vault_key *key)
{
	struct open_state *s = open_state_of(task);
	struct opening *o = s->o;

	o->key_uids = talloc_zero_array(o, const char *, UIDS_MOST);
	for (size_t i = 0; o->key_uids != NULL && i < key->nuids; i++)
		if (o->nkey_uids < UIDS_MOST && key->uids[i] != NULL &&
		    strlen(key->uids[i]) <= UID_BYTES)
			o->key_uids[o->nkey_uids++] = key->uids[i];
	o->key_fingerprint = key->fingerprint;
	o->key_part = (uint32_t)s->proof->parts[s->proof->next - 1] + 1;
	o->key_signed = proof_signs_words(o, key->fingerprint);
	return false;
}

static bool
ask_next(struct task *task)
{
	struct open_state *s = open_state_of(task);
	struct proof *proof = s->proof;
	struct vault_blob blob;

	while (proof->next < proof->nparts) {
		blob.data = s->o->parts[proof->parts[proof->next++]].content;
		if (room_tell(&task->worker->vault, VAULT_KEYS,
			&vault_blob_wire, &blob) == 0)
			return true;
	}
	return false;
}

/* The layer that signs the words, once more, with this key. */
static bool
ask_layer(struct task *task, const char *fingerprint, struct bytes block)
{
	struct open_state *s = open_state_of(task);
	struct proof *proof = s->proof;

	for (size_t i = 0; i < s->npending; i++)
		if (s->pending[i].part + 1 ==
			s->o->layers[proof->signer - 1].part &&
		    opening_ask(task, &s->pending[i], block) == 0) {
			proof->fingerprint = fingerprint;
			return true;
		}
	return false;
}

static bool
ask_proof(struct task *task, const struct vault_key *key)
{
	struct open_state *s = open_state_of(task);
	struct proof *proof = s->proof;
	size_t part = proof->parts[proof->next - 1];

	proof->key = key;
	return ask_layer(task, key->fingerprint, s->o->parts[part].content) ||
	       ask_next(task);
}

/*
 * Which case it is may stand in sealed fields alone: then the layer was opened
 * without the key of that case's finder.
 */
static bool
ask_case(struct task *task)
{
	struct open_state *s = open_state_of(task);
	const struct layer *layer = opening_layer(s->o, s->proof->signer);
	struct bytes given = s->bound_key;
	const char *fingerprint;

	if (layer == NULL || !has_status(layer, SIGNATURE_NO_KEY, NULL))
		return false;
	fingerprint = opening_find_key(task);
	return fingerprint != NULL && s->bound_key.len > 0 &&
	       !bytes_equal(s->bound_key, given) &&
	       ask_layer(task, fingerprint, s->bound_key);
}

static bool
key_seen(struct task *task, const struct frame *frame)
{
	struct open_state *s = open_state_of(task);
	const struct vault_key *key = usable_key(task, frame);
	const struct layer *layer = opening_layer(s->o, s->proof->signer);

	if (key == NULL)
		return ask_next(task);
	if (layer == NULL ||
	    has_status(layer, SIGNATURE_GOOD, key->fingerprint))
		return keep(task, key);
	if (!has_status(layer, SIGNATURE_NO_KEY, NULL) ||
	    s->proof->nproofs++ >= PROOFS_MOST)
		return ask_next(task);
	return ask_proof(task, key);
}

/* Signatures that nobody could check, and that this key made. */
static bool
layer_seen(
    struct task *task, const struct vault_opened *v, const char *fingerprint)
{
	struct open_state *s = open_state_of(task);
	const struct vault_key *key = s->proof->key;
	struct layer *layer = &s->o->layers[s->proof->signer - 1];
	bool proved = false;

	if (v->outcome != LAYER_OPEN || v->nsignatures != layer->nsignatures)
		return ask_next(task);
	for (size_t i = 0; i < v->nsignatures; i++) {
		const struct signature *sig = &v->signatures[i];

		if (layer->signatures[i].status != SIGNATURE_NO_KEY ||
		    sig->status != SIGNATURE_GOOD ||
		    strcmp(sig->primary, fingerprint) != 0)
			continue;
		layer->signatures[i] = *sig;
		layer->signatures[i].primary = fingerprint;
		layer->signatures[i].claimed =
		    talloc_strdup(s->o, sig->claimed);
		proved = true;
	}
	return proved && key != NULL ? keep(task, key) : ask_next(task);
}

/* The job was ended by a limit. */
static bool
is_killed(const void *ctx, const struct frame *frame)
{
	struct vault_failed *failed =
	    frame->type == VAULT_FAILED
		? wire_decode(ctx, &vault_failed_wire, frame->payload, NULL)
		: NULL;

	return failed != NULL && failed->reason == VAULT_FAIL_CHILD;
}

bool
proof_frame(struct task *task, const struct frame *frame)
{
	struct open_state *s = open_state_of(task);
	const char *proving = s->proof->fingerprint;
	struct vault_opened *v = NULL;
	void *scratch;
	bool more;

	s->proof->fingerprint = NULL;
	if (proving == NULL && frame->type == VAULT_KEYS_SEEN)
		return key_seen(task, frame);
	/* Nothing of an answer stays, however often it is asked for. */
	scratch = talloc_new(s);
	if (proving != NULL && frame->type == VAULT_OPENED)
		v = wire_decode(
		    scratch, &vault_opened_wire, frame->payload, NULL);
	if (v != NULL && v->outcome != LAYER_TOO_SLOW &&
	    opening_check_layer(v, NULL) == 0)
		more = layer_seen(task, v, proving);
	/* A block that gpg was ended over: no second one takes as long. */
	else if (v != NULL || is_killed(scratch, frame))
		more = false;
	else
		more = ask_next(task);
	talloc_free(scratch);
	return more;
}

bool
proof_start(struct task *task)
{
	struct open_state *s = open_state_of(task);
	const struct opening *o = s->o;
	size_t words = words_of(o);
	const struct layer *layer;
	uint32_t encryption;

	s->proof = talloc_zero(s, struct proof);
	if (s->proof == NULL || words >= o->nparts || s->next < s->npending)
		return false;
	encryption = encryption_of(o, o->parts[words].layer);
	s->proof->signer = signer_of(o, o->parts[words].layer);
	layer = opening_layer(o, s->proof->signer);
	if (layer != NULL && has_status(layer, SIGNATURE_BAD, NULL))
		return false;
	if (!is_mixed(o, encryption))
		take_all(s->proof, o, encryption);
	return ask_case(task) || ask_next(task);
}
