/*
 * talk.h - commands that take more than one question: approve, reply; or a
 * file: backup.
 */
#ifndef PSIRTD_CTL_TALK_H
#define PSIRTD_CTL_TALK_H

#include "view.h"

struct talk {
	const char *socket;
	struct printer p;
	bool json;     /* the last answer alone, for programs */
	FILE *in;      /* where a person types, or a text comes from */
	bool terminal; /* both ends: it may be asked what to do */
	const char *override, *why; /* of a lead, with the approval; NULL */
};

enum approve_do {
	APPROVE_ASK,  /* a person says what to do with it */
	APPROVE_SEND, /* what was just shown */
	APPROVE_EDIT, /* in the editor, and then ask */
};

/* Each gives the exit code of psirt. */
int talk_approve(const struct talk *t, const char *mail, enum approve_do what);
/* The text of an answer, out of the editor or `in`. */
int talk_reply(const struct talk *t, const char *casefile);
/* A copy of the database into a new file (save.c). */
int talk_backup(const struct talk *t, const char *path);
/* Prints an answer to `verb`, or why there is none; its exit code. */
int talk_answer(const struct talk *t, const char *verb, const json_t *answer);
/* A refusal of psirt itself: a sentence, or the object psirtd would answer. */
int talk_refuse(bool json, const char *why, int exit);

#endif
