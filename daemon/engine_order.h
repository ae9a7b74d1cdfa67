/*
 * engine_order.h - what a person decides of a case, one function an order.
 *
 * engine_order.c has the table and the transaction: it loads the casework,
 * refuses an override that is not the handling lead's, calls one of these,
 * and commits.  Each writes its lines of the record, sets `advance` where the
 * flow may go on, and adds to *said what came of it, a sentence a line on
 * ctx.  FAULT_DENIED: refused, with what to do; nothing is kept then.
 */
#ifndef PSIRTD_ENGINE_ORDER_H
#define PSIRTD_ENGINE_ORDER_H

#include "engine_case.h"

typedef int order_run_one(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err);

/* ---- engine_order_step.c: steps, their answers and mails ---- */
order_run_one order_step_start; /* ORDER_STEP_START */
order_run_one order_step_end;   /* ORDER_STEP_END */
order_run_one order_step_skip;  /* ORDER_STEP_SKIP */
order_run_one order_step_move;  /* ORDER_STEP_MOVE */
order_run_one order_answers;    /* ORDER_ANSWER */
order_run_one order_share;      /* ORDER_SHARE */
order_run_one order_ask;        /* ORDER_ASK */

/* ---- engine_order_mail.c: drafts ---- */
order_run_one order_approve; /* ORDER_APPROVE */
order_run_one order_edit;    /* ORDER_EDIT */
order_run_one order_drop;    /* ORDER_DROP */

/* ---- engine_order_case.c: the case, its questions, clocks and links ---- */
order_run_one order_take;            /* ORDER_TAKE */
order_run_one order_title;           /* ORDER_TITLE */
order_run_one order_note;            /* ORDER_NOTE */
order_run_one order_reply;           /* ORDER_REPLY */
order_run_one order_question_ask;    /* ORDER_QUESTION_ASK */
order_run_one order_question_drop;   /* ORDER_QUESTION_DROP */
order_run_one order_question_answer; /* ORDER_QUESTION_ANSWER */
order_run_one order_question_again;  /* ORDER_QUESTION_AGAIN */
order_run_one order_clock_set;       /* ORDER_CLOCK_SET */
order_run_one order_clock_start;     /* ORDER_CLOCK_START */
order_run_one order_clock_end;       /* ORDER_CLOCK_END */
order_run_one order_task_done;       /* ORDER_TASK_DONE */
order_run_one order_link;            /* ORDER_LINK */
order_run_one order_unlink;          /* ORDER_UNLINK */
order_run_one order_merge;           /* ORDER_MERGE */
order_run_one order_split;           /* ORDER_SPLIT */
order_run_one order_close;           /* ORDER_CLOSE */
order_run_one order_reopen;          /* ORDER_REOPEN */
order_run_one order_incident;        /* ORDER_INCIDENT */

/*
 * Shared, in engine_order.c: a sentence more for *said; a line of the
 * record under the name of who ordered (note: free text, or NULL; digest: hex,
 * or NULL).
 */
void order_say(const void *ctx, char **said, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int order_record(struct engine *e, const struct casework *w,
    const struct order *o, enum record_what what, uint32_t code, int64_t mail,
    const char *note, const char *digest, struct error *err);
/* FAULT_DENIED with a sentence of the desk: CASE in it is the number
 * (engine_order_step.c). */
int order_refuse(const struct casework *w, const char *why, struct error *err);

#endif
