/*
 * engine_wake.h - what a person outside keeps or looks at: the signed head of
 * the record (engine_checkpoint.c), and by what the desk is woken and others
 * see that psirtd is alive (engine_wake.c).
 */
#ifndef PSIRTD_ENGINE_WAKE_H
#define PSIRTD_ENGINE_WAKE_H

#include "psirtd/control.h"

struct engine;
struct frame;
struct task;

/* What a vault does for a checkpoint (engine_checkpoint.c). */
enum errand_kind { ERRAND_SIGN, ERRAND_VERIFY, ERRAND_KINDS };
enum errand_state { ERRAND_NONE, ERRAND_ASKED, ERRAND_DONE, ERRAND_FAILED };

struct errand {
	enum errand_state state;
	uint8_t digest[STORE_DIGEST_BYTES]; /* of what was asked */
	char *text;                         /* ERRAND_DONE */
	struct error err;                   /* ERRAND_FAILED */
};

/* What nobody writes a letter about (engine_wake.c). */
#define WATCHED 2

enum told { TOLD_UNKNOWN, TOLD_NO, TOLD_YES };

struct watch {
	bool reached;       /* the mailbox */
	int64_t reached_ms; /* since when it is, or is not; 0: no word yet */
	bool low;           /* less is free than `reserve` */
	int64_t low_ms;     /* looked at last */
	int64_t beat_ms;    /* the heartbeat was written; 0: never */
	bool beat_failed;   /* said */
	enum told told[WATCHED];
};

/* ---- engine_checkpoint.c ---- */
/* The lines that are signed. */
char *checkpoint_text(
    const void *ctx, const char *desk, const struct checkpoint *c);
/* 1: under way, ask again; 0: *block, on ctx, that gpg verifies. */
int checkpoint_sign(struct engine *e, const void *ctx,
    const struct checkpoint *c, char **block, struct error *err);
/*
 * For the morning: e->morning becomes the head, *block signs it.  1: ask again,
 * *at_once or when a vault has answered; 0: there, or *broken says that the
 * record is not whole.  Where no vault can sign, *block stays NULL: the mail
 * goes all the same, and waits itself for a key to be signed with.
 */
int checkpoint_make(struct engine *e, const void *ctx, int64_t now,
    char **block, struct error *broken, bool *at_once, struct error *err);
/* The next idle vault is for it. */
bool checkpoint_waits(const struct engine *e);
/* As struct control_engine says; arg is the engine. */
int checkpoint_verify(
    void *arg, struct bytes block, struct checkpoint *c, struct error *err);
void checkpoint_vault_frame(struct task *task, const struct frame *frame);
void checkpoint_lost(struct task *task);

/* ---- engine_wake.c ---- */
bool stop_watch(struct engine *e);
/* The mailbox was opened, or is not reached. */
void watch_mailbox(struct engine *e, bool reached);
/* Since when it is not, seconds; 0: it is. */
int64_t watch_unreached_since(const struct engine *e);
/* Less is free than `reserve`: no letter is taken. */
bool watch_disk_low(struct engine *e);
/* A clean stop: nobody is to look for a heartbeat. */
void watch_end(struct engine *e);

#endif
