/*
 * procedure_internal.h - what the files of the desk share while a case goes
 * its way.
 *
 *   case_view.c  what is on record, looked up
 *   advance.c    what follows from it
 *   turns.c      who has to act; what a person may do
 *   guards.c     may this mail leave, may this case close
 *   arrival.c    a letter of the counterpart or the source
 *   status.c     the periodic mails
 *   commands.c       the lines of a department's answer
 *   command_judge.c  may they move a step
 *   lines.c          those that a mail shows to be copied
 *   scrub.c          a question as it may leave
 *   clock_rules.c    due dates and their warnings
 *   found_clocks.c   dates that a letter sets
 */
#ifndef PSIRTD_PROCEDURE_INTERNAL_H
#define PSIRTD_PROCEDURE_INTERNAL_H

#include "psirtd/procedure.h"

/* ---- case_view.c ---- */
bool case_has(const struct case_view *v, const struct flow_when *when);
/* The step of the flow that asks for it; NULL none. */
const struct flow_step *case_asks(
    const struct case_view *v, enum answer_kind kind);
/* JPCERT/CC, where it speaks with the finder; else NULL. */
const struct correspondent *case_window(const struct case_view *v);
/* It has the product of the case. */
bool case_concerns(const struct case_view *v, const struct customer *customer);
/* "status = reproduced", "status" */
char *case_words(const void *ctx, enum answer_kind kind, const char *value);

/* ---- advance.c ---- */
/* A pass of the step may be made; false: *why, what is missing yet. */
bool step_way_open(const void *ctx, const struct case_view *v,
    const struct flow_step *step, char **why);
/* The first kind that the pass still waits for; 0 none. */
enum answer_kind step_awaits(
    const struct case_view *v, const struct case_step *pass);

#endif
