/*
 * engine_open.h - a letter while it is opened, between engine_open.c (the
 * conversation with read room and vault) and engine_opening.c (what they
 * said, checked and put together).
 */
#ifndef PSIRTD_ENGINE_OPEN_H
#define PSIRTD_ENGINE_OPEN_H

#include "engine_case.h"

/* Bytes that were given to the read room; spans point into them. */
struct source {
	struct bytes data;
	uint32_t layer; /* the layer they came out of + 1; 0: the letter */
	uint32_t depth;
	/*
	 * Protected fields, the layer + 1 that vouches for them, 0: none yet;
	 * and the signed part + 1 whose layer it will be, 0: it is `layer`.
	 */
	struct headers inner;
	uint32_t inner_layer;
	uint32_t inner_part;
};

/* A layer found and not yet opened. */
struct pending {
	size_t part; /* index in opening.parts */
	size_t source;
};

struct open_state {
	struct opening *o;
	struct source *sources;
	size_t nsources;
	struct pending *pending;
	size_t npending;
	size_t next;   /* the pending one that the vault has, or will get */
	size_t opened; /* bytes that came out of layers, all together */
	bool reading;  /* else the vault is asked */
	bool readable; /* the letter itself could be read */
	/* the key kept for the finder of the likely case, or none, and its
	 * fingerprint where it signed before: `known` */
	struct bytes bound_key;
	const char *bound_fingerprint;
	struct proof *proof; /* every layer was looked at: now the keys */
};

struct open_state *open_state_of(struct task *task);

/*
 * The key kept for the finder of the case the letter seems to belong to, for
 * the vault (engine_match.c); its fingerprint, or NULL.
 */
const char *opening_find_key(struct task *task);
/* Bytes that the read room will be given next. */
int opening_add_source(struct task *task, struct bytes data, uint32_t layer,
    uint32_t depth, struct error *err);
/* FAULT_INPUT: the read room says what cannot be. */
int opening_take_reading(struct task *task, const struct reading *r,
    size_t source, struct error *err);
/* The part whose layer the vault has, or will get. */
const struct part *opening_part_pending(const struct open_state *s);
/* How many layers this one (+ 1; 0 the letter) stands in, itself counted. */
uint32_t opening_depth(const struct open_state *s, uint32_t layer);
/* FAULT_INPUT: the vault says what cannot be. */
int opening_check_layer(const struct vault_opened *v, struct error *err);
/* Asks the vault for the layer of a part, with a finder's key; -1: too big. */
int opening_ask(
    struct task *task, const struct pending *pending, struct bytes key);
/* *layer is the new layer's index + 1. */
int opening_add_layer(struct task *task, const struct vault_opened *v,
    uint32_t *layer, struct error *err);
void opening_cover(struct open_state *s, size_t signed_part, uint32_t layer);
/* Every layer was looked at: which protected fields are the letter's. */
void opening_settle_inner(struct open_state *s);

/* ---- engine_proof.c: the key that came along (RULES 10) ---- */

/* False: there is nothing (more) to ask, the letter is opened. */
bool proof_start(struct task *task);
/* The same, after an answer of the vault. */
bool proof_frame(struct task *task, const struct frame *frame);
/* This key signed all of the letter's own words, inside of any encryption. */
bool proof_signs_words(const struct opening *o, const char *fingerprint);

#endif
